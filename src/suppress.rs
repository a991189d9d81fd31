//! Suppressions: what a comment asks to be silent about, and how far it reaches.
//!
//! `planlint: ignore[rule, rule] -- reason` reaches the innermost statement that the comment stands in or behind, or the
//! one below a comment with a line of its own; `planlint: ignore-file[rule] -- reason` reaches the file. One grammar for
//! every language: a front end hands over its comments, delimiters included, and the ranges of its statements. Knows no
//! rule and no language.

mod reach;

use std::ops::Range;

use crate::source::HostSpan;

/// What every suppression starts with, in any case of letters.
const MARK: &str = "planlint:";

/// Says whether a text may hold a suppression; quick, for whole files.
pub fn is_marked(text: &str) -> bool {
    mark(text.as_bytes()).is_some()
}

/// Finds the first mark. The rare byte of it is looked for, and its surroundings compared.
fn mark(bytes: &[u8]) -> Option<usize> {
    let colon = MARK.len() - 1;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b':') {
        let end = at + found + 1;
        if end > colon && bytes[end - MARK.len()..end].eq_ignore_ascii_case(MARK.as_bytes()) {
            return Some(end - MARK.len());
        }
        at = end;
    }
    None
}

/// A comment, or a line of one, that speaks to planlint.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppression {
    /// Where it stands, from `planlint:` to the end of its reason.
    pub place: HostSpan,
    /// The rules it names; none where it says what nothing understands.
    pub rules: Vec<NamedRule>,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// What it reaches.
    pub reach: Reach,
    /// What is wrong with it.
    pub mistake: Option<Mistake>,
}

/// A rule as a suppression names it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRule {
    /// The name as written.
    pub name: String,
    /// Where it stands.
    pub place: HostSpan,
}

/// What a suppression reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// Its file.
    File,
    /// A statement, or a part of one that stands for itself (a column of a table).
    Statement(HostSpan),
    /// No statement stands where it points.
    Nothing,
}

/// What is wrong with a suppression.
#[derive(Clone, Debug, PartialEq)]
pub enum Mistake {
    /// It names no rule.
    Blanket,
    /// Its `[` is not closed on its line.
    Open,
    /// What follows `planlint:` is not known.
    Word(String),
}

impl Suppression {
    /// Says whether a place is in its reach.
    pub fn reaches(&self, place: HostSpan) -> bool {
        match self.reach {
            Reach::File => place.file == self.place.file,
            Reach::Statement(span) => place.file == span.file && span.start <= place.start && place.end <= span.end,
            Reach::Nothing => false,
        }
    }
}

/// A host text and its statements.
pub struct Host<'a> {
    /// The text.
    pub text: &'a str,
    /// The ranges of its statements, and of parts of them that stand for themselves; they may lie in each other.
    pub statements: &'a [Range<u32>],
    /// Where a range of the text stands in its file.
    pub place: &'a dyn Fn(Range<u32>) -> HostSpan,
}

/// Reads the suppressions in one comment, of which `comment` is the range with its delimiters: at most one a line.
pub fn read(host: &Host<'_>, comment: &Range<u32>) -> Vec<Suppression> {
    let text = &host.text[comment.start as usize..comment.end as usize];
    let text = text.strip_suffix("*/").unwrap_or(text);
    let mut found = Vec::new();
    let mut start = comment.start as usize;
    for line in text.split_inclusive('\n') {
        if let Some(read) = read_line(line.trim_end(), start) {
            found.push(read.placed(host, comment));
        }
        start += line.len();
    }
    found
}

/// A suppression by the bytes of its text.
struct Read {
    bytes: Range<usize>,
    rules: Vec<Range<usize>>,
    reason: Option<Range<usize>>,
    kind: Kind,
    mistake: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Statement,
    File,
}

/// Reads a line of a comment that starts at byte `start` of its text.
fn read_line(line: &str, start: usize) -> Option<Read> {
    let at = find_mark(line)?;
    let opens_line = !line[..at].contains(|char: char| char.is_alphanumeric());
    let behind = at + MARK.len();
    let word_at = behind + leading_blanks(&line[behind..]);
    let length =
        line[word_at..].find(|char: char| !(char.is_alphanumeric() || char == '-')).unwrap_or(line.len() - word_at);
    let word = line[word_at..word_at + length].trim_end_matches("--");
    let mut read = Read {
        bytes: start + at..start + line.len(),
        rules: Vec::new(),
        reason: None,
        kind: Kind::Statement,
        mistake: None,
    };
    match word.to_ascii_lowercase().as_str() {
        "ignore" => {}
        "ignore-file" => read.kind = Kind::File,
        _ if opens_line => {
            read.mistake = Some(Mistake::Word(word.to_owned()));
            return Some(read);
        }
        // Prose that mentions the tool.
        _ => return None,
    }
    let list_at = word_at + word.len() + leading_blanks(&line[word_at + word.len()..]);
    let rest = &line[list_at..];
    let Some(list) = rest.strip_prefix('[') else {
        let bare = opens_line || rest.is_empty() || rest.starts_with("--");
        read.mistake = Some(Mistake::Blanket);
        return bare.then_some(read);
    };
    let Some(length) = list.find(']') else {
        read.mistake = Some(Mistake::Open);
        return Some(read);
    };
    read.rules = names(&list[..length], start + list_at + 1);
    if read.rules.is_empty() {
        read.mistake = Some(Mistake::Blanket);
    }
    let tail_at = list_at + 1 + length + 1;
    read.reason = reason(&line[tail_at..]).map(|range| start + tail_at + range.start..start + tail_at + range.end);
    read.bytes.end = read.reason.as_ref().map_or(start + tail_at, |reason| reason.end);
    Some(read)
}

/// Finds the mark where it is not quoted.
fn find_mark(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let found = mark(bytes)?;
    let before = found.checked_sub(1).map(|before| bytes[before]);
    let stands_alone = before.is_none_or(|byte| byte.is_ascii_whitespace() || b"-*#/!;(".contains(&byte));
    stands_alone.then_some(found)
}

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The ranges of the names between the brackets, the text of which starts at byte `start`.
fn names(list: &str, start: usize) -> Vec<Range<usize>> {
    let mut at = start;
    let mut found = Vec::new();
    for piece in list.split(',') {
        let name = piece.trim();
        let first = at + leading_blanks(piece);
        if !name.is_empty() {
            found.push(first..first + name.len());
        }
        at += piece.len() + 1;
    }
    found
}

/// The range of the reason in what follows the brackets.
fn reason(tail: &str) -> Option<Range<usize>> {
    let dashes = leading_blanks(tail);
    let rest = tail[dashes..].strip_prefix("--")?;
    let words = rest.trim();
    let start = dashes + 2 + leading_blanks(rest);
    (!words.is_empty()).then_some(start..start + words.len())
}

impl Read {
    fn placed(self, host: &Host<'_>, comment: &Range<u32>) -> Suppression {
        let place = |range: &Range<usize>| (host.place)(range.start as u32..range.end as u32);
        let text = |range: &Range<usize>| host.text[range.clone()].to_owned();
        let reach = match self.kind {
            Kind::File => Reach::File,
            Kind::Statement => {
                reach::of(host, comment).map_or(Reach::Nothing, |range| Reach::Statement((host.place)(range)))
            }
        };
        Suppression {
            place: place(&self.bytes),
            rules: self.rules.iter().map(|range| NamedRule { name: text(range), place: place(range) }).collect(),
            reason: self.reason.as_ref().map(text),
            reach,
            mistake: self.mistake,
        }
    }
}

#[cfg(test)]
mod tests;
