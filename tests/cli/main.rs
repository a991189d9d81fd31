//! The binary as users meet it: exit status, streams, messages, files.

mod config;
mod conventions;
mod formats;
mod keys;
mod project;
mod stats;
mod suppressions;

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

fn planlint(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("planlint").expect("the binary is built");
    command
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_ACTIONS")
        .args(project::embedded(folder, args))
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn project(files: &[(&str, &str)]) -> TempDir {
    project::project(files)
}

const SCHEMA: (&str, &str) =
    ("schema.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL);");
const BAD: (&str, &str) = ("q.sql", "SELECT id FROM users WHERE email = ?;");

/// Runs in a project and compares the exit status and a part of what is said on either stream.
fn check(files: &[(&str, &str)], args: &[&str], status: i32, said: &str) {
    let folder = project(files);
    let output = planlint(folder.path(), args);
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {all}");
    assert!(all.contains(said), "{args:?} should say `{said}`: {all}");
    assert!(!all.contains("panicked"), "{all}");
}

#[test]
fn the_readmes_example_fails_with_findings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = planlint(root, &["check", "testdata/hosts/bookings"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("example", text(&output.stdout));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn exit_status_says_who_is_at_fault() {
    let good = ("q.sql", "SELECT id FROM users WHERE id = ?;");
    check(&[SCHEMA, good], &["check"], 0, "1 query");
    check(&[SCHEMA, BAD], &["check"], 1, "CREATE INDEX idx_users_email ON users (email);");
    check(&[SCHEMA, BAD], &["check", "--exit-zero"], 0, "missing-index");
    check(&[SCHEMA, BAD], &["check", "--fail-on", "error"], 0, "missing-index");
    check(&[SCHEMA, BAD], &["advise"], 0, "CREATE INDEX");
    check(&[SCHEMA, BAD], &["queries"], 0, "email eq");
    check(&[SCHEMA, BAD], &["schema"], 0, "CREATE TABLE users");
    check(&[], &["rules"], 0, "missing-index");
    check(&[], &["rule", "missing-index"], 0, "# missing-index");
}

#[test]
fn what_cannot_be_checked_is_status_2_with_what_to_type() {
    check(&[], &["check"], 2, "--allow-empty");
    check(&[], &["check", "--allow-empty"], 0, "0 queries");
    check(&[("q.sql", "SELECT 1 FROM t;")], &["check"], 2, "--schema PATH");
    check(&[SCHEMA, BAD], &["check", "nowhere"], 2, "there is no `nowhere`");
    check(&[SCHEMA, BAD], &["check", "--schema", "nowhere.sql"], 2, "nowhere.sql");
    check(&[SCHEMA, BAD], &["check", "--output", "xml"], 2, "`text`, `json`, `sarif`, `github`, `sql`, for");
    check(&[SCHEMA, BAD], &["check", "--output", "json=no/such/folder.json"], 2, "cannot write");
    check(&[SCHEMA, BAD], &["check", "--output", "text", "--output", "json"], 2, "standard output");
    check(&[SCHEMA, BAD], &["chekc"], 2, "check");
    check(&[], &["rule", "no-such-rule"], 2, "planlint rules");
    let postgres = ("q.sql", "SELECT id FROM users WHERE email = $1::text;");
    check(
        &[SCHEMA, postgres],
        &["check", "--dialect", "postgres", "--engine", "sqlite", "--require-engine"],
        2,
        "stand-in",
    );
}

#[test]
fn an_engine_can_be_chosen_demanded_and_done_without() {
    check(&[SCHEMA, BAD], &["check", "--engine", "none"], 0, "engine none: judged by shape alone");
    check(
        &[SCHEMA, BAD],
        &["check", "--engine", "none", "--audit"],
        1,
        "CREATE INDEX idx_users_email ON users (email);",
    );
    check(&[SCHEMA, BAD], &["check", "--engine", "sqlite"], 1, "planned by sqlite");
    check(&[SCHEMA, BAD, ("planlint.toml", "engine = \"none\"\n")], &["check"], 0, "engine none");
    check(&[SCHEMA, BAD], &["advise", "--engine", "none", "--require-engine"], 2, "shape of its queries alone");
    check(&[SCHEMA, BAD], &["check", "--engine", "sqlite", "--dialect", "mysql"], 2, "leave out `--engine`");
    check(&[SCHEMA, BAD], &["check", "--engine", "postgres"], 2, "sqlite");
    // Only SQLite itself knows that this key is none; without an engine nobody asks it.
    let strange = ("schema.sql", "CREATE TABLE notes (id TEXT PRIMARY KEY AUTOINCREMENT);");
    let folder = project(&[strange]);
    let with = text(&planlint(folder.path(), &["schema"]).stdout);
    let without = text(&planlint(folder.path(), &["schema", "--engine", "none"]).stdout);
    assert!(with.contains("native-refused") && !without.contains("native-refused"), "{with}\n{without}");
}

#[test]
fn the_configuration_is_found_and_its_mistakes_are_shown_in_place() {
    let small = ("planlint.toml", "[tables.users]\nrows = 500\n");
    check(&[SCHEMA, BAD, small], &["check"], 0, "counts");
    check(&[SCHEMA, BAD, small], &["check", "--isolated"], 1, "missing-index");
    check(&[SCHEMA, BAD, ("planlint.toml", "[limits]\nmin-row = 3\n")], &["check"], 2, "min-row");
    check(&[SCHEMA, BAD, ("planlint.toml", "[tables.usres]\nrows = 3\n")], &["check"], 2, "usres");
    check(&[SCHEMA, BAD, ("planlint.toml", "[tables.users]\nrows = -3\n")], &["check"], 2, "rows = 250000");
    check(&[SCHEMA, BAD], &["check", "--schema", "../elsewhere.sql"], 2, "outside of the project");
    check(&[SCHEMA, BAD, ("planlint.toml", "exclude = [\"*.sql\"]\n")], &["check"], 2, "--allow-empty");
    check(&[SCHEMA, BAD, ("planlint.toml", "exclude = [\"[\"]\n")], &["check"], 2, "planlint.toml:1:12");
    check(&[SCHEMA, BAD], &["check", "--config", ""], 2, "`--config` names nothing");
    let all = ("planlint.toml", "[per-path-ignores]\n\"x/**\" = [\"ALL\"]\n");
    check(&[SCHEMA, BAD, all], &["check"], 2, "name the rules one by one");
    check(&[SCHEMA, BAD], &["check", "--config", "limits.max-file-bytes = 1"], 2, "raise the limit, for example");
}

#[test]
fn a_file_that_cannot_be_read_is_a_counted_skip() {
    let folder = project(&[SCHEMA, BAD]);
    fs::write(folder.path().join("binary.sql"), b"SELECT \0\x01\x02").expect("a file");
    fs::write(folder.path().join("latin.sql"), b"SELECT 'gr\xfc\xdfe';").expect("a file");
    let output = planlint(folder.path(), &["check", "-v", "--strict"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("\nnot read: ") && said.contains("binary.sql") && said.contains("latin.sql"), "{said}");
}

#[test]
fn only_what_lies_below_what_is_named_is_reported() {
    let duplicate = format!("{}CREATE INDEX a ON users (email);CREATE INDEX b ON users (email);", SCHEMA.1);
    let files = [
        ("app/schema.sql", duplicate.as_str()),
        ("sub/q.sql", "SELECT id FROM users WHERE id = ?;"),
        ("empty/note.txt", ""),
    ];
    check(&files, &["check"], 1, "duplicate-index");
    check(&files, &["check", "app"], 1, "duplicate-index");
    for config in [None, Some(("planlint.toml", "")), Some((".git/HEAD", ""))] {
        let files: Vec<_> = files.into_iter().chain(config).collect();
        check(&files, &["check", "sub"], 0, "1 file, 1 query");
        check(&files, &["check", "sub/q.sql"], 0, "no findings");
        check(&files, &["check", "empty"], 2, "no query was found");
        check(&files, &["check", "empty", "--allow-empty"], 0, "no findings");
        check(&files, &["advise", "sub"], 0, "0");
    }
    // A folder with a schema of its own is no part of the folder it happens to lie in.
    let own = [("own/s.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);"), ("own/q.sql", "SELECT id FROM users;")];
    let files: Vec<_> = files.into_iter().chain(own).collect();
    check(&files, &["check", "own", "-v"], 0, "no step of the schema creates `users`");
}

#[cfg(unix)]
#[test]
fn links_to_what_is_read_are_nothing_and_others_are_counted() {
    use std::os::unix::fs::symlink;
    let elsewhere = project(&[BAD]);
    let folder = project(&[SCHEMA, ("app/q.sql", "SELECT id FROM users WHERE id = ?;")]);
    let strict = |status: i32, said: &str| {
        let output = planlint(folder.path(), &["check", "--strict", "-v"]);
        let all = text(&output.stdout);
        assert_eq!(output.status.code(), Some(status), "{all}");
        assert!(all.contains(said), "{all}");
    };
    symlink("app", folder.path().join("queries")).expect("a link");
    symlink("app/q.sql", folder.path().join("copy.sql")).expect("a link");
    symlink("..", folder.path().join("app/up")).expect("a link");
    strict(0, "no findings");
    symlink(elsewhere.path(), folder.path().join("shared")).expect("a link");
    symlink("nowhere", folder.path().join("gone.sql")).expect("a link");
    strict(1, "gone.sql: link: a link to `nowhere`, which is not there: links are not followed");
    strict(1, "shared: link: a link to");
    fs::write(folder.path().join("planlint.toml"), "exclude = [\"shared\", \"gone.sql\"]\n").expect("a file");
    strict(0, "no findings");
}

#[test]
fn a_single_file_is_checked_with_the_schema_around_it() {
    let other = ("other.sql", "SELECT id FROM users WHERE email > ? AND email = ?;");
    let folder = project(&[SCHEMA, BAD, other]);
    let output = planlint(folder.path(), &["check", "q.sql", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let paths: Vec<_> = report["queries"].as_array().expect("queries").iter().map(|query| &query["path"]).collect();
    assert_eq!(paths, ["q.sql"]);
    assert_eq!(report["findings"][0]["rule"], "missing-index");
}

#[test]
fn a_file_that_is_named_is_read_or_complained_of() {
    check(&[SCHEMA, BAD, ("x.sql", "\0")], &["check", "x.sql"], 2, "cannot read `x.sql`: holds NUL bytes");
    check(&[SCHEMA, BAD, ("x.sql", "\0")], &["check", "q.sql", "x.sql"], 2, "cannot read `x.sql`");
    check(&[SCHEMA, BAD, ("x.rb", "")], &["check", "x.rb"], 2, "`x.rb` is no file that planlint reads");
    check(&[SCHEMA, BAD, ("x.rb", "")], &["check", "x.rb", "q.sql"], 1, "missing-index");
    // What is named is read although it is hidden, and not what the configuration excludes.
    check(&[SCHEMA, ("x/q.sql", BAD.1), (".gitignore", "x/\n")], &["check", "x/q.sql"], 1, "missing-index");
    let excluded = ("planlint.toml", "exclude = [\"x/**\"]\n");
    check(
        &[SCHEMA, ("x/q.sql", BAD.1), excluded],
        &["check", "x/q.sql"],
        0,
        "`x/q.sql` was not looked at: `exclude` hides it",
    );
}

#[test]
fn standard_input_takes_the_place_of_a_file() {
    let folder = project(&[SCHEMA, ("q.sql", "SELECT id FROM users WHERE id = ?;")]);
    let mut command = Command::cargo_bin("planlint").expect("the binary is built");
    let args = ["check", "q.sql", "--stdin-filename", "q.sql"];
    let assert = command.current_dir(folder.path()).args(args).write_stdin(BAD.1).assert();
    assert.code(1);
}

#[test]
fn reports_go_where_they_are_sent() {
    let folder = project(&[SCHEMA, BAD]);
    let output = planlint(folder.path(), &["check", "--output", "json=report.json", "--output", "text"]);
    assert!(text(&output.stdout).starts_with("planlint "));
    let written = fs::read(folder.path().join("report.json")).expect("the report");
    let report: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    assert_eq!(report["schema_version"], 1);
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file is left: {left:?}");
}

#[test]
fn what_is_read_is_never_written() {
    let config = ("planlint.toml", "audit = false\n");
    let folder = project(&[SCHEMA, BAD, config, ("old.json", "{}")]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("q.sql", folder.path().join("link.txt")).expect("a link");
    #[cfg(not(unix))]
    fs::copy(folder.path().join("q.sql"), folder.path().join("link.txt")).expect("a file");
    fs::hard_link(folder.path().join("q.sql"), folder.path().join("hard.txt")).expect("a link");
    let names = [
        "q.sql",
        "./q.sql",
        "schema.sql",
        "planlint.toml",
        #[cfg(unix)]
        "link.txt",
        #[cfg(unix)]
        "hard.txt",
    ];
    for name in names {
        let output = planlint(
            folder.path(),
            &["check", "--output", "json=new.json", "--output", &format!("sarif={name}"), "--output", "text"],
        );
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stdout));
        let said = text(&output.stderr);
        let why = if name == "planlint.toml" { "as a configuration" } else { "is read by this run" };
        assert!(said.contains(why), "{name}: {said}");
        let excludable = ["q.sql", "./q.sql", "schema.sql"].contains(&name);
        assert_eq!(said.contains("exclude it"), excludable, "{name}: {said}");
        assert!(output.stdout.is_empty() && !folder.path().join("new.json").exists(), "{name}: something was written");
    }
    for (name, content) in [SCHEMA, BAD, config] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).expect("a file"), content);
    }
    let output = planlint(folder.path(), &["check", "--output", "json=old.json"]);
    assert_eq!(output.status.code(), Some(1), "an older answer is replaced: {}", text(&output.stderr));
}

#[test]
fn messages_say_what_can_be_typed() {
    let files = [SCHEMA, BAD];
    for name in ["planlint.toml", "pyproject.toml", "Planlint.TOML"] {
        check(&files, &["check", "--output", &format!("json={name}")], 2, "as a configuration by every later run");
    }
    check(&files, &["check", "--output", "text=-"], 2, "`text` alone goes to standard output");
    check(&files, &["check", "--config", "exclude = [\"**\"]"], 2, "that `exclude` hides");
    check(&files, &["check", "--config", "fail-on=error"], 2, "`--config 'fail-on = \"error\"'`");
    check(&files, &["check", "--config", "fail-on"], 2, "`--config 'fail-on = \"warning\"'`");
    check(&files, &["check", "--config", "limits.min-rows"], 2, "`--config 'limits.min-rows = 10000.0'`");
    check(&files, &["check", "--config", "none.toml"], 2, "name a TOML file");
    check(&files, &["explain", "-"], 2, "`planlint explain -:LINE`");
    check(&files, &["explain", "-:x"], 2, "`-:x` names no statement");
    check(&files, &["explain", "-:1:0"], 2, "`-:1:0` names no statement");
    check(&files, &["explain", "--", "-:1"], 2, "`planlint explain -:LINE`");
    check(&files, &["explain", "q.sql"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "q.sql:0"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "q.sql:1:0"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "q2"], 2, "`planlint explain q2:LINE`");
    check(&files, &["explain", "q.sql:x"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "q.sql:1:x"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "q.sql:"], 2, "`planlint explain q.sql:LINE`");
    check(&files, &["explain", "a:b/q.sql"], 2, "`planlint explain a:b/q.sql:LINE`");
    check(&files, &["explain", "q.sql:1:999"], 2, "no query stands at `q.sql:1:999`");
    check(&files, &["explain", "-q", "-- name: One\nSELECT id FROM users WHERE email = ?"], 0, "email");
    check(&files, &["explain", "--repro", "q.sql:1", "--output", "json"], 2, "`--output text=planlint.sql`");
    let long = format!("exclude = [\"{}\"]\nfail-on = 5\n", "x".repeat(20_000));
    let folder = project(&[SCHEMA, ("planlint.toml", &long)]);
    let said = text(&planlint(folder.path(), &["check"]).stderr);
    assert!(said.len() < 1_000 && said.contains("planlint.toml:2:11"), "{said}");
}

#[test]
fn advice_pipes_into_a_database() {
    let folder = project(&[SCHEMA, BAD]);
    let advice = text(&planlint(folder.path(), &["advise"]).stdout);
    fs::write(folder.path().join("schema.sql"), format!("{}\n{advice}", SCHEMA.1)).expect("the schema");
    let again = planlint(folder.path(), &["check"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
}

#[test]
fn what_only_a_shape_speaks_for_is_shown_when_asked() {
    let mysql =
        ("schema.sql", "CREATE TABLE `t` (`id` int AUTO_INCREMENT PRIMARY KEY, `email` varchar(99)) ENGINE=InnoDB;");
    let query = ("q.sql", "SELECT id FROM t WHERE email = ?;");
    check(&[mysql, query], &["check"], 0, "no findings");
    check(&[mysql, query], &["check", "--audit"], 1, "medium confidence");
    check(&[mysql, query], &["check", "--min-confidence", "medium"], 1, "CREATE INDEX idx_t_email ON t (email);");
    check(&[mysql, query], &["advise", "--audit"], 0, "CREATE INDEX");
    let folder = project(&[mysql, query]);
    assert!(!text(&planlint(folder.path(), &["advise"]).stdout).contains("CREATE"));
}

#[test]
fn a_folder_elsewhere_is_named_from_here() {
    let folder = project(&[("app/schema.sql", SCHEMA.1), ("app/q.sql", BAD.1), ("here/x.txt", "")]);
    let output = planlint(&folder.path().join("here"), &["check", "../app"]);
    assert!(text(&output.stdout).contains("[../app/q.sql:1:28]"), "{}", text(&output.stdout));
}

#[test]
fn a_statement_is_named_by_its_place_or_typed() {
    let app = [SCHEMA, ("q.sql", "SELECT id FROM users WHERE email = ?;\n\nSELECT id\nFROM users WHERE id = ?;")];
    check(&app, &["explain", "q.sql:1"], 0, "advised as `idx_users_email`");
    check(&app, &["explain", "q.sql:4"], 0, "plan now");
    check(&app, &["explain", "./q.sql:4:2", "."], 0, "by its key");
    check(&app, &["explain", "q.sql:2"], 2, "the nearest: `q.sql:1`, `q.sql:3` (to line 4)");
    check(&app, &["explain", "q.sql"], 2, "q.sql:LINE");
    check(&app, &["explain"], 2, "-q 'SELECT");
    check(&app, &["explain", ".:3"], 2, "is a folder");
    check(&app, &["explain", "nowhere.sql:3"], 2, "there is no `nowhere.sql`");
    check(&app, &["explain", "schema.sql:1"], 2, "planlint schema");
    check(&app, &["explain", "-q", "SELECT id FROM users WHERE email = %(email)s"], 0, "email = $1");
    check(&app, &["explain", "-q", "SELECT id FROM users WHERE email = :email", "."], 0, "idx_users_email");
    check(&app, &["explain", "-q", "DROP TABLE users"], 2, "asks for nothing");
    check(&app, &["explain", "-q", "SELEC id FROM users"], 2, "no SQL statement starts with `SELEC`");
    check(&app, &["explain", "-q", "SELECT id FROM users WHERE"], 2, "`-q:1:1` is not understood: expected");
    check(&app, &["explain", "-q", "SELECT 1; SELECT id FROM users WHERE"], 2, "not understood: unreadable");
    let broken = [SCHEMA, ("q.sql", "SELECT id FROM users;\nSELECT id FROM users WHERE;\nSELEC id;")];
    check(&broken, &["explain", "q.sql:1"], 0, "users");
    check(&broken, &["explain", "q.sql:2"], 2, "`q.sql:2:1` is not understood: expected");
    check(&broken, &["explain", "q.sql:3"], 2, "no SQL statement starts with `SELEC`");
    check(&app, &["explain", "-q", "SELECT id FROM users WHERE email = ?", "--output", "json"], 0, "\"candidates\"");
    check(&app, &["explain", "--repro", "q.sql:1"], 0, "EXPLAIN QUERY PLAN");
    check(&app, &["explain", "--repro", "-q", "SELECT 1; SELECT 2"], 2, "FILE:LINE:COL");
    check(&app, &["explain", "--repro", "--engine", "none", "q.sql:1"], 2, "leave out `--repro`");
}

#[test]
fn every_query_that_is_not_planned_has_a_reason_of_its_own() {
    let schema = format!("{}\nCREATE VIEW v AS SELECT * FROM w;\nCREATE VIEW w AS SELECT * FROM v;", SCHEMA.1);
    let queries = "SELECT name FROM sqlite_master;\nSELECT file FROM pragma_database_list;\nSELECT * FROM v;";
    let folder = project(&[("schema.sql", &schema), ("q.sql", queries)]);
    let said = text(&planlint(folder.path(), &["check", "-v"]).stdout);
    for reason in [
        "q.sql:1:1: no-stand-in: table `sqlite_master` is not in the schema\n",
        "q.sql:2:1: no-stand-in: table `pragma_database_list` is not in the schema\n",
        "q.sql:3:1: no-stand-in: view `v` is not expanded: it reads itself,",
    ] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

#[test]
fn sqlx_says_what_its_schema_is_written_for() {
    let said = |files: &[(&str, &str)], expect: &str| {
        let out = text(&planlint(project(files).path(), &["check", "--engine", "none"]).stdout);
        assert!(out.contains(expect), "{expect}: {out}");
    };
    let schema = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body JSONB NOT NULL);";
    let sqlite = r#"{"db_name": "SQLite", "query": "SELECT id FROM notes ORDER BY rowid"}"#;
    let postgres = r#"{"db_name": "PostgreSQL", "query": "SELECT id FROM notes"}"#;
    let (app, own, other) = ("app/migrations/1_a.sql", "app/.sqlx/query-1.json", "web/.sqlx/query-1.json");
    let root = (".sqlx/query-1.json", sqlite);
    said(&[(app, schema), (own, sqlite)], "sqlite (sqlx's offline data)");
    said(&[(app, schema), (own, sqlite)], "no findings");
    said(&[(app, schema), (own, sqlite), (other, postgres)], "sqlite (sqlx's offline data)");
    said(&[(app, schema), root], "sqlite (sqlx's offline data)");
    said(&[(app, schema), root, (own, postgres)], "postgres (sqlx's offline data)");
    said(&[(app, schema), root, (".sqlx/query-2.json", postgres)], "postgres (marks in the schema)");
    said(&[(app, schema), (other, sqlite), ("q.sql", "SELECT id FROM notes;")], "postgres (marks in the schema)");
}

#[test]
fn a_schema_without_marks_is_of_the_dialect_of_what_is_nearest() {
    let said = |more: &[(&str, &str)], expect: &str| {
        let plain = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);";
        let files: Vec<(&str, &str)> =
            [("crates/client/migrations/1_a.sql", plain)].into_iter().chain(more.iter().copied()).collect();
        let out = planlint(project(&files).path(), &["schema", "--output", "json"]).stdout;
        let report: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let mut databases = report["run"]["databases"].as_array().expect("databases").iter();
        let own =
            databases.find(|database| database["schema_paths"][0] == "crates/client/migrations").expect("its own");
        let word = |key: &str| own[key].as_str().unwrap_or_default();
        assert_eq!(format!("{} ({})", word("dialect"), word("dialect_source")), expect);
    };
    let sqlite = "CREATE TABLE keys (id INTEGER PRIMARY KEY AUTOINCREMENT);";
    let postgres = "CREATE TABLE users (id BIGSERIAL, a JSONB, b TIMESTAMPTZ, c BYTEA, d TSVECTOR);";
    let (kv, scripts, server) =
        ("crates/kv/migrations/1_a.sql", "crates/scripts/migrations/1_a.sql", "crates/server/migrations/1_a.sql");
    let own = ("crates/client/queries/q.sql", "SELECT id FROM notes WHERE body ILIKE $1;");
    let of_server = ("crates/server/queries/q.sql", "SELECT id FROM users WHERE a::jsonb ILIKE $1;");
    said(&[], "postgres (no mark, the default)");
    said(&[own], "postgres (marks in the queries)");
    said(&[(kv, sqlite)], "sqlite (the schemas beside it)");
    // A schema is one voice, however many marks it has, and what others are asked is nobody else's.
    said(&[(kv, sqlite), (scripts, sqlite), (server, postgres), of_server], "sqlite (the schemas beside it)");
    said(&[(kv, sqlite), (scripts, sqlite), (server, postgres), own], "postgres (marks in the queries)");
    // Two that contradict each other tell nothing, and those farther away are not asked.
    said(&[(kv, sqlite), (server, postgres), ("app/migrations/1_a.sql", sqlite)], "postgres (no mark, the default)");
}

#[test]
fn schemas_that_are_not_taken_are_counted_with_what_to_type() {
    let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);";
    let query = ("q.sql", "SELECT id FROM users WHERE id = ?;");
    let folders =
        |names: [&'static str; 3]| names.map(|name| (name, users)).into_iter().chain([query]).collect::<Vec<_>>();
    let of_flyway =
        folders(["db/migration/h2/V1__a.sql", "db/migration/mysql/V1__a.sql", "db/migration/sqlite/V1__a.sql"]);
    check(&of_flyway, &["check"], 0, "not read: other-dialect 1, unknown-dialect 1\n");
    check(&of_flyway, &["check"], 0, "1 table, 1 index from flyway migrations db/migration/sqlite\n");
    check(&of_flyway, &["check", "-v"], 0, "`--dialect mysql`");
    check(&of_flyway, &["check", "-v"], 0, "unknown-dialect: `db/migration/h2` holds");
    let counted = |args: &[&str]| text(&planlint(project(&of_flyway).path(), args).stdout).contains("not read");
    assert!(!counted(&["check", "--dialect", "mysql"]));
    assert!(!counted(&["check", "--schema", "db/migration/mysql"]));

    let up_down = folders(["migrations/mysql/1_a.up.sql", "migrations/pg/1_a.up.sql", "migrations/pg/1_a.down.sql"]);
    check(&up_down, &["check"], 0, "not read: other-dialect 1\n");
    let within = [("1_a.up.sql", users), ("1_a.down.sql", "INSERT INTO users SELECT * FROM gone;")];
    check(&within, &["check", "--audit"], 0, "from up/down migrations .\n");
}
