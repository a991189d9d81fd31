//! Advice in the words of the framework that declares a table: what to add to which class, and what to take out.
//!
//! [`steps`] is the one way there, as [`IndexAdvice::to_ddl`] is the one way to DDL. Knows what the frameworks call
//! things, and no code base. Where a framework has no words for an index, nothing is said, and the DDL stands alone.

mod django;
mod sqlalchemy;

use serde::Serialize;

use super::{Action, IndexAdvice};
use crate::catalog::Index;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

/// A table as a class of the host code declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct HostTable {
    /// The table.
    pub table: QName,
    /// Whose class it is.
    pub framework: Framework,
    /// The class; nothing for SQLAlchemy's `Table(…)`.
    pub class: Option<String>,
    /// The class's name, or the call of `Table`.
    pub place: HostSpan,
    /// Its columns.
    pub columns: Vec<HostColumn>,
}

/// A framework that declares tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// SQLAlchemy.
    Sqlalchemy,
    /// Django.
    Django,
}

/// A column as an attribute of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct HostColumn {
    /// The column.
    pub column: Ident,
    /// The attribute; with Django, the field.
    pub attribute: String,
    /// Where the attribute stands; it may be a class above.
    pub place: HostSpan,
    /// The index that its declaration asks for.
    pub own_index: OwnIndex,
}

/// The index of one column that the column's declaration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnIndex {
    /// It is not known whether there is one.
    Untold,
    /// There is none.
    None,
    /// It is asked for by a word.
    Asked,
    /// The framework makes it unless it is told not to.
    Implied,
}

/// A change of the host code.
#[derive(Clone, Debug, PartialEq)]
pub struct HostStep {
    /// What to do.
    pub action: StepAction,
    /// Where: a class, one of its attributes, an index that it declares.
    pub place: HostSpan,
    /// What is changed: `Order.__table_args__`, `Order.Meta.indexes`, `Order.customer_id`.
    pub holder: String,
    /// What is added to it or taken out of it.
    pub text: String,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepAction {
    /// Adds a text.
    Add,
    /// Takes one out.
    Remove,
}

/// Says advice in the words of the table's framework: every step, or none where it has no words for one of them.
///
/// `existing` are the indexes that go: those which are replaced, or the one which is dropped.
pub fn steps(advice: &IndexAdvice, table: &HostTable, existing: &[&Index], dialect: Dialect) -> Vec<HostStep> {
    let mut steps = Vec::new();
    if advice.action != Action::Drop {
        let text = match table.framework {
            Framework::Sqlalchemy => Some(sqlalchemy::index(&advice.name, &advice.def, dialect)),
            Framework::Django => django::index(&advice.name, &advice.def, table, dialect),
        };
        let Some(text) = text else { return Vec::new() };
        let holder = match (&table.class, table.framework) {
            (Some(class), Framework::Django) if advice.def.unique => format!("{class}.Meta.constraints"),
            _ => table.holder(),
        };
        steps.push(HostStep { action: StepAction::Add, place: table.place, holder, text });
    }
    for index in existing {
        let Some(step) = table.removal(index) else { return Vec::new() };
        steps.push(step);
    }
    steps
}

impl HostTable {
    /// What holds the table's indexes.
    fn holder(&self) -> String {
        match (&self.class, self.framework) {
            (Some(class), Framework::Sqlalchemy) => format!("{class}.__table_args__"),
            (Some(class), Framework::Django) => format!("{class}.Meta.indexes"),
            (None, _) => format!("Table(\"{}\", …)", self.table.name),
        }
    }

    /// The field of a column.
    fn field(&self, column: &Ident) -> Option<&HostColumn> {
        self.columns.iter().find(|known| known.column.as_str().eq_ignore_ascii_case(column.as_str()))
    }

    /// What to take out, where the class itself asks for the index.
    fn removal(&self, index: &Index) -> Option<HostStep> {
        let is_here = |place: HostSpan| place.file == self.place.file && place.start >= self.place.start;
        let single = match index.def.keys.as_slice() {
            [key] => key.expr.as_column().and_then(|column| self.field(column)),
            _ => None,
        };
        let is_own = |field: &&HostColumn| {
            let is_told = matches!(field.own_index, OwnIndex::Asked | OwnIndex::Implied);
            field.place == index.place || is_told && index.place.file != self.place.file
        };
        // A class above may have given its attribute to other tables, too.
        if let Some(field) = single.filter(is_own).filter(|field| is_here(field.place)) {
            let (action, text) = match (self.framework, field.own_index) {
                (Framework::Sqlalchemy, _) => (StepAction::Remove, "index=True"),
                (Framework::Django, OwnIndex::Implied) => (StepAction::Add, "db_index=False"),
                (Framework::Django, _) => (StepAction::Remove, "db_index=True"),
            };
            let of_class = self.class.as_ref().map_or(String::new(), |class| format!("{class}."));
            let holder = format!("{of_class}{}", field.attribute);
            return Some(HostStep { action, place: field.place, holder, text: text.to_owned() });
        }
        let name = index
            .name
            .as_ref()
            .filter(|_| is_here(index.place) && single.is_none_or(|one| one.place != index.place))?;
        let call = if self.framework == Framework::Django { "models.Index" } else { "Index" };
        let text = format!("{call}(… {} …)", quoted(name.as_str()));
        Some(HostStep { action: StepAction::Remove, place: index.place, holder: self.holder(), text })
    }
}

/// A string of Python.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// A list of strings of Python.
fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests;
