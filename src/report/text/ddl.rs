//! `advise` and `schema` as SQL: statements to run, everything else in comments.

use std::io::{self, Write};

use crate::outcome::{DdlEntry, RunReport, TableEntry};
use crate::report::{changes, neutral, sql};

/// Writes the index set as DDL, and what it comes to.
pub(super) fn write_advice(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    sql::write_changes(report, out)?;
    sql::write_curves(report, out)?;
    match changes::summed(report) {
        changes if changes.is_empty() => writeln!(out, "-- nothing to change"),
        changes => writeln!(out, "\n-- {changes}"),
    }
}

/// Writes each database's schema as a script, every table below the place it was declared at.
pub(super) fn write_schema(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let several = report.ddl.len() > 1;
    for DdlEntry { database, before, after } in &report.ddl {
        if several {
            writeln!(out, "-- database {}\n", neutral::line(database))?;
        }
        write_pieces(before, out)?;
        for table in report.tables.iter().filter(|table| table.database == *database) {
            write_table(table, out)?;
        }
        write_pieces(after, out)?;
    }
    Ok(())
}

fn write_pieces(pieces: &[String], out: &mut dyn Write) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| writeln!(out, "{}\n", neutral::block(piece.trim_end())))
}

fn write_table(table: &TableEntry, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "-- {}:{}", neutral::line(&table.path), table.line)?;
    for index in &table.indexes {
        let elsewhere = (&index.path, index.line) != (&table.path, table.line);
        if let Some(name) = index.name.as_ref().filter(|_| elsewhere) {
            writeln!(out, "-- {}: {}:{}", neutral::line(name), neutral::line(&index.path), index.line)?;
        }
    }
    if !table.complete {
        writeln!(out, "-- not every statement about this table was understood")?;
    }
    writeln!(out, "{}\n", neutral::block(table.ddl.trim_end()))
}
