//! Column definitions, with the constraints that stand in them.

use sqlparser::ast;

use super::Lowering;
use crate::catalog::{Check, Column, Constraint, SchemaOp, SchemaStep, TypeClass};
use crate::name::QName;

impl Lowering<'_> {
    /// A column and, as steps of their own, the keys, foreign keys and checks written behind it.
    pub(super) fn column_def(&self, table: &QName, def: &ast::ColumnDef) -> (Column, Vec<SchemaStep>) {
        let mut column = self.bare_column(&def.name, &def.data_type);
        let mut parts = Vec::new();
        for option in &def.options {
            self.column_option(&mut column, &option.option);
            if let Some(constraint) = self.column_constraint(&def.name, option) {
                let place = option.name.as_ref().map_or(column.place, |name| self.at(name));
                parts.push(self.part(SchemaOp::AddConstraint(table.clone(), constraint), place));
            }
        }
        (column, parts)
    }

    /// MySQL's `CHANGE` and `MODIFY`: the same without a definition's node.
    pub(super) fn redefined_column(
        &self,
        name: &ast::Ident,
        ty: &ast::DataType,
        options: &[ast::ColumnOption],
    ) -> Column {
        let mut column = self.bare_column(name, ty);
        options.iter().for_each(|option| self.column_option(&mut column, option));
        column
    }

    fn bare_column(&self, name: &ast::Ident, ty: &ast::DataType) -> Column {
        let ty = self.column_type(ty);
        Column {
            name: self.ident(name),
            not_null: ty.class == TypeClass::Integer && ty.declared.contains("serial"),
            ty,
            default: None,
            generated: None,
            collation: None,
            place: self.at(name),
        }
    }

    fn column_option(&self, column: &mut Column, option: &ast::ColumnOption) {
        match option {
            ast::ColumnOption::NotNull => column.not_null = true,
            ast::ColumnOption::Null => column.not_null = false,
            ast::ColumnOption::Default(value) => column.default = Some(value.to_string()),
            ast::ColumnOption::Collation(name) => {
                column.collation = name.0.last().and_then(ast::ObjectNamePart::as_ident).map(|name| name.value.clone());
            }
            ast::ColumnOption::Generated { generation_expr: Some(expr), .. } => {
                column.generated = Some(self.expr(expr))
            }
            // An identity column refuses NULL.
            ast::ColumnOption::Generated { generation_expr: None, .. } => column.not_null = true,
            _ => {}
        }
    }

    fn column_constraint(&self, column: &ast::Ident, option: &ast::ColumnOptionDef) -> Option<Constraint> {
        let own = option.name.as_ref();
        let name = |inner: &Option<ast::Ident>| own.or(inner.as_ref()).map(|name| self.ident(name));
        let columns = vec![self.ident(column)];
        Some(match &option.option {
            ast::ColumnOption::PrimaryKey(key) => Constraint::PrimaryKey { name: name(&key.name), columns },
            ast::ColumnOption::Unique(key) => {
                Constraint::Unique { name: name(&key.name), columns, include: Vec::new() }
            }
            ast::ColumnOption::ForeignKey(foreign) => {
                let mut foreign = self.foreign_key(foreign, self.at(column));
                foreign.columns = columns;
                foreign.name = foreign.name.or_else(|| own.map(|name| self.ident(name)));
                Constraint::ForeignKey(foreign)
            }
            ast::ColumnOption::Check(check) => {
                Constraint::Check(Check { name: name(&check.name), condition: self.condition(&check.expr) })
            }
            _ => return None,
        })
    }
}
