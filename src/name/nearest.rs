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

#[cfg(test)]
mod tests {
    use super::nearest;

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
