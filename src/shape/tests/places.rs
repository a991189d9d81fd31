//! Where things stand in the text, and which columns are read.

use super::schema;
use crate::dialect::Dialect;
use crate::query::{Limit, QueryShape};
use crate::shape::shape;

fn shaped(sql: &str) -> QueryShape {
    let catalog = schema::catalog(Dialect::Postgres);
    shape(sql, &catalog).unwrap_or_else(|failure| panic!("{sql}: {}", failure.message)).shape
}

#[test]
fn identifiers_stand_where_they_were_written() {
    let sql = "SELECT é.name\nFROM users é, orders\n WHERE é.email = 'ü' AND lower(é.name) = $1\n AND orders.user_id = é.id \
               AND (total > 5 OR note = 'x')\nORDER BY é.created_at";
    let shape = shaped(sql);
    let text = |range: &std::ops::Range<u32>| &sql[range.start as usize..range.end as usize];
    let tables: Vec<&str> = shape.references.iter().map(|reference| text(&reference.sql)).collect();
    assert_eq!(tables, ["users", "orders"]);
    let keys: Vec<&str> = shape.patterns[0].predicates.iter().map(|predicate| text(&predicate.sql)).collect();
    assert_eq!(keys, ["é.email", "é.name"]);
    assert_eq!(text(&shape.patterns[0].joins[0].sql), "é.id");
    assert_eq!(text(&shape.patterns[1].joins[0].sql), "orders.user_id");
    assert_eq!(text(&shape.patterns[1].disjunctions[0].sql), "note");
    assert_eq!(text(&shape.patterns[0].order[0].sql), "é.created_at");
}

#[test]
fn what_comes_out_of_a_view_stands_nowhere() {
    let shape = shaped("SELECT * FROM active_users a WHERE a.email = 'x'");
    let [deleted, email] = &shape.patterns[0].predicates[..] else { panic!("two conditions") };
    assert_eq!((deleted.sql.clone(), email.sql.clone()), (0..0, 35..42));
    assert_eq!(shape.references[0].sql, 0..0);
    assert_eq!(shape.references[0].via_view.as_ref().map(ToString::to_string).as_deref(), Some("active_users"));
}

#[test]
fn columns_that_are_read() {
    let cases: &[(&str, &[&str])] = &[
        ("SELECT name FROM users WHERE org_id = 1 ORDER BY created_at", &["created_at name org_id"]),
        ("SELECT count(*) FROM users WHERE active", &["active"]),
        ("SELECT * FROM orgs", &["id name plan"]),
        ("SELECT o.* FROM orgs o, users u WHERE u.org_id = o.id", &["id name plan", "org_id"]),
        ("SELECT o FROM orgs o", &["id name plan"]),
        ("SELECT count(o.*) FROM orgs o", &["id name plan"]),
        ("SELECT 1 FROM orders JOIN events USING (user_id)", &["user_id", "user_id"]),
        ("SELECT (SELECT max(o.total) FROM orders o WHERE o.user_id = u.id) FROM users u", &["id", "total user_id"]),
        ("UPDATE orgs SET name = upper(plan) WHERE id = 1", &["id plan"]),
    ];
    for (sql, expect) in cases {
        let found: Vec<String> = shaped(sql)
            .patterns
            .iter()
            .map(|pattern| pattern.columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(found, *expect, "{sql}");
    }
}

#[test]
fn blocks_say_how_they_stand() {
    let shape = shaped(
        "SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id) \
         AND id IN (SELECT user_id FROM events GROUP BY user_id) AND org_id > (SELECT max(id) FROM orgs) \
         ORDER BY id LIMIT 5 OFFSET 10",
    );
    let [outer, exists, list, scalar] = &shape.blocks[..] else { panic!("four blocks") };
    assert!(outer.ordered && outer.limit.is_some() && outer.parent.is_none() && !outer.correlated);
    assert_eq!(outer.offset.as_ref().map(|offset| offset.rows), Some(Limit::Rows(10)));
    assert!(exists.correlated && exists.parent == Some(0));
    assert!(list.grouped && !list.correlated);
    assert!(scalar.aggregated && !scalar.grouped);
    let arms = shaped("SELECT id FROM users UNION SELECT id FROM orgs");
    assert_eq!(arms.blocks.iter().map(|block| block.arm).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn a_block_is_open_where_its_patterns_do_not_say_all() {
    let cases = [
        ("SELECT id FROM users WHERE email = $1 AND name > 'x'", false),
        ("SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id WHERE o.total > 5 OR o.note = 'x'", false),
        ("SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE true", false),
        ("SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE $1", true),
        ("SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)", true),
        ("SELECT id FROM users WHERE id IN (SELECT user_id FROM orders)", true),
        ("SELECT id FROM users TABLESAMPLE SYSTEM (1)", true),
        ("SELECT id FROM users u WHERE (SELECT count(*) FROM orders o WHERE o.user_id = u.id) > 3", true),
        ("SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id WHERE o.total > 5 OR u.name = 'x'", true),
        ("SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id AND o.created_at > u.created_at", true),
        ("SELECT u.id FROM users u JOIN unnest($1) AS given (id) ON given.id = u.id", true),
        ("SELECT u.id FROM users u JOIN (SELECT user_id FROM orders LIMIT 3) o ON o.user_id = u.id", true),
    ];
    for (sql, open) in cases {
        assert_eq!(shaped(sql).blocks[0].open, open, "{sql}");
    }
}

#[test]
fn an_offset_is_known_or_a_parameter() {
    let cases = [
        ("SELECT id FROM users LIMIT 5", None),
        ("SELECT id FROM users OFFSET 0", Some((Limit::Rows(0), "0"))),
        ("SELECT id FROM users LIMIT $1 OFFSET $2", Some((Limit::Param, "$2"))),
        ("SELECT id FROM users LIMIT $1 OFFSET ($2 - 1) * $1", Some((Limit::Param, "$2"))),
        ("SELECT id FROM users OFFSET 20 ROWS FETCH NEXT 10 ROWS ONLY", Some((Limit::Rows(20), "20"))),
    ];
    for (sql, expect) in cases {
        let shape = shaped(sql);
        let found = shape.blocks[0].offset.as_ref();
        let found = found.map(|offset| (offset.rows, &sql[offset.sql.start as usize..offset.sql.end as usize]));
        assert_eq!(found, expect, "{sql}");
    }
}
