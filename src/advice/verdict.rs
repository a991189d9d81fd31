//! What became of each candidate index of a query, and the words for it.
//!
//! The guards and their sentences are those of `docs/statistics.md`; a test holds the two together. Knows no engine and
//! no report: who prints says how indexes are named, and whether costs may be shown.

use serde::Serialize;

use crate::catalog::{IndexDef, IndexId, IndexKey, Method};
use crate::expr::Expr;
use crate::query::RefId;

/// One candidate and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The candidate.
    pub def: IndexDef,
    /// The reference it was made for.
    pub reference: RefId,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Verdict {
    /// The query keeps it.
    Kept,
    /// The query keeps the same index for another place at which it reads the table.
    KeptElsewhere,
    /// An existing index serves what it would.
    CoveredBy(IndexId),
    /// An index that other queries have brought into the set serves what it would.
    CoveredByAdvised(IndexDef),
    /// An existing index finds rows of the table by a part of the conditions, and without a plan nobody can tell whether
    /// more would be gained.
    SoughtBy(IndexId),
    /// A guard refused it before a plan was made.
    Guard(Guard),
    /// The planner does not use it.
    Unused,
    /// The planner does not use it beside the other candidates of the query.
    UnusedBeside,
    /// The plan does not read the table at this place: the engine left the part out (a CTE that nobody reads).
    Unread,
    /// The planner uses it, and not for what it was made for: the guard `condition`.
    UsedOtherwise,
    /// The planner uses it, and too little is gained.
    SmallGain(Gain),
    /// It gains enough, and another candidate does better.
    Outdone(Outdone),
    /// The planner uses it, and beside the other candidates that are kept it changes little.
    Needless {
        /// The price with all of them.
        with: f64,
        /// The price without this one.
        without: f64,
    },
    /// The engine would not create it, or would not plan the query with it; its words.
    Refused(String),
    /// The time was over before it could be tried.
    OutOfTime,
}

/// What the guards of `docs/statistics.md` refuse before a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Guard {
    /// The table is small.
    Small,
    /// The candidate holds a whole key.
    Unique,
    /// The keys have few values together.
    FewValues,
    /// The leading key has few values, and what follows does not make up for it.
    FewLead,
    /// A range or order leads although there is something to search by.
    BesideEquality,
    /// A range or order leads that nobody reads along.
    LeadKind,
    /// Another branch of the OR has no index.
    Set,
}

/// What an index gains a query, in the units of [`crate::cost`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gain {
    /// The price before.
    pub before: f64,
    /// The price after.
    pub after: f64,
    /// The factor by which it must fall.
    pub factor: f64,
    /// The price from which on an index is worth thinking of.
    pub least: f64,
    /// An existing index leads with one of the equality keys or seeks the table already, so that more is asked: the
    /// guard `extend`.
    pub extends: bool,
}

/// The candidate that does better.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outdone {
    /// It; several for the branches of an OR.
    pub by: Vec<IndexDef>,
    /// Whether it has fewer keys and serves well enough; else it serves better.
    pub narrower: bool,
    /// The price with the one that is outdone.
    pub price: f64,
    /// The price with the other.
    pub by_price: f64,
}

/// A condition or an order that offers no key for an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unfit {
    /// The reference it is about.
    pub reference: RefId,
    /// What is tested or sorted by.
    pub key: Expr,
    /// Why it offers no key.
    pub why: UnfitWhy,
}

/// Why a condition or an order offers no key for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum UnfitWhy {
    /// It stands behind a run-time switch.
    Optional,
    /// The guard `boolean`.
    Boolean,
    /// JSON, a blob or an array.
    Type,
    /// No expression that an index is advised on.
    Expression,
    /// `<>`, `NOT IN`, `IS NOT NULL`, `LIKE '%x'` and the like.
    Operator,
    /// `LIKE 'x%'`.
    Prefix,
    /// `IS NULL`.
    Null,
    /// An upper bound on a time, which nearly every row meets.
    UpperBound,
    /// No LIMIT, or a large one.
    Unlimited,
    /// A part of the order is of another table, or an index cannot hold it.
    Order,
    /// The rows are grouped, or put together with those of another SELECT, before they are sorted.
    Grouped,
    /// It stands in an OR beside an equality or a list, which is searched instead.
    BesideEquality,
    /// It stands in an OR of which another branch offers no key.
    Branch,
    /// No condition narrows the statement: both sides of the join are read whole.
    WholeJoin,
    /// Only a plan could tell whether an index helps, and there is none.
    NoPlan,
    /// A condition beside it could not be read, and may find the rows by an index that there is.
    Unknown,
}

/// Whether costs may be shown: only those of the target's own engine are worth showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Costs {
    /// Yes.
    Shown,
    /// No.
    Hidden,
}

impl Guard {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Small, Self::Unique, Self::FewValues, Self::FewLead, Self::BesideEquality, Self::LeadKind, Self::Set];

    /// Returns its name in `docs/statistics.md`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Unique => "unique",
            Self::FewValues | Self::FewLead => "low",
            Self::BesideEquality | Self::LeadKind => "order",
            Self::Set => "set",
        }
    }

    /// Returns its sentence in `docs/statistics.md`.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Small => "the table has fewer rows than `limits.min-rows`, given or assumed",
            Self::Unique => "its keys hold a whole primary or unique key, which finds the one row already",
            Self::FewValues => "its keys have fewer than 50 values together, given or assumed",
            Self::FewLead => "a column of few values leads, and neither a range nor the order's column comes next",
            Self::BesideEquality => {
                "a range or the order leads although the table is searched by an equality or a list"
            }
            Self::LeadKind => "a range leads that is over no time, or an order that is of no time, key or name",
            Self::Set => "another branch of the OR has no index, and one branch alone helps nothing",
        }
    }
}

/// The sentence of the guard `extend`.
pub const EXTEND: &str = "an existing index leads with one of its equality columns or finds rows of the table already";

/// The sentence of the guard `condition`.
pub const CONDITION: &str = "the planner uses it, but does not search by all its equality columns, and no sort goes; a skip scan does not count";

impl UnfitWhy {
    /// Says it in words.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Optional => "stands behind a run-time switch, and only what always applies counts",
            Self::Boolean => "guard `boolean`: a boolean is no key of an index",
            Self::Type => "is of a type that no b-tree is advised on",
            Self::Expression => "is an expression that no index is advised on",
            Self::Operator => "is compared in a way that no b-tree can search by",
            Self::Prefix => "is a pattern, and whether an index finds its prefix hangs on the collation",
            Self::Null => "IS NULL never leads an index; it may become the condition of a partial one",
            Self::UpperBound => "is only bounded from above, and nearly every time lies below",
            Self::Unlimited => "is only sorted by: without a small LIMIT every row that is found is read anyway",
            Self::Order => "is sorted by in an order that no one index of the table holds",
            Self::Grouped => "is sorted by after rows are grouped or put together, so no index gives the order",
            Self::BesideEquality => "stands in an OR beside an equality or a list, which is searched instead",
            Self::Branch => {
                "stands in an OR, and another branch of it offers no key: all branches have one, or none helps"
            }
            Self::WholeJoin => "is joined by, but nothing narrows the statement: both tables are read whole",
            Self::NoPlan => "is joined by or stands in an OR: whether an index helps only a plan could tell",
            Self::Unknown => "stands beside a condition that could not be read, which may find the rows better",
        }
    }
}

impl Gain {
    /// Says whether it is enough.
    pub fn is_enough(&self) -> bool {
        self.before >= self.least && self.before >= self.after * self.factor
    }

    fn explain(&self, costs: Costs) -> String {
        let mut text = match (self.before < self.least, costs) {
            (true, Costs::Shown) => format!(
                "the query is cheap enough as it is: modelled cost {}, {} with the index, and at least {} is asked",
                figure(self.before),
                figure(self.after),
                figure(self.least)
            ),
            (true, Costs::Hidden) => "the query is cheap enough as it is".to_owned(),
            (false, Costs::Shown) => format!(
                "too little is gained: modelled cost {} before, {} after, and a factor of {} is asked",
                figure(self.before),
                figure(self.after),
                self.factor
            ),
            (false, Costs::Hidden) => {
                format!("too little is gained: less than the factor of {} that is asked", self.factor)
            }
        };
        if self.extends {
            text.push_str(&format!(" (guard `extend`: {EXTEND})"));
        }
        text
    }
}

impl Outdone {
    fn explain(&self, costs: Costs) -> String {
        let by: Vec<String> = self.by.iter().map(keys).collect();
        let how = if self.narrower { "serves well enough with fewer keys" } else { "serves better" };
        let figures = match costs {
            Costs::Shown => format!(
                " (modelled cost {} with that one, {} with this one)",
                figure(self.by_price),
                figure(self.price)
            ),
            Costs::Hidden => String::new(),
        };
        format!("gains enough, but `{}` {how}{figures}", by.join("` and `"))
    }
}

impl Verdict {
    /// Returns its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kept | Self::KeptElsewhere => "kept",
            Self::CoveredBy(_) | Self::CoveredByAdvised(_) => "covered",
            Self::SoughtBy(_) => "sought",
            Self::Guard(_) => "guard",
            Self::Unused | Self::UnusedBeside | Self::Unread => "unused",
            Self::UsedOtherwise => "used-otherwise",
            Self::SmallGain(_) => "small-gain",
            Self::Outdone(_) => "outdone",
            Self::Needless { .. } => "needless",
            Self::Refused(_) => "refused",
            Self::OutOfTime => "out-of-time",
        }
    }

    /// Returns the guard that decided, by its name in `docs/statistics.md`.
    pub fn guard(&self) -> Option<&'static str> {
        match self {
            Self::Guard(guard) => Some(guard.name()),
            Self::UsedOtherwise => Some("condition"),
            Self::SmallGain(gain) if gain.extends => Some("extend"),
            _ => None,
        }
    }

    /// Returns the prices before and after, where both were looked at.
    pub fn prices(&self) -> Option<(f64, f64)> {
        match self {
            Self::SmallGain(gain) => Some((gain.before, gain.after)),
            _ => None,
        }
    }

    /// Says it in words; `name` names an existing index.
    pub fn explain(&self, name: &dyn Fn(IndexId) -> String, costs: Costs) -> String {
        match self {
            Self::Kept => "kept".to_owned(),
            Self::KeptElsewhere => "kept: the same index is kept for another place of the query".to_owned(),
            Self::CoveredBy(id) => format!("covered by `{}`, which serves all that it would", name(*id)),
            Self::CoveredByAdvised(def) => {
                format!("covered by the advised `{}`, which serves all that it would", keys(def))
            }
            Self::SoughtBy(id) => format!(
                "`{}` finds rows of the table already, and without a plan nobody can tell whether more is gained",
                name(*id)
            ),
            Self::Guard(guard) => format!("guard `{}`: {}", guard.name(), guard.sentence()),
            Self::Unused => "the planner does not use it".to_owned(),
            Self::UnusedBeside => {
                "the planner does not use it when all candidates of the query are shown together".to_owned()
            }
            Self::Unread => {
                "the engine leaves this part of the query out of its plan, so nothing can be tried".to_owned()
            }
            Self::UsedOtherwise => format!("guard `condition`: {CONDITION}"),
            Self::SmallGain(gain) => gain.explain(costs),
            Self::Outdone(outdone) => outdone.explain(costs),
            Self::Needless { with, without } => match costs {
                Costs::Shown => format!(
                    "beside the other candidates it changes little: modelled cost {} with it, {} without",
                    figure(*with),
                    figure(*without)
                ),
                Costs::Hidden => "beside the other candidates it changes little".to_owned(),
            },
            Self::Refused(words) => format!("refused by the engine: {words}"),
            Self::OutOfTime => "not tried: the time given by `--timeout` was over".to_owned(),
        }
    }
}

/// `orders (customer_id, created_at desc)`, `posts using gin (body gin_trgm_ops)`: an index as people write it.
pub fn keys(def: &IndexDef) -> String {
    let keys: Vec<String> = def.keys.iter().map(key).collect();
    let predicate = def.predicate.as_ref().map_or(String::new(), |predicate| format!(" where {predicate}"));
    format!("{}{} ({}){predicate}", def.table, using(def), keys.join(", "))
}

/// ` using gin`; nothing for a b-tree.
pub fn using(def: &IndexDef) -> String {
    match &def.method {
        Method::Btree => String::new(),
        Method::Hash => " using hash".to_owned(),
        Method::Other(method) => format!(" using {method}"),
    }
}

/// `created_at desc`, `body gin_trgm_ops`.
pub fn key(key: &IndexKey) -> String {
    let opclass = key.opclass.as_ref().map_or(String::new(), |opclass| format!(" {opclass}"));
    format!("{}{opclass}{}", key.expr, if key.desc { " desc" } else { "" })
}

/// A cost as read by people: no decimals where they tell nothing.
pub fn figure(cost: f64) -> String {
    if cost >= 100.0 { format!("{cost:.0}") } else { format!("{cost:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guards_are_those_of_the_documentation() {
        let page = include_str!("../../docs/statistics.md");
        let named = Guard::ALL.map(|guard| (guard.name(), guard.sentence()));
        for (name, sentence) in named.into_iter().chain([("extend", EXTEND), ("condition", CONDITION)]) {
            let row = format!("| `{name}` | {sentence} |");
            assert!(page.contains(&row), "docs/statistics.md lacks the row {row}");
        }
    }
}
