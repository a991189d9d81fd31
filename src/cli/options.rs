//! Options that several commands share.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::output::Destination;
use super::progress::Watched;
use crate::config::EngineChoice;
use crate::dialect::Dialect;
use crate::finding::{Confidence, Severity};
use crate::outcome::RunReport;

/// What to read and how to write the answer.
#[derive(Clone, Debug, Args)]
pub(super) struct Common {
    /// Folders or files to look at, `-` for standard input; of a file, the schema is taken from the project around it
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// Write the answer as FORMAT, to PATH if given; may be repeated
    #[arg(long, value_name = "FORMAT[=PATH]")]
    pub output: Vec<Destination>,

    #[command(flatten)]
    pub overrides: Overrides,

    /// Plan with the statistics in this file [default: planlint-stats.json beside the configuration]
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,

    /// Count the searches of indexes in this file too, pulled from a replica; may be repeated
    #[arg(long, value_name = "FILE")]
    pub replica_stats: Vec<PathBuf>,

    /// Plan on this PostgreSQL, as libpq reads it: `postgres://…` or `host=…`; the PG* variables say the rest
    #[cfg(unix)]
    #[arg(long, value_name = "URL", conflicts_with = "pg_bin")]
    pub scratch_url: Option<Secret>,

    /// The server of `--scratch-url` is a throw-away: its files may be changed, which gives costs
    #[cfg(unix)]
    #[arg(long, requires = "scratch_url")]
    pub scratch_owned: bool,

    /// Take standard input for the text of this file [default for `-`: stdin.sql]
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,

    /// Stop planning after this many seconds; what is known by then is reported and the status is 2
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,

    /// Also list what could not be read or planned, one by one
    #[arg(short, long)]
    pub verbose: bool,

    /// Put each query's plan, as a tree and in the engine's own words, into JSON
    #[arg(long)]
    pub plans: bool,

    /// Print how long each stage took to standard error
    #[arg(long)]
    pub timings: bool,

    /// Show no progress; it is only shown on a terminal, on standard error, and not where `CI` is set
    #[arg(long)]
    pub no_progress: bool,
}

/// The path that means standard input.
pub(super) const STDIN: &str = "-";

impl Common {
    /// Returns the name of the file that standard input is the text of, if it is read.
    pub(super) fn stdin(&self) -> Option<&Path> {
        let unnamed = || self.paths.iter().any(|path| path.as_os_str() == STDIN).then_some(Path::new("stdin.sql"));
        self.stdin_filename.as_deref().or_else(unnamed)
    }

    /// Says whether progress may be shown.
    pub(super) fn watched(&self) -> Watched {
        if self.no_progress { Watched::Never } else { Watched::Auto }
    }
}

/// Which configuration counts, and what is laid over it.
#[derive(Clone, Debug, Args)]
pub(super) struct Overrides {
    /// Read this configuration file, or set one key (`--config 'limits.min-rows = 1000'`); may be repeated
    #[arg(long, value_name = "FILE|KEY=VALUE")]
    pub config: Vec<String>,

    /// Ignore every `planlint.toml` and `pyproject.toml`
    #[arg(long)]
    pub isolated: bool,

    /// The SQL dialect, instead of telling it from the schema
    #[arg(long, value_enum)]
    pub dialect: Option<DialectName>,

    /// Who plans the queries; `none` starts no engine and judges them by their shape
    #[arg(long, value_enum)]
    pub engine: Option<EngineName>,

    /// The folder of PostgreSQL's server programs, instead of finding it
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<String>,

    /// A schema file or migration folder, instead of finding it; may be repeated. `models` or `migrations` alone: what
    /// the code declares
    #[arg(long, value_name = "PATH|models|migrations")]
    pub schema: Vec<String>,
}

/// A text that may hold a password: it is never printed.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// Returns the text.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Which rules run.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Run these rules only: names, `DEFAULT` or `ALL`, with commas between them
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Run these rules as well, even if the configuration ignores them
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub extend_select: Vec<String>,

    /// Do not run these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

/// Which rules run, and how sure an answer must be to be shown.
#[derive(Debug, Args)]
pub(super) struct Judging {
    #[command(flatten)]
    pub rules: Rules,

    /// Show what is at least this sure [default: high]
    #[arg(long, value_enum, value_name = "CONFIDENCE", conflicts_with = "audit")]
    pub min_confidence: Option<ConfidenceName>,

    /// Show every confidence, each place that sends what application code sends, and queries of tests and scripts whose text is wrong; nothing is advised for those
    #[arg(long)]
    pub audit: bool,
}

/// A confidence as typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum ConfidenceName {
    Low,
    Medium,
    High,
}

impl From<ConfidenceName> for Confidence {
    fn from(name: ConfidenceName) -> Self {
        match name {
            ConfidenceName::Low => Self::Low,
            ConfidenceName::Medium => Self::Medium,
            ConfidenceName::High => Self::High,
        }
    }
}

/// A severity as typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum SeverityName {
    Info,
    Warning,
    Error,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Info => Self::Info,
            SeverityName::Warning => Self::Warning,
            SeverityName::Error => Self::Error,
        }
    }
}

/// A dialect as typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum DialectName {
    /// PostgreSQL
    Postgres,
    /// SQLite
    Sqlite,
    /// MySQL and MariaDB
    Mysql,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Postgres => Self::Postgres,
            DialectName::Sqlite => Self::Sqlite,
            DialectName::Mysql => Self::Mysql,
        }
    }
}

/// An engine as typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum EngineName {
    /// The dialect's own engine where it can be had, else a stand-in for it
    Auto,
    /// The embedded SQLite
    Sqlite,
    /// A PostgreSQL server of our own
    Postgres,
    /// No engine at all
    None,
}

impl From<EngineName> for EngineChoice {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Auto => Self::Auto,
            EngineName::Sqlite => Self::Sqlite,
            EngineName::Postgres => Self::Postgres,
            EngineName::None => Self::None,
        }
    }
}

/// What evidence an answer must stand on.
#[derive(Debug, Args)]
pub(super) struct Evidence {
    /// Refuse to judge a dialect by a stand-in engine or without one
    #[arg(long)]
    require_engine: bool,
}

/// A dialect is not judged by its own engine.
#[derive(Debug, Error, Diagnostic)]
#[error("`{dialect}` is judged by {by}")]
#[diagnostic(help("leave out `--require-engine` to accept findings of tier `structure`"))]
pub(super) struct StandIn {
    dialect: String,
    by: String,
}

impl Evidence {
    /// Refuses a report that does not stand on the evidence asked for.
    pub(super) fn refuse(&self, report: &RunReport) -> Result<(), StandIn> {
        // Where nothing is planned, no engine is needed.
        let has_queries = |name: &str| report.queries.iter().any(|query| *query.database == *name);
        let stand_in = report
            .run
            .databases
            .iter()
            .find(|database| !database.native && database.tables > 0 && has_queries(&database.name));
        if !self.require_engine {
            return Ok(());
        }
        let queries = &report.coverage.queries;
        let Some(database) = stand_in else {
            return match report.run.databases.iter().find(|database| has_queries(&database.name)) {
                Some(database) if queries.judged > 0 && queries.planned == 0 && database.tables > 0 => {
                    let by = "the shape of its queries alone: its engine planned none of them".to_owned();
                    Err(StandIn { dialect: database.dialect.to_string(), by })
                }
                _ => Ok(()),
            };
        };
        let by = match &database.engine {
            Some(engine) => format!("a stand-in, {engine}"),
            None => "the shape of its queries alone".to_owned(),
        };
        Err(StandIn { dialect: database.dialect.to_string(), by })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "type a number of seconds, for example `--timeout 30`".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "type a positive number of seconds".to_owned())
}
