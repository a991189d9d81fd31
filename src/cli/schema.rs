//! `planlint schema`: the schema and where each object came from.

use clap::Args;

use super::options::Common;
use super::project::Project;
use super::{Stop, UNUSABLE, output};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint schema`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  planlint schema
  planlint schema db/migrations --dialect postgres
  planlint schema --output json | jq '.tables[].name'")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let report = Project::open(&options.common)?.analyse(Goal::Schema, &options.common)?;
    output::write(&report, View::Schema, &options.common)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
