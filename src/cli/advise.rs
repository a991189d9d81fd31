//! `planlint advise`: the smallest index set for the whole workload, as DDL.

use clap::Args;

use super::options::{Common, Evidence, Judging};
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint advise`.
#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Advise))))]
#[command(after_long_help = "\
Examples:
  planlint advise
  planlint advise > migrations/0042_indexes.sql
  planlint advise --output html=plan.html
  planlint advise --budget 500MB
  planlint advise --min-confidence medium --output json")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    evidence: Evidence,

    /// The bytes that all new indexes may take together (`500MB`, `2GiB`): advises the set under which the workload costs least
    #[arg(long, value_name = "BYTES")]
    budget: Option<String>,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let outputs = Outputs::open(View::Advise, &options.common)?;
    let goal = if outputs.tell_findings() { Goal::Check } else { Goal::Advise };
    let mut project = Project::open(&options.common)?;
    project.settings.judge(&options.judging)?;
    project.settings.spend(options.budget.as_deref())?;
    let mut report = project.analyse(goal, &options.common)?;
    options.evidence.refuse(&report)?;
    project.settings.keep(&mut report);
    outputs.write(&report)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
