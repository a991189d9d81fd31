//! From the paths on the command line to a project: its tree, its settings, what of it was asked for.

pub(super) mod ancestors;
mod figures;
mod layout;
#[cfg(unix)]
mod offer;
mod trust;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use miette::Diagnostic;
use thiserror::Error;

use super::bug::shown;
use super::options::{Common, Overrides, STDIN};
use super::progress::{self, Line};
use super::settings::Settings;
use super::{Stop, terminal};
use crate::config::{MIGRATIONS, MODELS};
use crate::engine::Deadline;
use crate::outcome::{RunReport, SkipEntry};
use crate::query::SkipStage;
use crate::report::Root;
use crate::run::{self, Ask, Focus, Goal, Plans, Programs, Session};
use crate::schema::sqlc;
use crate::snapshot::Snapshot;
use crate::source::TreePath;

use crate::tree::{Content, Tree};
use crate::walk::{Disk, Overlay, decode};

use layout::{Asked, Layout, below, real, slashed};

/// A project as the command line names it.
pub(super) struct Project {
    /// The settings in force.
    pub settings: Settings,
    here: PathBuf,
    /// The trees it may be: the first that has a schema.
    layouts: Vec<Layout>,
    /// The schema as typed.
    schema: Vec<PathBuf>,
    /// What production knows of its data.
    figures: Option<Snapshot>,
    replicas: Vec<Snapshot>,
    /// The programs that may be started for it.
    programs: Programs,
    /// What standard input holds, by the file it stands for.
    buffer: Option<(PathBuf, Content)>,
    until: Deadline,
}

/// What is asked of a project, whichever of those it may be it is.
enum Aim<'a> {
    /// Everything that was named.
    Whole(Goal<'a>),
    /// The statements at a place of a file.
    Place { file: PathBuf, line: u32, column: Option<u32> },
    /// A text that stands in no file.
    Text(&'a str),
}

impl Aim<'_> {
    /// The file or folder in a tree that it is about.
    fn place(&self, layout: &Layout) -> TreePath {
        let named = || layout.scope.first().or(layout.listed.first()).cloned();
        match self {
            Self::Place { file, .. } => below(&layout.base, file),
            Self::Whole(_) | Self::Text(_) => named().unwrap_or_else(|| TreePath::new("")),
        }
    }
}

/// Why a project could not be opened.
#[derive(Debug, Error, Diagnostic)]
enum ProjectError {
    #[error("there is no `{0}`")]
    #[diagnostic(help("name a folder or file that exists, for example `planlint check .`"))]
    NoSuchPath(String),
    #[error("`{path}` is outside of the project, which is `{project}`")]
    #[diagnostic(help("run planlint in a folder that holds both"))]
    Outside { path: String, project: String },
    #[error("`{0}` is a folder")]
    #[diagnostic(help("type `planlint explain FILE:LINE`"))]
    Folder(String),
    #[error("cannot read standard input: {0}")]
    #[diagnostic(help("pipe the text of the file that `--stdin-filename` names, in UTF-8 or with a byte order mark"))]
    Stdin(String),
    #[error("standard input is more than `limits.max-file-bytes`, which is {most}")]
    #[diagnostic(help("raise it, for example `--config 'limits.max-file-bytes = {more}'`, or pipe less"))]
    StdinTooLarge { most: u64, more: u64 },
    #[error("`{0}` names no file that planlint reads")]
    #[diagnostic(help("name the file as it would be on disk, for example `--stdin-filename queries/users.sql`"))]
    NoSql(String),
    #[error("`{0}` is no file that planlint reads: its name does not end in `.sql` or `.py`")]
    #[diagnostic(help("name a file of SQL or Python, or the folder that holds some, for example `planlint check .`"))]
    NotSql(String),
    #[error("cannot read `{path}`: {cause}")]
    #[diagnostic(help("mend the file, or leave it out of the command line"))]
    Unread { path: String, cause: String },
    #[error("the current directory cannot be told: {0}")]
    #[diagnostic(help("change to a directory that exists"))]
    NoDirectory(std::io::Error),
}

impl Project {
    /// Opens the project that the options name.
    pub(super) fn open(options: &Common) -> Result<Self, Stop> {
        let here = std::env::current_dir().map_err(ProjectError::NoDirectory)?;
        let buffer = options.stdin().map(|path| real(&here.join(path)));
        let asked = asked(&options.paths, &here, buffer.as_ref())?;
        check_readable(&asked)?;
        let settings = Settings::open(&options.overrides, &asked.shared(), &here)?;
        let schema: Vec<PathBuf> = match options.overrides.schema.as_slice() {
            // What the code declares is no path: the settings hold it.
            [only] if [MODELS, MIGRATIONS].contains(&only.as_str()) => Vec::new(),
            paths => paths.iter().map(|path| real(&here.join(path))).collect(),
        };
        let mut layouts = match &settings.folder {
            Some(folder) => vec![asked.under(folder)],
            None => asked.candidates(),
        };
        // What is named must lie in the project: the nearest one that holds it all.
        let nearest = layouts[0].base.display().to_string();
        let typed_buffer = options.stdin().into_iter().map(|path| path.display().to_string());
        let named = schema.iter().zip(options.overrides.schema.iter().cloned()).chain(buffer.iter().zip(typed_buffer));
        let paths = asked.folders.iter().chain(&asked.files).map(|path| (path, path.display().to_string()));
        let named = named.chain(paths);
        for (path, typed) in named {
            layouts.retain(|layout| path.starts_with(&layout.base));
            if layouts.is_empty() {
                return Err(ProjectError::Outside { path: typed, project: nearest.clone() }.into());
            }
        }
        let most = settings.config.limits.max_file_bytes;
        let buffer = buffer.map(|path| standard_input(&path, most).map(|text| (path, text))).transpose()?;
        let folder = settings.folder.as_ref().unwrap_or(&layouts[0].base);
        let figures = figures::read(options.stats.as_deref(), &here, folder)?;
        let replicas = figures::replicas(&options.replica_stats, &here, &settings.config.replica_stats, folder)?;
        let untrusted = trust::untrusted(&asked, &layouts);
        let programs = Programs {
            folder: settings.pg_bin(&here, &untrusted)?,
            untrusted,
            #[cfg(unix)]
            offered: offer::read(options, settings.config.engine)?,
            ..Programs::default()
        };
        let until = Deadline(options.timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
        Ok(Self { settings, here, layouts, schema, figures, replicas, programs, buffer, until })
    }

    /// Reads the settings that are in force for some paths.
    pub(super) fn settings(paths: &[PathBuf], overrides: &Overrides) -> Result<Settings, Stop> {
        let here = std::env::current_dir().map_err(ProjectError::NoDirectory)?;
        Settings::open(overrides, &asked(paths, &here, None)?.shared(), &here)
    }

    /// Says where the paths of a report start, and where those of the repository around the paths asked for do: here
    /// where there is none.
    pub(super) fn root(paths: &[PathBuf]) -> Root {
        let here = std::env::current_dir().unwrap_or_default();
        let asked = paths.first().map_or_else(|| here.clone(), |path| real(&here.join(path)));
        let root = ancestors::repository(&asked).unwrap_or(&here);
        Root { here: slashed(&here), root: slashed(root) }
    }

    /// Analyses the project: the nearest of those it may be that has the schema of its queries.
    pub(super) fn analyse(&self, goal: Goal<'_>, options: &Common) -> Result<RunReport, Stop> {
        self.aim(&Aim::Whole(goal), options)
    }

    /// Explains the statements at a place of one of the project's files.
    pub(super) fn explain_place(
        &self,
        file: &Path,
        line: u32,
        column: Option<u32>,
        options: &Common,
    ) -> Result<RunReport, Stop> {
        let typed = || file.display().to_string();
        let file = real(&self.here.join(file));
        let given = self.buffer.as_ref().is_some_and(|(path, _)| *path == file);
        if file.is_dir() {
            return Err(ProjectError::Folder(typed()).into());
        }
        if !file.exists() && !given {
            return Err(ProjectError::NoSuchPath(shown(&typed())).into());
        }
        if let Some(layout) = self.layouts.iter().find(|layout| !file.starts_with(&layout.base)) {
            return Err(ProjectError::Outside { path: typed(), project: layout.base.display().to_string() }.into());
        }
        self.aim(&Aim::Place { file, line, column }, options)
    }

    /// Explains a text that stands in no file, as if it stood where the first path leads.
    pub(super) fn explain_text(&self, sql: &str, options: &Common) -> Result<RunReport, Stop> {
        self.aim(&Aim::Text(sql), options)
    }

    /// Says whether anything is known of the statements that production is sent.
    pub(super) fn knows_statements(&self) -> bool {
        self.figures.as_ref().is_some_and(|figures| figures.statements.is_some())
    }

    /// Says whether standard input was read and holds nothing.
    pub(super) fn has_empty_input(&self) -> bool {
        self.buffer.iter().any(|(_, content)| content.text().is_some_and(|text| text.is_empty()))
    }

    fn aim(&self, aim: &Aim<'_>, options: &Common) -> Result<RunReport, Stop> {
        let report = self.nearest_with_schema(aim, options)?;
        self.tell_unseen(&report);
        Ok(report)
    }

    /// Says which of the files that were named are not looked at: excludes are honoured, but not without a word.
    fn tell_unseen(&self, report: &RunReport) {
        let layout = &self.layouts[0];
        let way = layout.way(&self.here);
        for file in &layout.files {
            let path = way.here().path(file);
            if report.inputs.iter().any(|input| **input == *path) {
                continue;
            }
            let cause = match run::reads(file) || sqlc::reads(file) {
                true => "`exclude` hides it",
                false => "its name does not end in `.sql` or `.py`",
            };
            terminal::say(&format!("`{}` was not looked at: {cause}\n", shown(&path)));
        }
    }

    fn nearest_with_schema(&self, aim: &Aim<'_>, options: &Common) -> Result<RunReport, Stop> {
        let (nearest, wider) = self.layouts.split_first().expect("a project lies somewhere");
        let report = self.analyse_as(nearest, aim, options)?;
        if !self.schema.is_empty() || has_schema(&report) {
            return Ok(report);
        }
        // A folder that has a schema, or nothing to put to one, is no part of a folder that nothing says is a project.
        let has_own = report.run.databases.iter().any(|database| database.tables > 0) || report.coverage.files == 0;
        for layout in wider.iter().filter(|layout| !has_own || ancestors::is_root(&layout.base)) {
            let wider = self.analyse_as(layout, aim, options)?;
            if has_schema(&wider) {
                return Ok(wider);
            }
        }
        Ok(report)
    }

    fn analyse_as(&self, layout: &Layout, aim: &Aim<'_>, options: &Common) -> Result<RunReport, Stop> {
        let mut config = self.settings.config.clone();
        if !self.schema.is_empty() {
            config.schema = self.schema.iter().map(|path| below(&layout.base, path).to_string()).collect();
        }
        let disk = Disk::new(&layout.base, &config)?;
        let disk = if layout.listed.is_empty() { disk } else { disk.below(&layout.listed) };
        let disk = disk.naming(&layout.files);
        let buffers: BTreeMap<_, _> =
            self.buffer.iter().map(|(path, content)| (below(&layout.base, path), content.clone())).collect();
        let overlay = Overlay { over: &disk, buffers };
        let tree: &dyn Tree = if overlay.buffers.is_empty() { &disk } else { &overlay };
        let way = layout.way(&self.here);
        let session = Session::new(config)
            .knowing(self.figures.clone())
            .counting(self.replicas.clone())
            .starting(self.programs.clone());
        let mut session = session.watched_by(Line::start(options.watched()));
        let place = aim.place(layout);
        // What else is asked of its tables is judged with a query, wherever it stands.
        let (goal, scope) = match *aim {
            Aim::Whole(goal) => (goal, layout.scope.as_slice()),
            Aim::Place { line, column, .. } => (Goal::Explain(Focus::Place { path: &place, line, column }), &[][..]),
            Aim::Text(sql) => (Goal::Explain(Focus::Text { sql, folder: &place }), &[][..]),
        };
        let plans = if options.plans { Plans::Shown } else { Plans::Omitted };
        let ask = Ask { goal, here: way.here(), scope, until: self.until, plans };
        let mut report = session.analyse(tree, &ask).map_err(|error| self.settings.locate(error))?;
        report.inputs.extend(self.settings.files().map(Into::into));
        check_read(&report, layout.files.iter().map(|file| ask.here.path(file)))?;
        if options.timings {
            progress::clear();
            for (stage, time) in session.timings() {
                terminal::say(&format!("{stage:>10} {:8.1} ms\n", time.as_secs_f64() * 1000.0));
            }
        }
        Ok(report)
    }
}

/// Sorts what the command line names into folders and files, each of them once.
fn asked(paths: &[PathBuf], here: &Path, buffer: Option<&PathBuf>) -> Result<Asked, ProjectError> {
    let mut asked = Asked { here: here.to_path_buf(), folders: Vec::new(), files: Vec::new() };
    for path in paths {
        let full = match buffer {
            Some(buffer) if path.as_os_str() == STDIN => buffer.clone(),
            _ => real(&here.join(path)),
        };
        if full.is_dir() {
            asked.folders.push(full);
        } else if full.exists() || buffer == Some(&full) {
            asked.files.push(full);
        } else {
            return Err(ProjectError::NoSuchPath(shown(&path.display().to_string())));
        }
    }
    asked.files.sort();
    asked.files.dedup();
    // What lies in a folder that is named too is read with that one; a folder sorts before what lies in it.
    asked.folders.sort();
    asked.folders.dedup_by(|inner, outer| inner.starts_with(outer));
    Ok(asked)
}

/// Refuses to be asked for nothing but files that hold no SQL.
fn check_readable(asked: &Asked) -> Result<(), ProjectError> {
    let reads = |file: &PathBuf| {
        let path = TreePath::new(slashed(file));
        run::reads(&path) || sqlc::reads(&path)
    };
    match asked.files.first() {
        Some(first) if asked.folders.is_empty() && !asked.files.iter().any(reads) => {
            Err(ProjectError::NotSql(first.strip_prefix(&asked.here).unwrap_or(first).display().to_string()))
        }
        _ => Ok(()),
    }
}

/// Reads standard input for the text of a file, and no more of it than a file may have.
fn standard_input(path: &Path, most: u64) -> Result<Content, ProjectError> {
    if !run::reads(&TreePath::new(path.to_string_lossy())) {
        return Err(ProjectError::NoSql(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| ProjectError::Stdin(error.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(ProjectError::StdinTooLarge { most, more: most.saturating_mul(2) });
    }
    match decode(bytes) {
        Content::Unread { detail, .. } => Err(ProjectError::Stdin(detail)),
        text => Ok(text),
    }
}

/// Refuses to be silent about a file that was asked for by name and could not be read, as about one that is not there.
fn check_read(report: &RunReport, mut named: impl Iterator<Item = String>) -> Result<(), ProjectError> {
    let unread = |path: &String| {
        let whole = |skip: &&SkipEntry| skip.stage == SkipStage::File && skip.line.is_none() && *skip.path == **path;
        report.skips.iter().find(whole)
    };
    let Some(skip) = named.find_map(|path| unread(&path)) else { return Ok(()) };
    let (path, cause) = (skip.path.to_string(), skip.detail.clone());
    Err(ProjectError::Unread { path, cause })
}

/// Says whether a run found a schema that its queries are about.
fn has_schema(report: &RunReport) -> bool {
    let tables = report.run.databases.iter().any(|database| database.tables > 0);
    let fits = report.queries.iter().any(|query| !query.tables.is_empty());
    let strange = report.skips.iter().any(|skip| skip.reason == "unknown-table");
    tables && (fits || !strange)
}
