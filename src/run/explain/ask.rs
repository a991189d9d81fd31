//! Asks the engine for more of the chosen queries: their plans with everything advised, and a script that shows both.

use std::collections::{BTreeMap, BTreeSet};

use super::Explained;
use crate::advice::{Action, AdviceId};
use crate::assume;
use crate::catalog::IndexId;
use crate::config::Config;
use crate::engine::{Deadline, IndexSet, PlanRequest, ScratchEngine};
use crate::explain::named;
use crate::name::Ident;
use crate::plan;
use crate::query::SiteId;
use crate::run::RunError;
use crate::run::analysis::Database;
use crate::workload::{PlanLabels, QueryId, WorkloadQuery};

/// Fills what the engine says of every chosen query of a database, whose advice is numbered.
pub(in crate::run) fn ask(
    database: &mut Database,
    chosen: &BTreeSet<SiteId>,
    engine: &mut dyn ScratchEngine,
    config: &Config,
    until: Deadline,
) -> Result<(), RunError> {
    let is_chosen = |query: &&WorkloadQuery| query.senders.iter().any(|sender| chosen.contains(&sender.site));
    let queries: Vec<&WorkloadQuery> = database.workload.iter().filter(is_chosen).collect();
    if queries.is_empty() {
        return Ok(());
    }
    let advised = Advised::of(database, engine)?;
    let bases = assume::row_bases(&database.catalog, config, &database.stats);
    let mut found: BTreeMap<QueryId, Explained> = BTreeMap::new();
    for query in queries {
        let mut explained = advised.explain(database, query, engine, until)?;
        let tables: BTreeSet<_> = query.shape.references.iter().map(|reference| &reference.table).collect();
        explained.bases =
            tables.into_iter().filter_map(|table| Some((table.clone(), bases.get(table)?.clone()))).collect();
        found.insert(query.id, explained);
    }
    database.explained = found;
    Ok(())
}

/// The advised set by its numbers on the engine.
#[derive(Default)]
struct Advised {
    set: IndexSet,
    names: BTreeMap<IndexId, Ident>,
    advice: BTreeMap<IndexId, AdviceId>,
    /// The existing indexes that are to be dropped.
    dropped: BTreeMap<IndexId, AdviceId>,
}

impl Advised {
    fn of(database: &Database, engine: &mut dyn ScratchEngine) -> Result<Self, RunError> {
        let mut found = Self::default();
        for advice in database.listed_advice() {
            let Some(table) = database.catalog.table(&advice.def.table) else { continue };
            if advice.action == Action::Drop {
                let gone = table.indexes.iter().find(|index| index.name.as_ref() == Some(&advice.name));
                found.set.hidden.extend(gone.map(|index| index.id));
                found.dropped.extend(gone.map(|index| (index.id, advice.id)));
                continue;
            }
            // The advisor has had it numbered before.
            let Some(Ok(id)) = engine.add_candidates(std::slice::from_ref(&advice.def))?.pop() else { continue };
            found.set.shown.insert(id);
            found.names.insert(id, advice.name.clone());
            found.advice.insert(id, advice.id);
            let replaced = |name: &Option<Ident>| advice.replaces.iter().any(|old| Some(&old.name) == name.as_ref());
            let gone = table.indexes.iter().filter(|index| replaced(&index.name)).map(|index| index.id);
            found.set.hidden.extend(gone);
        }
        Ok(found)
    }

    fn explain(
        &self,
        database: &Database,
        query: &WorkloadQuery,
        engine: &mut dyn ScratchEngine,
        until: Deadline,
    ) -> Result<Explained, RunError> {
        let mut explained = Explained::default();
        let Some(before) = query.planned() else { return Ok(explained) };
        let name = |id: IndexId| {
            let existing = || database.catalog.index(id)?.name.clone();
            self.names.get(&id).cloned().or_else(existing).map(|name| name.to_string())
        };
        let kind = engine.facts().kind;
        let request = PlanRequest { query: &query.engine, indexes: &self.set };
        explained.repro = engine.script(&request, &name)?;
        explained.raw_before = Some(named(kind, &before.raw, &name));
        let touched = database.listed_advice().any(|advice| query.engine.references.contains(&advice.def.table));
        if let Some(Some(Ok(after))) = engine.plan(&[request], until)?.pop().filter(|_| touched) {
            let labels = PlanLabels { query, catalog: &database.catalog, advised: &self.names };
            explained.plan_after = Some(plan::tree(&after, &labels));
            explained.raw_after = Some(named(kind, &after.raw, &name));
            let used = after.root.indexes().into_iter().filter_map(|id| self.advice.get(&id).copied());
            let lost = before.root.indexes().into_iter().filter_map(|id| self.dropped.get(&id).copied());
            explained.used = used.chain(lost).collect();
        }
        Ok(explained)
    }
}
