//! Queries that are too wide to be planned: how many relations one reads once its views are put in the place of their
//! names, as a server does before it plans.
//!
//! A few lines of views that read each other twice make millions of them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use sqlparser::ast::{self, Visit, Visitor};

use crate::catalog::{Catalog, View};
use crate::name::QName;
use crate::sql::parse::{parse, qname};

/// The most relations, views among them, that an engine is asked to plan a query of. PostgreSQL plans no join of 767 in a
/// minute, and takes 0.4 GB for one of 3,071, 2.4 GB for one of 49,151; no query that people write has as many.
pub(super) const MOST: usize = 1_000;

/// Says whether a statement reads more than [`MOST`] relations, however often each.
pub(super) fn is_too_wide(statement: &ast::Statement, catalog: &Catalog) -> bool {
    let mut count = Count { catalog, known: HashMap::new() };
    !catalog.views.is_empty() && count.relations(statement) > MOST
}

struct Count<'a> {
    catalog: &'a Catalog,
    /// By view, how many relations it stands for; none yet for one that is being counted.
    known: HashMap<&'a QName, usize>,
}

impl<'a> Count<'a> {
    fn relations(&mut self, statement: &ast::Statement) -> usize {
        let dialect = self.catalog.dialect;
        let mut names = Names(Vec::new());
        let _ = statement.visit(&mut names);
        let mut sum: usize = 0;
        for name in names.0.iter().map(|name| qname(name, dialect)) {
            let view = self.catalog.table(&name).map_or_else(|| self.catalog.view(&name), |_| None);
            sum = sum.saturating_add(view.map_or(1, |view| self.of(view)));
            if sum > MOST {
                break;
            }
        }
        sum
    }

    fn of(&mut self, view: &'a View) -> usize {
        if let Some(known) = self.known.get(&view.name) {
            return *known;
        }
        // As many views in a row are too many as well.
        if self.known.len() >= MOST {
            return MOST;
        }
        self.known.insert(&view.name, 0);
        let read = parse(&view.query, self.catalog.dialect);
        let relations = 1 + read.map_or(0, |parsed| self.relations(&parsed.statement));
        self.known.insert(&view.name, relations);
        relations
    }
}

/// The names that stand where relations do; those of CTEs as well, which stand for as much as one.
struct Names(Vec<ast::ObjectName>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ast::ObjectName) -> ControlFlow<()> {
        self.0.push(relation.clone());
        ControlFlow::Continue(())
    }
}
