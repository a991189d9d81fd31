//! Statements: what they bind, and which ways lead on.

use std::rc::Rc;

use super::local::{Key, Locals};
use super::rows::{dict, list};
use super::{Deed, Evaluator, Frame, Loop};
use crate::host::value::{Kind, Node, Value, join};
use crate::ir::{BinaryOp, Expr, ExprKind, Name, Stmt, StmtKind};

/// A block, and the condition that leads to it.
type Way<'s> = (&'s Vec<Stmt>, Option<(&'s Value, bool)>);

impl Evaluator<'_, '_> {
    pub(super) fn block(&mut self, frame: &mut Frame, body: &[Stmt]) {
        for stmt in body {
            if frame.ended {
                // What stands behind a return is never run; a generated file may have it by the thousand.
                return;
            }
            self.statement(frame, stmt);
        }
    }

    fn statement(&mut self, frame: &mut Frame, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.evaluated(frame, expr),
            StmtKind::Assign { target, value: Some(value), .. } => {
                let value = self.expr(frame, value);
                self.tell(frame, &value, Deed::Keep);
                self.assign(frame, target, value);
            }
            StmtKind::Assign { .. } | StmtKind::Unknown => {}
            StmtKind::Augment { target, op, value } => self.augment(frame, target, *op, value, stmt),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let value = self.expr(frame, value);
                    self.tell(frame, &value, Deed::Return);
                    frame.returns = Some(match frame.returns.take() {
                        Some(known) => join(&known, &value),
                        None => value,
                    });
                }
                frame.ended = true;
            }
            StmtKind::Leave(value) => {
                if let Some(value) = value {
                    self.expr(frame, value);
                }
                frame.ended = true;
            }
            StmtKind::If { test, then, otherwise } => {
                let test = self.expr(frame, test);
                self.tell(frame, &test, Deed::Keep);
                match self.holds(frame, &test) {
                    Some(true) => self.block(frame, then),
                    Some(false) => self.block(frame, otherwise),
                    None => self.branches(frame, &test, then, otherwise),
                }
            }
            StmtKind::Either(blocks) => {
                let nothing = Vec::new();
                let ways: Vec<Way<'_>> = blocks.iter().chain([&nothing]).map(|block| (block, None)).collect();
                self.ways(frame, &ways);
            }
            StmtKind::Loop { target, over, body } => {
                let over = self.expr(frame, over);
                if let (Some(target), Some(items)) = (target, self.script_items(&over)) {
                    for item in items {
                        self.assign(frame, target, item);
                        frame.ended = false;
                        self.block(frame, body);
                    }
                    frame.ended = false;
                    return;
                }
                if let Some(target) = target {
                    self.tell(frame, &over, Deed::Iterate);
                    if frame.is_called && self.round_by_round(frame, target, &over, body) {
                        return;
                    }
                    let item = Rc::new(Node { kind: Kind::Item(Rc::clone(&over)), place: over.place });
                    self.assign(frame, target, item);
                }
                let found = Loop { place: self.code.place(frame.file, stmt.span), over, has_items: target.is_some() };
                self.looping(frame, found, |evaluator, frame| evaluator.block(frame, body));
            }
            StmtKind::With { items, body } => {
                for (item, target) in items {
                    let value = self.expr(frame, item);
                    if let Some(target) = target {
                        self.assign(frame, target, value);
                    }
                }
                self.block(frame, body);
            }
            StmtKind::Function(function) => {
                if let Some(id) = self.code.function_id(function) {
                    if frame.function.is_some() {
                        frame.inner.push(id);
                        self.closures.insert(id, frame.names.clone());
                    }
                    let value = self.node(frame, Kind::Function(id, None), function.name_span);
                    frame.names.bind_name(function.name.clone(), value);
                }
            }
            StmtKind::Class(class) => {
                if let Some(id) = self.code.class_id(class) {
                    let value = self.node(frame, Kind::Class(id), class.name_span);
                    frame.names.bind_name(class.name.clone(), value);
                }
            }
            StmtKind::Import(imports) => {
                for import in imports.iter().filter(|_| frame.function.is_some()) {
                    if let Some(bound) = &import.bound {
                        let value = self.imported(frame.file, import);
                        frame.names.bind_name(bound.clone(), value);
                    }
                }
            }
        }
    }

    /// The items of a list that a script goes through one by one.
    fn script_items(&self, over: &Value) -> Option<Vec<Value>> {
        self.script.as_ref()?;
        match &over.kind {
            Kind::Dict(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            _ => Some(over.items()?.into_iter().cloned().collect()),
        }
    }

    /// Runs something within a loop; what it changes may be or not be.
    pub(super) fn looping(&mut self, frame: &mut Frame, found: Loop, run: impl FnOnce(&mut Self, &mut Frame)) {
        let around = Rc::clone(&frame.loops);
        let mut loops = (*around).clone();
        loops.push(found);
        frame.loops = Rc::new(loops);
        let before = frame.names.clone();
        let tests = frame.tests.clone();
        run(self, frame);
        (frame.loops, frame.tests) = (around, tests);
        frame.ended = false;
        let after = std::mem::take(&mut frame.names);
        frame.names = before.joined(after);
    }

    /// Runs the branches of a condition; behind one that leads nowhere, the condition came out the other way.
    fn branches(&mut self, frame: &mut Frame, test: &Value, then: &Vec<Stmt>, otherwise: &Vec<Stmt>) {
        let leads = self.ways(frame, &[(then, Some((test, true))), (otherwise, Some((test, false)))]);
        match leads.as_slice() {
            [false, true] => frame.tested(test, false),
            [true, false] => frame.tested(test, true),
            _ => {}
        }
    }

    /// Runs blocks of which one is run; says which of them lead on.
    fn ways(&mut self, frame: &mut Frame, ways: &[Way<'_>]) -> Vec<bool> {
        let (start, tests) = (frame.names.clone(), frame.tests.clone());
        let mut met: Option<Locals> = None;
        let mut leads = Vec::with_capacity(ways.len());
        for (block, test) in ways {
            frame.names = start.clone();
            frame.tests = tests.clone();
            frame.ended = false;
            if let Some((test, holds)) = test {
                frame.tested(test, *holds);
            }
            self.block(frame, block);
            let names = std::mem::take(&mut frame.names);
            leads.push(!frame.ended);
            if !frame.ended {
                met = Some(match met {
                    Some(known) => known.joined(names),
                    None => names,
                });
            }
        }
        frame.ended = met.is_none();
        frame.names = met.unwrap_or(start);
        frame.tests = tests;
        leads
    }

    /// A statement that is an expression: `items.append(item)` changes what a name stands for.
    fn evaluated(&mut self, frame: &mut Frame, expr: &Expr) {
        let value = self.expr(frame, expr);
        self.tell(frame, &value, Deed::Keep);
        let ExprKind::Call(call) = &expr.kind else { return };
        let ExprKind::Attribute { of, name, .. } = &call.callee.kind else { return };
        let Some(key) = Key::of(of) else { return };
        let Some(known) = frame.names.get(&key) else { return };
        let Some(call) = value.call() else { return };
        let changed = match (&known.kind, &**name, call.positional.first()) {
            (Kind::List(items), "append" | "add", Some(item)) => {
                let mut items = items.clone();
                items.push(Rc::clone(item));
                list(items)
            }
            (Kind::List(items), "insert", _) if call.positional.len() == 2 => {
                let mut items = items.clone();
                items.push(Rc::clone(&call.positional[1]));
                list(items)
            }
            (Kind::List(items), "extend", Some(more)) => {
                let mut items = items.clone();
                match &more.kind {
                    Kind::List(more) => items.extend(more.iter().cloned()),
                    _ => items.push(Rc::new(Node { kind: Kind::Spread(Rc::clone(more)), place: more.place })),
                }
                list(items)
            }
            (Kind::Dict(pairs), "update", more) => {
                let mut pairs = pairs.clone();
                match more.map(|more| &more.kind) {
                    Some(Kind::Dict(more)) => pairs.extend(more.iter().cloned()),
                    Some(_) => pairs.extend(more.map(|more| (None, Rc::clone(more)))),
                    None => {}
                }
                for (name, value) in &call.named {
                    let text = |name: &Name| self.text_node(name, value.place);
                    pairs.push((name.as_ref().map(text), Rc::clone(value)));
                }
                dict(pairs)
            }
            _ => return,
        };
        let changed = Rc::new(Node { kind: changed, place: known.place });
        frame.names.bind(key, changed);
    }

    pub(super) fn assign(&mut self, frame: &mut Frame, target: &Expr, value: Value) {
        match &target.kind {
            ExprKind::Name(name) => {
                frame.names.bind_name(name.clone(), value);
            }
            ExprKind::Attribute { .. } => {
                if let Some(key) = Key::of(target) {
                    frame.names.bind(key, value);
                }
            }
            ExprKind::Index { of, at } => {
                let at = self.expr(frame, at);
                let Some(key) = Key::of(of) else { return };
                let Some(known) = frame.names.get(&key) else { return };
                let Kind::Dict(pairs) = &known.kind else { return };
                let mut pairs = pairs.clone();
                pairs.push((Some(at), value));
                let changed = Rc::new(Node { kind: dict(pairs), place: known.place });
                frame.names.bind(key, changed);
            }
            ExprKind::List(targets) => {
                let items = match &value.kind {
                    Kind::List(items) if items.len() == targets.len() => Some(items.clone()),
                    _ => None,
                };
                for (number, target) in targets.iter().enumerate() {
                    let item = match &items {
                        Some(items) => Rc::clone(&items[number]),
                        None => self.part(&value, number),
                    };
                    self.assign(frame, target, item);
                }
            }
            _ => {}
        }
    }

    /// An item of a value that is taken apart.
    fn part(&self, value: &Value, number: usize) -> Value {
        let of_way = |way: &Value| match &way.kind {
            Kind::List(items) if items.iter().all(is_one) => items.get(number).cloned(),
            _ => None,
        };
        if let Kind::Either(ways) = &value.kind
            && let Some(items) = ways.iter().map(of_way).collect::<Option<Vec<_>>>()
            && let Some(joined) = items.into_iter().reduce(|known, item| join(&known, &item))
        {
            return joined;
        }
        let at = Rc::new(Node { kind: Kind::Number(Name::from(number.to_string())), place: value.place });
        Rc::new(Node { kind: Kind::Index { of: Rc::clone(value), at }, place: value.place })
    }

    fn augment(&mut self, frame: &mut Frame, target: &Expr, op: BinaryOp, value: &Expr, stmt: &Stmt) {
        let left = self.expr(frame, target);
        let right = self.expr(frame, value);
        let value = match (&left.kind, op, &right.kind) {
            (Kind::List(items), BinaryOp::Add, Kind::List(more)) => {
                let items = items.iter().chain(more).cloned().collect();
                self.node(frame, list(items), stmt.span)
            }
            _ => self.binary(frame, left, op, right, stmt.span),
        };
        self.assign(frame, target, value);
    }
}

/// Whether an item of a list stands for exactly one.
fn is_one(item: &Value) -> bool {
    !matches!(item.kind, Kind::Spread(_) | Kind::Optional(_))
}
