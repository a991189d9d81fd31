//! `planlint stats`: what a database knows of its data and what its log tells of statements, as a file to review and to
//! plan with.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use miette::Diagnostic;
use thiserror::Error;

use super::options::Secret;
use super::{Stop, output, terminal};
use crate::dialect::Dialect;
use crate::pull::{self, LogReading, Values};
use crate::scratch::postgres::session::{Address, Session};
use crate::scratch::sqlite::file::DatabaseFile;
use crate::snapshot::{self, Snapshot};

/// Options of `planlint stats`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  planlint stats pull --database-url postgres://reader@db.example/shop
  planlint stats log /var/log/postgresql/postgresql-15-main.log
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
    /// Counts the statements of a PostgreSQL log, and adds them to a file of statistics
    #[command(after_long_help = "\
Examples:
  planlint stats log /var/log/postgresql/postgresql-15-main.log
  zcat postgresql.log.*.gz | planlint stats log -

The server writes such a log with `log_min_duration_statement = 0` or with auto_explain, in the
form stderr, csvlog or jsonlog, in English. Texts are kept without values. The statements that
the file of statistics had before are replaced, everything else in it stays.")]
    Log(Log),
}

#[derive(Debug, Args)]
struct Log {
    /// The logs, in any order, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The file of statistics that they are added to; it is made where there is none
    #[arg(long, value_name = "FILE", default_value = snapshot::FILE)]
    out: PathBuf,
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
    #[error("`{path}` cannot be read: {cause}")]
    #[diagnostic(help("name a PostgreSQL log that you may read, or `-` for standard input"))]
    Unread { path: String, cause: std::io::Error },
    #[error("`{path}` is no file of statistics that statements could be added to: {cause}")]
    #[diagnostic(help("name another file, `--out FILE`"))]
    Unextended { path: String, cause: String },
    #[error("no statement was found in {messages} messages")]
    #[diagnostic(help(
        "the server tells statements with `log_min_duration_statement = 0` or with auto_explain, under `lc_messages = 'C'`"
    ))]
    Untold { messages: u64 },
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    match &options.command {
        Command::Pull(pull) => run_pull(pull),
        Command::Log(log) => run_log(log),
    }
}

fn run_log(log: &Log) -> Result<u8, Stop> {
    let mut reading = LogReading::default();
    for path in &log.files {
        let failed = |cause| StatsError::Unread { path: output::shown(&path.display().to_string()), cause };
        match path == Path::new("-") {
            true => reading.read(&mut std::io::stdin().lock()).map_err(failed)?,
            false => reading.read(&mut BufReader::new(File::open(path).map_err(failed)?)).map_err(failed)?,
        }
    }
    let (messages, cut, beyond) = (reading.messages, reading.cut, reading.beyond);
    let statements = reading.figures();
    if statements.longest.is_empty() {
        return Err(StatsError::Untold { messages }.into());
    }
    let mut summary = format!("{messages} messages: {} statements", statements.longest.len());
    for (count, why) in [(cut, "whose text is cut off"), (beyond, "of too many others to be told apart")] {
        if count > 0 {
            summary.push_str(&format!("\nleft out: {count} runs of statements {why}"));
        }
    }
    summary.push('\n');
    let snapshot = Snapshot { statements: Some(statements), ..extended(&log.out)? };
    write_out(&snapshot, &log.out)?;
    terminal::say(&summary);
    Ok(0)
}

/// The file of statistics as it is, or one that knows nothing.
fn extended(path: &Path) -> Result<Snapshot, StatsError> {
    let nothing = || Snapshot {
        planlint_stats: snapshot::FORM,
        product: Dialect::Postgres.as_str().to_owned(),
        ..Snapshot::default()
    };
    if path == Path::new("-") {
        return Ok(nothing());
    }
    let wrong = |cause: String| StatsError::Unextended { path: output::shown(&path.display().to_string()), cause };
    let known = match std::fs::read_to_string(path) {
        Ok(text) => Snapshot::read(&text).map_err(|error| wrong(error.to_string()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => nothing(),
        Err(error) => return Err(wrong(error.to_string())),
    };
    match known.is_of(Dialect::Postgres) {
        true => Ok(known),
        false => Err(wrong(format!("it is of a {} database", known.product))),
    }
}

fn run_pull(pull: &Pull) -> Result<u8, Stop> {
    let url = pull.database_url.as_ref().map(|url| url.reveal());
    let snapshot = match url.and_then(file_of) {
        Some(path) => from_file(path, pull)?,
        None => from_server(url, pull)?,
    };
    write_out(&snapshot, &pull.out)?;
    terminal::say(&summary(&snapshot, pull));
    Ok(0)
}

fn write_out(snapshot: &Snapshot, path: &Path) -> Result<(), Stop> {
    if path == Path::new("-") {
        return output::to_stdout(&|out: &mut dyn Write| out.write_all(snapshot.print().as_bytes()));
    }
    let failed = |cause| StatsError::Unwritten { path: path.display().to_string(), cause };
    Ok(output::to_file(path, &|out| out.write_all(snapshot.print().as_bytes())).map_err(failed)?)
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
