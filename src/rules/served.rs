//! What the keys of a proposed index are to a query: for the rules that ask for indexes, which share the work.

use super::context::QueryContext;
use super::findings::{Findings, Report};
use crate::advice::{self, IndexAdvice, Proof, ProofKind};
use crate::catalog::IndexDef;
use crate::expr::Expr;
use crate::finding::{Confidence, Place, Severity};
use crate::query::{AccessPattern, Predicate, PredicateOp};

/// A gain below this depends on how large the tables really are (`docs/statistics.md`, "Gain").
const SURE_GAIN: f64 = 10.0;

/// What the keys of an index are to a query, as printed names.
#[derive(Default)]
pub(super) struct Served {
    searched: Vec<String>,
    joined: Vec<String>,
    ordered: Vec<String>,
    grouped: Vec<String>,
    extreme: Vec<String>,
    /// The condition of a partial index.
    partial: Vec<String>,
    /// The keys that the query uses.
    pub keys: Vec<String>,
    /// The leading key is searched by a range.
    range_leads: bool,
}

impl Served {
    /// Reads it off an index and what a reference is asked for.
    pub(super) fn of(def: &IndexDef, pattern: &AccessPattern) -> Self {
        let mut served = Self::default();
        served.partial.extend(def.predicate.as_ref().map(|predicate| format!("`{predicate}`")));
        for (at, key) in def.keys.iter().enumerate() {
            let list = if let Some(predicate) = predicates(pattern).find(|predicate| predicate.key == key.expr) {
                served.range_leads |= at == 0 && matches!(predicate.op, PredicateOp::Range(_));
                &mut served.searched
            } else if pattern.joins.iter().any(|join| join.key == key.expr) {
                &mut served.joined
            } else if pattern.order.iter().any(|order| order.key == key.expr) {
                &mut served.ordered
            } else if pattern.extremum.as_ref() == Some(&key.expr) {
                &mut served.extreme
            } else if pattern.group.contains(&key.expr) || pattern.distinct.contains(&key.expr) {
                &mut served.grouped
            } else {
                // Another query needs the rest.
                break;
            };
            list.push(format!("`{}`", key.expr));
            served.keys.push(key.expr.to_string());
        }
        served
    }

    /// Says whether the index gives an order and does nothing else.
    pub(super) fn is_order_only(&self) -> bool {
        let others = [&self.searched, &self.joined, &self.grouped, &self.extreme, &self.partial];
        !self.ordered.is_empty() && others.iter().all(|names| names.is_empty())
    }

    /// What the gain hangs on beside the data, if on anything.
    pub(super) fn hangs_on(&self) -> &'static str {
        match self.range_leads {
            true => "; how much one helps hangs on how much of the range a call asks for",
            false => "",
        }
    }

    /// `searched by `a`, `b` and ordered by `c``.
    pub(super) fn told(&self) -> String {
        let parts = [
            ("searched by", &self.searched),
            ("filtered by", &self.partial),
            ("joined by", &self.joined),
            ("ordered by", &self.ordered),
            ("grouped by", &self.grouped),
            ("asked for the smallest or largest", &self.extreme),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        parts.map(|(verb, names)| format!("{verb} {}", names.join(", "))).collect::<Vec<_>>().join(" and ")
    }
}

/// Reports what advice would mend, at the first key that the query names.
pub(super) fn report<'f>(
    findings: &'f mut Findings,
    cx: &QueryContext<'_>,
    advice: &IndexAdvice,
    pattern: &AccessPattern,
    served: &Served,
    message: String,
) -> Report<'f> {
    let (severity, confidence) = strength(cx, advice, served);
    findings
        .report(place(cx, &advice.def, pattern), pattern.asked())
        .message(message)
        .help(help(&advice.def))
        .table(&pattern.table)
        .columns(&served.keys)
        .advice([advice.id])
        .proof(cx.proof().cloned())
        .at_most(severity)
        .no_surer_than(confidence)
}

/// The conditions an index may answer, those of every branch of an OR included.
fn predicates(pattern: &AccessPattern) -> impl Iterator<Item = &Predicate> {
    let branches = pattern.disjunctions.iter().flat_map(|any| any.branches.iter().flatten());
    pattern.predicates.iter().chain(branches).filter(|predicate| !predicate.optional)
}

/// The place of the first key of an index that the query names.
fn place(cx: &QueryContext<'_>, def: &IndexDef, pattern: &AccessPattern) -> Place {
    let key_place = |key: &Expr| {
        let predicate = predicates(pattern).find(|predicate| predicate.key == *key).map(|found| &found.sql);
        let join = || pattern.joins.iter().find(|join| join.key == *key).map(|found| &found.sql);
        let order = || pattern.order.iter().find(|order| order.key == *key).map(|found| &found.sql);
        predicate.or_else(join).or_else(order)
    };
    match def.keys.iter().find_map(|key| key_place(&key.expr)) {
        Some(sql) => cx.place_in(sql, pattern.reference),
        None => cx.place_of(pattern.reference),
    }
}

/// Says what to create.
pub(super) fn help(def: &IndexDef) -> String {
    format!("create an index on {}", indexed(def))
}

/// ``orders (customer_id)` where `deleted_at IS NULL``.
pub(super) fn indexed(def: &IndexDef) -> String {
    let keys: Vec<String> = def.keys.iter().map(advice::key).collect();
    let partial = def.predicate.as_ref().map_or(String::new(), |predicate| format!(" where `{predicate}`"));
    format!("`{}{} ({})`{partial}", def.table, advice::using(def), keys.join(", "))
}

/// How bad and how sure, by the evidence (`docs/architecture.md`, "Proof, tier, confidence").
pub(super) fn strength(cx: &QueryContext<'_>, advice: &IndexAdvice, served: &Served) -> (Severity, Confidence) {
    let Some(Proof { kind, cost_before, cost_after, .. }) = cx.proof() else {
        return (Severity::Warning, Confidence::Medium);
    };
    // Every row has many entries in such an index: on a table whose size is a guess that may cost more than it gains.
    let dear = advice.def.is_dear() && !cx.knows_rows(&advice.def.table);
    let confidence = if dear || *kind == ProofKind::Shape { Confidence::Medium } else { Confidence::High };
    let gain = cost_before.zip(*cost_after).map(|(before, after)| before / after.max(f64::MIN_POSITIVE));
    let small = gain.is_some_and(|gain| gain < SURE_GAIN);
    (if small || dear || served.range_leads { Severity::Info } else { Severity::Warning }, confidence)
}
