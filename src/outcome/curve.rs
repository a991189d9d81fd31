//! How the workload's cost falls as the changes of a plan are made one after the other.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::{RunReport, rounded};

/// The way of one database from the schema as it is to the whole index set.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CurveEntry {
    /// The database.
    pub database: String,
    /// How many queries are counted: those of the application that are planned.
    pub queries: usize,
    /// What they cost with the schema as it is, each times its weight; null unless the target's own engine tells.
    #[serde(serialize_with = "rounded")]
    pub cost: Option<f64>,
    /// The changes that make an index, in the order of `advice`.
    pub points: Vec<PointEntry>,
}

/// A change, and where its being made leads.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PointEntry {
    /// The name of the change.
    pub advice: String,
    /// The size of its index, where the engine can tell.
    pub size_bytes: Option<u64>,
    /// The sizes of all indexes so far; null where one of them is.
    pub total_bytes: Option<u64>,
    /// What the queries cost now, each times its weight; null unless the target's own engine tells.
    #[serde(serialize_with = "rounded")]
    pub cost: Option<f64>,
    /// The same as a part of what they cost with the schema as it is.
    #[serde(serialize_with = "fraction")]
    pub cost_share: Option<f64>,
}

impl CurveEntry {
    /// Sums up what changes gain: by the name of each, the size of its index and what it takes away of `cost`.
    pub fn new(
        database: String,
        queries: usize,
        cost: Option<f64>,
        gains: impl IntoIterator<Item = (String, Option<u64>, f64)>,
    ) -> Self {
        let (mut left, mut total) = (cost, Some(0));
        let point = |(advice, size_bytes, gain): (String, Option<u64>, f64)| {
            left = left.map(|left| left - gain);
            total = total.zip(size_bytes).map(|(total, size)| total + size);
            let share = left.zip(cost).filter(|(_, before)| *before > 0.0).map(|(left, before)| left / before);
            PointEntry { advice, size_bytes, total_bytes: total, cost: left, cost_share: share }
        };
        Self { database, queries, cost, points: gains.into_iter().map(point).collect() }
    }

    /// What each change takes away of the cost; nothing where no cost is told.
    pub fn gains(&self) -> impl Iterator<Item = f64> {
        let before = [self.cost].into_iter().chain(self.points.iter().map(|point| point.cost));
        self.points.iter().zip(before).map(|(point, before)| before.zip(point.cost).map_or(0.0, |(a, b)| a - b))
    }

    /// Takes changes out; those behind them gain what they gained.
    fn keep(&mut self, kept: &BTreeSet<&str>) {
        let gains = self.points.iter().zip(self.gains());
        let gains = gains.filter(|(point, _)| kept.contains(point.advice.as_str()));
        let gains: Vec<_> = gains.map(|(point, gain)| (point.advice.clone(), point.size_bytes, gain)).collect();
        *self = Self::new(std::mem::take(&mut self.database), self.queries, self.cost, gains);
    }
}

impl RunReport {
    /// Takes out of the curves what is no advice of the report.
    pub fn settle_curves(&mut self) {
        let kept: BTreeSet<&str> = self.advice.iter().map(|advice| advice.id.as_str()).collect();
        self.curves.iter_mut().for_each(|curve| curve.keep(&kept));
    }
}

/// A share to the ten-thousandth part.
fn fraction<S: Serializer>(share: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    share.map(|share| (share * 10_000.0).round() / 10_000.0).serialize(serializer)
}
