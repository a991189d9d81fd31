//! Mends token sequences that databases read and sqlparser does not.
//!
//! Every token keeps its span of the text, so every place in the tree remains right. A repair may change what the
//! statement computes, but adds no name, and drops only names that say nothing of how a table is searched (conflict
//! targets, index hints). It may not touch what sqlparser reads by itself.

mod clauses;
mod postgres;
mod xml;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use crate::dialect::Dialect;

/// Applies every repair to tokens without whitespace.
pub(super) fn repair(tokens: Vec<TokenWithSpan>, dialect: Dialect) -> Vec<TokenWithSpan> {
    let mut mender = Mender {
        out: Vec::with_capacity(tokens.len() + 4),
        tokens,
        at: 0,
        dialect,
        selects: vec![false],
        list: List::None,
    };
    while mender.at < mender.tokens.len() {
        mender.step();
    }
    mender.out
}

struct Mender {
    tokens: Vec<TokenWithSpan>,
    /// The token to look at.
    at: usize,
    out: Vec<TokenWithSpan>,
    dialect: Dialect,
    /// By level of parentheses: a SELECT is open that has had no FROM yet.
    selects: Vec<bool>,
    list: List,
}

/// The list that commas at the outermost level separate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    None,
    /// The tables of `UPDATE a, b SET`.
    Updated,
    /// The tables of `DELETE a, b FROM`.
    Deleted,
    /// The assignments behind SET.
    Assigned,
    /// None, in a MERGE whose USING is still to come.
    Merged,
}

impl Mender {
    fn step(&mut self) {
        match &self.tokens[self.at].token {
            Token::Word(word) if word.quote_style.is_none() => {
                if self.is_free_alias() {
                    return self.plain_name();
                }
                let first = word.value.bytes().next().unwrap_or(0).to_ascii_uppercase();
                self.word(first);
            }
            // What a repair has taken out ahead of itself.
            Token::Whitespace(_) => self.at += 1,
            Token::LParen => {
                self.selects.push(false);
                self.keep();
            }
            Token::RParen => {
                if self.selects.len() > 1 {
                    self.selects.pop();
                }
                self.keep();
            }
            // PostgreSQL's `(composite).*`: the columns of one value, which the value itself stands for.
            Token::Period
                if matches!(self.previous(), Some(Token::RParen)) && self.token(self.at + 1) == Some(&Token::Mul) =>
            {
                self.at += 2;
            }
            _ if self.dialect == Dialect::Mysql => self.mysql_sign(),
            Token::LBracket => match self.subscript_of_assigned() {
                Some(end) => self.at = end,
                None => self.keep(),
            },
            Token::DoubleColon if self.is(self.at + 2, "PRECEDING") || self.is(self.at + 2, "FOLLOWING") => {
                // The type of a window frame's bound.
                self.at += 2;
            }
            _ => self.keep(),
        }
    }

    fn word(&mut self, first: u8) {
        let at = self.at;
        match first {
            b'A' if self.are(at, &["AS"]) => self.record_alias(),
            // The session's time zone, which nobody knows.
            b'A' if self.are(at, &["AT", "LOCAL"]) && self.behind_operand() => self.at += 2,
            b'B' if self.are(at, &["BINARY"]) && self.dialect == Dialect::Mysql && self.behind_parenthesis() => {
                // The older spelling of a binary collation, behind a type.
                self.at += 1;
            }
            b'B' if self.are(at, &["BETWEEN", "SYMMETRIC"]) || self.are(at, &["BETWEEN", "ASYMMETRIC"]) => {
                self.keep();
                self.at += 1;
            }
            b'C' => self.word_with_c(),
            b'D' if self.are(at, &["DEFAULT", "VALUES"]) && self.behind("INSERT") => self.merged_defaults(),
            b'D' if self.are(at, &["DELETE"]) => self.open_list(List::Deleted),
            b'E' if self.are(at, &["EXCLUDE"]) => self.frame_exclusion(),
            b'F' if self.are(at, &["FOR", "NO", "KEY", "UPDATE"]) => self.keep_and_skip(2),
            b'F' if self.are(at, &["FOR", "KEY", "SHARE"]) => self.keep_and_skip(1),
            b'F' if self.are(at, &["FOR", "PORTION", "OF"]) => self.portion(),
            b'F' if self.are(at, &["FROM"]) => {
                if self.selects.last() == Some(&true) || self.behind("DELETE") {
                    self.drop_star();
                }
                self.set_select(false);
                self.close_list();
            }
            b'G' if self.are(at, &["GROUP", "BY", "DISTINCT"]) => {
                // Grouping sets that repeat are left out.
                self.keep();
                self.keep_and_skip(1);
            }
            b'I' => self.word_with_i(),
            b'J' if self.are(at, &["JOIN"]) => {
                self.drop_star();
                self.keep();
            }
            b'J' if self.is_json_function() => self.json_function(),
            b'J' | b'X' if self.is_worded_call() => self.worded_call(),
            b'L' if self.are(at, &["LOCK", "IN", "SHARE", "MODE"]) => {
                // MySQL's older spelling of FOR SHARE.
                self.put("FOR");
                self.put("SHARE");
                self.at += 4;
            }
            b'L' if self.are(at, &["LOCAL"]) && self.behind("INTO") => self.plain_name(),
            b'M' if self.are(at, &["MERGE", "INTO"]) => {
                self.open_list(List::Merged);
                self.drop_star();
            }
            b'N' if self.are(at, &["NOT", "INDEXED"]) && self.dialect == Dialect::Sqlite => self.at += 2,
            b'N' if self.are(at, &["NOT", "GLOB"]) => {
                // Neither can be searched by an index.
                self.keep();
                self.put("LIKE");
                self.at += 1;
            }
            b'O' if self.are(at, &["ON", "CONFLICT"]) => self.conflict_target(),
            b'O' if self.are(at, &["ONLY"]) && self.is_only() => self.at += 1,
            b'O' if self.are(at, &["OVERRIDING"]) && self.is(at + 2, "VALUE") => self.at += 3,
            b'R' if self.are(at, &["RETURNING"]) => self.close_list(),
            b'R' if self.are(at, &["ROWS", "FROM"]) => self.rows_from(),
            b'S' => self.word_with_s(),
            b'T' if self.are(at, &["TABLE"]) && self.is_table_query() => self.table_query(),
            b'U' if self.are(at, &["USING"]) && self.list == List::Merged => self.merged_join(),
            b'U' if self.are(at, &["UPDATE"]) => self.open_list(List::Updated),
            b'V' if self.are(at, &["VARIADIC"]) && matches!(self.previous(), Some(Token::LParen | Token::Comma)) => {
                self.at += 1;
            }
            b'W' if self.are(at, &["WHERE"]) => {
                self.set_select(false);
                self.close_list();
            }
            b'$' => self.numbered_placeholder(),
            _ => self.keep(),
        }
    }

    fn word_with_c(&mut self) {
        let at = self.at;
        if self.are(at, &["CYCLE"]) && self.behind_parenthesis() {
            self.skip_cycle();
        } else if self.are(at, &["COLLATE"]) {
            self.collate();
        } else if self.are(at, &["CURRENT", "OF"]) && self.behind("WHERE") {
            // The row a cursor stands on is found without a search.
            self.put("FALSE");
            self.at += 3;
        } else {
            self.keep();
        }
    }

    fn word_with_i(&mut self) {
        let at = self.at;
        if self.are(at, &["ISNULL"]) && self.behind_operand() && self.token(at + 1) != Some(&Token::LParen) {
            self.put("IS");
            self.put("NULL");
            self.at += 1;
        } else if self.are(at, &["INDEXED", "BY"]) && self.dialect == Dialect::Sqlite {
            self.at += 3;
        } else if self.are(at, &["IS"]) && self.dialect == Dialect::Sqlite {
            self.sqlite_is();
        } else {
            self.keep();
        }
    }

    fn word_with_s(&mut self) {
        let at = self.at;
        if self.are(at, &["SELECT"]) {
            self.set_select(true);
            self.keep();
        } else if self.are(at, &["SET"]) {
            self.keep();
            self.list = List::Assigned;
        } else if self.are(at, &["SEARCH"]) && self.is(at + 2, "FIRST") && self.behind_parenthesis() {
            self.skip_behind("SET");
            self.at += 1;
        } else {
            self.keep();
        }
    }

    /// SQLite's IS compares any two values; others spell that `IS NOT DISTINCT FROM`.
    fn sqlite_is(&mut self) {
        let negated = self.is(self.at + 1, "NOT");
        let operand = self.at + 1 + usize::from(negated);
        let tests = ["NULL", "TRUE", "FALSE", "DISTINCT", "UNKNOWN", "JSON"];
        let known = tests.iter().any(|test| self.is(operand, test)) || (negated && self.is(operand, "NOT"));
        self.keep();
        if known || self.token(operand).is_none() {
            return;
        }
        if !negated {
            self.put("NOT");
        }
        self.put("DISTINCT");
        self.put("FROM");
        self.at = operand;
    }

    /// `ON CONFLICT (lower(a)) WHERE b DO …`: the target names a unique index, which inserting looks up anyway.
    fn conflict_target(&mut self) {
        if self.selects.last() == Some(&true) {
            // `SELECT f(x) ON CONFLICT`: without a FROM in between ON is taken for an alias.
            self.put("WHERE");
            self.put("TRUE");
            self.set_select(false);
        }
        self.keep();
        self.keep();
        if self.token(self.at) == Some(&Token::LParen) && !self.is_plain_list() {
            self.skip_parentheses();
        } else if self.token(self.at) == Some(&Token::LParen) {
            while self.token(self.at).is_some_and(|token| *token != Token::RParen) {
                self.keep();
            }
            self.keep();
        }
        if self.is(self.at, "WHERE") {
            while self.at < self.tokens.len() && !self.is(self.at, "DO") {
                self.at += 1;
            }
        }
        if self.are(self.at, &["DO", "SELECT"]) {
            self.conflict_select();
        }
    }

    /// Says whether the parenthesis here holds names and commas only.
    fn is_plain_list(&self) -> bool {
        let inside = self.tokens[self.at + 1..].iter().map(|token| &token.token);
        let names = inside.clone().take_while(|token| matches!(token, Token::Word(_) | Token::Comma)).count();
        let mut pairs = inside.clone().take(names).zip(inside.clone().skip(1));
        self.token(self.at + 1 + names) == Some(&Token::RParen)
            && !pairs.any(|(one, next)| matches!((one, next), (Token::Word(_), Token::Word(_))))
    }

    /// `f(x) AS (a int, b text)`: the columns of a record, where sqlparser wants a name for it.
    fn record_alias(&mut self) {
        let columns = self.behind_parenthesis()
            && self.token(self.at + 1) == Some(&Token::LParen)
            && matches!(self.token(self.at + 2), Some(Token::Word(_)))
            && matches!(self.token(self.at + 3), Some(Token::Word(_)))
            && !["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "TABLE"]
                .iter()
                .any(|word| self.is(self.at + 2, word));
        self.keep();
        if columns {
            self.put("_record");
        }
    }

    /// `ROWS … EXCLUDE CURRENT ROW` in a window frame.
    fn frame_exclusion(&mut self) {
        let frame = matches!(self.previous(), Some(Token::Word(word))
            if ["ROW", "PRECEDING", "FOLLOWING"].iter().any(|end| word.value.eq_ignore_ascii_case(end)));
        let length = match frame {
            true if self.is(self.at + 1, "CURRENT") || self.is(self.at + 1, "NO") => 3,
            true if self.is(self.at + 1, "GROUP") || self.is(self.at + 1, "TIES") => 2,
            _ => return self.keep(),
        };
        self.at += length;
    }

    /// `CYCLE a SET b [TO c DEFAULT d] USING e` behind a recursive query.
    fn skip_cycle(&mut self) {
        let using = (self.at..self.tokens.len()).find(|at| self.is(*at, "USING"));
        match using {
            Some(using) if (self.at..using).any(|at| self.is(at, "SET")) => self.at = using + 2,
            _ => self.keep(),
        }
    }

    /// What MySQL spells differently without a word.
    fn mysql_sign(&mut self) {
        match &self.tokens[self.at].token {
            Token::DoubleQuotedString(text) => {
                self.tokens[self.at].token = Token::SingleQuotedString(text.clone());
                self.keep();
            }
            Token::ExclamationMark => {
                self.put("NOT");
                self.at += 1;
            }
            // `UPDATE a, b SET` is a join without a condition.
            Token::Comma if self.list == List::Updated && self.selects.len() == 1 => {
                self.put("CROSS");
                self.put("JOIN");
                self.at += 1;
            }
            // `DELETE a.* FROM a` is `DELETE a FROM a`.
            Token::Period if self.list == List::Deleted && self.token(self.at + 1) == Some(&Token::Mul) => self.at += 2,
            _ => self.keep(),
        }
    }

    /// MySQL's names may start with `$`, so sqlparser takes `$1` for one there.
    fn numbered_placeholder(&mut self) {
        if let Token::Word(word) = &self.tokens[self.at].token
            && word.value.len() > 1
            && word.value[1..].bytes().all(|byte| byte.is_ascii_digit())
        {
            self.tokens[self.at].token = Token::Placeholder(word.value.clone());
        }
        self.keep();
    }

    /// `SET a[1][2].b = 3` changes `a`: where the `=` stands.
    fn subscript_of_assigned(&self) -> Option<usize> {
        let assigned = self.out.len() >= 2
            && matches!(&self.out[self.out.len() - 2].token, Token::Comma | Token::Word(_))
            && matches!(self.previous(), Some(Token::Word(_)));
        let target = assigned
            && match &self.out[self.out.len() - 2].token {
                Token::Word(word) => word.value.eq_ignore_ascii_case("SET"),
                _ => true,
            };
        if self.list != List::Assigned || !target {
            return None;
        }
        let mut at = self.at;
        loop {
            at = match self.token(at)? {
                Token::LBracket => (at..self.tokens.len()).find(|at| self.token(*at) == Some(&Token::RBracket))? + 1,
                Token::Period => at + 2,
                Token::Eq => return Some(at),
                _ => return None,
            };
        }
    }

    /// Keeps a name that sqlparser would take for a word of its own.
    fn plain_name(&mut self) {
        if let Token::Word(word) = &mut self.tokens[self.at].token {
            word.keyword = Keyword::NoKeyword;
        }
        self.keep();
    }

    /// MERGE's `INSERT DEFAULT VALUES`.
    fn merged_defaults(&mut self) {
        if self.out.len() < 2 {
            return self.keep();
        }
        self.put("VALUES");
        self.put_sign(Token::LParen);
        self.put("DEFAULT");
        self.put_sign(Token::RParen);
        self.at += 2;
    }

    fn open_list(&mut self, list: List) {
        // Only the verb of the statement: `FOR UPDATE` and `DO UPDATE SET` list no tables.
        if self.out.is_empty() {
            self.list = list;
        }
        self.keep();
    }

    fn close_list(&mut self) {
        if self.selects.len() == 1 {
            self.list = List::None;
        }
        self.keep();
    }

    fn set_select(&mut self, open: bool) {
        if let Some(select) = self.selects.last_mut() {
            *select = open;
        }
    }

    /// Passes the token on.
    fn keep(&mut self) {
        if let Some(token) = self.tokens.get_mut(self.at) {
            self.out.push(std::mem::replace(token, TokenWithSpan::wrap(Token::EOF)));
        }
        self.at += 1;
    }

    fn keep_and_skip(&mut self, count: usize) {
        self.keep();
        self.at += count;
    }

    /// Adds a word at the place of the current token.
    fn put(&mut self, word: &str) {
        self.put_sign(Token::make_keyword(word));
    }

    fn put_sign(&mut self, sign: Token) {
        let span = self.tokens.get(self.at).or(self.out.last()).map_or(Span::empty(), |token| token.span);
        self.out.push(TokenWithSpan::new(sign, span));
    }

    fn skip_behind(&mut self, word: &str) {
        while self.at < self.tokens.len() && !self.is(self.at, word) {
            self.at += 1;
        }
        self.at += 1;
    }

    fn skip_parentheses(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.token(self.at) {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).map(|token| &token.token)
    }

    fn previous(&self) -> Option<&Token> {
        self.out.last().map(|token| &token.token)
    }

    fn behind_parenthesis(&self) -> bool {
        self.previous() == Some(&Token::RParen)
    }

    /// Says whether the token before is this word, unquoted.
    fn behind(&self, expect: &str) -> bool {
        matches!(self.previous(), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expect))
    }

    fn behind_operand(&self) -> bool {
        // What follows AS is a name.
        !self.behind("AS")
            && matches!(
                self.previous(),
                Some(
                    Token::Word(_)
                        | Token::RParen
                        | Token::Placeholder(_)
                        | Token::SingleQuotedString(_)
                        | Token::RBracket
                )
            )
    }

    /// Says whether an unquoted word stands at `at`.
    fn is(&self, at: usize, expect: &str) -> bool {
        matches!(self.token(at), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expect))
    }

    fn are(&self, at: usize, expect: &[&str]) -> bool {
        expect.iter().enumerate().all(|(offset, word)| self.is(at + offset, word))
    }
}

#[cfg(test)]
mod tests;
