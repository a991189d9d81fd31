//! Rule `redundant-index`; the reader's side of it is `rules/redundant-index.md`.

use super::context::SchemaContext;
use super::duplicate_index::report;
use super::findings::Findings;
use super::upkeep::Kind;

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Redundant, findings);
}
