//! Tables, indexes and constraints are made and dropped.

use super::text::{IndexBody, excluded};
use super::{Editor, IndexOf, MadeKind, Together};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::orm::django::fields::{FieldKind, Spec};
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
            columns.extend(self.column_of(state, model, name, spec));
        }
        let mut parts: Vec<Sql> = columns.iter().map(|column| self.column(column)).collect();
        for (_, spec) in &model.fields {
            if let FieldKind::CompositeKey(names) = &spec.kind
                && let Some(columns) = self.columns_named(state, model, names, spec.place)
            {
                parts.push(Sql::text(format!("PRIMARY KEY ({})", self.list(&columns)), spec.place));
            }
        }
        let head = format!("CREATE TABLE {} (", self.table(&table));
        self.write(Sql::join(parts, ", ", place).within(&head, ")", place), place);
        for column in &columns {
            self.note_column(&table, column);
            self.create_field_indexes(&table, column);
        }
        let kinds =
            [(&model.unique_together, MadeKind::Unique), (&model.index_together, MadeKind::Index(IndexOf::Together))];
        for (sets, kind) in kinds {
            for (fields, place) in sets {
                if let Some(columns) = self.columns_named(state, model, fields, *place) {
                    self.wait(&table, kind.clone(), columns, *place);
                }
            }
        }
        for index in &model.indexes {
            self.create_index(state, model, index);
        }
        for constraint in &model.constraints {
            self.create_constraint(state, model, constraint);
        }
    }

    /// The column of a field; says where its type cannot be told.
    pub(in crate::orm::django) fn column_of(
        &mut self,
        state: &State,
        model: &ModelState,
        name: &str,
        spec: &Spec,
    ) -> Option<Column> {
        let column = state.column(model, name, spec, self.dialect);
        if column.as_ref().is_none_or(|column| column.is_guessed) {
            self.skip("unknown-column-type", format!("{}.{name}", model.name), spec.place);
        }
        column
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
        if let (Some((to, key)), true) = (&column.references, column.constraint && self.dialect != Dialect::Sqlite) {
            self.wait(table, MadeKind::Foreign(to.clone(), key.clone()), vec![column.name.clone()], column.place);
        }
    }

    /// Writes what waits, under the name that its table and columns give it by now.
    pub(super) fn write_made(&mut self, at: usize) {
        let Some(made) = self.made.get(at).cloned() else { return };
        let suffix = match &made.kind {
            MadeKind::Foreign(table, column) => format!("_fk_{}_{column}", table.name),
            MadeKind::Unique => "_uniq".to_owned(),
            MadeKind::Like(_) => "_like".to_owned(),
            MadeKind::Index(IndexOf::Together) => "_idx".to_owned(),
            _ => String::new(),
        };
        let name = self.name_of(&made.table, &made.columns, &suffix);
        let (quoted, on, keys) = (self.quoted(&name), self.table(&made.table), self.list(&made.columns));
        let text = match &made.kind {
            MadeKind::Foreign(table, column) => {
                let (table, column) = (self.table(table), self.quoted(column));
                let later = if self.dialect == Dialect::Postgres { " DEFERRABLE INITIALLY DEFERRED" } else { "" };
                format!(
                    "ALTER TABLE {on} ADD CONSTRAINT {quoted} FOREIGN KEY ({keys}) REFERENCES {table} ({column}){later}"
                )
            }
            MadeKind::Unique if self.dialect == Dialect::Sqlite => {
                format!("CREATE UNIQUE INDEX {quoted} ON {on} ({keys})")
            }
            MadeKind::Unique => format!("ALTER TABLE {on} ADD CONSTRAINT {quoted} UNIQUE ({keys})"),
            MadeKind::Like(operators) => format!("CREATE INDEX {quoted} ON {on} ({keys} {operators})"),
            MadeKind::Index(IndexOf::Shape) => format!("CREATE INDEX {quoted} ON {on} USING gist ({keys})"),
            _ => format!("CREATE INDEX {quoted} ON {on} ({keys})"),
        };
        self.made[at].name = Some(name);
        self.write_text(text, made.place);
    }

    /// The indexes that a field gets without being asked for by name.
    pub(super) fn create_field_indexes(&mut self, table: &QName, column: &Column) {
        if self.is_indexed(column) {
            self.wait(table, index_kind(column), vec![column.name.clone()], column.place);
        }
        if let Some(like) = self.like_kind(column).filter(|_| column.index || column.unique) {
            self.wait(table, like, vec![column.name.clone()], column.place);
        }
    }

    /// The kind of a column's index for `LIKE`, where it may have one.
    pub(super) fn like_kind(&self, column: &Column) -> Option<MadeKind> {
        like_operators(&column.ty.sql).filter(|_| self.dialect == Dialect::Postgres).map(MadeKind::Like)
    }

    /// MySQL makes the index of a foreign key itself, and has none over long texts.
    pub(super) fn is_indexed(&self, column: &Column) -> bool {
        let is_spared = self.dialect == Dialect::Mysql
            && (column.is_key && column.constraint || matches!(&*column.ty.sql, "longtext" | "longblob" | "json"));
        column.index && !is_spared
    }

    /// The columns that an operation names by their fields; nothing where one is not there, which is told.
    fn columns_named(
        &mut self,
        state: &State,
        model: &ModelState,
        fields: &[crate::ir::Name],
        place: HostSpan,
    ) -> Option<Vec<Ident>> {
        let columns = columns_of(state, model, fields);
        if columns.is_none() {
            self.skip("unknown-column", format!("a set of fields of {}", model.name), place);
        }
        columns
    }

    /// Makes what holds a set of fields together.
    pub(in crate::orm::django) fn create_together(
        &mut self,
        state: &State,
        model: &ModelState,
        fields: &[crate::ir::Name],
        together: Together,
        place: HostSpan,
    ) {
        if let Some(columns) = self.columns_named(state, model, fields, place) {
            self.make(&model.table(), together.kind(), columns, place);
        }
    }

    pub(in crate::orm::django) fn create_index(&mut self, state: &State, model: &ModelState, index: &IndexSpec) {
        let shown = index.name.as_deref().unwrap_or("without a name");
        let Some(body) = self.index_body(state, model, index) else {
            return self.skip("unreadable-index", format!("index {shown} of {}", model.name), index.place);
        };
        if self.is_left_out(&body, index) {
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

    /// Says whether Django leaves an index out because the database cannot have it.
    fn is_left_out(&self, body: &IndexBody, index: &IndexSpec) -> bool {
        let is_special = index.method.is_some_and(|method| method != "btree");
        body.is_partial && self.dialect == Dialect::Mysql || is_special && self.dialect != Dialect::Postgres
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
        let lookup = |field: &str| {
            let (column, kind) = state.column_of(model, field)?;
            Some((self.quoted(&column), kind))
        };
        let columns = Columns { dialect: self.dialect, column: &lookup };
        let mut of_plain = Vec::new();
        let body = match &constraint.kind {
            ConstraintKind::Unique { index, nulls_same, deferrable } => {
                let body = self.index_body(state, model, index);
                of_plain = body.iter().flat_map(|body| &body.plain).map(|(column, _)| column.clone()).collect();
                let nulls = if *nulls_same { " NULLS NOT DISTINCT" } else { "" };
                if body.as_ref().is_some_and(|body| self.is_left_out(body, index)) {
                    return;
                }
                body.map(|body| {
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
            ConstraintKind::Exclude { .. } if self.dialect != Dialect::Postgres => return,
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
        let kind = match (&constraint.kind, constraint.is_constraint()) {
            (_, false) => MadeKind::MetaIndex,
            (ConstraintKind::Unique { .. }, true) => MadeKind::MetaUnique,
            _ => MadeKind::MetaConstraint,
        };
        self.made(&table, kind, of_plain, name, constraint.place);
    }
}

/// The kind of a column's own index: the columns of maps are searched by their own.
pub(super) fn index_kind(column: &Column) -> MadeKind {
    MadeKind::Index(if column.ty.sql.starts_with("geometry") { IndexOf::Shape } else { IndexOf::Field })
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
