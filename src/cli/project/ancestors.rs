//! The folders above what is checked, as far as they belong to the same project.

use std::path::Path;

/// What marks the root of a repository.
const REPOSITORY: &[&str] = &[".git", ".hg", ".jj"];
/// What marks the root of a project, or of a part of one.
const PROJECT: &[&str] = &[
    "planlint.toml",
    "pyproject.toml",
    "setup.py",
    "manage.py",
    "requirements.txt",
    "Cargo.toml",
    "go.mod",
    "package.json",
    "composer.json",
    "Gemfile",
    "mix.exs",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "sqlc.yaml",
    "sqlc.yml",
    "diesel.toml",
];

/// Returns a folder and those above it, up to the root of its repository.
///
/// Without a repository the way up ends below the home directory and the root of the file system: what lies there
/// directly belongs to no project, and would make a project of everything.
pub(in crate::cli) fn of_project(start: &Path) -> impl Iterator<Item = &Path> {
    let last = repository(start);
    let home = std::env::home_dir();
    let ends = move |folder: &Path| folder.parent().is_none() || home.as_deref() == Some(folder);
    let mut over = false;
    start.ancestors().take_while(move |folder| {
        let take = !over && (*folder == start || last.is_some() || !ends(folder));
        over = last == Some(*folder);
        take
    })
}

/// Returns the root of the repository that a folder lies in.
pub(in crate::cli) fn repository(start: &Path) -> Option<&Path> {
    start.ancestors().find(|folder| holds(folder, REPOSITORY))
}

/// Returns the roots of all repositories that a folder lies in: one may be part of another.
pub(super) fn repositories(start: &Path) -> impl Iterator<Item = &Path> {
    start.ancestors().filter(|folder| holds(folder, REPOSITORY))
}

/// Says whether a folder is the root of a project, or of a part of one.
pub(super) fn is_root(folder: &Path) -> bool {
    holds(folder, REPOSITORY) || holds(folder, PROJECT)
}

fn holds(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| folder.join(name).exists())
}
