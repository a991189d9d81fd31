//! Format `json`: the contract of `docs/report.schema.json`, pretty-printed, with a newline at the end.
//!
//! The types are the contract (`outcome`); nothing is renamed, added or left out here.

use std::io::{self, Write};

use super::Reporter;
use crate::outcome::RunReport;

/// Writes the report as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Reporter for Json {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, report)?;
        out.write_all(b"\n")
    }
}
