//! Whole runs of the program with `--engine postgres`: what it may start, what it finds, how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::binaries;

const SCHEMA: &str = "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, note jsonb);";
const QUERY: &str = "SELECT id FROM users WHERE email = $1;";

/// A small application in a folder of its own, with an own cache and an own place for temporary files.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("pl").tempdir_in("/tmp").expect("a folder");
        let project = Self(folder);
        fs::set_permissions(project.0.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        for name in ["app", "cache", "temp"] {
            fs::create_dir(project.path(name)).expect("a folder");
        }
        fs::write(project.path("app/schema.sql"), SCHEMA).expect("a file");
        fs::write(project.path("app/q.sql"), QUERY).expect("a file");
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planlint"));
        command.current_dir(self.path("app")).args(args).env_remove("GITHUB_ACTIONS");
        command.env("XDG_CACHE_HOME", self.path("cache")).env("TMPDIR", self.path("temp"));
        command
    }
}

fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}exit {}\n", output.status.code().unwrap_or(-1))
}

/// A program that leaves a mark.
fn trap(path: &Path, mark: &Path) {
    let said = "postgres (PostgreSQL) 18.9";
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, format!("#!/bin/sh\necho ran >> {}\necho '{said}'\n", mark.display())).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn no_program_of_the_code_base_is_run() {
    let project = Project::new();
    let mark = project.path("mark");
    fs::write(&mark, "").expect("a file");
    fs::set_permissions(&mark, fs::Permissions::from_mode(0o666)).expect("permissions");
    for name in ["postgres", "initdb", "pg_config"] {
        trap(&project.path("app/bin").join(name), &mark);
        fs::create_dir_all(project.path("links")).expect("a folder");
        std::os::unix::fs::symlink(project.path("app/bin").join(name), project.path("links").join(name)).expect("it");
    }
    let run = |args: &[&str]| {
        let path = format!("{0}/app/bin:{0}/links:/usr/bin:/bin", project.0.path().display());
        let output = project.command(args).env("PATH", path).output().expect("it runs");
        (told(&output), fs::read_to_string(&mark).expect("a file"))
    };
    for args in [&["check", "--engine", "postgres"][..], &["check", "q.sql", "--engine", "postgres"], &["check"]] {
        let (said, ran) = run(args);
        assert_eq!(ran, "", "{args:?}: {said}");
        assert!(!said.contains("18.9"), "{said}");
    }
    // The trap is one: outside of the code base it goes off.
    let outside = Project::new();
    let output = outside.command(&["check", "--engine", "postgres"]).env("PATH", project.path("app/bin")).output();
    let said = told(&output.expect("it runs"));
    assert_ne!(fs::read_to_string(&mark).expect("a file"), "", "{said}");
}

#[test]
fn no_cache_of_the_code_base_is_believed() {
    if binaries().is_none() {
        return;
    }
    let project = Project::new();
    let run = |cache: &str| {
        let mut command = project.command(&["check", "--engine", "postgres"]);
        let said = told(&command.env("XDG_CACHE_HOME", project.path(cache)).output().expect("it runs"));
        assert!(said.contains("exit 1"), "{said}");
        project.path(cache).join("planlint").exists()
    };
    assert!(!run("app/cache"));
    assert!(run("cache"));
}
