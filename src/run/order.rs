//! How large the advised indexes are, and in which order they are best made.

use std::collections::BTreeSet;

use super::analysis::Database;
use super::entries;
use crate::advice::{Action, AdviceId, IndexAdvice};
use crate::advise::{self, AdviseContext};
use crate::catalog::IndexDef;
use crate::config::Config;
use crate::engine::{Deadline, ScratchEngine, ScratchError};
use crate::finding::Confidence;

/// Asks the engine for the sizes.
pub(super) fn size(database: &mut Database, engine: &mut dyn ScratchEngine) -> Result<(), ScratchError> {
    let defs: Vec<IndexDef> = database.advice.iter().map(|advice| advice.def.clone()).collect();
    for (advice, size) in database.advice.iter_mut().zip(engine.sizes(&defs)?) {
        advice.size = size;
    }
    Ok(())
}

/// Finds the order in which the advice is best followed; what may not be shown in the end comes behind what is.
pub(super) fn order(
    database: &mut Database,
    engine: &mut dyn ScratchEngine,
    config: &Config,
    until: Deadline,
) -> Result<(), ScratchError> {
    let rank = |advice: &IndexAdvice| match database.unasked.contains(&advice.id) {
        true => 2,
        false => u8::from(entries::confidence(database, advice) < Confidence::High),
    };
    let Some(first) = database.advice.first() else { return Ok(()) };
    let cx = AdviseContext {
        database: first.database,
        catalog: &database.catalog,
        stats: &database.stats,
        target: database.target,
        limits: &config.limits,
        selection: &config.selection,
    };
    let curve = advise::curve(&cx, engine, &database.workload, &database.advice, &rank, until)?;
    let order: Vec<AdviceId> = curve.points.iter().map(|point| point.advice).collect();
    database.curve = Some(curve);
    drop_once(&mut database.advice, &order);
    Ok(())
}

/// Lets the first of several changes alone drop what each of them replaces: the others would find nothing to drop.
fn drop_once(advice: &mut [IndexAdvice], order: &[AdviceId]) {
    let mut dropped = BTreeSet::new();
    for id in order {
        for one in advice.iter_mut().filter(|one| one.id == *id) {
            one.replaces.retain(|index| dropped.insert(index.clone()));
            if one.action == Action::Replace && one.replaces.is_empty() {
                one.action = Action::Create;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::name::{Ident, QName};
    use crate::query::DatabaseId;

    fn replace(number: u32, replaces: &[&str]) -> IndexAdvice {
        IndexAdvice {
            id: AdviceId(number),
            action: Action::Replace,
            database: DatabaseId(0),
            name: Ident::new("i"),
            def: IndexDef::btree(Dialect::Postgres, QName::plain("t"), ["a"]),
            replaces: replaces.iter().map(|name| QName::plain(*name)).collect(),
            covered_by: None,
            reason: None,
            serves: Vec::new(),
            proof: None,
            size: None,
            write_cost: None,
        }
    }

    #[test]
    fn what_several_replace_is_dropped_by_the_first() {
        let mut advice = [replace(0, &["a", "b"]), replace(1, &["a"]), replace(2, &["b", "c"])];
        drop_once(&mut advice, &[AdviceId(2), AdviceId(1), AdviceId(0)]);
        let left = |at: usize| advice[at].replaces.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!([left(0), left(1), left(2)], [vec![], vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]]);
        assert_eq!(advice.map(|one| one.action), [Action::Create, Action::Replace, Action::Replace]);
    }
}
