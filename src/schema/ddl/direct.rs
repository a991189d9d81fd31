//! Statements that need no parser, or that it reads otherwise than the databases do: forms of ALTER, the search path,
//! virtual tables.

use sqlparser::tokenizer::Token;

use super::Lowering;
use super::create::untyped;
use super::scan::{self, Cursor, Tok};
use crate::catalog::{ColumnChange, SchemaOp, Table, TakeOver, TypeClass};
use crate::name::QName;

/// First words of ALTER TABLE operations that change nothing the catalogue holds.
const WITHOUT_EFFECT: &[&[&str]] = &[
    &["OWNER"],
    &["OF"],
    &["NOT", "OF"],
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
    &["OPTIONS"],
];

/// What may follow `ALTER COLUMN c` without changing what the catalogue holds.
const COLUMN_WITHOUT_EFFECT: &[&[&str]] = &[
    &["SET", "STATISTICS"],
    &["SET", "STORAGE"],
    &["SET", "COMPRESSION"],
    &["SET", "GENERATED"],
    &["SET", "CACHE"],
    &["SET", "CYCLE"],
    &["SET", "INCREMENT"],
    &["SET", "MAXVALUE"],
    &["SET", "MINVALUE"],
    &["SET", "NO"],
    &["SET", "START"],
    &["SET", "("],
    &["RESET"],
    &["RESTART"],
    &["DROP", "IDENTITY"],
    &["ADD", "GENERATED"],
    &["DROP", "EXPRESSION"],
    &["SET", "VISIBLE"],
    &["SET", "INVISIBLE"],
    &["OPTIONS"],
];

impl Lowering<'_> {
    /// Reads what needs no parser; says whether it did.
    pub(super) fn read_directly(&mut self, tokens: &[Tok]) -> bool {
        let mut cursor = Cursor::new(tokens, self.dialect);
        if cursor.eat_any(&["SET", "SELECT"]) {
            self.search_path(tokens);
            return true;
        }
        if self.read_foreign(tokens) {
            return true;
        }
        if cursor.eat(&["ALTER", "FOREIGN"]) || cursor.eat(&["DROP", "FOREIGN"]) {
            self.step(SchemaOp::Opaque);
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
            let attribute = cursor.rest.iter().any(|token| token.is("ATTRIBUTE"));
            let known = !attribute && cursor.rest.iter().any(|token| token.is_any(&["VALUE", "RENAME"]));
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
        cursor.eat_any(&["ONLINE", "IGNORE"]);
        let Some((table, operations)) = alter_head(cursor) else { return false };
        if scan::split_at_commas(operations.rest).any(|operation| self.known_operation(operation).is_some()) {
            self.alter_piecewise(&table, tokens, operations.rest);
            return true;
        }
        false
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
        let mut table = Table::empty(cursor.name()?, self.place);
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
    pub(super) fn known_operation(&self, operation: &[Tok]) -> Option<SchemaOp> {
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
        if cursor.eat(&["ADD"]) {
            if cursor.eat(&["CONSTRAINT"]) {
                cursor.next()?;
            }
            let column = cursor.eat(&["NOT", "NULL"]).then(|| cursor.name())??;
            return Some(SchemaOp::AlterColumn(table, column.name, ColumnChange::NotNull(true)));
        }
        if cursor.eat(&["DROP", "CHECK"]) {
            return Some(SchemaOp::DropConstraint(table, cursor.name()?.name));
        }
        None
    }
}

/// `TABLE [IF EXISTS] [ONLY] name [*]`, and the operations behind it.
pub(super) fn alter_head(mut cursor: Cursor<'_>) -> Option<(QName, Cursor<'_>)> {
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

/// Puts the altered table where [`Lowering::known_operation`] left a blank.
pub(super) fn of_table(op: SchemaOp, altered: &QName) -> SchemaOp {
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
        SchemaOp::AlterColumn(_, column, change) => SchemaOp::AlterColumn(altered.clone(), column, change),
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
