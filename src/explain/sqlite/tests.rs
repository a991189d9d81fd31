//! Every case of `testdata/plans/sqlite/` is asked of the bundled SQLite again, so that captured rows stay true, and read.
//!
//! A case is a text file of sections (`-- name`): `schema`, `references` (tables in order of t0, t1, …), `filters`
//! (tested columns, a line a reference), `query`, `rows` and `plan`. The last two are written by `BLESS=1 cargo test`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::catalog::IndexKey;
use crate::dialect::Dialect;
use crate::explain::case::Case;
use crate::plan::{self, PlanNames};

struct Schema {
    indexes: BTreeMap<IndexId, IndexDef>,
    keys: BTreeMap<QName, Vec<Ident>>,
}

impl Names for Schema {
    fn index(&self, id: IndexId) -> Option<&IndexDef> {
        self.indexes.get(&id)
    }

    fn table_key(&self, table: &QName) -> &[Ident] {
        self.keys.get(table).map_or(&[], Vec::as_slice)
    }
}

impl PlanNames for Schema {
    fn reference(&self, id: RefId) -> String {
        format!("t{}", id.0)
    }

    fn index(&self, id: IndexId) -> String {
        index_name(id)
    }
}

fn capture(case: &Case) -> (Vec<Row>, Schema) {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("ANALYZE; {} ANALYZE sqlite_schema;", case.section("schema"))).unwrap();
    let sql = format!("EXPLAIN QUERY PLAN {}", case.section("query"));
    let mut statement = connection.prepare(&sql).unwrap();
    let rows =
        statement.raw_query().mapped(|row| Ok(Row { id: row.get(0)?, parent: row.get(1)?, detail: row.get(3)? }));
    let rows = rows.collect::<Result<Vec<_>, _>>().unwrap();
    drop(statement);
    (rows, read_schema(&connection))
}

fn read_schema(connection: &rusqlite::Connection) -> Schema {
    let sql = "SELECT m.tbl_name, m.name, i.name, m.sql LIKE '%WHERE%' FROM sqlite_schema m, pragma_index_xinfo(m.name) i \
        WHERE m.type = 'index' AND m.name LIKE 'ix_%' AND i.key ORDER BY m.name, i.seqno";
    let mut statement = connection.prepare(sql).unwrap();
    let mut schema = Schema { indexes: BTreeMap::new(), keys: BTreeMap::new() };
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        let table = QName::plain(row.get::<_, String>(0).unwrap());
        let id = IndexId(row.get::<_, String>(1).unwrap()["ix_".len()..].parse().unwrap());
        let column: Option<String> = row.get(2).unwrap();
        let key =
            column.map_or_else(|| Expr::Opaque { text: "lower(a)".to_owned(), columns: BTreeSet::new() }, Expr::column);
        let key = IndexKey { expr: key, desc: false, nulls_first: true, opclass: None, collation: None, prefix: None };
        let partial: bool = row.get(3).unwrap();
        let predicate = partial.then(|| Expr::op(crate::expr::Op::IsNull, vec![Expr::column("gone")]));
        let mut empty = IndexDef::btree(Dialect::Sqlite, table, Vec::<Ident>::new());
        empty.predicate = predicate;
        schema.indexes.entry(id).or_insert(empty).keys.push(key);
    }
    let mut statement = connection
        .prepare("SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type='table' AND c.pk ORDER BY c.pk")
        .unwrap();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        let table = QName::plain(row.get::<_, String>(0).unwrap());
        schema.keys.entry(table).or_default().push(Ident::from(row.get::<_, String>(1).unwrap()));
    }
    schema
}

fn print(case: &Case, rows: &[Row], plan: &str) -> String {
    let mut text = String::new();
    for (name, body) in case.sections.iter().filter(|(name, _)| name != "rows" && name != "plan") {
        write!(text, "-- {name}\n{body}").unwrap();
    }
    text.push_str("-- rows\n");
    for Row { id, parent, detail } in rows {
        writeln!(text, "{id}|{parent}|{detail}").unwrap();
    }
    write!(text, "-- plan\n{plan}").unwrap();
    text
}

#[test]
fn captured_plans_are_still_true_and_read_as_the_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/plans/sqlite");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "cases are missing from {}", folder.display());
    let bless = std::env::var_os("BLESS").is_some();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let case = Case::read(&text);
        let (rows, schema) = capture(&case);
        let read = read(&rows, &case.query(), &schema);
        let now = print(&case, &rows, &plan::tree(&read, &schema));
        if bless {
            fs::write(&path, now).unwrap();
        } else {
            assert_eq!(now, text, "{}", path.display());
        }
    }
}

#[test]
fn lines_of_another_version_become_steps_and_never_fail() {
    let row = |id, parent, detail: &str| Row { id, parent, detail: detail.to_owned() };
    let query = Case::read("-- references\na b\n").query();
    let schema = Schema { indexes: BTreeMap::new(), keys: BTreeMap::new() };
    let check = |rows: &[Row], expected: &str| {
        assert_eq!(plan::tree(&read(rows, &query, &schema), &schema), expected);
    };
    check(&[], "constant row\n");
    check(&[row(1, 0, "TELEPORT t0 (~1 row)")], "teleport t0 (~1 row)\n");
    check(&[row(1, 0, "SCAN t7")], "scan t7\n");
    check(&[row(1, 0, "SEARCH t0 USING INDEX ix_9 (a=?)")], "read the first or last t0 by index ix_9\n");
    check(
        &[
            row(1, 0, "COMPOUND QUERY"),
            row(2, 1, "LEFT-MOST SUBQUERY"),
            row(3, 2, "SCAN t0"),
            row(4, 1, "UNION USING TEMP B-TREE"),
            row(5, 4, "SCAN t1"),
        ],
        "union\n  scan every row of t0\n  scan every row of t1\n",
    );
    check(&[row(1, 1, "SCAN t0")], "constant row\n");
    check(
        &[row(1, 0, "SCAN t0"), row(2, 0, "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY")],
        "sort for ORDER BY (part is in order already)\n  scan every row of t0\n",
    );
}
