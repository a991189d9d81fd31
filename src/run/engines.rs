//! Which engine plans for which database, chosen before its queries are lowered: each engine wants a form of its own.

use super::RunError;
use super::analysis::Analysis;
use crate::config::{Config, EngineChoice};
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineKind, ScratchEngine};
use crate::scratch::none::NoEngine;
use crate::scratch::sqlite::SqliteEngine;

/// The engines of a run, one a database.
pub(super) type Engines = Vec<Box<dyn ScratchEngine>>;

/// Chooses an engine for every database; each says of itself what it is, unless it is none.
pub(super) fn start(analysis: &mut Analysis, config: &Config) -> Result<Engines, RunError> {
    let mut engines = Vec::with_capacity(analysis.databases.len());
    for database in &mut analysis.databases {
        let engine = engine(database.target, config.engine)?;
        database.engine = Some(engine.facts().clone()).filter(|facts| facts.kind != EngineKind::None);
        engines.push(engine);
    }
    Ok(engines)
}

/// The engine that plans for a target.
fn engine(target: Target, choice: EngineChoice) -> Result<Box<dyn ScratchEngine>, RunError> {
    // MySQL's optimizer is too far from SQLite's for a plan to mean anything: its queries are judged by their shape.
    let stands_in = target.dialect != Dialect::Mysql;
    match choice {
        EngineChoice::Auto | EngineChoice::Sqlite if stands_in => Ok(Box::new(SqliteEngine::new(target))),
        EngineChoice::Auto | EngineChoice::None => Ok(Box::new(NoEngine::new(target))),
        EngineChoice::Sqlite => Err(RunError::Config {
            message: format!("`sqlite` cannot plan what is written for `{}`", target.dialect),
            help: "leave out `--engine` to judge these queries by their shape".to_owned(),
            key: vec!["engine".to_owned()],
        }),
    }
}
