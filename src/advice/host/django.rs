//! Django's `models.Index(…)` and its kin.

use super::{HostTable, list, quoted};
use crate::catalog::{IndexDef, IndexKey, Method};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, Op};
use crate::name::Ident;

/// The longest name that Django takes for an index, in characters.
const MAX_NAME: usize = 30;

/// Writes an index as an item of `Meta.indexes`, a unique one as one of `Meta.constraints`; nothing where Django has no
/// words for it.
pub(super) fn index(name: &Ident, def: &IndexDef, table: &HostTable, dialect: Dialect) -> Option<String> {
    let class = match &def.method {
        Method::Btree if def.unique => "models.UniqueConstraint",
        Method::Btree => "models.Index",
        Method::Hash => "HashIndex",
        Method::Other(method) => match method.as_str() {
            "gin" => "GinIndex",
            "gist" => "GistIndex",
            "spgist" => "SpGistIndex",
            "brin" => "BrinIndex",
            _ => return None,
        },
    };
    // Of a collation and of a length Django says nothing.
    if def.keys.iter().any(|key| key.collation.is_some() || key.prefix.is_some()) {
        return None;
    }
    let fields = def.keys.iter().map(|key| field(key, table, dialect)).collect::<Option<Vec<String>>>();
    let mut arguments: Vec<String> = Vec::new();
    let classes: Vec<&str> = def.keys.iter().filter_map(|key| key.opclass.as_deref()).collect();
    let mut options: Vec<String> = Vec::new();
    match fields {
        // An operator class stands for every field or for none.
        Some(fields) if classes.is_empty() || classes.len() == fields.len() => {
            arguments.push(format!("fields={}", list(fields.iter().map(String::as_str))));
            if !classes.is_empty() {
                options.push(format!("opclasses={}", list(classes)));
            }
        }
        _ => arguments
            .extend(def.keys.iter().map(|key| expression(key, table, dialect)).collect::<Option<Vec<String>>>()?),
    }
    arguments.push(format!("name={}", quoted(&short(name.as_str()))));
    if !def.include.is_empty() {
        let fields = def.include.iter().map(|column| Some(table.field(column)?.attribute.as_str()));
        options.push(format!("include={}", list(fields.collect::<Option<Vec<&str>>>()?)));
    }
    if let Some(predicate) = &def.predicate {
        options.push(format!("condition={}", condition(predicate, table)?));
    }
    arguments.append(&mut options);
    Some(format!("{class}({})", arguments.join(", ")))
}

/// A key by the name of its field, with a `-` where it descends; nothing where NULLs have another place than by default.
fn field(key: &IndexKey, table: &HostTable, dialect: Dialect) -> Option<String> {
    let field = table.field(key.expr.as_column()?).filter(|_| is_usual(key, dialect))?;
    let sign = if key.desc { "-" } else { "" };
    Some(format!("{sign}{}", field.attribute))
}

/// Only PostgreSQL stores the place of NULLs in an index.
fn is_usual(key: &IndexKey, dialect: Dialect) -> bool {
    dialect != Dialect::Postgres || key.nulls_first == dialect.nulls_first_by_default(key.desc)
}

fn expression(key: &IndexKey, table: &HostTable, dialect: Dialect) -> Option<String> {
    let mut text = match &key.expr {
        Expr::Column(column) => format!("F({})", quoted(&table.field(column)?.attribute)),
        Expr::Call { function, args } => {
            let function = match function.as_str() {
                "lower" => "Lower",
                "upper" => "Upper",
                "length" => "Length",
                "trim" | "btrim" => "Trim",
                "abs" => "Abs",
                _ => return None,
            };
            let [Expr::Column(column)] = args.as_slice() else { return None };
            format!("{function}({})", quoted(&table.field(column)?.attribute))
        }
        _ => return None,
    };
    if let Some(class) = &key.opclass {
        text = format!("OpClass({text}, name={})", quoted(class));
    }
    text.push_str(match (key.desc, is_usual(key, dialect)) {
        (false, true) => "",
        (true, true) => ".desc()",
        (false, false) => ".asc(nulls_first=True)",
        (true, false) => ".desc(nulls_last=True)",
    });
    Some(text)
}

/// A condition as a `Q`.
fn condition(predicate: &Expr, table: &HostTable) -> Option<String> {
    let name = |column: &Expr| Some(table.field(column.as_column()?)?.attribute.clone());
    let said = |column: &Expr, lookup: &str, value: &str| Some(format!("Q({}{lookup}={value})", name(column)?));
    let Expr::Op { op, operands } = predicate else { return said(predicate, "", "True") };
    let lookup = match (op, operands.as_slice()) {
        (Op::And | Op::Or, parts) => {
            let parts = parts.iter().map(|part| condition(part, table)).collect::<Option<Vec<String>>>()?;
            let nested = |part: String| if part.contains(['&', '|']) { format!("({part})") } else { part };
            let sign = if *op == Op::And { " & " } else { " | " };
            return Some(parts.into_iter().map(nested).collect::<Vec<_>>().join(sign));
        }
        (Op::Not, [Expr::Column(column)]) => return said(&Expr::Column(column.clone()), "", "False"),
        (Op::IsNull, [column]) => return said(column, "__isnull", "True"),
        (Op::IsNotNull, [column]) => return said(column, "__isnull", "False"),
        (Op::In, [column, values @ ..]) => {
            let values = values.iter().map(value).collect::<Option<Vec<String>>>()?;
            return said(column, "__in", &format!("[{}]", values.join(", ")));
        }
        // Of any other inequality Django makes a condition that NULLs meet.
        (Op::NotEq, [column, Expr::Literal(Literal::Boolean(is))]) => {
            return said(column, "", if *is { "False" } else { "True" });
        }
        (Op::Eq, [_, _]) => "",
        (Op::Lt, [_, _]) => "__lt",
        (Op::LtEq, [_, _]) => "__lte",
        (Op::Gt, [_, _]) => "__gt",
        (Op::GtEq, [_, _]) => "__gte",
        _ => return None,
    };
    let [column, other] = operands.as_slice() else { return None };
    said(column, lookup, &value(other)?)
}

fn value(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(Literal::Boolean(true)) => Some("True".to_owned()),
        Expr::Literal(Literal::Boolean(false)) => Some("False".to_owned()),
        Expr::Literal(Literal::Number(number)) => Some(number.clone()),
        Expr::Literal(Literal::Text(text)) => Some(quoted(text)),
        _ => None,
    }
}

/// A name that Django takes: its beginning and a mark of the rest where it is longer.
fn short(name: &str) -> String {
    if name.chars().count() <= MAX_NAME {
        return name.to_owned();
    }
    let mark = xxhash_rust::xxh3::xxh3_64(name.as_bytes()) & 0xff_ffff;
    let head: String = name.chars().take(MAX_NAME - 7).collect();
    format!("{}_{mark:06x}", head.trim_end_matches('_'))
}
