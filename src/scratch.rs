//! Throw-away databases that plan queries and never hold user data.
//!
//! A scratch database gets the schema and statistics, nothing else. It answers one question: how would this engine
//! run this query? Plans leave here in the engine-neutral form of [`crate::plan`]; no other module talks to an engine.
//!
//! Two rules keep the answers honest:
//! - Parameters stay unknown. A query planned with NULL in place of `$1` folds away, and the plan looks perfect.
//! - A stand-in is never more able than the target: an index it cannot express is left out, not replaced by a better one.

use crate::source::HostSpan;

pub mod none;
pub mod postgres;
pub mod sqlite;

/// A statement of a schema source, as the application wrote it.
#[derive(Clone, Copy, Debug)]
pub struct NativeStatement<'a> {
    /// Its text, without a terminator.
    pub sql: &'a str,
    /// Where it stands.
    pub place: HostSpan,
}
