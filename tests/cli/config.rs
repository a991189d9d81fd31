//! Configurations as projects have them: where they are found, what counts, what is said of their mistakes.

use std::fs;
use std::path::Path;

use super::{BAD, SCHEMA, check, planlint, project, text};

/// What is said of a configuration, as a user sees it.
fn said(toml: &str, args: &[&str]) -> String {
    let folder = project(&[SCHEMA, BAD, ("planlint.toml", toml)]);
    let args: Vec<&str> = ["check"].iter().chain(args).copied().collect();
    let output = planlint(folder.path(), &args);
    assert_eq!(output.status.code(), Some(2), "{toml} {args:?}: {}", text(&output.stdout));
    assert!(output.stdout.is_empty());
    let place = folder.path().canonicalize().expect("the folder is there").display().to_string();
    text(&output.stderr).replace(&place, "FOLDER")
}

#[test]
fn mistakes_are_shown_in_their_place_with_what_to_type() {
    let mistakes = [
        "[limits]\nmin-row = 3\n",
        "dialct = \"sqlite\"\n",
        "[tables.users]\nsize = 3\n",
        "limits = 3\n",
        "exclude = \"legacy\"\n",
        "audit = \"yes\"\n",
        "[limits]\nmax-file-bytes = 1.5\n",
        "dialect = \"postgre\"\n",
        "fail-on = \"never\"\n",
        "target-version = \"new\"\n",
        "[tables.users]\nrows = -3\n",
        "[tables.users]\nrows = nan\n",
        "[tables.users.columns.email]\nnull-fraction = 2\n",
        "[tables.users]\nrows = 3\nsmall = true\n",
        "[tables.usres]\nrows = 3\n",
        "[tables.users.columns.emial]\ndistinct = 3\n",
        "[tables.users]\nalways = \"deleted_at IS NULL\"\n",
        "[tables.users]\nalways = \"email IS\"\n",
        "select = [\"missing-indx\"]\n",
        "ignore = [\"ALL\"]\n",
        "[per-path-ignores]\n\"legacy/**\" = [\"full-tablescan\"]\n",
        "exclude = [\"a{b\"]\n",
        "[classes]\n\"a{b\" = \"app\"\n",
        "[classes]\n\"tools/**\" = \"tool\"\n",
        "[classes]\nfoo = [\"x\"]\n",
        "[per-path-ignores]\n\"legacy/**\" = [1]\n",
        "[tables]\nusers = \"many\"\n",
        "[per-path-severity]\n\"../x\" = \"info\"\n",
        "schema = [\"../x.sql\"]\n",
        "include = [\"/etc\"]\n",
        "schema = [\"gone.sql\"]\n",
        "[[database]]\ndialect = \"mysql\"\n",
        "[[database]]\nname = \"a\"\n[[database]]\nname = \"a\"\n",
        "[[wrappers]]\nargument = 1\n",
        "[[wrappers]]\nfunction = \"db.fetch all\"\n",
        "exclude = [1,\n",
        "dialect = \"sqlite\"\ndialect = \"mysql\"\n",
    ];
    let told: Vec<String> = mistakes.iter().map(|toml| said(toml, &[])).collect();
    insta::assert_snapshot!("mistakes", told.join("\n"));
}

#[test]
fn mistakes_on_the_command_line_are_shown_the_same_way() {
    let mistakes: [&[&str]; 9] = [
        &["--config", "limits.min-row = 3"],
        &["--config", "tables.users.rows = -3"],
        &["--config", "schema = ['../x.sql']"],
        &["--config", "tables.usres.rows = 3"],
        &["--config", "limits.min-rows ="],
        &["--config", "gone.toml"],
        &["--config", "planlint.toml", "--config", "schema.sql"],
        &["--config", "planlint.toml", "--isolated"],
        &["--extend-select", "missing-indx"],
    ];
    let told: Vec<String> = mistakes.iter().map(|args| said("", args)).collect();
    insta::assert_snapshot!("mistakes_typed", told.join("\n"));
}

/// Silences the finding of [`BAD`].
const QUIET: &str = "ignore = [\"missing-index\"]\n";
const QUIET_PYPROJECT: &str = "[tool.planlint]\nignore = [\"missing-index\"]\n";
/// Is heard, if it counts.
const WRONG: &str = "wrong = 1\n";

/// Lays the project out below `app/` of a repository, beside other files, and checks it from a folder.
fn found(files: &[(&str, &str)], from: &str, args: &[&str], status: i32) {
    let sql = [("repo/.git/HEAD", ""), ("repo/app/schema.sql", SCHEMA.1), ("repo/app/sub/q.sql", BAD.1)];
    let all: Vec<(&str, &str)> = sql.iter().chain(files).copied().collect();
    let folder = project(&all);
    let args: Vec<&str> = ["check"].iter().chain(args).copied().collect();
    let output = planlint(&folder.path().join(from), &args);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{files:?} from {from} {args:?}: {said}");
}

#[test]
fn the_nearest_configuration_counts_and_nothing_is_merged() {
    // Up from what is checked, not from where one stands.
    found(&[("repo/app/planlint.toml", QUIET)], "repo/app", &[], 0);
    found(&[("repo/app/planlint.toml", QUIET)], "repo/app/sub", &[], 0);
    found(&[("repo/app/planlint.toml", QUIET)], "repo", &["app"], 0);
    found(&[("repo/app/planlint.toml", QUIET)], "repo", &["app/sub/q.sql"], 0);
    found(&[("repo/planlint.toml", QUIET)], "repo/app", &[], 0);
    // The nearest one wins as a whole.
    found(&[("repo/planlint.toml", WRONG), ("repo/app/planlint.toml", QUIET)], "repo/app", &[], 0);
    found(&[("repo/planlint.toml", QUIET), ("repo/app/planlint.toml", "")], "repo/app", &[], 1);
    // Further down does not count, and neither does what lies beside the repository.
    found(&[("repo/app/sub/planlint.toml", WRONG)], "repo/app", &[], 1);
    found(&[("planlint.toml", WRONG)], "repo/app", &[], 1);
}

#[test]
fn a_pyproject_counts_if_it_has_the_table() {
    found(&[("repo/app/pyproject.toml", QUIET_PYPROJECT)], "repo/app", &[], 0);
    found(
        &[("repo/app/pyproject.toml", "[project]\nname = \"x\"\n"), ("repo/planlint.toml", QUIET)],
        "repo/app",
        &[],
        0,
    );
    found(&[("repo/app/pyproject.toml", "[tool.planlint]\n"), ("repo/planlint.toml", WRONG)], "repo/app", &[], 1);
    found(
        &[("repo/app/pyproject.toml", "[tool.planlint]\nwrong = 1\n"), ("repo/app/planlint.toml", QUIET)],
        "repo/app",
        &[],
        0,
    );
    // It may name the tool without configuring it, and what else is wrong with it is not our business.
    found(&[("repo/app/pyproject.toml", "[project]\ndependencies = [\"planlint\"]\n")], "repo/app", &[], 1);
    found(&[("repo/app/pyproject.toml", "this is no TOML")], "repo/app", &[], 1);
    found(&[("repo/app/pyproject.toml", "[tool.planlint\n")], "repo/app", &[], 2);
    found(&[("repo/app/pyproject.toml", "[tool.planlint]\nwrong = 1\n")], "repo/app", &[], 2);
}

#[test]
fn files_that_are_named_or_refused() {
    found(&[("repo/app/planlint.toml", WRONG)], "repo/app", &["--isolated"], 1);
    found(
        &[("repo/app/planlint.toml", WRONG), ("quiet.toml", QUIET)],
        "repo/app",
        &["--config", "../../quiet.toml"],
        0,
    );
    found(&[("py/pyproject.toml", QUIET_PYPROJECT)], "repo/app", &["--config", "../../py/pyproject.toml"], 0);
    // Paths in a named file are meant from the current directory.
    let schema = ("ci/planlint.toml", "schema = [\"app/schema.sql\"]\n");
    found(&[schema], "repo", &["--config", "../ci/planlint.toml"], 1);
    found(&[schema], "repo/app", &["--config", "../../ci/planlint.toml"], 2);
}

#[test]
fn later_ones_win() {
    let file = |toml: &'static str| ("repo/app/planlint.toml", toml);
    let quiet = "ignore = ['missing-index']";
    // Defaults, the file, `--config` in order, options.
    found(&[], "repo/app", &[], 1);
    found(&[file(QUIET)], "repo/app", &[], 0);
    found(&[file(QUIET)], "repo/app", &["--config", "ignore = []"], 1);
    found(&[], "repo/app", &["--config", "ignore = []", "--config", quiet], 0);
    found(&[], "repo/app", &["--config", quiet, "--config", "ignore = []"], 1);
    found(&[], "repo/app", &["--config", quiet, "--isolated"], 0);
    found(&[file(QUIET)], "repo/app", &["--select", "missing-index"], 1);
    found(&[file(QUIET)], "repo/app", &["--extend-select", "missing-index"], 1);
    found(&[file("select = [\"missing-index\"]\n")], "repo/app", &["--select", "unknown-table"], 0);
    found(&[], "repo/app", &["--ignore", "missing-index,full-table-scan"], 0);
    found(&[file("fail-on = \"error\"\n")], "repo/app", &[], 0);
    found(&[file("fail-on = \"error\"\n")], "repo/app", &["--config", "fail-on = 'info'"], 1);
    found(&[file("fail-on = \"info\"\n")], "repo/app", &["--config", "fail-on = 'info'", "--fail-on", "error"], 0);
    // Keys are laid over one by one, tables into tables.
    let rows = file("[tables.users]\nrows = 50\n");
    found(&[rows], "repo/app", &["--config", "tables.users.columns.email.distinct = 40"], 0);
    found(&[rows], "repo/app", &["--config", "tables.users.rows = 1e6"], 1);
}

#[test]
fn confidence_and_audit_are_the_same_in_the_file_and_as_options() {
    let mysql =
        ("schema.sql", "CREATE TABLE `t` (`id` int AUTO_INCREMENT PRIMARY KEY, `email` varchar(99)) ENGINE=InnoDB;");
    let query = ("q.sql", "SELECT id FROM t WHERE email = ?;");
    let file = |toml: &'static str| [mysql, query, ("planlint.toml", toml)];
    check(&file(""), &["check"], 0, "no findings");
    check(&file("min-confidence = \"medium\""), &["check"], 1, "medium confidence");
    check(&file("audit = true"), &["check"], 1, "medium confidence");
    check(&file("audit = true"), &["check", "--min-confidence", "high"], 0, "no findings");
    check(&file("min-confidence = \"medium\""), &["advise"], 0, "CREATE INDEX");
}

#[test]
fn untrusted_files_are_refused_with_a_reason() {
    let folder = project(&[SCHEMA, BAD]);
    let refused = |content: &[u8], name: &str, words: &str| {
        fs::write(folder.path().join(name), content).expect("a file");
        let output = planlint(folder.path(), &["check"]);
        fs::remove_file(folder.path().join(name)).expect("it is there");
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{name}: {said}");
    };
    refused(&vec![b'#'; (1 << 20) + 1], "planlint.toml", "larger than 1048576 bytes");
    refused(&vec![b'#'; (1 << 20) + 1], "pyproject.toml", "larger than 1048576 bytes");
    refused(b"dialect = \"\xff\"", "planlint.toml", "not UTF-8 text from byte 11 on");
    refused(b"# \xff\n[tool.planlint]\n", "pyproject.toml", "not UTF-8 text from byte 2 on");
    refused("a.".repeat(400_000).as_bytes(), "planlint.toml", "is no TOML");
    refused(format!("x = {}", "[".repeat(400_000)).as_bytes(), "planlint.toml", "is no TOML");
    refused("\u{1b}[31m = 1".as_bytes(), "planlint.toml", "is no TOML");
    refused(b"[tool]\nplanlint = 1\n", "pyproject.toml", "`tool.planlint` is no table");
    refused(b"[[tool.planlint]]\naudit = true\n", "pyproject.toml", "pyproject.toml:1:8");
    fs::write(folder.path().join("pyproject.toml"), "tool = \"planlint\"\n").expect("another tool's");
    assert_eq!(planlint(folder.path(), &["check"]).status.code(), Some(1));
    fs::create_dir(folder.path().join("planlint.toml")).expect("a folder");
    let output = planlint(folder.path(), &["check"]);
    assert!(text(&output.stderr).contains("`planlint.toml` is no file"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_refused() {
    use std::os::unix::fs::symlink;
    let outside = project(&[("secret.sql", "CREATE TABLE secret (id int);"), ("planlint.toml", "secret = 1\n")]);
    let check = |link: &str, to: &Path, toml: Option<&str>, words: &str| {
        let folder = project(&[SCHEMA, BAD]);
        symlink(to, folder.path().join(link)).expect("a link");
        if let Some(toml) = toml {
            fs::write(folder.path().join("planlint.toml"), toml).expect("a file");
        }
        let output = planlint(folder.path(), &["check"]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{link}: {said}");
        assert!(!said.contains("secret = 1"), "{said}");
    };
    let leads_out = "leads out of the project";
    check("planlint.toml", &outside.path().join("planlint.toml"), None, "is a link that leads out");
    check("pyproject.toml", &outside.path().join("planlint.toml"), None, "is a link that leads out");
    check("out.sql", &outside.path().join("secret.sql"), Some("schema = [\"out.sql\"]\n"), leads_out);
    check("out", outside.path(), Some("include = [\"out\"]\n"), leads_out);
    check("out", outside.path(), Some("[[database]]\nname = \"a\"\nschema = [\"out\"]\n"), leads_out);
    // A link within the project is one of its names.
    let folder = project(&[SCHEMA, BAD, ("shared/quiet.toml", QUIET)]);
    symlink("shared/quiet.toml", folder.path().join("planlint.toml")).expect("a link");
    assert_eq!(planlint(folder.path(), &["check"]).status.code(), Some(0));
}

#[test]
fn an_index_that_the_schema_asks_for_is_shown_though_no_plan_proves_the_query_that_asks_too() {
    let schema = "CREATE TABLE users (id bigint PRIMARY KEY);
        CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE);";
    let queries = "SELECT id FROM orders WHERE user_id = $1; DELETE FROM users WHERE id = $1;";
    let folder = project(&[("schema.sql", schema), ("q.sql", queries)]);
    for command in ["check", "advise"] {
        let args = [command, "--engine", "none", "--output", "json"];
        let report: serde_json::Value = serde_json::from_slice(&planlint(folder.path(), &args).stdout).expect("JSON");
        let advice = &report["advice"][0];
        assert_eq!(advice["ddl"], "CREATE INDEX idx_orders_user_id ON orders (user_id);", "{command}");
        assert_eq!((&advice["confidence"], report["advice"].as_array().map(Vec::len)), (&"high".into(), Some(1)));
        assert_eq!(advice["queries"].as_array().map(Vec::len), Some(1), "{command}: the query is served as well");
        let of_schema = |finding: &&serde_json::Value| finding["rule"] == "unindexed-foreign-key";
        let finding = report["findings"].as_array().expect("findings").iter().find(of_schema);
        assert!(finding.is_none_or(|finding| finding["advice"][0] == advice["id"]), "{command}");
    }
}

#[test]
fn a_rule_that_is_not_selected_is_silent_and_its_advice_is_not_listed() {
    let sort = ("s.sql", "SELECT id FROM users ORDER BY email LIMIT 10;");
    let schema = format!(
        "{} CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, \
         user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE); \
         CREATE INDEX one ON orders (a, user_id); CREATE INDEX two ON orders (a, user_id);",
        SCHEMA.1
    );
    let files = [("schema.sql", schema.as_str()), BAD, sort];
    let folder = project(&files);
    let ddl = |args: &[&str]| text(&planlint(folder.path(), &[&["advise"], args].concat()).stdout);
    let all = ddl(&[]);
    assert!(all.contains("users (email)") && all.contains("orders (user_id)") && all.contains("\nDROP INDEX"), "{all}");
    // Both rules ask for the index on the email.
    assert!(ddl(&["--ignore", "missing-index"]).contains("users (email)"));
    assert!(ddl(&["--ignore", "sort-not-indexed"]).contains("users (email)"));
    assert!(!ddl(&["--ignore", "sort-not-indexed,missing-index"]).contains("users (email)"));
    assert!(!ddl(&["--ignore", "unindexed-foreign-key"]).contains("orders (user_id)"));
    assert!(!ddl(&["--ignore", "duplicate-index,redundant-index"]).contains("\nDROP INDEX"));
    let ignored = ["check", "--ignore", "missing-index,sort-not-indexed", "--output", "json"];
    let report: serde_json::Value = serde_json::from_slice(&planlint(folder.path(), &ignored).stdout).expect("JSON");
    let rules: Vec<&str> =
        report["findings"].as_array().expect("findings").iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(
        !rules.iter().any(|rule| ["missing-index", "sort-not-indexed", "full-table-scan"].contains(rule)),
        "{rules:?}"
    );
    assert!(report["advice"].as_array().expect("advice").iter().all(|advice| advice["table"] != "users"));
}

#[test]
fn below_a_path_rules_are_silent_and_severities_bounded() {
    let legacy = ("legacy/q.sql", BAD.1);
    let quiet = ("planlint.toml", "[per-path-ignores]\n\"legacy/**\" = [\"missing-index\"]\n");
    check(&[SCHEMA, legacy, quiet], &["check"], 0, "no findings");
    let folder = project(&[SCHEMA, legacy, quiet]);
    assert!(!text(&planlint(folder.path(), &["advise"]).stdout).contains("CREATE INDEX"));
    // The same query elsewhere still asks for the index, and the finding stands there alone.
    check(&[SCHEMA, legacy, BAD, quiet], &["check"], 1, "1 finding (1 warning) in 1 file; 1 index to create");
    let bounded = ("planlint.toml", "[per-path-severity]\n\"legacy/**\" = \"info\"\n");
    check(&[SCHEMA, legacy, bounded], &["check"], 0, "1 finding (1 info)");
    check(&[SCHEMA, legacy, BAD, bounded], &["check"], 1, "2 findings (1 warning, 1 info)");
    // A bound makes nothing worse than the evidence does.
    let raised = ("planlint.toml", "[per-path-severity]\n\"legacy/**\" = \"error\"\n");
    check(&[SCHEMA, legacy, raised], &["check", "--fail-on", "error"], 0, "1 finding (1 warning)");
}

#[test]
fn a_folder_without_a_schema_is_a_part_of_the_project_around_it() {
    let sql = [("p/db/schema.sql", SCHEMA.1), ("p/app/queries/q.sql", BAD.1), ("p/app/other.sql", BAD.1)];
    let told = |marks: &[&'static str], from: &str, args: &[&str]| {
        let files: Vec<(&str, &str)> = sql.iter().copied().chain(marks.iter().map(|mark| (*mark, ""))).collect();
        let folder = project(&files);
        let output = planlint(&folder.path().join(from), &[&["check"], args].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let found = |marks: &[&'static str], from: &str, args: &[&str], path: &str| {
        let (status, said) = told(marks, from, args);
        assert_eq!(status, Some(1), "{marks:?} {from} {args:?}: {said}");
        assert!(said.contains(&format!("[{path}:1:28]")) && said.contains("1 finding "), "{said}");
    };
    // Marked by a repository or another tool's file; or where one stands.
    found(&["p/.git/HEAD"], "p", &["app/queries"], "app/queries/q.sql");
    found(&["p/.git/HEAD"], "p/app/queries", &[], "q.sql");
    found(&["p/.git/HEAD"], "p/app/queries", &["q.sql"], "q.sql");
    found(&["p/package.json", "p/app/package.json"], "p/app/queries", &[], "q.sql");
    found(&[], "p", &["app/queries"], "app/queries/q.sql");
    found(&[], "p", &["app/queries", "app/queries/q.sql"], "app/queries/q.sql");
    found(&[], "p", &["app/queries", "--schema", "db"], "app/queries/q.sql");
    // Where nothing says how far the project goes, its schema has to be named.
    let (status, said) = told(&[], "p/app", &["queries"]);
    assert!(status == Some(2) && said.contains("--schema PATH"), "{said}");
    // A repository is not left.
    let (status, said) = told(&["p/package.json", "p/app/.git/HEAD"], "p/app", &["queries"]);
    assert!(status == Some(2) && said.contains("no schema"), "{said}");
    // What has a schema of its own is a project of its own.
    let nested = project(&[
        ("a/.git/HEAD", ""),
        ("a/schema.sql", "CREATE TABLE t (id int);"),
        ("a/b/schema.sql", SCHEMA.1),
        ("a/b/q.sql", BAD.1),
    ]);
    let said = text(&planlint(&nested.path().join("a"), &["check", "b"]).stdout);
    assert!(
        said.contains("1 table, 1 index from dump b/schema.sql") || said.contains("from dump schema.sql"),
        "{said}"
    );
}

#[test]
fn what_is_in_force_is_printed_and_can_be_saved() {
    let folder = project(&[SCHEMA, BAD, ("planlint.toml", "fail-on = \"error\"\n\n[tables.users]\nrows = 50\n")]);
    let args = ["config", "--config", "limits.min-rows = 9", "--dialect", "sqlite", "--ignore", "redundant-index"];
    let toml = text(&planlint(folder.path(), &args).stdout);
    insta::assert_snapshot!("in_force", toml);
    fs::write(folder.path().join("planlint.toml"), &toml).expect("a file");
    let again = text(&planlint(folder.path(), &["config"]).stdout);
    let plain = |toml: &str| {
        toml.lines().map(|line| line.split("  #").next().unwrap_or(line).to_owned()).skip(1).collect::<Vec<_>>()
    };
    assert_eq!(plain(&again), plain(&toml));
    let json = planlint(folder.path(), &["config", "--output", "json", "--audit"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["config"]["tables"]["users"]["rows"], 50.0);
    assert_eq!(json["origins"]["audit"], "--audit");
    assert!(json["origins"]["tables.users.rows"].as_str().is_some_and(|origin| origin.starts_with("planlint.toml:")));
    let none = project(&[]);
    assert!(text(&planlint(none.path(), &["config"]).stdout).starts_with("# no configuration file: the defaults\n"));
}

#[test]
fn the_catalogue_says_which_rules_run() {
    let state = |files: &[(&str, &str)], args: &[&str], rule: &str| {
        let output = text(&planlint(project(files).path(), &[&["rules"], args].concat()).stdout);
        let line = output.lines().find(|line| line.starts_with(&format!("{rule} "))).expect("the rule is listed");
        line.split_whitespace().nth(1).expect("a state").to_owned()
    };
    let quiet = [("planlint.toml", QUIET)];
    assert_eq!(state(&quiet, &[], "missing-index"), "off");
    assert_eq!(state(&quiet, &["--isolated"], "missing-index"), "on");
    assert_eq!(state(&[], &["--select", "unknown-table"], "unknown-table"), "on");
    assert_eq!(state(&[], &["--select", "unknown-table"], "missing-index"), "off");
    check(&[("planlint.toml", WRONG)], &["rules"], 2, "there is no key `wrong`");
}

#[test]
fn the_words_for_what_the_code_declares_are_no_paths() {
    const MODELS: &str = "from sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import declarative_base\n\n\
        Base = declarative_base()\n\n\nclass User(Base):\n    __tablename__ = \"users\"\n    \
        id = Column(Integer, primary_key=True)\n";
    let folder =
        project(&[("app/models.py", MODELS), ("app/schema.sql", "CREATE TABLE users (id int, email text);\n")]);
    let source = |args: &[&str]| {
        let output = planlint(folder.path(), args);
        let printed = text(if output.status.success() { &output.stdout } else { &output.stderr });
        printed.split(|char: char| char.is_whitespace() || char == '-').collect::<Vec<_>>().join(" ")
    };
    let of_models = source(&["schema", "app", "--schema", "models"]);
    assert!(of_models.contains("sqlalchemy"), "{of_models}");
    // A path is one beside the others, whatever it is called.
    let of_file = source(&["schema", "app", "--schema", "app/schema.sql"]);
    assert!(!of_file.contains("sqlalchemy"), "{of_file}");
    let none = source(&["schema", "app", "--schema", "migrations"]);
    assert!(none.contains("no migrations were found"), "{none}");
}
