//! Attributes of a mapped class: columns, relationships, hybrids, and what is none of them.

use std::rc::Rc;

use crate::host::code::Bound;
use crate::host::value::{Call, ClassId, FunctionId, Kind, Value};
use crate::ir::Name;
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

use super::super::annotation::{self, Annotation};
use super::super::column::{self, Column, Reference, Referred};
use super::super::names::{called, class_value, decorator, entry, first_way, word};
use super::super::types::{self, Type, quoted};
use super::Property;
use super::class::{Line, Map, Style};
use super::read::{DraftModel, DraftRelationship, Drafts};

/// An attribute as a class's body has it.
struct Attribute<'n> {
    name: &'n Name,
    place: HostSpan,
    /// The class that says so.
    owner: ClassId,
}

impl Drafts<'_, '_> {
    /// Takes up the attributes of a class and of what it shares with others; those of the parent stay there.
    pub(super) fn take_attributes(&mut self, line: &Line, parent: &[ClassId], model: &mut DraftModel) {
        let own = line.classes.first().copied();
        let map = own.map(|id| self.map(id, line));
        let start = model.columns.len();
        let mut ends = Vec::new();
        for class in line.classes.iter().filter(|class| !parent.contains(class)) {
            let scope = &self.code.class(*class).scope;
            for (name, bounds) in scope.names() {
                let name = Name::from(name);
                if name.starts_with("__") || is_known(model, &name) {
                    continue;
                }
                self.take_attribute(*class, &name, bounds, line, map.as_deref(), model);
            }
            ends.push(model.columns.len());
        }
        // Columns of a base stand behind those of what is made from it where `DeclarativeBase` says so (SQLAlchemy 2.0,
        // `sort_order`); before that they stand in the order in which they were made.
        if line.calls.is_empty() && line.style == Some(Style::Declarative) {
            return;
        }
        let mut columns = model.columns.split_off(start);
        for end in ends.iter().rev().skip(1).copied().chain([start]) {
            let of_class = columns.split_off(end - start);
            model.columns.extend(of_class);
        }
    }

    fn take_attribute(
        &mut self,
        owner: ClassId,
        name: &Name,
        bounds: &[Bound<'_>],
        line: &Line,
        map: Option<&Map>,
        model: &mut DraftModel,
    ) {
        let file = self.code.class(owner).file;
        match bounds.last() {
            Some(Bound::Function(last)) => {
                let place = self.code.place(file, self.code.function(*last).function.name_span);
                let functions = bounds.iter().filter_map(|bound| match bound {
                    Bound::Function(id) => Some(*id),
                    _ => None,
                });
                let functions: Vec<FunctionId> = functions.collect();
                self.method(&Attribute { name, place, owner }, &functions, line, map, model);
            }
            Some(Bound::Value { value, annotation, place, .. }) => {
                let annotation = annotation.map(|annotation| self.evaluator.written(file, Some(owner), annotation));
                let value = value.and_then(|_| self.evaluator.class_value(owner, name));
                let attribute = Attribute { name, place: *place, owner };
                self.field(&attribute, value.as_ref(), annotation.as_ref(), line, map, model);
            }
            _ => drop(model.properties.insert(name.clone(), Property::Plain)),
        }
    }

    /// A function in a class's body, by what is put before it.
    fn method(
        &mut self,
        attribute: &Attribute<'_>,
        functions: &[FunctionId],
        line: &Line,
        map: Option<&Map>,
        model: &mut DraftModel,
    ) {
        for id in functions {
            let names: Vec<String> = self.code.function(*id).function.decorators.iter().filter_map(decorator).collect();
            for decorator in &names {
                let (before, last) = decorator.rsplit_once('.').unwrap_or(("", decorator));
                match last {
                    "hybrid_property" | "hybrid_method" => {
                        model.hybrids.entry(attribute.name.clone()).or_insert(*id);
                    }
                    "expression" => {
                        let of = before.strip_suffix(".inplace").unwrap_or(before);
                        model.hybrids.insert(Name::from(of), *id);
                    }
                    _ if decorator.split('.').any(|part| part == "declared_attr") => {
                        return self.declared(attribute, *id, line, map, model);
                    }
                    _ => {}
                }
            }
        }
        if !model.hybrids.contains_key(attribute.name) {
            model.properties.insert(attribute.name.clone(), Property::Plain);
        }
    }

    /// What a `declared_attr` returns for the class.
    fn declared(
        &mut self,
        attribute: &Attribute<'_>,
        id: FunctionId,
        line: &Line,
        map: Option<&Map>,
        model: &mut DraftModel,
    ) {
        let Some(class) = model.class else { return };
        let receiver = class_value(self.code, class);
        let callee = Rc::clone(&receiver);
        let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
        let value = self.evaluator.followed(id, &receiver, &call);
        let entry = self.code.function(id);
        let annotation = entry.function.returns.as_ref();
        let annotation = annotation.map(|annotation| self.evaluator.written(entry.file, None, annotation));
        match value {
            Some(value) => self.field(attribute, Some(&value), annotation.as_ref(), line, map, model),
            None => model.complete = false,
        }
    }

    fn field(
        &mut self,
        attribute: &Attribute<'_>,
        value: Option<&Value>,
        annotation: Option<&Value>,
        line: &Line,
        map: Option<&Map>,
        model: &mut DraftModel,
    ) {
        let value = value.map(first_way);
        let said = annotation.map(annotation::read).unwrap_or_default();
        if said.wrapper.as_deref() == Some("ClassVar") {
            model.properties.insert(attribute.name.clone(), Property::Plain);
            return;
        }
        if line.style == Some(Style::SqlModel) && self.sqlmodel(attribute, value, annotation, &said, model) {
            return;
        }
        let column = value.and_then(|value| self.column_call(value));
        match (column, value) {
            (Some(call), _) => {
                let column = column::read(&mut self.evaluator, &call, Some(attribute.name), attribute.place);
                match column {
                    Some(column) => self.mapped_column(attribute, column, annotation, said, map, model),
                    None => model.complete = false,
                }
            }
            (None, Some(value)) => self.other(attribute, value, annotation, model),
            (None, None) if said.wrapper.as_deref() == Some("Mapped") => {
                let column = Column::bare(Ident::new(&**attribute.name), attribute.place);
                self.mapped_column(attribute, column, annotation, said, map, model);
            }
            (None, None) => {}
        }
    }

    /// The call of a column, that of a class of the code base which is one among them.
    fn column_call(&mut self, value: &Value) -> Option<Call> {
        if let Some((_, call)) = column::call_of(value) {
            return Some(call.clone());
        }
        let call = value.call()?;
        let Kind::Class(id) = call.callee.kind else { return None };
        let lineage = self.evaluator.lineage(id);
        let bases: Vec<Value> = lineage.into_iter().flat_map(|id| self.evaluator.bases(id)).collect();
        bases.iter().any(|base| word(base) == Some("Column")).then(|| call.clone())
    }

    /// A column with what the annotation adds to it.
    fn mapped_column(
        &mut self,
        attribute: &Attribute<'_>,
        mut column: Column,
        annotation: Option<&Value>,
        said: Annotation,
        map: Option<&Map>,
        model: &mut DraftModel,
    ) {
        if said.wrapper.as_deref() == Some("Mapped") {
            if let Some(call) = annotation::column_among(&said.extras) {
                let name = Name::from(column.name.as_str());
                if let Some(shared) = column::read(&mut self.evaluator, call, Some(&name), column.place) {
                    lend(&mut column, shared);
                }
            }
            if column.kind.is_none() && column.references.is_empty() {
                let whole = annotation.and_then(|whole| match &whole.kind {
                    Kind::Index { at, .. } => Some(Rc::clone(at)),
                    _ => None,
                });
                let known = map.map_or(&[][..], |map| &map.0);
                if let Some(whole) = whole {
                    column.kind = annotation::type_of(&mut self.evaluator, &said, &whole, known);
                }
            } else if let Some(kind) = column.kind.as_mut().filter(|kind| kind.name == "Enum") {
                self.take_host_members(kind, &said);
            }
            column.nullable = column.nullable.or(Some(said.is_optional));
        }
        model.columns.push((attribute.name.clone(), column));
    }

    /// The members of an `Enum(…)` that leaves them to the annotation.
    fn take_host_members(&mut self, kind: &mut Type, said: &Annotation) {
        let Some(members) = kind.members.as_mut().filter(|members| members.values.is_empty()) else { return };
        let Some(Kind::Class(id)) = said.inner.as_ref().map(|inner| &inner.kind) else { return };
        if let Some(own) = types::of_enumeration(&mut self.evaluator, *id, Some(members)).members {
            members.name = members.name.take().or(own.name);
            (members.values, members.of_host, members.class) = (own.values, own.of_host, own.class);
        }
    }

    /// A value that is no column.
    fn other(&mut self, attribute: &Attribute<'_>, value: &Value, annotation: Option<&Value>, model: &mut DraftModel) {
        let name = attribute.name.clone();
        let property = match called(value) {
            Some(("relationship" | "relation" | "dynamic_loader" | "Relationship", _)) => {
                let file = self.code.class(attribute.owner).file;
                let (value, annotation) = (Some(value.clone()), annotation.cloned());
                model.relationships.push(DraftRelationship {
                    attribute: name,
                    place: attribute.place,
                    value,
                    annotation,
                    file,
                });
                return;
            }
            Some(("column_property", call)) => {
                match call.positional.first().and_then(|first| self.column_call(first)) {
                    Some(call) => {
                        let column = column::read(&mut self.evaluator, &call, Some(&name), attribute.place);
                        model.columns.extend(column.map(|column| (name, column)));
                        return;
                    }
                    None => Property::Expression,
                }
            }
            Some(("synonym", call)) => match call.argument(0, "name").and_then(|of| of.text()) {
                Some(of) => Property::Synonym(Name::from(of)),
                None => Property::Plain,
            },
            Some(("association_proxy", call)) => {
                let text = |at, name| call.argument(at, name).and_then(|value| value.text()).map(Name::from);
                match (text(0, "target_collection"), text(1, "attr")) {
                    (Some(relationship), Some(attribute)) => Property::Proxy { relationship, attribute },
                    _ => Property::Plain,
                }
            }
            Some(("composite", call)) => {
                for (at, value) in call.positional.iter().enumerate() {
                    let Some(inner) = self.column_call(value) else { continue };
                    let column = column::read(&mut self.evaluator, &inner, None, value.place);
                    model.columns.extend(column.map(|column| (Name::from(format!("{name}.{at}")), column)));
                }
                Property::Plain
            }
            Some(("hybrid_property" | "query_expression", _)) => Property::Expression,
            Some(("Index" | "UniqueConstraint" | "CheckConstraint", _)) => {
                model.arguments.push(value.clone());
                Property::Plain
            }
            // What a helper makes of outside code may be a column.
            Some((_, call)) if matches!(call.callee.kind, Kind::External(_) | Kind::Attribute { .. }) => {
                model.complete &= !may_be_column(&call.callee);
                Property::Plain
            }
            // What a function of the code base makes that could not be followed may be one too.
            None if value.call().is_some_and(|call| matches!(call.callee.kind, Kind::Function(..) | Kind::Call(_))) => {
                model.complete = false;
                Property::Plain
            }
            _ => Property::Plain,
        };
        model.properties.insert(name, property);
    }

    /// An attribute that is set from outside of the class.
    pub(super) fn add_attribute(&mut self, at: usize, name: &Name, place: HostSpan, value: &Value, file: usize) {
        let value = first_way(value);
        if is_known(&self.models[at], name) {
            return;
        }
        match called(value) {
            Some(("relationship" | "relation", _)) => {
                let (value, annotation) = (Some(value.clone()), None);
                let attribute = name.clone();
                self.models[at].relationships.push(DraftRelationship { attribute, place, value, annotation, file });
            }
            Some(("Column" | "mapped_column", call)) => {
                let column = column::read(&mut self.evaluator, call, Some(name), place);
                self.models[at].columns.extend(column.map(|column| (name.clone(), column)));
            }
            _ => drop(self.models[at].properties.insert(name.clone(), Property::Expression)),
        }
    }

    /// A field of SQLModel; says whether it was one.
    fn sqlmodel(
        &mut self,
        attribute: &Attribute<'_>,
        value: Option<&Value>,
        annotation: Option<&Value>,
        said: &Annotation,
        model: &mut DraftModel,
    ) -> bool {
        let is_column = |value: &Value| column::call_of(value).is_some();
        let (Some(annotation), false) = (annotation, value.is_some_and(is_column)) else { return false };
        let field = value.and_then(|value| match called(value)? {
            ("Field", call) => Some(call.clone()),
            _ => None,
        });
        if value.is_some_and(|value| matches!(called(value), Some(("Relationship" | "relationship", _)))) {
            return false;
        }
        let mut column = Column::bare(Ident::new(&**attribute.name), attribute.place);
        if let Some(of) = field.as_ref().and_then(|field| field.named("sa_column")) {
            let Some((_, call)) = column::call_of(of) else { return false };
            let read = column::read(&mut self.evaluator, call, Some(attribute.name), attribute.place);
            model.columns.extend(read.map(|column| (attribute.name.clone(), column)));
            return true;
        }
        column.nullable = Some(said.is_optional);
        column.kind = annotation::type_of(&mut self.evaluator, said, annotation, &[]);
        if let Some(field) = &field {
            self.sqlmodel_options(field, &mut column);
        }
        if column.kind.is_none() {
            // Pydantic's own types are texts as often as not; which, nobody says here.
            column.kind = Some(Type::named("String"));
        }
        model.columns.push((attribute.name.clone(), column));
        true
    }

    fn sqlmodel_options(&mut self, field: &Call, column: &mut Column) {
        column::options(&mut self.evaluator, field, column);
        let number = |name: &str| field.named(name).and_then(|value| value.integer()).map(|number| number.to_string());
        if let Some(kind) = column.kind.as_mut() {
            match kind.name.as_str() {
                "String" => kind.arguments.extend(number("max_length")),
                "Numeric" => kind.arguments.extend(number("max_digits").into_iter().chain(number("decimal_places"))),
                _ => {}
            }
        }
        if let Some(kind) = field.named("sa_type").and_then(|kind| types::read(&mut self.evaluator, kind)) {
            column.kind = Some(kind);
        }
        if let Some(to) = field.named("foreign_key").and_then(|to| to.text().map(|text| (text, to.place))) {
            let on_delete = field.named("ondelete").and_then(|value| value.text());
            column.references.push(Reference { to: Referred::Named(to.0), name: None, on_delete, place: to.1 });
        }
        let Some(more) = field.named("sa_column_kwargs") else { return };
        let truth = |name: &str| entry(more, name).and_then(|value| value.bool()) == Some(true);
        column.is_indexed |= truth("index");
        column.is_unique |= truth("unique");
        let name = entry(more, "name").and_then(|name| name.text());
        column.name = name.map_or_else(|| column.name.clone(), Ident::from);
        let default = entry(more, "server_default");
        let default = default.and_then(|value| value.text().map(|text| Sql::text(quoted(&text), value.place)));
        column.default = column.default.take().or(default);
    }

    /// The `type_annotation_map` of what a class is made from.
    fn map(&mut self, id: ClassId, line: &Line) -> Rc<Map> {
        if let Some(known) = self.maps.get(&id) {
            return Rc::clone(known);
        }
        let own = line.classes.iter().copied().find_map(|class| self.own(class, "type_annotation_map"));
        // `registry = registry(type_annotation_map={…})`
        let of_registry = || {
            let registry = line.classes.iter().copied().find_map(|class| self.own(class, "registry"))?;
            registry.call()?.named("type_annotation_map").cloned()
        };
        let mut map = Map::default();
        if let Some(Kind::Dict(pairs)) = own.or_else(of_registry).as_ref().map(|value| &value.kind) {
            for (key, value) in pairs {
                let Some(key) = key else { continue };
                let kind = types::read(&mut self.evaluator, value);
                map.0.extend(kind.map(|kind| (Rc::clone(key), kind)));
            }
        }
        let map = Rc::new(map);
        self.maps.insert(id, Rc::clone(&map));
        map
    }
}

/// Says whether an attribute has been taken up from a class that comes before.
fn is_known(model: &DraftModel, name: &Name) -> bool {
    let of_columns = || model.columns.iter().any(|(known, _)| known == name);
    let of_relationships = || model.relationships.iter().any(|known| known.attribute == *name);
    model.properties.contains_key(name) || model.hybrids.contains_key(name) || of_columns() || of_relationships()
}

/// Gives a column what a shared one says and it does not.
fn lend(column: &mut Column, shared: Column) {
    column.kind = column.kind.take().or(shared.kind);
    column.nullable = column.nullable.or(shared.nullable);
    column.is_primary |= shared.is_primary;
    column.is_unique |= shared.is_unique;
    column.is_indexed |= shared.is_indexed;
    column.is_identity |= shared.is_identity;
    column.counts = column.counts.or(shared.counts);
    column.default = column.default.take().or(shared.default);
    column.computed = column.computed.take().or(shared.computed);
    if column.references.is_empty() {
        column.references = shared.references;
    }
}

/// Says whether something from outside may make a column, by its name.
fn may_be_column(callee: &Value) -> bool {
    word(callee).is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("column") || name.contains("foreign")
    })
}
