//! Format `text`: for people, at any width.
//!
//! `check` prints a headline, a frame a finding and the index set; `advise` and `schema` print SQL whose every other
//! line is a comment, so that it can be piped on; `queries` lists. Foreign text never reaches the terminal raw.

mod ddl;
mod explain;
mod findings;
mod frame;
pub(super) mod headline;
mod load;
mod queries;
mod suppressed;

use std::io::{self, Write};

use super::{Colour, Reporter, View, neutral};
use crate::outcome::RunReport;

/// Writes the report for people.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Which command asks.
    pub view: View,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: Colour,
    /// How much is said of what was not understood or is suppressed.
    pub skips: Skips,
    /// Whether findings are counted by rule.
    pub tally: Tally,
}

/// How much is said of what was not understood or is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skips {
    /// Counts by reason.
    Counted,
    /// Each one with its place.
    Listed,
}

/// Whether findings are counted by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// No more than their sum.
    Sum,
    /// By rule, before the sum.
    Rules,
}

impl Reporter for Text {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        match self.view {
            View::Check => {
                headline::write(self, report, "", out)?;
                findings::write(self, report, out)
            }
            View::Advise => {
                headline::write(self, report, "-- ", out)?;
                ddl::write_advice(report, out)
            }
            View::Queries => {
                headline::write(self, report, "", out)?;
                queries::write(report, out)
            }
            View::Load => {
                headline::write(self, report, "", out)?;
                load::write(self, report, out)
            }
            View::Explain => {
                headline::write(self, report, "", out)?;
                explain::write(self, report, out)
            }
            View::Repro => explain::write_repro(report, out),
            View::Schema => {
                headline::write_schema(self, report, "-- ", out)?;
                ddl::write_schema(report, out)
            }
        }
    }
}

/// Writes words behind `prefix`; what the terminal has no room for goes on in lines of their own, set in.
fn say(text: &Text, prefix: &str, words: &str, out: &mut dyn Write) -> io::Result<()> {
    let room = text.width.saturating_sub(prefix.len());
    if neutral::columns(words) <= room {
        return writeln!(out, "{prefix}{words}");
    }
    for (number, line) in neutral::wrap(words, room.saturating_sub(SET_IN.len())).lines().enumerate() {
        writeln!(out, "{prefix}{}{line}", if number == 0 { "" } else { SET_IN })?;
    }
    Ok(())
}

/// What stands before a line that goes on with the one above it.
const SET_IN: &str = "  ";

/// `1 index`, `2 indexes`: a count with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
