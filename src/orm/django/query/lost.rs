//! Queries that surely are sent, of models that nothing here can tell: counted, so that none vanishes.

use super::DJANGO;
use super::method::continues;
use super::site::Finder;
use super::statement::{ends, is_sent_by};
use crate::host::flow::Event;
use crate::host::value::{Kind, Value};
use crate::orm::site::Draft;

/// How many calls of a chain are looked through.
const MAX_CALLS: u16 = 200;

impl Finder<'_, '_, '_> {
    /// The site of a query that could not be read; nothing where it need not be one.
    pub(super) fn lost(&self, event: &Event, value: &Value) -> Option<Draft> {
        let unknown = reason(value)?;
        let mut draft = Draft::new(event, DJANGO, Vec::new());
        (draft.place, draft.unknown) = (value.place, vec![unknown]);
        Some(draft)
    }
}

/// Why a chain of calls could not be read; nothing where what it starts from need not be a queryset.
fn reason(value: &Value) -> Option<(&'static str, String)> {
    if let Some((name, ..)) = value.method()
        && !is_read(name)
    {
        return None;
    }
    let mut at = match (&value.kind, value.method()) {
        (Kind::Index { of, .. }, _) | (_, Some((_, _, of, _))) => of,
        _ => value,
    };
    // What stands before the last call must give querysets: a row has methods of the same names.
    for _ in 0..MAX_CALLS {
        at = match (&at.kind, at.method()) {
            (Kind::Index { of, at }, _) if matches!(at.kind, Kind::Slice { .. }) => of,
            (_, Some((name, _, of, _))) if continues(name) && **name != *"none" => of,
            _ => break,
        };
    }
    match &at.kind {
        Kind::Attribute { of, name, .. } if is_manager(name) && !is_of_a_package(of) => {
            let what = match &of.kind {
                Kind::Parameter { name, .. } | Kind::Attribute { name, .. } => name.to_string(),
                Kind::External(path) => path.to_string(),
                _ => "a model".to_owned(),
            };
            Some(("unknown-model", format!("`{name}` of `{what}`")))
        }
        Kind::Call(call) => {
            let path = call.callee.external()?;
            let (before, method) = path.rsplit_once('.')?;
            let (model, manager) = before.rsplit_once('.')?;
            (is_manager(manager) && is_read(method)).then(|| ("unknown-model", format!("`{manager}` of `{model}`")))
        }
        Kind::Parameter { name, .. } if matches!(&**name, "queryset" | "qs") && ends(value) => {
            Some(("dynamic-queryset", "a queryset that is handed in".to_owned()))
        }
        _ => None,
    }
}

/// Says whether a value is what something outside of Django made: `boto3.resource("s3").Bucket(name)`.
fn is_of_a_package(value: &Value) -> bool {
    let mut at = value;
    for _ in 0..MAX_CALLS {
        at = match &at.kind {
            Kind::Call(call) => match call.callee.external() {
                Some(path) => return path.contains('.') && !path.starts_with("django."),
                None => &call.callee,
            },
            Kind::Attribute { of, .. } | Kind::Index { of, .. } => of,
            _ => return false,
        };
    }
    false
}

fn is_manager(name: &str) -> bool {
    matches!(name, "objects" | "_default_manager" | "_base_manager")
}

/// Says whether a method reads, or gives what is read: to add rows needs no index.
fn is_read(method: &str) -> bool {
    (is_sent_by(method) || continues(method)) && method != "none"
}
