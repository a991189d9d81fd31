//! The schema that the tests ask their queries of.

use std::sync::Arc;

use crate::catalog::{Catalog, Column, ColumnType, Table, TableKind, TypeClass, View};
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::source::{FileId, HostSpan};

const PLACE: HostSpan = HostSpan { file: FileId(0), start: 0, end: 0 };

/// Tables as `name: column:class …`; a table whose name ends in `~` is not complete.
const TABLES: &[&str] = &[
    "users: id:int org_id:int email:text name:text status:text active:bool created_at:time deleted_at:time profile:json",
    "orders: id:int user_id:int product_id:int total:num status:text created_at:time note:text",
    "products: id:int name:text price:num category_id:int tags:array",
    "categories: id:int parent_id:int name:text",
    "events: id:int user_id:int kind:text at:time data:json",
    "orgs: id:int name:text plan:text",
    "audit.log: id:int actor:int at:time",
    "partial~: id:int",
    "found~: title:words body:words",
    "notes: title:text",
];

const VIEWS: &[(&str, &str)] = &[
    ("active_users", "SELECT id, email, org_id, created_at FROM users\nWHERE deleted_at IS NULL"),
    ("user_totals", "SELECT user_id, sum(total) AS total, max(created_at) AS last FROM orders GROUP BY user_id"),
    ("recent_users", "SELECT * FROM active_users ORDER BY created_at DESC LIMIT 100"),
    ("people", "SELECT id, email FROM users UNION ALL SELECT id, name FROM orgs"),
    ("user_orgs", "SELECT u.id, u.email, o.name AS org_name FROM users u LEFT JOIN orgs o ON o.id = u.org_id"),
    ("endless", "SELECT * FROM endless"),
];

pub(super) fn catalog(dialect: Dialect) -> Catalog {
    let mut catalog = Catalog::new(dialect);
    for line in TABLES {
        let (name, columns) = line.split_once(':').expect("a table has columns");
        let complete = !name.ends_with('~');
        let name = qname(name.trim_end_matches('~'));
        let columns = columns.split_whitespace().map(column).collect();
        catalog.tables.insert(name.clone(), table(name, columns, complete));
    }
    for (name, query) in VIEWS {
        let name = QName::plain(*name);
        let view = View { name: name.clone(), columns: Vec::new(), query: Arc::from(*query), place: PLACE };
        catalog.views.insert(name, view);
    }
    catalog
}

fn qname(name: &str) -> QName {
    match name.split_once('.') {
        Some((schema, name)) => QName::qualified(schema, name),
        None => QName::plain(name),
    }
}

fn column(text: &str) -> Column {
    let (name, class) = text.split_once(':').expect("a column has a class");
    let (declared, class) = match class {
        "int" => ("integer", TypeClass::Integer),
        "num" => ("numeric", TypeClass::Numeric),
        "bool" => ("boolean", TypeClass::Boolean),
        "time" => ("timestamp", TypeClass::Timestamp),
        "json" => ("jsonb", TypeClass::Json),
        "array" => ("text[]", TypeClass::Array),
        "words" => ("", TypeClass::TextSearch),
        _ => ("text", TypeClass::Text),
    };
    let ty = ColumnType { declared: declared.to_owned(), class, members: Vec::new() };
    Column {
        name: Ident::new(name),
        ty,
        not_null: false,
        default: None,
        generated: None,
        collation: None,
        place: PLACE,
    }
}

fn table(name: QName, columns: Vec<Column>, complete: bool) -> Table {
    Table {
        name,
        columns,
        primary_key: vec![Ident::new("id")],
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        complete,
        without_rowid: false,
        kind: TableKind::Plain,
        parent: None,
        place: PLACE,
    }
}
