//! Writes of small workloads, through the real DDL reader and shapes.

use super::*;
use crate::assume::assume;
use crate::catalog::{Catalog, replay};
use crate::config::{Config, TableSettings};
use crate::dialect::{Dialect, Target};
use crate::source::{FileId, HostSpan};
use crate::sql::lower::lower;
use crate::workload::QueryId;
use crate::{schema, shape};

const SHOP: &str = "CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, status text, total integer);
    CREATE TABLE seen (token text PRIMARY KEY, count integer)";

fn catalog() -> Catalog {
    let place = HostSpan { file: FileId(0), start: 0, end: 0 };
    let steps = SHOP.split(';').flat_map(|statement| schema::ddl::steps(statement, place, Dialect::Postgres).0);
    replay(Dialect::Postgres, &steps.collect::<Vec<_>>()).0
}

/// What is written to `table` by queries of these weights, in a line.
fn told(queries: &[(&str, f64)], table: &str, counted: Option<ActivityFigures>) -> String {
    let catalog = catalog();
    let shaped: Vec<_> = queries.iter().map(|(sql, _)| shape::shape(sql, &catalog).expect("a query")).collect();
    let shapes: Vec<_> = shaped.iter().map(|shaped| &shaped.shape).collect();
    let rows = TableSettings { rows: Some(5000.0), ..TableSettings::default() };
    let config = Config { tables: BTreeMap::from([("orders".to_owned(), rows)]), ..Config::default() };
    let stats = assume(&catalog, &config, &shapes);
    let workload: Vec<WorkloadQuery> = (0..)
        .zip(shaped)
        .zip(queries)
        .map(|((id, shaped), (_, weight))| WorkloadQuery {
            id: QueryId(id),
            senders: Vec::new(),
            engine: lower(&shaped, &catalog, Target::any(Dialect::Postgres)),
            shape: shaped.shape,
            advisable: true,
            is_whole: true,
            weight: *weight,
            plan: None,
        })
        .collect();
    let counted = counted.map(|activity| (QName::plain(table), activity)).into_iter().collect();
    let found = writes(&workload, &stats, &counted);
    let Some(writes) = found.get(&QName::plain(table)) else { return "nothing".to_owned() };
    let set: Vec<String> = writes.set.iter().map(|(column, rows)| format!("{column} {rows}")).collect();
    let hot = writes.hot_share.map(|share| format!(", hot {share}")).unwrap_or_default();
    format!("+{} ~{} -{} [{}]{hot}", writes.inserted, writes.updated, writes.deleted, set.join(", "))
}

#[test]
fn statements_write_their_rows_as_often_as_they_are_sent() {
    let check =
        |queries: &[(&str, f64)], expect: &str| assert_eq!(told(queries, "orders", None), expect, "{queries:?}");
    check(&[("SELECT * FROM orders", 9.0)], "nothing");
    check(&[("INSERT INTO orders (id) VALUES ($1)", 3.0)], "+3 ~0 -0 []");
    check(&[("INSERT INTO orders (id) VALUES ($1)", 0.0)], "nothing");
    check(&[("UPDATE orders SET status = $1, total = $2 WHERE id = $3", 2.0)], "+0 ~2 -0 [status 2, total 2]");
    check(&[("UPDATE orders o SET total = 0", 1.0)], "+0 ~5000 -0 [total 5000]");
    check(&[("DELETE FROM orders WHERE id IN (1, 2)", 1.0)], "+0 ~0 -2 []");
    check(
        &[
            ("UPDATE orders SET total = $1 WHERE id = $2", 1.0),
            ("UPDATE orders SET (status, total) = ($1, $2) WHERE id = 1", 4.0),
        ],
        "+0 ~5 -0 [status 4, total 5]",
    );
    check(&[("WITH gone AS (DELETE FROM orders WHERE id = $1 RETURNING id) SELECT * FROM gone", 1.0)], "+0 ~0 -1 []");
}

#[test]
fn what_may_add_or_change_a_row_does_half_of_each() {
    let upsert =
        "INSERT INTO seen AS s (token, count) VALUES ($1, 1) ON CONFLICT (token) DO UPDATE SET count = s.count + 1";
    assert_eq!(told(&[(upsert, 8.0)], "seen", None), "+4 ~4 -0 [count 4]");
    let merge = "MERGE INTO seen s USING orders o ON s.count = o.id WHEN MATCHED THEN UPDATE SET token = o.status";
    assert_eq!(told(&[(merge, 2.0)], "seen", None), "+1 ~1 -0 [token 1]");
    let ignored = "INSERT INTO seen (token) VALUES ($1) ON CONFLICT DO NOTHING";
    assert_eq!(told(&[(ignored, 8.0)], "seen", None), "+8 ~0 -0 []");
}

#[test]
fn counters_win_and_the_statements_say_what_is_set() {
    let counted =
        ActivityFigures { inserted: 7, updated: 1000, hot_updated: Some(250), deleted: 2, ..Default::default() };
    let queries =
        [("UPDATE orders SET status = $1 WHERE id = $2", 3.0), ("UPDATE orders SET total = $1 WHERE id = $2", 1.0)];
    assert_eq!(told(&queries, "orders", Some(counted.clone())), "+7 ~1000 -2 [status 750, total 250], hot 0.25");
    assert_eq!(told(&[], "orders", Some(counted)), "+7 ~1000 -2 [], hot 0.25");
}
