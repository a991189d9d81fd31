//! How findings name what they speak of.

use crate::catalog::{Backing, Index};

/// Names an index as a person knows it: the key or constraint it is there for, else its name.
pub(super) fn index(index: &Index) -> String {
    match (&index.name, index.backs) {
        (_, Some(Backing::PrimaryKey)) => "the primary key".to_owned(),
        // SQLite numbers the index of a constraint that nobody named.
        (_, Some(Backing::Unique)) => {
            let keys: Vec<String> = index.def.keys.iter().map(|key| key.expr.to_string()).collect();
            format!("the index of the constraint `UNIQUE ({})`", keys.join(", "))
        }
        (Some(name), _) => format!("`{name}`"),
        (None, _) => "a constraint's index".to_owned(),
    }
}

/// Lists things in backticks: `a`, `b` and `c`.
pub(super) fn list<T: ToString>(things: impl IntoIterator<Item = T>, last: &str) -> String {
    let mut quoted: Vec<String> = Vec::new();
    for thing in things {
        let quote = format!("`{}`", thing.to_string());
        if !quoted.contains(&quote) {
            quoted.push(quote);
        }
    }
    match quoted.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, others)) => format!("{} {last} {end}", others.join(", ")),
        None => String::new(),
    }
}
