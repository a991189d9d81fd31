//! Folders on disk and what of them is listed and read.

use std::sync::Arc;

use super::*;

/// A folder on disk with the given files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn listed(folder: &tempfile::TempDir, config: &Config) -> Vec<String> {
    let files = Disk::new(folder.path(), config).expect("patterns").list().expect("lists");
    files.into_iter().map(|file| file.path.to_string()).collect()
}

#[test]
fn ignore_files_and_default_excludes_hide_and_the_rest_is_sorted() {
    let folder = folder(&[
        ("z.sql", ""),
        ("a/b.sql", ""),
        ("a-c.sql", ""),
        ("a/.gitignore", "hidden.sql\n"),
        ("a/hidden.sql", ""),
        (".sqlx/query-1.json", ""),
        ("node_modules/x/y.sql", ""),
        ("a/target/t.sql", ""),
        (".git/config", ""),
        ("target.sql", ""),
        ("skip/me.sql", ""),
    ]);
    let config = Config { exclude: vec!["skip/".to_owned()], ..Config::default() };
    let expect = [".sqlx/query-1.json", "a-c.sql", "a/.gitignore", "a/b.sql", "target.sql", "z.sql"];
    assert_eq!(listed(&folder, &config), expect);
}

#[test]
fn included_folders_are_read_in_spite_of_ignore_files() {
    let folder = folder(&[
        (".gitignore", "db/\n"),
        ("db/schema.sql", ""),
        ("db/vendor/x.sql", ""),
        ("vendor/ours/q.sql", ""),
        ("vendor/theirs/q.sql", ""),
    ]);
    let config = Config { include: vec!["./db/".to_owned(), "vendor/ours".to_owned()], ..Config::default() };
    assert_eq!(listed(&folder, &config), [".gitignore", "db/schema.sql", "vendor/ours/q.sql"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_those_to_what_is_not_listed_are_told() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.sql", "SELECT 1")]);
    let folder = folder(&[("a/q.sql", ""), ("a b.sql", ""), (".gitignore", "a b.sql\n"), ("hidden/.ignore", "*\n")]);
    let link = |target: &std::path::Path, name: &str| symlink(target, folder.path().join(name)).expect("a link");
    link(outside.path(), "out");
    link(&outside.path().join("secret.sql"), "secret.sql");
    link(outside.path(), "node_modules");
    link(folder.path(), "a/loop");
    link(std::path::Path::new("a"), "queries");
    link(&folder.path().join("a/q.sql"), "copy.sql");
    link(&folder.path().join("a b.sql"), "hides.sql");
    link(std::path::Path::new("self.sql"), "self.sql");
    link(std::path::Path::new("copy.sql"), "chain.sql");
    let disk = Disk::new(folder.path(), &Config::default()).expect("no patterns");
    let listed = disk.list().expect("lists");
    let of_kind = |kind: FileKind| {
        let files = listed.iter().filter(move |file| file.kind == kind && !file.path.as_str().contains("ignore"));
        files.map(|file| file.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of_kind(FileKind::File), ["a/q.sql", "hides.sql", "secret.sql", "self.sql"]);
    assert_eq!(of_kind(FileKind::UnlistedFolder), ["out"]);
    for path in ["out", "hides.sql", "secret.sql", "self.sql"] {
        assert!(matches!(disk.read(&TreePath::new(path)), Ok(Content::Unread { reason: "link", .. })), "{path}");
    }
    assert!(matches!(disk.read(&TreePath::new("out/secret.sql")), Err(TreeError::NotFound(_))));
}

/// Only for want of a right or, which holds for the superuser too, because their path is longer than the system takes.
#[cfg(unix)]
#[test]
fn folders_that_cannot_be_entered_are_listed_and_not_read() {
    let folder = folder(&[("a/q.sql", ""), ("b/c.sql", "")]);
    // Nothing can be made below a path of that length; it comes to be by moving one half of it below the other.
    let half = vec!["n".repeat(250); 9].join("/");
    for name in ["a", "b"] {
        fs::create_dir_all(folder.path().join(name).join(&half)).expect("folders");
    }
    let moved = folder.path().join("a").join(&half).join("b");
    fs::rename(folder.path().join("b"), moved).expect("another place");
    for include in [vec![], vec!["a".to_owned()]] {
        let config = Config { include, ..Config::default() };
        let disk = Disk::new(folder.path(), &config).expect("no patterns");
        let listed = disk.list().expect("lists");
        let unlisted: Vec<_> = listed.iter().filter(|file| file.kind == FileKind::UnlistedFolder).collect();
        assert_eq!((listed.len(), unlisted.len()), (3, 1));
        let read = disk.read(&unlisted[0].path);
        assert!(matches!(read, Ok(Content::Unread { reason: "unreadable", .. })), "{read:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_listed_and_not_read() {
    let folder = folder(&[("q.sql", "")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s.sql")).expect("a socket");
    assert_eq!(listed(&folder, &Config::default()), ["q.sql", "s.sql"]);
    let disk = Disk::new(folder.path(), &Config::default()).expect("no patterns");
    let read = disk.read(&TreePath::new("s.sql"));
    assert!(matches!(read, Ok(Content::Unread { reason: "not-a-file", .. })), "{read:?}");
}

#[test]
fn reading_says_why_not() {
    let folder = folder(&[("a.sql", "SELECT 1"), ("long.sql", "0123456789")]);
    let limits = crate::config::Limits { max_file_bytes: 9, ..Default::default() };
    let disk = Disk::new(folder.path(), &Config { limits, ..Config::default() }).expect("no patterns");
    let read = |path: &str| disk.read(&TreePath::new(path));
    assert_eq!(read("a.sql").expect("reads"), Content::Text(Arc::from("SELECT 1")));
    assert!(matches!(read("long.sql"), Ok(Content::Unread { reason: "too-large", .. })));
    assert!(matches!(read("b.sql"), Err(TreeError::NotFound(_))));
    assert!(matches!(read("../a.sql"), Err(TreeError::NotFound(_))));
    assert!(matches!(read("/etc/hostname"), Err(TreeError::NotFound(_))));
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let disk = Disk::new("/does/not/exist", &Config::default()).expect("no patterns");
    assert!(matches!(disk.list(), Err(TreeError::Root { .. })));
    let config = Config { exclude: vec!["a{b".to_owned()], ..Config::default() };
    assert!(matches!(Disk::new(".", &config), Err(TreeError::Pattern { .. })));
}
