//! Which engine plans for which database, chosen before its queries are lowered: each engine wants a form of its own.

#[cfg(unix)]
mod postgres;

use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;
use std::time::Duration;

use super::RunError;
use super::analysis::{Analysis, Database};
use super::policy::Policy;
use crate::config::EngineChoice;
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineKind, ScratchEngine};
use crate::query::{QuerySite, Skip, SkipStage};
use crate::scratch::none::NoEngine;
#[cfg(unix)]
use crate::scratch::postgres::Server;
#[cfg(unix)]
use crate::scratch::postgres::offered::Offer;
use crate::scratch::sqlite::SqliteEngine;
use crate::snapshot::Snapshot;
use crate::source::HostSpan;

/// How long one statement of the code base may take.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// A PostgreSQL of the user's, which is used instead of one of ours.
    #[cfg(unix)]
    pub offered: Option<Offer>,
}

impl Programs {
    /// Says whether a user offers a server of theirs.
    #[cfg(unix)]
    pub(super) fn is_offered(&self) -> bool {
        self.offered.is_some()
    }

    /// Says whether a user offers a server of theirs.
    #[cfg(not(unix))]
    pub(super) fn is_offered(&self) -> bool {
        false
    }
}

/// What engines are chosen by.
pub(super) struct Choosing<'a> {
    /// Who was asked for.
    pub choice: EngineChoice,
    /// What may be started; nothing by itself without it.
    pub programs: Option<&'a Programs>,
    /// Why a server of ours, which was chosen before, is of no use.
    pub failed: Option<&'a str>,
    /// What is asked for.
    pub policy: &'a Policy<'a>,
    /// What production knows of its data.
    pub figures: Option<&'a Snapshot>,
}

/// An engine, and what is to be said about it.
struct Chosen {
    engine: Box<dyn ScratchEngine>,
    /// Why it is this one, where that is not plain.
    reason: Option<String>,
    skips: Vec<Skip>,
}

impl Chosen {
    fn new(engine: impl ScratchEngine + 'static) -> Self {
        Self { engine: Box::new(engine), reason: None, skips: Vec::new() }
    }

    fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }
}

impl Choosing<'_> {
    /// Chooses an engine for every database; each says of itself what it is, unless it is none.
    pub(super) fn start(&self, analysis: &mut Analysis) -> Result<Engines, RunError> {
        let mut engines = Vec::with_capacity(analysis.databases.len());
        // One engine cannot plan all dialects of a tree; one that plans none of them was not meant.
        let some_fit = analysis.databases.iter().any(|database| self.fits(database.target.dialect));
        for (number, database) in analysis.databases.iter_mut().enumerate() {
            let is_asked = |site: &QuerySite| self.policy.is_asked(&analysis.files[site.place.file.0 as usize].path);
            let is_planned = |site: &QuerySite| site.class.is_judged() && !site.variants.is_empty() && is_asked(site);
            let of_it = |site: &&QuerySite| usize::from(site.database.0) == number && is_planned(site);
            let mut planned: Vec<&QuerySite> = analysis.sites.iter().filter(of_it).collect();
            if database.catalog.tables.is_empty() {
                planned.clear();
            }
            let chosen = match self.fits(database.target.dialect) || !some_fit {
                true => self.choose(database, &planned)?,
                false => self.beside(database, &planned)?,
            };
            let Chosen { engine, reason, skips } = chosen;
            analysis.skips.extend(skips);
            database.engine = Some(engine.facts().clone()).filter(|facts| facts.kind != EngineKind::None);
            database.engine_reason = reason;
            engines.push(engine);
        }
        Ok(engines)
    }

    /// How production orders text, if it is known.
    fn collation(&self, target: Target) -> Option<&str> {
        self.figures.filter(|figures| figures.is_of(target.dialect))?.collation.as_deref()
    }

    /// Says whether the engine that was asked for plans a dialect.
    fn fits(&self, dialect: Dialect) -> bool {
        match self.choice {
            EngineChoice::Auto | EngineChoice::None => true,
            EngineChoice::Sqlite => dialect != Dialect::Mysql,
            EngineChoice::Postgres => dialect == Dialect::Postgres,
        }
    }

    /// The engine for a database beside others that the engine which was asked for plans.
    fn beside(&self, database: &Database, planned: &[&QuerySite]) -> Result<Chosen, RunError> {
        let chosen = Choosing { choice: EngineChoice::Auto, ..*self }.choose(database, planned)?;
        if chosen.engine.facts().kind == EngineKind::None {
            return Ok(chosen);
        }
        let named = if self.choice == EngineChoice::Postgres { EngineKind::Postgres } else { EngineKind::Sqlite };
        let reason = format!("`{}` plans nothing that is written for `{}`", named.as_str(), database.target.dialect);
        Ok(chosen.because(reason))
    }

    /// The engine for a database, of which these are the queries to plan.
    fn choose(&self, database: &Database, planned: &[&QuerySite]) -> Result<Chosen, RunError> {
        let target = database.target;
        let none = || Ok(Chosen::new(NoEngine::new(target)));
        match (self.choice, target.dialect, planned) {
            (EngineChoice::None, ..) => none(),
            // No server is started for nothing.
            (EngineChoice::Postgres, Dialect::Postgres, []) => {
                let lacks =
                    if database.catalog.tables.is_empty() { "table is known" } else { "query is to be planned" };
                Ok(none()?.because(format!("no {lacks}")))
            }
            (EngineChoice::Postgres, Dialect::Postgres, _) => {
                let programs = self.programs.cloned().unwrap_or_default();
                postgres::find(target, &programs, self.collation(target))?.start(database, planned)
            }
            (EngineChoice::Postgres, ..) => {
                Err(unfit(EngineKind::Postgres, target, "plan these queries on another engine"))
            }
            // MySQL's optimizer is too far from SQLite's for a plan to mean anything: its queries are judged by their shape.
            (EngineChoice::Auto, Dialect::Mysql, _) => none(),
            (EngineChoice::Sqlite, Dialect::Mysql, _) => {
                Err(unfit(EngineKind::Sqlite, target, "judge these queries by their shape"))
            }
            (EngineChoice::Auto, Dialect::Postgres, [first, ..]) => self.best(database, first, planned),
            (EngineChoice::Auto | EngineChoice::Sqlite, ..) => Ok(Chosen::new(SqliteEngine::new(target))),
        }
    }

    /// PostgreSQL itself where it can be had, else the stand-in.
    fn best(&self, database: &Database, first: &QuerySite, planned: &[&QuerySite]) -> Result<Chosen, RunError> {
        let stand_in = Chosen::new(SqliteEngine::new(database.target));
        let Some(programs) = self.programs else { return Ok(stand_in) };
        if let Some(failed) = self.failed {
            let place = HostSpan { start: 0, end: 0, ..first.place };
            let skip = Skip { stage: SkipStage::Engine, reason: "engine-failed", detail: failed.to_owned(), place };
            let reason = format!("PostgreSQL itself was of no use: {failed}");
            return Ok(Chosen { skips: vec![skip], ..stand_in.because(reason) });
        }
        match postgres::find(database.target, programs, self.collation(database.target)) {
            Ok(found) => found.start(database, planned),
            // A folder that was named and is wrong is a mistake, not a lack.
            Err(error) if programs.folder.is_some() => Err(error),
            Err(error) => Ok(stand_in.because(format!("{error}; {}", postgres::HINT))),
        }
    }
}

fn unfit(engine: EngineKind, target: Target, otherwise: &str) -> RunError {
    RunError::Config {
        message: format!("`{}` cannot plan what is written for `{}`", engine.as_str(), target.dialect),
        help: format!("leave out `--engine` to {otherwise}"),
        key: vec!["engine".to_owned()],
    }
}

/// Nothing of ours is started elsewhere.
#[cfg(not(unix))]
mod postgres {
    use super::{Chosen, Database, Programs, QuerySite, RunError, Target};

    pub(super) const HINT: &str = "there PostgreSQL itself plans";

    pub(super) enum Nothing {}

    pub(super) fn find(_: Target, _: &Programs) -> Result<Nothing, RunError> {
        Err(RunError::Config {
            message: "a PostgreSQL server of our own is only started on Unix".to_owned(),
            help: "leave out `--engine` to plan on SQLite as a stand-in".to_owned(),
            key: vec!["engine".to_owned()],
        })
    }

    impl Nothing {
        pub(super) fn start(&self, _: &Database, _: &[&QuerySite]) -> Result<Chosen, RunError> {
            match *self {}
        }
    }
}
