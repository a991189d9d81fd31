//! The application's own DDL, applied unchanged in a guarded in-memory SQLite whose catalogue is then read back.
//!
//! The replay of schema steps is a model of what SQLite does; here SQLite itself says what the statements lead to, and
//! its answer wins. What it cannot say (where things were written, what models declare) stays as the replay has it,
//! and so does what it could not make here: virtual tables, things that need the application's own collations.
//! No row is ever stored and no query run. Knows no parser: statements of the read-back schema are lowered by whoever
//! calls.

mod apply;
mod compare;
mod head;
mod index;
mod inspect;
mod merge;
mod strings;

use crate::catalog::{Catalog, SchemaStep};
use crate::query::{Skip, SkipStage};
use crate::scratch::NativeStatement;
use crate::source::HostSpan;

use apply::Applied;
use inspect::Inspected;

/// A catalogue that SQLite agrees with.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// The catalogue, its indexes numbered anew.
    pub catalog: Catalog,
    /// What SQLite refused (`native-refused`) and where the replayed catalogue was wrong (`schema-differs`).
    pub skips: Vec<Skip>,
}

/// Lowers one SQLite statement to schema steps: `schema::ddl`, which this module must not know.
pub type Lower<'a> = &'a dyn Fn(&str, HostSpan) -> Vec<SchemaStep>;

/// Corrects a replayed catalogue of the SQLite dialect by what SQLite makes of the same statements.
///
/// `statements` are those of one database root, in order; those that are not about tables, indexes, views or triggers
/// are passed over, so a migration may come whole. What a refused statement is about is not taken away: its author
/// may know more than SQLite here.
pub fn correct(catalog: &Catalog, statements: &[NativeStatement<'_>], lower: Lower<'_>) -> Corrected {
    let Some(first) = statements.first() else {
        return Corrected { catalog: catalog.clone(), skips: Vec::new() };
    };
    let inspected = Applied::apply(statements).and_then(|applied| {
        let inspected = Inspected::read(&applied).map_err(|error| apply::words(&error))?;
        Ok((inspected, applied))
    });
    match inspected {
        Ok((inspected, applied)) => merge::merge(catalog, &inspected, applied, first.place, lower),
        Err(error) => {
            let detail = format!("the statements could not be applied in sqlite: {error}");
            let skip = Skip { stage: SkipStage::Schema, reason: "native-failed", detail, place: first.place };
            Corrected { catalog: catalog.clone(), skips: vec![skip] }
        }
    }
}
