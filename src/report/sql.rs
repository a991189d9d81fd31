//! Format `sql`: the index set as statements for the target's own shell, everything else in comments.
//!
//! Each change stands below the queries it serves and above its way back. Statements are printed as they are, or not
//! at all: a name with a shown escape in it would be another name.

use std::io::{self, Write};

use super::neutral;
use crate::advice::host::StepAction;
use crate::engine::Tier;
use crate::outcome::{AdviceEntry, HostStepEntry, QueryEntry, RunReport};

/// Writes the index set as SQL.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sql;

/// Queries named before the rest is only counted.
const QUERIES_SHOWN: usize = 4;

impl super::Reporter for Sql {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        if !report.run.complete {
            writeln!(out, "-- the run was cut short: this set is not complete\n")?;
        }
        if report.advice.is_empty() {
            return writeln!(out, "-- nothing to change");
        }
        write_changes(report, out)
    }
}

/// Writes every change with its reason and its way back; changes of different databases under the database's name.
pub(super) fn write_changes(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut database = None;
    for (number, advice) in report.advice.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        if let Some(name) = another_database(report, &mut database, advice) {
            writeln!(out, "-- {name}\n")?;
        }
        out.write_all(served_by(report, advice, "-- ").as_bytes())?;
        writeln!(out, "{}", statements(&advice.ddl))?;
        for (place, code) in host_steps(advice) {
            writeln!(out, "-- {place}: {}", neutral::line(code))?;
        }
        for line in advice.down.lines() {
            writeln!(out, "-- way back: {}", neutral::line(line))?;
        }
    }
    Ok(())
}

/// A change in the words of the framework that declares the table, by steps: where, and the code.
pub(super) fn host_steps(advice: &AdviceEntry) -> impl Iterator<Item = (String, &str)> {
    advice.host.iter().map(|HostStepEntry { action, holder, text, location, .. }| {
        let (holder, path, line) = (neutral::line(holder), neutral::line(&location.path), location.line);
        match action {
            StepAction::Add => (format!("or add to `{holder}` at {path}:{line}"), text.as_str()),
            StepAction::Remove => (format!("or take out of `{holder}` at {path}:{line}"), text.as_str()),
        }
    })
}

/// Names the database that a change is of, where the report has several and the change before was of another.
pub(super) fn another_database<'a>(
    report: &RunReport,
    last: &mut Option<&'a str>,
    advice: &'a AdviceEntry,
) -> Option<String> {
    if report.run.databases.len() < 2 || last.replace(&advice.database) == Some(&advice.database) {
        return None;
    }
    let entry = report.run.databases.iter().find(|entry| entry.name == advice.database);
    let dialect = entry.map_or(String::new(), |entry| format!(" ({})", entry.dialect));
    Some(format!("database {}{dialect}", neutral::line(&advice.database)))
}

/// Statements as they are; as a comment where a name in them holds what a terminal obeys.
fn statements(sql: &str) -> String {
    if neutral::block(sql) == sql {
        return sql.to_owned();
    }
    let mut text = "-- left out, because a name in it holds characters that a terminal obeys:".to_owned();
    for line in sql.lines() {
        text.push_str(&format!("\n-- {}", neutral::line(line)));
    }
    text
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
    if let Some(size) = advice.size_bytes.filter(|_| is_counted(report, advice)) {
        text.push_str(&format!("{prefix}about {}\n", rounded(size)));
    }
    // Where no query has a price, there is nothing to compare it with.
    if let (Some(cost), Some(_)) = (advice.write_cost, advice.cost_before) {
        let table = neutral::line(&advice.table);
        text.push_str(&format!("{prefix}writes to `{table}` keep it up at a price of {cost:.1}\n"));
    }
    text
}

/// Says whether the rows of the tables are known: a size that stands on assumed rows is for programs, which see both.
fn is_counted(report: &RunReport, advice: &AdviceEntry) -> bool {
    let database = report.run.databases.iter().find(|database| database.name == advice.database);
    database.is_some_and(|database| database.tier <= Tier::Counts)
}

/// `340 kB`, `21 MB`, `3 GB`: as PostgreSQL's `pg_size_pretty` says it, which changes the unit at ten thousand.
fn rounded(bytes: u64) -> String {
    let mut size = bytes;
    let mut units = ["bytes", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().expect("there are some");
    while let (true, Some(next)) = (size >= 10_240, units.next()) {
        (size, unit) = (size / 1024 + u64::from(size % 1024 >= 512), next);
    }
    format!("{size} {unit}")
}

/// The query's own name and where it stands.
fn name_of(query: &QueryEntry) -> String {
    let place = format!("{}:{}", neutral::line(&query.location.path), query.location.line);
    match &query.symbol {
        Some(symbol) => format!("{} ({place})", neutral::line(symbol)),
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn sizes_change_their_unit_at_ten_thousand() {
        for (bytes, expect) in [
            (8192, "8192 bytes"),
            (16_384, "16 kB"),
            (10_239 * 1024, "10239 kB"),
            (22_487_040, "21 MB"),
            (u64::MAX, "16777216 TB"),
        ] {
            assert_eq!(rounded(bytes), expect);
        }
    }
}
