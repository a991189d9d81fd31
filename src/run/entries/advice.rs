//! Advice, what it gains and what proves it, as the report says it.

use std::collections::{BTreeMap, BTreeSet};

use super::{index_column, method, site_name};
use crate::advice::{AdviceId, IndexAdvice, Proof, ProofKind};
use crate::finding::Confidence;
use crate::name::{Ident, QName};
use crate::outcome::{AdviceEntry, CurveEntry, ProofEntry, ServedEntry};
use crate::run::analysis::{Analysis, Database};
use crate::run::classes;
use crate::run::concrete::Quotes;
use crate::stats::StatsSource;
use crate::workload::QueryId;

/// Writes a database's advice.
pub(in crate::run) fn advice(analysis: &Analysis, database: &Database, quotes: &Quotes<'_>) -> Vec<AdviceEntry> {
    let points = database.curve.iter().flat_map(|curve| &curve.points);
    let order: BTreeMap<AdviceId, usize> = points.zip(0..).map(|(point, at)| (point.advice, at)).collect();
    let mut listed: Vec<&IndexAdvice> = database.listed_advice().collect();
    // What has no place makes no index, and may need one of those that do.
    listed.sort_by_key(|advice| (order.get(&advice.id).copied().unwrap_or(usize::MAX), advice.id));
    listed.into_iter().map(|advice| advice_entry(analysis, database, advice, quotes)).collect()
}

/// Writes what a database's advice gains change by change, as far as it is listed.
pub(in crate::run) fn curve(database: &Database) -> Option<CurveEntry> {
    let curve = database.curve.as_ref()?;
    let cost = curve.proven.then_some(curve.before);
    let listed: BTreeMap<AdviceId, &IndexAdvice> = database.listed_advice().map(|advice| (advice.id, advice)).collect();
    let gains = curve.points.iter().filter_map(|point| {
        let advice = listed.get(&point.advice)?;
        Some((advice_name(advice), advice.size, point.gain))
    });
    Some(CurveEntry::new(database.name.to_string(), curve.queries, cost, gains))
}

/// The plans of the queries that advice serves, that of its proof first.
fn served(analysis: &Analysis, database: &Database, advice: &IndexAdvice) -> Vec<ServedEntry> {
    let proof = |query: &QueryId| database.advised.get(query.0 as usize)?.proof.as_ref();
    let gain = |proof: &Proof| proof.cost_before.zip(proof.cost_after).map_or(0.0, |(before, after)| before - after);
    let mut proofs: Vec<(QueryId, &Proof)> =
        advice.serves.iter().filter_map(|query| Some((*query, proof(query)?))).collect();
    proofs.retain(|(_, proof)| proof.plan_before.is_some());
    proofs.sort_by(|(_, a), (_, b)| {
        let is_chosen = |proof| advice.proof.as_ref() == Some(proof);
        is_chosen(*b).cmp(&is_chosen(*a)).then_with(|| gain(b).total_cmp(&gain(a)))
    });
    let entry = |(query, one): (QueryId, &Proof)| {
        let queries: BTreeSet<String> = query_names(analysis, database, query).into_iter().collect();
        ServedEntry { queries: queries.into_iter().collect(), proof: proof_entry(one) }
    };
    proofs.into_iter().map(entry).collect()
}

fn advice_entry(analysis: &Analysis, database: &Database, advice: &IndexAdvice, quotes: &Quotes<'_>) -> AdviceEntry {
    let dialect = database.target.dialect;
    AdviceEntry {
        id: advice_name(advice),
        action: advice.action,
        database: database.name.to_string(),
        table: advice.def.table.to_string(),
        name: advice.name.to_string(),
        columns: advice.def.keys.iter().map(index_column).collect(),
        include: advice.def.include.iter().map(ToString::to_string).collect(),
        predicate: advice.def.predicate.as_ref().map(ToString::to_string),
        unique: advice.def.unique,
        method: method(&advice.def.method).to_owned(),
        ddl: advice.to_ddl(dialect),
        down: advice.to_down(dialect, &originals(database, advice)),
        host: classes::steps(database, advice, quotes),
        replaces: advice.replaces.iter().map(|name| name.name.to_string()).collect(),
        covered_by: advice.covered_by.as_ref().map(ToString::to_string),
        reason: advice.reason.clone(),
        confidence: confidence(database, advice),
        queries: advice
            .serves
            .iter()
            .flat_map(|query| query_names(analysis, database, *query))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        proofs: served(analysis, database, advice),
        cost_before: advice.proof.as_ref().and_then(|proof| proof.cost_before),
        cost_after: advice.proof.as_ref().and_then(|proof| proof.cost_after),
        size_bytes: advice.size,
        write_cost: advice.write_cost,
    }
}

/// How sure advice is: as sure as the surest finding that asks for it.
pub(in crate::run) fn confidence(database: &Database, advice: &IndexAdvice) -> Confidence {
    let stats = database.stats.table(&advice.def.table);
    let is_assumed = stats.is_none_or(|stats| stats.source == StatsSource::Assumed);
    match &advice.proof {
        Some(proof) if proof.kind == ProofKind::Shape && advice.reason.is_none() => Confidence::Medium,
        Some(_) if advice.def.is_dear() && is_assumed => Confidence::Medium,
        _ => Confidence::High,
    }
}

/// Names a piece of advice inside one report.
pub(in crate::run) fn advice_name(advice: &IndexAdvice) -> String {
    format!("ix:{}", advice.id.0 + 1)
}

fn query_names(analysis: &Analysis, database: &Database, query: QueryId) -> Vec<String> {
    let senders = &database.workload[query.0 as usize].senders;
    senders.iter().map(|sender| site_name(analysis, &analysis.sites[sender.site.0 as usize])).collect()
}

/// The definitions of the indexes that a piece of advice replaces, so that its way back can recreate them.
fn originals(database: &Database, advice: &IndexAdvice) -> Vec<(Ident, crate::catalog::IndexDef)> {
    let named = |wanted: &QName| {
        let table = database.catalog.table(&advice.def.table)?;
        let index = table.indexes.iter().find(|index| index.name.as_ref() == Some(&wanted.name))?;
        Some((wanted.name.clone(), index.def.clone()))
    };
    advice.replaces.iter().filter_map(named).collect()
}

/// Writes the evidence.
pub(in crate::run) fn proof_entry(proof: &Proof) -> ProofEntry {
    ProofEntry {
        kind: proof.kind,
        engine: proof.engine.clone(),
        tier: proof.tier,
        cost_before: proof.cost_before,
        cost_after: proof.cost_after,
        plan_before: proof.plan_before.clone(),
        plan_after: proof.plan_after.clone(),
    }
}
