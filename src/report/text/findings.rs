//! `check` below its headline: a block a finding, the index set, and the line that sums it up.
//!
//! The plan and the DDL of an index are shown with the first finding that it mends; later ones name it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Tally, Text, count, frame, say, suppressed};
use crate::advice::{Action, ProofKind};
use crate::finding::{Confidence, Severity};
use crate::outcome::{AdviceEntry, FindingEntry, ProofEntry, RelatedEntry, RunReport};
use crate::report::{changes, neutral, sql};

/// Writes the findings that nobody suppressed, the index set and the sum.
pub(super) fn write(text: &Text, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut told = BTreeSet::new();
    for finding in shown(report) {
        let (rendered, left_out) = frame::render(text, report, finding);
        out.write_all(rendered.as_bytes())?;
        write_notes(text, report, finding, &left_out, out)?;
        write_evidence(text, report, finding, &mut told, out)?;
        writeln!(out)?;
    }
    if !report.advice.is_empty() {
        writeln!(out, "index set")?;
        let mut database = None;
        for advice in &report.advice {
            if let Some(name) = sql::another_database(report, &mut database, advice) {
                say(text, "  -- ", &name, out)?;
            }
            for reason in sql::served_by(report, advice) {
                say(text, "  -- ", &reason, out)?;
            }
            write_indented(out, &neutral::block(&advice.ddl))?;
        }
        writeln!(out)?;
    }
    suppressed::write(text, report, out)?;
    if text.tally == Tally::Rules {
        write_tally(report, out)?;
    }
    say(text, "", &sum(report), out)
}

/// Writes how many findings each rule has, most frequent first.
fn write_tally(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in shown(report) {
        *counts.entry(&finding.rule).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, number)| (Reverse(*number), *rule));
    let width = counts[0].1.to_string().len();
    writeln!(out, "findings by rule")?;
    for (rule, number) in counts {
        writeln!(out, "  {number:width$}  {}", neutral::line(rule))?;
    }
    writeln!(out)
}

fn shown(report: &RunReport) -> impl Iterator<Item = &FindingEntry> {
    report.findings.iter().filter(|finding| finding.suppressed.is_none())
}

/// Writes what proves a finding, once an index.
fn write_evidence<'a>(
    text: &Text,
    report: &'a RunReport,
    finding: &'a FindingEntry,
    told: &mut BTreeSet<&'a str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let advice: Vec<&AdviceEntry> = report.advice.iter().filter(|entry| finding.advice.contains(&entry.id)).collect();
    let fresh: Vec<&&AdviceEntry> = advice.iter().filter(|entry| told.insert(&entry.id)).collect();
    if !advice.is_empty() && fresh.is_empty() {
        let names: Vec<String> = advice.iter().map(|entry| format!("`{}`", neutral::line(&entry.name))).collect();
        return say(text, "  ", &format!("{} above: {}", verb(advice[0].action), names.join(", ")), out);
    }
    if let Some(proof) = &finding.proof
        // Two indexes for one query share its plans.
        && finding.query.as_deref().is_none_or(|query| told.insert(query))
    {
        write_plans(proof, out)?;
    }
    for entry in &fresh {
        writeln!(out, "  {}", verb(entry.action))?;
        for line in entry.ddl.lines() {
            writeln!(out, "    {}", neutral::line(line))?;
        }
        for (place, code) in sql::host_steps(entry) {
            say(text, "  ", &place, out)?;
            writeln!(out, "    {}", neutral::line(code))?;
        }
    }
    if let Some(proof) = &finding.proof {
        say(text, "  ", &proof_line(report, finding, proof), out)?;
    }
    Ok(())
}

/// Writes the related places that the frame does not show, and whether the query is known in part only.
fn write_notes(
    text: &Text,
    report: &RunReport,
    finding: &FindingEntry,
    left_out: &[&RelatedEntry],
    out: &mut dyn Write,
) -> io::Result<()> {
    for related in left_out {
        let (label, path) = (neutral::line(&related.label), neutral::line(&related.location.path));
        say(text, "  ", &format!("note: {label} at {path}:{}", related.location.line), out)?;
    }
    let query = report.queries.iter().find(|query| Some(&query.id) == finding.query.as_ref());
    if query.is_some_and(|query| query.resolution == "partial") {
        writeln!(out, "  note: only a part of this query is known")?;
    }
    Ok(())
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Replace => "replace",
        Action::Drop => "drop",
    }
}

fn write_plans(proof: &ProofEntry, out: &mut dyn Write) -> io::Result<()> {
    for (label, plan) in [("plan now", &proof.plan_before), ("plan with the index", &proof.plan_after)] {
        if let Some(plan) = plan {
            writeln!(out, "  {label}")?;
            for line in plan.lines() {
                writeln!(out, "    {}", neutral::line(line))?;
            }
        }
    }
    Ok(())
}

fn proof_line(report: &RunReport, finding: &FindingEntry, proof: &ProofEntry) -> String {
    let engine = neutral::line(&proof.engine);
    let native = report.run.databases.iter().any(|database| database.name == finding.database && database.native);
    let proven = match proof.kind {
        ProofKind::Cost => match (proof.cost_before, proof.cost_after) {
            (Some(before), Some(after)) => {
                format!("proven by {engine}: modelled cost {} before, {} after", figure(before), figure(after))
            }
            _ => format!("proven by {engine}"),
        },
        ProofKind::Plan if native => format!("planned by {engine}"),
        ProofKind::Plan => format!("planned by {engine} as a stand-in, no costs claimed"),
        ProofKind::Shape => "told from the shape of the query: no existing index serves it".to_owned(),
    };
    match finding.confidence {
        Confidence::High => proven,
        Confidence::Medium => format!("{proven} (medium confidence)"),
        Confidence::Low => format!("{proven} (low confidence)"),
    }
}

/// A cost as read by people: no decimals where they tell nothing.
fn figure(cost: f64) -> String {
    if cost >= 100.0 { format!("{cost:.0}") } else { format!("{cost:.1}") }
}

fn write_indented(out: &mut dyn Write, text: &str) -> io::Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "  {line}"))
}

/// `3 findings (1 error, 2 warnings) in 2 files; 2 indexes to create`.
fn sum(report: &RunReport) -> String {
    let total = shown(report).count();
    let files: BTreeSet<&str> = shown(report).map(|finding| &*finding.location.path).collect();
    let mut text = match total {
        0 => "no findings".to_owned(),
        _ => format!(
            "{} ({}) in {}",
            count(total, "finding", "findings"),
            severities(report),
            count(files.len(), "file", "files")
        ),
    };
    let suppressed = report.findings.len() - total;
    if suppressed > 0 {
        text.push_str(&format!(", {suppressed} suppressed"));
    }
    let changes = changes::summed(report);
    if !changes.is_empty() {
        text.push_str(&format!("; {changes}"));
    }
    text
}

fn severities(report: &RunReport) -> String {
    let of = |severity| shown(report).filter(|finding| finding.severity == severity).count();
    let words = [
        (of(Severity::Error), "error", "errors"),
        (of(Severity::Warning), "warning", "warnings"),
        (of(Severity::Info), "info", "info"),
    ];
    let words = words.into_iter().filter(|(number, ..)| *number > 0);
    words.map(|(number, one, many)| count(number, one, many)).collect::<Vec<_>>().join(", ")
}
