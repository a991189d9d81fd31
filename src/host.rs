//! Host languages: a file's text becomes [`crate::ir`], one language a file.
//!
//! Languages times frameworks must not become a product: what is read here knows no framework, and the frameworks know
//! no language's grammar. A file is parsed once and its syntax tree is dropped.

pub mod python;
