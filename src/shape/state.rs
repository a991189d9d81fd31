//! What is known so far while a statement is read: references, patterns, blocks, names, open scopes.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self, Visit, Visitor};
use sqlparser::tokenizer::Span;

use super::scope::{CteEntry, Scope};
use crate::catalog::{Catalog, Table};
use crate::dialect::Dialect;
use crate::name::Ident;
use crate::query::{AccessPattern, Block, QueryShape, RefId, StatementKind, TableRef, UnknownKind, UnknownName};
use crate::sql::expand::Expansions;
use crate::sql::parse::LineStarts;
use crate::sql::resolution::{Resolution, place_of_table};

/// The state of reading one statement.
pub(super) struct Shaper<'a> {
    /// The statement's text.
    pub(super) sql: &'a str,
    pub(super) catalog: &'a Catalog,
    pub(super) dialect: Dialect,
    lines: LineStarts,
    views: Expansions,
    pub(super) shape: QueryShape,
    pub(super) names: Resolution,
    /// For each reference, the block it is planned in: its own, or the one its derived table is merged into.
    pub(super) planned_in: Vec<u16>,
    pub(super) scopes: Vec<Scope>,
    pub(super) ctes: Vec<CteEntry>,
    /// How often each name stands where a table could.
    uses: HashMap<Ident, u32>,
}

impl<'a> Shaper<'a> {
    pub(super) fn new(
        sql: &'a str,
        catalog: &'a Catalog,
        lines: LineStarts,
        views: Expansions,
        kind: StatementKind,
    ) -> Self {
        Self {
            sql,
            catalog,
            dialect: catalog.dialect,
            lines,
            views,
            shape: QueryShape { statement: kind, ..QueryShape::default() },
            names: Resolution::default(),
            planned_in: Vec::new(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            uses: HashMap::new(),
        }
    }

    pub(super) fn finish(mut self) -> (QueryShape, Resolution) {
        // USING and NATURAL look one name up in several ways.
        self.shape.unknown.sort_by_key(|unknown| (unknown.sql.start, unknown.sql.end));
        self.shape.unknown.dedup();
        self.shape.clauses.sort_by_key(|clause| (clause.sql.start, clause.sql.end));
        // A HAVING is read in two ways.
        self.shape.clauses.dedup();
        (self.shape, self.names)
    }

    /// Counts the uses of names that a CTE could have; a CTE used twice is computed once, apart.
    pub(super) fn count_ctes(&mut self, statement: &ast::Statement) {
        struct Count {
            uses: HashMap<Ident, u32>,
            ctes: bool,
        }
        impl Visitor for Count {
            type Break = ();

            fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
                self.ctes |= query.with.is_some();
                ControlFlow::Continue(())
            }

            fn pre_visit_relation(&mut self, relation: &ast::ObjectName) -> ControlFlow<()> {
                if let [ast::ObjectNamePart::Identifier(name)] = relation.0.as_slice() {
                    *self.uses.entry(Ident::new(&name.value)).or_default() += 1;
                }
                ControlFlow::Continue(())
            }
        }
        let mut count = Count { uses: HashMap::new(), ctes: false };
        let _ = statement.visit(&mut count);
        if count.ctes {
            self.uses = count.uses;
        }
    }

    pub(super) fn uses_of(&self, name: &Ident) -> u32 {
        self.uses.get(name).copied().unwrap_or(0)
    }

    /// Opens a block below `parent`.
    pub(super) fn open_block(&mut self, parent: Option<u16>) -> u16 {
        let number = self.shape.blocks.len() as u16;
        self.shape.blocks.push(Block { parent, ..Block::default() });
        number
    }

    pub(super) fn block(&mut self, number: u16) -> &mut Block {
        &mut self.shape.blocks[usize::from(number)]
    }

    pub(super) fn pattern(&mut self, reference: RefId) -> &mut AccessPattern {
        &mut self.shape.patterns[usize::from(reference.0)]
    }

    pub(super) fn reference(&mut self, reference: RefId) -> &mut TableRef {
        &mut self.shape.references[usize::from(reference.0)]
    }

    /// Adds a reference to a base table.
    pub(super) fn add_reference(&mut self, table: &Table, name: &ast::ObjectName, label: Ident, block: u16) -> RefId {
        let id = RefId(self.shape.references.len() as u16);
        let place = place_of_table(name);
        let last = name.0.last().and_then(|part| part.as_ident());
        self.shape.references.push(TableRef {
            id,
            table: table.name.clone(),
            label,
            sql: last.map_or(0..0, |last| self.range(last.span)),
            via_view: place.and_then(|place| self.views.view_at(place.line).cloned()),
            block,
            nullable_side: false,
            written: None,
            set: Vec::new(),
        });
        self.shape.patterns.push(AccessPattern::new(table.name.clone(), id));
        self.planned_in.push(block);
        if let Some(place) = place {
            self.names.note_table(place, id);
        }
        id
    }

    /// Returns the bytes of a span of the statement's own text; nothing for what came out of a view.
    pub(super) fn range(&self, span: Span) -> Range<u32> {
        if span.start.line == 0 || span.start.line > self.lines.count() {
            return 0..0;
        }
        self.lines.bytes(span)
    }

    /// Notes a name that the schema does not have, unless it came out of a view: the view's own place would be the one
    /// to point at.
    pub(super) fn note_unknown(&mut self, kind: UnknownKind, span: Span) {
        let sql = self.range(span);
        if !sql.is_empty() {
            self.shape.unknown.push(UnknownName { kind, sql });
        }
    }
}
