//! Extensions: which are installed, and what stands in for one that the server does not have.
//!
//! Their scripts run as the superuser, so they come from a list, and before anything that the code base makes: an
//! operator of its own in a schema that a script trusts would run with the script's rights.

use std::collections::BTreeMap;

use super::deed::mentions;
use crate::scratch::postgres::session::{Session, SqlError};

/// Those that only compute: types, operators, functions, index methods. None reads a file or opens a connection.
const ALLOWED: &[&str] = &[
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pg_stat_statements",
    "pg_trgm",
    "pg_uuidv7",
    "pgcrypto",
    "plpgsql",
    "postgis",
    "seg",
    "tablefunc",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
];

/// Words by which a schema shows that it needs an extension which its statements do not create.
const SIGNS: &[(&str, &str)] = &[
    ("citext", "citext"),
    ("gin_trgm_ops", "pg_trgm"),
    ("gist_trgm_ops", "pg_trgm"),
    ("hstore", "hstore"),
    ("ltree", "ltree"),
    ("uuid_generate_v4", "uuid-ossp"),
    ("uuid_generate_v1", "uuid-ossp"),
];

/// What stands in, in the extension's schema.
const STUBS: &[(&str, &[&str])] = &[
    ("citext", &["CREATE DOMAIN {}.citext AS text"]),
    (
        "uuid-ossp",
        &[
            "CREATE FUNCTION {}.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
            "CREATE FUNCTION {}.uuid_generate_v1() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
            "CREATE FUNCTION {}.uuid_generate_v1mc() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
            "CREATE FUNCTION {}.uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE AS 'SELECT NULL::uuid'",
        ],
    ),
    (
        "pgcrypto",
        &[
            "CREATE FUNCTION {}.digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT NULL::bytea'",
            "CREATE FUNCTION {}.crypt(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT NULL::text'",
            "CREATE FUNCTION {}.gen_random_bytes(integer) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'",
        ],
    ),
    ("unaccent", &["CREATE FUNCTION {}.unaccent(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1'"]),
];

/// An extension that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) schema: Option<String>,
    /// The statement that asked, by its position; none where the schema only shows that it needs it.
    pub(super) asked: Option<usize>,
}

impl Wanted {
    /// The schema that it goes into.
    pub(super) fn place(&self) -> &str {
        // What is the server's own cannot be made, and a schema named so belongs to nobody else.
        self.schema.as_deref().filter(|schema| !schema.starts_with("pg_")).unwrap_or("public")
    }
}

/// Collects what the statements create, and what they use without creating it.
pub(super) fn wanted<'a>(
    created: impl Iterator<Item = (usize, &'a str, Option<&'a str>)>,
    texts: &[&str],
) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for (at, name, schema) in created {
        if !all.iter().any(|known| known.name == name) {
            all.push(Wanted { name: name.to_owned(), schema: schema.map(str::to_owned), asked: Some(at) });
        }
    }
    for (sign, name) in SIGNS {
        let known = all.iter().any(|wanted| wanted.name == *name);
        if !known && texts.iter().any(|text| mentions(text, sign)) {
            all.push(Wanted { name: (*name).to_owned(), schema: None, asked: None });
        }
    }
    all
}

/// Installs the extensions; returns what became of those that could not be installed, by position in `all`.
pub(super) fn install(
    admin: &mut Session,
    planner: &mut Session,
    all: &[Wanted],
) -> Result<BTreeMap<usize, String>, SqlError> {
    let mut missing = BTreeMap::new();
    let planner_name = planner.rows("SELECT current_user")?.concat().into_iter().flatten().next().unwrap_or_default();
    for (at, wanted) in all.iter().enumerate() {
        let schema = quote(wanted.place());
        let make = format!("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {}", quote(&planner_name));
        admin.run(&make)?;
        if !ALLOWED.contains(&wanted.name.as_str()) {
            missing.insert(at, "it is not on the list of extensions that are installed".to_owned());
            continue;
        }
        let install = format!("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {schema}", quote(&wanted.name));
        let with = format!("{install} CASCADE");
        match admin.run(if requires_allowed(&wanted.name) { &with } else { &install }) {
            Ok(()) => {}
            Err(error) if error.is_lost() => return Err(error),
            Err(error) => {
                let stubs = STUBS.iter().find(|(name, _)| *name == wanted.name).map_or(&[][..], |(_, stubs)| *stubs);
                let made = stubs.iter().filter(|stub| planner.run(&stub.replace("{}", &schema)).is_ok()).count();
                let stand_in = if made > 0 { "; stand-ins were made" } else { "" };
                missing.insert(at, format!("{error}{stand_in}"));
            }
        }
    }
    Ok(missing)
}

/// Says whether everything the extension requires is on the list as well.
fn requires_allowed(name: &str) -> bool {
    name == "earthdistance"
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
