//! Statements: from a chain of calls to the clauses of a query.

use std::rc::Rc;

use super::lower::{Entity, Lower, Scope, of_model};
use super::relation::primary_key;
use crate::host::value::{Call, Kind, Value};
use crate::name::Ident;
use crate::orm::select::{Relation, Select, Source, Statement};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::names::word;
use crate::source::HostSpan;

/// How many calls a chain may have.
const MAX_LINKS: usize = 400;

/// What a chain starts from.
pub(super) enum Root {
    /// `session.query(…)`, `select(…)`: what is selected.
    Select(Vec<Value>),
    /// `User.query`
    Class(Value),
    /// `update(User)`
    Update(Value),
    /// `delete(User)`
    Delete(Value),
    /// `exists(…)`: what is selected.
    Exists(Vec<Value>),
    /// `union_all(…)`: what stands between the queries, and the queries.
    Compound(&'static str, Vec<Value>),
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Select,
    Update,
    Delete,
}

/// A statement in the making.
pub(super) struct Build<'x> {
    pub deed: Deed,
    pub select: Select,
    /// What has been selected or joined, in order.
    pub entities: Vec<Entity<'x>>,
    /// What is selected by name: entities and the sources of columns.
    pub selected: Vec<Source>,
    /// Whether a FROM was said.
    pub from_said: bool,
    /// The entity that was joined last.
    pub last: Option<Entity<'x>>,
    pub set: Vec<(Sql, Sql)>,
    /// Entities that whole rows of are read: their relationships may be loaded.
    pub loaded: Vec<Entity<'x>>,
    /// What `options(…)` says.
    pub options: Vec<Value>,
    /// `union` and what is on its other side.
    pub compound: Vec<(&'static str, Sql)>,
    /// The call that the chain starts with.
    pub root: HostSpan,
    /// Whether it asks only if there is a row.
    pub is_exists: bool,
}

impl<'x> Lower<'_, 'x, '_> {
    /// The SQL of a query, as a subquery of what is around it.
    pub fn query_sql(&mut self, value: &Value) -> Option<Sql> {
        let build = self.statement(value)?;
        self.finish(build)
    }

    /// What a value starts a chain of calls from.
    pub(super) fn root(&mut self, value: &Value) -> Option<Root> {
        let linked = self.cx.linked;
        match &value.kind {
            Kind::Attribute { of, name, .. } if &**name == "query" => {
                let of = self.pick(of);
                let Kind::Class(id) = of.kind else { return None };
                let model = linked.sqlalchemy.of_class(id)?;
                model.column("query").is_none().then_some(Root::Class(of))
            }
            Kind::Call(call) => {
                if let Some((name, _, of, call)) = value.method() {
                    match &**name {
                        "query" if call.positional.iter().any(|argument| self.is_sql(argument)) => {
                            return Some(Root::Select(call.positional.clone()));
                        }
                        "select" if self.entity(of).is_some() => return Some(Root::Select(vec![Rc::clone(of)])),
                        "update" if self.is_table(of) => return Some(Root::Update(Rc::clone(of))),
                        "delete" if self.is_table(of) => return Some(Root::Delete(Rc::clone(of))),
                        _ => {}
                    }
                }
                let word = word(&call.callee)?;
                match word {
                    "select" | "lambda_stmt" => {
                        let columns = match call.positional.first().map(|first| &first.kind) {
                            // Before 1.4: `select([a, b])`.
                            Some(Kind::List(items)) if call.positional.len() <= 2 => items.clone(),
                            _ => call.positional.clone(),
                        };
                        columns.iter().any(|column| self.is_sql(column)).then_some(Root::Select(columns))
                    }
                    "update" => self.table_argument(call).map(Root::Update),
                    "delete" => self.table_argument(call).map(Root::Delete),
                    "exists" if call.positional.iter().all(|argument| self.is_sql(argument)) => {
                        let is_own = call.callee.external().is_some_and(|path| path.starts_with("sqlalchemy"));
                        (is_own || !call.positional.is_empty()).then(|| Root::Exists(call.positional.clone()))
                    }
                    "union" | "union_all" | "intersect" | "except_" if call.callee.external().is_some() => {
                        let is_query = |argument: &Value| super::may_be_query(argument);
                        let between = super::link::set_operator(word);
                        let all = call.positional.len() > 1 && call.positional.iter().all(is_query);
                        all.then(|| Root::Compound(between, call.positional.clone()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn table_argument(&mut self, call: &Call) -> Option<Value> {
        let first = call.positional.first()?;
        self.entity(first).is_some().then(|| Rc::clone(first))
    }

    /// Whether `.update()` of a value is a statement: of a `Table`, not of a mapped object.
    fn is_table(&mut self, value: &Value) -> bool {
        let value = self.pick(value);
        matches!(value.kind, Kind::Call(_) | Kind::Attribute { .. })
            && self.entity(&value).is_some_and(|entity| entity.model.is_some())
    }

    /// The clauses of a chain of calls; nothing where it is none.
    pub(super) fn statement(&mut self, value: &Value) -> Option<Build<'x>> {
        let mut links: Vec<Value> = Vec::new();
        let mut at = self.pick(value);
        let root = loop {
            if let Some(root) = self.root(&at) {
                break root;
            }
            let (_, _, of, _) = at.method()?;
            let next = self.pick(of);
            links.push(at);
            if links.len() > MAX_LINKS {
                return None;
            }
            at = next;
        };
        self.scopes.push(Scope::default());
        let build = self.deeper(|lower| lower.begin(root, at.place));
        let build = build.and_then(|mut build| {
            for link in links.iter().rev() {
                let (name, name_place, _, call) = link.method()?;
                self.link(&mut build, name, name_place, call, link)?;
            }
            Some(build)
        });
        match build {
            Some(build) if !self.failed => Some(build),
            _ => {
                self.scopes.pop();
                None
            }
        }
    }

    fn begin(&mut self, root: Root, place: HostSpan) -> Option<Build<'x>> {
        let mut build = Build {
            deed: Deed::Select,
            select: Select::default(),
            entities: Vec::new(),
            selected: Vec::new(),
            from_said: false,
            last: None,
            set: Vec::new(),
            loaded: Vec::new(),
            options: Vec::new(),
            compound: Vec::new(),
            root: place,
            is_exists: matches!(root, Root::Exists(_)),
        };
        match root {
            Root::Select(columns) => self.columns(&mut build, &columns),
            Root::Class(class) => self.columns(&mut build, std::slice::from_ref(&class)),
            Root::Exists(columns) => {
                self.columns(&mut build, &columns);
                build.select.columns = vec![Sql::text("1", place)];
            }
            Root::Compound(between, queries) => {
                let mut all = Vec::new();
                for query in &queries {
                    let around = std::mem::take(&mut self.scopes);
                    let sql = self.deeper(|lower| lower.query_sql(query));
                    self.scopes = around;
                    all.push(sql?);
                }
                let alias = self.alias(place, None, "anon");
                let relation = Relation::Query(Box::new(Sql::join(all, between, place)));
                build.select.from.push(Source { relation, alias, place });
            }
            Root::Update(target) | Root::Delete(target) if self.entity(&target).is_none() => return None,
            Root::Update(target) => {
                build.deed = Deed::Update;
                build.entities.extend(self.entity(&target));
            }
            Root::Delete(target) => {
                build.deed = Deed::Delete;
                build.entities.extend(self.entity(&target));
            }
        }
        Some(build)
    }

    /// What is selected; the sources are kept apart from those that conditions name.
    pub(super) fn columns(&mut self, build: &mut Build<'x>, values: &[Value]) {
        let around = self.scopes.last_mut().map(|scope| std::mem::take(&mut scope.named)).unwrap_or_default();
        for value in values {
            self.selected(build, value);
        }
        let named = match self.scopes.last_mut() {
            Some(scope) => std::mem::replace(&mut scope.named, around),
            None => Vec::new(),
        };
        for source in named {
            if build.selected.iter().all(|known| known.alias != source.alias) {
                build.selected.push(source);
            }
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.selected.clone_from(&build.selected);
        }
    }

    fn selected(&mut self, build: &mut Build<'x>, value: &Value) {
        let value = self.pick(value);
        match &value.kind {
            Kind::Optional(inner) => {
                return if self.ways.takes_optional() {
                    self.selected(build, inner)
                };
            }
            Kind::List(items) => return items.iter().for_each(|item| self.selected(build, item)),
            Kind::Spread(inner) => {
                let inner = self.pick(inner);
                match &inner.kind {
                    Kind::List(items) => items.iter().for_each(|item| self.selected(build, item)),
                    _ => self.cannot("dynamic-columns", "a list of columns"),
                }
                return;
            }
            _ => {}
        }
        if let Some(entity) = self.entity(&value) {
            self.uses(&entity.source);
            let alias = self.cx.dialect.quote(&entity.source.alias).into_owned();
            build.select.columns.push(Sql::text(format!("{alias}.*"), value.place));
            // A class of a shared table is told apart by a column.
            if let Some(model) = entity.model
                && let Some((column, values)) = &model.discriminator
            {
                let own = self.writer().column(&entity.source.alias, column, value.place);
                let values: Vec<String> =
                    values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
                let condition = match values.as_slice() {
                    [only] => own.then(&format!(" = {only}")),
                    several => own.then(&format!(" IN ({})", several.join(", "))),
                };
                build.select.conditions.push(condition);
            }
            self.join_parent(build, &entity, value.place);
            build.entities.push(entity.clone());
            build.loaded.push(entity);
            return;
        }
        let (label, inner) = match value.method() {
            Some((name, _, of, call)) if &**name == "label" => {
                (call.argument(0, "name").and_then(|name| name.text()), Rc::clone(of))
            }
            _ => (None, Rc::clone(&value)),
        };
        let before = self.unknown.len();
        match self.expr(&inner) {
            Some(sql) => {
                let sql = match label {
                    Some(label) => sql.then(&format!(" AS {}", self.cx.dialect.quote(&Ident::new(label)))),
                    None => sql,
                };
                build.select.columns.push(sql);
            }
            // A column that cannot be told hides no table that matters: what is filtered is known.
            None => {
                self.unknown.truncate(before);
                if self.is_sql(&inner) {
                    build.select.columns.push(Sql::text("NULL", value.place));
                } else {
                    build.select.columns.push(Sql::param(value.place));
                }
            }
        }
    }

    /// A class that is joined with its parent's table reads both.
    fn join_parent(&mut self, build: &mut Build<'x>, entity: &Entity<'x>, place: HostSpan) {
        let Some(model) = entity.model else { return };
        let Some(parent) = model.parent.and_then(|parent| self.cx.linked.sqlalchemy.of_class(parent)) else { return };
        let (Some(own), Some(key)) = (primary_key(model), primary_key(parent)) else { return };
        let parent = of_model(parent, place);
        let writer = self.writer();
        let left = writer.column(&entity.source.alias, own, place);
        build.select.conditions.push(left.then(" = ").and(writer.column(&parent.source.alias, key, place)));
        self.uses(&parent.source);
    }

    /// Closes a statement: what is named and not joined is put into FROM.
    pub(super) fn finish(&mut self, build: Build<'x>) -> Option<Sql> {
        let statement = self.close(build)?;
        Some(self.writer().statement(&statement))
    }

    pub(super) fn close(&mut self, mut build: Build<'x>) -> Option<Statement> {
        let used = self.scopes.pop().unwrap_or_default().named;
        let outer: Vec<&Source> =
            self.scopes.iter().flat_map(|scope| scope.named.iter().chain(&scope.selected)).collect();
        let is_outer = |source: &Source| outer.iter().any(|known| known.alias == source.alias);
        let target = match build.deed {
            Deed::Select => None,
            _ => Some(build.entities.first()?.source.clone()),
        };
        let joined: Vec<Ident> = build.select.joins.iter().map(|join| join.source.alias.clone()).collect();
        let mut from = build.select.from.clone();
        let is_known = |from: &[Source], source: &Source| {
            from.iter().any(|known| known.alias == source.alias)
                || joined.contains(&source.alias)
                || target.as_ref().is_some_and(|target| target.alias == source.alias)
        };
        for source in build.selected.iter().chain(&used) {
            if !is_known(&from, source) && !is_outer(source) {
                from.push(source.clone());
            }
        }
        if from.is_empty() && target.is_none() {
            // All of it is around it, too: then it stands for itself.
            from = build.selected.iter().filter(|source| !is_known(&[], source)).cloned().collect();
        }
        build.select.from = from;
        if self.scopes.is_empty() {
            build.select.with = std::mem::take(&mut self.with);
            build.select.recursive = self.recursive;
        }
        if !build.compound.is_empty() {
            return Some(Statement::Select(Box::new(self.compound(build))));
        }
        Some(match (build.deed, target) {
            (Deed::Update, Some(target)) => Statement::Update { target, set: build.set, rest: Box::new(build.select) },
            (Deed::Delete, Some(target)) => Statement::Delete { target, rest: Box::new(build.select) },
            _ => Statement::Select(Box::new(build.select)),
        })
    }

    /// `a UNION b`, with what was said of the whole.
    fn compound(&mut self, build: Build<'x>) -> Select {
        let Select { with, recursive, order, limit, offset, .. } = build.select.clone();
        let first = Select { with: Vec::new(), order: Vec::new(), limit: None, offset: None, ..build.select };
        let place = build.root;
        let mut sql = self.writer().select(&first);
        for (word, other) in build.compound {
            sql = sql.then(word).and(other);
        }
        let alias = self.alias(place, None, "anon");
        let source = Source { relation: Relation::Query(Box::new(sql)), alias, place };
        Select { with, recursive, order, limit, offset, from: vec![source], ..Select::default() }
    }
}
