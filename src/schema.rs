//! The schema from SQL: dumps, DDL files and migrations become schema steps; one file a source kind.
//!
//! `layout` decides by paths which files form the schema of which database, `ddl` lowers one statement. The steps are
//! replayed by [`crate::catalog::replay`]; nothing here holds a catalogue or reads a file.

pub mod ddl;
pub mod layout;
pub mod sqlc;
