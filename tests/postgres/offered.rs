//! A server that a user offers: how it is reached, what is done on it, and what is left there.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use planlint::scratch::postgres::session::{Address, Session};
use serde_json::Value;

use super::binaries;
use super::run::{Project, told};
use super::server::{SECRET, Server};

/// Connects, and says whether the connection is hidden from others, or what went wrong.
fn connect(text: &str, variables: &[(&str, &str)]) -> Result<&'static str, String> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let address = Address::read(Some(text), &variable)?;
    let (mut session, _) = Session::connect(&address).map_err(|error| error.to_string())?;
    let rows = session.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").expect("a row");
    Ok(if rows[0][0].as_deref() == Some("t") { "hidden" } else { "open" })
}

#[test]
fn sessions_are_made_as_libpq_makes_them() {
    let Some(binaries) = binaries() else { return };
    let server = Server::start(&binaries);
    let (port, file) = (server.port, |name: &str| server.path(name).display().to_string());
    let (root, other, home) = (file("root.crt"), file("other.crt"), file(""));
    let check = |text: &str, variables: &[(&str, &str)], expect: Result<&str, &str>| {
        let text = text.replace("PORT", &port.to_string()).replace("ROOT", &root).replace("OTHER", &other);
        match (connect(&text, variables), expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{text}"),
            (Err(said), Err(expect)) => {
                assert!(said.contains(expect) && !said.contains(SECRET) && !said.contains("hunter2"), "{text}: {said}");
            }
            (found, expect) => panic!("{text}: {found:?} instead of {expect:?}"),
        }
    };
    let me = "host=127.0.0.1 port=PORT dbname=postgres user=maker";
    let known = [("PGPASSWORD", SECRET)];
    check(&server.url("maker", SECRET), &[], Ok("hidden"));
    check(&format!("{me} sslmode=disable password='{SECRET}'"), &[], Ok("open"));
    check(me, &[("PGPASSWORD", SECRET), ("PGSSLMODE", "disable")], Ok("open"));
    check(me, &[], Err("password missing"));
    check(&format!("{me} password=hunter2"), &[], Err("password authentication failed"));
    // Of files, and not of those that others may read.
    fs::write(server.path(".pgpass"), format!("127.0.0.1:{port}:*:maker:{SECRET}\n")).expect("a file");
    let mode = |mode: u32| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(server.path(".pgpass"), permissions).expect("permissions");
    };
    mode(0o644);
    check(me, &[("HOME", &home)], Err("password missing; its password file is not read"));
    mode(0o600);
    check(me, &[("HOME", &home)], Ok("hidden"));
    fs::write(server.path("services"), format!("[shop]\nhost=127.0.0.1\nport={port}\ndbname=postgres\nuser=maker\n"))
        .expect("a file");
    let services = file("services");
    check("service=shop", &[("PGSERVICEFILE", &services), ("PGPASSWORD", SECRET)], Ok("hidden"));
    // Several servers, of which one is there.
    check("host=127.0.0.1,127.0.0.1 port=1,PORT user=maker dbname=postgres", &known, Ok("hidden"));
    check("host=127.0.0.1 port=1 user=maker", &known, Err("refused"));
    check("host=nowhere.invalid user=maker", &known, Err("error connecting"));
    // What `sslmode` says.
    let tls = me.replace("maker", "tls_only");
    check(&format!("{tls} sslmode=disable"), &known, Err("pg_hba.conf"));
    check(&format!("{tls} sslmode=allow"), &known, Ok("hidden"));
    check(&format!("{me} sslmode=allow"), &known, Ok("open"));
    check(&format!("{me} sslmode=require"), &known, Ok("hidden"));
    check(&format!("{me} sslmode=require sslrootcert=OTHER"), &known, Err("TLS"));
    check(&format!("{me} sslmode=verify-ca sslrootcert=ROOT"), &known, Ok("hidden"));
    check(&format!("{me} sslmode=verify-ca sslrootcert=OTHER"), &known, Err("TLS"));
    check(&format!("{me} sslmode=verify-full sslrootcert=ROOT"), &known, Err("not valid for"));
    let named = me.replace("host=127.0.0.1", "host=localhost hostaddr=127.0.0.1");
    check(&format!("{named} sslmode=verify-full sslrootcert=ROOT"), &known, Ok("hidden"));
    check(&format!("{named} sslmode=verify-full sslrootcert=system"), &known, Err(""));
    check(&format!("{me} sslmode=verify-ca sslrootcert=/nowhere"), &known, Err("`/nowhere` is of no use"));
    // A password that nobody in between can pass on.
    check(&format!("{me} channel_binding=require"), &known, Ok("hidden"));
    check(&format!("{me} channel_binding=require sslmode=disable"), &known, Err("channel binding"));
    // A certificate instead of a password.
    let certified = me.replace("maker", "certified");
    let own = format!("sslcert={} sslkey={}", file("client.crt"), file("client.key"));
    check(&format!("{certified} {own}"), &[], Ok("hidden"));
    check(&certified, &[], Err("valid client certificate"));
}

/// What is said, however it is broken into lines.
fn words(said: &str) -> String {
    said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

/// Checks a project on a server.
struct Run {
    said: String,
    report: Value,
}

fn check(server: &Server, project: &Project, user: &str, more: &[&str]) -> Run {
    let url = server.url(user, SECRET);
    let args =
        [&["check", "--scratch-url", &url, "--output", "json=../report.json", "--output", "text"], more].concat();
    let _ = fs::remove_file(project.path("report.json"));
    let said = words(&told(&project.command(&args).output().expect("it runs")));
    assert!(!said.contains("hunter2"), "{said}");
    let report = fs::read_to_string(project.path("report.json")).unwrap_or_else(|_| "null".to_owned());
    assert!(!report.contains("hunter2"), "{report}");
    assert_eq!(server.left(), Vec::<String>::new(), "{said}");
    Run { said, report: serde_json::from_str(&report).expect("JSON") }
}

const SCHEMA: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team_id bigint, note jsonb, created_at timestamptz);
CREATE INDEX users_team ON users (team_id);
CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE INDEX users_twice ON users (twice(team_id));
CREATE VIEW people AS SELECT id, email FROM users;
CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text) PARTITION BY RANGE (at);";
const QUERIES: &str = "SELECT id FROM users WHERE email = $1;
SELECT id FROM users WHERE team_id = $1;
SELECT id FROM people WHERE email = $1 ORDER BY id;
SELECT u.id FROM users u JOIN users v ON v.email = u.email WHERE u.id = $1;
SELECT id FROM users WHERE team_id = $1 ORDER BY created_at DESC LIMIT 10;
SELECT id FROM events WHERE kind = $1;";

fn project() -> Project {
    let project = Project::new();
    fs::write(project.path("app/schema.sql"), SCHEMA).expect("a file");
    fs::write(project.path("app/q.sql"), QUERIES).expect("a file");
    project
}

#[test]
fn a_throw_away_plans_and_prices_as_a_server_of_our_own() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    let own = project.command(&["check", "--pg-bin", binaries.folder.to_str().expect("a path"), "--output", "json"]);
    let own = { own }.output().expect("it runs");
    let own: Value = serde_json::from_slice(&own.stdout).unwrap_or_else(|_| panic!("{}", told(&own)));
    let Run { report, said } = check(&server, &project, "boss", &["--scratch-owned"]);
    let database = &report["run"]["databases"][0];
    assert_eq!((&database["native"], &database["tier"]), (&Value::Bool(true), &"assumed".into()), "{said}");
    assert_eq!(database["engine_reason"], "the server that `--scratch-url` offers");
    assert!(report["findings"].as_array().is_some_and(|found| found.len() >= 3), "{said}");
    assert_eq!(report["findings"], own["findings"], "{said}");
    assert_eq!(report["advice"], own["advice"]);
    assert_eq!(report["skips"], own["skips"]);
}

#[test]
fn each_right_is_worth_what_it_is() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    for (user, reason, makes_functions) in [
        ("boss", "on empty tables; a superuser's `--scratch-owned` gives costs", true),
        ("chief", "on empty tables; a superuser's `--scratch-owned` gives costs", true),
        ("maker", "without the functions and views of the schema", false),
    ] {
        let Run { report, said } = check(&server, &project, user, &[]);
        let database = &report["run"]["databases"][0];
        assert_eq!(
            (&database["native"], &database["tier"]),
            (&Value::Bool(true), &"structure".into()),
            "{user}: {said}"
        );
        assert!(database["engine_reason"].as_str().is_some_and(|told| told.contains(reason)), "{user}: {said}");
        let found = report["findings"].as_array().expect("findings");
        let indexes: Vec<&str> = found
            .iter()
            .filter(|one| one["rule"] == "missing-index")
            .filter_map(|one| one["columns"][0].as_str())
            .collect();
        assert_eq!(indexes, ["email", "email", "email"], "{user}: {said}");
        for proof in found.iter().map(|one| &one["proof"]).filter(|proof| !proof.is_null()) {
            assert_eq!((&proof["cost_before"], &proof["cost_after"]), (&Value::Null, &Value::Null), "{user}: {proof}");
            assert_ne!(proof["kind"], "cost", "{user}");
        }
        let refused = report["skips"].to_string().contains("users_twice");
        assert_eq!(refused, !makes_functions, "{user}: {}", report["skips"]);
    }
    let refused = check(&server, &project, "nobody", &[]).said;
    assert!(refused.contains("the role `nobody` may not make a database") && refused.ends_with("exit 2"), "{refused}");
}

/// A query, and the index of the schema that serves it.
const SERVED: &[(&str, &str, &str)] = &[
    ("CREATE INDEX users_email ON users (email)", "SELECT id FROM users WHERE email = $1", "users_email"),
    ("CREATE INDEX users_lower ON users (lower(name))", "SELECT id FROM users WHERE lower(name) = $1", "users_lower"),
    (
        "CREATE INDEX users_open ON users (team_id) WHERE left_at IS NULL",
        "SELECT id FROM users WHERE team_id = $1 AND left_at IS NULL",
        "users_open",
    ),
    ("CREATE INDEX users_note ON users USING gin (note)", "SELECT id FROM users WHERE note @> $1", "users_note"),
    (
        "CREATE INDEX users_newest ON users (made_at DESC)",
        "SELECT id FROM users ORDER BY made_at DESC LIMIT 10",
        "users_newest",
    ),
    (
        "CREATE INDEX users_prefix ON users (slug text_pattern_ops)",
        "SELECT id FROM users WHERE slug LIKE 'abc%'",
        "users_prefix",
    ),
];

#[test]
fn a_role_that_makes_no_other_has_the_indexes_that_run_nothing() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), Project::new());
    let indexes: String = SERVED.iter().map(|(make, ..)| format!("{make};\n")).collect();
    let schema = format!(
        "CREATE TABLE users (id bigserial PRIMARY KEY, email text, name text, team_id bigint, left_at timestamptz,
           note jsonb, made_at timestamptz, slug text);
         CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
         CREATE INDEX users_twice ON users (twice(team_id));
         {indexes}"
    );
    let queries: String = SERVED.iter().map(|(_, query, _)| format!("{query};\n")).collect();
    fs::write(project.path("app/schema.sql"), schema).expect("a file");
    fs::write(project.path("app/q.sql"), queries).expect("a file");
    let Run { report, said } = check(&server, &project, "maker", &[]);
    assert!(said.contains("the indexes on such functions"), "{said}");
    let skips = report["skips"].to_string();
    assert!(skips.contains("users_twice"), "{skips}");
    let url = server.url("maker", SECRET);
    for (at, (_, query, index)) in SERVED.iter().enumerate() {
        assert!(!skips.contains(index), "{skips}");
        let place = format!("q.sql:{}", at + 1);
        let output = project.command(&["explain", &place, "--scratch-url", &url]).output().expect("it runs");
        let told = words(&told(&output));
        let plan = told.split_once("plan now").unwrap_or_else(|| panic!("{query}: {told}")).1;
        assert!(plan.contains(index) && !plan.contains("scan every row"), "{query}: {told}");
    }
}

#[test]
fn a_server_that_looks_used_is_left_alone() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    let other = server.session("postgres");
    let said = check(&server, &project, "boss", &[]).said;
    assert!(said.contains("another client is connected") && said.ends_with("exit 2"), "{said}");
    assert!(said.contains("`--scratch-owned`"), "{said}");
    drop(other);
    server.run("CREATE DATABASE shop");
    server.session("shop").run("CREATE TABLE orders (id int)").expect("a table");
    let said = check(&server, &project, "boss", &[]).said;
    assert!(said.contains("its database `shop` has a table") && said.ends_with("exit 2"), "{said}");
    server.run("REVOKE CONNECT ON DATABASE shop FROM PUBLIC");
    let said = check(&server, &project, "maker", &[]).said;
    assert!(said.contains("`shop` cannot be looked at") && said.ends_with("exit 2"), "{said}");
    let _other = server.session("shop");
    let Run { report, said } = check(&server, &project, "boss", &["--scratch-owned"]);
    assert_eq!(report["run"]["databases"][0]["tier"], "assumed", "{said}");
    assert_eq!(server.session("shop").rows("SELECT count(*) FROM orders").expect("it is there").len(), 1);
}

#[test]
fn nothing_of_the_code_base_runs_with_rights() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), Project::new());
    let mark = server.path("server/mark");
    let evil = format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, a bigint);
         CREATE FUNCTION evil() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
           RESET ROLE; RESET SESSION AUTHORIZATION;
           EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {0}''';
           RETURN 1; EXCEPTION WHEN OTHERS THEN
           EXECUTE 'CREATE ROLE planted SUPERUSER'; RETURN 1; END $$;
         CREATE TABLE d (id bigint DEFAULT evil(), b bigint GENERATED ALWAYS AS (evil()) STORED);
         CREATE INDEX ON t ((a + evil()));",
        mark.display()
    );
    fs::write(project.path("app/schema.sql"), evil).expect("a file");
    fs::write(project.path("app/q.sql"), "SELECT id FROM t WHERE a = evil();\nSELECT id FROM t WHERE a = $1;")
        .expect("it");
    for (user, more) in [("boss", &["--scratch-owned"][..]), ("boss", &[]), ("chief", &[]), ("maker", &[])] {
        let said = check(&server, &project, user, more).said;
        assert!(said.contains("planned by postgres") && !mark.exists(), "{user}: {said}");
        assert_eq!(server.run("SELECT count(*) FROM pg_roles WHERE rolname = 'planted'"), [[Some("0".to_owned())]]);
    }
}

#[test]
fn a_password_is_told_nowhere() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    server.session("postgres").run("CREATE TABLE used (id int)").expect("a table");
    let port = server.port;
    let kept = ["hunter2", "is/secret", "is%2Fsecret", "tops%3Cret", "tops"];
    let urls = [
        (format!("postgres://boss:hunter2tops@nowhere.invalid:{port}/postgres"), "cannot be asked"),
        (format!("postgres://boss:hunter2tops@127.0.0.1:{port}/postgres"), "password authentication failed"),
        (
            format!("host=127.0.0.1 port={port} user=boss dbname=postgres password=hunter2tops"),
            "password authentication failed",
        ),
        (
            format!(
                "{}?sslmode=verify-full&sslrootcert={}",
                server.url("boss", SECRET),
                server.path("other.crt").display()
            ),
            "TLS",
        ),
        (server.url("boss", SECRET), "has a table"),
        (server.url("nobody", SECRET), "may not make a database"),
        (format!("postgres://boss:hunter2/tops@127.0.0.1:{port}/postgres"), "behind the host"),
        (format!("postgres://boss:hunter2%tops@127.0.0.1:{port}/postgres"), "hexadecimal"),
        (format!("postgres://boss:x@127.0.0.1:{port}/postgres?hunter2=tops"), "none that libpq knows"),
        ("host='127.0.0.1 password=hunter2tops".to_owned(), "not closed"),
    ];
    let formats: [&[&str]; 3] = [&["-v"], &["--output", "json"], &["--output", "sarif", "--timings"]];
    for (url, expect) in &urls {
        for more in formats {
            for args in [&["check"][..], &["advise"], &["explain", "q.sql:1"]] {
                let output = project
                    .command(&[args, &["--scratch-url", url], if args[0] == "explain" { &[] } else { more }].concat());
                let said = told(&{ output }.output().expect("it runs"));
                assert!(words(&said).contains(expect) && said.contains("exit 2"), "{said}");
                assert!(!kept.iter().any(|part| said.contains(part)), "{args:?} {more:?}: {said}");
            }
        }
        let pulled =
            told(&project.command(&["stats", "pull", "--out", "-", "--database-url", url]).output().expect("it"));
        assert!(!kept.iter().any(|part| pulled.contains(part)), "{pulled}");
        // Where it does not belong.
        for args in [&["check", url.as_str()][..], &["rules", "--scratch-url", url], &["config", "--scratch-url", url]]
        {
            let said = told(&project.command(args).output().expect("it runs"));
            assert!(said.contains("exit 2") && !kept.iter().any(|part| said.contains(part)), "{args:?}: {said}");
        }
    }
    let from = [("PGPASSWORD", "hunter2tops"), ("PGHOST", "127.0.0.1"), ("PGUSER", "boss"), ("PGDATABASE", "postgres")];
    let said = told(
        &project
            .command(&["check", "-v", "--scratch-url", ""])
            .envs(from)
            .env("PGPORT", port.to_string())
            .output()
            .expect("it"),
    );
    assert!(said.contains("password authentication failed") && !kept.iter().any(|part| said.contains(part)), "{said}");
}

/// From before the first word to after the last one, in milliseconds.
const WAITS: &[u64] = &[0, 10, 20, 30, 40, 50, 60, 80, 100, 120, 140, 160, 180, 200, 230, 260, 300, 350, 400, 500];

#[test]
fn an_ended_run_leaves_nothing_that_the_next_one_does_not_drop() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    let url = server.url("boss", SECRET);
    let args = ["check", "--scratch-owned", "--scratch-url", &url];
    let mut found = 0;
    for signal in ["INT", "TERM", "KILL"] {
        for wait in WAITS {
            let mut run =
                project.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(*wait));
            let number = run.id().to_string();
            assert!(
                Command::new("kill").args([&format!("-{signal}"), &number]).status().expect("kill is there").success()
            );
            let ended = run.wait().expect("it ends");
            let left = server.left();
            match (signal, ended.code()) {
                ("INT" | "TERM", Some(_)) => assert_eq!(left, Vec::<String>::new(), "{signal} after {wait} ms"),
                _ => found += left.len(),
            }
        }
    }
    assert!(found > 0, "no run was killed in the middle");
    // The server may still be at what a killed run has asked for.
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let said = told(&project.command(&args).output().expect("it runs"));
        assert!(said.contains("exit 1"), "{said}");
        if server.left().is_empty() {
            break;
        }
        assert!(Instant::now() < until, "{:?}", server.left());
    }
}

#[test]
fn two_runs_do_not_meet() {
    let Some(binaries) = binaries() else { return };
    let (server, project) = (Server::start(&binaries), project());
    let url = server.url("boss", SECRET);
    let run =
        |_| project.command(&["check", "--scratch-url", &url]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let runs: Vec<_> = (0..4).map(run).collect();
    for run in runs {
        let said = told(&run.and_then(std::process::Child::wait_with_output).expect("it runs"));
        assert!(said.contains("exit 1") && said.contains("planned by postgres"), "{said}");
    }
    assert_eq!(server.left(), Vec::<String>::new());
}
