//! Lookups and transforms: how Django writes `name__icontains="x"` in each dialect.

use super::super::models::FieldKind;
use super::json;
use super::value::Operand;
use crate::dialect::Dialect;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// What the SQL of lookups depends on beside them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backend<'z> {
    /// The dialect.
    pub dialect: Dialect,
    /// The time zone that moments are taken apart in; nothing where the project keeps local times.
    pub zone: Option<&'z str>,
}

/// What a lookup is of.
pub(super) struct Compared {
    /// The column or expression.
    pub sql: Sql,
    /// What it keeps.
    pub kind: FieldKind,
    /// Where the lookup is written.
    pub place: HostSpan,
}

/// Writes a condition; nothing where the lookup is not known.
pub(super) fn condition(backend: Backend<'_>, of: Compared, parts: &[&str], operand: Operand) -> Option<Sql> {
    let (lookup, transforms) = match parts.split_last() {
        None => ("exact", parts),
        Some((last, before)) if is_final(last) => (*last, before),
        Some(_) => ("exact", parts),
    };
    if of.kind == FieldKind::Json {
        return json::condition(backend, of, transforms, lookup, operand);
    }
    if let ["year" | "iso_year"] = transforms
        && let Some(range) = year(&of, lookup, &operand)
    {
        return Some(range);
    }
    let of = transformed(backend, of, transforms)?;
    compared(backend, of, lookup, operand)
}

/// Applies transforms, one after the other; nothing where one is not known.
pub(super) fn transformed(backend: Backend<'_>, of: Compared, transforms: &[&str]) -> Option<Compared> {
    let mut of = of;
    for (number, transform) in transforms.iter().enumerate() {
        if of.kind == FieldKind::Json {
            let sql = json::value(backend.dialect, of.sql, &transforms[number..], of.place);
            return Some(Compared { sql, ..of });
        }
        of = one_transformed(backend, of, transform)?;
    }
    Some(of)
}

/// Says whether a name is a lookup, which ends a path.
pub(super) fn is_final(name: &str) -> bool {
    COMPARISONS.contains(&name)
}

/// Says whether Django knows a name as a lookup or a transform, for every field or some.
pub(super) fn is_lookup(name: &str) -> bool {
    COMPARISONS.contains(&name) || TRANSFORMS.contains(&name)
}

/// Lookups, which end a path.
const COMPARISONS: &[&str] = &[
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "isnull",
    "regex",
    "iregex",
    "search",
    "trigram_similar",
    "contained_by",
    "overlap",
    "has_key",
    "has_keys",
    "has_any_keys",
];

/// Transforms, which a lookup may follow.
const TRANSFORMS: &[&str] = &[
    "date",
    "year",
    "month",
    "day",
    "week",
    "week_day",
    "quarter",
    "iso_year",
    "iso_week_day",
    "time",
    "hour",
    "minute",
    "second",
    "lower",
    "upper",
    "trim",
    "unaccent",
    "len",
    "length",
];

/// A day's or a moment's year is a range, which an index on the column serves.
fn year(of: &Compared, lookup: &str, operand: &Operand) -> Option<Sql> {
    let place = of.place;
    let Operand::One(value) = operand else { return None };
    let (from, to) = match value.shown().parse::<u16>() {
        Ok(year) => {
            let day = |text: String| Sql::text(format!("'{text}'"), place);
            let end = if of.kind == FieldKind::DateTime { " 23:59:59.999999" } else { "" };
            (day(format!("{year:04}-01-01")), day(format!("{year:04}-12-31{end}")))
        }
        Err(_) if value.is_param() => (Sql::param(place), Sql::param(place)),
        Err(_) => return None,
    };
    let sql = of.sql.clone();
    Some(match lookup {
        "exact" => sql.then(" BETWEEN ").and(from).then(" AND ").and(to),
        "gt" => sql.then(" > ").and(to),
        "gte" => sql.then(" >= ").and(from),
        "lt" => sql.then(" < ").and(from),
        "lte" => sql.then(" <= ").and(to),
        _ => return None,
    })
}

/// Writes a comparison.
pub(super) fn compared(backend: Backend<'_>, of: Compared, lookup: &str, operand: Operand) -> Option<Sql> {
    let dialect = backend.dialect;
    let Compared { sql, kind, place } = of;
    let binary = |sql: Sql, op: &str, operand: Operand| Some(sql.then(op).and(operand.one(place)));
    match (lookup, operand) {
        ("isnull", Operand::Bool(false)) => Some(sql.then(" IS NOT NULL")),
        ("isnull", _) | ("exact" | "iexact", Operand::Null) => Some(sql.then(" IS NULL")),
        ("exact", Operand::Bool(value)) if kind == FieldKind::Boolean => match value {
            true => Some(sql),
            false => Some(Sql::text("NOT ", place).and(sql)),
        },
        ("contains", operand) if is_container(&kind) => binary(sql, " @> ", operand),
        ("contained_by", operand) => binary(sql, " <@ ", operand),
        ("overlap", operand) => binary(sql, " && ", operand),
        ("has_key", operand) => binary(sql, " ? ", operand).filter(|_| dialect == Dialect::Postgres),
        ("has_keys", operand) => binary(sql, " ?& ", operand).filter(|_| dialect == Dialect::Postgres),
        ("has_any_keys", operand) => binary(sql, " ?| ", operand).filter(|_| dialect == Dialect::Postgres),
        ("exact", operand) => binary(sql, " = ", operand),
        ("gt", operand) => binary(sql, " > ", operand),
        ("gte", operand) => binary(sql, " >= ", operand),
        ("lt", operand) => binary(sql, " < ", operand),
        ("lte", operand) => binary(sql, " <= ", operand),
        ("in", operand) => Some(sql.then(" IN (").and(operand.several(place)).then(")")),
        ("range", Operand::Several(mut ends)) if ends.len() == 2 => {
            let to = ends.pop()?;
            Some(sql.then(" BETWEEN ").and(ends.pop()?).then(" AND ").and(to))
        }
        ("range", _) => Some(sql.then(" BETWEEN ").and(Sql::param(place)).then(" AND ").and(Sql::param(place))),
        ("search", operand) if dialect == Dialect::Postgres => {
            let vector = match kind {
                FieldKind::SearchVector => sql,
                _ => sql.within("to_tsvector(COALESCE(", ", ''))", place),
            };
            let query = operand.one(place).within("plainto_tsquery(", ")", place);
            Some(vector.then(" @@ ").and(query))
        }
        ("trigram_similar", operand) => binary(sql, " % ", operand).filter(|_| dialect == Dialect::Postgres),
        (_, operand) => pattern(dialect, Compared { sql, kind, place }, lookup, operand),
    }
}

fn is_container(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Json | FieldKind::Array(_) | FieldKind::HStore | FieldKind::Range(_))
}

/// Lookups in texts.
fn pattern(dialect: Dialect, of: Compared, lookup: &str, operand: Operand) -> Option<Sql> {
    let Compared { sql, kind, place } = of;
    let (caseless, plain) = match lookup {
        "iexact" | "icontains" | "istartswith" | "iendswith" | "iregex" => (true, &lookup[1..]),
        _ => (false, lookup),
    };
    let text = |sql: Sql| match (dialect, &kind) {
        (Dialect::Postgres, FieldKind::CaselessText) => sql.then("::citext"),
        (Dialect::Postgres, FieldKind::Char(_) | FieldKind::Text) => sql,
        (Dialect::Postgres, _) => sql.then("::text"),
        _ => sql,
    };
    if plain == "regex" {
        let op = match (dialect, caseless) {
            (Dialect::Postgres, true) => " ~* ",
            (Dialect::Postgres, false) => " ~ ",
            _ => " REGEXP ",
        };
        return Some(text(sql).then(op).and(operand.one(place)));
    }
    let (before, after) = match plain {
        "exact" => ("", ""),
        "contains" => ("%", "%"),
        "startswith" => ("", "%"),
        "endswith" => ("%", ""),
        _ => return None,
    };
    let pattern = match operand {
        // A value of the code stands in the pattern as it is, but for what LIKE would read in it.
        Operand::Text(known) => {
            let known = known.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            Sql::text(format!("'{before}{}{after}'", known.replace('\'', "''")), place)
        }
        operand => {
            let value = operand.one(place);
            let put = |sql: Sql, text: &str, first: bool| match (text.is_empty(), dialect, first) {
                (true, ..) => sql,
                (false, Dialect::Mysql, true) => sql.within("CONCAT('%', ", ")", place),
                (false, Dialect::Mysql, false) => sql.within("CONCAT(", ", '%')", place),
                (false, _, true) => sql.within("'%' || ", "", place),
                (false, _, false) => sql.then(" || '%'"),
            };
            put(put(value, before, true), after, false)
        }
    };
    let upper = |sql: Sql| sql.within("UPPER(", ")", place);
    match (dialect, caseless, plain) {
        (Dialect::Postgres, true, "exact") => Some(upper(text(sql)).then(" = ").and(upper(pattern))),
        (Dialect::Postgres, true, _) => Some(upper(text(sql)).then(" LIKE ").and(upper(pattern))),
        (Dialect::Postgres, false, _) => Some(text(sql).then(" LIKE ").and(pattern)),
        (Dialect::Sqlite, _, _) => Some(sql.then(" LIKE ").and(pattern).then(" ESCAPE '\\'")),
        (Dialect::Mysql, true, _) => Some(sql.then(" LIKE ").and(pattern)),
        (Dialect::Mysql, false, _) => Some(sql.then(" LIKE BINARY ").and(pattern)),
    }
}

/// Puts a moment into the project's time zone, where it has one and the database keeps zones.
pub(super) fn local(backend: Backend<'_>, sql: Sql, kind: &FieldKind, place: HostSpan) -> Sql {
    match (backend.dialect, kind, backend.zone) {
        (Dialect::Postgres, FieldKind::DateTime, Some(zone)) => {
            let zone = zone.replace('\'', "''");
            sql.within("(", &format!(" AT TIME ZONE '{zone}')"), place)
        }
        _ => sql,
    }
}

/// What Django's functions are named after that take a value of a kind.
pub(super) fn name_of(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Date => "date",
        FieldKind::Time => "time",
        _ => "datetime",
    }
}

/// A function of Django's own, which its connections have and no index can: SQLite has no types for moments.
pub(super) fn of_sqlite(
    backend: Backend<'_>,
    (of, what, part): (&str, &str, Option<&str>),
    sql: Sql,
    place: HostSpan,
) -> Sql {
    let zones = match backend.zone {
        _ if of != "datetime" && what == "extract" => String::new(),
        Some(zone) => format!(", '{}', 'UTC'", zone.replace('\'', "''")),
        None => ", NULL, NULL".to_owned(),
    };
    let part = part.map(|part| format!("'{part}', ")).unwrap_or_default();
    sql.within(&format!("django_{of}_{what}({part}"), &format!("{zones})"), place)
}

/// Applies a transform; nothing where it is not known.
fn one_transformed(backend: Backend<'_>, of: Compared, transform: &str) -> Option<Compared> {
    let dialect = backend.dialect;
    let Compared { sql, kind, place } = of;
    let number = FieldKind::Integer(super::super::models::IntegerSize::Normal);
    let local = |sql: Sql| local(backend, sql, &kind, place);
    let extract = |sql: Sql, field: &str| match dialect {
        Dialect::Sqlite => of_sqlite(backend, (name_of(&kind), "extract", Some(transform)), sql, place),
        _ => local(sql).within(&format!("EXTRACT({field} FROM "), ")", place),
    };
    let (sql, kind) = match (transform, &kind) {
        ("lower", _) => (sql.within("LOWER(", ")", place), kind),
        ("upper", _) => (sql.within("UPPER(", ")", place), kind),
        ("trim", _) => (sql.within("TRIM(", ")", place), kind),
        ("unaccent", _) if dialect == Dialect::Postgres => (sql.within("UNACCENT(", ")", place), kind),
        ("length", _) => (sql.within("LENGTH(", ")", place), number),
        ("len", FieldKind::Array(_)) => (sql.within("COALESCE(array_length(", ", 1), 0)", place), number),
        ("date", _) => match dialect {
            Dialect::Postgres => (local(sql).then("::date"), FieldKind::Date),
            Dialect::Sqlite => (of_sqlite(backend, ("datetime", "cast_date", None), sql, place), FieldKind::Date),
            Dialect::Mysql => (sql.within("DATE(", ")", place), FieldKind::Date),
        },
        ("time", _) => match dialect {
            Dialect::Postgres => (local(sql).then("::time"), FieldKind::Time),
            Dialect::Sqlite => (of_sqlite(backend, ("datetime", "cast_time", None), sql, place), FieldKind::Time),
            Dialect::Mysql => (sql.within("TIME(", ")", place), FieldKind::Time),
        },
        ("year", _) => (extract(sql, "YEAR"), number),
        ("iso_year", _) => (extract(sql, "ISOYEAR"), number),
        ("month", _) => (extract(sql, "MONTH"), number),
        ("day", _) => (extract(sql, "DAY"), number),
        ("week", _) => (extract(sql, "WEEK"), number),
        ("quarter", _) => (extract(sql, "QUARTER"), number),
        ("week_day", _) if dialect == Dialect::Sqlite => (extract(sql, "DOW"), number),
        ("week_day", _) => (extract(sql, "DOW").then(" + 1"), number),
        ("iso_week_day", _) => (extract(sql, "ISODOW"), number),
        ("hour", _) => (extract(sql, "HOUR"), number),
        ("minute", _) => (extract(sql, "MINUTE"), number),
        ("second", _) => (extract(sql, "SECOND"), number),
        (key, FieldKind::HStore) => (sql.then(&format!(" -> '{}'", key.replace('\'', "''"))), FieldKind::Text),
        (index, FieldKind::Array(of)) => {
            let index: u32 = index.parse().ok()?;
            (sql.then(&format!("[{}]", index + 1)), (**of).clone())
        }
        _ => return None,
    };
    Some(Compared { sql, kind, place })
}
