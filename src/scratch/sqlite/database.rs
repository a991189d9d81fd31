//! One small in-memory database: the tables of a query, the schema's indexes on them, and the candidates of the moment.

use std::collections::BTreeSet;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::catalog::IndexId;
use crate::engine::{EngineQuery, Refusal};
use crate::explain::sqlite::{Row, index_name};

use super::Key;
use super::guard::{Guard, Phase};
use super::library;
use super::print::{PrintedIndex, PrintedTable, literal};
use super::schema::Schema;

/// A database and what it holds beside the schema's own.
pub(super) struct Database {
    connection: Connection,
    guard: Guard,
    /// Candidates that are there, in the order in which they were made: that of their numbers.
    shown: Vec<IndexId>,
    functions: BTreeSet<(String, u16)>,
}

/// Tries whether SQLite makes an index.
pub(super) fn try_index(schema: &Schema, index: &PrintedIndex) -> Result<(), Refusal> {
    let table = find(schema, index)?;
    Database::empty()?.build(&format!("{}{}", table.ddl, index.ddl))
}

fn find<'a>(schema: &'a Schema, index: &PrintedIndex) -> Result<&'a PrintedTable, Refusal> {
    schema.tables.get(&index.def.table).ok_or_else(|| Refusal(format!("no such table: {}", index.def.table)))
}

impl Database {
    /// Creates the tables and indexes of `key`.
    pub(super) fn open(schema: &Schema, key: &Key) -> Result<Self, Refusal> {
        let mut script = String::from("BEGIN;");
        let mut stats = Vec::new();
        for name in &key.tables {
            let table = schema.tables.get(name).ok_or_else(|| Refusal(format!("no such table: {name}")))?;
            script.push_str(&table.ddl);
            stats.extend(table.rows.map(|rows| format!("({},NULL,'{rows}')", table.literal)));
            for id in table.indexes.iter().filter(|id| key.hidden.binary_search(id).is_err()) {
                let index = &schema.indexes[id];
                script.push_str(&index.ddl);
                stats.extend(stat_row(table, index));
            }
        }
        push_stats(&stats, &mut script);
        script.push_str("COMMIT;");
        let database = Self::empty()?;
        database.build(&script)?;
        Ok(database)
    }

    fn empty() -> Result<Self, Refusal> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        library::set_up();
        let mut connection = Connection::open_in_memory_with_flags(flags).map_err(refusal)?;
        // Nothing is rolled back and no row is stored. ANALYZE makes the statistics tables, which no CREATE TABLE can; that
        // of samples is never filled, and without it each reload has two queries less to run.
        let setup = "PRAGMA page_size=512; PRAGMA journal_mode=OFF; ANALYZE; DROP TABLE sqlite_stat4;";
        connection.execute_batch(setup).map_err(refusal)?;
        let guard = Guard::install(&mut connection).map_err(refusal)?;
        Ok(Self { connection, guard, shown: Vec::new(), functions: BTreeSet::new() })
    }

    fn build(&self, script: &str) -> Result<(), Refusal> {
        self.guard.begin(Phase::Build);
        self.connection.execute_batch(script).map_err(refusal)
    }

    /// Makes the candidates on the database exactly `wanted`, which is sorted.
    ///
    /// SQLite breaks ties by the order in which indexes were made, so they are always made in order of number.
    pub(super) fn show(&mut self, schema: &Schema, wanted: &[IndexId]) -> Result<(), Refusal> {
        if self.shown == wanted {
            return Ok(());
        }
        let first_new = wanted.iter().find(|id| !self.shown.contains(id)).copied();
        let stays = |id: &IndexId| wanted.contains(id) && first_new.is_none_or(|new| *id < new);
        let mut script = String::from("BEGIN;");
        for id in self.shown.iter().filter(|id| !stays(id)) {
            script.push_str(&format!("DROP INDEX {};", index_name(*id)));
        }
        let mut stats = Vec::new();
        for id in wanted.iter().filter(|id| !(self.shown.contains(id) && stays(id))) {
            let index = schema.indexes.get(id).ok_or_else(|| Refusal(format!("no such index: {}", index_name(*id))))?;
            script.push_str(&index.ddl);
            stats.extend(stat_row(find(schema, index)?, index));
        }
        push_stats(&stats, &mut script);
        script.push_str("COMMIT;");
        self.build(&script)?;
        self.shown = wanted.to_vec();
        Ok(())
    }

    /// Asks how a query would run.
    pub(super) fn explain(&mut self, query: &EngineQuery) -> Result<Vec<Row>, Refusal> {
        self.register(query)?;
        self.guard.begin(Phase::Plan);
        let sql = format!("EXPLAIN QUERY PLAN {}", query.sql);
        let mut statement = self.connection.prepare(&sql).map_err(refusal)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(refusal)? {
            let read = || Ok(Row { id: row.get(0)?, parent: row.get(1)?, detail: row.get(3)? });
            found.push(read().map_err(refusal)?);
        }
        Ok(found)
    }

    /// Registers functions that SQLite lacks; they need a name and a number of arguments, no body.
    fn register(&mut self, query: &EngineQuery) -> Result<(), Refusal> {
        for function in &query.functions {
            if self.functions.contains(function) {
                continue;
            }
            let (name, arguments) = function;
            let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
            self.connection
                .create_scalar_function(name.as_str(), i32::from(*arguments), flags, |_| Ok(rusqlite::types::Null))
                .map_err(refusal)?;
            self.functions.insert(function.clone());
        }
        Ok(())
    }
}

fn stat_row(table: &PrintedTable, index: &PrintedIndex) -> Option<String> {
    let stat = index.stat.as_ref()?;
    Some(format!("({},'{}',{})", table.literal, index_name(index.id), literal(stat)))
}

fn push_stats(stats: &[String], script: &mut String) {
    if !stats.is_empty() {
        script.push_str(&format!("INSERT INTO sqlite_stat1 VALUES{};ANALYZE sqlite_schema;", stats.join(",")));
    }
}

/// SQLite's words, without the position and the statement that rusqlite adds.
fn refusal(error: rusqlite::Error) -> Refusal {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => Refusal(message),
        rusqlite::Error::SqlInputError { msg, .. } => Refusal(msg),
        other => Refusal(other.to_string()),
    }
}
