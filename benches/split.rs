//! How fast SQL text is cut into statements, its placeholders numbered, and queries parsed.
//!
//! `cargo bench --bench split`; the splitter has to do 50 MB/s or more.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use planlint::dialect::Dialect;
use planlint::source::{FileId, HostSpan};
use planlint::sql::{parse, placeholders, split};

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

#[divan::bench(args = ["queries", "schema", "data"])]
fn splits(bencher: Bencher<'_, '_>, kind: &str) {
    let text = megabytes(match kind {
        "queries" => QUERY,
        "schema" => TABLE,
        _ => ROW,
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
