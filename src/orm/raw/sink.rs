//! The calls that send SQL text, by their names: drivers, SQLAlchemy's `text`, Django's `raw`, pandas.
//!
//! A name alone decides nothing: what stands at its SQL argument must begin like SQL, which is seen later.

use super::named;
use crate::config::WrapperSettings;
use crate::host::code::Code;
use crate::host::value::{Call, Kind, Node, Value};
use crate::query::Takes;

/// A call that may send SQL text.
pub(super) struct Sink<'v> {
    /// What stands for the text.
    pub text: &'v Value,
    /// The front end: whose habit the name is.
    pub source: &'static str,
    /// How many rows it gives.
    pub takes: Takes,
}

/// A name that sends SQL.
struct Known {
    name: &'static str,
    source: &'static str,
    /// The position of the SQL argument in a function of a module.
    position: usize,
    takes: Takes,
}

const fn known(name: &'static str, source: &'static str) -> Known {
    Known { name, source, position: 0, takes: Takes::All }
}

const fn one(name: &'static str, source: &'static str) -> Known {
    Known { name, source, position: 0, takes: Takes::One }
}

/// A function whose first argument is the cursor; as a method of one it has none.
const fn second(name: &'static str, source: &'static str) -> Known {
    Known { name, source, position: 1, takes: Takes::All }
}

/// The names, each with the drivers that have it.
const KNOWN: &[Known] = &[
    known("execute", "dbapi"),
    known("executemany", "dbapi"),
    known("executescript", "sqlite3"),
    known("execute_fetchall", "sqlite3"),
    one("execute_insert", "sqlite3"),
    second("execute_values", "psycopg"),
    second("execute_batch", "psycopg"),
    known("copy_from_query", "asyncpg"),
    known("fetch", "asyncpg"),
    known("fetchmany", "asyncpg"),
    one("fetchrow", "asyncpg"),
    one("fetchval", "asyncpg"),
    known("cursor", "asyncpg"),
    known("prepare", "asyncpg"),
    known("execute_many", "databases"),
    known("fetch_all", "databases"),
    one("fetch_one", "databases"),
    one("fetch_val", "databases"),
    known("iterate", "databases"),
    known("exec_driver_sql", "sqlalchemy"),
    known("raw", "django"),
    known("execute_sql", "peewee"),
    known("read_sql", "pandas"),
    known("read_sql_query", "pandas"),
];

/// The names of the SQL argument, where it is named.
const NAMED: &[&str] = &["query", "sql", "statement", "operation", "command", "raw_query", "sql_script"];

/// Methods that take the first row of what another call gave.
const TAKES_ONE: &[&str] = &["fetchone", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"];

/// The functions that send SQL text: those of drivers, and those that the configuration names.
#[derive(Clone, Copy)]
pub(super) struct Sinks<'x, 'a> {
    /// The code base.
    pub code: &'x Code<'a>,
    /// What the configuration names.
    pub wrappers: &'x [WrapperSettings],
}

impl Sinks<'_, '_> {
    /// The text that a call sends, if it is one of those that do.
    pub(super) fn of<'v>(&self, node: &'v Node) -> Option<Sink<'v>> {
        let call = node.call()?;
        if let Some(text) = named::text(self.code, self.wrappers, call) {
            return Some(Sink { text, source: "sql", takes: Takes::All });
        }
        let name = name_of(self.code, &call.callee)?;
        let known = KNOWN.iter().find(|known| known.name == name)?;
        let position = if call.callee.external().is_some() { known.position } else { 0 };
        Some(Sink { text: argument(call, position)?, source: known.source, takes: known.takes })
    }
}

/// Whether calls of a name may send SQL text.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| known.name == name)
}

fn argument(call: &Call, position: usize) -> Option<&Value> {
    let is_spread = |value: &&Value| matches!(value.kind, Kind::Spread(_));
    let given = call
        .positional
        .get(position)
        .filter(|_| !call.positional.iter().take(position + 1).any(|value| is_spread(&value)));
    given.or_else(|| NAMED.iter().find_map(|name| call.named(name)))
}

/// Whether a call takes the first row of what `of` gave.
pub(super) fn takes_one<'v>(code: &'v Code<'_>, node: &'v Node) -> Option<&'v Value> {
    let callee = &node.call()?.callee;
    let of = called_on(callee)?;
    TAKES_ONE.contains(&name_of(code, callee)?).then_some(of)
}

/// What a method is called on.
pub(super) fn called_on(callee: &Node) -> Option<&Value> {
    match &callee.kind {
        Kind::Attribute { of, .. } => Some(of),
        Kind::Function(_, of) => of.as_ref(),
        _ => None,
    }
}

/// Whether a call makes a statement of SQLAlchemy from a text; its argument.
pub(super) fn textual(node: &Node) -> Option<&Value> {
    let call = node.call()?;
    let name = match &call.callee.kind {
        Kind::External(path) => path.strip_suffix(".text").filter(|from| is_sqlalchemy(from)),
        // Flask-SQLAlchemy's `db.text`.
        Kind::Attribute { of, name, .. } if &**name == "text" && matches!(of.kind, Kind::Call(_)) => Some(&**name),
        _ => None,
    };
    name.and(call.argument(0, "text"))
}

fn is_sqlalchemy(module: &str) -> bool {
    module.starts_with("sqlalchemy")
        || module.starts_with("sqlmodel")
        || module == "db"
        || module.ends_with(".db")
        || module == "sa"
}

/// The last name of what is called.
pub(super) fn name_of<'v>(code: &'v Code<'_>, callee: &'v Node) -> Option<&'v str> {
    match &callee.kind {
        Kind::Attribute { name, .. } => Some(name),
        // What Alembic sends belongs to the migration that says it.
        Kind::External(path) if &**path == "alembic.op.execute" => None,
        Kind::External(path) => path.rsplit('.').next(),
        // A class of the code base around a driver's cursor.
        Kind::Function(id, Some(_)) => Some(&code.function(*id).function.name),
        _ => None,
    }
}
