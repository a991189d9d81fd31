//! A server's version, as its programs and its sessions print it.

use std::fmt;

/// A version of PostgreSQL: since 10 a major and a minor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 15 of 15.18.
    pub major: u32,
    /// 18 of 15.18; 0 before the first release (`17beta1`).
    pub minor: u32,
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `15.18`, `17beta1`.
    pub fn read(text: &str) -> Option<Self> {
        let words = text.rsplit_once("(PostgreSQL)").map_or(text, |(_, version)| version);
        let word = words.split_whitespace().next()?;
        let (major, rest) = number(word);
        let minor = rest.strip_prefix('.').and_then(|rest| number(rest).0).unwrap_or(0);
        Some(Self { major: major?, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}
