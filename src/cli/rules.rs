//! `planlint rules`: the catalogue, and which rules run under the configuration in force.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::options::{self, Overrides};
use super::project::Project;
use super::{Stop, output};
use crate::rules::{RULES, Selection};

/// Options of `planlint rules`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  planlint rules\n  planlint rules --select ALL")]
pub(super) struct Options {
    /// The folder whose configuration counts
    #[arg(default_value = ".")]
    path: PathBuf,

    #[command(flatten)]
    overrides: Overrides,

    #[command(flatten)]
    rules: options::Rules,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let mut settings = Project::settings(std::slice::from_ref(&options.path), &options.overrides)?;
    settings.choose(&options.rules)?;
    let selection = Selection::of(&settings.config);
    let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    output::to_stdout(&|out: &mut dyn Write| {
        for rule in &RULES {
            let state = if selection.runs(rule.name) { "on " } else { "off" };
            writeln!(out, "{:width$}  {state}  {}", rule.name, rule.page().summary)?;
        }
        Ok(())
    })?;
    Ok(0)
}
