//! Which places of the code send the statements that production counted, and how often each form of a query is sent then.
//!
//! A statement and a query are the same where one of three likenesses says so, the closest first. Knows no report's
//! format.

mod entries;

use std::collections::{BTreeMap, HashMap};

use super::analysis::{Analysis, Database};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::name::QName;
use crate::outcome::LoadMatch;
use crate::query::{PathClass, Resolution};
use crate::shape::shape;
use crate::snapshot::{ActivityFigures, Snapshot, StatementFigures, TableFigures};
use crate::sql::likeness::{Likeness, likeness, readable};
use crate::sql::resolution::Shaped;
use crate::workload::Sender;
pub(super) use entries::entries;

/// The statements that production counted.
#[derive(Default)]
pub(super) struct Load {
    /// Whether somebody asks for likenesses.
    pub is_asked: bool,
    /// How each form of the sites' queries is told from others.
    pub likenesses: Vec<(Sender, Likeness)>,
    /// The statements, in the order of the file.
    pub statements: Vec<Counted>,
}

impl Load {
    /// Nothing yet; likenesses will be asked for where statements are known or the configuration names some.
    pub fn of(config: &Config, figures: Option<&Snapshot>) -> Self {
        let is_named = config.workload.iter().any(|said| said.at.is_none());
        let is_counted = figures.is_some_and(|figures| figures.statements.is_some());
        Self { is_asked: is_named || is_counted, ..Self::default() }
    }

    /// How a form of a query is told from others, where that is asked for.
    pub fn likeness_of(&self, shaped: &Shaped, catalog: &Catalog) -> Option<Likeness> {
        self.is_asked.then(|| likeness(shaped, catalog))
    }
}

/// A statement and who sends it.
pub(super) struct Counted {
    pub figures: StatementFigures,
    /// The database of its tables.
    pub database: Option<usize>,
    /// Stable while the query's text and the tables' names stay.
    pub fingerprint: Option<u128>,
    /// How its senders were found.
    pub found: Option<LoadMatch>,
    /// The forms that send it, sorted; one of them does where there are several.
    pub senders: Vec<Sender>,
}

/// Finds the senders of every statement, and what was written in the time that they were counted in.
pub(super) fn find(analysis: &mut Analysis, figures: Option<&Snapshot>) {
    let Some((figures, known)) = figures.and_then(|figures| Some((figures, figures.statements.as_ref()?))) else {
        return;
    };
    let senders = Senders::of(analysis);
    let statements = known.longest.iter().map(|statement| counted(analysis, figures, &senders, statement)).collect();
    analysis.load.statements = statements;
    // Counters of another time say nothing beside these statements.
    if known.since.is_some() && known.since == figures.counted_since && known.until.is_none() {
        for database in analysis.databases.iter_mut().filter(|database| figures.is_of(database.target.dialect)) {
            database.counted = activity(database, figures);
        }
    }
}

fn activity(database: &Database, figures: &Snapshot) -> BTreeMap<QName, ActivityFigures> {
    let of_table = |(name, table): (&QName, &TableFigures)| {
        Some((database.catalog.table(name)?.name.clone(), table.activity.clone()?))
    };
    figures.tables.iter().filter_map(of_table).collect()
}

/// The senders of queries by likeness, in each database.
pub(super) struct Senders {
    /// With what tells each of them from others that ask the same.
    by: HashMap<(usize, LoadMatch, u128), Vec<(Sender, u128)>>,
}

impl Senders {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let mut by: HashMap<_, Vec<(Sender, u128)>> = HashMap::new();
        for (sender, likeness) in &analysis.load.likenesses {
            let site = &analysis.sites[sender.site.0 as usize];
            for (how, hash) in ways(likeness) {
                // What is missing of a query may be what tells it from others.
                if how == LoadMatch::Asked && site.resolution != Resolution::Resolved {
                    continue;
                }
                by.entry((usize::from(site.database.0), how, hash)).or_default().push((*sender, likeness.rows));
            }
        }
        Self { by }
    }

    /// The senders of a statement, those of the application alone where there are some.
    pub(super) fn find(
        &self,
        analysis: &Analysis,
        database: usize,
        likeness: &Likeness,
    ) -> Option<(LoadMatch, Vec<Sender>)> {
        let rank = |sender: &Sender| match analysis.sites[sender.site.0 as usize].class {
            PathClass::App | PathClass::Generated => 0,
            PathClass::Script => 1,
            _ => 2,
        };
        ways(likeness).into_iter().find_map(|(how, hash)| {
            let found = self.by.get(&(database, how, hash))?;
            let best = found.iter().map(|(sender, _)| rank(sender)).min()?;
            let mut best: Vec<(Sender, u128)> =
                found.iter().filter(|(sender, _)| rank(sender) == best).copied().collect();
            // What only asks the same may be another query: of several nobody knows which it is.
            if how == LoadMatch::Asked && best.iter().any(|(_, rows)| *rows != best[0].1) {
                return None;
            }
            best.sort_unstable();
            best.dedup();
            Some((how, best.into_iter().map(|(sender, _)| sender).collect()))
        })
    }
}

fn ways(likeness: &Likeness) -> [(LoadMatch, u128); 3] {
    [(LoadMatch::Whole, likeness.whole), (LoadMatch::Rows, likeness.rows), (LoadMatch::Asked, likeness.asked)]
}

fn counted(analysis: &Analysis, figures: &Snapshot, senders: &Senders, statement: &StatementFigures) -> Counted {
    let mut counted =
        Counted { figures: statement.clone(), database: None, fingerprint: None, found: None, senders: Vec::new() };
    let text = readable(&statement.sql);
    for (number, database) in analysis.databases.iter().enumerate() {
        if !figures.is_of(database.target.dialect) {
            continue;
        }
        let Ok(shaped) = shape(&text, &database.catalog) else { continue };
        if shaped.shape.references.is_empty() {
            continue;
        }
        let likeness = likeness(&shaped, &database.catalog);
        let found = senders.find(analysis, number, &likeness);
        if counted.database.is_none() || found.is_some() {
            (counted.database, counted.fingerprint) = (Some(number), Some(likeness.whole));
        }
        if let Some((how, senders)) = found {
            (counted.found, counted.senders) = (Some(how), senders);
            break;
        }
    }
    counted
}

/// How often each form is sent by what was counted; nothing of a form that was not found among the statements.
pub(super) fn calls(load: &Load) -> BTreeMap<Sender, f64> {
    let mut calls = BTreeMap::new();
    for statement in &load.statements {
        // Which of them sends it cannot be told: each has an equal part.
        let part = statement.figures.calls as f64 / statement.senders.len().max(1) as f64;
        for sender in &statement.senders {
            *calls.entry(*sender).or_default() += part;
        }
    }
    calls
}
