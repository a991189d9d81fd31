//! Types that the server does not have: what stands in for one, so that all else of a statement is taken as it is.
//!
//! A stand-in holds what `text` holds and takes any modifier (`vector(3)`, `geometry(Point, 4326)`); no operator, function
//! or index method of the real type comes with it. It runs nothing but PostgreSQL's own input and output of `text`.

use std::collections::BTreeSet;

use super::extension::Wanted;
use super::{Pending, ROUNDS, deed, fill, settle};
use crate::advice::quote_qualified;
use crate::catalog::Catalog;
use crate::dialect::Dialect;
use crate::name::QName;
use crate::scratch::NativeStatement;
use crate::scratch::postgres::session::{Session, SqlError};

/// An object that is not there.
const UNDEFINED: &str = "42704";

/// What brings types that people use.
struct Bringer {
    /// The extension as `CREATE EXTENSION` names it.
    extension: &'static str,
    /// What one installs.
    product: &'static str,
    types: &'static [&'static str],
}

const BRINGERS: &[Bringer] = &[
    Bringer {
        extension: "postgis",
        product: "PostGIS",
        types: &["geometry", "geography", "box2d", "box3d", "raster", "topogeometry"],
    },
    Bringer { extension: "vector", product: "pgvector", types: &["vector", "halfvec", "sparsevec"] },
    Bringer { extension: "hstore", product: "PostgreSQL's contrib extensions", types: &["hstore"] },
    Bringer { extension: "cube", product: "PostgreSQL's contrib extensions", types: &["cube"] },
    Bringer {
        extension: "ltree",
        product: "PostgreSQL's contrib extensions",
        types: &["ltree", "lquery", "ltxtquery"],
    },
];

/// Makes what stands in for the types of extensions that could not be installed, as far as the texts speak of them; to
/// be done before any statement is sent, so that what drops them or their columns later finds them.
pub(super) fn of_extensions<'a>(
    admin: &mut Session,
    lacking: impl Iterator<Item = &'a Wanted>,
    texts: &[&str],
) -> Result<Vec<(usize, String)>, SqlError> {
    let mut said = Vec::new();
    for wanted in lacking {
        let types =
            BRINGERS.iter().filter(|bringer| bringer.extension == wanted.name).flat_map(|bringer| bringer.types);
        for ty in types.filter(|ty| texts.iter().any(|text| deed::mentions(text, ty))) {
            let name = QName { schema: Some(wanted.place().into()), name: (*ty).into() };
            if make(admin, &name)? {
                said.push((wanted.asked.unwrap_or(0), words(&QName::plain(*ty))));
            }
        }
    }
    Ok(said)
}

/// Makes what stands in for types that refused statements miss, and sends these again; returns what is to be said of
/// each type, with the position of the statement that asked first.
pub(super) fn stand_in(
    admin: &mut Session,
    planner: &mut Session,
    pending: &mut Vec<Pending>,
    statements: &[NativeStatement<'_>],
    catalog: &Catalog,
) -> Result<Vec<(usize, String)>, SqlError> {
    let mut tried: BTreeSet<String> = BTreeSet::new();
    let mut said = Vec::new();
    for _ in 0..ROUNDS {
        let mut asked = pending.iter().filter(|one| deed::is_about_values(&one.text));
        let missing = asked.find_map(|one| Some((one.at, missing(&one.error).filter(|name| !tried.contains(*name))?)));
        let Some((at, written)) = missing.map(|(at, name)| (at, name.to_owned())) else { break };
        let name = QName::read(&written);
        tried.insert(written.clone());
        let is_kept = catalog.types.keys().chain(catalog.tables.keys()).any(|known| known.name == name.name);
        let is_of_schema = is_kept || statements.iter().any(|statement| deed::makes(statement.sql, name.name.as_str()));
        if is_of_schema || !fill::holds_text(catalog, &name) {
            continue;
        }
        let Some(place) = place(planner, &written)? else { continue };
        if make(admin, &place)? {
            said.push((at, words(&name)));
            settle(planner, pending)?;
        }
    }
    Ok(said)
}

/// The type that the server does not find, as it names it.
fn missing(error: &SqlError) -> Option<&str> {
    let name = error.message.strip_prefix("type \"")?.strip_suffix("\" does not exist")?;
    let name = name.strip_suffix("[]").unwrap_or(name);
    (error.code == UNDEFINED && !name.is_empty()).then_some(name)
}

/// Where it is looked for; nowhere if that is the server's own, or if the search path is empty.
fn place(planner: &mut Session, written: &str) -> Result<Option<QName>, SqlError> {
    let (schema, name) = match written.split_once('.') {
        Some((schema, name)) => (Some(schema.to_owned()), name),
        None => (planner.rows("SELECT current_schema()")?.concat().into_iter().flatten().next(), written),
    };
    let schema = schema.filter(|schema| !schema.starts_with("pg_") && schema != "information_schema");
    Ok(schema.map(|schema| QName { schema: Some(schema.as_str().into()), name: name.into() }))
}

/// Says whether it was made; a role that may not do so is refused.
fn make(admin: &mut Session, name: &QName) -> Result<bool, SqlError> {
    match admin.run(&definition(name)) {
        Err(error) if error.is_lost() => Err(error),
        made => Ok(made.is_ok()),
    }
}

/// The type with its casts: it is compared and ordered as the text it is made of.
fn definition(name: &QName) -> String {
    let quote = |name: &QName| quote_qualified(Dialect::Postgres, name);
    let ty = quote(name);
    // Three functions of one name: what they take tells them apart.
    let by = quote(&QName { schema: name.schema.clone(), name: format!("planlint {}", name.name).as_str().into() });
    let rights = "LANGUAGE internal IMMUTABLE STRICT";
    [
        format!("CREATE TYPE {ty}"),
        format!("CREATE FUNCTION {by}(pg_catalog.cstring) RETURNS {ty} {rights} AS 'textin'"),
        format!("CREATE FUNCTION {by}({ty}) RETURNS pg_catalog.cstring {rights} AS 'textout'"),
        format!("CREATE FUNCTION {by}(pg_catalog.cstring[]) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'"),
        format!(
            "CREATE TYPE {ty} (INPUT = {by}, OUTPUT = {by}, TYPMOD_IN = {by}, LIKE = pg_catalog.text, \
             CATEGORY = 'S', COLLATABLE = true)"
        ),
        format!("CREATE CAST ({ty} AS pg_catalog.text) WITHOUT FUNCTION AS IMPLICIT"),
        format!("CREATE CAST (pg_catalog.text AS {ty}) WITHOUT FUNCTION AS ASSIGNMENT"),
    ]
    .join("; ")
}

fn words(name: &QName) -> String {
    let bare = name.name.as_str();
    let bringer = BRINGERS.iter().find(|it| it.types.iter().any(|ty| bare.eq_ignore_ascii_case(ty)));
    let cure = match bringer {
        Some(bringer) => format!("install {}", bringer.product),
        None => "add the statement that makes it, or install the extension that brings it".to_owned(),
    };
    format!("the type `{name}` is not there: a stand-in was made, without its operators and functions; {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_type_is_read_from_the_words_of_the_server() {
        let check = |code: &str, message: &str, expect: Option<&str>| {
            assert_eq!(missing(&SqlError::new(code, message)), expect, "{message}");
        };
        check(UNDEFINED, "type \"vector\" does not exist", Some("vector"));
        check(UNDEFINED, "type \"ext.Vec tor[]\" does not exist", Some("ext.Vec tor"));
        check(UNDEFINED, "access method \"hnsw\" does not exist", None);
        check(UNDEFINED, "type \"\" does not exist", None);
        check("42P01", "type \"vector\" does not exist", None);
    }

    #[test]
    fn what_is_said_names_the_cure() {
        let check =
            |name: &str, end: &str| assert!(words(&QName::read(name)).ends_with(end), "{}", words(&QName::read(name)));
        check("public.vector", "; install pgvector");
        check("Geometry", "; install PostGIS");
        check("mood", "; add the statement that makes it, or install the extension that brings it");
    }
}
