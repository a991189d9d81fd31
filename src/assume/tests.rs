//! Small schemas and what is assumed of them.
//!
//! A line is a table: `orders: id int pk, user_id int -> users, email text unique null, state text check(a b c)`.

use crate::assume::{assume, unknown_settings};
use crate::catalog::{
    Backing, Catalog, Check, Column, ColumnType, ForeignKey, Index, IndexDef, IndexId, ReferentialAction, Table,
    TypeClass,
};
use crate::config::{ColumnSettings, Config, TableSettings};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, Op};
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, JoinKey, JoinKind, Predicate, PredicateOp, QueryShape, RefId, TableRef, Value};
use crate::source::{FileId, HostSpan};
use crate::stats::{ColumnRole, StatsModel, StatsSource};

const NOWHERE: fn() -> HostSpan = || HostSpan::new(FileId(0), 0..0);

fn catalog(text: &str) -> Catalog {
    let mut catalog = Catalog::new(Dialect::Postgres);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, columns) = line.split_once(':').expect("a name");
        let table = table(name, columns);
        catalog.tables.insert(table.name.clone(), table);
    }
    catalog
}

fn table(name: &str, text: &str) -> Table {
    let mut table = Table::empty(QName::plain(name), NOWHERE());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(keys) = part.strip_prefix("unique(") {
            unique(&mut table, keys.trim_end_matches(')').split(' ').map(Ident::new).collect(), Backing::Unique);
        } else {
            column(&mut table, part);
        }
    }
    table
}

fn unique(table: &mut Table, columns: Vec<Ident>, backing: Backing) {
    let mut def = IndexDef::btree(Dialect::Postgres, table.name.clone(), columns);
    def.unique = true;
    let id = IndexId(table.indexes.len() as u32);
    table.indexes.push(Index { id, name: None, def, place: NOWHERE(), held: true, valid: true, backs: Some(backing) });
}

fn column(table: &mut Table, text: &str) {
    let (text, check) = text.split_once(" check(").map_or((text, None), |(text, list)| (text, Some(list)));
    let words: Vec<&str> = text.split(' ').collect();
    let name = Ident::new(words[0]);
    let after = |word: &str| words.iter().position(|found| *found == word).map(|at| words[at + 1].to_owned());
    if words.contains(&"pk") {
        table.primary_key = vec![name.clone()];
        unique(table, vec![name.clone()], Backing::PrimaryKey);
    }
    if words.contains(&"unique") {
        unique(table, vec![name.clone()], Backing::Unique);
    }
    if let Some(to) = after("->") {
        let to = QName::plain(to.as_str());
        let columns = vec![name.clone()];
        let on_delete = ReferentialAction::Refuse;
        table.foreign_keys.push(ForeignKey {
            name: None,
            columns,
            to,
            to_columns: Vec::new(),
            on_delete,
            place: NOWHERE(),
        });
    }
    if let Some(list) = check {
        let values = list.trim_end_matches(')').split(' ').map(|value| Expr::Literal(Literal::Text(value.to_owned())));
        let operands = std::iter::once(Expr::Column(name.clone())).chain(values).collect();
        table.checks.push(Check { name: None, condition: Expr::op(Op::In, operands) });
    }
    table.columns.push(Column {
        name,
        ty: ColumnType { declared: words[1].to_owned(), class: class(words[1]), members: Vec::new() },
        not_null: !words.contains(&"null"),
        default: after("default"),
        generated: None,
        collation: None,
        place: NOWHERE(),
    });
}

fn class(ty: &str) -> TypeClass {
    match ty.split('(').next().expect("a first part") {
        "int" | "bigint" | "smallint" => TypeClass::Integer,
        "bool" => TypeClass::Boolean,
        "numeric" => TypeClass::Numeric,
        "timestamp" => TypeClass::Timestamp,
        "date" => TypeClass::Date,
        "time" => TypeClass::Time,
        "uuid" => TypeClass::Uuid,
        "jsonb" => TypeClass::Json,
        "bytea" => TypeClass::Blob,
        "text" | "varchar" => TypeClass::Text,
        other => panic!("no type {other}"),
    }
}

/// A query that tests columns of `table`; `name=a,b` compares with constants, `name$` with a parameter,
/// `name?` tests for NULL.
fn query(table: &str, tests: &[&str]) -> QueryShape {
    let predicate = |test: &&str| {
        let (name, op, value) = match test.split_once('=') {
            Some((name, values)) => {
                let literal = |value: &str| match value.parse::<u32>() {
                    Ok(_) => Literal::Number(value.to_owned()),
                    Err(_) => Literal::Text(value.to_owned()),
                };
                let literals = values.split(',').map(literal).collect();
                (name, PredicateOp::In, Value::Literals(literals))
            }
            None if test.ends_with('$') => (test.trim_end_matches('$'), PredicateOp::Eq, Value::Param),
            None => (test.trim_end_matches('?'), PredicateOp::Null, Value::Literals(Vec::new())),
        };
        let key = Expr::column(name);
        Predicate { condition: key.clone(), key, op, value, sql: 0..0, optional: false }
    };
    let predicates = tests.iter().map(predicate).collect();
    let pattern = AccessPattern { predicates, ..AccessPattern::new(QName::plain(table), RefId(0)) };
    QueryShape { patterns: vec![pattern], ..QueryShape::default() }
}

fn rows(schema: &str, config: &Config) -> String {
    let stats = assume(&catalog(schema), config, &[]);
    stats.tables.iter().map(|(name, table)| format!("{name} {:e}", table.rows)).collect::<Vec<_>>().join(", ")
}

fn with_rows(tables: &[(&str, f64)]) -> Config {
    let settings = |rows: f64| TableSettings { rows: Some(rows), ..TableSettings::default() };
    Config {
        tables: tables.iter().map(|(name, rows)| ((*name).to_owned(), settings(*rows))).collect(),
        ..Config::default()
    }
}

#[test]
fn rows_fan_out_along_foreign_keys() {
    let cases = [
        ("users: id int pk", "users 1e4"),
        ("users: id int pk\n posts: id int pk, user_id int -> users", "posts 1e5, users 1e4"),
        ("a: id int pk\n b: a_id int -> a\n c: b_id int -> b, a_id int -> a", "a 1e4, b 1e5, c 1e6"),
        ("a: id int pk\n b: a_id int -> a\n c: b_id int -> b\n d: c_id int -> c", "a 1e4, b 1e5, c 1e6, d 1e6"),
        ("users: id int pk\n profiles: user_id int unique -> users", "profiles 1e4, users 1e4"),
        ("users: id int pk\n admins: id int pk -> users", "admins 1e4, users 1e4"),
        ("tree: id int pk, parent_id int null -> tree", "tree 1e4"),
        ("a: id int pk, b_id int -> b\n b: id int pk, a_id int -> a", "a 1e4, b 1e4"),
        ("a: id int pk, b_id int -> b\n b: id int pk, a_id int -> a\n c: a_id int -> a", "a 1e4, b 1e4, c 1e5"),
        ("payment_settings: id int pk", "payment_settings 1e3"),
        ("users: id int pk\n user_settings: id int pk, user_id int -> users", "user_settings 1e4, users 1e4"),
        ("users: id int pk\n themes_types: id int pk, user_id int null -> users", "themes_types 1e3, users 1e4"),
        ("users: id int pk\n templates: id int pk, author_id int -> users", "templates 1e3, users 1e4"),
        ("Category: id int pk", "Category 1e3"),
        ("taxRules: id int pk", "taxRules 1e3"),
        ("overrules: id int pk", "overrules 1e4"),
        ("roles: id int pk\n logs: role_id int -> roles", "logs 1e4, roles 1e3"),
        (
            "users: id int pk\n roles: id int pk\n user_roles: user_id int -> users, role_id int -> roles, unique(user_id role_id)",
            "roles 1e3, user_roles 1e5, users 1e4",
        ),
        (
            "roles: id int pk\n permissions: id int pk\n
             role_permissions: role_id int -> roles, permission_id int -> permissions, unique(role_id permission_id)",
            "permissions 1e3, role_permissions 1e3, roles 1e3",
        ),
        ("kinds_type: id int pk\n notes: object_id int, object_type_id int -> kinds_type", "kinds_type 1e3, notes 1e5"),
        ("votes: item_id uuid, item_type text", "votes 1e5"),
        ("items: id int pk\n votes: item_id uuid, item_type text", "items 1e4, votes 1e4"),
        ("votes: item_id int, kind text", "votes 1e4"),
        ("a: id int pk\n b: x_id int -> gone", "a 1e4, b 1e4"),
    ];
    for (schema, expect) in cases {
        assert_eq!(rows(schema, &Config::default()), expect, "{schema}");
    }
}

#[test]
fn configured_rows_win_and_fan_out_restarts_from_them() {
    let schema = "a: id int pk\n b: id int pk, a_id int -> a\n c: b_id int -> b\n kinds: id int pk";
    let cases: [(&[(&str, f64)], &str); 5] = [
        (&[("a", 50.0)], "a 5e1, b 1e3, c 1e4, kinds 1e4"),
        (&[("b", 2e6)], "a 1e4, b 2e6, c 2e6, kinds 1e4"),
        (&[("c", 7.0)], "a 1e4, b 1e5, c 7e0, kinds 1e4"),
        (&[("public.a", 2e3)], "a 2e3, b 2e4, c 2e5, kinds 1e4"),
        (&[("a", 3e6), ("b", 5e3)], "a 3e6, b 5e3, c 5e4, kinds 1e4"),
    ];
    for (given, expect) in cases {
        assert_eq!(rows(schema, &with_rows(given)), expect, "{given:?}");
    }
    let stats = assume(&catalog(schema), &with_rows(&[("a", 50.0)]), &[]);
    let source = |name: &str| stats.tables[&QName::plain(name)].source;
    assert_eq!((source("a"), source("b")), (StatsSource::Configured, StatsSource::Assumed));
}

const SHOP: &str = "
    users: id int pk, email text unique, name text, org_id int, country text, country_code text, bio text
    statuses: id int pk
    parts: id bigint, made date, unique(id made)
    orders: id bigint pk, user_id int -> users, parent_id int null -> orders, users_id int, status_id int, status text, state int, placed text default 'new', paid bool, total_cents int, total numeric, note text, external_id text, tag text, kind text check(a b c), created_at timestamp, updated_at timestamp null, shipped_at timestamp null, cancelled_at timestamp null, due date null, month int, data jsonb, quantity int, city text, slug text, ref uuid, token varchar(8), seen_at int, size text, opens time, version int, asset smallint, fee_cents smallint, done int default 0, tries int default 0, mark int default 1, raw bytea, tx_hash bytea, out_txid bytea
";

/// `role distinct [null N] [corr N]`.
fn said(stats: &StatsModel, name: &str) -> String {
    let (table, column) = name.split_once('.').expect("table.column");
    let found = stats.column(&QName::plain(table), &Ident::new(column)).expect("a column");
    let mut text = format!("{:?} {}", found.role, found.n_distinct);
    if found.null_fraction > 0.0 {
        text.push_str(&format!(" null {}", found.null_fraction));
    }
    if found.correlation > 0.0 {
        text.push_str(&format!(" corr {}", found.correlation));
    }
    text
}

fn check(stats: &StatsModel, cases: &[(&str, &str)]) {
    let wrong = cases.iter().filter(|(name, expect)| said(stats, name) != *expect);
    let wrong: Vec<String> =
        wrong.map(|(name, expect)| format!("{name}: {} and not {expect}", said(stats, name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns_by_key_type_and_name() {
    let stats = assume(&catalog(SHOP), &Config::default(), &[]);
    check(
        &stats,
        &[
            ("users.id", "Key 10000 corr 0.98"),
            ("users.email", "Key 10000"),
            ("users.name", "ManyValued 5000"),
            ("users.org_id", "Reference 1000"),
            ("users.country", "StatusLike 50"),
            ("users.country_code", "StatusLike 50"),
            ("users.bio", "ManyValued 10000"),
            ("parts.id", "Key 10000"),
            ("orders.user_id", "Reference 10000"),
            ("orders.parent_id", "Reference 10000 null 0.9"),
            ("orders.users_id", "Reference 10000"),
            ("orders.status_id", "Reference 10000"),
            ("orders.status", "StatusLike 8"),
            ("orders.state", "StatusLike 8"),
            ("orders.placed", "StatusLike 8"),
            ("orders.paid", "Boolean 2"),
            ("orders.total_cents", "Quantity 5000"),
            ("orders.total", "Quantity 5000"),
            ("orders.external_id", "ManyValued 100000"),
            ("orders.tag", "ManyValued 200"),
            ("orders.kind", "StatusLike 3"),
            ("orders.created_at", "Time 90000 corr 0.98"),
            ("orders.updated_at", "Time 70000 null 0.3 corr 0.5"),
            ("orders.shipped_at", "Time 70000 null 0.3 corr 0.9"),
            ("orders.cancelled_at", "Time 5000 null 0.95 corr 0.9"),
            ("orders.due", "Time 1000 null 0.3 corr 0.9"),
            ("orders.month", "StatusLike 12"),
            ("orders.data", "Unkeyable 100000"),
            ("orders.quantity", "Quantity 200"),
            ("orders.city", "ManyValued 1000"),
            ("orders.slug", "ManyValued 100000"),
            ("orders.ref", "ManyValued 100000"),
            ("orders.token", "ManyValued 100000"),
            ("orders.seen_at", "Time 90000 corr 0.9"),
            ("orders.opens", "Time 96"),
            ("orders.version", "StatusLike 8"),
            ("orders.asset", "StatusLike 8"),
            ("orders.fee_cents", "Quantity 5000"),
            ("orders.done", "Quantity 200"),
            ("orders.raw", "Unkeyable 100000"),
            ("orders.tx_hash", "ManyValued 100000"),
            ("orders.out_txid", "ManyValued 100000"),
        ],
    );
    let width = |name: &str| stats.column(&QName::plain("orders"), &Ident::new(name)).expect("a column").avg_width;
    assert_eq!((width("token"), width("id"), width("paid"), width("note")), (8.0, 8.0, 1.0, 200.0));
}

#[test]
fn attributes_are_few_where_a_value_stands_beside_them() {
    let schema = "things: id int pk
        properties: id int pk, thing_id int -> things, key text, value jsonb, unique(thing_id key)
        fields: thing_id int -> things, name text, string_value text, unique(thing_id name)
        projects: id int pk, thing_id int -> things, name text, body text, unique(thing_id name)
        settings_of: id int pk, key text unique, value text
        pairs: id int pk, key text, value text, unique(id key)
        secrets: id int pk, thing_id int -> things, api_key text, value text, unique(thing_id api_key)
        loose: id int pk, thing_id int -> things, key text, value text";
    let stats = assume(&catalog(schema), &Config::default(), &[]);
    check(
        &stats,
        &[
            ("properties.key", "StatusLike 8"),
            ("fields.name", "StatusLike 8"),
            ("projects.name", "ManyValued 50000"),
            ("settings_of.key", "Key 10000"),
            ("pairs.key", "ManyValued 10000"),
            ("secrets.api_key", "ManyValued 100000"),
            ("loose.key", "ManyValued 100000"),
        ],
    );
}

#[test]
fn a_kind_in_a_key_of_several_columns_is_one_of_few() {
    let mut catalog = catalog(
        "providers: id int pk, name text, project_id int
         tokens: id int pk, project_id int, provider text, owner text",
    );
    let tokens = catalog.tables.get_mut(&QName::plain("tokens")).expect("a table");
    let key = |columns: [&str; 2]| ForeignKey {
        name: None,
        columns: columns.into_iter().map(Ident::new).collect(),
        to: QName::plain("providers"),
        to_columns: Vec::new(),
        on_delete: ReferentialAction::Refuse,
        place: NOWHERE(),
    };
    tokens.foreign_keys = vec![key(["provider", "project_id"]), key(["owner", "project_id"])];
    let stats = assume(&catalog, &Config::default(), &[]);
    check(&stats, &[("tokens.provider", "StatusLike 8"), ("tokens.owner", "Reference 10000")]);
    let tokens = catalog.tables.get_mut(&QName::plain("tokens")).expect("a table");
    tokens.foreign_keys[0].columns.truncate(1);
    let stats = assume(&catalog, &Config::default(), &[]);
    check(&stats, &[("tokens.provider", "Reference 10000")]);
}

#[test]
fn queries_are_evidence() {
    let shapes = [
        query("orders", &["tag=a,b", "due?", "total?", "note=x"]),
        query("orders", &["tag=b,c,d,e,f,g,h,i,j", "shipped_at?", "cancelled_at?"]),
        query("users", &["tag=z", "bio?"]),
        query("orders", &["done=0", "tries=0", "mark=0,2", "quantity=1"]),
        query("orders", &["done=1", "done?", "tries$"]),
    ];
    let shapes: Vec<&QueryShape> = shapes.iter().collect();
    let stats = assume(&catalog(SHOP), &Config::default(), &shapes);
    check(
        &stats,
        &[
            ("orders.tag", "StatusLike 11"),
            ("orders.note", "StatusLike 8"),
            ("orders.due", "Time 1000 null 0.5 corr 0.9"),
            ("orders.shipped_at", "Time 50000 null 0.5 corr 0.9"),
            ("orders.cancelled_at", "Time 5000 null 0.95 corr 0.9"),
            // A NOT NULL column holds no NULL, whatever queries ask.
            ("orders.total", "Quantity 5000"),
            ("orders.size", "ManyValued 200"),
            // Nothing but 0 and 1 is ever asked for, and one of them is the default.
            ("orders.done", "Boolean 2"),
            ("orders.tries", "Quantity 200"),
            ("orders.mark", "Quantity 200"),
            ("orders.quantity", "Quantity 200"),
        ],
    );
}

#[test]
fn what_is_joined_with_another_tables_key_refers_to_it() {
    let schema = "users: id int pk, boss int\n logs: id int pk, actor int, word text, other int";
    let join = |table: &str, column: &str, other: &str, other_key: &str| {
        let mut pattern = AccessPattern::new(QName::plain(table), RefId(0));
        let (key, other_key, sql) = (Expr::column(column), Expr::column(other_key), 0..0);
        pattern.joins.push(JoinKey { key, other: RefId(1), other_key, kind: JoinKind::Inner, sql });
        let reference = |id: u16, table: &str| TableRef {
            id: RefId(id),
            table: QName::plain(table),
            label: Ident::new(table),
            sql: 0..0,
            via_view: None,
            block: 0,
            nullable_side: false,
            written: None,
            set: Vec::new(),
        };
        let references = vec![reference(0, table), reference(1, other)];
        QueryShape { patterns: vec![pattern], references, ..QueryShape::default() }
    };
    let shapes = [
        join("logs", "actor", "users", "id"),
        join("logs", "word", "users", "id"),
        join("logs", "other", "users", "boss"),
        join("users", "boss", "users", "id"),
    ];
    let stats = assume(&catalog(schema), &Config::default(), &shapes.iter().collect::<Vec<_>>());
    check(
        &stats,
        &[
            ("logs.actor", "Reference 5000"),
            ("logs.word", "ManyValued 200"),
            ("logs.other", "Quantity 200"),
            ("users.boss", "Quantity 200"),
        ],
    );
}

#[test]
fn configured_columns_win() {
    let mut config = with_rows(&[("orders", 1000.0)]);
    let said = |distinct, null_fraction, correlation| ColumnSettings { distinct, null_fraction, correlation };
    let orders = config.tables.get_mut("orders").expect("just made");
    orders.columns.insert("status".to_owned(), said(Some(3.0), None, None));
    orders.columns.insert("TAG".to_owned(), said(Some(9e9), Some(0.25), Some(-1.0)));
    orders.columns.insert("gone".to_owned(), said(None, None, None));
    config.tables.insert("nowhere".to_owned(), TableSettings::default());
    let stats = assume(&catalog(SHOP), &config, &[]);
    check(
        &stats,
        &[
            ("orders.status", "StatusLike 3"),
            ("orders.tag", "ManyValued 1000 null 0.25"),
            ("orders.user_id", "Reference 500"),
        ],
    );
    let unknown: Vec<String> = unknown_settings(&catalog(SHOP), &config).into_iter().map(|key| key.join(".")).collect();
    assert_eq!(unknown, ["tables.nowhere", "tables.orders.columns.gone"]);
}

#[test]
fn pages_follow_from_rows_and_widths() {
    let stats = assume(&catalog("t: id int pk, a bigint"), &Config::default(), &[]);
    // 10,000 rows of 4 + 8 + 28 bytes in pages of 8192 bytes, nine tenths full.
    assert_eq!(stats.tables[&QName::plain("t")].pages, 55.0);
    let none = assume(&catalog("t: id int pk"), &with_rows(&[("t", 0.0)]), &[]);
    assert_eq!((none.tables[&QName::plain("t")].pages, none.tables[&QName::plain("t")].rows), (1.0, 0.0));
    assert_eq!(
        none.column(&QName::plain("t"), &"id".into()).map(|id| (id.n_distinct, id.role)),
        Some((1.0, ColumnRole::Key))
    );
}

#[test]
fn the_same_schema_gives_the_same_figures() {
    let once = assume(&catalog(SHOP), &Config::default(), &[]);
    assert_eq!(once, assume(&catalog(SHOP), &Config::default(), &[]));
}
