//! Foreign tables: another server's, told of here with the same columns as any other.
//!
//! What a foreign table has beyond a table (`FOREIGN`, `OPTIONS`, `SERVER`) is blanked, so that every byte stays where
//! it is, and the rest is read as the statement about a table that it then is.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use super::Lowering;
use super::scan::{self, Cursor, Tok};
use crate::catalog::{SchemaOp, TableKind};

impl Lowering<'_> {
    /// Reads a statement about a foreign table; says whether it is one.
    pub(super) fn read_foreign(&mut self, tokens: &[Tok]) -> bool {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
        let creates = is(0, "CREATE");
        if !(creates || is(0, "ALTER") || is(0, "DROP")) || !is(1, "FOREIGN") || !is(2, "TABLE") {
            return false;
        }
        let mut blanks = vec![tokens[1].bytes.clone()];
        match creates {
            true => blanks.extend(server(tokens).into_iter().chain(options(tokens))),
            // OPTIONS of the table and of columns that are there are operations of their own.
            false => {
                let is_add =
                    |one: &&[Tok]| one.iter().take_while(|token| !token.is("OPTIONS")).any(|token| token.is("ADD"));
                blanks.extend(scan::split_at_commas(&tokens[3..]).filter(is_add).flat_map(options));
            }
        }
        let text = scan::without(self.sql, &blanks);
        let mut table = Lowering { guarded: self.guarded, ..Lowering::new(&text, self.place, self.dialect) };
        table.read();
        for step in &mut table.steps {
            if let SchemaOp::CreateTable { table, .. } = &mut step.op {
                table.kind = TableKind::Foreign;
            }
        }
        self.steps.append(&mut table.steps);
        self.skips.append(&mut table.skips);
        true
    }
}

/// `SERVER s OPTIONS (…)`, which ends the statement.
fn server(tokens: &[Tok]) -> Option<Range<u32>> {
    let mut depth = 0_usize;
    let at = tokens.iter().position(|token| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.is("SERVER")
    })?;
    scan::hull(&tokens[at..])
}

/// Every `OPTIONS (…)`.
fn options(tokens: &[Tok]) -> Vec<Range<u32>> {
    let group = |at: usize| {
        let mut cursor = Cursor::new(tokens.get(at + 1..)?, crate::dialect::Dialect::Postgres);
        cursor.group()?;
        scan::hull(&tokens[at..tokens.len() - cursor.rest.len()])
    };
    (0..tokens.len()).filter(|at| tokens[*at].is("OPTIONS")).filter_map(group).collect()
}
