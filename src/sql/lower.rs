//! Lowering: a statement as the scratch engine gets it.
//!
//! It keeps table references, join structure, conditions on columns, sort, group and limit; results may change.
//! A rewrite may make a condition less indexable than the target would, never more. Every base-table reference is
//! aliased `t0`, `t1`, … by its number, so that a plan says which one it means. The shape is never computed from the
//! lowered text. What is rewritten how is a table of tests (`shape::tests::lower`), each row prepared on SQLite.

mod expr;
mod function;
mod native;
mod query;
mod range;
mod select;
mod statement;
mod table;

use std::collections::BTreeSet;

use sqlparser::ast::{self, VisitMut};

use crate::catalog::{Catalog, Table, TableKind};
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineQuery, Fidelity};
use crate::name::QName;
use crate::query::RefId;
use crate::sql::resolution::{Resolution, Shaped};

pub use native::lower_native;

/// The one name that a possibly qualified table has on a scratch engine; always quoted there.
pub fn engine_table_name(table: &QName) -> String {
    table.to_string()
}

/// Makes the form of a statement that SQLite plans, in place of the target or as itself.
pub fn lower(shaped: &Shaped, catalog: &Catalog, target: Target) -> EngineQuery {
    let mut lowering = Lowering {
        shaped,
        catalog,
        dialect: shaped.dialect,
        names: &shaped.names,
        functions: BTreeSet::new(),
        reasons: BTreeSet::new(),
        refused: None,
        ctes: ctes_of(&shaped.statement),
        laterals: Vec::new(),
        whole_tuples: 0,
    };
    if let Some(reason) = elsewhere(shaped, catalog) {
        lowering.refuse(reason);
    }
    let sql = if target.dialect == Dialect::Mysql || shaped.dialect == Dialect::Mysql {
        lowering.refuse("mysql queries are judged by their shape");
        String::new()
    } else {
        let mut statement = lowering.reading(shaped.statement.clone());
        let _ = statement.visit(&mut lowering);
        statement.to_string()
    };
    let Lowering { functions, reasons, refused, .. } = lowering;
    let fidelity = match refused {
        Some(reason) => Fidelity::None(reason),
        None if reasons.is_empty() => Fidelity::Exact,
        None => Fidelity::Approximate(reasons.into_iter().map(str::to_owned).collect()),
    };
    let sql = if matches!(fidelity, Fidelity::None(_)) { String::new() } else { sql };
    EngineQuery { sql, fidelity, functions, ..EngineQuery::about(&shaped.shape) }
}

/// Says of a statement that reads a table of another server that nobody here can plan it.
fn elsewhere(shaped: &Shaped, catalog: &Catalog) -> Option<String> {
    let is_foreign = |name: &QName| catalog.tables.get(name).is_some_and(|table| table.kind == TableKind::Foreign);
    let foreign = shaped.shape.references.iter().find(|reference| is_foreign(&reference.table))?;
    Some(format!("`{}` is a table of another server", foreign.table))
}

/// The names of a statement's CTEs, in lower case.
fn ctes_of(statement: &ast::Statement) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl ast::Visitor for Names {
        type Break = ();

        fn pre_visit_query(&mut self, query: &ast::Query) -> std::ops::ControlFlow<()> {
            let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0.extend(ctes.map(|cte| cte.alias.name.value.to_ascii_lowercase()));
            std::ops::ControlFlow::Continue(())
        }
    }
    let mut names = Names(BTreeSet::new());
    let _ = ast::Visit::visit(statement, &mut names);
    names.0
}

/// The state of lowering one statement.
struct Lowering<'a> {
    shaped: &'a Shaped,
    catalog: &'a Catalog,
    dialect: Dialect,
    names: &'a Resolution,
    functions: BTreeSet<(String, u16)>,
    /// Why the text only resembles the original.
    reasons: BTreeSet<&'static str>,
    /// Why there is no text at all.
    refused: Option<String>,
    /// Names of CTEs, which are no tables of the schema.
    ctes: BTreeSet<String>,
    /// Lateral items that were moved to the outputs: their labels, and the columns that they gave.
    laterals: Vec<(String, Vec<String>)>,
    /// Rows in parentheses that stay so because they are compared as rows.
    whole_tuples: usize,
}

impl Lowering<'_> {
    /// Says whether SQLite is to plan as another engine would.
    fn stands_in(&self) -> bool {
        self.dialect != Dialect::Sqlite
    }

    fn refuse(&mut self, reason: impl Into<String>) {
        self.refused.get_or_insert(reason.into());
    }

    fn approximate(&mut self, reason: &'static str) {
        self.reasons.insert(reason);
    }

    /// Keeps the name of a derived table or CTE apart from our aliases, and from a table that it would hide: SQLite
    /// reads a CTE's own name within it as itself.
    fn label(&self, name: &mut ast::Ident) {
        let references = &self.shaped.shape.references;
        let hides = |name: &str| references.iter().any(|reference| reference.table.name == *name);
        if looks_like_alias(&name.value) || (self.ctes.contains(&name.value.to_ascii_lowercase()) && hides(&name.value))
        {
            name.value.insert_str(0, "q_");
        }
        quote(name);
    }

    fn table_of(&self, reference: RefId) -> Option<&Table> {
        let name = &self.shaped.shape.references.get(usize::from(reference.0))?.table;
        self.catalog.tables.get(name)
    }

    /// A call of a function that the engine is told of.
    fn call(&mut self, name: &str, args: Vec<ast::Expr>) -> ast::Expr {
        self.functions.insert((name.to_owned(), args.len().min(100) as u16));
        let args = args.into_iter().take(100).map(|arg| ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(arg)));
        function_call(name, args.collect())
    }
}

/// The alias of a reference.
fn alias(reference: RefId) -> ast::Ident {
    ast::Ident::new(format!("t{}", reference.0))
}

/// A name as SQLite reads it back.
fn quoted(name: &str) -> ast::Ident {
    let name = crate::name::Ident::new(name);
    let quote_style = Dialect::Sqlite.quote(&name).starts_with('"').then_some('"');
    ast::Ident { quote_style, ..ast::Ident::new(name.as_str()) }
}

/// A column of a reference.
fn column(reference: RefId, name: &str) -> ast::Expr {
    ast::Expr::CompoundIdentifier(vec![alias(reference), quoted(name)])
}

/// A value that is known at run time only; not NULL, with which conditions would fold away.
fn parameter(name: &str) -> ast::Expr {
    ast::Expr::value(ast::Value::Placeholder(format!("${name}")))
}

/// Keeps a minus apart from the one before it: printed side by side they start a comment.
fn apart(operand: &mut ast::Expr) {
    if let ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, .. } = operand {
        let inner = std::mem::replace(operand, number(0));
        *operand = ast::Expr::Nested(Box::new(inner));
    }
}

/// A value that differs from row to row and that no index holds.
fn unknown_value() -> ast::Expr {
    function_call("random", Vec::new())
}

fn number(value: u32) -> ast::Expr {
    ast::Expr::value(ast::Value::Number(value.to_string(), false))
}

fn text(value: impl Into<String>) -> ast::Expr {
    ast::Expr::value(ast::Value::SingleQuotedString(value.into()))
}

fn function_call(name: &str, args: Vec<ast::FunctionArg>) -> ast::Expr {
    ast::Expr::Function(ast::Function {
        name: ast::ObjectName::from(vec![function::name(name)]),
        uses_odbc_syntax: false,
        parameters: ast::FunctionArguments::None,
        args: ast::FunctionArguments::List(ast::FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// Says whether a name of the query could be taken for one of our aliases, `t0`, `t1`, …
fn looks_like_alias(name: &str) -> bool {
    name.strip_prefix(['t', 'T']).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Quotes a name where SQLite wants quotes.
fn quote(name: &mut ast::Ident) {
    name.quote_style = name.quote_style.map(|_| '"').or(quoted(&name.value).quote_style);
}
