//! Repairs of whole clauses that PostgreSQL reads: SQL/JSON's behaviours, periods of UPDATE and DELETE, `t*`, MERGE from
//! a join.

use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use super::{List, Mender};
use crate::dialect::Dialect;

/// Functions of SQL/JSON that take a value, a path and clauses.
const PATH_FUNCTIONS: &[&str] = &["JSON_EXISTS", "JSON_QUERY", "JSON_VALUE"];

/// Functions of SQL/JSON that make or take apart values.
const VALUE_FUNCTIONS: &[&str] =
    &["JSON", "JSON_ARRAY", "JSON_ARRAYAGG", "JSON_OBJECT", "JSON_OBJECTAGG", "JSON_SCALAR", "JSON_SERIALIZE"];

/// Words that start a clause behind a path.
const CLAUSES: &[&str] = &[
    "DEFAULT",
    "EMPTY",
    "ERROR",
    "FALSE",
    "KEEP",
    "NULL",
    "OMIT",
    "PASSING",
    "RETURNING",
    "TRUE",
    "UNKNOWN",
    "WITH",
    "WITHOUT",
];

impl Mender {
    /// Says whether a call of one of SQL/JSON's functions stands here.
    pub(super) fn is_json_function(&self) -> bool {
        let named = |name: &&&str| self.is(self.at, name);
        self.dialect == Dialect::Postgres
            && self.token(self.at + 1) == Some(&Token::LParen)
            && PATH_FUNCTIONS.iter().chain(VALUE_FUNCTIONS).any(|name| named(&name))
    }

    /// What becomes of errors and of nothing is no matter of how rows are found: of the clauses behind a path, only the
    /// values that PASSING hands over stay, as arguments, and the type.
    pub(super) fn json_function(&mut self) {
        let takes_path = PATH_FUNCTIONS.iter().any(|name| self.is(self.at, name));
        let start = self.at + 2;
        if let Some(length) = self.tokens[start..].iter().scan(1, depth).position(|depth| depth == 0) {
            let inside = &mut self.tokens[start..start + length];
            drop_formats(inside);
            if takes_path {
                drop_clauses(inside);
            }
        }
        self.keep();
    }

    /// `FOR PORTION OF a FROM b TO c`, `FOR PORTION OF a (b)`: what of a row changes, not which rows.
    pub(super) fn portion(&mut self) {
        self.at += 4;
        if self.token(self.at) == Some(&Token::LParen) {
            return self.skip_parentheses();
        }
        const ENDS: &[&str] = &["AS", "RETURNING", "SET", "USING", "WHERE"];
        while self.at < self.tokens.len() && !ENDS.iter().any(|word| self.is(self.at, word)) {
            match self.token(self.at) {
                Some(Token::LParen) => self.skip_parentheses(),
                _ => self.at += 1,
            }
        }
    }

    /// `FROM t*` means the tables that inherit from it, too, as `FROM t` does.
    pub(super) fn drop_star(&mut self) {
        if self.dialect != Dialect::Postgres {
            return;
        }
        let mut end = self.at + 1;
        while self.token(end + 1) == Some(&Token::Period) {
            end += 2;
        }
        if matches!(self.token(end), Some(Token::Word(_))) && self.token(end + 1) == Some(&Token::Mul) {
            drop_token(&mut self.tokens[end + 1]);
        }
    }

    /// `MERGE … USING a JOIN b ON … ON …`: sqlparser wants the join in parentheses.
    pub(super) fn merged_join(&mut self) {
        self.list = List::None;
        let first = self.at + 1;
        let depths = self.tokens[first..].iter().scan(0, depth);
        let outside: Vec<usize> = (first..).zip(depths).filter(|(_, depth)| *depth == 0).map(|(at, _)| at).collect();
        let when = outside.iter().position(|at| self.is(*at, "WHEN")).unwrap_or(outside.len());
        let ons: Vec<usize> = outside[..when].iter().copied().filter(|at| self.is(*at, "ON")).collect();
        if let [_, .., last] = ons[..] {
            let sign = |sign: Token, at: usize| TokenWithSpan::new(sign, self.tokens[at].span);
            let (close, open) = (sign(Token::RParen, last), sign(Token::LParen, first));
            self.tokens.insert(last, close);
            self.tokens.insert(first, open);
        }
        self.keep();
    }
}

/// How deep in parentheses the text is behind a token.
pub(super) fn depth(level: &mut i32, token: &TokenWithSpan) -> Option<i32> {
    match token.token {
        Token::LParen => *level += 1,
        Token::RParen => *level -= 1,
        _ => {}
    }
    Some(*level)
}

fn is_word(token: &TokenWithSpan, expect: &[&str]) -> bool {
    matches!(&token.token, Token::Word(word)
        if word.quote_style.is_none() && expect.iter().any(|known| word.value.eq_ignore_ascii_case(known)))
}

/// Takes a token out: nothing else is blank here.
pub(super) fn drop_token(token: &mut TokenWithSpan) {
    token.token = Token::Whitespace(Whitespace::Space);
}

/// Keeps a value, a path, the values behind PASSING, and the type behind RETURNING.
fn drop_clauses(tokens: &mut [TokenWithSpan]) {
    let (mut level, mut commas, mut passing, mut dropping, mut value_ends) = (0, 0, false, false, false);
    for token in tokens {
        let nested = depth(&mut level, token) != Some(0) || token.token == Token::RParen;
        if nested {
            value_ends = token.token == Token::RParen;
        } else if value_ends && commas > 0 && is_word(token, &["PASSING"]) {
            (passing, dropping, value_ends) = (true, false, false);
            token.token = Token::Comma;
            continue;
        } else if passing && token.token == Token::Comma {
            (dropping, value_ends) = (false, false);
            continue;
        } else if passing && is_word(token, &["AS"]) {
            // The name of a variable in the path.
            dropping = true;
        } else if value_ends && commas > 0 && is_word(token, CLAUSES) {
            passing = false;
            dropping = !is_word(token, &["RETURNING"]);
        } else {
            commas += usize::from(token.token == Token::Comma);
            value_ends = dropping || ends_value(&token.token);
        }
        if dropping {
            drop_token(token);
        }
    }
}

/// Says whether a value may end here, so that a clause may begin.
fn ends_value(token: &Token) -> bool {
    matches!(token, Token::Word(_) | Token::RBracket | Token::Placeholder(_) | Token::Number(..))
        || matches!(token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_))
}

/// Leaves out how values are written, and whether keys may repeat.
fn drop_formats(tokens: &mut [TokenWithSpan]) {
    for at in 0..tokens.len().saturating_sub(1) {
        let is = |offset: usize, words: &[&str]| tokens.get(at + offset).is_some_and(|token| is_word(token, words));
        let length = if is(0, &["FORMAT"]) && is(1, &["JSON"]) {
            if is(2, &["ENCODING"]) { 4 } else { 2 }
        } else if is(0, &["WITH", "WITHOUT"]) && is(1, &["UNIQUE"]) {
            if is(2, &["KEYS"]) { 3 } else { 2 }
        } else {
            0
        };
        tokens.iter_mut().skip(at).take(length).for_each(drop_token);
    }
}
