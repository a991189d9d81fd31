//! What one SQL file holds, counted: enough to tell schema files from queries without reading them again.
//!
//! `sqlfile` fills it while it reads a file, `schema::layout` decides by it. Plain data; knows no file system.

use serde::{Deserialize, Serialize};

use crate::query::PathClass;

/// What one SQL file holds, in numbers of statements; what stands in a file's down part is not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// What kind of file it is, by its path.
    pub class: PathClass,
    /// `CREATE TABLE` statements.
    pub creates: u32,
    /// Other statements that change the schema (`ALTER`, `CREATE INDEX`, `DROP TABLE`, …).
    pub alters: u32,
    /// `INSERT … VALUES`, `COPY`.
    pub data: u32,
    /// `SELECT`, `UPDATE`, `DELETE`, `INSERT … SELECT`, `MERGE`.
    pub queries: u32,
    /// Statements under a `-- name:` annotation.
    pub named: u32,
    /// The tool that wrote the file as a dump of a database, told from its header.
    pub dump: Option<DumpTool>,
    /// The migration tool whose markers divide the file into an up and a down part.
    pub markers: Option<MarkerTool>,
}

impl FileSummary {
    /// A file of the given class without any statement.
    pub fn empty(class: PathClass) -> Self {
        Self { class, creates: 0, alters: 0, data: 0, queries: 0, named: 0, dump: None, markers: None }
    }

    /// Says whether the file changes the schema.
    pub fn has_ddl(&self) -> bool {
        self.creates + self.alters > 0
    }
}

/// A tool that dumps schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DumpTool {
    /// `-- PostgreSQL database dump`
    PgDump,
    /// `-- MySQL dump`, `-- MariaDB dump`
    Mysqldump,
    /// `PRAGMA foreign_keys=OFF; BEGIN TRANSACTION;` of `sqlite3 .dump`
    Sqlite3,
}

/// A migration tool that divides a file by comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarkerTool {
    /// `-- +goose Up`
    Goose,
    /// `-- migrate:up`
    Dbmate,
    /// `-- +migrate Up` (sql-migrate, rambler)
    SqlMigrate,
    /// `---- create above / drop below ----`
    Tern,
}
