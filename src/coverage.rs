//! What an index is worth to an access: the one place every rule and the advisor ask.
//!
//! [`covers`] says how much of an access an index answers, [`serving`] finds the best existing index of a table,
//! [`behind`] one that holds the right keys in the wrong order,
//! [`subsumes`] says whether one index makes another superfluous, [`need`] what an access would miss without one,
//! [`implies`] whether conditions imply an index's predicate. All of them compare canonical [`Expr`]s and know the target's rules. They know no statistics: whether a
//! seek pays is asked of `cost`, whether an index is held and valid of [`Table::usable_indexes`].
//!
//! When in doubt an index serves: advice that ignores what already serves a query is worse than none.

mod behind;
mod binding;
mod drift;
mod implication;
mod need;
mod order;
mod subsumption;
#[cfg(test)]
mod tests;
mod why;

use crate::catalog::{Index, IndexDef, Method, Table};
use crate::dialect::{Dialect, Target};
use crate::expr::{Expr, Op};
use crate::name::Ident;
use crate::query::{AccessPattern, JoinKind, Predicate};

pub use behind::{Behind, behind};
use binding::{Bind, bind};
pub use drift::Drift;
pub use implication::implies;
pub use need::{Conditions, Need, need};
pub use subsumption::{does_all, is_duplicate, keeps_single, subsumes};
pub use why::WhyNot;

/// How much of an access an index answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Keys bound by equality, IN or IS NULL, from the leading one on.
    pub equality: u16,
    /// How many of those are bound by a list of values (IN).
    pub lists: u16,
    /// Whether the key after them is bound by a range or a prefix.
    pub range: bool,
    /// Unbound keys before or between the bound ones, passed over by the target's skip scan: a weak use.
    pub skipped: u16,
    /// What becomes of the access's order.
    pub sort: Sort,
    /// Whether rows of one GROUP BY or DISTINCT group come one after the other.
    pub grouped: bool,
    /// Whether the index finds at most one row.
    pub single_row: bool,
    /// Whether the index is partial and its predicate answers a predicate of the access, so that even reading all of it helps.
    pub partial: bool,
    /// Whether predicates are answered by an access method of its own (GIN, GiST, BRIN, full text) and not by a seek.
    pub special: bool,
    /// The predicates the index answers, by position in the access's list (a branch's follow after those).
    pub answered: TermSet,
    /// The join keys it answers, by position in the access's list.
    pub joined: TermSet,
    /// Whether every column the statement reads stands in the index.
    pub covering: bool,
    /// Why the index is of no use, if it is of none.
    pub blocked: Option<WhyNot>,
}

/// What becomes of the order an access asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// None is asked for.
    NotAsked,
    /// The rows come in another order.
    Unserved,
    /// The first so many keys come in order.
    Partial(u16),
    /// All keys come in order.
    Served(Scan),
}

/// Which way an index is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scan {
    /// From its end to its start.
    Backward,
    /// From its start to its end.
    Forward,
}

/// Whether equalities with other references count as known values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// Yes: the reference is read on the inner side of a nested loop.
    Bound,
    /// No: the reference is read first, or alone.
    Ignored,
}

/// An access as it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What the reference is asked for.
    pub access: &'a AccessPattern,
    /// The predicates of one branch of an OR, beside the access's own.
    pub branch: &'a [Predicate],
    /// Whether its join keys count.
    pub joins: Joins,
    /// The table, where it is at hand: its columns' collations and its row key decide a few cases.
    pub table: Option<&'a Table>,
}

/// A set of positions below 64; what stands further back is never in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermSet(u64);

/// An existing index and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Serving<'a> {
    /// The index.
    pub index: &'a Index,
    /// What it is worth.
    pub coverage: Coverage,
}

/// Says how much of an access an index of the same table answers, join keys counting as known values.
pub fn covers(index: &IndexDef, access: &AccessPattern, target: &Target) -> Coverage {
    judge(index, &Asked::new(access, Joins::Bound), target)
}

/// Says how much of an access an index of the same table answers.
pub fn judge(index: &IndexDef, asked: &Asked<'_>, target: &Target) -> Coverage {
    let mut coverage = Coverage::nothing(asked, target);
    if let Some(predicate) = &index.predicate {
        if !implication::holds(asked, predicate, target) {
            coverage.blocked = Some(WhyNot::Predicate);
            return coverage;
        }
        coverage.mark_implied(predicate, asked, target);
    }
    match &index.method {
        Method::Btree => judge_btree(index, asked, target, &mut coverage),
        Method::Hash => judge_hash(index, asked, target, &mut coverage),
        Method::Other(method) => binding::judge_special(index, method, asked, &mut coverage),
    }
    coverage
}

/// Finds the index that serves an access best among those the planner may use, or none if none serves it at all.
pub fn serving<'a>(table: &'a Table, access: &AccessPattern, joins: Joins, target: &Target) -> Option<Serving<'a>> {
    best(table, &Asked { access, branch: &[], joins, table: Some(table) }, target)
}

/// Finds the best index for the conditions of one branch of an OR together with the access's own.
pub fn serving_branch<'a>(
    table: &'a Table,
    access: &AccessPattern,
    branch: &[Predicate],
    target: &Target,
) -> Option<Serving<'a>> {
    best(table, &Asked { access, branch, joins: Joins::Ignored, table: Some(table) }, target)
        .filter(|found| found.coverage.seeks() || found.coverage.special)
}

fn best<'a>(table: &'a Table, asked: &Asked<'_>, target: &Target) -> Option<Serving<'a>> {
    let mut best: Option<Serving<'a>> = None;
    for index in table.usable_indexes() {
        let coverage = judge(&index.def, asked, target);
        let better = coverage.serves() && best.as_ref().is_none_or(|old| coverage.rank() > old.coverage.rank());
        if better {
            best = Some(Serving { index, coverage });
        }
    }
    best
}

impl<'a> Asked<'a> {
    /// An access without the branch of an OR and without its table at hand.
    pub fn new(access: &'a AccessPattern, joins: Joins) -> Self {
        Self { access, branch: &[], joins, table: None }
    }

    /// Returns the predicates an index may rely on, with their positions.
    pub(crate) fn predicates(&self) -> impl Iterator<Item = (usize, &'a Predicate)> + Clone {
        self.access.predicates.iter().chain(self.branch).enumerate().filter(|(_, predicate)| !predicate.optional)
    }

    fn collation_of(&self, key: &Expr) -> Option<&'a str> {
        self.table?.column(key.as_column()?)?.collation.as_deref()
    }
}

impl Coverage {
    fn nothing(asked: &Asked<'_>, target: &Target) -> Self {
        Self {
            equality: 0,
            lists: 0,
            range: false,
            skipped: 0,
            sort: if order::is_asked(asked, target) { Sort::Unserved } else { Sort::NotAsked },
            grouped: false,
            single_row: false,
            partial: false,
            special: false,
            answered: TermSet::default(),
            joined: TermSet::default(),
            covering: false,
            blocked: None,
        }
    }

    /// Says whether the index narrows down which rows are read.
    pub fn seeks(&self) -> bool {
        self.equality > 0 || self.range
    }

    /// Says whether the whole order asked for comes out of the index.
    pub fn sorts(&self) -> bool {
        matches!(self.sort, Sort::Served(_))
    }

    /// Says whether the index is of any use: it seeks, answers by its own method, holds
    /// only rows that are wanted, or gives the whole order or the groups.
    pub fn serves(&self) -> bool {
        self.blocked.is_none()
    }

    /// Returns the predicates of the access that are left to filter by, those behind a run-time switch included.
    pub fn residual<'a>(&self, access: &'a AccessPattern) -> impl Iterator<Item = &'a Predicate> {
        let answered = self.answered;
        access.predicates.iter().enumerate().filter(move |(at, _)| !answered.contains(*at)).map(|(_, found)| found)
    }

    /// Orders coverages from the least to the most useful; a skip scan is worth less than any plain seek.
    fn rank(&self) -> impl Ord {
        let seek = self.seeks() && self.skipped == 0;
        (
            self.single_row,
            seek,
            if seek { self.equality } else { 0 },
            (seek && self.range, self.sorts(), self.special),
            (self.partial, self.grouped, self.sort, self.seeks(), self.equality),
            (self.covering, self.answered.len()),
        )
    }

    /// Counts as answered what the index's own predicate already says of every row in it.
    fn mark_implied(&mut self, predicate: &Expr, asked: &Asked<'_>, target: &Target) {
        for (at, asked) in asked.predicates() {
            if implication::follows(predicate, &asked.condition, target) {
                self.answered.insert(at);
            }
        }
        self.partial = !self.answered.is_empty();
    }
}

fn judge_btree(index: &IndexDef, asked: &Asked<'_>, target: &Target, coverage: &mut Coverage) {
    coverage.covering = is_covering(index, asked, target);
    let mut walk = Walk { equal_to_join: false, null: false, why: None };
    seek(index, asked, target, coverage, &mut walk);
    let keys = index.keys.len();
    coverage.single_row = index.unique
        && usize::from(coverage.equality) == keys
        && coverage.lists == 0
        && coverage.skipped == 0
        && !walk.null
        && index.keys.iter().all(|key| key.prefix.is_none());
    // The order within one outer row says nothing of the order of the join's result.
    if !walk.equal_to_join {
        order::judge(index, asked, target, coverage);
    }
    if !coverage.seeks() && !coverage.sorts() && !coverage.grouped && !coverage.partial {
        coverage.blocked = Some(walk.why.unwrap_or(WhyNot::LeadingKey));
    }
}

/// What the walk along an index's keys learns beside the coverage.
struct Walk {
    /// A key is bound by a join of the same block alone.
    equal_to_join: bool,
    /// A key is bound by IS NULL, which a unique index does not make unique.
    null: bool,
    /// Why the leading key is of no use.
    why: Option<WhyNot>,
}

/// Binds the keys from the leading one on, until one is bound by a range or not at all.
fn seek(index: &IndexDef, asked: &Asked<'_>, target: &Target, coverage: &mut Coverage, walk: &mut Walk) {
    let may_skip = skips(coverage.covering, asked, target);
    let mut passed_over = 0;
    for (at, key) in index.keys.iter().enumerate() {
        let bound = bind(key, asked, target);
        if at == 0 {
            walk.why = bound.why;
        }
        match bound.how {
            Bind::Free if may_skip => passed_over += 1,
            Bind::Free => {
                // IS NOT NULL of the next key is checked within the index.
                coverage.answered.union(bound.predicates);
                break;
            }
            Bind::Equal | Bind::List | Bind::Range => {
                coverage.skipped += std::mem::take(&mut passed_over);
                coverage.answered.union(bound.predicates);
                coverage.joined.union(bound.joins);
                walk.equal_to_join |= bound.by_join;
                walk.null |= bound.null;
            }
        }
        match bound.how {
            Bind::Equal => coverage.equality += 1,
            Bind::List => {
                coverage.equality += 1;
                coverage.lists += 1;
            }
            Bind::Range => {
                coverage.range = true;
                break;
            }
            Bind::Free => {}
        }
    }
}

/// Says whether the target would skip an unbound key here; MySQL does only without reading the table, and without a join.
fn skips(covering: bool, asked: &Asked<'_>, target: &Target) -> bool {
    target.skip_scans()
        && (target.dialect != Dialect::Mysql
            || (covering && asked.access.joins.is_empty() && asked.access.group.is_empty()))
}

/// A hash index answers equality on all its keys, and gives no order.
fn judge_hash(index: &IndexDef, asked: &Asked<'_>, target: &Target, coverage: &mut Coverage) {
    let mut found = coverage.clone();
    for key in &index.keys {
        let bound = bind(key, asked, target);
        if bound.null || !matches!(bound.how, Bind::Equal | Bind::List) {
            let leading = bound.why.filter(|_| bound.how == Bind::Free);
            coverage.blocked = Some(leading.unwrap_or(WhyNot::HashNeedsEquality));
            return;
        }
        found.equality += 1;
        found.lists += u16::from(bound.how == Bind::List);
        found.answered.union(bound.equalities);
        found.joined.union(bound.joins);
    }
    *coverage = found;
}

/// Says whether every column read stands in the index; SQLite's and InnoDB's indexes also hold the table's key.
fn is_covering(index: &IndexDef, asked: &Asked<'_>, target: &Target) -> bool {
    let row_key = match (target.dialect, asked.table) {
        (Dialect::Sqlite, Some(table)) if !table.without_rowid && table.primary_key.len() > 1 => &[],
        (Dialect::Sqlite | Dialect::Mysql, Some(table)) => table.primary_key.as_slice(),
        _ => &[],
    };
    asked.access.columns.iter().all(|column| {
        index.keys.iter().any(|key| key.expr.as_column() == Some(column) && key.prefix.is_none())
            || index.include.contains(column)
            || row_key.contains(column)
            || (target.dialect == Dialect::Sqlite && is_fixed(index, column))
    })
}

/// A column that a partial index's predicate sets to one constant need not be fetched (SQLite).
fn is_fixed(index: &IndexDef, column: &Ident) -> bool {
    index.predicate.iter().flat_map(Expr::conjuncts).any(|part| match part {
        Expr::Op { op: Op::Eq, operands } => {
            matches!(operands.as_slice(), [Expr::Column(name), Expr::Literal(_)] if name == column)
        }
        _ => false,
    })
}

impl TermSet {
    /// Says whether a position is in the set.
    pub fn contains(&self, at: usize) -> bool {
        at < 64 && self.0 & (1 << at) != 0
    }

    /// Returns how many positions are in the set.
    pub fn len(&self) -> u32 {
        self.0.count_ones()
    }

    /// Says whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Returns the positions, smallest first.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = self.0;
        (0..64).filter(move |at| bits & (1 << at) != 0)
    }

    fn insert(&mut self, at: usize) {
        if at < 64 {
            self.0 |= 1 << at;
        }
    }

    fn union(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Says whether a join of this kind restarts the reference's own block, so that an order within it holds for its result.
fn restarts_block(kind: JoinKind) -> bool {
    matches!(kind, JoinKind::Semi | JoinKind::Correlated)
}
