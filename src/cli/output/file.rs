//! Answers in files: whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::OutputError;
use crate::cli::Stop;
use crate::cli::interrupt::Unfinished;
use crate::cli::settings;
use crate::outcome::RunReport;
use crate::report::Reporter;
use crate::source::TreePath;
use crate::sqlfile;

/// Refuses paths that cannot be written, and two answers for one place; none is standard output.
pub(super) fn refuse<'a>(paths: impl Iterator<Item = Option<&'a Path>>) -> Result<(), OutputError> {
    let mut taken = BTreeSet::new();
    for path in paths {
        let shown = path.map(|path| path.display().to_string());
        if let (Some(path), Some(shown)) = (path, &shown) {
            if path.is_dir() {
                return Err(OutputError::Folder(shown.trim_end_matches('/').to_owned()));
            }
            if path.file_name().is_some_and(settings::is_configuration) {
                return Err(OutputError::Configuration { path: shown.clone() });
            }
            let folder = folder(path);
            if !folder.is_dir() {
                return Err(OutputError::NoFolder { path: shown.clone(), folder: folder.display().to_string() });
            }
        }
        if !taken.insert(path.map(place)) {
            return Err(OutputError::Twice(shown.map_or("standard output".to_owned(), |shown| format!("`{shown}`"))));
        }
    }
    Ok(())
}

/// Refuses paths that lead to what the run has read, by whatever name.
pub(super) fn refuse_inputs<'a>(paths: impl Iterator<Item = &'a Path>, report: &RunReport) -> Result<(), OutputError> {
    for path in paths.filter(|path| path.is_file()) {
        let taken = identity(path);
        if let Some(input) = report.inputs.iter().find(|input| identity(Path::new(&***input)) == taken) {
            let help = input_help(path, Path::new(&**input));
            return Err(OutputError::Input { path: path.display().to_string(), help });
        }
    }
    Ok(())
}

/// What to type instead of the name of an input; only SQL under its own name can be excluded.
fn input_help(path: &Path, input: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_own = !path.is_symlink() && place(path) == place(input) && sqlfile::reads(&TreePath::new(&*name));
    let other = "name another file, for example `--output json=planlint.json`";
    match is_own {
        true => format!("{other}; if it is an older answer, exclude it: `--config 'exclude = [\"{name}\"]'`"),
        false => other.to_owned(),
    }
}

/// What two names of one file have in common, hard links too.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// What two names of one file have in common.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// Writes to a neighbour first and renames, so that a full disk or an interruption leaves the old file or the new one;
/// into what is no file (`/dev/stdout`, a pipe), directly.
pub(super) fn write(path: &Path, report: &RunReport, reporter: &dyn Reporter) -> Result<(), Stop> {
    match whole(path, &|out| reporter.write(report, out)) {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Broken),
        written => Ok(written.map_err(|cause| OutputError::File { path: path.display().to_string(), cause })?),
    }
}

/// What a file is to hold.
type Content<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Writes a file that is whole or as it was.
///
/// # Errors
/// Those of the file system.
pub(in crate::cli) fn whole(path: &Path, content: Content<'_>) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            OpenOptions::new().write(true).open(path).and_then(|file| fill(file, content).map(drop))
        }
        _ => replace(&place(path), content),
    }
}

fn replace(path: &Path, content: Content<'_>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let neighbour = Unfinished::new(path.with_file_name(name));
    let file = fill(OpenOptions::new().write(true).create_new(true).open(neighbour.path())?, content)?;
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    neighbour.finish(path)
}

fn fill(file: File, content: Content<'_>) -> io::Result<File> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

/// The file that a path leads to: links are followed, so that they stay, and two names of one file are one place.
fn place(path: &Path) -> PathBuf {
    let whole = || fs::canonicalize(path).ok();
    let by_folder = || Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?));
    whole().or_else(by_folder).unwrap_or_else(|| path.to_path_buf())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
