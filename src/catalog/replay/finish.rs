//! What can only be said when every step is applied: types, partitions, the canonical form and the numbers.

use std::collections::HashMap;

use super::Replay;
use crate::catalog::{ForeignKey, Index, IndexDef, Table, find};
use crate::dialect::Dialect;
use crate::expr::simplify;
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn finish(&mut self) {
        self.resolve_types();
        for key in self.partitions.clone() {
            self.complete_partition(&key);
        }
        let names: Vec<_> = self.catalog.tables.keys().cloned().collect();
        for key in &names {
            self.resolve_foreign_keys(key);
            let dialect = self.dialect();
            simplify_table(self.table(key), dialect);
        }
        self.catalog.number_indexes();
    }

    /// Gives a partition the parent's indexes and foreign keys that it has not under a name of its own.
    ///
    /// Done at the end, because `pg_dump` attaches partitions before it creates either side's indexes.
    pub(super) fn complete_partition(&mut self, key: &QName) {
        let Some(parent) = self.catalog.tables.get(key).and_then(|table| table.parent.clone()) else { return };
        if self.partitions.contains(&parent) {
            self.complete_partition(&parent);
        }
        let Some(parent) = self.catalog.tables.get(&parent).cloned() else { return };
        let place = self.table(key).place;
        for index in &parent.indexes {
            let def = IndexDef { table: key.clone(), ..index.def.clone() };
            if self.table(key).indexes.iter().any(|known| known.def == def) {
                continue;
            }
            let mut copy = Index { def, place, ..index.clone() };
            copy.name = Some(self.generated_index_name(key, &copy));
            self.insert_index(key, copy);
        }
        let table = self.table(key);
        if table.primary_key.is_empty() {
            table.primary_key.clone_from(&parent.primary_key);
        }
        for foreign in &parent.foreign_keys {
            let same = |known: &ForeignKey| known.columns == foreign.columns && known.to == foreign.to;
            if !table.foreign_keys.iter().any(same) {
                table.foreign_keys.push(ForeignKey { place, ..foreign.clone() });
            }
        }
    }

    /// Names the referenced tables as the catalogue does: some were created after the key.
    fn resolve_foreign_keys(&mut self, key: &QName) {
        let targets: Vec<_> = self.catalog.tables[key]
            .foreign_keys
            .iter()
            .map(|foreign| find(&self.catalog.tables, &foreign.to).map(|table| table.name.clone()))
            .collect();
        for (foreign, to) in self.table(key).foreign_keys.iter_mut().zip(targets) {
            if let Some(to) = to {
                foreign.to = to;
            }
        }
    }
}

/// Drops the casts that change nothing for the column's type (`pg_dump` writes `(status)::text = 'x'::text`).
fn simplify_table(table: &mut Table, dialect: Dialect) {
    // SQLite's planner matches no cast to a column, whatever the types.
    let types: HashMap<_, _> = match dialect {
        Dialect::Sqlite => HashMap::new(),
        _ => table.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect(),
    };
    let type_of = |name: &Ident| types.get(name);
    for def in table.indexes.iter_mut().map(|index| &mut index.def) {
        def.predicate = def.predicate.take().map(|predicate| simplify(predicate, &type_of));
        for key in &mut def.keys {
            if key.expr.as_column().is_none() {
                key.expr = simplify(key.expr.clone(), &type_of);
            }
        }
    }
    for check in &mut table.checks {
        check.condition = simplify(check.condition.clone(), &type_of);
    }
    for column in &mut table.columns {
        column.generated = column.generated.take().map(|generated| simplify(generated, &type_of));
    }
}
