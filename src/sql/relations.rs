//! The relations that a statement names.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast;

use super::parse::{parse, qname};
use crate::dialect::Dialect;
use crate::name::QName;

/// The tables, views and common table expressions that a statement names; none where it cannot be read.
pub fn named(sql: &str, dialect: Dialect) -> BTreeSet<QName> {
    let mut found = BTreeSet::new();
    let Ok(parsed) = parse(sql, dialect) else { return found };
    let _ = ast::visit_relations(&parsed.statement, |name| {
        found.insert(qname(name, dialect));
        ControlFlow::<()>::Continue(())
    });
    found
}
