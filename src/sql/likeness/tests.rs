//! Texts of one query, as the code has it and as a server does.

use super::*;
use crate::catalog::replay;
use crate::dialect::Dialect;
use crate::source::{FileId, HostSpan};
use crate::{schema, shape};

const SHOP: &str = "CREATE TABLE users (id integer PRIMARY KEY, email text, active boolean);
    CREATE TABLE orders (id integer PRIMARY KEY, user_id integer, status text, at timestamp, \"Total\" integer)";

fn of(sql: &str) -> Likeness {
    let place = HostSpan { file: FileId(0), start: 0, end: 0 };
    let steps = SHOP.split(';').flat_map(|statement| schema::ddl::steps(statement, place, Dialect::Postgres).0);
    let catalog = replay(Dialect::Postgres, &steps.collect::<Vec<_>>()).0;
    let shaped = shape::shape(&readable(sql), &catalog).unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    likeness(&shaped, &catalog)
}

#[test]
fn writers_of_one_query_are_told_to_write_the_same() {
    let check = |one: &str, other: &str| assert_eq!(of(one).whole, of(other).whole, "{one}\n{other}");
    check(
        "SELECT id FROM users WHERE email = 'a'",
        "select  \"users\".\"id\"\nfrom \"public\".\"users\" where users.email=$1",
    );
    check("SELECT u.id FROM users u", "SELECT users.id AS users_id FROM users");
    check("SELECT users.* FROM users", "SELECT users.id AS a, users.email AS b, users.active AS c FROM users");
    check("SELECT * FROM users", "SELECT id, active, email FROM users");
    check("SELECT id FROM users WHERE id IN (1, 2, 3)", "SELECT id FROM users WHERE id IN ($1)");
    check("SELECT id FROM users WHERE id = ANY($1)", "SELECT id FROM users WHERE id IN ($1, $2)");
    check("SELECT id FROM users WHERE id <> ALL(ARRAY[1])", "SELECT id FROM users WHERE id NOT IN ($1, $2)");
    check("SELECT id FROM users WHERE active AND id = 1", "SELECT id FROM users WHERE ((id = $1) AND (active))");
    check(
        "SELECT id FROM users WHERE (id = 1 AND (active AND email = 'a')) AND id = 2",
        "SELECT id FROM users WHERE id = 2 AND id = 1 AND email = $1 AND active",
    );
    check("SELECT id FROM users WHERE active = true", "SELECT id FROM users WHERE active = $1");
    check(
        "SELECT id FROM users WHERE active AND (id = 1 OR email = 'a')",
        "SELECT id FROM users WHERE (email = $1 OR id = $2) AND active",
    );
    check(
        "SELECT id FROM orders WHERE at > '2020-01-01'::timestamp",
        "SELECT id FROM orders WHERE at > CAST($1 AS date)",
    );
    check("SELECT id FROM orders WHERE at > now() - INTERVAL '1 day'", "SELECT id FROM orders WHERE at > NOW() - $1");
    check("SELECT extract(year FROM at) FROM orders", "SELECT EXTRACT($1 FROM at) FROM orders");
    check(
        "SELECT id FROM orders ORDER BY at DESC LIMIT 5 OFFSET 2",
        "SELECT id FROM orders ORDER BY at DESC NULLS FIRST LIMIT $1 OFFSET $2 ROWS",
    );
    check(
        "SELECT o.id FROM orders o INNER JOIN users u ON u.id = o.user_id LEFT OUTER JOIN users v ON v.id = 1",
        "SELECT o.id FROM orders AS o JOIN users AS users_1 ON o.user_id = users_1.id LEFT JOIN users AS x ON x.id = $1",
    );
    check(
        "INSERT INTO users (id, email) VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO \"users\" (\"id\", \"email\") VALUES ($1, $2)",
    );
    check(
        "UPDATE orders SET status = 'a', at = $1 WHERE id = 1",
        "UPDATE \"orders\" SET \"at\" = $1, \"status\" = $2 WHERE \"orders\".\"id\" = $3",
    );
    check(
        "SELECT count(*) FROM users WHERE active",
        "SELECT COUNT(*) AS c FROM (SELECT users.id AS i FROM users WHERE users.active) AS anon_1",
    );
    check(
        "SELECT user_id, count(*) AS n FROM orders GROUP BY 1 ORDER BY n",
        "SELECT user_id, count(*) FROM orders GROUP BY orders.user_id ORDER BY count(*) ASC",
    );
    check(
        "SELECT id FROM users WHERE upper(email::text) = upper('a')",
        "SELECT id FROM users WHERE UPPER(email) = UPPER($1)",
    );
    check("(SELECT id FROM users) UNION (SELECT id FROM orders)", "SELECT id FROM users UNION SELECT id FROM orders");
    check(
        "SELECT max(x.id) FROM (SELECT id FROM users LIMIT 2) x",
        "SELECT max(x.id) FROM (SELECT id FROM users LIMIT $1) AS x",
    );
    check("SELECT \"Total\" FROM orders", "SELECT orders.\"Total\" FROM orders");
}

#[test]
fn a_model_lists_other_columns_and_still_reads_the_same_rows() {
    let check = |one: &str, other: &str| {
        assert_ne!(of(one).whole, of(other).whole, "{one}\n{other}");
        assert_eq!(of(one).rows, of(other).rows, "{one}\n{other}");
    };
    check("SELECT users.* FROM users WHERE id = 1", "SELECT users.id, users.email FROM users WHERE users.id = $1");
    check("SELECT 1 FROM users WHERE id = 1", "SELECT id AS a FROM users WHERE users.id = $1");
    check("DELETE FROM users WHERE id = 1 RETURNING id", "DELETE FROM users WHERE id = 1");
}

#[test]
fn what_asks_the_same_of_each_table_is_alike_at_last() {
    let check = |one: &str, other: &str| {
        assert_ne!(of(one).rows, of(other).rows, "{one}\n{other}");
        assert_eq!(of(one).asked, of(other).asked, "{one}\n{other}");
    };
    check("SELECT upper(email) FROM users WHERE id = 1", "SELECT lower(email) FROM users WHERE id = $1");
    check("SELECT id FROM orders WHERE at > $1 LIMIT 5", "SELECT id FROM orders WHERE at >= $1 LIMIT $2");
}

#[test]
fn queries_that_differ_are_told_apart() {
    let check = |one: &str, other: &str| {
        assert_ne!(of(one).rows, of(other).rows, "{one}\n{other}");
        assert_ne!(of(one).asked, of(other).asked, "{one}\n{other}");
    };
    check("SELECT id FROM users", "SELECT count(*) FROM users");
    check("SELECT count(*) FROM users", "SELECT count(*) FROM (SELECT DISTINCT active FROM users) x");
    check("SELECT id FROM users", "SELECT id FROM orders");
    check("SELECT id FROM users WHERE id = 1", "SELECT id FROM users WHERE email = 'a'");
    check("SELECT id FROM users WHERE id = 1", "SELECT id FROM users WHERE id = 1 LIMIT 1");
    check("SELECT id FROM users ORDER BY id", "SELECT id FROM users ORDER BY id DESC");
    check("SELECT id FROM users WHERE id = 1 AND active", "SELECT id FROM users WHERE id = 1 OR active");
    check("UPDATE orders SET status = 'a' WHERE id = 1", "UPDATE orders SET at = $1 WHERE id = 1");
    check("DELETE FROM users WHERE id = 1", "SELECT id FROM users WHERE id = 1");
}
