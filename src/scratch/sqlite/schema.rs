//! What the databases are printed from: every table, the schema's indexes and the candidates, as DDL and statistics.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::catalog::{Catalog, Index, IndexDef, IndexId};
use crate::dialect::Dialect;
use crate::engine::Refusal;
use crate::explain::sqlite::Names;
use crate::name::{Ident, QName};
use crate::stats::StatsModel;

use super::database;
use super::print::{self, PrintedIndex, PrintedTable};

/// The printed schema.
pub(super) struct Schema {
    dialect: Dialect,
    stats: StatsModel,
    pub(super) tables: BTreeMap<QName, PrintedTable>,
    /// The catalogue's usable indexes and every candidate.
    pub(super) indexes: BTreeMap<IndexId, PrintedIndex>,
    candidates: HashMap<IndexDef, IndexId>,
    /// The number of the next candidate.
    next: u32,
}

impl Default for Schema {
    fn default() -> Self {
        Self {
            dialect: Dialect::Sqlite,
            stats: StatsModel::default(),
            tables: BTreeMap::new(),
            indexes: BTreeMap::new(),
            candidates: HashMap::new(),
            next: 0,
        }
    }
}

impl Schema {
    /// Prints a catalogue; the second value names what a scratch database cannot hold.
    pub(super) fn print(catalog: &Catalog, stats: &StatsModel, dialect: Dialect) -> (Self, Vec<(QName, Refusal)>) {
        let next = catalog.indexes().map(|index| index.id.0 + 1).max().unwrap_or(0);
        let mut schema = Self { dialect, stats: stats.clone(), next, ..Self::default() };
        let mut refused = Vec::new();
        for table in catalog.tables.values() {
            let stats = stats.table(&table.name);
            let mut printed = print::table(table, stats, dialect);
            for index in table.usable_indexes() {
                if printed.is_own_key(index) {
                    continue;
                }
                let noted = index.name.as_ref().and_then(|name| stats?.indexes.get(name));
                match print::index(index.id, &index.def, stats, noted, dialect) {
                    Ok(index) => {
                        printed.indexes.push(index.id);
                        schema.indexes.insert(index.id, index);
                    }
                    Err(refusal) => refused.push((qualified(index), refusal)),
                }
            }
            printed.indexes.sort();
            schema.tables.insert(table.name.clone(), printed);
        }
        schema.drop_refused(catalog, &mut refused);
        (schema, refused)
    }

    /// Tries every index that SQLite may refuse on a database of its own, and leaves out what it does refuse.
    fn drop_refused(&mut self, catalog: &Catalog, refused: &mut Vec<(QName, Refusal)>) {
        let doubtful: Vec<&PrintedIndex> = self.indexes.values().filter(|index| index.is_doubtful()).collect();
        let tried: Vec<(IndexId, Refusal)> =
            doubtful.par_iter().filter_map(|index| Some((index.id, self.try_index(index).err()?))).collect();
        for (id, refusal) in tried {
            let Some(index) = self.indexes.remove(&id) else { continue };
            if let Some(table) = self.tables.get_mut(&index.def.table) {
                table.indexes.retain(|kept| *kept != id);
            }
            let index = catalog.tables.get(&index.def.table).and_then(|table| table.index(id));
            refused.extend(index.map(|index| (qualified(index), refusal)));
        }
    }

    fn try_index(&self, index: &PrintedIndex) -> Result<(), Refusal> {
        database::try_index(self, index)
    }

    /// Takes a candidate; the same definition keeps its number.
    pub(super) fn add_candidate(&mut self, def: &IndexDef) -> Result<IndexId, Refusal> {
        if let Some(known) = self.candidates.get(def) {
            return Ok(*known);
        }
        if !self.tables.contains_key(&def.table) {
            return Err(Refusal(format!("no such table: {}", def.table)));
        }
        let id = IndexId(self.next);
        let printed = print::index(id, def, self.stats.table(&def.table), None, self.dialect)?;
        if printed.is_doubtful() {
            self.try_index(&printed)?;
        }
        self.next += 1;
        self.indexes.insert(id, printed);
        self.candidates.insert(def.clone(), id);
        Ok(id)
    }
}

/// The name to report an index by; an unnamed one goes by its table's.
fn qualified(index: &Index) -> QName {
    let table = &index.def.table;
    match &index.name {
        Some(name) => QName { schema: table.schema.clone(), name: name.clone() },
        None => table.clone(),
    }
}

impl Names for Schema {
    fn index(&self, id: IndexId) -> Option<&IndexDef> {
        self.indexes.get(&id).map(|index| &index.def)
    }

    fn table_key(&self, table: &QName) -> &[Ident] {
        self.tables.get(table).map_or(&[], |table| table.own_key.as_slice())
    }
}
