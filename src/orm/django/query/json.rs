//! Keys within JSON columns (`data__a__b`): the operators and functions that each dialect has for them.
//!
//! Knows no field but its own kind; what is left once a key is read as text is [`super::lookup`]'s.

use super::super::models::FieldKind;
use super::lookup::{self, Backend, Compared};
use super::value::Operand;
use crate::dialect::Dialect;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// Writes a condition on what a path of keys leads to; the column itself without any.
pub(super) fn condition(
    backend: Backend<'_>,
    of: Compared,
    keys: &[&str],
    lookup: &str,
    operand: Operand,
) -> Option<Sql> {
    let Compared { sql, place, .. } = of;
    let dialect = backend.dialect;
    let is_null = !matches!(operand, Operand::Bool(false));
    match (lookup, dialect) {
        ("isnull", Dialect::Sqlite) if !keys.is_empty() => {
            let word = if is_null { " IS NULL" } else { " IS NOT NULL" };
            Some(call("JSON_TYPE", sql, keys, place).then(word))
        }
        ("isnull", _) => Some(value(dialect, sql, keys, place).then(if is_null { " IS NULL" } else { " IS NOT NULL" })),
        ("exact", _) => {
            let other = constant(operand, dialect, keys, place);
            Some(value(dialect, sql, keys, place).then(" = ").and(other))
        }
        ("in", _) => {
            let items = match operand {
                Operand::Several(items) if dialect == Dialect::Sqlite && !keys.is_empty() => {
                    let items = items.into_iter().map(|item| item.within("JSON_EXTRACT(", ", '$')", place));
                    Sql::join(items, ", ", place)
                }
                operand => operand.several(place),
            };
            Some(value(dialect, sql, keys, place).then(" IN (").and(items).then(")"))
        }
        ("gt" | "gte" | "lt" | "lte" | "range", _) => {
            let sql = value(dialect, sql, keys, place);
            lookup::compared(backend, Compared { sql, kind: FieldKind::Unknown, place }, lookup, operand)
        }
        ("has_key" | "has_keys" | "has_any_keys", Dialect::Postgres) => {
            let word = match lookup {
                "has_key" => " ? ",
                "has_keys" => " ?& ",
                _ => " ?| ",
            };
            Some(value(dialect, sql, keys, place).then(word).and(operand.one(place)))
        }
        ("has_key", Dialect::Sqlite) => {
            let path = operand.one(place);
            Some(sql.within("JSON_TYPE(", ", ", place).and(path).then(") IS NOT NULL"))
        }
        ("contains" | "contained_by", Dialect::Postgres) => {
            let word = if lookup == "contains" { " @> " } else { " <@ " };
            Some(value(dialect, sql, keys, place).then(word).and(operand.one(place)))
        }
        ("contains" | "contained_by" | "has_key" | "has_keys" | "has_any_keys", _) => None,
        _ => {
            let sql = text(dialect, sql, keys, place);
            lookup::compared(backend, Compared { sql, kind: FieldKind::Text, place }, lookup, operand)
        }
    }
}

/// What a path of keys leads to, as JSON.
pub(super) fn value(dialect: Dialect, sql: Sql, keys: &[&str], place: HostSpan) -> Sql {
    match (keys, dialect) {
        ([], _) => sql,
        (_, Dialect::Postgres) => operator(sql, keys, ["->", "#>"], place),
        (_, Dialect::Mysql) => call("JSON_EXTRACT", sql, keys, place),
        (_, Dialect::Sqlite) => {
            // SQLite has no booleans and gives them as numbers: Django asks for their names.
            let kind = call("JSON_TYPE", sql.clone(), keys, place);
            let known = kind.clone().within("(CASE WHEN ", " IN ('false','true','null') THEN ", place);
            let extracted = call("JSON_EXTRACT", sql, keys, place);
            known.and(kind).then(" ELSE ").and(extracted).then(" END)")
        }
    }
}

fn text(dialect: Dialect, sql: Sql, keys: &[&str], place: HostSpan) -> Sql {
    match (keys, dialect) {
        ([], Dialect::Postgres) => sql.then("::text"),
        ([], _) => sql,
        (_, Dialect::Postgres) => operator(sql, keys, ["->>", "#>>"], place),
        (_, Dialect::Mysql) => sql.within("(", &format!(" ->> {})", path(keys)), place),
        (_, Dialect::Sqlite) => value(dialect, sql, keys, place),
    }
}

/// PostgreSQL has one operator for a key, and another for several.
fn operator(sql: Sql, keys: &[&str], [one, several]: [&str; 2], place: HostSpan) -> Sql {
    let spelled = match keys {
        [key] if key.parse::<i32>().is_ok() => format!(" {one} {key})"),
        [key] => format!(" {one} {})", quoted(key)),
        _ => {
            // Keys come from names of arguments, which hold nothing that an array would have to quote.
            let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
            format!(" {several} ARRAY[{}])", keys.join(", "))
        }
    };
    sql.within("(", &spelled, place)
}

fn call(function: &str, sql: Sql, keys: &[&str], place: HostSpan) -> Sql {
    sql.within(&format!("{function}("), &format!(", {})", path(keys)), place)
}

/// `$."a"[0]."b"`, as a literal.
fn path(keys: &[&str]) -> String {
    let mut path = String::from("$");
    for key in keys {
        match key.parse::<i32>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => path.push_str(&format!(".\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))),
        }
    }
    quoted(&path)
}

/// A value as JSON: what Python has words of its own for is a word of JSON, the rest only the run spells.
fn constant(operand: Operand, dialect: Dialect, keys: &[&str], place: HostSpan) -> Sql {
    let word = match &operand {
        Operand::Null => Some("'null'"),
        Operand::Bool(true) => Some("'true'"),
        Operand::Bool(false) => Some("'false'"),
        _ => None,
    };
    let is_query = matches!(operand, Operand::Query(_));
    match (word, dialect) {
        (Some(word), Dialect::Mysql) => Sql::text(format!("JSON_EXTRACT({word}, '$')"), place),
        (Some(word), _) => Sql::text(word, place),
        (None, Dialect::Postgres) => operand.one(place),
        (None, Dialect::Sqlite) if keys.is_empty() || is_query => operand.one(place),
        (None, _) => operand.one(place).within("JSON_EXTRACT(", ", '$')", place),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
