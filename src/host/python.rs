//! Python: its statements as [`crate::ir`].
//!
//! The grammar is tree-sitter's, which goes on behind errors: what it cannot read costs the statement around it, and is
//! told of as a fault. Knows no framework.

mod expr;
mod string;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tree_sitter::{Node, Parser};

use super::facts::Words;
use super::suppressions::Marked;
use crate::ir::{Class, Expr, ExprKind, Function, Import, Name, Parameter, Span, Stmt, StmtKind, Takes};
use crate::suppress;

/// How deep statements and expressions may be nested; what is deeper is unknown.
const MAX_NESTING: u16 = 400;
/// From how many children of a node on a walk over them is cheaper than asking for each.
const MANY_CHILDREN: u32 = 8;

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

thread_local! {
    /// What a parser has allocated serves the next file, too.
    static PARSER: RefCell<Parser> = RefCell::new(parser());
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar is of the library's version");
    parser
}

/// Reads a file, but for the bodies of functions that name none of the words.
pub fn read(text: &str, words: &Words) -> Module {
    let tree = PARSER.with_borrow_mut(|parser| parser.parse(text, None));
    let tree = tree.expect("a language is set, and no time limit");
    let body = Reader { text, words, nesting: 0, names: HashMap::new() }.block(tree.root_node());
    let marked = if suppress::is_marked(text) { marked(tree.root_node(), text) } else { Marked::default() };
    Module { body, faults: faults(tree.root_node()), marked }
}

/// The comments and strings that may hold suppressions, and the statements of the file.
fn marked(root: Node<'_>, text: &str) -> Marked {
    let mut found = Marked::default();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let is_marked = || text.get(node.byte_range()).is_some_and(suppress::is_marked);
        match node.kind() {
            "comment" if is_marked() => found.comments.push(span(node)),
            "string" if is_marked() => {
                let inside = |end: &str| children(node).find(|child| child.kind() == end).map(span);
                if let (Some(start), Some(end)) = (inside("string_start"), inside("string_end")) {
                    found.strings.push(Span { start: start.end, end: end.start });
                }
            }
            kind if kind.ends_with("_statement") || kind.ends_with("_definition") => found.statements.push(span(node)),
            _ => {}
        }
        let mut inner: Vec<Node<'_>> = node.children(&mut node.walk()).collect();
        inner.reverse();
        open.append(&mut inner);
    }
    found
}

/// Where the text is not Python, in order.
fn faults(root: Node<'_>) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            found.push(span(node));
        } else if node.has_error() {
            let broken = node.children(&mut node.walk()).filter(|child| child.has_error()).collect::<Vec<_>>();
            open.extend(broken.into_iter().rev());
        }
    }
    found
}

struct Reader<'a> {
    text: &'a str,
    words: &'a Words,
    nesting: u16,
    /// The names of the file, each kept once.
    names: HashMap<&'a str, Name>,
}

fn span(node: Node<'_>) -> Span {
    node.byte_range().into()
}

/// The children that mean something, in order.
fn children<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    let count = u32::try_from(node.named_child_count()).unwrap_or(u32::MAX);
    // Each is looked for from the first one on: of many they are all taken at once.
    let (few, many) = match count > MANY_CHILDREN {
        true => (0, node.named_children(&mut node.walk()).collect::<Vec<_>>()),
        false => (count, Vec::new()),
    };
    let few = (0..few).filter_map(move |at| node.named_child(at));
    few.chain(many).filter(|child| !child.is_extra())
}

fn all_of<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    node.children_by_field_name(field, &mut node.walk()).collect()
}

impl<'a> Reader<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn name(&mut self, node: Node<'_>) -> Name {
        let text = self.text(node);
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

    fn block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let read = |reader: &mut Self| {
            let mut statements = Vec::new();
            children(node).for_each(|child| reader.statement(child, &mut statements));
            statements
        };
        self.deeper(read).unwrap_or_default()
    }

    fn field_block(&mut self, node: Node<'_>, field: &str) -> Vec<Stmt> {
        node.child_by_field_name(field).map(|block| self.block(block)).unwrap_or_default()
    }

    /// The block of a clause that has no field for it.
    fn last_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let block = children(node).filter(|child| child.kind() == "block").last();
        block.map(|block| self.block(block)).unwrap_or_default()
    }

    fn field(&mut self, node: Node<'_>, field: &str) -> Option<Expr> {
        node.child_by_field_name(field).map(|child| self.expr(child))
    }

    fn field_or_unknown(&mut self, node: Node<'_>, field: &str) -> Expr {
        self.field(node, field).unwrap_or(Expr { kind: ExprKind::Unknown, span: span(node) })
    }

    fn statement(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            // What stands whole among the fragments is still said.
            "ERROR" => return children(node).for_each(|child| self.fragment(child, into)),
            "expression_statement" => return children(node).for_each(|child| self.expression(child, into)),
            "return_statement" => StmtKind::Return(self.first(node)),
            "raise_statement" => StmtKind::Leave(self.first(node)),
            "break_statement" | "continue_statement" => StmtKind::Leave(None),
            "if_statement" => self.choice(node),
            "for_statement" => {
                let target = self.field(node, "left");
                let over = self.field_or_unknown(node, "right");
                let body = self.field_block(node, "body");
                self.push_with_else(node, StmtKind::Loop { target, over, body }, into);
                return;
            }
            "while_statement" => {
                let over = self.field_or_unknown(node, "condition");
                let body = self.field_block(node, "body");
                self.push_with_else(node, StmtKind::Loop { target: None, over, body }, into);
                return;
            }
            "with_statement" => self.with(node),
            "try_statement" => return self.attempt(node, into),
            "match_statement" => self.cases(node, into),
            "function_definition" | "class_definition" => self.definition(node, Vec::new()),
            "decorated_definition" => self.decorated(node),
            "import_statement" => StmtKind::Import(self.imports(node)),
            "import_from_statement" => StmtKind::Import(self.imports_from(node)),
            "block" => return children(node).for_each(|child| self.statement(child, into)),
            "comment" => return,
            _ => StmtKind::Unknown,
        };
        into.push(Stmt { kind, span: span(node) });
    }

    /// A statement among fragments; a fragment says nothing.
    fn fragment(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let kind = node.kind();
        if kind.ends_with("_statement") || kind.ends_with("_definition") || kind == "block" {
            self.statement(node, into);
        }
    }

    fn first(&mut self, node: Node<'_>) -> Option<Expr> {
        let first = children(node).next();
        first.map(|child| self.expr(child))
    }

    fn push_with_else(&mut self, node: Node<'_>, kind: StmtKind, into: &mut Vec<Stmt>) {
        into.push(Stmt { kind, span: span(node) });
        if let Some(clause) = node.child_by_field_name("alternative") {
            // It is not run where a `break` leaves the loop.
            let block = self.field_block(clause, "body");
            into.push(Stmt { kind: StmtKind::Either(vec![block]), span: span(clause) });
        }
    }

    fn expression(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let kind = match node.kind() {
            "assignment" => return self.assignment(node, into),
            "augmented_assignment" => {
                let op = node.child_by_field_name("operator").map_or("", |op| self.text(op));
                StmtKind::Augment {
                    target: self.field_or_unknown(node, "left"),
                    op: expr::binary(op.trim_end_matches('=')),
                    value: self.field_or_unknown(node, "right"),
                }
            }
            "ERROR" => return self.statement(node, into),
            _ => StmtKind::Expr(self.expr(node)),
        };
        into.push(Stmt { kind, span: span(node) });
    }

    /// `a = b = value` binds the last target first, which nobody can tell.
    fn assignment(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        let target = self.field_or_unknown(node, "left");
        let annotation = self.field(node, "type");
        let right = node.child_by_field_name("right");
        if let Some(chained) = right.filter(|right| right.kind() == "assignment") {
            let before = into.len();
            // Each link of the chain is a level of the tree.
            self.deeper(|reader| reader.assignment(chained, into));
            let value = match into.get(before).map(|first| &first.kind) {
                Some(StmtKind::Assign { value, .. }) => value.clone(),
                _ => None,
            };
            into.push(Stmt { kind: StmtKind::Assign { target, annotation, value }, span: span(node) });
            return;
        }
        let value = right.map(|right| self.expr(right));
        into.push(Stmt { kind: StmtKind::Assign { target, annotation, value }, span: span(node) });
    }

    fn choice(&mut self, node: Node<'_>) -> StmtKind {
        let test = self.field_or_unknown(node, "condition");
        let then = self.field_block(node, "consequence");
        let mut otherwise = Vec::new();
        for clause in all_of(node, "alternative").into_iter().rev() {
            if clause.kind() == "elif_clause" {
                let test = self.field_or_unknown(clause, "condition");
                let then = self.field_block(clause, "consequence");
                let kind = StmtKind::If { test, then, otherwise: std::mem::take(&mut otherwise) };
                otherwise.push(Stmt { kind, span: span(clause) });
            } else {
                otherwise = self.field_block(clause, "body");
            }
        }
        StmtKind::If { test, then, otherwise }
    }

    fn with(&mut self, node: Node<'_>) -> StmtKind {
        let clause = children(node).find(|child| child.kind() == "with_clause");
        let items = clause.into_iter().flat_map(children).filter_map(|item| item.child_by_field_name("value"));
        let items: Vec<Node<'_>> = items.collect();
        let item = |reader: &mut Self, value: Node<'_>| {
            if value.kind() != "as_pattern" {
                return (reader.expr(value), None);
            }
            let target = value.child_by_field_name("alias").and_then(|alias| children(alias).next());
            let target = target.map(|target| reader.expr(target));
            let opened = reader.first(value).unwrap_or(Expr { kind: ExprKind::Unknown, span: span(value) });
            (opened, target)
        };
        let items = items.into_iter().map(|value| item(self, value)).collect();
        StmtKind::With { items, body: self.field_block(node, "body") }
    }

    /// The block runs, then one of the handlers or none, then what comes last.
    fn attempt(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) {
        into.append(&mut self.field_block(node, "body"));
        let mut handlers = Vec::new();
        let mut last = Vec::new();
        for clause in children(node) {
            match clause.kind() {
                "except_clause" | "except_group_clause" => handlers.push(self.last_block(clause)),
                "else_clause" => into.append(&mut self.field_block(clause, "body")),
                "finally_clause" => last.append(&mut self.last_block(clause)),
                _ => {}
            }
        }
        if !handlers.is_empty() {
            into.push(Stmt { kind: StmtKind::Either(handlers), span: span(node) });
        }
        into.append(&mut last);
    }

    fn cases(&mut self, node: Node<'_>, into: &mut Vec<Stmt>) -> StmtKind {
        for subject in all_of(node, "subject") {
            let kind = StmtKind::Expr(self.expr(subject));
            into.push(Stmt { kind, span: span(subject) });
        }
        let clauses = node.child_by_field_name("body").into_iter().flat_map(children);
        let clauses: Vec<Node<'_>> = clauses.filter(|clause| clause.kind() == "case_clause").collect();
        StmtKind::Either(clauses.into_iter().map(|clause| self.field_block(clause, "consequence")).collect())
    }

    fn decorated(&mut self, node: Node<'_>) -> StmtKind {
        let decorators: Vec<Node<'_>> = children(node).filter(|child| child.kind() == "decorator").collect();
        let decorators = decorators.into_iter().filter_map(|decorator| self.first(decorator)).collect();
        match node.child_by_field_name("definition") {
            Some(definition) => self.definition(definition, decorators),
            None => StmtKind::Unknown,
        }
    }

    fn definition(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> StmtKind {
        let Some(named) = node.child_by_field_name("name") else { return StmtKind::Unknown };
        let (name, name_span) = (self.name(named), span(named));
        if node.kind() == "function_definition" {
            let parameters = node.child_by_field_name("parameters");
            let parameters: Vec<Node<'_>> = parameters.into_iter().flat_map(children).collect();
            let parameters = parameters.into_iter().filter_map(|parameter| self.parameter(parameter)).collect();
            let returns = self.field(node, "return_type");
            // What makes an object may make its session.
            let matters = &*name == "__init__" || self.words.may_matter(self.text(node));
            let body = if matters { self.field_block(node, "body") } else { Vec::new() };
            return StmtKind::Function(Arc::new(Function { name, name_span, decorators, parameters, returns, body }));
        }
        let said = node.child_by_field_name("superclasses").map(|list| self.arguments(list)).unwrap_or_default();
        let keywords = said.1.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
        let body = self.field_block(node, "body");
        StmtKind::Class(Arc::new(Class { name, name_span, decorators, bases: said.0, keywords, body }))
    }

    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let plain = |name: Name, takes: Takes| Parameter { name, annotation: None, default: None, takes };
        let splat = |reader: &mut Self, node: Node<'_>, takes: Takes| {
            let name = children(node).find(|child| child.kind() == "identifier")?;
            Some(plain(reader.name(name), takes))
        };
        match node.kind() {
            "identifier" => Some(plain(self.name(node), Takes::One)),
            "list_splat_pattern" => splat(self, node, Takes::Positional),
            "dictionary_splat_pattern" => splat(self, node, Takes::Named),
            "typed_parameter" => {
                let inner = children(node).next()?;
                let annotation = self.field(node, "type");
                Some(Parameter { annotation, ..self.parameter(inner)? })
            }
            "default_parameter" | "typed_default_parameter" => {
                let name = node.child_by_field_name("name").filter(|name| name.kind() == "identifier")?;
                let annotation = self.field(node, "type");
                let default = self.field(node, "value");
                Some(Parameter { annotation, default, ..plain(self.name(name), Takes::One) })
            }
            _ => None,
        }
    }

    fn path(&mut self, node: Node<'_>) -> Vec<Name> {
        self.text(node).split('.').map(|part| self.named(part.trim())).collect()
    }

    /// `import a.b` binds `a`, `import a.b as c` binds what it names.
    fn imports(&mut self, node: Node<'_>) -> Vec<Import> {
        let import = |child: Node<'_>| {
            let named = child.child_by_field_name("name").unwrap_or(child);
            let path = self.path(named);
            let alias = child.child_by_field_name("alias").map(|alias| self.name(alias));
            let module = if alias.is_some() { path } else { path.into_iter().take(1).collect::<Vec<_>>() };
            let bound = alias.or_else(|| module.first().cloned());
            Import { module, above: None, item: None, bound, span: span(child) }
        };
        all_of(node, "name").into_iter().map(import).collect()
    }

    fn imports_from(&mut self, node: Node<'_>) -> Vec<Import> {
        let Some(from) = node.child_by_field_name("module_name") else { return Vec::new() };
        let (module, above) = match from.kind() {
            "relative_import" => {
                let dots = self.text(from).chars().take_while(|char| *char == '.').count();
                let path = children(from).find(|child| child.kind() == "dotted_name");
                (path.map(|path| self.path(path)).unwrap_or_default(), u16::try_from(dots).ok())
            }
            _ => (self.path(from), None),
        };
        let item = |child: Node<'_>| {
            let item = self.name(child.child_by_field_name("name").unwrap_or(child));
            let bound = child.child_by_field_name("alias").map(|alias| self.name(alias));
            let bound = Some(bound.unwrap_or_else(|| item.clone()));
            Import { module: module.clone(), above, item: Some(item), bound, span: span(child) }
        };
        let mut imports: Vec<Import> = all_of(node, "name").into_iter().map(item).collect();
        if let Some(all) = children(node).find(|child| child.kind() == "wildcard_import") {
            imports.push(Import { module, above, item: None, bound: None, span: span(all) });
        }
        imports
    }
}

#[cfg(test)]
mod tests;
