//! One walk over an expression: its names are resolved, its subqueries are shaped, its calls are told apart.

use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, Visit, Visitor};
use sqlparser::tokenizer::Location;

use super::own;
use super::query::{Context, Want};
use super::scope::BlockKind;
use super::state::Shaper;
use crate::name::Ident;
use crate::query::RefId;
use crate::sql::parse::ident;
use crate::sql::resolution::{Name, place_of_table};

/// What a walk came across.
#[derive(Default)]
pub(super) struct Walked {
    /// The names, in the order of the text; those within subqueries are not among them.
    pub(super) used: Vec<Used>,
    /// An aggregate call.
    pub(super) aggregate: bool,
    /// A window function.
    pub(super) window: bool,
    /// A subquery.
    pub(super) subquery: bool,
}

/// A name in an expression.
pub(super) struct Used {
    pub(super) name: Name,
    /// It belongs to a scope around the expression's own.
    pub(super) outer: bool,
    /// The identifier in the SQL text.
    pub(super) sql: Range<u32>,
}

impl Used {
    /// Returns the base references that the name may stand for.
    pub(super) fn references(&self) -> impl Iterator<Item = RefId> + '_ {
        let (one, several): (_, &[(RefId, Ident)]) = match &self.name {
            Name::Column(reference, _) | Name::Hidden(reference, _) | Name::Row(reference) => (Some(*reference), &[]),
            Name::Derived { sources, .. } => (None, sources),
            _ => (None, &[]),
        };
        one.into_iter().chain(several.iter().map(|(reference, _)| *reference))
    }

    /// Returns the column that the name is of one reference.
    pub(super) fn column_of(&self, reference: RefId) -> Option<&Ident> {
        match &self.name {
            Name::Column(of, column) => (*of == reference).then_some(column),
            Name::Derived { sources, .. } => sources.iter().find(|(of, _)| *of == reference).map(|(_, column)| column),
            _ => None,
        }
    }
}

impl Shaper<'_> {
    /// Walks an expression, or anything else that holds expressions and no FROM of its own.
    pub(super) fn walk(&mut self, tree: &impl Visit, scope: usize) -> Walked {
        let mut walk = Walk { shaper: self, scope, depth: 0, labels: HashSet::new(), walked: Walked::default() };
        let _ = tree.visit(&mut walk);
        walk.walked
    }
}

impl Shaper<'_> {
    /// Reads again the names of an expression that was walked before; its subqueries are not shaped twice.
    pub(super) fn names_in(&self, expr: &ast::Expr, scope: usize) -> Vec<Used> {
        let mut used = Vec::new();
        let _ = own::visit(expr, &mut |part| {
            let path = match part {
                ast::Expr::Identifier(name) => std::slice::from_ref(name),
                ast::Expr::CompoundIdentifier(path) => &path[..],
                _ => return ControlFlow::Continue(()),
            };
            used.extend(self.noted(path, scope));
            ControlFlow::Continue(())
        });
        used
    }

    fn noted(&self, path: &[ast::Ident], scope: usize) -> Option<Used> {
        let name = self.names.column(path.first()?.span.start)?.clone();
        let sql = self.range_of(path);
        let mut used = Used { name, outer: false, sql };
        let relations = &self.scopes[scope].relations;
        let own = |reference: RefId| relations.iter().any(|relation| relation.refs.contains(&reference));
        let first = used.references().next();
        used.outer = first.is_some_and(|reference| !own(reference));
        Some(used)
    }

    fn range_of(&self, path: &[ast::Ident]) -> Range<u32> {
        let (start, end) = (self.range(path[0].span), self.range(path[path.len() - 1].span));
        if start.is_empty() || end.is_empty() { 0..0 } else { start.start..end.end }
    }
}

struct Walk<'s, 'a> {
    shaper: &'s mut Shaper<'a>,
    scope: usize,
    /// How many subqueries deep: their names are theirs.
    depth: u32,
    /// Where names of arguments (`make_interval(secs => 3)`) and of fields (`(address).city`) stand, which sqlparser
    /// reads as expressions.
    labels: HashSet<Location>,
    walked: Walked,
}

impl Visitor for Walk<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.walked.subquery = true;
            let context = Context::within(self.shaper, self.scope, BlockKind::Correlated, Want::Nothing);
            self.shaper.query(query, context);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<()> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        self.shaper.null_comparison(expr, self.scope);
        match expr {
            // `f(a := 1)`, the older spelling, is read as an operator.
            ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Assignment, .. } => {
                if let ast::Expr::Identifier(label) = &**left {
                    self.label(label, Name::Value);
                }
            }
            ast::Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    if let ast::AccessExpr::Dot(ast::Expr::Identifier(field)) = access {
                        self.label(field, Name::Other);
                    }
                }
            }
            ast::Expr::Identifier(name) if self.labels.contains(&name.span.start) => {}
            ast::Expr::Identifier(name) => self.path(std::slice::from_ref(name)),
            ast::Expr::CompoundIdentifier(path) => self.path(path),
            ast::Expr::Function(function) => self.function(function),
            ast::Expr::MatchAgainst { columns, .. } => {
                for column in columns {
                    let path: Vec<ast::Ident> = column.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                    if !path.is_empty() {
                        self.path(&path);
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Walk<'_, '_> {
    fn path(&mut self, path: &[ast::Ident]) {
        let resolved = self.shaper.resolve(path, self.scope);
        let sql = self.shaper.range_of(path);
        self.walked.used.push(Used { name: resolved.name, outer: resolved.outer, sql });
    }

    fn label(&mut self, label: &ast::Ident, name: Name) {
        self.labels.insert(label.span.start);
        self.shaper.names.note_column(label.span.start, name);
    }

    fn function(&mut self, function: &ast::Function) {
        if function.over.is_some() {
            self.walked.window = true;
        } else if is_aggregate(function) {
            self.walked.aggregate = true;
        }
        let FunctionArguments::List(list) = &function.args else { return };
        for arg in &list.args {
            if let FunctionArg::ExprNamed { name: ast::Expr::Identifier(label), .. } = arg {
                self.label(label, Name::Value);
            }
            if let FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) = arg {
                let label = name.0.last().and_then(|part| part.as_ident());
                let label = label.map(|label| ident(label, self.shaper.dialect));
                if let Some((Some(reference), _)) = label.and_then(|label| self.shaper.find_label(&label, self.scope)) {
                    self.shaper.read_whole_row(reference);
                    if let Some(place) = place_of_table(name) {
                        self.shaper.names.note_table(place, reference);
                    }
                }
            }
        }
    }
}

/// Says whether a function computes one value from many rows.
pub(super) fn is_aggregate(function: &ast::Function) -> bool {
    const AGGREGATES: &[&str] = &[
        "any_value",
        "array_agg",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "corr",
        "count",
        "covar_pop",
        "covar_samp",
        "every",
        "group_concat",
        "json_agg",
        "json_arrayagg",
        "json_group_array",
        "json_group_object",
        "json_object_agg",
        "json_objectagg",
        "jsonb_agg",
        "jsonb_object_agg",
        "max",
        "min",
        "mode",
        "percentile_cont",
        "percentile_disc",
        "range_agg",
        "regr_slope",
        "std",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "total",
        "var_pop",
        "var_samp",
        "variance",
        "xmlagg",
    ];
    let Some(name) = function.name.0.last().and_then(|part| part.as_ident()) else {
        return false;
    };
    let known = AGGREGATES.iter().any(|known| name.value.eq_ignore_ascii_case(known));
    // SQLite's min and max of several arguments choose among them.
    let chooses = match &function.args {
        FunctionArguments::List(list) => list.args.len() > 1 && is_min_or_max(&name.value),
        _ => false,
    };
    (known && !chooses) || function.filter.is_some() || !function.within_group.is_empty()
}

/// Says whether a name is `min` or `max`.
pub(super) fn is_min_or_max(name: &str) -> bool {
    name.eq_ignore_ascii_case("min") || name.eq_ignore_ascii_case("max")
}
