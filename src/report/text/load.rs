//! `queries --by-load`: the statements that production counted, the heaviest first, and the places that send them.

use std::io::{self, Write};

use super::{Text, count, say};
use crate::outcome::{LoadEntry, LoadMatch, LoadPlace, RunReport};
use crate::report::neutral;

/// The most places that are named of one statement.
const PLACES: usize = 5;

/// Writes a block a statement; those that no place was found for come last.
pub(super) fn write(text: &Text, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let (found, strange): (Vec<&LoadEntry>, Vec<&LoadEntry>) =
        report.load.iter().partition(|entry| entry.found.is_some());
    let share: f64 = found.iter().map(|entry| entry.share).sum();
    let of = if is_timed(report) { "time" } else { "calls" };
    let statements = count(report.load.len(), "statement", "statements");
    writeln!(out, "{statements}: {} found in the code, with {} of their {of}\n", found.len(), percent(share))?;
    found.into_iter().try_for_each(|entry| write_entry(text, entry, out))?;
    let (foreign, strange): (Vec<&LoadEntry>, Vec<&LoadEntry>) =
        strange.into_iter().partition(|entry| entry.database.is_none());
    if !strange.is_empty() {
        writeln!(out, "no source was found for:\n")?;
    }
    strange.into_iter().try_for_each(|entry| write_entry(text, entry, out))?;
    if foreign.is_empty() {
        return Ok(());
    }
    let (share, foreign) = (foreign.iter().map(|entry| entry.share).sum(), foreign.len());
    let some = count(foreign, "statement reads", "statements read");
    writeln!(out, "{some} no table of the schema, with {} of the {of}", percent(share))
}

fn is_timed(report: &RunReport) -> bool {
    report.load.iter().any(|entry| entry.total_ms.is_some())
}

fn write_entry(text: &Text, entry: &LoadEntry, out: &mut dyn Write) -> io::Result<()> {
    let calls = if entry.calls == 1 { "call" } else { "calls" };
    let mean = entry.mean_ms.map_or(String::new(), |mean| format!(", {mean:.3} ms each"));
    writeln!(out, "{} ({} {calls}{mean})", percent(entry.share), entry.calls)?;
    for place in entry.places.iter().take(PLACES) {
        writeln!(out, "  {}{}", named(place), how(entry))?;
    }
    if let Some(hidden) = entry.places.len().checked_sub(PLACES).filter(|hidden| *hidden > 0) {
        writeln!(out, "  and {hidden} more")?;
    }
    if let Some(fingerprint) = &entry.fingerprint {
        writeln!(out, "  fingerprint {fingerprint}")?;
    }
    say(text, "  ", &neutral::line(&entry.sql), out)?;
    writeln!(out)
}

fn named(place: &LoadPlace) -> String {
    let at = format!("{}:{}", neutral::line(&place.location.path), place.location.line);
    match &place.symbol {
        Some(symbol) => format!("{at} {}", neutral::line(symbol)),
        None => at,
    }
}

/// How sure it is that a place sends a statement.
fn how(entry: &LoadEntry) -> &'static str {
    match entry.found {
        Some(LoadMatch::Asked) => " (asks the same of the tables)",
        Some(LoadMatch::Rows) => " (lists other columns)",
        Some(LoadMatch::Whole) | None => "",
    }
}

/// `42.0 %`
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
