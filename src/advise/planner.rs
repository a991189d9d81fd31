//! Asks the engine, remembers its answers and prices them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::advice::Verdict;
use crate::catalog::{IndexDef, IndexId};
use crate::engine::{Deadline, IndexSet, PlanRequest, Refusal, ScratchEngine, ScratchError};
use crate::name::QName;
use crate::plan::Plan;
use crate::workload::WorkloadQuery;

use super::stage::Stage;

/// A plan and its price.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    pub(super) plan: Arc<Plan>,
    pub(super) price: f64,
}

/// A question: a query's place in the workload and the candidates to show it, sorted.
pub(super) type Ask = (usize, Vec<IndexId>);

/// The engine and what it has answered.
pub(super) struct Planner<'a> {
    engine: &'a mut dyn ScratchEngine,
    workload: &'a [WorkloadQuery],
    until: Deadline,
    /// By query and the indexes on its tables.
    known: HashMap<(usize, IndexSet), Option<Priced>>,
    asked: usize,
}

impl<'a> Planner<'a> {
    pub(super) fn new(engine: &'a mut dyn ScratchEngine, workload: &'a [WorkloadQuery], until: Deadline) -> Self {
        Self { engine, workload, until, known: HashMap::new(), asked: 0 }
    }

    /// Takes over the plans that the workload brings, which are those of the schema as it is.
    pub(super) fn remember(&mut self, stage: &Stage<'_>) {
        for (at, query) in self.workload.iter().enumerate() {
            if let Some(plan) = query.planned() {
                let priced = Priced { price: stage.price(plan, query), plan: Arc::new(plan.clone()) };
                self.known.insert((at, IndexSet::default()), Some(priced));
            }
        }
    }

    /// How a query runs with the schema as it is.
    pub(super) fn original(&self, at: usize) -> Option<Priced> {
        self.known.get(&(at, IndexSet::default())).cloned().flatten()
    }

    /// What a candidate becomes for which there is no plan.
    pub(super) fn no_answer(&self) -> Verdict {
        match self.until.is_over() {
            true => Verdict::OutOfTime,
            false => Verdict::Refused("it made no plan of the query with this index".to_owned()),
        }
    }

    /// Gives candidates their numbers and makes them known to the stage.
    pub(super) fn number(
        &mut self,
        stage: &mut Stage<'_>,
        defs: &[IndexDef],
    ) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        let numbers = self.engine.add_candidates(defs)?;
        for (def, number) in defs.iter().zip(&numbers) {
            if let Ok(id) = number {
                stage.note(*id, def);
            }
        }
        Ok(numbers)
    }

    /// How large indexes are taken to be, in bytes; by what their columns hold, where the engine does not say.
    pub(super) fn sizes(&mut self, stage: &Stage<'_>, defs: &[IndexDef]) -> Result<Vec<f64>, ScratchError> {
        let told = self.engine.sizes(defs)?;
        let size =
            |(def, told): (&IndexDef, Option<u64>)| told.map_or_else(|| stage.rough_size(def), |bytes| bytes as f64);
        Ok(defs.iter().zip(told).map(size).collect())
    }

    /// How many plans the engine was asked for.
    pub(super) fn asked(&self) -> usize {
        self.asked
    }

    /// Plans queries with candidates beside what is advised so far; none where the engine refuses or time is over.
    pub(super) fn plan(&mut self, stage: &Stage<'_>, asks: &[Ask]) -> Result<Vec<Option<Priced>>, ScratchError> {
        // A query may read one table hundreds of times.
        let mut tables: HashMap<usize, BTreeSet<&QName>> = HashMap::new();
        let mut key = |(at, shown): &Ask| {
            let tables = tables.entry(*at).or_insert_with(|| self.workload[*at].engine.references.iter().collect());
            (*at, stage.on(tables, shown))
        };
        let keys: Vec<(usize, IndexSet)> = asks.iter().map(&mut key).collect();
        self.plan_under(stage, &keys)
    }

    /// Plans queries, each under the indexes on its tables that are named with it.
    pub(super) fn plan_under(
        &mut self,
        stage: &Stage<'_>,
        keys: &[(usize, IndexSet)],
    ) -> Result<Vec<Option<Priced>>, ScratchError> {
        let mut unknown: Vec<&(usize, IndexSet)> = keys.iter().filter(|key| !self.known.contains_key(*key)).collect();
        unknown.sort();
        unknown.dedup();
        let batch: Vec<PlanRequest<'_>> =
            unknown.iter().map(|(at, indexes)| PlanRequest { query: &self.workload[*at].engine, indexes }).collect();
        self.asked += batch.len();
        let answers = self.engine.plan(&batch, self.until)?;
        let new: Vec<((usize, IndexSet), Option<Priced>)> = unknown
            .iter()
            .zip(answers)
            .map(|(key, answer)| {
                let plan = answer.and_then(Result::ok);
                let priced =
                    plan.map(|plan| Priced { price: stage.price(&plan, &self.workload[key.0]), plan: Arc::new(plan) });
                ((*key).clone(), priced)
            })
            .collect();
        self.known.extend(new);
        Ok(keys.iter().map(|key| self.known.get(key).cloned().flatten()).collect())
    }
}
