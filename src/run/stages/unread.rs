//! Code in languages that no front end reads, told by the names of files: what it asks is not known.

use crate::host;
use crate::query::PathClass;
use crate::source::TreePath;
use crate::tree::{FileKind, TreeFile};
use crate::walk::Classes;

/// Languages that ask databases.
const SERVER: &[&str] = &[
    "c", "cc", "clj", "cpp", "cs", "erl", "ex", "exs", "fs", "go", "groovy", "hs", "java", "jl", "kt", "lua", "ml",
    "php", "pl", "rb", "rs", "scala", "swift", "vb", "zig",
];

/// Languages that do so as well, and run in browsers more often.
const BROWSER: &[&str] = &["cjs", "js", "jsx", "mjs", "mts", "ts", "tsx", "svelte", "vue"];

/// How many files of the application are in which languages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unread {
    /// Host code that is read.
    pub read: usize,
    /// Languages that ask databases.
    pub server: usize,
    /// Languages that mostly run in browsers.
    pub browser: usize,
}

impl Unread {
    /// Counts the files of a tree.
    pub fn of(files: &[TreeFile], classes: &Classes) -> Self {
        let mut found = Self::default();
        for file in files.iter().filter(|file| file.kind == FileKind::File) {
            let Some((_, ending)) = file.path.file_name().rsplit_once('.') else { continue };
            let count = match ending {
                _ if host::facts::reads(&file.path) => &mut found.read,
                ending if SERVER.contains(&ending) => &mut found.server,
                ending if BROWSER.contains(&ending) => &mut found.browser,
                _ => continue,
            };
            *count += usize::from(is_of_application(&file.path, classes));
        }
        found
    }

    /// Says whether most of what asks a database stands where nobody has read it; `sends` says how many queries of it
    /// stand in host code that was read.
    pub fn is_most(self, sends: usize) -> bool {
        self.server > self.read || (sends == 0 && self.server + self.browser > 0)
    }
}

fn is_of_application(path: &TreePath, classes: &Classes) -> bool {
    classes.of(path) == PathClass::App
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn code_that_nobody_reads_is_most_where_it_is_more_or_all() {
        let check = |paths: &[&str], sends: usize, expect: bool| {
            let file = |path: &&str| TreeFile { path: TreePath::new(*path), bytes: 1, kind: FileKind::File };
            let files: Vec<TreeFile> = paths.iter().map(file).collect();
            let classes = Classes::new(&Config::default()).unwrap();
            assert_eq!(Unread::of(&files, &classes).is_most(sends), expect, "{paths:?} {sends}");
        };
        check(&["schema.sql", "queries.sql", "README.md"], 0, false);
        check(&["schema.sql", "queries.sql", "main.go"], 0, true);
        check(&["schema.sql", "queries.sql", "main_test.go", "tests/a.rb"], 0, false);
        check(&["schema.sql", "queries.sql", "src/db.ts"], 0, true);
        check(&["app/models.py", "app/views.py", "app/static/a.js", "app/static/b.js", "app/static/c.js"], 2, false);
        check(&["app/models.py", "app/views.py", "cmd/a.go"], 2, false);
        check(&["app/models.py", "cmd/a.go", "cmd/b.go"], 2, true);
    }
}
