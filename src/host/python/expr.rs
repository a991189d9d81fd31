//! Expressions of Python.

use ruff_python_ast as ast;
use ruff_text_size::{Ranged, TextRange};

use super::{Reader, span};
use crate::ir::{BinaryOp, Call, CompareOp, Expr, ExprKind, LogicOp, Name, Span, UnaryOp};

/// Positional arguments, named ones, and where their names stand.
pub(super) type Arguments = (Vec<Expr>, Vec<(Option<Name>, Expr)>, Vec<Span>);

impl Reader<'_> {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = span(expr.range());
        let Some(kind) = self.deeper(|reader| reader.kind(expr)) else {
            self.deep.push(span);
            return Expr { kind: ExprKind::Unknown, span };
        };
        Expr { kind, span }
    }

    fn boxed(&mut self, expr: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn kind(&mut self, expr: &ast::Expr) -> ExprKind {
        match expr {
            ast::Expr::Name(of) if of.is_invalid() => ExprKind::Unknown,
            ast::Expr::Name(of) => ExprKind::Name(self.name(of.range)),
            ast::Expr::Attribute(of) => {
                let object = self.boxed(&of.value);
                ExprKind::Attribute { of: object, name: self.name(of.attr.range), name_span: span(of.attr.range) }
            }
            ast::Expr::Call(of) => self.call(of),
            ast::Expr::Subscript(of) => ExprKind::Index { of: self.boxed(&of.value), at: self.boxed(&of.slice) },
            ast::Expr::Slice(of) => {
                let mut end = |end: &Option<Box<ast::Expr>>| end.as_deref().map(|end| self.boxed(end));
                ExprKind::Slice { start: end(&of.lower), stop: end(&of.upper) }
            }
            ast::Expr::StringLiteral(of) => self.literal(of),
            ast::Expr::BytesLiteral(of) => self.bytes(of),
            ast::Expr::FString(of) => self.f_string(of),
            ast::Expr::TString(of) => self.t_string(of),
            ast::Expr::NumberLiteral(of) => ExprKind::Number(self.name(of.range)),
            ast::Expr::BooleanLiteral(of) => ExprKind::Bool(of.value),
            ast::Expr::NoneLiteral(_) => ExprKind::Null,
            ast::Expr::List(of) => ExprKind::List(self.exprs(&of.elts)),
            ast::Expr::Tuple(of) => ExprKind::List(self.exprs(&of.elts)),
            ast::Expr::Set(of) => ExprKind::List(self.exprs(&of.elts)),
            ast::Expr::Starred(of) => ExprKind::Spread(self.boxed(&of.value)),
            // What a coroutine is sent for what it yields is the result of that, as with `await`.
            ast::Expr::Await(ast::ExprAwait { value, .. })
            | ast::Expr::YieldFrom(ast::ExprYieldFrom { value, .. })
            | ast::Expr::Yield(ast::ExprYield { value: Some(value), .. }) => self.expr(value).kind,
            ast::Expr::Compare(of) => self.comparison(of),
            ast::Expr::Lambda(of) => {
                let parameters = of.parameters.as_deref().map(|list| self.names(list)).unwrap_or_default();
                ExprKind::Lambda { parameters, body: self.boxed(&of.body) }
            }
            other => self.operation(other),
        }
    }

    fn operation(&mut self, expr: &ast::Expr) -> ExprKind {
        match expr {
            ast::Expr::BoolOp(of) => {
                let op = if of.op == ast::BoolOp::Or { LogicOp::Or } else { LogicOp::And };
                ExprKind::Logic { op, operands: self.exprs(&of.values) }
            }
            ast::Expr::BinOp(of) => {
                ExprKind::Binary { left: self.boxed(&of.left), op: binary(of.op), right: self.boxed(&of.right) }
            }
            ast::Expr::UnaryOp(of) => {
                let operand = self.boxed(&of.operand);
                match of.op {
                    ast::UnaryOp::Not => ExprKind::Not(operand),
                    ast::UnaryOp::USub => ExprKind::Unary { op: UnaryOp::Minus, operand },
                    ast::UnaryOp::Invert => ExprKind::Unary { op: UnaryOp::Invert, operand },
                    ast::UnaryOp::UAdd => ExprKind::Unary { op: UnaryOp::Plus, operand },
                }
            }
            ast::Expr::If(of) => {
                let (test, then) = (self.boxed(&of.test), self.boxed(&of.body));
                ExprKind::Choice { test, then, otherwise: self.boxed(&of.orelse) }
            }
            ast::Expr::Dict(of) => {
                let pair = |item: &ast::DictItem| (self.optional(item.key.as_ref()), self.expr(&item.value));
                ExprKind::Dict(of.items.iter().map(pair).collect())
            }
            ast::Expr::ListComp(of) => self.comprehension(&of.elt, &of.generators),
            ast::Expr::SetComp(of) => self.comprehension(&of.elt, &of.generators),
            ast::Expr::Generator(of) => self.comprehension(&of.elt, &of.generators),
            ast::Expr::DictComp(of) => match &of.key {
                // What a dictionary is made of, one by one, is a pair.
                Some(key) => {
                    let place = span(TextRange::new(key.start(), of.value.end()));
                    let pair = ExprKind::List(vec![self.expr(key), self.expr(&of.value)]);
                    self.made_of(Expr { kind: pair, span: place }, &of.generators)
                }
                None => ExprKind::Unknown,
            },
            ast::Expr::Named(of) if of.target.is_name_expr() => {
                ExprKind::Bind { name: self.name(of.target.range()), value: self.boxed(&of.value) }
            }
            _ => ExprKind::Unknown,
        }
    }

    fn exprs(&mut self, exprs: &[ast::Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn names(&mut self, parameters: &ast::Parameters) -> Vec<Name> {
        parameters.iter_source_order().map(|parameter| self.name(parameter.name().range)).collect()
    }

    fn call(&mut self, of: &ast::ExprCall) -> ExprKind {
        let callee = self.expr(&of.func);
        let (positional, named, name_spans) = self.arguments(&of.arguments);
        ExprKind::Call(Box::new(Call { callee, positional, named, name_spans }))
    }

    pub(super) fn arguments(&mut self, list: &ast::Arguments) -> Arguments {
        let positional = self.exprs(&list.args);
        let mut named = Vec::with_capacity(list.keywords.len());
        let mut places = Vec::with_capacity(list.keywords.len());
        for keyword in &list.keywords {
            let name = keyword.arg.as_ref();
            places.push(span(name.map_or(keyword.value.range(), |name| name.range)));
            let name = name.map(|name| self.name(name.range));
            named.push((name, self.expr(&keyword.value)));
        }
        (positional, named, places)
    }

    /// `a < b < c` is both of its comparisons.
    fn comparison(&mut self, of: &ast::ExprCompare) -> ExprKind {
        let mut left = self.expr(&of.left);
        let mut compared = Vec::with_capacity(of.ops.len());
        let last = of.ops.len().saturating_sub(1);
        for (at, (op, right)) in of.ops.iter().zip(&of.comparators).enumerate() {
            let right = self.expr(right);
            // The operand in the middle of a chain is the left one of the next comparison.
            let next = if at < last { right.clone() } else { Expr { kind: ExprKind::Unknown, span: right.span } };
            let span = Span { start: left.span.start, end: right.span.end };
            let before = std::mem::replace(&mut left, next);
            let kind = ExprKind::Compare { left: Box::new(before), op: compare(*op), right: Box::new(right) };
            compared.push(Expr { kind, span });
        }
        match compared.len() {
            1 => compared.remove(0).kind,
            _ => ExprKind::Logic { op: LogicOp::And, operands: compared },
        }
    }

    fn comprehension(&mut self, element: &ast::Expr, generators: &[ast::Comprehension]) -> ExprKind {
        let element = self.expr(element);
        self.made_of(element, generators)
    }

    fn made_of(&mut self, element: Expr, generators: &[ast::Comprehension]) -> ExprKind {
        let (mut sources, mut tests) = (Vec::with_capacity(generators.len()), Vec::new());
        for generator in generators {
            let bound = self.expr(&generator.target);
            sources.push((bound, self.expr(&generator.iter)));
            tests.append(&mut self.exprs(&generator.ifs));
        }
        ExprKind::Comprehension { element: Box::new(element), sources, tests }
    }
}

pub(super) fn binary(op: ast::Operator) -> BinaryOp {
    match op {
        ast::Operator::Add => BinaryOp::Add,
        ast::Operator::Sub => BinaryOp::Subtract,
        ast::Operator::Mult => BinaryOp::Multiply,
        ast::Operator::Div | ast::Operator::FloorDiv => BinaryOp::Divide,
        ast::Operator::Mod => BinaryOp::Modulo,
        ast::Operator::BitAnd => BinaryOp::BitAnd,
        ast::Operator::BitOr => BinaryOp::BitOr,
        _ => BinaryOp::Other,
    }
}

fn compare(op: ast::CmpOp) -> CompareOp {
    match op {
        ast::CmpOp::Eq => CompareOp::Eq,
        ast::CmpOp::NotEq => CompareOp::NotEq,
        ast::CmpOp::Lt => CompareOp::Less,
        ast::CmpOp::LtE => CompareOp::LessEq,
        ast::CmpOp::Gt => CompareOp::Greater,
        ast::CmpOp::GtE => CompareOp::GreaterEq,
        ast::CmpOp::In => CompareOp::In,
        ast::CmpOp::NotIn => CompareOp::NotIn,
        ast::CmpOp::Is => CompareOp::Is,
        ast::CmpOp::IsNot => CompareOp::IsNot,
    }
}
