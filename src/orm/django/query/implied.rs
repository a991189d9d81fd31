//! Queries that nobody wrote: relations that are fetched behind a query or loaded when they are first looked at.

use std::rc::Rc;

use super::super::models::{FieldKind, Models};
use super::Reader;
use super::path::{Step, follow, other_ends};
use super::set::{Prefetch, Set};
use crate::host::value::{ClassId, Kind, Value};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// Whether rows are asked for by one key or by several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// By one.
    One,
    /// By several.
    Several,
}

/// How a relation is loaded: what its query asks for, and the model that it leads to.
struct Load {
    to: ClassId,
    column: Asked,
}

/// The column that a relation's rows are asked by.
enum Asked {
    /// One of the model's own table, which several rows may have.
    Own(crate::name::Ident),
    /// One of the model's own table, which one row has.
    One(crate::name::Ident),
    /// One of the model's own table beside the column with the type of the object.
    Generic(crate::name::Ident, crate::name::Ident),
    /// One of the table between.
    Between(Step, crate::name::Ident),
}

impl Reader<'_, '_, '_> {
    /// The queries that fetch the relations of a queryset's rows.
    pub(super) fn prefetched(&mut self, set: &Set) -> Vec<(Sql, HostSpan)> {
        let mut found = Vec::new();
        let mut done: Vec<String> = Vec::new();
        for Prefetch { path, queryset, place } in &set.prefetched {
            let mut model = set.model;
            let mut walked = String::new();
            let parts: Vec<&str> = path.split("__").collect();
            for (number, part) in parts.iter().enumerate() {
                walked = if walked.is_empty() { (*part).to_owned() } else { format!("{walked}__{part}") };
                let said = queryset.as_ref().filter(|_| number + 1 == parts.len());
                let Some(load) = self.load(model, part) else { break };
                model = load.to;
                if done.contains(&walked) {
                    continue;
                }
                done.push(walked.clone());
                let rows = match (said, &load.column) {
                    (Some(queryset), _) => self.set(queryset),
                    // Django takes the base manager here, and needs no order for one row.
                    (None, Asked::One(_)) => self.without_order(load.to, *place),
                    (None, _) => self.rows_of(load.to, *place),
                };
                let Some(rows) = rows.filter(|rows| rows.model == load.to) else { break };
                let nested = rows.clone();
                found.push((self.asked(rows, &load, Keys::Several, *place), *place));
                if said.is_some() {
                    found.extend(self.deeper(|reader| Some(reader.prefetched(&nested))).unwrap_or_default());
                }
            }
        }
        found
    }

    /// The query that loads a relation of one object when it is looked at.
    pub(super) fn loaded(&mut self, model: ClassId, name: &str, place: HostSpan) -> Option<Sql> {
        let load = self.load(model, name)?;
        let mut rows = self.without_order(load.to, place)?;
        rows.slice.1 = Some(Sql::text("21", place));
        Some(self.asked(rows, &load, Keys::One, place))
    }

    /// All rows of a model, as its base manager gives them.
    fn without_order(&self, model: ClassId, place: HostSpan) -> Option<Set> {
        let mut rows = self.all(model, place)?;
        rows.order.said = Some(Vec::new());
        Some(rows)
    }

    fn asked(&mut self, mut rows: Set, load: &Load, keys: Keys, place: HostSpan) -> Sql {
        let writer = self.writer(place);
        let column = match &load.column {
            Asked::Own(column) | Asked::One(column) => writer.column(rows.tables.alias(0), column, place),
            Asked::Generic(column, kind) => {
                let kind = writer.column(rows.tables.alias(0), kind, place);
                rows.conditions.push(kind.then(" = ").and(Sql::param(place)));
                writer.column(rows.tables.alias(0), column, place)
            }
            Asked::Between(step, column) => {
                let table = rows.tables.join(0, step, None, place);
                rows.tables.demote(&std::iter::once(table).collect());
                writer.column(rows.tables.alias(table), column, place)
            }
        };
        rows.conditions.push(match keys {
            Keys::One => column.then(" = ").and(Sql::param(place)),
            Keys::Several => column.then(" IN (").and(Sql::param(place)).then(")"),
        });
        self.select_sql(rows, place).0
    }

    fn rows_of(&mut self, model: ClassId, place: HostSpan) -> Option<Set> {
        if Models::is_external(model) {
            return self.all(model, place);
        }
        let manager = self.models.of_class(model)?.default_manager.clone();
        let class = Rc::new(crate::host::value::Node { kind: Kind::Class(model), place });
        let kind = Kind::Attribute { of: class, name: manager.clone(), name_place: place };
        let value: Value = Rc::new(crate::host::value::Node { kind, place });
        self.managed(model, &manager, &value).or_else(|| self.all(model, place))
    }

    /// What loading a relation of a model's object asks for.
    fn load(&self, model: ClassId, name: &str) -> Option<Load> {
        let mut at = self.models.of_class(model);
        let mut left = 4;
        while let Some(model) = at.filter(|_| left > 0) {
            if let Some(field) = model.fields.iter().find(|field| *field.name == *name) {
                let relation = field.relation.as_ref()?;
                let to = self.models.of_class(relation.to)?;
                let key = relation.to_field.as_ref().and_then(|name| to.field(name)).or_else(|| to.key())?;
                let column = match (&relation.many, &field.kind) {
                    (Some(through), _) => {
                        let step = between(&through.table, &key.column, &through.other);
                        Asked::Between(step, through.own.clone())
                    }
                    (None, FieldKind::GenericRelation(kind, id)) => {
                        Asked::Generic(to.field(id)?.column.clone(), to.field(kind)?.column.clone())
                    }
                    (None, _) => Asked::One(key.column.clone()),
                };
                return Some(Load { to: to.class, column });
            }
            let is_it = |field: &super::super::models::Field| {
                field.relation.as_ref().and_then(|relation| relation.accessor.as_deref()) == Some(name)
            };
            if let Some((from, field)) = other_ends(self.models, model).find(|(_, field)| is_it(field)) {
                let column = match field.relation.as_ref().and_then(|relation| relation.many.as_ref()) {
                    Some(through) => {
                        let step = between(&through.table, &from.key()?.column, &through.own);
                        Asked::Between(step, through.other.clone())
                    }
                    None if field.kind == FieldKind::OneToOne => Asked::One(field.column.clone()),
                    None => Asked::Own(field.column.clone()),
                };
                return Some(Load { to: from.class, column });
            }
            at = model.proxy_of.or(model.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        None
    }

    /// Whether `select_related` or `prefetch_related` of a queryset brings a relation along.
    pub(super) fn brings(&self, set: &Set, path: &str) -> bool {
        let is_below = |known: &str| known == path || known.starts_with(&format!("{path}__"));
        if set.related.iter().any(|(known, _)| is_below(known)) {
            return true;
        }
        if set.prefetched.iter().any(|prefetch| is_below(&prefetch.path)) {
            return true;
        }
        let parts: Vec<&str> = path.split("__").collect();
        // Without names every relation that must lead somewhere is followed.
        set.related_all && follow(self.models, set.model, &parts).is_ok_and(|read| !read.target.null)
    }
}

fn between(table: &crate::name::QName, key: &crate::name::Ident, own: &crate::name::Ident) -> Step {
    Step {
        to: None,
        table: table.clone(),
        from: key.clone(),
        own: own.clone(),
        many: true,
        nullable: true,
        content_type: None,
        kinds: None,
    }
}
