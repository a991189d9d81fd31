//! An empty database with pulled statistics plans as the full one they are from, and uses the same candidates.
//!
//! `PLANLINT_AGREEMENT_ROWS` sets the size.

use std::collections::BTreeMap;

use planlint::catalog::{Catalog, IndexDef, IndexId};
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, EngineQuery, IndexSet, PlanRequest, ScratchEngine};
use planlint::name::QName;
use planlint::plan::Plan;
use planlint::pull::{self, Values};
use planlint::scratch::postgres::PostgresEngine;
use planlint::scratch::postgres::cluster::{Cluster, DATABASE};
use planlint::scratch::postgres::session::Session;
use planlint::shape::shape;
use planlint::snapshot::Snapshot;
use planlint::sql::lower::lower_native;
use planlint::stats::StatsModel;
use serde_json::Value;

const SCHEMA: &str = "
    CREATE TYPE state AS ENUM ('new', 'paid', 'sent', 'back');
    CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, country varchar(2) NOT NULL,
        created_at timestamptz NOT NULL, deleted_at timestamptz);
    CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), state state NOT NULL,
        total numeric(10, 2) NOT NULL, placed_at timestamptz NOT NULL, note text);
    CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders (id), product_id integer NOT NULL,
        quantity smallint NOT NULL);
    CREATE INDEX users_country ON users (country, created_at);
    CREATE INDEX users_live ON users (created_at) WHERE deleted_at IS NULL;
    CREATE INDEX orders_user ON orders (user_id, placed_at DESC);
    CREATE INDEX orders_state ON orders (state);
    CREATE INDEX orders_total ON orders (total);
    CREATE INDEX orders_placed ON orders USING brin (placed_at);
    CREATE INDEX items_order ON items (order_id);
    CREATE INDEX items_product ON items (product_id) INCLUDE (quantity);
";

/// Skewed, correlated where real tables are, the same on every run.
fn fill(rows: u64) -> [String; 4] {
    let (users, orders) = (rows / 20, rows / 4);
    [
        format!("SELECT setseed(0.5); INSERT INTO users SELECT i, 'user' || i || '@example.org',
            (ARRAY['de', 'fr', 'us', 'uk', 'jp', 'pl'])[1 + floor(power(random(), 3) * 6)],
            timestamptz '2020-01-01 00:00+00' + i * interval '9 minutes',
            CASE WHEN random() < 0.04 THEN timestamptz '2024-01-01 00:00+00' END FROM generate_series(1, {users}) i"),
        format!("INSERT INTO orders SELECT i, 1 + floor(power(random(), 2) * {users}),
            (ARRAY['sent', 'paid', 'back', 'new'])[1 + floor(power(random(), 6) * 4)]::state,
            round((random() * random() * 500)::numeric, 2), timestamptz '2021-01-01 00:00+00' + i * interval '40 seconds',
            CASE WHEN random() < 0.1 THEN md5(i::text) END FROM generate_series(1, {orders}) i"),
        format!("INSERT INTO items SELECT i, 1 + floor(random() * {orders}), 1 + floor(power(random(), 4) * 3000),
            1 + floor(random() * 5) FROM generate_series(1, {rows}) i"),
        "VACUUM (FREEZE, ANALYZE)".to_owned(),
    ]
}

/// How many forms the queries below have.
const PATTERNS: usize = 12;

/// Queries over one to three tables, with constants that lie in the data.
fn queries(rows: u64) -> Vec<String> {
    let mut seed = 42_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below.max(1)
    };
    let mut all = Vec::new();
    while all.len() < 300 {
        let (user, order) = (random(rows / 20), random(rows / 4));
        let state = ["new", "paid", "sent", "back"][random(4) as usize];
        let country = ["de", "fr", "us", "uk", "jp", "pl"][random(6) as usize];
        let day = format!("timestamptz '2021-01-01 00:00+00' + interval '{} hours'", random(rows / 4 / 90));
        let (product, total, days) = (random(3000) + 1, random(400), random(60) + 1);
        let limit = [1, 10, 50, 1000][random(4) as usize];
        all.extend([
            format!("SELECT * FROM orders WHERE user_id = {user} ORDER BY placed_at DESC LIMIT {limit}"),
            format!("SELECT id FROM orders WHERE state = '{state}' AND total > {total}"),
            format!("SELECT count(*) FROM orders WHERE placed_at >= {day} AND placed_at < {day} + interval '{days} days'"),
            format!("SELECT sum(quantity) FROM items WHERE product_id = {product}"),
            format!("SELECT * FROM users WHERE country = '{country}' ORDER BY created_at LIMIT {limit}"),
            format!("SELECT * FROM users WHERE deleted_at IS NULL AND created_at > {day} ORDER BY created_at"),
            format!("SELECT o.id, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.state = '{state}' AND u.country = '{country}'"),
            format!("SELECT i.* FROM items i JOIN orders o ON o.id = i.order_id WHERE o.user_id = {user}"),
            format!("SELECT u.id, count(*) FROM users u JOIN orders o ON o.user_id = u.id JOIN items i ON i.order_id = o.id WHERE u.created_at < {day} AND i.product_id = {product} GROUP BY u.id"),
            format!("SELECT * FROM orders WHERE total BETWEEN {total} AND {total} + 2 ORDER BY total LIMIT {limit}"),
            format!("SELECT * FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id AND i.product_id = {product}) AND o.note IS NOT NULL"),
            format!("SELECT state, avg(total) FROM orders WHERE id > {order} GROUP BY state"),
        ]);
    }
    all.truncate(300);
    all
}

fn plan(session: &mut Session, query: &str) -> Value {
    let rows =
        session.rows(&format!("EXPLAIN (FORMAT JSON) {query}")).unwrap_or_else(|error| panic!("{query}: {error}"));
    json(rows[0][0].as_deref().expect("a plan"))
}

fn json(text: &str) -> Value {
    serde_json::from_str::<Value>(text).expect("JSON")[0]["Plan"].clone()
}

/// What a tree tells of each node; the last is the condition, which a query with other aliases words differently.
const WORDS: [&str; 7] =
    ["Node Type", "Relation Name", "Index Name", "Join Type", "Strategy", "Scan Direction", "Index Cond"];

/// The tree of a plan: what each node is and what it reads by.
fn tree(plan: &Value, words: &[&str]) -> String {
    let own: Vec<&str> = words.iter().filter_map(|word| plan[word].as_str()).collect();
    let below: Vec<String> = plan["Plans"].as_array().into_iter().flatten().map(|below| tree(below, words)).collect();
    format!("{}({})", own.join(" "), below.join(","))
}

/// The ways into tables, whatever joins them.
fn access(plan: &Value) -> Vec<String> {
    let own = plan["Relation Name"].as_str().or(plan["Index Name"].as_str()).map(|_| {
        let word = |word: &str| plan[word].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", word("Node Type"), word("Relation Name"), word("Index Name"))
    });
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(access);
    let mut all: Vec<String> = own.into_iter().chain(below).collect();
    all.sort();
    all
}

/// What is known of a full database.
pub(super) fn pulled(cluster: &Cluster, values: Values) -> Snapshot {
    let mut session = cluster.admin(DATABASE).expect("a session");
    let mut ask = |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    let snapshot = pull::postgres(&mut ask, values).expect("the statistics");
    assert_eq!(snapshot.missing, Vec::<String>::new());
    // What is written is what is read.
    assert_eq!(Snapshot::read(&snapshot.print()), Ok(snapshot.clone()));
    snapshot
}

/// Plans all queries in an empty database with these statistics.
fn planned(snapshot: &Snapshot, sizes: bool, queries: &[String]) -> Vec<Value> {
    let mut cluster = super::cluster().expect("it was there before");
    let (catalog, applied) = super::schema::apply_text(&cluster, SCHEMA);
    let mut stats = assumed(snapshot, &catalog);
    if !sizes {
        stats.tables.values_mut().for_each(|table| table.indexes.clear());
    }
    let inflations = {
        let mut admin = cluster.admin(DATABASE).expect("a session");
        super::statistics::inject(&mut admin, &catalog, &applied, &stats)
    };
    let write = |data: &std::path::Path| {
        inflations.iter().try_for_each(|inflation| inflation.write(data)).expect("files are written");
        Ok(())
    };
    cluster.paused(write).expect("the server comes back");
    let mut session = cluster.planner(DATABASE).expect("a session");
    queries.iter().map(|query| plan(&mut session, query)).collect()
}

fn assumed(snapshot: &Snapshot, catalog: &Catalog) -> StatsModel {
    let config = planlint::config::Config::default();
    let mut stats = planlint::assume::assume(catalog, &snapshot.seed(catalog, &config), &[]);
    snapshot.overlay(catalog, &config, &mut stats);
    stats
}

/// An engine with these statistics, and the queries as it is asked them.
fn engine(snapshot: &Snapshot, queries: &[String]) -> (PostgresEngine, Vec<EngineQuery>) {
    let statements: Vec<&str> = SCHEMA.split_inclusive(';').collect();
    let catalog = super::catalog(&statements);
    let choice = super::choice().expect("it was there before");
    let mut engine = PostgresEngine::start(&choice, Target::any(Dialect::Postgres)).expect("a server");
    assert_eq!(engine.apply(&super::native(&statements), &catalog).expect("a schema"), []);
    assert_eq!(engine.load(&catalog, &assumed(snapshot, &catalog)).expect("statistics").refused, []);
    let lowered = queries.iter().map(|sql| lower_native(&shape(sql, &catalog).expect("a query"), &catalog, 50));
    let lowered = lowered.collect();
    (engine, lowered)
}

fn asked(engine: &mut PostgresEngine, queries: &[EngineQuery], indexes: &IndexSet) -> Vec<Plan> {
    let requests: Vec<PlanRequest<'_>> = queries.iter().map(|query| PlanRequest { query, indexes }).collect();
    let answers = engine.plan(&requests, Deadline(None)).expect("a server");
    answers.into_iter().map(|answer| answer.expect("time").expect("a plan")).collect()
}

/// What agrees between two lists of plans: trees, access paths, every figure.
fn agree(name: &str, real: &[Value], planned: &[Value], words: &[&str]) -> (usize, usize) {
    let pairs = || real.iter().zip(planned);
    let trees = pairs().filter(|(real, planned)| tree(real, words) == tree(planned, words)).count();
    let accesses = pairs().filter(|(real, planned)| access(real) == access(planned)).count();
    let figures = pairs().filter(|(real, planned)| real == planned).count();
    println!(
        "{name}: of {} plans {trees} with the same tree, {accesses} with the same access paths, {figures} the same in every figure",
        real.len()
    );
    for (real, planned) in pairs().filter(|(real, planned)| access(real) != access(planned)).take(3) {
        println!("    real  {}\n    empty {}", tree(real, words), tree(planned, words));
    }
    (trees, accesses)
}

#[test]
fn pulled_statistics_plan_as_the_database_they_are_from() {
    let Some(cluster) = super::cluster() else { return };
    let rows = std::env::var("PLANLINT_AGREEMENT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    super::schema::apply_text(&cluster, SCHEMA);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    admin.run("SET search_path = public").expect("a setting");
    for statement in fill(rows) {
        admin.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    // An index that grew row by row is not what a freshly built one is.
    admin.run("REINDEX SCHEMA public").expect("the indexes are built anew");
    admin.run("VACUUM (FREEZE, ANALYZE)").expect("statistics");
    let queries = queries(rows);
    let mut session = cluster.planner(DATABASE).expect("a session");
    let real: Vec<Value> = queries.iter().map(|query| plan(&mut session, query)).collect();
    let with = pulled(&cluster, Values::Shown);
    let without = pulled(&cluster, Values::Hidden);
    assert!(!without.print().contains("example.org"), "no value is told");
    let (trees, accesses) = agree("with values", &real, &planned(&with, true, &queries), &WORDS);
    assert!(trees >= 297 && accesses >= 297, "{trees} {accesses}");
    let sized = planned(&with, false, &queries);
    let (trees, accesses) = agree("with values, sizes of indexes from the model", &real, &sized, &WORDS);
    assert!(trees >= 285 && accesses >= 285, "{trees} {accesses}");
    let (mut engine, lowered) = engine(&without, &queries);
    let plans = asked(&mut engine, &lowered, &IndexSet::default());
    let plans: Vec<Value> = plans.iter().map(|plan| json(&plan.raw)).collect();
    let (trees, accesses) = agree("without values", &real, &plans, &WORDS[..6]);
    assert!(trees >= 240 && accesses >= 252, "{trees} {accesses}");
    drop(engine);
    sizes(&mut admin, &without);
    candidates(&mut session, &with, &queries, 0.99);
    candidates(&mut session, &without, &queries, 0.9);
}

/// Indexes that the database does not have.
const CANDIDATES: &[(&str, &[&str])] = &[
    ("users", &["created_at"]),
    ("users", &["country"]),
    ("users", &["country", "email"]),
    ("users", &["deleted_at", "created_at"]),
    ("orders", &["user_id"]),
    ("orders", &["user_id", "total"]),
    ("orders", &["state", "total"]),
    ("orders", &["total", "state"]),
    ("orders", &["placed_at"]),
    ("orders", &["placed_at", "state"]),
    ("orders", &["note"]),
    ("items", &["order_id", "product_id"]),
    ("items", &["product_id", "order_id"]),
    ("items", &["quantity"]),
];

/// Whether each query uses each candidate: one that is built in the full database, and one that is shown in the empty one.
fn candidates(full: &mut Session, snapshot: &Snapshot, queries: &[String], least: f64) {
    let defs = CANDIDATES
        .iter()
        .map(|(table, columns)| IndexDef::btree(Dialect::Postgres, QName::plain(*table), columns.iter().copied()));
    let (mut empty, lowered) = engine(snapshot, queries);
    let ids = empty.add_candidates(&defs.collect::<Vec<_>>()).expect("a server");
    let ids: Vec<IndexId> = ids.into_iter().map(|id| id.expect("an index")).collect();
    let (mut same, mut used, mut all) = (0, 0, 0);
    let mut differing: BTreeMap<(usize, String), [usize; 2]> = BTreeMap::new();
    let mut blind: BTreeMap<(String, usize), [usize; 2]> = BTreeMap::new();
    for (number, ((table, columns), id)) in CANDIDATES.iter().zip(ids).enumerate() {
        full.run(&format!("CREATE INDEX tried ON {table} ({})", columns.join(", "))).expect("an index");
        let shown = IndexSet { shown: [id].into(), ..IndexSet::default() };
        for (at, (sql, plan)) in queries.iter().zip(asked(&mut empty, &lowered, &shown)).enumerate() {
            let real = self::plan(full, sql).to_string().contains("\"tried\"");
            let told = plan.root.indexes().contains(&id);
            all += 1;
            used += usize::from(real);
            blind.entry((without_constants(sql), number)).or_default()[usize::from(real)] += 1;
            same += usize::from(real == told);
            if real != told {
                let candidate = format!("{table} ({})", columns.join(", "));
                differing.entry((at % PATTERNS, candidate)).or_default()[usize::from(told)] += 1;
            }
        }
        full.run("DROP INDEX tried").expect("it was there");
    }
    println!("{} candidates: {same} of {all} verdicts agree, {used} of them are that it is used", CANDIDATES.len());
    let least_wrong: usize = blind.values().map(|[unused, used]| unused.min(used)).sum();
    println!("    at most {} agree where nobody looks at constants", all - least_wrong);
    for ((pattern, candidate), [lost, gained]) in differing {
        println!(
            "    {lost} used in the full one alone, {gained} in the empty one: {candidate}, as in {}",
            queries[pattern]
        );
    }
    assert!(f64::from(same as u32) >= least * f64::from(all as u32), "{same} of {all}");
}

/// What is left of a query for those who know no values: all but its constants, of which a LIMIT is none.
fn without_constants(sql: &str) -> String {
    let mut limited = false;
    let word = |word: &str| {
        let is_constant = word.contains(|char: char| char.is_ascii_digit() || char == '\'') && !limited;
        limited = word == "LIMIT";
        if is_constant { "?".to_owned() } else { word.to_owned() }
    };
    sql.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The model's sizes against the built indexes'.
fn sizes(admin: &mut Session, snapshot: &Snapshot) {
    let cluster = super::cluster().expect("it was there before");
    let (catalog, applied) = super::schema::apply_text(&cluster, SCHEMA);
    let mut stats = assumed(snapshot, &catalog);
    stats.tables.values_mut().for_each(|table| table.indexes.clear());
    let mut empty = cluster.admin(DATABASE).expect("a session");
    let inflations = super::statistics::inject(&mut empty, &catalog, &applied, &stats);
    let mut off = Vec::new();
    for (index, facts) in applied.relations.indexes().filter(|(_, facts)| facts.method == "btree") {
        let name = &index.name.name;
        let pages = admin.rows(&format!("SELECT relpages FROM pg_class WHERE relname = '{name}'")).expect("pages");
        let real: f64 = pages[0][0].as_deref().and_then(|pages| pages.parse().ok()).expect("a number");
        let inflation = inflations.iter().find(|inflation| Some(&inflation.file) == index.file.as_ref());
        let model = inflation.expect("its size is told").pages as f64;
        println!("  {name} {:?}: built {real}, model {model}", facts.columns);
        off.push((model / real).max(real / model));
    }
    off.sort_by(f64::total_cmp);
    let (median, worst) = (off[off.len() / 2], off[off.len() - 1]);
    println!(
        "sizes of {} indexes: median off by {:.1} %, worst by {worst:.2} times",
        off.len(),
        (median - 1.0) * 100.0
    );
    assert!(median <= 1.15 && worst <= 1.5, "{off:?}");
}
