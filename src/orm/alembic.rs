//! Alembic: migrations, replayed in the order of their revisions, as the statements that `upgrade` sends.
//!
//! Nothing is run: a condition that depends on the database at hand is taken to hold, and to fail, one after the other.
//! Columns, types and constraints are read as those of models are ([`super::sqlalchemy`]).

mod execute;
mod operation;
mod revision;
#[cfg(test)]
mod tests;

use super::declared::{DeclaredBy, DeclaredSchema};
use super::sqlalchemy::ddl::Script;
use super::sqlalchemy::evidence;
use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::flow::Evaluator;
use crate::host::value::{Kind, Value};
use crate::ir::CompareOp;
use operation::Operations;
use revision::Folder;

/// The schemas that the migrations of a code base make, one for each folder of versions.
pub(super) fn schemas(code: &Code<'_>, dialect: Option<Dialect>) -> Vec<DeclaredSchema> {
    let mut evaluator = Evaluator::new(code);
    let folders = revision::folders(&mut evaluator);
    folders.into_iter().map(|folder| schema(code, folder, dialect)).collect()
}

fn schema(code: &Code<'_>, folder: Folder, dialect: Option<Dialect>) -> DeclaredSchema {
    let configured = dialect.map(|dialect| (dialect, "the configuration"));
    let dialect = configured.unwrap_or_else(|| evidence::near(code, &folder.path));
    let mut script = Script::new(dialect.0);
    let (order, skips) = revision::linear(&folder);
    script.skips.extend(skips);
    for revision in order {
        // An evaluator of its own: names of one migration are nothing to another.
        let mut evaluator = Evaluator::new(code);
        let decide = move |test: &Value| speaks_of_dialect(test, dialect.0);
        let events = evaluator.script(revision.upgrade, decide);
        let mut operations = Operations { script: &mut script, evaluator: &mut evaluator };
        events.iter().for_each(|event| operations.take(event));
    }
    let files = folder.revisions.iter().map(|revision| code.files[revision.file].file).collect();
    let Script { statements, partial, skips, .. } = script;
    let by = DeclaredBy::Migrations("alembic");
    DeclaredSchema { by, folder: folder.path, project: String::new(), dialect, statements, partial, files, skips }
}

/// Whether a condition on the database's dialect holds: `op.get_bind().dialect.name == "postgresql"`.
fn speaks_of_dialect(test: &Value, dialect: Dialect) -> Option<bool> {
    match &test.kind {
        Kind::Not(inner) => speaks_of_dialect(inner, dialect).map(|holds| !holds),
        Kind::Compare { left, op, right } if is_dialect_name(left) => {
            let is_it = |value: &Value| {
                Some(matches!(
                    (value.text()?.as_str(), dialect),
                    ("postgresql", Dialect::Postgres)
                        | ("sqlite", Dialect::Sqlite)
                        | ("mysql" | "mariadb", Dialect::Mysql)
                ))
            };
            match op {
                CompareOp::Eq => is_it(right),
                CompareOp::NotEq => is_it(right).map(|holds| !holds),
                CompareOp::In => Some(right.items()?.into_iter().any(|value| is_it(value) == Some(true))),
                CompareOp::NotIn => Some(!right.items()?.into_iter().any(|value| is_it(value) == Some(true))),
                _ => None,
            }
        }
        // `if context.is_offline_mode():`
        Kind::Call(call) => {
            let name = super::sqlalchemy::names::word(&call.callee)?;
            (name == "is_offline_mode").then_some(false)
        }
        _ => None,
    }
}

fn is_dialect_name(value: &Value) -> bool {
    match &value.kind {
        Kind::Attribute { of, name, .. } if **name == *"name" => match &of.kind {
            Kind::Attribute { name, .. } => **name == *"dialect",
            Kind::External(path) => path.ends_with("dialect"),
            _ => false,
        },
        Kind::External(path) => path.ends_with("dialect.name"),
        _ => false,
    }
}
