//! Suppressions: what a comment asks to be silent about, and how far it reaches.
//!
//! `planlint: ignore[rule, rule] -- reason` reaches the innermost statement that the comment stands in or behind, or the
//! one below a comment with a line of its own; `planlint: ignore-file[rule] -- reason` reaches the file. One grammar for
//! every language: a front end hands over its comments, delimiters included, and the ranges of its statements. Knows no
//! rule and no language.

mod line;
mod reach;

use std::ops::Range;

use crate::source::HostSpan;
use line::{Kind, Line};

/// Says whether a text may hold a suppression; quick, for whole files.
pub fn is_marked(text: &str) -> bool {
    line::find_name(text.as_bytes()).is_some()
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
    /// It is written as other linters have it: `planlint-ignore`.
    Form(String),
}

impl Suppression {
    /// Says whether a place lies in the text of it.
    pub fn spans(&self, place: HostSpan) -> bool {
        let own = self.place;
        place.file == own.file && own.start <= place.start && place.end <= own.end
    }

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
        if let Some(read) = line::read(line.trim_end()) {
            found.push(read.placed(start, host, comment));
        }
        start += line.len();
    }
    found
}

impl Line {
    /// Makes a suppression of a line that starts at byte `start` of the text.
    fn placed(self, start: usize, host: &Host<'_>, comment: &Range<u32>) -> Suppression {
        let moved = |range: &Range<usize>| start + range.start..start + range.end;
        let place = |range: &Range<usize>| (host.place)(moved(range).start as u32..moved(range).end as u32);
        let text = |range: &Range<usize>| host.text[moved(range)].to_owned();
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
