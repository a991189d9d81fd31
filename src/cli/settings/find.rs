//! The configuration file of a project: the nearest one at or above what is checked; nothing is merged.
//!
//! The files belong to the code that is checked, so nothing of them is trusted: not their size, not their bytes, not
//! where a link leads.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::layer::{Layer, PYPROJECT_TABLE};
use super::wrong::SettingsError;
use crate::cli::project::ancestors;

/// The names of the files, in order of precedence within a folder.
const CONFIG_FILE: &str = "planlint.toml";
const PYPROJECT_FILE: &str = "pyproject.toml";
/// No configuration is larger.
const MOST_BYTES: u64 = 1 << 20;

/// Finds and reads the nearest configuration at or above a folder, and says in which folder it lies.
pub(super) fn find(start: &Path, here: &Path) -> Result<Option<(Layer, PathBuf)>, SettingsError> {
    for folder in ancestors::of_project(start) {
        let path = folder.join(CONFIG_FILE);
        if fs::symlink_metadata(&path).is_ok() {
            check_link(&path, folder)?;
            return Ok(Some((named(&path, here)?, folder.to_path_buf())));
        }
        let path = folder.join(PYPROJECT_FILE);
        if fs::symlink_metadata(&path).is_ok() {
            check_link(&path, folder)?;
            if let Some(layer) = pyproject(&path, here)? {
                return Ok(Some((layer, folder.to_path_buf())));
            }
        }
    }
    Ok(None)
}

/// Says whether a name is one of those that are looked for.
pub(in crate::cli) fn is_configuration(name: &OsStr) -> bool {
    [CONFIG_FILE, PYPROJECT_FILE].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Reads a file whose top level holds the keys; of a `pyproject.toml`, its table.
pub(super) fn named(path: &Path, here: &Path) -> Result<Layer, SettingsError> {
    let shown = shown(path, here);
    if path.file_name().is_some_and(|name| name == PYPROJECT_FILE)
        && let Some(layer) = pyproject(path, here)?
    {
        return Ok(layer);
    }
    Ok(Layer::read(shown.clone(), text(read(path, &shown)?, &shown)?)?)
}

/// Reads `[tool.planlint]`, if there is one.
fn pyproject(path: &Path, here: &Path) -> Result<Option<Layer>, SettingsError> {
    let shown = shown(path, here);
    let bytes = read(path, &shown)?;
    // A file of other tools is none of our business, whatever else is wrong with it.
    if !bytes.windows(PYPROJECT_TABLE[1].len()).any(|window| window == PYPROJECT_TABLE[1].as_bytes()) {
        return Ok(None);
    }
    Ok(Layer::below(shown.clone(), text(bytes, &shown)?, &PYPROJECT_TABLE)?)
}

fn read(path: &Path, shown: &str) -> Result<Vec<u8>, SettingsError> {
    let unreadable = |cause| SettingsError::Unreadable { path: shown.to_owned(), cause };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SettingsError::NoFile(shown.to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(SettingsError::TooLarge { path: shown.to_owned(), most: MOST_BYTES });
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>, shown: &str) -> Result<String, SettingsError> {
    String::from_utf8(bytes)
        .map_err(|error| SettingsError::NotText { path: shown.to_owned(), byte: error.utf8_error().valid_up_to() })
}

/// Refuses a link that leads out of the project: what it leads to would be quoted in messages.
fn check_link(path: &Path, folder: &Path) -> Result<(), SettingsError> {
    let bound = ancestors::repository(folder).unwrap_or(folder);
    let (Ok(real), Ok(bound)) = (path.canonicalize(), bound.canonicalize()) else { return Ok(()) };
    if real.starts_with(&bound) {
        return Ok(());
    }
    Err(SettingsError::LinkOut { path: path.display().to_string(), to: real.display().to_string() })
}

/// A path as reports show it: relative to the current directory where it lies below it.
fn shown(path: &Path, here: &Path) -> String {
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
