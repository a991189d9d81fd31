//! The expressions that make up a text, and how many subqueries deep each of them stands.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Visit, Visitor};

/// Visits an expression and its parts from the outside in, its subqueries left out, until `visit` breaks: what stands in
/// them belongs to them.
pub(super) fn visit(expr: &ast::Expr, visit: &mut dyn FnMut(&ast::Expr) -> ControlFlow<()>) -> ControlFlow<()> {
    visit_nested(expr, &mut |part, depth| if depth > 0 { ControlFlow::Continue(()) } else { visit(part) })
}

/// Visits the expressions of a text from the outside in, each with the number of subqueries around it, until `visit`
/// breaks.
pub(super) fn visit_nested(
    text: &impl Visit,
    visit: &mut dyn FnMut(&ast::Expr, u32) -> ControlFlow<()>,
) -> ControlFlow<()> {
    text.visit(&mut Nested { depth: 0, visit })
}

struct Nested<'a> {
    /// How many subqueries deep.
    depth: u32,
    visit: &'a mut dyn FnMut(&ast::Expr, u32) -> ControlFlow<()>,
}

impl Visitor for Nested<'_> {
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
        (self.visit)(expr, self.depth)
    }
}
