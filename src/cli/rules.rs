//! `planlint rules`: the catalogue.

use std::io::Write;

use clap::Args;

use super::{Stop, output};
use crate::rules::RULES;

/// Options of `planlint rules`.
#[derive(Debug, Args)]
pub(super) struct Options {}

/// Runs the command.
pub(super) fn run(_: &Options) -> Result<u8, Stop> {
    let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    output::to_stdout(&|out: &mut dyn Write| {
        for rule in &RULES {
            writeln!(out, "{:width$}  {}", rule.name, rule.page().summary)?;
        }
        Ok(())
    })?;
    Ok(0)
}
