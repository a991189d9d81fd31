//! Strings that are put together: literals, `+`, `%`, `format` and `join`.

use std::rc::Rc;
use std::sync::Arc;

use super::rows::items_of;
use super::{Evaluator, Frame};
use crate::host::value::{Call, Kind, Node, Piece, Value};
use crate::ir;
use crate::source::HostSpan;

impl Evaluator<'_, '_> {
    pub(super) fn pieces(&mut self, frame: &mut Frame, pieces: &[ir::Piece]) -> Vec<Piece> {
        let mut found = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                ir::Piece::Text { text, span } => {
                    found.push(Piece::Text { text: Arc::clone(text), place: self.code.place(frame.file, *span) });
                }
                ir::Piece::Hole(value) => found.append(&mut pieces_of(&self.expr(frame, value))),
            }
        }
        found
    }

    pub(super) fn text_node(&self, text: &str, place: HostSpan) -> Value {
        Rc::new(Node { kind: Kind::Text(vec![Piece::Text { text: Arc::from(text), place }]), place })
    }

    /// What a call makes of strings, if it is one of those that do.
    pub(super) fn text_call(&self, call: &Call, place: HostSpan) -> Option<Value> {
        let node = |pieces: Vec<Piece>| Some(Rc::new(Node { kind: text(pieces), place }));
        if let Some(path) = call.callee.external() {
            let only = call.positional.first()?;
            let is_text = matches!(only.kind, Kind::Text(_));
            let keeps = matches!(path, "textwrap.dedent" | "dedent" | "inspect.cleandoc" | "str");
            return (is_text && keeps).then(|| Rc::clone(only));
        }
        let Kind::Attribute { of, name, .. } = &call.callee.kind else { return None };
        let Kind::Text(pieces) = &of.kind else { return None };
        match &**name {
            "strip" | "lstrip" | "rstrip" | "encode" if call.positional.is_empty() => Some(Rc::clone(of)),
            _ => node(method(pieces, name, call)?),
        }
    }
}

/// What a method of a template makes of its arguments: `format` and `join`.
pub fn method(pieces: &[Piece], name: &str, call: &Call) -> Option<Vec<Piece>> {
    match name {
        "format" => Some(format(pieces, call)),
        "join" => Some(join(pieces, call.positional.first()?)),
        _ => None,
    }
}

/// `", ".join(values)`
fn join(between: &[Piece], values: &Value) -> Vec<Piece> {
    let Some(items) = items_of(values) else { return vec![Piece::Hole(Rc::clone(values))] };
    let is_sure = |item: &Value| !matches!(item.kind, Kind::Optional(_));
    // Before the first item that is sure to be there, what comes and goes brings its separator behind it.
    let first = items.iter().position(is_sure).unwrap_or(0);
    let mut joined = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let mut own = if number > first { between.to_vec() } else { Vec::new() };
        match &item.kind {
            Kind::Optional(inner) => {
                own.append(&mut pieces_of(inner));
                own.extend_from_slice(if number < first { between } else { &[] });
                joined.push(Piece::Optional(own));
            }
            _ => {
                own.append(&mut pieces_of(item));
                joined.append(&mut own);
            }
        }
    }
    joined
}

/// How many pieces a string may have; what is put together from more is no text that anybody follows.
const MAX_PIECES: usize = 2000;

/// A string of pieces.
pub(super) fn text(pieces: Vec<Piece>) -> Kind {
    if pieces.len() > MAX_PIECES { Kind::Unknown } else { Kind::Text(pieces) }
}

/// The pieces that a value is as a string.
pub fn pieces_of(value: &Value) -> Vec<Piece> {
    match &value.kind {
        Kind::Text(pieces) => pieces.clone(),
        _ => vec![Piece::Hole(Rc::clone(value))],
    }
}

/// A part of a text, with its place where it is spelled byte for byte.
fn part(text: &Arc<str>, place: HostSpan, bytes: std::ops::Range<usize>) -> Option<Piece> {
    if bytes.is_empty() {
        return None;
    }
    let is_verbatim = (place.end - place.start) as usize == text.len();
    let place = match is_verbatim {
        true => HostSpan { start: place.start + bytes.start as u32, end: place.start + bytes.end as u32, ..place },
        false => place,
    };
    Some(Piece::Text { text: Arc::from(&text[bytes]), place })
}

/// `"… %s … %(name)s" % values`
pub(super) fn percent(pieces: &[Piece], values: &Value) -> Vec<Piece> {
    let mut next = 0;
    fill(pieces, b'%', |directive| {
        if directive.starts_with('%') {
            return Some((1, None));
        }
        let (name, rest) = match directive.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((name, rest)) => (Some(name), rest),
            None => (None, directive),
        };
        let flags = rest.find(|char: char| !matches!(char, '-' | '+' | ' ' | '#' | '.' | '0'..='9'))?;
        let letter = rest[flags..].chars().next().filter(|letter| "sdirfegxXoc".contains(*letter))?;
        let length = directive.len() - rest.len() + flags + letter.len_utf8();
        let value = match (name, &values.kind) {
            (Some(name), Kind::Dict(pairs)) => {
                let has = |key: &Option<Value>| key.as_ref().and_then(|key| key.text()).as_deref() == Some(name);
                pairs.iter().find(|(key, _)| has(key)).map(|(_, value)| Rc::clone(value))
            }
            (None, Kind::List(items)) => items.get(next).cloned(),
            (None, _) if next == 0 => Some(Rc::clone(values)),
            _ => None,
        };
        next += usize::from(name.is_none());
        let unknown = || Rc::new(Node { kind: Kind::Unknown, place: values.place });
        Some((length, Some(value.unwrap_or_else(unknown))))
    })
}

/// `"… {} … {name}".format(values)`
fn format(pieces: &[Piece], call: &Call) -> Vec<Piece> {
    let mut next = 0;
    let filled = fill(pieces, b'{', |directive| {
        if directive.starts_with('{') {
            return Some((1, None));
        }
        let (inside, _) = directive.split_once('}')?;
        let name = inside.split([':', '!', '.', '[']).next().unwrap_or_default();
        let value = match (name, name.parse::<usize>()) {
            ("", _) => {
                next += 1;
                call.positional.get(next - 1)
            }
            (_, Ok(position)) => call.positional.get(position),
            (name, Err(_)) => call.named(name),
        };
        let unknown = || Rc::new(Node { kind: Kind::Unknown, place: call.callee.place });
        Some((inside.len() + 1, Some(value.cloned().unwrap_or_else(unknown))))
    });
    fill(&filled, b'}', |rest| rest.starts_with('}').then_some((1, None)))
}

/// Puts values in the place of what follows a mark. `read` sees the text behind the mark and says how many bytes of it
/// belong to the mark, and the value; without a value the mark stands for itself.
fn fill(pieces: &[Piece], mark: u8, mut read: impl FnMut(&str) -> Option<(usize, Option<Value>)>) -> Vec<Piece> {
    let mut filled = Vec::with_capacity(pieces.len() + 2);
    for piece in pieces {
        let Piece::Text { text, place } = piece else {
            filled.push(piece.clone());
            continue;
        };
        let (mut from, mut at) = (0, 0);
        while let Some(found) = text.as_bytes()[at..].iter().position(|byte| *byte == mark) {
            let behind = at + found + 1;
            match read(&text[behind..]) {
                Some((length, value)) => {
                    let end = if value.is_some() { behind - 1 } else { behind };
                    filled.extend(part(text, *place, from..end));
                    filled.extend(value.iter().flat_map(pieces_of));
                    from = behind + length;
                    at = from;
                }
                None => at = behind,
            }
        }
        filled.extend(part(text, *place, from..text.len()));
    }
    filled
}
