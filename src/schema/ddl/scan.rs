//! A statement as tokens: enough to tell what it is about, and to walk over what the parser rejects.
//!
//! Knows no grammar beyond names, parentheses and commas.

use std::ops::Range;

use sqlparser::dialect::{Dialect as Spoken, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::sql::parse::LineStarts;

/// A token that is not blank, and its bytes.
pub(super) struct Tok {
    pub(super) token: Token,
    pub(super) bytes: Range<u32>,
}

impl Tok {
    /// Whether it is this word, unquoted; `word` is in upper case.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The identifier it may be.
    pub(super) fn ident(&self, dialect: Dialect) -> Option<Ident> {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() && dialect == Dialect::Postgres => {
                Some(Ident::from(word.value.to_lowercase()))
            }
            Token::Word(word) => Some(Ident::new(&word.value)),
            Token::DoubleQuotedString(text) => Some(Ident::new(text)),
            _ => None,
        }
    }
}

/// The tokens of a statement; none where it cannot even be cut into tokens.
pub(super) fn tokens(sql: &str, dialect: Dialect) -> Vec<Tok> {
    let mut tokens = tokens_with_semicolons(sql, dialect);
    tokens.retain(|token| token.token != Token::SemiColon);
    tokens
}

/// The same for a text of several statements.
pub(super) fn tokens_with_semicolons(sql: &str, dialect: Dialect) -> Vec<Tok> {
    let spoken: &dyn Spoken = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mysql => &MySqlDialect {},
    };
    let Ok(tokens) = Tokenizer::new(spoken, sql).tokenize_with_location() else { return Vec::new() };
    let lines = LineStarts::new(sql);
    tokens
        .into_iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
        .map(|token| Tok { bytes: lines.bytes(token.span), token: token.token })
        .collect()
}

/// MySQL runs what stands in `/*!50100 … */`: the marks are blanked, so that every byte stays where it is.
pub(super) fn without_version_comments(sql: &str) -> String {
    let bytes = sql.as_bytes();
    let mut marks = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [quote @ (b'\'' | b'"' | b'`'), ..] => at += quoted_len(&bytes[at..], *quote),
            [b'/', b'*', b'!', rest @ ..] => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                marks.push(at as u32..(at + 3 + digits) as u32);
                at += 3 + digits;
            }
            [b'/', b'*', ..] => at += sql[at..].find("*/").map_or(sql.len() - at, |len| len + 2),
            [b'*', b'/', ..] => {
                marks.push(at as u32..at as u32 + 2);
                at += 2;
            }
            _ => at += 1,
        }
    }
    without(sql, &marks)
}

/// The length of a quoted piece, its quotes included.
fn quoted_len(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A table, index, view, type or the search path.
    Schema,
    /// An anonymous block that may hold such statements.
    Block,
    /// Anything else.
    Nothing,
}

const OF_SCHEMA: &[&str] = &["TABLE", "VIEW", "INDEX", "TYPE"];
/// Words that say, before any of the above, that the statement is about something else.
const OF_OTHERS: &[&str] = &[
    "ACCESS",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "DEFAULT",
    "EVENT",
    "EXTENSION",
    "FUNCTION",
    "GROUP",
    "LANGUAGE",
    "LARGE",
    "OPERATOR",
    "OWNED",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "SYSTEM",
    "TABLESPACE",
    "TEXT",
    "TRANSFORM",
    "TRIGGER",
    "USER",
];

/// Says whether the first words of a text already tell that it is about something else: most of a schema's bytes are
/// the bodies of its functions.
pub(super) fn is_about_others(sql: &str) -> bool {
    // Up to here words are words, whatever quotes and comments do further on.
    let end = sql.find(['\'', '"', '`', '$', '-', '/', '#', '[', '(']).unwrap_or(sql.len());
    let mut words = sql[..end].split_ascii_whitespace();
    let is_any = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    words.next().is_some_and(|verb| {
        is_any(verb, &["ALTER", "COMMENT", "CREATE", "DROP"]) && {
            let known = |word: &&str| is_any(word, OF_SCHEMA) || is_any(word, OF_OTHERS) || is_any(word, &["DOMAIN"]);
            verb.eq_ignore_ascii_case("COMMENT") || words.find(known).is_some_and(|kind| is_any(kind, OF_OTHERS))
        }
    })
}

/// Tells what a statement is about by its first words.
pub(super) fn subject(tokens: &[Tok]) -> Subject {
    let Some(first) = tokens.first() else { return Subject::Nothing };
    let is_about_schema = if first.is_any(&["CREATE", "ALTER", "DROP", "RENAME"]) {
        // MySQL puts DEFINER and the like in between; a domain cannot be altered in a way that matters.
        let kinds = tokens
            .iter()
            .take(24)
            .find(|token| token.is_any(OF_SCHEMA) || token.is_any(OF_OTHERS) || token.is("DOMAIN"));
        kinds.is_some_and(|kind| kind.is_any(OF_SCHEMA) || (kind.is("DOMAIN") && !first.is("ALTER")))
    } else if first.is("SET") {
        tokens.iter().take(3).any(|token| token.is("SEARCH_PATH"))
    } else if first.is("SELECT") {
        tokens.iter().take(6).any(|token| token.is("SET_CONFIG"))
    } else {
        false
    };
    match is_about_schema {
        true => Subject::Schema,
        false if first.is("DO") => Subject::Block,
        false => Subject::Nothing,
    }
}

/// A walk over tokens.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    pub(super) rest: &'t [Tok],
    dialect: Dialect,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(tokens: &'t [Tok], dialect: Dialect) -> Self {
        Self { rest: tokens, dialect }
    }

    pub(super) fn next(&mut self) -> Option<&'t Tok> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// Passes over these words if they are next.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.rest.len() >= words.len() && self.rest.iter().zip(words).all(|(token, word)| token.is(word));
        if found {
            self.rest = &self.rest[words.len()..];
        }
        found
    }

    /// Passes over one of these words if it is next.
    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        let found = self.rest.first().is_some_and(|token| token.is_any(words));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Passes over everything before this word; stays where it is if there is none.
    pub(super) fn skip_to(&mut self, word: &str) -> bool {
        let Some(at) = self.rest.iter().position(|token| token.is(word)) else { return false };
        self.rest = &self.rest[at..];
        true
    }

    /// Reads a possibly qualified name.
    pub(super) fn name(&mut self) -> Option<QName> {
        let mut parts = vec![self.next()?.ident(self.dialect)?];
        while self.rest.len() > 1 && self.rest[0].token == Token::Period {
            parts.push(self.rest[1].ident(self.dialect)?);
            self.rest = &self.rest[2..];
        }
        let name = parts.pop()?;
        Some(match parts.pop() {
            Some(schema) => QName::qualified(schema, name),
            None => QName::plain(name),
        })
    }

    /// Reads a balanced group in parentheses and gives what is inside.
    pub(super) fn group(&mut self) -> Option<&'t [Tok]> {
        if self.rest.first()?.token != Token::LParen {
            return None;
        }
        let mut depth = 0;
        for (at, token) in self.rest.iter().enumerate() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = &self.rest[1..at];
                self.rest = &self.rest[at + 1..];
                return Some(inside);
            }
        }
        None
    }
}

/// Cuts at the commas that stand in no parentheses or brackets.
pub(super) fn split_at_commas(tokens: &[Tok]) -> impl Iterator<Item = &[Tok]> {
    let mut depth = 0;
    tokens
        .split(move |token| {
            match token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth -= 1,
                _ => {}
            }
            depth == 0 && token.token == Token::Comma
        })
        .filter(|piece| !piece.is_empty())
}

/// The bytes from the first to the last token.
pub(super) fn hull(tokens: &[Tok]) -> Option<Range<u32>> {
    Some(tokens.first()?.bytes.start..tokens.last()?.bytes.end)
}

/// Pieces of a statement as a text of their own, which is no longer than they are.
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Where each piece starts here, and where it starts in the statement.
    pub(super) pieces: Vec<(u32, u32)>,
}

impl Excerpt {
    /// Takes pieces out of a statement, in the order in which they stand there.
    pub(super) fn new(sql: &str, mut keep: Vec<Range<u32>>) -> Self {
        keep.sort_by_key(|range| range.start);
        let mut excerpt = Self { text: String::new(), pieces: Vec::new() };
        for range in keep {
            excerpt.pieces.push((excerpt.text.len() as u32, range.start));
            excerpt.text.push_str(&sql[range.start as usize..range.end as usize]);
            excerpt.text.push(' ');
        }
        excerpt
    }
}

/// The text with `drop` blanked, so that bytes and lines stay where they are.
pub(super) fn without(sql: &str, drop: &[Range<u32>]) -> String {
    let mut drop = drop.to_vec();
    drop.sort_by_key(|range| range.start);
    let mut text = String::with_capacity(sql.len());
    for range in drop {
        let (start, end) = ((range.start as usize).max(text.len()), range.end as usize);
        if start < end {
            text.push_str(&sql[text.len()..start]);
            text.extend(sql[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        }
    }
    text.push_str(&sql[text.len()..]);
    text
}
