//! Strings of Python: their text with escapes resolved, and the holes of f-strings.

use std::sync::Arc;

use tree_sitter::Node;

use super::{Reader, children, span};
use crate::ir::{Piece, Span};

impl Reader<'_> {
    /// The pieces of a string, or of several beside each other.
    pub(super) fn pieces(&mut self, node: Node<'_>, into: &mut Vec<Piece>) {
        for child in children(node) {
            match child.kind() {
                "string" => self.pieces(child, into),
                "string_content" => self.content(child, into),
                "interpolation" => {
                    if let Some(value) = child.child_by_field_name("expression") {
                        let value = self.expr(value);
                        into.push(Piece::Hole(Box::new(value)));
                    }
                }
                _ => {}
            }
        }
    }

    /// Text between escapes is verbatim, and each escape is a piece of its own.
    fn content(&self, node: Node<'_>, into: &mut Vec<Piece>) {
        let mut at = node.start_byte();
        for escape in children(node) {
            self.verbatim(at, escape.start_byte(), into);
            let spelled = self.text(escape);
            let text = match escape.kind() {
                "escape_interpolation" => spelled.get(..1).unwrap_or_default().to_owned(),
                _ => unescape(spelled),
            };
            into.push(Piece::Text { text: Arc::from(text), span: span(escape) });
            at = escape.end_byte();
        }
        self.verbatim(at, node.end_byte(), into);
    }

    fn verbatim(&self, start: usize, end: usize, into: &mut Vec<Piece>) {
        if let Some(text) = self.text.get(start..end).filter(|text| !text.is_empty()) {
            into.push(Piece::Text { text: Arc::from(text), span: Span::from(start..end) });
        }
    }
}

/// What an escape stands for (the Python Language Reference, "Escape sequences"); one that is unknown stays.
fn unescape(spelled: &str) -> String {
    let rest = spelled.get(1..).unwrap_or_default();
    let coded = |digits: &str, radix: u32| {
        let code = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        code.map_or_else(|| spelled.to_owned(), String::from)
    };
    match rest.chars().next() {
        Some('\n' | '\r') => String::new(),
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('a') => "\u{7}".to_owned(),
        Some('b') => "\u{8}".to_owned(),
        Some('f') => "\u{c}".to_owned(),
        Some('v') => "\u{b}".to_owned(),
        Some('\\' | '\'' | '"') => rest.to_owned(),
        Some('x' | 'u' | 'U') => coded(rest.get(1..).unwrap_or_default(), 16),
        Some('0'..='7') => coded(rest, 8),
        _ => spelled.to_owned(),
    }
}
