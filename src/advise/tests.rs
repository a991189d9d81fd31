//! Advice on small schemas, through the real DDL reader, shapes, lowering and engine.

use std::fmt::Write as _;

use super::*;
use crate::advice::Action;
use crate::assume::assume;
use crate::catalog::replay;
use crate::config::Config;
use crate::dialect::Dialect;
use crate::engine::{Fidelity, IndexSet, PlanRequest};
use crate::scratch::sqlite::SqliteEngine;
use crate::source::{FileId, HostSpan};
use crate::sql::lower::lower;
use crate::workload::QueryId;
use crate::{schema, shape};

mod budget;
mod curve;
mod joins;
mod merging;
mod narrow;
mod repeat;
mod single;
mod unneeded;

/// A database of the tests.
struct Setting {
    catalog: Catalog,
    config: Config,
}

/// A shop: customers 1e4 rows, orders 1e5, items 1e6; statuses and a small lookup table.
const SHOP: &str = "
    CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL, name text, active boolean NOT NULL, created_at timestamp NOT NULL);
    CREATE TABLE order_types (id integer PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders (
        id integer PRIMARY KEY,
        customer_id integer NOT NULL REFERENCES customers (id),
        type_id integer NOT NULL REFERENCES order_types (id),
        status text NOT NULL,
        total numeric NOT NULL,
        note text,
        paid boolean NOT NULL,
        shipped_at timestamp,
        created_at timestamp NOT NULL
    );
    CREATE TABLE items (id integer PRIMARY KEY, order_id integer NOT NULL REFERENCES orders (id), sku text NOT NULL, quantity integer NOT NULL);
";

impl Setting {
    fn new(dialect: Dialect, ddl: &str) -> Self {
        let place = HostSpan { file: FileId(0), start: 0, end: 0 };
        let mut steps = Vec::new();
        for statement in ddl.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let (found, skips) = schema::ddl::steps(statement, place, dialect);
            assert!(skips.is_empty(), "{statement}: {skips:?}");
            steps.extend(found);
        }
        let (catalog, skips) = replay(dialect, &steps);
        assert!(skips.is_empty(), "{skips:?}");
        Self { catalog, config: Config::default() }
    }

    fn shop(dialect: Dialect, more: &str) -> Self {
        let shop = if dialect == Dialect::Mysql { SHOP.replace(" text", " varchar(200)") } else { SHOP.to_owned() };
        Self::new(dialect, &format!("{shop}{more}"))
    }

    fn workload(&self, queries: &[impl AsRef<str>]) -> Vec<WorkloadQuery> {
        let query = |(number, sql): (u32, &str)| {
            let shaped = shape::shape(sql, &self.catalog).unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
            let engine = lower(&shaped, &self.catalog, self.target());
            WorkloadQuery {
                id: QueryId(number),
                senders: Vec::new(),
                shape: shaped.shape,
                engine,
                advisable: true,
                is_whole: true,
                weight: 1.0,
                plan: None,
            }
        };
        (0..).zip(queries.iter().map(AsRef::as_ref)).map(query).collect()
    }

    fn target(&self) -> Target {
        Target::any(self.catalog.dialect)
    }

    fn advise(&self, queries: &[impl AsRef<str>]) -> Advised {
        self.advise_for(self.workload(queries))
    }

    fn advise_for(&self, mut workload: Vec<WorkloadQuery>) -> Advised {
        let shapes: Vec<_> = workload.iter().map(|query| &query.shape).collect();
        let stats = assume(&self.catalog, &self.config, &shapes);
        let mut engine = SqliteEngine::new(self.target());
        engine.load(&self.catalog, &stats).unwrap();
        plan(&mut engine, &mut workload);
        let cx = AdviseContext {
            database: DatabaseId(0),
            catalog: &self.catalog,
            stats: &stats,
            target: self.target(),
            limits: &self.config.limits,
            selection: &self.config.selection,
        };
        advise(&cx, &mut engine, &workload, Deadline(None)).unwrap()
    }

    /// The schema with advice applied.
    fn with(&self, advised: &Advised) -> Self {
        let mut ddl = crate::sql::print::catalog(&self.catalog);
        for advice in &advised.advice {
            ddl.push_str(&advice.to_ddl(self.catalog.dialect));
            ddl.push('\n');
        }
        let catalog = Self::new(self.catalog.dialect, &ddl).catalog;
        Self { catalog, config: self.config.clone() }
    }
}

fn plan(engine: &mut SqliteEngine, workload: &mut [WorkloadQuery]) {
    let indexes = IndexSet::default();
    let batch: Vec<_> = workload.iter().map(|query| PlanRequest { query: &query.engine, indexes: &indexes }).collect();
    let plans = engine.plan(&batch, Deadline(None)).unwrap();
    for (query, plan) in workload.iter_mut().zip(plans) {
        if let Some(Err(refusal)) = &plan {
            assert!(matches!(query.engine.fidelity, Fidelity::None(_)), "{}: {refusal}", query.engine.sql);
        }
        query.plan = plan;
    }
}

/// The advised set as DDL, a statement a line.
fn ddl(advised: &Advised, dialect: Dialect) -> String {
    let lines: Vec<String> = advised.advice.iter().map(|advice| advice.to_ddl(dialect)).collect();
    lines.join("\n")
}

/// What became of each candidate of a query, a line each.
fn verdicts(advised: &Advised, query: usize) -> String {
    let mut text = String::new();
    for trial in &advised.queries[query].tried {
        let keys: Vec<String> = trial.def.keys.iter().map(|key| key.expr.to_string()).collect();
        writeln!(text, "{}({}): {:?}", trial.def.table, keys.join(", "), trial.verdict).unwrap();
    }
    text
}

/// Checks the advice for one query on the shop, with more DDL.
fn check(dialect: Dialect, cases: &[(&str, &str, &str)]) {
    let mut wrong = String::new();
    for (more, sql, expected) in cases {
        let advised = Setting::shop(dialect, more).advise(&[*sql]);
        let found = ddl(&advised, dialect);
        if found != *expected {
            write!(wrong, "\n{sql}\n  found:    {found}\n  expected: {expected}\n{}", verdicts(&advised, 0)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
