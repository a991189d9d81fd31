//! What SQL becomes: one row a construct.

use sqlparser::ast;

use super::{expr, predicate};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::Ident;
use crate::sql::parse::parse_expr;

fn parse(sql: &str, dialect: Dialect) -> ast::Expr {
    parse_expr(sql, dialect).unwrap_or_else(|failure| panic!("{sql}: {failure}"))
}

/// `o.x` is of another table, everything else of the one at hand.
fn column(path: &[ast::Ident]) -> Expr {
    match path {
        [table, _] if table.value == "o" => Expr::Outer,
        path => Expr::Column(Ident::new(path.last().expect("a path has parts").value.to_ascii_lowercase())),
    }
}

fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(sql, expect)| (predicate(&parse(sql, dialect), dialect, &mut column).to_string(), sql, expect))
        .filter(|(found, _, expect)| found != *expect)
        .map(|(found, sql, expect)| format!("{sql}\n  found:    {found}\n  expected: {expect}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn conditions_of_postgres() {
    check(
        Dialect::Postgres,
        &[
            ("a = 1", "a = 1"),
            ("1 = a", "a = 1"),
            ("$1 < t.a", "a > ?"),
            ("o.x = a", "a = …"),
            ("((a = 1))", "a = 1"),
            ("a = 1 AND (b = 2 AND c = 3)", "(a = 1) AND (b = 2) AND (c = 3)"),
            ("b = 2 AND a = 1 AND b = 2", "(a = 1) AND (b = 2)"),
            ("a = 1 OR a = 2", "a IN (1, 2)"),
            ("a = 1 OR b = 2 OR a = 3", "(b = 2) OR (a IN (1, 3))"),
            ("a = $1 OR a = $2", "a IN (?)"),
            ("a IN ($1)", "a IN (?)"),
            ("a IN ($1, $2)", "a IN (?)"),
            ("a IN (3, 1, 3)", "a IN (1, 3)"),
            ("a IN (3)", "a = 3"),
            ("a NOT IN (1, 2)", "NOT (a IN (1, 2))"),
            ("a = ANY($1)", "a IN (?)"),
            ("a = ANY($1::int[])", "a IN (?)"),
            ("a = ANY(ARRAY['y', 'x'])", "a IN ('x', 'y')"),
            (
                "(a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])",
                "CAST(a AS text) IN ('x', 'y')",
            ),
            ("a = ANY('{x,y}'::text[])", "a IN ('x', 'y')"),
            ("$1 = ANY(tags)", "? = ANY(tags)"),
            ("a <> ALL(ARRAY[1])", "a <> 1"),
            ("a <> ALL($1)", "NOT (a IN (?))"),
            ("a = ALL($1)", "a = ALL(?)"),
            ("NOT a = 1", "a <> 1"),
            ("NOT (a IS NULL)", "a IS NOT NULL"),
            ("NOT (a < 1 OR b = 2)", "(b <> 2) AND (a >= 1)"),
            ("NOT NOT a = 1", "a = 1"),
            ("a BETWEEN 1 AND 2", "(a <= 2) AND (a >= 1)"),
            ("a NOT BETWEEN 1 AND 2", "(a < 1) OR (a > 2)"),
            ("a", "a = TRUE"),
            ("NOT a", "a <> TRUE"),
            ("a IS TRUE", "a = TRUE"),
            ("a = true", "a = TRUE"),
            ("a IS FALSE", "a <> TRUE"),
            ("a IS NOT TRUE", "a IS NOT TRUE"),
            ("NOT (a IS TRUE)", "NOT (a IS TRUE)"),
            ("a AND b = 1", "(a = TRUE) AND (b = 1)"),
            ("(a > 1) IS TRUE", "a > 1"),
            ("a = '5'::int", "a = '5'"),
            ("a = $1::uuid", "a = ?"),
            ("a::date = $1", "CAST(a AS date) = ?"),
            ("a = DATE '2020-01-01'", "a = '2020-01-01'"),
            ("a = -1", "a = -1"),
            ("a >= now() - interval '1 day'", "a >= ?"),
            ("a >= CURRENT_TIMESTAMP - $1 * interval '1 second'", "a >= ?"),
            ("a < current_date", "a < ?"),
            ("a > now() AT TIME ZONE 'UTC'", "a > ?"),
            ("lower(t.a) = lower($1)", "lower(a) = ?"),
            ("LOWER(a) = 'x'", "lower(a) = 'x'"),
            ("a LIKE 'x%'", "a LIKE 'x%'"),
            ("a NOT LIKE $1", "NOT (a LIKE ?)"),
            ("a ~~ 'x%'", "a LIKE 'x%'"),
            ("a ILIKE '%' || $1 || '%'", "a ILIKE ?"),
            ("a ~* 'x'", "a ~* 'x'"),
            ("data->>'k' = $1", "(data ->> 'k') = ?"),
            ("(t.data #>> '{a,b}') = 'x'", "(data #>> '{a,b}') = 'x'"),
            ("extract(year from a) = 2020", "extract('year', a) = 2020"),
            ("date_trunc('day', t.a) = $1", "date_trunc('day', a) = ?"),
            ("a AT TIME ZONE 'UTC' > $1", "timezone('UTC', a) > ?"),
            ("(a, b) = ($1, $2)", "(a = ?) AND (b = ?)"),
            ("(a, b) > ($1, 7)", "(a >= ?) AND (a, b) > (?, 7)"),
            ("(a, b) IN ((1, 2), (3, 4))", "((a = 1) AND (b = 2)) OR ((a = 3) AND (b = 4))"),
            ("a IS NOT DISTINCT FROM $1", "a IS NOT DISTINCT FROM ?"),
            ("a + 1 = $1", "(a + 1) = ?"),
            ("a || ' ' || b = $1", "(a || ' ' || b) = ?"),
            ("a = (SELECT 1)", "a = ?"),
            ("CASE WHEN t.a = $1 THEN 1 ELSE o.b END = 1", "CASE WHEN a = ? THEN 1 ELSE … END = 1"),
            ("count(*) FILTER (WHERE t.a) > 1", "count(*) FILTER (WHERE a) > 1"),
            ("a = o.x OR a = o.y", "(a = …) OR (a = …)"),
            ("$1 IS NULL OR a = $1", "(a = ?) OR (? IS NULL)"),
        ],
    );
}

#[test]
fn conditions_of_sqlite_and_mysql() {
    check(
        Dialect::Sqlite,
        &[
            ("a", "a <> 0"),
            ("NOT a", "a = 0"),
            ("a = TRUE", "a = 1"),
            ("a > datetime('now', '-1 day')", "a > ?"),
            ("a > strftime('%s', 'now')", "a > ?"),
            ("date(a) = $1", "date(a) = ?"),
            ("+a = 1", "(+a) = 1"),
            ("a IS NOT DISTINCT FROM $1", "a = ?"),
        ],
    );
    check(
        Dialect::Mysql,
        &[("`a` <=> ?", "a = ?"), ("a > DATE_SUB(NOW(), INTERVAL 1 DAY)", "a > ?"), ("a = \"x\"", "a = 'x'")],
    );
}

#[test]
fn an_index_key_that_is_a_bare_column_is_no_test() {
    for (sql, expect) in [("a", "a"), ("(lower((a)::text))", "lower(CAST(a AS text))"), ("(a IS NULL)", "a IS NULL")] {
        assert_eq!(expr(&parse(sql, Dialect::Postgres), Dialect::Postgres, &mut column).to_string(), expect);
    }
}
