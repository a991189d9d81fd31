//! Operations on indexes and constraints.

use crate::ir::Name;
use crate::orm::django::editor::Together;
use crate::orm::django::indexes;
use crate::orm::django::models::together;
use crate::orm::django::state::ModelState;
use crate::source::HostSpan;

use super::replay::{Operation, Replay};

type Sets = Vec<(Vec<Name>, HostSpan)>;

impl Replay<'_, '_, '_> {
    pub(super) fn alter_unique_together(&mut self, operation: &Operation<'_>) -> Option<()> {
        self.alter_together(operation, "unique_together", Together::Unique, |model| &mut model.unique_together)
    }

    pub(super) fn alter_index_together(&mut self, operation: &Operation<'_>) -> Option<()> {
        self.alter_together(operation, "index_together", Together::Index, |model| &mut model.index_together)
    }

    /// Makes the sets of fields that are new, and drops those that are gone.
    fn alter_together(
        &mut self,
        operation: &Operation<'_>,
        option: &str,
        kind: Together,
        sets_of: fn(&mut ModelState) -> &mut Sets,
    ) -> Option<()> {
        let name = operation.text(0, "name")?;
        let sets = operation.call.argument(1, option).map(together).unwrap_or_default();
        let known = self.model(&name, operation.place)?;
        let old = std::mem::replace(sets_of(known), sets.clone());
        let label = self.label(&name);
        if self.has_table(&label) {
            let model = self.state.get(&label)?;
            for (fields, _) in gone(&old, &sets) {
                self.editor.drop_together(&self.state, model, fields, kind, operation.place);
            }
            for (fields, place) in gone(&sets, &old) {
                self.editor.create_together(&self.state, model, fields, kind, *place);
            }
        }
        Some(())
    }

    pub(super) fn add_index(&mut self, operation: &Operation<'_>) -> Option<()> {
        let name = operation.text(0, "model_name")?;
        let index = indexes::index(&mut self.evaluator, operation.call.argument(1, "index")?)?;
        self.model(&name, operation.place)?.indexes.push(index.clone());
        let label = self.label(&name);
        if self.has_table(&label) {
            self.editor.create_index(&self.state, self.state.get(&label)?, &index);
        }
        Some(())
    }

    pub(super) fn remove_index(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, name) = (operation.text(0, "model_name")?, operation.text(1, "name")?);
        self.model(&model, operation.place)?.indexes.retain(|index| index.name.as_deref() != Some(name.as_str()));
        let label = self.label(&model);
        if self.has_table(&label) {
            let table = self.state.get(&label)?.table();
            self.editor.drop_named(&table, &name, operation.place);
        }
        Some(())
    }

    pub(super) fn rename_index(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, new) = (operation.text(0, "model_name")?, operation.text(1, "new_name")?);
        let old = operation.text(2, "old_name");
        let label = self.label(&model);
        self.model(&model, operation.place)?;
        if let Some(old) = old {
            let known = self.model(&model, operation.place)?;
            let renamed = known.indexes.iter_mut().filter(|index| index.name.as_deref() == Some(old.as_str()));
            renamed.for_each(|index| index.name = Some(new.clone()));
            if self.has_table(&label) {
                let table = self.state.get(&label)?.table();
                self.editor.rename_index(&table, &old, &new, operation.place);
            }
            return Some(());
        }
        // An index of `index_together` becomes one with a name.
        let fields = operation.call.argument(3, "old_fields")?.items()?;
        let fields: Vec<Name> = fields.into_iter().map(|field| field.text().map(Name::from)).collect::<Option<_>>()?;
        let known = self.state.get(&label)?;
        let made = self.editor.index_of(&self.state, known, &fields);
        let table = known.table();
        let spec = indexes::IndexSpec {
            name: Some(new.clone()),
            method: None,
            keys: fields.iter().map(|field| indexes::Key::Field(field.clone(), false, None)).collect(),
            condition: None,
            include: Vec::new(),
            place: operation.place,
        };
        let known = self.model(&model, operation.place)?;
        known.index_together.retain(|(set, _)| *set != fields);
        known.indexes.push(spec);
        if let Some(made) = made.filter(|_| self.has_table(&label)) {
            self.editor.rename_index(&table, made.as_str(), &new, operation.place);
        }
        Some(())
    }

    pub(super) fn add_constraint(&mut self, operation: &Operation<'_>) -> Option<()> {
        let name = operation.text(0, "model_name")?;
        let constraint = indexes::constraint(&mut self.evaluator, operation.call.argument(1, "constraint")?)?;
        self.model(&name, operation.place)?.constraints.push(constraint.clone());
        let label = self.label(&name);
        if self.has_table(&label) {
            self.editor.create_constraint(&self.state, self.state.get(&label)?, &constraint);
        }
        Some(())
    }

    pub(super) fn remove_constraint(&mut self, operation: &Operation<'_>) -> Option<()> {
        let (model, name) = (operation.text(0, "model_name")?, operation.text(1, "name")?);
        self.model(&model, operation.place)?.constraints.retain(|constraint| constraint.name != name);
        let label = self.label(&model);
        if self.has_table(&label) {
            let table = self.state.get(&label)?.table();
            self.editor.drop_named(&table, &name, operation.place);
        }
        Some(())
    }
}

/// The sets of the one that the other has not.
fn gone<'s>(these: &'s Sets, others: &Sets) -> Vec<&'s (Vec<Name>, HostSpan)> {
    these.iter().filter(|(fields, _)| others.iter().all(|(other, _)| other != fields)).collect()
}
