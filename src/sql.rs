//! SQL text: splitting it, reading placeholders, parsing, the canonical expression, lowering to an engine, fingerprints.
//!
//! Pure functions over text and data; knows no file, no engine connection and no rule.

pub mod always;
pub mod build;
pub mod canonical;
pub mod expand;
pub mod factor;
pub mod fingerprint;
pub mod kind;
pub mod likeness;
pub mod lower;
pub mod parse;
pub mod placeholders;
pub mod print;
pub mod relations;
pub mod resolution;
pub(crate) mod scan;
pub mod split;
pub mod summary;
pub mod valueless;
