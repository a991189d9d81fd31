//! What each construct of PostgreSQL becomes.

use super::*;

#[test]
fn rewrites_of_postgres() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM users WHERE id = $1", "SELECT * FROM \"users\" AS t0 WHERE t0.id = $1"),
            (
                "SELECT u.name, u.* FROM users AS u WHERE u.email = 'x'",
                "SELECT t0.name, t0.* FROM \"users\" AS t0 WHERE t0.email = 'x'",
            ),
            ("SELECT * FROM audit.log WHERE actor = 1", "SELECT * FROM \"audit.log\" AS t0 WHERE t0.actor = 1"),
            (
                "SELECT * FROM users WHERE id = $1::int AND status = 'x'::text",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id = $1 AND t0.status = 'x'",
            ),
            ("SELECT * FROM users WHERE email::text = $1", "SELECT * FROM \"users\" AS t0 WHERE t0.email = $1"),
            (
                "SELECT * FROM users WHERE created_at::date = $1",
                "SELECT * FROM \"users\" AS t0 WHERE CAST(t0.created_at AS date) = $1",
            ),
            (
                "SELECT * FROM users WHERE id::text = $1 AND id::varchar(5)[] = $2",
                "SELECT * FROM \"users\" AS t0 WHERE CAST(t0.id AS text) = $1 AND cast_varchar_5___(t0.id) = $2",
            ),
            (
                "SELECT - -id, - - - 1 FROM users WHERE id = - -1",
                "SELECT -(-t0.id), -(-(-1)) FROM \"users\" AS t0 WHERE t0.id = -(-1)",
            ),
            ("SELECT id, a.b.c.d FROM users", "SELECT t0.id, random() FROM \"users\" AS t0"),
            ("SELECT X'12ab', X'1', X'zz' FROM users", "SELECT X'12ab', '1', 'zz' FROM \"users\" AS t0"),
            (
                "SELECT * FROM users WHERE name ILIKE 'a%' OR name NOT ILIKE $1",
                "SELECT * FROM \"users\" AS t0 WHERE ilike(t0.name, 'a%') OR NOT ilike(t0.name, $1)",
            ),
            (
                "SELECT * FROM users WHERE name LIKE 'a%' AND name ~~ 'b%'",
                "SELECT * FROM \"users\" AS t0 WHERE t0.name LIKE 'a%' AND t0.name LIKE 'b%'",
            ),
            (
                "SELECT * FROM users WHERE name ~ '^a' AND name !~* $1",
                "SELECT * FROM \"users\" AS t0 WHERE op_7e(t0.name, '^a') AND op_21_7e_2a(t0.name, $1)",
            ),
            (
                "SELECT * FROM users WHERE id = ANY($1)",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id IN ($1, $1_2, $1_3, $1_4, $1_5)",
            ),
            (
                "SELECT * FROM users WHERE id = ANY($1::int[]) AND id <> ALL($2)",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id IN ($1, $1_2, $1_3, $1_4, $1_5) AND t0.id NOT IN ($2, $2_2, $2_3, $2_4, $2_5)",
            ),
            (
                "SELECT * FROM users WHERE status = ANY(ARRAY['b', 'a'])",
                "SELECT * FROM \"users\" AS t0 WHERE t0.status IN ('a', 'b')",
            ),
            (
                "SELECT * FROM users WHERE status = ANY('{x,y}'::text[])",
                "SELECT * FROM \"users\" AS t0 WHERE t0.status IN ('x', 'y')",
            ),
            (
                "SELECT * FROM users WHERE id = ANY(SELECT user_id FROM orders)",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id IN (SELECT t1.user_id FROM \"orders\" AS t1)",
            ),
            (
                "SELECT * FROM products WHERE 'x' = ANY(tags)",
                "SELECT * FROM \"products\" AS t0 WHERE is_member('x', t0.tags)",
            ),
            ("SELECT * FROM users WHERE id > ANY($1)", "SELECT * FROM \"users\" AS t0 WHERE any_op_3e(t0.id, $1)"),
            (
                "SELECT * FROM users WHERE id IN ($1)",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id IN ($1, $1_2, $1_3, $1_4, $1_5)",
            ),
            ("SELECT * FROM users WHERE id IN ($1, $2)", "SELECT * FROM \"users\" AS t0 WHERE t0.id IN ($1, $2)"),
            ("SELECT * FROM users WHERE id IN (3, 1, 2)", "SELECT * FROM \"users\" AS t0 WHERE t0.id IN (1, 2, 3)"),
            (
                "SELECT * FROM users WHERE (org_id, id) IN ((1, 2), (3, 4))",
                "SELECT * FROM \"users\" AS t0 WHERE (t0.org_id, t0.id) IN (VALUES (1, 2), (3, 4))",
            ),
            (
                "SELECT * FROM users WHERE (org_id, id) = ($1, $2)",
                "SELECT * FROM \"users\" AS t0 WHERE (t0.org_id, t0.id) = ($1, $2)",
            ),
            (
                "SELECT * FROM users WHERE (org_id, id) > ($1, $2)",
                "SELECT * FROM \"users\" AS t0 WHERE (t0.org_id, t0.id) > ($1, $2)",
            ),
            ("SELECT (id, name) FROM users", "SELECT whole_row(t0.id, t0.name) FROM \"users\" AS t0"),
            (
                "SELECT * FROM users WHERE (org_id, id) IN (SELECT user_id, id FROM orders)",
                "SELECT * FROM \"users\" AS t0 WHERE (t0.org_id, t0.id) IN (SELECT t1.user_id, t1.id FROM \"orders\" AS t1)",
            ),
            ("SELECT * FROM users WHERE active", "SELECT * FROM \"users\" AS t0 WHERE t0.active = TRUE"),
            (
                "SELECT * FROM users WHERE NOT active AND active IS TRUE",
                "SELECT * FROM \"users\" AS t0 WHERE t0.active <> TRUE AND t0.active = TRUE",
            ),
            (
                "SELECT * FROM users WHERE active IS FALSE OR active IS NOT TRUE",
                "SELECT * FROM \"users\" AS t0 WHERE t0.active <> TRUE OR t0.active IS NOT TRUE",
            ),
            (
                "SELECT * FROM users WHERE created_at > $1",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.created_at > $1, 0.05)",
            ),
            (
                "SELECT * FROM users WHERE created_at < now()",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.created_at < now(), 0.9)",
            ),
            (
                "SELECT * FROM users WHERE created_at BETWEEN $1 AND $2",
                "SELECT * FROM \"users\" AS t0 WHERE (likelihood(t0.created_at >= $1, 0.2236) AND likelihood(t0.created_at <= $2, 0.2236))",
            ),
            (
                "SELECT * FROM users WHERE created_at >= $1 AND created_at < $2",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.created_at >= $1, 0.2236) AND likelihood(t0.created_at < $2, 0.2236)",
            ),
            (
                "SELECT * FROM users WHERE id > $1 AND org_id BETWEEN 1 AND 5",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.id > $1, 0.33) AND (t0.org_id >= 1 AND t0.org_id <= 5)",
            ),
            ("SELECT * FROM products WHERE price > 100", "SELECT * FROM \"products\" AS t0 WHERE t0.price > 100"),
            (
                "SELECT * FROM users WHERE created_at > now() - INTERVAL '1 day'",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.created_at > now() - '1 day', 0.05)",
            ),
            (
                "SELECT * FROM users WHERE name > $1",
                "SELECT * FROM \"users\" AS t0 WHERE likelihood(t0.name > $1, 0.9)",
            ),
            (
                "SELECT * FROM users WHERE name > $1 AND name < $2 AND deleted_at IS NULL",
                "SELECT * FROM \"users\" AS t0 WHERE t0.name > $1 AND t0.name < $2 AND likelihood(t0.deleted_at IS NULL, 0.9)",
            ),
            (
                "SELECT extract(year FROM created_at), date_trunc('day', created_at), created_at AT TIME ZONE 'UTC' FROM users",
                "SELECT \"extract\"('year', t0.created_at), date_trunc('day', t0.created_at), timezone('UTC', t0.created_at) FROM \"users\" AS t0",
            ),
            (
                "SELECT * FROM users WHERE profile->>'city' = 'x' AND profile @> $1 AND profile ? 'a'",
                "SELECT * FROM \"users\" AS t0 WHERE t0.profile ->> 'city' = 'x' AND op_40_3e(t0.profile, $1) AND op_3f(t0.profile, 'a')",
            ),
            (
                "SELECT * FROM users WHERE email IS NOT DISTINCT FROM $1",
                "SELECT * FROM \"users\" AS t0 WHERE is_not_distinct(t0.email, $1)",
            ),
            (
                "SELECT * FROM users WHERE name COLLATE \"C\" = 'x'",
                "SELECT * FROM \"users\" AS t0 WHERE collated(t0.name) = 'x'",
            ),
            (
                "SELECT * FROM users WHERE name = 'x' COLLATE \"C\"",
                "SELECT * FROM \"users\" AS t0 WHERE collated(t0.name) = collated('x')",
            ),
            (
                "SELECT DATE '2020-01-01', E'a\\nb', $tag$x$tag$, TRUE, NULL, 1.5",
                "SELECT '2020-01-01', 'a b', 'x', TRUE, NULL, 1.5",
            ),
            (
                "SELECT array_agg(id), string_agg(name, ','), bool_or(active), jsonb_agg(u), count(u.*) FROM users u",
                "SELECT group_concat(t0.id), group_concat(t0.name, ','), total(t0.active), json_group_array(whole_row(t0.id, t0.org_id, t0.email, t0.name, t0.status, t0.active, t0.created_at, t0.deleted_at, t0.profile)), count(whole_row(t0.id, t0.org_id, t0.email, t0.name, t0.status, t0.active, t0.created_at, t0.deleted_at, t0.profile)) FROM \"users\" AS t0",
            ),
            (
                "SELECT count(*) FILTER (WHERE active), sum(id) OVER (PARTITION BY org_id ORDER BY id NULLS LAST) FROM users",
                "SELECT count(*) FILTER (WHERE t0.active), sum(t0.id) OVER (PARTITION BY t0.org_id ORDER BY t0.id) FROM \"users\" AS t0",
            ),
            (
                "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders",
                "SELECT total(t0.total) FROM \"orders\" AS t0",
            ),
            (
                "SELECT coalesce(name, 'x'), my.fn(id, name), left(name, 3), position('a' in name), trim(both 'x' from name), substring(name from 1 for 2) FROM users",
                "SELECT coalesce(t0.name, 'x'), fn(t0.id, t0.name), \"left\"(t0.name, 3), \"position\"(t0.name, 'a'), btrim(t0.name, 'x'), substring(t0.name, 1, 2) FROM \"users\" AS t0",
            ),
            (
                "SELECT now(), current_date, current_user, random(), greatest(1, 2), ARRAY[1, 2], ARRAY(SELECT id FROM orders)",
                "SELECT now(), current_date, current_user(), random(), greatest(1, 2), \"array\"(1, 2), (SELECT t0.id FROM \"orders\" AS t0)",
            ),
            (
                "SELECT * FROM users ORDER BY created_at DESC NULLS FIRST, name NULLS LAST",
                "SELECT * FROM \"users\" AS t0 ORDER BY t0.created_at DESC, t0.name",
            ),
            (
                "SELECT * FROM users ORDER BY name NULLS FIRST",
                "SELECT * FROM \"users\" AS t0 ORDER BY nulls_apart(t0.name) NULLS FIRST ~ SQLite orders NULLs by other rules",
            ),
            (
                "SELECT id, name AS n FROM users ORDER BY n NULLS FIRST, 1 DESC NULLS LAST",
                "SELECT t0.id, t0.name AS n FROM \"users\" AS t0 ORDER BY nulls_apart(n) NULLS FIRST, nulls_apart(t0.id) DESC NULLS LAST ~ SQLite orders NULLs by other rules",
            ),
            (
                "SELECT s.a FROM (SELECT created_at AS a FROM users) s ORDER BY s.a DESC NULLS LAST",
                "SELECT s.a FROM (SELECT t0.created_at AS a FROM \"users\" AS t0) s ORDER BY nulls_apart(s.a) DESC NULLS LAST ~ SQLite orders NULLs by other rules",
            ),
            (
                "SELECT id FROM users UNION SELECT id FROM orders ORDER BY 1 DESC NULLS LAST",
                "SELECT t0.id FROM \"users\" AS t0 UNION SELECT t1.id FROM \"orders\" AS t1 ORDER BY 1 DESC NULLS LAST ~ SQLite orders NULLs by other rules",
            ),
            (
                "SELECT rank() OVER (ORDER BY created_at DESC NULLS LAST) FROM users",
                "SELECT rank() OVER (ORDER BY nulls_apart(t0.created_at) DESC NULLS LAST) FROM \"users\" AS t0 ~ SQLite orders NULLs by other rules",
            ),
            (
                "SELECT * FROM users ORDER BY id LIMIT $1 OFFSET $2",
                "SELECT * FROM \"users\" AS t0 ORDER BY t0.id LIMIT 50 OFFSET $2",
            ),
            (
                "SELECT * FROM users ORDER BY id OFFSET 5",
                "SELECT * FROM \"users\" AS t0 ORDER BY t0.id LIMIT -1 OFFSET 5",
            ),
            ("SELECT * FROM users FETCH FIRST 5 ROWS ONLY", "SELECT * FROM \"users\" AS t0 LIMIT 5"),
            ("SELECT * FROM users LIMIT ALL", "SELECT * FROM \"users\" AS t0"),
            (
                "SELECT * FROM users WHERE id = 1 FOR UPDATE SKIP LOCKED",
                "SELECT * FROM \"users\" AS t0 WHERE t0.id = 1",
            ),
            (
                "SELECT DISTINCT ON (user_id) * FROM orders ORDER BY user_id, created_at DESC",
                "SELECT * FROM \"orders\" AS t0 ORDER BY t0.user_id, t0.created_at DESC",
            ),
            (
                "SELECT DISTINCT ON (user_id) * FROM orders",
                "SELECT * FROM \"orders\" AS t0 GROUP BY t0.user_id ~ DISTINCT ON is planned as GROUP BY",
            ),
            ("SELECT DISTINCT name FROM users", "SELECT DISTINCT t0.name FROM \"users\" AS t0"),
            (
                "SELECT x.*, n FROM users u, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) x WHERE n > 5 ORDER BY x.n",
                "SELECT random(), random(), (SELECT whole_row(count(*)) FROM \"orders\" AS t1 WHERE t1.user_id = t0.id) FROM \"users\" AS t0 WHERE random() > 5 ORDER BY random() ~ a lateral join is planned as a correlated subquery",
            ),
            (
                "SELECT org_id, count(*) FROM users GROUP BY ROLLUP (org_id, status)",
                "SELECT t0.org_id, count(*) FROM \"users\" AS t0 GROUP BY t0.org_id, t0.status ~ grouping sets are planned as one grouping",
            ),
            (
                "SELECT org_id FROM users GROUP BY GROUPING SETS ((org_id), ())",
                "SELECT t0.org_id FROM \"users\" AS t0 GROUP BY t0.org_id ~ grouping sets are planned as one grouping",
            ),
            ("SELECT * FROM users u CROSS JOIN orders o", "SELECT * FROM \"users\" AS t0 JOIN \"orders\" AS t1"),
            (
                "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.status = 'x'",
                "SELECT * FROM \"users\" AS t0 LEFT JOIN \"orders\" AS t1 ON t1.user_id = t0.id AND t1.status = 'x'",
            ),
            (
                "SELECT * FROM orders o RIGHT JOIN users u ON o.user_id = u.id LEFT JOIN orgs g ON g.id = u.org_id",
                "SELECT * FROM \"users\" AS t1 LEFT JOIN \"orders\" AS t0 ON t0.user_id = t1.id LEFT JOIN \"orgs\" AS t2 ON t2.id = t1.org_id",
            ),
            (
                "SELECT user_id FROM orders JOIN events USING (user_id) WHERE user_id = 1",
                "SELECT t0.user_id FROM \"orders\" AS t0 JOIN \"events\" AS t1 USING(user_id) WHERE t0.user_id = 1",
            ),
            (
                "SELECT * FROM users u(a, b, c) WHERE c = 'x'",
                "SELECT * FROM (SELECT t0.id AS a, t0.org_id AS b, t0.email AS c, t0.name, t0.status, t0.active, t0.created_at, t0.deleted_at, t0.profile FROM \"users\" AS t0) AS u WHERE c = 'x'",
            ),
            (
                "SELECT * FROM (SELECT id, name FROM users) AS d(x, y) WHERE x = 1",
                "SELECT * FROM (WITH d (x, y) AS (SELECT t0.id, t0.name FROM \"users\" AS t0) SELECT * FROM d) AS d WHERE x = 1",
            ),
            (
                "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(id, n) JOIN users u ON u.id = v.id",
                "SELECT * FROM (WITH v (id, n) AS (VALUES (1, 'a'), (2, 'b')) SELECT * FROM v) AS v JOIN \"users\" AS t0 ON t0.id = v.id",
            ),
            (
                "SELECT * FROM users u JOIN unnest($1::int[]) AS x(id) ON x.id = u.id",
                "SELECT * FROM \"users\" AS t0 JOIN (WITH x (id) AS (VALUES ($list), ($list), ($list), ($list), ($list)) SELECT * FROM x) AS x ON x.id = t0.id",
            ),
            (
                "SELECT * FROM generate_series(1, 5) n, users WHERE users.id = n",
                "SELECT * FROM (WITH n (n) AS (VALUES ($list), ($list), ($list), ($list), ($list)) SELECT * FROM n) AS n, \"users\" AS t0 WHERE t0.id = n ~ a function's rows are planned as a list",
            ),
            (
                "SELECT p.id, tag FROM products p, unnest(p.tags) AS tag",
                "SELECT t0.id, tag FROM \"products\" AS t0, (WITH tag (tag) AS (VALUES ($list), ($list), ($list), ($list), ($list)) SELECT * FROM tag) AS tag",
            ),
            (
                "SELECT e.key, e.value FROM users u, jsonb_each(u.profile) e",
                "SELECT e.\"key\", e.value FROM \"users\" AS t0, (WITH e (\"key\", value) AS (VALUES ($list, $list), ($list, $list), ($list, $list), ($list, $list), ($list, $list)) SELECT * FROM e) AS e ~ a function's rows are planned as a list",
            ),
            (
                "SELECT u.id, x.total FROM users u LEFT JOIN LATERAL (SELECT total FROM orders o WHERE o.user_id = u.id ORDER BY created_at DESC LIMIT 1) x ON true",
                "SELECT t0.id, random(), (SELECT whole_row(t1.total) FROM \"orders\" AS t1 WHERE t1.user_id = t0.id ORDER BY t1.created_at DESC LIMIT 1) FROM \"users\" AS t0 ~ a lateral join is planned as a correlated subquery",
            ),
            (
                "SELECT * FROM users u CROSS JOIN LATERAL (SELECT * FROM orders WHERE user_id = u.id) x",
                "SELECT *, (SELECT whole_row(t1.id, t1.user_id, t1.product_id, t1.total, t1.status, t1.created_at, t1.note) FROM \"orders\" AS t1 WHERE t1.user_id = t0.id) FROM \"users\" AS t0 ~ a lateral join is planned as a correlated subquery",
            ),
            (
                "WITH a AS (SELECT * FROM users), t1 AS (SELECT * FROM a) SELECT t1.id FROM t1 WHERE t1.id = 1",
                "WITH a AS (SELECT * FROM \"users\" AS t0), q_t1 AS (SELECT * FROM a) SELECT q_t1.id FROM q_t1 WHERE q_t1.id = 1",
            ),
            (
                "WITH a(x) AS MATERIALIZED (SELECT id FROM users) SELECT * FROM a AS b(y) WHERE y = 1",
                "WITH a (x) AS MATERIALIZED (SELECT t0.id FROM \"users\" AS t0) SELECT * FROM (WITH b (y) AS (SELECT * FROM a) SELECT * FROM b) AS b WHERE y = 1",
            ),
            (
                "WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id = $1 UNION ALL SELECT c.id, c.parent_id FROM categories c JOIN t ON c.parent_id = t.id) SELECT * FROM t",
                "WITH RECURSIVE t AS (SELECT t0.id, t0.parent_id FROM \"categories\" AS t0 WHERE t0.id = $1 UNION ALL SELECT t1.id, t1.parent_id FROM \"categories\" AS t1 JOIN t ON t1.parent_id = t.id) SELECT * FROM t",
            ),
            (
                "WITH gone AS (DELETE FROM orders WHERE user_id = $1 RETURNING id) SELECT * FROM gone JOIN users ON users.id = gone.id",
                "WITH gone AS (SELECT t0.id FROM \"orders\" AS t0 WHERE t0.user_id = $1) SELECT * FROM gone JOIN \"users\" AS t1 ON t1.id = gone.id ~ rows that a write returns are planned as those it reads",
            ),
            (
                "WITH new AS (INSERT INTO orders (user_id) SELECT id FROM users WHERE org_id = 1 RETURNING id, total AS t) SELECT id, t FROM new",
                "WITH new AS (SELECT $row AS id, $row AS t FROM (SELECT t0.id FROM \"users\" AS t0 WHERE t0.org_id = 1)) SELECT id, t FROM new ~ rows that an INSERT returns are planned as those it reads",
            ),
            (
                "WITH old AS (SELECT id FROM users WHERE status = 'x') UPDATE orders SET note = '' FROM old WHERE user_id = old.id",
                "WITH old AS (SELECT t0.id FROM \"users\" AS t0 WHERE t0.status = 'x') UPDATE \"orders\" AS t1 SET note = '' FROM old WHERE t1.user_id = old.id",
            ),
            (
                "WITH src AS (SELECT id FROM users) INSERT INTO orders (user_id) SELECT id FROM src WHERE id > 5",
                "WITH src AS (SELECT t0.id FROM \"users\" AS t0) SELECT id FROM src WHERE id > 5",
            ),
            (
                "(SELECT id FROM users ORDER BY id LIMIT 1) UNION (SELECT id FROM orgs)",
                "SELECT * FROM (SELECT t0.id FROM \"users\" AS t0 ORDER BY t0.id LIMIT 1) UNION SELECT t1.id FROM \"orgs\" AS t1",
            ),
            (
                "WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id = $1 UNION (SELECT c.id, c.parent_id FROM categories c JOIN t ON c.parent_id = t.id)) SELECT * FROM t",
                "WITH RECURSIVE t AS (SELECT t0.id, t0.parent_id FROM \"categories\" AS t0 WHERE t0.id = $1 UNION SELECT t1.id, t1.parent_id FROM \"categories\" AS t1 JOIN t ON t1.parent_id = t.id) SELECT * FROM t",
            ),
            (
                "(SELECT id FROM users UNION SELECT id FROM orgs) UNION ALL (SELECT user_id FROM orders EXCEPT SELECT id FROM orgs)",
                "SELECT t0.id FROM \"users\" AS t0 UNION SELECT t1.id FROM \"orgs\" AS t1 UNION ALL SELECT * FROM (SELECT t2.user_id FROM \"orders\" AS t2 EXCEPT SELECT t3.id FROM \"orgs\" AS t3)",
            ),
            (
                "SELECT id FROM users EXCEPT ALL SELECT user_id FROM orders INTERSECT SELECT user_id FROM events",
                "SELECT t0.id FROM \"users\" AS t0 EXCEPT SELECT * FROM (SELECT t1.user_id FROM \"orders\" AS t1 INTERSECT SELECT t2.user_id FROM \"events\" AS t2)",
            ),
            (
                "(SELECT id FROM users) ORDER BY id LIMIT 3",
                "SELECT * FROM (SELECT t0.id FROM \"users\" AS t0) ORDER BY id LIMIT 3",
            ),
            (
                "SELECT * FROM active_users a WHERE a.email = $1",
                "SELECT * FROM (SELECT t0.id, t0.email, t0.org_id, t0.created_at FROM \"users\" AS t0 WHERE likelihood(t0.deleted_at IS NULL, 0.9)) a WHERE a.email = $1",
            ),
            (
                "SELECT org_name FROM user_orgs WHERE id = 1",
                "SELECT org_name FROM (SELECT t0.id, t0.email, t1.name AS org_name FROM \"users\" AS t0 LEFT JOIN \"orgs\" AS t1 ON t1.id = t0.org_id) AS \"user_orgs\" WHERE id = 1",
            ),
            (
                "UPDATE users SET name = $1, active = DEFAULT WHERE id = $2 RETURNING *",
                "UPDATE \"users\" AS t0 SET name = $1, active = $value WHERE t0.id = $2",
            ),
            (
                "UPDATE users AS u SET name = upper(u.name) FROM orders o WHERE o.user_id = u.id",
                "UPDATE \"users\" AS t0 SET name = upper(t0.name) FROM \"orders\" AS t1 WHERE t1.user_id = t0.id",
            ),
            ("DELETE FROM users u WHERE u.id = 1 RETURNING id", "DELETE FROM \"users\" AS t0 WHERE t0.id = 1"),
            (
                "DELETE FROM orders o USING users u WHERE u.id = o.user_id AND u.email = $1",
                "SELECT * FROM \"orders\" AS t0, \"users\" AS t1 WHERE t1.id = t0.user_id AND t1.email = $1",
            ),
            (
                "INSERT INTO users (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                "VALUES ($1, $2)",
            ),
            (
                "INSERT INTO orders (user_id) SELECT id FROM users WHERE org_id = $1 ON CONFLICT DO NOTHING",
                "SELECT t0.id FROM \"users\" AS t0 WHERE t0.org_id = $1",
            ),
            ("INSERT INTO users DEFAULT VALUES", "VALUES (1)"),
            (
                "MERGE INTO users u USING orders s ON u.id = s.user_id WHEN MATCHED THEN DELETE",
                "SELECT * FROM \"orders\" AS t0 JOIN \"users\" AS t1 ON t1.id = t0.user_id",
            ),
            (
                "MERGE INTO users u USING orders s ON u.id = s.user_id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.user_id)",
                "SELECT * FROM \"orders\" AS t0 LEFT JOIN \"users\" AS t1 ON t1.id = t0.user_id",
            ),
            (
                "SELECT u FROM users u",
                "SELECT whole_row(t0.id, t0.org_id, t0.email, t0.name, t0.status, t0.active, t0.created_at, t0.deleted_at, t0.profile) FROM \"users\" AS t0",
            ),
            (
                "SELECT (u.profile).x, tags[1] FROM users u, products",
                "SELECT \"field\"((t0.profile)), \"field\"(t1.tags) FROM \"users\" AS t0, \"products\" AS t1",
            ),
            ("SELECT * FROM pg_class", "none: table `pg_class` is not in the schema"),
            ("SELECT * FROM nowhere", "none: table `nowhere` is not in the schema"),
            (
                "SELECT id AS order, name AS \"Group\" FROM users t5",
                "SELECT t0.id AS \"order\", t0.name AS \"Group\" FROM \"users\" AS t0",
            ),
            (
                "SELECT * FROM (SELECT id FROM users) t0 WHERE t0.id = 1",
                "SELECT * FROM (SELECT t0.id FROM \"users\" AS t0) q_t0 WHERE q_t0.id = 1",
            ),
            (
                "SELECT * FROM users TABLESAMPLE SYSTEM (10)",
                "SELECT * FROM \"users\" AS t0 ~ TABLESAMPLE is planned as the whole table",
            ),
            (
                "SELECT current_timestamp > created_at FROM users",
                "SELECT likelihood(current_timestamp > t0.created_at, 0.9) FROM \"users\" AS t0",
            ),
            (
                "SELECT CASE WHEN active THEN 1 ELSE 2 END FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = users.id)",
                "SELECT CASE WHEN t0.active THEN 1 ELSE 2 END FROM \"users\" AS t0 WHERE EXISTS (SELECT 1 FROM \"orders\" AS t1 WHERE t1.user_id = t0.id)",
            ),
            (
                "SELECT * FROM users WHERE name SIMILAR TO 'a%' AND B'101' = $1",
                "SELECT * FROM \"users\" AS t0 WHERE similar_to(t0.name, 'a%') AND '101' = $1",
            ),
            (
                "WITH orders AS (SELECT * FROM orders WHERE total > 5) SELECT orders.id FROM orders WHERE orders.user_id = 1",
                "WITH q_orders AS (SELECT * FROM \"orders\" AS t0 WHERE t0.total > 5) SELECT q_orders.id FROM q_orders WHERE q_orders.user_id = 1",
            ),
            (
                "SELECT ARRAY_AGG(l) FROM (SELECT id, name AS n FROM users) l",
                "SELECT group_concat(whole_row(l.id, l.n)) FROM (SELECT t0.id, t0.name AS n FROM \"users\" AS t0) l",
            ),
            (
                "SELECT * FROM (SELECT * FROM jsonb_each($1)) AS c(k, v)",
                "SELECT * FROM (WITH c (k, v) AS (SELECT * FROM (WITH jsonb_each (\"key\", value) AS (VALUES ($list, $list), ($list, $list), ($list, $list), ($list, $list), ($list, $list)) SELECT * FROM jsonb_each) AS jsonb_each) SELECT * FROM c) AS c ~ a function's rows are planned as a list",
            ),
            (
                "DELETE FROM orders WHERE (user_id, id) = ANY(SELECT id, org_id FROM users)",
                "DELETE FROM \"orders\" AS t0 WHERE (t0.user_id, t0.id) IN (SELECT t1.id, t1.org_id FROM \"users\" AS t1)",
            ),
            (
                "SELECT (SELECT row_to_json(x) FROM (SELECT u.*, 1 AS one) x) FROM orgs u",
                "SELECT (SELECT row_to_json(whole_row(x.one)) FROM (SELECT t0.id, t0.name, t0.plan, 1 AS one) x) FROM \"orgs\" AS t0",
            ),
            (
                "SELECT * FROM users u, orders o WHERE (u.id = o.user_id AND o.total = 1) OR (u.id = o.user_id AND o.status = 'x')",
                "SELECT * FROM \"users\" AS t0, \"orders\" AS t1 WHERE t0.id = t1.user_id AND ((t0.id = t1.user_id AND t1.total = 1) OR (t0.id = t1.user_id AND t1.status = 'x'))",
            ),
        ],
    );
}
