//! `planlint advise`: the smallest index set for the whole workload, as DDL.

use clap::Args;

use super::options::{Common, Selection};
use super::project::Project;
use super::{Stop, UNUSABLE, output};
use crate::report::View;
use crate::run::Goal;

/// Options of `planlint advise`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    selection: Selection,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let mut report = Project::open(&options.common)?.analyse(Goal::Advise, &options.common)?;
    options.selection.keep(&mut report);
    output::write(&report, View::Advise, &options.common)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}
