//! Queries of Django's ORM: chains of calls on managers and querysets, as the SQL that Django sends for them.
//!
//! [`chain`] says what a value is to Django, [`method`] what each call adds, [`filter`] how conditions join tables as
//! Django joins them, [`statement`] what is sent in the end, and [`site`] which calls send it. Knows no rule and no
//! engine.

mod chain;
mod condition;
mod expression;
mod filter;
mod implied;
mod lazy;
mod lookup;
mod manager;
mod method;
mod order;
mod path;
mod set;
mod site;
mod statement;
mod tables;
mod value;

#[cfg(test)]
mod tests;

use super::models::Models;
use crate::host::value::{ClassId, Value};
use crate::host::ways::Ways;
use crate::orm::Context;
use set::Set;

pub(in crate::orm) use site::find;

/// The name of the framework.
const DJANGO: &str = "django";
/// How deep values are followed.
const MAX_DEPTH: u16 = 60;

/// Reads values of one form of a query.
struct Reader<'y, 'x, 'a> {
    cx: &'y mut Context<'x, 'a>,
    models: &'x Models,
    ways: &'y Ways,
    /// The queries around the one that is read, the outermost first.
    outers: Vec<Set>,
    /// The managers and querysets whose methods are read: the class, the model, and what the method is called on.
    managing: Vec<(ClassId, ClassId, Value)>,
    /// The value that is read.
    whole: Option<Value>,
    depth: u16,
}

impl<'y, 'x, 'a> Reader<'y, 'x, 'a> {
    fn new(cx: &'y mut Context<'x, 'a>, ways: &'y Ways) -> Self {
        let models = &cx.linked.django;
        Self { cx, models, ways, outers: Vec::new(), managing: Vec::new(), whole: None, depth: 0 }
    }
}
