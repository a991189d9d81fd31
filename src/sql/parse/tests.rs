//! What is read in which dialect, where names stand, and what is refused as too deep.

use proptest::prelude::*;

use super::*;

fn failure_of(sql: &str) -> ParseFailure {
    parse(sql, Dialect::Postgres).map(|parsed| parsed.statement.to_string()).expect_err(sql)
}

#[test]
fn every_dialect_reads_numbered_placeholders() {
    for dialect in Dialect::ALL {
        for sql in ["SELECT a FROM t WHERE a = $1 AND b IN ($2, $10)", "SELECT a FROM t LIMIT $1 OFFSET $2;"] {
            let parsed = parse(sql, dialect).expect(sql);
            assert_eq!(parsed.dialect, dialect);
            assert!(parsed.statement.to_string().contains("$2"), "{}", parsed.statement);
        }
    }
}

#[test]
fn another_dialect_reads_what_the_first_cannot() {
    let check = |sql: &str, first: Dialect, reads: Dialect| assert_eq!(parse(sql, first).expect(sql).dialect, reads);
    check("SELECT a FROM `t`", Dialect::Postgres, Dialect::Sqlite);
    check("SELECT a::int FROM t WHERE x @> $1", Dialect::Sqlite, Dialect::Sqlite);
    check("SELECT a FROM t WHERE x @> ARRAY[$1]::int[]", Dialect::Mysql, Dialect::Postgres);
}

#[test]
fn a_number_loses_what_only_hive_writes_behind_it() {
    let parsed = parse("SELECT 3L, a FROM t LIMIT 5L", Dialect::Postgres).expect("a query");
    assert_eq!(parsed.statement.to_string(), "SELECT 3, a FROM t LIMIT 5");
}

#[test]
fn a_failure_has_the_parsers_words_and_a_place() {
    let failure = failure_of("SELECT é FROM\n t WHERE a = )");
    assert_eq!(failure.reason, "unreadable");
    assert!(failure.message.starts_with("expected"), "{}", failure.message);
    assert!(!failure.message.contains("Line"), "{}", failure.message);
    assert_eq!(failure.at, Some(28));
    assert_eq!(failure_of(" -- nothing\n;").reason, "empty");
    assert_eq!(failure_of("SELECT 1; SELECT 2").reason, "several-statements");
    assert_eq!(failure_of("SELECT 'x").reason, "unreadable");
}

#[test]
fn what_would_overflow_the_stack_is_refused() {
    let chain = format!("SELECT 1 FROM t WHERE {}", vec!["a = 1"; 6_000].join(" OR "));
    assert_eq!(failure_of(&chain).reason, "too-deep");
    let arms = vec!["SELECT 1"; 600].join(" UNION ");
    assert_eq!(failure_of(&arms).reason, "too-deep");
    let nested = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(failure_of(&nested).reason, "too-deep");
}

#[test]
fn a_chain_behind_one_operand_is_refused_before_it_costs_time() {
    for link in ["COLLATE x ", "IS NULL ", "NOTNULL ", "IN (1) ", "AT TIME ZONE 'utc' ", "LIKE 'a' "] {
        let chain = format!("SELECT a FROM t WHERE b {}", link.repeat(50_000));
        assert_eq!(failure_of(&chain).reason, "too-deep", "{link}");
        let conditions = format!("SELECT a FROM t WHERE {} c = 1", format!("b {link} AND ").repeat(3_000));
        assert!(parse(&conditions, Dialect::Postgres).is_ok(), "{link}");
    }
}

#[test]
fn long_lists_are_not_deep() {
    let numbers = vec!["-1"; 50_000].join(", ");
    assert!(parse(&format!("SELECT a FROM t WHERE a IN ({numbers}) AND b = 1"), Dialect::Postgres).is_ok());
    let rows = vec!["(1, -2, 'x' || 'y')"; 20_000].join(",\n");
    assert!(parse(&format!("INSERT INTO t (a, b, c) VALUES {rows}"), Dialect::Postgres).is_ok());
}

#[test]
fn names_fold_as_the_dialect_does() {
    let table = |sql: &str, dialect: Dialect| {
        let statement = parse(sql, dialect).expect(sql).statement;
        let ast::Statement::Drop { names, .. } = statement else { panic!("{sql}") };
        qname(&names[0], dialect).to_string()
    };
    assert_eq!(table("DROP TABLE Public.Users", Dialect::Postgres), "users");
    assert_eq!(table("DROP TABLE app.\"Users\"", Dialect::Postgres), "app.Users");
    assert_eq!(table("DROP TABLE main.Users", Dialect::Sqlite), "Users");
    assert_eq!(table("DROP TABLE shop.`Users`", Dialect::Mysql), "shop.Users");
}

#[test]
fn shifted_lines_map_back_after_the_shift_is_taken_off() {
    let parsed = parse_at("SELECT\n abc", Dialect::Postgres, 1_000).expect("reads");
    let ast::Statement::Query(query) = parsed.statement else { panic!("a query") };
    let span = sqlparser::ast::Spanned::span(&*query);
    assert_eq!(span.start.line, 1_001);
    assert_eq!(parse_at("SELECT\n a FROM )", Dialect::Postgres, 1_000).expect_err("bad").at, Some(15));
}

#[test]
fn an_expression_can_be_read_alone() {
    assert_eq!(
        parse_expr("lower(a) = 'x'::text", Dialect::Postgres).expect("reads").to_string(),
        "lower(a) = 'x'::TEXT"
    );
    assert!(parse_expr("a b", Dialect::Postgres).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_words_stops_the_process(parts in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let sql = parts.join(" ");
        for dialect in Dialect::ALL {
            if let Err(failure) = parse(&sql, dialect) {
                prop_assert!(failure.at.is_none_or(|at| sql.is_char_boundary(at as usize)), "{sql}: {failure:?}");
            }
        }
    }
}

/// What parser and repairs look at.
const PIECES: &[&str] = &[
    "SELECT",
    "a",
    "é",
    "FROM",
    "t",
    "WHERE",
    "IS",
    "NOT",
    "NULL",
    "ISNULL",
    "IN",
    "(",
    ")",
    ",",
    ".",
    "*",
    "[",
    "]",
    "=",
    "$1",
    "'x'",
    "\"y\"",
    "`z`",
    "ON",
    "CONFLICT",
    "DO",
    "UPDATE",
    "SET",
    "DELETE",
    "INSERT",
    "INTO",
    "VALUES",
    "SEARCH",
    "FIRST",
    "CYCLE",
    "USING",
    "EXCLUDE",
    "ROW",
    "FOR",
    "NO",
    "KEY",
    "SHARE",
    "LOCK",
    "MODE",
    "INDEXED",
    "BY",
    "BETWEEN",
    "SYMMETRIC",
    "AND",
    "AS",
    "OVERRIDING",
    "VALUE",
    "GLOB",
    "!",
    "/*!1",
    "*/",
    ";",
    "\n",
    "WITH",
    "RETURNING",
    "PORTION",
    "OF",
    "MERGE",
    "JOIN",
    "WHEN",
    "JSON_VALUE",
    "PASSING",
    "FORMAT",
    "JSON",
    "ORDER",
    "1",
];
