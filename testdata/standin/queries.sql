-- One query a line; what each group is about stands above it.

-- equality: keys, unique, no index, several columns
SELECT * FROM users WHERE id = $1;
SELECT * FROM users WHERE email = $1;
SELECT * FROM users WHERE name = $1;
SELECT * FROM users WHERE org_id = $1;
SELECT * FROM users WHERE org_id = $1 AND status = $2;
SELECT * FROM users WHERE org_id = $1 AND created_at = $2;
SELECT * FROM users WHERE created_at = $1;
SELECT name FROM products WHERE sku = $1;
SELECT * FROM products WHERE category_id = $1 AND name = $2;
SELECT * FROM products WHERE name = $1;
SELECT * FROM products WHERE name = $1 AND stock = 0;
SELECT * FROM orders WHERE user_id = $1;
SELECT * FROM orders WHERE product_id = $1 AND user_id = $2;
SELECT * FROM orders WHERE reference = $1;
SELECT * FROM orders WHERE note = $1 AND reference = $2;
SELECT * FROM items WHERE order_id = $1;
SELECT * FROM items WHERE order_id = $1 AND line = $2;
SELECT * FROM items WHERE line = 7 AND quantity = 3;
SELECT * FROM items WHERE product_id = $1 AND quantity = 1;
SELECT * FROM events WHERE user_id = $1 AND kind = $2;
SELECT * FROM events WHERE user_id = $1 AND kind = $2 AND at = $3;
SELECT * FROM events WHERE kind = $1;
SELECT * FROM events WHERE day = $1;
SELECT * FROM audit.log WHERE actor = 1;
SELECT * FROM audit.log WHERE at = $1;
SELECT * FROM categories WHERE parent_id = $1;
SELECT u.name, u.* FROM users AS u WHERE u.email = 'x';

-- casts: of the value, binary-coercible of the column, of the column to another type
SELECT * FROM users WHERE id = $1::int AND status = 'x'::text;
SELECT * FROM users WHERE email::text = $1;
SELECT * FROM users WHERE id::text = $1;
SELECT * FROM users WHERE token::text = $1 AND deleted_at IS NULL;
SELECT * FROM users WHERE token = $1::uuid AND deleted_at IS NULL;
SELECT * FROM users WHERE created_at::date = $1;
SELECT * FROM orders WHERE created_at::date = '2024-05-01';
SELECT * FROM orders WHERE CAST(user_id AS integer) = $1;
SELECT * FROM orders WHERE user_id = CAST($1 AS bigint);
SELECT * FROM events WHERE day = $1::date;
SELECT * FROM events WHERE day::text = $1;

-- text: LIKE, ILIKE, regular expressions, functions, collations
SELECT * FROM users WHERE email LIKE 'a%';
SELECT * FROM users WHERE email LIKE $1;
SELECT * FROM users WHERE email LIKE '%a';
SELECT * FROM users WHERE email ILIKE 'a%';
SELECT * FROM users WHERE name ~ '^a';
SELECT * FROM products WHERE sku ~~ 'b%';
SELECT * FROM products WHERE sku !~* $1;
SELECT * FROM products WHERE sku SIMILAR TO 'a%';
SELECT * FROM users WHERE lower(name) = $1;
SELECT * FROM users WHERE lower(name) = lower($1);
SELECT * FROM users WHERE upper(name) = $1;
SELECT * FROM users WHERE lower(email) = $1;
SELECT * FROM users WHERE email COLLATE "C" = 'x';
SELECT * FROM products WHERE left(sku, 3) = 'abc';
SELECT * FROM products WHERE sku || 'x' = $1;
SELECT * FROM products WHERE coalesce(sku, '') = $1;

-- lists: IN, ANY, ALL, arrays, rows
SELECT * FROM users WHERE id = ANY($1);
SELECT * FROM users WHERE id = ANY($1::bigint[]);
SELECT * FROM users WHERE id IN ($1);
SELECT * FROM users WHERE id IN ($1, $2);
SELECT * FROM users WHERE id IN (3, 1, 2);
SELECT * FROM users WHERE id NOT IN (1, 2, 3);
SELECT * FROM users WHERE id <> ALL($1);
SELECT * FROM users WHERE name IN ($1, $2);
SELECT * FROM users WHERE status = ANY(ARRAY['b', 'a']);
SELECT * FROM users WHERE status = ANY('{x,y}'::text[]);
SELECT * FROM users WHERE email = ANY($1);
SELECT * FROM users WHERE org_id IN ($1, $2, $3) AND created_at > $4;
SELECT * FROM orders WHERE user_id = ANY($1) AND state = 'paid';
SELECT * FROM orders WHERE user_id IN ($1) ORDER BY created_at DESC LIMIT 10;
SELECT * FROM events WHERE user_id = $1 AND kind IN ('a', 'b') AND at > $2;
SELECT * FROM products WHERE 'x' = ANY(tags);
SELECT * FROM products WHERE tags @> ARRAY['x'];
SELECT * FROM users WHERE id > ANY($1);
SELECT * FROM items WHERE (order_id, line) = ($1, $2);
SELECT * FROM items WHERE (order_id, line) IN ((1, 2), (3, 4));
SELECT * FROM items WHERE (order_id, line) > ($1, $2) ORDER BY order_id, line LIMIT 10;
SELECT * FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 20;
SELECT * FROM users WHERE id = ANY(SELECT user_id FROM orders WHERE product_id = $1);
SELECT * FROM users WHERE id IN (SELECT user_id FROM orders WHERE reference = $1);
SELECT * FROM users WHERE id NOT IN (SELECT user_id FROM orders WHERE product_id = $1);
SELECT * FROM orders WHERE (user_id, product_id) IN (SELECT user_id, id FROM events WHERE day = $1);

-- booleans
SELECT * FROM users WHERE active;
SELECT * FROM users WHERE NOT active AND org_id = $1;
SELECT * FROM users WHERE active IS TRUE AND org_id = $1;
SELECT * FROM users WHERE active IS NOT TRUE AND email = $1;
SELECT * FROM users WHERE active = true AND name = $1;

-- ranges
SELECT * FROM orders WHERE created_at > $1;
SELECT * FROM orders WHERE created_at >= $1 AND created_at < $2;
SELECT * FROM orders WHERE created_at BETWEEN $1 AND $2;
SELECT * FROM orders WHERE created_at > now() - INTERVAL '1 day';
SELECT * FROM orders WHERE created_at > current_timestamp - INTERVAL '7 days' AND state = 'new';
SELECT * FROM orders WHERE user_id = $1 AND created_at > $2;
SELECT * FROM orders WHERE user_id = $1 AND created_at BETWEEN $2 AND $3 ORDER BY created_at DESC;
SELECT * FROM orders WHERE user_id > $1;
SELECT * FROM orders WHERE total > $1;
SELECT * FROM orders WHERE total BETWEEN $1 AND $2;
SELECT * FROM orders WHERE id > $1 ORDER BY id LIMIT 100;
SELECT * FROM users WHERE org_id = $1 AND created_at >= $2;
SELECT * FROM users WHERE created_at >= $1;
SELECT * FROM users WHERE name > $1;
SELECT * FROM users WHERE email > $1;
SELECT * FROM users WHERE email BETWEEN $1 AND $2;
SELECT * FROM users WHERE deleted_at IS NULL AND token > $1;
SELECT * FROM orders WHERE created_at < $1;
SELECT * FROM orders WHERE id > $1;
SELECT * FROM orders WHERE user_id BETWEEN $1 AND $2;
SELECT * FROM orders WHERE user_id = $1 AND id BETWEEN $2 AND $3;
SELECT id FROM orders WHERE product_id < $1;
SELECT * FROM events WHERE day < $1;
SELECT * FROM users WHERE email > $1 ORDER BY email LIMIT 10;
SELECT * FROM events WHERE user_id = $1 AND at > $2;
SELECT * FROM events WHERE user_id = $1 AND kind > 'a' AND at > $2;
SELECT * FROM events WHERE day >= $1;
SELECT * FROM events WHERE day BETWEEN $1 AND $2;
SELECT * FROM events WHERE at >= $1;
SELECT * FROM audit.log WHERE at > $1;
SELECT * FROM products WHERE price > 100;
SELECT * FROM products WHERE category_id = $1 AND name > $2;
SELECT * FROM products WHERE stock < 5;

-- NULLs
SELECT * FROM users WHERE deleted_at IS NULL AND token = $1;
SELECT * FROM users WHERE token = $1;
SELECT * FROM users WHERE deleted_at IS NULL;
SELECT * FROM users WHERE deleted_at IS NOT NULL;
SELECT * FROM users WHERE email IS NOT DISTINCT FROM $1;
SELECT * FROM users WHERE email IS DISTINCT FROM $1;
SELECT * FROM categories WHERE parent_id IS NULL;
SELECT * FROM categories WHERE parent_id IS NULL AND name = 'x';
SELECT * FROM categories WHERE parent_id IS NOT NULL;
SELECT u.* FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.email = $1 AND o.id IS NULL;
SELECT count(*) FROM users WHERE org_id = $1 AND deleted_at IS NULL;
SELECT * FROM users WHERE deleted_at IS NULL AND email = $1;

-- OR
SELECT * FROM users WHERE email = $1 OR id = $2;
SELECT * FROM users WHERE email = $1 OR name = $2;
SELECT * FROM users WHERE org_id = $1 OR org_id = $2;
SELECT * FROM orders WHERE user_id = $1 OR product_id = $2;
SELECT * FROM orders WHERE user_id = $1 OR reference = $2;
SELECT * FROM orders WHERE (user_id = $1 OR product_id = $2) AND state = 'paid';
SELECT * FROM orders WHERE user_id = $1 AND (state = 'paid' OR total > 5);
SELECT * FROM users WHERE $1 IS NULL OR email = $1;
SELECT * FROM users WHERE name ILIKE 'a%' OR email = $1;

-- JSON
SELECT * FROM users WHERE profile->>'city' = 'x';
SELECT * FROM users WHERE profile->>'city' = 'x' AND org_id = $1;
SELECT * FROM users WHERE profile @> $1;
SELECT * FROM users WHERE profile ? 'a' AND email = $1;
SELECT e.data->'a'->>'b' FROM events e WHERE e.user_id = $1;

-- arithmetic and functions of the column
SELECT * FROM orders WHERE user_id + 1 = $1;
SELECT * FROM orders WHERE user_id = $1 + 1;
SELECT * FROM orders WHERE date_trunc('day', created_at) = $1;
SELECT * FROM orders WHERE extract(year FROM created_at) = 2024;
SELECT * FROM orders WHERE created_at AT TIME ZONE 'UTC' > $1;
SELECT * FROM orders WHERE abs(id) = $1;
SELECT * FROM orders WHERE created_at > $1 + INTERVAL '1 day';

-- order and limit
SELECT * FROM orders ORDER BY created_at DESC LIMIT 10;
SELECT * FROM orders ORDER BY created_at LIMIT $1 OFFSET $2;
SELECT * FROM orders ORDER BY total DESC LIMIT 10;
SELECT * FROM orders ORDER BY id OFFSET 5;
SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1;
SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at LIMIT 10;
SELECT * FROM orders WHERE user_id = $1 ORDER BY total LIMIT 10;
SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 10;
SELECT * FROM orders WHERE product_id = $1 ORDER BY created_at DESC LIMIT 10;
SELECT * FROM users WHERE org_id = $1 ORDER BY created_at DESC NULLS FIRST LIMIT 10;
SELECT * FROM users WHERE org_id = $1 ORDER BY created_at NULLS FIRST LIMIT 10;
SELECT * FROM users WHERE org_id = $1 ORDER BY name LIMIT 10;
SELECT * FROM users ORDER BY name NULLS FIRST LIMIT 10;
SELECT * FROM users ORDER BY email LIMIT 10;
SELECT * FROM users ORDER BY lower(name) LIMIT 10;
SELECT * FROM users ORDER BY random() LIMIT 1;
SELECT * FROM users FETCH FIRST 5 ROWS ONLY;
SELECT * FROM users LIMIT ALL;
SELECT * FROM products WHERE category_id = $1 ORDER BY name;
SELECT * FROM products WHERE category_id = $1 ORDER BY name DESC LIMIT 20;
SELECT * FROM products WHERE category_id = $1 ORDER BY price LIMIT 20;
SELECT * FROM events WHERE user_id = $1 AND kind = $2 ORDER BY at DESC LIMIT 1;
SELECT * FROM events WHERE user_id = $1 ORDER BY at DESC LIMIT 1;
SELECT * FROM events WHERE user_id = $1 ORDER BY kind, at LIMIT 10;
SELECT * FROM users WHERE id = 1 FOR UPDATE SKIP LOCKED;
SELECT * FROM orders WHERE state = 'new' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED;

-- distinct, groups, aggregates, windows
SELECT DISTINCT name FROM users;
SELECT DISTINCT ON (user_id) * FROM orders WHERE user_id = $1 ORDER BY user_id, created_at DESC;
SELECT DISTINCT ON (user_id) * FROM orders WHERE product_id = $1;
SELECT count(*) FROM orders WHERE user_id = $1;
SELECT count(*) FROM orders WHERE reference = $1;
SELECT max(created_at) FROM orders WHERE user_id = $1;
SELECT min(created_at) FROM orders;
SELECT max(total) FROM orders;
SELECT user_id, count(*) FROM orders WHERE created_at > $1 GROUP BY user_id;
SELECT org_id, count(*) FROM users WHERE email = $1 GROUP BY ROLLUP (org_id, status);
SELECT org_id FROM users WHERE org_id = $1 GROUP BY GROUPING SETS ((org_id), ());
SELECT count(*) FILTER (WHERE active), sum(id) OVER (PARTITION BY org_id ORDER BY id) FROM users WHERE org_id = $1 GROUP BY id, org_id;
SELECT id, rank() OVER (ORDER BY total DESC) FROM orders WHERE user_id = $1;
SELECT array_agg(id), string_agg(name, ','), bool_or(active), jsonb_agg(u) FROM users u WHERE org_id = $1;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders WHERE user_id = $1;
SELECT sum(quantity) FROM items WHERE product_id = $1 HAVING count(*) > 5;

-- joins
SELECT o.*, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.id = $1;
SELECT o.* FROM orders o JOIN users u ON u.id = o.user_id WHERE u.email = $1;
SELECT o.* FROM orders o JOIN users u ON u.id = o.user_id WHERE u.name = $1;
SELECT o.* FROM orders o, users u WHERE u.id = o.user_id AND u.email = $1 AND o.state = 'paid';
SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.email = $1;
SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.state = 'paid' WHERE u.id = $1;
SELECT * FROM orders o RIGHT JOIN users u ON o.user_id = u.id WHERE u.id = $1;
SELECT i.*, p.name FROM items i JOIN products p ON p.id = i.product_id WHERE i.order_id = $1;
SELECT i.*, p.name FROM items i JOIN products p ON p.id = i.product_id JOIN orders o ON o.id = i.order_id WHERE o.user_id = $1;
SELECT u.email, count(*) FROM users u JOIN orders o ON o.user_id = u.id JOIN items i ON i.order_id = o.id WHERE u.email = $1 GROUP BY u.email;
SELECT o.* FROM orders o JOIN products p ON p.id = o.product_id WHERE p.sku = $1 ORDER BY o.created_at DESC LIMIT 10;
SELECT * FROM orders JOIN events USING (user_id) WHERE user_id = 1;
SELECT * FROM events e JOIN users u ON u.id = e.user_id WHERE u.email = $1 AND e.kind = 'x';
SELECT * FROM events e JOIN users u ON u.id = e.user_id WHERE e.day = $1;
SELECT a.* FROM audit.log a JOIN users u ON u.id = a.actor WHERE a.id = $1;
SELECT a.* FROM audit.log a JOIN users u ON u.id = a.actor WHERE u.email = $1;
SELECT c.name, p.name FROM categories c JOIN products p ON p.category_id = c.id WHERE c.id = $1;
SELECT p.name FROM categories c JOIN products p ON p.category_id = c.id WHERE c.parent_id = $1 ORDER BY p.name;
SELECT * FROM orders o JOIN orders p ON p.product_id = o.product_id WHERE o.id = $1;
SELECT * FROM users u, orders o WHERE (u.id = o.user_id AND o.id = 1) OR (u.id = o.user_id AND o.id = 2);
SELECT * FROM orgs o JOIN users u ON u.org_id = o.id JOIN orders r ON r.user_id = u.id WHERE u.id = $1;
SELECT * FROM users u CROSS JOIN orders o WHERE u.id = $1 AND o.id = $2;
SELECT * FROM users u JOIN events e ON e.user_id = u.id AND e.kind = 'x' AND e.at > $2 WHERE u.email = $1;

-- subqueries: EXISTS, scalar, derived, lateral
SELECT * FROM users u WHERE u.id = $1 AND EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id);
SELECT * FROM users u WHERE u.email = $1 AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.state = 'paid');
SELECT * FROM users u WHERE u.org_id = $1 AND EXISTS (SELECT 1 FROM events e WHERE e.user_id = u.id AND e.kind = 'x');
SELECT u.*, (SELECT count(*) FROM orders o WHERE o.user_id = u.id) FROM users u WHERE u.email = $1;
SELECT u.*, (SELECT max(at) FROM events e WHERE e.user_id = u.id AND e.kind = 'x') FROM users u WHERE u.id = $1;
SELECT u.*, (SELECT words FROM audit.log a WHERE a.actor = u.id LIMIT 1) FROM users u WHERE u.id = $1;
SELECT * FROM orders WHERE user_id = (SELECT id FROM users WHERE email = $1);
SELECT * FROM (SELECT * FROM orders WHERE user_id = $1) x WHERE x.total > 5;
SELECT * FROM (SELECT user_id, count(*) AS n FROM orders WHERE product_id = $1 GROUP BY user_id) x JOIN users u ON u.id = x.user_id;
SELECT u.id, x.total FROM users u LEFT JOIN LATERAL (SELECT total FROM orders o WHERE o.user_id = u.id ORDER BY created_at DESC LIMIT 1) x ON true WHERE u.id = $1;
SELECT u.id, x.n FROM users u, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) x WHERE u.email = $1;
SELECT * FROM users u CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.user_id = u.id AND e.kind = 'a') x WHERE u.id = $1;
SELECT * FROM users WHERE id = 1 AND CASE WHEN active THEN 1 ELSE 2 END = 1;

-- renamed columns, VALUES, rows of functions, views, CTEs
SELECT * FROM users u(a, b, c) WHERE c = 'x';
SELECT * FROM (SELECT id, email FROM users) AS d(x, y) WHERE x = 1;
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(id, n) JOIN users u ON u.id = v.id;
SELECT * FROM users u JOIN unnest($1::bigint[]) AS x(id) ON x.id = u.id;
SELECT * FROM generate_series(1, 5) n, users WHERE users.id = n;
SELECT p.id, tag FROM products p, unnest(p.tags) AS tag WHERE p.sku = $1;
SELECT e.key, e.value FROM users u, jsonb_each(u.profile) e WHERE u.email = $1;
SELECT * FROM live_users a WHERE a.token = $1;
SELECT * FROM live_users a WHERE a.email = $1;
SELECT org_name FROM user_orgs WHERE id = 1;
WITH a AS (SELECT * FROM users WHERE org_id = $1) SELECT a.id FROM a WHERE a.status = 'x';
WITH a(x) AS MATERIALIZED (SELECT id FROM users WHERE email = $1) SELECT * FROM orders JOIN a ON a.x = orders.user_id;
WITH a AS (SELECT id FROM users WHERE name = $1) SELECT o.* FROM orders o JOIN a ON a.id = o.user_id;
WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id = $1 UNION ALL SELECT c.id, c.parent_id FROM categories c JOIN t ON c.parent_id = t.id) SELECT * FROM t;
WITH orders AS (SELECT * FROM orders WHERE user_id = 1) SELECT orders.id FROM orders WHERE orders.total > 5;

-- set operations
SELECT id FROM users WHERE email = $1 UNION SELECT id FROM orders WHERE user_id = $2;
SELECT id FROM users WHERE email = $1 UNION ALL SELECT id FROM orders WHERE reference = $2;
(SELECT id FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1) UNION (SELECT id FROM users WHERE id = $2);
SELECT user_id FROM orders WHERE product_id = $1 EXCEPT SELECT user_id FROM events WHERE day = $2;
SELECT user_id FROM orders WHERE product_id = $1 INTERSECT SELECT user_id FROM orders WHERE product_id = $2;

-- writes
UPDATE users SET name = $1 WHERE id = $2 RETURNING *;
UPDATE users SET name = $1 WHERE name = $2;
UPDATE orders SET note = '' WHERE user_id = $1 AND created_at < $2;
UPDATE orders AS o SET note = u.name FROM users u WHERE o.user_id = u.id AND u.email = $1;
DELETE FROM users u WHERE u.email = $1 RETURNING id;
DELETE FROM orders WHERE reference = $1;
DELETE FROM orders o USING users u WHERE u.id = o.user_id AND u.email = $1;
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE state = 'returned' AND created_at < $1 ORDER BY created_at LIMIT 100);
INSERT INTO events (id, user_id, kind, at, day) SELECT id, id, 'x', now(), now() FROM users WHERE org_id = $1 ON CONFLICT DO NOTHING;
WITH gone AS (DELETE FROM orders WHERE user_id = $1 RETURNING id) SELECT * FROM gone JOIN items ON items.order_id = gone.id;
WITH old AS (SELECT id FROM users WHERE email = $1) UPDATE orders SET note = '' FROM old WHERE user_id = old.id;

-- locking of joins, samples, paging by key
SELECT * FROM orders o JOIN users u ON u.id = o.user_id WHERE o.id = $1 FOR UPDATE OF o;
SELECT * FROM orders WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT 50;
SELECT * FROM orders WHERE user_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT 50;
SELECT * FROM events WHERE user_id = $1 AND kind = $2 AND at < $3 ORDER BY at DESC LIMIT 50;
