//! Rule `null-comparison`; the reader's side of it is `rules/null-comparison.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::finding::Edit;
use crate::query::{ClauseKind, NullForm};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for clause in &cx.query.shape.clauses {
        let ClauseKind::NullComparison { form, rewrite } = &clause.kind else { continue };
        let (message, help) = words(*form);
        let edit = |text: &String| Edit { query: cx.query.id, range: clause.sql.clone(), text: text.clone() };
        findings
            .report(cx.place_of_clause(clause), clause.text.clone())
            .message(message)
            .help(help)
            .edits(rewrite.as_ref().map(edit));
    }
}

fn words(form: NullForm) -> (&'static str, &'static str) {
    match form {
        NullForm::Equal => ("`= NULL` is never true, not even for NULL", "write `IS NULL`"),
        NullForm::NotEqual => ("`<> NULL` is never true, whatever the value", "write `IS NOT NULL`"),
        NullForm::Ordered => ("an order relation with `NULL` is never true", "leave it out, or compare with a value"),
        NullForm::In => {
            ("`NULL` in a list is equal to nothing, not even to NULL", "leave it out, or add `OR … IS NULL`")
        }
        NullForm::NotIn => {
            ("`NOT IN` with `NULL` in the list is never true", "leave the `NULL` out, or add `AND … IS NOT NULL`")
        }
        NullForm::When => ("`WHEN NULL` is never chosen: `CASE` compares with `=`", "write `CASE WHEN … IS NULL THEN`"),
    }
}
