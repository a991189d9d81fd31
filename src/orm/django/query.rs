//! Queries of Django's ORM: chains of calls on managers and querysets, as the SQL that Django sends for them.
//!
//! `chain` says what a value is to Django, `method` what each call adds, `filter` how conditions join tables as
//! Django joins them, `statement` what is sent in the end, and `site` which calls send it. Knows no rule and no
//! engine.

mod apart;
mod chain;
mod combined;
mod condition;
mod expression;
mod filter;
mod filterset;
mod implied;
mod json;
mod lazy;
mod lookup;
mod lost;
mod manager;
mod method;
mod order;
mod path;
mod rest;
mod set;
mod site;
mod statement;
mod tables;
mod value;
mod views;
mod window;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::models::Models;
use crate::host::value::{Call, ClassId, FunctionId, Value};
use crate::host::ways::Ways;
use crate::orm::Context;
use lookup::Backend;
use set::Set;

pub(in crate::orm::django) use expression::class_of_django;
pub(in crate::orm) use site::find;

/// The name of the framework.
const DJANGO: &str = "django";
/// How deep values are followed.
const MAX_DEPTH: u16 = 60;

/// What methods of the code's managers and querysets returned, by the method, what it was called on and the call.
///
/// A chain is read anew for each of its calls; the values that are kept here keep their addresses.
#[derive(Default)]
struct Memory {
    returned: RefCell<HashMap<(FunctionId, usize, usize), Returned>>,
}

struct Returned {
    value: Option<Value>,
    _receiver: Value,
}

/// Reads values of one form of a query.
struct Reader<'y, 'x, 'a> {
    cx: &'y mut Context<'x, 'a>,
    models: &'x Models,
    ways: &'y Ways,
    memory: &'y Memory,
    /// The queries around the one that is read, the outermost first.
    outers: Vec<Set>,
    /// The managers and querysets whose methods are read: the class, the model, and what the method is called on.
    managing: Vec<(ClassId, ClassId, Value)>,
    /// The value that is read.
    whole: Option<Value>,
    /// Values that are known to be no queryset, by their address and what is read around them: each link of a chain asks
    /// for the one before it more than once.
    hollow: HashMap<(usize, usize, usize), Value>,
    depth: u16,
}

impl<'y, 'x, 'a> Reader<'y, 'x, 'a> {
    fn new(cx: &'y mut Context<'x, 'a>, ways: &'y Ways, memory: &'y Memory) -> Self {
        let models = &cx.linked.django;
        Self {
            cx,
            models,
            ways,
            memory,
            outers: Vec::new(),
            managing: Vec::new(),
            whole: None,
            hollow: HashMap::new(),
            depth: 0,
        }
    }

    /// What the SQL of lookups depends on beside them.
    fn backend(&self) -> Backend<'x> {
        Backend { dialect: self.cx.dialect, zone: self.models.zone() }
    }

    /// What a method returns for a call.
    ///
    /// `call` must be of a value that outlives the reading: that of an event, or one that was returned here.
    fn returned(&mut self, method: FunctionId, receiver: &Value, call: &Call) -> Option<Value> {
        let key = (method, Rc::as_ptr(receiver) as usize, std::ptr::from_ref(call) as usize);
        if let Some(known) = self.memory.returned.borrow().get(&key) {
            return known.value.clone();
        }
        let value = self.cx.evaluator.followed(method, receiver, call);
        let known = Returned { value: value.clone(), _receiver: Rc::clone(receiver) };
        self.memory.returned.borrow_mut().insert(key, known);
        value
    }
}
