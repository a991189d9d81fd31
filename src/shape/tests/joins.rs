//! Joins of every kind.

use super::check;
use crate::dialect::Dialect;

#[test]
fn inner_and_outer() {
    check(
        Dialect::Postgres,
        &[
            (
                "SELECT * FROM users u JOIN orders o ON o.user_id = u.id WHERE u.org_id = $1",
                &["u: org_id = ?, id = o.user_id", "o: user_id = u.id"],
            ),
            (
                "SELECT * FROM users u, orders o WHERE o.user_id = u.id AND o.total > 5",
                &["u: id = o.user_id", "o: total > 5, user_id = u.id"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.status = 'paid' WHERE u.id = 1",
                &["u: id = 1", "o?: status = 'paid', user_id = u.id outer"],
            ),
            // A condition on the row that is always there keeps no row away.
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id AND u.active",
                &["u:", "o?: user_id = u.id outer"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.status = 'paid'",
                &["u: id = o.user_id", "o: status = 'paid', user_id = u.id"],
            ),
            // The condition on the last makes inner joins of the whole chain.
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id LEFT JOIN products p ON p.id = o.product_id \
                 WHERE p.name = 'x'",
                &["u: id = o.user_id", "o: user_id = u.id, product_id = p.id", "p: name = 'x', id = o.product_id"],
            ),
            // One that may not apply makes none.
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE $1 = '' OR o.status = $1",
                &["u:", "o?: status = ? ~, user_id = u.id outer"],
            ),
            // The row without a partner is what is asked for: no condition on the table.
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.id IS NULL",
                &["u:", "o?: user_id = u.id outer"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE coalesce(o.total, 0) = 0",
                &["u:", "o?: user_id = u.id outer"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.status = 'x' OR u.name = 'y'",
                &["u:", "o?: user_id = u.id outer"],
            ),
            ("SELECT * FROM orders o RIGHT JOIN users u ON o.user_id = u.id", &["o?: user_id = u.id outer", "u:"]),
            ("SELECT * FROM orders o FULL JOIN users u ON o.user_id = u.id", &["o?:", "u?:"]),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id JOIN products p ON p.id = o.product_id",
                &["u: id = o.user_id", "o: user_id = u.id, product_id = p.id", "p: id = o.product_id"],
            ),
            (
                "SELECT * FROM users u LEFT JOIN (orders o JOIN products p ON p.id = o.product_id) ON o.user_id = u.id",
                &["u:", "o?: product_id = p.id, user_id = u.id outer", "p?: id = o.product_id"],
            ),
            (
                "SELECT * FROM users u CROSS JOIN orgs o WHERE u.org_id = o.id",
                &["u: org_id = o.id", "o: id = u.org_id"],
            ),
            (
                "SELECT * FROM users u JOIN orgs o ON lower(o.name) = lower(u.name)",
                &["u: lower(name) = o.lower(name)", "o: lower(name) = u.lower(name)"],
            ),
            ("SELECT * FROM users a JOIN users b ON a.id > b.id", &["a:", "b:"]),
            (
                "SELECT * FROM categories c JOIN categories p ON p.id = c.parent_id",
                &["c: parent_id = p.id", "p: id = c.parent_id"],
            ),
            // What every arm of an OR says is said once.
            (
                "SELECT * FROM users u, orders o WHERE (u.id = o.user_id AND u.active AND o.total > 1) \
                 OR (u.id = o.user_id AND u.active AND o.status = 'x')",
                &["u: active = TRUE, id = o.user_id", "o: (status = 'x' | total > 1), user_id = u.id"],
            ),
            // Three tables in one equality name no single partner.
            ("SELECT * FROM users u, orders o, orgs g WHERE u.id = o.id + g.id", &["u:", "o:", "g:"]),
            (
                "SELECT * FROM users u, orders o WHERE (u.name = 'a' AND o.status = 'x') OR (u.name = 'b' AND o.total > 1)",
                &["u: name in 'a', 'b'", "o: (status = 'x' | total > 1)"],
            ),
        ],
    );
}

#[test]
fn by_column_names() {
    check(
        Dialect::Postgres,
        &[
            (
                "SELECT * FROM orders JOIN events USING (user_id) WHERE user_id = 5",
                &["orders: user_id = 5, user_id = events.user_id", "events: user_id = orders.user_id"],
            ),
            (
                "SELECT * FROM orders LEFT JOIN events USING (user_id) WHERE user_id = 5",
                &["orders: user_id = 5", "events?: user_id = orders.user_id outer"],
            ),
            (
                "SELECT * FROM orgs NATURAL JOIN categories",
                &["orgs: id = categories.id, name = categories.name", "categories: id = orgs.id, name = orgs.name"],
            ),
        ],
    );
}

#[test]
fn with_lists() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM users u JOIN unnest($1::int[]) AS x(id) ON x.id = u.id", &["u: id in (subquery)"]),
            ("SELECT * FROM users u JOIN (VALUES (1), (2)) AS v(id) ON v.id = u.id", &["u: id in (subquery)"]),
            ("SELECT * FROM users u JOIN generate_series(1, 9) n ON n = u.id", &["u: id in (subquery)"]),
            // The list is made of the table's own column.
            ("SELECT * FROM products p, unnest(p.tags) AS tag WHERE tag = p.name", &["p:"]),
        ],
    );
}
