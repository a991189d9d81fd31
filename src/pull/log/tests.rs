//! Logs as servers of several settings write them.

use super::*;

/// What is told of logs: calls, milliseconds and text of each statement, then the days.
fn told(logs: &[&[u8]]) -> Vec<String> {
    let mut reading = LogReading::default();
    for log in logs {
        reading.read(&mut &log[..]).expect("bytes can be read");
    }
    let figures = reading.figures();
    let line = |one: &StatementFigures| format!("{} {} {}", one.calls, one.total_ms, one.sql);
    let days = (figures.since.unwrap_or_default(), figures.until.unwrap_or_default());
    figures.longest.iter().map(line).chain([format!("{}..{}", days.0, days.1)]).collect()
}

fn check(log: &str, expect: &[&str]) {
    assert_eq!(told(&[log.as_bytes()]), expect, "{log}");
}

#[test]
fn lines_of_any_prefix_tell_statements_without_their_values() {
    check(
        "2026-01-30 10:00:00.123 UTC [12] LOG:  duration: 1.500 ms  statement: SELECT *\n\tFROM t\n\tWHERE a = 'secret' -- bob\n\
         2026-01-31 10:00:01 UTC [13] app@shop LOG:  duration: 0.5 ms  execute <unnamed>: select * from t where a = $1\n\
         2026-01-31 10:00:01 UTC [13] app@shop DETAIL:  parameters: $1 = 'secret'\n\
         2026-01-31 10:00:02 UTC [13] LOG:  duration: 0.25 ms  bind <unnamed>: select * from t where a = $1\n\
         2026-01-31 10:00:02 UTC [13] ERROR:  relation \"x\" does not exist at character 15\n\
         2026-01-31 10:00:02 UTC [13] STATEMENT:  select 1 from x\n\
         2026-01-31 10:00:03 UTC [13] LOG:  duration: 0.1 ms  statement: COMMIT\n",
        &["2 2 SELECT * FROM t WHERE a = $1", "2026-01-30..2026-01-31"],
    );
    check("LOG:  duration: 2 ms  statement: SELECT 1", &["1 2 SELECT $1", ".."]);
    check(
        "app=x,LOG:  duration: 1 ms  statement: SELECT 'LOG:  it'\nsyslog 2026-02-01: LOG:  duration: 3 ms  execute s1/c1: SELECT a FROM t\n\
         LOG:  duration: 4 ms  execute fetch from s1/c1: SELECT a FROM t\n",
        &["1 7 SELECT a FROM t", "1 1 SELECT $1", "2026-02-01..2026-02-01"],
    );
}

#[test]
fn a_duration_that_comes_later_is_that_of_the_sessions_statement() {
    check(
        "2026-01-30 [7] LOG:  statement: UPDATE t SET a = 1 WHERE b = 'x'\n2026-01-30 [8] LOG:  statement: SELECT a FROM t\n\
         2026-01-30 [7] LOG:  duration: 4 ms\n2026-01-30 [8] LOG:  duration: 1 ms\n2026-01-30 [8] LOG:  duration: 9 ms\n",
        &["1 4 UPDATE t SET a = $1 WHERE b = $2", "1 1 SELECT a FROM t", "2026-01-30..2026-01-30"],
    );
    check("[7] LOG:  statement: SELECT 1\n[7] LOG:  execute <unnamed>: SELECT 2\n", &["2 0 SELECT $1", ".."]);
}

#[test]
fn a_plan_tells_a_run_that_nothing_else_does() {
    let text = "[7] LOG:  duration: 5 ms  plan:\n\tQuery Text: SELECT a\n\tFROM t WHERE b = 7\n\tSeq Scan on t  (cost=0.00..1.01 rows=1 width=4)\n\t  Filter: (b = 7)\n";
    check(text, &["1 5 SELECT a FROM t WHERE b = $1", ".."]);
    check(
        &format!("{text}[7] LOG:  duration: 6 ms  statement: SELECT a\n\tFROM t WHERE b = 7\n"),
        &["1 6 SELECT a FROM t WHERE b = $1", ".."],
    );
    check(
        "LOG:  duration: 5 ms  plan:\n\t{\n\t  \"Query Text\": \"SELECT a\\nFROM t WHERE b = 'x'\",\n\t  \"Plan\": {}\n\t}\n",
        &["1 5 SELECT a FROM t WHERE b = $1", ".."],
    );
    check(
        "LOG:  duration: 5 ms  plan:\n\tQuery Text: \"SELECT a FROM t WHERE b < 'x'\"\n\tPlan: \n\t  Node Type: \"Seq Scan\"\n",
        &["1 5 SELECT a FROM t WHERE b < $1", ".."],
    );
    check(
        "LOG:  duration: 5 ms  plan:\n\t<explain xmlns=\"x\">\n\t  <Query-Text>SELECT a FROM t WHERE b &lt; 3</Query-Text>\n\t</explain>\n",
        &["1 5 SELECT a FROM t WHERE b < $1", ".."],
    );
}

#[test]
fn rows_and_objects_are_read_as_lines_are() {
    let rest = ",,,,,,,,,\"psql\",\"client backend\",,0";
    let row = |message: &str, severity: &str| {
        format!(
            "2026-11-23 13:32:03.656 UTC,\"app\",\"shop\",77,\"[local]\",6b04.4a,4,\"SELECT\",2026-11-23 13:20:28 UTC,3/0,0,{severity},00000,\"{message}\"{rest}\n"
        )
    };
    let rows = row("statement: SELECT \"\"A\"\"\nFROM t, u\nWHERE b = 'it''s'", "LOG")
        + &row("duration: 3.5 ms", "LOG")
        + &row("syntax error", "ERROR")
        + &row("duration: 1 ms  statement: SELECT 1", "LOG");
    check(&rows, &["1 3.5 SELECT \"A\" FROM t, u WHERE b = $1", "1 1 SELECT $1", "2026-11-23..2026-11-23"]);
    check(
        "{\"timestamp\":\"2026-11-23 13:32:03.656 UTC\",\"pid\":5,\"error_severity\":\"LOG\",\"message\":\"duration: 2 ms  execute s: SELECT a\\n FROM t WHERE b=$1\",\"detail\":\"parameters: $1 = 'secret'\"}\n\
         no object\n{\"error_severity\":\"ERROR\",\"message\":\"statement: SELECT 1\"}\n",
        &["1 2 SELECT a FROM t WHERE b=$1", "2026-11-23..2026-11-23"],
    );
}

#[test]
fn odd_bytes_and_texts_without_an_end_do_no_harm() {
    let mut log = b"[7] LOG:  duration: 1 ms  statement: SELECT a FROM t WHERE b = '\xff\xfe'\n".to_vec();
    log.extend(
        b"[7] LOG:  duration: 1 ms  statement: SELECT a FROM t WHERE b = 'cut o\n\0\0\xc3\n[7] LOG:  duration: x ms\n",
    );
    log.extend(vec![b'x'; 9 << 20]);
    log.extend(b"\n[7] LOG:  duration: 2 ms  statement: SELECT 5");
    assert_eq!(told(&[&log]), ["1 2 SELECT $1", "1 1 SELECT a FROM t WHERE b = $1", ".."]);
    assert_eq!(told(&[b""]), [".."]);
    assert_eq!(told(&[b"\xef\xbb\xbf{\"a\": 1}", b"\"\",\""]), [".."]);
}

#[test]
fn logs_add_up() {
    let (one, other) = (
        "2026-01-02 LOG:  duration: 1 ms  statement: SELECT 5",
        "2026-01-01 LOG:  duration: 2 ms  statement: SELECT 7",
    );
    assert_eq!(told(&[one.as_bytes(), other.as_bytes()]), ["2 3 SELECT $1", "2026-01-01..2026-01-02"]);
}
