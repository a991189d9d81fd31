//! The statements that SQLAlchemy and Alembic send for indexes.

use crate::dialect::Dialect;
use crate::host::value::{Call, Kind, Value};
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

use super::column::{self, Column};
use super::ddl::{Script, Sheet};
use super::names::{each, entry, first_way, positional};
use super::naming::Named;

/// An index as a call declares it.
pub(in crate::orm) struct Declared<'v> {
    /// Its name, where it is given.
    pub name: Option<String>,
    /// What it is over.
    pub keys: Vec<&'v Value>,
    /// The call, for its options.
    pub call: &'v Call,
    /// Where.
    pub place: HostSpan,
}

impl Script {
    /// Creates the index that a column asks for.
    pub(super) fn column_index(&mut self, sheet: &Sheet<'_>, column: &Column) {
        let own = [column.name.clone()];
        let named = Named { table: sheet.name, columns: &own, referred: None, given: None };
        let name = self.quote(&sheet.naming.index(&named).into());
        let unique = if column.is_unique { "UNIQUE " } else { "" };
        let using = match column.kind.as_ref().map(|kind| kind.name.as_str()) {
            // GeoAlchemy indexes with what its types can.
            Some("Geometry" | "Geography") if self.dialect == Dialect::Postgres => " USING gist",
            _ => "",
        };
        let table = self.table(sheet.name);
        let text = format!("CREATE {unique}INDEX {name} ON {table}{using} ({})", self.quote(&column.name));
        self.push(Sql::text(text, column.place), column.place);
    }

    /// Creates the index of an `Index(…)` among a table's arguments.
    pub(super) fn declared_index(&mut self, sheet: &Sheet<'_>, value: &Value) {
        let value = first_way(value);
        let Some(call) = value.call() else { return };
        let mut keys: Vec<&Value> = positional(call).map(first_way).collect();
        let name = match keys.first().map(|first| &first.kind) {
            Some(Kind::Null) => None,
            _ => keys.first().and_then(|first| column::name_of(first)).or_else(|| call.named("name")?.text()),
        };
        if call.named("name").is_none() && !keys.is_empty() {
            keys.remove(0);
        }
        self.create_index(sheet, &Declared { name, keys, call, place: value.place });
    }

    /// Creates an index.
    pub(in crate::orm) fn create_index(&mut self, sheet: &Sheet<'_>, declared: &Declared<'_>) {
        match self.index(sheet, declared) {
            Some(text) => self.push(text, declared.place),
            None => {
                let name = declared.name.as_deref().unwrap_or("");
                let detail = format!("index `{name}` of `{}` cannot be told", sheet.name);
                self.skip("dynamic-index", detail, declared.place);
            }
        }
    }

    fn index(&self, sheet: &Sheet<'_>, declared: &Declared<'_>) -> Option<Sql> {
        let (call, place) = (declared.call, declared.place);
        let columns: Vec<Ident> = declared.keys.iter().filter_map(|key| (sheet.scope.column)(key)).collect();
        let named = Named { table: sheet.name, columns: &columns, referred: None, given: None };
        let name = declared.name.clone().unwrap_or_else(|| sheet.naming.index(&named));
        let keys: Option<Vec<Sql>> = declared.keys.iter().map(|key| self.key(sheet, key, call)).collect();
        let keys = keys.filter(|keys| !keys.is_empty())?;
        let unique = if call.says("unique") || is_second_true(call) { "UNIQUE " } else { "" };
        let concurrently = match self.dialect == Dialect::Postgres && call.says("postgresql_concurrently") {
            true => "CONCURRENTLY ",
            false => "",
        };
        let guard = if call.says("if_not_exists") { "IF NOT EXISTS " } else { "" };
        let using = self.option(call, "using").and_then(|using| using.text());
        let using = using.map(|using| format!(" USING {using}")).filter(|_| self.dialect == Dialect::Postgres);
        let head = format!(
            "CREATE {unique}INDEX {concurrently}{guard}{} ON {}{} (",
            self.quote(&name.into()),
            self.table(sheet.name),
            using.unwrap_or_default()
        );
        let mut text = Sql::join(keys, ", ", place).within(&head, ")", place);
        if let Some(include) = self.option(call, "include") {
            let included: Option<Vec<Ident>> =
                each(include).into_iter().map(|value| (sheet.scope.column)(first_way(value))).collect();
            let included: Vec<String> = included?.iter().map(|column| self.quote(column)).collect();
            text = text.and(Sql::text(format!(" INCLUDE ({})", included.join(", ")), include.place));
        }
        if self.option(call, "nulls_not_distinct").and_then(|value| value.bool()) == Some(true) {
            text = text.and(Sql::text(" NULLS NOT DISTINCT", place));
        }
        if let Some(condition) = self.option(call, "where").filter(|value| !value.is_null()) {
            text = text.and(sheet.scope.condition(condition)?.within(" WHERE ", "", place));
        }
        Some(text)
    }

    /// An option that counts for the dialect.
    fn option<'v>(&self, call: &'v Call, name: &str) -> Option<&'v Value> {
        let dialect = match self.dialect {
            Dialect::Postgres => "postgresql",
            Dialect::Sqlite => "sqlite",
            Dialect::Mysql => "mysql",
        };
        call.named(&format!("{dialect}_{name}")).map(first_way)
    }

    /// A key with its operator class and its direction.
    fn key(&self, sheet: &Sheet<'_>, value: &Value, call: &Call) -> Option<Sql> {
        let (key, label, order) = sheet.scope.key(value)?;
        let class = self.option(call, "ops").and_then(|ops| entry(ops, &label?)).and_then(|class| class.text());
        let key = match class {
            Some(class) => key.and(Sql::text(format!(" {class}"), value.place)),
            None => key,
        };
        Some(match order {
            Some(order) => key.and(order),
            None => key,
        })
    }
}

/// Alembic's `create_index(name, table, columns, schema, unique)` gives `unique` by name only; old code in order.
fn is_second_true(call: &Call) -> bool {
    call.positional.get(4).and_then(|value| value.bool()) == Some(true)
}
