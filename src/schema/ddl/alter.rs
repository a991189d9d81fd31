//! `ALTER TABLE` as sqlparser reads it.

use sqlparser::ast;

use super::Lowering;
use crate::catalog::{ColumnChange, SchemaOp};
use crate::name::{Ident, QName};

impl Lowering<'_> {
    pub(super) fn alter_table(&mut self, alter: &ast::AlterTable) {
        let guarded = self.guarded | alter.if_exists;
        let table = self.qname(&alter.name);
        for operation in &alter.operations {
            self.guarded = guarded;
            self.alter_operation(&table, operation);
        }
        if alter.operations.is_empty() {
            self.step(SchemaOp::Opaque);
        }
    }

    pub(super) fn alter_operation(&mut self, table: &QName, operation: &ast::AlterTableOperation) {
        use ast::AlterTableOperation as Ast;
        let target = table.clone();
        match operation {
            Ast::AddConstraint { constraint, .. } => {
                let step = self.table_constraint(table, constraint);
                self.steps.push(step);
            }
            Ast::AddColumn { if_not_exists, column_def, .. } => self.add_column(table, *if_not_exists, column_def),
            Ast::DropColumn { column_names, if_exists, .. } => {
                self.guarded |= if_exists;
                for column in column_names {
                    self.step(SchemaOp::DropColumn(table.clone(), self.ident(column)));
                }
            }
            Ast::DropConstraint { if_exists, name, .. } => {
                self.guarded |= if_exists;
                self.step(SchemaOp::DropConstraint(target, self.ident(name)));
            }
            Ast::DropForeignKey { name, .. } => self.step(SchemaOp::DropConstraint(target, self.ident(name))),
            Ast::DropPrimaryKey { .. } => self.step(SchemaOp::DropPrimaryKey(target)),
            Ast::DropIndex { name } => {
                let name = QName::plain(self.ident(name));
                self.step(SchemaOp::DropIndex { name, table: Some(target) });
            }
            Ast::RenameColumn { old_column_name, new_column_name } => {
                self.step(SchemaOp::RenameColumn(target, self.ident(old_column_name), self.ident(new_column_name)));
            }
            Ast::RenameConstraint { old_name, new_name } => {
                self.step(SchemaOp::RenameConstraint(target, self.ident(old_name), self.ident(new_name)));
            }
            Ast::RenameTable { table_name } => {
                let (ast::RenameTableNameKind::As(to) | ast::RenameTableNameKind::To(to)) = table_name;
                let to = self.qname(to);
                let to = QName { schema: to.schema.or_else(|| table.schema.clone()), name: to.name };
                self.step(SchemaOp::RenameTable(target, to));
            }
            Ast::ChangeColumn { old_name, new_name, data_type, options, .. } => {
                let column = self.redefined_column(new_name, data_type, options);
                self.change(table, self.ident(old_name), ColumnChange::Redefine(Box::new(column)));
            }
            Ast::ModifyColumn { col_name, data_type, options, .. } => {
                let column = self.redefined_column(col_name, data_type, options);
                self.change(table, self.ident(col_name), ColumnChange::Redefine(Box::new(column)));
            }
            Ast::AlterColumn { column_name, op } => self.alter_column(table, column_name, op),
            // Owners, triggers, row security, storage: nothing the catalogue holds.
            _ => self.step(SchemaOp::Opaque),
        }
    }

    fn add_column(&mut self, table: &QName, if_not_exists: bool, def: &ast::ColumnDef) {
        self.guarded |= if_not_exists;
        let (column, mut parts) = self.column_def(table, def);
        parts.iter_mut().for_each(|part| part.guarded = false);
        let place = column.place;
        let step = self.part(SchemaOp::AddColumn { table: table.clone(), column, parts }, place);
        self.steps.push(step);
    }

    fn alter_column(&mut self, table: &QName, column: &ast::Ident, change: &ast::AlterColumnOperation) {
        use ast::AlterColumnOperation as Ast;
        let change = match change {
            Ast::SetNotNull => ColumnChange::NotNull(true),
            Ast::DropNotNull => ColumnChange::NotNull(false),
            Ast::SetDefault { value } => ColumnChange::Default(Some(value.to_string())),
            Ast::DropDefault => ColumnChange::Default(None),
            Ast::SetDataType { data_type, .. } => ColumnChange::Type(self.column_type(data_type)),
            // Only a NOT NULL column can become an identity.
            Ast::AddGenerated { .. } => return self.step(SchemaOp::Opaque),
        };
        self.change(table, self.ident(column), change);
    }

    fn change(&mut self, table: &QName, column: Ident, change: ColumnChange) {
        self.step(SchemaOp::AlterColumn(table.clone(), column, change));
    }
}
