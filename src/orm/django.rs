//! Django: what its models and migrations declare, and what its queries ask.
//!
//! [`models`] is what every part of the front end asks: plain data on every concrete model of a code base, found once.
//! Models and migrations come into one form (`state`), of which one `editor` makes the statements that Django would
//! send. Knows no rule and no engine.

mod apps;
mod database;
mod editor;
mod fields;
mod indexes;
mod migrations;
pub mod models;
mod names;
pub mod query;
mod schema;
mod settings;
mod state;
mod terms;
mod types;
mod uniqueness;

use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::orm::declared::DeclaredSchema;
use models::Models;
pub(super) use uniqueness::checks;

/// What told nothing of the database.
const DEFAULT: (Dialect, &str) = (Dialect::Postgres, "no mark, the default");

/// The schemas of a project: by its migrations, and by its models.
///
/// `dialect` is what the configuration says.
pub(super) fn schemas(code: &Code<'_>, models: &Models, dialect: Option<Dialect>) -> Vec<DeclaredSchema> {
    if models.iter().next().is_none() {
        return Vec::new();
    }
    let configured = dialect.map(|dialect| (dialect, "configured"));
    let dialect = configured.or_else(|| database::dialect(code)).unwrap_or(DEFAULT);
    let of_project = |project: &crate::ir::Name| {
        let migrations = migrations::of_code(code, models, project, dialect);
        migrations.into_iter().chain(schema::of_models(code, models, project, dialect))
    };
    models.projects().iter().flat_map(of_project).collect()
}
