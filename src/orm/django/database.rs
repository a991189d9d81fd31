//! Which database a project's tables are in, by what its settings and imports name.

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::ir::{Expr, ExprKind, Piece, Stmt, StmtKind};

use super::settings;

/// How deep expressions are looked into.
const MAX_DEPTH: u8 = 40;

/// The dialect, and what told it.
///
/// SQLite is what Django sets up for development: any other that is named wins over it.
pub(super) fn dialect(code: &Code<'_>) -> Option<(Dialect, &'static str)> {
    let mut named = Named::default();
    for file in settings::files(code) {
        named.block(&code.files[file].body, 0);
    }
    let of_settings = |dialect: Dialect| (dialect, "Django's settings");
    if named.postgres {
        return Some(of_settings(Dialect::Postgres));
    }
    if imports_postgres(code) {
        return Some((Dialect::Postgres, "django.contrib.postgres"));
    }
    let others = [(named.mysql, Dialect::Mysql), (named.sqlite, Dialect::Sqlite)];
    others.into_iter().find(|(is_named, _)| *is_named).map(|(_, dialect)| of_settings(dialect))
}

/// The databases that texts name.
#[derive(Default)]
struct Named {
    postgres: bool,
    mysql: bool,
    sqlite: bool,
}

impl Named {
    fn block(&mut self, body: &[Stmt], depth: u8) {
        if depth > MAX_DEPTH {
            return;
        }
        for stmt in body {
            match &stmt.kind {
                StmtKind::Expr(value) | StmtKind::Augment { value, .. } => self.expr(value, depth),
                StmtKind::Assign { value, .. } => value.iter().for_each(|value| self.expr(value, depth)),
                StmtKind::If { then, otherwise, .. } => {
                    self.block(then, depth + 1);
                    self.block(otherwise, depth + 1);
                }
                StmtKind::Either(blocks) => blocks.iter().for_each(|block| self.block(block, depth + 1)),
                StmtKind::With { body, .. } | StmtKind::Loop { body, .. } => self.block(body, depth + 1),
                StmtKind::Class(class) => self.block(&class.body, depth + 1),
                _ => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr, depth: u8) {
        if depth > MAX_DEPTH {
            return;
        }
        let mut inner = |expr: &Expr| self.expr(expr, depth + 1);
        match &expr.kind {
            ExprKind::Template(pieces) => {
                for piece in pieces {
                    if let Piece::Text { text, .. } = piece {
                        self.text(text);
                    }
                }
            }
            ExprKind::Dict(pairs) => pairs.iter().for_each(|(_, value)| inner(value)),
            ExprKind::List(items) => items.iter().for_each(inner),
            ExprKind::Call(call) => {
                call.positional.iter().for_each(&mut inner);
                call.named.iter().for_each(|(_, value)| inner(value));
            }
            ExprKind::Choice { then, otherwise, .. } => {
                inner(then);
                inner(otherwise);
            }
            ExprKind::Logic { operands, .. } => operands.iter().for_each(inner),
            ExprKind::Binary { left, right, .. } => {
                inner(left);
                inner(right);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let is_backend = text.contains("backends.") || text.contains("backend");
        let is_address = |scheme: &str| text.starts_with(scheme);
        self.postgres |= is_backend
            && (text.contains("postgres") || text.contains("postgis") || text == "psqlextra.backend")
            || ["postgres://", "postgresql://", "postgis://", "psql://", "pgsql://"].into_iter().any(is_address);
        self.mysql |= is_backend && text.contains("mysql") || ["mysql://", "mysql2://"].into_iter().any(is_address);
        self.sqlite |=
            is_backend && (text.contains("sqlite") || text.contains("spatialite")) || is_address("sqlite://");
    }
}

/// Says whether the code takes anything of what Django has for PostgreSQL alone.
fn imports_postgres(code: &Code<'_>) -> bool {
    let is_postgres = |import: &crate::ir::Import| {
        let mut path = import.module.iter().chain(&import.item).map(|part| &**part);
        path.by_ref().take(3).eq(["django", "contrib", "postgres"])
    };
    let imports = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Import(imports) if imports.iter().any(is_postgres));
    code.files.iter().any(|file| file.body.iter().any(imports))
}
