//! One SQL statement to sqlparser's tree, in whatever dialect reads it, with limits that keep the process alive.
//!
//! Knows how sqlparser names dialects, where it puts places and what it misses (`repair`); knows nothing of what a
//! statement means. Placeholders are `$1`, `$2`, … by now (`sql::placeholders`). Makes no threads: callers work on
//! stacks of 64 MiB.

mod guard;
mod lines;
mod repair;

use std::borrow::Cow;
use std::fmt;

use sqlparser::ast;
use sqlparser::dialect::{MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

pub use lines::LineStarts;

use crate::dialect::Dialect;
use crate::name::{Ident, QName};

/// A statement that could be read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its tree.
    pub statement: ast::Statement,
    /// The dialect that read it.
    pub dialect: Dialect,
    /// The map from the tree's locations to bytes of the text; lines are those of the text, before any shift.
    pub lines: LineStarts,
}

/// Why a statement could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFailure {
    /// A stable kebab-case reason: `unreadable`, `too-deep`, `empty`, `several-statements`.
    pub reason: &'static str,
    /// The parser's words.
    pub message: String,
    /// The byte of the text where it stopped.
    pub at: Option<u32>,
}

impl fmt::Display for ParseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Reads one statement (a `;` may follow): in `dialect` first, else in the first other dialect that can.
///
/// # Errors
/// The failure of `dialect` itself, when no dialect reads it.
pub fn parse(sql: &str, dialect: Dialect) -> Result<Parsed, ParseFailure> {
    parse_at(sql, dialect, 0)
}

/// Reads one statement as [`parse`] does, every location in the tree `shift_lines` further down: view bodies that
/// are put into a query keep apart from it so.
///
/// # Errors
/// As [`parse`].
pub fn parse_at(sql: &str, dialect: Dialect, shift_lines: u64) -> Result<Parsed, ParseFailure> {
    first_that_reads(dialect, |dialect| {
        let tokens = tokens(sql, dialect, shift_lines)?;
        let nesting = guard::nesting(&tokens);
        let mut parser = parser(dialect, tokens);
        let statement = parser.parse_statement().map_err(|error| failure(sql, error, shift_lines));
        let whole = statement.and_then(|statement| expect_end(sql, parser, shift_lines).map(|()| statement));
        let statement = whole.map_err(|failure| blame_nesting(failure, nesting))?;
        Ok(Parsed { statement, dialect, lines: LineStarts::new(sql) })
    })
}

/// Reads one scalar expression, as [`parse`] reads a statement.
///
/// # Errors
/// As [`parse`].
pub fn parse_expr(sql: &str, dialect: Dialect) -> Result<ast::Expr, ParseFailure> {
    parse_expr_at(sql, dialect, 0)
}

/// Reads one scalar expression, as [`parse_at`] reads a statement.
///
/// # Errors
/// As [`parse`].
pub fn parse_expr_at(sql: &str, dialect: Dialect, shift_lines: u64) -> Result<ast::Expr, ParseFailure> {
    first_that_reads(dialect, |dialect| {
        let tokens = tokens(sql, dialect, shift_lines)?;
        let nesting = guard::nesting(&tokens);
        let mut parser = parser(dialect, tokens);
        let expr = parser.parse_expr().map_err(|error| failure(sql, error, shift_lines));
        let whole = expr.and_then(|expr| expect_end(sql, parser, shift_lines).map(|()| expr));
        whole.map_err(|failure| blame_nesting(failure, nesting))
    })
}

/// Folds an identifier as its dialect does: PostgreSQL lower-cases what is not quoted, the others keep it.
pub fn ident(ident: &ast::Ident, dialect: Dialect) -> Ident {
    match (dialect, ident.quote_style) {
        (Dialect::Postgres, None) => Ident::from(ident.value.to_lowercase()),
        _ => Ident::new(&ident.value),
    }
}

/// Reads a possibly qualified name; of `database.schema.name` the last two parts count.
pub fn qname(name: &ast::ObjectName, dialect: Dialect) -> QName {
    let part = |part: &ast::ObjectNamePart| match part {
        ast::ObjectNamePart::Identifier(name) => ident(name, dialect),
        ast::ObjectNamePart::Function(function) => ident(&function.name, dialect),
    };
    match name.0.as_slice() {
        [.., schema, name] => QName::qualified(part(schema), part(name)),
        [name] => QName::plain(part(name)),
        [] => QName::plain(""),
    }
}

/// Tries `dialect`, then the others; a statement that is too deep is so in every dialect.
fn first_that_reads<T>(
    dialect: Dialect,
    mut read: impl FnMut(Dialect) -> Result<T, ParseFailure>,
) -> Result<T, ParseFailure> {
    let failure = match read(dialect) {
        Err(failure) if failure.reason == "unreadable" => failure,
        other => return other,
    };
    let mut others = Dialect::ALL.into_iter().filter(|other| *other != dialect);
    others.find_map(|other| read(other).ok()).ok_or(failure)
}

/// Cuts the text into tokens that sqlparser may safely be given.
fn tokens(sql: &str, dialect: Dialect, shift_lines: u64) -> Result<Vec<TokenWithSpan>, ParseFailure> {
    let mut tokens = Vec::new();
    Tokenizer::new(spoken(dialect), &without_hints(sql, dialect))
        .tokenize_with_location_into_buf_with_mapper(&mut tokens, |mut token| {
            token.span.start.line += shift_lines;
            token.span.end.line += shift_lines;
            if let Token::Number(_, long) = &mut token.token {
                // Hive writes `3L`; no engine of ours reads it, and the number is the same without.
                *long = false;
            }
            token
        })
        .map_err(|error| ParseFailure {
            reason: "unreadable",
            message: lower_first(&error.message),
            at: Some(LineStarts::new(sql).byte(error.location)),
        })?;
    // The parser looks at whitespace for COPY data and hints only, which nobody here reads.
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    if tokens.iter().all(|token| token.token == Token::SemiColon) {
        return Err(ParseFailure { reason: "empty", message: "no statement".to_owned(), at: None });
    }
    guard::check(&tokens)?;
    Ok(repair::repair(tokens, dialect))
}

/// MySQL's `/*!50100 … */` is a comment to us: sqlparser would read what it holds, and knows little of it.
fn without_hints(sql: &str, dialect: Dialect) -> Cow<'_, str> {
    match dialect {
        Dialect::Mysql if sql.contains("/*!") => Cow::Owned(sql.replace("/*!", "/* ")),
        _ => Cow::Borrowed(sql),
    }
}

fn parser(dialect: Dialect, tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(spoken(dialect)).with_recursion_limit(guard::MAX_NESTING).with_tokens_with_locations(tokens)
}

/// What sqlparser calls a dialect.
fn spoken(dialect: Dialect) -> &'static dyn sqlparser::dialect::Dialect {
    match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mysql => &MySqlDialect {},
    }
}

fn expect_end(sql: &str, mut parser: Parser<'_>, shift_lines: u64) -> Result<(), ParseFailure> {
    let ended = parser.consume_token(&Token::SemiColon);
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Ok(());
    }
    let at = Some(LineStarts::new(sql).byte(unshift(next.span.start, shift_lines)));
    if ended {
        let message = "another statement follows".to_owned();
        return Err(ParseFailure { reason: "several-statements", message, at });
    }
    let message = format!("expected end of statement, found `{}`", next.token);
    Err(ParseFailure { reason: "unreadable", message, at })
}

/// Takes the location out of sqlparser's words: it becomes a place.
fn failure(sql: &str, error: ParserError, shift_lines: u64) -> ParseFailure {
    let message = match error {
        ParserError::RecursionLimitExceeded => return too_deep(),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (words, location) = split_location(&message);
    let at = location.map(|location| LineStarts::new(sql).byte(unshift(location, shift_lines)));
    ParseFailure { reason: "unreadable", message: lower_first(words), at }
}

fn too_deep() -> ParseFailure {
    let message = format!("nested deeper than {} levels", guard::MAX_NESTING);
    ParseFailure { reason: "too-deep", message, at: None }
}

/// Calls what could not be read for its nesting by that name; a few levels are the statement's own.
fn blame_nesting(failure: ParseFailure, nesting: usize) -> ParseFailure {
    const OWN_LEVELS: usize = 10;
    let is_deep = failure.reason == "unreadable" && nesting + OWN_LEVELS > guard::MAX_NESTING;
    if is_deep { too_deep() } else { failure }
}

fn unshift(location: Location, shift_lines: u64) -> Location {
    Location { line: location.line.saturating_sub(shift_lines), ..location }
}

/// Splits `Expected: x, found: y at Line: 1, Column: 8`.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((words, place)) = message.rsplit_once(" at Line: ") else {
        return (message, None);
    };
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
    });
    (words, location)
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
