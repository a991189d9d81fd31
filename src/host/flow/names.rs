//! Names and attributes: what they stand for over the whole code base.

use std::rc::Rc;

use super::{Evaluator, Frame, is_named};
use crate::host::code::{Bound, Named};
use crate::host::value::{Call, ClassId, FunctionId, Kind, Node, Value, join};
use crate::ir::{Expr, ExprKind, Import, Name, Span, Stmt, StmtKind};
use crate::source::HostSpan;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn name(&mut self, frame: &Frame, name: &Name, span: Span) -> Value {
        let local = frame.names.name(name).or_else(|| frame.closure.as_ref()?.name(name));
        match local {
            Some(value) => Rc::clone(value),
            None => match self.of_class_body(frame, name, span).or_else(|| self.global(frame.file, name)) {
                Some(value) => value,
                None => self.node(frame, Kind::External(name.clone()), span),
            },
        }
    }

    /// What a name stands for in a class's body: a column of the same class is an attribute of it.
    fn of_class_body(&mut self, frame: &Frame, name: &Name, span: Span) -> Option<Value> {
        let id = frame.class.filter(|_| frame.function.is_none())?;
        let is_bound_later = match self.code.class(id).scope.get(name).first()? {
            Bound::Value { value: Some(value), .. } => value.span.end > span.start,
            _ => false,
        };
        if is_bound_later {
            return None;
        }
        let of = self.node(frame, Kind::Class(id), span);
        let place = of.place;
        Some(self.attribute(&of, name, place, place))
    }

    /// What an expression stands for where only its module's names are known.
    pub fn of_module(&mut self, file: usize, expr: &Expr) -> Value {
        self.expr(&mut Frame::of_module(file), expr)
    }

    /// What a name of a module stands for; nothing where the module does not bind it.
    pub fn global(&mut self, file: usize, name: &Name) -> Option<Value> {
        let key = (file, name.clone());
        if let Some(known) = self.globals.get(&key) {
            return Some(Rc::clone(known));
        }
        if !self.open.insert(key.clone()) {
            // A name that is made from itself, or an import that leads back here.
            return None;
        }
        let found = self.look_up(file, name);
        self.open.remove(&key);
        if let Some(value) = &found {
            self.globals.insert(key, Rc::clone(value));
        }
        found
    }

    fn look_up(&mut self, file: usize, name: &Name) -> Option<Value> {
        let code = self.code;
        let scope = code.scope(file);
        let bounds = scope.get(name);
        if !bounds.is_empty() {
            return self.bound(file, None, bounds);
        }
        // What the code base itself declares comes before what nobody here can look into.
        for import in &scope.stars {
            if let Named::Module(other) = code.import(file, import)
                && other != file
                && let Some(value) = self.global(other, name)
            {
                return Some(value);
            }
        }
        for import in &scope.stars {
            if let Named::External(module) = code.import(file, import)
                && !BUILT_IN.contains(&&**name)
            {
                let place = code.place(file, import.span);
                return Some(external(format!("{module}.{name}"), place));
            }
        }
        None
    }

    /// What the bindings of a name come to, one after the other.
    pub(super) fn bound(&mut self, file: usize, class: Option<ClassId>, bounds: &[Bound<'a>]) -> Option<Value> {
        let mut found: Option<Value> = None;
        let mut frame = Frame { class, ..Frame::of_module(file) };
        for bound in bounds {
            let (value, sometimes) = match *bound {
                Bound::Class(id) => {
                    let span = self.code.class(id).class.name_span;
                    // A class that is declared under a condition stands for the first of its name.
                    (self.node(&frame, Kind::Class(id), span), false)
                }
                Bound::Function(id) => {
                    let span = self.code.function(id).function.name_span;
                    (self.node(&frame, Kind::Function(id, None), span), false)
                }
                Bound::Import(import) => (self.imported(file, import), found.is_some()),
                Bound::Value { value: Some(value), sometimes, .. } => {
                    (self.expr(&mut frame, value), sometimes && found.is_some())
                }
                Bound::Value { value: None, .. } => continue,
                Bound::Augment(op, value) => {
                    let Some(left) = found.take() else { continue };
                    let right = self.expr(&mut frame, value);
                    (self.binary(&frame, left, op, right, value.span), false)
                }
            };
            found = Some(match found {
                Some(known) if sometimes => join(&known, &value),
                _ => value,
            });
        }
        found
    }

    /// The module that a call loads by its name or by its file.
    pub(super) fn loaded(&self, file: usize, call: &Call, place: HostSpan) -> Option<Value> {
        let first = call.positional.first()?;
        match call.callee.external()? {
            "importlib.import_module" | "import_module" | "__import__" => {
                let path = first.text()?;
                let above = path.chars().take_while(|char| *char == '.').count();
                let module = path[above..].split('.').map(Name::from).collect();
                let above = u16::try_from(above).ok().filter(|above| *above > 0);
                let span = Span { start: place.start, end: place.end };
                let import = Import { module, above, item: None, bound: None, span };
                Some(module_value(&self.code.import(file, &import), place))
            }
            "importlib.util.module_from_spec" | "module_from_spec" => {
                let spec = first.call()?;
                if !spec.callee.external()?.ends_with("spec_from_file_location") {
                    return None;
                }
                let path = path_end(spec.argument(1, "location")?)?;
                let number = self.code.ending(file, &path)?;
                Some(Rc::new(Node { kind: Kind::Module(number), place }))
            }
            _ => None,
        }
    }

    pub(super) fn imported(&mut self, file: usize, import: &Import) -> Value {
        let place = self.code.place(file, import.span);
        let named = self.code.import(file, import);
        match &import.item {
            Some(item) => self.member_of(&named, item, place),
            None => module_value(&named, place),
        }
    }

    fn member_of(&mut self, named: &Named<'a>, item: &Name, place: HostSpan) -> Value {
        let found = match named {
            Named::Module(other) => {
                let value = self.global(*other, item);
                value.or_else(|| Some(module_value(&self.code.submodule(*other, item)?, place)))
            }
            Named::Folder(folder) => {
                let path = if folder.is_empty() { item.to_string() } else { format!("{folder}/{item}") };
                self.code.at(&path).map(|named| module_value(&named, place))
            }
            Named::External(path) if path.is_empty() => Some(external(item.to_string(), place)),
            Named::External(path) => Some(external(format!("{path}.{item}"), place)),
        };
        // A module that no front end reads: who it is shows only its path.
        found.unwrap_or_else(|| match named {
            Named::Module(other) => {
                let path = self.code.files[*other].path.as_str();
                external(format!("{}.{item}", path.trim_end_matches(".py").replace('/', ".")), place)
            }
            Named::Folder(folder) => external(format!("{}.{item}", folder.replace('/', ".")), place),
            Named::External(_) => Rc::new(Node { kind: Kind::Unknown, place }),
        })
    }

    /// What an attribute of a value stands for.
    pub fn attribute(&mut self, of: &Value, name: &Name, name_place: HostSpan, place: HostSpan) -> Value {
        let plain = |of: &Value| {
            let kind = Kind::Attribute { of: Rc::clone(of), name: name.clone(), name_place };
            Rc::new(Node { kind, place })
        };
        match &of.kind {
            Kind::External(path) => Rc::new(Node { kind: Kind::External(Name::from(format!("{path}.{name}"))), place }),
            Kind::Module(file) => self.member_of(&Named::Module(*file), name, place),
            Kind::Folder(folder) => {
                let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
                let code = self.code;
                code.at(&path).map_or_else(|| plain(of), |named| module_value(&named, place))
            }
            Kind::Class(id) => self.member(*id, name, of).unwrap_or_else(|| plain(of)),
            Kind::Attribute { of: owner, name: member, .. }
                if matches!(owner.kind, Kind::Class(_)) && **name == *"value" =>
            {
                let Kind::Class(id) = owner.kind else { return plain(of) };
                self.class_value(id, member).filter(is_constant).unwrap_or_else(|| plain(of))
            }
            _ => match self.class_of(of) {
                Some(id) => {
                    let member = self.member(id, name, of).or_else(|| self.own(id, name));
                    member.unwrap_or_else(|| plain(of))
                }
                None => plain(of),
            },
        }
    }

    /// The class that a value is an object of, where that is plain.
    pub fn class_of(&mut self, value: &Value) -> Option<ClassId> {
        match &value.kind {
            Kind::Receiver(id) => Some(*id),
            Kind::Call(call) => match call.callee.kind {
                Kind::Class(id) => Some(id),
                _ => None,
            },
            Kind::Parameter { annotation: Some(annotation), .. } => self.class_named(annotation),
            _ => None,
        }
    }

    /// The class that a type names: `Repo`, `Optional[Repo]`, `Annotated[Repo, …]`, `Repo | None`.
    fn class_named(&mut self, annotation: &Value) -> Option<ClassId> {
        match &annotation.kind {
            Kind::Class(id) => Some(*id),
            Kind::Index { of, at } => {
                let wrapper = of.external().and_then(|path| path.rsplit('.').next())?;
                if !matches!(wrapper, "Optional" | "Annotated" | "Type" | "type") {
                    return None;
                }
                match &at.kind {
                    Kind::List(items) => self.class_named(items.first()?),
                    _ => self.class_named(at),
                }
            }
            Kind::Binary { left, right, .. } => self.class_named(left).or_else(|| self.class_named(right)),
            _ => None,
        }
    }

    /// A method, a nested class or a constant of a class; anything else stays an attribute of it.
    fn member(&mut self, id: ClassId, name: &Name, of: &Value) -> Option<Value> {
        for class in self.line(id).iter().copied() {
            let entry = self.code.class(class);
            let bounds = entry.scope.get(name);
            let last = match bounds.last() {
                Some(Bound::Value { value: None, .. }) | None => continue,
                Some(last) => *last,
            };
            return match last {
                Bound::Function(function) => Some(self.method(function, of)),
                Bound::Class(inner) => {
                    let span = self.code.class(inner).class.name_span;
                    let place = self.code.place(entry.file, span);
                    Some(Rc::new(Node { kind: Kind::Class(inner), place }))
                }
                _ if self.is_enumeration(id) => None,
                _ => self.class_value(class, name).filter(is_constant),
            };
        }
        None
    }

    fn method(&mut self, id: FunctionId, of: &Value) -> Value {
        let function = Rc::new(Node { kind: Kind::Function(id, Some(Rc::clone(of))), place: of.place });
        let decorators = &self.code.function(id).function.decorators;
        let is_read = |decorator: &Expr| is_named(decorator, "property") || is_named(decorator, "cached_property");
        if !matches!(of.kind, Kind::Class(_)) && decorators.iter().any(is_read) {
            let callee = Rc::clone(&function);
            let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
            if let Some(value) = self.returned(id, Some(of), &call) {
                return value;
            }
        }
        function
    }

    /// The value of a class's own attribute.
    pub fn class_value(&mut self, id: ClassId, name: &Name) -> Option<Value> {
        let entry = self.code.class(id);
        let bounds = entry.scope.get(name);
        if bounds.is_empty() {
            return None;
        }
        let key = (id, name.clone());
        if let Some(known) = self.class_values.get(&key) {
            return Some(Rc::clone(known));
        }
        if !self.open_classes.insert(key.clone()) {
            return None;
        }
        let found = self.bound(entry.file, Some(id), bounds);
        self.open_classes.remove(&key);
        if let Some(value) = &found {
            self.class_values.insert(key, Rc::clone(value));
        }
        found
    }

    /// The value of an attribute of a class or of one that it is made from, with the class that has it.
    pub fn inherited(&mut self, id: ClassId, name: &Name) -> Option<(ClassId, Value)> {
        let lineage = self.lineage(id);
        lineage.into_iter().find_map(|class| Some((class, self.class_value(class, name)?)))
    }

    /// The class and those of the code base that it is made from, the nearest first.
    pub fn lineage(&mut self, id: ClassId) -> Vec<ClassId> {
        self.line(id).to_vec()
    }

    /// The lineage of a class, found once.
    fn line(&mut self, id: ClassId) -> Rc<[ClassId]> {
        if let Some(known) = self.lineages.get(&id) {
            return Rc::clone(known);
        }
        let mut lineage = vec![id];
        let mut at = 0;
        while let Some(class) = lineage.get(at).copied() {
            for base in self.bases(class) {
                if let Kind::Class(base) = base.kind
                    && !lineage.contains(&base)
                {
                    lineage.push(base);
                }
            }
            at += 1;
        }
        let lineage: Rc<[ClassId]> = lineage.into();
        // In the middle of a name that is made from itself less is known.
        if self.open.is_empty() && self.open_classes.is_empty() && self.calling.is_empty() {
            self.lineages.insert(id, Rc::clone(&lineage));
        }
        lineage
    }

    /// What a class is made from.
    pub fn bases(&mut self, id: ClassId) -> Vec<Value> {
        let entry = self.code.class(id);
        let (file, class) = (entry.file, entry.class);
        let mut frame = Frame::of_module(file);
        let read = |base: &Expr| match &base.kind {
            // `Base[int]`, `Generic[T]`
            ExprKind::Index { of, .. } => self.expr(&mut frame, of),
            _ => self.expr(&mut frame, base),
        };
        class.bases.iter().map(read).collect()
    }

    /// Whether a class is an enumeration, by what it is made from.
    pub fn is_enumeration(&mut self, id: ClassId) -> bool {
        let lineage = self.lineage(id);
        let is_enum = |base: &Value| {
            let name = base.external().and_then(|path| path.rsplit('.').next());
            name.is_some_and(|name| name.ends_with("Enum") || name.ends_with("Choices"))
        };
        lineage.into_iter().any(|class| self.bases(class).iter().any(is_enum))
    }

    /// What the methods of a class bind an attribute of their object to.
    fn own(&mut self, id: ClassId, name: &Name) -> Option<Value> {
        let key = (id, name.clone());
        if let Some(known) = self.attributes.get(&key) {
            return known.clone();
        }
        self.attributes.insert(key.clone(), None);
        let found = self.find_own(id, name);
        self.attributes.insert(key, found.clone());
        found
    }

    fn find_own(&mut self, id: ClassId, name: &Name) -> Option<Value> {
        let is_declared = |bound: &Bound<'_>| matches!(bound, Bound::Value { value: Some(_), .. });
        // What the class itself says about it (a column, a field) holds more than what one method sets it to.
        if self.lineage(id).iter().any(|class| self.code.class(*class).scope.get(name).iter().any(is_declared)) {
            return None;
        }
        for class in self.lineage(id) {
            let methods = self.code.class(class).scope.names().flat_map(|(_, bounds)| bounds.to_vec());
            let methods = methods.filter_map(|bound| match bound {
                Bound::Function(id) => Some(id),
                _ => None,
            });
            let mut methods: Vec<FunctionId> = methods.collect();
            methods.sort_by_key(|id| *self.code.function(*id).function.name != *"__init__");
            for method in methods {
                let entry = self.code.function(method);
                let Some(receiver) = entry.function.parameters.first() else { continue };
                let Some(value) = bound_to(&entry.function.body, &receiver.name, name) else { continue };
                let mut frame = self.frame(method);
                let of = self.receiver(entry.file, entry.function, class);
                self.bind_parameters(&mut frame, entry.function, Some(of), None);
                let value = self.expr(&mut frame, value);
                // What a later method sets (`self.status = "up"`) is not what another one finds.
                let is_made = *entry.function.name == *"__init__" || !(is_constant(&value) || value.is_null());
                return is_made.then_some(value);
            }
        }
        None
    }
}

/// Functions of Python that no star brings.
const BUILT_IN: &[&str] = &[
    "all",
    "any",
    "bool",
    "dict",
    "enumerate",
    "filter",
    "float",
    "getattr",
    "hasattr",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "print",
    "range",
    "reversed",
    "set",
    "setattr",
    "sorted",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];

/// The first value that a block binds an attribute of a name to.
fn bound_to<'b>(body: &'b [Stmt], of: &Name, attribute: &Name) -> Option<&'b Expr> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { target: Expr { kind: ExprKind::Attribute { of: owner, name, .. }, .. }, value, .. } => {
            let is_it = name == attribute && matches!(&owner.kind, ExprKind::Name(owner) if owner == of);
            value.as_ref().filter(|_| is_it)
        }
        StmtKind::If { then, otherwise, .. } => {
            bound_to(then, of, attribute).or_else(|| bound_to(otherwise, of, attribute))
        }
        StmtKind::With { body, .. } => bound_to(body, of, attribute),
        _ => None,
    })
}

fn external(path: String, place: HostSpan) -> Value {
    Rc::new(Node { kind: Kind::External(Name::from(path)), place })
}

fn module_value(named: &Named<'_>, place: HostSpan) -> Value {
    let kind = match named {
        Named::Module(file) => Kind::Module(*file),
        Named::Folder(folder) => Kind::Folder(Name::from(*folder)),
        Named::External(path) => Kind::External(Name::from(path.as_str())),
    };
    Rc::new(Node { kind, place })
}

/// The end of a path, as far as it is written out.
fn path_end(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Text(_) => value.text(),
        Kind::Call(call) => {
            let parts: Vec<String> = call.positional.iter().rev().map_while(|part| part.text()).collect();
            let joined = parts.into_iter().rev().collect::<Vec<_>>().join("/");
            (!joined.is_empty()).then_some(joined)
        }
        Kind::Binary { left, right, .. } => {
            let end = right.text()?;
            Some(path_end(left).map_or_else(|| end.clone(), |before| format!("{before}/{end}")))
        }
        _ => None,
    }
}

/// Says whether a value is written out: what a class has of these stands for itself.
fn is_constant(value: &Value) -> bool {
    match &value.kind {
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Class(_) => true,
        Kind::List(items) => items.iter().all(is_constant),
        _ => false,
    }
}
