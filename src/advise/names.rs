//! Names for new indexes: `idx_<table>_<columns>`, within the dialect's length, free in the schema and among each other.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64;

use crate::advice::IndexAdvice;
use crate::catalog::{Catalog, IndexDef};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

/// Hands out free names.
pub struct Names {
    dialect: Dialect,
    taken: BTreeSet<QName>,
}

impl Names {
    /// Starts from the names that a schema uses: those of indexes and, where the two share one space, of tables and views.
    pub fn of(catalog: &Catalog) -> Self {
        let tables = catalog.tables.keys().chain(catalog.views.keys()).cloned();
        let indexes = catalog
            .indexes()
            .filter_map(|index| Some(QName { schema: index.def.table.schema.clone(), name: index.name.clone()? }));
        Self { dialect: catalog.dialect, taken: tables.chain(indexes).collect() }
    }

    /// Starts from the names that a schema and a set of advice use.
    pub fn beside(catalog: &Catalog, set: &[IndexAdvice]) -> Self {
        let mut names = Self::of(catalog);
        let given = set.iter().map(|one| QName { schema: one.def.table.schema.clone(), name: one.name.clone() });
        names.taken.extend(given);
        names
    }

    /// Gives an index a name of its own.
    pub fn give(&mut self, def: &IndexDef) -> Ident {
        let parts = def.keys.iter().map(|key| words(&key.expr.to_string()));
        let mut wanted = format!("idx_{}_{}", words(def.table.name.as_str()), parts.collect::<Vec<_>>().join("_"));
        if def.predicate.is_some() {
            wanted.push_str("_partial");
        }
        let fits = wanted.len() <= self.dialect.max_identifier_bytes().min(63);
        if !(fits && self.take(def, &wanted)) {
            wanted = self.hashed(def, &wanted);
        }
        Ident::from(wanted)
    }

    /// Cuts a name and tells it apart by a hash of the definition.
    fn hashed(&mut self, def: &IndexDef, wanted: &str) -> String {
        let canonical = format!("{def:?}");
        for attempt in 0_u32.. {
            let hash = xxh3_64(format!("{attempt}{canonical}").as_bytes());
            let mut head = 63 - 9;
            while !wanted.is_char_boundary(head.min(wanted.len())) {
                head -= 1;
            }
            let name = format!("{}_{:08x}", &wanted[..head.min(wanted.len())], hash >> 32);
            if self.take(def, &name) {
                return name;
            }
        }
        unreachable!("there are more hashes than names")
    }

    fn take(&mut self, def: &IndexDef, name: &str) -> bool {
        self.taken.insert(QName { schema: def.table.schema.clone(), name: Ident::new(name) })
    }
}

/// Makes one word of letters, digits and underscores out of a name or an expression.
fn words(text: &str) -> String {
    let mut word = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            word.extend(letter.to_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    word.trim_end_matches('_').to_owned()
}
