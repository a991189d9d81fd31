//! Relationships within expressions: comparing one with a row, and asking whether it leads to any.

use super::lower::{Entity, Lower, Scope, of_model};
use crate::host::value::{Call, Kind, Value};
use crate::ir::CompareOp;
use crate::name::Ident;
use crate::orm::select::{Relation, Select, Source};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Model, Relationship};
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// The relationship that an attribute of an entity is.
    pub fn relationship(&mut self, value: &Value) -> Option<(Entity<'x>, &'x Relationship, HostSpan)> {
        let value = self.pick(value);
        let Kind::Attribute { of, name, name_place } = &value.kind else { return None };
        let entity = self.entity(of)?;
        let mut model = entity.model?;
        for _ in 0..8 {
            if let Some(found) = model.relationship(name) {
                return Some((entity, found, *name_place));
            }
            model = self.cx.linked.sqlalchemy.of_class(model.parent?)?;
        }
        None
    }

    /// `Role.project == project`
    pub(super) fn compare_relationship(
        &mut self,
        left: &Value,
        op: CompareOp,
        right: &Value,
        place: HostSpan,
    ) -> Option<Sql> {
        let (entity, relationship, name_place) = self.relationship(left)?;
        if relationship.many || relationship.secondary.is_some() {
            return None;
        }
        let Some(join) = &relationship.join else {
            self.cannot("dynamic-join", &relationship.attribute);
            return None;
        };
        self.uses(&entity.source);
        let is_null = self.pick(right).is_null();
        let symbol = match (op, is_null) {
            (CompareOp::Eq, true) => " IS NULL",
            (CompareOp::NotEq, true) => " IS NOT NULL",
            (CompareOp::Eq, false) => " = ",
            (CompareOp::NotEq, false) => " <> ",
            _ => return None,
        };
        let writer = self.writer();
        let other = self.entity(right);
        let pair = |(own, remote): &(Ident, Ident)| {
            let column = writer.column(&entity.source.alias, own, name_place);
            match (is_null, &other) {
                (true, _) => column.then(symbol),
                (false, Some(other)) => column.then(symbol).and(writer.column(&other.source.alias, remote, place)),
                (false, None) => column.then(symbol).and(Sql::param(place)),
            }
        };
        Some(Sql::join(join.iter().map(pair), " AND ", place))
    }

    /// `User.posts.any(…)`, `Post.author.has(…)`, `User.posts.contains(post)`
    pub(super) fn relationship_test(&mut self, name: &str, of: &Value, call: &Call, place: HostSpan) -> Option<Sql> {
        if !matches!(name, "any" | "has" | "contains") {
            return None;
        }
        let (entity, relationship, _) = self.relationship(of)?;
        self.uses(&entity.source);
        let target = self.cx.linked.sqlalchemy.of_class(relationship.target)?;
        let mut inner = of_model(target, place);
        if target.table.name == entity.source.alias {
            inner.source.alias = self.alias(place, None, target.table.name.as_str());
        }
        let mut select = Select { columns: vec![Sql::text("1", place)], ..Select::default() };
        let on = self.relationship_on(&entity, relationship, &inner, &mut select, place)?;
        select.from.push(inner.source.clone());
        select.conditions.push(on);
        self.scopes.push(Scope { named: vec![inner.source.clone()], selected: Vec::new() });
        if name == "contains" {
            let key = primary_key(target)?;
            let column = self.writer().column(&inner.source.alias, key, place);
            select.conditions.push(column.then(" = ").and(Sql::param(place)));
        } else {
            let mut conditions = self.conditions(&call.positional);
            select.conditions.append(&mut conditions);
            for (named, value) in &call.named {
                let Some(named) = named else { continue };
                let column = target.column(named).map_or_else(|| Ident::new(named), |mapped| mapped.column.clone());
                let own = self.writer().column(&inner.source.alias, &column, value.place);
                let value = self.constant(value);
                select.conditions.push(own.then(" = ").and(value));
            }
        }
        self.scopes.pop();
        Some(self.writer().select(&select).within("EXISTS (", ")", place))
    }

    /// The condition that a relationship joins on; a table between both is put into the query.
    pub(super) fn relationship_on(
        &mut self,
        from: &Entity<'x>,
        relationship: &Relationship,
        to: &Entity<'x>,
        select: &mut Select,
        place: HostSpan,
    ) -> Option<Sql> {
        let writer = self.writer();
        let pairs = |left: &Ident, right: &Ident, pairs: &[(Ident, Ident)]| {
            let pair = |(own, other): &(Ident, Ident)| {
                writer.column(left, own, place).then(" = ").and(writer.column(right, other, place))
            };
            Sql::join(pairs.iter().map(pair), " AND ", place)
        };
        let (own, target) = (&from.source.alias, &to.source.alias);
        if let Some(between) = &relationship.secondary {
            let alias = match select.from.iter().any(|source| source.alias == between.table.name) {
                true => self.alias(place, None, between.table.name.as_str()),
                false => between.table.name.clone(),
            };
            let on =
                Sql::join([pairs(own, &alias, &between.local), pairs(&alias, target, &between.remote)], " AND ", place);
            select.from.push(Source { relation: Relation::Table(between.table.clone()), alias, place });
            return Some(on);
        }
        match &relationship.join {
            Some(join) if !join.is_empty() => Some(pairs(own, target, join)),
            _ => {
                self.cannot("dynamic-join", &relationship.attribute);
                None
            }
        }
    }

    /// `with_parent(user, User.posts)`
    pub(super) fn with_parent(&mut self, call: &Call, place: HostSpan) -> Option<Sql> {
        let (_, relationship, _) = self.relationship(call.positional.get(1)?)?;
        let target = self.cx.linked.sqlalchemy.of_class(relationship.target)?;
        let to = of_model(target, place);
        self.uses(&to.source);
        let join = relationship.join.as_ref().filter(|_| relationship.secondary.is_none())?;
        let writer = self.writer();
        let pair = |(_, remote): &(Ident, Ident)| {
            writer.column(&to.source.alias, remote, place).then(" = ").and(Sql::param(place))
        };
        Some(Sql::join(join.iter().map(pair), " AND ", place))
    }
}

/// The only column of a primary key.
pub(super) fn primary_key(model: &Model) -> Option<&Ident> {
    let mut keys = model.columns.iter().filter(|mapped| mapped.primary);
    let first = keys.next()?;
    keys.next().is_none().then_some(&first.column)
}
