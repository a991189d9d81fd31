//! `planlint schema`: the schema and where each object came from.

use clap::Args;

use super::options::Common;
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint schema`.
#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Schema))))]
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
    let outputs = Outputs::open(View::Schema, &options.common)?;
    let report = Project::open(&options.common)?.analyse(Goal::Schema, &options.common)?;
    outputs.write(&report)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
