//! Indexes and constraints of `Meta` and of migrations, as plain data.

use crate::host::flow::Evaluator;
use crate::host::value::{Call, Kind, Value};
use crate::ir::Name;
use crate::source::HostSpan;

use super::terms::Term;

/// An index as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexSpec {
    /// Its name, where one is given.
    pub name: Option<String>,
    /// How it is kept: `gin`; none for a plain B-tree.
    pub method: Option<&'static str>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// The rows that it holds.
    pub condition: Option<Term>,
    /// The fields that it holds besides.
    pub include: Vec<Name>,
    /// Where it is declared.
    pub place: HostSpan,
}

/// A key of an index.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A field, whether it goes down, and the operator class.
    Field(Name, bool, Option<String>),
    /// An expression.
    Term(Term),
}

/// A constraint as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstraintSpec {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub kind: ConstraintKind,
    /// Where it is declared.
    pub place: HostSpan,
}

/// What a constraint asks.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstraintKind {
    /// Values are unique; the index has the constraint's name.
    Unique {
        /// The index behind it.
        index: IndexSpec,
        /// Whether NULLs are the same as each other.
        nulls_same: bool,
        /// What is said of when it is checked.
        deferrable: Option<&'static str>,
    },
    /// A condition holds.
    Check(Term),
    /// No two rows are alike, by the operator of each key.
    Exclude {
        /// The keys.
        keys: Vec<(Key, String)>,
        /// How its index is kept.
        method: String,
        /// The rows that it is about.
        condition: Option<Term>,
    },
    /// Nobody can tell; an index may stand behind it.
    Unknown,
}

impl IndexSpec {
    /// The end of the name that Django makes up: `idx`, `gin`.
    pub(super) fn suffix(&self) -> &'static str {
        self.method.unwrap_or("idx")
    }

    /// Changes the names of fields.
    pub(super) fn rename(&mut self, renamed: &dyn Fn(&mut Name)) {
        self.keys.iter_mut().for_each(|key| key.rename(renamed));
        self.include.iter_mut().for_each(renamed);
        self.condition.iter_mut().for_each(|term| term.rename(renamed));
    }
}

impl Key {
    fn rename(&mut self, renamed: &dyn Fn(&mut Name)) {
        match self {
            Self::Field(name, ..) => renamed(name),
            Self::Term(term) => term.rename(renamed),
        }
    }
}

impl ConstraintSpec {
    /// Changes the names of fields.
    pub(super) fn rename(&mut self, renamed: &dyn Fn(&mut Name)) {
        match &mut self.kind {
            ConstraintKind::Unique { index, .. } => index.rename(renamed),
            ConstraintKind::Check(term) => term.rename(renamed),
            ConstraintKind::Exclude { keys, condition, .. } => {
                keys.iter_mut().for_each(|(key, _)| key.rename(renamed));
                condition.iter_mut().for_each(|term| term.rename(renamed));
            }
            ConstraintKind::Unknown => {}
        }
    }

    /// Says whether the database keeps it as a constraint: what a constraint cannot say becomes an index alone.
    pub(super) fn is_constraint(&self) -> bool {
        match &self.kind {
            ConstraintKind::Unique { index, .. } => {
                let is_plain = |key: &Key| matches!(key, Key::Field(_, _, None));
                index.condition.is_none() && index.include.is_empty() && index.keys.iter().all(is_plain)
            }
            _ => true,
        }
    }
}

/// Reads every index of a list.
pub(super) fn indexes(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Vec<IndexSpec> {
    let items = items(evaluator, value, 0);
    items.iter().filter_map(|item| index(evaluator, item)).collect()
}

/// Reads every constraint of a list.
pub(super) fn constraints(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Vec<ConstraintSpec> {
    let items = items(evaluator, value, 0);
    items.iter().filter_map(|item| constraint(evaluator, item)).collect()
}

/// The items of a list that may be put together of others: `Base.Meta.indexes + [...]`, `[*Base.Meta.indexes, ...]`.
fn items(evaluator: &mut Evaluator<'_, '_>, value: &Value, depth: u8) -> Vec<Value> {
    if depth > 8 {
        return Vec::new();
    }
    match &value.kind {
        Kind::List(items_of) => items_of.iter().flat_map(|item| items(evaluator, item, depth + 1)).collect(),
        Kind::Spread(inner) | Kind::Optional(inner) => items(evaluator, inner, depth + 1),
        Kind::Binary { left, right, .. } => {
            let mut all = items(evaluator, left, depth + 1);
            all.append(&mut items(evaluator, right, depth + 1));
            all
        }
        Kind::Attribute { of, name, .. } => match of.kind {
            Kind::Class(class) => {
                let found = evaluator.inherited(class, name);
                found.map_or_else(Vec::new, |(_, value)| items(evaluator, &value, depth + 1))
            }
            _ => Vec::new(),
        },
        _ => vec![value.clone()],
    }
}

/// The class that is called, outside of the code: `GinIndex`; that which a class of the code derives from.
fn class_of(evaluator: &mut Evaluator<'_, '_>, call: &Call) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    match &call.callee.kind {
        Kind::External(path) => Some(last(path)),
        Kind::Class(id) => {
            let lineage = evaluator.lineage(*id);
            let known = |name: &String| name.ends_with("Index") || name.ends_with("Constraint");
            lineage.into_iter().find_map(|class| {
                let bases = evaluator.bases(class);
                bases.iter().filter_map(|base| base.external()).map(last).find(known)
            })
        }
        _ => None,
    }
}

/// Reads one index.
pub(super) fn index(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Option<IndexSpec> {
    let call = value.call()?;
    let class = class_of(evaluator, call)?;
    let method = match class.as_str() {
        "Index" => None,
        "GinIndex" => Some("gin"),
        "GistIndex" => Some("gist"),
        "BrinIndex" => Some("brin"),
        "BTreeIndex" => Some("btree"),
        "HashIndex" => Some("hash"),
        "SpGistIndex" => Some("spgist"),
        "BloomIndex" => Some("bloom"),
        _ => return None,
    };
    Some(keys_of(evaluator, call, method, value.place))
}

/// The keys, the rows and the rest, as indexes and unique constraints say them in the same words.
fn keys_of(evaluator: &mut Evaluator<'_, '_>, call: &Call, method: Option<&'static str>, place: HostSpan) -> IndexSpec {
    let mut keys: Vec<Key> =
        call.positional.iter().map(|value| Key::Term(Term::expression(evaluator, value))).collect();
    let operators = call.named("opclasses").map(texts).unwrap_or_default();
    let fields = call.named("fields").map(texts).unwrap_or_default();
    for (number, field) in fields.iter().enumerate() {
        let (name, desc) = field.strip_prefix('-').map_or((field.as_str(), false), |name| (name, true));
        keys.push(Key::Field(Name::from(name), desc, operators.get(number).cloned()));
    }
    IndexSpec {
        name: call.named("name").and_then(|name| name.text()),
        method,
        keys,
        condition: said(call, "condition").map(|condition| Term::expression(evaluator, condition)),
        include: call.named("include").map(texts).unwrap_or_default().into_iter().map(Name::from).collect(),
        place,
    }
}

fn said<'v>(call: &'v Call, name: &str) -> Option<&'v Value> {
    call.named(name).filter(|value| !value.is_null())
}

fn texts(value: &Value) -> Vec<String> {
    // One that cannot be read is kept as a name that no model has: the index is told of as unreadable.
    let text = |value: &Value| value.text().unwrap_or_else(|| "?".to_owned());
    match value.items() {
        Some(items) => items.into_iter().map(text).collect(),
        None if value.is_null() => Vec::new(),
        None => vec![text(value)],
    }
}

/// Reads one constraint.
pub(super) fn constraint(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Option<ConstraintSpec> {
    let call = value.call()?;
    let class = class_of(evaluator, call)?;
    let place = value.place;
    let name = call.named("name").and_then(|name| name.text());
    let kind = match class.as_str() {
        "UniqueConstraint" => {
            let deferrable = said(call, "deferrable").and_then(|value| value.external()).map(|path| {
                if path.ends_with("IMMEDIATE") {
                    "DEFERRABLE INITIALLY IMMEDIATE"
                } else {
                    "DEFERRABLE INITIALLY DEFERRED"
                }
            });
            let nulls_same = call.named("nulls_distinct").and_then(|value| value.bool()) == Some(false);
            ConstraintKind::Unique { index: keys_of(evaluator, call, None, place), nulls_same, deferrable }
        }
        "CheckConstraint" => {
            let condition = said(call, "condition").or_else(|| said(call, "check")).or_else(|| call.positional.first());
            ConstraintKind::Check(condition.map_or(Term::Unknown, |value| Term::expression(evaluator, value)))
        }
        "ExclusionConstraint" => exclusion(evaluator, call),
        _ => ConstraintKind::Unknown,
    };
    Some(ConstraintSpec { name: name?, kind, place })
}

fn exclusion(evaluator: &mut Evaluator<'_, '_>, call: &Call) -> ConstraintKind {
    let Some(items) = call.named("expressions").and_then(|value| value.items()) else { return ConstraintKind::Unknown };
    let mut keys = Vec::new();
    for item in items {
        let Some([of, operator]) = item.items().as_deref().and_then(|pair| <[&Value; 2]>::try_from(pair).ok()) else {
            return ConstraintKind::Unknown;
        };
        let sign = match (operator.text(), operator.external().and_then(|path| path.rsplit('.').next())) {
            (Some(sign), _) => sign,
            (None, Some("EQUAL")) => "=".to_owned(),
            (None, Some("NOT_EQUAL")) => "<>".to_owned(),
            (None, Some("OVERLAPS")) => "&&".to_owned(),
            (None, Some("ADJACENT_TO")) => "-|-".to_owned(),
            _ => return ConstraintKind::Unknown,
        };
        keys.push((Key::Term(Term::expression(evaluator, of)), sign));
    }
    let method = call.named("index_type").and_then(|value| value.text()).unwrap_or_else(|| "GIST".to_owned());
    let condition = said(call, "condition").map(|condition| Term::expression(evaluator, condition));
    ConstraintKind::Exclude { keys, method, condition }
}
