//! Coverage against an engine: what `covers` says of a SQLite index must be what SQLite does when it is told to use it.
//!
//! Random indexes and queries, always the same ones, go through the real pipe (DDL, replay, shape); `INDEXED BY` makes
//! SQLite use the index or say that it cannot.

use planlint::catalog::{Catalog, replay};
use planlint::coverage::{Coverage, Joins, Sort, serving};
use planlint::dialect::{Dialect, Target};
use planlint::schema::ddl;
use planlint::shape::shape;
use planlint::source::{FileId, HostSpan};
use rusqlite::Connection;

const TABLE: &str = "CREATE TABLE t (a INTEGER, b INTEGER, c TEXT, d TEXT COLLATE NOCASE, e INTEGER NOT NULL)";

/// A small generator of numbers (xorshift), so that every run draws the same.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn some(&mut self, list: &[&str], most: usize) -> Vec<String> {
        let mut chosen: Vec<String> = Vec::new();
        for _ in 0..self.below(most + 1) {
            let one = self.of(list).to_owned();
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }
}

fn index(draw: &mut Draw) -> String {
    let keys = ["a", "b", "c", "d", "e", "a DESC", "b DESC", "c COLLATE NOCASE", "lower(c)", "d COLLATE BINARY"];
    let mut chosen = draw.some(&keys, 3);
    let bare = |key: &str| key.split(' ').next().map(str::to_owned);
    chosen.dedup_by(|one, other| bare(one) == bare(other));
    if chosen.is_empty() {
        chosen.push("a".to_owned());
    }
    let predicates = ["", "", "", " WHERE b IS NULL", " WHERE a IS NOT NULL", " WHERE e = 1", " WHERE c IS NOT NULL"];
    format!("CREATE INDEX ix ON t ({}){}", chosen.join(", "), draw.of(&predicates))
}

fn query(draw: &mut Draw) -> String {
    let conditions = [
        "a = ?1",
        "a = 7",
        "b = ?2",
        "c = ?3",
        "d = ?4",
        "e = 1",
        "e = ?5",
        "a > ?6",
        "b < ?7",
        "b BETWEEN ?8 AND ?9",
        "b IS NULL",
        "a IS NULL",
        "c LIKE 'x%'",
        "d LIKE 'x%'",
        "c GLOB 'x*'",
        "lower(c) = ?3",
        "c LIKE '%x'",
        "a <> 5",
        "e > 2",
        "c = ?3 COLLATE NOCASE",
        "a IN (1, 2)",
        "b IN (?1, ?2)",
        "c IN ('x')",
        "(a = 1 OR a = 2)",
        "e IN (3, 4)",
        "a BETWEEN 1 AND 5",
        "a + 1 = 2",
        "NOT b = 3",
        "a IS NOT NULL",
    ];
    let chosen = draw.some(&conditions, 4);
    let filter = if chosen.is_empty() { String::new() } else { format!(" WHERE {}", chosen.join(" AND ")) };
    let orders = [
        "",
        "",
        " ORDER BY a",
        " ORDER BY b DESC",
        " ORDER BY a, b",
        " ORDER BY a, b DESC",
        " ORDER BY d",
        " ORDER BY e, a",
        " GROUP BY a",
        " GROUP BY b, a",
        " GROUP BY e, a",
    ];
    let columns = draw.of(&["*", "a", "a, b", "e"]);
    format!("SELECT {columns} FROM t{filter}{}", draw.of(&orders))
}

fn catalog(index: &str) -> Catalog {
    let place = HostSpan::new(FileId(0), 0..0);
    let steps: Vec<_> = [TABLE, index]
        .iter()
        .flat_map(|sql| {
            let (steps, skips) = ddl::steps(sql, place, Dialect::Sqlite);
            assert!(skips.is_empty(), "{sql}: {skips:?}");
            steps
        })
        .collect();
    let (catalog, skips) = replay(Dialect::Sqlite, &steps);
    assert!(skips.is_empty(), "{skips:?}");
    catalog
}

/// What planlint says: nothing, or the coverage of the index.
fn judged(index: &str, query: &str) -> Option<Coverage> {
    let catalog = catalog(index);
    let shaped = shape(query, &catalog).unwrap_or_else(|failure| panic!("{query}: {failure:?}"));
    let table = catalog.tables.values().next().expect("t");
    let target = Target::any(Dialect::Sqlite);
    serving(table, &shaped.shape.patterns[0], Joins::Ignored, &target).map(|found| found.coverage)
}

/// What SQLite does when it must use the index: its plan's lines, or nothing where it cannot.
fn planned(index: &str, query: &str) -> Option<Vec<String>> {
    let database = Connection::open_in_memory().expect("memory");
    database.execute_batch(&format!("{TABLE};\n{index};")).expect("a schema");
    let sql = format!("EXPLAIN QUERY PLAN {}", query.replacen("FROM t", "FROM t INDEXED BY ix", 1));
    let mut statement = database.prepare(&sql).ok()?;
    let rows = statement.raw_query();
    Some(rows.mapped(|row| row.get::<_, String>(3)).map(|detail| detail.expect("text")).collect())
}

/// Compares the two; `None` is agreement.
fn difference(index: &str, query: &str) -> Option<String> {
    let found = judged(index, query);
    let Some(lines) = planned(index, query) else {
        return found.filter(Coverage::seeks).map(|found| format!("SQLite cannot use it, we say {found:?}"));
    };
    let text = lines.join("; ");
    let equalities = lines[0].matches("=?").count();
    let sought = lines[0].starts_with("SEARCH");
    let range = lines[0].contains(">?") || lines[0].contains("<?");
    // SQLite seeks `IS NOT NULL` as a range above NULL; that narrows nothing worth a seek, so it is none to us.
    let range = range && !(lines[0].contains("a>?") && !query.contains("a > ") && !query.contains("a BETWEEN"));
    let sought = sought && (range || equalities > 0);
    let sorted = !text.contains("USE TEMP B-TREE FOR");
    let Some(found) = found else {
        return sought.then(|| format!("SQLite seeks ({text}), we see no use"));
    };
    let ours = (found.seeks(), usize::from(found.equality), found.range);
    if ours != (sought, equalities, range) {
        return Some(format!("SQLite: {text}; we: {found:?}"));
    }
    let asks = query.contains("ORDER BY");
    if asks && matches!(found.sort, Sort::Served(_) | Sort::NotAsked) != sorted {
        return Some(format!("SQLite: {text}; we say of the order {:?}", found.sort));
    }
    if found.grouped && text.contains("USE TEMP B-TREE FOR GROUP BY") {
        return Some(format!("SQLite: {text}; we say that groups come together"));
    }
    let covering = lines[0].contains("COVERING INDEX");
    // An index on an expression may do without the column under it; we do not rely on that.
    let unsure = index.contains("lower(") && covering;
    (sought && covering != found.covering && !unsure)
        .then(|| format!("SQLite: {text}; we say covering is {}", found.covering))
}

#[test]
fn sqlite_does_what_coverage_says() {
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let mut wrong = Vec::new();
    for _ in 0..5000 {
        let (index, query) = (index(&mut draw), query(&mut draw));
        if let Some(difference) = difference(&index, &query) {
            wrong.push(format!("{index}\n  {query}\n  {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(25)].join("\n"));
}
