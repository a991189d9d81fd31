//! Comparisons with the word NULL, and what they were meant to say where the text leaves no doubt.

use sqlparser::ast::{self, BinaryOperator, Value};

use super::clause::told;
use super::state::Shaper;
use crate::query::{Clause, ClauseKind, NullForm};
use crate::sql::canonical::unnested;

impl Shaper<'_> {
    /// Notes an expression that compares with the word NULL.
    pub(super) fn null_comparison(&mut self, expr: &ast::Expr, scope: usize) {
        let (form, null) = match expr {
            ast::Expr::BinaryOp { left, op, right } => {
                let Some(form) = form_of(op) else { return };
                match (null_in(left), null_in(right)) {
                    (None, Some(null)) if !is_literal(left) => (form, null),
                    (Some(null), None) if !is_literal(right) => (form, null),
                    _ => return,
                }
            }
            ast::Expr::InList { expr, list, negated } if !is_literal(expr) => {
                let Some(null) = list.iter().find_map(null_in) else { return };
                (if *negated { NullForm::NotIn } else { NullForm::In }, null)
            }
            ast::Expr::Case { operand: Some(_), conditions, .. } => {
                let Some(null) = conditions.iter().find_map(|when| null_in(&when.condition)) else { return };
                (NullForm::When, null)
            }
            _ => return,
        };
        let null = self.range(null.span);
        let (sql, rewrite) = match self.rewrite(form, null.start) {
            Some((start, text)) => (start..null.end, Some(text)),
            None => (null, None),
        };
        let text = match expr {
            ast::Expr::InList { expr, negated: true, .. } => format!("{} not in null", told(expr)),
            ast::Expr::InList { expr, .. } => format!("{} in null", told(expr)),
            ast::Expr::Case { operand: Some(operand), .. } => format!("case {} when null", told(operand)),
            _ => told(expr),
        };
        let block = self.scopes[scope].block;
        let kind = ClauseKind::NullComparison { form, rewrite };
        self.note_clause(Clause { kind, block, reference: None, sql, text });
    }

    /// Where the operator in front of a NULL starts, and the test that belongs there.
    fn rewrite(&self, form: NullForm, null: u32) -> Option<(u32, String)> {
        let (operators, test): (&[&str], &str) = match form {
            NullForm::Equal => (&["==", "="], "IS NULL"),
            NullForm::NotEqual => (&["<>", "!="], "IS NOT NULL"),
            _ => return None,
        };
        let before = self.sql.get(..null as usize)?.trim_end();
        let key = operators.iter().find_map(|operator| before.strip_suffix(operator))?;
        let apart = key.ends_with(|char: char| char.is_whitespace());
        // The word behind must not run into the test either; sqlparser would have read one name.
        let text = if apart { test.to_owned() } else { format!(" {test}") };
        Some((key.len() as u32, text))
    }
}

fn form_of(op: &BinaryOperator) -> Option<NullForm> {
    Some(match op {
        BinaryOperator::Eq => NullForm::Equal,
        BinaryOperator::NotEq => NullForm::NotEqual,
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => NullForm::Ordered,
        _ => return None,
    })
}

/// The word NULL, a cast or parentheses around it aside.
fn null_in(expr: &ast::Expr) -> Option<&ast::ValueWithSpan> {
    match unnested(expr) {
        ast::Expr::Value(value) if value.value == Value::Null => Some(value),
        ast::Expr::Cast { expr, .. } => null_in(expr),
        _ => None,
    }
}

/// A constant compared with NULL is a demonstration, or a condition that is meant never to hold.
fn is_literal(expr: &ast::Expr) -> bool {
    match unnested(expr) {
        ast::Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        ast::Expr::Cast { expr, .. } => is_literal(expr),
        _ => false,
    }
}
