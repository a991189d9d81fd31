//! Statements that write.

use super::check;
use crate::dialect::Dialect;

#[test]
fn of_postgres() {
    check(
        Dialect::Postgres,
        &[
            ("UPDATE users SET name = $1 WHERE id = $2", &["users!: id = ?"]),
            ("UPDATE users AS u SET name = upper(u.name) WHERE u.org_id = 1 RETURNING u.id", &["u!: org_id = 1"]),
            (
                "UPDATE users u SET status = 'x' FROM orders o WHERE o.user_id = u.id AND o.total > 5",
                &["u!: id = o.user_id", "o: total > 5, user_id = u.id"],
            ),
            (
                "UPDATE users SET name = (SELECT name FROM orgs WHERE orgs.id = users.org_id)",
                &["users!:", "orgs: id = users.org_id correlated"],
            ),
            ("DELETE FROM users WHERE id = ANY($1)", &["users!: id in ?"]),
            ("DELETE FROM users", &["users!:"]),
            (
                "DELETE FROM orders o USING users u WHERE u.id = o.user_id AND u.email = $1",
                &["o!: user_id = u.id", "u: email = ?, id = o.user_id"],
            ),
            (
                "DELETE FROM orders WHERE user_id IN (SELECT id FROM users WHERE status = 'x')",
                &["orders!: user_id = users.id semi", "users: status = 'x', id = orders.user_id semi"],
            ),
            ("INSERT INTO users (id, name) VALUES ($1, $2)", &["users!:"]),
            (
                "INSERT INTO users (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name \
                 WHERE users.name <> excluded.name RETURNING *",
                &["users!:"],
            ),
            ("INSERT INTO orders (user_id) SELECT id FROM users WHERE org_id = $1", &["users: org_id = ?", "orders!:"]),
            (
                "INSERT INTO orders (user_id) SELECT u.id FROM users u WHERE NOT EXISTS \
                 (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
                &["u:", "o: user_id = u.id semi", "orders!:"],
            ),
            (
                "WITH old AS (SELECT id FROM users WHERE status = 'x') UPDATE orders SET note = '' FROM old WHERE user_id = old.id",
                &["users: status = 'x', id = orders.user_id", "orders!: user_id = users.id"],
            ),
            (
                "MERGE INTO users u USING (SELECT * FROM orders WHERE total > 1) s ON u.id = s.user_id \
                 WHEN MATCHED THEN UPDATE SET name = s.note WHEN NOT MATCHED THEN INSERT (id) VALUES (s.user_id)",
                &["orders: total > 1", "u!: id = orders.user_id outer"],
            ),
            (
                "MERGE INTO users u USING orders s ON u.id = s.user_id AND u.active WHEN MATCHED THEN DELETE",
                &["s: user_id = u.id", "u!: active = TRUE, id = s.user_id"],
            ),
            ("EXPLAIN SELECT * FROM users WHERE id = 1", &["users: id = 1"]),
            ("SET search_path = x", &["not-a-query: `SET search_path` is not a query"]),
            ("SELECT * FROM users users users", &["unreadable: expected end of statement, found `users`"]),
        ],
    );
}

#[test]
fn of_other_dialects() {
    check(
        Dialect::Mysql,
        &[
            (
                "UPDATE users u JOIN orders o ON o.user_id = u.id SET u.name = 'x' WHERE o.total > 5",
                &["u!: id = o.user_id", "o: total > 5, user_id = u.id"],
            ),
            (
                "DELETE o FROM orders o JOIN users u ON u.id = o.user_id WHERE u.name = 'x'",
                &["o!: user_id = u.id", "u: name = 'x', id = o.user_id"],
            ),
            (
                "DELETE FROM orders WHERE created_at < $1 ORDER BY id LIMIT 100",
                &["orders!: created_at < ?, order id, limit 100"],
            ),
            ("INSERT INTO users (id, name) VALUES ($1, $2) ON DUPLICATE KEY UPDATE name = VALUES(name)", &["users!:"]),
        ],
    );
    check(
        Dialect::Sqlite,
        &[
            ("REPLACE INTO users (id) VALUES (1)", &["users!:"]),
            (
                "UPDATE users SET name = o.note FROM orders o WHERE o.user_id = users.id",
                &["users!: id = o.user_id", "o: user_id = users.id"],
            ),
        ],
    );
}
