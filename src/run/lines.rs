//! Turns byte offsets of a file into the lines and columns that reports show.

use std::ops::Range;
use std::sync::Arc;

use crate::outcome::Location;

/// Where each line of a text starts.
pub(super) struct LineIndex {
    text: Arc<str>,
    starts: Vec<usize>,
    /// Characters before every [`STRIDE`]-th byte, so that a line of megabytes is not counted again for each place in it.
    counts: Vec<usize>,
}

const STRIDE: usize = 1024;

impl LineIndex {
    /// Indexes a text.
    pub(super) fn new(text: Arc<str>) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        let mut before = 0;
        let count = |chunk: &[u8]| {
            let here = before;
            before += characters(chunk);
            here
        };
        let mut counts: Vec<usize> = text.as_bytes().chunks(STRIDE).map(count).collect();
        counts.push(before);
        Self { text, starts, counts }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Locates a byte range of the text in `path`; offsets behind the end are taken as the end.
    pub(super) fn locate(&self, path: Arc<str>, bytes: Range<usize>) -> Location {
        let (line, column) = self.position(bytes.start);
        let (end_line, end_column) = self.position(bytes.end.max(bytes.start));
        Location { path, line, column, end_line, end_column, bytes }
    }

    /// Returns the bytes of a line, from 1, or those of the character at a column of it; none behind the end.
    pub(super) fn bytes(&self, line: u32, column: Option<u32>) -> Option<Range<u32>> {
        let start = *self.starts.get(usize::try_from(line.checked_sub(1)?).ok()?)?;
        let end = self.starts.get(line as usize).map_or(self.text.len(), |next| next - 1);
        let range = match column {
            None => start..end,
            Some(column) => {
                let skip = usize::try_from(column.checked_sub(1)?).ok()?;
                let at = self.text[start..end].char_indices().nth(skip).map_or(end, |(at, _)| start + at);
                at..at + 1
            }
        };
        // An empty line stands in a statement around it, too.
        Some(u32::try_from(range.start).ok()?..u32::try_from(range.end.max(range.start + 1)).ok()?)
    }

    /// 1-based line and column; columns count Unicode scalar values.
    fn position(&self, byte: usize) -> (u32, u32) {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts[line - 1];
        let column = self.characters_before(byte) - self.characters_before(start) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn characters_before(&self, byte: usize) -> usize {
        let stride = byte / STRIDE;
        self.counts[stride] + characters(&self.text.as_bytes()[stride * STRIDE..byte])
    }
}

/// Counts the characters that start in some bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_ends_are_exclusive() {
        let text = "select 1;\nselect 'é', b;\n";
        let at = text.find("b;").expect("there");
        let found = LineIndex::new(text.into()).locate("q.sql".into(), at..at + 1);
        assert_eq!((found.line, found.column, found.end_line, found.end_column), (2, 13, 2, 14));
    }

    #[test]
    fn columns_of_long_lines_are_those_of_short_ones() {
        for length in [STRIDE - 1, STRIDE, STRIDE + 1, 5 * STRIDE] {
            let text = format!("x\n{}y", "é".repeat(length));
            let found = LineIndex::new(text.as_str().into()).locate("q.sql".into(), text.len() - 1..text.len());
            assert_eq!((found.line, found.column, found.end_column), (2, length as u32 + 1, length as u32 + 2));
        }
    }

    #[test]
    fn offsets_behind_the_end_are_the_end() {
        let found = LineIndex::new("ab".into()).locate("q.sql".into(), 1..9);
        assert_eq!((found.line, found.column, found.end_column), (1, 2, 3));
    }
}
