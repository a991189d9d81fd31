//! What the code of a function makes of its names: an abstract interpreter that runs every way through it at once.
//!
//! Calls are recorded, not understood ([`super::value`]). Where ways meet, values are joined; a loop's body runs once,
//! and what it changes may be or not be. Functions of the code base are followed into for what they return, a few
//! levels deep. Whatever is beyond this is [`Kind::Unknown`]; nothing here fails.

mod bind;
mod block;
mod expr;
mod local;
mod names;
mod rows;
mod tested;
pub mod text;
mod truth;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::code::Code;
use super::value::{ClassId, FunctionId, Kind, Node, Value};
use crate::ir::{Expr, Function, Name};
use crate::source::HostSpan;
use local::Locals;
pub use tested::{Tests, tests};

/// How many calls deep functions are followed into.
const MAX_DEPTH: u8 = 2;
/// How many calls are followed into for one function.
const MAX_INLINED: u32 = 400;

/// Something that a function does with a value.
#[derive(Clone, Debug)]
pub struct Event {
    /// The value.
    pub value: Value,
    /// What is done with it.
    pub deed: Deed,
    /// The loops it stands in, the outermost first.
    pub loops: Rc<Vec<Loop>>,
    /// What was tested on the way.
    pub tests: Tests,
    /// The function; none for a module's own code.
    pub function: Option<FunctionId>,
}

/// What is done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is the call itself.
    Call,
    /// Its items are gone through.
    Iterate,
    /// It is returned.
    Return,
    /// A name or an attribute is bound to it, or it is only evaluated.
    Keep,
    /// It is an attribute of an item, in a loop.
    Read,
    /// It is an item or a slice of what a call gives.
    Take,
}

/// A loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// All of it.
    pub place: HostSpan,
    /// What is gone through; what is tested, in a `while`.
    pub over: Value,
    /// Whether each round has an item of it.
    pub has_items: bool,
}

/// Evaluates the code of one file; what it needs of others it looks up.
pub struct Evaluator<'c, 'a> {
    /// The code base.
    pub code: &'c Code<'a>,
    events: Vec<Event>,
    globals: HashMap<(usize, Name), Value>,
    open: HashSet<(usize, Name)>,
    open_classes: HashSet<(ClassId, Name)>,
    attributes: HashMap<(ClassId, Name), Option<Value>>,
    class_values: HashMap<(ClassId, Name), Value>,
    lineages: HashMap<ClassId, Rc<[ClassId]>>,
    closures: HashMap<FunctionId, Locals>,
    calling: Vec<FunctionId>,
    inlined: u32,
    /// Whether what is run is run for a call: what that gives decides conditions.
    is_called: bool,
    /// What decides conditions while one function is gone through as a script.
    script: Option<Decide>,
}

/// Says whether a condition holds; nothing where it may and may not.
type Decide = Rc<dyn Fn(&Value) -> Option<bool>>;

/// How many events of a script are told.
const MAX_SCRIPT: usize = 20_000;

/// What holds while a block is run.
struct Frame {
    file: usize,
    function: Option<FunctionId>,
    class: Option<ClassId>,
    names: Locals,
    closure: Option<Locals>,
    loops: Rc<Vec<Loop>>,
    tests: Tests,
    returns: Option<Value>,
    inner: Vec<FunctionId>,
    /// No way leads on.
    ended: bool,
    /// Whether what is done is an event: not in a function that is followed into.
    is_told: bool,
    /// Whether its parameters are what a caller gives: a condition on them decides then.
    is_called: bool,
}

impl Frame {
    fn of_module(file: usize) -> Self {
        Self {
            file,
            function: None,
            class: None,
            names: Locals::default(),
            closure: None,
            loops: Rc::default(),
            tests: None,
            returns: None,
            inner: Vec::new(),
            ended: false,
            is_told: false,
            is_called: false,
        }
    }
}

impl<'c, 'a> Evaluator<'c, 'a> {
    /// An evaluator that knows nothing yet.
    pub fn new(code: &'c Code<'a>) -> Self {
        Self {
            code,
            events: Vec::new(),
            globals: HashMap::new(),
            open: HashSet::new(),
            open_classes: HashSet::new(),
            attributes: HashMap::new(),
            class_values: HashMap::new(),
            lineages: HashMap::new(),
            closures: HashMap::new(),
            calling: Vec::new(),
            inlined: 0,
            is_called: false,
            script: None,
        }
    }

    /// What a file's functions and its own code do, function by function in the order of the text.
    pub fn file(&mut self, file: usize) -> Vec<Event> {
        let mut frame = Frame { is_told: true, ..Frame::of_module(file) };
        self.block(&mut frame, &self.code.files[file].body);
        let code = self.code;
        for id in code.functions_of(file).filter(|id| !code.function(*id).is_inner) {
            self.inlined = 0;
            self.function(id, None, None);
        }
        std::mem::take(&mut self.events)
    }

    /// What a function does where a call gives it its arguments, or where nobody does: loops over what is written out are
    /// run round by round, and conditions on it decide.
    pub fn events_of(
        &mut self,
        id: FunctionId,
        receiver: Option<&Value>,
        call: Option<&super::value::Call>,
    ) -> Vec<Event> {
        let around = std::mem::take(&mut self.events);
        self.inlined = 0;
        self.is_called = true;
        self.function(id, receiver, call);
        self.is_called = false;
        std::mem::replace(&mut self.events, around)
    }

    /// Runs a function for its events, and those that stand in it.
    fn function(&mut self, id: FunctionId, receiver: Option<&Value>, call: Option<&super::value::Call>) {
        let entry = self.code.function(id);
        let of_class =
            |class: ClassId| receiver.cloned().unwrap_or_else(|| self.receiver(entry.file, entry.function, class));
        let receiver = entry.class.map(of_class);
        let mut frame = Frame { is_told: true, is_called: self.is_called, ..self.frame(id) };
        self.bind_parameters(&mut frame, entry.function, receiver, call);
        self.block(&mut frame, &entry.function.body);
        let mut names = frame.names;
        if frame.inner.is_empty() {
            return;
        }
        // A function sees what those around it see.
        if let Some(around) = &frame.closure {
            names.see(around);
        }
        for inner in frame.inner {
            self.closures.insert(inner, names.clone());
            self.function(inner, None, None);
        }
    }

    /// What one function does, step by step, as a script that is run once: what the functions do that it calls is
    /// among it, loops over lists that are written out run for each item, and `decide` is asked for conditions.
    pub fn script(&mut self, id: FunctionId, decide: impl Fn(&Value) -> Option<bool> + 'static) -> Vec<Event> {
        self.script = Some(Rc::new(decide));
        self.inlined = 0;
        let entry = self.code.function(id);
        let mut frame = Frame { is_told: true, is_called: true, ..self.frame(id) };
        self.bind_parameters(&mut frame, entry.function, None, None);
        self.block(&mut frame, &entry.function.body);
        self.script = None;
        std::mem::take(&mut self.events)
    }

    /// Whether a condition holds, where that is plain or a script decides.
    fn holds(&self, frame: &Frame, test: &Value) -> Option<bool> {
        let plain = truth::of(test).filter(|_| frame.is_called);
        plain.or_else(|| self.script.as_ref().and_then(|decide| decide(test)))
    }

    fn frame(&self, id: FunctionId) -> Frame {
        let entry = self.code.function(id);
        Frame {
            function: Some(id),
            class: entry.class,
            closure: self.closures.get(&id).cloned(),
            ..Frame::of_module(entry.file)
        }
    }

    /// What a method is called on: an object, or the class itself.
    fn receiver(&self, file: usize, function: &Function, class: ClassId) -> Value {
        let place = self.code.place(file, function.name_span);
        let is_of_class = function.parameters.first().is_some_and(|first| *first.name == *"cls")
            || function.decorators.iter().any(|decorator| is_named(decorator, "classmethod"));
        let kind = if is_of_class { Kind::Class(class) } else { Kind::Receiver(class) };
        Rc::new(Node { kind, place })
    }

    /// What a function returns for a call; nothing where it is not followed into or does not say.
    pub fn returned(&mut self, id: FunctionId, receiver: Option<&Value>, call: &super::value::Call) -> Option<Value> {
        let is_deep = self.calling.len() >= usize::from(MAX_DEPTH) || self.inlined >= MAX_INLINED;
        let entry = self.code.function(id);
        let is_told = self.script.is_some();
        // What it does is not told where it is only asked for what it gives.
        if is_deep || self.calling.contains(&id) || !entry.returns && !is_told {
            return None;
        }
        self.inlined += 1;
        let mut frame = Frame { is_called: true, is_told, ..self.frame(id) };
        let receiver = receiver.cloned().filter(|_| entry.class.is_some());
        self.bind_parameters(&mut frame, entry.function, receiver, Some(call));
        self.calling.push(id);
        self.block(&mut frame, &entry.function.body);
        self.calling.pop();
        frame.returns
    }

    /// What a function returns for a call that only a framework knows to be one of it.
    pub fn followed(&mut self, id: FunctionId, receiver: &Value, call: &super::value::Call) -> Option<Value> {
        self.inlined = 0;
        self.returned(id, Some(receiver), call)
    }

    /// What an expression stands for where a module, or the body of a class of it, says it.
    pub fn written(&mut self, file: usize, class: Option<ClassId>, expr: &Expr) -> Value {
        let mut frame = Frame { class, ..Frame::of_module(file) };
        self.expr(&mut frame, expr)
    }

    fn tell(&mut self, frame: &Frame, value: &Value, deed: Deed) {
        let is_over = self.script.is_some() && self.events.len() >= MAX_SCRIPT;
        if frame.is_told && !is_over {
            let (loops, tests, function) = (Rc::clone(&frame.loops), frame.tests.clone(), frame.function);
            self.events.push(Event { value: Rc::clone(value), deed, loops, tests, function });
        }
    }

    fn node(&self, frame: &Frame, kind: Kind, span: crate::ir::Span) -> Value {
        Rc::new(Node { kind, place: self.code.place(frame.file, span) })
    }
}

fn is_named(decorator: &Expr, expected: &str) -> bool {
    match &decorator.kind {
        crate::ir::ExprKind::Name(name) => **name == *expected,
        crate::ir::ExprKind::Attribute { name, .. } => **name == *expected,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
