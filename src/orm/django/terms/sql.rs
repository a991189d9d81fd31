//! Terms as SQL, with columns in the place of fields.

use super::Term;
use crate::dialect::Dialect;
use crate::name::Ident;
use crate::orm::django::models::FieldKind;
use crate::orm::django::types;

/// The columns of a model.
pub(in crate::orm::django) struct Columns<'s> {
    pub dialect: Dialect,
    /// How the column of a field is written, and what it keeps.
    pub column: &'s dyn Fn(&str) -> Option<(String, FieldKind)>,
}

impl Columns<'_> {
    /// A name as the dialect quotes it, always.
    pub(in crate::orm::django) fn quoted(&self, name: &Ident) -> String {
        quoted(name, self.dialect)
    }

    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// A name in quotes, as Django writes all of them.
pub(in crate::orm::django) fn quoted(name: &Ident, dialect: Dialect) -> String {
    match dialect {
        Dialect::Mysql => format!("`{}`", name.as_str().replace('`', "``")),
        _ => format!("\"{}\"", name.as_str().replace('"', "\"\"")),
    }
}

impl Term {
    /// The term as SQL; nothing where a part of it cannot be told.
    pub(in crate::orm::django) fn sql(&self, columns: &Columns<'_>) -> Option<String> {
        let all = |terms: &[Self]| terms.iter().map(|term| term.sql(columns)).collect::<Option<Vec<_>>>();
        Some(match self {
            Self::Field(name) => (columns.column)(name)?.0,
            Self::Text(text) => columns.literal(text),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => if *value { "true" } else { "false" }.to_owned(),
            Self::Null => "NULL".to_owned(),
            Self::List(items) => format!("({})", all(items)?.join(", ")),
            Self::Call(name, arguments) => format!("{name}({})", all(arguments)?.join(", ")),
            Self::Within(before, arguments, after) => format!("{before}{}{after}", all(arguments)?.join(", ")),
            Self::Search(config, arguments) => {
                let texts = arguments.iter().map(|argument| Some(format!("COALESCE({}, '')", argument.sql(columns)?)));
                let texts = texts.collect::<Option<Vec<_>>>()?.join(" || ' ' || ");
                match config {
                    Some(config) => format!("to_tsvector({}::regconfig, {texts})", columns.literal(config)),
                    None => format!("to_tsvector({texts})"),
                }
            }
            Self::Binary(sign, left, right) => format!("({} {sign} {})", left.sql(columns)?, right.sql(columns)?),
            Self::And(terms) => joined(all(terms)?, " AND ")?,
            Self::Or(terms) => joined(all(terms)?, " OR ")?,
            Self::Not(inner) => match inner.null_test() {
                Some((name, is_null)) => Self::lookup_null(name, !is_null, columns)?,
                None => format!("NOT ({})", inner.sql(columns)?),
            },
            Self::Lookup(path, value) => lookup(path, value, columns)?,
            Self::Cast(inner, kind) => {
                format!("CAST({} AS {})", inner.sql(columns)?, types::of(kind, columns.dialect)?.sql)
            }
            Self::Collate(inner, collation) => {
                format!("{} COLLATE {}", inner.sql(columns)?, columns.quoted(&Ident::from(collation.as_str())))
            }
            Self::Operators(inner, _) | Self::Ordered(inner, ..) => inner.sql(columns)?,
            Self::Unknown => return None,
        })
    }

    /// The term as a key of an index: an expression in parentheses, then its operator class and its order.
    pub(in crate::orm::django) fn key(&self, columns: &Columns<'_>) -> Option<String> {
        let (inner, order) = match self {
            Self::Ordered(inner, desc, nulls) => {
                let nulls = match nulls {
                    Some(true) => " NULLS FIRST",
                    Some(false) => " NULLS LAST",
                    None => "",
                };
                (&**inner, format!("{}{nulls}", if *desc { " DESC" } else { "" }))
            }
            other => (other, String::new()),
        };
        let (inner, operators) = match inner {
            Self::Operators(inner, operators) => (&**inner, format!(" {operators}")),
            other => (other, String::new()),
        };
        // The order may stand within the operator class: `OpClass(F("a").desc(), …)`.
        if let Self::Ordered(_, desc, _) = inner {
            let key = inner.sql(columns)?;
            return Some(format!("({key}){operators}{}", if *desc { " DESC" } else { "" }));
        }
        let key = inner.sql(columns)?;
        let key = if matches!(inner, Self::Field(_)) { key } else { format!("({key})") };
        Some(format!("{key}{operators}{order}"))
    }

    /// The field that is tested for NULL, where that is all.
    fn null_test(&self) -> Option<(&str, bool)> {
        match self {
            Self::And(terms) | Self::Or(terms) => match terms.as_slice() {
                [only] => only.null_test(),
                _ => None,
            },
            Self::Lookup(path, value) => match (path.strip_suffix("__isnull"), &**value) {
                (Some(path), Self::Bool(is_null)) => Some((path, *is_null)),
                (None, Self::Null) => Some((path, true)),
                _ => None,
            },
            _ => None,
        }
    }

    fn lookup_null(path: &str, is_null: bool, columns: &Columns<'_>) -> Option<String> {
        let (column, _) = (columns.column)(path)?;
        Some(format!("{column} IS {}NULL", if is_null { "" } else { "NOT " }))
    }
}

fn joined(mut parts: Vec<String>, between: &str) -> Option<String> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(format!("({})", parts.join(between))),
    }
}

/// `field__lookup = value`
fn lookup(path: &str, value: &Term, columns: &Columns<'_>) -> Option<String> {
    let (field, lookup) = match (columns.column)(path) {
        Some(_) => (path, "exact"),
        None => path.rsplit_once("__")?,
    };
    let (name, kind) = (columns.column)(field)?;
    let compared = |sign: &str| Some(format!("{name} {sign} {}", value.sql(columns)?));
    match (lookup, value) {
        ("isnull", Term::Bool(is_null)) => Term::lookup_null(field, *is_null, columns),
        ("exact", Term::Null) => Term::lookup_null(field, true, columns),
        // As Django writes it where the database takes a column for a condition.
        ("exact", Term::Bool(true)) if kind == FieldKind::Boolean && columns.dialect != Dialect::Sqlite => Some(name),
        ("exact", Term::Bool(false)) if kind == FieldKind::Boolean && columns.dialect != Dialect::Sqlite => {
            Some(format!("NOT {name}"))
        }
        ("exact", Term::Bool(value)) => Some(format!("{name} = {}", u8::from(*value))),
        ("exact", _) => compared("="),
        ("gt", _) => compared(">"),
        ("gte", _) => compared(">="),
        ("lt", _) => compared("<"),
        ("lte", _) => compared("<="),
        ("in", Term::List(items)) if !items.is_empty() => compared("IN"),
        _ => None,
    }
}
