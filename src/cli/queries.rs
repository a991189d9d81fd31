//! `planlint queries`: what was extracted.

use clap::Args;

use super::options::Common;
use super::project::Project;
use super::{Stop, UNUSABLE, output};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint queries`.
#[derive(Debug, Args)]
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
    let report = Project::open(&options.common)?.analyse(Goal::Queries, &options.common)?;
    output::write(&report, View::Queries, &options.common)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
