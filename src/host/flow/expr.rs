//! Expressions: values of them, with names resolved and strings put together.

use std::rc::Rc;

use super::text::text;
use super::{Deed, Evaluator, Frame};
use crate::host::value::{Call, Kind, Node, Value, join};
use crate::ir::{self, BinaryOp, Expr, ExprKind, Name, Span};
use crate::source::HostSpan;

impl Evaluator<'_, '_> {
    pub(super) fn expr(&mut self, frame: &mut Frame, expr: &Expr) -> Value {
        let kind = match &expr.kind {
            ExprKind::Name(name) => return self.name(frame, name, expr.span),
            ExprKind::Attribute { of, name, name_span } => {
                if let Some(known) = frame.names.attribute(of, name) {
                    return Rc::clone(known);
                }
                let of = self.expr(frame, of);
                let name_place = self.code.place(frame.file, *name_span);
                let place = self.code.place(frame.file, expr.span);
                let value = self.attribute(&of, name, name_place, place);
                // What is read of a row in a loop may be a query of its own.
                if !frame.loops.is_empty() && matches!(of.kind, Kind::Item(_) | Kind::Index { .. }) {
                    self.tell(frame, &value, Deed::Read);
                }
                return value;
            }
            ExprKind::Call(call) => return self.called(frame, call, expr.span),
            ExprKind::Index { of, at } => {
                let of = self.expr(frame, of);
                let at = self.expr(frame, at);
                match index(&of, &at) {
                    Some(item) => return item,
                    None => return self.item(frame, of, at, expr.span),
                }
            }
            ExprKind::Slice { start, stop } => Kind::Slice {
                start: start.as_ref().map(|start| self.expr(frame, start)),
                stop: stop.as_ref().map(|stop| self.expr(frame, stop)),
            },
            ExprKind::Template(pieces) => text(self.pieces(frame, pieces)),
            ExprKind::Number(number) => Kind::Number(number.clone()),
            ExprKind::Bool(value) => Kind::Bool(*value),
            ExprKind::Null => Kind::Null,
            ExprKind::List(items) => Kind::List(self.spread(frame, items)),
            ExprKind::Dict(pairs) => Kind::Dict(self.pairs(frame, pairs)),
            ExprKind::Compare { left, op, right } => {
                let left = self.expr(frame, left);
                Kind::Compare { left, op: *op, right: self.expr(frame, right) }
            }
            ExprKind::Logic { op, operands } => {
                let operands: Vec<Value> = operands.iter().map(|operand| self.expr(frame, operand)).collect();
                match super::truth::chosen(*op, &operands).filter(|_| frame.is_called) {
                    Some(chosen) => return Rc::clone(chosen),
                    None => Kind::Logic { op: *op, operands },
                }
            }
            ExprKind::Not(operand) => Kind::Not(self.expr(frame, operand)),
            ExprKind::Unary { op, operand } => Kind::Unary { op: *op, operand: self.expr(frame, operand) },
            ExprKind::Binary { left, op, right } => {
                let left = self.expr(frame, left);
                let right = self.expr(frame, right);
                return self.binary(frame, left, *op, right, expr.span);
            }
            ExprKind::Choice { test, then, otherwise } => {
                let test = self.expr(frame, test);
                match super::truth::of(&test).filter(|_| frame.is_called) {
                    Some(true) => return self.expr(frame, then),
                    Some(false) => return self.expr(frame, otherwise),
                    None => {}
                }
                let then = self.expr(frame, then);
                let otherwise = self.expr(frame, otherwise);
                return join(&then, &otherwise);
            }
            ExprKind::Lambda { parameters, body } => return self.lambda(frame, parameters, body, expr.span),
            ExprKind::Comprehension { element, sources, tests } => {
                return self.comprehension(frame, element, sources, tests, expr.span);
            }
            ExprKind::Spread(inner) => Kind::Spread(self.expr(frame, inner)),
            ExprKind::Bind { name, value } => {
                let value = self.expr(frame, value);
                frame.names.bind_name(name.clone(), Rc::clone(&value));
                return value;
            }
            ExprKind::Unknown => Kind::Unknown,
        };
        self.node(frame, kind, expr.span)
    }

    fn item(&mut self, frame: &Frame, of: Value, at: Value, span: Span) -> Value {
        let is_given = matches!(of.kind, Kind::Call(_) | Kind::Either(_)) && !matches!(at.kind, Kind::Text(_));
        let value = self.node(frame, Kind::Index { of, at }, span);
        if is_given {
            self.tell(frame, &value, Deed::Take);
        }
        value
    }

    /// Items of a row; a list that is put in whole gives its items.
    fn spread(&mut self, frame: &mut Frame, items: &[Expr]) -> Vec<Value> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.expr(frame, item);
            match &value.kind {
                Kind::Spread(inner) => match &inner.kind {
                    Kind::List(inner) => values.extend(inner.iter().cloned()),
                    _ => values.push(value),
                },
                _ => values.push(value),
            }
        }
        values
    }

    fn pairs(&mut self, frame: &mut Frame, pairs: &[(Option<Expr>, Expr)]) -> Vec<(Option<Value>, Value)> {
        let mut values = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key = key.as_ref().map(|key| self.expr(frame, key));
            let value = self.expr(frame, value);
            match (&key, &value.kind) {
                (None, Kind::Dict(inner)) => values.extend(inner.iter().cloned()),
                _ => values.push((key, value)),
            }
        }
        values
    }

    fn called(&mut self, frame: &mut Frame, call: &ir::Call, span: Span) -> Value {
        let callee = self.expr(frame, &call.callee);
        let positional = self.spread(frame, &call.positional);
        let mut named = Vec::with_capacity(call.named.len());
        let mut name_places = Vec::with_capacity(call.named.len());
        for ((name, value), name_span) in call.named.iter().zip(&call.name_spans) {
            let value = self.expr(frame, value);
            match (name, &value.kind) {
                // `**{"status": s}` are the names that it holds.
                (None, Kind::Dict(pairs)) => {
                    for (key, value) in pairs {
                        let text = key.as_ref().and_then(|key| key.text());
                        name_places.push(key.as_ref().map_or(value.place, |key| key.place));
                        named.push((text.map(Name::from), Rc::clone(value)));
                    }
                }
                _ => {
                    name_places.push(self.code.place(frame.file, *name_span));
                    named.push((name.clone(), value));
                }
            }
        }
        let call = unfolded(Call { callee, positional, named, name_places });
        let value = self.node(frame, Kind::Call(call), span);
        self.tell(frame, &value, Deed::Call);
        let Kind::Call(call) = &value.kind else { return value };
        if let Some(made) = self.text_call(call, value.place).or_else(|| super::rows::made(call, value.place)) {
            return made;
        }
        if let Some(attribute) = self.named_attribute(call, value.place) {
            return attribute;
        }
        if let Some(module) = self.loaded(frame.file, call, value.place) {
            return module;
        }
        if let Kind::Function(id, receiver) = &call.callee.kind {
            let returned = self.returned(*id, receiver.as_ref(), call);
            let is_told = |value: &Value| !matches!(value.kind, Kind::Unknown | Kind::Null | Kind::Parameter { .. });
            if let Some(returned) = returned.filter(is_told) {
                return returned;
            }
        }
        value
    }

    /// `getattr(of, "name")`
    fn named_attribute(&mut self, call: &Call, place: HostSpan) -> Option<Value> {
        let is_it = call.callee.external() == Some("getattr");
        let (of, named) = (call.positional.first()?, call.positional.get(1)?);
        let name = Name::from(named.text().filter(|_| is_it)?);
        Some(self.attribute(of, &name, named.place, place))
    }

    fn lambda(&mut self, frame: &mut Frame, parameters: &[Name], body: &Expr, span: Span) -> Value {
        let around = frame.names.clone();
        for name in parameters {
            let kind = Kind::Parameter { name: name.clone(), annotation: None, default: None };
            let value = self.node(frame, kind, span);
            frame.names.bind_name(name.clone(), value);
        }
        let body = self.expr(frame, body);
        frame.names = around;
        self.node(frame, Kind::Lambda(body), span)
    }

    fn comprehension(
        &mut self,
        frame: &mut Frame,
        element: &Expr,
        sources: &[(Expr, Expr)],
        tests: &[Expr],
        span: Span,
    ) -> Value {
        let around = frame.names.clone();
        let loops = Rc::clone(&frame.loops);
        let mut first = None;
        for (target, source) in sources {
            let over = self.expr(frame, source);
            self.tell(frame, &over, Deed::Iterate);
            let item = Rc::new(Node { kind: Kind::Item(Rc::clone(&over)), place: over.place });
            self.assign(frame, target, item);
            let mut inner = (*frame.loops).clone();
            inner.push(super::Loop {
                place: self.code.place(frame.file, span),
                over: Rc::clone(&over),
                has_items: true,
            });
            frame.loops = Rc::new(inner);
            first.get_or_insert(over);
        }
        for test in tests {
            self.expr(frame, test);
        }
        let made = match (&first, sources) {
            (Some(over), [(target, _)]) if tests.is_empty() => self.one_by_one(frame, element, target, over),
            _ => None,
        };
        let made = match (made, first) {
            (Some(made), _) => self.node(frame, made, span),
            (None, Some(over)) => {
                let element = self.expr(frame, element);
                self.node(frame, Kind::Each { element, over }, span)
            }
            (None, None) => self.expr(frame, element),
        };
        frame.names = around;
        frame.loops = loops;
        made
    }

    pub(super) fn binary(&self, frame: &Frame, left: Value, op: BinaryOp, right: Value, span: Span) -> Value {
        let kind = match (op, &left.kind, &right.kind) {
            (BinaryOp::Add, Kind::Text(_), _) | (BinaryOp::Add, _, Kind::Text(_)) => {
                let mut pieces = super::text::pieces_of(&left);
                pieces.append(&mut super::text::pieces_of(&right));
                text(pieces)
            }
            (BinaryOp::Add, Kind::List(items), Kind::List(more)) => {
                super::rows::list(items.iter().chain(more).cloned().collect())
            }
            (BinaryOp::Modulo, Kind::Text(pieces), _) => text(super::text::percent(pieces, &right)),
            _ => Kind::Binary { left, op, right },
        };
        self.node(frame, kind, span)
    }
}

/// A call of `functools.partial(f, …)` as the call of `f` that it is.
fn unfolded(call: Call) -> Call {
    let Some(partial) =
        call.callee.call().filter(|partial| matches!(partial.callee.external(), Some("functools.partial" | "partial")))
    else {
        return call;
    };
    let Some((callee, first)) = partial.positional.split_first() else { return call };
    let is_given = |name: &Option<Name>| name.is_some() && call.named.iter().any(|(known, _)| known == name);
    let before = partial.named.iter().zip(&partial.name_places).filter(|((name, _), _)| !is_given(name));
    let (mut named, mut name_places): (Vec<_>, Vec<_>) = before.map(|(pair, place)| (pair.clone(), *place)).unzip();
    named.extend(call.named.iter().cloned());
    name_places.extend(&call.name_places);
    let positional = first.iter().chain(&call.positional).cloned().collect();
    Call { callee: Rc::clone(callee), positional, named, name_places }
}

/// The item that an index names, where the whole is written out.
fn index(of: &Value, at: &Value) -> Option<Value> {
    match &of.kind {
        Kind::Dict(pairs) => {
            let wanted = at.text()?;
            let has = |key: &Option<Value>| key.as_ref().and_then(|key| key.text()).as_deref() == Some(&*wanted);
            let (_, value) = pairs.iter().rev().find(|(key, _)| has(key))?;
            match &value.kind {
                Kind::Optional(inner) => Some(Rc::clone(inner)),
                _ => Some(Rc::clone(value)),
            }
        }
        Kind::List(items) => {
            let at = usize::try_from(at.integer()?).ok()?;
            let item = items.get(at)?;
            let is_plain = |item: &Value| !matches!(item.kind, Kind::Spread(_) | Kind::Optional(_));
            items[..=at].iter().all(is_plain).then(|| Rc::clone(item))
        }
        _ => None,
    }
}
