//! Function calls and the constructs with a syntax of their own that are calls underneath.

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::{Canonical, run_time};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal};
use crate::name::Ident;

/// Functions and keywords whose value stays the same throughout a statement and is known only when it runs.
const RUN_TIME: &[&str] = &[
    "curdate",
    "current_catalog",
    "current_database",
    "current_date",
    "current_role",
    "current_schema",
    "current_setting",
    "current_time",
    "current_timestamp",
    "current_user",
    "curtime",
    "last_insert_id",
    "last_insert_rowid",
    "localtime",
    "localtimestamp",
    "now",
    "session_user",
    "statement_timestamp",
    "sysdate",
    "transaction_timestamp",
    "unixepoch",
    "unix_timestamp",
    "utc_date",
    "utc_timestamp",
];

/// Says whether a bare word is a function called without parentheses.
pub(super) fn is_run_time_name(name: &str) -> bool {
    name.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("current") || head.eq_ignore_ascii_case("localti"))
        && RUN_TIME.contains(&name.to_ascii_lowercase().as_str())
}

impl Canonical<'_> {
    /// Constructs that are calls; anything else stays text.
    pub(super) fn call(&mut self, ast: &ast::Expr) -> Expr {
        use ast::Expr as Ast;
        match ast {
            Ast::Function(function) => self.function(ast, function),
            Ast::Extract { field, expr, .. } => {
                let field = Expr::Literal(Literal::Text(field.to_string().to_ascii_lowercase()));
                let operand = self.scalar(expr);
                self.made_call("extract", vec![field, operand])
            }
            // The name and the order of arguments under which PostgreSQL prints it.
            Ast::AtTimeZone { timestamp, time_zone } => self.parts("timezone", &[time_zone, timestamp]),
            Ast::Ceil { expr, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                self.parts("ceil", &[expr])
            }
            Ast::Floor { expr, field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                self.parts("floor", &[expr])
            }
            Ast::Position { expr, r#in } => self.parts("position", &[r#in, expr]),
            Ast::Substring { expr, substring_from: Some(from), substring_for, special: _, shorthand: _ } => {
                let mut parts = vec![&**expr, &**from];
                parts.extend(substring_for.as_deref());
                self.parts("substring", &parts)
            }
            Ast::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                self.parts("btrim", &[expr])
            }
            _ => self.opaque(ast),
        }
    }

    fn function(&mut self, ast: &ast::Expr, function: &ast::Function) -> Expr {
        let plain = function.over.is_none()
            && function.filter.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let Some(name) = function.name.0.last().and_then(|part| part.as_ident()).filter(|_| plain) else {
            return self.opaque(ast);
        };
        let name = name.value.to_ascii_lowercase();
        let args = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list) if list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
                let mut args = Vec::with_capacity(list.args.len());
                for arg in &list.args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg else {
                        return self.opaque(ast);
                    };
                    args.push(self.scalar(arg));
                }
                args
            }
            _ => return self.opaque(ast),
        };
        self.made_call(&name, args)
    }

    fn parts(&mut self, function: &str, parts: &[&ast::Expr]) -> Expr {
        let args = parts.iter().map(|part| self.scalar(part)).collect();
        self.made_call(function, args)
    }

    fn made_call(&self, function: &str, args: Vec<Expr>) -> Expr {
        let constant = args.iter().all(Expr::is_constant);
        if constant && (RUN_TIME.contains(&function) || self.asks_the_clock(function, &args)) {
            return Expr::Param;
        }
        run_time(Expr::Call { function: Ident::new(function), args })
    }

    /// SQLite's date functions read the clock where their time value is `'now'` or left out.
    fn asks_the_clock(&self, function: &str, args: &[Expr]) -> bool {
        let time_value = match function {
            "date" | "time" | "datetime" | "julianday" => args.first(),
            "strftime" => args.get(1),
            _ => return false,
        };
        match time_value {
            None => self.dialect == Dialect::Sqlite,
            Some(value) => *value == Expr::Literal(Literal::Text("now".to_owned())),
        }
    }
}
