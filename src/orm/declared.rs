//! Schemas that host code declares: the statements that its framework would send, with places in the host code.
//!
//! Statements are text, as everywhere behind the front ends: what a model, a migration's operation or `op.execute`
//! means to the schema is read by the one reader of DDL. Knows no framework.

use super::sql::Finished;
use crate::dialect::Dialect;
use crate::query::Skip;
use crate::source::{FileId, HostSpan};

/// What a schema is declared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclaredBy {
    /// The migrations of a tool: `alembic`, `django`.
    Migrations(&'static str),
    /// The models of a framework: `sqlalchemy`, `django`.
    Models(&'static str),
}

/// A schema that host code declares.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredSchema {
    /// What declares it.
    pub by: DeclaredBy,
    /// The folder that holds all of its files; empty for the tree's root.
    pub folder: String,
    /// The dialect that its statements are written in, and what it was told from.
    pub dialect: (Dialect, &'static str),
    /// Its statements, in the order in which they apply.
    pub statements: Vec<Declaration>,
    /// The files that declare it.
    pub files: Vec<FileId>,
    /// What could not be read.
    pub skips: Vec<Skip>,
}

/// A statement of a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Its text, and where its parts stand.
    pub text: Finished,
    /// The class, the field or the operation that declares it.
    pub place: HostSpan,
}
