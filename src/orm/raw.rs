//! SQL text that host code sends: strings at the calls of drivers, of SQLAlchemy's `text`, of Django's `raw`, of pandas.
//!
//! A string counts where it stands at such a call and begins like a query; what is put into it at run time is a
//! parameter where a value stands and a hole elsewhere. Knows no driver's semantics beyond that.

mod carrier;
mod loose;
mod named;
mod quotes;
mod repeat;
mod sink;
mod statement;
mod template;
mod wrapper;

use std::collections::HashSet;
use std::rc::Rc;

use super::Context;
use super::site::Draft;
use crate::host::flow::{Deed, Event};
use crate::host::value::{Value, walk};
use crate::query::{SiteOrigin, Takes};
use crate::source::HostSpan;
pub(super) use carrier::Carriers;
use sink::Sinks;
use statement::Query;
use wrapper::{Follower, Sent};

/// How many calls behind a query are looked at for what takes its rows.
const MAX_LATER: usize = 200;

/// The queries that a file sends as text.
pub(super) fn find(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<Draft> {
    let events = events.iter().filter(|event| event.deed == Deed::Call).collect();
    let sinks = Sinks { code: &cx.linked.code, wrappers: &cx.linked.wrappers };
    let calls = Calls { sinks, events };
    let mut drafts = Vec::new();
    let mut sent = HashSet::new();
    let mut follower = Follower::new(&mut cx.evaluator, &cx.linked.carriers, sinks, cx.dialect);
    for (at, event) in calls.events.iter().enumerate() {
        if let Some(sink) = sinks.of(&event.value) {
            texts_within(sink.text, &mut sent);
            let queries = statement::queries(sink.text, cx.dialect);
            if !queries.is_empty() {
                // What SQLAlchemy's `text` makes is its own, whoever sends it.
                let source = if sink::textual(sink.text).is_some() { "sqlalchemy" } else { sink.source };
                drafts.extend(calls.drafts(at, queries, source, sink.takes));
                continue;
            }
        }
        for Sent { query, source, takes } in follower.sent(event) {
            drafts.extend(calls.drafts(at, vec![query], source, takes));
        }
    }
    // What is made of a text and sent in another way: `select(…).from_statement(text("…"))`.
    for (at, event) in calls.events.iter().enumerate() {
        if event.function.is_none() || sent.contains(&event.value.place) {
            continue;
        }
        let Some(text) = sink::textual(&event.value) else { continue };
        drafts.extend(calls.drafts(at, statement::queries(text, cx.dialect), "sqlalchemy", Takes::All));
    }
    drafts
}

/// Takes down the places of the `text(…)` that a sent value may be.
fn texts_within(value: &Value, places: &mut HashSet<HostSpan>) {
    walk(value, &mut |node| {
        if sink::textual(node).is_some() {
            places.insert(node.place);
        }
    });
}

/// The calls of a file, function by function.
struct Calls<'x, 'a> {
    sinks: Sinks<'x, 'a>,
    events: Vec<&'x Event>,
}

impl Calls<'_, '_> {
    /// The queries that a call sends, as drafts.
    fn drafts(&self, at: usize, queries: Vec<Query>, source: &'static str, takes: Takes) -> Vec<Draft> {
        if queries.is_empty() {
            return Vec::new();
        }
        let is_alone = queries.len() == 1;
        let (in_loop, rows) = self.in_loop(at).unzip();
        let takes = if self.is_one_taken(at) { Takes::One } else { takes };
        let of_event = Draft::new(self.events[at], source, Vec::new());
        let draft = |query: Query| Draft {
            // Of several in one text each stands for itself.
            place: if is_alone || query.place.file != of_event.place.file { of_event.place } else { query.place },
            origin: SiteOrigin::Text,
            takes,
            forms: query.forms,
            unknown: query.unknown,
            in_loop,
            rows: rows.flatten(),
            ..of_event.clone()
        };
        queries.into_iter().map(draft).collect()
    }

    /// Whether a call on what the query gave, or on the cursor behind it, takes one row.
    fn is_one_taken(&self, at: usize) -> bool {
        let Some(call) = self.events[at].value.call() else { return false };
        let cursor = sink::called_on(&call.callee);
        let is_cursor = |value: &Value| cursor.is_some_and(|cursor| Rc::ptr_eq(cursor, value));
        for later in self.events[at + 1..].iter().take(MAX_LATER) {
            if later.function != self.events[at].function || self.cursor_of(later).is_some_and(is_cursor) {
                // Another function, or another query on the same cursor.
                return false;
            }
            if let Some(of) = sink::takes_one(self.sinks.code, &later.value)
                && (is_cursor(of) || Rc::ptr_eq(of, &self.events[at].value))
            {
                return true;
            }
        }
        false
    }

    /// What an event sends a query on.
    fn cursor_of<'e>(&self, event: &'e Event) -> Option<&'e Value> {
        self.sinks.of(&event.value)?;
        sink::called_on(&event.value.call()?.callee)
    }
}

#[cfg(test)]
mod tests;
