//! Relations that are looked at in a loop over a query's rows: one more query for each of them.
//!
//! Silent where `select_related` or `prefetch_related` brings the relation along.

use std::rc::Rc;

use super::site::Finder;
use super::{DJANGO, Reader};
use crate::host::flow::Event;
use crate::host::value::{Kind, Value};
use crate::host::ways::Ways;
use crate::ir::Name;
use crate::orm::site::Draft;
use crate::query::{Implied, SiteOrigin, Takes, VariantKind};
use crate::source::HostSpan;

/// How deep values are looked through.
const MAX_DEPTH: u8 = 12;

/// The loops that a value stands in: what each goes through, and where.
type Loops<'l> = Vec<(&'l Value, HostSpan)>;

impl Finder<'_, '_, '_> {
    /// The relations that an event loads.
    pub(super) fn lazy(&mut self, event: &Event) {
        let mut loops: Loops<'_> = event.loops.iter().map(|around| (&around.over, around.place)).collect();
        self.look(event, &event.value, &mut loops, MAX_DEPTH);
    }

    fn look<'v>(&mut self, event: &'v Event, value: &'v Value, loops: &mut Loops<'v>, left: u8) {
        let Some(left) = left.checked_sub(1) else { return };
        match &value.kind {
            Kind::Attribute { of, name, name_place } => {
                if !loops.is_empty() && self.is_own(event, value.place) {
                    self.load(event, value, name, *name_place, loops);
                }
                self.look(event, of, loops, left);
            }
            Kind::Call(call) => {
                let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                for argument in arguments.chain([&call.callee]) {
                    self.look(event, argument, loops, left);
                }
            }
            Kind::Each { element, over } => {
                loops.push((over, value.place));
                self.look(event, element, loops, left);
                loops.pop();
            }
            Kind::Index { of, at } => {
                self.look(event, of, loops, left);
                self.look(event, at, loops, left);
            }
            Kind::List(items) | Kind::Either(items) | Kind::Logic { operands: items, .. } => {
                items.iter().for_each(|item| self.look(event, item, loops, left));
            }
            Kind::Dict(pairs) => {
                for (key, value) in pairs {
                    key.iter().for_each(|key| self.look(event, key, loops, left));
                    self.look(event, value, loops, left);
                }
            }
            Kind::Compare { left: one, right: other, .. } | Kind::Binary { left: one, right: other, .. } => {
                self.look(event, one, loops, left);
                self.look(event, other, loops, left);
            }
            Kind::Not(inner) | Kind::Spread(inner) | Kind::Optional(inner) => self.look(event, inner, loops, left),
            Kind::Unary { operand, .. } => self.look(event, operand, loops, left),
            Kind::Text(pieces) => {
                for piece in pieces {
                    if let crate::host::value::Piece::Hole(value) = piece {
                        self.look(event, value, loops, left);
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds the query that looking at an attribute of a loop's item sends.
    fn load(&mut self, event: &Event, value: &Value, name: &Name, place: HostSpan, loops: &Loops<'_>) {
        let Kind::Attribute { of, .. } = &value.kind else { return };
        let Some((over, path)) = path_of(value) else { return };
        let Some((_, around)) = loops.iter().rev().find(|(known, _)| Rc::ptr_eq(known, over)) else { return };
        let ways = Ways::new(VariantKind::Required);
        let mut reader = Reader::new(self.cx, &ways, &self.memory);
        let Some(owner) = reader.row(of) else { return };
        if reader.follow_one(owner, name).is_none() || reader.may_be_fetched(over) {
            return;
        }
        let Some(set) = reader.rows(over).and_then(|rows| reader.set(&rows)) else { return };
        if !set.unknown.is_empty() || reader.brings(&set, &path.join("__")) {
            return;
        }
        let Some(sql) = reader.loaded(owner, name, place) else { return };
        let around = *around;
        if !self.loaded.insert((around, path.join("__"))) {
            return;
        }
        let mut draft = Draft::new(event, DJANGO, vec![(VariantKind::Required, sql)]);
        draft.origin = SiteOrigin::Implied { kind: Implied::RelationLoad, cause: around };
        (draft.place, draft.takes, draft.in_loop) = (value.place, Takes::One, Some(around));
        self.drafts.push(draft);
    }

    /// Whether a value asks for rows that were fetched along with the object that it starts from.
    pub(super) fn is_fetched(&mut self, value: &Value) -> bool {
        let mut at = value;
        // Counting what is there, or taking one of it, sends nothing either.
        loop {
            at = match &at.kind {
                Kind::Index { of, .. } => of,
                Kind::Call(_) => match at.method() {
                    Some((name, _, of, _)) if matches!(&**name, "all" | "count" | "exists") => of,
                    _ => return false,
                },
                _ => break,
            };
        }
        let Some((over, path)) = path_of(at) else { return false };
        let ways = Ways::new(VariantKind::Required);
        let mut reader = Reader::new(self.cx, &ways, &self.memory);
        let Some(set) = reader.rows(over).and_then(|rows| reader.set(&rows)) else { return false };
        reader.brings(&set, &path.join("__"))
    }
}

impl Reader<'_, '_, '_> {
    /// Whether rows are all those of a relation of some object: who made the object may have fetched more.
    fn may_be_fetched(&mut self, over: &Value) -> bool {
        let mut at = self.picked(over);
        while let Some((name, _, of, _)) = at.method()
            && **name == *"all"
        {
            at = self.picked(of);
        }
        match &at.kind {
            Kind::Attribute { of, .. } => self.class(of).is_none() || matches!(of.kind, Kind::Receiver(_)),
            _ => false,
        }
    }
}

/// The attributes that a value is of a loop's item, and what the loop goes through.
fn path_of(value: &Value) -> Option<(&Value, Vec<&str>)> {
    let (mut at, mut path) = (value, Vec::new());
    while let Kind::Attribute { of, name, .. } = &at.kind {
        path.push(&**name);
        at = of;
    }
    let Kind::Item(over) = &at.kind else { return None };
    path.reverse();
    (!path.is_empty()).then_some((over, path))
}
