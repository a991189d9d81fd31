//! What a value is to Django: a queryset or manager, an object of a model, a model.

use std::rc::Rc;

use super::super::models::{FieldKind, Model};
use super::expression::class_of_django;
use super::set::Set;
use super::{MAX_DEPTH, Reader};
use crate::host::value::{Call, ClassId, Kind, Node, Value};
use crate::ir::{BinaryOp, Name};
use crate::source::HostSpan;

impl Reader<'_, '_, '_> {
    /// The queryset that a value is.
    pub(super) fn set(&mut self, value: &Value) -> Option<Set> {
        self.deeper(|reader| {
            let value = &reader.picked(value);
            match &value.kind {
                Kind::Attribute { of, name, .. } => reader.set_of_attribute(value, of, name),
                Kind::Call(call) => reader.set_of_call(value, call),
                Kind::Index { of, at } => match &at.kind {
                    Kind::Slice { start, stop } => {
                        let set = reader.set(of)?;
                        Some(reader.sliced(set, start.as_ref(), stop.as_ref(), at.place))
                    }
                    _ => None,
                },
                Kind::Binary { left, op: op @ (BinaryOp::BitOr | BinaryOp::BitAnd), right } => {
                    let (left, right) = (reader.set(left)?, reader.set(right)?);
                    reader.merged(left, right, *op, value.place)
                }
                Kind::Receiver(class) => reader.set_of_receiver(*class, value.place),
                Kind::Parameter { annotation: Some(annotation), .. } => reader.set_of_type(annotation, value.place),
                _ => None,
            }
        })
    }

    /// The value that is taken where several may be; a path into a model of Django's own becomes what it is of one of
    /// the code (`django.contrib.auth.models.User.objects.filter`).
    pub(super) fn picked(&self, value: &Value) -> Value {
        let value = self.ways.pick(value);
        let unfolded = match &value.kind {
            Kind::External(path) => self.unfolded(path, value.place),
            Kind::Call(call) => call.callee.external().and_then(|path| {
                let callee = self.unfolded(path, call.callee.place)?;
                let kind = Kind::Call(Call { callee, ..call.clone() });
                Some(Rc::new(Node { kind, place: value.place }))
            }),
            _ => None,
        };
        unfolded.unwrap_or_else(|| Rc::clone(value))
    }

    fn unfolded(&self, path: &str, place: HostSpan) -> Option<Value> {
        let at = path.find(".objects").or_else(|| path.find("._default_manager"))?;
        let model = Rc::new(Node { kind: Kind::External(Name::from(&path[..at])), place });
        self.models.of_value(&model)?;
        let attribute = |of: Value, name: &str| {
            let kind = Kind::Attribute { of, name: Name::from(name), name_place: place };
            Rc::new(Node { kind, place })
        };
        Some(path[at + 1..].split('.').fold(model, attribute))
    }

    /// Whether what is read may compute something under a name, on one of the ways to it or out of sight.
    pub(super) fn may_be_annotated(&self, name: &str) -> bool {
        self.whole.as_ref().is_some_and(|whole| computes(whole, name, MAX_DEPTH))
    }

    /// Says whether a value may be a queryset, without reading it.
    pub(super) fn may_be_set(&self, value: &Value) -> bool {
        matches!(
            value.kind,
            Kind::Attribute { .. } | Kind::Call(_) | Kind::Index { .. } | Kind::Binary { .. } | Kind::Parameter { .. }
        )
    }

    /// Runs something a level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = run(self);
        self.depth -= 1;
        found
    }

    /// Runs something as it is asked within a query around it.
    pub(super) fn within<T>(&mut self, set: &mut Set, run: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let model = self.models.of_class(set.model)?;
        let hollow = Set::new(model.class, &model.table, 0, set.tables.base().place);
        self.outers.push(std::mem::replace(set, hollow));
        let found = run(self);
        if let Some(outer) = self.outers.pop() {
            *set = outer;
        }
        found
    }

    /// All rows of a model.
    pub(super) fn all(&self, model: ClassId, place: HostSpan) -> Option<Set> {
        let model = self.models.of_class(model)?;
        Some(Set::new(model.class, &model.table, self.outers.len(), place))
    }

    fn set_of_attribute(&mut self, value: &Value, of: &Value, name: &str) -> Option<Set> {
        if let Some(model) = self.class(of) {
            if let Some(set) = self.managed(model, name, value) {
                return Some(set);
            }
            let is_class = matches!(self.ways.pick(of).kind, Kind::Class(_));
            return if is_class { None } else { self.related(model, of, name, value) };
        }
        if let Some(model) = self.row(of).or_else(|| self.named_alike(of)) {
            return self.related(model, of, name, value);
        }
        if name.ends_with("_set") {
            return self.of_accessor(of, name, value);
        }
        match &self.ways.pick(of).kind {
            // `queryset = …` of a view's class.
            Kind::Receiver(class) if matches!(name, "queryset" | "object_list") => {
                let queryset = self.class_attribute(*class, "queryset")?;
                self.set(&queryset)
            }
            _ => None,
        }
    }

    fn set_of_call(&mut self, value: &Value, call: &Call) -> Option<Set> {
        match &call.callee.kind {
            Kind::Attribute { of, name, .. } => {
                if is_super(of) {
                    return self.inherited(of, name, call, value);
                }
                if matches!(&**name, "get_queryset" | "get_query_set" | "_next" | "_clone" | "_chain")
                    && let Some(set) = self.set(of)
                {
                    return Some(set);
                }
                let set = self.set_through(of)?;
                match self.method(set, name, call, value.place)? {
                    super::method::Called::Set(set) => Some(*set),
                    super::method::Called::Custom(set) => self.custom(&set, of, name, call),
                    super::method::Called::Sent => None,
                }
            }
            Kind::Class(class) => self.made(*class, call, value.place),
            Kind::External(_) if class_of_django(&call.callee) == Some("QuerySet") => {
                let model = self.class(call.argument(0, "model")?)?;
                self.all(model, value.place)
            }
            Kind::External(path) => match (&**path, call.positional.first()) {
                ("list" | "sorted" | "reversed" | "tuple" | "set", Some(_)) => None,
                ("typing.cast" | "cast", _) => self.set(call.positional.get(1)?),
                (path, Some(first)) if path.ends_with("shortcuts._get_queryset") => self.target(first),
                _ => None,
            },
            _ => None,
        }
    }

    /// What `get_object_or_404(…)` takes: a model, a manager or a queryset.
    pub(super) fn target(&mut self, value: &Value) -> Option<Set> {
        let value = &self.picked(value);
        match self.models.of_value(value).map(|model| model.class) {
            Some(model) => {
                let manager = self.models.of_class(model)?.default_manager.clone();
                self.managed(model, &manager, value).or_else(|| self.all(model, value.place))
            }
            None => self.set(value),
        }
    }

    fn set_of_receiver(&mut self, class: ClassId, place: HostSpan) -> Option<Set> {
        let model = self.model_of_manager(class)?;
        self.all(model, place)
    }

    /// `QuerySet[Book]`, `"QuerySet[Book]"`: rows of a model, with conditions that are not known.
    fn set_of_type(&mut self, annotation: &Value, place: HostSpan) -> Option<Set> {
        let (of, at) = match &annotation.kind {
            Kind::Index { of, at } => (of, at),
            _ => return None,
        };
        let path = of.external()?;
        if !path.rsplit('.').next().is_some_and(|name| matches!(name, "QuerySet" | "Manager" | "BaseManager")) {
            return None;
        }
        let of = match &at.kind {
            Kind::List(items) => items.first()?,
            _ => at,
        };
        let model = self.models.of_value(of)?.class;
        let mut set = self.all(model, place)?;
        set.lost_condition("dynamic-queryset", "a queryset that is handed in", place);
        Some(set)
    }

    /// The model that a value is, as a class or as an object of it that its class is asked of.
    pub(super) fn class(&mut self, value: &Value) -> Option<ClassId> {
        self.deeper(|reader| {
            let value = &reader.picked(value);
            if let Some(model) = reader.models.of_value(value) {
                return Some(model.class);
            }
            match &value.kind {
                Kind::Receiver(class) => reader.models.of_class(*class).map(|model| model.class),
                Kind::Attribute { of, name, .. } => match &**name {
                    "model" | "_model" => reader.model_attribute(of, name),
                    "__class__" => reader.row(of),
                    "through" => reader.between(of),
                    _ => None,
                },
                Kind::Call(call) => match (call.callee.external(), call.positional.first()) {
                    (Some("type"), Some(of)) => reader.row(of),
                    _ => None,
                },
                _ => None,
            }
        })
    }

    /// `Book.tags.through`, `book.tags.through`: the model of the table between.
    fn between(&mut self, value: &Value) -> Option<ClassId> {
        let value = &self.picked(value);
        let Kind::Attribute { of, name, .. } = &value.kind else { return None };
        let owner = self.class(of).or_else(|| self.row(of)).or_else(|| self.named_alike(of))?;
        let mut at = self.models.of_class(owner);
        let mut left = 4;
        while let Some(model) = at.filter(|_| left > 0) {
            let ends = super::path::other_ends(self.models, model).map(|(_, field)| field);
            let is_it = |field: &&super::super::models::Field| {
                field.relation.as_ref().and_then(|of| of.accessor.as_deref()) == Some(name)
            };
            let own = model.fields.iter().find(|field| field.name == *name);
            let many =
                own.or_else(|| ends.into_iter().find(is_it)).and_then(|field| field.relation.as_ref()?.many.as_ref());
            if let Some(through) = many {
                return Some(self.models.of_through(through)?.class);
            }
            at = model.proxy_of.or(model.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        None
    }

    /// `self.model` of a manager, a queryset or a view.
    fn model_attribute(&mut self, of: &Value, name: &str) -> Option<ClassId> {
        if let Kind::Receiver(class) = self.ways.pick(of).kind {
            if let Some(model) = self.model_of_manager(class) {
                return Some(model);
            }
            let model = self.class_attribute(class, name);
            let model = model.and_then(|model| Some(self.models.of_value(&model)?.class));
            return model.or_else(|| {
                let queryset = self.class_attribute(class, "queryset")?;
                Some(self.set(&queryset)?.model)
            });
        }
        Some(self.set(of)?.model)
    }

    /// The model that a value is an object of.
    pub(super) fn row(&mut self, value: &Value) -> Option<ClassId> {
        self.deeper(|reader| {
            let value = &reader.picked(value);
            match &value.kind {
                Kind::Receiver(class) => reader.models.of_class(*class).map(|model| model.class),
                Kind::Parameter { annotation: Some(annotation), .. } => reader.row_of_type(annotation),
                Kind::Item(over) => reader.item_of(over),
                Kind::Index { of, at } if !matches!(at.kind, Kind::Slice { .. }) => reader.row_at(of, at),
                Kind::Attribute { of, name, .. } => reader.row_of_attribute(of, name),
                Kind::Call(call) => reader.row_of_call(call),
                _ => None,
            }
        })
    }

    /// The one model whose name a parameter or an attribute has, where nothing else says what it is.
    ///
    /// Good only for what a relation of that model then confirms: `project.check_set`, `request.event.rooms`.
    fn named_alike(&self, value: &Value) -> Option<ClassId> {
        let name = match &self.ways.pick(value).kind {
            Kind::Parameter { name, annotation: None, .. } => name,
            Kind::Attribute { of, name, .. } => match &of.kind {
                Kind::Parameter { .. } | Kind::Receiver(_) => name,
                Kind::Attribute { of, name: request, .. } if **request == *"request" => match of.kind {
                    Kind::Receiver(_) => name,
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        Some(self.models.named(&name.replace('_', ""), "")?.class)
    }

    fn row_of_type(&mut self, annotation: &Value) -> Option<ClassId> {
        match &annotation.kind {
            Kind::Binary { left, right, .. } => self.row_of_type(left).or_else(|| self.row_of_type(right)),
            Kind::Index { of, at } => {
                let wrapper = of.external()?.rsplit('.').next()?;
                if wrapper == "Optional" { self.row_of_type(at) } else { None }
            }
            _ => Some(self.models.of_value(annotation)?.class),
        }
    }

    /// An item of what a loop goes through.
    fn item_of(&mut self, over: &Value) -> Option<ClassId> {
        let rows = self.rows(over)?;
        let set = self.set(&rows)?;
        (!set.has_values()).then_some(set.model)
    }

    /// The queryset that gives the items of a sequence.
    pub(super) fn rows(&mut self, over: &Value) -> Option<Value> {
        let over = Rc::clone(self.ways.pick(over));
        let Kind::Call(call) = &over.kind else { return Some(over) };
        let wrapped = match &call.callee.kind {
            Kind::External(path) => matches!(&**path, "list" | "sorted" | "reversed" | "tuple" | "set" | "iter"),
            Kind::Attribute { name, .. } => matches!(&**name, "iterator" | "aiterator"),
            _ => false,
        };
        match (wrapped, &call.callee.kind, call.positional.first()) {
            (true, Kind::Attribute { of, .. }, _) => self.rows(of),
            (true, _, Some(first)) => self.rows(first),
            _ => Some(over),
        }
    }

    fn row_at(&mut self, of: &Value, at: &Value) -> Option<ClassId> {
        let of = &Rc::clone(self.ways.pick(of));
        if let Some((name, _, on, _)) = of.method()
            && matches!(&**name, "get_or_create" | "update_or_create" | "aget_or_create" | "aupdate_or_create")
        {
            return if at.integer() == Some(0) { Some(self.set(on)?.model) } else { None };
        }
        // `for number, book in enumerate(books)`
        if let Kind::Item(over) = &of.kind
            && let Some(call) = over.call().filter(|call| call.callee.external() == Some("enumerate"))
        {
            return if at.integer() == Some(1) { self.item_of(call.positional.first()?) } else { None };
        }
        let rows = self.rows(of)?;
        let set = self.set(&rows)?;
        (!set.has_values()).then_some(set.model)
    }

    fn row_of_attribute(&mut self, of: &Value, name: &str) -> Option<ClassId> {
        if let Some(owner) = self.row(of).or_else(|| self.named_alike(of)) {
            return self.follow_one(owner, name);
        }
        match (&self.ways.pick(of).kind, name) {
            // A request's user is whoever stands for users.
            (Kind::Parameter { name: request, .. }, "user") if **request == *"request" => {
                Some(self.models.user()?.class)
            }
            (Kind::Attribute { name: request, of, .. }, "user")
                if **request == *"request" && matches!(of.kind, Kind::Receiver(_)) =>
            {
                Some(self.models.user()?.class)
            }
            (Kind::Receiver(class), "object" | "instance") => self.object_of_view(*class),
            _ => None,
        }
    }

    /// What a view or a form with a model shows.
    fn object_of_view(&mut self, class: ClassId) -> Option<ClassId> {
        if let Some(model) = self.class_attribute(class, "model") {
            return Some(self.models.of_value(&model)?.class);
        }
        if let Some(queryset) = self.class_attribute(class, "queryset") {
            return Some(self.set(&queryset)?.model);
        }
        None
    }

    /// The model that a relation of one object leads to.
    pub(super) fn follow_one(&self, owner: ClassId, name: &str) -> Option<ClassId> {
        let mut model = Some(self.models.of_class(owner)?);
        let mut left = 4;
        while let Some(at) = model.filter(|_| left > 0) {
            if let Some(field) = at.fields.iter().find(|field| *field.name == *name) {
                return field.relation.as_ref().filter(|_| field.kind.is_key()).map(|relation| relation.to);
            }
            let ends = super::path::other_ends(self.models, at);
            let one = |field: &super::super::models::Field| {
                let is_it = field.relation.as_ref().and_then(|of| of.accessor.as_deref()) == Some(name);
                is_it && field.kind == FieldKind::OneToOne
            };
            if let Some((from, _)) = ends.into_iter().find(|(_, field)| one(field)) {
                return Some(from.class);
            }
            model = at.proxy_of.or(at.parent).and_then(|class| self.models.of_class(class));
            left -= 1;
        }
        None
    }

    fn row_of_call(&mut self, call: &Call) -> Option<ClassId> {
        match &call.callee.kind {
            Kind::Class(class) => self.models.of_class(*class).map(|model: &Model| model.class),
            Kind::External(path) => {
                let name = path.rsplit('.').next()?;
                match (name, call.positional.first()) {
                    ("get_object_or_404" | "aget_object_or_404", Some(first)) => Some(self.target(first)?.model),
                    ("cast", _) if call.positional.len() == 2 => self.row_of_type(&Rc::clone(&call.positional[0])),
                    ("next", Some(first)) => self.item_of(first),
                    _ => self.models.of_value(&call.callee).map(|model| model.class),
                }
            }
            Kind::Attribute { of, name, .. } => match &**name {
                "get" | "first" | "last" | "create" | "latest" | "earliest" | "aget" | "afirst" | "alast"
                | "acreate" => {
                    let set = self.set(of)?;
                    (!set.has_values()).then_some(set.model)
                }
                "get_object" => match self.ways.pick(of).kind {
                    Kind::Receiver(class) => self.object_of_view(class),
                    _ => None,
                },
                _ => {
                    let set = self.set(of)?;
                    let returned = self.custom_value(&set, of, name, call)?;
                    self.row(&returned)
                }
            },
            _ => None,
        }
    }
}

fn computes(value: &Value, name: &str, left: u16) -> bool {
    let Some(left) = left.checked_sub(1) else { return true };
    match &value.kind {
        Kind::Call(call) => match &call.callee.kind {
            Kind::Function(..) => true,
            Kind::Attribute { of, name: method, .. } => {
                let says = |(known, _): &(Option<Name>, Value)| known.as_ref().is_none_or(|known| **known == *name);
                let is_known = super::method::is_known(method);
                let adds = matches!(&**method, "annotate" | "alias" | "extra" | "values" | "values_list");
                !is_known || adds && call.named.iter().any(says) || computes(of, name, left)
            }
            _ => false,
        },
        Kind::Attribute { of, .. } | Kind::Index { of, .. } => computes(of, name, left),
        Kind::Binary { left: one, right: other, .. } => computes(one, name, left) || computes(other, name, left),
        Kind::Either(ways) => ways.iter().any(|way| computes(way, name, left)),
        _ => false,
    }
}

/// Says whether a value is `super()`.
pub(super) fn is_super(value: &Value) -> bool {
    value.call().is_some_and(|call| call.callee.external() == Some("super"))
}
