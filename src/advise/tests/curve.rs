//! The order in which a set is best made, and what each index of it gains.

use super::*;
use crate::advice::Curve;
use crate::catalog::{IndexDef, IndexId};
use crate::engine::{EngineFacts, Loaded, PeopleCall, Refusal};
use crate::plan::Plan;

/// An engine that counts what it is asked.
struct Counting {
    engine: SqliteEngine,
    asked: usize,
}

impl ScratchEngine for Counting {
    fn facts(&self) -> &EngineFacts {
        self.engine.facts()
    }

    fn load(&mut self, catalog: &Catalog, stats: &StatsModel) -> Result<Loaded, ScratchError> {
        self.engine.load(catalog, stats)
    }

    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        self.engine.add_candidates(defs)
    }

    fn plan(
        &mut self,
        batch: &[PlanRequest<'_>],
        until: Deadline,
    ) -> Result<Vec<Option<Result<Plan, Refusal>>>, ScratchError> {
        self.asked += batch.len();
        self.engine.plan(batch, until)
    }

    fn script(&mut self, request: &PlanRequest<'_>, name: PeopleCall<'_>) -> Result<Option<String>, ScratchError> {
        self.engine.script(request, name)
    }
}

/// A curve over the advice for some queries with their weights, the first keys in its order, and how many plans it took;
/// sizes and ranks are told by the first key.
struct Drawn {
    curve: Curve,
    keys: Vec<String>,
    asked: usize,
}

fn drawn(setting: &Setting, queries: &[(&str, f64)], sizes: &[(&str, u64)], rank: &[(&str, u8)]) -> Drawn {
    let texts: Vec<&str> = queries.iter().map(|(sql, _)| *sql).collect();
    let mut workload = setting.workload(&texts);
    workload.iter_mut().zip(queries).for_each(|(query, (_, weight))| query.weight = *weight);
    let shapes: Vec<_> = workload.iter().map(|query| &query.shape).collect();
    let stats = assume(&setting.catalog, &setting.config, &shapes);
    let mut engine = Counting { engine: SqliteEngine::new(setting.target()), asked: 0 };
    engine.load(&setting.catalog, &stats).unwrap();
    plan(&mut engine.engine, &mut workload);
    let cx = AdviseContext {
        database: DatabaseId(0),
        catalog: &setting.catalog,
        stats: &stats,
        target: setting.target(),
        limits: &setting.config.limits,
        selection: &setting.config.selection,
    };
    let mut advice = advise(&cx, &mut engine, &workload, Deadline(None)).unwrap().advice;
    let first = |one: &IndexAdvice| one.def.keys[0].expr.to_string();
    for one in &mut advice {
        one.size = sizes.iter().find(|(key, _)| *key == first(one)).map(|(_, size)| *size);
    }
    engine.asked = 0;
    let ranked = |one: &IndexAdvice| rank.iter().find(|(key, _)| *key == first(one)).map_or(0, |(_, rank)| *rank);
    let curve = curve(&cx, &mut engine, &workload, &advice, &ranked, Deadline(None)).unwrap();
    let by_number = |point: &crate::advice::Point| advice.iter().find(|one| one.id == point.advice).unwrap();
    let keys = curve.points.iter().map(|point| first(by_number(point))).collect();
    Drawn { curve, keys, asked: engine.asked }
}

const BY_CUSTOMER: &str = "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1";
const BY_SKU: &str = "SELECT * FROM items AS t0 WHERE t0.sku = $1";
const BY_EMAIL: &str = "SELECT * FROM customers AS t0 WHERE t0.email = $1";

#[test]
fn what_gains_most_comes_first_and_weight_bytes_and_rank_change_it() {
    let shop = Setting::shop(Dialect::Sqlite, "");
    let check = |weights: [f64; 3], sizes: &[(&str, u64)], rank: &[(&str, u8)], expect: [&str; 3]| {
        let queries = [(BY_CUSTOMER, weights[0]), (BY_SKU, weights[1]), (BY_EMAIL, weights[2])];
        assert_eq!(drawn(&shop, &queries, sizes, rank).keys, expect, "{weights:?} {sizes:?} {rank:?}");
    };
    check([1.0; 3], &[], &[], ["sku", "customer_id", "email"]);
    check([1.0, 1.0, 1000.0], &[], &[], ["email", "sku", "customer_id"]);
    check(
        [1.0; 3],
        &[("sku", 1 << 40), ("customer_id", 1 << 20), ("email", 1 << 20)],
        &[],
        ["customer_id", "email", "sku"],
    );
    // An unknown size is that of the largest.
    check([1.0; 3], &[("customer_id", 1 << 40), ("email", 1)], &[], ["email", "sku", "customer_id"]);
    check([1.0; 3], &[], &[("sku", 1)], ["customer_id", "email", "sku"]);
}

#[test]
fn gains_lead_from_the_cost_without_to_the_cost_with_the_whole_set() {
    let shop = Setting::shop(Dialect::Sqlite, "CREATE INDEX i ON orders (status);");
    let queries = [
        (BY_CUSTOMER, 3.0),
        (BY_SKU, 1.0),
        ("SELECT * FROM orders AS t0 WHERE t0.status = $1 ORDER BY t0.created_at LIMIT 20", 1.0),
        ("SELECT t1.sku FROM orders AS t0 JOIN items AS t1 ON t1.order_id = t0.id WHERE t0.customer_id = $1", 1.0),
        ("SELECT * FROM customers AS t0 WHERE t0.id = $1", 1.0),
    ];
    let before = drawn(&shop, &queries, &[], &[]);
    assert!(before.curve.proven && before.curve.queries == queries.len(), "{:?}", before.curve);
    assert!(before.curve.points.iter().all(|point| point.gain > 0.0), "{:?}", before.curve);
    let left = before.curve.before - before.curve.points.iter().map(|point| point.gain).sum::<f64>();
    let texts: Vec<&str> = queries.iter().map(|(sql, _)| *sql).collect();
    let after = drawn(&shop.with(&shop.advise(&texts)), &queries, &[], &[]);
    assert!(after.curve.points.is_empty() && after.asked == 0, "{:?}", after.curve);
    assert!((after.curve.before - left).abs() < 1e-6 * left, "{} {left}", after.curve.before);
}

#[test]
fn costs_of_a_stand_in_order_and_are_not_to_be_shown() {
    let shop = Setting::shop(Dialect::Postgres, "");
    let drawn = drawn(&shop, &[(BY_CUSTOMER, 1.0), (BY_SKU, 1.0)], &[], &[]);
    assert_eq!(drawn.keys, ["sku", "customer_id"]);
    assert!(!drawn.curve.proven);
}

#[test]
fn few_plans_are_asked_for() {
    let shop = Setting::shop(Dialect::Sqlite, "");
    // Ten queries of one table, each with an index of its own: only its own is looked at beside the whole set.
    let columns = ["customer_id", "type_id", "status", "total", "note", "shipped_at", "created_at"];
    let queries: Vec<String> =
        columns.iter().map(|column| format!("SELECT * FROM orders AS t0 WHERE t0.{column} = $1")).collect();
    let queries: Vec<(&str, f64)> = queries.iter().map(|sql| (sql.as_str(), 1.0)).collect();
    let drawn = drawn(&shop, &queries, &[], &[]);
    assert!(drawn.curve.points.len() >= 5, "{:?}", drawn.keys);
    assert_eq!(drawn.asked, queries.len(), "{:?}", drawn.keys);
}
