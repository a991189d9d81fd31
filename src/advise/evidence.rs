//! What a plan shows: whether a candidate is used as it was meant to be, and how bad what is left is.

use crate::catalog::IndexId;
use crate::plan::{Access, Condition, ConditionKind, Plan, PlanNode, PlanOp, SubqueryKind};
use crate::query::{AccessPattern, PredicateOp, RefId};
use crate::workload::WorkloadQuery;

use super::candidates::{Candidate, Purpose};
use super::stage::Stage;

/// Says whether the plan proves the candidate: a scan became a seek whose condition holds every equality key of it, a
/// seek by another index became one by this, or a sort is gone.
pub(super) fn proves(before: &Plan, after: &Plan, candidate: &Candidate, id: IndexId) -> bool {
    let gone = sorts(&after.root) < sorts(&before.root);
    let order = candidate.purpose == Purpose::Order;
    accesses(&after.root, candidate.reference).into_iter().any(|access| match access {
        Access::Seek { index, conditions, .. } if *index == id => {
            let equal = conditions.iter().take_while(|one| one.kind == ConditionKind::Equal).count();
            let skips = conditions.iter().any(|one| one.kind == ConditionKind::Skipped);
            // Without conditions it is the first or last entry, which is all that min() or max() wants.
            !skips && equal >= candidate.equalities && (!order || gone || conditions.is_empty())
        }
        // Reading a table along an index is no gain by itself.
        Access::FullIndex { index, .. } if *index == id => order && gone,
        _ => false,
    })
}

/// How a reference is read, wherever the plan reads it (an OR reads it once a branch).
fn accesses(root: &PlanNode, wanted: RefId) -> Vec<&Access> {
    let mut found = Vec::new();
    root.walk(&mut |step| {
        if let PlanOp::Scan { reference, access, .. } = &step.op
            && *reference == wanted
        {
            found.push(access);
        }
    });
    found
}

/// Says whether a plan reads a reference at all.
pub(super) fn reads(plan: &Plan, reference: RefId) -> bool {
    !accesses(&plan.root, reference).is_empty()
}

/// Says whether a plan uses an index at all.
pub(super) fn uses(plan: &Plan, id: IndexId) -> bool {
    plan.root.indexes().contains(&id)
}

/// Says whether a plan finds a reference's rows by an index or the table's key; one whose leading key is skipped over
/// finds them by reading all of it, or nearly so, and so does one that only leaves out the NULLs.
pub(super) fn seeks(plan: &Plan, pattern: &AccessPattern) -> bool {
    let not_null = |condition: &Condition| {
        let mut asked = pattern.predicates.iter().filter(|predicate| predicate.key == condition.key).peekable();
        asked.peek().is_some() && asked.all(|predicate| predicate.op == PredicateOp::NotNull)
    };
    let finds = |condition: &Condition| condition.kind != ConditionKind::Skipped && !not_null(condition);
    accesses(&plan.root, pattern.reference).into_iter().any(|access| match access {
        Access::Seek { conditions, .. } => conditions.first().is_none_or(finds),
        Access::TableKey { .. } => true,
        _ => false,
    })
}

/// Counts full sorts; one whose input is in order already but for its last terms is not counted.
fn sorts(root: &PlanNode) -> usize {
    let mut count = 0;
    root.walk(&mut |step| count += usize::from(matches!(step.op, PlanOp::Sort { presorted: false, .. })));
    count
}

/// Counts what an index could mend: transient indexes, and whole tables read again for every outer row.
pub(super) fn faults(plan: &Plan, query: &WorkloadQuery, stage: &Stage<'_>) -> usize {
    let mut count = 0;
    count_faults(&plan.root, false, &mut |reference: RefId| {
        let table = query.shape.references.get(usize::from(reference.0)).map(|found| &found.table);
        count += usize::from(table.is_some_and(|table| !stage.is_small(table)));
    });
    count
}

fn count_faults(step: &PlanNode, inner: bool, fault: &mut dyn FnMut(RefId)) {
    match &step.op {
        PlanOp::Scan { reference, access: Access::Automatic { .. }, .. } => fault(*reference),
        PlanOp::Scan { reference, access: Access::FullTable | Access::FullIndex { .. }, .. } if inner => {
            fault(*reference);
        }
        PlanOp::NestedLoop => {
            for (at, child) in step.children.iter().enumerate() {
                count_faults(child, inner || at > 0, fault);
            }
        }
        PlanOp::Subquery { kind } => {
            // What runs once is no inner loop.
            let again = *kind == SubqueryKind::Correlated;
            step.children.iter().for_each(|child| count_faults(child, again, fault));
        }
        _ => step.children.iter().for_each(|child| count_faults(child, inner, fault)),
    }
}
