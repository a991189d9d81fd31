//! The schema as it stands while advice is being found: with what is advised so far, and every candidate known to it.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Index, IndexDef, IndexId, TableKind};
use crate::config::Limits;
use crate::cost::{self, PriceContext};
use crate::dialect::{Dialect, Target};
use crate::engine::{EngineFacts, IndexSet, Pricing};
use crate::name::QName;
use crate::plan::Plan;
use crate::source::{FileId, HostSpan};
use crate::workload::WorkloadQuery;

use super::AdviseContext;
use super::keys::{Judge, Shares};

/// The schema and what is advised so far.
pub(super) struct Stage<'a> {
    cx: &'a AdviseContext<'a>,
    facts: &'a EngineFacts,
    shares: Shares,
    /// The schema; candidates stand in it as not held, advised ones as held, replaced ones as not held any more.
    catalog: Catalog,
    /// What is advised, by number on the engine.
    advised: BTreeSet<IndexId>,
    replaced: BTreeSet<IndexId>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(cx: &'a AdviseContext<'a>, facts: &'a EngineFacts, workload: &[WorkloadQuery]) -> Self {
        Self {
            cx,
            facts,
            shares: Shares::of(workload),
            catalog: cx.catalog.clone(),
            advised: BTreeSet::new(),
            replaced: BTreeSet::new(),
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.cx.target
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.cx.target.dialect
    }

    pub(super) fn limits(&self) -> &Limits {
        self.cx.limits
    }

    /// Whether the engine speaks the target's dialect itself.
    pub(super) fn native(&self) -> bool {
        self.facts.native
    }

    /// Whether the engine prices its plans itself.
    pub(super) fn prices_itself(&self) -> bool {
        self.facts.pricing == Pricing::Engine
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What candidates on a table are judged by; nothing is advised on a table whose columns or figures are not known, or
    /// which is another server's.
    pub(super) fn judge(&self, table: &QName) -> Option<Judge<'_>> {
        let table = self.catalog.tables.get(table).filter(|table| table.kind != TableKind::Foreign)?;
        Some(Judge {
            dialect: self.dialect(),
            table,
            stats: self.cx.stats.table(&table.name)?,
            shares: &self.shares,
            limit_rows: self.cx.limits.limit_rows,
        })
    }

    /// Makes a candidate known under its number, so that plans which use it can be priced.
    pub(super) fn note(&mut self, id: IndexId, def: &IndexDef) {
        let Some(table) = self.catalog.tables.get_mut(&def.table) else { return };
        if table.indexes.iter().all(|index| index.id != id) {
            let place = HostSpan { file: FileId(0), start: 0, end: 0 };
            table.indexes.push(Index {
                id,
                name: None,
                def: def.clone(),
                place,
                held: false,
                valid: true,
                backs: None,
            });
        }
    }

    /// Sets what is advised, and which indexes of the schema that replaces.
    pub(super) fn advise(&mut self, advised: BTreeSet<IndexId>, replaced: BTreeSet<IndexId>) {
        let Self { catalog, advised: before, replaced: gone, .. } = self;
        for index in catalog.tables.values_mut().flat_map(|table| &mut table.indexes) {
            let comes = advised.contains(&index.id) || (gone.contains(&index.id) && !replaced.contains(&index.id));
            let goes = replaced.contains(&index.id) || (before.contains(&index.id) && !advised.contains(&index.id));
            index.held = (index.held || comes) && !goes;
        }
        *before = advised;
        *gone = replaced;
    }

    /// Takes one index out of the set until it is [reinstated](Self::reinstate); what it replaced is back.
    pub(super) fn retract(&mut self, table: &QName, id: IndexId, replaced: &[IndexId]) {
        self.advised.remove(&id);
        self.replaced.retain(|id| !replaced.contains(id));
        self.hold(table, |index| (index.held || replaced.contains(&index.id)) && index.id != id);
    }

    /// Puts an index back into the set.
    pub(super) fn reinstate(&mut self, table: &QName, id: IndexId, replaced: &[IndexId]) {
        self.advised.insert(id);
        self.replaced.extend(replaced);
        self.hold(table, |index| (index.held || index.id == id) && !replaced.contains(&index.id));
    }

    fn hold(&mut self, table: &QName, held: impl Fn(&Index) -> bool) {
        let indexes = self.catalog.tables.get_mut(table).into_iter().flat_map(|table| &mut table.indexes);
        indexes.for_each(|index| index.held = held(index));
    }

    /// The set as it is: what is advised and what that replaces.
    pub(super) fn clone_set(&self) -> IndexSet {
        IndexSet { shown: self.advised.clone(), hidden: self.replaced.clone() }
    }

    /// The tables on which the set is another than before.
    pub(super) fn changed_since(&self, before: &IndexSet) -> BTreeSet<QName> {
        let differs = |id: &IndexId| {
            self.advised.contains(id) != before.shown.contains(id)
                || self.replaced.contains(id) != before.hidden.contains(id)
        };
        let indexes = self.catalog.indexes().filter(|index| differs(&index.id));
        indexes.map(|index| index.def.table.clone()).collect()
    }

    pub(super) fn advised(&self) -> &BTreeSet<IndexId> {
        &self.advised
    }

    pub(super) fn replaced(&self) -> &BTreeSet<IndexId> {
        &self.replaced
    }

    /// The indexes on some tables as the schema stands, and some candidates there; other tables change no plan.
    pub(super) fn on(&self, tables: &BTreeSet<&QName>, candidates: &[IndexId]) -> IndexSet {
        let mut set = IndexSet { shown: candidates.iter().copied().collect(), ..IndexSet::default() };
        for index in tables.iter().filter_map(|table| self.catalog.tables.get(*table)).flat_map(|table| &table.indexes)
        {
            if self.advised.contains(&index.id) {
                set.shown.insert(index.id);
            } else if self.replaced.contains(&index.id) {
                set.hidden.insert(index.id);
            }
        }
        set
    }

    /// Prices a plan of a query.
    pub(super) fn price(&self, plan: &Plan, query: &WorkloadQuery) -> f64 {
        if let (Pricing::Engine, Some(estimate)) = (self.facts.pricing, plan.root.estimate) {
            return estimate.cost;
        }
        let cx = PriceContext {
            shape: &query.shape,
            catalog: &self.catalog,
            stats: self.cx.stats,
            candidates: &|_| None,
            limit_rows: self.cx.limits.limit_rows,
        };
        cost::price(plan, &cx)
    }

    /// How large a b-tree is, roughly: its entries, in pages that are nine tenths full.
    pub(super) fn rough_size(&self, def: &IndexDef) -> f64 {
        const ENTRY: f64 = 16.0;
        const FILL: f64 = 0.9;
        let Some(stats) = self.cx.stats.table(&def.table) else { return 0.0 };
        let width = |column: &crate::name::Ident| stats.columns.get(column).map_or(8.0, |column| column.avg_width);
        let width: f64 = def.key_columns().chain(&def.include).map(width).sum();
        stats.rows * (width + ENTRY) / FILL
    }

    /// Says whether a table is too small for anything to matter.
    pub(super) fn is_small(&self, table: &QName) -> bool {
        self.cx.stats.table(table).is_none_or(|stats| stats.rows < self.cx.limits.min_rows)
    }
}
