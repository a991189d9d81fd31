//! The changes that make a schema, as every kind of source lowers to them. Data alone: [`super::replay`] applies it.

use serde::{Deserialize, Serialize};

use super::{Check, Column, ColumnType, ForeignKey, IndexDef, Table, UserType, View};
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// One change to a schema and where it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaStep {
    /// The change.
    pub op: SchemaOp,
    /// `IF EXISTS` or `IF NOT EXISTS`: that there is nothing to do is no fault.
    pub guarded: bool,
    /// Where it was written.
    pub place: HostSpan,
}

/// A change to a schema, as every source kind lowers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SchemaOp {
    /// `CREATE TABLE`, and materialised views.
    CreateTable {
        /// The table, columns only.
        table: Box<Table>,
        /// Its keys, checks, foreign keys, indexes and what it takes over from other tables, in the order of the text;
        /// applied only if the table is made.
        parts: Vec<SchemaStep>,
    },
    /// `LIKE`, `INHERITS`, `PARTITION OF` and `ATTACH PARTITION`: what a table takes over from another one.
    TakeOver {
        /// The table that takes.
        table: QName,
        /// The table it is taken from.
        from: QName,
        /// What is taken.
        what: TakeOver,
    },
    /// `CREATE TABLE … AS SELECT`: columns (of the table named first) that have the type of another table's column.
    TypesFrom(QName, Vec<(Ident, QName, Ident)>),
    /// `DETACH PARTITION`, `NO INHERIT`.
    Detach(QName),
    /// `DROP TABLE`.
    DropTable(QName),
    /// `ALTER TABLE … RENAME TO`, and the same by moving to another schema.
    RenameTable(QName, QName),
    /// `ADD COLUMN`.
    AddColumn {
        /// The table.
        table: QName,
        /// The column.
        column: Column,
        /// The constraints that stand with it; applied only if the column is added.
        parts: Vec<SchemaStep>,
    },
    /// `ALTER COLUMN`, `MODIFY`.
    AlterColumn(QName, Ident, ColumnChange),
    /// `DROP COLUMN`.
    DropColumn(QName, Ident),
    /// `RENAME COLUMN`.
    RenameColumn(QName, Ident, Ident),
    /// A key, foreign key or check.
    AddConstraint(QName, Constraint),
    /// `DROP CONSTRAINT`.
    DropConstraint(QName, Ident),
    /// MySQL's `DROP PRIMARY KEY`.
    DropPrimaryKey(QName),
    /// `RENAME CONSTRAINT`.
    RenameConstraint(QName, Ident, Ident),
    /// `CREATE INDEX`, and MySQL's `KEY` lines.
    CreateIndex {
        /// Its name if given.
        name: Option<Ident>,
        /// What it indexes.
        def: IndexDef,
    },
    /// `DROP INDEX`; the table only where the dialect names it.
    DropIndex {
        /// The index.
        name: QName,
        /// The table, in MySQL.
        table: Option<QName>,
    },
    /// `ALTER INDEX … RENAME TO`.
    RenameIndex {
        /// The index.
        name: QName,
        /// The table, in MySQL.
        table: Option<QName>,
        /// Its new name.
        to: Ident,
    },
    /// Marks an index as one the planner may not use (`INVALID` in a dump's comment, `ALTER INDEX … INVISIBLE`).
    InvalidateIndex {
        /// The index.
        name: QName,
        /// The table, in MySQL.
        table: Option<QName>,
    },
    /// `CREATE [OR REPLACE] VIEW`.
    CreateView(View),
    /// `DROP VIEW`.
    DropView(QName),
    /// `CREATE TYPE … AS ENUM`, `CREATE DOMAIN`.
    CreateType(QName, UserType),
    /// `ALTER TYPE … ADD VALUE`.
    AddEnumValue(QName, String),
    /// `ALTER TYPE … RENAME VALUE`.
    RenameEnumValue(QName, String, String),
    /// `ALTER TYPE … RENAME TO`.
    RenameType(QName, QName),
    /// `DROP TYPE`, `DROP DOMAIN`.
    DropType(QName),
    /// `SET search_path`: the schemas that later unqualified names live in, in order.
    SearchPath(Vec<Ident>),
    /// `CREATE TEMPORARY TABLE`: not part of the schema, and later steps on it are no fault.
    Temporary(QName),
    /// A statement that changes no table, index or view we model (functions, grants, comments, triggers).
    Opaque,
    /// A statement that was not understood: clears `complete` on the tables it names.
    NotUnderstood {
        /// The tables it names.
        tables: Vec<QName>,
    },
}

/// What a table takes over from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeOver {
    /// `LIKE`: columns.
    Columns,
    /// `LIKE … INCLUDING INDEXES`, MySQL's `LIKE`: columns, keys and indexes.
    ColumnsAndIndexes,
    /// `INHERITS`: columns and checks, and the parent's later columns.
    Inheritance,
    /// `PARTITION OF`, `ATTACH PARTITION`: columns, keys, indexes and foreign keys, now and later.
    Partition,
}

/// A change of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ColumnChange {
    /// A new type.
    Type(ColumnType),
    /// `SET NOT NULL` (true) or `DROP NOT NULL`.
    NotNull(bool),
    /// `SET DEFAULT` or `DROP DEFAULT`.
    Default(Option<String>),
    /// The whole column anew, under its possibly new name (MySQL `CHANGE`, `MODIFY`).
    Redefine(Box<Column>),
}

/// A constraint to add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Constraint {
    /// A primary key.
    PrimaryKey {
        /// Its name if given.
        name: Option<Ident>,
        /// Its columns.
        columns: Vec<Ident>,
    },
    /// A UNIQUE constraint.
    Unique {
        /// Its name if given.
        name: Option<Ident>,
        /// Its columns.
        columns: Vec<Ident>,
        /// Columns carried along.
        include: Vec<Ident>,
    },
    /// `ADD CONSTRAINT … {UNIQUE | PRIMARY KEY} USING INDEX …`: takes over an index.
    UsingIndex {
        /// The constraint's name if given; the index takes it.
        name: Option<Ident>,
        /// The index.
        index: Ident,
        /// Whether it becomes the primary key.
        primary: bool,
    },
    /// A foreign key.
    ForeignKey(ForeignKey),
    /// A check.
    Check(Check),
    /// An exclusion constraint: an index of its own method.
    Exclusion {
        /// Its name if given.
        name: Option<Ident>,
        /// The index behind it.
        def: IndexDef,
    },
}

impl SchemaStep {
    /// Moves every place of the step, those of its parts too.
    pub fn move_places(&mut self, to: &dyn Fn(HostSpan) -> HostSpan) {
        self.place = to(self.place);
        let parts = match &mut self.op {
            SchemaOp::CreateTable { table, parts } => {
                table.place = to(table.place);
                table.columns.iter_mut().for_each(|column| column.place = to(column.place));
                table.foreign_keys.iter_mut().for_each(|key| key.place = to(key.place));
                table.indexes.iter_mut().for_each(|index| index.place = to(index.place));
                parts
            }
            SchemaOp::AddColumn { column, parts, .. } => {
                column.place = to(column.place);
                parts
            }
            SchemaOp::AlterColumn(_, _, ColumnChange::Redefine(column)) => return column.place = to(column.place),
            SchemaOp::AddConstraint(_, Constraint::ForeignKey(key)) => return key.place = to(key.place),
            SchemaOp::CreateView(view) => return view.place = to(view.place),
            _ => return,
        };
        parts.iter_mut().for_each(|part| part.move_places(to));
    }
}
