//! What a server counts while it works: scans, changes, statements. No planner goes by it.

use serde::{Deserialize, Serialize};

/// What was done to a table since the server's counters began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityFigures {
    /// How often it was read whole.
    pub full_scans: u64,
    /// How often rows were looked for by one of its indexes.
    pub index_scans: u64,
    /// Rows that were added.
    pub inserted: u64,
    /// Rows that were changed.
    pub updated: u64,
    /// Of those, rows that no index was told of (heap-only tuples).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_updated: Option<u64>,
    /// Rows that were removed.
    pub deleted: u64,
    /// Rows that were touched since the statistics of its columns were taken.
    pub changed_since_analyzed: u64,
    /// The day (UTC) on which they were taken; none where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzed: Option<String>,
}

/// What `pg_stat_statements` counted, or a log told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementsFigures {
    /// The day (UTC) since which it counts, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The day of the last one, where a log told them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Those that took longest together, the longest first.
    pub longest: Vec<StatementFigures>,
}

/// What is counted of one statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementFigures {
    /// The server's number of it (`queryid`); of a logged one, that of its text.
    pub id: String,
    /// Its text, without comments and with `$1` in the place of each value.
    pub sql: String,
    /// How often it was run.
    pub calls: u64,
    /// Rows that it returned or changed, where that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Milliseconds that it took, all runs together.
    pub total_ms: f64,
    /// Milliseconds of a run.
    pub mean_ms: f64,
}
