//! Conditions that a framework adds to every query of a table (soft deletion, tenancy), put into the statement.
//!
//! Each stands where it holds for every row that the table's reference contributes: in WHERE, or in ON where an outer
//! join may leave the reference without a partner. The condition is parsed again for each reference, its lines below
//! everything seen before, so that places stay unique. Bodies of views are the database's own and stay as they are.

use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{self, BinaryOperator, Expr, JoinConstraint, JoinOperator, TableFactor, TableWithJoins};
use sqlparser::ast::{Visit, VisitMut, Visitor, VisitorMut};

use crate::catalog::{Catalog, Table};
use crate::dialect::Dialect;
use crate::name::{Ident, QName, nearest};
use crate::source::{FileId, HostSpan};
use crate::sql::parse::{ident, parse_expr, parse_expr_at, qname};
use crate::sql::placeholders;

/// The condition's parameters are numbered from here on, past those of any query that people write.
const FIRST_PARAMETER: u32 = 900;

/// Reads a condition for a table: its parameters become `$900`, `$901`, …
///
/// # Errors
/// What is wrong with it, when it cannot be read or names anything but columns of the table.
pub fn read(condition: &str, table: &Table, dialect: Dialect) -> Result<Arc<str>, String> {
    let length = u32::try_from(condition.len()).map_err(|_| "it is too long".to_owned())?;
    let numbered = placeholders::normalise(condition, HostSpan::new(FileId(0), 0..length));
    if let Some(hole) = numbered.holes.first() {
        return Err(format!("`{}` in it is no value", hole.text));
    }
    let mut expr = parse_expr(&numbered.sql, dialect).map_err(|failure| failure.message)?;
    let mut columns = Columns { table, dialect, found: 0 };
    if let ControlFlow::Break(fault) = expr.visit(&mut columns) {
        return Err(fault);
    }
    if columns.found == 0 {
        return Err("it names no column".to_owned());
    }
    let _ = VisitMut::visit(&mut expr, &mut Renumber);
    Ok(Arc::from(expr.to_string()))
}

/// Checks that every name is one of the table's columns.
struct Columns<'a> {
    table: &'a Table,
    dialect: Dialect,
    found: usize,
}

impl Visitor for Columns<'_> {
    type Break = String;

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<String> {
        ControlFlow::Break("it holds a subquery".to_owned())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Identifier(name) => {
                let column = ident(name, self.dialect);
                if self.table.column(&column).is_none() {
                    let columns = self.table.columns.iter().map(|column| column.name.as_str());
                    let meant = nearest(column.as_str(), columns);
                    let meant = meant.map_or(String::new(), |meant| format!(", but `{meant}`"));
                    return ControlFlow::Break(format!("`{}` has no column `{column}`{meant}", self.table.name));
                }
                self.found += 1;
                ControlFlow::Continue(())
            }
            Expr::CompoundIdentifier(_) => ControlFlow::Break(format!("`{expr}` is to be written as a column alone")),
            _ => ControlFlow::Continue(()),
        }
    }
}

struct Renumber;

impl VisitorMut for Renumber {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ast::ValueWithSpan) -> ControlFlow<()> {
        if let ast::Value::Placeholder(name) = &mut value.value
            && let Some(number) = name.strip_prefix('$').and_then(|digits| digits.parse::<u32>().ok())
            && number < FIRST_PARAMETER
        {
            *name = format!("${}", number + FIRST_PARAMETER - 1);
        }
        ControlFlow::Continue(())
    }
}

/// Adds to a statement what always holds; `lines` is the number of lines of its text. Returns the lines used by then.
pub fn add_always(statement: &mut ast::Statement, catalog: &Catalog, lines: u64) -> u64 {
    let mut add = Add { catalog, lines, ctes: Vec::new() };
    if !catalog.always.is_empty() {
        let _ = VisitMut::visit(statement, &mut add);
    }
    add.lines
}

struct Add<'a> {
    catalog: &'a Catalog,
    lines: u64,
    /// Names of CTEs seen so far: they hide tables.
    ctes: Vec<Ident>,
}

impl VisitorMut for Add<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.extend(tables.map(|cte| ident(&cte.alias.name, self.catalog.dialect)));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        let conditions = self.of_list(&mut select.from);
        add(&mut select.selection, conditions);
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &mut ast::Statement) -> ControlFlow<()> {
        match statement {
            // One without WHERE is told of as such.
            ast::Statement::Update(update) if update.selection.is_some() => {
                let mut conditions = self.of_joined(&mut update.table);
                if let Some(ast::UpdateTableFromKind::BeforeSet(from) | ast::UpdateTableFromKind::AfterSet(from)) =
                    &mut update.from
                {
                    conditions.extend(self.of_list(from));
                }
                add(&mut update.selection, conditions);
            }
            ast::Statement::Delete(delete) if delete.selection.is_some() => {
                let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &mut delete.from;
                let mut conditions = self.of_list(from);
                conditions.extend(delete.using.iter_mut().flat_map(|using| self.of_list(using)));
                add(&mut delete.selection, conditions);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Add<'_> {
    fn of_list(&mut self, from: &mut [TableWithJoins]) -> Vec<Expr> {
        from.iter_mut().flat_map(|table| self.of_joined(table)).collect()
    }

    /// What holds for every row of a joined table; what holds only where there is a partner goes to the join itself.
    fn of_joined(&mut self, table: &mut TableWithJoins) -> Vec<Expr> {
        let mut conditions = self.of_factor(&mut table.relation);
        for join in &mut table.joins {
            let right = self.of_factor(&mut join.relation);
            match &mut join.join_operator {
                JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::StraightJoin(_) => conditions.extend(right),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => add_to_join(on, right),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => {
                    add_to_join(on, std::mem::replace(&mut conditions, right));
                }
                // Neither side may be filtered, and no other join is one of the dialects we read.
                _ => conditions.clear(),
            }
        }
        conditions
    }

    fn of_factor(&mut self, factor: &mut TableFactor) -> Vec<Expr> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let label = alias.as_ref().map(|alias| &alias.name);
                let label = label.or_else(|| name.0.last().and_then(|part| part.as_ident())).cloned();
                let table = qname(name, self.catalog.dialect);
                label.and_then(|label| self.condition(&table, &label)).into_iter().collect()
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.of_joined(table_with_joins),
            _ => Vec::new(),
        }
    }

    fn condition(&mut self, table: &QName, label: &ast::Ident) -> Option<Expr> {
        if table.schema.is_none() && self.ctes.contains(&table.name) {
            return None;
        }
        let text = self.catalog.always.get(&self.catalog.table(table)?.name)?;
        let mut expr = parse_expr_at(text, self.catalog.dialect, self.lines).ok()?;
        self.lines += text.lines().count() as u64;
        let _ = VisitMut::visit(&mut expr, &mut Qualify(label));
        Some(expr)
    }
}

/// Puts the reference's name before every column.
struct Qualify<'a>(&'a ast::Ident);

impl VisitorMut for Qualify<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(column) = expr {
            // The name is known by where it starts.
            let label = ast::Ident { span: column.span, ..self.0.clone() };
            *expr = Expr::CompoundIdentifier(vec![label, column.clone()]);
        }
        ControlFlow::Continue(())
    }
}

fn add_to_join(constraint: &mut JoinConstraint, conditions: Vec<Expr>) {
    // USING has no place for a condition.
    if let JoinConstraint::On(on) = constraint {
        let mut all = Some(on.clone());
        add(&mut all, conditions);
        *on = all.expect("a condition was there");
    }
}

/// Adds conditions that are not there already.
fn add(selection: &mut Option<Expr>, conditions: Vec<Expr>) {
    for condition in conditions {
        let missing: Vec<&Expr> = conjuncts(&condition)
            .into_iter()
            .filter(|one| !selection.as_ref().is_some_and(|all| holds(all, one)))
            .collect();
        for one in missing {
            let one = in_parentheses(one.clone());
            *selection = Some(match selection.take() {
                None => one,
                Some(all) => Expr::BinaryOp {
                    left: Box::new(in_parentheses(all)),
                    op: BinaryOperator::And,
                    right: Box::new(one),
                },
            });
        }
    }
}

fn in_parentheses(expr: Expr) -> Expr {
    match expr {
        Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. } => Expr::Nested(Box::new(expr)),
        other => other,
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => open.extend([&**right, &**left]),
            Expr::Nested(inner) => open.push(inner),
            other => found.push(other),
        }
    }
    found
}

/// Says whether a condition says the same already, whatever its parameters are called.
fn holds(all: &Expr, wanted: &Expr) -> bool {
    let plain = |expr: &Expr, qualifiers: Qualifiers| {
        let mut expr = expr.clone();
        let _ = VisitMut::visit(&mut expr, &mut Plain(qualifiers));
        expr
    };
    // A column that stands alone can only be this table's: of two that have it, it would be ambiguous.
    let same = [plain(wanted, Qualifiers::Kept), plain(wanted, Qualifiers::Dropped)];
    conjuncts(all).into_iter().any(|one| same.contains(&plain(one, Qualifiers::Kept)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Qualifiers {
    Kept,
    Dropped,
}

/// Leaves out what may be spelled in several ways: the numbers of parameters, and qualifiers.
struct Plain(Qualifiers);

impl VisitorMut for Plain {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.0 == Qualifiers::Dropped
            && let Expr::CompoundIdentifier(path) = expr
            && let Some(column) = path.pop()
        {
            *expr = Expr::Identifier(column);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ast::ValueWithSpan) -> ControlFlow<()> {
        if let ast::Value::Placeholder(name) = &mut value.value {
            "$".clone_into(name);
        }
        ControlFlow::Continue(())
    }
}
