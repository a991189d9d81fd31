//! A queryset as it stands: what its calls said so far.

use super::super::terms::Term;
use super::condition::Condition;
use super::expression;
use super::tables::{Numbers, Tables};
use crate::dialect::Dialect;
use crate::host::value::{ClassId, Value};
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// What a query does not tell: a stable reason, and what was seen.
pub(super) type Unknown = (&'static str, String);

/// A queryset.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// Its model.
    pub model: ClassId,
    /// Its tables.
    pub tables: Tables,
    /// Conditions that must all hold.
    pub conditions: Vec<Sql>,
    /// What its filters asked for, and how many conditions they became.
    pub asked: (Vec<Condition>, usize),
    /// Conditions on groups.
    pub having: Vec<Sql>,
    /// What is computed under a name.
    pub annotations: Vec<Annotation>,
    /// Its order.
    pub order: Order,
    /// What of it is selected.
    pub columns: Columns,
    /// What is made different; the columns, or none for whole rows.
    pub distinct: Option<Vec<(String, HostSpan)>>,
    /// Whether rows are put into groups, and by what was selected before; by the primary key without that.
    pub group: Option<Vec<Sql>>,
    /// How many rows are left out, and how many are taken.
    pub slice: (Option<Sql>, Option<Sql>),
    /// Relations whose rows come with it.
    pub related: Vec<(String, HostSpan)>,
    /// Whether every relation that must lead somewhere is followed.
    pub related_all: bool,
    /// Relations whose rows are fetched behind it.
    pub prefetched: Vec<Prefetch>,
    /// The querysets that it is put together from, each behind the word before it.
    pub combined: Vec<(&'static str, Set)>,
    /// The lock that it takes.
    pub lock: Option<String>,
    /// It has no rows, and asks for none.
    pub is_none: bool,
    /// Whether the next filter shares the joins of the one before, as those of a related manager do.
    pub sticky: Option<Numbers>,
    /// What could not be told.
    pub unknown: Vec<Unknown>,
}

/// What is computed under a name.
#[derive(Clone, Debug)]
pub(super) struct Annotation {
    /// The name.
    pub name: Name,
    /// What; nothing where it could not be told.
    pub term: Option<expression::Term>,
    /// The moment whose year it is, where it is one.
    pub year_of: Option<expression::Term>,
    /// Whether it is among the columns.
    pub is_shown: bool,
}

/// How rows are sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// The keys, where a call says them; those of the model's `Meta` where none does.
    pub said: Option<Vec<OrderItem>>,
    /// The other way round.
    pub is_reversed: bool,
}

/// A key that rows are sorted by.
#[derive(Clone, Debug)]
pub(super) enum OrderItem {
    /// A path, with its `-`.
    Path(String, HostSpan),
    /// An expression.
    Expression(Value),
    /// An expression that a model says.
    Term(Term, HostSpan),
}

/// What is selected.
#[derive(Clone, Debug)]
pub(super) enum Columns {
    /// The model's columns.
    All,
    /// These of them, and the primary key.
    Only(Vec<(String, HostSpan)>),
    /// These values.
    Values(Vec<Shown>),
}

/// Something that is selected.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// How it is written.
    pub sql: Sql,
    /// Its name in the answer, where it has one of its own.
    pub name: Option<Name>,
    /// What groups are made by because of it; nothing for an aggregate, and for the model's own columns.
    pub group: Option<Sql>,
}

impl Shown {
    /// A column or an expression.
    pub(super) fn of(term: &expression::Term, name: Option<Name>) -> Self {
        let is_of_row = !term.is_aggregate && !term.is_windowed();
        Self { sql: term.sql.clone(), name, group: is_of_row.then(|| term.sql.clone()) }
    }

    /// What groups need nothing of.
    pub(super) fn plain(sql: Sql) -> Self {
        Self { sql, name: None, group: None }
    }

    /// It as it stands in a SELECT.
    pub(super) fn written(&self, dialect: Dialect) -> Sql {
        match &self.name {
            Some(name) => self.sql.clone().then(&format!(" AS {}", dialect.quote(&Ident::new(&**name)))),
            None => self.sql.clone(),
        }
    }
}

/// A relation whose rows are fetched behind a query's.
#[derive(Clone, Debug)]
pub(super) struct Prefetch {
    /// The relation's path.
    pub path: String,
    /// The queryset that is asked instead of the relation's own.
    pub queryset: Option<Value>,
    /// Where it is said.
    pub place: HostSpan,
}

impl Set {
    /// All rows of a model; `depth` is how many queries stand around this one.
    pub(super) fn new(model: ClassId, table: &QName, depth: usize, place: HostSpan) -> Self {
        Self {
            model,
            tables: Tables::new(table, depth, place),
            conditions: Vec::new(),
            asked: (Vec::new(), 0),
            having: Vec::new(),
            annotations: Vec::new(),
            order: Order::default(),
            columns: Columns::All,
            distinct: None,
            group: None,
            slice: (None, None),
            related: Vec::new(),
            related_all: false,
            prefetched: Vec::new(),
            combined: Vec::new(),
            lock: None,
            is_none: false,
            sticky: None,
            unknown: Vec::new(),
        }
    }

    /// Says that something of it could not be told.
    pub(super) fn lost(&mut self, reason: &'static str, what: impl Into<String>) {
        self.unknown.push((reason, what.into()));
    }

    /// Says that there is a condition that could not be told: what it leaves is not every row.
    pub(super) fn lost_condition(&mut self, reason: &'static str, what: impl Into<String>, place: HostSpan) {
        self.lost(reason, what);
        self.conditions.push(Sql::param(place));
    }

    /// What all of its conditions ask for; nothing where some are not of filters, or need what it computes.
    pub(super) fn all_asked(&self) -> Option<&[Condition]> {
        let (asked, count) = &self.asked;
        let is_plain = self.annotations.is_empty() && self.group.is_none() && self.having.is_empty();
        (is_plain && *count == self.conditions.len()).then_some(asked)
    }

    /// What is computed under a name.
    pub(super) fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().rev().find(|known| *known.name == *name)
    }

    /// Whether only some rows are taken.
    pub(super) fn is_sliced(&self) -> bool {
        self.slice.0.is_some() || self.slice.1.is_some()
    }

    /// Whether it selects values instead of objects.
    pub(super) fn has_values(&self) -> bool {
        matches!(self.columns, Columns::Values(_))
    }
}
