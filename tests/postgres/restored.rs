//! The functions by which PostgreSQL 18 takes statistics, beside our rows of its table: the same is known afterwards, and
//! why ours are kept.

use std::time::{Duration, Instant};

use planlint::assume::assume;
use planlint::config::Config;
use planlint::pull::{self, Values};
use planlint::scratch::postgres::cluster::{Cluster, DATABASE};
use planlint::scratch::postgres::session::{Row, Session};
use planlint::snapshot::Snapshot;

const SCHEMA: &str = "
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE TABLE orders (id bigint PRIMARY KEY, state state, total numeric(10, 2), at timestamptz, note text, code varchar(9),
    rate double precision, day date, key uuid, open boolean);
CREATE TABLE parts (id int, word text) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0);
";
const ROWS: &str = "
INSERT INTO orders SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + (i % 7) / 3]::state, (i % 90) * 1.25,
    timestamptz '2024-01-01 00:00+00' + i * interval '7 minutes', CASE WHEN i % 3 = 0 THEN E'a \\'b\\', {\"c\"} ' || i % 40 END,
    'c' || i % 2000, i / 7.0, date '2024-01-01' + i % 300, md5(i::text)::uuid, i % 5 = 0 FROM generate_series(1, 9000) i;
INSERT INTO parts SELECT i, 'w' || i % 30 FROM generate_series(1, 3000) i
";

const FIGURES: &str = "SELECT c.relname, c.reltuples, c.relpages, c.relallvisible FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1";
const COLUMNS: &str = "SELECT tablename, attname, inherited, null_frac, avg_width, round(n_distinct::numeric, 4),
most_common_vals, most_common_freqs, histogram_bounds, correlation
FROM pg_stats WHERE schemaname = 'public' ORDER BY 1, 2, 3";

/// The calls that `pg_dump --statistics-only` would write.
const CALLS: &str = "
SELECT format('SELECT pg_restore_relation_stats(''schemaname'', ''public'', ''relname'', %L, ''relpages'', %L::integer,
    ''reltuples'', %L::real, ''relallvisible'', %L::integer)', c.relname, c.relpages, c.reltuples, c.relallvisible)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
UNION ALL
SELECT format('SELECT pg_restore_attribute_stats(''schemaname'', ''public'', ''relname'', %L, ''attname'', %L,
    ''inherited'', %L::boolean, ''null_frac'', %L::real, ''avg_width'', %L::integer, ''n_distinct'', %L::real,
    ''most_common_vals'', %L::text, ''most_common_freqs'', %L::real[], ''histogram_bounds'', %L::text,
    ''correlation'', %L::real)', tablename, attname, inherited, null_frac, avg_width, n_distinct, most_common_vals,
    most_common_freqs, histogram_bounds, correlation) FROM pg_stats WHERE schemaname = 'public'";

fn rows(session: &mut Session, sql: &str) -> Vec<Row> {
    session.rows(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn known(session: &mut Session) -> (Vec<Row>, Vec<Row>) {
    (rows(session, FIGURES), rows(session, COLUMNS))
}

/// An empty database, and how long it took to tell it these statistics in our own way.
fn told(snapshot: &Snapshot, schema: &str) -> (Cluster, Duration) {
    let cluster = super::cluster().expect("it was there before");
    let (catalog, applied) = super::schema::apply_text(&cluster, schema);
    let config = Config::default();
    let mut stats = assume(&catalog, &snapshot.seed(&catalog, &config), &[]);
    snapshot.overlay(&catalog, &config, &mut stats);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    let begin = Instant::now();
    super::statistics::inject(&mut admin, &catalog, &applied, &stats);
    (cluster, begin.elapsed())
}

/// An empty database that is told by the server's functions, and how long that took.
fn restored(calls: &[String], schema: &str) -> (Cluster, Duration) {
    let cluster = super::cluster().expect("it was there before");
    super::schema::apply_text(&cluster, schema);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    let begin = Instant::now();
    let answers = admin.pipeline(calls);
    let took = begin.elapsed();
    answers.into_iter().for_each(|answer| assert_eq!(answer.expect("it is taken"), [[Some("t".to_owned())]]));
    (cluster, took)
}

/// A filled database.
struct Filled {
    session: Session,
    _cluster: Cluster,
    snapshot: Snapshot,
    calls: Vec<String>,
}

/// None before version 18.
fn filled(schema: &str, rows_of_it: &str) -> Option<Filled> {
    let cluster = super::cluster()?;
    if cluster.binaries().version.major < 18 {
        return None;
    }
    let mut session = cluster.admin(DATABASE).expect("a session");
    session.run(&format!("SET search_path = public; {schema}")).expect("a schema");
    session.run(rows_of_it).expect("rows");
    session.run("VACUUM ANALYZE").expect("statistics");
    let ask = &mut |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    let snapshot = pull::postgres(ask, Values::Shown).expect("the statistics");
    let calls = rows(&mut session, CALLS).into_iter().filter_map(|mut row| row.swap_remove(0)).collect();
    Some(Filled { session, _cluster: cluster, snapshot, calls })
}

#[test]
fn our_rows_say_what_the_functions_of_the_server_say() {
    let Some(mut full) = filled(SCHEMA, ROWS) else { return };
    let truth = known(&mut full.session);
    assert_eq!((truth.0.len(), truth.1.len()), (2, 14));
    let of = |cluster: &Cluster| known(&mut cluster.admin(DATABASE).expect("a session"));
    assert_eq!(of(&restored(&full.calls, SCHEMA).0), truth);
    assert_eq!(of(&told(&full.snapshot, SCHEMA).0), truth);
    let wide: Vec<String> = (0..60).map(wide_table).collect();
    let fill: Vec<String> = (0..60)
        .map(|at| {
            format!("INSERT INTO wide_{at} SELECT {} FROM generate_series(1, 300) i", vec!["i % 150"; 20].join(", "))
        })
        .collect();
    let wide = wide.concat();
    let full = filled(&wide, &fill.join(";")).expect("it was there before");
    let ((_, ours), (_, theirs)) = (told(&full.snapshot, &wide), restored(&full.calls, &wide));
    println!("60 tables of 20 columns: {ours:.0?} by our rows, {theirs:.0?} by {} calls", full.calls.len());
}

fn wide_table(at: usize) -> String {
    let columns: Vec<String> = (0..20).map(|column| format!("c{column} int")).collect();
    format!("CREATE TABLE wide_{at} ({});", columns.join(", "))
}

/// Why the functions are not used: they read values of a domain by its own input function, which runs its checks, as
/// whoever calls; and that is a superuser.
#[test]
fn the_functions_of_the_server_would_run_what_the_code_base_defines() {
    let Some(cluster) = super::cluster().filter(|cluster| cluster.binaries().version.major >= 18) else { return };
    let schema = "
        CREATE FUNCTION evil(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$;
        CREATE DOMAIN checked AS text CHECK (evil(VALUE));
        CREATE TABLE t (a checked);";
    super::schema::apply_text(&cluster, schema);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    let call = "SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', 't', 'attname', 'a', \
                'inherited', false, 'most_common_vals', '{x}'::text, 'most_common_freqs', '{0.5}'::real[])";
    let words = admin.rows(call).expect_err("the check runs").to_string();
    assert!(words.contains("ran as planlint"), "{words}");
}
