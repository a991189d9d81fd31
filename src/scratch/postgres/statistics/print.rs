//! Statistics as statements for the server's own tables.

use super::Told;
use super::bounds;
use crate::scratch::postgres::relations::{Attribute, Order};
use crate::stats::{ColumnStats, ColumnValues};

/// The first number that the server gives to what its users define.
const FIRST_USER_TYPE: u32 = 16384;
/// Slots of a row of `pg_statistic`.
pub(super) const SLOTS: usize = 5;
/// Above this part of the rows, distinct values are told as a part of them: they grow with the table.
const GROWING: f64 = 0.1;

/// What is told of a column.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) stats: ColumnStats,
    pub(super) rows: f64,
    /// Whether it speaks of the table together with its heirs.
    pub(super) inherited: bool,
}

/// Whether production's values are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Shown,
    Hidden,
}

/// One slot of a row of `pg_statistic` (`src/include/catalog/pg_statistic.h`).
pub(super) struct Slot {
    pub(super) kind: u8,
    pub(super) operator: u32,
    pub(super) collation: u32,
    pub(super) numbers: Option<Vec<f64>>,
    pub(super) values: Option<Vec<String>>,
}

/// Prints the figures of tables and indexes.
pub(super) fn figures(told: &[Told<'_>]) -> String {
    let row = |told: &Told<'_>| {
        let pages = told.pages.unwrap_or(0);
        let visible = (pages as f64 * told.visible).floor();
        format!("({}::pg_catalog.oid, {pages}, {:?}::pg_catalog.float4, {visible})", told.relation.oid, told.rows)
    };
    let rows: Vec<String> = told.iter().map(row).collect();
    format!(
        "UPDATE pg_catalog.pg_class AS c SET relpages = v.pages, reltuples = v.tuples, relallvisible = v.visible \
         FROM (VALUES {}) AS v (oid, pages, tuples, visible) WHERE c.oid = v.oid",
        rows.join(", ")
    )
}

/// Prints what takes away the statistics of columns.
pub(super) fn forget(relations: &[u32]) -> String {
    let list: Vec<String> = relations.iter().map(ToString::to_string).collect();
    format!("DELETE FROM pg_catalog.pg_statistic WHERE starelid IN ({})", list.join(", "))
}

/// Prints the statistics of a relation's columns.
pub(super) fn columns(told: &Told<'_>, values: Values) -> String {
    let rows: Vec<String> = told.columns.iter().map(|given| column(told.relation.oid, given, values)).collect();
    format!("INSERT INTO pg_catalog.pg_statistic VALUES {}", rows.join(", "))
}

fn column(oid: u32, given: &Given<'_>, values: Values) -> String {
    let Given { attribute, stats, rows, inherited } = given;
    let slots = slots(given, values);
    let at = |number: usize| slots.get(number);
    let mut parts = vec![
        oid.to_string(),
        attribute.number.to_string(),
        inherited.to_string(),
        format!("{:?}", stats.null_fraction),
        format!("{}", stats.avg_width.round().max(1.0)),
        format!("{:?}", distinct(stats, *rows)),
    ];
    parts.extend((0..SLOTS).map(|slot| at(slot).map_or("0".to_owned(), |slot| slot.kind.to_string())));
    parts.extend((0..SLOTS).map(|slot| at(slot).map_or("0".to_owned(), |slot| slot.operator.to_string())));
    parts.extend((0..SLOTS).map(|slot| at(slot).map_or("0".to_owned(), |slot| slot.collation.to_string())));
    let numbers = |slot: usize| at(slot).and_then(|slot| slot.numbers.as_ref()).map(|numbers| number_array(numbers));
    parts.extend((0..SLOTS).map(|slot| numbers(slot).unwrap_or_else(|| "NULL::pg_catalog.float4[]".to_owned())));
    let values = |slot: usize| at(slot).and_then(|slot| slot.values.as_ref());
    let typed = |values: &Vec<String>| {
        let text = literal(&array(values));
        format!("pg_catalog.array_in({text}::pg_catalog.cstring, {}::pg_catalog.oid, -1)", attribute.base)
    };
    parts.extend((0..SLOTS).map(|slot| values(slot).map_or("NULL".to_owned(), typed)));
    format!("({})", parts.join(", "))
}

/// Distinct values as the server notes them: negative where they are a part of the rows.
pub(super) fn distinct(stats: &ColumnStats, rows: f64) -> f64 {
    match stats.n_distinct {
        distinct if rows > 0.0 && distinct > GROWING * rows => -(distinct / rows).min(1.0),
        distinct => distinct.max(1.0),
    }
}

pub(super) fn slots(given: &Given<'_>, shown: Values) -> Vec<Slot> {
    let Given { attribute, stats, rows, .. } = given;
    let Some(Order { equal, less }) = attribute.order else { return Vec::new() };
    let slot = |kind, operator| Slot { kind, operator, collation: attribute.collation, numbers: None, values: None };
    let mut slots = Vec::new();
    match stats.values.as_deref().filter(|_| is_readable(attribute) && shown == Values::Shown) {
        Some(ColumnValues { common, histogram }) => {
            if !common.is_empty() {
                let (values, numbers) = common.iter().cloned().unzip();
                slots.push(Slot { numbers: Some(numbers), values: Some(values), ..slot(1, equal) });
            }
            if histogram.len() > 1 {
                slots.push(Slot { values: Some(histogram.clone()), ..slot(2, less) });
            }
        }
        None => {
            if let Some(histogram) = bounds::evenly(attribute.base, stats, *rows) {
                slots.push(Slot { values: Some(histogram), ..slot(2, less) });
            }
        }
    }
    slots.push(Slot { numbers: Some(vec![stats.correlation]), ..slot(3, less) });
    slots
}

/// Says whether values may be read by the input function of their type: another type's may be the code base's.
pub(super) fn is_readable(attribute: &Attribute) -> bool {
    attribute.base < FIRST_USER_TYPE || attribute.is_enum
}

pub(super) fn number_array(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:?}")).collect();
    format!("'{{{}}}'::pg_catalog.float4[]", numbers.join(","))
}

/// Values as an array's text.
pub(super) fn array(values: &[String]) -> String {
    let quoted = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    format!("{{{}}}", values.iter().map(quoted).collect::<Vec<_>>().join(","))
}

/// A text as a literal, whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
