//! Ends that a template leaves loose where a part of it is not there: `WHERE ORDER BY`, `AND )`, `INSERT INTO t ({…})`.
//!
//! Works on text with places; knows no host language.

use std::ops::Range;

use crate::source::SpanMap;
use crate::sql::scan::{self, Comments, Escapes};

/// What stands behind the end of a condition.
const ENDS: &[&str] = &["ORDER", "GROUP", "LIMIT", "RETURNING", "HAVING", "FOR", "UNION", ")", ";", ""];

/// A word or a mark of a text.
struct Token<'a> {
    bytes: Range<usize>,
    text: &'a str,
}

/// Takes out connectives that connect nothing, and lists of columns that are only known at run time.
///
/// Says also whether there was such a list.
pub(super) fn cut(text: String, spans: SpanMap) -> (String, SpanMap, bool) {
    if spans.segments().len() < 2 {
        // Nobody put it together.
        return (text, spans, false);
    }
    let tokens = tokens(&text);
    let mut gone = connectives(&tokens);
    let lists = lists(&tokens);
    let has_columns = !lists.is_empty();
    gone.extend(lists);
    gone.sort_by_key(|range| range.start);
    if gone.is_empty() {
        return (text, spans, false);
    }
    let (mut whole, mut map, mut from) = (String::with_capacity(text.len()), SpanMap::default(), 0);
    for range in gone {
        whole.push_str(&text[from..range.start]);
        map.append(&spans, from as u32..range.start as u32);
        from = range.end;
    }
    whole.push_str(&text[from..]);
    map.append(&spans, from as u32..text.len() as u32);
    (whole, map, has_columns)
}

/// `AND` and `OR` without a condition on either side, `WHERE` without any.
fn connectives(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let is_end = |next: &str| ENDS.iter().any(|end| end.eq_ignore_ascii_case(next));
    let is = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.text.eq_ignore_ascii_case(word));
    let mut gone = Vec::new();
    let mut kept: Vec<&Token<'_>> = Vec::new();
    for token in tokens.iter().rev() {
        let next = kept.last().map_or("", |next| next.text);
        match is(token, &["AND", "OR", "WHERE"]) && is_end(next) {
            true => gone.push(token.bytes.clone()),
            false => kept.push(token),
        }
    }
    let mut last: Option<&Token<'_>> = None;
    for token in kept.into_iter().rev() {
        if is(token, &["AND", "OR"]) && last.is_some_and(|last| is(last, &["WHERE", "("])) {
            gone.push(token.bytes.clone());
        } else {
            last = Some(token);
        }
    }
    gone
}

/// `({columns})` behind `INSERT INTO t`.
fn lists(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let is_list = |five: &&[Token<'_>]| {
        let [into, _, open, hole, close] = five else { return false };
        into.text.eq_ignore_ascii_case("INTO") && open.text == "(" && hole.text.starts_with('{') && close.text == ")"
    };
    tokens.windows(5).filter(is_list).map(|five| five[2].bytes.start..five[4].bytes.end).collect()
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut comments = Comments::default();
    let mut at = 0;
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        let end = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if next == Some(b'-') => {
                at = scan::line_comment(bytes, at);
                continue;
            }
            b'/' if next == Some(b'*') => {
                at = comments.end(bytes, at).unwrap_or(bytes.len());
                continue;
            }
            b'\'' => scan::quoted(bytes, at, scan::escapes_of_string(bytes, at)),
            b'"' | b'`' => scan::quoted(bytes, at, Escapes::Doubled),
            b'{' => scan::find(&bytes[at..], b'}').map(|length| at + length + 1),
            byte if scan::is_name_start(byte) => Some(scan::name(bytes, at)),
            _ => Some(at + 1),
        };
        let end = end.unwrap_or(bytes.len());
        found.push(Token { bytes: at..end, text: text.get(at..end).unwrap_or("?") });
        at = end;
    }
    found
}
