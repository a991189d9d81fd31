//! Malicious input: statements that would reach out of the scratch database or keep it busy, names that would break out
//! of the statements we print, text that a terminal would obey.

use std::fs;

use super::{COMMANDS, POSTGRES, SQLITE, ends, project, through};

/// Runs a schema in a folder and sees that nothing is there afterwards that was not there before.
fn leaves_nothing(name: &str, schema: &str, queries: &str) {
    let folder = project(&[("schema.sql", schema.as_bytes()), ("q.sql", queries.as_bytes())]);
    for args in COMMANDS {
        ends(name, folder.path(), args);
    }
    ends(name, folder.path(), &["check", "-v", "--dialect", "sqlite"]);
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "{name} left {left:?}");
}

#[test]
fn no_statement_reaches_out_of_the_scratch_database() {
    let statements = [
        "ATTACH 'pwned.db' AS x; CREATE TABLE x.y (a);",
        "VACUUM INTO 'pwned.db'; VACUUM main INTO 'pwned.db';",
        "SELECT load_extension('pwned.so'); CREATE VIEW v AS SELECT load_extension('pwned.so'); CREATE INDEX i ON t (load_extension(b));",
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'x'; INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5);",
        "PRAGMA journal_mode = DELETE; PRAGMA temp_store_directory = '.'; PRAGMA data_store_directory = '.';",
        "CREATE TABLE z AS SELECT * FROM pragma_database_list; CREATE VIEW w AS SELECT * FROM sqlite_dbpage, dbstat;",
        "CREATE TABLE z AS SELECT writefile('pwned', 'x'), readfile('/etc/passwd'), edit('x');",
        "CREATE TEMP TABLE z (a); CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('x'); END;",
        "DROP TABLE sqlite_schema; ALTER TABLE sqlite_schema RENAME TO x; CREATE INDEX i ON sqlite_schema (name); CREATE TABLE sqlite_stat1 (a);",
        "CREATE TRIGGER g AFTER INSERT ON sqlite_schema BEGIN SELECT 1; END; CREATE TABLE main.sqlite_sequence (a);",
    ];
    for statement in statements {
        leaves_nothing(statement, &[SQLITE, statement].concat(), statement);
    }
}

#[test]
fn virtual_tables_are_not_made() {
    for module in
        ["fts5(a, b)", "fts3(a)", "rtree(i, a, b)", "csv(filename = '/etc/passwd')", "dbstat", "fts5vocab('f', 'row')"]
    {
        for create in ["CREATE VIRTUAL TABLE", "CREATE VIRTUAL/**/TABLE", "CREATE -- x\n VIRTUAL\nTABLE IF NOT EXISTS"]
        {
            let schema = format!("{SQLITE}{create} f USING {module};");
            leaves_nothing(&schema, &schema, "SELECT * FROM f WHERE f MATCH 'x' OR a = 1;");
        }
    }
}

#[test]
fn no_statement_keeps_the_scratch_database_busy() {
    let endless = "WITH RECURSIVE r (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r";
    let slow = "instr(hex(zeroblob(60000)), hex(zeroblob(30000)) || '1')";
    let like = format!("('{}' LIKE '{}b')", "a".repeat(20_000), "%a".repeat(40));
    let doubling = |at: usize| {
        let below = if at == 0 { "t".to_owned() } else { format!("v{}", at - 1) };
        format!("CREATE VIEW v{at} AS SELECT x.* FROM {below} x, {below} y;")
    };
    let doubling: String = (0..40).map(doubling).collect();
    let statements = [
        format!("CREATE VIEW v AS {endless}; CREATE TABLE z AS {endless}; CREATE TABLE y (x CHECK (({endless}) > 1), z DEFAULT (({endless})));"),
        format!("CREATE TABLE y (x, z AS (({endless})) STORED); CREATE INDEX i ON t (a) WHERE ({endless}) > 1; SELECT ({endless}) FROM t;"),
        "PRAGMA recursive_triggers = 1; CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t (a) SELECT a FROM t; END; INSERT INTO t (a) VALUES (1);".to_owned(),
        (0..200).map(|at| format!("CREATE TRIGGER g{at} AFTER INSERT ON t BEGIN {} END;\n", "INSERT INTO t (a) SELECT a FROM t;".repeat(50))).collect(),
        format!("CREATE INDEX i ON t (b) WHERE {};", [slow; 100].map(|call| format!("{call} = a")).join(" OR ")),
        format!("CREATE TABLE y (x CHECK ({slow} = 1)); ALTER TABLE y ADD COLUMN z TEXT NOT NULL DEFAULT 'x' CHECK (z <> 'q' AND {slow} = 2); SELECT a FROM t WHERE a = {slow} LIMIT {slow};"),
        format!("CREATE INDEX i ON t (b) WHERE {like}; CREATE INDEX j ON t ({like}); SELECT a FROM t WHERE {like} AND b {};", &like[..0].len()),
        "CREATE INDEX i ON t (zeroblob(2000000000)); CREATE TABLE y (a DEFAULT (randomblob(1000000000)), b AS (printf('%1000000000d', 1)));".to_owned(),
        format!("{doubling} {}", (0..30).map(|at| format!("CREATE TABLE z{at} AS SELECT * FROM v39;")).collect::<String>()),
        format!("SELECT a FROM t WHERE b LIKE '{}' AND b GLOB '{}'", "%a".repeat(40_000), "*a".repeat(40_000)),
    ];
    for statement in statements {
        let name: String = statement.chars().take(80).collect();
        leaves_nothing(&name, &[SQLITE, &statement].concat(), &statement);
    }
}

#[test]
fn no_name_breaks_out_of_what_is_printed_for_the_engine() {
    let names = [
        r#""a""; DROP TABLE t; ATTACH 'pwned.db' AS p; --""#,
        "[b]",
        "[c; DROP TABLE t; ATTACH 'pwned.db' AS p; --]",
        "`d``; ATTACH 'pwned.db' AS p; --`",
        r#""e' || ''; ATTACH 'pwned.db' AS p; --""#,
        r#""f]""#,
        r#""""#,
        r#"" ""#,
        r#""t0""#,
        r#""sqlite_x""#,
        r#""\""#,
        "\"\u{1}\"",
        "\"\u{202e}\"",
        "\"é\"",
        "\"select\"",
    ];
    for name in names {
        for (id, dialect) in [("INTEGER PRIMARY KEY AUTOINCREMENT", "sqlite"), ("BIGSERIAL PRIMARY KEY", "postgres")] {
            let schema = format!(
                "CREATE TABLE {name} (id {id}, {name} INTEGER, z INTEGER);\nCREATE INDEX ix ON {name} ({name}, z);\n"
            );
            let query =
                format!("SELECT x.{name} AS {name} FROM {name} AS x WHERE x.z = 1 AND x.{name} = 2 ORDER BY {name};");
            leaves_nothing(&format!("{name}, {dialect}"), &schema, &query);
        }
    }
    let types = "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a int left, b \"x); DROP TABLE t; --\", c varchar(1); d numeric(1,2) order);";
    leaves_nothing(
        "types",
        &[SQLITE, types].concat(),
        "SELECT CAST(a AS left), CAST(b AS \"y); ATTACH 'pwned.db' AS p; --\") FROM u WHERE a = 1;",
    );
}

#[test]
fn one_query_is_one_statement() {
    let queries = [
        "EXPLAIN QUERY PLAN SELECT a FROM t WHERE b = 'x'; EXPLAIN EXPLAIN SELECT 1; EXPLAIN (ANALYZE) DELETE FROM t;",
        r"SELECT a FROM t WHERE b = E'x\'; ATTACH \'pwned.db\' AS p; --';",
        "SELECT a FROM t WHERE b = 'x; ATTACH ''pwned.db'' AS p' /* ; */;",
        "SELECT a FROM t WHERE b = $$x'; ATTACH 'pwned.db' AS p; --$$;",
        "SELECT a FROM t WHERE b = U&'\\0027; ATTACH pwned.db' AND b = N'x''; --' AND c = x'27';",
        "SELECT a AS \"x\"\"; ATTACH 'pwned.db' AS p; --\" FROM t ORDER BY \"x\"\"; ATTACH 'pwned.db' AS p; --\";",
        "SELECT \"a'; ATTACH 'pwned.db' AS p; --\"('x'), [f; ATTACH x](1) FROM t WHERE a::\"x); ATTACH 'pwned.db' AS p; --\" = 1;",
    ];
    for query in queries {
        for schema in [SQLITE, POSTGRES] {
            leaves_nothing(query, schema, query);
        }
    }
}

#[test]
fn nothing_in_a_report_is_obeyed_by_a_terminal() {
    let evil = "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\u{200b}\r";
    let schema = format!(
        "CREATE TABLE \"t{evil}\" (id INTEGER PRIMARY KEY AUTOINCREMENT, \"c{evil}\" TEXT);\nCREATE TABLE u (id int, {evil} ??);"
    );
    let query = format!(
        "-- name: x{evil}\nSELECT id FROM \"t{evil}\" WHERE \"c{evil}\" = '{evil}'; SELECT nope{evil} FROM nowhere{evil} WHERE {evil};"
    );
    let path = format!("q{}.sql", evil.replace('\r', "\n"));
    let folder = project(&[("schema.sql", schema.as_bytes()), (&path, query.as_bytes()), ("b\u{1b}[31m.sql", b"\0")]);
    for command in ["check", "queries", "schema", "advise"] {
        let ran = ends("terminal escapes", folder.path(), &[command, "-v"]);
        is_neutral(&ran.out);
        is_neutral(&ran.err);
    }
}

#[test]
fn nothing_in_an_error_is_obeyed_by_a_terminal() {
    let evil = "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\u{200b}";
    let keys = format!("select = [\"{evil}\"] # {evil}\n");
    let schema = format!("schema = [\"{evil}.sql\"]\n");
    let table = format!("[tables.\"{}\"]\nrows = 3\n", evil.replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007"));
    for config in [keys, schema, table] {
        let folder = project(&[
            ("schema.sql", SQLITE.as_bytes()),
            ("q.sql", b"SELECT 1 FROM t;"),
            ("planlint.toml", config.as_bytes()),
        ]);
        is_neutral(&ends("a configuration", folder.path(), &["check", "--color", "never"]).err);
    }
    let folder = project(&[("schema.sql", SQLITE.as_bytes()), ("q.sql", b"SELECT 1 FROM t;")]);
    let config = format!("select = ['{evil}']");
    for args in [
        &["check", evil][..],
        &["check", "--config", evil],
        &["check", "--config", &config],
        &["check", "--select", evil],
        &["check", "--output", evil],
        &["check", "--output", &format!("json=no/{evil}")],
        &["check", &format!("--{evil}")],
        &["check", "--dialect", evil],
        &["check", "--stdin-filename", evil],
        &["explain", evil],
        &["rule", evil],
        &["completions", evil],
        &[evil],
    ] {
        let ran = ends("arguments", folder.path(), args);
        assert_eq!(ran.status, Some(2), "{args:?}");
        is_neutral(&ran.err);
    }
}

fn is_neutral(text: &str) {
    let obeyed = |letter: &char| (letter.is_control() && *letter != '\n') || "\u{202e}\u{200b}".contains(*letter);
    assert_eq!(text.chars().find(obeyed), None, "{text:?}");
}

#[test]
fn what_is_refused_is_said() {
    let report = through("load_extension", SQLITE, "SELECT load_extension('x') FROM t WHERE b = 'y'");
    assert_eq!(report["skips"][0]["detail"], "not authorized to use function: load_extension");
}

/// What the fuzzer of the translation found.
#[test]
fn the_engine_refuses_nothing_for_its_grammar() {
    let types = "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a int left, b text order, c varchar(max), d timestamp(6) zone);\n";
    let queries = "SELECT x FROM u x; SELECT * FRO; SELECT * AS y WHERE a = 1; SELECT id, 1rank() OVER (ORDER BY a) r FROM t;
        INSERT INTO t (a) VALUES ($&1) RETURNING id; SELECT * FROM t WHERE MATCH(b) AGAINST ('x'); SELECT CAST(a AS left) FROM t;
        SELECT a FROM t GROUP BY GROUPING SETS ((a), ()); SELECT {'a': 1} FROM t; SELECT a MEMBER OF (b) FROM t;";
    for schema in [SQLITE, POSTGRES] {
        let report = through("grammar", &[schema, types].concat(), queries);
        for skip in report["skips"].as_array().expect("skips") {
            let detail = skip["detail"].as_str().unwrap_or_default();
            let ours = skip["stage"] == "plan"
                && ["syntax error", "unrecognized token"].iter().any(|known| detail.contains(known));
            assert!(!ours, "{skip}");
        }
    }
}
