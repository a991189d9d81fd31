//! Keyset pagination: to continue from the last row of a page instead of counting past all before it.

use crate::catalog::Table;
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::Ident;
use crate::query::OrderKey;

/// What a page continues from.
pub(super) struct Keyset<'a> {
    /// The sort keys and whether they descend, made total by the primary key; the key alone where the order is not told.
    keys: Vec<(Expr, bool)>,
    /// Whether the query's own order is among them.
    told: bool,
    /// A sort column that may be NULL, which no comparison finds.
    nullable: Option<&'a Ident>,
    /// The name that qualifies columns.
    label: Option<&'a Ident>,
}

impl<'a> Keyset<'a> {
    /// Makes an order total; `order` is none where it is not known or not of this table alone. Nothing for a table without
    /// a primary key, and for an order by an expression, whose value the caller does not have.
    pub(super) fn of(table: &'a Table, order: Option<&'a [OrderKey]>, label: Option<&'a Ident>) -> Option<Self> {
        let told = order.is_some();
        let order = order.unwrap_or_default();
        let mut keys: Vec<(Expr, bool)> = Vec::new();
        let mut nullable = None;
        for OrderKey { key, desc, .. } in order {
            let column = table.column(key.as_column()?)?;
            keys.push((key.clone(), *desc));
            if !column.not_null {
                nullable = nullable.or(Some(&column.name));
            } else if is_unique(table, key) {
                return Some(Self { keys, told, nullable, label });
            }
        }
        if table.primary_key.is_empty() {
            return None;
        }
        let desc = keys.last().is_some_and(|(_, desc)| *desc);
        for column in &table.primary_key {
            let key = Expr::Column(column.clone());
            if keys.iter().all(|(known, _)| *known != key) {
                keys.push((key, desc));
            }
        }
        Some(Self { keys, told, nullable, label })
    }

    /// The columns a page continues from.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Expr> {
        self.keys.iter().map(|(key, _)| key)
    }

    /// Says what to type instead of OFFSET.
    pub(super) fn help(&self, dialect: Dialect) -> String {
        if !self.told {
            let key: Vec<String> = self.keys.iter().map(|(key, _)| self.name(key, dialect)).collect();
            return format!(
                "continue from the last row of the page before: remember what it is sorted by and `{}`, and ask for the \
                 rows behind them",
                key.join(", ")
            );
        }
        let order: Vec<String> = self
            .keys
            .iter()
            .map(|(key, desc)| format!("{}{}", self.name(key, dialect), if *desc { " DESC" } else { "" }))
            .collect();
        let nullable = self.nullable.map_or(String::new(), |column| {
            format!("; `{column}` may be NULL, and the rows without it need pages of their own")
        });
        format!(
            "continue from the last row of the page before: `{}` and `ORDER BY {} LIMIT ?`{nullable}",
            self.condition(dialect),
            order.join(", ")
        )
    }

    /// `(a, id) < (?, ?)`; written out where the directions differ, and for MySQL, which seeks no such comparison.
    fn condition(&self, dialect: Dialect) -> String {
        let sign = |desc: bool| if desc { '<' } else { '>' };
        let alike = self.keys.iter().all(|(_, desc)| *desc == self.keys[0].1);
        match self.keys.as_slice() {
            [(key, desc)] => format!("{} {} ?", self.name(key, dialect), sign(*desc)),
            keys if alike && dialect != Dialect::Mysql => {
                let names: Vec<String> = keys.iter().map(|(key, _)| self.name(key, dialect)).collect();
                format!("({}) {} ({})", names.join(", "), sign(keys[0].1), vec!["?"; keys.len()].join(", "))
            }
            keys => {
                let mut text = String::new();
                for (key, desc) in keys.iter().rev() {
                    let name = self.name(key, dialect);
                    text = match text.is_empty() {
                        true => format!("{name} {} ?", sign(*desc)),
                        false => format!("({name} {} ? OR {name} = ? AND {text})", sign(*desc)),
                    };
                }
                text
            }
        }
    }

    fn name(&self, key: &Expr, dialect: Dialect) -> String {
        match self.label {
            Some(label) => format!("{}.{}", dialect.quote(label), key.to_sql(dialect)),
            None => key.to_sql(dialect),
        }
    }
}

/// Says whether no two rows have the same value.
fn is_unique(table: &Table, key: &Expr) -> bool {
    let mut unique = table.usable_indexes().filter(|index| index.def.unique && index.def.predicate.is_none());
    matches!(table.primary_key.as_slice(), [only] if key.as_column() == Some(only))
        || unique.any(|index| matches!(index.def.keys.as_slice(), [only] if only.expr == *key))
}
