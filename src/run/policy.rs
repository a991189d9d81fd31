//! What is wanted to be heard: of which files, which rules run, below which paths they are silent, how bad a finding
//! can be.

use crate::config::Config;
use crate::finding::Severity;
use crate::rules::Selection;
use crate::source::TreePath;
use crate::tree::TreeError;
use crate::walk::PerPath;

/// What is to be said of what stands where.
pub(super) struct Policy<'a> {
    /// The rules that run.
    pub selection: Selection,
    /// The files and folders that alone are asked for; everything when empty.
    scope: &'a [TreePath],
    ignores: PerPath<Vec<String>>,
    ceilings: PerPath<Severity>,
}

impl<'a> Policy<'a> {
    /// Compiles the configuration's selection and patterns, for what is asked for.
    pub fn new(config: &Config, scope: &'a [TreePath]) -> Result<Self, TreeError> {
        Ok(Self {
            selection: Selection::of(config),
            scope,
            ignores: PerPath::new(config.per_path_ignores.iter().map(|(pattern, rules)| (pattern, rules.clone())))?,
            ceilings: PerPath::new(config.per_path_severity.iter().map(|(pattern, severity)| (pattern, *severity)))?,
        })
    }

    /// Says whether a rule has a say about what stands in a file.
    pub fn speaks(&self, rule: &str, path: &TreePath) -> bool {
        let ignored = || self.ignores.of(path).flatten().any(|ignored| ignored == rule);
        self.selection.runs(rule) && self.is_asked(path) && !ignored()
    }

    /// Says whether all files are asked for.
    pub fn is_whole(&self) -> bool {
        self.scope.is_empty()
    }

    /// Says whether a file is one of those asked for.
    pub fn is_asked(&self, path: &TreePath) -> bool {
        self.scope.is_empty() || self.scope.iter().any(|part| path.is_below(part.as_str()))
    }

    /// Returns how bad a finding in a file can be.
    pub fn at_most(&self, severity: Severity, path: &TreePath) -> Severity {
        self.ceilings.of(path).next().map_or(severity, |most| severity.min(*most))
    }
}
