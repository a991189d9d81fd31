//! Queries: CTEs, set operations, order and limits.

use std::ops::ControlFlow;

use sqlparser::ast::{self, LimitClause, OrderByKind, SetExpr, TableFactor, TableWithJoins, VisitorMut};

use super::statement::Position;
use super::{Lowering, number, quote};
use crate::sql::build;

/// The rows that `LIMIT $n` stands for (statistics.md, "Parameters").
const UNKNOWN_LIMIT: u32 = 50;

impl VisitorMut for Lowering<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        self.ctes_of(query);
        query.locks.clear();
        query.for_clause = None;
        unwrap(query);
        wrap_arms(&mut query.body);
        ordered_distinct(query);
        self.order(query);
        self.limit(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        self.select(select);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        self.factor(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &mut ast::Statement) -> ControlFlow<()> {
        match statement {
            ast::Statement::Update(update) => {
                if let Some(condition) = &mut update.selection {
                    self.condition(condition);
                }
                let assignments = std::mem::take(&mut update.assignments);
                update.assignments = assignments.into_iter().flat_map(one_by_one).collect();
                update.assignments.iter_mut().for_each(assigned);
                update.order_by.clear();
                update.limit = None;
            }
            ast::Statement::Delete(delete) => {
                if let Some(condition) = &mut delete.selection {
                    self.condition(condition);
                }
                delete.order_by.clear();
                delete.limit = None;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        self.before(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        self.rewrite(expr);
        ControlFlow::Continue(())
    }
}

impl Lowering<'_> {
    fn ctes_of(&mut self, query: &mut ast::Query) {
        let Some(with) = &mut query.with else { return };
        for cte in &mut with.cte_tables {
            cte.from = None;
            self.label(&mut cte.alias.name);
            cte.alias.explicit = false;
            for column in &mut cte.alias.columns {
                column.data_type = None;
                quote(&mut column.name);
            }
            self.read_body(&mut cte.query, Position::Within);
        }
    }

    /// SQLite's defaults for NULLs are not PostgreSQL's; what is the target's default is the engine's default.
    fn order(&mut self, query: &mut ast::Query) {
        let Some(order) = &mut query.order_by else { return };
        order.interpolate = None;
        let OrderByKind::Expressions(keys) = &mut order.kind else {
            query.order_by = None;
            return;
        };
        let outputs = match &*query.body {
            SetExpr::Select(select) => select.projection.as_slice(),
            // The order of a set operation is one of its outputs, and of nothing else.
            _ => return self.sort_keys(keys, None),
        };
        self.sort_keys(keys, Some(outputs));
    }

    /// Brings sort keys into SQLite's form; `outputs` are what numbers stand for, none where no key may be rewritten.
    pub(super) fn sort_keys(&mut self, keys: &mut [ast::OrderByExpr], outputs: Option<&[ast::SelectItem]>) {
        for key in keys {
            key.with_fill = None;
            let desc = matches!(key.options.sort, Some(ast::OrderBySort::Desc));
            if matches!(key.options.sort, Some(ast::OrderBySort::Using(_))) {
                key.options.sort = None;
                self.approximate("ORDER BY USING is planned as an ascending order");
            }
            match key.options.nulls_first {
                Some(first) if first == self.dialect.nulls_first_by_default(desc) => key.options.nulls_first = None,
                Some(_) => {
                    self.approximate("SQLite orders NULLs by other rules");
                    if let Some(outputs) = outputs.filter(|_| self.stands_in()) {
                        self.unordered(&mut key.expr, outputs);
                    }
                }
                None => {}
            }
        }
    }

    /// Makes a sort key that no index has in order: SQLite's hold NULLs at the end where PostgreSQL's do not.
    fn unordered(&mut self, key: &mut ast::Expr, outputs: &[ast::SelectItem]) {
        let number = match key {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(number, _) => number.parse::<usize>().ok(),
                _ => None,
            },
            _ => None,
        };
        let output = number.and_then(|number| outputs.get(number.checked_sub(1)?));
        let sorted = match (output, number) {
            (Some(ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. }), _) => expr.clone(),
            // `2` in what `*` stands for.
            (_, Some(_)) => return,
            (_, None) => std::mem::replace(key, super::number(0)),
        };
        *key = self.call("nulls_apart", vec![sorted]);
    }

    fn limit(&mut self, query: &mut ast::Query) {
        if let Some(fetch) = query.fetch.take() {
            let limit = fetch.quantity.unwrap_or_else(|| number(1));
            let offset = match query.limit_clause.take() {
                Some(LimitClause::LimitOffset { offset, .. }) => offset,
                _ => None,
            };
            query.limit_clause = Some(LimitClause::LimitOffset { limit: Some(limit), offset, limit_by: Vec::new() });
        }
        let Some(clause) = query.limit_clause.take() else { return };
        let (limit, offset) = match clause {
            LimitClause::LimitOffset { limit, offset, .. } => (limit, offset.map(|offset| offset.value)),
            LimitClause::OffsetCommaLimit { offset, limit } => (Some(limit), Some(offset)),
        };
        let limit = match limit {
            Some(ast::Expr::Value(value)) if matches!(value.value, ast::Value::Number(..)) => {
                Some(ast::Expr::Value(value))
            }
            Some(ast::Expr::Value(value)) if matches!(value.value, ast::Value::Null) => None,
            Some(ast::Expr::Identifier(_)) | None => None,
            Some(_) => Some(number(UNKNOWN_LIMIT)),
        };
        // SQLite wants a LIMIT before an OFFSET; a negative one is none.
        let unlimited = || ast::Expr::value(ast::Value::Number("-1".to_owned(), false));
        let offset = offset.map(|offset| match offset {
            ast::Expr::Value(value) => ast::Expr::Value(value),
            _ => number(0),
        });
        let limit = limit.or_else(|| offset.is_some().then(unlimited));
        let offset = offset.map(|value| ast::Offset { value, rows: ast::OffsetRows::None });
        if limit.is_some() {
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
    }
}

/// `SET (a, b) = (1, 2)` is `SET a = 1, b = 2`.
fn one_by_one(assignment: ast::Assignment) -> Vec<ast::Assignment> {
    match (assignment.target, assignment.value) {
        (ast::AssignmentTarget::Tuple(names), ast::Expr::Tuple(values)) if names.len() == values.len() => {
            let pairs = names.into_iter().zip(values);
            let one = |(name, value)| ast::Assignment { target: ast::AssignmentTarget::ColumnName(name), value };
            pairs.map(one).collect()
        }
        (target, value) => vec![ast::Assignment { target, value }],
    }
}

/// `SET t.a = …`: SQLite wants the bare column.
fn assigned(assignment: &mut ast::Assignment) {
    let bare = |name: &mut ast::ObjectName| {
        if let Some(ast::ObjectNamePart::Identifier(last)) = name.0.pop() {
            *name = ast::ObjectName::from(vec![super::quoted(&last.value)]);
        }
    };
    match &mut assignment.target {
        ast::AssignmentTarget::ColumnName(name) => bare(name),
        ast::AssignmentTarget::Tuple(names) => names.iter_mut().for_each(bare),
    }
}

/// Takes away parentheses around a whole query.
fn unwrap(query: &mut ast::Query) {
    while let SetExpr::Query(_) = &*query.body {
        if !is_bare(query) {
            let inner = std::mem::replace(&mut *query.body, nothing());
            *query.body = selected_from(inner);
            return;
        }
        let SetExpr::Query(inner) = &mut *query.body else { return };
        let inner = std::mem::replace(&mut **inner, build::query(nothing()));
        *query = inner;
    }
}

/// `DISTINCT ON` with an order keeps the first row of each group of sorted rows: the sort is the work.
fn ordered_distinct(query: &mut ast::Query) {
    if let (SetExpr::Select(select), Some(_)) = (&mut *query.body, &query.order_by)
        && matches!(select.distinct, Some(ast::Distinct::On(_)))
    {
        select.distinct = None;
    }
}

/// Takes away parentheses around an arm where they change nothing: SQLite knows a recursive table by its name only where
/// no subquery stands around it.
fn unwrap_arm(arm: &mut SetExpr) {
    while let SetExpr::Query(query) = arm
        && is_bare(query)
    {
        let body = std::mem::replace(&mut *query.body, nothing());
        *arm = body;
    }
}

/// Says whether a query is its body and no more.
fn is_bare(query: &ast::Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none()
}

/// SQLite's set operations take no parentheses and stand in one row, all of one rank.
fn wrap_arms(body: &mut SetExpr) {
    let SetExpr::SetOperation { left, right, set_quantifier, op } = body else { return };
    *set_quantifier = match (*set_quantifier, *op) {
        (ast::SetQuantifier::All, ast::SetOperator::Union) => ast::SetQuantifier::All,
        _ => ast::SetQuantifier::None,
    };
    unwrap_arm(left);
    unwrap_arm(right);
    wrap_arms(left);
    if matches!(**left, SetExpr::Query(_)) {
        let inner = std::mem::replace(&mut **left, nothing());
        **left = selected_from(inner);
    }
    if matches!(**right, SetExpr::Query(_) | SetExpr::SetOperation { .. }) {
        let inner = std::mem::replace(&mut **right, nothing());
        **right = selected_from(inner);
    }
}

/// `SELECT * FROM (body)`.
fn selected_from(body: SetExpr) -> SetExpr {
    let subquery = match body {
        SetExpr::Query(query) => query,
        body => Box::new(build::query(body)),
    };
    let relation = TableFactor::Derived { lateral: false, subquery, alias: None, sample: None };
    SetExpr::Select(Box::new(ast::Select {
        projection: vec![star()],
        from: vec![TableWithJoins { relation, joins: Vec::new() }],
        ..empty_select()
    }))
}

/// A body to stand in while another is taken out.
pub(super) fn nothing() -> SetExpr {
    SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() })
}

/// `*`
pub(super) fn star() -> ast::SelectItem {
    ast::SelectItem::Wildcard(ast::WildcardAdditionalOptions::default())
}

/// A SELECT without clauses.
pub(super) fn empty_select() -> ast::Select {
    ast::Select {
        select_token: ast::helpers::attached_token::AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: Vec::new(),
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: ast::GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: ast::SelectFlavor::Standard,
    }
}
