//! `CREATE INDEX` and the keys of every index.

use sqlparser::ast;

use super::Lowering;
use crate::catalog::{Direction, IndexDef, IndexKey, Method, SchemaOp};
use crate::dialect::Dialect;
use crate::name::QName;

impl Lowering<'_> {
    pub(super) fn create_index(&mut self, create: &ast::CreateIndex) {
        self.guarded |= create.if_not_exists;
        let table = self.qname(&create.table_name);
        let def = IndexDef {
            include: self.idents(&create.include),
            predicate: create.predicate.as_ref().map(|condition| self.condition(condition)),
            unique: create.unique,
            method: self.method(create.using.as_ref(), &create.index_options),
            ..self.index_def(&table, &create.columns)
        };
        let place = create.name.as_ref().map_or(self.place, |name| self.at_name(name));
        let name = create.name.as_ref().map(|name| self.qname(name).name);
        let step = self.part(SchemaOp::CreateIndex { name, def }, place);
        self.steps.push(step);
    }

    /// A b-tree over `columns`.
    pub(super) fn index_def(&self, table: &QName, columns: &[ast::IndexColumn]) -> IndexDef {
        IndexDef {
            table: table.clone(),
            keys: columns.iter().map(|column| self.index_key(column)).collect(),
            include: Vec::new(),
            predicate: None,
            unique: false,
            method: Method::Btree,
        }
    }

    fn index_key(&self, column: &ast::IndexColumn) -> IndexKey {
        let mut expr = &column.column.expr;
        let mut collation = None;
        if let ast::Expr::Collate { expr: inner, collation: name } = expr {
            collation = name.0.last().and_then(ast::ObjectNamePart::as_ident).map(|name| name.value.clone());
            expr = inner;
        }
        let desc = matches!(column.column.options.sort, Some(ast::OrderBySort::Desc));
        let direction = if desc { Direction::Descending } else { Direction::Ascending };
        let (expr, prefix) = match self.key_prefix(expr) {
            Some((name, prefix)) => (crate::expr::Expr::Column(self.ident(name)), Some(prefix)),
            None => (self.expr(expr), None),
        };
        let mut key = IndexKey { collation, prefix, ..IndexKey::new(self.dialect, expr, direction) };
        if let Some(nulls_first) = column.column.options.nulls_first {
            key.nulls_first = nulls_first;
        }
        key.opclass = column.operator_class.as_ref().map(|name| self.qname(name).to_string());
        key
    }

    /// MySQL's `name(20)`, which reads like a call; an expression would stand in parentheses.
    fn key_prefix<'e>(&self, expr: &'e ast::Expr) -> Option<(&'e ast::Ident, u32)> {
        let ast::Expr::Function(call) = expr else { return None };
        let ([ast::ObjectNamePart::Identifier(name)], ast::FunctionArguments::List(list)) =
            (call.name.0.as_slice(), &call.args)
        else {
            return None;
        };
        let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Value(value)))] = list.args.as_slice()
        else {
            return None;
        };
        match &value.value {
            ast::Value::Number(text, _) if self.dialect == Dialect::Mysql => Some((name, text.parse().ok()?)),
            _ => None,
        }
    }

    pub(super) fn method(&self, using: Option<&ast::IndexType>, options: &[ast::IndexOption]) -> Method {
        let option = options.iter().find_map(|option| match option {
            ast::IndexOption::Using(kind) => Some(kind),
            _ => None,
        });
        match using.or(option) {
            // InnoDB takes HASH and makes a b-tree.
            Some(ast::IndexType::Hash) if self.dialect == Dialect::Mysql => Method::Btree,
            Some(kind) => method_named(&kind.to_string()),
            None => Method::Btree,
        }
    }
}

/// An access method by its name.
pub(super) fn method_named(name: &str) -> Method {
    match name.to_ascii_lowercase().as_str() {
        "btree" => Method::Btree,
        "hash" => Method::Hash,
        other => Method::Other(other.to_owned()),
    }
}
