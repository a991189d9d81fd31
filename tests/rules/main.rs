//! Runs every case of every rule's page through the real pipe on every engine that the page names, and prints the list
//! of rules from the pages.
//!
//! A `bad` case gives exactly one finding of its rule, a `good` one none, a `fix` silences the `bad` one before it;
//! other rules speak only where the page's front matter lets them. Where no PostgreSQL is found, what wants one is
//! skipped with a line, unless `PLANLINT_REQUIRE_POSTGRES` is 1.

mod cases;
mod complaints;
mod dialects;
mod engines;
mod keyset;
mod searches;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use planlint::finding::Confidence;
use planlint::outcome::{FindingEntry, RunReport};
use planlint::rules::{RULES, Rule};

use cases::{Case, cases};
use engines::{ENGINES, Engine};

/// A case of a rule's page, and the engine to run it on.
type Trial = (Engine, &'static Rule, Case);

#[test]
fn every_case_of_every_page() {
    let engines = engines::all();
    let on = |engine: &Engine| -> Vec<Trial> {
        let rules = RULES.iter().filter(|rule| rule.meta().engines.iter().any(|name| name == engine.name()));
        let of = |rule: &'static Rule| cases(rule.page(), engine).into_iter().map(move |case| (rule, case));
        let meant = rules.flat_map(of).filter(|(_, case)| engine.plans(&case.config));
        meant.map(|(rule, case)| (engine.clone(), rule, case)).collect()
    };
    let all: Vec<Trial> = engines.iter().flat_map(on).collect();
    let failures = failures(&all);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Judges every case, on a few threads: a session waits for its own, so that rayon's would begin ever more meanwhile.
fn failures(all: &[Trial]) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((engine, rule, case)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = judge(engine, rule, case) {
                let told = format!("rules/{}.md:{} on {}: {failure}", rule.name, case.line, engine.name());
                failures.lock().expect("no thread panics").push(told);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get).min(4);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut failures = failures.into_inner().expect("no thread panics");
    failures.sort();
    failures
}

#[test]
fn what_is_certain_is_offered_as_an_edit() {
    let sql = "SELECT id FROM users WHERE id = ? AND name<>NULL";
    let files = BTreeMap::from([
        ("schema.sql".to_owned(), "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n".to_owned()),
        ("query.sql".to_owned(), format!("-- ü\n{sql};\n")),
        ("guard.sql".to_owned(), "SELECT id FROM users WHERE id = ? AND name IN (NULL);\n".to_owned()),
        (".sqlx/query-1.json".to_owned(), format!("{{\"db_name\": \"SQLite\", \"query\": \"{sql} \"}}\n")),
    ]);
    let report = analyse(&files, "").unwrap();
    let found = report.findings.iter().filter(|finding| finding.rule == "null-comparison");
    let edits = found.map(|finding| {
        let edit = finding.edits.first().map(|edit| (edit.location.line, edit.location.column, edit.text.as_str()));
        (&*finding.location.path, edit)
    });
    let expect = [(".sqlx/query-1.json", None), ("guard.sql", None), ("query.sql", Some((2, 43, " IS NOT NULL")))];
    assert_eq!(edits.collect::<Vec<_>>(), expect);
}

#[test]
fn case_counts_where_the_schema_is_known_to_be_of_postgres() {
    let schema = "CREATE TABLE \"Users\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"Name\" TEXT NOT NULL);\n";
    let query = "SELECT \"Id\", Name FROM \"Users\" WHERE \"Id\" = ? AND name <> '';\n";
    let files = BTreeMap::from(
        [("schema.sql", schema), ("query.sql", query)].map(|(path, text)| (path.to_owned(), text.to_owned())),
    );
    let edits = |config: &str| {
        let report = analyse(&files, config).unwrap();
        let found = report.findings.iter().filter(|finding| finding.rule == "unknown-column");
        found.map(|finding| finding.edits.len()).collect::<Vec<_>>()
    };
    assert_eq!(edits(""), Vec::<usize>::new());
    assert_eq!(edits("dialect = \"postgres\""), [2]);
}

#[test]
fn offline_data_does_not_say_that_the_application_sends_it() {
    let sent = |path: &str, text: &str| {
        let files = BTreeMap::from([
            ("schema.sql".to_owned(), "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n".to_owned()),
            (path.to_owned(), text.to_owned()),
        ]);
        let report = analyse(&files, "").unwrap();
        let found = report.findings.iter().filter(|finding| finding.rule == "missing-where");
        found.map(|finding| finding.confidence).collect::<Vec<_>>()
    };
    assert_eq!(sent("query.sql", "DELETE FROM users;\n"), [Confidence::High]);
    let data = "{\"db_name\": \"SQLite\", \"query\": \"DELETE FROM users\"}\n";
    assert_eq!(sent(".sqlx/query-1.json", data), [Confidence::Low]);
}

#[test]
fn a_bare_name_that_only_another_schema_has_is_doubtful() {
    let confidence = |schema: &str, sql: &str| {
        let files = BTreeMap::from([
            ("schema.sql".to_owned(), format!("CREATE TABLE audit.b (id integer PRIMARY KEY);\n{schema}\n")),
            ("query.sql".to_owned(), format!("{sql};\n")),
        ]);
        let report = analyse(&files, "").unwrap();
        let found = report.findings.iter().filter(|finding| finding.rule == "unknown-column");
        found.map(|finding| finding.confidence).collect::<Vec<_>>()
    };
    let default = "CREATE TABLE users (id integer PRIMARY KEY);";
    assert_eq!(confidence(default, "SELECT nme FROM b WHERE id = 1"), [Confidence::Low]);
    assert_eq!(confidence(default, "SELECT nme FROM audit.b WHERE id = 1"), [Confidence::High]);
    // A search path that the files do not show.
    assert_eq!(confidence("", "SELECT nme FROM b WHERE id = 1"), [Confidence::High]);
}

#[test]
fn every_page_shows_the_fault_the_fix_and_the_way_out() {
    let engines = engines::all();
    for rule in &RULES {
        let named = &rule.meta().engines;
        assert!(!named.is_empty() && named.iter().all(|name| ENGINES.contains(&name.as_str())), "{}", rule.name);
        let Some(engine) = engines.iter().find(|engine| named.iter().any(|name| name == engine.name())) else {
            continue;
        };
        let cases = cases(rule.page(), engine);
        assert!(cases.iter().any(|case| case.bad && case.fixed.is_some()), "{}: no fault with its fix", rule.name);
        assert!(cases.iter().any(|case| case.bad && case.marker.is_some()), "{}: no marked place", rule.name);
        assert!(cases.iter().any(|case| !case.bad), "{}: no good case", rule.name);
        let headings: Vec<_> = rule.page().sections.iter().map(|section| section.heading).collect();
        for wanted in ["Why it matters", "Example", "Instead", "Limits"] {
            assert!(headings.contains(&wanted), "{}: no heading `{wanted}`", rule.name);
        }
    }
}

#[test]
fn the_list_of_rules_is_that_of_the_pages() {
    let mut text = String::from(
        "# The rules\n\nPrinted from the pages under `rules/` by `tests/rules`; `planlint rule NAME` prints one page.\n\n\
         | rule | severity | reads | reports |\n|---|---|---|---|\n",
    );
    for rule in &RULES {
        let (page, meta) = (rule.page(), rule.meta());
        let summary = page.summary.strip_prefix("Reports ").expect("a summary starts so");
        let summary = summary.split_once(". ").map_or(summary, |(first, _)| first).trim_end_matches('.');
        let severity = format!("{:?}", meta.severity).to_lowercase();
        let name = rule.name;
        text.push_str(&format!(
            "| [`{name}`](../rules/{name}.md) | {severity} | {} | {summary} |\n",
            meta.reads.as_str()
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept != text && std::env::var_os("PLANLINT_BLESS").is_some() {
        std::fs::write(path, &text).expect("docs can be written");
        return;
    }
    assert!(kept == text, "docs/rules.md is stale: run with PLANLINT_BLESS=1 and look at the difference");
}

fn judge(engine: &Engine, rule: &Rule, case: &Case) -> Result<(), String> {
    let analyse = |files: &BTreeMap<String, String>| engine.analyse(files, &case.config);
    let report = analyse(&case.files)?;
    let own = spoken(&report, rule, rule.meta().confidence);
    match (case.bad, own.as_slice()) {
        (true, [finding]) => {
            marked(case, finding)?;
            mended(rule, case, finding, &analyse)?;
        }
        (true, found) => return Err(format!("gives {} findings instead of one: {}", found.len(), told(found))),
        (false, _) => silent(&report, rule)?,
    }
    others(&report, rule)?;
    for finding in &report.findings {
        well_said(&report, finding)?;
    }
    let Some(fixed) = &case.fixed else { return Ok(()) };
    let report = analyse(fixed)?;
    silent(&report, rule).and_then(|()| others(&report, rule)).map_err(|failure| format!("once fixed, {failure}"))
}

fn silent(report: &RunReport, rule: &Rule) -> Result<(), String> {
    let own = spoken(report, rule, Confidence::Medium);
    if own.is_empty() { Ok(()) } else { Err(format!("is not silent: {}", told(&own))) }
}

fn spoken<'a>(report: &'a RunReport, rule: &Rule, least: Confidence) -> Vec<&'a FindingEntry> {
    let own = unsuppressed(report).filter(|finding| finding.rule == rule.name);
    own.filter(|finding| finding.confidence >= least).collect()
}

fn unsuppressed(report: &RunReport) -> impl Iterator<Item = &FindingEntry> {
    report.findings.iter().filter(|finding| finding.suppressed.is_none())
}

/// Other rules speak only where the page says so; hints are not shown by default.
fn others(report: &RunReport, rule: &Rule) -> Result<(), String> {
    let sure = unsuppressed(report).filter(|finding| finding.confidence == Confidence::High);
    let others: Vec<_> =
        sure.filter(|finding| finding.rule != rule.name && !rule.meta().also.contains(&finding.rule)).collect();
    if others.is_empty() { Ok(()) } else { Err(format!("another rule speaks: {}", told(&others))) }
}

fn marked(case: &Case, finding: &FindingEntry) -> Result<(), String> {
    let Some((path, line, column, width)) = &case.marker else { return Ok(()) };
    let at = &finding.location;
    let hit = *at.path == **path && at.line == *line && at.column == *column && at.end_column == *column + *width;
    if hit { Ok(()) } else { Err(format!("stands at {}:{}:{}-{}", at.path, at.line, at.column, at.end_column)) }
}

/// Analyses files.
type Analyse<'a> = dyn Fn(&BTreeMap<String, String>) -> Result<RunReport, String> + 'a;

/// An edit that a finding offers silences it.
fn mended(rule: &Rule, case: &Case, finding: &FindingEntry, analyse: &Analyse<'_>) -> Result<(), String> {
    let mut files = case.files.clone();
    for edit in &finding.edits {
        let text = files.get_mut(&*edit.location.path).ok_or("an edit of a file that is not there")?;
        text.replace_range(edit.location.bytes.clone(), &edit.text);
    }
    if finding.edits.is_empty() {
        return Ok(());
    }
    silent(&analyse(&files)?, rule).map_err(|failure| format!("once edited, {failure}"))
}

/// Rules that speak of no column in particular.
const WITHOUT_COLUMNS: [&str; 5] =
    ["cartesian-join", "missing-where", "null-comparison", "order-by-random", "unused-suppression"];

/// The words of a finding, as `docs/style.md` wants them, and names that are in the schema.
fn well_said(report: &RunReport, finding: &FindingEntry) -> Result<(), String> {
    let words = |text: &str| {
        let first = text.chars().next().unwrap_or('A');
        !text.is_empty() && (first == '`' || first.is_lowercase()) && !text.ends_with('.')
    };
    let told = words(&finding.message) && finding.help.as_deref().is_none_or(words);
    let advised = finding.advice.iter().all(|id| report.advice.iter().any(|advice| advice.id == *id));
    let columns = finding.rule.starts_with("unknown-")
        || WITHOUT_COLUMNS.contains(&finding.rule.as_str())
        || !finding.columns.is_empty();
    match told && advised && columns {
        true => Ok(()),
        false => Err(format!("is said badly: {finding:?}")),
    }
}

fn told(findings: &[&FindingEntry]) -> String {
    let told = findings.iter().map(|finding| {
        format!(
            "{} at {}:{}:{} ({:?}): {}",
            finding.rule,
            finding.location.path,
            finding.location.line,
            finding.location.column,
            finding.confidence,
            finding.message
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Analyses files on the embedded SQLite, with no engine where that is none for the dialect.
fn analyse(files: &BTreeMap<String, String>, config: &str) -> Result<RunReport, String> {
    Engine::Sqlite.analyse(files, config)
}
