//! Paths as relative references (RFC 3986).

/// Writes a relative path as a relative reference: what may not stand in a path segment is percent-encoded, and so is
/// `:`, which would make a scheme of what stands before it.
pub(super) fn relative(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn only_what_a_reference_may_hold_stays() {
        for (path, expect) in [
            ("app/db/queries.sql", "app/db/queries.sql"),
            ("../a b/c#1?.sql", "../a%20b/c%231%3F.sql"),
            ("c:/x%20.sql", "c%3A/x%2520.sql"),
            ("größe/\u{1b}.sql", "gr%C3%B6%C3%9Fe/%1B.sql"),
        ] {
            assert_eq!(relative(path), expect);
        }
    }
}
