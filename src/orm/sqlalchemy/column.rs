//! Columns: what `Column(…)`, `mapped_column(…)` and their kin say.

use crate::host::flow::Evaluator;
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::Name;
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

use super::expression;
use super::names::{called, first_way, positional, word};
use super::types::{self, Type};

/// A column as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::orm) struct Column {
    /// Its name in the database.
    pub name: Ident,
    /// The attribute or the name.
    pub place: HostSpan,
    /// Its type; a column without one takes it from the column that it refers to.
    pub kind: Option<Type>,
    /// What is said of NULL; nothing where the type decides.
    pub nullable: Option<bool>,
    /// Whether it is (part of) the primary key.
    pub is_primary: bool,
    /// Whether each value is there once.
    pub is_unique: bool,
    /// Whether it has an index of its own.
    pub is_indexed: bool,
    /// What `autoincrement` says.
    pub counts: Option<bool>,
    /// Whether it is an identity column.
    pub is_identity: bool,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Its value where none is given.
    pub default: Option<Sql>,
    /// What it is computed from, and whether it is stored.
    pub computed: Option<(Sql, bool)>,
    /// Conditions on it.
    pub checks: Vec<Check>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::orm) struct Check {
    /// Its name.
    pub name: Option<String>,
    /// What it says.
    pub condition: Sql,
    /// Where.
    pub place: HostSpan,
}

/// A column's reference to another.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::orm) struct Reference {
    /// What is referred to.
    pub to: Referred,
    /// The constraint's name.
    pub name: Option<String>,
    /// `ON DELETE`
    pub on_delete: Option<String>,
    /// Where.
    pub place: HostSpan,
}

/// The column that a reference names.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::orm) enum Referred {
    /// By the names of its table and itself.
    Named(String),
    /// By an attribute of a class.
    Attribute(ClassId, Name),
    /// By a column of a `Table`, which is declared at a place.
    OfTable(HostSpan, Name),
}

impl Column {
    /// A column of which nothing is said.
    pub fn bare(name: Ident, place: HostSpan) -> Self {
        Self {
            name,
            place,
            kind: None,
            nullable: None,
            is_primary: false,
            is_unique: false,
            is_indexed: false,
            counts: None,
            is_identity: false,
            references: Vec::new(),
            default: None,
            computed: None,
            checks: Vec::new(),
        }
    }

    /// Whether NULL is refused.
    pub fn is_not_null(&self) -> bool {
        self.is_primary || self.nullable == Some(false)
    }
}

/// The call of a column among what it may be wrapped in, and what it is called by.
pub(in crate::orm) fn call_of(value: &Value) -> Option<(&str, &Call)> {
    let value = first_way(value);
    let (name, call) = called(value)?;
    match name {
        "Column" | "mapped_column" | "C" => Some((name, call)),
        "deferred" => call_of(call.positional.first()?),
        // `column.copy()`, `column._copy()`
        "copy" | "_copy" => call_of(value.method()?.2),
        _ => None,
    }
}

/// Reads the call of a column; `name` is the attribute's, where that counts unless another is given.
pub(in crate::orm) fn read(
    evaluator: &mut Evaluator<'_, '_>,
    call: &Call,
    name: Option<&Name>,
    place: HostSpan,
) -> Option<Column> {
    let mut arguments: Vec<&Value> = positional(call).map(first_way).collect();
    let first = arguments.first().and_then(|first| first.text());
    if first.is_some() {
        arguments.remove(0);
    }
    let given = first.or_else(|| call.named("name")?.text());
    let name = given.map(Ident::from).or_else(|| name.map(|name| Ident::new(&**name)))?;
    let mut column = Column::bare(name, place);
    for argument in arguments.into_iter().chain(call.named("type_").map(first_way)) {
        take(evaluator, argument, &mut column);
    }
    options(evaluator, call, &mut column);
    Some(column)
}

/// Takes up what a column's named arguments say.
pub(super) fn options(evaluator: &mut Evaluator<'_, '_>, call: &Call, column: &mut Column) {
    column.is_primary |= call.says("primary_key");
    column.is_unique |= call.says("unique");
    column.is_indexed |= call.says("index");
    column.nullable = call.named("nullable").and_then(|value| value.bool()).or(column.nullable);
    column.counts = call.named("autoincrement").and_then(|value| value.bool()).or(column.counts);
    if let Some(value) = call.named("server_default").filter(|value| !value.is_null()) {
        take_default(evaluator, first_way(value), column);
    }
}

/// Takes up an argument that stands in order: the type, or something that tells itself by its name.
fn take(evaluator: &mut Evaluator<'_, '_>, argument: &Value, column: &mut Column) {
    match called(argument).map_or_else(|| word(argument), |(name, _)| Some(name)) {
        Some("ForeignKey") => column.references.extend(reference(argument)),
        Some("Computed") => {
            let Some(call) = argument.call() else { return };
            let text = call.argument(0, "sqltext").and_then(expression::text);
            let is_stored = call.named("persisted").and_then(|value| value.bool()) != Some(false);
            column.computed = text.map(|text| (text, is_stored)).or(column.computed.take());
        }
        Some("Identity") => column.is_identity = true,
        Some("CheckConstraint") => column.checks.extend(check(argument)),
        Some("Sequence" | "FetchedValue" | "DefaultClause" | "ColumnDefault") => {}
        _ => column.kind = types::read(evaluator, argument).or(column.kind.take()),
    }
}

fn take_default(evaluator: &mut Evaluator<'_, '_>, value: &Value, column: &mut Column) {
    if matches!(called(value).map(|(name, _)| name), Some("FetchedValue")) {
        return;
    }
    match called(value) {
        Some(("Identity", _)) => column.is_identity = true,
        Some(("Computed", _)) => take(evaluator, value, column),
        _ => column.default = default(value),
    }
}

/// What `server_default` says: a text is quoted, anything else an expression.
pub(in crate::orm) fn default(value: &Value) -> Option<Sql> {
    let literal = value.text().map(|text| Sql::text(types::quoted(&text), value.place));
    literal.or_else(|| expression::of_default(value))
}

/// Reads `CheckConstraint(…)`.
pub(in crate::orm) fn check(value: &Value) -> Option<Check> {
    let call = value.call()?;
    let condition = expression::text(call.argument(0, "sqltext")?)?;
    let name = call.named("name").and_then(name_of);
    Some(Check { name, condition, place: value.place })
}

/// A constraint's name: a text, or one that is marked as done with `op.f(…)`, `conv(…)`.
pub(in crate::orm) fn name_of(value: &Value) -> Option<String> {
    value.text().or_else(|| match called(value)? {
        ("f" | "conv" | "_f" | "quoted_name", call) => call.positional.first()?.text(),
        _ => None,
    })
}

/// Reads `ForeignKey(…)`.
fn reference(value: &Value) -> Option<Reference> {
    let call = value.call()?;
    let to = referred(call.argument(0, "column")?)?;
    let text = |name: &str| call.named(name).and_then(|value| value.text());
    let name = call.named("name").and_then(name_of);
    Some(Reference { to, name, on_delete: text("ondelete"), place: value.place })
}

/// The column that a value names: `"users.id"`, `User.id`, `users.c.id`.
pub(super) fn referred(value: &Value) -> Option<Referred> {
    let value = first_way(value);
    if let Some(text) = value.text() {
        return Some(Referred::Named(text));
    }
    match &value.kind {
        Kind::Attribute { of, name, .. } => match &of.kind {
            Kind::Class(id) | Kind::Receiver(id) => Some(Referred::Attribute(*id, name.clone())),
            Kind::Attribute { of, name: columns, .. } if matches!(&**columns, "c" | "columns") => match &of.kind {
                // `User.__table__.c.id`
                Kind::Attribute { of, name: table, .. } if **table == *"__table__" => match of.kind {
                    Kind::Class(id) | Kind::Receiver(id) => Some(Referred::Attribute(id, name.clone())),
                    _ => None,
                },
                _ => Some(Referred::OfTable(of.place, name.clone())),
            },
            _ => None,
        },
        Kind::Lambda(body) => referred(body),
        _ => None,
    }
}
