//! Revisions: which files are migrations, and the order in which they apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::code::{Bound, Code};
use crate::host::flow::Evaluator;
use crate::host::value::{FunctionId, Kind, Value};
use crate::query::{PathClass, Skip, SkipStage};
use crate::source::HostSpan;

/// A folder of migrations.
pub(super) struct Folder {
    /// Its path.
    pub path: String,
    /// Its migrations, in the order of their files.
    pub revisions: Vec<Revision>,
}

/// A migration.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    /// Its file, by position.
    pub file: usize,
    /// Its number.
    pub id: String,
    /// Those that must have been applied before.
    pub before: Vec<String>,
    /// What it does.
    pub upgrade: FunctionId,
    /// Where it says its number.
    pub place: HostSpan,
}

/// The folders of migrations in a code base.
pub(super) fn folders(evaluator: &mut Evaluator<'_, '_>) -> Vec<Folder> {
    let code = evaluator.code;
    let mut by_folder: BTreeMap<&str, Vec<Revision>> = BTreeMap::new();
    for (file, facts) in code.files.iter().enumerate() {
        if matches!(facts.class, PathClass::Test | PathClass::Vendored) {
            continue;
        }
        if let Some(revision) = revision(evaluator, file) {
            by_folder.entry(facts.path.folder()).or_default().push(revision);
        }
    }
    let mut folders: Vec<Folder> = Vec::new();
    for (path, revisions) in by_folder {
        // `version_locations` names several folders of one history.
        let is_one = |folder: &&mut Folder| {
            let names = |from: &[Revision], to: &[Revision]| {
                let ids: BTreeSet<&str> = to.iter().map(|revision| revision.id.as_str()).collect();
                let known: BTreeSet<&str> = from.iter().map(|revision| revision.id.as_str()).collect();
                let mut wanted = from.iter().flat_map(|revision| &revision.before);
                wanted.any(|before| !known.contains(before.as_str()) && ids.contains(before.as_str()))
            };
            let is_copy = folder.revisions.iter().any(|known| revisions.iter().any(|revision| revision.id == known.id));
            !is_copy && (names(&revisions, &folder.revisions) || names(&folder.revisions, &revisions))
        };
        match folders.iter_mut().find(is_one) {
            Some(folder) => {
                folder.path = crate::orm::sqlalchemy::schema::shared_folder(
                    [format!("{}/.", folder.path), format!("{path}/.")].iter().map(String::as_str),
                );
                folder.revisions.extend(revisions);
            }
            None => folders.push(Folder { path: path.to_owned(), revisions }),
        }
    }
    folders
}

/// The migration that a file is.
fn revision(evaluator: &mut Evaluator<'_, '_>, file: usize) -> Option<Revision> {
    let code: &Code<'_> = evaluator.code;
    let scope = code.scope(file);
    let place = match scope.get("revision").last()? {
        Bound::Value { value: Some(_), place, .. } => *place,
        _ => return None,
    };
    let upgrade = match scope.get("upgrade").last()? {
        Bound::Function(id) => *id,
        _ => return None,
    };
    if scope.get("down_revision").is_empty() {
        return None;
    }
    let id = evaluator.global(file, &"revision".into())?.text()?;
    let mut before = Vec::new();
    for name in ["down_revision", "depends_on"] {
        if let Some(value) = evaluator.global(file, &name.into()) {
            take_names(&value, &mut before);
        }
    }
    Some(Revision { file, id, before, upgrade, place })
}

fn take_names(value: &Value, into: &mut Vec<String>) {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| into.extend(item.text())),
        _ => into.extend(value.text()),
    }
}

/// The revisions in the order in which they apply, and what is wrong with them.
pub(super) fn linear(folder: &Folder) -> (Vec<Revision>, Vec<Skip>) {
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut skips = Vec::new();
    let mut skip = |reason, detail: String, place| {
        skips.push(Skip { stage: SkipStage::Schema, reason, detail, place });
    };
    for (at, revision) in folder.revisions.iter().enumerate() {
        if by_id.insert(&revision.id, at).is_some() {
            skip("duplicate-revision", format!("revision `{}` is there twice", revision.id), revision.place);
        }
    }
    let mut is_followed = vec![false; folder.revisions.len()];
    let mut parents: Vec<Vec<usize>> = Vec::with_capacity(folder.revisions.len());
    for revision in &folder.revisions {
        let mut known = Vec::new();
        for before in &revision.before {
            match find(&by_id, before) {
                Some(at) => known.push(at),
                None => {
                    let detail = format!("`{}` comes after `{before}`, which is not there", revision.id);
                    skip("missing-revision", detail, revision.place);
                }
            }
        }
        known.iter().for_each(|at| is_followed[*at] = true);
        parents.push(known);
    }
    let heads: Vec<usize> = (0..folder.revisions.len()).filter(|at| !is_followed[*at]).collect();
    if let [_, second, ..] = heads.as_slice() {
        let revision = &folder.revisions[*second];
        let detail = format!("{} revisions are the last of theirs; all are taken", heads.len());
        skip("several-heads", detail, revision.place);
    }
    (ordered(folder, &parents), skips)
}

/// A revision by its number, or by the beginning of it.
fn find(by_id: &BTreeMap<&str, usize>, id: &str) -> Option<usize> {
    by_id.get(id).copied().or_else(|| {
        let mut matching = by_id.range(id..).take_while(|(known, _)| known.starts_with(id));
        let first = matching.next().filter(|_| id.len() >= 4)?;
        matching.next().is_none().then_some(*first.1)
    })
}

/// Every revision behind those that come before it; one that comes before itself is taken where it is met.
fn ordered(folder: &Folder, parents: &[Vec<usize>]) -> Vec<Revision> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_open = vec![false; parents.len()];
    for start in 0..parents.len() {
        // A chain of hundreds is no place for recursion.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !is_open[start] {
            is_open[start] = true;
            path.push((start, 0));
        }
        while let Some((at, next)) = path.last_mut() {
            match parents[*at].get(*next) {
                Some(parent) => {
                    *next += 1;
                    if !is_open[*parent] {
                        is_open[*parent] = true;
                        path.push((*parent, 0));
                    }
                }
                None => {
                    order.push(folder.revisions[*at].clone());
                    path.pop();
                }
            }
        }
    }
    order
}
