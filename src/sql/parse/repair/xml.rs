//! Repairs of calls whose arguments are parted by words: XML's functions, and the table that JSON_TABLE makes.

use sqlparser::tokenizer::Token;

use super::Mender;
use super::clauses::{depth, drop_token};
use crate::dialect::Dialect;

/// Functions whose first argument stands behind a word.
const XML_FUNCTIONS: &[&str] = &["XMLELEMENT", "XMLEXISTS", "XMLPI", "XMLSERIALIZE"];

impl Mender {
    /// Says whether a call of such a function stands here.
    pub(super) fn is_worded_call(&self) -> bool {
        self.dialect == Dialect::Postgres
            && self.token(self.at + 1) == Some(&Token::LParen)
            && (XML_FUNCTIONS.iter().any(|name| self.is(self.at, name)) || self.is(self.at, "JSON_TABLE"))
    }

    /// Leaves out what says nothing of how rows are found, so that plain arguments remain.
    pub(super) fn worded_call(&mut self) {
        match self.is(self.at, "JSON_TABLE") {
            true => self.drop_passing(),
            false => self.drop_xml_words(),
        }
        self.keep();
    }

    /// `xmlelement(NAME a, b)`, `xmlserialize(CONTENT a AS text)`, `xmlexists('/a' PASSING BY VALUE b)`.
    fn drop_xml_words(&mut self) {
        let first = self.at + 2;
        let is_named = self.is(first, "NAME") && matches!(self.token(first + 1), Some(Token::Word(_)));
        let is_worded = (self.is(first, "CONTENT") || self.is(first, "DOCUMENT"))
            && !matches!(self.token(first + 1), Some(Token::Comma | Token::RParen | Token::Period));
        let dropped = match () {
            () if is_named && self.token(first + 2) == Some(&Token::Comma) => first..first + 3,
            () if is_named => first..first + 2,
            () if is_worded => first..first + 1,
            () if self.is(first + 1, "PASSING") => {
                self.tokens[first + 1].token = Token::Comma;
                let by = self.is(first + 2, "BY") && (self.is(first + 3, "REF") || self.is(first + 3, "VALUE"));
                first + 2..first + if by { 4 } else { 2 }
            }
            () => return,
        };
        self.tokens[dropped].iter_mut().for_each(drop_token);
    }

    /// `JSON_TABLE(a, '$.b' AS c PASSING d AS e COLUMNS (…))`: the name of the path and the variables in it.
    fn drop_passing(&mut self) {
        let first = self.at + 2;
        let level = self.tokens[first..].iter().scan(0, depth).take_while(|level| *level >= 0);
        let outside: Vec<usize> = (first..).zip(level).filter(|(_, level)| *level == 0).map(|(at, _)| at).collect();
        let starts = outside.iter().copied().find(|at| self.is(*at, "AS") || self.is(*at, "PASSING"));
        let columns = outside.iter().copied().find(|at| self.is(*at, "COLUMNS"));
        if let (Some(from), Some(to)) = (starts, columns)
            && from < to
        {
            self.tokens[from..to].iter_mut().for_each(drop_token);
        }
    }
}
