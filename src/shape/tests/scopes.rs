//! Names: aliases, derived tables, CTEs, views.

use super::check;
use crate::dialect::Dialect;

#[test]
fn derived_tables() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM (SELECT id, email FROM users) d WHERE d.email = $1", &["users: email = ?"]),
            ("SELECT * FROM (SELECT id AS x FROM users) d WHERE x > 5", &["users: id > 5"]),
            ("SELECT * FROM (SELECT * FROM users) d(a, b, c) WHERE c = 'x'", &["users: email = 'x'"]),
            (
                "SELECT * FROM (SELECT * FROM users WHERE org_id = 1) d JOIN orders o ON o.user_id = d.id",
                &["users: org_id = 1, id = o.user_id", "o: user_id = users.id"],
            ),
            // A LIMIT inside keeps everything outside.
            ("SELECT * FROM (SELECT * FROM users LIMIT 5) d WHERE d.id = 1", &["users: limit 5"]),
            (
                "SELECT * FROM (SELECT org_id, count(*) n FROM users GROUP BY org_id) d WHERE d.org_id = 1 AND n > 2",
                &["users: org_id = 1, group org_id"],
            ),
            (
                "SELECT * FROM orgs o JOIN (SELECT org_id, count(*) n FROM users GROUP BY org_id) d ON d.org_id = o.id",
                &["o: id = users.org_id", "users: group org_id"],
            ),
            (
                "SELECT * FROM (SELECT DISTINCT name FROM users) d WHERE name = 'x'",
                &["users: name = 'x', distinct name"],
            ),
            ("SELECT * FROM (SELECT id, row_number() OVER () rn FROM users) d WHERE rn = 1 AND id = 2", &["users:"]),
            ("SELECT * FROM (SELECT id, email FROM users) d ORDER BY email LIMIT 3", &["users: order email, limit 3"]),
            (
                "SELECT * FROM (SELECT id FROM users UNION ALL SELECT id FROM orgs) d WHERE id = 4",
                &["users: id = 4", "orgs: id = 4"],
            ),
            ("SELECT * FROM (SELECT lower(email) AS e FROM users) d WHERE e = 'x'", &["users:"]),
            // The inner name hides the outer one.
            (
                "SELECT * FROM users u, (SELECT u.id FROM orders u WHERE u.total = 1) d WHERE d.id = u.id",
                &["u: id = u.id", "u: total = 1, id = u.id"],
            ),
        ],
    );
}

#[test]
fn ctes() {
    check(
        Dialect::Postgres,
        &[
            ("WITH a AS (SELECT * FROM users) SELECT * FROM a WHERE a.id = 1", &["users: id = 1"]),
            ("WITH a AS MATERIALIZED (SELECT * FROM users) SELECT * FROM a WHERE id = 1", &["users:"]),
            // Used twice, it is computed once.
            (
                "WITH a AS (SELECT * FROM users) SELECT * FROM a x JOIN a y ON x.id = y.id WHERE x.org_id = 1",
                &["users:"],
            ),
            ("WITH users AS (SELECT * FROM orgs) SELECT * FROM users WHERE plan = 'x'", &["orgs: plan = 'x'"]),
            (
                "WITH a(x) AS (SELECT id FROM users), b AS (SELECT x FROM a WHERE x > 1) SELECT * FROM b WHERE x < 9",
                &["users: id <> 1, 9"],
            ),
            (
                "WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id = $1 UNION ALL \
                 SELECT c.id, c.parent_id FROM categories c JOIN t ON c.parent_id = t.id) SELECT * FROM t WHERE id > 1",
                &["categories: id = ?", "c: parent_id = categories.id"],
            ),
            (
                "WITH gone AS (DELETE FROM orders WHERE user_id = $1 RETURNING id, total) SELECT * FROM gone WHERE id > 5",
                &["orders!: user_id = ?"],
            ),
            (
                "WITH a AS (SELECT id FROM users WHERE org_id = 1) SELECT * FROM orders WHERE user_id IN (SELECT id FROM a)",
                &["users: org_id = 1, id = orders.user_id semi", "orders: user_id = users.id semi"],
            ),
            (
                "SELECT * FROM orders WHERE user_id IN (WITH a AS (SELECT id FROM users) SELECT id FROM a)",
                &["orders: user_id = users.id semi", "users: id = orders.user_id semi"],
            ),
        ],
    );
}

#[test]
fn views() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM active_users WHERE email = $1", &["users^: deleted_at null, email = ?"]),
            (
                "SELECT * FROM active_users a WHERE a.org_id = 1 ORDER BY a.created_at LIMIT 5",
                &["users^: deleted_at null, org_id = 1, order created_at, limit 5"],
            ),
            ("SELECT * FROM user_totals WHERE user_id = 1 AND total > 100", &["orders^: user_id = 1, group user_id"]),
            (
                "SELECT * FROM recent_users WHERE email = 'x'",
                &["users^: deleted_at null, order created_at desc, limit 100"],
            ),
            ("SELECT * FROM people WHERE id = 7", &["users^: id = 7", "orgs^: id = 7"]),
            ("SELECT email FROM user_orgs WHERE id = 1", &["u^: id = 1", "o?^: id = u.org_id outer"]),
            ("SELECT email FROM user_orgs WHERE org_name IS NULL", &["u^:", "o?^: id = u.org_id outer"]),
            ("SELECT * FROM endless WHERE x = 1", &[]),
            (
                "WITH active_users AS (SELECT * FROM orgs) SELECT * FROM active_users WHERE plan = 'x'",
                &["orgs: plan = 'x'"],
            ),
            (
                "SELECT * FROM active_users a JOIN active_users b ON b.id = a.id",
                &["users^: deleted_at null, id = users.id", "users^: deleted_at null, id = users.id"],
            ),
        ],
    );
}
