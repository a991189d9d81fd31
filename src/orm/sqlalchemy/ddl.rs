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
        Self { dialect, statements: Vec::new(), skips: Vec::new(), types: BTreeSet::new() }
    }

    /// Adds a statement.
    pub fn push(&mut self, text: Sql, place: HostSpan) {
        self.statements.push(Declaration { text: text.finish(), place });
    }

    /// Says that something could not be told.
    pub fn skip(&mut self, reason: &'static str, detail: impl Into<String>, place: HostSpan) {
        self.skips.push(Skip { stage: SkipStage::Schema, reason, detail: detail.into(), place });
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
        for column in columns {
            self.create_type(column.kind.as_ref(), column.place);
        }
        let mut elements: Vec<Sql> = Vec::new();
        let keys: Vec<&&Column> = columns.iter().filter(|column| column.is_primary).collect();
        for column in columns {
            let counts = keys.len() == 1 && column.is_primary;
            elements.push(self.column(column, counts));
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
        let head = format!("CREATE TABLE {} (\n    ", self.table(sheet.name));
        let text = Sql::join(elements, ",\n    ", sheet.place).within(&head, "\n)", sheet.place);
        self.push(text, sheet.place);
        for column in columns.iter().filter(|column| column.is_indexed) {
            self.column_index(sheet, column);
        }
        for value in arguments.iter().filter(|value| is_called(value, "Index")) {
            self.declared_index(sheet, value);
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

    /// Creates the database's type of an enumeration, once.
    pub fn create_type(&mut self, kind: Option<&Type>, place: HostSpan) {
        let Some(kind) = kind else { return };
        let kind = kind.of_dialect(self.dialect);
        let kind = kind.items.as_ref().map_or(kind, |(items, _)| items.of_dialect(self.dialect));
        let Some(members) = kind.members.as_ref().filter(|members| members.is_native) else { return };
        let is_told = members.name.is_some() && !members.values.is_empty() && self.dialect == Dialect::Postgres;
        let name = kind.sql(self.dialect);
        if !is_told || !self.types.insert(name.to_lowercase()) {
            return;
        }
        let values: Vec<String> = members.values.iter().map(|value| quoted(value)).collect();
        self.push(Sql::text(format!("CREATE TYPE {name} AS ENUM ({})", values.join(", ")), place), place);
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
            "ExcludeConstraint" => self.exclusion(sheet, call, value.place),
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

    fn exclusion(&self, sheet: &Sheet<'_>, call: &Call, place: HostSpan) -> Option<Element> {
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let mut keys = Vec::new();
        for value in positional(call) {
            let pair = value.items()?;
            let [of, operator] = pair.as_slice() else { return None };
            let key = match (sheet.scope.column)(of) {
                Some(name) => Sql::text(self.quote(&name), of.place),
                None => sheet.scope.key(of)?.0,
            };
            keys.push(key.and(Sql::text(format!(" WITH {}", operator.text()?), operator.place)));
        }
        let name = self.constraint_name(call.named("name").and_then(column::name_of));
        let using = call.named("using").and_then(|using| using.text()).unwrap_or_else(|| "gist".to_owned());
        let mut text = Sql::join(keys, ", ", place).within(&format!("{name}EXCLUDE USING {using} ("), ")", place);
        if let Some(condition) = call.named("where").filter(|value| !matches!(value.kind, Kind::Null)) {
            text = text.and(sheet.scope.condition(condition)?.within(" WHERE (", ")", place));
        }
        Some(Element { text })
    }
}

/// Says whether a value is a call of a name.
pub(in crate::orm) fn is_called(value: &Value, name: &str) -> bool {
    called(first_way(value)).is_some_and(|(known, _)| known == name)
}
