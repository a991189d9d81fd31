//! How a query ends: the call that sends it, and what that makes of its clauses.

use std::rc::Rc;

use super::load::Load;
use super::lower::{Entity, Lower, Scope};
use super::statement::{Build, Deed, Root};
use crate::host::value::{Kind, Node, Value};
use crate::orm::select::{Relation, Select, Source};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::Mapped;

/// How a query is sent.
#[derive(Clone, Debug, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All rows are read.
    All,
    /// The first row is asked for: `LIMIT 1`.
    First,
    /// One row is read, without a limit.
    One,
    /// `.count()`
    Count,
    /// `.delete()` of a legacy query.
    Delete,
    /// `.update({…})` of a legacy query.
    Update,
    /// `.get(key)` of a legacy query.
    Get,
    /// `session.get(Model, key)`
    GetOf,
    /// A page: `LIMIT … OFFSET …`.
    Page,
    /// Nobody in the function sends it.
    Unfinished,
}

impl Ending {
    /// The way that a call sends a query, and the query.
    pub fn of(value: &Value) -> Option<(Self, Value)> {
        if let Some(call) = value.call()
            && let Some("list" | "tuple" | "set" | "sorted") = call.callee.external()
        {
            return Some((Self::All, Rc::clone(call.positional.first()?)));
        }
        let (ending, is_receiver) = Self::of_node(value)?;
        let (_, _, of, call) = value.method()?;
        match (ending, is_receiver) {
            (Self::GetOf, _) => Some((ending, Rc::clone(value))),
            (_, true) => Some((ending, Rc::clone(of))),
            (_, false) => {
                let first =
                    call.positional.first().or_else(|| call.named("statement")).or_else(|| call.named("query"))?;
                Some((ending, Rc::clone(first)))
            }
        }
    }

    /// The way that a call sends a query, and whether the query is what it is called on.
    pub fn of_node(node: &Node) -> Option<(Self, bool)> {
        let (name, _, _, call) = node.method()?;
        let is_bare = call.positional.is_empty();
        Some(match &**name {
            "all" | "one" | "one_or_none" | "scalar_one" | "scalar_one_or_none" | "one_or_404" if is_bare => {
                (if &**name == "all" { Self::All } else { Self::One }, true)
            }
            "first" | "first_or_404" => (Self::First, true),
            "scalar" if is_bare => (Self::One, true),
            "count" if is_bare => (Self::Count, true),
            "delete" if is_bare || call.named("synchronize_session").is_some() => (Self::Delete, true),
            "delete" if call.positional.len() == 1 => (Self::Delete, true),
            "update" if !is_bare => (Self::Update, true),
            "get" | "get_or_404" if call.positional.len() >= 2 => (Self::GetOf, true),
            "get" | "get_or_404" | "get_or_create" if call.positional.len() == 1 => (Self::Get, true),
            "paginate" if is_bare || call.positional.iter().all(|argument| argument.call().is_none()) => {
                (Self::Page, true)
            }
            "paginate" => (Self::Page, false),
            "scalar" | "fetch_one" | "fetch_val" => (Self::One, false),
            "execute" | "scalars" | "stream" | "stream_scalars" | "exec" | "fetch_all" | "iterate" => {
                (Self::All, false)
            }
            _ => return None,
        })
    }

    /// Whether the caller takes one row.
    pub fn takes_one(self) -> bool {
        matches!(self, Self::First | Self::One | Self::Get | Self::GetOf | Self::Count)
    }
}

impl<'x> Lower<'_, 'x, '_> {
    /// The SQL that `sender` sends; nothing where the value is no query.
    pub(super) fn sent(&mut self, sender: &Value, query: &Value, ending: Ending, loads: &mut Vec<Load>) -> Option<Sql> {
        if ending == Ending::GetOf {
            return self.get_of(query, loads);
        }
        let mut build = self.statement(query)?;
        let place = self.place;
        match ending {
            Ending::First => build.select.limit = Some(Sql::text("1", place)),
            Ending::Page => {
                build.select.limit = Some(Sql::param(place));
                build.select.offset = Some(Sql::param(place));
            }
            Ending::Get => self.by_key(&mut build)?,
            Ending::Delete => build.deed = self.changes(&build, Deed::Delete)?,
            Ending::Update => {
                build.deed = self.changes(&build, Deed::Update)?;
                self.update_set(&mut build, sender);
            }
            Ending::Count => return self.count(build),
            Ending::All | Ending::One | Ending::Unfinished | Ending::GetOf => {}
        }
        if build.deed == Deed::Select {
            self.loads(&mut build, loads);
        }
        self.finish(build)
    }

    /// A legacy query that changes rows: of one entity.
    fn changes(&mut self, build: &Build<'x>, deed: Deed) -> Option<Deed> {
        let is_select = build.deed == Deed::Select && !build.entities.is_empty();
        if is_select {
            return Some(deed);
        }
        self.scopes.pop();
        None
    }

    /// The columns and values of `.update({…})`.
    fn update_set(&mut self, build: &mut Build<'x>, sender: &Value) {
        build.select.columns.clear();
        build.select.order.clear();
        let pairs = sender.call().and_then(|call| match &call.argument(0, "values")?.kind {
            Kind::Dict(pairs) => Some(pairs.clone()),
            _ => None,
        });
        for (key, value) in pairs.unwrap_or_default() {
            self.set(build, key.as_ref(), &value);
        }
    }

    /// Which columns change matters little to the plan, but the statement needs one.
    pub(super) fn some_set(&mut self, build: &mut Build<'x>) {
        let first = build.entities.first().and_then(|entity| entity.model);
        if build.deed == Deed::Update
            && build.set.is_empty()
            && let Some(mapped) = first.and_then(|model| model.columns.iter().find(|mapped| !mapped.primary))
        {
            self.cannot("dynamic-assignments", "what is set");
            let column = self.cx.dialect.quote(&mapped.column).into_owned();
            build.set.push((Sql::text(column, self.place), Sql::param(self.place)));
        }
    }

    fn by_key(&mut self, build: &mut Build<'x>) -> Option<()> {
        let mut keys = build.entities.first().map(|entity| self.keys(entity)).unwrap_or_default();
        if keys.is_empty() {
            self.scopes.pop();
            return None;
        }
        build.select.conditions.append(&mut keys);
        Some(())
    }

    /// The conditions that name one row by its key.
    fn keys(&self, entity: &Entity<'x>) -> Vec<Sql> {
        let columns = entity.model.map_or(&[][..], |model| &model.columns);
        let key = |mapped: &Mapped| {
            let column = self.writer().column(&entity.source.alias, &mapped.column, self.place);
            column.then(" = ").and(Sql::param(self.place))
        };
        columns.iter().filter(|mapped| mapped.primary).map(key).collect()
    }

    /// `session.get(Model, key)`
    fn get_of(&mut self, value: &Value, loads: &mut Vec<Load>) -> Option<Sql> {
        let (_, _, _, call) = value.method()?;
        let class = call.positional.first()?;
        self.entity(class)?.model?;
        self.scopes.push(Scope::default());
        let mut build = self.begin(Root::Select(vec![Rc::clone(class)]), self.place)?;
        build.options.extend(call.named("options").cloned());
        build.select.lock = call.says("with_for_update").then(|| "FOR UPDATE".to_owned());
        self.by_key(&mut build)?;
        self.loads(&mut build, loads);
        self.finish(build)
    }

    /// `SELECT count(*) FROM (…)`, which is its rows' count where nothing in it takes rows away.
    fn count(&mut self, mut build: Build<'x>) -> Option<Sql> {
        let place = self.place;
        let is_plain = |build: &Build<'_>| {
            let Select { distinct, group, having, limit, offset, .. } = &build.select;
            let takes_none_away = distinct.is_none() && group.is_empty() && having.is_empty();
            takes_none_away && limit.is_none() && offset.is_none() && build.compound.is_empty()
        };
        let count = Sql::text("count(*)", place);
        if is_plain(&build) {
            build.select.columns = vec![count];
            build.select.order.clear();
            return self.finish(build);
        }
        let inner = self.finish(build)?;
        let alias = self.alias(place, None, "anon");
        let source = Source { relation: Relation::Query(Box::new(inner)), alias, place };
        let select = Select { columns: vec![count], from: vec![source], ..Select::default() };
        Some(self.writer().select(&select))
    }

    /// `exists(…)` and `.exists()` in an expression.
    pub(super) fn exists(&mut self, call: &crate::host::value::Call, place: crate::source::HostSpan) -> Option<Sql> {
        let first = call.positional.first();
        if let Some(first) = first
            && super::may_be_query(first)
        {
            return Some(self.query_sql(first)?.within("EXISTS (", ")", place));
        }
        let whole = Rc::new(Node { kind: Kind::Call(call.clone()), place });
        let sql = self.query_sql(&whole)?;
        Some(sql.within("EXISTS (", ")", place))
    }

    /// A query that stands in an expression: EXISTS, or the only column of its only row.
    pub(super) fn of_query(&mut self, value: &Node, name: &str, of: &Value) -> Option<Sql> {
        let place = value.place;
        let (is_ended, of) = match name {
            "exists" | "scalar_subquery" | "as_scalar" | "label" | "subquery" => (true, Rc::clone(of)),
            "where" | "filter" | "select_from" | "correlate" | "join" | "limit" | "order_by" | "correlate_except" => {
                (false, Rc::new(Node { kind: value.kind.clone(), place }))
            }
            _ => return None,
        };
        if !super::may_be_query(&of) {
            return None;
        }
        let mut build = self.statement(&of)?;
        if name == "exists" || build.is_exists && !is_ended {
            build.select.columns = vec![Sql::text("1", place)];
            return Some(self.finish(build)?.within("EXISTS (", ")", place));
        }
        Some(self.finish(build)?.within("(", ")", place))
    }
}
