//! The indexes of a table as SQLite lists them, in the catalogue's form.

use std::collections::HashMap;

use super::inspect::{Origin, SeenIndex, SeenKey};
use super::merge::Known;
use crate::catalog::{Backing, Direction, Index, IndexDef, IndexId, IndexKey, Table};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// Makes the indexes of a table, that of a rowid key included: it has no name, as in the replay.
pub(super) fn indexes(known: Known<'_>, name: &QName, origins: &HashMap<i64, HostSpan>) -> Vec<Index> {
    let mut found: Vec<Index> = known.seen.indexes.iter().map(|seen| index(known, name, seen, origins)).collect();
    if known.seen.is_rowid_keyed() {
        let def = IndexDef { unique: true, ..IndexDef::btree(Dialect::Sqlite, name.clone(), known.seen.primary_key()) };
        let index = Index {
            id: IndexId(0),
            name: None,
            def,
            place: known.place,
            held: true,
            valid: true,
            backs: Some(Backing::PrimaryKey),
        };
        let place = known.replayed.and_then(|table| written(table, &index)).map(|there| there.place);
        found.push(Index { place: place.unwrap_or(known.place), ..index });
    }
    found
}

fn index(known: Known<'_>, table: &QName, seen: &SeenIndex, origins: &HashMap<i64, HostSpan>) -> Index {
    let named = |table: &Table| {
        let found = table.indexes.iter().find(|index| index.name.as_ref() == Some(&seen.name));
        found.map(|index| index.def.clone())
    };
    let read = known.reread.and_then(named).or_else(|| known.replayed.and_then(named));
    let def = IndexDef {
        table: table.clone(),
        keys: keys(known, seen, read.as_ref()),
        include: Vec::new(),
        predicate: seen.partial.then(|| {
            let predicate = read.as_ref().and_then(|read| read.predicate.clone());
            predicate.unwrap_or_else(|| unread(known, &seen.name))
        }),
        unique: seen.unique,
        ..IndexDef::btree::<Ident>(Dialect::Sqlite, table.clone(), [])
    };
    let backs = match seen.origin {
        Origin::PrimaryKey => Some(Backing::PrimaryKey),
        Origin::Unique => Some(Backing::Unique),
        Origin::Statement => None,
    };
    let index = Index {
        id: IndexId(0),
        name: Some(seen.name.clone()),
        def,
        place: known.place,
        held: true,
        valid: true,
        backs,
    };
    let written = known.replayed.and_then(|table| written(table, &index)).map(|there| there.place);
    // The row of an index behind a constraint is the table's statement's, which the table's name says better.
    let made = seen.row.filter(|_| seen.sql.is_some()).and_then(|row| origins.get(&row)).copied();
    Index { place: written.or(made).unwrap_or(known.place), ..index }
}

/// The index as the replay has it. The numbers in generated names may differ; what is indexed does not.
pub(super) fn written<'a>(table: &'a Table, index: &Index) -> Option<&'a Index> {
    let same_columns = |there: &&Index| there.def.key_columns().eq(index.def.key_columns());
    let mut backing = table.indexes.iter().filter(|there| there.backs.is_some() && there.backs == index.backs);
    match index.backs {
        Some(Backing::PrimaryKey) => backing.next(),
        Some(_) => backing
            .clone()
            .find(|there| there.def == index.def)
            .or_else(|| backing.find(same_columns))
            .or_else(|| by_name(table, index)),
        None => by_name(table, index),
    }
}

fn by_name<'a>(table: &'a Table, index: &Index) -> Option<&'a Index> {
    table.indexes.iter().find(|there| there.name == index.name)
}

fn keys(known: Known<'_>, seen: &SeenIndex, read: Option<&IndexDef>) -> Vec<IndexKey> {
    let read = read.filter(|read| read.keys.len() == seen.keys.len());
    let key = |(at, seen_key): (usize, &SeenKey)| {
        let read = read.and_then(|read| read.keys.get(at));
        let expr = match &seen_key.column {
            Some(column) => Expr::Column(column.clone()),
            // An expression, the rowid, or a name in double quotes that is a string.
            None => read.map_or_else(|| unread(known, &seen.name), |key| key.expr.clone()),
        };
        let direction = if seen_key.desc { Direction::Descending } else { Direction::Ascending };
        let mut key = IndexKey::new(Dialect::Sqlite, expr, direction);
        key.collation = collation(known, seen_key, read);
        key
    };
    seen.keys.iter().enumerate().map(key).collect()
}

/// An expression that could not be read: it is like no other and may be about any column.
fn unread(known: Known<'_>, index: &Ident) -> Expr {
    let columns = known.seen.columns.iter().map(|column| column.name.clone()).collect();
    Expr::Opaque { text: format!("/* of {index} */"), columns }
}

/// A collation other than the column's.
fn collation(known: Known<'_>, seen: &SeenKey, read: Option<&IndexKey>) -> Option<String> {
    let written = read.and_then(|key| key.collation.clone());
    let Some(column) = &seen.column else { return written };
    let tables = [known.reread, known.replayed];
    let own = tables.into_iter().flatten().find_map(|table| table.column(column)?.collation.clone());
    let effective = written.as_ref().or(own.as_ref()).map_or("BINARY", String::as_str);
    if effective.eq_ignore_ascii_case(&seen.collation) {
        return written;
    }
    let own = own.as_deref().unwrap_or("BINARY");
    (!own.eq_ignore_ascii_case(&seen.collation)).then(|| seen.collation.clone())
}
