//! The classes of the host code that declare a database's tables, and advice in their words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::analysis::{Analysis, Database};
use super::concrete::Quotes;
use crate::advice::host::{self, HostStep, HostTable};
use crate::advice::{Action, IndexAdvice};
use crate::catalog::{Catalog, Index};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::outcome::HostStepEntry;

/// Finds the class of each table; of several that share one, the one that has most of its columns.
pub(super) fn of_tables<'t>(
    catalog: &Catalog,
    classes: impl Iterator<Item = &'t HostTable>,
) -> BTreeMap<QName, HostTable> {
    let mut found: BTreeMap<QName, (usize, &HostTable)> = BTreeMap::new();
    for class in classes {
        let Some(table) = catalog.table(&class.table) else { continue };
        let shared = class.columns.iter().filter(|known| table.column(&known.column).is_some()).count();
        let best = found.entry(table.name.clone()).or_insert((shared, class));
        if Reverse(shared) < Reverse(best.0) {
            *best = (shared, class);
        }
    }
    found.into_iter().map(|(table, (_, class))| (table, class.clone())).collect()
}

/// Writes a piece of advice in the words of the class that declares the table.
pub(super) fn steps(database: &Database, advice: &IndexAdvice, quotes: &Quotes<'_>) -> Vec<HostStepEntry> {
    let (Some(class), Some(table)) =
        (database.classes.get(&advice.def.table), database.catalog.table(&advice.def.table))
    else {
        return Vec::new();
    };
    let dialect: Dialect = database.target.dialect;
    let goes = |index: &&Index| match (&index.name, advice.action) {
        (Some(name), Action::Drop) => *name == advice.name,
        (Some(name), Action::Create | Action::Replace) => advice.replaces.iter().any(|gone| gone.name == *name),
        (None, _) => false,
    };
    let going: Vec<&Index> = table.indexes.iter().filter(goes).collect();
    let entry = |step: HostStep| HostStepEntry {
        framework: class.framework,
        action: step.action,
        holder: step.holder,
        text: step.text,
        location: quotes.locate(step.place),
    };
    host::steps(advice, class, &going, dialect).into_iter().map(entry).collect()
}

/// Notes with each database the classes that declare its tables; `database_of` says whose a file's classes are.
pub(super) fn note(analysis: &mut Analysis, classes: &[HostTable], database_of: &dyn Fn(&HostTable) -> Option<usize>) {
    for (number, database) in analysis.databases.iter_mut().enumerate() {
        let own = classes.iter().filter(|class| database_of(class) == Some(number));
        database.classes = of_tables(&database.catalog, own);
    }
}
