//! Clauses that are judged by what they say: a query and one line for each.

use super::schema;
use crate::dialect::Dialect;
use crate::query::{Clause, ClauseKind, PatternHead, QueryShape, RefId};
use crate::shape::shape;

fn check(dialect: Dialect, cases: &[(&str, &[&str])]) {
    let catalog = schema::catalog(dialect);
    let mut wrong = Vec::new();
    for (sql, expect) in cases {
        let found: Vec<String> = match shape(sql, &catalog) {
            Ok(shaped) => shaped.shape.clauses.iter().map(|clause| line(sql, &shaped.shape, clause)).collect(),
            Err(failure) => vec![failure.message],
        };
        if found != *expect {
            wrong.push(format!("{sql}\n  found:    {found:#?}\n  expected: {expect:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn line(sql: &str, shape: &QueryShape, clause: &Clause) -> String {
    let label = |reference: &RefId| shape.references[usize::from(reference.0)].label.to_string();
    let at = &sql[clause.sql.start as usize..clause.sql.end as usize];
    let said = match &clause.kind {
        ClauseKind::Like { key, head: PatternHead::Wildcard } => format!("like {key}"),
        ClauseKind::Like { key, head: PatternHead::Unknown } => format!("like? {key}"),
        ClauseKind::RandomOrder => "random".to_owned(),
        ClauseKind::NotIn(columns) => {
            let columns = columns.iter().map(|(reference, column)| format!("{}.{column}", label(reference)));
            format!("not in {}", columns.collect::<Vec<_>>().join(", "))
        }
        ClauseKind::NullComparison { form, rewrite } => {
            format!("{form:?} null -> {}", rewrite.as_deref().unwrap_or("?"))
        }
        ClauseKind::EveryRow(_) => "every row".to_owned(),
        ClauseKind::Apart(groups) => {
            let groups = groups.iter().map(|refs| refs.iter().map(label).collect::<Vec<_>>().join(" "));
            format!("apart {}", groups.collect::<Vec<_>>().join(" | "))
        }
    };
    format!("{said} @ {at}: {}", clause.text)
}

#[test]
fn patterns_with_an_open_start() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT 1 FROM users WHERE name LIKE '%x'", &["like name @ name: name like ?"]),
            ("SELECT 1 FROM users u WHERE u.name ILIKE '_x'", &["like name @ u.name: name ilike ?"]),
            ("SELECT 1 FROM users WHERE name ~~* '%x'", &["like name @ name: name ~~* ?"]),
            (
                "SELECT 1 FROM users WHERE lower(name) LIKE '%' || lower($1) || '%'",
                &["like lower(name) @ name: lower(name) like ? || lower(?) || ?"],
            ),
            (
                "SELECT 1 FROM users WHERE name LIKE concat('%', $1::text, '%')",
                &["like name @ name: name like concat(?, ?::text, ?)"],
            ),
            ("SELECT 1 FROM users WHERE name LIKE format('%%%s%%', $1)", &["like name @ name: name like format(?, ?)"]),
            ("SELECT 1 FROM users WHERE name LIKE $1", &["like? name @ name: name like ?"]),
            (
                "SELECT 1 FROM users WHERE id = 1 AND (name LIKE '%x' OR email LIKE '%x')",
                &["like name @ name: name like ?", "like email @ email: email like ?"],
            ),
            ("SELECT 1 FROM users WHERE name LIKE 'x%' OR name LIKE '\\%x' OR name LIKE '%%' OR name LIKE '%'", &[]),
            ("SELECT 1 FROM users WHERE name LIKE $1 || '%' OR name LIKE email OR name LIKE ANY ($1)", &[]),
            ("SELECT 1 FROM users WHERE name NOT LIKE '%x' AND NOT name LIKE '%x'", &[]),
            ("SELECT name LIKE '%x' FROM users ORDER BY name LIKE '%x'", &[]),
            ("SELECT 1 FROM users WHERE 'x' LIKE '%' || name", &[]),
            ("SELECT 1 FROM (SELECT name FROM users LIMIT 10) u WHERE name LIKE '%x'", &[]),
        ],
    );
}

#[test]
fn random_orders() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT id FROM users ORDER BY random() LIMIT 1", &["random @ random: order by random()"]),
            ("SELECT id, random() AS r FROM users ORDER BY r", &["random @ random: order by random()"]),
            ("SELECT id FROM users ORDER BY -log(random()) / id", &["random @ random: order by -log(random()) / id"]),
            ("SELECT id FROM users ORDER BY id, random()", &[]),
            ("SELECT id FROM users ORDER BY (SELECT random())", &[]),
            ("SELECT random() FROM users ORDER BY id", &[]),
        ],
    );
    check(Dialect::Mysql, &[("SELECT id FROM users ORDER BY RAND(3)", &["random @ RAND: order by rand(?)"])]);
}

#[test]
fn subqueries_that_rows_must_not_be_in() {
    check(
        Dialect::Postgres,
        &[
            (
                "SELECT 1 FROM users u WHERE u.id NOT IN (SELECT user_id FROM orders)",
                &["not in orders.user_id @ u.id: id not in"],
            ),
            (
                "SELECT 1 FROM users WHERE NOT (id IN (SELECT user_id FROM orders))",
                &["not in orders.user_id @ id: id not in"],
            ),
            (
                "SELECT 1 FROM users WHERE id <> ALL (SELECT user_id FROM orders)",
                &["not in orders.user_id @ id: id not in"],
            ),
            (
                "SELECT 1 FROM users WHERE (id, name) NOT IN (SELECT user_id, note FROM orders)",
                &["not in orders.user_id, orders.note @ id: (id, name) not in"],
            ),
            (
                "SELECT 1 FROM users WHERE id NOT IN (SELECT user_id FROM orders UNION SELECT actor FROM audit.log)",
                &["not in orders.user_id, log.actor @ id: id not in"],
            ),
            ("SELECT 1 FROM users WHERE id NOT IN (SELECT max(user_id) FROM orders)", &["not in  @ id: id not in"]),
            (
                "SELECT 1 FROM users WHERE id NOT IN (SELECT coalesce(user_id, 0) FROM orders)",
                &["not in  @ id: id not in"],
            ),
            ("SELECT 1 FROM users WHERE id NOT IN (1, 2) AND id IN (SELECT user_id FROM orders)", &[]),
        ],
    );
}

#[test]
fn comparisons_with_null() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT 1 FROM users u WHERE u.name = NULL", &["Equal null -> IS NULL @ = NULL: name = null"]),
            (
                "SELECT 1 FROM users WHERE lower(name)<>null OR 1 = 2",
                &["NotEqual null ->  IS NOT NULL @ <>null: lower(name) <> null"],
            ),
            ("SELECT 1 FROM users WHERE name !=\n  NULL", &["NotEqual null -> IS NOT NULL @ !=\n  NULL: name <> null"]),
            ("SELECT 1 FROM users WHERE name = /* none */ NULL", &["Equal null -> ? @ NULL: name = null"]),
            (
                "SELECT 1 FROM users WHERE NULL = name OR name = (NULL)",
                &["Equal null -> ? @ NULL: null = name", "Equal null -> ? @ NULL: name = (null)"],
            ),
            (
                "SELECT 1 FROM users WHERE $1 = NULL OR name = NULL::text",
                &["Equal null -> IS NULL @ = NULL: ? = null", "Equal null -> IS NULL @ = NULL: name = null::text"],
            ),
            ("SELECT 1 FROM users WHERE id > NULL", &["Ordered null -> ? @ NULL: id > null"]),
            ("SELECT 1 FROM users WHERE id IN (1, NULL)", &["In null -> ? @ NULL: id in null"]),
            ("SELECT 1 FROM users WHERE id NOT IN (1, 2, NULL)", &["NotIn null -> ? @ NULL: id not in null"]),
            ("SELECT CASE u.name WHEN NULL THEN 1 END FROM users u", &["When null -> ? @ NULL: case name when null"]),
            ("SELECT name = NULL FROM users", &["Equal null -> IS NULL @ = NULL: name = null"]),
            ("SELECT 1 FROM users HAVING max(name) = NULL", &["Equal null -> IS NULL @ = NULL: max(name) = null"]),
            ("SELECT 1 FROM users WHERE name IS NULL OR name IS NOT DISTINCT FROM NULL OR name = $1", &[]),
            ("SELECT 1 FROM users WHERE NULL = NULL OR 1 = NULL OR 'x'::text < NULL OR f(a => NULL, b := NULL)", &[]),
            ("SELECT CASE WHEN name IS NULL THEN NULL ELSE coalesce(name, NULL) END, NULL FROM users", &[]),
            ("UPDATE users SET name = NULL, (email, status) = (NULL, NULL) WHERE id = 1", &[]),
            ("INSERT INTO users (id, name) VALUES (1, NULL) ON CONFLICT (id) DO UPDATE SET name = NULL", &[]),
        ],
    );
    check(Dialect::Mysql, &[("SELECT 1 FROM users WHERE name <=> NULL", &[])]);
    check(Dialect::Mysql, &[("INSERT INTO users SET name = NULL", &[])]);
    check(
        Dialect::Sqlite,
        &[("SELECT 1 FROM users WHERE name == NULL", &["Equal null -> IS NULL @ == NULL: name = null"])],
    );
}

#[test]
fn writes_to_every_row() {
    check(
        Dialect::Postgres,
        &[
            ("DELETE FROM users", &["every row @ users: delete "]),
            ("UPDATE users SET name = $1, email = 'x'", &["every row @ users: update name, email"]),
            ("WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone", &["every row @ orders: delete "]),
            ("DELETE FROM users WHERE true", &[]),
            ("DELETE FROM orders USING users u WHERE u.id = user_id", &[]),
            ("UPDATE orders SET note = u.name FROM users u WHERE u.id = user_id", &[]),
            ("TRUNCATE users", &["`TRUNCATE users` is not a query"]),
        ],
    );
    check(
        Dialect::Mysql,
        &[
            ("DELETE FROM users LIMIT 100", &[]),
            ("UPDATE users SET name = 'x' ORDER BY id LIMIT 1", &[]),
            ("UPDATE orders o JOIN users u ON u.id = o.user_id SET o.note = u.name", &[]),
            ("DELETE o FROM orders o JOIN users u ON u.id = o.user_id", &[]),
        ],
    );
}

#[test]
fn relations_that_nothing_connects() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT 1 FROM users, orders", &["apart users | orders @ orders: from orders, users"]),
            (
                "SELECT 1 FROM users u, orders o WHERE u.id = $1 AND o.note = 'x'",
                &["apart u | o @ orders: from orders, users"],
            ),
            ("SELECT 1 FROM users u JOIN orders o ON u.id = u.id", &["apart u | o @ orders: from orders, users"]),
            (
                "SELECT 1 FROM users u JOIN orders o ON o.id = o.user_id, products p WHERE p.id = o.product_id",
                &["apart u | o p @ orders: from orders, users"],
            ),
            (
                "UPDATE orders SET note = u.name FROM users u WHERE u.id = $1",
                &["apart orders | u @ users: from orders, users"],
            ),
            ("DELETE FROM orders USING users", &["apart orders | users @ users: from orders, users"]),
            ("SELECT 1 FROM (SELECT id FROM users) u, orders o", &["apart users | o @ orders: from orders, users"]),
            ("SELECT 1 FROM users u, orders o WHERE o.user_id = u.id", &[]),
            ("SELECT 1 FROM users u, products p, orders o WHERE o.user_id = u.id AND product_id = p.id", &[]),
            ("SELECT 1 FROM users u, orders o WHERE u.id = o.user_id OR u.email = o.note", &[]),
            (
                "SELECT 1 FROM users u, orders o WHERE EXISTS (SELECT 1 FROM events e WHERE e.user_id = u.id AND e.kind = o.note)",
                &[],
            ),
            ("SELECT 1 FROM users u, orders o WHERE (u.id, 1) IN (SELECT user_id, 1 FROM events WHERE id = o.id)", &[]),
            ("SELECT 1 FROM users CROSS JOIN orders", &[]),
            ("SELECT 1 FROM users JOIN orders ON true", &[]),
            ("SELECT 1 FROM users u LEFT JOIN orders o ON o.note = 'default'", &[]),
            ("SELECT 1 FROM users JOIN orders USING (id)", &[]),
            ("SELECT 1 FROM users NATURAL JOIN orders", &[]),
            ("SELECT 1 FROM users u, unnest($1::int[]) x", &[]),
            ("SELECT 1 FROM users u, generate_series(1, 3), jsonb_each(u.profile) e", &[]),
            ("SELECT 1 FROM users u, LATERAL (SELECT 1 FROM orders o WHERE o.user_id = u.id LIMIT 3) o", &[]),
            ("SELECT 1 FROM products p, unnest(p.tags) t, categories c WHERE c.name = t", &[]),
            ("SELECT 1 FROM users u, (SELECT count(*) AS n FROM orders) o", &[]),
            ("SELECT 1 FROM users u, (SELECT id FROM orders ORDER BY id DESC LIMIT 1) o", &[]),
            ("WITH p AS (SELECT $1::int AS day) SELECT 1 FROM users, p", &[]),
            ("WITH p AS (SELECT max(id) AS last FROM orders) SELECT 1 FROM users, p", &[]),
            ("SELECT 1 FROM users, (VALUES (1), (2)) v (n)", &[]),
            ("SELECT 1 FROM users, plainto_tsquery($1) q WHERE to_tsvector(name) @@ q", &[]),
            (
                "SELECT 1 FROM orgs g WHERE EXISTS (SELECT 1 FROM users u, orders o WHERE u.org_id = g.id AND o.note = g.name)",
                &[],
            ),
            ("SELECT 1 FROM users, elsewhere WHERE a = b", &[]),
            ("SELECT 1 FROM users, elsewhere", &[]),
            ("SELECT u.id, o.id - u.id FROM users u, orders o", &[]),
            ("SELECT sum(o.total * u.id), u.id FROM users u, orders o", &["apart u | o @ orders: from orders, users"]),
            (
                "SELECT 1 FROM users u LEFT JOIN (orders o JOIN products p ON p.id = o.product_id) s ON s.user_id = u.id",
                &[],
            ),
        ],
    );
}
