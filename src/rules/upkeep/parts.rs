//! Indexes that hold more rows than any query wants of them; the plans that say so are the advisor's.

use crate::advice::{Action, Narrowed};
use crate::catalog::{Index, Table};
use crate::expr::Expr;
use crate::name::{Ident, QName};

use super::{SchemaAdvice, Upkeep, surplus};

/// The rule that tells it.
pub(super) const RULE: &str = "soft-delete-partial";

/// The rows that are left out are worth an index of their own where they are so large a part.
const WORTH: f64 = 0.2;

/// An index of which only a part is read.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// The index.
    pub index: &'a Index,
    /// Its name.
    pub name: &'a Ident,
    /// What is read of it, and by whom.
    pub narrowed: &'a Narrowed,
    /// What is asked of the rows that are read.
    pub condition: &'a Expr,
}

/// Lists a table's indexes of which only a part is read, but for those that go and those of which little is left out.
pub(crate) fn parts<'a>(upkeep: &Upkeep<'a>, table: &'a Table) -> Vec<Part<'a>> {
    let of_table = upkeep.narrowed.iter().filter(|narrowed| narrowed.def.table == table.name);
    let is_free = !upkeep.generated.contains(&table.name);
    let is_worth = |narrowed: &&Narrowed| is_free && narrowed.left_out.is_none_or(|left_out| left_out >= WORTH);
    let part = |narrowed: &'a Narrowed| {
        let index = table.index(narrowed.index)?;
        Some(Part { index, name: index.name.as_ref()?, narrowed, condition: narrowed.def.predicate.as_ref()? })
    };
    let mut found: Vec<Part<'a>> = of_table.filter(is_worth).filter_map(part).collect();
    if !found.is_empty() {
        let goes = surplus(upkeep, table);
        found.retain(|part| !goes.iter().any(|gone| gone.index.id == part.index.id));
    }
    found
}

impl Part<'_> {
    /// Says in words that only a part is read.
    pub(crate) fn told(&self) -> String {
        let Narrowed { queries, .. } = self.narrowed;
        let who = match queries.len() {
            1 => "the query that uses it asks".to_owned(),
            count => format!("all {count} queries that use it ask"),
        };
        format!("holds rows that nobody looks for in it: {who} for `{}`", self.condition)
    }

    /// The change that leaves the other rows out; none for a unique index, which would let them repeat.
    pub(super) fn change(&self) -> Option<SchemaAdvice> {
        let replaced = QName { schema: self.index.def.table.schema.clone(), name: self.name.clone() };
        (!self.index.def.unique).then(|| SchemaAdvice {
            action: Action::Replace,
            advised: None,
            name: None,
            def: self.narrowed.def.clone(),
            replaces: vec![replaced],
            covered_by: None,
            reason: format!("`{}` {}", self.name, self.told()),
            rule: RULE,
            place: self.index.place,
        })
    }
}
