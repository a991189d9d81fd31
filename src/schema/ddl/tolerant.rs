//! What sqlparser rejects or reads otherwise than the databases do, read from tokens.
//!
//! Three ways, the first that fits: forms of ALTER known here; the operations of an ALTER TABLE or the items of a
//! CREATE TABLE given to the parser one by one, the rest of the text blanked; and for anything else the name of the
//! table, so that its catalogue entry says that it is not complete.

use std::ops::Range;

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::Lowering;
use super::create::{empty_table, untyped};
use super::scan::{self, Cursor, Tok};
use crate::catalog::{Column, ColumnType, SchemaOp, SchemaStep, Table, TakeOver, TypeClass, View};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::query::{Skip, SkipStage};
use crate::sql::parse::{self, ParseFailure};

/// First words of ALTER TABLE operations that change nothing the catalogue holds.
const WITHOUT_EFFECT: &[&[&str]] = &[
    &["OWNER"],
    &["CLUSTER"],
    &["REPLICA"],
    &["ENABLE"],
    &["DISABLE"],
    &["FORCE"],
    &["NO", "FORCE"],
    &["VALIDATE"],
    &["SET", "("],
    &["SET", "WITHOUT"],
    &["SET", "TABLESPACE"],
    &["SET", "ACCESS"],
    &["SET", "LOGGED"],
    &["SET", "UNLOGGED"],
    &["SET", "STATISTICS"],
    &["RESET"],
    &["ALTER", "CONSTRAINT"],
    &["ALTER", "CHECK"],
    &["ENGINE"],
    &["AUTO_INCREMENT"],
    &["CONVERT"],
    &["DEFAULT"],
    &["CHARACTER"],
    &["CHARSET"],
    &["COLLATE"],
    &["COMMENT"],
    &["ROW_FORMAT"],
    &["ORDER"],
    &["ALGORITHM"],
    &["LOCK"],
    &["PARTITION"],
    &["ADD", "PARTITION"],
    &["DROP", "PARTITION"],
    &["REMOVE"],
];

/// First words of the items of a CREATE TABLE that are no columns.
const CONSTRAINT_WORDS: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "KEY", "INDEX", "FULLTEXT", "SPATIAL"];

/// What may follow `ALTER COLUMN c` without changing what the catalogue holds.
const COLUMN_WITHOUT_EFFECT: &[&[&str]] = &[
    &["SET", "STATISTICS"],
    &["SET", "STORAGE"],
    &["SET", "COMPRESSION"],
    &["SET", "GENERATED"],
    &["SET", "("],
    &["RESET"],
    &["RESTART"],
    &["DROP", "IDENTITY"],
    &["ADD", "GENERATED"],
    &["DROP", "EXPRESSION"],
    &["SET", "VISIBLE"],
    &["SET", "INVISIBLE"],
];

impl Lowering<'_> {
    /// Reads what needs no parser; says whether it did.
    pub(super) fn read_directly(&mut self, tokens: &[Tok]) -> bool {
        let mut cursor = Cursor::new(tokens, self.dialect);
        if cursor.eat_any(&["SET", "SELECT"]) {
            self.search_path(tokens);
            return true;
        }
        if cursor.eat(&["CREATE", "DOMAIN"]) {
            return self.create_domain(cursor).is_some();
        }
        if cursor.eat(&["CREATE", "VIRTUAL", "TABLE"]) {
            return self.create_virtual_table(cursor).is_some();
        }
        if !cursor.eat(&["ALTER"]) {
            return false;
        }
        if cursor.eat(&["TYPE"]) {
            let known = cursor.rest.iter().any(|token| token.is_any(&["VALUE", "RENAME"]));
            if !known {
                self.step(SchemaOp::Opaque);
            }
            return !known;
        }
        if cursor.eat(&["INDEX"]) {
            return self.alter_index(cursor).is_some();
        }
        if cursor.eat(&["MATERIALIZED", "VIEW"]) || cursor.eat(&["VIEW"]) {
            self.alter_view(cursor);
            return true;
        }
        cursor.eat_any(&["FOREIGN", "ONLINE", "IGNORE"]);
        let Some((table, operations)) = alter_head(cursor) else { return false };
        if scan::split_at_commas(operations.rest).any(|operation| self.known_operation(operation).is_some()) {
            self.alter_piecewise(&table, tokens, operations.rest);
            return true;
        }
        false
    }

    /// Reads a CREATE TABLE item by item; says whether it could.
    pub(super) fn create_piecewise(&mut self, tokens: &[Tok]) -> bool {
        let mut cursor = Cursor::new(tokens, self.dialect);
        let plain = cursor.eat(&["CREATE", "TABLE"]) || cursor.eat(&["CREATE", "UNLOGGED", "TABLE"]);
        plain && self.create_table_piecewise(cursor, tokens).is_some()
    }

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

    /// `SET search_path = a, b` and `SELECT set_config('search_path', 'a', false)`.
    fn search_path(&mut self, tokens: &[Tok]) {
        let mut schemas = Vec::new();
        let config = tokens.first().is_some_and(|first| first.is("SELECT"));
        for token in tokens.iter().skip(1) {
            match &token.token {
                Token::Word(word)
                    if !config && !token.is_any(&["SESSION", "LOCAL", "SEARCH_PATH", "TO", "DEFAULT"]) =>
                {
                    schemas.push(word.value.clone());
                }
                Token::SingleQuotedString(text) if text != "search_path" => {
                    schemas.extend(text.split(',').map(|part| part.trim().trim_matches('"').to_owned()));
                }
                _ => {}
            }
        }
        schemas.retain(|schema| !schema.is_empty() && schema != "$user" && schema != "pg_catalog");
        let schemas = schemas.into_iter().map(Into::into).collect();
        self.step(SchemaOp::SearchPath(schemas));
    }

    /// SQLite's virtual tables hold what their module says: the arguments of a full-text table are its columns.
    fn create_virtual_table(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        self.guarded |= cursor.eat(&["IF", "NOT", "EXISTS"]);
        let mut table = empty_table(cursor.name()?, self.place);
        table.complete = false;
        let module = cursor.eat(&["USING"]).then(|| cursor.name())??;
        let arguments = cursor.group().unwrap_or_default();
        if module.name.as_str().to_ascii_lowercase().starts_with("fts") {
            let is_column = |argument: &&[Tok]| argument.iter().all(|token| token.token != Token::Eq);
            let columns = scan::split_at_commas(arguments).filter(is_column);
            for name in columns.filter_map(|argument| argument[0].ident(self.dialect)) {
                let mut column = untyped(name, self.place);
                column.ty.class = TypeClass::TextSearch;
                table.columns.push(column);
            }
        }
        self.push_table(table, Vec::new());
        Some(())
    }

    fn alter_index(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        self.guarded |= cursor.eat(&["IF", "EXISTS"]);
        let name = cursor.name()?;
        if cursor.eat(&["RENAME", "TO"]) {
            let to = cursor.name()?.name;
            self.step(SchemaOp::RenameIndex { name, table: None, to });
        } else {
            // ATTACH PARTITION, SET, RESET, ALTER COLUMN … SET STATISTICS: the index stays what it is.
            self.step(SchemaOp::Opaque);
        }
        Some(())
    }

    fn alter_view(&mut self, mut cursor: Cursor<'_>) {
        self.guarded |= cursor.eat(&["IF", "EXISTS"]);
        let renamed = cursor.name().and_then(|from| match cursor.eat(&["RENAME", "TO"]) {
            true => Some((from, cursor.name()?)),
            false => None,
        });
        self.step(renamed.map_or(SchemaOp::Opaque, |(from, to)| SchemaOp::RenameTable(from, to)));
    }

    /// An operation of ALTER TABLE that is read here: its step, or `Opaque`; none means that the parser has to.
    fn known_operation(&self, operation: &[Tok]) -> Option<SchemaOp> {
        if WITHOUT_EFFECT.iter().any(|words| starts_with(operation, words)) {
            return Some(SchemaOp::Opaque);
        }
        let mut cursor = Cursor::new(operation, self.dialect);
        if !starts_with(operation, &["ALTER", "INDEX"]) && cursor.eat(&["ALTER"]) {
            cursor.eat(&["COLUMN"]);
            cursor.next()?;
            let nothing = COLUMN_WITHOUT_EFFECT.iter().any(|words| starts_with(cursor.rest, words));
            return nothing.then_some(SchemaOp::Opaque);
        }
        let table = QName::plain("");
        if cursor.eat(&["ATTACH", "PARTITION"]) {
            // The named table takes from the altered one; the caller puts that one in.
            return Some(SchemaOp::TakeOver { table: cursor.name()?, from: table, what: TakeOver::Partition });
        }
        if cursor.eat(&["DETACH", "PARTITION"]) {
            return Some(SchemaOp::Detach(cursor.name()?));
        }
        if cursor.eat(&["INHERIT"]) {
            return Some(SchemaOp::TakeOver { table, from: cursor.name()?, what: TakeOver::Inheritance });
        }
        if cursor.eat(&["NO", "INHERIT"]) {
            return Some(SchemaOp::Detach(table));
        }
        if cursor.eat(&["SET", "SCHEMA"]) {
            return Some(SchemaOp::RenameTable(table, QName::qualified(cursor.name()?.name, "")));
        }
        if cursor.eat(&["RENAME", "INDEX"]) || cursor.eat(&["RENAME", "KEY"]) {
            let name = cursor.name()?;
            let to = cursor.eat(&["TO"]).then(|| cursor.name())??.name;
            return Some(SchemaOp::RenameIndex { name, table: Some(table), to });
        }
        if cursor.eat(&["DROP", "KEY"]) || cursor.eat(&["DROP", "INDEX"]) {
            return Some(SchemaOp::DropIndex { name: cursor.name()?, table: Some(table) });
        }
        if cursor.eat(&["ALTER", "INDEX"]) {
            let name = cursor.name()?;
            let hidden = cursor.eat(&["INVISIBLE"]);
            return Some(match hidden {
                true => SchemaOp::InvalidateIndex { name, table: Some(table) },
                false => SchemaOp::Opaque,
            });
        }
        if cursor.eat(&["DROP", "CHECK"]) {
            return Some(SchemaOp::DropConstraint(table, cursor.name()?.name));
        }
        None
    }

    /// Lowers the operations of an ALTER TABLE one by one.
    fn alter_piecewise(&mut self, table: &QName, tokens: &[Tok], operations: &[Tok]) {
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
            let text = scan::keep_only(self.sql, &[head.clone(), bytes.clone()]);
            match parse::parse(&text, self.dialect) {
                Ok(parsed) => self.lower(parsed),
                Err(failure) => self.not_understood(&failure, Some(bytes), vec![table.clone()]),
            }
            self.lines.clone_from(&lines);
        }
    }

    fn alter_tolerantly(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        cursor.eat_any(&["FOREIGN", "ONLINE", "IGNORE"]);
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
        cursor.eat_any(&["UNLOGGED", "FOREIGN"]);
        if cursor.eat(&["TABLE"]) {
            return self.create_table_piecewise(cursor, tokens);
        }
        if tokens.iter().take(4).any(|token| token.is("INDEX")) {
            return self.create_index_repaired(tokens);
        }
        if cursor.skip_to("VIEW") {
            cursor.next();
            return self.create_view_as_text(cursor, tokens);
        }
        None
    }

    /// Gives the items of a CREATE TABLE to the parser one by one.
    fn create_table_piecewise(&mut self, mut cursor: Cursor<'_>, tokens: &[Tok]) -> Option<()> {
        self.guarded |= cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = cursor.name()?;
        let mut table = empty_table(name.clone(), self.place);
        let mut parts = Vec::new();
        let open = cursor.rest.first()?.bytes.clone();
        let items = cursor.group()?;
        let close = tokens[tokens.len() - cursor.rest.len() - 1].bytes.clone();
        let head = tokens.first()?.bytes.start..open.end;
        let lines = self.lines.clone();
        for item in scan::split_at_commas(items) {
            if item.first().is_some_and(|token| token.is("LIKE")) {
                let from = Cursor::new(&item[1..], self.dialect).name()?;
                let what = match item.iter().any(|token| token.is_any(&["ALL", "INDEXES"])) {
                    true => TakeOver::ColumnsAndIndexes,
                    false => TakeOver::Columns,
                };
                parts.push(self.part(SchemaOp::TakeOver { table: name.clone(), from, what }, self.place));
                continue;
            }
            let around = (head.clone(), close.clone());
            if !self.read_item(item, &around, &mut table, &mut parts)
                && !self.read_key(item, &around, &mut table, &mut parts)
            {
                self.lines.clone_from(&lines);
                table.complete = false;
                self.skip_item(item, &mut table.columns);
            }
        }
        self.lines = lines;
        self.read_tail(cursor, &mut table, &mut parts);
        self.push_table(table, parts);
        Some(())
    }

    /// Gives one item to the parser, alone between the head and the closing parenthesis; says whether it could read it.
    fn read_item(
        &mut self,
        item: &[Tok],
        (head, close): &(Range<u32>, Range<u32>),
        table: &mut Table,
        parts: &mut Vec<SchemaStep>,
    ) -> bool {
        let Some(bytes) = scan::hull(item) else { return true };
        let text = scan::keep_only(self.sql, &[head.clone(), bytes, close.clone()]);
        let Ok(parse::Parsed { statement: ast::Statement::CreateTable(create), lines, .. }) =
            parse::parse(&text, self.dialect)
        else {
            return false;
        };
        if item[0].is_any(CONSTRAINT_WORDS) && !create.columns.is_empty() {
            return false;
        }
        self.lines = lines;
        for def in &create.columns {
            let (column, constraints) = self.column_def(&table.name, def);
            table.columns.push(column);
            parts.extend(constraints);
        }
        parts.extend(create.constraints.iter().map(|constraint| self.table_constraint(&table.name, constraint)));
        true
    }

    /// A key whose options the parser does not know (`INVISIBLE`, `ON CONFLICT`, `WITH PARSER`): without them.
    fn read_key(
        &mut self,
        item: &[Tok],
        around: &(Range<u32>, Range<u32>),
        table: &mut Table,
        parts: &mut Vec<SchemaStep>,
    ) -> bool {
        let is_key = item.iter().take(4).any(|token| token.is_any(&["KEY", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"]));
        let Some(open) = item.iter().position(|token| token.token == Token::LParen).filter(|_| is_key) else {
            return false;
        };
        let mut cursor = Cursor::new(&item[open..], self.dialect);
        if !item[0].is_any(CONSTRAINT_WORDS) || cursor.group().is_none() {
            return false;
        }
        let (key, options) = item.split_at(item.len() - cursor.rest.len());
        if options.is_empty() || !self.read_item(key, around, table, parts) {
            return false;
        }
        if options.iter().any(|token| token.is("INVISIBLE"))
            && let Some(SchemaOp::CreateIndex { name: Some(name), .. }) = parts.last().map(|part| &part.op)
        {
            let name = QName::plain(name.clone());
            parts.push(self.part(SchemaOp::InvalidateIndex { name, table: Some(table.name.clone()) }, self.place));
        }
        true
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
    fn read_tail(&self, mut tail: Cursor<'_>, table: &mut Table, parts: &mut Vec<SchemaStep>) {
        table.without_rowid = tail.rest.windows(2).any(|pair| pair[0].is("WITHOUT") && pair[1].is("ROWID"));
        if tail.skip_to("INHERITS") {
            tail.next();
            let parents = tail.group().unwrap_or_default();
            for from in scan::split_at_commas(parents).filter_map(|parent| Cursor::new(parent, self.dialect).name()) {
                let op = SchemaOp::TakeOver { table: table.name.clone(), from, what: TakeOver::Inheritance };
                parts.push(self.part(op, self.place));
            }
        }
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
            let mut table = empty_table(name, self.place);
            table.materialized = true;
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

/// `TABLE [IF EXISTS] [ONLY] name [*]`, and the operations behind it.
fn alter_head(mut cursor: Cursor<'_>) -> Option<(QName, Cursor<'_>)> {
    if !cursor.eat(&["TABLE"]) {
        return None;
    }
    cursor.eat(&["IF", "EXISTS"]);
    cursor.eat(&["ONLY"]);
    let table = cursor.name()?;
    if cursor.rest.first().is_some_and(|token| token.token == Token::Mul) {
        cursor.next();
    }
    Some((table, cursor))
}

fn head_bytes(tokens: &[Tok], operations: &[Tok]) -> Range<u32> {
    let start = tokens.first().map_or(0, |token| token.bytes.start);
    start..operations.first().map_or(start, |token| token.bytes.start)
}

/// Puts the altered table where [`Lowering::known_operation`] left a blank.
fn of_table(op: SchemaOp, altered: &QName) -> SchemaOp {
    match op {
        SchemaOp::TakeOver { table, what: TakeOver::Partition, .. } => {
            SchemaOp::TakeOver { table, from: altered.clone(), what: TakeOver::Partition }
        }
        SchemaOp::TakeOver { from, what, .. } => SchemaOp::TakeOver { table: altered.clone(), from, what },
        SchemaOp::Detach(child) if child.name.as_str().is_empty() => SchemaOp::Detach(altered.clone()),
        SchemaOp::RenameTable(_, to) => {
            SchemaOp::RenameTable(altered.clone(), QName { schema: to.schema, name: altered.name.clone() })
        }
        SchemaOp::RenameIndex { name, to, .. } => SchemaOp::RenameIndex { name, table: Some(altered.clone()), to },
        SchemaOp::DropIndex { name, .. } => SchemaOp::DropIndex { name, table: Some(altered.clone()) },
        SchemaOp::InvalidateIndex { name, .. } => SchemaOp::InvalidateIndex { name, table: Some(altered.clone()) },
        SchemaOp::DropConstraint(_, name) => SchemaOp::DropConstraint(altered.clone(), name),
        other => other,
    }
}

fn starts_with(tokens: &[Tok], words: &[&str]) -> bool {
    tokens.len() >= words.len()
        && tokens.iter().zip(words).all(|(token, word)| match *word {
            "(" => token.token == Token::LParen,
            word => token.is(word),
        })
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
fn table_named(tokens: &[Tok], dialect: Dialect) -> Option<QName> {
    let at = tokens.iter().position(|token| token.is_any(&["TABLE", "ON"]))?;
    let mut cursor = Cursor::new(&tokens[at + 1..], dialect);
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.eat(&["IF", "EXISTS"]);
    cursor.eat(&["ONLY"]);
    cursor.name()
}
