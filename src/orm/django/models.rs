//! The models of a code base, as Django puts them together: inherited fields, tables, columns and both ends of relations.
//!
//! Plain data that files share; read once. Models of Django itself and of well-known packages stand here too where the
//! code uses them: their [`ClassId`]s are beyond those of the code ([`Models::is_external`]), so ask [`Models`] about
//! them and never [`Code`].

mod between;
mod declared;
mod external;
mod inherit;
mod link;
mod lookup;
mod meta;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::host::code::Code;
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

pub use super::fields::{FieldKind, IntegerSize};
use super::indexes::{ConstraintSpec, IndexSpec};
use super::terms::Term;
pub(super) use link::table_named;
pub(super) use meta::together;

/// Every concrete model of a code base.
#[derive(Clone, Debug, Default)]
pub struct Models {
    models: Vec<Model>,
    /// Those of tables that Django makes up between two of them.
    made: Vec<Model>,
    by_class: HashMap<ClassId, usize>,
    /// By name, lower case; of several apps.
    by_name: HashMap<String, Vec<usize>>,
    /// Managers and orderings of abstract models.
    abstracts: HashMap<ClassId, Abstract>,
    /// The model that stands for users, by project.
    users: HashMap<Name, ClassId>,
    /// The folders of projects that are kept apart, or the tree's own.
    projects: Vec<Name>,
    /// The size of keys of tables that are made up, by app.
    auto_fields: HashMap<Name, IntegerSize>,
    auto_field: IntegerSize,
    zone: Option<Name>,
    page: Option<Option<i64>>,
    filters: Option<Vec<Name>>,
    /// The names of lookups that the code declares.
    lookups: Vec<Name>,
}

/// A model that has a table.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its class.
    pub class: ClassId,
    /// The folder of its project; empty for one that several share, and where the tree is one.
    pub project: Name,
    /// The label of its app.
    pub app: Name,
    /// The name of its class.
    pub name: Name,
    /// Its table.
    pub table: QName,
    /// Where the class's name stands.
    pub place: HostSpan,
    /// Its own fields and those of its abstract bases; those of a parent with a table of its own are the parent's.
    pub fields: Vec<Field>,
    /// The other ends of relations to it.
    pub reverse: Vec<Reverse>,
    /// The field that is its primary key.
    pub primary_key: Name,
    /// The order of its rows where a query says nothing.
    pub ordering: Vec<(OrderKey, HostSpan)>,
    /// Its managers by attribute, those of the class itself first.
    pub managers: Vec<Manager>,
    /// The attribute of the manager that Django itself takes.
    pub default_manager: Name,
    /// The model whose table it shares.
    pub proxy_of: Option<ClassId>,
    /// The model that it extends by a table of its own; the primary key is the link to it.
    pub parent: Option<ClassId>,
    /// Whether everything that it is made from could be read.
    pub complete: bool,
    /// What else it says about its table.
    pub meta: Meta,
}

/// A key that the rows of a model are sorted by.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderKey {
    /// As it is written: `-created`, `author__name`.
    Path(String),
    /// An expression.
    Term(Term),
}

/// What a model's `Meta` says beyond names and order.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// Whether migrations leave the table alone.
    pub is_unmanaged: bool,
    /// The fields that `latest()` goes by.
    pub get_latest_by: Vec<String>,
    /// Sets of fields that are unique together, with the place.
    pub unique_together: Vec<(Vec<Name>, HostSpan)>,
    /// Sets of fields that an index is made over, with the place.
    pub index_together: Vec<(Vec<Name>, HostSpan)>,
    /// Its indexes.
    pub indexes: Vec<IndexSpec>,
    /// Its constraints.
    pub constraints: Vec<ConstraintSpec>,
}

/// A manager of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Manager {
    /// The attribute.
    pub name: Name,
    /// What it is made from.
    pub made_from: ManagerClass,
}

/// What a manager is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum ManagerClass {
    /// A class that is not of the code: plain `models.Manager()`, or a package's.
    External(Name),
    /// A manager class of the code.
    Class(ClassId),
    /// `QuerySet.as_manager()`
    QuerySet(ClassId),
    /// `Manager.from_queryset(QuerySet)()`; without a manager class where it is not of the code.
    FromQuerySet(Option<ClassId>, ClassId),
}

/// A field of a model.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its column: `author_id` for a foreign key. A field without a column has its name here.
    pub column: Ident,
    /// The attribute that holds the column's value: `author_id` for a foreign key.
    pub attribute: Name,
    /// What it is.
    pub kind: FieldKind,
    /// Whether it may be NULL.
    pub null: bool,
    /// Whether its values are unique.
    pub unique: bool,
    /// Whether it has an index of its own, other than for uniqueness.
    pub index: bool,
    /// Whether it is the primary key.
    pub primary: bool,
    /// What it relates to.
    pub relation: Option<Relation>,
    /// Where its name stands, or the model's for one that Django adds.
    pub place: HostSpan,
}

/// What a field relates to.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The model.
    pub to: ClassId,
    /// The field of it that the column holds; its primary key where nothing is said.
    pub to_field: Option<Name>,
    /// The name of the other end, as far as it is said.
    pub related_name: Option<Name>,
    /// The other end's name in lookups.
    pub query_name: Name,
    /// The other end's attribute: `entry_set` or the related name; none where it is hidden.
    pub accessor: Option<Name>,
    /// The table between, for many to many.
    pub many: Option<Through>,
    /// Whether the database holds to it.
    pub constraint: bool,
}

/// The table between two models.
#[derive(Clone, Debug)]
pub struct Through {
    /// Its name.
    pub table: QName,
    /// The column that refers to the field's model.
    pub own: Ident,
    /// The column that refers to the other.
    pub other: Ident,
    /// The column that says which model `own` is a key of (a content type), where it may be any.
    pub content_type: Option<Ident>,
    /// Its model, where one is declared.
    pub model: Option<ClassId>,
}

/// The other end of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverse {
    /// The model that has the field.
    pub from: ClassId,
    /// The field.
    pub field: Name,
}

/// What is known of a model without a table.
#[derive(Clone, Debug, Default)]
pub struct Abstract {
    /// Its managers.
    pub managers: Vec<Manager>,
    /// The names of the fields that it declares.
    pub fields: Vec<Name>,
}

impl Models {
    /// Reads every model of a code base.
    pub fn read(code: &Code<'_>) -> Self {
        let mut models = link::read(code);
        models.made = between::make(&models);
        models
    }
}

impl Model {
    /// The field of a name; `pk` is the primary key, and the column's attribute (`author_id`) means the field too.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let name = if name == "pk" { &*self.primary_key } else { name };
        let named = self.fields.iter().find(|field| *field.name == *name);
        named.or_else(|| self.fields.iter().find(|field| *field.attribute == *name))
    }

    /// The field that is its primary key.
    pub fn key(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.primary)
    }
}
