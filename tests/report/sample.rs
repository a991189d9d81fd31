//! A report with a bit of everything, made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use planlint::advice::host::{Framework, StepAction};
use planlint::advice::{Action, ProofKind};
use planlint::dialect::Dialect;
use planlint::engine::Tier;
use planlint::finding::{Confidence, Severity};
use planlint::outcome::*;
use planlint::query::{PathClass, SkipStage};

const QUERIES: &str = "\
-- name: orders_of_customer
SELECT o.id, o.total
FROM orders o
JOIN customers c ON c.id = o.customer_id
WHERE o.customer_id = $1
ORDER BY o.created_at DESC
LIMIT 20;

-- name: last_order
SELECT max(created_at) FROM orders WHERE customer_id = :customer_id;

-- name: report_of_a_day -- größe: the columns below are listed on one line because the tool that wrote them does so
SELECT id, customer_id, total, created_at, shipped_at, cancelled_at, carrier, tracking_code FROM orders WHERE date(created_at) = ? AND carrier <> 'none';
";

const SCHEMA: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    total INTEGER,
    created_at TIMESTAMP
);
CREATE INDEX orders_created ON orders (created_at);
CREATE INDEX orders_created_again ON orders (created_at);
";

/// The report.
pub fn report() -> RunReport {
    RunReport {
        schema_version: 1,
        tool: Tool { name: "planlint".into(), version: "0.1.0".into() },
        run: Run { complete: true, databases: vec![database()] },
        coverage: coverage(),
        skips: vec![SkipEntry {
            stage: SkipStage::Query,
            reason: "too-deep",
            detail: "12000 operators".into(),
            path: "queries.sql".into(),
            line: Some(40),
            column: Some(1),
        }],
        queries: queries(),
        load: load(),
        findings: findings(),
        advice: advice(),
        curves: vec![CurveEntry::new("default".into(), 3, Some(5120.0), [("ix:1".into(), Some(2_621_440), 2295.8)])],
        tables: tables(),
        ddl: vec![DdlEntry {
            database: "default".to_owned(),
            before: vec!["CREATE TYPE state AS ENUM ('open', 'paid');".to_owned()],
            after: vec!["CREATE VIEW open_orders AS SELECT id FROM orders;".to_owned()],
        }],
        inputs: Vec::new(),
        sources: BTreeMap::from([
            ("queries.sql".into(), Arc::from(QUERIES)),
            ("db/schema.sql".into(), Arc::from(SCHEMA)),
        ]),
        rules: vec![
            rule("duplicate-index", Severity::Info, Confidence::High),
            rule("missing-index", Severity::Warning, Confidence::High),
            rule("unindexable-predicate", Severity::Warning, Confidence::Medium),
        ],
    }
}

fn rule(name: &'static str, severity: Severity, confidence: Confidence) -> RuleEntry {
    RuleEntry {
        name,
        severity,
        confidence,
        reads: "plan",
        summary: "Reports one thing and another. It says why.",
        page: "# rule\n\nReports one thing and another. It says why.\n\n```json\n{\"a\": 1}\n```\n",
    }
}

fn database() -> DatabaseEntry {
    DatabaseEntry {
        other_sources: Vec::new(),
        name: "default".into(),
        dialect: Dialect::Sqlite,
        dialect_source: "told by marks in the schema".into(),
        target_version: None,
        engine: Some("sqlite 3.54.1".into()),
        engine_reason: None,
        statistics_gap: None,
        native: true,
        tier: Tier::Assumed,
        schema_source: "files".into(),
        schema_paths: vec!["db/schema.sql".into()],
        tables: 2,
        indexes: 4,
    }
}

fn coverage() -> Coverage {
    Coverage {
        files: 2,
        queries: QueryCounts {
            found: 4,
            resolved: 3,
            partial: 0,
            skipped: 1,
            judged: 4,
            planned: 3,
            variants: 3,
            implied: 0,
        },
        skips: vec![
            SkipCount { stage: SkipStage::Query, reason: "too-deep".into(), count: 1 },
            SkipCount { stage: SkipStage::Schema, reason: "not-understood".into(), count: 2 },
        ],
    }
}

fn queries() -> Vec<QueryEntry> {
    let first = QueryEntry {
        id: "q:0".into(),
        location: at("queries.sql", "SELECT o.id", 0),
        symbol: Some("orders_of_customer".into()),
        database: "default".into(),
        class: PathClass::App,
        source: "sql",
        origin: "text",
        implied: None,
        resolution: "resolved",
        related: vec![],
        tables: vec!["customers".into(), "orders".into()],
        plan: None,
        raw_plan: None,
        variants: vec![VariantEntry {
            kind: "required",
            sql: "SELECT o.id, o.total\n    FROM orders o\n    JOIN customers c ON c.id = o.customer_id\n    WHERE o.customer_id = $1".into(),
            weight: 10.0,
            fidelity: Some("exact"),
            fidelity_reasons: vec![],
            patterns: vec![pattern("orders", "o"), PatternEntry { predicates: vec![], order_by: vec![], limit: None, limited: false, ..pattern("customers", "c") }],
            plan: None,
            raw_plan: None,
            explained: None,
        }],
    };
    let second = QueryEntry { id: "q:1".into(), symbol: Some("last_order".into()), ..first.clone() };
    vec![first, second]
}

fn pattern(table: &str, reference: &str) -> PatternEntry {
    PatternEntry {
        table: table.into(),
        reference: reference.into(),
        predicates: vec![
            PredicateEntry { key: KeyEntry::Column("customer_id".into()), op: "eq", optional: false },
            PredicateEntry { key: KeyEntry::Expression("lower(carrier)".into()), op: "prefix", optional: true },
        ],
        any_of: vec![],
        joins: vec![JoinEntry {
            key: KeyEntry::Column("id".into()),
            to_table: "customers".into(),
            to_column: "id".into(),
        }],
        order_by: vec![OrderEntry { key: KeyEntry::Column("created_at".into()), order: "desc", nulls: "last" }],
        group_by: vec![],
        limit: Some(20),
        limited: true,
        lock: false,
    }
}

fn findings() -> Vec<FindingEntry> {
    let missing = FindingEntry {
        rule: "missing-index".into(),
        severity: Severity::Warning,
        confidence: Confidence::High,
        message: "no index serves `customer_id` and the order by `created_at` on `orders`".into(),
        help: None,
        fingerprint: "1:00000000000000000000000000000001".into(),
        state: None,
        suppressed: None,
        location: at("queries.sql", "customer_id = $1", 11),
        class: PathClass::App,
        related: vec![RelatedEntry {
            location: at("db/schema.sql", "orders (", 6),
            label: "`orders` is declared".into(),
        }],
        database: "default".into(),
        query: Some("q:0".into()),
        variant: Some(0),
        table: Some("orders".into()),
        columns: vec!["customer_id".into(), "created_at".into()],
        advice: vec!["ix:1".into()],
        edits: vec![],
        proof: Some(proof()),
    };
    let again = FindingEntry {
        message: "no index serves `customer_id` on `orders`".into(),
        location: at("queries.sql", "customer_id = :customer_id", 11),
        columns: vec!["customer_id".into()],
        query: Some("q:1".into()),
        related: vec![],
        ..missing.clone()
    };
    let function = FindingEntry {
        rule: "unindexable-predicate".into(),
        message: "`date(created_at)` hides `created_at` from its index `orders_created`".into(),
        help: Some("compare the bare column with a range: `created_at >= ? AND created_at < ?`".into()),
        location: at("queries.sql", "created_at) = ?", 10),
        related: vec![RelatedEntry {
            location: at("db/schema.sql", "orders_created ON", 14),
            label: "`orders_created` is declared".into(),
        }],
        columns: vec!["date(created_at)".into()],
        advice: vec![],
        proof: None,
        ..missing.clone()
    };
    let duplicate = FindingEntry {
        rule: "duplicate-index".into(),
        severity: Severity::Info,
        message: "`orders_created_again` repeats `orders_created`".into(),
        location: at("db/schema.sql", "orders_created_again", 20),
        related: vec![RelatedEntry {
            location: at("db/schema.sql", "orders_created ON", 14),
            label: "the index it repeats".into(),
        }],
        query: None,
        columns: vec!["created_at".into()],
        advice: vec!["ix:2".into()],
        proof: None,
        ..missing.clone()
    };
    vec![duplicate, missing, again, function]
}

fn proof() -> ProofEntry {
    ProofEntry {
        kind: ProofKind::Cost,
        engine: "sqlite 3.54.1".into(),
        tier: Tier::Assumed,
        cost_before: Some(2304.0671),
        cost_after: Some(8.3),
        plan_before: Some("sort for ORDER BY\n  scan every row of orders o, then filter\n".into()),
        plan_after: Some("seek orders o by index idx_orders_customer_id_created_at (customer_id = ?)\n".into()),
    }
}

/// Statements that production counted.
fn load() -> Vec<LoadEntry> {
    let one = LoadEntry {
        fingerprint: Some("9f0c3b1a5d7e42688c1f0a2b3c4d5e6f".into()),
        database: Some("default".into()),
        sql: "SELECT o.id, o.total FROM orders o WHERE o.customer_id = $1".into(),
        calls: 12_345,
        rows: Some(617_250),
        total_ms: Some(98_765.4),
        mean_ms: Some(8.0),
        share: 0.9,
        found: Some(LoadMatch::Rows),
        places: vec![LoadPlace {
            query: "q:0".into(),
            symbol: Some("orders_of_customer".into()),
            location: at("queries.sql", "SELECT", 6),
        }],
    };
    let strange = LoadEntry {
        fingerprint: None,
        database: None,
        sql: "SELECT relname FROM pg_class WHERE oid = $1".into(),
        calls: 1,
        share: 0.1,
        found: None,
        places: vec![],
        ..one.clone()
    };
    vec![one, strange]
}

fn advice() -> Vec<AdviceEntry> {
    let create = AdviceEntry {
        id: "ix:1".into(),
        action: Action::Create,
        database: "default".into(),
        table: "orders".into(),
        name: "idx_orders_customer_id_created_at".into(),
        columns: vec![column("customer_id"), column("created_at")],
        include: vec![],
        predicate: None,
        unique: false,
        method: "btree".into(),
        ddl: "CREATE INDEX idx_orders_customer_id_created_at ON orders (customer_id, created_at);".into(),
        down: "DROP INDEX idx_orders_customer_id_created_at;".into(),
        host: vec![HostStepEntry {
            framework: Framework::Sqlalchemy,
            action: StepAction::Add,
            holder: "Order.__table_args__".into(),
            text: "Index(\"idx_orders_customer_id_created_at\", \"customer_id\", \"created_at\")".into(),
            location: at("db/schema.sql", "orders_created ON", 14),
        }],
        replaces: vec![],
        covered_by: None,
        reason: None,
        queries: vec!["q:0".into(), "q:1".into()],
        proofs: vec![ServedEntry { queries: vec!["q:0".into()], proof: proof() }],
        cost_before: Some(2304.1),
        cost_after: Some(8.3),
        confidence: Confidence::High,
        size_bytes: None,
        write_cost: Some(12.34),
    };
    let drop = AdviceEntry {
        id: "ix:2".into(),
        action: Action::Drop,
        name: "orders_created_again".into(),
        columns: vec![column("created_at")],
        ddl: "DROP INDEX orders_created_again;".into(),
        down: "CREATE INDEX orders_created_again ON orders (created_at);".into(),
        covered_by: Some("orders_created".into()),
        host: vec![],
        queries: vec![],
        proofs: vec![],
        cost_before: None,
        cost_after: None,
        ..create.clone()
    };
    vec![create, drop]
}

fn column(name: &str) -> IndexColumnEntry {
    IndexColumnEntry {
        name: Some(name.into()),
        expression: None,
        order: "asc".into(),
        nulls: "first".into(),
        opclass: None,
        collation: None,
    }
}

fn tables() -> Vec<TableEntry> {
    vec![TableEntry {
        name: "orders".into(),
        database: "default".into(),
        complete: false,
        columns: vec![ColumnEntry { name: "id".into(), ty: "integer".into(), not_null: true }],
        indexes: vec![IndexEntry {
            name: Some("orders_created".into()),
            columns: vec![column("created_at")],
            include: vec![],
            predicate: None,
            unique: false,
            method: "btree".into(),
            backs: None,
            path: "db/schema.sql".into(),
            line: 8,
        }],
        ddl:
            "CREATE TABLE orders (\n    id integer PRIMARY KEY\n);\nCREATE INDEX orders_created ON orders (created_at);"
                .into(),
        path: "db/schema.sql".into(),
        line: 2,
    }]
}

/// The place of `length` bytes at the first `needle` of a file.
fn at(path: &str, needle: &str, length: usize) -> Location {
    let text = if path == "queries.sql" { QUERIES } else { SCHEMA };
    let start = text.find(needle).expect("the needle is in the sample");
    let (line, column) = position(text, start);
    let (end_line, end_column) = position(text, start + length);
    Location { path: path.into(), line, column, end_line, end_column, bytes: start..start + length }
}

fn position(text: &str, byte: usize) -> (u32, u32) {
    let line = text[..byte].matches('\n').count();
    let begin = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    (line as u32 + 1, text[begin..byte].chars().count() as u32 + 1)
}
