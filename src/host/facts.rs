//! What one file of host code says, kept for as long as the run: its statements without those that cannot matter.

use aho_corasick::AhoCorasick;

use super::{python, suppressions};
use crate::ir::{Expr, Span, Stmt, StmtKind};
use crate::query::PathClass;
use crate::source::{FileId, TreePath};
use crate::suppress::Suppression;

/// A file of host code.
#[derive(Debug, PartialEq)]
pub struct HostFacts {
    /// The file.
    pub file: FileId,
    /// Its path.
    pub path: TreePath,
    /// What kind of file it is: the models of tests are no schema.
    pub class: PathClass,
    /// Its statements; the bodies of functions that name nothing of a database are left out.
    pub body: Vec<Stmt>,
    /// Where it is not the language.
    pub faults: Vec<Span>,
    /// What its comments, and the SQL comments of its strings, ask to be silent about.
    pub suppressions: Vec<Suppression>,
}

/// The words without which a text sends no query and declares no schema; the frameworks say which.
pub struct Words {
    of_files: AhoCorasick,
    of_functions: AhoCorasick,
}

impl Words {
    /// Words that a file must name, and those that a function must name, to matter.
    pub fn new(of_files: &[&str], of_functions: &[&str]) -> Self {
        let automaton = |words: &[&str]| AhoCorasick::new(words).expect("a few short words make a small automaton");
        Self { of_files: automaton(of_files), of_functions: automaton(of_functions) }
    }

    /// Says whether a function's text may matter.
    pub(super) fn may_matter(&self, function: &str) -> bool {
        // A short one costs nothing, and may be what makes a condition or a session.
        function.len() < 600 || self.of_functions.is_match(function)
    }
}

/// Says whether a path names a file that [`facts`] reads.
pub fn reads(path: &TreePath) -> bool {
    path.file_name().ends_with(".py")
}

/// Says whether a path names a notebook: host code in another wrapping, which nobody reads.
pub fn is_notebook(path: &TreePath) -> bool {
    path.file_name().ends_with(".ipynb")
}

/// Says whether a file is worth parsing.
pub fn may_matter(path: &TreePath, text: &str, words: &Words) -> bool {
    // What packages bring together from their modules names none of the words.
    path.file_name() == "__init__.py" || words.of_files.is_match(text)
}

/// Reads one file; nothing where it cannot matter.
pub fn facts(file: FileId, path: &TreePath, class: PathClass, text: &str, words: &Words) -> HostFacts {
    if !may_matter(path, text, words) {
        let (body, faults, suppressions) = Default::default();
        return HostFacts { file, path: path.clone(), class, body, faults, suppressions };
    }
    let python::Module { body, faults, marked } = python::read(text, words);
    let suppressions = suppressions::read(file, text, &marked);
    HostFacts { file, path: path.clone(), class, body, faults, suppressions }
}

/// Reads an expression that host code spells within a string.
pub fn expression(text: &str) -> Option<Expr> {
    // Within parentheses, several with commas between them are one.
    let body = python::read(&format!("({text})"), &Words::new(&[], &[])).body;
    match body.into_iter().next()?.kind {
        StmtKind::Expr(expr) => Some(expr),
        _ => None,
    }
}
