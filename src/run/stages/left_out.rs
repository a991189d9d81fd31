//! Schemas that lie in the tree and are not read, told as skips.
//!
//! Silent where the configuration says what to read: then nothing is left out unknowingly.

use std::collections::BTreeSet;

use super::Facts;
use super::dialect::Told;
use crate::config::Config;
use crate::query::{Skip, SkipStage};
use crate::schema::layout::{self, OtherSource, SchemaRoot, SourceKind};
use crate::source::{HostSpan, TreePath};
use crate::sql::summary::FileSummary;

/// Tells of the same application's schemas in other dialects than the one that was taken, and of those for databases
/// that nobody here knows; a skip stands for a whole schema, at its first file.
pub(super) fn skips(
    files: &[(TreePath, FileSummary)],
    roots: &[SchemaRoot],
    dialects: &[Told],
    facts: &Facts,
    config: &Config,
) -> Vec<Skip> {
    if config.dialect.is_some() || !config.databases.is_empty() || !config.schema.is_empty() {
        return Vec::new();
    }
    let skip = |source: &OtherSource, reason, detail| {
        let first = source.files.first()?;
        let place = HostSpan::new(facts.sql[*first].file, 0..0);
        Some(Skip { stage: SkipStage::File, reason, detail, place })
    };
    let of_root = |(root, (taken, _)): (&SchemaRoot, &Told)| {
        let others = root.others.iter().filter_map(|other| Some((other, other.dialect?)));
        let mut told = BTreeSet::from([*taken]);
        // Of several forms of a schema the best comes first.
        let others = others.filter(move |(_, dialect)| told.insert(*dialect));
        let skips = others.filter_map(|(other, dialect)| {
            let detail = format!(
                "`{}` holds a schema for {dialect} ({}), and one for {taken} was taken: type `--dialect {dialect}`, or give \
                 each a `[[database]]` with its `schema` and `paths`",
                named(other, files),
                other.kind,
            );
            skip(other, "other-dialect", detail)
        });
        skips.collect::<Vec<_>>()
    };
    let foreign = |other: &OtherSource| {
        let detail = format!(
            "`{}` holds a schema ({}) for a database that planlint does not know: name it under `exclude` in `planlint.toml`, or \
             under `schema` to read it all the same",
            named(other, files),
            other.kind,
        );
        skip(other, "unknown-dialect", detail)
    };
    let known = roots.iter().zip(dialects).flat_map(of_root);
    known.chain(layout::foreign(files, roots).iter().filter_map(foreign)).collect()
}

/// A dump and loose files are named themselves: their folder may hold anything.
fn named<'a>(source: &'a OtherSource, files: &'a [(TreePath, FileSummary)]) -> &'a str {
    match (source.kind, source.files.first(), source.folder.as_str()) {
        (SourceKind::Files | SourceKind::Dump, Some(first), _) => files[*first].0.as_str(),
        (.., "") => ".",
        (.., folder) => folder,
    }
}
