//! Which suppressions silence which findings, and what the rules about suppressions are told of them.

use std::collections::{BTreeSet, HashMap};

use super::Ask;
use super::analysis::{Analysis, RunSuppression};
use super::concrete::{Concrete, places};
use super::policy::Policy;
use crate::config::Config;
use crate::dialect::Dialect;
use crate::finding::Finding;
use crate::query::DatabaseId;
use crate::rules::page::Reads;
use crate::rules::{self, JudgedSuppression, Rule, Use};
use crate::source::{FileId, HostSpan};
use crate::suppress::Reach;

/// Finds the suppression that silences a finding at a place: the one that reaches least. None silences what is said of
/// itself.
pub(super) fn silencing<'a>(analysis: &'a Analysis, rule: &str, at: &Concrete) -> Option<&'a RunSuppression> {
    let holding = reaching(analysis, at).map(|number| &analysis.suppressions[number]);
    let names = |one: &RunSuppression| one.suppression.rules.iter().any(|named| named.name == rule);
    let holding = holding.filter(|one| one.holds && names(one) && !one.suppression.spans(at.span));
    holding.min_by_key(|one| match one.suppression.reach {
        Reach::Statement(span) => span.end - span.start,
        Reach::File | Reach::Nothing => u32::MAX,
    })
}

/// Says whether somebody asks for silence of a rule at a place, whether or not that is reason enough.
pub(super) fn asked(analysis: &Analysis, rule: &str, place: HostSpan) -> bool {
    let names = |one: &RunSuppression| one.suppression.rules.iter().any(|named| named.name == rule);
    let at = Concrete { span: place, sender: None };
    reaching(analysis, &at).any(|number| names(&analysis.suppressions[number]))
}

/// The suppressions that reach a place, or the statement whose query it is in.
fn reaching<'a>(analysis: &'a Analysis, at: &Concrete) -> impl Iterator<Item = usize> + 'a {
    let site = at.sender.map(|sender| analysis.sites[sender.site.0 as usize].place);
    let file = site.unwrap_or(at.span).file;
    let first = analysis.suppressions.partition_point(|one| one.file() < file);
    let of_file = analysis.suppressions[first..].iter().take_while(move |one| one.file() == file);
    let span = at.span;
    let reaches = move |(_, one): &(usize, &RunSuppression)| {
        one.suppression.reaches(span) || site.is_some_and(|site| one.suppression.reaches(site))
    };
    of_file.enumerate().filter(reaches).map(move |(number, _)| first + number)
}

/// Judges every suppression by the findings there are, and adds what the rules about them have to say.
pub(super) fn check(analysis: &mut Analysis, config: &Config, policy: &Policy<'_>, ask: &Ask<'_>) {
    for one in &mut analysis.suppressions {
        one.holds = one.suppression.mistake.is_none() && (one.suppression.reason.is_some() || !config.require_reason);
    }
    let spoken = spoken(analysis);
    let skips = skips(analysis);
    let numbered =
        analysis.suppressions.iter().zip(&spoken).filter(|(one, _)| policy.is_asked(analysis.path(one.file())));
    let judged = numbered.map(|(one, speaking)| JudgedSuppression {
        suppression: &one.suppression,
        database: one.database.unwrap_or(DatabaseId(0)),
        uses: uses(analysis, policy, ask, &skips, one, speaking),
        speaking: speaking.iter().copied().collect(),
    });
    let found = rules::run_on_suppressions(&judged.collect::<Vec<_>>(), &policy.selection);
    for finding in found {
        analysis.databases[usize::from(finding.database.0)].findings.push(finding);
    }
}

/// By suppression, the rules that report something in its reach.
fn spoken(analysis: &Analysis) -> Vec<BTreeSet<&'static str>> {
    let mut spoken = vec![BTreeSet::new(); analysis.suppressions.len()];
    for database in &analysis.databases {
        let at = |finding: &Finding| places(analysis, database, &finding.at);
        for (finding, place) in database.findings.iter().flat_map(|one| at(one).into_iter().map(move |at| (one, at))) {
            for number in reaching(analysis, &place) {
                spoken[number].insert(finding.rule);
            }
        }
    }
    spoken
}

fn uses(
    analysis: &Analysis,
    policy: &Policy<'_>,
    ask: &Ask<'_>,
    skips: &HashMap<FileId, Vec<HostSpan>>,
    one: &RunSuppression,
    speaking: &BTreeSet<&'static str>,
) -> Vec<Use> {
    let everything_ran = ask.scope.is_empty() && !analysis.cut && !is_half_read(one, skips);
    let path = analysis.path(one.file());
    let names = one.suppression.rules.iter().map(|named| named.name.as_str());
    let usage = |name: &str| match rules::rule(name) {
        Some(_) if speaking.contains(name) => match one.holds {
            true => Use::Used,
            false => Use::Unreasoned,
        },
        Some(rule) if everything_ran && policy.speaks(name, path) && is_run(analysis, one, rule) => Use::Unused,
        _ => Use::Unknown,
    };
    names.map(usage).collect()
}

/// Says whether a rule speaks by itself of what a file holds.
fn is_run(analysis: &Analysis, one: &RunSuppression, rule: &Rule) -> bool {
    let file = &analysis.files[one.file().0 as usize];
    let database = one.database.map(|id| &analysis.databases[usize::from(id.0)]);
    let of_class = match rule.meta().reads {
        Reads::Comment => false,
        Reads::Schema => file.builds_schema,
        Reads::Query | Reads::Plan => rule.speaks_of_queries(file.class),
    };
    // MySQL's queries are always judged by shape; without an engine, others are this once.
    let planned = database.is_some_and(|database| match database.target.dialect {
        Dialect::Mysql => rule.meta().reads != Reads::Plan,
        _ => database.engine.as_ref().is_some_and(|engine| engine.native || !rule.meta().native),
    });
    of_class && planned
}

/// Says whether a part of what a suppression reaches could not be read or planned.
fn is_half_read(one: &RunSuppression, skips: &HashMap<FileId, Vec<HostSpan>>) -> bool {
    let in_file = skips.get(&one.file()).map_or(&[][..], Vec::as_slice);
    in_file.iter().any(|skip| match one.suppression.reach {
        Reach::File => true,
        // An empty place means the whole file.
        Reach::Statement(span) => skip.end == 0 || (skip.start < span.end && span.start < skip.end),
        Reach::Nothing => false,
    })
}

fn skips(analysis: &Analysis) -> HashMap<FileId, Vec<HostSpan>> {
    let mut found: HashMap<FileId, Vec<HostSpan>> = HashMap::new();
    for skip in &analysis.skips {
        found.entry(skip.place.file).or_default().push(skip.place);
    }
    found
}
