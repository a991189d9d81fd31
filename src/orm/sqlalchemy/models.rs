//! The mapped classes and `Table` objects of a code base: their tables, columns and relationships, as plain data.

mod attribute;
mod class;
mod read;
mod relation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::host::code::{Bound, Code};
use crate::host::value::{ClassId, FunctionId};
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

pub(super) use read::Drafts;
pub(super) use relation::join::conjunction;

/// What a code base maps.
#[derive(Debug, Default)]
pub struct Models {
    models: Vec<Model>,
    by_class: HashMap<ClassId, usize>,
    by_place: HashMap<HostSpan, usize>,
    by_name: HashMap<Name, Vec<usize>>,
    by_table: HashMap<QName, usize>,
    /// The path of every model's file, without its extension.
    paths: Vec<String>,
    /// The path of every class's file that may ask.
    of_class: HashMap<ClassId, String>,
}

/// A mapped class, or a `Table`.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The class; nothing for a `Table`.
    pub class: Option<ClassId>,
    /// Its table.
    pub table: QName,
    /// The class's name, or the call of `Table`.
    pub place: HostSpan,
    /// Its columns; of a class whose parent shares the table the parent's too.
    pub columns: Vec<Mapped>,
    /// What it is related to.
    pub relationships: Vec<Relationship>,
    /// Attributes that are expressions over columns, by the function that says which.
    pub hybrids: BTreeMap<Name, FunctionId>,
    /// What else the class has, none of it a column.
    pub properties: BTreeMap<Name, Property>,
    /// The class that it is joined with (joined-table inheritance).
    pub parent: Option<ClassId>,
    /// The column that tells the classes of a shared table apart, and what it says for this one and those below it.
    pub discriminator: Option<(Ident, Vec<String>)>,
    /// Whether all that it is made from is known: then an attribute that is not here is a fault.
    pub complete: bool,
}

/// An attribute that stands for a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// The attribute.
    pub attribute: Name,
    /// The column.
    pub column: Ident,
    /// Where the attribute stands.
    pub place: HostSpan,
    /// Its SQL type.
    pub type_name: String,
    /// The values of an enumeration: the host's names and what they are kept as.
    pub members: Vec<(String, String)>,
    /// The class of the code base that is its type, and the function that says what is sent for a value.
    pub binds: Option<(ClassId, FunctionId)>,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Whether it is (part of) the primary key.
    pub primary: bool,
    /// The column that it refers to.
    pub foreign_key: Option<(QName, Ident)>,
}

/// An attribute that is no column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A method, a property, a constant.
    Plain,
    /// Another name of an attribute.
    Synonym(Name),
    /// An expression that is read with the row.
    Expression,
    /// An attribute of what a relationship leads to.
    Proxy {
        /// The relationship.
        relationship: Name,
        /// The attribute.
        attribute: Name,
    },
}

/// An attribute that leads to other rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Relationship {
    /// The attribute.
    pub attribute: Name,
    /// Where the attribute stands.
    pub place: HostSpan,
    /// What it leads to.
    pub target: ClassId,
    /// Columns of the own and of the other table; nothing where they could not be told.
    pub join: Option<Vec<(Ident, Ident)>>,
    /// Whether what joins them says more than that columns are equal.
    pub says_more: bool,
    /// The table between both.
    pub secondary: Option<Secondary>,
    /// Whether it leads to several rows.
    pub many: bool,
    /// When the rows are read.
    pub loading: Loading,
    /// The order of the rows: columns of the target, descending or not.
    pub order_by: Vec<(Ident, bool)>,
}

/// A table that joins two.
#[derive(Clone, Debug, PartialEq)]
pub struct Secondary {
    /// The table.
    pub table: QName,
    /// Columns of the own table, and its columns.
    pub local: Vec<(Ident, Ident)>,
    /// Its columns, and columns of the target.
    pub remote: Vec<(Ident, Ident)>,
}

/// When the rows of a relationship are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loading {
    /// When the attribute is first read.
    #[default]
    Lazy,
    /// With the row itself, by a join.
    Joined,
    /// After the rows, by a query with their keys.
    Selectin,
    /// After the rows, by a query around theirs.
    Subquery,
    /// The attribute is a query.
    Dynamic,
    /// The attribute only takes rows.
    WriteOnly,
    /// Never: reading it is an error.
    Raise,
    /// Never.
    No,
}

impl Models {
    /// Reads all mapped classes and `Table` objects of a code base.
    pub fn read(code: &Code<'_>) -> Self {
        let mut models = Drafts::read(code).models();
        models.forget_doubles(code);
        models
    }

    /// Leaves out classes that one module declares under one name for several tables: which of them a query means is
    /// decided when it runs.
    fn forget_doubles(&mut self, code: &Code<'_>) {
        let is_double = |class: &ClassId| {
            let entry = code.class(*class);
            let table = |class: &ClassId| self.by_class.get(class).map(|at| &self.models[*at].table);
            let bounds = code.scope(entry.file).get(&entry.class.name);
            let named = || bounds.iter().filter_map(|bound| if let Bound::Class(id) = bound { Some(id) } else { None });
            let is_other = |other: &ClassId| table(other).is_some() && table(other) != table(class);
            named().any(|known| known == class) && named().any(is_other)
        };
        let doubles: Vec<ClassId> = self.by_class.keys().filter(|class| is_double(class)).copied().collect();
        self.by_class.retain(|class, _| !doubles.contains(class));
    }

    /// The model of a class.
    pub fn of_class(&self, class: ClassId) -> Option<&Model> {
        self.by_class.get(&class).map(|at| &self.models[*at])
    }

    /// The model that a name or a dotted path means; the nearest to a class where several are called so.
    pub fn named(&self, name: &str, from: ClassId) -> Option<&Model> {
        let (path, last) = name.rsplit_once('.').map_or((None, name), |(path, last)| (Some(path), last));
        let path = path.map(|path| path.replace('.', "/"));
        let own = self.of_class.get(&from).map_or("", String::as_str);
        let fits = |at: &&usize| path.as_ref().is_none_or(|path| self.paths[**at].ends_with(path.as_str()));
        let found = self.by_name.get(last)?.iter().filter(fits);
        found.min_by_key(|at| distance(own, &self.paths[**at])).map(|at| &self.models[*at])
    }

    /// The only model of a name.
    pub fn only(&self, name: &str) -> Option<&Model> {
        match self.by_name.get(name)?.as_slice() {
            [at] => Some(&self.models[*at]),
            _ => None,
        }
    }

    /// The model of a `Table(…)`, by the place of its call.
    pub fn of_table(&self, place: HostSpan) -> Option<&Model> {
        self.by_place.get(&place).map(|at| &self.models[*at])
    }

    /// The model of a table.
    pub fn by_table(&self, table: &QName) -> Option<&Model> {
        self.by_table.get(table).map(|at| &self.models[*at])
    }

    /// All of them, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    fn insert(&mut self, model: Model, name: Option<Name>, path: String) {
        let at = self.models.len();
        match model.class {
            Some(class) => drop(self.by_class.insert(class, at)),
            None => drop(self.by_place.insert(model.place, at)),
        }
        if let Some(name) = name {
            self.by_name.entry(name).or_default().push(at);
        }
        let known = self.by_table.entry(model.table.clone()).or_insert(at);
        // A class whose parent shares the table stands behind the parent, a `Table` behind a class.
        let is_behind = |model: &Model| model.class.is_none() || model.discriminator.is_some();
        if *known != at && is_behind(&self.models[*known]) && !is_behind(&model) {
            *known = at;
        }
        self.models.push(model);
        self.paths.push(path);
    }
}

impl Model {
    /// The column that an attribute stands for.
    pub fn column(&self, attribute: &str) -> Option<&Mapped> {
        self.columns.iter().find(|mapped| *mapped.attribute == *attribute)
    }

    /// The relationship of a name.
    pub fn relationship(&self, attribute: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|known| *known.attribute == *attribute)
    }
}

/// How far two files are from each other: the same one, then the more folders they share, then the nearer to the root.
pub(super) fn distance(from: &str, to: &str) -> (bool, std::cmp::Reverse<usize>, usize) {
    let shared = from.split('/').zip(to.split('/')).take_while(|(a, b)| a == b).count();
    (from != to, std::cmp::Reverse(shared), to.len())
}
