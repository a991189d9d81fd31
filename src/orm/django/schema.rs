//! The schema that models declare: what `migrate` would make of them on an empty database.

use super::editor::Editor;
use super::fields::{FieldKind, RelationSpec, Spec, Target};
use super::models::{Field, Model, Models};
use super::state::{Label, ModelState, State, Storage, label};
use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::ir::Name;
use crate::name::QName;
use crate::orm::declared::{DeclaredBy, DeclaredSchema};
use crate::source::FileId;

/// The schema of a project's models; nothing where it has none.
pub(super) fn of_models(
    code: &Code<'_>,
    models: &Models,
    project: &Name,
    dialect: (Dialect, &'static str),
) -> Option<DeclaredSchema> {
    let state = state(models, project);
    let mut own: Vec<&Model> = models.of_project(project).filter(|model| !Models::is_external(model.class)).collect();
    if own.is_empty() {
        return None;
    }
    let mut editor = Editor::new(dialect.0);
    for model in models.of_project(project) {
        let Some(model) = state.get(&label(&model.app, &model.name)) else { continue };
        editor.create_model(&state, model);
    }
    editor.flush();
    own.retain(|model| model.proxy_of.is_none());
    for model in own.iter().filter(|model| !model.complete) {
        editor.skip("partial-model", format!("a part of model {} cannot be told", model.name), model.place);
    }
    let partial = own.iter().filter(|model| !model.complete).map(|model| model.table.clone()).collect();
    let mut files: Vec<FileId> = own.iter().map(|model| model.place.file).collect();
    files.sort();
    files.dedup();
    Some(DeclaredSchema {
        by: DeclaredBy::Models("django"),
        folder: if project.is_empty() { folder(code, &files) } else { project.to_string() },
        project: project.to_string(),
        dialect,
        statements: editor.statements,
        partial,
        files,
        skips: editor.skips,
    })
}

/// The folder that holds all of the files.
pub(super) fn folder(code: &Code<'_>, files: &[FileId]) -> String {
    let of_file = |file: &FileId| code.files.iter().find(|facts| facts.file == *file).map(|facts| facts.path.folder());
    let mut folders = files.iter().filter_map(of_file);
    let first = folders.next().unwrap_or("").to_owned();
    folders.fold(first, |shared, folder| {
        let parts = shared.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b);
        parts.map(|(part, _)| part).collect::<Vec<_>>().join("/")
    })
}

/// The models in the form that migrations know.
pub(super) fn state(models: &Models, project: &str) -> State {
    let mut state = State { user: models.user_of(project).map(label_of), ..State::default() };
    for model in models.of_project(project) {
        state.models.entry(label_of(model)).or_insert_with(|| model_state(models, model));
    }
    state
}

/// The models outside of the code alone: what migrations of the code build on.
pub(super) fn externals(models: &Models, project: &str) -> State {
    let mut all = state(models, project);
    let own: Vec<Label> =
        models.of_project(project).filter(|model| !Models::is_external(model.class)).map(label_of).collect();
    own.iter().for_each(|label| drop(all.models.remove(label)));
    all
}

fn label_of(model: &Model) -> Label {
    label(&model.app, &model.name)
}

fn model_state(models: &Models, model: &Model) -> ModelState {
    let label_of_class = |class| models.of_class(class).map(label_of);
    ModelState {
        app: model.app.clone(),
        name: model.name.clone(),
        table: Some(written(&model.table)),
        fields: model.fields.iter().map(|field| (field.name.clone(), spec(models, field))).collect(),
        unique_together: model.meta.unique_together.clone(),
        index_together: model.meta.index_together.clone(),
        indexes: model.meta.indexes.clone(),
        constraints: model.meta.constraints.clone(),
        storage: match (model.proxy_of, model.meta.is_unmanaged) {
            (Some(_), _) => Storage::Proxy,
            (None, true) => Storage::Unmanaged,
            (None, false) => Storage::Own,
        },
        parent: model.proxy_of.or(model.parent).and_then(label_of_class),
        auto: models.auto_field(&model.app),
        place: model.place,
    }
}

fn spec(models: &Models, field: &Field) -> Spec {
    let named = |model: &Model| Target::Label(Name::from(format!("{}.{}", model.app, model.name)));
    let relation = field.relation.as_ref().and_then(|relation| {
        let through = relation.many.as_ref().filter(|through| through.model.is_some());
        let made = relation.many.as_ref().filter(|through| through.model.is_none());
        let unknown = field.kind == FieldKind::ManyToMany && relation.many.is_none();
        let to = named(models.of_class(relation.to)?);
        Some(RelationSpec {
            to_field: relation.to_field.clone(),
            // One that cannot be told makes no table.
            through: (through.is_some() || unknown).then(|| to.clone()),
            table: made.map(|through| written(&through.table)),
            constraint: relation.constraint,
            ..RelationSpec::to(to)
        })
    });
    Spec {
        null: field.null,
        unique: field.unique,
        index: field.index,
        primary: field.primary,
        column: field.kind.has_column().then(|| Name::from(field.column.as_str())),
        relation,
        ..Spec::of(field.kind.clone(), field.place)
    }
}

/// A table's name as Django has it written where it stands in a schema of its own.
fn written(table: &QName) -> Name {
    match &table.schema {
        Some(schema) => Name::from(format!("{schema}\".\"{}", table.name)),
        None => Name::from(table.name.as_str()),
    }
}
