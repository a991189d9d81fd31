//! Clusters kept from one run to the next, in the user's cache folder.
//!
//! What is kept appears whole or not at all. A cache that cannot be written costs time, never a run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::archive::{pack, unpack};
use super::folder;

/// The longest wait for another run that makes the same cluster.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether that run is done.
const BEAT: Duration = Duration::from_millis(5);
/// What the names of kept clusters end with.
const KEPT: &str = "cluster";
/// What nobody took out for so long is thrown away.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 3600);
/// All that is kept, in bytes; the clusters that were used last stay.
const MOST: u64 = 512 << 20;

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

    /// Unpacks what is kept under a key to a new folder and returns its note; none where nothing whole is kept.
    ///
    /// # Errors
    /// Those of the file system on the way to the new folder.
    pub fn take(&self, key: &str, to: &Path) -> io::Result<Option<String>> {
        let Ok(mut file) = File::open(self.file(key, KEPT)) else { return Ok(None) };
        // The time says when it was used last.
        let _ = file.set_modified(SystemTime::now());
        let mut packed = Vec::new();
        match file.read_to_end(&mut packed) {
            Ok(_) => unpack(&packed, to, folder::own),
            Err(_) => Ok(None),
        }
    }

    /// Waits for the turn to make what a key names; without it after a while, so that nobody waits for ever.
    pub fn turn(&self, key: &str) -> Turn {
        let Ok(lock) = File::options().write(true).create(true).truncate(false).open(self.file(key, "lock")) else {
            return Turn { _lock: None };
        };
        let until = Instant::now() + PATIENCE;
        while matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)) && Instant::now() < until {
            std::thread::sleep(BEAT);
        }
        Turn { _lock: Some(lock) }
    }

    /// Says whether something is kept under a key.
    pub fn has(&self, key: &str) -> bool {
        self.file(key, KEPT).is_file()
    }

    /// Keeps a stopped server's folder under a key; silently not where the cache cannot be written. Of two at once the
    /// later one's stays.
    pub fn keep(&self, key: &str, data: &Path, note: &str) {
        let new = self.file(key, &format!("{}.new", std::process::id()));
        let written = pack(data, note).and_then(|packed| fs::write(&new, packed));
        if written.and_then(|()| fs::rename(&new, self.file(key, KEPT))).is_err() {
            let _ = fs::remove_file(&new);
        }
        self.prune();
    }

    /// Removes what was not used for long, and what is too much.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let mut kept: Vec<(Duration, u64, PathBuf)> = entries.flatten().filter_map(|entry| aged(&entry)).collect();
        kept.sort();
        let mut sum = 0;
        for (age, bytes, path) in kept {
            sum += bytes;
            if age > FORGOTTEN || sum > MOST {
                let _ = fs::remove_file(path);
            }
        }
    }

    fn file(&self, key: &str, end: &str) -> PathBuf {
        self.path.join(format!("{key}.{end}"))
    }
}

/// A kept cluster's, or a lost piece's, time since it was used, size and path. Locks are left: others may hold them.
fn aged(entry: &fs::DirEntry) -> Option<(Duration, u64, PathBuf)> {
    let path = entry.path();
    let ours = path.extension().is_some_and(|end| end == KEPT || end == "new");
    let metadata = entry.metadata().ok().filter(|metadata| ours && metadata.is_file())?;
    let age = metadata.modified().ok()?.elapsed().unwrap_or_default();
    Some((age, metadata.len(), path))
}
