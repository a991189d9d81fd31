//! The names that a database gives to indexes and constraints nobody named.
//!
//! Sources: PostgreSQL `makeObjectName`, `ChooseRelationName`, `ChooseIndexName` and `ChooseConstraintName`
//! (indexcmds.c, heap.c); MySQL `make_unique_key_name` and `generate_fk_name` (sql_table.cc); SQLite
//! `sqlite3CreateIndex` (build.c).

use std::collections::HashMap;

use crate::catalog::{IndexDef, Table};
use crate::expr::{Expr, Literal};
use crate::name::{Ident, QName};

/// PostgreSQL's NAMEDATALEN without the closing zero byte.
const MAX_BYTES: usize = 63;

/// What a generated PostgreSQL name ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    PrimaryKey,
    Unique,
    Index,
    Exclusion,
    ForeignKey,
    Check,
}

impl Label {
    fn as_str(self) -> &'static str {
        match self {
            Self::PrimaryKey => "pkey",
            Self::Unique => "key",
            Self::Index => "idx",
            Self::Exclusion => "excl",
            Self::ForeignKey => "fkey",
            Self::Check => "check",
        }
    }
}

/// The numbers up to which generated names are known to be taken, by table and the name without a number.
pub(super) type Numbers = HashMap<(QName, Ident), u32>;

/// PostgreSQL: `table_columns_label`, cut to 63 bytes at the longer of the two names, and numbered until it is free.
pub(super) fn postgres(
    (table, columns, label): (&QName, &str, Label),
    numbers: &mut Numbers,
    taken: impl Fn(&Ident) -> bool,
) -> Ident {
    let first = object_name(table.name.as_str(), columns, label.as_str());
    if !taken(&first) {
        return first;
    }
    let number = numbers.entry((table.clone(), first)).or_default();
    loop {
        *number += 1;
        let name = object_name(table.name.as_str(), columns, &format!("{}{number}", label.as_str()));
        if !taken(&name) {
            return name;
        }
    }
}

fn object_name(table: &str, columns: &str, label: &str) -> Ident {
    let separators = if columns.is_empty() { 1 } else { 2 };
    let room = MAX_BYTES - label.len() - separators;
    let (mut left, mut right) = (table.len(), columns.len());
    while left + right > room {
        if left > right { left -= 1 } else { right -= 1 }
    }
    let (table, columns) = (clip(table, left), clip(columns, right));
    Ident::from(if columns.is_empty() { format!("{table}_{label}") } else { format!("{table}_{columns}_{label}") })
}

/// Cuts at a character boundary.
fn clip(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// PostgreSQL: the middle part of an index's name, its keys and included columns joined by `_`.
pub(super) fn postgres_index_columns(def: &IndexDef) -> String {
    let mut names: Vec<String> = Vec::new();
    let keys = def.keys.iter().map(|key| key_name(&key.expr).unwrap_or_else(|| "expr".to_owned()));
    for name in keys.chain(def.include.iter().map(|column| column.as_str().to_owned())) {
        let mut number = 0;
        let mut unique = name.clone();
        while names.contains(&unique) {
            number += 1;
            unique = format!("{name}{number}");
        }
        names.push(unique);
    }
    clip(&names.join("_"), MAX_BYTES).to_owned()
}

/// PostgreSQL's `FigureIndexColname`: what an expression is called.
fn key_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column(name) => Some(name.as_str().to_owned()),
        Expr::Call { function, .. } => {
            Some(function.as_str().rsplit('.').next().unwrap_or(function.as_str()).to_owned())
        }
        Expr::Cast { operand, to } => key_name(operand).or_else(|| to.split(['(', ' ']).next().map(str::to_owned)),
        Expr::Literal(Literal::Boolean(_)) => Some("bool".to_owned()),
        Expr::Opaque { text, .. } if text.to_ascii_lowercase().starts_with("case ") => Some("case".to_owned()),
        _ => None,
    }
}

/// MySQL: the first column's name, then `_2`, `_3`, …
pub(super) fn mysql_index(table: &Table, def: &IndexDef) -> Ident {
    let first = def.keys.first().and_then(|key| key.expr.as_column());
    let base = first.map_or("functional_index", Ident::as_str);
    let taken = |name: &str| {
        name.eq_ignore_ascii_case("PRIMARY")
            || table.indexes.iter().any(|index| index.name.as_ref().is_some_and(|known| *known == *name))
    };
    if !taken(base) {
        return Ident::new(base);
    }
    let mut number = 2;
    loop {
        let name = format!("{base}_{number}");
        if !taken(&name) {
            return Ident::from(name);
        }
        number += 1;
    }
}

/// MySQL: `table_ibfk_1` and `table_chk_1`, one above the highest that the table has.
pub(super) fn mysql_constraint<'a>(
    table: &Ident,
    kind: &'static str,
    existing: impl Iterator<Item = Option<&'a Ident>>,
) -> Ident {
    let prefix = format!("{table}_{kind}_");
    let highest = existing
        .flatten()
        .filter_map(|name| name.as_str().strip_prefix(prefix.as_str())?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    Ident::from(format!("{prefix}{}", highest + 1))
}

/// SQLite: `sqlite_autoindex_table_n`, where n counts the table's indexes.
pub(super) fn sqlite_autoindex(table: &Table) -> Ident {
    // The nameless index of a rowid key is ours alone; SQLite does not count it.
    let count = table.indexes.iter().filter(|index| index.name.is_some()).count();
    Ident::from(format!("sqlite_autoindex_{}_{}", table.name.name, count + 1))
}

/// SQLite: the name an automatic index gets when its table is renamed; none for other indexes.
pub(super) fn sqlite_renamed(index: &Ident, from: &Ident, to: &Ident) -> Option<Ident> {
    let number = index.as_str().strip_prefix(&format!("sqlite_autoindex_{from}"))?;
    Some(Ident::from(format!("sqlite_autoindex_{to}{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_cuts_the_longer_name() {
        let free = |_: &Ident| false;
        let long = "a".repeat(60);
        let check = |table: &str, columns: &str, label, expect: &str| {
            let table = QName::plain(table);
            assert_eq!(postgres((&table, columns, label), &mut Numbers::new(), free).as_str(), expect);
        };
        check("users", "email", Label::Unique, "users_email_key");
        check("users", "", Label::PrimaryKey, "users_pkey");
        check(&long, "email", Label::Index, &format!("{}_email_idx", "a".repeat(53)));
        check(&long, &"b".repeat(60), Label::Index, &format!("{}_{}_idx", "a".repeat(29), "b".repeat(29)));
        check(&"é".repeat(40), "", Label::PrimaryKey, &format!("{}_pkey", "é".repeat(29)));
    }

    #[test]
    fn postgres_numbers_names_that_are_taken() {
        let taken = |name: &Ident| ["t_a_idx", "t_a_idx1"].iter().any(|known| name == known);
        let (table, mut numbers) = (QName::plain("t"), Numbers::new());
        assert_eq!(postgres((&table, "a", Label::Index), &mut numbers, taken).as_str(), "t_a_idx2");
        // Once given, a number is taken.
        assert_eq!(postgres((&table, "a", Label::Index), &mut numbers, taken).as_str(), "t_a_idx3");
    }

    #[test]
    fn postgres_names_expressions_after_their_function() {
        let call = |name: &str| Expr::Call { function: Ident::new(name), args: vec![Expr::column("a")] };
        let def = |exprs: Vec<Expr>| IndexDef {
            keys: exprs
                .into_iter()
                .map(|expr| {
                    crate::catalog::IndexKey::new(
                        crate::dialect::Dialect::Postgres,
                        expr,
                        crate::catalog::Direction::Ascending,
                    )
                })
                .collect(),
            ..IndexDef::btree(crate::dialect::Dialect::Postgres, crate::name::QName::plain("t"), ["a"])
        };
        assert_eq!(postgres_index_columns(&def(vec![call("lower"), Expr::column("b")])), "lower_b");
        assert_eq!(postgres_index_columns(&def(vec![call("lower"), call("lower")])), "lower_lower1");
        let sum = Expr::op(crate::expr::Op::Other("+".to_owned()), vec![Expr::column("a"), Expr::column("b")]);
        assert_eq!(postgres_index_columns(&def(vec![sum])), "expr");
    }
}
