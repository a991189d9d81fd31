//! What of a statement is judged by its text alone: clauses by what they say, and names that the schema does not have.
//!
//! Plain data; `shape` makes it, rules read it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{RefId, StatementKind};
use crate::expr::Expr;
use crate::name::{Ident, QName};

/// A clause that is judged by what it says, however it is planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// What it is.
    pub kind: ClauseKind,
    /// The block it stands in.
    pub block: u16,
    /// The reference it is about, if it is about one.
    pub reference: Option<RefId>,
    /// Where it stands in the SQL text; never empty.
    pub sql: Range<u32>,
    /// Its text in canonical form: names lower case and unqualified, no literals.
    pub text: String,
}

/// What a clause says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClauseKind {
    /// A filter `key LIKE pattern` (or ILIKE) whose pattern is not known to start with text; it may stand under an OR.
    Like {
        /// What is matched, as an index would have to hold it.
        key: Expr,
        /// How the pattern starts.
        head: PatternHead,
    },
    /// `ORDER BY random()`: the first key has another value each time.
    RandomOrder,
    /// `NOT IN (SELECT …)`: the base columns that the subquery passes on.
    NotIn(Vec<(RefId, Ident)>),
    /// A comparison with the word NULL, which is never true.
    NullComparison {
        /// How it is written.
        form: NullForm,
        /// What belongs in the clause's place, where that is certain.
        rewrite: Option<String>,
    },
    /// An UPDATE or DELETE of one table without WHERE, join or LIMIT.
    EveryRow(StatementKind),
    /// A FROM clause whose relations fall into groups that nothing connects: no condition, no `CROSS JOIN`, no argument, no
    /// output computed from both.
    ///
    /// Each group's references in the order of the text; relations of one row and lists are not counted.
    Apart(Vec<Vec<RefId>>),
}

/// How the pattern of a LIKE starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatternHead {
    /// With `%` or `_`.
    Wildcard,
    /// As a parameter says.
    Unknown,
}

/// How a comparison with NULL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NullForm {
    /// `a = NULL`
    Equal,
    /// `a <> NULL`
    NotEqual,
    /// `a < NULL` and its like.
    Ordered,
    /// `a IN (…, NULL)`
    In,
    /// `a NOT IN (…, NULL)`
    NotIn,
    /// `CASE a WHEN NULL`
    When,
}

/// A name that the schema does not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnknownName {
    /// What is unknown.
    pub kind: UnknownKind,
    /// Where it stands in the SQL text.
    pub sql: Range<u32>,
}

/// What is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnknownKind {
    /// A table that no step created.
    Table(QName),
    /// A column that none of the tables it could belong to has.
    Column {
        /// The column.
        column: Ident,
        /// The tables it could belong to (one if it is qualified); all of them complete.
        tables: Vec<QName>,
    },
    /// A column that a subquery, CTE or view does not give, all of whose outputs are known.
    Output {
        /// The column.
        column: Ident,
        /// What the query calls it.
        of: Ident,
        /// The outputs it has.
        given: Vec<Ident>,
        /// The tables and views it is made of.
        tables: Vec<QName>,
    },
}
