//! Expressions that the model does not know: their normalised text and the columns in them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{self, Value, VisitMut, VisitorMut};

use super::Canonical;
use crate::expr::{Expr, Op};

impl Canonical<'_> {
    /// Keeps an expression as text: names lower case and unqualified, parameters as `?`, values of other tables as `…`.
    pub(super) fn opaque(&mut self, ast: &ast::Expr) -> Expr {
        let mut copy = ast.clone();
        let mut normalise = Normalise { canonical: self, columns: BTreeSet::new(), other: false };
        let _ = copy.visit(&mut normalise);
        let (columns, other) = (normalise.columns, normalise.other);
        if columns.is_empty() && other {
            return Expr::Outer;
        }
        Expr::Opaque { text: copy.to_string(), columns }
    }

    /// A comparison of rows, which only its text can say.
    pub(super) fn opaque_pair(&mut self, op: &Op, left: &ast::Expr, right: &ast::Expr) -> Expr {
        let sides = [self.opaque(left), self.opaque(right)];
        let mut columns = BTreeSet::new();
        let mut texts = Vec::new();
        for side in &sides {
            columns.extend(side.columns());
            texts.push(side.to_string());
        }
        Expr::Opaque { text: format!("{} {} {}", texts[0], op.symbol(), texts[1]), columns }
    }
}

struct Normalise<'a, 'n> {
    canonical: &'a mut Canonical<'n>,
    columns: BTreeSet<crate::name::Ident>,
    /// Values of other tables stand in it.
    other: bool,
}

impl VisitorMut for Normalise<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        let path = match expr {
            ast::Expr::Identifier(name) => std::slice::from_ref(name),
            ast::Expr::CompoundIdentifier(path) => &path[..],
            ast::Expr::Subquery(query) | ast::Expr::Exists { subquery: query, .. } => {
                let value = self.canonical.names.subquery(query);
                self.replace(expr, value);
                return ControlFlow::Continue(());
            }
            ast::Expr::Value(value) => {
                if let Value::Placeholder(name) = &mut value.value {
                    "?".clone_into(name);
                }
                return ControlFlow::Continue(());
            }
            _ => return ControlFlow::Continue(()),
        };
        let value = self.canonical.names.column(path);
        self.replace(expr, value);
        ControlFlow::Continue(())
    }
}

impl Normalise<'_, '_> {
    fn replace(&mut self, expr: &mut ast::Expr, value: Expr) {
        self.columns.extend(value.columns());
        self.other |= value.has_outer();
        *expr = ast::Expr::Identifier(ast::Ident::new(value.to_string()));
    }
}
