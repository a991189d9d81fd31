//! What the types say that are written to attributes: `Mapped[str | None]`, `Annotated[str, mapped_column(…)]`.

use crate::host::flow::Evaluator;
use crate::host::value::{Call, ClassId, Kind, Value};

use super::names::{called, word};
use super::types::{self, Type};

/// What an annotation says of an attribute.
#[derive(Debug, Default)]
pub(super) struct Annotation {
    /// What is within `Mapped[…]`, without what says that it may be missing.
    pub inner: Option<Value>,
    /// `Mapped`, `WriteOnlyMapped`, `DynamicMapped`, `Relationship`; nothing for any other type.
    pub wrapper: Option<String>,
    /// Whether None is among what it may be.
    pub is_optional: bool,
    /// What `Annotated` adds.
    pub extras: Vec<Value>,
    /// Whether it is a collection of what [`Annotation::inner`] is.
    pub is_many: bool,
}

/// How deep types may be nested.
const MAX_DEPTH: u8 = 8;

/// Reads an annotation.
pub(super) fn read(value: &Value) -> Annotation {
    let mut found = Annotation::default();
    take(value, &mut found, MAX_DEPTH);
    found
}

fn take(value: &Value, found: &mut Annotation, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &value.kind {
        Kind::Index { of, at } => match word(of).unwrap_or_default() {
            name @ ("Mapped" | "WriteOnlyMapped" | "DynamicMapped" | "Relationship" | "AsyncMapped" | "SQLMapped") => {
                found.wrapper = Some(name.to_owned());
                take(at, found, depth);
            }
            "Optional" => {
                found.is_optional = true;
                take(at, found, depth);
            }
            "Annotated" => {
                let Some(items) = at.items() else { return };
                found.extras.extend(items.iter().skip(1).map(|item| (*item).clone()));
                if let Some(first) = items.first() {
                    take(first, found, depth);
                }
            }
            "Union" => {
                for item in at.items().unwrap_or_default() {
                    take(item, found, depth);
                }
            }
            "List" | "list" | "Set" | "set" | "Sequence" | "Collection" | "AppenderQuery" | "InstrumentedList" => {
                found.is_many = true;
                found.inner = Some(value.clone());
            }
            "Dict" | "dict" | "Mapping" => {
                // `Mapped[dict[str, "Note"]]`
                found.is_many = true;
                found.inner = Some(value.clone());
            }
            "ClassVar" | "InitVar" => found.wrapper = Some("ClassVar".to_owned()),
            "Final" | "Required" => take(at, found, depth),
            _ => found.inner = Some(value.clone()),
        },
        Kind::Binary { left, right, .. } => {
            take(left, found, depth);
            take(right, found, depth);
        }
        Kind::Null => found.is_optional = true,
        _ if word(value) == Some("None") => found.is_optional = true,
        _ => found.inner = found.inner.take().or_else(|| Some(value.clone())),
    }
}

/// What a relationship's annotation holds: the class of `list["Note"]`, or the value itself.
pub(super) fn element(value: &Value) -> Value {
    match &value.kind {
        Kind::Index { at, .. } => match at.items() {
            Some(items) => items.last().map_or_else(|| value.clone(), |last| (*last).clone()),
            None => at.clone(),
        },
        _ => value.clone(),
    }
}

/// The column that `Annotated[…]` adds.
pub(super) fn column_among(extras: &[Value]) -> Option<&Call> {
    extras.iter().find_map(|extra| super::column::call_of(extra).map(|(_, call)| call))
}

/// The SQL type of a host type; `map` is the base's `type_annotation_map`.
pub(super) fn type_of(
    evaluator: &mut Evaluator<'_, '_>,
    found: &Annotation,
    whole: &Value,
    map: &[(Value, Type)],
) -> Option<Type> {
    let inner = found.inner.as_ref()?;
    let known = map.iter().find(|(key, _)| is_same(key, whole) || is_same(key, inner));
    if let Some((_, known)) = known {
        return Some(known.clone());
    }
    match &inner.kind {
        Kind::Class(id) => of_class(evaluator, *id, map),
        Kind::Index { of, at } => match word(of)? {
            "Literal" => {
                let values = super::names::each(at).into_iter().filter_map(|item| item.text()).collect();
                let members = types::Members { values, ..types::Members::default() };
                Some(Type { members: Some(members), ..Type::named("Enum") })
            }
            name => of_name(name),
        },
        Kind::Call(_) => called(inner).and_then(|(name, call)| match name {
            // `UserId = NewType("UserId", int)`
            "NewType" => word(call.positional.get(1)?).and_then(of_name),
            _ => None,
        }),
        _ => word(inner).and_then(of_name),
    }
}

fn of_class(evaluator: &mut Evaluator<'_, '_>, id: ClassId, map: &[(Value, Type)]) -> Option<Type> {
    let lineage = evaluator.lineage(id);
    let bases: Vec<Value> = lineage.into_iter().flat_map(|id| evaluator.bases(id)).collect();
    let is_enum = bases.iter().any(|base| word(base).is_some_and(|name| name.ends_with("Enum")));
    if is_enum {
        // `{enum.Enum: Enum(…, native_enum=False)}`
        let said = map.iter().find(|(key, _)| word(key).is_some_and(|name| name.ends_with("Enum")));
        let said = said.and_then(|(_, said)| said.members.as_ref());
        return Some(types::of_enumeration(evaluator, id, said));
    }
    bases.iter().find_map(|base| word(base).and_then(of_name))
}

fn of_name(name: &str) -> Option<Type> {
    Some(Type::named(match name {
        "int" | "PositiveInt" | "NonNegativeInt" => "Integer",
        "str" | "EmailStr" | "AnyUrl" | "HttpUrl" | "LiteralString" => "String",
        "bool" => "Boolean",
        "float" => "Float",
        "Decimal" => "Numeric",
        "datetime" | "AwareDatetime" | "NaiveDatetime" => "DateTime",
        "date" => "Date",
        "time" => "Time",
        "timedelta" => "Interval",
        "bytes" => "LargeBinary",
        "UUID" | "UUID4" | "UUID7" => "Uuid",
        "dict" | "Dict" | "list" | "List" | "Any" => "JSON",
        _ => return None,
    }))
}

/// Says whether two types are written alike.
fn is_same(left: &Value, right: &Value) -> bool {
    if left.place == right.place {
        return true;
    }
    match (&left.kind, &right.kind) {
        (Kind::External(a), Kind::External(b)) => a == b,
        (Kind::Class(a), Kind::Class(b)) => a == b,
        (Kind::Number(a), Kind::Number(b)) => a == b,
        (Kind::Index { of: a, at: at_a }, Kind::Index { of: b, at: at_b }) => is_same(a, b) && is_same(at_a, at_b),
        (Kind::List(a), Kind::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        _ => false,
    }
}
