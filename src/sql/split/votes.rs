//! Which dialect a text looks like, by words and signs that only one of them has.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// Votes for each dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// For PostgreSQL.
    pub postgres: u32,
    /// For SQLite.
    pub sqlite: u32,
    /// For MySQL.
    pub mysql: u32,
}

impl Votes {
    /// Returns the dialect with the most votes; none without a vote or on a tie.
    pub fn winner(&self) -> Option<Dialect> {
        let votes = [(self.postgres, Dialect::Postgres), (self.sqlite, Dialect::Sqlite), (self.mysql, Dialect::Mysql)];
        let most = votes.iter().map(|(votes, _)| *votes).max().filter(|most| *most > 0)?;
        let mut first = votes.into_iter().filter(|(votes, _)| *votes == most);
        let (_, dialect) = first.next()?;
        first.next().is_none().then_some(dialect)
    }

    /// Adds `weight` votes for a dialect.
    pub fn add(&mut self, dialect: Dialect, weight: u32) {
        let votes = match dialect {
            Dialect::Postgres => &mut self.postgres,
            Dialect::Sqlite => &mut self.sqlite,
            Dialect::Mysql => &mut self.mysql,
        };
        *votes = votes.saturating_add(weight);
    }
}

impl AddAssign for Votes {
    fn add_assign(&mut self, other: Self) {
        self.add(Dialect::Postgres, other.postgres);
        self.add(Dialect::Sqlite, other.sqlite);
        self.add(Dialect::Mysql, other.mysql);
    }
}

/// Returns the dialect that an upper-case word stands for: types, functions and clauses the others lack.
pub(super) fn dialect_of(word: &[u8]) -> Option<Dialect> {
    Some(match word {
        b"SERIAL"
        | b"BIGSERIAL"
        | b"SMALLSERIAL"
        | b"JSONB"
        | b"TIMESTAMPTZ"
        | b"BYTEA"
        | b"ILIKE"
        | b"PLPGSQL"
        | b"TSVECTOR"
        | b"TSQUERY"
        | b"CITEXT"
        | b"NEXTVAL"
        | b"REGCLASS"
        | b"CONCURRENTLY"
        | b"EXTENSION"
        | b"SEARCH_PATH"
        | b"PG_CATALOG"
        | b"JSONB_BUILD_OBJECT"
        | b"TO_TSVECTOR"
        | b"ARRAY_AGG"
        | b"UNNEST" => Dialect::Postgres,
        b"AUTOINCREMENT" | b"ROWID" | b"PRAGMA" | b"STRFTIME" | b"JULIANDAY" | b"FTS5" | b"SQLITE_SEQUENCE"
        | b"UNIXEPOCH" => Dialect::Sqlite,
        b"AUTO_INCREMENT"
        | b"UNSIGNED"
        | b"MEDIUMTEXT"
        | b"LONGTEXT"
        | b"TINYTEXT"
        | b"MEDIUMINT"
        | b"LONGBLOB"
        | b"MEDIUMBLOB"
        | b"UTF8MB4"
        | b"INNODB"
        | b"MYISAM"
        | b"UTF8MB4_UNICODE_CI" => Dialect::Mysql,
        _ => return None,
    })
}

/// Says whether the head of a text looks like MySQL's, where `#` opens a comment and a backslash escapes.
pub(super) fn looks_like_mysql(text: &str) -> bool {
    const HEAD: usize = 64 << 10;
    let head = &text.as_bytes()[..text.len().min(HEAD)];
    if ["MySQL dump", "MariaDB dump", "mysqldump"].iter().any(|mark| contains(&head[..head.len().min(512)], mark)) {
        return true;
    }
    let mut votes = Votes::default();
    let mut upper = [0; 20];
    for word in head.split(|byte| !super::super::scan::is_name(*byte)) {
        if let Some(buffer) = upper.get_mut(..word.len()).filter(|buffer| buffer.len() > 4) {
            buffer.copy_from_slice(word);
            buffer.make_ascii_uppercase();
            if let Some(dialect) = dialect_of(buffer) {
                votes.add(dialect, 1);
            }
        }
    }
    let backticks = head.contains(&b'`');
    let casts = contains(head, "::");
    match votes.winner() {
        Some(dialect) => dialect == Dialect::Mysql,
        None => backticks && !casts && votes == Votes::default(),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tell_mysql_from_the_others() {
        assert!(looks_like_mysql("CREATE TABLE t (id int unsigned auto_increment) engine=InnoDB"));
        assert!(looks_like_mysql("-- MySQL dump 10.13\n"));
        assert!(looks_like_mysql("SELECT `a` FROM `b`"));
        assert!(!looks_like_mysql("CREATE TABLE `t` (id INTEGER PRIMARY KEY AUTOINCREMENT)"));
        assert!(!looks_like_mysql("SELECT a FROM b"));
        assert!(!looks_like_mysql("SELECT '`'::text"));
    }

    #[test]
    fn a_tie_has_no_winner() {
        assert_eq!(Votes::default().winner(), None);
        assert_eq!(Votes { postgres: 2, sqlite: 2, mysql: 1 }.winner(), None);
        assert_eq!(Votes { postgres: 2, sqlite: 3, mysql: 1 }.winner(), Some(Dialect::Sqlite));
    }
}
