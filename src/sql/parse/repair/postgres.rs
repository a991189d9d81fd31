//! Repairs of what PostgreSQL says at greater length than sqlparser reads: `ONLY`, `TABLE t`, `ROWS FROM`, `DO SELECT`,
//! casts under `COLLATE`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Mender;
use crate::dialect::Dialect;

/// Words of types that have several.
const TYPE_WORDS: &[&str] = &["PRECISION", "TIME", "VARYING", "WITH", "WITHOUT", "ZONE"];

/// Tokens of the longest type: `::information_schema.character_data(10)[1][2]` has twelve.
const TYPE_LENGTH: usize = 24;

/// Words that sqlparser keeps from being a table's alias for the sake of other databases.
const FREE_ALIASES: &[&str] = &[
    "ANTI",
    "ASOF",
    "CLUSTER",
    "CONNECT",
    "DISTRIBUTE",
    "FORMAT",
    "GLOBAL",
    "MATCH_CONDITION",
    "MATCH_RECOGNIZE",
    "MINUS",
    "OPEN",
    "OUTPUT",
    "PARTITION",
    "PIVOT",
    "PREWHERE",
    "QUALIFY",
    "SAMPLE",
    "SEMI",
    "SETTINGS",
    "SORT",
    "START",
    "TOP",
    "UNPIVOT",
    "VIEW",
];

/// Words that follow a table and its alias.
const BEHIND_TABLES: &[&str] = &[
    "CROSS",
    "EXCEPT",
    "FETCH",
    "FOR",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "LIMIT",
    "NATURAL",
    "OFFSET",
    "ON",
    "ORDER",
    "RETURNING",
    "RIGHT",
    "SET",
    "TABLESAMPLE",
    "UNION",
    "USING",
    "WHERE",
    "WINDOW",
];

impl Mender {
    /// Says whether a word that PostgreSQL does not reserve stands where only a table's name or alias may.
    pub(super) fn is_free_alias(&self) -> bool {
        if self.dialect != Dialect::Postgres || !FREE_ALIASES.iter().any(|word| self.is(self.at, word)) {
            return false;
        }
        let next = self.at + 1;
        let named = matches!(self.previous(), Some(Token::Word(_) | Token::RParen)) && !self.behind("SELECT");
        let ends = matches!(self.token(next), None | Some(Token::SemiColon | Token::RParen | Token::Comma))
            || BEHIND_TABLES.iter().any(|word| self.is(next, word));
        self.token(next) == Some(&Token::Period) || (named && ends)
    }

    /// `FROM ONLY t`: without the tables that inherit from it. A reserved word there, unlike in `FETCH FIRST ROW ONLY`.
    pub(super) fn is_only(&self) -> bool {
        let opens = ["FROM", "INTO", "JOIN", "UPDATE", "USING"].iter().any(|word| self.behind(word));
        self.dialect == Dialect::Postgres
            && (opens || self.previous() == Some(&Token::Comma))
            && matches!(self.token(self.at + 1), Some(Token::Word(_)))
    }

    /// Says whether `TABLE t` stands where a query may.
    pub(super) fn is_table_query(&self) -> bool {
        let opens = ["ALL", "AS", "EXCEPT", "INTERSECT", "UNION"].iter().any(|word| self.behind(word));
        (opens || matches!(self.previous(), None | Some(Token::LParen)))
            && matches!(self.token(self.at + 1), Some(Token::Word(_)))
            && self.token(self.at + 2) != Some(&Token::LParen)
    }

    /// `TABLE t` is `SELECT * FROM t`.
    pub(super) fn table_query(&mut self) {
        self.put("SELECT");
        self.put_sign(Token::Mul);
        self.put("FROM");
        self.at += 1;
    }

    /// `ROWS FROM (f(a), g(b))` lays the rows of functions side by side: none of them is a table, and the first stands
    /// for all.
    pub(super) fn rows_from(&mut self) {
        let opens = ["FROM", "JOIN", "LATERAL"].iter().any(|word| self.behind(word));
        let called = opens || self.previous() == Some(&Token::Comma);
        if !called || self.token(self.at + 2) != Some(&Token::LParen) {
            return self.keep();
        }
        let start = self.at;
        self.at += 2;
        self.skip_parentheses();
        let end = self.at;
        self.at = start + 3;
        while self.at < end && matches!(self.token(self.at), Some(Token::Word(_) | Token::Period)) {
            self.keep();
        }
        let mut depth = 0;
        while self.at < end {
            match self.token(self.at) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.keep();
                break;
            }
            self.keep();
        }
        self.at = end;
    }

    /// `DO SELECT FOR UPDATE WHERE a`: the row that is there already, which inserting has looked up.
    pub(super) fn conflict_select(&mut self) {
        self.put("DO");
        self.put("NOTHING");
        while !self.is(self.at, "RETURNING") {
            match self.token(self.at) {
                None | Some(Token::RParen | Token::SemiColon) => break,
                Some(Token::LParen) => self.skip_parentheses(),
                Some(_) => self.at += 1,
            }
        }
    }

    /// `a::text COLLATE "C"`: sqlparser wants the cast in parentheses.
    pub(super) fn collate(&mut self) {
        if let Some(start) = cast_at_end(&self.out) {
            self.put_sign(Token::RParen);
            let open = TokenWithSpan::new(Token::LParen, self.out[start].span);
            self.out.insert(start, open);
        }
        self.keep();
    }
}

/// Where the operand of the cast that the tokens end with starts.
fn cast_at_end(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut end = tokens.len();
    loop {
        // No further back than a type is long: every COLLATE looks.
        let from = end.saturating_sub(TYPE_LENGTH);
        let colon = from + tokens[from..end].iter().rposition(|token| token.token == Token::DoubleColon)?;
        if !is_type(&tokens[colon + 1..end]) {
            return None;
        }
        let start = operand_start(&tokens[..colon])?;
        if start == 0 || tokens[start - 1].token != Token::DoubleColon {
            return Some(start);
        }
        // `a::regclass::text`
        end = colon;
    }
}

fn is_type(tokens: &[TokenWithSpan]) -> bool {
    let Some((TokenWithSpan { token: Token::Word(_), .. }, rest)) = tokens.split_first() else { return false };
    let mut qualified = false;
    rest.iter().all(|TokenWithSpan { token, .. }| {
        let behind_period = std::mem::replace(&mut qualified, *token == Token::Period);
        match token {
            Token::Word(word) => behind_period || TYPE_WORDS.iter().any(|known| word.value.eq_ignore_ascii_case(known)),
            Token::Period | Token::LBracket | Token::RBracket | Token::LParen | Token::RParen | Token::Number(..) => {
                true
            }
            _ => false,
        }
    }) && rest.iter().filter(|token| token.token == Token::LParen).count()
        == rest.iter().filter(|token| token.token == Token::RParen).count()
}

/// Where the operand starts that the tokens end with: a name, a literal, a call, parentheses.
fn operand_start(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut start = tokens.len().checked_sub(1)?;
    if matches!(tokens[start].token, Token::RParen | Token::RBracket) {
        let mut depth = 0;
        start = tokens.iter().rposition(|token| {
            match token.token {
                Token::RParen | Token::RBracket => depth += 1,
                Token::LParen | Token::LBracket => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        if start > 0
            && matches!(&tokens[start - 1].token, Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::NoKeyword)
        {
            start -= 1;
        }
    }
    while start >= 2 && tokens[start - 1].token == Token::Period {
        start -= 2;
    }
    Some(start)
}
