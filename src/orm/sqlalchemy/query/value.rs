//! Values of the host within expressions: literals, members of enumerations, parameters, and lists of them.

use std::rc::Rc;

use super::expr::function_name;
use super::lower::{Entity, Lower};
use crate::host::value::{Call, ClassId, Kind, Node, Piece, Value};
use crate::ir::{BinaryOp, Name, UnaryOp};
use crate::orm::select::Relation;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::{Mapped, Property};
use crate::orm::sqlalchemy::types::quoted;
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// An expression, or a value of the host as a literal or a parameter.
    pub fn operand(&mut self, value: &Value) -> Sql {
        self.operand_of(None, value)
    }

    /// An expression, or a value of the host as a column's type sends it.
    pub fn operand_of(&mut self, column: Option<&Mapped>, value: &Value) -> Sql {
        match self.expr(value) {
            Some(sql) => sql,
            None => {
                // A column that cannot be told is no value of the host.
                if self.is_sql(value) && self.unknown.is_empty() {
                    self.cannot("dynamic-expression", "an expression");
                }
                self.kept(column, value)
            }
        }
    }

    /// A value of the host that is compared with something.
    pub(super) fn beside(&mut self, other: &Value, value: &Value) -> Sql {
        // What is compared with a part of a document is written as one.
        if self.is_document(other) {
            return Sql::param(value.place);
        }
        let column = self.mapped(other);
        self.kept(column, value)
    }

    /// A value of the host: what is written out as a literal, anything else as a parameter.
    pub fn constant(&self, value: &Value) -> Sql {
        let value = self.ways.pick(value);
        match &value.kind {
            Kind::Text(_) => match value.text() {
                Some(text) => Sql::text(quoted(&text), value.place),
                None => Sql::param(value.place),
            },
            Kind::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
                Sql::text(&**number, value.place)
            }
            Kind::Bool(true) => Sql::text("true", value.place),
            Kind::Bool(false) => Sql::text("false", value.place),
            Kind::Null => Sql::text("NULL", value.place),
            Kind::Unary { op: UnaryOp::Minus, operand } if matches!(operand.kind, Kind::Number(_)) => {
                self.constant(operand).within("-", "", value.place)
            }
            _ => Sql::param(value.place),
        }
    }

    /// A value of the host as a column's type sends it: members of enumerations by name, by value, or as the type says.
    fn kept(&mut self, column: Option<&Mapped>, value: &Value) -> Sql {
        let value = self.pick(value);
        let Kind::Attribute { of, name, .. } = &value.kind else { return self.constant(&value) };
        let sent = match self.enumeration(of) {
            Some(class) => self.member(column, class, name, &value),
            None => match (&of.kind, &**name) {
                (Kind::Attribute { of: owner, name: member, .. }, "name") if self.enumeration(owner).is_some() => {
                    Some(Sql::text(quoted(member), value.place))
                }
                _ => None,
            },
        };
        sent.unwrap_or_else(|| Sql::param(value.place))
    }

    fn enumeration(&mut self, value: &Value) -> Option<ClassId> {
        let Kind::Class(id) = value.kind else { return None };
        self.cx.evaluator.is_enumeration(id).then_some(id)
    }

    /// What is sent for a member of an enumeration; nothing where the type does not say.
    fn member(&mut self, column: Option<&Mapped>, class: ClassId, name: &Name, value: &Value) -> Option<Sql> {
        let column = column?;
        if !column.members.is_empty() {
            let (_, kept) = column.members.iter().find(|(known, _)| **known == **name)?;
            return Some(Sql::text(quoted(kept), value.place));
        }
        if let Some((of, function)) = column.binds {
            let receiver = Rc::new(Node { kind: Kind::Receiver(of), place: value.place });
            let unknown = Rc::new(Node { kind: Kind::Unknown, place: value.place });
            let call = Call {
                callee: Rc::clone(&receiver),
                positional: vec![Rc::clone(value), unknown],
                named: Vec::new(),
                name_places: Vec::new(),
            };
            let bound = self.cx.evaluator.followed(function, &receiver, &call)?;
            return self.only_literal(&bound, value.place);
        }
        // Drivers take a member that is a text or a number for what it is.
        if !self.is_mixed(class) {
            return None;
        }
        let own = self.cx.evaluator.class_value(class, name)?;
        let literal = self.constant(&own);
        (!literal.is_param()).then(|| Sql::text(literal.shown(), value.place))
    }

    /// The one literal among the ways of what a type makes of a value.
    fn only_literal(&self, bound: &Value, place: HostSpan) -> Option<Sql> {
        let ways = match &bound.kind {
            Kind::Either(ways) => ways.as_slice(),
            _ => std::slice::from_ref(bound),
        };
        let literals = ways.iter().filter(|way| !way.is_null()).map(|way| self.constant(way));
        let mut known: Vec<String> =
            literals.filter(|literal| !literal.is_param()).map(|literal| literal.shown()).collect();
        known.dedup();
        match known.as_slice() {
            [only] => Some(Sql::text(only, place)),
            _ => None,
        }
    }

    /// Whether the members of an enumeration are texts or numbers themselves.
    fn is_mixed(&mut self, class: ClassId) -> bool {
        const MIXED: &[&str] = &["str", "int", "StrEnum", "IntEnum", "TextChoices", "IntegerChoices"];
        let evaluator = &mut self.cx.evaluator;
        let is_mixed = |base: &Value| {
            let last = base.external().and_then(|path| path.rsplit('.').next());
            last.is_some_and(|last| MIXED.contains(&last))
        };
        evaluator.lineage(class).into_iter().any(|class| evaluator.bases(class).iter().any(is_mixed))
    }

    /// The column that a value names, or whose type it has.
    pub(super) fn mapped(&mut self, value: &Value) -> Option<&'x Mapped> {
        let value = self.pick(value);
        if let Kind::Call(call) = &value.kind {
            return match function_name(&call.callee)?.as_str() {
                "coalesce" | "max" | "min" => self.mapped(&Rc::clone(call.positional.first()?)),
                _ => None,
            };
        }
        let (of, name, _) = self.attribute_of(&value)?;
        let owner = match &of.kind {
            Kind::Attribute { of, name, .. } if matches!(&**name, "c" | "columns") => of,
            _ => &of,
        };
        let mut model = self.entity(owner)?.model?;
        for _ in 0..8 {
            let name = match model.properties.get(&name) {
                Some(Property::Synonym(other)) => other,
                _ => &name,
            };
            if let Some(mapped) = model.column(name) {
                return Some(mapped);
            }
            model = self.cx.linked.sqlalchemy.of_class(model.parent?)?;
        }
        None
    }

    /// Whether `+` puts a value together with others as text.
    pub(super) fn is_text(&mut self, value: &Value) -> bool {
        let value = self.pick(value);
        if let Some(mapped) = self.mapped(&value) {
            let ty = mapped.type_name.to_ascii_uppercase();
            return ["VARCHAR", "TEXT", "CITEXT", "CHAR"].iter().any(|text| ty.starts_with(text))
                && !ty.ends_with("[]");
        }
        match &value.kind {
            Kind::Text(_) => true,
            Kind::Binary { left, op: BinaryOp::Add, right } => self.is_text(left) || self.is_text(right),
            Kind::Call(call) => matches!(
                function_name(&call.callee).as_deref(),
                Some("lower" | "upper" | "concat" | "trim" | "replace" | "substr" | "substring" | "to_char")
            ),
            _ => false,
        }
    }

    /// A text that columns are put into: `User.first + " " + User.last`.
    pub(super) fn joined_text(&mut self, pieces: &[Piece], place: HostSpan) -> Option<Sql> {
        let is_sql = |piece: &Piece| matches!(piece, Piece::Hole(value) if self.is_sql(value));
        if !pieces.iter().any(is_sql) {
            return None;
        }
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Text { text, place } => Sql::text(quoted(text), *place),
                Piece::Hole(value) => self.operand(value),
                Piece::Optional(_) => return None,
            });
        }
        Some(Sql::join(parts, " || ", place).within("(", ")", place))
    }

    /// The values behind IN: a list, a subquery, or what is known at run time.
    pub fn members(&mut self, column: Option<&Mapped>, value: &Value) -> Sql {
        let value = self.pick(value);
        if let Kind::List(items) = &value.kind {
            let plain: Vec<&Value> = items.iter().filter(|item| !matches!(item.kind, Kind::Spread(_))).collect();
            if !plain.is_empty() && plain.len() == items.len() {
                let items: Vec<Sql> = plain.into_iter().map(|item| self.operand_of(column, item)).collect();
                return Sql::join(items, ", ", value.place).within("(", ")", value.place);
            }
        }
        match self.deeper(|lower| lower.query_sql(&value)) {
            Some(query) => query.within("(", ")", value.place),
            None => match self.entity(&value) {
                // A subquery that was named: its own rows.
                Some(Entity { source, model: None }) => match source.relation {
                    Relation::Query(query) | Relation::Lateral(query) => query.within("(", ")", value.place),
                    Relation::Table(table) => {
                        Sql::text(format!("(SELECT * FROM {})", self.writer().table(&table)), value.place)
                    }
                },
                _ => Sql::param(value.place).within("(", ")", value.place),
            },
        }
    }
}
