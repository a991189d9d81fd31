//! What the server counts while it works, as far as the role may see it.
//!
//! Days stand for moments, so that a file differs from the one before by what changed. Statements are told only by texts
//! that hold no value ([`valueless`]).

use super::{Pull, number, text};
use crate::pull::Row;
use crate::snapshot::{ActivityFigures, StatementFigures, StatementsFigures};
use crate::sql::valueless::{Withheld, valueless};

/// The most statements that are told, and that are looked at for them.
const MOST: usize = 500;
const LOOKED_AT: usize = 4 * MOST;

/// A database whose counters were never reset has none since 15; those of the server began when it did, or when it lost
/// them.
const SINCE: &str = "SELECT to_char(coalesce(d.stats_reset, b.stats_reset), 'YYYY-MM-DD')
FROM pg_stat_database d, pg_stat_bgwriter b WHERE d.datname = current_database()";

const UNTIL: &str = "SELECT to_char(now(), 'YYYY-MM-DD')";

const ACTIVITY: &str = "SELECT schemaname, relname, seq_scan, idx_scan, n_tup_ins, n_tup_upd, n_tup_del,
n_mod_since_analyze, to_char(greatest(last_analyze, last_autoanalyze), 'YYYY-MM-DD'), n_tup_hot_upd
FROM pg_stat_user_tables ORDER BY 1, 2";

/// Where the view is, and whether it says since when it counts (version 1.9 of the extension).
const PLACE: &str = "SELECT quote_ident(n.nspname), to_regclass(quote_ident(n.nspname) || '.pg_stat_statements_info')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";

/// Other roles' statements have no number for those who may not read them. What a version does not have is no key.
const STATEMENTS: &str = "SELECT queryid, min(query), sum(calls), sum(rows), sum(total)
FROM (SELECT p.*, coalesce(j ->> 'total_exec_time', j ->> 'total_time')::float8 AS total,
      coalesce((j ->> 'toplevel')::boolean, true) AS is_first
      FROM {schema}.pg_stat_statements p, to_jsonb(p) j
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) s
WHERE is_first GROUP BY queryid ORDER BY queryid IS NULL DESC, sum(total) DESC, queryid LIMIT {limit}";

/// Reads what was done to tables.
pub(super) fn tables(pull: &mut Pull<'_>) {
    let rows = pull.item("the activity of tables", ACTIVITY);
    for row in &rows {
        let count = |at: usize| number(row, at).unwrap_or_default();
        let figures = ActivityFigures {
            full_scans: count(2),
            index_scans: count(3),
            inserted: count(4),
            updated: count(5),
            hot_updated: number(row, 9),
            deleted: count(6),
            changed_since_analyzed: count(7),
            analyzed: text(row, 8).map(str::to_owned),
        };
        if let Some(table) = pull.table_of(row) {
            table.activity = Some(figures);
        }
    }
    pull.snapshot.counted_since = pull.day("the age of counters", SINCE);
    pull.snapshot.counted_until = pull.day("the day", UNTIL);
}

/// Reads what statements cost, if that is counted here.
pub(super) fn statements(pull: &mut Pull<'_>) {
    let place = pull.item("statements", PLACE);
    let Some(schema) = place.first().and_then(|row| text(row, 0)) else { return };
    let since = place.first().and_then(|row| text(row, 1)).and_then(|info| {
        pull.day("the age of statements", &format!("SELECT to_char(stats_reset, 'YYYY-MM-DD') FROM {info}"))
    });
    let asked = STATEMENTS.replace("{schema}", schema).replace("{limit}", &LOOKED_AT.to_string());
    let before = pull.snapshot.missing.len();
    let rows = pull.item("statements", &asked);
    if pull.snapshot.missing.len() > before {
        return;
    }
    let mut told = StatementsFigures { since, until: None, longest: Vec::new() };
    let mut endless = 0;
    for row in &rows {
        if text(row, 0).is_none() {
            let hidden = "statements of other roles: only readable to members of `pg_read_all_stats`";
            pull.snapshot.missing.push(hidden.to_owned());
            continue;
        }
        match text(row, 1).map(valueless) {
            Some(Ok(_)) if told.longest.len() == MOST => break,
            Some(Ok(sql)) => told.longest.extend(statement(row, sql)),
            Some(Err(Withheld::Endless)) => endless += 1,
            Some(Err(Withheld::Command)) | None => {}
        }
    }
    if endless > 0 {
        let statements = if endless == 1 { "statement" } else { "statements" };
        pull.snapshot.missing.push(format!("{endless} {statements} whose text is cut off within a constant"));
    }
    pull.snapshot.statements = Some(told);
}

fn statement(row: &Row, sql: String) -> Option<StatementFigures> {
    let (calls, total): (u64, f64) = (number(row, 2)?, number(row, 4)?);
    let rounded = |ms: f64| (ms * 1e3).round() / 1e3;
    Some(StatementFigures {
        id: text(row, 0)?.to_owned(),
        sql,
        calls,
        rows: number(row, 3),
        total_ms: rounded(total),
        mean_ms: rounded(total / calls.max(1) as f64),
    })
}
