//! Readers of what engines print about their plans; everything else sees [`crate::plan`] only.
//!
//! Pure functions over text: knows no connection, and no line an engine prints is an error here.

#[cfg(test)]
mod case;
pub mod postgres;
pub mod sqlite;

use crate::catalog::IndexId;
use crate::engine::EngineKind;

/// Puts the names that people know into a plan in an engine's words.
pub fn named(engine: EngineKind, raw: &str, name: &dyn Fn(IndexId) -> Option<String>) -> String {
    match engine {
        EngineKind::None => raw.to_owned(),
        EngineKind::Sqlite => sqlite::named(raw, name),
        EngineKind::Postgres => postgres::named(raw, name),
    }
}
