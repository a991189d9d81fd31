//! Conditions on one table.

use super::check;
use crate::dialect::Dialect;

#[test]
fn of_postgres() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM users WHERE id = $1", &["users: id = ?"]),
            ("SELECT * FROM users u WHERE u.email = 'a' AND $1 = status", &["u: email = 'a', status = ?"]),
            ("SELECT * FROM users WHERE id IN (1, 2)", &["users: id in 1, 2"]),
            ("SELECT * FROM users WHERE id IN ($1)", &["users: id in ?"]),
            ("SELECT * FROM users WHERE id = ANY($1::int[])", &["users: id in ?"]),
            ("SELECT * FROM users WHERE id = 1 OR id = 2", &["users: id in 1, 2"]),
            ("SELECT * FROM users WHERE id NOT IN (1, 2)", &["users: id other 1, 2"]),
            ("SELECT * FROM users WHERE created_at > $1", &["users: created_at > ?"]),
            ("SELECT * FROM users WHERE created_at > $1 AND created_at <= $2", &["users: created_at <> ?"]),
            ("SELECT * FROM users WHERE id BETWEEN 1 AND 5", &["users: id <> 1, 5"]),
            ("SELECT * FROM users WHERE NOT id <= 5", &["users: id > 5"]),
            ("SELECT * FROM users WHERE created_at > now() - interval '1 day'", &["users: created_at > ?"]),
            ("SELECT * FROM users WHERE name LIKE 'abc%'", &["users: name prefix 'abc%'"]),
            ("SELECT * FROM users WHERE name LIKE '%abc'", &["users: name other '%abc'"]),
            ("SELECT * FROM users WHERE name LIKE $1", &["users: name other ?"]),
            ("SELECT * FROM users WHERE name ILIKE 'abc%'", &["users: name other 'abc%'"]),
            ("SELECT * FROM users WHERE name ~ '^abc'", &["users: name other '^abc'"]),
            ("SELECT * FROM users WHERE name <> 'x'", &["users: name other 'x'"]),
            ("SELECT * FROM users WHERE deleted_at IS NULL", &["users: deleted_at null"]),
            ("SELECT * FROM users WHERE deleted_at IS NOT NULL", &["users: deleted_at not null"]),
            ("SELECT * FROM users WHERE active", &["users: active = TRUE"]),
            ("SELECT * FROM users WHERE active IS TRUE AND id > 1", &["users: active = TRUE, id > 1"]),
            ("SELECT * FROM users WHERE NOT active", &["users: active other TRUE"]),
            ("SELECT * FROM users WHERE lower(email) = lower($1)", &["users: lower(email) = ?"]),
            ("SELECT * FROM users WHERE created_at::date = $1", &["users: CAST(created_at AS date) = ?"]),
            ("SELECT * FROM users WHERE email::text = $1", &["users: email = ?"]),
            ("SELECT * FROM users WHERE profile->>'city' = $1", &["users: profile ->> 'city' = ?"]),
            ("SELECT * FROM users WHERE profile @> $1", &["users: profile other ?"]),
            ("SELECT * FROM products WHERE $1 = ANY(tags)", &["products: tags other ?"]),
            ("SELECT * FROM users WHERE id + 1 = $1", &["users: id + 1 = ?"]),
            ("SELECT * FROM users WHERE name = email", &["users: email other ?"]),
            ("SELECT * FROM users WHERE name = 'x' OR email = $1", &["users: (email = ? | name = 'x')"]),
            (
                "SELECT * FROM users WHERE org_id = 1 AND (name = 'x' AND id > 3 OR email LIKE 'x%')",
                &["users: org_id = 1, (name = 'x' & id > 3 | email prefix 'x%')"],
            ),
            ("SELECT * FROM users WHERE (org_id, id) = ($1, $2)", &["users: id = ?, org_id = ?"]),
            (
                "SELECT * FROM users WHERE (created_at, id) < ($1, $2)",
                &["users: created_at < ?, (created_at, id) < (?, ?) other ?"],
            ),
            ("SELECT * FROM users WHERE id = 1 AND id = 1", &["users: id = 1"]),
            ("SELECT * FROM users WHERE true", &["users:"]),
            ("SELECT * FROM users WHERE 1 = 1 AND id = $1", &["users: id = ?"]),
            ("SELECT * FROM users WHERE email = NULL", &["users: email other NULL"]),
            ("SELECT * FROM users", &["users:"]),
            ("SELECT 1", &[]),
            ("VALUES (1, 2)", &[]),
        ],
    );
}

#[test]
fn behind_run_time_switches() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM users WHERE ($1 IS NULL OR org_id = $1)", &["users: org_id = ? ~"]),
            ("SELECT * FROM users WHERE (org_id = $1 OR $1 = '') AND id > 5", &["users: org_id = ? ~, id > 5"]),
            ("SELECT * FROM users WHERE (CARDINALITY($1::int[]) = 0 OR id = ANY($1))", &["users: id in ? ~"]),
            ("SELECT * FROM users WHERE CASE WHEN $1 != '' THEN name = $1 ELSE true END", &["users: name = ? ~"]),
            (
                "SELECT * FROM users WHERE CASE WHEN $1 > 0 THEN id = $1 WHEN $2 != '' THEN email = $2 ELSE name = $3 END",
                &["users: id = ? ~, email = ? ~, name = ? ~"],
            ),
            ("SELECT * FROM users WHERE org_id = COALESCE($1, org_id)", &["users: org_id other ? ~"]),
            ("SELECT * FROM users WHERE $1 OR name = 'x' OR email = $2", &["users: (email = ? ~ | name = 'x' ~)"]),
            (
                "SELECT * FROM users WHERE CASE WHEN active THEN id = $1 ELSE true END",
                &["users: CASE WHEN active THEN id = ? ELSE true END other ?"],
            ),
        ],
    );
}

#[test]
fn of_other_dialects() {
    check(
        Dialect::Sqlite,
        &[
            ("SELECT * FROM users WHERE active", &["users: active other 0"]),
            ("SELECT * FROM users WHERE active = TRUE", &["users: active = 1"]),
            ("SELECT * FROM users WHERE name = \"joe\"", &["users: name = 'joe'"]),
            ("SELECT * FROM users WHERE CAST(email AS TEXT) = $1", &["users: CAST(email AS text) = ?"]),
            ("SELECT * FROM users WHERE rowid = $1", &["users: id = ?"]),
            ("SELECT * FROM users u WHERE u._rowid_ = $1", &["u: id = ?"]),
            ("SELECT * FROM notes WHERE rowid = $1", &["notes:"]),
            ("SELECT * FROM users, orders WHERE rowid = $1", &["users:", "orders:"]),
            ("SELECT d.id FROM (SELECT rowid FROM users) d WHERE d.id = $1", &["users: id = ?"]),
            ("SELECT id AS n FROM users WHERE n = 1", &["users:"]),
            ("SELECT * FROM users WHERE created_at > datetime('now', '-7 days')", &["users: created_at > ?"]),
        ],
    );
    check(
        Dialect::Mysql,
        &[
            ("SELECT * FROM `users` WHERE `email` <=> $1", &["users: email = ?"]),
            ("SELECT * FROM users WHERE created_at > DATE_SUB(NOW(), INTERVAL 7 DAY)", &["users: created_at > ?"]),
            ("SELECT * FROM users WHERE MATCH(name) AGAINST ('x')", &["users:"]),
        ],
    );
}
