//! What a schema's indexes need beside what queries lack: those that are missing under foreign keys, those too many.
//!
//! The rules `unindexed-foreign-key`, `duplicate-index`, `redundant-index`, `soft-delete-partial`, `unused-index`,
//! `excessive-composite` and `validated-unique-without-index` tell it, [`schema_advice`] turns it into changes for the advised set; both read it
//! here, so that a finding and the DDL that mends it never disagree.

mod foreign_keys;
mod idle;
mod parts;
mod surplus;
mod unkept;

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Action, AdviceId, IndexAdvice, Narrowed, ProofKind, Shortened, Unneeded};
use crate::catalog::{Catalog, IndexDef, Table};
use crate::config::Limits;
use crate::coverage;
use crate::dialect::Target;
use crate::name::Ident;
use crate::name::QName;
use crate::query::{AccessPattern, Predicate, PredicateOp, StatementKind, TableRef};
use crate::source::HostSpan;
use crate::stats::StatsModel;
use crate::workload::{Understood, WorkloadQuery};

pub(super) use foreign_keys::unindexed;
pub(super) use idle::{idle, long};
pub(super) use parts::parts;
pub(super) use surplus::{Kind, surplus};
pub use unkept::{Checking, UNKEPT, Unkept};

/// A change of indexes that the schema asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaAdvice {
    /// `Create` or `Drop`.
    pub action: Action,
    /// The advised index that does it already, though no plan has proven it; the schema's reason makes it sure.
    pub advised: Option<AdviceId>,
    /// The existing index's name, for `Drop`.
    pub name: Option<Ident>,
    /// What it indexes.
    pub def: IndexDef,
    /// The existing indexes that it makes superfluous.
    pub replaces: Vec<QName>,
    /// The existing index that serves what a dropped one served.
    pub covered_by: Option<Ident>,
    /// Why.
    pub reason: String,
    /// The rule that asks for it.
    pub rule: &'static str,
    /// What it is about: the foreign key, or the index too many.
    pub place: HostSpan,
}

/// What the schema is asked for beside the queries: the same rows that the rules speak of.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep<'a> {
    /// The schema.
    pub catalog: &'a Catalog,
    /// What is known or assumed of its data.
    pub stats: &'a StatsModel,
    /// What production runs.
    pub target: &'a Target,
    /// The numbers that decide when to speak.
    pub limits: &'a Limits,
    /// Tables that a framework makes, whose indexes the code cannot take away.
    pub generated: &'a BTreeSet<QName>,
    /// What queries need of indexes that no plan shows.
    pub uses: &'a Uses<'a>,
    /// Indexes of which only a part is read.
    pub narrowed: &'a [Narrowed],
    /// Indexes without which no query is worse off.
    pub unneeded: &'a [Unneeded],
    /// Indexes whose last keys no query needs.
    pub shortened: &'a [Shortened],
    /// How much of what is asked of the database could be read.
    pub understood: &'a Understood,
}

/// What the queries of a workload need of indexes that no plan shows.
#[derive(Debug)]
pub struct Uses<'a> {
    /// Tables that queries of the application delete from.
    deleted: BTreeSet<&'a QName>,
    /// Tables of which queries leave out rows that are marked as deleted.
    marked: BTreeSet<&'a QName>,
    /// What asks a table for an order.
    ordered: BTreeMap<&'a QName, Vec<&'a AccessPattern>>,
}

impl<'a> Uses<'a> {
    /// Reads them off a workload.
    pub fn of(workload: &'a [WorkloadQuery]) -> Self {
        let references = workload.iter().filter(|query| query.advisable).flat_map(|query| &query.shape.references);
        let deletes = |reference: &&TableRef| reference.written == Some(StatementKind::Delete);
        let deleted = references.filter(deletes).map(|reference| &reference.table).collect();
        let mut ordered: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pattern in workload.iter().flat_map(|query| &query.shape.patterns).filter(|one| !one.order.is_empty()) {
            ordered.entry(&pattern.table).or_default().push(pattern);
        }
        let patterns = workload.iter().flat_map(|query| &query.shape.patterns);
        let marked = patterns.filter(|one| one.predicates.iter().any(is_unmarked)).map(|one| &one.table).collect();
        Self { deleted, marked, ordered }
    }

    /// What asks a table for an order.
    fn orders(&self, table: &QName) -> impl Iterator<Item = &'a AccessPattern> {
        self.ordered.get(table).into_iter().flatten().copied()
    }
}

/// Says whether a condition leaves out what is marked as deleted: `deleted_at IS NULL`.
fn is_unmarked(predicate: &Predicate) -> bool {
    let marks = |column: &Ident| column.as_str().to_ascii_lowercase().starts_with("deleted");
    predicate.op == PredicateOp::Null && predicate.key.as_column().is_some_and(marks)
}

/// Lists the changes of indexes that the schema asks for, beside what `advised` is proven to bring; by table, then index.
///
/// `unkept` is what only code keeps unique; `speaks` says whether a rule has a say about what stands at a place.
pub fn schema_advice(
    upkeep: &Upkeep<'_>,
    advised: &[&IndexAdvice],
    unkept: &[Unkept<'_>],
    speaks: &dyn Fn(&str, HostSpan) -> bool,
) -> Vec<SchemaAdvice> {
    let mut made: BTreeMap<&QName, Vec<&IndexAdvice>> = BTreeMap::new();
    for advice in advised.iter().filter(|advice| advice.action != Action::Drop) {
        made.entry(&advice.def.table).or_default().push(advice);
    }
    let replaced: BTreeSet<&Ident> =
        advised.iter().flat_map(|advice| &advice.replaces).map(|replaced| &replaced.name).collect();
    let mut changes: Vec<SchemaAdvice> = Vec::new();
    for table in upkeep.catalog.tables.values() {
        let made = made.get(&table.name).map_or(&[][..], Vec::as_slice);
        changes.extend(creates(upkeep, table, made, speaks));
        for found in surplus(upkeep, table) {
            let (rule, place) = (found.kind.rule(), found.index.place);
            let Some(name) = found.index.name.as_ref().filter(|_| speaks(rule, place)) else { continue };
            if !replaced.contains(name) {
                changes.push(SchemaAdvice {
                    action: Action::Drop,
                    advised: None,
                    name: Some(name.clone()),
                    def: found.index.def.clone(),
                    replaces: Vec::new(),
                    covered_by: found.keeper.name.clone(),
                    reason: found.told(),
                    rule,
                    place,
                });
            }
        }
    }
    for table in upkeep.catalog.tables.values() {
        let parts = parts(upkeep, table).into_iter().filter(|part| speaks(parts::RULE, part.index.place));
        changes.extend(parts.filter_map(|part| part.change().filter(|_| !replaced.contains(part.name))));
    }
    for found in unkept.iter().filter(|found| speaks(UNKEPT, found.place)) {
        changes.extend(found.change(upkeep, advised, &changes));
    }
    let mut gone: BTreeSet<Ident> = changes.iter().filter_map(|change| change.name.clone()).collect();
    gone.extend(changes.iter().flat_map(|change| &change.replaces).map(|index| index.name.clone()));
    gone.extend(replaced.into_iter().cloned());
    changes.extend(idle::changes(upkeep, &gone, speaks));
    changes
}

/// Lists the indexes that a table's foreign keys want beside those that are `made`.
fn creates(
    upkeep: &Upkeep<'_>,
    table: &Table,
    made: &[&IndexAdvice],
    speaks: &dyn Fn(&str, HostSpan) -> bool,
) -> Vec<SchemaAdvice> {
    let mut changes: Vec<SchemaAdvice> = Vec::new();
    for found in unindexed(upkeep, table).into_iter().filter(|found| found.need.is_shown()) {
        let (rule, place) = ("unindexed-foreign-key", found.key.place);
        let def = found.index(upkeep.target.dialect);
        let does = |made: &IndexDef| serves(made, &def, upkeep.target);
        if !speaks(rule, place) || changes.iter().any(|change| does(&change.def)) {
            continue;
        }
        let advised = made.iter().filter(|advice| does(&advice.def)).max_by_key(|advice| is_proven(advice));
        if advised.is_none_or(|advice| !is_proven(advice)) {
            changes.push(SchemaAdvice {
                action: Action::Create,
                advised: advised.map(|advice| advice.id),
                name: None,
                reason: found.need.told(found.key),
                def,
                replaces: Vec::new(),
                covered_by: None,
                rule,
                place,
            });
        }
    }
    changes
}

/// Says whether a plan speaks for an index; what a query's shape alone asks for is not shown to everybody.
fn is_proven(advice: &IndexAdvice) -> bool {
    advice.proof.as_ref().is_none_or(|proof| proof.kind != ProofKind::Shape)
}

/// Says whether an index does what `wanted` would.
pub(super) fn serves(made: &IndexDef, wanted: &IndexDef, target: &Target) -> bool {
    made.table == wanted.table && coverage::does_all(made, wanted, target)
}
