//! What models write of themselves: the conditions of relationships, and attributes that are expressions.

use std::rc::Rc;

use super::lower::{Entity, Lower, Scope};
use crate::host::code::Bound;
use crate::host::facts;
use crate::host::value::{Call, ClassId, Kind, Node, Value};
use crate::ir::Name;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Property, Relationship, conjunction};
use crate::orm::sqlalchemy::names::{called, class_value, first_way};
use crate::source::HostSpan;

/// A condition that a join is written of.
pub(super) struct Written {
    /// The condition.
    pub sql: Sql,
    /// Whether it names the table that the relationship starts from.
    pub names_own: bool,
}

impl<'x> Lower<'_, 'x, '_> {
    /// The conditions that `primaryjoin` says; nothing where they cannot be told.
    pub(super) fn written_on(
        &mut self,
        from: &Entity<'x>,
        relationship: &Relationship,
        to: &Entity<'x>,
        place: HostSpan,
    ) -> Option<Vec<Written>> {
        let (own, target) = (from.model?, to.model?);
        // Which of both a column of the same table belongs to, its annotations say.
        if own.table == target.table {
            return None;
        }
        let (file, declared) = self.declaration(own.class?, &relationship.attribute)?;
        let written = first_way(first_way(&declared).call()?.named("primaryjoin")?).clone();
        let written = match &written.kind {
            Kind::Text(_) => self.cx.evaluator.written(file, None, &facts::expression(&written.text()?)?),
            Kind::Lambda(body) => Rc::clone(body),
            _ => written,
        };
        let mut conditions = Vec::new();
        flatten(&written, &mut conditions, 8);
        self.declaring.push(from.clone());
        let before = self.unknown.len();
        let told = self.renaming(&own.table.name, &from.source.alias, |lower| {
            lower.renaming(&target.table.name, &to.source.alias, |lower| {
                conditions.iter().map(|condition| lower.written_condition(condition, from, place)).collect()
            })
        });
        self.declaring.pop();
        self.unknown.truncate(before);
        told
    }

    fn written_condition(&mut self, value: &Value, from: &Entity<'x>, place: HostSpan) -> Option<Written> {
        let before = self.unknown.len();
        self.scopes.push(Scope::default());
        let sql = self.expr(value);
        let named = self.scopes.pop().unwrap_or_default().named;
        let is_told = self.unknown.len() == before;
        let names_own = named.iter().any(|source| source.alias == from.source.alias);
        sql.filter(|_| is_told).map(|sql| Written { sql: sql.placed(place), names_own })
    }

    /// `column_property(expression)`
    pub(super) fn column_property(&mut self, entity: &Entity<'x>, name: &Name, place: HostSpan) -> Option<Sql> {
        let model = entity.model?;
        let (_, declared) = self.declaration(model.class?, name)?;
        let ("column_property", call) = called(first_way(&declared))? else { return None };
        let expression = Rc::clone(call.positional.first()?);
        self.declaring.push(entity.clone());
        let sql = self.renaming(&model.table.name, &entity.source.alias, |lower| lower.expr(&expression));
        self.declaring.pop();
        sql.map(|sql| sql.placed(place).within("(", ")", place))
    }

    /// Whether a value is an attribute that its model declares as an expression.
    pub(super) fn is_column_property(&mut self, value: &Value) -> bool {
        let Some((of, name, _)) = self.attribute_of(value) else { return false };
        let model = self.entity(&of).and_then(|entity| entity.model);
        model.is_some_and(|model| model.properties.get(&name) == Some(&Property::Expression))
    }

    /// What a class or one that it is made from declares under a name, and the file that does.
    fn declaration(&mut self, class: ClassId, name: &Name) -> Option<(usize, Value)> {
        let code = &self.cx.linked.code;
        let lineage = self.cx.evaluator.lineage(class);
        let (owner, last) =
            lineage.into_iter().find_map(|owner| Some((owner, *code.class(owner).scope.get(name).last()?)))?;
        let value = match last {
            Bound::Function(function) => {
                let receiver = class_value(code, class);
                let callee = Rc::clone(&receiver);
                let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
                self.cx.evaluator.followed(function, &receiver, &call)?
            }
            _ => self.cx.evaluator.class_value(owner, name)?,
        };
        Some((code.class(owner).file, value))
    }

    /// A column within the body of the class that declares it.
    pub(super) fn own_column(&mut self, value: &Node) -> Option<Sql> {
        let entity = self.declaring.last()?.clone();
        let model = entity.model?;
        let class = model.class?;
        let mapped = model.columns.iter().find(|mapped| {
            let declared = self.cx.evaluator.inherited(class, &mapped.attribute);
            declared.is_some_and(|(_, declared)| declared.place == value.place)
        })?;
        self.uses(&entity.source);
        Some(self.writer().column(&entity.source.alias, &mapped.column, value.place))
    }
}

/// The conditions that must all hold.
fn flatten(value: &Value, into: &mut Vec<Value>, depth: u8) {
    match conjunction(value).filter(|_| depth > 0) {
        Some(operands) => operands.iter().for_each(|operand| flatten(operand, into, depth - 1)),
        None => into.push(Rc::clone(value)),
    }
}
