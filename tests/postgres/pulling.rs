//! `stats pull` of what a server counts while it works: scans, changes and statements, and no value of the data.

use planlint::pull::{self, Values};
use planlint::scratch::postgres::cluster::{Cluster, DATABASE};
use planlint::scratch::postgres::session::Session;
use planlint::snapshot::Snapshot;

const WORK: &str = "
SET track_counts = on; SET search_path = public;
CREATE TABLE t (id bigint PRIMARY KEY, word text, never int);
CREATE TABLE untouched (id bigint);
";
const STATEMENTS: &[&str] = &[
    "INSERT INTO t SELECT i, 'hunter' || i FROM generate_series(1, 50) i",
    "SELECT pg_stat_force_next_flush()",
    "ANALYZE t",
    "UPDATE t SET word = 'hunter2' WHERE id < 11",
    "DELETE FROM t WHERE id = 50",
    "SELECT word FROM t WHERE word = 'hunter2' /* asked by hunter */ ORDER BY 1 LIMIT 3",
    "SELECT word FROM t WHERE word = 'hunter3' ORDER BY 1 LIMIT 4",
    "SET enable_seqscan = off",
    "SELECT word FROM t WHERE id = 4711",
    "RESET enable_seqscan",
    "CREATE ROLE someone PASSWORD 'hunter4'",
    "ALTER ROLE someone PASSWORD 'hunter5'",
];

fn pulled(session: &mut Session) -> Snapshot {
    let snapshot = pull::postgres(&mut |sql| session.rows(sql).map_err(|error| error.to_string()), Values::Hidden);
    let snapshot = snapshot.expect("the statistics");
    assert_eq!(Snapshot::read(&snapshot.print()), Ok(snapshot.clone()));
    snapshot
}

/// A server that counts statements, if these programs come with the library.
fn counting() -> Option<Cluster> {
    let mut cluster = super::cluster()?;
    let mut admin = cluster.admin(DATABASE).expect("a session");
    if let Err(error) = admin.run("LOAD 'pg_stat_statements'") {
        eprintln!("skipped: {error}");
        return None;
    }
    admin.run("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'").expect("a setting");
    drop(admin);
    cluster.paused(|_| Ok(())).expect("the server comes back");
    Some(cluster)
}

#[test]
fn what_a_server_counts_is_pulled_without_values() {
    let Some(cluster) = counting() else { return };
    let mut admin = cluster.admin(DATABASE).expect("a session");
    admin.run(WORK).expect("tables");
    assert_eq!(pulled(&mut admin).statements, None, "there is no extension yet");
    admin.run("CREATE SCHEMA \"Watch\"; CREATE EXTENSION pg_stat_statements SCHEMA \"Watch\"").expect("an extension");
    STATEMENTS.iter().for_each(|sql| admin.run(sql).unwrap_or_else(|error| panic!("{sql}: {error}")));
    admin.run("SELECT pg_stat_force_next_flush()").expect("since version 15");
    let told = pulled(&mut admin);
    let text = told.print();
    assert!(!text.contains("hunter") && !text.contains("4711") && !text.contains("PASSWORD"), "{text}");
    let statements = told.statements.as_ref().expect("they are counted");
    let find =
        |sql: &str| statements.longest.iter().find(|one| one.sql == sql).unwrap_or_else(|| panic!("{sql}: {text}"));
    let asked = find("SELECT word FROM t WHERE word = $1 ORDER BY 1 LIMIT $2");
    assert_eq!((asked.calls, asked.rows), (2, Some(3)));
    assert!(asked.total_ms > 0.0 && (asked.mean_ms - asked.total_ms / 2.0).abs() < 0.002, "{asked:?}");
    let rows = |sql: &str| find(sql).rows;
    assert_eq!(rows("UPDATE t SET word = $1 WHERE id < $2"), Some(10));
    assert_eq!(rows("DELETE FROM t WHERE id = $1"), Some(1));
    assert!(statements.longest.is_sorted_by(|one, other| one.total_ms >= other.total_ms), "{text}");
    let activity = |table: &str| {
        let table = told.tables.iter().find(|(name, _)| name.to_string() == table).expect("a table").1;
        table.activity.clone().expect("it is counted")
    };
    let t = activity("t");
    assert_eq!((t.inserted, t.updated, t.deleted, t.changed_since_analyzed), (50, 10, 1, 11));
    assert!(t.hot_updated.is_some_and(|hot| hot <= 10), "{t:?}");
    assert!(t.full_scans >= 2 && t.index_scans >= 1, "{t:?}");
    assert_eq!(t.analyzed.as_deref().map(str::len), Some("2026-11-23".len()));
    // A database whose counters were never reset counts since the server does.
    let days = told.counted_since.as_deref().zip(told.counted_until.as_deref()).expect("it is known since when");
    assert!(days.0.len() == "2026-11-23".len() && days.0 <= days.1, "{days:?}");
    assert_eq!((activity("untouched").full_scans, activity("untouched").analyzed), (0, None));
    // What a role may not see costs itself alone.
    let mut planner = cluster.planner(DATABASE).expect("a session");
    let missing = pulled(&mut planner).missing;
    assert!(
        missing.iter().any(|line| line.starts_with("statements: permission denied for schema Watch")),
        "{missing:?}"
    );
    admin.run("GRANT USAGE ON SCHEMA \"Watch\" TO planner").expect("a right");
    let seen = pulled(&mut planner);
    let hidden = "statements of other roles: only readable to members of `pg_read_all_stats`";
    assert!(seen.missing.iter().any(|line| line == hidden), "{:?}", seen.missing);
    assert!(!seen.print().contains("UPDATE t"), "{}", seen.print());
}
