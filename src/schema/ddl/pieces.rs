//! A CREATE TABLE that the parser rejects, given to it item by item, the rest of the text blanked.

use std::ops::Range;

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::Lowering;
use super::create::untyped;
use super::scan::{self, Cursor, Tok};
use crate::catalog::{Column, ColumnType, SchemaOp, SchemaStep, Table, TakeOver};
use crate::name::QName;
use crate::query::{Skip, SkipStage};
use crate::sql::parse::Parsed;

/// First words of the items of a CREATE TABLE that are no columns.
const CONSTRAINT_WORDS: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "KEY", "INDEX", "FULLTEXT", "SPATIAL"];

/// Words of a column definition that must not be left out.
const KNOWN_OPTIONS: &[&str] = &[
    "AS",
    "ALWAYS",
    "BY",
    "CASCADE",
    "CHECK",
    "COLLATE",
    "CONSTRAINT",
    "DEFAULT",
    "DELETE",
    "GENERATED",
    "IDENTITY",
    "KEY",
    "NOT",
    "NULL",
    "ON",
    "PRIMARY",
    "REFERENCES",
    "UNIQUE",
    "UPDATE",
];

/// A CREATE TABLE as far as it is read.
struct Pieces {
    /// What stands before and behind every item: `CREATE TABLE t (` and `)`, as bytes of the statement.
    around: [Range<u32>; 2],
    table: Table,
    /// What belongs to the table beside its columns.
    parts: Vec<SchemaStep>,
}

impl Lowering<'_> {
    /// Reads a CREATE TABLE item by item; says whether it could.
    pub(super) fn create_piecewise(&mut self, tokens: &[Tok]) -> bool {
        let mut cursor = Cursor::new(tokens, self.dialect);
        let plain = cursor.eat(&["CREATE", "TABLE"]) || cursor.eat(&["CREATE", "UNLOGGED", "TABLE"]);
        plain && self.create_table_piecewise(cursor, tokens).is_some()
    }

    /// Gives the items of a CREATE TABLE to the parser one by one.
    pub(super) fn create_table_piecewise(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        self.guarded |= cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = cursor.name()?;
        let open = cursor.rest.first()?.bytes.clone();
        let items = cursor.group()?;
        let close = tokens[tokens.len() - cursor.rest.len() - 1].bytes.clone();
        let around = [tokens.first()?.bytes.start..open.end, close];
        let mut read = Pieces { around, table: Table::empty(name.clone(), self.place), parts: Vec::new() };
        let lines = self.lines.clone();
        for item in scan::split_at_commas(items) {
            if item.first().is_some_and(|token| token.is("LIKE")) {
                let from = Cursor::new(&item[1..], self.dialect).name()?;
                let what = match item.iter().any(|token| token.is_any(&["ALL", "INDEXES"])) {
                    true => TakeOver::ColumnsAndIndexes,
                    false => TakeOver::Columns,
                };
                read.parts.push(self.part(SchemaOp::TakeOver { table: name.clone(), from, what }, self.place));
                continue;
            }
            let known = read.table.columns.len();
            if !(self.read_item(item, &mut read) || self.read_key(item, &mut read) || self.read_column(item, &mut read))
            {
                self.lines.clone_from(&lines);
                self.skip_item(item, &mut read.table.columns);
                // Of a column, its name is what matters to whoever asks which columns there are.
                read.table.complete &= read.table.columns.len() > known;
            }
        }
        self.lines = lines;
        self.read_tail(cursor, &mut read);
        self.push_table(read.table, read.parts);
        Some(())
    }

    /// Gives one item to the parser, alone between the head and the closing parenthesis; says whether it could read it.
    fn read_item(&mut self, item: &[Tok], read: &mut Pieces) -> bool {
        self.read_pieces(&[item], read)
    }

    fn read_pieces(&mut self, pieces: &[&[Tok]], read: &mut Pieces) -> bool {
        let item = pieces[0];
        let mut keep = read.around.to_vec();
        keep.extend(pieces.iter().filter_map(|piece| scan::hull(piece)));
        let Ok(Parsed { statement: ast::Statement::CreateTable(create), lines, .. }) = self.parse_pieces(keep) else {
            return false;
        };
        if item[0].is_any(CONSTRAINT_WORDS) && !create.columns.is_empty() {
            return false;
        }
        self.lines = lines;
        for def in &create.columns {
            let (column, constraints) = self.column_def(&read.table.name, def);
            read.table.columns.push(column);
            read.parts.extend(constraints);
        }
        let constraints =
            create.constraints.iter().map(|constraint| self.table_constraint(&read.table.name, constraint));
        read.parts.extend(constraints);
        true
    }

    /// A key whose options the parser does not know (`INVISIBLE`, `ON CONFLICT`, `WITH PARSER`): without them.
    fn read_key(&mut self, item: &[Tok], read: &mut Pieces) -> bool {
        let is_key = item.iter().take(4).any(|token| token.is_any(&["KEY", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"]));
        let Some(open) = item.iter().position(|token| token.token == Token::LParen).filter(|_| is_key) else {
            return false;
        };
        let mut cursor = Cursor::new(&item[open..], self.dialect);
        if !item[0].is_any(CONSTRAINT_WORDS) || cursor.group().is_none() {
            return false;
        }
        let (key, options) = item.split_at(item.len() - cursor.rest.len());
        if options.is_empty() || !self.read_item(key, read) {
            return false;
        }
        if options.iter().any(|token| token.is("INVISIBLE"))
            && let Some(SchemaOp::CreateIndex { name: Some(name), .. }) = read.parts.last().map(|part| &part.op)
        {
            let name = QName::plain(name.clone());
            let table = Some(read.table.name.clone());
            read.parts.push(self.part(SchemaOp::InvalidateIndex { name, table }, self.place));
        }
        true
    }

    /// A column with a word or two that the parser does not know (`BINARY`, `SUB_TYPE TEXT`): without them.
    fn read_column(&mut self, item: &[Tok], read: &mut Pieces) -> bool {
        // Longer ones hold expressions, where a word left out could change the meaning.
        if item.len() > 24 || item[0].is_any(CONSTRAINT_WORDS) {
            return false;
        }
        let odd = |token: &Tok| matches!(token.token, Token::Word(_)) && !token.is_any(KNOWN_OPTIONS);
        for len in 1..=2 {
            for at in 2..=item.len().saturating_sub(len) {
                let pieces = [&item[..at], &item[at + len..]];
                if item[at..at + len].iter().all(odd) && self.read_pieces(&pieces, read) {
                    return true;
                }
            }
        }
        false
    }

    /// Counts an item that nobody reads; of a column, keeps name and type.
    fn skip_item(&mut self, item: &[Tok], columns: &mut Vec<Column>) {
        let Some(bytes) = scan::hull(item) else { return };
        let place = self.host(bytes.clone());
        let text = &self.sql[bytes.start as usize..bytes.end as usize];
        let detail = format!("cannot read `{}`", text.split_whitespace().collect::<Vec<_>>().join(" "));
        self.skips.push(Skip { stage: SkipStage::Schema, reason: "unreadable", detail, place });
        if item[0].is_any(CONSTRAINT_WORDS) {
            return;
        }
        let Some(name) = item[0].ident(self.dialect) else { return };
        let mut column = untyped(name, place);
        if let Some(Tok { token: Token::Word(word), .. }) = item.get(1) {
            let declared = word.value.to_ascii_lowercase();
            let class = super::types::class_of(&declared, self.dialect);
            column.ty = ColumnType { declared, class, members: Vec::new() };
        }
        column.not_null = item.windows(2).any(|pair| pair[0].is("NOT") && pair[1].is("NULL"));
        columns.push(column);
    }

    /// What follows the items of a CREATE TABLE.
    fn read_tail(&self, mut tail: Cursor<'_>, read: &mut Pieces) {
        read.table.without_rowid = tail.rest.windows(2).any(|pair| pair[0].is("WITHOUT") && pair[1].is("ROWID"));
        if tail.skip_to("INHERITS") {
            tail.next();
            let parents = tail.group().unwrap_or_default();
            for from in scan::split_at_commas(parents).filter_map(|parent| Cursor::new(parent, self.dialect).name()) {
                let op = SchemaOp::TakeOver { table: read.table.name.clone(), from, what: TakeOver::Inheritance };
                read.parts.push(self.part(op, self.place));
            }
        }
    }
}
