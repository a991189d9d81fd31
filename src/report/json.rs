//! Format `json`: the contract of `docs/report.schema.json`, pretty-printed, with a newline at the end.
//!
//! The types are the contract (`outcome`); nothing is renamed or added here, and left out is only what the command does
//! not fill. What a terminal would obey stands in strings as an escape of JSON's own, so that every value stays what it is.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::{Reporter, View, neutral};
use crate::outcome::RunReport;

/// Writes the report as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json {
    /// Which command asks.
    pub view: View,
}

impl Reporter for Json {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        match self.view {
            // Findings are there where another format of the same run asks for them.
            View::Advise => write_pretty(&RunReport { findings: Vec::new(), ..report.clone() }, out),
            View::Check | View::Queries | View::Load | View::Schema | View::Explain | View::Repro => {
                write_pretty(report, out)
            }
        }
    }
}

/// Writes a value as JSON for programs that people look at, too.
pub(super) fn write_pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Shown(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

/// Pretty-printing that escapes more in strings than JSON wants.
struct Shown(PrettyFormatter<'static>);

impl Formatter for Shown {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for piece in fragment.split_inclusive(neutral::is_obeyed) {
            match piece.chars().next_back().filter(|last| neutral::is_obeyed(*last)) {
                // All of them are in the basic plane, where a code point is one escape.
                Some(last) => {
                    out.write_all(&piece.as_bytes()[..piece.len() - last.len_utf8()])?;
                    write!(out, "\\u{:04x}", u32::from(last))?;
                }
                None => out.write_all(piece.as_bytes())?,
            }
        }
        Ok(())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
