//! Managers: what their querysets hold from the start, and the methods that the code gives them.

use std::rc::Rc;

use super::super::models::{FieldKind, Manager, ManagerClass, Model};
use super::Reader;
use super::condition::Condition;
use super::path::other_ends;
use super::set::Set;
use crate::host::code::Bound;
use crate::host::value::{Call, ClassId, FunctionId, Kind, Node, Value};
use crate::ir::Name;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

impl Reader<'_, '_, '_> {
    /// The queryset of a manager of a model, with what its `get_queryset` says.
    pub(super) fn managed(&mut self, model: ClassId, name: &str, value: &Value) -> Option<Set> {
        let of = self.models.of_class(model)?;
        if name == "_base_manager" {
            return self.all(model, value.place);
        }
        let name = if name == "_default_manager" { &*of.default_manager } else { name };
        match self.manager_named(of, name) {
            Some(manager) => self.of_manager(model, &manager.made_from, value),
            None if name == "objects" => self.all(model, value.place),
            None => None,
        }
    }

    fn manager_named(&mut self, model: &Model, name: &str) -> Option<Manager> {
        let mut at = Some(model);
        let mut left = 4;
        while let Some(model) = at.filter(|_| left > 0) {
            if let Some(manager) = model.managers.iter().find(|manager| *manager.name == *name) {
                let (class, mut manager) = (model.class, manager.clone());
                if matches!(manager.made_from, ManagerClass::External(_)) {
                    manager.made_from = self.handed_in(class, name).unwrap_or(manager.made_from);
                }
                return Some(manager);
            }
            at = model.proxy_of.or(model.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        None
    }

    /// `ScopedManager(_manager_class=BookManager)`: a package's manager that is told which class to be.
    fn handed_in(&mut self, model: ClassId, name: &str) -> Option<ManagerClass> {
        let value = self.class_attribute(model, name)?;
        let call = value.call()?;
        let arguments = call.positional.iter().chain(call.named.iter().map(|(_, value)| value));
        let classes: Vec<ClassId> = arguments
            .filter_map(|value| match value.kind {
                Kind::Class(class) => Some(class),
                _ => None,
            })
            .collect();
        classes.into_iter().find(|class| self.is_manager_class(*class)).map(ManagerClass::Class)
    }

    fn of_manager(&mut self, model: ClassId, made_from: &ManagerClass, value: &Value) -> Option<Set> {
        let class = match made_from {
            ManagerClass::External(_) | ManagerClass::QuerySet(_) | ManagerClass::FromQuerySet(None, _) => None,
            ManagerClass::Class(class) | ManagerClass::FromQuerySet(Some(class), _) => Some(*class),
        };
        let found = class.and_then(|class| {
            let method = self.defined(&[class], "get_queryset").or_else(|| self.defined(&[class], "get_query_set"))?;
            Some((class, method))
        });
        let Some((class, method)) = found else { return self.all(model, value.place) };
        let call =
            Call { callee: Rc::clone(value), positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
        self.managing.push((class, model, Rc::clone(value)));
        let returned = self.cx.evaluator.followed(method, value, &call);
        let set = returned.and_then(|returned| self.set(&returned));
        self.managing.pop();
        if set.is_some() {
            return set;
        }
        let mut set = self.all(model, value.place)?;
        let what = format!("what `{}` adds", self.cx.evaluator.code.class(class).class.name);
        set.lost_condition("dynamic-queryset", what, value.place);
        Some(set)
    }

    /// The queryset class's own call: `BookQuerySet(self.model, using=self._db)`.
    pub(super) fn made(&mut self, class: ClassId, call: &Call, place: HostSpan) -> Option<Set> {
        if !self.is_queryset_class(class) {
            return None;
        }
        let said = call.argument(0, "model").and_then(|model| self.class(&Rc::clone(model)));
        let model = said.or_else(|| self.managing.last().map(|(_, model, _)| *model))?;
        self.all(model, place)
    }

    fn is_queryset_class(&mut self, class: ClassId) -> bool {
        self.is_made_from(class, &["QuerySet"])
    }

    /// Says whether a class is one of managers or querysets.
    pub(super) fn is_manager_class(&mut self, class: ClassId) -> bool {
        self.is_made_from(class, &["QuerySet", "Manager"])
    }

    /// A class and those that it is made from, `Manager.from_queryset(BookQuerySet)` included.
    pub(super) fn lineage(&mut self, class: ClassId) -> Vec<ClassId> {
        let mut lineage = vec![class];
        let mut at = 0;
        while let Some(class) = lineage.get(at).copied() {
            at += 1;
            for base in self.cx.evaluator.bases(class) {
                let given = base.call().map(|call| call.positional.clone()).unwrap_or_default();
                let made = base.method().map(|(_, _, of, _)| std::rc::Rc::clone(of));
                for value in std::iter::once(base).chain(made).chain(given) {
                    if let Kind::Class(class) = value.kind
                        && !lineage.contains(&class)
                    {
                        lineage.push(class);
                    }
                }
            }
        }
        lineage
    }

    /// Says whether a class derives from one outside of the code base whose name ends so.
    fn is_made_from(&mut self, class: ClassId, endings: &[&str]) -> bool {
        self.lineage(class).into_iter().any(|class| {
            let bases = self.cx.evaluator.bases(class);
            bases.iter().any(|base| {
                // `Manager.from_queryset(QuerySet)` as a base.
                let base = base.method().map_or(base, |(_, _, of, _)| of);
                let path = base.external().or_else(|| base.call()?.callee.external()?.strip_suffix(".from_queryset"));
                let name = path.and_then(|path| path.rsplit('.').next());
                name.is_some_and(|name| endings.iter().any(|ending| name.ends_with(ending)))
            })
        })
    }

    /// The model whose manager or queryset a class is, if it is that of one alone.
    pub(super) fn model_of_manager(&mut self, class: ClassId) -> Option<ClassId> {
        if let Some((_, model, _)) = self.managing.last().filter(|(known, ..)| *known == class) {
            return Some(*model);
        }
        let uses = |manager: &Manager| manager_classes(&manager.made_from).contains(&class);
        let mut using = self.models.iter().filter(|model| model.managers.iter().any(uses)).map(|model| model.class);
        let first = using.next()?;
        using.next().is_none().then_some(first)
    }

    /// The classes whose methods the querysets of a model have.
    fn classes_of(&mut self, set: &Set) -> Vec<ClassId> {
        let mut classes = Vec::new();
        let mut at = self.models.of_class(set.model);
        let mut left = 4;
        while let Some(model) = at.filter(|_| left > 0) {
            for manager in &model.managers {
                let told = match manager.made_from {
                    ManagerClass::External(_) => self.handed_in(model.class, &manager.name),
                    _ => None,
                };
                classes.extend(manager_classes(told.as_ref().unwrap_or(&manager.made_from)));
            }
            at = model.proxy_of.or(model.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        classes
    }

    /// The first method of a name in classes and what they are made from.
    fn defined(&mut self, classes: &[ClassId], name: &str) -> Option<FunctionId> {
        for class in classes {
            for class in self.lineage(*class) {
                if let Some(Bound::Function(id)) = self.cx.evaluator.code.class(class).scope.get(name).last() {
                    return Some(*id);
                }
            }
        }
        None
    }

    /// What a method of the code's own manager or queryset class returns.
    pub(super) fn custom_value(&mut self, set: &Set, of: &Value, name: &Name, call: &Call) -> Option<Value> {
        let classes = self.classes_of(set);
        let found = self.defined(&classes, name);
        // `get_queryset` of a manager may give a queryset of a class that no model names.
        let method = match found {
            Some(method) => method,
            None => {
                let classes = self.queryset_classes(&classes);
                self.defined(&classes, name)?
            }
        };
        let class = self.cx.evaluator.code.function(method).class?;
        self.managing.push((class, set.model, Rc::clone(of)));
        let returned = self.returned(method, of, call);
        self.managing.pop();
        returned
    }

    /// The queryset classes that the `get_queryset` of managers make.
    fn queryset_classes(&mut self, managers: &[ClassId]) -> Vec<ClassId> {
        let mut classes = Vec::new();
        for manager in managers {
            let Some(method) = self.defined(&[*manager], "get_queryset") else { continue };
            let place = HostSpan { file: self.cx.evaluator.code.files[0].file, start: 0, end: 0 };
            let receiver = Rc::new(Node { kind: Kind::Receiver(*manager), place });
            let callee = Rc::clone(&receiver);
            let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
            let mut returned = self.cx.evaluator.followed(method, &receiver, &call);
            while let Some(value) = returned {
                if let Some(call) = value.call()
                    && let Kind::Class(class) = call.callee.kind
                {
                    classes.push(class);
                }
                returned = value.made_from().cloned();
            }
        }
        classes
    }

    /// The queryset that a method of the code's own manager or queryset class returns.
    pub(super) fn custom(&mut self, set: &Set, of: &Value, name: &Name, call: &Call) -> Option<Set> {
        self.deeper(|reader| {
            let returned = reader.custom_value(set, of, name, call)?;
            let class = reader.class_at(returned.place)?;
            reader.managing.push((class, set.model, Rc::clone(of)));
            let set = reader.set(&returned);
            reader.managing.pop();
            set
        })
    }

    /// `super().method(…)`: the method of the next class, or Django's own.
    pub(super) fn inherited(&mut self, of: &Value, name: &Name, call: &Call, value: &Value) -> Option<Set> {
        let class = self.class_at(of.place)?;
        let above: Vec<ClassId> = self.lineage(class).into_iter().skip(1).collect();
        let context = self.managing.last().cloned();
        let (model, receiver) = match context {
            Some((_, model, receiver)) => (Some(model), Some(receiver)),
            None => (self.model_of_manager(class), None),
        };
        if let Some(method) = self.defined(&above, name) {
            let place = value.place;
            let receiver = receiver.unwrap_or_else(|| Rc::new(Node { kind: Kind::Receiver(class), place }));
            let returned = self.cx.evaluator.followed(method, &receiver, call)?;
            return self.deeper(|reader| reader.set(&returned));
        }
        match (&**name, model) {
            ("get_queryset" | "get_query_set", Some(model)) => self.all(model, value.place),
            ("get_queryset" | "get_query_set", None) => self.of_view(class, value),
            (_, Some(_)) => {
                let set = match receiver {
                    Some(receiver) => self.deeper(|reader| reader.set(&receiver))?,
                    None => self.all(model?, value.place)?,
                };
                match self.method(set, name, call, value.place)? {
                    super::method::Called::Set(set) => Some(*set),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The queryset that a method of a class gives without being told anything.
    pub(super) fn given(&mut self, class: ClassId, method: &str, place: HostSpan) -> Option<Set> {
        let method = self.defined(&[class], method)?;
        let receiver = Rc::new(Node { kind: Kind::Receiver(class), place });
        let callee = Rc::clone(&receiver);
        let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
        let returned = self.cx.evaluator.followed(method, &receiver, &call)?;
        self.deeper(|reader| reader.set(&returned))
    }

    /// What Django's own views and viewsets ask: their `queryset`, or all rows of their `model`.
    pub(super) fn of_view(&mut self, class: ClassId, value: &Value) -> Option<Set> {
        if let Some(queryset) = self.class_attribute(class, "queryset") {
            return self.deeper(|reader| reader.set(&queryset));
        }
        let model = self.class_attribute(class, "model")?;
        let model = self.models.of_value(&model)?.class;
        let manager = self.models.of_class(model)?.default_manager.clone();
        let set = self.managed(model, &manager, value);
        set.or_else(|| self.all(model, value.place))
    }

    /// The class whose method stands at a place.
    pub(super) fn class_at(&self, place: HostSpan) -> Option<ClassId> {
        let code = self.cx.evaluator.code;
        let mut nearest: Option<(u32, ClassId)> = None;
        for id in code.functions_of(code.position(place.file)?) {
            let entry = code.function(id);
            let span = entry.function.name_span;
            if let Some(class) = entry.class.filter(|_| span.start <= place.start)
                && nearest.is_none_or(|(start, _)| start < span.start)
            {
                nearest = Some((span.start, class));
            }
        }
        nearest.map(|(_, class)| class)
    }

    /// The rows that a relation of one object leads to: `author.books`, `book.tags`.
    pub(super) fn related(&mut self, owner: ClassId, of: &Value, name: &str, value: &Value) -> Option<Set> {
        let mut model = Some(self.models.of_class(owner)?);
        let mut left = 4;
        while let Some(at) = model.filter(|_| left > 0) {
            let forward = at.fields.iter().find(|field| *field.name == *name);
            if let Some(field) = forward {
                let relation = field.relation.as_ref()?;
                let is_many = relation.many.is_some() || matches!(field.kind, FieldKind::GenericRelation(..));
                return if is_many { self.of_many(at, &field.name, relation.to, of, value) } else { None };
            }
            let ends: Vec<_> = other_ends(self.models, at).collect();
            let is_it = |field: &super::super::models::Field| {
                field.relation.as_ref().and_then(|relation| relation.accessor.as_deref()) == Some(name)
            };
            if let Some((from, field)) = ends.into_iter().find(|(_, field)| is_it(field)) {
                if field.kind == FieldKind::OneToOne {
                    return None;
                }
                let mut set = self.default_set(from.class, value)?;
                let condition = Condition::lookup(&*field.name, value.place, of);
                self.filter(&mut set, condition);
                set.sticky = Some(set.tables.inner());
                return Some(set);
            }
            model = at.proxy_of.or(at.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        None
    }

    /// The rows of a relation whose other end has a name that Django made up (`book_set`), of an object that nothing
    /// tells: the name says the table, and the key where only one leads there.
    pub(super) fn of_accessor(&mut self, of: &Value, name: &str, value: &Value) -> Option<Set> {
        let models = self.models;
        let fields = models.iter().flat_map(|model| model.fields.iter().map(move |field| (model, field)));
        let mut found = fields.filter(|(model, field)| {
            let relation = field.relation.as_ref();
            let accessor = relation.filter(|of| of.many.is_none()).and_then(|of| of.accessor.as_deref());
            model.proxy_of.is_none() && accessor == Some(name)
        });
        let (model, field) = found.next()?;
        let mut set = self.default_set(model.class, value)?;
        match found.next() {
            None => {
                let condition = Condition::lookup(&*field.name, value.place, of);
                self.filter(&mut set, condition);
            }
            Some((other, _)) if other.class == model.class => {
                set.lost_condition("dynamic-filter", format!("the key behind `{name}`"), value.place);
            }
            Some(_) => return None,
        }
        Some(set)
    }

    fn default_set(&mut self, model: ClassId, value: &Value) -> Option<Set> {
        let manager = self.models.of_class(model)?.default_manager.clone();
        let set = self.managed(model, &manager, value);
        set.or_else(|| self.all(model, value.place))
    }

    fn of_many(&mut self, model: &Model, field: &str, to: ClassId, of: &Value, value: &Value) -> Option<Set> {
        let mut set = self.default_set(to, value)?;
        let back = model.field(field)?.relation.as_ref()?;
        let FieldKind::GenericRelation(kind, id) = &model.field(field)?.kind else {
            // The other end has a name in lookups even where it has no attribute.
            let through = back.many.as_ref()?;
            let key = self.models.of_class(to)?.key()?.column.clone();
            let step = super::path::Step {
                to: None,
                table: through.table.clone(),
                from: key,
                own: through.other.clone(),
                many: true,
                nullable: true,
                content_type: None,
                kinds: None,
            };
            let table = set.tables.join(0, &step, None, value.place);
            set.tables.demote(&std::iter::once(table).collect());
            let column = self.writer(value.place).column(set.tables.alias(table), &through.own, value.place);
            set.conditions.push(column.then(" = ").and(Sql::param(value.place)));
            set.sticky = Some(std::iter::once(table).collect());
            return Some(set);
        };
        let target = self.models.of_class(to)?;
        for field in [target.field(kind)?, target.field(id)?] {
            let column = self.writer(value.place).column(set.tables.alias(0), &field.column, value.place);
            set.conditions.push(column.then(" = ").and(Sql::param(of.place)));
        }
        Some(set)
    }
}

fn manager_classes(made_from: &ManagerClass) -> Vec<ClassId> {
    match made_from {
        ManagerClass::External(_) => Vec::new(),
        ManagerClass::Class(class) | ManagerClass::QuerySet(class) | ManagerClass::FromQuerySet(None, class) => {
            vec![*class]
        }
        ManagerClass::FromQuerySet(Some(manager), class) => vec![*manager, *class],
    }
}
