//! Whole runs of the program on PostgreSQL: which engine it takes, what it may start, what it finds, how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use planlint::config::{Config, EngineChoice};
use planlint::engine::{Deadline, Tier};
use planlint::run::{Ask, Goal, Here, Plans, Programs, Session};
use planlint::walk::Disk;
use serde_json::Value;
use tempfile::TempDir;

use super::binaries;
use super::ends::{left, processes};

const SCHEMA: &str = "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, note jsonb);";
const QUERY: &str = "SELECT id FROM users WHERE email = $1;";

/// A small application in a folder of its own, with an own cache and an own place for temporary files.
pub struct Project(TempDir);

impl Project {
    pub fn new() -> Self {
        Self::of(SCHEMA, QUERY)
    }

    /// One with this schema and these queries.
    pub fn of(schema: &str, queries: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("pl").tempdir_in("/tmp").expect("a folder");
        let project = Self(folder);
        fs::set_permissions(project.0.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        for name in ["app", "cache", "temp"] {
            fs::create_dir(project.path(name)).expect("a folder");
        }
        fs::write(project.path("app/schema.sql"), schema).expect("a file");
        fs::write(project.path("app/q.sql"), queries).expect("a file");
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planlint"));
        command.current_dir(self.path("app")).args(args).env_remove("GITHUB_ACTIONS");
        command.env("XDG_CACHE_HOME", self.path("cache")).env("TMPDIR", self.path("temp"));
        command
    }
}

pub fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}exit {}\n", output.status.code().unwrap_or(-1))
}

/// A program that leaves a mark.
fn trap(path: &Path, mark: &Path) {
    let said = "postgres (PostgreSQL) 18.9";
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, format!("#!/bin/sh\necho ran >> {}\necho '{said}'\n", mark.display())).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn no_program_of_the_code_base_is_run() {
    let project = Project::new();
    let mark = project.path("mark");
    fs::write(&mark, "").expect("a file");
    fs::set_permissions(&mark, fs::Permissions::from_mode(0o666)).expect("permissions");
    for name in ["postgres", "initdb", "pg_config"] {
        trap(&project.path("app/bin").join(name), &mark);
        fs::create_dir_all(project.path("links")).expect("a folder");
        std::os::unix::fs::symlink(project.path("app/bin").join(name), project.path("links").join(name)).expect("it");
    }
    let run = |args: &[&str]| {
        let path = format!("{0}/app/bin:{0}/links:/usr/bin:/bin", project.0.path().display());
        let output = project.command(args).env("PATH", path).output().expect("it runs");
        (told(&output), fs::read_to_string(&mark).expect("a file"))
    };
    for args in [&["check", "--engine", "postgres"][..], &["check", "q.sql", "--engine", "postgres"], &["check"]] {
        let (said, ran) = run(args);
        assert_eq!(ran, "", "{args:?}: {said}");
        assert!(!said.contains("18.9"), "{said}");
    }
    // The trap is one: outside of the code base it goes off.
    let outside = Project::new();
    let output = outside.command(&["check", "--engine", "postgres"]).env("PATH", project.path("app/bin")).output();
    let said = told(&output.expect("it runs"));
    assert_ne!(fs::read_to_string(&mark).expect("a file"), "", "{said}");
}

#[test]
fn no_cache_of_the_code_base_is_believed() {
    if binaries().is_none() {
        return;
    }
    let project = Project::new();
    let run = |cache: &str| {
        let mut command = project.command(&["check", "--engine", "postgres"]);
        let said = told(&command.env("XDG_CACHE_HOME", project.path(cache)).output().expect("it runs"));
        assert!(said.contains("exit 1"), "{said}");
        project.path(cache).join("planlint").exists()
    };
    assert!(!run("app/cache"));
    assert!(run("cache"));
}

#[test]
fn a_folder_of_programs_is_named_by_a_user_or_lies_outside() {
    let project = Project::new();
    let mark = project.path("mark");
    let run = |args: &[&str]| told(&project.command(args).output().expect("it runs"));
    for name in ["postgres", "initdb"] {
        trap(&project.path("app/bin").join(name), &mark);
        fs::create_dir_all(project.path("links")).expect("a folder");
        std::os::unix::fs::symlink(project.path("app/bin").join(name), project.path("links").join(name)).expect("it");
    }
    for folder in ["bin", "../app/bin", "../links", "./nothing/.."] {
        fs::create_dir_all(project.path("app/nothing")).expect("a folder");
        fs::write(project.path("app/planlint.toml"), format!("engine = 'postgres'\npg-bin = '{folder}'")).expect("it");
        let said = run(&["check"]);
        assert!(said.contains("lies in the code base") && said.contains("exit 2"), "{folder}: {said}");
        assert!(said.contains("planlint.toml:2:") && said.contains("--pg-bin DIR"), "{folder}: {said}");
    }
    assert!(!mark.exists());
    // What is typed wins over the file, and is looked at from here.
    for args in [&["check", "--pg-bin", "sql"][..], &["check", "--config", "pg-bin = 'sql'"]] {
        let said = run(args);
        assert!(said.contains("app/sql`: it holds no `postgres`") && said.contains("exit 2"), "{said}");
        assert!(!said.contains("planlint.toml"), "{said}");
    }
    let Some(binaries) = binaries() else { return };
    let folder = binaries.folder.to_str().expect("a path");
    fs::write(project.path("app/planlint.toml"), format!("engine = 'postgres'\npg-bin = '{folder}'")).expect("it");
    let said = told(&project.command(&["check"]).env("PATH", folder).output().expect("it runs"));
    assert!(said.contains(&format!("planned by postgres {}", binaries.version)), "{said}");
    // What lies beside the project may be the code base's too.
    for name in ["postgres", "initdb"] {
        trap(&project.path("tools").join(name), &mark);
    }
    let beside = project.path("tools");
    for folder in ["../tools", beside.to_str().expect("a path")] {
        fs::write(project.path("app/planlint.toml"), format!("engine = 'postgres'\npg-bin = '{folder}'")).expect("it");
        let said = run(&["check"]);
        assert!(said.contains("are looked for") && said.contains("--pg-bin DIR") && said.contains("exit 2"), "{said}");
    }
    assert!(!mark.exists());
}

#[test]
fn findings_are_proved_by_costs() {
    if binaries().is_none() {
        return;
    }
    let project = Project::new();
    let output = project.command(&["check", "--engine", "postgres", "--output", "json"]).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    let (database, proof) = (&report["run"]["databases"][0], &report["findings"][0]["proof"]);
    let label = format!("postgres {}", binaries().expect("it was there").version);
    assert_eq!((&database["native"], &database["tier"]), (&Value::Bool(true), &"assumed".into()));
    assert_eq!((&database["engine"], &proof["engine"]), (&label.as_str().into(), &label.as_str().into()));
    assert_eq!((&proof["kind"], &proof["tier"]), (&"cost".into(), &"assumed".into()));
    let cost = |when: &str| proof[when].as_f64().unwrap_or_else(|| panic!("no `{when}` in {proof}"));
    assert!(cost("cost_after") > 0.0 && cost("cost_before") > 10.0 * cost("cost_after"), "{proof}");
    assert_eq!(proof["plan_before"], "scan every row of users, then filter\n");
    assert_eq!(proof["plan_after"], "seek users by index idx_users_email (email = ?)\n");
    // Of an engine that plans nothing there is no proof.
    fs::write(project.path("app/q.sql"), "SELECT id FROM users WHERE nothing_of_ours(email) = $1;\n").expect("a file");
    let refused = told(&project.command(&["check", "--require-engine"]).output().expect("it runs"));
    assert!(refused.contains("its engine planned none of them") && refused.contains("exit 2"), "{refused}");
    fs::write(project.path("app/q.sql"), QUERY).expect("a file");
    // Ten thousand keys make a tree of two levels, of which the planner knows.
    let explained = project.command(&["explain", "q.sql:1", "--plans", "--output", "json"]).output().expect("it runs");
    assert!(told(&explained).contains(r#"\"Startup Cost\": 0.29"#), "{}", told(&explained));
}

#[test]
fn a_query_of_too_many_views_leaves_the_others_their_proof() {
    if binaries().is_none() {
        return;
    }
    // Each reads the one before twice: the last stands for 16,384 tables.
    let view = |number: u32| {
        let below = number - 1;
        format!("CREATE VIEW v{number} AS SELECT a.id FROM v{below} a JOIN v{below} b ON a.id = b.id;\n")
    };
    let views: String = (1..=14).map(view).collect();
    let schema = format!("{SCHEMA}\nCREATE VIEW v0 AS SELECT * FROM users;\n{views}");
    let project = Project::of(&schema, &format!("SELECT id FROM v14;\nSELECT id FROM v3;\n{QUERY}"));
    let output = project.command(&["check", "--engine", "postgres", "--output", "json"]).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    let skips = report["skips"].as_array().expect("skips");
    let words: Vec<&str> = skips.iter().filter_map(|skip| skip["detail"].as_str()).collect();
    assert_eq!(words, ["its views stand for more than 1000 relations"], "{report}");
    assert_eq!((&skips[0]["reason"], &skips[0]["line"]), (&"refused".into(), &1.into()), "{report}");
    let proved = report["findings"].as_array().expect("findings").iter().filter(|one| one["proof"]["kind"] == "cost");
    assert_eq!(proved.filter(|one| one["rule"] == "missing-index").count(), 1, "{report}");
}

#[test]
fn postgres_itself_plans_where_it_can_be_had_and_the_report_says_why() {
    let Some(binaries) = binaries() else { return };
    let project = Project::new();
    let run = |args: &[&str]| {
        let output = project.command(args).env("PATH", &binaries.folder).output().expect("it runs");
        told(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let folder = binaries.folder.to_str().expect("a path");
    let label = format!("planned by postgres {}", binaries.version);
    let production = binaries.version.major.to_string();
    fs::write(project.path("app/other.toml"), format!("target-version = '{production}'")).expect("a file");
    for (args, said) in [
        (&["check"][..], "planned by postgres"),
        (&["check", "--pg-bin", folder], "the server that `--pg-bin` or `pg-bin` names"),
        (&["check", "--config", "other.toml"], "as in production"),
        (&["explain", "q.sql:1"], "seek users by index"),
        (&["explain", "-q", QUERY], "planned by postgres"),
    ] {
        let heard = run(args);
        assert!(heard.contains(said), "{args:?}: {heard}");
    }
    assert!(run(&["check", "--pg-bin", folder]).contains(&label));
    let stand_in = run(&["check", "--engine", "sqlite"]);
    assert!(stand_in.contains("as a stand-in for postgres 1 of 1 query planned"), "{stand_in}");
}

#[test]
fn a_server_that_does_not_start_costs_an_error_where_it_was_asked_for_and_a_line_elsewhere() {
    if binaries().is_none() {
        return;
    }
    let project = Project::new();
    let run = |args: &[&str]| project.command(args).env("TMPDIR", project.path("nowhere")).output().expect("it runs");
    let asked = told(&run(&["check", "--engine", "postgres"]));
    assert!(asked.contains("the scratch PostgreSQL does not start") && asked.ends_with("exit 2\n"), "{asked}");
    let report = run(&["check", "--output", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap_or_else(|_| panic!("{}", told(&report)));
    let database = &report["run"]["databases"][0];
    assert_eq!((&database["native"], &database["tier"]), (&Value::Bool(false), &"structure".into()));
    assert!(database["engine_reason"].as_str().expect("a reason").contains("does not start"), "{database}");
    let skip = &report["skips"][0];
    assert_eq!(
        (&skip["stage"], &skip["reason"], &skip["path"]),
        (&"engine".into(), &"engine-failed".into(), &"q.sql".into())
    );
    assert_eq!(report["findings"][0]["rule"], "missing-index");
    let text = told(&run(&["check"]));
    assert!(text.contains("PostgreSQL itself was of no use") && text.ends_with("exit 1\n"), "{text}");
    fs::write(project.path("app/q.sql"), "SELECT email FROM users WHERE id = $1;").expect("a file");
    assert!(told(&run(&["check"])).ends_with("exit 0\n"));
    assert!(told(&run(&["check", "--strict"])).ends_with("exit 1\n"));
}

#[test]
fn what_plans_nothing_starts_nothing() {
    let project = Project::new();
    let cache = project.path("cache/planlint");
    let commands: [&[&str]; 8] = [
        &["queries"],
        &["schema"],
        &["config"],
        &["rules"],
        &["check", "--engine", "none"],
        &["check", "--engine", "sqlite"],
        &["check", "schema.sql"],
        &["check", "schema.sql", "--engine", "postgres", "--require-engine"],
    ];
    for args in commands {
        let said = told(&project.command(args).output().expect("it runs"));
        assert!(!cache.exists() && !said.contains("exit 2"), "{args:?}: {said}");
        let unasked = said.contains("no engine was asked: no query");
        assert_eq!(unasked, args.contains(&"--require-engine"), "{args:?}: {said}");
    }
    fs::write(project.path("app/schema.sql"), "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT);")
        .expect("a file");
    let said = told(&project.command(&["check"]).output().expect("it runs"));
    assert!(!cache.exists() && said.contains("planned by sqlite"), "{said}");
}

#[test]
fn postgres_plans_what_is_written_for_it_beside_other_dialects() {
    let project = Project::new();
    let schema = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT);";
    fs::create_dir(project.path("app/local")).expect("a folder");
    fs::write(project.path("app/local/schema.sql"), schema).expect("a file");
    fs::write(project.path("app/local/q.sql"), "SELECT id FROM notes WHERE text = ?;").expect("a file");
    let databases = "[[database]]\nname = 'main'\ndialect = 'postgres'\nschema = ['schema.sql']\n\
                     [[database]]\nname = 'local'\ndialect = 'sqlite'\nschema = ['local/schema.sql']\n";
    fs::write(project.path("app/planlint.toml"), databases).expect("a file");
    let run = |args: &[&str]| {
        let said = told(&project.command(args).output().expect("it runs"));
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    if let Some(binaries) = binaries() {
        let said = run(&["check", "--engine", "postgres"]);
        assert!(said.contains(&format!("planned by postgres {}", binaries.version)), "{said}");
        assert!(said.contains("`postgres` plans nothing that is written for `sqlite`"), "{said}");
        assert!(said.contains("planned by sqlite") && said.ends_with("exit 1"), "{said}");
    }
    // One that plans none of them was not meant.
    fs::write(project.path("app/planlint.toml"), databases.replace("postgres", "mysql")).expect("a file");
    let said = run(&["check", "--engine", "postgres"]);
    assert!(said.contains("`postgres` cannot plan what is written for `mysql`") && said.ends_with("exit 2"), "{said}");
    let said = run(&["check", "--engine", "sqlite"]);
    assert!(said.contains("planned by sqlite") && said.contains("engine none: judged by shape"), "{said}");
}

#[test]
fn the_stand_in_says_how_to_get_the_real_thing() {
    let project = Project::new();
    let disk = Disk::new(project.path("app"), &Config::default()).expect("a tree");
    // Nothing at all is trusted, so nothing is found.
    let programs = Programs { untrusted: vec!["/".into()], ..Programs::default() };
    let ask =
        Ask { goal: Goal::Check, here: Here::Within(""), scope: &[], until: Deadline(None), plans: Plans::Omitted };
    let report = Session::new(Config::default()).starting(programs.clone()).analyse(&disk, &ask).expect("it runs");
    let database = &report.run.databases[0];
    assert_eq!((database.native, database.tier), (false, Tier::Structure));
    let reason = database.engine_reason.as_deref().expect("a reason");
    assert!(reason.contains("are found") && reason.contains("apt install postgresql"), "{reason}");
    assert!(report.skips.is_empty(), "{:?}", report.skips);
    let asked = Config { engine: EngineChoice::Postgres, ..Config::default() };
    let refused = Session::new(asked).starting(programs).analyse(&disk, &ask).expect_err("none is found");
    assert!(refused.to_string().contains("no programs of a PostgreSQL server"), "{refused}");
}

/// From before the first file to after the last step, in milliseconds.
const WAITS: &[u64] = &[0, 10, 30, 60, 100, 150, 200, 300, 500];

#[test]
fn an_ended_run_leaves_no_process_and_what_it_leaves_the_next_one_cleans() {
    if binaries().is_none() {
        return;
    }
    let (project, args) = (Project::new(), ["check", "--engine", "postgres"]);
    let temp = project.path("temp");
    let mut midway = 0;
    // `KILL` comes last: what it leaves stays until the next run.
    for signal in ["INT", "TERM", "KILL"] {
        for (wait, is_warm) in WAITS.iter().flat_map(|wait| [(wait, true), (wait, false)]) {
            let cache = project.path(&if is_warm { "cache".to_owned() } else { format!("cold{signal}{wait}") });
            let mut command = project.command(&args);
            command.env("XDG_CACHE_HOME", cache).stdout(Stdio::null()).stderr(Stdio::null());
            let mut run = command.spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(*wait));
            // It is not waited for yet, so its number is its own.
            let number = run.id().to_string();
            let sent = Command::new("kill").args([&format!("-{signal}"), &number]).status().expect("kill is there");
            assert!(sent.success());
            let ended = run.wait().expect("it ends");
            midway += usize::from(ended.code() != Some(1));
            assert_eq!(processes(&temp), Vec::<String>::new(), "{signal} after {wait} ms");
            // A signal that comes before planlint listens ends it as `KILL` does: without a status.
            if signal != "KILL" && ended.code().is_some() {
                assert_eq!(left(&temp), Vec::<String>::new(), "{signal} after {wait} ms: {ended}");
            }
        }
    }
    assert!(midway >= 6, "{midway} runs were ended midway");
    let said = told(&project.command(&args).output().expect("it runs"));
    assert!(said.contains("exit 1"), "{said}");
    assert_eq!(left(&temp), Vec::<String>::new());
}

/// What of a run's folder shows that a phase has begun, whether that needs a cache without a template, and how long the
/// phase may go on then, in milliseconds.
const PHASES: &[(&str, bool, u64)] = &[
    ("", false, 3),
    ("initdb.log", true, 300),
    ("slim.log", true, 80),
    ("data/PG_VERSION", false, 10),
    ("data/postmaster.pid", false, 20),
    ("data/postmaster.pid ready", false, 100),
];

/// The folders of runs, but for those that are known.
fn folders(temp: &Path, known: &[String]) -> Vec<PathBuf> {
    let names = left(temp).into_iter().filter(|name| !known.contains(name) && !name.ends_with(".lock"));
    names.map(|name| temp.join(name)).collect()
}

/// Killed `PLANLINT_TEST_KILLS` times in each phase, or three.
#[test]
fn no_phase_leaves_a_process_when_it_is_killed_in() {
    if binaries().is_none() {
        return;
    }
    let times = std::env::var("PLANLINT_TEST_KILLS").ok().and_then(|times| times.parse().ok()).unwrap_or(3);
    let (project, args) = (Project::new(), ["check", "--engine", "postgres"]);
    let temp = project.path("temp");
    assert!(told(&project.command(&args).output().expect("it runs")).contains("exit 1"));
    for (sign, is_cold, lasts) in PHASES {
        let mut killed = 0;
        for time in 0..times {
            let known = left(&temp);
            let cache = if *is_cold { format!("cold {sign} {time}") } else { "cache".to_owned() };
            let mut command = project.command(&args);
            command.env("XDG_CACHE_HOME", project.path(&cache)).stdout(Stdio::null()).stderr(Stdio::null());
            let mut run = command.spawn().expect("it starts");
            let (name, word) = sign.split_once(' ').unwrap_or((sign, ""));
            let has_begun = |folder: PathBuf| match word {
                "" => folder.join(name).exists(),
                word => fs::read_to_string(folder.join(name)).is_ok_and(|text| text.contains(word)),
            };
            while !folders(&temp, &known).into_iter().any(has_begun) && run.try_wait().expect("it runs").is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_micros(lasts * 1000 * time / times));
            run.kill()
                .and_then(|()| run.wait())
                .map(|ended| killed += u64::from(ended.code().is_none()))
                .expect("it ends");
            assert_eq!(processes(&temp), Vec::<String>::new(), "in `{sign}`, time {time}");
        }
        println!("killed {killed} times of {times} in `{sign}`");
        assert!(killed * 2 >= times, "`{sign}`: {killed} of {times}");
    }
    assert!(told(&project.command(&args).output().expect("it runs")).contains("exit 1"));
    assert_eq!(left(&temp), Vec::<String>::new());
}

#[test]
fn no_folder_of_the_code_base_is_taken_for_temporary_files() {
    if binaries().is_none() {
        return;
    }
    let project = Project::new();
    fs::create_dir_all(project.path("app/tmp/planlint-pg-00000000")).expect("a folder");
    fs::write(project.path("app/tmp/planlint-pg-00000000.lock"), "").expect("a file");
    let run = |temp: &Path| {
        told(&project.command(&["check", "--engine", "postgres"]).env("TMPDIR", temp).output().expect("it"))
    };
    let said = run(&project.path("app/tmp"));
    assert!(said.contains("planned by postgres"), "{said}");
    assert!(project.path("app/tmp/planlint-pg-00000000").exists(), "it is not ours to remove");
    fs::rename(project.path("app/tmp"), project.path("swept")).expect("it is moved");
    run(&project.path("swept"));
    assert!(!project.path("swept/planlint-pg-00000000").exists());
}
