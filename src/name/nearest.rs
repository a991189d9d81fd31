//! The name somebody may have meant.

/// Finds the name closest to `wanted`: the fewest letters added, dropped, changed or swapped, at most a third of them.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let most = wanted.chars().count().div_ceil(3);
    let distances = known.into_iter().map(|name| {
        let name_folded = name.to_ascii_lowercase();
        (strsim::osa_distance(&wanted, &name_folded), name)
    });
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

/// Says whether a name is another one with a slip of the finger: two letters at most are not the same.
///
/// Longer names that are [`nearest`] to each other are often of one family: `release` and `release_tag`.
pub fn is_slip(wanted: &str, name: &str) -> bool {
    strsim::osa_distance(&wanted.to_ascii_lowercase(), &name.to_ascii_lowercase()) <= 2
}

#[cfg(test)]
mod tests {
    use super::{is_slip, nearest};

    #[test]
    fn a_slip_is_two_letters() {
        assert!(is_slip("ordres", "orders") && is_slip("Order", "orders") && is_slip("customer", "customers"));
        assert!(!is_slip("release_tag", "release") && !is_slip("mapping_top", "mapping"));
    }

    #[test]
    fn the_closest_name_within_a_third() {
        let known = ["id", "customer_id", "created_at", "total"];
        assert_eq!(nearest("custmer_id", known), Some("customer_id"));
        assert_eq!(nearest("Craeted_at", known), Some("created_at"));
        assert_eq!(nearest("totals", known), Some("total"));
        assert_eq!(nearest("email", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
