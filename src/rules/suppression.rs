//! What the rules about suppressions are handed: a comment, and what it turned out to be good for.

use crate::query::DatabaseId;
use crate::source::HostSpan;
use crate::suppress::{Mistake, Reach, Suppression};

/// A suppression after the other rules have spoken.
#[derive(Clone, Debug)]
pub struct JudgedSuppression<'a> {
    /// The comment.
    pub suppression: &'a Suppression,
    /// The database of its file.
    pub database: DatabaseId,
    /// What each rule it names is there for, in the same order.
    pub uses: Vec<Use>,
    /// The rules that report something in its reach, by name.
    pub speaking: Vec<&'static str>,
}

/// What a rule's name in a suppression is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It silences a finding.
    Used,
    /// It would, but gives no reason where the configuration requires one.
    Unreasoned,
    /// The rule has nothing to say there.
    Unused,
    /// Nobody can tell: the rule was not run on everything it reaches, or does not exist.
    Unknown,
}

impl JudgedSuppression<'_> {
    /// Returns what is wrong with it as a whole.
    pub(super) fn mistake(&self) -> Option<&Mistake> {
        self.suppression.mistake.as_ref()
    }

    /// Returns the names of its rules with their places and what they are there for.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&str, HostSpan, Use)> {
        let named = self.suppression.rules.iter().zip(&self.uses);
        named.map(|(rule, usage)| (rule.name.as_str(), rule.place, *usage))
    }

    /// Returns the word of its kind and the place it reaches, for people.
    pub(super) fn reach(&self) -> (&'static str, &'static str) {
        match self.suppression.reach {
            Reach::File => ("ignore-file", "in this file"),
            Reach::Statement(_) | Reach::Nothing => ("ignore", "in the statement it is about"),
        }
    }

    /// Writes it as it should be: with the rules given, its reason or a place for one.
    pub(super) fn written(&self, rules: &[&str]) -> String {
        let reason = self.suppression.reason.as_deref().unwrap_or("the reason");
        format!("planlint: {}[{}] -- {reason}", self.reach().0, rules.join(", "))
    }
}
