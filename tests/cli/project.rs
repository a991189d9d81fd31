//! A project on disk for the binary to read, which goes when it is dropped; and the engine that plans for it.

use std::fs;
use std::path::Path;

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

/// The arguments, with the embedded engine where neither they nor the project say which, as for MySQL: what is tested
/// with them is to be the same with and without an installed PostgreSQL, whose own tests are in `tests/postgres`.
pub fn embedded<'a>(folder: &Path, args: &[&'a str]) -> Vec<&'a str> {
    let mut args = args.to_vec();
    let plans = args.first().is_some_and(|command| ["check", "advise", "explain"].contains(command));
    let files = ["planlint.toml", "schema.sql"].map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default());
    let says = |text: &str| ["engine", "mysql", "AUTO_INCREMENT"].iter().any(|word| text.contains(word));
    if plans && !files.iter().any(|text| says(text)) && !args.iter().any(|word| says(word)) {
        args.splice(1..1, ["--engine", "sqlite"]);
    }
    args
}
