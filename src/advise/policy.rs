//! The numbers that decide when an index is worth advising, in the units of [`crate::cost`], which are PostgreSQL's.
//!
//! `statistics.md` found them with PostgreSQL's own costs; SQLite's loop costs would need others, but no price here is
//! SQLite's: it chooses the plan, `cost` prices it.

use crate::advice::Gain;
use crate::config::Limits;

/// A price must fall by this factor where an existing index leads with a column of the candidate: mostly that is enough.
const EXTENDING_GAIN: f64 = 10.0;
/// Cheaper queries need no index: reading ten thousand rows of the narrowest table costs a little more.
pub(super) const LEAST_PRICE: f64 = 150.0;
/// And these none that extends another.
const LEAST_EXTENDED_PRICE: f64 = 1_000.0;
/// An index serves a query if the price stays within this factor of the best one …
pub(super) const NEARLY: f64 = 2.0;
/// … or below this price and gains enough by itself.
pub(super) const CHEAP: f64 = 500.0;
/// In a join, an index that changes less than this is not needed beside the others.
pub(super) const PART: f64 = 1.2;

/// Says whether a price is as good as the best one, or good enough for a query that costs `before` without any index.
pub(super) fn serves(price: f64, best: f64, before: f64, limits: &Limits) -> bool {
    price <= best * NEARLY || (price <= CHEAP && price * limits.min_gain <= before)
}

/// What an index gains; `extends` says that an existing one leads with a column of it or finds rows already.
pub(super) fn gain(before: f64, after: f64, extends: bool, limits: &Limits) -> Gain {
    let (least, factor) = match extends {
        true => (LEAST_EXTENDED_PRICE, EXTENDING_GAIN.max(limits.min_gain)),
        false => (LEAST_PRICE, limits.min_gain),
    };
    Gain { before, after, factor, least, extends }
}
