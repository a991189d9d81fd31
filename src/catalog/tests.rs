//! Tests of looking things up in a catalogue.

use super::*;

#[test]
fn a_bare_name_is_found_where_one_schema_alone_has_it() {
    let check = |names: &[&str], wanted: &str, expect: Option<&str>| {
        let map: BTreeMap<QName, &str> = names.iter().map(|name| (QName::read(name), *name)).collect();
        assert_eq!(find(&map, &QName::read(wanted)).copied(), expect, "{names:?} {wanted}");
    };
    let names = ["t", "u", "a.u", "a.v", "ab.w", "b.v", "b.x"];
    check(&names, "t", Some("t"));
    check(&names, "u", Some("u"));
    check(&names, "w", Some("ab.w"));
    check(&names, "x", Some("b.x"));
    check(&names, "v", None);
    check(&names, "y", None);
    check(&names, "b.t", None);
    check(&["t"], "b.t", Some("t"));
    check(&[], "t", None);
}

#[test]
fn an_index_is_found_by_its_number() {
    let mut catalog = Catalog::new(Dialect::Postgres);
    for table in ["a", "b", "c"] {
        let create = SchemaOp::CreateTable { table: Box::new(empty(table)), parts: Vec::new() };
        let index = |column: &str| SchemaOp::CreateIndex {
            name: None,
            def: IndexDef::btree(Dialect::Postgres, QName::plain(table), [column]),
        };
        let steps = [create, index("x"), index("y")].map(|op| SchemaStep { op, guarded: false, place: nowhere() });
        let (made, skips) = replay(Dialect::Postgres, &steps);
        assert!(skips.is_empty(), "{skips:?}");
        catalog.tables.extend(made.tables);
    }
    catalog.number_indexes();
    assert!((0..6).map(IndexId).all(|id| catalog.index(id).is_some_and(|index| index.id == id)));
    assert_eq!(catalog.index(IndexId(6)), None);
}

fn nowhere() -> HostSpan {
    HostSpan { file: crate::source::FileId(0), start: 0, end: 0 }
}

fn empty(name: &str) -> Table {
    let column = |name: &str| Column {
        name: Ident::new(name),
        ty: ColumnType { declared: "integer".to_owned(), class: TypeClass::Integer, members: Vec::new() },
        not_null: false,
        default: None,
        generated: None,
        collation: None,
        place: nowhere(),
    };
    Table { columns: vec![column("x"), column("y")], ..Table::empty(QName::plain(name), nowhere()) }
}
