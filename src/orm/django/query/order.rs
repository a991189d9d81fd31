//! ORDER BY: what a call says, or what the model's `Meta` says where no call does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::super::models::OrderKey;
use super::super::terms::{self, Term};
use super::Reader;
use super::expression::class_of_django;
use super::filter::join_all;
use super::path::follow;
use super::set::{OrderItem, Set};
use super::tables::Tables;
use crate::dialect::Dialect;
use crate::host::value::{ClassId, Value};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// How deep an order by a relation follows the orders of other models.
const MAX_ORDERS: u8 = 3;

/// Which way a key is sorted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    fn turned(self, by: Self) -> Self {
        if self == by { Self::Up } else { Self::Down }
    }

    fn of(is_down: bool) -> Self {
        if is_down { Self::Down } else { Self::Up }
    }
}

impl Reader<'_, '_, '_> {
    /// Whether rows come in an order.
    pub(super) fn is_ordered(&self, set: &Set) -> bool {
        match &set.order.said {
            Some(items) => !items.is_empty(),
            None => set.group.is_none() && !self.default_order(set.model).is_empty(),
        }
    }

    fn default_order(&self, model: ClassId) -> Vec<OrderItem> {
        let mut at = self.models.of_class(model);
        let mut left = 4;
        while let Some(model) = at.filter(|_| left > 0) {
            if !model.ordering.is_empty() {
                let item = |(key, place): &(OrderKey, HostSpan)| match key {
                    OrderKey::Path(path) => OrderItem::Path(path.clone(), *place),
                    OrderKey::Term(term) => OrderItem::Term(term.clone(), *place),
                };
                return model.ordering.iter().map(item).collect();
            }
            at = model.proxy_of.or(model.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        Vec::new()
    }

    /// The keys that the rows of a queryset are sorted by.
    pub(super) fn order(&mut self, set: &mut Set) -> Vec<Key> {
        let items = match &set.order.said {
            Some(items) => items.clone(),
            // An order that nobody asked for is no part of groups.
            None if set.group.is_some() => Vec::new(),
            None => self.default_order(set.model),
        };
        let whole = Direction::of(set.order.is_reversed);
        let mut keys = Vec::new();
        for item in items {
            match item {
                OrderItem::Path(path, place) => self.by_path(set, &path, whole, place, &mut keys),
                OrderItem::Expression(value) => self.by_expression(set, &value, whole, &mut keys),
                OrderItem::Term(term, place) => {
                    let start = Start { table: 0, model: set.model };
                    match self.by_term(&mut set.tables, start, &term, place) {
                        Some(key) => keys.push(key.turned(whole)),
                        None => set.lost("dynamic-order", "an expression that is not known"),
                    }
                }
            }
        }
        keys
    }

    fn by_path(&mut self, set: &mut Set, path: &str, whole: Direction, place: HostSpan, keys: &mut Vec<Key>) {
        let (path, is_down, place) = match path.strip_prefix('-') {
            Some(path) => (path, true, behind_sign(place, path)),
            None => (path.strip_prefix('+').unwrap_or(path), false, place),
        };
        let direction = whole.turned(Direction::of(is_down));
        if path == "?" {
            let name = if self.cx.dialect == Dialect::Mysql { "RAND()" } else { "RANDOM()" };
            keys.push(Key { is_aggregate: true, ..Key::new(Sql::text(name, place), Direction::Up) });
            return;
        }
        let parts: Vec<&str> = path.split("__").collect();
        if set.annotation(parts[0]).is_some() {
            match self.named(set, path, place) {
                Some(term) => keys.push(Key { is_aggregate: term.is_aggregate, ..Key::new(term.sql, direction) }),
                None => set.lost("dynamic-order", format!("`{path}`")),
            }
            return;
        }
        let mut found = Vec::new();
        let start = Start { table: 0, model: set.model };
        let way = Way { direction, place, left: MAX_ORDERS };
        match self.by_column(&mut set.tables, start, &parts, way, &mut found) {
            Some(()) => keys.append(&mut found),
            None => match self.named(set, path, place) {
                Some(term) => keys.push(Key { is_aggregate: term.is_aggregate, ..Key::new(term.sql, direction) }),
                None => set.lost("dynamic-order", format!("`{path}`")),
            },
        }
    }

    fn by_column(
        &mut self,
        tables: &mut Tables,
        start: Start,
        parts: &[&str],
        way: Way,
        keys: &mut Vec<Key>,
    ) -> Option<()> {
        let Way { direction, place, left } = way;
        let read = follow(self.models, start.model, parts).ok().filter(|read| read.rest.is_empty())?;
        let last = parts.last()?;
        let related = read.target.related.filter(|_| !last.ends_with("_id") && *last != "pk");
        let items = related.map(|related| self.default_order(related)).unwrap_or_default();
        let mut at = start.table;
        if let (Some(related), false) = (related, items.is_empty() || left == 0) {
            // By a relation means by the order of the model that it leads to.
            for step in read.steps.iter().chain(&read.leads) {
                at = tables.join(at, step, None, place);
            }
            for item in items {
                let start = Start { table: at, model: related };
                let path = match item {
                    OrderItem::Path(path, _) => path,
                    // Django takes an expression as it is, whichever way the relation is sorted.
                    OrderItem::Term(term, _) => {
                        keys.push(self.by_term(tables, start, &term, place)?);
                        continue;
                    }
                    OrderItem::Expression(_) => continue,
                };
                let (path, is_down) = path.strip_prefix('-').map_or((&*path, false), |path| (path, true));
                let parts: Vec<&str> = path.split("__").collect();
                let direction = direction.turned(Direction::of(is_down));
                let way = Way { direction, left: left - 1, ..way };
                self.by_column(tables, start, &parts, way, keys)?;
            }
            return Some(());
        }
        for step in &read.steps {
            at = tables.join(at, step, None, place);
        }
        let column = self.writer(place).column(tables.alias(at), &read.target.column, place);
        keys.push(Key::new(column, direction));
        Some(())
    }

    fn by_expression(&mut self, set: &mut Set, value: &Value, whole: Direction, keys: &mut Vec<Key>) {
        let said = match (value.method(), value.call()) {
            (Some((name, _, of, call)), _) if matches!(&**name, "asc" | "desc") => Some((of, **name == *"desc", call)),
            (_, Some(call)) if class_of_django(&call.callee) == Some("OrderBy") => {
                call.argument(0, "expression").map(|of| (of, call.says("descending"), call))
            }
            (_, Some(call)) if class_of_django(&call.callee) == Some("Random") => {
                let sql = Sql::text("RANDOM()", value.place);
                keys.push(Key { is_aggregate: true, ..Key::new(sql, Direction::Up) });
                return;
            }
            _ => None,
        };
        let (of, is_down, nulls) = match said {
            Some((of, is_down, call)) => (of, is_down, Nulls::of(call.says("nulls_first"), call.says("nulls_last"))),
            None => (value, false, Nulls::Unsaid),
        };
        match self.expression(set, &Rc::clone(of)) {
            Some(term) => {
                let key = Key { nulls, is_aggregate: term.is_aggregate, ..Key::towards(term.sql, is_down) };
                keys.push(key.turned(whole));
            }
            None => set.lost("dynamic-order", "an expression that is not known"),
        }
    }

    /// Sorts by an expression of a model; nothing where a part of it cannot be told.
    fn by_term(&self, tables: &mut Tables, start: Start, term: &Term, place: HostSpan) -> Option<Key> {
        let (of, is_down, nulls) = match term {
            Term::Ordered(of, is_down, nulls) => {
                (&**of, *is_down, Nulls::of(*nulls == Some(true), *nulls == Some(false)))
            }
            other => (other, false, Nulls::Unsaid),
        };
        let named = RefCell::new(Vec::new());
        of.clone().rename(&|name| named.borrow_mut().push(name.clone()));
        let mut columns = HashMap::new();
        for name in named.into_inner() {
            let parts: Vec<&str> = name.split("__").collect();
            let read = follow(self.models, start.model, &parts).ok().filter(|read| read.rest.is_empty())?;
            let at = read.steps.iter().fold(start.table, |at, step| tables.join(at, step, None, place));
            let column = self.writer(place).column(tables.alias(at), &read.target.column, place).shown();
            let kind = read.target.kind.clone();
            columns.insert(name.clone(), (column, kind));
        }
        let column = |name: &str| columns.get(name).cloned();
        let sql = of.sql(&terms::Columns { dialect: self.cx.dialect, column: &column })?;
        Some(Key { nulls, ..Key::towards(Sql::text(sql, place), is_down) })
    }

    /// Sorts by the primary key.
    pub(super) fn by_key(&mut self, set: &mut Set, sign: &str, place: HostSpan) {
        set.order.said = Some(vec![OrderItem::Path(format!("{sign}pk"), place)]);
        set.order.is_reversed = false;
    }

    /// Joins the relations of a path; gives the last table and the model that it is of.
    pub(super) fn join_path(&self, set: &mut Set, path: &str, place: HostSpan) -> Option<(usize, ClassId)> {
        let parts: Vec<&str> = path.split("__").collect();
        let read = follow(self.models, set.model, &parts).ok().filter(|read| read.rest.is_empty())?;
        let related = read.target.related?;
        let steps: Vec<_> = read.steps.into_iter().chain(read.leads).collect();
        let (table, _) = join_all(&mut set.tables, &steps, None, place);
        Some((table, related))
    }
}

/// How a path is sorted by.
#[derive(Clone, Copy)]
struct Way {
    direction: Direction,
    /// Where the path is written.
    place: HostSpan,
    /// How many orders of other models may yet be put in for it.
    left: u8,
}

#[derive(Clone, Copy)]
struct Start {
    table: usize,
    model: ClassId,
}

/// Where rows without a value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nulls {
    Unsaid,
    First,
    Last,
}

impl Nulls {
    fn of(is_first: bool, is_last: bool) -> Self {
        match (is_first, is_last) {
            (true, _) => Self::First,
            (_, true) => Self::Last,
            _ => Self::Unsaid,
        }
    }
}

/// A key of ORDER BY.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// What is sorted by.
    pub sql: Sql,
    /// Whether it is of a group of rows, or of no row at all.
    pub is_aggregate: bool,
    is_down: bool,
    nulls: Nulls,
}

impl Key {
    fn new(sql: Sql, direction: Direction) -> Self {
        Self { sql, is_aggregate: false, is_down: direction == Direction::Down, nulls: Nulls::Unsaid }
    }

    /// A key of no table.
    pub(super) fn towards(sql: Sql, is_down: bool) -> Self {
        Self::new(sql, Direction::of(is_down))
    }

    /// It as it is where the whole order is turned round.
    fn turned(self, whole: Direction) -> Self {
        let nulls = match (whole, self.nulls) {
            (Direction::Down, Nulls::First) => Nulls::Last,
            (Direction::Down, Nulls::Last) => Nulls::First,
            (_, nulls) => nulls,
        };
        Self { is_down: whole.turned(Direction::of(self.is_down)) == Direction::Down, nulls, ..self }
    }

    /// It as it stands in ORDER BY.
    pub(super) fn written(&self, dialect: Dialect) -> Sql {
        let sql = self.sql.clone();
        let sorted = if self.is_down { sql.then(" DESC") } else { sql };
        match (dialect, self.nulls, self.is_down) {
            (_, Nulls::Unsaid, _) | (Dialect::Mysql, Nulls::Last, true) | (Dialect::Mysql, Nulls::First, false) => {
                sorted
            }
            (Dialect::Mysql, Nulls::Last, _) => self.sql.clone().then(" IS NULL, ").and(sorted),
            (Dialect::Mysql, Nulls::First, _) => self.sql.clone().then(" IS NOT NULL, ").and(sorted),
            (_, Nulls::Last, _) => sorted.then(" NULLS LAST"),
            (_, Nulls::First, _) => sorted.then(" NULLS FIRST"),
        }
    }
}

/// Where a path stands behind its `-`, if it is spelled byte for byte.
fn behind_sign(place: HostSpan, path: &str) -> HostSpan {
    let is_verbatim = (place.end - place.start) as usize == path.len() + 1;
    HostSpan { start: place.start + u32::from(is_verbatim), ..place }
}
