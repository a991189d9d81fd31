//! What is asked of a whole set of indexes: how large it may be, and what is to become least.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::Bytes;

/// What the index set as a whole is chosen by. With a `budget` or a largest number, the set is the one under which the workload's planned cost becomes least; without either, every query that an index is proven to help is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Selection {
    /// The bytes that all new indexes may take together: `500MB`, `2GiB`, or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Bytes>", example = &"500MB")]
    pub budget: Option<String>,
    /// The most new indexes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 20)]
    pub max_indexes: Option<u32>,
    /// The most new indexes of one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 3)]
    pub max_indexes_per_table: Option<u32>,
    /// What becomes least within the budget: `cost`, the sum of the queries' planned costs by their weights, or `ratio`, the mean of what is left of each query's cost, so that each counts alike.
    pub minimise: Minimise,
    /// The part of the workload's cost that an index must take away to be bought.
    #[schemars(range(min = 0, max = 1), example = 0.01)]
    pub min_share: f64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            budget: None,
            max_indexes: None,
            max_indexes_per_table: None,
            minimise: Minimise::Cost,
            min_share: 0.0005,
        }
    }
}

impl Selection {
    /// Says whether a set is to be chosen by what the workload costs.
    pub fn is_limited(&self) -> bool {
        self.budget.is_some() || self.max_indexes.is_some() || self.max_indexes_per_table.is_some()
    }

    /// The budget in bytes.
    pub fn bytes(&self) -> Option<f64> {
        self.budget.as_deref().and_then(bytes)
    }
}

/// What is to become least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Minimise {
    /// The sum of the queries' planned costs by their weights.
    #[default]
    Cost,
    /// The mean of what is left of each query's cost.
    Ratio,
}

/// Reads `500MB`, `1.5 GiB`, `1000000`: units of a thousand, or of 1,024 with an `i`.
pub fn bytes(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number * unit).filter(|bytes| bytes.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(bytes(text), expected, "{text}");
        check("117MB", Some(117e6));
        check("1.5 GiB", Some(1.5 * 1024.0 * 1024.0 * 1024.0));
        check("250000", Some(250_000.0));
        check("0", Some(0.0));
        check("", None);
        check("MB", None);
        check("12 parsecs", None);
        check("-1MB", None);
        check("1.2.3MB", None);
    }
}
