//! Columns: added, changed, renamed, and what a dropped one takes along.

use super::{Replay, Under};
use crate::catalog::{Column, ColumnChange, ColumnType, Index, SchemaStep, Table, TypeClass};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn add_column(&mut self, name: &QName, column: &Column, parts: &[SchemaStep], under: Under) {
        let Some(key) = self.known(name, under) else { return };
        if self.table(&key).column(&column.name).is_some() {
            self.missing("duplicate-column", format!("`{key}` has a column `{}` already", column.name), under);
            return;
        }
        for table in self.with_heirs(&key) {
            let table = self.table(&table);
            if table.column(&column.name).is_none() {
                table.columns.push(column.clone());
            }
        }
        parts.iter().for_each(|part| self.apply(part));
    }

    pub(super) fn alter_column(&mut self, name: &QName, column: &Ident, change: &ColumnChange, under: Under) {
        let Some(key) = self.with_column(name, column, under) else { return };
        if let ColumnChange::Redefine(new) = change
            && new.name != *column
        {
            self.rename_column(name, column, &new.name, under);
        }
        for table in self.with_heirs(&key) {
            change_column(self.table(&table), column, change);
        }
    }

    pub(super) fn rename_column(&mut self, name: &QName, from: &Ident, to: &Ident, under: Under) {
        let Some(key) = self.with_column(name, from, under) else { return };
        if from != to && self.table(&key).column(to).is_some() {
            self.skip("duplicate-column", format!("`{key}` has a column `{to}` already"), under);
            return;
        }
        let tables = self.with_heirs(&key);
        for table in &tables {
            rename_within(self.table(table), from, to);
        }
        for foreign in self.catalog.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if tables.contains(&foreign.to) {
                rename_all(&mut foreign.to_columns, from, to);
            }
        }
    }

    pub(super) fn drop_column(&mut self, name: &QName, column: &Ident, under: Under) {
        let Some(key) = self.with_column(name, column, under) else { return };
        let dialect = self.dialect();
        for table in self.with_heirs(&key) {
            let table = self.table(&table);
            table.columns.retain(|known| known.name != *column);
            table.foreign_keys.retain(|foreign| !foreign.columns.contains(column));
            table.checks.retain(|check| !check.condition.columns().contains(column));
            if dialect == Dialect::Mysql {
                table.indexes.iter_mut().for_each(|index| drop_key(index, column));
                table.indexes.retain(|index| !index.def.keys.is_empty());
                table.primary_key.retain(|known| known != column);
            } else {
                table.indexes.retain(|index| !uses(index, column));
                if table.primary_key.contains(column) {
                    table.primary_key.clear();
                }
            }
        }
        for table in self.catalog.tables.values_mut() {
            table.foreign_keys.retain(|foreign| foreign.to != key || !foreign.to_columns.contains(column));
        }
        self.forget_dropped_indexes(&key);
    }

    /// The table, if it has the column; what an incomplete table does not show is taken to be there.
    fn with_column(&mut self, name: &QName, column: &Ident, under: Under) -> Option<QName> {
        let key = self.known(name, under)?;
        if self.ensure_column(&key, column, under) {
            return Some(key);
        }
        self.missing("unknown-column", format!("`{key}` has no column `{column}` here"), under);
        None
    }

    /// Says whether the table has the column, adding it to a table that is not known completely.
    pub(super) fn ensure_column(&mut self, key: &QName, column: &Ident, under: Under) -> bool {
        let table = self.table(key);
        if table.column(column).is_some() {
            return true;
        }
        // SQLite's rowid may be named without being declared.
        if table.complete {
            return false;
        }
        table.columns.push(Column {
            name: column.clone(),
            ty: ColumnType { declared: String::new(), class: TypeClass::Other, members: Vec::new() },
            not_null: false,
            default: None,
            generated: None,
            collation: None,
            place: under.place,
        });
        true
    }

    /// The table and everything that inherits from it.
    fn with_heirs(&self, key: &QName) -> Vec<QName> {
        let mut found = vec![key.clone()];
        let mut next = 0;
        while let Some(table) = found.get(next) {
            let children = self.children(table);
            found.extend(children);
            next += 1;
        }
        found
    }
}

fn change_column(table: &mut Table, name: &Ident, change: &ColumnChange) {
    let in_key = table.primary_key.contains(name);
    let name = match change {
        ColumnChange::Redefine(new) => new.name.clone(),
        _ => name.clone(),
    };
    let Some(column) = table.columns.iter_mut().find(|column| column.name == name) else { return };
    match change {
        ColumnChange::Type(ty) => column.ty = ty.clone(),
        ColumnChange::NotNull(not_null) => column.not_null = *not_null || in_key,
        ColumnChange::Default(default) => column.default.clone_from(default),
        ColumnChange::Redefine(new) => *column = Column { not_null: new.not_null || in_key, ..(**new).clone() },
    }
}

fn rename_within(table: &mut Table, from: &Ident, to: &Ident) {
    for column in &mut table.columns {
        if column.name == *from {
            column.name = to.clone();
        }
        if let Some(generated) = &mut column.generated {
            generated.rename_column(from, to);
        }
    }
    rename_all(&mut table.primary_key, from, to);
    for def in table.indexes.iter_mut().map(|index| &mut index.def) {
        def.keys.iter_mut().for_each(|key| key.expr.rename_column(from, to));
        rename_all(&mut def.include, from, to);
        if let Some(predicate) = &mut def.predicate {
            predicate.rename_column(from, to);
        }
    }
    table.foreign_keys.iter_mut().for_each(|foreign| rename_all(&mut foreign.columns, from, to));
    table.checks.iter_mut().for_each(|check| check.condition.rename_column(from, to));
}

fn rename_all(names: &mut [Ident], from: &Ident, to: &Ident) {
    names.iter_mut().filter(|name| *name == from).for_each(|name| *name = to.clone());
}

/// Whether dropping the column drops the index (PostgreSQL: any mention).
fn uses(index: &Index, column: &Ident) -> bool {
    let def = &index.def;
    def.include.contains(column)
        || def.keys.iter().any(|key| key.expr.columns().contains(column))
        || def.predicate.as_ref().is_some_and(|predicate| predicate.columns().contains(column))
}

/// MySQL takes a dropped column out of the indexes it is in.
fn drop_key(index: &mut Index, column: &Ident) {
    index.def.keys.retain(|key| !key.expr.columns().contains(column));
}
