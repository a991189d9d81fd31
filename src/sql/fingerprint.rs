//! Fingerprints: what stays the same of a finding while lines, literals, aliases and engines change.
//!
//! Hashes what it is given; what a rule's subject is made of is the rule's business.

use xxhash_rust::xxh3::xxh3_128;

use crate::name::QName;

/// Hashes a finding: `"1:"` and 32 hexadecimal digits of XXH3-128 over rule, database, table and subject.
///
/// The path is left out on purpose, so that a moved file keeps its fingerprints.
pub fn fingerprint(rule: &str, database: &str, table: Option<&QName>, subject: &str) -> String {
    let table = table.map(|table| table.to_string().to_ascii_lowercase()).unwrap_or_default();
    // The zero byte cannot stand in a name or a rendered subject, so no two lists of parts join to the same text.
    let parts = [rule, database, &table, subject].join("\0");
    format!("1:{:032x}", xxh3_128(parts.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let table = QName::plain("Orders");
        let one = fingerprint("missing-index", "main", Some(&table), "a eq");
        assert_eq!(one.len(), 34);
        assert_eq!(one, fingerprint("missing-index", "main", Some(&QName::plain("orders")), "a eq"));
        assert_ne!(one, fingerprint("missing-index", "main", None, "ordersa eq"));
        assert_ne!(one, fingerprint("missing-index", "other", Some(&table), "a eq"));
    }
}
