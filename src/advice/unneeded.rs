//! Existing indexes that no query needs, or not all of: what the advisor has found out about them, before anybody judges
//! how much of the code base was read.

use serde::Serialize;

use crate::catalog::{IndexDef, IndexId};
use crate::workload::QueryId;

use super::Proof;

/// An existing index without which no query is worse off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unneeded {
    /// The index.
    pub index: IndexId,
    /// What says so.
    pub by: UnneededBy,
    /// How many queries read the table.
    pub readers: usize,
    /// How many of them could use the index.
    pub could: usize,
    /// The index that does for most of them what this one would.
    pub instead: Option<IndexId>,
    /// The evidence, of a query whose plan used the index.
    pub proof: Option<Proof>,
}

/// What says that nobody needs an index; the later says less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum UnneededBy {
    /// What queries ask, whatever the data: none could use it, or another index does as much for each of them.
    Shape,
    /// Plans alone: some query could use it, none is planned to, or none costs more without it.
    Plans,
}

/// An existing index whose last keys no query needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shortened {
    /// The index.
    pub index: IndexId,
    /// The index without those keys.
    pub def: IndexDef,
    /// The application's queries that use it.
    pub queries: Vec<QueryId>,
    /// The evidence, of one of them.
    pub proof: Option<Proof>,
}
