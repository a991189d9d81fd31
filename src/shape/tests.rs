//! What queries ask of tables: a query and one line for each reference.

mod render;
mod schema;

mod always;
mod clauses;
mod conditions;
mod hidden;
mod joins;
mod lower;
mod native;
mod order;
mod places;
mod scopes;
mod statements;
mod subqueries;
mod unknown;

use crate::dialect::Dialect;

/// Compares the patterns of queries with what a person reads in them.
fn check(dialect: Dialect, cases: &[(&str, &[&str])]) {
    let catalog = schema::catalog(dialect);
    let mut wrong = Vec::new();
    for (sql, expect) in cases {
        let found = render::lines(sql, &catalog);
        if found != *expect {
            wrong.push(format!(
                "{sql}\n  found:\n    {}\n  expected:\n    {}",
                found.join("\n    "),
                expect.join("\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
