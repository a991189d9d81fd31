//! Trees of files: the disk, and buffers laid over another tree; what kind of file a path names.
//!
//! The only module that opens the files of a code base. Knows no SQL; whoever reads a [`Tree`] cannot tell which
//! implementation it has.
//!
//! [`Tree`]: crate::tree::Tree

mod class;
mod content;
mod disk;
mod overlay;
mod per_path;

pub use class::{Classes, classify, has_generated_header, is_run_by_hand};
pub use content::decode;
pub use disk::Disk;
pub use overlay::Overlay;
pub use per_path::PerPath;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::tree::TreeError;

/// Says why a text is no gitignore pattern, if it is none.
pub fn pattern_fault(pattern: &str) -> Option<String> {
    match patterns([pattern]) {
        Err(TreeError::Pattern { cause, .. }) => Some(cause),
        _ => None,
    }
}

/// Compiles gitignore patterns, relative to the tree's root.
fn patterns<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Gitignore, TreeError> {
    let mut builder = GitignoreBuilder::new("");
    // Git itself lets a `[` that nothing closes match nothing at all.
    builder.allow_unclosed_class(false);
    for line in lines {
        let bad = |error: ignore::Error| TreeError::Pattern { pattern: line.to_owned(), cause: error.to_string() };
        builder.add_line(None, line).map_err(bad)?;
    }
    let all = |error: ignore::Error| TreeError::Pattern { pattern: "*".to_owned(), cause: error.to_string() };
    builder.build().map_err(all)
}
