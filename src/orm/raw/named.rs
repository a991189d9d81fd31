//! Functions that the configuration names: which calls are theirs.
//!
//! A call is matched by the end of its dotted name. A receiver that is only known as a value (`get_db().fetch_all`,
//! a variable) has no name, and any name is taken for its.

use crate::config::WrapperSettings;
use crate::host::code::Code;
use crate::host::value::{Call, Kind, Node, Value};

/// The argument that is the SQL text, if a call is one of a named function.
pub(super) fn text<'v>(code: &Code<'_>, wrappers: &[WrapperSettings], call: &'v Call) -> Option<&'v Value> {
    let is_it = |wrapper: &&WrapperSettings| {
        let parts: Vec<&str> = wrapper.function.split('.').collect();
        has_name(code, &call.callee, &parts)
    };
    let wrapper = wrappers.iter().find(is_it)?;
    let position = usize::from(wrapper.argument);
    call.argument(position, parameter(code, &call.callee, position).unwrap_or("query"))
}

/// The name of a function's parameter.
fn parameter<'c>(code: &Code<'c>, callee: &Node, position: usize) -> Option<&'c str> {
    let Kind::Function(id, receiver) = &callee.kind else { return None };
    let entry = code.function(*id);
    let own = usize::from(entry.class.is_some() && receiver.is_some());
    let function: &'c crate::ir::Function = entry.function;
    function.parameters.get(position + own).map(|parameter| &*parameter.name)
}

/// Whether a dotted name ends what is called.
fn has_name(code: &Code<'_>, callee: &Node, parts: &[&str]) -> bool {
    let Some((last, before)) = parts.split_last() else { return true };
    match &callee.kind {
        Kind::External(path) => ends_with(path.split('.'), parts),
        Kind::Attribute { of, name, .. } => **name == **last && has_receiver(code, of, before),
        Kind::Function(id, receiver) => {
            let entry = code.function(*id);
            let of_class = entry.class.map(|class| &*code.class(class).class.name);
            let path = code.files[entry.file].path.as_str();
            let module = path.trim_end_matches(".py").trim_end_matches("/__init__").split('/');
            let declared = module.chain(of_class).chain([&*entry.function.name]);
            let is_of_receiver =
                |receiver: &Value| *entry.function.name == **last && has_receiver(code, receiver, before);
            ends_with(declared, parts) || receiver.as_ref().is_some_and(is_of_receiver)
        }
        _ => false,
    }
}

fn has_receiver(code: &Code<'_>, receiver: &Node, parts: &[&str]) -> bool {
    let Some((last, before)) = parts.split_last() else { return true };
    match &receiver.kind {
        Kind::External(path) => ends_with(path.split('.'), parts),
        Kind::Parameter { name, .. } => **name == **last && before.is_empty(),
        Kind::Receiver(class) => matches!(*last, "self" | "cls") || *code.class(*class).class.name == **last,
        Kind::Class(class) => *code.class(*class).class.name == **last,
        Kind::Attribute { of, name, .. } => **name == **last && has_receiver(code, of, before),
        Kind::Module(file) => ends_with(code.files[*file].path.as_str().trim_end_matches(".py").split('/'), parts),
        Kind::Folder(folder) => ends_with(folder.split('/'), parts),
        // A value has no name of its own.
        Kind::Call(_) | Kind::Either(_) | Kind::Item(_) | Kind::Index { .. } | Kind::Unknown => true,
        _ => false,
    }
}

fn ends_with<'s>(path: impl Iterator<Item = &'s str>, parts: &[&str]) -> bool {
    let path: Vec<&str> = path.collect();
    path.ends_with(parts)
}
