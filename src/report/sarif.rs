//! Format `sarif`: the Static Analysis Results Interchange Format 2.1.0, for code scanning and its viewers.
//!
//! One run. Every rule that was run is listed with its page, every finding is a result, suppressed ones too, and what
//! could not be read or planned is a notification. No clock and no path of the machine: `%SRCROOT%` stands for the
//! repository's root. Section numbers are those of the specification (OASIS Standard, errata 01).

mod log;
mod uri;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Root, View, json};
use crate::finding::{Confidence, Severity};
use crate::outcome::{
    AdviceEntry, EditEntry, FindingEntry, Location, RelatedEntry, RuleEntry, RunReport, SkipEntry, Suppressed,
};
use crate::query::SkipStage;

/// Writes findings as SARIF.
#[derive(Clone, Debug)]
pub struct Sarif {
    /// Which command asks.
    pub view: View,
    /// Where paths start: code scanning knows files by their names in the repository.
    pub root: Root,
}

impl super::Reporter for Sarif {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        let log = log::Log { schema: log::SCHEMA, version: "2.1.0", runs: [self.run(report)] };
        json::write_pretty(&log, out)
    }
}

impl Sarif {
    fn run<'a>(&self, report: &'a RunReport) -> log::Run<'a> {
        let mut ids: Vec<String> = report.coverage.skips.iter().map(|skip| skip_id(skip.stage, &skip.reason)).collect();
        let mut notifications: Vec<_> = report.skips.iter().map(|skip| self.notification(skip, &ids)).collect();
        let mut findings = numbered(super::findings(report, self.view));
        let cut = keep_worst(&mut findings, MOST_RESULTS);
        if cut > 0 {
            notifications.push(cut_notification(cut, ids.len()));
            ids.push(CUT.to_owned());
        }
        log::Run {
            tool: log::Tool {
                driver: log::Driver {
                    name: &report.tool.name,
                    version: &report.tool.version,
                    semantic_version: &report.tool.version,
                    rules: report.rules.iter().map(rule).collect(),
                    notifications: ids.into_iter().map(|id| log::NotificationDescriptor { id }).collect(),
                },
            },
            invocations: [log::Invocation {
                execution_successful: report.run.complete,
                tool_execution_notifications: notifications,
            }],
            original_uri_base_ids: BTreeMap::from([(
                log::SRCROOT,
                log::BaseId { description: text("the root of the repository".to_owned()) },
            )]),
            column_kind: "unicodeCodePoints",
            results: findings.iter().map(|numbered| self.result(report, numbered)).collect(),
            properties: log::RunProperties { databases: &report.run.databases, coverage: &report.coverage },
        }
    }

    fn result<'a>(&self, report: &'a RunReport, numbered: &Numbered<'a>) -> log::Result<'a> {
        let finding = numbered.finding;
        let advice = report.advice.iter().filter(|entry| finding.advice.contains(&entry.id));
        log::Result {
            rule_id: &finding.rule,
            rule_index: report.rules.iter().position(|rule| rule.name == finding.rule),
            level: level(finding.severity),
            message: text(super::full_message(report, finding)),
            locations: [self.location(&finding.location)],
            related_locations: (0..)
                .zip(&finding.related)
                .take(MOST_RELATED)
                .map(|(id, related)| self.related(id, related))
                .collect(),
            partial_fingerprints: BTreeMap::from([("planlintFingerprint/v1", numbered.fingerprint())]),
            fixes: self.fix(finding).into_iter().collect(),
            suppressions: finding.suppressed.iter().map(|suppressed| self.suppression(suppressed)).collect(),
            properties: log::ResultProperties {
                confidence: finding.confidence,
                database: &finding.database,
                table: finding.table.as_deref(),
                columns: &finding.columns,
                advice: advice.map(change).collect(),
                proof: finding.proof.as_ref(),
            },
        }
    }

    fn location(&self, location: &Location) -> log::Location {
        log::Location {
            physical_location: self.physical(&location.path, Some(region(location))),
            id: None,
            message: None,
        }
    }

    fn related(&self, id: usize, related: &RelatedEntry) -> log::Location {
        log::Location { id: Some(id), message: Some(text(related.label.clone())), ..self.location(&related.location) }
    }

    fn physical(&self, path: &str, region: Option<log::Region>) -> log::PhysicalLocation {
        log::PhysicalLocation { artifact_location: self.artifact(path), region }
    }

    fn artifact(&self, path: &str) -> log::ArtifactLocation {
        log::ArtifactLocation { uri: uri::relative(&self.root.path(path)), uri_base_id: log::SRCROOT }
    }

    /// The edits of a finding as one fix: they belong together.
    fn fix<'a>(&self, finding: &'a FindingEntry) -> Option<log::Fix<'a>> {
        let mut changes: BTreeMap<&str, Vec<log::Replacement<'a>>> = BTreeMap::new();
        for EditEntry { location, text } in &finding.edits {
            let inserted_content = log::Content { text };
            let replacement = log::Replacement { deleted_region: region(location), inserted_content };
            changes.entry(&location.path).or_default().push(replacement);
        }
        let description = finding.help.clone().unwrap_or_else(|| finding.message.clone());
        let change =
            |(path, replacements)| log::ArtifactChange { artifact_location: self.artifact(path), replacements };
        (!changes.is_empty()).then(|| log::Fix {
            description: text(description),
            artifact_changes: changes.into_iter().map(change).collect(),
        })
    }

    fn suppression<'a>(&self, suppressed: &'a Suppressed) -> log::Suppression<'a> {
        let region = log::Region { start_line: suppressed.line, ..log::Region::default() };
        log::Suppression {
            kind: "inSource",
            justification: suppressed.reason.as_deref(),
            location: log::Location {
                physical_location: self.physical(&suppressed.path, Some(region)),
                id: None,
                message: None,
            },
        }
    }

    fn notification(&self, skip: &SkipEntry, known: &[String]) -> log::Notification {
        let id = skip_id(skip.stage, skip.reason);
        let region =
            skip.line.map(|line| log::Region { start_line: line, start_column: skip.column, ..log::Region::default() });
        let words = if skip.detail.is_empty() { skip.reason.to_owned() } else { skip.detail.clone() };
        log::Notification {
            descriptor: log::DescriptorReference { index: known.iter().position(|known| *known == id), id },
            level: "note",
            message: text(words),
            locations: vec![log::Location {
                physical_location: self.physical(&skip.path, region),
                id: None,
                message: None,
            }],
        }
    }
}

/// GitHub refuses a run of more results
/// (docs.github.com, "SARIF results exceed one or more limits").
const MOST_RESULTS: usize = 25_000;
/// GitHub shows no more locations of a result, and refuses one with ten times as many (the same page).
const MOST_RELATED: usize = 99;
/// The notification that tells of results that were left out.
const CUT: &str = "report/results-cut";

/// A finding, and which it is of those in its file that have its fingerprint, from 1.
struct Numbered<'a> {
    finding: &'a FindingEntry,
    number: usize,
}

impl Numbered<'_> {
    /// Tells the finding apart from others of its file, whatever lines are added between them.
    fn fingerprint(&self) -> String {
        let fingerprint = &self.finding.fingerprint;
        if self.number == 1 { fingerprint.clone() } else { format!("{fingerprint}:{}", self.number) }
    }
}

/// Numbers like findings of a file in their order.
fn numbered<'a>(findings: impl Iterator<Item = &'a FindingEntry>) -> Vec<Numbered<'a>> {
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let number = |finding: &'a FindingEntry| {
        let like = known.entry((&finding.location.path, &finding.fingerprint)).or_default();
        *like += 1;
        Numbered { finding, number: *like }
    };
    findings.map(number).collect()
}

/// Keeps the `most` findings that matter most, in their order: those nobody suppressed first, then by severity and by
/// confidence. Returns how many went.
fn keep_worst(findings: &mut Vec<Numbered<'_>>, most: usize) -> usize {
    let cut = findings.len().saturating_sub(most);
    if cut > 0 {
        let mut ranked: Vec<usize> = (0..findings.len()).collect();
        ranked.sort_by_key(|at| {
            let finding = findings[*at].finding;
            (finding.suppressed.is_some(), Reverse(finding.severity), Reverse(finding.confidence))
        });
        let kept: BTreeSet<usize> = ranked.into_iter().take(most).collect();
        let mut at = 0..;
        findings.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
    }
    cut
}

fn cut_notification(cut: usize, index: usize) -> log::Notification {
    let words = format!("{cut} results are left out: code scanning takes {MOST_RESULTS} of a run, the worst are kept");
    log::Notification {
        descriptor: log::DescriptorReference { index: Some(index), id: CUT.to_owned() },
        level: "warning",
        message: text(words),
        locations: Vec::new(),
    }
}

fn rule(rule: &RuleEntry) -> log::Rule {
    let first = rule.summary.find(". ").map_or(rule.summary, |stop| &rule.summary[..=stop]);
    log::Rule {
        id: rule.name,
        short_description: text(first.to_owned()),
        full_description: text(rule.summary.to_owned()),
        // Taken over as they are: nothing is ever put into a page.
        help: log::Help { text: rule.page, markdown: rule.page },
        default_configuration: log::Configuration { level: level(rule.severity) },
        properties: log::RuleProperties {
            confidence: rule.confidence,
            precision: match rule.confidence {
                Confidence::Low => "low",
                Confidence::Medium => "medium",
                Confidence::High => "high",
            },
            problem_severity: match rule.severity {
                Severity::Info => "recommendation",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            tags: vec!["sql", rule.reads],
        },
    }
}

fn change(advice: &AdviceEntry) -> log::Change<'_> {
    log::Change { action: advice.action, ddl: &advice.ddl, down: &advice.down, host: &advice.host }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn region(location: &Location) -> log::Region {
    log::Region {
        start_line: location.line,
        start_column: Some(location.column),
        end_line: Some(location.end_line),
        end_column: Some(location.end_column),
    }
}

/// Names a kind of skip among the tool's notifications.
fn skip_id(stage: SkipStage, reason: &str) -> String {
    let stage = match stage {
        SkipStage::File => "file",
        SkipStage::Schema => "schema",
        SkipStage::Query => "query",
        SkipStage::Plan => "plan",
        SkipStage::Engine => "engine",
    };
    format!("{stage}/{reason}")
}

/// A message; braces are doubled, because they stand for arguments (§3.11.5).
fn text(words: String) -> log::Message {
    log::Message { text: words.replace('{', "{{").replace('}', "}}") }
}
