//! What `pg_dump --statistics-only` (PostgreSQL 18) writes: calls of `pg_restore_relation_stats` and
//! `pg_restore_attribute_stats`, with names and values by turns.
//!
//! A dump does not tell tables from indexes; both become tables here, and whoever knows the schema tells them apart.

use std::collections::BTreeMap;

use super::{ColumnFigures, FORM, Snapshot, TableFigures};
use crate::name::QName;

const RELATION: &str = "pg_restore_relation_stats(";
const ATTRIBUTE: &str = "pg_restore_attribute_stats(";

/// Reads a dump; none if there is no such call in it.
pub(super) fn read(text: &str) -> Option<Snapshot> {
    let mut snapshot = Snapshot { planlint_stats: FORM, product: "postgres".to_owned(), ..Snapshot::default() };
    let mut rest = text;
    while let Some(at) = rest.find("pg_restore_") {
        rest = &rest[at..];
        let (call, is_relation) = match () {
            () if rest.starts_with(RELATION) => (&rest[RELATION.len()..], true),
            () if rest.starts_with(ATTRIBUTE) => (&rest[ATTRIBUTE.len()..], false),
            () => {
                rest = &rest["pg_restore_".len()..];
                continue;
            }
        };
        let (given, after) = arguments(call);
        rest = after;
        let get = |name: &str| given.get(name).map(String::as_str);
        let (Some(schema), Some(name)) = (get("schemaname"), get("relname")) else { continue };
        if let (true, Some(version)) = (snapshot.version.is_empty(), number::<u32>(get("version"))) {
            snapshot.version = format!("{}.{}", version / 10_000, version % 10_000);
        }
        let table = snapshot.tables.entry(QName::qualified(schema, name)).or_default();
        if is_relation {
            relation(table, &get);
        } else if let Some(column) = get("attname") {
            attribute(table, column, &get);
        }
    }
    (!snapshot.tables.is_empty()).then_some(snapshot)
}

fn relation<'a>(table: &mut TableFigures, get: &dyn Fn(&str) -> Option<&'a str>) {
    let rows = number(get("reltuples")).filter(|rows: &f64| *rows >= 0.0);
    table.rows = rows;
    table.pages = number(get("relpages")).filter(|_| rows.is_some());
    table.visible_pages = number(get("relallvisible")).filter(|_| rows.is_some());
}

fn attribute<'a>(table: &mut TableFigures, column: &str, get: &dyn Fn(&str) -> Option<&'a str>) {
    // A partitioned table has this row alone, another one has its own as well, which counts more.
    let inherited = get("inherited").is_some_and(|inherited| inherited.starts_with('t'));
    if inherited && table.columns.contains_key(column) {
        return;
    }
    let figures = ColumnFigures {
        null_fraction: number(get("null_frac")),
        avg_width: number(get("avg_width")),
        distinct: number(get("n_distinct")).filter(|distinct| *distinct != 0.0),
        correlation: number(get("correlation")),
        common_fractions: elements(get("most_common_freqs")).iter().filter_map(|part| part.parse().ok()).collect(),
        common_values: elements(get("most_common_vals")),
        histogram: elements(get("histogram_bounds")),
    };
    table.columns.insert(column.to_owned(), figures);
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// Reads names and values up to the parenthesis that closes the call.
fn arguments(call: &str) -> (BTreeMap<String, String>, &str) {
    let mut literals = Vec::new();
    let mut chars = call.char_indices().peekable();
    let mut escapes = false;
    while let Some((at, char)) = chars.next() {
        match char {
            ')' => return (pairs(literals), &call[at + 1..]),
            '\'' => {
                let mut text = String::new();
                while let Some((_, char)) = chars.next() {
                    match char {
                        '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                            text.extend(chars.next().map(|(_, quote)| quote))
                        }
                        '\'' => break,
                        '\\' if escapes => text.extend(chars.next().map(|(_, char)| char)),
                        char => text.push(char),
                    }
                }
                literals.push(text);
            }
            _ => {}
        }
        escapes = char == 'E';
    }
    (pairs(literals), "")
}

fn pairs(literals: Vec<String>) -> BTreeMap<String, String> {
    let mut literals = literals.into_iter();
    std::iter::from_fn(|| Some((literals.next()?, literals.next()?))).collect()
}

/// The elements of an array as PostgreSQL writes it: `{a,"b \"c\"",NULL}`.
fn elements(text: Option<&str>) -> Vec<String> {
    let Some(inner) = text.and_then(|text| text.strip_prefix('{')?.strip_suffix('}')) else { return Vec::new() };
    let (mut all, mut one, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted = !quoted,
            '\\' => one.extend(chars.next()),
            ',' if !quoted => all.push(std::mem::take(&mut one)),
            char => one.push(char),
        }
    }
    if !inner.is_empty() {
        all.push(one);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_read_call_by_call() {
        let text = r#"
SELECT * FROM pg_catalog.pg_restore_relation_stats(
	'version', '180004'::integer,
	'schemaname', 'public',
	'relname', 'it''s (one)',
	'relpages', '12'::integer,
	'reltuples', '345'::real,
	'relallvisible', '6'::integer
);
SELECT * FROM pg_catalog.pg_restore_attribute_stats(
	'version', '180004'::integer,
	'schemaname', 'public',
	'relname', 'it''s (one)',
	'attname', 'a',
	'inherited', 'f'::boolean,
	'null_frac', '0.25'::real,
	'avg_width', '5'::integer,
	'n_distinct', '-0.5'::real,
	'most_common_vals', E'{x,"y \\"z\\", \\\\"}'::text,
	'most_common_freqs', '{0.5,0.125}'::real[],
	'correlation', '-0.75'::real
);
SELECT pg_catalog.pg_restore_something_else('a', 'b');"#;
        let snapshot = read(text).expect("a dump");
        assert_eq!(snapshot.version, "18.4");
        let table = &snapshot.tables[&QName::plain("it's (one)")];
        assert_eq!((table.rows, table.pages, table.visible_pages), (Some(345.0), Some(12.0), Some(6.0)));
        let column = &table.columns["a"];
        assert_eq!((column.null_fraction, column.distinct, column.correlation), (Some(0.25), Some(-0.5), Some(-0.75)));
        assert_eq!(column.common_values, ["x", r#"y "z", \"#]);
        assert_eq!(column.common_fractions, [0.5, 0.125]);
        assert_eq!(read("SELECT 1"), None);
    }
}
