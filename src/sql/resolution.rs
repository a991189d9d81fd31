//! What each name of a statement refers to, and the statement that the names stand in.
//!
//! Made by `shape`, read by `sql::lower`; keyed by where sqlparser saw the name, since a tree has no other identity.
//! Bodies of views are parsed with their lines moved down, so that places stay unique.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlparser::ast;
use sqlparser::tokenizer::Location;

use crate::dialect::Dialect;
use crate::name::Ident;
use crate::query::{QueryShape, RefId};

/// A statement with its shape and its names.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// What it asks of each table.
    pub shape: QueryShape,
    /// Its tree, views expanded.
    pub statement: ast::Statement,
    /// What its names refer to.
    pub names: Resolution,
    /// The dialect of the database it runs on.
    pub dialect: Dialect,
}

/// What the names of a statement refer to.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    columns: HashMap<Location, Name>,
    tables: HashMap<Location, RefId>,
    correlated: HashSet<Location>,
}

/// What a name in an expression refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A column of a base table.
    Column(RefId, Ident),
    /// A column that a base table has without declaring it: SQLite's `rowid`, what a full-text table is searched by.
    Hidden(RefId, Ident),
    /// The whole row of a base table.
    Row(RefId),
    /// The whole row of a derived table or CTE: its columns, as far as they have names.
    Fields(Arc<[Ident]>),
    /// A column of a derived table or CTE.
    Derived {
        /// The base columns it passes on unchanged, one for each arm of a set operation; none for a computed one.
        sources: Arc<[(RefId, Ident)]>,
        /// What the planner moves into the derived table.
        reach: Reach,
    },
    /// A column of a list that is known when the statement starts: VALUES, `unnest($1)`.
    List,
    /// A string in double quotes, which SQLite reads where no column has that name.
    Text,
    /// A value known when the statement starts: a variable, `DEFAULT`, a bare keyword.
    Value,
    /// Anything else: an output's alias, a column of a table that the schema does not tell.
    Other,
}

/// What the planner moves from around a derived table into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing: there is a LIMIT, a window function, or it is computed once for several uses.
    Nothing,
    /// Conditions with constants, which commute with grouping, DISTINCT and set operations.
    Filters,
    /// Everything, joins and order too: it is merged into the outer query.
    Joins,
}

impl Resolution {
    /// Says what the name that starts at `place` refers to.
    pub fn column(&self, place: Location) -> Option<&Name> {
        self.columns.get(&place)
    }

    /// Says which reference the table name that starts at `place` is.
    pub fn table(&self, place: Location) -> Option<RefId> {
        self.tables.get(&place).copied()
    }

    /// Says whether a subquery names columns of the queries around it.
    pub fn is_correlated(&self, query: &ast::Query) -> bool {
        place_of_query(query).is_some_and(|place| self.correlated.contains(&place))
    }

    pub(crate) fn note_column(&mut self, place: Location, name: Name) {
        self.columns.insert(place, name);
    }

    pub(crate) fn note_table(&mut self, place: Location, reference: RefId) {
        self.tables.insert(place, reference);
    }

    pub(crate) fn note_correlated(&mut self, query: &ast::Query) {
        self.correlated.extend(place_of_query(query));
    }
}

/// Returns where a table's name starts.
pub fn place_of_table(name: &ast::ObjectName) -> Option<Location> {
    name.0.first().and_then(|part| part.as_ident()).map(|part| part.span.start).filter(|place| place.line > 0)
}

/// A query is known by its first SELECT; one of VALUES alone names no columns.
fn place_of_query(query: &ast::Query) -> Option<Location> {
    let mut body = &*query.body;
    loop {
        match body {
            ast::SetExpr::Select(select) => return Some(select.select_token.0.span.start),
            ast::SetExpr::Query(inner) => body = &inner.body,
            ast::SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}
