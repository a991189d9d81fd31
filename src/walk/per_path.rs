//! Settings by gitignore pattern, the most special one first.

use std::cmp::Reverse;

use ignore::gitignore::Gitignore;

use crate::source::TreePath;
use crate::tree::TreeError;

/// Settings by gitignore pattern; a longer pattern is a more special one.
#[derive(Debug)]
pub struct PerPath<T>(Vec<(Gitignore, T)>);

impl<T> PerPath<T> {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// When one of them is no gitignore pattern.
    pub fn new<'a>(settings: impl IntoIterator<Item = (&'a String, T)>) -> Result<Self, TreeError> {
        let mut settings: Vec<(&String, T)> = settings.into_iter().collect();
        settings.sort_by_key(|(pattern, _)| Reverse(pattern.len()));
        let compile = |(pattern, setting): (&String, T)| Ok((super::patterns([pattern.as_str()])?, setting));
        Ok(Self(settings.into_iter().map(compile).collect::<Result<_, TreeError>>()?))
    }

    /// Returns what the patterns that match a path say, the longest pattern first.
    pub fn of(&self, path: &TreePath) -> impl Iterator<Item = &T> {
        let matches = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path.as_str(), false).is_ignore();
        self.0.iter().filter(move |(patterns, _)| matches(patterns)).map(|(_, setting)| setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_patterns_come_first() {
        let patterns = ["scripts/**", "*.report.sql", "scripts/old/", "/top.sql"].map(str::to_owned);
        let settings = PerPath::new(patterns.iter().map(|pattern| (pattern, pattern.as_str()))).expect("patterns");
        let check = |path: &str, expect: &[&str]| {
            let found: Vec<&str> = settings.of(&TreePath::new(path)).copied().collect();
            assert_eq!(found, expect, "{path}");
        };
        check("scripts/a.sql", &["scripts/**"]);
        check("scripts/old/a.report.sql", &["*.report.sql", "scripts/old/", "scripts/**"]);
        check("top.sql", &["/top.sql"]);
        check("below/top.sql", &[]);
    }
}
