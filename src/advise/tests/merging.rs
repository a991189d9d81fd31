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
