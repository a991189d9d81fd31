//! Indexes for operators that a plain b-tree does not answer, on an engine that can try them: patterns, containment and
//! search in JSON, arrays, ranges and texts.
//!
//! What is proposed is what the documentation of PostgreSQL names for the operator; whether the planner takes it, the
//! trial tells. An operator class whose extension the schema does not install is refused by the engine.

use crate::catalog::{Direction, IndexKey, Method, Table, TypeClass};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, Op};
use crate::query::{Clause, ClauseKind, PatternHead, Predicate, PredicateOp, RefId, Value};

/// Fewer first letters find more rows than the planner guesses where it knows no values.
const FEW_LETTERS: usize = 3;

/// The operator class that knows the trigrams of texts.
pub(super) const TRIGRAMS: &str = "gin_trgm_ops";

/// The indexes that may answer a predicate, each a method and its key; the first that does as well as any is kept.
pub(super) fn answering(
    table: &Table,
    reference: RefId,
    predicate: &Predicate,
    clauses: &[Clause],
) -> Vec<(Method, IndexKey)> {
    let key = &predicate.key;
    if predicate.op == PredicateOp::Prefix {
        return prefix(table, key).into_iter().map(|key| (Method::Btree, key)).collect();
    }
    let open = |clause: &Clause| {
        clause.reference == Some(reference)
            && matches!(&clause.kind, ClauseKind::Like { key: matched, head: PatternHead::Wildcard } if matched == key)
    };
    let Expr::Op { op, operands } = &predicate.condition else { return Vec::new() };
    let gin = |opclass: Option<&str>| vec![(Method::Other("gin".to_owned()), with(key, opclass))];
    let gist = |opclass: Option<&str>| vec![(Method::Other("gist".to_owned()), with(key, opclass))];
    let declared = key.as_column().and_then(|column| table.column(column)).map_or("", |column| &column.ty.declared);
    match (op, kind(table, key)) {
        (Op::Like | Op::ILike, Some(TypeClass::Text)) if clauses.iter().any(open) && has_trigram(operands) => {
            gin(Some(TRIGRAMS))
        }
        (Op::Other(symbol), Some(class)) => match (symbol.as_str(), class) {
            // It is not the default class of its type.
            ("<<" | "<<=" | ">>" | ">>=" | "&&", _) if ["inet", "cidr"].contains(&declared) => gist(Some("inet_ops")),
            ("@>" | "?" | "?|" | "?&", _) if declared == "hstore" => gin(None),
            ("@>" | "<@" | "~", _) if declared == "ltree" => gist(None),
            ("~" | "~*", TypeClass::Text) if has_trigram(operands) => gin(Some(TRIGRAMS)),
            ("%" | "<%" | "%>", TypeClass::Text) => gin(Some(TRIGRAMS)),
            // The class that is made for containment is the smaller one.
            ("@>" | "@@" | "@?", TypeClass::Json) => gin(Some("jsonb_path_ops")),
            ("?" | "?|" | "?&", TypeClass::Json) => gin(None),
            ("@>" | "&&", TypeClass::Array) | ("@@", TypeClass::TextSearch) => gin(None),
            ("@>" | "<@" | "&&", TypeClass::Range) => gist(None),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Says whether so many words begin as a pattern does that an index finds too many of them.
pub(super) fn is_short(predicate: &Predicate) -> bool {
    let Value::Literals(values) = &predicate.value else { return false };
    let letters = |text: &str| text.chars().take_while(|letter| !['%', '_'].contains(letter)).count();
    let is_short = |value: &Literal| matches!(value, Literal::Text(text) if letters(text) < FEW_LETTERS);
    predicate.op == PredicateOp::Prefix && values.iter().any(is_short)
}

/// Under the collation `C` a plain index is sorted as patterns want it; else one of the operator class for patterns is.
/// Which of the two is the database's own only the planner knows.
fn prefix(table: &Table, key: &Expr) -> Vec<IndexKey> {
    let column = key.as_column().and_then(|column| table.column(column));
    let declared = column.map_or("text", |column| column.ty.declared.as_str());
    let opclass = match declared.split('(').next().unwrap_or_default().trim() {
        "text" => "text_pattern_ops",
        "varchar" | "character varying" => "varchar_pattern_ops",
        "char" | "character" | "bpchar" => "bpchar_pattern_ops",
        _ => return Vec::new(),
    };
    if kind(table, key) != Some(TypeClass::Text) {
        return Vec::new();
    }
    let leads = table.usable_indexes().any(|index| {
        let first = &index.def.keys[0];
        first.expr == *key && first.opclass.is_none() && index.def.method == Method::Btree
    });
    let plain = (!leads).then(|| with(key, None));
    plain.into_iter().chain([with(key, Some(opclass))]).collect()
}

fn with(key: &Expr, opclass: Option<&str>) -> IndexKey {
    let opclass = opclass.map(str::to_owned);
    IndexKey { opclass, ..IndexKey::new(Dialect::Postgres, key.clone(), Direction::Ascending) }
}

/// The kind of an expression that an index can hold.
fn kind(table: &Table, key: &Expr) -> Option<TypeClass> {
    match key {
        Expr::Column(name) => {
            let ty = &table.column(name)?.ty;
            // `json` keeps its text and has no operators; an extension's texts have operators of their own.
            let other = ty.class == TypeClass::Json && ty.declared != "jsonb" || ty.declared.contains("citext");
            (!other).then_some(ty.class)
        }
        Expr::Call { function, args } => match (function.as_str(), args.as_slice()) {
            ("lower" | "upper", [Expr::Column(name)]) => {
                Some(table.class_of(name)?).filter(|of| *of == TypeClass::Text)
            }
            // Without its configuration it follows a setting, and no index may hold it.
            ("to_tsvector", [Expr::Literal(Literal::Text(_)), text]) if !text.has_param() => {
                Some(TypeClass::TextSearch)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Says whether a pattern may hold three letters in a row: without them every entry of the index is read.
fn has_trigram(operands: &[Expr]) -> bool {
    match operands.get(1) {
        Some(Expr::Literal(Literal::Text(text))) => {
            text.split(['%', '_']).any(|run| run.chars().filter(|letter| letter.is_alphanumeric()).count() >= 3)
        }
        Some(_) => true,
        None => false,
    }
}
