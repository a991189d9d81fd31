//! Which index of the database is which of the catalogue's, and which candidate: numbers of ours, names and numbers of
//! the server's.
//!
//! An index of a partition goes by the number of the index that it is a part of. What the catalogue does not know has
//! no number: a plan that uses it says so by no name of ours. Knows no session.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::relations::Relations;
use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::explain::postgres::Names;
use crate::name::{Ident, QName};

/// The indexes of one database.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes {
    known: BTreeMap<IndexId, Known>,
    /// By table, and by the name that plans print.
    named: HashMap<(QName, Ident), IndexId>,
    candidates: BTreeSet<IndexId>,
}

/// An index that has a number.
#[derive(Clone, Debug)]
struct Known {
    def: IndexDef,
    /// Its numbers on the server, those of its parts on partitions too.
    oids: Vec<u32>,
}

impl Indexes {
    /// The catalogue's indexes; `on_server` says which of the server's each is.
    pub(super) fn of(catalog: &Catalog, on_server: &BTreeMap<IndexId, u32>, relations: &Relations) -> Self {
        let mut found = Self::default();
        for index in catalog.indexes() {
            if let Some(oid) = on_server.get(&index.id) {
                found.note(index.id, &index.def, *oid, relations);
            }
        }
        found
    }

    /// The number of an index of the schema.
    pub(super) fn of_schema(&self, def: &IndexDef) -> Option<IndexId> {
        let known = self.known.iter().filter(|(id, _)| !self.candidates.contains(id));
        known.into_iter().find(|(_, known)| known.def == *def).map(|(id, _)| *id)
    }

    /// The numbers of all candidates, in order of number.
    pub(super) fn candidates(&self) -> impl Iterator<Item = IndexId> {
        self.candidates.iter().copied()
    }

    /// Takes a candidate that was created.
    pub(super) fn add(&mut self, id: IndexId, def: &IndexDef, oid: u32, relations: &Relations) {
        self.candidates.insert(id);
        self.note(id, def, oid, relations);
    }

    fn note(&mut self, id: IndexId, def: &IndexDef, oid: u32, relations: &Relations) {
        let mut oids = vec![oid];
        let mut at = 0;
        while let Some(above) = oids.get(at).copied() {
            oids.extend(relations.heirs(above));
            at += 1;
        }
        for relation in oids.iter().filter_map(|oid| relations.by_oid.get(oid)) {
            self.named.insert((def.table.clone(), relation.name.name.clone()), id);
        }
        self.known.insert(id, Known { def: def.clone(), oids });
    }

    /// The table of an index.
    pub(super) fn table_of(&self, id: IndexId) -> Option<&QName> {
        self.known.get(&id).map(|known| &known.def.table)
    }

    /// What an index is over.
    pub(super) fn def(&self, id: IndexId) -> Option<&IndexDef> {
        self.known.get(&id).map(|known| &known.def)
    }

    /// The server's numbers of the candidates that are not among `shown`.
    pub(super) fn candidates_beside(&self, shown: &BTreeSet<IndexId>) -> BTreeSet<u32> {
        let others = self.candidates.difference(shown);
        others.flat_map(|id| self.oids(*id)).copied().collect()
    }

    /// The server's numbers of an index.
    pub(super) fn oids(&self, id: IndexId) -> &[u32] {
        self.known.get(&id).map_or(&[], |known| known.oids.as_slice())
    }

    /// What the server's indexes are over, by their numbers.
    pub(super) fn defs(&self) -> BTreeMap<u32, &IndexDef> {
        self.known.values().flat_map(|known| known.oids.iter().map(|oid| (*oid, &known.def))).collect()
    }
}

impl Names for Indexes {
    fn index(&self, table: &QName, name: &str) -> Option<(IndexId, &IndexDef)> {
        let id = self.named.get(&(table.clone(), Ident::new(name)))?;
        Some((*id, &self.known.get(id)?.def))
    }
}
