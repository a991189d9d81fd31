//! Rule `unused-suppression`; the reader's side of it is `rules/unused-suppression.md`.

use super::findings::Findings;
use super::suppression::{JudgedSuppression, Use};
use crate::finding::Place;
use crate::suppress::Reach;

pub(super) fn check(cx: &JudgedSuppression<'_>, findings: &mut Findings) {
    let (_, reached) = cx.reach();
    let is_alone = cx.suppression.rules.len() == 1;
    for (name, place, usage) in cx.rules() {
        let (message, help) = match usage {
            Use::Used | Use::Unknown => continue,
            Use::Unreasoned => (
                format!("`{name}` is not silenced: the suppression gives no reason, and `require-reason` is set"),
                format!("type `{}`", cx.written(&[name])),
            ),
            Use::Unused if cx.suppression.reach == Reach::Nothing => (
                format!("`{name}` is silenced nowhere: no statement stands below this comment"),
                "put the comment above its statement or behind it on the same line, or remove it".to_owned(),
            ),
            Use::Unused => (
                format!("`{name}` has nothing to say {reached}"),
                if is_alone { "remove the comment".to_owned() } else { format!("remove `{name}` from the list") },
            ),
        };
        let report = findings.report(Place::Host(place), name.to_owned()).message(message).help(help);
        if !is_alone {
            report.related(Place::Host(cx.suppression.place), "in this suppression");
        }
    }
}
