//! SQLAlchemy: what mapped classes and `Table` objects declare.
//!
//! [`models`] reads the classes once for the whole code base. Columns, types and expressions of declarations are read
//! by the same code wherever they stand. Knows no engine and no rule.

mod annotation;
mod column;
mod ddl;
mod evidence;
mod expression;
mod index;
pub mod models;
mod names;
mod naming;
mod query;
pub(in crate::orm) mod schema;
mod types;

pub(super) use query::find;
