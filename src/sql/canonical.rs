//! The canonical expression of a piece of SQL: the only way from a parser's tree to [`Expr`].
//!
//! What an identifier means is the caller's to say ([`Names`]): index keys and checks speak of one table, a query's
//! conditions of several. Knows no catalogue; casts on columns stay until [`crate::expr::simplify`] is told the types.

mod call;
mod opaque;

use std::ops::ControlFlow;

use sqlparser::ast::{self, BinaryOperator, UnaryOperator, Value};

use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, Op};

/// What the names in an expression stand for.
pub trait Names {
    /// Says what an identifier (`a`, `t.a`, `s.t.a`) is: a column of the table at hand, [`Expr::Outer`], [`Expr::Param`], …
    fn column(&mut self, path: &[ast::Ident]) -> Expr;

    /// Says what a subquery within the expression is; by default a value known at run time only.
    fn subquery(&mut self, _query: &ast::Query) -> Expr {
        Expr::Param
    }
}

impl<F: FnMut(&[ast::Ident]) -> Expr> Names for F {
    fn column(&mut self, path: &[ast::Ident]) -> Expr {
        self(path)
    }
}

/// Makes the canonical form of a scalar: an index key, a sort key, a side of a comparison.
pub fn expr(ast: &ast::Expr, dialect: Dialect, names: &mut dyn Names) -> Expr {
    Canonical { dialect, names }.scalar(ast)
}

/// Makes the canonical form of a condition that admits a row when it is true: WHERE, ON, a partial index's predicate.
///
/// A bare column is a test, and `IS TRUE` says nothing, since NULL admits no row either.
pub fn predicate(ast: &ast::Expr, dialect: Dialect, names: &mut dyn Names) -> Expr {
    Canonical { dialect, names }.condition(ast, Sense::Filter)
}

/// Whether NULL and FALSE are the same to whoever reads the truth value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// They are: only TRUE admits the row.
    Filter,
    /// They are not (below NOT).
    Exact,
}

struct Canonical<'n> {
    dialect: Dialect,
    names: &'n mut dyn Names,
}

impl Canonical<'_> {
    /// A truth value.
    fn condition(&mut self, ast: &ast::Expr, sense: Sense) -> Expr {
        use ast::Expr as Ast;
        match ast {
            Ast::Nested(inner) => self.condition(inner, sense),
            Ast::BinaryOp { op: BinaryOperator::And, .. } => {
                let operands = operands(ast, &BinaryOperator::And);
                Expr::and(operands.into_iter().map(|operand| self.condition(operand, sense)).collect())
            }
            Ast::BinaryOp { op: BinaryOperator::Or, .. } => {
                let arms = operands(ast, &BinaryOperator::Or);
                Expr::or(arms.into_iter().map(|arm| self.condition(arm, sense)).collect())
            }
            Ast::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => self.negation(expr, sense),
            Ast::IsTrue(inner) if sense == Sense::Filter => self.condition(inner, sense),
            Ast::IsFalse(inner) if sense == Sense::Filter => Expr::negate(self.condition(inner, Sense::Exact)),
            Ast::Identifier(_) | Ast::CompoundIdentifier(_) => match self.scalar(ast) {
                column @ Expr::Column(_) => self.truth(column),
                other => other,
            },
            _ => self.scalar(ast),
        }
    }

    fn negation(&mut self, operand: &ast::Expr, sense: Sense) -> Expr {
        use ast::Expr as Ast;
        match (operand, sense) {
            (Ast::Nested(inner), _) => self.negation(inner, sense),
            (Ast::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr }, _) => self.condition(expr, sense),
            _ => Expr::negate(self.condition(operand, Sense::Exact)),
        }
    }

    /// A column standing for its own truth.
    ///
    /// SQLite and MySQL have no booleans: there it says that the number is not 0, which no index answers.
    fn truth(&self, column: Expr) -> Expr {
        match self.dialect {
            Dialect::Postgres => Expr::op(Op::Eq, vec![column, self.boolean(true)]),
            Dialect::Sqlite | Dialect::Mysql => Expr::op(Op::NotEq, vec![column, self.boolean(false)]),
        }
    }

    fn boolean(&self, value: bool) -> Expr {
        Expr::Literal(match self.dialect {
            Dialect::Postgres => Literal::Boolean(value),
            Dialect::Sqlite | Dialect::Mysql => Literal::Number(u8::from(value).to_string()),
        })
    }

    /// Any value.
    fn scalar(&mut self, ast: &ast::Expr) -> Expr {
        use ast::Expr as Ast;
        match ast {
            Ast::Nested(inner) => self.scalar(inner),
            Ast::Identifier(name) => self.identifier(name),
            Ast::CompoundIdentifier(path) => self.names.column(path),
            Ast::Value(value) => self.literal(&value.value),
            Ast::TypedString(typed) => self.literal(&typed.value.value),
            Ast::Prefixed { value, .. } => self.scalar(value),
            Ast::Interval(_) => Expr::Param,
            Ast::Subquery(query) => self.names.subquery(query),
            Ast::Exists { subquery, negated } => negated_if(*negated, self.names.subquery(subquery)),
            Ast::InSubquery { expr, subquery, negated } => {
                let list = self.names.subquery(subquery);
                negated_if(*negated, Expr::op(Op::In, vec![self.scalar(expr), list]))
            }
            Ast::Cast { expr, data_type, .. } => self.cast(expr, data_type),
            Ast::BinaryOp { left, op, right } => self.binary(ast, left, op, right),
            Ast::UnaryOp { op, expr } => self.unary(ast, op, expr),
            Ast::IsNull(operand) => Expr::op(Op::IsNull, vec![self.scalar(operand)]),
            Ast::IsNotNull(operand) => Expr::op(Op::IsNotNull, vec![self.scalar(operand)]),
            Ast::IsTrue(operand) => self.suffix("IS TRUE", operand),
            Ast::IsNotTrue(operand) => self.suffix("IS NOT TRUE", operand),
            Ast::IsFalse(operand) => self.suffix("IS FALSE", operand),
            Ast::IsNotFalse(operand) => self.suffix("IS NOT FALSE", operand),
            Ast::IsNotDistinctFrom(left, right) if self.dialect != Dialect::Postgres => {
                self.comparison(Op::Eq, left, right)
            }
            Ast::IsDistinctFrom(left, right) => self.other("IS DISTINCT FROM", left, right),
            Ast::IsNotDistinctFrom(left, right) => self.other("IS NOT DISTINCT FROM", left, right),
            Ast::Between { expr, negated, low, high } if is_plain(expr) => {
                let range =
                    Expr::and(vec![self.comparison(Op::GtEq, expr, low), self.comparison(Op::LtEq, expr, high)]);
                negated_if(*negated, range)
            }
            Ast::Between { .. } => self.opaque(ast),
            Ast::InList { expr, list, negated } => negated_if(*negated, self.in_list(expr, list)),
            Ast::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => self.equals_any(ast, left, right),
            Ast::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
                match self.equals_any(ast, left, right) {
                    // The text already says ALL.
                    text @ Expr::Opaque { .. } => text,
                    list => Expr::negate(list),
                }
            }
            Ast::Like { negated, any: false, expr, pattern, escape_char: None } => {
                negated_if(*negated, self.like(Op::Like, expr, pattern))
            }
            Ast::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                negated_if(*negated, self.like(Op::ILike, expr, pattern))
            }
            _ => self.call(ast),
        }
    }

    /// MySQL and SQLite read `"x"` as a string where no column has that name; the parser says which it was.
    fn identifier(&mut self, name: &ast::Ident) -> Expr {
        if name.quote_style.is_none() && call::is_run_time_name(&name.value) {
            return Expr::Param;
        }
        self.names.column(std::slice::from_ref(name))
    }

    fn literal(&self, value: &Value) -> Expr {
        Expr::Literal(match value {
            Value::Number(text, _) => Literal::Number(text.clone()),
            Value::Boolean(value) => return self.boolean(*value),
            Value::Null => Literal::Null,
            Value::Placeholder(_) => return Expr::Param,
            other => match text_of(other) {
                Some(text) => Literal::Text(text.to_owned()),
                None => {
                    return Expr::Opaque { text: other.to_string(), columns: Default::default() };
                }
            },
        })
    }

    /// Casts of constants say nothing; those of columns wait for [`crate::expr::simplify`].
    fn cast(&mut self, operand: &ast::Expr, to: &ast::DataType) -> Expr {
        let operand = self.scalar(operand);
        if matches!(operand, Expr::Literal(_) | Expr::Param) {
            return operand;
        }
        Expr::Cast { operand: Box::new(operand), to: to.to_string().to_ascii_lowercase() }
    }

    fn binary(&mut self, ast: &ast::Expr, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Expr {
        use BinaryOperator as Sign;
        let comparison = match op {
            Sign::And | Sign::Or => return self.condition(ast, Sense::Exact),
            Sign::Eq => Op::Eq,
            Sign::NotEq => Op::NotEq,
            Sign::Lt => Op::Lt,
            Sign::LtEq => Op::LtEq,
            Sign::Gt => Op::Gt,
            Sign::GtEq => Op::GtEq,
            // MySQL's null-safe equality, which its indexes answer.
            Sign::Spaceship => Op::Eq,
            Sign::PGLikeMatch => return self.like(Op::Like, left, right),
            Sign::PGILikeMatch => return self.like(Op::ILike, left, right),
            Sign::PGNotLikeMatch => return Expr::negate(self.like(Op::Like, left, right)),
            Sign::PGNotILikeMatch => return Expr::negate(self.like(Op::ILike, left, right)),
            Sign::StringConcat => return self.concat(ast),
            other => return self.other(&other.to_string(), left, right),
        };
        self.comparison(comparison, left, right)
    }

    /// A comparison; one of rows becomes what it means column by column.
    fn comparison(&mut self, op: Op, left: &ast::Expr, right: &ast::Expr) -> Expr {
        let (left, right) = (unnested(left), unnested(right));
        // Databases compare under the collation that either side names; an index is told by its column's.
        if let ast::Expr::Collate { expr, collation } = right
            && !matches!(left, ast::Expr::Collate { .. })
        {
            let left = ast::Expr::Collate { expr: Box::new(left.clone()), collation: collation.clone() };
            return self.comparison(op, &left, expr);
        }
        let (ast::Expr::Tuple(lefts), ast::Expr::Tuple(rights)) = (left, right) else {
            return Expr::compare(op, self.scalar(left), self.scalar(right));
        };
        let pairs = lefts.iter().zip(rights);
        match op {
            _ if lefts.len() != rights.len() || lefts.is_empty() => self.opaque_pair(&op, left, right),
            Op::Eq => Expr::and(pairs.map(|(left, right)| self.comparison(Op::Eq, left, right)).collect()),
            Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => {
                // (a, b) > (x, y) implies a >= x, which is the part that an index on `a` alone answers.
                let first = if matches!(op, Op::Lt | Op::LtEq) { Op::LtEq } else { Op::GtEq };
                let first = self.comparison(first, &lefts[0], &rights[0]);
                Expr::and(vec![first, self.opaque_pair(&op, left, right)])
            }
            _ => self.opaque_pair(&op, left, right),
        }
    }

    fn in_list(&mut self, key: &ast::Expr, list: &[ast::Expr]) -> Expr {
        let key = unnested(key);
        if let ast::Expr::Tuple(_) = key
            && is_plain(key)
        {
            return Expr::or(list.iter().map(|row| self.comparison(Op::Eq, key, row)).collect());
        }
        let key = self.scalar(key);
        Expr::in_list(key, list.iter().map(|value| self.scalar(value)).collect())
    }

    /// `key = ANY (array)`: a list where its members are written out, else of unknown length.
    fn equals_any(&mut self, ast: &ast::Expr, key: &ast::Expr, array: &ast::Expr) -> Expr {
        let mut array = unnested(array);
        while let ast::Expr::Cast { expr, .. } = array {
            array = unnested(expr);
        }
        if let ast::Expr::Array(members) = array {
            return self.in_list(key, &members.elem);
        }
        let key = self.scalar(key);
        match self.scalar(array) {
            Expr::Literal(Literal::Text(text)) => match array_members(&text) {
                Some(members) => Expr::in_list(key, members),
                None => self.opaque(ast),
            },
            array if array.is_constant() && key.has_column() => Expr::op(Op::In, vec![key, Expr::Param]),
            array if key.is_constant() && array.has_column() => {
                Expr::op(Op::Other("= ANY".to_owned()), vec![key, array])
            }
            _ => self.opaque(ast),
        }
    }

    fn like(&mut self, op: Op, key: &ast::Expr, pattern: &ast::Expr) -> Expr {
        Expr::op(op, vec![self.scalar(key), self.scalar(pattern)])
    }

    fn concat(&mut self, ast: &ast::Expr) -> Expr {
        let operands = operands(ast, &BinaryOperator::StringConcat);
        run_time(Expr::op(Op::Concat, operands.into_iter().map(|operand| self.scalar(operand)).collect()))
    }

    fn other(&mut self, symbol: &str, left: &ast::Expr, right: &ast::Expr) -> Expr {
        let operands = vec![self.scalar(left), self.scalar(right)];
        run_time(Expr::op(Op::Other(symbol.to_owned()), operands))
    }

    fn suffix(&mut self, symbol: &str, operand: &ast::Expr) -> Expr {
        Expr::op(Op::Other(symbol.to_owned()), vec![self.scalar(operand)])
    }

    fn unary(&mut self, ast: &ast::Expr, op: &UnaryOperator, operand: &ast::Expr) -> Expr {
        match op {
            UnaryOperator::Not | UnaryOperator::BangNot => self.condition(ast, Sense::Exact),
            UnaryOperator::Plus => self.plus(operand),
            UnaryOperator::Minus => match self.scalar(operand) {
                Expr::Literal(Literal::Number(text)) => Expr::Literal(Literal::Number(match text.strip_prefix('-') {
                    Some(positive) => positive.to_owned(),
                    None => format!("-{text}"),
                })),
                other => run_time(Expr::op(Op::Other("-".to_owned()), vec![other])),
            },
            other => run_time(Expr::op(Op::Other(other.to_string()), vec![self.scalar(operand)])),
        }
    }

    /// `+x` changes nothing but is SQLite's way of keeping an index from being used.
    fn plus(&mut self, operand: &ast::Expr) -> Expr {
        let operand = self.scalar(operand);
        if operand.has_column() { Expr::op(Op::Other("+".to_owned()), vec![operand]) } else { operand }
    }
}

/// The operands of a chain of one operator, in order.
fn operands<'a>(chain: &'a ast::Expr, by: &BinaryOperator) -> Vec<&'a ast::Expr> {
    let (mut found, mut open) = (Vec::new(), vec![chain]);
    while let Some(next) = open.pop() {
        match unnested(next) {
            ast::Expr::BinaryOp { left, op, right } if op == by => open.extend([&**right, &**left]),
            other => found.push(other),
        }
    }
    found
}

/// Says whether an operand may be written down more than once: no condition stands in it, which could do the same.
fn is_plain(operand: &ast::Expr) -> bool {
    struct Finds;
    impl ast::Visitor for Finds {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<()> {
            match expr {
                ast::Expr::Between { .. } | ast::Expr::InList { .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    ast::Visit::visit(operand, &mut Finds).is_continue()
}

/// Strips parentheses.
pub fn unnested(mut ast: &ast::Expr) -> &ast::Expr {
    while let ast::Expr::Nested(inner) = ast {
        ast = inner;
    }
    ast
}

fn negated_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::negate(expr) } else { expr }
}

/// Folds a value made of parameters and constants alone into one parameter.
fn run_time(expr: Expr) -> Expr {
    if expr.is_constant() && expr.has_param() { Expr::Param } else { expr }
}

fn text_of(value: &Value) -> Option<&str> {
    Some(match value {
        Value::SingleQuotedString(text)
        | Value::DoubleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) => text,
        Value::DollarQuotedString(text) => &text.value,
        _ => return None,
    })
}

/// Reads the members of PostgreSQL's `{a,b}`; quoted ones and nested arrays are left to nobody.
fn array_members(text: &str) -> Option<Vec<Expr>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.is_empty() || inner.contains(['{', '"', '\\']) {
        return None;
    }
    Some(inner.split(',').map(|member| Expr::Literal(Literal::Text(member.trim().to_owned()))).collect())
}

#[cfg(test)]
mod tests;
