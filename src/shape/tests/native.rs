//! What a statement becomes for an engine that speaks its dialect.

use super::schema;
use crate::dialect::Dialect;
use crate::engine::Bound;
use crate::shape::shape;
use crate::sql::lower::lower_native;

fn check(cases: &[(&str, &str)]) {
    let catalog = schema::catalog(Dialect::Postgres);
    let mut wrong = Vec::new();
    for (sql, expect) in cases {
        let shaped = shape(sql, &catalog).unwrap_or_else(|failure| panic!("{sql}: {}", failure.message));
        let found = lower_native(&shaped, &catalog, 50).sql.split_whitespace().collect::<Vec<_>>().join(" ");
        if found != *expect {
            wrong.push(format!("{sql}\n  found:    {found}\n  expected: {expect}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables_get_their_aliases() {
    check(&[
        ("SELECT * FROM users WHERE id = $1", "SELECT * FROM users AS t0 WHERE id = $1"),
        ("SELECT u.*, u FROM users u WHERE u.id = 1", "SELECT t0.*, t0 FROM users AS t0 WHERE t0.id = 1"),
        ("SELECT users.id FROM public.users", "SELECT t0.id FROM public.users AS t0"),
        ("SELECT public.users.id FROM public.users", "SELECT t0.id FROM public.users AS t0"),
        ("SELECT log.id FROM audit.log", "SELECT t0.id FROM audit.log AS t0"),
        ("SELECT l.a FROM users AS l (a)", "SELECT l.a FROM users AS l (a)"),
        ("SELECT u.ctid FROM users u", "SELECT t0.ctid FROM users AS t0"),
        ("SELECT count(u.*), to_jsonb(u) FROM users u", "SELECT count(t0.*), to_jsonb(t0) FROM users AS t0"),
        (
            "SELECT a.id FROM users a JOIN users b USING (id) ORDER BY b.name, id",
            "SELECT t0.id FROM users AS t0 JOIN users AS t1 USING(id) ORDER BY t1.name, id",
        ),
        (
            "SELECT (SELECT max(o.id) FROM orders o WHERE o.user_id = u.id) FROM users u",
            "SELECT (SELECT max(t1.id) FROM orders AS t1 WHERE t1.user_id = t0.id) FROM users AS t0",
        ),
    ]);
}

#[test]
fn other_names_keep_apart_from_them() {
    check(&[
        (
            "WITH t1 AS (SELECT id FROM users) SELECT t1.* FROM t1 WHERE t1.id = 1",
            "WITH q_t1 AS (SELECT id FROM users AS t0) SELECT q_t1.* FROM q_t1 WHERE q_t1.id = 1",
        ),
        (
            "SELECT t0.n, x.id FROM (SELECT 1 AS n) t0, users x",
            "SELECT q_t0.n, t0.id FROM (SELECT 1 AS n) q_t0, users AS t0",
        ),
        (
            "SELECT t1.id FROM users t1 JOIN orders t0 ON t0.user_id = t1.id",
            "SELECT t0.id FROM users AS t0 JOIN orders AS t1 ON t1.user_id = t0.id",
        ),
        (
            "WITH c AS (SELECT e.* FROM events e) SELECT e.what FROM c e",
            "WITH c AS (SELECT t0.* FROM events AS t0) SELECT e.what FROM c e",
        ),
        ("SELECT x.* FROM unnest($1::int[]) AS x (id)", "SELECT x.* FROM UNNEST($1::INT[]) AS x (id)"),
    ]);
}

#[test]
fn limits_are_known_and_parameters_without_gaps() {
    check(&[
        (
            "SELECT * FROM users WHERE org_id = $1 LIMIT $2 OFFSET $3",
            "SELECT * FROM users AS t0 WHERE org_id = $1 LIMIT 50 OFFSET 0",
        ),
        (
            "SELECT * FROM users WHERE org_id = $2 AND id > $3 LIMIT $1::int",
            "SELECT * FROM users AS t0 WHERE org_id = $1 AND id > $2 LIMIT 50",
        ),
        ("SELECT * FROM users LIMIT 7 OFFSET 1000", "SELECT * FROM users AS t0 LIMIT 7 OFFSET 1000"),
        ("SELECT * FROM users LIMIT NULL", "SELECT * FROM users AS t0 LIMIT NULL"),
        (
            "SELECT * FROM users ORDER BY id FETCH FIRST $1 ROWS ONLY",
            "SELECT * FROM users AS t0 ORDER BY id FETCH FIRST 50 ROWS ONLY",
        ),
        ("SELECT $3 FROM users WHERE id = $3 OR id = $1", "SELECT $1 FROM users AS t0 WHERE id = $1 OR id = $2"),
    ]);
}

#[test]
fn statements_that_write_stay_as_they_are() {
    check(&[
        (
            "UPDATE users SET name = $1 WHERE users.id = $2 RETURNING users.*",
            "UPDATE users AS t0 SET name = $1 WHERE t0.id = $2 RETURNING t0.*",
        ),
        (
            "DELETE FROM users u USING orders o WHERE o.user_id = u.id",
            "DELETE FROM users AS t0 USING orders AS t1 WHERE t1.user_id = t0.id",
        ),
        (
            "INSERT INTO orgs (id, name) SELECT u.org_id, u.name FROM users u ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            "INSERT INTO orgs AS t1 (id, name) SELECT t0.org_id, t0.name FROM users AS t0",
        ),
        (
            "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id FOR UPDATE OF u SKIP LOCKED",
            "SELECT * FROM users AS t0 LEFT JOIN orders AS t1 ON t1.user_id = t0.id FOR UPDATE OF t0 SKIP LOCKED",
        ),
    ]);
}

#[test]
fn views_are_read_in_place() {
    check(&[(
        "SELECT v.email FROM active_users v WHERE v.org_id = $1",
        "SELECT v.email FROM (SELECT id, email, org_id, created_at FROM users AS t0 WHERE deleted_at IS NULL) v WHERE v.org_id = $1",
    )]);
}

#[test]
fn bounds_of_ranges_lie_where_the_policy_says() {
    let check = |sql: &str, expect: &str| {
        let catalog = schema::catalog(Dialect::Postgres);
        let shaped = shape(sql, &catalog).expect("a query");
        let query = lower_native(&shaped, &catalog, 50);
        let written = |bound: &Bound| bound.written.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
        let bounds = query
            .bounds
            .iter()
            .map(|bound| format!("${} {} {}{}", bound.parameter, bound.column, bound.part, written(bound)));
        let (_, condition) = query.sql.split_once(" WHERE ").expect("a condition");
        assert_eq!(format!("{condition}; {}", bounds.collect::<Vec<_>>().join(", ")), expect, "{sql}");
    };
    check(
        "SELECT * FROM users WHERE org_id = $1 AND created_at > $2",
        "org_id = $1 AND created_at > $2; $2 created_at 0.95",
    );
    check("SELECT * FROM users WHERE created_at < now()", "created_at < $1; $1 created_at 0.33");
    check(
        "SELECT * FROM users u WHERE u.created_at >= $1 AND $2 > u.created_at",
        "t0.created_at >= $1 AND $2 > t0.created_at; $1 created_at 0.9, $2 created_at 0.95",
    );
    check(
        "SELECT * FROM users WHERE created_at BETWEEN $1 AND $2",
        "created_at BETWEEN $1 AND $2; $1 created_at 0.9, $2 created_at 0.95",
    );
    check(
        "SELECT * FROM orders WHERE total > $1 AND created_at > $1 - interval '1 day'",
        "total > $1 AND created_at > $2; $1 total 0.67, $2 created_at 0.95",
    );
    // Of a constant nothing is assumed but what PostgreSQL does; texts have no policy; two columns are no range.
    check("SELECT * FROM users WHERE created_at > '2020-01-01'", "created_at > $1; $1 created_at 0.67 '2020-01-01'");
    check(
        "SELECT * FROM orders WHERE total BETWEEN 5 AND 5 + 2",
        "total BETWEEN $1 AND $2; $1 total 0.4975 5, $2 total 0.5025 5 + 2",
    );
    check("SELECT * FROM users WHERE name > $1", "name > $1; ");
    check("SELECT * FROM users WHERE created_at < deleted_at", "created_at < deleted_at; ");
}
