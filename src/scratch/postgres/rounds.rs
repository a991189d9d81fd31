//! Which requests can be planned without a change of what indexes the planner sees: few rounds, many questions each.
//!
//! A request asks for a set of indexes on its own tables; what another table shows changes no plan of it. So requests
//! on different tables, or with the same wishes, share a round. Knows no server.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::IndexId;
use crate::engine::PlanRequest;
use crate::name::QName;

/// Requests that are planned together, and what the planner sees meanwhile.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Round {
    /// Positions of the requests.
    pub(super) requests: Vec<usize>,
    /// By table, what differs from the schema as it is.
    pub(super) views: BTreeMap<QName, View>,
}

/// What the planner sees of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    /// Candidates that are shown.
    pub(super) shown: BTreeSet<IndexId>,
    /// Indexes of the schema that are hidden.
    pub(super) hidden: BTreeSet<IndexId>,
}

impl Round {
    fn admits(&self, wishes: &BTreeMap<QName, View>) -> bool {
        wishes.iter().all(|(table, view)| self.views.get(table).is_none_or(|known| known == view))
    }
}

/// Puts requests into rounds; `table_of` tells an index's table.
pub(super) fn rounds<'a>(
    requests: &[(usize, PlanRequest<'_>)],
    table_of: &dyn Fn(IndexId) -> Option<&'a QName>,
) -> Vec<Round> {
    let mut wished: Vec<(usize, BTreeMap<QName, View>)> =
        requests.iter().map(|(at, request)| (*at, wishes(request, table_of))).collect();
    // Those that ask for the schema as it is come first: nothing need be changed for them.
    wished.sort_by(|(one, a), (other, b)| a.values().cmp(b.values()).then(one.cmp(other)));
    let mut rounds: Vec<Round> = Vec::new();
    for (at, wishes) in wished {
        let fits = rounds.iter().position(|round| round.admits(&wishes));
        let number = fits.unwrap_or_else(|| {
            rounds.push(Round::default());
            rounds.len() - 1
        });
        let round = &mut rounds[number];
        round.requests.push(at);
        round.views.extend(wishes);
    }
    rounds
}

fn wishes<'a>(request: &PlanRequest<'_>, table_of: &dyn Fn(IndexId) -> Option<&'a QName>) -> BTreeMap<QName, View> {
    let tables = request.query.references.iter();
    let mut wishes: BTreeMap<QName, View> = tables.map(|table| (table.clone(), View::default())).collect();
    for index in &request.indexes.shown {
        if let Some(view) = table_of(*index).and_then(|table| wishes.get_mut(table)) {
            view.shown.insert(*index);
        }
    }
    for index in &request.indexes.hidden {
        if let Some(view) = table_of(*index).and_then(|table| wishes.get_mut(table)) {
            view.hidden.insert(*index);
        }
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineQuery, IndexSet};

    /// Requests as `tables | shown | hidden`; the index 12 is one of table 1.
    fn check(requests: &[&str], expect: &[&[usize]]) {
        let numbers = |text: &str| text.split_whitespace().map(|number| IndexId(number.parse().unwrap())).collect();
        let read = |line: &&str| {
            let [tables, shown, hidden]: [&str; 3] =
                line.split('|').collect::<Vec<_>>().try_into().expect("three parts");
            let references = tables.split_whitespace().map(QName::plain).collect();
            let query = EngineQuery { references, ..EngineQuery::unasked() };
            (query, IndexSet { shown: numbers(shown), hidden: numbers(hidden) })
        };
        let asked: Vec<(EngineQuery, IndexSet)> = requests.iter().map(read).collect();
        let batch: Vec<(usize, PlanRequest<'_>)> =
            asked.iter().map(|(query, indexes)| PlanRequest { query, indexes }).enumerate().collect();
        let tables: Vec<QName> = (0..5).map(|number| QName::plain(number.to_string())).collect();
        let found = rounds(&batch, &|index| tables.get(index.0 as usize / 10));
        let found: Vec<&[usize]> = found.iter().map(|round| round.requests.as_slice()).collect();
        assert_eq!(found, expect, "{requests:?}");
    }

    #[test]
    fn requests_share_a_round_unless_they_want_a_table_differently() {
        check(&[], &[]);
        check(&["1||", "2||", "1 2||"], &[&[0, 1, 2]]);
        check(&["1|11|", "2|21|"], &[&[0, 1]]);
        check(&["1|11|", "1|12|"], &[&[0], &[1]]);
        check(&["1|11|", "1||", "1||10"], &[&[1], &[2], &[0]]);
        check(&["1 2|11|", "2||", "2|21|"], &[&[1, 0], &[2]]);
        // A candidate on a table that the query does not read changes nothing.
        check(&["1|11 21|", "1|11|"], &[&[0, 1]]);
    }
}
