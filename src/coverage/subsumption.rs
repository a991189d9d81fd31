//! Whether one index makes another superfluous.
//!
//! Conservative: every difference that could matter to a query or a constraint keeps both.

use std::collections::BTreeSet;

use crate::catalog::{Index, IndexDef, IndexKey, Method, Table};
use crate::dialect::{Dialect, Target};
use crate::name::Ident;

use super::WhyNot;
use super::implication::follows;

/// Says whether two indexes of one table are the same: same keys, predicate, method and included columns.
///
/// One may be unique and the other not: the other is then still a duplicate.
pub fn is_duplicate(one: &IndexDef, other: &IndexDef) -> bool {
    one.table == other.table
        && one.method == other.method
        && one.keys == other.keys
        && one.predicate == other.predicate
        && one.include.len() == other.include.len()
        && one.include.iter().all(|column| other.include.contains(column))
}

/// Says whether rows of a table that agree on some columns are one, or as good as that: a unique index holds no other
/// column, whatever it makes of these and whichever rows it leaves out.
pub fn keeps_single(table: &Table, columns: &BTreeSet<Ident>) -> bool {
    let is_within = |index: &&Index| index.def.keys.iter().all(|key| key.expr.columns().is_subset(columns));
    let key = &table.primary_key;
    table.indexes.iter().filter(|index| index.def.unique).any(|index| is_within(&index))
        || !key.is_empty() && key.iter().all(|column| columns.contains(column))
}

/// Says whether one of two indexes of a table makes the other one superfluous: it is the same, or does everything that
/// the other one does.
pub fn does_all(one: &IndexDef, other: &IndexDef, target: &Target) -> bool {
    is_duplicate(one, other) || subsumes(one, other, target).is_ok()
}

/// Says whether `wide`, an index of the same table, does everything that `narrow` does.
///
/// # Errors
/// The first reason why it does not; two equal indexes are [`WhyNot::Same`], a duplicate and not a redundancy.
pub fn subsumes(wide: &IndexDef, narrow: &IndexDef, target: &Target) -> Result<(), WhyNot> {
    if is_duplicate(wide, narrow) {
        return Err(WhyNot::Same);
    }
    // A hash index of one column is small and quick at what it does; GIN, GiST and the like are never compared by prefix.
    if wide.method != Method::Btree || narrow.method != Method::Btree {
        return Err(WhyNot::Method);
    }
    keys(wide, narrow, target)?;
    predicates(wide, narrow, target)?;
    if narrow.unique && !(wide.unique && wide.keys.len() == narrow.keys.len() && wide.predicate == narrow.predicate) {
        return Err(WhyNot::Unique);
    }
    let held = |column| wide.include.contains(column) || wide.key_columns().any(|key| key == column);
    if narrow.include.iter().all(held) { Ok(()) } else { Err(WhyNot::Include) }
}

fn keys(wide: &IndexDef, narrow: &IndexDef, target: &Target) -> Result<(), WhyNot> {
    if wide.keys.len() < narrow.keys.len() {
        return Err(WhyNot::Keys);
    }
    // Equally long keys: only the included columns or the predicate may make `wide` the wider one.
    let pairs = || wide.keys.iter().zip(&narrow.keys);
    if pairs().any(|(wide, narrow)| wide.expr != narrow.expr) {
        return Err(WhyNot::Keys);
    }
    // A key cut short (MySQL's `name(20)`) neither orders nor covers, so the whole one does more and not less.
    if pairs().any(|(wide, narrow)| wide.prefix.is_some_and(|kept| narrow.prefix.is_none_or(|needed| kept < needed))) {
        return Err(WhyNot::Keys);
    }
    if pairs().any(|(wide, narrow)| wide.opclass != narrow.opclass) {
        return Err(WhyNot::OperatorClass);
    }
    if pairs().any(|(wide, narrow)| wide.collation != narrow.collation) {
        return Err(WhyNot::Collation);
    }
    let same = pairs().all(|(wide, narrow)| runs(wide, target) == runs(narrow, target));
    let reversed = pairs().all(|(wide, narrow)| runs(wide, target) == reverse(runs(narrow, target)));
    if same || reversed { Ok(()) } else { Err(WhyNot::Direction) }
}

/// A key's direction and place of NULLs; only PostgreSQL keeps the latter in the index.
fn runs(key: &IndexKey, target: &Target) -> (bool, bool) {
    (key.desc, if target.dialect == Dialect::Postgres { key.nulls_first } else { key.desc })
}

fn reverse((desc, nulls_first): (bool, bool)) -> (bool, bool) {
    (!desc, !nulls_first)
}

/// Both must hold the same rows. A partial index inside a whole one is kept: it is the smaller and was made to be.
fn predicates(wide: &IndexDef, narrow: &IndexDef, target: &Target) -> Result<(), WhyNot> {
    match (&wide.predicate, &narrow.predicate) {
        (None, None) => Ok(()),
        (Some(wide), Some(narrow)) if follows(narrow, wide, target) && follows(wide, narrow, target) => Ok(()),
        _ => Err(WhyNot::Predicate),
    }
}
