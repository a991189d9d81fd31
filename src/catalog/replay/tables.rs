//! Tables and views: created, dropped, renamed, and what one takes over from another.

use super::{Replay, Under, names, on_path};
use crate::catalog::{Constraint, Index, SchemaOp, SchemaStep, Table, TableKind, TakeOver, View, find};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn create_table(&mut self, table: &Table, parts: &[SchemaStep], under: Under) {
        let key = self.home(&table.name);
        // A materialised view that is made anew was dropped by a CASCADE that the text does not show.
        let is_made_once = |table: &Table| table.kind == TableKind::Materialized;
        if is_made_once(table) && !under.guarded && self.catalog.tables.get(&key).is_some_and(is_made_once) {
            self.remove_table(&key);
        }
        if self.catalog.tables.contains_key(&key) || self.catalog.views.contains_key(&key) {
            self.missing("duplicate-table", format!("`{key}` is there already; the first definition counts"), under);
            return;
        }
        let table = Table { name: key.clone(), ..table.clone() };
        self.catalog.tables.insert(key, table);
        // PostgreSQL makes the primary key's index before those of UNIQUE; MySQL looks for an index that serves a
        // foreign key among all the statement's keys; copied columns must be there for any of them.
        let rank = |step: &&SchemaStep| match (&step.op, self.dialect()) {
            (SchemaOp::TakeOver { .. }, _) => 0,
            (SchemaOp::AddConstraint(_, Constraint::PrimaryKey { .. }), Dialect::Postgres) => 1,
            (SchemaOp::AddConstraint(_, Constraint::ForeignKey(_)), _) => 3,
            _ => 2,
        };
        let mut ordered: Vec<_> = parts.iter().collect();
        ordered.sort_by_key(rank);
        for part in ordered {
            if !self.repeats_key(part) {
                self.apply(part);
            }
        }
    }

    /// Within one CREATE TABLE, PostgreSQL and SQLite make one index of two equal keys (`PRIMARY KEY UNIQUE`).
    fn repeats_key(&self, part: &SchemaStep) -> bool {
        let SchemaOp::AddConstraint(name, Constraint::Unique { columns, include, .. }) = &part.op else {
            return false;
        };
        let Some(table) = self.key_of(name).and_then(|key| self.catalog.tables.get(&key)) else {
            return false;
        };
        self.dialect() != Dialect::Mysql
            && table.indexes.iter().any(|index| {
                // A rowid key has no index that SQLite could share.
                let real = index.name.is_some();
                real && index.backs.is_some()
                    && index.def.include == *include
                    && index.def.key_columns().eq(columns.iter())
            })
    }

    pub(super) fn take_over(&mut self, name: &QName, from: &QName, what: TakeOver, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        // What a view's columns are is not known here.
        let from = if find(&self.catalog.views, from).is_some() { None } else { self.known(from, under) };
        let Some(from) = from.filter(|from| *from != key) else {
            self.table(&key).complete = false;
            return;
        };
        if what != TakeOver::Columns && what != TakeOver::ColumnsAndIndexes && self.descends(&from, &key) {
            self.missing("circular-inheritance", format!("`{from}` is an heir of `{key}` itself"), under);
            return;
        }
        let source = self.catalog.tables[&from].clone();
        let table = self.table(&key);
        let mut columns: Vec<_> =
            source.columns.iter().filter(|column| table.column(&column.name).is_none()).cloned().collect();
        columns.iter_mut().for_each(|column| column.place = table.place);
        // A sequence of its own is nothing that LIKE copies.
        for column in &mut columns {
            column.ty.declared = plain_type(&column.ty.declared).unwrap_or(&column.ty.declared).to_owned();
        }
        table.columns.splice(0..0, columns);
        table.complete &= source.complete;
        if what != TakeOver::Columns {
            let known = table.checks.clone();
            table.checks.extend(source.checks.iter().filter(|check| !known.contains(check)).cloned());
        }
        match what {
            TakeOver::Columns => {}
            TakeOver::ColumnsAndIndexes => self.copy_indexes(&key, &source, under),
            TakeOver::Inheritance => {
                self.table(&key).parent.get_or_insert(from);
            }
            TakeOver::Partition => {
                self.table(&key).parent = Some(from);
                self.partitions.insert(key);
            }
        }
    }

    /// What cannot be found stays untyped.
    pub(super) fn copy_types(&mut self, name: &QName, columns: &[(Ident, QName, Ident)]) {
        let Some(key) = self.key_of(name) else { return };
        for (column, from, source) in columns {
            let from = self.key_of(from).and_then(|from| self.catalog.tables.get(&from));
            let Some(source) = from.and_then(|from| from.column(source)).cloned() else { continue };
            if let Some(column) = self.table(&key).columns.iter_mut().find(|known| known.name == *column) {
                column.ty = source.ty;
                column.ty.declared = plain_type(&column.ty.declared).unwrap_or(&column.ty.declared).to_owned();
                column.collation = source.collation;
            }
        }
    }

    /// Says whether a table is an heir of another, however far down.
    fn descends(&self, heir: &QName, ancestor: &QName) -> bool {
        let parent = |table: &QName| self.catalog.tables.get(table).and_then(|table| table.parent.clone());
        std::iter::successors(parent(heir), parent).any(|above| above == *ancestor)
    }

    fn copy_indexes(&mut self, key: &QName, source: &Table, under: Under) {
        if self.table(key).primary_key.is_empty() {
            self.table(key).primary_key.clone_from(&source.primary_key);
        }
        for index in &source.indexes {
            let mut copy = Index { place: under.place, ..index.clone() };
            copy.def.table = key.clone();
            // MySQL's names belong to the table and are copied; others are made anew.
            if self.dialect() != Dialect::Mysql && copy.name.is_some() {
                copy.name = Some(self.generated_index_name(key, &copy));
            }
            self.insert_index(key, copy);
        }
    }

    pub(super) fn detach(&mut self, name: &QName, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        // What it took over is its own from here on.
        if self.partitions.contains(&key) {
            self.complete_partition(&key);
            self.partitions.remove(&key);
        }
        self.table(&key).parent = None;
    }

    pub(super) fn drop_table(&mut self, name: &QName, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        self.remove_table(&key);
    }

    fn remove_table(&mut self, key: &QName) {
        self.catalog.tables.remove(key);
        self.index_homes.retain(|_, home| home != key);
        // PostgreSQL drops foreign keys that point here with the table; the others let them dangle, and a table of
        // the same name made later (SQLite's way to alter one) picks them up again.
        if self.dialect() == Dialect::Postgres {
            for table in self.catalog.tables.values_mut() {
                table.foreign_keys.retain(|foreign| foreign.to != *key);
            }
        }
        let children: Vec<_> = self.children(key);
        for child in children {
            if self.partitions.remove(&child) {
                self.remove_table(&child);
            } else {
                self.table(&child).parent = None;
            }
        }
    }

    /// The tables that inherit from one directly.
    pub(super) fn children(&self, key: &QName) -> Vec<QName> {
        self.catalog
            .tables
            .values()
            .filter(|table| table.parent.as_ref() == Some(key))
            .map(|table| table.name.clone())
            .collect()
    }

    pub(super) fn rename_table(&mut self, from: &QName, to: &QName, under: Under) {
        let Some(key) = self.key_of(from) else {
            // PostgreSQL renames views and indexes by ALTER TABLE, too.
            return self.rename_other(from, to, under);
        };
        // An unqualified name stays in the schema it was found in; only SET SCHEMA moves a qualified one.
        let to = match (&from.schema, &to.schema) {
            (None, None) => QName { schema: key.schema.clone(), name: to.name.clone() },
            _ => to.clone(),
        };
        if to != key && self.catalog.tables.contains_key(&to) {
            self.skip("duplicate-table", format!("`{to}` is there already; `{key}` keeps its name"), under);
            return;
        }
        let mut table = self.catalog.tables.remove(&key).expect("a key comes from the catalogue");
        self.index_homes.retain(|_, home| *home != key);
        table.name = to.clone();
        for index in &mut table.indexes {
            index.def.table = to.clone();
            if self.catalog.dialect == Dialect::Sqlite
                && let Some(name) = index.name.as_ref()
                && let Some(renamed) = names::sqlite_renamed(name, &key.name, &to.name)
            {
                index.name = Some(renamed);
            }
        }
        let indexes: Vec<_> = table.indexes.iter().filter_map(|index| index.name.clone()).collect();
        self.catalog.tables.insert(to.clone(), table);
        for index in indexes {
            self.index_homes.insert(QName { schema: to.schema.clone(), name: index }, to.clone());
        }
        for table in self.catalog.tables.values_mut() {
            table
                .foreign_keys
                .iter_mut()
                .filter(|foreign| foreign.to == key)
                .for_each(|foreign| foreign.to = to.clone());
            if table.parent.as_ref() == Some(&key) {
                table.parent = Some(to.clone());
            }
        }
        if self.partitions.remove(&key) {
            self.partitions.insert(to);
        }
    }

    fn rename_other(&mut self, from: &QName, to: &QName, under: Under) {
        if let Some(key) = find(&self.catalog.views, from).map(|view| view.name.clone()) {
            let view = self.catalog.views.remove(&key).expect("a key comes from the catalogue");
            let name = QName { schema: to.schema.clone().or(key.schema), name: to.name.clone() };
            self.catalog.views.insert(name.clone(), View { name, ..view });
        } else if self.dialect() == Dialect::Postgres && self.index_home(from).is_some() {
            self.rename_index(from, None, &to.name, under);
        } else if self.dialect() == Dialect::Postgres && from.name.as_str().ends_with("_seq") {
            // So does it rename the sequence behind a column, which the catalogue does not hold.
        } else {
            self.missing("unknown-table", format!("there is no table `{from}` here"), under);
        }
    }

    pub(super) fn create_view(&mut self, view: &View, under: Under) {
        let name = self.home(&view.name);
        if self.catalog.tables.contains_key(&name) {
            self.missing("duplicate-table", format!("`{name}` is a table already; the view is left out"), under);
        } else if !(under.guarded && self.catalog.views.contains_key(&name)) {
            self.catalog.views.insert(name.clone(), View { name, ..view.clone() });
        }
    }

    pub(super) fn drop_view(&mut self, name: &QName, under: Under) {
        let key = on_path(&self.search_path, name)
            .find(|candidate| self.catalog.views.contains_key(candidate))
            .or_else(|| find(&self.catalog.views, name).map(|view| view.name.clone()));
        match key {
            Some(key) => {
                self.catalog.views.remove(&key);
            }
            None => self.missing("unknown-table", format!("there is no view `{name}` here"), under),
        }
    }
}

/// The type behind PostgreSQL's `serial` ones.
fn plain_type(declared: &str) -> Option<&'static str> {
    Some(match declared {
        "serial" | "serial4" => "integer",
        "bigserial" | "serial8" => "bigint",
        "smallserial" | "serial2" => "smallint",
        _ => return None,
    })
}
