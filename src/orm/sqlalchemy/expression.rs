//! Expressions of declarations: keys and conditions of indexes, checks, defaults, over the columns of one table.

use crate::dialect::Dialect;
use crate::host::value::{Call, ClassId, Kind, Piece, Value};
use crate::ir::{BinaryOp, CompareOp, LogicOp, Name, UnaryOp};
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

use super::names::{called, each, first_way, positional, word};
use super::types::quoted;

/// What an expression may name.
pub(in crate::orm) struct Scope<'s> {
    /// How names are spelled.
    pub dialect: Dialect,
    /// The column that a value is.
    pub column: &'s dyn Fn(&Value) -> Option<Ident>,
    /// What a member of an enumeration is kept as.
    pub member: &'s dyn Fn(ClassId, &Name) -> Option<String>,
}

/// How deep expressions may be nested.
const MAX_DEPTH: u8 = 40;

/// SQL that is written out: a text, `text("…")`, `literal_column("…")`.
pub(in crate::orm) fn text(value: &Value) -> Option<Sql> {
    let value = first_way(value);
    match &value.kind {
        Kind::Text(pieces) => of_pieces(pieces),
        Kind::Lambda(body) => text(body),
        _ => match called(value)? {
            ("text" | "literal_column" | "TextClause" | "SQL" | "DDL" | "dedent" | "cleandoc", call) => {
                text(call.positional.first()?)
            }
            _ => None,
        },
    }
}

/// The pieces of a text, where all of it is known.
fn of_pieces(pieces: &[Piece]) -> Option<Sql> {
    let mut sql = Sql::default();
    for piece in pieces {
        sql = sql.and(match piece {
            Piece::Text { text, place } => Sql::verbatim(text.clone(), *place),
            Piece::Hole(value) => match &first_way(value).kind {
                Kind::Number(number) => Sql::text(&**number, value.place),
                Kind::Text(inner) => of_pieces(inner)?,
                _ => return None,
            },
            Piece::Optional(_) => return None,
        });
    }
    Some(sql)
}

/// A default that is no plain text: `func.now()`, `text("…")`, `true()`.
pub(super) fn of_default(value: &Value) -> Option<Sql> {
    let scope = Scope { dialect: Dialect::Postgres, column: &|_| None, member: &|_, _| None };
    scope.read(value)
}

impl Scope<'_> {
    /// An expression; nothing where it cannot be told.
    pub fn read(&self, value: &Value) -> Option<Sql> {
        self.expression(value, MAX_DEPTH)
    }

    /// A key of an index with parentheses where SQL wants them, what its options call it, and its direction.
    pub fn key(&self, value: &Value) -> Option<(Sql, Option<String>, Option<Sql>)> {
        let value = first_way(value);
        if let Some((of, order)) = ordered(value) {
            let (key, label, inner) = self.key(of)?;
            let order = Sql::text(order, value.place);
            return Some((key, label, Some(inner.map_or(order.clone(), |inner| inner.and(order)))));
        }
        if let Some((name, _, of, call)) = value.method()
            && **name == *"label"
        {
            let (key, _, order) = self.key(of)?;
            return Some((key, call.positional.first().and_then(|label| label.text()), order));
        }
        if let Some(name) = (self.column)(value) {
            let label = match &value.kind {
                Kind::Attribute { name, .. } => name.to_string(),
                _ => name.to_string(),
            };
            return Some((self.name(&name, value), Some(label), None));
        }
        let sql = match called(value) {
            Some(("text" | "literal_column", _)) => text(value)?,
            Some((_, call)) if is_function(&call.callee) => self.read(value)?,
            _ => self.read(value)?.within("(", ")", value.place),
        };
        Some((sql, None, None))
    }

    /// A condition, which may be written out as text.
    pub fn condition(&self, value: &Value) -> Option<Sql> {
        text(value).or_else(|| self.read(value))
    }

    /// A column's name, which stands where the host names it.
    fn name(&self, name: &Ident, value: &Value) -> Sql {
        let place = match &value.kind {
            Kind::Attribute { name_place, .. } => *name_place,
            _ => value.place,
        };
        Sql::text(self.dialect.quote(name), place)
    }

    fn expression(&self, value: &Value, depth: u8) -> Option<Sql> {
        let depth = depth.checked_sub(1)?;
        let value = first_way(value);
        let place = value.place;
        if let Some(name) = (self.column)(value).filter(|_| !matches!(value.kind, Kind::Text(_))) {
            return Some(self.name(&name, value));
        }
        match &value.kind {
            Kind::Text(_) => Some(Sql::text(quoted(&value.text()?), place)),
            Kind::Number(number) => Some(Sql::text(number.replace('_', ""), place)),
            Kind::Bool(is_true) => Some(Sql::text(if *is_true { "true" } else { "false" }, place)),
            Kind::Null => Some(Sql::text("NULL", place)),
            Kind::Lambda(body) => self.expression(body, depth),
            Kind::Compare { left, op, right } => self.compare(left, *op, right, place, depth),
            Kind::Logic { op, operands } => {
                let word = if *op == LogicOp::And { " AND " } else { " OR " };
                self.all(operands.iter(), word, place, depth)
            }
            Kind::Not(operand) | Kind::Unary { op: UnaryOp::Invert, operand } => {
                Some(self.expression(operand, depth)?.within("NOT (", ")", place))
            }
            Kind::Unary { op: UnaryOp::Minus, operand } => {
                Some(self.expression(operand, depth)?.within("-", "", place))
            }
            Kind::Binary { left, op, right } => {
                let word = match op {
                    BinaryOp::BitAnd => " AND ",
                    BinaryOp::BitOr => " OR ",
                    other => arithmetic(*other)?,
                };
                self.all([left, right].into_iter(), word, place, depth)
            }
            Kind::Index { of, at } => self.operator(of, "->", at, place, depth),
            Kind::Attribute { of, name, .. } => self.attribute(of, name, place, depth),
            Kind::Call(call) => self.call(value, call, depth),
            Kind::External(_) => match word(value)? {
                "None" => Some(Sql::text("NULL", place)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `Status.ACTIVE`, `data["key"].astext`
    fn attribute(&self, of: &Value, name: &Name, place: HostSpan, depth: u8) -> Option<Sql> {
        match &of.kind {
            Kind::Class(id) => Some(Sql::text(quoted(&(self.member)(*id, name)?), place)),
            Kind::Attribute { of: member, name: inner, .. } if matches!(&**name, "value" | "name") => {
                let Kind::Class(id) = member.kind else { return None };
                Some(Sql::text(quoted(&(self.member)(id, inner)?), place))
            }
            Kind::Index { of, at } if **name == *"astext" => self.operator(of, "->>", at, place, depth),
            _ => None,
        }
    }

    fn all<'v>(
        &self,
        operands: impl Iterator<Item = &'v Value>,
        word: &str,
        place: HostSpan,
        depth: u8,
    ) -> Option<Sql> {
        let operands: Option<Vec<Sql>> = operands.map(|operand| self.operand(operand, depth)).collect();
        Some(Sql::join(operands?, word, place))
    }

    /// An operand, in parentheses unless it is plain.
    fn operand(&self, value: &Value, depth: u8) -> Option<Sql> {
        let sql = self.expression(value, depth)?;
        let value = first_way(value);
        let is_plain = match &value.kind {
            Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null | Kind::Attribute { .. } => true,
            Kind::Call(call) => is_function(&call.callee) || (self.column)(value).is_some(),
            _ => (self.column)(value).is_some(),
        };
        Some(if is_plain { sql } else { sql.within("(", ")", value.place) })
    }

    fn operator(&self, left: &Value, operator: &str, right: &Value, place: HostSpan, depth: u8) -> Option<Sql> {
        let (left, right) = (self.operand(left, depth)?, self.operand(right, depth)?);
        Some(Sql::join([left, right], &format!(" {operator} "), place))
    }

    fn compare(&self, left: &Value, op: CompareOp, right: &Value, place: HostSpan, depth: u8) -> Option<Sql> {
        let is_null =
            matches!(first_way(right).kind, Kind::Null) || called(right).is_some_and(|(name, _)| name == "null");
        let word = match (op, is_null) {
            (CompareOp::Eq | CompareOp::Is, true) => return self.suffixed(left, " IS NULL", place, depth),
            (CompareOp::NotEq | CompareOp::IsNot, true) => return self.suffixed(left, " IS NOT NULL", place, depth),
            (CompareOp::Eq, false) => "=",
            (CompareOp::NotEq, false) => "<>",
            (CompareOp::Less, false) => "<",
            (CompareOp::LessEq, false) => "<=",
            (CompareOp::Greater, false) => ">",
            (CompareOp::GreaterEq, false) => ">=",
            _ => return None,
        };
        self.operator(left, word, right, place, depth)
    }

    fn suffixed(&self, of: &Value, suffix: &str, place: HostSpan, depth: u8) -> Option<Sql> {
        Some(self.operand(of, depth)?.and(Sql::text(suffix, place)))
    }

    fn call(&self, value: &Value, call: &Call, depth: u8) -> Option<Sql> {
        let place = value.place;
        if is_function(&call.callee) {
            return self.function(call, place, depth);
        }
        // `column.op("->>")("key")`
        if let Some((name, _, of, inner)) = call.callee.method()
            && matches!(&**name, "op" | "bool_op")
        {
            let operator = inner.positional.first()?.text()?;
            return self.operator(of, &operator, call.positional.first()?, place, depth);
        }
        if let Some((name, _, of, call)) = value.method()
            && let Some(found) = self.method(name, of, call, place, depth)
        {
            return Some(found);
        }
        let first = call.positional.first();
        match word(&call.callee)? {
            "text" | "literal_column" => text(value),
            "true" => Some(Sql::text("true", place)),
            "false" => Some(Sql::text("false", place)),
            "null" => Some(Sql::text("NULL", place)),
            "and_" => self.all(positional(call), " AND ", place, depth),
            "or_" => self.all(positional(call), " OR ", place, depth),
            "not_" => Some(self.expression(first?, depth)?.within("NOT (", ")", place)),
            "cast" => {
                let name = super::types::Type::named(
                    word(call.positional.get(1)?).or(called(call.positional.get(1)?).map(|(name, _)| name))?,
                );
                let kind = name.sql(self.dialect);
                Some(self.expression(first?, depth)?.within("CAST(", &format!(" AS {kind})"), place))
            }
            "literal" | "type_coerce" | "bindparam" | "column" | "Column" | "ColumnClause" => {
                self.named_column(value, first?, depth)
            }
            "collate" => {
                self.suffixed(first?, &format!(" COLLATE \"{}\"", call.positional.get(1)?.text()?), place, depth)
            }
            "extract" => {
                let field = first?.text()?;
                Some(self.expression(call.positional.get(1)?, depth)?.within(
                    &format!("EXTRACT({field} FROM "),
                    ")",
                    place,
                ))
            }
            _ => None,
        }
    }

    /// `column("name")` is a name, `literal("name")` a value.
    fn named_column(&self, value: &Value, first: &Value, depth: u8) -> Option<Sql> {
        match called(value)?.0 {
            "column" | "Column" | "ColumnClause" => {
                Some(Sql::text(self.dialect.quote(&first.text()?.into()), first.place))
            }
            _ => self.expression(first, depth),
        }
    }

    fn function(&self, call: &Call, place: HostSpan, depth: u8) -> Option<Sql> {
        let name = function_name(&call.callee)?;
        let arguments: Option<Vec<Sql>> = positional(call).map(|argument| self.expression(argument, depth)).collect();
        let arguments = arguments?;
        let is_bare = arguments.is_empty()
            && matches!(name.as_str(), "current_timestamp" | "current_date" | "current_time" | "localtimestamp");
        if is_bare {
            return Some(Sql::text(name.to_uppercase(), place));
        }
        let after = Sql::text(")", place);
        Some(Sql::text(format!("{name}("), place).and(Sql::join(arguments, ", ", place)).and(after))
    }

    fn method(&self, name: &str, of: &Value, call: &Call, place: HostSpan, depth: u8) -> Option<Sql> {
        let first = call.positional.first();
        match name {
            "is_" => self.compare(of, CompareOp::Eq, first?, place, depth),
            "is_not" | "isnot" => self.compare(of, CompareOp::NotEq, first?, place, depth),
            "like" => self.operator(of, "LIKE", first?, place, depth),
            "ilike" => self.operator(of, "ILIKE", first?, place, depth),
            "contains" => self.operator(of, "@>", first?, place, depth),
            "concat" => self.operator(of, "||", first?, place, depth),
            "in_" | "not_in" | "notin_" => {
                let items: Option<Vec<Sql>> =
                    each(first?).into_iter().map(|item| self.expression(item, depth)).collect();
                let word = if name == "in_" { " IN (" } else { " NOT IN (" };
                let listed = Sql::join(items?, ", ", place).within(word, ")", place);
                Some(self.operand(of, depth)?.and(listed))
            }
            "between" => {
                let (low, high) = (self.operand(first?, depth)?, self.operand(call.positional.get(1)?, depth)?);
                let bounds = low.within(" BETWEEN ", " AND ", place).and(high);
                Some(self.operand(of, depth)?.and(bounds))
            }
            "cast" => {
                let kind = first.and_then(|kind| word(kind).or(called(kind).map(|(name, _)| name)))?;
                let kind = super::types::Type::named(kind).sql(self.dialect);
                Some(self.expression(of, depth)?.within("CAST(", &format!(" AS {kind})"), place))
            }
            "collate" => self.suffixed(of, &format!(" COLLATE \"{}\"", first?.text()?), place, depth),
            "label" | "self_group" => self.expression(of, depth),
            "as_string" => match &of.kind {
                Kind::Index { of, at } => self.operator(of, "->>", at, place, depth),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The direction that a method or a function of an index key says.
fn order_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "desc" => " DESC",
        "asc" => " ASC",
        "nulls_first" | "nullsfirst" => " NULLS FIRST",
        "nulls_last" | "nullslast" => " NULLS LAST",
        _ => return None,
    })
}

/// What a direction is put on, and the direction: `desc(x)`, `x.desc()`.
fn ordered(value: &Value) -> Option<(&Value, &'static str)> {
    if let Some((name, _, of, call)) = value.method()
        && call.positional.is_empty()
    {
        return Some((of, order_of(name)?));
    }
    let (name, call) = called(value)?;
    match call.positional.as_slice() {
        [only] => Some((only, order_of(name)?)),
        _ => None,
    }
}

/// Says whether a call's callee is a function of the database: `func.lower`.
fn is_function(callee: &Value) -> bool {
    function_name(callee).is_some()
}

/// `lower` of `sqlalchemy.func.lower` and `db.func.lower`.
fn function_name(callee: &Value) -> Option<String> {
    match &callee.kind {
        Kind::External(path) => {
            let (before, name) = path.split_once("func.")?;
            (before.is_empty() || before.ends_with('.')).then(|| name.to_owned())
        }
        Kind::Attribute { of, name, .. } => match &of.kind {
            Kind::Attribute { name: inner, .. } if **inner == *"func" => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// How an operator that reckons is written; nothing for one that does not.
pub(super) fn arithmetic(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Add => " + ",
        BinaryOp::Subtract => " - ",
        BinaryOp::Multiply => " * ",
        BinaryOp::Divide => " / ",
        BinaryOp::Modulo => " % ",
        BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::Other => return None,
    })
}
