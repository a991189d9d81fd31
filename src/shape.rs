//! SQL and a catalogue to the shape of a query: what it asks of each table.
//!
//! A statement is parsed once, what the framework always adds is added, its views are expanded, its names resolved scope by scope as SQL does, and every
//! condition, join, order and limit is put to the base-table reference it is asked of. Two rules keep it honest:
//! - A condition goes to a reference only if every row that the reference contributes must meet it.
//! - A name that cannot be told is left out; it is called unknown only where every table it could belong to is complete.

mod apart;
mod clause;
mod condition;
mod from;
mod join;
mod null;
mod order;
mod own;
mod predicate;
mod query;
mod scope;
mod state;
mod statement;
mod walk;

#[cfg(test)]
mod tests;

use sqlparser::ast::{SetExpr, Statement};

use crate::catalog::Catalog;
use crate::query::StatementKind;
use crate::sql::always::add_always;
use crate::sql::expand::expand_views;
use crate::sql::parse::{ParseFailure, parse};
use crate::sql::resolution::Shaped;
use state::Shaper;

/// Why a statement has no shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeFailure {
    /// A stable kebab-case reason: those of the parser, and `not-a-query`.
    pub reason: &'static str,
    /// What was seen, for a person.
    pub message: String,
    /// The byte of the text where it was seen.
    pub at: Option<u32>,
}

impl From<ParseFailure> for ShapeFailure {
    fn from(failure: ParseFailure) -> Self {
        Self { reason: failure.reason, message: failure.message, at: failure.at }
    }
}

/// Says what a statement asks of each table.
///
/// # Errors
/// When the text cannot be read, or is no SELECT, INSERT, UPDATE, DELETE or MERGE.
pub fn shape(sql: &str, catalog: &Catalog) -> Result<Shaped, ShapeFailure> {
    let parsed = parse(sql, catalog.dialect)?;
    let mut statement = explained(parsed.statement);
    let Some(kind) = kind(&statement) else {
        let words: Vec<&str> = sql.split_whitespace().take(2).collect();
        let message = format!("`{}` is not a query", words.join(" "));
        return Err(ShapeFailure { reason: "not-a-query", message, at: None });
    };
    let lines = add_always(&mut statement, catalog, parsed.lines.count());
    let views = expand_views(&mut statement, catalog, lines);
    let mut shaper = Shaper::new(sql, catalog, parsed.lines, views, kind);
    shaper.count_ctes(&statement);
    shaper.statement(&statement, None);
    let (shape, names) = shaper.finish();
    Ok(Shaped { shape, statement, names, dialect: catalog.dialect })
}

/// `EXPLAIN query` asks what the query asks.
fn explained(statement: Statement) -> Statement {
    match statement {
        Statement::Explain { statement, .. } => *statement,
        other => other,
    }
}

fn kind(statement: &Statement) -> Option<StatementKind> {
    Some(match statement {
        Statement::Query(query) => match &*query.body {
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) | SetExpr::Merge(inner) => {
                return kind(inner);
            }
            _ => StatementKind::Select,
        },
        Statement::Insert(_) => StatementKind::Insert,
        Statement::Update(_) => StatementKind::Update,
        Statement::Delete(_) => StatementKind::Delete,
        Statement::Merge(_) => StatementKind::Merge,
        _ => return None,
    })
}
