//! Makes from the catalogue what the statements did not: types, tables, columns, indexes.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{create_ddl, quote_qualified};
use crate::catalog::{Backing, Catalog, Column, ColumnType, Index, Table, TableKind, TypeClass, UserType};
use crate::dialect::Dialect;
use crate::engine::Refusal;
use crate::name::QName;
use crate::scratch::postgres::relations::{Relation, Relations};
use crate::scratch::postgres::session::{Session, SqlError};
use crate::sql::print;

use super::{deed, matching};

const DIALECT: Dialect = Dialect::Postgres;

/// Makes the schemas and types that are missing; says whether there were any.
pub(super) fn types(admin: &mut Session, planner: &mut Session, catalog: &Catalog) -> Result<bool, SqlError> {
    let known = admin.rows(
        "SELECT n.nspname, t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'b')",
    )?;
    let name = |row: &Vec<Option<String>>| Some(QName::qualified(row[0].as_deref()?, row[1].as_deref()?));
    let known: BTreeSet<QName> = known.iter().filter_map(name).collect();
    let missing: Vec<_> = catalog.types.iter().filter(|(name, _)| !known.contains(name)).collect();
    let named = catalog.tables.keys().chain(missing.iter().map(|(name, _)| *name));
    let schemas: BTreeSet<_> = named.filter_map(|name| name.schema.clone()).collect();
    let mut statements: Vec<String> =
        schemas.iter().map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {}", DIALECT.quote(schema))).collect();
    statements.extend(missing.iter().map(|(name, ty)| user_type(name, ty)));
    let answers = planner.pipeline(&statements);
    lost(answers)?;
    Ok(!missing.is_empty() || !schemas.is_empty())
}

/// Everything that could be made from a catalogue, as statements: two catalogues that differ in none are filled alike.
pub(in crate::scratch::postgres) fn fillings(catalog: &Catalog) -> impl Iterator<Item = String> {
    let types = catalog.types.iter().map(|(name, ty)| user_type(name, ty));
    let tables = catalog.tables.values().flat_map(|table| {
        let declared = create_table(table, &|column| column.ty.declared.clone());
        let plain = create_table(table, &|column| plain_type(&column.ty));
        let indexes =
            table.indexes.iter().map(|index| format!("{} {} {}", index.held, index.valid, create_index(index)));
        [declared, plain].into_iter().chain(indexes)
    });
    types.chain(tables)
}

fn user_type(name: &QName, ty: &UserType) -> String {
    let name = quote_qualified(DIALECT, &in_public(name));
    match ty {
        UserType::Enum(labels) => {
            let labels: Vec<_> = labels.iter().map(|label| format!("'{}'", label.replace('\'', "''"))).collect();
            format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", "))
        }
        UserType::Domain { base, not_null } => {
            format!("CREATE DOMAIN {name} AS {}{}", base.declared, if *not_null { " NOT NULL" } else { "" })
        }
    }
}

/// What became of the tables that were missing.
#[derive(Default)]
pub(super) struct Tables {
    /// Those that were made.
    pub(super) made: Vec<QName>,
    /// Those the server would not make.
    pub(super) refused: Vec<(QName, Refusal)>,
}

/// Makes the tables that are missing.
pub(super) fn tables(planner: &mut Session, catalog: &Catalog, relations: &Relations) -> Result<Tables, SqlError> {
    let mut tables = Tables::default();
    for table in catalog.tables.values() {
        if relations.table(&table.name).is_some() {
            continue;
        }
        let mut made = planner.run(&create_table(table, &|column| column.ty.declared.clone()));
        if let Err(error) = &made
            && !error.is_lost()
        {
            // Most often a type that is not there: what its values are like is known all the same.
            let types = fitting(planner, table)?;
            let known = |column: &Column| types.get(&column.ty.declared).cloned().unwrap_or_default();
            let plain = |column: &Column| plain_type(&column.ty);
            let first = error.clone();
            made = planner.run(&create_table(table, &known)).or_else(|error| match error.is_lost() {
                true => Err(error),
                false => planner.run(&create_table(table, &plain)).map_err(|_| first),
            });
        }
        match made {
            Ok(()) => tables.made.push(table.name.clone()),
            Err(error) if error.is_lost() => return Err(error),
            Err(error) => tables.refused.push((table.name.clone(), Refusal(error.to_string()))),
        }
    }
    Ok(tables)
}

/// What the server can hold of each declared type of a table: that type where it knows it, else one alike.
fn fitting(planner: &mut Session, table: &Table) -> Result<BTreeMap<String, String>, SqlError> {
    let mut types = BTreeMap::new();
    for column in &table.columns {
        let declared = &column.ty.declared;
        if types.contains_key(declared) {
            continue;
        }
        let asked = format!("SELECT pg_catalog.to_regtype('{}') IS NOT NULL", declared.replace('\'', "''"));
        let is_known = match planner.rows(&asked) {
            Ok(rows) => rows.concat() == [Some("t".to_owned())],
            Err(error) if error.is_lost() => return Err(error),
            // What cannot be read is no type's name either.
            Err(_) => false,
        };
        types.insert(declared.clone(), if is_known { declared.clone() } else { plain_type(&column.ty) });
    }
    Ok(types)
}

/// Says whether a type that is not there is taken for text where columns are made of it.
pub(super) fn holds_text(catalog: &Catalog, name: &QName) -> bool {
    let mut columns = catalog.tables.values().flat_map(|table| &table.columns);
    columns.all(|column| {
        !deed::mentions(&column.ty.declared, name.name.as_str())
            || ["text", "text[]"].contains(&plain_type(&column.ty).as_str())
    })
}

/// A table with its columns and keys; checks, defaults and foreign keys tell a planner nothing without rows.
fn create_table(table: &Table, ty: &dyn Fn(&Column) -> String) -> String {
    let mut bare = table.clone();
    bare.name = in_public(&table.name);
    bare.foreign_keys.clear();
    bare.checks.clear();
    bare.parent = None;
    bare.kind = TableKind::Plain;
    bare.indexes.retain(|index| index.held && matches!(index.backs, Some(Backing::PrimaryKey | Backing::Unique)));
    for column in &mut bare.columns {
        column.ty.declared = match ty(column) {
            declared if declared.is_empty() => plain_type(&column.ty),
            declared => declared,
        };
        column.default = None;
        column.generated = None;
        column.collation = None;
    }
    print::table(&bare, DIALECT)
}

/// The name with its schema: the search path may be empty.
fn in_public(name: &QName) -> QName {
    QName { schema: Some(name.schema.clone().unwrap_or_else(|| "public".into())), name: name.name.clone() }
}

/// A type that every server has and whose values are alike.
fn plain_type(ty: &ColumnType) -> String {
    let name = match ty.class {
        TypeClass::Boolean => "boolean",
        TypeClass::Integer => "bigint",
        TypeClass::Numeric => "numeric",
        TypeClass::Float => "double precision",
        TypeClass::Date => "date",
        TypeClass::Time => "time",
        TypeClass::Timestamp => "timestamp with time zone",
        TypeClass::Interval => "interval",
        TypeClass::Uuid => "uuid",
        TypeClass::Json => "jsonb",
        TypeClass::Blob => "bytea",
        TypeClass::Array => "text[]",
        TypeClass::Network => "inet",
        TypeClass::TextSearch => "tsvector",
        TypeClass::Text | TypeClass::Enum | TypeClass::Range | TypeClass::Spatial | TypeClass::Other => "text",
    };
    name.to_owned()
}

/// Makes columns and indexes that are missing where a statement about them was refused or not sent; elsewhere the server
/// is right that they are gone.
pub(super) fn parts(
    planner: &mut Session,
    catalog: &Catalog,
    relations: &Relations,
    in_doubt: &dyn Fn(&str) -> bool,
) -> Result<(), SqlError> {
    let mut statements = Vec::new();
    for table in catalog.tables.values() {
        let Some(relation) = relations.table(&table.name) else { continue };
        let doubtful = in_doubt(table.name.name.as_str());
        if doubtful {
            statements.extend(columns(planner, table, relation)?);
        }
        for index in table.usable_indexes().filter(|index| matching::index(relations, relation, index).is_none()) {
            if doubtful || index.name.as_ref().is_some_and(|name| in_doubt(name.as_str())) || !index.held {
                statements.push(create_index(index));
            }
        }
    }
    lost(planner.pipeline(&statements))
}

fn columns(planner: &mut Session, table: &Table, relation: &Relation) -> Result<Vec<String>, SqlError> {
    let is_there = |column: &Column| relation.attributes.iter().any(|attribute| attribute.name == column.name);
    let mut missing = table.clone();
    missing.columns.retain(|column| !is_there(column));
    let types = fitting(planner, &missing)?;
    let name = quote_qualified(DIALECT, &in_public(&table.name));
    let add = |column: &Column| {
        let ty = &types[&column.ty.declared];
        format!("ALTER TABLE {name} ADD COLUMN {} {ty}", DIALECT.quote(&column.name))
    };
    Ok(missing.columns.iter().map(add).collect())
}

fn create_index(index: &Index) -> String {
    let mut def = index.def.clone();
    def.table = in_public(&def.table);
    let nameless = "".into();
    create_ddl(DIALECT, index.name.as_ref().unwrap_or(&nameless), &def)
}

/// What was not made shows when the catalogue is matched with the database; a lost session ends it all.
fn lost<T>(answers: Vec<Result<T, SqlError>>) -> Result<(), SqlError> {
    answers.into_iter().filter_map(Result::err).find(SqlError::is_lost).map_or(Ok(()), Err)
}
