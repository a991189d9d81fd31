//! The engine on small schemas built by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::*;
use crate::catalog::{Backing, Column, ColumnType, Index, IndexKey, Method, Table, TypeClass};
use crate::engine::EngineQuery;
use crate::expr::{Expr, Literal, Op};
use crate::name::Ident;
use crate::plan::{self, PlanNames};
use crate::query::RefId;
use crate::source::{FileId, HostSpan};
use crate::stats::{ColumnRole, ColumnStats, StatsSource, TableStats};

struct Names;

impl PlanNames for Names {
    fn reference(&self, id: RefId) -> String {
        format!("t{}", id.0)
    }

    fn index(&self, id: IndexId) -> String {
        format!("#{}", id.0)
    }
}

fn nowhere() -> HostSpan {
    HostSpan { file: FileId(0), start: 0, end: 0 }
}

/// `orders(id, customer_id, status, created_at, note)` and `customers(id, email)` with their keys, of 100,000 rows each.
fn schema(dialect: Dialect) -> (Catalog, StatsModel) {
    let mut catalog = Catalog::new(dialect);
    let mut stats = StatsModel::default();
    let tables: [(&str, &[(&str, f64)]); 2] = [
        ("customers", &[("id", 100_000.0), ("email", 100_000.0)]),
        (
            "orders",
            &[
                ("id", 100_000.0),
                ("customer_id", 10_000.0),
                ("status", 8.0),
                ("created_at", 90_000.0),
                ("note", 50_000.0),
            ],
        ),
    ];
    for (at, (name, columns)) in tables.into_iter().enumerate() {
        let name = QName::plain(name);
        catalog.tables.insert(name.clone(), table(&name, columns, dialect, IndexId(at as u32)));
        let column = |(name, distinct): &(&str, f64)| {
            let stats = ColumnStats {
                null_fraction: 0.0,
                avg_width: 8.0,
                n_distinct: *distinct,
                correlation: 0.0,
                role: ColumnRole::ManyValued,
                source: StatsSource::Assumed,
                values: None,
            };
            (Ident::new(name), stats)
        };
        let columns = columns.iter().map(column).collect();
        stats.tables.insert(
            name,
            TableStats {
                rows: 100_000.0,
                pages: 1_000.0,
                source: StatsSource::Assumed,
                columns,
                visible: None,
                indexes: BTreeMap::new(),
                extended: BTreeMap::new(),
            },
        );
    }
    (catalog, stats)
}

fn table(name: &QName, columns: &[(&str, f64)], dialect: Dialect, key: IndexId) -> Table {
    let column = |(name, _): &(&str, f64)| Column {
        name: Ident::new(name),
        ty: ColumnType { declared: "integer".to_owned(), class: TypeClass::Integer, members: Vec::new() },
        not_null: true,
        default: None,
        generated: None,
        collation: None,
        place: nowhere(),
    };
    let def = IndexDef { unique: true, ..IndexDef::btree(dialect, name.clone(), ["id"]) };
    let primary = Index { backs: Some(Backing::PrimaryKey), ..index(key, def) };
    Table {
        columns: columns.iter().map(column).collect(),
        primary_key: vec![Ident::new("id")],
        indexes: vec![primary],
        ..Table::empty(name.clone(), nowhere())
    }
}

fn index(id: IndexId, def: IndexDef) -> Index {
    Index {
        id,
        name: Some(Ident::from(format!("i{}", id.0))),
        def,
        place: nowhere(),
        held: true,
        valid: true,
        backs: None,
    }
}

fn on_orders(dialect: Dialect, columns: &[&str]) -> IndexDef {
    IndexDef::btree(dialect, QName::plain("orders"), columns.iter().copied())
}

fn add(catalog: &mut Catalog, def: IndexDef) -> IndexId {
    let id = IndexId(catalog.indexes().map(|index| index.id.0 + 1).max().unwrap_or(0));
    catalog.tables.get_mut(&def.table).unwrap().indexes.push(index(id, def));
    id
}

fn query(sql: &str, references: &[&str]) -> EngineQuery {
    EngineQuery {
        sql: sql.to_owned(),
        references: references.iter().map(|name| QName::plain(*name)).collect(),
        parameters: 0,
        bounds: Vec::new(),
        fidelity: Fidelity::Exact,
        functions: BTreeSet::new(),
        filters: Vec::new(),
    }
}

fn engine(dialect: Dialect, catalog: &Catalog, stats: &StatsModel) -> (SqliteEngine, Loaded) {
    let mut engine = SqliteEngine::new(Target::any(dialect));
    let loaded = engine.load(catalog, stats).unwrap();
    (engine, loaded)
}

fn ask(engine: &mut SqliteEngine, query: &EngineQuery, indexes: &IndexSet) -> String {
    let answers = engine.plan(&[PlanRequest { query, indexes }], Deadline(None)).unwrap();
    match answers.into_iter().next().flatten().expect("there is no deadline") {
        Ok(plan) => plan::tree(&plan, &Names),
        Err(refusal) => format!("refused: {refusal}"),
    }
}

fn show(ids: &[IndexId]) -> IndexSet {
    IndexSet { shown: ids.iter().copied().collect(), hidden: BTreeSet::new() }
}

#[test]
fn the_key_of_a_table_is_a_rowid_only_where_the_target_has_one() {
    let by_id = query("SELECT * FROM orders AS t0 WHERE t0.id = ?", &["orders"]);
    let check = |dialect, expected: &str| {
        let (catalog, stats) = schema(dialect);
        let (mut engine, _) = engine(dialect, &catalog, &stats);
        assert_eq!(ask(&mut engine, &by_id, &IndexSet::default()), expected);
        assert_eq!(engine.facts().native, dialect == Dialect::Sqlite);
    };
    check(Dialect::Sqlite, "seek t0 by its key (id = ?)\n");
    check(Dialect::Postgres, "seek t0 by index #1 (id = ?)\n");
}

#[test]
fn candidates_are_seen_only_where_they_are_shown() {
    let (catalog, stats) = schema(Dialect::Postgres);
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    let defs =
        [on_orders(Dialect::Postgres, &["customer_id"]), on_orders(Dialect::Postgres, &["customer_id", "created_at"])];
    let ids: Vec<IndexId> = engine.add_candidates(&defs).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(engine.add_candidates(&defs[1..]).unwrap(), [Ok(ids[1])]);
    let recent =
        query("SELECT * FROM orders AS t0 WHERE t0.customer_id = ? ORDER BY t0.created_at LIMIT 9", &["orders"]);
    let expected = [
        (show(&[]), "sort for ORDER BY\n  scan every row of t0\n".to_owned()),
        (show(&[ids[0]]), format!("sort for ORDER BY\n  seek t0 by index #{} (customer_id = ?)\n", ids[0].0)),
        (show(&[ids[1]]), format!("seek t0 by index #{} (customer_id = ?)\n", ids[1].0)),
        (show(&ids), format!("seek t0 by index #{} (customer_id = ?)\n", ids[1].0)),
    ];
    // Forwards and backwards: what was shown before leaves nothing behind.
    for (indexes, tree) in expected.iter().chain(expected.iter().rev()) {
        assert_eq!(ask(&mut engine, &recent, indexes), *tree);
    }
}

#[test]
fn an_index_of_the_schema_can_be_hidden() {
    let (mut catalog, stats) = schema(Dialect::Postgres);
    let id = add(&mut catalog, on_orders(Dialect::Postgres, &["customer_id"]));
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    let by_customer = query("SELECT * FROM orders AS t0 WHERE t0.customer_id = ?", &["orders"]);
    assert_eq!(ask(&mut engine, &by_customer, &show(&[])), format!("seek t0 by index #{} (customer_id = ?)\n", id.0));
    let hidden = IndexSet { hidden: [id].into(), ..IndexSet::default() };
    assert_eq!(ask(&mut engine, &by_customer, &hidden), "scan every row of t0\n");
}

#[test]
fn the_statistics_choose_between_indexes() {
    let (mut catalog, stats) = schema(Dialect::Postgres);
    let coarse = add(&mut catalog, on_orders(Dialect::Postgres, &["status"]));
    let fine = add(&mut catalog, on_orders(Dialect::Postgres, &["customer_id"]));
    let both = query("SELECT * FROM orders AS t0 WHERE t0.customer_id = ? AND t0.status = ?", &["orders"]);
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    assert_eq!(ask(&mut engine, &both, &show(&[])), format!("seek t0 by index #{} (customer_id = ?)\n", fine.0));
    let mut skewed = stats.clone();
    let columns = &mut skewed.tables.get_mut(&QName::plain("orders")).unwrap().columns;
    columns.get_mut(&Ident::new("customer_id")).unwrap().n_distinct = 2.0;
    engine.load(&catalog, &skewed).unwrap();
    assert_eq!(ask(&mut engine, &both, &show(&[])), format!("seek t0 by index #{} (status = ?)\n", coarse.0));
}

#[test]
fn a_stand_in_serves_no_more_than_the_target() {
    let (mut catalog, stats) = schema(Dialect::Postgres);
    add(&mut catalog, on_orders(Dialect::Postgres, &["note"]));
    let mut hash = on_orders(Dialect::Postgres, &["created_at"]);
    hash.method = Method::Hash;
    let hash = add(&mut catalog, hash);
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    let mut check =
        |sql: &str, expected: &str| assert_eq!(ask(&mut engine, &query(sql, &["orders"]), &show(&[])), expected);
    check("SELECT * FROM orders AS t0 WHERE t0.note LIKE 'x%'", "scan every row of t0\n");
    check("SELECT * FROM orders AS t0 WHERE t0.created_at > ?", "scan every row of t0\n");
    check("SELECT * FROM orders AS t0 ORDER BY t0.created_at LIMIT 5", "sort for ORDER BY\n  scan every row of t0\n");
    check(
        "SELECT * FROM orders AS t0 WHERE t0.created_at = ?",
        &format!("seek t0 by index #{} (created_at = ?)\n", hash.0),
    );
}

#[test]
fn what_a_scratch_database_cannot_hold_is_left_out_and_named() {
    let dialect = Dialect::Postgres;
    let (mut catalog, stats) = schema(dialect);
    let plain = || on_orders(dialect, &["note"]);
    let call = |name: &str| Expr::Call { function: Ident::new(name), args: vec![Expr::column("note")] };
    let with_key = |key: IndexKey| IndexDef { keys: vec![key], ..plain() };
    let key = || plain().keys.remove(0);
    let refused = [
        IndexDef { method: Method::Other("gin".to_owned()), ..plain() },
        with_key(IndexKey { opclass: Some("text_pattern_ops".to_owned()), ..key() }),
        with_key(IndexKey { nulls_first: true, ..key() }),
        with_key(IndexKey { collation: Some("de_DE".to_owned()), ..key() }),
        with_key(IndexKey { expr: call("unaccent"), ..key() }),
        IndexDef { predicate: Some(Expr::op(Op::Gt, vec![Expr::column("note"), Expr::Param])), ..plain() },
        IndexDef {
            predicate: Some(Expr::Opaque { text: "1); ATTACH 'x' AS y; --".to_owned(), columns: BTreeSet::new() }),
            ..plain()
        },
    ];
    let held = [
        with_key(IndexKey { expr: call("lower"), ..key() }),
        IndexDef {
            predicate: Some(Expr::op(
                Op::Eq,
                vec![Expr::column("note"), Expr::Literal(Literal::Text("it's".to_owned()))],
            )),
            ..plain()
        },
        IndexDef { include: vec![Ident::new("status")], ..plain() },
    ];
    let ids: Vec<IndexId> = refused.iter().chain(&held).map(|def| add(&mut catalog, def.clone())).collect();
    let (mut engine, loaded) = engine(dialect, &catalog, &stats);
    let mut names: Vec<String> = loaded.refused.iter().map(|(name, _)| name.to_string()).collect();
    names.sort();
    let mut expected: Vec<String> = ids[..refused.len()].iter().map(|id| format!("i{}", id.0)).collect();
    expected.sort();
    assert_eq!(names, expected, "{:?}", loaded.refused);
    assert!(engine.add_candidates(&refused).unwrap().iter().all(Result::is_err));
    let lower = query("SELECT * FROM orders AS t0 WHERE lower(t0.note) = ?", &["orders"]);
    assert_eq!(
        ask(&mut engine, &lower, &show(&[])),
        format!("seek t0 by index #{} (lower(note) = ?)\n", ids[refused.len()].0)
    );
}

#[test]
fn statements_that_reach_beyond_the_database_are_refused() {
    let (catalog, stats) = schema(Dialect::Sqlite);
    let (mut engine, _) = engine(Dialect::Sqlite, &catalog, &stats);
    let path = std::env::temp_dir().join("planlint-must-not-exist.db");
    for sql in [
        &format!("ATTACH '{}' AS other", path.display()),
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_database_list",
        "DELETE FROM sqlite_schema",
        "INSERT INTO sqlite_stat1 VALUES ('orders', NULL, '1')",
        "CREATE TABLE t (a)",
        "DROP TABLE orders",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "BEGIN",
    ] {
        let answer = ask(&mut engine, &query(sql, &["orders"]), &show(&[]));
        assert!(answer.starts_with("refused: "), "{sql}: {answer}");
    }
    // VACUUM is explained like any other statement, and like any other it does not run.
    ask(&mut engine, &query(&format!("VACUUM INTO '{}'", path.display()), &["orders"]), &show(&[]));
    assert!(!path.exists());
    // The database that refused them still answers.
    let by_id = query("SELECT * FROM orders AS t0 WHERE t0.id = ?; DROP TABLE orders", &["orders"]);
    let answer = ask(&mut engine, &by_id, &show(&[]));
    assert!(answer == "seek t0 by its key (id = ?)\n" || answer.starts_with("refused"), "{answer}");
    let by_id = query("SELECT * FROM orders AS t0 WHERE t0.id = ?", &["orders"]);
    assert_eq!(ask(&mut engine, &by_id, &show(&[])), "seek t0 by its key (id = ?)\n");
}

#[test]
fn a_query_that_cannot_be_asked_is_refused_with_a_reason() {
    let (catalog, stats) = schema(Dialect::Postgres);
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    let mut check = |query: &EngineQuery, expected: &str| assert_eq!(ask(&mut engine, query, &show(&[])), expected);
    check(&query("SELECT * FROM nowhere AS t0", &["nowhere"]), "refused: no such table: nowhere");
    check(&query("SELECT t0.absent FROM orders AS t0", &["orders"]), "refused: no such column: t0.absent");
    check(
        &query("SELECT \"absent\" FROM orders AS t0", &["orders"]),
        "refused: no such column: \"absent\" - should this be a string literal in single-quotes?",
    );
    check(&query("SELECT frobnicate(t0.note) FROM orders AS t0", &["orders"]), "refused: no such function: frobnicate");
    let none = EngineQuery { fidelity: Fidelity::None("it is a MERGE".to_owned()), ..query("", &[]) };
    check(&none, "refused: it is a MERGE");
    let known = EngineQuery {
        functions: [("frobnicate".to_owned(), 1)].into(),
        ..query("SELECT frobnicate(t0.note) FROM orders AS t0", &["orders"])
    };
    check(&known, "scan every row of t0\n");
}

#[test]
fn answers_do_not_depend_on_threads_or_order() {
    let (catalog, stats) = schema(Dialect::Postgres);
    let columns = ["customer_id", "status", "created_at", "note"];
    let defs: Vec<IndexDef> = columns.iter().map(|column| on_orders(Dialect::Postgres, &[column])).collect();
    let queries: Vec<EngineQuery> = columns
        .iter()
        .flat_map(|first| columns.iter().map(move |second| (first, second)))
        .map(|(first, second)| {
            let sql = format!(
                "SELECT * FROM orders AS t0 JOIN customers AS t1 ON t1.id = t0.customer_id WHERE t0.{first} = ? ORDER BY t0.{second}"
            );
            query(&sql, &["orders", "customers"])
        })
        .collect();
    let answers = |threads: usize, backwards: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
            let ids: Vec<IndexId> = engine.add_candidates(&defs).unwrap().into_iter().map(Result::unwrap).collect();
            let sets: Vec<IndexSet> = (0..1_u32 << ids.len())
                .map(|bits| IndexSet {
                    shown: ids.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, id)| *id).collect(),
                    hidden: BTreeSet::new(),
                })
                .collect();
            let mut batch: Vec<PlanRequest<'_>> = queries
                .iter()
                .flat_map(|query| sets.iter().map(move |indexes| PlanRequest { query, indexes }))
                .collect();
            if backwards {
                batch.reverse();
            }
            let mut plans = engine.plan(&batch, Deadline(None)).unwrap();
            if backwards {
                plans.reverse();
            }
            plans
        })
    };
    let reference = answers(1, false);
    assert_eq!(reference.len(), 256);
    assert!(reference == answers(4, false));
    assert!(reference == answers(2, true));
}

#[test]
fn nothing_is_planned_after_the_deadline() {
    let (catalog, stats) = schema(Dialect::Postgres);
    let (mut engine, _) = engine(Dialect::Postgres, &catalog, &stats);
    let by_id = query("SELECT * FROM orders AS t0 WHERE t0.id = ?", &["orders"]);
    let indexes = IndexSet::default();
    let request = PlanRequest { query: &by_id, indexes: &indexes };
    let answers = engine.plan(&[request, request], Deadline(Some(Instant::now()))).unwrap();
    assert_eq!(answers, [None, None]);
}
