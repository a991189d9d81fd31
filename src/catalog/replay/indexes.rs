//! Indexes: created, dropped, renamed, and the names they occupy.

use super::constraints::leads_with;
use super::names::{self, Label};
use super::{Replay, Under, on_path};
use crate::catalog::{Backing, Index, IndexDef, IndexId};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn create_index(&mut self, name: Option<&Ident>, def: &IndexDef, under: Under) {
        let Some(key) = self.known(&def.table, Under { guarded: false, ..under }) else { return };
        for column in def.keys.iter().flat_map(|index_key| index_key.expr.columns()).chain(def.include.iter().cloned())
        {
            if !self.ensure_column(&key, &column, under) {
                self.skip("unknown-column", format!("`{key}` has no column `{column}` here"), under);
                return;
            }
        }
        let mut index = Index {
            id: IndexId(0),
            name: None,
            def: IndexDef { table: key.clone(), ..def.clone() },
            place: under.place,
            held: true,
            valid: true,
            backs: None,
        };
        index.name = Some(name.cloned().unwrap_or_else(|| self.generated_index_name(&key, &index)));
        if self.is_taken(&key, index.name.as_ref()) {
            let name = index.name.as_ref().map_or("", Ident::as_str);
            self.missing("duplicate-index", format!("there is an index `{name}` already"), under);
            return;
        }
        if self.dialect() == Dialect::Mysql {
            // The index that InnoDB made for a foreign key goes when one that can replace it is made.
            self.table(&key).indexes.retain(|known| {
                let columns: Vec<_> = known.def.key_columns().cloned().collect();
                known.backs != Some(Backing::ForeignKey) || !leads_with(&index.def, &columns)
            });
        }
        self.insert_index(&key, index);
    }

    /// Adds an index whose name is free.
    pub(super) fn insert_index(&mut self, key: &QName, index: Index) {
        if let Some(name) = &index.name {
            self.index_homes.insert(QName { schema: key.schema.clone(), name: name.clone() }, key.clone());
        }
        self.table(key).indexes.push(index);
    }

    /// The name that the dialect gives to an index of the table.
    pub(super) fn generated_index_name(&mut self, key: &QName, index: &Index) -> Ident {
        let (columns, label) = match index.backs {
            Some(Backing::PrimaryKey) => (String::new(), Label::PrimaryKey),
            Some(Backing::Unique) => (names::postgres_index_columns(&index.def), Label::Unique),
            Some(Backing::Exclusion) => (names::postgres_index_columns(&index.def), Label::Exclusion),
            Some(Backing::ForeignKey) | None => (names::postgres_index_columns(&index.def), Label::Index),
        };
        match self.dialect() {
            Dialect::Postgres => {
                let mut numbers = std::mem::take(&mut self.numbers);
                let taken = |name: &Ident| self.is_relation(key.schema.as_ref(), name);
                let name = names::postgres((key, &columns, label), &mut numbers, taken);
                self.numbers = numbers;
                name
            }
            Dialect::Mysql if index.backs == Some(Backing::PrimaryKey) => Ident::new("PRIMARY"),
            Dialect::Mysql => names::mysql_index(&self.catalog.tables[key], &index.def),
            Dialect::Sqlite => names::sqlite_autoindex(&self.catalog.tables[key]),
        }
    }

    fn is_relation(&self, schema: Option<&Ident>, name: &Ident) -> bool {
        let name = QName { schema: schema.cloned(), name: name.clone() };
        self.index_homes.contains_key(&name)
            || self.catalog.tables.contains_key(&name)
            || self.catalog.views.contains_key(&name)
    }

    /// Whether the table may not have another index of this name.
    pub(super) fn is_taken(&self, key: &QName, name: Option<&Ident>) -> bool {
        let Some(name) = name else { return false };
        match self.dialect() {
            Dialect::Mysql => self.catalog.tables[key].indexes.iter().any(|index| index.name.as_ref() == Some(name)),
            Dialect::Postgres | Dialect::Sqlite => self.is_relation(key.schema.as_ref(), name),
        }
    }

    /// The table of an index named on its own.
    pub(super) fn index_home(&self, name: &QName) -> Option<QName> {
        on_path(&self.search_path, name).find_map(|candidate| self.index_homes.get(&candidate)).cloned().or_else(|| {
            let mut homes = self
                .index_homes
                .iter()
                .filter(|(known, _)| known.name == name.name && (name.schema.is_none() || known.schema.is_none()));
            let (_, home) = homes.next()?;
            homes.next().is_none().then(|| home.clone())
        })
    }

    /// The table of an index and the index's place in it; counts an index that is not there.
    fn find_index(&mut self, name: &QName, table: Option<&QName>, under: Under) -> Option<(QName, usize)> {
        let home = table.and_then(|table| self.key_of(table)).or_else(|| self.index_home(name));
        let found = home.and_then(|home| {
            let indexes = &self.catalog.tables[&home].indexes;
            let position = indexes.iter().position(|index| index.name.as_ref() == Some(&name.name))?;
            Some((home, position))
        });
        if found.is_none() {
            self.missing("unknown-index", format!("there is no index `{name}` here"), under);
        }
        found
    }

    pub(super) fn drop_index(&mut self, name: &QName, table: Option<&QName>, under: Under) {
        let Some((home, position)) = self.find_index(name, table, under) else { return };
        let dropped = self.table(&home).indexes.remove(position);
        if dropped.backs == Some(Backing::PrimaryKey) {
            self.table(&home).primary_key.clear();
        }
        self.forget_dropped_indexes(&home);
    }

    pub(super) fn rename_index(&mut self, name: &QName, table: Option<&QName>, to: &Ident, under: Under) {
        let Some((home, position)) = self.find_index(name, table, under) else { return };
        if name.name != *to && self.is_taken(&home, Some(to)) {
            self.skip("duplicate-index", format!("there is an index `{to}` already"), under);
            return;
        }
        self.table(&home).indexes[position].name = Some(to.clone());
        self.forget_dropped_indexes(&home);
        self.index_homes.insert(QName { schema: home.schema.clone(), name: to.clone() }, home);
    }

    pub(super) fn invalidate_index(&mut self, name: &QName, table: Option<&QName>, under: Under) {
        if let Some((home, position)) = self.find_index(name, table, under) {
            self.table(&home).indexes[position].valid = false;
        }
    }

    /// Frees the names of indexes that the table no longer has.
    pub(super) fn forget_dropped_indexes(&mut self, key: &QName) {
        let Some(table) = self.catalog.tables.get(key) else { return };
        self.index_homes.retain(|name, home| {
            home != key || table.indexes.iter().any(|index| index.name.as_ref() == Some(&name.name))
        });
    }
}
