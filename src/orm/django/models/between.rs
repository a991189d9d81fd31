//! Models of the tables that Django makes up for many-to-many relations: `Book.tags.through`.
//!
//! The tables themselves belong to the fields ([`super::link`]); nothing but queries asks for these.

use super::{Field, FieldKind, Meta, Model, Models, Relation, Through};
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::name::Ident;

/// The first class that only Django makes.
const FIRST: u32 = 3 << 30;

/// Says whether a class is one that only Django makes.
pub(super) fn is_made(class: ClassId) -> bool {
    class.0 >= FIRST
}

/// Where a model stands among those that are made.
pub(super) fn position(class: ClassId) -> Option<usize> {
    usize::try_from(class.0.checked_sub(FIRST)?).ok()
}

/// Makes the models, in the order of the fields that they are made for.
pub(super) fn make(models: &Models) -> Vec<Model> {
    let mut made: Vec<Model> = Vec::new();
    for model in models.iter().filter(|model| model.proxy_of.is_none()) {
        for field in &model.fields {
            let Some((relation, through)) = field.relation.as_ref().and_then(|of| Some((of, of.many.as_ref()?))) else {
                continue;
            };
            let Some(number) = u32::try_from(made.len()).ok().filter(|_| through.model.is_none()) else { continue };
            made.extend(between(models, model, field, relation, through, ClassId(FIRST.saturating_add(number))));
        }
    }
    made
}

fn between(
    models: &Models,
    model: &Model,
    field: &Field,
    relation: &Relation,
    through: &Through,
    class: ClassId,
) -> Option<Model> {
    let to = models.of_class(relation.to)?;
    let plain = |name: &str, kind: FieldKind, column: Ident| Field {
        name: Name::from(name),
        attribute: Name::from(column.as_str()),
        column,
        kind,
        null: false,
        unique: false,
        index: false,
        primary: false,
        relation: None,
        place: field.place,
    };
    let key = |column: &Ident, to: &Model| {
        let name = column.as_str().strip_suffix("_id").unwrap_or(column.as_str());
        let relation = Relation {
            to: to.class,
            to_field: None,
            related_name: None,
            query_name: Name::from("+"),
            accessor: None,
            many: None,
            constraint: relation.constraint,
        };
        Field { relation: Some(relation), ..plain(name, FieldKind::ForeignKey, column.clone()) }
    };
    let id = Field { primary: true, ..plain("id", FieldKind::Auto(models.auto_field(&model.app)), Ident::new("id")) };
    Some(Model {
        class,
        project: model.project.clone(),
        app: model.app.clone(),
        name: Name::from(format!("{}_{}", model.name, field.name)),
        table: through.table.clone(),
        place: field.place,
        fields: vec![id, key(&through.own, model), key(&through.other, to)],
        reverse: Vec::new(),
        primary_key: Name::from("id"),
        ordering: Vec::new(),
        managers: Vec::new(),
        default_manager: Name::from("objects"),
        proxy_of: None,
        parent: None,
        complete: true,
        meta: Meta::default(),
    })
}
