//! What each construct becomes on SQLite; every text is prepared there, with the tables that it names.

mod postgres;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::schema;
use crate::catalog::Catalog;
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineQuery, Fidelity};
use crate::shape::shape;
use crate::sql::lower::{engine_table_name, lower};

fn database(catalog: &Catalog) -> Connection {
    let database = Connection::open_in_memory().expect("memory");
    for table in catalog.tables.values() {
        let columns: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let name = engine_table_name(&table.name);
        database.execute_batch(&format!("CREATE TABLE \"{name}\" ({})", columns.join(", "))).expect("a table");
    }
    database
}

/// Returns the steps of the plan, or SQLite's words.
fn plan(database: &Connection, query: &EngineQuery) -> Result<Vec<String>, String> {
    for (name, count) in &query.functions {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let null = |_: &rusqlite::functions::Context<'_>| Ok(rusqlite::types::Null);
        database.create_scalar_function(name.as_str(), i32::from(*count), flags, null).expect("a function");
    }
    let sql = format!("EXPLAIN QUERY PLAN {}", query.sql);
    let mut statement = database.prepare(&sql).map_err(|error| error.to_string())?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().map_err(|error| error.to_string())? {
        steps.push(row.get(3).expect("a detail"));
    }
    Ok(steps)
}

fn lowered(sql: &str, catalog: &Catalog) -> EngineQuery {
    let shaped = shape(sql, catalog).unwrap_or_else(|failure| panic!("{sql}: {}", failure.message));
    lower(&shaped, catalog, Target::any(catalog.dialect))
}

/// The text on one line, then `~` and the reasons if it is approximate.
fn printed(query: &EngineQuery) -> String {
    let text = query.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match &query.fidelity {
        Fidelity::Exact => text,
        Fidelity::Approximate(reasons) => format!("{text} ~ {}", reasons.join(", ")),
        Fidelity::None(reason) => format!("none: {reason}"),
    }
}

pub(super) fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    let catalog = schema::catalog(dialect);
    let database = database(&catalog);
    let mut wrong = Vec::new();
    for (sql, expect) in cases {
        let query = lowered(sql, &catalog);
        let found = printed(&query);
        if found != *expect {
            wrong.push(format!("{sql}\n  found:    {found}\n  expected: {expect}"));
        }
        if let (true, Err(error)) = (!matches!(query.fidelity, Fidelity::None(_)), plan(&database, &query)) {
            wrong.push(format!("{sql}\n  lowered:  {found}\n  refused:  {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rewrites_of_other_dialects() {
    check(
        Dialect::Sqlite,
        &[
            (
                "SELECT * FROM users WHERE active AND NOT active",
                "SELECT * FROM \"users\" AS t0 WHERE t0.active AND NOT t0.active",
            ),
            ("SELECT * FROM users WHERE active = TRUE", "SELECT * FROM \"users\" AS t0 WHERE t0.active = 1"),
            ("SELECT * FROM users WHERE name = \"joe\"", "SELECT * FROM \"users\" AS t0 WHERE t0.name = 'joe'"),
            ("SELECT * FROM users WHERE +id = $1", "SELECT * FROM \"users\" AS t0 WHERE +t0.id = $1"),
            (
                "SELECT * FROM users WHERE CAST(email AS TEXT) = $1",
                "SELECT * FROM \"users\" AS t0 WHERE CAST(t0.email AS text) = $1",
            ),
            ("SELECT * FROM users u CROSS JOIN orders o", "SELECT * FROM \"users\" AS t0 CROSS JOIN \"orders\" AS t1"),
            (
                "SELECT * FROM users WHERE email IS NOT DISTINCT FROM $1",
                "SELECT * FROM \"users\" AS t0 WHERE t0.email IS NOT DISTINCT FROM $1",
            ),
            (
                "SELECT j.value FROM users, json_each(users.profile) j",
                "SELECT j.value FROM \"users\" AS t0, json_each(t0.profile) j",
            ),
            (
                "INSERT OR REPLACE INTO users (id) SELECT user_id FROM orders WHERE created_at > datetime('now')",
                "SELECT t0.user_id FROM \"orders\" AS t0 WHERE likelihood(t0.created_at > datetime('now'), 0.05)",
            ),
            (
                "SELECT * FROM users ORDER BY name COLLATE NOCASE",
                "SELECT * FROM \"users\" AS t0 ORDER BY t0.name COLLATE NOCASE",
            ),
            (
                "SELECT max(id, 1), group_concat(name) FROM users",
                "SELECT max(t0.id, 1), group_concat(t0.name) FROM \"users\" AS t0",
            ),
        ],
    );
    check(Dialect::Mysql, &[("SELECT * FROM users", "none: mysql queries are judged by their shape")]);
}

/// What a plan must show for the rewrites that are there for the planner's sake.
#[test]
fn plans() {
    let catalog = schema::catalog(Dialect::Postgres);
    let database = database(&catalog);
    database
        .execute_batch(
            "CREATE INDEX at ON users (created_at); CREATE INDEX org ON users (org_id);
             CREATE INDEX lower ON users (lower(email)); CREATE INDEX day ON users (CAST(created_at AS date));
             CREATE INDEX kept ON users (status) WHERE deleted_at IS NULL;
             CREATE INDEX live ON users (name) WHERE active = TRUE; CREATE INDEX pair ON orders (user_id, product_id);",
        )
        .expect("indexes");
    let cases = [
        ("SELECT * FROM users WHERE created_at > $1", "SEARCH t0 USING INDEX at (created_at>?)"),
        (
            "SELECT * FROM users WHERE created_at BETWEEN $1 AND $2",
            "SEARCH t0 USING INDEX at (created_at>? AND created_at<?)",
        ),
        ("SELECT * FROM users WHERE org_id = ANY($1::int[])", "SEARCH t0 USING INDEX org (org_id=?)"),
        ("SELECT * FROM users WHERE org_id IN ($1)", "SEARCH t0 USING INDEX org (org_id=?)"),
        ("SELECT * FROM users WHERE lower(email) = lower($1)", "SEARCH t0 USING INDEX lower (<expr>=?)"),
        ("SELECT * FROM users WHERE created_at::date = $1", "SEARCH t0 USING INDEX day (<expr>=?)"),
        ("SELECT * FROM users WHERE deleted_at IS NULL AND status = $1", "SEARCH t0 USING INDEX kept (status=?)"),
        ("SELECT * FROM users WHERE active AND name = $1", "SEARCH t0 USING INDEX live (name=?)"),
        ("SELECT * FROM users WHERE active IS TRUE AND name = $1", "SEARCH t0 USING INDEX live (name=?)"),
        // What the target's index does not answer, SQLite's must not either.
        ("SELECT * FROM users WHERE org_id IS NOT DISTINCT FROM $1", "SCAN t0"),
        ("SELECT * FROM users WHERE org_id::text = $1", "SCAN t0"),
        ("SELECT bool_and(org_id = 1) FROM users", "SCAN t0 USING COVERING INDEX org"),
        (
            "SELECT * FROM orders WHERE (user_id, product_id) = ($1, $2)",
            "SEARCH t0 USING INDEX pair (user_id=? AND product_id=?)",
        ),
        ("DELETE FROM orders WHERE user_id = $1", "SEARCH t0 USING INDEX pair (user_id=?)"),
        ("UPDATE orders SET total = 0 WHERE user_id = $1", "SEARCH t0 USING INDEX pair (user_id=?)"),
    ];
    for (sql, expect) in cases {
        let steps = plan(&database, &lowered(sql, &catalog)).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(steps[0], expect, "{sql}");
    }
}

#[test]
fn keys_that_are_filtered_are_told() {
    let catalog = schema::catalog(Dialect::Postgres);
    let query = lowered(
        "SELECT * FROM users u JOIN orders o ON o.user_id = u.id WHERE u.org_id = 1 AND (o.status = 'x' OR o.total > 5)",
        &catalog,
    );
    let names: Vec<String> = query.references.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["users", "orders"]);
    let filters: Vec<String> =
        query.filters.iter().map(|keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(filters, ["org_id", "status total"]);
}
