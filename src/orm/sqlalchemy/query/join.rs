//! Joins: by a relationship, by a condition, by the foreign key that leads there.

use std::rc::Rc;

use super::lower::{Entity, Lower, of_model};
use super::statement::Build;
use crate::host::value::{Call, Value};
use crate::name::Ident;
use crate::orm::select::{Join, JoinType, Select, Source};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Model, Relationship};
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// `.join(…)` and its kind, whatever they are given.
    pub(super) fn join(&mut self, build: &mut Build<'x>, name: &str, call: &Call, place: HostSpan) -> Option<()> {
        let is_outer = name.starts_with("outer") || call.says("isouter");
        let kind = match (is_outer, call.says("full")) {
            (_, true) => JoinType::Full,
            (true, false) => JoinType::Left,
            (false, false) => JoinType::Inner,
        };
        let mut arguments = call.positional.clone();
        if name.ends_with("_from") {
            if arguments.is_empty() {
                return self.fail("dynamic-join", name);
            }
            let left = arguments.remove(0);
            if let Some(entity) = self.entity(&left)
                && build.entities.iter().all(|known| known.source.alias != entity.source.alias)
            {
                build.select.from.push(entity.source.clone());
                build.from_said = true;
                build.entities.push(entity);
            }
        }
        let onclause = call.named("onclause").cloned().or_else(|| arguments.get(1).cloned());
        let Some(first) = arguments.first() else { return self.fail("dynamic-join", name) };
        let first = self.pick(first);
        // Before 2.0 several relationships could be joined at once.
        if arguments.len() > 1 && arguments.iter().all(|argument| self.relationship(argument).is_some()) {
            for argument in &arguments {
                self.join_relationship(build, kind, argument, None, place)?;
            }
            return Some(());
        }
        if self.relationship(&first).is_some() || is_refined(&first) || first.text().is_some() {
            return self.join_relationship(build, kind, &first, None, place);
        }
        let Some(target) = self.entity(&first) else { return self.fail("dynamic-join", "what is joined") };
        match onclause.map(|clause| self.pick(&clause)) {
            Some(clause) if self.relationship(&clause).is_some() || is_refined(&clause) => {
                self.join_relationship(build, kind, &clause, Some(target), place)
            }
            Some(clause) => {
                // What the condition names of the target is joined, not listed beside it.
                let on = match self.expr(&clause) {
                    Some(on) => on,
                    None => return self.fail("dynamic-join", "the condition of a join"),
                };
                self.push_join(build, kind, target, Some(on));
                Some(())
            }
            None => self.join_by_key(build, kind, target, place),
        }
    }

    pub(super) fn push_join(&mut self, build: &mut Build<'x>, kind: JoinType, target: Entity<'x>, on: Option<Sql>) {
        self.uses(&target.source);
        // What several branches join is joined by one of them.
        let is_there = |join: &Join| join.source.alias == target.source.alias && join.on == on;
        if !build.select.joins.iter().any(is_there) {
            build.select.joins.push(Join { kind, source: target.source.clone(), on });
        }
        build.entities.push(target.clone());
        build.last = Some(target);
    }

    /// `.join(User.posts)`, `.join(User.posts.of_type(alias))`, `.join("posts")`
    pub(super) fn join_relationship(
        &mut self,
        build: &mut Build<'x>,
        kind: JoinType,
        value: &Value,
        target: Option<Entity<'x>>,
        place: HostSpan,
    ) -> Option<()> {
        let value = self.pick(value);
        let mut refined: Vec<Sql> = Vec::new();
        let mut target = target;
        let mut inner = Rc::clone(&value);
        while let Some((name, _, of, call)) = inner.method().filter(|(name, ..)| matches!(&***name, "of_type" | "and_"))
        {
            match &**name {
                "of_type" => target = call.positional.first().and_then(|first| self.entity(first)),
                _ => refined.append(&mut self.conditions(&call.positional)),
            }
            let of = Rc::clone(of);
            inner = self.pick(&of);
        }
        let (from, relationship, at) = match self.relationship(&inner) {
            Some(found) => found,
            None => {
                let name = inner.text()?;
                let from = build.last.clone().or_else(|| build.entities.first().cloned())?;
                let relationship = from.model?.relationship(&name)?;
                (from, relationship, inner.place)
            }
        };
        let model = self.cx.linked.sqlalchemy.of_class(relationship.target)?;
        let mut to = target.unwrap_or_else(|| of_model(model, at));
        let is_taken = build.entities.iter().any(|known| known.source.alias == to.source.alias);
        if is_taken && from.source.alias == to.source.alias {
            to.source.alias = self.alias(place, None, model.table.name.as_str());
        }
        self.uses(&from.source);
        let mut between =
            Select { from: build.select.joins.iter().map(|join| join.source.clone()).collect(), ..Select::default() };
        let known = between.from.len();
        let Some(on) = self.relationship_on(&from, relationship, &to, &mut between, at) else {
            self.failed = true;
            return None;
        };
        let on = Sql::join(std::iter::once(on).chain(refined), " AND ", at);
        if let Some(source) = between.from.get(known) {
            self.join_between(build, kind, &from, relationship, source.clone(), at);
            let writer = self.writer();
            let secondary = relationship.secondary.as_ref()?;
            let pair = |(own, remote): &(Ident, Ident)| {
                writer.column(&source.alias, own, at).then(" = ").and(writer.column(&to.source.alias, remote, at))
            };
            let on = Sql::join(secondary.remote.iter().map(pair), " AND ", at);
            self.push_join(build, kind, to, Some(on));
            return Some(());
        }
        self.push_join(build, kind, to, Some(on));
        Some(())
    }

    fn join_between(
        &mut self,
        build: &mut Build<'x>,
        kind: JoinType,
        from: &Entity<'x>,
        relationship: &Relationship,
        source: Source,
        at: HostSpan,
    ) {
        let Some(secondary) = &relationship.secondary else { return };
        let writer = self.writer();
        let pair = |(own, between): &(Ident, Ident)| {
            writer.column(&from.source.alias, own, at).then(" = ").and(writer.column(&source.alias, between, at))
        };
        let on = Sql::join(secondary.local.iter().map(pair), " AND ", at);
        self.uses(&source);
        build.select.joins.push(Join { kind, source, on: Some(on) });
    }

    /// `.join(Post)`: on the foreign key between it and what is there.
    fn join_by_key(
        &mut self,
        build: &mut Build<'x>,
        kind: JoinType,
        target: Entity<'x>,
        place: HostSpan,
    ) -> Option<()> {
        let Some(model) = target.model else { return self.fail("dynamic-join", "a subquery without a condition") };
        let mut known = build.entities.clone();
        known.extend(self.of_source(build).filter(|_| build.entities.is_empty()));
        for entity in &known {
            let Some(other) = entity.model else { continue };
            let writer = self.writer();
            let key = |own: &Model, to: &Model| {
                own.columns.iter().find_map(|mapped| {
                    let (table, column) = mapped.foreign_key.as_ref()?;
                    (*table == to.table).then(|| (mapped.column.clone(), column.clone()))
                })
            };
            let pair = match (key(model, other), key(other, model)) {
                (Some((own, remote)), _) => Some((remote, own)),
                (None, Some((remote, own))) => Some((remote, own)),
                (None, None) => None,
            };
            if let Some((left, right)) = pair {
                let left = writer.column(&entity.source.alias, &left, place);
                let on = left.then(" = ").and(writer.column(&target.source.alias, &right, place));
                self.push_join(build, kind, target, Some(on));
                return Some(());
            }
        }
        self.fail("dynamic-join", "no foreign key leads there")
    }
}

/// Whether a relationship is given with a condition or an alias of its own.
fn is_refined(value: &Value) -> bool {
    value.method().is_some_and(|(name, ..)| matches!(&**name, "of_type" | "and_"))
}
