//! `--output` as users meet it: the examples of `docs/output-formats.md`, files, refusals, and SQL that runs.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use planlint::rules::RULES;
use serde_json::Value;
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use super::{BAD, SCHEMA, check, planlint, project, text};

#[test]
fn the_examples_of_the_documentation_are_what_is_printed() {
    let page = include_str!("../../docs/output-formats.md");
    let fences: Vec<(&str, &str)> = page
        .split("\n```")
        .skip(1)
        .step_by(2)
        .map(|fence| fence.split_once('\n').expect("a fence has a first line"))
        .collect();
    let files = fences.iter().filter_map(|(info, body)| Some((info.split_once("path=")?.1, *body)));
    let folder = project(&files.collect::<Vec<_>>());
    let mut ran = 0;
    for (_, body) in fences.iter().filter(|(info, _)| *info == "console") {
        let (command, expect) =
            body.strip_prefix("$ planlint ").and_then(|rest| rest.split_once('\n')).expect("a command");
        let printed = text(&planlint(folder.path(), &command.split(' ').collect::<Vec<_>>()).stdout);
        assert_printed(&printed, expect, command);
        ran += 1;
    }
    assert_eq!(ran, 7);
}

/// Compares what is printed with what is expected of it, where a line `…` stands for any number of lines.
fn assert_printed(printed: &str, expect: &str, command: &str) {
    let mut rest = format!("\n{printed}");
    let pieces: Vec<String> = format!("\n{expect}\n").split("\n…").map(|piece| piece.trim_end().to_owned()).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let at = rest.find(piece).unwrap_or_else(|| panic!("`{command}` should print{piece}\n\nin{rest}"));
        assert!(number > 0 || at == 0, "`{command}` should start with{piece}\n\nnot{rest}");
        rest.drain(..at + piece.len());
        assert!(rest.starts_with('\n'), "`{command}` prints more than{piece}");
    }
    assert!(expect.trim_end().ends_with('…') || rest == "\n", "`{command}` goes on: {rest}");
}

#[test]
fn sarif_of_a_real_run_passes_the_official_schema_and_lists_the_rules_that_ran() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = sarif(root, &["check", "testdata/hosts/bookings", "--audit"]);
    let schema: Value =
        serde_json::from_str(include_str!("../../testdata/sarif/sarif-schema-2.1.0.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let driver = &log["runs"][0]["tool"]["driver"];
    for rule in driver["rules"].as_array().expect("rules") {
        let page = RULES.iter().find(|known| rule["id"] == known.name).expect("a rule").page();
        assert_eq!(rule["help"]["markdown"], page.body);
        // What GitHub takes of each.
        for (key, most) in [("shortDescription", 1024), ("fullDescription", 1024)] {
            let words = rule[key]["text"].as_str().expect("text");
            assert!(!words.is_empty() && words.len() <= most, "{key} of {}", rule["id"]);
        }
    }
    for result in log["runs"][0]["results"].as_array().expect("results") {
        assert!(!result["message"]["text"].as_str().expect("text").is_empty());
        assert!(result["relatedLocations"].as_array().is_none_or(|related| related.len() <= 100));
    }

    let folder = project(&[SCHEMA, BAD, ("planlint.toml", "ignore = [\"missing-index\"]\n")]);
    let rules = sarif(folder.path(), &["check"])["runs"][0]["tool"]["driver"]["rules"].clone();
    let ids: Vec<&str> = rules.as_array().expect("rules").iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert!(ids.contains(&"unknown-column") && !ids.contains(&"missing-index"), "{ids:?}");
}

fn sarif(folder: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--output", "sarif"]).collect();
    serde_json::from_slice(&planlint(folder, &args).stdout).expect("SARIF is JSON")
}

#[test]
fn paths_for_reviews_start_at_the_repository() {
    let folder = project(&[(".git/HEAD", ""), ("services/shop/schema.sql", SCHEMA.1), ("services/shop/q.sql", BAD.1)]);
    for (here, args) in [("", "services/shop"), ("services", "shop"), ("services/shop", ".")] {
        let here = folder.path().join(here);
        let log = sarif(&here, &["check", args]);
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "services/shop/q.sql", "{}", here.display());
        let told = text(&planlint(&here, &["check", args, "--output", "github"]).stdout);
        assert!(told.starts_with("::warning file=services/shop/q.sql,line=1,"), "{told}");
    }
}

#[test]
fn one_run_writes_several_reports() {
    let folder = project(&[SCHEMA, BAD]);
    let names = ["text", "json", "sarif", "github", "sql"];
    let alone = names.map(|name| planlint(folder.path(), &["check", "--output", name]).stdout);
    let paths: Vec<String> = names.iter().map(|name| format!("{name}=out.{name}")).collect();
    let outputs = paths.iter().flat_map(|path| ["--output", path]);
    let output = planlint(folder.path(), &["check"].into_iter().chain(outputs).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    for (name, alone) in names.into_iter().zip(alone) {
        let written = fs::read(folder.path().join(format!("out.{name}"))).expect("the report is there");
        assert!(written == alone && !alone.is_empty(), "{name}: {}", text(&written));
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is() {
    let list = "`text`, `json`, for example";
    check(&[SCHEMA, BAD], &["queries", "--output", "sarif"], 2, list);
    check(&[SCHEMA, BAD], &["schema", "--output", "sql"], 2, list);
    check(&[SCHEMA, BAD], &["advise", "--output", "xml"], 2, "`advise` has no format `xml`");
    check(&[SCHEMA, BAD], &["check", "--output", "html"], 2, "`check` has no format `html`");
    check(&[SCHEMA, BAD], &["check", "--output", "json="], 2, "a path behind the `=`");
    check(&[SCHEMA, BAD], &["check", "--output", "json=."], 2, "it is a folder");
    check(&[SCHEMA, BAD], &["check", "--output", "sql=no/such.sql"], 2, "there is no folder `no`");
    check(&[SCHEMA, BAD], &["check", "--output", "json=/dev/full"], 2, "cannot write `/dev/full`");
    let folder = project(&[SCHEMA, BAD, ("a.json", "old")]);
    for second in ["sarif=./a.json", "json=a.json", "sarif=no/b.sarif"] {
        let output = planlint(folder.path(), &["check", "--output", "json=a.json", "--output", second]);
        assert_eq!(output.status.code(), Some(2), "{second}");
        assert_eq!(fs::read_to_string(folder.path().join("a.json")).expect("it is there"), "old", "{second}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing is left beside");
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let folder = project(&[SCHEMA, BAD, ("reports/real.json", "old")]);
    let (link, real) = (folder.path().join("link.json"), folder.path().join("reports/real.json"));
    symlink(&real, &link).expect("a link");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("permissions");
    let args = ["check", "--output", "json=link.json", "--output", "sql=/dev/null"];
    assert_eq!(planlint(folder.path(), &args).status.code(), Some(1));
    assert!(link.is_symlink() && fs::read_to_string(&real).expect("a report").starts_with('{'));
    assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(fs::metadata("/dev/null").expect("a device").file_type().is_char_device());
}

#[test]
fn annotations_come_by_themselves_in_actions_and_in_text_only() {
    let folder = project(&[SCHEMA, BAD]);
    let annotated = |args: &[&str], value: &str| {
        let mut command = Command::cargo_bin("planlint").expect("the binary is built");
        let output =
            command.current_dir(folder.path()).env("GITHUB_ACTIONS", value).args(args).output().expect("it runs");
        assert_eq!(text(&output.stdout), text(&planlint(folder.path(), args).stdout), "{args:?}");
        text(&output.stderr).lines().filter(|line| line.starts_with("::warning file=q.sql,")).count()
    };
    assert_eq!(annotated(&["check"], "true"), 1);
    assert_eq!(annotated(&["check", "--output", "text", "--output", "json=x.json"], "true"), 1);
    assert_eq!(annotated(&["check"], "false"), 0);
    assert_eq!(annotated(&["check", "--output", "json"], "true"), 0);
    assert_eq!(annotated(&["check", "--output", "text=x.txt"], "true"), 0);
    assert_eq!(annotated(&["check", "--output", "text", "--output", "github=x.txt"], "true"), 0);
    assert_eq!(annotated(&["advise"], "true"), 0);
}

/// Names that mean something to a shell, a comment or a statement.
const NAMES: [&str; 12] = [
    "select",
    "sp ace",
    "semi;colon",
    "dash--dash",
    "/*star*/",
    "it's",
    "bäck`tick",
    "quo\"te",
    "new\nline",
    "tab\ttab",
    "\\q",
    "😀",
];

/// A table of odd names and a query for each column, in a dialect's quotes.
fn odd_project(quote: char, mark: &str) -> tempfile::TempDir {
    let quoted = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
    // An address is taken to be selective where nothing else is known.
    let names: Vec<String> = NAMES.iter().map(|name| quoted(&format!("{name} email"))).collect();
    let table = quoted("odd; -- table");
    let columns: Vec<String> = names.iter().map(|name| format!("{name} VARCHAR(99)")).collect();
    let schema = format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {});\n", columns.join(", "));
    let query = |name: &String| format!("SELECT id FROM {table} WHERE {name} = {mark};\n");
    project(&[("schema.sql", &schema), ("q;--.sql", &names.iter().map(query).collect::<String>())])
}

#[test]
fn sql_runs_in_sqlite_whatever_names_contain() {
    let folder = odd_project('"', "?");
    let sql = text(&planlint(folder.path(), &["advise", "--dialect", "sqlite", "--output", "sql"]).stdout);
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    let schema = fs::read_to_string(folder.path().join("schema.sql")).expect("the schema");
    database.execute_batch(&schema).expect("the schema runs");
    let indexes = || -> i64 {
        let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'index'";
        database.query_one(count, [], |row| row.get(0)).expect("a count")
    };
    database.execute_batch(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    assert_eq!(indexes(), NAMES.len() as i64, "{sql}");
    let back: Vec<&str> = sql.lines().filter_map(|line| line.strip_prefix("-- way back: ")).collect();
    database.execute_batch(&back.join("\n")).unwrap_or_else(|error| panic!("{error}: {back:#?}"));
    assert_eq!(indexes(), 0);
}

#[test]
fn sql_is_that_of_the_target() {
    let dialects: [(&str, char, &str, &dyn Dialect); 2] =
        [("postgres", '"', "$1", &PostgreSqlDialect {}), ("mysql", '`', "?", &MySqlDialect {})];
    for (name, quote, mark, dialect) in dialects {
        let folder = odd_project(quote, mark);
        for command in ["check", "advise"] {
            let args = [command, "--dialect", name, "--audit", "--output", "sql"];
            let sql = text(&planlint(folder.path(), &args).stdout);
            let statements = Parser::parse_sql(dialect, &sql).unwrap_or_else(|error| panic!("{name}: {error}: {sql}"));
            assert_eq!(statements.len(), NAMES.len(), "{name}: {sql}");
        }
    }
}
