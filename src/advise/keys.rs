//! What a table reference offers as index keys: equalities, lists, ranges and the order, each with what the policy asks of it.

use std::collections::{BTreeSet, HashMap};

use crate::advice::UnfitWhy;
use crate::assume;
use crate::catalog::{Direction, IndexKey, Table, TypeClass};
use crate::cost;
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, Op};
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, Block, Bound, JoinKind, Limit, Predicate, PredicateOp, QueryShape, RefId, Value};
use crate::stats::{ColumnRole, ColumnStats, TableStats};
use crate::workload::WorkloadQuery;

/// The longest LIMIT for which reading along an order pays.
const MOST_LIMITED_ROWS: u64 = 1_000;

/// How many values a member of a document has that is called like a status.
const KINDS: f64 = 8.0;

/// What a key is worth as the leading one; the order of the variants is the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A key, a reference, a token, a name.
    Many,
    /// A time or a quantity.
    Plain,
    /// A status.
    Few,
}

/// A key and what the policy asks of it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) expr: Expr,
    pub(super) class: Class,
    pub(super) distinct: f64,
    /// Whether it is a date or a timestamp.
    pub(super) time: bool,
    /// How many shapes test it by equality.
    shared: usize,
}

/// What one reference offers.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Keys tested by equality with a value, best first.
    pub(super) equal: Vec<Key>,
    /// Keys tested by a list, best first.
    pub(super) lists: Vec<Key>,
    /// Keys tested by a range, times first.
    pub(super) ranges: Vec<Key>,
    /// Conditions `c IS NULL`, sorted.
    pub(super) nulls: Vec<Expr>,
    /// The whole order, equality keys left out, if reading along it may stop early.
    pub(super) order: Vec<IndexKey>,
    /// What the first order key is worth.
    pub(super) order_lead: Option<Key>,
    /// The order is that of `min()` or `max()` over the whole table.
    pub(super) lone_extremum: bool,
    /// Join keys, those to one partner together.
    pub(super) joins: Vec<(RefId, JoinKind, Vec<Key>)>,
    /// What offers no key, and why.
    pub(super) unfit: Vec<(Expr, UnfitWhy)>,
}

impl Keys {
    /// Takes nothing of what conditions offer: one that is not known stands beside them, which may find the rows better.
    pub(super) fn are_beside_unknown(&mut self) {
        let Self { equal, lists, ranges, unfit, .. } = std::mem::take(self);
        let known = equal.into_iter().chain(lists).chain(ranges);
        self.unfit = known.map(|key| (key.expr, UnfitWhy::Unknown)).chain(unfit).collect();
    }

    /// Says that something offers no key, unless it does so elsewhere.
    pub(super) fn note_unfit(&mut self, key: &Expr, why: UnfitWhy) {
        let offered = self.equal.iter().chain(&self.lists).chain(&self.ranges).any(|offered| offered.expr == *key);
        if !offered && !self.unfit.iter().any(|(known, _)| known == key) {
            self.unfit.push((key.clone(), why));
        }
    }
}

/// How many shapes test each key by equality or join by it.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<(QName, Expr), usize>);

impl Shares {
    /// Counts over a workload.
    pub(super) fn of(workload: &[WorkloadQuery]) -> Self {
        let mut shares = Self::default();
        for query in workload.iter().filter(|query| query.advisable) {
            let mut seen = BTreeSet::new();
            for pattern in &query.shape.patterns {
                let tested =
                    required(pattern).filter(|predicate| is_equality(predicate)).map(|predicate| &predicate.key);
                for key in tested.chain(pattern.joins.iter().map(|join| &join.key)) {
                    if seen.insert((pattern.table.clone(), key.clone())) {
                        *shares.0.entry((pattern.table.clone(), key.clone())).or_default() += 1;
                    }
                }
            }
        }
        shares
    }

    fn count(&self, table: &QName, key: &Expr) -> usize {
        self.0.get(&(table.clone(), key.clone())).copied().unwrap_or(0)
    }
}

/// What keys are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) dialect: Dialect,
    pub(super) table: &'a Table,
    pub(super) stats: &'a TableStats,
    pub(super) shares: &'a Shares,
    pub(super) limit_rows: u64,
}

impl Judge<'_> {
    /// Reads what one reference of a query offers.
    pub(super) fn keys(&self, shape: &QueryShape, reference: RefId) -> Keys {
        let pattern = &shape.patterns[usize::from(reference.0)];
        let mut keys = Keys::default();
        for predicate in required(pattern) {
            self.sort_in(predicate, &mut keys);
        }
        for predicate in &pattern.predicates {
            if let Some(why) = self.unfit(predicate) {
                keys.note_unfit(&predicate.key, why);
            }
        }
        for list in [&mut keys.equal, &mut keys.lists] {
            list.sort_by(|a, b| {
                (a.class, b.shared)
                    .cmp(&(b.class, a.shared))
                    .then(b.distinct.total_cmp(&a.distinct))
                    .then(a.expr.cmp(&b.expr))
            });
            list.dedup_by(|a, b| a.expr == b.expr);
        }
        keys.lists.retain(|list| keys.equal.iter().all(|equal| equal.expr != list.expr));
        keys.ranges.retain(|range| keys.equal.iter().all(|equal| equal.expr != range.expr));
        keys.ranges.sort_by_key(|key| !key.time);
        keys.ranges.dedup_by(|a, b| a.expr == b.expr);
        keys.nulls.sort();
        keys.nulls.dedup();
        let block = &shape.blocks[usize::from(shape.references[usize::from(reference.0)].block)];
        self.order(pattern, block, &mut keys);
        self.joins(shape, reference, pattern, &mut keys);
        keys
    }

    fn sort_in(&self, predicate: &Predicate, keys: &mut Keys) {
        if predicate.op == PredicateOp::Null {
            if predicate.key.as_column().is_some() {
                keys.nulls.push(Expr::op(Op::IsNull, vec![predicate.key.clone()]));
            }
            return;
        }
        let Some(key) = self.key(&predicate.key) else { return };
        match predicate.op {
            _ if is_equality(predicate) => keys.equal.push(key),
            PredicateOp::In => keys.lists.push(key),
            // A one-sided upper bound on a time is nearly everything, unless it is a time to come.
            PredicateOp::Range(Bound::Upper) if is_nearly_all(&key) => {}
            PredicateOp::Range(_) => keys.ranges.push(key),
            _ => {}
        }
    }

    /// Why a predicate offers no key; none if it offers one.
    fn unfit(&self, predicate: &Predicate) -> Option<UnfitWhy> {
        if predicate.optional {
            return Some(UnfitWhy::Optional);
        }
        match predicate.op {
            PredicateOp::Null => Some(UnfitWhy::Null),
            PredicateOp::NotNull | PredicateOp::Other => Some(UnfitWhy::Operator),
            PredicateOp::Prefix => Some(UnfitWhy::Prefix),
            _ => match self.key(&predicate.key) {
                None => Some(self.no_key(&predicate.key)),
                Some(key) if predicate.op == PredicateOp::Range(Bound::Upper) && is_nearly_all(&key) => {
                    Some(UnfitWhy::UpperBound)
                }
                Some(_) => None,
            },
        }
    }

    /// Why an expression is no key.
    fn no_key(&self, expr: &Expr) -> UnfitWhy {
        let Some(column) = expr.as_column() else { return UnfitWhy::Expression };
        match self.stats.columns.get(column).map(|stats| stats.role) {
            Some(ColumnRole::Boolean) => UnfitWhy::Boolean,
            _ => UnfitWhy::Type,
        }
    }

    /// The order is worth an index only where it may stop early: with a small LIMIT, or for min() and max().
    fn order(&self, pattern: &AccessPattern, block: &Block, keys: &mut Keys) {
        if let Some(extremum) = &pattern.extremum {
            if let Some(key) = self.key(extremum) {
                keys.order = vec![IndexKey::new(self.dialect, extremum.clone(), Direction::Ascending)];
                keys.order_lead = Some(key);
                keys.lone_extremum =
                    pattern.predicates.is_empty() && pattern.disjunctions.is_empty() && pattern.joins.is_empty();
            }
            return;
        }
        let limited = match pattern.limit {
            Some(Limit::Rows(rows)) => rows <= MOST_LIMITED_ROWS,
            Some(Limit::Param) => self.limit_rows <= MOST_LIMITED_ROWS,
            None => false,
        };
        let why = match () {
            () if block.grouped || block.aggregated || block.arm => Some(UnfitWhy::Grouped),
            () if !limited => Some(UnfitWhy::Unlimited),
            () if !pattern.order_complete => Some(UnfitWhy::Order),
            () => None,
        };
        if let Some(why) = why {
            pattern.order.iter().for_each(|order| keys.note_unfit(&order.key, why));
            return;
        }
        let rest: Vec<_> =
            pattern.order.iter().filter(|order| keys.equal.iter().all(|equal| equal.expr != order.key)).collect();
        let plain =
            |order: &&crate::query::OrderKey| order.nulls_first == self.dialect.nulls_first_by_default(order.desc);
        let all_plain = rest.iter().all(plain);
        if rest.is_empty()
            || rest.iter().any(|order| self.key(&order.key).is_none())
            || (!all_plain && self.dialect != Dialect::Postgres)
        {
            pattern.order.iter().for_each(|order| keys.note_unfit(&order.key, UnfitWhy::Order));
            return;
        }
        let uniform = all_plain && rest.iter().all(|order| order.desc == rest[0].desc);
        keys.order_lead = self.key(&rest[0].key);
        // SQLite's indexes end in the rowid by themselves.
        let rowid = |key: &Expr| uniform && key.as_column().is_some_and(|column| self.is_rowid(column));
        let needed = if rest.len() > 1 && rowid(&rest[rest.len() - 1].key) { rest.len() - 1 } else { rest.len() };
        keys.order = rest[..needed]
            .iter()
            .map(|order| {
                let direction = if order.desc && !uniform { Direction::Descending } else { Direction::Ascending };
                let key = IndexKey::new(self.dialect, order.key.clone(), direction);
                if uniform { key } else { IndexKey { nulls_first: order.nulls_first, ..key } }
            })
            .collect();
    }

    /// Says whether a column is SQLite's number of a row, in which each of its indexes ends by itself.
    pub(super) fn is_rowid(&self, column: &Ident) -> bool {
        self.dialect == Dialect::Sqlite && self.table.rowid() == Some(column)
    }

    fn joins(&self, shape: &QueryShape, reference: RefId, pattern: &AccessPattern, keys: &mut Keys) {
        let nullable = |id: RefId| shape.references[usize::from(id.0)].nullable_side;
        for join in &pattern.joins {
            // The side of an outer join whose rows are all kept is never looked up by the other.
            if join.kind == JoinKind::Outer && !nullable(reference) && nullable(join.other) {
                continue;
            }
            let Some(key) = self.key(&join.key) else {
                keys.note_unfit(&join.key, self.no_key(&join.key));
                continue;
            };
            match keys.joins.iter_mut().find(|(other, ..)| *other == join.other) {
                Some((_, _, same)) if same.iter().all(|known| known.expr != key.expr) => same.push(key),
                Some(_) => {}
                None => keys.joins.push((join.other, join.kind, vec![key])),
            }
        }
    }

    /// Returns a key if an index on it is ever advised: JSON, blobs and booleans are none, nor are expressions that an
    /// index cannot hold.
    pub(super) fn key(&self, expr: &Expr) -> Option<Key> {
        let column = match expr {
            Expr::Column(column) => column.clone(),
            _ => self.only_column(expr)?,
        };
        let ty = &self.table.column(&column)?.ty;
        let class = ty.class;
        // MySQL indexes no more than the head of a TEXT, and nobody knows how long a head tells rows apart.
        if self.dialect == Dialect::Mysql && ["text", "blob"].iter().any(|long| ty.declared.contains(long)) {
            return None;
        }
        let stats = self.stats.columns.get(&column)?;
        let extracts = matches!(expr, Expr::Op { .. });
        // Bytes are keys where they are known to be short: a hash, an identifier.
        let fits = class.is_btree_key() || class == TypeClass::Blob;
        if !extracts && (!fits || stats.role == ColumnRole::Unkeyable) {
            return None;
        }
        let (class, distinct) = match extracts {
            true if is_kind(expr) => (Class::Few, KINDS),
            true => (Class::Plain, (self.stats.rows / 10.0).max(1.0)),
            false => (class_of(stats)?, stats.n_distinct),
        };
        Some(Key {
            class,
            distinct,
            time: stats.role == ColumnRole::Time && expr.as_column().is_some(),
            shared: self.shares.count(&self.table.name, expr),
            expr: expr.clone(),
        })
    }

    /// The column of an expression that an index can hold: a known immutable function of one column and constants, or a
    /// text member of a JSON column.
    fn only_column(&self, expr: &Expr) -> Option<Ident> {
        if self.dialect == Dialect::Mysql {
            return None;
        }
        let parts = match expr {
            Expr::Call { function, args } => {
                let known = ["lower", "upper", "trim", "btrim", "ltrim", "rtrim", "length", "abs", "md5"];
                known.iter().any(|name| *function == *name).then_some(args)?
            }
            Expr::Op { op: Op::Other(op), operands } if op == "->>" => operands,
            _ => return None,
        };
        let (first, rest) = parts.split_first()?;
        let constant = |part: &Expr| matches!(part, Expr::Literal(Literal::Text(_) | Literal::Number(_)));
        rest.iter().all(constant).then(|| first.as_column().cloned())?
    }
}

/// Says whether a member of a document is called like one of a few values: `data ->> 'type'`.
fn is_kind(member: &Expr) -> bool {
    let Expr::Op { operands, .. } = member else { return false };
    matches!(operands.last(), Some(Expr::Literal(Literal::Text(name))) if assume::is_few_valued(&Ident::new(name)))
}

fn class_of(stats: &ColumnStats) -> Option<Class> {
    match stats.role {
        ColumnRole::Key | ColumnRole::Reference | ColumnRole::ManyValued => Some(Class::Many),
        ColumnRole::Time | ColumnRole::Quantity => Some(Class::Plain),
        ColumnRole::StatusLike => Some(Class::Few),
        ColumnRole::Boolean | ColumnRole::Unkeyable => None,
    }
}

/// Says whether an upper bound on a key admits nearly everything: on a time that does not lie ahead.
fn is_nearly_all(key: &Key) -> bool {
    key.time && !key.expr.as_column().is_some_and(cost::is_due)
}

/// Predicates that always apply.
pub(super) fn required(pattern: &AccessPattern) -> impl Iterator<Item = &Predicate> {
    pattern.predicates.iter().filter(|predicate| !predicate.optional)
}

/// `IN` with one constant is an equality to every planner.
pub(super) fn is_equality(predicate: &Predicate) -> bool {
    match (&predicate.op, &predicate.value) {
        (PredicateOp::Eq, _) => true,
        (PredicateOp::In, Value::Literals(literals)) => literals.len() == 1,
        _ => false,
    }
}
