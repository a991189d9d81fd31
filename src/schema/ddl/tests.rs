//! Text in, catalogue out: every statement is lowered, replayed and printed again.

use crate::catalog::{Catalog, Check, Index, Table, TableKind, replay};
use crate::dialect::Dialect;
use crate::name::Ident;
use crate::query::Skip;
use crate::source::{FileId, HostSpan};
use crate::sql::print;
use crate::sql::split;

/// The catalogue of a text, and what could not be read or applied.
fn build(sql: &str, dialect: Dialect) -> (Catalog, Vec<Skip>) {
    let mut steps = Vec::new();
    let mut skips = Vec::new();
    for statement in split::split(sql).statements {
        let place = HostSpan::new(FileId(0), statement.bytes.clone());
        let text = &sql[statement.bytes.start as usize..statement.bytes.end as usize];
        let (some, skipped) = super::steps(text, place, dialect);
        steps.extend(some);
        skips.extend(skipped);
    }
    let (catalog, skipped) = replay(dialect, &steps);
    skips.extend(skipped);
    (catalog, skips)
}

/// The same catalogue without places.
fn unplaced(mut catalog: Catalog) -> Catalog {
    let nowhere = HostSpan::new(FileId(0), 0..0);
    for table in catalog.tables.values_mut() {
        table.place = nowhere;
        table.columns.iter_mut().for_each(|column| column.place = nowhere);
        table.indexes.iter_mut().for_each(|index| index.place = nowhere);
        table.foreign_keys.iter_mut().for_each(|foreign| foreign.place = nowhere);
        table.checks.sort_by(|a: &Check, b| a.name.cmp(&b.name));
    }
    catalog.views.values_mut().for_each(|view| view.place = nowhere);
    catalog
}

fn check(sql: &str, dialect: Dialect) -> String {
    let (catalog, skips) = build(sql, dialect);
    let mut printed = print::catalog(&catalog);
    let (again, _) = build(&printed, dialect);
    let printable = |table: &Table| table.kind == TableKind::Plain && table.complete;
    if catalog.tables.values().all(printable) {
        assert_eq!(unplaced(again), unplaced(catalog), "what is printed replays to something else:\n{printed}");
    }
    for skip in skips {
        let place = &sql[skip.place.start as usize..(skip.place.end as usize).min(sql.len())];
        printed.push_str(&format!("-- skip {}: {} @ `{place}`\n", skip.reason, skip.detail));
    }
    printed
}

#[test]
fn postgres_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/postgres.sql"), Dialect::Postgres));
}

#[test]
fn mysql_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/mysql.sql"), Dialect::Mysql));
}

#[test]
fn sqlite_statements() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/sqlite.sql"), Dialect::Sqlite));
}

#[test]
fn what_is_printed_names_nothing_before_it_is_there() {
    let text = include_str!("../../../testdata/schemas/ahead.sql");
    let printed = check(text, Dialect::Postgres);
    insta::assert_snapshot!(printed);
    // A materialised view has become a table.
    let plain: String = printed.split_inclusive('\n').filter(|line| !line.starts_with("--")).collect();
    let (again, _) = build(&printed, Dialect::Postgres);
    assert_eq!(print::catalog(&again), plain, "the order is the schema's, not that of its statements");
}

#[test]
fn pg_dump_output() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/pg_dump.sql"), Dialect::Postgres));
}

#[test]
fn mysqldump_output() {
    insta::assert_snapshot!(check(include_str!("../../../testdata/schemas/mysqldump.sql"), Dialect::Mysql));
}

#[test]
fn inheritance_cannot_be_circular() {
    let sql = "CREATE TABLE a (x int PRIMARY KEY) PARTITION BY LIST (x);
        CREATE TABLE b PARTITION OF a DEFAULT PARTITION BY LIST (x); CREATE TABLE c PARTITION OF b DEFAULT;
        ALTER TABLE c ATTACH PARTITION a DEFAULT; ALTER TABLE a INHERIT a;";
    let (catalog, _) = build(sql, Dialect::Postgres);
    let parents: Vec<_> = catalog.tables.values().map(|table| table.parent.as_ref().map(ToString::to_string)).collect();
    assert_eq!(parents, [None, Some("a".to_owned()), Some("b".to_owned())]);
}

#[test]
fn statements_without_effect_are_no_skips() {
    let table = "CREATE TABLE t (a int, b int);";
    for rest in [
        "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;",
        "ALTER TABLE t ALTER COLUMN a SET INCREMENT BY 2, ALTER b SET CYCLE;",
        "ALTER TABLE t OF some_type; ALTER TABLE t NOT OF;",
        "ALTER TYPE k RENAME ATTRIBUTE a TO b;",
        "CREATE FOREIGN TABLE f (a int OPTIONS (n 'x')) SERVER s; DROP FOREIGN TABLE f;",
        "CREATE FOREIGN TABLE f () SERVER s; ALTER FOREIGN TABLE f OPTIONS (SET n 'y'), OWNER TO me; DROP FOREIGN TABLE f;",
        "DROP FOREIGN DATA WRAPPER w; ALTER FOREIGN DATA WRAPPER w OPTIONS (ADD a 'b');",
        "DO $$ BEGIN CREATE TYPE {{ index .Options \"Namespace\" }}.k AS ENUM ('a'); END $$;",
    ] {
        assert_eq!(build(&format!("{table} {rest}"), Dialect::Postgres).1, [], "{rest}");
    }
}

#[test]
fn foreign_tables_have_columns_and_no_place_in_this_database() {
    let check = |sql: &str, expect: &str| {
        let (catalog, skips) = build(sql, Dialect::Postgres);
        assert_eq!(skips, [], "{sql}");
        let foreign = catalog.tables.values().filter(|table| table.kind == TableKind::Foreign);
        let told = foreign.map(|table| {
            let columns = table.columns.iter().map(|column| {
                let not_null = if column.not_null { "!" } else { "" };
                format!("{}:{}{not_null}", column.name, column.ty.declared)
            });
            let columns: Vec<String> = columns.collect();
            let parent = table.parent.as_ref().map_or(String::new(), |parent| format!(" of {parent}"));
            format!("{}{parent} {} {}", table.name, table.complete, columns.join(" "))
        });
        assert_eq!(told.collect::<Vec<_>>().join("; "), expect, "{sql}");
    };
    check(
        "CREATE FOREIGN TABLE IF NOT EXISTS r.f (a int NOT NULL OPTIONS (column_name 'x'), options text OPTIONS (n ')'),
            CONSTRAINT positive CHECK (a > 0)) SERVER s OPTIONS (schema_name 'p', table_name 't');",
        "r.f true a:int! options:text",
    );
    check(
        "CREATE FOREIGN TABLE f (a int) SERVER s;
         ALTER FOREIGN TABLE f ADD COLUMN b text OPTIONS (column_name 'y'), ADD c int NOT NULL, DROP COLUMN a;
         ALTER FOREIGN TABLE IF EXISTS f ALTER COLUMN b OPTIONS (SET column_name 'z'), ALTER b TYPE varchar(9);
         ALTER FOREIGN TABLE f OPTIONS (ADD fetch_size '9'); ALTER FOREIGN TABLE f RENAME c TO d;
         ALTER FOREIGN TABLE f OWNER TO me;",
        "f true b:varchar(9) d:int!",
    );
    check(
        "CREATE TABLE p (a int, at date) PARTITION BY RANGE (at);
         CREATE FOREIGN TABLE old PARTITION OF p FOR VALUES FROM ('2001-01-01') TO ('2002-01-01') SERVER archive;",
        "old of p true a:int at:date",
    );
    check("CREATE FOREIGN TABLE f (a int) SERVER s; DROP FOREIGN TABLE IF EXISTS f CASCADE;", "");
}

/// The indexes of a schema, one a line: `table name (keys)`, those behind constraints marked.
fn indexes(sql: &str, dialect: Dialect) -> String {
    let (catalog, skips) = build(sql, dialect);
    assert_eq!(skips, [], "{sql}");
    let line = |index: &Index| {
        let keys: Vec<_> = index.def.keys.iter().map(|key| key.expr.to_string()).collect();
        let name = index.name.as_ref().map_or("-", Ident::as_str);
        let backs = index.backs.map_or(String::new(), |backing| format!(" {backing:?}"));
        let condition = index.def.predicate.as_ref().map_or(String::new(), |condition| format!(" WHERE {condition}"));
        format!("{} {name} ({}){condition}{backs}", index.def.table, keys.join(", "))
    };
    catalog.indexes().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sequence_may_be_renamed_as_a_table() {
    let sql = "CREATE TABLE t (id serial PRIMARY KEY); ALTER TABLE t_id_seq RENAME TO u_id_seq; \
               ALTER TABLE t_id RENAME TO u_id;";
    let reasons: Vec<&str> = build(sql, Dialect::Postgres).1.iter().map(|skip| skip.reason).collect();
    assert_eq!(reasons, ["unknown-table"], "of the last alone");
}

#[test]
fn indexes_follow_their_tables() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let check = |dialect, sql: &str, expect: &[&str]| assert_eq!(indexes(sql, dialect), expect.join("\n"), "{sql}");
    let table = "CREATE TABLE t (a int, b int, c text);";
    let with = |rest: &str| format!("{table} {rest}");
    check(
        Postgres,
        &with("CREATE INDEX i ON t ((a + b), lower(c)) WHERE b > 0; ALTER TABLE t RENAME b TO d;"),
        &["t i (a + d, lower(c)) WHERE d > 0"],
    );
    check(Postgres, &with("CREATE INDEX i ON t (a) WHERE b > 0; ALTER TABLE t DROP b;"), &[]);
    check(Mysql, &with("CREATE INDEX i ON t (a, b); ALTER TABLE t DROP b;"), &["t i (a)"]);
    check(Postgres, &with("CREATE INDEX i ON t (a); ALTER TABLE t RENAME TO u; DROP TABLE u;"), &[]);
    // The old table's index keeps the name that the new one's would get.
    check(
        Postgres,
        "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t RENAME TO old; CREATE TABLE t (id int PRIMARY KEY);",
        &["old t_pkey (id) PrimaryKey", "t t_pkey1 (id) PrimaryKey"],
    );
    check(
        Postgres,
        &with(
            "CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i; ALTER TABLE t DROP CONSTRAINT k;",
        ),
        &[],
    );
    check(
        Postgres,
        &with("ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ADD UNIQUE (a);"),
        &["t t_a_key (a) Unique", "t t_a_key1 (a) Unique"],
    );
    check(Postgres, "CREATE TABLE t (a int UNIQUE, UNIQUE (a), PRIMARY KEY (a));", &["t t_pkey (a) PrimaryKey"]);
    check(
        Sqlite,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b, UNIQUE (a), UNIQUE (b, a));",
        &["t - (id) PrimaryKey", "t sqlite_autoindex_t_1 (a) Unique", "t sqlite_autoindex_t_2 (b, a) Unique"],
    );
    check(
        Sqlite,
        "CREATE TABLE t (id INT PRIMARY KEY); ALTER TABLE t RENAME TO u;",
        &["u sqlite_autoindex_u_1 (id) PrimaryKey"],
    );
}

#[test]
fn mysql_indexes_foreign_keys_itself() {
    let parent = "CREATE TABLE p (id int PRIMARY KEY);";
    let check = |rest: &str, expect: &[&str]| {
        let expect = [&["p PRIMARY (id) PrimaryKey"], expect].concat().join("\n");
        assert_eq!(indexes(&format!("{parent} {rest}"), Dialect::Mysql), expect, "{rest}");
    };
    check("CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES p (id));", &["t a (a) ForeignKey"]);
    check("CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id));", &["t f (a) ForeignKey"]);
    check("CREATE TABLE t (a int, b int, FOREIGN KEY (a) REFERENCES p (id), KEY k (a, b));", &["t k (a, b)"]);
    check("CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES p (id)); CREATE INDEX k ON t (a);", &["t k (a)"]);
    check(
        "CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)); ALTER TABLE t DROP FOREIGN KEY f;",
        &["t f (a)"],
    );
}

#[test]
fn places_are_those_of_the_names() {
    let sql = "-- ünïcode\nCREATE TABLE t (\n  id int PRIMARY KEY, -- é\n  näme text UNIQUE BINARY,\n  CONSTRAINT pos CHECK (id > 0)\n);\n\
               ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES t (id);\nCREATE INDEX i ON t (näme);";
    let (catalog, _) = build(sql, Dialect::Postgres);
    let text = |place: HostSpan| &sql[place.start as usize..place.end as usize];
    let table = catalog.tables.values().next().expect("a table");
    assert_eq!(table.columns.iter().map(|column| text(column.place)).collect::<Vec<_>>(), ["id", "näme"]);
    assert_eq!(text(table.foreign_keys[0].place), "fk");
    assert_eq!(table.indexes.iter().map(|index| text(index.place)).collect::<Vec<_>>(), ["i", "näme", "id"]);
}
