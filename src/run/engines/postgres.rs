//! A PostgreSQL of our own, from the programs that are installed.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::{Chosen, Programs, STATEMENT_TIMEOUT};
use crate::dialect::Target;
use crate::query::QuerySite;
use crate::run::RunError;
use crate::run::analysis::Database;
use crate::scratch::NativeStatement;
use crate::scratch::postgres::cluster::{Choice, users_cache};
use crate::scratch::postgres::find::{self, NotFound, Wanted};
use crate::scratch::postgres::offered::{Offer, Reach};
use crate::scratch::postgres::{PostgresEngine, Server};

/// How PostgreSQL itself is had.
pub(super) const HINT: &str = "with them (`apt install postgresql`, `brew install postgresql`, `--pg-bin DIR`) \
                               PostgreSQL itself plans";

/// Below so many queries, a copy of the database was seen to cost more time than it saves (`docs/evidence.md`).
const MANY: usize = 3_000;
/// Databases that are planned in at once.
const LANES: usize = 2;

/// What is to be started, or runs already.
pub(super) enum Found {
    /// Programs, and why these.
    Installed(Choice, &'static str),
    /// A server of ours.
    Running(Arc<Server>),
    /// A server of the user's.
    Offered(Offer),
}

/// Finds the programs that fit best; a database is made under production's collation.
pub(super) fn find(target: Target, programs: &Programs, collation: Option<&str>) -> Result<Found, RunError> {
    let Programs { folder, untrusted, running, offered } = programs;
    let collation = collation.map(str::to_owned);
    match (offered, running) {
        (Some(offer), _) => return Ok(Found::Offered(Offer { collation, ..offer.clone() })),
        (None, Some(server)) => return Ok(Found::Running(server.clone())),
        (None, None) => {}
    }
    let wanted = Wanted { folder: folder.as_deref(), major: major(target), untrusted };
    let binaries = find::find(&wanted).map_err(|not| missing(folder.as_deref(), &not))?;
    let reason = match (folder, major(target)) {
        (Some(_), _) => "the server that `--pg-bin` or `pg-bin` names",
        (None, Some(major)) if major == binaries.version.major => "as in production",
        (None, _) => "the newest that is installed",
    };
    let choice = Choice {
        binaries,
        cache: users_cache(untrusted),
        statement_timeout: STATEMENT_TIMEOUT,
        untrusted: untrusted.clone(),
        collation,
    };
    Ok(Found::Installed(choice, reason))
}

impl Found {
    /// Starts a server with a database's schema, for these queries.
    pub(super) fn start(&self, database: &Database, planned: &[&QuerySite]) -> Result<Chosen, RunError> {
        let statements: Vec<NativeStatement<'_>> =
            database.ddl.iter().map(|(sql, place)| NativeStatement { sql, place: *place }).collect();
        let (engine, skips, reason) = match self {
            Self::Installed(choice, reason) => {
                let made = PostgresEngine::with_schema(choice, database.target, &statements, &database.catalog)?;
                (made.0.with_lanes(lanes(planned))?, made.1, *reason)
            }
            Self::Running(server) => {
                let mut engine = PostgresEngine::within(server, database.target)?;
                let skips = engine.apply(&statements, &database.catalog)?;
                (engine, skips, "which runs already")
            }
            Self::Offered(offer) => {
                let mut engine = PostgresEngine::on(offer, database.target)?;
                let skips = engine.apply(&statements, &database.catalog)?;
                let reason = offered(engine.reach());
                (engine, skips, reason)
            }
        };
        Ok(Chosen { skips, ..Chosen::new(engine).because(reason) })
    }
}

/// In how many databases at once these queries are planned. One query sent from many places is planned once.
fn lanes(planned: &[&QuerySite]) -> usize {
    let texts: HashSet<&str> = planned.iter().flat_map(|site| &site.variants).map(|variant| &*variant.sql).collect();
    if texts.len() < MANY { 1 } else { rayon::current_num_threads().min(LANES) }
}

/// What a server of the user's is good for.
fn offered(reach: Reach) -> &'static str {
    match reach {
        Reach::Costs => "the server that `--scratch-url` offers",
        Reach::Structure => {
            "the server that `--scratch-url` offers, on empty tables; a superuser's `--scratch-owned` gives costs"
        }
        Reach::Tables => {
            "the server that `--scratch-url` offers, on empty tables without the functions and views of the schema \
             and the indexes on such functions: its role may make no other (`CREATEROLE`) to run them"
        }
    }
}

fn major(target: Target) -> Option<u32> {
    target.version.map(|version| u32::from(version.major))
}

/// What was looked at instead of a server's programs, in the folder that was named or everywhere.
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
        help: "install them (`apt install postgresql`, `brew install postgresql`), name their folder with `--pg-bin \
               DIR`, or leave out `--engine` to plan on SQLite as a stand-in"
            .to_owned(),
        key: vec!["engine".to_owned()],
    }
}
