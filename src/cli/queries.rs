//! `planlint queries`: what was extracted.

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

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
  planlint queries --verbose --output json=queries.json
  planlint queries --by-load --stats planlint-stats.json")]
pub(super) struct Options {
    /// List the statements that production counted, the heaviest first, with the places that send them; they stand in the
    /// file of statistics
    #[arg(long)]
    by_load: bool,

    #[command(flatten)]
    common: Common,
}

/// Nothing is known of what production sends.
#[derive(Debug, Error, Diagnostic)]
#[error("no statements of production are known")]
#[diagnostic(help(
    "type `planlint stats pull --database-url URL` for a database with the extension `pg_stat_statements`, or \
     `planlint stats log FILE` for a PostgreSQL log with durations"
))]
struct NoStatements;

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let view = if options.by_load { View::Load } else { View::Queries };
    let outputs = Outputs::open(view, &options.common)?;
    let project = Project::open(&options.common)?;
    if options.by_load && !project.knows_statements() {
        return Err(NoStatements.into());
    }
    let report = project.analyse(Goal::Queries, &options.common)?;
    outputs.write(&report)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
