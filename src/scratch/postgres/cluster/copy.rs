//! Copies of a server's folder.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// What a folder holds, to tell a whole copy from one that lost files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// Files, at any depth.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
}

/// Copies folders and files, open to their owner alone, and hands each new one to `owned`. Links and other things that
/// no server makes are left out.
///
/// # Errors
/// Those of the file system.
pub(super) fn copy(from: &Path, to: &Path, owned: fn(&Path) -> io::Result<()>) -> io::Result<Content> {
    DirBuilder::new().mode(0o700).create(to)?;
    owned(to)?;
    let mut content = Content::default();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            let inner = copy(&entry.path(), &target, owned)?;
            content.files += inner.files;
            content.bytes += inner.bytes;
        } else if kind.is_file() {
            content.bytes += fs::copy(entry.path(), &target)?;
            content.files += 1;
            owned(&target)?;
        }
    }
    Ok(content)
}
