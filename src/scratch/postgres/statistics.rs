//! Gives an empty database the statistics of a full one.
//!
//! Rows of `pg_statistic` and figures in `pg_class` by statements of the admin, on every version alike; then files as
//! long as production's ([`Inflation`]). In this order: whatever scans a table afterwards (CREATE INDEX, ANALYZE) sees
//! empty pages and counts them. Values are only ever read by the server's own input functions: those of a domain run
//! its checks, which the code base wrote.
//!
//! That is why the functions of PostgreSQL 18 (`pg_restore_attribute_stats`) are not called, which read a column's values
//! by its own type, as whoever calls. They would say the same as our rows, which serve every version from 12 on;
//! `docs/evidence.md` has the figures.

pub mod bounds;
pub mod extended;
mod print;
pub(super) mod script;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::pages;
use super::relations::{Attribute, IndexFacts, Relation, RelationKind, Relations};
use super::session::{Session, SqlError};
use super::size::{self, Extent, Field};
use crate::catalog::IndexDef;
use crate::cost;
use crate::expr::Expr;
use crate::name::Ident;
use crate::stats::{ColumnStats, IndexStats, StatsModel, StatsSource, TableStats};

use print::Given;

/// The fraction of pages that an index-only scan need not look at, where it is not known: a table that is vacuumed as it
/// should be.
const VISIBLE: f64 = 0.9;
/// The most rows that are told: the server counts in single precision.
const MOST_ROWS: f64 = 1e15;
/// Bytes of a value whose width nobody knows.
const WIDTH: f64 = 16.0;
/// The methods that store a key as it is. A column of another's index has the type of what is stored (a trigram's, a
/// hash code's), and a planner that finds figures of that type for an expression takes a number for a pointer to text.
const AS_THEY_ARE: [&str; 2] = ["btree", "brin"];
/// Types of which equal values may be different bytes: `numeric`, `real`, `double precision`, `jsonb`, `interval`.
const UNGATHERED: [u32; 5] = [1700, 700, 701, 3802, 1186];

/// A relation's file and how large it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inflation {
    /// The relation.
    pub relation: u32,
    /// Its first file, relative to the folder of the server's files.
    pub file: PathBuf,
    /// Its pages.
    pub pages: u64,
    /// Of a b-tree, the levels above the leaves.
    pub height: Option<u32>,
}

impl Inflation {
    /// Makes the file as large as it is to be; no server may have read the first page of a b-tree yet.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        let file = data.join(&self.file);
        match self.height {
            Some(height) => pages::write_btree(&file, height, self.pages),
            None => pages::set_length(&file, self.pages),
        }
    }

    /// Takes the length away again, so that an index can be created on the table without a scan of its holes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn empty(&self, data: &Path) -> io::Result<()> {
        pages::set_length(&data.join(&self.file), 0)
    }
}

/// What is to be told of a relation.
struct Told<'a> {
    relation: &'a Relation,
    rows: f64,
    /// None for what has no file.
    pages: Option<u64>,
    visible: f64,
    height: Option<u32>,
    columns: Vec<Given<'a>>,
}

/// Tells the server what the tables and indexes of `only` hold (all of them without it), and returns the files to change.
///
/// `defs` says what the indexes are over, by their numbers; the columns of one that is not there are known all the same,
/// its expressions and condition are not.
///
/// # Errors
/// The server's words.
pub fn inject(
    admin: &mut Session,
    relations: &Relations,
    defs: &BTreeMap<u32, &IndexDef>,
    stats: &StatsModel,
    only: Option<&[u32]>,
) -> Result<Vec<Inflation>, SqlError> {
    let teller = Teller { relations, defs, stats };
    let wanted = |relation: &&Relation| only.is_none_or(|only| only.contains(&relation.oid));
    let told: Vec<Told<'_>> =
        relations.by_oid.values().filter(wanted).filter_map(|relation| teller.tell(relation)).collect();
    if told.is_empty() {
        return Ok(Vec::new());
    }
    admin.run(&print::figures(&told))?;
    let all: Vec<u32> = told.iter().map(|told| told.relation.oid).collect();
    admin.run(&print::forget(&all))?;
    let with: Vec<&Told<'_>> = told.iter().filter(|told| !told.columns.is_empty()).collect();
    let statements: Vec<String> = with.iter().map(|told| print::columns(told, print::Values::Shown)).collect();
    let answers = admin.pipeline(&statements);
    for (told, answer) in with.iter().zip(answers) {
        // A file of statistics may hold values that the schema does not know (an enum's label): the rest still counts.
        if answer.is_err() {
            admin.run(&print::columns(told, print::Values::Hidden))?;
        }
    }
    let file = |told: &Told<'_>| {
        let (file, pages) = (told.relation.file.clone()?, told.pages?);
        Some(Inflation { relation: told.relation.oid, file, pages, height: told.height })
    };
    Ok(told.iter().filter_map(file).collect())
}

struct Teller<'a> {
    relations: &'a Relations,
    defs: &'a BTreeMap<u32, &'a IndexDef>,
    stats: &'a StatsModel,
}

impl<'a> Teller<'a> {
    fn tell(&self, relation: &'a Relation) -> Option<Told<'a>> {
        match &relation.kind {
            RelationKind::Table | RelationKind::Partitioned => self.tell_table(relation),
            RelationKind::Index(facts) => self.tell_index(relation, facts),
        }
    }

    /// A table's figures, and the part of them that is its own: a partition of which nothing is known has an equal share.
    fn figures(&self, relation: &Relation) -> Option<(&'a TableStats, f64)> {
        let own = self.stats.table(&relation.name);
        let above = relation.parent.and_then(|parent| self.relations.by_oid.get(&parent));
        match (own, above) {
            (Some(own), _) if own.source > StatsSource::Assumed => Some((own, 1.0)),
            (own, Some(above)) if above.kind == RelationKind::Partitioned => {
                let shared = self.figures(above);
                let heirs = self.relations.heirs(above.oid).len().max(1) as f64;
                shared.map(|(stats, part)| (stats, part / heirs)).or(own.map(|own| (own, 1.0)))
            }
            (own, _) => own.map(|own| (own, 1.0)),
        }
    }

    fn tell_table(&self, relation: &'a Relation) -> Option<Told<'a>> {
        let (stats, part) = self.figures(relation)?;
        let rows = (stats.rows * part).round().min(MOST_ROWS);
        let has_file = relation.kind == RelationKind::Table;
        let has_heirs = !self.relations.heirs(relation.oid).is_empty();
        let mut columns = Vec::new();
        for attribute in &relation.attributes {
            let Some(column) = stats.columns.get(&attribute.name) else { continue };
            let given = Given { attribute, stats: column.clone(), rows, inherited: false };
            if has_heirs {
                columns.push(Given { inherited: true, ..given.clone() });
            }
            if has_file {
                columns.push(given);
            }
        }
        let pages = has_file.then(|| whole(stats.pages * part).min(pages::MOST_PAGES));
        Some(Told { relation, rows, pages, visible: stats.visible.unwrap_or(VISIBLE), height: None, columns })
    }

    fn tell_index(&self, relation: &'a Relation, facts: &IndexFacts) -> Option<Told<'a>> {
        let table = self.relations.by_oid.get(&facts.table)?;
        let (stats, part) = self.figures(table)?;
        let def = self.defs.get(&relation.oid).copied();
        let held = def.and_then(|def| def.predicate.as_ref());
        let held = held.map_or(1.0, |predicate| cost::condition_selectivity(predicate, Some(stats)));
        let known = stats.indexes.get(&relation.name.name).filter(|_| part == 1.0);
        let rows = known.map_or(stats.rows * part * held, |known| known.rows).round().min(MOST_ROWS);
        let fields: Vec<Field> = (0..relation.attributes.len())
            .map(|at| field(stats, rows, &relation.attributes[at], facts.columns.get(at), key_of(def, at)))
            .collect();
        let (keys, included) = fields.split_at(facts.keys.min(fields.len()));
        let extent = extent(facts, rows, stats.pages * part, keys, included, known);
        let has_file = table.kind == RelationKind::Table;
        let told = if AS_THEY_ARE.contains(&facts.method.as_str()) { keys.len() } else { 0 };
        let columns =
            (0..told).filter_map(|at| expression(stats, rows, &relation.attributes[at], key_of(def, at)?)).collect();
        Some(Told {
            relation,
            rows,
            pages: has_file.then_some(extent.pages.min(pages::MOST_PAGES)),
            visible: 0.0,
            height: (facts.method == "btree").then_some(extent.height),
            columns,
        })
    }
}

fn key_of(def: Option<&IndexDef>, at: usize) -> Option<&Expr> {
    def?.keys.get(at).map(|key| &key.expr)
}

/// A key or a carried column as it lies in the index.
fn field(
    stats: &TableStats,
    rows: f64,
    attribute: &Attribute,
    column: Option<&Option<Ident>>,
    key: Option<&Expr>,
) -> Field {
    let known = column.and_then(Option::as_ref).and_then(|column| stats.columns.get(column));
    let varies = attribute.length < 0;
    let width = if varies { known.map_or(WIDTH, |known| known.avg_width) } else { f64::from(attribute.length) };
    let distinct = match (known, key) {
        (Some(known), _) => distinct_together(stats, rows, known),
        (None, Some(key)) => cost::distinct(key, Some(stats)).0,
        (None, None) => rows,
    };
    Field {
        width,
        align: attribute.align,
        varies,
        null_fraction: known.map_or(0.0, |known| known.null_fraction),
        distinct,
        gathers: !UNGATHERED.contains(&attribute.base),
    }
}

/// The distinct values of a column, put right where equal ones lie together.
///
/// `ANALYZE` reads `300 * default_statistics_target` pages at most, and as many rows of them (`acquire_sample_rows`); its
/// estimator (Haas and Stokes 1998, in `compute_scalar_stats`) takes them for rows of the whole table. Of values that lie
/// together it then finds as many repetitions as the pages it reads would have if they were all, and takes each value to
/// be so much more frequent.
fn distinct_together(stats: &TableStats, rows: f64, known: &ColumnStats) -> f64 {
    const SAMPLED_PAGES: f64 = 30_000.0;
    const TOGETHER: f64 = 0.99;
    let rows = rows * (1.0 - known.null_fraction);
    let alike = rows / known.n_distinct.max(1.0);
    let is_sampled = known.source >= StatsSource::Production && stats.pages > SAMPLED_PAGES;
    if !is_sampled || known.correlation.abs() < TOGETHER || alike <= 1.0 {
        return known.n_distinct;
    }
    rows / (1.0 + (alike - 1.0) * SAMPLED_PAGES / stats.pages)
}

/// What an expression in an index holds: as many distinct values as what it is made of.
fn expression<'a>(stats: &TableStats, rows: f64, attribute: &'a Attribute, key: &Expr) -> Option<Given<'a>> {
    if key.as_column().is_some() {
        return None;
    }
    let of = key.columns().into_iter().find_map(|column| stats.columns.get(&column))?;
    let stats =
        ColumnStats { n_distinct: cost::distinct(key, Some(stats)).0, correlation: 0.0, values: None, ..of.clone() };
    Some(Given { attribute, stats, rows, inherited: false })
}

fn extent(
    facts: &IndexFacts,
    rows: f64,
    heap_pages: f64,
    keys: &[Field],
    included: &[Field],
    known: Option<&IndexStats>,
) -> Extent {
    if let Some(known) = known {
        let pages = whole(known.pages);
        return Extent { pages, height: size::height(pages, keys) };
    }
    match facts.method.as_str() {
        "btree" => {
            // No two rows share all keys of a unique index.
            let mut keys = keys.to_vec();
            if let (true, Some(first)) = (facts.unique, keys.first_mut()) {
                first.distinct = rows;
            }
            size::btree(rows, &keys, included)
        }
        method => Extent { pages: size::other(method, rows, heap_pages, keys), height: 0 },
    }
}

/// Pages as files have them: whole, and at least one.
fn whole(pages: f64) -> u64 {
    // The cast saturates.
    pages.round().max(1.0) as u64
}
