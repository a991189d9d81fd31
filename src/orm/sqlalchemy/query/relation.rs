//! Relationships within expressions: comparing one with a row, and asking whether it leads to any.

use super::lower::{Entity, Lower, Scope, of_model};
use crate::host::value::{Call, Value};
use crate::ir::{CompareOp, Name};
use crate::name::Ident;
use crate::orm::select::{Relation, Select, Source};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Model, Relationship};
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// The relationship that an attribute of an entity is.
    pub fn relationship(&mut self, value: &Value) -> Option<(Entity<'x>, &'x Relationship, HostSpan)> {
        let (of, name, name_place) = self.attribute_of(value)?;
        let entity = self.entity(&of)?;
        let mut model = entity.model?;
        for _ in 0..8 {
            if let Some(found) = model.relationship(&name) {
                return Some((entity, found, name_place));
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
        let (entity, relationship, _) = self.relationship(left)?;
        self.relationship_is(&entity, relationship, op, right, place)
    }

    /// The condition that a relationship leads to a row, or to none.
    pub(super) fn relationship_is(
        &mut self,
        entity: &Entity<'x>,
        relationship: &'x Relationship,
        op: CompareOp,
        right: &Value,
        place: HostSpan,
    ) -> Option<Sql> {
        let is_null = self.pick(right).is_null();
        let is_equal = match op {
            CompareOp::Eq => true,
            CompareOp::NotEq => false,
            _ => return None,
        };
        if is_null && self.refers_back(entity, relationship) {
            let test = self.rows_exist(entity, relationship, &Test::default(), place)?;
            return Some(if is_equal { test.within("NOT (", ")", place) } else { test });
        }
        if relationship.many || relationship.secondary.is_some() {
            return None;
        }
        let Some(join) = &relationship.join else {
            self.cannot("dynamic-join", &relationship.attribute);
            return None;
        };
        self.uses(&entity.source);
        let writer = self.writer();
        let other = self.entity(right);
        let column = |own: &Ident| writer.column(&entity.source.alias, own, place);
        let pair = |(own, remote): &(Ident, Ident)| match (is_null, &other, is_equal) {
            (true, _, true) => column(own).then(" IS NULL"),
            (true, _, false) => column(own).then(" IS NOT NULL"),
            (false, Some(other), _) => {
                let symbol = if is_equal { " = " } else { " <> " };
                column(own).then(symbol).and(writer.column(&other.source.alias, remote, place))
            }
            (false, None, true) => column(own).then(" = ").and(Sql::param(place)),
            // Rows that lead to none lead to another, too.
            (false, None, false) => {
                let differs = column(own).then(" <> ").and(Sql::param(place));
                Sql::join([differs, column(own).then(" IS NULL")], " OR ", place).within("(", ")", place)
            }
        };
        Some(Sql::join(join.iter().map(pair), " AND ", place))
    }

    /// Whether a relationship is found by what the other table says of this one.
    fn refers_back(&self, entity: &Entity<'x>, relationship: &Relationship) -> bool {
        let refers = |model: Option<&Model>, column: &Ident| {
            let mapped = model.and_then(|model| model.columns.iter().find(|mapped| mapped.column == *column));
            mapped.is_some_and(|mapped| mapped.foreign_key.is_some())
        };
        let target = self.cx.linked.sqlalchemy.of_class(relationship.target);
        let pairs = relationship.join.as_deref().unwrap_or_default();
        relationship.many
            || relationship.secondary.is_some()
            || pairs.iter().any(|(own, remote)| !refers(entity.model, own) && refers(target, remote))
    }

    /// `User.posts.any(…)`, `Post.author.has(…)`, `User.posts.contains(post)`
    pub(super) fn relationship_test(&mut self, name: &str, of: &Value, call: &Call, place: HostSpan) -> Option<Sql> {
        if !matches!(name, "any" | "has" | "contains") {
            return None;
        }
        let (entity, relationship, _) = self.relationship(of)?;
        if name == "contains" {
            return self.contains(&entity, relationship, place);
        }
        let test = Test { conditions: &call.positional, named: &call.named, has_key: false };
        self.rows_exist(&entity, relationship, &test, place)
    }

    /// `~User.posts.contains(post)`: what is not within asks whether such a row exists.
    pub(super) fn not_contains(&mut self, value: &Value) -> Option<Sql> {
        let value = self.pick(value);
        let (_, _, of, _) = value.method().filter(|(name, ..)| &***name == "contains")?;
        let (entity, relationship, _) = self.relationship(of)?;
        let test = Test { has_key: true, ..Test::default() };
        self.rows_exist(&entity, relationship, &test, value.place)
    }

    /// The columns of a row that is known, where the relationship leads to it.
    fn contains(&mut self, entity: &Entity<'x>, relationship: &Relationship, place: HostSpan) -> Option<Sql> {
        self.uses(&entity.source);
        let writer = self.writer();
        let own = |column: &Ident| writer.column(&entity.source.alias, column, place);
        let Some(between) = &relationship.secondary else {
            let join = relationship.join.as_ref()?;
            let pair = |(column, _): &(Ident, Ident)| own(column).then(" = ").and(Sql::param(place));
            return Some(Sql::join(join.iter().map(pair), " AND ", place));
        };
        let alias = self.alias(place, None, between.table.name.as_str());
        let column = |column: &Ident| writer.column(&alias, column, place);
        let local = between.local.iter().map(|(here, there)| own(here).then(" = ").and(column(there)));
        let remote = between.remote.iter().map(|(here, _)| column(here).then(" = ").and(Sql::param(place)));
        let condition = Sql::join(local.chain(remote), " AND ", place);
        self.uses(&Source { relation: Relation::Table(between.table.clone()), alias: alias.clone(), place });
        Some(condition)
    }

    /// EXISTS over the rows that a relationship leads to.
    fn rows_exist(
        &mut self,
        entity: &Entity<'x>,
        relationship: &'x Relationship,
        test: &Test<'_>,
        place: HostSpan,
    ) -> Option<Sql> {
        self.uses(&entity.source);
        let target = self.cx.linked.sqlalchemy.of_class(relationship.target)?;
        let mut inner = of_model(target, place);
        let table = inner.source.alias.clone();
        if table == entity.source.alias {
            inner.source.alias = self.alias(place, None, table.as_str());
        }
        let mut select = Select { columns: vec![Sql::text("1", place)], ..Select::default() };
        let on = self.relationship_on(entity, relationship, &inner, &mut select, place)?;
        select.from.push(inner.source.clone());
        select.conditions.push(on);
        self.scopes.push(Scope { named: vec![inner.source.clone()], ..Scope::default() });
        if test.has_key
            && let Some(key) = primary_key(target)
        {
            let column = self.writer().column(&inner.source.alias, key, place);
            select.conditions.push(column.then(" = ").and(Sql::param(place)));
        }
        let alias = inner.source.alias.clone();
        let mut conditions = self.renaming(&table, &alias, |lower| lower.conditions(test.conditions));
        select.conditions.append(&mut conditions);
        for (named, value) in test.named {
            let Some(named) = named else { continue };
            let mapped = target.column(named);
            let column = mapped.map_or_else(|| Ident::new(named), |mapped| mapped.column.clone());
            let own = self.writer().column(&alias, &column, value.place);
            let value = self.operand_of(mapped, value);
            select.conditions.push(own.then(" = ").and(value));
        }
        let Scope { named, parents, .. } = self.scopes.pop().unwrap_or_default();
        select.conditions.extend(parents.into_iter().map(|(_, _, on)| on));
        let is_around = |source: &Source| {
            let mut around = self.scopes.iter().flat_map(|scope| scope.named.iter().chain(&scope.selected));
            around.any(|known| known.alias == source.alias)
        };
        let beside: Vec<Source> = named
            .into_iter()
            .filter(|source| !is_around(source) && select.from.iter().all(|known| known.alias != source.alias))
            .collect();
        select.from.extend(beside);
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
        if relationship.says_more {
            let written = match relationship.secondary {
                None => self.written_on(from, relationship, to, place),
                Some(_) => None,
            };
            match written {
                Some(written) => {
                    return Some(Sql::join(written.into_iter().map(|written| written.sql), " AND ", place));
                }
                None => self.cannot("dynamic-join", &relationship.attribute),
            }
        }
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
        let writer = self.writer();
        let Some(between) = &relationship.secondary else {
            let join = relationship.join.as_ref()?;
            let pair = |(_, remote): &(Ident, Ident)| {
                writer.column(&to.source.alias, remote, place).then(" = ").and(Sql::param(place))
            };
            return Some(Sql::join(join.iter().map(pair), " AND ", place));
        };
        let alias = self.alias(place, None, between.table.name.as_str());
        let column = |column: &Ident| writer.column(&alias, column, place);
        let local = between.local.iter().map(|(_, there)| column(there).then(" = ").and(Sql::param(place)));
        let other = |far: &Ident| writer.column(&to.source.alias, far, place);
        let remote = between.remote.iter().map(|(here, far)| column(here).then(" = ").and(other(far)));
        let condition = Sql::join(local.chain(remote), " AND ", place);
        self.uses(&Source { relation: Relation::Table(between.table.clone()), alias: alias.clone(), place });
        Some(condition)
    }
}

/// What is asked of the rows that a relationship leads to.
#[derive(Default)]
struct Test<'t> {
    conditions: &'t [Value],
    named: &'t [(Option<Name>, Value)],
    /// Whether it is one row that is known.
    has_key: bool,
}

/// The only column of a primary key.
pub(super) fn primary_key(model: &Model) -> Option<&Ident> {
    let mut keys = model.columns.iter().filter(|mapped| mapped.primary);
    let first = keys.next()?;
    keys.next().is_none().then_some(&first.column)
}
