//! `planlint queries`: what was extracted.

use clap::Args;

use super::options::Common;
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint queries`.
#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Queries))))]
#[command(after_long_help = "\
Examples:
  planlint queries
  planlint queries queries/users.sql
  planlint queries --verbose --output json=queries.json")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let outputs = Outputs::open(View::Queries, &options.common)?;
    let report = Project::open(&options.common)?.analyse(Goal::Queries, &options.common)?;
    outputs.write(&report)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
