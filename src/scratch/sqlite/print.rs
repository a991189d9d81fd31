//! Prints tables and indexes of the catalogue as the DDL of a scratch database.
//!
//! Three things are never printed: a key that the target does not have (a rowid alias for a PostgreSQL key), an index
//! that would serve more on SQLite than on the target, and an expression that the two read differently.

use crate::catalog::{Backing, Column, Index, IndexDef, IndexId, IndexKey, Method, Table};
use crate::dialect::Dialect;
use crate::engine::Refusal;
use crate::explain::sqlite::index_name;
use crate::expr::Expr;
use crate::name::Ident;
use crate::sql::lower::engine_table_name;
use crate::stats::{IndexStats, TableStats};

use super::seed;

/// A table as it is created on a scratch database.
pub(super) struct PrintedTable {
    /// `CREATE TABLE …;`
    pub(super) ddl: String,
    /// Its name in SQL string quotes, for `sqlite_stat1`.
    pub(super) literal: String,
    /// Its rows, for `sqlite_stat1`; none where nothing is known.
    pub(super) rows: Option<u64>,
    /// The columns of its own key: of a WITHOUT ROWID table, or the one that is the rowid.
    pub(super) own_key: Vec<Ident>,
    /// The catalogue's indexes on it, in order of number.
    pub(super) indexes: Vec<IndexId>,
}

/// An index as it is created on a scratch database.
pub(super) struct PrintedIndex {
    pub(super) id: IndexId,
    pub(super) def: IndexDef,
    /// `CREATE INDEX …;`
    pub(super) ddl: String,
    /// Its `sqlite_stat1.stat`; none where nothing is known.
    pub(super) stat: Option<String>,
}

impl PrintedTable {
    /// Says whether the table itself is what the catalogue lists as this index.
    pub(super) fn is_own_key(&self, index: &Index) -> bool {
        index.backs == Some(Backing::PrimaryKey)
            && index.def.keys.len() == self.own_key.len()
            && index.def.key_columns().eq(self.own_key.iter())
    }
}

impl PrintedIndex {
    /// Says whether SQLite may refuse it: expressions may call what it does not know.
    pub(super) fn is_doubtful(&self) -> bool {
        self.def.predicate.is_some() || self.def.keys.iter().any(|key| key.expr.as_column().is_none())
    }
}

/// Quotes a name for SQLite, always.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string for SQLite.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Prints a table without its indexes.
pub(super) fn table(table: &Table, stats: Option<&TableStats>, dialect: Dialect) -> PrintedTable {
    // No other database has a key that is the row's number.
    let rowid = table.rowid().filter(|_| dialect == Dialect::Sqlite);
    let keyed = dialect == Dialect::Sqlite && table.without_rowid && !table.primary_key.is_empty();
    let mut parts: Vec<String> = table.columns.iter().map(|column| column_ddl(column, rowid, dialect)).collect();
    if parts.is_empty() {
        // A table of which no column is known; SQLite wants one.
        parts.push("\"?\"".to_owned());
    }
    if keyed {
        let columns: Vec<String> = table.primary_key.iter().map(|column| quote(column.as_str())).collect();
        parts.push(format!("PRIMARY KEY ({})", columns.join(", ")));
    }
    let name = engine_table_name(&table.name);
    let options = if keyed { " WITHOUT ROWID" } else { "" };
    let own_key = match rowid {
        Some(column) => vec![column.clone()],
        None if keyed => table.primary_key.clone(),
        None => Vec::new(),
    };
    PrintedTable {
        ddl: format!("CREATE TABLE {} ({}){options};", quote(&name), parts.join(", ")),
        literal: literal(&name),
        rows: stats.map(|stats| seed::whole(stats.rows)),
        own_key,
        indexes: Vec::new(),
    }
}

fn column_ddl(column: &Column, rowid: Option<&Ident>, dialect: Dialect) -> String {
    let mut ddl = quote(column.name.as_str());
    if rowid == Some(&column.name) {
        ddl.push_str(" INTEGER PRIMARY KEY");
        return ddl;
    }
    // On a stand-in no column has an affinity: where the target compares two columns by an index, no conversion that
    // only SQLite makes may keep the plan from it.
    if dialect == Dialect::Sqlite {
        if let Some(ty) = type_ddl(&column.ty.declared) {
            ddl.push(' ');
            ddl.push_str(&ty);
        }
        if let Some(collation) = column.collation.as_deref().filter(|name| is_builtin_collation(name)) {
            ddl.push_str(" COLLATE ");
            ddl.push_str(collation);
        }
    }
    if column.not_null {
        ddl.push_str(" NOT NULL");
    }
    ddl
}

/// A declared type as SQLite takes any: its words in quotes, since some are keywords there, then its lengths.
///
/// Words tell the affinity, and the length how wide a row is taken to be.
fn type_ddl(declared: &str) -> Option<String> {
    let (words, lengths) = match declared.split_once('(') {
        Some((words, rest)) => (words, rest.split(')').next().unwrap_or("")),
        None => (declared, ""),
    };
    let words: Vec<String> = words.split_whitespace().map(quote).collect();
    let is_number = |length: &&str| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let lengths: Vec<&str> = lengths.split(',').map(str::trim).filter(is_number).take(2).collect();
    let lengths = if lengths.is_empty() { String::new() } else { format!("({})", lengths.join(", ")) };
    (!words.is_empty()).then(|| words.join(" ") + &lengths)
}

fn is_builtin_collation(name: &str) -> bool {
    ["binary", "nocase", "rtrim"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Prints an index, or says why a scratch database cannot hold it; `known` is what production noted of it.
pub(super) fn index(
    id: IndexId,
    def: &IndexDef,
    stats: Option<&TableStats>,
    known: Option<&IndexStats>,
    dialect: Dialect,
) -> Result<PrintedIndex, Refusal> {
    if let Method::Other(method) = &def.method {
        return Err(Refusal(format!("sqlite has no `{method}` indexes")));
    }
    let keys = def.keys.iter().map(|key| key_ddl(key, dialect)).collect::<Result<Vec<_>, _>>()?;
    let predicate = match &def.predicate {
        Some(predicate) => format!(" WHERE {}", expression(predicate)?),
        None => String::new(),
    };
    let unique = if def.unique { "UNIQUE " } else { "" };
    let (name, table) = (index_name(id), quote(&engine_table_name(&def.table)));
    // INCLUDE columns cannot be carried: that a plan touches no row of the table is then understated, never overstated.
    let ddl = format!("CREATE {unique}INDEX {name} ON {table} ({}){predicate};", keys.join(", "));
    Ok(PrintedIndex { id, def: def.clone(), ddl, stat: stats.map(|stats| seed::stat(def, stats, known)) })
}

fn key_ddl(key: &IndexKey, dialect: Dialect) -> Result<String, Refusal> {
    // A class other than the default one compares differently, or serves other operators.
    if let Some(opclass) = &key.opclass {
        return Err(Refusal(format!("sqlite has no operator class `{opclass}`")));
    }
    if key.nulls_first != dialect.nulls_first_by_default(key.desc) {
        return Err(Refusal("sqlite cannot choose where an index holds NULLs".to_owned()));
    }
    if key.prefix.is_some() {
        return Err(Refusal("sqlite has no prefix keys".to_owned()));
    }
    let mut ddl = match key.expr.as_column() {
        Some(column) => quote(column.as_str()),
        None => format!("({})", expression(&key.expr)?),
    };
    if let Some(collation) = &key.collation {
        if dialect != Dialect::Sqlite || !is_builtin_collation(collation) {
            return Err(Refusal(format!("the scratch engine has no collation `{collation}`")));
        }
        ddl.push_str(" COLLATE ");
        ddl.push_str(collation);
    }
    if key.desc {
        ddl.push_str(" DESC");
    }
    Ok(ddl)
}

fn expression(expr: &Expr) -> Result<String, Refusal> {
    let sql = expr.to_sql(Dialect::Sqlite);
    if has_run_time_value(expr) {
        return Err(Refusal(format!("`{sql}` is not a fixed expression")));
    }
    Ok(sql)
}

fn has_run_time_value(expr: &Expr) -> bool {
    match expr {
        Expr::Param | Expr::Outer => true,
        Expr::Column(_) | Expr::Literal(_) | Expr::Opaque { .. } => false,
        Expr::Call { args: parts, .. } | Expr::Op { operands: parts, .. } => parts.iter().any(has_run_time_value),
        Expr::Cast { operand, .. } => has_run_time_value(operand),
    }
}
