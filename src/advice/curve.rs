//! How a workload's cost falls as the changes of a plan are made, one after the other.
//!
//! Figures only: who orders the changes, and by what, is not known here.

use serde::Serialize;

use super::AdviceId;

/// What the changes of a plan gain that make an index, in the order in which they are best made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// How many queries are counted: those of the application that are planned.
    pub queries: usize,
    /// What they cost with the schema as it is, each times its weight.
    pub before: f64,
    /// Whether the costs are those of the target's own engine; others decide the order and are not shown.
    pub proven: bool,
    /// A change each.
    pub points: Vec<Point>,
}

/// A change and what it gains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The change.
    pub advice: AdviceId,
    /// How much less the queries cost with it than with the changes before it alone.
    pub gain: f64,
}
