//! planlint: a static SQL linter and query-plan analyzer.
//!
//! Every front end lowers to SQL text with a map back to the host files, and from there on there is one straight
//! pipe of plain data: `facts → link → sites → shape → lower → plan → advise → rules → report`.
//! Every finding says how it was proven. `docs/architecture.md` tells who may import whom; `tests/architecture.rs` holds it.

// Rank 0: data.
pub mod advice;
pub mod catalog;
pub mod config;
pub mod dialect;
pub mod engine;
pub mod expr;
pub mod finding;
pub mod ir;
pub mod name;
pub mod outcome;
pub mod plan;
pub mod query;
pub mod source;
pub mod stats;
pub mod tree;
pub mod workload;

// Rank 1: pure tools.
pub mod assume;
pub mod cost;
pub mod coverage;
pub mod explain;
pub mod host;
pub mod snapshot;
pub mod sql;
pub mod suppress;
pub mod writes;

// Rank 2: steps.
pub mod advise;
pub mod orm;
pub mod pull;
pub mod rules;
pub mod schema;
pub mod scratch;
pub mod shape;
pub mod sqlfile;
pub mod walk;

// Rank 3: the run as a whole.
pub mod report;
pub mod run;

// Rank 4: the command line.
pub mod cli;
