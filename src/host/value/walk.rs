//! A value with all that it is made from.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Kind, Node, Piece, Value};

/// How many nodes of a value are looked at.
const MAX_NODES: usize = 2000;

/// Visits a value and what it is made from, each node once.
pub fn walk(value: &Value, visit: &mut impl FnMut(&Node)) {
    let mut seen = HashSet::new();
    let mut open: Vec<&Value> = vec![value];
    while let Some(value) = open.pop() {
        if seen.len() >= MAX_NODES {
            return;
        }
        if !seen.insert(Rc::as_ptr(value)) {
            continue;
        }
        visit(value);
        match &value.kind {
            Kind::Text(pieces) => holes(pieces, &mut open),
            Kind::List(items) | Kind::Either(items) | Kind::Logic { operands: items, .. } => open.extend(items),
            Kind::Dict(pairs) => open.extend(pairs.iter().flat_map(|(key, value)| key.iter().chain([value]))),
            Kind::Optional(inner)
            | Kind::Spread(inner)
            | Kind::Not(inner)
            | Kind::Lambda(inner)
            | Kind::Item(inner) => {
                open.push(inner);
            }
            Kind::Function(_, of) => open.extend(of),
            Kind::Attribute { of, .. } => open.push(of),
            Kind::Unary { operand, .. } => open.push(operand),
            Kind::Call(call) => {
                open.push(&call.callee);
                open.extend(&call.positional);
                open.extend(call.named.iter().map(|(_, value)| value));
            }
            Kind::Index { of, at } => open.extend([of, at]),
            Kind::Slice { start, stop } => open.extend(start.iter().chain(stop)),
            Kind::Compare { left, right, .. } | Kind::Binary { left, right, .. } => open.extend([left, right]),
            Kind::Each { element, over } => open.extend([element, over]),
            _ => {}
        }
    }
}

fn holes<'v>(pieces: &'v [Piece], open: &mut Vec<&'v Value>) {
    for piece in pieces {
        match piece {
            Piece::Hole(value) => open.push(value),
            Piece::Optional(inner) => holes(inner, open),
            Piece::Text { .. } => {}
        }
    }
}

/// Says whether a value or anything that it is made from is one that is looked for.
pub fn holds(value: &Value, is_it: &dyn Fn(&Node) -> bool) -> bool {
    let mut found = false;
    walk(value, &mut |node| found = found || is_it(node));
    found
}
