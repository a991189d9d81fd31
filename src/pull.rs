//! What is asked of a database to learn what it knows of its data.
//!
//! Statements and what their answers mean; who holds the connection sends them. Everything is read in one read-only
//! transaction, each item for itself: a role that may not see one still gets the others, and the file says what is
//! missing. Not one value of a user's leaves the database unless values are asked for.

mod log;
mod postgres;
mod sqlite;

pub use log::LogReading;
pub use postgres::postgres;
pub use sqlite::sqlite;

/// A row of an answer: a text for each value, none for NULL.
pub type Row = Vec<Option<String>>;

/// Whoever holds the connection: sends a statement, and returns its rows or the server's words.
pub type Asked<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<Row>, String>;

/// Whether values that occur in the data are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// The most common ones and the bounds of histograms.
    Shown,
    /// None of them.
    Hidden,
}
