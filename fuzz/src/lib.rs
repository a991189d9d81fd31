//! What the fuzz targets share: an input is a letter for the dialect and a text of DDL and queries.
//!
//! Everything runs on one thread with the stack that `planlint` gives its own workers.

use std::sync::OnceLock;

use planlint::catalog::{Catalog, replay};
use planlint::dialect::Dialect;
use planlint::query::PathClass;
use planlint::schema::ddl;
use planlint::source::{FileId, TreePath};
use planlint::sqlfile::{self, StatementClass};

/// A schema and what is asked of it, all from one text.
pub struct Project {
    /// The schema.
    pub catalog: Catalog,
    /// The queries, their parameters numbered.
    pub queries: Vec<String>,
}

/// Reads an input; none where it is no text, which a file with a zero byte in it is not either.
pub fn project(data: &[u8]) -> Option<Project> {
    let (first, text) = data.split_first()?;
    let dialect = match first {
        b's' => Dialect::Sqlite,
        b'm' => Dialect::Mysql,
        _ => Dialect::Postgres,
    };
    let text = std::str::from_utf8(text).ok().filter(|text| !text.contains('\0'))?;
    let facts = sqlfile::facts(FileId(0), &TreePath::new("a.sql"), text);
    let schema = facts.statements.iter().filter(|statement| statement.class == StatementClass::Schema);
    let steps: Vec<_> =
        schema.flat_map(|statement| ddl::steps(&statement.text, statement.place, dialect).0).collect();
    let (catalog, _) = replay(dialect, &steps);
    let (sites, _) = sqlfile::sites(&facts, planlint::query::DatabaseId(0), PathClass::App);
    let queries = sites.into_iter().flat_map(|site| site.variants).map(|variant| variant.sql.to_string()).collect();
    Some(Project { catalog, queries })
}

/// Runs a target's body as a worker of `planlint` would.
pub fn on_a_worker<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    static WORKER: OnceLock<rayon::ThreadPool> = OnceLock::new();
    let start = || rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(64 << 20).build();
    WORKER.get_or_init(|| start().expect("a thread can be started")).install(body)
}
