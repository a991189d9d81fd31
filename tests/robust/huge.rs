//! Files and trees of hundreds of megabytes, hundreds of thousands of statements, and the memory they may take.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{POSTGRES, SQLITE, ends, project};

/// What a tree of a gigabyte may take.
const MAX_KIB: u64 = 300 << 10;

/// The most memory that a command takes, in KiB, as the system counts it.
fn peak(folder: &Path, args: &[&str]) -> u64 {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("planlint"));
    let mut child = command.current_dir(folder).args(args).stdout(Stdio::null()).spawn().expect("it starts");
    let mut most = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = kib.unwrap_or(0).max(most);
        std::thread::sleep(Duration::from_millis(10));
    }
    most
}

/// A file without blocks on disk: what matters is that nobody holds it.
fn sparse(path: &Path, bytes: u64) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::File::create(path).and_then(|file| file.set_len(bytes)).expect("room");
}

#[test]
fn a_gigabyte_is_never_held_whole() {
    let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", b"SELECT id FROM t WHERE b = ?;")]);
    let root = folder.path();
    // Long rows: a debug build takes its time for each statement.
    let row = format!("INSERT INTO t (a, b, c) VALUES (1, '{}', 'é');\n", "some text ".repeat(800));
    let data = row.repeat((10 << 20) / row.len());
    fs::create_dir(root.join("data")).expect("a folder");
    for number in 0..30 {
        fs::write(root.join(format!("data/{number}.sql")), &data).expect("room");
        sparse(&root.join(format!("src/{number}.rs")), 6 << 20);
        sparse(&root.join(format!("nul/{number}.sql")), 10 << 20);
    }
    sparse(&root.join("dump/too-large.sql"), 200 << 20);
    for command in ["queries", "check"] {
        let kib = peak(root, &[command]);
        assert!(kib < MAX_KIB / 2, "{command} took {kib} KiB");
    }
}

#[test]
fn many_statements_and_a_line_of_megabytes_end() {
    let files = ["SELECT 1;\n".repeat(200_000), "SELECT id FROM t WHERE b = 'x'; ".repeat(64_000)];
    for text in files {
        let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", text.as_bytes())]);
        ends("many statements", folder.path(), &["check"]);
        let kib = peak(folder.path(), &["queries"]);
        assert!(kib < MAX_KIB, "{kib} KiB");
    }
}

#[test]
fn ten_thousand_views_on_views_end() {
    let view = |at: usize| {
        format!(
            "CREATE VIEW v{at} AS SELECT * FROM {};\n",
            if at == 0 { "t".to_owned() } else { format!("v{}", at - 1) }
        )
    };
    for schema in [SQLITE, POSTGRES] {
        let views: String = (0..10_000).map(view).collect();
        let schema = [schema, &views].concat();
        let folder = project(&[("schema.sql", schema.as_bytes()), ("q.sql", b"SELECT * FROM v9999 WHERE a = 1")]);
        assert!(peak(folder.path(), &["check", "--engine", "sqlite"]) < MAX_KIB);
    }
}

#[test]
fn a_file_of_200_megabytes_is_passed_over() {
    let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", b"SELECT id FROM t WHERE b = ?;")]);
    sparse(&folder.path().join("large.sql"), 200 << 20);
    let ran = ends("200 MB", folder.path(), &["check", "-v"]);
    assert!(ran.out.contains("large.sql") && ran.out.contains("max-file-bytes"), "{}", ran.out);
}
