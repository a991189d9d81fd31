//! Index conditions as PostgreSQL prints them: `((a = $1) AND (t0.b > 'x'::text))`.
//!
//! PostgreSQL puts the index key on the left and the conditions in the order of the keys. Text is only cut here, never
//! parsed: what is not understood is an equality.

use crate::catalog::{IndexDef, Method};
use crate::expr::Expr;
use crate::name::Ident;
use crate::plan::{Condition, ConditionKind};

/// Reads the conditions on an index; keys that are skipped over are among them.
pub(super) fn read(printed: &str, def: &IndexDef) -> Vec<Condition> {
    let mut found: Vec<Condition> = Vec::new();
    let mut reached = 0;
    for conjunct in conjuncts(printed) {
        let (left, kind) = split(conjunct);
        let Some(at) = key_of(left, def, reached) else { continue };
        if def.method == Method::Btree {
            let skipped = def.keys.iter().take(at).skip(found.len().min(at)).map(|key| &key.expr);
            let unknown: Vec<&Expr> = skipped.filter(|key| !found.iter().any(|known| known.key == **key)).collect();
            let skips = unknown.into_iter().map(|key| Condition { key: key.clone(), kind: ConditionKind::Skipped });
            found.extend(skips.collect::<Vec<_>>());
        }
        found.push(Condition { key: def.keys[at].expr.clone(), kind });
        reached = at;
    }
    found
}

/// The columns of which nothing more is asked than `key IS NOT NULL`.
pub(super) fn not_null(printed: &str) -> Vec<Expr> {
    let conjuncts = conjuncts(printed);
    let of = |conjunct: &str| column_name(split(conjunct).0);
    let alone = |conjunct: &&&str| conjuncts.iter().filter(|other| of(other) == of(conjunct)).count() == 1;
    let tests = conjuncts.iter().filter(|conjunct| conjunct.ends_with(" IS NOT NULL")).filter(alone);
    tests.filter_map(|conjunct| Some(Expr::column(of(conjunct)?.as_str()))).collect()
}

/// The columns that are cast in a filter, and to what: `((id)::numeric = 10.0)`.
///
/// PostgreSQL shows the casts that it put there itself like those of the query.
pub(super) fn casts(filter: &str) -> impl Iterator<Item = (Ident, String)> {
    unquoted(filter).filter(|at| filter[*at..].starts_with(")::")).filter_map(|at| {
        let (before, after) = (&filter[..at], &filter[at + ")::".len()..]);
        let (call, operand) = before.rsplit_once('(')?;
        // What a function returns is no column.
        let is_called = call.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        let column = column_name(operand).filter(|_| !is_called && !operand.contains([' ', '\'', '[']))?;
        let ends = |at: &usize| {
            let rest = &after[*at..];
            let behind = rest.strip_prefix(' ').map(|rest| rest.starts_with(|letter: char| !letter.is_alphabetic()));
            behind.unwrap_or(rest.starts_with(['(', ')', ',']))
        };
        let end = after.char_indices().map(|(at, _)| at).find(ends).unwrap_or(after.len());
        Some((Ident::from(column), after[..end].to_owned()))
    })
}

/// The places of a text that are outside of quotes.
fn unquoted(text: &str) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.char_indices().filter_map(move |(at, letter)| {
        quoted ^= letter == '\'';
        (!quoted).then_some(at)
    })
}

/// The conditions that AND joins, without their parentheses.
fn conjuncts(printed: &str) -> Vec<&str> {
    let inner = unwrapped(printed);
    let parts = split_top(inner, " AND ");
    match parts.len() {
        1 => vec![inner],
        _ => parts.into_iter().map(unwrapped).collect(),
    }
}

/// `(text)` without its parentheses.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text)
}

/// Splits where a separator stands outside of quotes and brackets.
fn split_top<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in top_level(text) {
        if at >= start && text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The places of a text that are outside of quotes and brackets, at the bounds of letters.
fn top_level(text: &str) -> impl Iterator<Item = usize> {
    let (mut depth, mut quote) = (0_usize, None);
    text.char_indices().filter_map(move |(at, letter)| {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(letter),
            ('(' | '[', None) => depth += 1,
            (')' | ']', None) => depth = depth.saturating_sub(1),
            _ if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

/// Cuts a condition into its key and how that is searched.
fn split(conjunct: &str) -> (&str, ConditionKind) {
    let is_symbol = |word: &str| !word.is_empty() && word.bytes().all(|byte| b"=<>~!@#%^&|?*+-/".contains(&byte));
    for at in top_level(conjunct).filter(|at| conjunct[*at..].starts_with(' ')) {
        let (left, rest) = (&conjunct[..at], &conjunct[at + 1..]);
        let word = rest.split([' ', '(']).next().unwrap_or_default();
        let kind = match word {
            ">" | ">=" | "~>~" | "~>=~" => ConditionKind::Greater,
            "<" | "<=" | "~<~" | "~<=~" => ConditionKind::Less,
            // All that is on one side of the NULLs.
            "IS" if rest == "IS NOT NULL" => ConditionKind::Greater,
            "IS" => ConditionKind::Equal,
            "=" => ConditionKind::Equal,
            symbol if is_symbol(symbol) => ConditionKind::Operator,
            _ => continue,
        };
        return (left, kind);
    }
    (conjunct, ConditionKind::Equal)
}

/// The position of the key that a condition's left side is; an expression is the next one from `reached` on.
fn key_of(left: &str, def: &IndexDef, reached: usize) -> Option<usize> {
    let name = column_name(left);
    let named = |key: &Expr| key.as_column().is_some_and(|column| name.as_deref().is_some_and(|name| *column == *name));
    let by_name = def.keys.iter().position(|key| named(&key.expr));
    let expression = || {
        let mut from = (reached..def.keys.len()).filter(|at| def.keys[*at].expr.as_column().is_none());
        from.next()
    };
    by_name.or_else(expression)
}

/// The column that an operand is: `a`, `t0.a`, `"A"`, `(a)::text`; of a row, its first.
fn column_name(operand: &str) -> Option<String> {
    let mut operand = operand.trim();
    operand = operand.strip_prefix("ROW").unwrap_or(operand);
    while let Some(rest) = operand.strip_prefix('(') {
        operand = rest;
    }
    let end = top_level(operand).find(|at| operand[*at..].starts_with([')', ',', ':', ' ']));
    let close = operand.find([')', ',']).filter(|_| !operand.starts_with('"'));
    let end = end.into_iter().chain(close).min().unwrap_or(operand.len());
    let name = operand[..end].rsplit_once('.').map_or(&operand[..end], |(_, name)| name);
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => Some(quoted.replace("\"\"", "\"")),
        None if name.is_empty() || name.contains('(') => None,
        None => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_of_columns_are_seen_and_no_others() {
        let check = |filter: &str, expect: &[(&str, &str)]| {
            let found: Vec<(Ident, String)> = casts(filter).collect();
            let expect: Vec<(Ident, String)> =
                expect.iter().map(|(column, to)| (Ident::new(*column), (*to).to_owned())).collect();
            assert_eq!(found, expect, "{filter}");
        };
        check("(id = 10)", &[]);
        check("((id)::numeric = 10.0)", &[("id", "numeric")]);
        check("((t0.\"Id\")::double precision = '10'::double precision)", &[("Id", "double precision")]);
        check(
            "(((a)::text = $1) AND ((t1.b)::timestamp with time zone > $2))",
            &[("a", "text"), ("b", "timestamp with time zone")],
        );
        check("((a)::character varying(10) = 'x (b)::text'::text)", &[("a", "character varying")]);
        check("(lower(a)::text = $1)", &[]);
        check("((lower(a))::text = (a || 'x'::text))", &[]);
        check("((id)::numeric = ANY ('{1.5,2}'::numeric[]))", &[("id", "numeric")]);
    }
}
