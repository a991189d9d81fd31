//! A tree on disk: what ignore files and the default excludes let through, and folders named in spite of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use ignore::gitignore::Gitignore;
use ignore::{WalkBuilder, WalkState};
use walkdir::WalkDir;

use super::content::decode;
use crate::config::Config;
use crate::source::TreePath;
use crate::tree::{Content, FileKind, Tree, TreeError, TreeFile};

/// Folders that hold dependencies, build output or tools' own files.
const EXCLUDED: &[&str] = &[
    ".bzr",
    ".cargo",
    ".eggs",
    ".git",
    ".gradle",
    ".hg",
    ".idea",
    ".mypy_cache",
    ".next",
    ".nuxt",
    ".pytest_cache",
    ".svn",
    ".terraform",
    ".tox",
    ".venv",
    ".vscode",
    ".yarn",
    "__pycache__",
    "bower_components",
    "build",
    "dist",
    "node_modules",
    "Pods",
    "site-packages",
    "target",
    "vendor",
    "venv",
];

/// The files below a folder on disk.
///
/// Symbolic links are not followed, neither to files nor to folders: what they lead to is either read at its own path,
/// or the link is listed and reading it says what it is.
pub struct Disk {
    root: PathBuf,
    folders: Vec<PathBuf>,
    exclude: Gitignore,
    include: Vec<String>,
    named: Vec<TreePath>,
    max_file_bytes: u64,
}

impl Disk {
    /// Makes a tree of the folder `root`; the configuration's paths and patterns are relative to it.
    ///
    /// # Errors
    /// When an exclude is no gitignore pattern. A root that is not there shows when it is listed.
    pub fn new(root: impl Into<PathBuf>, config: &Config) -> Result<Self, TreeError> {
        let root = root.into();
        Ok(Self {
            folders: vec![root.clone()],
            root,
            exclude: super::patterns(config.exclude.iter().map(String::as_str))?,
            include: config.include.iter().map(|path| plain(path)).collect(),
            named: Vec::new(),
            max_file_bytes: config.limits.max_file_bytes,
        })
    }

    /// Lists only what lies below `folders`; paths stay relative to the root, and a folder named here is read although
    /// the default excludes name it.
    pub fn below(mut self, folders: &[TreePath]) -> Self {
        self.folders = folders.iter().map(|folder| self.root.join(folder.as_str())).collect();
        self
    }

    /// Lists these files too, whatever hides them and whatever they are, unless the configuration excludes them: what
    /// was asked for by name is read, or it is said why not.
    pub fn naming(self, files: &[TreePath]) -> Self {
        Self { named: files.to_vec(), ..self }
    }

    /// The path of a file relative to the root, `/`-separated.
    fn tree_path(&self, path: &Path) -> Option<TreePath> {
        let relative = path.strip_prefix(&self.root).ok()?;
        let parts = relative.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        (!path.is_empty()).then(|| TreePath::new(path))
    }

    fn is_excluded(&self, path: &TreePath, folder: Folder) -> bool {
        let is_folder = folder == Folder::Yes;
        (is_folder && EXCLUDED.contains(&path.file_name()))
            || self.exclude.matched_path_or_any_parents(path.as_str(), is_folder).is_ignore()
    }

    /// Lists what the ignore files let through, on all cores.
    fn visible(&self) -> Files {
        let (sender, files) = mpsc::channel();
        let Some((first, others)) = self.folders.split_first() else {
            return Files::new();
        };
        let mut builder = WalkBuilder::new(first);
        for folder in others {
            builder.add(folder);
        }
        // Hidden folders count (`.sqlx`). Only ignore files that are part of the tree do, so that everybody who has
        // the same commit checked out sees the same files.
        builder.hidden(false).git_global(false).git_exclude(false).require_git(false).follow_links(false);
        builder.build_parallel().run(|| {
            let sender = sender.clone();
            Box::new(move |entry| {
                let (found, state) = self.visit(entry);
                if let Some(file) = found {
                    // The receiver lives until every walker is done.
                    let _ = sender.send(file);
                }
                state
            })
        });
        drop(sender);
        files.into_iter().collect()
    }

    fn visit(&self, entry: Result<ignore::DirEntry, ignore::Error>) -> (Option<(TreePath, Listed)>, WalkState) {
        let entry = match entry {
            Ok(entry) => entry,
            // Listed all the same: reading it says why it cannot be read.
            Err(error) => {
                let found = path_of(&error).and_then(|path| Some((self.tree_path(path)?, Listed::unread(path))));
                return (found, WalkState::Continue);
            }
        };
        let Some(path) = self.tree_path(entry.path()) else {
            return (None, WalkState::Continue);
        };
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            let excluded = entry.depth() > 0 && self.is_excluded(&path, Folder::Yes);
            return (None, if excluded { WalkState::Skip } else { WalkState::Continue });
        }
        let file = Listed::at(entry.path(), entry.metadata().map_or(0, |metadata| metadata.len()));
        let folder = if file.kind == FileKind::UnlistedFolder { Folder::Yes } else { Folder::No };
        ((!self.is_excluded(&path, folder)).then_some((path, file)), WalkState::Continue)
    }

    /// Takes out the links to what is listed at its own path.
    fn leave_out_second_names(&self, files: &mut Files) {
        let Ok(root) = self.root.canonicalize() else { return };
        let holds_any = |path: &TreePath| {
            let near = files.range(path.clone()..).take_while(|(file, _)| file.as_str().starts_with(path.as_str()));
            near.into_iter().any(|(file, listed)| file.is_below(path.as_str()) && listed.target.is_none())
        };
        let is_listed = |target: &Path| match target.strip_prefix(&root) {
            Ok(inside) => self.tree_path(&self.root.join(inside)).is_none_or(|path| holds_any(&path)),
            Err(_) => false,
        };
        // What a link is included for is listed below its own name.
        let is_second = |(path, file): &(&TreePath, &Listed)| {
            file.target.as_ref().is_some_and(|target| is_listed(target) || holds_any(path))
        };
        let second = files.iter().filter(is_second);
        let second: Vec<TreePath> = second.map(|(path, _)| path.clone()).collect();
        second.iter().for_each(|path| drop(files.remove(path)));
    }

    /// Adds the files that the configuration includes although ignore files or default excludes hide them.
    fn add_included(&self, files: &mut Files) {
        for include in &self.include {
            let start = self.root.join(include);
            let walk = WalkDir::new(&start).follow_links(false).into_iter();
            let entries = walk.filter_entry(|entry| {
                let folder = if entry.file_type().is_dir() { Folder::Yes } else { Folder::No };
                entry.depth() == 0 || !self.tree_path(entry.path()).is_some_and(|path| self.is_excluded(&path, folder))
            });
            // A folder that is named may be a link, and its files are listed below that name.
            let is_file = |entry: &walkdir::DirEntry| {
                !(entry.file_type().is_dir() || (entry.depth() == 0 && entry.path().is_dir()))
            };
            for entry in entries {
                let found = match &entry {
                    Ok(entry) if is_file(entry) => {
                        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
                        Some((entry.path(), Listed::at(entry.path(), bytes)))
                    }
                    Ok(_) => None,
                    Err(error) => error.path().map(|path| (path, Listed::unread(path))),
                };
                files.extend(found.and_then(|(path, file)| Some((self.tree_path(path)?, file))));
            }
        }
    }
}

/// What is listed, by path.
type Files = BTreeMap<TreePath, Listed>;

/// What is known of a path that is listed.
struct Listed {
    bytes: u64,
    kind: FileKind,
    /// What it leads to, of a link to something that is there.
    target: Option<PathBuf>,
}

impl Listed {
    fn at(path: &Path, bytes: u64) -> Self {
        let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
        let is_folder = target.as_ref().is_some_and(|target| target.is_dir());
        Self { bytes, kind: if is_folder { FileKind::UnlistedFolder } else { FileKind::File }, target }
    }

    /// What the walker could not enter; what nobody can tell is taken for a folder, unless it has gone meanwhile.
    fn unread(path: &Path) -> Self {
        let is_file = fs::metadata(path).map_or_else(|error| error.kind() == ErrorKind::NotFound, |one| one.is_file());
        Self { bytes: 0, kind: if is_file { FileKind::File } else { FileKind::UnlistedFolder }, target: None }
    }
}

/// Whether a path is one of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Yes,
    No,
}

impl Tree for Disk {
    fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
        for folder in &self.folders {
            fs::read_dir(folder).map_err(|error| root_error(folder, error))?;
        }
        let mut files = self.visible();
        self.add_included(&mut files);
        self.leave_out_second_names(&mut files);
        let excluded = |path: &TreePath| self.exclude.matched_path_or_any_parents(path.as_str(), false).is_ignore();
        for path in self.named.iter().filter(|path| !excluded(path)) {
            let bytes = fs::metadata(self.root.join(path.as_str())).map_or(0, |metadata| metadata.len());
            files.entry(path.clone()).or_insert(Listed { bytes, kind: FileKind::File, target: None });
        }
        Ok(files.into_iter().map(|(path, Listed { bytes, kind, .. })| TreeFile { path, bytes, kind }).collect())
    }

    fn read(&self, path: &TreePath) -> Result<Content, TreeError> {
        let not_found = || TreeError::NotFound(path.clone());
        let unread = |reason: &'static str, detail: String| Ok(Content::Unread { reason, detail });
        let unreadable = |error: std::io::Error| unread("unreadable", error.to_string());
        if path.as_str().is_empty() || path.as_str().split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(not_found());
        }
        let file = self.root.join(path.as_str());
        if let Ok(target) = fs::read_link(&file) {
            let gone = if file.exists() { "" } else { ", which is not there" };
            return unread("link", format!("a link to `{}`{gone}: links are not followed", target.display()));
        }
        let (real, root) = match (file.canonicalize(), self.root.canonicalize()) {
            (Ok(real), Ok(root)) => (real, root),
            // A name that is no UTF-8 was listed with a stand-in for what it cannot say.
            (Err(_), _) if path.as_str().contains(char::REPLACEMENT_CHARACTER) => {
                return unread("unreadable", "its name is no UTF-8: rename it".to_owned());
            }
            (Err(error), _) if error.kind() == ErrorKind::NotFound => return Err(not_found()),
            (Err(error), _) | (_, Err(error)) => return unreadable(error),
        };
        if !real.starts_with(&root) {
            return Err(not_found());
        }
        match fs::metadata(&real) {
            Err(error) => return unreadable(error),
            Ok(metadata) if metadata.is_dir() => {
                if let Err(error) = fs::read_dir(&real) {
                    return unread("unreadable", format!("its files cannot be listed: {error}"));
                }
                return unread("not-a-file", "it is a folder".to_owned());
            }
            // Reading a pipe would wait for its writer.
            Ok(metadata) if !metadata.is_file() => return unread("not-a-file", "it is no regular file".to_owned()),
            Ok(metadata) if metadata.len() > self.max_file_bytes => {
                let (bytes, most) = (metadata.len(), self.max_file_bytes);
                return unread("too-large", format!("{bytes} bytes, more than `limits.max-file-bytes` of {most}"));
            }
            Ok(_) => {}
        }
        fs::read(&real).map_or_else(unreadable, |bytes| Ok(decode(bytes)))
    }
}

fn root_error(folder: &Path, cause: impl ToString) -> TreeError {
    TreeError::Root { root: folder.display().to_string(), cause: cause.to_string() }
}

/// Drops what a path in a configuration may say without meaning it (`./db/`).
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect::<Vec<_>>().join("/")
}

/// The path an error of the walker is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
