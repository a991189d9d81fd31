//! The engines that pages are run on: the embedded SQLite, and one PostgreSQL for all cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use planlint::config::{Config, EngineChoice};
use planlint::dialect::Dialect;
use planlint::engine::Deadline;
use planlint::outcome::RunReport;
#[cfg(unix)]
use planlint::run::Programs;
use planlint::run::{Ask, Goal, Here, Plans, Session};
#[cfg(unix)]
use planlint::scratch::postgres::Server;
use planlint::snapshot::Snapshot;
use planlint::source::TreePath;
use planlint::tree::{Content, FileKind, Tree, TreeError, TreeFile};

use super::cases::STATS;

/// What a page may name.
pub const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// An engine to run cases on.
#[derive(Clone)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// A server that runs.
    #[cfg(unix)]
    Postgres(Arc<Server>),
}

/// The engines there are.
pub fn all() -> Vec<Engine> {
    [Some(Engine::Sqlite), postgres()].into_iter().flatten().collect()
}

/// A PostgreSQL; none where its programs are not found and not required.
#[cfg(unix)]
pub fn postgres() -> Option<Engine> {
    use planlint::scratch::postgres::cluster::{Choice, users_cache};
    use planlint::scratch::postgres::find::{Wanted, find};
    let typed = std::env::var_os("PLANLINT_TEST_PG_BIN").map(std::path::PathBuf::from);
    match find(&Wanted { folder: typed.as_deref(), ..Wanted::default() }) {
        Ok(binaries) => {
            let statement_timeout = std::time::Duration::from_secs(5);
            let choice =
                Choice { binaries, cache: users_cache(&[]), statement_timeout, untrusted: Vec::new(), collation: None };
            Some(Engine::Postgres(Arc::new(Server::start(&choice).expect("it starts"))))
        }
        Err(not) => {
            let required = std::env::var("PLANLINT_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(!required, "no PostgreSQL is found: {not:?}");
            eprintln!("skipped: no PostgreSQL is found, {} are unusable", not.unusable.len());
            None
        }
    }
}

/// There is none of ours there.
#[cfg(not(unix))]
pub fn postgres() -> Option<Engine> {
    None
}

impl Engine {
    /// Its name on pages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => ENGINES[0],
            #[cfg(unix)]
            Self::Postgres(_) => ENGINES[1],
        }
    }

    /// Says whether a fence with these settings is for it: `engine=postgres`, and the server's version as `min=` and
    /// `max=` bound it.
    pub fn is_meant(&self, settings: &BTreeMap<&str, &str>) -> bool {
        let bound = |key: &str| settings.get(key).map(|major| major.parse::<u32>().expect("a major version"));
        let named = settings.get("engine").is_none_or(|name| *name == self.name());
        named
            && match self {
                Self::Sqlite => true,
                #[cfg(unix)]
                Self::Postgres(server) => {
                    bound("min").is_none_or(|least| server.major() >= least)
                        && bound("max").is_none_or(|most| server.major() <= most)
                }
            }
    }

    /// Says whether it can plan what a configuration is about.
    pub fn plans(&self, config: &str) -> bool {
        let config: Config = toml::from_str(config).unwrap_or_else(|error| panic!("{error}"));
        matches!(self, Self::Sqlite) || config.dialect.is_none_or(|dialect| dialect == Dialect::Postgres)
    }

    /// Analyses files; they are in the engine's own dialect where the configuration names none.
    pub fn analyse(&self, files: &BTreeMap<String, String>, config: &str) -> Result<RunReport, String> {
        let mut config: Config = toml::from_str(config).map_err(|error| error.to_string())?;
        let session = match self {
            Self::Sqlite => {
                let dialect = *config.dialect.get_or_insert(Dialect::Sqlite);
                // What is written for MySQL has no stand-in.
                config.engine = if dialect == Dialect::Mysql { EngineChoice::None } else { EngineChoice::Sqlite };
                Session::new(config)
            }
            #[cfg(unix)]
            Self::Postgres(server) => {
                config.dialect.get_or_insert(Dialect::Postgres);
                config.engine = EngineChoice::Postgres;
                let running = Some(server.clone());
                Session::new(config).starting(Programs { running, ..Programs::default() })
            }
        };
        let read = |text: &String| Snapshot::read(text).map_err(|error| error.to_string());
        let figures = files.get(STATS).map(read).transpose()?;
        let replicas = files.iter().filter(|(path, _)| path.ends_with("-stats.json") && *path != STATS);
        let replicas: Vec<Snapshot> = replicas.map(|(_, text)| read(text)).collect::<Result<_, _>>()?;
        let mut session = session.knowing(figures).counting(replicas);
        let (here, until) = (Here::Within(""), Deadline(None));
        let ask = Ask { goal: Goal::Check, here, scope: &[], until, plans: Plans::Omitted };
        session.analyse(&Files(files), &ask).map_err(|error| error.to_string())
    }
}

/// A tree in memory.
struct Files<'a>(&'a BTreeMap<String, String>);

impl Tree for Files<'_> {
    fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
        let files = self.0.iter();
        Ok(files
            .map(|(path, text)| TreeFile { path: TreePath::new(path), bytes: text.len() as u64, kind: FileKind::File })
            .collect())
    }

    fn read(&self, path: &TreePath) -> Result<Content, TreeError> {
        let text = self.0.get(path.as_str()).ok_or_else(|| TreeError::NotFound(path.clone()))?;
        Ok(Content::Text(Arc::from(text.as_str())))
    }
}
