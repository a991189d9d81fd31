//! Calls of functions that send what they are given: the caller's strings, followed to the database.
//!
//! A function is run once without arguments and once for each call. What its own text leaves open and the call's
//! arguments settle is the caller's query; the rest is its own.

use std::collections::HashMap;
use std::rc::Rc;

use super::Calls;
use super::carrier::Carriers;
use super::sink::Sinks;
use super::statement::{self, Query};
use crate::dialect::Dialect;
use crate::host::flow::{Deed, Evaluator, Event};
use crate::host::value::{Call, FunctionId, Kind, Node, Value};
use crate::query::Takes;
use crate::source::HostSpan;

/// How many functions may stand between the caller and the database.
const MAX_DEPTH: u8 = 4;
/// How many calls of one file are followed.
const MAX_CALLS: u32 = 5000;

/// A query that a call sends by way of a function.
pub(super) struct Sent {
    pub query: Query,
    pub source: &'static str,
    pub takes: Takes,
}

/// How much of what stands at a place is not known without arguments; nothing is zero.
type Open = HashMap<HostSpan, usize>;

/// What could not be read at all.
const UNREADABLE: usize = usize::MAX;

/// Follows the calls of a file.
pub(super) struct Follower<'f, 'x, 'a> {
    evaluator: &'f mut Evaluator<'x, 'a>,
    carriers: &'x Carriers,
    sinks: Sinks<'x, 'a>,
    dialect: Dialect,
    own: HashMap<FunctionId, Rc<Open>>,
    /// The functions that are being followed.
    within: Vec<FunctionId>,
    left: u32,
}

/// A function that a call runs, and what it is given.
struct Target {
    id: FunctionId,
    receiver: Option<Value>,
    call: Call,
}

impl<'f, 'x, 'a> Follower<'f, 'x, 'a> {
    pub(super) fn new(
        evaluator: &'f mut Evaluator<'x, 'a>,
        carriers: &'x Carriers,
        sinks: Sinks<'x, 'a>,
        dialect: Dialect,
    ) -> Self {
        Self { evaluator, carriers, sinks, dialect, own: HashMap::new(), within: Vec::new(), left: MAX_CALLS }
    }

    /// The queries that a call sends by way of the functions that it runs.
    pub(super) fn sent(&mut self, event: &Event) -> Vec<Sent> {
        let mut found = Vec::new();
        for target in self.targets(&event.value) {
            if self.within.contains(&target.id) || self.within.len() >= usize::from(MAX_DEPTH) || self.left == 0 {
                continue;
            }
            let own = self.own(target.id);
            if own.values().all(|open| *open == 0) {
                continue;
            }
            self.left -= 1;
            self.within.push(target.id);
            self.run(&target, &own, &mut found);
            self.within.pop();
        }
        found
    }

    fn run(&mut self, target: &Target, own: &Open, found: &mut Vec<Sent>) {
        let events = self.evaluator.events_of(target.id, target.receiver.as_ref(), Some(&target.call));
        let sinks = self.sinks;
        let calls = Calls { sinks, events: events.iter().filter(|event| event.deed == Deed::Call).collect() };
        for (at, event) in calls.events.iter().enumerate() {
            let Some(open) = own.get(&event.value.place).copied().filter(|open| *open > 0) else { continue };
            let Some(sink) = sinks.of(&event.value) else {
                let sent = self.sent(event);
                add(found, sent.into_iter().filter(|sent| sent.query.unknown.len() < open));
                continue;
            };
            let queries = statement::queries(sink.text, self.dialect);
            let takes = if calls.is_one_taken(at) { Takes::One } else { sink.takes };
            let is_more = |query: &Query| !query.forms.is_empty() && query.unknown.len() < open;
            let sent = |query: Query| Sent { query, source: sink.source, takes };
            add(found, queries.into_iter().filter(is_more).map(sent));
        }
    }

    /// What a function leaves open where nobody gives it anything.
    fn own(&mut self, id: FunctionId) -> Rc<Open> {
        if let Some(known) = self.own.get(&id) {
            return Rc::clone(known);
        }
        self.own.insert(id, Rc::default());
        // What it leaves open does not depend on who asks.
        let around = std::mem::replace(&mut self.within, vec![id]);
        let events = self.evaluator.events_of(id, None, None);
        let sinks = self.sinks;
        let mut own = Open::new();
        for event in events.iter().filter(|event| event.deed == Deed::Call) {
            let open = if let Some(sink) = sinks.of(&event.value) {
                open(sink.text, self.dialect)
            } else if !self.targets(&event.value).is_empty() {
                let sent = self.sent(event);
                sent.iter().map(|sent| sent.query.unknown.len()).max().unwrap_or(UNREADABLE)
            } else {
                continue;
            };
            // A loop that is run round by round comes by several times.
            let known = own.entry(event.value.place).or_default();
            *known = open.max(*known);
        }
        self.within = around;
        let own = Rc::new(own);
        self.own.insert(id, Rc::clone(&own));
        own
    }

    /// The functions that a call runs: the one that it names, and those that it hands over with their arguments.
    fn targets(&self, node: &Node) -> Vec<Target> {
        let Some(call) = node.call() else { return Vec::new() };
        let mut found = Vec::new();
        let is_carrier = |id: &FunctionId| self.carriers.has(*id);
        if let Kind::Function(id, receiver) = &call.callee.kind
            && is_carrier(id)
        {
            found.push(Target { id: *id, receiver: receiver.clone(), call: call.clone() });
        }
        let named = call.named.iter().map(|(_, value)| (call.positional.len(), value));
        for (at, argument) in call.positional.iter().enumerate().chain(named) {
            if let Kind::Function(id, receiver) = &argument.kind
                && is_carrier(id)
            {
                let given = self.handed_over(*id, argument, call, at);
                // What is run without arguments says all by itself.
                if !given.positional.is_empty() || !given.named.is_empty() {
                    found.push(Target { id: *id, receiver: receiver.clone(), call: given });
                }
            }
        }
        found
    }

    /// `run(f, a, b=c)` calls `f(a, b=c)`; a transaction or a connection that `f` takes first is `run`'s to give.
    fn handed_over(&self, id: FunctionId, callee: &Value, call: &Call, at: usize) -> Call {
        const GIVEN: &[&str] = &["txn", "tx", "transaction", "cur", "cursor", "conn", "connection", "session", "db"];
        let entry = self.evaluator.code.function(id);
        let own = usize::from(entry.class.is_some());
        let rest = call.positional.get(at + 1..).unwrap_or_default();
        let takes_first = entry.function.parameters.get(own).is_some_and(|first| GIVEN.contains(&&*first.name));
        let first = takes_first.then(|| Rc::new(Node { kind: Kind::Unknown, place: callee.place }));
        let parameters = &entry.function.parameters;
        let is_taken = |name: &str| parameters.iter().any(|parameter| *parameter.name == *name);
        let taken = call.keywords().filter(|(name, ..)| name.is_none_or(|name| is_taken(name)));
        let taken = taken.map(|(name, place, value)| ((name.cloned(), Rc::clone(value)), place));
        let (named, name_places) = taken.unzip();
        let first = first.filter(|_| !rest.is_empty());
        let positional = first.into_iter().chain(rest.iter().cloned()).collect();
        Call { callee: Rc::clone(callee), positional, named, name_places }
    }
}

fn add(found: &mut Vec<Sent>, more: impl Iterator<Item = Sent>) {
    for sent in more {
        if found.iter().all(|known| known.query.forms != sent.query.forms) {
            found.push(sent);
        }
    }
}

/// How much of a text is not known.
fn open(text: &Value, dialect: Dialect) -> usize {
    let queries = statement::queries(text, dialect);
    match queries.is_empty() {
        true if statement::is_text(text) => 0,
        true => UNREADABLE,
        false => {
            let of_query = |query: &Query| if query.forms.is_empty() { UNREADABLE } else { query.unknown.len() };
            queries.iter().map(of_query).max().unwrap_or(0)
        }
    }
}
