//! The files of production's statistics: the one that was typed, else the one that lies beside the configuration, and
//! those of replicas.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::snapshot::{FILE, Snapshot, SnapshotError};

/// Why the file cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum FiguresError {
    #[error("`{path}` cannot be read: {cause}")]
    #[diagnostic(help("`planlint stats pull --database-url URL --out FILE` writes such a file"))]
    Unread { path: String, cause: std::io::Error },
    #[error("`{path}`: {cause}")]
    #[diagnostic(help("write it again with `planlint stats pull`"))]
    Wrong { path: String, cause: SnapshotError },
}

/// Reads the file; none where none was typed and none lies in `folder`.
pub(super) fn read(typed: Option<&Path>, here: &Path, folder: &Path) -> Result<Option<Snapshot>, FiguresError> {
    let path: PathBuf = typed.map_or_else(|| folder.join(FILE), |typed| here.join(typed));
    if typed.is_none() && !path.is_file() {
        return Ok(None);
    }
    read_one(&path, typed.unwrap_or(Path::new(FILE))).map(Some)
}

/// Reads the files of replicas: those that were typed, else those that the configuration in `folder` names.
pub(super) fn replicas(
    typed: &[PathBuf],
    here: &Path,
    configured: &[String],
    folder: &Path,
) -> Result<Vec<Snapshot>, FiguresError> {
    if typed.is_empty() {
        return configured.iter().map(|path| read_one(&folder.join(path), Path::new(path))).collect();
    }
    typed.iter().map(|path| read_one(&here.join(path), path)).collect()
}

fn read_one(path: &Path, shown: &Path) -> Result<Snapshot, FiguresError> {
    let shown = || shown.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| FiguresError::Unread { path: shown(), cause })?;
    Snapshot::read(&text).map_err(|cause| FiguresError::Wrong { path: shown(), cause })
}
