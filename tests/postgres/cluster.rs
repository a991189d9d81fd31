//! A server comes up, is our own, and goes away.

use std::fs;
use std::path::Path;

use planlint::scratch::postgres::cluster::{Choice, Cluster, DATABASE};

use super::{choice, cluster};

#[test]
fn a_cluster_comes_up_and_leaves_nothing() {
    let Some(cluster) = cluster() else { return };
    let data = cluster.data_dir().to_path_buf();
    let pid = server(&data);
    assert!(Path::new(&format!("/proc/{pid}")).exists() || !cfg!(target_os = "linux"));
    assert_eq!(cluster.admin(DATABASE).expect("a session").rows("SELECT 1").expect("a row"), [[Some("1".to_owned())]]);
    drop(cluster);
    assert!(!data.exists() && !data.parent().expect("a folder").exists());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

fn server(data: &Path) -> u32 {
    let text = fs::read_to_string(data.join("postmaster.pid")).expect("a running server");
    text.lines().next().and_then(|line| line.parse().ok()).expect("a number")
}

#[test]
fn several_run_at_once() {
    let Some(choice) = choice() else { return };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let cluster = Cluster::start(&choice).unwrap_or_else(|error| panic!("{error:?}"));
                cluster.planner(DATABASE).expect("a session").run("CREATE TABLE t (a int)").expect("a table");
            });
        }
    });
}

#[test]
fn the_collation_is_one_of_people() {
    let Some(cluster) = cluster() else { return };
    let rows = cluster.admin(DATABASE).expect("a session").rows("SELECT 'a' < 'B' COLLATE \"default\"").expect("a row");
    let expect = if cluster.collation().starts_with("icu") { "t" } else { "f" };
    match cluster.collation() {
        "libc C" | "libc C.utf8" => assert_eq!(rows, [[Some("f".to_owned())]]),
        _ => assert_eq!(rows, [[Some(expect.to_owned())]], "{}", cluster.collation()),
    }
}

#[test]
fn databases_are_cloned_and_files_changed_while_it_pauses() {
    let Some(mut cluster) = cluster() else { return };
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("CREATE TABLE t (a int)").expect("a table");
    drop(planner);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    cluster.clone_database(&mut admin, "lane", DATABASE).expect("a clone");
    let mut lane = cluster.admin("lane").expect("a session");
    let rows = lane.rows("SELECT oid FROM pg_class WHERE relname = 't'").expect("a row");
    let oid = rows[0][0].as_deref().and_then(|oid| oid.parse().ok()).expect("a number");
    let path = lane.relation_path(oid).expect("a path");
    drop((admin, lane));
    let size = cluster.paused(|data| {
        let file = fs::File::options().write(true).open(data.join(&path)).expect("the table's file");
        file.set_len(80 * 8192).expect("a size");
        Ok(file.metadata().expect("a size").len())
    });
    assert_eq!(size.expect("it starts again"), 80 * 8192);
    let mut planner = cluster.planner("lane").expect("a session");
    let rows = planner.rows("SELECT pg_relation_size('t')").expect("a row");
    assert_eq!(rows, [[Some((80 * 8192).to_string())]]);
    planner.run("CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TEMPORARY TABLE u (a int)").expect("it may");
}

#[test]
fn a_loaded_cluster_is_kept_under_its_digest() {
    let Some(choice) = choice() else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let choice = Choice { cache: Some(cache.path().to_path_buf()), ..choice };
    assert!(Cluster::resume(&choice, 7).expect("nothing fails").is_none());
    let mut cluster = Cluster::start(&choice).expect("it starts");
    cluster.planner(DATABASE).expect("a session").run("CREATE TABLE t AS SELECT 5 AS a").expect("a table");
    cluster.keep(7, "a note\nof lines").expect("it starts again");
    let a = |cluster: &Cluster| cluster.planner(DATABASE).expect("a session").rows("SELECT a FROM t").expect("a row");
    assert_eq!(a(&cluster), [[Some("5".to_owned())]]);
    assert!(Cluster::resume(&choice, 8).expect("nothing fails").is_none());
    let (again, note) = Cluster::resume(&choice, 7).expect("nothing fails").expect("it is kept");
    assert_eq!(note, "a note\nof lines");
    assert_eq!((a(&again), again.collation()), (a(&cluster), cluster.collation()));
}
