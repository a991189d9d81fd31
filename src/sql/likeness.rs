//! What two texts of one query have in common: the code's, and the one that a server counted or logged.
//!
//! Both are read, their names resolved by the schema, and written anew without what differs from one writer to the
//! other: values, aliases, quotes, parentheses, casts of values, the order of what is joined by AND, how many members
//! a list has. Made from a statement and its names; knows no server and no host code.

mod outputs;
mod places;
mod terms;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, BinaryOperator, Expr, Ident, JoinOperator, LimitClause, ObjectName, OrderByKind, OrderByOptions, OrderBySort,
    Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value, VisitMut, VisitorMut,
};
use xxhash_rust::xxh3::xxh3_128;

use super::parse::ident;
use super::resolution::{Name, Shaped, place_of_table};
use crate::catalog::Catalog;
use crate::name::QName;
use crate::query::{AccessPattern, QueryShape, RefId, TableRef};

/// How a query is told from others, the closest way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness {
    /// All of it.
    pub whole: u128,
    /// All of it but the plain columns that it returns: a framework lists those of its model.
    pub rows: u128,
    /// What it asks of each table.
    pub asked: u128,
}

/// Says what a statement has in common with its other texts.
pub fn likeness(shaped: &Shaped, catalog: &Catalog) -> Likeness {
    let mut statement = shaped.statement.clone();
    let mut canonical = Canonical { shaped, catalog, joiners: Vec::new() };
    let _ = VisitMut::visit(&mut statement, &mut canonical);
    let whole = hash(&statement);
    outputs::drop_plain(&mut statement);
    Likeness { whole, rows: hash(&statement), asked: xxh3_128(asked(&shaped.shape).as_bytes()) }
}

/// Makes a server's text of a query one that can be read: it takes what is extracted from a time for a value.
pub fn readable(text: &str) -> Cow<'_, str> {
    const CALL: &str = "extract(";
    let lower = text.to_ascii_lowercase();
    let (mut out, mut done) = (String::new(), 0);
    for (at, _) in lower.match_indices(CALL) {
        let from = at + CALL.len();
        let rest = &text[from..];
        let digits = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        if rest.starts_with('$') && digits > 0 {
            out.push_str(&text[done..from]);
            out.push_str("year");
            done = from + 1 + digits;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

fn hash(statement: &Statement) -> u128 {
    xxh3_128(statement.to_string().as_bytes())
}

/// What a statement asks of each table, what it writes there, and whether it counts.
fn asked(shape: &QueryShape) -> String {
    let of_table = |(reference, pattern): (&TableRef, &AccessPattern)| {
        let limited = if pattern.limit.is_some() { "limit" } else { "" };
        format!("{} {:?} {:?} {} {limited}", reference.table, reference.written, reference.set, pattern.asked())
    };
    let mut tables: Vec<String> = shape.references.iter().zip(&shape.patterns).map(of_table).collect();
    tables.sort();
    let blocks = shape.blocks.iter().map(|block| (block.aggregated, block.grouped)).collect::<BTreeSet<_>>();
    format!("{:?} {blocks:?}\n{}", shape.statement, tables.join("\n"))
}

struct Canonical<'a> {
    shaped: &'a Shaped,
    catalog: &'a Catalog,
    /// Of each expression around, the AND or OR that it is or stands in: a long chain is settled once, from its top.
    joiners: Vec<Option<BinaryOperator>>,
}

impl VisitorMut for Canonical<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        places::spell_order(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        places::spell_groups(select);
        ControlFlow::Continue(())
    }

    fn post_visit_ident(&mut self, name: &mut Ident) -> ControlFlow<()> {
        name.value = ident(name, self.shaped.dialect).to_string();
        name.quote_style = None;
        ControlFlow::Continue(())
    }

    fn post_visit_value(&mut self, value: &mut ast::ValueWithSpan) -> ControlFlow<()> {
        value.value = Value::Placeholder("?".to_owned());
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.joiners.push(match expr {
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => Some(op.clone()),
            Expr::Nested(_) => self.joiners.last().cloned().flatten(),
            _ => None,
        });
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let own = self.joiners.pop().flatten();
        let around = self.joiners.last().cloned().flatten();
        match expr {
            Expr::BinaryOp { .. } if own.is_some() && own == around => {}
            Expr::Identifier(name) => {
                if let Some(known) = self.known(std::slice::from_ref(name)) {
                    *expr = known;
                }
            }
            Expr::CompoundIdentifier(path) => {
                if let Some(known) = self.known(path) {
                    *expr = known;
                }
            }
            _ => terms::settle(expr),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias: given, args: None, .. } = factor
            && let Some(reference) = self.reference(name)
        {
            *name = self.table(reference);
            *given = None;
        } else if let TableFactor::Derived { alias: Some(alias), .. } | TableFactor::Table { alias: Some(alias), .. } =
            factor
        {
            alias.explicit = true;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        outputs::unwrap_count(select);
        for join in select.from.iter_mut().flat_map(|table| &mut table.joins) {
            join.join_operator = match std::mem::replace(&mut join.join_operator, JoinOperator::CrossApply) {
                JoinOperator::Inner(on) => JoinOperator::Join(on),
                JoinOperator::Left(on) => JoinOperator::LeftOuter(on),
                JoinOperator::Right(on) => JoinOperator::RightOuter(on),
                other => other,
            };
        }
        let stars = select.from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)).map(outputs::star_of)
        });
        let stars: Option<Vec<SelectItem>> = stars.collect();
        self.outputs(&mut select.projection, stars.as_deref());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(order) = &mut query.order_by
            && let OrderByKind::Expressions(keys) = &mut order.kind
        {
            keys.iter_mut().for_each(|key| settle_order(&mut key.options));
        }
        unwrap_arms(&mut query.body);
        if let Some(LimitClause::LimitOffset { offset: Some(offset), .. }) = &mut query.limit_clause {
            offset.rows = ast::OffsetRows::None;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                update.assignments.sort_by_cached_key(ToString::to_string);
                update.returning.iter_mut().for_each(|items| self.outputs(items, None));
            }
            Statement::Delete(delete) => delete.returning.iter_mut().for_each(|items| self.outputs(items, None)),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Canonical<'_> {
    fn reference(&self, name: &ObjectName) -> Option<RefId> {
        place_of_table(name).and_then(|place| self.shaped.names.table(place))
    }

    /// The name of a table and of the reference to it in one.
    fn table(&self, reference: RefId) -> ObjectName {
        let table = self.shaped.shape.references.get(usize::from(reference.0)).map(|reference| &reference.table);
        let table = table.map_or(String::new(), QName::to_string);
        ObjectName::from(vec![Ident::new(table), alias(reference)])
    }

    /// A column of a base table, or its whole row, by the number of the reference.
    fn known(&self, path: &[Ident]) -> Option<Expr> {
        Some(match self.shaped.names.column(path.first()?.span.start)? {
            Name::Column(reference, column) | Name::Hidden(reference, column) => {
                Expr::CompoundIdentifier(vec![alias(*reference), Ident::new(column.as_str())])
            }
            Name::Row(reference) => Expr::Identifier(alias(*reference)),
            // What a derived table is called is its writer's choice.
            Name::Derived { .. } if path.len() > 1 => Expr::Identifier(path.last()?.clone()),
            Name::Value | Name::List | Name::Text | Name::Fields(_) | Name::Derived { .. } | Name::Other => {
                return None;
            }
        })
    }

    fn insert(&self, insert: &mut ast::Insert) {
        if let ast::TableObject::TableName(name) = &mut insert.table
            && let Some(reference) = self.reference(name)
        {
            *name = self.table(reference);
            insert.table_alias = None;
        }
        if let Some(source) = &mut insert.source
            && let SetExpr::Values(values) = &mut *source.body
        {
            values.rows.truncate(1);
        }
        insert.returning.iter_mut().for_each(|items| self.outputs(items, None));
    }
}

fn alias(reference: RefId) -> Ident {
    Ident::new(format!("t{}", reference.0))
}

/// Strips the parentheses around the arms of a set operation that need none.
fn unwrap_arms(body: &mut SetExpr) {
    let SetExpr::SetOperation { left, right, .. } = body else { return };
    for arm in [left, right] {
        unwrap_arms(arm);
        if let SetExpr::Query(inner) = &**arm
            && inner.to_string() == inner.body.to_string()
            && matches!(&*inner.body, SetExpr::Select(_))
        {
            let inner = inner.body.clone();
            *arm = inner;
        }
    }
}

/// Leaves out what an order says that it would be without.
fn settle_order(options: &mut OrderByOptions) {
    if options.sort == Some(OrderBySort::Asc) {
        options.sort = None;
    }
    if options.nulls_first == Some(options.sort.is_some()) {
        options.nulls_first = None;
    }
}

#[cfg(test)]
mod tests;
