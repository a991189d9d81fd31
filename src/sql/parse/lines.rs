//! The map from sqlparser's locations (line and column, both from 1, columns in characters) to bytes.

use sqlparser::ast;
use sqlparser::tokenizer::{Location, Span};
use std::ops::Range;
use std::sync::Arc;

/// Where the lines of one text start, and which of its characters are wider than a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineStarts {
    /// The first byte of each line; sqlparser starts one at `\n` only.
    starts: Arc<[u32]>,
    /// The characters that are not ASCII: where they start, and by how many bytes those before them exceed characters.
    wide: Arc<[(u32, u32)]>,
    /// Length of the text in bytes.
    len: u32,
    /// Where pieces of the text start, and where they stood in the text they were taken from.
    pieces: Vec<(u32, u32)>,
}

impl LineStarts {
    /// Measures a text.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
        let mut wide = Vec::new();
        if !text.is_ascii() {
            let mut excess = 0;
            for (at, char) in text.char_indices().filter(|(_, char)| !char.is_ascii()) {
                wide.push((at as u32, excess));
                excess += char.len_utf8() as u32 - 1;
            }
            wide.push((u32::MAX, excess));
        }
        Self { starts: starts.into(), wide: wide.into(), len: text.len() as u32, pieces: Vec::new() }
    }

    /// Leads to the text that this one was put together from: `pieces` says where each starts here and started there.
    pub fn from_pieces(self, pieces: &[(u32, u32)]) -> Self {
        Self { pieces: pieces.to_vec(), ..self }
    }

    /// Returns the byte of a location; one past the text for a location behind it, 0 for sqlparser's "no location".
    pub fn byte(&self, location: Location) -> u32 {
        let byte = self.own_byte(location);
        let before = self.pieces.partition_point(|(here, _)| *here <= byte);
        before.checked_sub(1).map_or(byte, |piece| byte - self.pieces[piece].0 + self.pieces[piece].1)
    }

    fn own_byte(&self, location: Location) -> u32 {
        let Some(line) = (location.line as usize).checked_sub(1) else {
            return 0;
        };
        let Some(&start) = self.starts.get(line) else {
            return self.len;
        };
        let characters = (location.column.max(1) - 1).min(u64::from(self.len)) as u32;
        let wide = &self.wide[self.wide.partition_point(|(at, _)| *at < start)..];
        let Some(&(_, before)) = wide.first() else { return (start + characters).min(self.len) };
        // Of the wide characters from here on, those that stand before the one that is asked for.
        let passed = wide.partition_point(|(at, excess)| at - start - (excess - before) < characters);
        let excess = wide.get(passed).or(wide.last()).map_or(0, |(_, excess)| excess - before);
        (start + characters + excess).min(self.len)
    }

    /// Returns the bytes of a span.
    pub fn bytes(&self, span: Span) -> Range<u32> {
        let start = self.byte(span.start);
        start..self.byte(span.end).max(start)
    }

    /// Returns the bytes of an identifier.
    pub fn ident(&self, ident: &ast::Ident) -> Range<u32> {
        self.bytes(ident.span)
    }

    /// Returns the number of lines.
    pub fn count(&self) -> u64 {
        self.starts.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_bytes_come_back() {
        let text = "SELECT 'é€'\n, ünï FROM t\r\nWHERE x";
        let lines = LineStarts::new(text);
        let at = |line, column| lines.byte(Location { line, column }) as usize;
        assert_eq!(&text[at(1, 8)..at(1, 12)], "'é€'");
        assert_eq!(&text[at(2, 3)..at(2, 6)], "ünï");
        assert_eq!(&text[at(2, 7)..at(2, 11)], "FROM");
        assert_eq!(&text[at(3, 1)..], "WHERE x");
        assert_eq!(at(9, 1), text.len());
        assert_eq!(at(0, 0), 0);
    }
}
