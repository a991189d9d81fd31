//! Functions of the code base that hand their parameters on to a database: which ones may, by what they name.
//!
//! Reads the statements of functions, and evaluates nothing.

use std::collections::{HashMap, HashSet};

use super::sink;
use crate::host::code::Code;
use crate::host::value::FunctionId;
use crate::ir::{Expr, ExprKind, Function, Piece, Stmt, StmtKind};

/// How many functions may stand between a caller's string and the database.
const MAX_LEVELS: u8 = 3;
/// How many functions may share a name for it to tell one of them.
const MAX_NAMESAKES: u16 = 3;

/// The functions that may hand a parameter on to a database.
#[derive(Debug, Default)]
pub(in crate::orm) struct Carriers(HashSet<FunctionId>);

impl Carriers {
    /// Finds them.
    pub(in crate::orm) fn read(code: &Code<'_>) -> Self {
        let mut namesakes: HashMap<&str, u16> = HashMap::new();
        for entry in &code.functions {
            *namesakes.entry(&entry.function.name).or_default() += 1;
        }
        let mut mentioned: Vec<(FunctionId, HashSet<&str>)> = Vec::new();
        let mut found: HashSet<FunctionId> = HashSet::new();
        let mut names: HashSet<&str> = HashSet::new();
        for id in code.function_ids() {
            let function = code.function(id).function;
            if function.parameters.is_empty() {
                continue;
            }
            let mut seen = Seen::default();
            seen.block(&function.body);
            if seen.sends_own() || seen.sends_given(function) {
                found.insert(id);
            } else {
                mentioned.push((id, seen.names));
            }
        }
        for _ in 1..MAX_LEVELS {
            let is_telling = |name: &&str| namesakes.get(name).is_some_and(|count| *count <= MAX_NAMESAKES);
            names.extend(found.iter().map(|id| &*code.function(*id).function.name).filter(is_telling));
            mentioned.retain(|(id, own)| {
                let is_carrier = own.iter().any(|name| names.contains(name));
                if is_carrier {
                    found.insert(*id);
                }
                !is_carrier
            });
        }
        Self(found)
    }

    /// Whether a function may be one.
    pub(super) fn has(&self, id: FunctionId) -> bool {
        self.0.contains(&id)
    }
}

/// What a function names.
#[derive(Default)]
struct Seen<'a> {
    /// Whether it sends what is not all written at the call.
    sends: bool,
    /// The names of what it sends.
    sent: HashSet<&'a str>,
    /// Whether it has a text that begins like a query.
    has_sql: bool,
    /// What it calls, and what it hands over.
    names: HashSet<&'a str>,
}

impl<'a> Seen<'a> {
    /// Whether it may put a text together and send it.
    fn sends_own(&self) -> bool {
        self.sends && self.has_sql
    }

    /// Whether it sends a parameter that may be a text.
    fn sends_given(&self, function: &Function) -> bool {
        function.parameters.iter().any(|parameter| {
            let is_text = parameter.annotation.as_ref().is_none_or(is_text_type);
            self.sent.contains(&*parameter.name) && is_text
        })
    }

    fn block(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Expr(value) | StmtKind::Augment { value, .. } => self.expr(value),
                StmtKind::Assign { value, .. } | StmtKind::Return(value) | StmtKind::Leave(value) => {
                    value.iter().for_each(|value| self.expr(value));
                }
                StmtKind::If { test, then, otherwise } => {
                    self.expr(test);
                    self.block(then);
                    self.block(otherwise);
                }
                StmtKind::Either(blocks) => blocks.iter().for_each(|block| self.block(block)),
                StmtKind::Loop { over, body, .. } => {
                    self.expr(over);
                    self.block(body);
                }
                StmtKind::With { items, body } => {
                    items.iter().for_each(|(item, _)| self.expr(item));
                    self.block(body);
                }
                StmtKind::Function(function) => self.block(&function.body),
                StmtKind::Class(_) | StmtKind::Import(_) | StmtKind::Unknown => {}
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Call(call) => {
                let name = last_name(&call.callee);
                let arguments = || call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                if name.is_some_and(sink::is_known) {
                    self.sends |= arguments().take(2).any(|argument| !is_written(argument));
                    self.sent.extend(arguments().take(2).filter_map(last_name));
                }
                self.names.extend(name);
                self.names.extend(arguments().filter_map(last_name));
                self.expr(&call.callee);
                arguments().for_each(|argument| self.expr(argument));
            }
            ExprKind::Template(pieces) => {
                self.has_sql |= matches!(pieces.first(), Some(Piece::Text { text, .. }) if begins_like_sql(text));
            }
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Attribute { of, .. } => self.expr(of),
            ExprKind::Index { of, .. } => self.expr(of),
            ExprKind::Choice { then, otherwise, .. } => {
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Lambda { body, .. } => self.expr(body),
            ExprKind::Comprehension { element, sources, .. } => {
                self.expr(element);
                sources.iter().for_each(|(_, source)| self.expr(source));
            }
            ExprKind::List(items) | ExprKind::Logic { operands: items, .. } => {
                items.iter().for_each(|item| self.expr(item));
            }
            ExprKind::Spread(inner) | ExprKind::Not(inner) | ExprKind::Bind { value: inner, .. } => self.expr(inner),
            _ => {}
        }
    }
}

fn begins_like_sql(text: &str) -> bool {
    const WORDS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "REPLACE"];
    let first = text.split_whitespace().next().unwrap_or_default();
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Whether a type may be that of a text: `str`, `Optional[str]`, `Composable`.
fn is_text_type(annotation: &Expr) -> bool {
    match &annotation.kind {
        ExprKind::Name(name) | ExprKind::Attribute { name, .. } => {
            matches!(
                &**name,
                "str" | "LiteralString" | "AnyStr" | "Any" | "SQL" | "Composable" | "Composed" | "TextClause"
            )
        }
        ExprKind::Index { at, .. } => is_text_type(at),
        ExprKind::Binary { left, right, .. } => is_text_type(left) || is_text_type(right),
        ExprKind::Template(pieces) => {
            matches!(pieces.as_slice(), [Piece::Text { text, .. }] if text.starts_with("str"))
        }
        ExprKind::List(items) => items.iter().any(is_text_type),
        _ => false,
    }
}

fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Attribute { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether an expression is a string that is all there, or a number, or nothing.
fn is_written(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Template(pieces) => !pieces.iter().any(|piece| matches!(piece, Piece::Hole(_))),
        _ => false,
    }
}
