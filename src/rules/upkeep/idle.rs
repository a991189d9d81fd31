//! Indexes that no query needs, and those whose last keys none needs; the plans and shapes that say so are the advisor's.
//!
//! Here stands what that is worth: how much of the code base was read, what production's servers count, what the database
//! itself asks. What nobody has read may need an index; what production has never searched for weeks hardly does.

use std::collections::BTreeSet;

use crate::advice::{Action, Shortened, Unneeded, UnneededBy};
use crate::catalog::{Index, Table};
use crate::finding::Confidence;
use crate::name::{Ident, QName};
use crate::rules::words;
use crate::source::HostSpan;
use crate::stats::StatsSource;
use crate::workload::Share;

use super::{SchemaAdvice, Upkeep, parts, surplus};

/// The rule that tells of indexes that no query needs.
pub(super) const UNUSED: &str = "unused-index";

/// The rule that tells of those that are too long.
pub(super) const EXCESSIVE: &str = "excessive-composite";

/// The part of a schema's tables that queries have to read: else most of what the application asks is asked elsewhere.
const READ_TABLES: f64 = 0.5;

/// An index that no query needs.
#[derive(Debug)]
pub(crate) struct Idle<'a> {
    /// The index.
    pub index: &'a Index,
    /// Its name.
    pub name: &'a Ident,
    /// Without which no query is worse off.
    pub unneeded: &'a Unneeded,
    /// What production says of it.
    pub searched: Searched,
    /// How sure that is.
    pub confidence: Confidence,
    instead: Option<String>,
}

/// An index whose last keys no query needs.
#[derive(Debug)]
pub(crate) struct Long<'a> {
    /// The index.
    pub index: &'a Index,
    /// Its name.
    pub name: &'a Ident,
    /// The shorter one, and who uses the index.
    pub shortened: &'a Shortened,
    /// How sure that is.
    pub confidence: Confidence,
}

/// How often production has searched an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Searched {
    /// Nobody has asked a server.
    Unasked,
    /// Not every server that was asked knows the index.
    Unknown,
    /// Never, on this many servers, but nobody knows since when, or not for long: so many days.
    NotLately(usize, Option<u32>),
    /// Never, on this many servers, for so many days.
    Never(usize, u32),
    /// At least once.
    Once,
}

/// Lists a table's indexes that no query needs.
pub(crate) fn idle<'a>(upkeep: &Upkeep<'a>, table: &'a Table) -> Vec<Idle<'a>> {
    let mut of_table = upkeep.unneeded.iter().filter_map(|one| Some((one, table.index(one.index)?))).peekable();
    if of_table.peek().is_none() {
        return Vec::new();
    }
    let Some(share) = read(upkeep, table) else { return Vec::new() };
    let taken = taken(upkeep, table);
    let idle = |(unneeded, index): (&'a Unneeded, &'a Index)| {
        let name = index.name.as_ref()?;
        let searched = searched(upkeep, table, name);
        let narrowed = upkeep.narrowed.iter().any(|one| Some(one.index) == unneeded.instead);
        let stays = taken.contains(name) || narrowed || comes_with_another(table, index);
        let confidence = match (searched, unneeded.by) {
            (Searched::Never(..), _) => Confidence::High,
            (_, UnneededBy::Plans) if !is_counted(upkeep, table) => Confidence::Low,
            _ => sureness(upkeep, share),
        };
        let instead = unneeded.instead.and_then(|id| table.index(id)).map(words::index);
        (!stays && searched != Searched::Once).then_some(Idle { index, name, unneeded, searched, confidence, instead })
    };
    of_table.filter_map(idle).collect()
}

/// Lists a table's indexes that are longer than any query needs.
pub(crate) fn long<'a>(upkeep: &Upkeep<'a>, table: &'a Table) -> Vec<Long<'a>> {
    let mut of_table = upkeep.shortened.iter().filter_map(|one| Some((one, table.index(one.index)?))).peekable();
    if of_table.peek().is_none() {
        return Vec::new();
    }
    let Some(share) = read(upkeep, table) else { return Vec::new() };
    let taken = taken(upkeep, table);
    let confidence = sureness(upkeep, share);
    let long = |(shortened, index): (&'a Shortened, &'a Index)| {
        let name = index.name.as_ref().filter(|name| !taken.contains(*name))?;
        Some(Long { index, name, shortened, confidence })
    };
    of_table.filter_map(long).collect()
}

/// Lists the changes that take them away, but for indexes that are `gone` by another change.
pub(super) fn changes(
    upkeep: &Upkeep<'_>,
    gone: &BTreeSet<Ident>,
    speaks: &dyn Fn(&str, HostSpan) -> bool,
) -> Vec<SchemaAdvice> {
    let mut changes = Vec::new();
    for table in upkeep.catalog.tables.values() {
        let idle = idle(upkeep, table).into_iter().filter(|one| speaks(UNUSED, one.index.place));
        changes.extend(idle.filter(|one| !gone.contains(one.name)).map(|one| one.change()));
        let long = long(upkeep, table).into_iter().filter(|one| speaks(EXCESSIVE, one.index.place));
        changes.extend(long.filter(|one| !gone.contains(one.name)).map(|one| one.change()));
    }
    changes
}

/// How much of what is asked of a table could be read; none where that is too little to say what nobody asks.
fn read(upkeep: &Upkeep<'_>, table: &Table) -> Option<Share> {
    let understood = upkeep.understood;
    let tables = upkeep.catalog.tables.len() as f64;
    let share = understood.tables.get(&table.name).copied().unwrap_or_default();
    let is_read = understood.all.reaches(upkeep.limits.min_understood)
        && share.reaches(upkeep.limits.min_understood_of_table)
        && understood.tables.len() as f64 >= READ_TABLES * tables;
    let is_own = !understood.within.contains(&table.name) && !upkeep.generated.contains(&table.name);
    (is_read && is_own).then_some(share)
}

/// How sure it is, without production's word, that nobody asks for more than what was read.
fn sureness(upkeep: &Upkeep<'_>, share: Share) -> Confidence {
    let is_all_read = share.found == share.whole && !upkeep.understood.elsewhere;
    if is_all_read { Confidence::Medium } else { Confidence::Low }
}

/// The table's indexes that something else is said of, and those that the database needs.
fn taken(upkeep: &Upkeep<'_>, table: &Table) -> BTreeSet<Ident> {
    let mut taken = upkeep.understood.held.clone();
    for found in surplus(upkeep, table) {
        // Which of the two a foreign key needs was judged with both.
        taken.extend([found.index, found.keeper].into_iter().filter_map(|index| index.name.clone()));
    }
    taken.extend(parts(upkeep, table).into_iter().map(|part| part.name.clone()));
    taken
}

/// Says whether an index is made beside another one over the same columns, by one declaration (Django's index for `LIKE`).
fn comes_with_another(table: &Table, index: &Index) -> bool {
    let is_other = |other: &&Index| other.id != index.id && other.place == index.place;
    let same = |other: &Index| other.def.key_columns().eq(index.def.key_columns());
    let has_class = |index: &Index| index.def.keys.iter().any(|key| key.opclass.is_some());
    table.indexes.iter().filter(is_other).any(|other| same(other) && has_class(index) && !has_class(other))
}

/// Says whether somebody gave the figures of a table.
fn is_counted(upkeep: &Upkeep<'_>, table: &Table) -> bool {
    upkeep.stats.table(&table.name).is_some_and(|stats| stats.source > StatsSource::Assumed)
}

fn searched(upkeep: &Upkeep<'_>, table: &Table, name: &Ident) -> Searched {
    let Some(searches) = &upkeep.stats.searches else { return Searched::Unasked };
    match (searches.counts.get(&(table.name.clone(), name.clone())), searches.days) {
        (None, _) => Searched::Unknown,
        (Some(0), Some(days)) if days >= upkeep.limits.min_counted_days => Searched::Never(searches.servers, days),
        (Some(0), days) => Searched::NotLately(searches.servers, days),
        (Some(_), _) => Searched::Once,
    }
}

impl Searched {
    /// Says in words what production says, or why that is not known.
    fn told(self) -> String {
        let servers = |count: usize| match count {
            1 => "the one server whose statistics are given has never searched it".to_owned(),
            count => format!("none of {count} servers has ever searched it"),
        };
        match self {
            Self::Unasked => "what production searches is not known".to_owned(),
            Self::Unknown => "the statistics do not tell whether production searches it".to_owned(),
            Self::NotLately(count, None) => format!("{}, though since when is not known", servers(count)),
            Self::NotLately(count, Some(days)) => {
                format!("{} in {}, too short a time to tell", servers(count), told_days(days))
            }
            Self::Never(count, days) => format!("{} in {}", servers(count), told_days(days)),
            Self::Once => "production searches it".to_owned(),
        }
    }

    /// Says what would tell more.
    pub(crate) fn help(self) -> Option<&'static str> {
        match self {
            Self::Unasked | Self::Unknown => Some("`planlint stats pull` of each server tells whether it is searched"),
            Self::NotLately(..) => Some("pull the statistics again when the servers have counted for longer"),
            Self::Never(..) | Self::Once => None,
        }
    }
}

fn told_days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

impl Idle<'_> {
    /// Says in words why nobody needs it, and what production says.
    pub(crate) fn told(&self) -> String {
        let Unneeded { readers, could, by, .. } = *self.unneeded;
        let table = &self.index.def.table;
        let of = match readers {
            1 => format!("the one query of `{table}`"),
            readers => format!("the {readers} queries of `{table}`"),
        };
        let who = match (could, readers) {
            (1, 1) => format!("{of} could use it"),
            (could, _) => format!("{could} of {of} could use it"),
        };
        let why = match (by, could, &self.instead) {
            (_, 0, _) => format!("{of} could not use it"),
            (UnneededBy::Shape, 1, Some(instead)) => format!("{who}, and {instead} does as well"),
            (UnneededBy::Shape, _, Some(instead)) => {
                format!("{who}, and other indexes do as well, mostly {instead}")
            }
            _ => format!("{who}, and no plan costs more without it"),
        };
        format!("{why}; {}", self.searched.told())
    }

    fn change(&self) -> SchemaAdvice {
        SchemaAdvice {
            action: Action::Drop,
            advised: None,
            name: Some(self.name.clone()),
            def: self.index.def.clone(),
            replaces: Vec::new(),
            covered_by: None,
            reason: format!("no extracted query needs it: {}", self.told()),
            rule: UNUSED,
            place: self.index.place,
        }
    }
}

impl Long<'_> {
    /// Says in words what nobody needs.
    pub(crate) fn told(&self) -> String {
        let keys = &self.index.def.keys[self.shortened.def.keys.len()..];
        let who = match self.shortened.queries.len() {
            1 => "the query that uses it costs".to_owned(),
            count => format!("the {count} queries that use it cost"),
        };
        format!("needs no {}: {who} no more without", words::list(keys.iter().map(|key| &key.expr), "and"))
    }

    fn change(&self) -> SchemaAdvice {
        let replaced = QName { schema: self.index.def.table.schema.clone(), name: self.name.clone() };
        SchemaAdvice {
            action: Action::Replace,
            advised: None,
            name: None,
            def: self.shortened.def.clone(),
            replaces: vec![replaced],
            covered_by: None,
            reason: format!("`{}` {}", self.name, self.told()),
            rule: EXCESSIVE,
            place: self.index.place,
        }
    }
}
