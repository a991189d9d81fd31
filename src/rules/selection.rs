//! Which rules run: what the configuration selects, and a later choice laid over an earlier one.

use std::collections::BTreeSet;

use super::{RULES, Rule};
use crate::config::{ALL, Config, DEFAULT};

/// The rules that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(BTreeSet<&'static str>);

/// A choice of rules that is made after the configuration's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The rules that run instead of those selected so far; as before when empty.
    pub select: Vec<String>,
    /// Rules that run as well, even if they were ignored before.
    pub extend_select: Vec<String>,
    /// Rules that do not run.
    pub ignore: Vec<String>,
}

impl Selection {
    /// Reads the selection of a configuration: what is selected and not ignored.
    pub fn of(config: &Config) -> Self {
        let selected = |rule: &&Rule| names(&config.select, rule) || names(&config.extend_select, rule);
        let rules = RULES.iter().filter(selected).filter(|rule| !names(&config.ignore, rule));
        Self(rules.map(|rule| rule.name).collect())
    }

    /// Says whether a rule runs.
    pub fn runs(&self, rule: &str) -> bool {
        self.0.contains(rule)
    }

    /// Says whether no rule runs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Choice {
    /// Lays the choice over a configuration's: the later one wins, and within one `ignore` does.
    pub fn lay_over(&self, config: &mut Config) {
        if !self.select.is_empty() {
            config.select = self.select.clone();
            config.extend_select.clear();
            config.ignore.clear();
        }
        let ignored = RULES.iter().filter(|rule| names(&config.ignore, rule) && !names(&self.extend_select, rule));
        config.ignore = ignored.map(|rule| rule.name.to_owned()).collect();
        config.extend_select.extend_from_slice(&self.extend_select);
        config.ignore.extend_from_slice(&self.ignore);
    }
}

fn names(selectors: &[String], rule: &Rule) -> bool {
    selectors.iter().any(|selector| match selector.as_str() {
        ALL => true,
        DEFAULT => rule.meta().default,
        name => name == rule.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// `select / extend-select / ignore` of a configuration and of a later choice, and whether two rules run.
    fn check(config: [&str; 3], later: [&str; 3], missing_index: bool, unknown_table: bool) {
        let mut settings = Config::default();
        if !config[0].is_empty() {
            settings.select = list(config[0]);
        }
        (settings.extend_select, settings.ignore) = (list(config[1]), list(config[2]));
        let choice = Choice { select: list(later[0]), extend_select: list(later[1]), ignore: list(later[2]) };
        choice.lay_over(&mut settings);
        let selection = Selection::of(&settings);
        let runs = (selection.runs("missing-index"), selection.runs("unknown-table"));
        assert_eq!(runs, (missing_index, unknown_table), "{config:?} {later:?}");
    }

    #[test]
    fn the_later_choice_wins_and_within_one_ignore_does() {
        const NOTHING: [&str; 3] = [""; 3];
        check(NOTHING, NOTHING, true, true);
        check(["missing-index", "", ""], NOTHING, true, false);
        check(["missing-index", "unknown-table", ""], NOTHING, true, true);
        check(["", "", "missing-index"], NOTHING, false, true);
        check(["missing-index", "", "missing-index"], NOTHING, false, false);
        check(["", "", "ALL"], NOTHING, false, false);
        check(["", "", "DEFAULT"], ["", "missing-index", ""], true, false);
        check(["", "", "missing-index"], ["missing-index", "", ""], true, false);
        check(["", "", "missing-index unknown-table"], ["", "missing-index", ""], true, false);
        check(["missing-index", "", ""], ["", "", "missing-index"], false, false);
        check(["unknown-table", "", ""], ["ALL", "", "unknown-table"], true, false);
        check(["", "", "ALL"], ["", "ALL", ""], true, true);
    }
}
