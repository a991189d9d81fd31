//! Order, grouping, limits, locks.

use super::check;
use crate::dialect::Dialect;

#[test]
fn of_one_block() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM users ORDER BY created_at DESC LIMIT 10", &["users: order created_at desc, limit 10"]),
            ("SELECT * FROM users ORDER BY name, id DESC NULLS LAST", &["users: order name, id desc nulls last"]),
            ("SELECT id, name AS n FROM users ORDER BY n", &["users: order name"]),
            ("SELECT id, name FROM users ORDER BY 2 DESC", &["users: order name desc"]),
            ("SELECT *, name FROM users ORDER BY 2", &["users:"]),
            ("SELECT * FROM users ORDER BY lower(name) LIMIT $1", &["users: order lower(name), limit ?"]),
            (
                "SELECT lower(name) AS l FROM users ORDER BY l FETCH FIRST 5 ROWS ONLY",
                &["users: order lower(name), limit 5"],
            ),
            (
                "SELECT * FROM users u JOIN orders o ON o.user_id = u.id ORDER BY o.created_at, o.id, u.id LIMIT 3",
                &["u: id = o.user_id, limit 3", "o: user_id = u.id, order created_at, id …, limit 3"],
            ),
            ("SELECT org_id, count(*) FROM users GROUP BY org_id", &["users: group org_id"]),
            ("SELECT org_id AS o, count(*) FROM users GROUP BY 1 ORDER BY 1", &["users: order org_id, group org_id"]),
            ("SELECT org_id, count(*) c FROM users GROUP BY org_id ORDER BY c DESC", &["users: group org_id"]),
            (
                "SELECT org_id, count(*) c FROM users GROUP BY org_id ORDER BY org_id, c",
                &["users: order org_id …, group org_id"],
            ),
            (
                "SELECT u.org_id, o.status FROM users u JOIN orders o ON o.user_id = u.id GROUP BY 1, 2",
                &["u: id = o.user_id", "o: user_id = u.id"],
            ),
            ("SELECT org_id FROM users GROUP BY ROLLUP (org_id)", &["users:"]),
            ("SELECT DISTINCT status, org_id FROM users", &["users: distinct status, org_id"]),
            (
                "SELECT DISTINCT ON (user_id) * FROM orders ORDER BY user_id, created_at DESC",
                &["orders: order user_id, created_at desc, distinct user_id"],
            ),
            ("SELECT max(created_at) FROM orders WHERE user_id = 1", &["orders: user_id = 1, extremum created_at"]),
            ("SELECT coalesce(min(id), 0) FROM users", &["users: extremum id"]),
            ("SELECT max(id), min(id) FROM users", &["users:"]),
            ("SELECT coalesce(max(id), 0) + 1 FROM users", &["users: extremum id"]),
            ("SELECT 1 + (max(id)) AS next FROM users", &["users: extremum id"]),
            ("SELECT max(id) + count(*) FROM users", &["users:"]),
            ("SELECT * FROM users WHERE id = 1 FOR UPDATE", &["users: id = 1, lock"]),
            (
                "SELECT * FROM users u JOIN orgs o ON o.id = u.org_id FOR UPDATE OF u SKIP LOCKED",
                &["u: org_id = o.id, lock", "o: id = u.org_id"],
            ),
            ("SELECT * FROM users ORDER BY id OFFSET 20", &["users: order id"]),
            ("SELECT * FROM users LIMIT ALL", &["users:"]),
            ("SELECT * FROM users ORDER BY random() LIMIT 1", &["users: limit 1"]),
            (
                "SELECT id FROM users ORDER BY CASE WHEN active THEN 1 ELSE 2 END",
                &["users: order CASE WHEN active THEN 1 ELSE 2 END"],
            ),
            ("SELECT id, rank() OVER (ORDER BY created_at) r FROM users ORDER BY r", &["users:"]),
            (
                "SELECT org_id FROM users GROUP BY org_id HAVING org_id > 3 AND count(*) > 1",
                &["users: org_id > 3, group org_id"],
            ),
        ],
    );
    check(Dialect::Mysql, &[("SELECT * FROM users ORDER BY id LIMIT 5, 10", &["users: order id, limit 10"])]);
    check(Dialect::Sqlite, &[("SELECT * FROM users ORDER BY name DESC", &["users: order name desc"])]);
}

#[test]
fn of_set_operations() {
    check(
        Dialect::Postgres,
        &[
            (
                "SELECT id FROM users WHERE org_id = 1 UNION ALL SELECT id FROM orgs WHERE plan = 'x' ORDER BY 1 LIMIT 5",
                &["users: org_id = 1", "orgs: plan = 'x'"],
            ),
            (
                "(SELECT id FROM users ORDER BY id LIMIT 1) UNION (SELECT id FROM orgs ORDER BY id DESC LIMIT 2)",
                &["users: order id, limit 1", "orgs: order id desc, limit 2"],
            ),
            ("(SELECT id FROM users WHERE org_id = 1)", &["users: org_id = 1"]),
            (
                "SELECT id FROM users EXCEPT SELECT user_id FROM orders INTERSECT SELECT user_id FROM events WHERE kind = 'x'",
                &["users:", "orders:", "events: kind = 'x'"],
            ),
        ],
    );
}
