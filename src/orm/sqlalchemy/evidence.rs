//! Which database the models and migrations are written for, told from what the code says of it.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::ir::{Expr, ExprKind, Import, Piece, Stmt, StmtKind};
use crate::query::PathClass;

/// What speaks for a dialect, the strongest first.
const KINDS: &[(Dialect, &str)] = &[
    (Dialect::Postgres, "types of postgresql in the code"),
    (Dialect::Postgres, "a postgresql URL in the code"),
    (Dialect::Mysql, "types of mysql in the code"),
    (Dialect::Mysql, "a mysql URL in the code"),
    (Dialect::Sqlite, "types of sqlite in the code"),
    (Dialect::Sqlite, "a sqlite URL in the code"),
];

/// What is said where nothing speaks for any.
const DEFAULT: &str = "the default";

/// The dialect of the code below a folder, and what it is told from.
pub(in crate::orm) fn dialect(code: &Code<'_>, folder: &str) -> (Dialect, &'static str) {
    let mut best = KINDS.len();
    let is_own = |class: PathClass| !matches!(class, PathClass::Test | PathClass::Vendored | PathClass::Generated);
    for facts in code.files.iter().filter(|facts| is_own(facts.class) && facts.path.is_below(folder)) {
        let mut search = Search { best };
        search.block(&facts.body, 0);
        best = search.best;
    }
    KINDS.get(best).copied().unwrap_or((Dialect::Postgres, DEFAULT))
}

/// The dialect of what lies in a folder: told from the nearest folder above it that says more than that of a database
/// which developers have at hand.
pub(in crate::orm) fn near(code: &Code<'_>, folder: &str) -> (Dialect, &'static str) {
    let mut folder = folder;
    loop {
        let found = dialect(code, folder);
        let is_sure = found.1 != DEFAULT && found.0 != Dialect::Sqlite;
        if is_sure || folder.is_empty() {
            return found;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// How deep statements and expressions are searched.
const MAX_DEPTH: u8 = 12;

/// Looks for the strongest sign.
struct Search {
    best: usize,
}

impl Search {
    fn block(&mut self, body: &[Stmt], depth: u8) {
        if depth < MAX_DEPTH && self.best > 0 {
            body.iter().for_each(|stmt| self.statement(stmt, depth + 1));
        }
    }

    fn statement(&mut self, stmt: &Stmt, depth: u8) {
        match &stmt.kind {
            StmtKind::Import(imports) => imports.iter().for_each(|import| self.import(import)),
            StmtKind::Expr(expr) | StmtKind::Return(Some(expr)) => self.expr(expr, depth),
            StmtKind::Assign { value: Some(value), .. } => self.expr(value, depth),
            StmtKind::If { then, otherwise, .. } => {
                self.block(then, depth);
                self.block(otherwise, depth);
            }
            StmtKind::Either(blocks) => blocks.iter().for_each(|block| self.block(block, depth)),
            StmtKind::Loop { body, .. } | StmtKind::With { body, .. } => self.block(body, depth),
            StmtKind::Function(function) => self.block(&function.body, depth),
            StmtKind::Class(class) => self.block(&class.body, depth),
            _ => {}
        }
    }

    fn import(&mut self, import: &Import) {
        let mut names = import.module.iter().chain(&import.item).map(|name| &**name);
        if names.next() != Some("sqlalchemy") || names.next() != Some("dialects") {
            return;
        }
        match names.next() {
            Some("postgresql") => self.found(0),
            Some("mysql") => self.found(2),
            Some("sqlite") => self.found(4),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr, depth: u8) {
        if depth >= MAX_DEPTH {
            return;
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Template(pieces) => {
                if let Some(Piece::Text { text, .. }) = pieces.first() {
                    self.url(text);
                }
            }
            ExprKind::Call(call) => {
                let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
                arguments.for_each(|argument| self.expr(argument, depth));
            }
            ExprKind::Choice { then, otherwise, .. } => {
                self.expr(then, depth);
                self.expr(otherwise, depth);
            }
            ExprKind::Logic { operands, .. } => operands.iter().for_each(|operand| self.expr(operand, depth)),
            ExprKind::Dict(pairs) => pairs.iter().for_each(|(_, value)| self.expr(value, depth)),
            ExprKind::Attribute { of, name, .. } if **name == *"postgresql" => {
                if matches!(&of.kind, ExprKind::Attribute { name, .. } if **name == *"dialects") {
                    self.found(0);
                }
            }
            _ => {}
        }
    }

    fn url(&mut self, text: &str) {
        let Some((scheme, _)) = text.split_once("://") else { return };
        match scheme.split('+').next().unwrap_or(scheme) {
            "postgresql" | "postgres" => self.found(1),
            "mysql" | "mariadb" => self.found(3),
            "sqlite" => self.found(5),
            _ => {}
        }
    }

    fn found(&mut self, kind: usize) {
        self.best = self.best.min(kind);
    }
}
