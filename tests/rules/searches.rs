//! How sure `unused-index` is: by what the statistics of one server or of several say of an index, and by how much of the
//! code base was read.

use std::collections::BTreeMap;

use planlint::finding::{Confidence, Severity};

use super::analyse;

const SCHEMA: &str = "CREATE TABLE orders (id integer PRIMARY KEY, customer integer NOT NULL, note text NOT NULL);
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_note ON orders (note);
";
const QUERIES: &str = "SELECT id FROM orders WHERE customer = $1;\nSELECT note FROM orders WHERE id = $1;\n";

/// What one server says of `orders_note`: since when it counts, and how often it was searched.
fn server(since: Option<&str>, index: &str) -> String {
    let since = since.map(|day| format!("\"counted_since\": \"{day}\", ")).unwrap_or_default();
    format!(
        "{{\"planlint_stats\": 1, \"product\": \"postgres\", \"version\": \"15.1\", {since}\"counted_until\": \"2026-03-01\",
          \"tables\": {{\"orders\": {{\"rows\": 1e6, \"pages\": 1e4, \"indexes\": {{{index}}}}}}}}}"
    )
}

fn counted(scans: u64) -> String {
    format!("\"orders_note\": {{\"rows\": 1e6, \"pages\": 1e3, \"scans\": {scans}}}")
}

/// Checks how bad and how sure the finding is, and how its message ends; none where there is no finding.
fn check(servers: &[String], config: &str, queries: &str, expect: Option<(Severity, Confidence, &str)>) {
    let mut files =
        BTreeMap::from([("schema.sql".to_owned(), SCHEMA.to_owned()), ("query.sql".to_owned(), queries.to_owned())]);
    for (number, text) in servers.iter().enumerate() {
        let name = if number == 0 { "planlint-stats.json".to_owned() } else { format!("{number}-stats.json") };
        files.insert(name, text.clone());
    }
    let config = format!("dialect = \"postgres\"\nselect = [\"unused-index\"]\n{config}");
    let report = analyse(&files, &config).expect("it is analysed");
    let found: Vec<_> =
        report.findings.iter().map(|one| (one.severity, one.confidence, one.message.as_str())).collect();
    match (found.as_slice(), expect) {
        ([], None) => {}
        ([(severity, confidence, message)], Some((bad, sure, words))) => {
            assert_eq!((*severity, *confidence), (bad, sure), "{servers:?} {message}");
            assert!(message.ends_with(words), "{message}");
            let advised: Vec<_> = report.advice.iter().map(|advice| (advice.ddl.as_str(), advice.confidence)).collect();
            assert_eq!(advised, [("DROP INDEX orders_note;", sure)]);
            assert_eq!(report.advice[0].down, "CREATE INDEX orders_note ON orders (note);");
        }
        (found, expect) => panic!("{servers:?} {config} {queries}: {found:?} instead of {expect:?}"),
    }
}

#[test]
fn production_decides_where_all_servers_have_counted_for_long() {
    use Confidence::{High, Medium};
    use Severity::{Info, Warning};
    let check = |servers: &[String], expect| check(servers, "", QUERIES, expect);
    let (long, short) = (Some("2026-01-01"), Some("2026-02-20"));
    check(&[], Some((Info, Medium, "what production searches is not known")));
    let never = "the one server whose statistics are given has never searched it in 59 days";
    check(&[server(long, &counted(0))], Some((Warning, High, never)));
    check(&[server(long, &counted(3))], None);
    check(&[server(short, &counted(3))], None);
    check(
        &[server(short, &counted(0))],
        Some((Info, Medium, "has never searched it in 9 days, too short a time to tell")),
    );
    check(&[server(None, &counted(0))], Some((Info, Medium, "though since when is not known")));
    check(&[server(long, "")], Some((Info, Medium, "what production searches is not known")));
    let other = "\"orders_customer\": {\"rows\": 1e6, \"pages\": 1e3, \"scans\": 9}";
    check(&[server(long, other)], Some((Info, Medium, "the statistics do not tell whether production searches it")));
    let two = "none of 2 servers has ever searched it in 59 days";
    check(&[server(long, &counted(0)), server(long, &counted(0))], Some((Warning, High, two)));
    check(&[server(long, &counted(0)), server(long, &counted(1))], None);
    // The youngest counter and the poorest file decide.
    let young = "none of 2 servers has ever searched it in 9 days, too short a time to tell";
    check(&[server(long, &counted(0)), server(short, &counted(0))], Some((Info, Medium, young)));
    let poor = "the statistics do not tell whether production searches it";
    check(&[server(long, &counted(0)), server(long, other)], Some((Info, Medium, poor)));
}

#[test]
fn what_is_not_read_may_need_it() {
    let never = [server(Some("2026-01-01"), &counted(0))];
    let told = Some((Severity::Warning, Confidence::High, "in 59 days"));
    let unread = format!("{QUERIES}SELECT id FROM orders WHERE color = $1;\n");
    check(&never, "", QUERIES, told);
    check(&never, "", &unread, None);
    check(&never, "limits = { min-understood = 0.6 }", &unread, None);
    check(&never, "limits = { min-understood = 0.6, min-understood-of-table = 0.6 }", &unread, told);
    check(
        &never,
        "limits = { min-counted-days = 90 }",
        QUERIES,
        Some((Severity::Info, Confidence::Medium, "in 59 days, too short a time to tell")),
    );
    let hint = Some((Severity::Info, Confidence::Low, "not known"));
    check(&[], "limits = { min-understood = 0.6, min-understood-of-table = 0.6 }", &unread, hint);
    check(&never, "", "INSERT INTO orders (id, customer, note) VALUES ($1, $2, $3);\n", None);
}
