//! Writes the report of a run from what its stages found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::analysis::{Analysis, Database};
use super::concrete::Quotes;
use super::policy::Policy;
use super::{Ask, Goal};
use super::{entries, findings, load};
use crate::catalog::{Catalog, OtherSchema};
use crate::coverage::Drift;
use crate::engine::EngineFacts;
use crate::name::QName;
use crate::outcome::{
    Coverage, DatabaseEntry, OtherSourceEntry, QueryCounts, RuleEntry, Run, RunReport, SkipCount, SkipEntry, Tool,
};
use crate::query::{QuerySite, Resolution, SiteId, SiteOrigin, Skip};
use crate::rules::{RULES, Rule};
use crate::source::FileId;
use crate::tree::Tree;
use crate::workload::WorkloadQuery;

/// Writes the report; arrays that the goal does not fill are empty.
pub(super) fn write(tree: &dyn Tree, analysis: Analysis, policy: &Policy<'_>, ask: &Ask<'_>) -> RunReport {
    let mut report = judged(tree, &analysis, policy, ask);
    // The queries are last: each site is given up for its entry, so that not all of both are held at once.
    if ask.goal > Goal::Schema {
        report.queries = entries::queries(tree, analysis, ask);
    }
    report
}

/// All of a report but the queries.
fn judged(tree: &dyn Tree, analysis: &Analysis, policy: &Policy<'_>, ask: &Ask<'_>) -> RunReport {
    let goal = ask.goal;
    let quotes = Quotes::new(tree, analysis, ask.here);
    let mut report = RunReport {
        schema_version: 1,
        tool: Tool { name: "planlint".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        run: Run { complete: !analysis.cut, databases: analysis.databases.iter().map(database_entry).collect() },
        coverage: coverage(analysis, policy, goal),
        skips: skips(analysis, &quotes),
        queries: Vec::new(),
        load: Vec::new(),
        findings: Vec::new(),
        advice: Vec::new(),
        curves: Vec::new(),
        tables: Vec::new(),
        ddl: Vec::new(),
        sources: BTreeMap::new(),
        inputs: inputs(analysis, &quotes),
        rules: Vec::new(),
    };
    if goal == Goal::Schema {
        (report.tables, report.ddl) = entries::schema(analysis, &quotes);
    }
    if goal == Goal::Queries {
        report.load = load::entries(analysis, &quotes);
    }
    if goal > Goal::Queries {
        report.advice =
            analysis.databases.iter().flat_map(|database| entries::advice(analysis, database, &quotes)).collect();
    }
    if goal > Goal::Queries {
        let mut found = findings::findings(analysis, policy, &quotes);
        findings::settle_advice(&mut found, &mut report.advice);
        report.curves = analysis.databases.iter().filter_map(entries::curve).collect();
        report.settle_curves();
        report.findings = found;
    }
    if goal == Goal::Advise {
        report.findings.clear();
    }
    if goal == Goal::Check {
        report.sources = quoted(analysis, &report, &quotes);
        report.rules = RULES.iter().filter(|rule| policy.selection.runs(rule.name)).map(rule_entry).collect();
    }
    report
}

fn inputs(analysis: &Analysis, quotes: &Quotes<'_>) -> Vec<Arc<str>> {
    let typed = analysis.typed.as_ref().map(|(file, _)| *file);
    let files = (0..).map(FileId).take(analysis.files.len());
    files.filter(|file| Some(*file) != typed).map(|file| quotes.shown(file)).collect()
}

fn quoted(analysis: &Analysis, report: &RunReport, quotes: &Quotes<'_>) -> BTreeMap<Arc<str>, Arc<str>> {
    let related = report.findings.iter().flat_map(|finding| &finding.related).map(|related| &related.location.path);
    let paths: BTreeSet<&Arc<str>> =
        report.findings.iter().map(|finding| &finding.location.path).chain(related).collect();
    let files = (0..).map(FileId).zip(&analysis.files).map(|(id, _)| (quotes.shown(id), id));
    files.filter(|(path, _)| paths.contains(path)).map(|(path, id)| (path, quotes.text(id))).collect()
}

fn rule_entry(rule: &'static Rule) -> RuleEntry {
    let page = rule.page();
    RuleEntry {
        name: rule.name,
        severity: page.meta.severity,
        confidence: page.meta.confidence,
        reads: page.meta.reads.as_str(),
        summary: &page.summary,
        page: page.body,
    }
}

fn database_entry(database: &Database) -> DatabaseEntry {
    DatabaseEntry {
        name: database.name.to_string(),
        dialect: database.target.dialect,
        dialect_source: database.dialect_source.clone(),
        target_version: database.target.version.map(|version| version.to_string()),
        engine: database.engine.as_ref().map(EngineFacts::label),
        engine_reason: database.engine_reason.clone(),
        statistics_gap: database.statistics_gap.clone(),
        native: database.engine.as_ref().is_some_and(|engine| engine.native),
        tier: database.tier,
        schema_source: database.schema_source.clone(),
        schema_paths: database.schema_paths.clone(),
        tables: database.catalog.tables.len(),
        indexes: database.catalog.indexes().count(),
        other_sources: database.others.iter().map(|other| other_source(database, other)).collect(),
    }
}

/// Says how another source's schema differs from the one that was taken.
fn other_source(database: &Database, other: &OtherSchema) -> OtherSourceEntry {
    let (own, there) = (&database.catalog, &other.catalog);
    let only = |one: &Catalog, other: &Catalog| -> Vec<String> {
        one.tables.keys().filter(|name| other.table(name).is_none()).map(ToString::to_string).collect()
    };
    let is_known = |name: &QName| !database.doubtful.contains(name) && !other.doubtful.contains(name);
    let known = own.tables.values().filter(|table| is_known(&table.name));
    let drifts = known.filter_map(|table| Some((table, there.table(&table.name)?)));
    let drifts = drifts.map(|(table, other)| Drift::of(table, other, &database.target));
    let (here, only_there) =
        drifts.fold((0, 0), |(here, there), drift| (here + drift.here.len(), there + drift.there.len()));
    OtherSourceEntry {
        source: other.source.clone(),
        tables: there.tables.len(),
        indexes: there.indexes().count(),
        tables_only_there: only(there, own),
        tables_only_here: only(own, there),
        indexes_only_there: only_there,
        indexes_only_here: here,
    }
}

fn coverage(analysis: &Analysis, policy: &Policy<'_>, goal: Goal<'_>) -> Coverage {
    let implied = |site: &&QuerySite| matches!(site.origin, SiteOrigin::Implied { .. });
    let written = || analysis.sites.iter().filter(|site| !implied(site));
    let with = |resolution: Resolution| written().filter(|site| site.resolution == resolution).count();
    let is_judged = |site: &QuerySite| site.class.is_judged() && !implied(&site);
    let sent_by = |is: fn(&&WorkloadQuery) -> bool| -> BTreeSet<SiteId> {
        let queries = analysis.databases.iter().flat_map(|database| &database.workload).filter(is);
        let sites = queries.flat_map(|query| query.senders.iter().map(|sender| sender.site));
        sites.filter(|site| is_judged(&analysis.sites[site.0 as usize])).collect()
    };
    let judged = match goal {
        Goal::Explain(_) => sent_by(|_| true).len(),
        _ => written().filter(|site| site.class.is_judged()).count(),
    };
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for skip in &analysis.skips {
        *counts.entry((skip.stage, skip.reason)).or_default() += 1;
    }
    Coverage {
        files: analysis.files_read.iter().filter(|file| policy.is_asked(analysis.path(**file))).count(),
        queries: QueryCounts {
            found: written().count(),
            resolved: with(Resolution::Resolved),
            partial: with(Resolution::Partial),
            skipped: with(Resolution::Skipped),
            judged,
            planned: sent_by(|query| query.planned().is_some()).len(),
            variants: written().map(|site| site.variants.len()).sum(),
            implied: analysis.sites.len() - written().count(),
        },
        skips: counts
            .into_iter()
            .map(|((stage, reason), count)| SkipCount { stage, reason: reason.to_owned(), count })
            .collect(),
    }
}

fn skips(analysis: &Analysis, quotes: &Quotes<'_>) -> Vec<SkipEntry> {
    let mut sorted: Vec<&Skip> = analysis.skips.iter().collect();
    sorted.sort_by_key(|skip| (skip.place, skip.stage, skip.reason));
    sorted.into_iter().map(|skip| entry(skip, quotes)).collect()
}

fn entry(skip: &Skip, quotes: &Quotes<'_>) -> SkipEntry {
    // An empty place means the whole file.
    let location = (skip.place.end > 0).then(|| quotes.locate(skip.place));
    SkipEntry {
        stage: skip.stage,
        reason: skip.reason,
        detail: skip.detail.clone(),
        path: quotes.shown(skip.place.file),
        line: location.as_ref().map(|location| location.line),
        column: location.as_ref().map(|location| location.column),
    }
}
