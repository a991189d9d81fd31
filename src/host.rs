//! Host languages: a file's text becomes [`crate::ir`], a code base's names are resolved, and what its functions do
//! with them becomes values.
//!
//! `facts` (a file at a time) → [`code`] (names over the tree) → [`flow`] (values, a function at a time). Languages times
//! frameworks must not become a product: nothing here knows a framework, and the frameworks know no language's grammar.
//! A file is parsed once and its syntax tree is dropped.

pub mod code;
pub mod facts;
pub mod flow;
pub mod python;
pub mod suppressions;
pub mod value;
pub mod ways;
