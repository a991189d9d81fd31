//! What every arm of an OR says: `(a AND b) OR (a AND c)` is `a AND (b OR c)`, and PostgreSQL plans it so.
//!
//! Works on the parser's tree, whose comparison knows no places, so that `shape` and `lower` see the same conjuncts.

use std::collections::HashSet;

use sqlparser::ast::{BinaryOperator, Expr};

use super::canonical::unnested;

/// Returns the conjuncts that all arms of an OR have; none of anything else.
pub fn common_conjuncts(condition: &Expr) -> Vec<&Expr> {
    let arms = parts(condition, &BinaryOperator::Or);
    let [first, rest @ ..] = &arms[..] else { return Vec::new() };
    if rest.is_empty() {
        return Vec::new();
    }
    let mut common = parts(first, &BinaryOperator::And);
    for arm in rest {
        if common.is_empty() {
            break;
        }
        let others: HashSet<&Expr> = parts(arm, &BinaryOperator::And).into_iter().collect();
        common.retain(|part| others.contains(part));
    }
    common
}

fn parts<'e>(condition: &'e Expr, by: &BinaryOperator) -> Vec<&'e Expr> {
    let mut parts = Vec::new();
    split(condition, by, &mut parts);
    parts
}

fn split<'e>(condition: &'e Expr, by: &BinaryOperator, into: &mut Vec<&'e Expr>) {
    match unnested(condition) {
        Expr::BinaryOp { left, op, right } if op == by => {
            split(left, by, into);
            split(right, by, into);
        }
        other => into.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::sql::parse::parse_expr;

    #[test]
    fn what_all_arms_say() {
        let cases = [
            ("(a = b AND c = 1) OR (d = 2 AND a = b) OR ((a = b) AND e)", "a = b"),
            ("a = 1 OR a = 2", ""),
            ("a = 1 AND b = 2", ""),
            ("(a = 1 AND b = 2) OR (b = 2 AND a = 1)", "a = 1; b = 2"),
            ("(a = 1 AND b = 2) OR c = 1", ""),
        ];
        for (sql, expect) in cases {
            let expr = parse_expr(sql, Dialect::Postgres).expect("an expression");
            let found: Vec<String> = common_conjuncts(&expr).iter().map(ToString::to_string).collect();
            assert_eq!(found.join("; "), expect, "{sql}");
        }
    }
}
