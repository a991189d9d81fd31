//! Statements: from a chain of calls to the clauses of a query.

use std::rc::Rc;

use super::lower::{Entity, Lower, Scope, of_model};
use super::ready::Ending;
use super::relation::primary_key;
use crate::host::value::{Call, Kind, Value};
use crate::name::Ident;
use crate::orm::select::{Relation, Select, Source, Statement};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::names::{called, word};
use crate::source::HostSpan;

/// How many calls a chain may have.
const MAX_LINKS: usize = 400;

/// Calls that make an expression, or rows, of a query.
const CLOSES: &[&str] = &[
    "scalar_subquery",
    "as_scalar",
    "subquery",
    "cte",
    "lateral",
    "alias",
    "exists",
    "label",
    "self_group",
    "correlate",
];

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
                        // `select(1).where(…)`: the tables are those of the conditions.
                        let is_bare = || is_own(&call.callee) && !columns.is_empty() && columns.iter().all(is_plain);
                        let is_query = columns.iter().any(|column| self.is_sql(column)) || is_bare();
                        is_query.then_some(Root::Select(columns))
                    }
                    // A session that code outside of the tree makes.
                    "query" if call.callee.external().is_some() => {
                        let is_query = call.positional.iter().any(|argument| self.is_sql(argument));
                        is_query.then(|| Root::Select(call.positional.clone()))
                    }
                    "update" => self.table_argument(call).map(Root::Update),
                    "delete" => self.table_argument(call).map(Root::Delete),
                    "exists" if call.positional.iter().all(|argument| self.is_sql(argument) || is_plain(argument)) => {
                        let is_some = call.positional.iter().any(|argument| self.is_sql(argument));
                        (is_own(&call.callee) || is_some).then(|| Root::Exists(call.positional.clone()))
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

    /// Whether a call starts a query by the looks of it: `select(…)` of the library, `session.query(…)`.
    fn is_start(&self, value: &Value) -> bool {
        let Some(call) = value.call() else { return false };
        let Some(first) = call.positional.first() else { return false };
        if let Some((name, _, of, _)) = value.method()
            && &**name == "query"
        {
            return self.is_session(of) && !matches!(first.kind, Kind::Text(_) | Kind::Dict(_));
        }
        word(&call.callee) == Some("select") && is_own(&call.callee)
    }

    /// Whether a value is called a session, or is typed as one.
    fn is_session(&self, value: &Value) -> bool {
        let is_named =
            |name: &str| name == "db" || name.ends_with("_db") || name.to_ascii_lowercase().ends_with("session");
        match &value.kind {
            Kind::Attribute { name, .. } => is_named(name),
            Kind::Parameter { name, annotation, .. } => {
                is_named(name) || annotation.as_ref().and_then(word).is_some_and(|word| word.ends_with("Session"))
            }
            Kind::External(path) => path.rsplit('.').next().is_some_and(is_named),
            // `next(get_db())`, `Session()`
            Kind::Call(call) => match (&call.callee.kind, word(&call.callee)) {
                (Kind::Function(id, _), _) => is_named(&self.cx.linked.code.function(*id).function.name),
                (_, Some("next")) => call.positional.first().is_some_and(|first| self.is_session(first)),
                (_, Some(word)) => word == "sessionmaker" || is_named(word),
                _ => false,
            },
            Kind::Item(of) => self.is_session(of),
            Kind::Index { at, .. } => at.text().is_some_and(|name| is_named(&name)),
            _ => false,
        }
    }

    /// A query whose tables cannot be told: it is one all the same.
    fn untold<T>(&mut self) -> Option<T> {
        match self.is_outermost() {
            true => self.fail("unknown-table", "what is selected"),
            false => {
                self.cannot("unknown-table", "what is selected");
                None
            }
        }
    }

    /// The clauses of a chain of calls; nothing where it is none.
    pub(super) fn statement(&mut self, value: &Value) -> Option<Build<'x>> {
        let mut links: Vec<Value> = Vec::new();
        let mut at = self.pick(value);
        let root = loop {
            if let Some(root) = self.root(&at) {
                break root;
            }
            let next = match &at.kind {
                Kind::Index { of, .. } => self.pick(of),
                // Rows that a query gave are asked for something.
                _ if self.is_start(&at) && links.iter().any(|link| Ending::of_node(link).is_some()) => return None,
                _ if self.is_start(&at) => return self.untold(),
                _ => at.method().map(|(_, _, of, _)| self.pick(of))?,
            };
            links.push(at);
            if links.len() > MAX_LINKS {
                return None;
            }
            at = next;
        };
        // `query.scalar_subquery().in_(…)` is an expression of a query.
        let names: Vec<&str> = links.iter().rev().filter_map(|link| link.method()).map(|(name, ..)| &**name).collect();
        let closed = names.iter().position(|name| CLOSES.contains(name)).unwrap_or(names.len());
        if names[closed..].iter().any(|name| !CLOSES.contains(name)) {
            return None;
        }
        self.scopes.push(Scope::default());
        let build = self.deeper(|lower| lower.begin(root, at.place));
        let build = build.and_then(|mut build| {
            for link in links.iter().rev() {
                match &link.kind {
                    Kind::Index { at, .. } => self.slice(&mut build, at, link.place)?,
                    _ => {
                        let (name, name_place, _, call) = link.method()?;
                        self.link(&mut build, name, name_place, call, link)?;
                    }
                }
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

    pub(super) fn begin(&mut self, root: Root, place: HostSpan) -> Option<Build<'x>> {
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
                    all.push(self.apart(query)?);
                }
                let alias = self.alias(place, None, "anon");
                let relation = Relation::Query(Box::new(Sql::join(all, between, place)));
                build.select.from.push(Source { relation, alias, place });
            }
            Root::Update(target) | Root::Delete(target) if self.entity(&target).is_none() => return None,
            Root::Update(target) => self.changed(&mut build, Deed::Update, &target),
            Root::Delete(target) => self.changed(&mut build, Deed::Delete, &target),
        }
        Some(build)
    }

    /// What is changed; subqueries of the conditions see it.
    fn changed(&mut self, build: &mut Build<'x>, deed: Deed, target: &Value) {
        build.deed = deed;
        if let Some(entity) = self.entity(target) {
            self.uses(&entity.source);
            build.entities.push(entity);
        }
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
            self.join_parents(&entity, value.place);
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
        // What a model makes of its own columns calls functions that it need not declare, and hides no table.
        let sql = self.expr(&inner);
        let is_bare = sql.as_ref().is_some_and(|sql| !sql.shown().contains("SELECT "));
        let is_left_out = is_bare && self.is_column_property(&inner);
        match sql.filter(|_| !is_left_out) {
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
                let column = match &inner.kind {
                    _ if self.is_sql(&inner) => Sql::text("NULL", value.place),
                    Kind::Text(_) => Sql::param(value.place),
                    _ => self.constant(&inner),
                };
                build.select.columns.push(column);
            }
        }
    }

    /// A class that is joined with its parent's table reads both.
    fn join_parents(&mut self, entity: &Entity<'x>, place: HostSpan) {
        let mut below = entity.clone();
        for _ in 0..8 {
            match self.join_parent(&below, place) {
                Some(parent) => below = parent,
                None => return,
            }
        }
    }

    /// The table of a class's parent, joined with the class's own where the statement is closed.
    pub(super) fn join_parent(&mut self, entity: &Entity<'x>, place: HostSpan) -> Option<Entity<'x>> {
        let model = entity.model?;
        let parent = self.cx.linked.sqlalchemy.of_class(model.parent?)?;
        let above = of_model(parent, place);
        self.uses(&above.source);
        if let (Some(own), Some(key)) = (primary_key(model), primary_key(parent)) {
            let (writer, below) = (self.writer(), &entity.source.alias);
            let left = writer.column(below, own, place);
            let on = left.then(" = ").and(writer.column(&above.source.alias, key, place));
            if let Some(scope) = self.scopes.last_mut()
                && scope.parents.iter().all(|(known, of, _)| known != below || *of != above.source.alias)
            {
                scope.parents.push((below.clone(), above.source.alias.clone(), on));
            }
        }
        Some(above)
    }

    /// Closes a statement: what is named and not joined is put into FROM.
    pub(super) fn finish(&mut self, mut build: Build<'x>) -> Option<Sql> {
        self.some_set(&mut build);
        let statement = self.close(build)?;
        Some(self.writer().statement(&statement))
    }

    pub(super) fn close(&mut self, mut build: Build<'x>) -> Option<Statement> {
        let Scope { named: used, parents, .. } = self.scopes.pop().unwrap_or_default();
        build.select.conditions.splice(0..0, parents.into_iter().map(|(_, _, on)| on));
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
        if self.is_outermost() {
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

/// Whether a function is the library's own, not one of its name.
fn is_own(callee: &Value) -> bool {
    match &callee.kind {
        Kind::External(path) => path.starts_with("sqlalchemy") || path.starts_with("sqlmodel"),
        // `db.select(…)` of Flask-SQLAlchemy.
        Kind::Attribute { of, .. } => called(of).is_some_and(|(word, _)| word == "SQLAlchemy"),
        _ => false,
    }
}

/// Whether a value is one that needs no table.
fn is_plain(value: &Value) -> bool {
    matches!(value.kind, Kind::Number(_) | Kind::Bool(_) | Kind::Text(_))
}
