//! The statements by which Django makes and changes tables, and a list of what they have made.
//!
//! Django finds what it drops by asking the database; here the list answers (`django/db/backends/base/schema.py` and
//! those of the backends). Knows no migration and no class.

mod alter;
mod create;
mod text;

use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::orm::declared::Declaration;
use crate::orm::sql::Sql;
use crate::query::{Skip, SkipStage};
use crate::source::HostSpan;

use super::names;

/// Writes statements.
pub(super) struct Editor {
    pub dialect: Dialect,
    pub statements: Vec<Declaration>,
    pub skips: Vec<Skip>,
    made: Vec<Made>,
}

/// Something that a table has besides columns.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    table: QName,
    kind: MadeKind,
    columns: Vec<Ident>,
    /// None as long as its statement waits for the migration's end: Django makes the name up only then.
    name: Option<Ident>,
    place: HostSpan,
}

/// What holds a set of fields together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::orm::django) enum Together {
    /// Their values are unique at once.
    Unique,
    /// An index over them.
    Index,
}

impl Together {
    fn kind(self) -> MadeKind {
        match self {
            Self::Unique => MadeKind::Unique,
            Self::Index => MadeKind::Index(IndexOf::Together),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum MadeKind {
    /// A constraint on values.
    Unique,
    /// An index of a field or of `index_together`.
    Index(IndexOf),
    /// The second index of a field, for `LIKE`, by its operator class.
    Like(&'static str),
    /// An index of `Meta.indexes`, or one that a constraint of `Meta` becomes.
    MetaIndex,
    /// A unique constraint of `Meta`.
    MetaUnique,
    /// Any other constraint of `Meta`.
    MetaConstraint,
    /// A condition on a column.
    Check,
    /// A foreign key, and what it refers to.
    Foreign(QName, Ident),
}

/// What an index is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum IndexOf {
    /// A field.
    Field,
    /// A field that keeps a shape on a map.
    Shape,
    /// A set of fields.
    Together,
}

impl Editor {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, statements: Vec::new(), skips: Vec::new(), made: Vec::new() }
    }

    /// Writes a statement that stands for a place.
    pub(super) fn write(&mut self, sql: Sql, place: HostSpan) {
        self.statements.push(Declaration { text: sql.finish(), place });
    }

    fn write_text(&mut self, text: String, place: HostSpan) {
        self.write(Sql::text(text, place), place);
    }

    /// Says what could not be read.
    pub(super) fn skip(&mut self, reason: &'static str, detail: impl Into<String>, place: HostSpan) {
        self.skips.push(Skip { stage: SkipStage::Schema, reason, detail: detail.into(), place });
    }

    /// Writes what waits for the end of a migration, the foreign keys last: then every table is there.
    pub(super) fn flush(&mut self) {
        let is_last = |made: &Made| matches!(made.kind, MadeKind::Foreign(..));
        for last in [false, true] {
            for at in 0..self.made.len() {
                if self.made[at].name.is_none() && is_last(&self.made[at]) == last {
                    self.write_made(at);
                }
            }
        }
    }

    /// The name of an index or a constraint of columns.
    fn name_of(&self, table: &QName, columns: &[Ident], suffix: &str) -> Ident {
        let max = match self.dialect {
            Dialect::Mysql => 64,
            Dialect::Postgres => names::MAX_NAME,
            // No limit is Django's 200.
            Dialect::Sqlite => 200,
        };
        Ident::from(names::of_columns(&table.name, columns, suffix, max))
    }

    /// Takes up what has been made under a name.
    fn made(&mut self, table: &QName, kind: MadeKind, columns: Vec<Ident>, name: Ident, place: HostSpan) {
        self.made.push(Made { table: table.clone(), kind, columns, name: Some(name), place });
    }

    /// Takes up what is made when the migration ends.
    fn wait(&mut self, table: &QName, kind: MadeKind, columns: Vec<Ident>, place: HostSpan) {
        self.made.push(Made { table: table.clone(), kind, columns, name: None, place });
    }

    /// Makes at once what would wait for the end.
    fn make(&mut self, table: &QName, kind: MadeKind, columns: Vec<Ident>, place: HostSpan) {
        self.wait(table, kind, columns, place);
        self.write_made(self.made.len() - 1);
    }

    /// Takes what is found off the list.
    fn take(&mut self, is_it: impl Fn(&Made) -> bool) -> Vec<Made> {
        let (taken, left) = std::mem::take(&mut self.made).into_iter().partition(is_it);
        self.made = left;
        taken
    }
}
