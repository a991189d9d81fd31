//! The `Tree` trait: a code base as (path, content). Nobody else opens a code base's files.
//!
//! Implementations are in `walk`; no step knows whether a path is on disk, in a commit or in an editor.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::source::TreePath;

/// A file of a tree, as listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeFile {
    /// Its path.
    pub path: TreePath,
    /// Its size in bytes, as far as the listing knows.
    pub bytes: u64,
    /// What it is.
    pub kind: FileKind,
}

/// What stands at a path of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileKind {
    /// Something that is read, or said why not, if its name says that it matters.
    File,
    /// A folder whose files are not listed, since it is a link or may not be read: what it hides cannot be told from its
    /// name.
    UnlistedFolder,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, decoded to UTF-8 (a byte order mark is dropped).
    Text(Arc<str>),
    /// Text with bytes that are no UTF-8, each read as Windows-1252 writes it; counted beside what the text says.
    Mended {
        /// The text.
        text: Arc<str>,
        /// Where the first of these bytes stands in it.
        first: Range<usize>,
        /// What was seen, for a person.
        detail: String,
    },
    /// Not read, and why: counted, never silent.
    Unread {
        /// A stable kebab-case reason: `binary`, `too-large`, `encoding`, `unreadable`, `link`,
        /// `not-a-file`.
        reason: &'static str,
        /// What was seen, for a person.
        detail: String,
    },
}

impl Content {
    /// Returns the text, if it is one.
    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) | Self::Mended { text, .. } => Some(text),
            Self::Unread { .. } => None,
        }
    }
}

/// A tree of files; paths are relative, `/`-separated, sorted.
pub trait Tree: Sync {
    /// Lists the files that the tree's own rules (ignore files, excludes) let through, sorted by path.
    ///
    /// # Errors
    /// When the root itself cannot be listed.
    fn list(&self) -> Result<Vec<TreeFile>, TreeError>;

    /// Reads one file; what is binary, too large or unreadable comes back as [`Content::Unread`].
    ///
    /// # Errors
    /// When the path is not of this tree.
    fn read(&self, path: &TreePath) -> Result<Content, TreeError>;
}

/// Why a tree could not be listed or a path not be found in it.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum TreeError {
    /// The root is not there or cannot be listed.
    #[error("cannot list `{root}`: {cause}")]
    #[diagnostic(help("name a folder or file that exists, for example `planlint check .`"))]
    Root {
        /// The root as the user named it.
        root: String,
        /// The operating system's words.
        cause: String,
    },
    /// The path is not in the tree.
    #[error("`{0}` is not in the tree")]
    NotFound(TreePath),
    /// A pattern of the configuration cannot be read.
    #[error("`{pattern}` is no path pattern: {cause}")]
    #[diagnostic(help("write it as in a `.gitignore` file, for example `scripts/**` or `*.report.sql`"))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
}
