//! Statistics in an empty database: the planner believes them, and the files that go with them are sound.

use std::collections::BTreeMap;

use planlint::assume;
use planlint::catalog::{Catalog, IndexDef};
use planlint::config::Config;
use planlint::scratch::postgres::cluster::DATABASE;
use planlint::scratch::postgres::schema::Applied;
use planlint::scratch::postgres::session::Session;
use planlint::scratch::postgres::statistics::{self, Inflation};
use planlint::stats::StatsModel;

/// What is assumed of a schema without queries.
pub fn assumed(catalog: &Catalog) -> StatsModel {
    assume::assume(catalog, &Config::default(), &[])
}

/// Tells the server all of it.
pub fn inject(admin: &mut Session, catalog: &Catalog, applied: &Applied, stats: &StatsModel) -> Vec<Inflation> {
    let def = |(id, oid): (&planlint::catalog::IndexId, &u32)| Some((*oid, &catalog.index(*id)?.def));
    let defs: BTreeMap<u32, &IndexDef> = applied.indexes.iter().filter_map(def).collect();
    statistics::inject(admin, &applied.relations, &defs, stats, None).expect("the server takes the statistics")
}

#[test]
fn an_empty_database_plans_as_a_full_one_and_its_indexes_are_sound() {
    let Some(mut cluster) = super::cluster() else { return };
    let text = "
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
        CREATE TABLE users (id bigint PRIMARY KEY, email mail NOT NULL UNIQUE, mood mood, tags text[], doc jsonb);
        CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), status varchar(20),
            total numeric, created_at timestamptz NOT NULL, note text);
        CREATE INDEX orders_user ON orders (user_id, created_at DESC);
        CREATE INDEX orders_note ON orders (lower(note));
        CREATE INDEX users_doc ON users USING gin (doc);
        CREATE INDEX orders_brin ON orders USING brin (created_at);
        CREATE INDEX orders_hash ON orders USING hash (status);
        CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE INDEX events_at ON events (at);
    ";
    let (catalog, applied) = super::schema::apply_text(&cluster, text);
    let mut stats = assumed(&catalog);
    for table in stats.tables.values_mut() {
        let grown = 1_000_000.0 / table.rows;
        table.pages *= grown;
        table.rows = 1_000_000.0;
    }
    let inflations = {
        let mut admin = cluster.admin(DATABASE).expect("a session");
        inject(&mut admin, &catalog, &applied, &stats)
    };
    cluster
        .paused(|data| {
            inflations.iter().try_for_each(|inflation| inflation.write(data)).expect("the files are written");
            Ok(())
        })
        .expect("the server comes back");
    let mut admin = cluster.admin(DATABASE).expect("a session");
    let rows = |admin: &mut Session, sql: &str| -> f64 {
        let plan = admin.rows(&format!("EXPLAIN (FORMAT JSON) {sql}")).expect("a plan")[0][0].clone().expect("text");
        let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
        plan[0]["Plan"]["Plan Rows"].as_f64().expect("rows")
    };
    assert_eq!(rows(&mut admin, "SELECT * FROM public.orders"), 1_000_000.0);
    assert_eq!(rows(&mut admin, "SELECT * FROM public.events"), 1_000_000.0);
    assert_eq!(rows(&mut admin, "SELECT * FROM public.orders WHERE id = 5"), 1.0);
    let ranged = "SELECT * FROM public.orders WHERE created_at > '2025-08-08 00:00:00+00'";
    let ranged = rows(&mut admin, ranged);
    assert!((45_000.0..=55_000.0).contains(&ranged), "five of a hundred slices: {ranged}");
    if admin.run("CREATE EXTENSION amcheck WITH SCHEMA pg_catalog").is_ok() {
        let checked = "SELECT bt_index_check(c.oid) FROM pg_class c JOIN pg_am a ON a.oid = c.relam \
                       WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.oid >= 16384";
        let sound = admin.rows(checked).unwrap_or_else(|error| panic!("{error}"));
        assert!(sound.len() >= 6, "{sound:?}");
    }
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("SET enable_seqscan = off; SET enable_bitmapscan = off").expect("settings");
    assert_eq!(planner.rows("SELECT id FROM orders WHERE id = 5").expect("an index is searched").len(), 0);
    planner.run("INSERT INTO orders VALUES (5, 1, 'x', 1, now(), 'Y')").map_or_else(
        |error| assert!(error.message.contains("foreign key"), "{error}"),
        |()| panic!("a row without its user"),
    );
}
