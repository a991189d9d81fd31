//! Tables of which the schema may not tell everything: no rule claims of them what they lack.
//!
//! Knows steps, catalogues and the first words of statements that no schema is built from; reads no files.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, SchemaOp, SchemaStep};
use crate::name::QName;
use crate::query::PathClass;
use crate::schema::ddl;
use crate::sqlfile::{Part, SqlFileFacts, StatementClass};

use super::analysis::{Analysis, Database};

/// The tables that statements of the schema leave in doubt: not understood, made twice, altered before they are made, or
/// dropped while another schema has one of the same name.
pub(super) fn of_steps(steps: &[SchemaStep], catalog: &Catalog) -> BTreeSet<QName> {
    let mut doubtful = BTreeSet::new();
    let mut made = BTreeSet::new();
    for step in steps {
        match &step.op {
            SchemaOp::NotUnderstood { tables } => doubtful.extend(tables.iter().cloned()),
            SchemaOp::CreateTable { table, .. } => {
                let again = !made.insert(&table.name);
                if again && !step.guarded {
                    doubtful.insert(table.name.clone());
                }
            }
            SchemaOp::DropTable(name) => {
                made.remove(name);
                // Whoever names it may mean the dropped one.
                doubtful.extend(catalog.table(name).map(|found| &found.name).filter(|found| *found != name).cloned());
            }
            // Files in no known order may alter a table before they make it.
            SchemaOp::AddColumn { table, .. } | SchemaOp::RenameColumn(table, ..) if !made.contains(table) => {
                doubtful.extend(
                    catalog.table(table).map(|found| &found.name).filter(|name| !made.contains(*name)).cloned(),
                );
            }
            _ => {}
        }
    }
    doubtful
}

/// Adds the tables that a file creates from which no schema is built; where files make the schema in no known order,
/// those that such a file alters, too.
pub(super) fn add_elsewhere(analysis: &mut Analysis, facts: &SqlFileFacts, database: usize, is_loose: bool) {
    let class = analysis.files[facts.file.0 as usize].class;
    if class == PathClass::Test {
        return;
    }
    let Database { catalog, doubtful, target, .. } = &mut analysis.databases[database];
    let statements = facts.statements.iter().filter(|statement| statement.class == StatementClass::Schema);
    for statement in statements.filter(|statement| statement.part != Part::Down) {
        let Some(name) = ddl::named_table(&statement.text, target.dialect) else { continue };
        match catalog.table(&name) {
            None => drop(doubtful.insert(name)),
            Some(known) if is_loose => drop(doubtful.insert(known.name.clone())),
            Some(_) => {}
        }
    }
}
