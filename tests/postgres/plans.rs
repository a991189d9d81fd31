//! Every case of `testdata/plans/postgres/` is asked of a server again, so that recorded plans stay true.
//!
//! `src/explain/postgres/tests.rs` says what a case is. `BLESS=1` writes what a server of this version prints; then
//! `BLESS=1 cargo test --lib explain::postgres` reads it anew.

use std::fs;
use std::path::Path;

use planlint::scratch::postgres::cluster::DATABASE;
use planlint::scratch::postgres::session::Session;

use super::cluster;

#[test]
fn recorded_plans_are_still_true() {
    let Some(cluster) = cluster() else { return };
    let name = format!("json {}", cluster.binaries().version.major);
    let mut planner = cluster.planner(DATABASE).expect("a session");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/plans/postgres");
    let mut compared = 0;
    for path in fs::read_dir(&folder).expect("cases").map(|entry| entry.expect("a case").path()) {
        let text = fs::read_to_string(&path).expect("a case");
        let mut sections = sections(&text);
        let now = ask(&mut planner, &sections);
        let Some((_, recorded)) = sections.iter_mut().find(|(section, _)| *section == name) else { continue };
        compared += 1;
        if std::env::var_os("BLESS").is_some() {
            *recorded = now;
            let text: String = sections.iter().map(|(name, body)| format!("-- {name}\n{body}")).collect();
            fs::write(&path, text).expect("a case");
        } else {
            assert_eq!(now, *recorded, "{}", path.display());
        }
    }
    eprintln!("{compared} plans compared with `{name}`");
}

fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("-- "), sections.last_mut()) {
            (Some(name), _) => sections.push((name.to_owned(), String::new())),
            (None, Some((_, body))) => body.push_str(&format!("{line}\n")),
            (None, None) => panic!("a case begins with a section"),
        }
    }
    sections
}

/// The generic plan, in a transaction of which nothing stays.
fn ask(planner: &mut Session, sections: &[(String, String)]) -> String {
    let section =
        |wanted: &str| sections.iter().find(|(name, _)| name == wanted).map_or("", |(_, body)| body.as_str()).trim();
    let types: Vec<&str> = section("parameters").split(", ").filter(|one| !one.is_empty()).collect();
    let list = |items: Vec<&str>| if items.is_empty() { String::new() } else { format!("({})", items.join(", ")) };
    let values = list(types.iter().map(|_| "NULL").collect());
    planner.run(&format!("BEGIN; {}", section("schema"))).expect("a schema");
    let asked = format!(
        "{} SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE asked {} AS {}; \
         EXPLAIN (FORMAT JSON) EXECUTE asked {values}",
        section("settings"),
        list(types),
        section("query"),
    );
    let rows = planner.rows(&asked).expect("a plan");
    planner.run("ROLLBACK").expect("an end");
    rows.into_iter().flatten().flatten().map(|line| line + "\n").collect()
}
