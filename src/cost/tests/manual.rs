//! The examples of the PostgreSQL 17 manual, "Using EXPLAIN": the regression database's `tenk1` and `tenk2`.

use super::spec::{Case, along, loops, scan, seek, sorted};
use crate::dialect::Dialect;

/// `tenk1`, and `tenk2` like it: 10,000 rows in `pages`.
fn tenk(pages: f64) -> Case {
    let columns =
        [("unique1", 1e4, 4.0, 0.0), ("unique2", 1e4, 4.0, 1.0), ("ten", 10.0, 4.0, 0.0), ("rest", 1e4, 232.0, 0.0)];
    Case::new(Dialect::Postgres).table(1e4, pages, &columns).table(1e4, pages, &columns)
}

fn assert_near(found: f64, manual: f64) {
    assert!((found / manual - 1.0).abs() < 0.015, "{found} and not {manual}");
}

#[test]
fn sequential_scans() {
    assert_near(tenk(345.0).price(scan(0)), 445.00);
    assert_near(tenk(358.0).price(scan(0)), 458.00);
    assert_near(tenk(358.0).filter(0, "unique1 <").price(scan(0)), 483.00);
}

#[test]
fn a_unique_key() {
    let case = tenk(345.0).filter(0, "unique1 =").index(0, &["unique1"]);
    assert_near(case.price(seek(0, 0, &["unique1 ="])), 8.30);
}

#[test]
fn a_bitmap_of_a_hundred_rows() {
    // WHERE unique1 < 100: 5.07..229.20 rows=101.
    let mut case = tenk(358.0).filter(0, "unique1 =").index(0, &["unique1"]);
    let columns = &mut case.stats.tables.values_mut().next().expect("t0").columns;
    columns.get_mut(&"unique1".into()).expect("unique1").n_distinct = 99.0;
    assert_near(case.price(seek(0, 0, &["unique1 ="])), 229.20);
}

#[test]
fn a_nested_loop_pays_for_pages_it_has_not_seen() {
    // The inner side of the manual's nested loop: 0.29..7.91 for each of 10 outer rows.
    let mut case =
        tenk(358.0).filter(0, "ten =").index(0, &["ten"]).index(1, &["unique2"]).join((0, "unique2"), (1, "unique2"));
    let columns = &mut case.stats.tables.values_mut().next().expect("t0").columns;
    columns.get_mut(&"ten".into()).expect("ten").n_distinct = 1000.0;
    let outer = case.price(seek(0, 0, &["ten ="]));
    let both = case.price(loops(vec![seek(0, 0, &["ten ="]), seek(1, 1, &["unique2 ="])]));
    assert_near((both - outer) / 10.0, 7.91);
}

#[test]
fn a_sort_in_memory() {
    assert_near(tenk(345.0).price(sorted(scan(0))), 1134.39);
}

#[test]
fn an_ordered_limit_reads_a_part_of_the_index() {
    let all = tenk(345.0).index(0, &["unique2"]).ordered();
    let whole = all.price(along(0, 0));
    let hundredth = all.limit(100).price(along(0, 0));
    assert!((hundredth / whole - 0.01).abs() < 0.002, "{hundredth} of {whole}");
}
