//! A catalogue's objects as DDL of its dialect.
//!
//! What is printed replays to the same catalogue, as far as it holds what a database needs to know: an exclusion
//! constraint has lost its operators and a materialised view its query, so they are printed with a comment.

mod script;

pub use script::{Script, script};

use crate::advice::{create_ddl, quote_qualified};
use crate::catalog::{
    Backing, Catalog, Column, ForeignKey, Index, Method, ReferentialAction, Table, TableKind, UserType, View,
};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::{Ident, QName};

/// Prints a whole catalogue as [`script`] orders it, a blank line between two pieces.
pub fn catalog(catalog: &Catalog) -> String {
    let Script { before, tables, after } = script(catalog);
    let tables = tables.into_iter().map(|(_, text)| text);
    before.into_iter().chain(tables).chain(after).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// Prints a table and, a line each, the indexes that stand behind no constraint.
pub fn table(table: &Table, dialect: Dialect) -> String {
    let mut items: Vec<String> = table.columns.iter().map(|found| column(found, dialect)).collect();
    let (keys, repeated) = keys(table, dialect);
    items.extend(keys);
    items.extend(checks_and_foreign_keys(table, dialect));
    let mut text = String::new();
    text.push_str(match table.kind {
        TableKind::Plain => "",
        TableKind::Materialized => "-- a materialized view\n",
        TableKind::Foreign => "-- a table of another server\n",
    });
    text.push_str(&format!(
        "CREATE TABLE {} (\n    {}\n)",
        quote_qualified(dialect, &table.name),
        items.join(",\n    ")
    ));
    if let Some(parent) = &table.parent {
        text.push_str(&format!(" INHERITS ({})", quote_qualified(dialect, parent)));
    }
    if table.without_rowid {
        text.push_str(" WITHOUT ROWID");
    }
    text.push(';');
    for key in repeated {
        text.push_str(&format!("\nALTER TABLE {} ADD {key};", quote_qualified(dialect, &table.name)));
    }
    for found in &table.indexes {
        if found.backs.is_none() {
            text.push('\n');
            text.push_str(&index(found, dialect));
        } else if found.backs == Some(Backing::Exclusion) {
            text.push_str(&format!("\n-- exclusion constraint: {}", index(found, dialect)));
        }
    }
    text
}

/// Prints `CREATE INDEX`, also for an index that stands behind a constraint.
pub fn index(index: &Index, dialect: Dialect) -> String {
    let nameless = Ident::new("");
    let name = index.name.as_ref().unwrap_or(&nameless);
    let text = create_ddl(dialect, name, &index.def);
    match dialect {
        _ if index.valid => text,
        Dialect::Mysql => {
            let (table, name) = (quote_qualified(dialect, &index.def.table), dialect.quote(name));
            format!("{text}\nALTER TABLE {table} ALTER INDEX {name} INVISIBLE;")
        }
        Dialect::Postgres | Dialect::Sqlite => format!("{text} -- invalid"),
    }
}

fn user_type(name: &QName, ty: &UserType, dialect: Dialect) -> String {
    let name = quote_qualified(dialect, name);
    match ty {
        UserType::Enum(labels) => {
            let labels: Vec<_> = labels.iter().map(|label| format!("'{}'", label.replace('\'', "''"))).collect();
            format!("CREATE TYPE {name} AS ENUM ({});", labels.join(", "))
        }
        UserType::Domain { base, not_null } => {
            format!("CREATE DOMAIN {name} AS {}{};", base.declared, if *not_null { " NOT NULL" } else { "" })
        }
    }
}

fn view(view: &View, dialect: Dialect) -> String {
    let columns = match view.columns.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", names(columns, dialect)),
    };
    format!("CREATE VIEW {}{columns} AS {};", quote_qualified(dialect, &view.name), view.query)
}

fn column(column: &Column, dialect: Dialect) -> String {
    let mut text = dialect.quote(&column.name).into_owned();
    let mut push = |piece: &str| {
        text.push(' ');
        text.push_str(piece);
    };
    if !column.ty.declared.is_empty() {
        push(&column.ty.declared);
    }
    if let Some(collation) = &column.collation {
        push("COLLATE");
        push(&dialect.quote(&Ident::new(collation)));
    }
    if column.not_null {
        push("NOT NULL");
    }
    if let Some(default) = &column.default {
        push("DEFAULT");
        push(&in_parentheses(default, dialect));
    }
    if let Some(generated) = column.generated.as_ref().filter(|generated| is_printable(generated)) {
        push(&format!("GENERATED ALWAYS AS ({}) STORED", generated.to_sql(dialect)));
    }
    text
}

/// SQLite and MySQL take expressions in parentheses only.
fn in_parentheses(default: &str, dialect: Dialect) -> String {
    let plain = default.starts_with(['(', '\'', '-', '+', '"']) || !default.contains(['(', ' ', '|']);
    if dialect == Dialect::Postgres || plain { default.to_owned() } else { format!("({default})") }
}

/// The keys, and apart from them those that repeat another one: within a CREATE TABLE two equal keys become one.
fn keys(table: &Table, dialect: Dialect) -> (Vec<String>, Vec<String>) {
    let mut backed: Vec<&Index> = table.indexes.iter().filter(|index| index.backs.is_some()).collect();
    match dialect {
        // The names SQLite gives count up in the order of the text.
        Dialect::Sqlite => {
            backed.sort_by_key(|index| index.name.as_ref().map(|name| (name.as_str().len(), name.clone())));
        }
        Dialect::Postgres | Dialect::Mysql => backed.sort_by_key(|index| index.backs != Some(Backing::PrimaryKey)),
    }
    let (mut first, mut repeated) = (Vec::new(), Vec::new());
    for (at, index) in backed.iter().enumerate() {
        let same = |other: &&Index| other.def.keys == index.def.keys && other.def.include == index.def.include;
        let repeats = dialect == Dialect::Postgres && backed[..at].iter().any(same);
        if repeats { &mut repeated } else { &mut first }.extend(key(index, dialect));
    }
    (first, repeated)
}

fn checks_and_foreign_keys(table: &Table, dialect: Dialect) -> Vec<String> {
    let mut items = Vec::new();
    for check in table.checks.iter().filter(|check| is_printable(&check.condition)) {
        let name = constraint_name(check.name.as_ref(), dialect);
        items.push(format!("{name}CHECK ({})", check.condition.to_sql(dialect)));
    }
    items.extend(table.foreign_keys.iter().map(|foreign| foreign_key(foreign, dialect)));
    items
}

fn key(index: &Index, dialect: Dialect) -> Option<String> {
    let columns: Vec<_> = index.def.key_columns().cloned().collect();
    let columns = names(&columns, dialect);
    let include = match index.def.include.as_slice() {
        [] => String::new(),
        include => format!(" INCLUDE ({})", names(include, dialect)),
    };
    let name = match dialect {
        Dialect::Postgres => constraint_name(index.name.as_ref(), dialect),
        Dialect::Mysql | Dialect::Sqlite => String::new(),
    };
    match (index.backs?, dialect) {
        (Backing::PrimaryKey, _) => Some(format!("{name}PRIMARY KEY ({columns}){include}")),
        (Backing::Unique, Dialect::Mysql) if index.def.method == Method::Btree => {
            let name = index.name.as_ref().map_or(String::new(), |name| format!(" {}", dialect.quote(name)));
            Some(format!("UNIQUE KEY{name} ({columns})"))
        }
        (Backing::Unique, _) => Some(format!("{name}UNIQUE ({columns}){include}")),
        // MySQL makes the index of a foreign key itself.
        (Backing::ForeignKey | Backing::Exclusion, _) => None,
    }
}

fn foreign_key(foreign: &ForeignKey, dialect: Dialect) -> String {
    let to_columns = match foreign.to_columns.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", names(columns, dialect)),
    };
    let on_delete = match foreign.on_delete {
        ReferentialAction::Refuse => "",
        ReferentialAction::Cascade => " ON DELETE CASCADE",
        ReferentialAction::Set => " ON DELETE SET NULL",
    };
    format!(
        "{}FOREIGN KEY ({}) REFERENCES {}{to_columns}{on_delete}",
        constraint_name(foreign.name.as_ref(), dialect),
        names(&foreign.columns, dialect),
        quote_qualified(dialect, &foreign.to),
    )
}

fn constraint_name(name: Option<&Ident>, dialect: Dialect) -> String {
    name.map_or(String::new(), |name| format!("CONSTRAINT {} ", dialect.quote(name)))
}

fn names(columns: &[Ident], dialect: Dialect) -> String {
    columns.iter().map(|column| dialect.quote(column)).collect::<Vec<_>>().join(", ")
}

/// A value known at run time only has no text.
fn is_printable(expr: &Expr) -> bool {
    match expr {
        Expr::Param | Expr::Outer => false,
        Expr::Column(_) | Expr::Literal(_) | Expr::Opaque { .. } => true,
        Expr::Call { args: parts, .. } | Expr::Op { operands: parts, .. } => parts.iter().all(is_printable),
        Expr::Cast { operand, .. } => is_printable(operand),
    }
}
