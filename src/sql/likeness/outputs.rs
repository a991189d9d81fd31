//! What a statement returns, as every writer's is written anew: without names, in one order, all columns of a table as
//! its star.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement,
    TableFactor, Value, VisitMut, VisitorMut,
};

use super::{Canonical, alias};

const STAR: &str = "*";

impl Canonical<'_> {
    /// Settles a list of outputs; `stars` are those of what is read, where each is a base table.
    pub(super) fn outputs(&self, items: &mut Vec<SelectItem>, stars: Option<&[SelectItem]>) {
        let mut found: Vec<SelectItem> = Vec::new();
        for item in items.drain(..) {
            match item {
                SelectItem::ExprWithAlias { expr, .. } => found.push(SelectItem::UnnamedExpr(expr)),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), more) => {
                    found.push(match self.reference(&name) {
                        Some(reference) => star(alias(reference)),
                        None => SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), more),
                    });
                }
                SelectItem::Wildcard(_) if stars.is_some() => found.extend_from_slice(stars.unwrap_or_default()),
                other => found.push(other),
            }
        }
        self.gather(&mut found);
        found.sort_by_cached_key(ToString::to_string);
        found.dedup();
        *items = found;
    }

    /// Puts a star in the place of all columns of a table.
    fn gather(&self, items: &mut Vec<SelectItem>) {
        let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in items.iter() {
            if let Some((of, column)) = column(item) {
                listed.entry(of.to_owned()).or_default().insert(column.to_owned());
            }
        }
        let is_whole = |of: &str, columns: &BTreeSet<String>| {
            let references = &self.shaped.shape.references;
            let number = of.strip_prefix('t').and_then(|number| number.parse::<u16>().ok());
            let reference = number.and_then(|number| references.get(usize::from(number)));
            let table = reference.and_then(|reference| self.catalog.tables.get(&reference.table));
            columns.contains(STAR)
                || table.is_some_and(|table| table.columns.iter().all(|column| columns.contains(column.name.as_str())))
        };
        listed.retain(|of, columns| is_whole(of, columns));
        items.retain(|item| column(item).is_none_or(|(of, _)| !listed.contains_key(of)));
        items.extend(listed.into_keys().map(|of| star(Ident::new(of))));
    }
}

/// The star of a base table whose name is settled.
pub(super) fn star_of(factor: &TableFactor) -> Option<SelectItem> {
    let TableFactor::Table { name: ObjectName(parts), alias: None, args: None, .. } = factor else { return None };
    match &parts[..] {
        [_, of] => Some(star(of.as_ident()?.clone())),
        _ => None,
    }
}

fn star(of: Ident) -> SelectItem {
    SelectItem::UnnamedExpr(Expr::CompoundIdentifier(vec![of, Ident::new(STAR)]))
}

/// The reference and the name of a plain column.
fn column(item: &SelectItem) -> Option<(&str, &str)> {
    match item {
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => match &path[..] {
            [of, column] => Some((&of.value, &column.value)),
            _ => None,
        },
        _ => None,
    }
}

/// Counts rows where they are read: `SELECT count(*) FROM (SELECT … FROM t)` is what some frameworks write.
pub(super) fn unwrap_count(select: &mut Select) {
    let is_count = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Function(call))
        | SelectItem::ExprWithAlias { expr: Expr::Function(call), .. } => {
            call.over.is_none() && call.filter.is_none() && call.to_string() == "count(*)"
        }
        _ => false,
    };
    let ([item], [from], None) = (&select.projection[..], &mut select.from[..], &select.selection) else { return };
    let TableFactor::Derived { subquery, .. } = &mut from.relation else { return };
    let is_plain = subquery.with.is_none() && subquery.limit_clause.is_none() && subquery.fetch.is_none();
    let SetExpr::Select(inner) = &mut *subquery.body else { return };
    let is_ungrouped = |by: &GroupByExpr| matches!(by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let is_each_row = inner.distinct.is_none() && inner.having.is_none() && is_ungrouped(&inner.group_by);
    let adds_nothing = from.joins.is_empty() && is_ungrouped(&select.group_by) && select.having.is_none();
    let is_aggregate = |item: &SelectItem| !is_plain_item(item);
    if is_count(item) && is_plain && is_each_row && adds_nothing && !inner.projection.iter().any(is_aggregate) {
        (select.selection, select.from) = (inner.selection.take(), std::mem::take(&mut inner.from));
    }
}

/// Leaves out of a settled statement the plain columns, stars and values that it returns.
pub(super) fn drop_plain(statement: &mut Statement) {
    let _ = VisitMut::visit(statement, &mut Dropping);
}

struct Dropping;

impl VisitorMut for Dropping {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        select.projection.retain(|item| !is_plain_item(item));
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        match statement {
            Statement::Insert(insert) => insert.returning = None,
            Statement::Update(update) => update.returning = None,
            Statement::Delete(delete) => delete.returning = None,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn is_plain_item(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(Expr::Value(value)) => matches!(value.value, Value::Placeholder(_)),
        SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        | SelectItem::Wildcard(_)
        | SelectItem::QualifiedWildcard(..) => true,
        _ => false,
    }
}
