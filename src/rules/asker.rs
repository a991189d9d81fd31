//! Which rule asks for an advised index, so that one fault is told by one rule and can be switched off by its name.

use crate::catalog::{Catalog, IndexDef, Table};
use crate::coverage::{self, Asked, Behind, Joins};
use crate::dialect::Target;
use crate::query::{AccessPattern, Clause, ClauseKind, Disjunction, PatternHead, Predicate, PredicateOp};
use crate::workload::WorkloadQuery;

use super::served::Served;

/// A query and what its indexes are judged by.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The query.
    pub query: &'a WorkloadQuery,
    /// The schema.
    pub catalog: &'a Catalog,
    /// What production runs.
    pub target: &'a Target,
}

impl<'a> Asking<'a> {
    /// Names the rule that asks for an index which serves a reference.
    pub fn rule(&self, def: &IndexDef, pattern: &AccessPattern) -> &'static str {
        if let Some(rule) = self.of_pattern(def, pattern) {
            rule
        } else if Served::of(def, pattern).is_order_only() {
            "sort-not-indexed"
        } else if pattern.disjunctions.iter().any(|any| self.serves_branch(def, pattern, any)) {
            "or-across-columns"
        } else if self.behind(def, pattern).is_some() {
            "composite-leading-skipped"
        } else {
            "missing-index"
        }
    }

    /// Names the rule that asks for an index because of a LIKE.
    fn of_pattern(&self, def: &IndexDef, pattern: &AccessPattern) -> Option<&'static str> {
        let lead = &def.keys[0];
        let matches = |head: &Clause| match &head.kind {
            ClauseKind::Like { key, head: PatternHead::Wildcard } => *key == lead.expr,
            _ => false,
        };
        let mut likes = self.query.shape.clauses.iter().filter(|clause| clause.reference == Some(pattern.reference));
        let mut compared = pattern.predicates.iter().filter(|predicate| predicate.key == lead.expr);
        match lead.opclass.as_deref() {
            Some(opclass) if opclass.ends_with("trgm_ops") && likes.any(matches) => Some("leading-wildcard-like"),
            Some(_) if compared.any(|predicate| predicate.op == PredicateOp::Prefix) => Some("like-needs-pattern-ops"),
            _ => None,
        }
    }

    /// Says whether an index is worth something to a branch of an OR, and nothing to the access without it.
    pub(super) fn serves_branch(&self, def: &IndexDef, pattern: &AccessPattern, any: &Disjunction) -> bool {
        let judge = |branch: &[Predicate], joins: Joins| {
            let asked = Asked { access: pattern, branch, joins, table: self.table(pattern) };
            coverage::judge(def, &asked, self.target)
        };
        !judge(&[], Joins::Bound).serves() && any.branches.iter().any(|branch| judge(branch, Joins::Ignored).seeks())
    }

    /// Finds an existing index that holds the keys of a proposed one, as far as the query compares them, behind others.
    pub(super) fn behind(&self, def: &IndexDef, pattern: &AccessPattern) -> Option<Behind<'a>> {
        let table = self.table(pattern)?;
        let asked = Asked { access: pattern, branch: &[], joins: Joins::Bound, table: Some(table) };
        let wanted = coverage::judge(def, &asked, self.target);
        coverage::behind(table, pattern, &wanted, self.target)
    }

    fn table(&self, pattern: &AccessPattern) -> Option<&'a Table> {
        self.catalog.table(&pattern.table)
    }
}
