//! Columns that no table of SQLite declares: rowids, and what a full-text table is searched by.

use super::lower::check;
use crate::dialect::Dialect;

#[test]
fn are_those_of_their_table() {
    check(
        Dialect::Sqlite,
        &[
            ("SELECT rowid FROM users", "SELECT t0.id FROM \"users\" AS t0"),
            ("SELECT users.rowid FROM users", "SELECT t0.id FROM \"users\" AS t0"),
            ("SELECT n.oid FROM notes n WHERE n.rowid > $1", "SELECT t0.oid FROM \"notes\" AS t0 WHERE t0.rowid > $1"),
            (
                "SELECT * FROM notes n JOIN users u ON u.id = n.rowid",
                "SELECT * FROM \"notes\" AS t0 JOIN \"users\" AS t1 ON t1.id = t0.rowid",
            ),
            (
                "SELECT f.rank FROM found f WHERE f.found MATCH $1",
                "SELECT random() FROM \"found\" AS t0 WHERE whole_row(t0.title, t0.body) MATCH $1 \
                 ~ a full-text search is planned as a scan",
            ),
            (
                "SELECT n.title FROM found f JOIN notes n ON n.rowid = f.rowid WHERE found MATCH $1 ORDER BY rank",
                "SELECT t1.title FROM \"found\" AS t0 JOIN \"notes\" AS t1 ON t1.rowid = t0.rowid \
                 WHERE whole_row(t0.title, t0.body) MATCH $1 ORDER BY random() ~ a full-text search is planned as a scan",
            ),
        ],
    );
}
