//! `advise` and `schema` as SQL: statements to run, everything else in comments.

use std::io::{self, Write};

use super::{count, neutral};
use crate::advice::Action;
use crate::outcome::{AdviceEntry, QueryEntry, RunReport};

/// Queries named before the rest is only counted.
const QUERIES_SHOWN: usize = 4;

/// Writes the index set as DDL, each change below the queries it serves.
pub(super) fn write_advice(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    for advice in &report.advice {
        out.write_all(served_by(report, advice, "-- ").as_bytes())?;
        writeln!(out, "{}\n", neutral::block(&advice.ddl))?;
    }
    match changes(report) {
        changes if changes.is_empty() => writeln!(out, "-- nothing to change"),
        changes => writeln!(out, "-- {changes}"),
    }
}

/// Why an index is to be created or dropped, a line behind `prefix` each.
pub(super) fn served_by(report: &RunReport, advice: &AdviceEntry, prefix: &str) -> String {
    let mut text = String::new();
    match (&advice.reason, &advice.covered_by) {
        (Some(reason), _) => text.push_str(&format!("{prefix}{}\n", neutral::line(reason))),
        (None, Some(covered_by)) => {
            text.push_str(&format!("{prefix}`{}` serves what this one does\n", neutral::line(covered_by)));
        }
        (None, None) => {}
    }
    let served = report.queries.iter().filter(|query| advice.queries.contains(&query.id)).map(name_of);
    let mut names: Vec<String> = served.collect();
    let hidden = names.len().saturating_sub(QUERIES_SHOWN);
    names.truncate(QUERIES_SHOWN);
    if hidden > 0 {
        names.push(format!("{hidden} more"));
    }
    if !names.is_empty() {
        text.push_str(&format!("{prefix}serves {}\n", names.join(", ")));
    }
    text
}

/// The query's own name and where it stands.
fn name_of(query: &QueryEntry) -> String {
    let place = format!("{}:{}", neutral::line(&query.location.path), query.location.line);
    match &query.symbol {
        Some(symbol) => format!("{} ({place})", neutral::line(symbol)),
        None => place,
    }
}

/// `2 indexes to create, 1 index to drop`; empty where there is nothing to change.
pub(super) fn changes(report: &RunReport) -> String {
    let of = |action| report.advice.iter().filter(|advice| advice.action == action).count();
    let words = [(of(Action::Create), "create"), (of(Action::Replace), "replace"), (of(Action::Drop), "drop")];
    let words = words.into_iter().filter(|(number, _)| *number > 0);
    words
        .map(|(number, verb)| format!("{} to {verb}", count(number, "index", "indexes")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes every table as DDL, below the place it was declared at.
pub(super) fn write_schema(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let several = report.run.databases.len() > 1;
    for table in &report.tables {
        let database = if several { format!(", database {}", neutral::line(&table.database)) } else { String::new() };
        writeln!(out, "-- {}:{}{database}", neutral::line(&table.path), table.line)?;
        for index in &table.indexes {
            let elsewhere = (index.path.as_str(), index.line) != (table.path.as_str(), table.line);
            if let Some(name) = index.name.as_ref().filter(|_| elsewhere) {
                writeln!(out, "-- {}: {}:{}", neutral::line(name), neutral::line(&index.path), index.line)?;
            }
        }
        if !table.complete {
            writeln!(out, "-- not every statement about this table was understood")?;
        }
        writeln!(out, "{}\n", neutral::block(table.ddl.trim_end()))?;
    }
    Ok(())
}
