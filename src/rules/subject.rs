//! What the fingerprint of a finding about an access is made of.

use std::collections::BTreeSet;

use crate::query::{AccessPattern, Disjunction, Predicate};

/// The set of (key, operator class) of filters and joins, then the ordered sort list: no literal, limit, alias,
/// projection or advised name, so that only a change of what is asked moves a fingerprint.
pub(super) fn access(pattern: &AccessPattern) -> String {
    let mut asked = BTreeSet::new();
    for predicate in &pattern.predicates {
        asked.insert(format!("{} {}", predicate.key, predicate.op.name()));
    }
    for any in &pattern.disjunctions {
        asked.insert(any_of(any));
    }
    for join in &pattern.joins {
        asked.insert(format!("{} join", join.key));
    }
    let order = pattern.order.iter().map(|order| format!("{} {}", order.key, order.desc));
    let asked: Vec<String> = asked.into_iter().collect();
    // Queries may spell a column in another case than the schema.
    format!("{} order {}", asked.join(", "), order.collect::<Vec<_>>().join(", ")).to_ascii_lowercase()
}

/// An OR: the set of its branches, each the set of its terms.
pub(super) fn any_of(any: &Disjunction) -> String {
    let term = |predicate: &Predicate| format!("{} {}", predicate.key, predicate.op.name());
    let branch = |terms: &Vec<Predicate>| {
        let terms: BTreeSet<String> = terms.iter().map(term).collect();
        terms.into_iter().collect::<Vec<_>>().join(" & ")
    };
    let branches: BTreeSet<String> = any.branches.iter().map(branch).collect();
    branches.into_iter().collect::<Vec<_>>().join(" | ")
}
