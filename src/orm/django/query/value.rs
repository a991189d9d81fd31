//! Values that columns are compared with: constants as literals, what only the run knows as parameters.

use std::rc::Rc;

use super::super::models::{FieldKind, Models};
use super::Reader;
use super::set::Set;
use crate::host::value::{Kind, Value};
use crate::ir::Name;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// The other side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A text of the code.
    Text(String),
    /// Any other single value.
    One(Sql),
    /// Values that are written out.
    Several(Vec<Sql>),
    /// The rows of a query.
    Query(Sql),
}

impl Operand {
    /// It as one value.
    pub(super) fn one(self, place: HostSpan) -> Sql {
        match self {
            Self::Null => Sql::text("NULL", place),
            Self::Bool(true) => Sql::text("TRUE", place),
            Self::Bool(false) => Sql::text("FALSE", place),
            Self::Text(text) => quoted(&text, place),
            Self::One(sql) => sql,
            Self::Several(_) => Sql::param(place),
            Self::Query(sql) => sql.within("(", ")", place),
        }
    }

    /// It as what stands in the parentheses of IN.
    pub(super) fn several(self, place: HostSpan) -> Sql {
        match self {
            Self::Several(items) if items.is_empty() => Sql::param(place),
            Self::Several(items) => Sql::join(items, ", ", place),
            Self::Query(sql) => sql,
            _ => Sql::param(place),
        }
    }
}

/// A text as a literal.
pub(super) fn quoted(text: &str, place: HostSpan) -> Sql {
    Sql::text(format!("'{}'", text.replace('\'', "''")), place)
}

impl Reader<'_, '_, '_> {
    /// What a column of a kind is compared with.
    pub(super) fn operand(&mut self, set: &mut Set, value: &Value, kind: &FieldKind, place: HostSpan) -> Operand {
        let value = &Rc::clone(self.ways.pick(value));
        if let Some(term) = self.as_written(set, value, place) {
            return Operand::One(term);
        }
        if self.may_be_set(value) {
            let inner = self.within(set, |reader| {
                let inner = reader.set(value)?;
                Some((reader.as_operand(inner.clone()), inner.unknown))
            });
            let is_method = |unknown: &super::set::Unknown| unknown.0 == "unknown-method";
            if let Some((sql, unknown)) = inner.filter(|(_, unknown)| !unknown.iter().any(is_method)) {
                set.unknown.extend(unknown);
                return Operand::Query(sql);
            }
        }
        match &value.kind {
            Kind::Null => Operand::Null,
            Kind::Bool(value) => Operand::Bool(*value),
            Kind::List(items) => {
                let plain = |item: &Value| !matches!(item.kind, Kind::Spread(_));
                if items.len() > 20 || !items.iter().all(plain) {
                    return Operand::One(Sql::param(place));
                }
                Operand::Several(items.iter().map(|item| self.item(set, item, kind, place)).collect())
            }
            _ => match self.constant(value) {
                Some(text) => literal(&text, value, kind, place),
                None => Operand::One(Sql::param(place)),
            },
        }
    }

    fn item(&mut self, set: &mut Set, item: &Value, kind: &FieldKind, place: HostSpan) -> Sql {
        let item = match &item.kind {
            Kind::Optional(inner) => inner,
            _ => item,
        };
        if let Some(term) = self.as_written(set, item, place) {
            return term;
        }
        match self.constant(item) {
            Some(text) => literal(&text, item, kind, place).one(place),
            None => Sql::param(place),
        }
    }

    /// An expression of Django, as a value.
    fn as_written(&mut self, set: &mut Set, value: &Value, place: HostSpan) -> Option<Sql> {
        if !self.is_expression(value) {
            return None;
        }
        Some(self.expression(set, value).map_or_else(|| Sql::param(place), |term| term.sql))
    }

    /// The text or number that a value is, a choice of an enumeration included.
    fn constant(&mut self, value: &Value) -> Option<String> {
        match &value.kind {
            Kind::Number(number) => Some(number.replace('_', "")),
            Kind::Unary { .. } => value.integer().map(|number| number.to_string()),
            Kind::Text(_) => value.text(),
            Kind::Attribute { of, name, .. } => {
                let Kind::Class(class) = of.kind else { return None };
                let choice = self.cx.evaluator.class_value(class, name)?;
                match &choice.kind {
                    Kind::List(items) => self.constant(&items.first().cloned()?),
                    Kind::Text(_) | Kind::Number(_) => self.constant(&choice),
                    _ => None,
                }
            }
            Kind::List(items) => match items.as_slice() {
                [value, _] => self.constant(&Rc::clone(value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The attribute of a class as its body says it.
    pub(super) fn class_attribute(&mut self, class: crate::host::value::ClassId, name: &str) -> Option<Value> {
        if Models::is_external(class) {
            return None;
        }
        self.cx.evaluator.inherited(class, &Name::from(name)).map(|(_, value)| value)
    }
}

/// A constant where a column of its kind can be compared with it; a parameter otherwise.
fn literal(text: &str, value: &Value, kind: &FieldKind, place: HostSpan) -> Operand {
    let is_number = text.parse::<f64>().is_ok() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    match kind {
        FieldKind::Char(_) | FieldKind::Text | FieldKind::CaselessText => Operand::Text(text.to_owned()),
        FieldKind::Auto(_)
        | FieldKind::Integer(_)
        | FieldKind::PositiveInteger(_)
        | FieldKind::Decimal(..)
        | FieldKind::Float
            if is_number =>
        {
            Operand::One(Sql::text(text, place))
        }
        FieldKind::Json | FieldKind::HStore | FieldKind::Array(_) => Operand::One(Sql::param(place)),
        // A number that a transform is compared with, and the parts of a pattern, are what they are.
        _ if matches!(value.kind, Kind::Number(_)) && is_number => Operand::One(Sql::text(text, place)),
        FieldKind::Unknown | FieldKind::Custom(_) if matches!(value.kind, Kind::Text(_)) => {
            Operand::Text(text.to_owned())
        }
        _ => Operand::One(Sql::param(place)),
    }
}
