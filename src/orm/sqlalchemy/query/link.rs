//! The calls of a chain: what each adds to the statement.

use std::rc::Rc;

use super::lower::{Entity, Lower, of_model};
use super::relation::primary_key;
use super::statement::{Build, Deed};
use crate::host::value::{Call, Kind, Value};
use crate::ir::{CompareOp, Name};
use crate::name::Ident;
use crate::orm::select::{Join, JoinType, Relation, Select, Source};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::names::each;
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// Adds a call to the statement; nothing where the chain is no query any more.
    pub(super) fn link(
        &mut self,
        build: &mut Build<'x>,
        name: &Name,
        name_place: HostSpan,
        call: &Call,
        link: &Value,
    ) -> Option<()> {
        let place = link.place;
        match &**name {
            "filter" | "where" => {
                let mut conditions = self.conditions(&call.positional);
                build.select.conditions.append(&mut conditions);
            }
            "filter_by" => self.filter_by(build, call)?,
            "having" => {
                let mut conditions = self.conditions(&call.positional);
                build.select.having.append(&mut conditions);
            }
            "join" | "outerjoin" | "join_from" | "outerjoin_from" => self.join(build, name, call, place)?,
            "select_from" => {
                for argument in &call.positional {
                    self.select_from(build, argument);
                }
            }
            "order_by" => self.order_by(build, call),
            "group_by" => {
                for key in &call.positional {
                    match self.expr(key).or_else(|| self.named_key(key)) {
                        Some(sql) => build.select.group.push(sql),
                        None => self.group_entity(build, key),
                    }
                }
            }
            "limit" | "offset" => {
                let value = call.positional.first()?;
                let sql = if self.pick(value).is_null() { None } else { Some(self.operand(value)) };
                match &**name {
                    "limit" => build.select.limit = sql,
                    _ => build.select.offset = sql,
                }
            }
            "slice" => {
                build.select.limit = Some(Sql::param(place));
                build.select.offset = Some(self.constant(call.positional.first()?));
            }
            "distinct" => {
                let keys = call.positional.iter().filter_map(|key| self.expr(key)).collect();
                build.select.distinct = Some(keys);
            }
            "with_entities" | "with_only_columns" => {
                build.select.columns.clear();
                build.selected.clear();
                build.loaded.clear();
                let values = match call.positional.first().map(|first| &first.kind) {
                    Some(Kind::List(items)) => items.clone(),
                    _ => call.positional.clone(),
                };
                self.columns(build, &values);
            }
            "add_columns" | "add_column" | "add_entity" | "column" => self.columns(build, &call.positional),
            "options" => build.options.extend(call.positional.iter().cloned()),
            "with_for_update" | "with_lockmode" => build.select.lock = Some(self.lock(call)),
            "values" if build.deed == Deed::Update => self.values(build, call),
            "union" | "union_all" | "intersect" | "except_" | "intersect_all" | "except_all" => {
                self.compound_with(build, name, call)?;
            }
            "exists" => build.select.columns = vec![Sql::text("1", name_place)],
            // What it gives is rows, not a query.
            "first" | "one" | "one_or_none" | "all" | "scalar" | "scalars" | "scalar_one" | "scalar_one_or_none"
            | "count" | "get" | "get_or_404" | "first_or_404" | "one_or_404" | "delete" | "update" | "paginate"
            | "execute" | "unique" | "fetchall" | "fetchone" | "mappings" | "partitions" => return None,
            "from_self" => return self.fail("dynamic-subquery", "from_self"),
            "subquery"
            | "scalar_subquery"
            | "as_scalar"
            | "cte"
            | "alias"
            | "label"
            | "returning"
            | "correlate"
            | "correlate_except"
            | "execution_options"
            | "params"
            | "yield_per"
            | "populate_existing"
            | "enable_eagerloads"
            | "autoflush"
            | "with_hint"
            | "prefix_with"
            | "suffix_with"
            | "reset_joinpoint"
            | "with_session"
            | "set_label_style"
            | "apply_labels"
            | "enable_assertions"
            | "bindparams"
            | "lateral"
            | "add_cte"
            | "with_labels"
            | "merge_result"
            | "self_group"
            | "values"
            | "ordered_values"
            | "with_statement_hint"
            | "compile"
            | "dialect_options" => {}
            _ => {
                // A method that the application adds to its queries may do anything.
                self.cannot("dynamic-method", name);
            }
        }
        Some(())
    }

    /// Equalities on columns of what was joined last, or of the first entity.
    fn filter_by(&mut self, build: &mut Build<'x>, call: &Call) -> Option<()> {
        let entity = build.last.clone().or_else(|| build.entities.first().cloned());
        let Some(entity) = entity.or_else(|| self.of_source(build)) else {
            return self.fail("unknown-table", "filter_by");
        };
        let keywords: Vec<_> = call.keywords().map(|(name, at, value)| (name.cloned(), at, value.clone())).collect();
        for (name, at, value) in &keywords {
            let Some(name) = name else {
                self.cannot("dynamic-condition", "a dictionary of conditions");
                continue;
            };
            let (value, comes_and_goes) = match &value.kind {
                Kind::Optional(inner) => (inner, true),
                _ => (value, false),
            };
            if comes_and_goes && !self.ways.takes_optional() {
                continue;
            }
            if let Some(sql) = self.equals(&entity, name, value, *at) {
                build.select.conditions.push(sql);
            }
        }
        Some(())
    }

    /// The model of what columns alone were selected from.
    fn of_source(&mut self, build: &Build<'x>) -> Option<Entity<'x>> {
        let source = build.selected.first()?;
        let Relation::Table(table) = &source.relation else { return None };
        let model = self.cx.linked.sqlalchemy.by_table(table)?;
        Some(Entity { source: source.clone(), model: Some(model) })
    }

    fn equals(&mut self, entity: &Entity<'x>, name: &Name, value: &Value, at: HostSpan) -> Option<Sql> {
        if let Some(relationship) = entity.model.and_then(|model| model.relationship(name)) {
            return self.relationship_is(entity, relationship, CompareOp::Eq, value, at);
        }
        let mapped = entity.model.and_then(|model| model.column(name));
        let column = match mapped {
            Some(mapped) => mapped.column.clone(),
            None => {
                let is_known = entity.model.is_some_and(|model| {
                    model.complete
                        && model.parent.is_none()
                        && !model.properties.contains_key(name)
                        && !model.hybrids.contains_key(name)
                });
                if !is_known {
                    self.cannot("dynamic-column", name);
                    return None;
                }
                Ident::new(name)
            }
        };
        self.uses(&entity.source);
        let own = self.writer().column(&entity.source.alias, &column, at);
        match self.pick(value).is_null() {
            true => Some(own.then(" IS NULL")),
            false => {
                let value = self.operand_of(mapped, value);
                Some(own.then(" = ").and(value))
            }
        }
    }

    fn select_from(&mut self, build: &mut Build<'x>, argument: &Value) {
        let argument = self.pick(argument);
        if let Some(entity) = self.entity(&argument) {
            build.select.from.push(entity.source.clone());
            build.from_said = true;
            build.entities.insert(0, entity);
            return;
        }
        // `a.join(b, …)` of tables.
        if let Some((name, _, of, call)) = argument.method()
            && matches!(&**name, "join" | "outerjoin")
        {
            let (name, of, call) = (name.clone(), Rc::clone(of), call.clone());
            self.select_from(build, &of);
            if self.join(build, &name, &call, argument.place).is_some() {
                return;
            }
        }
        self.cannot("dynamic-table", "what is selected from");
        self.failed = true;
    }

    fn order_by(&mut self, build: &mut Build<'x>, call: &Call) {
        let mut keys: Vec<Value> = Vec::new();
        for key in &call.positional {
            self.order_keys(key, &mut keys);
        }
        for key in keys {
            if key.is_null() || key.bool() == Some(false) {
                build.select.order.clear();
                continue;
            }
            let before = self.unknown.len();
            match self.expr(&key).or_else(|| self.named_key(&key)) {
                Some(sql) => build.select.order.push(sql),
                None => {
                    self.unknown.truncate(before);
                    self.cannot("dynamic-order", "a key of the order");
                }
            }
        }
    }

    fn order_keys(&mut self, key: &Value, keys: &mut Vec<Value>) {
        let key = self.pick(key);
        match &key.kind {
            Kind::List(items) => items.iter().for_each(|item| self.order_keys(item, keys)),
            Kind::Spread(inner) => self.order_keys(inner, keys),
            Kind::Optional(inner) => {
                if self.ways.takes_optional() {
                    self.order_keys(inner, keys);
                }
            }
            _ => keys.push(key),
        }
    }

    /// Grouping by a class is grouping by its key.
    fn group_entity(&mut self, build: &mut Build<'x>, key: &Value) {
        let entity = self.entity(key);
        let column = entity.as_ref().and_then(|entity| Some((entity, primary_key(entity.model?)?)));
        match column {
            Some((entity, column)) => {
                let sql = self.writer().column(&entity.source.alias, column, key.place);
                build.select.group.push(sql);
            }
            None => self.cannot("dynamic-group", "a key of the groups"),
        }
    }

    fn values(&mut self, build: &mut Build<'x>, call: &Call) {
        let pairs = call.positional.first().and_then(|first| match &first.kind {
            Kind::Dict(pairs) => Some(pairs.clone()),
            _ => None,
        });
        for (key, value) in pairs.unwrap_or_default() {
            self.set(build, key.as_ref(), &value);
        }
        for (name, value) in &call.named {
            if let Some(name) = name {
                self.set_named(build, name, value);
            }
        }
    }

    /// A column and its value in SET.
    pub(super) fn set(&mut self, build: &mut Build<'x>, key: Option<&Value>, value: &Value) {
        let Some(key) = key else { return };
        let key = self.pick(key);
        match &key.kind {
            Kind::Text(_) => {
                if let Some(name) = key.text() {
                    self.set_named(build, &Name::from(name), value);
                }
            }
            Kind::Attribute { name, .. } => self.set_named(build, &name.clone(), value),
            _ => {}
        }
    }

    fn set_named(&mut self, build: &mut Build<'x>, name: &Name, value: &Value) {
        let value = match &value.kind {
            Kind::Optional(inner) => inner,
            _ => value,
        };
        let model = build.entities.first().and_then(|entity| entity.model);
        let Some(model) = model else { return };
        let mapped = model.column(name);
        let column = match mapped {
            Some(mapped) => mapped.column.clone(),
            None if model.complete && !model.hybrids.contains_key(name) && !model.properties.contains_key(name) => {
                Ident::new(name)
            }
            None => return,
        };
        let own = Sql::text(self.cx.dialect.quote(&column).into_owned(), value.place);
        let value = self.operand_of(mapped, value);
        build.set.push((own, value));
    }

    /// What `with_for_update(…)` says.
    fn lock(&mut self, call: &Call) -> String {
        let strength = match (call.says("read"), call.says("key_share")) {
            (true, true) => "FOR KEY SHARE",
            (true, false) => "FOR SHARE",
            (false, true) => "FOR NO KEY UPDATE",
            (false, false) => "FOR UPDATE",
        };
        let mut lock = strength.to_owned();
        let of: Vec<Value> = call.named("of").map(|of| each(of).into_iter().cloned().collect()).unwrap_or_default();
        let mut tables: Vec<String> = Vec::new();
        for of in &of {
            let owner = match &of.kind {
                Kind::Attribute { of, .. } => self.entity(of),
                _ => None,
            };
            if let Some(entity) = self.entity(of).or(owner) {
                let table = self.cx.dialect.quote(&entity.source.alias).into_owned();
                tables.extend((!tables.contains(&table)).then_some(table));
            }
        }
        if !tables.is_empty() {
            lock += &format!(" OF {}", tables.join(", "));
        }
        for (word, sql) in [("nowait", " NOWAIT"), ("skip_locked", " SKIP LOCKED")] {
            lock += if call.says(word) { sql } else { "" };
        }
        lock
    }

    fn compound_with(&mut self, build: &mut Build<'x>, name: &str, call: &Call) -> Option<()> {
        let word = set_operator(name);
        for other in &call.positional {
            match self.apart(other) {
                Some(sql) => build.compound.push((word, sql)),
                None => return self.fail("dynamic-subquery", name),
            }
        }
        Some(())
    }

    fn join(&mut self, build: &mut Build<'x>, name: &str, call: &Call, place: HostSpan) -> Option<()> {
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
        build.select.joins.push(Join { kind, source: target.source.clone(), on });
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
        relationship: &crate::orm::sqlalchemy::models::Relationship,
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
            let key = |own: &crate::orm::sqlalchemy::models::Model, to: &crate::orm::sqlalchemy::models::Model| {
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

/// What stands between two queries that are put together.
pub(super) fn set_operator(name: &str) -> &'static str {
    match name {
        "union" => " UNION ",
        "union_all" => " UNION ALL ",
        "intersect" | "intersect_all" => " INTERSECT ",
        _ => " EXCEPT ",
    }
}

/// Whether a relationship is given with a condition or an alias of its own.
fn is_refined(value: &Value) -> bool {
    value.method().is_some_and(|(name, ..)| matches!(&**name, "of_type" | "and_"))
}
