//! `planlint stats pull`: what a database knows of its data, as a file to review and to plan with.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use miette::Diagnostic;
use thiserror::Error;

use super::options::Secret;
use super::{Stop, output, terminal};
use crate::pull::{self, Values};
use crate::scratch::postgres::session::{Address, Session};
use crate::scratch::sqlite::file::DatabaseFile;
use crate::snapshot::{self, Snapshot};

/// Options of `planlint stats`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  planlint stats pull --database-url postgres://reader@db.example/shop
  planlint check --stats planlint-stats.json")]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads a database's statistics into a file, in one read-only transaction
    #[command(after_long_help = "\
Examples:
  planlint stats pull --database-url postgres://reader@db.example/shop
  PGHOST=db.example PGUSER=reader PGDATABASE=shop planlint stats pull --out -
  planlint stats pull --database-url sqlite:shop.db

The file holds counts, no value of the data; `--with-values` adds the most common values and
the bounds of histograms, which make plans exact. Commit it beside `planlint.toml`.")]
    Pull(Pull),
}

#[derive(Debug, Args)]
struct Pull {
    /// The database: `sqlite:PATH`, or as libpq reads it, `postgres://…` or `host=… dbname=…`; the PG* variables say the rest
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,

    /// Write to this file, `-` for standard output
    #[arg(long, value_name = "FILE", default_value = snapshot::FILE)]
    out: PathBuf,

    /// Also write values that occur in the data: the most common ones and the bounds of histograms
    #[arg(long)]
    with_values: bool,
}

/// Why there are no statistics.
#[derive(Debug, Error, Diagnostic)]
enum StatsError {
    #[error("the database cannot be asked: {0}")]
    #[diagnostic(help("type `--database-url postgres://USER@HOST/NAME`, or set `PGHOST`, `PGUSER` and `PGDATABASE`"))]
    Unasked(String),
    #[error("the database does not answer: {0}")]
    #[diagnostic(help("any role that may connect will do; it sees the columns that it may read"))]
    Unanswered(String),
    #[error("`{path}` cannot be read as a SQLite database: {words}")]
    #[diagnostic(help(
        "type `--database-url sqlite:PATH` for a database file that you may read and that nobody holds for long"
    ))]
    File { path: String, words: String },
    #[error("`--with-values` has nothing to add for SQLite: its scratch databases are told no values")]
    #[diagnostic(help("leave `--with-values` out"))]
    Valueless,
    #[error("`{path}` cannot be written: {cause}")]
    #[diagnostic(help("name a file in a folder that exists, `--out FILE`, or `--out -` for standard output"))]
    Unwritten { path: String, cause: std::io::Error },
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let Command::Pull(pull) = &options.command;
    let url = pull.database_url.as_ref().map(|url| url.reveal());
    let snapshot = match url.and_then(file_of) {
        Some(path) => from_file(path, pull)?,
        None => from_server(url, pull)?,
    };
    if pull.out == Path::new("-") {
        output::to_stdout(&|out: &mut dyn Write| out.write_all(snapshot.print().as_bytes()))?;
    } else {
        let failed = |cause| StatsError::Unwritten { path: pull.out.display().to_string(), cause };
        output::to_file(&pull.out, &|out| out.write_all(snapshot.print().as_bytes())).map_err(failed)?;
    }
    terminal::say(&summary(&snapshot, pull));
    Ok(0)
}

/// The path of a SQLite database, as the libraries of several languages write it.
fn file_of(url: &str) -> Option<&Path> {
    let path = ["sqlite://", "sqlite:"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
    Some(Path::new(path.split_once('?').map_or(path, |(path, _)| path)))
}

fn from_file(path: &Path, pull: &Pull) -> Result<Snapshot, StatsError> {
    if pull.with_values {
        return Err(StatsError::Valueless);
    }
    let failed = |words| StatsError::File { path: path.display().to_string(), words };
    let file = DatabaseFile::open(path).map_err(failed)?;
    pull::sqlite(&mut |sql| file.rows(sql), file.writer.as_deref()).map_err(failed)
}

fn from_server(url: Option<&str>, pull: &Pull) -> Result<Snapshot, StatsError> {
    let variable = |name: &str| std::env::var(name).ok();
    let address = Address::read(url, &variable).map_err(StatsError::Unasked)?;
    let connected = Session::connect(&address).map_err(|error| StatsError::Unasked(error.to_string()));
    let (mut session, _) = connected?;
    let values = if pull.with_values { Values::Shown } else { Values::Hidden };
    let mut ask = |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    pull::postgres(&mut ask, values).map_err(StatsError::Unanswered)
}

fn summary(snapshot: &Snapshot, pull: &Pull) -> String {
    let columns: usize = snapshot.tables.values().map(|table| table.columns.len()).sum();
    let counted = snapshot.tables.values().filter(|table| table.rows.is_some()).count();
    let indexes: usize = snapshot.tables.values().map(|table| table.indexes.len()).sum();
    let statements = match &snapshot.statements {
        Some(statements) => format!("{} statements", statements.longest.len()),
        None => "no statements".to_owned(),
    };
    let mut text = format!(
        "{} {}: {counted} of {} tables counted, {columns} columns known, {indexes} indexes, {statements}, {}",
        snapshot.product,
        snapshot.version,
        snapshot.tables.len(),
        if pull.with_values { "with values" } else { "no values" }
    );
    let refused = snapshot.missing.iter().any(|missing| missing.starts_with("statements: "));
    if snapshot.statements.is_none() && snapshot.product == "postgres" && !refused {
        text.push_str("\nno statements: `CREATE EXTENSION pg_stat_statements` counts them");
    }
    for missing in &snapshot.missing {
        text.push_str("\nmissing: ");
        text.push_str(missing);
    }
    text.push('\n');
    text
}
