//! How fast SQL text is cut into statements, its placeholders numbered, queries parsed, and a whole tree read.
//!
//! `cargo bench --bench split`. Splitting and placeholders have to do 50 MB/s or more each, the whole static pass
//! (`planlint queries`) 6 MB per CPU-second; `scripts/compare-peers` measures that on real files, beside other linters.

use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use planlint::config::Config;
use planlint::dialect::Dialect;
use planlint::engine::Deadline;
use planlint::run::{Ask, Goal, Here, Plans, Session};
use planlint::source::{FileId, HostSpan, TreePath};
use planlint::sql::{parse, placeholders, split};
use planlint::tree::{Content, FileKind, Tree, TreeError, TreeFile};

fn main() {
    divan::main();
}

const QUERY: &str = "SELECT o.id, o.total, c.name AS \"customer\" -- the newest first
  FROM orders o JOIN customers c ON c.id = o.customer_id
 WHERE o.status = :status AND o.created_at >= :since AND c.email LIKE 'a%'
 ORDER BY o.created_at DESC LIMIT :limit;\n";

const TABLE: &str = "CREATE TABLE orders (
    id bigint NOT NULL, customer_id bigint NOT NULL REFERENCES customers (id), status text DEFAULT 'new'::text NOT NULL,
    total numeric(12,2), created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at = now(); RETURN NEW; END; $$;\n";

const ROW: &str = "INSERT INTO orders VALUES (1, 2, 'it''s new', 12.50, '2024-01-01 00:00:00+00');\n";

/// About four megabytes of a text.
fn megabytes(of: &str) -> String {
    of.repeat((4 << 20) / of.len())
}

#[divan::bench(args = ["queries", "schema", "data", "one line of data"])]
fn splits(bencher: Bencher<'_, '_>, kind: &str) {
    let text = megabytes(match kind {
        "queries" => QUERY,
        "schema" => TABLE,
        "data" => ROW,
        // A dump writes a table's rows into one line.
        _ => ROW.trim_end(),
    });
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| split::split(black_box(&text)).statements.len());
}

#[divan::bench]
fn numbers_placeholders(bencher: Bencher<'_, '_>) {
    let host = HostSpan::new(FileId(0), 0..QUERY.len() as u32);
    bencher.counter(BytesCount::of_str(QUERY)).bench_local(|| placeholders::normalise(black_box(QUERY), host));
}

#[divan::bench]
fn parses(bencher: Bencher<'_, '_>) {
    let host = HostSpan::new(FileId(0), 0..QUERY.len() as u32);
    let sql = placeholders::normalise(QUERY, host).sql;
    bencher.counter(BytesCount::of_str(&sql)).bench_local(|| parse::parse(black_box(&sql), Dialect::Postgres).is_ok());
}

/// A hundred files in memory.
struct Files {
    text: Arc<str>,
}

impl Tree for Files {
    fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
        let bytes = self.text.len() as u64;
        Ok((0..100)
            .map(|number| TreeFile { path: TreePath::new(format!("app/{number:03}.sql")), bytes, kind: FileKind::File })
            .collect())
    }

    fn read(&self, _: &TreePath) -> Result<Content, TreeError> {
        Ok(Content::Text(Arc::clone(&self.text)))
    }
}

/// What `planlint queries` does but for the disk: a tenth of the statements make tables.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn reads_a_tree(bencher: Bencher<'_, '_>) {
    let tree = Files { text: [TABLE, &QUERY.repeat(100), &ROW.repeat(10)].concat().into() };
    let bytes = tree.text.len() * 100;
    let ask =
        Ask { goal: Goal::Queries, here: Here::Within(""), scope: &[], until: Deadline(None), plans: Plans::Omitted };
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        Session::new(Config::default()).analyse(&tree, &ask).map(|report| report.queries.len()).is_ok()
    });
}
