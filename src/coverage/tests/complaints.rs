//! What users of index advisors complain about most, as far as this module can prevent it (`rules.md`).

use super::spec::{access, index, target};
use crate::catalog::{Backing, Index, IndexId, Table};
use crate::coverage::{Joins, WhyNot, covers, serving, serving_branch, subsumes};
use crate::dialect::{Dialect, Target};
use crate::name::QName;
use crate::source::{FileId, HostSpan};

fn table_of(indexes: &[(&str, Option<Backing>)]) -> Table {
    let indexes = indexes.iter().enumerate().map(|(at, (text, backs))| Index {
        id: IndexId(at as u32),
        name: None,
        def: index(text, Dialect::Postgres),
        place: HostSpan::new(FileId(0), 0..0),
        held: true,
        valid: true,
        backs: *backs,
    });
    Table { indexes: indexes.collect(), ..Table::empty(QName::plain("t"), HostSpan::new(FileId(0), 0..0)) }
}

/// Returns the position of the index that serves best.
fn served_by(table: &Table, asked: &str, target: &Target) -> Option<u32> {
    serving(table, &access(asked, Dialect::Postgres), Joins::Bound, target).map(|found| found.index.id.0)
}

const PG: fn() -> Target = || target("postgres");

#[test]
fn complaint_1_what_already_serves_the_query_is_seen() {
    let table = table_of(&[
        ("unique (id)", Some(Backing::PrimaryKey)),
        ("unique (email)", Some(Backing::Unique)),
        ("(org, created)", None),
        ("(lower(name))", None),
        ("gin (body gin_trgm_ops)", None),
        ("(org, state) where deleted is null", None),
    ]);
    let expected = [
        ("id = ?", Some(0)),
        ("id = o.x", Some(0)),
        ("email = ?", Some(1)),
        ("org = ?", Some(2)),
        ("org = ? order by created desc limit 10", Some(2)),
        ("lower(name) = ?", Some(3)),
        ("body ilike '%x%'", Some(4)),
        ("org = ? and state = ? and deleted is null", Some(5)),
        ("org = ? and state = ?", Some(2)),
        ("id = ? and org = ? and state = ?", Some(0)),
        ("state = ?", None),
        ("name = ?", None),
    ];
    for (asked, expect) in expected {
        assert_eq!(served_by(&table, asked, &PG()), expect, "{asked}");
    }
}

#[test]
fn complaint_2_a_key_is_never_redundant_to_a_wider_index() {
    let read = |text| index(text, Dialect::Postgres);
    for wide in ["(a, b)", "unique (a, b)", "(a, b) include (c)"] {
        assert_eq!(subsumes(&read(wide), &read("unique (a)"), &PG()), Err(WhyNot::Unique), "{wide}");
    }
}

#[test]
fn complaint_8_an_invalid_index_serves_nothing() {
    let mut table = table_of(&[("(a)", None)]);
    assert_eq!(served_by(&table, "a = ?", &PG()), Some(0));
    table.indexes[0].valid = false;
    assert_eq!(served_by(&table, "a = ?", &PG()), None);
    table.indexes[0].valid = true;
    table.indexes[0].held = false;
    assert_eq!(served_by(&table, "a = ?", &PG()), None, "nor does one that only a model declares");
}

#[test]
fn complaint_10_the_leftmost_prefix_rule_depends_on_the_version() {
    let table = table_of(&[("(a, b)", None)]);
    assert_eq!(served_by(&table, "b = ?", &target("postgres 17")), None);
    assert_eq!(served_by(&table, "b = ?", &target("postgres 18")), Some(0));
    let found =
        covers(&index("(a, b)", Dialect::Postgres), &access("b = ?", Dialect::Postgres), &target("postgres 18"));
    assert_eq!((found.skipped, found.equality), (1, 1), "and says that it is the weak kind of use");
    // An index whose only use is a skip scan never beats one that seeks.
    let two = table_of(&[("(a, b)", None), ("(b)", None)]);
    assert_eq!(served_by(&two, "b = ?", &target("postgres 18")), Some(1));
}

#[test]
fn each_branch_of_an_or_wants_its_own_index() {
    let table = table_of(&[("(a)", None), ("(b)", None)]);
    let asked = access("a = ? or b = ?", Dialect::Postgres);
    let serve = |branch: usize| {
        let branch = &asked.disjunctions[0].branches[branch];
        serving_branch(&table, &asked, branch, &PG()).map(|found| found.index.id.0)
    };
    assert_eq!((serve(0), serve(1)), (Some(0), Some(1)));
    let without = table_of(&[("(a)", None)]);
    let branch = &asked.disjunctions[0].branches[1];
    assert!(serving_branch(&without, &asked, branch, &PG()).is_none());
}

#[test]
fn every_reason_can_be_told_to_a_person() {
    let why = |key: &str, asked: &str| {
        let index = index(key, Dialect::Postgres);
        covers(&index, &access(asked, Dialect::Postgres), &PG()).blocked.expect("a reason").explain(&index)
    };
    assert_eq!(why("(a, b)", "b = ?"), "its leading key `a` is not compared");
    assert_eq!(why("(a)", "lower(a) = ?"), "the comparison is not on its leading key `a` itself");
    assert_eq!(why("(a) where b IS NULL", "a = ?"), "it holds only rows where `b IS NULL`, and others may be wanted");
    assert_eq!(why("(a)", "a like 'x%'"), "the collation of `a` keeps a prefix LIKE from seeking");
    assert_eq!(why("gin (a)", "a = ?"), "its method `gin` answers other operators only");
}
