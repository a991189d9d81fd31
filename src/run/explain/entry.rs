//! Writes what is known of a chosen query as the contract's entry.

use std::collections::{BTreeMap, BTreeSet};

use super::{Explained, serving};
use crate::advice::{Action, AdviceId, Costs, IndexAdvice, QueryAdvice, Trial, Verdict, keys};
use crate::catalog::IndexId;
use crate::engine::{EngineFacts, Fidelity};
use crate::expr::Expr;
use crate::name::Ident;
use crate::outcome::{CandidateEntry, ColumnFiguresEntry, ExplainedEntry, ReferenceEntry, UnfitEntry};
use crate::plan;
use crate::query::{AccessPattern, PathClass, QuerySite, RefId, Resolution, UnknownKind, VariantKind};
use crate::run::analysis::Database;
use crate::run::entries::{advice_name, index_column, method};
use crate::stats::TableStats;
use crate::workload::{PlanLabels, WorkloadQuery};

/// Writes the entry of one form of a chosen query.
pub(in crate::run) fn explained(
    database: &Database,
    site: &QuerySite,
    form: VariantKind,
    query: &WorkloadQuery,
) -> ExplainedEntry {
    let empty = (Explained::default(), QueryAdvice::default());
    let asked = database.explained.get(&query.id).unwrap_or(&empty.0);
    let advised = database.advised.get(query.id.0 as usize).unwrap_or(&empty.1);
    let planned = query.planned().is_some();
    let serving: BTreeSet<AdviceId> =
        advised.advice.iter().map(|(_, id)| *id).chain(asked.used.iter().copied()).collect();
    let writer = Writer { database, query, asked };
    ExplainedEntry {
        notes: writer.notes(site, form),
        engine: database.engine.as_ref().filter(|_| planned).map(EngineFacts::label),
        engine_sql: planned.then(|| query.engine.sql.clone()),
        plan_before: writer.plan_before(),
        raw_plan_before: asked.raw_before.clone(),
        plan_after: asked.plan_after.clone(),
        raw_plan_after: asked.raw_after.clone(),
        references: writer.references(),
        candidates: advised.tried.iter().map(|trial| writer.candidate(trial, &serving)).collect(),
        unfit: writer.unfit(advised),
        advice: database.listed_advice().filter(|one| serving.contains(&one.id)).map(advice_name).collect(),
        repro: asked.repro.clone(),
    }
}

/// What is known of the columns by which a reference's rows are found.
fn figures(pattern: &AccessPattern, stats: &TableStats) -> Vec<ColumnFiguresEntry> {
    let branches = pattern.disjunctions.iter().flat_map(|either| either.branches.iter().flatten());
    let conditions = pattern.predicates.iter().chain(branches).map(|predicate| &predicate.key);
    let keys = conditions.chain(pattern.joins.iter().map(|join| &join.key));
    let columns: BTreeSet<Ident> = keys.flat_map(Expr::columns).collect();
    let entry = |name: &Ident| {
        let column = stats.columns.get(name)?;
        Some(ColumnFiguresEntry {
            column: name.to_string(),
            distinct: column.n_distinct.round() as u64,
            null_fraction: column.null_fraction,
            source: column.source.word().to_owned(),
        })
    };
    columns.iter().filter_map(entry).collect()
}

struct Writer<'a> {
    database: &'a Database,
    query: &'a WorkloadQuery,
    asked: &'a Explained,
}

impl Writer<'_> {
    fn notes(&self, site: &QuerySite, form: VariantKind) -> Vec<String> {
        let mut notes = Vec::new();
        if site.resolution == Resolution::Partial {
            notes.push("only a part of this query is known".to_owned());
        }
        for unknown in &self.query.shape.unknown {
            notes.push(match &unknown.kind {
                UnknownKind::Table(table) => {
                    format!("no step of the schema creates `{table}`: name the folder of its project behind the query")
                }
                UnknownKind::Column { column, .. } => format!("no table of the query has a column `{column}`"),
                UnknownKind::Output { column, of, .. } => format!("`{of}` gives no column `{column}`"),
            });
        }
        if !site.class.is_judged() {
            notes.push(
                "what migrations, seeds and other people's code send is not planned: it was written for another schema"
                    .to_owned(),
            );
        } else if site.class != PathClass::App {
            notes.push("it is no application code, so nothing is advised for it".to_owned());
        } else if form != VariantKind::Required {
            notes.push("a form that is not always sent, so nothing is advised for it".to_owned());
        }
        notes.extend(self.unplanned().filter(|_| site.class.is_judged()));
        notes
    }

    /// Why there is no plan.
    fn unplanned(&self) -> Option<String> {
        let by_shape = "judged by its shape";
        if self.query.planned().is_some() {
            return None;
        }
        let Some(engine) = &self.database.engine else {
            return Some(format!("no engine plans it: {by_shape}"));
        };
        Some(match (&self.query.engine.fidelity, &self.query.plan) {
            (Fidelity::None(reason), _) => format!("cannot be put to {}: {reason}; {by_shape}", engine.label()),
            (_, Some(Err(refusal))) => format!("refused by {}: {refusal}; {by_shape}", engine.label()),
            _ => "the time given by `--timeout` was over before it could be planned".to_owned(),
        })
    }

    fn plan_before(&self) -> Option<String> {
        let labels = PlanLabels { query: self.query, catalog: &self.database.catalog, advised: &BTreeMap::new() };
        Some(plan::tree(self.query.planned()?, &labels))
    }

    fn references(&self) -> Vec<ReferenceEntry> {
        let Database { catalog, stats, target, .. } = self.database;
        let entry = |reference: &crate::query::TableRef| {
            let known = stats.table(&reference.table);
            let pattern = &self.query.shape.patterns[usize::from(reference.id.0)];
            let (served_by, others) = match catalog.table(&reference.table) {
                Some(table) => serving::serving(table, pattern, &self.query.shape, target),
                None => (None, Vec::new()),
            };
            ReferenceEntry {
                table: reference.table.to_string(),
                reference: reference.label.to_string(),
                // The cast saturates, and nobody has 2^63 rows.
                rows: known.map(|stats| stats.rows.round() as u64),
                pages: known.map(|stats| stats.pages.round() as u64),
                rows_reason: self.asked.bases.get(&reference.table).map(ToString::to_string),
                columns: known.map_or_else(Vec::new, |stats| figures(pattern, stats)),
                served_by,
                others,
            }
        };
        self.query.shape.references.iter().map(entry).collect()
    }

    fn label(&self, reference: RefId) -> (String, String) {
        let found = self.query.shape.references.get(usize::from(reference.0));
        found.map_or_else(Default::default, |found| (found.table.to_string(), found.label.to_string()))
    }

    fn unfit(&self, advised: &QueryAdvice) -> Vec<UnfitEntry> {
        let mut found = Vec::new();
        for unfit in &advised.unfit {
            let (table, reference) = self.label(unfit.reference);
            let entry =
                UnfitEntry { table, reference, key: unfit.key.to_string(), why: unfit.why.explain().to_owned() };
            // One table under one name may be asked the same in several places.
            if !found.contains(&entry) {
                found.push(entry);
            }
        }
        found
    }

    fn advice(&self, wanted: impl Fn(AdviceId) -> bool) -> impl Iterator<Item = &IndexAdvice> {
        let changes = self.database.advice.iter().filter(|advice| advice.action != Action::Drop);
        changes.filter(move |advice| wanted(advice.id))
    }

    fn candidate(&self, trial: &Trial, serving: &BTreeSet<AdviceId>) -> CandidateEntry {
        let (table, reference) = self.label(trial.reference);
        let became = self.became(trial, serving);
        let costs = self.costs();
        let why = match (&trial.verdict, became) {
            (Verdict::Kept, Some(advice)) if advice.def == trial.def => {
                format!("kept{}: advised as `{}`", self.by_shape(), advice.name)
            }
            (Verdict::Kept, Some(advice)) => {
                let by_shape = self.by_shape();
                format!(
                    "kept{by_shape}: the advised `{}`, `{}`, does all that it would",
                    advice.name,
                    keys(&advice.def)
                )
            }
            (Verdict::Kept, None) => self.outvoted(serving),
            (verdict, _) => verdict.explain(&|id| self.index(id), costs),
        };
        let prices = trial.verdict.prices().filter(|_| costs == Costs::Shown);
        CandidateEntry {
            table,
            reference,
            method: method(&trial.def.method).to_owned(),
            columns: trial.def.keys.iter().map(index_column).collect(),
            predicate: trial.def.predicate.as_ref().map(ToString::to_string),
            verdict: trial.verdict.name().to_owned(),
            guard: trial.verdict.guard().map(str::to_owned),
            why,
            cost_before: prices.map(|(before, _)| before),
            cost_after: prices.map(|(_, after)| after),
            advice: became.map(advice_name),
        }
    }

    /// Costs are worth showing where the target's own engine planned the query as it is sent.
    fn costs(&self) -> Costs {
        let native = self.database.engine.as_ref().is_some_and(|engine| engine.native);
        match native && self.query.engine.fidelity == Fidelity::Exact {
            true => Costs::Shown,
            false => Costs::Hidden,
        }
    }

    fn by_shape(&self) -> &'static str {
        if self.query.planned().is_some() { "" } else { " by its shape alone, no existing index serves it" }
    }

    fn index(&self, id: IndexId) -> String {
        self.database.catalog.index(id).map_or_else(|| "an index".to_owned(), serving::name)
    }

    /// The advice that a kept candidate became: the same index, or one whose first keys it is made of.
    fn became(&self, trial: &Trial, serving: &BTreeSet<AdviceId>) -> Option<&IndexAdvice> {
        let def = &trial.def;
        let takes = |advice: &IndexAdvice| {
            advice.def.table == def.table
                && advice.def.predicate == def.predicate
                && advice
                    .def
                    .keys
                    .get(..def.keys.len())
                    .is_some_and(|head| head.iter().all(|key| def.keys.contains(key)))
        };
        if trial.verdict != Verdict::Kept {
            return None;
        }
        let same = self.advice(|_| true).find(|advice| advice.def == *def);
        same.or_else(|| self.advice(|id| serving.contains(&id)).find(|advice| takes(advice)))
            .or_else(|| self.advice(|_| true).find(|advice| takes(advice)))
    }

    /// What became of a candidate that the query keeps for itself and the whole workload does not need.
    fn outvoted(&self, serving: &BTreeSet<AdviceId>) -> String {
        let names: Vec<String> =
            self.advice(|id| serving.contains(&id)).map(|advice| format!("`{}`", advice.name)).collect();
        match names.is_empty() {
            true => "kept for this query alone; not needed in the set for the whole workload".to_owned(),
            false => format!(
                "kept for this query alone; in the set for the whole workload {} serves it nearly as well",
                names.join(", ")
            ),
        }
    }
}
