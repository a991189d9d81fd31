//! Rows that SQLAlchemy adds, and queries that look for them.
//!
//! Reads only what says which row is meant: equalities with columns. What else a query asks is read off its SQL.

use std::rc::Rc;

use super::models::{Model, Models};
use super::names::called;
use crate::host::flow::Event;
use crate::host::value::{Call, Kind, Value};
use crate::ir::{BinaryOp, CompareOp};
use crate::orm::Context;
use crate::orm::uniqueness::{self, Added, Given, Looked, calls_of, is_kept};
use crate::query::UniqueCheck;

/// The calls of a chain that are looked at.
const MAX_CHAIN: usize = 40;

/// Finds the queries that look whether a row is there before it is added.
pub(in crate::orm) fn checks(cx: &mut Context<'_, '_>, events: &[Event]) -> Vec<UniqueCheck> {
    let models = &cx.linked.sqlalchemy;
    if models.iter().next().is_none() {
        return Vec::new();
    }
    uniqueness::checks(events, |event| added(models, events, event), |value| looked(models, value))
}

/// The row that a call of a mapped class makes.
fn added(models: &Models, events: &[Event], event: &Event) -> Option<Added> {
    let call = event.value.call()?;
    let Kind::Class(class) = call.callee.kind else { return None };
    let model = models.of_class(class)?;
    let given = keywords(call).into_iter().flat_map(|(name, value)| columns(model, &name, &value)).collect();
    is_kept(events, &event.value).then(|| Added { place: event.value.place, table: model.table.clone(), given })
}

/// The named arguments, those of a dictionary that is put in among them.
fn keywords(call: &Call) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in &call.named {
        match (name, &value.kind) {
            (Some(name), _) => found.push((name.to_string(), Rc::clone(value))),
            (None, Kind::Dict(pairs)) => {
                let text = |key: &Option<Value>| key.as_ref().and_then(|key| key.text());
                found.extend(pairs.iter().filter_map(|(key, value)| Some((text(key)?, Rc::clone(value)))));
            }
            (None, _) => {}
        }
    }
    found
}

/// The columns that an attribute stands for: its own, or the key of the row that a relationship leads to.
fn columns(model: &Model, attribute: &str, value: &Value) -> Option<Given> {
    if let Some(mapped) = model.column(attribute) {
        return Some((mapped.column.clone(), Rc::clone(value)));
    }
    let relationship = model.relationship(attribute).filter(|one| !one.many && one.secondary.is_none())?;
    match relationship.join.as_deref()? {
        [(own, _)] => Some((own.clone(), Rc::clone(value))),
        _ => None,
    }
}

/// What a chain of calls asks of one mapped class.
fn looked(models: &Models, value: &Value) -> Option<Looked> {
    let mut conditions: Vec<&Value> = Vec::new();
    let mut named: Vec<(String, Value)> = Vec::new();
    let mut at = value;
    let mut left = MAX_CHAIN;
    let model = loop {
        left = left.checked_sub(1)?;
        at = match step(at)? {
            Step::On(of) => of,
            Step::Filter(call, of) => {
                conditions.extend(&call.positional);
                named.append(&mut keywords(call));
                of
            }
            Step::Start(entity) => match entity_of(models, entity) {
                Some(model) => break model,
                // `session.query(query.exists())`
                None => entity.call().map(|_| entity)?,
            },
        };
    };
    let mut compared: Vec<Given> = Vec::new();
    for condition in conditions {
        equalities(models, model, condition, MAX_CHAIN, &mut compared);
    }
    for (name, value) in &named {
        compared.push(columns(model, name, value)?);
    }
    Some(Looked { calls: calls_of(value), table: model.table.clone(), compared })
}

/// What a link of a chain does.
enum Step<'v> {
    /// Nothing that says which row is meant.
    On(&'v Value),
    /// It filters.
    Filter(&'v Call, &'v Value),
    /// It names what is asked.
    Start(&'v Value),
}

fn step(value: &Value) -> Option<Step<'_>> {
    if let Kind::Attribute { of, name, .. } = &value.kind {
        return (**name == *"query").then_some(Step::Start(of));
    }
    // `select(User)`, `exists(select(User))`
    if let Kind::External(_) = value.call()?.callee.kind {
        let (word, call) = called(value)?;
        return matches!(word, "select" | "exists").then(|| call.positional.first().map(Step::Start)).flatten();
    }
    let (name, _, of, call) = value.method()?;
    Some(match &**name {
        "filter" | "where" | "filter_by" => Step::Filter(call, of),
        "query" => Step::Start(call.positional.first()?),
        "execute" | "scalar" | "scalars" | "exec" if !call.positional.is_empty() => Step::On(&call.positional[0]),
        "first" | "one" | "one_or_none" | "scalar" | "scalar_one" | "scalar_one_or_none" | "all" | "scalars"
        | "count" | "exists" | "unique" | "limit" | "options" | "with_for_update" | "execution_options"
        | "fetchone" | "mappings" | "enable_eagerloads" | "populate_existing" => Step::On(of),
        _ => return None,
    })
}

/// The mapped class that is asked: itself, one of its columns, a count of them.
fn entity_of<'m>(models: &'m Models, value: &Value) -> Option<&'m Model> {
    match &value.kind {
        Kind::Class(class) => models.of_class(*class),
        Kind::Attribute { of, .. } => match of.kind {
            Kind::Class(class) => models.of_class(class),
            _ => None,
        },
        Kind::Call(call) => {
            let (word, _) = called(value)?;
            let counts = matches!(word, "count" | "max" | "min");
            entity_of(models, call.positional.first().filter(|_| counts)?)
        }
        _ => None,
    }
}

/// Collects what a condition says columns of a model to be equal to.
fn equalities(models: &Models, model: &Model, condition: &Value, left: usize, found: &mut Vec<Given>) {
    let Some(left) = left.checked_sub(1) else { return };
    match &condition.kind {
        Kind::Compare { left: one, op: CompareOp::Eq, right: other } => {
            let column = |value: &Value, other: &Value| {
                let Kind::Attribute { of, name, .. } = &value.kind else { return None };
                let Kind::Class(class) = of.kind else { return None };
                let of = models.of_class(class).filter(|of| of.table == model.table)?;
                columns(of, name, other)
            };
            found.extend(column(one, other).or_else(|| column(other, one)));
        }
        Kind::Binary { left: one, op: BinaryOp::BitAnd, right: other } => {
            equalities(models, model, one, left, found);
            equalities(models, model, other, left, found);
        }
        Kind::Call(call) if called(condition).is_some_and(|(word, _)| word == "and_") => {
            call.positional.iter().for_each(|part| equalities(models, model, part, left, found));
        }
        _ => {}
    }
}
