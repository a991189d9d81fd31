//! What `planlint schema` prints: a server takes it in the order in which it stands.

use planlint::scratch::postgres::cluster::DATABASE;
use planlint::sql::print;

#[test]
fn a_printed_schema_is_taken_in_its_order() {
    let Some(cluster) = super::cluster() else { return };
    let text = include_str!("../../testdata/schemas/ahead.sql");
    let statements: Vec<&str> = text.split(";\n").filter(|statement| !statement.trim().is_empty()).collect();
    let printed = print::catalog(&super::catalog(&statements));
    let mut admin = cluster.admin(DATABASE).expect("an admin's session");
    // Ours looks names up in the catalogue alone. All of it is taken, or nothing.
    let script = format!("SET search_path = public;\n{printed}");
    admin.run(&script).unwrap_or_else(|error| panic!("{error:?}: {printed}"));
    let made = admin.rows("SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'v') AND oid >= 16384");
    let expect = printed.matches("CREATE TABLE").count() + printed.matches("CREATE VIEW").count();
    assert_eq!(made.expect("a list").len(), expect);
}
