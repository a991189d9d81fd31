//! `DO $$ … $$`: the plain DDL statements inside an anonymous block.
//!
//! What stands behind an IF may or may not have run. Nearly all such blocks say "unless it is there already", so their
//! statements are applied, and that there is nothing to do is no fault.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use super::scan::{self, Tok};
use super::{Lowering, steps_within};
use crate::catalog::SchemaOp;
use crate::query::{Skip, SkipStage};

impl Lowering<'_> {
    pub(super) fn read_block(&mut self, tokens: &[Tok]) {
        let Some(body) = tokens.iter().find_map(|token| self.dollar_quoted(token)) else {
            self.step(SchemaOp::Opaque);
            return;
        };
        let sql = self.sql;
        let text = &sql[body.start as usize..body.end as usize];
        let tokens = scan::tokens_with_semicolons(text, self.dialect);
        let before = self.steps.len();
        for statement in tokens.split(|token| token.token == Token::SemiColon) {
            self.read_inner(text, body.start, statement);
        }
        if self.steps.len() == before {
            self.step(SchemaOp::Opaque);
        }
    }

    /// The bytes between the dollar quotes.
    fn dollar_quoted(&self, token: &Tok) -> Option<Range<u32>> {
        let Token::DollarQuotedString(quoted) = &token.token else { return None };
        let quote = quoted.tag.as_ref().map_or(0, String::len) as u32 + 2;
        Some(token.bytes.start + quote..token.bytes.end.checked_sub(quote)?)
    }

    fn read_inner(&mut self, text: &str, offset: u32, statement: &[Tok]) {
        let opens = |at: usize| at == 0 || statement[at - 1].is_any(&["BEGIN", "THEN", "ELSE", "LOOP"]);
        let starts = statement.iter().enumerate();
        let start = starts.clone().find(|(at, token)| opens(*at) && token.is_any(&["CREATE", "ALTER", "DROP"]));
        if let Some((at, _)) = start
            && let Some(bytes) = scan::hull(&statement[at..])
        {
            self.read_nested(&text[bytes.start as usize..bytes.end as usize], offset + bytes.start..offset + bytes.end);
            return;
        }
        let execute = starts.clone().find(|(at, token)| opens(*at) && token.is("EXECUTE"));
        let Some((at, _)) = execute else { return };
        let bytes = scan::hull(&statement[at..]).map_or(offset..offset, |b| offset + b.start..offset + b.end);
        match &statement[at + 1..] {
            [Tok { token: Token::SingleQuotedString(sql), .. }] => self.read_nested(sql, bytes),
            rest if mentions_ddl(rest) => {
                let detail = "a block builds its statement at run time".to_owned();
                let place = self.host(bytes);
                self.skips.push(Skip { stage: SkipStage::Schema, reason: "dynamic-ddl", detail, place });
            }
            _ => {}
        }
    }

    fn read_nested(&mut self, sql: &str, bytes: Range<u32>) {
        let (steps, skips) = steps_within(sql, self.host(bytes), self.dialect);
        self.steps.extend(steps);
        self.skips.extend(skips);
    }
}

fn mentions_ddl(tokens: &[Tok]) -> bool {
    tokens.iter().any(|token| match &token.token {
        Token::SingleQuotedString(text) => {
            let text = text.trim_start().to_ascii_lowercase();
            ["create ", "alter ", "drop "].iter().any(|word| text.starts_with(word))
        }
        _ => false,
    })
}
