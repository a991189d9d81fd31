//! Shared memory that the server's tools leave behind where they end badly: `initdb` has no option to put it elsewhere.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use super::process::Servant;

/// Memory that is a folder, on Linux.
pub(super) const FOLDER: &str = "/dev/shm";
/// What the names of PostgreSQL's pieces begin with.
const PREFIX: &str = "PostgreSQL.";

/// The pieces that were there before a program was started.
pub(super) struct Before(BTreeSet<OsString>);

impl Before {
    /// Looks at what is there.
    pub(super) fn now() -> Self {
        Self(pieces())
    }

    /// Removes what is new, belongs to the server's user, and is used by no process: the program that made it is gone.
    pub(super) fn restore(&self) {
        let owner = Servant::needed().map_or(geteuid().as_raw(), |servant| servant.uid);
        for name in pieces().difference(&self.0) {
            let path = Path::new(FOLDER).join(name);
            let owned = fs::symlink_metadata(&path).is_ok_and(|seen| seen.is_file() && seen.uid() == owner);
            if owned && !is_used(&path) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn pieces() -> BTreeSet<OsString> {
    let names = fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().starts_with(PREFIX)).collect()
}

/// Says whether a process has a file in its memory; those of the file's owner can all be looked at.
fn is_used(path: &Path) -> bool {
    let path = path.to_string_lossy();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.into_iter().any(|process| {
        let maps = fs::read_to_string(process.path().join("maps")).unwrap_or_default();
        maps.lines().any(|line| line.ends_with(&*path))
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_and_what_is_somebody_elses_stays() {
        let path = |name: &str| Path::new(FOLDER).join(format!("{PREFIX}planlint-{name}-{}", std::process::id()));
        let make = |name: &str| {
            fs::write(path(name), "").expect("a file");
            if let Some(servant) = Servant::needed().filter(|_| name != "other") {
                std::os::unix::fs::chown(path(name), Some(servant.uid), None).expect("it is given");
            }
        };
        make("old");
        let before = Before::now();
        make("new");
        make("other");
        before.restore();
        let left = ["old", "new", "other"].map(|name| path(name).exists());
        for name in ["old", "new", "other"] {
            let _ = fs::remove_file(path(name));
        }
        assert_eq!(left, [true, false, Servant::needed().is_some()]);
    }
}
