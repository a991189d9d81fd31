//! The schema that migrations declare: their operations, one after the other from an empty database.
//!
//! A project's state is kept beside the tables, as Django keeps it: what a later operation means depends on what the
//! fields were before.

mod graph;
mod model;
mod replay;
mod together;

#[cfg(test)]
mod tests;

use super::apps::Apps;
use super::editor::Editor;
use super::models::Models;
use super::schema;
use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::flow::Evaluator;
use crate::ir::Name;
use crate::orm::declared::{DeclaredBy, DeclaredSchema};
use crate::source::FileId;

use replay::{Replay, Writes};

/// The schema of a project's migrations; nothing where it has none.
pub(super) fn of_code(
    code: &Code<'_>,
    models: &Models,
    project: &Name,
    dialect: (Dialect, &'static str),
) -> Option<DeclaredSchema> {
    let mut evaluator = Evaluator::new(code);
    let apps = Apps::read(code, &mut evaluator);
    let plan = graph::plan(&mut evaluator, &apps, project);
    if plan.is_empty() {
        return None;
    }
    let state = schema::externals(models, project);
    let editor = Editor::new(dialect.0);
    // SQLite changes a table by making it anew: what counts is how the tables end.
    let writes = if dialect.0 == Dialect::Sqlite { Writes::Raw } else { Writes::All };
    let mut files: Vec<FileId> = Vec::new();
    let mut replay = Replay::new(evaluator, &apps, state, editor, writes);
    for migration in &plan {
        files.push(code.files[migration.file].file);
        replay.migration(migration);
    }
    let (state, mut editor) = replay.done();
    if writes == Writes::Raw {
        let raw = std::mem::take(&mut editor.statements);
        state.models.values().for_each(|model| editor.create_model(&state, model));
        editor.flush();
        editor.statements.extend(raw);
    }
    files.sort();
    Some(DeclaredSchema {
        by: DeclaredBy::Migrations("django"),
        folder: if project.is_empty() { schema::folder(code, &files) } else { project.to_string() },
        project: project.to_string(),
        dialect,
        statements: editor.statements,
        partial: Vec::new(),
        files,
        skips: editor.skips,
    })
}
