//! Django: what its models and migrations declare.
//!
//! [`models`] is what every part of the front end asks: plain data on every concrete model of a code base, found once.
//! Knows no rule and no engine.

mod apps;
mod fields;

pub mod models;
mod names;
pub mod query;
mod settings;
