//! Files and streams that are not what they should be.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{SQLITE, ends, planlint, project, skips, through_files};

const BAD: &str = "SELECT id FROM t WHERE b = ?;";

/// Checks one file beside a good schema: it is read, or skipped for the reason.
fn check(name: &str, content: &[u8], queries: u64, expect: &[&str]) {
    let report = through_files(name, &[("schema.sql", SQLITE.as_bytes()), ("q.sql", content)]);
    assert_eq!(report["coverage"]["queries"]["found"], queries, "{name}");
    assert_eq!(skips(&report), expect, "{name}");
}

#[test]
fn bytes_that_are_no_text_are_skipped_and_marked_text_is_read() {
    let utf16 = |text: &str, mark: &[u8], order: fn(u16) -> [u8; 2]| {
        [mark, &text.encode_utf16().flat_map(order).collect::<Vec<_>>()].concat()
    };
    check("UTF-8 with a mark", &[b"\xef\xbb\xbf", BAD.as_bytes()].concat(), 1, &[]);
    check("UTF-16, little end first", &utf16(BAD, b"\xff\xfe", u16::to_le_bytes), 1, &[]);
    check("UTF-16, big end first", &utf16(BAD, b"\xfe\xff", u16::to_be_bytes), 1, &[]);
    check("UTF-16 without a mark", &utf16(BAD, b"", u16::to_le_bytes), 0, &["binary"]);
    check("UTF-16 cut in half", b"\xff\xfeS\0E", 0, &["encoding"]);
    check("UTF-32", b"\xff\xfe\0\0S\0\0\0", 0, &["binary"]);
    check("a mark alone", b"\xef\xbb\xbf", 0, &[]);
    check("NUL bytes", b"SELECT \0 FROM t;", 0, &["binary"]);
    check("Latin-1", b"SELECT id FROM t WHERE b = 'gr\xfc\xdfe';", 1, &["encoding"]);
    check(
        "a bad byte among good statements",
        b"SELECT 1 FROM t;\n-- \xff\nSELECT id FROM t;\n-- \xfe",
        2,
        &["encoding"],
    );
    check("cut in a character", b"SELECT id FROM t WHERE b = '\xc3", 1, &["encoding", "unterminated-string"]);
    check("nothing", b"", 0, &[]);
    check("a bad byte on a line of its own", b"SELECT 1 FROM t;\n\xff\nSELECT id FROM t;\n\xfe\n", 2, &["encoding"]);
    check("old Macintosh lines", b"-- one\rSELECT id FROM t\rWHERE id = 1; -- two\rSELECT 1 FROM t;\r", 2, &[]);
}

#[test]
fn what_never_ends_costs_itself() {
    check("a string", b"SELECT id FROM t WHERE b = 'x;\nSELECT id FROM t;\n", 2, &["unterminated-string"]);
    check("a name", b"SELECT id FROM \"t WHERE b = 1;\nSELECT id FROM t;\n", 2, &["unterminated-string"]);
    check("a comment", b"SELECT id FROM t;\n/* SELECT id FROM t;\n", 1, &["unterminated-comment"]);
    check("a dollar quote", b"SELECT $x$ FROM t;\nSELECT id FROM t;\n", 2, &["unterminated-string"]);
    let schema = format!(
        "{SQLITE}CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, FOREIGN KEY (;\nCREATE TABLE v (id INTEGER PRIMARY KEY, a TEXT);\n"
    );
    let report = through_files(
        "a schema with an error half-way",
        &[("schema.sql", schema.as_bytes()), ("q.sql", b"SELECT id FROM v WHERE a = 'x';")],
    );
    assert_eq!(report["queries"][0]["tables"][0], "v");
    assert!(!skips(&report).is_empty());
}

#[test]
fn trees_without_sql_or_schema_say_what_to_type() {
    let said = |files: &[(&str, &[u8])], args: &[&str], status: i32, expect: &str| {
        let ran = ends(expect, project(files).path(), args);
        assert_eq!(ran.status, Some(status), "{}{}", ran.out, ran.err);
        assert!((ran.out + &ran.err).contains(expect), "{args:?} should say `{expect}`");
    };
    said(&[], &["check"], 2, "--allow-empty");
    said(&[("a.txt", b"x")], &["queries"], 0, "0 queries");
    said(&[("q.sql", BAD.as_bytes())], &["check"], 2, "--schema PATH");
    said(&[("q.sql", BAD.as_bytes())], &["check", "--no-such-option"], 2, "--no-such-option");
    said(&[("q.sql", BAD.as_bytes())], &["check", "--output", "no-such-format"], 2, "no-such-format");
    let unknown = ("planlint.toml", &b"select = [\"no-such-rule\"]\n"[..]);
    said(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", BAD.as_bytes()), unknown], &["check"], 2, "no-such-rule");
    let outside = ("planlint.toml", &b"schema = [\"../../../etc/passwd\"]\n"[..]);
    said(&[("q.sql", BAD.as_bytes()), outside], &["check"], 2, "etc/passwd");
}

#[test]
fn folders_deep_down_and_files_by_the_thousand_are_read() {
    let deep = format!("{}q.sql", "d/".repeat(500));
    let mut files = vec![("schema.sql".to_owned(), SQLITE.to_owned()), (deep, BAD.to_owned())];
    files.extend((0..1_000).map(|at| (format!("many/{at}.sql"), format!("SELECT id FROM t WHERE a = {at};"))));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    assert_eq!(through_files("many files", &files)["coverage"]["queries"]["resolved"], 1_001);
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn report(folder: &Path) -> serde_json::Value {
        let ran = ends("json", folder, &["check", "--output", "json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
    }

    #[test]
    fn links_lead_nowhere() {
        let outside = project(&[
            ("secret.sql", b"SELECT id FROM t WHERE c = 1;"),
            ("schema.sql", b"CREATE TABLE other (a int);"),
        ]);
        let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("a/q.sql", BAD.as_bytes())]);
        symlink(outside.path(), folder.path().join("out")).expect("a link");
        symlink(outside.path().join("secret.sql"), folder.path().join("secret.sql")).expect("a link");
        symlink(folder.path(), folder.path().join("a/loop")).expect("a link");
        symlink("itself.sql", folder.path().join("itself.sql")).expect("a link");
        symlink("nowhere.sql", folder.path().join("broken.sql")).expect("a link");
        let found = report(folder.path());
        assert_eq!(found["coverage"]["queries"]["found"], 1);
        assert_eq!(found["run"]["databases"][0]["tables"], 1);
        for path in ["itself.sql", "broken.sql"] {
            assert_eq!(ends(path, folder.path(), &["check", path]).status, Some(2), "{path}");
        }
    }

    #[test]
    fn what_is_no_file_does_not_block() {
        let folder =
            project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", BAD.as_bytes()), ("folder.sql/x.txt", b"")]);
        let fifo = Command::new("mkfifo").arg(folder.path().join("fifo.sql")).status().expect("mkfifo is there");
        assert!(fifo.success());
        let _socket = UnixListener::bind(folder.path().join("socket.sql")).expect("a socket");
        symlink("/dev/zero", folder.path().join("zero.sql")).expect("a link");
        assert_eq!(report(folder.path())["coverage"]["queries"]["found"], 1);
        for path in ["fifo.sql", "socket.sql"] {
            for command in ["check", "queries", "advise", "schema"] {
                let ran = ends(path, folder.path(), &[command, "q.sql", path]);
                assert_eq!(ran.status, Some(2), "{command} {path}: {}", ran.out);
                assert!(ran.err.contains("no regular file"), "{command} {path}: {}", ran.err);
            }
        }
        // What a link leads to is what is named.
        assert_eq!(ends("a device", folder.path(), &["check", "zero.sql"]).status, Some(2));
        ends("a folder", folder.path(), &["check", "folder.sql"]);
        ends("a device as schema", folder.path(), &["check", "--schema", "fifo.sql"]);
    }

    #[test]
    fn standard_input_has_an_end() {
        let folder = project(&[("schema.sql", SQLITE.as_bytes())]);
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("planlint"));
        let zero = fs::File::open("/dev/zero").expect("a device");
        let output = command.current_dir(folder.path()).args(["check", "-"]).stdin(zero).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("limits.max-file-bytes"), "{said}");
    }

    #[test]
    fn a_tree_under_two_names_is_read_once() {
        let folder = project(&[("a/schema.sql", SQLITE.as_bytes()), ("a/q.sql", BAD.as_bytes()), ("b/x.txt", b"")]);
        symlink(folder.path().join("a"), folder.path().join("b/again")).expect("a link");
        symlink("q.sql", folder.path().join("a/link.sql")).expect("a link");
        for paths in [&["a", "b/again"][..], &["b/again", "a", "."], &["a/q.sql", "b/again/q.sql", "a/link.sql"]] {
            let ran = ends("twice", folder.path(), &[&["check", "--output", "json"], paths].concat());
            let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
            assert_eq!(report["coverage"]["queries"]["found"], 1, "{paths:?}: {}{}", ran.out, ran.err);
            assert_eq!(report["findings"][0]["path"], "a/q.sql", "{paths:?}");
        }
    }

    #[test]
    fn files_that_may_not_be_read_are_counted() {
        let folder =
            project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", BAD.as_bytes()), ("closed/x.sql", BAD.as_bytes())]);
        for path in ["q.sql", "closed"] {
            fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(0o0)).expect("permissions");
        }
        // The superuser reads everything.
        let superuser = fs::read(folder.path().join("q.sql")).is_ok();
        let found = report(folder.path());
        fs::set_permissions(folder.path().join("closed"), fs::Permissions::from_mode(0o700)).expect("permissions");
        match superuser {
            true => assert_eq!(found["coverage"]["queries"]["found"], 2),
            false => {
                assert_eq!((skips(&found), &found["coverage"]["skips"][0]["count"]), (vec!["unreadable"], &2.into()))
            }
        }
    }

    #[test]
    fn names_that_are_no_text_are_read_or_counted() {
        let folder =
            project(&[("schema.sql", SQLITE.as_bytes()), ("a\nb.sql", BAD.as_bytes()), (" .sql", BAD.as_bytes())]);
        fs::write(folder.path().join(OsStr::from_bytes(b"q\xff.sql")), BAD).expect("a file");
        fs::create_dir(folder.path().join(OsStr::from_bytes(b"d\xfe"))).expect("a folder");
        fs::write(folder.path().join(OsStr::from_bytes(b"d\xfe/x.sql")), BAD).expect("a file");
        let found = report(folder.path());
        let (read, skipped) = (found["coverage"]["queries"]["found"].as_u64(), found["skips"].as_array().map(Vec::len));
        assert_eq!(read.zip(skipped).map(|(read, skipped)| read + skipped as u64), Some(4), "{found}");
        let said = ends("a name that is no text", folder.path(), &["check", "-v"]).out;
        assert!(said.contains("its name is no UTF-8"), "{said}");
    }

    #[test]
    fn files_that_change_or_vanish_meanwhile_are_no_fault() {
        let files: Vec<(String, String)> =
            (0..300).map(|at| (format!("{at}.sql"), format!("SELECT id FROM t WHERE a = {at};").repeat(50))).collect();
        let mut all: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
        all.push(("schema.sql", SQLITE.as_bytes()));
        let folder = project(&all);
        std::thread::scope(|scope| {
            let run = scope.spawn(|| ends("changing files", folder.path(), &["check", "-v"]));
            for round in 0.. {
                if run.is_finished() {
                    break;
                }
                let path = folder.path().join(format!("{}.sql", round % 300));
                match round % 3 {
                    0 => drop(fs::remove_file(path)),
                    1 => drop(fs::write(path, "é".repeat(round % 50))),
                    _ => drop(fs::write(path, [0xff; 30])),
                }
            }
        });
    }

    #[test]
    fn full_disks_and_closed_streams_are_said_or_quiet() {
        let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", BAD.as_bytes())]);
        let full = planlint(folder.path(), &["check", "--output", "json=/dev/full"]);
        assert_eq!(full.status, Some(2), "{}", full.err);
        assert!(full.err.contains("/dev/full"), "{}", full.err);
        let run = |shell: &str| {
            let program = assert_cmd::cargo::cargo_bin("planlint");
            let mut command = Command::new("sh");
            command.current_dir(folder.path()).env("PLANLINT", program).args(["-c", shell]).stdin(Stdio::null());
            let output = command.output().expect("a shell");
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (status, said) = run("\"$PLANLINT\" check > /dev/full");
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("standard output"), "{said}");
        for closed in [
            "check >&-",
            "check 2>&-",
            "check --no-such-option 2>&-",
            "rules >&-",
            "check 0<&- --stdin-filename q.sql",
            "queries --output json | head -c 1",
        ] {
            let (status, said) = run(&format!("\"$PLANLINT\" {closed}"));
            assert!(matches!(status, Some(0..=2)) && !said.contains("panicked"), "{closed}: {status:?} {said}");
        }
    }
}
