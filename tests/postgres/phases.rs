//! How long each phase takes; `scripts/postgres-phases` prints it.

use std::time::{Duration, Instant};

use planlint::scratch::postgres::cluster::{Choice, Cluster, DATABASE};
use planlint::scratch::postgres::find::{self, Wanted};

use super::choice;

const ROUNDS: usize = 5;
const EXPLAINS: usize = 3000;

#[test]
#[ignore = "prints times, asserts nothing"]
fn phases() {
    let Some(choice) = choice() else { return };
    println!("postgres {}, medians of {ROUNDS}", choice.binaries.version);
    median("find", || {
        let found = find::find(&Wanted::default());
        drop(found);
    });
    median("cold start", || {
        let cache = tempfile::tempdir().expect("a folder");
        let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice.clone() };
        Cluster::start(&choice).unwrap_or_else(|error| panic!("{error:?}"))
    });
    median("warm start", || start(&choice));
    cluster_kept(&choice);
    let mut running: Vec<Cluster> = (0..ROUNDS).map(|_| start(&choice)).collect();
    median("stop", || drop(running.pop()));
    let mut cluster = start(&choice);
    median("session", || cluster.planner(DATABASE).expect("a session"));
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX ON t (a)").expect("a table");
    let explains = vec!["EXPLAIN (FORMAT JSON) SELECT b FROM t WHERE a = 1 ORDER BY id LIMIT 10"; EXPLAINS];
    let took = median(&format!("{EXPLAINS} EXPLAINs"), || planner.pipeline(&explains));
    println!("{:>24} {:.0}", "EXPLAINs a second", EXPLAINS as f64 / took.as_secs_f64());
    drop(planner);
    let mut lanes = 0;
    let mut admin = cluster.admin(DATABASE).expect("a session");
    median("clone", || {
        lanes += 1;
        cluster.clone_database(&mut admin, &format!("lane{lanes}"), DATABASE).expect("a clone");
    });
    drop(admin);
    median("pause", || cluster.paused(|_| Ok(())).expect("it starts again"));
}

fn cluster_kept(choice: &Choice) {
    let cache = tempfile::tempdir().expect("a folder");
    let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice.clone() };
    let mut cluster = start(&choice);
    let tables = (0..169).map(|at| format!("CREATE TABLE t{at} (id bigint PRIMARY KEY, a int, b text);"));
    let indexes = (0..442).map(|at| format!("CREATE INDEX ON t{} (a, b);", at % 169));
    let schema: String = tables.chain(indexes).collect();
    cluster.planner(DATABASE).expect("a session").run(&schema).expect("tables");
    cluster.keep(1).expect("it starts again");
    median("start, 611 indexes kept", || Cluster::resume(&choice, 1).expect("it starts").expect("it is kept"));
}

fn start(choice: &Choice) -> Cluster {
    Cluster::start(choice).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The median time of a phase; what it returns is dropped after the clock stops.
fn median<T>(phase: &str, mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let before = Instant::now();
            let done = run();
            let took = before.elapsed();
            drop(done);
            took
        })
        .collect();
    times.sort();
    println!("{phase:>24} {:.1} ms", times[ROUNDS / 2].as_secs_f64() * 1e3);
    times[ROUNDS / 2]
}
