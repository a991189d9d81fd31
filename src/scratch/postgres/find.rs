//! Where PostgreSQL's server programs are: what was typed, PATH, the folders of distributions and package managers.
//!
//! The code base under analysis is untrusted: no program below one of its folders is ever run, whatever PATH or a
//! configuration file in it says. Packages count where they are installed for the user, not for the project.

mod places;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use version::Version;

use super::cluster::process;

/// The major versions that are spoken to.
pub const MAJORS: std::ops::RangeInclusive<u32> = 12..=18;

/// What is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The folder that was typed; then no other counts.
    pub folder: Option<&'a Path>,
    /// Production's major version; the newest where it is not known or not found.
    pub major: Option<u32>,
    /// The folders of the code base: nothing below them is run, unless it was typed.
    pub untrusted: &'a [PathBuf],
}

/// The programs of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder that holds `postgres` and `initdb`.
    pub folder: PathBuf,
    /// What `postgres --version` says.
    pub version: Version,
}

impl Binaries {
    /// Returns the path of a program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// No installation can be used; what was seen of those there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotFound {
    /// Folders with the programs and why they cannot be used.
    pub unusable: Vec<(PathBuf, String)>,
}

/// Finds the installation to use.
///
/// # Errors
/// When there is none that can be used.
pub fn find(wanted: &Wanted<'_>) -> Result<Binaries, NotFound> {
    let folders = match wanted.folder {
        Some(folder) => vec![folder.to_path_buf()],
        None => places::all(&places::Surroundings::of_this_process(), wanted.untrusted),
    };
    let mut not = NotFound::default();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for folder in folders {
        let typed = wanted.folder.is_some();
        match look(&folder) {
            Some(real) if seen.insert(real.clone()) && (typed || is_trusted(&real, wanted.untrusted)) => {
                match ask(&real, wanted.untrusted) {
                    Ok(version) => found.push(Binaries { folder: real, version }),
                    Err(reason) => not.unusable.push((folder, reason)),
                }
            }
            None if typed => not.unusable.push((folder, "it holds no `postgres` and `initdb`".to_owned())),
            Some(_) | None => {}
        }
    }
    choose(found, wanted.major).ok_or(not)
}

/// Says whether a folder's programs, if it has any, are among those that are found without being named.
pub fn is_installed(folder: &Path, untrusted: &[PathBuf]) -> bool {
    let Some(named) = look(folder) else { return true };
    let found = places::all(&places::Surroundings::of_this_process(), untrusted);
    is_trusted(&named, untrusted) && found.iter().filter_map(|folder| look(folder)).any(|real| real == named)
}

/// Production's major version if it is there, else the newest; of several the first that was found.
fn choose(found: Vec<Binaries>, major: Option<u32>) -> Option<Binaries> {
    let mut best: Option<Binaries> = None;
    for one in found {
        let key = |one: &Binaries| (Some(one.version.major) == major, one.version.major, one.version.minor);
        if best.as_ref().is_none_or(|best| key(&one) > key(best)) {
            best = Some(one);
        }
    }
    best
}

/// Returns the folder in which the programs really are; distributions link to them from `bin`.
fn look(folder: &Path) -> Option<PathBuf> {
    let real = folder.join("postgres").canonicalize().ok()?.parent()?.to_path_buf();
    (real.join("postgres").is_file() && real.join("initdb").is_file()).then_some(real)
}

/// Says whether no program of a folder leads below one of the others: `initdb` may be a link too.
fn is_trusted(folder: &Path, untrusted: &[PathBuf]) -> bool {
    let safe = |path: PathBuf| path.canonicalize().is_ok_and(|real| !is_below(&real, untrusted));
    safe(folder.join("postgres")) && safe(folder.join("initdb"))
}

fn is_below(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

fn ask(folder: &Path, untrusted: &[PathBuf]) -> Result<Version, String> {
    let said = process::output(&folder.join("postgres"), &["--version"], untrusted)?;
    let version = Version::read(&said).ok_or_else(|| format!("`postgres --version` says `{}`", said.trim()))?;
    if MAJORS.contains(&version.major) {
        return Ok(version);
    }
    Err(format!("its version is {version}; {} to {} are known", MAJORS.start(), MAJORS.end()))
}
