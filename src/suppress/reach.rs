//! Which statement a comment is about, by their places alone.

use std::ops::Range;

use super::Host;

/// Finds the statement that a comment is about.
///
/// Behind code on its line it is about the statement that ends there, else about the innermost one around it. On a line
/// of its own it is about the statements that start on the line of the one below; within a statement that holds no
/// other, about that one.
pub(super) fn of(host: &Host<'_>, comment: &Range<u32>) -> Option<Range<u32>> {
    let around = innermost(host.statements, comment);
    let inside: Vec<&Range<u32>> =
        host.statements.iter().filter(|statement| around.is_none_or(|around| is_within(statement, around))).collect();
    let stands_above = has_its_own_line(host.text, comment) && !is_before_an_end(host.text, comment);
    match (stands_above, around) {
        (false, _) => ends_before(host.text, &inside, comment).or(around).cloned(),
        (true, Some(around)) if inside.is_empty() => Some(around.clone()),
        (true, _) => below(host.text, &inside, comment),
    }
}

fn innermost<'a>(statements: &'a [Range<u32>], comment: &Range<u32>) -> Option<&'a Range<u32>> {
    let around = statements.iter().filter(|statement| statement.start <= comment.start && comment.end <= statement.end);
    around.min_by_key(|statement| statement.end - statement.start)
}

/// Says whether a statement lies in another one and is not that one.
fn is_within(inner: &Range<u32>, outer: &Range<u32>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && inner != outer
}

fn has_its_own_line(text: &str, comment: &Range<u32>) -> bool {
    let line = text[..comment.start as usize].rsplit('\n').next().unwrap_or("");
    line.trim().is_empty()
}

/// Says whether a comment stands between a statement and its `;`.
fn is_before_an_end(text: &str, comment: &Range<u32>) -> bool {
    text[comment.end as usize..].trim_start().starts_with(';')
}

/// The statement that ends last before a comment, with nothing else between: on its line, or with its `;` there.
fn ends_before<'a>(text: &str, statements: &[&'a Range<u32>], comment: &Range<u32>) -> Option<&'a Range<u32>> {
    let ended = statements.iter().copied().filter(|statement| statement.end <= comment.start);
    let last = ended.min_by_key(|statement| (u32::MAX - statement.end, statement.end - statement.start))?;
    let between = &text[last.end as usize..comment.start as usize];
    let is_end = |char: char| char.is_whitespace() || matches!(char, ';' | ',');
    (!between.contains('\n') || between.chars().all(is_end)).then_some(last)
}

/// The first statement that starts behind a comment, and those that start on its line.
fn below(text: &str, statements: &[&Range<u32>], comment: &Range<u32>) -> Option<Range<u32>> {
    let after = || statements.iter().filter(|statement| statement.start >= comment.end);
    let start = after().map(|statement| statement.start).min()?;
    let line = text[start as usize..].find('\n').map_or(text.len(), |length| start as usize + length);
    let end = after().filter(|statement| (statement.start as usize) < line).map(|statement| statement.end).max()?;
    Some(start..end)
}
