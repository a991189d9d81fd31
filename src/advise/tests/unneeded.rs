//! Indexes that no query needs, and those that are longer than any does.

use super::*;
use crate::advice::UnneededBy;

/// Large tables whose columns have many values or few.
const NOTES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, author text NOT NULL, topic text NOT NULL, \
                     email text NOT NULL, status text NOT NULL, created_at timestamp NOT NULL);";

impl Setting {
    fn name_of(&self, id: crate::catalog::IndexId) -> String {
        let name = self.catalog.index(id).and_then(|index| index.name.clone());
        name.map_or_else(|| "a key".to_owned(), |name| name.to_string())
    }
}

/// Checks which indexes nobody needs: `name by, how many queries could use it, what does as well`.
fn check(more: &str, queries: &[&str], expect: &[&str]) {
    let setting = Setting::new(Dialect::Sqlite, &format!("{NOTES}{more}"));
    let advised = setting.advise(queries);
    let told = |one: &crate::advice::Unneeded| {
        let by = match one.by {
            UnneededBy::Shape => "shape",
            UnneededBy::Plans => "plans",
        };
        let instead = one.instead.map(|id| format!(" {}", setting.name_of(id))).unwrap_or_default();
        format!("{} {by} {}{instead}", setting.name_of(one.index), one.could)
    };
    let found: Vec<String> = advised.unneeded.iter().map(told).collect();
    assert_eq!(found, expect, "{more} {queries:?}");
}

const BY_EMAIL: &str = "SELECT id FROM notes WHERE email = $1";
const BY_KEY: &str = "SELECT topic FROM notes WHERE id = $1";

#[test]
fn nobody_needs_what_no_query_could_use() {
    let i = "CREATE INDEX i ON notes (email);";
    check(i, &[BY_KEY], &["i shape 0"]);
    check(i, &[BY_KEY, BY_EMAIL], &[]);
    check(i, &["DELETE FROM notes WHERE email = $1"], &[]);
    check(i, &["SELECT id FROM notes ORDER BY email LIMIT 10"], &[]);
    check(i, &["SELECT id FROM notes WHERE email = $1 OR id = $2"], &[]);
    check(i, &["SELECT id FROM notes WHERE email <> $1 AND id = $2"], &["i shape 0"]);
    // Nothing is known of a table that nobody reads.
    check(
        i,
        &["INSERT INTO notes (id, author, topic, email, status, created_at) VALUES ($1, 'a', 'b', 'c', 'd', $2)"],
        &[],
    );
    check(i, &["SELECT 1"], &[]);
    // What is added at run time only may be what needs it.
    check(i, &["SELECT topic FROM notes WHERE id > 5 AND ($1 IS NULL OR email = $1)"], &[]);
}

#[test]
fn nobody_needs_what_another_index_does_as_well() {
    let both = "CREATE INDEX i ON notes (email, topic); CREATE INDEX k ON notes (topic, email);";
    let by_both = "SELECT id FROM notes WHERE email = $1 AND topic = $2";
    let found = |queries: &[&str]| {
        let setting = Setting::new(Dialect::Sqlite, &format!("{NOTES}{both}"));
        let advised = setting.advise(queries);
        advised.unneeded.iter().map(|one| setting.name_of(one.index)).collect::<Vec<_>>()
    };
    // Of two that stand in for each other, one stays.
    assert_eq!(found(&[by_both]).len(), 1);
    assert_eq!(found(&[by_both, BY_EMAIL]), ["k"]);
    assert_eq!(found(&[by_both, BY_EMAIL, "SELECT id FROM notes WHERE topic = $1"]), Vec::<String>::new());
    let unique = "CREATE INDEX i ON notes (topic); CREATE UNIQUE INDEX u ON notes (email);";
    check(unique, &["SELECT id FROM notes WHERE topic = $1 AND email = $2"], &["i shape 1 u"]);
}

#[test]
fn plans_alone_speak_of_large_tables_only() {
    let more = "CREATE INDEX i ON notes (status); CREATE INDEX k ON notes (email);";
    let query = "SELECT id FROM notes WHERE status = $1 AND email = $2";
    check(more, &[query], &["i plans 1"]);
    let small = "CREATE TABLE note_types (id integer PRIMARY KEY, code text NOT NULL, status text NOT NULL);\
                 CREATE INDEX si ON note_types (status); CREATE INDEX sk ON note_types (code);";
    check(small, &["SELECT id FROM note_types WHERE status = $1 AND code = $2"], &[]);
    check(small, &["SELECT id FROM note_types WHERE code = $2"], &["si shape 0"]);
}

#[test]
fn what_enforces_or_finds_references_is_needed() {
    check("CREATE UNIQUE INDEX u ON notes (email);", &[BY_KEY], &[]);
    let kids = "CREATE TABLE kids (id integer PRIMARY KEY, note_id integer REFERENCES notes (id), email text);";
    let of_kids = "SELECT note_id FROM kids WHERE id = $1";
    check(&format!("{kids} CREATE INDEX k ON kids (note_id);"), &[of_kids], &[]);
    check(&format!("{kids} CREATE INDEX k ON kids (note_id, email);"), &[of_kids], &[]);
    check(
        &format!("{kids} CREATE INDEX k ON kids (note_id); CREATE INDEX l ON kids (note_id, email);"),
        &[of_kids],
        &["l shape 0"],
    );
    // It is called like a reference.
    let loose = kids.replace("REFERENCES notes (id)", "");
    check(&format!("{loose} CREATE INDEX k ON kids (note_id);"), &[of_kids], &[]);
    // A stand-in is not asked what it does not know.
    let partial = "CREATE INDEX p ON notes (email) WHERE status = 'new';";
    let setting = Setting::new(Dialect::Postgres, &format!("{NOTES}{partial}"));
    assert!(setting.advise(&[BY_KEY]).unneeded.is_empty());
}

/// Checks which indexes may be shorter, and what they become.
fn shorter(more: &str, queries: &[&str], expect: &[&str]) {
    let setting = Setting::new(Dialect::Sqlite, &format!("{NOTES}{more}"));
    let advised = setting.advise(queries);
    let told = |one: &crate::advice::Shortened| {
        let keys: Vec<String> = one.def.keys.iter().map(|key| key.expr.to_string()).collect();
        assert!(one.proof.is_some());
        format!("{} {} {}", setting.name_of(one.index), keys.join(", "), one.queries.len())
    };
    assert_eq!(advised.shortened.iter().map(told).collect::<Vec<_>>(), expect, "{more} {queries:?}");
}

#[test]
fn last_keys_that_nobody_asks_for_are_too_many() {
    let i = "CREATE INDEX i ON notes (email, topic, created_at);";
    let read = "SELECT status FROM notes WHERE email = $1";
    shorter(i, &[read], &["i email 1"]);
    shorter(i, &[read, BY_KEY], &["i email 1"]);
    shorter(i, &[read, "SELECT status FROM notes WHERE email = $1 AND topic = $2"], &["i email, topic 2"]);
    shorter(i, &["SELECT status FROM notes WHERE email = $1 AND topic = $2 ORDER BY created_at LIMIT 5"], &[]);
    shorter(i, &["SELECT created_at FROM notes WHERE email = $1"], &[]);
    shorter(
        i,
        &[read, "SELECT status FROM notes WHERE email = $1 AND ($2 IS NULL OR topic = $2)"],
        &["i email, topic 2"],
    );
    shorter(i, &[BY_KEY], &[]);
    shorter("CREATE UNIQUE INDEX i ON notes (email, topic);", &[read], &[]);
    // The shorter one is there: `redundant-index` tells of it.
    shorter("CREATE INDEX i ON notes (email, topic); CREATE INDEX k ON notes (email);", &[read], &[]);
}
