//! What the parts of a path say: whose schema it is, which dialect, whether it is an example.

use crate::dialect::Dialect;
use crate::query::PathClass;
use crate::source::TreePath;

/// Folder names that belong to whatever is above them.
const PARTS_OF_OWNER: &[&str] = &[
    "alembic",
    "changelog",
    "changelogs",
    "data",
    "database",
    "databases",
    "db",
    "ddl",
    "drizzle",
    "migrate",
    "migration",
    "migrations",
    "persistence",
    "priv",
    "prisma",
    "repo",
    "schema",
    "schemas",
    "sql",
    "storage",
    "store",
    "structure",
    "supabase",
    "upgrade",
    "upgrades",
];

/// Folder names whose children are applications of their own.
const HOLDERS: &[&str] =
    &["apps", "examples", "libs", "microservices", "modules", "packages", "plugins", "projects", "services"];

/// Folder names below which a schema is not the application's.
const ASIDE: &[&str] = &[
    "__tests__",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "demo",
    "demos",
    "doc",
    "docs",
    "e2e",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "regress",
    "sample",
    "samples",
    "snapshots",
    "spec",
    "specs",
    "test",
    "test_data",
    "test-data",
    "testdata",
    "testing",
    "tests",
];

/// Databases whose dialects we do not read.
const FOREIGN: &[&str] = &[
    "clickhouse",
    "cockroach",
    "cockroachdb",
    "crdb",
    "db2",
    "derby",
    "firebird",
    "h2",
    "hana",
    "hsqldb",
    "informix",
    "mssql",
    "oracle",
    "redshift",
    "snowflake",
    "spanner",
    "sqlserver",
    "sybase",
    "teradata",
    "tsql",
    "yugabyte",
    "yugabytedb",
];

/// How near a file is to what the application runs on; only the nearest files that there are count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// The application's own.
    Application,
    /// Among operational scripts.
    Script,
    /// For a database whose dialect we do not read.
    Foreign,
    /// Among tests or examples.
    Aside,
}

/// Tells how near a file is, by its path and class.
pub(super) fn standing(path: &TreePath, class: PathClass) -> Standing {
    let lower = path.as_str().to_ascii_lowercase();
    let aside = path.folder().split('/').any(|part| ASIDE.contains(&part.to_ascii_lowercase().as_str()));
    if class == PathClass::Test || aside {
        Standing::Aside
    } else if words(&lower).any(|word| FOREIGN.contains(&word)) {
        Standing::Foreign
    } else if class == PathClass::Script {
        Standing::Script
    } else {
        Standing::Application
    }
}

/// The folder that owns a schema lying in `folder`: its generic last parts are dropped.
pub(super) fn owner(folder: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    // What lies below a folder of migrations says nothing of the owner.
    let is_set = |part: &&str| ["migrate", "migration", "migrations"].contains(&part.to_ascii_lowercase().as_str());
    parts.truncate(parts.iter().position(is_set).unwrap_or(parts.len()));
    loop {
        let before = parts.len();
        while parts.last().is_some_and(|part| is_generic(part)) {
            parts.pop();
        }
        // Maven's layout is one folder in three words.
        if parts.ends_with(&["src", "main", "resources"]) {
            parts.truncate(parts.len() - 3);
        }
        if parts.len() == before {
            return parts.join("/");
        }
    }
}

fn is_generic(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    PARTS_OF_OWNER.contains(&lower.as_str()) || Dialect::of_word(&lower).is_some() || is_version(part)
}

/// Whether two owners are applications of their own although one lies below the other.
pub(super) fn is_boundary(outer: &str, inner: &str) -> bool {
    let below = inner.strip_prefix(outer).unwrap_or(inner);
    below.split('/').any(|part| HOLDERS.contains(&part.to_ascii_lowercase().as_str()))
}

/// `0.17`, `v2`, `20`: a folder that is a part of a version.
pub(super) fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or(part);
    !digits.is_empty()
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The dialect that a path names, the last part that does so counting.
pub(super) fn dialect(path: &TreePath) -> Option<Dialect> {
    let lower = path.as_str().to_ascii_lowercase();
    words(&lower)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .find_map(|word| Dialect::of_word(word).or_else(|| dialect_within(word)))
}

fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(['/', '.', '-', '_'])
}

/// `riversqlite`, `sqlitestore`, `pgxv5`: drivers are named after the database they speak to. Such a folder tells the
/// dialect and still owns what lies in it, so this is no [`Dialect::of_word`].
fn dialect_within(word: &str) -> Option<Dialect> {
    let names = [
        ("sqlite", Dialect::Sqlite),
        ("postgres", Dialect::Postgres),
        ("pgx", Dialect::Postgres),
        ("mysql", Dialect::Mysql),
        ("mariadb", Dialect::Mysql),
    ];
    names.into_iter().find(|(name, _)| word.contains(name)).map(|(_, dialect)| dialect)
}

/// Whether a part of a path, in lower case, is the name of a database.
pub(super) fn is_vendor(part: &str) -> bool {
    Dialect::of_word(part).is_some() || FOREIGN.contains(&part)
}

/// The dialect that all paths name.
pub(super) fn common_dialect<'a>(paths: impl Iterator<Item = &'a TreePath>) -> Option<Dialect> {
    let mut named = paths.map(dialect);
    let first = named.next()??;
    named.all(|other| other == Some(first)).then_some(first)
}
