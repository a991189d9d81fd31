//! What sessions can say and hear, and what the planner cannot do.

use std::time::{Duration, Instant};

use planlint::scratch::postgres::cluster::DATABASE;

use super::cluster;

#[test]
fn the_planner_has_no_rights() {
    let Some(cluster) = cluster() else { return };
    let mut planner = cluster.planner(DATABASE).expect("a session");
    let rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls, \
                  (SELECT count(*) FROM pg_auth_members WHERE member = r.oid), \
                  pg_has_role('planlint', 'MEMBER') FROM pg_roles r WHERE rolname = session_user";
    let expect = ["f", "0", "f"].map(|value| Some(value.to_owned()));
    assert_eq!(planner.rows(rights).expect("a row"), [expect]);
    for refused in [
        "SET ROLE planlint",
        "SET SESSION AUTHORIZATION planlint",
        "RESET SESSION AUTHORIZATION; CREATE ROLE x",
        "CREATE ROLE x",
        "CREATE DATABASE x",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "ALTER DATABASE postgres SET search_path = public",
        "ALTER SYSTEM SET work_mem = 1",
        "UPDATE pg_class SET reltuples = 1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'abs'",
        "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION f()",
        "CREATE EXTENSION dblink",
    ] {
        assert!(planner.run(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_pipeline_keeps_its_order_and_its_failures_apart() {
    let Some(cluster) = cluster() else { return };
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("CREATE SEQUENCE s").expect("a sequence");
    let statements: Vec<&str> =
        (0..1000).map(|at| if at % 10 == 7 { "SELECT nothing" } else { "SELECT nextval('s'), NULL" }).collect();
    let mut next = 0;
    for (at, answer) in planner.pipeline(&statements).into_iter().enumerate() {
        if at % 10 == 7 {
            let error = answer.expect_err("no such column");
            assert_eq!((error.code.as_str(), error.position), ("42703", Some(8)));
            assert_eq!(error.message, "column \"nothing\" does not exist");
        } else {
            next += 1;
            assert_eq!(answer.expect("a row"), [[Some(next.to_string()), None]]);
        }
    }
}

#[test]
fn what_takes_too_long_is_cancelled_and_what_never_ends_given_up() {
    let Some(cluster) = cluster() else { return };
    let mut planner = cluster.planner(DATABASE).expect("a session");
    assert_eq!(planner.run("SELECT pg_sleep(60)").expect_err("too long").code, "57014");
    planner.run("SET statement_timeout = 0").expect("dumps do that");
    assert_eq!(planner.run("SELECT pg_sleep(60)").expect_err("too long").code, "57014");
    assert!(planner.run("SELECT 1").is_ok());
    let stubborn =
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$";
    // Where the machine stalls, the question may arrive between two rounds of the loop, which it ends then.
    let lost = (0..3).any(|_| planner.run(stubborn).expect_err("it never ends").is_lost());
    assert!(lost && planner.run("SELECT 1").expect_err("given up").is_lost());
    let before = Instant::now();
    drop((planner, cluster));
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
}
