//! `planlint check`: findings with their proof, and the exit status that goes with them.

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::options::{Common, Evidence, Judging, SeverityName};
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::finding::Severity;
use crate::outcome::RunReport;
use crate::query::PathClass;
use crate::report::{Tally, View};
use crate::run::Goal;

/// Options of `planlint check`.
#[derive(Debug, Args)]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Check))))]
#[command(after_long_help = "\
Examples:
  planlint check
  planlint check app migrations --schema db/structure.sql
  planlint check queries/users.sql
  planlint check --output text --output json=planlint.json
  planlint check --audit --fail-on error
  cat queries/users.sql | planlint check - --stdin-filename queries/users.sql")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    evidence: Evidence,

    /// The least severity of a finding in application code that makes the exit status 1 [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<SeverityName>,

    /// Exit with 0 whatever was found
    #[arg(long)]
    exit_zero: bool,

    /// Exit with 1 when anything could not be read or planned
    #[arg(long)]
    strict: bool,

    /// Exit with 0 when there is nothing to analyse
    #[arg(long)]
    allow_empty: bool,

    /// Count findings by rule, in text
    #[arg(long)]
    statistics: bool,
}

/// Why a check could not be made although the analysis ran.
#[derive(Debug, Error, Diagnostic)]
enum CheckError {
    #[error("no query was found in {files} files")]
    #[diagnostic(help("name the folder that holds the SQL, or say `--allow-empty` if there may be none"))]
    Empty { files: usize },
    #[error("no schema was found: no file creates a table")]
    #[diagnostic(help(
        "name the schema with `--schema PATH` or `schema = [\"PATH\"]` in `planlint.toml`, or say `--allow-empty`"
    ))]
    NoSchema,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let mut outputs = Outputs::open(View::Check, &options.common)?;
    outputs.tally = if options.statistics { Tally::Rules } else { Tally::Sum };
    let mut project = Project::open(&options.common)?;
    project.settings.judge(&options.judging)?;
    project.settings.fail_on(options.fail_on);
    let mut report = project.analyse(Goal::Check, &options.common)?;
    refuse(&report, options)?;
    options.evidence.refuse(&report)?;
    project.settings.keep(&mut report);
    outputs.write(&report)?;
    Ok(status(&report, options, project.settings.config.fail_on))
}

fn refuse(report: &RunReport, options: &Options) -> Result<(), CheckError> {
    if !options.allow_empty {
        if report.coverage.queries.found == 0 && report.run.databases.iter().all(|database| database.tables == 0) {
            return Err(CheckError::Empty { files: report.coverage.files });
        }
        if report.run.databases.iter().all(|database| database.tables == 0) {
            return Err(CheckError::NoSchema);
        }
    }
    Ok(())
}

fn status(report: &RunReport, options: &Options, fail_on: Severity) -> u8 {
    if !report.run.complete {
        return UNUSABLE;
    }
    if options.exit_zero {
        return 0;
    }
    let fails = report
        .findings
        .iter()
        .any(|finding| finding.class == PathClass::App && finding.severity >= fail_on && finding.suppressed.is_none());
    u8::from(fails || (options.strict && !report.skips.is_empty()))
}
