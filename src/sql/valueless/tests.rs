//! Texts with values and without.

use super::*;

#[test]
fn texts_without_values_are_shown_on_one_line() {
    let check = |text: &str, expect: &str| assert_eq!(valueless(text).as_deref(), Ok(expect), "{text}");
    check("SELECT  *\n FROM t WHERE a=$1 AND \"It's\" > $2", "SELECT * FROM t WHERE a=$1 AND \"It's\" > $2");
    check("/* user 77 */ select a -- for bob\nfrom t", "select a from t");
    check("(SELECT a1 FROM t2) UNION SELECT $1::varchar(20)", "(SELECT a1 FROM t2) UNION SELECT $1::varchar(20)");
    let ordered = "SELECT a, count(*) FROM t GROUP BY 1, b HAVING count(*) > $1 ORDER BY 2 DESC, 1 LIMIT $2";
    check(ordered, ordered);
    let cast = "UPDATE t SET a = CAST($1 AS numeric(10, 2)), at = $2::timestamp(3) without time zone";
    check(cast, cast);
    check("WITH x AS (DELETE FROM t RETURNING *) SELECT $1", "WITH x AS (DELETE FROM t RETURNING *) SELECT $1");
}

#[test]
fn a_parameter_stands_in_the_place_of_a_constant() {
    let check = |text: &str, expect: &str| assert_eq!(valueless(text).as_deref(), Ok(expect), "{text}");
    check("SELECT 'secret'", "SELECT $1");
    check("SELECT E'secret\\', 1' , b'1', x'1F', N'n'", "SELECT $1 , $2, $3, $4");
    check("SELECT $$secret$$, $1", "SELECT $2, $1");
    check("SELECT $a$secret$a$", "SELECT $1");
    check("SELECT * FROM t WHERE id = 4711 AND a.b5 = 7", "SELECT * FROM t WHERE id = $1 AND a.b5 = $2");
    check(
        "SELECT * FROM t WHERE price > .5 AND x < 1.5e-3 AND y = -2",
        "SELECT * FROM t WHERE price > $1 AND x < $2 AND y = -$3",
    );
    check("SELECT 0x1F, 1e5, 1_000", "SELECT $1, $2, $3");
    check("SELECT * FROM t ORDER BY a LIMIT 5", "SELECT * FROM t ORDER BY a LIMIT $1");
    check("SELECT * FROM t ORDER BY a + 5", "SELECT * FROM t ORDER BY a + $1");
    check("SELECT * FROM t ORDER BY f(a, 5)", "SELECT * FROM t ORDER BY f(a, $1)");
    check("SELECT (SELECT a FROM t ORDER BY 1), 5", "SELECT (SELECT a FROM t ORDER BY 1), $1");
    check("SELECT a FROM t GROUP BY 1 UNION SELECT b, 5", "SELECT a FROM t GROUP BY 1 UNION SELECT b, $1");
    check("INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES ($1, $2)");
    check("SELECT 'a' FROM t WHERE x = $3 AND y = 'b'", "SELECT $4 FROM t WHERE x = $3 AND y = $5");
}

#[test]
fn a_type_before_a_value_goes_with_it_and_a_list_has_one_member() {
    let check = |text: &str, expect: &str| assert_eq!(valueless(text).as_deref(), Ok(expect), "{text}");
    check("SELECT now() - INTERVAL '1 day'", "SELECT now() - $1");
    check("SELECT * FROM t WHERE at > date $1", "SELECT * FROM t WHERE at > $1");
    check("SELECT timestamp with time zone '2020-01-01'", "SELECT $1");
    check("SELECT a AT TIME ZONE 'UTC'", "SELECT a AT TIME ZONE $1");
    check("SELECT * FROM t WHERE id IN (1, 2, 3) AND b", "SELECT * FROM t WHERE id IN ($1) AND b");
    check("SELECT * FROM t WHERE id IN ($2, $3 /*, ... */)", "SELECT * FROM t WHERE id IN ($2 )");
    check("SELECT * FROM t WHERE id in (1, f(2), 3)", "SELECT * FROM t WHERE id in ($1, f($2), $3)");
}

#[test]
fn a_command_is_not_shown_nor_what_never_ends() {
    let check = |text: &str, expect: Withheld| assert_eq!(valueless(text), Err(expect), "{text}");
    for text in
        ["CREATE ROLE a PASSWORD 'secret'", "ALTER USER a SET x = 1", "/* select */ COPY t FROM STDIN", "", "--"]
    {
        check(text, Withheld::Command);
    }
    for text in ["SELECT 'never ends", "SELECT $a$ never $b$", "SELECT 1 /* never ends", "SELECT \"never ends"] {
        check(text, Withheld::Endless);
    }
}
