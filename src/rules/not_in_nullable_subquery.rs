//! Rule `not-in-nullable-subquery`; the reader's side of it is `rules/not-in-nullable-subquery.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::expr::Expr;
use crate::finding::Place;
use crate::name::Ident;
use crate::query::{ClauseKind, JoinKind, PredicateOp, RefId};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for clause in &cx.query.shape.clauses {
        let ClauseKind::NotIn(passed_on) = &clause.kind else { continue };
        let Some((reference, column)) =
            passed_on.iter().find(|(reference, column)| may_be_null(cx, *reference, column))
        else {
            continue;
        };
        let Some(table) = cx.pattern(*reference).and_then(|pattern| cx.table_of(pattern)) else { continue };
        let report = findings
            .report(cx.place_of_clause(clause), format!("{} {column}", clause.text))
            .message(format!("one NULL in `{}.{column}` makes `NOT IN` keep no row at all", table.name))
            .help(format!("write `NOT EXISTS`, or add `{column} IS NOT NULL` to the subquery"))
            .table(&table.name)
            .columns([column]);
        match cx.query.shape.references[usize::from(reference.0)].nullable_side {
            true => report.related(cx.place_of(*reference), "an outer join leaves NULLs here"),
            false => report.related(Place::Column(table.name.clone(), column.clone()), "declared without NOT NULL"),
        };
    }
}

/// Says whether a column that the schema knows for certain may be NULL in the rows that the subquery keeps.
fn may_be_null(cx: &QueryContext<'_>, reference: RefId, column: &Ident) -> bool {
    let Some(pattern) = cx.pattern(reference) else { return false };
    let Some(table) = cx.table_of(pattern).filter(|table| table.complete && !cx.doubtful.contains(&table.name)) else {
        return false;
    };
    let Some(declared) = table.column(column) else { return false };
    let outer = cx.query.shape.references[usize::from(reference.0)].nullable_side;
    // Of a computed key it is not known whether it is NULL with the column, and most are.
    let tested = pattern.predicates.iter().any(|predicate| {
        !predicate.optional && predicate.op != PredicateOp::Null && predicate.key.columns().contains(column)
    });
    let joined =
        pattern.joins.iter().any(|join| join.kind != JoinKind::Outer && join.key == Expr::Column(column.clone()));
    let either = pattern.disjunctions.iter().any(|any| any.condition.columns().contains(column));
    (outer || !declared.not_null) && !tested && !joined && !either
}
