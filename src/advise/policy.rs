//! The numbers that decide when an index is worth advising, in the units of [`crate::cost`], which are PostgreSQL's.
//!
//! `statistics.md` found them with PostgreSQL's own costs; SQLite's loop costs would need others, but no price here is
//! SQLite's: it chooses the plan, `cost` prices it.

use crate::advice::Gain;
use crate::config::Limits;

/// A price must fall by this factor where an existing index leads with a column of the candidate: mostly that is enough.
const EXTENDING_GAIN: f64 = 10.0;
/// By this where an operator is answered whose rows are a guess: of one row in a hundred that is all that can be gained.
const GUESSED_GAIN: f64 = 2.0;
/// Cheaper queries need no index: reading ten thousand rows of the narrowest table costs a little more.
pub(super) const LEAST_PRICE: f64 = 150.0;
/// And these none that extends another.
const LEAST_EXTENDED_PRICE: f64 = 1_000.0;
/// An index serves a query if the price stays within this factor of the best one …
pub(super) const NEARLY: f64 = 2.0;
/// … or below this price and gains enough by itself.
pub(super) const CHEAP: f64 = 100.0;
/// Prices that differ by less are the same.
pub(super) const SAME: f64 = 1.01;
/// In a join, an index that changes less than this is not needed beside the others.
pub(super) const PART: f64 = 1.2;

/// Says whether a price is as good as the best one, or good enough for a query that costs `before` without any index.
pub(super) fn serves(price: f64, best: f64, before: f64, limits: &Limits) -> bool {
    price <= best * NEARLY || (price <= CHEAP && price * limits.min_gain <= before)
}

/// What is asked of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    /// What is asked of most.
    Usual,
    /// More: an existing index leads with a column of it or finds rows already.
    Extending,
    /// Less: how many rows an operator finds is a guess of the engine's, and searches mostly find fewer.
    Guessed,
}

/// What an index gains.
pub(super) fn gain(before: f64, after: f64, standard: Standard, limits: &Limits) -> Gain {
    let (least, factor) = match standard {
        Standard::Usual => (LEAST_PRICE, limits.min_gain),
        Standard::Extending => (LEAST_EXTENDED_PRICE, EXTENDING_GAIN.max(limits.min_gain)),
        Standard::Guessed => (LEAST_PRICE, GUESSED_GAIN.min(limits.min_gain)),
    };
    Gain { before, after, factor, least, extends: standard == Standard::Extending }
}
