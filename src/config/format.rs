//! Texts of the configuration that are more than any text: what the JSON Schema calls them by.
//!
//! The types stand for the formats in the schema only; a configuration holds plain strings, checked where it is read.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The format of a gitignore pattern.
pub const PATTERN: &str = "gitignore-pattern";
/// The format of a path below the folder of the configuration.
pub const PATH: &str = "project-path";
/// The format of a database's version.
pub const VERSION: &str = "version";
/// The format of a rule's name.
pub const RULE: &str = "rule";
/// The format of a rule's name, `ALL` or `DEFAULT`.
pub const SELECTOR: &str = "rule-selector";
/// The format of a function's name.
pub const FUNCTION: &str = "function-name";

/// The format of a number of bytes.
pub const BYTES: &str = "bytes";

/// Declares formats: the type, the schema's name for it and what it is.
macro_rules! formats {
    ($($name:ident $format:ident $description:literal;)*) => {$(
        #[doc = $description]
        pub(super) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "format": $format, "description": $description})
            }
        }
    )*};
}

formats! {
    Pattern PATTERN "A gitignore pattern, relative to the folder of the configuration.";
    ProjectPath PATH "A file or folder below the folder of the configuration, with `/` between names.";
    VersionText VERSION "A version: one to three numbers with dots between them.";
    RuleName RULE "The name of a rule.";
    FunctionName FUNCTION "The name of a function, or the end of its dotted name: `db.fetch_all`.";
    Bytes BYTES "A number of bytes, with a unit or without: `500MB`, `2GiB`.";
    Selector SELECTOR "The name of a rule, or `ALL`, or `DEFAULT`.";
}
