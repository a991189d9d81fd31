//! Holes within quotes: `'{name}'`, `'%{name}%'`, `"{table}"` are no constants.
//!
//! Works on text with places; knows no host language.

use std::ops::Range;

use super::template::Template;
use crate::dialect::Dialect;
use crate::source::{HostSpan, Origin, SpanMap};
use crate::sql::scan::{self, Comments, Escapes};

/// A part of the text and what stands in its place.
struct Edit {
    bytes: Range<usize>,
    text: String,
}

/// Takes the holes of a template out of quotes, so that no literal or name is read that nobody sends.
pub(super) fn mend(template: Template, dialect: Dialect) -> (String, SpanMap) {
    let Template { text, spans, holes } = template;
    if holes.is_empty() {
        return (text, spans);
    }
    let edits = edits(&text, &holes, dialect);
    if edits.is_empty() {
        return (text, spans);
    }
    let (mut mended, mut map, mut at) = (String::with_capacity(text.len()), SpanMap::default(), 0);
    for edit in edits {
        mended.push_str(&text[at..edit.bytes.start]);
        map.append(&spans, at as u32..edit.bytes.start as u32);
        mended.push_str(&edit.text);
        map.push(edit.text.len() as u32, place(&spans, &edit.bytes), Origin::Placeholder);
        at = edit.bytes.end;
    }
    mended.push_str(&text[at..]);
    map.append(&spans, at as u32..text.len() as u32);
    (mended, map)
}

fn place(spans: &SpanMap, bytes: &Range<usize>) -> HostSpan {
    let mut part = SpanMap::default();
    part.append(spans, bytes.start as u32..bytes.end as u32);
    let first = part.segments().first().map_or(HostSpan::new(crate::source::FileId(0), 0..0), |segment| segment.host);
    part.places(0..part.sql_len(), &HostSpan { end: first.start, ..first }).primary
}

fn edits(text: &str, holes: &[Range<usize>], dialect: Dialect) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut comments = Comments::default();
    let (mut at, mut word) = (0, 0..0);
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        at = match bytes[at] {
            b'-' if next == Some(b'-') => scan::line_comment(bytes, at),
            b'/' if next == Some(b'*') => comments.end(bytes, at).unwrap_or(bytes.len()),
            quote @ (b'\'' | b'"' | b'`') => {
                let escapes = if quote == b'\'' { scan::escapes_of_string(bytes, at) } else { Escapes::Doubled };
                // A quote that never ends is none of a template's.
                let Some(end) = scan::quoted(bytes, at, escapes) else { return found };
                let inside: Vec<&Range<usize>> =
                    holes.iter().filter(|hole| at < hole.start && hole.end < end).collect();
                if let [first, ..] = inside.as_slice() {
                    let text = match quote {
                        b'\'' => string(text, at..end, &inside, &text[word.clone()], dialect),
                        _ => text[(*first).clone()].to_owned(),
                    };
                    found.push(Edit { bytes: at..end, text });
                }
                end
            }
            byte if scan::is_name_start(byte) => {
                let end = scan::name(bytes, at);
                word = at..end;
                end
            }
            byte => {
                if !byte.is_ascii_whitespace() {
                    word = 0..0;
                }
                at + 1
            }
        };
    }
    found
}

/// What a string with holes is: the hole alone, a concatenation, or, where only a literal may stand, one.
fn string(text: &str, bytes: Range<usize>, holes: &[&Range<usize>], before: &str, dialect: Dialect) -> String {
    let (start, end) = (bytes.start + 1, bytes.end - 1);
    let is_typed =
        ["INTERVAL", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME"].iter().any(|word| before.eq_ignore_ascii_case(word));
    let (mut parts, mut at) = (Vec::new(), start);
    for hole in holes {
        if hole.start > at {
            parts.push(format!("'{}'", &text[at..hole.start]));
        }
        parts.push(text[(*hole).clone()].to_owned());
        at = hole.end;
    }
    if at < end {
        parts.push(format!("'{}'", &text[at..end]));
    }
    let is_hole_alone = holes.len() == 1 && parts.len() == 1;
    if is_typed && !is_hole_alone {
        // `INTERVAL '{days} days'`: no expression may stand there.
        let plain = holes.iter().rev().fold(text[bytes.clone()].to_owned(), |mut plain, hole| {
            plain.replace_range(hole.start - bytes.start..hole.end - bytes.start, "1");
            plain
        });
        return plain;
    }
    match is_hole_alone {
        true => parts.remove(0),
        // MySQL reads `||` as OR.
        false if dialect == Dialect::Mysql => format!("CONCAT({})", parts.join(", ")),
        false => format!("({})", parts.join(" || ")),
    }
}
