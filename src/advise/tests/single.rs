//! Queries on one table: what is advised, and what is not.

use super::*;

const BY_CUSTOMER: &str = "CREATE INDEX idx_orders_customer_id ON orders (customer_id);";

#[test]
fn an_equality_gets_its_column() {
    check(
        Dialect::Postgres,
        &[
            ("", "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1", BY_CUSTOMER),
            (
                "",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1",
                "CREATE INDEX idx_customers_email ON customers (email);",
            ),
            ("", "UPDATE orders AS t0 SET paid = TRUE WHERE t0.customer_id = $1", BY_CUSTOMER),
            ("", "DELETE FROM orders AS t0 WHERE t0.customer_id = $1", BY_CUSTOMER),
            ("", "SELECT * FROM orders AS t0 WHERE t0.customer_id IN ($1, $2, $3)", BY_CUSTOMER),
            // A second column that narrows ten rows down to one is not worth its width.
            ("", "SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.customer_id = $2", BY_CUSTOMER),
            ("", "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1 AND t0.paid", BY_CUSTOMER),
        ],
    );
}

#[test]
fn what_an_unknown_condition_may_find_gets_nothing() {
    let setting = Setting::shop(Dialect::Postgres, "");
    let advised = |sql: &str, is_whole: bool| {
        let mut workload = setting.workload(&[sql]);
        workload[0].is_whole = is_whole;
        ddl(&setting.advise_for(workload), Dialect::Postgres)
    };
    let beside = "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1 AND $2";
    assert_eq!(advised(beside, true), BY_CUSTOMER);
    assert_eq!(advised(beside, false), "");
    assert_eq!(advised("SELECT * FROM orders AS t0 WHERE t0.customer_id = $1", false), BY_CUSTOMER);
    let sorted = "SELECT * FROM orders AS t0 WHERE t0.status = $1 ORDER BY t0.created_at LIMIT 20";
    assert_eq!(advised(sorted, true), "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);");
    assert_eq!(advised(sorted, false), "");
}

#[test]
fn a_reference_to_any_table_is_kept_whole() {
    let notes = "CREATE TABLE notes (id integer PRIMARY KEY, object_id integer NOT NULL, object_type text NOT NULL);";
    check(
        Dialect::Postgres,
        &[
            (
                notes,
                "SELECT * FROM notes AS t0 WHERE t0.object_type = $1 AND t0.object_id = $2",
                "CREATE INDEX idx_notes_object_id_object_type ON notes (object_id, object_type);",
            ),
            (
                notes,
                "SELECT * FROM notes AS t0 WHERE t0.object_id = $1",
                "CREATE INDEX idx_notes_object_id ON notes (object_id);",
            ),
        ],
    );
}

#[test]
fn what_serves_already_gets_nothing() {
    check(
        Dialect::Postgres,
        &[
            ("", "SELECT * FROM orders AS t0 WHERE t0.id = $1", ""),
            ("CREATE INDEX i ON orders (customer_id);", "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1", ""),
            (
                "CREATE INDEX i ON orders (customer_id, status);",
                "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1",
                "",
            ),
            (
                "CREATE INDEX i ON orders (customer_id);",
                "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1 AND t0.status = $2",
                "",
            ),
            (
                "CREATE UNIQUE INDEX i ON customers (email);",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1 AND t0.name = $2",
                "",
            ),
            (
                "CREATE INDEX i ON customers USING hash (email);",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1",
                "",
            ),
            (
                "CREATE INDEX i ON customers (lower(email));",
                "SELECT * FROM customers AS t0 WHERE lower(t0.email) = $1",
                "",
            ),
            (
                "CREATE INDEX i ON customers (email text_pattern_ops);",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1",
                "",
            ),
            (
                "CREATE INDEX i ON orders (customer_id) WHERE status = 'open';",
                "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1 AND t0.status = 'open'",
                "",
            ),
        ],
    );
}

#[test]
fn what_is_not_worth_an_index_gets_none() {
    check(
        Dialect::Postgres,
        &[
            ("", "SELECT * FROM orders AS t0", ""),
            ("", "SELECT * FROM order_types AS t0 WHERE t0.name = $1", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.status = $1", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.paid", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.status <> $1", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.shipped_at IS NOT NULL", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.note LIKE '%x%'", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.created_at < $1", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.total > $1", ""),
            ("", "SELECT * FROM orders AS t0 ORDER BY t0.created_at", ""),
            ("", "SELECT * FROM orders AS t0 ORDER BY t0.created_at LIMIT 5000", ""),
            ("", "SELECT * FROM orders AS t0 ORDER BY t0.total LIMIT 10", ""),
            ("", "SELECT t0.status, count(*) FROM orders AS t0 GROUP BY t0.status", ""),
            // Behind a run-time switch nothing is certain.
            ("", "SELECT * FROM orders AS t0 WHERE $1 IS NULL OR t0.customer_id = $1", ""),
        ],
    );
}

#[test]
fn an_order_with_a_limit_follows_the_equalities() {
    check(
        Dialect::Postgres,
        &[
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.status = $1 ORDER BY t0.created_at DESC LIMIT 20",
                "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);",
            ),
            (
                "",
                "SELECT * FROM orders AS t0 ORDER BY t0.created_at DESC LIMIT 20",
                "CREATE INDEX idx_orders_created_at ON orders (created_at);",
            ),
            (
                "",
                "SELECT * FROM orders AS t0 ORDER BY t0.created_at DESC, t0.id DESC LIMIT 20",
                "CREATE INDEX idx_orders_created_at_id ON orders (created_at, id);",
            ),
            (
                "",
                "SELECT * FROM orders AS t0 ORDER BY t0.created_at DESC, t0.id LIMIT 20",
                "CREATE INDEX idx_orders_created_at_id ON orders (created_at DESC, id);",
            ),
            (
                "",
                "SELECT max(t0.created_at) FROM orders AS t0",
                "CREATE INDEX idx_orders_created_at ON orders (created_at);",
            ),
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.shipped_at IS NULL ORDER BY t0.created_at LIMIT 10",
                "CREATE INDEX idx_orders_created_at_partial ON orders (created_at) WHERE shipped_at IS NULL;",
            ),
            // Ten rows are sorted in no time.
            ("", "SELECT * FROM orders AS t0 WHERE t0.customer_id = $1 ORDER BY t0.created_at LIMIT 20", BY_CUSTOMER),
        ],
    );
}

#[test]
fn a_list_of_references_leads_before_a_status() {
    let customer_first = "CREATE INDEX idx_orders_customer_id_status ON orders (customer_id, status);";
    let status_first = "CREATE INDEX idx_orders_status_customer_id ON orders (status, customer_id);";
    check(
        Dialect::Postgres,
        &[
            ("", "SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.customer_id IN ($2, $3)", customer_first),
            ("", "SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.customer_id = ANY($2)", customer_first),
            // An order may yet come out of what stands behind the status.
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.customer_id IN ($2, $3) ORDER BY t0.created_at LIMIT 5",
                status_first,
            ),
        ],
    );
}

#[test]
fn bytes_that_identify_are_keys() {
    let outputs =
        "CREATE TABLE outputs (id bigint PRIMARY KEY, tx_hash bytea NOT NULL, out_index int NOT NULL, raw bytea);";
    check(
        Dialect::Postgres,
        &[
            (
                outputs,
                "SELECT * FROM outputs WHERE tx_hash = $1 AND out_index = $2",
                "CREATE INDEX idx_outputs_tx_hash ON outputs (tx_hash);",
            ),
            (outputs, "SELECT * FROM outputs WHERE raw = $1", ""),
        ],
    );
    check(
        Dialect::Mysql,
        &[
            (
                "CREATE TABLE outputs (id bigint PRIMARY KEY, tx_hash binary(32) NOT NULL);",
                "SELECT * FROM outputs WHERE tx_hash = ?",
                "CREATE INDEX idx_outputs_tx_hash ON outputs (tx_hash);",
            ),
            (
                "CREATE TABLE outputs (id bigint PRIMARY KEY, tx_hash blob NOT NULL);",
                "SELECT * FROM outputs WHERE tx_hash = ?",
                "",
            ),
        ],
    );
}

#[test]
fn one_end_of_a_column_is_read_off_an_index_of_a_large_table() {
    let total = "CREATE INDEX idx_orders_total ON orders (total);";
    check(
        Dialect::Postgres,
        &[
            ("", "SELECT max(t0.total) FROM orders AS t0", total),
            ("", "SELECT coalesce(max(t0.total), 0) + 1 FROM orders AS t0", total),
            ("CREATE INDEX i ON orders (total);", "SELECT min(t0.total) FROM orders AS t0", ""),
            ("CREATE INDEX i ON orders (total DESC, note);", "SELECT min(t0.total) FROM orders AS t0", ""),
            // Nobody knows how far the end is from the first row that is wanted.
            ("", "SELECT max(t0.total) FROM orders AS t0 WHERE t0.paid", ""),
            ("", "SELECT max(t0.status) FROM orders AS t0", ""),
            ("", "SELECT max(t0.total), count(*) FROM orders AS t0", ""),
            ("", "SELECT max(t0.total) FROM orders AS t0 GROUP BY t0.status", ""),
            ("", "SELECT * FROM orders AS t0 ORDER BY t0.total LIMIT 1", ""),
            // As many rows as are assumed of every table that refers to no other.
            ("CREATE TABLE readings (reading integer NOT NULL);", "SELECT max(reading) FROM readings", ""),
        ],
    );
    let mut setting = Setting::shop(Dialect::Postgres, "CREATE TABLE readings (reading integer NOT NULL);");
    setting.config = toml::from_str("[tables.readings]\nrows = 20000").unwrap();
    let advised = setting.advise(&["SELECT max(reading) FROM readings"]);
    assert_eq!(advised.advice.len(), 1, "{:?}", advised.queries);
}

#[test]
fn ranges_follow_equalities_or_are_times() {
    check(
        Dialect::Postgres,
        &[
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.status = $1 AND t0.created_at > $2",
                "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);",
            ),
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.created_at BETWEEN $1 AND $2",
                "CREATE INDEX idx_orders_created_at ON orders (created_at);",
            ),
        ],
    );
}

#[test]
fn expressions_and_alternatives_are_served() {
    check(
        Dialect::Postgres,
        &[
            (
                "",
                "SELECT * FROM customers AS t0 WHERE lower(t0.email) = $1",
                "CREATE INDEX idx_customers_lower_email ON customers ((lower(email)));",
            ),
            (
                "",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1 OR t0.name = $2",
                "CREATE INDEX idx_customers_email ON customers (email);\nCREATE INDEX idx_customers_name ON customers (name);",
            ),
            (
                "CREATE INDEX i ON customers (name);",
                "SELECT * FROM customers AS t0 WHERE t0.email = $1 OR t0.name = $2",
                "CREATE INDEX idx_customers_email ON customers (email);",
            ),
            (
                "CREATE TABLE events (id integer PRIMARY KEY, data jsonb NOT NULL);",
                "SELECT * FROM events WHERE data->>'user' = $1",
                "CREATE INDEX idx_events_data_user ON events ((data ->> 'user'));",
            ),
            (
                "CREATE TABLE events (id integer PRIMARY KEY, data jsonb NOT NULL);",
                "SELECT * FROM events WHERE data->>'type' = $1",
                "",
            ),
            // One branch without an index makes the other's useless.
            ("", "SELECT * FROM customers AS t0 WHERE t0.email = $1 OR t0.active", ""),
        ],
    );
}

#[test]
fn the_evidence_is_that_of_the_engine() {
    let sql = ["SELECT * FROM orders AS t0 WHERE t0.customer_id = $1"];
    let native = Setting::shop(Dialect::Sqlite, "").advise(&sql);
    let proof = native.queries[0].proof.clone().unwrap();
    assert_eq!(proof.kind, crate::advice::ProofKind::Cost);
    assert!(proof.cost_before.unwrap() > 10.0 * proof.cost_after.unwrap());
    assert_eq!(proof.plan_before.as_deref(), Some("scan every row of orders t0, then filter\n"));
    assert_eq!(proof.plan_after.as_deref(), Some("seek orders t0 by index idx_orders_customer_id (customer_id = ?)\n"));
    let stand_in = Setting::shop(Dialect::Postgres, "").advise(&sql);
    let proof = stand_in.queries[0].proof.clone().unwrap();
    assert_eq!((proof.kind, proof.cost_before), (crate::advice::ProofKind::Plan, None));
    assert_eq!(stand_in.advice[0].serves, [QueryId(0)]);
    assert_eq!(stand_in.queries[0].advice, [(crate::query::RefId(0), crate::advice::AdviceId(0))]);
}

#[test]
fn the_rowid_closes_every_index_of_sqlite() {
    check(
        Dialect::Sqlite,
        &[(
            "",
            "SELECT * FROM orders ORDER BY created_at DESC, id DESC LIMIT 20",
            "CREATE INDEX idx_orders_created_at ON orders (created_at);",
        )],
    );
}

#[test]
fn without_an_engine_the_shape_decides() {
    check(
        Dialect::Mysql,
        &[
            (
                "",
                "SELECT * FROM customers AS t0 WHERE t0.email = ?",
                "CREATE INDEX idx_customers_email ON customers (email);",
            ),
            ("CREATE INDEX i ON customers (email);", "SELECT * FROM customers AS t0 WHERE t0.email = ?", ""),
            ("", "SELECT * FROM orders AS t0 WHERE t0.status = ?", ""),
            (
                "",
                "SELECT * FROM orders AS t0 WHERE t0.status = ? ORDER BY t0.created_at LIMIT 10",
                "CREATE INDEX idx_orders_status_created_at ON orders (status, created_at);",
            ),
            ("", "SELECT * FROM orders AS t0 WHERE t0.id = ?", ""),
            ("CREATE TABLE docs (id int PRIMARY KEY, slug text);", "SELECT * FROM docs WHERE slug = ?", ""),
        ],
    );
}
