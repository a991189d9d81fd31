//! What sqlparser rejects: as much of it as can be saved.
//!
//! The operations of an ALTER TABLE and the items of a CREATE TABLE (`pieces`) are given to the parser one by one, an
//! index without the clauses that do not matter, a view as its text. For anything else the name of the table is found,
//! so that its catalogue entry says that it is not complete.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use super::Lowering;
use super::direct::{alter_head, of_table};
use super::scan::{self, Cursor, Tok};
use crate::catalog::{SchemaOp, Table, TableKind, View};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::sql::parse::{self, ParseFailure, Parsed};

impl Lowering<'_> {
    /// Reads what the parser could not.
    pub(super) fn read_tolerantly(&mut self, tokens: &[Tok], failure: &ParseFailure) {
        let mut cursor = Cursor::new(tokens, self.dialect);
        let first = cursor.next();
        let done = match first {
            Some(first) if first.is("CREATE") => self.create_tolerantly(cursor, tokens),
            Some(first) if first.is("ALTER") => self.alter_tolerantly(cursor, tokens),
            Some(first) if first.is("DROP") => self.drop_tolerantly(cursor),
            _ => None,
        };
        if done.is_none() {
            let tables = table_named(tokens, self.dialect).into_iter().collect();
            self.not_understood(failure, None, tables);
        }
    }

    /// Lowers the operations of an ALTER TABLE one by one.
    pub(super) fn alter_piecewise(&mut self, table: &QName, tokens: &[Tok], operations: &[Tok]) {
        let head = head_bytes(tokens, operations);
        let guarded = self.guarded || tokens.windows(2).take(4).any(|pair| pair[0].is("IF") && pair[1].is("EXISTS"));
        let lines = self.lines.clone();
        for operation in scan::split_at_commas(operations) {
            self.guarded = guarded;
            if let Some(op) = self.known_operation(operation) {
                self.step(of_table(op, table));
                continue;
            }
            let Some(bytes) = scan::hull(operation) else { continue };
            match self.parse_pieces(vec![head.clone(), bytes.clone()]).or_else(|failure| {
                // `ALTER COLUMN c TYPE text COLLATE "C"`.
                let collation = operation.iter().position(|token| token.is("COLLATE")).ok_or(failure.clone())?;
                let end = operation.get(collation + 1).map_or(bytes.end, |name| name.bytes.end);
                let around = [bytes.start..operation[collation].bytes.start, end..bytes.end];
                self.parse_pieces([std::slice::from_ref(&head), &around[..]].concat()).map_err(|_| failure)
            }) {
                Ok(parsed) => self.lower(parsed),
                Err(failure) => self.not_understood(&failure, Some(bytes), vec![table.clone()]),
            }
            self.lines.clone_from(&lines);
        }
    }

    /// Gives pieces of the statement to the parser; all places are those of the statement.
    pub(super) fn parse_pieces(&self, keep: Vec<Range<u32>>) -> Result<Parsed, ParseFailure> {
        let scan::Excerpt { text, pieces } = scan::Excerpt::new(self.sql, keep);
        match parse::parse(&text, self.dialect) {
            Ok(parsed) => Ok(Parsed { lines: parsed.lines.from_pieces(&pieces), ..parsed }),
            Err(failure) => {
                let original = |at: u32| {
                    let piece = pieces.iter().rev().find(|(here, _)| *here <= at);
                    piece.map_or(at, |(here, there)| at - here + there)
                };
                Err(ParseFailure { at: failure.at.map(original), ..failure })
            }
        }
    }

    fn alter_tolerantly(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        cursor.eat_any(&["ONLINE", "IGNORE"]);
        let (table, operations) = alter_head(cursor)?;
        if operations.rest.is_empty() {
            return None;
        }
        self.alter_piecewise(&table, tokens, operations.rest);
        Some(())
    }

    fn drop_tolerantly(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        if !cursor.eat(&["INDEX"]) {
            return None;
        }
        cursor.eat(&["CONCURRENTLY"]);
        self.guarded |= cursor.eat(&["IF", "EXISTS"]);
        let mut names = vec![cursor.name()?];
        while cursor.rest.first().is_some_and(|token| token.token == Token::Comma) {
            cursor.next();
            names.push(cursor.name()?);
        }
        let table = if cursor.eat(&["ON"]) { cursor.name() } else { None };
        for name in names {
            self.step(SchemaOp::DropIndex { name, table: table.clone() });
        }
        Some(())
    }

    fn create_tolerantly(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        cursor.eat(&["OR", "REPLACE"]);
        cursor.eat_any(&["UNLOGGED"]);
        if cursor.eat(&["TABLE"]) {
            return self.create_table_piecewise(cursor, tokens);
        }
        if tokens.iter().take(4).any(|token| token.is("INDEX")) {
            return self.create_index_repaired(tokens);
        }
        if cursor.skip_to("VIEW") {
            cursor.next();
            let repaired = view_tail(tokens).map(|tail| scan::without(self.sql, std::slice::from_ref(&tail)));
            if let Some(parsed) = repaired.and_then(|text| parse::parse(&text, self.dialect).ok()) {
                self.lower(parsed);
                return Some(());
            }
            return self.create_view_as_text(cursor, tokens);
        }
        None
    }

    /// Blanks the parts of a CREATE INDEX that do not matter and tries again.
    fn create_index_repaired(&mut self, tokens: &[Tok]) -> Option<()> {
        let mut drop = Vec::new();
        let on = tokens.iter().position(|token| token.is("ON"))?;
        if tokens.get(on + 1)?.is("ONLY") {
            drop.push(tokens[on + 1].bytes.clone());
        }
        let mut cursor = Cursor::new(&tokens[on + 1..], self.dialect);
        while !cursor.rest.is_empty() && cursor.rest[0].token != Token::LParen {
            cursor.next();
        }
        let keys = cursor.group()?;
        drop.extend(opclass_parameters(keys));
        drop.extend(index_options(cursor));
        let kind = tokens.iter().take(3).find(|token| token.is_any(&["FULLTEXT", "SPATIAL"]));
        drop.extend(kind.map(|kind| kind.bytes.clone()));
        let parsed = parse::parse(&scan::without(self.sql, &drop), self.dialect).ok()?;
        let before = self.steps.len();
        self.lower(parsed);
        if let (Some(kind), Some(step)) = (kind, self.steps.get_mut(before))
            && let SchemaOp::CreateIndex { def, .. } = &mut step.op
        {
            def.method = super::index::method_named(if kind.is("FULLTEXT") { "fulltext" } else { "spatial" });
        }
        Some(())
    }

    /// A view whose query the parser cannot read is still a view: its text is kept.
    fn create_view_as_text(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        self.guarded |= cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = cursor.name()?;
        let materialized = tokens.iter().take(5).any(|token| token.is("MATERIALIZED"));
        if materialized {
            let mut table = Table::empty(name, self.place);
            table.kind = TableKind::Materialized;
            table.complete = false;
            self.push_table(table, Vec::new());
            return Some(());
        }
        let columns = cursor
            .group()
            .map_or_else(Vec::new, |columns| columns.iter().filter_map(|column| column.ident(self.dialect)).collect());
        if !cursor.skip_to("AS") {
            return None;
        }
        cursor.next();
        let bytes = scan::hull(cursor.rest)?;
        let query = self.sql[bytes.start as usize..bytes.end as usize].into();
        self.step(SchemaOp::CreateView(View { name, columns, query, place: self.place }));
        Some(())
    }
}

/// `WITH NO DATA`, `WITH CHECK OPTION` and the like at the end of a view.
fn view_tail(tokens: &[Tok]) -> Option<Range<u32>> {
    let with = tokens.iter().rposition(|token| token.is("WITH"))?;
    let tail = &tokens[with..];
    let known = tail.len() <= 4 && tail.last()?.is_any(&["DATA", "OPTION"]);
    known.then(|| scan::hull(tail))?
}

fn head_bytes(tokens: &[Tok], operations: &[Tok]) -> Range<u32> {
    let start = tokens.first().map_or(0, |token| token.bytes.start);
    start..operations.first().map_or(start, |token| token.bytes.start)
}

/// `gin_trgm_ops(siglen = 32)`: the group behind an operator class that stands behind a column.
fn opclass_parameters(keys: &[Tok]) -> Vec<Range<u32>> {
    let mut found = Vec::new();
    for at in 0..keys.len().saturating_sub(1) {
        let opclass = matches!(&keys[at].token, Token::Word(word) if word.value.ends_with("_ops"));
        let mut cursor = Cursor::new(&keys[at + 1..], Dialect::Postgres);
        if opclass && let Some(inside) = cursor.group() {
            found.push(keys[at + 1].bytes.start..keys[at + 2 + inside.len()].bytes.end);
        }
    }
    found
}

/// What follows the keys of an index, INCLUDE and WHERE left out.
fn index_options(mut cursor: Cursor<'_>) -> Vec<Range<u32>> {
    let mut found = Vec::new();
    while let Some(token) = cursor.rest.first() {
        if token.is("WHERE") {
            break;
        }
        if token.is("INCLUDE") {
            cursor.next();
            cursor.group();
            continue;
        }
        found.push(token.bytes.clone());
        cursor.next();
    }
    found
}

/// The table that a statement names: behind TABLE or ON.
pub(super) fn table_named(tokens: &[Tok], dialect: Dialect) -> Option<QName> {
    let at = tokens.iter().position(|token| token.is_any(&["TABLE", "ON"]))?;
    let mut cursor = Cursor::new(&tokens[at + 1..], dialect);
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.eat(&["IF", "EXISTS"]);
    cursor.eat(&["ONLY"]);
    cursor.name()
}
