//! A recorded plan for the tests of the readers: a text file of sections (`-- name`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::engine::{EngineQuery, Fidelity};
use crate::expr::Expr;
use crate::name::QName;

/// A file's sections, in order.
pub(super) struct Case {
    pub(super) sections: Vec<(String, String)>,
}

impl Case {
    pub(super) fn read(text: &str) -> Self {
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix("-- "), sections.last_mut()) {
                (Some(name), _) => sections.push((name.to_owned(), String::new())),
                (None, Some((_, body))) => writeln!(body, "{line}").expect("a String takes all"),
                (None, None) => panic!("a case begins with a section"),
            }
        }
        Self { sections }
    }

    /// A section's text; empty where the case has no such section.
    pub(super) fn section(&self, wanted: &str) -> &str {
        self.sections.iter().find(|(name, _)| name == wanted).map_or("", |(_, body)| body.as_str())
    }

    /// The query, with the tables and tested columns of `references` and `filters`.
    pub(super) fn query(&self) -> EngineQuery {
        let filters = self.section("filters").lines().map(|line| line.split_whitespace().map(Expr::column).collect());
        EngineQuery {
            sql: self.section("query").to_owned(),
            references: self.section("references").split_whitespace().map(QName::plain).collect(),
            parameters: 0,
            bounds: Vec::new(),
            fidelity: Fidelity::Exact,
            functions: BTreeSet::new(),
            filters: filters.collect(),
        }
    }
}
