//! What is assumed of a column: by its keys first, then its type, then its name, then what queries compare it with.

use std::collections::HashMap;

use crate::catalog::{Catalog, Check, Column, ForeignKey, IndexDef, Table, TypeClass};
use crate::expr::{Expr, Op};
use crate::name::Ident;
use crate::stats::{ColumnRole, ColumnStats, StatsSource};

use super::evidence::Evidence;
use super::polymorphic::polymorphic;
use super::rows::{Rows, is_unique};
use super::words::{self, Words};

/// What is known when a column is judged.
pub(super) struct Facts<'a> {
    pub catalog: &'a Catalog,
    pub table: &'a Table,
    pub rows: &'a Rows,
    pub named: &'a ByName<'a>,
    pub evidence: &'a Evidence<'a>,
}

/// Tables by bare name.
pub(super) type ByName<'a> = HashMap<&'a Ident, &'a Table>;

impl Facts<'_> {
    fn own_rows(&self) -> f64 {
        self.rows[&self.table.name]
    }
}

/// A column's figures before NULLs are counted.
struct Guess {
    role: ColumnRole,
    n_distinct: f64,
    null_fraction: f64,
    correlation: f64,
}

impl Guess {
    fn of(role: ColumnRole, n_distinct: f64) -> Self {
        Self { role, n_distinct, null_fraction: 0.0, correlation: 0.0 }
    }
}

/// Assumes a column's statistics.
pub(super) fn assume(facts: &Facts<'_>, column: &Column) -> ColumnStats {
    let words = Words::of(&column.name);
    let guess = guess(facts, column, &words);
    let tested = facts.evidence.is_null_tested(&facts.table.name, &column.name);
    let null_fraction = match (column.not_null, tested) {
        (true, _) => 0.0,
        (false, true) => guess.null_fraction.max(0.5),
        (false, false) => guess.null_fraction,
    };
    let most = (facts.own_rows() * (1.0 - null_fraction)).max(1.0);
    ColumnStats {
        null_fraction,
        avg_width: width(column, &guess, &words),
        n_distinct: guess.n_distinct.clamp(1.0, most).round(),
        correlation: guess.correlation,
        role: guess.role,
        source: StatsSource::Assumed,
        values: None,
    }
}

fn guess(facts: &Facts<'_>, column: &Column, words: &Words) -> Guess {
    use ColumnRole::{Boolean, Key, ManyValued, StatusLike, Unkeyable};
    let rows = facts.own_rows();
    let class = column.ty.class;
    if is_unique(facts.table, &column.name) {
        // Random keys (UUIDs, tokens) are not handed out in the order of rows.
        let counted = facts.table.primary_key == [column.name.clone()]
            && matches!(class, TypeClass::Integer | TypeClass::Timestamp);
        return Guess { correlation: if counted { 0.98 } else { 0.0 }, ..Guess::of(Key, rows) };
    }
    if let Some(reference) = reference(facts, column, words) {
        return reference;
    }
    if let Some(members) = members(facts.table, column) {
        return Guess::of(StatusLike, members);
    }
    match class {
        TypeClass::Boolean => Guess::of(Boolean, 2.0),
        TypeClass::Integer if is_flag(facts, column) => Guess::of(Boolean, 2.0),
        TypeClass::Blob if words::UNIQUE.contains(&words.last()) || BINARY.contains(&words.last()) => {
            Guess::of(ManyValued, rows)
        }
        _ if !class.is_btree_key() => Guess::of(Unkeyable, rows),
        TypeClass::Timestamp | TypeClass::Date | TypeClass::Time => moment(class, words, rows),
        TypeClass::Integer if STAMPS.contains(&words.last()) => moment(TypeClass::Timestamp, words, rows),
        _ => named(facts, column, words),
    }
}

/// Bytes called so, beside what is many-valued as text, are short and tell rows apart.
const BINARY: &[&str] = &["id", "txid", "hash160", "fingerprint", "pubkey"];

/// Integers called so are seconds since an epoch, not counts.
const STAMPS: &[&str] = &["at", "timestamp", "datetime"];

/// Says whether an integer is a boolean by another name: one of its values is the default, and no query compares it
/// with anything but them.
fn is_flag(facts: &Facts<'_>, column: &Column) -> bool {
    matches!(column.default.as_deref().map(str::trim), Some("0" | "1"))
        && facts.evidence.is_compared_as_flag(&facts.table.name, &column.name)
}

/// A foreign key, or a column called or joined as if it were one.
fn reference(facts: &Facts<'_>, column: &Column, words: &Words) -> Option<Guess> {
    let rows = facts.own_rows();
    let (table, name) = (facts.table, &column.name);
    // A part of a key that is called like a kind is one of few, however many rows the whole key tells apart.
    let is_kind = is_text(column) && words::STATUS.contains(&words.last());
    let refers = |key: &&ForeignKey| key.columns.contains(name) && !(is_kind && key.columns.len() > 1);
    let declared = table.foreign_keys.iter().filter(refers).find_map(|key| facts.catalog.table(&key.to));
    let parent = declared.or_else(|| table_called(facts.named, words));
    let is_number = matches!(column.ty.class, TypeClass::Integer | TypeClass::Uuid);
    let parent = parent.or_else(|| is_number.then(|| joined_key(facts, name)).flatten());
    if let Some(parent) = parent {
        // Below the table's rows, or every index that adds a column to this one would look useless.
        let mut distinct = facts.rows[&parent.name].min(rows / 2.0);
        // Kinds of what another column refers to: there are no more than tables.
        if polymorphic(facts.catalog, table).is_some_and(|reference| reference.kind == name) {
            distinct = distinct.min(facts.catalog.tables.len() as f64);
        }
        let null_fraction = if parent.name == table.name { 0.9 } else { 0.0 };
        return Some(Guess { null_fraction, ..Guess::of(ColumnRole::Reference, distinct) });
    }
    (words.last() == "id" && is_number).then(|| match words.head() {
        Some(_) => Guess::of(ColumnRole::Reference, rows / 10.0),
        // The number of the row itself, in a key that a partitioned table has to share with another column.
        None => Guess::of(ColumnRole::Key, rows),
    })
}

/// Finds another table whose own key some query joins the column with.
fn joined_key<'a>(facts: &Facts<'a>, column: &Ident) -> Option<&'a Table> {
    let mut joined = facts.evidence.joined(&facts.table.name, column);
    joined.find_map(|(name, key)| {
        let other = facts.catalog.table(name).filter(|other| other.name != facts.table.name)?;
        (other.primary_key == [key.clone()]).then_some(other)
    })
}

/// Finds the table that `x_id` is called after.
fn table_called<'a>(named: &ByName<'a>, words: &Words) -> Option<&'a Table> {
    words.tables()?.iter().find_map(|name| named.get(&Ident::new(name)).copied())
}

/// How many values an enum or a check leaves.
pub(super) fn members(table: &Table, column: &Column) -> Option<f64> {
    if column.ty.class == TypeClass::Enum && !column.ty.members.is_empty() {
        return Some(column.ty.members.len() as f64);
    }
    let listed = |check: &Check| check.condition.conjuncts().iter().find_map(|part| list_of(part, &column.name));
    table.checks.iter().find_map(listed)
}

fn list_of(condition: &Expr, column: &Ident) -> Option<f64> {
    match condition {
        // `x IS NULL OR x IN (…)` bounds the values as the list alone does.
        Expr::Op { op: Op::Or, operands } => match operands.as_slice() {
            [Expr::Op { op: Op::IsNull, .. }, list] | [list, Expr::Op { op: Op::IsNull, .. }] => list_of(list, column),
            _ => None,
        },
        Expr::Op { op: Op::In, operands } => {
            let (key, values) = operands.split_first()?;
            let key = if let Expr::Cast { operand, .. } = key { operand } else { key };
            (key.as_column() == Some(column)).then_some(values.len() as f64)
        }
        // `CHECK (id = 1)`: the idiom of a table of one row.
        Expr::Op { op: Op::Eq, operands } => match operands.as_slice() {
            [Expr::Column(key), Expr::Literal(_)] if key == column => Some(1.0),
            _ => None,
        },
        _ => None,
    }
}

/// A date, a time of day or a moment.
fn moment(class: TypeClass, words: &Words, rows: f64) -> Guess {
    let null_fraction = if words.any(words::RARE) { 0.95 } else { 0.3 };
    let correlation = match class {
        TypeClass::Time => 0.0,
        _ if words.first() == "created" || words.first() == "inserted" => 0.98,
        _ if words.any(words::MOVING) => 0.5,
        _ => 0.9,
    };
    let n_distinct = match class {
        TypeClass::Time => 96.0,
        TypeClass::Date => rows.min(1000.0),
        _ => 0.9 * rows,
    };
    Guess { null_fraction, correlation, ..Guess::of(ColumnRole::Time, n_distinct) }
}

/// What is left: numbers and text, told apart by name.
fn named(facts: &Facts<'_>, column: &Column, words: &Words) -> Guess {
    use ColumnRole::{ManyValued, Quantity, StatusLike};
    let rows = facts.own_rows();
    let class = column.ty.class;
    let text = is_text(column);
    let seen = facts.evidence.literals(&facts.table.name, &column.name) as f64;
    let few = Guess::of(StatusLike, (seen + 1.0).max(8.0));
    match words.last() {
        last if words::STATUS.contains(&last) => few,
        _ if text && is_attribute(facts.table, column, words) => few,
        "weekday" | "dow" => Guess::of(StatusLike, 7.0),
        "week" if words.any(&["day"]) => Guess::of(StatusLike, 7.0),
        "month" => Guess::of(StatusLike, 12.0),
        "year" => Guess::of(StatusLike, 5.0),
        last if words::FIFTY.contains(&last) => Guess::of(StatusLike, 50.0),
        _ if words.any(words::MONEY) && !text => Guess::of(Quantity, (rows / 20.0).max(100.0)),
        _ if matches!(class, TypeClass::Numeric | TypeClass::Float | TypeClass::Interval) => {
            Guess::of(Quantity, (rows / 20.0).max(100.0))
        }
        "version" if class == TypeClass::Integer => few,
        // Whoever chose so small a type counts kinds, not things.
        _ if class == TypeClass::Integer && is_small(column) => few,
        _ if class == TypeClass::Integer => Guess::of(Quantity, rows.min(200.0)),
        _ if class == TypeClass::Uuid || class == TypeClass::Network => Guess::of(ManyValued, rows),
        "code" if words.any(words::FIFTY) => Guess::of(StatusLike, 50.0),
        last if words::UNIQUE.contains(&last) || last == "id" => Guess::of(ManyValued, rows),
        last if words::MOMENT.contains(&last) => moment(TypeClass::Timestamp, words, rows),
        _ if seen > 0.0 || has_short_default(column) => few,
        last if words::NAMES.contains(&last) => Guess::of(ManyValued, rows / 2.0),
        _ if words.any(words::LONG) => Guess::of(ManyValued, rows),
        _ if words.any(words::PLACES) => Guess::of(ManyValued, rows.min(1000.0)),
        _ => Guess::of(ManyValued, 200.0),
    }
}

fn is_text(column: &Column) -> bool {
    matches!(column.ty.class, TypeClass::Text | TypeClass::Enum | TypeClass::Other)
}

/// Says whether a column names the attributes of things, a row each: every thing has the same few. The key is of a
/// reference and the name, and what else the row holds is a value.
fn is_attribute(table: &Table, column: &Column, words: &Words) -> bool {
    let is_reference = |name: &Ident| table.foreign_keys.iter().any(|key| key.columns == [name.clone()]);
    let is_value = |other: &Column| Words::of(&other.name).last() == "value";
    let pairs = |def: &IndexDef| match def.keys.as_slice() {
        [of, name] => {
            def.unique && of.expr.as_column().is_some_and(is_reference) && name.expr.as_column() == Some(&column.name)
        }
        _ => false,
    };
    words.head().is_none()
        && words::ATTRIBUTE.contains(&words.last())
        && table.columns.iter().any(is_value)
        && table.indexes.iter().any(|index| pairs(&index.def))
}

/// Says whether an integer has two bytes or less.
fn is_small(column: &Column) -> bool {
    let declared = column.ty.declared.to_ascii_lowercase();
    ["smallint", "tinyint", "int2"].iter().any(|small| declared.starts_with(small))
}

/// A default of one word (`'pending'`) says that the column holds one of a few.
fn has_short_default(column: &Column) -> bool {
    let Some(default) = column.default.as_deref() else { return false };
    let Some(inner) = default.trim().strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(inner, _)| inner)
    else {
        return false;
    };
    (1..=24).contains(&inner.len())
        && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Bytes of an average value.
fn width(column: &Column, guess: &Guess, words: &Words) -> f64 {
    let declared = &column.ty.declared;
    match column.ty.class {
        TypeClass::Boolean => 1.0,
        TypeClass::Integer if declared.contains("big") => 8.0,
        TypeClass::Integer if declared.contains("small") => 2.0,
        TypeClass::Integer | TypeClass::Date | TypeClass::Enum => 4.0,
        TypeClass::Numeric | TypeClass::Float | TypeClass::Time | TypeClass::Timestamp | TypeClass::Network => 8.0,
        TypeClass::Interval | TypeClass::Uuid => 16.0,
        TypeClass::Blob if guess.role != ColumnRole::Unkeyable => 32.0,
        TypeClass::Json | TypeClass::Blob | TypeClass::TextSearch => 200.0,
        TypeClass::Array | TypeClass::Range | TypeClass::Spatial => 64.0,
        TypeClass::Text | TypeClass::Other => {
            let usual: f64 = match guess.role {
                ColumnRole::StatusLike => 9.0,
                ColumnRole::Time => 20.0,
                _ if words.any(words::LONG) => 200.0,
                _ => 24.0,
            };
            length(declared).map_or(usual, |length| usual.min(length))
        }
    }
}

/// The length in `varchar(40)`.
fn length(declared: &str) -> Option<f64> {
    declared.split_once('(')?.1.trim_end_matches(')').trim().parse().ok()
}
