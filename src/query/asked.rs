//! What a pattern asks, in a line: what fingerprints and likenesses are made of.

use std::collections::BTreeSet;

use super::{AccessPattern, Disjunction, Predicate};

impl AccessPattern {
    /// The set of (key, operator class) of filters and joins, then the ordered sort list: no literal, limit, alias or
    /// projection, so that only a change of what is asked changes it.
    pub fn asked(&self) -> String {
        let mut asked = BTreeSet::new();
        for predicate in &self.predicates {
            asked.insert(format!("{} {}", predicate.key, predicate.op.name()));
        }
        for any in &self.disjunctions {
            asked.insert(any.asked());
        }
        for join in &self.joins {
            asked.insert(format!("{} join", join.key));
        }
        let order = self.order.iter().map(|order| format!("{} {}", order.key, order.desc));
        let asked: Vec<String> = asked.into_iter().collect();
        // Queries may spell a column in another case than the schema.
        format!("{} order {}", asked.join(", "), order.collect::<Vec<_>>().join(", ")).to_ascii_lowercase()
    }
}

impl Disjunction {
    /// The set of its branches, each the set of its terms.
    pub fn asked(&self) -> String {
        let term = |predicate: &Predicate| format!("{} {}", predicate.key, predicate.op.name());
        let branch = |terms: &Vec<Predicate>| {
            let terms: BTreeSet<String> = terms.iter().map(term).collect();
            terms.into_iter().collect::<Vec<_>>().join(" & ")
        };
        let branches: BTreeSet<String> = self.branches.iter().map(branch).collect();
        branches.into_iter().collect::<Vec<_>>().join(" | ")
    }
}
