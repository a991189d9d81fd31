//! Merges the indexes that queries keep: an index takes over all whose keys can be its first ones.
//!
//! Keys that are compared by equality may stand in any order, so `(a, b)` and `(b)` become `(b, a)`; what comes after
//! them may not move. An existing index that is no constraint is taken over too, and then replaced.

use std::collections::BTreeMap;

use crate::catalog::{Index, IndexDef, IndexId, IndexKey, Table};
use crate::coverage;
use crate::dialect::Target;

/// An index that is wanted: how many of its leading keys may change places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) def: IndexDef,
    pub(super) equalities: usize,
    /// How many sites want it.
    pub(super) sites: usize,
}

/// A wanted index while others are merged into it: its keys in groups, each free to be ordered within itself.
struct Merged {
    wanted: Wanted,
    groups: Vec<Vec<IndexKey>>,
}

impl Merged {
    fn new(wanted: Wanted) -> Self {
        let (free, tail) = wanted.def.keys.split_at(wanted.equalities);
        let mut groups = Vec::new();
        if !free.is_empty() {
            groups.push(free.to_vec());
        }
        groups.extend(tail.iter().map(|key| vec![key.clone()]));
        Self { wanted, groups }
    }

    /// Orders the groups so that `narrow` becomes a prefix, or leaves them as they are and says no.
    fn absorb(&mut self, narrow: &[Vec<IndexKey>]) -> bool {
        let mut groups = self.groups.clone();
        let mut at = 0;
        for wanted in narrow {
            let mut rest = wanted.clone();
            while !rest.is_empty() {
                let Some(group) = groups.get_mut(at) else { return false };
                if group.iter().all(|key| rest.contains(key)) {
                    rest.retain(|key| !group.contains(key));
                } else if rest.iter().all(|key| group.contains(key)) {
                    let behind: Vec<IndexKey> = group.iter().filter(|key| !rest.contains(key)).cloned().collect();
                    group.retain(|key| rest.contains(key));
                    groups.insert(at + 1, behind);
                    rest.clear();
                } else {
                    return false;
                }
                at += 1;
            }
        }
        self.groups = groups;
        true
    }

    fn takes(&mut self, other: &Wanted) -> bool {
        let (mine, theirs) = (&self.wanted.def, &other.def);
        let alike = mine.table == theirs.table && mine.predicate == theirs.predicate && mine.method == theirs.method;
        if !alike || !self.absorb(&Self::new(other.clone()).groups) {
            return false;
        }
        self.wanted.sites += other.sites;
        true
    }

    /// Takes an existing index over, so that it can be dropped.
    fn replaces(&mut self, index: &Index, target: &Target) -> bool {
        let plain = !index.def.unique && index.backs.is_none() && index.held && index.valid;
        if !plain || index.name.is_none() || index.def.predicate != self.wanted.def.predicate {
            return false;
        }
        let before = self.groups.clone();
        let chain: Vec<Vec<IndexKey>> = index.def.keys.iter().map(|key| vec![key.clone()]).collect();
        if self.absorb(&chain) && coverage::subsumes(&self.def(), &index.def, target).is_ok() {
            return true;
        }
        self.groups = before;
        false
    }

    fn def(&self) -> IndexDef {
        IndexDef { keys: self.groups.concat(), ..self.wanted.def.clone() }
    }
}

/// What a merged index is, and which indexes of the schema it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MergedIndex {
    pub(super) wanted: Wanted,
    pub(super) replaces: Vec<IndexId>,
}

/// Merges the wanted indexes of one table; the result is in canonical order.
pub(super) fn merge(table: &Table, wanted: Vec<Wanted>, target: &Target) -> Vec<MergedIndex> {
    let mut distinct: BTreeMap<IndexDef, Wanted> = BTreeMap::new();
    for one in wanted {
        match distinct.get_mut(&one.def) {
            // Kept for several reasons: only what may move for all of them may move.
            Some(same) => {
                same.equalities = same.equalities.min(one.equalities);
                same.sites += one.sites;
            }
            None => {
                distinct.insert(one.def.clone(), one);
            }
        }
    }
    let mut queue: Vec<Wanted> = distinct.into_values().collect();
    queue.sort_by(|a, b| (b.def.keys.len(), b.sites).cmp(&(a.def.keys.len(), a.sites)).then_with(|| a.def.cmp(&b.def)));
    let mut merged: Vec<Merged> = Vec::new();
    for one in queue {
        if !merged.iter_mut().any(|wide| wide.takes(&one)) {
            merged.push(Merged::new(one));
        }
    }
    let mut found: Vec<MergedIndex> = merged
        .into_iter()
        .map(|mut one| {
            let replaced = table.indexes.iter().filter(|index| one.replaces(index, target)).map(|index| index.id);
            let replaces = replaced.collect();
            let def = one.def();
            MergedIndex { wanted: Wanted { def, ..one.wanted }, replaces }
        })
        .collect();
    found.sort_by(|a, b| a.wanted.def.cmp(&b.wanted.def));
    found
}
