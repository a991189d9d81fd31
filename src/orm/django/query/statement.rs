//! Querysets as statements: what Django sends for a list, and for each method that ends a chain.

use std::rc::Rc;

use super::super::models::{FieldKind, Model};
use super::Reader;
use super::chain::is_super;
use super::order::Key;
use super::path::Step;
use super::set::{Columns, OrderItem, Set, Shown, Unknown};
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::orm::select::{Relation, Select, Source, Statement};
use crate::orm::sql::Sql;
use crate::query::Takes;
use crate::source::HostSpan;

/// How many objects `get()` reads to see whether there is only one.
const MAX_GET: &str = "21";
/// How many relations deep `select_related()` goes without names.
const MAX_RELATED: u8 = 5;

/// A statement that Django sends.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// Its text.
    pub sql: Sql,
    /// How many rows are taken.
    pub takes: Takes,
    /// What could not be told.
    pub unknown: Vec<Unknown>,
    /// The queryset, where objects of it are read: relations are fetched behind them.
    pub rows: Option<Box<Set>>,
}

impl Reader<'_, '_, '_> {
    /// What evaluating a value sends.
    pub(super) fn sent(&mut self, value: &Value) -> Option<Sent> {
        self.whole = Some(Rc::clone(value));
        let value = &self.picked(value);
        match &value.kind {
            Kind::Call(call) => match &call.callee.kind {
                Kind::Attribute { of, name, .. } => {
                    if let Some(sent) = self.last(of, name, call, value.place) {
                        return Some(sent);
                    }
                }
                Kind::External(path) => match path.rsplit('.').next()? {
                    "get_object_or_404" | "aget_object_or_404" => return self.or_404(call, value.place, Takes::One),
                    "get_list_or_404" | "aget_list_or_404" => return self.or_404(call, value.place, Takes::All),
                    _ => {}
                },
                _ => {}
            },
            Kind::Index { of, at } if !matches!(at.kind, Kind::Slice { .. }) => {
                let mut set = self.set_through(of)?;
                set.slice = (
                    set.slice.0.or(at.integer().filter(|at| *at > 0).map(|n| Sql::text(n.to_string(), at.place))),
                    Some(Sql::text("1", value.place)),
                );
                return self.list(set, value.place, Takes::One);
            }
            _ => {}
        }
        let set = self.set(value)?;
        self.list(set, value.place, Takes::All)
    }

    /// A queryset, or one with calls on it that are not known.
    pub(super) fn set_through(&mut self, value: &Value) -> Option<Set> {
        let key = (Rc::as_ptr(value) as usize, self.managing.len(), self.outers.len());
        if self.hollow.contains_key(&key) {
            return None;
        }
        let found = self.set(value).or_else(|| self.set_with_unknown(value));
        if found.is_none() {
            self.hollow.insert(key, Rc::clone(value));
        }
        found
    }

    /// A queryset with a call on it that is not known.
    fn set_with_unknown(&mut self, value: &Value) -> Option<Set> {
        self.deeper(|reader| {
            let value = &reader.picked(value);
            let (name, _, of, call) = value.method()?;
            let mut set = reader.set_through(of)?;
            if !matches!(reader.method(set.clone(), name, call, value.place)?, super::method::Called::Custom(_)) {
                return None;
            }
            set.lost_condition("unknown-method", format!("`{name}`"), value.place);
            Some(set)
        })
    }

    fn or_404(&mut self, call: &Call, place: HostSpan, takes: Takes) -> Option<Sent> {
        let mut set = self.target(call.positional.first()?)?;
        let condition = self.group_of(call, 1);
        self.filter(&mut set, condition);
        match takes {
            Takes::One => self.one(set, place),
            Takes::All => self.list(set, place, takes),
        }
    }

    /// The objects of a queryset.
    pub(super) fn list(&mut self, set: Set, place: HostSpan, takes: Takes) -> Option<Sent> {
        if set.is_none {
            return None;
        }
        let rows = (!set.has_values()).then(|| Box::new(set.clone()));
        let (sql, unknown) = self.select_sql(set, place);
        Some(Sent { sql, takes, unknown, rows })
    }

    /// The one object of a queryset.
    pub(super) fn one(&mut self, mut set: Set, place: HostSpan) -> Option<Sent> {
        if !set.is_sliced() {
            set.order.said = Some(Vec::new());
            set.slice.1 = Some(Sql::text(MAX_GET, place));
        }
        self.list(set, place, Takes::One)
    }

    fn last(&mut self, of: &Value, name: &str, call: &Call, place: HostSpan) -> Option<Sent> {
        let plain = plain(name);
        if !is_last(plain) {
            return None;
        }
        let mut set = match is_super(of) {
            true => return None,
            false => self.set_through(of)?,
        };
        if set.is_none {
            return None;
        }
        match plain {
            "get" | "get_or_create" | "update_or_create" => {
                let mut condition = self.group_of(call, 0);
                if plain != "get" {
                    condition.drop_named("defaults");
                    condition.drop_named("create_defaults");
                }
                if plain == "update_or_create" && self.cx.dialect != crate::dialect::Dialect::Sqlite {
                    set.lock = Some("FOR UPDATE".to_owned());
                }
                self.filter(&mut set, condition);
                self.one(set, place)
            }
            "first" => {
                if !self.is_ordered(&set) {
                    self.by_key(&mut set, "", place);
                }
                self.only_one(set, place)
            }
            "last" => {
                match self.is_ordered(&set) {
                    true => set.order.is_reversed = !set.order.is_reversed,
                    false => self.by_key(&mut set, "-", place),
                }
                self.only_one(set, place)
            }
            "latest" | "earliest" => {
                let mut items = Vec::new();
                for value in call.positional.iter().chain(call.named("field_name")) {
                    self.order_item(&mut set, value, &mut items);
                }
                if items.is_empty() {
                    let by = self.models.of_class(set.model)?.meta.get_latest_by.clone();
                    items.extend(by.into_iter().map(|path| OrderItem::Path(path, place)));
                }
                set.order.said = Some(items);
                set.order.is_reversed = plain == "latest";
                self.only_one(set, place)
            }
            "exists" => {
                let unknown = set.unknown.clone();
                Some(Sent { sql: self.exists(set), takes: Takes::One, unknown, rows: None })
            }
            "contains" => {
                self.and(&mut set, "pk", place, call.positional.first()?);
                let unknown = set.unknown.clone();
                Some(Sent { sql: self.exists(set), takes: Takes::One, unknown, rows: None })
            }
            "count" => Some(self.count(set, place)),
            "aggregate" => self.aggregated(set, call, place),
            "in_bulk" => {
                let path = call.named("field_name").and_then(|name| name.text()).unwrap_or_else(|| "pk".to_owned());
                if let Some(ids) = call.argument(0, "id_list") {
                    let ids = Rc::clone(ids);
                    self.and(&mut set, &format!("{path}__in"), place, &ids);
                }
                set.order.said = Some(Vec::new());
                self.list(set, place, Takes::All)
            }
            "update" => self.update(set, call, place),
            "delete" | "_raw_delete" => Some(self.delete(set, place)),
            _ => None,
        }
    }

    fn only_one(&mut self, mut set: Set, place: HostSpan) -> Option<Sent> {
        set.slice.1 = Some(Sql::text("1", place));
        self.list(set, place, Takes::One)
    }

    /// SELECT of a queryset; says also what came out as unknown on the way.
    pub(super) fn select_sql(&mut self, mut set: Set, place: HostSpan) -> (Sql, Vec<Unknown>) {
        if !set.combined.is_empty() {
            return self.combined(set, place);
        }
        let order = self.order(&mut set);
        let columns = self.columns(&mut set, place);
        let unknown = std::mem::take(&mut set.unknown);
        let mut select = self.select(&set, &columns, &order);
        select.columns = columns.iter().map(|shown| shown.written(self.cx.dialect)).collect();
        select.order = order.iter().map(|key| key.written(self.cx.dialect)).collect();
        select.lock = set.lock.clone();
        select.distinct = set.distinct.clone().map(|names| self.distinct(&mut set, &names));
        if select.distinct.as_ref().is_some_and(Vec::is_empty) {
            // What rows are sorted by must be among what makes them different.
            let own = format!("{}.", self.cx.dialect.quote(set.tables.alias(0)));
            let has_all = matches!(set.columns, Columns::All);
            let is_there = |key: &Key| {
                let key = key.sql.shown();
                has_all && is_column_of(&key, &own) || columns.iter().any(|shown| shown.sql.shown() == key)
            };
            select.columns.extend(order.iter().filter(|key| !is_there(key)).map(|key| key.sql.clone()));
        }
        select.joins = set.tables.joins(self.cx.dialect);
        (select.limit, select.offset) = (set.slice.1.clone(), set.slice.0.clone());
        (self.writer(place).select(&select), unknown)
    }

    fn distinct(&mut self, set: &mut Set, names: &[(String, HostSpan)]) -> Vec<Sql> {
        names.iter().filter_map(|(name, place)| Some(self.named(set, name, *place)?.sql)).collect()
    }

    /// FROM, WHERE, GROUP BY and HAVING.
    fn select(&self, set: &Set, columns: &[Shown], order: &[Key]) -> Select {
        Select {
            from: vec![set.tables.base()],
            joins: set.tables.joins(self.cx.dialect),
            conditions: set.conditions.clone(),
            group: self.group_keys(set, columns, order),
            having: set.having.clone(),
            ..Select::default()
        }
    }

    /// What rows are put into groups by: values or the primary key, and whatever else stands outside of an aggregate.
    fn group_keys(&self, set: &Set, columns: &[Shown], order: &[Key]) -> Vec<Sql> {
        let Some(keys) = &set.group else { return Vec::new() };
        let mut keys = keys.clone();
        let own = format!("{}.", self.cx.dialect.quote(set.tables.alias(0)));
        let by_key = keys.is_empty();
        if by_key {
            keys.extend(self.key(set));
        }
        let of_order = order.iter().filter(|key| !key.is_aggregate).map(|key| &key.sql);
        for sql in columns.iter().filter_map(|shown| shown.group.as_ref()).chain(of_order) {
            let shown = sql.shown();
            let depends = by_key && is_column_of(&shown, &own);
            if !depends && !keys.iter().any(|known| known.shown() == shown) {
                keys.push(sql.clone());
            }
        }
        keys
    }

    /// The primary key's column.
    pub(super) fn key(&self, set: &Set) -> Option<Sql> {
        let column = &self.stored(set.model)?.key()?.column;
        let place = set.tables.base().place;
        Some(self.writer(place).column(set.tables.alias(0), column, place))
    }

    /// The model that has the table of a model.
    fn stored(&self, model: ClassId) -> Option<&Model> {
        let model = self.models.of_class(model)?;
        if model.key().is_some() {
            return Some(model);
        }
        self.models.of_class(model.proxy_of?)
    }

    /// What is selected; joins what `select_related` names.
    fn columns(&mut self, set: &mut Set, place: HostSpan) -> Vec<Shown> {
        let mut columns = match set.columns.clone() {
            Columns::Values(columns) if columns.is_empty() => self.key(set).map(Shown::plain).into_iter().collect(),
            Columns::Values(columns) => return columns,
            Columns::Only(names) => {
                let mut columns: Vec<Shown> = self.key(set).map(Shown::plain).into_iter().collect();
                for (name, place) in names {
                    if let Some(term) = self.named(set, &name, place)
                        && !columns.iter().any(|known| known.sql.shown() == term.sql.shown())
                    {
                        columns.push(Shown::of(&term, None));
                    }
                }
                columns
            }
            Columns::All => {
                let mut columns = vec![Shown::plain(self.every(set, 0, place))];
                self.join_parents(set, place, &mut columns);
                columns
            }
        };
        for (path, place) in set.related.clone() {
            self.join_related(set, &path, place, &mut columns);
        }
        if set.related_all {
            let paths = self.required_relations(set.model, "", MAX_RELATED);
            for path in paths {
                self.join_related(set, &path, place, &mut columns);
            }
        }
        for annotation in set.annotations.iter().filter(|annotation| annotation.is_shown) {
            columns.extend(annotation.term.as_ref().map(|term| Shown::of(term, Some(annotation.name.clone()))));
        }
        columns
    }

    /// Joins the tables of what a model extends, and selects their columns.
    fn join_parents(&self, set: &mut Set, place: HostSpan, columns: &mut Vec<Shown>) {
        let mut at = self.stored(set.model);
        let mut table = 0;
        for _ in 0..MAX_RELATED {
            let Some(model) = at else { return };
            let parent = model.parent.and_then(|parent| self.models.of_class(parent));
            let Some((parent, key, link)) = parent.and_then(|of| Some((of, of.key()?, model.key()?))) else { return };
            let step = Step::to_one(parent.class, &parent.table, &link.column, &key.column);
            table = set.tables.join(table, &step, None, place);
            let every = self.every(set, table, place);
            columns.push(Shown::plain(every));
            at = Some(parent);
        }
    }

    fn every(&self, set: &Set, table: usize, place: HostSpan) -> Sql {
        Sql::text(format!("{}.*", self.cx.dialect.quote(set.tables.alias(table))), place)
    }

    /// Joins the relations of a path, one after the other, and selects their columns.
    fn join_related(&mut self, set: &mut Set, path: &str, place: HostSpan, columns: &mut Vec<Shown>) {
        let ends = path.match_indices("__").map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let Some((table, model)) = self.join_path(set, &path[..end], place) else {
                set.lost("dynamic-column", format!("`{path}`"));
                return;
            };
            let every = self.every(set, table, place);
            if !columns.iter().any(|known| known.sql.shown() == every.shown()) {
                let key = self.stored(model).and_then(|model| model.key());
                let group = key.map(|key| self.writer(place).column(set.tables.alias(table), &key.column, place));
                columns.push(Shown { sql: every, name: None, group });
            }
        }
    }

    fn required_relations(&self, model: ClassId, before: &str, left: u8) -> Vec<String> {
        let mut paths = Vec::new();
        let Some(model) = self.models.of_class(model).filter(|_| left > 0) else { return paths };
        for field in model.fields.iter().filter(|field| field.kind.is_key() && !field.null) {
            let Some(relation) = &field.relation else { continue };
            let path = format!("{before}{}", field.name);
            paths.extend(self.required_relations(relation.to, &format!("{path}__"), left - 1));
            paths.push(path);
        }
        paths
    }

    /// The query that another one asks its rows of: the primary key, or the values that are said.
    pub(super) fn as_operand(&mut self, mut set: Set) -> Sql {
        let place = set.tables.base().place;
        if !set.is_sliced() && set.distinct.as_ref().is_none_or(Vec::is_empty) {
            set.order.said = Some(Vec::new());
        }
        let has_one = matches!(&set.columns, Columns::Values(columns) if columns.len() == 1 && !columns[0].sql.shown().ends_with(".*"));
        if !has_one {
            set.columns = Columns::Values(self.key(&set).map(Shown::plain).into_iter().collect());
            set.annotations.retain(|annotation| !annotation.is_shown);
        }
        self.select_sql(set, place).0
    }

    /// The query that says whether there is a row.
    pub(super) fn exists(&mut self, mut set: Set) -> Sql {
        let place = set.tables.base().place;
        if !set.combined.is_empty() {
            set.slice.1 = Some(Sql::text("1", place));
            return self.combined(set, place).0;
        }
        if !set.is_sliced() {
            set.order.said = Some(Vec::new());
        }
        set.columns = Columns::Values(vec![Shown::plain(Sql::text("1", place))]);
        set.lock = None;
        set.distinct = set.distinct.filter(|_| set.slice.0.is_some() || set.slice.1.is_some());
        if set.having.is_empty() {
            set.group = None;
        }
        set.slice.1 = Some(Sql::text("1", place));
        let order = self.order(&mut set);
        let mut select = self.select(&set, &[], &order);
        select.columns = vec![Sql::text("1", place)];
        select.order = order.iter().map(|key| key.written(self.cx.dialect)).collect();
        (select.limit, select.offset) = (set.slice.1, set.slice.0);
        self.writer(place).select(&select)
    }

    /// The query that counts the rows.
    pub(super) fn count(&mut self, mut set: Set, place: HostSpan) -> Sent {
        let unknown = set.unknown.clone();
        if !set.is_sliced() {
            set.order.said = Some(Vec::new());
        }
        set.lock = None;
        set.related.clear();
        set.related_all = false;
        if set.group.is_none() && set.distinct.is_none() && !set.is_sliced() && set.combined.is_empty() {
            let mut select = self.select(&set, &[], &[]);
            select.columns = vec![Sql::text("COUNT(*)", place)];
            return Sent { sql: self.writer(place).select(&select), takes: Takes::One, unknown, rows: None };
        }
        if !set.has_values() && set.distinct.is_none() && set.combined.is_empty() {
            set.columns = Columns::Values(self.key(&set).map(Shown::plain).into_iter().collect());
        }
        Sent { sql: self.counted(set, place), takes: Takes::One, unknown, rows: None }
    }

    /// `SELECT COUNT(*) FROM (…)`
    fn counted(&mut self, set: Set, place: HostSpan) -> Sql {
        let (inner, _) = self.select_sql(set, place);
        let source =
            Source { relation: Relation::Query(Box::new(inner)), alias: crate::name::Ident::new("subquery"), place };
        let columns = vec![Sql::text("COUNT(*)", place)];
        let select = Select { columns, from: vec![source], ..Select::default() };
        self.writer(place).select(&select)
    }

    fn aggregated(&mut self, mut set: Set, call: &Call, place: HostSpan) -> Option<Sent> {
        if set.group.is_some() || set.distinct.is_some() || set.is_sliced() {
            // Whatever is computed, it is computed over the rows of this.
            let unknown = set.unknown.clone();
            if !set.is_sliced() {
                set.order.said = Some(Vec::new());
            }
            return Some(Sent { sql: self.counted(set, place), takes: Takes::One, unknown, rows: None });
        }
        set.order.said = Some(Vec::new());
        let mut columns = Vec::new();
        let named = call.named.iter().map(|(_, value)| value);
        for value in call.positional.iter().chain(named) {
            match self.expression(&mut set, value) {
                Some(term) => columns.push(term.sql),
                None => set.lost("dynamic-column", "an aggregate that is not known"),
            }
        }
        if columns.is_empty() {
            columns.push(Sql::text("COUNT(*)", place));
        }
        let unknown = set.unknown.clone();
        let mut select = self.select(&set, &[], &[]);
        select.columns = columns;
        Some(Sent { sql: self.writer(place).select(&select), takes: Takes::One, unknown, rows: None })
    }

    /// What an UPDATE or DELETE asks: joins stand in a subquery.
    fn written(&mut self, mut set: Set, place: HostSpan) -> (Source, Select) {
        let target = set.tables.base();
        if set.tables.is_single() && !set.is_sliced() {
            return (target, Select { conditions: set.conditions, ..Select::default() });
        }
        let own = self.key(&set);
        let Some(model) = self.models.of_class(set.model) else { return (target, Select::default()) };
        set.lock = None;
        let whole = Set::new(model.class, &model.table, self.outers.len(), place);
        let inner = self.as_operand(set);
        let condition = own.map(|own| own.then(" IN (").and(inner).then(")"));
        let source = whole.tables.base();
        (source, Select { conditions: condition.into_iter().collect(), ..Select::default() })
    }

    fn update(&mut self, mut set: Set, call: &Call, place: HostSpan) -> Option<Sent> {
        let model = self.stored(set.model)?.clone();
        let mut pairs = Vec::new();
        for (name, place, value) in call.keywords() {
            let value = match &value.kind {
                Kind::Optional(inner) => inner,
                _ => value,
            };
            let field = name.and_then(|name| model.field(name)).filter(|field| field.kind.has_column());
            let Some(field) = field else {
                match name.filter(|_| model.complete && model.parent.is_none() && set.unknown.is_empty()) {
                    Some(name) => {
                        let column = Sql::text(self.cx.dialect.quote(&crate::name::Ident::new(&**name)), place);
                        pairs.push((column, Sql::param(place)));
                    }
                    None => set.lost("dynamic-column", "columns whose names the run puts together"),
                }
                continue;
            };
            let column = Sql::text(self.cx.dialect.quote(&field.column), place);
            let kind = match &field.kind {
                FieldKind::ForeignKey | FieldKind::OneToOne => FieldKind::Unknown,
                kind => kind.clone(),
            };
            let operand = self.operand(&mut set, value, &kind, place).one(place);
            pairs.push((column, operand));
        }
        if pairs.is_empty() {
            let column = model.fields.iter().find(|field| !field.primary && field.kind.has_column())?.column.clone();
            pairs.push((Sql::text(self.cx.dialect.quote(&column), place), Sql::param(place)));
        }
        let unknown = set.unknown.clone();
        let (target, rest) = self.written(set, place);
        let statement = Statement::Update { target, set: pairs, rest: Box::new(rest) };
        Some(Sent { sql: self.writer(place).statement(&statement), takes: Takes::All, unknown, rows: None })
    }

    fn delete(&mut self, set: Set, place: HostSpan) -> Sent {
        let unknown = set.unknown.clone();
        let (target, rest) = self.written(set, place);
        let statement = Statement::Delete { target, rest: Box::new(rest) };
        Sent { sql: self.writer(place).statement(&statement), takes: Takes::All, unknown, rows: None }
    }
}

/// Says whether text is a plain column of a table, by what the table's columns start with.
fn is_column_of(text: &str, own: &str) -> bool {
    text.strip_prefix(own).is_some_and(|column| !column.contains([' ', '(', '.']))
}

/// Says whether a value is a call that sends a query at once.
pub(super) fn ends(value: &Value) -> bool {
    match (value.method(), value.call()) {
        (Some((name, ..)), _) => is_last(plain(name)),
        (None, Some(call)) => call.callee.external().is_some_and(|path| {
            let name = path.rsplit('.').next().unwrap_or(path);
            name.ends_with("_or_404") || path.contains(".objects.") && is_last(plain(name))
        }),
        _ => matches!(&value.kind, Kind::Index { at, .. } if !matches!(at.kind, Kind::Slice { .. })),
    }
}

/// Says whether a method of querysets sends a query of its own.
pub(super) fn is_sent_by(method: &str) -> bool {
    is_last(plain(method))
}

/// A method's name without the `a` of its asynchronous form.
fn plain(name: &str) -> &str {
    name.strip_prefix('a').filter(|plain| is_last(plain) && name != "aggregate").unwrap_or(name)
}

fn is_last(name: &str) -> bool {
    matches!(
        name,
        "get"
            | "get_or_create"
            | "update_or_create"
            | "first"
            | "last"
            | "latest"
            | "earliest"
            | "exists"
            | "contains"
            | "count"
            | "aggregate"
            | "in_bulk"
            | "update"
            | "delete"
            | "_raw_delete"
    )
}
