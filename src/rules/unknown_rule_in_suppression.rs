//! Rule `unknown-rule-in-suppression`; the reader's side of it is `rules/unknown-rule-in-suppression.md`.

use super::findings::Findings;
use super::suppression::JudgedSuppression;
use super::{nearest, rule};
use crate::finding::Place;
use crate::suppress::Mistake;

pub(super) fn check(cx: &JudgedSuppression<'_>, findings: &mut Findings) {
    for (name, place, _) in cx.rules().filter(|(name, ..)| rule(name).is_none()) {
        let report = findings.report(Place::Host(place), name.to_owned()).message(format!("there is no rule `{name}`"));
        match nearest(name) {
            Some(meant) => report.help(format!("there is a rule `{meant}`")),
            None => report.help(form(cx)),
        };
    }
    let Some(mistake) = cx.mistake() else { return };
    let (subject, message) = match mistake {
        Mistake::Blanket => ("blanket", "the suppression names no rule, so it silences nothing".to_owned()),
        Mistake::Open => ("open", "the suppression's `[` is not closed on its line".to_owned()),
        Mistake::Word(word) if word.is_empty() => ("word", "nothing stands behind `planlint:`".to_owned()),
        Mistake::Word(word) => ("word", format!("`planlint: {word}` means nothing")),
        Mistake::Form(typed) => {
            ("form", format!("`{typed}` is not how a suppression is written, so it silences nothing"))
        }
    };
    findings.report(Place::Host(cx.suppression.place), subject.to_owned()).message(message).help(form(cx));
}

/// What to type: with the rules that speak there, if any do.
fn form(cx: &JudgedSuppression<'_>) -> String {
    match cx.speaking.as_slice() {
        [] => {
            format!("type `{}` with the rules it is for; `planlint rules` lists them", cx.written(&["missing-index"]))
        }
        rules => format!("type `{}`", cx.written(rules)),
    }
}
