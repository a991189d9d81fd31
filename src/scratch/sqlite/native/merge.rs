//! Puts SQLite's answer and what only the replay knows together.
//!
//! SQLite's own statements are lowered and replayed once more: that gives what no pragma shows (checks, defaults,
//! predicates, expressions) for the names as they are at the end. The pragmas decide over both readings of the text.

use super::apply::Applied;
use super::compare;
use super::inspect::{Inspected, SeenColumn, SeenForeignKey, SeenTable, SeenView};
use super::{Corrected, Lower, index, strings};
use crate::catalog::{
    Catalog, Column, ColumnType, ForeignKey, ReferentialAction, SchemaOp, Table, TableKind, TypeClass, View, replay,
};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::query::{Skip, SkipStage};
use crate::source::HostSpan;

/// What is known of one table: SQLite's answer, the replay of the application's statements, and that of SQLite's own.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) seen: &'a SeenTable,
    pub(super) replayed: Option<&'a Table>,
    pub(super) reread: Option<&'a Table>,
    pub(super) place: HostSpan,
}

/// Makes the corrected catalogue; `first` is where the first statement stands.
pub(super) fn merge(
    replayed: &Catalog,
    inspected: &Inspected,
    applied: Applied,
    first: HostSpan,
    lower: Lower<'_>,
) -> Corrected {
    // No text is as short as an empty span, so nothing that is lowered takes it for the text's own place.
    let nowhere = HostSpan { end: first.start, ..first };
    let mut merge = Merge {
        replayed,
        reread: reread(inspected, lower, nowhere),
        applied,
        lower,
        nowhere,
        catalog: Catalog::new(replayed.dialect),
        differences: Vec::new(),
    };
    merge.catalog.types.clone_from(&replayed.types);
    inspected.tables.iter().for_each(|table| merge.add_table(table));
    inspected.views.iter().for_each(|view| merge.add_view(view));
    merge.keep_tables();
    merge.keep_views();
    let Merge { mut catalog, applied, differences, .. } = merge;
    catalog.number_indexes();
    let mut skips = applied.skips;
    skips.extend(differences);
    Corrected { catalog, skips }
}

/// The catalogue that the statements in SQLite's own schema lead to.
fn reread(inspected: &Inspected, lower: Lower<'_>, nowhere: HostSpan) -> Catalog {
    let tables = inspected.tables.iter().map(|table| table.sql.as_str());
    let indexes = inspected.tables.iter().flat_map(|table| &table.indexes).filter_map(|index| index.sql.as_deref());
    let views = inspected.views.iter().map(|view| view.sql.as_str());
    let steps: Vec<_> = tables.chain(indexes).chain(views).flat_map(|sql| lower(sql, nowhere)).collect();
    replay(Dialect::Sqlite, &steps).0
}

struct Merge<'a> {
    replayed: &'a Catalog,
    reread: Catalog,
    applied: Applied,
    lower: Lower<'a>,
    /// The place of what stands nowhere.
    nowhere: HostSpan,
    catalog: Catalog,
    differences: Vec<Skip>,
}

impl Merge<'_> {
    fn add_table(&mut self, seen: &SeenTable) {
        let name = QName::plain(seen.name.clone());
        let replayed = self.replayed.tables.get(&name);
        let place = replayed.map(|table| table.place).or_else(|| self.applied.origins.get(&seen.row).copied());
        let place = place.unwrap_or(self.nowhere);
        let known = Known { seen, replayed, reread: self.reread.tables.get(&name), place };
        let table = self.table(known);
        let differences = match replayed {
            Some(replayed) => compare::table(replayed, &table),
            None => vec![format!("sqlite has a table `{name}` that was not read from the statements")],
        };
        differences.into_iter().for_each(|detail| self.differ(detail, place));
        self.catalog.tables.insert(table.name.clone(), table);
    }

    fn table(&self, known: Known<'_>) -> Table {
        let Known { seen, replayed, reread, place } = known;
        let name = replayed.map_or_else(|| QName::plain(seen.name.clone()), |table| table.name.clone());
        let in_doubt = self.applied.doubts.covers_table(&seen.name);
        let mut table = Table {
            columns: seen.columns.iter().map(|column| self.column(known, column)).collect(),
            primary_key: seen.primary_key(),
            indexes: index::indexes(known, &name, &self.applied.origins),
            foreign_keys: seen.foreign_keys.iter().map(|key| foreign_key(known, key)).collect(),
            checks: reread.or(replayed).map(|table| table.checks.clone()).unwrap_or_default(),
            complete: !in_doubt || replayed.is_some_and(|table| table.complete),
            without_rowid: seen.is_without_rowid(),
            kind: TableKind::Plain,
            parent: None,
            place,
            name,
        };
        strings::unquote(&mut table);
        if let Some(replayed) = replayed {
            self.keep_parts(&mut table, replayed, in_doubt);
        }
        table
    }

    /// Keeps what the replay alone knows: what is not held, and what SQLite may lack through no fault of the replay.
    fn keep_parts(&self, table: &mut Table, replayed: &Table, in_doubt: bool) {
        for index in &replayed.indexes {
            let excused = index.name.as_ref().is_some_and(|name| self.applied.doubts.excuses(name));
            if (!index.held || excused) && !table.indexes.iter().any(|there| there.name == index.name) {
                table.indexes.push(index.clone());
            }
        }
        if !in_doubt {
            return;
        }
        for column in &replayed.columns {
            if table.column(&column.name).is_none() {
                table.columns.push(column.clone());
            }
        }
        for key in &replayed.foreign_keys {
            if !table.foreign_keys.iter().any(|there| there.columns == key.columns && there.to == key.to) {
                table.foreign_keys.push(key.clone());
            }
        }
    }

    fn column(&self, known: Known<'_>, seen: &SeenColumn) -> Column {
        // A column whose type was lost on the way is not read.
        let read = |table: &Table| {
            table.column(&seen.name).filter(|column| column.ty.declared.is_empty() == seen.declared.is_empty()).cloned()
        };
        let column = known.reread.and_then(read).or_else(|| known.replayed.and_then(read));
        let written = known.replayed.and_then(|table| table.column(&seen.name));
        Column {
            not_null: seen.not_null || seen.key > 0,
            place: written.map_or(known.place, |column| column.place),
            ..column.unwrap_or_else(|| self.bare_column(seen))
        }
    }

    /// A column of which the pragma alone speaks.
    fn bare_column(&self, seen: &SeenColumn) -> Column {
        let quoted = seen.name.as_str().replace('"', "\"\"");
        let steps = (self.lower)(&format!("CREATE TABLE t (\"{quoted}\" {})", seen.declared), self.nowhere);
        let lowered = steps.into_iter().find_map(|step| match step.op {
            SchemaOp::CreateTable { table, .. } => table.columns.into_iter().next(),
            _ => None,
        });
        let ty = lowered.map(|column| column.ty).unwrap_or_else(|| ColumnType {
            declared: seen.declared.to_lowercase(),
            class: TypeClass::Other,
            members: Vec::new(),
        });
        Column {
            name: seen.name.clone(),
            ty,
            not_null: false,
            default: None,
            generated: None,
            collation: None,
            place: self.nowhere,
        }
    }

    fn add_view(&mut self, seen: &SeenView) {
        let name = QName::plain(seen.name.clone());
        let replayed = self.replayed.views.get(&name);
        let place = replayed.map(|view| view.place).or_else(|| self.applied.origins.get(&seen.row).copied());
        let place = place.unwrap_or(self.nowhere);
        if replayed.is_none() {
            self.differ(format!("sqlite has a view `{name}` that was not read from the statements"), place);
        }
        if let Some(view) = self.reread.views.get(&name).or(replayed) {
            let view = View { place, ..view.clone() };
            self.catalog.views.insert(view.name.clone(), view);
        }
    }

    /// Keeps the tables that SQLite does not speak of; those that are gone, it does speak of.
    fn keep_tables(&mut self) {
        for (name, table) in &self.replayed.tables {
            if self.catalog.tables.contains_key(name) {
                continue;
            }
            if self.applied.doubts.is_gone(&name.name) {
                self.differ(format!("sqlite has no table `{name}` after the last statement"), table.place);
            } else if !self.catalog.views.contains_key(name) {
                self.catalog.tables.insert(name.clone(), table.clone());
            }
        }
    }

    fn keep_views(&mut self) {
        for (name, view) in &self.replayed.views {
            if self.catalog.views.contains_key(name) {
                continue;
            }
            if self.applied.doubts.is_gone(&name.name) {
                self.differ(format!("sqlite has no view `{name}` after the last statement"), view.place);
            } else if !self.catalog.tables.contains_key(name) {
                self.catalog.views.insert(name.clone(), view.clone());
            }
        }
    }

    fn differ(&mut self, detail: String, place: HostSpan) {
        self.differences.push(Skip { stage: SkipStage::Schema, reason: "schema-differs", detail, place });
    }
}

fn foreign_key(known: Known<'_>, seen: &SeenForeignKey) -> ForeignKey {
    let find = |table: &Table| {
        let same = |key: &&ForeignKey| key.columns == seen.columns && key.to.name == seen.to;
        table.foreign_keys.iter().find(same).cloned()
    };
    let written = known.replayed.and_then(find);
    let to = QName::plain(seen.to.clone());
    let name = known.reread.and_then(find).or_else(|| written.clone()).and_then(|key| key.name);
    ForeignKey {
        name,
        columns: seen.columns.clone(),
        to: written.as_ref().map_or(to, |key| key.to.clone()),
        to_columns: seen.to_columns.clone(),
        on_delete: match seen.on_delete.as_str() {
            "CASCADE" => ReferentialAction::Cascade,
            "SET NULL" | "SET DEFAULT" => ReferentialAction::Set,
            _ => ReferentialAction::Refuse,
        },
        place: written.map_or(known.place, |key| key.place),
    }
}
