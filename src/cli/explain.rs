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
           with `-q` only those folders. `-:LINE` is a statement on standard input")))]
#[command(mut_arg("output", |arg| arg.help(output::help(View::Explain))))]
#[command(after_long_help = "\
Examples:
  planlint explain queries/users.sql:12
  planlint explain -q 'SELECT id FROM users WHERE email = :email'
  planlint explain --repro queries/users.sql:12 | psql -X repro
  planlint explain --repro --engine sqlite queries/users.sql:12 | sqlite3")]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,

    /// Explain this query instead of one that stands in a file; placeholders may be written in any of the usual ways
    #[arg(short, long, value_name = "SQL", allow_hyphen_values = true)]
    query: Option<String>,

    /// Explain the statement at this place of standard input: `-:12`
    #[arg(short = ':', value_name = "LINE[:COL]", hide = true, conflicts_with = "query")]
    stdin_place: Option<String>,

    /// Print a script that shows both plans, for the shell of the engine that made them: `sqlite3` or `psql`
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
    #[diagnostic(help("type `planlint explain -:LINE` for a statement on standard input"))]
    Stdin(String),
    #[error("no engine has planned this query: there is nothing to reproduce")]
    #[diagnostic(help("leave out `--repro` to see why"))]
    NoPlan,
    #[error("there is no script for what {0} planned: the role that it was given may not tell a server figures")]
    #[diagnostic(help("leave out `--repro` for both plans, or `--scratch-url` for a server of planlint's own"))]
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
            let (place, common) = options.place()?;
            Project::open(&common)?.explain_place(&place.path, place.line, place.column, &common)?
        }
    };
    options.evidence.refuse(&report)?;
    keep_serving(&mut report);
    if options.repro {
        check_repro(&report)?;
    }
    outputs.write(&report)?;
    let is_whole = report.run.complete && report.queries.iter().all(|query| query.resolution != "skipped");
    Ok(if is_whole { 0 } else { UNUSABLE })
}

impl Options {
    /// Reads the place that is named, and what is to be read around it.
    fn place(&self) -> Result<(Place, Common), ExplainError> {
        let mut common = self.common.clone();
        if let Some(place) = &self.stdin_place {
            common.paths.push(STDIN.into());
            let file = common.stdin().unwrap_or(Path::new(STDIN)).to_owned();
            return Ok((Place::within(file, place)?, common));
        }
        let (first, around) = self.common.paths.split_first().ok_or(ExplainError::Nothing)?;
        let place = Place::read(first)?;
        // Of a file alone, the project around it is read.
        common.paths = if around.is_empty() { vec![place.path.clone()] } else { around.to_vec() };
        Ok((place, common))
    }
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
        let split = |text: &str| text.rsplit_once(':').and_then(|(head, last)| Some((head.to_owned(), number(last)?)));
        let Some((head, last)) = split(&typed) else {
            return Err(ExplainError::NoLine { file: file_of(&typed).to_owned(), typed });
        };
        Ok(match split(&head) {
            Some((path, line)) => Self { path: path.into(), line, column: Some(last) },
            None => Self { path: head.into(), line: last, column: None },
        })
    }

    /// Reads the line and column in a file.
    fn within(path: PathBuf, typed: &str) -> Result<Self, ExplainError> {
        let (line, column) = typed.split_once(':').map_or((typed, None), |(line, column)| (line, Some(column)));
        match (number(line), column.map(number)) {
            (Some(line), None) => Ok(Self { path, line, column: None }),
            (Some(line), Some(Some(column))) => Ok(Self { path, line, column: Some(column) }),
            _ => Err(ExplainError::Stdin(format!("-:{typed}"))),
        }
    }
}

/// The file in what names no line: behind it stand numbers that cannot be, or one word that was meant for one.
fn file_of(typed: &str) -> &str {
    let is_word = |last: &str| !last.contains(['/', '.', '\\']);
    let head = typed.rsplit_once(':').map_or(typed, |(head, last)| if is_word(last) { head } else { typed });
    let file = head.trim_end_matches(|letter: char| letter == ':' || letter.is_ascii_digit());
    if head[file.len()..].starts_with(':') { file } else { head }
}

/// Reads the number of a line or column.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}
