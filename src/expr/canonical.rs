//! The canonical form of an expression: how AND, OR, NOT, comparisons and lists are put together, and which casts drop.
//!
//! Works on [`Expr`] alone, so the catalogue can use it when a column's type becomes known; knows no SQL text.

use std::collections::BTreeMap;

use crate::catalog::{ColumnType, TypeClass};
use crate::expr::{Expr, Literal, Op};
use crate::name::Ident;

impl Expr {
    /// All of `operands` hold: flattened, sorted, without repetition; one operand alone is itself.
    pub fn and(operands: Vec<Expr>) -> Expr {
        junction(Op::And, operands)
    }

    /// One of `operands` holds: flattened, sorted, without repetition; equalities of one key with constants become IN.
    pub fn or(operands: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(operands.len());
        flatten(&Op::Or, operands, &mut flat);
        junction(Op::Or, merge_equalities(flat))
    }

    /// `operand` does not hold, with NOT pushed as far down as three-valued logic allows without changing the answer.
    pub fn negate(operand: Expr) -> Expr {
        let Expr::Op { op, mut operands } = operand else {
            return match operand {
                Expr::Literal(Literal::Boolean(value)) => Expr::Literal(Literal::Boolean(!value)),
                other => Expr::op(Op::Not, vec![other]),
            };
        };
        let inverse = match op {
            Op::Not => return operands.remove(0),
            Op::And => return Expr::or(operands.into_iter().map(Expr::negate).collect()),
            Op::Or => return Expr::and(operands.into_iter().map(Expr::negate).collect()),
            Op::Eq => Op::NotEq,
            Op::NotEq => Op::Eq,
            Op::Lt => Op::GtEq,
            Op::LtEq => Op::Gt,
            Op::Gt => Op::LtEq,
            Op::GtEq => Op::Lt,
            Op::IsNull => Op::IsNotNull,
            Op::IsNotNull => Op::IsNull,
            op => return Expr::op(Op::Not, vec![Expr::Op { op, operands }]),
        };
        Expr::Op { op: inverse, operands }
    }

    /// A comparison with the key, the side that has a column of the table at hand, on the left.
    pub fn compare(op: Op, left: Expr, right: Expr) -> Expr {
        let Some(flipped) = flip(&op) else {
            return Expr::op(op, vec![left, right]);
        };
        let keyed = (left.has_column(), right.has_column());
        if keyed == (false, true) || (keyed.0 == keyed.1 && right < left) {
            return Expr::op(flipped, vec![right, left]);
        }
        Expr::op(op, vec![left, right])
    }

    /// `key IN (values)`: values sorted without repetition; one literal alone is an equality.
    pub fn in_list(key: Expr, mut values: Vec<Expr>) -> Expr {
        values.sort();
        values.dedup();
        if let [Expr::Literal(_)] = values[..] {
            return Expr::compare(Op::Eq, key, values.remove(0));
        }
        let mut operands = vec![key];
        operands.append(&mut values);
        Expr::op(Op::In, operands)
    }

    /// Says whether a column of the table at hand stands in the expression.
    pub fn has_column(&self) -> bool {
        match self {
            Self::Column(_) => true,
            Self::Opaque { columns, .. } => !columns.is_empty(),
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => parts.iter().any(Self::has_column),
            Self::Cast { operand, .. } => operand.has_column(),
            Self::Literal(_) | Self::Param | Self::Outer => false,
        }
    }
}

impl Expr {
    /// Says whether a value of another table stands in the expression.
    pub fn has_outer(&self) -> bool {
        match self {
            Self::Outer => true,
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => parts.iter().any(Self::has_outer),
            Self::Cast { operand, .. } => operand.has_outer(),
            Self::Opaque { text, .. } => text.contains('…'),
            Self::Column(_) | Self::Literal(_) | Self::Param => false,
        }
    }

    /// Says whether a value that is known at run time only stands in the expression.
    pub fn has_param(&self) -> bool {
        match self {
            Self::Param => true,
            Self::Call { args: parts, .. } | Self::Op { operands: parts, .. } => parts.iter().any(Self::has_param),
            Self::Cast { operand, .. } => operand.has_param(),
            Self::Opaque { text, .. } => text.contains('?'),
            Self::Column(_) | Self::Literal(_) | Self::Outer => false,
        }
    }
}

/// Drops casts that do not change how the operand compares (`(status)::text` of a `varchar` column, as `pg_dump` prints
/// it) and puts the rest into canonical form again.
///
/// `type_of` tells a column's type. SQLite keeps every cast: its planner matches none of them to a column, so
/// there pass a function that knows no column.
pub fn simplify<'t>(expr: Expr, type_of: &dyn Fn(&Ident) -> Option<&'t ColumnType>) -> Expr {
    let each = |parts: Vec<Expr>| parts.into_iter().map(|part| simplify(part, type_of)).collect::<Vec<_>>();
    match expr {
        Expr::Cast { operand, to } => {
            let operand = simplify(*operand, type_of);
            if coerces(&operand, &to, type_of) { operand } else { Expr::Cast { operand: Box::new(operand), to } }
        }
        Expr::Call { function, args } => Expr::Call { function, args: each(args) },
        Expr::Op { op, operands } => rebuild(op, each(operands)),
        other => other,
    }
}

/// Puts an operator over canonical operands into canonical form.
fn rebuild(op: Op, mut operands: Vec<Expr>) -> Expr {
    match (&op, operands.len()) {
        (Op::And, _) => Expr::and(operands),
        (Op::Or, _) => Expr::or(operands),
        (Op::Not, 1) => Expr::negate(operands.remove(0)),
        (Op::In, 2..) => {
            let key = operands.remove(0);
            Expr::in_list(key, operands)
        }
        (_, 2) if flip(&op).is_some() => {
            let right = operands.remove(1);
            Expr::compare(op, operands.remove(0), right)
        }
        _ => Expr::Op { op, operands },
    }
}

/// Returns the comparison that holds with its sides exchanged.
fn flip(op: &Op) -> Option<Op> {
    Some(match op {
        Op::Eq => Op::Eq,
        Op::NotEq => Op::NotEq,
        Op::Lt => Op::Gt,
        Op::LtEq => Op::GtEq,
        Op::Gt => Op::Lt,
        Op::GtEq => Op::LtEq,
        _ => return None,
    })
}

fn junction(op: Op, operands: Vec<Expr>) -> Expr {
    let mut flat = Vec::with_capacity(operands.len());
    flatten(&op, operands, &mut flat);
    flat.sort();
    // Two values of other tables look alike here and need not be.
    flat.dedup_by(|next, known| next == known && !known.has_outer());
    if flat.len() == 1 { flat.remove(0) } else { Expr::Op { op, operands: flat } }
}

fn flatten(op: &Op, operands: Vec<Expr>, into: &mut Vec<Expr>) {
    for operand in operands {
        match operand {
            Expr::Op { op: inner, operands } if inner == *op => flatten(op, operands, into),
            other => into.push(other),
        }
    }
}

/// Joins the equalities and IN lists of one key with constants; the rest stays as it is.
///
/// Must come before repetitions are dropped: `a = ? OR a = ?` names two values.
fn merge_equalities(operands: Vec<Expr>) -> Vec<Expr> {
    let mut lists: BTreeMap<Expr, Vec<Expr>> = BTreeMap::new();
    let mut rest = Vec::new();
    for operand in operands {
        match into_list(operand) {
            Ok((key, values)) => lists.entry(key).or_default().extend(values),
            Err(other) => rest.push(other),
        }
    }
    for (key, mut values) in lists {
        if values.len() == 1 {
            rest.push(Expr::op(Op::Eq, vec![key, values.remove(0)]));
        } else {
            rest.push(Expr::in_list(key, values));
        }
    }
    rest
}

/// Reads `key = constant` and `key IN (constants)`; gives anything else back.
fn into_list(operand: Expr) -> Result<(Expr, Vec<Expr>), Expr> {
    match operand {
        Expr::Op { op: op @ (Op::Eq | Op::In), mut operands }
            if operands.len() >= 2 && operands[0].has_column() && operands[1..].iter().all(Expr::is_constant) =>
        {
            // A one-value IN of a parameter is a list of unknown length: doubling the value keeps it an IN.
            let mut values = operands.split_off(1);
            if op == Op::In && values.len() == 1 {
                values.push(values[0].clone());
            }
            Ok((operands.remove(0), values))
        }
        other => Err(other),
    }
}

/// Says whether a cast to `to` leaves every comparison of `operand` as it was.
fn coerces<'t>(operand: &Expr, to: &str, type_of: &dyn Fn(&Ident) -> Option<&'t ColumnType>) -> bool {
    match operand {
        Expr::Literal(_) | Expr::Param => true,
        Expr::Column(name) => type_of(name).is_some_and(|ty| cast_changes_nothing(ty, to)),
        _ => class_of_target(to).is_some_and(|target| class_of_value(operand, type_of) == Some(target)),
    }
}

/// Says whether a column of a type compares as before when it is cast to `to`, lower case: the type itself under any of
/// its names, or another of one representation with it.
pub fn cast_changes_nothing(ty: &ColumnType, to: &str) -> bool {
    if class_of_target(to) == Some(ty.class) {
        return true;
    }
    let ((declared, precision), (target, wanted)) = (type_name(&ty.declared), type_name(to));
    // A bare `char` or `bit` is one of length 1.
    let cuts = ["char", "bit"].contains(&target.as_str());
    !target.is_empty() && declared == target && (precision == wanted || (wanted.is_empty() && !cuts))
}

/// PostgreSQL's shortest name of a type, and its length or precision.
fn type_name(text: &str) -> (String, &str) {
    let (before, rest) = text.split_once('(').unwrap_or((text, ""));
    let (precision, behind) = rest.split_once(')').unwrap_or((rest, ""));
    let name = format!("{} {}", before.trim(), behind.trim());
    let name = name.trim().rsplit('.').next().unwrap_or_default().trim_matches('"');
    let short = match name {
        "int" | "int4" | "serial" | "serial4" => "integer",
        "int8" | "bigserial" | "serial8" => "bigint",
        "int2" | "smallserial" | "serial2" => "smallint",
        "decimal" | "dec" => "numeric",
        "float8" | "float" | "double precision" => "double",
        "float4" => "real",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        "character" => "char",
        other => other,
    };
    (short.to_owned(), precision.trim())
}

/// The kinds of types that have one representation each, so that a cast within the kind does nothing.
///
/// A length (`varchar(10)`) cuts, so it is no such cast; numbers and timestamps have several representations.
fn class_of_target(to: &str) -> Option<TypeClass> {
    Some(match to {
        "text" | "varchar" | "character varying" | "bpchar" => TypeClass::Text,
        "uuid" => TypeClass::Uuid,
        "boolean" | "bool" => TypeClass::Boolean,
        "date" => TypeClass::Date,
        _ => return None,
    })
}

fn class_of_value<'t>(value: &Expr, type_of: &dyn Fn(&Ident) -> Option<&'t ColumnType>) -> Option<TypeClass> {
    match value {
        Expr::Column(name) => Some(type_of(name)?.class),
        Expr::Cast { to, .. } => class_of_target(to),
        Expr::Op { op: Op::Concat, .. } => Some(TypeClass::Text),
        Expr::Op { op: Op::Other(symbol), .. } if matches!(symbol.as_str(), "->>" | "#>>") => Some(TypeClass::Text),
        Expr::Call { function, args } => match function.as_str() {
            "lower" | "upper" | "trim" | "btrim" | "ltrim" | "rtrim" | "md5" | "concat" | "substring" | "substr"
            | "replace" | "left" | "right" => Some(TypeClass::Text),
            "coalesce" => args.first().and_then(|first| class_of_value(first, type_of)),
            "date" => Some(TypeClass::Date),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Expr {
        Expr::column(name)
    }

    fn number(value: u8) -> Expr {
        Expr::Literal(Literal::Number(value.to_string()))
    }

    fn eq(left: Expr, right: Expr) -> Expr {
        Expr::compare(Op::Eq, left, right)
    }

    #[test]
    fn forms() {
        let (a, b) = (|| column("a"), || column("b"));
        let cases = [
            (Expr::and(vec![eq(b(), number(1)), eq(a(), number(2)), eq(b(), number(1))]), "(a = 2) AND (b = 1)"),
            (Expr::or(vec![eq(a(), number(2)), eq(number(1), a()), eq(a(), number(2))]), "a IN (1, 2)"),
            (Expr::or(vec![eq(a(), Expr::Param), eq(a(), Expr::Param)]), "a IN (?)"),
            (Expr::or(vec![eq(a(), number(1)), eq(b(), number(1))]), "(a = 1) OR (b = 1)"),
            (Expr::or(vec![Expr::in_list(a(), vec![Expr::Param]), eq(b(), Expr::Param)]), "(b = ?) OR (a IN (?))"),
            (Expr::or(vec![eq(a(), Expr::Outer), eq(a(), Expr::Outer)]), "(a = …) OR (a = …)"),
            (Expr::in_list(a(), vec![number(1)]), "a = 1"),
            (Expr::in_list(a(), vec![Expr::Param]), "a IN (?)"),
            (Expr::compare(Op::Lt, number(1), a()), "a > 1"),
            (Expr::compare(Op::GtEq, Expr::Outer, a()), "a <= …"),
            (Expr::negate(Expr::compare(Op::Lt, a(), number(1))), "a >= 1"),
            (Expr::negate(Expr::op(Op::Not, vec![a()])), "a"),
            (Expr::negate(Expr::or(vec![eq(a(), number(1)), eq(b(), number(1))])), "(a <> 1) AND (b <> 1)"),
            (Expr::negate(Expr::in_list(a(), vec![number(1), number(2)])), "NOT (a IN (1, 2))"),
        ];
        for (expr, expect) in cases {
            assert_eq!(expr.to_string(), expect);
        }
    }

    #[test]
    fn casts_within_one_kind_of_type_drop() {
        let types = [
            ("name", "text", TypeClass::Text),
            ("id", "uuid", TypeClass::Uuid),
            ("at", "timestamp(3) with time zone", TypeClass::Timestamp),
            ("status", "public.status", TypeClass::Enum),
            ("n", "bigserial", TypeClass::Integer),
            ("price", "numeric(10,2)", TypeClass::Numeric),
            ("code", "character(5)", TypeClass::Text),
        ];
        let types: Vec<(&str, ColumnType)> = types
            .into_iter()
            .map(|(name, declared, class)| {
                (name, ColumnType { declared: declared.to_owned(), class, members: Vec::new() })
            })
            .collect();
        let type_of = |name: &Ident| types.iter().find(|(known, _)| *name == **known).map(|(_, ty)| ty);
        let cast = |operand: Expr, to: &str| Expr::Cast { operand: Box::new(operand), to: to.to_owned() };
        let lower = |arg: Expr| Expr::Call { function: "lower".into(), args: vec![arg] };
        let cases = [
            (cast(column("name"), "text"), "name"),
            (lower(cast(column("name"), "text")), "lower(name)"),
            (cast(lower(column("name")), "text"), "lower(name)"),
            (cast(column("name"), "varchar(10)"), "CAST(name AS varchar(10))"),
            (cast(column("id"), "uuid"), "id"),
            (cast(column("id"), "text"), "CAST(id AS text)"),
            (cast(column("at"), "date"), "CAST(at AS date)"),
            (cast(column("status"), "text"), "CAST(status AS text)"),
            (cast(column("status"), "status"), "status"),
            (cast(column("at"), "timestamptz"), "at"),
            (cast(column("at"), "timestamptz(3)"), "at"),
            (cast(column("at"), "timestamp(0) with time zone"), "CAST(at AS timestamp(0) with time zone)"),
            (cast(column("at"), "timestamp"), "CAST(at AS timestamp)"),
            (cast(column("n"), "int8"), "n"),
            (cast(column("n"), "int"), "CAST(n AS int)"),
            (cast(column("price"), "numeric"), "price"),
            (cast(column("price"), "numeric(8,2)"), "CAST(price AS numeric(8,2))"),
            (cast(column("code"), "char"), "CAST(code AS char)"),
            (cast(column("unknown"), "text"), "CAST(unknown AS text)"),
            (cast(Expr::Param, "text"), "?"),
        ];
        for (expr, expect) in cases {
            assert_eq!(simplify(expr, &type_of).to_string(), expect);
        }
    }
}
