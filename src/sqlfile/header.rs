//! Tells a dump of a database by its first lines.

use crate::sql::summary::DumpTool;

/// The tool that wrote a dump.
pub(super) fn dump_tool(text: &str) -> Option<DumpTool> {
    const HEAD: usize = 4096;
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    let has = |mark: &str| head.contains(mark);
    // Rails keeps a dump's settings in `structure.sql` and drops the header.
    if has("-- PostgreSQL database dump") || has("SELECT pg_catalog.set_config('search_path', '', false)") {
        Some(DumpTool::PgDump)
    } else if has("-- MySQL dump") || has("-- MariaDB dump") || has("-- mysqldump") {
        Some(DumpTool::Mysqldump)
    } else if head.trim_start().starts_with("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;") {
        Some(DumpTool::Sqlite3)
    } else {
        None
    }
}
