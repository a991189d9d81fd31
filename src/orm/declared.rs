//! Schemas that host code declares: the statements that its framework would send, with places in the host code.
//!
//! Statements are text, as everywhere behind the front ends: what a model, a migration's operation or `op.execute`
//! means to the schema is read by the one reader of DDL. Knows no framework.

use std::ops::Range;
use std::sync::Arc;

use super::sql::Finished;
use crate::dialect::Dialect;
use crate::name::QName;
use crate::query::{Param, Skip};
use crate::source::{FileId, HostSpan, SpanMap};
use crate::sql::split;

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
    /// The folder of the one of several projects that it is of; empty where the tree is one.
    pub project: String,
    /// The dialect that its statements are written in, and what it was told from.
    pub dialect: (Dialect, &'static str),
    /// Its statements, in the order in which they apply.
    pub statements: Vec<Declaration>,
    /// Tables that may have columns and indexes which nothing here tells of.
    pub partial: Vec<QName>,
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

impl Declaration {
    /// The statements of a text, with the places of their parts.
    pub fn each_of(text: &Finished, place: HostSpan) -> Vec<Self> {
        let cut = |range: Range<u32>| {
            let mut spans = SpanMap::default();
            spans.append(&text.spans, range.clone());
            let within = |at: &Range<u32>| range.start <= at.start && at.end <= range.end;
            let moved = |at: &Range<u32>| at.start - range.start..at.end - range.start;
            let params = text.params.iter().filter(|param| param.sql.iter().any(within));
            let params = params.map(|param| Param {
                sql: param.sql.iter().filter(|at| within(at)).map(moved).collect(),
                ..param.clone()
            });
            let params = params.collect();
            Self {
                text: Finished { sql: Arc::from(&text.sql[range.start as usize..range.end as usize]), spans, params },
                place,
            }
        };
        split::split(&text.sql).statements.into_iter().map(|statement| cut(statement.bytes)).collect()
    }
}
