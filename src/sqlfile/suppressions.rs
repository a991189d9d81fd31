//! The suppressions in the comments of a SQL text, with what they reach.

use std::ops::Range;

use super::parts::parts;
use super::{place, slice};
use crate::source::{FileId, SpanMap};
use crate::sql::split::Split;
use crate::suppress::{self, Host, Suppression};

/// Reads the suppressions of a text whose bytes stand in the host as `base` says.
pub(super) fn suppressions(file: FileId, text: &str, base: &SpanMap, split: &Split) -> Vec<Suppression> {
    let mut found = Vec::new();
    let mut known: Option<(usize, Vec<Range<u32>>)> = None;
    for comment in &split.suppressions {
        let next = split.statements.partition_point(|statement| statement.bytes.start <= comment.start);
        let before = next.saturating_sub(1);
        if known.as_ref().is_none_or(|(place, _)| *place != before) {
            known = Some((before, around(text, split, before)));
        }
        let statements = known.as_ref().map_or(&[][..], |(_, statements)| statements);
        let host = Host { text, statements, place: &|range| place(file, base, &range) };
        found.extend(suppress::read(&host, comment));
    }
    found
}

/// A statement, its parts, and the statement after it: all that a comment behind its start can be about.
fn around(text: &str, split: &Split, number: usize) -> Vec<Range<u32>> {
    let near = split.statements.iter().skip(number).take(2);
    let mut found: Vec<Range<u32>> = near.map(|statement| statement.bytes.clone()).collect();
    if let Some(statement) = split.statements.get(number) {
        let start = statement.bytes.start;
        let parts = parts(statement.keyword, slice(text, &statement.bytes));
        found.extend(parts.into_iter().map(|part| start + part.start as u32..start + part.end as u32));
    }
    found
}
