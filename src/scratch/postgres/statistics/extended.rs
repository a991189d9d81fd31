//! What is known of columns together, told to a server: its extended statistics.
//!
//! Before version 19 no function takes them, so they are written into the server's own table in its own serialised forms
//! (`forms`). A cast that takes bytes for such a form lives in the transaction that uses it: the code base never sees
//! one, for forged bytes would be read without much care. The planner goes by what is written, whatever kinds of
//! statistics an object was declared with; so one of ours serves where the schema has none.

mod common;
mod forms;

use std::collections::BTreeMap;

use super::print::literal;
use crate::advice::quote_qualified;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::scratch::postgres::relations::{Attribute, Relation, RelationKind, Relations};
use crate::scratch::postgres::session::{Row, Session, SqlError};
use crate::stats::{ExtendedStats, StatsModel};

/// The most columns of one object (`STATS_MAX_DIMENSIONS`).
const MOST_COLUMNS: usize = 8;

/// Of each object its number, table, name, the numbers of its columns; those with expressions are left alone. And
/// whether the server keeps figures of a table apart from those of it together with its heirs (since 15).
const OBJECTS: &str = "SELECT e.oid, e.stxrelid, e.stxname, e.stxkeys,
EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attname = 'stxdinherit'
        AND a.attrelid = 'pg_catalog.pg_statistic_ext_data'::pg_catalog.regclass)
FROM pg_catalog.pg_statistic_ext e WHERE (pg_catalog.to_jsonb(e) ->> 'stxexprs') IS NULL ORDER BY e.oid";

/// What is to be told of some columns of a table.
struct Told<'a> {
    relation: &'a Relation,
    name: &'a Ident,
    stats: &'a ExtendedStats,
    /// The columns as the server counts them.
    attributes: Vec<&'a Attribute>,
    /// Whether it is told of the table alone, and of it together with its heirs.
    inherited: Vec<bool>,
}

/// An object of extended statistics on the server.
struct Object {
    oid: u32,
    table: u32,
    name: Ident,
    columns: Vec<i16>,
    knows_heirs: bool,
}

/// Tells the server what the tables hold; a server that refuses knows as much as one without such statistics.
///
/// # Errors
/// When the session is lost.
pub fn inject(admin: &mut Session, relations: &Relations, stats: &StatsModel) -> Result<(), SqlError> {
    let told = told(relations, stats);
    if told.is_empty() {
        return Ok(());
    }
    let objects = objects(admin, &told)?;
    let pairs: Vec<(&Told<'_>, &Object)> =
        told.iter().filter_map(|told| Some((told, told.serving(&objects)?))).collect();
    let rows: Vec<String> = pairs.iter().flat_map(|(told, object)| row(told, object)).collect();
    let all: Vec<String> = pairs.iter().map(|(_, object)| object.oid.to_string()).collect();
    let (Some((_, first)), false) = (pairs.first(), rows.is_empty()) else { return Ok(()) };
    let inherited = if first.knows_heirs { "stxdinherit, " } else { "" };
    // To print what was written is to have the server check it.
    let batch = format!(
        "{}; DELETE FROM pg_catalog.pg_statistic_ext_data WHERE stxoid IN ({}); \
         INSERT INTO pg_catalog.pg_statistic_ext_data (stxoid, {inherited}stxdndistinct, stxddependencies) VALUES {} \
         RETURNING stxdndistinct::pg_catalog.text, stxddependencies::pg_catalog.text; {}",
        casts("CREATE CAST (bytea AS $type) WITHOUT FUNCTION"),
        all.join(", "),
        rows.join(", "),
        casts("DROP CAST (bytea AS $type)"),
    );
    tolerated(admin.run(&batch))?;
    for (told, object) in pairs {
        if !told.stats.common.is_empty() {
            tolerated(common::tell(admin, object.oid, &told.attributes, &told.ordered()))?;
        }
    }
    Ok(())
}

fn casts(each: &str) -> String {
    ["pg_catalog.pg_ndistinct", "pg_catalog.pg_dependencies"].map(|name| each.replace("$type", name)).join("; ")
}

/// A refusal is no failure, a lost session is.
fn tolerated(result: Result<(), SqlError>) -> Result<(), SqlError> {
    result.or_else(|error| if error.is_lost() { Err(error) } else { Ok(()) })
}

fn told<'a>(relations: &'a Relations, stats: &'a StatsModel) -> Vec<Told<'a>> {
    let of_table = |relation: &'a Relation| {
        let extended = stats.table(&relation.name).map(|stats| &stats.extended);
        let told = move |(name, stats): (&'a Ident, &'a ExtendedStats)| Told::of(relations, relation, name, stats);
        extended.into_iter().flatten().filter_map(told)
    };
    relations.tables().flat_map(of_table).collect()
}

impl<'a> Told<'a> {
    /// None where the schema does not have the columns, or nothing is known of them.
    fn of(relations: &Relations, relation: &'a Relation, name: &'a Ident, stats: &'a ExtendedStats) -> Option<Self> {
        let find = |column: &Ident| relation.attributes.iter().find(|attribute| attribute.name == *column);
        let mut attributes: Vec<&Attribute> = stats.columns.iter().map(find).collect::<Option<_>>()?;
        attributes.sort_by_key(|attribute| attribute.number);
        attributes.dedup_by_key(|attribute| attribute.number);
        let of_some = (2..=MOST_COLUMNS).contains(&attributes.len()) && attributes.len() == stats.columns.len();
        let mut inherited = Vec::new();
        if relation.kind == RelationKind::Table {
            inherited.push(false);
        }
        if !relations.heirs(relation.oid).is_empty() || relation.kind == RelationKind::Partitioned {
            inherited.push(true);
        }
        (of_some && stats.is_known()).then_some(Self { relation, name, stats, attributes, inherited })
    }

    fn numbers(&self) -> Vec<i16> {
        self.attributes.iter().map(|attribute| attribute.number).collect()
    }

    /// The object to tell it to: of the same columns, if possible of the same name.
    fn serving<'o>(&self, objects: &'o [Object]) -> Option<&'o Object> {
        let numbers = self.numbers();
        let same = |object: &&Object| object.table == self.relation.oid && object.columns == numbers;
        objects.iter().filter(same).max_by_key(|object| object.name == *self.name)
    }

    /// The common values in the order of the server's columns.
    fn ordered(&self) -> Vec<common::Item<'a>> {
        let at = |attribute: &&Attribute| self.stats.columns.iter().position(|column| *column == attribute.name);
        let places: Vec<usize> = self.attributes.iter().filter_map(at).collect();
        let item = |one: &'a crate::stats::Combination| {
            let values = places.iter().map(|place| one.values.get(*place).map(Option::as_deref));
            Some(common::Item {
                values: values.collect::<Option<_>>()?,
                fraction: one.fraction,
                independent: one.independent,
            })
        };
        self.stats.common.iter().filter_map(item).collect()
    }
}

/// The objects of the schema, and one of ours for what none of them is of.
fn objects(admin: &mut Session, told: &[Told<'_>]) -> Result<Vec<Object>, SqlError> {
    let found = read(admin)?;
    let without = told.iter().enumerate().filter(|(_, told)| told.serving(&found).is_none());
    let made: Vec<String> = without.map(|(at, told)| definition(at, told)).collect();
    if made.is_empty() {
        return Ok(found);
    }
    for answer in admin.pipeline(&made) {
        tolerated(answer.map(drop))?;
    }
    read(admin)
}

fn definition(at: usize, told: &Told<'_>) -> String {
    let table = &told.relation.name;
    let schema = table.schema.clone().unwrap_or_else(|| Ident::new("public"));
    let quoted = |name: Ident| quote_qualified(Dialect::Postgres, &QName { schema: Some(schema.clone()), name });
    let columns = told.attributes.iter().map(|attribute| Dialect::Postgres.quote(&attribute.name).into_owned());
    format!(
        "CREATE STATISTICS {} ON {} FROM {}",
        quoted(Ident::from(format!("planlint_together_{at}"))),
        columns.collect::<Vec<_>>().join(", "),
        quoted(table.name.clone()),
    )
}

fn read(admin: &mut Session) -> Result<Vec<Object>, SqlError> {
    let object = |row: Row| {
        let text = |at: usize| row.get(at).and_then(Option::as_deref);
        let mut columns: Vec<i16> = text(3)?.split(' ').filter_map(|number| number.parse().ok()).collect();
        columns.sort_unstable();
        Some(Object {
            oid: text(0)?.parse().ok()?,
            table: text(1)?.parse().ok()?,
            name: text(2)?.into(),
            columns,
            knows_heirs: text(4)? == "t",
        })
    };
    Ok(admin.rows(OBJECTS)?.into_iter().filter_map(object).collect())
}

/// The rows of an object, without its common values.
fn row(told: &Told<'_>, object: &Object) -> Vec<String> {
    let by_name: BTreeMap<&Ident, i16> =
        told.attributes.iter().map(|attribute| (&attribute.name, attribute.number)).collect();
    let number = |name: &Ident| by_name.get(name).copied();
    let form = |bytes: Option<Vec<u8>>, name: &str| {
        let bytes = bytes.map_or("NULL".to_owned(), |bytes| bytea(&bytes));
        format!("{bytes}::pg_catalog.{name}")
    };
    let distinct = form(forms::distinct(&told.stats.distinct, told.attributes.len(), &number), "pg_ndistinct");
    let dependencies = form(forms::dependencies(&told.stats.dependencies, &number), "pg_dependencies");
    let heirs = if object.knows_heirs { told.inherited.clone() } else { vec![false] };
    let row = |inherited: bool| {
        let inherited = if object.knows_heirs { format!("{inherited}, ") } else { String::new() };
        format!("({}, {inherited}{distinct}, {dependencies})", object.oid)
    };
    heirs.into_iter().map(row).collect()
}

/// Bytes as a literal.
fn bytea(bytes: &[u8]) -> String {
    format!("{}::pg_catalog.bytea", literal(&format!("\\x{}", forms::hexadecimal(bytes))))
}
