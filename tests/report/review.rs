//! The formats that reviews are made of: `sarif`, `github` and `sql`.

use planlint::finding::Severity;
use planlint::outcome::{EditEntry, RelatedEntry, RunReport, Suppressed};
use planlint::report::{Github, Root, Sarif, Sql, View};
use serde_json::Value;

use crate::{sample, written};

fn root() -> Root {
    Root { here: "/w/repo/services/shop".to_owned(), root: "/w/repo".to_owned() }
}

fn sarif(report: &RunReport) -> Value {
    let text = written(&Sarif { view: View::Check, root: root() }, report);
    serde_json::from_str(&text).expect("SARIF is JSON")
}

/// What the official schema has to say against a log, formats of strings included.
fn objections(log: &Value) -> Vec<String> {
    let text = include_str!("../../testdata/sarif/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
    // The schema uses formats that only came after the draft it names.
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7).should_validate_formats(true);
    let validator = options.build(&schema).expect("the schema is one");
    validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A report with a fix, a suppressed finding and names that mean something to other formats.
fn hostile() -> RunReport {
    let mut report = sample::report();
    let evil = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e} 100% {0} [a](1) ::error::\r\n::stop-commands::x";
    let path = "a b,c:d#é%20\u{1b}[0m/q.sql";
    for finding in &mut report.findings {
        finding.message.push_str(evil);
        finding.location.path = path.into();
        finding.related.iter_mut().for_each(|related| related.label.push_str(evil));
    }
    report.findings[1].suppressed = Some(Suppressed { reason: Some(evil.to_owned()), path: path.into(), line: 3 });
    let location = report.findings[2].location.clone();
    report.findings[2].edits = vec![EditEntry { location, text: "IS NULL".to_owned() }];
    report.skips.iter_mut().for_each(|skip| skip.detail = evil.to_owned());
    report.skips[0].line = None;
    report.advice.iter_mut().for_each(|advice| advice.reason = Some(evil.to_owned()));
    report
}

#[test]
fn sarif_is_as_the_standard_wants_it() {
    insta::assert_snapshot!(written(&Sarif { view: View::Check, root: root() }, &sample::report()));
    let empty = RunReport { findings: vec![], skips: vec![], rules: vec![], ..sample::report() };
    for report in [sample::report(), hostile(), empty] {
        assert_eq!(objections(&sarif(&report)), [""; 0]);
    }
    for (pointer, wrong) in [
        ("/runs/0/results/0/level", "fatal"),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", "a b"),
        ("/runs/0/columnKind", "bytes"),
    ] {
        let mut log = sarif(&sample::report());
        *log.pointer_mut(pointer).expect("the pointer leads somewhere") = wrong.into();
        assert_eq!(objections(&log).len(), 1, "{pointer}: the schema is asked about it");
    }
}

#[test]
fn sarif_keeps_to_what_code_scanning_takes() {
    let mut report = sample::report();
    let mut many = Vec::new();
    for number in 0..25_010 {
        let mut finding = report.findings[0].clone();
        finding.severity = if number == 25_009 { Severity::Error } else { Severity::Warning };
        finding.suppressed = (number < 5).then(|| Suppressed { reason: None, path: "q.sql".into(), line: 1 });
        finding.related = vec![RelatedEntry { location: finding.location.clone(), label: "x".to_owned() }; 200];
        finding.related.truncate(if number == 10 { 200 } else { 0 });
        finding.location.line = number + 1;
        many.push(finding);
    }
    report.findings = many;
    let log = sarif(&report);
    let results = log["runs"][0]["results"].as_array().expect("results");
    let line = |at: usize| results[at]["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
    assert_eq!(results.len(), 25_000);
    // The suppressed ones go first, then the last of the least severe.
    assert_eq!((line(0), line(24_998), line(24_999)), (Some(6), Some(25_004), Some(25_010)));
    assert_eq!(results[5]["relatedLocations"].as_array().map(Vec::len), Some(99));
    let said = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    let last = said.last().expect("one");
    assert!(last["message"]["text"].as_str().is_some_and(|text| text.starts_with("10 results are left out")), "{last}");
    let index = last["descriptor"]["index"].as_u64().expect("an index") as usize;
    assert_eq!(log["runs"][0]["tool"]["driver"]["notifications"][index]["id"], last["descriptor"]["id"]);
}

#[test]
fn sarif_tells_like_findings_of_a_file_apart() {
    let mut report = sample::report();
    let told = report.findings[0].clone();
    let at = |path: &str, line: u32| {
        let mut finding = told.clone();
        (finding.location.path, finding.location.line) = (path.into(), line);
        finding
    };
    let mut other = at("a.sql", 3);
    other.fingerprint = "1:00000000000000000000000000000002".into();
    report.findings = vec![at("a.sql", 1), at("a.sql", 2), other, at("a.sql", 4), at("b.sql", 1)];
    let fingerprints = |report: &RunReport| -> Vec<String> {
        let log = sarif(report);
        let results = log["runs"][0]["results"].as_array().expect("results");
        let of =
            |result: &Value| result["partialFingerprints"]["planlintFingerprint/v1"].as_str().expect("text").into();
        results.iter().map(of).collect()
    };
    let (own, before) = (&told.fingerprint, fingerprints(&report));
    let expect =
        [own.clone(), format!("{own}:2"), "1:00000000000000000000000000000002".into(), format!("{own}:3"), own.clone()];
    assert_eq!(before, expect);
    report.findings.iter_mut().for_each(|finding| finding.location.line += 10);
    assert_eq!(fingerprints(&report), before, "lines do not count");
}

#[test]
fn sarif_tells_what_reviews_need() {
    let log = sarif(&hostile());
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let uri = "services/shop/a%20b%2Cc%3Ad%23%C3%A9%2520%1B%5B0m/q.sql";
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], uri);
        assert!(result["message"]["text"].as_str().expect("text").contains("{{0}}"));
        let fingerprints = result["partialFingerprints"].as_object().expect("fingerprints");
        assert_eq!(fingerprints.keys().collect::<Vec<_>>(), ["planlintFingerprint/v1"]);
    }
    let justified: Vec<usize> =
        results.iter().map(|result| result["suppressions"].as_array().expect("all have the property").len()).collect();
    assert_eq!(justified, [0, 1, 0, 0]);
    assert_eq!(results[1]["suppressions"][0]["location"]["physicalLocation"]["region"]["startLine"], 3);
    let replacement = &results[2]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "IS NULL");
    assert_eq!(replacement["deletedRegion"], results[2]["locations"][0]["physicalLocation"]["region"]);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    assert_eq!(notes[0]["descriptor"]["id"], "query/too-deep");
    assert_eq!(run["tool"]["driver"]["notifications"][0]["id"], "query/too-deep");
    assert_eq!(run["properties"]["databases"][0]["tier"], "assumed");
    assert_eq!(run["properties"]["coverage"]["queries"]["found"], 4);
    let cut = RunReport { run: planlint::outcome::Run { complete: false, ..hostile().run }, ..hostile() };
    assert_eq!(sarif(&cut)["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn advise_tells_the_findings_that_its_set_mends() {
    let text = written(&Sarif { view: View::Advise, root: root() }, &sample::report());
    let log: Value = serde_json::from_str(&text).expect("SARIF is JSON");
    assert_eq!(log["runs"][0]["results"].as_array().expect("results").len(), 3);
    assert_eq!(written(&Github { view: View::Advise, root: root() }, &sample::report()).lines().count(), 3);
}

#[test]
fn github_gets_one_command_a_finding() {
    insta::assert_snapshot!(written(&Github { view: View::Check, root: root() }, &sample::report()));
    let text = written(&Github { view: View::Check, root: root() }, &hostile());
    assert_eq!(text.lines().count(), 3, "the suppressed one is left out: {text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\r']), "{text}");
    for line in text.lines() {
        let (properties, message) =
            line.split_once("::").and_then(|(_, rest)| rest.split_once("::")).expect("two parts");
        let file = r"file=services/shop/a b%2Cc%3Ad#é%2520\u{1b}[0m/q.sql";
        assert!(properties.split_once(' ').is_some_and(|(_, all)| all.split(',').next() == Some(file)), "{properties}");
        assert!(message.contains("100%25 {0} [a](1) ::error::\\r%0A::stop-commands::x"), "{message}");
    }
}

#[test]
fn a_place_of_several_lines_has_no_columns() {
    let mut report = sample::report();
    report.findings.truncate(1);
    report.findings[0].location.end_line += 2;
    let text = written(&Github { view: View::Check, root: root() }, &report);
    assert!(text.contains(",line=9,endLine=11,title=duplicate-index::"), "{text}");
}

#[test]
fn sql_is_statements_and_comments() {
    insta::assert_snapshot!(written(&Sql, &sample::report()));
    let nothing = RunReport { advice: vec![], ..sample::report() };
    assert_eq!(written(&Sql, &nothing), "-- nothing to change\n");
    let text = written(&Sql, &hostile());
    let statements: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with("-- ")).collect();
    let expect: Vec<String> = sample::report().advice.into_iter().map(|advice| advice.ddl).collect();
    assert_eq!(statements, expect, "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\r']), "{text}");
}

#[test]
fn a_statement_that_would_steer_a_terminal_is_left_out_whole() {
    let mut report = sample::report();
    report.advice.truncate(1);
    report.advice[0].ddl = "CREATE INDEX \"i\u{1b}[2J\" ON t (\"a\nb\");".to_owned();
    let text = written(&Sql, &report);
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with("-- ")), "{text}");
    assert!(text.contains(r#"-- CREATE INDEX "i\u{1b}[2J" ON t ("a"#), "{text}");
}

#[test]
fn plans_of_a_query_are_shown_once() {
    let mut report = sample::report();
    let first = report.advice[0].clone();
    let mut other = first.proofs[0].clone();
    other.queries = vec!["q:1".into()];
    other.proof.plan_before = Some("another plan\n".into());
    let more = [vec![first.proofs[0].clone(), other], vec![first.proofs[0].clone()]];
    report.advice.extend(more.map(|proofs| planlint::outcome::AdviceEntry { proofs, ..first.clone() }));
    let text = written(&Sql, &report);
    assert_eq!((text.matches("scan every row").count(), text.matches("another plan").count()), (1, 1), "{text}");
    assert_eq!(text.matches("-- plans as shown with 1\n").count(), 1, "{text}");
}

#[test]
fn databases_are_kept_apart() {
    let mut report = sample::report();
    let other = planlint::outcome::DatabaseEntry {
        name: "audit\n;".to_owned(),
        dialect: planlint::dialect::Dialect::Postgres,
        ..report.run.databases[0].clone()
    };
    report.advice[1].database.clone_from(&other.name);
    report.run.databases.push(other);
    let text = written(&Sql, &report);
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("-- database")).collect();
    assert_eq!(heads, ["-- database default (sqlite)", r"-- database audit\n; (postgres)"]);
}

#[test]
fn a_long_curve_is_told_in_its_steps() {
    let mut report = sample::report();
    let first = report.advice[0].clone();
    let named = |number: usize| planlint::outcome::AdviceEntry { id: format!("ix:{number}"), ..first.clone() };
    report.advice = (1..=60).map(named).collect();
    // Forty of them gain one after the other less, twenty nothing.
    let gain = |number: usize| if number <= 40 { 100.0 / number as f64 } else { 0.0 };
    let gains = (1..=60).map(|number| (format!("ix:{number}"), None, gain(number)));
    report.curves = vec![planlint::outcome::CurveEntry::new("default".into(), 3, Some(1000.0), gains)];
    let text = written(&Sql, &report);
    let (_, table) = text.split_once("-- the weighted cost of 3 planned queries").expect("a table");
    let row = |line: &str| line.strip_prefix("--  ").and_then(|row| row.split_whitespace().next()?.parse().ok());
    let rows: Vec<usize> = table.lines().filter_map(row).collect();
    assert!(rows.len() <= 20 && rows.is_sorted(), "{rows:?}");
    assert_eq!((rows[..4].to_vec(), rows.last()), (vec![0, 1, 2, 3], Some(&60)), "{table}");
    assert!(table.ends_with("\n-- 20 of them take nothing of it away: what asks for it stands above\n"), "{table}");
}
