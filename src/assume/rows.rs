//! How many rows a table is assumed to have: fan-out along foreign keys, from configured tables where there are any.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::columns::members;
use crate::catalog::{Catalog, Column, ForeignKey, Index, Table, TypeClass};
use crate::name::{Ident, QName};

use super::polymorphic::{Polymorphic, polymorphic};
use super::words::{Words, is_lookup_table};

/// Rows of a table that nothing is known of.
const BASE: f64 = 1e4;
/// Rows of a table of settings or kinds.
pub(super) const LOOKUP: f64 = 1e3;
/// Rows for each row of the largest parent.
const FAN_OUT: f64 = 10.0;
/// The least and the most that fan-out assumes; a configured parent above the most lifts it.
const LEAST: f64 = 1e3;
const MOST: f64 = 1e6;

/// Rows by table.
pub(super) type Rows = BTreeMap<QName, f64>;

/// Rows and where they come from, by table.
type Counted = BTreeMap<QName, (f64, RowBasis)>;

/// Where a table's number of rows comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowBasis {
    /// The configuration gives it.
    Given,
    /// Production's statistics do.
    Pulled,
    /// A foreign key that is unique by itself: one row for each of this parent's.
    OneEach(QName),
    /// The table is called like settings or kinds.
    Lookup,
    /// No foreign key leads to another table.
    Alone,
    /// Foreign keys; this is the largest parent.
    FanOut(QName),
    /// A column refers to a row of any table.
    Anything(Ident),
    /// A unique key over columns of few values.
    Combinations,
}

impl fmt::Display for RowBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("given by the configuration"),
            Self::Pulled => f.write_str("pulled from production"),
            Self::OneEach(parent) => write!(f, "assumed, one for each row of `{parent}`"),
            Self::Lookup => f.write_str("assumed, its name says that it holds settings or kinds"),
            Self::Alone => f.write_str("assumed, as of every table that refers to no other"),
            Self::FanOut(parent) => {
                write!(f, "assumed, {FAN_OUT} for each row of its largest parent, `{parent}`, up to a million")
            }
            Self::Anything(id) => {
                write!(f, "assumed, {FAN_OUT} for each row of what `{id}` refers to, whatever its table")
            }
            Self::Combinations => f.write_str("assumed, a unique key over columns of few values admits no more"),
        }
    }
}

/// Assumes the rows of every table; `given` says what is configured.
pub(super) fn rows(catalog: &Catalog, given: &dyn Fn(&QName) -> Option<f64>) -> Rows {
    counted(catalog, given).into_iter().map(|(table, (rows, _))| (table, rows)).collect()
}

/// Says where the rows of every table come from.
pub(super) fn bases(catalog: &Catalog, given: &dyn Fn(&QName) -> Option<f64>) -> BTreeMap<QName, RowBasis> {
    counted(catalog, given).into_iter().map(|(table, (_, basis))| (table, basis)).collect()
}

fn counted(catalog: &Catalog, given: &dyn Fn(&QName) -> Option<f64>) -> Counted {
    let parents = parents(catalog);
    let mut rows = Counted::new();
    for name in catalog.tables.keys() {
        fill(catalog, name, &parents, given, &mut rows);
    }
    rows
}

/// A table's foreign keys to other tables, those along a cycle left out.
type Parents<'a> = BTreeMap<&'a QName, Vec<(&'a ForeignKey, &'a QName)>>;

fn parents(catalog: &Catalog) -> Parents<'_> {
    let all: Parents<'_> = catalog
        .tables
        .values()
        .map(|table| {
            let resolved = table.foreign_keys.iter().filter_map(|key| Some((key, &catalog.table(&key.to)?.name)));
            (&table.name, resolved.collect())
        })
        .collect();
    let circle = circles(&all);
    let acyclic = all.iter().map(|(child, keys)| {
        let kept = keys.iter().filter(|(_, parent)| circle[parent] != circle[child]).copied();
        (*child, kept.collect())
    });
    acyclic.collect()
}

/// Numbers the tables so that those have one number that foreign keys connect in a circle (Kosaraju's algorithm).
fn circles<'a>(parents: &Parents<'a>) -> HashMap<&'a QName, usize> {
    let up: HashMap<&QName, Vec<&QName>> =
        parents.iter().map(|(table, keys)| (*table, keys.iter().map(|(_, parent)| *parent).collect())).collect();
    let mut down: HashMap<&QName, Vec<&QName>> = HashMap::new();
    for (table, parents) in &up {
        parents.iter().for_each(|parent| down.entry(*parent).or_default().push(table));
    }
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    for table in parents.keys() {
        visit(table, &up, &mut seen, &mut order);
    }
    let (mut seen, mut numbers) = (HashSet::new(), HashMap::new());
    for (number, table) in order.into_iter().rev().enumerate() {
        let mut circle = Vec::new();
        visit(table, &down, &mut seen, &mut circle);
        numbers.extend(circle.into_iter().map(|table| (table, number)));
    }
    numbers
}

/// Lists what can be reached from `start` and has not been seen, each table behind those it leads to.
fn visit<'a>(
    start: &'a QName,
    edges: &HashMap<&'a QName, Vec<&'a QName>>,
    seen: &mut HashSet<&'a QName>,
    order: &mut Vec<&'a QName>,
) {
    let mut open = Vec::new();
    if seen.insert(start) {
        open.push((start, 0));
    }
    while let Some((table, next)) = open.last_mut() {
        let edge = edges.get(*table).and_then(|edges| edges.get(*next)).copied();
        *next += 1;
        match edge {
            Some(other) if seen.insert(other) => open.push((other, 0)),
            Some(_) => {}
            None => {
                order.push(*table);
                open.pop();
            }
        }
    }
}

/// Fills in a table after its parents; without cycles the way up ends.
fn fill(
    catalog: &Catalog,
    name: &QName,
    parents: &Parents<'_>,
    given: &dyn Fn(&QName) -> Option<f64>,
    rows: &mut Counted,
) {
    let mut open = vec![name];
    while let Some(&name) = open.last() {
        let keys = &parents[name];
        let missing = keys.iter().map(|(_, parent)| *parent).find(|parent| !rows.contains_key(*parent));
        if let Some(parent) = missing {
            open.push(parent);
            continue;
        }
        let table = &catalog.tables[name];
        let (count, basis) =
            given(name).map_or_else(|| fitting(catalog, table, keys, rows), |rows| (rows, RowBasis::Given));
        rows.insert(name.clone(), (count.max(0.0).round(), basis));
        open.pop();
    }
}

fn fitting(catalog: &Catalog, table: &Table, keys: &[(&ForeignKey, &QName)], rows: &Counted) -> (f64, RowBasis) {
    let (mut count, mut basis) = assumed(table, keys, rows);
    if count < FAN_OUT * BASE
        && matches!(basis, RowBasis::Alone | RowBasis::FanOut(_))
        && let Some(Polymorphic { id, .. }) = polymorphic(catalog, table)
    {
        (count, basis) = (FAN_OUT * BASE, RowBasis::Anything(id.clone()));
    }
    let most = most(table);
    if most < count { (most, RowBasis::Combinations) } else { (count, basis) }
}

/// The rows that fit: a unique key over columns of few values admits as many rows as there are combinations.
fn most(table: &Table) -> f64 {
    let values = |column: &Column| match column.ty.class {
        TypeClass::Boolean => Some(2.0),
        _ => members(table, column),
    };
    let combinations = |index: &Index| {
        let whole = index.def.unique && index.def.predicate.is_none();
        let columns = index.def.keys.iter().map(|key| table.column(key.expr.as_column()?).filter(|key| key.not_null));
        let values = columns.map(|column| values(column?));
        whole.then(|| values.product::<Option<f64>>()).flatten()
    };
    table.indexes.iter().filter_map(combinations).fold(f64::INFINITY, f64::min)
}

fn assumed(table: &Table, keys: &[(&ForeignKey, &QName)], rows: &Counted) -> (f64, RowBasis) {
    if let Some((_, parent)) =
        keys.iter().find(|(key, _)| matches!(&key.columns[..], [column] if is_unique(table, column)))
    {
        return (rows[*parent].0, RowBasis::OneEach((*parent).clone()));
    }
    let parents_are_lookups = || keys.iter().all(|(_, parent)| is_lookup_table(&parent.name));
    if is_lookup_table(&table.name.name) && (!is_association(table, keys) || parents_are_lookups()) {
        return owned(table, keys, rows).unwrap_or((LOOKUP, RowBasis::Lookup));
    }
    match keys.iter().map(|(_, parent)| (rows[*parent].0, *parent)).max_by(|a, b| a.0.total_cmp(&b.0)) {
        None => (BASE, RowBasis::Alone),
        Some((largest, parent)) => {
            ((FAN_OUT * largest).clamp(LEAST, MOST.max(largest)), RowBasis::FanOut(parent.clone()))
        }
    }
}

/// The rows of a table of settings or kinds that belong to a row of another, after which the reference is called: one
/// each. The rules of a `service_id` grow with the services, whatever they are called; who wrote a template owns it not.
fn owned(table: &Table, keys: &[(&ForeignKey, &QName)], rows: &Counted) -> Option<(f64, RowBasis)> {
    let owns = |key: &ForeignKey, parent: &QName| match &key.columns[..] {
        [column] => {
            table.column(column).is_some_and(|column| column.not_null)
                && Words::of(column)
                    .tables()
                    .is_some_and(|names| names.iter().any(|name| parent.name == Ident::new(name)))
        }
        _ => false,
    };
    let owners = keys.iter().filter(|(key, parent)| owns(key, parent)).map(|(_, parent)| (rows[*parent].0, *parent));
    let (count, parent) = owners.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (count > LOOKUP).then(|| (count, RowBasis::OneEach(parent.clone())))
}

/// Says whether the table's rows pair those of its parents: `user_roles` has one for each role of each user, whatever its name ends in.
fn is_association(table: &Table, keys: &[(&ForeignKey, &QName)]) -> bool {
    let refers = |column: &Ident| keys.iter().any(|(key, _)| key.columns.contains(column));
    let mut unique = table.indexes.iter().filter(|index| index.def.unique).map(|index| &index.def);
    unique.any(|def| def.keys.len() > 1 && def.keys.iter().all(|key| key.expr.as_column().is_some_and(refers)))
}

/// Says whether a column alone identifies a row.
pub(super) fn is_unique(table: &Table, column: &Ident) -> bool {
    table.primary_key == [column.clone()]
        || table.indexes.iter().any(|index| {
            let def = &index.def;
            def.unique && def.predicate.is_none() && def.keys.len() == 1 && def.keys[0].expr.as_column() == Some(column)
        })
}
