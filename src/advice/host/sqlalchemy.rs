//! SQLAlchemy's `Index(…)`.

use super::{list, quoted};
use crate::advice::key_ddl;
use crate::catalog::{IndexDef, IndexKey, Method};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::Ident;

/// Writes an index as an argument of its table.
pub(super) fn index(name: &Ident, def: &IndexDef, dialect: Dialect) -> String {
    let option = |name: &str, value: String| format!("{}_{name}={value}", prefix(dialect));
    let mut arguments = vec![quoted(name.as_str())];
    arguments.extend(def.keys.iter().map(|one| key(dialect, one)));
    if def.unique {
        arguments.push("unique=True".to_owned());
    }
    match &def.method {
        Method::Btree => {}
        Method::Hash => arguments.push(option("using", quoted("hash"))),
        // MySQL's own kinds stand before INDEX.
        Method::Other(method) if dialect == Dialect::Mysql => {
            arguments.push(option("prefix", quoted(&method.to_uppercase())));
        }
        Method::Other(method) => arguments.push(option("using", quoted(method))),
    }
    let by_name = |value: fn(&IndexKey) -> Option<String>| {
        let named = def.keys.iter().filter(|key| is_name(dialect, key));
        let pairs =
            named.filter_map(|key| Some(format!("{}: {}", quoted(key.expr.as_column()?.as_str()), value(key)?)));
        let pairs: Vec<String> = pairs.collect();
        (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(", ")))
    };
    arguments.extend(by_name(|key| key.opclass.as_deref().map(quoted)).map(|classes| option("ops", classes)));
    arguments.extend(by_name(|key| key.prefix.map(|length| length.to_string())).map(|of| option("length", of)));
    if !def.include.is_empty() {
        arguments.push(option("include", list(def.include.iter().map(Ident::as_str))));
    }
    if let Some(predicate) = &def.predicate {
        arguments.push(option("where", text(&predicate.to_sql(dialect))));
    }
    format!("Index({})", arguments.join(", "))
}

fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::Sqlite => "sqlite",
        Dialect::Mysql => "mysql",
    }
}

/// Whether a key is said by the name of its column; the operator class and the length stand beside it.
fn is_name(dialect: Dialect, key: &IndexKey) -> bool {
    let is_ascending = !key.desc && key.nulls_first == dialect.nulls_first_by_default(false);
    key.expr.as_column().is_some() && is_ascending && key.collation.is_none()
}

fn key(dialect: Dialect, key: &IndexKey) -> String {
    match key.expr.as_column().filter(|_| is_name(dialect, key)) {
        Some(column) => quoted(column.as_str()),
        None => {
            let sql = key_ddl(dialect, key);
            let call = key.expr.to_sql(dialect);
            let is_bare = matches!(key.expr, Expr::Call { .. }) && dialect != Dialect::Mysql;
            // A function call needs no parentheses of its own but in MySQL.
            let rest = sql.strip_prefix(&format!("({call})")).filter(|_| is_bare);
            text(&rest.map_or(sql.clone(), |rest| format!("{call}{rest}")))
        }
    }
}

/// SQL as it is: SQLAlchemy takes a colon before a word for a parameter, but for that of `::`.
fn text(sql: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        let is_word = characters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if character == ':' && before != ':' && is_word {
            out.push('\\');
        }
        out.push(character);
        before = character;
    }
    format!("text({})", quoted(&out))
}
