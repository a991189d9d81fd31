//! The condition that a relationship joins on: by foreign keys, or as it is written out.

use crate::host::facts;
use crate::host::value::{Kind, Value};
use crate::ir::{BinaryOp, CompareOp, LogicOp};
use crate::name::{Ident, QName};

use super::super::super::column::{self, Referred};
use super::super::super::names::{called, each, first_way, positional, word};
use super::super::read::Drafts;
use super::{Link, Pairs, Said, Secondary};

/// A column of a model, or of a table that no model declares.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub table: QName,
    pub column: Ident,
}

impl Drafts<'_, '_> {
    /// The columns that join two models, and whether the own table refers to the other.
    pub(super) fn join(&mut self, at: usize, target: usize, said: &Said<'_>, file: usize) -> (Option<Pairs>, bool) {
        let chosen: Vec<Place> =
            said.named("foreign_keys").map(|value| self.places(at, file, value)).unwrap_or_default();
        let remote: Vec<Place> =
            said.named("remote_side").map(|value| self.places(at, file, value)).unwrap_or_default();
        if let Some(value) = said.named("primaryjoin") {
            return self.written_join(at, target, file, value, &chosen, &remote);
        }
        let is_chosen = |link: &Link| {
            chosen.is_empty()
                || link
                    .pairs
                    .iter()
                    .all(|(own, _)| chosen.iter().any(|place| place.table == link.from && place.column == *own))
        };
        let mut away: Vec<Link> = Vec::new();
        let mut owner = at;
        // A joined class has its parent's references too.
        for _ in 0..8 {
            away.extend(self.links(owner, target));
            match self.models[owner].parent.and_then(|parent| self.by_class.get(&parent)) {
                Some(parent) => owner = *parent,
                None => break,
            }
        }
        let mut toward = self.links(target, at);
        away.retain(is_chosen);
        toward.retain(is_chosen);
        let flip = |link: &Link| link.pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect::<Pairs>();
        let is_self = self.models[at].table == self.models[target].table;
        if is_self {
            let is_to_one =
                |link: &Link| link.pairs.iter().any(|(_, far)| remote.iter().any(|place| place.column == *far));
            return match away.as_slice() {
                [only] if is_to_one(only) => (Some(only.pairs.clone()), true),
                [only] => (Some(flip(only)), false),
                _ => (None, false),
            };
        }
        match (away.as_slice(), toward.as_slice()) {
            ([only], []) => (Some(only.pairs.clone()), true),
            ([], [only]) => (Some(flip(only)), false),
            (away, toward) => (None, !away.is_empty() && toward.is_empty()),
        }
    }

    /// What `primaryjoin` says: its equalities between both tables.
    fn written_join(
        &mut self,
        at: usize,
        target: usize,
        file: usize,
        value: &Value,
        chosen: &[Place],
        remote: &[Place],
    ) -> (Option<Pairs>, bool) {
        let (own, far) = (self.models[at].table.clone(), self.models[target].table.clone());
        let equalities = self.equalities(at, file, value, 8);
        let refers = |drafts: &Self, place: &Place| {
            let by_table = drafts.by_table.get(&place.table).and_then(|found| found.first());
            let column = by_table.and_then(|at| drafts.models[*at].column_named(&place.column));
            chosen.contains(place) || (chosen.is_empty() && column.is_some_and(|column| !column.references.is_empty()))
        };
        let mut pairs = Pairs::new();
        let mut is_to_one = false;
        for (left, right) in equalities {
            let is_left_remote = own == far && (remote.contains(&left) || (remote.is_empty() && refers(self, &left)));
            let (local, other) = if (left.table == own && right.table == far && !is_left_remote) || right.table != own {
                (left, right)
            } else {
                (right, left)
            };
            is_to_one |= refers(self, &local);
            pairs.push((local.column, other.column));
        }
        (Some(pairs).filter(|pairs| !pairs.is_empty()), is_to_one)
    }

    /// Whether what is written of a join has conditions that are no equality of its columns.
    pub(super) fn says_more(
        &mut self,
        said: &Said<'_>,
        file: usize,
        join: Option<&Pairs>,
        secondary: Option<&Secondary>,
    ) -> bool {
        let known = [
            ("primaryjoin", secondary.map_or(join, |secondary| Some(&secondary.local))),
            ("secondaryjoin", secondary.map(|secondary| &secondary.remote)),
        ];
        known.into_iter().any(|(name, pairs)| {
            let conditions = said.named(name).map(|value| self.conjuncts(file, value, 8).len());
            conditions.is_some_and(|count| count > pairs.map_or(0, Vec::len))
        })
    }

    /// The conditions that must all hold.
    fn conjuncts(&mut self, file: usize, value: &Value, depth: u8) -> Vec<Value> {
        let value = first_way(value);
        let Some(depth) = depth.checked_sub(1) else { return vec![value.clone()] };
        let inner: Vec<Value> = match &value.kind {
            Kind::Text(_) => match value.text().and_then(|text| self.parsed(file, &text)) {
                Some(value) => vec![value],
                None => return vec![value.clone()],
            },
            Kind::Lambda(body) => vec![body.clone()],
            _ => match conjunction(value) {
                Some(operands) => operands,
                None => return vec![value.clone()],
            },
        };
        inner.iter().flat_map(|value| self.conjuncts(file, value, depth)).collect()
    }

    /// The equalities of columns that must all hold.
    pub(super) fn equalities(&mut self, at: usize, file: usize, value: &Value, depth: u8) -> Vec<(Place, Place)> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let value = first_way(value);
        match &value.kind {
            Kind::Text(_) => match value.text().and_then(|text| self.parsed(file, &text)) {
                Some(value) => self.equalities(at, file, &value, depth),
                None => Vec::new(),
            },
            Kind::Lambda(body) => self.equalities(at, file, &body.clone(), depth),
            Kind::Compare { left, op: CompareOp::Eq, right } => {
                let both = self.place(at, file, left).zip(self.place(at, file, right));
                both.into_iter().collect()
            }
            _ => {
                let operands = conjunction(value).unwrap_or_default();
                operands.iter().flat_map(|operand| self.equalities(at, file, operand, depth)).collect()
            }
        }
    }

    /// The value of an expression within a string, as the file would have it.
    pub(super) fn parsed(&mut self, file: usize, text: &str) -> Option<Value> {
        let expr = facts::expression(text)?;
        Some(self.evaluator.written(file, None, &expr))
    }

    fn places(&mut self, at: usize, file: usize, value: &Value) -> Vec<Place> {
        let value = first_way(value);
        let parsed = match &value.kind {
            Kind::Text(_) => value.text().and_then(|text| self.parsed(file, &text)),
            Kind::Lambda(body) => Some(body.clone()),
            _ => None,
        };
        let value = parsed.as_ref().unwrap_or(value);
        each(value).into_iter().filter_map(|item| self.place(at, file, item)).collect()
    }

    /// The column that one side of a join is.
    pub(super) fn place(&mut self, at: usize, file: usize, value: &Value) -> Option<Place> {
        let value = first_way(value);
        if let Some((name, call)) = called(value) {
            return match name {
                "remote" | "foreign" | "cast" | "type_coerce" => self.place(at, file, call.positional.first()?),
                _ => self.own_column(at, value).map(|column| Place { table: self.models[at].table.clone(), column }),
            };
        }
        match &value.kind {
            Kind::External(path) => {
                // `Post.author_id`, `post_tags.c.tag_id`, `Post.__table__.c.id`
                let (of, column) = path.rsplit_once('.')?;
                let is_core = of.ends_with(".c") || of.ends_with(".columns");
                let of = of.trim_end_matches(".columns").trim_end_matches(".c").trim_end_matches(".__table__");
                let model = match is_core {
                    true => self.table_named(at, of).or_else(|| self.model_named(at, file, of))?,
                    false => self.model_named(at, file, of).or_else(|| self.table_named(at, of))?,
                };
                self.place_of(model, column)
            }
            Kind::Text(_) => {
                let text = value.text()?;
                let parsed = self.parsed(file, &text)?;
                if parsed.text().is_some() { None } else { self.place(at, file, &parsed) }
            }
            Kind::Lambda(body) => self.place(at, file, &body.clone()),
            _ => match column::referred(value)? {
                Referred::Attribute(class, name) => match self.by_class.get(&class).copied() {
                    Some(model) => self.place_of(model, &name),
                    // A mixin's own attribute.
                    None => self.place_of(at, &name),
                },
                to => self.referred(at, &to).map(|(table, column)| Place { table, column }),
            },
        }
    }

    fn place_of(&self, model: usize, attribute: &str) -> Option<Place> {
        let mut at = model;
        for _ in 0..8 {
            let own = &self.models[at];
            let column = own.column(attribute).or_else(|| own.column_named(&Ident::new(attribute)));
            if let Some(column) = column {
                return Some(Place { table: own.table.clone(), column: column.name.clone() });
            }
            at = *self.by_class.get(&own.parent?)?;
        }
        None
    }
}

/// The operands of a condition that wants all of them.
pub(in crate::orm::sqlalchemy) fn conjunction(value: &Value) -> Option<Vec<Value>> {
    match &value.kind {
        Kind::Logic { op: LogicOp::And, operands } => Some(operands.clone()),
        Kind::Binary { left, right, op: BinaryOp::BitAnd } => Some(vec![left.clone(), right.clone()]),
        Kind::Call(call) if word(&call.callee) == Some("and_") => Some(positional(call).cloned().collect()),
        _ => None,
    }
}
