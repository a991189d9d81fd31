//! Statements that write, as the engine can plan them: UPDATE and DELETE as they are, the rest by what they read.

use sqlparser::ast::{self, SetExpr, Statement, TableFactor, TableWithJoins, UpdateTableFromKind};

use super::{Lowering, number, query};
use crate::sql::build;

impl Lowering<'_> {
    /// The statement that reads what this one reads.
    pub(super) fn reading(&mut self, statement: Statement) -> Statement {
        match statement {
            Statement::Insert(insert) => Statement::Query(Box::new(source_of(insert))),
            Statement::Merge(merge) => Statement::Query(Box::new(build::query(join_of(merge)))),
            Statement::Delete(delete) if delete.using.is_some() => {
                Statement::Query(Box::new(build::query(SetExpr::Select(Box::new(rows_of_delete(delete))))))
            }
            Statement::Delete(mut delete) => {
                delete.returning = None;
                Statement::Delete(delete)
            }
            Statement::Update(mut update) => {
                update.returning = None;
                Statement::Update(update)
            }
            Statement::Query(mut query) => {
                self.read_body(&mut query, Position::Outermost);
                Statement::Query(query)
            }
            other => other,
        }
    }

    /// Replaces the body of a query that writes by one that reads; says by what it gives.
    pub(super) fn read_body(&mut self, query: &mut ast::Query, position: Position) {
        let body = std::mem::replace(&mut *query.body, query::nothing());
        *query.body = match body {
            // SQLite has UPDATE and DELETE behind WITH, nowhere else.
            SetExpr::Update(Statement::Update(mut update)) if position == Position::Outermost => {
                update.returning = None;
                SetExpr::Update(Statement::Update(update))
            }
            SetExpr::Delete(Statement::Delete(mut delete))
                if position == Position::Outermost && delete.using.is_none() =>
            {
                delete.returning = None;
                SetExpr::Delete(Statement::Delete(delete))
            }
            SetExpr::Insert(Statement::Insert(insert)) => {
                let items = insert.returning.clone();
                let mut source = source_of(insert);
                match (position, items) {
                    (Position::Outermost, _) | (_, None) => {
                        let with = source.with.take();
                        merge_with(&mut query.with, with);
                        query.order_by = source.order_by;
                        query.limit_clause = source.limit_clause;
                        query.fetch = source.fetch;
                        *source.body
                    }
                    (Position::Within, Some(items)) => {
                        self.approximate("rows that an INSERT returns are planned as those it reads");
                        SetExpr::Select(Box::new(unknown_rows(items, source)))
                    }
                }
            }
            SetExpr::Update(Statement::Update(update)) => {
                self.approximate("rows that a write returns are planned as those it reads");
                SetExpr::Select(Box::new(rows_of_update(update)))
            }
            SetExpr::Delete(Statement::Delete(delete)) => {
                if position == Position::Within {
                    self.approximate("rows that a write returns are planned as those it reads");
                }
                SetExpr::Select(Box::new(rows_of_delete(delete)))
            }
            SetExpr::Merge(Statement::Merge(merge)) => join_of(merge),
            other => other,
        };
    }
}

/// Where a writing body stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// It is the statement.
    Outermost,
    /// It is a CTE.
    Within,
}

fn source_of(insert: ast::Insert) -> ast::Query {
    match insert.source {
        Some(source) => *source,
        None => {
            let row = ast::Parens::with_empty_span(vec![number(1)]);
            build::query(SetExpr::Values(ast::Values { explicit_row: false, value_keyword: false, rows: vec![row] }))
        }
    }
}

fn merge_with(outer: &mut Option<ast::With>, inner: Option<ast::With>) {
    match (outer, inner) {
        (Some(outer), Some(inner)) => {
            outer.recursive |= inner.recursive;
            outer.cte_tables.extend(inner.cte_tables);
        }
        (outer @ None, inner) => *outer = inner,
        (Some(_), None) => {}
    }
}

/// The rows that a MERGE looks at: each of the source with its partner.
fn join_of(merge: ast::Merge) -> SetExpr {
    let inserts = merge.clauses.iter().any(|clause| matches!(clause.action, ast::MergeAction::Insert(_)));
    let constraint = ast::JoinConstraint::On(*merge.on);
    let join_operator = match inserts {
        true => ast::JoinOperator::Left(constraint),
        false => ast::JoinOperator::Join(constraint),
    };
    let join = ast::Join { relation: merge.table, global: false, join_operator };
    SetExpr::Select(Box::new(ast::Select {
        projection: vec![query::star()],
        from: vec![TableWithJoins { relation: merge.source, joins: vec![join] }],
        ..query::empty_select()
    }))
}

fn rows_of_delete(delete: ast::Delete) -> ast::Select {
    let (ast::FromTable::WithFromKeyword(mut from) | ast::FromTable::WithoutKeyword(mut from)) = delete.from;
    from.extend(delete.using.unwrap_or_default());
    ast::Select {
        projection: delete.returning.unwrap_or_else(|| vec![query::star()]),
        from,
        selection: delete.selection,
        ..query::empty_select()
    }
}

fn rows_of_update(update: ast::Update) -> ast::Select {
    let mut from = vec![update.table];
    if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) = update.from {
        from.extend(more);
    }
    ast::Select {
        projection: update.returning.unwrap_or_else(|| vec![query::star()]),
        from,
        selection: update.selection,
        ..query::empty_select()
    }
}

/// Rows of unknown content, one for each of the source, under the names that RETURNING gives.
fn unknown_rows(items: Vec<ast::SelectItem>, source: ast::Query) -> ast::Select {
    let name = |expr: &ast::Expr| match expr {
        ast::Expr::Identifier(name) => Some(name.clone()),
        ast::Expr::CompoundIdentifier(path) => path.last().cloned(),
        _ => None,
    };
    let items = items.into_iter().map(|item| {
        let alias = match item {
            ast::SelectItem::ExprWithAlias { alias, .. } => Some(alias),
            ast::SelectItem::UnnamedExpr(expr) => name(&expr),
            _ => None,
        };
        match alias {
            Some(alias) => ast::SelectItem::ExprWithAlias { expr: super::parameter("row"), alias },
            None => ast::SelectItem::UnnamedExpr(super::parameter("row")),
        }
    });
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(source), alias: None, sample: None };
    ast::Select {
        projection: items.collect(),
        from: vec![TableWithJoins { relation, joins: Vec::new() }],
        ..query::empty_select()
    }
}
