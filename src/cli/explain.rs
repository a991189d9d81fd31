//! `planlint explain`: one query, its plan before and after, and what was tried for it.

use std::path::{Path, PathBuf};

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::options::{Common, Evidence, STDIN};
use super::output::{self, Outputs};
use super::project::Project;
use super::{Stop, UNUSABLE};
use crate::outcome::RunReport;
use crate::report::View;

/// Options of `planlint explain`.
#[derive(Debug, Args)]
#[command(mut_arg("paths", |paths| paths
    .value_name("FILE:LINE[:COL] | PATHS")
    .help("The statement to explain, and the folders that make up its project if not the current one; \
           with `-q` only those folders")))]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Explain))))]
#[command(after_long_help = "\
Examples:
  planlint explain queries/users.sql:12
  planlint explain -q 'SELECT id FROM users WHERE email = :email'
  planlint explain --repro queries/users.sql:12 | sqlite3")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,

    /// Explain this query instead of one that stands in a file; placeholders may be written in any of the usual ways
    #[arg(short, long, value_name = "SQL", allow_hyphen_values = true)]
    query: Option<String>,

    /// Print a script for the `sqlite3` shell that shows both plans
    #[arg(long)]
    repro: bool,

    #[command(flatten)]
    evidence: Evidence,
}

/// Why a query cannot be explained.
#[derive(Debug, Error, Diagnostic)]
enum ExplainError {
    #[error("no statement is named")]
    #[diagnostic(help("type `planlint explain FILE:LINE`, or `planlint explain -q 'SELECT …'`"))]
    Nothing,
    #[error("`{typed}` names no line")]
    #[diagnostic(help("type `planlint explain {file}:LINE`; lines are counted from 1"))]
    NoLine { typed: String, file: String },
    #[error("`{0}` names no statement")]
    #[diagnostic(help("standard input is `stdin.sql`: type `planlint explain stdin.sql:LINE -`"))]
    Stdin(String),
    #[error("no engine has planned this query: there is nothing to reproduce")]
    #[diagnostic(help("leave out `--repro` to see why"))]
    NoPlan,
    #[error("there is no script for what {0} planned")]
    #[diagnostic(help(
        "leave out `--repro` for both plans and costs, or type `--engine sqlite` for a stand-in's script"
    ))]
    NoScript(String),
    #[error("{0} statements are named, and a script is of one")]
    #[diagnostic(help("name one of them by its column: `planlint explain --repro FILE:LINE:COL`"))]
    SeveralScripts(usize),
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let view = if options.repro { View::Repro } else { View::Explain };
    let outputs = Outputs::open(view, &options.common)?;
    let mut report = match &options.query {
        Some(sql) => Project::open(&options.common)?.explain_text(sql, &options.common)?,
        None => {
            let (first, around) = options.common.paths.split_first().ok_or(ExplainError::Nothing)?;
            let place = Place::read(first)?;
            // Of a file alone, the project around it is read.
            let paths = if around.is_empty() { vec![place.path.clone()] } else { around.to_vec() };
            let common = Common { paths, ..options.common.clone() };
            Project::open(&common)?.explain_place(&place.path, place.line, place.column, &common)?
        }
    };
    options.evidence.refuse(&report)?;
    keep_serving(&mut report);
    if options.repro {
        check_repro(&report)?;
    }
    outputs.write(&report)?;
    Ok(if report.run.complete { 0 } else { UNUSABLE })
}

/// Keeps the advice that serves the explained queries.
fn keep_serving(report: &mut RunReport) {
    let variants = report.queries.iter().flat_map(|query| &query.variants);
    let serving: Vec<String> =
        variants.filter_map(|variant| variant.explained.as_ref()).flat_map(|one| one.advice.clone()).collect();
    report.advice.retain(|advice| serving.contains(&advice.id));
}

fn check_repro(report: &RunReport) -> Result<(), ExplainError> {
    let variants = report.queries.iter().flat_map(|query| &query.variants);
    let explained = variants.filter_map(|variant| variant.explained.as_ref());
    match explained.clone().filter(|one| one.repro.is_some()).count() {
        0 => Err(match explained.filter(|one| one.plan_before.is_some()).find_map(|one| one.engine.clone()) {
            Some(engine) => ExplainError::NoScript(engine),
            None => ExplainError::NoPlan,
        }),
        1 => Ok(()),
        many => Err(ExplainError::SeveralScripts(many)),
    }
}

/// `FILE:LINE[:COL]`.
struct Place {
    path: PathBuf,
    line: u32,
    column: Option<u32>,
}

impl Place {
    fn read(typed: &Path) -> Result<Self, ExplainError> {
        if typed.as_os_str() == "." || typed.to_string_lossy().starts_with(':') {
            return Err(ExplainError::Nothing);
        }
        let typed = typed.display().to_string();
        if typed == STDIN || typed.starts_with("-:") {
            return Err(ExplainError::Stdin(typed));
        }
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        let split = |text: &str| text.rsplit_once(':').and_then(|(head, last)| Some((head.to_owned(), number(last)?)));
        let Some((head, last)) = split(&typed) else {
            let file = typed.trim_end_matches(|letter: char| letter == ':' || letter.is_ascii_digit());
            let file = if typed[file.len()..].starts_with(':') { file } else { &typed };
            return Err(ExplainError::NoLine { file: file.to_owned(), typed });
        };
        Ok(match split(&head) {
            Some((path, line)) => Self { path: path.into(), line, column: Some(last) },
            None => Self { path: head.into(), line: last, column: None },
        })
    }
}
