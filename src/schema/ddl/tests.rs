//! Text in, catalogue out: every statement is lowered, replayed and printed again.

use crate::catalog::{Catalog, Check, Table, replay};
use crate::dialect::Dialect;
use crate::query::Skip;
use crate::source::{FileId, HostSpan};
use crate::sql::print;
use crate::sql::split;

/// The catalogue of a text, and what could not be read or applied.
fn build(sql: &str, dialect: Dialect) -> (Catalog, Vec<Skip>) {
    let mut steps = Vec::new();
    let mut skips = Vec::new();
    for statement in split::split(sql).statements {
        let place = HostSpan::new(FileId(0), statement.bytes.clone());
        let text = &sql[statement.bytes.start as usize..statement.bytes.end as usize];
        let (some, skipped) = super::steps(text, place, dialect);
        steps.extend(some);
        skips.extend(skipped);
    }
    let (catalog, skipped) = replay(dialect, &steps);
    skips.extend(skipped);
    (catalog, skips)
}

/// The same catalogue without places.
fn unplaced(mut catalog: Catalog) -> Catalog {
    let nowhere = HostSpan::new(FileId(0), 0..0);
    for table in catalog.tables.values_mut() {
        table.place = nowhere;
        table.columns.iter_mut().for_each(|column| column.place = nowhere);
        table.indexes.iter_mut().for_each(|index| index.place = nowhere);
        table.foreign_keys.iter_mut().for_each(|foreign| foreign.place = nowhere);
        table.checks.sort_by(|a: &Check, b| a.name.cmp(&b.name));
    }
    catalog.views.values_mut().for_each(|view| view.place = nowhere);
    catalog
}

fn check(sql: &str, dialect: Dialect) -> String {
    let (catalog, skips) = build(sql, dialect);
    let mut printed = print::catalog(&catalog);
    let (again, _) = build(&printed, dialect);
    let printable = |table: &Table| !table.materialized && table.complete;
    if catalog.tables.values().all(printable) {
        assert_eq!(unplaced(again), unplaced(catalog), "what is printed replays to something else:\n{printed}");
    }
    for skip in skips {
        let place = &sql[skip.place.start as usize..(skip.place.end as usize).min(sql.len())];
        printed.push_str(&format!("-- skip {}: {} @ `{place}`\n", skip.reason, skip.detail));
    }
    printed
}

#[test]
fn postgres_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/postgres.sql"), Dialect::Postgres));
}

#[test]
fn mysql_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/mysql.sql"), Dialect::Mysql));
}

#[test]
fn sqlite_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/sqlite.sql"), Dialect::Sqlite));
}

#[test]
fn pg_dump_output() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/pg_dump.sql"), Dialect::Postgres));
}

#[test]
fn mysqldump_output() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/mysqldump.sql"), Dialect::Mysql));
}
