//! Conditions that a framework adds to every query of a table.

use super::{render, schema};
use crate::dialect::Dialect;
use crate::name::QName;
use crate::sql::always::read;

/// Compares the patterns of queries where users are deleted softly and orders belong to a tenant.
fn check(cases: &[(&str, &[&str])]) {
    let mut catalog = schema::catalog(Dialect::Postgres);
    for (table, condition) in [("users", "deleted_at IS NULL"), ("orders", "user_id = ? AND total > 0")] {
        let name = QName::plain(table);
        let condition = read(condition, &catalog.tables[&name], Dialect::Postgres).expect("a condition");
        catalog.always.insert(name, condition);
    }
    let found = |sql: &str| render::lines(sql, &catalog);
    let wrong: Vec<_> = cases.iter().filter(|(sql, expect)| found(sql) != *expect).collect();
    assert!(wrong.is_empty(), "{:#?}", wrong.iter().map(|(sql, _)| (sql, found(sql))).collect::<Vec<_>>());
}

#[test]
fn every_reference_meets_the_condition_where_it_has_rows() {
    check(&[
        ("SELECT id FROM users WHERE email = $1", &["users: email = ?, deleted_at null"]),
        ("SELECT id FROM users", &["users: deleted_at null"]),
        ("SELECT id FROM users u WHERE email = $1 OR name = $1", &["u: deleted_at null, (email = ? | name = ?)"]),
        (
            "SELECT u.id FROM users u, users v WHERE u.id = v.id",
            &["u: deleted_at null, id = v.id", "v: deleted_at null, id = u.id"],
        ),
        ("SELECT 1 FROM orders", &["orders: user_id = ?, total > 0"]),
        (
            "SELECT 1 FROM orgs JOIN users u ON u.org_id = orgs.id",
            &["orgs: id = u.org_id", "u: deleted_at null, org_id = orgs.id"],
        ),
        (
            "SELECT 1 FROM orgs LEFT JOIN users u ON u.org_id = orgs.id",
            &["orgs:", "u?: deleted_at null, org_id = orgs.id outer"],
        ),
        (
            "SELECT 1 FROM users u RIGHT JOIN orgs ON u.org_id = orgs.id",
            &["u?: deleted_at null, org_id = orgs.id outer", "orgs:"],
        ),
        ("SELECT 1 FROM users u FULL JOIN orgs ON u.org_id = orgs.id", &["u?:", "orgs?:"]),
        (
            "SELECT 1 FROM orgs WHERE EXISTS (SELECT 1 FROM users WHERE org_id = orgs.id)",
            &["orgs: id = users.org_id semi", "users: deleted_at null, org_id = orgs.id semi"],
        ),
    ]);
}

#[test]
fn writes_meet_it_too_and_inserted_rows_do_not() {
    check(&[
        ("UPDATE users SET name = 'x' WHERE id = 1", &["users!: id = 1, deleted_at null"]),
        ("DELETE FROM users WHERE email = $1", &["users!: email = ?, deleted_at null"]),
        ("DELETE FROM users", &["users!:"]),
        ("INSERT INTO users (id) VALUES (1)", &["users!:"]),
        ("INSERT INTO orgs (id) SELECT id FROM users", &["users: deleted_at null", "orgs!:"]),
    ]);
}

#[test]
fn what_is_there_already_is_not_added_and_names_that_hide_the_table_are_left_alone() {
    check(&[
        ("SELECT id FROM users WHERE deleted_at IS NULL AND id = 1", &["users: deleted_at null, id = 1"]),
        ("SELECT id FROM users u WHERE u.deleted_at IS NULL", &["u: deleted_at null"]),
        ("SELECT 1 FROM orders o WHERE o.user_id = $3", &["o: user_id = ?, total > 0"]),
        ("WITH users AS (SELECT * FROM orgs) SELECT * FROM users WHERE plan = 'x'", &["orgs: plan = 'x'"]),
    ]);
}

#[test]
fn a_condition_names_columns_of_its_table_and_nothing_else() {
    let catalog = schema::catalog(Dialect::Postgres);
    let check = |condition: &str, fault: &str| {
        let found = read(condition, &catalog.tables[&QName::plain("users")], Dialect::Postgres);
        assert!(found.as_ref().is_err_and(|found| found.contains(fault)), "{condition}: {found:?}");
    };
    check("deletd_at IS NULL", "no column `deletd_at`, but `deleted_at`");
    check("users.deleted_at IS NULL", "column alone");
    check("id IN (SELECT 1)", "subquery");
    check("deleted_at IS", "expected");
    check("1 = 1", "names no column");
    check("id = 1; DROP TABLE users", "another statement");
    check("", "no statement");
}
