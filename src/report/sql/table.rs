//! What the changes gain one after the other, as a table in comments.

use std::io::{self, Write};

use crate::outcome::RunReport;
use crate::report::changes::{self, Axis, Curve, Stop, percent};
use crate::report::neutral;
use crate::report::text::count;

/// Rows of a table; of a longer curve those are shown that gain most.
const MOST_ROWS: usize = 20;

/// Writes the curve of each database that has one.
pub(in crate::report) fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    for curve in changes::curves(report) {
        writeln!(out)?;
        let of = match report.run.databases.len() {
            1 => String::new(),
            _ => format!(" of database {}", neutral::line(&curve.database.name)),
        };
        let queries = count(curve.entry.queries, "planned query", "planned queries");
        writeln!(out, "-- the weighted cost of {queries}{of} as the indexes are made one after the other")?;
        write_table(&curve, out)?;
        let idle = curve.stops.iter().skip(1).filter(|stop| !stop.gains).count();
        if idle > 0 {
            let take = if idle == 1 { "takes" } else { "take" };
            writeln!(out, "-- {idle} of them {take} nothing of it away: what asks for it stands above")?;
        }
    }
    Ok(())
}

fn write_table(curve: &Curve<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![header(curve.axis)];
    let stops = shown(&curve.stops);
    rows.extend(stops.iter().map(|stop| row(curve.axis, stop)));
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        writeln!(out, "--   {}", cells.join("  "))?;
    }
    Ok(())
}

fn header(axis: Axis) -> Vec<String> {
    let size: &[&str] = match axis {
        Axis::Bytes => &["size"],
        Axis::Parts => &["of their size"],
        Axis::Indexes => &[],
    };
    let cells = ["indexes"].iter().chain(size).chain(&["cost", "of today's"]);
    cells.map(|cell| (*cell).to_owned()).collect()
}

fn row(axis: Axis, stop: &Stop<'_>) -> Vec<String> {
    let mut cells = vec![stop.indexes.to_string()];
    if axis != Axis::Indexes {
        cells.push(axis.shown(stop.at));
    }
    cells.extend([format!("{:.0}", stop.cost), percent(stop.share)]);
    cells
}

/// The stops to show: all of a short curve; else those at which one more part of what is gained is gained, and the last.
fn shown<'a>(stops: &'a [Stop<'a>]) -> Vec<&'a Stop<'a>> {
    if stops.len() <= MOST_ROWS {
        return stops.iter().collect();
    }
    let (first, last) = (stops[0].share, stops[stops.len() - 1].share);
    let part = |stop: &Stop<'_>| ((first - stop.share) / (first - last) * (MOST_ROWS - 2) as f64 + 1e-9).floor();
    let mut reached = -1.0;
    let mut rows: Vec<&Stop<'_>> = Vec::new();
    for stop in stops {
        if part(stop) > reached {
            reached = part(stop);
            rows.push(stop);
        }
    }
    if rows.last().is_some_and(|row| row.indexes + 1 < stops.len()) {
        rows.push(&stops[stops.len() - 1]);
    }
    rows
}
