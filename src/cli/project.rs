//! From the paths on the command line to a project: its tree, its configuration, what of it was asked for.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::Stop;
use super::options::Common;
use crate::config::Config;
use crate::engine::Deadline;
use crate::outcome::RunReport;
use crate::run::{Ask, Goal, Session};
use crate::source::TreePath;
use crate::tree::Tree;
use crate::walk::{Disk, Overlay};

/// The configuration file's name.
const CONFIG_FILE: &str = "planlint.toml";

/// A project as the command line names it.
pub(super) struct Project {
    disk: Disk,
    buffers: BTreeMap<TreePath, Arc<str>>,
    config: Config,
    prefix: String,
    /// Files and folders that alone are asked for; everything when empty.
    scope: Vec<TreePath>,
    until: Deadline,
}

/// Why a project could not be opened.
#[derive(Debug, Error, Diagnostic)]
enum ProjectError {
    #[error("there is no `{0}`")]
    #[diagnostic(help("name a folder or file that exists, for example `planlint check .`"))]
    NoSuchPath(String),
    #[error("cannot read `{path}`: {cause}")]
    #[diagnostic(help("make the file readable, or run with `--isolated` to do without it"))]
    Unreadable { path: String, cause: std::io::Error },
    #[error("`{path}` does not say what planlint understands: {words}")]
    #[diagnostic(help("see the keys in docs/configuration.md, or run with `--isolated` to do without the file"))]
    Config {
        path: String,
        words: String,
        #[source_code]
        text: Arc<NamedSource<String>>,
        #[label("here")]
        at: Option<SourceSpan>,
    },
    #[error("`{0}` is outside of the project")]
    #[diagnostic(help("name a path below the folder that is checked"))]
    Outside(String),
    #[error("standard input is not UTF-8 text")]
    #[diagnostic(help("pipe the text of the file that `--stdin-filename` names"))]
    Stdin,
    #[error("the current directory cannot be told: {0}")]
    #[diagnostic(help("change to a directory that exists"))]
    NoDirectory(std::io::Error),
}

impl Project {
    /// Opens the project that the options name.
    pub(super) fn open(options: &Common) -> Result<Self, Stop> {
        let here = std::env::current_dir().map_err(ProjectError::NoDirectory)?;
        let mut folders = Vec::new();
        let mut files = Vec::new();
        for path in &options.paths {
            let full = normal(&here.join(path));
            if full.is_dir() {
                folders.push(full);
            } else if full.exists()
                || options.stdin_filename.as_ref().is_some_and(|stdin| normal(&here.join(stdin)) == full)
            {
                files.push(full);
            } else {
                return Err(ProjectError::NoSuchPath(path.display().to_string()).into());
            }
        }
        let project = Layout::of(&here, &folders, &files);
        let (mut config, config_folder) =
            if options.isolated { (Config::default(), None) } else { find_config(&project.start)? };
        let layout = config_folder.map_or(project, |folder| Layout::under(folder, &folders, &files));
        let outside = |path: &&String| !normal(&here.join(path)).starts_with(&layout.base);
        if let Some(path) = options.schema.iter().find(outside) {
            return Err(ProjectError::Outside(path.clone()).into());
        }
        apply(options, &here, &layout.base, &mut config);
        let mut buffers = BTreeMap::new();
        if let Some(path) = &options.stdin_filename {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|_| ProjectError::Stdin)?;
            let text = String::from_utf8(bytes).map_err(|_| ProjectError::Stdin)?;
            let full = normal(&here.join(path));
            if !full.starts_with(&layout.base) {
                return Err(ProjectError::Outside(path.display().to_string()).into());
            }
            buffers.insert(below(&layout.base, &full), Arc::from(text));
        }
        let prefix = from(&here, &layout.base);
        let disk = Disk::new(layout.base, &config)?;
        let disk = if layout.listed.is_empty() { disk } else { disk.below(&layout.listed) };
        let until = Deadline(options.timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
        Ok(Self { disk, buffers, config, prefix, scope: layout.scope, until })
    }

    /// Analyses the project.
    pub(super) fn analyse(&self, goal: Goal, options: &Common) -> Result<RunReport, Stop> {
        let overlay = Overlay { over: &self.disk, buffers: self.buffers.clone() };
        let tree: &dyn Tree = if self.buffers.is_empty() { &self.disk } else { &overlay };
        let mut session = Session::new(self.config.clone());
        let report =
            session.analyse(tree, &Ask { goal, prefix: &self.prefix, scope: &self.scope, until: self.until })?;
        if options.timings {
            for (stage, time) in session.timings() {
                eprintln!("{stage:>10} {:8.1} ms", time.as_secs_f64() * 1000.0);
            }
        }
        Ok(report)
    }
}

/// How paths on the command line become a tree.
struct Layout {
    /// The tree's root.
    base: PathBuf,
    /// Where the search for a configuration starts.
    start: PathBuf,
    /// The folders that alone are listed; all when empty.
    listed: Vec<TreePath>,
    /// The files and folders whose queries alone are asked for; all when empty.
    scope: Vec<TreePath>,
}

impl Layout {
    /// Without a configuration: a folder is a project of its own; a file belongs to the project around it.
    fn of(here: &Path, folders: &[PathBuf], files: &[PathBuf]) -> Self {
        let parents = files.iter().filter_map(|file| file.parent().map(Path::to_path_buf));
        let all: Vec<PathBuf> = folders.iter().cloned().chain(parents).collect();
        let shared = all.iter().skip(1).fold(all[0].clone(), |shared, path| common(&shared, path));
        let base = if !files.is_empty() && shared.starts_with(here) { here.to_path_buf() } else { shared.clone() };
        let whole = files.is_empty() && folders.len() == 1;
        let scope: Vec<TreePath> =
            if whole { Vec::new() } else { folders.iter().chain(files).map(|path| below(&base, path)).collect() };
        let listed = if files.is_empty() { scope.clone() } else { Vec::new() };
        Self { start: shared, listed, scope, base }
    }

    /// With a configuration: its folder is the project, the paths say what of it is asked for.
    fn under(base: PathBuf, folders: &[PathBuf], files: &[PathBuf]) -> Self {
        let named = folders.iter().chain(files).map(|path| below(&base, path));
        let scope: Vec<TreePath> = named.filter(|path| !path.as_str().is_empty()).collect();
        let whole = folders.contains(&base);
        Self { start: base.clone(), listed: Vec::new(), scope: if whole { Vec::new() } else { scope }, base }
    }
}

/// Lays the command line over the configuration; paths typed are relative to the current directory.
fn apply(options: &Common, here: &Path, base: &Path, config: &mut Config) {
    if let Some(dialect) = options.dialect {
        config.dialect = Some(dialect.into());
    }
    if !options.schema.is_empty() {
        let typed = |path: &String| below(base, &normal(&here.join(path))).to_string();
        config.schema = options.schema.iter().map(typed).collect();
    }
}

fn below(base: &Path, path: &Path) -> TreePath {
    TreePath::new(slashed(path.strip_prefix(base).unwrap_or(path)))
}

/// What stands before the tree's paths in a report, so that they are relative to the current directory.
fn from(here: &Path, base: &Path) -> String {
    let shared = common(here, base);
    let up = here.components().count() - shared.components().count();
    let down = base.strip_prefix(&shared).map(slashed).unwrap_or_default();
    let prefix = format!("{}{down}", "../".repeat(up));
    if prefix.is_empty() || prefix.ends_with('/') { prefix } else { format!("{prefix}/") }
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// Removes `.` and `..` without asking the disk, so that a link is named as the user named it.
fn normal(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                found.pop();
            }
            part => found.push(part),
        }
    }
    found
}

fn slashed(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

/// Finds and reads the nearest configuration at or above a folder; nothing is merged.
fn find_config(start: &Path) -> Result<(Config, Option<PathBuf>), Stop> {
    for folder in start.ancestors() {
        let path = folder.join(CONFIG_FILE);
        if path.is_file() {
            return Ok((read_config(&path)?, Some(folder.to_path_buf())));
        }
    }
    Ok((Config::default(), None))
}

fn read_config(path: &Path) -> Result<Config, ProjectError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| ProjectError::Unreadable { path: name.clone(), cause })?;
    toml::from_str(&text).map_err(|error| ProjectError::Config {
        words: error.message().to_owned(),
        at: error.span().map(SourceSpan::from),
        text: Arc::new(NamedSource::new(&name, text)),
        path: name,
    })
}
