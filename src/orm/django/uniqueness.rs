//! Rows that Django adds, and queries that look for them: before `create`, in `get_or_create`, and in what cleans a form.
//!
//! Reads only what says which row is meant: equalities with fields. What else a query asks is read off its SQL.

use std::rc::Rc;

use super::models::{Model, Models};
use super::query::class_of_django;
use crate::host::flow::{Deed, Event, tests};
use crate::host::value::{Call, ClassId, Kind, Node, Value, holds};
use crate::ir::{BinaryOp, Name};
use crate::name::QName;
use crate::orm::Context;
use crate::orm::uniqueness::{self, Added, Given, Looked, calls_of, is_constant, is_kept, is_same, outcomes};
use crate::query::UniqueCheck;

/// The calls of a chain that are looked at.
const MAX_CHAIN: usize = 40;

/// Finds the queries that look whether a row is there before it is added, or before it is let through.
pub(in crate::orm) fn checks(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<UniqueCheck> {
    let models = &cx.linked.django;
    if models.iter().next().is_none() {
        return Vec::new();
    }
    let mut found = uniqueness::checks(events, |event| added(models, events, event), |value| looked(models, value));
    for event in events.iter().filter(|event| event.deed == Deed::Call) {
        found.extend(get_or_create(models, events, event));
        let known: Vec<UniqueCheck> = refused(cx, event);
        found.extend(known);
    }
    found
}

/// `get_or_create(…)`: what is asked for is what is added. Where the same function adds the same row without a look, too,
/// it may repeat.
fn get_or_create(models: &Models, events: &[Event], event: &Event) -> Option<UniqueCheck> {
    let (name, _, of, call) = event.value.method()?;
    if !matches!(&**name, "get_or_create" | "update_or_create" | "aget_or_create" | "aupdate_or_create") {
        return None;
    }
    let table = looked(models, of).map(|looked| looked.table);
    let is_another = |other: &&Event| other.function == event.function && other.value.place != event.value.place;
    let adds = |other: &Event| {
        other.deed == Deed::Call
            && added(models, events, other).is_some_and(|row| is_it(models, call, &row, table.as_ref()))
    };
    if table.is_some() && events.iter().filter(is_another).any(adds) {
        return None;
    }
    Some(UniqueCheck { calls: vec![event.value.place], added: None, table, columns: None })
}

/// Says whether a row that is added has the values that a call asks for.
fn is_it(models: &Models, call: &Call, row: &Added, table: Option<&QName>) -> bool {
    let Some(model) = models.iter().find(|model| model.table == row.table && Some(&model.table) == table) else {
        return false;
    };
    let asked = call.named.iter().filter_map(|(name, value)| field(model, name.as_ref()?, value));
    let gives =
        |(column, value): Given| row.given.iter().any(|(known, given)| *known == column && is_same(&value, given));
    asked.into_iter().all(gives)
}

/// The row that `create(…)` adds, or that is made of a model and saved.
fn added(models: &Models, events: &[Event], event: &Event) -> Option<Added> {
    let call = event.value.call()?;
    let model = match (models.of_value(&call.callee), event.value.method()) {
        (Some(model), _) => is_kept(events, &event.value).then_some(model)?,
        (None, Some((name, _, of, _))) if matches!(&**name, "create" | "acreate") => manager(models, of)?,
        _ => return None,
    };
    let named = call.named.iter().filter_map(|(name, value)| field(model, name.as_ref()?, value));
    Some(Added { place: event.value.place, table: model.table.clone(), given: named.collect() })
}

fn field(model: &Model, name: &str, value: &Value) -> Option<Given> {
    let name = name.strip_suffix("__exact").or_else(|| name.strip_suffix("__id")).unwrap_or(name);
    let field = model.field(name)?;
    let is_many = field.relation.as_ref().is_some_and(|relation| relation.many.is_some());
    (!is_many).then(|| (field.column.clone(), Rc::clone(value)))
}

/// The model of `Model.objects`.
fn manager<'m>(models: &'m Models, value: &Value) -> Option<&'m Model> {
    let Kind::Attribute { of, name, .. } = &value.kind else { return None };
    let model = models.of_value(of)?;
    let is_manager = model.managers.iter().any(|manager| manager.name == *name);
    (is_manager || matches!(&**name, "objects" | "_default_manager" | "_base_manager")).then_some(model)
}

/// What a chain of calls on a model's manager asks.
fn looked(models: &Models, value: &Value) -> Option<Looked> {
    let mut filters: Vec<&Call> = Vec::new();
    let mut at = value;
    let mut left = MAX_CHAIN;
    let model = loop {
        left = left.checked_sub(1)?;
        if let Some(model) = manager(models, at) {
            break model;
        }
        let (name, _, of, call) = at.method()?;
        match &**name {
            "filter" | "get" | "aget" => filters.push(call),
            "exists" | "first" | "count" | "last" | "all" | "exclude" | "only" | "defer" | "values" | "values_list"
            | "select_related" | "select_for_update" | "using" | "aexists" | "afirst" | "acount" => {}
            _ => return None,
        }
        at = of;
    };
    let mut compared = Vec::new();
    for call in filters {
        for (name, value) in &call.named {
            compared.push(field(model, name.as_ref()?, value)?);
        }
        for condition in &call.positional {
            equalities(model, condition, MAX_CHAIN, &mut compared)?;
        }
    }
    Some(Looked { calls: calls_of(value), table: model.table.clone(), compared })
}

/// Collects what a `Q` says fields to be equal to; nothing where it says anything else.
fn equalities(model: &Model, condition: &Value, left: usize, found: &mut Vec<Given>) -> Option<()> {
    let left = left.checked_sub(1)?;
    match &condition.kind {
        Kind::Binary { left: one, op: BinaryOp::BitAnd, right: other } => {
            equalities(model, one, left, found)?;
            equalities(model, other, left, found)
        }
        Kind::Call(call) if class_of_django(&call.callee) == Some("Q") => {
            for (name, value) in &call.named {
                found.push(field(model, name.as_ref()?, value)?);
            }
            call.positional.iter().try_for_each(|part| equalities(model, part, left, found))
        }
        _ => None,
    }
}

/// The queries that found the very row that a form, a serializer or a model is about to be, where that is refused.
fn refused(cx: &mut Context<'_, '_>, event: &Event) -> Vec<UniqueCheck> {
    let Some(cleans) = Cleans::of(cx, event) else { return Vec::new() };
    let models = &cx.linked.django;
    let found = outcomes(event).into_iter().filter(|(_, is_found)| *is_found);
    let looked = found.filter_map(|(value, _)| looked(models, &value));
    let check = |looked: Looked| {
        if is_guarded(models, event, &looked) {
            return None;
        }
        let model = models.of_class(cleans.model).filter(|model| model.table == looked.table)?;
        let mut columns = Vec::new();
        for (column, value) in looked.compared {
            if cleans.gives(model, &value).is_some_and(|own| own == column) {
                columns.push(column);
            } else if !is_constant(&value) {
                return None;
            }
        }
        let table = Some(looked.table);
        (!columns.is_empty()).then_some(UniqueCheck { calls: looked.calls, added: None, table, columns: Some(columns) })
    };
    looked.filter_map(check).collect()
}

/// Says whether a condition about anything else than the row must hold for it to be refused: then only rows of which it
/// holds are kept apart.
fn is_guarded(models: &Models, event: &Event, refused: &Looked) -> bool {
    let is_of_row = |node: &Node| match &node.kind {
        Kind::Attribute { name, .. } if matches!(&**name, "instance" | "pk" | "id" | "_state" | "adding") => true,
        _ => refused.compared.iter().any(|(_, value)| is_same(node, value)),
    };
    let asks = |node: &Node| refused.calls.contains(&node.place);
    let must_hold = tests(&event.tests).filter(|(_, holds)| *holds).map(|(test, _)| test);
    let others = must_hold.filter(|test| looked(models, test).is_none());
    others.into_iter().any(|test| !holds(test, &asks) && !holds(test, &is_of_row))
}

/// A method that says whether a row may be: of the model itself, or of what makes rows of it.
struct Cleans {
    model: ClassId,
    /// The field that it is about alone (`clean_name`).
    field: Option<Name>,
}

impl Cleans {
    fn of(cx: &mut Context<'_, '_>, event: &Event) -> Option<Self> {
        let call = event.value.call()?;
        let is_refusal = match &call.callee.kind {
            Kind::External(path) => path.ends_with("ValidationError"),
            Kind::Attribute { name, .. } => **name == *"add_error",
            _ => false,
        };
        if !is_refusal || event.tests.is_none() {
            return None;
        }
        let entry = cx.evaluator.code.function(event.function?);
        let name = &entry.function.name;
        let of_field = name.strip_prefix("clean_").or_else(|| name.strip_prefix("validate_"));
        if !matches!(&**name, "clean" | "validate" | "validate_unique" | "full_clean") && of_field.is_none() {
            return None;
        }
        let field = of_field.map(Name::from);
        let class = entry.class?;
        if cx.linked.django.of_class(class).is_some() {
            return Some(Self { model: class, field });
        }
        let meta = cx.evaluator.inherited(class, &Name::from("Meta"))?.1;
        let Kind::Class(meta) = meta.kind else { return None };
        let model = cx.evaluator.inherited(meta, &Name::from("model"))?.1;
        Some(Self { model: cx.linked.django.of_value(&model)?.class, field })
    }

    /// The column whose coming value a value is.
    fn gives(&self, model: &Model, value: &Value) -> Option<crate::name::Ident> {
        let named = match &value.kind {
            Kind::Attribute { of, name, .. } => match &of.kind {
                Kind::Receiver(class) if *class == self.model => Some(name.to_string()),
                _ => None,
            },
            Kind::Index { at, .. } => at.text(),
            Kind::Call(_) => value
                .method()
                .filter(|(name, ..)| ***name == *"get")
                .and_then(|(.., call)| call.positional.first()?.text()),
            Kind::Parameter { .. } => self.field.as_ref().map(ToString::to_string),
            _ => None,
        }?;
        Some(model.field(&named)?.column.clone())
    }
}
