//! Keys, foreign keys, checks and exclusions, with the indexes that stand behind them.

use super::names::{self, Label};
use super::{Replay, Under};
use crate::catalog::{Backing, Check, Constraint, ForeignKey, Index, IndexDef, IndexId, Table};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn add_constraint(&mut self, name: &QName, constraint: &Constraint, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        match constraint {
            Constraint::PrimaryKey { name, columns } => self.add_primary_key(&key, name.as_ref(), columns, under),
            Constraint::Unique { name, columns, include } => {
                if self.has_columns(&key, columns, under) {
                    let def = IndexDef { include: include.clone(), ..unique(self.dialect(), &key, columns) };
                    self.back(&key, name.as_ref(), def, Backing::Unique, under);
                }
            }
            Constraint::UsingIndex { name, index, primary } => {
                let backing = if *primary { Backing::PrimaryKey } else { Backing::Unique };
                self.promote_index(&key, name.as_ref(), index, backing, under);
            }
            Constraint::ForeignKey(foreign) => self.add_foreign_key(&key, foreign, under),
            Constraint::Check(check) => self.add_check(&key, check),
            Constraint::Exclusion { name, def } => {
                self.back(&key, name.as_ref(), def.clone(), Backing::Exclusion, under);
            }
        }
    }

    fn add_primary_key(&mut self, key: &QName, name: Option<&Ident>, columns: &[Ident], under: Under) {
        if !self.table(key).primary_key.is_empty() {
            self.missing("duplicate-constraint", format!("`{key}` has a primary key already"), under);
            return;
        }
        if self.has_columns(key, columns, under) {
            self.set_primary_key(key, columns);
            self.back(key, name, unique(self.dialect(), key, columns), Backing::PrimaryKey, under);
        }
    }

    fn set_primary_key(&mut self, key: &QName, columns: &[Ident]) {
        let table = self.table(key);
        table.primary_key = columns.to_vec();
        table
            .columns
            .iter_mut()
            .filter(|column| columns.contains(&column.name))
            .for_each(|column| column.not_null = true);
    }

    /// Adds the index behind a constraint under the name its dialect gives it.
    fn back(&mut self, key: &QName, name: Option<&Ident>, mut def: IndexDef, backing: Backing, under: Under) {
        def.table = key.clone();
        let mut index = Index {
            id: IndexId(0),
            name: None,
            def,
            place: under.place,
            held: true,
            valid: true,
            backs: Some(backing),
        };
        index.name = match (self.dialect(), backing) {
            (Dialect::Sqlite, Backing::PrimaryKey) if self.catalog.tables[key].rowid().is_some() => None,
            (Dialect::Sqlite, _) => Some(names::sqlite_autoindex(&self.catalog.tables[key])),
            (Dialect::Mysql, Backing::PrimaryKey) => Some(Ident::new("PRIMARY")),
            _ => Some(name.cloned().unwrap_or_else(|| self.generated_index_name(key, &index))),
        };
        if self.is_taken(key, index.name.as_ref()) {
            let name = index.name.as_ref().map_or("", Ident::as_str);
            self.missing("duplicate-index", format!("there is an index `{name}` already"), under);
            return;
        }
        self.insert_index(key, index);
    }

    fn promote_index(&mut self, key: &QName, name: Option<&Ident>, index: &Ident, backing: Backing, under: Under) {
        let Some(found) = self.table(key).indexes.iter_mut().find(|known| known.name.as_ref() == Some(index)) else {
            self.missing("unknown-index", format!("`{key}` has no index `{index}` here"), under);
            return;
        };
        found.backs = Some(backing);
        let columns: Vec<_> = found.def.key_columns().cloned().collect();
        if backing == Backing::PrimaryKey {
            self.set_primary_key(key, &columns);
        }
        if let Some(name) = name {
            let index = QName { schema: key.schema.clone(), name: index.clone() };
            self.rename_index(&index, Some(key), name, under);
        }
    }

    fn add_foreign_key(&mut self, key: &QName, foreign: &ForeignKey, under: Under) {
        if !self.has_columns(key, &foreign.columns, under) {
            return;
        }
        let to = self.key_of(&foreign.to).unwrap_or_else(|| self.home(&foreign.to));
        let dialect = self.dialect();
        let mut numbers = std::mem::take(&mut self.numbers);
        let table = self.table(key);
        let taken = |name: &Ident| has_constraint(table, name);
        if foreign.name.as_ref().is_some_and(taken) {
            let name = foreign.name.as_ref().map_or("", Ident::as_str);
            let detail = format!("`{key}` has a constraint `{name}` already");
            self.missing("duplicate-constraint", detail, under);
            return;
        }
        let name = foreign.name.clone().or_else(|| match dialect {
            Dialect::Postgres => {
                let parts = (key, &*join(&foreign.columns), Label::ForeignKey);
                Some(names::postgres(parts, &mut numbers, taken))
            }
            Dialect::Mysql => {
                let existing = table.foreign_keys.iter().map(|known| known.name.as_ref());
                Some(names::mysql_constraint(&key.name, "ibfk", existing))
            }
            Dialect::Sqlite => None,
        });
        let foreign = ForeignKey { name, to, place: under.place, ..foreign.clone() };
        table.foreign_keys.push(foreign.clone());
        self.numbers = numbers;
        if dialect == Dialect::Mysql {
            self.index_foreign_key(key, &foreign, under);
        }
    }

    /// InnoDB wants an index that leads with a foreign key's columns, and makes one if there is none.
    fn index_foreign_key(&mut self, key: &QName, foreign: &ForeignKey, under: Under) {
        let table = &self.catalog.tables[key];
        if table.indexes.iter().any(|index| leads_with(&index.def, &foreign.columns)) {
            return;
        }
        let def = IndexDef::btree(Dialect::Mysql, key.clone(), foreign.columns.iter().cloned());
        let given = foreign.name.clone().filter(|name| !name.as_str().contains("_ibfk_"));
        let name = given.filter(|name| !self.is_taken(key, Some(name)));
        let index = Index {
            id: IndexId(0),
            name: Some(name.unwrap_or_else(|| names::mysql_index(table, &def))),
            def,
            place: under.place,
            held: true,
            valid: true,
            backs: Some(Backing::ForeignKey),
        };
        self.insert_index(key, index);
    }

    fn add_check(&mut self, key: &QName, check: &Check) {
        let dialect = self.dialect();
        let mut numbers = std::mem::take(&mut self.numbers);
        let table = self.table(key);
        let name = check.name.clone().or_else(|| match dialect {
            Dialect::Postgres => {
                let columns = check.condition.columns();
                let column = columns.first().filter(|_| columns.len() == 1).map_or("", Ident::as_str);
                let taken = |name: &Ident| has_constraint(table, name);
                Some(names::postgres((key, column, Label::Check), &mut numbers, taken))
            }
            Dialect::Mysql => {
                let existing = table.checks.iter().map(|known| known.name.as_ref());
                Some(names::mysql_constraint(&key.name, "chk", existing))
            }
            Dialect::Sqlite => None,
        });
        table.checks.push(Check { name, condition: check.condition.clone() });
        self.numbers = numbers;
    }

    pub(super) fn drop_constraint(&mut self, name: &QName, constraint: &Ident, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        let table = self.table(&key);
        let before = (table.indexes.len(), table.foreign_keys.len(), table.checks.len());
        let named = |name: &Option<Ident>| name.as_ref() == Some(constraint);
        let primary = table.indexes.iter().any(|index| index.backs == Some(Backing::PrimaryKey) && named(&index.name));
        // MySQL keeps the index of a foreign key that is dropped, even under the same name.
        let has_foreign = table.foreign_keys.iter().any(|foreign| named(&foreign.name));
        if has_foreign {
            table.indexes.iter_mut().filter(|index| index.backs == Some(Backing::ForeignKey)).for_each(|index| {
                if named(&index.name) {
                    index.backs = None;
                }
            });
        } else {
            table.indexes.retain(|index| index.backs.is_none() || !named(&index.name));
        }
        table.foreign_keys.retain(|foreign| !named(&foreign.name));
        table.checks.retain(|check| !named(&check.name));
        if primary {
            table.primary_key.clear();
        }
        if before == (table.indexes.len(), table.foreign_keys.len(), table.checks.len()) {
            self.missing("unknown-constraint", format!("`{key}` has no constraint `{constraint}` here"), under);
        }
        self.forget_dropped_indexes(&key);
    }

    pub(super) fn drop_primary_key(&mut self, name: &QName, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        let table = self.table(&key);
        if table.primary_key.is_empty() {
            self.missing("unknown-constraint", format!("`{key}` has no primary key here"), under);
            return;
        }
        table.primary_key.clear();
        table.indexes.retain(|index| index.backs != Some(Backing::PrimaryKey));
        self.forget_dropped_indexes(&key);
    }

    pub(super) fn rename_constraint(&mut self, name: &QName, from: &Ident, to: &Ident, under: Under) {
        let Some(key) = self.known(name, under) else { return };
        let table = self.table(&key);
        if table.indexes.iter().any(|index| index.backs.is_some() && index.name.as_ref() == Some(from)) {
            let index = QName { schema: key.schema.clone(), name: from.clone() };
            self.rename_index(&index, Some(&key), to, under);
            return;
        }
        let foreign = table.foreign_keys.iter_mut().map(|foreign| &mut foreign.name);
        let checks = table.checks.iter_mut().map(|check| &mut check.name);
        match foreign.chain(checks).find(|name| name.as_ref() == Some(from)) {
            Some(name) => *name = Some(to.clone()),
            None => self.missing("unknown-constraint", format!("`{key}` has no constraint `{from}` here"), under),
        }
    }

    /// Says whether the table has all the columns; counts the first that it has not.
    fn has_columns(&mut self, key: &QName, columns: &[Ident], under: Under) -> bool {
        for column in columns {
            if !self.ensure_column(key, column, under) {
                self.skip("unknown-column", format!("`{key}` has no column `{column}` here"), under);
                return false;
            }
        }
        !columns.is_empty()
    }
}

fn unique(dialect: Dialect, table: &QName, columns: &[Ident]) -> IndexDef {
    IndexDef { unique: true, ..IndexDef::btree(dialect, table.clone(), columns.iter().cloned()) }
}

/// Whether a b-tree's first keys are exactly `columns`, so that InnoDB accepts it for a foreign key.
pub(super) fn leads_with(def: &IndexDef, columns: &[Ident]) -> bool {
    def.keys.len() >= columns.len()
        && def.method == crate::catalog::Method::Btree
        && def
            .keys
            .iter()
            .zip(columns)
            .all(|(key, column)| key.expr.as_column() == Some(column) && key.prefix.is_none())
}

fn has_constraint(table: &Table, name: &Ident) -> bool {
    let indexes = table.indexes.iter().filter(|index| index.backs.is_some()).map(|index| &index.name);
    let foreign = table.foreign_keys.iter().map(|foreign| &foreign.name);
    let checks = table.checks.iter().map(|check| &check.name);
    // MySQL names the index of a foreign key like the key; that is no clash.
    foreign.chain(checks).chain(indexes).any(|known| known.as_ref() == Some(name))
}

fn join(columns: &[Ident]) -> String {
    columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_")
}
