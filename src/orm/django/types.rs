//! Column types by database, as Django's backends map them (`django/db/backends/*/base.py`, `data_types`).

use super::models::{FieldKind, IntegerSize};
use crate::dialect::Dialect;

/// The type of a column, and what its values must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnType {
    pub sql: String,
    /// A condition on the column, with `{}` for its name.
    pub check: Option<&'static str>,
    /// Whether the database counts it up.
    pub is_counter: bool,
}

impl ColumnType {
    fn plain(sql: impl Into<String>) -> Option<Self> {
        Some(Self { sql: sql.into(), check: None, is_counter: false })
    }

    /// The type of a column that holds keys of such a column.
    pub(super) fn of_reference(self) -> Self {
        Self { check: None, is_counter: false, ..self }
    }
}

/// The type of a field's column; nothing for a field without one, or whose type depends on another model's.
pub(super) fn of(kind: &FieldKind, dialect: Dialect) -> Option<ColumnType> {
    use FieldKind as F;
    let plain = |sql: &str| ColumnType::plain(sql);
    if dialect != Dialect::Postgres && is_of_postgres(kind) {
        // Where the database has no such type, some package keeps it as text.
        return plain("text");
    }
    let by = |postgres: &str, mysql: &str, sqlite: &str| {
        plain(match dialect {
            Dialect::Postgres => postgres,
            Dialect::Mysql => mysql,
            Dialect::Sqlite => sqlite,
        })
    };
    match kind {
        F::Auto(size) => Some(ColumnType {
            // SQLite counts up `integer` alone.
            sql: if dialect == Dialect::Sqlite { "integer" } else { whole(*size) }.to_owned(),
            check: None,
            is_counter: true,
        }),
        F::Integer(size) => plain(whole(*size)),
        F::PositiveInteger(size) => Some(match dialect {
            Dialect::Postgres => ColumnType { sql: whole(*size).to_owned(), check: Some("{} >= 0"), is_counter: false },
            Dialect::Mysql => ColumnType { sql: format!("{} UNSIGNED", whole(*size)), check: None, is_counter: false },
            Dialect::Sqlite => {
                ColumnType { sql: format!("{} unsigned", whole(*size)), check: Some("{} >= 0"), is_counter: false }
            }
        }),
        F::Boolean => by("boolean", "bool", "bool"),
        F::Char(Some(length)) => ColumnType::plain(format!("varchar({length})")),
        F::Char(None) => plain("varchar"),
        F::Text => by("text", "longtext", "text"),
        F::Date => plain("date"),
        F::DateTime => by("timestamp with time zone", "datetime(6)", "datetime"),
        F::Time => by("time", "time(6)", "time"),
        F::Duration => by("interval", "bigint", "bigint"),
        F::Decimal(digits, places) => match dialect {
            Dialect::Sqlite => plain("decimal"),
            _ if *digits == 0 => plain("numeric"),
            _ => ColumnType::plain(format!("numeric({digits}, {places})")),
        },
        F::Float => by("double precision", "double precision", "real"),
        F::Binary => by("bytea", "longblob", "BLOB"),
        F::Uuid => by("uuid", "char(32)", "char(32)"),
        F::Inet => by("inet", "char(39)", "char(39)"),
        F::Json => by("jsonb", "json", "text"),
        F::Array(item) => ColumnType::plain(format!("{}[]", of(item, dialect)?.sql)),
        F::Range(name) => plain(name),
        F::CaselessText => plain("citext"),
        F::HStore => plain("hstore"),
        F::SearchVector => plain("tsvector"),
        F::Geometry(name) => plain(name),
        F::Generated(inner) => of(inner, dialect),
        F::Custom(name) => plain(name),
        // The column is there; what it keeps nobody can tell.
        F::Unknown => plain("unknown_type"),
        F::ForeignKey
        | F::OneToOne
        | F::ManyToMany
        | F::GenericKey(..)
        | F::GenericRelation(..)
        | F::CompositeKey(_) => None,
    }
}

/// Says whether PostgreSQL alone has a type for a kind.
fn is_of_postgres(kind: &FieldKind) -> bool {
    use FieldKind as F;
    matches!(kind, F::Array(_) | F::Range(_) | F::CaselessText | F::HStore | F::SearchVector)
}

fn whole(size: IntegerSize) -> &'static str {
    match size {
        IntegerSize::Small => "smallint",
        IntegerSize::Normal => "integer",
        IntegerSize::Big => "bigint",
    }
}

/// The operator class of the second index that PostgreSQL gets for `LIKE`, by the column's type
/// (`django/db/backends/postgresql/schema.py`, `_create_like_index_sql`).
pub(super) fn like_operators(sql: &str) -> Option<&'static str> {
    match sql {
        _ if sql.contains('[') => None,
        _ if sql.starts_with("varchar") => Some("varchar_pattern_ops"),
        _ if sql.starts_with("text") => Some("text_pattern_ops"),
        _ => None,
    }
}
