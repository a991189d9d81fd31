//! Format `sql`: the index set as statements for the target's own shell, everything else in comments.
//!
//! Each change stands below the queries it serves and their plans, and above its way back; what the changes gain one
//! after the other comes last. Statements are printed as they are, or not at all: a name with a shown escape in it would
//! be another name.

mod table;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::changes::{self, Change};
use super::neutral;
use crate::advice::host::StepAction;
use crate::outcome::{AdviceEntry, HostStepEntry, RunReport};

pub(super) use table::write as write_curves;

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
        write_changes(report, out)?;
        write_curves(report, out)
    }
}

/// Writes every change with its reason, its proof and its way back; changes of different databases under the database's name.
pub(super) fn write_changes(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let (mut database, mut told) = (None, BTreeMap::new());
    for change in changes::changes(report) {
        let Change { number, advice, taken } = change;
        if number > 1 {
            writeln!(out)?;
        }
        if let Some(name) = another_database(report, &mut database, advice) {
            writeln!(out, "-- {name}\n")?;
        }
        let taken = taken.map(|share| format!("takes {} of the workload's cost", changes::percent(share)));
        let about = taken.into_iter().chain(served_by(report, advice)).collect::<Vec<_>>().join("\n-- ");
        writeln!(out, "-- {number}. {about}")?;
        out.write_all(plans(report, &change, &mut told).as_bytes())?;
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
pub(super) fn statements(sql: &str) -> String {
    if neutral::block(sql) == sql {
        return sql.to_owned();
    }
    let mut text = "-- left out, because a name in it holds characters that a terminal obeys:".to_owned();
    for line in sql.lines() {
        text.push_str(&format!("\n-- {}", neutral::line(line)));
    }
    text
}

/// Why an index is to be created or dropped, its size and its upkeep, in lines.
pub(super) fn served_by(report: &RunReport, advice: &AdviceEntry) -> Vec<String> {
    let mut lines: Vec<String> = changes::reason(advice).into_iter().collect();
    let mut names: Vec<String> = changes::named(report, &advice.queries).collect();
    let hidden = names.len().saturating_sub(QUERIES_SHOWN);
    names.truncate(QUERIES_SHOWN);
    if hidden > 0 {
        names.push(format!("{hidden} more"));
    }
    if !names.is_empty() {
        lines.push(format!("serves {}", names.join(", ")));
    }
    lines.extend(changes::size(report, advice));
    lines.extend(changes::upkeep(advice));
    lines
}

/// How the query is planned that gains most, with the schema as it is and with the set; of those whose plans are not
/// `told` with a change above.
fn plans<'a>(report: &RunReport, change: &Change<'a>, told: &mut BTreeMap<&'a [String], usize>) -> String {
    let Change { number, advice, .. } = change;
    let fresh = advice.proofs.iter().find(|served| !told.contains_key(served.queries.as_slice()));
    let Some(served) = fresh else {
        let above = advice.proofs.first().and_then(|served| told.get(served.queries.as_slice()));
        return above.map_or(String::new(), |above| format!("-- plans as shown with {above}\n"));
    };
    told.insert(&served.queries, *number);
    // Whose plan it is must be said where there are others.
    let now = match advice.queries.as_slice() {
        [_] => "plan now".to_owned(),
        _ => changes::sender(report, served).map_or("plan now".to_owned(), |name| format!("plan of {name} now")),
    };
    let mut text = String::new();
    for (what, plan) in [(now.as_str(), &served.proof.plan_before), ("plan with the set", &served.proof.plan_after)] {
        if let Some(plan) = plan {
            text.push_str(&format!("-- {what}\n"));
            plan.lines().for_each(|line| text.push_str(&format!("--   {}\n", neutral::line(line))));
        }
    }
    text
}
