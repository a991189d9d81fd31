//! Sets that are chosen by what the workload costs, within what they may take.

use super::*;
use crate::advise::budget::spend;
use crate::advise::planner::Planner;
use crate::config::Minimise;

/// Queries of which an index on items helps the dearest; the others are cheaper and their indexes smaller.
const QUERIES: [&str; 4] = [
    "SELECT * FROM items WHERE order_id = $1",
    "SELECT * FROM orders WHERE customer_id = $1",
    "SELECT id FROM customers WHERE email = $1",
    "SELECT i.sku FROM orders o JOIN items i ON i.order_id = o.id WHERE o.customer_id = $1",
];

fn within(more: &str, change: impl Fn(&mut crate::config::Selection)) -> Advised {
    let mut shop = Setting::shop(Dialect::Sqlite, more);
    // The one of customers gains little beside the others.
    shop.config.selection.min_share = 0.0;
    change(&mut shop.config.selection);
    shop.advise(&QUERIES)
}

fn keys(advised: &Advised) -> Vec<String> {
    advised.advice.iter().map(|advice| crate::advice::keys(&advice.def)).collect()
}

#[test]
fn a_budget_is_spent_where_it_gains_most() {
    let check = |budget: &str, expected: &[&str]| {
        let advised = within("", |selection| selection.budget = Some(budget.to_owned()));
        assert_eq!(keys(&advised), expected, "{budget}");
    };
    check("0", &[]);
    check("100GB", &["customers (email)", "items (order_id)", "orders (customer_id)"]);
    // That of items takes more than 20 MB.
    check("10MB", &["customers (email)", "orders (customer_id)"]);
}

#[test]
fn numbers_are_kept_to() {
    let one = within("", |selection| selection.max_indexes = Some(1));
    assert_eq!(keys(&one), ["items (order_id)"]);
    let ratio = within("", |selection| {
        selection.max_indexes = Some(2);
        selection.minimise = Minimise::Ratio;
    });
    assert_eq!(ratio.advice.len(), 2);
    let of_table = within("", |selection| selection.max_indexes_per_table = Some(1));
    assert_eq!(keys(&of_table), ["customers (email)", "items (order_id)", "orders (customer_id)"]);
}

#[test]
fn what_is_served_is_not_bought_again() {
    let more = "CREATE INDEX served ON items (order_id, sku); CREATE INDEX also ON orders (customer_id, status);";
    let advised = within(more, |selection| selection.budget = Some("100GB".to_owned()));
    assert_eq!(keys(&advised), ["customers (email)"]);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let ask = || within("", |selection| selection.budget = Some("40MB".to_owned()));
    let first = ask();
    assert!((0..10).all(|_| ask() == first));
}

#[test]
fn few_plans_are_asked_for() {
    let mut shop = Setting::shop(Dialect::Sqlite, "");
    shop.config.selection.budget = Some("100GB".to_owned());
    let mut workload = shop.workload(&QUERIES);
    let shapes: Vec<_> = workload.iter().map(|query| &query.shape).collect();
    let stats = assume(&shop.catalog, &shop.config, &shapes);
    let mut engine = SqliteEngine::new(shop.target());
    engine.load(&shop.catalog, &stats).unwrap();
    plan(&mut engine, &mut workload);
    let facts = engine.facts().clone();
    let cx = AdviseContext {
        database: DatabaseId(0),
        catalog: &shop.catalog,
        stats: &stats,
        target: shop.target(),
        limits: &shop.config.limits,
        selection: &shop.config.selection,
    };
    let mut stage = Stage::new(&cx, &facts, &workload);
    let mut planner = Planner::new(&mut engine, &workload, Deadline(None));
    planner.remember(&stage);
    spend(&mut stage, &mut planner, &workload, cx.selection).unwrap();
    assert!((1..=20 * QUERIES.len()).contains(&planner.asked()), "{}", planner.asked());
}
