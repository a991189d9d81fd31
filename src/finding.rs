//! Findings with symbolic places: a rule says which site, reference or index it means, never a file or a line.
//!
//! Plain data. `run` makes places concrete in one function and hashes the subject into the fingerprint.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::advice::{AdviceId, Proof};
use crate::catalog::IndexId;
use crate::name::{Ident, QName};
use crate::query::{DatabaseId, RefId};
use crate::source::HostSpan;
use crate::workload::QueryId;

/// What a rule has to say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was seen: lower case, no final stop, identifiers in backticks.
    pub message: String,
    /// What to do or type.
    pub help: Option<String>,
    /// Where.
    pub at: Place,
    /// Other places that matter, each with a label.
    pub related: Vec<(Place, String)>,
    /// The database.
    pub database: DatabaseId,
    /// The table it is about.
    pub table: Option<QName>,
    /// The columns or expressions it is about, as printed.
    pub columns: Vec<String>,
    /// The advice that mends it.
    pub advice: Vec<AdviceId>,
    /// The text edits that mend it.
    pub edits: Vec<Edit>,
    /// The evidence.
    pub proof: Option<Proof>,
    /// What the fingerprint is made of besides rule, database and table (`interface.md`): canonical, with no name,
    /// literal, line or figure in it.
    pub subject: String,
}

/// A change of a query's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The query.
    pub query: QueryId,
    /// Bytes of its first sender's SQL, one of the ranges that its shape tells.
    pub range: Range<u32>,
    /// What to write there.
    pub text: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending.
    Warning,
    /// Wrong.
    Error,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint.
    Low,
    /// Likely.
    Medium,
    /// Proven on what is known.
    High,
}

/// A symbolic place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Place {
    /// A range of a query's SQL; a finding stands at every sender of the query.
    Sql {
        /// The query.
        query: QueryId,
        /// Bytes of its first sender's SQL.
        range: Range<u32>,
    },
    /// A table reference of a query.
    Reference {
        /// The query.
        query: QueryId,
        /// The reference.
        reference: RefId,
    },
    /// The call or statement that sends a query, at one of its senders alone.
    Sender {
        /// The query.
        query: QueryId,
        /// Its position among the query's senders.
        number: usize,
    },
    /// A table's declaration.
    Table(QName),
    /// A column's declaration.
    Column(QName, Ident),
    /// A foreign key's declaration, by its position in the table.
    ForeignKey(QName, usize),
    /// An index's declaration.
    Index(IndexId),
    /// A place that is concrete already.
    Host(HostSpan),
}
