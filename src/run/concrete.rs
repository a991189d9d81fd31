//! Makes symbolic places concrete: the one function from a rule's [`Place`] to a path, a line and a column.
//!
//! Reads files through the tree only to count lines and to quote them.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use lru::LruCache;

use super::Here;
use super::analysis::{Analysis, Database};
use super::lines::LineIndex;
use crate::finding::{Edit, Place};
use crate::outcome::Location;
use crate::query::{QueryShape, RefId};
use crate::source::{FileId, HostSpan};
use crate::tree::{Content, Tree};
use crate::workload::{QueryId, Sender};

/// A place made concrete.
pub(super) struct Concrete {
    /// The host bytes.
    pub span: HostSpan,
    /// The sender, where the place is in a query.
    pub sender: Option<Sender>,
}

/// Finds where a symbolic place stands: at every sender of a query, at one declaration of a schema object.
pub(super) fn places(analysis: &Analysis, database: &Database, place: &Place) -> Vec<Concrete> {
    match place {
        Place::Sql { query, range } => at_senders(analysis, database, *query, range),
        Place::Reference { query, reference } => {
            let range = reference_range(&database.workload[query.0 as usize].shape, *reference);
            at_senders(analysis, database, *query, &range)
        }
        Place::Sender { query, number } => {
            let sender = database.workload[query.0 as usize].senders.get(*number).copied();
            let place = |sender: Sender| analysis.sites[sender.site.0 as usize].place;
            sender.map(|sender| Concrete { span: place(sender), sender: Some(sender) }).into_iter().collect()
        }
        schema => schema_span(database, schema).map(|span| Concrete { span, sender: None }).into_iter().collect(),
    }
}

fn reference_range(shape: &QueryShape, reference: RefId) -> Range<u32> {
    shape.references.get(usize::from(reference.0)).map_or(0..0, |table| table.sql.clone())
}

/// Makes an edit concrete for one sender of its query, if one stretch of the sender's file spells what it replaces.
pub(super) fn edit(analysis: &Analysis, database: &Database, edit: &Edit, sender: Sender) -> Option<HostSpan> {
    let query = &database.workload[edit.query.0 as usize];
    let number = query.senders.iter().position(|known| *known == sender)?;
    let own = own_range(&database.ranges[edit.query.0 as usize], &edit.range, number)?;
    let site = &analysis.sites[sender.site.0 as usize];
    // What sqlx keeps as JSON was taken from the code and is found by its hash: nobody edits it.
    let is_copy = site.source == "sqlx";
    site.variants[usize::from(sender.variant)].spans.stretch(&own).filter(|_| !is_copy)
}

/// Senders of one query may spell it differently; the n-th name of one is the n-th name of the other.
fn own_range(ranges: &[Vec<Range<u32>>], range: &Range<u32>, number: usize) -> Option<Range<u32>> {
    let position = ranges.first()?.iter().position(|candidate| candidate == range);
    match position {
        Some(position) => ranges[number].get(position).cloned(),
        None if number == 0 => Some(range.clone()),
        None => None,
    }
}

fn at_senders(analysis: &Analysis, database: &Database, query: QueryId, range: &Range<u32>) -> Vec<Concrete> {
    let query = &database.workload[query.0 as usize];
    let ranges = &database.ranges[query.id.0 as usize];
    let place = |(number, sender): (usize, &Sender)| {
        let own = own_range(ranges, range, number).unwrap_or(0..0);
        let site = &analysis.sites[sender.site.0 as usize];
        let variant = &site.variants[usize::from(sender.variant)];
        let span = if own.is_empty() { site.place } else { variant.spans.places(own, &site.place).primary };
        Concrete { span, sender: Some(*sender) }
    };
    query.senders.iter().enumerate().map(place).collect()
}

fn schema_span(database: &Database, place: &Place) -> Option<HostSpan> {
    let catalog = &database.catalog;
    match place {
        Place::Table(table) => catalog.table(table).map(|table| table.place),
        Place::Column(table, column) => catalog.table(table)?.column(column).map(|column| column.place),
        Place::ForeignKey(table, position) => catalog.table(table)?.foreign_keys.get(*position).map(|key| key.place),
        Place::Index(id) => catalog.index(*id).map(|index| index.place),
        Place::Host(span) => Some(*span),
        Place::Sql { .. } | Place::Reference { .. } | Place::Sender { .. } => None,
    }
}

/// The text ranges of a shape in a fixed order, so that equal shapes can be laid side by side.
pub(super) fn ranges(shape: &QueryShape) -> Vec<Range<u32>> {
    let mut found: Vec<Range<u32>> = shape.references.iter().map(|reference| reference.sql.clone()).collect();
    for pattern in &shape.patterns {
        found.extend(pattern.predicates.iter().map(|predicate| predicate.sql.clone()));
        for disjunction in &pattern.disjunctions {
            found.push(disjunction.sql.clone());
            found.extend(disjunction.branches.iter().flatten().map(|predicate| predicate.sql.clone()));
        }
        found.extend(pattern.joins.iter().map(|join| join.sql.clone()));
        found.extend(pattern.order.iter().map(|key| key.sql.clone()));
    }
    found.extend(shape.clauses.iter().map(|clause| clause.sql.clone()));
    found.extend(shape.blocks.iter().filter_map(|block| Some(block.offset.as_ref()?.sql.clone())));
    found.extend(shape.unknown.iter().map(|unknown| unknown.sql.clone()));
    found
}

/// The files a report points into, read again as they are needed.
pub(super) struct Quotes<'a> {
    tree: &'a dyn Tree,
    analysis: &'a Analysis,
    here: Here<'a>,
    // Places come sorted by file, so a handful of texts is enough and a large tree is never held whole.
    recent: RefCell<LruCache<FileId, Rc<LineIndex>>>,
    /// The path of the file that was asked for last: a report names each many times over.
    last: RefCell<Option<(FileId, Arc<str>)>>,
}

impl<'a> Quotes<'a> {
    /// Quotes from a tree.
    pub fn new(tree: &'a dyn Tree, analysis: &'a Analysis, here: Here<'a>) -> Self {
        let capacity = NonZeroUsize::new(16).expect("16 is not zero");
        Self { tree, analysis, here, recent: RefCell::new(LruCache::new(capacity)), last: RefCell::default() }
    }

    /// Locates a span.
    pub fn locate(&self, span: HostSpan) -> Location {
        self.lines(span.file).locate(self.shown(span.file), span.start as usize..span.end as usize)
    }

    /// Returns a file's path as the report shows it.
    pub fn shown(&self, file: FileId) -> Arc<str> {
        let mut last = self.last.borrow_mut();
        if let Some((_, path)) = last.as_ref().filter(|(known, _)| *known == file) {
            return Arc::clone(path);
        }
        let path: Arc<str> = match &self.analysis.typed {
            Some((typed, _)) if *typed == file => Arc::from("-q"),
            _ => self.here.path(self.analysis.path(file)).into(),
        };
        *last = Some((file, Arc::clone(&path)));
        path
    }

    /// Returns the bytes of a line, or the one at a column of it.
    pub fn bytes(&self, file: FileId, line: u32, column: Option<u32>) -> Option<Range<u32>> {
        self.lines(file).bytes(line, column)
    }

    /// Returns a file's text; a file that went away since it was listed is empty.
    pub fn text(&self, file: FileId) -> Arc<str> {
        self.lines(file).text().clone()
    }

    fn lines(&self, file: FileId) -> Rc<LineIndex> {
        if let Some(known) = self.recent.borrow_mut().get(&file) {
            return known.clone();
        }
        let text = match &self.analysis.typed {
            Some((typed, text)) if *typed == file => text.clone(),
            _ => {
                let read = self.tree.read(self.analysis.path(file)).ok();
                read.as_ref().and_then(Content::text).cloned().unwrap_or_else(|| Arc::from(""))
            }
        };
        let lines = Rc::new(LineIndex::new(text));
        self.recent.borrow_mut().put(file, lines.clone());
        lines
    }
}
