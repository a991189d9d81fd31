//! Bad input: whatever a tree holds, a run ends in reasonable time, with an answer or with what to type.
//!
//! The inputs are generated, as large as the issue of robustness names them. Everything goes through the binary, whose
//! stack, streams and exit status are the real ones. What needs much room is in `huge`.

mod disk;
mod hostile;
mod huge;
mod large;
#[path = "../cli/project.rs"]
mod project;

use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Far more than any case takes: work that grows with the square of the input takes longer.
const TIMEOUT: Duration = Duration::from_secs(50);

const SQLITE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, b TEXT, c TEXT);\n";
const POSTGRES: &str = "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, a integer, b text, c text);\n";

/// The commands that every input goes through.
const COMMANDS: [&[&str]; 3] = [&["check", "-v"], &["queries", "-v"], &["explain", "q.sql:1"]];

/// What a run said.
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

fn planlint(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::cargo_bin("planlint").expect("the binary is built");
    let output =
        command.current_dir(folder).timeout(TIMEOUT).args(project::embedded(folder, args)).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

fn project(files: &[(&str, &[u8])]) -> TempDir {
    project::project(files)
}

/// Runs a command and sees that it ended by itself, without a bug.
fn ends(name: &str, folder: &Path, args: &[&str]) -> Ran {
    let ran = planlint(folder, args);
    let tail: String = ran.err.chars().take(2_000).collect();
    assert!(
        matches!(ran.status, Some(0..=2)),
        "{name}, {args:?}: {:?} (none is a crash or a timeout): {tail}",
        ran.status
    );
    assert!(!ran.err.contains("panicked"), "{name}, {args:?}: {tail}");
    assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{name}, {args:?} says nothing");
    ran
}

/// Sends a schema and queries through every command; returns the report of `check` as JSON.
fn through(name: &str, schema: &str, queries: &str) -> Value {
    through_files(name, &[("schema.sql", schema.as_bytes()), ("q.sql", queries.as_bytes())])
}

fn through_files(name: &str, files: &[(&str, &[u8])]) -> Value {
    let folder = project(files);
    for args in COMMANDS {
        ends(name, folder.path(), args);
    }
    let report = ends(name, folder.path(), &["check", "--allow-empty", "--output", "json"]);
    serde_json::from_str(&report.out).unwrap_or_else(|error| panic!("{name}: {error}: {}{}", report.out, report.err))
}

/// The reasons of a report's skips, each once, in order.
fn skips(report: &Value) -> Vec<&str> {
    let skips = report["coverage"]["skips"].as_array().expect("skips");
    skips.iter().filter_map(|skip| skip["reason"].as_str()).collect()
}
