//! Paths of lookups (`author__country__name__iexact`): which relations they follow, and the column they end at.

use super::super::models::{Field, FieldKind, Model, Models, Reverse};
use crate::host::value::ClassId;
use crate::name::{Ident, QName};

/// A relation that is followed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The model that it leads to; none for a table between two.
    pub to: Option<ClassId>,
    /// Its table.
    pub table: QName,
    /// The column that it starts from.
    pub from: Ident,
    /// The column of the table.
    pub own: Ident,
    /// Whether it may lead to several rows.
    pub many: bool,
    /// Whether it may lead to none.
    pub nullable: bool,
    /// The column with the type of the object, where objects of several models are related to.
    pub content_type: Option<Ident>,
    /// What both columns keep, where that may differ.
    pub kinds: Option<(FieldKind, FieldKind)>,
}

impl Step {
    /// A relation that leads to one row.
    pub(super) fn to_one(to: ClassId, table: &QName, from: &Ident, own: &Ident) -> Self {
        step(Some(to), table, from, own, Shape::One { nullable: false })
    }

    /// Says whether it is the same relation.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.table == other.table && self.from == other.from && self.own == other.own
    }
}

/// The column that a path ends at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// The column, in the table of the last step.
    pub column: Ident,
    /// What it keeps; of a key, what the key of the other model keeps.
    pub kind: FieldKind,
    /// Whether it may be NULL.
    pub null: bool,
    /// The model that the path stands at, where it ends with a relation.
    pub related: Option<ClassId>,
}

/// A path that is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path<'p> {
    /// The relations that must be joined.
    pub steps: Vec<Step>,
    /// The relation that it ends with, where its table need not be joined for the column.
    pub leads: Option<Step>,
    /// Where it ends.
    pub target: Target,
    /// What follows the column: transforms and the lookup.
    pub rest: Vec<&'p str>,
}

/// Why a path could not be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lost<'p> {
    /// A model has no field of a name; the relations on the way to it.
    Field(Vec<Step>, ClassId, &'p str),
    /// Something that the query does not say.
    Somewhere,
}

/// Follows a path from a model.
pub(super) fn follow<'p>(models: &Models, start: ClassId, parts: &[&'p str]) -> Result<Path<'p>, Lost<'p>> {
    let mut walk = Walk { models, model: models.of_class(start), steps: Vec::new(), pending: None, target: None };
    for (number, part) in parts.iter().enumerate() {
        let Some(model) = walk.model else {
            return walk.end(start, &parts[number..]);
        };
        if !walk.part(model, part) {
            if walk.target.is_some() && super::lookup::is_lookup(part) {
                return walk.end(start, &parts[number..]);
            }
            let at = model.class;
            walk.steps.extend(walk.pending);
            return Err(Lost::Field(walk.steps, at, part));
        }
    }
    walk.end(start, &[])
}

struct Walk<'m> {
    models: &'m Models,
    /// The model that the path stands at; none behind a column.
    model: Option<&'m Model>,
    steps: Vec<Step>,
    /// A relation that is joined only where the path leads on.
    pending: Option<Step>,
    target: Option<Target>,
}

impl<'m> Walk<'m> {
    fn end<'p>(self, start: ClassId, rest: &[&'p str]) -> Result<Path<'p>, Lost<'p>> {
        match self.target {
            Some(target) => Ok(Path { steps: self.steps, leads: self.pending, target, rest: rest.to_vec() }),
            None if self.models.of_class(start).is_none() => Err(Lost::Somewhere),
            None => Err(Lost::Field(self.steps, start, rest.first().copied().unwrap_or_default())),
        }
    }

    /// Takes a part of the path that is a field or a relation of the model.
    fn part(&mut self, model: &'m Model, part: &str) -> bool {
        if let Some(field) = model.field(part) {
            return self.field(model, field);
        }
        if let Some((from, field)) = reverse(self.models, model, part) {
            return self.backwards(model, from, field);
        }
        let above = model.proxy_of.and_then(|class| self.models.of_class(class));
        if let Some(above) = above {
            return self.part(above, part);
        }
        let Some(parent) = model.parent.and_then(|class| self.models.of_class(class)) else { return false };
        if !has(self.models, parent, part, 4) {
            return false;
        }
        // What a parent with a table of its own has stands there.
        if let (Some(link), Some(key)) = (model.key(), parent.key()) {
            self.forward(link, parent, key);
        }
        self.part(parent, part)
    }

    fn field(&mut self, model: &'m Model, field: &'m Field) -> bool {
        let Some(relation) = &field.relation else {
            return match &field.kind {
                FieldKind::GenericKey(..) => false,
                kind if !kind.has_column() => false,
                kind => {
                    self.column(&field.column, kind.clone(), field.null);
                    true
                }
            };
        };
        let Some(to) = self.models.of_class(relation.to) else { return false };
        let to_field = relation.to_field.as_ref().and_then(|name| to.field(name)).or_else(|| to.key());
        let Some(to_field) = to_field else { return false };
        match (&relation.many, &field.kind) {
            (Some(through), _) => {
                let Some(key) = model.key() else { return false };
                let many = step(None, &through.table, &key.column, &through.own, Shape::Many);
                self.join(many);
                let shape = Shape::One { nullable: false };
                self.pending = Some(step(Some(to.class), &to.table, &through.other, &to_field.column, shape));
                self.at(to, &through.other, to_field, false);
            }
            (None, FieldKind::GenericRelation(kind, id)) => {
                let (Some(key), Some(id), Some(kind)) = (model.key(), to.field(id), to.field(kind)) else {
                    return false;
                };
                let mut many = step(Some(to.class), &to.table, &key.column, &id.column, Shape::Many);
                many.content_type = Some(kind.column.clone());
                many.kinds = Some((key.kind.clone(), id.kind.clone()));
                self.join(many);
                self.at(to, &to_field.column, to_field, false);
            }
            (None, _) => self.forward(field, to, to_field),
        }
        true
    }

    /// Follows a foreign key.
    fn forward(&mut self, field: &Field, to: &'m Model, to_field: &Field) {
        self.join_pending();
        let shape = Shape::One { nullable: field.null };
        self.pending = Some(step(Some(to.class), &to.table, &field.column, &to_field.column, shape));
        self.at(to, &field.column, to_field, field.null);
    }

    /// Follows a foreign key or a many-to-many relation from its other end.
    fn backwards(&mut self, model: &'m Model, from: &'m Model, field: &'m Field) -> bool {
        let (Some(relation), Some(key), Some(own)) = (&field.relation, from.key(), model.key()) else { return false };
        if let Some(through) = &relation.many {
            self.join(step(None, &through.table, &own.column, &through.other, Shape::Many));
            let shape = Shape::One { nullable: false };
            self.pending = Some(step(Some(from.class), &from.table, &through.own, &key.column, shape));
            self.at(from, &through.own, key, false);
            return true;
        }
        let to_field = relation.to_field.as_ref().and_then(|name| model.field(name)).unwrap_or(own);
        let shape = match field.kind {
            FieldKind::OneToOne => Shape::One { nullable: true },
            _ => Shape::Many,
        };
        self.join(step(Some(from.class), &from.table, &to_field.column, &field.column, shape));
        self.at(from, &key.column, key, false);
        true
    }

    /// Ends at a column; a key that the relation before it holds needs no join.
    fn column(&mut self, column: &Ident, kind: FieldKind, null: bool) {
        self.model = None;
        if let Some(step) = self.pending.take() {
            if step.own == *column {
                if let Some(target) = &mut self.target {
                    target.related = None;
                }
                return;
            }
            self.steps.push(step);
        }
        self.target = Some(Target { column: column.clone(), kind, null, related: None });
    }

    fn join_pending(&mut self) {
        self.steps.extend(self.pending.take());
    }

    fn join(&mut self, step: Step) {
        self.join_pending();
        self.steps.push(step);
    }

    fn at(&mut self, model: &'m Model, column: &Ident, key: &Field, null: bool) {
        self.model = Some(model);
        let kind = key.kind.clone();
        self.target = Some(Target { column: column.clone(), kind, null, related: Some(model.class) });
    }
}

enum Shape {
    One { nullable: bool },
    Many,
}

fn step(to: Option<ClassId>, table: &QName, from: &Ident, own: &Ident, shape: Shape) -> Step {
    let (many, nullable) = match shape {
        Shape::One { nullable } => (false, nullable),
        Shape::Many => (true, true),
    };
    let (from, own) = (from.clone(), own.clone());
    Step { to, table: table.clone(), from, own, many, nullable, content_type: None, kinds: None }
}

/// Says whether a model or one above it has a field or a relation of a name.
fn has(models: &Models, model: &Model, name: &str, left: u8) -> bool {
    if model.field(name).is_some() || reverse(models, model, name).is_some() {
        return true;
    }
    let above = model.proxy_of.or(model.parent).filter(|_| left > 0);
    above.and_then(|class| models.of_class(class)).is_some_and(|above| has(models, above, name, left - 1))
}

/// The relation whose other end has a name in lookups.
fn reverse<'m>(models: &'m Models, model: &Model, name: &str) -> Option<(&'m Model, &'m Field)> {
    other_ends(models, model).find(|(_, field)| field.relation.as_ref().is_some_and(|of| *of.query_name == *name))
}

/// The relations that lead to a model.
pub(super) fn other_ends<'m>(models: &'m Models, model: &Model) -> impl Iterator<Item = (&'m Model, &'m Field)> {
    let end = |Reverse { from, field }: &Reverse| {
        let from = models.of_class(*from)?;
        Some((from, from.field(field)?))
    };
    model.reverse.iter().filter_map(end).collect::<Vec<_>>().into_iter()
}
