//! Strings of Python: their text with escapes resolved, and the holes of f-strings.

use std::ops::Range;
use std::sync::Arc;

use ruff_python_ast as ast;
use ruff_python_ast::{InterpolatedStringElement, StringFlags};
use ruff_text_size::{Ranged, TextRange};

use super::Reader;
use crate::ir::{ExprKind, Piece, Span};

/// How text is spelled.
#[derive(Clone, Copy)]
struct Spelling {
    /// Backslashes are text.
    is_raw: bool,
    /// A brace is spelled twice.
    has_holes: bool,
}

/// What lies between the quotes.
pub(super) fn inside(all: TextRange, flags: impl StringFlags) -> Option<TextRange> {
    let start = all.start() + flags.opener_len();
    let end = all.end().checked_sub(flags.closer_len())?;
    (start <= end).then(|| TextRange::new(start, end))
}

impl Reader<'_> {
    pub(super) fn literal(&mut self, of: &ast::ExprStringLiteral) -> ExprKind {
        let mut pieces = Vec::new();
        of.value.iter().for_each(|part| self.part(part.range, part.flags, &mut pieces));
        ExprKind::Template(pieces)
    }

    pub(super) fn bytes(&mut self, of: &ast::ExprBytesLiteral) -> ExprKind {
        let mut pieces = Vec::new();
        of.value.iter().for_each(|part| self.part(part.range, part.flags, &mut pieces));
        ExprKind::Template(pieces)
    }

    pub(super) fn f_string(&mut self, of: &ast::ExprFString) -> ExprKind {
        let mut pieces = Vec::new();
        for part in &of.value {
            match part {
                ast::FStringPart::Literal(part) => self.part(part.range, part.flags, &mut pieces),
                ast::FStringPart::FString(part) => self.elements(&part.elements, part.flags, &mut pieces),
            }
        }
        ExprKind::Template(pieces)
    }

    pub(super) fn t_string(&mut self, of: &ast::ExprTString) -> ExprKind {
        let mut pieces = Vec::new();
        of.value.iter().for_each(|part| self.elements(&part.elements, part.flags, &mut pieces));
        ExprKind::Template(pieces)
    }

    fn part(&self, all: TextRange, flags: impl StringFlags, into: &mut Vec<Piece>) {
        let spelling = Spelling { is_raw: flags.prefix().is_raw(), has_holes: false };
        if let Some(inside) = inside(all, flags) {
            self.content(inside, spelling, into);
        }
    }

    fn elements(&mut self, elements: &[InterpolatedStringElement], flags: impl StringFlags, into: &mut Vec<Piece>) {
        let spelling = Spelling { is_raw: flags.prefix().is_raw(), has_holes: true };
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(text) => self.content(text.range(), spelling, into),
                InterpolatedStringElement::Interpolation(hole) => {
                    let value = self.expr(&hole.expression);
                    into.push(Piece::Hole(Box::new(value)));
                }
            }
        }
    }

    /// Text between escapes is verbatim, and each escape is a piece of its own.
    fn content(&self, range: TextRange, spelling: Spelling, into: &mut Vec<Piece>) {
        let range = range.to_std_range();
        let Some(spelled) = self.text.get(range.clone()) else { return };
        let (mut from, mut at) = (0, 0);
        while let Some(next) = next_escape(spelled, at, spelling) {
            let rest = spelled.get(next..).unwrap_or_default();
            let Some((length, text)) = escape(rest) else {
                // One that is unknown stays as it is, and what it would escape is text.
                at = next + 2;
                continue;
            };
            self.verbatim(range.start + from..range.start + next, into);
            let place = range.start + next..range.start + next + length;
            into.push(Piece::Text { text: Arc::from(text), span: Span::from(place) });
            at = next + length;
            from = at;
        }
        self.verbatim(range.start + from..range.end, into);
    }

    fn verbatim(&self, range: Range<usize>, into: &mut Vec<Piece>) {
        if let Some(text) = self.text.get(range.clone()).filter(|text| !text.is_empty()) {
            into.push(Piece::Text { text: Arc::from(text), span: Span::from(range) });
        }
    }
}

fn next_escape(spelled: &str, from: usize, spelling: Spelling) -> Option<usize> {
    let starts = |byte: &u8| match byte {
        b'\\' => !spelling.is_raw,
        b'{' | b'}' => spelling.has_holes,
        _ => false,
    };
    let rest = spelled.as_bytes().get(from..)?;
    rest.iter().position(starts).map(|next| from + next)
}

/// How many bytes an escape takes, and what it stands for (the Python Language Reference, "Escape sequences").
fn escape(rest: &str) -> Option<(usize, String)> {
    if let Some(brace) = rest.strip_prefix(['{', '}']) {
        let length = if brace.starts_with(rest.get(..1)?) { 2 } else { 1 };
        return Some((length, rest.get(..1)?.to_owned()));
    }
    let coded = |digits: &str, radix: u32, before: usize| {
        let code = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)?;
        Some((before + digits.len(), String::from(code)))
    };
    let plain = |text: &str| Some((2, text.to_owned()));
    match rest.get(1..)?.chars().next()? {
        '\r' if rest.get(2..)?.starts_with('\n') => Some((3, String::new())),
        '\n' | '\r' => plain(""),
        'n' => plain("\n"),
        't' => plain("\t"),
        'r' => plain("\r"),
        'a' => plain("\u{7}"),
        'b' => plain("\u{8}"),
        'f' => plain("\u{c}"),
        'v' => plain("\u{b}"),
        '\\' | '\'' | '"' => plain(rest.get(1..2)?),
        'x' => coded(rest.get(2..4)?, 16, 2),
        'u' => coded(rest.get(2..6)?, 16, 2),
        'U' => coded(rest.get(2..10)?, 16, 2),
        '0'..='7' => {
            let digits = rest.bytes().skip(1).take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
            coded(rest.get(1..=digits)?, 8, 1)
        }
        _ => None,
    }
}
