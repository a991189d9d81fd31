//! Extended statistics: what is known of columns together is the same in an empty database as in the full one.

use planlint::assume::assume;
use planlint::config::Config;
use planlint::pull::Values;
use planlint::scratch::postgres::cluster::DATABASE;
use planlint::scratch::postgres::session::Session;
use planlint::scratch::postgres::statistics::extended;
use planlint::snapshot::Snapshot;
use planlint::stats::StatsModel;

use crate::agreement::pulled;

/// The city follows from the zip, and both from each other and the region in part; columns have other numbers than in
/// the schema of the code base, and one object bears another name there, one is not there at all.
const FULL: &str = "
    CREATE TYPE size AS ENUM ('s', 'm', 'l');
    CREATE TABLE places (gone text, id bigint PRIMARY KEY, zip text, city varchar(40), gone_too int, region int,
        size size, paid numeric, at timestamptz, code char(3));
    ALTER TABLE places DROP COLUMN gone, DROP COLUMN gone_too;
    CREATE STATISTICS address (ndistinct, dependencies, mcv) ON region, city, zip FROM places;
    CREATE STATISTICS typed (mcv) ON size, paid, at, code FROM places;
    CREATE STATISTICS deal (ndistinct, mcv) ON size, paid FROM places;
    CREATE TABLE parts (id bigint, a int, b int) PARTITION BY HASH (id);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE STATISTICS parts_ab ON a, b FROM parts;
    CREATE STATISTICS parts_0_ab ON a, b FROM parts_0;
";
const ROWS: &str = "
    INSERT INTO places SELECT i, 'z' || i % 500, CASE WHEN i % 50 = 0 THEN NULL ELSE 'city ''' || i % 50 || E'\\\\' END,
        i % 10, (ARRAY['s', 'm', 'l'])[1 + i % 3]::size, (i % 3) * 1.50,
        timestamptz '2024-02-29 23:00+00' + (i % 3) * interval '1 day', 'c' || i % 3 FROM generate_series(1, 20000) i;
    INSERT INTO parts SELECT i, i % 40, i % 80 FROM generate_series(1, 20000) i;
    ANALYZE;
";
const EMPTY: &str = "
    CREATE TYPE size AS ENUM ('s', 'm', 'l');
    CREATE TABLE places (id bigint PRIMARY KEY, code char(3), at timestamptz, paid numeric, size size, region int,
        city varchar(40), zip text);
    CREATE STATISTICS renamed (dependencies) ON city, region, zip FROM places;
    CREATE STATISTICS deal (ndistinct, mcv) ON size, paid FROM places;
    CREATE TABLE parts (b int, id bigint, a int) PARTITION BY HASH (id);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
";

/// Parameters and groups: no value plays a part.
const VALUELESS: &[&str] = &[
    "PREPARE q (text, text) AS SELECT 1 FROM places WHERE zip = $1 AND city = $2",
    "PREPARE q (int, text) AS SELECT 1 FROM places WHERE region = $1 AND zip = $2",
    "PREPARE q (int, text, text) AS SELECT 1 FROM places WHERE region = $1 AND zip = $2 AND city = $3",
    "PREPARE q AS SELECT city, zip FROM places GROUP BY 1, 2",
    "PREPARE q AS SELECT region, city FROM places GROUP BY 1, 2",
    "PREPARE q AS SELECT region, city, zip FROM places GROUP BY 1, 2, 3",
    "PREPARE q AS SELECT size, paid FROM places GROUP BY 1, 2",
    "PREPARE q AS SELECT a, b FROM parts GROUP BY 1, 2",
    "PREPARE q AS SELECT a, b FROM ONLY parts_0 GROUP BY 1, 2",
];
/// Constants: the common values do.
const VALUED: &[&str] = &[
    "PREPARE q AS SELECT 1 FROM places WHERE zip = 'z7' AND city = E'city ''7\\\\'",
    "PREPARE q AS SELECT 1 FROM places WHERE zip = 'z7' AND city = E'city ''8\\\\'",
    "PREPARE q AS SELECT 1 FROM places WHERE city IS NULL AND region = 0",
    "PREPARE q AS SELECT 1 FROM places WHERE size = 'm' AND paid = 1.5",
    "PREPARE q AS SELECT 1 FROM places WHERE size = 'm' AND paid > 2",
    "PREPARE q AS SELECT 1 FROM places WHERE at > '2024-03-01 12:00+00' AND size = 's' AND code = 'c2'",
    "PREPARE q AS SELECT 1 FROM parts_0 WHERE a = 3 AND b = 43",
];

/// The rows that the planner expects, and that it expects of the scan below.
fn estimates(session: &mut Session, queries: &[&str]) -> Vec<(String, f64)> {
    session.run("SET plan_cache_mode = force_generic_plan").expect("a setting");
    let mut all = Vec::new();
    for query in queries {
        let count = query.matches('$').count();
        let arguments = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
        session.run(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let rows = session.rows(&format!("EXPLAIN (FORMAT JSON) EXECUTE q{arguments}")).expect("a plan");
        let plan: serde_json::Value = serde_json::from_str(rows[0][0].as_deref().expect("text")).expect("JSON");
        all.push(((*query).to_owned(), plan[0]["Plan"]["Plan Rows"].as_f64().expect("rows")));
        session.run("DEALLOCATE q").expect("it was there");
    }
    all
}

/// What an empty database expects that was told these statistics.
fn expected(snapshot: &Snapshot, queries: &[&str]) -> Vec<(String, f64)> {
    let mut cluster = super::cluster().expect("it was there before");
    let (catalog, applied) = super::schema::apply_text(&cluster, EMPTY);
    let config = Config::default();
    let mut stats: StatsModel = assume(&catalog, &snapshot.seed(&catalog, &config), &[]);
    snapshot.overlay(&catalog, &config, &mut stats);
    let inflations = {
        let mut admin = cluster.admin(DATABASE).expect("a session");
        let inflations = super::statistics::inject(&mut admin, &catalog, &applied, &stats);
        // A second time is as the first.
        for _ in 0..2 {
            extended::inject(&mut admin, &applied.relations, &stats).expect("the session lives");
        }
        let left =
            "SELECT count(*) FROM pg_cast WHERE casttarget::regtype::text ~ 'pg_(ndistinct|dependencies|mcv_list)'";
        assert_eq!(admin.rows(left).expect("casts"), [[Some("0".to_owned())]], "no cast is left behind");
        inflations
    };
    cluster
        .paused(|data| {
            inflations.iter().try_for_each(|inflation| inflation.write(data)).expect("files are written");
            Ok(())
        })
        .expect("the server comes back");
    estimates(&mut cluster.planner(DATABASE).expect("a session"), queries)
}

#[test]
fn columns_together_are_known_as_in_the_full_database() {
    let Some(cluster) = super::cluster() else { return };
    let mut session = cluster.admin(DATABASE).expect("a session");
    session.run(&format!("SET search_path = public; {FULL}")).expect("a schema");
    session.run(ROWS).expect("rows");
    let with = pulled(&cluster, Values::Shown);
    let without = pulled(&cluster, Values::Hidden);
    let text = without.print();
    assert!(text.contains("determine") && !text.contains("city '") && !text.contains("2024"), "{text}");
    let full = estimates(&mut session, VALUELESS);
    assert_eq!(expected(&without, VALUELESS), full);
    assert_eq!(expected(&with, VALUELESS), full);
    let full = estimates(&mut session, VALUED);
    assert_eq!(expected(&with, VALUED), full);
    // All of it is because columns are known together.
    let blind = |snapshot: &Snapshot| {
        let mut blind = snapshot.clone();
        blind.tables.values_mut().for_each(|table| table.extended.clear());
        blind
    };
    let differing = |snapshot: &Snapshot, queries: &[&str]| {
        let full = expected(snapshot, queries);
        full.iter().zip(expected(&blind(snapshot), queries)).filter(|(one, other)| *one != other).count()
    };
    println!(
        "{} of {} and {} of {} differ without",
        differing(&without, VALUELESS),
        VALUELESS.len(),
        differing(&with, VALUED),
        VALUED.len()
    );
    assert!(differing(&without, VALUELESS) >= 7 && differing(&with, VALUED) >= 5);
}
