//! Python: its statements as [`crate::ir`].
//!
//! The grammar is ruff's, which goes on behind errors: a simple statement with one in it is unknown, and each is told of
//! as a fault. Knows no framework.

mod depth;
mod expr;
mod string;

use std::collections::HashMap;
use std::sync::Arc;

use ruff_python_ast as ast;
use ruff_python_ast::statement_visitor::{StatementVisitor, walk_body, walk_stmt};
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_parser::{Mode, ParseOptions};
use ruff_text_size::{Ranged, TextRange};

use super::facts::Words;
use super::suppressions::Marked;
use crate::ir::{Class, Expr, Function, Import, Name, Parameter, Span, Stmt, StmtKind, Takes};
use crate::suppress;

/// How deep statements and expressions may be nested; what is deeper is unknown.
const MAX_NESTING: u16 = 400;

/// What a file says.
#[derive(Debug, Default, PartialEq)]
pub struct Module {
    /// Its statements.
    pub body: Vec<Stmt>,
    /// Where it is not Python.
    pub faults: Vec<Span>,
    /// What may hold suppressions.
    pub marked: Marked,
}

/// Reads a file, but for the bodies of functions that name none of the words.
pub fn read(text: &str, words: &Words) -> Module {
    if depth::is_too_deep(text) {
        return Module { faults: vec![Span::from(0..text.len())], ..Module::default() };
    }
    let parsed = ruff_python_parser::parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut faults: Vec<Span> = parsed.errors().iter().map(|error| span(error.location)).collect();
    faults.sort_unstable();
    let Some(module) = parsed.syntax().as_module() else { return Module { faults, ..Module::default() } };
    let mut reader = Reader { text, words, faults: &faults, deep: Vec::new(), nesting: 0, names: HashMap::new() };
    let body = reader.block(&module.body);
    let deep = reader.deep;
    faults.extend(deep);
    faults.sort_unstable();
    let is_marked = suppress::is_marked(text);
    let marked = if is_marked { marked(&module.body, parsed.tokens(), text) } else { Marked::default() };
    Module { body, faults, marked }
}

/// The comments and strings that may hold suppressions, and the statements of the file.
fn marked(body: &[ast::Stmt], tokens: &Tokens, text: &str) -> Marked {
    let mut found = Marked::default();
    let is_marked = |range: TextRange| text.get(range.to_std_range()).is_some_and(suppress::is_marked);
    let mut opened = Vec::new();
    for token in tokens {
        match token.kind() {
            TokenKind::Comment if is_marked(token.range()) => found.comments.push(span(token.range())),
            TokenKind::String => {
                let inside = token.string_flags().and_then(|flags| string::inside(token.range(), flags));
                found.strings.extend(inside.filter(|inside| is_marked(*inside)).map(span));
            }
            TokenKind::FStringStart | TokenKind::TStringStart => opened.push(token.end()),
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                let inside = opened.pop().map(|start| TextRange::new(start, token.start().max(start)));
                found.strings.extend(inside.filter(|inside| is_marked(*inside)).map(span));
            }
            _ => {}
        }
    }
    let mut places = Places(&mut found.statements);
    walk_body(&mut places, body);
    found
}

/// Where statements stand, the outer one before those within.
struct Places<'a>(&'a mut Vec<Span>);

impl<'a> StatementVisitor<'a> for Places<'_> {
    fn visit_stmt(&mut self, stmt: &'a ast::Stmt) {
        self.0.push(span(stmt.range()));
        walk_stmt(self, stmt);
    }
}

struct Reader<'a> {
    text: &'a str,
    words: &'a Words,
    /// In the order of the text.
    faults: &'a [Span],
    /// What is nested too deep.
    deep: Vec<Span>,
    nesting: u16,
    /// The names of the file, each kept once.
    names: HashMap<&'a str, Name>,
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

impl<'a> Reader<'a> {
    fn text(&self, range: TextRange) -> &'a str {
        self.text.get(range.to_std_range()).unwrap_or_default()
    }

    fn name(&mut self, range: TextRange) -> Name {
        let text = self.text(range);
        self.named(text)
    }

    fn named(&mut self, text: &'a str) -> Name {
        self.names.entry(text).or_insert_with(|| Arc::from(text)).clone()
    }

    /// Does something one level deeper; nothing where that is too deep.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.nesting >= MAX_NESTING {
            return None;
        }
        self.nesting += 1;
        let done = work(self);
        self.nesting -= 1;
        Some(done)
    }

    fn is_faulty(&self, range: TextRange) -> bool {
        let Span { start, end } = span(range);
        let first = self.faults.partition_point(|fault| fault.end <= start);
        // What is missing is missed at the token behind.
        self.faults.get(first).is_some_and(|fault| fault.start <= end)
    }

    fn block(&mut self, statements: &[ast::Stmt]) -> Vec<Stmt> {
        let read = |reader: &mut Self| {
            let mut into = Vec::with_capacity(statements.len());
            statements.iter().for_each(|statement| reader.statement(statement, &mut into));
            into
        };
        let Some(into) = self.deeper(read) else {
            self.deep.extend(statements.first().map(|first| span(first.range())));
            return Vec::new();
        };
        into
    }

    fn statement(&mut self, statement: &ast::Stmt, into: &mut Vec<Stmt>) {
        let kind = match statement {
            ast::Stmt::If(of) => self.choice(of),
            ast::Stmt::For(of) => {
                let (target, over) = (Some(self.expr(&of.target)), self.expr(&of.iter));
                let body = self.block(&of.body);
                return self.push_with_else(of.range, StmtKind::Loop { target, over, body }, &of.orelse, into);
            }
            ast::Stmt::While(of) => {
                let over = self.expr(&of.test);
                let body = self.block(&of.body);
                return self.push_with_else(of.range, StmtKind::Loop { target: None, over, body }, &of.orelse, into);
            }
            ast::Stmt::With(of) => self.with(of),
            ast::Stmt::Try(of) => return self.attempt(of, into),
            ast::Stmt::Match(of) => {
                let subject = StmtKind::Expr(self.expr(&of.subject));
                into.push(Stmt { kind: subject, span: span(of.subject.range()) });
                StmtKind::Either(of.cases.iter().map(|case| self.block(&case.body)).collect())
            }
            ast::Stmt::FunctionDef(of) => self.function(of),
            ast::Stmt::ClassDef(of) => self.class(of),
            simple if self.is_faulty(simple.range()) => StmtKind::Unknown,
            ast::Stmt::Assign(of) => return self.assignment(of, into),
            simple => self.simple(simple),
        };
        into.push(Stmt { kind, span: span(statement.range()) });
    }

    fn simple(&mut self, statement: &ast::Stmt) -> StmtKind {
        match statement {
            ast::Stmt::Expr(of) => StmtKind::Expr(self.expr(&of.value)),
            ast::Stmt::AnnAssign(of) => StmtKind::Assign {
                target: self.expr(&of.target),
                annotation: Some(self.expr(&of.annotation)),
                value: self.optional(of.value.as_deref()),
            },
            ast::Stmt::AugAssign(of) => {
                let (target, value) = (self.expr(&of.target), self.expr(&of.value));
                StmtKind::Augment { target, op: expr::binary(of.op), value }
            }
            ast::Stmt::Return(of) => StmtKind::Return(self.optional(of.value.as_deref())),
            ast::Stmt::Raise(of) => StmtKind::Leave(self.optional(of.exc.as_deref())),
            ast::Stmt::Break(_) | ast::Stmt::Continue(_) => StmtKind::Leave(None),
            ast::Stmt::Assert(of) => StmtKind::Expr(self.expr(&of.test)),
            ast::Stmt::Import(of) => StmtKind::Import(of.names.iter().map(|name| self.import(name)).collect()),
            ast::Stmt::ImportFrom(of) => StmtKind::Import(self.imports_from(of)),
            _ => StmtKind::Unknown,
        }
    }

    fn optional(&mut self, expr: Option<&ast::Expr>) -> Option<Expr> {
        expr.map(|expr| self.expr(expr))
    }

    fn push_with_else(&mut self, range: TextRange, kind: StmtKind, otherwise: &[ast::Stmt], into: &mut Vec<Stmt>) {
        into.push(Stmt { kind, span: span(range) });
        if let (Some(first), Some(last)) = (otherwise.first(), otherwise.last()) {
            // It is not run where a `break` leaves the loop.
            let block = self.block(otherwise);
            let place = TextRange::new(first.start(), last.end());
            into.push(Stmt { kind: StmtKind::Either(vec![block]), span: span(place) });
        }
    }

    /// `a = b = value` binds the last target first, which nobody can tell.
    fn assignment(&mut self, of: &ast::StmtAssign, into: &mut Vec<Stmt>) {
        let value = self.expr(&of.value);
        let mut values = std::iter::repeat_n(value, of.targets.len());
        for target in of.targets.iter().rev() {
            let place = span(TextRange::new(target.start(), of.range.end()));
            let target = self.expr(target);
            into.push(Stmt { kind: StmtKind::Assign { target, annotation: None, value: values.next() }, span: place });
        }
    }

    fn choice(&mut self, of: &ast::StmtIf) -> StmtKind {
        let test = self.expr(&of.test);
        let then = self.block(&of.body);
        let mut otherwise = Vec::new();
        for clause in of.elif_else_clauses.iter().rev() {
            let Some(test) = &clause.test else {
                otherwise = self.block(&clause.body);
                continue;
            };
            let test = self.expr(test);
            let then = self.block(&clause.body);
            let kind = StmtKind::If { test, then, otherwise: std::mem::take(&mut otherwise) };
            otherwise.push(Stmt { kind, span: span(clause.range) });
        }
        StmtKind::If { test, then, otherwise }
    }

    fn with(&mut self, of: &ast::StmtWith) -> StmtKind {
        let item = |item: &ast::WithItem| {
            let opened = self.expr(&item.context_expr);
            (opened, self.optional(item.optional_vars.as_deref()))
        };
        let items = of.items.iter().map(item).collect();
        StmtKind::With { items, body: self.block(&of.body) }
    }

    /// The block runs, then one of the handlers or none, then what comes last.
    fn attempt(&mut self, of: &ast::StmtTry, into: &mut Vec<Stmt>) {
        into.append(&mut self.block(&of.body));
        into.append(&mut self.block(&of.orelse));
        let handler = |handler: &ast::ExceptHandler| {
            let ast::ExceptHandler::ExceptHandler(handler) = handler;
            self.block(&handler.body)
        };
        let handlers: Vec<Vec<Stmt>> = of.handlers.iter().map(handler).collect();
        if !handlers.is_empty() {
            into.push(Stmt { kind: StmtKind::Either(handlers), span: span(of.range) });
        }
        into.append(&mut self.block(&of.finalbody));
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) -> Vec<Expr> {
        decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect()
    }

    fn function(&mut self, of: &ast::StmtFunctionDef) -> StmtKind {
        let (name, name_span) = (self.name(of.name.range), span(of.name.range));
        let decorators = self.decorators(&of.decorator_list);
        let parameters = self.parameters(&of.parameters);
        let returns = self.optional(of.returns.as_deref());
        let own = TextRange::new(of.name.start(), of.range.end());
        // What makes an object may make its session.
        let matters = &*name == "__init__" || self.words.may_matter(self.text(own));
        let body = if matters { self.block(&of.body) } else { Vec::new() };
        StmtKind::Function(Arc::new(Function { name, name_span, decorators, parameters, returns, body }))
    }

    fn class(&mut self, of: &ast::StmtClassDef) -> StmtKind {
        let (name, name_span) = (self.name(of.name.range), span(of.name.range));
        let decorators = self.decorators(&of.decorator_list);
        let (bases, said, _) = of.arguments.as_deref().map(|list| self.arguments(list)).unwrap_or_default();
        let keywords = said.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
        let body = self.block(&of.body);
        StmtKind::Class(Arc::new(Class { name, name_span, decorators, bases, keywords, body }))
    }

    fn parameters(&mut self, of: &ast::Parameters) -> Vec<Parameter> {
        let parameter = |parameter: ast::AnyParameterRef<'_>| {
            let takes = match (parameter.is_variadic(), &of.kwarg) {
                (false, _) => Takes::One,
                (true, Some(named)) if named.range == parameter.as_parameter().range => Takes::Named,
                (true, _) => Takes::Positional,
            };
            let name = self.name(parameter.name().range);
            let annotation = self.optional(parameter.annotation());
            Parameter { name, annotation, default: self.optional(parameter.default()), takes }
        };
        of.iter_source_order().map(parameter).collect()
    }

    fn path(&mut self, range: TextRange) -> Vec<Name> {
        self.text(range).split('.').map(|part| self.named(part.trim())).collect()
    }

    /// `import a.b` binds `a`, `import a.b as c` binds what it names.
    fn import(&mut self, of: &ast::Alias) -> Import {
        let path = self.path(of.name.range);
        let alias = of.asname.as_ref().map(|alias| self.name(alias.range));
        let module = if alias.is_some() { path } else { path.into_iter().take(1).collect::<Vec<_>>() };
        let bound = alias.or_else(|| module.first().cloned());
        Import { module, above: None, item: None, bound, span: span(of.range) }
    }

    fn imports_from(&mut self, of: &ast::StmtImportFrom) -> Vec<Import> {
        let module = of.module.as_ref().map(|module| self.path(module.range)).unwrap_or_default();
        let above = u16::try_from(of.level).ok().filter(|level| *level > 0);
        let item = |alias: &ast::Alias| {
            let module = module.clone();
            if alias.name.as_str() == "*" {
                return Import { module, above, item: None, bound: None, span: span(alias.range) };
            }
            let item = self.name(alias.name.range);
            let bound = alias.asname.as_ref().map(|alias| self.name(alias.range));
            let bound = Some(bound.unwrap_or_else(|| item.clone()));
            Import { module, above, item: Some(item), bound, span: span(alias.range) }
        };
        of.names.iter().map(item).collect()
    }
}

#[cfg(test)]
mod tests;
