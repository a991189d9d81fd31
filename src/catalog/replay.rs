//! Replays schema steps into a catalogue: the only builder of a [`Catalog`].
//!
//! Pure. A step that cannot be applied (an unknown table, a second table of the same name) is a [`Skip`] and changes
//! nothing; the first of two wins. What a database does by itself is done here by its dialect's rules: generated
//! names, the indexes behind keys, what a dropped column takes along. SQLite's `INTEGER PRIMARY KEY` has no index of
//! its own, yet gets a nameless one here: it is searched like one, and rules need not know about rowids.

mod columns;
mod constraints;
mod finish;
mod indexes;
mod names;
mod tables;
mod types;

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Catalog, SchemaOp, SchemaStep, Table, find};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::query::{Skip, SkipStage};
use crate::source::HostSpan;

/// Builds the catalogue that `steps` lead to, in their order, from an empty database.
///
/// Indexes are numbered at the end in the order of table, name and definition.
pub fn replay(dialect: Dialect, steps: &[SchemaStep]) -> (Catalog, Vec<Skip>) {
    let mut replay = Replay {
        catalog: Catalog::new(dialect),
        skips: Vec::new(),
        search_path: Vec::new(),
        partitions: BTreeSet::new(),
        index_homes: HashMap::new(),
        temporary: BTreeSet::new(),
        numbers: names::Numbers::new(),
    };
    for step in steps {
        replay.apply(step);
    }
    replay.finish();
    (replay.catalog, replay.skips)
}

/// The database so far.
struct Replay {
    catalog: Catalog,
    skips: Vec<Skip>,
    /// The schemas of `SET search_path`; empty means the default one.
    search_path: Vec<Ident>,
    /// The tables that are partitions of their parent, not mere heirs.
    partitions: BTreeSet<QName>,
    /// The table of every named index, where index names are the schema's (PostgreSQL, SQLite).
    index_homes: HashMap<QName, QName>,
    /// Tables of the session that ran a migration.
    temporary: BTreeSet<Ident>,
    /// Where the search for a free generated name starts; nothing when a name may have become free.
    numbers: names::Numbers,
}

/// Says whether a step leaves every name taken that was.
fn only_adds(op: &SchemaOp) -> bool {
    matches!(
        op,
        SchemaOp::CreateTable { .. }
            | SchemaOp::AddColumn { .. }
            | SchemaOp::AddConstraint(..)
            | SchemaOp::CreateIndex { .. }
            | SchemaOp::CreateView(_)
            | SchemaOp::Opaque
    )
}

/// What a step is applied under.
#[derive(Clone, Copy)]
struct Under {
    guarded: bool,
    place: HostSpan,
}

impl Replay {
    fn dialect(&self) -> Dialect {
        self.catalog.dialect
    }

    fn apply(&mut self, step: &SchemaStep) {
        let under = Under { guarded: step.guarded, place: step.place };
        if !only_adds(&step.op) {
            self.numbers.clear();
        }
        match &step.op {
            SchemaOp::CreateTable { table, parts } => self.create_table(table, parts, under),
            SchemaOp::TakeOver { table, from, what } => self.take_over(table, from, *what, under),
            SchemaOp::TypesFrom(table, columns) => self.copy_types(table, columns),
            SchemaOp::Detach(table) => self.detach(table, under),
            SchemaOp::DropTable(name) => self.drop_table(name, under),
            SchemaOp::RenameTable(from, to) => self.rename_table(from, to, under),
            SchemaOp::AddColumn { table, column, parts } => self.add_column(table, column, parts, under),
            SchemaOp::AlterColumn(table, column, change) => self.alter_column(table, column, change, under),
            SchemaOp::DropColumn(table, column) => self.drop_column(table, column, under),
            SchemaOp::RenameColumn(table, from, to) => self.rename_column(table, from, to, under),
            SchemaOp::AddConstraint(table, constraint) => self.add_constraint(table, constraint, under),
            SchemaOp::DropConstraint(table, name) => self.drop_constraint(table, name, under),
            SchemaOp::DropPrimaryKey(table) => self.drop_primary_key(table, under),
            SchemaOp::RenameConstraint(table, from, to) => self.rename_constraint(table, from, to, under),
            SchemaOp::CreateIndex { name, def } => self.create_index(name.as_ref(), def, under),
            SchemaOp::DropIndex { name, table } => self.drop_index(name, table.as_ref(), under),
            SchemaOp::RenameIndex { name, table, to } => self.rename_index(name, table.as_ref(), to, under),
            SchemaOp::InvalidateIndex { name, table } => self.invalidate_index(name, table.as_ref(), under),
            SchemaOp::CreateView(view) => self.create_view(view, under),
            SchemaOp::DropView(name) => self.drop_view(name, under),
            SchemaOp::CreateType(name, ty) => self.create_type(name, ty, under),
            SchemaOp::AddEnumValue(name, value) => self.add_enum_value(name, value, under),
            SchemaOp::RenameEnumValue(name, from, to) => self.rename_enum_value(name, from, to, under),
            SchemaOp::RenameType(from, to) => self.rename_type(from, to, under),
            SchemaOp::DropType(name) => self.drop_type(name, under),
            SchemaOp::SearchPath(schemas) => self.search_path.clone_from(schemas),
            SchemaOp::Temporary(name) => {
                self.temporary.insert(name.name.clone());
            }
            SchemaOp::Opaque => {}
            SchemaOp::NotUnderstood { tables } => {
                for name in tables {
                    if let Some(key) = self.key_of(name) {
                        self.table(&key).complete = false;
                    }
                }
            }
        }
    }

    /// The name a new object gets: unqualified ones live in the first schema of the search path.
    fn home(&self, name: &QName) -> QName {
        match (&name.schema, self.search_path.first()) {
            (None, Some(schema)) => QName::qualified(schema.clone(), name.name.clone()),
            _ => name.clone(),
        }
    }

    /// The catalogue's name of an existing table.
    fn key_of(&self, name: &QName) -> Option<QName> {
        on_path(&self.search_path, name)
            .find(|candidate| self.catalog.tables.contains_key(candidate))
            .or_else(|| find(&self.catalog.tables, name).map(|table| table.name.clone()))
    }

    /// Like [`Self::key_of`]; counts a table that is not there, unless the step is guarded.
    fn known(&mut self, name: &QName, under: Under) -> Option<QName> {
        let key = self.key_of(name);
        if key.is_none() && !self.temporary.contains(&name.name) {
            self.missing("unknown-table", format!("there is no table `{name}` here"), under);
        }
        key
    }

    /// The table of a name that [`Self::key_of`] gave.
    fn table(&mut self, key: &QName) -> &mut Table {
        self.catalog.tables.get_mut(key).expect("a key comes from the catalogue")
    }

    fn skip(&mut self, reason: &'static str, detail: String, under: Under) {
        self.skips.push(Skip { stage: SkipStage::Schema, reason, detail, place: under.place });
    }

    /// Counts a step that has nothing to do, unless it says itself that this is no fault.
    fn missing(&mut self, reason: &'static str, detail: String, under: Under) {
        if !under.guarded {
            self.skip(reason, detail, under);
        }
    }
}

/// The names an unqualified name may mean under a search path, first choice first.
fn on_path<'a>(path: &'a [Ident], name: &'a QName) -> impl Iterator<Item = QName> + 'a {
    let searched =
        path.iter().filter(|_| name.schema.is_none()).map(|schema| QName::qualified(schema.clone(), name.name.clone()));
    searched.chain(std::iter::once(name.clone()))
}
