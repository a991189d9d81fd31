//! The second half of the pipe: statistics, plans, advice and findings for each database.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::analysis::{Analysis, Database};
use super::engines::Engines;
use super::explain;
use super::order;
use super::policy::Policy;
use super::suppressions;
use super::understood::understood;
use crate::advice::{Action, AdviceId, IndexAdvice, QueryAdvice};
use crate::advise::{self, AdviseContext, Names};
use crate::assume;
use crate::catalog::Table;
use crate::config::Config;
use crate::engine::{Deadline, EngineKind, Fidelity, IndexSet, PlanRequest, ScratchEngine, Tier};
use crate::name::nearest;
use crate::query::{DatabaseId, Skip, SkipStage};
use crate::rules::{self, Asking, Checking, RulesInput, SchemaAdvice, Unkept, Upkeep, Uses};
use crate::snapshot::{self, Snapshot};
use crate::source::HostSpan;
use crate::workload::{Sender, WorkloadQuery};

/// Assumes each database's statistics, as far as production's are not known.
pub(super) fn assume(
    analysis: &mut Analysis,
    config: &Config,
    figures: Option<&Snapshot>,
    replicas: &[Snapshot],
) -> Result<(), RunError> {
    let mut unknown: Option<BTreeSet<Vec<String>>> = None;
    for database in &mut analysis.databases {
        let shapes: Vec<_> = database.workload.iter().map(|query| &query.shape).collect();
        let known = figures.filter(|figures| figures.is_of(database.target.dialect));
        database.statistics_gap = figures.and_then(|figures| figures.gap(&database.catalog));
        let seeded = known.map(|known| known.seed(&database.catalog, config));
        database.stats = assume::assume(&database.catalog, seeded.as_ref().unwrap_or(config), &shapes);
        if let Some(known) = known {
            known.overlay(&database.catalog, config, &mut database.stats);
        }
        database.stats.searches = snapshot::searches(figures.into_iter().chain(replicas), &database.catalog);
        let here: BTreeSet<Vec<String>> = assume::unknown_settings(&database.catalog, config).into_iter().collect();
        unknown = Some(unknown.map_or(here.clone(), |before| before.intersection(&here).cloned().collect()));
    }
    match unknown.and_then(|unknown| unknown.into_iter().next()) {
        Some(key) => Err(unknown_name(analysis, key)),
        None => Ok(()),
    }
}

/// A table or column that the configuration names and no database has.
fn unknown_name(analysis: &Analysis, key: Vec<String>) -> RunError {
    let tables = || analysis.databases.iter().flat_map(|database| database.catalog.tables.values());
    let (what, meant) = match key.as_slice() {
        [_, table, _, column] => {
            let named = |known: &&Table| known.name.to_string() == *table;
            let columns = tables().filter(named).flat_map(|table| &table.columns).map(|column| column.name.as_str());
            (format!("no column `{column}` in `{table}`"), nearest(column, columns).map(str::to_owned))
        }
        [.., table] => {
            let names: Vec<String> = tables().map(|table| table.name.to_string()).collect();
            (format!("no table `{table}`"), nearest(table, names.iter().map(String::as_str)).map(str::to_owned))
        }
        [] => unreachable!("a name has a key"),
    };
    RunError::Config {
        message: format!("the schema has {what}"),
        help: match meant {
            Some(meant) => format!("type `{meant}`"),
            None => "`planlint schema` prints the tables and columns there are".to_owned(),
        },
        key,
    }
}

/// Plans every query and looks for the indexes that help.
pub(super) fn plan(
    analysis: &mut Analysis,
    engines: Engines,
    config: &Config,
    policy: &Policy<'_>,
    until: Deadline,
) -> Result<(), RunError> {
    // Advice is numbered over all databases, so that a number means one thing in a report.
    let mut numbered = 0;
    for (number, mut engine) in engines.into_iter().enumerate() {
        let id = DatabaseId(u16::try_from(number).unwrap_or(u16::MAX));
        let judged = judged(analysis, number);
        let database = &mut analysis.databases[number];
        engine.load(&database.catalog, &database.stats)?;
        if database.engine.is_some() {
            plan_all(database, &judged, engine.as_mut(), until)?;
        }
        database.tier = tier(database);
        let cx = AdviseContext {
            database: id,
            catalog: &database.catalog,
            stats: &database.stats,
            target: database.target,
            limits: &config.limits,
            selection: &config.selection,
        };
        let advised = advise::advise(&cx, engine.as_mut(), &database.workload, until)?;
        database.advised = advised.queries;
        database.advice = advised.advice;
        database.narrowed = advised.narrowed;
        // Of a part of the queries nobody can tell what nobody needs.
        if policy.is_whole() && analysis.chosen.is_empty() {
            database.unneeded = advised.unneeded;
            database.shortened = advised.shortened;
        }
        analysis.databases[number].understood = understood(analysis, number);
        analysis.databases[number].unasked = unasked(analysis, number, policy);
        let changes = upkeep(analysis, number, config, policy);
        let database = &mut analysis.databases[number];
        let mut names = Names::beside(&database.catalog, &database.advice);
        for change in changes {
            match database.advice.iter_mut().find(|advice| Some(advice.id) == change.advised) {
                Some(advice) => be_asked(advice, change),
                None => {
                    let advice = from_schema(database, &mut names, id, change);
                    database.advice.push(advice);
                }
            }
        }
        number_advice(database, &mut numbered);
        order::size(database, engine.as_mut())?;
        super::upkeep::price(database);
        if analysis.chosen.is_empty() {
            order::order(database, engine.as_mut(), config, until)?;
        }
        explain::ask(database, &analysis.chosen, engine.as_mut(), config, until)?;
        analysis.cut |= until.is_over();
        let refused = refusals(analysis, number, &judged);
        analysis.skips.extend(refused);
    }
    Ok(())
}

/// Says of each query whether it is one to judge.
fn judged(analysis: &Analysis, number: usize) -> Vec<bool> {
    let judges = |sender: &Sender| analysis.sites[sender.site.0 as usize].class.is_judged();
    analysis.databases[number].workload.iter().map(|query| query.senders.iter().any(judges)).collect()
}

fn plan_all(
    database: &mut Database,
    judged: &[bool],
    engine: &mut dyn ScratchEngine,
    until: Deadline,
) -> Result<(), RunError> {
    let asked: Vec<usize> = (0..database.workload.len())
        .filter(|query| judged[*query] && !matches!(database.workload[*query].engine.fidelity, Fidelity::None(_)))
        .collect();
    let as_is = IndexSet::default();
    let requests: Vec<PlanRequest<'_>> =
        asked.iter().map(|query| PlanRequest { query: &database.workload[*query].engine, indexes: &as_is }).collect();
    let plans = engine.plan(&requests, until)?;
    for (query, plan) in asked.into_iter().zip(plans) {
        database.workload[query].plan = plan;
    }
    Ok(())
}

/// What the evidence of a database is worth: a stand-in shows structure; figures are known only where all are given.
fn tier(database: &Database) -> Tier {
    let Some(engine) = &database.engine else {
        return Tier::Structure;
    };
    match database.stats.tables.is_empty() {
        true => engine.tier_ceiling.max(Tier::Assumed),
        false => engine.tier(&database.stats, database.stats.tables.keys()),
    }
}

/// The advice that no rule asks for which has a say about any query it serves.
fn unasked(analysis: &Analysis, number: usize, policy: &Policy<'_>) -> BTreeSet<AdviceId> {
    let database = &analysis.databases[number];
    let path = |sender: &Sender| analysis.path(analysis.sites[sender.site.0 as usize].place.file);
    let asked = |advice: &IndexAdvice| {
        let served = advice.serves.iter().map(|query| query.0 as usize);
        let mut served = served.map(|at| (&database.workload[at], database.advised.get(at)));
        served.any(|(query, advised): (&WorkloadQuery, Option<&QueryAdvice>)| {
            let references = advised.into_iter().flat_map(|advised| &advised.advice);
            let reference = references.filter(|(_, id)| *id == advice.id).map(|(reference, _)| reference).next();
            let pattern = reference.and_then(|reference| query.shape.patterns.get(usize::from(reference.0)));
            let asking = Asking { query, catalog: &database.catalog, target: &database.target };
            let rule = pattern.map_or("missing-index", |pattern| asking.rule(&advice.def, pattern));
            query.senders.iter().any(|sender| policy.speaks(rule, path(sender)))
        })
    };
    database.advice.iter().filter(|advice| !asked(advice)).map(|advice| advice.id).collect()
}

/// What the schema asks for beside the queries, as far as the rules behind it have a say.
fn upkeep(analysis: &Analysis, number: usize, config: &Config, policy: &Policy<'_>) -> Vec<SchemaAdvice> {
    let database = &analysis.databases[number];
    let uses = Uses::of(&database.workload);
    let upkeep = Upkeep {
        catalog: &database.catalog,
        stats: &database.stats,
        target: &database.target,
        limits: &config.limits,
        generated: &database.generated,
        uses: &uses,
        narrowed: &database.narrowed,
        unneeded: &database.unneeded,
        shortened: &database.shortened,
        understood: &database.understood,
    };
    let listed: Vec<&IndexAdvice> = database.listed_advice().collect();
    let checking = Checking {
        catalog: &database.catalog,
        others: &database.others,
        target: &database.target,
        doubtful: &database.doubtful,
        sites: &analysis.sites,
        checks: &analysis.checks,
    };
    let advisable = database.workload.iter().filter(|query| query.advisable);
    let mut unkept: Vec<Unkept<'_>> = advisable.flat_map(|query| checking.unkept(query)).collect();
    // Who lets rows repeat wants no index that refuses them, whatever else it would serve.
    unkept.retain(|found| !suppressions::asked(analysis, rules::UNKEPT, found.place));
    // What keeps fewer columns single keeps more of them single, too.
    unkept.sort_by_key(|found| found.def.keys.len());
    let speaks = |rule: &str, place: HostSpan| policy.speaks(rule, analysis.path(place.file));
    rules::schema_advice(&upkeep, &listed, &unkept, &speaks)
}

/// Numbers a database's advice anew, in the order of its definitions, from `first` on; what is not shown comes last.
fn number_advice(database: &mut Database, first: &mut u32) {
    let mut order: Vec<usize> = (0..database.advice.len()).collect();
    let key = |at: &usize| (database.unasked.contains(&database.advice[*at].id), canonical(&database.advice[*at]));
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let numbers: BTreeMap<AdviceId, AdviceId> =
        order.iter().zip(*first..).map(|(place, number)| (database.advice[*place].id, AdviceId(number))).collect();
    *first += u32::try_from(order.len()).unwrap_or(u32::MAX);
    database.unasked = database.unasked.iter().map(|id| numbers[id]).collect();
    for advice in &mut database.advice {
        advice.id = numbers[&advice.id];
    }
    database.advice.sort_by_key(|advice| advice.id);
    for (_, number) in database.advised.iter_mut().flat_map(|query| &mut query.advice) {
        *number = numbers[number];
    }
}

fn canonical(advice: &IndexAdvice) -> (bool, &crate::catalog::IndexDef, &crate::name::Ident) {
    (advice.action == Action::Drop, &advice.def, &advice.name)
}

/// An advised index that the schema asks for too.
fn be_asked(advice: &mut IndexAdvice, change: SchemaAdvice) {
    advice.reason = Some(change.reason);
    advice.def.unique |= change.def.unique;
    let more: Vec<_> = change.replaces.into_iter().filter(|index| !advice.replaces.contains(index)).collect();
    advice.replaces.extend(more);
    if advice.action == Action::Create && !advice.replaces.is_empty() {
        advice.action = Action::Replace;
    }
}

fn from_schema(database: &Database, names: &mut Names, id: DatabaseId, change: SchemaAdvice) -> IndexAdvice {
    let name = change.name.unwrap_or_else(|| names.give(&change.def));
    IndexAdvice {
        id: AdviceId(u32::try_from(database.advice.len()).unwrap_or(u32::MAX)),
        action: change.action,
        database: id,
        name,
        def: change.def,
        replaces: change.replaces,
        covered_by: change.covered_by,
        reason: Some(change.reason),
        serves: Vec::new(),
        proof: None,
        size: None,
        write_cost: None,
    }
}

/// Queries that could not be put to the engine, one skip a sender.
fn refusals(analysis: &Analysis, number: usize, judged: &[bool]) -> Vec<Skip> {
    let database = &analysis.databases[number];
    let Some(engine) = &database.engine else { return Vec::new() };
    let unlowered = if engine.kind == EngineKind::Postgres { "refused" } else { "no-stand-in" };
    let mut skips = Vec::new();
    for (query, _) in database.workload.iter().zip(judged).filter(|(_, judged)| **judged) {
        let (reason, detail) = match (&query.engine.fidelity, &query.plan) {
            (Fidelity::None(reason), _) => (unlowered, reason.clone()),
            (_, Some(Err(refusal))) => ("refused", refusal.to_string()),
            (_, None) => ("out-of-time", "the run was stopped by `--timeout` first".to_owned()),
            (_, Some(Ok(_))) => continue,
        };
        for sender in &query.senders {
            let place = analysis.sites[sender.site.0 as usize].place;
            skips.push(Skip { stage: SkipStage::Plan, reason, detail: detail.clone(), place });
        }
    }
    skips
}

/// Runs the rules over each database.
pub(super) fn check(analysis: &mut Analysis, config: &Config, policy: &Policy<'_>) {
    let files: Vec<_> = analysis.files.iter().map(|file| file.path.clone()).collect();
    for number in 0..analysis.databases.len() {
        let database = &analysis.databases[number];
        let engine = database.engine.as_ref().map(crate::engine::EngineFacts::label);
        let input = RulesInput {
            database: DatabaseId(u16::try_from(number).unwrap_or(u16::MAX)),
            catalog: &database.catalog,
            source: &database.schema_source,
            others: &database.others,
            stats: &database.stats,
            target: database.target,
            limits: &config.limits,
            workload: &database.workload,
            sites: &analysis.sites,
            checks: &analysis.checks,
            files: &files,
            advised: &database.advised,
            advice: &database.advice,
            narrowed: &database.narrowed,
            unneeded: &database.unneeded,
            shortened: &database.shortened,
            understood: &database.understood,
            engine: engine.as_deref(),
            tier: database.tier,
            doubtful: &database.doubtful,
            generated: &database.generated,
        };
        analysis.databases[number].findings = rules::run(&input, &policy.selection);
    }
}
