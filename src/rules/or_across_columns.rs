//! Rule `or-across-columns`; the reader's side of it is `rules/or-across-columns.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};
use super::words;
use crate::advice::IndexAdvice;
use crate::coverage;
use crate::expr::Expr;
use crate::finding::{Confidence, Place, Severity};
use crate::query::{AccessPattern, Disjunction, Predicate};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    let advice = cx.advice_of("or-across-columns");
    let asking = cx.asking();
    for pattern in cx.patterns() {
        let of_reference = advice.iter().filter(|(_, served)| served.reference == pattern.reference);
        for any in &pattern.disjunctions {
            let serves = |advice: &&IndexAdvice| asking.serves_branch(&advice.def, pattern, any);
            let missing: Vec<&IndexAdvice> = of_reference.clone().map(|(advice, _)| *advice).filter(serves).collect();
            if missing.is_empty() {
                continue;
            }
            let leads: Vec<&Expr> = missing.iter().map(|advice| &advice.def.keys[0].expr).collect();
            let (severity, confidence) = strength(cx, &missing, pattern);
            findings
                .report(place(cx, pattern, any, &leads), format!("{} of {}", any.asked(), pattern.asked()))
                .message(format!(
                    "`{}` is searched by {} without an index for {}",
                    pattern.table,
                    words::list(any.branches.iter().map(|branch| key_of(cx, pattern, branch, &leads)), "or"),
                    words::list(&leads, "or"),
                ))
                .help(help(&missing))
                .table(&pattern.table)
                .columns(any.branches.iter().flatten().map(|predicate| &predicate.key))
                .advice(missing.iter().map(|advice| advice.id))
                .proof(cx.proof().cloned())
                .at_most(severity)
                .no_surer_than(confidence);
        }
    }
}

/// The key that a branch is found by: of the advised index, of the existing one, else the first that it tests.
fn key_of(cx: &QueryContext<'_>, pattern: &AccessPattern, branch: &[Predicate], leads: &[&Expr]) -> Expr {
    let tests = |key: &&Expr| branch.iter().any(|predicate| predicate.key == **key);
    let existing = || {
        let serving = coverage::serving_branch(cx.table_of(pattern)?, pattern, branch, &cx.target)?;
        Some(&serving.index.def.keys[0].expr)
    };
    let key = leads.iter().copied().find(|key| tests(key)).or_else(|| existing().filter(tests));
    key.or_else(|| Some(&branch.first()?.key)).cloned().unwrap_or(Expr::Param)
}

/// At the side that lacks an index; at the OR's start where several do.
fn place(cx: &QueryContext<'_>, pattern: &AccessPattern, any: &Disjunction, leads: &[&Expr]) -> Place {
    let side = |key: &Expr| any.branches.iter().flatten().find(|predicate| predicate.key == *key);
    match leads {
        [only] => cx.place_in(&side(only).map_or(0..0, |predicate| predicate.sql.clone()), pattern.reference),
        _ => cx.place_in(&any.sql, pattern.reference),
    }
}

fn help(missing: &[&IndexAdvice]) -> String {
    let indexes: Vec<String> = missing.iter().map(|advice| served::indexed(&advice.def)).collect();
    let what = match indexes.as_slice() {
        [one] => format!("an index on {one}"),
        several => format!("indexes on {}", several.join(" and ")),
    };
    format!("create {what}: an OR is searched only if each of its sides has an index")
}

fn strength(cx: &QueryContext<'_>, missing: &[&IndexAdvice], pattern: &AccessPattern) -> (Severity, Confidence) {
    let strengths = missing.iter().map(|advice| served::strength(cx, advice, &Served::of(&advice.def, pattern)));
    strengths.min().unwrap_or((Severity::Info, Confidence::Low))
}
