//! What a relation leads to, as it is written.

use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::Name;

use super::{FieldKind, RelationSpec, said, text};

/// A model, as it is named.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// By its class.
    Class(ClassId),
    /// By text: `app.Model`, or `Model` of the same app.
    Label(Name),
    /// By a path outside of the code base.
    External(Name),
    /// The model that stands for users.
    User,
    /// The model itself.
    Own,
}

/// Reads what names a model; nothing where nobody can tell.
pub(in crate::orm::django) fn target(value: &Value) -> Option<Target> {
    match &value.kind {
        Kind::Class(id) => Some(Target::Class(*id)),
        Kind::External(path) if path.ends_with("AUTH_USER_MODEL") => Some(Target::User),
        Kind::External(path) => Some(Target::External(path.clone())),
        Kind::Either(ways) => ways.iter().find_map(target),
        Kind::Call(call) => {
            let path = call.callee.external()?;
            match path.rsplit('.').next()? {
                "get_user_model" | "swappable_dependency" => Some(Target::User),
                "get_model" => {
                    let parts: Option<Vec<String>> = call.positional.iter().map(|part| part.text()).collect();
                    Some(Target::Label(Name::from(parts?.join("."))))
                }
                _ => None,
            }
        }
        _ => {
            let label = value.text()?;
            Some(if label == "self" { Target::Own } else { Target::Label(Name::from(label)) })
        }
    }
}

/// Reads the relation of a field; nothing where it has none, or leads nobody knows where.
pub(super) fn relation(base: &str, kind: &FieldKind, arguments: &Call) -> Option<RelationSpec> {
    let is_related = kind.is_key() || matches!(kind, FieldKind::ManyToMany | FieldKind::GenericRelation(..));
    if !is_related {
        return None;
    }
    if base.ends_with("TaggableManager") {
        return tagged(arguments);
    }
    let to = said(arguments, 0, "to")?;
    let to = target(to)?;
    let through = said(arguments, 99, "through").and_then(target);
    let flag = |name: &str, plain: bool| arguments.named(name).and_then(|value| value.bool()).unwrap_or(plain);
    Some(RelationSpec {
        to_field: text(arguments.named("to_field")),
        related_name: text(arguments.named("related_name")),
        related_query_name: text(arguments.named("related_query_name")),
        through,
        through_fields: arguments.named("through_fields").and_then(pair),
        table: text(arguments.named("db_table")),
        constraint: flag("db_constraint", true),
        parent_link: flag("parent_link", false),
        symmetrical: flag("symmetrical", true),
        ..RelationSpec::to(to)
    })
}

fn pair(value: &Value) -> Option<(Name, Name)> {
    let items = value.items()?;
    let [first, second] = items.as_slice() else { return None };
    Some((Name::from(first.text()?), Name::from(second.text()?)))
}

/// Tags by taggit: many to many by its own table, or by the one that is given.
fn tagged(arguments: &Call) -> Option<RelationSpec> {
    let external = |name: &str| Target::External(Name::from(format!("taggit.models.{name}")));
    let through = arguments.named("through").and_then(target);
    let to = said(arguments, 99, "to").and_then(target);
    let related_name = text(arguments.named("related_name"));
    Some(RelationSpec {
        through: Some(through.unwrap_or_else(|| external("TaggedItem"))),
        related_name,
        is_tags: true,
        ..RelationSpec::to(to.unwrap_or_else(|| external("Tag")))
    })
}
