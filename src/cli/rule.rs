//! `planlint rule NAME`: one page of the catalogue, as Markdown.

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::{Stop, output};
use crate::rules;

/// Options of `planlint rule`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  planlint rule missing-index")]
pub(super) struct Options {
    /// The rule's name, as findings show it
    name: String,
}

/// The name is no rule's.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no rule `{name}`")]
#[diagnostic(help("{help}"))]
struct UnknownRule {
    name: String,
    help: String,
}

impl UnknownRule {
    fn new(name: &str) -> Self {
        let help = match rules::nearest(name) {
            Some(meant) => format!("there is a rule `{meant}`; `planlint rules` lists them all"),
            None => "`planlint rules` lists them".to_owned(),
        };
        Self { name: name.to_owned(), help }
    }
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let rule = rules::rule(&options.name).ok_or_else(|| UnknownRule::new(&options.name))?;
    output::to_stdout(&|out| out.write_all(rule.page().body.as_bytes()))?;
    Ok(0)
}
