//! Joins: equalities between references, and the subqueries that are joins underneath.

use sqlparser::ast::{self, BinaryOperator};

use super::condition::{Admits, View};
use super::predicate;
use super::query::{Context, Want};
use super::scope::{BlockKind, Outputs};
use super::state::Shaper;
use super::walk::Used;
use crate::expr::{Expr, Op};
use crate::name::Ident;
use crate::query::{JoinKey, JoinKind, Predicate, PredicateOp, RefId, Value};
use crate::sql::canonical::{self, unnested};
use crate::sql::resolution::{Name, Reach};

impl Shaper<'_> {
    /// `reference.key = something of another reference`.
    pub(super) fn join_key(
        &mut self,
        reference: RefId,
        expr: &ast::Expr,
        condition: &Expr,
        used: &[Used],
        scope: usize,
        admits: &Admits,
    ) {
        let Some(key) = equated_key(condition) else { return };
        let mine = used.iter().find(|used| used.column_of(reference).is_some());
        let Some(mine) = mine.filter(|mine| self.reach_of(&mine.name) == Reach::Joins) else {
            return;
        };
        let sql = mine.sql.clone();
        let others: Vec<&Used> = used.iter().filter(|used| used.column_of(reference).is_none()).collect();
        if !others.is_empty() && others.iter().all(|other| other.name == Name::List) {
            return self.in_list(reference, key.clone(), sql);
        }
        let Some((other, outer)) = the_other(&others) else { return };
        let other_key = self.side_seen_from(other, expr);
        let kind = match (outer, self.scopes[scope].kind) {
            (false, _) => admits.join,
            (true, BlockKind::Semi | BlockKind::Anti) => JoinKind::Semi,
            (true, _) => JoinKind::Correlated,
        };
        self.add_join(reference, JoinKey { key: key.clone(), other, other_key, kind, sql });
        if kind == JoinKind::Inner && self.is_nullable(reference) && predicate::rejects_null(key) {
            self.make_inner(reference);
        }
    }

    /// Rows without a partner fail a later condition, so the outer join that keeps them is an inner one: every planner
    /// sees that, and may then start from this side.
    pub(super) fn make_inner(&mut self, reference: RefId) {
        self.reference(reference).nullable_side = false;
        let block = self.planned_in[usize::from(reference.0)];
        let mut mirrored = Vec::new();
        for join in self.pattern(reference).joins.iter_mut().filter(|join| join.kind == JoinKind::Outer) {
            join.kind = JoinKind::Inner;
            let (key, other_key) = (join.other_key.clone(), join.key.clone());
            mirrored.push((join.other, JoinKey { key, other: reference, other_key, kind: JoinKind::Inner, sql: 0..0 }));
        }
        for (other, join) in mirrored {
            let strict = predicate::rejects_null(&join.key);
            if self.planned_in[usize::from(other.0)] == block && join.key.has_column() && !join.key.has_outer() {
                self.add_join(other, join);
            }
            if strict && self.is_nullable(other) {
                self.make_inner(other);
            }
        }
    }

    /// The outer side of an equality in EXISTS: the planner may start from the inner one.
    pub(super) fn outer_join_keys(&mut self, expr: &ast::Expr, used: &[Used], scope: usize) {
        let Some(parent) = self.scopes[scope].parent else { return };
        let outer = used.iter().filter(|used| used.outer && self.reach_of(&used.name) == Reach::Joins);
        let outer: Vec<(RefId, _)> =
            outer.flat_map(|used| used.references().map(|reference| (reference, used.sql.clone()))).collect();
        for (reference, sql) in outer {
            let near = self.scopes[parent].relations.iter().any(|relation| relation.refs.contains(&reference));
            let condition = self.seen_from(reference, expr);
            let (Some(key), true) = (equated_key(&condition), near) else { continue };
            let others: Vec<&Used> = used.iter().filter(|used| used.column_of(reference).is_none()).collect();
            if let Some((other, false)) = the_other(&others)
                && !self.shape.references[usize::from(reference.0)].nullable_side
            {
                let other_key = self.side_seen_from(other, expr);
                self.add_join(reference, JoinKey { key: key.clone(), other, other_key, kind: JoinKind::Semi, sql });
            }
        }
    }

    /// `USING (a)`: an equality that no expression spells.
    pub(super) fn equal_names(&mut self, left: &Name, right: &Name, scope: usize, admits: &Admits) {
        for (mine, other) in [(left, right), (right, left)] {
            let (Some((reference, key)), Some((other, other_key))) = (single(mine), single(other)) else { continue };
            let relations = &self.scopes[scope].relations[admits.relations.clone()];
            let admitted = relations.iter().any(|relation| relation.refs.contains(&reference));
            if admitted && self.reach_of(mine) == Reach::Joins {
                let (key, other_key) = (Expr::Column(key), Expr::Column(other_key));
                self.add_join(reference, JoinKey { key, other, other_key, kind: admits.join, sql: 0..0 });
            }
        }
    }

    pub(super) fn exists(&mut self, query: &ast::Query, scope: usize, kind: BlockKind) {
        self.note_open(scope);
        let context = Context::within(self, scope, kind, Want::Nothing);
        self.query(query, context);
    }

    /// `expr IN (SELECT …)`.
    pub(super) fn member_of(&mut self, expr: &ast::Expr, query: &ast::Query, scope: usize, admits: &Admits) {
        self.note_open(scope);
        let outputs = self.query(query, Context::within(self, scope, BlockKind::Semi, Want::Outputs));
        match unnested(expr) {
            ast::Expr::Tuple(parts) => {
                for (number, part) in parts.iter().enumerate() {
                    self.member(part, &outputs, number, scope, admits);
                }
            }
            part => self.member(part, &outputs, 0, scope, admits),
        }
    }

    /// `expr NOT IN (SELECT …)`: the subquery is computed apart, the outer rows are tested one by one.
    pub(super) fn no_member_of(&mut self, expr: &ast::Expr, query: &ast::Query, scope: usize, admits: &Admits) {
        self.note_open(scope);
        let outputs = self.query(query, Context::within(self, scope, BlockKind::Anti, Want::Outputs));
        let walked = self.walk(expr, scope);
        self.not_in(expr, &outputs, scope);
        for reference in self.constrained(&walked.used, scope, admits) {
            let key = self.value_seen_from(reference, expr);
            if key.has_outer() || self.shape.references[usize::from(reference.0)].nullable_side {
                continue;
            }
            let condition = Expr::negate(Expr::op(Op::In, vec![key.clone(), Expr::Param]));
            let sql = walked.used.first().map_or(0..0, |used| used.sql.clone());
            let value = Value::Subquery;
            let new = Predicate { key, op: PredicateOp::Other, value, condition, sql, optional: false };
            self.pattern(reference).predicates.push(new);
        }
    }

    fn member(&mut self, expr: &ast::Expr, outputs: &Outputs, number: usize, scope: usize, admits: &Admits) {
        let walked = self.walk(expr, scope);
        let inner = outputs.columns.get(number).map(|output| output.is.clone());
        let source = inner.as_ref().and_then(single);
        for reference in self.constrained(&walked.used, scope, admits) {
            let key = self.value_seen_from(reference, expr);
            let reached = walked.used.iter().all(|used| self.reach_of(&used.name) == Reach::Joins);
            if key.has_outer() || !key.has_column() || !reached {
                continue;
            }
            let sql = walked.used.first().map_or(0..0, |used| used.sql.clone());
            let Some((other, column)) = source.clone() else {
                self.in_list(reference, key, sql);
                continue;
            };
            let other_key = Expr::Column(column);
            let kind = JoinKind::Semi;
            self.add_join(reference, JoinKey { key: key.clone(), other, other_key: other_key.clone(), kind, sql });
            if outputs.reach == Reach::Joins && inner.as_ref().is_some_and(|inner| self.reach_of(inner) == Reach::Joins)
            {
                let back = JoinKey { key: other_key, other: reference, other_key: key, kind, sql: 0..0 };
                self.add_join(other, back);
            }
        }
    }

    /// `key IN (list)`, the list known when the statement starts or computed first.
    fn in_list(&mut self, reference: RefId, key: Expr, sql: std::ops::Range<u32>) {
        let condition = Expr::op(Op::In, vec![key.clone(), Expr::Param]);
        let value = Value::Subquery;
        let new = Predicate { key, op: PredicateOp::In, value, condition, sql, optional: false };
        self.pattern(reference).predicates.push(new);
    }

    fn add_join(&mut self, reference: RefId, key: JoinKey) {
        let joins = &mut self.pattern(reference).joins;
        if !joins
            .iter()
            .any(|known| known.key == key.key && known.other == key.other && known.other_key == key.other_key)
        {
            joins.push(key);
        }
    }

    /// The side of an equality that belongs to a reference.
    fn side_seen_from(&self, reference: RefId, expr: &ast::Expr) -> Expr {
        let ast::Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = unnested(expr) else {
            return Expr::Outer;
        };
        let mut view = View { names: &self.names, reference, at_least: Reach::Nothing };
        let sides = [left, right].map(|side| canonical::expr(side, self.dialect, &mut view));
        sides.into_iter().find(Expr::has_column).unwrap_or(Expr::Outer)
    }
}

/// Returns the key of `key = value of another table`.
pub(super) fn equated_key(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::Op { op: Op::Eq, operands } => match operands.as_slice() {
            [key, other] if key.has_column() && !key.has_outer() && other.has_outer() && !other.has_column() => {
                Some(key)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The one other reference that an equality names; none if there are several.
fn the_other(others: &[&Used]) -> Option<(RefId, bool)> {
    let mut found: Option<(RefId, bool)> = None;
    for used in others {
        // Of the arms of a set operation the first stands for all.
        if let Some(reference) = used.references().next() {
            match found {
                Some((known, _)) if known != reference => return None,
                _ => found = Some((reference, used.outer)),
            }
        }
    }
    found
}

/// The one base column that a name passes on.
fn single(name: &Name) -> Option<(RefId, Ident)> {
    match name {
        Name::Column(reference, column) => Some((*reference, column.clone())),
        Name::Derived { sources, .. } => match &**sources {
            [source] => Some(source.clone()),
            _ => None,
        },
        _ => None,
    }
}
