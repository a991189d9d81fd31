//! SQLAlchemy: what mapped classes and `Table` objects declare.
//!
//! [`models`] reads the classes once for the whole code base. Columns, types and expressions of declarations are read
//! by the same code wherever they stand. Knows no engine and no rule.

mod annotation;
pub(in crate::orm) mod column;
pub(in crate::orm) mod ddl;
pub(in crate::orm) mod evidence;
pub(in crate::orm) mod expression;
pub(in crate::orm) mod index;
pub mod models;
pub(in crate::orm) mod names;
pub(in crate::orm) mod naming;
mod query;
pub(in crate::orm) mod schema;
#[cfg(test)]
mod tests;
pub(in crate::orm) mod types;
mod uniqueness;

pub(super) use query::find;
pub(super) use uniqueness::checks;
