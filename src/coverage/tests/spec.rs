//! Reads the cells of the tables: `(a, lower(b) desc) include (c) where d is null` and
//! `a = ? and b > 5 order by c desc limit 10 read a, c`.

use crate::catalog::{Direction, IndexDef, IndexKey, Method};
use crate::dialect::{Dialect, Target, Version};
use crate::expr::{Expr, Literal, Op};
use crate::name::{Ident, QName};
use crate::query::{
    AccessPattern, Bound, Disjunction, JoinKey, JoinKind, Limit, OrderKey, Predicate, PredicateOp, RefId, Value,
};
use crate::sql::{canonical, parse::parse_expr};
use sqlparser::ast;

/// Reads `postgres`, `postgres 18`, `sqlite`, `mysql 8`.
pub fn target(text: &str) -> Target {
    let (name, version) = text.split_once(' ').map_or((text, None), |(name, version)| (name, Version::parse(version)));
    let dialect = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name).expect("a dialect");
    Target { version, ..Target::any(dialect) }
}

/// A column; `o.x` is another table's.
fn name(path: &[ast::Ident]) -> Expr {
    match path {
        [table, _] if table.value == "o" => Expr::Outer,
        path => Expr::Column(Ident::new(&path.last().expect("a path has parts").value)),
    }
}

fn parsed(text: &str, dialect: Dialect) -> ast::Expr {
    // A bare `?` is numbered by `sql::placeholders` before anything is parsed.
    let numbered = text.replace('?', "$1");
    parse_expr(&numbered, dialect).unwrap_or_else(|failure| panic!("{text}: {failure}"))
}

pub fn condition(text: &str, dialect: Dialect) -> Expr {
    canonical::predicate(&parsed(text, dialect), dialect, &mut name)
}

fn scalar(text: &str, dialect: Dialect) -> Expr {
    canonical::expr(&parsed(text, dialect), dialect, &mut name)
}

/// Splits at a word, or gives everything and nothing.
fn cut<'a>(text: &'a str, word: &str) -> (&'a str, Option<&'a str>) {
    match text.find(word) {
        Some(at) => (&text[..at], Some(text[at + word.len()..].trim())),
        None => (text, None),
    }
}

/// Splits at commas outside parentheses.
fn list(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = text.split(move |char: char| {
        depth += i32::from(char == '(') - i32::from(char == ')');
        char == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Reads an index: `[unique] [method] (keys) [include (columns)] [where condition]`.
pub fn index(text: &str, dialect: Dialect) -> IndexDef {
    let (text, predicate) = cut(text, " where ");
    let (text, include) = cut(text, " include ");
    let open = text.find('(').expect("keys in parentheses");
    let (head, keys) = (text[..open].trim(), text[open + 1..].trim().strip_suffix(')').expect("a closing one"));
    let mut words: Vec<&str> = head.split_whitespace().collect();
    let unique = words.first() == Some(&"unique");
    if unique {
        words.remove(0);
    }
    IndexDef {
        table: QName::plain("t"),
        keys: list(keys).into_iter().map(|text| key(text, dialect)).collect(),
        include: include
            .map_or(Vec::new(), |columns| list(columns.trim_matches(['(', ')'])).into_iter().map(Ident::new).collect()),
        predicate: predicate.map(|text| condition(text, dialect)),
        unique,
        method: match words.first() {
            None => Method::Btree,
            Some(&"hash") => Method::Hash,
            Some(other) => Method::Other((*other).to_owned()),
        },
    }
}

/// Reads a key: `expression[/length] [collate x] [opclass] [desc] [nulls first|last]`.
fn key(text: &str, dialect: Dialect) -> IndexKey {
    let (text, nulls) = cut(text, " nulls ");
    let (text, desc) = cut(text, " desc");
    let direction = if desc.is_some() { Direction::Descending } else { Direction::Ascending };
    let mut words: Vec<&str> = text.split(' ').collect();
    let opclass = words.pop_if(|word| word.ends_with("_ops")).map(str::to_owned);
    let collation = match words.iter().position(|word| *word == "collate") {
        Some(at) => words.drain(at..).nth(1).map(str::to_owned),
        None => None,
    };
    let text = words.join(" ");
    let (text, prefix) = text.split_once('/').map_or((text.as_str(), None), |(text, length)| (text, Some(length)));
    let mut key = IndexKey::new(dialect, scalar(text, dialect), direction);
    key.opclass = opclass;
    key.collation = collation;
    key.prefix = prefix.map(|length| length.parse().expect("a length"));
    if let Some(place) = nulls {
        key.nulls_first = place == "first";
    }
    key
}

/// Reads an access: `condition [join keys] [group keys] [dedup keys] [min key] [order by keys] [limit n] [read columns]`.
///
/// In conditions `a = o.x` is an inner join, `a = o.semi` a semi-join, and what stands in `opt(…)` is optional.
pub fn access(text: &str, dialect: Dialect) -> AccessPattern {
    let text = format!(" {text} ");
    let (text, read) = cut(&text, " read ");
    let (text, limit) = cut(text, " limit ");
    let (text, order) = cut(text, " order by ");
    let (text, minimum) = cut(text, " min ");
    let (text, distinct) = cut(text, " dedup ");
    let (text, group) = cut(text, " group by ");
    let scalars = |text: Option<&str>| {
        text.map_or(Vec::new(), |text| list(text).iter().map(|one| scalar(one, dialect)).collect())
    };
    let order = order.unwrap_or_default();
    let order_complete = !order.ends_with("…");
    let mut pattern = AccessPattern {
        table: QName::plain("t"),
        reference: RefId(0),
        predicates: Vec::new(),
        disjunctions: Vec::new(),
        joins: Vec::new(),
        order: list(order.trim_end_matches("…")).into_iter().map(|text| order_key(text, dialect)).collect(),
        order_complete,
        group: scalars(group),
        distinct: scalars(distinct),
        extremum: minimum.map(|text| scalar(text, dialect)),
        limit: limit.map(|rows| rows.parse().map_or(Limit::Param, Limit::Rows)),
        columns: list(read.unwrap_or("everything")).into_iter().map(Ident::new).collect(),
        lock: false,
    };
    for part in text.trim().split(" and ").filter(|part| !part.trim().is_empty()) {
        add_condition(&mut pattern, part.trim(), dialect);
    }
    pattern
}

fn order_key(text: &str, dialect: Dialect) -> OrderKey {
    let key = key(text, dialect);
    OrderKey { key: key.expr, desc: key.desc, nulls_first: key.nulls_first, sql: 0..0 }
}

fn add_condition(pattern: &mut AccessPattern, text: &str, dialect: Dialect) {
    if let Some((own, other)) = text.split_once(" = o.") {
        let kind = match other {
            "semi" => JoinKind::Semi,
            "correlated" => JoinKind::Correlated,
            "outer" => JoinKind::Outer,
            _ => JoinKind::Inner,
        };
        let (key, other_key) = (scalar(own, dialect), Expr::column(other));
        pattern.joins.push(JoinKey { key, other: RefId(1), other_key, kind, sql: 0..0 });
        return;
    }
    let inner = text.strip_prefix("opt(").and_then(|rest| rest.strip_suffix(')'));
    let condition = condition(inner.unwrap_or(text).replace(" & ", " and ").as_str(), dialect);
    let optional = inner.is_some();
    match predicates(&condition, optional) {
        Some(found) => pattern.predicates.extend(found),
        None => {
            let Expr::Op { op: Op::Or, operands } = &condition else { panic!("neither predicate nor OR: {text}") };
            let branches = operands.iter().map(|arm| predicates(arm, optional).expect("a conjunction")).collect();
            pattern.disjunctions.push(Disjunction { branches, condition, sql: 0..0 });
        }
    }
}

/// The predicates of a conjunction; the two sides of a range on one key are one.
pub fn predicates(condition: &Expr, optional: bool) -> Option<Vec<Predicate>> {
    let mut found: Vec<Predicate> = Vec::new();
    for part in condition.conjuncts() {
        let (key, op, value) = classify(part)?;
        let twin = found
            .iter_mut()
            .find(|other| other.key == key && matches!((other.op, op), (PredicateOp::Range(_), PredicateOp::Range(_))));
        if let Some(twin) = twin {
            twin.op = PredicateOp::Range(Bound::Both);
            twin.condition = condition.clone();
            continue;
        }
        found.push(Predicate { key, op, value, condition: part.clone(), sql: 0..0, optional });
    }
    Some(found)
}

fn classify(condition: &Expr) -> Option<(Expr, PredicateOp, Value)> {
    let Expr::Op { op, operands } = condition else { return None };
    let literals = |rest: &[Expr]| {
        let all: Option<Vec<Literal>> = rest
            .iter()
            .map(|part| match part {
                Expr::Literal(literal) => Some(literal.clone()),
                _ => None,
            })
            .collect();
        all.map_or(Value::Param, Value::Literals)
    };
    let found = match op {
        Op::Or => return None,
        Op::Not => return classify(&operands[0]).map(|(key, _, value)| (key, PredicateOp::Other, value)),
        Op::Eq => PredicateOp::Eq,
        Op::In => PredicateOp::In,
        Op::Lt | Op::LtEq => PredicateOp::Range(Bound::Upper),
        Op::Gt | Op::GtEq => PredicateOp::Range(Bound::Lower),
        Op::IsNull => PredicateOp::Null,
        Op::IsNotNull => PredicateOp::NotNull,
        Op::Like if matches!(&operands[1], Expr::Literal(Literal::Text(text)) if !text.starts_with('%')) => {
            PredicateOp::Prefix
        }
        _ => PredicateOp::Other,
    };
    Some((operands[0].clone(), found, literals(&operands[1..])))
}
