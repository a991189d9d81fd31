//! The models of a project at one point of its history, as migrations know them: by label, with fields as declared.
//!
//! What the models of the code say comes into the same form, so that one [`super::editor`] makes the tables of both.

use std::collections::BTreeMap;

use super::fields::{FieldKind, IntegerSize, Spec, Target};
use super::indexes::{ConstraintSpec, IndexSpec};
use super::models::table_named;
use super::names;
use super::types::{self, ColumnType};
use crate::dialect::Dialect;
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// The label of a model, lower case.
pub(super) type Label = (String, String);

/// The label of an app's model.
pub(super) fn label(app: &str, model: &str) -> Label {
    (app.to_lowercase(), model.to_lowercase())
}

/// The models at one point.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub models: BTreeMap<Label, ModelState>,
    /// The model that stands for users.
    pub user: Option<Label>,
    /// The models outside of the code, by the paths that name them.
    pub externals: BTreeMap<String, Label>,
}

/// A model at one point.
#[derive(Clone, Debug)]
pub(super) struct ModelState {
    pub app: Name,
    pub name: Name,
    /// The table, where it is said.
    pub table: Option<Name>,
    pub fields: Vec<(Name, Spec)>,
    pub unique_together: Vec<(Vec<Name>, HostSpan)>,
    pub index_together: Vec<(Vec<Name>, HostSpan)>,
    pub indexes: Vec<IndexSpec>,
    pub constraints: Vec<ConstraintSpec>,
    pub storage: Storage,
    /// The model that it extends, or whose table it shares.
    pub parent: Option<Label>,
    /// The size of the keys of tables that are made up for it.
    pub auto: IntegerSize,
    pub place: HostSpan,
}

/// Where a model's rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// In a table that Django makes.
    Own,
    /// In another model's table.
    Proxy,
    /// In a table that Django does not make.
    Unmanaged,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: Ident,
    pub ty: ColumnType,
    pub null: bool,
    pub unique: bool,
    pub primary: bool,
    pub index: bool,
    /// What it refers to.
    pub references: Option<(QName, Ident)>,
    /// Whether the database holds to that.
    pub constraint: bool,
    /// Whether it is the key of a relation.
    pub is_key: bool,
    /// Whether its type could not be told.
    pub is_guessed: bool,
    pub place: HostSpan,
}

/// How far keys that are keys of others are followed.
const MAX_DEPTH: u8 = 10;

impl ModelState {
    pub(super) fn label(&self) -> Label {
        label(&self.app, &self.name)
    }

    pub(super) fn field(&self, name: &str) -> Option<&Spec> {
        self.fields.iter().find(|(known, _)| **known == *name).map(|(_, spec)| spec)
    }

    /// The name of its table.
    pub(super) fn table(&self) -> QName {
        match &self.table {
            Some(table) => table_named(table),
            None => QName::plain(names::table(&self.app, &self.name)),
        }
    }

    /// The column of a field.
    pub(super) fn column_name(&self, name: &str, spec: &Spec) -> Ident {
        match &spec.column {
            Some(column) => Ident::new(column),
            None if spec.kind.is_key() => Ident::from(format!("{name}_id")),
            None => Ident::from(name),
        }
    }

    fn key(&self) -> Option<(&Name, &Spec)> {
        self.fields.iter().find(|(_, spec)| spec.primary).map(|(name, spec)| (name, spec))
    }
}

impl State {
    pub(super) fn get(&self, label: &Label) -> Option<&ModelState> {
        self.models.get(label)
    }

    /// The model that a relation of a model leads to.
    pub(super) fn target(&self, own: &Label, target: &Target) -> Option<&ModelState> {
        let found = match target {
            Target::Own => own.clone(),
            Target::User => self.user.clone()?,
            Target::Label(text) => match text.rsplit_once('.') {
                Some((app, model)) => label(app, model),
                None => label(&own.0, text),
            },
            Target::External(path) => self.externals.get(&**path)?.clone(),
            // Migrations name models by their labels.
            Target::Class(_) => return None,
        };
        self.concrete(&found)
    }

    /// The model whose table a model uses.
    pub(super) fn concrete(&self, label: &Label) -> Option<&ModelState> {
        let mut model = self.models.get(label)?;
        for _ in 0..MAX_DEPTH {
            match (&model.storage, &model.parent) {
                (Storage::Proxy, Some(parent)) => model = self.models.get(parent)?,
                _ => break,
            }
        }
        Some(model)
    }

    /// The column of a field; nothing for one without a column, or whose type cannot be told.
    pub(super) fn column(&self, model: &ModelState, name: &str, spec: &Spec, dialect: Dialect) -> Option<Column> {
        self.column_at(model, name, spec, dialect, 0)
    }

    fn column_at(&self, model: &ModelState, name: &str, spec: &Spec, dialect: Dialect, depth: u8) -> Option<Column> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (ty, references, is_guessed) = if spec.kind.is_key() {
            match self.referred(model, spec, dialect, depth) {
                Some((table, key)) => (key.ty.of_reference(), Some((table, key.name)), key.is_guessed),
                // A package's model: its key is most likely the number that Django makes.
                None => (types::of(&FieldKind::Auto(model.auto), dialect)?.of_reference(), None, true),
            }
        } else {
            (types::of(&spec.kind, dialect)?, None, spec.kind == FieldKind::Unknown)
        };
        Some(Column {
            name: model.column_name(name, spec),
            ty,
            null: spec.null && !spec.primary,
            unique: spec.unique,
            primary: spec.primary,
            index: spec.index && !spec.unique,
            references,
            constraint: spec.relation.as_ref().is_some_and(|relation| relation.constraint),
            is_key: spec.kind == FieldKind::ForeignKey || spec.kind == FieldKind::OneToOne,
            is_guessed,
            place: spec.place,
        })
    }

    /// The table and the column that a key refers to.
    fn referred(&self, model: &ModelState, spec: &Spec, dialect: Dialect, depth: u8) -> Option<(QName, Column)> {
        let relation = spec.relation.as_ref()?;
        let target = self.target(&model.label(), &relation.to)?;
        let (to, of) = match &relation.to_field {
            Some(field) => self.field_of(target, field)?,
            None => target.key()?,
        };
        Some((target.table(), self.column_at(target, to, of, dialect, depth + 1)?))
    }

    /// A field of a model or of those that it extends.
    fn field_of<'s>(&'s self, model: &'s ModelState, name: &str) -> Option<(&'s Name, &'s Spec)> {
        let mut model = model;
        for _ in 0..MAX_DEPTH {
            if let Some((known, spec)) = model.fields.iter().find(|(known, _)| **known == *name) {
                return Some((known, spec));
            }
            model = self.models.get(model.parent.as_ref()?)?;
        }
        None
    }

    /// The column that a model's index or constraint means by a field.
    pub(super) fn column_of(&self, model: &ModelState, name: &str) -> Option<(Ident, FieldKind)> {
        let by_name = if name == "pk" {
            model.key()
        } else {
            model.fields.iter().find(|(known, _)| **known == *name).map(|(known, spec)| (known, spec))
        };
        // `author_id` means the field too.
        let (known, spec) = by_name.or_else(|| {
            let name = name.strip_suffix("_id")?;
            let (known, spec) = model.fields.iter().find(|(known, _)| **known == *name)?;
            spec.kind.is_key().then_some((known, spec))
        })?;
        spec.kind.has_column().then(|| (model.column_name(known, spec), spec.kind.clone()))
    }

    /// The tables that are made up for a model's fields that are many to many.
    pub(super) fn tables_between(&self, model: &ModelState) -> Vec<ModelState> {
        model.fields.iter().filter_map(|(name, spec)| self.table_between(model, name, spec)).collect()
    }

    /// The table that is made up for a field; nothing where a model is declared for it.
    pub(super) fn table_between(&self, model: &ModelState, name: &str, spec: &Spec) -> Option<ModelState> {
        let relation = spec.relation.as_ref().filter(|relation| relation.through.is_none())?;
        if spec.kind != FieldKind::ManyToMany {
            return None;
        }
        let target = self.target(&model.label(), &relation.to)?;
        let (own, other) = (model.name.to_lowercase(), target_name(self, model, &relation.to)?);
        let (own, other) = if own == other { (format!("from_{own}"), format!("to_{other}")) } else { (own, other) };
        let table = relation.table.clone().unwrap_or_else(|| {
            let table = model.table();
            let name = names::truncate(&format!("{}_{name}", table.name), names::MAX_NAME);
            Name::from(match table.schema {
                Some(schema) => format!("{schema}\".\"{name}"),
                None => name,
            })
        });
        let key = |to: &ModelState| {
            let to = Target::Label(Name::from(format!("{}.{}", to.app, to.name)));
            let spec_of = Spec::of(FieldKind::ForeignKey, spec.place);
            let relation =
                super::fields::RelationSpec { constraint: relation.constraint, ..super::fields::RelationSpec::to(to) };
            Spec { index: true, relation: Some(relation), ..spec_of }
        };
        let id = Spec { primary: true, unique: true, ..Spec::of(FieldKind::Auto(model.auto), spec.place) };
        let (own, other) = (Name::from(own), Name::from(other));
        Some(ModelState {
            app: model.app.clone(),
            name: Name::from(format!("{}_{name}", model.name)),
            table: Some(table),
            fields: vec![(Name::from("id"), id), (own.clone(), key(model)), (other.clone(), key(target))],
            unique_together: vec![(vec![own, other], spec.place)],
            index_together: Vec::new(),
            indexes: Vec::new(),
            constraints: Vec::new(),
            storage: Storage::Own,
            parent: None,
            auto: model.auto,
            place: spec.place,
        })
    }
}

/// The name of the model that a relation names, which may be a proxy.
fn target_name(state: &State, own: &ModelState, target: &Target) -> Option<String> {
    let Target::Label(text) = target else {
        return Some(state.target(&own.label(), target)?.name.to_lowercase());
    };
    Some(text.rsplit_once('.').map_or(&**text, |(_, model)| model).to_lowercase())
}
