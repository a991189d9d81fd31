//! Clusters kept from one run to the next, in the user's cache folder.
//!
//! What is kept appears whole or not at all, and is counted again when it is taken out: a folder that lost files is
//! thrown away. A cache that cannot be written costs time, never a run.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::copy::{Content, copy};
use super::folder;

/// The longest wait for another run that makes the same cluster.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether that run is done.
const BEAT: Duration = Duration::from_millis(5);
/// The file beside the data that says what it holds.
const LABEL: &str = "label.json";

/// The folder of kept clusters.
pub(super) struct Store {
    path: PathBuf,
}

/// The right to make the cluster of a key; others wait.
pub(super) struct Turn {
    _lock: Option<File>,
}

/// The user's own folder for it; none where there is no such folder, or where the code base could have filled it.
pub fn users_cache(untrusted: &[PathBuf]) -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(absolute);
    let path = named.or_else(|| Some(std::env::home_dir().filter(absolute)?.join(".cache")))?.join("planlint");
    // It may not be there yet: what of it is there tells where it is.
    let real = path.ancestors().find_map(|part| part.canonicalize().ok())?;
    (!untrusted.iter().any(|folder| real.starts_with(folder))).then_some(path)
}

impl Store {
    /// Opens a folder, which is made where it is not there; none where it is somebody else's.
    pub fn open(path: &Path) -> Option<Self> {
        fs::create_dir_all(path).ok();
        folder::is_ours(path).then(|| Self { path: path.to_path_buf() })
    }

    /// Copies what is kept under a key to a new folder and returns its note; none where nothing whole is kept.
    ///
    /// # Errors
    /// Those of the file system on the way to the new folder.
    pub fn take(&self, key: &str, to: &Path) -> io::Result<Option<String>> {
        let kept = self.path.join(key);
        let Some((note, content)) = label(&kept) else { return Ok(None) };
        if copy(&kept.join("data"), to, folder::own)? == content {
            return Ok(Some(note));
        }
        fs::remove_dir_all(to)?;
        let _ = fs::remove_dir_all(&kept);
        Ok(None)
    }

    /// Waits for the turn to make what a key names; without it after a while, so that nobody waits for ever.
    pub fn turn(&self, key: &str) -> Turn {
        let Ok(lock) = File::options().write(true).create(true).truncate(false).open(self.beside(key, "lock")) else {
            return Turn { _lock: None };
        };
        let until = Instant::now() + PATIENCE;
        while matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)) && Instant::now() < until {
            std::thread::sleep(BEAT);
        }
        Turn { _lock: Some(lock) }
    }

    /// Keeps a copy of a stopped server's folder under a key; silently not where the cache cannot be written.
    pub fn keep(&self, _: &Turn, key: &str, data: &Path, note: &str) {
        let new = self.beside(key, &format!("{}.new", std::process::id()));
        let _ = fs::remove_dir_all(&new);
        if self.fill(&new, data, note).is_err() || fs::rename(&new, self.path.join(key)).is_err() {
            let _ = fs::remove_dir_all(&new);
        }
    }

    fn fill(&self, new: &Path, data: &Path, note: &str) -> io::Result<()> {
        fs::create_dir(new)?;
        let content = copy(data, &new.join("data"), |_| Ok(()))?;
        let label = serde_json::json!({"files": content.files, "bytes": content.bytes, "note": note});
        fs::write(new.join(LABEL), label.to_string())
    }

    fn beside(&self, key: &str, end: &str) -> PathBuf {
        self.path.join(format!("{key}.{end}"))
    }
}

fn label(kept: &Path) -> Option<(String, Content)> {
    let text = fs::read_to_string(kept.join(LABEL)).ok()?;
    let label: serde_json::Value = serde_json::from_str(&text).ok()?;
    let content = Content { files: label["files"].as_u64()?, bytes: label["bytes"].as_u64()? };
    Some((label["note"].as_str()?.to_owned(), content))
}
