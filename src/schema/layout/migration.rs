//! Migration files: which tool's they are, by their names, and where in its order each one stands.
//!
//! Versions compare as numbers, part by part: `9_` stands before `10_`, `V1.2` before `V1.10`.

use std::fmt;

use crate::dialect::Dialect;
use crate::source::TreePath;
use crate::sql::summary::{FileSummary, MarkerTool};

use super::path::{self, is_version};

/// A migration tool, as far as file names and markers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationTool {
    /// diesel: `2023-01-01-000000_name/up.sql`
    Diesel,
    /// Prisma: `20230101000000_name/migration.sql`
    Prisma,
    /// Flyway: `V1_2__name.sql`
    Flyway,
    /// goose: `-- +goose Up`
    Goose,
    /// dbmate: `-- migrate:up`
    Dbmate,
    /// sql-migrate: `-- +migrate Up`
    SqlMigrate,
    /// tern: `---- create above / drop below ----`
    Tern,
    /// golang-migrate, and sqlx with ways back: `000001_name.up.sql`
    UpDown,
    /// sqlx, Supabase, drizzle and everybody else: `20230101_name.sql`
    Numbered,
}

impl fmt::Display for MigrationTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Diesel => "diesel",
            Self::Prisma => "prisma",
            Self::Flyway => "flyway",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::SqlMigrate => "sql-migrate",
            Self::Tern => "tern",
            Self::UpDown => "up/down",
            Self::Numbered => "numbered",
        })
    }
}

/// A migration file and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Migration {
    /// The tool.
    pub(super) tool: MigrationTool,
    /// The folder of the whole set.
    pub(super) folder: String,
    /// The folder of a set that is a part of this one: what the folders of all databases have in common.
    pub(super) common: Option<String>,
    /// What the tool does with it.
    pub(super) role: Role,
    /// Its version's parts.
    pub(super) version: Vec<u64>,
}

/// What a tool does with a migration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It replaces everything up to its version.
    Baseline,
    /// It is applied.
    Up,
    /// It is applied after all others, in order of name.
    Repeatable,
    /// It is the way back.
    Down,
}

/// Reads a path as a migration's.
pub(super) fn read(path: &TreePath, summary: &FileSummary) -> Option<Migration> {
    let name = path.file_name();
    let (parent, step) = path.folder().rsplit_once('/').unwrap_or(("", path.folder()));
    let in_step = |tool, role| {
        // Both tools name the folder of a step by its time.
        let digits = step.starts_with(|first: char| first.is_ascii_digit());
        let version = vec![step_version(step)];
        digits.then(|| Migration { tool, folder: parent.to_owned(), common: None, role, version })
    };
    match name {
        "up.sql" => return in_step(MigrationTool::Diesel, Role::Up),
        "down.sql" => return in_step(MigrationTool::Diesel, Role::Down),
        "migration.sql" => return in_step(MigrationTool::Prisma, Role::Up),
        _ => {}
    }
    let stem = name.rsplit_once('.')?.0;
    let stem = if Dialect::of_form(name).is_some() { stem.rsplit_once('.')?.0 } else { stem };
    flyway(path, stem).or_else(|| numbered(path, stem, summary))
}

/// `2023-01-02-030405_name` and `20230102030405_name` as one number.
fn step_version(step: &str) -> u64 {
    let digits: String = step
        .chars()
        .take_while(|char| char.is_ascii_digit() || *char == '-')
        .filter(char::is_ascii_digit)
        .take(18)
        .collect();
    digits.parse().unwrap_or(0)
}

fn flyway(path: &TreePath, stem: &str) -> Option<Migration> {
    let (head, _) = stem.split_once("__")?;
    let mut chars = head.chars();
    let role = match chars.next()? {
        'V' => Role::Up,
        'B' => Role::Baseline,
        'U' => Role::Down,
        'R' if head.len() == 1 => Role::Repeatable,
        _ => return None,
    };
    let version = parts(chars.as_str());
    if version.is_empty() && role != Role::Repeatable {
        return None;
    }
    let (folder, common) = flyway_set(path.folder());
    let common = common.map(str::to_owned);
    Some(Migration { tool: MigrationTool::Flyway, folder: folder.to_owned(), common, role, version })
}

fn numbered(path: &TreePath, stem: &str, summary: &FileSummary) -> Option<Migration> {
    let lower = stem.to_ascii_lowercase();
    let (base, direction) = match lower.rsplit_once(['.', '_', '-']) {
        Some((base, "up")) => (base, Some(Role::Up)),
        Some((base, "down" | "rollback" | "undo" | "revert")) => (base, Some(Role::Down)),
        _ => (lower.as_str(), None),
    };
    let digits = base.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(base);
    let len = digits.find(|char: char| !char.is_ascii_digit() && char != '.' && char != '-').unwrap_or(digits.len());
    let own = parts(&digits[..len]);
    if own.is_empty() || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (folder, mut version) = versioned_folder(path.folder());
    version.extend(own);
    let tool = match (summary.markers, direction) {
        (Some(MarkerTool::Goose), _) => MigrationTool::Goose,
        (Some(MarkerTool::Dbmate), _) => MigrationTool::Dbmate,
        (Some(MarkerTool::SqlMigrate), _) => MigrationTool::SqlMigrate,
        (Some(MarkerTool::Tern), _) => MigrationTool::Tern,
        (None, Some(_)) => MigrationTool::UpDown,
        (None, None) => MigrationTool::Numbered,
    };
    Some(Migration { tool, folder, common: None, role: direction.unwrap_or(Role::Up), version })
}

/// Folders that are versions (`0.17/01_x.sql`) are a part of the file's.
fn versioned_folder(folder: &str) -> (String, Vec<u64>) {
    match folder.rsplit_once('/') {
        Some((parent, last)) if is_version(last) => (parent.to_owned(), parts(last.trim_start_matches('v'))),
        _ => (folder.to_owned(), Vec::new()),
    }
}

/// The folder of a Flyway set, and that of what it has in common with the sets of other databases.
///
/// Flyway searches its location's folders, too; one that is named after a database is a location of its own
/// (`db/migration/{vendor}`).
fn flyway_set(folder: &str) -> (&str, Option<&str>) {
    let set = through(folder, |part| ["migration", "migrations"].contains(&part)).unwrap_or(folder);
    let above = if set == folder { folder.rsplit_once('/').map_or("", |(above, _)| above) } else { set };
    match through(&folder[above.len()..], path::is_vendor) {
        Some(own) => (&folder[..above.len() + own.len()], Some(above)),
        None => (set, None),
    }
}

/// The start of a path through the first part that, in lower case, is one of those looked for.
fn through(path: &str, is: impl Fn(&str) -> bool) -> Option<&str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let last = |end: &usize| path[..*end].rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ends.into_iter().find(|end| is(&last(end))).map(|end| &path[..end])
}

fn parts(text: &str) -> Vec<u64> {
    let numbers = text.split(['.', '_', '-']).filter(|part| !part.is_empty());
    numbers.map(|part| part.parse::<u64>()).collect::<Result<_, _>>().unwrap_or_default()
}
