//! ORDER BY, GROUP BY, DISTINCT, LIMIT, locks and lone `min`/`max` of one block.

use sqlparser::ast::{self, Distinct, GroupByExpr, LimitClause, OrderByKind, SelectItem};
use sqlparser::tokenizer::Span;

use super::predicate::has_aggregate;
use super::scope::Columns;
use super::state::Shaper;
use super::walk::{Used, Walked, is_min_or_max};
use crate::expr::Expr;
use crate::name::Ident;
use crate::query::{Limit, Offset, OrderKey, RefId};
use crate::sql::canonical::unnested;
use crate::sql::parse::ident;
use crate::sql::resolution::{Name, Reach};

/// The clauses of a query that stand after its body.
#[derive(Clone, Copy)]
pub(super) struct Tail<'q> {
    pub(super) order_by: Option<&'q ast::OrderBy>,
    limit: Option<&'q ast::Expr>,
    offset: Option<&'q ast::Expr>,
    locks: &'q [ast::LockClause],
}

impl<'q> Tail<'q> {
    pub(super) fn none() -> Self {
        Self { order_by: None, limit: None, offset: None, locks: &[] }
    }

    pub(super) fn of(query: &'q ast::Query) -> Self {
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        let fetch = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref());
        Self { order_by: query.order_by.as_ref(), limit: limit.or(fetch), offset, locks: &query.locks }
    }

    /// Says whether the query gives only some of its rows.
    pub(super) fn cuts(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    /// Writes the block's own facts.
    pub(super) fn note(&self, shaper: &mut Shaper<'_>, block: u16) {
        let limit = self.limit.and_then(limit_of);
        let offset = self.offset.and_then(|offset| {
            let sql = first_word(offset).map_or(0..0, |span| shaper.range(span));
            Some(Offset { rows: limit_of(offset)?, sql })
        });
        let block = shaper.block(block);
        block.ordered = self.order_by.is_some();
        block.limit = limit;
        block.offset = offset;
    }
}

/// A number of rows; `LIMIT ALL` and `LIMIT NULL` are none.
pub(super) fn limit_of(expr: &ast::Expr) -> Option<Limit> {
    match unnested(expr) {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(text, _) => text.parse().ok().map(Limit::Rows),
            ast::Value::Null => None,
            _ => Some(Limit::Param),
        },
        ast::Expr::Identifier(name) if name.value.eq_ignore_ascii_case("all") => None,
        _ => Some(Limit::Param),
    }
}

/// Where the first name or constant of an expression stands.
fn first_word(expr: &ast::Expr) -> Option<Span> {
    let mut expr = expr;
    loop {
        expr = match expr {
            ast::Expr::Value(value) => return Some(value.span),
            ast::Expr::Identifier(name) => return Some(name.span),
            ast::Expr::Nested(inner) | ast::Expr::Cast { expr: inner, .. } => inner,
            ast::Expr::BinaryOp { left, .. } => left,
            ast::Expr::Function(function) => return Some(function.name.0.first()?.as_ident()?.span),
            _ => return None,
        }
    }
}

impl Shaper<'_> {
    /// Puts the head of the ORDER BY to the one reference that it is keyed on.
    pub(super) fn order(&mut self, select: &ast::Select, tail: &Tail<'_>, scope: usize) {
        let Some(OrderByKind::Expressions(keys)) = tail.order_by.map(|order| &order.kind) else {
            return;
        };
        self.order_keys(keys, &select.projection, scope);
    }

    pub(super) fn order_keys(&mut self, keys: &[ast::OrderByExpr], projection: &[SelectItem], scope: usize) {
        let mut head: Vec<OrderKey> = Vec::new();
        let mut of: Option<RefId> = None;
        let mut complete = true;
        for (number, key) in keys.iter().enumerate() {
            let (expr, used) = self.sort_key(&key.expr, projection, scope);
            if let (0, Some(expr)) = (number, expr) {
                self.random_order(expr, scope);
            }
            if !complete || matches!(expr.map(unnested), Some(ast::Expr::Value(_))) {
                continue;
            }
            let Some((reference, seen, sql)) = expr.and_then(|expr| self.keyed_on_one(expr, &used, scope)) else {
                complete = false;
                continue;
            };
            if of.is_some_and(|of| of != reference) {
                complete = false;
                continue;
            }
            of = Some(reference);
            let desc = matches!(key.options.sort, Some(ast::OrderBySort::Desc));
            let nulls_first = key.options.nulls_first.unwrap_or_else(|| self.dialect.nulls_first_by_default(desc));
            if !head.iter().any(|known| known.key == seen) {
                head.push(OrderKey { key: seen, desc, nulls_first, sql });
            }
        }
        if let Some(reference) = of {
            let pattern = self.pattern(reference);
            pattern.order = head;
            pattern.order_complete = complete;
        }
    }

    /// Reads an ORDER BY or GROUP BY item: an output by number or alias, or an expression of its own.
    fn sort_key<'e>(
        &mut self,
        item: &'e ast::Expr,
        projection: &'e [SelectItem],
        scope: usize,
    ) -> (Option<&'e ast::Expr>, Vec<Used>) {
        match self.output_meant(item, projection) {
            Some(Some(output)) => (Some(output), self.names_in(output, scope)),
            Some(None) => (None, Vec::new()),
            None => (Some(item), self.walk(item, scope).used),
        }
    }

    /// The output that an item means; of a number behind `*` it cannot be told which (`Some(None)`).
    fn output_meant<'e>(&self, item: &'e ast::Expr, projection: &'e [SelectItem]) -> Option<Option<&'e ast::Expr>> {
        match unnested(item) {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(text, _) => text.parse().ok().map(|number| numbered(number, projection)),
                _ => None,
            },
            ast::Expr::Identifier(name) => aliased(projection, &ident(name, self.dialect), self.dialect).map(Some),
            _ => None,
        }
    }

    /// The reference that a sort key is computed from alone, and the key as it sees it.
    fn keyed_on_one(
        &self,
        expr: &ast::Expr,
        used: &[Used],
        scope: usize,
    ) -> Option<(RefId, Expr, std::ops::Range<u32>)> {
        let first = used.first().filter(|used| !used.outer && self.reach_of(&used.name) == Reach::Joins)?;
        let reference = first.references().next()?;
        let planned_here = self.planned_in[usize::from(reference.0)] == self.scopes[scope].block;
        if !planned_here || has_aggregate(expr) {
            return None;
        }
        let seen = self.value_seen_from(reference, expr);
        (seen.has_column() && !seen.has_outer() && !seen.has_param()).then(|| (reference, seen, first.sql.clone()))
    }

    /// Reads GROUP BY; says whether there is one.
    pub(super) fn grouping(&mut self, select: &ast::Select, scope: usize) -> bool {
        let GroupByExpr::Expressions(items, modifiers) = &select.group_by else {
            let block = self.scopes[scope].block;
            self.block(block).grouped = true;
            return true;
        };
        if items.is_empty() && modifiers.is_empty() {
            return false;
        }
        let block = self.scopes[scope].block;
        self.block(block).grouped = true;
        let keys = self.keys_of_one(items.iter(), &select.projection, scope);
        let several =
            |item: &ast::Expr| matches!(item, ast::Expr::Rollup(_) | ast::Expr::Cube(_) | ast::Expr::GroupingSets(_));
        let once = modifiers.is_empty() && !items.iter().any(several);
        if let (Some((reference, keys)), true) = (keys, once) {
            self.pattern(reference).group = keys;
        }
        true
    }

    /// The base columns that a block groups by.
    pub(super) fn group_names(&self, select: &ast::Select, scope: usize) -> Vec<(RefId, Ident)> {
        let GroupByExpr::Expressions(items, _) = &select.group_by else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in items {
            let expr = self.output_meant(item, &select.projection).unwrap_or(Some(item));
            let bare = |expr: &ast::Expr| {
                matches!(unnested(expr), ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_))
            };
            let Some(expr) = expr.filter(|expr| bare(expr)) else { continue };
            match self.names_in(expr, scope).pop().map(|used| used.name) {
                Some(Name::Column(reference, column)) => names.push((reference, column)),
                Some(Name::Derived { sources, .. }) => names.extend(sources.iter().cloned()),
                _ => {}
            }
        }
        names
    }

    /// Keys that are all of one reference.
    fn keys_of_one<'e>(
        &mut self,
        items: impl Iterator<Item = &'e ast::Expr>,
        projection: &'e [SelectItem],
        scope: usize,
    ) -> Option<(RefId, Vec<Expr>)> {
        let mut of: Option<RefId> = None;
        let mut keys = Vec::new();
        let mut all = true;
        for item in items {
            let (expr, used) = self.sort_key(item, projection, scope);
            match expr.and_then(|expr| self.keyed_on_one(expr, &used, scope)) {
                Some((reference, key, _)) if of.is_none_or(|of| of == reference) => {
                    of = Some(reference);
                    keys.push(key);
                }
                _ => all = false,
            }
        }
        of.filter(|_| all).map(|reference| (reference, keys))
    }

    /// Outputs that are all of one reference.
    fn outputs_of_one(&self, outputs: &[&ast::Expr], scope: usize) -> Option<(RefId, Vec<Expr>)> {
        let mut of: Option<RefId> = None;
        let mut keys = Vec::new();
        for expr in outputs {
            let (reference, key, _) = self.keyed_on_one(expr, &self.names_in(expr, scope), scope)?;
            if of.is_some_and(|of| of != reference) {
                return None;
            }
            of = Some(reference);
            keys.push(key);
        }
        of.map(|reference| (reference, keys))
    }

    /// Reads DISTINCT and DISTINCT ON.
    pub(super) fn distinct(&mut self, select: &ast::Select, scope: usize) {
        let block = self.scopes[scope].block;
        let keys = match &select.distinct {
            Some(Distinct::Distinct) => {
                let exprs: Option<Vec<&ast::Expr>> = select
                    .projection
                    .iter()
                    .map(|item| match item {
                        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                        _ => None,
                    })
                    .collect();
                exprs.and_then(|exprs| self.outputs_of_one(&exprs, scope))
            }
            Some(Distinct::On(items)) => self.keys_of_one(items.iter(), &select.projection, scope),
            _ => return,
        };
        self.block(block).grouped = true;
        if let Some((reference, keys)) = keys {
            self.pattern(reference).distinct = keys;
        }
    }

    /// Gives the block's LIMIT to everything planned in it.
    ///
    /// Not where a window function stands in it: that sees every row before the first is given.
    pub(super) fn limit(&mut self, select: &ast::Select, tail: &Tail<'_>, outputs: &Walked, scope: usize) {
        let block = self.scopes[scope].block;
        for expr in tail.limit.into_iter().chain(tail.offset) {
            self.walk(expr, scope);
        }
        let top = select.top.as_ref().and_then(|top| match &top.quantity {
            Some(ast::TopQuantity::Constant(rows)) => Some(Limit::Rows(*rows)),
            Some(ast::TopQuantity::Expr(expr)) => limit_of(expr),
            None => None,
        });
        let Some(limit) = self.shape.blocks[usize::from(block)].limit.or(top) else {
            return;
        };
        self.block(block).limit = Some(limit);
        if !outputs.window {
            self.give_limit(limit, block);
        }
    }

    pub(super) fn give_limit(&mut self, limit: Limit, block: u16) {
        for (pattern, planned) in self.shape.patterns.iter_mut().zip(&self.planned_in) {
            if *planned == block {
                pattern.limit = Some(limit);
            }
        }
    }

    /// `SELECT min(c) FROM t`: one end of an index answers it.
    pub(super) fn extremum(&mut self, select: &ast::Select, scope: usize) {
        let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = &select.projection[..] else {
            return;
        };
        let grouped = self.shape.blocks[usize::from(self.scopes[scope].block)].grouped;
        let [relation] = &self.scopes[scope].relations[..] else { return };
        if !matches!(relation.columns, Columns::Table(..)) || grouped {
            return;
        }
        let Some(arg) = lone_extremum(unnested(expr)) else { return };
        let used = self.names_in(arg, scope);
        if let Some((reference, key, _)) = self.keyed_on_one(arg, &used, scope) {
            self.pattern(reference).extremum = Some(key);
        }
    }

    /// `FOR UPDATE`, of all or of the tables it names.
    pub(super) fn lock(&mut self, tail: &Tail<'_>, scope: usize) {
        for lock in tail.locks {
            let of = lock.of.as_ref().and_then(|of| of.0.last()).and_then(|part| part.as_ident());
            let of = of.map(|of| ident(of, self.dialect));
            let relations = self.scopes[scope].relations.iter();
            let locked = relations.filter(|relation| of.is_none() || relation.label == of);
            let refs: Vec<RefId> = locked.flat_map(|relation| relation.refs.clone()).collect();
            for reference in refs {
                self.pattern(reference).lock = true;
            }
        }
    }
}

fn numbered(number: usize, projection: &[SelectItem]) -> Option<&ast::Expr> {
    let at = number.checked_sub(1)?;
    let mut plain = projection.iter().take(number).map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    let expr = plain.clone().nth(at)?;
    expr.filter(|_| plain.all(|expr| expr.is_some()))
}

fn aliased<'e>(projection: &'e [SelectItem], name: &Ident, dialect: crate::dialect::Dialect) -> Option<&'e ast::Expr> {
    projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if ident(alias, dialect) == *name => Some(expr),
        _ => None,
    })
}

/// `min(x)`, `max(x)`, also within `coalesce(max(x), 0) + 1`.
fn lone_extremum(expr: &ast::Expr) -> Option<&ast::Expr> {
    if let ast::Expr::BinaryOp { left, right, .. } = expr {
        return match (unnested(left), unnested(right)) {
            (of, ast::Expr::Value(_)) | (ast::Expr::Value(_), of) => lone_extremum(of),
            _ => None,
        };
    }
    let ast::Expr::Function(function) = expr else { return None };
    let name = function.name.0.last().and_then(|part| part.as_ident())?;
    let ast::FunctionArguments::List(list) = &function.args else { return None };
    let mut args = list.args.iter().map(|arg| match arg {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let first = args.next()??;
    if is_min_or_max(&name.value) && list.args.len() == 1 && function.over.is_none() && function.filter.is_none() {
        return Some(first);
    }
    let rest_is_constant = args.all(|arg| matches!(arg, Some(ast::Expr::Value(_))));
    (name.value.eq_ignore_ascii_case("coalesce") && rest_is_constant).then(|| lone_extremum(unnested(first))).flatten()
}
