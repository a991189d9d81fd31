//! Table constraints, and the KEY lines that MySQL puts among them.

use sqlparser::ast;

use super::Lowering;
use crate::catalog::{Check, Constraint, ForeignKey, IndexDef, Method, ReferentialAction, SchemaOp, SchemaStep};
use crate::name::{Ident, QName};
use crate::source::HostSpan;

impl Lowering<'_> {
    /// A constraint as the step that adds it; none for keys over expressions that no dialect has.
    pub(super) fn table_constraint(&self, table: &QName, constraint: &ast::TableConstraint) -> SchemaStep {
        use ast::TableConstraint as Ast;
        let add = |constraint| SchemaOp::AddConstraint(table.clone(), constraint);
        let place = self.constraint_place(constraint);
        let op = match constraint {
            Ast::PrimaryKey(key) => {
                let name = key.name.as_ref().map(|name| self.ident(name));
                add(Constraint::PrimaryKey { name, columns: self.plain_columns(&key.columns) })
            }
            Ast::Unique(key) => self.unique(table, key),
            Ast::ForeignKey(foreign) => add(Constraint::ForeignKey(self.foreign_key(foreign, place))),
            Ast::Check(check) => {
                let name = check.name.as_ref().map(|name| self.ident(name));
                add(Constraint::Check(Check { name, condition: self.condition(&check.expr) }))
            }
            Ast::Index(index) => {
                let name = index.name.as_ref().map(|name| self.ident(name));
                let mut def = self.index_def(table, &index.columns);
                def.method = self.method(index.index_type.as_ref(), &index.index_options);
                SchemaOp::CreateIndex { name, def }
            }
            Ast::FulltextOrSpatial(index) => {
                let name = index.opt_index_name.as_ref().map(|name| self.ident(name));
                let method = if index.fulltext { "fulltext" } else { "spatial" };
                let def =
                    IndexDef { method: Method::Other(method.to_owned()), ..self.index_def(table, &index.columns) };
                SchemaOp::CreateIndex { name, def }
            }
            Ast::PrimaryKeyUsingIndex(using) => {
                let (name, index) = self.using_index(using);
                add(Constraint::UsingIndex { name, index, primary: true })
            }
            Ast::UniqueUsingIndex(using) => {
                let (name, index) = self.using_index(using);
                add(Constraint::UsingIndex { name, index, primary: false })
            }
            Ast::Exclude(exclude) => add(self.exclusion(table, exclude)),
        };
        self.part(op, place)
    }

    /// The constraint's name, else its first column, else the statement.
    fn constraint_place(&self, constraint: &ast::TableConstraint) -> HostSpan {
        use ast::TableConstraint as Ast;
        let (name, columns, idents) = match constraint {
            Ast::PrimaryKey(key) => (key.name.as_ref(), key.columns.as_slice(), [].as_slice()),
            Ast::Unique(key) => (key.name.as_ref().or(key.index_name.as_ref()), key.columns.as_slice(), [].as_slice()),
            Ast::ForeignKey(key) => (key.name.as_ref(), [].as_slice(), key.columns.as_slice()),
            Ast::Check(check) => (check.name.as_ref(), [].as_slice(), [].as_slice()),
            Ast::Index(index) => (index.name.as_ref(), index.columns.as_slice(), [].as_slice()),
            Ast::FulltextOrSpatial(index) => (index.opt_index_name.as_ref(), index.columns.as_slice(), [].as_slice()),
            Ast::PrimaryKeyUsingIndex(using) | Ast::UniqueUsingIndex(using) => {
                (using.name.as_ref(), [].as_slice(), std::slice::from_ref(&using.index_name))
            }
            Ast::Exclude(exclude) => (exclude.name.as_ref(), [].as_slice(), [].as_slice()),
        };
        let first = columns.first().and_then(|column| match &column.column.expr {
            ast::Expr::Identifier(name) => Some(name),
            _ => None,
        });
        name.or(first).or(idents.first()).map_or(self.place, |ident| self.at(ident))
    }

    /// MySQL's unique keys may have prefixes and directions, which only an index can carry.
    fn unique(&self, table: &QName, key: &ast::UniqueConstraint) -> SchemaOp {
        let name = key.index_name.as_ref().or(key.name.as_ref()).map(|name| self.ident(name));
        let def = self.index_def(table, &key.columns);
        if def.keys.iter().any(|key| key.desc || key.prefix.is_some() || key.expr.as_column().is_none()) {
            return SchemaOp::CreateIndex { name, def: IndexDef { unique: true, ..def } };
        }
        let columns = self.plain_columns(&key.columns);
        let include = self.idents(&key.include);
        SchemaOp::AddConstraint(table.clone(), Constraint::Unique { name, columns, include })
    }

    pub(super) fn foreign_key(&self, foreign: &ast::ForeignKeyConstraint, place: HostSpan) -> ForeignKey {
        ForeignKey {
            name: foreign.name.as_ref().or(foreign.index_name.as_ref()).map(|name| self.ident(name)),
            columns: self.idents(&foreign.columns),
            to: self.qname(&foreign.foreign_table),
            to_columns: self.idents(&foreign.referred_columns),
            on_delete: match foreign.on_delete {
                Some(ast::ReferentialAction::Cascade) => ReferentialAction::Cascade,
                Some(ast::ReferentialAction::SetNull | ast::ReferentialAction::SetDefault) => ReferentialAction::Set,
                _ => ReferentialAction::Refuse,
            },
            place,
        }
    }

    fn using_index(&self, using: &ast::ConstraintUsingIndex) -> (Option<Ident>, Ident) {
        (using.name.as_ref().map(|name| self.ident(name)), self.ident(&using.index_name))
    }

    fn exclusion(&self, table: &QName, exclude: &ast::ExcludeConstraint) -> Constraint {
        let columns: Vec<_> = exclude.elements.iter().map(|element| element.column.clone()).collect();
        let method = exclude.index_method.as_ref().map_or("btree", |name| name.value.as_str());
        let def = IndexDef {
            include: self.idents(&exclude.include),
            predicate: exclude.where_clause.as_ref().map(|condition| self.condition(condition)),
            method: super::index::method_named(method),
            ..self.index_def(table, &columns)
        };
        Constraint::Exclusion { name: exclude.name.as_ref().map(|name| self.ident(name)), def }
    }

    fn plain_columns(&self, columns: &[ast::IndexColumn]) -> Vec<Ident> {
        let table = QName::plain("");
        self.index_def(&table, columns).key_columns().cloned().collect()
    }
}
