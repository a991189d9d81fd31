//! Names that the schema does not have, and names that only look so.

use super::check;
use crate::dialect::Dialect;

#[test]
fn unknown_names_are_found() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM nowhere", &["unknown table nowhere"]),
            ("SELECT nope FROM users", &["users:", "unknown column nope of users"]),
            ("SELECT u.nope FROM users u", &["u:", "unknown column nope of users"]),
            ("SELECT 1 FROM users WHERE \"Email\" = $1", &["users:", "unknown column Email of users"]),
            ("UPDATE users SET \"Name\" = 1", &["users!:", "unknown column Name of users"]),
            ("SELECT 1 FROM \"Users\" WHERE id = $1", &["unknown table Users"]),
            (
                "SELECT * FROM users u JOIN orders o ON o.usr_id = u.id",
                &["u:", "o:", "unknown column usr_id of orders"],
            ),
            ("SELECT nope FROM users, orders", &["users:", "orders:", "unknown column nope of orders, users"]),
            ("UPDATE users SET nope = 1", &["users!:", "unknown column nope of users"]),
            ("INSERT INTO users (nope) VALUES (1)", &["users!:", "unknown column nope of users"]),
            ("SELECT * FROM users ORDER BY nope", &["users:", "unknown column nope of users"]),
            (
                "SELECT * FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE nope = 1)",
                &["users:", "orders:", "unknown column nope of orders, users"],
            ),
            ("SELECT * FROM audit.log WHERE actr = 1", &["log:", "unknown column actr of audit.log"]),
            ("SELECT d.nope FROM (SELECT id FROM users) d", &["users:", "unknown output nope of d"]),
            ("SELECT nope FROM (SELECT * FROM users) d", &["users:", "unknown output nope of d"]),
            ("WITH c AS (SELECT id AS n FROM users) SELECT c.id FROM c", &["users:", "unknown output id of c"]),
            (
                "SELECT d.nope FROM (SELECT id FROM users UNION SELECT id FROM orders) d",
                &["users:", "orders:", "unknown output nope of d"],
            ),
        ],
    );
}

#[test]
fn what_cannot_be_told_is_not_called_unknown() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT nope FROM partial", &["partial:"]),
            ("SELECT nope FROM users, partial", &["users:", "partial:"]),
            ("SELECT x FROM json_each($1) AS j, users", &["users:"]),
            ("SELECT ctid, xmin, tableoid FROM users", &["users:"]),
            ("SELECT u, (u).email, row_to_json(u) FROM users u", &["u:"]),
            ("SELECT count(u.*) FROM users u", &["u:"]),
            ("SELECT (email).nope, (email).a.a, (f(id)).b FROM users WHERE (email).nope = 1", &["users:"]),
            ("SELECT id AS n FROM users GROUP BY n ORDER BY n", &["users: order id, group id"]),
            ("SELECT * FROM pg_class WHERE relname = 'x'", &[]),
            ("SELECT * FROM pg_catalog.pg_class c JOIN information_schema.tables t ON true", &[]),
            ("INSERT INTO users (id) VALUES (DEFAULT)", &["users!:"]),
            ("UPDATE users SET name = DEFAULT", &["users!:"]),
            ("SELECT d.whatever FROM (SELECT * FROM partial) d", &["partial:"]),
            ("SELECT d.\"case\" FROM (SELECT CASE WHEN true THEN 1 END FROM users) d", &["users:"]),
            ("SELECT d.count FROM (SELECT count(*) FROM users) d", &["users:"]),
            ("SELECT f.b FROM some_function(1) AS f(a)", &[]),
            ("SELECT d.xmin FROM (SELECT id FROM users) d", &["users:"]),
            ("SELECT v.column1 FROM (VALUES (1)) v", &[]),
            ("SELECT date_part('day', created_at), EXTRACT(epoch FROM created_at) FROM users", &["users:"]),
            ("SELECT * FROM users WHERE created_at < now() - make_interval(secs => $1)", &["users: created_at < ?"]),
            ("SELECT current_date, current_user, CURRENT_TIMESTAMP FROM users", &["users:"]),
            ("SELECT f.a FROM some_function(1) AS f", &[]),
            ("SELECT tag FROM products, unnest(tags) AS tag", &["products:"]),
            ("SELECT make_interval(secs => 3), f(a := id) FROM users", &["users:"]),
            ("SELECT \"id\", USERS.ID, u.Email FROM users, \"users\" AS U", &["users:", "u:"]),
            ("SELECT \"Nope\" FROM partial", &["partial:"]),
            ("SELECT \"ID\" FROM \"PARTIAL\"", &["PARTIAL:"]),
            ("SELECT name AS \"Name\" FROM users ORDER BY \"Name\"", &["users: order name"]),
            ("SELECT D.Name FROM (SELECT name AS \"Name\" FROM users) d", &["users:"]),
            ("SELECT log.at FROM audit.log", &["log:"]),
            ("SELECT * FROM log WHERE log.actor = 1", &["log: actor = 1"]),
            (
                "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id + users.id",
                &["users!:"],
            ),
        ],
    );
    check(
        Dialect::Sqlite,
        &[
            ("SELECT \"ID\" FROM \"Users\" WHERE \"NAME\" = 1", &["Users: name = 1"]),
            ("SELECT rowid, oid, _rowid_ FROM users WHERE name = \"anything\"", &["users: name = 'anything'"]),
            ("SELECT * FROM sqlite_master WHERE type = 'table'", &[]),
            ("SELECT value FROM json_each('[1]')", &[]),
            ("SELECT d.\"count(*)\" FROM (SELECT count(*) FROM users) d", &["users:"]),
        ],
    );
    check(
        Dialect::Mysql,
        &[
            ("SELECT @row := @row + 1, TIMESTAMPDIFF(SECOND, created_at, NOW()) FROM users", &["users:"]),
            ("SELECT * FROM information_schema.tables", &[]),
        ],
    );
}
