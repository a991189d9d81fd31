//! Expressions as every writer's are written anew: values have no form of their own, parentheses stand around every
//! operator once, and what AND joins has one order.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, DateTimeField, Expr, Ident, UnaryOperator, Value};

/// Settles an expression whose parts are settled.
pub(super) fn settle(expr: &mut Expr) {
    let settled = match expr {
        // An operator brings its own parentheses.
        Expr::Nested(inner) => Some(taken(inner)),
        Expr::Cast { expr: inner, .. } if is_value(inner) => Some(taken(inner)),
        // Frameworks make texts of what is one.
        Expr::Cast { expr: inner, data_type: DataType::Text | DataType::Varchar(_), .. } => Some(taken(inner)),
        Expr::Cast { kind, .. } => {
            *kind = CastKind::Cast;
            None
        }
        Expr::TypedString(_) => Some(value()),
        Expr::Interval(interval) if is_value(&interval.value) => Some(value()),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } if is_value(inner) => {
            Some(value())
        }
        Expr::Array(array) if !array.elem.is_empty() && array.elem.iter().all(is_value) => Some(value()),
        Expr::InList { list, .. } => {
            settle_list(list);
            None
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if is_value(right) => {
            Some(Expr::InList { expr: Box::new(taken(left)), list: vec![value()], negated: false })
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } if is_value(right) => {
            Some(Expr::InList { expr: Box::new(taken(left)), list: vec![value()], negated: true })
        }
        // A server that counts statements takes the field for a value.
        Expr::Extract { field, .. } => {
            *field = DateTimeField::Custom(Ident::new("field"));
            None
        }
        Expr::BinaryOp { .. } => Some(operator(std::mem::replace(expr, value()))),
        _ => None,
    };
    if let Some(settled) = settled {
        *expr = settled;
    }
}

/// `?`
fn value() -> Expr {
    Expr::value(Value::Placeholder("?".to_owned()))
}

fn is_value(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
}

fn taken(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, value())
}

/// A list of values, or of rows of them, has one member.
fn settle_list(list: &mut Vec<Expr>) {
    let is_row = |expr: &Expr| matches!(expr, Expr::Tuple(members) if members.iter().all(is_value));
    if list.iter().all(|member| is_value(member) || is_row(member)) {
        list.truncate(1);
    }
}

/// An operator in its parentheses; what it joins stands in one order where that means nothing.
fn operator(expr: Expr) -> Expr {
    let Expr::BinaryOp { left, op, right } = expr else { return expr };
    let (left, right) = match op {
        BinaryOperator::And | BinaryOperator::Or => {
            let mut operands = operands(*left, &op);
            operands.append(&mut self::operands(*right, &op));
            operands.sort_by_cached_key(ToString::to_string);
            let mut operands = operands.into_iter();
            let last = operands.next_back().expect("an operator has operands");
            let joined = operands.reduce(|left, right| Expr::BinaryOp {
                left: Box::new(left),
                op: op.clone(),
                right: Box::new(right),
            });
            (joined.expect("it has two"), last)
        }
        // `a.id = b.a_id` and `b.a_id = a.id`
        BinaryOperator::Eq if is_value(&left) || (!is_value(&right) && left.to_string() > right.to_string()) => {
            (*right, *left)
        }
        _ => (*left, *right),
    };
    Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }))
}

/// What one operator joins, however deep, in order.
fn operands(expr: Expr, by: &BinaryOperator) -> Vec<Expr> {
    let (mut found, mut open) = (Vec::new(), vec![expr]);
    while let Some(next) = open.pop() {
        match next {
            Expr::BinaryOp { left, op, right } if op == *by => open.extend([*right, *left]),
            Expr::Nested(inner) if matches!(&*inner, Expr::BinaryOp { op, .. } if op == by) => open.push(*inner),
            other => found.push(other),
        }
    }
    found
}
