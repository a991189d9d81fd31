//! A text that is sent, as statements: cut apart, classed, their placeholders numbered.

use super::{loose, quotes, template};
use crate::dialect::Dialect;
use crate::host::value::Value;
use crate::host::ways::Ways;
use crate::orm::sql::Sql;
use crate::query::VariantKind;
use crate::source::{HostSpan, SpanMap};
use crate::sql::kind::{self, StatementClass};
use crate::sql::placeholders::{Hole, HoleKind, normalise_mapped};
use crate::sql::split::{self, RawStatement};

/// How many forms of a text are told apart.
const MAX_FORMS: u16 = 8;

/// A query of a text.
pub(super) struct Query {
    /// Its forms; none where nothing can be planned.
    pub forms: Vec<(VariantKind, Sql)>,
    /// What is not known of it.
    pub unknown: Vec<(&'static str, String)>,
    /// Where its text starts in the host.
    pub place: HostSpan,
}

/// One form of one query.
#[derive(PartialEq)]
struct Form {
    sql: Sql,
    is_readable: bool,
    unknown: Vec<(&'static str, String)>,
    place: HostSpan,
}

/// The queries of a text that is sent; none where it is no text or asks for nothing.
pub(super) fn queries(value: &Value, dialect: Dialect) -> Vec<Query> {
    let (forms, is_capped) = Ways::forms(MAX_FORMS, |ways| {
        let template = template::of(value, ways)?;
        let (text, spans) = quotes::mend(template, dialect);
        let (text, spans, has_columns) = loose::cut(text, spans);
        let mut statements = statements(&text, &spans);
        for statement in statements.iter_mut().filter(|_| has_columns) {
            statement.unknown.push(("dynamic-columns", "the columns are only known at run time".to_owned()));
        }
        Some(statements).filter(|statements| !statements.is_empty())
    });
    let Some((_, first)) = forms.first() else { return Vec::new() };
    let count = first.len();
    let mut queries: Vec<Query> =
        first.iter().map(|form| Query { forms: Vec::new(), unknown: Vec::new(), place: form.place }).collect();
    for (kind, form) in forms.into_iter().filter(|(_, form)| form.len() == count) {
        for (query, statement) in queries.iter_mut().zip(form) {
            query.add(kind, statement);
        }
    }
    for query in queries.iter_mut().filter(|_| is_capped) {
        query.unknown.push(("too-many-forms", format!("only the first {MAX_FORMS} forms are read")));
    }
    queries
}

/// Whether a value is a text, whatever it says.
pub(super) fn is_text(value: &Value) -> bool {
    template::of(value, &Ways::new(VariantKind::Required)).is_some()
}

impl Query {
    fn add(&mut self, kind: VariantKind, form: Form) {
        for unknown in form.unknown {
            if !self.unknown.contains(&unknown) {
                self.unknown.push(unknown);
            }
        }
        if form.is_readable && self.forms.iter().all(|(_, known)| *known != form.sql) {
            // A required form that cannot be read leaves its place to the next.
            let kind = if self.forms.is_empty() { VariantKind::Required } else { kind };
            self.forms.push((kind, form.sql));
        }
    }
}

/// The queries of a text in one form.
fn statements(text: &str, spans: &SpanMap) -> Vec<Form> {
    let split = split::split(text);
    split.statements.iter().filter_map(|raw| statement(text, spans, raw)).collect()
}

fn statement(text: &str, spans: &SpanMap, raw: &RawStatement) -> Option<Form> {
    let whole = text.get(raw.bytes.start as usize..raw.bytes.end as usize)?;
    if kind::classify(raw, whole, false) != StatementClass::Query || !begins_like_sql(whole) {
        return None;
    }
    let start = raw.bytes.start + kind::explain_prefix(raw, whole);
    let own = text.get(start as usize..raw.bytes.end as usize)?;
    let mut own_spans = SpanMap::default();
    own_spans.append(spans, start..raw.bytes.end);
    let place = own_spans.segments().first().map(|segment| segment.host)?;
    let place = own_spans.places(0..own_spans.sql_len(), &HostSpan { end: place.start, ..place }).primary;
    if let Some(problem) = raw.problem {
        let unknown = vec![(problem, "the statement never ends".to_owned())];
        return Some(Form { sql: Sql::default(), is_readable: false, unknown, place });
    }
    let normalised = normalise_mapped(own, &own_spans);
    let is_readable = normalised.holes.iter().all(|hole| hole.kind.is_readable());
    let unknown = normalised.holes.iter().map(told).collect();
    Some(Form { sql: Sql::written(&normalised), is_readable, unknown, place })
}

fn told(hole: &Hole) -> (&'static str, String) {
    let Hole { kind, text, .. } = hole;
    let kind: HoleKind = *kind;
    (kind.reason(), format!("`{text}` is only known at run time"))
}

/// Whether a text is SQL rather than a sentence that starts with one of its words.
fn begins_like_sql(text: &str) -> bool {
    let upper = |word: &str| word.to_ascii_uppercase();
    let mut words = text.split(|char: char| char.is_whitespace() || char == '(').filter(|word| !word.is_empty());
    let first = words.next().map(upper).unwrap_or_default();
    match first.as_str() {
        "DELETE" => words.next().is_some_and(|word| word.eq_ignore_ascii_case("FROM")),
        "INSERT" | "REPLACE" | "MERGE" => text.len() > first.len(),
        "UPDATE" => words.any(|word| word.eq_ignore_ascii_case("SET")),
        "WITH" => words.any(|word| word.eq_ignore_ascii_case("AS")),
        _ => true,
    }
}
