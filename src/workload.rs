//! The workload of one database: every distinct query, its sites, its shape, its lowered form and its plan.
//!
//! Plain data between the stages `shape`, `lower`, `plan` and `advise`.

use serde::{Deserialize, Serialize};

use crate::engine::{EngineQuery, Refusal};
use crate::plan::Plan;
use crate::query::{QueryShape, SiteId};

/// The number of a distinct query within one database's workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryId(pub u32);

/// A distinct query: sites whose variants lower to the same text share one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadQuery {
    /// Its number.
    pub id: QueryId,
    /// The variants that send it, sorted; `shape`'s text ranges are those of the first.
    pub senders: Vec<Sender>,
    /// What it asks of each table.
    pub shape: QueryShape,
    /// Its form for the engine.
    pub engine: EngineQuery,
    /// Whether a sender is application code in its required form, so that advice may come from it.
    pub advisable: bool,
    /// Its plan with the schema as it is; none where the engine was not asked or ran out of time.
    pub plan: Option<Result<Plan, Refusal>>,
}

/// A variant of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sender {
    /// The site.
    pub site: SiteId,
    /// The index of its variant.
    pub variant: u16,
}

impl WorkloadQuery {
    /// Returns the plan, if there is one.
    pub fn planned(&self) -> Option<&Plan> {
        self.plan.as_ref()?.as_ref().ok()
    }
}
