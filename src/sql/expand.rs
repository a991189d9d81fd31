//! Views put into the statement in place of their names.
//!
//! The view's text is parsed again for each use, its lines moved below everything seen before, so that places stay
//! unique. A view that cannot be read, or that reads itself, stays a name.

use std::ops::ControlFlow;

use sqlparser::ast::{self, TableFactor, VisitMut, VisitorMut};

use crate::catalog::{Catalog, View};
use crate::name::{Ident, QName};
use crate::sql::parse::{ident, parse_at, qname};

/// Views within views, and uses of views in one statement, beyond which names stay names.
const MAX_DEPTH: usize = 16;
const MAX_USES: usize = 64;

/// Which lines of an expanded tree came out of which view.
#[derive(Clone, Debug, Default)]
pub struct Expansions {
    /// First line and view as the statement names it, sorted by line.
    starts: Vec<(u64, QName)>,
}

impl Expansions {
    /// Returns the view, as the statement itself names it, that a line came out of.
    pub fn view_at(&self, line: u64) -> Option<&QName> {
        let after = self.starts.partition_point(|(start, _)| *start <= line);
        after.checked_sub(1).map(|at| &self.starts[at].1)
    }
}

/// Replaces views by their queries; `lines` is the number of lines of the statement's text.
pub fn expand_views(statement: &mut ast::Statement, catalog: &Catalog, lines: u64) -> Expansions {
    let mut expand =
        Expand { catalog, next_line: lines + 1, ctes: Vec::new(), open: Vec::new(), found: Expansions::default() };
    if !catalog.views.is_empty() {
        let targets = take_targets(statement);
        let _ = statement.visit(&mut expand);
        put_targets(statement, targets);
    }
    expand.found
}

struct Expand<'a> {
    catalog: &'a Catalog,
    next_line: u64,
    /// Names of CTEs seen so far: they hide views.
    ctes: Vec<Ident>,
    /// The views being expanded, outermost first.
    open: Vec<QName>,
    found: Expansions,
}

impl VisitorMut for Expand<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.extend(tables.map(|cte| ident(&cte.alias.name, self.catalog.dialect)));
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let Some(derived) = self.derived(factor) {
            *factor = derived;
        }
        ControlFlow::Continue(())
    }
}

impl Expand<'_> {
    fn derived(&mut self, factor: &TableFactor) -> Option<TableFactor> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else {
            return None;
        };
        let name = qname(name, self.catalog.dialect);
        let hidden = name.schema.is_none() && self.ctes.contains(&name.name);
        if hidden || self.catalog.table(&name).is_some() {
            return None;
        }
        let view = self.catalog.view(&name)?;
        let full = self.open.len() >= MAX_DEPTH || self.found.starts.len() >= MAX_USES;
        if full || self.open.contains(&view.name) {
            return None;
        }
        let subquery = self.body(view)?;
        let alias = alias_of(view, alias.as_ref());
        Some(TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None })
    }

    fn body(&mut self, view: &View) -> Option<Box<ast::Query>> {
        let first = self.next_line;
        let parsed = parse_at(&view.query, self.catalog.dialect, first - 1).ok()?;
        let ast::Statement::Query(mut query) = parsed.statement else {
            return None;
        };
        self.next_line += parsed.lines.count();
        self.found.starts.push((first, self.open.first().unwrap_or(&view.name).clone()));
        self.open.push(view.name.clone());
        // The view's own names are not those of the CTEs around its use.
        let outer = std::mem::take(&mut self.ctes);
        let _ = query.visit(self);
        self.ctes = outer;
        self.open.pop();
        Some(query)
    }
}

fn alias_of(view: &View, given: Option<&ast::TableAlias>) -> ast::TableAlias {
    let columns = || {
        let names = view.columns.iter().map(|name| ast::TableAliasColumnDef::from_name(name.as_str()));
        names.map(|column| ast::TableAliasColumnDef { name: quoted(column.name), ..column }).collect()
    };
    match given {
        Some(alias) if !alias.columns.is_empty() => alias.clone(),
        Some(alias) => ast::TableAlias { columns: columns(), ..alias.clone() },
        None => {
            let name = quoted(ast::Ident::new(view.name.name.as_str()));
            ast::TableAlias { explicit: true, name, columns: columns(), at: None }
        }
    }
}

/// A name out of the catalogue is as declared, which quotes keep so.
fn quoted(name: ast::Ident) -> ast::Ident {
    ast::Ident { quote_style: Some('"'), ..name }
}

/// The table that a statement writes stays a name even if it is a view: nothing can be put in its place.
fn take_targets(statement: &mut ast::Statement) -> Option<TableFactor> {
    Some(std::mem::replace(target(statement)?, placeholder()))
}

fn put_targets(statement: &mut ast::Statement, taken: Option<TableFactor>) {
    if let (Some(target), Some(taken)) = (target(statement), taken) {
        *target = taken;
    }
}

fn target(statement: &mut ast::Statement) -> Option<&mut TableFactor> {
    match statement {
        ast::Statement::Update(update) => Some(&mut update.table.relation),
        ast::Statement::Merge(merge) => Some(&mut merge.table),
        ast::Statement::Delete(delete) => match &mut delete.from {
            ast::FromTable::WithFromKeyword(tables) | ast::FromTable::WithoutKeyword(tables) => {
                tables.first_mut().map(|first| &mut first.relation)
            }
        },
        _ => None,
    }
}

fn placeholder() -> TableFactor {
    TableFactor::TableFunction { expr: ast::Expr::Identifier(ast::Ident::new("")), alias: None }
}
