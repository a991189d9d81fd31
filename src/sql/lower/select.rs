//! One SELECT block: its outputs, its grouping, the conditions that stand alone, lateral items.

use sqlparser::ast::{
    self, BinaryOperator, Distinct, GroupByExpr, JoinConstraint, JoinOperator, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, UnaryOperator,
};

use super::{Lowering, alias, column, query, quote};
use crate::dialect::Dialect;
use crate::query::RefId;
use crate::sql::build;
use crate::sql::factor::common_conjuncts;
use crate::sql::resolution::{Name, place_of_table};

impl Lowering<'_> {
    pub(super) fn select(&mut self, select: &mut ast::Select) {
        select.into = None;
        select.optimizer_hints.clear();
        self.laterals(select);
        self.foreign_stars(select);
        self.outputs(&mut select.projection);
        self.distinct(select);
        self.grouping(select);
        select.from.iter_mut().for_each(|table| self.joins(table));
        select.from.iter_mut().for_each(|table| self.turn(table));
        for condition in select.selection.iter_mut().chain(&mut select.having) {
            self.condition(condition);
        }
    }

    /// `t.*` of a table of a query around: SQLite knows only those of its own FROM.
    fn foreign_stars(&mut self, select: &mut ast::Select) {
        let star = |item: &SelectItem| match item {
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                place_of_table(name).and_then(|place| self.names.table(place))
            }
            _ => None,
        };
        if !select.projection.iter().any(|item| star(item).is_some()) {
            return;
        }
        let mut own = Vec::new();
        select.from.iter().for_each(|table| self.references_in(table, &mut own));
        let mut items = Vec::with_capacity(select.projection.len());
        for item in select.projection.drain(..) {
            match star(&item).filter(|reference| !own.contains(reference)) {
                Some(reference) => {
                    let columns = self.table_of(reference).map(|table| table.columns.as_slice()).unwrap_or_default();
                    let columns = columns.iter().map(|each| column(reference, each.name.as_str()));
                    items.extend(columns.map(SelectItem::UnnamedExpr));
                }
                None => items.push(item),
            }
        }
        select.projection = items;
    }

    fn references_in(&self, table: &ast::TableWithJoins, into: &mut Vec<RefId>) {
        let relations = std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation));
        for relation in relations {
            match relation {
                TableFactor::Table { name, .. } => {
                    into.extend(place_of_table(name).and_then(|place| self.names.table(place)));
                }
                TableFactor::NestedJoin { table_with_joins, .. } => self.references_in(table_with_joins, into),
                _ => {}
            }
        }
    }

    fn outputs(&mut self, items: &mut Vec<SelectItem>) {
        if items.is_empty() {
            items.push(SelectItem::UnnamedExpr(super::number(1)));
        }
        for item in items {
            if let SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) = item
                && *options != ast::WildcardAdditionalOptions::default()
            {
                self.refuse("`*` takes no words of its own");
            }
            match item {
                SelectItem::ExprWithAlias { alias, .. } => quote(alias),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _)
                    if self.is_lateral_label(&name.to_string()) =>
                {
                    *item = SelectItem::UnnamedExpr(super::unknown_value());
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    match place_of_table(name).and_then(|place| self.names.table(place)) {
                        Some(reference) => *name = ast::ObjectName::from(vec![alias(reference)]),
                        None => {
                            if let Some(ast::ObjectNamePart::Identifier(mut last)) = name.0.pop() {
                                self.label(&mut last);
                                *name = ast::ObjectName::from(vec![last]);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn is_lateral_label(&self, name: &str) -> bool {
        self.laterals.iter().any(|(label, _)| label.eq_ignore_ascii_case(name))
    }

    /// Says whether a name that is no base column belongs to a lateral item that is gone.
    pub(super) fn was_lateral(&self, path: &[ast::Ident]) -> bool {
        match path {
            [name] => {
                let name = name.value.to_ascii_lowercase();
                self.laterals.iter().any(|(_, columns)| columns.contains(&name))
            }
            [table, ..] => self.is_lateral_label(&table.value),
            [] => false,
        }
    }

    /// `DISTINCT ON` keeps the first row of each group in the given order: the order is the work, else the grouping.
    fn distinct(&mut self, select: &mut ast::Select) {
        match select.distinct.take() {
            Some(Distinct::On(keys)) => {
                let free = matches!(&select.group_by, GroupByExpr::Expressions(items, _) if items.is_empty());
                if free {
                    select.group_by = GroupByExpr::Expressions(keys, Vec::new());
                }
                self.approximate("DISTINCT ON is planned as GROUP BY");
            }
            Some(Distinct::Distinct) => select.distinct = Some(Distinct::Distinct),
            Some(Distinct::All) | None => {}
        }
    }

    fn grouping(&mut self, select: &mut ast::Select) {
        let GroupByExpr::Expressions(items, modifiers) = &mut select.group_by else { return };
        let mut flat = Vec::new();
        let mut several = !modifiers.is_empty();
        for item in items.drain(..) {
            match item {
                ast::Expr::Rollup(sets) | ast::Expr::Cube(sets) | ast::Expr::GroupingSets(sets) => {
                    several = true;
                    flat.extend(sets.into_iter().flatten());
                }
                ast::Expr::Tuple(parts) => flat.extend(parts),
                other => flat.push(other),
            }
        }
        modifiers.clear();
        *items = flat;
        if several {
            self.approximate("grouping sets are planned as one grouping");
        }
    }

    fn joins(&mut self, table: &mut ast::TableWithJoins) {
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut table.relation {
            self.joins(table_with_joins);
        }
        table.joins.iter_mut().for_each(|join| self.join(join));
    }

    /// `a RIGHT JOIN b` as `b LEFT JOIN a`: SQLite reads `a` whole otherwise, whatever index it has.
    fn turn(&self, table: &mut ast::TableWithJoins) {
        if let (true, Some(join)) = (self.stands_in(), table.joins.first_mut())
            && let JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) = &mut join.join_operator
        {
            join.join_operator = JoinOperator::Left(std::mem::replace(constraint, JoinConstraint::None));
            std::mem::swap(&mut table.relation, &mut join.relation);
        }
    }

    fn join(&mut self, join: &mut ast::Join) {
        join.global = false;
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut join.relation {
            self.joins(table_with_joins);
        }
        // SQLite's CROSS JOIN forbids to reorder.
        if self.stands_in()
            && let JoinOperator::CrossJoin(constraint) = &mut join.join_operator
        {
            let constraint = std::mem::replace(constraint, JoinConstraint::None);
            join.join_operator = JoinOperator::Join(constraint);
        }
        let (JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)) = &mut join.join_operator
        else {
            return;
        };
        if let JoinConstraint::On(condition) = constraint {
            self.condition(condition);
        }
    }

    /// Writes the forms of a condition that have one canonical form as that form, so that the predicates of partial
    /// indexes, which are printed from it, match.
    pub(super) fn condition(&mut self, condition: &mut ast::Expr) {
        use ast::Expr as Ast;
        if self.dialect != Dialect::Postgres {
            return;
        }
        match condition {
            Ast::Nested(inner) => self.condition(inner),
            Ast::BinaryOp { op: BinaryOperator::Or, .. } if !common_conjuncts(condition).is_empty() => {
                let common: Vec<Ast> = common_conjuncts(condition).into_iter().cloned().collect();
                let mut whole = Ast::Nested(Box::new(std::mem::replace(condition, super::number(0))));
                for mut part in common {
                    self.condition(&mut part);
                    let (left, right) = (Box::new(part), Box::new(whole));
                    whole = Ast::BinaryOp { left, op: BinaryOperator::And, right };
                }
                *condition = whole;
            }
            Ast::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                self.condition(left);
                self.condition(right);
            }
            Ast::UnaryOp { op: UnaryOperator::Not, expr } if self.is_base_column(expr) => {
                let column = std::mem::replace(&mut **expr, super::number(0));
                *condition = compared(column, BinaryOperator::NotEq, true);
            }
            Ast::IsTrue(inner) => {
                let mut inner = std::mem::replace(&mut **inner, super::number(0));
                self.condition(&mut inner);
                *condition = inner;
            }
            Ast::IsFalse(inner) if self.is_base_column(inner) => {
                let column = std::mem::replace(&mut **inner, super::number(0));
                *condition = compared(column, BinaryOperator::NotEq, true);
            }
            other if self.is_base_column(other) => {
                let column = std::mem::replace(other, super::number(0));
                *other = compared(column, BinaryOperator::Eq, true);
            }
            _ => {}
        }
    }

    pub(super) fn is_base_column(&self, expr: &ast::Expr) -> bool {
        let first = match expr {
            ast::Expr::Identifier(name) => name,
            ast::Expr::CompoundIdentifier(path) => &path[0],
            ast::Expr::Nested(inner) => return self.is_base_column(inner),
            _ => return false,
        };
        matches!(self.names.column(first.span.start), Some(Name::Column(..)))
    }

    /// Lateral subqueries become scalar ones among the outputs: SQLite knows no lateral join.
    fn laterals(&mut self, select: &mut ast::Select) {
        let mut taken = Vec::new();
        let mut take = |factor: &mut TableFactor| {
            let found = take_lateral(factor);
            let free = found.is_none();
            taken.extend(found);
            free
        };
        for table in &mut select.from {
            table.joins.retain_mut(|join| take(&mut join.relation));
        }
        if select.from.iter().any(|table| is_lateral(&table.relation) && !table.joins.is_empty()) {
            return self.refuse("a lateral subquery that others are joined to");
        }
        select.from.retain_mut(|table| take(&mut table.relation));
        for (mut query, label) in taken {
            self.approximate("a lateral join is planned as a correlated subquery");
            self.laterals.push((label, names_of(&query.body)));
            match &mut *query.body {
                SetExpr::Select(inner) => self.one_output(inner),
                _ => return self.refuse("a lateral subquery that is a set operation"),
            }
            select.projection.push(SelectItem::UnnamedExpr(ast::Expr::Subquery(query)));
        }
    }

    /// Makes one value of all the outputs of a block, so that it reads what it read.
    fn one_output(&mut self, select: &mut ast::Select) {
        let mut parts = Vec::new();
        for item in select.projection.drain(..) {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => parts.push(expr),
                _ => {
                    let tables = select.from.iter();
                    let tables = tables.flat_map(|table| {
                        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
                    });
                    for table in tables {
                        let TableFactor::Table { name, .. } = table else { continue };
                        let reference = place_of_table(name).and_then(|place| self.names.table(place));
                        let Some((reference, table)) = reference.and_then(|of| Some((of, self.table_of(of)?))) else {
                            continue;
                        };
                        parts.extend(table.columns.iter().map(|each| column(reference, each.name.as_str())));
                    }
                }
            }
        }
        let value = self.call("whole_row", parts);
        select.projection.push(SelectItem::UnnamedExpr(value));
        // The alias of an output may be what the block sorts by; its own ORDER BY names columns in nearly all cases.
        select.distinct = None;
    }
}

fn is_lateral(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Derived { lateral: true, .. })
}

fn take_lateral(factor: &mut TableFactor) -> Option<(Box<ast::Query>, String)> {
    match factor {
        TableFactor::Derived { lateral: true, subquery, alias, .. } => {
            let label = alias.as_ref().map_or_else(String::new, |alias| alias.name.value.to_ascii_lowercase());
            Some((std::mem::replace(subquery, Box::new(build::query(query::nothing()))), label))
        }
        _ => None,
    }
}

/// The names of a body's outputs.
fn names_of(body: &SetExpr) -> Vec<String> {
    let SetExpr::Select(select) = body else { return Vec::new() };
    let names = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias),
        SelectItem::UnnamedExpr(ast::Expr::Identifier(name)) => Some(name),
        SelectItem::UnnamedExpr(ast::Expr::CompoundIdentifier(path)) => path.last(),
        _ => None,
    });
    names.map(|name| name.value.to_ascii_lowercase()).collect()
}

fn compared(column: ast::Expr, op: BinaryOperator, value: bool) -> ast::Expr {
    let right = Box::new(ast::Expr::value(ast::Value::Boolean(value)));
    ast::Expr::BinaryOp { left: Box::new(column), op, right }
}
