//! The guards of `statistics.md`: what is never advised, whatever an engine says. They decide precision.

use crate::advice::Guard;
use crate::catalog::Index;
use crate::config::Limits;
use crate::name::Ident;
use crate::stats::StatsSource;

use super::candidates::{Candidate, Purpose};
use super::keys::{Class, Judge, Key, Keys};

/// Fewer combinations than this are not worth a seek.
const FEW_COMBINATIONS: f64 = 50.0;

/// Returns the guard that refuses a candidate.
pub(super) fn refuse(judge: &Judge<'_>, limits: &Limits, offered: &Keys, candidate: &Candidate) -> Option<Guard> {
    if judge.stats.rows < limits.min_rows {
        return Some(Guard::Small);
    }
    if candidate.is_for_operator() {
        let known = judge.key(&candidate.def.keys[0].expr);
        return known.filter(|key| key.distinct < FEW_COMBINATIONS).map(|_| Guard::FewValues);
    }
    if holds_unique_key(judge, candidate) {
        return Some(Guard::Unique);
    }
    // Booleans never become keys, so the guard of that name has nothing left to refuse.
    let keys: Vec<Key> = candidate.def.keys.iter().filter_map(|key| judge.key(&key.expr)).collect();
    let lead = keys.first()?;
    if keys.iter().map(|key| key.distinct).product::<f64>() < FEW_COMBINATIONS {
        return Some(Guard::FewValues);
    }
    let tail_follows = candidate.equalities == 1 && keys.len() > 1;
    if lead.class == Class::Few && !tail_follows {
        return Some(Guard::FewLead);
    }
    if candidate.equalities == 0 {
        return refuse_lead(judge, limits, offered, candidate, lead);
    }
    None
}

/// A sort or range column leads only where nothing better could.
fn refuse_lead(judge: &Judge<'_>, limits: &Limits, offered: &Keys, candidate: &Candidate, lead: &Key) -> Option<Guard> {
    if !offered.equal.is_empty() || !offered.lists.is_empty() {
        return Some(Guard::BesideEquality);
    }
    let fits = match candidate.purpose {
        Purpose::Order => {
            lead.time || lead.class == Class::Many || (offered.lone_extremum && is_surely_large(judge, limits))
        }
        _ => lead.time,
    };
    // An expression is no time, key or name.
    let column = candidate.def.keys[0].expr.as_column().is_some_and(|column| judge.table.column(column).is_some());
    (!fits || !column).then_some(Guard::LeadKind)
}

/// Says whether a table is large beyond doubt: as somebody says, or far beyond what is assumed of any table.
///
/// `max(version)` of the one table that a migration tool keeps is the commonest query of its kind, and needs no index.
fn is_surely_large(judge: &Judge<'_>, limits: &Limits) -> bool {
    judge.stats.source > StatsSource::Assumed || judge.stats.rows >= 10.0 * limits.min_rows
}

/// The candidate is searched by a whole primary or unique key, which finds its one row already.
fn holds_unique_key(judge: &Judge<'_>, candidate: &Candidate) -> bool {
    let def = &candidate.def;
    let key = &judge.table.primary_key;
    if key.len() == 1 && def.keys[0].expr.as_column() == key.first() {
        return true;
    }
    // Reading along an order may well end in the key, to make it total.
    if candidate.equalities < def.keys.len() {
        return false;
    }
    let holds = |column: &Ident| def.key_columns().any(|held| held == column);
    let is_held = |index: &Index| {
        index.def.unique
            && index.held
            && index.def.predicate.is_none()
            && index.def.keys.iter().all(|key| key.expr.as_column().is_some_and(holds))
    };
    (!key.is_empty() && key.iter().all(holds)) || judge.table.indexes.iter().any(is_held)
}
