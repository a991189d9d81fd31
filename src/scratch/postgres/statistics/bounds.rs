//! Histograms of columns of which no value is known: 21 bounds, evenly spaced, between which the server interpolates.
//!
//! So that a range can be planned as a literal at a chosen part of the rows: without a histogram, PostgreSQL takes a
//! third of the rows for a one-sided range and half a percent for a two-sided one, whatever the column. The values mean
//! nothing: moments lie between fixed days, numbers begin at nought, the same on every run.

use crate::stats::ColumnStats;

/// How many slices of equally many rows there are; a server that reads more of them reads them for every column.
const SLICES: u32 = 20;
/// The fewest numbers between the bounds, so that any part of the rows ends at one.
const LEAST: f64 = 100.0;
/// The first day of every assumed column of dates, and how many days a slice has: up to 2025-09-27.
const FIRST_DAY: (i64, u32, u32) = (2023, 1, 1);
const DAYS_A_SLICE: u32 = 50;

const DATE: u32 = 1082;
const TIME: u32 = 1083;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const SMALLINT: u32 = 21;
const INTEGER: u32 = 23;
const BIGINT: u32 = 20;
const REAL: u32 = 700;
const DOUBLE: u32 = 701;
const NUMERIC: u32 = 1700;

/// The bounds of a column of such a type (`pg_type.oid`), or none where it is no date, time or number.
pub fn evenly(base: u32, stats: &ColumnStats, rows: f64) -> Option<Vec<String>> {
    (0..=SLICES).map(|slice| at(base, stats, rows, f64::from(slice) / f64::from(SLICES))).collect()
}

/// The value below which so large a part of the rows lies, 0 to 1.
pub fn at(base: u32, stats: &ColumnStats, rows: f64, part: f64) -> Option<String> {
    let slices = part.clamp(0.0, 1.0) * f64::from(SLICES);
    match base {
        DATE => Some(day(slices)),
        TIMESTAMP => Some(format!("{} {}", day(slices), clock(slices * f64::from(DAYS_A_SLICE)))),
        TIMESTAMPTZ => Some(format!("{} {}+00", day(slices), clock(slices * f64::from(DAYS_A_SLICE)))),
        TIME => Some(clock((part * 0.999_9).clamp(0.0, 0.999_9))),
        SMALLINT | INTEGER | BIGINT => {
            let most = match base {
                SMALLINT => 32_000.0,
                INTEGER => 2e9,
                _ => 9e18,
            };
            Some(format!("{:.0}", slices * (step(stats, rows).round().min(most / f64::from(SLICES))).max(1.0)))
        }
        REAL | DOUBLE | NUMERIC => Some(format!("{:.2}", slices * step(stats, rows))),
        _ => None,
    }
}

/// How many whole numbers a slice has: as many as there are distinct ones.
fn step(stats: &ColumnStats, rows: f64) -> f64 {
    (stats.n_distinct.min(rows).max(LEAST) / f64::from(SLICES)).max(1.0)
}

/// The day so many slices after the first.
fn day(slices: f64) -> String {
    let (mut year, mut month, mut left) =
        (FIRST_DAY.0, FIRST_DAY.1, (slices * f64::from(DAYS_A_SLICE)) as u32 + FIRST_DAY.2);
    while left > days_of(year, month) {
        left -= days_of(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    format!("{year:04}-{month:02}-{left:02}")
}

fn days_of(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The time of day at the fraction of a number of days.
fn clock(days: f64) -> String {
    let seconds = (days.fract() * 86_400.0).floor() as u32;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{ColumnRole, StatsSource};

    #[test]
    fn bounds_rise_evenly_and_fit_their_type() {
        let check = |base: u32, n_distinct: f64, first: &str, middle: &str, last: &str| {
            let stats = ColumnStats {
                null_fraction: 0.0,
                avg_width: 8.0,
                n_distinct,
                correlation: 0.0,
                role: ColumnRole::Quantity,
                source: StatsSource::Assumed,
                values: None,
            };
            let bounds = evenly(base, &stats, 1e9).expect("a type with bounds");
            assert_eq!(bounds.len(), 21);
            assert_eq!([&bounds[0], &bounds[10], &bounds[20]], [first, middle, last], "{base}");
        };
        check(DATE, 1e3, "2023-01-01", "2024-05-15", "2025-09-27");
        check(TIMESTAMPTZ, 1e6, "2023-01-01 00:00:00+00", "2024-05-15 00:00:00+00", "2025-09-27 00:00:00+00");
        check(TIME, 96.0, "00:00:00", "11:59:55", "23:59:51");
        check(INTEGER, 7.0, "0", "50", "100");
        check(BIGINT, 5e8, "0", "250000000", "500000000");
        check(SMALLINT, 1e6, "0", "16000", "32000");
        check(NUMERIC, 250.0, "0.00", "125.00", "250.00");
        assert_eq!(
            at(
                25,
                &ColumnStats {
                    null_fraction: 0.0,
                    avg_width: 8.0,
                    n_distinct: 9.0,
                    correlation: 0.0,
                    role: ColumnRole::Quantity,
                    source: StatsSource::Assumed,
                    values: None
                },
                10.0,
                0.5
            ),
            None
        );
    }
}
