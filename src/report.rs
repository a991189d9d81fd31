//! Writing a report: a format gets the whole [`RunReport`] and a writer.
//!
//! The only module that knows colours, widths and JSON. Knows no step of the pipe: what is not in the report is not
//! shown. No clock and no environment, so the same report gives the same bytes.

mod json;
mod text;

use std::io::{self, Write};

use crate::outcome::RunReport;

pub use json::Json;
pub use text::{Skips, Text};

/// A format.
pub trait Reporter {
    /// Writes the whole report.
    ///
    /// # Errors
    /// Those of the writer.
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()>;
}

/// Which command asks, where a format shows each differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Findings with their proof, then the index set.
    Check,
    /// The index set as DDL.
    Advise,
    /// The queries and what they ask of each table.
    Queries,
    /// The schema as DDL.
    Schema,
}

/// Whether a format for people may use terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    Always,
    /// None.
    Never,
}
