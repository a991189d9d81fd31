//! Expressions of queries: columns, operators, functions and values.

use std::rc::Rc;

use super::lower::{Entity, Lower};
use super::ready::Ending;
use crate::host::value::{Call, Kind, Node, Piece, Value};
use crate::ir::{BinaryOp, CompareOp, Name, UnaryOp};
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::expression::arithmetic;
use crate::orm::sqlalchemy::models::{Model, Property};
use crate::orm::sqlalchemy::names::{called, class_value, word};
use crate::source::HostSpan;

impl<'x> Lower<'_, 'x, '_> {
    /// An SQL expression; nothing where the value is the host's own.
    pub fn expr(&mut self, value: &Value) -> Option<Sql> {
        self.deeper(|lower| lower.expr_of(value))
    }

    fn expr_of(&mut self, value: &Value) -> Option<Sql> {
        let value = self.pick(value);
        match &value.kind {
            Kind::Attribute { of, name, name_place } => self.attribute(of, name, *name_place),
            // A hybrid of a class, and what a `declared_attr` declares, is one of its methods.
            Kind::Function(id, Some(of)) => {
                let name = self.cx.linked.code.function(*id).function.name.clone();
                let entity = self.entity(of)?;
                let is_known = |model: &&Model| {
                    let is_column = model.column(&name).is_some() || model.hybrids.contains_key(&name);
                    is_column || matches!(model.properties.get(&name), Some(Property::Expression))
                };
                let model = entity.model.filter(is_known)?;
                self.column(&entity, model, of, &name, value.place)
            }
            Kind::External(path) => self.misplaced_column(path, value.place),
            Kind::Compare { left, op, right } => self.compare(left, *op, right, value.place),
            Kind::Call(call) => self.call(&value, call),
            Kind::Unary { op: UnaryOp::Invert, operand } | Kind::Not(operand) => {
                let inner = self.not_contains(operand).or_else(|| self.expr(operand))?;
                Some(inner.within("NOT (", ")", value.place))
            }
            Kind::Unary { op: UnaryOp::Minus, operand } => Some(self.expr(operand)?.within("-", "", value.place)),
            Kind::Binary { left, op, right } => self.binary(left, *op, right, value.place),
            Kind::Text(pieces) => self.joined_text(pieces, value.place),
            Kind::Index { of, at } => self.index(of, at, value.place),
            Kind::Logic { operands, .. } => {
                // `and` of two conditions is the second one to Python, and a mistake to its author.
                let known: Vec<Sql> = operands.iter().filter_map(|operand| self.expr(operand)).collect();
                (!known.is_empty()).then(|| Sql::join(known, " AND ", value.place))
            }
            _ => None,
        }
    }

    fn attribute(&mut self, of: &Value, name: &Name, place: HostSpan) -> Option<Sql> {
        let of = self.pick(of);
        if let Kind::Attribute { of: owner, name: accessor, .. } = &of.kind
            && matches!(&**accessor, "c" | "columns")
        {
            let entity = self.entity(owner)?;
            self.uses(&entity.source);
            let key = entity.model.and_then(|model| model.column(name));
            let column = key.map_or_else(|| Ident::new(name), |mapped| mapped.column.clone());
            return Some(self.writer().column(&entity.source.alias, &column, place));
        }
        match &**name {
            // JSON as text, what a comparator wraps.
            "astext" => {
                let own = self.item_as_text(&of);
                return own.or_else(|| self.expr(&of).map(|own| own.then("::text")));
            }
            "expression" | "comparator" => return self.expr(&of),
            _ => {}
        }
        let entity = self.entity(&of)?;
        match entity.model {
            Some(model) => self.column(&entity, model, &of, name, place),
            None => {
                self.uses(&entity.source);
                Some(self.writer().column(&entity.source.alias, &Ident::new(name), place))
            }
        }
    }

    /// A column of a class that is imported from where it is not.
    fn misplaced_column(&mut self, path: &str, place: HostSpan) -> Option<Sql> {
        let (class, name) = path.rsplit_once('.')?;
        let model = self.misplaced(class)?;
        let entity = self.under_alias(super::lower::of_model(model, place));
        let of = class_value(&self.cx.linked.code, model.class?);
        self.column(&entity, model, &of, &Name::from(name), place)
    }

    fn column(
        &mut self,
        entity: &Entity<'x>,
        model: &'x Model,
        of: &Value,
        name: &Name,
        place: HostSpan,
    ) -> Option<Sql> {
        if let Some(mapped) = model.column(name) {
            self.uses(&entity.source);
            return Some(self.writer().column(&entity.source.alias, &mapped.column, place));
        }
        if let Some(function) = model.hybrids.get(name) {
            let call =
                Call { callee: Rc::clone(of), positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
            let body = self.cx.evaluator.returned(*function, Some(of), &call)?;
            return match self.expr(&body) {
                Some(sql) => Some(sql.within("(", ")", place)),
                None => {
                    self.cannot("dynamic-expression", name);
                    None
                }
            };
        }
        match model.properties.get(name) {
            Some(Property::Synonym(other)) => return self.column(entity, model, of, &other.clone(), place),
            Some(property) => {
                let written = match property {
                    Property::Expression => self.column_property(entity, name, place),
                    _ => None,
                };
                if written.is_none() {
                    self.cannot("dynamic-expression", name);
                }
                return written;
            }
            None => {}
        }
        if model.relationship(name).is_some() {
            return None;
        }
        if let Some(parent) = model.parent {
            return self.inherited(entity, parent, name, place);
        }
        if model.complete && !name.starts_with("__") {
            // The schema does not have it: the rule about unknown columns says so.
            self.uses(&entity.source);
            return Some(self.writer().column(&entity.source.alias, &Ident::new(name), place));
        }
        self.cannot("dynamic-column", name);
        None
    }

    /// A column of the table that a class is joined with.
    fn inherited(
        &mut self,
        entity: &Entity<'x>,
        parent: crate::host::value::ClassId,
        name: &Name,
        place: HostSpan,
    ) -> Option<Sql> {
        let of = class_value(&self.cx.linked.code, parent);
        let above = self.join_parent(entity, entity.source.place)?;
        let model = above.model?;
        self.column(&above, model, &of, name, place)
    }

    fn compare(&mut self, left: &Value, op: CompareOp, right: &Value, place: HostSpan) -> Option<Sql> {
        if let Some(sql) = self.compare_relationship(left, op, right, place) {
            return Some(sql);
        }
        let (own, other) = (self.expr(left), self.expr(right));
        let is_told = |lower: &Self, sql: &Option<Sql>, value: &Value| sql.is_some() || !lower.is_sql(value);
        if own.is_none() && other.is_none() || !is_told(self, &own, left) || !is_told(self, &other, right) {
            return None;
        }
        let left_sql = match own {
            Some(own) => own,
            None => self.beside(right, left),
        };
        let right_sql = match other {
            Some(other) => other,
            None => self.beside(left, right),
        };
        let is_null = |value: &Value| {
            let value = self.ways.pick(value);
            value.is_null() || called(value).is_some_and(|(word, _)| word == "null")
        };
        let symbol = match op {
            CompareOp::Eq | CompareOp::Is if is_null(right) => return Some(left_sql.then(" IS NULL")),
            CompareOp::NotEq | CompareOp::IsNot if is_null(right) => return Some(left_sql.then(" IS NOT NULL")),
            CompareOp::Eq => " = ",
            CompareOp::NotEq => " <> ",
            CompareOp::Less => " < ",
            CompareOp::LessEq => " <= ",
            CompareOp::Greater => " > ",
            CompareOp::GreaterEq => " >= ",
            CompareOp::In | CompareOp::NotIn | CompareOp::Is | CompareOp::IsNot => return None,
        };
        Some(Sql::join([left_sql, right_sql], symbol, place))
    }

    fn binary(&mut self, left: &Value, op: BinaryOp, right: &Value, place: HostSpan) -> Option<Sql> {
        let (own, other) = (self.expr(left), self.expr(right));
        if own.is_none() && other.is_none() {
            return None;
        }
        let symbol = match op {
            BinaryOp::BitAnd | BinaryOp::BitOr => {
                let both: Vec<Sql> = own.into_iter().chain(other).collect();
                if both.len() < 2 {
                    self.cannot("dynamic-condition", "one side of the condition");
                    // What is left of an OR would say less than it does.
                    return if op == BinaryOp::BitAnd { both.into_iter().next() } else { None };
                }
                let between = if op == BinaryOp::BitAnd { " AND " } else { " OR " };
                return Some(Sql::join(both, between, place).within("(", ")", place));
            }
            BinaryOp::Add if self.is_text(left) || self.is_text(right) => " || ",
            other => arithmetic(other)?,
        };
        let left = own.unwrap_or_else(|| self.constant(left));
        let right = other.unwrap_or_else(|| self.constant(right));
        Some(Sql::join([left, right], symbol, place).within("(", ")", place))
    }

    /// A list of conditions that must all hold; one that comes and goes is there in some forms only.
    pub fn conditions(&mut self, values: &[Value]) -> Vec<Sql> {
        let mut found = Vec::new();
        for value in values {
            self.condition(value, &mut found);
        }
        found
    }

    fn condition(&mut self, value: &Value, found: &mut Vec<Sql>) {
        let value = self.pick(value);
        match &value.kind {
            Kind::Optional(inner) => {
                if self.ways.takes_optional() {
                    self.condition(inner, found);
                }
            }
            Kind::Spread(inner) => {
                let inner = self.pick(inner);
                match &inner.kind {
                    Kind::List(items) => items.iter().for_each(|item| self.condition(item, found)),
                    Kind::Each { element, .. } if self.ways.takes_optional() => self.condition(element, found),
                    Kind::Each { .. } => {}
                    _ => self.cannot("dynamic-condition", "a list of conditions"),
                }
            }
            Kind::List(items) => items.iter().for_each(|item| self.condition(item, found)),
            Kind::Bool(true) => {}
            Kind::Bool(false) => found.push(Sql::text("false", value.place)),
            Kind::Null => {}
            Kind::Text(pieces) => self.text_condition(pieces, found),
            _ => {
                let before = self.unknown.len();
                match self.expr(&value) {
                    Some(sql) => found.push(sql),
                    None => {
                        if self.unknown.len() == before {
                            self.cannot("dynamic-condition", "a condition");
                        }
                        // A condition that cannot be told is one all the same: not every row is meant.
                        found.push(Sql::param(value.place));
                    }
                }
            }
        }
    }

    fn text_condition(&mut self, pieces: &[Piece], found: &mut Vec<Sql>) {
        match self.raw(pieces) {
            Some(sql) => found.push(sql),
            None => self.cannot("dynamic-condition", "a text"),
        }
    }

    /// SQL that is written out; named parameters become parameters.
    pub fn raw(&mut self, pieces: &[Piece]) -> Option<Sql> {
        let mut sql = Sql::default();
        for piece in pieces {
            match piece {
                Piece::Text { text, place } => sql = sql.and(Sql::fragment(text, *place)),
                Piece::Hole(value) => {
                    let value = self.pick(value);
                    match &value.kind {
                        Kind::Text(inner) => sql = sql.and(self.raw(inner)?),
                        Kind::Number(number) => sql = sql.and(Sql::text(&**number, value.place)),
                        _ => return None,
                    }
                }
                Piece::Optional(inner) => {
                    if self.ways.takes_optional() {
                        sql = sql.and(self.raw(inner)?);
                    }
                }
            }
        }
        (!sql.is_empty()).then_some(sql)
    }

    /// Says whether a value is SQL by the looks of it, without writing it.
    pub fn is_sql(&self, value: &Value) -> bool {
        let mut value = Rc::clone(self.ways.pick(value));
        for _ in 0..64 {
            value = match &value.kind {
                Kind::Class(id) => {
                    return self.cx.linked.sqlalchemy.of_class(*id).is_some();
                }
                Kind::External(path) => {
                    let of_class = path.rsplit_once('.').map_or("", |(class, _)| class);
                    return self.misplaced(path).or_else(|| self.misplaced(of_class)).is_some();
                }
                Kind::Attribute { of, .. } | Kind::Index { of, .. } | Kind::Function(_, Some(of)) => {
                    Rc::clone(self.ways.pick(of))
                }
                Kind::Compare { left, .. } | Kind::Binary { left, .. } => Rc::clone(self.ways.pick(left)),
                Kind::Call(_) if is_function(&value) => return true,
                // A row that the host makes.
                Kind::Call(call) if matches!(call.callee.kind, Kind::Class(_)) => return false,
                Kind::Call(call) => {
                    let is_named = called(&value).is_some_and(|(word, _)| is_construct(word));
                    let is_legacy = || {
                        value.method().is_some_and(|(name, ..)| &**name == "query")
                            && call.positional.iter().any(|argument| self.is_sql(argument))
                    };
                    if is_named || is_legacy() {
                        return true;
                    }
                    // What a query gives is no SQL any more.
                    if Ending::of_node(&value).is_some() {
                        return false;
                    }
                    Rc::clone(self.ways.pick(&call.callee))
                }
                Kind::Text(pieces) => {
                    let is_sql = |piece: &Piece| matches!(piece, Piece::Hole(value) if self.is_sql(value));
                    return pieces.iter().any(is_sql);
                }
                Kind::List(items) => match items.first() {
                    Some(first) => Rc::clone(self.ways.pick(first)),
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }
}

/// Calls that make SQL whatever they are given.
fn is_construct(word: &str) -> bool {
    matches!(
        word,
        "aliased"
            | "Table"
            | "select"
            | "text"
            | "literal"
            | "literal_column"
            | "case"
            | "cast"
            | "extract"
            | "exists"
            | "and_"
            | "or_"
            | "not_"
            | "distinct"
            | "func"
            | "column"
            | "with_polymorphic"
            | "tuple_"
            | "bindparam"
            | "type_coerce"
            | "Bundle"
    )
}

/// `func.lower(…)`
pub(super) fn is_function(value: &Node) -> bool {
    value.call().is_some_and(|call| function_name(&call.callee).is_some())
}

/// The function that `func.name` names.
pub(super) fn function_name(callee: &Value) -> Option<String> {
    match &callee.kind {
        Kind::External(path) => {
            let mut behind = path.split('.').skip_while(|part| *part != "func").skip(1).peekable();
            behind.peek()?;
            Some(behind.collect::<Vec<_>>().join("."))
        }
        Kind::Attribute { of, name, .. } => (word(of)? == "func").then(|| name.to_string()),
        _ => None,
    }
}
