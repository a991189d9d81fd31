//! Explaining chosen queries: which ones a place or a typed text means, how they run with everything advised, and the
//! words for what was tried.
//!
//! A part of the one pipe: what is asked of the same tables is judged as ever, and more is kept of the chosen queries. The
//! engine is asked while it is at hand (`ask`); everything else is read off the analysis when the report is written
//! (`entry`).

mod ask;
mod entry;
mod narrow;
mod pick;
mod serving;

use std::collections::BTreeMap;

use crate::advice::AdviceId;
use crate::assume::RowBasis;
use crate::name::QName;
use crate::source::TreePath;

pub(super) use ask::ask;
pub(super) use entry::explained;
pub(super) use narrow::narrow;
pub(super) use pick::pick;

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Focus<'a> {
    /// The statements at a place of a file.
    Place {
        /// The file.
        path: &'a TreePath,
        /// The line, from 1.
        line: u32,
        /// The column, from 1; every statement of the line without it.
        column: Option<u32>,
    },
    /// Statements that stand in no file.
    Text {
        /// The statements.
        sql: &'a str,
        /// The folder they are taken to stand in, which decides whose schema they mean.
        folder: &'a TreePath,
    },
}

/// What the engine said of one chosen query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Explained {
    /// Its plan with everything advised, as a short tree, where something on its tables is.
    pub plan_after: Option<String>,
    /// Both plans in the engine's words, with the names that people know.
    pub raw_before: Option<String>,
    pub raw_after: Option<String>,
    /// The advice that this plan uses, and what drops an index that the plan without it uses.
    pub used: Vec<AdviceId>,
    /// A script that shows both plans.
    pub repro: Option<String>,
    /// Where the rows of its tables come from.
    pub bases: BTreeMap<QName, RowBasis>,
}
