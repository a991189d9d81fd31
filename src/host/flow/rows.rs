//! Lists and dictionaries that are written out: what they grow by, and what is made of their items one by one.

use std::rc::Rc;

use super::{Evaluator, Frame};
use crate::host::value::{Call, Kind, Node, Value};
use crate::ir::{Expr, Stmt};
use crate::source::HostSpan;

/// How many items are kept; a longer list is data, and nobody's condition.
const MAX_ITEMS: usize = 1000;
/// How many rounds of a loop are run one by one.
const MAX_ROUNDS: usize = 32;
/// How many items something is made of one by one.
const MAX_EACH: usize = 64;

/// A list of items.
pub(super) fn list(items: Vec<Value>) -> Kind {
    if items.len() > MAX_ITEMS { Kind::Unknown } else { Kind::List(items) }
}

/// A dictionary of pairs.
pub(super) fn dict(pairs: Vec<(Option<Value>, Value)>) -> Kind {
    if pairs.len() > MAX_ITEMS { Kind::Unknown } else { Kind::Dict(pairs) }
}

/// What going through a value gives: the items of a list, the keys of a dictionary.
pub(super) fn items_of(value: &Value) -> Option<Vec<Value>> {
    match &value.kind {
        Kind::List(items) => Some(items.clone()),
        Kind::Dict(pairs) => pairs.iter().map(|(key, value)| Some(as_sure_as(value, key.clone()?))).collect(),
        _ => None,
    }
}

/// A part of a pair, which comes and goes with it.
fn as_sure_as(value: &Value, part: Value) -> Value {
    match value.kind {
        Kind::Optional(_) => Rc::new(Node { place: part.place, kind: Kind::Optional(part) }),
        _ => part,
    }
}

fn sure(value: &Value) -> &Value {
    match &value.kind {
        Kind::Optional(inner) => inner,
        _ => value,
    }
}

/// What a call makes of a list or dictionary that is written out: `d.items()`, `list(d)`.
pub(super) fn made(call: &Call, place: HostSpan) -> Option<Value> {
    let node = |items: Vec<Value>| Rc::new(Node { kind: Kind::List(items), place });
    if let Some(path) = call.callee.external() {
        let [only] = call.positional.as_slice() else { return None };
        let keeps = matches!(path, "list" | "tuple" | "set" | "frozenset" | "sorted" | "iter");
        return (keeps && call.named.is_empty()).then(|| items_of(only)).flatten().map(node);
    }
    let Kind::Attribute { of, name, .. } = &call.callee.kind else { return None };
    let Kind::Dict(pairs) = &of.kind else { return None };
    let each = |part: fn(&Value, &Value, HostSpan) -> Value| {
        let part = |(key, value): &(Option<Value>, Value)| Some(as_sure_as(value, part(key.as_ref()?, value, place)));
        pairs.iter().map(part).collect::<Option<Vec<_>>>()
    };
    let is_bare = call.positional.is_empty() && call.named.is_empty();
    match &**name {
        "keys" if is_bare => each(|key, _, _| Rc::clone(key)),
        "values" if is_bare => each(|_, value, _| Rc::clone(sure(value))),
        "items" if is_bare => each(|key, value, place| {
            let pair = vec![Rc::clone(key), Rc::clone(sure(value))];
            Rc::new(Node { kind: Kind::List(pair), place })
        }),
        _ => None,
    }
    .map(node)
}

impl Evaluator<'_, '_> {
    /// Runs a loop over what a caller gave, item by item; says whether it did.
    pub(super) fn round_by_round(&mut self, frame: &mut Frame, target: &Expr, over: &Value, body: &[Stmt]) -> bool {
        let Some(items) = items_of(over).filter(|items| items.len() <= MAX_ROUNDS) else { return false };
        if items.iter().any(|item| matches!(item.kind, Kind::Spread(_) | Kind::Optional(_))) {
            return false;
        }
        for item in &items {
            self.assign(frame, target, Rc::clone(item));
            self.block(frame, body);
            frame.ended = false;
        }
        true
    }

    /// What a comprehension makes of items that are written out: one of each.
    pub(super) fn one_by_one(
        &mut self,
        frame: &mut Frame,
        element: &Expr,
        target: &Expr,
        over: &Value,
    ) -> Option<Kind> {
        let items = items_of(over)?;
        let is_few = items.len() <= MAX_EACH && items.iter().all(|item| !matches!(item.kind, Kind::Spread(_)));
        if !is_few {
            return None;
        }
        let (is_told, mut made) = (frame.is_told, Vec::with_capacity(items.len()));
        for item in &items {
            self.assign(frame, target, Rc::clone(sure(item)));
            let value = self.expr(frame, element);
            made.push(as_sure_as(item, value));
            // What is done for each of them is done at one place.
            frame.is_told = false;
        }
        frame.is_told = is_told;
        Some(Kind::List(made))
    }
}
