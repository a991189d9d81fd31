//! One DDL statement to schema steps, for PostgreSQL, SQLite and MySQL.
//!
//! sqlparser reads what it can; statements about objects the catalogue does not hold (functions, grants) are not
//! parsed at all, and what it rejects goes to a token-level reader (`tolerant`) that saves as much as it can: the
//! operations of an ALTER and the items of a CREATE TABLE are read one by one. What remains is a Skip with its place
//! and clears `complete` on the tables it names. Knows no catalogue: a name may mean anything until the replay.

mod alter;
mod block;
mod column;
mod constraint;
mod create;
mod direct;
mod foreign;
mod index;
mod lineage;
mod pieces;
mod scan;
mod tolerant;
mod types;

#[cfg(test)]
mod tests;

use std::ops::Range;

use sqlparser::ast;

use crate::catalog::{SchemaOp, SchemaStep, TypeClass};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::query::{Skip, SkipStage};
use crate::source::HostSpan;
use crate::sql::canonical;
use crate::sql::parse::{self, LineStarts, ParseFailure, Parsed};
use crate::sql::placeholders;

/// Lowers one statement. `place` is where its text stands; the places of columns, keys and indexes lie within it when
/// the text is the host's byte for byte.
///
/// Every statement of a schema source may come here: one that changes no schema gives no steps or [`SchemaOp::Opaque`].
/// `SET search_path` matters in dumps.
pub fn steps(sql: &str, place: HostSpan, dialect: Dialect) -> (Vec<SchemaStep>, Vec<Skip>) {
    let uncovered;
    let sql = match dialect {
        Dialect::Mysql if sql.contains("*/") || sql.contains("/*!") => {
            uncovered = scan::without_version_comments(sql);
            &uncovered
        }
        _ => sql,
    };
    let mut lowering = Lowering::new(sql, place, dialect);
    lowering.read();
    (lowering.steps, lowering.skips)
}

/// Lowers a statement of a block: that it has nothing to do is never a fault.
fn steps_within(sql: &str, place: HostSpan, dialect: Dialect) -> (Vec<SchemaStep>, Vec<Skip>) {
    // What is pasted in within a block's quotes was no placeholder to whoever read the file.
    let sql = &placeholders::without_qualifiers(sql);
    let mut lowering = Lowering { guarded: true, ..Lowering::new(sql, place, dialect) };
    lowering.read();
    (lowering.steps, lowering.skips)
}

/// Names the table that a statement's first words create or alter; the rest is not read.
pub fn named_table(sql: &str, dialect: Dialect) -> Option<QName> {
    const HEAD: usize = 300;
    let head = &sql[..sql.find('(').unwrap_or(sql.len()).min(sql.floor_char_boundary(HEAD))];
    let tokens = scan::tokens(head, dialect);
    let verb = tokens.first().is_some_and(|verb| verb.is_any(&["ALTER", "CREATE"]));
    let names = verb && tokens.iter().take(5).any(|token| token.is("TABLE"));
    names.then(|| tolerant::table_named(&tokens, dialect))?
}

/// Tells the kind of a declared type, lower case.
pub fn type_class(declared: &str, dialect: Dialect) -> TypeClass {
    types::class_of(declared, dialect)
}

/// The statement being lowered.
struct Lowering<'a> {
    sql: &'a str,
    place: HostSpan,
    dialect: Dialect,
    lines: LineStarts,
    steps: Vec<SchemaStep>,
    skips: Vec<Skip>,
    /// Whether the statement, or the block around it, says that nothing to do is no fault.
    guarded: bool,
}

impl<'a> Lowering<'a> {
    fn new(sql: &'a str, place: HostSpan, dialect: Dialect) -> Self {
        let lines = LineStarts::new(sql);
        Self { sql, place, dialect, lines, steps: Vec::new(), skips: Vec::new(), guarded: false }
    }

    fn read(&mut self) {
        if scan::is_about_others(self.sql) {
            return self.step(SchemaOp::Opaque);
        }
        let tokens = scan::tokens(self.sql, self.dialect);
        match scan::subject(&tokens) {
            scan::Subject::Nothing => self.step(SchemaOp::Opaque),
            scan::Subject::Block => self.read_block(&tokens),
            scan::Subject::Schema => {
                if self.read_directly(&tokens) {
                    return;
                }
                match parse::parse(self.sql, self.dialect) {
                    // Another dialect takes MySQL's KEY lines for columns of type KEY.
                    Ok(Parsed { statement: ast::Statement::CreateTable(_), dialect, .. })
                        if dialect != self.dialect && self.create_piecewise(&tokens) => {}
                    Ok(parsed) => self.lower(parsed),
                    Err(failure) => self.read_tolerantly(&tokens, &failure),
                }
            }
        }
    }

    fn lower(&mut self, parsed: Parsed) {
        let Parsed { statement, lines, .. } = parsed;
        self.lines = lines;
        match statement {
            ast::Statement::CreateTable(create) => self.create_table(&create),
            ast::Statement::CreateView(create) => self.create_view(&create),
            ast::Statement::CreateIndex(create) => self.create_index(&create),
            ast::Statement::AlterTable(alter) => self.alter_table(&alter),
            ast::Statement::AlterIndex { name, operation } => {
                let ast::AlterIndexOperation::RenameIndex { index_name } = operation;
                let to = self.qname(&index_name).name;
                self.step(SchemaOp::RenameIndex { name: self.qname(&name), table: None, to });
            }
            ast::Statement::RenameTable(renames) => {
                for rename in renames {
                    self.step(SchemaOp::RenameTable(self.qname(&rename.old_name), self.qname(&rename.new_name)));
                }
            }
            ast::Statement::CreateType { name, representation } => self.create_type(&name, representation.as_ref()),
            ast::Statement::AlterType(alter) => self.alter_type(&alter),
            ast::Statement::Drop { object_type, if_exists, names, table, .. } => {
                self.drop(object_type, if_exists, &names, table.as_ref());
            }
            ast::Statement::DropDomain(drop) => {
                self.guarded |= drop.if_exists;
                self.step(SchemaOp::DropType(self.qname(&drop.name)));
            }
            _ => self.step(SchemaOp::Opaque),
        }
    }

    fn drop(
        &mut self,
        kind: ast::ObjectType,
        if_exists: bool,
        names: &[ast::ObjectName],
        table: Option<&ast::ObjectName>,
    ) {
        self.guarded |= if_exists;
        let table = table.map(|table| self.qname(table));
        for name in names {
            let name = self.qname(name);
            self.step(match kind {
                ast::ObjectType::Table | ast::ObjectType::MaterializedView => SchemaOp::DropTable(name),
                ast::ObjectType::View => SchemaOp::DropView(name),
                ast::ObjectType::Index => SchemaOp::DropIndex { name, table: table.clone() },
                ast::ObjectType::Type => SchemaOp::DropType(name),
                _ => SchemaOp::Opaque,
            });
        }
    }

    /// Adds a step that stands at the statement itself.
    fn step(&mut self, op: SchemaOp) {
        let step = self.part(op, self.place);
        self.steps.push(step);
    }

    fn part(&self, op: SchemaOp, place: HostSpan) -> SchemaStep {
        SchemaStep { op, guarded: self.guarded, place }
    }

    /// Counts what could not be read and marks the tables it is about.
    fn not_understood(&mut self, failure: &ParseFailure, within: Option<Range<u32>>, tables: Vec<QName>) {
        let place = failure.at.map(|at| at..at).or(within).map_or(self.place, |bytes| self.host(bytes));
        let detail = failure.message.clone();
        self.skips.push(Skip { stage: SkipStage::Schema, reason: failure.reason, detail, place });
        self.step(SchemaOp::NotUnderstood { tables });
    }

    fn ident(&self, ident: &ast::Ident) -> Ident {
        self.cut(parse::ident(ident, self.dialect))
    }

    /// PostgreSQL keeps the first 63 bytes of a name.
    fn cut(&self, name: Ident) -> Ident {
        let text = name.as_str();
        if self.dialect != Dialect::Postgres || text.len() <= 63 {
            return name;
        }
        Ident::new(&text[..text.floor_char_boundary(63)])
    }

    fn idents(&self, idents: &[ast::Ident]) -> Vec<Ident> {
        idents.iter().map(|ident| self.ident(ident)).collect()
    }

    fn qname(&self, name: &ast::ObjectName) -> QName {
        let QName { schema, name } = parse::qname(name, self.dialect);
        QName { schema: schema.map(|schema| self.cut(schema)), name: self.cut(name) }
    }

    /// Where an identifier stands.
    fn at(&self, ident: &ast::Ident) -> HostSpan {
        self.host(self.lines.ident(ident))
    }

    /// Where a name stands.
    fn at_name(&self, name: &ast::ObjectName) -> HostSpan {
        let parts: Vec<_> = name.0.iter().filter_map(ast::ObjectNamePart::as_ident).collect();
        match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => self.host(self.lines.ident(first).start..self.lines.ident(last).end),
            _ => self.place,
        }
    }

    /// Bytes of the statement as bytes of its file; the statement itself where its text is not the host's.
    fn host(&self, bytes: Range<u32>) -> HostSpan {
        let verbatim = (self.place.end - self.place.start) as usize == self.sql.len();
        if !verbatim || bytes.end == 0 {
            return self.place;
        }
        HostSpan { start: self.place.start + bytes.start, end: self.place.start + bytes.end, ..self.place }
    }

    /// A value over the columns of the table at hand.
    fn expr(&self, ast: &ast::Expr) -> Expr {
        canonical::expr(ast, self.dialect, &mut |path: &[ast::Ident]| self.column(path))
    }

    /// A condition over the columns of the table at hand.
    fn condition(&self, ast: &ast::Expr) -> Expr {
        canonical::predicate(ast, self.dialect, &mut |path: &[ast::Ident]| self.column(path))
    }

    fn column(&self, path: &[ast::Ident]) -> Expr {
        // The second argument of `normalize` is a word, not a name.
        if let [form] = path
            && form.quote_style.is_none()
            && ["nfc", "nfd", "nfkc", "nfkd"].iter().any(|known| form.value.eq_ignore_ascii_case(known))
        {
            return Expr::Literal(crate::expr::Literal::Text(form.value.to_ascii_lowercase()));
        }
        path.last().map_or(Expr::Param, |name| Expr::Column(self.ident(name)))
    }
}
