//! Function calls: what SQLite has stays, aggregates become ones it has, the rest is registered by name and arity.

use sqlparser::ast::{self, Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::Lowering;
use super::query::nothing;
use crate::dialect::Dialect;
use crate::sql::build;
use crate::sql::resolution::place_of_table;

/// Functions of SQLite that must be its own: aggregates, window functions and what its planner knows by name.
const BUILT_IN: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "printf",
    "quote",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "total",
    "trim",
    "typeof",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
];

/// Aggregates of other databases, and one of SQLite's that costs the same. None becomes `min` or `max`: SQLite answers
/// those from one end of an index.
const AGGREGATES: &[(&str, &str)] = &[
    ("any_value", "total"),
    ("array_agg", "group_concat"),
    ("bit_and", "total"),
    ("bit_or", "total"),
    ("bit_xor", "total"),
    ("bool_and", "total"),
    ("bool_or", "total"),
    ("every", "total"),
    ("json_agg", "json_group_array"),
    ("json_object_agg", "json_group_object"),
    ("jsonb_agg", "json_group_array"),
    ("jsonb_object_agg", "json_group_object"),
    ("mode", "count"),
    ("percentile_cont", "total"),
    ("percentile_disc", "total"),
    ("range_agg", "total"),
    ("std", "total"),
    ("stddev", "total"),
    ("stddev_pop", "total"),
    ("stddev_samp", "total"),
    ("var_pop", "total"),
    ("var_samp", "total"),
    ("variance", "total"),
    ("xmlagg", "group_concat"),
];

/// Words that SQLite's grammar would not take for a function's name.
const KEYWORDS: &[&str] = &[
    "array", "any", "all", "cast", "current", "exists", "filter", "if", "in", "left", "right", "row", "set", "values",
    "position", "overlay", "extract", "field", "index", "group", "order", "table", "to", "using", "window",
];

/// A function's name as SQLite's grammar takes it.
pub(super) fn name(name: &str) -> ast::Ident {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !KEYWORDS.iter().any(|word| name.eq_ignore_ascii_case(word));
    ast::Ident { quote_style: (!plain).then_some('"'), ..ast::Ident::new(name) }
}

impl Lowering<'_> {
    pub(super) fn function(&mut self, expr: &mut Expr) {
        let Expr::Function(function) = expr else { return };
        let Some(known) = function.name.0.last().and_then(|part| part.as_ident()) else {
            return self.refuse("a function that is named by a call");
        };
        let called = known.value.to_ascii_lowercase();
        if let FunctionArguments::Subquery(query) = &mut function.args {
            // ARRAY(SELECT …): one value from a subquery.
            let query = std::mem::replace(query, Box::new(build::query(nothing())));
            *expr = Expr::Subquery(query);
            return;
        }
        if matches!(function.args, FunctionArguments::None) {
            if !["current_date", "current_time", "current_timestamp"].contains(&called.as_str()) {
                *expr = self.call(&called, Vec::new());
            }
            return;
        }
        let within = std::mem::take(&mut function.within_group);
        let count = self.arguments(function, within);
        function.parameters = FunctionArguments::None;
        function.null_treatment = None;
        function.uses_odbc_syntax = false;
        if let Some(ast::WindowType::WindowSpec(window)) = &mut function.over {
            let mut keys = std::mem::take(&mut window.order_by);
            self.sort_keys(&mut keys, Some(&[]));
            window.order_by = keys;
        }
        let aggregate = AGGREGATES.iter().find(|(from, _)| *from == called).map(|(_, to)| *to);
        let aggregate = aggregate.filter(|_| self.dialect != Dialect::Sqlite);
        // SQLite has no separator for a DISTINCT list.
        let to = match (aggregate, called.as_str()) {
            (Some(to), _) => to,
            (None, "string_agg") => "group_concat",
            (None, own) => own,
        };
        function.name = ast::ObjectName::from(vec![name(to)]);
        if aggregate.is_none() && !BUILT_IN.contains(&called.as_str()) {
            self.functions.insert((called, count));
        }
    }

    /// Makes plain arguments of all there are and counts them.
    fn arguments(&mut self, function: &mut ast::Function, within: Vec<ast::OrderByExpr>) -> u16 {
        let FunctionArguments::List(list) = &mut function.args else { return 0 };
        if !within.is_empty() {
            list.args = within.into_iter().map(|key| FunctionArg::Unnamed(FunctionArgExpr::Expr(key.expr))).collect();
        }
        list.clauses.retain(|clause| matches!(clause, ast::FunctionArgumentClause::OrderBy(_)));
        for clause in &mut list.clauses {
            if let ast::FunctionArgumentClause::OrderBy(keys) = clause {
                self.sort_keys(keys, Some(&[]));
            }
        }
        for arg in &mut list.args {
            let value = match arg {
                FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => arg,
            };
            let mut value = std::mem::replace(value, FunctionArgExpr::Wildcard);
            if let FunctionArgExpr::QualifiedWildcard(name) = &value {
                let reference = place_of_table(name).and_then(|place| self.names.table(place));
                value = match reference {
                    Some(reference) => FunctionArgExpr::Expr(self.whole_row(reference)),
                    None => FunctionArgExpr::Wildcard,
                };
            }
            *arg = FunctionArg::Unnamed(value);
        }
        if list.duplicate_treatment.is_some() {
            list.args.truncate(1);
        }
        list.args.len().min(100) as u16
    }
}
