//! What names, and attributes of names, are bound to where a block has been run so far.
//!
//! Shared between the ways through the code, and copied only by one that binds something.

use std::collections::HashMap;
use std::rc::Rc;

use crate::host::value::{Value, join};
use crate::ir::{Expr, ExprKind, Name};

/// What a block has bound.
#[derive(Clone, Default)]
pub(super) struct Locals(Rc<Maps>);

#[derive(Clone, Default)]
struct Maps {
    names: HashMap<Name, Value>,
    /// `self.total`, by both names.
    attributes: HashMap<(Name, Name), Value>,
}

/// What can be bound: a name, or an attribute of one.
pub(super) enum Key {
    Name(Name),
    Attribute(Name, Name),
}

impl Key {
    /// The key of an expression, if it is one that can be bound.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Name(name) => Some(Self::Name(name.clone())),
            ExprKind::Attribute { of, name, .. } => match &of.kind {
                ExprKind::Name(of) => Some(Self::Attribute(of.clone(), name.clone())),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Locals {
    /// What a name is bound to.
    pub(super) fn name(&self, name: &str) -> Option<&Value> {
        self.0.names.get(name)
    }

    /// What `of.name` is bound to.
    pub(super) fn attribute(&self, of: &Expr, name: &Name) -> Option<&Value> {
        let ExprKind::Name(of) = &of.kind else { return None };
        if self.0.attributes.is_empty() {
            return None;
        }
        self.0.attributes.get(&(of.clone(), name.clone()))
    }

    /// What a key is bound to.
    pub(super) fn get(&self, key: &Key) -> Option<&Value> {
        match key {
            Key::Name(name) => self.name(name),
            Key::Attribute(of, name) => self.0.attributes.get(&(of.clone(), name.clone())),
        }
    }

    /// Binds a key.
    pub(super) fn bind(&mut self, key: Key, value: Value) {
        match key {
            Key::Name(name) => self.bind_name(name, value),
            Key::Attribute(of, name) => drop(Rc::make_mut(&mut self.0).attributes.insert((of, name), value)),
        }
    }

    /// Binds a name.
    pub(super) fn bind_name(&mut self, name: Name, value: Value) {
        Rc::make_mut(&mut self.0).names.insert(name, value);
    }

    /// Takes over what something around it binds, unless it is bound here.
    pub(super) fn see(&mut self, around: &Self) {
        let own = Rc::make_mut(&mut self.0);
        for (name, value) in &around.0.names {
            own.names.entry(name.clone()).or_insert_with(|| Rc::clone(value));
        }
        for (key, value) in &around.0.attributes {
            own.attributes.entry(key.clone()).or_insert_with(|| Rc::clone(value));
        }
    }

    /// What is bound behind two ways that meet.
    pub(super) fn joined(mut self, other: Self) -> Self {
        if Rc::ptr_eq(&self.0, &other.0) {
            return self;
        }
        let own = Rc::make_mut(&mut self.0);
        merge(&mut own.names, &other.0.names);
        merge(&mut own.attributes, &other.0.attributes);
        self
    }
}

fn merge<K: Clone + Eq + std::hash::Hash>(own: &mut HashMap<K, Value>, other: &HashMap<K, Value>) {
    for (key, value) in other {
        match own.get_mut(key) {
            Some(known) if Rc::ptr_eq(known, value) => {}
            Some(known) => *known = join(known, value),
            None => drop(own.insert(key.clone(), Rc::clone(value))),
        }
    }
}
