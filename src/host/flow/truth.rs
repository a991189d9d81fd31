//! Whether a value holds as a condition, where that is plain.

use crate::host::value::{Kind, Piece, Value};
use crate::ir::{CompareOp, LogicOp};

/// How deep conditions are looked into.
const MAX_DEPTH: u8 = 12;

/// Whether a condition holds; nothing where it depends on the run.
pub(super) fn of(value: &Value) -> Option<bool> {
    at(value, 0)
}

/// The operand that `a or b`, `a and b` give; nothing where it depends on the run.
pub(super) fn chosen(op: LogicOp, operands: &[Value]) -> Option<&Value> {
    let decides = op == LogicOp::Or;
    let (last, before) = operands.split_last()?;
    for operand in before {
        if of(operand)? == decides {
            return Some(operand);
        }
    }
    Some(last)
}

fn at(value: &Value, depth: u8) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    let is_sure = |item: &Value| !matches!(item.kind, Kind::Optional(_) | Kind::Spread(_));
    match &value.kind {
        Kind::Null => Some(false),
        Kind::Bool(value) => Some(*value),
        Kind::Text(pieces) if pieces.is_empty() => Some(false),
        Kind::Text(pieces) => {
            let is_sure = |piece: &Piece| matches!(piece, Piece::Text { text, .. } if !text.is_empty());
            pieces.iter().any(is_sure).then_some(true)
        }
        Kind::List(items) if items.is_empty() => Some(false),
        Kind::List(items) => items.iter().any(is_sure).then_some(true),
        Kind::Dict(pairs) if pairs.is_empty() => Some(false),
        Kind::Dict(pairs) => pairs.iter().any(|(key, value)| key.is_some() && is_sure(value)).then_some(true),
        Kind::Class(_) | Kind::Function(..) => Some(true),
        Kind::Not(inner) => at(inner, depth + 1).map(|holds| !holds),
        Kind::Compare { left, op, right } if right.is_null() => {
            let is_null = null(left)?;
            match op {
                CompareOp::Is | CompareOp::Eq => Some(is_null),
                CompareOp::IsNot | CompareOp::NotEq => Some(!is_null),
                _ => None,
            }
        }
        Kind::Logic { op, operands } => {
            let decides = *op == LogicOp::Or;
            let each: Vec<Option<bool>> = operands.iter().map(|operand| at(operand, depth + 1)).collect();
            match each.contains(&Some(decides)) {
                true => Some(decides),
                false => each.iter().all(Option::is_some).then_some(!decides),
            }
        }
        _ => None,
    }
}

/// Whether a value is nothing; unknown where that depends on the run.
fn null(value: &Value) -> Option<bool> {
    match value.kind {
        Kind::Null => Some(true),
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::List(_) | Kind::Dict(_) => Some(false),
        Kind::Class(_) | Kind::Function(..) => Some(false),
        _ => None,
    }
}
