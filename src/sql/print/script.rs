//! A catalogue in an order in which a database takes it: nothing is named before it is there.
//!
//! Depends on names and on what views read, never on the order in which the code base made things, so that the same
//! schema is printed the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{foreign_key, table, user_type, view};
use crate::advice::quote_qualified;
use crate::catalog::{Catalog, Table, TableKind, UserType, View};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::sql::relations;

/// The statements that make a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Script<'a> {
    /// Schemas, sequences and types.
    pub before: Vec<String>,
    /// The tables and their indexes, each below those that it refers to.
    pub tables: Vec<(&'a Table, String)>,
    /// Foreign keys that point ahead, then views, each below those that it reads.
    pub after: Vec<String>,
}

/// Prints a whole catalogue in order.
pub fn script(catalog: &Catalog) -> Script<'_> {
    let dialect = catalog.dialect;
    let mut order = Order { catalog, under_way: Vec::new(), made: BTreeSet::new(), tables: Vec::new() };
    let mut all: Vec<&Table> = catalog.tables.values().collect();
    all.sort_by_key(|table| (&table.name.schema, &table.name.name));
    all.into_iter().for_each(|table| order.visit(table));
    let mut after = Vec::new();
    let mut tables = Vec::new();
    for (found, inner) in order.tables {
        let own = Table { foreign_keys: found.foreign_keys[..inner].to_vec(), ..found.clone() };
        let text = table(&own, dialect);
        tables.push((found, if is_whole(found, dialect) { text } else { commented(&text) }));
        let name = quote_qualified(dialect, &found.name);
        let outer = found.foreign_keys[inner..].iter();
        after.extend(outer.map(|foreign| format!("ALTER TABLE {name} ADD {};", foreign_key(foreign, dialect))));
    }
    after.extend(views(catalog).into_iter().map(|found| view(found, dialect)));
    Script { before: before(catalog), tables, after }
}

/// Says whether a database takes the text of a table: what a materialised view computes has no type that is known here.
fn is_whole(table: &Table, dialect: Dialect) -> bool {
    let typed = !table.columns.is_empty() && table.columns.iter().all(|column| !column.ty.declared.is_empty());
    typed || dialect == Dialect::Sqlite || table.kind != TableKind::Materialized
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("-- {}", line.trim_start_matches("-- "))).collect::<Vec<_>>().join("\n")
}

/// Tables in order, by a walk along their foreign keys.
struct Order<'a> {
    catalog: &'a Catalog,
    /// The tables whose keys are being followed, outermost first.
    under_way: Vec<&'a QName>,
    made: BTreeSet<&'a QName>,
    /// Each with the number of foreign keys, from the first, that may stand in it.
    tables: Vec<(&'a Table, usize)>,
}

impl<'a> Order<'a> {
    fn visit(&mut self, table: &'a Table) {
        if self.made.contains(&table.name) || self.under_way.contains(&&table.name) {
            return;
        }
        self.under_way.push(&table.name);
        if let Some(parent) = table.parent.as_ref().and_then(|parent| self.catalog.table(parent)) {
            self.visit(parent);
        }
        // SQLite looks for the other table when rows are written, and cannot add a key later.
        let looks_ahead = self.catalog.dialect == Dialect::Sqlite;
        for foreign in &table.foreign_keys {
            if let Some(other) = self.catalog.table(&foreign.to).filter(|other| !self.waits_for_parent(other)) {
                self.visit(other);
            }
        }
        self.under_way.pop();
        self.made.insert(&table.name);
        let is_there = |name: &QName| self.catalog.table(name).is_some_and(|other| self.made.contains(&other.name));
        let inner = table.foreign_keys.iter().take_while(|foreign| looks_ahead || is_there(&foreign.to)).count();
        self.tables.push((table, inner));
    }

    /// Says whether a table inherits from one that is under way: it comes after that one.
    fn waits_for_parent(&self, table: &Table) -> bool {
        let parent = |table: &'a Table| table.parent.as_ref().and_then(|parent| self.catalog.table(parent));
        let own = self.catalog.table(&table.name);
        let ancestors = std::iter::successors(own.and_then(parent), |table| parent(table));
        ancestors.take(self.catalog.tables.len()).any(|ancestor| self.under_way.contains(&&ancestor.name))
    }
}

/// Schemas and sequences that are named and the catalogue does not hold, then types, domains last.
fn before(catalog: &Catalog) -> Vec<String> {
    let dialect = catalog.dialect;
    let mut made: Vec<String> = Vec::new();
    if dialect == Dialect::Postgres {
        let names = catalog.tables.keys().chain(catalog.views.keys()).chain(catalog.types.keys());
        let schemas: BTreeSet<&Ident> = names.filter_map(|name| name.schema.as_ref()).collect();
        made.extend(schemas.into_iter().map(|name| format!("CREATE SCHEMA IF NOT EXISTS {};", dialect.quote(name))));
        let columns = catalog.tables.values().flat_map(|table| &table.columns);
        let sequences: BTreeSet<&str> = columns.filter_map(|column| sequence(column.default.as_deref()?)).collect();
        made.extend(sequences.into_iter().map(|name| format!("CREATE SEQUENCE IF NOT EXISTS {name};")));
    }
    let mut types: Vec<(&QName, &UserType)> = catalog.types.iter().collect();
    types.sort_by_key(|(_, ty)| matches!(ty, UserType::Domain { .. }));
    made.extend(types.into_iter().map(|(name, ty)| user_type(name, ty, dialect)));
    made
}

/// The sequence that a default takes its value from, as it is written: `nextval('orders_id_seq'::regclass)`.
fn sequence(default: &str) -> Option<&str> {
    let lower = default.to_ascii_lowercase();
    let at = lower.find("nextval(")? + "nextval(".len();
    let text = default[at..].trim_start().strip_prefix('\'')?;
    text.split_once('\'').map(|(name, _)| name)
}

/// Views in order: below those that they read, as far as none reads itself.
fn views(catalog: &Catalog) -> Vec<&View> {
    let mut left: BTreeMap<&QName, BTreeSet<QName>> =
        catalog.views.values().map(|view| (&view.name, read_by(catalog, view))).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready = |(_, reads): &(&&QName, &BTreeSet<QName>)| !reads.iter().any(|name| left.contains_key(name));
        let next = left.iter().find(ready).or(left.iter().next()).map(|(name, _)| *name);
        let Some(next) = next else { break };
        left.remove(next);
        order.extend(catalog.views.get(next));
    }
    order
}

/// The views that a view reads, itself left out.
fn read_by(catalog: &Catalog, view: &View) -> BTreeSet<QName> {
    let named = relations::named(&view.query, catalog.dialect).into_iter();
    let read = named.filter_map(|name| Some(catalog.view(&name)?.name.clone()));
    read.filter(|name| *name != view.name).collect()
}
