//! Long chains, deep nesting, wide and many tables, and texts in which every part could be looked for in all the rest.

use super::{POSTGRES, SQLITE, ends, project, skips, through};

/// Checks that a query is found, and skipped for no other reason than the given ones.
fn check(name: &str, schema: &str, query: &str, expect: &[&str]) {
    let report = through(name, schema, query);
    assert_eq!(report["coverage"]["queries"]["found"], 1, "{name}");
    let found = skips(&report);
    assert!(found.iter().all(|reason| expect.contains(reason)), "{name}: {found:?}");
    // The engine may refuse what we can read; what we cannot read must be said.
    assert!(!expect.contains(&"too-deep") || !found.is_empty(), "{name}");
}

fn list(length: usize, item: impl Fn(usize) -> String, separator: &str) -> String {
    (0..length).map(item).collect::<Vec<_>>().join(separator)
}

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    [open.repeat(depth), inner.to_owned(), close.repeat(depth)].concat()
}

const TOO_DEEP: &[&str] = &["too-deep"];

/// Read by us, and too much for the engine.
const REFUSED: &[&str] = &["refused"];

#[test]
fn long_lists_are_read() {
    let numbers = list(10_000, |at| at.to_string(), ", ");
    check("10,000 numbers in IN", SQLITE, &format!("SELECT id FROM t WHERE a IN ({numbers})"), REFUSED);
    check("10,000 in an array", POSTGRES, &format!("SELECT id FROM t WHERE a = ANY (ARRAY[{numbers}])"), TOO_DEEP);
    let parameters = list(10_000, |at| format!("${}", at + 1), ", ");
    check("10,000 parameters in IN", POSTGRES, &format!("SELECT id FROM t WHERE a IN ({parameters})"), REFUSED);
    let rows = list(10_000, |at| format!("({at}, 'x')"), ", ");
    check("10,000 rows in IN", POSTGRES, &format!("SELECT id FROM t WHERE (a, b) IN ({rows})"), REFUSED);
    check(
        "10,000 rows of VALUES",
        POSTGRES,
        &format!("SELECT * FROM (VALUES {rows}) v (x, y) JOIN t ON a = x"),
        REFUSED,
    );
    let outputs = list(5_000, |at| format!("a AS a{at}"), ", ");
    check("5,000 outputs", POSTGRES, &format!("SELECT {outputs} FROM t WHERE id = 1"), REFUSED);
}

#[test]
fn long_chains_end_in_an_answer() {
    for (schema, dialect) in [(SQLITE, "sqlite"), (POSTGRES, "postgres")] {
        let or = |length| format!("SELECT id FROM t WHERE {}", list(length, |at| format!("a = {at}"), " OR "));
        check(&format!("4,000 ORs, {dialect}"), schema, &or(4_000), REFUSED);
        check(&format!("100,000 ORs, {dialect}"), schema, &or(100_000), TOO_DEEP);
        let concat = |length| format!("SELECT {} FROM t WHERE id = 1", list(length, |_| "b".to_owned(), " || "));
        check(&format!("100,000 times ||, {dialect}"), schema, &concat(100_000), TOO_DEEP);
    }
    let and = |length| format!("SELECT id FROM t WHERE {}", list(length, |at| format!("a <> {at}"), " AND "));
    check("4,000 ANDs", POSTGRES, &and(4_000), REFUSED);
    check("100,000 ANDs", POSTGRES, &and(100_000), TOO_DEEP);
    let union = |length| list(length, |at| format!("SELECT id FROM t WHERE id = {at}"), " UNION ALL ");
    check("400 arms of UNION", POSTGRES, &union(400), REFUSED);
    check("100,000 arms of UNION", POSTGRES, &union(100_000), TOO_DEEP);
    let joins = list(2_000, |at| format!("NATURAL JOIN t t{at}"), " ");
    check("2,000 joins", POSTGRES, &format!("SELECT * FROM t {joins}"), TOO_DEEP);
    let chain = |operator: &str| format!("SELECT id FROM t WHERE a{}", format!(" {operator} a").repeat(3_000));
    check("3,000 times BETWEEN", POSTGRES, &chain("BETWEEN 1 AND"), REFUSED);
    check("3,000 equalities in a row", POSTGRES, &chain("="), REFUSED);
}

#[test]
fn deep_nesting_ends_in_an_answer() {
    let value = |text: String| format!("SELECT id FROM t WHERE a = {text}");
    for depth in [50, 5_000, 100_000] {
        let expect = if depth > 50 { TOO_DEEP } else { REFUSED };
        let check = |name: &str, text: String| check(&format!("{name}, {depth} deep"), POSTGRES, &text, expect);
        check("parentheses", value(nested(depth / 2, "(", "1", ")")));
        check("calls", value(nested(depth / 2, "abs(", "1", ")")));
        check("CASE", value(nested(depth / 4, "CASE WHEN a = 1 THEN ", "1", " END")));
        check("NOT", format!("SELECT id FROM t WHERE {}a = 1", "NOT ".repeat(depth / 2)));
        check(
            "subqueries",
            format!("SELECT id FROM t WHERE a IN {}", nested(depth / 4, "(SELECT a FROM t WHERE a IN ", "(1)", ")")),
        );
        check("derived tables", nested(depth / 4, "SELECT * FROM (", "SELECT * FROM t", ") x"));
    }
    check("10,000 casts", POSTGRES, &value(format!("$1{}", "::int".repeat(10_000))), TOO_DEEP);
    check("10,000 CASTs", SQLITE, &value(nested(10_000, "CAST(", "1", " AS INTEGER)")), TOO_DEEP);
    check("5,000 casts", POSTGRES, &value(format!("$1{}", "::int".repeat(5_000))), REFUSED);
    check("100,000 brackets that never close", POSTGRES, &value("[".repeat(100_000)), TOO_DEEP);
}

#[test]
fn wide_and_many_tables_are_read() {
    for (id, dialect) in [("INTEGER PRIMARY KEY AUTOINCREMENT", "sqlite"), ("bigserial PRIMARY KEY", "postgres")] {
        let columns = list(1_999, |at| format!("c{at} text"), ", ");
        let wide = format!("CREATE TABLE w (id {id}, {columns});");
        let report = through(&format!("2,000 columns, {dialect}"), &wide, "SELECT c7 FROM w WHERE c1998 = 'x'");
        assert_eq!(report["queries"][0]["variants"][0]["patterns"][0]["predicates"][0]["column"], "c1998", "{dialect}");
        let table =
            |at: usize| format!("CREATE TABLE t{at} (id {id}, a integer REFERENCES t{} (id));\n", at.saturating_sub(1));
        let report =
            through(&format!("5,000 tables, {dialect}"), &list(5_000, table, ""), "SELECT id FROM t4999 WHERE a = 1");
        assert_eq!(report["run"]["databases"][0]["tables"], 5_000, "{dialect}");
    }
    let odd = list(2_000, |at| format!("c{at} ?? int"), ", ");
    let report = through(
        "2,000 columns nobody can read",
        &format!("{POSTGRES}CREATE TABLE w (id int, {odd});"),
        "SELECT id FROM t",
    );
    assert_eq!(report["run"]["databases"][0]["tables"], 2);
    let keys = "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (id);\nCREATE INDEX ON t (a);\n".repeat(1_000);
    through(
        "1,000 constraints and indexes without a name",
        &[POSTGRES, &keys].concat(),
        "SELECT id FROM t WHERE a = 1",
    );
}

#[test]
fn names_that_lead_to_each_other_end_somewhere() {
    let view = |at: usize| {
        format!(
            "CREATE VIEW v{at} AS SELECT * FROM {};\n",
            if at == 0 { "t".to_owned() } else { format!("v{}", at - 1) }
        )
    };
    let doubling = |at: usize| {
        let below = if at == 0 { "t".to_owned() } else { format!("v{}", at - 1) };
        format!("CREATE VIEW v{at} AS SELECT x.* FROM {below} x, {below} y;\n")
    };
    for schema in [SQLITE, POSTGRES] {
        through(
            "3,000 views on views",
            &(schema.to_owned() + &list(3_000, view, "")),
            "SELECT * FROM v2999 WHERE a = 1",
        );
        through("views that double", &(schema.to_owned() + &list(200, doubling, "")), "SELECT * FROM v199 WHERE a = 1");
        let cycle = "CREATE VIEW v1 AS SELECT * FROM v2; CREATE VIEW v2 AS SELECT * FROM v1; CREATE VIEW v3 AS SELECT * FROM v3;";
        through(
            "cyclic views",
            &(schema.to_owned() + cycle),
            "SELECT * FROM v1; SELECT * FROM v2 JOIN v3 ON true WHERE a = 1",
        );
        let cte = |at: usize| {
            format!("c{at} AS (SELECT * FROM {})", if at == 0 { "t".to_owned() } else { format!("c{}", at - 1) })
        };
        through("1,000 CTEs", schema, &format!("WITH {} SELECT * FROM c999 WHERE a = 1", list(1_000, cte, ", ")));
        let stars = |at: usize| {
            let below = if at == 0 { "t".to_owned() } else { format!("c{}", at - 1) };
            format!("c{at} AS (SELECT * FROM {below} x, {below} y UNION SELECT * FROM {below} x, {below} y)")
        };
        through("CTEs that double", schema, &format!("WITH {} SELECT * FROM c59 WHERE a = 1", list(60, stars, ", ")));
        through(
            "every name twice",
            &(schema.repeat(200) + &"CREATE INDEX i ON t (a);".repeat(200)),
            "SELECT id FROM t WHERE a = 1",
        );
    }
    let circles =
        "CREATE TABLE p (id int, a int) PARTITION BY RANGE (a); CREATE TABLE q (id int, a int) PARTITION BY RANGE (a);
        ALTER TABLE p ATTACH PARTITION q DEFAULT; ALTER TABLE q ATTACH PARTITION p DEFAULT;
        CREATE TABLE r () INHERITS (r); CREATE TABLE s (LIKE s); CREATE DOMAIN d AS e; CREATE DOMAIN e AS d;
        CREATE TABLE x (id serial, y int REFERENCES y, d d); CREATE TABLE y (id serial, x int REFERENCES x);";
    let report = through("circles of tables and types", &[POSTGRES, circles].concat(), "SELECT * FROM p WHERE a = 1");
    assert!(skips(&report).contains(&"circular-inheritance"), "{:?}", skips(&report));
}

#[test]
fn no_text_is_gone_over_once_for_each_of_its_parts() {
    let long = |part: &str| part.repeat((1 << 18) / part.len());
    for part in [
        "/* /* */ ",
        " [a",
        "COPY t FROM stdin;\n",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN\n",
        "SELECT 'a \n",
        "SELECT 1 /* \n",
        "{{ ",
        "${ ",
        "{% ",
        "%( ",
        "sqlc.",
        "t.a, ",
        "$a",
        " $a ",
        "? ",
        ":a ",
        "@a ",
        "(",
        ")",
        "[",
        "-- x\n",
        "/**/",
        "-- name: q\n",
        ";",
        "\\",
        "\n",
        " ",
        "'\\'",
        "E'\\''",
        "\"",
        "`",
        "EXPLAIN () ",
        "GO\n",
        "DELIMITER //\n",
        "é",
        "'é' ",
        "/*!50001 x */;",
        "-- planlint: ignore[missing-index] -- x\n",
        "SELECT 1;\n",
        "bla bla;\n",
        "SELECT FROM WHERE (;\n",
    ] {
        let behind = format!("SELECT * FROM t WHERE a = {}", long(part));
        let (alone, schema) = (long(part), POSTGRES.as_bytes());
        let files = [("schema.sql", schema), ("alone.sql", alone.as_bytes()), ("behind.sql", behind.as_bytes())];
        ends(&format!("256 KiB of {part:?}"), project(&files).path(), &["check", "-v"]);
    }
}

#[test]
fn long_names_and_lines_are_read() {
    let name = "n".repeat(1 << 20);
    for schema in [SQLITE, POSTGRES] {
        let schema =
            schema.replace("a INTEGER", &format!("{name} INTEGER")).replace("a integer", &format!("{name} integer"));
        through("a column's name of 1 MiB", &schema, &format!("SELECT id FROM t WHERE {name} = 1"));
        through(
            "a table's name of 1 MiB",
            &schema.replace("TABLE t", &format!("TABLE {name}")),
            &format!("SELECT id FROM {name} WHERE b = 1"),
        );
    }
    let line = "SELECT id FROM t WHERE c = 'é'; ".repeat(3_000);
    let report = through("100 kB on one line", SQLITE, &line);
    assert_eq!(report["coverage"]["queries"]["resolved"], 3_000);
    let numbers = "SELECT a FROM t WHERE b = $4294967296 AND c = $65536 AND a = ?99999 LIMIT 99999999999999999999 OFFSET -1;
        SELECT a FROM t WHERE a = 1e999999 AND b > '9999999-99-99' ORDER BY c LIMIT 9223372036854775807 OFFSET 9223372036854775807;
        SELECT a FROM t WHERE a = 0x7fffffffffffffffffff AND b < date('now', '+99999999999999999 years') LIMIT -5";
    for schema in [SQLITE, POSTGRES] {
        let report = through("numbers that are too large", schema, numbers);
        assert_eq!(report["coverage"]["queries"]["found"], 3);
    }
    let rows = "[tables.t]\nrows = 1e308\n\n[tables.t.columns.a]\ndistinct = 1e308\n";
    super::through_files(
        "1e308 rows",
        &[
            ("schema.sql", SQLITE.as_bytes()),
            ("q.sql", b"SELECT a FROM t WHERE b = 'x' ORDER BY c"),
            ("planlint.toml", rows.as_bytes()),
        ],
    );
}
