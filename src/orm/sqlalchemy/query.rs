//! Queries of SQLAlchemy: the calls that send one, and what they send.
//!
//! A site is the call that sends the query (`.all()`, `session.execute(…)`, a loop over it); a query that nobody in the
//! function sends is a site where it leaves the function. Legacy `session.query(…)`, `Model.query` and 2.0's
//! `select(…)` are one thing here. Semantics: SQLAlchemy 2.0 documentation, "ORM Querying Guide" and "Legacy Query API".

mod calls;
mod expr;
mod handed;
mod item;
mod join;
mod link;
mod load;
mod lower;
mod ready;
mod relation;
mod statement;
#[cfg(test)]
mod tests;
mod value;
mod written;

use std::collections::HashSet;
use std::rc::Rc;

use super::names::called;
use crate::host::flow::{Deed, Event};
use crate::host::value::{Kind, Node, Value, holds};
use crate::host::ways::Ways;
use crate::orm::Context;
use crate::orm::site::Draft;
use crate::orm::sql::Sql;
use crate::query::{Takes, VariantKind};
use crate::source::HostSpan;
use handed::Sent;
use lower::Lower;
use ready::Ending;

/// How many forms a query may have.
const MAX_FORMS: u16 = 8;

/// What queries of it are called.
const SOURCE: &str = "sqlalchemy";

/// Finds the queries among what a file's functions do.
pub(in crate::orm) fn find(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<Draft> {
    if cx.linked.sqlalchemy.iter().next().is_none() {
        return Vec::new();
    }
    let mut finder = Finder {
        cx,
        drafts: Vec::new(),
        seen: HashSet::new(),
        sent: HashSet::new(),
        kept: Vec::new(),
        used: used(events),
    };
    for event in events {
        finder.event(event);
    }
    for event in events {
        finder.unfinished(event);
        finder.given_away(event);
    }
    let mut drafts = finder.drafts;
    drafts.append(&mut load::lazy(cx, events));
    drafts
}

struct Finder<'f, 'x, 'a> {
    cx: &'f mut Context<'x, 'a>,
    drafts: Vec<Draft>,
    /// The calls that have been found to send something, and the queries that they send.
    seen: HashSet<HostSpan>,
    /// What the queries that are sent are made from.
    sent: HashSet<*const Node>,
    kept: Vec<Value>,
    /// What something else is made from.
    used: HashSet<*const Node>,
}

/// The values that calls go on with or are given.
fn used(events: &[Event]) -> HashSet<*const Node> {
    let mut used = HashSet::new();
    for event in events {
        let mut open: Vec<&Value> = match &event.value.kind {
            Kind::Call(call) => {
                let of = match &call.callee.kind {
                    Kind::Attribute { of, .. } => Some(of),
                    _ => None,
                };
                call.positional.iter().chain(call.named.iter().map(|(_, value)| value)).chain(of).collect()
            }
            Kind::Index { of, .. } if event.deed == Deed::Take => vec![of],
            _ => continue,
        };
        while let Some(value) = open.pop() {
            if !used.insert(Rc::as_ptr(value)) {
                continue;
            }
            match &value.kind {
                Kind::Either(ways) | Kind::List(ways) => open.extend(ways),
                Kind::Optional(inner) | Kind::Spread(inner) | Kind::Lambda(inner) => open.push(inner),
                Kind::Attribute { of, .. } | Kind::Index { of, .. } => open.push(of),
                Kind::Compare { left, right, .. } | Kind::Binary { left, right, .. } => open.extend([left, right]),
                Kind::Unary { operand, .. } | Kind::Not(operand) => open.push(operand),
                Kind::Logic { operands, .. } => open.extend(operands),
                Kind::Each { element, .. } => open.push(element),
                Kind::Dict(pairs) => open.extend(pairs.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
    }
    used
}

impl Finder<'_, '_, '_> {
    fn event(&mut self, event: &Event) {
        match event.deed {
            Deed::Call => {
                let Some((ending, query)) = Ending::of(&event.value) else { return self.handed_over(event) };
                self.found(event, query, ending);
            }
            Deed::Take => {
                let Kind::Index { at, .. } = &event.value.kind else { return };
                let ending = if matches!(at.kind, Kind::Slice { .. }) { Ending::All } else { Ending::One };
                self.found(event, Rc::clone(&event.value), ending);
            }
            Deed::Iterate => {
                self.found(event, Rc::clone(&event.value), Ending::All);
            }
            Deed::Return | Deed::Keep | Deed::Read => {}
        }
    }

    /// A query that leaves the function: nobody here sends it.
    fn unfinished(&mut self, event: &Event) {
        let value = &event.value;
        let is_call = event.deed == Deed::Call && value.call().is_some();
        if !is_call || self.used.contains(&Rc::as_ptr(value)) || self.seen.contains(&value.place) {
            return;
        }
        self.found(event, Rc::clone(value), Ending::Unfinished);
    }

    /// What an event sends, where it stands.
    fn found(&mut self, event: &Event, query: Value, ending: Ending) {
        if !self.seen.contains(&event.value.place) {
            let sent = Sent { sender: Rc::clone(&event.value), query, ending };
            self.draft(event, event.value.place, &sent);
        }
    }

    fn draft(&mut self, event: &Event, place: HostSpan, sent: &Sent) {
        let Sent { sender, query, ending } = sent;
        let ending = *ending;
        if ending != Ending::GetOf && !may_be_query(query) {
            return;
        }
        let mut unknown: Vec<(&'static str, String)> = Vec::new();
        let mut is_query = false;
        let mut loads: Vec<load::Load> = Vec::new();
        let cx = &mut *self.cx;
        let make = |ways: &Ways| {
            let mut lower = Lower::new(cx, ways, place);
            let mut brought = Vec::new();
            let sql = lower.sent(sender, query, ending, &mut brought);
            // Every form brings the same.
            if loads.is_empty() {
                loads = brought;
            }
            is_query |= sql.is_some() || lower.failed;
            for said in lower.unknown {
                if !unknown.contains(&said) {
                    unknown.push(said);
                }
            }
            sql
        };
        let (forms, is_cut): (Vec<(VariantKind, Sql)>, bool) = Ways::forms(MAX_FORMS, make);
        if !is_query {
            return;
        }
        if is_cut {
            unknown.push(("too-many-variants", format!("more than {MAX_FORMS} ways lead to the query")));
        }
        if ending == Ending::Unfinished && forms.is_empty() {
            return;
        }
        self.seen.insert(place);
        self.remember(query);
        let takes = if ending.takes_one() { Takes::One } else { Takes::All };
        let keyed = keyed_by(event, query);
        let main = Draft { place, takes, unknown, in_loop: keyed, ..Draft::new(event, SOURCE, forms) };
        let implied = loads.iter().map(|load| load.draft(event, place));
        let implied: Vec<Draft> = implied.collect();
        self.drafts.push(main);
        self.drafts.extend(implied);
    }
}

/// The innermost loop over another query's rows whose row the query's conditions hold.
pub(super) fn keyed_by(event: &Event, query: &Value) -> Option<HostSpan> {
    let is_rows = |over: &Value| holds(over, &|node| Ending::of_node(node).is_some());
    let found = event.loops.iter().rev().find(|around| {
        let is_item = |node: &Node| matches!(&node.kind, Kind::Item(over) if Rc::ptr_eq(over, &around.over));
        is_rows(&around.over) && holds(query, &is_item)
    });
    found.map(|around| around.place)
}

/// Whether a value can be a query: a quick look that most values do not pass.
fn may_be_query(value: &Value) -> bool {
    let mut value = value;
    for _ in 0..400 {
        match &value.kind {
            Kind::Either(ways) => match ways.iter().find(|way| !way.is_null()) {
                Some(way) => value = way,
                None => return false,
            },
            Kind::Index { of, .. } => value = of,
            Kind::Attribute { of, name, .. } => {
                if &**name == "query" {
                    return true;
                }
                value = of;
            }
            Kind::Call(call) => {
                let is_start = |word: &str| {
                    matches!(
                        word,
                        "select"
                            | "query"
                            | "update"
                            | "delete"
                            | "exists"
                            | "union"
                            | "union_all"
                            | "intersect"
                            | "except_"
                    )
                };
                if called(value).is_some_and(|(word, _)| is_start(word)) {
                    return true;
                }
                if let Some((name, ..)) = value.method()
                    && is_start(name)
                {
                    return true;
                }
                value = &call.callee;
            }
            _ => return false,
        }
    }
    false
}
