//! Which dialect each schema is written in: what it says itself, else the nearest that says anything.
//!
//! Counts marks that were found before; knows no words of any dialect.

use std::collections::HashSet;

use super::Facts;
use crate::config::{Config, DatabaseSettings};
use crate::dialect::Dialect;
use crate::schema::layout::SchemaRoot;
use crate::source::TreePath;
use crate::sql::split::Votes;
use crate::sqlfile;

/// A dialect, and what told it.
pub(super) type Told = (Dialect, &'static str);

/// What told nothing.
pub(super) const DEFAULT: Told = (Dialect::Postgres, "no mark, the default");

/// Tells the dialect of each schema; `nearest` says by file which of them its queries run on.
pub(super) fn of_roots(roots: &[SchemaRoot], nearest: &[Option<usize>], facts: &Facts, config: &Config) -> Vec<Told> {
    let own: Vec<Option<Told>> = roots.iter().map(|root| by_itself(root, facts, config)).collect();
    let of_schemas: HashSet<usize> = roots.iter().flat_map(|root| &root.files).copied().collect();
    let queries: Vec<usize> = (0..facts.sql.len()).filter(|file| !of_schemas.contains(file)).collect();
    let database = |file: usize| nearest[facts.sql[file].file.0 as usize];
    let of_one = |at: usize| {
        let its_queries = || votes(facts, queries.iter().copied().filter(|file| database(*file) == Some(at)));
        own[at].or_else(|| {
            told(&[
                ("marks in the queries", &|| its_queries().winner()),
                ("the schemas beside it", &|| beside(roots, &own, at)),
                ("marks in the queries", &|| votes(facts, queries.iter().copied()).winner()),
            ])
        })
    };
    (0..roots.len()).map(|at| of_one(at).unwrap_or(DEFAULT)).collect()
}

/// The dialect of queries without a schema.
pub(super) fn without_schema(facts: &Facts, config: &Config) -> Told {
    let in_queries = || votes(facts, 0..facts.sql.len()).winner();
    told(&[("configured", &|| config.dialect), ("marks in the queries", &in_queries)]).unwrap_or(DEFAULT)
}

/// What a schema's own files say, and what is said of them.
fn by_itself(root: &SchemaRoot, facts: &Facts, config: &Config) -> Option<Told> {
    told(&[
        ("configured", &|| settings(root, facts, config).and_then(|settings| settings.dialect).or(config.dialect)),
        ("the schema's path", &|| root.dialect),
        ("sqlx's offline data", &|| of_offline_data(&root.files, facts)),
        ("marks in the schema", &|| votes(facts, root.files.iter().copied()).winner()),
    ])
}

/// What the configuration or sqlc's says of a database.
pub(super) fn settings<'a>(root: &SchemaRoot, facts: &'a Facts, config: &'a Config) -> Option<&'a DatabaseSettings> {
    config.databases.iter().chain(&facts.sqlc).find(|database| database.name == root.name)
}

/// The dialect that most schemas say they are of in the nearest folder around one that holds any; a schema is one voice,
/// however long it is.
fn beside(roots: &[SchemaRoot], own: &[Option<Told>], at: usize) -> Option<Dialect> {
    let mut folder = roots[at].folder.as_str();
    loop {
        let near = roots.iter().zip(own).filter(|(root, _)| TreePath::new(&root.folder).is_below(folder));
        let mut voices = Votes::default();
        near.filter_map(|(_, told)| *told).for_each(|(dialect, _)| voices.add(dialect, 1));
        if voices != Votes::default() || folder.is_empty() {
            return voices.winner();
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// The dialect that the nearest offline data of sqlx around a schema's files is of, where it is of one alone.
fn of_offline_data(schema: &[usize], facts: &Facts) -> Option<Dialect> {
    let around = |folder: &str| schema.iter().all(|file| facts.path(*file).is_below(folder));
    let offline = (0..facts.sql.len()).filter_map(|file| Some((sqlfile::offline_folder(facts.path(file))?, file)));
    let offline: Vec<(&str, usize)> = offline.filter(|(folder, _)| around(folder)).collect();
    let nearest = offline.iter().map(|(folder, _)| folder.len()).max()?;
    let near = offline.iter().filter(|(folder, _)| folder.len() == nearest);
    let mut told = near.filter_map(|(_, file)| facts.sql[*file].votes.winner());
    let first = told.next()?;
    told.all(|other| other == first).then_some(first)
}

fn votes(facts: &Facts, files: impl Iterator<Item = usize>) -> Votes {
    files.fold(Votes::default(), |mut votes, file| {
        votes += facts.sql[file].votes;
        votes
    })
}

/// The first dialect that something tells, and what told it.
fn told(tellers: &[(&'static str, &dyn Fn() -> Option<Dialect>)]) -> Option<Told> {
    tellers.iter().find_map(|(source, tell)| Some((tell()?, *source)))
}
