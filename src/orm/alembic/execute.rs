//! `op.execute`: the statements of a string that change the schema, each where it is spelled.

use std::sync::Arc;

use crate::host::value::{Kind, Piece, Value};
use crate::orm::declared::Declaration;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

use super::operation::Operations;
use crate::orm::sqlalchemy::names::{called, first_way};

impl Operations<'_, '_, '_> {
    /// Takes up a statement, or several.
    pub(super) fn execute(&mut self, value: &Value, place: HostSpan) {
        let Some(text) = text_of(value) else { return };
        let mut sql = Sql::default();
        let is_whole = spread(text, &mut sql);
        for statement in Declaration::each_of(&sql.finish(), place) {
            if !changes_schema(&statement.text.sql) {
                continue;
            }
            if !is_whole {
                self.script.skip("dynamic-statement", "a part of the statement is known at run time only", place);
                continue;
            }
            self.script.note_type(&statement.text.sql);
            self.script.statements.push(statement);
        }
    }
}

/// The text within `text("…")` and its like.
fn text_of(value: &Value) -> Option<&Value> {
    let value = first_way(value);
    match &value.kind {
        Kind::Text(_) => Some(value),
        _ => match called(value)? {
            ("text" | "DDL" | "TextClause" | "SQL" | "dedent" | "execution_options", call) => {
                text_of(call.positional.first().or_else(|| Some(value.method()?.2))?)
            }
            // `text("…").bindparams(…)`
            ("bindparams" | "columns", _) => text_of(value.method()?.2),
            _ => None,
        },
    }
}

/// Writes a text; says whether all of it is known.
fn spread(value: &Value, into: &mut Sql) -> bool {
    let Kind::Text(pieces) = &value.kind else { return false };
    let mut is_whole = true;
    for piece in pieces {
        let more = match piece {
            Piece::Text { text, place } => Sql::verbatim(Arc::clone(text), *place),
            Piece::Hole(value) => match &first_way(value).kind {
                Kind::Text(_) => {
                    is_whole &= spread(first_way(value), into);
                    continue;
                }
                Kind::Number(number) => Sql::text(&**number, value.place),
                _ => {
                    is_whole = false;
                    Sql::param(value.place)
                }
            },
            Piece::Optional(_) => {
                is_whole = false;
                continue;
            }
        };
        *into = std::mem::take(into).and(more);
    }
    is_whole
}

/// Data statements are nothing to a schema.
fn changes_schema(sql: &str) -> bool {
    let word = sql.split(|char: char| !char.is_ascii_alphabetic()).next().unwrap_or_default();
    ["create", "alter", "drop", "do", "rename"].iter().any(|known| word.eq_ignore_ascii_case(known))
}
