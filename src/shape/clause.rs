//! Clauses that are judged by what they say: LIKE with an open start, random order, `NOT IN (SELECT …)`, writes to
//! every row.

use std::ops::ControlFlow;

use sqlparser::ast::{self, BinaryOperator, FunctionArg, FunctionArgExpr, FunctionArguments, TableFactor};
use sqlparser::ast::{Value, Visit, VisitMut, Visitor, VisitorMut};
use sqlparser::tokenizer::Span;

use super::scope::{Output, Outputs};
use super::state::Shaper;
use crate::query::{Clause, ClauseKind, PatternHead, RefId, StatementKind};
use crate::sql::canonical::unnested;
use crate::sql::resolution::{Name, Reach};

impl Shaper<'_> {
    /// Notes a clause, unless it came out of a view.
    pub(super) fn note_clause(&mut self, clause: Clause) {
        if !clause.sql.is_empty() {
            self.shape.clauses.push(clause);
        }
    }

    /// Notes the LIKEs of a condition that keep rows, those under AND and OR included.
    pub(super) fn likes(&mut self, condition: &ast::Expr, scope: usize) {
        let mut open = vec![condition];
        while let Some(expr) = open.pop() {
            let (key, pattern) = match unnested(expr) {
                ast::Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                    open.extend([&**left, &**right]);
                    continue;
                }
                ast::Expr::Like { negated: false, any: false, expr, pattern, .. }
                | ast::Expr::ILike { negated: false, any: false, expr, pattern, .. } => (expr, pattern),
                ast::Expr::BinaryOp { left, op: BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch, right } => {
                    (left, right)
                }
                _ => continue,
            };
            if let Some(head) = head(pattern) {
                self.like(expr, key, head, scope);
            }
        }
    }

    fn like(&mut self, expr: &ast::Expr, key: &ast::Expr, head: PatternHead, scope: usize) {
        let used = self.names_in(key, scope);
        let Some(first) = used.first() else { return };
        let (Some(reference), sql) = (first.references().next(), first.sql.clone()) else { return };
        let key = self.value_seen_from(reference, key);
        if first.outer || !key.has_column() || key.has_outer() {
            return;
        }
        let (block, reference) = (self.scopes[scope].block, Some(reference));
        self.note_clause(Clause { kind: ClauseKind::Like { key, head }, block, reference, sql, text: told(expr) });
    }

    /// Notes an ORDER BY whose first key is another one each time.
    pub(super) fn random_order(&mut self, first: &ast::Expr, scope: usize) {
        let Some(place) = random_call(first) else { return };
        let (sql, block) = (self.range(place), self.scopes[scope].block);
        let text = format!("order by {}", told(first));
        self.note_clause(Clause { kind: ClauseKind::RandomOrder, block, reference: None, sql, text });
    }

    /// Notes a `NOT IN (SELECT …)` and the base columns that its subquery passes on.
    pub(super) fn not_in(&mut self, expr: &ast::Expr, outputs: &Outputs, scope: usize) {
        let wanted = match unnested(expr) {
            ast::Expr::Tuple(parts) => parts.len(),
            _ => 1,
        };
        let passed_on = outputs.columns.iter().take(wanted).flat_map(passed_on).collect();
        let Some(sql) = self.names_in(expr, scope).first().map(|used| used.sql.clone()) else { return };
        let (kind, block) = (ClauseKind::NotIn(passed_on), self.scopes[scope].block);
        self.note_clause(Clause { kind, block, reference: None, sql, text: format!("{} not in", told(expr)) });
    }

    /// Notes an UPDATE or DELETE that names one table and nothing that chooses among its rows.
    pub(super) fn every_row(
        &mut self,
        kind: StatementKind,
        target: &TableFactor,
        columns: &[ast::Assignment],
        scope: usize,
    ) {
        let TableFactor::Table { name, .. } = target else { return };
        let Some(last) = name.0.last().and_then(|part| part.as_ident()) else { return };
        let reference = self.scopes[scope].relations.first().and_then(|relation| relation.refs.first().copied());
        let (sql, block) = (self.range(last.span), self.scopes[scope].block);
        let targets: Vec<String> = columns.iter().map(|set| set.target.to_string().to_lowercase()).collect();
        let verb = if kind == StatementKind::Delete { "delete" } else { "update" };
        let text = format!("{verb} {}", targets.join(", "));
        self.note_clause(Clause { kind: ClauseKind::EveryRow(kind), block, reference, sql, text });
    }
}

/// The base columns that an output passes on; none where conditions from outside would not reach them, since then it is
/// not known which of their rows are given.
fn passed_on(output: &Output) -> Vec<(RefId, crate::name::Ident)> {
    match &output.is {
        Name::Column(reference, column) => vec![(*reference, column.clone())],
        Name::Derived { sources, reach } if *reach >= Reach::Filters => sources.to_vec(),
        _ => Vec::new(),
    }
}

/// How a pattern starts, if not with text that an index could seek.
fn head(pattern: &ast::Expr) -> Option<PatternHead> {
    match unnested(pattern) {
        ast::Expr::Value(value) => match &value.value {
            Value::Placeholder(_) => Some(PatternHead::Unknown),
            value => value.clone().into_string().and_then(|text| head_of_text(&text)),
        },
        // Only the text at the left decides; a parameter there is text to be.
        ast::Expr::BinaryOp { left, op: BinaryOperator::StringConcat, .. } => {
            head(left).filter(|head| *head == PatternHead::Wildcard).or_else(|| is_only_wildcards(left))
        }
        ast::Expr::Cast { expr, .. } | ast::Expr::Collate { expr, .. } => head(expr),
        ast::Expr::Function(function) => {
            let name = function.name.0.last()?.as_ident()?.value.to_ascii_lowercase();
            let first = arguments(function).next()?;
            match name.as_str() {
                "concat" => {
                    head(first).filter(|head| *head == PatternHead::Wildcard).or_else(|| is_only_wildcards(first))
                }
                "lower" | "upper" | "coalesce" | "unaccent" | "trim" => head(first),
                "format" | "printf" => {
                    text_of(first).filter(|text| text.starts_with("%%")).map(|_| PatternHead::Wildcard)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A pattern of wildcards alone keeps every row that has a value: it is written to switch a filter off.
fn head_of_text(text: &str) -> Option<PatternHead> {
    (text.starts_with(['%', '_']) && !text.chars().all(|char| char == '%')).then_some(PatternHead::Wildcard)
}

/// `'%'` with something behind it.
fn is_only_wildcards(first: &ast::Expr) -> Option<PatternHead> {
    text_of(first).filter(|text| text.starts_with('%')).map(|_| PatternHead::Wildcard)
}

fn text_of(expr: &ast::Expr) -> Option<String> {
    match unnested(expr) {
        ast::Expr::Value(value) => value.value.clone().into_string(),
        ast::Expr::Cast { expr, .. } => text_of(expr),
        _ => None,
    }
}

fn arguments(function: &ast::Function) -> impl Iterator<Item = &ast::Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

/// Finds a call that gives another value for each row, subqueries apart.
fn random_call(expr: &ast::Expr) -> Option<Span> {
    const RANDOM: &[&str] = &["random", "rand", "newid", "gen_random_uuid", "uuid_generate_v4", "randomblob"];
    struct Finds {
        depth: u32,
    }
    impl Visitor for Finds {
        type Break = Span;

        fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<Span> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<Span> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<Span> {
            let ast::Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
            match function.name.0.last().and_then(|part| part.as_ident()) {
                Some(name) if self.depth == 0 && RANDOM.iter().any(|known| name.value.eq_ignore_ascii_case(known)) => {
                    ControlFlow::Break(name.span)
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match expr.visit(&mut Finds { depth: 0 }) {
        ControlFlow::Break(span) => Some(span),
        ControlFlow::Continue(()) => None,
    }
}

/// Prints an expression for fingerprints: names lower case and unqualified, literals and parameters as `?`, subqueries
/// left out.
pub(super) fn told(expr: &ast::Expr) -> String {
    struct Plain;
    impl VisitorMut for Plain {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
            let word = match expr {
                ast::Expr::Identifier(name) => name.value.to_lowercase(),
                ast::Expr::CompoundIdentifier(path) => {
                    path.last().map_or_else(String::new, |name| name.value.to_lowercase())
                }
                ast::Expr::Subquery(_) | ast::Expr::Exists { .. } => "(…)".to_owned(),
                ast::Expr::InSubquery { expr: key, .. } => format!("{} in (…)", told(key)),
                ast::Expr::Value(value) if !matches!(value.value, Value::Null) => "?".to_owned(),
                _ => return ControlFlow::Continue(()),
            };
            *expr = ast::Expr::Identifier(ast::Ident::new(word));
            ControlFlow::Continue(())
        }
    }
    let mut copy = unnested(expr).clone();
    let _ = VisitMut::visit(&mut copy, &mut Plain);
    copy.to_string().to_lowercase()
}
