//! What needs a real PostgreSQL: skipped with one line where none is found, unless `PLANLINT_REQUIRE_POSTGRES` is 1.
//!
//! `PLANLINT_TEST_PG_BIN` names the folder of another version's programs.

#![cfg(unix)]

mod advice;
mod agreement;
mod cluster;
mod collation;
mod ends;
mod engine;
mod extended;
mod lanes;
mod offered;
mod operators;
mod plans;
mod printed;
mod pulling;
mod restored;
mod run;
mod schema;
mod script;
mod server;
mod session;
mod setting;
mod standin;
mod statistics;
mod tiers;

use planlint::scratch::postgres::cluster::Cluster;
use setting::{binaries, catalog, choice, native};

/// A running server.
pub fn cluster() -> Option<Cluster> {
    Some(Cluster::start(&choice()?).unwrap_or_else(|error| panic!("{error:?}")))
}
