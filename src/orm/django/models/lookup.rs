//! How models are asked for: by class, by label, by what a value names.

use super::{Abstract, IntegerSize, Model, Models, Through, between, external};
use crate::host::value::{ClassId, Kind, Value};
use crate::ir::Name;

impl Models {
    /// Says whether a class stands outside of the code base.
    pub fn is_external(class: ClassId) -> bool {
        external::of_class(class).is_some() || between::is_made(class)
    }

    /// Every model, in the order of their apps and names.
    pub fn iter(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// The models that no class of the code declares: those outside of it, and those that Django makes up.
    pub fn generated(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| Self::is_external(model.class)).chain(&self.made)
    }

    /// The model of a class; nothing for one without a table.
    pub fn of_class(&self, class: ClassId) -> Option<&Model> {
        match between::position(class) {
            Some(at) => self.made.get(at),
            None => self.by_class.get(&class).map(|at| &self.models[*at]),
        }
    }

    /// The model of a table between two models, a declared one or one that Django makes up.
    pub fn of_through(&self, through: &Through) -> Option<&Model> {
        match through.model {
            Some(class) => self.of_class(class),
            None => self.made.iter().find(|model| model.table == through.table),
        }
    }

    /// The model of a label, `app.Model` or `Model`; the latter of the app that is `near` first.
    pub fn named(&self, label: &str, near: &str) -> Option<&Model> {
        let (app, name) = match label.rsplit_once('.') {
            Some((app, name)) => (Some(app), name),
            None => (None, label),
        };
        let known = self.by_name.get(&name.to_ascii_lowercase())?;
        let of_app = |app: &str| {
            let mut models = known.iter().map(|at| &self.models[*at]).filter(|of| of.app.eq_ignore_ascii_case(app));
            let first = models.next()?;
            // Of two projects nothing here says which is meant.
            models.all(|other| other.project == first.project).then_some(first)
        };
        match (app, known.as_slice()) {
            (Some(app), _) => of_app(app),
            (None, [only]) => Some(&self.models[*only]),
            (None, _) => of_app(near),
        }
    }

    /// The model that stands for users; nothing where projects differ in it.
    pub fn user(&self) -> Option<&Model> {
        let mut users = self.projects.iter().map(|project| self.users.get(project));
        let first = users.next()??;
        users.all(|other| other == Some(first)).then(|| self.of_class(*first)).flatten()
    }

    /// The model that stands for users in a project.
    pub(in crate::orm::django) fn user_of(&self, project: &str) -> Option<&Model> {
        self.of_class(*self.users.get(project)?)
    }

    /// The folders of projects that are kept apart, or the tree's own.
    pub(in crate::orm::django) fn projects(&self) -> &[Name] {
        &self.projects
    }

    /// The models of a project: its own, those that several share, and those outside of the code.
    pub(in crate::orm::django) fn of_project(&self, project: &str) -> impl Iterator<Item = &Model> {
        let is_shared = |model: &Model| model.project.is_empty() && !self.projects.iter().any(|root| root.is_empty());
        self.models
            .iter()
            .filter(move |model| *model.project == *project || Self::is_external(model.class) || is_shared(model))
    }

    /// The time zone that the project shows moments in; nothing where it keeps local times.
    pub(in crate::orm::django) fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Whether the REST framework takes lists apart by pages, and how many rows a page has where that is said.
    pub(in crate::orm::django) fn page(&self) -> Option<Option<i64>> {
        self.page
    }

    /// The classes that views of the REST framework filter lists by where they say nothing; nothing without settings.
    pub(in crate::orm::django) fn filters(&self) -> Option<&[Name]> {
        self.filters.as_deref()
    }

    /// Whether a class of the code is a lookup of a name, which fields and relations may have.
    pub(in crate::orm::django) fn has_lookup(&self, name: &str) -> bool {
        self.lookups.iter().any(|known| **known == *name)
    }

    /// The size of the keys of tables that are made up for an app's models.
    pub(in crate::orm::django) fn auto_field(&self, app: &str) -> IntegerSize {
        self.auto_fields.get(app).copied().unwrap_or(self.auto_field)
    }

    /// What is known of a model without a table.
    pub fn abstract_of(&self, class: ClassId) -> Option<&Abstract> {
        self.abstracts.get(&class)
    }

    /// The model that a value names: a class, `get_user_model()`, `apps.get_model("app", "Model")`, Django's own.
    pub fn of_value(&self, value: &Value) -> Option<&Model> {
        match &value.kind {
            Kind::Class(id) => self.of_class(*id),
            Kind::External(path) => self.of_class(external::by_path(path)?),
            Kind::Call(call) => {
                let path = match &call.callee.kind {
                    Kind::External(path) => path.rsplit('.').next()?,
                    Kind::Attribute { name, .. } => name,
                    _ => return None,
                };
                match path {
                    "get_user_model" => self.user(),
                    "get_model" => {
                        let parts: Option<Vec<String>> = call.positional.iter().map(|part| part.text()).collect();
                        self.named(&parts?.join("."), "")
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
