//! The head of a DDL statement: what it does to what, read from its first words.
//!
//! Enough to decide whether SQLite gets the statement and what a refusal leaves in doubt; SQLite reads the rest.

use std::ops::Range;

use crate::name::Ident;
use crate::sql::scan::{self, Comments, Escapes};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Alter,
    Drop,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Table,
    VirtualTable,
    Index,
    View,
    Trigger,
}

/// The head of a schema statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) verb: Verb,
    pub(super) object: Object,
    /// `TEMP`: the session's, not part of the schema.
    pub(super) temporary: bool,
    /// Where the word for the object stands.
    pub(super) word: Range<usize>,
    /// The object's name.
    pub(super) name: Ident,
    /// The table of an index or trigger that is created.
    pub(super) on: Option<Ident>,
    /// The table's new name.
    pub(super) renamed: Option<Ident>,
}

impl Head {
    /// Reads the head of a statement; none if it is not about tables, indexes, views or triggers.
    pub(super) fn read(sql: &str) -> Option<Self> {
        let mut words = Words { sql, at: 0, comments: Comments::default() };
        let verb = match words.next()? {
            word if word.is("CREATE") => Verb::Create,
            word if word.is("ALTER") => Verb::Alter,
            word if word.is("DROP") => Verb::Drop,
            _ => return None,
        };
        let (mut temporary, mut is_virtual) = (false, false);
        let (object, word) = loop {
            let word = words.next()?;
            match () {
                () if word.is("TEMP") || word.is("TEMPORARY") => temporary = true,
                () if word.is("VIRTUAL") => is_virtual = true,
                () if word.is("UNIQUE") => {}
                () if word.is("TABLE") && is_virtual => break (Object::VirtualTable, word.bytes),
                () if word.is("TABLE") => break (Object::Table, word.bytes),
                () if word.is("INDEX") => break (Object::Index, word.bytes),
                () if word.is("VIEW") => break (Object::View, word.bytes),
                () if word.is("TRIGGER") => break (Object::Trigger, word.bytes),
                () => return None,
            }
        };
        let name = words.guarded_name()?;
        let is_hung = verb == Verb::Create && matches!(object, Object::Index | Object::Trigger);
        let on = if is_hung { words.by_ref().find(|word| word.is("ON")).and_then(|_| words.name()) } else { None };
        let renamed = if verb == Verb::Alter { words.new_name() } else { None };
        Some(Self { verb, object, temporary, word, name, on, renamed })
    }

    /// The names whose absence explains a failure.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Ident> {
        std::iter::once(self.on.as_ref().unwrap_or(&self.name))
    }

    /// The names that are there if the statement succeeds.
    pub(super) fn makes(&self) -> impl Iterator<Item = &Ident> {
        let created = (self.verb == Verb::Create).then_some(&self.name);
        created.into_iter().chain(&self.renamed)
    }
}

/// Reads `PRAGMA legacy_alter_table = …`: how ALTER TABLE works from there on.
pub(super) fn legacy_alter(sql: &str) -> Option<bool> {
    let mut words = Words { sql, at: 0, comments: Comments::default() };
    let pragma = words.next()?.is("PRAGMA") && words.next()?.is("legacy_alter_table");
    let value = words.find(|word| word.is_name())?;
    pragma.then(|| ["ON", "TRUE", "YES", "1"].iter().any(|yes| value.is(yes)))
}

/// The words of a text: names, quoted or not, and single other characters.
struct Words<'a> {
    sql: &'a str,
    at: usize,
    comments: Comments,
}

struct Word<'a> {
    text: &'a str,
    bytes: Range<usize>,
}

impl Word<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    fn is_name(&self) -> bool {
        let first = self.text.as_bytes()[0];
        scan::is_name(first) || self.quote().is_some()
    }

    fn quote(&self) -> Option<char> {
        self.text.chars().next().filter(|first| matches!(first, '"' | '`' | '[' | '\''))
    }

    fn ident(&self) -> Ident {
        match self.quote() {
            None => Ident::new(self.text),
            Some('[') => Ident::new(self.text.trim_start_matches('[').trim_end_matches(']')),
            Some(quote) => {
                let inner = &self.text[1..self.text.len().max(2) - 1];
                Ident::from(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let bytes = self.sql.as_bytes();
        loop {
            let start = self.at;
            let end = match bytes.get(start..)? {
                // Not at a CR: it has to be what SQLite reads.
                [b'-', b'-', ..] => scan::line(bytes, start),
                [b'/', b'*', ..] => self.comments.end(bytes, start).unwrap_or(bytes.len()),
                [byte, ..] if byte.is_ascii_whitespace() => start + 1,
                [] => return None,
                [b'"' | b'`' | b'\'', ..] => scan::quoted(bytes, start, Escapes::Doubled).unwrap_or(bytes.len()),
                [b'[', rest @ ..] => {
                    rest.iter().position(|byte| *byte == b']').map_or(bytes.len(), |length| start + length + 2)
                }
                [byte, ..] if scan::is_name(*byte) => scan::name(bytes, start),
                _ => start + 1,
            };
            self.at = end;
            let text = &self.sql[start..end];
            if !text.starts_with("--") && !text.starts_with("/*") && !text.trim_start().is_empty() {
                return Some(Word { text, bytes: start..end });
            }
        }
    }
}

impl Words<'_> {
    /// The last part of a possibly qualified name.
    fn name(&mut self) -> Option<Ident> {
        let first = self.next().filter(Word::is_name)?;
        Some(self.qualified(first.ident()))
    }

    fn qualified(&mut self, first: Ident) -> Ident {
        let before = self.at;
        if self.next().is_some_and(|word| word.is("."))
            && let Some(second) = self.next()
        {
            return second.ident();
        }
        self.at = before;
        first
    }

    /// A name behind `IF EXISTS`, `IF NOT EXISTS` or nothing.
    fn guarded_name(&mut self) -> Option<Ident> {
        let mut word = self.next()?;
        if word.is("IF") {
            while !word.is("EXISTS") {
                word = self.next()?;
            }
            word = self.next()?;
        }
        word.is_name().then(|| self.qualified(word.ident()))
    }

    /// The name behind `RENAME TO`.
    fn new_name(&mut self) -> Option<Ident> {
        (self.next()?.is("RENAME") && self.next()?.is("TO")).then(|| self.name())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_the_first_words() {
        let check = |sql: &str, expect: &str| {
            let shown = Head::read(sql).map_or("-".to_owned(), |head| {
                let mut shown = format!("{:?} {:?} {}", head.verb, head.object, head.name);
                for (label, name) in [(" on ", &head.on), (" to ", &head.renamed)] {
                    shown.extend(name.iter().map(|name| format!("{label}{name}")));
                }
                assert!(sql[head.word.clone()].chars().all(char::is_alphabetic), "{sql}");
                if head.temporary { shown + " temporary" } else { shown }
            });
            assert_eq!(shown, expect, "{sql}");
        };
        check("CREATE TABLE t (a)", "Create Table t");
        check("-- why\ncreate /* x */ table if not exists main.\"my \"\"t\" (a)", "Create Table my \"t");
        check("CREATE TEMP TABLE [a b] AS SELECT 1", "Create Table a b temporary");
        check("CREATE UNIQUE INDEX IF NOT EXISTS main.`i` ON 't'(a)", "Create Index i on t");
        check("CREATE TRIGGER x AFTER UPDATE OF a, b ON t BEGIN SELECT 1; END", "Create Trigger x on t");
        check("CREATE VIRTUAL TABLE f USING fts5(a)", "Create VirtualTable f");
        check("ALTER TABLE a RENAME TO b", "Alter Table a to b");
        check("ALTER TABLE a RENAME COLUMN x TO y", "Alter Table a");
        check("DROP INDEX IF EXISTS i", "Drop Index i");
        check("ÄLTER TABLE a", "-");
        check("CREATE TABLE", "-");
        check("CREATE TABLE \"", "Create Table ");
        check("INSERT INTO t SELECT 1", "-");
        check("", "-");
    }

    #[test]
    fn the_old_way_to_alter_is_asked_for_by_a_pragma() {
        let check = |sql: &str, expect| assert_eq!(legacy_alter(sql), expect, "{sql}");
        check("PRAGMA legacy_alter_table=ON", Some(true));
        check("pragma legacy_alter_table(0)", Some(false));
        check("PRAGMA foreign_keys = ON", None);
        check("PRAGMA legacy_alter_table", None);
    }
}
