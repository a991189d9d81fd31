//! One set for the whole workload.

use super::*;

fn set(more: &str, queries: &[&str]) -> String {
    ddl(&Setting::shop(Dialect::Postgres, more).advise(queries), Dialect::Postgres)
}

const OF_STATUS: &str = "SELECT * FROM orders AS t0 WHERE t0.status = $1 ORDER BY t0.created_at LIMIT 20";

#[test]
fn equal_wishes_become_one_index_that_serves_both() {
    let advised = Setting::shop(Dialect::Postgres, "").advise(&[
        "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1",
        "SELECT t0.id FROM orders AS t0 WHERE t0.customer_id = $1 AND t0.paid",
        "SELECT * FROM customers AS t0 WHERE t0.id = $1",
    ]);
    assert_eq!(ddl(&advised, Dialect::Postgres), "CREATE INDEX idx_orders_customer_id ON orders (customer_id);");
    assert_eq!(advised.advice[0].serves, [QueryId(0), QueryId(1)]);
}

#[test]
fn an_existing_index_is_extended_and_replaced() {
    assert_eq!(
        set("CREATE INDEX i ON orders (status);", &[OF_STATUS]),
        "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);\nDROP INDEX i;"
    );
    let advised = Setting::shop(Dialect::Postgres, "CREATE INDEX i ON orders (status);").advise(&[OF_STATUS]);
    assert_eq!(advised.advice[0].action, Action::Replace);
}

#[test]
fn a_constraint_is_never_replaced() {
    let more = "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (note);";
    let found = set(more, &["SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.created_at > $2"]);
    assert_eq!(found, "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);");
}

#[test]
fn names_are_free_and_short_enough() {
    let taken = "CREATE TABLE idx_orders_customer_id (a integer);";
    let found = set(taken, &["SELECT * FROM orders AS t0 WHERE t0.customer_id = $1"]);
    assert!(found.starts_with("CREATE INDEX idx_orders_customer_id_"), "{found}");
    let long = "CREATE TABLE a_table_with_a_name_of_almost_the_length_that_is_allowed (id integer PRIMARY KEY, another_quite_long_email text);";
    let advised = Setting::shop(Dialect::Postgres, long).advise(&[
        "SELECT * FROM a_table_with_a_name_of_almost_the_length_that_is_allowed AS t0 WHERE t0.another_quite_long_email = $1",
    ]);
    let name = advised.advice[0].name.as_str();
    assert_eq!(name.len(), 63);
    assert!(name.starts_with("idx_a_table_with_a_name_of_almost_the_length_that_is_a_"), "{name}");
}

/// Merges wishes of the shop's `orders`, each as `(free, keys | fixed, keys)`, and prints what comes out the same way.
fn merged(more: &str, wishes: &[&str]) -> Vec<String> {
    let setting = Setting::shop(Dialect::Postgres, more);
    let table = &setting.catalog.tables[&crate::name::QName::plain("orders")];
    let wanted = wishes.iter().map(|wish| {
        let (free, fixed) = wish.split_once('|').unwrap_or((wish, ""));
        let columns = |part: &str| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let equalities = columns(free).len();
        let keys = columns(free).into_iter().chain(columns(fixed));
        super::super::merge::Wanted {
            def: crate::catalog::IndexDef::btree(Dialect::Postgres, table.name.clone(), keys),
            equalities,
            sites: 1,
        }
    });
    let found = super::super::merge::merge(table, wanted.collect(), &setting.target());
    let print = |one: super::super::merge::MergedIndex| {
        let keys: Vec<String> = one.wanted.def.keys.iter().map(|key| key.expr.to_string()).collect();
        format!("{}{}", keys.join(" "), if one.replaces.is_empty() { "" } else { " replaces" })
    };
    found.into_iter().map(print).collect()
}

#[test]
fn keys_compared_by_equality_change_places_and_no_others_do() {
    let check = |wishes: &[&str], expected: &[&str]| assert_eq!(merged("", wishes), expected, "{wishes:?}");
    check(&["customer_id", "customer_id | created_at"], &["customer_id created_at"]);
    check(&["status", "customer_id status | created_at"], &["status customer_id created_at"]);
    check(&["status", "customer_id", "customer_id status"], &["customer_id status", "status"]);
    check(&["status customer_id", "customer_id status | created_at"], &["customer_id status created_at"]);
    // A sort column stays behind all equalities.
    check(&["| created_at", "status | created_at"], &["created_at", "status created_at"]);
    check(&["status | created_at", "status customer_id"], &["status created_at", "status customer_id"]);
    check(&["status | created_at", "status | total"], &["status created_at", "status total"]);
}

#[test]
fn an_existing_index_fixes_the_order_that_it_has() {
    let check = |more: &str, wishes: &[&str], expected: &[&str]| assert_eq!(merged(more, wishes), expected, "{more}");
    check("CREATE INDEX i ON orders (status);", &["customer_id status"], &["status customer_id replaces"]);
    check("CREATE INDEX i ON orders (status, total);", &["customer_id status"], &["customer_id status"]);
    check("CREATE UNIQUE INDEX i ON orders (status);", &["customer_id status"], &["customer_id status"]);
    check("CREATE INDEX i ON orders (status) WHERE paid;", &["customer_id status"], &["customer_id status"]);
    check("CREATE INDEX i ON orders (status DESC);", &["status | created_at"], &["status created_at"]);
}
