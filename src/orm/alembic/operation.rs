//! Operations: what each call of `op` sends.

use crate::dialect::Dialect;
use crate::host::flow::{Deed, Evaluator, Event};
use crate::host::value::{Call, Kind, Value};
use crate::name::{Ident, QName};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::column::{self, Column, Referred};
use crate::orm::sqlalchemy::ddl::{Script, Sheet};
use crate::orm::sqlalchemy::expression::Scope;
use crate::orm::sqlalchemy::index::Declared;
use crate::orm::sqlalchemy::names::{called, each, first_way, positional};
use crate::orm::sqlalchemy::naming::Naming;
use crate::orm::sqlalchemy::types;
use crate::source::HostSpan;

/// What the operations of a migration are written to.
pub(super) struct Operations<'o, 'c, 'a> {
    /// The statements of all migrations so far.
    pub script: &'o mut Script,
    /// Values of the migration.
    pub evaluator: &'o mut Evaluator<'c, 'a>,
}

/// A call of an operation.
struct Operation<'v> {
    call: &'v Call,
    place: HostSpan,
    /// The table of the batch that it stands in.
    batch: Option<&'v Call>,
}

impl<'v> Operation<'v> {
    /// An argument; within a batch the table is none of them.
    fn argument(&self, position: usize, name: &str) -> Option<&'v Value> {
        let position = if self.batch.is_some() { position.checked_sub(1)? } else { position };
        self.call.argument(position, name).map(first_way)
    }

    /// An argument that stands before the table's: a name.
    fn first(&self, name: &str) -> Option<&'v Value> {
        self.call.argument(0, name).map(first_way)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.call.named(name).and_then(|value| value.text())
    }

    /// The table, which stands at a position outside of a batch.
    fn table(&self, position: usize, name: &str) -> Option<QName> {
        let (call, position, name) = match self.batch {
            Some(batch) => (batch, 0, "table_name"),
            None => (self.call, position, name),
        };
        let schema = call.named("schema").or_else(|| call.named("source_schema")).and_then(|schema| schema.text());
        Some(qualified(schema, call.argument(position, name)?.text()?))
    }

    fn guard(&self, word: &'static str, says: &str) -> &'static str {
        if self.call.says(word) { if says == "exists" { "IF EXISTS " } else { "IF NOT EXISTS " } } else { "" }
    }
}

/// A table's name with its schema.
fn qualified(schema: Option<String>, name: String) -> QName {
    match schema {
        Some(schema) => QName::qualified(schema, name),
        None => QName::plain(name),
    }
}

impl Operations<'_, '_, '_> {
    /// Takes up something that a migration does.
    pub fn take(&mut self, event: &Event) {
        if event.deed != Deed::Call {
            return;
        }
        let value = &event.value;
        let Some(call) = value.call() else { return };
        let (name, batch) = match &call.callee.kind {
            Kind::External(path) => match path.rsplit_once('.') {
                Some((before, name)) if before == "op" || before.ends_with(".op") => (name, None),
                _ => return,
            },
            Kind::Attribute { of, name, .. } => match called(first_way(of)) {
                Some(("batch_alter_table", batch)) => (&**name, Some(batch)),
                _ => return self.of_another(name, of, call, value.place),
            },
            _ => return,
        };
        let operation = Operation { call, place: value.place, batch };
        if self.operation(name, &operation).is_none() {
            let detail = format!("what `{name}` is about is known at run time only");
            self.script.skip("dynamic-operation", detail, value.place);
        }
    }

    /// A call of something that is no `op`: a connection, a type.
    fn of_another(&mut self, name: &str, of: &Value, call: &Call, place: HostSpan) {
        match name {
            "execute" | "exec_driver_sql" => {
                if let Some(statement) = call.positional.first() {
                    self.execute(statement, place);
                }
            }
            // `status.create(op.get_bind(), checkfirst=True)`
            "create" | "drop" if is_type(of) => {
                let Some(kind) = types::read(self.evaluator, of) else { return };
                match name {
                    "create" => self.script.make_type(&kind, place),
                    _ => self.script.drop_type(&kind, place),
                }
            }
            _ => {}
        }
    }

    /// Nothing where the operation cannot be told.
    fn operation(&mut self, name: &str, operation: &Operation<'_>) -> Option<()> {
        match name {
            "create_table" => self.create_table(operation),
            "drop_table" => {
                let table = self.script.table(&operation.table(0, "table_name")?);
                self.send(operation, format!("DROP TABLE {}{table}", operation.guard("if_exists", "exists")))
            }
            "rename_table" => {
                let (from, to) = (operation.table(0, "old_table_name")?, operation.first_after("new_table_name")?);
                let text = format!("ALTER TABLE {} RENAME TO {}", self.script.table(&from), self.script.quote(&to));
                self.send(operation, text)
            }
            "add_column" => self.add_column(operation),
            "drop_column" => {
                let table = self.script.table(&operation.table(0, "table_name")?);
                let column = self.script.quote(&operation.argument(1, "column_name")?.text()?.into());
                let guard = operation.guard("if_exists", "exists");
                self.send(operation, format!("ALTER TABLE {table} DROP COLUMN {guard}{column}"))
            }
            "alter_column" => self.alter_column(operation),
            "create_index" => self.create_index(operation),
            "drop_index" => self.drop_index(operation),
            "create_foreign_key" => self.create_foreign_key(operation),
            "create_unique_constraint" => self.create_key(operation, "UNIQUE"),
            "create_primary_key" => self.create_key(operation, "PRIMARY KEY"),
            "create_check_constraint" => self.create_check(operation),
            "create_exclude_constraint" => self.create_exclusion(operation),
            "drop_constraint" => self.drop_constraint(operation),
            "sync_enum_values" => self.sync_values(operation),
            "execute" => {
                let statement = operation.call.argument(0, "sqltext")?;
                self.execute(&statement.clone(), operation.place);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn send(&mut self, operation: &Operation<'_>, text: String) -> Option<()> {
        self.script.push(Sql::text(text, operation.place), operation.place);
        Some(())
    }

    fn with_sheet(&mut self, table: &QName, place: HostSpan, work: impl FnOnce(&mut Script, &Sheet<'_>)) {
        let column = |value: &Value| match &value.kind {
            Kind::Text(_) => value.text().map(Ident::from),
            // `sa.column("email")`
            _ => match called(value)? {
                ("column", call) => call.positional.first()?.text().map(Ident::from),
                _ => None,
            },
        };
        let referred = |to: &Referred| match to {
            Referred::Named(text) => {
                let (table, column) = text.rsplit_once('.')?;
                Some((QName::read(table), Ident::new(column)))
            }
            _ => None,
        };
        let dialect = self.script.dialect;
        let scope = Scope { dialect, column: &column, member: &|_, _| None };
        let naming = Naming::default();
        work(self.script, &Sheet { name: table, place, scope, referred: &referred, naming: &naming });
    }

    fn create_table(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(0, "table_name")?;
        let mut columns: Vec<Column> = Vec::new();
        let mut others: Vec<&Value> = Vec::new();
        for argument in positional(operation.call).skip(1).map(first_way) {
            match column::call_of(argument) {
                Some((_, call)) => match column::read(self.evaluator, call, None, argument.place) {
                    Some(column) => columns.push(column),
                    None => self.script.skip_column(&table, argument.place),
                },
                None if argument.call().is_some() => others.push(argument),
                None if matches!(argument.kind, Kind::Null) => {}
                None => self.script.skip_column(&table, argument.place),
            }
        }
        let columns: Vec<&Column> = columns.iter().collect();
        let guard = operation.guard("if_not_exists", "");
        self.with_sheet(&table, operation.place, |script, sheet| {
            script.create_table_guarded(sheet, &columns, &others, guard)
        });
        Some(())
    }

    fn add_column(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(0, "table_name")?;
        let value = operation.argument(1, "column")?;
        let (_, call) = column::call_of(value)?;
        let column = column::read(self.evaluator, call, None, value.place)?;
        let guard = operation.guard("if_not_exists", "");
        self.with_sheet(&table, operation.place, |script, sheet| script.add_column(sheet, &column, guard));
        Some(())
    }

    fn alter_column(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(0, "table_name")?;
        let mut name = Ident::from(operation.argument(1, "column_name")?.text()?);
        let head = format!("ALTER TABLE {}", self.script.table(&table));
        if let Some(new) = operation.text("new_column_name") {
            let new = Ident::from(new);
            let (from, to) = (self.script.quote(&name), self.script.quote(&new));
            self.send(operation, format!("{head} RENAME COLUMN {from} TO {to}"));
            name = new;
        }
        let column = self.script.quote(&name);
        if let Some(kind) = operation.call.named("type_").and_then(|kind| types::read(self.evaluator, kind)) {
            self.script.create_type(Some(&kind), operation.place);
            let kind = kind.sql(self.script.dialect);
            let using = operation.text("postgresql_using").filter(|_| self.script.dialect == Dialect::Postgres);
            let using = using.map(|using| format!(" USING {using}")).unwrap_or_default();
            let text = match self.script.dialect {
                Dialect::Mysql => format!("{head} MODIFY {column} {kind}"),
                _ => format!("{head} ALTER COLUMN {column} TYPE {kind}{using}"),
            };
            self.send(operation, text);
        }
        match operation.call.named("nullable").and_then(|value| value.bool()) {
            Some(true) => self.send(operation, format!("{head} ALTER COLUMN {column} DROP NOT NULL")),
            Some(false) => self.send(operation, format!("{head} ALTER COLUMN {column} SET NOT NULL")),
            None => None,
        };
        match operation.call.named("server_default").map(first_way) {
            Some(value) if value.is_null() => {
                self.send(operation, format!("{head} ALTER COLUMN {column} DROP DEFAULT"));
            }
            Some(value) => {
                if let Some(default) = column::default(value) {
                    let text =
                        default.within(&format!("{head} ALTER COLUMN {column} SET DEFAULT "), "", operation.place);
                    self.script.push(text, operation.place);
                }
            }
            None => {}
        }
        Some(())
    }

    fn create_index(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(1, "table_name")?;
        let name = operation.first("index_name").and_then(column::name_of);
        let keys: Vec<&Value> = each(operation.argument(2, "columns")?).into_iter().map(first_way).collect();
        let declared = Declared { name, keys, call: operation.call, place: operation.place };
        self.with_sheet(&table, operation.place, |script, sheet| script.create_index(sheet, &declared));
        Some(())
    }

    fn drop_index(&mut self, operation: &Operation<'_>) -> Option<()> {
        let name = Ident::from(column::name_of(operation.first("index_name")?)?);
        let table = operation.table(1, "table_name");
        let guard = operation.guard("if_exists", "exists");
        let schema = operation.text("schema").or_else(|| Some(table.as_ref()?.schema.as_ref()?.to_string()));
        let own = self.script.table(&QName { schema: schema.map(Ident::from), name });
        let on = match (self.script.dialect, table) {
            (Dialect::Mysql, Some(table)) => format!(" ON {}", self.script.table(&table)),
            _ => String::new(),
        };
        self.send(operation, format!("DROP INDEX {guard}{own}{on}"))
    }

    fn create_foreign_key(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(1, "source_table")?;
        let name = operation.first("constraint_name").and_then(column::name_of);
        let referent = qualified(operation.text("referent_schema"), operation.argument(2, "referent_table")?.text()?);
        let own = idents(operation.argument(3, "local_cols")?)?;
        let far = idents(operation.argument(4, "remote_cols")?)?;
        let on_delete = operation.text("ondelete");
        let place = operation.place;
        self.with_sheet(&table, place, |script, sheet| {
            script.add_foreign_key(sheet, (&own, &referent, &far), (name.as_deref(), on_delete.as_deref()), place);
        });
        Some(())
    }

    fn create_key(&mut self, operation: &Operation<'_>, word: &str) -> Option<()> {
        let table = self.script.table(&operation.table(1, "table_name")?);
        let name = self.named(operation);
        let columns = idents(operation.argument(2, "columns")?)?;
        let columns: Vec<String> = columns.iter().map(|column| self.script.quote(column)).collect();
        self.send(operation, format!("ALTER TABLE {table} ADD {name}{word} ({})", columns.join(", ")))
    }

    /// `CONSTRAINT name`, where a name is given.
    fn named(&self, operation: &Operation<'_>) -> String {
        let name = operation.first("constraint_name").and_then(column::name_of);
        name.map(|name| format!("CONSTRAINT {} ", self.script.quote(&name.into()))).unwrap_or_default()
    }

    fn create_check(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(1, "table_name")?;
        let head = format!("ALTER TABLE {} ADD {}CHECK (", self.script.table(&table), self.named(operation));
        let condition = operation.argument(2, "condition")?;
        let place = operation.place;
        let mut found = None;
        self.with_sheet(&table, place, |script, sheet| {
            found = sheet
                .scope
                .condition(condition)
                .map(|condition| script.push(condition.within(&head, ")", place), place));
        });
        found
    }

    fn create_exclusion(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = operation.table(1, "table_name")?;
        let name = operation.first("constraint_name").and_then(column::name_of);
        let skipped = if operation.batch.is_some() { 1 } else { 2 };
        let elements: Vec<&Value> = positional(operation.call).skip(skipped).collect();
        let place = operation.place;
        self.with_sheet(&table, place, |script, sheet| {
            script.add_exclusion(sheet, name, &elements, operation.call, place);
        });
        Some(())
    }

    fn drop_constraint(&mut self, operation: &Operation<'_>) -> Option<()> {
        let table = self.script.table(&operation.table(1, "table_name")?);
        let name = self.script.quote(&column::name_of(operation.first("constraint_name")?)?.into());
        let kind = operation.text("type_").or_else(|| operation.argument(2, "type_")?.text());
        let word = match (self.script.dialect, kind.as_deref()) {
            (Dialect::Mysql, Some("foreignkey")) => "FOREIGN KEY",
            (Dialect::Mysql, Some("unique")) => "INDEX",
            _ => "CONSTRAINT",
        };
        let guard = operation.guard("if_exists", "exists");
        self.send(operation, format!("ALTER TABLE {table} DROP {word} {guard}{name}"))
    }

    /// The values that an enumeration type has from here on (alembic-postgresql-enum).
    fn sync_values(&mut self, operation: &Operation<'_>) -> Option<()> {
        let schema = operation.call.argument(0, "enum_schema").and_then(|schema| schema.text());
        let name = operation.call.argument(1, "enum_name")?.text()?;
        let name = self.script.table(&qualified(schema, name));
        for value in each(operation.call.argument(2, "new_values")?) {
            let value = types::quoted(&value.text()?);
            self.send(operation, format!("ALTER TYPE {name} ADD VALUE IF NOT EXISTS {value}"));
        }
        Some(())
    }
}

impl Operation<'_> {
    /// The name that follows the table's.
    fn first_after(&self, name: &str) -> Option<Ident> {
        self.call.argument(1, name)?.text().map(Ident::from)
    }
}

fn idents(value: &Value) -> Option<Vec<Ident>> {
    each(value).into_iter().map(|value| value.text().map(Ident::from)).collect()
}

/// Says whether a value is a type whose `create` makes it.
fn is_type(value: &Value) -> bool {
    called(first_way(value)).is_some_and(|(name, _)| matches!(name, "Enum" | "ENUM" | "DOMAIN"))
}
