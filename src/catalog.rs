//! What a database's schema declares: tables, columns, keys, indexes, views, types, and the steps that build it.
//!
//! Plain data plus [`replay`], the only builder of a [`Catalog`]. Knows no SQL text (`schema::ddl` lowers
//! statements to steps) and no engine.

mod replay;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use replay::replay;
pub use step::{ColumnChange, Constraint, SchemaOp, SchemaStep, TakeOver};

use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// A database's schema after every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The dialect the schema is written in.
    pub dialect: Dialect,
    /// How its database compares names.
    pub case: Case,
    /// Base tables and materialised views, by name.
    pub tables: BTreeMap<QName, Table>,
    /// Plain views, by name.
    pub views: BTreeMap<QName, View>,
    /// Enums and domains, by name.
    pub types: BTreeMap<QName, UserType>,
    /// Conditions that the application's framework adds to every query of a table, by table, parameters as `$1`, `$2`, …
    pub always: BTreeMap<QName, Arc<str>>,
    /// The table of every index, by its number.
    homes: Vec<QName>,
}

/// What a database makes of names that differ in case only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Case {
    /// They are two: PostgreSQL, which folds names without quotes first.
    Exact,
    /// They are one, or nobody knows which database it is.
    Ignored,
}

/// A base table, or a materialised view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QName,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in key order; empty without one.
    pub primary_key: Vec<Ident>,
    /// Its indexes, those behind constraints included.
    pub indexes: Vec<Index>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints, in canonical form; `IN` lists among them bound the distinct values.
    pub checks: Vec<Check>,
    /// Whether every step that names the table was understood; `unknown-column` needs it.
    pub complete: bool,
    /// SQLite's `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// What kind of table it is.
    pub kind: TableKind,
    /// The table it is a partition of or inherits from.
    pub parent: Option<QName>,
    /// Where it was declared.
    pub place: HostSpan,
}

/// What holds a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    /// The database.
    #[default]
    Plain,
    /// The database, as a view that is made once.
    Materialized,
    /// Another server: no index of this one serves it, and its planner is another.
    Foreign,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: ColumnType,
    /// `NOT NULL`, or part of the primary key.
    pub not_null: bool,
    /// The default, as written.
    pub default: Option<String>,
    /// The expression of a generated column.
    pub generated: Option<Expr>,
    /// An explicit collation.
    pub collation: Option<String>,
    /// Where it was declared.
    pub place: HostSpan,
}

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnType {
    /// As declared, lower case (`varchar(40)`, `timestamp with time zone`); empty where SQLite declares none.
    pub declared: String,
    /// What kind of values it holds.
    pub class: TypeClass,
    /// The labels of an enum.
    pub members: Vec<String>,
}

/// Kinds of types, as far as indexing and statistics tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TypeClass {
    /// `boolean`, `tinyint(1)`
    Boolean,
    /// Whole numbers of any width, serials included.
    Integer,
    /// `numeric`, `decimal`, `money`
    Numeric,
    /// Floating point.
    Float,
    /// Character strings.
    Text,
    /// `date`
    Date,
    /// `time`
    Time,
    /// Timestamps, with or without zone.
    Timestamp,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`, `jsonb`
    Json,
    /// Byte strings.
    Blob,
    /// Arrays of anything.
    Array,
    /// Enumerations.
    Enum,
    /// `inet`, `cidr`, `macaddr`
    Network,
    /// Range types.
    Range,
    /// Geometric and GIS types.
    Spatial,
    /// `tsvector`, `tsquery`
    TextSearch,
    /// Anything else, and SQLite's untyped columns.
    Other,
}

impl TypeClass {
    /// Says whether a b-tree over the type serves comparisons that people write.
    pub fn is_btree_key(self) -> bool {
        !matches!(self, Self::Json | Self::Blob | Self::Array | Self::Range | Self::Spatial | Self::TextSearch)
    }
}

/// An enum or a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserType {
    /// An enum and its labels.
    Enum(Vec<String>),
    /// A domain over a base type.
    Domain {
        /// The base type.
        base: ColumnType,
        /// `NOT NULL`.
        not_null: bool,
    },
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: QName,
    /// Declared column names, empty where the query names them.
    pub columns: Vec<Ident>,
    /// The query's text.
    pub query: Arc<str>,
    /// Where it was declared.
    pub place: HostSpan,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name, given or generated by the dialect's rule.
    pub name: Option<Ident>,
    /// The referencing columns.
    pub columns: Vec<Ident>,
    /// The referenced table.
    pub to: QName,
    /// The referenced columns; empty means the primary key.
    pub to_columns: Vec<Ident>,
    /// What deleting a referenced row does.
    pub on_delete: ReferentialAction,
    /// Where it was declared.
    pub place: HostSpan,
}

/// What a foreign key does to the referencing rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferentialAction {
    /// Refuses (NO ACTION and RESTRICT).
    #[default]
    Refuse,
    /// Deletes them.
    Cascade,
    /// Sets NULL or the default.
    Set,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: Option<Ident>,
    /// Its condition.
    pub condition: Expr,
}

/// An index as it stands in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its number in this catalogue, given by [`replay`] in canonical order.
    pub id: IndexId,
    /// Its name, given or generated by the dialect's rule.
    pub name: Option<Ident>,
    /// What it indexes.
    pub def: IndexDef,
    /// Where it was declared.
    pub place: HostSpan,
    /// Whether the database holds it (a model may declare what no migration created).
    pub held: bool,
    /// Whether the planner may use it (a failed concurrent build leaves an invalid one).
    pub valid: bool,
    /// The constraint that it is there for.
    pub backs: Option<Backing>,
}

/// The number of an index within one catalogue, and, above those, of a candidate on a scratch engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexId(pub u32);

/// The constraint an index is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Backing {
    /// The primary key.
    PrimaryKey,
    /// A UNIQUE constraint.
    Unique,
    /// A foreign key, on engines that index them (MySQL).
    ForeignKey,
    /// An exclusion constraint.
    Exclusion,
}

/// The schema of the same database as another source declares it: models beside migrations.
#[derive(Clone, Debug)]
pub struct OtherSchema {
    /// What declares it, as reports say it: `alembic migrations`.
    pub source: String,
    /// What it declares.
    pub catalog: Catalog,
    /// Tables that a statement names which was not understood.
    pub doubtful: BTreeSet<QName>,
}

/// What an index indexes: the only index definition there is (catalogue, candidate, advice).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexDef {
    /// The table.
    pub table: QName,
    /// The keys, in order; never empty.
    pub keys: Vec<IndexKey>,
    /// Columns carried along, not searched.
    pub include: Vec<Ident>,
    /// The condition of a partial index.
    pub predicate: Option<Expr>,
    /// Whether it refuses repetitions.
    pub unique: bool,
    /// The access method.
    pub method: Method,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexKey {
    /// A column or an expression over columns.
    pub expr: Expr,
    /// Descending.
    pub desc: bool,
    /// NULLs come first.
    pub nulls_first: bool,
    /// An operator class other than the default one.
    pub opclass: Option<String>,
    /// A collation other than the column's.
    pub collation: Option<String>,
    /// MySQL's `name(20)`: only so many leading characters are kept, so the key is neither unique nor ordered beyond them.
    pub prefix: Option<u32>,
}

/// An access method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Method {
    /// B-tree: equality, ranges, order.
    #[default]
    Btree,
    /// Hash: equality only.
    Hash,
    /// Anything else, lower case (`gin`, `gist`, `brin`, `fulltext`, `spatial`).
    Other(String),
}

impl Catalog {
    /// An empty schema.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            case: if dialect == Dialect::Postgres { Case::Exact } else { Case::Ignored },
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            types: BTreeMap::new(),
            always: BTreeMap::new(),
            homes: Vec::new(),
        }
    }

    /// Says whether `said`, folded as the dialect folds it, finds what `declared` names; they differ in case at most.
    pub fn finds(&self, declared: &Ident, said: &Ident) -> bool {
        self.case == Case::Ignored || declared.as_str() == said.as_str()
    }

    /// Finds a table as a query would name it: exactly, else by its bare name where one schema alone has it
    /// (a search path that the code base does not show).
    pub fn table(&self, name: &QName) -> Option<&Table> {
        find(&self.tables, name)
    }

    /// Finds a view by the same rule as [`Self::table`].
    pub fn view(&self, name: &QName) -> Option<&View> {
        find(&self.views, name)
    }

    /// Finds an index by the number that it got last.
    pub fn index(&self, id: IndexId) -> Option<&Index> {
        self.tables.get(self.homes.get(id.0 as usize)?)?.index(id)
    }

    /// Sorts every table's indexes by name and definition and numbers them all: the canonical order.
    pub fn number_indexes(&mut self) {
        self.homes.clear();
        for table in self.tables.values_mut() {
            table.indexes.sort_by(|a, b| (&a.name, &a.def).cmp(&(&b.name, &b.def)));
            for (number, index) in (self.homes.len()..).zip(&mut table.indexes) {
                index.id = IndexId(u32::try_from(number).expect("no schema has four thousand million indexes"));
            }
            self.homes.extend(table.indexes.iter().map(|_| table.name.clone()));
        }
    }

    /// Returns every index of every table, tables in order of name.
    pub fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.tables.values().flat_map(|table| &table.indexes)
    }
}

/// Looks a name up exactly, then by bare name if that is unambiguous.
pub(crate) fn find<'a, T>(map: &'a BTreeMap<QName, T>, name: &QName) -> Option<&'a T> {
    if let Some(found) = map.get(name) {
        return Some(found);
    }
    let bare = QName { schema: None, name: name.name.clone() };
    // A qualified name that is not there may still be the default schema's under another label (a MySQL database
    // name); an unqualified one may live in a schema of the search path.
    if name.schema.is_some() {
        return map.get(&bare).filter(|_| map.keys().all(|known| known.schema.is_none()));
    }
    let mut same_name = map.range(bare..).take_while(|(known, _)| known.name == name.name);
    let (_, first) = same_name.next()?;
    same_name.next().is_none().then_some(first)
}

impl Table {
    /// A table without columns, all of which is known.
    pub fn empty(name: QName, place: HostSpan) -> Self {
        Self {
            name,
            columns: Vec::new(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            complete: true,
            without_rowid: false,
            kind: TableKind::Plain,
            parent: None,
            place,
        }
    }

    /// Finds a column.
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// SQLite: returns the column that is the rowid itself, a key of one column declared exactly `INTEGER`.
    pub fn rowid(&self) -> Option<&Ident> {
        let [only] = self.primary_key.as_slice() else { return None };
        let declared = &self.column(only)?.ty.declared;
        (!self.without_rowid && declared.eq_ignore_ascii_case("integer")).then_some(only)
    }

    /// SQLite: says whether it is a full-text table, whose columns have no other type.
    pub fn is_full_text(&self) -> bool {
        !self.columns.is_empty() && self.columns.iter().all(|column| column.ty.class == TypeClass::TextSearch)
    }

    /// Finds an index by its number.
    pub fn index(&self, id: IndexId) -> Option<&Index> {
        self.indexes.iter().find(|index| index.id == id)
    }

    /// Returns the kind of a column's type; the kind of no column is `None`.
    pub fn class_of(&self, column: &Ident) -> Option<TypeClass> {
        self.column(column).map(|column| column.ty.class)
    }

    /// Returns the indexes the planner may use.
    pub fn usable_indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|index| index.held && index.valid)
    }
}

impl IndexDef {
    /// Says whether each row has many entries in it, so that it is dear to keep.
    pub fn is_dear(&self) -> bool {
        matches!(&self.method, Method::Other(method) if method != "brin")
    }

    /// A plain ascending b-tree over columns, NULLs where `dialect` puts them.
    pub fn btree<I: Into<Ident>>(dialect: Dialect, table: QName, columns: impl IntoIterator<Item = I>) -> Self {
        let keys = columns
            .into_iter()
            .map(|column| IndexKey::new(dialect, Expr::Column(column.into()), Direction::Ascending))
            .collect();
        Self { table, keys, include: Vec::new(), predicate: None, unique: false, method: Method::Btree }
    }

    /// Returns the columns in key position, expressions left out.
    pub fn key_columns(&self) -> impl Iterator<Item = &Ident> {
        self.keys.iter().filter_map(|key| key.expr.as_column())
    }
}

/// The direction of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl IndexKey {
    /// A key with the dialect's default place for NULLs.
    pub fn new(dialect: Dialect, expr: Expr, direction: Direction) -> Self {
        let desc = direction == Direction::Descending;
        Self {
            expr,
            desc,
            nulls_first: dialect.nulls_first_by_default(desc),
            opclass: None,
            collation: None,
            prefix: None,
        }
    }
}
