//! Names that differ from the schema's in case only, which PostgreSQL tells apart.

use super::context::QueryContext;
use crate::catalog::Case;
use crate::dialect::Dialect;
use crate::finding::Edit;
use crate::name::Ident;
use crate::query::UnknownName;

/// A name as it has to be typed.
pub(super) struct Spelling {
    pub(super) help: String,
    /// Everywhere in the query.
    pub(super) edits: Vec<Edit>,
}

/// Says how to type `meant`, if `said` is it in other letters; `kind` is what it names.
pub(super) fn of(
    cx: &QueryContext<'_>,
    unknown: &UnknownName,
    kind: &str,
    said: &Ident,
    meant: &str,
) -> Option<Spelling> {
    if cx.catalog.case == Case::Ignored || *said != meant {
        return None;
    }
    let name = Ident::new(meant);
    let typed = Dialect::Postgres.quote(&name);
    let help = format!(
        "there is a {kind} `{meant}`: PostgreSQL folds names without quotes to lower case and compares them exactly; \
         type `{typed}`"
    );
    let same = cx.query.shape.unknown.iter().filter(|other| other.kind == unknown.kind);
    let edit = |other: &UnknownName| Edit { query: cx.query.id, range: other.sql.clone(), text: typed.to_string() };
    Some(Spelling { help, edits: same.map(edit).collect() })
}
