//! The suppressions in the comments of a SQL text, with what they reach.

use std::ops::Range;

use super::parts::parts;
use super::{SqlFileFacts, place, slice};
use crate::source::SpanMap;
use crate::sql::split::Split;
use crate::suppress::{self, Host};

/// Reads the suppressions of a text whose bytes stand in the host as `base` says, and adds them to what the file says.
pub(super) fn add(facts: &mut SqlFileFacts, text: &str, base: &SpanMap, split: &Split) {
    let file = facts.file;
    let mut known: Option<(usize, Vec<Range<u32>>)> = None;
    for comment in &split.suppressions {
        let next = split.statements.partition_point(|statement| statement.bytes.start <= comment.start);
        if known.as_ref().is_none_or(|(place, _)| *place != next) {
            known = Some((next, around(text, split, next)));
        }
        let statements = known.as_ref().map_or(&[][..], |(_, statements)| statements);
        let host = Host { text, statements, place: &|range| place(file, base, &range) };
        let found = suppress::read(&host, comment);
        match text.as_bytes()[comment.start as usize] {
            b'#' => facts.hash_suppressions.extend(found),
            _ => facts.suppressions.extend(found),
        }
    }
}

/// The statement before the one of a number with its parts, and those that start on the line of that one: all that a
/// comment between the two starts can be about.
fn around(text: &str, split: &Split, next: usize) -> Vec<Range<u32>> {
    let after = &split.statements[next..];
    let first = after.first().map_or(0, |statement| statement.bytes.start as usize);
    let line = text[first..].find('\n').map_or(text.len(), |length| first + length);
    let on_line = after.iter().take_while(|statement| (statement.bytes.start as usize) < line);
    let mut found: Vec<Range<u32>> = on_line.map(|statement| statement.bytes.clone()).collect();
    if let Some(statement) = next.checked_sub(1).map(|before| &split.statements[before]) {
        found.push(statement.bytes.clone());
        let start = statement.bytes.start;
        let parts = parts(statement.keyword, slice(text, &statement.bytes));
        found.extend(parts.into_iter().map(|part| start + part.start as u32..start + part.end as u32));
    }
    found
}
