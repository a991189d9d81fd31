//! Writing a report: a format gets the whole [`RunReport`] and a writer.
//!
//! The only module that knows colours, widths and JSON. Knows no step of the pipe: what is not in the report is not
//! shown. No clock and no environment, so the same report gives the same bytes.

mod changes;
mod github;
mod html;
mod json;
pub(crate) mod neutral;
mod root;
mod sarif;
mod sql;
mod text;

use std::io::{self, Write};

use crate::outcome::{FindingEntry, RunReport};

pub use github::Github;
pub use html::Html;
pub use json::Json;
pub use root::Root;
pub use sarif::Sarif;
pub use sql::Sql;
pub use text::{Skips, Tally, Text};

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
    /// The statements that production counted, and the queries that they are.
    Load,
    /// The schema as DDL.
    Schema,
    /// Queries with their plans and what was tried for them.
    Explain,
    /// A script that shows a query's plans.
    Repro,
}

impl View {
    /// Returns the command's name.
    pub fn command(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Advise => "advise",
            Self::Queries | Self::Load => "queries",
            Self::Schema => "schema",
            Self::Explain | Self::Repro => "explain",
        }
    }
}

/// The findings that a command shows in a format of findings: of `advise`, those that its index set mends.
fn findings(report: &RunReport, view: View) -> impl Iterator<Item = &FindingEntry> {
    report.findings.iter().filter(move |finding| view != View::Advise || !finding.advice.is_empty())
}

/// What a finding says where there is room for text alone: what was seen, then what to type.
fn full_message(report: &RunReport, finding: &FindingEntry) -> String {
    let mut text = finding.message.clone();
    for advice in report.advice.iter().filter(|advice| finding.advice.contains(&advice.id)) {
        text.push('\n');
        text.push_str(&advice.ddl);
    }
    // Where advice mends it, the change itself says more than the help.
    if let Some(help) = finding.help.as_ref().filter(|_| finding.advice.is_empty()) {
        text.push('\n');
        text.push_str(help);
    }
    text
}

/// Whether a format for people may use terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    Always,
    /// None.
    Never,
}
