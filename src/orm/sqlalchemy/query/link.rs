//! The calls of a chain: what each adds to the statement.

use std::rc::Rc;

use super::lower::{Entity, Lower};
use super::relation::primary_key;
use super::statement::{Build, Deed};
use crate::host::value::{Call, Kind, Value};
use crate::ir::{CompareOp, Name};
use crate::name::Ident;
use crate::orm::select::{Relation, Source};
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
                let (start, stop) = (call.positional.first(), call.positional.get(1));
                self.bounds(build, start, stop, place);
            }
            "distinct" => {
                let keys = call.positional.iter().filter_map(|key| self.expr(key)).collect();
                build.select.distinct = Some(keys);
            }
            "with_entities" | "with_only_columns" => {
                build.select.columns.clear();
                let selected = std::mem::take(&mut build.selected);
                if call.says("maintain_column_froms") {
                    let is_new = |source: &Source| build.select.from.iter().all(|known| known.alias != source.alias);
                    let kept: Vec<Source> = selected.into_iter().filter(is_new).collect();
                    build.select.from.extend(kept);
                }
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

    /// `query[5]` and `query[10:20]` of a legacy query; nothing where it is no item of one.
    pub(super) fn slice(&mut self, build: &mut Build<'x>, at: &Value, place: HostSpan) -> Option<()> {
        if build.deed != Deed::Select {
            return None;
        }
        let at = self.pick(at);
        match &at.kind {
            Kind::Text(_) => return None,
            Kind::Slice { start, stop } => self.bounds(build, start.as_ref(), stop.as_ref(), place),
            // What counts from the end is counted by the host, which reads all rows.
            _ if at.integer().is_some_and(|number| number < 0) => {}
            _ => {
                build.select.limit = Some(Sql::text("1", place));
                build.select.offset = Some(self.constant(&at)).filter(|_| at.integer() != Some(0));
            }
        }
        Some(())
    }

    fn bounds(&mut self, build: &mut Build<'x>, start: Option<&Value>, stop: Option<&Value>, place: HostSpan) {
        let number = |value: Option<&Value>| value.and_then(|value| value.integer());
        let start = start.filter(|start| !start.is_null() && start.integer() != Some(0));
        let stop = stop.filter(|stop| !stop.is_null());
        if number(start).is_some_and(|start| start < 0) || number(stop).is_some_and(|stop| stop < 0) {
            return;
        }
        build.select.offset = start.map(|start| self.constant(start));
        build.select.limit = stop.map(|stop| match (number(start), number(Some(stop)), start) {
            (Some(start), Some(stop), _) => Sql::text((stop - start).max(0).to_string(), place),
            (None, Some(_), None) => self.constant(stop),
            _ => Sql::param(place),
        });
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
    pub(super) fn of_source(&mut self, build: &Build<'x>) -> Option<Entity<'x>> {
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
