//! The schema as SQLite has it, read back through its catalogue and pragmas.

use std::collections::HashMap;

use rusqlite::Connection;

use super::apply::Applied;
use crate::name::Ident;

/// Everything in the database that the application made.
pub(super) struct Inspected {
    pub(super) tables: Vec<SeenTable>,
    pub(super) views: Vec<SeenView>,
}

/// A table.
pub(super) struct SeenTable {
    pub(super) name: Ident,
    /// Its row of `sqlite_schema`.
    pub(super) row: i64,
    pub(super) sql: String,
    pub(super) columns: Vec<SeenColumn>,
    /// In the order in which they were made.
    pub(super) indexes: Vec<SeenIndex>,
    pub(super) foreign_keys: Vec<SeenForeignKey>,
}

/// A column.
pub(super) struct SeenColumn {
    pub(super) name: Ident,
    /// Its type as declared.
    pub(super) declared: String,
    pub(super) not_null: bool,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    pub(super) key: u32,
}

/// An index.
pub(super) struct SeenIndex {
    pub(super) name: Ident,
    /// Its row of `sqlite_schema`; the primary key of a WITHOUT ROWID table has none.
    pub(super) row: Option<i64>,
    /// Its statement; none if a constraint made it.
    pub(super) sql: Option<String>,
    pub(super) unique: bool,
    pub(super) origin: Origin,
    pub(super) partial: bool,
    pub(super) keys: Vec<SeenKey>,
}

/// What made an index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Statement,
    Unique,
    PrimaryKey,
}

/// A key of an index.
pub(super) struct SeenKey {
    /// The column; none for an expression.
    pub(super) column: Option<Ident>,
    pub(super) desc: bool,
    pub(super) collation: String,
}

/// A foreign key.
pub(super) struct SeenForeignKey {
    pub(super) columns: Vec<Ident>,
    pub(super) to: Ident,
    /// Empty where the primary key is meant.
    pub(super) to_columns: Vec<Ident>,
    pub(super) on_delete: String,
}

/// A view.
pub(super) struct SeenView {
    pub(super) name: Ident,
    pub(super) row: i64,
    pub(super) sql: String,
}

impl SeenTable {
    /// Says whether the table itself is ordered by its primary key: that index is listed, but has no row of its own.
    pub(super) fn is_without_rowid(&self) -> bool {
        self.indexes.iter().any(|index| index.origin == Origin::PrimaryKey && index.row.is_none())
    }

    /// Says whether the primary key is the rowid itself, which no index is listed for.
    pub(super) fn is_rowid_keyed(&self) -> bool {
        let keyed = self.columns.iter().any(|column| column.key > 0);
        keyed && !self.indexes.iter().any(|index| index.origin == Origin::PrimaryKey)
    }

    /// Returns the columns of the primary key, in key order.
    pub(super) fn primary_key(&self) -> Vec<Ident> {
        let mut keyed: Vec<_> = self.columns.iter().filter(|column| column.key > 0).collect();
        keyed.sort_by_key(|column| column.key);
        keyed.into_iter().map(|column| column.name.clone()).collect()
    }
}

struct Row {
    number: i64,
    kind: String,
    name: Ident,
    sql: Option<String>,
}

impl Inspected {
    /// Reads the database back; the objects SQLite makes for itself are left out.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn read(applied: &Applied) -> rusqlite::Result<Self> {
        let connection = applied.inspect();
        let sql = "SELECT rowid, type, name, sql FROM sqlite_schema ORDER BY rowid";
        let rows: Vec<Row> = connection
            .prepare(sql)?
            .query_map([], |row| {
                Ok(Row { number: row.get(0)?, kind: row.get(1)?, name: ident(row, 2)?, sql: row.get(3)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
        let (mut tables, mut views, mut indexes) = (Vec::new(), Vec::new(), HashMap::new());
        for row in rows {
            let own = row.name.as_str().to_ascii_lowercase().starts_with("sqlite_");
            match (row.kind.as_str(), row.sql) {
                ("index", sql) => {
                    indexes.insert(row.name, (row.number, sql));
                }
                ("table", Some(sql)) if !own => tables.push((row.name, row.number, sql)),
                ("view", Some(sql)) => views.push(SeenView { name: row.name, row: row.number, sql }),
                _ => {}
            }
        }
        let tables = tables.into_iter().map(|(name, row, sql)| {
            Ok(SeenTable {
                columns: columns(connection, "main", &name)?,
                indexes: read_indexes(connection, &name, &mut indexes)?,
                foreign_keys: foreign_keys(connection, &name)?,
                name,
                row,
                sql,
            })
        });
        Ok(Self { tables: tables.collect::<rusqlite::Result<_>>()?, views })
    }
}

/// Reads the columns of a table or view.
pub(super) fn columns(connection: &Connection, schema: &str, table: &Ident) -> rusqlite::Result<Vec<SeenColumn>> {
    let mut found = Vec::new();
    connection.pragma(Some(schema), "table_xinfo", table.as_str(), |row| {
        found.push(SeenColumn { name: ident(row, 1)?, declared: row.get(2)?, not_null: row.get(3)?, key: row.get(5)? });
        Ok(())
    })?;
    Ok(found)
}

fn read_indexes(
    connection: &Connection,
    table: &Ident,
    rows: &mut HashMap<Ident, (i64, Option<String>)>,
) -> rusqlite::Result<Vec<SeenIndex>> {
    let mut found = Vec::new();
    connection.pragma(Some("main"), "index_list", table.as_str(), |row| {
        let name = ident(row, 1)?;
        let origin = match row.get_ref(3)?.as_str()? {
            "pk" => Origin::PrimaryKey,
            "u" => Origin::Unique,
            _ => Origin::Statement,
        };
        let (row_number, sql) = rows.remove(&name).map_or((None, None), |(row, sql)| (Some(row), sql));
        let (unique, partial) = (row.get(2)?, row.get(4)?);
        found.push(SeenIndex { name, row: row_number, sql, unique, origin, partial, keys: Vec::new() });
        Ok(())
    })?;
    for index in &mut found {
        connection.pragma(Some("main"), "index_xinfo", index.name.as_str(), |row| {
            // Columns that are carried along to find the row again are no keys.
            if row.get(5)? {
                let column = row.get::<_, Option<String>>(2)?.map(Ident::from);
                index.keys.push(SeenKey { column, desc: row.get(3)?, collation: row.get(4)? });
            }
            Ok(())
        })?;
    }
    found.reverse();
    Ok(found)
}

fn foreign_keys(connection: &Connection, table: &Ident) -> rusqlite::Result<Vec<SeenForeignKey>> {
    let mut found: Vec<(i64, SeenForeignKey)> = Vec::new();
    connection.pragma(Some("main"), "foreign_key_list", table.as_str(), |row| {
        let id = row.get(0)?;
        if found.last().is_none_or(|(last, _)| *last != id) {
            let key = SeenForeignKey {
                columns: Vec::new(),
                to: ident(row, 2)?,
                to_columns: Vec::new(),
                on_delete: row.get(6)?,
            };
            found.push((id, key));
        }
        let (_, key) = found.last_mut().expect("one was pushed if there was none");
        key.columns.push(ident(row, 3)?);
        key.to_columns.extend(row.get::<_, Option<String>>(4)?.map(Ident::from));
        Ok(())
    })?;
    // SQLite lists the last one first.
    Ok(found.into_iter().rev().map(|(_, key)| key).collect())
}

fn ident(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Ident> {
    Ok(Ident::from(row.get::<_, String>(column)?))
}
