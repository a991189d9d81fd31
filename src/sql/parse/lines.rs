//! The map from sqlparser's locations (line and column, both from 1, columns in characters) to bytes.

use sqlparser::ast;
use sqlparser::tokenizer::{Location, Span};
use std::ops::Range;

/// Where the lines of one text start, and which of its characters are wider than a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineStarts {
    /// The first byte of each line; sqlparser starts one at `\n` only.
    starts: Vec<u32>,
    /// Bytes and widths of the characters that are not ASCII.
    wide: Vec<(u32, u8)>,
    /// Length of the text in bytes.
    len: u32,
}

impl LineStarts {
    /// Measures a text.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
        let wide = if text.is_ascii() {
            Vec::new()
        } else {
            let wide = text.char_indices().filter(|(_, char)| !char.is_ascii());
            wide.map(|(at, char)| (at as u32, char.len_utf8() as u8)).collect()
        };
        Self { starts, wide, len: text.len() as u32 }
    }

    /// Returns the byte of a location; one past the text for a location behind it, 0 for sqlparser's "no location".
    pub fn byte(&self, location: Location) -> u32 {
        let Some(line) = (location.line as usize).checked_sub(1) else {
            return 0;
        };
        let Some(&start) = self.starts.get(line) else {
            return self.len;
        };
        let mut byte = start + (location.column.max(1) - 1).min(u64::from(self.len)) as u32;
        let first = self.wide.partition_point(|(at, _)| *at < start);
        for (at, width) in &self.wide[first..] {
            if *at >= byte {
                break;
            }
            byte += u32::from(*width) - 1;
        }
        byte.min(self.len)
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
