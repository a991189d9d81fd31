//! One run, from a tree to a report.
//!
//! `facts → link → schema → sites → shape → lower → plan → advise → rules → report`: each stage is a pure function over
//! the plain data of the one before (`run::stages`); the [`Session`] around them owns the threads and the engines. No
//! stage knows where the tree comes from, and nothing here knows a report format.

mod analysis;
mod classes;
mod concrete;
mod doubt;
mod engines;
mod entries;
mod explain;
mod findings;
mod judge;
mod lines;
mod load;
mod order;
mod policy;
mod progress;
mod report;
mod stages;
mod suppressions;
mod timings;
mod understood;
mod upkeep;
mod weights;
mod workload;

use std::time::Duration;

use miette::Diagnostic;
use rayon::prelude::*;
use thiserror::Error;

use crate::config::{Config, EngineChoice};
use crate::engine::{Deadline, ScratchError};
use crate::host::code::Code;
use crate::orm;
use crate::outcome::RunReport;
use crate::snapshot::Snapshot;
use crate::source::TreePath;
use crate::tree::{Tree, TreeError};
use concrete::Quotes;
use engines::Choosing;
pub use engines::{Programs, STATEMENT_TIMEOUT};
pub use explain::Focus;
use policy::Policy;
pub use progress::Progress;
use progress::Unwatched;
pub use stages::reads;
use timings::{Timings, Watch};

/// What a run is for: later stages are left out when nothing of them is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal<'a> {
    /// The schema.
    Schema,
    /// The schema and the queries' patterns.
    Queries,
    /// Advice, without findings.
    Advise,
    /// How some queries are judged, and the advice that serves them.
    Explain(Focus<'a>),
    /// Everything.
    Check,
}

/// The folder that the paths of a report are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here<'a> {
    /// A folder of the tree; empty for its root.
    Within(&'a str),
    /// One outside of it, and what leads from there to the tree (`../app/`).
    Outside(&'a str),
}

impl Here<'_> {
    /// Writes a path of the tree as it is called from here.
    pub fn path(self, path: &TreePath) -> String {
        let folder = match self {
            Self::Outside(way) => return format!("{way}{path}"),
            Self::Within(folder) => folder,
        };
        let mut parts = folder.split('/').filter(|part| !part.is_empty()).peekable();
        let mut rest = path.as_str();
        while let Some((_, below)) = rest.split_once('/').filter(|(first, _)| parts.peek() == Some(first)) {
            parts.next();
            rest = below;
        }
        "../".repeat(parts.count()) + rest
    }
}

/// What is asked of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// How far to go.
    pub goal: Goal<'a>,
    /// Where the report's paths start.
    pub here: Here<'a>,
    /// The files or folders whose queries alone are asked for; everything when empty.
    pub scope: &'a [TreePath],
    /// When to stop planning.
    pub until: Deadline,
    /// Whether the report holds each query's plan.
    pub plans: Plans,
}

/// Whether a report holds plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plans {
    /// It does not.
    #[default]
    Omitted,
    /// Each query's, as a short tree and in the engine's words.
    Shown,
}

/// Why a run could not be made.
#[derive(Debug, Error, Diagnostic)]
pub enum RunError {
    /// The tree could not be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tree(#[from] TreeError),
    /// The scratch engine failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Scratch(#[from] ScratchError),
    /// The configuration names something that is not there.
    #[error("{message}")]
    #[diagnostic(help("{help}"))]
    Config {
        /// What was seen.
        message: String,
        /// What to type.
        help: String,
        /// The key that names it: `["tables", "orders", "always"]`.
        key: Vec<String>,
    },
    /// There is no query where one was to be explained.
    #[error("{message}")]
    #[diagnostic(help("{help}"))]
    Nothing {
        /// What was seen.
        message: String,
        /// What to type.
        help: String,
    },
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    #[diagnostic(help("allow planlint a few threads of 64 MiB address space each"))]
    Threads(String),
}

/// What is kept from one analysis to the next.
pub struct Session {
    config: Config,
    figures: Option<Snapshot>,
    replicas: Vec<Snapshot>,
    programs: Option<Programs>,
    timings: Timings,
    progress: Box<dyn Progress>,
}

/// Stack of a worker: sqlparser's trees are dropped and cloned recursively, and a query of 10,000 operators is legal.
const STACK_BYTES: usize = 64 << 20;

impl Session {
    /// A session under a configuration.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            figures: None,
            replicas: Vec::new(),
            programs: None,
            timings: Timings::default(),
            progress: Box::new(Unwatched),
        }
    }

    /// The same session, with what production knows of its data.
    #[must_use]
    pub fn knowing(self, figures: Option<Snapshot>) -> Self {
        Self { figures, ..self }
    }

    /// The same session, with what production's replicas count.
    #[must_use]
    pub fn counting(self, replicas: Vec<Snapshot>) -> Self {
        Self { replicas, ..self }
    }

    /// The same session, which may start programs without being told to.
    #[must_use]
    pub fn starting(self, programs: Programs) -> Self {
        Self { programs: Some(programs), ..self }
    }

    /// The same session, with somebody who watches.
    #[must_use]
    pub fn watched_by(self, progress: impl Progress + 'static) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Analyses a tree.
    ///
    /// # Errors
    /// When the tree cannot be listed, the configuration names what is not there, or the engine fails as a whole; what
    /// cannot be read or planned one by one is a skip in the report.
    pub fn analyse(&mut self, tree: &dyn Tree, ask: &Ask<'_>) -> Result<RunReport, RunError> {
        let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build();
        let pool = pool.map_err(|error| RunError::Threads(error.to_string()))?;
        pool.install(|| match self.story(tree, ask, None) {
            // A server that nobody asked for may fail: all is told again without it.
            Err(RunError::Scratch(error)) if self.may_do_without() => self.story(tree, ask, Some(&error.to_string())),
            told => told,
        })
    }

    /// Says whether a server that fails is one that nobody asked for.
    fn may_do_without(&self) -> bool {
        self.config.engine == EngineChoice::Auto
            && self.programs.as_ref().is_some_and(|programs| !programs.is_offered())
    }

    fn story(&mut self, tree: &dyn Tree, ask: &Ask<'_>, failed: Option<&str>) -> Result<RunReport, RunError> {
        let (config, goal, watcher) = (&self.config, ask.goal, self.progress.as_ref());
        let figures = self.figures.as_ref();
        let policy = Policy::new(config, ask.scope)?;
        let time = &mut Watch { timings: &mut self.timings, progress: watcher };
        let (facts, files) = time.of("facts", || stages::facts(tree, config, goal, watcher))?;
        let code = time.of("names", || orm::Linked::new(Code::new(&files)).with_wrappers(&config.wrappers));
        let linked = time.of("link", || stages::link(&facts, &code, config))?;
        let mut analysis = time.of("schema", || stages::schema(facts, &code, linked, config, goal));
        drop(code);
        files.into_par_iter().for_each(drop);
        stages::always(&mut analysis, config)?;
        stages::order(&mut analysis, figures);
        let choosing =
            Choosing { choice: config.engine, programs: self.programs.as_ref(), failed, policy: &policy, figures };
        let engines = match goal > Goal::Queries {
            true => time.of("engines", || choosing.start(&mut analysis))?,
            false => Vec::new(),
        };
        if goal > Goal::Schema {
            analysis.load = load::Load::of(config, figures);
            time.of("shape", || workload::build(&mut analysis, config, goal, &policy));
            load::find(&mut analysis, figures);
            let said = weights::said(&analysis, config, ask, &Quotes::new(tree, &analysis, ask.here))?;
            weights::weigh(&mut analysis, &said);
            time.of("assume", || judge::assume(&mut analysis, config, figures, &self.replicas))?;
        }
        if let Goal::Explain(focus) = &goal {
            analysis.chosen = explain::pick(&analysis, focus, &Quotes::new(tree, &analysis, ask.here))?;
            explain::narrow(&mut analysis);
        }
        if goal > Goal::Queries {
            time.of("plan", || judge::plan(&mut analysis, engines, config, &policy, ask.until))?;
        }
        // How sure advice is and whether it is suppressed only the rules can tell.
        if goal > Goal::Queries {
            time.of("rules", || {
                judge::check(&mut analysis, config, &policy);
                suppressions::check(&mut analysis, config, &policy, ask);
            });
        }
        Ok(time.of("report", || report::write(tree, analysis, &policy, ask)))
    }

    /// Returns how long each stage took, in order.
    pub fn timings(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.timings.entries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_called_as_from_here() {
        let check = |here: Here<'_>, path: &str, expect: &str| {
            assert_eq!(here.path(&TreePath::new(path)), expect, "{here:?} {path}");
        };
        check(Here::Within(""), "a/b.sql", "a/b.sql");
        check(Here::Within("a"), "a/b.sql", "b.sql");
        check(Here::Within("a/b"), "a/c/d.sql", "../c/d.sql");
        check(Here::Within("a/b"), "a.sql", "../../a.sql");
        check(Here::Within("a"), "ab/c.sql", "../ab/c.sql");
        check(Here::Outside("../x/"), "a/b.sql", "../x/a/b.sql");
    }
}
