//! Applies the statements one after the other and keeps what failed.
//!
//! Nothing a statement says may reach a disk or take long: what SQLite would have to run (`CREATE TABLE … AS SELECT`)
//! is asked for its columns only, so every table stays empty and no other statement finds a row to work on.

use std::collections::{BTreeSet, HashMap};

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::limits::Limit;
use rusqlite::types::Null;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::library;
use super::NativeStatement;
use super::head::{self, Head, Object, Verb};
use super::inspect::{self, SeenColumn};
use crate::name::Ident;
use crate::query::{Skip, SkipStage};
use crate::scratch::sqlite::guard::{Guard, Phase};
use crate::source::HostSpan;

/// The database after the last statement.
pub(super) struct Applied {
    connection: Connection,
    guard: Guard,
    /// Functions of the application, registered without a body.
    functions: BTreeSet<String>,
    /// Whether ALTER TABLE works as before version 3.25, as the application asks for.
    legacy: bool,
    /// The statement that made each row of `sqlite_schema`.
    pub(super) origins: HashMap<i64, HostSpan>,
    /// What the database may lack through no fault of the replay.
    pub(super) doubts: Doubts,
    /// What was refused.
    pub(super) skips: Vec<Skip>,
}

/// What the database may lack through no fault of the replay.
#[derive(Default)]
pub(super) struct Doubts {
    /// Tables that a failed statement was to make or to change.
    tables: BTreeSet<Ident>,
    /// Objects that could not be made here, and those that depend on them.
    unseen: BTreeSet<Ident>,
    /// Names of tables and views that were there at some time.
    made: BTreeSet<Ident>,
}

impl Doubts {
    /// Says whether columns of the table may be missing.
    pub(super) fn covers_table(&self, name: &Ident) -> bool {
        self.tables.contains(name)
    }

    /// Says whether an object that is not there may be there in the application's database.
    pub(super) fn excuses(&self, name: &Ident) -> bool {
        self.unseen.contains(name)
    }

    /// Says whether a table or view that is not there is gone, and not merely one that no statement spoke of.
    pub(super) fn is_gone(&self, name: &Ident) -> bool {
        self.made.contains(name) && !self.excuses(name)
    }
}

/// Why a statement failed.
struct Failure {
    words: String,
    /// It needs what only the application has.
    foreign: bool,
}

/// Longer statements are refused: what little SQLite computes while it reads one is bounded by its length.
const MAX_STATEMENT_BYTES: i32 = 1 << 16;
/// Pages of 512 bytes: one for every table and index, and as many again for their statements.
const MAX_PAGES: u32 = 1 << 17;
/// Each ALTER reads every statement of the schema again, 10 to 20 µs each: no more than this many readings in all.
const MAX_READINGS: i64 = 500_000;
/// Statements that may take as long as the guard lets one take; none of an honest schema does.
const MAX_STOPPED: u32 = 3;
/// Functions that one statement may lack.
const ATTEMPTS: usize = 32;

impl Applied {
    /// Applies the schema statements among `statements` to an empty database.
    ///
    /// # Errors
    /// SQLite's words, when the database cannot be opened or its schema not be read; ours, when there is too much to do.
    pub(super) fn apply(statements: &[NativeStatement<'_>]) -> Result<Self, String> {
        let mut applied = Self::empty().map_err(|error| words(&error))?;
        let mut last = 0;
        let mut readings = 0;
        let mut exploded = 0;
        for statement in statements {
            if let Some(legacy) = head::legacy_alter(statement.sql) {
                applied.legacy = legacy;
            }
            let Some(head) = Head::read(statement.sql) else { continue };
            if head.verb == Verb::Alter {
                readings += applied.count_objects().map_err(|error| words(&error))?;
                if readings > MAX_READINGS {
                    return Err("too many ALTER statements for so large a schema".to_owned());
                }
            }
            match applied.apply_one(statement.sql, &head) {
                Ok(()) => applied.succeeded(&head),
                Err(failure) => {
                    // Views that double each other are followed to SQLite's own limit, which no guard shortens.
                    exploded += u32::from(failure.words.starts_with("too many references to"));
                    applied.failed(&head, failure, statement.place);
                }
            }
            if applied.guard.stopped() + exploded >= MAX_STOPPED {
                return Err("its statements take too long".to_owned());
            }
            last = applied.note_origins(last, statement.place).map_err(|error| words(&error))?;
        }
        Ok(applied)
    }

    fn empty() -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        library::set_up();
        let mut connection = Connection::open_in_memory_with_flags(flags)?;
        connection.execute_batch(&format!(
            "PRAGMA page_size=512; PRAGMA temp_store=MEMORY; PRAGMA max_page_count={MAX_PAGES};"
        ))?;
        let guard = Guard::install(&mut connection)?;
        // Applications run with SQLite's default, which takes a name in double quotes for a string if it is no column.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 2 * MAX_STATEMENT_BYTES)?;
        Ok(Self {
            connection,
            guard,
            functions: BTreeSet::new(),
            legacy: false,
            origins: HashMap::new(),
            doubts: Doubts::default(),
            skips: Vec::new(),
        })
    }

    /// The connection, for reading its schema.
    pub(super) fn inspect(&self) -> &Connection {
        self.guard.begin(Phase::Inspect);
        &self.connection
    }

    fn apply_one(&mut self, sql: &str, head: &Head) -> Result<(), Failure> {
        if head.object == Object::VirtualTable {
            return Err(Failure { words: String::new(), foreign: true });
        }
        for _ in 0..ATTEMPTS {
            let Err(error) = self.run(sql, head, self.legacy) else { return Ok(()) };
            let words = words(&error);
            if let Some((_, function)) = words.split_once("no such function: ")
                && self.functions.insert(function.to_owned())
            {
                self.register(function).map_err(|error| Failure { words: error.to_string(), foreign: false })?;
            } else if is_denied(&error) && head.verb == Verb::Create && head.object == Object::Table {
                return self.create_as_select(sql, head).map_err(|better| Failure::from(better.unwrap_or(error)));
            } else if words.starts_with("error in ") && !self.legacy {
                // Newer versions refuse to rename what a broken view or trigger names; older ones did not look.
                return self.run(sql, head, true).map_err(|_| Failure::from(error));
            } else {
                return Err(Failure::from(error));
            }
        }
        Err(Failure { words: "too many unknown functions".to_owned(), foreign: true })
    }

    fn run(&self, sql: &str, head: &Head, legacy: bool) -> rusqlite::Result<()> {
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, legacy)?;
        self.guard.begin(if head.verb == Verb::Alter { Phase::Alter } else { Phase::Define });
        self.connection.prepare(sql)?.raw_execute().map(drop)
    }

    fn register(&self, function: &str) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        self.connection.create_scalar_function(function, -1, flags, |_| Ok(Null))
    }

    /// Makes the table of `CREATE TABLE … AS SELECT` without running the query: a view of it has the same columns.
    ///
    /// The error is none where the statement is not of that kind.
    fn create_as_select(&self, sql: &str, head: &Head) -> Result<(), Option<rusqlite::Error>> {
        let view = format!("{}VIEW{}", &sql[..head.word.start], &sql[head.word.end..]);
        self.run(&view, head, self.legacy).map_err(|_| None)?;
        let schema = if head.temporary { "temp" } else { "main" };
        let columns = inspect::columns(self.inspect(), schema, &head.name);
        let name = format!("{schema}.{}", quote(head.name.as_str()));
        self.run(&format!("DROP VIEW {name}"), head, self.legacy)?;
        let columns: Vec<String> = columns?.iter().map(column_of_query).collect();
        self.run(&format!("CREATE TABLE {name} ({})", columns.join(", ")), head, self.legacy)?;
        Ok(())
    }

    fn succeeded(&mut self, head: &Head) {
        for name in head.makes() {
            self.doubts.unseen.remove(name);
            self.doubts.made.insert(name.clone());
        }
        let Some(made) = head.makes().last().filter(|_| head.object == Object::Table) else { return };
        // A table that is made is known whole; what was in doubt about one is so under its new name.
        if head.renamed.is_some() && self.doubts.tables.contains(&head.name) {
            self.doubts.tables.insert(made.clone());
        } else {
            self.doubts.tables.remove(made);
        }
    }

    fn failed(&mut self, head: &Head, failure: Failure, place: HostSpan) {
        let consequence = head.needs().any(|name| self.doubts.excuses(name));
        let exists = failure.words.ends_with("already exists");
        if !failure.foreign && !consequence {
            let detail = format!("sqlite refuses the statement: {}", failure.words);
            self.skips.push(Skip { stage: SkipStage::Schema, reason: "native-refused", detail, place });
        }
        // An index that SQLite itself refuses is in no database; a table may be there in another form.
        let stays = failure.foreign || consequence || head.object != Object::Index;
        if stays && !exists {
            self.doubts.unseen.extend(head.makes().cloned());
        }
        if matches!(head.object, Object::Table | Object::VirtualTable) {
            self.doubts.tables.insert(head.name.clone());
            self.doubts.tables.extend(head.renamed.clone());
        }
    }

    fn count_objects(&self) -> rusqlite::Result<i64> {
        self.inspect().prepare_cached("SELECT count(*) FROM sqlite_schema")?.query_row([], |row| row.get(0))
    }

    /// Notes where the newest rows of the schema come from; returns the last row's number.
    fn note_origins(&mut self, last: i64, place: HostSpan) -> rusqlite::Result<i64> {
        let newest = {
            let sql = "SELECT ifnull(max(rowid), 0) FROM sqlite_schema";
            self.inspect().prepare_cached(sql)?.query_row([], |row| row.get(0))?
        };
        self.origins.extend((last + 1..=newest).map(|row| (row, place)));
        Ok(newest)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let words = words(&error);
        let foreign = words.contains("no such collation sequence")
            || words.contains("no such module")
            // The tables that a dump of SQLite's own spells out.
            || words.starts_with("object name reserved for internal use")
            || matches!(error.sqlite_error_code(), Some(ErrorCode::TooBig));
        Self { words, foreign }
    }
}

/// SQLite's words, without the position and the statement that rusqlite adds.
pub(super) fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn is_denied(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied)
}

fn column_of_query(column: &SeenColumn) -> String {
    // What a view calls BLOB has no type in the table.
    let declared = if column.declared == "BLOB" { "" } else { &column.declared };
    format!("{} {declared}", quote(column.name.as_str()))
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
