//! Tables, indexes and constraints are made and dropped.

use super::text::excluded;
use super::{Editor, Made, MadeKind};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::orm::django::indexes::{ConstraintKind, ConstraintSpec, IndexSpec};
use crate::orm::django::names;
use crate::orm::django::state::{Column, ModelState, State, Storage};
use crate::orm::django::terms::Columns;
use crate::orm::django::types::like_operators;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

impl Editor {
    /// Makes a model's table with everything on it, and the tables of its fields that are many to many.
    pub(in crate::orm::django) fn create_model(&mut self, state: &State, model: &ModelState) {
        if model.storage != Storage::Own {
            return;
        }
        self.create_table(state, model);
        for between in state.tables_between(model) {
            self.create_table(state, &between);
        }
    }

    pub(super) fn create_table(&mut self, state: &State, model: &ModelState) {
        let table = model.table();
        let place = model.place;
        let mut columns = Vec::new();
        for (name, spec) in model.fields.iter().filter(|(_, spec)| spec.kind.has_column()) {
            match state.column(model, name, spec, self.dialect) {
                Some(column) => columns.push(column),
                None => self.skip("unknown-column-type", format!("{}.{name}", model.name), spec.place),
            }
        }
        let parts: Vec<Sql> = columns.iter().map(|column| self.column(column)).collect();
        let head = format!("CREATE TABLE {} (", self.table(&table));
        self.write(Sql::join(parts, ", ", place).within(&head, ")", place), place);
        for column in &columns {
            self.note_column(&table, column);
            self.create_field_indexes(&table, column);
        }
        for (fields, place) in &model.unique_together {
            self.create_unique_together(state, model, fields, *place);
        }
        for (fields, place) in &model.index_together {
            self.create_index_together(state, model, fields, *place);
        }
        for index in &model.indexes {
            self.create_index(state, model, index);
        }
        for constraint in &model.constraints {
            self.create_constraint(state, model, constraint);
        }
    }

    /// Takes up what a column's own definition makes.
    pub(super) fn note_column(&mut self, table: &QName, column: &Column) {
        let columns = || vec![column.name.clone()];
        let implicit = |end: &str| Ident::from(implicit_name(&table.name, &column.name, end));
        if column.unique && !column.primary {
            let name = match self.dialect {
                Dialect::Postgres => implicit("key"),
                // MySQL calls the index like the column.
                Dialect::Mysql | Dialect::Sqlite => column.name.clone(),
            };
            self.made(table, MadeKind::Unique, columns(), name, column.place);
        }
        if column.ty.check.is_some() {
            self.made(table, MadeKind::Check, columns(), implicit("check"), column.place);
        }
        self.note_reference(table, column);
    }

    /// Takes up a foreign key, which is written later.
    pub(super) fn note_reference(&mut self, table: &QName, column: &Column) {
        if let (Some(to), true) = (&column.references, column.constraint && self.dialect != Dialect::Sqlite) {
            let suffix = format!("_fk_{}_{}", to.0.name, to.1);
            let columns = vec![column.name.clone()];
            let name = self.name_of(table, &columns, &suffix);
            self.made(table, MadeKind::Foreign { to: to.clone(), is_pending: true }, columns, name, column.place);
        }
    }

    pub(super) fn write_foreign_key(&mut self, made: &Made) {
        let MadeKind::Foreign { to: (table, column), .. } = &made.kind else { return };
        let text = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}",
            self.table(&made.table),
            self.quoted(&made.name),
            self.list(&made.columns),
            self.table(table),
            self.quoted(column),
            if self.dialect == Dialect::Postgres { " DEFERRABLE INITIALLY DEFERRED" } else { "" }
        );
        self.write_text(text, made.place);
    }

    /// The indexes that a field gets without being asked for by name.
    pub(super) fn create_field_indexes(&mut self, table: &QName, column: &Column) {
        if self.is_indexed(column) {
            self.create_field_index(table, column);
        }
        if column.index || column.unique {
            self.create_like_index(table, column);
        }
    }

    /// MySQL makes the index of a foreign key itself, and has none over long texts.
    pub(super) fn is_indexed(&self, column: &Column) -> bool {
        let is_spared = self.dialect == Dialect::Mysql
            && (column.is_key && column.constraint || matches!(&*column.ty.sql, "longtext" | "longblob" | "json"));
        column.index && !is_spared
    }

    pub(super) fn create_field_index(&mut self, table: &QName, column: &Column) {
        let columns = vec![column.name.clone()];
        let name = self.name_of(table, &columns, "");
        // The columns of maps are searched by their own kind of index.
        let method = if column.ty.sql.starts_with("geometry") { " USING gist" } else { "" };
        let keys = self.list(&columns);
        let text = format!("CREATE INDEX {} ON {}{method} ({keys})", self.quoted(&name), self.table(table));
        self.write_text(text, column.place);
        self.made(table, MadeKind::Index, columns, name, column.place);
    }

    pub(super) fn create_like_index(&mut self, table: &QName, column: &Column) {
        let Some(operators) = like_operators(&column.ty.sql).filter(|_| self.dialect == Dialect::Postgres) else {
            return;
        };
        let columns = vec![column.name.clone()];
        let name = self.name_of(table, &columns, "_like");
        let (index, on, key) = (self.quoted(&name), self.table(table), self.quoted(&column.name));
        self.write_text(format!("CREATE INDEX {index} ON {on} ({key} {operators})"), column.place);
        self.made(table, MadeKind::Like, columns, name, column.place);
    }

    pub(in crate::orm::django) fn create_unique_together(
        &mut self,
        state: &State,
        model: &ModelState,
        fields: &[crate::ir::Name],
        place: HostSpan,
    ) {
        match columns_of(state, model, fields) {
            Some(columns) => self.create_unique(&model.table(), columns, place),
            None => self.skip("unknown-column", format!("unique_together of {}", model.name), place),
        }
    }

    /// A constraint under the name that Django makes up.
    pub(super) fn create_unique(&mut self, table: &QName, columns: Vec<Ident>, place: HostSpan) {
        let name = self.name_of(table, &columns, "_uniq");
        let (index, on, keys) = (self.quoted(&name), self.table(table), self.list(&columns));
        self.write_text(
            match self.dialect {
                Dialect::Sqlite => format!("CREATE UNIQUE INDEX {index} ON {on} ({keys})"),
                _ => format!("ALTER TABLE {on} ADD CONSTRAINT {index} UNIQUE ({keys})"),
            },
            place,
        );
        self.made(table, MadeKind::Unique, columns, name, place);
    }

    pub(in crate::orm::django) fn create_index_together(
        &mut self,
        state: &State,
        model: &ModelState,
        fields: &[crate::ir::Name],
        place: HostSpan,
    ) {
        let Some(columns) = columns_of(state, model, fields) else {
            return self.skip("unknown-column", format!("index_together of {}", model.name), place);
        };
        let table = model.table();
        let name = self.name_of(&table, &columns, "_idx");
        let (index, on, keys) = (self.quoted(&name), self.table(&table), self.list(&columns));
        self.write_text(format!("CREATE INDEX {index} ON {on} ({keys})"), place);
        self.made(&table, MadeKind::Index, columns, name, place);
    }

    pub(in crate::orm::django) fn create_index(&mut self, state: &State, model: &ModelState, index: &IndexSpec) {
        let shown = index.name.as_deref().unwrap_or("without a name");
        let Some(body) = self.index_body(state, model, index) else {
            return self.skip("unreadable-index", format!("index {shown} of {}", model.name), index.place);
        };
        if body.is_partial && self.dialect == Dialect::Mysql {
            // Django leaves out what the database cannot do.
            return;
        }
        let table = model.table();
        let name = index.name.clone().unwrap_or_else(|| names::of_index(&table.name, &body.plain, index.suffix()));
        let name = filled(&name, model);
        let method = index.method.map(|method| format!(" USING {method}")).unwrap_or_default();
        let text = format!(
            "CREATE INDEX {} ON {}{method} ({}){}",
            self.quoted(&name),
            self.table(&table),
            body.keys,
            body.tail
        );
        self.write_text(text, index.place);
        let columns = body.plain.into_iter().map(|(column, _)| column).collect();
        self.made(&table, MadeKind::MetaIndex, columns, name, index.place);
    }

    pub(in crate::orm::django) fn create_constraint(
        &mut self,
        state: &State,
        model: &ModelState,
        constraint: &ConstraintSpec,
    ) {
        let table = model.table();
        let name = filled(&constraint.name, model);
        let (quoted, on) = (self.quoted(&name), self.table(&table));
        let lookup = |field: &str| state.column_of(model, field);
        let columns = Columns { dialect: self.dialect, column: &lookup };
        let mut of_plain = Vec::new();
        let body = match &constraint.kind {
            ConstraintKind::Unique { index, nulls_same, deferrable } => {
                let body = self.index_body(state, model, index);
                of_plain = body.iter().flat_map(|body| &body.plain).map(|(column, _)| column.clone()).collect();
                let nulls = if *nulls_same { " NULLS NOT DISTINCT" } else { "" };
                body.filter(|body| !(body.is_partial && self.dialect == Dialect::Mysql)).map(|body| {
                    let (keys, tail) = (body.keys, body.tail);
                    if !constraint.is_constraint() || self.dialect == Dialect::Sqlite {
                        let (before, after) = tail.split_at(tail.find(" WHERE ").unwrap_or(tail.len()));
                        return format!("CREATE UNIQUE INDEX {quoted} ON {on} ({keys}){before}{nulls}{after}");
                    }
                    let when = deferrable.map(|when| format!(" {when}")).unwrap_or_default();
                    format!("ALTER TABLE {on} ADD CONSTRAINT {quoted} UNIQUE{nulls} ({keys}){when}")
                })
            }
            ConstraintKind::Check(_) if self.dialect == Dialect::Sqlite => return,
            ConstraintKind::Check(term) => {
                term.sql(&columns).map(|check| format!("ALTER TABLE {on} ADD CONSTRAINT {quoted} CHECK ({check})"))
            }
            ConstraintKind::Exclude { keys, method, condition } => {
                let keys = keys.iter().map(|(key, operator)| excluded(key, operator, &columns));
                let keys = keys.collect::<Option<Vec<_>>>();
                let condition = match condition {
                    Some(condition) => condition.sql(&columns).map(|condition| format!(" WHERE ({condition})")),
                    None => Some(String::new()),
                };
                keys.zip(condition).map(|(keys, condition)| {
                    let keys = keys.join(", ");
                    format!("ALTER TABLE {on} ADD CONSTRAINT {quoted} EXCLUDE USING {method} ({keys}){condition}")
                })
            }
            ConstraintKind::Unknown => None,
        };
        match body {
            Some(text) => self.write_text(text, constraint.place),
            None => {
                let detail = format!("constraint {} of {}", constraint.name, model.name);
                return self.skip("unreadable-constraint", detail, constraint.place);
            }
        }
        let kind = if constraint.is_constraint() { MadeKind::MetaConstraint } else { MadeKind::MetaIndex };
        self.made(&table, kind, of_plain, name, constraint.place);
    }
}

/// The columns of fields.
pub(super) fn columns_of(state: &State, model: &ModelState, fields: &[crate::ir::Name]) -> Option<Vec<Ident>> {
    fields.iter().map(|field| Some(state.column_of(model, field)?.0)).collect()
}

/// A name of an abstract model's `Meta`, with the words in it that stand for the model.
fn filled(name: &str, model: &ModelState) -> Ident {
    let class = model.name.to_lowercase();
    let name = name.replace("%(class)s", &class).replace("%(app_label)s", &model.app.to_lowercase());
    Ident::from(name)
}

/// The name that PostgreSQL gives a constraint of a column that is given none: both names are cut alike
/// (`makeObjectName` in `src/backend/commands/indexcmds.c`).
fn implicit_name(table: &Ident, column: &Ident, end: &str) -> String {
    let (mut table, mut column) = (table.as_str(), column.as_str());
    let room = names::MAX_NAME - end.len() - 2;
    while table.len() + column.len() > room {
        let longer = if table.len() > column.len() { &mut table } else { &mut column };
        *longer = &longer[..longer.floor_char_boundary(longer.len() - 1)];
    }
    format!("{table}_{column}_{end}")
}
