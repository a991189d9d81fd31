//! What takes minutes: files and trees of hundreds of megabytes, and the memory they may take.

use std::fs;
use std::io::Write;
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

fn fill(path: &Path, bytes: usize, line: impl Fn(usize) -> String) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    let mut file = std::io::BufWriter::new(fs::File::create(path).expect("a file"));
    let mut written = 0;
    for number in 0.. {
        let line = line(number);
        file.write_all(line.as_bytes()).expect("room");
        written += line.len();
        if written >= bytes {
            break;
        }
    }
}

#[test]
#[ignore = "writes a gigabyte and takes minutes"]
fn a_gigabyte_is_never_held_whole() {
    let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", b"SELECT id FROM t WHERE b = ?;")]);
    let root = folder.path();
    for number in 0..60 {
        fill(&root.join(format!("data/{number}.sql")), 10 << 20, |row| {
            format!("INSERT INTO t (a, b, c) VALUES ({row}, 'some text', 'é');\n")
        });
        fill(&root.join(format!("src/{number}.rs")), 6 << 20, |row| {
            format!("fn f{row}() {{ println!(\"{row}\"); }}\n")
        });
    }
    fill(&root.join("dump/too-large.sql"), 200 << 20, |row| format!("INSERT INTO t (a) VALUES ({row});\n"));
    for command in ["queries", "check"] {
        let kib = peak(root, &[command]);
        assert!(kib < MAX_KIB, "{command} took {kib} KiB");
    }
}

#[test]
#[ignore = "takes minutes in a debug build"]
fn a_million_statements_and_a_line_of_ten_megabytes_end() {
    let files = ["SELECT 1;\n".repeat(1_000_000), "SELECT id FROM t WHERE b = 'x'; ".repeat(320_000)];
    for text in files {
        let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", text.as_bytes())]);
        for command in ["queries", "check"] {
            let mut run = assert_cmd::Command::cargo_bin("planlint").expect("the binary is built");
            let output = run.current_dir(folder.path()).args([command]).output().expect("it runs");
            assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}", output.status);
        }
    }
}

#[test]
#[ignore = "takes a minute in a debug build"]
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
        assert!(peak(folder.path(), &["check"]) < MAX_KIB);
    }
}

#[test]
fn a_file_of_200_megabytes_is_passed_over() {
    let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", b"SELECT id FROM t WHERE b = ?;")]);
    let large = fs::File::create(folder.path().join("large.sql")).expect("a file");
    // Without blocks on disk: what matters is that nobody reads it.
    large.set_len(200 << 20).expect("room");
    let ran = ends("200 MB", folder.path(), &["check", "-v"]);
    assert!(ran.out.contains("large.sql") && ran.out.contains("max-file-bytes"), "{}", ran.out);
}
