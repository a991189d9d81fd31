//! The expressions that make up an expression, its subqueries left out: what stands there belongs to them.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Visit, Visitor};

/// Visits an expression and its parts from the outside in, until `visit` breaks.
pub(super) fn visit(expr: &ast::Expr, visit: &mut dyn FnMut(&ast::Expr) -> ControlFlow<()>) -> ControlFlow<()> {
    expr.visit(&mut Own { depth: 0, visit })
}

struct Own<'a> {
    /// How many subqueries deep.
    depth: u32,
    visit: &'a mut dyn FnMut(&ast::Expr) -> ControlFlow<()>,
}

impl Visitor for Own<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<()> {
        if self.depth > 0 { ControlFlow::Continue(()) } else { (self.visit)(expr) }
    }
}
