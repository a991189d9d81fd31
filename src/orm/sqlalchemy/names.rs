//! How declarations are told: by the last name of what is called, wherever it was imported from.

use std::rc::Rc;

use crate::host::code::Code;
use crate::host::value::{Call, ClassId, Kind, Node, Value};
use crate::ir::{Expr, ExprKind};

/// The last name of what a value names outside of the code base: `Column` for `sqlalchemy.Column` and `db.Column`.
pub(in crate::orm) fn word(value: &Value) -> Option<&str> {
    match &value.kind {
        Kind::External(path) => path.rsplit('.').next(),
        Kind::Attribute { of, name, .. } if !matches!(of.kind, Kind::Class(_) | Kind::Receiver(_)) => Some(name),
        _ => None,
    }
}

/// A call of something outside of the code base: its last name, and the call.
pub(in crate::orm) fn called(value: &Value) -> Option<(&str, &Call)> {
    let call = value.call()?;
    Some((word(&call.callee)?, call))
}

/// The arguments of a call that stand in order, those that come and go among them.
pub(in crate::orm) fn positional(call: &Call) -> impl Iterator<Item = &Value> {
    call.positional.iter().map(|value| match &value.kind {
        Kind::Optional(inner) => inner,
        _ => value,
    })
}

/// The first of several ways that says anything.
pub(in crate::orm) fn first_way(value: &Value) -> &Value {
    match &value.kind {
        Kind::Either(ways) => {
            let known = ways.iter().find(|way| !matches!(way.kind, Kind::Null | Kind::Unknown));
            known.unwrap_or(value)
        }
        Kind::Optional(inner) => inner,
        _ => value,
    }
}

/// The items of a list, or the value itself.
pub(in crate::orm) fn each(value: &Value) -> Vec<&Value> {
    value.items().unwrap_or_else(|| vec![value])
}

/// The value of a key of a dictionary that is written out.
pub(in crate::orm) fn entry<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let Kind::Dict(pairs) = &value.kind else { return None };
    let is_it = |known: &Option<Value>| known.as_ref().and_then(|known| known.text()).as_deref() == Some(key);
    pairs.iter().rev().find(|(known, _)| is_it(known)).map(|(_, value)| first_way(value))
}

/// A class of the code base as a value.
pub(in crate::orm) fn class_value(code: &Code<'_>, id: ClassId) -> Value {
    let entry = code.class(id);
    Rc::new(Node { kind: Kind::Class(id), place: code.place(entry.file, entry.class.name_span) })
}

/// What a decorator names, with its dots: `hybrid_property`, `full_name.expression`.
pub(in crate::orm) fn decorator(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Attribute { of, name, .. } => Some(format!("{}.{name}", decorator(of)?)),
        ExprKind::Call(call) => decorator(&call.callee),
        _ => None,
    }
}
