//! The engine that is none: it numbers candidates and plans nothing, so that every query is judged by its shape.
//!
//! Stands where no engine may be started, and where none plans as the target does.

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::Target;
use crate::engine::{
    Deadline, EngineFacts, EngineKind, Loaded, PeopleCall, PlanRequest, Pricing, Refusal, ScratchEngine, ScratchError,
    Tier,
};
use crate::name::QName;
use crate::plan::Plan;
use crate::stats::StatsModel;

/// No engine.
pub struct NoEngine {
    facts: EngineFacts,
    tables: BTreeSet<QName>,
    candidates: HashMap<IndexDef, IndexId>,
    /// The number of the next candidate.
    next: u32,
}

impl NoEngine {
    /// None, for `target`.
    pub fn new(target: Target) -> Self {
        let facts = EngineFacts {
            kind: EngineKind::None,
            version: String::new(),
            target,
            native: false,
            pricing: Pricing::Model,
            tier_ceiling: Tier::Structure,
        };
        Self { facts, tables: BTreeSet::new(), candidates: HashMap::new(), next: 0 }
    }

    fn number(&mut self, def: &IndexDef) -> Result<IndexId, Refusal> {
        if !self.tables.contains(&def.table) {
            return Err(Refusal(format!("no such table: {}", def.table)));
        }
        let next = IndexId(self.next);
        let id = *self.candidates.entry(def.clone()).or_insert(next);
        self.next += u32::from(id == next);
        Ok(id)
    }
}

impl ScratchEngine for NoEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    fn load(&mut self, catalog: &Catalog, _: &StatsModel) -> Result<Loaded, ScratchError> {
        self.tables = catalog.tables.keys().cloned().collect();
        self.candidates.clear();
        self.next = catalog.indexes().map(|index| index.id.0 + 1).max().unwrap_or(0);
        Ok(Loaded::default())
    }

    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        Ok(defs.iter().map(|def| self.number(def)).collect())
    }

    fn plan(
        &mut self,
        batch: &[PlanRequest<'_>],
        _: Deadline,
    ) -> Result<Vec<Option<Result<Plan, Refusal>>>, ScratchError> {
        Ok(batch.iter().map(|_| Some(Err(Refusal("no engine plans it".to_owned())))).collect())
    }

    fn script(&mut self, _: &PlanRequest<'_>, _: PeopleCall<'_>) -> Result<Option<String>, ScratchError> {
        Ok(None)
    }
}
