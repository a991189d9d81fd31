//! Queries that nobody wrote: relationships that are read with the rows, after them, or one by one in a loop.

use std::rc::Rc;

use super::SOURCE;
use super::lower::{Entity, Lower, of_model};
use super::ready::Ending;
use super::statement::Build;
use crate::host::flow::{Deed, Event};
use crate::host::value::{Kind, Value, holds};
use crate::host::ways::Ways;
use crate::name::Ident;
use crate::orm::Context;
use crate::orm::select::{JoinType, Relation, Select, Source};
use crate::orm::site::Draft;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Loading, Property, Relationship};
use crate::query::{Implied, SiteOrigin, VariantKind};
use crate::source::HostSpan;

/// How many relationships in a row are read with a row.
const MAX_LOADS: usize = 3;

/// A query that another one brings with it.
pub(super) struct Load {
    sql: Sql,
    cause: HostSpan,
}

impl Load {
    pub fn draft(&self, event: &Event, place: HostSpan) -> Draft {
        let forms = vec![(VariantKind::Required, self.sql.clone())];
        let origin = SiteOrigin::Implied { kind: Implied::PrefetchIn, cause: self.cause };
        Draft {
            place: if self.cause.file == place.file { self.cause } else { place },
            origin,
            ..Draft::new(event, SOURCE, forms)
        }
    }
}

impl<'x> Lower<'_, 'x, '_> {
    /// What `options(…)` and the relationships themselves say is read with the rows or after them.
    pub(super) fn loads(&mut self, build: &mut Build<'x>, loads: &mut Vec<Load>) {
        let options = std::mem::take(&mut build.options);
        for option in &options {
            self.option(build, option, loads);
        }
        for entity in build.loaded.clone() {
            let mut path = vec![entity.source.relation.clone()];
            self.own_loads(build, &entity, &options, &mut path, loads);
            self.own_expressions(build, &entity);
        }
    }

    /// What relationships say of themselves, where no option says otherwise.
    fn own_loads(
        &mut self,
        build: &mut Build<'x>,
        from: &Entity<'x>,
        options: &[Value],
        path: &mut Vec<Relation>,
        loads: &mut Vec<Load>,
    ) {
        let Some(model) = from.model.filter(|_| path.len() <= MAX_LOADS) else { return };
        for relationship in &model.relationships {
            let is_eager = matches!(relationship.loading, Loading::Joined | Loading::Selectin | Loading::Subquery);
            if !is_eager || options.iter().any(|option| self.is_said(option, &relationship.attribute)) {
                continue;
            }
            let Some(target) = self.cx.linked.sqlalchemy.of_class(relationship.target) else { continue };
            let mut to = of_model(target, self.place);
            // What leads back to where it came from is not followed again.
            if path.contains(&to.source.relation) {
                continue;
            }
            if relationship.loading == Loading::Joined {
                to.source.alias = self.new_alias(None, None, target.table.name.as_str());
                self.join_loaded(build, from, relationship, &to, loads);
                path.push(to.source.relation.clone());
                self.own_loads(build, &to, options, path, loads);
                path.pop();
            } else if let Some(sql) = self.by_keys(from, relationship, &to, Keys::Several) {
                loads.push(Load { sql, cause: relationship.place });
            }
        }
    }

    /// Whether an option names a relationship, or all of them.
    fn is_said(&self, option: &Value, name: &str) -> bool {
        holds(option, &|node| match &node.kind {
            Kind::Attribute { name: said, .. } => **said == *name,
            Kind::Function(id, Some(_)) => *self.cx.linked.code.function(*id).function.name == *name,
            _ => node.text().as_deref() == Some("*"),
        })
    }

    /// Columns of an entity that are queries of their own.
    fn own_expressions(&mut self, build: &mut Build<'x>, entity: &Entity<'x>) {
        let Some(model) = entity.model else { return };
        for (name, property) in &model.properties {
            if *property != Property::Expression {
                continue;
            }
            let before = self.unknown.len();
            let sql = self.column_property(entity, name, self.place);
            self.unknown.truncate(before);
            if let Some(sql) = sql.filter(|sql| sql.shown().contains("SELECT ")) {
                build.select.columns.push(sql.then(&format!(" AS {}", self.cx.dialect.quote(&Ident::new(name)))));
            }
        }
    }

    /// `joinedload(A.b).selectinload(B.c)`: each call loads from where the one before it led.
    fn option(&mut self, build: &mut Build<'x>, option: &Value, loads: &mut Vec<Load>) {
        let mut steps: Vec<Value> = Vec::new();
        let mut at = self.pick(option);
        if let Kind::Optional(inner) | Kind::Spread(inner) = &at.kind {
            at = self.pick(inner);
        }
        if let Kind::List(items) = &at.kind {
            return items.iter().for_each(|item| self.option(build, item, loads));
        }
        loop {
            steps.push(Rc::clone(&at));
            match at.method() {
                Some((_, _, of, _)) if of.call().is_some() => at = self.pick(&Rc::clone(of)),
                _ => break,
            }
        }
        let mut from: Option<Entity<'x>> = None;
        let mut is_apart = false;
        for step in steps.iter().rev() {
            let Some((word, call)) = super::called(step) else { return };
            let Some(first) = call.positional.first() else { return };
            let loading = match word {
                "joinedload" => Loading::Joined,
                "selectinload" | "subqueryload" | "immediateload" => Loading::Selectin,
                "contains_eager" => Loading::No,
                _ => return,
            };
            // Behind rows that a query of their own reads, nothing is joined to this one.
            let loading = if is_apart && loading == Loading::Joined { Loading::Selectin } else { loading };
            is_apart |= loading == Loading::Selectin;
            let Some((entity, relationship, place)) = self.relationship(first) else { return };
            let from_here = from.clone().unwrap_or(entity);
            let Some(model) = self.cx.linked.sqlalchemy.of_class(relationship.target) else { return };
            let mut target = of_model(model, place);
            match loading {
                Loading::Joined => {
                    target.source.alias = self.alias(step.place, None, model.table.name.as_str());
                    self.join_loaded(build, &from_here, relationship, &target, loads);
                }
                Loading::Selectin => {
                    if let Some(sql) = self.by_keys(&from_here, relationship, &target, Keys::Several) {
                        loads.push(Load { sql, cause: step.place });
                    }
                }
                _ => {}
            }
            from = Some(target);
        }
    }

    fn join_loaded(
        &mut self,
        build: &mut Build<'x>,
        from: &Entity<'x>,
        relationship: &Relationship,
        target: &Entity<'x>,
        loads: &mut Vec<Load>,
    ) {
        let place = target.source.place;
        let Select { limit, offset, distinct, group, .. } = &build.select;
        let is_cut = limit.is_some() || offset.is_some() || distinct.is_some() || !group.is_empty();
        // Of rows that are cut off, what joins to each is joined around them: it is looked for by their keys.
        if is_cut && (relationship.many || relationship.secondary.is_some()) {
            let target = target.model.map(|model| of_model(model, place));
            let sql = target.and_then(|target| self.by_keys(from, relationship, &target, Keys::Several));
            loads.extend(sql.map(|sql| Load { sql, cause: place }));
            return;
        }
        let last = build.last.clone();
        match &relationship.secondary {
            Some(between) => {
                let alias = self.new_alias(None, None, between.table.name.as_str());
                let relation = Relation::Table(between.table.clone());
                let source = Source { relation, alias: alias.clone(), place };
                let writer = self.writer();
                let equal = |left: &Ident, right: &Ident, pairs: &[(Ident, Ident)]| {
                    let pair = |(own, other): &(Ident, Ident)| {
                        writer.column(left, own, place).then(" = ").and(writer.column(right, other, place))
                    };
                    Sql::join(pairs.iter().map(pair), " AND ", place)
                };
                let (first, second) = (
                    equal(&from.source.alias, &alias, &between.local),
                    equal(&alias, &target.source.alias, &between.remote),
                );
                if relationship.says_more || first.is_empty() || second.is_empty() {
                    return;
                }
                self.push_join(build, JoinType::Left, Entity { source, model: None }, Some(first));
                self.push_join(build, JoinType::Left, target.clone(), Some(second));
            }
            None => {
                let before = self.unknown.len();
                let mut none = Select::default();
                let on = self.relationship_on(from, relationship, target, &mut none, place);
                let is_told = self.unknown.len() == before;
                self.unknown.truncate(before);
                let Some(on) = on.filter(|_| is_told) else { return };
                self.push_join(build, JoinType::Left, target.clone(), Some(on));
            }
        }
        build.last = last;
    }

    /// The rows that a relationship leads to, by the keys of those that it starts from.
    pub(super) fn by_keys(
        &mut self,
        from: &Entity<'x>,
        relationship: &Relationship,
        target: &Entity<'x>,
        keys: Keys,
    ) -> Option<Sql> {
        let place = target.source.place;
        let more = match (relationship.says_more, &relationship.secondary) {
            (false, _) => Vec::new(),
            (true, None) => self.written_on(from, relationship, target, place)?,
            (true, Some(_)) => return None,
        };
        let writer = self.writer();
        let columns = vec![Sql::text(format!("{}.*", self.cx.dialect.quote(&target.source.alias)), place)];
        let mut select = Select { columns, from: vec![target.source.clone()], ..Select::default() };
        let (alias, column) = match &relationship.secondary {
            Some(between) => {
                let [(_, own)] = between.local.as_slice() else { return None };
                let source = Source {
                    relation: Relation::Table(between.table.clone()),
                    alias: between.table.name.clone(),
                    place,
                };
                let pair = |(here, there): &(Ident, Ident)| {
                    let left = writer.column(&source.alias, here, place);
                    left.then(" = ").and(writer.column(&target.source.alias, there, place))
                };
                select.conditions.push(Sql::join(between.remote.iter().map(pair), " AND ", place));
                select.from.insert(0, source.clone());
                (source.alias, own.clone())
            }
            None => {
                let [(_, remote)] = relationship.join.as_ref()?.as_slice() else { return None };
                (target.source.alias.clone(), remote.clone())
            }
        };
        let own = writer.column(&alias, &column, place);
        select.conditions.insert(
            0,
            match keys {
                Keys::Several => own.then(" IN (").and(Sql::param(place)).then(")"),
                Keys::One => own.then(" = ").and(Sql::param(place)),
            },
        );
        select.conditions.extend(more.into_iter().filter(|written| !written.names_own).map(|written| written.sql));
        for (column, is_descending) in &relationship.order_by {
            let key = writer.column(&target.source.alias, column, place);
            select.order.push(if *is_descending { key.then(" DESC") } else { key });
        }
        Some(writer.select(&select))
    }
}

/// How many rows a relationship is read for at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    One,
    Several,
}

/// Relationships that are read one by one in a loop over a query's rows.
pub(super) fn lazy(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for event in events.iter().filter(|event| event.deed == Deed::Read) {
        let Kind::Attribute { of, name, name_place } = &event.value.kind else { continue };
        let Kind::Item(over) = &of.kind else { continue };
        let Some(around) = event.loops.iter().rev().find(|around| Rc::ptr_eq(&around.over, over)) else { continue };
        // One query for each row, however often it is read: SQLAlchemy keeps what it has loaded.
        if drafts.iter().any(|known| known.in_loop == Some(around.place) && known.place == *name_place) {
            continue;
        }
        let ways = Ways::new(VariantKind::Required);
        let mut lower = Lower::new(cx, &ways, event.value.place);
        let Some(sql) = lower.lazily(over, name, *name_place) else { continue };
        let origin = SiteOrigin::Implied { kind: Implied::RelationLoad, cause: *name_place };
        let forms = vec![(VariantKind::Required, sql)];
        let draft = Draft::new(event, SOURCE, forms);
        drafts.push(Draft { place: *name_place, origin, in_loop: Some(around.place), ..draft });
    }
    drafts
}

impl Lower<'_, '_, '_> {
    /// The query that reading a relationship of a row sends, unless it came with the rows.
    fn lazily(&mut self, rows: &Value, name: &str, place: HostSpan) -> Option<Sql> {
        let build = self.statement(&self.rows_of(rows))?;
        self.scopes.clear();
        let [entity] = build.loaded.as_slice() else { return None };
        let model = entity.model.filter(|_| build.select.columns.len() == 1)?;
        let relationship = model.relationship(name).filter(|found| found.loading == Loading::Lazy)?;
        if build.options.iter().any(|option| self.is_said(option, name)) {
            return None;
        }
        let target = of_model(self.cx.linked.sqlalchemy.of_class(relationship.target)?, place);
        self.by_keys(entity, relationship, &target, Keys::One)
    }

    /// The query whose rows a value is: what `.all()` and `session.execute(…).scalars()` are called on.
    fn rows_of(&self, rows: &Value) -> Value {
        let mut rows = self.pick(rows);
        for _ in 0..8 {
            let Some((ending, query)) = Ending::of(&rows) else { break };
            // What the result of an execution is asked for is no query.
            let is_result =
                query.method().is_some_and(|(name, ..)| matches!(&**name, "execute" | "scalars" | "unique"));
            let is_sent = matches!(ending, Ending::All | Ending::Page) || is_result;
            if !is_sent {
                break;
            }
            rows = self.pick(&query);
        }
        rows
    }
}
