//! `CREATE TABLE` and `CREATE VIEW`.

use std::sync::Arc;

use sqlparser::ast;

use super::Lowering;
use crate::catalog::{Column, ColumnType, SchemaOp, SchemaStep, Table, TableKind, TakeOver, TypeClass, View};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

impl Lowering<'_> {
    pub(super) fn create_table(&mut self, create: &ast::CreateTable) {
        // Temporary tables are the session's; no file can say when they are there.
        if create.temporary {
            self.step(SchemaOp::Temporary(self.qname(&create.name)));
            return;
        }
        // SQLite's own tables stand in its dumps, and nobody may create them.
        let name = self.qname(&create.name).name;
        if self.dialect == Dialect::Sqlite && name.as_str().to_ascii_lowercase().starts_with("sqlite_") {
            self.step(SchemaOp::Opaque);
            return;
        }
        self.guarded |= create.if_not_exists;
        let mut table = Table::empty(self.qname(&create.name), self.at_name(&create.name));
        table.without_rowid = create.without_rowid;
        let mut parts = self.taken_over(create, &table.name);
        for def in &create.columns {
            let (column, constraints) = self.column_def(&table.name, def);
            table.columns.push(column);
            parts.extend(constraints);
        }
        parts.extend(create.constraints.iter().map(|constraint| self.table_constraint(&table.name, constraint)));
        if let Some(query) = &create.query {
            parts.extend(self.columns_of_query(&mut table, query));
        }
        self.push_table(table, parts);
    }

    pub(super) fn push_table(&mut self, table: Table, mut parts: Vec<SchemaStep>) {
        // Whether the table is made is one decision; its parts are never optional.
        parts.iter_mut().for_each(|part| part.guarded = false);
        let place = table.place;
        let step = self.part(SchemaOp::CreateTable { table: Box::new(table), parts }, place);
        self.steps.push(step);
    }

    fn taken_over(&self, create: &ast::CreateTable, table: &QName) -> Vec<SchemaStep> {
        let mut found = Vec::new();
        let mut take = |from: &ast::ObjectName, what| {
            let op = SchemaOp::TakeOver { table: table.clone(), from: self.qname(from), what };
            found.push(self.part(op, self.at_name(from)));
        };
        match &create.like {
            Some(ast::CreateTableLikeKind::Plain(like)) => take(&like.name, TakeOver::ColumnsAndIndexes),
            Some(ast::CreateTableLikeKind::Parenthesized(like)) if self.dialect == Dialect::Mysql => {
                take(&like.name, TakeOver::ColumnsAndIndexes);
            }
            Some(ast::CreateTableLikeKind::Parenthesized(like)) => take(&like.name, TakeOver::Columns),
            None => {}
        }
        for parent in create.inherits.iter().flatten() {
            take(parent, TakeOver::Inheritance);
        }
        if let Some(parent) = &create.partition_of {
            take(parent, TakeOver::Partition);
        }
        found
    }

    pub(super) fn create_view(&mut self, create: &ast::CreateView) {
        if create.temporary {
            self.step(SchemaOp::Temporary(self.qname(&create.name)));
            return;
        }
        self.guarded |= create.if_not_exists;
        let (name, place) = (self.qname(&create.name), self.at_name(&create.name));
        let columns: Vec<_> = create.columns.iter().map(|column| self.ident(&column.name)).collect();
        if !create.materialized {
            let query = Arc::from(create.query.to_string());
            let step = self.part(SchemaOp::CreateView(View { name, columns, query, place }), place);
            self.steps.push(step);
            return;
        }
        let mut table = Table::empty(name, place);
        table.kind = TableKind::Materialized;
        let mut parts = Vec::new();
        if columns.is_empty() {
            parts = self.columns_of_query(&mut table, &create.query);
        } else {
            table.columns = columns.into_iter().map(|column| untyped(column, place)).collect();
        }
        self.push_table(table, parts);
    }
}

/// A column of which only the name is known.
pub(super) fn untyped(name: Ident, place: HostSpan) -> Column {
    Column {
        name,
        ty: ColumnType { declared: String::new(), class: TypeClass::Other, members: Vec::new() },
        not_null: false,
        default: None,
        generated: None,
        collation: None,
        place,
    }
}
