//! Every case of `testdata/plans/postgres/` is read.
//!
//! A case is a text file of sections (`-- name`): `schema`, `references` (tables in order of t0, t1, …), `settings`,
//! `parameters` (their types), `query`, and for each server version `json N`, as that server prints its generic plan,
//! and `plan N`, which `BLESS=1 cargo test` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::catalog::{IndexKey, Method};
use crate::dialect::Dialect;
use crate::explain::case::Case;
use crate::name::Ident;
use crate::plan::{self, PlanNames};

struct Schema(BTreeMap<String, (IndexId, IndexDef)>);

impl Names for Schema {
    fn index(&self, table: &QName, name: &str) -> Option<(IndexId, &IndexDef)> {
        self.0.get(name).filter(|(_, def)| def.table == *table).map(|(id, def)| (*id, def))
    }
}

impl PlanNames for Schema {
    fn reference(&self, id: RefId) -> String {
        format!("t{}", id.0)
    }

    fn index(&self, id: IndexId) -> String {
        format!("ix_{}", id.0)
    }
}

impl Schema {
    /// Reads `CREATE INDEX ix_1 ON a USING gin (b, lower(c)) WHERE …`; the index of a partition goes by its parent's name.
    fn read(text: &str) -> Self {
        let mut found = BTreeMap::new();
        for line in text.lines().filter(|line| line.contains("INDEX ix_")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = words.iter().position(|word| *word == "INDEX").unwrap() + 1;
            let (_, keys) = line.split_once(" (").unwrap();
            let keys = keys.split_once(") WHERE").map_or(keys.trim_end_matches([';', ' ']), |(keys, _)| keys);
            let mut def = IndexDef::btree(Dialect::Postgres, QName::plain(words[name + 2]), Vec::<Ident>::new());
            def.keys = keys.strip_suffix(')').unwrap_or(keys).split(", ").map(key).collect();
            if let Some(method) = words.iter().position(|word| *word == "USING") {
                def.method = Method::Other(words[method + 1].to_owned());
            }
            let id = IndexId(words[name]["ix_".len()..].parse().unwrap());
            let column = def.keys[0].expr.to_string();
            for partition in ["2020", "2021"] {
                found.insert(format!("{}_{partition}_{column}_idx", words[name + 2]), (id, def.clone()));
            }
            found.insert(words[name].to_owned(), (id, def));
        }
        Self(found)
    }
}

fn key(text: &str) -> IndexKey {
    let expr = match text.contains('(') {
        true => Expr::Opaque { text: text.to_owned(), columns: BTreeSet::new() },
        false => Expr::column(text.trim_matches('"')),
    };
    IndexKey { expr, desc: false, nulls_first: false, opclass: None, collation: None, prefix: None }
}

/// The case with every recorded plan read again.
fn reread(case: &Case) -> String {
    let schema = Schema::read(case.section("schema"));
    let mut text = String::new();
    for (name, body) in case.sections.iter().filter(|(name, _)| !name.starts_with("plan ")) {
        write!(text, "-- {name}\n{body}").unwrap();
        if let Some(version) = name.strip_prefix("json ") {
            let plan = read(body, &case.query(), &schema).unwrap();
            write!(text, "-- plan {version}\n{}", plan::tree(&plan, &schema)).unwrap();
        }
    }
    text
}

#[test]
fn recorded_plans_are_read_as_the_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/plans/postgres");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 50, "cases are missing from {}", folder.display());
    let bless = std::env::var_os("BLESS").is_some();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let now = reread(&Case::read(&text));
        if bless {
            fs::write(&path, now).unwrap();
        } else {
            assert_eq!(now, text, "{}", path.display());
        }
    }
}

#[test]
fn what_no_server_prints_is_read_all_the_same() {
    let query = Case::read("-- references\na b\n").query();
    let schema = Schema::read("CREATE INDEX ix_1 ON a (b);");
    let check = |plan: &str, expected: &str| {
        let read = read(&format!("[{{\"Plan\": {plan}}}]"), &query, &schema).unwrap();
        assert_eq!(plan::tree(&read, &schema), expected);
    };
    check("{}", "unknown step\n");
    check(r#"{"Node Type": 7, "Plans": {}}"#, "unknown step\n");
    check(r#"{"Node Type": "Teleport", "Plans": [{"Node Type": "Seq Scan"}]}"#, "teleport\n  seq scan\n");
    check(r#"{"Node Type": "Seq Scan", "Relation Name": "x", "Alias": "t7"}"#, "seq scan on x\n");
    check(r#"{"Node Type": "Index Scan", "Alias": "t0", "Index Name": "nobodys"}"#, "read t0\n");
    check(r#"{"Node Type": "Bitmap Heap Scan", "Alias": "t0"}"#, "read t0\n");
    check(r#"{"Node Type": "BitmapOr", "Plans": [{}, {}]}"#, "bitmapor\n  unknown step\n  unknown step\n");
    check(
        r#"{"Node Type": "Index Scan", "Alias": "t0", "Index Name": "ix_1", "Index Cond": "((((b"}"#,
        "seek t0 by index ix_1 (b = ?)\n",
    );
}

#[test]
fn text_that_is_no_plan_is_said_to_be_none() {
    let query = Case::read("-- references\na\n").query();
    let schema = Schema::read("");
    let check = |text: &str, expected: &str| {
        let words = read(text, &query, &schema).unwrap_err();
        assert!(words.starts_with(expected), "{words}");
    };
    check("", "the plan is no JSON: ");
    check("{}", "the server's answer holds no plan");
    check("[]", "the server's answer holds no plan");
    check(r#"[{"Plan": []}]"#, "the server's answer holds no plan");
    check(&"[".repeat(1 << 20), "the plan has more than 4000 levels");
}

#[test]
fn a_deep_plan_is_read_to_its_end() {
    let deep = r#"{"Node Type": "Limit", "Plans": ["#.repeat(1_500) + "{}" + &"]}".repeat(1_500);
    let query = Case::read("-- references\na\n").query();
    let plan = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || read(&format!("[{{\"Plan\": {deep}}}]"), &query, &Schema::read("")))
        .unwrap();
    let mut depth = 0;
    plan.join().unwrap().unwrap().root.walk(&mut |_| depth += 1);
    assert_eq!(depth, 1_501);
}
