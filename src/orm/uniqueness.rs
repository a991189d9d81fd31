//! Looks for a row before one like it is added: code that keeps values unique, as far as nobody else does the same.
//!
//! Says when a query was seen to find nothing on the way to a call that adds a row with the same values. Which calls
//! ask and which add, and what columns they name, the frameworks say.

use std::rc::Rc;

use crate::host::flow::{Deed, Event, tests};
use crate::host::value::{Kind, Node, Value, holds};
use crate::ir::{CompareOp, LogicOp};
use crate::name::{Ident, QName};
use crate::query::UniqueCheck;
use crate::source::HostSpan;

/// What a column is compared with, or given.
pub(in crate::orm) type Given = (Ident, Value);

/// A row that a call adds.
#[derive(Debug)]
pub(in crate::orm) struct Added {
    /// The call.
    pub place: HostSpan,
    /// The table.
    pub table: QName,
    /// What its columns are given, as far as the call says it.
    pub given: Vec<Given>,
}

/// What a value asks for: rows with these values.
#[derive(Debug)]
pub(in crate::orm) struct Looked {
    /// The calls that it is made of, one of which sends the query.
    pub calls: Vec<HostSpan>,
    /// The table.
    pub table: QName,
    /// What its columns are compared with.
    pub compared: Vec<Given>,
}

/// How deep conditions are looked into.
const MAX_DEPTH: u8 = 8;

/// A row that is added, by an event, and the looks that found nothing like it before.
struct Addition<'e> {
    event: &'e Event,
    row: Added,
    looks: Vec<Looked>,
}

/// Finds the queries that found nothing on the way to a row that is added, once and nowhere else in the file.
pub(in crate::orm) fn checks(
    events: &[Event],
    mut added: impl FnMut(&Event) -> Option<Added>,
    mut looked: impl FnMut(&Value) -> Option<Looked>,
) -> Vec<UniqueCheck> {
    let addition = |event| {
        let row = added(event)?;
        let missed = outcomes(event).into_iter().filter(|(_, is_found)| !is_found);
        let looks = missed.filter_map(|(value, _)| looked(&value)).filter(|looked| looked.table == row.table).collect();
        Some(Addition { event, row, looks })
    };
    let additions: Vec<Addition<'_>> =
        events.iter().filter(|event| event.deed == Deed::Call).filter_map(addition).collect();
    let mut found: Vec<UniqueCheck> = Vec::new();
    for one in &additions {
        for looked in &one.looks {
            let Some(columns) = same_columns(looked, &one.row) else { continue };
            let is_known = found.iter().any(|known| known.calls == looked.calls);
            if is_known || one.repeats(events, looked) || additions.iter().any(|other| other.adds_again(one, &columns))
            {
                continue;
            }
            let (calls, table) = (looked.calls.clone(), Some(looked.table.clone()));
            found.push(UniqueCheck { calls, added: Some(one.row.place), table, columns: Some(columns) });
        }
    }
    found
}

impl Addition<'_> {
    /// Says whether rows are added more often than looked for: in a loop of their own, or one for each of many.
    fn repeats(&self, events: &[Event], looked: &Looked) -> bool {
        let asks = events.iter().filter(|other| other.deed == Deed::Call && looked.calls.contains(&other.value.place));
        let deepest = asks.map(|other| other.loops.len()).max().unwrap_or(0);
        let made = Rc::as_ptr(&self.event.value);
        let is_made = |node: &Node| std::ptr::eq(node, made);
        let is_many = |node: &Node| matches!(&node.kind, Kind::Each { element, .. } if holds(element, &is_made));
        self.event.loops.len() > deepest || events.iter().any(|other| holds(&other.value, &is_many))
    }

    /// Says whether this one adds a row with the values of another one: in the same function, or anywhere in the file
    /// where no look went before.
    fn adds_again(&self, other: &Self, columns: &[Ident]) -> bool {
        if self.row.table != other.row.table || self.row.place == other.row.place {
            return false;
        }
        let given = |row: &Added, column: &Ident| {
            row.given.iter().find(|(known, _)| known == column).map(|(_, value)| Rc::clone(value))
        };
        let is_same_function = self.event.function == other.event.function;
        (is_same_function || self.looks.is_empty())
            && columns.iter().all(|column| match (given(&self.row, column), given(&other.row, column)) {
                (Some(one), Some(two)) => {
                    if is_same_function {
                        is_same(&one, &two)
                    } else {
                        !is_constant(&one)
                    }
                }
                _ => false,
            })
    }
}

/// The values that conditions on the way to an event say to be something, or to be nothing: null, zero, empty.
pub(in crate::orm) fn outcomes(event: &Event) -> Vec<(Value, bool)> {
    let mut found = Vec::new();
    for (test, holds) in tests(&event.tests) {
        outcome(test, holds, MAX_DEPTH, &mut found);
    }
    found
}

/// The columns that a query asks for the very values that are added; nothing where it asks for another row.
fn same_columns(looked: &Looked, added: &Added) -> Option<Vec<Ident>> {
    let mut columns = Vec::new();
    for (column, value) in &looked.compared {
        let given = added.given.iter().find(|(known, _)| known == column).map(|(_, given)| given);
        match given {
            // What is compared with a constant may be what the column holds if nothing is said.
            None if is_constant(value) => {}
            Some(given) if is_same(value, given) => {
                if !is_constant(value) {
                    columns.push(column.clone());
                }
            }
            _ => return None,
        }
    }
    (!columns.is_empty()).then_some(columns)
}

fn outcome(test: &Value, holds: bool, depth: u8, found: &mut Vec<(Value, bool)>) {
    if depth == 0 {
        return;
    }
    let depth = depth - 1;
    match &test.kind {
        Kind::Not(inner) => outcome(inner, !holds, depth, found),
        Kind::Logic { op, operands } if (*op == LogicOp::And) == holds => {
            operands.iter().for_each(|operand| outcome(operand, holds, depth, found));
        }
        Kind::Logic { .. } => {}
        Kind::Compare { left, op, right } => {
            let says_nothing = match (op, right.is_null(), right.integer()) {
                (CompareOp::Is | CompareOp::Eq, true, _) | (CompareOp::Eq, _, Some(0)) => true,
                (CompareOp::Less, _, Some(1)) | (CompareOp::LessEq, _, Some(0)) => true,
                (CompareOp::IsNot | CompareOp::NotEq, true, _) | (CompareOp::NotEq, _, Some(0)) => false,
                (CompareOp::Greater, _, Some(0)) | (CompareOp::GreaterEq, _, Some(1)) => false,
                _ => return,
            };
            found.push((Rc::clone(counted(left)), says_nothing != holds));
        }
        _ => found.push((Rc::clone(counted(test)), holds)),
    }
}

/// What `len(…)` is of.
fn counted(value: &Value) -> &Value {
    let of = value.call().filter(|call| matches!(&call.callee.kind, Kind::External(name) if &**name == "len"));
    of.and_then(|call| call.positional.first()).unwrap_or(value)
}

/// Says whether a value is spelled in the code.
pub(in crate::orm) fn is_constant(value: &Value) -> bool {
    match &value.kind {
        Kind::Number(_) | Kind::Bool(_) | Kind::Null => true,
        Kind::Text(_) => value.text().is_some(),
        // A member of an enumeration.
        Kind::Attribute { of, .. } => match &of.kind {
            Kind::Class(_) => true,
            Kind::Attribute { name, .. } => matches!(&**name, "value" | "name") && is_constant(of),
            _ => false,
        },
        _ => false,
    }
}

/// Says whether two values are one, however often they are written: a name, an attribute, an item, a method without
/// anything that moves.
pub(in crate::orm) fn is_same(one: &Node, other: &Node) -> bool {
    is_same_to(one, other, MAX_DEPTH)
}

fn is_same_to(one: &Node, other: &Node, depth: u8) -> bool {
    if std::ptr::eq(one, other) {
        return !matches!(one.kind, Kind::Unknown);
    }
    if depth == 0 {
        return false;
    }
    let same = |one: &Node, other: &Node| is_same_to(one, other, depth - 1);
    match (&one.kind, &other.kind) {
        // The row that a relationship leads to, and its key.
        (Kind::Attribute { of, name, .. }, Kind::Attribute { of: other, name: known, .. }) if name == known => {
            same(of, other)
        }
        (Kind::Attribute { of, name, .. }, _) if matches!(&**name, "id" | "pk") && same(of, other) => true,
        (_, Kind::Attribute { of, name, .. }) if matches!(&**name, "id" | "pk") && same(one, of) => true,
        (Kind::Index { of, at }, Kind::Index { of: other, at: known }) => same(of, other) && same(at, known),
        (Kind::Text(_), Kind::Text(_)) => one.text().is_some() && one.text() == other.text(),
        (Kind::Number(one), Kind::Number(other)) => one == other,
        (Kind::Bool(one), Kind::Bool(other)) => one == other,
        (Kind::Null, Kind::Null) => true,
        (Kind::Class(one), Kind::Class(other)) => one == other,
        (Kind::Receiver(one), Kind::Receiver(other)) => one == other,
        (Kind::Parameter { name, .. }, Kind::Parameter { name: known, .. }) => {
            name == known && one.place == other.place
        }
        (Kind::Item(one), Kind::Item(other)) => same(one, other),
        (Kind::Call(_), Kind::Call(_)) => is_same_call(one, other, &same),
        _ => false,
    }
}

/// Methods that give the same each time.
const STEADY: &[&str] =
    &["get", "lower", "upper", "strip", "casefold", "title", "date", "encode", "decode", "isoformat"];

fn is_same_call(one: &Node, other: &Node, same: &dyn Fn(&Node, &Node) -> bool) -> bool {
    let (Some((name, _, of, call)), Some((known, _, known_of, known_call))) = (one.method(), other.method()) else {
        return false;
    };
    let is_steady = STEADY.contains(&&**name) && name == known && call.named.is_empty() && known_call.named.is_empty();
    let (own, others) = (&call.positional, &known_call.positional);
    is_steady && same(of, known_of) && own.len() == others.len() && own.iter().zip(others).all(|(a, b)| same(a, b))
}

/// Says whether a row that a call makes is put into the database: something that adds is given it, or it is saved.
pub(in crate::orm) fn is_kept(events: &[Event], made: &Value) -> bool {
    const ADDS: &[&str] = &[
        "add",
        "add_all",
        "append",
        "bulk_create",
        "bulk_save_objects",
        "create",
        "extend",
        "insert",
        "merge",
        "persist",
        "save",
    ];
    let is_it = |node: &Node| std::ptr::eq(node, Rc::as_ptr(made));
    events.iter().filter(|event| event.deed == Deed::Call).any(|event| {
        let Some((name, _, of, call)) = event.value.method() else { return false };
        let is_given = |value: &Value| holds(value, &is_it);
        ADDS.contains(&&**name)
            && (call.positional.iter().any(is_given)
                || call.named.iter().any(|(_, value)| is_given(value))
                || &**name == "save" && is_given(of))
    })
}

/// The calls that a value is made of, itself among them.
pub(in crate::orm) fn calls_of(value: &Value) -> Vec<HostSpan> {
    let mut calls = Vec::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if calls.len() > MAX_CALLS {
            break;
        }
        if let Some(call) = value.call() {
            calls.push(value.place);
            // `session.execute(select(…))`
            open.extend(call.positional.first().filter(|first| first.call().is_some()));
        }
        open.extend(value.made_from());
    }
    calls
}

/// The calls of a chain that are looked at.
const MAX_CALLS: usize = 40;

#[cfg(test)]
mod tests;
