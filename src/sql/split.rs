//! A file of SQL cut into statements, lexically: one pass over the bytes, no grammar.
//!
//! Knows what may hide a `;` (strings, comments, quoted names, dollar quotes, trigger bodies, COPY data) and what ends
//! a statement besides one (`DELIMITER`, `GO`, psql's commands, `-- name:`). A statement that never ends costs itself
//! only: splitting goes on at the next line that looks like the start of one. Knows nothing of what statements mean.

mod annotation;
mod body;
mod recover;
mod votes;

use std::ops::Range;

pub use annotation::{Annotation, AnnotationKind, Naming};
pub use votes::Votes;

use super::scan::{self, Comments, Escapes};
use crate::suppress;
use body::Body;
use recover::Suspect;

/// A text cut into statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The statements, in order.
    pub statements: Vec<RawStatement>,
    /// Comments that tools give a meaning to, in order.
    pub annotations: Vec<Annotation>,
    /// Comments that hold the mark of suppressions, in order.
    pub suppressions: Vec<Range<u32>>,
    /// What the words of the text say of its dialect.
    pub votes: Votes,
    /// What was passed over.
    pub passed: Passed,
}

/// A statement of a text, by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawStatement {
    /// From its first word to its last byte: no terminator, no comments before or behind.
    pub bytes: Range<u32>,
    /// The comments directly above it, empty without any.
    pub lead: Range<u32>,
    /// Its first word.
    pub keyword: Keyword,
    /// It holds the word `SELECT` outside strings and comments.
    pub selects: bool,
    /// It holds what may be a placeholder.
    pub parameters: bool,
    /// What is wrong with it: `unterminated-string`, `unterminated-comment`, `unterminated-body`.
    pub problem: Option<&'static str>,
}

/// What was passed over without becoming a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// psql's and mysql's backslash commands, `DELIMITER` and `GO` lines.
    pub commands: u32,
    /// Blocks of COPY data.
    pub copies: u32,
    /// Bits of text without a word in them.
    pub fragments: u32,
}

/// The first word of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// `ALTER`
    Alter,
    /// `COMMENT`
    Comment,
    /// `COPY`
    Copy,
    /// `CREATE`
    Create,
    /// `DELETE`
    Delete,
    /// `DROP`
    Drop,
    /// `EXPLAIN`
    Explain,
    /// `INSERT`, and `REPLACE` of SQLite and MySQL.
    Insert,
    /// `MERGE`
    Merge,
    /// `SELECT`, also behind an opening parenthesis.
    Select,
    /// `UPDATE`
    Update,
    /// `VALUES`
    Values,
    /// `WITH`
    With,
    /// Any other word.
    Other,
}

impl Keyword {
    /// Reads an upper-case word.
    fn read(word: &[u8]) -> Self {
        match word {
            b"ALTER" => Self::Alter,
            b"COMMENT" => Self::Comment,
            b"COPY" => Self::Copy,
            b"CREATE" => Self::Create,
            b"DELETE" => Self::Delete,
            b"DROP" => Self::Drop,
            b"EXPLAIN" => Self::Explain,
            b"INSERT" | b"REPLACE" => Self::Insert,
            b"MERGE" => Self::Merge,
            b"SELECT" => Self::Select,
            b"UPDATE" => Self::Update,
            b"VALUES" => Self::Values,
            b"WITH" => Self::With,
            _ => Self::Other,
        }
    }
}

/// Cuts a text into statements.
pub fn split(text: &str) -> Split {
    let split = split_as(text, votes::looks_like_mysql(text));
    if split.is_whole() || !text.contains("\\'") {
        return split;
    }
    // A file without any mark of MySQL may still be one, which its escapes then tell.
    let escaped = split_as(text, true);
    if escaped.is_whole() { escaped } else { split }
}

impl Split {
    /// Says whether every statement has an end.
    fn is_whole(&self) -> bool {
        self.statements.iter().all(|statement| statement.problem.is_none())
    }
}

fn split_as(text: &str, mysql: bool) -> Split {
    let mut splitter = Splitter::new(text, mysql);
    while splitter.at < splitter.bytes.len() {
        splitter.step();
        if splitter.at >= splitter.bytes.len() {
            splitter.end_of_text();
        }
    }
    splitter.out
}

/// The statement being read.
#[derive(Clone, Debug, Default)]
struct Current {
    /// Its first byte, once there is one.
    start: Option<usize>,
    /// One past its last byte that is neither blank nor comment.
    end: usize,
    lead: Range<usize>,
    keyword: Option<Keyword>,
    selects: bool,
    parameters: bool,
    /// `COPY … FROM STDIN`
    stdin: bool,
    /// It started in one of MySQL's version comments.
    versioned: bool,
    body: Body,
}

struct Splitter<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    mysql: bool,
    /// Within a version comment that is read as text.
    uncovered: bool,
    /// Set by `DELIMITER`.
    delimiter: Option<&'a [u8]>,
    current: Current,
    /// The comments read since the last statement that stand together.
    comments: Range<usize>,
    /// The first string that may have swallowed a statement.
    suspect: Option<Suspect>,
    comments_end: Comments,
    /// No COPY data ends behind here.
    no_copy_data: bool,
    /// How often a statement without an end was cut short.
    recoveries: u32,
    /// The text holds the mark of suppressions somewhere.
    marked: bool,
    out: Split,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, mysql: bool) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            mysql,
            uncovered: false,
            delimiter: None,
            current: Current::default(),
            comments: 0..0,
            suspect: None,
            comments_end: Comments::default(),
            no_copy_data: false,
            recoveries: 0,
            marked: suppress::is_marked(text),
            out: Split::default(),
        }
    }

    /// Reads one token.
    fn step(&mut self) {
        let at = self.at;
        let next = self.bytes.get(at + 1).copied();
        if self.delimiter.is_some_and(|delimiter| self.bytes[at..].starts_with(delimiter)) {
            self.at += self.delimiter.map_or(1, <[u8]>::len);
            return self.finish(None);
        }
        match self.bytes[at] {
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b'-' if next == Some(b'-') => self.line_comment(2),
            b'#' if self.is_hash_comment(next) => self.line_comment(1),
            b':' if self.is_qgen_line(next) => self.command(),
            b'/' if next == Some(b'*') && self.starts_version_comment() => self.version_comment(),
            b'*' if next == Some(b'/') && self.uncovered => {
                self.uncovered = false;
                self.at += 2;
            }
            b'/' if next == Some(b'*') => self.block_comment(),
            b'\'' => self.quoted(self.escapes(at), "unterminated-string"),
            b'"' => self.quoted(if self.mysql { Escapes::Backslash } else { Escapes::Doubled }, "unterminated-string"),
            b'`' => self.quoted(Escapes::Doubled, "unterminated-identifier"),
            b'[' => self.token(scan::bracketed(self.bytes, at).unwrap_or(at + 1)),
            b'$' => self.dollar(),
            b';' if self.delimiter.is_none() => self.semicolon(),
            b'\\' => self.backslash(),
            byte if scan::is_name_start(byte) => self.word(),
            byte if byte.is_ascii_digit() => self.token(scan::name(self.bytes, at)),
            byte => self.punctuation(byte, next),
        }
    }

    /// `#` is an operator to PostgreSQL, though no statement starts with it.
    fn is_hash_comment(&self, next: Option<u8>) -> bool {
        next != Some(b'{') && (self.mysql || self.current.start.is_none())
    }

    /// `:x` and `:n -1` between statements steer TPC's query generator.
    fn is_qgen_line(&self, next: Option<u8>) -> bool {
        self.current.start.is_none() && self.starts_line() && next.is_some_and(|next| next.is_ascii_alphabetic())
    }

    fn escapes(&self, at: usize) -> Escapes {
        if self.mysql { Escapes::Backslash } else { scan::escapes_of_string(self.bytes, at) }
    }

    /// Takes a token that is no word into the current statement.
    fn token(&mut self, end: usize) {
        self.current.body.no_word();
        self.take(end);
    }

    /// Takes the bytes up to `end` into the current statement.
    fn take(&mut self, end: usize) {
        if self.current.start.is_none() {
            self.current.start = Some(self.at);
            self.current.lead = self.take_lead();
        }
        self.current.end = end;
        self.at = end;
    }

    /// The comments that stand directly above the statement that starts here.
    fn take_lead(&mut self) -> Range<usize> {
        let comments = std::mem::take(&mut self.comments);
        let above = !comments.is_empty() && line_breaks(&self.bytes[comments.end..self.at]) <= 1;
        if above { comments } else { self.at..self.at }
    }

    fn line_comment(&mut self, delimiter: usize) {
        let end = scan::line_comment(self.bytes, self.at);
        self.comment(self.at + delimiter..end, end);
    }

    fn block_comment(&mut self) {
        match self.comments_end.end(self.bytes, self.at) {
            Some(end) => self.comment(self.at + 2..end.saturating_sub(2).max(self.at + 2), end),
            None => self.unterminated(self.at, "unterminated-comment"),
        }
    }

    /// MySQL runs what stands in `/*!50100 … */`. Dumps wrap whole statements so, some of them in several pieces;
    /// within a statement that did not start in one, it is a comment to us.
    fn starts_version_comment(&self) -> bool {
        let mark = self.bytes.get(self.at + 2) == Some(&b'!');
        self.mysql && mark && (self.current.start.is_none() || self.current.versioned)
    }

    fn version_comment(&mut self) {
        self.at += 3;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.uncovered = true;
        self.current.versioned = true;
    }

    fn comment(&mut self, inner: Range<usize>, end: usize) {
        if self.marked && suppress::is_marked(&self.text[inner.clone()]) {
            self.out.suppressions.push(self.at as u32..end as u32);
        }
        if let Some(kind) = annotation::read(&self.text[inner]) {
            self.finish(None);
            self.out.annotations.push(Annotation { bytes: self.at as u32..end as u32, kind });
        }
        if self.current.start.is_none() {
            let joins = !self.comments.is_empty() && line_breaks(&self.bytes[self.comments.end..self.at]) <= 1;
            let start = if joins { self.comments.start } else { self.at };
            // A comment behind a statement on its line belongs to that one.
            self.comments = if joins || self.starts_line() { start..end } else { 0..0 };
        }
        self.at = end;
    }

    /// Says whether only blanks stand before this byte on its line.
    fn starts_line(&self) -> bool {
        let before = self.bytes[..self.at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        matches!(before, None | Some(b'\n' | b'\r'))
    }

    fn quoted(&mut self, escapes: Escapes, problem: &'static str) {
        let opened = self.at;
        let Some(end) = scan::quoted(self.bytes, opened, escapes) else {
            return self.unterminated(opened, problem);
        };
        self.token(end);
        if self.suspect.is_none() {
            self.suspect = self.suspicion(opened, end);
        }
    }

    fn dollar(&mut self) {
        let at = self.at;
        match scan::dollar_tag(self.bytes, at) {
            Some(tag) => match scan::dollar_quoted(self.bytes, at, tag) {
                Some(end) => {
                    self.out.votes.postgres += 1;
                    self.token(end);
                }
                None => self.unterminated(at, "unterminated-string"),
            },
            None => {
                let end = scan::name(self.bytes, at + 1);
                let number = self.bytes[at + 1..end].iter().all(u8::is_ascii_digit) && end > at + 1;
                self.out.votes.postgres += u32::from(number);
                self.current.parameters |= number || self.bytes.get(at + 1) == Some(&b'{');
                self.token(end);
            }
        }
    }

    fn semicolon(&mut self) {
        if self.current.body.is_open() {
            return self.token(self.at + 1);
        }
        let copies = self.current.stdin && self.current.keyword == Some(Keyword::Copy);
        self.at += 1;
        self.finish(None);
        if copies {
            self.skip_copy_data();
        }
    }

    /// Skips the lines up to `\.`; without one there is no data.
    fn skip_copy_data(&mut self) {
        let mut line = self.next_line(self.at);
        while line < self.bytes.len() && !self.no_copy_data {
            let next = self.next_line(line);
            if self.text[line..next].trim_end() == "\\." {
                self.at = next;
                self.out.passed.copies += 1;
                return;
            }
            line = next;
        }
        self.no_copy_data = true;
    }

    /// Returns the start of the line behind `at`.
    fn next_line(&self, at: usize) -> usize {
        (scan::line(self.bytes, at) + 1).min(self.bytes.len())
    }

    /// A command to psql or mysql: it ends the statement (`\gexec`, `\G`) and takes the rest of its line.
    fn backslash(&mut self) {
        if self.bytes.get(self.at + 1) == Some(&b';') {
            self.at += 2;
            return self.finish(None);
        }
        if self.current.start.is_some() && !self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_alphabetic) {
            return self.token(self.at + 1);
        }
        self.finish(None);
        self.command();
    }

    /// Passes the rest of the line over.
    fn command(&mut self) {
        self.out.passed.commands += 1;
        let start = self.at;
        self.at = scan::line_comment(self.bytes, start);
        let mut words = self.text[start..self.at].split_ascii_whitespace();
        let is = |word: &str, expect: &str| word.trim_end_matches(';').eq_ignore_ascii_case(expect);
        if words.next().is_some_and(|word| is(word, "\\copy")) && words.any(|word| is(word, "stdin")) {
            self.skip_copy_data();
        }
    }

    fn word(&mut self) {
        let (start, end) = (self.at, scan::name(self.bytes, self.at));
        let mut buffer = [0; 24];
        let upper = scan::upper(&self.bytes[start..end], &mut buffer);
        if self.is_command_word(upper, end) {
            return;
        }
        if let Some(end) = self.rubbish(end) {
            self.out.passed.fragments += 1;
            self.at = end;
            return;
        }
        if let Some(dialect) = votes::dialect_of(upper) {
            self.out.votes.add(dialect, 1);
        }
        let qualified = scan::before(self.bytes, start) == Some(b'.');
        let current = &mut self.current;
        if !qualified {
            match upper {
                b"SELECT" => current.selects = true,
                b"STDIN" => current.stdin = true,
                _ => {}
            }
            match current.keyword {
                None => {
                    let keyword = Keyword::read(upper);
                    current.keyword = Some(keyword);
                    current.body = Body::after(keyword);
                }
                Some(_) => current.body.word(upper),
            }
        }
        self.take(end);
    }

    /// Obeys `DELIMITER //` and passes over `GO`; neither is a statement.
    fn is_command_word(&mut self, upper: &[u8], end: usize) -> bool {
        let rest = || self.text[end..scan::line_comment(self.bytes, end)].trim();
        if upper == b"DELIMITER" && self.current.start.is_none() && self.starts_line() && !rest().is_empty() {
            self.delimiter = Some(rest().as_bytes()).filter(|delimiter| *delimiter != b";");
            self.out.votes.mysql += 1;
        } else if upper == b"GO" && self.starts_line() && rest().bytes().all(|byte| byte.is_ascii_digit()) {
            self.finish(None);
        } else {
            return false;
        }
        self.command();
        true
    }

    /// Returns the end of rubbish that stands where a statement may start, in the word up to `end`: a byte order mark
    /// as joined files hold them, or bytes on a line of their own that no keyword has.
    fn rubbish(&self, end: usize) -> Option<usize> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        let word = &self.bytes[self.at..end];
        if self.current.start.is_some() || word[0].is_ascii() {
            return None;
        }
        if word.starts_with(MARK) {
            return Some(self.at + MARK.len());
        }
        let behind = self.bytes[end..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        let stands_alone = matches!(behind, None | Some(b'\n' | b'\r'));
        (stands_alone && !word.iter().any(u8::is_ascii)).then_some(end)
    }

    fn punctuation(&mut self, byte: u8, next: Option<u8>) {
        match (byte, next) {
            (b':', Some(b':')) => {
                self.out.votes.postgres += 1;
                return self.token(self.at + 2);
            }
            // A stray end-of-file mark of DOS, say, is no part of what stands behind it.
            _ if byte.is_ascii_control() && self.current.start.is_none() => {
                self.at += 1;
                return;
            }
            (b'(', _) => self.current.body.open(),
            (b')', _) => self.current.body.close(),
            (b'?', _) => self.current.parameters = true,
            (b':' | b'@', Some(next)) if scan::is_name_start(next) => self.current.parameters = true,
            (b'%', Some(b's' | b'(')) | (b'{', _) => self.current.parameters = true,
            _ => {}
        }
        self.token(self.at + 1);
    }

    /// Hands the current statement over.
    fn finish(&mut self, problem: Option<&'static str>) {
        let current = std::mem::take(&mut self.current);
        let Some(start) = current.start else {
            return;
        };
        self.comments = 0..0;
        let Some(keyword) = current.keyword else {
            self.out.passed.fragments += 1;
            return;
        };
        self.out.statements.push(RawStatement {
            bytes: start as u32..current.end as u32,
            lead: current.lead.start as u32..current.lead.end as u32,
            keyword,
            selects: current.selects,
            parameters: current.parameters,
            problem,
        });
    }
}

/// Counts line breaks, of which only "none, one or more" matters.
fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').take(2).count()
}

#[cfg(test)]
mod tests;
