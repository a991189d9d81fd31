//! What each construct becomes on SQLite; every text is prepared there, with the tables that it names.

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

fn check(dialect: Dialect, cases: &[(&str, &str)]) {
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
fn rewrites_of_postgres() {
    check(Dialect::Postgres, &[("SELECT 1", "SELECT 1")]);
}
