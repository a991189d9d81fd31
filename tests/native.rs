//! DDL text in, catalogue out: what SQLite itself makes of an application's statements.

use planlint::catalog::{Backing, Catalog, Index, ReferentialAction, Table, replay};
use planlint::dialect::Dialect;
use planlint::query::Skip;
use planlint::schema::ddl;
use planlint::scratch::NativeStatement;
use planlint::scratch::sqlite::native::{Corrected, correct};
use planlint::source::{FileId, HostSpan};
use planlint::sql::split;

fn statements(sql: &str) -> Vec<NativeStatement<'_>> {
    let found = split::split(sql).statements;
    found
        .into_iter()
        .map(|statement| {
            let text = &sql[statement.bytes.start as usize..statement.bytes.end as usize];
            NativeStatement { sql: text, place: HostSpan::new(FileId(0), statement.bytes) }
        })
        .collect()
}

fn lower(sql: &str, place: HostSpan) -> Vec<planlint::catalog::SchemaStep> {
    ddl::steps(sql, place, Dialect::Sqlite).0
}

fn replayed(sql: &str) -> Catalog {
    let steps: Vec<_> = statements(sql).iter().flat_map(|statement| lower(statement.sql, statement.place)).collect();
    replay(Dialect::Sqlite, &steps).0
}

/// The corrected catalogue of a text and everything that was wrong with it.
fn check(sql: &str) -> String {
    let corrected = correct(&replayed(sql), &statements(sql), &lower);
    dump(&corrected.catalog) + &skips(&corrected.skips, sql)
}

/// What SQLite says of a text when another text was replayed.
fn check_against(replay: &str, sql: &str) -> String {
    let corrected = correct(&replayed(replay), &statements(sql), &lower);
    dump(&corrected.catalog) + &skips(&corrected.skips, sql)
}

fn skips(skips: &[Skip], sql: &str) -> String {
    let line = |skip: &Skip| {
        let place = sql.get(skip.place.start as usize..skip.place.end as usize).unwrap_or("?");
        format!("{}: {} @ {}\n", skip.reason, skip.detail, place.lines().next().unwrap_or_default())
    };
    skips.iter().map(line).collect()
}

fn dump(catalog: &Catalog) -> String {
    let mut text: String = catalog.tables.values().map(dump_table).collect();
    for view in catalog.views.values() {
        text.push_str(&format!("view {}: {}\n", view.name, view.query));
    }
    text
}

fn dump_table(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let mut text = format!("{} {}", column.name, column.ty.declared).trim_end().to_owned();
            text.push_str(if column.not_null { "!" } else { "" });
            text.extend(column.default.iter().map(|value| format!(" = {value}")));
            text.extend(column.generated.iter().map(|value| format!(" as {value}")));
            text.extend(column.collation.iter().map(|name| format!(" collate {name}")));
            text
        })
        .collect();
    let mut text = format!("{}({})", table.name, columns.join(", "));
    text.push_str(if table.without_rowid { " without rowid" } else { "" });
    text.push_str(if table.complete { "\n" } else { " incomplete\n" });
    text.extend(table.indexes.iter().map(dump_index));
    for check in &table.checks {
        text.push_str(&format!("  check {}\n", check.condition));
    }
    for key in &table.foreign_keys {
        let names =
            |names: &[planlint::name::Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let cascade = if key.on_delete == ReferentialAction::Cascade { " cascade" } else { "" };
        text.push_str(&format!("  ({}) -> {}({}){cascade}\n", names(&key.columns), key.to, names(&key.to_columns)));
    }
    text
}

fn dump_index(index: &Index) -> String {
    let keys: Vec<String> = index
        .def
        .keys
        .iter()
        .map(|key| {
            let collation = key.collation.as_ref().map_or(String::new(), |name| format!(" collate {name}"));
            format!("{}{collation}{}", key.expr, if key.desc { " desc" } else { "" })
        })
        .collect();
    let kind = match index.backs {
        Some(Backing::PrimaryKey) => "key",
        Some(_) => "constraint",
        None if index.def.unique => "unique",
        None => "index",
    };
    let name = index.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let predicate = index.def.predicate.as_ref().map_or(String::new(), |condition| format!(" where {condition}"));
    format!("  #{} {kind}{name} ({}){predicate}\n", index.id.0, keys.join(", "))
}

#[test]
fn tables_are_read_back_as_they_were_written() {
    let sql = "
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL COLLATE NOCASE UNIQUE, age INT DEFAULT 0 CHECK (age >= 0));
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    total NUMERIC(10, 2),
    cents INTEGER GENERATED ALWAYS AS (total * 100) VIRTUAL
);
CREATE INDEX orders_by_user ON orders (user_id, total DESC);
CREATE VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
INSERT INTO users (email) SELECT 'a';
";
    insta::assert_snapshot!(check(sql), @"
    orders(id integer!, user_id integer!, total numeric(10,2), cents integer as total * 100)
      #0 key (id)
      #1 index orders_by_user (user_id, total desc)
      (user_id) -> users(id) cascade
    users(id integer!, email text! collate NOCASE, age int = 0)
      #2 key (id)
      #3 constraint sqlite_autoindex_users_1 (email)
      check age >= 0
    view totals: SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id
    ");
}

#[test]
fn a_rebuilt_table_takes_the_place_of_the_old_one() {
    let sql = r#"
CREATE TABLE "posts" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(200) NOT NULL, "old" text);
CREATE TABLE "comments" ("id" integer NOT NULL PRIMARY KEY, "post_id" integer NOT NULL REFERENCES "posts" ("id"));
CREATE INDEX "posts_title" ON "posts" ("title");
PRAGMA foreign_keys=OFF;
BEGIN;
CREATE TABLE "new__posts" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(255) NOT NULL UNIQUE);
INSERT INTO "new__posts" ("id", "title") SELECT "id", "title" FROM "posts";
DROP TABLE "posts";
ALTER TABLE "new__posts" RENAME TO "posts";
CREATE INDEX "posts_title_again" ON "posts" ("title");
COMMIT;
"#;
    insta::assert_snapshot!(check(sql), @"
    comments(id integer!, post_id integer!)
      #0 key (id)
      (post_id) -> posts(id)
    posts(id integer!, title varchar(255)!)
      #1 key (id)
      #2 index posts_title_again (title)
      #3 constraint sqlite_autoindex_posts_1 (title)
    ");
}

#[test]
fn a_rebuild_goes_on_although_a_view_names_the_dropped_table() {
    let sql = "
CREATE TABLE t (a INTEGER, b TEXT);
CREATE VIEW v AS SELECT a FROM t;
CREATE TABLE t_new (a INTEGER, b TEXT, c TEXT);
DROP TABLE t;
ALTER TABLE t_new RENAME TO t;
";
    insta::assert_snapshot!(check(sql), @"
    t(a integer, b text, c text)
    view v: SELECT a FROM t
    ");
}

#[test]
fn renaming_a_column_rewrites_what_names_it() {
    let sql = "
CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT CHECK (state <> ''), at TEXT, UNIQUE (state, at));
CREATE TABLE u (t_state TEXT, t_at TEXT, FOREIGN KEY (t_state, t_at) REFERENCES t (state, at));
CREATE INDEX by_state ON t (lower(state), at DESC) WHERE state IS NOT NULL AND at > '2020';
CREATE VIEW v AS SELECT state FROM t;
ALTER TABLE t RENAME COLUMN state TO status;
";
    insta::assert_snapshot!(check(sql), @"
    t(id integer!, status text, at text)
      #0 key (id)
      #1 index by_state (lower(status), at desc) where (at > '2020') AND (status IS NOT NULL)
      #2 constraint sqlite_autoindex_t_1 (status, at)
      check status <> ''
    u(t_state text, t_at text)
      (t_state, t_at) -> t(status, at)
    view v: SELECT status FROM t
    ");
}

#[test]
fn columns_are_added_and_dropped() {
    let sql = "
CREATE TABLE t (a INTEGER NOT NULL, b TEXT, c TEXT);
CREATE INDEX by_a ON t (a);
ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT 0 CHECK (d < 10);
ALTER TABLE t ADD COLUMN e TEXT REFERENCES t(a);
ALTER TABLE t DROP COLUMN b;
";
    insta::assert_snapshot!(check(sql), @"
    t(a integer!, c text, d integer! = 0, e text)
      #0 index by_a (a)
      check d < 10
      (e) -> t(a)
    ");
}

#[test]
fn keys_of_every_kind_are_told_apart() {
    let sql = "
CREATE TABLE plain (a INT PRIMARY KEY, b INT);
CREATE TABLE rowid_key (a INTEGER PRIMARY KEY, b INT UNIQUE);
CREATE TABLE not_rowid_key (a INTEGER PRIMARY KEY DESC);
CREATE TABLE clustered (a TEXT, b INT, c INT UNIQUE, PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE TABLE several (a INT, b INT, c INT, UNIQUE (c, a), UNIQUE (b), PRIMARY KEY (a, b), UNIQUE (c, a));
CREATE TABLE keyless (a);
";
    insta::assert_snapshot!(check(sql), @"
    clustered(a text!, b int!, c int) without rowid
      #0 constraint sqlite_autoindex_clustered_1 (c)
      #1 key sqlite_autoindex_clustered_2 (b, a)
    keyless(a)
    not_rowid_key(a integer!)
      #2 key sqlite_autoindex_not_rowid_key_1 (a desc)
    plain(a int!, b int)
      #3 key sqlite_autoindex_plain_1 (a)
    rowid_key(a integer!, b int)
      #4 key (a)
      #5 constraint sqlite_autoindex_rowid_key_1 (b)
    several(a int!, b int!, c int)
      #6 constraint sqlite_autoindex_several_1 (c, a)
      #7 constraint sqlite_autoindex_several_2 (b)
      #8 key sqlite_autoindex_several_3 (a, b)
    schema-differs: sqlite has an index `sqlite_autoindex_not_rowid_key_1` on `not_rowid_key` as `UNIQUE (a DESC)`, read from the statements was `UNIQUE (a)` @ not_rowid_key
    ");
}

#[test]
fn indexes_keep_conditions_expressions_and_collations() {
    let sql = r#"
CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT, c INTEGER);
CREATE UNIQUE INDEX i1 ON t (lower(a), b COLLATE NOCASE DESC, a COLLATE BINARY) WHERE c = 1 AND b IS NOT NULL;
CREATE INDEX i2 ON t (a COLLATE NOCASE, json_extract(b, '$.x'));
CREATE INDEX i3 ON t (my_function(b)) WHERE my_other(c, 1);
CREATE INDEX IF NOT EXISTS i3 ON t (c);
CREATE INDEX i4 ON t (c, b);
DROP INDEX i4;
"#;
    insta::assert_snapshot!(check(sql), @"
    t(a text collate NOCASE, b text, c integer)
      #0 unique i1 (lower(a), b collate NOCASE desc, a collate BINARY) where (c = 1) AND (b IS NOT NULL)
      #1 index i2 (a collate NOCASE, json_extract(b, '$.x'))
      #2 index i3 (my_function(b)) where my_other(c, 1)
    ");
}

#[test]
fn a_migration_goes_on_after_a_statement_that_fails() {
    let sql = "
CREATE TABLE t (a INTEGER, b TEXT);
CREATE INDEX by_b ON t (b);
ALTER TABLE t ADD COLUMN c TEXT UNIQUE;
CREATE INDEX by_a ON t (a);
CREATE INDEX by_nothing ON t (missing);
CREATE INDEX late ON t (a NULLS LAST);
DROP TABLE missing;
";
    insta::assert_snapshot!(check(sql), @"
    t(a integer, b text, c text)
      #0 index by_a (a)
      #1 index by_b (b)
    native-refused: sqlite refuses the statement: Cannot add a UNIQUE column @ ALTER TABLE t ADD COLUMN c TEXT UNIQUE
    native-refused: sqlite refuses the statement: no such column: missing @ CREATE INDEX by_nothing ON t (missing)
    native-refused: sqlite refuses the statement: unsupported use of NULLS LAST @ CREATE INDEX late ON t (a NULLS LAST)
    native-refused: sqlite refuses the statement: no such table: missing @ DROP TABLE missing
    schema-differs: sqlite has no index `late` on `t` after the last statement @ t
    schema-differs: sqlite has no index `sqlite_autoindex_t_2` on `t` after the last statement @ t
    ");
}

#[test]
fn what_needs_the_application_stays_as_it_was_read() {
    let sql = "
CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT COLLATE natural_sort, name TEXT);
CREATE VIRTUAL TABLE docs_text USING fts5(body, content='docs');
CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN INSERT INTO docs_text(rowid, body) VALUES (new.id, new.body); END;
CREATE INDEX by_body ON docs (body);
CREATE INDEX by_name ON docs (name);
CREATE TABLE tags (name TEXT COLLATE natural_sort PRIMARY KEY, doc INTEGER);
CREATE INDEX tags_doc ON tags (doc);
ALTER TABLE tags RENAME TO labels;
ALTER TABLE docs RENAME COLUMN name TO title;
DROP TABLE docs_text;
CREATE TABLE sqlite_sequence(name,seq);
";
    insta::assert_snapshot!(check(sql), @"
    docs(id integer!, body text collate natural_sort, title text)
      #0 key (id)
      #1 index by_body (body)
      #2 index by_name (title)
    labels(name text! collate natural_sort, doc integer)
      #3 key sqlite_autoindex_labels_1 (name)
      #4 index tags_doc (doc)
    ");
}

#[test]
fn tables_of_queries_have_columns_and_no_rows() {
    let sql = "
CREATE TABLE t (a INTEGER, b VARCHAR(20));
CREATE TABLE copy AS SELECT *, a + 1 AS next FROM t;
CREATE INDEX copy_b ON copy (b);
CREATE TEMP TABLE scratch AS SELECT a FROM t;
DROP TABLE scratch;
CREATE TABLE endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;
CREATE TABLE broken AS SELECT missing FROM t;
";
    insta::assert_snapshot!(check(sql), @"
    broken(missing)
    copy(a integer, b varchar(20), next)
      #0 index copy_b (b)
    endless(x)
    t(a integer, b varchar(20))
    native-refused: sqlite refuses the statement: no such column: missing @ CREATE TABLE broken AS SELECT missing FROM t
    ");
}

#[test]
fn sqlite_wins_over_the_replay() {
    let replay = "
CREATE TABLE t (a INTEGER, b TEXT, extra TEXT);
CREATE INDEX i ON t (a);
CREATE INDEX gone ON t (b);
CREATE TABLE dropped (a);
CREATE TABLE untold (a);
CREATE VIEW v AS SELECT a FROM t;
";
    let sql = "
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
CREATE UNIQUE INDEX i ON t (b DESC, a);
CREATE INDEX more ON t (b) WHERE a > 0;
CREATE TABLE dropped (a);
DROP TABLE dropped;
CREATE TABLE new (x TEXT REFERENCES t);
CREATE VIEW w AS SELECT x FROM new;
";
    insta::assert_snapshot!(check_against(replay, sql), @"
    new(x text)
      (x) -> t()
    t(a integer!, b text)
      #0 key (a)
      #1 unique i (b desc, a)
      #2 index more (b) where a > 0
    untold(a)
    view v: SELECT a FROM t
    view w: SELECT x FROM new
    schema-differs: sqlite has no column `extra` in `t` after the last statement @ t
    schema-differs: sqlite has an index `i` on `t` as `UNIQUE (b DESC, a)`, read from the statements was `(a)` @ t
    schema-differs: sqlite has an index `more` on `t` that was not read from the statements @ t
    schema-differs: sqlite has a primary key on `t` that was not read from the statements @ t
    schema-differs: sqlite has no index `gone` on `t` after the last statement @ t
    schema-differs: sqlite has a table `new` that was not read from the statements @ CREATE TABLE new (x TEXT REFERENCES t)
    schema-differs: sqlite has a view `w` that was not read from the statements @ CREATE VIEW w AS SELECT x FROM new
    schema-differs: sqlite has no table `dropped` after the last statement @  WHERE
    ");
}

#[test]
fn double_quotes_may_be_strings() {
    let sql = r#"
CREATE TABLE t (state TEXT DEFAULT "new" CHECK (state IN ("new", "old")), a);
CREATE INDEX i ON t (a) WHERE state = "new";
"#;
    insta::assert_snapshot!(check(sql), @r#"
    t(state text = "new", a)
      #0 index i (a) where state = 'new'
      check state IN ('new', 'old')
    schema-differs: sqlite has an index `i` on `t` as `(a) WHERE state = 'new'`, read from the statements was `(a) WHERE new = state` @ t
    "#);
}

#[test]
fn the_old_way_to_rename_is_honoured() {
    let sql = "
CREATE TABLE parent (id INTEGER PRIMARY KEY);
CREATE TABLE child (parent_id REFERENCES parent (id));
PRAGMA legacy_alter_table = ON;
ALTER TABLE parent RENAME TO old_parent;
CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
DROP TABLE old_parent;
";
    insta::assert_snapshot!(check(sql), @"
    child(parent_id)
      (parent_id) -> parent(id)
    parent(id integer!, name text)
      #0 key (id)
    ");
}

#[test]
fn too_much_work_leaves_the_replay_as_it_is() {
    let mut sql: String = (0..1_000).map(|table| format!("CREATE TABLE t{table} (a INTEGER);\n")).collect();
    sql.push_str(&"ALTER TABLE missing RENAME TO other;\n".repeat(501));
    let catalog = replayed(&sql);
    let corrected = correct(&catalog, &statements(&sql), &lower);
    assert_eq!(corrected.catalog, catalog);
    insta::assert_snapshot!(skips(&corrected.skips, &sql), @"native-failed: the statements could not be applied in sqlite: too many ALTER statements for so large a schema @ CREATE TABLE t0 (a INTEGER)");
}

/// Whatever was replayed, SQLite's own reading comes out, and a second time changes nothing.
#[test]
fn an_empty_replay_leads_to_the_same_schema() {
    let sql = include_str!("../testdata/schemas/sqlite.sql");
    let statements = statements(sql);
    let (full, empty) = (replayed(sql), Catalog::new(Dialect::Sqlite));
    let corrected = correct(&full, &statements, &lower);
    let again = correct(&corrected.catalog, &statements, &lower);
    assert_eq!(dump(&again.catalog), dump(&corrected.catalog));
    let unaided = correct(&empty, &statements, &lower);
    let made = |corrected: &Corrected| {
        let refused: Vec<_> = corrected.skips.iter().filter(|skip| skip.reason == "native-refused").cloned().collect();
        skips(&refused, sql)
    };
    assert_eq!(made(&unaided), made(&corrected));
    insta::assert_snapshot!(skips(&corrected.skips, sql), @"");
    for (name, table) in &unaided.catalog.tables {
        assert_eq!(table.columns.len(), corrected.catalog.tables[name].columns.len(), "{name}");
    }
}

#[test]
fn nothing_leaves_the_database_and_nothing_hangs() {
    let folder = tempfile::tempdir().expect("a folder for what must not be written");
    let file = folder.path().join("written.db");
    let path = file.display();
    let started = std::time::Instant::now();
    let hostile = [
        format!("ATTACH DATABASE '{path}' AS other"),
        format!("VACUUM INTO '{path}'"),
        format!("CREATE TABLE a1(x); ATTACH '{path}' AS other; CREATE TABLE other.b(x)"),
        "PRAGMA writable_schema = ON".to_owned(),
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE t(evil)' WHERE name = 't'".to_owned(),
        "DELETE FROM sqlite_schema".to_owned(),
        "CREATE TABLE a2 AS SELECT load_extension('/tmp/evil.so')".to_owned(),
        "CREATE TABLE a3(x DEFAULT (load_extension('/tmp/evil.so')))".to_owned(),
        "CREATE TABLE a4(x CHECK (load_extension('/tmp/evil.so')))".to_owned(),
        "CREATE INDEX i ON t(load_extension('/tmp/evil.so'))".to_owned(),
        format!("CREATE VIRTUAL TABLE a5 USING dbstat('{path}')"),
        "CREATE VIRTUAL TABLE a6 USING fts3_tokenizer".to_owned(),
        "CREATE TABLE a7 AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n".to_owned(),
        "CREATE TABLE a8 AS SELECT randomblob(1000000000) FROM json_each('[1,2,3]'), json_each('[1,2,3]')".to_owned(),
        "CREATE TABLE a9 AS SELECT * FROM pragma_database_list".to_owned(),
        "CREATE TRIGGER loops AFTER INSERT ON t BEGIN INSERT INTO t SELECT new.a + 1; END".to_owned(),
        "INSERT INTO t VALUES (1)".to_owned(),
        "CREATE VIEW v AS SELECT * FROM v".to_owned(),
        "CREATE TABLE b AS SELECT * FROM v".to_owned(),
        "ALTER TABLE t ADD COLUMN y DEFAULT (SELECT count(*) FROM t)".to_owned(),
        format!("CREATE TABLE wide ({})", "x,".repeat(40_000)),
        format!("CREATE TABLE deep (x CHECK ({}1{}))", "(".repeat(20_000), ")".repeat(20_000)),
        "CREATE TABLE nul (a\0b)".to_owned(),
        "CREATE".to_owned(),
    ];
    let place = HostSpan::new(FileId(0), 0..1);
    let mut all = vec![NativeStatement { sql: "CREATE TABLE t (a INTEGER)", place }];
    all.extend(hostile.iter().map(|sql| NativeStatement { sql, place }));
    all.push(NativeStatement { sql: "ALTER TABLE t RENAME COLUMN a TO z", place });
    let corrected = correct(&replayed("CREATE TABLE t (a INTEGER)"), &all, &lower);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder is there").count(), 0);
    insta::assert_snapshot!(dump(&corrected.catalog) + &skips(&corrected.skips, ""), @r#"
    a7(x)
    a8(randomblob(1000000000))
    a9(seq, name, file)
    t(a integer)
    view v: SELECT * FROM v
    native-refused: sqlite refuses the statement: not authorized @ ?
    native-refused: sqlite refuses the statement: not authorized to use function: load_extension @ ?
    native-refused: sqlite refuses the statement: not authorized to use function: load_extension @ ?
    native-refused: sqlite refuses the statement: not authorized to use function: load_extension @ ?
    native-refused: sqlite refuses the statement: not authorized to use function: load_extension @ ?
    native-refused: sqlite refuses the statement: view v is circularly defined @ ?
    native-refused: sqlite refuses the statement: near "SELECT": syntax error @ ?
    native-refused: sqlite refuses the statement: Recursion limit @ ?
    native-refused: sqlite refuses the statement: incomplete input @ ?
    native-refused: sqlite refuses the statement: error in view v: view v is circularly defined @ ?
    schema-differs: sqlite has a table `a7` that was not read from the statements @ ?
    schema-differs: sqlite has a table `a8` that was not read from the statements @ ?
    schema-differs: sqlite has a table `a9` that was not read from the statements @ ?
    schema-differs: sqlite has a view `v` that was not read from the statements @ ?
    "#);
}
