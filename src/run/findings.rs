//! Makes findings concrete: one entry for each place a finding stands at, fingerprinted and sorted.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::RunSuppression;
use super::analysis::{Analysis, Database};
use super::concrete::{self, Concrete, Quotes, places};
use super::entries;
use super::policy::Policy;
use super::suppressions::silencing;
use crate::advice::AdviceId;
use crate::finding::{Confidence, Finding, Place};
use crate::outcome::{AdviceEntry, EditEntry, FindingEntry, RelatedEntry, Suppressed};
use crate::query::PathClass;
use crate::sql::fingerprint::fingerprint;

/// Writes every finding of every database that is wanted where it stands, sorted by path, byte, variant and rule.
pub(super) fn findings(analysis: &Analysis, policy: &Policy<'_>, quotes: &Quotes<'_>) -> Vec<FindingEntry> {
    let mut found: Vec<FindingEntry> = Vec::new();
    for database in &analysis.databases {
        for finding in &database.findings {
            for place in places(analysis, database, &finding.at) {
                let path = analysis.path(place.span.file);
                if policy.speaks(finding.rule, path) {
                    let entry = entry(analysis, database, finding, &place, quotes);
                    found.push(FindingEntry { severity: policy.at_most(entry.severity, path), ..entry });
                }
            }
        }
    }
    found.sort_by(|a, b| key(a).cmp(&key(b)));
    // Two variants of one site may raise the same finding at the same byte.
    found.dedup_by(|a, b| a.fingerprint == b.fingerprint && a.location == b.location && a.advice == b.advice);
    found
}

/// Takes out the advice whose every finding in application code is suppressed, and makes the rest as sure as the surest
/// of the findings that still ask for it, so that both are shown or neither; what is left of the findings does not name
/// what went.
pub(super) fn settle_advice(findings: &mut [FindingEntry], advice: &mut Vec<AdviceEntry>) {
    let asking = || findings.iter().filter(|finding| finding.class == PathClass::App);
    let (suppressed, open): (Vec<_>, Vec<_>) = asking().partition(|finding| finding.suppressed.is_some());
    let doubtful: BTreeSet<String> = suppressed.iter().flat_map(|finding| &finding.advice).cloned().collect();
    let mut asked: BTreeMap<String, Confidence> = BTreeMap::new();
    for finding in open {
        for id in &finding.advice {
            let surest = asked.entry(id.clone()).or_insert(finding.confidence);
            *surest = (*surest).max(finding.confidence);
        }
    }
    advice.retain(|advice| !doubtful.contains(&advice.id) || asked.contains_key(&advice.id));
    for one in advice.iter_mut() {
        one.confidence = asked.get(&one.id).copied().unwrap_or(one.confidence);
    }
    leave_out_silent(findings, advice);
    for finding in findings {
        finding.advice.retain(|id| !doubtful.contains(id) || asked.contains_key(id));
    }
}

/// Takes the queries that ask for advice in suppressed findings alone out of those it serves.
fn leave_out_silent(findings: &[FindingEntry], advice: &mut [AdviceEntry]) {
    let (suppressed, open): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.suppressed.is_some());
    let asking = |findings: Vec<&FindingEntry>| -> BTreeSet<(String, String)> {
        let pairs = findings.into_iter().filter_map(|finding| Some((finding.query.clone()?, &finding.advice)));
        pairs.flat_map(|(query, advice)| advice.iter().map(move |id| (id.clone(), query.clone()))).collect()
    };
    let (silent, heard) = (asking(suppressed), asking(open));
    for one in advice {
        let id = one.id.clone();
        let is_silent = |query: &String| {
            let pair = (id.clone(), query.clone());
            silent.contains(&pair) && !heard.contains(&pair)
        };
        one.queries.retain(|query| !is_silent(query));
        one.proofs.iter_mut().for_each(|proof| proof.queries.retain(|query| !is_silent(query)));
        one.proofs.retain(|proof| !proof.queries.is_empty());
    }
}

fn key(entry: &FindingEntry) -> (&str, usize, Option<u16>, &str, &str, &[String]) {
    (&entry.location.path, entry.location.bytes.start, entry.variant, &entry.rule, &entry.fingerprint, &entry.advice)
}

fn entry(
    analysis: &Analysis,
    database: &Database,
    finding: &Finding,
    place: &Concrete,
    quotes: &Quotes<'_>,
) -> FindingEntry {
    let site = place.sender.map(|sender| &analysis.sites[sender.site.0 as usize]);
    let advised = |id: &AdviceId| database.listed_advice().find(|advice| advice.id == *id);
    FindingEntry {
        rule: finding.rule.to_owned(),
        severity: finding.severity,
        confidence: finding.confidence,
        message: finding.message.clone(),
        help: finding.help.clone(),
        fingerprint: fingerprint(finding.rule, &database.name, finding.table.as_ref(), &finding.subject),
        state: None,
        suppressed: silencing(analysis, finding.rule, place).map(|one| suppressed(one, quotes)),
        location: quotes.locate(place.span),
        class: class(analysis, finding, place),
        related: related(analysis, database, finding, place, quotes),
        database: database.name.to_string(),
        query: site.map(|site| entries::site_name(analysis, site)),
        variant: place.sender.map(|sender| sender.variant),
        table: finding.table.as_ref().map(ToString::to_string),
        columns: finding.columns.clone(),
        advice: finding.advice.iter().filter_map(advised).map(entries::advice_name).collect(),
        edits: edits(analysis, database, finding, place, quotes),
        proof: finding.proof.as_ref().map(entries::proof_entry),
    }
}

fn suppressed(one: &RunSuppression, quotes: &Quotes<'_>) -> Suppressed {
    let place = quotes.locate(one.suppression.place);
    Suppressed { reason: one.suppression.reason.clone(), path: place.path, line: place.line }
}

/// The class of the file a finding stands in; a finding about the schema is about the application, wherever the schema
/// is declared.
fn class(analysis: &Analysis, finding: &Finding, place: &Concrete) -> PathClass {
    match (&finding.at, place.sender) {
        (_, Some(sender)) => analysis.sites[sender.site.0 as usize].class,
        (Place::Host(_), None) if !analysis.files[place.span.file.0 as usize].builds_schema => {
            analysis.class(place.span.file)
        }
        (_, None) => PathClass::App,
    }
}

/// The edits of a finding at one place; all of them or none, since half of a change mends nothing.
fn edits(
    analysis: &Analysis,
    database: &Database,
    finding: &Finding,
    at: &Concrete,
    quotes: &Quotes<'_>,
) -> Vec<EditEntry> {
    let Some(sender) = at.sender else { return Vec::new() };
    let edits = finding.edits.iter().map(|edit| {
        let span = concrete::edit(analysis, database, edit, sender)?;
        Some(EditEntry { location: quotes.locate(span), text: edit.text.clone() })
    });
    edits.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn related(
    analysis: &Analysis,
    database: &Database,
    finding: &Finding,
    at: &Concrete,
    quotes: &Quotes<'_>,
) -> Vec<RelatedEntry> {
    let mut found = Vec::new();
    for (place, label) in &finding.related {
        for other in places(analysis, database, place) {
            // A place in the same query means the same sender of it.
            if other.sender.is_none() || other.sender == at.sender {
                found.push(RelatedEntry { location: quotes.locate(other.span), label: label.clone() });
            }
        }
    }
    found
}
