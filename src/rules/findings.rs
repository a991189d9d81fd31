//! Collecting findings: a rule names a place and says what it saw, its page fills in the rest.

use crate::advice::{AdviceId, Proof};
use crate::finding::{Confidence, Edit, Finding, Place, Severity};
use crate::name::QName;
use crate::query::DatabaseId;

use super::page::Meta;

/// The findings of one rule.
pub(super) struct Findings {
    rule: &'static str,
    severity: Severity,
    confidence: Confidence,
    database: DatabaseId,
    list: Vec<Finding>,
}

/// A finding being told.
pub(super) struct Report<'a>(&'a mut Finding);

impl Findings {
    /// Starts with nothing found.
    pub(super) fn new(rule: &'static str, meta: &Meta, database: DatabaseId) -> Self {
        Self { rule, severity: meta.severity, confidence: meta.confidence, database, list: Vec::new() }
    }

    /// Adds a finding at a place; `subject` is what its fingerprint is made of besides rule, database and table.
    pub(super) fn report(&mut self, at: Place, subject: String) -> Report<'_> {
        self.list.push(Finding {
            rule: self.rule,
            severity: self.severity,
            confidence: self.confidence,
            message: String::new(),
            help: None,
            at,
            related: Vec::new(),
            database: self.database,
            table: None,
            columns: Vec::new(),
            advice: Vec::new(),
            edits: Vec::new(),
            proof: None,
            subject,
        });
        Report(self.list.last_mut().expect("one was just added"))
    }

    /// Returns what was found.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}

impl Report<'_> {
    /// Says what was seen.
    pub(super) fn message(self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Says what to do.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Names the table it is about.
    pub(super) fn table(self, table: &QName) -> Self {
        self.0.table = Some(table.clone());
        self
    }

    /// Names the columns or expressions it is about.
    pub(super) fn columns<T: ToString>(self, columns: impl IntoIterator<Item = T>) -> Self {
        self.0.columns = columns.into_iter().map(|column| column.to_string()).collect();
        self
    }

    /// Points at another place.
    pub(super) fn related(self, place: Place, label: impl Into<String>) -> Self {
        self.0.related.push((place, label.into()));
        self
    }

    /// Names the advice that mends it.
    pub(super) fn advice(self, advice: impl IntoIterator<Item = AdviceId>) -> Self {
        self.0.advice.extend(advice);
        self
    }

    /// Offers edits that together mend it.
    pub(super) fn edits(self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.0.edits.extend(edits);
        self
    }

    /// Shows the evidence.
    pub(super) fn proof(self, proof: Option<Proof>) -> Self {
        self.0.proof = proof;
        self
    }

    /// Lowers the severity; the page's is the ceiling.
    pub(super) fn at_most(self, severity: Severity) -> Self {
        self.0.severity = self.0.severity.min(severity);
        self
    }

    /// Lowers the confidence; the page's is the ceiling.
    pub(super) fn no_surer_than(self, confidence: Confidence) -> Self {
        self.0.confidence = self.0.confidence.min(confidence);
        self
    }
}
