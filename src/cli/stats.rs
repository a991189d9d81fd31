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

The file holds counts, no value of the data; `--with-values` adds the most common values and
the bounds of histograms, which make plans exact. Commit it beside `planlint.toml`.")]
    Pull(Pull),
}

#[derive(Debug, Args)]
struct Pull {
    /// The database, as libpq reads it: `postgres://…` or `host=… dbname=…`; the PG* variables say the rest
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
    #[error("`{path}` cannot be written: {cause}")]
    #[diagnostic(help("name a file in a folder that exists, `--out FILE`, or `--out -` for standard output"))]
    Unwritten { path: String, cause: std::io::Error },
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<u8, Stop> {
    let Command::Pull(pull) = &options.command;
    let url = pull.database_url.as_ref().map(|url| url.reveal());
    let variable = |name: &str| std::env::var(name).ok();
    let address = Address::read(url, &variable).map_err(StatsError::Unasked)?;
    let connected = Session::connect(&address).map_err(|error| StatsError::Unasked(error.to_string()));
    let (mut session, _) = connected?;
    let values = if pull.with_values { Values::Shown } else { Values::Hidden };
    let mut ask = |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    let snapshot = pull::postgres(&mut ask, values).map_err(StatsError::Unanswered)?;
    if pull.out == Path::new("-") {
        output::to_stdout(&|out: &mut dyn Write| out.write_all(snapshot.print().as_bytes()))?;
    } else {
        let failed = |cause| StatsError::Unwritten { path: pull.out.display().to_string(), cause };
        output::to_file(&pull.out, &|out| out.write_all(snapshot.print().as_bytes())).map_err(failed)?;
    }
    terminal::say(&summary(&snapshot, pull));
    Ok(0)
}

fn summary(snapshot: &Snapshot, pull: &Pull) -> String {
    let columns: usize = snapshot.tables.values().map(|table| table.columns.len()).sum();
    let counted = snapshot.tables.values().filter(|table| table.rows.is_some()).count();
    let mut text = format!(
        "{} {}: {counted} of {} tables counted, {columns} columns known, {}",
        snapshot.product,
        snapshot.version,
        snapshot.tables.len(),
        if pull.with_values { "with values" } else { "no values" }
    );
    for missing in &snapshot.missing {
        text.push_str("\nmissing: ");
        text.push_str(missing);
    }
    text.push('\n');
    text
}
