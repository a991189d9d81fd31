//! `planlint rule NAME`: one page of the catalogue, as Markdown.

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::{Stop, output};
use crate::rules;

/// Options of `planlint rule`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The rule's name, as findings show it
    name: String,
}

/// The name is no rule's.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no rule `{name}`")]
#[diagnostic(help("`planlint rules` lists them"))]
struct UnknownRule {
    name: String,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let rule = rules::rule(&options.name).ok_or_else(|| UnknownRule { name: options.name.clone() })?;
    output::to_stdout(&|out| out.write_all(rule.page().body.as_bytes()))?;
    Ok(0)
}
