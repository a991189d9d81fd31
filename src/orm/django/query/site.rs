//! Which calls of a file send queries: those that end a chain, and querysets that nothing continues.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::chain::is_super;
use super::expression::class_of_django;
use super::statement::Sent;
use super::{DJANGO, Memory, Reader};
use crate::host::flow::{Deed, Event};
use crate::host::value::{Call, FunctionId, Kind, Node, Value};
use crate::host::ways::Ways;
use crate::ir::BinaryOp;
use crate::orm::Context;
use crate::orm::site::Draft;
use crate::orm::sql::Sql;
use crate::query::{Implied, SiteOrigin, Takes, VariantKind};
use crate::source::HostSpan;

/// How many forms of a query are made.
pub(super) const MAX_FORMS: u16 = 8;

/// The queries that a file's functions send.
pub(in crate::orm) fn find(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<Draft> {
    if cx.linked.django.iter().next().is_none() {
        return Vec::new();
    }
    let mut finder = Finder {
        cx,
        owners: Vec::new(),
        seen: HashSet::new(),
        uses: HashMap::new(),
        memory: Memory::default(),
        drafts: Vec::new(),
        loaded: HashSet::new(),
    };
    finder.owners = finder.functions();
    for event in events {
        finder.uses(event);
    }
    for event in events {
        finder.event(event);
    }
    finder.views(events);
    finder.drafts
}

type Address = *const Node;

/// What is done with a value.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// Other calls go on from it, or a query takes it in.
    is_continued: bool,
    /// It is gone through, returned or handed on.
    is_taken: bool,
}

pub(super) struct Finder<'y, 'x, 'a> {
    pub(super) cx: &'y mut Context<'x, 'a>,
    owners: Vec<(u32, u32, FunctionId)>,
    seen: HashSet<HostSpan>,
    uses: HashMap<Address, Uses>,
    pub(super) memory: Memory,
    pub(super) drafts: Vec<Draft>,
    /// The relations that are known to be loaded, by the loop.
    pub(super) loaded: HashSet<(HostSpan, String)>,
}

impl Finder<'_, '_, '_> {
    /// The functions of the file with the bytes that each takes.
    fn functions(&self) -> Vec<(u32, u32, FunctionId)> {
        let code = self.cx.evaluator.code;
        let bounds = |id: FunctionId| {
            let function = code.function(id).function;
            let end = function.body.last().map_or(function.name_span.end, |last| last.span.end);
            (function.name_span.start, end, id)
        };
        code.functions_of(self.cx.file).map(bounds).collect()
    }

    /// Whether a place is of the function whose event names it, and not of one that was followed into.
    pub(super) fn is_own(&self, event: &Event, place: HostSpan) -> bool {
        let file = self.cx.evaluator.code.files[self.cx.file].file;
        if place.file != file {
            return false;
        }
        let around = self.owners.iter().filter(|(start, end, _)| *start <= place.start && place.start < *end);
        let owner = around.max_by_key(|(start, ..)| *start).map(|(.., id)| *id);
        event.function.is_none() || owner == event.function
    }

    /// Notes what an event does with querysets.
    fn uses(&mut self, event: &Event) {
        match (event.deed, &event.value.kind) {
            (Deed::Call, Kind::Call(call)) => self.uses_of_call(call),
            (Deed::Iterate | Deed::Return, _) => self.take(&event.value),
            _ => {}
        }
        self.uses_of_indexes(&event.value, 6);
    }

    /// A queryset that only some rows are taken of is asked for those alone.
    fn uses_of_indexes(&mut self, value: &Value, left: u8) {
        if left == 0 {
            return;
        }
        let left = left - 1;
        if let Kind::Index { of, .. } = &value.kind {
            self.go_on(of);
        }
        match &value.kind {
            Kind::Call(call) => {
                let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                for argument in arguments.chain([&call.callee]) {
                    self.uses_of_indexes(argument, left);
                }
            }
            Kind::Attribute { of, .. } | Kind::Index { of, .. } => self.uses_of_indexes(of, left),
            Kind::Binary { left: one, op: BinaryOp::BitOr | BinaryOp::BitAnd, right: other } => {
                self.go_on(one);
                self.go_on(other);
            }
            Kind::List(items) | Kind::Either(items) => items.iter().for_each(|item| self.uses_of_indexes(item, left)),
            Kind::Dict(pairs) => pairs.iter().for_each(|(_, value)| self.uses_of_indexes(value, left)),
            _ => {}
        }
    }

    fn uses_of_call(&mut self, call: &Call) {
        let is_djangos = class_of_django(&call.callee).is_some_and(|name| name.starts_with(char::is_uppercase));
        let mut is_method = false;
        if let Kind::Attribute { of, name, .. } = &call.callee.kind {
            is_method = super::method::is_known(name);
            self.go_on(of);
        }
        if let Kind::External(path) = &call.callee.kind {
            is_method = path.contains(".objects.") || path.ends_with("_or_404");
        }
        let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
        for argument in arguments {
            // A queryset among the arguments of a query is a part of it.
            if is_djangos || is_method {
                self.take_in(argument);
            } else {
                self.take(argument);
            }
        }
    }

    fn note(&mut self, value: &Value, note: fn(&mut Uses)) {
        note(self.uses.entry(Rc::as_ptr(value)).or_default());
        match &value.kind {
            // Where ways meet, what they made is one query.
            Kind::Either(ways) => ways.iter().for_each(|way| self.note(way, |uses| uses.is_continued = true)),
            Kind::Optional(inner) => self.note(inner, note),
            _ => {}
        }
    }

    fn go_on(&mut self, value: &Value) {
        self.note(value, |uses| uses.is_continued = true);
        if let Kind::Index { of, .. } = &value.kind {
            self.go_on(of);
        }
    }

    fn take(&mut self, value: &Value) {
        self.note(value, |uses| uses.is_taken = true);
        match &value.kind {
            Kind::List(items) => items.iter().for_each(|item| self.take(item)),
            Kind::Dict(pairs) => pairs.iter().for_each(|(_, value)| self.take(value)),
            Kind::Spread(inner) => self.take(inner),
            _ => {}
        }
    }

    fn take_in(&mut self, value: &Value) {
        self.note(value, |uses| uses.is_continued = true);
        match &value.kind {
            Kind::List(items) => items.iter().for_each(|item| self.take_in(item)),
            Kind::Binary { left, right, .. } => {
                self.take_in(left);
                self.take_in(right);
            }
            Kind::Unary { operand, .. } => self.take_in(operand),
            Kind::Call(call) if class_of_django(&call.callee).is_some() => {
                let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                for argument in arguments {
                    self.take_in(argument);
                }
            }
            _ => {}
        }
    }

    fn event(&mut self, event: &Event) {
        self.candidate(event, &event.value);
        self.indexes(event, &event.value, 6);
        self.lazy(event);
    }

    /// `queryset[0]` is no call; it stands within what is done with it.
    fn indexes(&mut self, event: &Event, value: &Value, left: u8) {
        if left == 0 {
            return;
        }
        let left = left - 1;
        match &value.kind {
            Kind::Index { of, .. } => {
                self.candidate(event, value);
                self.indexes(event, of, left);
            }
            Kind::Call(call) => {
                let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                for argument in arguments.chain([&call.callee]) {
                    self.indexes(event, argument, left);
                }
            }
            Kind::Attribute { of, .. } => self.indexes(event, of, left),
            Kind::List(items) => items.iter().for_each(|item| self.indexes(event, item, left)),
            Kind::Dict(pairs) => pairs.iter().for_each(|(_, value)| self.indexes(event, value, left)),
            Kind::Compare { left: one, right: other, .. } | Kind::Binary { left: one, right: other, .. } => {
                self.indexes(event, one, left);
                self.indexes(event, other, left);
            }
            Kind::Not(inner) | Kind::Spread(inner) => self.indexes(event, inner, left),
            Kind::Either(ways) => {
                if self.uses.get(&Rc::as_ptr(value)).is_some_and(|uses| uses.is_taken) {
                    self.candidate(event, value);
                }
                ways.iter().for_each(|way| self.indexes(event, way, left));
            }
            Kind::Logic { operands, .. } => operands.iter().for_each(|operand| self.indexes(event, operand, left)),
            _ => {}
        }
    }

    fn candidate(&mut self, event: &Event, value: &Value) {
        let may_send = match &value.kind {
            Kind::Call(call) => {
                !is_super(value)
                    && class_of_django(&call.callee)
                        .is_none_or(|name| name.ends_with("_404") || !name.starts_with(char::is_uppercase))
            }
            Kind::Index { .. } => true,
            Kind::Either(_) => true,
            Kind::Attribute { .. } | Kind::Binary { .. } => matches!(event.deed, Deed::Iterate | Deed::Return),
            _ => false,
        };
        if !may_send || !self.is_own(event, value.place) {
            return;
        }
        let uses = self.uses.get(&Rc::as_ptr(value)).copied().unwrap_or_default();
        // What an event is about is returned or gone through, not what stands within.
        let is_whole = Rc::ptr_eq(value, &event.value);
        let is_taken = uses.is_taken || is_whole && matches!(event.deed, Deed::Iterate | Deed::Return);
        // What is called on the rows of a query, and not on the query, sends it first.
        if uses.is_continued && !is_taken && !super::statement::ends(value) {
            return;
        }
        if self.seen.contains(&value.place) {
            return;
        }
        if let Some(draft) = self.draft(event, value) {
            self.seen.insert(value.place);
            self.drafts.push(draft);
        }
    }

    fn draft(&mut self, event: &Event, value: &Value) -> Option<Draft> {
        if self.is_fetched(value) || self.is_scope(event, value) {
            return None;
        }
        let mut takes = Takes::All;
        let mut unknown = Vec::new();
        let mut fetched = Vec::new();
        let (cx, memory) = (&mut *self.cx, &self.memory);
        let (forms, more): (Vec<(VariantKind, Sql)>, bool) = Ways::forms(MAX_FORMS, |ways| {
            let Sent { sql, takes: of_form, unknown: of_unknown, rows } = Reader::new(cx, ways, memory).sent(value)?;
            takes = of_form;
            if let Some(rows) = rows {
                fetched.extend(Reader::new(cx, ways, memory).prefetched(&rows));
            }
            for item in of_unknown {
                if !unknown.contains(&item) {
                    unknown.push(item);
                }
            }
            Some(sql)
        });
        if forms.is_empty() {
            return self.lost(event, value);
        }
        if more {
            unknown.push(("too-many-forms", format!("only {MAX_FORMS} are read")));
        }
        let mut draft = Draft::new(event, DJANGO, forms);
        (draft.place, draft.takes, draft.unknown) = (value.place, takes, unknown);
        draft.in_loop = self.in_loop(event, value);
        self.fetch(event, &draft, fetched);
        Some(draft)
    }

    /// The queries of `prefetch_related`, behind the one that it belongs to.
    fn fetch(&mut self, event: &Event, of: &Draft, fetched: Vec<(Sql, HostSpan)>) {
        let mut seen: Vec<String> = Vec::new();
        for (sql, place) in fetched {
            let shown = sql.shown();
            if seen.contains(&shown) {
                continue;
            }
            seen.push(shown);
            let mut draft = Draft::new(event, DJANGO, vec![(VariantKind::Required, sql)]);
            draft.origin = SiteOrigin::Implied { kind: Implied::PrefetchIn, cause: of.place };
            draft.place = if place.file == of.place.file { place } else { of.place };
            self.drafts.push(draft);
        }
    }

    /// Whether a queryset is what a method of a manager gives: a part of the queries of those who call it.
    fn is_scope(&mut self, event: &Event, value: &Value) -> bool {
        let code = self.cx.evaluator.code;
        let Some(class) = event.function.and_then(|id| code.function(id).class) else { return false };
        let ways = Ways::new(VariantKind::Required);
        let mut reader = Reader::new(self.cx, &ways, &self.memory);
        reader.is_manager_class(class) && reader.set(value).is_some()
    }

    /// The innermost loop over a query's rows whose item the query asks for.
    fn in_loop(&mut self, event: &Event, value: &Value) -> Option<HostSpan> {
        for around in event.loops.iter().rev() {
            if !mentions(value, &around.over, 40) {
                continue;
            }
            let ways = Ways::new(VariantKind::Required);
            let mut reader = Reader::new(self.cx, &ways, &self.memory);
            let rows = reader.rows(&around.over)?;
            if reader.set(&rows).is_some() {
                return Some(around.place);
            }
        }
        None
    }
}

/// Says whether a value is made with the item of a loop.
fn mentions(value: &Value, over: &Value, left: u8) -> bool {
    let Some(left) = left.checked_sub(1) else { return false };
    let within = |value: &Value| mentions(value, over, left);
    match &value.kind {
        Kind::Item(of) => Rc::ptr_eq(of, over) || within(of),
        Kind::Call(call) => {
            within(&call.callee)
                || call.positional.iter().any(within)
                || call.named.iter().any(|(_, value)| within(value))
        }
        Kind::Attribute { of, .. } => within(of),
        Kind::Index { of, at } => within(of) || within(at),
        Kind::List(items) | Kind::Either(items) => items.iter().any(within),
        Kind::Dict(pairs) => pairs.iter().any(|(_, value)| within(value)),
        Kind::Optional(inner) | Kind::Spread(inner) | Kind::Not(inner) => within(inner),
        Kind::Binary { left, right, .. } | Kind::Compare { left, right, .. } => within(left) || within(right),
        Kind::Unary { operand, .. } => within(operand),
        Kind::Text(pieces) => pieces.iter().any(|piece| match piece {
            crate::host::value::Piece::Hole(value) => within(value),
            _ => false,
        }),
        _ => false,
    }
}
