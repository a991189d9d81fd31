//! What users of such tools complain about most, as far as the rules can prevent it; the rest stands beside `coverage`.

use super::dialects::{check, report};

#[test]
fn advice_that_ignores_what_already_serves_the_query() {
    check(&[(
        "keys, heads of wider indexes, expressions, partial and trigram indexes",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, org_id bigint NOT NULL, name text NOT NULL,
             body text NOT NULL, tags text[] NOT NULL, at timestamptz NOT NULL, deleted_at timestamptz);
         CREATE INDEX t_org_at ON t (org_id, at);
         CREATE INDEX t_lower ON t (lower(name));
         CREATE INDEX t_body ON t USING gin (body gin_trgm_ops);
         CREATE INDEX t_tags ON t USING gin (tags);
         CREATE INDEX t_live ON t (name) WHERE deleted_at IS NULL;",
        "SELECT at FROM t WHERE id = $1;
SELECT at FROM t WHERE email = $1;
SELECT at FROM t WHERE org_id = $1;
SELECT at FROM t WHERE org_id = $1 ORDER BY at DESC LIMIT 10;
SELECT at FROM t WHERE lower(name) = $1;
SELECT at FROM t WHERE body ILIKE '%x%';
SELECT at FROM t WHERE tags @> $1;
SELECT at FROM t WHERE name = $1 AND deleted_at IS NULL;
SELECT at FROM t WHERE email = $1 OR id = $2;",
        &[],
    )]);
}

#[test]
fn a_key_is_called_redundant_to_a_wider_index() {
    check(&[(
        "a primary key and a unique constraint stay beside wider indexes",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, at timestamptz NOT NULL);
         CREATE INDEX t_id_at ON t (id, at);
         CREATE INDEX t_email_at ON t (email, at);",
        "",
        &[],
    )]);
}

#[test]
fn a_copy_is_called_a_copy_where_a_wider_index_holds_both() {
    let schema = "CREATE TABLE t (id bigserial PRIMARY KEY, a text NOT NULL, b text NOT NULL);
         CREATE UNIQUE INDEX t_a_b ON t (a, b);
         CREATE UNIQUE INDEX t_a ON t (a);
         CREATE INDEX t_a_again ON t (a);";
    let report = report("postgres", schema, "SELECT id FROM t WHERE id = $1;").expect("a report");
    let told: Vec<(&str, &str)> =
        report.findings.iter().map(|finding| (finding.rule.as_str(), finding.message.as_str())).collect();
    assert_eq!(told, [("duplicate-index", "`t_a_again` repeats `t_a`")]);
}

#[test]
fn columns_that_do_not_exist_are_advised() {
    let schema =
        "CREATE TABLE posts (id bigserial PRIMARY KEY, commentable_type text NOT NULL, commentable_id bigint NOT NULL);
         CREATE INDEX posts_commentable ON posts (commentable_type, commentable_id);";
    let queries = "SELECT id FROM posts WHERE commentable_type = $1 AND commentable_id = $2;
SELECT id FROM posts WHERE author_id = $1;";
    let report = report("postgres", schema, queries).expect("a report");
    assert!(report.advice.is_empty(), "{:?}", report.advice);
    let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["unknown-column"]);
}

#[test]
fn tiny_tables_are_told_of() {
    let schema =
        "CREATE TABLE plans (id INTEGER PRIMARY KEY, code TEXT NOT NULL, label TEXT NOT NULL, at TIMESTAMP NOT NULL);
         CREATE INDEX plans_at_code ON plans (at, code);";
    let queries = "SELECT id FROM plans WHERE code = ?;
SELECT id FROM plans WHERE code = ? OR label = ?;
SELECT id FROM plans WHERE label LIKE '%' || ? || '%';
SELECT id FROM plans WHERE date(at) = ?;
SELECT id FROM plans ORDER BY at LIMIT ? OFFSET ?;
SELECT id FROM plans;";
    let report = report("sqlite", schema, queries).expect("a report");
    assert!(report.findings.is_empty(), "{}", super::told(&report.findings.iter().collect::<Vec<_>>()));
}

#[test]
fn a_warning_without_columns_or_ddl_cannot_be_acted_on() {
    let schema =
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL, phone text NOT NULL, at timestamptz NOT NULL);
         CREATE TABLE m (a_id bigint NOT NULL, b_id bigint NOT NULL, PRIMARY KEY (a_id, b_id));";
    let queries = "SELECT at FROM t WHERE email = $1;
SELECT at FROM t WHERE email = $1 OR phone = $2;
SELECT at FROM t ORDER BY at LIMIT 10;
SELECT a_id FROM m WHERE b_id = $1;";
    let report = report("postgres", schema, queries).expect("a report");
    let asking: Vec<_> =
        report.findings.iter().filter(|finding| finding.confidence == super::Confidence::High).collect();
    assert_eq!(asking.len(), 4, "{}", super::told(&asking));
    for finding in asking {
        let ddl =
            |id: &String| report.advice.iter().any(|advice| advice.id == *id && advice.ddl.starts_with("CREATE INDEX"));
        assert!(
            !finding.columns.is_empty() && !finding.advice.is_empty() && finding.advice.iter().all(ddl),
            "{finding:?}"
        );
    }
}

#[test]
fn results_depend_on_nothing_but_the_input() {
    let schema =
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL, phone text NOT NULL, at timestamptz NOT NULL);";
    let queries = "SELECT at FROM t WHERE email = $1 OR phone = $2;
SELECT id FROM t WHERE phone = $1 ORDER BY at LIMIT 10;
SELECT id FROM t ORDER BY at LIMIT $1 OFFSET $2;";
    let once = report("postgres", schema, queries).expect("a report");
    for _ in 0..3 {
        assert_eq!(once, report("postgres", schema, queries).expect("a report"));
    }
}

#[test]
fn a_leading_column_that_is_skipped_is_named_on_every_version() {
    const SCHEMA: &str = "CREATE TABLE t (id bigserial PRIMARY KEY, a_id bigint NOT NULL, b_id bigint NOT NULL);
         CREATE INDEX t_a_b ON t (a_id, b_id);";
    const QUERY: &str = "SELECT id FROM t WHERE b_id = $1;";
    check(&[
        ("17", "postgres\"\ntarget-version = \"17", SCHEMA, QUERY, &["composite-leading-skipped 1:24 b_id"]),
        ("18", "postgres\"\ntarget-version = \"18", SCHEMA, QUERY, &["composite-leading-skipped 1:24 b_id"]),
        ("unknown", "postgres", SCHEMA, QUERY, &["composite-leading-skipped 1:24 b_id"]),
    ]);
}
