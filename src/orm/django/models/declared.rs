//! Models as their classes say them: own fields, bases and `Meta`, before anything is inherited.

use std::collections::HashMap;

use super::external;
use super::meta::{self, MetaSaid};
use super::{Manager, ManagerClass, OrderKey};
use crate::host::code::Bound;
use crate::host::flow::Evaluator;
use crate::host::value::{ClassId, Kind, Value};
use crate::ir::{Expr, ExprKind, Name};
use crate::orm::django::apps::Apps;
use crate::orm::django::fields::{self, Spec};
use crate::query::PathClass;
use crate::source::HostSpan;

/// A model class as it is declared.
pub(super) struct Declared {
    pub class: ClassId,
    pub project: Name,
    pub app: Name,
    pub name: Name,
    pub place: HostSpan,
    /// The models that it is made from, in order.
    pub bases: Vec<ClassId>,
    /// What its body binds: a field, or something else that hides an inherited one.
    pub own: Vec<(Name, Option<Spec>)>,
    pub managers: Vec<Manager>,
    /// What its own `Meta` says.
    pub meta: Option<MetaSaid>,
    pub complete: bool,
}

impl Declared {
    pub(super) fn is_abstract(&self) -> bool {
        match external::of_class(self.class) {
            Some(external) => external.is_abstract(),
            None => self.meta.as_ref().is_some_and(|meta| meta.is_abstract),
        }
    }
}

/// Finds the models among the classes of a code base.
pub(super) struct Finder<'e, 'c, 'a> {
    evaluator: &'e mut Evaluator<'c, 'a>,
    apps: &'e Apps,
    /// Whether classes are models, as far as it has been asked.
    known: HashMap<ClassId, bool>,
    pub found: HashMap<ClassId, Declared>,
}

impl<'e, 'c, 'a> Finder<'e, 'c, 'a> {
    pub(super) fn new(evaluator: &'e mut Evaluator<'c, 'a>, apps: &'e Apps) -> Self {
        Self { evaluator, apps, known: HashMap::new(), found: HashMap::new() }
    }

    /// Finds all of them but those of tests.
    pub(super) fn find(&mut self) {
        let code = self.evaluator.code;
        for class in code.class_ids() {
            let of_test = code.files[code.class(class).file].class == PathClass::Test;
            if !of_test && self.is_model(class) {
                self.declare(class);
            }
        }
    }

    fn is_model(&mut self, class: ClassId) -> bool {
        if let Some(known) = self.known.get(&class) {
            return *known;
        }
        self.known.insert(class, false);
        let bases = self.evaluator.bases(class);
        let is_model = bases.iter().any(|base| match &base.kind {
            Kind::Class(base) => self.is_model(*base),
            Kind::External(path) => is_root(path) || external::by_path(path).is_some(),
            _ => false,
        });
        let is_model = is_model || self.has_foreign_base_and_fields(class, &bases);
        self.known.insert(class, is_model);
        is_model
    }

    /// A class with fields whose base nobody can read: a model of a package that is not known.
    fn has_foreign_base_and_fields(&mut self, class: ClassId, bases: &[Value]) -> bool {
        let is_foreign = |base: &Value| {
            base.external().is_some_and(|path| path.contains(".models") && !path.starts_with("django.db."))
        };
        if !bases.iter().any(is_foreign) {
            return false;
        }
        let own = self.own_fields(class).0;
        own.iter().any(|(_, spec)| spec.is_some())
    }

    /// Takes a class up, with everything that it is made from.
    pub(super) fn declare(&mut self, class: ClassId) {
        if self.found.contains_key(&class) || external::of_class(class).is_some() {
            return;
        }
        let entry = self.evaluator.code.class(class);
        let path = self.evaluator.code.files[entry.file].path.as_str();
        let app = self.apps.of_path(path).map_or_else(|| Name::from(""), |app| app.label.clone());
        let place = self.evaluator.code.place(entry.file, entry.class.name_span);
        let (own, managers) = self.own_fields(class);
        let meta = self.own_meta(class);
        let app = meta.as_ref().and_then(|meta| meta.app_label.clone()).unwrap_or(app);
        let name = entry.class.name.clone();
        let project = Name::from(self.apps.project_of(path));
        let mut declared =
            Declared { class, project, app, name, place, bases: Vec::new(), own, managers, meta, complete: true };
        let bases = self.evaluator.bases(class);
        for base in &bases {
            match &base.kind {
                // Of a class that is no model Django takes no field.
                Kind::Class(base) => declared.bases.extend(self.is_model(*base).then_some(*base)),
                Kind::External(path) => match external::by_path(path) {
                    Some(base) => declared.bases.push(base),
                    None => declared.complete &= is_plain(path),
                },
                _ => declared.complete = false,
            }
        }
        let bases = declared.bases.clone();
        self.found.insert(class, declared);
        for base in bases {
            self.declare(base);
            self.declare_external(base, place);
        }
    }

    /// Takes up a model outside of the code, which stands where it is named first.
    pub(super) fn declare_external(&mut self, class: ClassId, place: HostSpan) {
        let Some(external) = external::of_class(class).filter(|_| !self.found.contains_key(&class)) else { return };
        let bases: Vec<ClassId> = external.bases.iter().filter_map(|path| external::by_path(path)).collect();
        let names = |set: &&[&str]| (set.iter().map(|name| Name::from(*name)).collect(), place);
        let meta = MetaSaid {
            table: (!external.table.is_empty()).then(|| Name::from(external.table)),
            unique_together: external.unique_together.iter().map(names).collect(),
            ordering: external.ordering.iter().map(|path| (OrderKey::Path((*path).to_owned()), place)).collect(),
            ..MetaSaid::default()
        };
        let auto = self.apps.labelled(external.app).map_or(super::IntegerSize::Normal, |app| app.auto_field);
        let declared = Declared {
            class,
            project: Name::from(""),
            app: Name::from(external.app),
            name: Name::from(external.name()),
            place,
            bases: bases.clone(),
            own: external.fields(auto, place).map(|(name, spec)| (name, Some(spec))).collect(),
            managers: Vec::new(),
            meta: Some(meta),
            complete: true,
        };
        self.found.insert(class, declared);
        bases.into_iter().for_each(|base| self.declare_external(base, place));
    }

    /// What a class's body binds that matters: fields and what may hide them, and managers.
    fn own_fields(&mut self, class: ClassId) -> (Vec<(Name, Option<Spec>)>, Vec<Manager>) {
        let code = self.evaluator.code;
        let (mut own, mut managers) = (Vec::new(), Vec::new());
        for (name, bounds) in code.class(class).scope.names() {
            let name = Name::from(name);
            let Some(Bound::Value { value: Some(value), place, .. }) = bounds.last() else {
                own.extend(matches!(bounds.last(), Some(Bound::Function(_))).then(|| (name, None)));
                continue;
            };
            if !may_declare(value) {
                own.push((name, None));
                continue;
            }
            let Some(value) = self.evaluator.class_value(class, &name) else { continue };
            if let Some(spec) = fields::read(self.evaluator, &value) {
                own.push((name, Some(Spec { place: *place, ..spec })));
            } else if let Some(made_from) = self.manager(&value) {
                managers.push(Manager { name, made_from });
            } else {
                own.push((name, None));
            }
        }
        (own, managers)
    }

    fn own_meta(&mut self, class: ClassId) -> Option<MetaSaid> {
        let scope = &self.evaluator.code.class(class).scope;
        let meta = scope.get("Meta").iter().rev().find_map(|bound| match bound {
            Bound::Class(meta) => Some(*meta),
            _ => None,
        })?;
        Some(meta::read(self.evaluator, meta))
    }

    fn manager(&mut self, value: &Value) -> Option<ManagerClass> {
        let call = value.call()?;
        match &call.callee.kind {
            Kind::External(path) => {
                let name = path.strip_suffix(".as_manager").unwrap_or(path);
                let is_it = name.ends_with("Manager") || name.ends_with("QuerySet");
                is_it.then(|| ManagerClass::External(path.clone()))
            }
            Kind::Class(id) => self.leads_to(*id, "Manager").then_some(ManagerClass::Class(*id)),
            Kind::Attribute { of, name, .. } if **name == *"as_manager" => match of.kind {
                Kind::Class(id) => Some(ManagerClass::QuerySet(id)),
                _ => None,
            },
            // `Manager.from_queryset(QuerySet)()`
            Kind::Call(made) => Self::of_queryset(made),
            _ => None,
        }
    }

    fn of_queryset(made: &crate::host::value::Call) -> Option<ManagerClass> {
        let queryset = match made.positional.first()?.kind {
            Kind::Class(id) => id,
            _ => return None,
        };
        match &made.callee.kind {
            Kind::External(path) => {
                path.ends_with(".from_queryset").then_some(ManagerClass::FromQuerySet(None, queryset))
            }
            Kind::Attribute { of, name, .. } if **name == *"from_queryset" => match of.kind {
                Kind::Class(manager) => Some(ManagerClass::FromQuerySet(Some(manager), queryset)),
                _ => Some(ManagerClass::FromQuerySet(None, queryset)),
            },
            _ => None,
        }
    }

    /// Says whether a class is made from one outside of the code whose name ends so.
    fn leads_to(&mut self, class: ClassId, end: &str) -> bool {
        let lineage = self.evaluator.lineage(class);
        lineage.into_iter().any(|class| {
            let is_it = |base: &Value| match &base.kind {
                Kind::External(path) => path.ends_with(end),
                // `class Things(Manager.from_queryset(QuerySet))`
                Kind::Call(call) => match &call.callee.kind {
                    Kind::External(path) => path.ends_with(".from_queryset"),
                    Kind::Attribute { name, .. } => **name == *"from_queryset",
                    _ => false,
                },
                _ => false,
            };
            self.evaluator.bases(class).iter().any(is_it)
        })
    }
}

/// Says whether an expression may make a field or a manager.
fn may_declare(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Call(_) | ExprKind::Choice { .. })
}

/// Says whether a path is the class that every model is made from.
fn is_root(path: &str) -> bool {
    path.starts_with("django.") && path.ends_with(".Model")
}

/// Says whether a base outside of the code brings no fields of its own.
fn is_plain(path: &str) -> bool {
    is_root(path)
        || !path.contains('.')
        || path.starts_with("typing.")
        || path.starts_with("abc.")
        || path.ends_with("Mixin")
}
