//! A project on disk for the binary to read; it goes when it is dropped.

use std::fs;

use tempfile::TempDir;

/// Writes files, by path and content.
pub fn project<C: AsRef<[u8]>>(files: &[(&str, C)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}
