//! Options that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::output::Destination;
use crate::dialect::Dialect;
use crate::finding::Confidence;
use crate::outcome::RunReport;
use crate::query::PathClass;

/// What to read and how to write the answer.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Folders or files to look at; of a file, the schema is still taken from the project around it
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// Write the answer as FORMAT (`text`, `json`), to PATH if given; may be repeated
    #[arg(long, value_name = "FORMAT[=PATH]")]
    pub output: Vec<Destination>,

    /// The SQL dialect, instead of telling it from the schema
    #[arg(long, value_enum)]
    pub dialect: Option<DialectName>,

    /// A schema file or migration folder, instead of finding it; may be repeated
    #[arg(long, value_name = "PATH")]
    pub schema: Vec<String>,

    /// Ignore every `planlint.toml`
    #[arg(long)]
    pub isolated: bool,

    /// Read this file's text from standard input instead of from disk
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,

    /// Stop planning after this many seconds; what is known by then is reported and the status is 2
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,

    /// Also list what could not be read or planned, one by one
    #[arg(short, long)]
    pub verbose: bool,

    /// Print how long each stage took to standard error
    #[arg(long)]
    pub timings: bool,
}

/// How sure an answer must be to be shown.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Show what is at least this sure
    #[arg(long, value_enum, default_value = "high", conflicts_with = "audit")]
    min_confidence: ConfidenceName,

    /// Show everything: every confidence, and what tests, scripts and migrations send too
    #[arg(long)]
    audit: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ConfidenceName {
    Low,
    Medium,
    High,
}

impl Selection {
    /// Keeps the findings and the advice that were asked for.
    pub(super) fn keep(&self, report: &mut RunReport) {
        if self.audit {
            return;
        }
        let least = match self.min_confidence {
            ConfidenceName::Low => Confidence::Low,
            ConfidenceName::Medium => Confidence::Medium,
            ConfidenceName::High => Confidence::High,
        };
        report.findings.retain(|finding| finding.confidence >= least && finding.class == PathClass::App);
        report.advice.retain(|advice| advice.confidence >= least);
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

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "type a number of seconds, for example `--timeout 30`".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "type a positive number of seconds".to_owned())
}
