//! Parameters: what a caller gives them, or what is known of them without one.

use std::rc::Rc;

use super::{Evaluator, Frame, is_named};
use crate::host::value::{Call, Kind, Node, Value};
use crate::ir::{Function, Name, Parameter, Takes};

impl Evaluator<'_, '_> {
    pub(super) fn bind_parameters(
        &mut self,
        frame: &mut Frame,
        function: &Function,
        receiver: Option<Value>,
        call: Option<&Call>,
    ) {
        let is_static = function.decorators.iter().any(|decorator| is_named(decorator, "staticmethod"));
        let mut receiver = receiver.filter(|_| !is_static);
        let mut position = Some(0);
        for parameter in &function.parameters {
            let value = match (receiver.take(), call) {
                (Some(receiver), _) => receiver,
                (None, Some(call)) => self.given(frame, function, parameter, call, &mut position),
                (None, None) => self.parameter(frame, function, parameter),
            };
            frame.names.bind_name(parameter.name.clone(), value);
        }
    }

    /// What a call gives a parameter. `position` is that of the next argument; none behind `*args`.
    fn given(
        &mut self,
        frame: &Frame,
        function: &Function,
        parameter: &Parameter,
        call: &Call,
        position: &mut Option<usize>,
    ) -> Value {
        let node = |kind: Kind| Rc::new(Node { kind, place: call.callee.place });
        match parameter.takes {
            Takes::One => {
                let at = *position;
                *position = at.map(|at| at + 1);
                let given = match at {
                    Some(at) => call.argument(at, &parameter.name),
                    None => call.named(&parameter.name),
                };
                match given {
                    Some(given) => Rc::clone(given),
                    None if is_whole(call) => self.default(frame, function, parameter),
                    None => self.parameter(frame, function, parameter),
                }
            }
            Takes::Positional => {
                let rest = position.take().and_then(|at| call.positional.get(at..));
                node(Kind::List(rest.unwrap_or_default().to_vec()))
            }
            Takes::Named => {
                let is_left = |name: &Name| function.parameters.iter().all(|parameter| parameter.name != *name);
                let left = call.named.iter().filter(|(name, _)| name.as_ref().is_none_or(is_left));
                let pair = |(name, value): &(Option<Name>, Value)| {
                    let key = name.as_ref().map(|name| self.text_node(name, value.place));
                    (key, Rc::clone(value))
                };
                node(Kind::Dict(left.map(pair).collect()))
            }
        }
    }

    /// What a parameter is where the caller says nothing: a constant itself, or a parameter that nobody knows.
    fn default(&mut self, frame: &Frame, function: &Function, parameter: &Parameter) -> Value {
        let value = self.parameter(frame, function, parameter);
        match &value.kind {
            Kind::Parameter { default: Some(default), .. } if is_plain(default) => Rc::clone(default),
            _ => value,
        }
    }

    fn parameter(&mut self, frame: &Frame, function: &Function, parameter: &Parameter) -> Value {
        let mut outside = Frame { closure: frame.closure.clone(), ..Frame::of_module(frame.file) };
        let annotation = parameter.annotation.as_ref().map(|annotation| self.expr(&mut outside, annotation));
        let default = parameter.default.as_ref().map(|default| self.expr(&mut outside, default));
        let place = self.code.place(frame.file, function.name_span);
        let kind = Kind::Parameter { name: parameter.name.clone(), annotation, default };
        Rc::new(Node { kind, place })
    }
}

/// Whether a call says all that it gives: nothing of it is put in as a whole that is not known.
fn is_whole(call: &Call) -> bool {
    let is_spread = |value: &Value| matches!(value.kind, Kind::Spread(_));
    !call.positional.iter().any(is_spread) && call.named.iter().all(|(name, _)| name.is_some())
}

fn is_plain(value: &Value) -> bool {
    matches!(value.kind, Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Dict(_))
}
