//! What every format for people says of a plan of changes: names, sizes, shares, and the points of its curves.
//!
//! Words only; how they are laid out is a format's own.

use super::neutral;
use super::text::count;
use crate::advice::Action;
use crate::engine::Tier;
use crate::outcome::{AdviceEntry, CurveEntry, DatabaseEntry, QueryEntry, RunReport, ServedEntry};
use crate::query::PathClass;

/// A change as people are told of it.
pub(super) struct Change<'a> {
    /// Its place in the plan, from 1.
    pub(super) number: usize,
    /// The change.
    pub(super) advice: &'a AdviceEntry,
    /// The part of the workload's cost that it takes away, where there is one to tell.
    pub(super) taken: Option<f64>,
}

/// `2 indexes to create, 1 index to drop`; empty where there is nothing to change.
pub(super) fn summed(report: &RunReport) -> String {
    let of = |action| report.advice.iter().filter(|advice| advice.action == action).count();
    let words = [(of(Action::Create), "create"), (of(Action::Replace), "replace"), (of(Action::Drop), "drop")];
    let words = words.into_iter().filter(|(number, _)| *number > 0);
    words
        .map(|(number, verb)| format!("{} to {verb}", count(number, "index", "indexes")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The changes of a report in their order.
pub(super) fn changes(report: &RunReport) -> Vec<Change<'_>> {
    let taken = |advice: &AdviceEntry| {
        let curve = report.curves.iter().find(|curve| curve.database == advice.database)?;
        let at = curve.points.iter().position(|point| point.advice == advice.id)?;
        let gain = curve.gains().nth(at).filter(|gain| is_gain(*gain, curve))?;
        Some(gain / curve.cost?)
    };
    let change = |(number, advice)| Change { number, advice, taken: taken(advice) };
    (1..).zip(&report.advice).map(change).collect()
}

/// A smaller share is none.
const LEAST: f64 = 0.000_05;

/// Says whether a change takes something away that is worth a word.
pub(super) fn is_gain(gain: f64, curve: &CurveEntry) -> bool {
    curve.cost.is_some_and(|cost| gain > LEAST * cost)
}

/// `6.4 %`, `less than 0.1 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = (share * 1000.0).round() / 10.0;
    match percent {
        0.0 if share >= LEAST => "less than 0.1 %".to_owned(),
        // No minus before a zero.
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// `about 21 MB`, where the rows of the tables are known.
pub(super) fn size(report: &RunReport, advice: &AdviceEntry) -> Option<String> {
    let size = advice.size_bytes.filter(|_| is_counted(report, &advice.database)).map(bytes)?;
    Some(if advice.action == Action::Drop { format!("frees about {size}") } else { format!("about {size}") })
}

/// `writes to orders keep it up at a price of 12.3`; nothing where no query has a price to compare it with.
pub(super) fn upkeep(advice: &AdviceEntry) -> Option<String> {
    let cost = advice.write_cost.filter(|_| advice.cost_before.is_some())?;
    Some(format!("writes to `{}` keep it up at a price of {cost:.1}", neutral::line(&advice.table)))
}

/// Says whether the rows of the tables are known: a size that stands on assumed rows is for programs, which see both.
fn is_counted(report: &RunReport, database: &str) -> bool {
    report.run.databases.iter().any(|entry| entry.name == database && entry.tier <= Tier::Counts)
}

/// `340 kB`, `21 MB`, `3 GB`: as PostgreSQL's `pg_size_pretty` says it, which changes the unit at ten thousand.
fn bytes(bytes: u64) -> String {
    let mut size = bytes;
    let mut units = ["bytes", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().expect("there are some");
    while let (true, Some(next)) = (size >= 10_240, units.next()) {
        (size, unit) = (size / 1024 + u64::from(size % 1024 >= 512), next);
    }
    format!("{size} {unit}")
}

/// The queries of some names, as people know them, in the order of the report.
pub(super) fn named<'a>(report: &'a RunReport, ids: &'a [String]) -> impl Iterator<Item = String> + 'a {
    report.queries.iter().filter(|query| ids.contains(&query.id)).map(name_of)
}

/// One of the queries of a text, of the application where it sends it.
pub(super) fn sender(report: &RunReport, served: &ServedEntry) -> Option<String> {
    let of_text = || report.queries.iter().filter(|query| served.queries.contains(&query.id));
    of_text().find(|query| query.class == PathClass::App).or_else(|| of_text().next()).map(name_of)
}

/// The query's own name and where it stands.
fn name_of(query: &QueryEntry) -> String {
    let place = format!("{}:{}", neutral::line(&query.location.path), query.location.line);
    match &query.symbol {
        Some(symbol) => format!("{} ({place})", neutral::line(symbol)),
        None => place,
    }
}

/// Why an index is to be created or dropped, where queries do not say it.
pub(super) fn reason(advice: &AdviceEntry) -> Option<String> {
    match (&advice.reason, &advice.covered_by) {
        (Some(reason), _) => Some(neutral::line(reason)),
        (None, Some(covered_by)) => Some(format!("`{}` serves what this one does", neutral::line(covered_by))),
        (None, None) => None,
    }
}

/// What the axis of a curve counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Bytes of indexes.
    Bytes,
    /// Parts of the whole set's size, where bytes stand on assumed rows.
    Parts,
    /// Indexes, where the engine tells no sizes.
    Indexes,
}

/// A curve as people see it.
pub(super) struct Curve<'a> {
    /// The figures.
    pub(super) entry: &'a CurveEntry,
    /// Its database.
    pub(super) database: &'a DatabaseEntry,
    /// What its axis counts.
    pub(super) axis: Axis,
    /// From the schema as it is to the whole set.
    pub(super) stops: Vec<Stop<'a>>,
}

/// How far the plan has come.
pub(super) struct Stop<'a> {
    /// How many indexes are made.
    pub(super) indexes: usize,
    /// The last of them; none at the start.
    pub(super) advice: Option<&'a AdviceEntry>,
    /// Where it lies on the axis.
    pub(super) at: f64,
    /// Whether the last of them takes something away.
    pub(super) gains: bool,
    /// What the queries cost.
    pub(super) cost: f64,
    /// The same as a part of what they cost at the start.
    pub(super) share: f64,
}

/// The curves of a report that have something to tell.
pub(super) fn curves(report: &RunReport) -> Vec<Curve<'_>> {
    let curve = |entry| curve(report, entry);
    report.curves.iter().filter_map(curve).collect()
}

fn curve<'a>(report: &'a RunReport, entry: &'a CurveEntry) -> Option<Curve<'a>> {
    let cost = entry.cost.filter(|cost| *cost > 0.0 && !entry.points.is_empty())?;
    let database = report.run.databases.iter().find(|database| database.name == entry.database)?;
    let last = entry.points.last().and_then(|point| point.cost_share)?;
    if last > 1.0 - LEAST {
        return None;
    }
    let total = entry.points.last().and_then(|point| point.total_bytes).filter(|total| *total > 0);
    let axis = match total {
        None => Axis::Indexes,
        Some(_) if is_counted(report, &entry.database) => Axis::Bytes,
        Some(_) => Axis::Parts,
    };
    let mut stops = vec![Stop { indexes: 0, advice: None, at: 0.0, gains: false, cost, share: 1.0 }];
    for ((indexes, point), gain) in (1..).zip(&entry.points).zip(entry.gains()) {
        let bytes = point.total_bytes.unwrap_or(0) as f64;
        stops.push(Stop {
            indexes,
            advice: report.advice.iter().find(|advice| advice.id == point.advice),
            at: match axis {
                Axis::Indexes => indexes as f64,
                Axis::Bytes => bytes,
                Axis::Parts => bytes / total.unwrap_or(1) as f64,
            },
            gains: is_gain(gain, entry),
            cost: point.cost?,
            share: point.cost_share?,
        });
    }
    Some(Curve { entry, database, axis, stops })
}

impl Axis {
    /// A place on the axis: `21 MB`, `12.5 %`, `3`.
    pub(super) fn shown(self, at: f64) -> String {
        match self {
            Self::Bytes => bytes(at as u64),
            Self::Parts => percent(at),
            Self::Indexes => format!("{at:.0}"),
        }
    }

    /// What it counts.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Bytes => "size of the new indexes",
            Self::Parts => "part of the new indexes' size",
            Self::Indexes => "new indexes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_their_unit_at_ten_thousand() {
        for (size, expect) in [
            (8192, "8192 bytes"),
            (16_384, "16 kB"),
            (10_239 * 1024, "10239 kB"),
            (22_487_040, "21 MB"),
            (u64::MAX, "16777216 TB"),
        ] {
            assert_eq!(bytes(size), expect);
        }
    }

    #[test]
    fn shares_have_one_decimal_and_no_false_zero() {
        for (share, expect) in [
            (1.0, "100 %"),
            (0.999_8, "100 %"),
            (0.064_2, "6.4 %"),
            (0.000_4, "less than 0.1 %"),
            (0.0, "0 %"),
            (-0.000_01, "0 %"),
            (-0.02, "-2.0 %"),
        ] {
            assert_eq!(percent(share), expect, "{share}");
        }
    }
}
