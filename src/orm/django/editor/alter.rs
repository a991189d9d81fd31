//! Tables and columns are changed, renamed and dropped.

use super::create::{columns_of, index_kind};
use super::{Editor, Made, MadeKind, Together};
use crate::dialect::Dialect;
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::orm::django::state::{Column, ModelState, State, Storage};
use crate::orm::django::types::like_operators;
use crate::source::HostSpan;

impl Editor {
    /// Drops a model's table and those of its fields that are many to many.
    pub(in crate::orm::django) fn delete_model(&mut self, state: &State, model: &ModelState, place: HostSpan) {
        if model.storage != Storage::Own {
            return;
        }
        for between in state.tables_between(model) {
            self.drop_table(&between.table(), place);
        }
        self.drop_table(&model.table(), place);
    }

    pub(in crate::orm::django) fn drop_table(&mut self, table: &QName, place: HostSpan) {
        let cascade = if self.dialect == Dialect::Sqlite { "" } else { " CASCADE" };
        self.write_text(format!("DROP TABLE {}{cascade}", self.table(table)), place);
        self.take(|made| made.table == *table || matches!(&made.kind, MadeKind::Foreign(to, _) if to == table));
    }

    pub(in crate::orm::django) fn create_between(&mut self, state: &State, between: &ModelState) {
        self.create_table(state, between);
    }

    pub(in crate::orm::django) fn rename_table(&mut self, from: &QName, to: &QName, place: HostSpan) {
        if from == to {
            return;
        }
        let text = match self.dialect {
            Dialect::Mysql => format!("RENAME TABLE {} TO {}", self.table(from), self.table(to)),
            _ => format!("ALTER TABLE {} RENAME TO {}", self.table(from), self.table(to)),
        };
        self.write_text(text, place);
        for made in &mut self.made {
            if made.table == *from {
                made.table = to.clone();
            }
            if let MadeKind::Foreign(table, _) = &mut made.kind
                && table == from
            {
                *table = to.clone();
            }
        }
    }

    pub(in crate::orm::django) fn add_column(&mut self, table: &QName, column: &Column, place: HostSpan) {
        let head = format!("ALTER TABLE {} ADD COLUMN ", self.table(table));
        self.write(self.column(column).within(&head, "", place), place);
        self.note_column(table, column);
        self.create_field_indexes(table, column);
    }

    pub(in crate::orm::django) fn remove_column(&mut self, table: &QName, column: &Ident, place: HostSpan) {
        // MySQL drops no column that a foreign key stands on.
        if self.dialect == Dialect::Mysql {
            self.drop_foreign_keys(table, column, place);
        }
        let cascade = if self.dialect == Dialect::Postgres { " CASCADE" } else { "" };
        self.write_text(
            format!("ALTER TABLE {} DROP COLUMN {}{cascade}", self.table(table), self.quoted(column)),
            place,
        );
        self.take(|made| made.table == *table && made.columns.contains(column));
    }

    fn rename_column(&mut self, table: &QName, from: &Ident, to: &Ident, place: HostSpan) {
        let (on, from_name, to_name) = (self.table(table), self.quoted(from), self.quoted(to));
        self.write_text(format!("ALTER TABLE {on} RENAME COLUMN {from_name} TO {to_name}"), place);
        for made in &mut self.made {
            if made.table == *table {
                made.columns.iter_mut().filter(|column| *column == from).for_each(|column| *column = to.clone());
            }
            if let MadeKind::Foreign(other, column) = &mut made.kind
                && other == table
                && column == from
            {
                *column = to.clone();
            }
        }
    }

    /// Changes a column from what a field was to what it is, in the order of Django's `_alter_field`.
    pub(in crate::orm::django) fn alter_column(&mut self, table: &QName, old: &Column, new: &Column, place: HostSpan) {
        if *old == (Column { place: old.place, is_guessed: old.is_guessed, ..new.clone() })
            && old.name.as_str() == new.name.as_str()
        {
            return;
        }
        let is_retyped = old.ty.sql != new.ty.sql;
        // A foreign key is made anew whatever changes.
        self.drop_foreign_keys(table, &old.name, place);
        let is_unique = |column: &Column| column.unique && !column.primary;
        if old.unique && (!new.unique || (!old.primary && new.primary)) {
            self.drop_constraints(table, &old.name, &MadeKind::Unique, place);
        }
        if old.index && !new.index {
            self.drop_indexes(table, &old.name, place);
        }
        if old.ty.check != new.ty.check && old.ty.check.is_some() {
            self.drop_constraints(table, &old.name, &MadeKind::Check, place);
        }
        if old.name.as_str() != new.name.as_str() {
            self.rename_column(table, &old.name, &new.name, place);
        }
        if is_retyped {
            if (old.index || old.unique) && like_operators(&old.ty.sql) != like_operators(&new.ty.sql) {
                self.drop_like(table, &new.name, place);
            }
            self.retype(table, new, place);
        }
        if old.null != new.null {
            self.set_null(table, new, place);
        }
        if new.primary && !old.primary {
            self.set_primary_key(table, new, place);
        }
        let columns = || vec![new.name.clone()];
        if is_unique(new) && !is_unique(old) {
            self.make(table, MadeKind::Unique, columns(), new.place);
        }
        if self.is_indexed(new) && !old.index {
            self.make(table, index_kind(new), columns(), new.place);
        }
        self.note_reference(table, new);
        self.alter_like(table, old, new, place);
    }

    /// The second index for `LIKE` comes and goes with the first (`django/db/backends/postgresql/schema.py`).
    fn alter_like(&mut self, table: &QName, old: &Column, new: &Column, place: HostSpan) {
        let (had, has) = (old.index || old.unique, new.index || new.unique);
        let is_new = (!had && new.index) || (!old.unique && new.unique);
        if let Some(like) = self.like_kind(new).filter(|_| is_new) {
            self.make(table, like, vec![new.name.clone()], new.place);
        }
        if old.unique && !has {
            self.drop_like(table, &new.name, place);
        }
    }

    pub(in crate::orm::django) fn retype(&mut self, table: &QName, new: &Column, place: HostSpan) {
        let (on, name, ty) = (self.table(table), self.quoted(&new.name), &new.ty.sql);
        let null = if new.null { "NULL" } else { "NOT NULL" };
        let text = match self.dialect {
            Dialect::Mysql => format!("ALTER TABLE {on} MODIFY {name} {ty} {null}"),
            _ => format!("ALTER TABLE {on} ALTER COLUMN {name} TYPE {ty} USING {name}::{ty}"),
        };
        self.write_text(text, place);
    }

    fn set_null(&mut self, table: &QName, new: &Column, place: HostSpan) {
        let (on, name, ty) = (self.table(table), self.quoted(&new.name), &new.ty.sql);
        let text = match (self.dialect, new.null) {
            (Dialect::Mysql, true) => format!("ALTER TABLE {on} MODIFY {name} {ty} NULL"),
            (Dialect::Mysql, false) => format!("ALTER TABLE {on} MODIFY {name} {ty} NOT NULL"),
            (_, true) => format!("ALTER TABLE {on} ALTER COLUMN {name} DROP NOT NULL"),
            (_, false) => format!("ALTER TABLE {on} ALTER COLUMN {name} SET NOT NULL"),
        };
        self.write_text(text, place);
    }

    /// A column becomes the primary key in the place of another.
    fn set_primary_key(&mut self, table: &QName, new: &Column, place: HostSpan) {
        let name = match self.dialect {
            Dialect::Mysql => "DROP PRIMARY KEY".to_owned(),
            _ => format!("DROP CONSTRAINT IF EXISTS {}", self.quoted(&Ident::from(format!("{}_pkey", table.name)))),
        };
        let (on, key) = (self.table(table), self.quoted(&new.name));
        self.write_text(format!("ALTER TABLE {on} {name}"), place);
        self.write_text(format!("ALTER TABLE {on} ADD PRIMARY KEY ({key})"), place);
    }

    fn drop_foreign_keys(&mut self, table: &QName, column: &Ident, place: HostSpan) {
        let taken = self.take(|made| matches!(made.kind, MadeKind::Foreign(..)) && made.is_of(table, column));
        for name in taken.into_iter().filter_map(|made| made.name) {
            let verb = if self.dialect == Dialect::Mysql { "DROP FOREIGN KEY" } else { "DROP CONSTRAINT" };
            self.write_text(format!("ALTER TABLE {} {verb} {}", self.table(table), self.quoted(&name)), place);
        }
    }

    fn drop_constraints(&mut self, table: &QName, column: &Ident, kind: &MadeKind, place: HostSpan) {
        let taken = self.take(|made| made.kind == *kind && made.is_of(table, column));
        for name in taken.into_iter().filter_map(|made| made.name) {
            self.drop_constraint_of(table, &name, kind, place);
        }
    }

    fn drop_constraint_of(&mut self, table: &QName, name: &Ident, kind: &MadeKind, place: HostSpan) {
        let (on, name) = (self.table(table), self.quoted(name));
        let is_index = *kind == MadeKind::Unique;
        let text = match self.dialect {
            Dialect::Mysql if is_index => format!("ALTER TABLE {on} DROP INDEX {name}"),
            Dialect::Sqlite => format!("DROP INDEX {name}"),
            _ => format!("ALTER TABLE {on} DROP CONSTRAINT {name}"),
        };
        self.write_text(text, place);
    }

    /// Drops every plain index of one column, that for `LIKE` too.
    fn drop_indexes(&mut self, table: &QName, column: &Ident, place: HostSpan) {
        let is_index = |made: &Made| matches!(made.kind, MadeKind::Index(_) | MadeKind::Like(_));
        let taken = self.take(|made| is_index(made) && made.is_of(table, column));
        for name in taken.into_iter().filter_map(|made| made.name) {
            self.drop_index_named(table, &name, place);
        }
    }

    /// Drops the index for `LIKE` by the name that Django would give it now: one that was made when the table had
    /// another name stays.
    fn drop_like(&mut self, table: &QName, column: &Ident, place: HostSpan) {
        let name = self.name_of(table, std::slice::from_ref(column), "_like");
        if !self.take(|made| made.table == *table && made.name.as_ref() == Some(&name)).is_empty() {
            self.drop_index_named(table, &name, place);
        }
    }

    fn drop_index_named(&mut self, table: &QName, name: &Ident, place: HostSpan) {
        let text = match self.dialect {
            Dialect::Mysql => format!("DROP INDEX {} ON {}", self.quoted(name), self.table(table)),
            _ => format!("DROP INDEX IF EXISTS {}", self.quoted(name)),
        };
        self.write_text(text, place);
    }

    /// Drops what holds a set of fields together.
    pub(in crate::orm::django) fn drop_together(
        &mut self,
        state: &State,
        model: &ModelState,
        fields: &[Name],
        together: Together,
        place: HostSpan,
    ) {
        let kind = &together.kind();
        let table = model.table();
        let Some(columns) = columns_of(state, model, fields) else { return };
        let taken = self.take(|made| made.kind == *kind && made.table == table && made.columns == columns);
        for name in taken.into_iter().filter_map(|made| made.name) {
            match kind {
                MadeKind::Unique => self.drop_constraint_of(&table, &name, kind, place),
                _ => self.drop_index_named(&table, &name, place),
            }
        }
    }

    /// Drops an index or a constraint of `Meta`.
    pub(in crate::orm::django) fn drop_named(&mut self, table: &QName, name: &str, place: HostSpan) {
        let taken = self.take(|made| made.table == *table && made.is_named(name));
        let name = Ident::from(name);
        match taken.first().map(|made| &made.kind) {
            Some(MadeKind::MetaUnique) => self.drop_constraint_of(table, &name, &MadeKind::Unique, place),
            Some(kind @ MadeKind::MetaConstraint) => self.drop_constraint_of(table, &name, kind, place),
            Some(_) => self.drop_index_named(table, &name, place),
            // Left out when it was made, or told of as unreadable.
            None => {}
        }
    }

    /// Renames an index: of a name, or of a set of fields.
    pub(in crate::orm::django) fn rename_index(&mut self, table: &QName, from: &str, to: &str, place: HostSpan) {
        let (old, new) = (self.quoted(&Ident::from(from)), self.quoted(&Ident::from(to)));
        let text = match self.dialect {
            Dialect::Mysql => format!("ALTER TABLE {} RENAME INDEX {old} TO {new}", self.table(table)),
            _ => format!("ALTER INDEX {old} RENAME TO {new}"),
        };
        self.write_text(text, place);
        for made in self.made.iter_mut().filter(|made| made.table == *table && made.is_named(from)) {
            made.name = Some(Ident::from(to));
            made.kind = MadeKind::MetaIndex;
        }
    }

    /// The name of the index over a set of fields.
    pub(in crate::orm::django) fn index_of(&self, state: &State, model: &ModelState, fields: &[Name]) -> Option<Ident> {
        let (table, columns) = (model.table(), columns_of(state, model, fields)?);
        let is_index = |made: &Made| matches!(made.kind, MadeKind::Index(_));
        let is_it = |made: &&Made| is_index(made) && made.table == table && made.columns == columns;
        self.made.iter().find(is_it)?.name.clone()
    }
}

impl Made {
    fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|known| *known == *name)
    }

    fn is_of(&self, table: &QName, column: &Ident) -> bool {
        self.table == *table && self.columns.as_slice() == std::slice::from_ref(column)
    }
}
