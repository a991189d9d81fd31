//! The scratch engine on a real server: plans as statistics make them, trials, refusals, partitions that are not there.

use planlint::assume::assume;
use planlint::catalog::{Catalog, IndexDef, IndexId};
use planlint::config::Config;
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, EngineQuery, Fidelity, IndexSet, PlanRequest, ScratchEngine};
use planlint::name::{Ident, QName};
use planlint::plan::{self, PlanNames};
use planlint::query::RefId;
use planlint::scratch::postgres::PostgresEngine;
use planlint::scratch::postgres::cluster::Choice;
use planlint::shape::shape;
use planlint::sql::lower::lower_native;

use super::choice;

const SCHEMA: &[&str] = &[
    "CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL)",
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, \
     token uuid NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL)",
    "CREATE INDEX orders_customer ON orders (customer_id)",
    "CREATE INDEX orders_late ON orders (token) WHERE created_at > '2030-01-01'",
    "CREATE TABLE events (id bigint, account_id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE INDEX events_account ON events (account_id)",
];

struct Bench {
    engine: PostgresEngine,
    catalog: Catalog,
}

struct Numbers;

impl PlanNames for Numbers {
    fn reference(&self, id: RefId) -> String {
        format!("t{}", id.0)
    }

    fn index(&self, id: IndexId) -> String {
        format!("#{}", id.0)
    }
}

impl Bench {
    fn start() -> Option<Self> {
        Self::of(SCHEMA)
    }

    fn of(schema: &[&str]) -> Option<Self> {
        let catalog = super::catalog(schema);
        let mut engine = PostgresEngine::start(&choice()?, Target::any(Dialect::Postgres)).expect("a server");
        assert_eq!(engine.apply(&super::native(schema), &catalog).expect("a schema"), []);
        let stats = assume(&catalog, &Config::default(), &[]);
        assert_eq!(engine.load(&catalog, &stats).expect("statistics").refused, []);
        Some(Self { engine, catalog })
    }

    fn lower(&self, sql: &str) -> EngineQuery {
        lower_native(&shape(sql, &self.catalog).expect("a query"), &self.catalog, 50)
    }

    /// The plan under an index set, as a tree; or the server's words.
    fn plan(&mut self, sql: &str, indexes: &IndexSet) -> String {
        let query = self.lower(sql);
        let request = PlanRequest { query: &query, indexes };
        let answer = self.engine.plan(&[request], Deadline(None)).expect("a server").remove(0).expect("time");
        match answer {
            Ok(plan) => plan::tree(&plan, &Numbers),
            Err(refusal) => format!("refused: {refusal}\n"),
        }
    }

    fn index(&self, name: &str) -> u32 {
        let name = Some(Ident::new(name));
        self.catalog.indexes().find(|index| index.name == name).expect("an index").id.0
    }
}

#[test]
fn plans_follow_the_statistics_and_the_indexes_that_are_shown() {
    let Some(mut bench) = Bench::start() else { return };
    let as_is = IndexSet::default();
    let of_customer = "SELECT * FROM orders WHERE customer_id = $1";
    let customer = bench.index("orders_customer");
    assert_eq!(bench.plan(of_customer, &as_is), format!("seek t0 by index #{customer} (customer_id = ?)\n"));
    let hidden = IndexSet { hidden: [IndexId(customer)].into(), ..IndexSet::default() };
    assert_eq!(bench.plan(of_customer, &hidden), "scan every row of t0, then filter\n");

    // A constant that a partial index is about stays what it is.
    let late = format!("seek t0 by index #{} (token = ?)\n", bench.index("orders_late"));
    assert_eq!(bench.plan("SELECT * FROM orders WHERE token = $1 AND created_at > '2030-01-01'", &as_is), late);

    let of_token = "SELECT * FROM orders WHERE token = $1";
    assert_eq!(bench.plan(of_token, &as_is), "scan every row of t0, then filter\n");
    let def = IndexDef::btree(Dialect::Postgres, QName::plain("orders"), ["token"]);
    let nowhere = IndexDef::btree(Dialect::Postgres, QName::plain("orders"), ["nowhere"]);
    let mut numbers = bench.engine.add_candidates(&[def.clone(), nowhere]).expect("a server");
    let words = numbers.pop().expect("two").expect_err("no such column");
    assert_eq!(words.to_string(), "column \"nowhere\" does not exist");
    let id = numbers.pop().expect("one").expect("an index");
    assert_eq!(bench.engine.add_candidates(&[def]).expect("a server"), [Ok(id)], "the same again");
    // A candidate stays hidden until a set shows it, and is hidden again by one that does not.
    for _ in 0..2 {
        assert_eq!(bench.plan(of_token, &as_is), "scan every row of t0, then filter\n");
        let shown = IndexSet { shown: [id].into(), ..IndexSet::default() };
        assert_eq!(bench.plan(of_token, &shown), format!("seek t0 by index #{} (token = ?)\n", id.0));
    }
}

#[test]
fn parameters_get_types_and_what_cannot_be_asked_is_refused_in_the_servers_words() {
    let Some(mut bench) = Bench::start() else { return };
    let account = format!("seek t0 by index #{} (account_id = ?)\n", bench.index("events_account"));
    for (sql, expect) in [
        ("SELECT * FROM orders WHERE $1 IS NULL OR status = $1", "scan every row of t0, then filter\n"),
        ("SELECT * FROM orders WHERE $1 IS NULL OR token = $1", "scan every row of t0, then filter\n"),
        ("SELECT concat($1, status) FROM orders", "scan every row of t0\n"),
        ("SELECT nothing($1) FROM orders", "refused: function nothing(unknown) does not exist\n"),
        ("SELECT o.nothing FROM orders o", "refused: column t0.nothing does not exist\n"),
        // A partition stands in for those that the application makes as time goes by.
        ("SELECT * FROM events WHERE at > $1", "scan every row of t0, then filter\n"),
        ("SELECT * FROM events WHERE account_id = $1", account.as_str()),
    ] {
        let found = bench.plan(sql, &IndexSet::default());
        assert!(found.ends_with(expect), "{sql}: {found}");
    }
}

/// It takes no notice of being asked to end, not even between two rounds of its loop.
const STUBBORN: &str = "CREATE FUNCTION stubborn() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN LOOP BEGIN LOOP \
     BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; \
     EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$";

#[test]
fn a_query_that_cannot_be_planned_within_bounds_costs_itself_alone() {
    let schema: Vec<&str> = SCHEMA.iter().copied().chain([STUBBORN]).collect();
    let Some(mut bench) = Bench::of(&schema) else { return };
    let as_is = IndexSet::default();
    let good = bench.lower("SELECT * FROM orders WHERE customer_id = $1");
    let asked = |sql: &str| EngineQuery { sql: sql.to_owned(), fidelity: Fidelity::Exact, ..EngineQuery::unasked() };
    let mut check = |query: EngineQuery, expect: &str| {
        let batch = [&good, &query, &good].map(|query| PlanRequest { query, indexes: &as_is });
        let answers = bench.engine.plan(&batch, Deadline(None)).expect("the server lives on");
        let said = answers.into_iter().map(|answer| answer.expect("time").err().map(|refusal| refusal.to_string()));
        assert_eq!(said.collect::<Vec<_>>(), [None, Some(expect.to_owned()), None]);
    };
    // Constants are computed while a query is planned.
    if cfg!(target_os = "linux") {
        let half = "repeat(repeat('x', 1000000), 600)";
        check(asked(&format!("SELECT length({half} || {half})")), "out of memory");
    }
    check(asked("SELECT * FROM orders WHERE id = stubborn()"), "the server does not answer in time");
}

const SLOW: &str = "CREATE FUNCTION slow(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ \
     BEGIN PERFORM pg_sleep(60); RETURN n; END $$";

#[test]
fn a_slow_function_costs_its_time_once() {
    let schema: Vec<&str> = SCHEMA.iter().copied().chain([SLOW]).collect();
    let Some(mut bench) = Bench::of(&schema) else { return };
    let timeout = choice().expect("it was there").statement_timeout;
    let texts: Vec<String> = (0..6).map(|n| format!("SELECT * FROM orders WHERE customer_id = slow({n})")).collect();
    let slow: Vec<EngineQuery> = texts.iter().map(|sql| bench.lower(sql)).collect();
    let good = bench.lower("SELECT * FROM orders WHERE customer_id = $1");
    let as_is = IndexSet::default();
    let hidden = IndexSet { hidden: [IndexId(bench.index("orders_customer"))].into(), ..IndexSet::default() };
    let begun = std::time::Instant::now();
    let mut said = Vec::new();
    for indexes in [&as_is, &hidden] {
        let batch = slow.iter().flat_map(|query| [query, &good]).map(|query| PlanRequest { query, indexes });
        let answers = bench.engine.plan(&batch.collect::<Vec<_>>(), Deadline(None)).expect("a server");
        said.extend(answers.into_iter().map(|answer| answer.expect("time").err().map(|refusal| refusal.to_string())));
    }
    let took = begun.elapsed();
    assert!(took >= timeout && took < timeout * 3, "{took:?}");
    let (slow, good): (Vec<_>, Vec<_>) = said.chunks(2).map(|pair| (pair[0].as_deref(), pair[1].as_deref())).unzip();
    assert_eq!(slow[0], Some("canceling statement due to statement timeout"));
    assert!(slow[1..].iter().all(|said| *said == Some("it calls `slow(integer)`, which came to no end before")));
    assert!(good.iter().all(Option::is_none), "{good:?}");
}

#[test]
fn a_deadline_leaves_questions_unanswered() {
    let Some(mut bench) = Bench::start() else { return };
    let query = bench.lower("SELECT 1 FROM orders");
    let as_is = IndexSet::default();
    let past = Deadline(Some(std::time::Instant::now()));
    let request = PlanRequest { query: &query, indexes: &as_is };
    assert_eq!(bench.engine.plan(&[request], past).expect("a server"), [None]);
}

/// A schema that is large enough to be kept, with a statement that is refused and one that waits for a later one.
fn large(last: &str) -> Vec<String> {
    let tables =
        (0..60).map(|at| format!("CREATE TABLE t{at} (id bigint PRIMARY KEY, a bigint REFERENCES t59, b text)"));
    let indexes = (0..60).map(|at| format!("CREATE INDEX t{at}_a ON t{at} (a)"));
    let others = [
        "CREATE INDEX t0_nothing ON t0 (nothing)",
        "CREATE TABLE parts (id bigint, at date) PARTITION BY RANGE (at)",
        "CREATE INDEX parts_at ON parts (at)",
        last,
    ];
    tables.chain(indexes).chain(others.map(str::to_owned)).collect()
}

/// Starts an engine with a schema; returns it with its skips, a plan, and how many servers are kept.
fn kept(choice: &Choice, statements: &[String]) -> (Vec<String>, String, usize) {
    let (catalog, native) = (super::catalog(statements), super::native(statements));
    let target = Target::any(Dialect::Postgres);
    let (mut engine, skips) = PostgresEngine::with_schema(choice, target, &native, &catalog).expect("a server");
    let skips = skips.iter().map(|skip| format!("{}: {}", skip.reason, skip.detail)).collect();
    let loaded = engine.load(&catalog, &assume(&catalog, &Config::default(), &[])).expect("statistics");
    let def = IndexDef::btree(Dialect::Postgres, QName::plain("parts"), ["id"]);
    engine.add_candidates(&[def]).expect("a server").remove(0).expect("an index");
    let mut bench = Bench { engine, catalog };
    let queries = ["SELECT * FROM t7 JOIN t8 ON t8.a = t7.id WHERE t7.id = $1", "SELECT * FROM parts WHERE at = $1"];
    let plans: String = queries.iter().map(|sql| bench.plan(sql, &IndexSet::default())).collect();
    let cache = choice.cache.as_ref().expect("a folder");
    let files = std::fs::read_dir(cache).expect("a folder").map(|file| file.expect("a file").path());
    let kept = files.filter(|path| path.extension().is_some_and(|end| end == "cluster")).count();
    (skips, format!("{plans}{:?}", loaded.refused), kept)
}

#[test]
fn a_schema_that_was_applied_is_there_at_once_and_told_of_in_the_same_words() {
    let Some(choice) = choice() else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice };
    let schema = large("CREATE TABLE late (id bigint)");
    let (skips, plans, files) = kept(&choice, &schema);
    assert!(skips[0].starts_with("native-refused: postgres refuses the statement: column \"nothing\""), "{skips:#?}");
    assert!(plans.contains("seek t1 by index") && plans.contains("seek t0 by index"), "{plans}");
    assert_eq!(files, 2, "an empty server and one with the schema");
    assert_eq!(kept(&choice, &schema), (skips.clone(), plans.clone(), 2));
    // Another schema is another server.
    assert_eq!(kept(&choice, &large("CREATE TABLE late (id integer)")), (skips.clone(), plans.clone(), 3));
    // A limit of time decides what is refused.
    let slow = Choice { statement_timeout: choice.statement_timeout * 2, ..choice.clone() };
    assert_eq!(kept(&slow, &schema), (skips.clone(), plans.clone(), 4));
    // What is broken is made anew.
    for file in std::fs::read_dir(cache.path()).expect("a folder").map(|file| file.expect("a file").path()) {
        std::fs::write(file, "broken").expect("a file");
    }
    assert_eq!(kept(&choice, &schema), (skips.clone(), plans.clone(), 4));
    // An extension may be installed by the next time: nothing is kept of a schema without one.
    let (_, _, files) = kept(&choice, &large("CREATE EXTENSION dblink"));
    assert_eq!(files, 4);
}
