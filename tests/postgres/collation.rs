//! A database that is wholly under `C`: the scratch database is too, and no index is advised that only others need.

use std::fs;

use planlint::scratch::postgres::cluster::{Choice, Cluster, DATABASE};
use planlint::snapshot::FILE;
use serde_json::{Value, json};

use super::run::{Project, told};

const SCHEMA: &str = "
CREATE TABLE members (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL);
";
const QUERY: &str = "SELECT id FROM members WHERE email LIKE 'info@%';\n";

/// The rules that are broken where production orders text so, by the engine.
fn broken(collation: Option<&str>, engine: &str) -> Vec<String> {
    let project = Project::of(SCHEMA, QUERY);
    let mut figures = json!({"planlint_stats": 1, "product": "postgres", "version": "15.1",
        "tables": {"members": {"rows": 1_000_000.0, "pages": 20_000.0}}});
    if let Some(collation) = collation {
        figures["collation"] = collation.into();
    }
    fs::write(project.path("app").join(FILE), figures.to_string()).expect("a file");
    let programs = super::binaries().expect("they were there").folder;
    let mut command = project.command(&["check", "--output", "json", "--engine", engine, "--pg-bin"]);
    let output = command.arg(programs).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["rule"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_plain_index_serves_the_first_letters_where_production_compares_letters() {
    if super::binaries().is_none() {
        return;
    }
    let check = |collation: Option<&str>, expect: &[&str]| {
        assert_eq!(broken(collation, "postgres"), expect, "{collation:?}");
    };
    check(None, &["like-needs-pattern-ops"]);
    check(Some("libc en_US.utf8"), &["like-needs-pattern-ops"]);
    check(Some("icu de-DE"), &["like-needs-pattern-ops"]);
    check(Some("libc C"), &[]);
    check(Some("builtin C.UTF-8"), &[]);
    // No name of a locale: as if none were given.
    check(Some("libc ../../C"), &["like-needs-pattern-ops"]);
    assert_eq!(broken(Some("libc C"), "sqlite"), Vec::<String>::new());
}

#[test]
fn a_cluster_orders_text_as_it_is_told() {
    let Some(choice) = super::choice() else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let choice = |collation: &str| Choice {
        cache: Some(cache.path().to_path_buf()),
        collation: Some(collation.to_owned()),
        ..choice.clone()
    };
    let major = choice("libc C").binaries.version.major;
    // Each template is kept for itself.
    for _ in 0..2 {
        let check = |collation: &str, name: &str, before: &str| {
            let cluster = Cluster::start(&choice(collation)).unwrap_or_else(|error| panic!("{error:?}"));
            let mut admin = cluster.admin(DATABASE).expect("a session");
            let rows = admin.rows("SELECT 'a' < 'B' COLLATE \"default\"").expect("a row");
            assert_eq!((cluster.collation(), rows[0][0].as_deref()), (name, Some(before)), "{collation}");
        };
        check("libc C", "libc C", "f");
        if major >= 15 {
            check("icu de-DE", "icu de-DE", "t");
            check("libc xx_YY.nowhere", "icu en-US", "t");
        }
        let builtin = if major >= 17 { "builtin C.UTF-8" } else { "libc C" };
        check("builtin C.UTF-8", builtin, "f");
    }
}
