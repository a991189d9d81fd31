//! Subqueries: EXISTS, IN, ANY, scalar, LATERAL.

use super::check;
use crate::dialect::Dialect;

#[test]
fn of_every_kind() {
    check(
        Dialect::Postgres,
        &[
            (
                "SELECT * FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.status = 'x')",
                &["u: id = o.user_id semi", "o: status = 'x', user_id = u.id semi"],
            ),
            (
                "SELECT * FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
                &["u:", "o: user_id = u.id semi"],
            ),
            (
                "SELECT * FROM users WHERE id IN (SELECT user_id FROM orders WHERE total > 5)",
                &["users: id = orders.user_id semi", "orders: total > 5, user_id = users.id semi"],
            ),
            (
                "SELECT * FROM users WHERE id = ANY (SELECT user_id FROM orders)",
                &["users: id = orders.user_id semi", "orders: user_id = users.id semi"],
            ),
            (
                "SELECT * FROM users WHERE id NOT IN (SELECT user_id FROM orders)",
                &["users: id other (subquery)", "orders:"],
            ),
            (
                "SELECT * FROM users WHERE id IN (SELECT max(user_id) FROM orders)",
                &["users: id in (subquery)", "orders: extremum user_id"],
            ),
            (
                "SELECT * FROM users WHERE id IN (SELECT user_id FROM orders ORDER BY total LIMIT 3)",
                &["users: id = orders.user_id semi", "orders: order total, limit 3"],
            ),
            (
                "SELECT * FROM orders WHERE (user_id, product_id) IN (SELECT user_id, id FROM events)",
                &[
                    "orders: user_id = events.user_id semi, product_id = events.id semi",
                    "events: user_id = orders.user_id semi, id = orders.product_id semi",
                ],
            ),
            (
                "SELECT (SELECT count(*) FROM orders o WHERE o.user_id = u.id) FROM users u WHERE u.org_id = 1",
                &["u: org_id = 1", "o: user_id = u.id correlated"],
            ),
            (
                "SELECT * FROM users WHERE id = (SELECT user_id FROM orders WHERE id = $1)",
                &["users: id = ?", "orders: id = ?"],
            ),
            // The value depends on the row itself: no constant to seek with.
            (
                "SELECT * FROM orders o WHERE total = (SELECT max(total) FROM orders i WHERE i.user_id = o.user_id)",
                &["o:", "i: user_id = o.user_id correlated, extremum total"],
            ),
            (
                "SELECT * FROM users u WHERE u.active OR EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
                &["u:", "o: user_id = u.id correlated"],
            ),
            (
                "SELECT * FROM users u CROSS JOIN LATERAL \
                 (SELECT * FROM orders o WHERE o.user_id = u.id ORDER BY o.created_at DESC LIMIT 1) x",
                &["u:", "o: user_id = u.id correlated, order created_at desc, limit 1"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN LATERAL (SELECT max(total) m FROM orders WHERE user_id = u.id) x ON true",
                &["u:", "orders?: user_id = u.id correlated, extremum total"],
            ),
            (
                "SELECT id FROM users u ORDER BY (SELECT max(o.total) FROM orders o WHERE o.user_id = u.id)",
                &["u:", "o: user_id = u.id correlated, extremum total"],
            ),
            (
                "SELECT (SELECT count(*) FROM orders o WHERE o.user_id = u.id) AS n FROM users u ORDER BY n DESC LIMIT 5",
                &["u: limit 5", "o: user_id = u.id correlated"],
            ),
            (
                "SELECT * FROM users u WHERE u.id IN (SELECT o.user_id FROM orders o WHERE o.product_id IN \
                 (SELECT p.id FROM products p WHERE p.name = 'x'))",
                &[
                    "u: id = o.user_id semi",
                    "o: product_id = p.id semi, user_id = u.id semi",
                    "p: name = 'x', id = o.product_id semi",
                ],
            ),
            // An unqualified name that only the outer table has.
            (
                "SELECT * FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = users.id AND email = 'x')",
                &["users: id = orders.user_id semi", "orders: user_id = users.id semi"],
            ),
        ],
    );
}
