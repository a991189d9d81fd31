//! The SQL dialects, what a target database is, and how a dialect quotes a name.
//!
//! Knows no parser and no engine: what sqlparser calls a dialect is chosen in `sql::parse`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// The dialect an application's SQL is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// Every dialect, in the order in which a statement of unknown dialect is tried.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Sqlite, Self::Mysql];

    /// Returns the name used in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
        }
    }

    /// Reads a word that people call a dialect by, in lower case: `pg`, `mariadb`.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "postgres" | "postgresql" | "pgsql" | "pg" | "psql" => Self::Postgres,
            "mysql" | "mariadb" => Self::Mysql,
            "sqlite" | "sqlite3" => Self::Sqlite,
            _ => return None,
        })
    }

    /// Reads what stands behind the `.sql` of a file's name: `full.sql.postgres` is one of the forms that it has.
    pub fn of_form(file_name: &str) -> Option<Self> {
        let lower = file_name.to_ascii_lowercase();
        let (head, last) = lower.rsplit_once('.')?;
        Self::of_word(last).filter(|_| head.ends_with(".sql"))
    }

    /// Says where NULLs go when ORDER BY or an index key does not say (`desc` = descending key).
    ///
    /// PostgreSQL sorts NULL as larger than everything, SQLite and MySQL as smaller.
    pub fn nulls_first_by_default(self, desc: bool) -> bool {
        match self {
            Self::Postgres => desc,
            Self::Sqlite | Self::Mysql => !desc,
        }
    }

    /// Longest identifier the database keeps, in bytes; longer ones are cut (PostgreSQL) or refused (MySQL).
    pub fn max_identifier_bytes(self) -> usize {
        match self {
            Self::Postgres | Self::Sqlite => 63,
            Self::Mysql => 64,
        }
    }

    /// Quotes a name where the dialect needs it.
    pub fn quote(self, name: &Ident) -> Cow<'_, str> {
        let text = name.as_str();
        let plain = !text.is_empty()
            && !text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|byte| {
                byte == b'_'
                    || byte.is_ascii_digit()
                    || byte.is_ascii_lowercase()
                    || (self != Self::Postgres && byte.is_ascii_uppercase())
            })
            && RESERVED.binary_search(&text.to_ascii_lowercase().as_str()).is_err();
        match self {
            _ if plain => Cow::Owned(text.to_owned()),
            Self::Mysql => Cow::Owned(format!("`{}`", text.replace('`', "``"))),
            Self::Postgres | Self::Sqlite => Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Production as far as it is known: its dialect and version, never what happens to be installed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The dialect.
    pub dialect: Dialect,
    /// The version, when configuration or statistics name it.
    pub version: Option<Version>,
    /// Whether its database is known to compare texts letter by letter (PostgreSQL's collation `C`).
    pub by_letters: bool,
}

impl Target {
    /// A target of a known dialect and unknown version.
    pub fn any(dialect: Dialect) -> Self {
        Self { dialect, version: None, by_letters: false }
    }

    /// Says whether a b-tree may be searched although its leading column is unconstrained.
    ///
    /// PostgreSQL from 18, MySQL from 8.0.13 (range skip scan); SQLite only after ANALYZE, which its EXPLAIN then shows.
    pub fn skip_scans(&self) -> bool {
        match (self.dialect, self.version) {
            (Dialect::Postgres, Some(version)) => version.major >= 18,
            (Dialect::Mysql, Some(version)) => version.major >= 8,
            _ => false,
        }
    }
}

/// A database's version; PostgreSQL's `15.18` is major 15, minor 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number, 0 when not given.
    pub minor: u16,
}

impl Version {
    /// Reads `15`, `15.18`, `8.0.36` or `3.54.1`; what follows the second number is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().split('.').map(|part| part.parse::<u16>().ok());
        let major = numbers.next()??;
        Some(Self { major, minor: numbers.next().flatten().unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minor == 0 { write!(f, "{}", self.major) } else { write!(f, "{}.{}", self.major, self.minor) }
    }
}

/// Words that one of the dialects reserves, so that a column of that name is quoted everywhere; sorted.
///
/// PostgreSQL: manual, appendix C, "reserved" and "reserved (can be function or type)"; SQLite: lang_keywords;
/// MySQL: the ones of its list that people use as column names.
const RESERVED: &[&str] = &[
    "add",
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "autoincrement",
    "between",
    "binary",
    "both",
    "by",
    "case",
    "cast",
    "change",
    "check",
    "collate",
    "collation",
    "column",
    "commit",
    "condition",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "database",
    "default",
    "deferrable",
    "delete",
    "desc",
    "describe",
    "distinct",
    "div",
    "do",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "explain",
    "false",
    "fetch",
    "for",
    "force",
    "foreign",
    "freeze",
    "from",
    "full",
    "fulltext",
    "function",
    "generated",
    "grant",
    "group",
    "grouping",
    "groups",
    "having",
    "if",
    "ignore",
    "ilike",
    "in",
    "index",
    "indexed",
    "initially",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "key",
    "keys",
    "kill",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "linear",
    "lines",
    "load",
    "localtime",
    "localtimestamp",
    "lock",
    "match",
    "mod",
    "natural",
    "not",
    "nothing",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "optimize",
    "option",
    "or",
    "order",
    "out",
    "outer",
    "over",
    "overlaps",
    "partition",
    "placing",
    "precision",
    "primary",
    "procedure",
    "raise",
    "range",
    "rank",
    "read",
    "recursive",
    "references",
    "regexp",
    "rename",
    "repeat",
    "replace",
    "returning",
    "right",
    "rlike",
    "rollback",
    "row",
    "rows",
    "schema",
    "schemas",
    "select",
    "separator",
    "session_user",
    "set",
    "show",
    "signal",
    "similar",
    "some",
    "spatial",
    "sql",
    "ssl",
    "starting",
    "system",
    "system_user",
    "table",
    "tablesample",
    "terminated",
    "then",
    "to",
    "trailing",
    "transaction",
    "trigger",
    "true",
    "undo",
    "union",
    "unique",
    "unlock",
    "update",
    "usage",
    "use",
    "user",
    "using",
    "values",
    "variadic",
    "verbose",
    "virtual",
    "when",
    "where",
    "window",
    "with",
    "write",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_words_are_sorted_for_binary_search() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn names_are_quoted_only_where_needed() {
        let quoted = |dialect: Dialect, name: &str| dialect.quote(&Ident::new(name)).into_owned();
        assert_eq!(quoted(Dialect::Postgres, "users"), "users");
        assert_eq!(quoted(Dialect::Postgres, "userId"), "\"userId\"");
        assert_eq!(quoted(Dialect::Sqlite, "userId"), "userId");
        assert_eq!(quoted(Dialect::Sqlite, "order"), "\"order\"");
        assert_eq!(quoted(Dialect::Mysql, "key"), "`key`");
        assert_eq!(quoted(Dialect::Postgres, "a\"b"), "\"a\"\"b\"");
    }
}
