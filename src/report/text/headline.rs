//! The headline of every report: what was read, how much of it was understood, and what the evidence is worth.

use std::io::{self, Write};

use super::{Skips, Text, View, count, say};
use crate::engine::Tier;
use crate::outcome::{DatabaseEntry, OtherSourceEntry, RunReport};
use crate::query::SkipStage;
use crate::report::neutral;

/// Paths named before the rest is only counted.
const PATHS_SHOWN: usize = 3;

/// What is said of a run that `--timeout` stopped.
pub(in crate::report) const CUT: &str = "the run was cut short: this report is not complete";

/// Writes the headline, each line behind `prefix`, and an empty line.
pub(super) fn write(text: &Text, report: &RunReport, prefix: &str, out: &mut dyn Write) -> io::Result<()> {
    lines(text.view, report).iter().try_for_each(|line| say(text, prefix, line, out))?;
    write_end(text, report, prefix, out)
}

/// Writes the part of the headline that concerns the schema.
pub(super) fn write_schema(text: &Text, report: &RunReport, prefix: &str, out: &mut dyn Write) -> io::Result<()> {
    for database in &report.run.databases {
        say(text, prefix, &schema_line(report, database), out)?;
        others(database).iter().try_for_each(|line| say(text, prefix, line, out))?;
    }
    left_out(report).iter().try_for_each(|line| say(text, prefix, line, out))?;
    write_end(text, report, prefix, out)
}

/// What was read, how much of it was understood and what the evidence is worth, a sentence each.
pub(in crate::report) fn lines(view: View, report: &RunReport) -> Vec<String> {
    let queries = &report.coverage.queries;
    let mut lines = vec![format!(
        "{} {}: {}, {} ({} resolved, {} partial, {} skipped{})",
        report.tool.name,
        report.tool.version,
        count(report.coverage.files, "file", "files"),
        count(queries.found, "query", "queries"),
        queries.resolved,
        queries.partial,
        queries.skipped,
        reasons(report, SkipStage::Query).map_or(String::new(), |reasons| format!(": {reasons}")),
    )];
    for database in &report.run.databases {
        lines.push(schema_line(report, database));
        lines.extend(others(database));
        lines.push(evidence_line(view, database));
    }
    if report.run.databases.iter().any(|database| database.engine.is_some()) {
        lines.push(planned_line(view, report));
    }
    lines.extend(left_out(report));
    lines
}

fn planned_line(view: View, report: &RunReport) -> String {
    let queries = &report.coverage.queries;
    let mut of = format!("{} of {} planned", queries.planned, count(queries.judged, "query", "queries"));
    match queries.found.saturating_sub(queries.judged) {
        0 => {}
        others if matches!(view, View::Explain | View::Repro) => {
            of.push_str(&format!(" ({others} on other tables are not asked for)"));
        }
        others => of.push_str(&format!(" ({others} of migrations, seeds and other people's code are not judged)")),
    }
    if let Some(reasons) = reasons(report, SkipStage::Plan) {
        of.push_str(&format!("; judged by shape alone: {reasons}"));
    }
    of
}

fn left_out(report: &RunReport) -> Vec<String> {
    let stages = [(SkipStage::File, "not read"), (SkipStage::Schema, "schema statements not understood")];
    let line = |(stage, what)| Some(format!("{what}: {}", reasons(report, stage)?));
    stages.into_iter().filter_map(line).collect()
}

fn write_end(text: &Text, report: &RunReport, prefix: &str, out: &mut dyn Write) -> io::Result<()> {
    if text.skips == Skips::Listed {
        for skip in &report.skips {
            let path = neutral::line(&skip.path);
            let place = match (skip.line, skip.column) {
                (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
                _ => path,
            };
            let words = format!("{place}: {}: {}", skip.reason, neutral::line(&skip.detail));
            say(text, &format!("{prefix}  "), &words, out)?;
        }
    }
    if !report.run.complete {
        writeln!(out, "{prefix}{CUT}")?;
    }
    writeln!(out)
}

/// What else declares a database, and how that differs from what was taken.
fn others(database: &DatabaseEntry) -> Vec<String> {
    let line = |other: &OtherSourceEntry| {
        let mut differs: Vec<String> = Vec::new();
        let mut tell = |number: usize, one: &str, several: &str, where_: &str| {
            if number > 0 {
                differs.push(format!("{} {where_}", count(number, one, several)));
            }
        };
        tell(other.tables_only_there.len(), "table", "tables", "only there");
        tell(other.tables_only_here.len(), "table", "tables", "only here");
        tell(other.indexes_only_there, "index", "indexes", "only there");
        tell(other.indexes_only_here, "index", "indexes", "only here");
        let differs = match differs.is_empty() {
            true => "they agree".to_owned(),
            false => differs.join(", "),
        };
        let kind = if other.source.ends_with("models") { "models" } else { "migrations" };
        format!(
            "also declared by {}, {}, {}: {differs}; `--schema {kind}` takes them instead",
            neutral::line(&other.source),
            count(other.tables, "table", "tables"),
            count(other.indexes, "index", "indexes"),
        )
    };
    database.other_sources.iter().map(line).collect()
}

fn schema_line(report: &RunReport, database: &DatabaseEntry) -> String {
    // The name tells nothing where there is one database.
    let name = match report.run.databases.len() {
        1 => String::new(),
        _ => format!(" {}", neutral::line(&database.name)),
    };
    let version = database.target_version.as_deref().map_or(String::new(), |version| format!(" {version}"));
    format!(
        "database{name}: {}{version} ({}), {}, {}{}",
        database.dialect,
        neutral::line(&database.dialect_source),
        count(database.tables, "table", "tables"),
        count(database.indexes, "index", "indexes"),
        schema_source(database),
    )
}

fn schema_source(database: &DatabaseEntry) -> String {
    if database.schema_paths.is_empty() {
        return String::new();
    }
    let mut paths: Vec<String> =
        database.schema_paths.iter().take(PATHS_SHOWN).map(|path| neutral::line(path)).collect();
    if database.schema_paths.len() > PATHS_SHOWN {
        paths.push(format!("{} more", database.schema_paths.len() - PATHS_SHOWN));
    }
    let source = match database.schema_source.as_str() {
        "files" => String::new(),
        "migrations" => "migrations in ".to_owned(),
        source => format!("{} ", neutral::line(source)),
    };
    format!(" from {source}{}", paths.join(", "))
}

fn evidence_line(view: View, database: &DatabaseEntry) -> String {
    let worth = match database.tier {
        Tier::Statistics => "statistics (plans and costs are those of production's data)",
        Tier::Counts => "counts (production's row counts, costs to an order of magnitude)",
        Tier::Assumed => "assumed (row counts are inferred from the schema)",
        Tier::Structure => "structure (what an index could serve, no costs)",
    };
    let reason = database.engine_reason.as_deref().map(neutral::line);
    let reason = reason
        .map_or(String::new(), |reason| if database.native { format!(", {reason}") } else { format!(": {reason}") });
    let gap = database.statistics_gap.as_deref().map_or(String::new(), |gap| format!("; {}", neutral::line(gap)));
    let asked = match &database.engine {
        None if view == View::Queries => format!("evidence: {worth}, no engine was asked"),
        None if database.engine_reason.is_some() => format!("evidence: {worth}, no engine was asked{reason}"),
        None => format!("evidence: {worth}, engine none: judged by shape alone"),
        Some(engine) if database.native => format!("evidence: {worth}, planned by {engine}{reason}"),
        Some(engine) => {
            format!("evidence: {worth}, planned by {engine} as a stand-in for {}{reason}", database.dialect)
        }
    };
    asked + &gap
}

/// `no-table 2, too-deep 1`: the skips of a stage, most frequent first.
fn reasons(report: &RunReport, stage: SkipStage) -> Option<String> {
    let mut counts: Vec<_> = report.coverage.skips.iter().filter(|skip| skip.stage == stage).collect();
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    let words: Vec<_> = counts.iter().map(|skip| format!("{} {}", neutral::line(&skip.reason), skip.count)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
