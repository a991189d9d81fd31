//! What is named by its place or its alias in the list of outputs stands for itself: `ORDER BY 2`, `GROUP BY total`.

use sqlparser::ast::{Expr, GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Value};

/// Writes out the keys of a query's order; its parts are not settled yet.
pub(super) fn spell_order(query: &mut Query) {
    let SetExpr::Select(select) = &*query.body else { return };
    let Some(order) = &mut query.order_by else { return };
    let OrderByKind::Expressions(keys) = &mut order.kind else { return };
    keys.iter_mut().for_each(|key| spell(&mut key.expr, &select.projection));
}

/// Writes out the keys of a grouping.
pub(super) fn spell_groups(select: &mut Select) {
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        keys.iter_mut().for_each(|key| spell(key, &select.projection));
    }
}

fn spell(key: &mut Expr, outputs: &[SelectItem]) {
    let meant = match key {
        Expr::Value(value) => match &value.value {
            Value::Number(place, _) => place.parse::<usize>().ok().and_then(|place| at(outputs, place)),
            _ => None,
        },
        Expr::Identifier(name) => outputs.iter().find_map(|output| match output {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(&name.value) => Some(expr),
            _ => None,
        }),
        _ => None,
    };
    if let Some(meant) = meant {
        *key = meant.clone();
    }
}

/// The output at a place, from 1; none where a star before it stands for several.
fn at(outputs: &[SelectItem], place: usize) -> Option<&Expr> {
    let before = outputs.get(..place)?;
    let expr = |output| match output {
        &SelectItem::UnnamedExpr(ref expr) | &SelectItem::ExprWithAlias { ref expr, .. } => Some(expr),
        _ => None,
    };
    before.iter().map(expr).collect::<Option<Vec<&Expr>>>()?.pop()
}
