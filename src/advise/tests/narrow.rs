//! Indexes of which only a part is read.

use super::*;

/// Notes of which most queries want the living ones.
const NOTES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, author text NOT NULL, topic text NOT NULL, \
                     archived boolean NOT NULL, deleted_at timestamp, created_at timestamp NOT NULL, parent_id integer);";

/// Checks which indexes a part would do for, and how many queries ask for the part.
fn check(dialect: Dialect, more: &str, queries: &[&str], expect: &[&str]) {
    let setting = Setting::new(dialect, &format!("{NOTES}{more}"));
    let advised = setting.advise(queries);
    let told = |one: &crate::advice::Narrowed| {
        let name = setting.catalog.index(one.index).and_then(|index| index.name.clone()).expect("it has a name");
        let predicate = one.def.predicate.as_ref().expect("a part has a condition");
        assert!(one.proof.is_some(), "{queries:?}");
        format!("{name} {predicate} {}/{}", one.asking.0, one.asking.1)
    };
    let found: Vec<String> = advised.narrowed.iter().map(told).collect();
    assert_eq!(found, expect, "{more} {queries:?}");
}

const LIVING: &str = "SELECT id FROM notes WHERE author = $1 AND deleted_at IS NULL";
const COUNTED: &str = "SELECT count(*) FROM notes WHERE deleted_at IS NULL AND author = $1";
const BY_AUTHOR: &str = "CREATE INDEX by_author ON notes (author);";

#[test]
fn a_state_that_whoever_uses_an_index_asks_for_makes_it_partial() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let check = |more: &str, queries: &[&str], expect: &[&str]| check(dialect, more, queries, expect);
        check(BY_AUTHOR, &[LIVING, COUNTED], &["by_author deleted_at IS NULL 2/2"]);
        let by_key = "SELECT topic FROM notes WHERE id = $1";
        check(BY_AUTHOR, &[LIVING, COUNTED, by_key], &["by_author deleted_at IS NULL 2/3"]);
        let changed = "UPDATE notes SET topic = $1 WHERE author = $2 AND deleted_at IS NULL";
        check(BY_AUTHOR, &[LIVING, changed], &["by_author deleted_at IS NULL 2/2"]);
        check("CREATE UNIQUE INDEX u ON notes (author);", &[LIVING, COUNTED], &["u deleted_at IS NULL 2/2"]);
    }
    let open = "SELECT id FROM notes WHERE author = $1 AND archived = 0";
    let counted = "SELECT count(*) FROM notes WHERE author = $1 AND archived = 0";
    check(Dialect::Sqlite, BY_AUTHOR, &[open, counted], &["by_author archived = 0 2/2"]);
}

#[test]
fn whoever_wants_all_rows_keeps_the_full_index() {
    let check = |more: &str, queries: &[&str]| check(Dialect::Sqlite, more, queries, &[]);
    check(BY_AUTHOR, &[LIVING, COUNTED, "SELECT topic FROM notes WHERE author = $1"]);
    // No habit.
    check(BY_AUTHOR, &[LIVING]);
    let others = ["SELECT author FROM notes WHERE id = $1", "SELECT topic FROM notes WHERE id = $1"];
    check(BY_AUTHOR, &[LIVING, COUNTED, others[0], others[1]]);
    // No state: it is known at run time only, or holds for every row.
    check(
        BY_AUTHOR,
        &[
            "SELECT id FROM notes WHERE author = $1 AND archived = $2",
            "SELECT topic FROM notes WHERE author = $1 AND archived = $2",
        ],
    );
    check(
        BY_AUTHOR,
        &[
            "SELECT id FROM notes WHERE author = $1 AND topic = 'a'",
            "SELECT topic FROM notes WHERE author = $1 AND topic = 'a'",
        ],
    );
    // The state is a key, the index a constraint's, a foreign key's, or nobody's.
    check("CREATE INDEX i ON notes (author, deleted_at);", &[LIVING, COUNTED]);
    check("CREATE INDEX i ON notes (topic);", &[LIVING, COUNTED]);
    check("CREATE INDEX i ON notes (author) WHERE deleted_at IS NULL;", &[LIVING, COUNTED]);
    let children = "CREATE TABLE kids (id integer PRIMARY KEY, note_id integer REFERENCES notes (id), deleted_at timestamp); CREATE INDEX k ON kids (note_id);";
    let of_kids = [
        "SELECT id FROM kids WHERE note_id = $1 AND deleted_at IS NULL",
        "SELECT count(*) FROM kids WHERE note_id = $1 AND deleted_at IS NULL",
    ];
    check(children, &of_kids);
    let constraint = NOTES.replace("author text NOT NULL", "author text NOT NULL UNIQUE").replace("notes", "papers");
    let of_papers = [LIVING.replace("notes", "papers"), COUNTED.replace("notes", "papers")];
    check(&constraint, &[&of_papers[0], &of_papers[1]]);
}

#[test]
fn what_is_left_out_is_known_where_somebody_tells_it() {
    let mut setting = Setting::new(Dialect::Postgres, &format!("{NOTES}{BY_AUTHOR}"));
    let left_out = |setting: &Setting| setting.advise(&[LIVING, COUNTED]).narrowed[0].left_out;
    assert_eq!(left_out(&setting), None);
    let deleted = crate::config::ColumnSettings { null_fraction: Some(0.75), ..Default::default() };
    let table = setting.config.tables.entry("notes".to_owned()).or_default();
    table.columns.insert("deleted_at".to_owned(), deleted);
    assert_eq!(left_out(&setting), Some(0.25));
}
