//! Field classes of the code base: what they derive from, and what they change on the way.

use std::rc::Rc;
use std::sync::Arc;

use crate::host::code::Bound;
use crate::host::flow::Evaluator;
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::{Expr, ExprKind, Function, Name, Piece, Stmt, StmtKind};

use super::{FieldClass, kinds};

/// The field class that is called; nothing where it is none.
pub(super) fn of(evaluator: &mut Evaluator<'_, '_>, call: &Call) -> Option<FieldClass> {
    match &call.callee.kind {
        Kind::External(path) => {
            let base = Name::from(path.rsplit('.').next().unwrap_or(path));
            kinds::is_field(path).then(|| FieldClass { base, db_type: None, arguments: call.clone() })
        }
        Kind::Class(id) => of_code(evaluator, *id, call),
        Kind::Either(ways) => {
            let way = |way: &Value| Call { callee: Rc::clone(way), ..call.clone() };
            ways.iter().find_map(|callee| of(evaluator, &way(callee)))
        }
        _ => None,
    }
}

fn of_code(evaluator: &mut Evaluator<'_, '_>, id: ClassId, call: &Call) -> Option<FieldClass> {
    let lineage = evaluator.lineage(id);
    let base = lineage.iter().find_map(|class| base_of(evaluator, *class))?;
    let mut arguments = call.clone();
    let mut db_type = None;
    for class in lineage {
        let entry = evaluator.code.class(class);
        let method = |name: &str| match entry.scope.get(name).last() {
            Some(Bound::Function(id)) => Some(evaluator.code.function(*id).function),
            _ => None,
        };
        if let Some(init) = method("__init__") {
            forget_own_parameters(init, &mut arguments);
            Init { evaluator: &mut *evaluator, file: entry.file, arguments: &mut arguments }.block(&init.body);
        }
        db_type = db_type.or_else(|| method("db_type").and_then(|method| returned_text(&method.body)));
    }
    Some(FieldClass { base, db_type, arguments })
}

/// The field class outside of the code base that a class is made from.
fn base_of(evaluator: &mut Evaluator<'_, '_>, class: ClassId) -> Option<Name> {
    let bases = evaluator.bases(class);
    let path = bases.iter().filter_map(|base| base.external()).find(|path| kinds::is_field(path))?;
    Some(Name::from(path.rsplit('.').next().unwrap_or(path)))
}

/// Drops the arguments that are for the class itself: its base never sees those at a position.
fn forget_own_parameters(init: &Arc<Function>, arguments: &mut Call) {
    let takes_one = |parameter: &&crate::ir::Parameter| parameter.takes == crate::ir::Takes::One;
    let own = init.parameters.iter().skip(1).filter(takes_one).count();
    // What is called as the base calls it goes on to it: `def __init__(self, to, **kwargs)`.
    let is_for_base =
        init.parameters.get(1).is_some_and(|first| matches!(&*first.name, "to" | "base_field" | "verbose_name"));
    if !is_for_base {
        arguments.positional.drain(..own.min(arguments.positional.len()));
    }
}

/// What an `__init__` makes of the arguments before its base gets them.
struct Init<'e, 'c, 'a> {
    evaluator: &'e mut Evaluator<'c, 'a>,
    file: usize,
    arguments: &'e mut Call,
}

impl Init<'_, '_, '_> {
    fn block(&mut self, body: &[Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Assign { target, value: Some(value), .. } => self.assign(target, value),
                StmtKind::Expr(Expr { kind: ExprKind::Call(call), .. }) => self.call(call),
                StmtKind::Return(Some(Expr { kind: ExprKind::Call(call), .. })) => self.call(call),
                // `if "max_length" not in kwargs:`
                StmtKind::If { then, .. } => self.block(then),
                _ => {}
            }
        }
    }

    /// `kwargs["max_length"] = 6`
    fn assign(&mut self, target: &Expr, value: &Expr) {
        let ExprKind::Index { of, at } = &target.kind else { return };
        let is_named = matches!(&of.kind, ExprKind::Name(name) if is_rest(name));
        if let Some(name) = literal(at).filter(|_| is_named)
            && let Some(value) = self.constant(value)
        {
            self.set(Name::from(name), value);
        }
    }

    /// `kwargs.setdefault("max_length", 6)`, `super().__init__(max_length=6, **kwargs)`
    fn call(&mut self, call: &crate::ir::Call) {
        let ExprKind::Attribute { of, name, .. } = &call.callee.kind else { return };
        let is_rest = matches!(&of.kind, ExprKind::Name(name) if is_rest(name));
        match (&**name, call.positional.as_slice()) {
            ("setdefault", [key, value]) if is_rest => {
                let Some(name) = literal(key) else { return };
                if self.arguments.named(&name).is_none()
                    && let Some(value) = self.constant(value)
                {
                    self.set(Name::from(name), value);
                }
            }
            ("update", _) if is_rest => self.all(&call.named),
            ("__init__", _) => self.all(&call.named),
            _ => {}
        }
    }

    fn all(&mut self, named: &[(Option<Name>, Expr)]) {
        for (name, value) in named {
            if let Some(name) = name
                && let Some(value) = self.constant(value)
            {
                self.set(name.clone(), value);
            }
        }
    }

    fn set(&mut self, name: Name, value: Value) {
        self.arguments.named.retain(|(known, _)| known.as_ref() != Some(&name));
        self.arguments.named.push((Some(name), value));
    }

    /// What an argument is; nothing for what the caller gave.
    fn constant(&mut self, value: &Expr) -> Option<Value> {
        let value = self.evaluator.of_module(self.file, value);
        let is_known = match &value.kind {
            // A parameter of the method is no name of the module.
            Kind::External(path) => path.contains('.'),
            Kind::Unknown | Kind::Index { .. } | Kind::Attribute { .. } => false,
            _ => true,
        };
        is_known.then_some(value)
    }
}

fn is_rest(name: &str) -> bool {
    matches!(name, "kwargs" | "kw" | "kwds" | "options" | "defaults")
}

fn literal(expr: &Expr) -> Option<String> {
    let ExprKind::Template(pieces) = &expr.kind else { return None };
    let [Piece::Text { text, .. }] = pieces.as_slice() else { return None };
    Some(text.to_string())
}

/// The one text that a method returns.
fn returned_text(body: &[Stmt]) -> Option<String> {
    let mut found = None;
    for stmt in body {
        match &stmt.kind {
            StmtKind::Return(Some(value)) => return literal(value).or(found),
            StmtKind::If { then, .. } => found = found.or_else(|| returned_text(then)),
            _ => {}
        }
    }
    found
}
