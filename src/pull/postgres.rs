//! PostgreSQL's statistics, versions 12 to 18.

mod activity;
mod extended;

use std::collections::BTreeMap;

use super::{Asked, Row, Values};
use crate::name::QName;
use crate::snapshot::{ColumnFigures, FORM, IndexFigures, Snapshot, TableFigures};

/// Text forms that read back to the same value, and names that are the server's own.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog;
SET LOCAL DateStyle = 'ISO';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SET LOCAL statement_timeout = '60s'";

const VERSION: &str = "SELECT current_setting('server_version')";

// Its columns differ between versions.
const COLLATION: &str =
    "SELECT d ->> 'datlocprovider', d ->> 'datcollate', coalesce(d ->> 'datlocale', d ->> 'daticulocale')
FROM (SELECT to_jsonb(p) AS d FROM pg_database p WHERE datname = current_database()) s";

const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN (
'block_size', 'constraint_exclusion', 'cpu_index_tuple_cost', 'cpu_operator_cost', 'cpu_tuple_cost',
'cursor_tuple_fraction', 'default_statistics_target', 'effective_cache_size', 'effective_io_concurrency',
'from_collapse_limit', 'geqo', 'geqo_threshold', 'hash_mem_multiplier', 'jit', 'jit_above_cost', 'join_collapse_limit',
'max_parallel_workers_per_gather', 'min_parallel_index_scan_size', 'min_parallel_table_scan_size',
'parallel_setup_cost', 'parallel_tuple_cost', 'plan_cache_mode', 'random_page_cost', 'seq_page_cost', 'work_mem')
OR (name LIKE 'enable\\_%' AND setting <> boot_val) ORDER BY name";

const TABLES: &str = "SELECT n.nspname, c.relname, c.reltuples, c.relpages, c.relallvisible, c.relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2";

const INDEXES: &str = "SELECT n.nspname, t.relname, c.relname, c.reltuples, c.relpages, s.idx_scan
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
WHERE c.relkind = 'i' AND t.relpersistence <> 't'
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 3";

/// `pg_stats` shows a role what it may read itself.
const COLUMNS: &str =
    "SELECT s.schemaname, s.tablename, s.attname, s.inherited, s.null_frac, s.avg_width, s.n_distinct,
s.correlation, to_json(s.most_common_freqs), {values}
FROM pg_stats s WHERE s.schemaname NOT LIKE 'pg\\_%' AND s.schemaname <> 'information_schema' ORDER BY 1, 2, 3, 4";

const SHOWN: &str = "to_json(s.most_common_vals::text::text[]), to_json(s.histogram_bounds::text::text[])";
const HIDDEN: &str = "NULL, NULL";

/// `pg_stats_ext` shows them to the owner of their table. What a version does not have is no key of its row.
const EXTENDED: &str = "SELECT n.nspname, t.relname, e.stxname,
(SELECT to_json(array_agg(a.attname ORDER BY a.attnum)) FROM pg_attribute a
 WHERE a.attrelid = e.stxrelid AND a.attnum = ANY (e.stxkeys)),
(SELECT to_json(array_agg(k ORDER BY k)) FROM unnest(e.stxkeys) k),
(to_jsonb(e) ->> 'stxexprs') IS NOT NULL, s.n_distinct::text, s.dependencies::text, {values},
s.n_distinct IS NULL AND s.dependencies IS NULL AND s.most_common_freqs IS NULL
FROM pg_statistic_ext e JOIN pg_class t ON t.oid = e.stxrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_namespace o ON o.oid = e.stxnamespace
LEFT JOIN pg_stats_ext s ON s.statistics_schemaname = o.nspname AND s.statistics_name = e.stxname
AND coalesce((to_jsonb(s) ->> 'inherited')::boolean, t.relkind = 'p') = (t.relkind = 'p')
WHERE n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2, 3";

const TOGETHER: &str = "to_json(s.most_common_vals), to_json(s.most_common_freqs), to_json(s.most_common_base_freqs)";

/// Reads a database's statistics.
///
/// # Errors
/// The server's words, when it does not even say which tables there are.
pub fn postgres(ask: Asked<'_>, values: Values) -> Result<Snapshot, String> {
    ask(BEGIN)?;
    let mut pull = Pull {
        ask,
        snapshot: Snapshot { planlint_stats: FORM, product: "postgres".to_owned(), ..Snapshot::default() },
        untold: 0,
    };
    let version = pull.item("the version", VERSION);
    // Distributions add their own words.
    let number = version.first().and_then(|row| text(row, 0)?.split_whitespace().next());
    pull.snapshot.version = number.unwrap_or_default().to_owned();
    let collation = pull.item("the collation", COLLATION);
    pull.snapshot.collation = collation.first().and_then(collation_of);
    let settings = pull.item("the settings", SETTINGS);
    pull.snapshot.settings =
        settings.iter().filter_map(|row| Some((text(row, 0)?.to_owned(), text(row, 1)?.to_owned()))).collect();
    let tables = (pull.ask)(TABLES)?;
    let inherited: BTreeMap<QName, bool> = tables.iter().filter_map(|row| pull.table(row)).collect();
    for row in pull.item("the extent of indexes", INDEXES) {
        pull.index(&row);
    }
    let columns = COLUMNS.replace("{values}", if values == Values::Shown { SHOWN } else { HIDDEN });
    for row in pull.item("the statistics of columns", &columns) {
        pull.column(&row, &inherited);
    }
    let together = EXTENDED.replace("{values}", if values == Values::Shown { TOGETHER } else { "NULL, NULL, NULL" });
    for row in pull.item("extended statistics", &together) {
        pull.extended(&row);
    }
    activity::tables(&mut pull);
    activity::statements(&mut pull);
    pull.note_unseen();
    // Nothing was changed; whether the transaction's end is heard of is all the same.
    let _ = (pull.ask)("COMMIT");
    Ok(pull.snapshot)
}

struct Pull<'a> {
    ask: Asked<'a>,
    snapshot: Snapshot,
    /// Objects of extended statistics of which nothing is seen.
    untold: usize,
}

impl Pull<'_> {
    /// Asks for one item; a refusal is noted and costs nothing else.
    fn item(&mut self, what: &str, sql: &str) -> Vec<Row> {
        let answered = (self.ask)("SAVEPOINT item").and_then(|_| (self.ask)(sql));
        let end = if answered.is_ok() { "RELEASE SAVEPOINT item" } else { "ROLLBACK TO SAVEPOINT item" };
        let ended = (self.ask)(end);
        match answered.and_then(|rows| ended.map(|_| rows)) {
            Ok(rows) => rows,
            Err(words) => {
                self.snapshot.missing.push(format!("{what}: {words}"));
                Vec::new()
            }
        }
    }

    /// Asks for one day.
    fn day(&mut self, what: &str, sql: &str) -> Option<String> {
        self.item(what, sql).first().and_then(|row| text(row, 0)).map(str::to_owned)
    }

    /// Notes a table; the answer says whether its statistics are those of its heirs too.
    fn table(&mut self, row: &Row) -> Option<(QName, bool)> {
        let name = QName::qualified(text(row, 0)?, text(row, 1)?);
        // -1, or no rows and no pages on servers before 14: never counted.
        let rows: f64 = number(row, 2)?;
        let pages: f64 = number(row, 3)?;
        let partitioned = text(row, 5)? == "p";
        let counted = rows >= 0.0 && (rows > 0.0 || pages > 0.0);
        let figures = TableFigures {
            rows: counted.then_some(rows),
            pages: (counted && !partitioned).then_some(pages),
            visible_pages: number(row, 4).filter(|_| counted && !partitioned),
            ..TableFigures::default()
        };
        self.snapshot.tables.insert(name.clone(), figures);
        Some((name, partitioned))
    }

    fn index(&mut self, row: &Row) {
        let Some((table, name)) = self.table_of(row).zip(text(row, 2)) else { return };
        if let (Some(rows), Some(pages)) = (number::<f64>(row, 3), number(row, 4))
            && rows >= 0.0
        {
            table
                .indexes
                .insert(name.to_owned(), IndexFigures { rows, pages, scans: number(row, 5), shared: Vec::new() });
        }
    }

    fn column(&mut self, row: &Row, inherited: &BTreeMap<QName, bool>) {
        let Some(name) = text(row, 0).zip(text(row, 1)).map(|(schema, table)| QName::qualified(schema, table)) else {
            return;
        };
        // A table with heirs has two rows a column; a partitioned one has no rows of its own.
        if inherited.get(&name) != Some(&(text(row, 3) == Some("t"))) {
            return;
        }
        let (Some(table), Some(column)) = (self.snapshot.tables.get_mut(&name), text(row, 2)) else { return };
        let figures = ColumnFigures {
            null_fraction: number(row, 4),
            avg_width: number(row, 5),
            distinct: number(row, 6).filter(|distinct| *distinct != 0.0),
            correlation: number(row, 7),
            common_fractions: list(row, 8),
            common_values: list(row, 9),
            histogram: list(row, 10),
        };
        table.columns.insert(column.to_owned(), figures);
    }

    fn extended(&mut self, row: &Row) {
        let Some((table, name)) = self.table_of(row).zip(text(row, 2)) else { return };
        table.extended.insert(name.to_owned(), extended::read(row));
        if extended::is_strange(row) {
            let newer = format!("extended statistics `{name}`: in a form that this planlint does not read");
            self.snapshot.missing.push(newer);
        }
        self.untold += usize::from(text(row, 11) == Some("t"));
    }

    fn table_of(&mut self, row: &Row) -> Option<&mut TableFigures> {
        self.snapshot.tables.get_mut(&QName::qualified(text(row, 0)?, text(row, 1)?))
    }

    /// Says how many tables the server never counted or would not show.
    fn note_unseen(&mut self) {
        let tables = || self.snapshot.tables.values();
        let uncounted = tables().filter(|table| table.rows.is_none()).count();
        let unseen =
            tables().filter(|table| table.rows.is_some_and(|rows| rows > 0.0) && table.columns.is_empty()).count();
        let missing = &mut self.snapshot.missing;
        let mut note = |count: usize, one: &str, more: &str, what: &str| {
            if count > 0 {
                missing.push(format!("{count} {} {what}", if count == 1 { one } else { more }));
            }
        };
        note(uncounted, "table", "tables", "never analyzed");
        let unreadable = "without statistics of columns: never analyzed, or not readable to this role";
        note(unseen, "table", "tables", unreadable);
        let untold_why = "never analyzed, or only readable to the owner of the table";
        note(self.untold, "object of extended statistics", "objects of extended statistics", untold_why);
    }
}

fn collation_of(row: &Row) -> Option<String> {
    match text(row, 0) {
        Some("i") => text(row, 2).map(|locale| format!("icu {locale}")),
        Some("b") => text(row, 2).map(|locale| format!("builtin {locale}")),
        _ => text(row, 1).map(|locale| format!("libc {locale}")),
    }
}

fn text(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn number<T: std::str::FromStr>(row: &Row, at: usize) -> Option<T> {
    text(row, at)?.parse().ok()
}

/// A JSON array.
fn list<T: serde::de::DeserializeOwned>(row: &Row, at: usize) -> Vec<T> {
    text(row, at).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
