//! A SQLite database of the user's, opened to be read and nothing else.
//!
//! It is somebody else's: nothing is written, no function of its schema is run, and a writer is waited for.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::library;

/// How long somebody who writes is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where the header says which library wrote the file last ("The Database File Format", 1.3).
const WRITER: usize = 96;

/// An open database.
pub struct DatabaseFile {
    connection: Connection,
    /// The version of SQLite that wrote it last (`3.45.1`); none where the file does not say.
    pub writer: Option<String>,
}

impl DatabaseFile {
    /// Opens a file.
    ///
    /// # Errors
    /// The file system's words or SQLite's: there is none, it may not be read.
    pub fn open(path: &Path) -> Result<Self, String> {
        let writer = writer(path).map_err(|error| error.to_string())?;
        library::set_up();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            Ok(connection)
        });
        opened.map(|connection| Self { connection, writer }).map_err(words)
    }

    /// Sends a statement of ours, and returns its rows as text; bytes count as nothing.
    ///
    /// # Errors
    /// SQLite's words.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let mut statement = self.connection.prepare(sql).map_err(words)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(words)? {
            let values = (0..width).map(|at| row.get_ref(at).map(text)).collect::<Result<_, _>>();
            read.push(values.map_err(words)?);
        }
        Ok(read)
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
    }
}

fn writer(path: &Path) -> io::Result<Option<String>> {
    let mut header = Vec::new();
    std::fs::File::open(path)?.take(100).read_to_end(&mut header)?;
    let number = header.get(WRITER..WRITER + 4).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
    let version = |number: u32| format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000);
    Ok(number.filter(|number| *number >= 3_000_000).map(version))
}

/// SQLite's words, without the statement that rusqlite adds.
fn words(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        other => other.to_string(),
    }
}
