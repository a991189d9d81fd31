//! Frameworks: what the values of host code ask of a database, and the schema that host code declares.
//!
//! One folder a framework. Each reads the values of [`crate::host`] alone, and gives SQL text with places: queries as
//! [`site::Draft`]s, schemas as the statements that the framework itself would send ([`declared`]). Knows no grammar of
//! a host language, no engine and no rule.

mod alembic;
mod classes;
pub mod declared;
pub mod django;
mod raw;
pub mod select;
pub mod site;
pub mod sql;
pub mod sqlalchemy;
mod uniqueness;

use crate::config::WrapperSettings;
use crate::dialect::Dialect;
use crate::host::code::Code;
use crate::host::facts::Words;
use crate::host::flow::Evaluator;
use crate::query::{DatabaseId, PathClass, QuerySite, Skip, UniqueCheck};
use declared::DeclaredSchema;
use site::Draft;

/// The words that tell host code that may matter: of files, and of functions.
///
/// Files that name none of them are not parsed. In order of what they stand for: SQL, drivers, SQLAlchemy, Django.
pub fn words_with(wrappers: &[WrapperSettings]) -> Words {
    let own = wrappers.iter().filter_map(|wrapper| wrapper.function.rsplit('.').next());
    let with = |words: &[&'static str]| SQL.iter().chain(words).copied().chain(own.clone()).collect::<Vec<&str>>();
    Words::new(&with(OF_FILES), &with(OF_FUNCTIONS))
}

/// The words without any that the configuration adds.
#[cfg(test)]
fn words() -> Words {
    words_with(&[])
}

/// Words of SQL itself, in both spellings that people use.
const SQL: &[&str] = &["SELECT", "select", "UPDATE", "update", "DELETE", "delete", "INSERT", "insert", "execute"];

const OF_FILES: &[&str] = &[
    "cursor",
    "fetch",
    "query",
    "sqlalchemy",
    "SQLAlchemy",
    "sqlmodel",
    "Column(",
    "session",
    "alembic",
    // A migration that only brings two histories together.
    "down_revision",
    "django",
    "models",
    "objects",
    "migrations",
    "QuerySet",
    "Enum",
];

const OF_FUNCTIONS: &[&str] = &[
    "fetch",
    "query",
    "session",
    "objects",
    "filter",
    "where",
    "op.",
    "get_object",
    "QuerySet",
    "queryset",
    "Column",
    "mapped_column(",
    "relationship(",
    "Index(",
    "Constraint(",
    "scalar",
    "bulk_",
    "_set.",
    ".all(",
    ".get(",
    ".first(",
    ".count(",
    ".exists(",
    "create(",
    "join(",
    "order_by",
];

/// What the frameworks know of a code base.
pub struct Linked<'a> {
    /// Its names.
    pub code: Code<'a>,
    /// Django's models.
    pub django: django::models::Models,
    /// What SQLAlchemy maps.
    pub sqlalchemy: sqlalchemy::models::Models,
    /// Functions that may send what they are given.
    carriers: raw::Carriers,
    /// Functions that the configuration says send it.
    wrappers: Vec<WrapperSettings>,
}

impl<'a> Linked<'a> {
    /// Reads what the classes of a code base declare.
    pub fn new(code: Code<'a>) -> Self {
        let django = || django::models::Models::read(&code);
        let sqlalchemy = || sqlalchemy::models::Models::read(&code);
        let carriers = || raw::Carriers::read(&code);
        let (sqlalchemy, (django, carriers)) = rayon::join(sqlalchemy, || rayon::join(django, carriers));
        Self { code, django, sqlalchemy, carriers, wrappers: Vec::new() }
    }

    /// Takes the calls of some functions for those of a driver.
    #[must_use]
    pub fn with_wrappers(self, wrappers: &[WrapperSettings]) -> Self {
        Self { wrappers: wrappers.to_vec(), ..self }
    }

    /// The schemas that the code declares, the best of each database first, and why some could not be read.
    ///
    /// `dialect` is what the configuration says.
    pub fn schemas(&self, dialect: Option<Dialect>) -> Vec<DeclaredSchema> {
        let sqlalchemy = || sqlalchemy::schema::schemas(&self.code, dialect);
        let django = || django::schemas(&self.code, &self.django, dialect);
        let alembic = || alembic::schemas(&self.code, dialect);
        let (mut schemas, (mut django, mut alembic)) = rayon::join(sqlalchemy, || rayon::join(django, alembic));
        schemas.append(&mut django);
        schemas.append(&mut alembic);
        schemas
    }

    /// The queries of a file, what is not known of them, and what they are sent to make sure of.
    pub fn sites(&self, file: usize, database: DatabaseId, dialect: Dialect, class: PathClass) -> Found {
        let mut evaluator = Evaluator::new(&self.code);
        let events = evaluator.file(file);
        let mut cx = Context { linked: self, evaluator, dialect, file };
        let mut drafts: Vec<Draft> = Vec::new();
        for find in FINDERS {
            drafts.append(&mut find(&mut cx, &events));
        }
        let checks = CHECKERS.iter().flat_map(|check| check(&mut cx, &events)).collect();
        drafts.sort_by_key(|draft| (draft.place.start, draft.place.end));
        let mut found = Found { checks, ..Found::default() };
        for draft in drafts {
            let (site, mut skips) = draft.into_site(&self.code, &events, database, class);
            found.sites.push(site);
            found.skips.append(&mut skips);
        }
        found
    }
}

/// What a file asks.
#[derive(Debug, Default)]
pub struct Found {
    /// Its queries.
    pub sites: Vec<QuerySite>,
    /// What is not known of them.
    pub skips: Vec<Skip>,
    /// Queries that look whether a row is there before one like it is added.
    pub checks: Vec<UniqueCheck>,
}

/// What a framework may ask while it reads one file.
pub struct Context<'x, 'a> {
    /// The code base, with what every framework knows of it.
    pub linked: &'x Linked<'a>,
    /// Values of names and attributes.
    pub evaluator: Evaluator<'x, 'a>,
    /// The dialect of the file's database.
    pub dialect: Dialect,
    /// The file, by position.
    pub file: usize,
}

/// Finds the queries of one framework among what a file's functions do.
type Find = fn(&mut Context<'_, '_>, &[crate::host::flow::Event]) -> Vec<Draft>;

/// The frameworks.
const FINDERS: &[Find] = &[raw::find, sqlalchemy::find, django::query::find];

/// Finds the queries that look whether a row is there before one like it is added.
type Check = fn(&mut Context<'_, '_>, &[crate::host::flow::Event]) -> Vec<UniqueCheck>;

const CHECKERS: &[Check] = &[sqlalchemy::checks, django::checks];

#[cfg(test)]
mod tests;
