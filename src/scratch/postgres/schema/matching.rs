//! Which table and index of the database is which of the catalogue, and where the two differ.

use crate::catalog::{Catalog, Index, Table};
use crate::engine::Refusal;
use crate::name::QName;
use crate::query::{Skip, SkipStage};
use crate::scratch::postgres::relations::{Relation, RelationKind, Relations};
use crate::source::HostSpan;

use super::Applied;

/// Fills in which is which; `unmade` are the tables that the server would not make.
pub(super) fn map(catalog: &Catalog, unmade: Vec<(QName, Refusal)>, applied: &mut Applied) {
    applied.refused = unmade;
    for table in catalog.tables.values() {
        let Some(relation) = applied.relations.table(&table.name).cloned() else { continue };
        applied.tables.insert(table.name.clone(), relation.oid);
        let mut differences = columns(table, &relation);
        for index in table.usable_indexes() {
            match self::index(&applied.relations, &relation, index) {
                Some(found) => {
                    applied.indexes.insert(index.id, found.oid);
                }
                None => {
                    let name = label(index);
                    differences.push(format!("postgres has no {name} on `{}` after the last statement", table.name));
                    let refusal = Refusal("the server does not hold it".to_owned());
                    let name = index.name.clone().unwrap_or_else(|| table.name.name.clone());
                    applied.refused.push((QName { schema: table.name.schema.clone(), name }, refusal));
                }
            }
        }
        differences.extend(unread(&applied.relations, &relation, table));
        applied.skips.extend(differences.into_iter().map(|detail| differs(detail, table.place)));
    }
}

/// Finds an index of a table: by name, else by its columns.
pub(super) fn index<'a>(relations: &'a Relations, table: &Relation, index: &Index) -> Option<&'a Relation> {
    let of_table = || relations.indexes_of(table.oid);
    let named = of_table().find(|(found, _)| index.name.as_ref() == Some(&found.name.name));
    let alike = || {
        let keys: Vec<_> = index.def.keys.iter().map(|key| key.expr.as_column().cloned()).collect();
        of_table().find(|(_, facts)| {
            facts.columns[..facts.keys.min(facts.columns.len())] == keys[..]
                && !keys.contains(&None)
                && facts.unique == index.def.unique
                && facts.partial == index.def.predicate.is_some()
        })
    };
    named.or_else(alike).map(|(found, _)| found)
}

fn columns(table: &Table, relation: &Relation) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in &relation.attributes {
        // That an incomplete table lacks columns was said when a step was not understood.
        if table.complete && table.column(&attribute.name).is_none() {
            found.push(format!(
                "postgres has a column `{}` in `{}` that was not read from the statements",
                attribute.name, table.name
            ));
        }
    }
    for column in &table.columns {
        if !relation.attributes.iter().any(|attribute| attribute.name == column.name) {
            found
                .push(format!("postgres has no column `{}` in `{}` after the last statement", column.name, table.name));
        }
    }
    found
}

/// The indexes of the database that the catalogue does not have.
fn unread(relations: &Relations, relation: &Relation, table: &Table) -> Vec<String> {
    let known: Vec<u32> =
        table.indexes.iter().filter_map(|known| index(relations, relation, known).map(|found| found.oid)).collect();
    let is_unread = |found: &&Relation| !known.contains(&found.oid) && relation.kind != RelationKind::Partitioned;
    let of_table = relations.indexes_of(relation.oid).filter(|(found, _)| found.parent.is_none());
    of_table
        .map(|(found, _)| found)
        .filter(is_unread)
        .map(|found| {
            let (name, table) = (&found.name.name, &table.name);
            format!("postgres has an index `{name}` on `{table}` that was not read from the statements")
        })
        .collect()
}

fn label(index: &Index) -> String {
    index.name.as_ref().map_or("primary key".to_owned(), |name| format!("index `{name}`"))
}

fn differs(detail: String, place: HostSpan) -> Skip {
    Skip { stage: SkipStage::Schema, reason: "schema-differs", detail, place }
}
