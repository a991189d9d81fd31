//! Fields as they are declared: a call of a field class with its arguments, before names of models mean anything.
//!
//! Models and migrations say fields in the same words, so both are read here. A field class of the code base is what it
//! derives from, with what its `__init__` sets and its `db_type` says.

mod class;
mod kinds;
mod target;

use crate::host::flow::Evaluator;
use crate::host::value::{Call, Kind, Value};
use crate::ir::Name;
use crate::source::HostSpan;

pub use kinds::{FieldKind, IntegerSize};
pub use target::Target;
pub(super) use target::target;

/// A field as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// What it is.
    pub kind: FieldKind,
    /// Whether it may be NULL.
    pub null: bool,
    /// Whether its values are unique.
    pub unique: bool,
    /// Whether it has an index of its own.
    pub index: bool,
    /// Whether it is the primary key.
    pub primary: bool,
    /// The column, where it is said.
    pub column: Option<Name>,
    /// What it relates to.
    pub relation: Option<RelationSpec>,
    /// Where it is declared.
    pub place: HostSpan,
}

/// A relation as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationSpec {
    /// The model.
    pub to: Target,
    /// The field of it that the column holds.
    pub to_field: Option<Name>,
    /// The other end's attribute.
    pub related_name: Option<Name>,
    /// The other end's name in lookups.
    pub related_query_name: Option<Name>,
    /// The model of the table between.
    pub through: Option<Target>,
    /// Which of its fields lead there and back.
    pub through_fields: Option<(Name, Name)>,
    /// The name of the table between.
    pub table: Option<Name>,
    /// Whether the database holds to it.
    pub constraint: bool,
    /// Whether it is the link to a parent with a table of its own.
    pub parent_link: bool,
    /// Whether a relation of a model to itself goes both ways.
    pub symmetrical: bool,
    /// Whether it is of taggit: the table between holds keys of any model.
    pub is_tags: bool,
}

impl RelationSpec {
    /// A relation about which nothing else is said.
    pub fn to(to: Target) -> Self {
        Self {
            to,
            to_field: None,
            related_name: None,
            related_query_name: None,
            through: None,
            through_fields: None,
            table: None,
            constraint: true,
            parent_link: false,
            symmetrical: true,
            is_tags: false,
        }
    }
}

impl Spec {
    /// A field about which nothing else is said.
    pub fn of(kind: FieldKind, place: HostSpan) -> Self {
        Self { kind, null: false, unique: false, index: false, primary: false, column: None, relation: None, place }
    }
}

/// Reads the field that a value declares; nothing where it is no field.
pub fn read(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Option<Spec> {
    match &value.kind {
        Kind::Either(ways) => ways.iter().find_map(|way| read(evaluator, way)),
        Kind::Call(call) => {
            let class = class::of(evaluator, call)?;
            Some(spec(evaluator, &class, value.place))
        }
        _ => None,
    }
}

/// A field class, and what it is called with after its own `__init__` had its say.
struct FieldClass {
    /// The class outside of the code base: `CharField`.
    base: Name,
    /// The column type that `db_type` returns.
    db_type: Option<String>,
    arguments: Call,
}

fn spec(evaluator: &mut Evaluator<'_, '_>, class: &FieldClass, place: HostSpan) -> Spec {
    let arguments = &class.arguments;
    let mut kind = kinds::kind(evaluator, &class.base, arguments);
    if let Some(db_type) = class.db_type.as_deref() {
        kind = FieldKind::Custom(db_type.to_owned());
    }
    let flag = |name: &str| arguments.named(name).and_then(|value| value.bool());
    let primary = flag("primary_key").unwrap_or(false) || matches!(kind, FieldKind::CompositeKey(_));
    let is_one = kind == FieldKind::OneToOne;
    let unique = flag("unique").unwrap_or(is_one) || is_one || primary;
    Spec {
        null: flag("null").unwrap_or(&*class.base == "NullBooleanField"),
        unique,
        index: flag("db_index").unwrap_or_else(|| kinds::is_indexed(&class.base)),
        primary,
        column: text(arguments.named("db_column")),
        relation: target::relation(&class.base, &kind, arguments),
        kind,
        place,
    }
}

fn text(value: Option<&Value>) -> Option<Name> {
    value.and_then(|value| value.text()).map(Name::from)
}

/// The argument at a position or of a name, where something is said.
fn said<'v>(call: &'v Call, position: usize, name: &str) -> Option<&'v Value> {
    call.argument(position, name).filter(|value| !value.is_null())
}
