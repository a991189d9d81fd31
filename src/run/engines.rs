//! Which engine plans for which database, chosen before its queries are lowered: each engine wants a form of its own.

#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::time::Duration;

use super::RunError;
use super::analysis::{Analysis, Database};
use crate::config::{Config, EngineChoice};
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineKind, ScratchEngine};
use crate::query::Skip;
#[cfg(unix)]
use crate::scratch::NativeStatement;
use crate::scratch::none::NoEngine;
#[cfg(unix)]
use crate::scratch::postgres::cluster::{Choice, users_cache};
#[cfg(unix)]
use crate::scratch::postgres::find::{NotFound, Wanted, find};
#[cfg(unix)]
use crate::scratch::postgres::{PostgresEngine, Server};
use crate::scratch::sqlite::SqliteEngine;

/// How long one statement of the code base may take.
#[cfg(unix)]
const STATEMENT: Duration = Duration::from_secs(5);

/// The engines of a run, one a database.
pub(super) type Engines = Vec<Box<dyn ScratchEngine>>;

/// The programs that a run may start.
#[derive(Clone, Default)]
pub struct Programs {
    /// The folder of PostgreSQL's, where a user named one; they are looked for without.
    pub folder: Option<PathBuf>,
    /// The folders of the code base, as they really are: no program that is found there is run, and no cache there is
    /// believed.
    pub untrusted: Vec<PathBuf>,
    /// A PostgreSQL of ours that runs already and is used instead of a new one.
    #[cfg(unix)]
    pub running: Option<Arc<Server>>,
}

/// Chooses an engine for every database; each says of itself what it is, unless it is none.
pub(super) fn start(analysis: &mut Analysis, config: &Config, programs: &Programs) -> Result<Engines, RunError> {
    let mut engines = Vec::with_capacity(analysis.databases.len());
    for database in &mut analysis.databases {
        let (engine, skips) = engine(database, config.engine, programs)?;
        analysis.skips.extend(skips);
        database.engine = Some(engine.facts().clone()).filter(|facts| facts.kind != EngineKind::None);
        engines.push(engine);
    }
    Ok(engines)
}

/// The engine that plans for a database, with its schema where it runs the schema's own statements; and what it refused
/// of those.
fn engine(
    database: &Database,
    choice: EngineChoice,
    programs: &Programs,
) -> Result<(Box<dyn ScratchEngine>, Vec<Skip>), RunError> {
    let target = database.target;
    // MySQL's optimizer is too far from SQLite's for a plan to mean anything: its queries are judged by their shape.
    let stands_in = target.dialect != Dialect::Mysql;
    match choice {
        EngineChoice::Postgres if target.dialect == Dialect::Postgres => postgres(database, programs),
        EngineChoice::Auto | EngineChoice::Sqlite if stands_in => Ok((Box::new(SqliteEngine::new(target)), Vec::new())),
        EngineChoice::Auto | EngineChoice::None => Ok((Box::new(NoEngine::new(target)), Vec::new())),
        EngineChoice::Sqlite => Err(unfit(EngineKind::Sqlite, target, "judge these queries by their shape")),
        EngineChoice::Postgres => Err(unfit(EngineKind::Postgres, target, "plan these queries on another engine")),
    }
}

/// A PostgreSQL of our own, with the schema.
#[cfg(unix)]
fn postgres(database: &Database, programs: &Programs) -> Result<(Box<dyn ScratchEngine>, Vec<Skip>), RunError> {
    let mut engine = match &programs.running {
        Some(server) => PostgresEngine::within(server, database.target)?,
        None => PostgresEngine::start(&choice(database.target, programs)?, database.target)?,
    };
    let statements: Vec<NativeStatement<'_>> =
        database.ddl.iter().map(|(sql, place)| NativeStatement { sql, place: *place }).collect();
    let skips = engine.apply(&statements, &database.catalog)?;
    Ok((Box::new(engine), skips))
}

/// The programs of the version nearest to production's.
#[cfg(unix)]
fn choice(target: Target, programs: &Programs) -> Result<Choice, RunError> {
    let major = target.version.map(|version| u32::from(version.major));
    let Programs { folder, untrusted, .. } = programs;
    let binaries = find(&Wanted { folder: folder.as_deref(), major, untrusted })
        .map_err(|not| missing(folder.as_deref(), &not))?;
    Ok(Choice { binaries, cache: users_cache(untrusted), statement_timeout: STATEMENT })
}

#[cfg(not(unix))]
fn postgres(_: &Database, _: &Programs) -> Result<(Box<dyn ScratchEngine>, Vec<Skip>), RunError> {
    Err(RunError::Config {
        message: "a PostgreSQL server of our own is only started on Unix".to_owned(),
        help: LEAVE_OUT.to_owned(),
        key: vec!["engine".to_owned()],
    })
}

const LEAVE_OUT: &str = "leave out `--engine` to plan on SQLite as a stand-in";

fn unfit(engine: EngineKind, target: Target, otherwise: &str) -> RunError {
    RunError::Config {
        message: format!("`{}` cannot plan what is written for `{}`", engine.as_str(), target.dialect),
        help: format!("leave out `--engine` to {otherwise}"),
        key: vec!["engine".to_owned()],
    }
}

/// What was looked at instead of a server's programs, in the folder that was named or everywhere.
#[cfg(unix)]
fn missing(named: Option<&Path>, not: &NotFound) -> RunError {
    let mut seen = not.unusable.iter().map(|(folder, reason)| format!("`{}`: {reason}", folder.display()));
    if let Some(named) = named {
        let folder = format!("`{}` cannot be used", named.display());
        return RunError::Config {
            message: seen.next().map_or(folder, |seen| format!("no programs of a PostgreSQL server in {seen}")),
            help: "name the folder that holds `postgres` and `initdb`, for example \
                   `--pg-bin /usr/lib/postgresql/17/bin`"
                .to_owned(),
            key: vec!["pg-bin".to_owned()],
        };
    }
    let seen = seen.next().map_or(String::new(), |seen| format!("; {seen}"));
    RunError::Config {
        message: format!("no programs of a PostgreSQL server, 12 to 18, are found{seen}"),
        help: format!(
            "install them (`apt install postgresql`, `brew install postgresql`), name their folder with `--pg-bin DIR`, \
             or {LEAVE_OUT}"
        ),
        key: vec!["engine".to_owned()],
    }
}
