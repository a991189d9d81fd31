//! Expressions of Python.

use tree_sitter::Node;

use super::{Reader, children, span};
use crate::ir::{BinaryOp, Call, CompareOp, Expr, ExprKind, LogicOp, Name, Span, UnaryOp};

/// Positional arguments, named ones, and where their names stand.
pub(super) type Arguments = (Vec<Expr>, Vec<(Option<Name>, Expr)>, Vec<Span>);

impl Reader<'_> {
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        let kind = self.deeper(|reader| reader.kind(node)).unwrap_or(ExprKind::Unknown);
        Expr { kind, span: span(node) }
    }

    fn boxed(&mut self, node: Node<'_>, field: &str) -> Box<Expr> {
        Box::new(self.field_or_unknown(node, field))
    }

    fn kind(&mut self, node: Node<'_>) -> ExprKind {
        match node.kind() {
            "identifier" => ExprKind::Name(self.name(node)),
            "parenthesized_expression" | "await" | "type" | "expression_list" if children(node).count() == 1 => {
                children(node).next().map_or(ExprKind::Unknown, |inner| self.expr(inner).kind)
            }
            "attribute" => self.attribute(node),
            "call" => self.call(node),
            "subscript" => self.subscript(node),
            "slice" => self.slice(node),
            "string" | "concatenated_string" => {
                let mut pieces = Vec::new();
                self.pieces(node, &mut pieces);
                ExprKind::Template(pieces)
            }
            "integer" | "float" => ExprKind::Number(self.name(node)),
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "none" => ExprKind::Null,
            // What a dictionary is made of, one by one, is a pair.
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern" | "list_pattern"
            | "pair" => ExprKind::List(self.exprs(node)),
            "dictionary" => self.dictionary(node),
            "comparison_operator" => self.comparison(node),
            "boolean_operator" => self.logic(node),
            "not_operator" => ExprKind::Not(self.boxed(node, "argument")),
            "binary_operator" => {
                let op = node.child_by_field_name("operator").map_or("", |op| self.text(op));
                ExprKind::Binary { left: self.boxed(node, "left"), op: binary(op), right: self.boxed(node, "right") }
            }
            "unary_operator" => self.unary(node),
            "conditional_expression" => self.conditional(node),
            "lambda" => self.lambda(node),
            "list_comprehension" | "generator_expression" | "set_comprehension" | "dictionary_comprehension" => {
                self.comprehension(node)
            }
            "list_splat" | "list_splat_pattern" | "dictionary_splat" => match children(node).next() {
                Some(inner) => ExprKind::Spread(Box::new(self.expr(inner))),
                None => ExprKind::Unknown,
            },
            "named_expression" => match node.child_by_field_name("name") {
                Some(name) => ExprKind::Bind { name: self.name(name), value: self.boxed(node, "value") },
                None => ExprKind::Unknown,
            },
            "generic_type" => self.generic(node),
            "union_type" => self.union(node),
            _ => ExprKind::Unknown,
        }
    }

    fn exprs(&mut self, node: Node<'_>) -> Vec<Expr> {
        children(node).map(|child| self.expr(child)).collect()
    }

    fn attribute(&mut self, node: Node<'_>) -> ExprKind {
        match node.child_by_field_name("attribute") {
            Some(named) => {
                ExprKind::Attribute { of: self.boxed(node, "object"), name: self.name(named), name_span: span(named) }
            }
            None => ExprKind::Unknown,
        }
    }

    fn call(&mut self, node: Node<'_>) -> ExprKind {
        let callee = self.field_or_unknown(node, "function");
        let (positional, named, name_spans) = match node.child_by_field_name("arguments") {
            Some(one) if one.kind() == "generator_expression" => (vec![self.expr(one)], Vec::new(), Vec::new()),
            Some(list) => self.arguments(list),
            None => Arguments::default(),
        };
        ExprKind::Call(Box::new(Call { callee, positional, named, name_spans }))
    }

    pub(super) fn arguments(&mut self, list: Node<'_>) -> Arguments {
        let (mut positional, mut named, mut places) = Arguments::default();
        for child in children(list) {
            match child.kind() {
                "keyword_argument" => {
                    let Some(name) = child.child_by_field_name("name") else { continue };
                    named.push((Some(self.name(name)), self.field_or_unknown(child, "value")));
                    places.push(span(name));
                }
                "dictionary_splat" => {
                    if let Some(value) = self.first(child) {
                        places.push(value.span);
                        named.push((None, value));
                    }
                }
                _ => positional.push(self.expr(child)),
            }
        }
        (positional, named, places)
    }

    fn subscript(&mut self, node: Node<'_>) -> ExprKind {
        let of = self.boxed(node, "value");
        let mut at: Vec<Expr> = super::all_of(node, "subscript").into_iter().map(|at| self.expr(at)).collect();
        match at.len() {
            0 => ExprKind::Unknown,
            1 => ExprKind::Index { of, at: Box::new(at.remove(0)) },
            _ => ExprKind::Index { of, at: Box::new(Expr { span: span(node), kind: ExprKind::List(at) }) },
        }
    }

    /// `Mapped[int]`, where it stands for a type.
    fn generic(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = children(node);
        let (Some(of), Some(parameters)) = (parts.next(), parts.next()) else { return ExprKind::Unknown };
        let of = Box::new(self.expr(of));
        let mut at = self.exprs(parameters);
        let at = match at.len() {
            1 => at.remove(0),
            _ => Expr { span: span(parameters), kind: ExprKind::List(at) },
        };
        ExprKind::Index { of, at: Box::new(at) }
    }

    /// `list[str] | None`, where the grammar takes it for a type.
    fn union(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = children(node);
        let (Some(left), Some(right)) = (parts.next(), parts.next()) else { return ExprKind::Unknown };
        let (left, right) = (Box::new(self.expr(left)), Box::new(self.expr(right)));
        ExprKind::Binary { left, op: BinaryOp::BitOr, right }
    }

    /// The grammar has no fields for the two ends: they stand on either side of the colon.
    fn slice(&mut self, node: Node<'_>) -> ExprKind {
        let (mut start, mut stop, mut colons) = (None, None, 0);
        for child in node.children(&mut node.walk()) {
            match (child.kind(), colons) {
                (":", _) => colons += 1,
                (_, 0) => start = Some(Box::new(self.expr(child))),
                (_, 1) => stop = Some(Box::new(self.expr(child))),
                _ => {}
            }
        }
        ExprKind::Slice { start, stop }
    }

    fn dictionary(&mut self, node: Node<'_>) -> ExprKind {
        let mut pairs = Vec::new();
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let key = self.field(child, "key");
                    let value = self.field_or_unknown(child, "value");
                    pairs.extend(key.map(|key| (Some(key), value)));
                }
                "dictionary_splat" => {
                    let value = self.first(child);
                    pairs.extend(value.map(|value| (None, value)));
                }
                _ => {}
            }
        }
        ExprKind::Dict(pairs)
    }

    /// `a < b < c` is both of its comparisons.
    fn comparison(&mut self, node: Node<'_>) -> ExprKind {
        let mut compared: Vec<Expr> = Vec::new();
        let mut left: Option<Expr> = None;
        let mut op = None;
        let mut parts =
            node.children(&mut node.walk()).filter(|child| !child.is_extra()).collect::<Vec<_>>().into_iter();
        while let Some(child) = parts.next() {
            if !child.is_named() {
                op = comparison_op(self.text(child));
                continue;
            }
            let right = self.expr(child);
            // The operand in the middle of a chain is the left one of the next comparison.
            let next = if parts.len() > 0 && left.is_some() { Some(right.clone()) } else { None };
            if let (Some(before), Some(op)) = (left.take(), op) {
                let span = crate::ir::Span { start: before.span.start, end: right.span.end };
                let kind = ExprKind::Compare { left: Box::new(before), op, right: Box::new(right) };
                compared.push(Expr { kind, span });
                left = next;
            } else {
                left = Some(right);
            }
        }
        match compared.len() {
            0 => ExprKind::Unknown,
            1 => compared.remove(0).kind,
            _ => ExprKind::Logic { op: LogicOp::And, operands: compared },
        }
    }

    /// A chain of one operator is one list.
    fn logic(&mut self, node: Node<'_>) -> ExprKind {
        let op = match node.child_by_field_name("operator").map(|op| self.text(op)) {
            Some("or") => LogicOp::Or,
            _ => LogicOp::And,
        };
        let left = self.field_or_unknown(node, "left");
        let right = self.field_or_unknown(node, "right");
        let mut operands = match left.kind {
            // `(a and b) or c` stays two levels; `a and (b and c)` does, too.
            ExprKind::Logic { op: inner, operands } if inner == op => operands,
            kind => vec![Expr { kind, ..left }],
        };
        operands.push(right);
        ExprKind::Logic { op, operands }
    }

    fn unary(&mut self, node: Node<'_>) -> ExprKind {
        let op = match node.child_by_field_name("operator").map(|op| self.text(op)) {
            Some("-") => UnaryOp::Minus,
            Some("~") => UnaryOp::Invert,
            _ => UnaryOp::Plus,
        };
        ExprKind::Unary { op, operand: self.boxed(node, "argument") }
    }

    /// `then if test else otherwise`
    fn conditional(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = self.exprs(node).into_iter().map(Box::new);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(then), Some(test), Some(otherwise)) => ExprKind::Choice { test, then, otherwise },
            _ => ExprKind::Unknown,
        }
    }

    fn lambda(&mut self, node: Node<'_>) -> ExprKind {
        let parameters = node.child_by_field_name("parameters");
        let parameters: Vec<Node<'_>> = parameters.into_iter().flat_map(children).collect();
        let parameters = parameters.into_iter().filter_map(|parameter| Some(self.parameter(parameter)?.name)).collect();
        ExprKind::Lambda { parameters, body: self.boxed(node, "body") }
    }

    fn comprehension(&mut self, node: Node<'_>) -> ExprKind {
        let element = self.boxed(node, "body");
        let (mut sources, mut tests) = (Vec::new(), Vec::new());
        for clause in children(node) {
            match clause.kind() {
                "for_in_clause" => {
                    let bound = self.field_or_unknown(clause, "left");
                    sources.push((bound, self.field_or_unknown(clause, "right")));
                }
                "if_clause" => tests.extend(self.first(clause)),
                _ => {}
            }
        }
        ExprKind::Comprehension { element, sources, tests }
    }
}

pub(super) fn binary(op: &str) -> BinaryOp {
    match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" | "//" => BinaryOp::Divide,
        "%" => BinaryOp::Modulo,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        _ => BinaryOp::Other,
    }
}

fn comparison_op(op: &str) -> Option<CompareOp> {
    let words: Vec<&str> = op.split_whitespace().collect();
    Some(match words.as_slice() {
        ["=="] => CompareOp::Eq,
        ["!=" | "<>"] => CompareOp::NotEq,
        ["<"] => CompareOp::Less,
        ["<="] => CompareOp::LessEq,
        [">"] => CompareOp::Greater,
        [">="] => CompareOp::GreaterEq,
        ["in"] => CompareOp::In,
        ["not", "in"] => CompareOp::NotIn,
        ["is"] => CompareOp::Is,
        ["is", "not"] => CompareOp::IsNot,
        _ => return None,
    })
}
