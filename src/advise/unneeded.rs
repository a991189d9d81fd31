//! Existing indexes that no query needs: what the queries ask says so, and plans without them agree.
//!
//! What is asked comes first, because figures may be wrong: an index that some query could use in a way that no other
//! one offers is called unneeded by plans alone, and never on a table so small that plans read it whole. Plans have the
//! last word, with all indexes that may go gone at once, on the schema as it is and with the advised set in place: of
//! two that stand in for each other, one stays.
//!
//! Who has read how much of the code base is not known here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Unneeded, UnneededBy};
use crate::catalog::{Catalog, Index, IndexDef, IndexId, Method, Table, TableKind};
use crate::coverage::{self, Conditions, Need};
use crate::engine::{IndexSet, ScratchError, Tier};
use crate::name::QName;
use crate::query::{AccessPattern, StatementKind};
use crate::stats::ColumnRole;
use crate::workload::WorkloadQuery;

use super::evidence;
use super::planner::{Planner, Priced};
use super::policy;
use super::report::Findings;
use super::stage::Stage;

/// Finds the indexes without which no query is worse off, by table.
pub(super) fn find(
    findings: &Findings<'_>,
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
) -> Result<Vec<Unneeded>, ScratchError> {
    let mut found: Vec<Unneeded> = Vec::new();
    for read in tables(findings) {
        found.extend(read.unneeded(stage));
    }
    Trial { findings, stage, planner }.settle(found)
}

/// A table and the queries that read it.
pub(super) struct Read<'a> {
    pub(super) table: &'a Table,
    /// By their places in the workload.
    pub(super) readers: Vec<usize>,
    findings: &'a Findings<'a>,
}

/// The tables that the application reads, but for those whose indexes are another server's, or parts of another table's.
pub(super) fn tables<'a>(findings: &'a Findings<'a>) -> Vec<Read<'a>> {
    let catalog: &'a Catalog = findings.cx.catalog;
    let parents: BTreeSet<&QName> = catalog.tables.values().filter_map(|table| table.parent.as_ref()).collect();
    let mut readers: BTreeMap<&QName, BTreeSet<usize>> = BTreeMap::new();
    for (at, query) in findings.workload.iter().enumerate() {
        let read = query.shape.references.iter().filter(|one| one.written != Some(StatementKind::Insert));
        for reference in read {
            readers.entry(&reference.table).or_default().insert(at);
        }
    }
    let is_alone = |table: &Table| {
        table.kind != TableKind::Foreign && table.parent.is_none() && !parents.contains(&table.name) && table.complete
    };
    let of_table = |(name, readers): (&QName, BTreeSet<usize>)| {
        let table = catalog.table(name).filter(|table| is_alone(table))?;
        let is_read = readers.iter().any(|at| findings.workload[*at].advisable);
        is_read.then(|| Read { table, readers: readers.into_iter().collect(), findings })
    };
    readers.into_iter().filter_map(of_table).collect()
}

/// Says whether an index is there for queries alone, and the engine knows what it is to them.
pub(super) fn is_free(stage: &Stage<'_>, index: &Index) -> bool {
    let def = &index.def;
    let is_plain = def.predicate.is_none()
        && !matches!(def.method, Method::Other(_))
        && def.keys.iter().all(|key| key.expr.as_column().is_some());
    let is_for_queries = index.backs.is_none() && !def.unique && index.name.is_some();
    is_for_queries && (is_plain || stage.native()) && !stage.replaced().contains(&index.id)
}

/// What an access makes of an index where others are left.
pub(super) fn need(
    query: &WorkloadQuery,
    pattern: &AccessPattern,
    index: &IndexDef,
    others: &[&IndexDef],
    (table, stage): (&Table, &Stage<'_>),
) -> Need {
    let conditions = if is_always(query) { Conditions::Together } else { Conditions::Any };
    coverage::need(index, others, (pattern, conditions), Some(table), stage.target())
}

/// Says whether all that a query says is said whenever it is sent, as in the first form of each that sends it.
fn is_always(query: &WorkloadQuery) -> bool {
    query.senders.iter().all(|sender| sender.variant == 0)
}

/// Says whether rows could no longer be found by a reference to another row as well as an index finds them.
pub(super) fn loses_reference(index: &IndexDef, others: &[&IndexDef], read: &Read<'_>, stage: &Stage<'_>) -> bool {
    let table = read.table;
    // A column that is called like one, or joined like one, is as good as declared.
    let stats = |key: &&crate::name::Ident| read.findings.cx.stats.column(&table.name, key);
    let is_reference = |key: &&crate::name::Ident| stats(key).is_some_and(|stats| stats.role == ColumnRole::Reference);
    let meant = index.keys.first().and_then(|key| key.expr.as_column()).filter(is_reference);
    let declared = table.foreign_keys.iter().map(|key| key.columns.as_slice());
    declared.chain(meant.map(std::slice::from_ref)).any(|columns| {
        let pattern = AccessPattern::by_columns(table.name.clone(), columns);
        let finds = |def: &IndexDef| coverage::covers(def, &pattern, stage.target()).equality;
        let own = finds(index);
        own > 0 && !others.iter().any(|other| finds(other) >= own)
    })
}

impl Read<'_> {
    /// The indexes that may go, as far as what is asked tells, each beside those that stay.
    fn unneeded(&self, stage: &Stage<'_>) -> Vec<Unneeded> {
        let usable = self.table.usable_indexes().filter(|index| !stage.replaced().contains(&index.id));
        let mut left: Vec<&Index> = usable.collect();
        let mut candidates: Vec<&Index> = left.iter().copied().filter(|index| is_free(stage, index)).collect();
        let is_planned = |index: &Index| {
            let plans = self.readers.iter().filter_map(|at| self.findings.workload[*at].planned());
            plans.into_iter().any(|plan| evidence::uses(plan, index.id))
        };
        // What plans do without goes first, and the widest of that.
        candidates.sort_by_cached_key(|index| (is_planned(index), Reverse(index.def.keys.len()), index.id));
        let mut found: Vec<Unneeded> = Vec::new();
        // What plans alone speak against counts as there while the others are judged.
        for by in [UnneededBy::Shape, UnneededBy::Plans] {
            for index in &candidates {
                let others: Vec<&Index> = left.iter().copied().filter(|other| other.id != index.id).collect();
                if others.len() == left.len() {
                    continue;
                }
                if let Some(unneeded) = self.judge(index, &others, stage).filter(|one| one.by == by) {
                    left = others;
                    found.push(unneeded);
                }
            }
        }
        found
    }

    fn judge(&self, index: &Index, others: &[&Index], stage: &Stage<'_>) -> Option<Unneeded> {
        let defs: Vec<&IndexDef> = others.iter().map(|other| &other.def).collect();
        if loses_reference(&index.def, &defs, self, stage) {
            return None;
        }
        let readers = self.readers.len();
        let mut found =
            Unneeded { index: index.id, by: UnneededBy::Shape, readers, could: 0, instead: None, proof: None };
        let mut instead: BTreeMap<IndexId, usize> = BTreeMap::new();
        for at in &self.readers {
            let query = &self.findings.workload[*at];
            let mut could = false;
            for pattern in query.shape.patterns.iter().filter(|pattern| pattern.table == self.table.name) {
                match need(query, pattern, &index.def, &defs, (self.table, stage)) {
                    Need::None => continue,
                    // Another rule says how the query has to be written for the index.
                    Need::Meant => return None,
                    Need::Met(other) => *instead.entry(others[other].id).or_default() += 1,
                    Need::Own if !self.is_told_by_plan(query, pattern, stage) => return None,
                    Need::Own => found.by = UnneededBy::Plans,
                }
                could = true;
            }
            found.could += usize::from(could);
        }
        // The one that does so most often, the first of them by name.
        found.instead = instead.into_iter().max_by_key(|(id, count)| (*count, Reverse(*id))).map(|(id, _)| id);
        Some(found)
    }
}

impl Read<'_> {
    /// Says whether the plan of a query tells what it needs: plans of a small table tell nothing, nor do those of an engine
    /// that stands in or was told no figures, and of what comes and goes there is a plan for a few of its forms only.
    fn is_told_by_plan(&self, query: &WorkloadQuery, pattern: &AccessPattern, stage: &Stage<'_>) -> bool {
        let facts = self.findings.facts;
        let is_judge = facts.native && facts.tier_ceiling < Tier::Structure;
        let is_fixed = is_always(query) && !pattern.predicates.iter().any(|one| one.optional);
        is_judge && is_fixed && query.planned().is_some() && !stage.is_small(&self.table.name)
    }
}

/// The engine and what is asked of it.
struct Trial<'a, 'p> {
    findings: &'a Findings<'a>,
    stage: &'a Stage<'a>,
    planner: &'a mut Planner<'p>,
}

/// A query under a set of indexes, its plan with them, and those of the indexes that may go which the plan uses.
struct User {
    at: usize,
    with: IndexSet,
    before: Priced,
    uses: Vec<IndexId>,
}

impl Trial<'_, '_> {
    /// Takes all of them away at once, and puts back what a query that costs more had used, until none does.
    fn settle(mut self, mut found: Vec<Unneeded>) -> Result<Vec<Unneeded>, ScratchError> {
        let users = self.users(&found)?;
        loop {
            let gone: BTreeSet<IndexId> = found.iter().map(|unneeded| unneeded.index).collect();
            let asking: Vec<&User> = users.iter().filter(|user| user.uses.iter().any(|id| gone.contains(id))).collect();
            let without = |user: &&User| (user.at, self.without(user, &gone));
            let keys: Vec<_> = asking.iter().map(without).collect();
            let answers = self.planner.plan_under(self.stage, &keys)?;
            let costs_more = |user: &User, after: &Option<Priced>| {
                after.as_ref().is_none_or(|after| after.price > user.before.price * policy::SAME)
            };
            let worse = asking.iter().zip(&answers).filter(|(user, after)| costs_more(user, after));
            let used: BTreeSet<IndexId> = worse.flat_map(|(user, _)| user.uses.iter().copied()).collect();
            let by_plans = found.iter().filter(|one| one.by == UnneededBy::Plans && used.contains(&one.index));
            let by_plans: BTreeSet<IndexId> = by_plans.map(|one| one.index).collect();
            // What only plans had spoken against comes back first.
            let needed = if by_plans.is_empty() { used } else { by_plans };
            if needed.is_empty() {
                self.prove(&mut found, &asking, &answers);
                return Ok(found);
            }
            found.retain(|unneeded| !needed.contains(&unneeded.index));
        }
    }

    /// The queries whose plans use what may go, as the schema is and with the advised set in place.
    fn users(&mut self, found: &[Unneeded]) -> Result<Vec<User>, ScratchError> {
        let gone: BTreeSet<IndexId> = found.iter().map(|unneeded| unneeded.index).collect();
        let catalog = self.findings.cx.catalog;
        let homes: BTreeSet<&QName> = gone.iter().filter_map(|id| Some(&catalog.index(*id)?.def.table)).collect();
        let workload = self.findings.workload.iter().enumerate();
        let reading = workload.filter(|(_, query)| {
            query.planned().is_some() && query.engine.references.iter().any(|table| homes.contains(table))
        });
        let keys: Vec<(usize, IndexSet)> = reading
            .flat_map(|(at, query)| {
                let advised = self.stage.on(&query.engine.references.iter().collect(), &[]);
                let as_is = (at, IndexSet::default());
                [Some(as_is), (advised != IndexSet::default()).then_some((at, advised))].into_iter().flatten()
            })
            .collect();
        let plans = self.planner.plan_under(self.stage, &keys)?;
        let user = |((at, with), before): ((usize, IndexSet), Option<Priced>)| {
            let before = before?;
            let uses: Vec<IndexId> = before.plan.root.indexes().into_iter().filter(|id| gone.contains(id)).collect();
            (!uses.is_empty()).then_some(User { at, with, before, uses })
        };
        Ok(keys.into_iter().zip(plans).filter_map(user).collect())
    }

    fn without(&self, user: &User, gone: &BTreeSet<IndexId>) -> IndexSet {
        let tables = &self.findings.workload[user.at].engine.references;
        let is_here =
            |id: &&IndexId| self.findings.cx.catalog.index(**id).is_some_and(|index| tables.contains(&index.def.table));
        let mut set = user.with.clone();
        set.hidden.extend(gone.iter().filter(is_here));
        set
    }

    /// Shows, of an index that plans used, the one of the application that costs most.
    fn prove(&self, found: &mut [Unneeded], users: &[&User], answers: &[Option<Priced>]) {
        for unneeded in found {
            let using = users.iter().zip(answers).filter_map(|(user, after)| Some((user, after.as_ref()?)));
            let shown = using.filter(|(user, _)| {
                user.uses.contains(&unneeded.index)
                    && user.with == IndexSet::default()
                    && self.findings.workload[user.at].advisable
            });
            let dearest =
                shown.max_by(|(a, _), (b, _)| a.before.price.total_cmp(&b.before.price).then(b.at.cmp(&a.at)));
            unneeded.proof =
                dearest.map(|(user, after)| self.findings.proof(user.at, &user.before, after, &BTreeMap::new()));
        }
    }
}
