//! Readers of what engines print about their plans; everything else sees [`crate::plan`] only.
//!
//! Pure functions over text: knows no connection, and no line an engine prints is an error here.

pub mod postgres;
pub mod sqlite;
