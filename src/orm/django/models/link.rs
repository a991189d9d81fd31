//! From declared models to whole ones: tables, columns, what relations lead to and their other ends.

use std::collections::HashMap;

use super::declared::{Declared, Finder};
use super::external;
use super::inherit::Family;
use super::meta::MetaSaid;
use super::{Abstract, Field, FieldKind, Meta, Model, Models, OrderKey, Relation, Reverse, Through};
use crate::host::code::Code;
use crate::host::flow::Evaluator;
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::orm::django::apps::Apps;
use crate::orm::django::fields::{RelationSpec, Spec, Target};
use crate::orm::django::names;
use crate::source::HostSpan;

/// Reads every model of a code base.
pub(super) fn read(code: &Code<'_>) -> Models {
    let mut evaluator = Evaluator::new(code);
    let apps = Apps::read(code, &mut evaluator);
    let mut finder = Finder::new(&mut evaluator, &apps);
    finder.find();
    if finder.found.is_empty() {
        return Models::default();
    }
    for (installed, place) in &apps.settings.installed {
        external::of_app(installed).for_each(|class| finder.declare_external(class, *place));
    }
    declare_named(&mut finder, &apps);
    let found = std::mem::take(&mut finder.found);
    let models = Linker::new(&found, &apps).link();
    Models { lookups: lookups(code, &mut evaluator), ..models }
}

/// The names of the lookups and transforms that classes of the code are (`lookup_name = "near"`).
fn lookups(code: &Code<'_>, evaluator: &mut Evaluator<'_, '_>) -> Vec<Name> {
    let said = Name::from("lookup_name");
    let named = code.class_ids().filter(|class| !code.class(*class).scope.get(&said).is_empty());
    named.filter_map(|class| Some(Name::from(evaluator.class_value(class, &said)?.text()?))).collect()
}

/// Takes up the models outside of the code that relations name.
fn declare_named(finder: &mut Finder<'_, '_, '_>, apps: &Apps) {
    loop {
        let targets = finder.found.values().flat_map(|declared| &declared.own);
        let targets = targets.filter_map(|(_, spec)| Some((spec.as_ref()?.relation.as_ref()?, spec.as_ref()?.place)));
        let targets = targets.flat_map(|(relation, place)| {
            std::iter::once(&relation.to).chain(&relation.through).map(move |target| (target, place))
        });
        let named = |target: &Target| match target {
            Target::External(path) => external::by_path(path),
            Target::Label(label) => label.split_once('.').and_then(|(app, name)| external::by_label(app, name)),
            Target::User if apps.settings.user.is_none() => external::by_label("auth", "User"),
            _ => None,
        };
        let mut new: Vec<(ClassId, HostSpan)> =
            targets.filter_map(|(target, place)| Some((named(target)?, place))).collect();
        new.retain(|(class, _)| !finder.found.contains_key(class));
        // The first place in the code, whatever the order of the map.
        new.sort();
        if new.is_empty() {
            return;
        }
        new.into_iter().for_each(|(class, place)| finder.declare_external(class, place));
    }
}

struct Linker<'d> {
    family: Family<'d>,
    apps: &'d Apps,
    /// By project, app and name.
    labels: HashMap<(Name, String, String), ClassId>,
    users: HashMap<Name, ClassId>,
    models: Vec<Model>,
}

impl<'d> Linker<'d> {
    fn new(found: &'d HashMap<ClassId, Declared>, apps: &'d Apps) -> Self {
        let mut labels = HashMap::new();
        let mut concrete: Vec<&Declared> = found.values().filter(|declared| !declared.is_abstract()).collect();
        concrete.sort_by_key(|declared| declared.class);
        for declared in concrete {
            let (app, name) = (declared.app.to_ascii_lowercase(), declared.name.to_ascii_lowercase());
            let key = (declared.project.clone(), app, name);
            labels.entry(key).or_insert(declared.class);
        }
        let mut linker = Self { family: Family(found), apps, labels, users: HashMap::new(), models: Vec::new() };
        let projects = apps.projects();
        for project in &projects {
            let own = apps.settings.users.iter().find(|(path, _)| apps.project_of(path) == &**project);
            let label = own.map(|(_, label)| label).or(apps.settings.user.as_ref().filter(|_| projects.len() == 1));
            let user = linker.labelled(label.map_or("auth.User", |label| label), "", project);
            linker.users.extend(user.map(|user| (project.clone(), user)));
        }
        linker
    }

    fn link(mut self) -> Models {
        let mut classes: Vec<&Declared> = self.family.0.values().filter(|declared| !declared.is_abstract()).collect();
        classes.sort_by(|a, b| (&a.app, &a.name, a.class).cmp(&(&b.app, &b.name, b.class)));
        let classes: Vec<ClassId> = classes.into_iter().map(|declared| declared.class).collect();
        let (proxies, own): (Vec<ClassId>, Vec<ClassId>) =
            classes.into_iter().partition(|class| self.family.concrete(*class) != *class);
        // A user model that is swapped for another has no table.
        let is_swapped = |class: &ClassId| {
            Some(*class) == external::by_label("auth", "User") && !self.users.values().any(|user| user == class)
        };
        for class in own.into_iter().filter(|class| !is_swapped(class)).collect::<Vec<_>>() {
            let model = self.model(class);
            self.models.extend(model);
        }
        self.tables_between();
        self.other_ends();
        self.proxies(&proxies);
        self.into_models()
    }

    fn into_models(self) -> Models {
        let apps = self.apps;
        let auto_fields = apps.all().map(|app| (app.label.clone(), app.auto_field)).collect();
        let auto_field = apps.settings.auto_field;
        let zone = apps.settings.zone.clone();
        let (page, filters) = (apps.settings.page, apps.settings.filters.clone());
        let mut models = Models {
            users: self.users,
            projects: apps.projects(),
            auto_fields,
            auto_field,
            zone,
            page,
            filters,
            ..Models::default()
        };
        for declared in self.family.0.values().filter(|declared| declared.is_abstract()) {
            let inherited = self.family.inherited(declared.class);
            let fields = inherited.fields.into_iter().map(|(name, _)| name).collect();
            models.abstracts.insert(declared.class, Abstract { managers: inherited.managers, fields });
        }
        for (at, model) in self.models.iter().enumerate() {
            models.by_class.insert(model.class, at);
            models.by_name.entry(model.name.to_ascii_lowercase()).or_default().push(at);
        }
        models.models = self.models;
        models
    }

    /// The model of a label, of a project or of what projects share.
    fn labelled(&self, label: &str, near: &str, project: &Name) -> Option<ClassId> {
        let (app, name) = label.rsplit_once('.').unwrap_or((near, label));
        let of = |project: Name| self.labels.get(&(project, app.to_ascii_lowercase(), name.to_ascii_lowercase()));
        of(project.clone()).or_else(|| of(Name::from(""))).copied()
    }

    /// The model that a relation of a model leads to.
    fn target(&self, target: &Target, own: &Declared) -> Option<ClassId> {
        let found = match target {
            Target::Class(class) => Some(*class),
            Target::Label(label) => self.labelled(label, &own.app, &own.project),
            Target::External(path) => external::by_path(path),
            Target::User => self.users.get(&own.project).or_else(|| self.users.get("")).copied(),
            Target::Own => Some(own.class),
        };
        found.filter(|class| self.family.get(*class).is_some_and(|declared| !declared.is_abstract()))
    }

    fn model(&self, class: ClassId) -> Option<Model> {
        let declared = self.family.get(class)?;
        let inherited = self.family.inherited(class);
        let said = self.family.meta(class);
        let app = said.app_label.clone().unwrap_or_else(|| declared.app.clone());
        let name = match &said.table {
            Some(table) => table.to_string(),
            None => names::table(&app, &declared.name),
        };
        let mut complete = inherited.complete && !said.table_unknown && !app.is_empty();
        let mut fields: Vec<Field> = Vec::new();
        for (name, spec) in &inherited.fields {
            let field = self.field(declared, &said, name, spec);
            complete &= field.kind != FieldKind::Unknown && (spec.relation.is_none() || field.relation.is_some());
            fields.push(field);
        }
        self.add_key(declared, &inherited.parents, &mut fields);
        if external::of_class(class).is_some() {
            // What Django counts up itself stands before what is inherited.
            fields.sort_by_key(|field| !field.primary);
        }
        if said.order_with_respect_to.is_some() {
            let spec = Spec::of(FieldKind::Integer(super::IntegerSize::Normal), declared.place);
            fields.push(self.field(declared, &said, &Name::from("_order"), &spec));
        }
        let managers = inherited.managers;
        let first = managers.first().map_or_else(|| Name::from("objects"), |manager| manager.name.clone());
        Some(Model {
            class,
            project: declared.project.clone(),
            name: declared.name.clone(),
            table: table_named(&name),
            place: declared.place,
            primary_key: fields
                .iter()
                .find(|field| field.primary)
                .map_or_else(|| Name::from("id"), |key| key.name.clone()),
            fields,
            reverse: Vec::new(),
            ordering: match &said.order_with_respect_to {
                Some(_) => vec![(OrderKey::Path("_order".to_owned()), declared.place)],
                None => said.ordering,
            },
            managers,
            default_manager: said.default_manager.unwrap_or(first),
            proxy_of: None,
            parent: inherited.parents.first().copied(),
            complete,
            meta: Meta {
                is_unmanaged: said.is_unmanaged,
                get_latest_by: said.get_latest_by,
                unique_together: said.unique_together,
                index_together: said.index_together,
                indexes: said.indexes,
                constraints: said.constraints,
            },
            app,
        })
    }

    /// The primary key that Django adds where a model declares none: a number, or the link to the parent's row.
    fn add_key(&self, declared: &Declared, parents: &[ClassId], fields: &mut Vec<Field>) {
        for (number, parent) in parents.iter().enumerate() {
            let Some(of) = self.family.get(*parent) else { continue };
            let leads = |field: &Field| field.kind == FieldKind::OneToOne && field.is_link_to(*parent);
            let has_key = fields.iter().any(|field| field.primary);
            if let Some(link) = fields.iter_mut().find(|field| leads(field)) {
                link.primary |= !has_key;
                continue;
            }
            let relation = RelationSpec { parent_link: true, ..RelationSpec::to(Target::Class(*parent)) };
            let spec = Spec {
                primary: !has_key,
                unique: true,
                relation: Some(relation),
                ..Spec::of(FieldKind::OneToOne, declared.place)
            };
            let name = Name::from(format!("{}_ptr", of.name.to_lowercase()));
            fields.insert(number, self.field(declared, &MetaSaid::default(), &name, &spec));
        }
        if fields.iter().all(|field| !field.primary) {
            let auto = self.apps.labelled(&declared.app).map_or(self.apps.settings.auto_field, |app| app.auto_field);
            let spec = Spec { primary: true, unique: true, ..Spec::of(FieldKind::Auto(auto), declared.place) };
            fields.insert(0, self.field(declared, &MetaSaid::default(), &Name::from("id"), &spec));
        }
    }

    fn field(&self, own: &Declared, said: &MetaSaid, name: &Name, spec: &Spec) -> Field {
        let attribute = if spec.kind.is_key() { Name::from(format!("{name}_id")) } else { name.clone() };
        Field {
            name: name.clone(),
            column: Ident::new(spec.column.as_deref().unwrap_or(&attribute)),
            attribute,
            kind: spec.kind.clone(),
            null: spec.null,
            unique: spec.unique,
            index: spec.index && !spec.unique,
            primary: spec.primary,
            relation: spec.relation.as_ref().and_then(|relation| self.relation(own, said, &spec.kind, relation)),
            place: spec.place,
        }
    }

    fn relation(&self, own: &Declared, said: &MetaSaid, kind: &FieldKind, spec: &RelationSpec) -> Option<Relation> {
        let to = self.tagged(own, spec).or_else(|| self.target(&spec.to, own))?;
        let model = own.name.to_lowercase();
        let filled = |name: &Name| {
            let name = name.replace("%(class)s", &model).replace("%(model_name)s", &model);
            Name::from(name.replace("%(app_label)s", &own.app.to_lowercase()))
        };
        let related_name = spec.related_name.as_ref().or(said.default_related_name.as_ref()).map(filled);
        let goes_both_ways = *kind == FieldKind::ManyToMany && spec.symmetrical && to == own.class;
        let is_hidden = goes_both_ways
            || related_name.as_ref().is_some_and(|name| name.ends_with('+'))
            || matches!(kind, FieldKind::GenericRelation(..));
        let plain = if *kind == FieldKind::OneToOne { model.clone() } else { format!("{model}_set") };
        let accessor = related_name.clone().unwrap_or_else(|| Name::from(plain));
        let query_name = spec.related_query_name.as_ref().map(filled).or_else(|| related_name.clone());
        Some(Relation {
            to,
            to_field: spec.to_field.clone(),
            query_name: query_name.unwrap_or_else(|| Name::from(model)),
            accessor: (!is_hidden).then_some(accessor),
            related_name,
            many: None,
            constraint: spec.constraint,
        })
    }

    /// The model of tags that a table between of the code's own leads to.
    fn tagged(&self, own: &Declared, spec: &RelationSpec) -> Option<ClassId> {
        let through = self.target(spec.through.as_ref().filter(|_| spec.is_tags)?, own)?;
        let (_, tag) = self.family.inherited(through).fields.into_iter().find(|(name, _)| **name == *"tag")?;
        self.target(&tag.relation?.to, self.family.get(through)?)
    }

    /// Sets the tables between models that are many to many.
    fn tables_between(&mut self) {
        let at: HashMap<ClassId, usize> = self.models.iter().enumerate().map(|(at, model)| (model.class, at)).collect();
        let mut found = Vec::new();
        for (number, model) in self.models.iter().enumerate() {
            let Some(own) = self.family.get(model.class) else { continue };
            let specs = self.family.inherited(model.class).fields;
            for (position, field) in model.fields.iter().enumerate() {
                let (FieldKind::ManyToMany, Some(relation)) = (&field.kind, &field.relation) else { continue };
                let Some((_, Spec { relation: Some(spec), .. })) = specs.iter().find(|(name, _)| *name == field.name)
                else {
                    continue;
                };
                let through = match &spec.through {
                    Some(through) => {
                        let through = self.target(through, own).and_then(|class| self.models.get(*at.get(&class)?));
                        through.and_then(|through| self.declared_between(model, relation.to, through, spec))
                    }
                    None => self.made_between(model, field, relation.to, spec),
                };
                found.push((number, position, through));
            }
        }
        for (number, position, through) in found {
            self.models[number].complete &= through.is_some();
            if let Some(relation) = &mut self.models[number].fields[position].relation {
                relation.many = through;
            }
        }
    }

    /// The table that Django makes up.
    fn made_between(&self, model: &Model, field: &Field, to: ClassId, spec: &RelationSpec) -> Option<Through> {
        let other = self.family.get(to)?.name.to_lowercase();
        let own = model.name.to_lowercase();
        let (own, other) = if own == other { (format!("from_{own}"), format!("to_{other}")) } else { (own, other) };
        let table = match &spec.table {
            Some(table) => table_named(table),
            None => QName {
                name: Ident::from(names::truncate(&format!("{}_{}", model.table.name, field.name), names::MAX_NAME)),
                schema: model.table.schema.clone(),
            },
        };
        let column = |name: String| Ident::from(format!("{name}_id"));
        Some(Through { table, own: column(own), other: column(other), content_type: None, model: None })
    }

    /// The table of a model that is declared to stand between.
    fn declared_between(&self, model: &Model, to: ClassId, through: &Model, spec: &RelationSpec) -> Option<Through> {
        let leads_to = |field: &&Field, class: ClassId| {
            let to = field.relation.as_ref().map(|relation| self.family.concrete(relation.to));
            field.kind.is_key() && to == Some(self.family.concrete(class))
        };
        if spec.is_tags {
            let (own, other) = (through.field("object_id")?, through.field("tag")?);
            let content_type = through.field("content_type").map(|field| field.column.clone());
            return Some(Through { content_type, ..between(through, own, other) });
        }
        if let Some((own, other)) = &spec.through_fields {
            return Some(between(through, through.field(own)?, through.field(other)?));
        }
        let own = through.fields.iter().find(|field| leads_to(field, model.class))?;
        let mut others = through.fields.iter().filter(|field| field.name != own.name);
        Some(between(through, own, others.find(|field| leads_to(field, to))?))
    }

    fn other_ends(&mut self) {
        let mut found: HashMap<ClassId, Vec<Reverse>> = HashMap::new();
        for model in &self.models {
            for field in &model.fields {
                let is_one = matches!(field.kind, FieldKind::GenericRelation(..));
                if let Some(relation) = field.relation.as_ref().filter(|_| !is_one) {
                    let end = Reverse { from: model.class, field: field.name.clone() };
                    found.entry(self.family.concrete(relation.to)).or_default().push(end);
                }
            }
        }
        for model in &mut self.models {
            model.reverse = found.remove(&model.class).unwrap_or_default();
        }
    }

    /// Gives proxies what the models have whose tables they share.
    fn proxies(&mut self, proxies: &[ClassId]) {
        for class in proxies {
            let concrete = self.family.concrete(*class);
            let Some(of) = self.models.iter().find(|model| model.class == concrete) else { continue };
            let Some(declared) = self.family.get(*class) else { continue };
            let inherited = self.family.inherited(*class);
            let said = self.family.meta(*class);
            let first =
                inherited.managers.first().map_or_else(|| Name::from("objects"), |manager| manager.name.clone());
            let proxy = Model {
                class: *class,
                app: said.app_label.clone().unwrap_or_else(|| declared.app.clone()),
                name: declared.name.clone(),
                place: declared.place,
                ordering: if said.says_ordering { said.ordering } else { of.ordering.clone() },
                default_manager: said.default_manager.unwrap_or(first),
                managers: inherited.managers,
                proxy_of: Some(concrete),
                ..of.clone()
            };
            self.models.push(proxy);
        }
    }
}

impl Field {
    fn is_link_to(&self, parent: ClassId) -> bool {
        self.relation.as_ref().is_some_and(|relation| relation.to == parent)
    }
}

fn between(through: &Model, own: &Field, other: &Field) -> Through {
    let (own, other) = (own.column.clone(), other.column.clone());
    Through { table: through.table.clone(), own, other, content_type: None, model: Some(through.class) }
}

/// A table's name; Django's way of naming a schema is to write the quotes in between: `shop"."orders`.
pub(in crate::orm::django) fn table_named(name: &str) -> QName {
    match name.split_once("\".\"") {
        Some((schema, name)) => QName::qualified(schema.trim_matches('"'), name.trim_matches('"')),
        None => QName::plain(name.trim_matches('"')),
    }
}
