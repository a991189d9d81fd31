//! Where two declarations of one table differ in its indexes.
//!
//! Names do not count, nor how an index came to be: a unique constraint is a unique index. What a wider index does is
//! there, too; and of expressions that may be spelled in several ways nothing is said.

use super::subsumption::{is_duplicate, subsumes};
use crate::catalog::{Backing, Index, Table};
use crate::dialect::Target;
use crate::expr::Expr;

/// The indexes of a table that only one of two declarations has.
#[derive(Clone, Debug, Default)]
pub struct Drift<'a> {
    /// Those of the first.
    pub here: Vec<&'a Index>,
    /// Those of the second.
    pub there: Vec<&'a Index>,
}

impl<'a> Drift<'a> {
    /// Compares two declarations of a table.
    pub fn of(here: &'a Table, there: &'a Table, target: &Target) -> Self {
        Self { here: only(here, there, target), there: only(there, here, target) }
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.here.is_empty() && self.there.is_empty()
    }
}

/// The indexes of one declaration that the other has nothing for, over columns that it has.
fn only<'a>(one: &'a Table, other: &Table, target: &Target) -> Vec<&'a Index> {
    let has_columns = |index: &&Index| {
        let of_keys = index.def.keys.iter().map(|key| &key.expr).chain(&index.def.predicate);
        of_keys.flat_map(Expr::columns).all(|column| other.column(&column).is_some())
    };
    let counts = |index: &&Index| {
        let is_key = matches!(index.backs, Some(Backing::PrimaryKey | Backing::ForeignKey | Backing::Exclusion));
        let mut parts = index.def.keys.iter().map(|key| &key.expr).chain(&index.def.predicate);
        !is_key && parts.all(is_plain)
    };
    let is_there = |index: &&Index| {
        let def = &index.def;
        other.indexes.iter().any(|known| {
            let same = is_duplicate(&known.def, def) && (known.def.unique || !def.unique);
            same || subsumes(&known.def, def, target).is_ok()
        })
    };
    one.indexes.iter().filter(counts).filter(has_columns).filter(|index| !is_there(index)).collect()
}

/// An expression that has one spelling.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(_) => true,
        Expr::Call { args, .. } => args.iter().all(is_plain),
        Expr::Op { operands, .. } => operands.iter().all(is_plain),
        Expr::Cast { .. } | Expr::Opaque { .. } | Expr::Param | Expr::Outer => false,
    }
}
