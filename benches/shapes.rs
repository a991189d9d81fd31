//! How many query shapes a second are planned and advised: the acceptance of the scratch engine.
//!
//! Half of the shapes are served by what the generated schema has, half are not and try three candidates each. Run with
//! `cargo bench --bench shapes`; divan prints shapes a second ("items"). The schema of 2,000 tables should be no slower a
//! shape than that of 170; how near it comes stands in `docs/evidence.md`. Every shape is distinct: equal ones are planned
//! once before they come here.

use std::fmt::Write as _;

use divan::counter::ItemsCount;
use planlint::advise::{self, AdviseContext};
use planlint::assume::assume;
use planlint::catalog::{Catalog, replay};
use planlint::config::{Config, TableSettings};
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, IndexSet, PlanRequest, ScratchEngine};
use planlint::query::DatabaseId;
use planlint::schema::ddl;
use planlint::scratch::sqlite::SqliteEngine;
use planlint::shape::shape;
use planlint::source::{FileId, HostSpan};
use planlint::sql::lower::lower;
use planlint::stats::StatsModel;
use planlint::workload::{QueryId, WorkloadQuery};

fn main() {
    divan::main();
}

/// A schema and the shapes asked of it.
struct Setting {
    catalog: Catalog,
    config: Config,
    stats: StatsModel,
    workload: Vec<WorkloadQuery>,
}

const TARGET: Dialect = Dialect::Postgres;

/// Columns of every table; the first four of them are indexed together with the key.
const COLUMNS: &str = "id bigint PRIMARY KEY, parent_id bigint NOT NULL, owner_id bigint NOT NULL, email text NOT NULL, \
    status text NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, name text, token text, amount numeric, \
    group_id bigint, plan_id bigint";

impl Setting {
    /// `tables` tables with a little more than four indexes each, and `shapes` queries.
    fn new(tables: usize, shapes: usize) -> Self {
        let mut steps = Vec::new();
        let place = HostSpan { file: FileId(0), start: 0, end: 0 };
        let mut config = Config::default();
        for table in 0..tables {
            let mut script = vec![format!("CREATE TABLE t_{table} ({COLUMNS})")];
            for column in ["parent_id", "owner_id", "email"] {
                script.push(format!("CREATE INDEX t_{table}_{column} ON t_{table} ({column})"));
            }
            if table % 8 == 0 {
                script.push(format!("CREATE INDEX t_{table}_recent ON t_{table} (status, created_at)"));
            }
            steps.extend(script.iter().flat_map(|sql| ddl::steps(sql, place, TARGET).0));
            let rows = TableSettings { rows: Some(100_000.0), ..TableSettings::default() };
            config.tables.insert(format!("t_{table}"), rows);
        }
        let (catalog, skips) = replay(TARGET, &steps);
        assert!(skips.is_empty(), "{skips:?}");
        let workload: Vec<WorkloadQuery> = (0..shapes).map(|number| query(number, tables, &catalog)).collect();
        let stats = assume(&catalog, &config, &workload.iter().map(|query| &query.shape).collect::<Vec<_>>());
        Self { catalog, config, stats, workload }
    }

    fn engine(&self) -> SqliteEngine {
        let mut engine = SqliteEngine::new(Target::any(TARGET));
        engine.load(&self.catalog, &self.stats).expect("SQLite is part of the program");
        engine
    }

    /// Plans the workload, then advises it; returns how many indexes are advised.
    fn run(&self) -> usize {
        let mut engine = self.engine();
        let mut workload = self.workload.clone();
        let indexes = IndexSet::default();
        let batch: Vec<PlanRequest<'_>> =
            self.workload.iter().map(|query| PlanRequest { query: &query.engine, indexes: &indexes }).collect();
        let plans = engine.plan(&batch, Deadline(None)).expect("the engine answers");
        for (query, plan) in workload.iter_mut().zip(plans) {
            query.plan = plan;
        }
        let cx = AdviseContext {
            database: DatabaseId(0),
            catalog: &self.catalog,
            stats: &self.stats,
            target: Target::any(TARGET),
            limits: &self.config.limits,
            selection: &self.config.selection,
        };
        advise::advise(&cx, &mut engine, &workload, Deadline(None)).expect("the engine answers").advice.len()
    }
}

/// The query of a number: every second one is served, every second one joins a second table.
fn query(number: usize, tables: usize, catalog: &Catalog) -> WorkloadQuery {
    let table = number * 7 % tables;
    // A table is joined with a few others, not with all.
    let other = (table + 1 + number / tables % 3) % tables;
    let served = number.is_multiple_of(2);
    let mut sql = String::from("SELECT a.id, a.name FROM ");
    if (number / 2).is_multiple_of(2) {
        write!(sql, "t_{table} a WHERE ").expect("a string takes all");
    } else {
        write!(sql, "t_{table} a JOIN t_{other} b ON b.id = a.parent_id WHERE b.amount > $9 AND ")
            .expect("a string takes all");
    }
    // The number keeps shapes apart without changing what they ask for.
    let condition = if served { "a.owner_id = $1" } else { "a.status = $1 AND a.group_id = $2 AND a.token = $3" };
    write!(sql, "{condition} AND a.amount <> {number}").expect("a string takes all");
    let shaped = shape(&sql, catalog).expect("the query is simple");
    let engine = lower(&shaped, catalog, Target::any(TARGET));
    let id = QueryId(u32::try_from(number).expect("there are few"));
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
}

/// Tables and shapes: a larger application asks more, and as many asked of few tables tell what the number alone costs.
const SIZES: [(usize, usize); 3] = [(170, 5_100), (170, 60_000), (2_000, 60_000)];

#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn planned_and_advised(bencher: divan::Bencher<'_, '_>, (tables, shapes): (usize, usize)) {
    let setting = Setting::new(tables, shapes);
    bencher.counter(ItemsCount::new(shapes)).bench_local(|| setting.run());
}

/// A candidate more on a database that is open.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn trials_on_one_table(bencher: divan::Bencher<'_, '_>) {
    let setting = Setting::new(1, 1);
    let mut engine = setting.engine();
    let table = setting.workload[0].shape.references[0].table.clone();
    let columns = ["status", "created_at", "updated_at", "name", "token", "amount", "group_id", "plan_id"];
    let pairs = columns.iter().flat_map(|first| columns.iter().map(move |second| [*first, *second]));
    let defs: Vec<_> = pairs
        .filter(|[first, second]| first != second)
        .map(|pair| planlint::catalog::IndexDef::btree(TARGET, table.clone(), pair))
        .collect();
    let numbers = engine.add_candidates(&defs).expect("the engine answers");
    let sets: Vec<IndexSet> = numbers
        .into_iter()
        .map(|id| IndexSet { shown: [id.expect("a plain index")].into(), ..IndexSet::default() })
        .collect();
    let batch: Vec<PlanRequest<'_>> =
        sets.iter().map(|indexes| PlanRequest { query: &setting.workload[0].engine, indexes }).collect();
    bencher.counter(ItemsCount::new(batch.len())).bench_local(|| engine.plan(&batch, Deadline(None)));
}
