//! How often production's indexes are searched: what the files of several servers count, together.
//!
//! A replica counts its own searches and no other server's, so one file says nothing of what the others are asked.

use std::collections::BTreeMap;

use super::Snapshot;
use crate::catalog::Catalog;
use crate::name::Ident;
use crate::stats::Searches;

/// Adds up what servers count; none where no file holds such counts of the schema's indexes.
pub fn searches<'a>(files: impl Iterator<Item = &'a Snapshot>, catalog: &Catalog) -> Option<Searches> {
    let counted = files.filter(|file| file.is_of(catalog.dialect)).filter(|file| counts(file));
    let of_one = |file: &Snapshot| {
        let days = file.counted_since.as_deref().zip(file.counted_until.as_deref());
        let days = days.and_then(|(since, until)| u32::try_from(day(until)? - day(since)?).ok());
        let mut known = BTreeMap::new();
        for (name, figures) in &file.tables {
            let Some(table) = catalog.table(name) else { continue };
            let scans = figures.indexes.iter().filter_map(|(index, figures)| Some((index, figures.scans?)));
            known.extend(scans.map(|(index, scans)| ((table.name.clone(), Ident::new(index)), scans)));
        }
        Searches { servers: 1, days, counts: known }
    };
    counted.map(of_one).reduce(|one, other| Searches {
        servers: one.servers + other.servers,
        days: one.days.zip(other.days).map(|(one, other)| one.min(other)),
        counts: one
            .counts
            .into_iter()
            .filter_map(|(index, count)| Some((index.clone(), count + other.counts.get(&index)?)))
            .collect(),
    })
}

fn counts(file: &Snapshot) -> bool {
    file.tables.values().flat_map(|table| table.indexes.values()).any(|index| index.scans.is_some())
}

/// Counts the days from 1970 on to a day of the Gregorian calendar, `YYYY-MM-DD` (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `days_from_civil`).
fn day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        let check = |since: &str, until: &str, expect: Option<i64>| {
            let found = day(until).zip(day(since)).map(|(until, since)| until - since);
            assert_eq!(found, expect, "{since} {until}");
        };
        check("1970-01-01", "1970-01-01", Some(0));
        check("2024-02-28", "2024-03-01", Some(2));
        check("2023-02-28", "2023-03-01", Some(1));
        check("1999-12-31", "2000-12-31", Some(366));
        check("2025-06-01", "2026-06-01", Some(365));
        check("2025-06-1x", "2026-06-01", None);
        check("2025-13-01", "2026-06-01", None);
        check("yesterday", "2026-06-01", None);
    }
}
