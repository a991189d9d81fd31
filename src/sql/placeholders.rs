//! Placeholders of any spelling become `$1`, `$2`, …, and every byte of the result knows its host bytes.
//!
//! What is bound to a value (`?`, `:name`, `%(name)s`) becomes a parameter. What is pasted into the text (`{name}`,
//! `${name}`, `%s` where no value can stand) becomes one where a value is expected, and elsewhere a hole: the query is
//! then known in part only. Knows no dialect: the text's own habits tell `a ? 'key'` from `a = ?`. Makes no judgement
//! of what a statement means.

mod context;
mod find;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::query::Param;
use crate::source::{HostSpan, Origin, SpanMap};
use find::{Becomes, Found, Number};

/// A SQL text whose placeholders are all numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalised {
    /// The text.
    pub sql: String,
    /// Where its bytes come from.
    pub spans: SpanMap,
    /// Its parameters, by number.
    pub params: Vec<Param>,
    /// What is pasted into it and is no value, in order.
    pub holes: Vec<Hole>,
}

/// A part of a SQL text that is only known at run time and is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// What it stands for.
    pub kind: HoleKind,
    /// What stands in its place in the normalised text; empty where it was left out.
    pub sql: Range<u32>,
    /// How the host spells it.
    pub text: String,
}

/// What a hole stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoleKind {
    /// A table.
    Table,
    /// A name, or a piece of one.
    Name,
    /// A query in parentheses.
    Query,
    /// The assignments of an UPDATE.
    Assignments,
    /// The qualifier of a name; the name itself is there.
    Qualifier,
    /// Columns of a select list.
    Columns,
    /// A condition.
    Condition,
    /// A key of ORDER BY or GROUP BY.
    Key,
    /// A clause that may follow, or a template's block.
    Clause,
}

impl HoleKind {
    /// Says whether the statement can be read without knowing what fills the hole.
    pub fn is_readable(self) -> bool {
        !matches!(self, Self::Table | Self::Name | Self::Query | Self::Assignments)
    }

    /// The reason of the skip that tells of the hole.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Table => "dynamic-table",
            Self::Name => "dynamic-name",
            Self::Query => "dynamic-subquery",
            Self::Assignments => "dynamic-assignments",
            Self::Qualifier => "dynamic-qualifier",
            Self::Columns => "dynamic-columns",
            Self::Condition => "dynamic-condition",
            Self::Key => "dynamic-order",
            Self::Clause => "dynamic-clause",
        }
    }
}

/// Numbers the placeholders of a text that stands byte for byte in `host`.
pub fn normalise(text: &str, host: HostSpan) -> Normalised {
    normalise_mapped(text, &SpanMap::verbatim(host))
}

/// Numbers the placeholders of a text that was itself decoded from a host text, by `base`.
pub fn normalise_mapped(text: &str, base: &SpanMap) -> Normalised {
    let found = find::find(text);
    let mut writer = Writer::new(text, base, &found);
    for placeholder in &found {
        writer.verbatim(placeholder.bytes.start);
        writer.placeholder(placeholder);
    }
    writer.verbatim(text.len());
    Normalised {
        sql: writer.sql,
        spans: writer.spans,
        params: writer.params.into_values().collect(),
        holes: writer.holes,
    }
}

/// Blanks out qualifiers that are pasted in (`${schema}.users`), so that every byte keeps its place.
///
/// For schema statements, whose names are all there without them; whatever else is pasted in stays.
pub fn without_qualifiers(text: &str) -> Cow<'_, str> {
    let mut found = find::find(text);
    found.retain(|found| found.becomes == Becomes::Nothing(HoleKind::Qualifier));
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut plain = text.to_owned();
    for Found { bytes, .. } in found {
        plain.replace_range(bytes.clone(), &" ".repeat(bytes.len()));
    }
    Cow::Owned(plain)
}

struct Writer<'a> {
    text: &'a str,
    base: &'a SpanMap,
    /// Bytes of `text` already written.
    at: usize,
    sql: String,
    spans: SpanMap,
    params: BTreeMap<u16, Param>,
    numbers: BTreeMap<&'a str, u16>,
    /// The largest number given so far; explicit numbers come first.
    last: u16,
    holes: Vec<Hole>,
}

impl<'a> Writer<'a> {
    fn new(text: &'a str, base: &'a SpanMap, found: &[Found<'a>]) -> Self {
        let explicit = found.iter().filter_map(|found| match found.number {
            Number::Given(number) => Some(number),
            _ => None,
        });
        Self {
            text,
            base,
            at: 0,
            sql: String::with_capacity(text.len()),
            spans: SpanMap::default(),
            params: BTreeMap::new(),
            numbers: BTreeMap::new(),
            last: explicit.max().unwrap_or(0),
            holes: Vec::new(),
        }
    }

    /// Copies the text up to `end`, its pieces with the origin they have in the base.
    fn verbatim(&mut self, end: usize) {
        self.sql.push_str(&self.text[self.at..end]);
        self.spans.append(self.base, self.at as u32..end as u32);
        self.at = end;
    }

    fn placeholder(&mut self, found: &Found<'a>) {
        let number = match found.becomes {
            Becomes::Value | Becomes::List | Becomes::Hole(_) => Some(self.number(found)),
            Becomes::Nothing(_) | Becomes::Text(_) => None,
        };
        let start = self.sql.len() as u32;
        let text = match (found.becomes, number) {
            (Becomes::List, Some(number)) => format!("(${number})"),
            (Becomes::Hole(kind), Some(number)) if !kind.is_readable() => format!("_hole_{number}"),
            (_, Some(number)) => format!("${number}"),
            (Becomes::Text(text), None) => text.to_owned(),
            (_, None) => String::new(),
        };
        if let Becomes::Hole(kind) | Becomes::Nothing(kind) = found.becomes {
            let text_len = text.len() as u32;
            self.holes.push(Hole {
                kind,
                sql: start..start + text_len,
                text: self.text[found.bytes.clone()].to_owned(),
            });
        }
        if text == self.text[found.bytes.clone()] {
            self.verbatim(found.bytes.end);
        } else {
            self.replace(&text, found.bytes.clone());
        }
        if let Some(number) = number {
            self.use_param(number, found, start..self.sql.len() as u32);
        }
    }

    fn replace(&mut self, text: &str, bytes: Range<usize>) {
        self.sql.push_str(text);
        if let Some(host) = self.hull(bytes.start as u32..bytes.end as u32) {
            self.spans.push(text.len() as u32, host, Origin::Placeholder);
        }
        self.at = bytes.end;
    }

    /// The host bytes of a piece of the text: from its first segment to its last one in the same file.
    fn hull(&self, range: Range<u32>) -> Option<HostSpan> {
        let first = self.base.segments().iter().find(|segment| segment.sql.end > range.start)?;
        let site = HostSpan { start: first.host.start, end: first.host.start, ..first.host };
        Some(self.base.places(range, &site).primary)
    }

    fn number(&mut self, found: &Found<'a>) -> u16 {
        match found.number {
            Number::Given(number) => number,
            Number::Next => self.next_number(),
            Number::Named(name) => match self.numbers.get(name) {
                Some(number) => *number,
                None => {
                    let number = self.next_number();
                    self.numbers.insert(name, number);
                    number
                }
            },
        }
    }

    fn next_number(&mut self) -> u16 {
        self.last = self.last.saturating_add(1);
        self.last
    }

    fn use_param(&mut self, number: u16, found: &Found<'a>, sql: Range<u32>) {
        let name = match found.number {
            Number::Named(name) => Some(name.to_owned()),
            _ => None,
        };
        if !matches!(found.becomes, Becomes::Hole(kind) if !kind.is_readable()) {
            self.params.entry(number).or_insert_with(|| Param { number, name, sql: Vec::new() }).sql.push(sql);
        }
    }
}

#[cfg(test)]
mod tests;
