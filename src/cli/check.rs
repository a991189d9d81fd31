//! `planlint check`: findings with their proof, and the exit status that goes with them.

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::options::{Common, Evidence, Judging, SeverityName};
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::config::Config;
use crate::finding::Severity;
use crate::outcome::{RunReport, SkipEntry};
use crate::query::{PathClass, SkipStage};
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
    #[error("no query was found in {}", counted(*files))]
    #[diagnostic(help("name the folder that holds the SQL, or say `--allow-empty` if there may be none"))]
    Empty { files: usize },
    #[error("no query was found in {} beside those that `exclude` hides", counted(*files))]
    #[diagnostic(help("take what hides the SQL out of `exclude`, or say `--allow-empty` if there may be none"))]
    Excluded { files: usize },
    #[error("standard input is empty")]
    #[diagnostic(help("look at what writes it, or say `--allow-empty` if there may be nothing"))]
    EmptyInput,
    #[error("no schema was found: no file creates a table")]
    #[diagnostic(help(
        "name the schema with `--schema PATH` or `schema = [\"PATH\"]` in `planlint.toml`, or say `--allow-empty`"
    ))]
    NoSchema,
    #[error("no {what} was found: {} could not be read, the first is `{path}`: {cause}", counted(*unread))]
    #[diagnostic(help("{help}"))]
    Unread { what: &'static str, unread: usize, path: String, cause: String, help: &'static str },
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let mut outputs = Outputs::open(View::Check, &options.common)?;
    outputs.tally = if options.statistics { Tally::Rules } else { Tally::Sum };
    let mut project = Project::open(&options.common)?;
    project.settings.judge(&options.judging)?;
    project.settings.fail_on(options.fail_on);
    let mut report = project.analyse(Goal::Check, &options.common)?;
    refuse(&report, options, &project.settings.config)?;
    if project.has_empty_input() && !options.allow_empty {
        return Err(CheckError::EmptyInput.into());
    }
    options.evidence.refuse(&report)?;
    project.settings.keep(&mut report);
    outputs.write(&report)?;
    Ok(status(&report, options, project.settings.config.fail_on))
}

fn refuse(report: &RunReport, options: &Options, config: &Config) -> Result<(), CheckError> {
    let has_schema = report.run.databases.iter().any(|database| database.tables > 0);
    // The schema may be that of the project around the folder that was named, which may hold nothing; a file that was
    // named is there, and may be excluded.
    let has_some = report.coverage.files > 0 || options.common.paths.iter().any(|path| path.is_file());
    if options.allow_empty || (has_schema && has_some) {
        return Ok(());
    }
    let what = if report.coverage.queries.found == 0 { "query" } else { "schema" };
    let whole = |skip: &&SkipEntry| skip.stage == SkipStage::File && skip.line.is_none();
    let mut unread = report.skips.iter().filter(whole).peekable();
    let Some(SkipEntry { path, detail, reason, .. }) = unread.peek().copied() else {
        let excludes = !config.exclude.is_empty();
        return Err(match what {
            "query" if excludes => CheckError::Excluded { files: report.coverage.files },
            "query" => CheckError::Empty { files: report.coverage.files },
            _ => CheckError::NoSchema,
        });
    };
    let help = match *reason {
        "too-large" => "raise the limit, for example `--config 'limits.max-file-bytes = 1073741824'`",
        "link" => "name what they lead to instead of the links, or say `--allow-empty`",
        _ => "mend these files, which `planlint queries -v` lists, or say `--allow-empty`",
    };
    Err(CheckError::Unread { what, path: path.to_string(), cause: detail.clone(), help, unread: unread.count() })
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
