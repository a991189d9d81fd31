//! Joins: the set is credited, not its parts.

use super::*;

#[test]
fn the_partners_side_gets_its_join_column() {
    check(
        Dialect::Postgres,
        &[
            (
                "",
                "SELECT * FROM customers AS t0 JOIN orders AS t1 ON t1.customer_id = t0.id WHERE t0.email = $1",
                "CREATE INDEX idx_customers_email ON customers (email);\nCREATE INDEX idx_orders_customer_id ON orders (customer_id);",
            ),
            (
                "CREATE INDEX i ON orders (customer_id);",
                "SELECT * FROM customers AS t0 JOIN orders AS t1 ON t1.customer_id = t0.id WHERE t0.id = $1",
                "",
            ),
            (
                "",
                "SELECT * FROM customers AS t0 WHERE t0.id = $1 AND EXISTS (SELECT 1 FROM orders AS t1 WHERE t1.customer_id = t0.id)",
                "CREATE INDEX idx_orders_customer_id ON orders (customer_id);",
            ),
            (
                "",
                "SELECT t0.id, (SELECT count(*) FROM orders AS t1 WHERE t1.customer_id = t0.id) FROM customers AS t0",
                "CREATE INDEX idx_orders_customer_id ON orders (customer_id);",
            ),
            // Nothing is filtered: PostgreSQL reads both whole and hashes.
            ("", "SELECT * FROM customers AS t0 JOIN orders AS t1 ON t1.customer_id = t0.id", ""),
            // The lookup table is small and has its key.
            ("", "SELECT * FROM orders AS t0 JOIN order_types AS t1 ON t1.id = t0.type_id WHERE t0.id = $1", ""),
        ],
    );
}

#[test]
fn sqlite_has_no_hash_join_to_fall_back_on() {
    check(
        Dialect::Sqlite,
        &[(
            "",
            "SELECT * FROM orders AS t0 LEFT JOIN items AS t1 ON t1.order_id = t0.id",
            "CREATE INDEX idx_items_order_id ON items (order_id);",
        )],
    );
}

#[test]
fn a_chain_of_joins_is_served_from_its_filtered_end() {
    check(
        Dialect::Postgres,
        &[(
            "",
            "SELECT * FROM customers AS t0 JOIN orders AS t1 ON t1.customer_id = t0.id JOIN items AS t2 ON t2.order_id = t1.id WHERE t0.email = $1",
            "CREATE INDEX idx_customers_email ON customers (email);\nCREATE INDEX idx_items_order_id ON items (order_id);\nCREATE INDEX idx_orders_customer_id ON orders (customer_id);",
        )],
    );
}
