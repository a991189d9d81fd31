//! Files that are being written and the signals that end the program early: nothing half-written is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files that are not what their readers wait for yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file that is removed unless it is finished: on an error, a panic or a signal.
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    /// Notes a file before it is made.
    pub(super) fn new(path: PathBuf) -> Self {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        Self(path)
    }

    /// Returns the file's path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// Those of the file system; the file is removed then.
    pub(super) fn finish(self, name: &Path) -> std::io::Result<()> {
        fs::rename(&self.0, name)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        // Once finished, or never made, there is nothing to remove.
        let _ = fs::remove_file(&self.0);
        unfinished.remove(&self.0);
    }
}

/// Ends the program on a signal as shells expect it, with 128 and the signal's number, after tidying up.
#[cfg(unix)]
pub(super) fn end_on_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let wait = || {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
        if let Some(signal) = signals.forever().next() {
            super::progress::clear();
            let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
            for path in unfinished.iter() {
                let _ = fs::remove_file(path);
            }
            // The lock is kept: nobody starts another file before the end.
            crate::scratch::postgres::end_all();
            std::process::exit(128 + signal);
        }
    };
    // Without the thread the signal's own way ends the program, only less tidily.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
}

/// Leaves signals to the system where it has none of Unix's.
#[cfg(not(unix))]
pub(super) fn end_on_signals() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_is_gone_after_a_panic_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let half = path("half.tmp");
        let falls = std::panic::catch_unwind(|| {
            let unfinished = Unfinished::new(half.clone());
            fs::write(unfinished.path(), "half").expect("a file");
            panic!("in the middle");
        });
        assert!(falls.is_err() && !half.exists());
        let whole = Unfinished::new(path("whole.tmp"));
        fs::write(whole.path(), "whole").expect("a file");
        whole.finish(&path("whole")).expect("it is renamed");
        assert!(path("whole").exists() && !path("whole.tmp").exists());
        assert!(UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    }
}
