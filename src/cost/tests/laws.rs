//! Laws that every price obeys, over random statistics.

use proptest::prelude::*;

use super::spec::{Case, along, along_only, automatic, loops, scan, seek, seek_only, sorted};
use crate::dialect::Dialect;
use crate::plan::PlanNode;

/// A table with `a` and `b`, an index on both, and one with the key of a join.
fn case(dialect: Dialect, rows: f64, distinct: (f64, f64), correlation: f64) -> Case {
    let columns =
        [("a", distinct.0.min(rows), 8.0, correlation), ("b", distinct.1.min(rows), 8.0, 0.0), ("c", rows, 80.0, 0.0)];
    let pages = (rows * 124.0 / 7372.0).ceil();
    Case::new(dialect)
        .table(rows, pages, &columns)
        .table(rows, pages, &columns)
        .index(0, &["a", "b"])
        .index(1, &["a", "b"])
        .join((0, "a"), (1, "a"))
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Postgres), Just(Dialect::Sqlite), Just(Dialect::Mysql)]
}

/// Plans over the case's tables.
fn plans() -> Vec<PlanNode> {
    vec![
        scan(0),
        sorted(scan(0)),
        seek(0, 0, &["a ="]),
        seek(0, 0, &["a =", "b ="]),
        seek_only(0, 0, &["a ="]),
        sorted(seek(0, 0, &["a ="])),
        along(0, 0),
        along_only(0, 0),
        loops(vec![scan(0), seek(1, 1, &["a ="])]),
        loops(vec![scan(0), automatic(1, &["a ="])]),
        loops(vec![seek(0, 0, &["a ="]), scan(1)]),
        sorted(loops(vec![scan(0), seek(1, 1, &["a ="])])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prices_are_finite_and_positive(dialect in dialects(), rows in 1.0..1e8f64, a in 1.0..1e8f64, b in 1.0..1e6f64, order in -1.0..1.0f64) {
        let case = case(dialect, rows.round(), (a, b), order).filter(0, "a =").filter(0, "b >");
        for plan in plans() {
            let price = case.price(plan);
            prop_assert!(price.is_finite() && price > 0.0);
        }
    }

    #[test]
    fn more_rows_are_not_cheaper(dialect in dialects(), rows in 1.0..1e7f64, more in 1.0..50.0f64, a in 1.0..1e6f64, b in 1.0..1e4f64, order in -1.0..1.0f64) {
        let rows = rows.round();
        // The distinct values stay, or a unique column would remain one.
        let few = (a.min(rows), b.min(rows));
        let small = case(dialect, rows, few, order).filter(0, "a =").filter(0, "b =");
        let large = case(dialect, (rows * more).round(), few, order).filter(0, "a =").filter(0, "b =");
        for plan in plans() {
            let (small, large) = (small.price(plan.clone()), large.price(plan));
            prop_assert!(large >= small * 0.999, "{small} for few and {large} for many");
        }
    }

    #[test]
    fn an_equality_more_on_the_index_is_not_dearer(dialect in dialects(), rows in 1.0..1e8f64, a in 1.0..1e8f64, b in 1.0..1e6f64, order in -1.0..1.0f64) {
        let rows = rows.round();
        let few = case(dialect, rows, (a, b), order).filter(0, "a =");
        let more = case(dialect, rows, (a, b), order).filter(0, "a =").filter(0, "b =");
        let (one, two) = (few.price(seek(0, 0, &["a ="])), more.price(seek(0, 0, &["a =", "b ="])));
        prop_assert!(two <= one * 1.000_001, "{two} for two keys and {one} for one");
        let filtered = more.price(seek(0, 0, &["a ="]));
        prop_assert!(two <= filtered * 1.000_001, "{two} sought and {filtered} filtered");
    }

    #[test]
    fn a_limit_never_raises_a_price(dialect in dialects(), rows in 1.0..1e8f64, limit in 1u64..1_000_000, a in 1.0..1e8f64, b in 1.0..1e6f64, order in -1.0..1.0f64) {
        let make = || case(dialect, rows.round(), (a, b), order).filter(0, "a =").filter(1, "b >");
        let (all, some) = (make(), make().limit(limit));
        for plan in plans() {
            let (all, some) = (all.price(plan.clone()), some.price(plan));
            prop_assert!(some <= all * 1.000_001, "{some} for {limit} rows and {all} for all");
        }
    }

    #[test]
    fn an_index_that_holds_all_columns_is_not_dearer(dialect in dialects(), rows in 1.0..1e8f64, a in 1.0..1e8f64, b in 1.0..1e6f64, order in -1.0..1.0f64) {
        let case = case(dialect, rows.round(), (a, b), order).filter(0, "a =").filter(0, "b =");
        let pairs = [
            (seek_only(0, 0, &["a ="]), seek(0, 0, &["a ="])),
            (seek_only(0, 0, &["a =", "b ="]), seek(0, 0, &["a =", "b ="])),
            (along_only(0, 0), along(0, 0)),
            (loops(vec![scan(0), seek_only(1, 1, &["a ="])]), loops(vec![scan(0), seek(1, 1, &["a ="])])),
        ];
        for (only, fetching) in pairs {
            let (only, fetching) = (case.price(only), case.price(fetching));
            prop_assert!(only <= fetching * 1.000_001, "{only} alone and {fetching} with fetches");
        }
    }

    #[test]
    fn a_sort_costs_something(dialect in dialects(), rows in 2.0..1e8f64, a in 1.0..1e8f64) {
        let case = case(dialect, rows.round(), (a, 10.0), 0.0);
        prop_assert!(case.price(sorted(scan(0))) > case.price(scan(0)));
    }
}

#[test]
fn a_limit_does_not_help_what_sorts_everything_first() {
    let make = || case(Dialect::Postgres, 1e5, (100.0, 10.0), 0.0).ordered();
    let (sorting, limited) = (make().price(sorted(scan(0))), make().limit(10).price(sorted(scan(0))));
    assert!(limited > make().price(scan(0)), "all rows are read all the same");
    assert!(limited < sorting, "though only ten are kept");
}
