//! How paths on the command line become a tree: its root, and what of it is asked for.

use std::path::{Component, Path, PathBuf};

use super::ancestors;
use crate::run::Here;
use crate::source::TreePath;

/// The folders and files that the command line names, as full paths.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub here: PathBuf,
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// A tree and what of it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The tree's root.
    pub base: PathBuf,
    /// The folders that alone are listed; all when empty.
    pub listed: Vec<TreePath>,
    /// The files and folders whose queries alone are asked for; all when empty.
    pub scope: Vec<TreePath>,
    /// The files named one by one.
    pub files: Vec<TreePath>,
}

impl Asked {
    /// The folder that holds everything asked for: where the search for a configuration starts.
    pub fn shared(&self) -> PathBuf {
        let parents = self.files.iter().filter_map(|file| file.parent());
        let mut all = self.folders.iter().map(PathBuf::as_path).chain(parents);
        let first = all.next().unwrap_or(&self.here).to_path_buf();
        all.fold(first, |shared, path| common(&shared, path))
    }

    /// The project, where a configuration says which folder it is: the paths say what of it is asked for.
    pub fn under(&self, base: &Path) -> Layout {
        let scope = match self.folders.iter().any(|folder| folder == base) {
            true => Vec::new(),
            false => self.named(base),
        };
        self.layout(base, Vec::new(), scope)
    }

    fn layout(&self, base: &Path, listed: Vec<TreePath>, scope: Vec<TreePath>) -> Layout {
        let files = self.files.iter().map(|file| below(base, file)).collect();
        Layout { base: base.to_path_buf(), listed, scope, files }
    }

    /// The projects it may be where nothing says so, the nearest first.
    ///
    /// A folder is a project of its own, and a file belongs to the one around it; if the nearest has no schema, it is a
    /// part of one further up: the current directory, or a folder that looks like the root of a project.
    pub fn candidates(&self) -> Vec<Layout> {
        let shared = self.shared();
        let mut found = vec![self.nearest(&shared)];
        let wider = ancestors::of_project(&shared).filter(|folder| *folder == self.here || ancestors::is_root(folder));
        found.extend(wider.map(|folder| self.under(folder)));
        // The current directory counts wherever the repository ends.
        if shared.starts_with(&self.here) {
            found.push(self.under(&self.here));
        }
        let mut distinct: Vec<Layout> = Vec::new();
        for layout in found {
            let holds = |known: &Layout| known.base.starts_with(&layout.base);
            if distinct.iter().all(holds) && !distinct.contains(&layout) {
                distinct.push(layout);
            }
        }
        distinct
    }

    fn nearest(&self, shared: &Path) -> Layout {
        let around = !self.files.is_empty() && shared.starts_with(&self.here);
        let base = if around { self.here.clone() } else { shared.to_path_buf() };
        let whole = self.files.is_empty() && self.folders.len() == 1;
        let scope = if whole { Vec::new() } else { self.named(&base) };
        let listed = if self.files.is_empty() { scope.clone() } else { Vec::new() };
        self.layout(&base, listed, scope)
    }

    fn named(&self, base: &Path) -> Vec<TreePath> {
        self.folders.iter().chain(&self.files).map(|path| below(base, path)).collect()
    }
}

impl Layout {
    /// How the tree's paths are called from the current directory.
    pub fn way(&self, here: &Path) -> Way {
        if let Ok(within) = here.strip_prefix(&self.base) {
            return Way::Within(slashed(within));
        }
        let shared = common(here, &self.base);
        let up = here.components().count() - shared.components().count();
        let down = self.base.strip_prefix(&shared).map(slashed).unwrap_or_default();
        let way = format!("{}{down}", "../".repeat(up));
        Way::Outside(if way.ends_with('/') { way } else { format!("{way}/") })
    }
}

/// The current directory and a tree.
pub(super) enum Way {
    /// It is this folder of the tree.
    Within(String),
    /// This leads from it to the tree.
    Outside(String),
}

impl Way {
    /// The same for a run.
    pub fn here(&self) -> Here<'_> {
        match self {
            Self::Within(folder) => Here::Within(folder),
            Self::Outside(way) => Here::Outside(way),
        }
    }
}

/// The path of something in a tree.
pub(super) fn below(base: &Path, path: &Path) -> TreePath {
    TreePath::new(slashed(path.strip_prefix(base).unwrap_or(path)))
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// What a path leads to: a link is taken for what it is a link to, so that nothing has two names. Of what is not there,
/// the folder is.
pub(super) fn real(path: &Path) -> PathBuf {
    let whole = || path.canonicalize().ok();
    let by_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    whole().or_else(by_folder).unwrap_or_else(|| normal(path))
}

/// Removes `.` and `..` without asking the disk.
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

/// The names of a path, with `/` between them.
pub(super) fn slashed(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}
