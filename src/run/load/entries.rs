//! Writes the statements that production counted, with the places that send them, as the JSON contract's entries.

use super::Counted;
use crate::outcome::{LoadEntry, LoadPlace};
use crate::run::analysis::Analysis;
use crate::run::concrete::Quotes;
use crate::run::entries::site_name;
use crate::workload::Sender;

/// Writes the statements that production counted, the heaviest first.
pub(in crate::run) fn entries(analysis: &Analysis, quotes: &Quotes<'_>) -> Vec<LoadEntry> {
    let statements = &analysis.load.statements;
    let is_timed = statements.iter().any(|statement| statement.figures.total_ms > 0.0);
    let heft = |statement: &Counted| match is_timed {
        true => statement.figures.total_ms,
        false => statement.figures.calls as f64,
    };
    let whole: f64 = statements.iter().map(heft).sum();
    let mut sorted: Vec<&Counted> = statements.iter().collect();
    sorted.sort_by(|a, b| heft(b).total_cmp(&heft(a)).then_with(|| a.figures.sql.cmp(&b.figures.sql)));
    let place = |sender: &Sender| {
        let site = &analysis.sites[sender.site.0 as usize];
        LoadPlace { query: site_name(analysis, site), symbol: site.symbol.clone(), location: quotes.locate(site.place) }
    };
    let entry = |statement: &Counted| {
        let mut places: Vec<LoadPlace> = statement.senders.iter().map(place).collect();
        places.dedup_by(|a, b| a.query == b.query);
        let timed = |ms: f64| is_timed.then_some(ms);
        LoadEntry {
            fingerprint: statement.fingerprint.map(|hash| format!("{hash:032x}")),
            database: statement.database.map(|number| analysis.databases[number].name.to_string()),
            sql: statement.figures.sql.clone(),
            calls: statement.figures.calls,
            rows: statement.figures.rows,
            total_ms: timed(statement.figures.total_ms),
            mean_ms: timed(statement.figures.mean_ms),
            share: if whole > 0.0 { (heft(statement) / whole * 1e4).round() / 1e4 } else { 0.0 },
            found: statement.found,
            places,
        }
    };
    sorted.into_iter().map(entry).collect()
}
