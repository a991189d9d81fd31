//! Models in the making: what each class and `Table` says, before what it says of others is looked up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::dialect::Dialect;
use crate::host::code::{Bound, Code};
use crate::host::flow::Evaluator;
use crate::host::value::{ClassId, FunctionId, Kind, Value};
use crate::ir::{Expr, ExprKind, Name, Stmt, StmtKind};
use crate::name::{Ident, QName};
use crate::query::PathClass;
use crate::source::HostSpan;

use super::super::column::{self, Column, Referred};
use super::super::evidence;
use super::super::names::{called, entry, first_way, positional};
use super::super::types::Type;
use super::class::{Line, Map};
use super::{Mapped, Model, Models, Property, distance};

/// What a code base maps, with the values that say so.
pub(in crate::orm::sqlalchemy) struct Drafts<'c, 'a> {
    /// The code base.
    pub code: &'c Code<'a>,
    /// Values of names and attributes.
    pub evaluator: Evaluator<'c, 'a>,
    /// The models, in the order of their files, those of tests last.
    pub models: Vec<DraftModel>,
    pub(super) by_class: HashMap<ClassId, usize>,
    pub(super) by_place: HashMap<HostSpan, usize>,
    pub(super) by_name: HashMap<Name, Vec<usize>>,
    pub(super) by_table: HashMap<QName, Vec<usize>>,
    pub(super) lines: HashMap<ClassId, std::rc::Rc<Line>>,
    pub(super) maps: HashMap<ClassId, std::rc::Rc<Map>>,
    pub(super) open: BTreeSet<ClassId>,
    /// What is said of models outside of them: `Index(…)` behind a class.
    pub loose: Vec<Value>,
    /// Classes that are models, and why they could not be read.
    pub skipped: Vec<(HostSpan, &'static str, String)>,
}

/// A model in the making.
pub(in crate::orm::sqlalchemy) struct DraftModel {
    pub class: Option<ClassId>,
    /// The file, by position.
    pub file: usize,
    pub name: Option<Name>,
    pub table: QName,
    pub place: HostSpan,
    /// Attributes and the columns that they stand for.
    pub columns: Vec<(Name, Column)>,
    pub relationships: Vec<DraftRelationship>,
    pub hybrids: BTreeMap<Name, FunctionId>,
    pub properties: BTreeMap<Name, Property>,
    pub parent: Option<ClassId>,
    /// Whether the parent's table is its own.
    pub shares_table: bool,
    /// What the discriminator says for it.
    pub identity: Option<String>,
    /// The column that tells the classes below apart.
    pub discriminator: Option<Value>,
    /// What is said of the table: constraints, indexes.
    pub arguments: Vec<Value>,
    /// The dictionary of the table's options.
    pub naming: Option<Value>,
    pub complete: bool,
}

/// A relationship in the making.
pub(in crate::orm::sqlalchemy) struct DraftRelationship {
    pub attribute: Name,
    pub place: HostSpan,
    /// The call that declares it; the annotation alone where there is none.
    pub value: Option<Value>,
    /// The type that is written to it.
    pub annotation: Option<Value>,
    /// The file that says so.
    pub file: usize,
}

impl DraftModel {
    pub(super) fn column(&self, attribute: &str) -> Option<&Column> {
        self.columns.iter().find(|(name, _)| **name == *attribute).map(|(_, column)| column)
    }

    /// The column of a name in the database.
    pub fn column_named(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|(_, column)| column.name == *name).map(|(_, column)| column)
    }
}

impl<'c, 'a> Drafts<'c, 'a> {
    /// Reads what every class and `Table` says.
    pub fn read(code: &'c Code<'a>) -> Self {
        let mut drafts = Self {
            code,
            evaluator: Evaluator::new(code),
            models: Vec::new(),
            by_class: HashMap::new(),
            by_place: HashMap::new(),
            by_name: HashMap::new(),
            by_table: HashMap::new(),
            lines: HashMap::new(),
            maps: HashMap::new(),
            open: BTreeSet::new(),
            loose: Vec::new(),
            skipped: Vec::new(),
        };
        let mut files: Vec<usize> = (0..code.files.len()).filter(|file| !code.files[*file].body.is_empty()).collect();
        // What tests declare stands for nothing where the application has one of the name.
        files.sort_by_key(|file| code.files[*file].class != PathClass::App);
        let mut classes: HashMap<usize, Vec<ClassId>> = HashMap::new();
        for id in code.class_ids() {
            classes.entry(code.class(id).file).or_default().push(id);
        }
        for file in &files {
            drafts.tables_of(*file);
            for id in classes.remove(file).unwrap_or_default() {
                drafts.take_class(id);
            }
        }
        for file in &files {
            drafts.statements(*file, &code.files[*file].body);
        }
        drafts.settle();
        drafts
    }

    fn tables_of(&mut self, file: usize) {
        for (name, bounds) in self.code.scope(file).names() {
            let is_table =
                |bound: &Bound<'_>| matches!(bound, Bound::Value { value: Some(value), .. } if calls(value, "Table"));
            if bounds.iter().any(is_table)
                && let Some(value) = self.evaluator.global(file, &Name::from(name))
            {
                self.take_table(file, &value);
            }
        }
    }

    /// Takes up a `Table(…)`; the number of its model.
    pub(super) fn take_table(&mut self, file: usize, value: &Value) -> Option<usize> {
        let value = first_way(value);
        if let Some(known) = self.by_place.get(&value.place) {
            return Some(*known);
        }
        let ("Table", call) = called(value)? else { return None };
        let name = call.argument(0, "name")?.text()?;
        let own = call.named("schema").and_then(|schema| schema.text());
        let metadata = call.argument(1, "metadata").and_then(|value| self.metadata(first_way(value)));
        let schema = own.or_else(|| schema_of(metadata.as_ref()?));
        let mut model = DraftModel {
            class: None,
            file,
            name: None,
            table: qualified(schema.as_deref(), &name),
            place: value.place,
            columns: Vec::new(),
            relationships: Vec::new(),
            hybrids: BTreeMap::new(),
            properties: BTreeMap::new(),
            parent: None,
            shares_table: false,
            identity: None,
            discriminator: None,
            arguments: Vec::new(),
            naming: metadata.as_ref().and_then(naming_of),
            complete: true,
        };
        // Flask-SQLAlchemy's `db.Table` takes no metadata.
        let is_element = |value: &Value| {
            column::call_of(value).is_some() || called(value).is_some_and(|(name, _)| name.ends_with("Constraint"))
        };
        let skipped = if positional(call).nth(1).map(first_way).is_some_and(is_element) { 1 } else { 2 };
        for argument in positional(call).skip(skipped) {
            self.table_argument(&mut model, first_way(argument));
        }
        let reflects = call.named("autoload_with").is_some() || call.says("autoload");
        model.complete &= !reflects;
        Some(self.insert(model))
    }

    fn table_argument(&mut self, model: &mut DraftModel, argument: &Value) {
        match column::call_of(argument) {
            Some((_, call)) => {
                let key = call.named("key").and_then(|key| key.text());
                let column = column::read(&mut self.evaluator, call, None, argument.place);
                model.complete &= column.is_some();
                if let Some(column) = column {
                    let key = key.map_or_else(|| Name::from(column.name.as_str()), Name::from);
                    model.columns.push((key, column));
                }
            }
            None if argument.call().is_some() => model.arguments.push(argument.clone()),
            None => model.complete &= matches!(argument.kind, Kind::Null),
        }
    }

    pub(super) fn insert(&mut self, model: DraftModel) -> usize {
        let at = self.models.len();
        match model.class {
            Some(class) => drop(self.by_class.insert(class, at)),
            None => drop(self.by_place.insert(model.place, at)),
        }
        if let Some(name) = &model.name {
            self.by_name.entry(name.clone()).or_default().push(at);
        }
        if !model.shares_table {
            self.by_table.entry(model.table.clone()).or_default().push(at);
        }
        self.models.push(model);
        at
    }

    /// What stands between the declarations of a file: `User.posts = relationship(…)`, `Index("…", User.email)`.
    fn statements(&mut self, file: usize, body: &'a [Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Assign {
                    target: Expr { kind: ExprKind::Attribute { of, name, name_span }, .. },
                    value: Some(value),
                    ..
                } if matches!(value.kind, ExprKind::Call(_)) && matches!(of.kind, ExprKind::Name(_)) => {
                    let Kind::Class(id) = self.evaluator.written(file, None, of).kind else { continue };
                    let Some(at) = self.by_class.get(&id).copied() else { continue };
                    let value = self.evaluator.written(file, None, value);
                    let place = self.code.place(file, *name_span);
                    self.add_attribute(at, name, place, &value, file);
                }
                StmtKind::Expr(expr) | StmtKind::Assign { value: Some(expr), .. }
                    if LOOSE.iter().any(|name| calls(expr, name)) =>
                {
                    let value = self.evaluator.written(file, None, expr);
                    self.loose.push(value);
                }
                StmtKind::If { then, otherwise, .. } => {
                    self.statements(file, then);
                    self.statements(file, otherwise);
                }
                _ => {}
            }
        }
    }

    /// Gives columns that name no type the one of the column that they refer to.
    fn settle(&mut self) {
        for (_, column) in self.models.iter_mut().flat_map(|model| &mut model.columns) {
            // A key whose type nobody can tell is a number more often than not.
            if column.kind.is_none() && column.is_primary && column.references.is_empty() {
                column.kind = Some(Type::named("Integer"));
            }
        }
        for at in 0..self.models.len() {
            for number in 0..self.models[at].columns.len() {
                let column = &self.models[at].columns[number].1;
                if column.kind.is_none() {
                    let kind = self.type_behind(at, column, 4);
                    self.models[at].columns[number].1.kind = kind;
                }
            }
        }
    }

    fn type_behind(&self, at: usize, column: &Column, depth: u8) -> Option<Type> {
        let depth = depth.checked_sub(1)?;
        let reference = column.references.first()?;
        let (other, behind) = self.column_of(at, &reference.to)?;
        behind.kind.clone().or_else(|| self.type_behind(other, behind, depth))
    }

    /// The column that a reference means, and the model that has it.
    pub fn column_of(&self, from: usize, to: &Referred) -> Option<(usize, &Column)> {
        match to {
            Referred::Named(text) => {
                let (table, column) = text.rsplit_once('.')?;
                let at = self.table_named(from, table)?;
                let column = Ident::new(column);
                Some((at, self.models[at].column_named(&column)?))
            }
            Referred::Attribute(class, name) => {
                let mut at = *self.by_class.get(class)?;
                // An attribute of a joined class may be its parent's.
                for _ in 0..8 {
                    if let Some(column) = self.models[at].column(name) {
                        return Some((at, column));
                    }
                    at = *self.by_class.get(&self.models[at].parent?)?;
                }
                None
            }
            Referred::OfTable(place, name) => {
                let at = *self.by_place.get(place)?;
                Some((at, self.models[at].column(name)?))
            }
        }
    }

    /// The table that a reference names: of that schema, else of the one's own.
    pub fn table_named(&self, from: usize, name: &str) -> Option<usize> {
        let name = QName::read(name);
        let own = &self.models[from].table.schema;
        let found = self.by_table.get(&name).or_else(|| match (&name.schema, own) {
            (None, Some(own)) => self.by_table.get(&QName { schema: Some(own.clone()), ..name.clone() }),
            _ => None,
        })?;
        let path = self.path(from);
        found.iter().copied().min_by_key(|at| distance(path, self.path(*at)))
    }

    /// The path of a model's file.
    pub fn path(&self, at: usize) -> &'c str {
        self.code.files[self.models[at].file].path.as_str()
    }

    /// The table and the column that a reference names, whether or not a model declares them.
    pub fn referred(&self, from: usize, to: &Referred) -> Option<(QName, Ident)> {
        if let Some((at, column)) = self.column_of(from, to) {
            return Some((self.models[at].table.clone(), column.name.clone()));
        }
        let Referred::Named(text) = to else { return None };
        let (table, column) = text.rsplit_once('.')?;
        let known = self.table_named(from, table).map(|at| self.models[at].table.clone());
        Some((known.unwrap_or_else(|| QName::read(table)), Ident::new(column)))
    }

    /// Puts the plain data together.
    pub fn models(mut self) -> Models {
        let dialect = evidence::dialect(self.code, "").0;
        let related = self.relationships();
        let mut models = Models::default();
        for id in self.code.class_ids() {
            let path = self.code.files[self.code.class(id).file].path.as_str();
            models.of_class.insert(id, stem(path).to_owned());
        }
        for (at, relationships) in related.into_iter().enumerate() {
            let model = self.model(at, dialect, relationships);
            models.insert(model, self.models[at].name.clone(), stem(self.path(at)).to_owned());
        }
        models
    }

    fn model(&self, at: usize, dialect: Dialect, relationships: Vec<super::Relationship>) -> Model {
        let draft = &self.models[at];
        let mapped = |(attribute, column): &(Name, Column)| Mapped {
            attribute: attribute.clone(),
            column: column.name.clone(),
            place: column.place,
            type_name: column.kind.as_ref().map_or_else(|| "TEXT".to_owned(), |kind| kind.sql(dialect)),
            members: column
                .kind
                .as_ref()
                .and_then(|kind| kind.members.as_ref())
                .map_or_else(Vec::new, |members| members.of_host.clone()),
            binds: column.kind.as_ref().and_then(|kind| kind.binds),
            not_null: column.is_not_null(),
            primary: column.is_primary,
            foreign_key: column.references.first().and_then(|reference| self.referred(at, &reference.to)),
        };
        let mut model = Model {
            class: draft.class,
            table: draft.table.clone(),
            place: draft.place,
            columns: draft.columns.iter().map(mapped).collect(),
            relationships,
            hybrids: draft.hybrids.clone(),
            properties: draft.properties.clone(),
            parent: draft.parent.filter(|_| !draft.shares_table),
            discriminator: self.discriminator(at),
            complete: draft.complete,
        };
        self.inherit(at, &mapped, &mut model);
        model
    }

    /// Adds what a class has of the parent whose table it shares.
    fn inherit(&self, at: usize, mapped: &dyn Fn(&(Name, Column)) -> Mapped, model: &mut Model) {
        let mut draft = &self.models[at];
        for _ in 0..8 {
            let Some(parent) = draft.parent.and_then(|parent| self.by_class.get(&parent)) else { return };
            let is_same_table = draft.shares_table;
            draft = &self.models[*parent];
            model.complete &= draft.complete;
            for (name, function) in &draft.hybrids {
                model.hybrids.entry(name.clone()).or_insert(*function);
            }
            for (name, property) in &draft.properties {
                model.properties.entry(name.clone()).or_insert_with(|| property.clone());
            }
            if is_same_table {
                let known: BTreeSet<Name> = model.columns.iter().map(|mapped| mapped.attribute.clone()).collect();
                model.columns.extend(draft.columns.iter().filter(|(name, _)| !known.contains(name)).map(mapped));
            } else {
                return;
            }
        }
    }

    fn discriminator(&self, at: usize) -> Option<(Ident, Vec<String>)> {
        if !self.models[at].shares_table {
            return None;
        }
        let mut above = at;
        let column = (0..8).find_map(|_| {
            above = *self.by_class.get(&self.models[above].parent?)?;
            self.models[above].discriminator.as_ref()
        })?;
        let own = &self.models[above];
        let name = match &column.kind {
            Kind::Attribute { name, .. } => own.column(name).map(|column| column.name.clone()),
            Kind::Text(_) => column.text().and_then(|name| own.column(&name).map(|column| column.name.clone())),
            _ => own
                .columns
                .iter()
                .map(|(_, column)| column)
                .find(|known| within(column.place, known.place))
                .map(|column| column.name.clone()),
        }?;
        let mut identities = Vec::new();
        for (number, model) in self.models.iter().enumerate() {
            if number == at || self.is_below(number, at) {
                identities.push(model.identity.clone()?);
            }
        }
        Some((name, identities))
    }

    fn is_below(&self, at: usize, above: usize) -> bool {
        let mut at = at;
        for _ in 0..8 {
            let Some(parent) = self.models[at].parent.and_then(|parent| self.by_class.get(&parent)) else {
                return false;
            };
            if *parent == above {
                return true;
            }
            at = *parent;
        }
        false
    }
}

const LOOSE: &[&str] = &["Index", "UniqueConstraint", "CheckConstraint", "DDL"];

/// Says whether an expression calls something of a name.
fn calls(expr: &Expr, expected: &str) -> bool {
    let ExprKind::Call(call) = &expr.kind else { return false };
    match &call.callee.kind {
        ExprKind::Name(name) | ExprKind::Attribute { name, .. } => **name == *expected,
        _ => false,
    }
}

fn within(place: HostSpan, of: HostSpan) -> bool {
    place.file == of.file && of.start <= place.start && place.end <= of.end
}

fn stem(path: &str) -> &str {
    let path = path.strip_suffix(".py").unwrap_or(path);
    path.strip_suffix("/__init__").unwrap_or(path)
}

/// A table's name with its schema.
pub(super) fn qualified(schema: Option<&str>, name: &str) -> QName {
    match (schema, name.split_once('.')) {
        (Some(schema), _) => QName::qualified(schema, name),
        (None, Some((schema, name))) => QName::qualified(schema, name),
        (None, None) => QName::plain(name),
    }
}

/// The schema that a `MetaData(schema=…)` gives to its tables.
pub(super) fn schema_of(metadata: &Value) -> Option<String> {
    match called(first_way(metadata))? {
        ("MetaData", call) => call.named("schema")?.text(),
        _ => None,
    }
}

/// The names that a `MetaData(naming_convention=…)` gives to what has none.
pub(super) fn naming_of(metadata: &Value) -> Option<Value> {
    match called(first_way(metadata))? {
        ("MetaData", call) => call.named("naming_convention").cloned(),
        ("SQLAlchemy" | "declarative_base" | "registry", call) => naming_of(call.named("metadata")?),
        _ => None,
    }
}

/// An entry of a dictionary of options.
pub(super) fn option<'v>(options: Option<&'v Value>, key: &str) -> Option<&'v Value> {
    entry(options?, key)
}

/// What tells the mapped classes of one database from those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::orm::sqlalchemy) enum Base {
    /// A class that is the base of all.
    Class(ClassId),
    /// The call that makes the base.
    Call(HostSpan),
}

impl Drafts<'_, '_> {
    /// The base of a model's class.
    pub fn base_of(&self, at: usize) -> Option<Base> {
        let line = self.lines.get(&self.models[at].class?)?;
        let is_base = |class: &&ClassId| self.lines.get(class).is_some_and(|line| line.is_base);
        let class = line.classes.iter().find(is_base).map(|class| Base::Class(*class));
        class.or_else(|| line.calls.first().map(|call| Base::Call(call.place)))
    }

    /// What `metadata` is of a `Table`: that of a base, where it is named by one.
    fn metadata(&mut self, value: &Value) -> Option<Value> {
        let Kind::Attribute { of, name, .. } = &value.kind else { return Some(value.clone()) };
        match (&of.kind, &**name) {
            (Kind::Class(id), "metadata") => {
                let line = self.line(*id);
                line.classes.iter().find_map(|class| self.own(*class, "metadata"))
            }
            (Kind::Call(call), "metadata") => call.named("metadata").cloned(),
            _ => None,
        }
    }
}
