//! Column types: the kind of values a declared type holds, and the statements that make enums and domains.

use sqlparser::ast;

use super::Lowering;
use super::scan::{self, Cursor, Tok};
use crate::catalog::{ColumnType, SchemaOp, TypeClass, UserType};
use crate::dialect::Dialect;

/// Tells the kind of a declared type, lower case.
pub(super) fn class_of(declared: &str, dialect: Dialect) -> TypeClass {
    let declared = declared.trim();
    if declared.ends_with(']') || declared.ends_with(" array") || declared.starts_with("array<") {
        return TypeClass::Array;
    }
    let base = declared.split('(').next().unwrap_or_default();
    let base = base.rsplit('.').next().unwrap_or_default().trim_matches('"').trim();
    let word = base.split(' ').next().unwrap_or_default();
    match word {
        "tinyint" if declared.starts_with("tinyint(1)") => TypeClass::Boolean,
        _ => {
            by_word(word).unwrap_or_else(|| if dialect == Dialect::Sqlite { affinity(base) } else { TypeClass::Other })
        }
    }
}

fn by_word(word: &str) -> Option<TypeClass> {
    Some(match word {
        "bool" | "boolean" => TypeClass::Boolean,
        "int" | "integer" | "int2" | "int4" | "int8" | "smallint" | "bigint" | "tinyint" | "mediumint" | "serial"
        | "serial2" | "serial4" | "serial8" | "bigserial" | "smallserial" | "year" | "oid" | "unsigned" => {
            TypeClass::Integer
        }
        "numeric" | "decimal" | "dec" | "money" | "number" | "fixed" => TypeClass::Numeric,
        "real" | "float" | "float4" | "float8" | "double" => TypeClass::Float,
        "text" | "varchar" | "char" | "character" | "nchar" | "nvarchar" | "bpchar" | "citext" | "tinytext"
        | "mediumtext" | "longtext" | "clob" | "name" | "string" | "national" => TypeClass::Text,
        "date" => TypeClass::Date,
        "time" | "timetz" => TypeClass::Time,
        "timestamp" | "timestamptz" | "datetime" => TypeClass::Timestamp,
        "interval" => TypeClass::Interval,
        "uuid" => TypeClass::Uuid,
        "json" | "jsonb" => TypeClass::Json,
        "bytea" | "blob" | "binary" | "varbinary" | "tinyblob" | "mediumblob" | "longblob" => TypeClass::Blob,
        "enum" | "set" => TypeClass::Enum,
        "inet" | "cidr" | "macaddr" | "macaddr8" => TypeClass::Network,
        "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" | "int4multirange"
        | "int8multirange" | "nummultirange" | "tsmultirange" | "tstzmultirange" | "datemultirange" => TypeClass::Range,
        "geometry" | "geography" | "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" | "linestring"
        | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection" => TypeClass::Spatial,
        "tsvector" | "tsquery" => TypeClass::TextSearch,
        _ => return None,
    })
}

/// SQLite takes any word for a type and looks for pieces of it (datatype3.html, section 3.1).
fn affinity(base: &str) -> TypeClass {
    let has = |piece: &str| base.contains(piece);
    if has("int") {
        TypeClass::Integer
    } else if has("char") || has("clob") || has("text") {
        TypeClass::Text
    } else if has("blob") {
        TypeClass::Blob
    } else if has("real") || has("floa") || has("doub") {
        TypeClass::Float
    } else {
        TypeClass::Other
    }
}

/// Lower-cases what stands outside quotes.
pub(super) fn lower_unquoted(text: &str) -> String {
    let mut quote = None;
    text.chars()
        .map(|char| {
            match quote {
                Some(open) if char == open => quote = None,
                None if matches!(char, '\'' | '"' | '`') => quote = Some(char),
                None => return char.to_ascii_lowercase(),
                Some(_) => {}
            }
            char
        })
        .collect()
}

impl Lowering<'_> {
    pub(super) fn column_type(&self, ty: &ast::DataType) -> ColumnType {
        if *ty == ast::DataType::Unspecified {
            return ColumnType { declared: String::new(), class: TypeClass::Other, members: Vec::new() };
        }
        let declared = lower_unquoted(&ty.to_string());
        let members = match ty {
            ast::DataType::Enum(members, _) => members.iter().map(member_name).collect(),
            _ => Vec::new(),
        };
        ColumnType { class: class_of(&declared, self.dialect), declared, members }
    }

    pub(super) fn create_type(
        &mut self,
        name: &ast::ObjectName,
        representation: Option<&ast::UserDefinedTypeRepresentation>,
    ) {
        let Some(ast::UserDefinedTypeRepresentation::Enum { labels }) = representation else {
            self.step(SchemaOp::Opaque);
            return;
        };
        let labels = labels.iter().map(|label| label.value.clone()).collect();
        self.step(SchemaOp::CreateType(self.qname(name), UserType::Enum(labels)));
    }

    /// `CREATE DOMAIN name AS type …`, from tokens: the parser refuses half of what may follow the type.
    pub(super) fn create_domain(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let name = cursor.name()?;
        cursor.eat(&["AS"]);
        let ends = |token: &Tok| token.is_any(&["COLLATE", "DEFAULT", "CONSTRAINT", "NOT", "NULL", "CHECK"]);
        let len = cursor.rest.iter().position(ends).unwrap_or(cursor.rest.len());
        let (ty, rest) = cursor.rest.split_at(len);
        let bytes = scan::hull(ty)?;
        let declared = lower_unquoted(&self.sql[bytes.start as usize..bytes.end as usize]);
        let base = ColumnType { class: class_of(&declared, self.dialect), declared, members: Vec::new() };
        let not_null = rest.windows(2).any(|pair| pair[0].is("NOT") && pair[1].is("NULL"));
        self.step(SchemaOp::CreateType(name, UserType::Domain { base, not_null }));
        Some(())
    }

    pub(super) fn alter_type(&mut self, alter: &ast::AlterType) {
        let name = self.qname(&alter.name);
        match &alter.operation {
            ast::AlterTypeOperation::Rename(rename) => {
                let to = crate::name::QName { schema: name.schema.clone(), name: self.ident(&rename.new_name) };
                self.step(SchemaOp::RenameType(name, to));
            }
            ast::AlterTypeOperation::AddValue(add) => {
                self.step(SchemaOp::AddEnumValue(name, add.value.value.clone()));
            }
            ast::AlterTypeOperation::RenameValue(rename) => {
                self.step(SchemaOp::RenameEnumValue(name, rename.from.value.clone(), rename.to.value.clone()));
            }
        }
    }
}

fn member_name(member: &ast::EnumMember) -> String {
    match member {
        ast::EnumMember::Name(name) | ast::EnumMember::NamedValue(name, _) => name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_have_a_class() {
        let check = |dialect, declared: &str, expect: TypeClass| {
            assert_eq!(class_of(declared, dialect), expect, "{declared}");
        };
        check(Dialect::Postgres, "character varying(40)", TypeClass::Text);
        check(Dialect::Postgres, "timestamp with time zone", TypeClass::Timestamp);
        check(Dialect::Postgres, "text[]", TypeClass::Array);
        check(Dialect::Postgres, "pg_catalog.int4", TypeClass::Integer);
        check(Dialect::Postgres, "double precision", TypeClass::Float);
        check(Dialect::Postgres, "public.mood", TypeClass::Other);
        check(Dialect::Mysql, "tinyint(1)", TypeClass::Boolean);
        check(Dialect::Mysql, "int(11) unsigned", TypeClass::Integer);
        check(Dialect::Mysql, "enum('a','b')", TypeClass::Enum);
        check(Dialect::Sqlite, "unsigned big int", TypeClass::Integer);
        check(Dialect::Sqlite, "varying character(255)", TypeClass::Text);
        check(Dialect::Sqlite, "", TypeClass::Other);
    }
}
