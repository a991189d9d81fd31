//! Values that only the code keeps unique: it looks for a row before it adds one, and two that look at once find none.

use std::collections::BTreeSet;

use crate::advice::{Action, IndexAdvice};
use crate::catalog::{Catalog, IndexDef, OtherSchema, Table};
use crate::coverage;
use crate::dialect::{Dialect, Target};
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, PathClass, Predicate, PredicateOp, QuerySite, StatementKind, UniqueCheck, Value};
use crate::source::HostSpan;
use crate::workload::WorkloadQuery;

use super::{SchemaAdvice, Upkeep, is_proven};

/// The rule that tells it.
pub const UNKEPT: &str = "validated-unique-without-index";

/// What is known of queries that look whether a row is there.
#[derive(Clone, Copy, Debug)]
pub struct Checking<'a> {
    /// The schema.
    pub catalog: &'a Catalog,
    /// What other sources declare of it.
    pub others: &'a [OtherSchema],
    /// What production runs.
    pub target: &'a Target,
    /// Tables that a schema statement names which was not understood.
    pub doubtful: &'a BTreeSet<QName>,
    /// The places that send queries.
    pub sites: &'a [QuerySite],
    /// Those that look whether a row is there before one like it is added.
    pub checks: &'a [UniqueCheck],
}

/// A query that looks for a row which nothing else keeps single.
#[derive(Debug)]
pub struct Unkept<'a> {
    /// Its position among the query's senders.
    pub sender: usize,
    /// Where it is sent.
    pub place: HostSpan,
    /// What it looks for.
    pub pattern: &'a AccessPattern,
    /// The call that adds the row, where it is another one.
    pub added: Option<HostSpan>,
    /// The index that would keep the row single.
    pub def: IndexDef,
}

impl<'a> Checking<'a> {
    /// Lists the places where a query looks for a row that nothing else keeps single.
    pub fn unkept(&self, query: &'a WorkloadQuery) -> Vec<Unkept<'a>> {
        let shape = &query.shape;
        let [pattern] = shape.patterns.as_slice() else { return Vec::new() };
        let is_plain = pattern.disjunctions.is_empty() && pattern.joins.is_empty() && pattern.order.is_empty();
        if self.checks.is_empty() || shape.statement != StatementKind::Select || !is_plain || !query.is_whole {
            return Vec::new();
        }
        let Some(table) = self.catalog.table(&pattern.table) else { return Vec::new() };
        if !table.complete || self.doubtful.contains(&table.name) {
            return Vec::new();
        }
        let of_sender = |(number, sender): (usize, &crate::workload::Sender)| {
            let site = &self.sites[sender.site.0 as usize];
            let speaks = site.class == PathClass::App && site.requires(sender.variant);
            let check = self.checks.iter().filter(|_| speaks).find(|check| check.calls.contains(&site.place))?;
            let def = self.wanted(table, pattern, check)?;
            Some(Unkept { sender: number, place: site.place, pattern, added: check.added, def })
        };
        query.senders.iter().enumerate().filter_map(of_sender).collect()
    }

    /// The index that keeps single what a check looks for; nothing where there is one, or none can.
    fn wanted(&self, table: &Table, pattern: &AccessPattern, check: &UniqueCheck) -> Option<IndexDef> {
        let is_of = |name: &QName| self.catalog.table(name).is_some_and(|known| known.name == table.name);
        if check.table.as_ref().is_some_and(|name| !is_of(name)) {
            return None;
        }
        let mut keys: Vec<Ident> = Vec::new();
        let mut conditions: Vec<Expr> = Vec::new();
        for predicate in pattern.predicates.iter().filter(|predicate| !is_another_row(table, predicate)) {
            let column = predicate.key.as_column();
            let is_meant = |column: &&Ident| check.columns.as_ref().is_none_or(|columns| columns.contains(column));
            match (predicate.op, &predicate.value, column.filter(is_meant)) {
                (PredicateOp::Eq, Value::Param, Some(column)) => keys.push(column.clone()),
                _ if predicate.condition.has_column() && is_known(&predicate.condition) => {
                    conditions.push(predicate.condition.clone());
                }
                _ => return None,
            }
        }
        keys.dedup();
        let can_be_partial = self.target.dialect != Dialect::Mysql;
        if keys.is_empty() || !conditions.is_empty() && !can_be_partial {
            return None;
        }
        let asked: BTreeSet<Ident> =
            keys.iter().cloned().chain(conditions.iter().flat_map(|condition| condition.columns())).collect();
        let there = self.others.iter().filter_map(|other| other.catalog.table(&table.name));
        if std::iter::once(table).chain(there).any(|table| coverage::keeps_single(table, &asked)) {
            return None;
        }
        let mut def = IndexDef::btree(self.target.dialect, table.name.clone(), keys);
        def.unique = true;
        def.predicate = (!conditions.is_empty()).then(|| Expr::and(conditions));
        Some(def)
    }
}

/// `id <> $1`: the row itself is not another one.
fn is_another_row(table: &Table, predicate: &Predicate) -> bool {
    predicate.op == PredicateOp::Other
        && matches!(table.primary_key.as_slice(), [key] if predicate.key.as_column() == Some(key))
}

/// Says whether nothing of a condition is known at run time only.
fn is_known(condition: &Expr) -> bool {
    !condition.has_param() && !condition.has_outer()
}

impl Unkept<'_> {
    /// Says why the index is wanted.
    pub fn told(&self) -> String {
        format!("the code looks for a row of `{}` with the same {} before it adds one", self.def.table, self.columns())
    }

    /// Says whether an index keeps the row single.
    pub fn is_kept_by(&self, def: &IndexDef) -> bool {
        let is_asked = |column: &Ident| self.def.key_columns().any(|known| known == column);
        let keeps = def.unique && def.table == self.def.table && def.key_columns().all(is_asked);
        keeps && (def.predicate.is_none() || def.predicate == self.def.predicate)
    }

    /// The columns in words.
    pub fn columns(&self) -> String {
        let names: Vec<String> = self.def.keys.iter().map(|key| format!("`{}`", key.expr)).collect();
        names.join(", ")
    }

    /// The change that makes the index, unless it is among those that are made.
    pub(super) fn change(
        &self,
        upkeep: &Upkeep<'_>,
        advised: &[&IndexAdvice],
        made: &[SchemaAdvice],
    ) -> Option<SchemaAdvice> {
        if made.iter().any(|change| change.action != Action::Drop && self.is_kept_by(&change.def)) {
            return None;
        }
        let table = upkeep.catalog.table(&self.def.table)?;
        let does = |def: &IndexDef| coverage::does_all(&self.def, def, upkeep.target);
        let goes = table.indexes.iter().filter(|index| index.backs.is_none() && !index.def.unique && does(&index.def));
        let replaces: Vec<QName> = goes
            .filter_map(|index| Some(QName { schema: table.name.schema.clone(), name: index.name.clone()? }))
            .collect();
        let same = advised.iter().filter(|advice| advice.action != Action::Drop);
        let same = same.filter(|advice| coverage::is_duplicate(&advice.def, &self.def));
        Some(SchemaAdvice {
            action: if replaces.is_empty() { Action::Create } else { Action::Replace },
            advised: same.max_by_key(|advice| is_proven(advice)).map(|advice| advice.id),
            name: None,
            def: self.def.clone(),
            replaces,
            covered_by: None,
            reason: format!("{}; rows that repeat have to go first", self.told()),
            rule: UNKEPT,
            place: self.place,
        })
    }
}
