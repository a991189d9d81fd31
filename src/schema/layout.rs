//! Which files form the schema of which database, in which order.
//!
//! A pure decision by paths and by what each file holds in numbers; nothing is read here. Per database the first of
//! these that exists is taken: what the configuration names, a dump, migrations in their tool's own order, other files
//! with DDL. Files below test and example folders count only when nothing else has a schema; seed data never does.

mod group;
mod migration;
mod path;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use crate::config::{Config, DatabaseSettings};
use crate::dialect::Dialect;
use crate::source::TreePath;
use crate::sql::summary::FileSummary;

pub use migration::MigrationTool;

use group::{Candidate, Source};
use migration::{Migration, Role};
use path::Standing;

/// A database and the files its schema is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRoot {
    /// The database's name: configured, else the last part of the folder, else `main`.
    pub name: String,
    /// The folder that owns the schema, empty for the tree's root.
    pub folder: String,
    /// The folders whose queries run on it; the longest one that holds a file wins.
    pub paths: Vec<String>,
    /// What kind of source was taken.
    pub source: SourceKind,
    /// The dialect that the files' paths name, if they do (`migrations/mysql/…`).
    pub dialect: Option<Dialect>,
    /// The files in the order in which they apply, as indexes into the list that was given. Statements of a file's
    /// down part do not count.
    pub files: Vec<usize>,
    /// Sources that are there as well and were not taken.
    pub others: Vec<OtherSource>,
}

/// What a schema is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// What the configuration names.
    Configured,
    /// What `sqlc.yaml` names.
    Sqlc,
    /// A dump, or a file that is named like one (`schema.sql`, `structure.sql`).
    Dump,
    /// A folder of migrations.
    Migrations(MigrationTool),
    /// Migrations in a host language, by their tool.
    HostMigrations(&'static str),
    /// Models in a host language, by their framework.
    Models(&'static str),
    /// Files with DDL in no known order.
    Files,
}

impl SourceKind {
    /// Returns the word for reports: `config`, `dump`, `migrations`, `models`, `files`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "config",
            Self::Sqlc => "sqlc",
            Self::Dump => "dump",
            Self::Migrations(_) | Self::HostMigrations(_) => "migrations",
            Self::Models(_) => "models",
            Self::Files => "files",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Migrations(MigrationTool::Numbered) => f.write_str("migrations"),
            Self::Migrations(tool) => write!(f, "{tool} migrations"),
            Self::HostMigrations(tool) => write!(f, "{tool} migrations"),
            Self::Models(framework) => write!(f, "{framework} models"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// A source that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSource {
    /// Its kind.
    pub kind: SourceKind,
    /// The folder that it lies in.
    pub folder: String,
    /// The dialect that its files' paths name, if they do.
    pub dialect: Option<Dialect>,
    /// Its files, as indexes into the list that was given.
    pub files: Vec<usize>,
}

/// Decides which files form the schema of which database. `files` are sorted by path, `sqlc` is what its configurations
/// name; databases come out sorted by folder, the configured ones in the order of the configuration.
pub fn plan(files: &[(TreePath, FileSummary)], config: &Config, sqlc: &[DatabaseSettings]) -> Vec<SchemaRoot> {
    if !config.databases.is_empty() {
        return config.databases.iter().filter_map(|database| configured_database(files, config, database)).collect();
    }
    if !config.schema.is_empty() {
        return vec![configured_root(files, &config.schema, "main", vec![String::new()])];
    }
    let named: Vec<SchemaRoot> = sqlc.iter().filter_map(|database| sqlc_database(files, config, database)).collect();
    let mut roots = found(files, config.dialect);
    // What else lies in the folders of sqlc's databases is another form of the same schema, or none.
    let of_sqlc = |root: &SchemaRoot| {
        let mut near = named.iter().flat_map(|database| {
            let schema = database.files.iter().map(|index| files[*index].0.as_str());
            schema.chain(database.paths.iter().map(String::as_str))
        });
        near.any(|path| TreePath::new(path).is_below(&root.folder) || TreePath::new(&root.folder).is_below(path))
    };
    roots.retain(|root| !of_sqlc(root));
    roots.splice(0..0, named);
    roots
}

/// A database of sqlc's, if its schema is there and is the application's own.
fn sqlc_database(
    files: &[(TreePath, FileSummary)],
    config: &Config,
    database: &DatabaseSettings,
) -> Option<SchemaRoot> {
    let root = configured_database(files, config, database)?;
    let is_application =
        |index: &usize| path::standing(&files[*index].0, files[*index].1.class) == Standing::Application;
    let creates = root.files.iter().any(|index| files[*index].1.creates > 0);
    let taken = creates && root.files.iter().all(is_application);
    taken.then_some(SchemaRoot { source: SourceKind::Sqlc, ..root })
}

/// Finds the database that a file's queries run on: the one whose path is the nearest ancestor, or the only one there is.
///
/// Of several that are equally near, or of all where none is, files with DDL in no known order, which may be anybody's sample, give way to a schema
/// that is kept as one. Returns its index in `roots`; none where several are left.
pub fn database_of(roots: &[SchemaRoot], path: &TreePath) -> Option<usize> {
    if roots.len() == 1 {
        return Some(0);
    }
    let nearness = |root: &SchemaRoot| root.paths.iter().filter(|folder| path.is_below(folder)).map(String::len).max();
    let best = roots.iter().map(nearness).max()?;
    let mut nearest: Vec<usize> = (0..roots.len()).filter(|at| nearness(&roots[*at]) == best).collect();
    if nearest.len() > 1 {
        nearest.retain(|at| roots[*at].source != SourceKind::Files);
    }
    match nearest[..] {
        [index] => Some(index),
        _ => None,
    }
}

/// Finds the schemas for databases whose dialects we do not read, as far as none of `roots` is made of them.
pub fn foreign(files: &[(TreePath, FileSummary)], roots: &[SchemaRoot]) -> Vec<OtherSource> {
    let taken: BTreeSet<usize> = roots.iter().flat_map(|root| &root.files).copied().collect();
    let left = files.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    let candidates = left.filter_map(|(index, (path, summary))| Candidate::found(index, path, summary));
    let foreign = candidates.filter(|candidate| candidate.standing == Standing::Foreign).collect();
    let sources = group::sources(foreign).into_iter();
    sources.filter(|source| source.creates > 0 && source.dialect.is_none()).map(OtherSource::from).collect()
}

/// Finds the migrations of the sets that `roots` are made of or passed over, the ways back among them.
pub fn migrations(files: &[(TreePath, FileSummary)], roots: &[SchemaRoot]) -> Vec<usize> {
    let read = |index: usize| migration::read(&files[index].0, &files[index].1);
    let others = |root: &SchemaRoot| root.others.iter().flat_map(|other| &other.files).copied().collect::<Vec<_>>();
    let known = roots.iter().flat_map(|root| root.files.iter().copied().chain(others(root)));
    let sets: BTreeSet<String> = known.filter_map(|index| Some(read(index)?.folder)).collect();
    // Numbers alone may count anything, queries too.
    let is_told = |migration: &Migration| migration.role == Role::Down || migration.tool != MigrationTool::Numbered;
    let is_one =
        |index: &usize| read(*index).is_some_and(|migration| is_told(&migration) && sets.contains(&migration.folder));
    (0..files.len()).filter(is_one).collect()
}

/// Tells the dialect that a file's path names, if it does (`queries/mysql/…`).
pub fn dialect_of(path: &TreePath) -> Option<Dialect> {
    path::dialect(path)
}

fn configured_database(
    files: &[(TreePath, FileSummary)],
    config: &Config,
    database: &DatabaseSettings,
) -> Option<SchemaRoot> {
    let paths = if database.paths.is_empty() { None } else { Some(clean_all(&database.paths)) };
    if !database.schema.is_empty() {
        let folder = clean_all(&database.schema).first().map_or_else(String::new, |path| path::owner(folder_of(path)));
        let root =
            configured_root(files, &database.schema, &database.name, paths.unwrap_or_else(|| vec![folder.clone()]));
        return Some(SchemaRoot { folder, ..root });
    }
    // Without a schema of its own, the one found nearest to its queries.
    let roots = found(files, database.dialect.or(config.dialect));
    let near = |root: &SchemaRoot, path: &String| {
        TreePath::new(&root.folder).is_below(path) || TreePath::new(path).is_below(&root.folder)
    };
    let paths = paths.unwrap_or_default();
    let fitting = roots.into_iter().filter(|root| paths.is_empty() || paths.iter().any(|path| near(root, path)));
    let root = fitting.max_by_key(|root| root.folder.len())?;
    let paths = if paths.is_empty() { root.paths.clone() } else { paths };
    Some(SchemaRoot { name: database.name.clone(), paths, ..root })
}

/// The files and folders that the configuration names, in its order.
fn configured_root(
    files: &[(TreePath, FileSummary)],
    entries: &[String],
    name: &str,
    paths: Vec<String>,
) -> SchemaRoot {
    let mut chosen: Vec<usize> = Vec::new();
    for entry in clean_all(entries) {
        let below = files.iter().enumerate().filter(|(_, (path, _))| path.is_below(&entry));
        let candidates: Vec<Candidate> =
            below.filter_map(|(index, (path, summary))| Candidate::named(index, path, summary)).collect();
        let mut sources = group::sources(candidates);
        sources.sort_by(|a, b| (a.kind, &a.folder).cmp(&(b.kind, &b.folder)));
        for index in sources.iter().flat_map(|source| &source.files) {
            if !chosen.contains(index) {
                chosen.push(*index);
            }
        }
    }
    SchemaRoot {
        name: name.to_owned(),
        folder: String::new(),
        paths,
        source: SourceKind::Configured,
        dialect: path::common_dialect(chosen.iter().map(|index| &files[*index].0)),
        files: chosen,
        others: Vec::new(),
    }
}

fn found(files: &[(TreePath, FileSummary)], dialect: Option<Dialect>) -> Vec<SchemaRoot> {
    let candidates = files.iter().enumerate();
    let mut candidates: Vec<Candidate> =
        candidates.filter_map(|(index, (path, summary))| Candidate::found(index, path, summary)).collect();
    let creating = candidates.iter().filter(|candidate| candidate.creates > 0);
    if let Some(nearest) = creating.map(|candidate| candidate.standing).min() {
        candidates.retain(|candidate| candidate.standing <= nearest);
    }
    let sources = group::sources(candidates);
    let mut databases = group::by_database(sources);
    // Alterations alone are no schema, where there is one.
    let creates = |sources: &[Source]| sources.iter().any(|source| source.creates > 0);
    if databases.iter().any(|(_, sources)| creates(sources)) {
        databases.retain(|(_, sources)| creates(sources));
    }
    let mut roots: Vec<SchemaRoot> =
        databases.into_iter().map(|(folder, sources)| choose(folder, sources, dialect)).collect();
    roots.sort_by(|a, b| a.folder.cmp(&b.folder));
    name_apart(&mut roots);
    roots
}

/// Takes the best source of a database and notes the rest.
fn choose(folder: String, mut sources: Vec<Source>, dialect: Option<Dialect>) -> SchemaRoot {
    let most = sources.iter().map(|source| source.creates).max().unwrap_or(0);
    let rank = |source: &Source| {
        // What is named like a dump and holds next to nothing of the schema is none.
        let partial = source.creates * 4 < most;
        let foreign = match source.dialect {
            Some(named) if dialect == Some(named) => 0,
            None => 1,
            Some(named) => 2 + Dialect::ALL.iter().position(|known| *known == named).unwrap_or(0),
        };
        (partial, source.kind.precedence(), foreign, std::cmp::Reverse(source.creates), source.folder.len())
    };
    sources.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.folder.cmp(&b.folder)));
    let mut rest = sources.into_iter();
    let chosen = rest.next().expect("a database is made of at least one source");
    SchemaRoot {
        name: String::new(),
        paths: vec![folder.clone()],
        folder,
        source: chosen.kind,
        dialect: chosen.dialect,
        files: chosen.files,
        others: rest.map(OtherSource::from).collect(),
    }
}

impl From<Source> for OtherSource {
    fn from(source: Source) -> Self {
        Self { kind: source.kind, folder: source.folder, dialect: source.dialect, files: source.files }
    }
}

impl SourceKind {
    fn precedence(self) -> u8 {
        match self {
            Self::Configured | Self::Sqlc => 0,
            Self::Dump => 1,
            Self::Migrations(_) | Self::HostMigrations(_) => 2,
            Self::Models(_) => 3,
            Self::Files => 4,
        }
    }
}

/// Names databases after the last part of their folder, longer where two would be alike.
pub fn name_apart(roots: &mut [SchemaRoot]) {
    let folders: Vec<String> = roots.iter().map(|root| root.folder.clone()).collect();
    for (at, root) in roots.iter_mut().enumerate() {
        let last =
            |folder: &str| folder.rsplit('/').next().filter(|part| !part.is_empty()).unwrap_or("main").to_owned();
        let name = last(&root.folder);
        let alike = folders.iter().enumerate().any(|(other, folder)| other != at && last(folder) == name);
        root.name = if alike && !root.folder.is_empty() { root.folder.clone() } else { name };
    }
}

fn clean_all(paths: &[String]) -> Vec<String> {
    paths.iter().map(|path| path.trim_start_matches("./").trim_end_matches('/').trim_matches('.').to_owned()).collect()
}

fn folder_of(path: &str) -> &str {
    if path.ends_with(".sql") { path.rsplit_once('/').map_or("", |(folder, _)| folder) } else { path }
}
