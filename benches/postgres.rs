//! The scratch PostgreSQL: how long each phase takes, medians of five, and what becomes of an application's schema.
//!
//! `cargo bench --bench postgres` prints the first; with schema files behind ` -- `, in their order, the second. Nothing
//! is asserted: `tests/postgres` does that. `PLANLINT_TEST_PG_BIN` names the folder of another version's programs.

#[path = "../tests/postgres/setting.rs"]
mod setting;

use std::time::{Duration, Instant};

use planlint::advise::{self, AdviseContext, Advised};
use planlint::assume::assume;
use planlint::catalog::{Catalog, IndexDef, replay};
use planlint::config::Config;
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, EngineQuery, IndexSet, PlanRequest, ScratchEngine};
use planlint::query::DatabaseId;
use planlint::schema::ddl;
use planlint::scratch::NativeStatement;
use planlint::scratch::postgres::PostgresEngine;
use planlint::scratch::postgres::cluster::{Choice, Cluster, DATABASE};
use planlint::scratch::postgres::find::{self, Wanted};
use planlint::shape::shape;
use planlint::source::{FileId, TreePath};
use planlint::sql::lower::lower_native;
use planlint::sqlfile::{self, Part, SqlStatement, StatementClass};
use planlint::stats::StatsModel;
use planlint::workload::{QueryId, WorkloadQuery};

use setting::choice;

const ROUNDS: usize = 5;
const EXPLAINS: usize = 3000;

fn main() {
    let Some(choice) = choice() else { return };
    // Cargo says that this is a bench.
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match files.is_empty() {
        true => phases(&choice),
        false => application(&choice, &files),
    }
}

/// Applies the schema files of an application and prints what was refused, and why.
fn application(choice: &Choice, files: &[String]) {
    let read = |(number, path): (u32, &String)| {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        sqlfile::facts(FileId(number), &TreePath::new(path), &text).statements
    };
    let all = (0..).zip(files).flat_map(read);
    let statements: Vec<SqlStatement> =
        all.filter(|one| one.class == StatementClass::Schema && one.part != Part::Down).collect();
    let steps = statements.iter().flat_map(|one| ddl::steps(&one.text, one.place, Dialect::Postgres).0);
    let (catalog, _) = replay(Dialect::Postgres, &steps.collect::<Vec<_>>());
    let native: Vec<NativeStatement<'_>> =
        statements.iter().map(|one| NativeStatement { sql: &one.text, place: one.place }).collect();
    let mut engine = PostgresEngine::start(choice, Target::any(Dialect::Postgres)).expect("a server");
    let begun = Instant::now();
    let skips = engine.apply(&native, &catalog).expect("a server");
    let took = begun.elapsed();
    for skip in skips {
        println!(
            "{}:{}..{}: {}: {}",
            files[skip.place.file.0 as usize], skip.place.start, skip.place.end, skip.reason, skip.detail
        );
    }
    let loaded = engine.load(&catalog, &assume(&catalog, &Config::default(), &[])).expect("statistics");
    loaded.refused.iter().for_each(|(name, refusal)| println!("not held: {name}: {refusal}"));
    let indexes = catalog.indexes().filter(|index| index.held && index.valid).count();
    println!(
        "{} statements in {took:?}: {} tables and {indexes} indexes, {} of them not held",
        statements.len(),
        catalog.tables.len(),
        loaded.refused.len()
    );
}

fn phases(choice: &Choice) {
    println!("postgres {}, medians of {ROUNDS}", choice.binaries.version);
    median("find", || {
        let found = find::find(&Wanted::default());
        drop(found);
    });
    median("cold start", || {
        let cache = tempfile::tempdir().expect("a folder");
        let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice.clone() };
        Cluster::start(&choice).unwrap_or_else(|error| panic!("{error:?}"))
    });
    median("warm start", || start(choice));
    let mut running: Vec<Cluster> = (0..ROUNDS).map(|_| start(choice)).collect();
    median("stop", || drop(running.pop()));
    let mut cluster = start(choice);
    median("session", || cluster.planner(DATABASE).expect("a session"));
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX ON t (a)").expect("a table");
    let explains = vec!["EXPLAIN (FORMAT JSON) SELECT b FROM t WHERE a = 1 ORDER BY id LIMIT 10"; EXPLAINS];
    let took = median(&format!("{EXPLAINS} EXPLAINs"), || planner.pipeline(&explains));
    println!("{:>40} {:.0}", "EXPLAINs a second", EXPLAINS as f64 / took.as_secs_f64());
    drop(planner);
    median("pause", || cluster.paused(|_| Ok(())).expect("it starts again"));
    drop(cluster);
    engines(choice);
}

/// The engine on schemas of the sizes that matter.
fn engines(choice: &Choice) {
    let sizes = [(4, 12, 300), (169, 611, 300), (169, 611, 1_000), (169, 611, 3_000), (500, 1500, 10_000)];
    for ((tables, indexes, queries), lanes) in sizes.into_iter().flat_map(|size| [(size, 1), (size, 2)]) {
        println!("{tables} tables, {indexes} indexes, {queries} queries, lanes: {lanes}");
        let schema = Schema::new(tables, indexes);
        let workload = schema.workload(queries);
        let queries: Vec<EngineQuery> = workload.iter().map(|query| query.engine.clone()).collect();
        let cache = tempfile::tempdir().expect("a folder");
        let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice.clone() };
        drop(start(&choice));
        let first = Instant::now();
        drop(schema.engine(&choice, lanes));
        println!("{:>40} {:.1} ms", "the first run's engine", first.elapsed().as_secs_f64() * 1e3);
        let mut ready = None;
        median("a warm run's engine", || ready = Some(schema.engine(&choice, lanes)));
        let mut engine = ready.expect("it ran");
        median("statistics and sizes", || engine.load(&schema.catalog, &schema.stats).expect("statistics"));
        let as_is = IndexSet::default();
        median("plans", || plan(&mut engine, &queries, &as_is));
        trials(&schema, &mut engine, &queries);
        median("all of it", || {
            let mut engine = schema.engine(&choice, lanes);
            engine.load(&schema.catalog, &schema.stats).expect("statistics");
            plan(&mut engine, &queries, &as_is);
        });
        median("all of it, and advice", || {
            let mut engine = schema.engine(&choice, lanes);
            engine.load(&schema.catalog, &schema.stats).expect("statistics");
            schema.advise(&mut engine, &workload);
        });
    }
}

/// A candidate for every query, in its own trial.
fn trials(schema: &Schema, engine: &mut PostgresEngine, queries: &[EngineQuery]) {
    let def = |query: &EngineQuery| IndexDef::btree(Dialect::Postgres, query.references[0].clone(), ["status", "at"]);
    let defs: Vec<IndexDef> = queries.iter().map(def).collect();
    let before = Instant::now();
    let ids = engine.add_candidates(&defs).expect("a server");
    println!("{:>40} {:.1} ms", "candidates", before.elapsed().as_secs_f64() * 1e3);
    let sets: Vec<IndexSet> = ids
        .into_iter()
        .map(|id| IndexSet { shown: [id.expect("an index")].into(), ..IndexSet::default() })
        .collect::<Vec<_>>();
    let took = median("trials", || {
        let requests: Vec<PlanRequest<'_>> =
            queries.iter().zip(&sets).map(|(query, indexes)| PlanRequest { query, indexes }).collect();
        engine.plan(&requests, Deadline(None)).expect("a server")
    });
    println!("{:>40} {:.0}", "trials a second", queries.len() as f64 / took.as_secs_f64());
    engine.load(&schema.catalog, &schema.stats).expect("statistics");
}

fn plan(engine: &mut PostgresEngine, queries: &[EngineQuery], indexes: &IndexSet) {
    let requests: Vec<PlanRequest<'_>> = queries.iter().map(|query| PlanRequest { query, indexes }).collect();
    let plans = engine.plan(&requests, Deadline(None)).expect("a server");
    assert!(
        plans.iter().all(|plan| matches!(plan, Some(Ok(_)))),
        "{:?}",
        plans.iter().find(|plan| !matches!(plan, Some(Ok(_))))
    );
}

/// A schema of tables that are all alike but for their names.
struct Schema {
    statements: Vec<String>,
    catalog: Catalog,
    stats: StatsModel,
    tables: usize,
}

impl Schema {
    /// So many tables; their keys are among the indexes.
    fn new(tables: usize, indexes: usize) -> Self {
        let table = |at: usize| {
            let parent = if at > 0 { format!("REFERENCES t{}", at / 2) } else { String::new() };
            format!(
                "CREATE TABLE t{at} (id bigint PRIMARY KEY, parent_id bigint {parent}, name text NOT NULL, \
                 status text NOT NULL, at timestamptz NOT NULL, total numeric(10, 2))"
            )
        };
        let columns = ["parent_id", "name", "parent_id, at", "status, name", "total"];
        let index = |at: usize| format!("CREATE INDEX t{0}_{at} ON t{0} ({1})", at % tables, columns[at / tables % 5]);
        let statements: Vec<String> = (0..tables).map(table).chain((0..indexes - tables).map(index)).collect();
        let catalog = setting::catalog(&statements);
        let stats = assume(&catalog, &Config::default(), &[]);
        Self { statements, catalog, stats, tables }
    }

    fn engine(&self, choice: &Choice, lanes: usize) -> PostgresEngine {
        let statements = setting::native(&self.statements);
        let target = Target::any(Dialect::Postgres);
        let (engine, skips) =
            PostgresEngine::with_schema(choice, target, &statements, &self.catalog).expect("a server");
        assert_eq!(skips, []);
        engine.with_lanes(lanes).expect("a server")
    }

    /// Plans a workload and looks for the indexes that help.
    fn advise(&self, engine: &mut PostgresEngine, workload: &[WorkloadQuery]) -> Advised {
        let as_is = IndexSet::default();
        let requests: Vec<PlanRequest<'_>> =
            workload.iter().map(|query| PlanRequest { query: &query.engine, indexes: &as_is }).collect();
        let plans = engine.plan(&requests, Deadline(None)).expect("a server");
        let mut workload = workload.to_vec();
        workload.iter_mut().zip(plans).for_each(|(query, plan)| query.plan = plan);
        let config = Config::default();
        let cx = AdviseContext {
            database: DatabaseId(0),
            catalog: &self.catalog,
            stats: &self.stats,
            target: Target::any(Dialect::Postgres),
            limits: &config.limits,
            selection: &config.selection,
        };
        advise::advise(&cx, engine, &workload, Deadline(None)).expect("a server")
    }

    /// So many queries, no two alike.
    fn workload(&self, count: usize) -> Vec<WorkloadQuery> {
        let query = |at: usize| {
            let (table, form) = (at % self.tables, at / self.tables);
            let limit = form / 6 + 1;
            let text = match form % 6 {
                0 => format!("SELECT * FROM t{table} WHERE id = $1 LIMIT {limit}"),
                1 => format!("SELECT * FROM t{table} WHERE parent_id = $1 AND at > $2 ORDER BY at DESC LIMIT {limit}"),
                2 => format!("SELECT name FROM t{table} WHERE status = $1 AND total > $2 LIMIT {limit}"),
                3 => format!(
                    "SELECT a.*, b.name FROM t{table} a JOIN t{0} b ON b.id = a.parent_id WHERE a.name = $1 LIMIT {limit}",
                    table / 2
                ),
                4 => format!("SELECT status, count(*) FROM t{table} WHERE at > $1 GROUP BY status LIMIT {limit}"),
                _ => format!("UPDATE t{table} SET name = $1, total = {limit} WHERE status = $2 AND name = $3"),
            };
            let shaped = shape(&text, &self.catalog).expect("a query");
            let engine = lower_native(&shaped, &self.catalog, 50);
            let id = QueryId(u32::try_from(at).expect("there are few"));
            WorkloadQuery {
                id,
                senders: Vec::new(),
                shape: shaped.shape,
                engine,
                advisable: true,
                is_whole: true,
                weight: 1.0,
                plan: None,
            }
        };
        (0..count).map(query).collect()
    }
}

fn start(choice: &Choice) -> Cluster {
    Cluster::start(choice).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The median time of a phase; what it returns is dropped after the clock stops.
fn median<T>(phase: &str, mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let before = Instant::now();
            let done = run();
            let took = before.elapsed();
            drop(done);
            took
        })
        .collect();
    times.sort();
    println!("{phase:>40} {:.1} ms", times[ROUNDS / 2].as_secs_f64() * 1e3);
    times[ROUNDS / 2]
}
