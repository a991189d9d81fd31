//! Queries: where a statement stands in the code base, its SQL, and what it asks of each table.
//!
//! Plain data. `orm`, `schema` and `sql` make sites, `shape` makes shapes; knows no parser's tree.

mod asked;
mod clause;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Literal, Op};
use crate::name::{Ident, QName};
use crate::source::{HostSpan, SpanMap};
pub use clause::{Clause, ClauseKind, NullForm, PatternHead, UnknownKind, UnknownName};

/// A database of the run: its index in [`crate::outcome::RunReport`]'s list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatabaseId(pub u16);

/// A query site of the run: its index in the sorted list of sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SiteId(pub u32);

/// A place in the code base that sends SQL.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuerySite {
    /// The statement or call.
    pub place: HostSpan,
    /// The function, or the name given to the query.
    pub symbol: Option<String>,
    /// How many of its rows the caller takes.
    pub takes: Takes,
    /// The database it runs on.
    pub database: DatabaseId,
    /// What kind of file it stands in.
    pub class: PathClass,
    /// How the query came to be.
    pub origin: SiteOrigin,
    /// The front end that found it: `sql`, `sqlc`, `sqlx`, …
    pub source: &'static str,
    /// What has it sent.
    pub caller: Caller,
    /// The loop over another query's rows that it runs in, once for each of them.
    pub in_loop: Option<InLoop>,
    /// How much of it is known.
    pub resolution: Resolution,
    /// Its forms; the first is the required one.
    pub variants: Vec<Variant>,
}

impl QuerySite {
    /// Says whether a form of the query is what is always sent.
    pub fn requires(&self, variant: u16) -> bool {
        self.variants.get(usize::from(variant)).is_some_and(|variant| variant.kind == VariantKind::Required)
    }
}

/// A query that looks whether a row is there before the code adds one with the same values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UniqueCheck {
    /// The calls that the answer is made of; one of them sends the query.
    pub calls: Vec<HostSpan>,
    /// The call that adds the row, where it is another one.
    pub added: Option<HostSpan>,
    /// The table, where it can be told beside the query.
    pub table: Option<QName>,
    /// The columns that are given the values that are asked for; every one that is asked for where nothing is said.
    pub columns: Option<Vec<Ident>>,
}

/// What has a query sent, as far as its place tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Caller {
    /// Anything: a request, a queue's worker.
    #[default]
    Any,
    /// A person at a command line, or a clock.
    Command,
}

/// A loop over the rows of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InLoop {
    /// All of it.
    pub place: HostSpan,
    /// The calls that make what is gone through; one of them sends the query.
    pub rows: Vec<HostSpan>,
}

/// How many rows of its answer a caller takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Takes {
    /// All of them, as far as can be seen.
    #[default]
    All,
    /// The first one, or none.
    One,
}

/// How a query came to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum SiteOrigin {
    /// SQL text.
    Text,
    /// A call of a framework.
    Call {
        /// The framework.
        framework: &'static str,
    },
    /// Sent by the framework or the database on behalf of something else.
    Implied {
        /// Why.
        kind: Implied,
        /// What caused it.
        cause: HostSpan,
    },
}

/// Why a query is sent that nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Implied {
    /// A relationship is loaded.
    RelationLoad,
    /// A uniqueness validation.
    Uniqueness,
    /// A foreign key's cascade.
    Cascade,
    /// A prefetch by key list.
    PrefetchIn,
    /// A count for pagination.
    Count,
}

/// How much of a query is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resolution {
    /// All of it.
    Resolved,
    /// A part could not be told (a dynamic column, an unknown table).
    Partial,
    /// Nothing that could be planned.
    Skipped,
}

/// What kind of file a query stands in; by default only `App` fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PathClass {
    /// The application.
    App,
    /// Its tests.
    Test,
    /// Schema migrations.
    Migration,
    /// Seed data.
    Seed,
    /// Operational scripts.
    Script,
    /// Somebody else's code.
    Vendored,
    /// Generated code.
    Generated,
}

impl PathClass {
    /// Says whether queries of the class are planned, and counted when they cannot be: what a migration, a seed or
    /// somebody else's code sends was written for another schema than the one at hand.
    pub fn is_judged(self) -> bool {
        matches!(self, Self::App | Self::Test | Self::Script)
    }
}

/// One form of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Which form.
    pub kind: VariantKind,
    /// Its SQL, parameters as `$1`, `$2`, …
    pub sql: Arc<str>,
    /// Where each byte of `sql` comes from.
    pub spans: SpanMap,
    /// Its parameters, by number.
    pub params: Vec<Param>,
}

/// Which form of a query a variant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VariantKind {
    /// Only what always applies.
    Required,
    /// With every optional part.
    All,
    /// The n-th branch.
    Branch(u16),
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its number, from 1.
    pub number: u16,
    /// Its name in the host's text.
    pub name: Option<String>,
    /// Where it stands in the variant's SQL; a named parameter may stand in several places.
    pub sql: Vec<Range<u32>>,
}

/// Something that could not be read, placed or planned, and why: counted and shown, never silent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Skip {
    /// The stage that gave up.
    pub stage: SkipStage,
    /// A stable kebab-case reason.
    pub reason: &'static str,
    /// What was seen, for a person.
    pub detail: String,
    /// Where.
    pub place: HostSpan,
}

/// The stage that gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SkipStage {
    /// Reading a file.
    File,
    /// Building the schema.
    Schema,
    /// Extracting or understanding a query.
    Query,
    /// Planning it.
    Plan,
    /// Starting the engine that plans.
    Engine,
}

/// What a statement asks of each table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryShape {
    /// What the statement does.
    pub statement: StatementKind,
    /// Every reference to a base table, views expanded, in order of [`RefId`].
    pub references: Vec<TableRef>,
    /// What is asked of each reference; `patterns[i]` is of `references[i]`.
    pub patterns: Vec<AccessPattern>,
    /// The SELECT blocks, in the order of the text; those of CTEs stand before their query's own.
    pub blocks: Vec<Block>,
    /// Clauses that are judged by what they say, in the order of the text; those of views are not among them.
    pub clauses: Vec<Clause>,
    /// Names that the schema does not have.
    pub unknown: Vec<UnknownName>,
}

impl QueryShape {
    /// Returns the number of the outermost block, whose rows are the answer.
    pub fn outermost(&self) -> Option<u16> {
        let last = self.blocks.iter().rposition(|block| block.parent.is_none());
        last.and_then(|last| u16::try_from(last).ok())
    }

    /// Gives back the room that its lists were grown with: many shapes are kept, and most lists hold one thing.
    pub fn tighten(&mut self) {
        let Self { references, patterns, blocks, clauses, unknown, .. } = self;
        references.shrink_to_fit();
        patterns.shrink_to_fit();
        blocks.shrink_to_fit();
        clauses.shrink_to_fit();
        unknown.shrink_to_fit();
        for AccessPattern { predicates, disjunctions, joins, order, .. } in patterns {
            predicates.shrink_to_fit();
            disjunctions.shrink_to_fit();
            joins.shrink_to_fit();
            order.shrink_to_fit();
        }
    }
}

/// What a statement does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StatementKind {
    /// Reads.
    #[default]
    Select,
    /// `INSERT`, with or without a SELECT.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `MERGE`.
    Merge,
}

/// A reference to a base table within one statement: its index in [`QueryShape::references`]; `t0`, `t1`, … once lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RefId(pub u16);

/// A reference to a base table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRef {
    /// Its number.
    pub id: RefId,
    /// The table, as the catalogue names it.
    pub table: QName,
    /// The name the query uses for it.
    pub label: Ident,
    /// The table's name in the SQL text; empty for one that came out of a view.
    pub sql: Range<u32>,
    /// The view it came out of.
    pub via_view: Option<QName>,
    /// The block it belongs to.
    pub block: u16,
    /// Whether rows without a partner are kept (it stands on the nullable side of an outer join).
    pub nullable_side: bool,
    /// What the statement, or one of its `WITH` members, does to its rows beside reading them.
    pub written: Option<StatementKind>,
    /// The columns of its rows that get other values, sorted: those of an UPDATE's SET, and of a conflict's.
    pub set: Vec<Ident>,
}

impl TableRef {
    /// Names the reference as a person does: the table, and the query's own name for it if that is another (`orders o`).
    pub fn shown(&self) -> String {
        if self.label == self.table.name { self.table.to_string() } else { format!("{} {}", self.table, self.label) }
    }
}

/// What one reference is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessPattern {
    /// The table.
    pub table: QName,
    /// The reference.
    pub reference: RefId,
    /// Conditions that every row this reference contributes must meet, without joins.
    pub predicates: Vec<Predicate>,
    /// ORs whose every branch constrains this reference.
    pub disjunctions: Vec<Disjunction>,
    /// Equalities with another reference, correlated subqueries and semi-joins included.
    pub joins: Vec<JoinKey>,
    /// The longest head of the block's ORDER BY that is keyed on this reference alone.
    pub order: Vec<OrderKey>,
    /// Whether `order` is the block's whole ORDER BY.
    pub order_complete: bool,
    /// The keys of GROUP BY, if all are of this reference; else empty.
    pub group: Vec<Expr>,
    /// The columns of DISTINCT, if all are of this reference; else empty.
    pub distinct: Vec<Expr>,
    /// `min(c)` or `max(c)` alone in the block: the column.
    pub extremum: Option<Expr>,
    /// The block's LIMIT.
    pub limit: Option<Limit>,
    /// Columns the statement reads from this reference; every column when it says `*`.
    pub columns: BTreeSet<Ident>,
    /// `FOR UPDATE`, `FOR SHARE`.
    pub lock: bool,
}

impl AccessPattern {
    /// A reference that is asked for nothing yet.
    pub fn new(table: QName, reference: RefId) -> Self {
        Self {
            table,
            reference,
            predicates: Vec::new(),
            disjunctions: Vec::new(),
            joins: Vec::new(),
            order: Vec::new(),
            order_complete: false,
            group: Vec::new(),
            distinct: Vec::new(),
            extremum: None,
            limit: None,
            columns: BTreeSet::new(),
            lock: false,
        }
    }

    /// A lookup of rows by the values of some columns.
    pub fn by_columns(table: QName, columns: &[Ident]) -> Self {
        let predicate = |column: &Ident| {
            let column = Expr::Column(column.clone());
            Predicate {
                key: column.clone(),
                op: PredicateOp::Eq,
                value: Value::Param,
                condition: Expr::op(Op::Eq, vec![column, Expr::Param]),
                sql: 0..0,
                optional: false,
            }
        };
        Self { predicates: columns.iter().map(predicate).collect(), ..Self::new(table, RefId(0)) }
    }
}

/// A condition on one reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// What an index key would have to equal: a column, or an expression over columns of this reference.
    pub key: Expr,
    /// How it is compared.
    pub op: PredicateOp,
    /// With what.
    pub value: Value,
    /// The whole condition in canonical form, for implication.
    pub condition: Expr,
    /// The key's identifier in the SQL text (empty if it came out of a view).
    pub sql: Range<u32>,
    /// Stands behind a run-time switch (`$1 IS NULL OR a = $1`): no advice comes from it.
    pub optional: bool,
}

/// How a key is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PredicateOp {
    /// `=`, `IS NOT DISTINCT FROM`, a bare boolean.
    Eq,
    /// `IN`, `= ANY`, ORs of equalities on one key.
    In,
    /// `<`, `<=`, `>`, `>=`, `BETWEEN`.
    Range(Bound),
    /// `LIKE 'x%'` with a known prefix.
    Prefix,
    /// `IS NULL`.
    Null,
    /// `IS NOT NULL`.
    NotNull,
    /// Anything else: `<>`, `NOT IN`, `LIKE '%x'`, `@>`, …
    Other,
}

impl PredicateOp {
    /// Its name in reports and fingerprints, which leaves out the side of a range.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::In => "in",
            Self::Range(_) => "range",
            Self::Prefix => "prefix",
            Self::Null => "null",
            Self::NotNull => "not-null",
            Self::Other => "other",
        }
    }
}

/// Which sides a range is bounded on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bound {
    /// `key > v`
    Lower,
    /// `key < v`
    Upper,
    /// Both.
    Both,
}

/// What a key is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Constants in the text; several for IN and BETWEEN.
    Literals(Vec<Literal>),
    /// Known at run time only.
    Param,
    /// The rows of a subquery.
    Subquery,
}

/// An OR whose every branch constrains the same reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disjunction {
    /// Each branch's conditions on the reference; none is empty.
    pub branches: Vec<Vec<Predicate>>,
    /// The whole condition in canonical form.
    pub condition: Expr,
    /// Where it starts in the SQL text: the first key's identifier.
    pub sql: Range<u32>,
}

/// An equality with another reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinKey {
    /// This reference's side: a column or an expression.
    pub key: Expr,
    /// The other reference.
    pub other: RefId,
    /// The other side.
    pub other_key: Expr,
    /// How the two are joined.
    pub kind: JoinKind,
    /// This side's identifier in the SQL text.
    pub sql: Range<u32>,
}

/// How two references are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum JoinKind {
    /// Rows without a partner are dropped.
    Inner,
    /// An outer join of either direction.
    Outer,
    /// `IN (SELECT …)`, `EXISTS`.
    Semi,
    /// A correlated scalar subquery or LATERAL.
    Correlated,
}

/// A key of ORDER BY.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderKey {
    /// What is sorted by.
    pub key: Expr,
    /// Descending.
    pub desc: bool,
    /// NULLs come first, said or by default.
    pub nulls_first: bool,
    /// Its identifier in the SQL text.
    pub sql: Range<u32>,
}

/// A LIMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// A number in the text.
    Rows(u64),
    /// A parameter.
    Param,
}

/// A SELECT block (also the body of an UPDATE or DELETE, and each arm of a set operation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The block it stands in; the outermost has none.
    pub parent: Option<u16>,
    /// It names a column of an enclosing block.
    pub correlated: bool,
    /// It has an ORDER BY.
    pub ordered: bool,
    /// It has a GROUP BY or DISTINCT.
    pub grouped: bool,
    /// It has an aggregate without GROUP BY: one row.
    pub aggregated: bool,
    /// Its LIMIT.
    pub limit: Option<Limit>,
    /// Its OFFSET.
    pub offset: Option<Offset>,
    /// It is an arm of a set operation.
    pub arm: bool,
    /// Whether what it gives cannot be told from the patterns of its references alone: a FROM item is no base table, or a
    /// condition is asked of no single reference.
    pub open: bool,
}

/// An OFFSET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The rows passed over.
    pub rows: Limit,
    /// Its value's first name or constant in the SQL text.
    pub sql: Range<u32>,
}
