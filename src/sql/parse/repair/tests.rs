//! Statements that databases read and sqlparser does not, and what the repairs make of them.

use super::super::parse;
use super::*;

fn check(dialect: Dialect, sql: &str, expect: &str) {
    let parsed = parse(sql, dialect).unwrap_or_else(|failure| panic!("{sql}: {failure}"));
    assert_eq!((parsed.dialect, parsed.statement.to_string().as_str()), (dialect, expect));
}

#[test]
fn postgres_says_more_than_sqlparser_reads() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check("SELECT a FROM t FOR NO KEY UPDATE OF t SKIP LOCKED", "SELECT a FROM t FOR UPDATE OF t SKIP LOCKED");
    check("SELECT a FROM t FOR KEY SHARE", "SELECT a FROM t FOR SHARE");
    check("SELECT a FROM t WHERE b ISNULL AND c NOTNULL", "SELECT a FROM t WHERE b IS NULL AND c IS NOT NULL");
    check("SELECT a FROM t WHERE b BETWEEN SYMMETRIC 1 AND 2", "SELECT a FROM t WHERE b BETWEEN 1 AND 2");
    check("SELECT a FROM ONLY t JOIN ONLY u ON u.a = t.a", "SELECT a FROM t JOIN u ON u.a = t.a");
    check("UPDATE ONLY t SET a = 1", "UPDATE t SET a = 1");
    check("DELETE FROM ONLY t WHERE a = 1", "DELETE FROM t WHERE a = 1");
    check("SELECT (b).*, c FROM t", "SELECT (b), c FROM t");
    check("SELECT * FROM f($1) AS (a int, b text)", "SELECT * FROM f($1) AS _record (a INT, b TEXT)");
    check("WITH x(a) AS (SELECT b FROM t) SELECT a FROM x", "WITH x (a) AS (SELECT b FROM t) SELECT a FROM x");
    check("UPDATE t SET a[1] = 2, b[2] = c[3]", "UPDATE t SET a = 2, b = c[3]");
    check(
        "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t",
        "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    );
    let tail = "SELECT * FROM x";
    let recursive = "WITH RECURSIVE x (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x)";
    check(&format!("{recursive} SEARCH DEPTH FIRST BY a SET o {tail}"), &format!("{recursive} {tail}"));
    check(&format!("{recursive} CYCLE a SET c USING p {tail}"), &format!("{recursive} {tail}"));
}

#[test]
fn calls_whose_arguments_words_part_are_read() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check("SELECT xmlelement(NAME a, b, c) FROM t", "SELECT xmlelement(b, c) FROM t");
    check("SELECT xmlelement(NAME a) FROM t", "SELECT xmlelement() FROM t");
    check("SELECT xmlelement(name, a) FROM t", "SELECT xmlelement(name, a) FROM t");
    check("SELECT xmlserialize(CONTENT a AS text) FROM t", "SELECT xmlserialize(a AS text) FROM t");
    check("SELECT a FROM t WHERE xmlexists('/b' PASSING BY VALUE c)", "SELECT a FROM t WHERE xmlexists('/b', c)");
    check("SELECT a FROM t WHERE xmlexists('/b' PASSING c)", "SELECT a FROM t WHERE xmlexists('/b', c)");
    let columns = "COLUMNS (x INT PATH '$.x')) AS j";
    check(
        &format!("SELECT j.x FROM t, JSON_TABLE(t.a, '$.b' AS p PASSING f(1, t.c) AS q, 2 AS r {columns}"),
        "SELECT j.x FROM t, JSON_TABLE(t.a, '$.b' COLUMNS(x INT PATH '$.x')) AS j",
    );
    check(
        &format!("SELECT j.x FROM t, JSON_TABLE(CAST(t.a AS jsonb), '$.b' {columns}"),
        "SELECT j.x FROM t, JSON_TABLE(CAST(t.a AS JSONB), '$.b' COLUMNS(x INT PATH '$.x')) AS j",
    );
}

#[test]
fn newer_words_of_postgres_are_read() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    let insert = "INSERT INTO t (a) VALUES (1) ON CONFLICT(a) DO NOTHING";
    check("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO SELECT", insert);
    check(
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO SELECT FOR UPDATE WHERE f(t.b) RETURNING a",
        &format!("{insert} RETURNING a"),
    );
    check(
        "WITH x AS (INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO SELECT) SELECT 1",
        &format!("WITH x AS ({insert}) SELECT 1"),
    );
    check("SELECT a AT LOCAL, at FROM t", "SELECT a, at FROM t");
    check("SELECT count(*) FROM t GROUP BY DISTINCT a, b", "SELECT count(*) FROM t GROUP BY a, b");
}

#[test]
fn aliases_that_only_other_databases_reserve_are_read() {
    for alias in [
        "output",
        "top",
        "settings",
        "format",
        "semi",
        "anti",
        "global",
        "prewhere",
        "qualify",
        "connect",
        "pivot",
        "unpivot",
        "match_recognize",
        "partition",
        "asof",
        "sample",
        "start",
        "view",
        "cluster",
    ] {
        for sql in [
            format!("SELECT {alias}.a FROM t {alias} WHERE {alias}.b = 1"),
            format!("SELECT u.a FROM u JOIN t {alias} ON {alias}.a = u.a"),
            format!("SELECT u.a FROM t {alias}, u {alias}2"),
            format!("DELETE FROM t {alias} WHERE {alias}.a = 1"),
            format!("UPDATE t {alias} SET a = 1 WHERE {alias}.b = 2"),
        ] {
            let parsed = parse(&sql, Dialect::Postgres).unwrap_or_else(|failure| panic!("{sql}: {failure}"));
            assert_eq!(parsed.dialect, Dialect::Postgres, "{sql}");
        }
    }
    let window = "SELECT sum(a) OVER (w PARTITION BY b) FROM t AS u WINDOW w AS (ORDER BY c)";
    check(Dialect::Postgres, window, window);
}

#[test]
fn a_conflict_clause_follows_a_select_without_tables() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check(
        "INSERT INTO t (a) SELECT 'x' ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) SELECT 'x' WHERE true ON CONFLICT DO NOTHING",
    );
    let sql = "INSERT INTO t (a) SELECT 'x' WHERE true ON CONFLICT DO NOTHING";
    check(sql, sql);
}

#[test]
fn clauses_that_find_no_rows_are_left_out() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check(
        "UPDATE t FOR PORTION OF p FROM '2024-01-01' TO f('x', 1) AS u SET a = 1 WHERE b = 2",
        "UPDATE t AS u SET a = 1 WHERE b = 2",
    );
    check("UPDATE t FOR PORTION OF p (daterange('x', 'y')) SET a = 1", "UPDATE t SET a = 1");
    check("DELETE FROM t FOR PORTION OF p FROM '2024-01-01' TO NULL WHERE b = 2", "DELETE FROM t WHERE b = 2");
    check("SELECT a FROM s.t* u JOIN v* ON u.a = v.a", "SELECT a FROM s.t u JOIN v ON u.a = v.a");
    check("DELETE FROM t* WHERE b = 2", "DELETE FROM t WHERE b = 2");
    check("SELECT a FROM t WHERE b = EXTRACT(DAY FROM c * d)", "SELECT a FROM t WHERE b = EXTRACT(DAY FROM c * d)");
    check(
        "MERGE INTO t * USING (SELECT 1 AS a) x JOIN u ON x.a = u.a ON t.a = u.a WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING ((SELECT 1 AS a) x JOIN u ON x.a = u.a) ON t.a = u.a WHEN MATCHED THEN DELETE",
    );
    check(
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    );
}

#[test]
fn json_functions_keep_their_values_and_type() {
    let check = |call: &str, expect: &str| {
        check(Dialect::Postgres, &format!("SELECT a FROM t WHERE {call}"), &format!("SELECT a FROM t WHERE {expect}"));
    };
    check("JSON_VALUE(b, '$.x') = $1", "JSON_VALUE(b, '$.x') = $1");
    check(
        "JSON_VALUE(b, '$.x' PASSING c AS y, d + 1 AS z RETURNING int DEFAULT f(1, 2) ON EMPTY NULL ON ERROR) = $1",
        "JSON_VALUE(b, '$.x', c, d + 1 RETURNING INT) = $1",
    );
    check("JSON_EXISTS(b FORMAT JSON, '$' || c ERROR ON ERROR)", "JSON_EXISTS(b, '$' || c)");
    check(
        "JSON_QUERY(b, '$.x' WITH CONDITIONAL WRAPPER KEEP QUOTES EMPTY ARRAY ON EMPTY) IS NULL",
        "JSON_QUERY(b, '$.x') IS NULL",
    );
    check("JSON_OBJECT('k': b FORMAT JSON ENCODING UTF8) IS NULL", "JSON_OBJECT('k' : b) IS NULL");
    check("JSON_OBJECT('k': b NULL ON NULL WITH UNIQUE KEYS) IS NULL", "JSON_OBJECT('k' : b NULL ON NULL) IS NULL");
}

#[test]
fn postgres_reads_tables_in_more_places() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check("SELECT a FROM ONLY s.t AS x, ONLY u", "SELECT a FROM s.t AS x, u");
    check("SELECT a FROM t JOIN ONLY u ON t.a = u.a", "SELECT a FROM t JOIN u ON t.a = u.a");
    check("SELECT a FROM t FETCH FIRST 2 ROWS ONLY", "SELECT a FROM t FETCH FIRST 2 ROWS ONLY");
    check("UPDATE ONLY s.t SET a = 1 WHERE b = 2", "UPDATE s.t SET a = 1 WHERE b = 2");
    check("DELETE FROM ONLY t WHERE b = 2", "DELETE FROM t WHERE b = 2");
    check("TABLE s.t ORDER BY a LIMIT 1", "SELECT * FROM s.t ORDER BY a LIMIT 1");
    check(
        "SELECT CASE WHEN EXISTS (TABLE t EXCEPT TABLE u) THEN 1 END",
        "SELECT CASE WHEN EXISTS (SELECT * FROM t EXCEPT SELECT * FROM u) THEN 1 END",
    );
    check("SELECT * FROM ROWS FROM (f(1, g(2)), h(3)) AS x (a, b)", "SELECT * FROM f(1, g(2)) AS x (a, b)");
    check("INSERT INTO local (a) VALUES (1)", "INSERT INTO local (a) VALUES (1)");
    check(
        "MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
        "MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (DEFAULT)",
    );
}

#[test]
fn postgres_reads_longer_expressions() {
    let check = |sql: &str, expect: &str| check(Dialect::Postgres, sql, expect);
    check("SELECT a FROM t ORDER BY b::text COLLATE \"C\"", "SELECT a FROM t ORDER BY (b::TEXT) COLLATE \"C\"");
    check(
        "SELECT x.a::regclass::varchar(8) COLLATE \"C\", f(b)::s.kind COLLATE d FROM x",
        "SELECT (x.a::REGCLASS::VARCHAR(8)) COLLATE \"C\", (f(b)::s.kind) COLLATE d FROM x",
    );
    check("SELECT a FROM t ORDER BY b COLLATE \"C\"", "SELECT a FROM t ORDER BY b COLLATE \"C\"");
    check("SELECT f(a, VARIADIC $1::text[]) FROM t", "SELECT f(a, $1::TEXT[]) FROM t");
    check("SELECT a AS isnull FROM t WHERE b ISNULL", "SELECT a AS isnull FROM t WHERE b IS NULL");
    check("UPDATE t SET a[1][2:3] = 4, b[1].c = 5", "UPDATE t SET a = 4, b = 5");
    check("DELETE FROM t WHERE CURRENT OF c", "DELETE FROM t WHERE false");
    check(
        "SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN '1 day'::interval PRECEDING AND CURRENT ROW) FROM t",
        "SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) FROM t",
    );
}

#[test]
fn conflict_targets_may_be_expressions_and_partial() {
    let check = |sql: &str, expect: &str| {
        check(Dialect::Postgres, &format!("INSERT INTO t (a) {sql}"), &format!("INSERT INTO t (a) {expect}"));
    };
    check("VALUES (1) ON CONFLICT (a, b) DO NOTHING", "VALUES (1) ON CONFLICT(a, b) DO NOTHING");
    check("VALUES (1) ON CONFLICT (lower(a)) DO NOTHING", "VALUES (1) ON CONFLICT DO NOTHING");
    check("VALUES (1) ON CONFLICT (a COLLATE \"C\") DO NOTHING", "VALUES (1) ON CONFLICT DO NOTHING");
    check(
        "VALUES (1) ON CONFLICT (a) WHERE b IS NULL DO UPDATE SET a = 1 WHERE t.c = 2",
        "VALUES (1) ON CONFLICT(a) DO UPDATE SET a = 1 WHERE t.c = 2",
    );
    check("SELECT f(1) ON CONFLICT DO NOTHING", "SELECT f(1) WHERE true ON CONFLICT DO NOTHING");
    check("SELECT b FROM u ON CONFLICT DO NOTHING", "SELECT b FROM u ON CONFLICT DO NOTHING");
    check("OVERRIDING SYSTEM VALUE VALUES (1)", "VALUES (1)");
}

#[test]
fn sqlite_says_more_than_sqlparser_reads() {
    let check = |sql: &str, expect: &str| check(Dialect::Sqlite, sql, expect);
    check("SELECT a FROM t INDEXED BY i WHERE b = 1", "SELECT a FROM t WHERE b = 1");
    check("SELECT a FROM t NOT INDEXED WHERE b = 1", "SELECT a FROM t WHERE b = 1");
    check(
        "SELECT a FROM t WHERE b IS $1 AND c IS NOT d AND e IS NOT NULL AND f IS NULL",
        "SELECT a FROM t WHERE b IS NOT DISTINCT FROM $1 AND c IS DISTINCT FROM d AND e IS NOT NULL AND f IS NULL",
    );
    check("SELECT a FROM t WHERE b NOT GLOB 'x*'", "SELECT a FROM t WHERE b NOT LIKE 'x*'");
}

#[test]
fn mysql_says_more_than_sqlparser_reads() {
    let check = |sql: &str, expect: &str| check(Dialect::Mysql, sql, expect);
    check("SELECT a FROM t LOCK IN SHARE MODE", "SELECT a FROM t FOR SHARE");
    check(
        "UPDATE t, u SET t.a = 1, t.b = 2 WHERE t.c = u.c",
        "UPDATE t CROSS JOIN u SET t.a = 1, t.b = 2 WHERE t.c = u.c",
    );
    check("DELETE t.*, u.* FROM t JOIN u ON t.a = u.a", "DELETE t, u FROM t JOIN u ON t.a = u.a");
    check("SELECT a FROM t WHERE !b AND c = \"it's\"", "SELECT a FROM t WHERE NOT b AND c = 'it''s'");
    check("SELECT a FROM t WHERE b = $1", "SELECT a FROM t WHERE b = $1");
    check("ALTER TABLE t MODIFY COLUMN a VARCHAR(64) BINARY", "ALTER TABLE t MODIFY COLUMN a VARCHAR(64)");
    check("CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a) */", "CREATE TABLE t (a INT)");
}

#[test]
fn places_stay_those_of_the_text() {
    let sql = "INSERT INTO t (a) SELECT b FROM u INDEXED BY i WHERE cc IS $1";
    let parsed = parse(sql, Dialect::Sqlite).expect("reads");
    let mut places = Vec::new();
    let _ = sqlparser::ast::visit_expressions(&parsed.statement, |expr| {
        if let sqlparser::ast::Expr::Identifier(name) = expr {
            let bytes = parsed.lines.ident(name);
            places.push(sql[bytes.start as usize..bytes.end as usize].to_owned());
        }
        std::ops::ControlFlow::<()>::Continue(())
    });
    assert_eq!(places, ["b", "cc"]);
}
