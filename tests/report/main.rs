//! The formats, on one report that has a bit of everything: what a person sees, what a program may rely on.

mod browser;
mod html;
mod review;
mod sample;

use planlint::finding::Severity;
use planlint::outcome::{RunReport, Suppressed};
use planlint::report::{Colour, Json, Reporter, Skips, Tally, Text, View};
use unicode_width::UnicodeWidthStr;

/// `check` as text, on a terminal of 80 columns without colours.
const PLAIN: Text =
    Text { view: View::Check, width: 80, colour: Colour::Never, skips: Skips::Counted, tally: Tally::Sum };

const JSON: Json = Json { view: View::Check };

#[test]
fn text_reads_well_at_80_columns() {
    insta::assert_snapshot!(text(View::Check, 80));
}

#[test]
fn text_reads_well_at_120_columns() {
    insta::assert_snapshot!(text(View::Check, 120));
}

#[test]
fn text_fits_the_terminal() {
    for width in [60, 80, 120] {
        for line in text(View::Check, width).lines().filter(|line| line.contains('│') || line.contains('╰')) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn tabs_and_wide_characters_take_their_columns() {
    let wide = "\t\t'日本語日本語' ".repeat(8) + "'😀😀'\t\u{1b}[1m";
    let mut report = sample::report();
    report.findings.truncate(1);
    for at in (0..wide.len()).step_by(5) {
        report.sources.insert("db/schema.sql".into(), format!("{wide}\n{wide}\n").into());
        report.findings[0].location.bytes = at..at + 4;
        report.findings[0].related.clear();
        for width in [60, 80, 200] {
            let text = written(&Text { width, ..PLAIN }, &report);
            for line in text.lines().take_while(|line| !line.contains('╰')) {
                assert!(line.width() <= width, "{at}, {width}: {line}");
            }
        }
    }
}

#[test]
fn words_fit_the_terminal_and_code_stays_on_its_line() {
    let mut report = sample::report();
    report.findings[1].related[0].location.path = "a folder with a long name/".repeat(6).into();
    let long = "words upon words ".repeat(12);
    report.skips.iter_mut().for_each(|skip| skip.detail.clone_from(&long));
    report.findings[0].suppressed = Some(Suppressed { reason: Some(long), path: "q.sql".into(), line: 3 });
    let shown = written(&Text { skips: Skips::Listed, ..PLAIN }, &report);
    assert_eq!(shown.matches("upon").count(), 12 * (report.skips.len() + 1), "{shown}");
    let is_code = |line: &str| {
        line.contains("INDEX") || line.contains("Index(") || line.contains("seek") || line.contains("scan")
    };
    for line in shown.lines().filter(|line| !is_code(line)) {
        assert!(line.width() <= 80, "{line}");
    }
}

#[test]
fn advise_is_sql_and_comments() {
    insta::assert_snapshot!(text(View::Advise, 80));
}

#[test]
fn queries_tell_what_is_asked_of_each_table() {
    insta::assert_snapshot!(text(View::Queries, 80));
}

#[test]
fn schema_is_sql_and_comments() {
    insta::assert_snapshot!(text(View::Schema, 80));
}

#[test]
fn a_report_without_findings_says_so() {
    let mut report = sample::report();
    report.findings.clear();
    report.advice.clear();
    let text = written(&PLAIN, &report);
    assert!(text.ends_with("\nno findings\n"), "{text}");
}

#[test]
fn findings_are_counted_by_rule_when_asked() {
    let text = written(&Text { tally: Tally::Rules, ..PLAIN }, &sample::report());
    let tally =
        "\nfindings by rule\n  2  missing-index\n  1  duplicate-index\n  1  unindexable-predicate\n\n4 findings";
    assert!(text.contains(tally), "{text}");
    assert!(!self::text(View::Check, 80).contains("by rule"));
    let nothing = RunReport { findings: Vec::new(), ..sample::report() };
    assert!(!written(&Text { tally: Tally::Rules, ..PLAIN }, &nothing).contains("by rule"));
}

#[test]
fn json_values_survive_what_a_terminal_obeys() {
    let mut report = sample::report();
    report.findings[0].message = "a\u{9b}31m\u{202e}b\u{feff}\u{7f}\u{1b}[0m\n\"\\ ☃ 𝄞".to_owned();
    let text = written(&JSON, &report);
    assert!(!text.contains(['\u{1b}', '\u{7f}', '\u{9b}', '\u{202e}', '\u{feff}']));
    let value: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    assert_eq!(value["findings"][0]["message"], report.findings[0].message.as_str());
}

#[test]
fn colours_only_when_asked() {
    let report = sample::report();
    let with = written(&Text { colour: Colour::Always, ..PLAIN }, &report);
    let without = written(&PLAIN, &report);
    assert!(with.contains("\u{1b}["));
    assert!(!without.contains('\u{1b}'));
}

#[test]
fn foreign_text_cannot_steer_a_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}";
    let mut report = sample::report();
    for source in report.sources.values_mut() {
        *source = source.replace("-- name", &format!("-- {evil}name")).into();
    }
    for finding in &mut report.findings {
        finding.message.push_str(evil);
        finding.help = Some(evil.to_owned());
        finding.related.iter_mut().for_each(|related| related.label.push_str(evil));
    }
    report.advice.iter_mut().for_each(|advice| advice.ddl.push_str(evil));
    report.queries.iter_mut().for_each(|query| query.symbol = Some(evil.to_owned()));
    for view in [View::Check, View::Advise, View::Queries, View::Schema] {
        let text = written(&Text { view, ..PLAIN }, &report);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{view:?}: {text}");
    }
}

#[test]
fn a_span_outside_its_file_costs_a_mark_and_not_the_run() {
    let mut report = sample::report();
    for finding in &mut report.findings {
        finding.location.bytes = 1_000_000..2_000_000;
    }
    assert!(written(&PLAIN, &report).contains("missing-index"));
    report.sources.values_mut().for_each(|source| *source = "".into());
    assert!(written(&PLAIN, &report).contains("missing-index"));
    report.sources.clear();
    assert!(written(&PLAIN, &report).contains("queries.sql:"));
}

#[test]
fn any_bytes_under_any_span_can_be_framed() {
    let source = "a\r\n\tb\u{1b}[1m\u{feff}größe\n\n".to_owned() + &"long ".repeat(60) + "\nend";
    let mut report = sample::report();
    report.findings.truncate(1);
    for start in 0..=source.len() {
        for length in [0, 1, 7, 400] {
            report.sources.insert("db/schema.sql".into(), source.as_str().into());
            report.findings[0].location.bytes = start..start + length;
            let text = written(&Text { width: 60, ..PLAIN }, &report);
            assert!(text.contains("─[db/schema.sql:"), "{start} {length}: {text}");
        }
    }
}

#[test]
fn the_json_schema_is_that_of_the_types() {
    let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(RunReport)).expect("a schema is JSON");
    schema.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept != schema && std::env::var_os("PLANLINT_BLESS").is_some() {
        std::fs::write(path, &schema).expect("docs can be written");
        return;
    }
    assert!(kept == schema, "docs/report.schema.json is stale: run with PLANLINT_BLESS=1 and look at the difference");
}

#[test]
fn json_keeps_the_contract() {
    let schema = serde_json::to_value(schemars::schema_for!(RunReport)).expect("a schema is JSON");
    let text = written(&JSON, &sample::report());
    assert!(text.ends_with("}\n"));
    let value: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let mut broken = value.clone();
    broken["findings"][0]["severity"] = "fatal".into();
    assert!(!validator.is_valid(&broken));
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["findings"][1]["proof"]["cost_before"], 2304.1);
    assert_eq!(value["findings"][1]["line"], 5);
    assert_eq!(value["queries"][0]["variants"][0]["patterns"][0]["predicates"][0]["column"], "customer_id");
    assert_eq!(value["sources"], serde_json::Value::Null, "the text of files is not part of the contract");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(written(&JSON, &sample::report()), written(&JSON, &sample::report()));
    assert_eq!(text(View::Check, 80), text(View::Check, 80));
}

#[test]
fn severities_are_told_without_colour() {
    let mut report = sample::report();
    let marks: Vec<String> = [Severity::Info, Severity::Warning, Severity::Error]
        .into_iter()
        .map(|severity| {
            report.findings.truncate(1);
            report.findings[0].severity = severity;
            let text = written(&PLAIN, &report);
            text.lines().find(|line| line.contains("duplicate-index")).expect("the finding is shown").to_owned()
        })
        .collect();
    assert!(marks[0] != marks[1] && marks[1] != marks[2] && marks[0] != marks[2], "{marks:?}");
}

fn text(view: View, width: usize) -> String {
    written(&Text { view, width, ..PLAIN }, &sample::report())
}

pub(crate) fn written(reporter: &dyn Reporter, report: &RunReport) -> String {
    let mut bytes = Vec::new();
    reporter.write(report, &mut bytes).expect("a vector takes every byte");
    String::from_utf8(bytes).expect("reports are UTF-8")
}
