//! What the model says of the cases that advice turns on: the price without the index by the price with it.
//!
//! Whoever changes a formula sees here what it does to the advisor's gain factors (`docs/statistics.md`).

use super::spec::{Case, along, automatic, loops, scan, seek, seek_only, sorted};
use crate::dialect::Dialect;
use crate::plan::PlanNode;

/// 100,000 rows of 100 bytes: `five` has 5 values, `status` 8, `some` 0.5 % a value, `owner` 10 rows a value.
fn orders(dialect: Dialect) -> Case {
    let columns = [
        ("id", 1e5, 8.0, 0.98),
        ("five", 5.0, 9.0, 0.0),
        ("status", 8.0, 9.0, 0.0),
        ("some", 200.0, 8.0, 0.0),
        ("owner", 1e4, 8.0, 0.0),
        ("created_at", 9e4, 8.0, 0.98),
        ("seen_at", 9e4, 8.0, 0.9),
        ("updated_at", 9e4, 8.0, 0.5),
        ("amount", 5e3, 8.0, 0.0),
    ];
    Case::new(dialect).table(1e5, 1736.0, &columns)
}

fn one(dialect: Dialect, filters: &[&str], index: &[&str]) -> Case {
    filters.iter().fold(orders(dialect), |case, filter| case.filter(0, filter)).index(0, index)
}

/// The price before by the price after, for each case by its name.
fn gains(dialect: Dialect) -> Vec<(&'static str, f64)> {
    let seeks = |keys: &[&str]| seek(0, 0, keys);
    let one = |filters: &[&str], index: &[&str]| one(dialect, filters, index);
    let sought = || one(&["owner =", "five ="], &["owner"]).index(0, &["owner", "five"]);
    let by_owner = || one(&["owner ="], &["owner", "created_at"]).ordered();
    let by_status = || one(&["status ="], &["status", "created_at"]).ordered().limit(50);
    let cases = [
        ("one row", one(&["id ="], &["id"]), scan(0), seeks(&["id ="])),
        ("ten rows", one(&["owner ="], &["owner"]), scan(0), seeks(&["owner ="])),
        ("ten rows, index only", one(&["owner ="], &["owner"]), scan(0), seek_only(0, 0, &["owner ="])),
        ("five times ten rows", one(&["owner in"], &["owner"]), scan(0), seeks(&["owner ="])),
        ("0.5 % of rows", one(&["some ="], &["some"]), scan(0), seeks(&["some ="])),
        ("eight values", one(&["status ="], &["status"]), scan(0), seeks(&["status ="])),
        ("five values", one(&["five ="], &["five"]), scan(0), seeks(&["five ="])),
        ("5 % of time, correlated 0.98", one(&["created_at >"], &["created_at"]), scan(0), seeks(&["created_at >"])),
        ("5 % of time, correlated 0.9", one(&["seen_at >"], &["seen_at"]), scan(0), seeks(&["seen_at >"])),
        ("5 % of time, correlated 0.5", one(&["updated_at >"], &["updated_at"]), scan(0), seeks(&["updated_at >"])),
        ("a third of numbers", one(&["amount >"], &["amount"]), scan(0), seeks(&["amount >"])),
        (
            "eight values and 5 % of time",
            one(&["status =", "created_at >"], &["status", "created_at"]),
            scan(0),
            seeks(&["status =", "created_at >"]),
        ),
        ("ten rows in order", by_owner(), sorted(scan(0)), seeks(&["owner ="])),
        ("ten rows in order, were sorted", by_owner(), sorted(seeks(&["owner ="])), seeks(&["owner ="])),
        ("newest fifty", one(&[], &["created_at"]).ordered().limit(50), sorted(scan(0)), along(0, 0)),
        ("newest fifty of eight values", by_status(), sorted(scan(0)), seeks(&["status ="])),
        ("two of ten rows, were sought", sought(), seeks(&["owner ="]), seek(0, 1, &["owner =", "five ="])),
        (
            "join to twenty rows",
            joined(dialect),
            transient(),
            loops(vec![seek(1, 1, &["name ="]), seek(0, 0, &["owner ="])]),
        ),
        ("join to twenty rows, one side", joined(dialect), transient(), loops(vec![scan(1), seek(0, 0, &["owner ="])])),
    ];
    cases.into_iter().map(|(name, case, before, after)| (name, case.price(before) / case.price(after))).collect()
}

/// Owners of one name (two of them) and their ten rows each.
fn joined(dialect: Dialect) -> Case {
    orders(dialect)
        .table(1e4, 150.0, &[("id", 1e4, 8.0, 0.98), ("name", 5e3, 24.0, 0.0)])
        .join((0, "owner"), (1, "id"))
        .filter(1, "name =")
        .index(0, &["owner"])
        .index(1, &["name"])
}

fn transient() -> PlanNode {
    loops(vec![scan(1), automatic(0, &["owner ="])])
}

#[test]
fn gains_by_case() {
    // Gains where pages may be fetched in their own order (PostgreSQL), and where rows come one by one (SQLite).
    let expected = [
        ("one row", 354.11, 354.11),
        ("ten rows", 70.41, 67.00),
        ("ten rows, index only", 653.75, 653.75),
        ("five times ten rows", 15.11, 13.40),
        ("0.5 % of rows", 2.69, 1.69),
        ("eight values", 1.44, 0.41),
        ("five values", 1.31, 0.40),
        ("5 % of time, correlated 0.98", 6.06, 6.06),
        ("5 % of time, correlated 0.9", 1.96, 1.96),
        ("5 % of time, correlated 0.5", 1.60, 0.56),
        ("a third of numbers", 1.15, 0.38),
        ("eight values and 5 % of time", 2.56, 1.51),
        ("ten rows in order", 67.00, 67.00),
        ("ten rows in order, were sorted", 0.96, 1.00),
        ("newest fifty", 2661.64, 2661.64),
        ("newest fifty of eight values", 100.85, 100.85),
        ("two of ten rows, were sought", 3.45, 3.58),
        ("join to twenty rows", 117.09, 111.54),
        ("join to twenty rows, one side", 31.45, 31.08),
    ];
    let (pages, rows) = (gains(Dialect::Postgres), gains(Dialect::Sqlite));
    let found =
        pages.iter().zip(&rows).map(|((name, pages), (_, rows))| format!("(\"{name}\", {pages:.2}, {rows:.2}),"));
    let expect = expected.iter().map(|(name, pages, rows)| format!("(\"{name}\", {pages:.2}, {rows:.2}),"));
    assert_eq!(found.collect::<Vec<_>>().join("\n"), expect.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_documented_gains_are_these() {
    let page = include_str!("../../../docs/statistics.md");
    let (pages, rows) = (gains(Dialect::Postgres), gains(Dialect::Sqlite));
    let mut found = 0;
    for ((name, pages), (_, rows)) in pages.iter().zip(&rows) {
        let Some(line) = page.lines().find(|line| line.starts_with(&format!("| {name} |"))) else { continue };
        assert_eq!(line, format!("| {name} | {pages:.1} | {rows:.1} |"));
        found += 1;
    }
    assert_eq!(found, 8);
}
