//! Operations on models and fields.

use crate::host::value::{Kind, Value};
use crate::ir::Name;
use crate::name::QName;
use crate::orm::django::fields::{self, FieldKind, Spec, Target};
use crate::orm::django::indexes;
use crate::orm::django::models::{IntegerSize, together};
use crate::orm::django::state::{Column, Label, ModelState, Storage};
use crate::source::HostSpan;

use super::replay::{Operation, Replay};

impl Replay<'_, '_, '_> {
    /// Runs an operation that is about models; says whether it is one.
    pub(super) fn model_operation(&mut self, name: &str, operation: &Operation<'_>) -> bool {
        let told = self.editor.skips.len();
        let done = match name {
            "CreateModel" => self.create_model(operation),
            "DeleteModel" => self.delete_model(operation),
            "RenameModel" => self.rename_model(operation),
            "AlterModelTable" => self.alter_table(operation),
            "AddField" => self.add_field(operation),
            "RemoveField" => self.remove_field(operation),
            "AlterField" => self.alter_field(operation),
            "RenameField" => self.rename_field(operation),
            "AlterOrderWithRespectTo" => self.order_with_respect_to(operation),
            "AlterUniqueTogether" => self.alter_unique_together(operation),
            "AlterIndexTogether" => self.alter_index_together(operation),
            "AddIndex" | "AddIndexConcurrently" => self.add_index(operation),
            "RemoveIndex" | "RemoveIndexConcurrently" => self.remove_index(operation),
            "RenameIndex" => self.rename_index(operation),
            "AddConstraint" | "AddConstraintNotValid" => self.add_constraint(operation),
            "RemoveConstraint" => self.remove_constraint(operation),
            _ => return false,
        };
        if done.is_none() && self.editor.skips.len() == told {
            self.editor.skip("unreadable-operation", format!("{name} whose arguments cannot be told"), operation.place);
        }
        true
    }

    fn create_model(&mut self, operation: &Operation<'_>) -> Option<()> {
        let name = operation.text(0, "name")?;
        let mut model = ModelState {
            app: self.app.clone(),
            name: Name::from(name),
            table: None,
            fields: Vec::new(),
            unique_together: Vec::new(),
            index_together: Vec::new(),
            indexes: Vec::new(),
            constraints: Vec::new(),
            storage: Storage::Own,
            parent: None,
            auto: self.apps.settings.auto_field,
            place: operation.place,
        };
        for field in operation.call.argument(1, "fields")?.items()? {
            let [name, declared] = <[&Value; 2]>::try_from(field.items()?.as_slice()).ok()?;
            let name = Name::from(name.text()?);
            match fields::read(&mut self.evaluator, declared) {
                Some(spec) => model.fields.push((name, spec)),
                None => {
                    self.editor.skip("unreadable-field", format!("{}.{name}", model.name), field.place);
                    model.fields.push((name, Spec::of(FieldKind::Unknown, field.place)));
                }
            }
        }
        if let Some(options) = operation.call.argument(2, "options") {
            self.options(&mut model, options);
        }
        model.parent = operation.call.argument(3, "bases").and_then(|bases| self.parent(bases));
        let label = model.label();
        self.state.models.insert(label.clone(), model);
        if self.writes() {
            let model = self.state.models.get(&label)?;
            self.editor.create_model(&self.state, model);
        }
        self.make_waiting();
        Some(())
    }

    /// The model with a table of its own among bases.
    fn parent(&self, bases: &Value) -> Option<Label> {
        let target = |base: &Value| match &base.kind {
            Kind::Text(_) => fields::target(base),
            Kind::External(_) => fields::target(base),
            _ => None,
        };
        let own = self.label("");
        bases.items()?.into_iter().filter_map(target).find_map(|target| Some(self.state.target(&own, &target)?.label()))
    }

    fn options(&mut self, model: &mut ModelState, options: &Value) {
        let Kind::Dict(pairs) = &options.kind else { return };
        for (key, value) in pairs {
            match key.as_ref().and_then(|key| key.text()).as_deref() {
                Some("db_table") => model.table = value.text().map(Name::from),
                Some("proxy") if value.bool() == Some(true) => model.storage = Storage::Proxy,
                Some("managed") if value.bool() == Some(false) => model.storage = Storage::Unmanaged,
                Some("unique_together") => model.unique_together = together(value),
                Some("index_together") => model.index_together = together(value),
                Some("indexes") => model.indexes = indexes::indexes(&mut self.evaluator, value),
                Some("constraints") => model.constraints = indexes::constraints(&mut self.evaluator, value),
                Some("order_with_respect_to") if !value.is_null() => {
                    let spec = Spec::of(FieldKind::Integer(IntegerSize::Normal), value.place);
                    model.fields.push((Name::from("_order"), spec));
                }
                _ => {}
            }
        }
    }

    fn delete_model(&mut self, operation: &Operation<'_>) -> Option<()> {
        let label = self.label(&operation.text(0, "name")?);
        let Some(model) = self.state.get(&label).cloned() else { return Some(()) };
        if self.writes() {
            self.editor.delete_model(&self.state, &model, operation.place);
        }
        self.state.models.remove(&label);
        Some(())
    }

    fn rename_model(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (from, to) = (operation.text(0, "old_name")?, operation.text(1, "new_name")?);
        let (old, new) = (self.label(&from), self.label(&to));
        let before = self.tables_between(None);
        let old_table = self.model(&from, operation.place)?.table();
        let mut model = self.state.models.remove(&old)?;
        model.name = Name::from(to.as_str());
        let new_table = model.table();
        let owns = model.storage == Storage::Own;
        self.state.models.insert(new.clone(), model);
        let target = Target::Label(Name::from(format!("{}.{to}", self.app)));
        for model in self.state.models.values_mut() {
            let near = model.label();
            for (_, spec) in &mut model.fields {
                let Some(relation) = &mut spec.relation else { continue };
                let points = |known: &Target| points_at(known, &near, &old);
                if points(&relation.to) {
                    relation.to = target.clone();
                }
                if relation.through.as_ref().is_some_and(points) {
                    relation.through = Some(target.clone());
                }
            }
            if model.parent.as_ref() == Some(&old) {
                model.parent = Some(new.clone());
            }
        }
        if self.writes() && owns {
            self.editor.rename_table(&old_table, &new_table, operation.place);
        }
        self.follow_tables_between(&before, operation.place);
        Some(())
    }

    /// The tables that are made up for fields, by the model's table as it stands and the field.
    fn tables_between(&self, of: Option<&Label>) -> Vec<(Label, Name, ModelState)> {
        let mut found = Vec::new();
        for (label, model) in &self.state.models {
            if model.storage != Storage::Own || of.is_some_and(|of| of != label) {
                continue;
            }
            for (name, spec) in &model.fields {
                if let Some(between) = self.state.table_between(model, name, spec) {
                    found.push((label.clone(), name.clone(), between));
                }
            }
        }
        found
    }

    /// Renames tables that are made up, and their columns, after what they are made up from got another name.
    fn follow_tables_between(&mut self, before: &[(Label, Name, ModelState)], place: HostSpan) {
        let after = self.tables_between(None);
        if !self.writes() || after.len() != before.len() {
            return;
        }
        // A renamed model stands elsewhere among the rest: what matters is that the field is the same place of code.
        for (_, name, old) in before {
            let is_same = |(_, known, new): &&(Label, Name, ModelState)| known == name && new.place == old.place;
            let Some((_, _, new)) = after.iter().find(is_same) else { continue };
            self.editor.rename_table(&old.table(), &new.table(), place);
            for (old_field, new_field) in old.fields.iter().zip(&new.fields) {
                let columns = [(old, old_field), (new, new_field)].map(|(model, (name, spec))| {
                    self.state.column(model, name, spec, self.editor.dialect).map(|column| (model, column))
                });
                // The old names lead nowhere any more, so the type is taken from the new.
                if let [_, Some((_, new_column))] = columns {
                    let old_column = Column { name: old.column_name(&old_field.0, &old_field.1), ..new_column.clone() };
                    self.editor.alter_column(&new.table(), &old_column, &new_column, place);
                }
            }
        }
    }

    fn alter_table(&mut self, operation: &Operation<'_>) -> Option<()> {
        let name = operation.text(0, "name")?;
        let table = operation.call.argument(1, "table").and_then(|table| table.text()).map(Name::from);
        let before = self.tables_between(None);
        let model = self.model(&name, operation.place)?;
        let old = model.table();
        model.table = table;
        let new = model.table();
        let label = self.label(&name);
        if self.has_table(&label) {
            self.editor.rename_table(&old, &new, operation.place);
        }
        self.follow_tables_between(&before, operation.place);
        Some(())
    }

    fn add_field(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, name) = (operation.text(0, "model_name")?, Name::from(operation.text(1, "name")?));
        let spec = fields::read(&mut self.evaluator, operation.call.argument(2, "field")?)?;
        let known = self.model(&model, operation.place)?;
        known.fields.retain(|(known, _)| *known != name);
        known.fields.push((name.clone(), spec.clone()));
        let label = self.label(&model);
        if self.has_table(&label) {
            self.write_field(&label, &name, &spec, operation.place);
        }
        Some(())
    }

    fn write_field(&mut self, label: &Label, name: &Name, spec: &Spec, place: HostSpan) {
        let Some(model) = self.state.get(label) else { return };
        if let Some(between) = self.state.table_between(model, name, spec) {
            self.editor.create_between(&self.state, &between);
        } else if spec.kind.has_column()
            && let Some(column) = self.editor.column_of(&self.state, model, name, spec)
        {
            self.editor.add_column(&model.table(), &column, place);
        }
    }

    fn remove_field(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, name) = (operation.text(0, "model_name")?, operation.text(1, "name")?);
        let label = self.label(&model);
        self.model(&model, operation.place)?;
        if self.has_table(&label)
            && let Some(known) = self.state.get(&label)
            && let Some(spec) = known.field(&name)
        {
            match self.state.table_between(known, &name, spec) {
                Some(between) => self.editor.drop_table(&between.table(), operation.place),
                None if spec.kind.has_column() => {
                    self.editor.remove_column(&known.table(), &known.column_name(&name, spec), operation.place);
                }
                None => {}
            }
        }
        self.model(&model, operation.place)?.fields.retain(|(known, _)| **known != *name);
        Some(())
    }

    fn alter_field(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, name) = (operation.text(0, "model_name")?, operation.text(1, "name")?);
        let spec = fields::read(&mut self.evaluator, operation.call.argument(2, "field")?)?;
        self.change_field(&model, &name, &name, spec, operation.place)
    }

    fn rename_field(&mut self, operation: &Operation<'_>) -> Option<()> {
        let model = operation.text(0, "model_name")?;
        let (from, to) = (operation.text(1, "old_name")?, operation.text(2, "new_name")?);
        let spec = self.model(&model, operation.place)?.field(&from)?.clone();
        self.change_field(&model, &from, &to, spec, operation.place)?;
        let renamed = |name: &mut Name| {
            if **name == *from {
                *name = Name::from(to.as_str());
            }
        };
        let known = self.model(&model, operation.place)?;
        let sets = known.unique_together.iter_mut().chain(&mut known.index_together);
        sets.flat_map(|(names, _)| names).for_each(renamed);
        known.indexes.iter_mut().for_each(|index| index.rename(&renamed));
        known.constraints.iter_mut().for_each(|constraint| constraint.rename(&renamed));
        let table = known.label();
        for model in self.state.models.values_mut() {
            let near = model.label();
            for (_, spec) in &mut model.fields {
                let Some(relation) = &mut spec.relation else { continue };
                if points_at(&relation.to, &near, &table)
                    && let Some(field) = &mut relation.to_field
                {
                    renamed(field);
                }
            }
        }
        Some(())
    }

    /// A field becomes another, under the same name or another.
    fn change_field(&mut self, model: &str, from: &str, to: &str, spec: Spec, place: HostSpan) -> Option<()> {
        let label = self.label(model);
        let dialect = self.editor.dialect;
        self.model(model, place)?;
        let known = self.state.get(&label)?;
        let old = known.field(from)?.clone();
        let old_column = self.state.column(known, from, &old, dialect);
        let old_between = self.state.table_between(known, from, &old);
        let is_key = old.primary || old.unique;
        let references = if is_key { self.references(&known.table()) } else { Vec::new() };
        let changed = self.state.models.get_mut(&label)?;
        let at = changed.fields.iter().position(|(known, _)| **known == *from)?;
        changed.fields[at] = (Name::from(to), spec.clone());
        if !self.has_table(&label) {
            return Some(());
        }
        let known = self.state.get(&label)?;
        let table = known.table();
        match (old_between, self.state.table_between(known, to, &spec)) {
            (Some(old), Some(new)) => {
                self.editor.rename_table(&old.table(), &new.table(), place);
                for ((old_name, old_spec), (new_name, new_spec)) in old.fields.iter().zip(&new.fields) {
                    let old_column = self.state.column(&old, old_name, old_spec, dialect);
                    let new_column = self.state.column(&new, new_name, new_spec, dialect);
                    if let (Some(old_column), Some(new_column)) = (old_column, new_column) {
                        self.editor.alter_column(&new.table(), &old_column, &new_column, place);
                    }
                }
                return Some(());
            }
            // Django refuses to make the one of the other; a table in between that is declared changes nothing.
            (Some(_), None) | (None, Some(_)) => return Some(()),
            (None, None) => {}
        }
        let new_column = self.state.column(known, to, &spec, dialect);
        match (old_column, new_column) {
            (Some(old), Some(new)) => {
                self.editor.alter_column(&table, &old, &new, place);
                self.follow_key(&references, &new, place);
            }
            (None, Some(new)) if !old.kind.has_column() => self.editor.add_column(&table, &new, place),
            _ => {}
        }
        Some(())
    }

    /// The columns that refer to a table.
    fn references(&self, table: &QName) -> Vec<(QName, Column)> {
        let mut found = Vec::new();
        let between = self.tables_between(None).into_iter().map(|(_, _, between)| between);
        let models = self.state.models.values().filter(|model| model.storage == Storage::Own).cloned();
        for model in models.chain(between) {
            for (name, spec) in model.fields.iter().filter(|(_, spec)| spec.kind.is_key()) {
                let column = self.state.column(&model, name, spec, self.editor.dialect);
                if let Some(column) =
                    column.filter(|column| column.references.as_ref().is_some_and(|to| to.0 == *table))
                {
                    found.push((model.table(), column));
                }
            }
        }
        found
    }

    /// Columns that hold keys of a column follow its type.
    fn follow_key(&mut self, references: &[(QName, Column)], key: &Column, place: HostSpan) {
        for (table, column) in references {
            let names_it = column.references.as_ref().is_some_and(|(_, name)| *name == key.name);
            if names_it && column.ty.sql != key.ty.sql {
                self.editor.retype(table, &Column { ty: key.ty.clone().of_reference(), ..column.clone() }, place);
            }
        }
    }

    fn order_with_respect_to(&mut self, operation: &Operation<'_>) -> Option<()> {
        let model = operation.text(0, "name")?;
        let label = self.label(&model);
        let is_ordered = operation.call.argument(1, "order_with_respect_to").is_some_and(|field| !field.is_null());
        let name = Name::from("_order");
        let known = self.model(&model, operation.place)?;
        let was_ordered = known.field(&name).is_some();
        let table = known.table();
        match (was_ordered, is_ordered) {
            (false, true) => {
                let spec = Spec::of(FieldKind::Integer(IntegerSize::Normal), operation.place);
                known.fields.push((name.clone(), spec.clone()));
                if self.has_table(&label) {
                    self.write_field(&label, &name, &spec, operation.place);
                }
            }
            (true, false) => {
                known.fields.retain(|(known, _)| *known != name);
                if self.has_table(&label) {
                    self.editor.remove_column(&table, &crate::name::Ident::from("_order"), operation.place);
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// Says whether a relation of a model leads to a label.
fn points_at(target: &Target, near: &Label, to: &Label) -> bool {
    match target {
        Target::Label(text) => match text.rsplit_once('.') {
            Some((app, model)) => (app.to_lowercase(), model.to_lowercase()) == *to,
            None => near.0 == to.0 && text.to_lowercase() == to.1,
        },
        Target::Own => near == to,
        _ => false,
    }
}
