//! A value of host code as SQL text: strings, their holes, and psycopg's `sql.SQL("…").format(…)`.
//!
//! What is only known at run time becomes `{name}`, which the reader of placeholders then judges by where it stands.
//! Knows nothing of SQL but how an identifier is quoted.

use std::rc::Rc;

use crate::host::flow::text::{method, pieces_of};
use crate::host::value::{Call, Kind, Node, Piece, Value};
use crate::host::ways::Ways;
use crate::ir::BinaryOp;
use crate::source::{HostSpan, Origin, SpanMap};

/// How deep values are looked into.
const MAX_DEPTH: u8 = 24;
/// How long a text may be; what is longer is no query that a person wrote.
const MAX_BYTES: usize = 1 << 18;

/// A text with places, and what is not known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Template {
    pub text: String,
    pub spans: SpanMap,
    /// Where holes stand in the text, in order.
    pub holes: Vec<std::ops::Range<usize>>,
}

/// The text that a value is in one form; nothing where it is none.
pub(super) fn of(value: &Value, ways: &Ways) -> Option<Template> {
    let mut writer = Writer { ways, made: Template::default(), named: Vec::new(), last: value.place };
    let is_text = writer.statement(value, 0);
    (is_text && writer.made.text.len() <= MAX_BYTES).then_some(writer.made)
}

struct Writer<'w> {
    ways: &'w Ways,
    made: Template,
    /// The holes that have a name, by their value.
    named: Vec<(Value, String)>,
    /// Where the last text ended.
    last: HostSpan,
}

impl Writer<'_> {
    /// Writes what is known to be text; says whether it is.
    fn statement(&mut self, value: &Value, depth: u8) -> bool {
        let value = &peeled(&self.picked(value), self.ways);
        if depth > MAX_DEPTH || self.made.text.len() > MAX_BYTES {
            return false;
        }
        match &value.kind {
            Kind::Text(pieces) => self.pieces(pieces, depth),
            // `", (?, ?)" * len(rows)`: once stands for any number.
            Kind::Binary { left, op: BinaryOp::Multiply, .. } if matches!(left.kind, Kind::Text(_)) => {
                return self.statement(left, depth + 1);
            }
            Kind::Binary { left, op: BinaryOp::Add, right } if is_composed(left, 0) || is_composed(right, 0) => {
                self.value(left, depth + 1);
                self.value(right, depth + 1);
            }
            _ => match composed(value, self.ways) {
                Some(pieces) => self.pieces(&pieces, depth),
                None => return false,
            },
        }
        true
    }

    fn pieces(&mut self, pieces: &[Piece], depth: u8) {
        for piece in pieces {
            match piece {
                Piece::Text { text, place } => self.text(text, *place),
                Piece::Hole(value) => self.value(value, depth + 1),
                Piece::Optional(inner) => {
                    if self.ways.takes_optional() && depth < MAX_DEPTH {
                        self.pieces(inner, depth + 1);
                    }
                }
            }
        }
    }

    fn text(&mut self, text: &str, place: HostSpan) {
        let is_verbatim = text.len() == (place.end - place.start) as usize;
        let origin = if is_verbatim { Origin::Verbatim } else { Origin::Placeholder };
        self.made.text.push_str(text);
        self.made.spans.push(text.len() as u32, place, origin);
        self.last = place;
    }

    /// Writes a value that is put into a text.
    fn value(&mut self, value: &Value, depth: u8) {
        let value = &self.picked(value);
        if self.statement(value, depth) {
            return;
        }
        let place = HostSpan { start: self.last.end, ..self.last };
        let known = match &value.kind {
            Kind::Number(number) => Some(number.to_string()),
            Kind::Bool(true) => Some("TRUE".to_owned()),
            Kind::Bool(false) => Some("FALSE".to_owned()),
            _ => driver_part(value),
        };
        match known {
            Some(known) => {
                self.made.text.push_str(&known);
                self.made.spans.push(known.len() as u32, place, Origin::Placeholder);
            }
            None => self.hole(value, place),
        }
    }

    /// The value that is taken where several may be.
    fn picked(&self, value: &Value) -> Value {
        let of_row = rows(value, 0).filter(|items| !items.is_empty());
        let ways = match (&value.kind, of_row) {
            (_, Some(items)) => items,
            (Kind::Either(ways), None) => ways.clone(),
            _ => return Rc::clone(value),
        };
        // What a helper gives where it was asked for nothing says nothing of what is asked otherwise.
        let told: Vec<Value> = ways.iter().filter(|way| !is_trivial(way)).cloned().collect();
        let ways = if told.is_empty() { ways } else { told };
        let either = Rc::new(Node { kind: Kind::Either(ways), place: value.place });
        Rc::clone(self.ways.pick(&either))
    }

    fn hole(&mut self, value: &Value, place: HostSpan) {
        let known = self.named.iter().find(|(known, _)| Rc::ptr_eq(known, value)).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = name_of(value);
            let same = self
                .named
                .iter()
                .filter(|(_, known)| known.trim_end_matches(|char: char| char.is_ascii_digit()) == name)
                .count();
            let name = if same == 0 { name.to_owned() } else { format!("{name}{}", same + 1) };
            self.named.push((Rc::clone(value), name.clone()));
            name
        });
        let start = self.made.text.len();
        self.made.text.push('{');
        self.made.text.push_str(&name);
        self.made.text.push('}');
        let end = self.made.text.len();
        self.made.spans.push((end - start) as u32, place, Origin::Placeholder);
        self.made.holes.push(start..end);
    }
}

/// The texts that the variable of a loop over texts goes through, or over rows of them.
fn rows(value: &Node, depth: u8) -> Option<Vec<Value>> {
    match &value.kind {
        Kind::Item(over) => match &over.kind {
            Kind::List(items) if depth > 0 || items.iter().all(|item| matches!(item.kind, Kind::Text(_))) => {
                Some(items.clone())
            }
            _ => None,
        },
        Kind::Index { of, at } if depth < 4 => {
            let at = usize::try_from(at.integer()?).ok()?;
            let part = |row: &Value| match &row.kind {
                Kind::List(items) => items.get(at).cloned(),
                _ => None,
            };
            let parts: Vec<Value> = rows(of, depth + 1)?.iter().map(part).collect::<Option<_>>()?;
            (depth > 0 || parts.iter().all(|part| matches!(part.kind, Kind::Text(_)))).then_some(parts)
        }
        _ => None,
    }
}

/// Whether a text is a condition that asks for everything or nothing.
fn is_trivial(value: &Value) -> bool {
    let plain = |text: String| text.split_whitespace().collect::<String>().to_ascii_uppercase();
    value.text().map(plain).is_some_and(|text| matches!(&*text, "TRUE" | "FALSE" | "1=1" | "1=0" | "0=1"))
}

/// A name for a value, as its code has it.
fn name_of(value: &Node) -> &str {
    let name = match &value.kind {
        Kind::Parameter { name, .. } | Kind::Attribute { name, .. } => name,
        Kind::External(path) => path.rsplit('.').next().unwrap_or(path),
        Kind::Call(call) => return name_of(&call.callee),
        Kind::Item(_) => "item",
        _ => "value",
    };
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_plain { name } else { "value" }
}

/// What a statement is made from, without the calls that leave its text alone.
fn peeled(value: &Value, ways: &Ways) -> Value {
    const KEEPS: &[&str] =
        &["bindparams", "columns", "execution_options", "as_string", "as_bytes", "compile", "strip", "options"];
    let mut value = Rc::clone(value);
    for _ in 0..MAX_DEPTH {
        let inner = match value.method() {
            Some((name, _, of, _)) if KEEPS.contains(&&**name) => Some(Rc::clone(of)),
            _ => super::sink::textual(&value).map(Rc::clone),
        };
        match inner {
            Some(inner) => value = Rc::clone(ways.pick(&inner)),
            None => break,
        }
    }
    value
}

/// Whether a value is one of psycopg's compositions.
fn is_composed(value: &Node, depth: u8) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match &value.kind {
        Kind::Binary { left, op: BinaryOp::Add, right } => {
            is_composed(left, depth + 1) || is_composed(right, depth + 1)
        }
        Kind::Call(call) => match composer(call) {
            Some(_) => true,
            None => value.method().is_some_and(|(_, _, of, _)| is_composed(of, depth + 1)),
        },
        _ => false,
    }
}

/// The name of psycopg's composing class that is called.
fn composer(call: &Call) -> Option<&str> {
    let (module, name) = call.callee.external()?.rsplit_once('.')?;
    (module.starts_with("psycopg") && module.ends_with("sql")).then_some(name)
}

/// The pieces of a composition: `sql.SQL("…")`, its `format` and `join`, `sql.Composed([…])`.
fn composed(value: &Node, ways: &Ways) -> Option<Vec<Piece>> {
    let call = value.call()?;
    match composer(call) {
        Some("SQL") => Some(pieces_of(ways.pick(call.positional.first()?))),
        Some("Composed") => {
            let items = ways.pick(call.positional.first()?).items()?;
            Some(items.into_iter().map(|item| Piece::Hole(Rc::clone(item))).collect())
        }
        Some(_) => None,
        None => {
            let (name, _, of, call) = value.method()?;
            let of = ways.pick(of);
            let pieces = composed(of, ways)?;
            method(&pieces, name, call)
        }
    }
}

/// What psycopg writes for an identifier, a literal or a placeholder.
fn driver_part(value: &Node) -> Option<String> {
    let call = value.call()?;
    match composer(call)? {
        "Identifier" => {
            let parts: Option<Vec<String>> = call.positional.iter().map(|part| part.text()).collect();
            let quoted = parts?.into_iter().map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
            Some(quoted.collect::<Vec<_>>().join(".")).filter(|name| !name.is_empty())
        }
        "Placeholder" => Some(match call.positional.first().and_then(|name| name.text()) {
            Some(name) => format!("%({name})s"),
            None => "%s".to_owned(),
        }),
        "Literal" => {
            let only = call.positional.first()?;
            match &only.kind {
                Kind::Text(_) => Some(format!("'{}'", only.text()?.replace('\'', "''"))),
                Kind::Number(number) => Some(number.to_string()),
                _ => None,
            }
        }
        _ => None,
    }
}
