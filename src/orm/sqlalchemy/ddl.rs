//! The statements that SQLAlchemy and Alembic send for tables, columns and constraints.

use std::collections::BTreeSet;

use crate::dialect::Dialect;
use crate::host::value::{Call, Kind, Value};
use crate::name::{Ident, QName};
use crate::orm::declared::Declaration;
use crate::orm::sql::Sql;
use crate::query::{Skip, SkipStage};
use crate::source::HostSpan;

use super::column::{self, Check, Column, Reference, Referred};
use super::expression::Scope;
use super::names::{called, each, first_way, positional};
use super::naming::{Named, Naming};
use super::types::{Type, quoted};

/// The statements of a schema in the making.
pub(in crate::orm) struct Script {
    /// The dialect that they are written in.
    pub dialect: Dialect,
    /// The statements.
    pub statements: Vec<Declaration>,
    /// Tables of which not everything could be told.
    pub partial: Vec<QName>,
    /// What could not be told.
    pub skips: Vec<Skip>,
    /// The enumeration types that are made already.
    types: BTreeSet<String>,
}

/// The table that statements are about.
pub(in crate::orm) struct Sheet<'s> {
    /// Its name.
    pub name: &'s QName,
    /// What declares it.
    pub place: HostSpan,
    /// What expressions may name.
    pub scope: Scope<'s>,
    /// The column that a reference means.
    pub referred: &'s dyn Fn(&Referred) -> Option<(QName, Ident)>,
    /// How things without a name are called.
    pub naming: &'s Naming,
}

/// An element of a table that is no column.
struct Element {
    text: Sql,
}

impl Script {
    /// A script without statements.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, statements: Vec::new(), partial: Vec::new(), skips: Vec::new(), types: BTreeSet::new() }
    }

    /// Adds a statement.
    pub fn push(&mut self, text: Sql, place: HostSpan) {
        self.statements.push(Declaration { text: text.finish(), place });
    }

    /// Says that something could not be told.
    pub fn skip(&mut self, reason: &'static str, detail: impl Into<String>, place: HostSpan) {
        self.skips.push(Skip { stage: SkipStage::Schema, reason, detail: detail.into(), place });
    }

    /// Says that columns of a table could not be told.
    pub fn skip_column(&mut self, table: &QName, place: HostSpan) {
        self.skip("dynamic-column", format!("columns of `{table}` cannot be told"), place);
        self.partial.push(table.clone());
    }

    /// Spells a name.
    pub fn quote(&self, name: &Ident) -> String {
        self.dialect.quote(name).into_owned()
    }

    /// Spells a table's name.
    pub fn table(&self, name: &QName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&name.name)),
            None => self.quote(&name.name),
        }
    }

    fn columns(&self, columns: &[Ident]) -> String {
        columns.iter().map(|column| self.quote(column)).collect::<Vec<_>>().join(", ")
    }

    /// Creates a table with its constraints, and the indexes behind it.
    pub fn create_table(&mut self, sheet: &Sheet<'_>, columns: &[&Column], arguments: &[&Value]) {
        self.create_table_guarded(sheet, columns, arguments, "");
    }

    /// As [`Script::create_table`], with `IF NOT EXISTS`.
    pub fn create_table_guarded(&mut self, sheet: &Sheet<'_>, columns: &[&Column], arguments: &[&Value], guard: &str) {
        for column in columns {
            self.create_type(column.kind.as_ref(), column.place);
        }
        let mut elements: Vec<Sql> = Vec::new();
        let keys: Vec<&&Column> = columns.iter().filter(|column| column.is_primary).collect();
        let own_key = arguments.iter().find(|value| is_called(value, "PrimaryKeyConstraint"));
        let own_key = own_key.and_then(|value| only_key(sheet, value));
        for column in columns {
            let is_only = (keys.len() == 1 && column.is_primary) || own_key.as_ref() == Some(&column.name);
            elements.push(self.column(column, is_only));
        }
        let has_own_key = arguments.iter().any(|value| is_called(value, "PrimaryKeyConstraint"));
        if !keys.is_empty() && !has_own_key {
            let names: Vec<Ident> = keys.iter().map(|column| column.name.clone()).collect();
            let named = Named { table: sheet.name, columns: &names, referred: None, given: None };
            let name = self.constraint_name(sheet.naming.constraint("pk", &named));
            let text = format!("{name}PRIMARY KEY ({})", self.columns(&names));
            elements.push(Sql::text(text, keys[0].place));
        }
        for column in columns {
            elements.extend(self.of_column(sheet, column).into_iter().map(|element| element.text));
        }
        for value in arguments {
            elements.extend(self.constraint(sheet, value).map(|element| element.text));
        }
        let head = format!("CREATE TABLE {guard}{} (\n    ", self.table(sheet.name));
        let text = Sql::join(elements, ",\n    ", sheet.place).within(&head, "\n)", sheet.place);
        self.push(text, sheet.place);
        for column in columns.iter().filter(|column| column.is_indexed) {
            self.column_index(sheet, column);
        }
        for value in arguments.iter().filter(|value| is_called(value, "Index")) {
            self.declared_index(sheet, value);
        }
    }

    /// Adds a column to a table, with what stands with it.
    pub fn add_column(&mut self, sheet: &Sheet<'_>, column: &Column, if_not_exists: &str) {
        self.create_type(column.kind.as_ref(), column.place);
        let head = format!("ALTER TABLE {} ADD COLUMN {if_not_exists}", self.table(sheet.name));
        let mut own = column.clone();
        own.is_primary = false;
        let definition = self.column(&own, false);
        let is_not_null = column.is_primary && self.dialect != Dialect::Sqlite;
        let definition =
            if is_not_null && column.nullable != Some(false) { definition.then(" NOT NULL") } else { definition };
        self.push(definition.within(&head, "", column.place), column.place);
        for element in self.of_column(sheet, column) {
            self.add_element(sheet, element.text, column.place);
        }
        if column.is_indexed {
            self.column_index(sheet, column);
        }
    }

    /// Adds a constraint to a table.
    pub fn add_constraint(&mut self, sheet: &Sheet<'_>, value: &Value) {
        match self.constraint(sheet, value) {
            Some(element) => self.add_element(sheet, element.text, value.place),
            None if is_called(value, "Index") => self.declared_index(sheet, value),
            None => {}
        }
    }

    fn add_element(&mut self, sheet: &Sheet<'_>, element: Sql, place: HostSpan) {
        let head = format!("ALTER TABLE {} ADD ", self.table(sheet.name));
        self.push(element.within(&head, "", place), place);
    }

    /// Adds a foreign key to a table: its columns, the table and the columns that it refers to, its name and its action.
    pub fn add_foreign_key(
        &mut self,
        sheet: &Sheet<'_>,
        key: (&[Ident], &QName, &[Ident]),
        (name, on_delete): (Option<&str>, Option<&str>),
        place: HostSpan,
    ) {
        let text = self.foreign_key(sheet, key, name, on_delete);
        self.add_element(sheet, Sql::text(text, place), place);
    }

    /// Adds an exclusion constraint to a table.
    pub fn add_exclusion(
        &mut self,
        sheet: &Sheet<'_>,
        name: Option<String>,
        elements: &[&Value],
        call: &Call,
        place: HostSpan,
    ) {
        match self.exclusion(sheet, name, elements, call, place) {
            Some(element) => self.add_element(sheet, element.text, place),
            None => self.skip("dynamic-constraint", format!("an exclusion of `{}` cannot be told", sheet.name), place),
        }
    }

    /// Creates the database's type of an enumeration, once.
    pub fn create_type(&mut self, kind: Option<&Type>, place: HostSpan) {
        let Some(kind) = kind else { return };
        let kind = kind.of_dialect(self.dialect);
        let kind = kind.items.as_ref().map_or(kind, |(items, _)| items.of_dialect(self.dialect));
        let Some(members) = kind.members.as_ref().filter(|members| members.is_native && !members.is_elsewhere) else {
            return;
        };
        let is_told = members.name.is_some() && !members.values.is_empty() && self.dialect == Dialect::Postgres;
        let name = kind.sql(self.dialect);
        if !is_told || !self.types.insert(name.to_lowercase()) {
            return;
        }
        let values: Vec<String> = members.values.iter().map(|value| quoted(value)).collect();
        self.push(Sql::text(format!("CREATE TYPE {name} AS ENUM ({})", values.join(", ")), place), place);
    }

    /// Creates the database's type of an enumeration, which the code asks for.
    pub fn make_type(&mut self, kind: &Type, place: HostSpan) {
        let mut kind = kind.clone();
        if let Some(members) = kind.members.as_mut() {
            members.is_elsewhere = false;
        }
        self.create_type(Some(&kind), place);
    }

    /// Drops the database's type of an enumeration, so that another may be made of the name.
    pub fn drop_type(&mut self, kind: &Type, place: HostSpan) {
        let name = kind.sql(self.dialect);
        if self.dialect == Dialect::Postgres && kind.members.is_some() {
            self.types.remove(&name.to_lowercase());
            self.push(Sql::text(format!("DROP TYPE IF EXISTS {name}"), place), place);
        }
    }

    /// Takes note of a statement that makes or drops a type.
    pub fn note_type(&mut self, sql: &str) {
        let mut words = sql.split_ascii_whitespace().map(str::to_ascii_lowercase);
        let verb = words.next().unwrap_or_default();
        if words.next().as_deref() != Some("type") {
            return;
        }
        let is_guard = |word: &String| matches!(word.as_str(), "if" | "not" | "exists");
        let Some(name) = words.find(|word| !is_guard(word)) else { return };
        let name = name.trim_matches([';', '"']).to_owned();
        match verb.as_str() {
            "create" => drop(self.types.insert(name)),
            "drop" => drop(self.types.remove(&name)),
            "alter" => {
                if let (Some("rename"), Some("to"), Some(new)) =
                    (words.next().as_deref(), words.next().as_deref(), words.next())
                {
                    self.types.remove(&name);
                    self.types.insert(new.trim_matches([';', '"']).to_owned());
                }
            }
            _ => {}
        }
    }

    /// A column's definition.
    fn column(&self, column: &Column, is_only_key: bool) -> Sql {
        let place = column.place;
        let kind = column.kind.as_ref().map_or_else(|| "TEXT".to_owned(), |kind| kind.sql(self.dialect));
        let counts = is_only_key
            && column.counts != Some(false)
            && column.references.is_empty()
            && column.default.is_none()
            && matches!(kind.as_str(), "INTEGER" | "BIGINT" | "SMALLINT");
        let serial = match kind.as_str() {
            "BIGINT" => "BIGSERIAL",
            "SMALLINT" => "SMALLSERIAL",
            _ => "SERIAL",
        };
        let kind = match self.dialect {
            Dialect::Postgres if counts && !column.is_identity => serial,
            _ => kind.as_str(),
        };
        let mut sql = Sql::text(format!("{} {kind}", self.quote(&column.name)), place);
        if column.is_identity && self.dialect == Dialect::Postgres {
            sql = sql.then(" GENERATED BY DEFAULT AS IDENTITY");
        }
        if let Some(default) = &column.default {
            sql = sql.then(" DEFAULT ").and(default.clone());
        }
        if let Some((expression, is_stored)) = &column.computed {
            let end = if *is_stored { ") STORED" } else { ") VIRTUAL" };
            sql = sql.and(expression.clone().within(" GENERATED ALWAYS AS (", end, place));
        }
        if column.is_not_null() {
            sql = sql.and(Sql::text(" NOT NULL", place));
        }
        if counts && self.dialect == Dialect::Mysql {
            sql = sql.then(" AUTO_INCREMENT");
        }
        sql
    }

    /// The constraints that a column says of itself.
    fn of_column(&mut self, sheet: &Sheet<'_>, column: &Column) -> Vec<Element> {
        let mut elements = Vec::new();
        let own = [column.name.clone()];
        if column.is_unique && !column.is_indexed {
            let named = Named { table: sheet.name, columns: &own, referred: None, given: None };
            let name = self.constraint_name(sheet.naming.constraint("uq", &named));
            let text = format!("{name}UNIQUE ({})", self.quote(&column.name));
            elements.push(Element { text: Sql::text(text, column.place) });
        }
        for reference in &column.references {
            elements.extend(self.reference(sheet, column, reference));
        }
        for check in &column.checks {
            elements.push(self.check(sheet, check));
        }
        elements
    }

    fn reference(&mut self, sheet: &Sheet<'_>, column: &Column, reference: &Reference) -> Option<Element> {
        let Some((table, referred)) = (sheet.referred)(&reference.to) else {
            let detail = format!("what `{}.{}` refers to cannot be told", sheet.name, column.name);
            self.skip("unknown-reference", detail, reference.place);
            return None;
        };
        let name = reference.name.as_deref();
        let on_delete = reference.on_delete.as_deref();
        let (own, far) = ([column.name.clone()], [referred]);
        let text = self.foreign_key(sheet, (&own, &table, &far), name, on_delete);
        Some(Element { text: Sql::text(text, column.place) })
    }

    fn foreign_key(
        &self,
        sheet: &Sheet<'_>,
        (own, table, far): (&[Ident], &QName, &[Ident]),
        given: Option<&str>,
        on_delete: Option<&str>,
    ) -> String {
        let named = Named { table: sheet.name, columns: own, referred: Some((table, far)), given };
        let name = self.constraint_name(sheet.naming.constraint("fk", &named));
        let (own, far) = (self.columns(own), self.columns(far));
        let on_delete = on_delete.map(|action| format!(" ON DELETE {}", action.to_uppercase())).unwrap_or_default();
        format!("{name}FOREIGN KEY({own}) REFERENCES {} ({far}){on_delete}", self.table(table))
    }

    fn check(&self, sheet: &Sheet<'_>, check: &Check) -> Element {
        let named = Named { table: sheet.name, columns: &[], referred: None, given: check.name.as_deref() };
        let name = self.constraint_name(sheet.naming.constraint("ck", &named));
        Element { text: check.condition.clone().within(&format!("{name}CHECK ("), ")", check.place) }
    }

    fn constraint_name(&self, name: Option<String>) -> String {
        name.map(|name| format!("CONSTRAINT {} ", self.quote(&name.as_str().into()))).unwrap_or_default()
    }

    /// A constraint as an element of its table; nothing for an index, or where it cannot be told.
    fn constraint(&mut self, sheet: &Sheet<'_>, value: &Value) -> Option<Element> {
        let value = first_way(value);
        let (kind, call) = called(value)?;
        let found = match kind {
            "UniqueConstraint" | "PrimaryKeyConstraint" => self.key_constraint(sheet, kind, call, value.place),
            "ForeignKeyConstraint" => self.foreign_constraint(sheet, call, value.place),
            "CheckConstraint" => match column::check(value) {
                Some(check) => Some(self.check(sheet, &check)),
                None => self.written_check(sheet, call, value.place),
            },
            "ExcludeConstraint" => {
                let elements: Vec<&Value> = positional(call).collect();
                let name = call.named("name").and_then(column::name_of);
                self.exclusion(sheet, name, &elements, call, value.place)
            }
            _ => return None,
        };
        if found.is_none() {
            self.skip("dynamic-constraint", format!("{kind} of `{}` cannot be told", sheet.name), value.place);
        }
        found
    }

    /// A check that is an expression over columns.
    fn written_check(&self, sheet: &Sheet<'_>, call: &Call, place: HostSpan) -> Option<Element> {
        let condition = sheet.scope.read(call.argument(0, "sqltext")?)?;
        let name = call.named("name").and_then(column::name_of);
        Some(self.check(sheet, &Check { name, condition, place }))
    }

    fn key_constraint(&self, sheet: &Sheet<'_>, kind: &str, call: &Call, place: HostSpan) -> Option<Element> {
        let columns: Option<Vec<Ident>> =
            positional(call).map(|value| (sheet.scope.column)(first_way(value))).collect();
        let columns = columns.filter(|columns| !columns.is_empty())?;
        let given = call.named("name").and_then(column::name_of);
        let named = Named { table: sheet.name, columns: &columns, referred: None, given: given.as_deref() };
        let (word, short) = if kind == "UniqueConstraint" { ("UNIQUE", "uq") } else { ("PRIMARY KEY", "pk") };
        let word = match call.says("postgresql_nulls_not_distinct") && self.dialect == Dialect::Postgres {
            true => format!("{word} NULLS NOT DISTINCT"),
            false => word.to_owned(),
        };
        let name = self.constraint_name(sheet.naming.constraint(short, &named));
        Some(Element { text: Sql::text(format!("{name}{word} ({})", self.columns(&columns)), place) })
    }

    fn foreign_constraint(&self, sheet: &Sheet<'_>, call: &Call, place: HostSpan) -> Option<Element> {
        let own = call.argument(0, "columns")?;
        let own: Option<Vec<Ident>> =
            each(own).into_iter().map(|value| (sheet.scope.column)(first_way(value))).collect();
        let mut table = None;
        let mut far = Vec::new();
        for value in each(call.argument(1, "refcolumns")?) {
            let (of, column) = (sheet.referred)(&column::referred(value)?)?;
            table = Some(of);
            far.push(column);
        }
        let text = |name: &str| call.named(name).and_then(|value| value.text());
        let name = call.named("name").and_then(column::name_of).or_else(|| call.positional.get(2)?.text());
        let (own, table) = (own?, table?);
        let text = self.foreign_key(sheet, (&own, &table, &far), name.as_deref(), text("ondelete").as_deref());
        Some(Element { text: Sql::text(text, place) })
    }

    fn exclusion(
        &self,
        sheet: &Sheet<'_>,
        name: Option<String>,
        elements: &[&Value],
        call: &Call,
        place: HostSpan,
    ) -> Option<Element> {
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let mut keys = Vec::new();
        for value in elements {
            let pair = value.items()?;
            let [of, operator] = pair.as_slice() else { return None };
            let key = match (sheet.scope.column)(of) {
                Some(name) => Sql::text(self.quote(&name), of.place),
                None => sheet.scope.key(of)?.0,
            };
            keys.push(key.and(Sql::text(format!(" WITH {}", operator.text()?), operator.place)));
        }
        let name = self.constraint_name(name);
        let using = call.named("using").and_then(|using| using.text()).unwrap_or_else(|| "gist".to_owned());
        let mut text = Sql::join(keys, ", ", place).within(&format!("{name}EXCLUDE USING {using} ("), ")", place);
        if let Some(condition) = call.named("where").filter(|value| !matches!(value.kind, Kind::Null)) {
            text = text.and(sheet.scope.condition(condition)?.within(" WHERE (", ")", place));
        }
        Some(Element { text })
    }
}

/// The column of a primary key of one.
fn only_key(sheet: &Sheet<'_>, value: &Value) -> Option<Ident> {
    let call = first_way(value).call()?;
    match call.positional.as_slice() {
        [only] => (sheet.scope.column)(first_way(only)),
        _ => None,
    }
}

/// Says whether a value is a call of a name.
pub(in crate::orm) fn is_called(value: &Value, name: &str) -> bool {
    called(first_way(value)).is_some_and(|(known, _)| known == name)
}
