//! Queries that are handed over: to a function of the code base that sends them, or to what nobody here can look into.

use std::rc::Rc;

use super::ready::Ending;
use super::{Finder, may_be_query};
use crate::host::flow::{Deed, Event};
use crate::host::value::{Call, Kind, Node, Value, holds};
use crate::ir::Name;

/// How many functions may stand between a query and the call that sends it.
const MAX_LEVELS: u8 = 2;

/// A query that a function sends, made from what it was given.
pub(super) struct Sent {
    /// The call that sends it.
    pub sender: Value,
    /// The query.
    pub query: Value,
    /// How it is sent.
    pub ending: Ending,
}

impl Finder<'_, '_, '_> {
    /// `self.get_all(statement)`: what the function does with the query is done here.
    pub(super) fn handed_over(&mut self, event: &Event) {
        let Some(call) = event.value.call() else { return };
        if !matches!(call.callee.kind, Kind::Function(..)) {
            return;
        }
        let given: Vec<Value> = arguments(call).filter(|argument| is_unsent(argument)).cloned().collect();
        if given.is_empty() {
            return;
        }
        let sent = self.sent_by(call, &given, MAX_LEVELS);
        for sent in sent {
            // Several queries may be sent for one call: the rows of a page, and their count.
            self.seen.remove(&event.value.place);
            self.draft(event, event.value.place, &sent);
        }
    }

    /// What a function sends of what it is given.
    fn sent_by(&mut self, call: &Call, given: &[Value], levels: u8) -> Vec<Sent> {
        let (Kind::Function(id, receiver), Some(levels)) = (&call.callee.kind, levels.checked_sub(1)) else {
            return Vec::new();
        };
        let events = self.cx.evaluator.events_of(*id, receiver.as_ref(), Some(call));
        let is_given = |value: &Value| holds(value, &|node| given.iter().any(|known| std::ptr::eq(&**known, node)));
        let mut found: Vec<Sent> = Vec::new();
        for event in &events {
            let ended = match event.deed {
                Deed::Call => Ending::of(&event.value),
                Deed::Iterate => Some((Ending::All, Rc::clone(&event.value))),
                Deed::Return | Deed::Keep | Deed::Read | Deed::Take => None,
            };
            if let Some((ending, query)) = ended {
                let is_new = || found.iter().all(|known| known.sender.place != event.value.place);
                if may_be_query(&query) && is_given(&query) && is_new() {
                    found.push(Sent { sender: Rc::clone(&event.value), query, ending });
                }
            } else if let Some(inner) = event.value.call().filter(|_| event.deed == Deed::Call) {
                let handed: Vec<Value> = arguments(inner).filter(|argument| is_given(argument)).cloned().collect();
                if !handed.is_empty() {
                    found.extend(self.sent_by(inner, &handed, levels));
                }
            }
        }
        found
    }

    /// `Page(query)`: what is made of outside code reads the query's rows, nobody here says how.
    pub(super) fn given_away(&mut self, event: &Event) {
        let Some(call) = event.value.call().filter(|_| event.deed == Deed::Call) else { return };
        let is_outside = match &call.callee.kind {
            Kind::External(path) => !path.starts_with("sqlalchemy.") && path.contains('.'),
            Kind::Class(_) => true,
            _ => false,
        };
        if !is_outside {
            return;
        }
        for query in arguments(call) {
            let is_query = query.call().is_some() || matches!(query.kind, Kind::Either(_));
            if is_query && is_unsent(query) && !self.sent.contains(&Rc::as_ptr(query)) {
                let sent = Sent { sender: Rc::clone(query), query: Rc::clone(query), ending: Ending::Unfinished };
                if !self.seen.contains(&query.place) {
                    self.draft(event, query.place, &sent);
                }
            }
        }
    }

    /// Remembers what a query that is sent is made from.
    pub(super) fn remember(&mut self, query: &Value) {
        // What is kept is not made anew at the same place of the memory.
        self.kept.push(Rc::clone(query));
        let mut open = vec![Rc::clone(query)];
        while let Some(value) = open.pop() {
            if !self.sent.insert(Rc::as_ptr(&value)) {
                continue;
            }
            match &value.kind {
                Kind::Either(ways) => open.extend(ways.iter().cloned()),
                _ => open.extend(value.made_from().cloned()),
            }
        }
    }
}

/// Whether a value is a query that nobody has sent: not the rows that one gave.
fn is_unsent(value: &Value) -> bool {
    let mut at = value;
    for _ in 0..400 {
        if Ending::of_node(at).is_some() {
            return false;
        }
        at = match &at.kind {
            Kind::Either(ways) => match ways.iter().find(|way| !way.is_null()) {
                Some(way) => way,
                None => return false,
            },
            _ => match at.made_from() {
                Some(of) => of,
                None => break,
            },
        };
    }
    may_be_query(value)
}

fn arguments(call: &Call) -> impl Iterator<Item = &Value> {
    let named = call.named.iter().map(|(_, value): &(Option<Name>, Value)| value);
    call.positional.iter().chain(named).filter(|value: &&Rc<Node>| !matches!(value.kind, Kind::Text(_)))
}
