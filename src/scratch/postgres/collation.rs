//! How a database orders text: production's order, as far as the server at hand knows it.
//!
//! What is asked for stands in the file of statistics, which may be the code base's: nothing of it is a path or an option.

use std::fmt;

use crate::snapshot::is_by_letters;

/// Who compares texts, and by which rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Collation {
    /// ICU, since version 15 for whole databases.
    Icu(String),
    /// The server itself, letter by letter, since version 17.
    Builtin(String),
    /// The system.
    Libc(String),
}

impl Collation {
    /// Reads `icu en-US`, `libc en_US.utf8`, `builtin C.UTF-8`; none where it is no such name.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (provider, locale) = name.split_once(' ')?;
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.@=;".contains(char);
        let locale = Some(locale.to_owned())
            .filter(|locale| locale.starts_with(|first: char| first.is_ascii_alphanumeric()) && locale.len() <= 64)
            .filter(|locale| locale.chars().all(is_plain))?;
        match provider {
            "icu" => Some(Self::Icu(locale)),
            "builtin" => Some(Self::Builtin(locale)),
            "libc" => Some(Self::Libc(locale)),
            _ => None,
        }
    }

    /// Letter by letter, on every server.
    pub(super) fn letters() -> Self {
        Self::Libc("C".to_owned())
    }

    /// Says whether texts are compared letter by letter, so that a plain b-tree index serves `LIKE 'x%'`.
    pub(super) fn is_by_letters(&self) -> bool {
        is_by_letters(&self.to_string())
    }

    /// Says whether a server of such a major version can have it for a whole database.
    pub(super) fn is_known_to(&self, major: u32) -> bool {
        match self {
            Self::Icu(_) => major >= 15,
            Self::Builtin(_) => major >= 17,
            Self::Libc(_) => true,
        }
    }

    /// What `initdb` is told.
    pub(super) fn arguments(&self) -> Vec<String> {
        match self {
            // The locale of the system plays no part then, so it is one that is always there.
            Self::Icu(locale) => {
                vec!["--locale-provider=icu".into(), format!("--icu-locale={locale}"), "--locale=C".into()]
            }
            Self::Builtin(locale) => {
                vec!["--locale-provider=builtin".into(), format!("--builtin-locale={locale}"), "--locale=C".into()]
            }
            Self::Libc(locale) => vec![
                format!("--lc-collate={locale}"),
                format!("--lc-ctype={locale}"),
                "--lc-messages=C".into(),
                "--lc-monetary=C".into(),
                "--lc-numeric=C".into(),
                "--lc-time=C".into(),
            ],
        }
    }

    /// What `CREATE DATABASE` is told.
    pub(super) fn clause(&self, major: u32) -> String {
        match self {
            Self::Icu(locale) => format!("LOCALE_PROVIDER icu ICU_LOCALE '{locale}'"),
            Self::Builtin(locale) => format!("LOCALE_PROVIDER builtin BUILTIN_LOCALE '{locale}'"),
            Self::Libc(locale) => {
                let provider = if major >= 15 { "LOCALE_PROVIDER libc " } else { "" };
                format!("{provider}LC_COLLATE '{locale}' LC_CTYPE '{locale}'")
            }
        }
    }
}

impl fmt::Display for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Icu(locale) => write!(f, "icu {locale}"),
            Self::Builtin(locale) => write!(f, "builtin {locale}"),
            Self::Libc(locale) => write!(f, "libc {locale}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_locales_are_read() {
        let check = |name: &str, by_letters: Option<bool>| {
            let read = Collation::read(name);
            assert_eq!(read.as_ref().map(Collation::is_by_letters), by_letters, "{name}");
            assert!(read.is_none_or(|read| read.to_string() == name));
        };
        check("libc C", Some(true));
        check("libc POSIX", Some(true));
        check("libc C.UTF-8", Some(false));
        check("libc de_DE@euro", Some(false));
        check("builtin C.UTF-8", Some(true));
        check("icu und-u-ks-level2", Some(false));
        for name in ["libc ../../x", "libc /x", "libc ", "libc a b", "icu a'b", "icu --x", "C", "other C"] {
            check(name, None);
        }
    }
}
