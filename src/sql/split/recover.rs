//! What to do when a quote or comment is still open at the end of the text.
//!
//! The quote that never ends is rarely the one at fault: a stray apostrophe turns every string behind it inside out.
//! So the first string that seems to have swallowed a statement is kept in mind, and is where splitting starts again.

use super::{Current, Keyword, Splitter};
use crate::sql::scan;

/// More broken statements than this in one file: it is no SQL, and its rest becomes one statement.
const MAX_RECOVERIES: u32 = 64;

/// A string that holds a line which looks like the start of a statement.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    /// That line.
    line: usize,
    /// The statement the string stands in.
    current: Current,
    /// How many statements and annotations came before it.
    statements: usize,
    annotations: usize,
}

impl Splitter<'_> {
    /// Looks for a statement inside the string over `opened..end`, which is part of the current one.
    pub(super) fn suspicion(&self, opened: usize, end: usize) -> Option<Suspect> {
        let line = self.plausible_line(opened, end)?;
        let current = Current { end: opened, ..self.current.clone() };
        let (statements, annotations) = (self.out.statements.len(), self.out.annotations.len());
        Some(Suspect { line, current, statements, annotations })
    }

    /// Ends the statement whose quote or comment, opened at `opened`, never ends, and goes on behind it.
    pub(super) fn unterminated(&mut self, opened: usize, problem: &'static str) {
        let suspect = self.suspect.take().filter(|_| problem != "unterminated-comment");
        let line = match suspect {
            Some(suspect) => {
                self.out.statements.truncate(suspect.statements);
                self.out.annotations.truncate(suspect.annotations);
                self.current = suspect.current;
                Some(suspect.line)
            }
            None => self.plausible_line(opened, self.bytes.len()),
        };
        let end = self.recovery(line);
        let start = self.current.start.unwrap_or(opened);
        self.at = opened.min(end);
        self.take(start + self.text[start..end].trim_end().len());
        self.current.start = Some(start);
        // What has no word yet is reported all the same: it may hide anything.
        self.current.keyword.get_or_insert(Keyword::Other);
        self.finish(Some(problem));
        self.go_back(end);
    }

    /// Ends what the end of the text leaves open.
    pub(super) fn end_of_text(&mut self) {
        if !self.current.body.is_open() {
            return self.finish(None);
        }
        // A body without an END reaches to the next line that is not indented and starts a statement.
        let start = self.current.start.expect("a statement with a body has a start");
        let line = self.plausible_line(start, self.bytes.len());
        let end = self.recovery(line);
        self.out.annotations.retain(|annotation| (annotation.bytes.start as usize) < end);
        self.current.end = start + self.text[start..end].trim_end().len();
        self.finish(Some("unterminated-body"));
        self.go_back(end);
    }

    /// Where a statement without an end is cut short: before `line`, as long as the file may still be SQL.
    fn recovery(&mut self, line: Option<usize>) -> usize {
        self.recoveries += 1;
        line.filter(|_| self.recoveries <= MAX_RECOVERIES).unwrap_or(self.bytes.len())
    }

    /// Goes on at `at`, which may lie before what has been read: nothing seen behind it counts.
    fn go_back(&mut self, at: usize) {
        self.at = at;
        self.comments = 0..0;
        self.suspect = None;
    }

    /// Finds the first line inside `from..end` that looks like the start of a statement.
    fn plausible_line(&self, from: usize, end: usize) -> Option<usize> {
        let mut line = from;
        // Looks no further than `end`: most strings are short, and a line may hold a million of them.
        while let Some(length) = scan::find(&self.bytes[line..end], b'\n') {
            line += length + 1;
            if line < end && is_start(self.bytes, line) {
                return Some(line);
            }
        }
        None
    }
}

/// Says whether a word that starts statements stands at `at`, with another word behind it; or a query's name.
fn is_start(bytes: &[u8], at: usize) -> bool {
    if bytes[at..].starts_with(b"-- name:") {
        return true;
    }
    let end = scan::name(bytes, at);
    let word = &bytes[at..end];
    let followed = bytes.get(end) == Some(&b' ') && bytes.get(end + 1).is_some_and(|byte| !byte.is_ascii_whitespace());
    followed && STARTERS.iter().any(|starter| word.eq_ignore_ascii_case(starter.as_bytes()))
}

/// Words that people start a line with only to start a statement.
const STARTERS: &[&str] = &[
    "ALTER", "CREATE", "COMMENT", "COPY", "DELETE", "DROP", "GRANT", "INSERT", "MERGE", "PRAGMA", "REVOKE", "SELECT",
    "TRUNCATE", "UPDATE", "WITH",
];
