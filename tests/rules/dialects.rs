//! What the pages cannot show: the guards that hang on another dialect, a table of trees and what is said of each.

use std::collections::BTreeMap;

use planlint::outcome::RunReport;

/// A name, a dialect, a schema, queries; and every finding that is expected, as `rule line:column message`.
pub type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const MEMBERS: &str =
    "CREATE TABLE members (user_id bigint, group_id bigint, at timestamptz NOT NULL, PRIMARY KEY (user_id, group_id));";
const REVERSE: &str = "SELECT at FROM members WHERE group_id = $1;";

const TABLE: &[Row] = &[
    (
        "a chain of heads goes, the widest stays",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a int, b int, c int);
         CREATE INDEX t_a ON t (a);
         CREATE INDEX t_a_b ON t (a, b);
         CREATE INDEX t_a_b_c ON t (a, b, c);",
        "",
        &["redundant-index t_a < t_a_b_c", "redundant-index t_a_b < t_a_b_c"],
    ),
    (
        "two that repeat each other: the second goes",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a int, b int);
         CREATE INDEX z_first ON t (a, b);
         CREATE INDEX a_second ON t (a, b);",
        "",
        &["duplicate-index a_second < z_first"],
    ),
    (
        "an index read backwards does the same",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a int, b int);
         CREATE INDEX t_up ON t (a, b);
         CREATE INDEX t_down ON t (a DESC, b DESC);",
        "",
        &["redundant-index t_down < t_up"],
    ),
    (
        "what PostgreSQL tells apart",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a text, b int, j jsonb, d timestamptz);
         CREATE INDEX t_a ON t (a);
         CREATE INDEX t_a_pattern ON t (a text_pattern_ops);
         CREATE INDEX t_a_c ON t (a COLLATE \"C\");
         CREATE INDEX t_a_hash ON t USING hash (a);
         CREATE INDEX t_b_include ON t (b) INCLUDE (d);
         CREATE INDEX t_b_d ON t (b, a);
         CREATE INDEX t_b_nulls ON t (b NULLS FIRST, d);
         CREATE INDEX t_j ON t USING gin (j);
         CREATE INDEX t_j_path ON t USING gin (j jsonb_path_ops);
         CREATE INDEX t_live ON t (a) WHERE d IS NULL;",
        "",
        &[],
    ),
    (
        "a constraint's index stays, whoever came first",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a int NOT NULL);
         CREATE UNIQUE INDEX t_a_unique ON t (a);
         CREATE INDEX t_a ON t (a);
         ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE (a);",
        "",
        &["duplicate-index t_a < t_a_key", "duplicate-index t_a_unique < t_a_key"],
    ),
    (
        "MySQL keeps an index under a foreign key",
        "mysql",
        "CREATE TABLE p (id int PRIMARY KEY);
         CREATE TABLE t (id int PRIMARY KEY, p_id int, b int, KEY p_only (p_id), KEY p_and_b (p_id, b), FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE);",
        "",
        &[],
    ),
    (
        "foreign keys that an index serves in part",
        "postgres",
        "CREATE TABLE tenants (id bigserial PRIMARY KEY);
         CREATE TABLE users (tenant_id bigint REFERENCES tenants ON DELETE CASCADE, id bigint, PRIMARY KEY (tenant_id, id));
         CREATE TABLE posts (
             id bigserial PRIMARY KEY,
             tenant_id bigint,
             user_id bigint,
             FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
         );
         CREATE INDEX posts_user ON posts (user_id, tenant_id);",
        "",
        &[],
    ),
    (
        "a partial index serves no foreign key",
        "postgres",
        "CREATE TABLE users (id bigserial PRIMARY KEY);
         CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint REFERENCES users ON DELETE SET NULL);
         CREATE INDEX posts_user_a ON posts (user_id) WHERE id > 100;",
        "",
        &["unindexed-foreign-key 2:56 user_id"],
    ),
    (
        "casts and functions in PostgreSQL",
        "postgres",
        "CREATE TABLE events (id bigserial PRIMARY KEY, email text, at timestamptz NOT NULL, n int);
         CREATE INDEX events_at ON events (at);
         CREATE INDEX events_n ON events (n);",
        "SELECT id FROM events WHERE at::date = $1;
SELECT id FROM events WHERE date_trunc('day', at) = $1;
SELECT id FROM events WHERE n * 2 = $1;
SELECT id FROM events WHERE n = $1::int;
SELECT id FROM events WHERE id = $1 AND n * 2 = $2;",
        &["unindexable-predicate 1:29 CAST(at AS date)",
            "unindexable-predicate 2:47 date_trunc('day', at)",
            "unindexable-predicate 3:29 n * 2"],
    ),
    (
        "operators of other methods, and the index that answers them",
        "postgres",
        "CREATE TABLE a (id bigserial PRIMARY KEY, tags text[], title text);
         CREATE TABLE b (id bigserial PRIMARY KEY, tags text[], title text);
         CREATE INDEX b_tags ON b USING gin (tags);
         CREATE INDEX b_title ON b USING gin (title gin_trgm_ops);",
        "SELECT id FROM a WHERE tags @> $1;
SELECT id FROM a WHERE title ILIKE '%x%';
SELECT id FROM b WHERE tags @> $1;
SELECT id FROM b WHERE title ILIKE '%x%';",
        &["full-table-scan 1:16 tags", "leading-wildcard-like 2:24 title"],
    ),
    (
        "patterns that start with a wildcard",
        "postgres",
        "CREATE TABLE docs (id bigserial PRIMARY KEY, title text, body text);
         CREATE INDEX docs_title ON docs USING gin (title gin_trgm_ops);
         CREATE INDEX docs_body ON docs USING gin (lower(body) gin_trgm_ops);
         CREATE TABLE notes (id bigserial PRIMARY KEY, author_id bigint NOT NULL, title text, body text);
         CREATE INDEX notes_author_id ON notes (author_id);",
        "SELECT id FROM docs WHERE title ILIKE '%x%';
SELECT id FROM docs WHERE lower(body) LIKE '%' || $1;
SELECT id FROM notes WHERE body ILIKE concat('%', $1::text, '%') OR title ~~* '%x%';
SELECT id FROM notes WHERE author_id = $1 AND body ILIKE '%x%';
SELECT id FROM notes WHERE body LIKE '\\%x' AND title NOT LIKE '%x' AND title LIKE '%%';
SELECT id FROM notes WHERE body LIKE $1 || '%';
SELECT id FROM notes WHERE body LIKE $1;",
        &["leading-wildcard-like 3:28 body, title"],
    ),
    (
        "MySQL's full-text indexes",
        "mysql",
        "CREATE TABLE docs (id int PRIMARY KEY, title text, body text, FULLTEXT KEY docs_title (title));",
        "SELECT id FROM docs WHERE title LIKE '%x%';
SELECT id FROM docs WHERE body LIKE CONCAT('%', ?, '%');
SELECT id FROM docs WHERE LOWER(title) = ?;",
        &["leading-wildcard-like 2:27 body"],
    ),
    (
        "functions, lists and single rows are no cartesian product",
        "postgres",
        "CREATE TABLE docs (id bigserial PRIMARY KEY, words tsvector, tags text[]);
         CREATE INDEX docs_words ON docs USING gin (words);
         CREATE TABLE notes (id bigserial PRIMARY KEY, doc_id bigint NOT NULL);
         CREATE INDEX notes_doc_id ON notes (doc_id);",
        "SELECT d.id FROM docs d, plainto_tsquery($1) q WHERE d.words @@ q;
SELECT d.id, t FROM docs d, unnest(d.tags) t WHERE d.id = $1;
SELECT d.id FROM docs d, LATERAL (SELECT n.id FROM notes n WHERE n.doc_id = d.id LIMIT 3) n WHERE d.id = $1;
SELECT d.id FROM notes n LEFT JOIN docs d ON true WHERE n.id = $1;
SELECT n.id FROM docs d, notes n WHERE d.id = $1 AND n.doc_id > 7;
SELECT count(*) FROM docs d, notes n WHERE d.id > 7 AND n.id > 7;
UPDATE notes SET doc_id = d.id FROM docs d WHERE d.id > 7;",
        &["cartesian-join 6:30 ", "cartesian-join 7:37 "],
    ),
    (
        "writes to every row that are no accident",
        "postgres",
        "CREATE TABLE notes (id bigserial PRIMARY KEY, doc_id bigint NOT NULL);
         CREATE TEMPORARY TABLE scratch (id bigint);",
        "DELETE FROM scratch;
WITH old AS (SELECT id FROM notes ORDER BY id LIMIT 100) DELETE FROM notes USING old WHERE old.id = notes.id;
-- name: ResetNotes :exec
UPDATE notes SET doc_id = 0;
-- name: MoveNote :exec
UPDATE notes SET doc_id = $1;",
        &["missing-where 6:8 "],
    ),
    (
        "an OR needs an index for each branch",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL, phone text NOT NULL, note text);",
        "SELECT note FROM t WHERE email = $1 OR phone = $2;",
        &["or-across-columns 1:26 email, phone"],
    ),
    (
        "an OR of which one side has an index needs one for the other, and one for each needs none",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, email text NOT NULL, phone text NOT NULL, note text, tags text[]);
         CREATE INDEX t_email ON t (email);
         CREATE INDEX t_tags ON t USING gin (tags);
         CREATE INDEX t_lower ON t (lower(phone));",
        "SELECT note FROM t WHERE email = $1 OR phone = $2;
SELECT note FROM t WHERE email = $1 OR id = $2;
SELECT note FROM t WHERE email = $1 OR lower(phone) = $2;
SELECT note FROM t WHERE email = $1 OR tags @> $2;",
        &["or-across-columns 1:40 email, phone"],
    ),
    (
        "whether a leading column may be passed over hangs on the version; that it is not compared does not",
        "postgres",
        MEMBERS,
        REVERSE,
        &["composite-leading-skipped 1:30 group_id"],
    ),
    (
        "before 18 it is not passed over",
        "postgres\"\ntarget-version = \"17",
        MEMBERS,
        REVERSE,
        &["composite-leading-skipped 1:30 group_id"],
    ),
    (
        "what another server holds is searched and planned there",
        "postgres",
        "CREATE TABLE t (id bigserial PRIMARY KEY, a_id bigint NOT NULL REFERENCES t);
         CREATE FOREIGN TABLE remote (id bigint NOT NULL, a_id bigint OPTIONS (column_name 'x'), note text) SERVER s;",
        "SELECT note FROM remote WHERE a_id = $1;
SELECT note FROM remote WHERE note LIKE '%x%';
SELECT t.id FROM t JOIN remote r ON r.id = t.a_id WHERE r.a_id = $1;
SELECT notes FROM remote WHERE a_id = $1;
SELECT id FROM t WHERE a_id = $1;",
        &["missing-index 5:24 a_id", "unknown-column 4:8 notes"],
    ),
    (
        "from 18 on it may be",
        "postgres\"\ntarget-version = \"18",
        MEMBERS,
        REVERSE,
        &["composite-leading-skipped 1:30 group_id"],
    ),
    (
        "casts to the column's own type, ONLY and rows of values",
        "postgres",
        "CREATE TABLE events (id bigserial PRIMARY KEY, at timestamp(3) with time zone NOT NULL, kind varchar(20), n bigint);
         CREATE INDEX events_at ON events (at);
         CREATE INDEX events_kind ON events (kind);
         CREATE INDEX events_n ON events (n);",
        "SELECT n FROM events WHERE at::timestamptz > $1 AND at::timestamptz < $2;
SELECT n FROM events WHERE kind::text = $1;
SELECT at FROM ONLY events WHERE n::int8 = $1;
UPDATE ONLY events SET (at, kind) = ($1, $2) WHERE n = $3;
SELECT n FROM events WHERE n::text = $1;",
        &["unindexable-predicate 5:28 CAST(n AS text)"],
    ),
    (
        "a collation beside the value counts as one beside the column",
        "sqlite",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, nick TEXT NOT NULL);
         CREATE INDEX users_email ON users (email COLLATE NOCASE);
         CREATE INDEX users_nick ON users (nick);",
        "SELECT nick FROM users WHERE email = ? COLLATE NOCASE;
SELECT nick FROM users WHERE ? = email COLLATE NOCASE;
SELECT email FROM users WHERE nick = ? COLLATE NOCASE;
SELECT email FROM users WHERE nick COLLATE NOCASE = ?;",
        &["unindexable-predicate 3:31 nick COLLATE NOCASE", "unindexable-predicate 4:31 nick COLLATE NOCASE"],
    ),
    (
        "a query that is planned proves the index that another one only asks for",
        "sqlite",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);",
        "SELECT id FROM users WHERE email = ?;
SELECT load_extension('a'), email FROM users WHERE email = ?;",
        &["missing-index 1:28 email", "missing-index 2:52 email"],
    ),
    (
        "names that PostgreSQL knows by itself",
        "postgres",
        "CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE);",
        "SELECT ctid, xmin, tableoid FROM users WHERE id = $1;
SELECT users FROM users WHERE id = $1;
SELECT relname FROM pg_class WHERE oid = $1;
SELECT table_name FROM information_schema.tables WHERE table_name = $1;
SELECT n FROM generate_series(1, 10) AS n;
SELECT x.key FROM users u, jsonb_each('{}') AS x WHERE u.id = $1;
SELECT u.id, v.a FROM users u JOIN (VALUES (1, 2)) AS v (a, b) ON v.a = u.id WHERE u.id = $1;",
        &[],
    ),
    (
        "a statement that was not understood keeps both rules quiet",
        "postgres",
        "CREATE TABLE users (id bigserial PRIMARY KEY);
         CREATE TABLE orders (id bigserial PRIMARY KEY);
         ALTER TABLE users FROBNICATE COLUMN email;",
        "SELECT email FROM users WHERE id = $1;
SELECT emial FROM orders WHERE id = $1;",
        &["unknown-column 2:8 emial"],
    ),
];

#[test]
fn what_the_pages_cannot_show() {
    check(TABLE);
}

/// Analyses each tree and compares what is said of it.
pub fn check(table: &[Row]) {
    let mut failures = Vec::new();
    for (name, dialect, schema, queries, expect) in table {
        match report(dialect, schema, queries) {
            Ok(report) if told(&report) == *expect => {}
            Ok(report) => failures.push(format!(
                "{name}: {:#?}\n{}",
                told(&report),
                super::told(&report.findings.iter().collect::<Vec<_>>())
            )),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Analyses a schema and queries.
pub fn report(dialect: &str, schema: &str, queries: &str) -> Result<RunReport, String> {
    let files = [("schema.sql", schema), ("query.sql", queries)];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    super::analyse(&files, &format!("dialect = \"{dialect}\"\n"))
}

/// The findings that are not mere hints, a line each.
fn told(report: &RunReport) -> Vec<String> {
    let shown = report.findings.iter().filter(|finding| finding.confidence > planlint::finding::Confidence::Low);
    let told = shown.map(|finding| match finding.rule.as_str() {
        "duplicate-index" | "redundant-index" => {
            let dropped = report.advice.iter().find(|advice| finding.advice.contains(&advice.id));
            let names = dropped.map(|advice| (advice.name.clone(), advice.covered_by.clone().unwrap_or_default()));
            let (name, keeper) = names.unwrap_or_default();
            format!("{} {name} < {keeper}", finding.rule)
        }
        rule => format!("{rule} {}:{} {}", finding.location.line, finding.location.column, finding_columns(finding)),
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

fn finding_columns(finding: &planlint::outcome::FindingEntry) -> String {
    finding.columns.join(", ")
}
