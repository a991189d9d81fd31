//! Conditions as the code writes them: keyword arguments and `Q` objects, put together as Django does.

use std::rc::Rc;

use super::Reader;
use super::expression::class_of_django;
use crate::host::value::{Call, Kind, Value};
use crate::ir::{BinaryOp, UnaryOp};
use crate::source::HostSpan;

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Several that must all hold, or any of them.
    Group(Group),
    /// A lookup and the value it is compared with.
    Lookup {
        /// Its path.
        path: String,
        /// Where it is written.
        place: HostSpan,
        /// The value.
        value: Value,
    },
    /// An expression that is true or false.
    Expression(Value),
    /// What could not be told.
    Unknown(String),
}

/// Conditions that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Whether one is enough.
    pub is_any: bool,
    /// Whether the opposite is asked for.
    pub is_negated: bool,
    /// The conditions.
    pub children: Vec<Condition>,
}

impl Condition {
    /// A lookup.
    pub(super) fn lookup(path: impl Into<String>, place: HostSpan, value: &Value) -> Self {
        Self::Lookup { path: path.into(), place, value: Rc::clone(value) }
    }

    /// The opposite (`~Q`).
    pub(super) fn negated(self) -> Self {
        let mut group = Group::default();
        group.add(self, false);
        group.is_negated = true;
        Self::Group(group)
    }

    /// Two that must both hold, or one of them (`Q & Q`, `Q | Q`).
    pub(super) fn with(self, other: Self, is_any: bool) -> Self {
        match (&self, &other) {
            (Self::Group(group), _) if group.children.is_empty() => return other,
            (_, Self::Group(group)) if group.children.is_empty() => return self,
            _ => {}
        }
        let mut group = Group { is_any, ..Group::default() };
        group.add(self, is_any);
        group.add(other, is_any);
        Self::Group(group)
    }

    /// Leaves out the lookup of a name.
    pub(super) fn drop_named(&mut self, name: &str) {
        if let Self::Group(group) = self {
            group.children.retain(|child| !matches!(child, Self::Lookup { path, .. } if path == name));
        }
    }
}

impl Group {
    /// Takes a condition in; a group of the same kind gives its children (`Node.add`).
    fn add(&mut self, child: Condition, is_any: bool) {
        match child {
            Condition::Group(group) if !group.is_negated && (group.is_any == is_any || group.children.len() == 1) => {
                self.children.extend(group.children);
            }
            child => self.children.push(child),
        }
    }
}

impl Reader<'_, '_, '_> {
    /// The arguments of `filter()` or `Q()`, behind the first `skipped`.
    pub(super) fn group_of(&mut self, call: &Call, skipped: usize) -> Condition {
        let skipped =
            if skipped > 0 && call.positional.len() == 1 && call.named("then").is_some() { 0 } else { skipped };
        let mut group = Group::default();
        for value in call.positional.iter().skip(skipped) {
            self.take_positional(&mut group, value);
        }
        for (name, place, value) in call.keywords() {
            let (value, comes_and_goes) = match &value.kind {
                Kind::Optional(inner) => (inner, true),
                _ => (value, false),
            };
            if comes_and_goes && !self.ways.takes_optional() {
                continue;
            }
            match name.map(|name| &**name) {
                Some("_connector" | "_negated") => {
                    if &**name.expect("it is one of both") == "_connector" {
                        group.is_any = value.text().is_none_or(|word| word != "AND");
                    } else {
                        group.is_negated = value.bool() == Some(true);
                    }
                }
                Some(name) => group.children.push(Condition::lookup(name, place, value)),
                None => self.take_named(&mut group, value),
            }
        }
        Condition::Group(group)
    }

    /// `**filters`
    fn take_named(&mut self, group: &mut Group, value: &Value) {
        let value = &Rc::clone(self.ways.pick(value));
        let Kind::Dict(pairs) = &value.kind else {
            group.children.push(Condition::Unknown("names that the run puts together".to_owned()));
            return;
        };
        for (key, value) in pairs {
            let (value, comes_and_goes) = match &value.kind {
                Kind::Optional(inner) => (inner, true),
                _ => (value, false),
            };
            if comes_and_goes && !self.ways.takes_optional() {
                continue;
            }
            match key.as_ref().and_then(|key| Some((key.text()?, key.place))) {
                Some((path, place)) => group.children.push(Condition::lookup(path, place, value)),
                None => group.children.push(Condition::Unknown("names that the run puts together".to_owned())),
            }
        }
    }

    fn take_positional(&mut self, group: &mut Group, value: &Value) {
        match &value.kind {
            Kind::Optional(inner) => {
                if self.ways.takes_optional() {
                    self.take_positional(group, inner);
                }
            }
            Kind::Spread(items) => {
                let items = &Rc::clone(self.ways.pick(items));
                match &items.kind {
                    Kind::List(items) => items.iter().for_each(|item| self.take_positional(group, item)),
                    Kind::Each { element, .. } => self.take_positional(group, element),
                    _ => group.children.push(Condition::Unknown("conditions that are handed in".to_owned())),
                }
            }
            _ => {
                let child = self.condition(value);
                if !matches!(&child, Condition::Group(group) if group.children.is_empty()) {
                    group.children.push(child);
                }
            }
        }
    }

    /// The condition that a value is.
    pub(super) fn condition(&mut self, value: &Value) -> Condition {
        let value = &Rc::clone(match grown(value) {
            // A condition that some ways go on with.
            Some((base, whole)) => {
                if self.ways.takes_optional() {
                    whole
                } else {
                    base
                }
            }
            None => self.ways.pick(value),
        });
        match &value.kind {
            Kind::Null => Condition::Group(Group::default()),
            Kind::Binary { left, op: BinaryOp::BitOr, right } => self.condition(left).with(self.condition(right), true),
            Kind::Binary { left, op: BinaryOp::BitAnd, right } => {
                self.condition(left).with(self.condition(right), false)
            }
            Kind::Unary { op: UnaryOp::Invert, operand } => self.condition(operand).negated(),
            Kind::List(pair) if pair.len() == 2 => match pair[0].text() {
                Some(path) => Condition::lookup(path, pair[0].place, &pair[1]),
                None => Condition::Unknown("a condition whose name the run puts together".to_owned()),
            },
            Kind::Call(call) if class_of_django(&call.callee) == Some("Q") => self.group_of(call, 0),
            Kind::Call(call) => match reduced(call) {
                // Each of them looks alike, so one stands for all.
                Some((Kind::Each { element, .. }, _)) => self.condition(element),
                Some((Kind::List(items), is_any)) => items
                    .iter()
                    .map(|item| self.condition(item))
                    .reduce(|known, next| known.with(next, is_any))
                    .unwrap_or_else(|| Condition::Group(Group::default())),
                _ if self.is_expression(value) => Condition::Expression(Rc::clone(value)),
                _ => Condition::Unknown("a condition that is made elsewhere".to_owned()),
            },
            _ if self.is_expression(value) => Condition::Expression(Rc::clone(value)),
            _ => Condition::Unknown("a condition that is handed in".to_owned()),
        }
    }
}

/// The shortest and the longest of conditions that are each other with more behind them.
fn grown(value: &Value) -> Option<(&Value, &Value)> {
    let Kind::Either(ways) = &value.kind else { return None };
    let is_below = |base: &Value, whole: &Value| {
        let mut at = whole;
        loop {
            if Rc::ptr_eq(at, base) {
                return true;
            }
            match &at.kind {
                Kind::Binary { left, .. } => at = left,
                _ => return false,
            }
        }
    };
    let base = ways.iter().find(|base| ways.iter().all(|way| is_below(base, way)))?;
    let whole = ways.iter().find(|whole| ways.iter().all(|way| is_below(way, whole)));
    Some((base, whole.or_else(|| ways.iter().rfind(|way| !Rc::ptr_eq(way, base)))?))
}

/// `reduce(operator.or_, items)`: the items, and whether one is enough.
fn reduced(call: &Call) -> Option<(&Kind, bool)> {
    let name = call.callee.external()?;
    if !matches!(name, "reduce" | "functools.reduce") {
        return None;
    }
    let is_any = match &call.positional.first()?.kind {
        Kind::External(path) => path.ends_with("or_"),
        Kind::Lambda(body) => matches!(body.kind, Kind::Binary { op: BinaryOp::BitOr, .. }),
        _ => return None,
    };
    Some((&call.positional.get(1)?.kind, is_any))
}
