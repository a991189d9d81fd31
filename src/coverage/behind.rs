//! Indexes that hold what an access compares, but behind keys that it does not compare.

use crate::catalog::{Index, IndexDef, Method, Table};
use crate::dialect::Target;
use crate::expr::Expr;
use crate::query::AccessPattern;

use super::{Asked, Coverage, Joins, WhyNot, judge};

/// An index that would be searched if its leading keys were compared too.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind<'a> {
    /// The index.
    pub index: &'a Index,
    /// Its leading keys, which the access does not compare.
    pub unbound: Vec<&'a Expr>,
}

/// Finds an index that is of no use to an access for its leading keys alone: from a later key on it would answer all
/// that `wanted`, the coverage of an index worth creating, answers.
///
/// That the target may pass over unbound keys (a skip scan) is no objection: where it does so well enough, a plan says
/// that no index is worth creating, and where it does not, the index is as good as behind.
pub fn behind<'a>(table: &'a Table, access: &AccessPattern, wanted: &Coverage, target: &Target) -> Option<Behind<'a>> {
    if !wanted.seeks() {
        return None;
    }
    let target = &Target::any(target.dialect);
    let asked = Asked { access, branch: &[], joins: Joins::Bound, table: Some(table) };
    let of_no_use = |index: &&Index| judge(&index.def, &asked, target).blocked == Some(WhyNot::LeadingKey);
    let usable = table.usable_indexes().filter(|index| index.def.method == Method::Btree).filter(of_no_use);
    let mut found = usable.filter_map(|index| {
        let unbound = (1..index.def.keys.len()).find(|from| {
            let rest = IndexDef { keys: index.def.keys[*from..].to_vec(), ..index.def.clone() };
            answers_all(&judge(&rest, &asked, target), wanted)
        })?;
        let unbound = index.def.keys[..unbound].iter().map(|key| &key.expr).collect();
        Some(Behind { index, unbound })
    });
    found.next()
}

fn answers_all(found: &Coverage, wanted: &Coverage) -> bool {
    found.seeks()
        && wanted.answered.iter().all(|at| found.answered.contains(at))
        && wanted.joined.iter().all(|at| found.joined.contains(at))
}
