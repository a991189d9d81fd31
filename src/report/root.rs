//! How a file is named from the root of its repository, for readers that know nothing of the current directory.
//!
//! Pure text: asks no disk.

/// Where the paths of a report start, and where the reader's paths start: absolute, with `/` between names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// The current directory, which the paths of a report are relative to.
    pub here: String,
    /// The repository's root.
    pub root: String,
}

impl Root {
    /// Names a file of a report from the root; a file outside of it keeps its name.
    pub(super) fn path(&self, shown: &str) -> String {
        let mut full: Vec<&str> = if shown.starts_with('/') { Vec::new() } else { names(&self.here).collect() };
        for name in names(shown) {
            match name {
                ".." => drop(full.pop()),
                _ => full.push(name),
            }
        }
        let root: Vec<&str> = names(&self.root).collect();
        match full.strip_prefix(root.as_slice()) {
            Some(below) if !below.is_empty() => below.join("/"),
            _ => shown.to_owned(),
        }
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_root() {
        for (here, root, shown, expect) in [
            ("/w/repo", "/w/repo", "app/q.sql", "app/q.sql"),
            ("/w/repo/app", "/w/repo", "q.sql", "app/q.sql"),
            ("/w/repo/app/sql", "/w/repo", "../../db/./s.sql", "db/s.sql"),
            ("/w", "/w/repo", "repo/app/q.sql", "app/q.sql"),
            ("/w/elsewhere", "/w/repo", "../repo/q.sql", "q.sql"),
            ("/w/repo", "/w/repo", "../other/q.sql", "../other/q.sql"),
            ("/w/repo2", "/w/repo", "q.sql", "q.sql"),
            ("/w/repo", "/w/repo", "/w/repo/q.sql", "q.sql"),
            ("", "", "q.sql", "q.sql"),
            ("/w/a b", "/w/a b", "c d/é.sql", "c d/é.sql"),
        ] {
            let root = Root { here: here.to_owned(), root: root.to_owned() };
            assert_eq!(root.path(shown), expect, "{root:?}");
        }
    }
}
