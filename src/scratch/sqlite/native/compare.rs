//! What the replay had otherwise than SQLite, in words.

use super::index;
use crate::catalog::{Index, IndexDef, Table};

/// Tells where the replayed table is not the true one.
pub(super) fn table(replayed: &Table, truth: &Table) -> Vec<String> {
    let name = &truth.name;
    let mut found = Vec::new();
    for column in &truth.columns {
        // That an incomplete table lacks columns was said when a step was not understood.
        if replayed.complete && replayed.column(&column.name).is_none() {
            found.push(format!(
                "sqlite has a column `{}` in `{name}` that was not read from the statements",
                column.name
            ));
        }
    }
    for column in &replayed.columns {
        if truth.column(&column.name).is_none() {
            found.push(format!("sqlite has no column `{}` in `{name}` after the last statement", column.name));
        }
    }
    let mut matched: Vec<&Index> = Vec::new();
    for truth in &truth.indexes {
        match index::written(replayed, truth) {
            Some(written) => {
                matched.push(written);
                if written.def != truth.def {
                    let (was, is) = (show(&written.def), show(&truth.def));
                    let index = label(truth);
                    found.push(format!("sqlite has {index} on `{name}` as {is}, read from the statements was {was}"));
                }
            }
            None => {
                found.push(format!("sqlite has {} on `{name}` that was not read from the statements", label(truth)));
            }
        }
    }
    for written in &replayed.indexes {
        if !matched.iter().any(|known| std::ptr::eq(*known, written)) {
            found.push(format!("sqlite has no {} on `{name}` after the last statement", bare_label(written)));
        }
    }
    found
}

fn label(index: &Index) -> String {
    match &index.name {
        Some(_) => format!("an {}", bare_label(index)),
        None => format!("a {}", bare_label(index)),
    }
}

fn bare_label(index: &Index) -> String {
    index.name.as_ref().map_or("primary key".to_owned(), |name| format!("index `{name}`"))
}

fn show(def: &IndexDef) -> String {
    let keys: Vec<String> = def
        .keys
        .iter()
        .map(|key| {
            let collation = key.collation.as_ref().map_or(String::new(), |name| format!(" COLLATE {name}"));
            format!("{}{collation}{}", key.expr, if key.desc { " DESC" } else { "" })
        })
        .collect();
    let predicate = def.predicate.as_ref().map_or(String::new(), |predicate| format!(" WHERE {predicate}"));
    format!("`{}({}){predicate}`", if def.unique { "UNIQUE " } else { "" }, keys.join(", "))
}
