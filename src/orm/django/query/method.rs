//! The methods of querysets that give another one: what each adds to the query.

use std::rc::Rc;

use super::Reader;
use super::condition::{Condition, Group};
use super::expression::{Term, class_of_django};
use super::set::{Annotation, Columns, Order, OrderItem, Prefetch, Set, Shown};
use crate::dialect::Dialect;
use crate::host::value::{Call, Kind, Piece, Value};
use crate::ir::{BinaryOp, Name};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// What a method of a queryset gives.
pub(super) enum Called {
    /// Another queryset.
    Set(Box<Set>),
    /// What a query gives, or nothing of the database.
    Sent,
    /// The method is not Django's own; the queryset that it is called on.
    Custom(Box<Set>),
}

/// Methods that send a query, or that end a chain another way.
const LAST: &[&str] = &[
    "get",
    "first",
    "last",
    "latest",
    "earliest",
    "exists",
    "count",
    "aggregate",
    "update",
    "delete",
    "in_bulk",
    "contains",
    "get_or_create",
    "update_or_create",
    "create",
    "bulk_create",
    "bulk_update",
    "raw",
    "explain",
    "add",
    "remove",
    "set",
    "clear",
    "as_manager",
    "from_queryset",
    "aget",
    "afirst",
    "alast",
    "alatest",
    "aearliest",
    "aexists",
    "acount",
    "aaggregate",
    "aupdate",
    "adelete",
    "ain_bulk",
    "acontains",
    "aget_or_create",
    "aupdate_or_create",
    "acreate",
    "abulk_create",
    "abulk_update",
    "aadd",
    "aremove",
    "aset",
    "aclear",
    "db_manager",
    "_raw_delete",
    "_update",
    "_insert",
    "as_sql",
    "__str__",
    "len",
];

impl Reader<'_, '_, '_> {
    /// Calls a method of a queryset.
    pub(super) fn method(&mut self, mut set: Set, name: &str, call: &Call, place: HostSpan) -> Option<Called> {
        match name {
            "all" | "using" | "iterator" | "aiterator" | "resolve_expression" => {}
            "defer" => {}
            "filter" | "complex_filter" => {
                let condition = self.group_of(call, 0);
                self.filter(&mut set, condition);
            }
            "exclude" => {
                let condition = self.group_of(call, 0).negated();
                self.filter(&mut set, condition);
            }
            "none" => set.is_none = true,
            "annotate" => self.annotate(&mut set, call, true),
            "alias" => self.annotate(&mut set, call, false),
            "order_by" => {
                let mut items = Vec::new();
                for value in &call.positional {
                    self.order_item(&mut set, value, &mut items);
                }
                set.order = Order { said: Some(items), is_reversed: false };
            }
            "reverse" => set.order.is_reversed = !set.order.is_reversed,
            "distinct" => set.distinct = Some(self.names(call)),
            "values" | "values_list" => self.values(&mut set, call, place),
            "only" => set.columns = Columns::Only(self.names(call)),
            "select_related" => {
                let is_cleared = call.positional.first().is_some_and(|value| value.is_null());
                if is_cleared {
                    set.related.clear();
                }
                set.related_all = call.positional.is_empty();
                let names = if is_cleared { Vec::new() } else { self.names(call) };
                set.related.extend(names);
            }
            "prefetch_related" => self.prefetch(&mut set, call),
            "select_for_update" => {
                let wait = match (call.says("nowait"), call.says("skip_locked")) {
                    (true, _) => " NOWAIT",
                    (_, true) => " SKIP LOCKED",
                    _ => "",
                };
                set.lock = (self.cx.dialect != Dialect::Sqlite).then(|| format!("FOR UPDATE{wait}"));
            }
            "union" | "intersection" | "difference" => self.combine(&mut set, name, call),
            "extra" => self.extra(&mut set, call),
            "dates" | "datetimes" => self.dates(&mut set, name, call, place)?,
            _ if LAST.contains(&name) => return Some(Called::Sent),
            _ => return Some(Called::Custom(Box::new(set))),
        }
        Some(Called::Set(Box::new(set)))
    }

    /// The names among the arguments, with their places; lists of them are taken apart.
    fn names(&mut self, call: &Call) -> Vec<(String, HostSpan)> {
        let mut names = Vec::new();
        for value in &call.positional {
            self.take_name(value, &mut names);
        }
        names
    }

    /// The names that a value is: a text, or a list of them.
    pub(super) fn names_of(&mut self, value: &Value) -> Vec<(String, HostSpan)> {
        let mut names = Vec::new();
        self.take_name(value, &mut names);
        names
    }

    fn take_name(&mut self, value: &Value, names: &mut Vec<(String, HostSpan)>) {
        let value = &Rc::clone(self.ways.pick(value));
        match &value.kind {
            Kind::Text(pieces) => names.extend(value.text().map(|text| (text, text_place(pieces, value.place)))),
            Kind::List(items) => items.iter().for_each(|item| self.take_name(item, names)),
            Kind::Spread(inner) => self.take_name(inner, names),
            Kind::Optional(inner) if self.ways.takes_optional() => self.take_name(inner, names),
            _ => {}
        }
    }

    fn annotate(&mut self, set: &mut Set, call: &Call, is_shown: bool) {
        for value in &call.positional {
            // Without a name it gets that of what it counts.
            let name = value.call().and_then(|call| {
                let of = call.argument(0, "expression")?.text()?;
                let class = class_of_django(&call.callee)?.to_ascii_lowercase();
                Some(Name::from(format!("{of}__{class}")))
            });
            if let Some(name) = name {
                self.annotation(set, name, value, is_shown);
            }
        }
        let named: Vec<(Option<Name>, Value)> = call.named.clone();
        for (name, value) in named {
            match name {
                Some(name) => self.annotation(set, name, &value, is_shown),
                None => set.lost("dynamic-column", "annotations whose names the run puts together"),
            }
        }
    }

    fn annotation(&mut self, set: &mut Set, name: Name, value: &Value, is_shown: bool) {
        let value = match &value.kind {
            Kind::Optional(inner) => inner,
            _ => value,
        };
        let term = match self.is_expression(value) {
            true => self.expression(set, value),
            false => self.as_condition(set, value),
        };
        if let Some(Term { is_aggregate: true, .. }) = &term
            && set.group.is_none()
        {
            set.group = Some(match &set.columns {
                Columns::Values(columns) => columns.iter().filter_map(|shown| shown.group.clone()).collect(),
                _ => Vec::new(),
            });
        }
        if let (Columns::Values(columns), Some(term), true) = (&mut set.columns, &term, is_shown) {
            columns.push(Shown::of(term, Some(name.clone())));
        }
        let year_of = self.year_of(set, value);
        set.annotations.push(Annotation { name, term, year_of, is_shown });
    }

    /// `annotate(is_new=Q(…))`
    fn as_condition(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        let condition = self.condition(value);
        if matches!(condition, Condition::Unknown(_)) {
            return None;
        }
        let sql = self.add(set, &condition)?;
        Some(Term { sql, is_aggregate: false, kind: super::super::models::FieldKind::Boolean })
    }

    pub(super) fn order_item(&mut self, set: &mut Set, value: &Value, items: &mut Vec<OrderItem>) {
        let value = &Rc::clone(self.ways.pick(value));
        match &value.kind {
            Kind::Text(pieces) => match value.text() {
                Some(path) => items.push(OrderItem::Path(path, text_place(pieces, value.place))),
                None => set.lost("dynamic-order", "an order that the run puts together"),
            },
            Kind::List(list) => list.iter().for_each(|item| self.order_item(set, item, items)),
            Kind::Spread(inner) => self.order_item(set, inner, items),
            Kind::Optional(inner) => {
                if self.ways.takes_optional() {
                    self.order_item(set, inner, items);
                }
            }
            Kind::Null => {}
            _ if self.is_expression(value) => items.push(OrderItem::Expression(Rc::clone(value))),
            _ => set.lost("dynamic-order", "an order that is handed in"),
        }
    }

    fn values(&mut self, set: &mut Set, call: &Call, place: HostSpan) {
        let mut columns = Vec::new();
        for (name, place) in self.names(call) {
            match self.named(set, &name, place) {
                Some(term) => columns.push(Shown::of(&term, None)),
                None if set.annotation(&name).is_some() => {}
                None => set.lost("dynamic-column", format!("`{name}`")),
            }
        }
        for (name, value) in call.named.clone() {
            let Some(name) = name.filter(|name| !matches!(&**name, "flat" | "named")) else { continue };
            if let Some(term) = self.expression(set, &value) {
                columns.push(Shown::of(&term, Some(name.clone())));
                set.annotations.push(Annotation { name, term: Some(term), year_of: None, is_shown: true });
            }
        }
        let is_flat_only = call.named.iter().all(|(name, _)| matches!(name.as_deref(), Some("flat" | "named")));
        if call.positional.is_empty() && is_flat_only {
            let alias = self.cx.dialect.quote(set.tables.alias(0)).into_owned();
            columns.push(Shown::plain(Sql::text(format!("{alias}.*"), place)));
        }
        set.columns = Columns::Values(columns);
    }

    fn prefetch(&mut self, set: &mut Set, call: &Call) {
        for value in &call.positional {
            let value = &Rc::clone(self.ways.pick(value));
            let said = value.call().filter(|call| class_of_django(&call.callee) == Some("Prefetch"));
            match said {
                Some(prefetch) => {
                    let path = prefetch.argument(0, "lookup").and_then(|path| path.text());
                    let queryset = prefetch.argument(1, "queryset").filter(|value| !value.is_null()).cloned();
                    set.prefetched.extend(path.map(|path| Prefetch { path, queryset, place: value.place }));
                }
                None if value.is_null() => set.prefetched.clear(),
                None => {
                    let mut names = Vec::new();
                    self.take_name(value, &mut names);
                    let prefetch = |(path, place)| Prefetch { path, queryset: None, place };
                    set.prefetched.extend(names.into_iter().map(prefetch));
                }
            }
        }
    }

    fn combine(&mut self, set: &mut Set, name: &str, call: &Call) {
        let word = match (name, call.says("all")) {
            ("union", true) => " UNION ALL ",
            ("union", false) => " UNION ",
            ("intersection", _) => " INTERSECT ",
            _ => " EXCEPT ",
        };
        let first = Set { unknown: Vec::new(), ..set.clone() };
        (set.combined, set.slice) = (vec![("", first)], (None, None));
        set.order = Order { said: Some(Vec::new()), is_reversed: false };
        for other in &call.positional {
            match self.set(other) {
                Some(other) => {
                    set.unknown.extend(other.unknown.clone());
                    set.combined.push((word, other));
                }
                None => set.lost("dynamic-queryset", "a queryset that is handed in"),
            }
        }
    }

    /// `extra(where=["a = %s"], params=[…])`
    fn extra(&mut self, set: &mut Set, call: &Call) {
        for (name, value) in &call.named {
            match name.as_deref() {
                Some("where") => {
                    for text in value.items().into_iter().flatten() {
                        let Some(known) = text.text() else {
                            set.lost_condition("dynamic-filter", "a condition that the run puts together", text.place);
                            continue;
                        };
                        let mut parts = known.split("%s").map(|part| Sql::text(part, text.place));
                        let first = parts.next().unwrap_or_default();
                        let sql = parts.fold(first, |sql, part| sql.and(Sql::param(text.place)).and(part));
                        set.conditions.push(sql.within("(", ")", text.place));
                    }
                }
                Some("params" | "select_params") => {}
                Some("order_by") => {
                    let mut items = Vec::new();
                    self.order_item(set, value, &mut items);
                    set.order.said = Some(items);
                }
                Some("select") => {
                    if let Kind::Dict(pairs) = &value.kind {
                        for name in pairs.iter().filter_map(|(key, _)| key.as_ref()?.text()) {
                            set.annotations.push(Annotation {
                                name: Name::from(name),
                                term: None,
                                year_of: None,
                                is_shown: true,
                            });
                        }
                    }
                }
                _ => set.lost_condition("dynamic-filter", "what `extra` adds", value.place),
            }
        }
    }

    fn dates(&mut self, set: &mut Set, name: &str, call: &Call, place: HostSpan) -> Option<()> {
        let field = call.argument(0, "field_name")?.text()?;
        let part = call.argument(1, "kind")?.text()?;
        let term = self.named(set, &field, place)?;
        let sql = match self.cx.dialect {
            Dialect::Postgres => {
                let of = super::lookup::local(self.backend(), term.sql, &term.kind, place);
                of.within(&format!("DATE_TRUNC('{part}', "), ")", place)
            }
            Dialect::Sqlite => {
                let of = if name == "dates" { "date" } else { "datetime" };
                let function = (of, "trunc", Some(&*part));
                super::lookup::of_sqlite(self.backend(), function, term.sql, place)
            }
            Dialect::Mysql => term.sql.within("DATE(", ")", place),
        };
        let column = self.named(set, &field, place)?.sql;
        set.conditions.push(column.then(" IS NOT NULL"));
        set.columns = Columns::Values(vec![Shown::plain(sql.clone())]);
        set.distinct = Some(Vec::new());
        set.annotations.push(Annotation {
            name: Name::from("datefield"),
            term: Some(Term { sql, is_aggregate: false, kind: term.kind }),
            year_of: None,
            is_shown: false,
        });
        let is_desc = call.argument(2, "order").and_then(|order| order.text()).as_deref() == Some("DESC");
        let path = if is_desc { "-datefield" } else { "datefield" };
        set.order = Order { said: Some(vec![OrderItem::Path(path.to_owned(), place)]), is_reversed: false };
        Some(())
    }

    /// `queryset[start:stop]`
    pub(super) fn sliced(&mut self, mut set: Set, start: Option<&Value>, stop: Option<&Value>, at: HostSpan) -> Set {
        let number = |value: Option<&Value>| value.and_then(|value| value.integer());
        let offset = match (start, number(start)) {
            (None, _) | (_, Some(0)) => None,
            (_, Some(known)) => Some(Sql::text(known.to_string(), at)),
            (Some(_), None) => Some(Sql::param(at)),
        };
        let limit = match (stop, number(stop), number(start)) {
            (None, ..) => None,
            (_, Some(stop), Some(start)) => Some(Sql::text((stop - start).max(0).to_string(), at)),
            (_, Some(stop), None) if start.is_none() => Some(Sql::text(stop.to_string(), at)),
            _ => Some(Sql::param(at)),
        };
        set.slice = (offset, limit);
        set
    }

    /// `one | other`: the rows of both, or of either.
    pub(super) fn merged(&mut self, mut left: Set, right: Set, op: BinaryOp, place: HostSpan) -> Option<Set> {
        if left.model != right.model {
            return None;
        }
        left.unknown.extend(right.unknown.clone());
        if !left.tables.is_single() || !right.tables.is_single() || left.group.is_some() || right.group.is_some() {
            return self.merged_anew(left, &right, op, place);
        }
        let all = |conditions: Vec<Sql>| Sql::join(conditions, " AND ", place);
        if op == BinaryOp::BitAnd {
            left.conditions.extend(right.conditions);
            return Some(left);
        }
        let (one, other) = (all(std::mem::take(&mut left.conditions)), all(right.conditions));
        if !one.is_empty() && !other.is_empty() {
            left.conditions.push(one.then(" OR ").and(other).within("(", ")", place));
        }
        Some(left)
    }

    /// Puts querysets with joins together: what both ask for is asked of one.
    fn merged_anew(&mut self, mut left: Set, right: &Set, op: BinaryOp, place: HostSpan) -> Option<Set> {
        // What values are shown of joined tables goes by the joins as they are.
        let shows_joined = left.has_values() && !left.tables.is_single();
        let (Some(of_left), Some(of_right), false) = (left.all_asked(), right.all_asked(), shows_joined) else {
            left.conditions.clear();
            left.lost_condition("dynamic-queryset", "querysets with joins that are put together", place);
            return Some(left);
        };
        let mut both = self.all(left.model, place)?;
        if op == BinaryOp::BitAnd {
            of_left.iter().chain(of_right).for_each(|condition| self.filter(&mut both, condition.clone()));
        } else {
            let all = |asked: &[Condition]| Condition::Group(Group { children: asked.to_vec(), ..Group::default() });
            // One of them that leaves nothing out has all rows.
            if !of_left.is_empty() && !of_right.is_empty() {
                let children = vec![all(of_left), all(of_right)];
                self.filter(&mut both, Condition::Group(Group { children, is_any: true, is_negated: false }));
            }
        }
        both.unknown.append(&mut left.unknown);
        let (tables, conditions, asked, unknown) = (both.tables, both.conditions, both.asked, both.unknown);
        Some(Set { tables, conditions, asked, unknown, ..left })
    }

    /// Asks for one more lookup.
    pub(super) fn and(&mut self, set: &mut Set, path: &str, place: HostSpan, value: &Value) {
        let children = vec![Condition::lookup(path, place, value)];
        self.filter(set, Condition::Group(Group { children, ..Group::default() }));
    }
}

/// Where a text's words stand, within its quotes.
pub(super) fn text_place(pieces: &[Piece], whole: HostSpan) -> HostSpan {
    match pieces {
        [Piece::Text { place, .. }] => *place,
        _ => whole,
    }
}

/// Says whether a name is that of a method of querysets.
pub(super) fn is_known(name: &str) -> bool {
    LAST.contains(&name) || NEXT.contains(&name)
}

/// Says whether a method gives another queryset.
pub(super) fn continues(name: &str) -> bool {
    NEXT.contains(&name)
}

/// Methods that give another queryset.
const NEXT: &[&str] = &[
    "all",
    "using",
    "iterator",
    "aiterator",
    "defer",
    "filter",
    "complex_filter",
    "exclude",
    "none",
    "annotate",
    "alias",
    "order_by",
    "reverse",
    "distinct",
    "values",
    "values_list",
    "only",
    "select_related",
    "prefetch_related",
    "select_for_update",
    "union",
    "intersection",
    "difference",
    "extra",
    "dates",
    "datetimes",
];
