//! What a model's `Meta` says.

use super::OrderKey;
use crate::host::flow::Evaluator;
use crate::host::value::{ClassId, Kind, Value};
use crate::ir::Name;
use crate::orm::django::indexes::{self, ConstraintSpec, IndexSpec};
use crate::orm::django::terms::Term;
use crate::source::HostSpan;

/// A `Meta` class as it is written, with what it inherits from other `Meta` classes.
#[derive(Clone, Default)]
pub(super) struct MetaSaid {
    pub is_abstract: bool,
    pub is_proxy: bool,
    pub is_unmanaged: bool,
    pub app_label: Option<Name>,
    pub table: Option<Name>,
    /// Whether it says something of a table's name that cannot be read.
    pub table_unknown: bool,
    pub ordering: Vec<(OrderKey, HostSpan)>,
    pub says_ordering: bool,
    pub get_latest_by: Vec<String>,
    pub unique_together: Vec<(Vec<Name>, HostSpan)>,
    pub index_together: Vec<(Vec<Name>, HostSpan)>,
    pub indexes: Vec<IndexSpec>,
    pub constraints: Vec<ConstraintSpec>,
    pub default_manager: Option<Name>,
    pub default_related_name: Option<Name>,
    pub order_with_respect_to: Option<Name>,
}

/// Reads a `Meta` class.
pub(super) fn read(evaluator: &mut Evaluator<'_, '_>, meta: ClassId) -> MetaSaid {
    let mut value = |name: &str| evaluator.inherited(meta, &Name::from(name));
    let mut text = |name: &str| Some(Name::from(value(name)?.1.text()?));
    let (app_label, table) = (text("app_label"), text("db_table"));
    let (default_manager, default_related_name) = (text("default_manager_name"), text("default_related_name"));
    let order_with_respect_to = text("order_with_respect_to");
    let table_unknown = table.is_none() && value("db_table").is_some();
    // Django takes `abstract` from nobody else's `Meta`.
    let own = |found: Option<(ClassId, Value)>| found.filter(|(class, _)| *class == meta).map(|(_, value)| value);
    let is_true = |value: Option<Value>| value.and_then(|value| value.bool()) == Some(true);
    let ordering = value("ordering").map(|(_, value)| value);
    let all = |found: Option<(ClassId, Value)>| found.map(|(_, value)| value);
    let (latest, sets) = (all(value("get_latest_by")), [all(value("unique_together")), all(value("index_together"))]);
    let is_unmanaged = all(value("managed")).and_then(|value| value.bool()) == Some(false);
    let (is_abstract, is_proxy) = (is_true(own(value("abstract"))), is_true(own(value("proxy"))));
    let [unique_together, index_together] = sets.map(|set| set.map(|set| together(&set)).unwrap_or_default());
    let (indexes, constraints) = (all(value("indexes")), all(value("constraints")));
    MetaSaid {
        is_abstract,
        is_proxy,
        is_unmanaged,
        app_label,
        table,
        table_unknown,
        says_ordering: ordering.is_some(),
        ordering: ordering.map(|value| read_ordering(evaluator, &value)).unwrap_or_default(),
        get_latest_by: latest.map(|value| names(&value)).unwrap_or_default(),
        unique_together,
        index_together,
        default_manager,
        default_related_name,
        order_with_respect_to,
        indexes: indexes.map(|value| indexes::indexes(evaluator, &value)).unwrap_or_default(),
        constraints: constraints.map(|value| indexes::constraints(evaluator, &value)).unwrap_or_default(),
    }
}

/// `("-created", F("name").desc())`
fn read_ordering(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Vec<(OrderKey, HostSpan)> {
    let items = value.items().unwrap_or_else(|| vec![value]);
    let key = |item: &Value| match item.text() {
        Some(path) => (OrderKey::Path(path), item.place),
        None => (OrderKey::Term(Term::expression(evaluator, item)), item.place),
    };
    items.into_iter().map(key).collect()
}

fn names(value: &Value) -> Vec<String> {
    match value.text() {
        Some(text) => vec![text],
        None => value.items().unwrap_or_default().into_iter().filter_map(|item| item.text()).collect(),
    }
}

/// `("a", "b")` or `(("a", "b"), ("a", "c"))`
pub(in crate::orm::django) fn together(value: &Value) -> Vec<(Vec<Name>, HostSpan)> {
    let set = |value: &Value| {
        let items = value.items()?;
        let names: Option<Vec<Name>> = items.into_iter().map(|item| item.text().map(Name::from)).collect();
        names.filter(|names| !names.is_empty()).map(|names| (names, value.place))
    };
    // `{("a", "b")}` and `set([…])` are sets of sets as well.
    if let Kind::Call(call) = &value.kind {
        let is_set = matches!(call.callee.external(), Some("set" | "list" | "tuple" | "frozenset"));
        return call.positional.first().filter(|_| is_set).map(together).unwrap_or_default();
    }
    match set(value) {
        Some(only) => vec![only],
        None => value.items().unwrap_or_default().into_iter().filter_map(set).collect(),
    }
}
