//! Column types: what SQLAlchemy calls them, and how each dialect spells them.

use crate::dialect::Dialect;
use crate::host::code::Bound;
use crate::host::flow::Evaluator;
use crate::host::value::{Call, ClassId, FunctionId, Kind, Value};
use crate::ir::Name;

use super::names::{each, first_way, positional, word};

/// A column's type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::orm) struct Type {
    /// SQLAlchemy's name of it: `String`, `JSONB`.
    pub name: String,
    /// Lengths, precisions and what else is given in order.
    pub arguments: Vec<String>,
    /// Whether times know their zone.
    pub with_zone: bool,
    /// What an array holds, and how deep.
    pub items: Option<(Box<Type>, usize)>,
    /// The values of an enumeration.
    pub members: Option<Members>,
    /// Whether [`Type::name`] is SQL already.
    pub is_sql: bool,
    /// The class of the code base that it is, and what that makes of values that are sent.
    pub binds: Option<(ClassId, FunctionId)>,
    /// What it is for dialects that are told apart, by SQLAlchemy's names of those.
    pub variants: Vec<(String, Type)>,
}

/// The values of an enumeration.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::orm) struct Members {
    /// The name of the database's type.
    pub name: Option<String>,
    /// Its schema.
    pub schema: Option<String>,
    /// The values, in order; empty where they could not be told.
    pub values: Vec<String>,
    /// The class of the host that has them.
    pub class: Option<ClassId>,
    /// Names of the host's members and the values they are kept as.
    pub of_host: Vec<(String, String)>,
    /// Whether the database has a type for it.
    pub is_native: bool,
    /// Whether something else makes that type.
    pub is_elsewhere: bool,
    /// Whether members of the host are kept as their values, not as their names.
    pub keeps_values: bool,
}

/// How many types may stand in each other.
const MAX_DEPTH: usize = 6;

impl Type {
    /// A type by SQLAlchemy's name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The type that a dialect uses.
    pub fn of_dialect(&self, dialect: Dialect) -> &Self {
        let known = match dialect {
            Dialect::Postgres => "postgresql",
            Dialect::Sqlite => "sqlite",
            Dialect::Mysql => "mysql",
        };
        self.variants.iter().find(|(name, _)| name == known).map_or(self, |(_, of)| of)
    }

    /// The type as a dialect spells it.
    pub fn sql(&self, dialect: Dialect) -> String {
        let own = self.of_dialect(dialect);
        if own.is_sql {
            return own.name.clone();
        }
        if let Some((items, depth)) = &own.items {
            return match dialect {
                Dialect::Postgres => format!("{}{}", items.sql(dialect), "[]".repeat(*depth)),
                _ => "JSON".to_owned(),
            };
        }
        match &own.members {
            Some(members) => members.sql(dialect),
            None => own.plain(dialect),
        }
    }

    fn plain(&self, dialect: Dialect) -> String {
        let is_postgres = dialect == Dialect::Postgres;
        let pick = |postgres: &str, others: &str| if is_postgres { postgres.to_owned() } else { others.to_owned() };
        match self.name.as_str() {
            "Integer" | "INTEGER" | "INT" | "Int" => "INTEGER".to_owned(),
            "BigInteger" | "BIGINT" => "BIGINT".to_owned(),
            "SmallInteger" | "SMALLINT" => "SMALLINT".to_owned(),
            "String" | "Unicode" | "VARCHAR" | "AutoString" | "NVARCHAR" | "EmailType" | "URLType" => {
                let bare = if dialect == Dialect::Mysql { "TEXT" } else { "VARCHAR" };
                if self.arguments.is_empty() { bare.to_owned() } else { self.with_arguments("VARCHAR") }
            }
            "Text" | "UnicodeText" | "TEXT" | "CLOB" => "TEXT".to_owned(),
            "Boolean" | "BOOLEAN" => "BOOLEAN".to_owned(),
            "Date" | "DATE" => "DATE".to_owned(),
            "DateTime" | "DATETIME" | "TIMESTAMP" | "Timestamp" => match (is_postgres, self.with_zone) {
                (true, true) => "TIMESTAMP WITH TIME ZONE".to_owned(),
                (true, false) => "TIMESTAMP".to_owned(),
                (false, _) => "DATETIME".to_owned(),
            },
            "Time" | "TIME" => pick(if self.with_zone { "TIME WITH TIME ZONE" } else { "TIME" }, "TIME"),
            "Float" | "FLOAT" => "FLOAT".to_owned(),
            "Double" | "DOUBLE" | "DOUBLE_PRECISION" => pick("DOUBLE PRECISION", "DOUBLE"),
            "Numeric" | "NUMERIC" | "DECIMAL" | "Decimal" => self.with_arguments("NUMERIC"),
            "LargeBinary" | "BLOB" | "BYTEA" | "PickleType" | "Binary" | "BINARY" | "VARBINARY" => {
                pick("BYTEA", "BLOB")
            }
            "Interval" | "INTERVAL" => pick("INTERVAL", "DATETIME"),
            "Uuid" | "UUID" | "UUIDType" | "GUID" => pick("UUID", "CHAR(32)"),
            "JSON" | "JSONType" => "JSON".to_owned(),
            "JSONB" => pick("JSONB", "JSON"),
            "NullType" => "TEXT".to_owned(),
            "CITEXT" | "INET" | "CIDR" | "MACADDR" | "MACADDR8" | "TSVECTOR" | "TSQUERY" | "HSTORE" | "MONEY"
            | "OID" | "REGCLASS" => pick(&self.name, "TEXT"),
            name if is_postgres => self.with_arguments(&name.to_ascii_uppercase()),
            name => self.with_arguments(&name.to_ascii_uppercase()),
        }
    }

    fn with_arguments(&self, name: &str) -> String {
        match self.arguments.is_empty() {
            true => name.to_owned(),
            false => format!("{name}({})", self.arguments.join(", ")),
        }
    }
}

impl Members {
    fn sql(&self, dialect: Dialect) -> String {
        match (&self.name, dialect) {
            (Some(name), Dialect::Postgres) if self.is_native => {
                let own = dialect.quote(&name.as_str().into()).into_owned();
                match &self.schema {
                    Some(schema) => format!("{}.{own}", dialect.quote(&schema.as_str().into())),
                    None => own,
                }
            }
            (_, Dialect::Mysql) if self.is_native && !self.values.is_empty() => {
                let values: Vec<String> = self.values.iter().map(|value| quoted(value)).collect();
                format!("ENUM({})", values.join(", "))
            }
            _ => match self.values.iter().map(String::len).max() {
                Some(longest) => format!("VARCHAR({longest})"),
                None => "VARCHAR".to_owned(),
            },
        }
    }
}

/// A text as a literal of SQL.
pub(in crate::orm) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a value says as a column's type; nothing where it is none.
pub(in crate::orm) fn read(evaluator: &mut Evaluator<'_, '_>, value: &Value) -> Option<Type> {
    Reader { evaluator, depth: 0 }.read(value)
}

struct Reader<'e, 'c, 'a> {
    evaluator: &'e mut Evaluator<'c, 'a>,
    depth: usize,
}

impl Reader<'_, '_, '_> {
    fn read(&mut self, value: &Value) -> Option<Type> {
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = self.type_of(first_way(value));
        self.depth -= 1;
        found
    }

    fn type_of(&mut self, value: &Value) -> Option<Type> {
        match &value.kind {
            Kind::Class(id) => self.bound_type(*id, None),
            Kind::Lambda(body) => self.read(body),
            Kind::Call(call) => {
                if let Kind::Class(id) = call.callee.kind {
                    return self.bound_type(id, Some(call));
                }
                if let Some((name, _, of, call)) = value.method() {
                    match &**name {
                        "with_variant" => return self.variant(of, call),
                        "as_mutable" | "associate_with" => return self.read(call.positional.first()?),
                        "copy" | "adapt" => return self.read(of),
                        _ => {}
                    }
                }
                match word(&call.callee)? {
                    // `MutableDict.as_mutable(JSON)` of a name from outside.
                    "as_mutable" => self.read(call.positional.first()?),
                    name if is_type_name(name) => Some(self.constructed(name, call)),
                    _ => None,
                }
            }
            _ => word(value).filter(|name| is_type_name(name)).map(plain),
        }
    }

    fn variant(&mut self, of: &Value, call: &Call) -> Option<Type> {
        let mut own = self.read(of)?;
        let other = self.read(call.positional.first()?)?;
        let names = call.positional.iter().skip(1).filter_map(|name| name.text());
        let variants: Vec<(String, Type)> = names.map(|name| (name, other.clone())).collect();
        own.variants.extend(variants);
        Some(own)
    }

    fn constructed(&mut self, name: &str, call: &Call) -> Type {
        let mut found = plain(name);
        match name {
            "ARRAY" => {
                let items = call.argument(0, "item_type").and_then(|items| self.read(items));
                let depth = call.named("dimensions").and_then(|depth| depth.integer()).unwrap_or(1);
                let items = items.unwrap_or_else(|| Type::named("Text"));
                found.items = Some((Box::new(items), usize::try_from(depth.clamp(1, 6)).unwrap_or(1)));
            }
            "Enum" | "ENUM" | "ChoiceType" => found.members = Some(self.members(call)),
            "DateTime" | "Time" | "TIMESTAMP" | "TIME" | "DATETIME" => {
                let zone = call.argument(0, "timezone").and_then(|zone| zone.bool());
                found.with_zone = zone == Some(true);
            }
            "TSVectorType" => found = Type::named("TSVECTOR"),
            "Float" | "FLOAT" | "Interval" | "INTERVAL" | "JSON" | "JSONB" | "UUID" | "Uuid" | "LargeBinary" => {}
            _ => {
                let argument = |value: &Value| value.integer().map(|number| number.to_string()).or(value.text());
                found.arguments = positional(call).filter_map(argument).collect();
                for word in ["length", "precision", "scale", "dim", "geometry_type", "srid"] {
                    found.arguments.extend(call.named(word).and_then(argument));
                }
            }
        }
        found
    }

    /// A class of the code base that is a type, with what it makes of values.
    fn bound_type(&mut self, id: ClassId, call: Option<&Call>) -> Option<Type> {
        let found = self.own_type(id, call)?;
        let code = self.evaluator.code;
        let function = self.evaluator.lineage(id).into_iter().find_map(|class| {
            match code.class(class).scope.get("process_bind_param").last().copied() {
                Some(Bound::Function(function)) => Some(function),
                _ => None,
            }
        });
        Some(Type { binds: function.map(|function| (id, function)), ..found })
    }

    /// A class of the code base that is a type: what it is made from, or what it says of itself.
    fn own_type(&mut self, id: ClassId, call: Option<&Call>) -> Option<Type> {
        let spec: Name = "get_col_spec".into();
        for class in self.evaluator.lineage(id) {
            let Some(Bound::Function(function)) = self.evaluator.code.class(class).scope.get(&spec).last().copied()
            else {
                continue;
            };
            let receiver = super::names::class_value(self.evaluator.code, id);
            let callee = receiver.clone();
            let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
            let text = self.evaluator.followed(function, &receiver, &call).and_then(|text| text.text());
            return text.map(|name| Type { name, is_sql: true, ..Type::default() });
        }
        if let Some((_, value)) = self.evaluator.inherited(id, &"impl".into()) {
            let mut found = self.read(&value)?;
            // Arguments of the class's own go to what it is made from.
            if let Some(call) = call.filter(|_| value.call().is_none()) {
                match self.has_own_start(id) {
                    false => found = self.constructed(&found.name.clone(), call),
                    true => found.arguments.extend(
                        call.named("length").and_then(|length| length.integer()).map(|length| length.to_string()),
                    ),
                }
            }
            return Some(found);
        }
        let bases: Vec<Value> =
            self.evaluator.lineage(id).into_iter().flat_map(|id| self.evaluator.bases(id)).collect();
        let name = bases.iter().find_map(|base| word(base).filter(|name| is_type_name(name)).map(str::to_owned))?;
        match call {
            Some(call) => Some(self.constructed(&name, call)),
            None => Some(plain(&name)),
        }
    }

    fn has_own_start(&mut self, id: ClassId) -> bool {
        let lineage = self.evaluator.lineage(id);
        lineage.into_iter().any(|class| !self.evaluator.code.class(class).scope.get("__init__").is_empty())
    }

    fn members(&mut self, call: &Call) -> Members {
        let keeps_values = call.named("values_callable").is_some_and(|how| !how.is_null());
        let mut members = Members { is_native: true, keeps_values, ..Members::default() };
        for value in positional(call) {
            match &value.kind {
                Kind::Class(id) => self.take_members(*id, &mut members),
                // `*[status.value for status in Status]`
                Kind::Spread(inner) => match &inner.kind {
                    Kind::Each { element, over } => {
                        let is_value = matches!(&element.kind, Kind::Attribute { name, .. } if **name == *"value");
                        if let Kind::Class(id) = over.kind {
                            members.keeps_values = is_value;
                            self.take_members(id, &mut members);
                            members.name = None;
                        }
                    }
                    Kind::List(items) => members.values.extend(items.iter().filter_map(|item| item.text())),
                    _ => {}
                },
                Kind::List(_) => members.values.extend(each(value).iter().filter_map(|item| item.text())),
                _ => members.values.extend(value.text()),
            }
        }
        let said = call.named("name").and_then(|name| name.text());
        members.name = said.or(members.name);
        members.schema = call.named("schema").and_then(|schema| schema.text());
        members.is_elsewhere = call.named("create_type").and_then(|makes| makes.bool()) == Some(false);
        members.is_native = call.named("native_enum").and_then(|native| native.bool()) != Some(false);
        members
    }

    fn take_members(&mut self, id: ClassId, into: &mut Members) {
        let keeps_values = into.keeps_values;
        let found = members_of(self.evaluator, id);
        into.name = Some(self.evaluator.code.class(id).class.name.to_lowercase());
        into.class = Some(id);
        let kept = |(name, value): (String, String)| {
            let kept = if keeps_values { value } else { name.clone() };
            (name, kept)
        };
        into.of_host = found.into_iter().map(kept).collect();
        into.values = into.of_host.iter().map(|(_, kept)| kept.clone()).collect();
    }
}

/// The enumeration type of a class of the code base; what is said of enumerations at large holds for it.
pub(in crate::orm) fn of_enumeration(evaluator: &mut Evaluator<'_, '_>, id: ClassId, said: Option<&Members>) -> Type {
    let mut members = match said {
        Some(said) => Members { is_native: said.is_native, keeps_values: said.keeps_values, ..Members::default() },
        None => Members { is_native: true, ..Members::default() },
    };
    Reader { evaluator, depth: 0 }.take_members(id, &mut members);
    Type { members: Some(members), ..Type::named("Enum") }
}

/// The names and values of an enumeration's members.
fn members_of(evaluator: &mut Evaluator<'_, '_>, id: ClassId) -> Vec<(String, String)> {
    let code = evaluator.code;
    let names = code.class(id).scope.names().filter(|(name, bounds)| {
        !name.starts_with('_') && matches!(bounds.last(), Some(Bound::Value { value: Some(_), .. }))
    });
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let value = evaluator.class_value(id, &Name::from(name));
        // `ACTIVE = "active", "shown as"`
        let text = value.as_ref().and_then(|value| match &value.kind {
            Kind::List(items) => items.first()?.text(),
            _ => value.text(),
        });
        members.push((name.to_owned(), text.unwrap_or_else(|| name.to_lowercase())));
    }
    members
}

fn plain(name: &str) -> Type {
    Type {
        items: (name == "ARRAY").then(|| (Box::new(Type::named("Text")), 1)),
        members: matches!(name, "Enum" | "ENUM").then(|| Members { is_native: true, ..Members::default() }),
        ..Type::named(name)
    }
}

/// Says whether a name is that of a type, and of nothing else that a column takes.
fn is_type_name(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "Column",
        "ForeignKey",
        "Computed",
        "Identity",
        "Sequence",
        "CheckConstraint",
        "FetchedValue",
        "DefaultClause",
        "UniqueConstraint",
        "PrimaryKeyConstraint",
        "ForeignKeyConstraint",
        "ExcludeConstraint",
        "Index",
        "Mapped",
        "TypeDecorator",
        "UserDefinedType",
        "TypeEngine",
        "Generic",
        "Mutable",
        "MutableDict",
        "MutableList",
        "Table",
        "MetaData",
    ];
    name.starts_with(|first: char| first.is_ascii_uppercase()) && !OTHERS.contains(&name)
}
