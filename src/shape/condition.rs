//! Conditions: which conjunct constrains which reference.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::{self, BinaryOperator, UnaryOperator};

use super::join;
use super::predicate::{self, Restricted};
use super::scope::BlockKind;
use super::state::Shaper;
use super::walk::{Used, Walked};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, simplify};
use crate::query::{JoinKind, RefId};
use crate::sql::canonical::{self, Names, unnested};
use crate::sql::factor::common_conjuncts;
use crate::sql::resolution::{Name, Reach, Resolution};

/// Whose rows a condition keeps or drops.
#[derive(Clone)]
pub(super) struct Admits {
    /// The relations of the scope, by number, whose rows must meet it.
    pub(super) relations: Range<usize>,
    /// What an equality between two of them is.
    pub(super) join: JoinKind,
}

impl Shaper<'_> {
    /// Reads a WHERE.
    pub(super) fn filter(&mut self, condition: &ast::Expr, scope: usize) {
        let admits = Admits { relations: 0..self.scopes[scope].relations.len(), join: JoinKind::Inner };
        self.condition(condition, scope, &admits);
    }

    /// Reads a HAVING: what it says of columns, not of aggregates, is asked of the rows too.
    pub(super) fn having(&mut self, condition: &ast::Expr, scope: usize) {
        match unnested(condition) {
            ast::Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.having(left, scope);
                self.having(right, scope);
            }
            other if predicate::has_aggregate(other) => {
                self.walk(other, scope);
            }
            other => self.filter(other, scope),
        }
    }

    /// Reads a condition, conjunct by conjunct.
    pub(super) fn condition(&mut self, condition: &ast::Expr, scope: usize, admits: &Admits) {
        match unnested(condition) {
            ast::Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.condition(left, scope, admits);
                self.condition(right, scope, admits);
            }
            part => {
                self.part(part, scope, admits);
                self.likes(part, scope);
                self.connect(part, scope);
            }
        }
    }

    /// Reads what is no AND.
    fn part(&mut self, part: &ast::Expr, scope: usize, admits: &Admits) {
        use ast::Expr as Ast;
        match part {
            Ast::Exists { subquery, negated } => {
                let kind = if *negated { BlockKind::Anti } else { BlockKind::Semi };
                self.exists(subquery, scope, kind);
            }
            Ast::UnaryOp { op: UnaryOperator::Not, expr } if matches!(unnested(expr), Ast::Exists { .. }) => {
                if let Ast::Exists { subquery, negated } = unnested(expr) {
                    let kind = if *negated { BlockKind::Semi } else { BlockKind::Anti };
                    self.exists(subquery, scope, kind);
                }
            }
            Ast::InSubquery { expr, subquery, negated: false } => {
                self.member_of(expr, subquery, scope, admits);
            }
            Ast::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. }
                if matches!(unnested(right), Ast::Subquery(_)) =>
            {
                if let Ast::Subquery(query) = unnested(right) {
                    self.member_of(left, query, scope, admits);
                }
            }
            Ast::InSubquery { expr, subquery, negated: true } => self.no_member_of(expr, subquery, scope, admits),
            Ast::UnaryOp { op: UnaryOperator::Not, expr } if is_member(unnested(expr)) => {
                if let Ast::InSubquery { expr, subquery, .. } = unnested(expr) {
                    self.no_member_of(expr, subquery, scope, admits);
                }
            }
            Ast::AllOp { left, compare_op: BinaryOperator::NotEq, right }
                if matches!(unnested(right), Ast::Subquery(_)) =>
            {
                if let Ast::Subquery(query) = unnested(right) {
                    self.no_member_of(left, query, scope, admits);
                }
            }
            other => {
                let walked = self.walk(other, scope);
                if let (Dialect::Postgres, Ast::BinaryOp { op: BinaryOperator::Or, .. }) = (self.dialect, other) {
                    for part in common_conjuncts(other) {
                        let walked = Walked { used: self.names_in(part, scope), ..Walked::default() };
                        self.conjunct(part, &walked, scope, admits, Switched::No);
                    }
                }
                match other {
                    Ast::Case { .. } if self.is_switch(other, scope) => self.switch(other, scope, admits),
                    _ => self.conjunct(other, &walked, scope, admits, Switched::No),
                }
            }
        }
    }

    /// `CASE WHEN $1 THEN condition ELSE true END`: each outcome is a condition that may not apply.
    fn switch(&mut self, case: &ast::Expr, scope: usize, admits: &Admits) {
        let ast::Expr::Case { conditions, else_result, .. } = case else { return };
        for outcome in conditions.iter().map(|when| &when.result).chain(else_result.as_deref()) {
            let mut parts = Vec::new();
            conjuncts(outcome, &mut parts);
            for part in parts {
                let walked = Walked { used: self.names_in(part, scope), ..Walked::default() };
                self.conjunct(part, &walked, scope, admits, Switched::Yes);
            }
        }
    }

    fn is_switch(&self, case: &ast::Expr, scope: usize) -> bool {
        let ast::Expr::Case { operand, conditions, .. } = case else { return false };
        let constant = |expr: &ast::Expr| {
            self.names_in(expr, scope).iter().all(|used| matches!(used.name, Name::Value | Name::Text))
        };
        operand.as_deref().is_none_or(constant) && conditions.iter().all(|when| constant(&when.condition))
    }

    /// Puts one conjunct to every reference that it constrains.
    pub(super) fn conjunct(
        &mut self,
        expr: &ast::Expr,
        walked: &Walked,
        scope: usize,
        admits: &Admits,
        switched: Switched,
    ) {
        if walked.aggregate || walked.window {
            return;
        }
        // A parameter that is a condition by itself may ask anything.
        let mut placed = walked.used.is_empty() && !walked.subquery && !is_parameter(expr);
        for reference in self.constrained(&walked.used, scope, admits) {
            let condition = self.seen_from(reference, expr);
            if condition.has_outer() {
                placed |= join::equated_key(&condition).is_some();
                self.join_key(reference, expr, &condition, &walked.used, scope, admits);
            }
            let Some(items) = predicate::restrict(condition) else { continue };
            placed |= !walked.subquery;
            for item in items {
                let optional = item.optional || switched == Switched::Yes;
                self.restrict(reference, Restricted { optional, ..item }, &walked.used, admits);
            }
        }
        if !placed {
            self.note_open(scope);
        }
        if self.scopes[scope].kind == BlockKind::Semi {
            self.outer_join_keys(expr, &walked.used, scope);
        }
    }

    /// Notes that a condition of a block is asked of no single reference.
    pub(super) fn note_open(&mut self, scope: usize) {
        let block = self.scopes[scope].block;
        self.block(block).open = true;
    }

    /// The references among the names of a conjunct whose rows must meet it.
    pub(super) fn constrained(&self, used: &[Used], scope: usize, admits: &Admits) -> BTreeSet<RefId> {
        let relations = &self.scopes[scope].relations[admits.relations.clone()];
        let admitted = |reference: &RefId| relations.iter().any(|relation| relation.refs.contains(reference));
        let reached = |used: &&Used| !used.outer && self.reach_of(&used.name) >= Reach::Filters;
        used.iter().filter(reached).flat_map(Used::references).filter(admitted).collect()
    }

    pub(super) fn reach_of(&self, name: &Name) -> Reach {
        match name {
            Name::Derived { reach, .. } => *reach,
            _ => Reach::Joins,
        }
    }

    /// Adds what a restricted condition says of a reference, unless rows without a partner would pass it: then it is
    /// asked of the join's result, not of the reference.
    fn restrict(&mut self, reference: RefId, item: Restricted, used: &[Used], admits: &Admits) {
        if self.is_nullable(reference) {
            if !predicate::rejects_null(&item.expr) {
                return;
            }
            if admits.join == JoinKind::Inner && !item.optional {
                self.make_inner(reference);
            }
        }
        let pattern = &mut self.shape.patterns[usize::from(reference.0)];
        predicate::add(pattern, item, &|columns| {
            let first =
                used.iter().find(|used| used.column_of(reference).is_some_and(|column| columns.contains(column)));
            first.map_or(0..0, |used| used.sql.clone())
        });
    }

    pub(super) fn is_nullable(&self, reference: RefId) -> bool {
        self.shape.references[usize::from(reference.0)].nullable_side
    }

    /// The canonical form of a condition as one reference sees it.
    pub(super) fn seen_from(&self, reference: RefId, expr: &ast::Expr) -> Expr {
        let mut view = View { names: &self.names, reference, at_least: Reach::Filters };
        self.simplified(reference, canonical::predicate(expr, self.dialect, &mut view))
    }

    /// The canonical form of a value as one reference sees it.
    pub(super) fn value_seen_from(&self, reference: RefId, expr: &ast::Expr) -> Expr {
        let mut view = View { names: &self.names, reference, at_least: Reach::Filters };
        self.simplified(reference, canonical::expr(expr, self.dialect, &mut view))
    }

    fn simplified(&self, reference: RefId, expr: Expr) -> Expr {
        if self.dialect == Dialect::Sqlite {
            return expr;
        }
        let table = self.catalog.tables.get(&self.shape.references[usize::from(reference.0)].table);
        simplify(expr, &|column| Some(&table?.column(column)?.ty))
    }
}

/// Whether a condition applies at all is decided at run time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Switched {
    /// It always applies.
    No,
    /// It may not.
    Yes,
}

/// A statement's names as one reference sees them.
pub(super) struct View<'r> {
    pub(super) names: &'r Resolution,
    pub(super) reference: RefId,
    pub(super) at_least: Reach,
}

impl Names for View<'_> {
    fn column(&mut self, path: &[ast::Ident]) -> Expr {
        match self.names.column(path[0].span.start) {
            Some(Name::Column(reference, column)) if *reference == self.reference => Expr::Column(column.clone()),
            Some(Name::Derived { sources, reach }) if *reach >= self.at_least => {
                match sources.iter().find(|(reference, _)| *reference == self.reference) {
                    Some((_, column)) => Expr::Column(column.clone()),
                    None => Expr::Outer,
                }
            }
            Some(Name::Text) => Expr::Literal(Literal::Text(path[0].value.clone())),
            Some(Name::Value) => Expr::Param,
            _ => Expr::Outer,
        }
    }

    fn subquery(&mut self, query: &ast::Query) -> Expr {
        if self.names.is_correlated(query) { Expr::Outer } else { Expr::Param }
    }
}

fn is_parameter(expr: &ast::Expr) -> bool {
    matches!(unnested(expr), ast::Expr::Value(value) if matches!(value.value, ast::Value::Placeholder(_)))
}

fn is_member(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::InSubquery { negated: false, .. })
}

fn conjuncts<'e>(expr: &'e ast::Expr, into: &mut Vec<&'e ast::Expr>) {
    match unnested(expr) {
        ast::Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, into);
            conjuncts(right, into);
        }
        other => into.push(other),
    }
}
