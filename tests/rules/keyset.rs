//! What `offset-pagination` says to type: the query's own sort columns, and a key that makes them unique.

use std::collections::BTreeMap;

const SCHEMA: &str = "CREATE TABLE authors (id INTEGER PRIMARY KEY);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors (id), slug VARCHAR(90) NOT NULL UNIQUE,
    likes INTEGER NOT NULL, rating INTEGER, posted_at TIMESTAMP NOT NULL);
CREATE TABLE lines (post_id INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (post_id, number));";

/// Returns the help for one query.
fn help(dialect: &str, query: &str) -> String {
    let files = [("schema.sql", SCHEMA), ("query.sql", query)];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let config = format!("dialect = \"{dialect}\"\n[tables.posts]\nrows = 5000000\n[tables.lines]\nrows = 9000000\n");
    let report = super::analyse(&files, &config).expect("a report");
    let mut found = report.findings.into_iter().filter(|finding| finding.rule == "offset-pagination");
    found.next().and_then(|finding| finding.help).unwrap_or_else(|| panic!("{query}: no finding"))
}

#[test]
fn the_page_continues_from_the_last_row() {
    let cases = [
        ("sqlite", "ORDER BY id", "`id > ?` and `ORDER BY id LIMIT ?`"),
        ("sqlite", "", "`id > ?` and `ORDER BY id LIMIT ?`"),
        ("sqlite", "ORDER BY slug DESC, likes", "`slug < ?` and `ORDER BY slug DESC LIMIT ?`"),
        ("postgres", "ORDER BY likes DESC", "`(likes, id) < (?, ?)` and `ORDER BY likes DESC, id DESC LIMIT ?`"),
        (
            "mysql",
            "ORDER BY likes DESC",
            "`(likes < ? OR likes = ? AND id < ?)` and `ORDER BY likes DESC, id DESC LIMIT ?`",
        ),
        (
            "postgres",
            "ORDER BY likes DESC, posted_at",
            "`(likes < ? OR likes = ? AND (posted_at > ? OR posted_at = ? AND id > ?))` and \
             `ORDER BY likes DESC, posted_at, id LIMIT ?`",
        ),
        (
            "sqlite",
            "ORDER BY rating",
            "`(rating, id) > (?, ?)` and `ORDER BY rating, id LIMIT ?`; `rating` may be NULL, and the rows without it need \
             pages of their own",
        ),
    ];
    for (dialect, order, expect) in cases {
        let found = help(dialect, &format!("SELECT id FROM posts {order} LIMIT ? OFFSET ?;"));
        assert_eq!(found, format!("continue from the last row of the page before: {expect}"), "{dialect} {order}");
    }
}

#[test]
fn keys_of_several_columns_and_several_tables() {
    let found = help("postgres", "SELECT number FROM lines ORDER BY post_id LIMIT $1 OFFSET $2;");
    assert!(found.contains("`(post_id, number) > (?, ?)` and `ORDER BY post_id, number LIMIT ?`"), "{found}");
    let join = "SELECT p.id FROM posts p JOIN authors a ON a.id = p.author_id ORDER BY p.posted_at LIMIT $1 OFFSET $2;";
    let found = help("postgres", join);
    assert!(found.contains("`(p.posted_at, p.id) > (?, ?)`"), "{found}");
    let both = "SELECT p.id FROM posts p JOIN authors a ON a.id = p.author_id ORDER BY a.id, p.id LIMIT $1 OFFSET $2;";
    let found = help("postgres", both);
    assert!(found.contains("remember what it is sorted by"), "{found}");
}
