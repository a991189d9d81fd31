//! Several lanes answer as one does: plans, trials, refusals, sizes, and the bytes of a report.

use planlint::assume::assume;
use planlint::catalog::IndexDef;
use planlint::config::Config;
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, EngineQuery, IndexSet, PlanRequest, ScratchEngine};
use planlint::name::QName;
use planlint::scratch::postgres::PostgresEngine;
use planlint::shape::shape;
use planlint::sql::lower::lower_native;

use super::choice;
use super::run::{Project, told};

const TABLES: usize = 30;

fn schema() -> Vec<String> {
    let table = |at: usize| {
        format!(
            "CREATE TABLE t{at} (id bigint PRIMARY KEY, parent_id bigint REFERENCES t{}, status text, email text, at timestamptz)",
            at / 2
        )
    };
    let tables = (0..TABLES).map(table);
    tables.chain((0..TABLES).map(|at| format!("CREATE INDEX t{at}_parent ON t{at} (parent_id)"))).collect()
}

/// So many queries, no two alike; a few that the server refuses, and some whose parameters have no type of their own.
fn queries(count: usize) -> Vec<String> {
    let query = |at: usize| {
        let (table, form) = (at % TABLES, at / TABLES);
        match form % 4 {
            0 => format!("SELECT * FROM t{table} WHERE email = $1 LIMIT {}", form + 1),
            1 => format!(
                "SELECT a.id FROM t{table} a JOIN t{} b ON b.id = a.parent_id WHERE b.status = $1 LIMIT {}",
                table / 2,
                form + 1
            ),
            2 => format!("SELECT concat($1, status) FROM t{table} WHERE at > $2 ORDER BY at LIMIT {}", form + 1),
            _ => format!("SELECT nothing($1) FROM t{table} LIMIT {}", form + 1),
        }
    };
    (0..count).map(query).collect()
}

/// All that an engine with so many lanes answers.
fn answers(lanes: usize) -> Option<Vec<String>> {
    let (schema, target) = (schema(), Target::any(Dialect::Postgres));
    let (catalog, native) = (super::catalog(&schema), super::native(&schema));
    let (engine, _) = PostgresEngine::with_schema(&choice()?, target, &native, &catalog).expect("a server");
    let mut engine = engine.with_lanes(lanes).expect("a server");
    assert_eq!(engine.lanes(), lanes);
    engine.load(&catalog, &assume(&catalog, &Config::default(), &[])).expect("statistics");
    let lower = |sql: &String| lower_native(&shape(sql, &catalog).expect("a query"), &catalog, 50);
    let queries: Vec<EngineQuery> = queries(300).iter().map(lower).collect();
    let as_is = vec![IndexSet::default(); queries.len()];
    let plan = |engine: &mut PostgresEngine, sets: &[IndexSet]| -> Vec<String> {
        let batch: Vec<PlanRequest<'_>> =
            queries.iter().zip(sets).map(|(query, indexes)| PlanRequest { query, indexes }).collect();
        let answers = engine.plan(&batch, Deadline(None)).expect("a server");
        answers.into_iter().map(|answer| format!("{answer:?}")).collect()
    };
    let mut all = plan(&mut engine, &as_is);
    let def = |query: &EngineQuery| {
        let table = &query.references[0];
        let defs = ["email", "at", "nowhere"].map(|column| IndexDef::btree(Dialect::Postgres, table.clone(), [column]));
        defs.into_iter()
    };
    let defs: Vec<IndexDef> = queries.iter().flat_map(def).collect();
    let numbers = engine.add_candidates(&defs).expect("a server");
    all.push(format!("{numbers:?}"));
    // Every trial shows two of its three candidates: the third is refused.
    let sets: Vec<IndexSet> = numbers
        .chunks(3)
        .map(|some| IndexSet { shown: some.iter().flatten().copied().collect(), ..IndexSet::default() })
        .collect();
    all.extend(plan(&mut engine, &sets));
    let other = IndexDef::btree(Dialect::Postgres, QName::plain("t3"), ["at", "status"]);
    all.push(format!("{:?}", engine.sizes(&[defs[0].clone(), other]).expect("a server")));
    all.extend(plan(&mut engine, &as_is));
    for query in [&queries[60], &queries[89]] {
        let script = engine.script(&PlanRequest { query, indexes: &sets[60] }, &|id| Some(format!("i{}", id.0)));
        all.push(script.expect("a server").expect("a script"));
    }
    Some(all)
}

#[test]
fn two_lanes_answer_as_one_does() {
    let (Some(one), Some(two)) = (answers(1), answers(2)) else { return };
    assert_eq!(one.len(), two.len());
    one.iter().zip(&two).for_each(|(one, two)| assert_eq!(one, two));
    assert!(one.iter().any(|answer| answer.contains("Seek")) && one.iter().any(|answer| answer.contains("nothing(")));
}

#[test]
fn a_report_is_the_same_however_many_lanes_plan() {
    if super::binaries().is_none() {
        return;
    }
    let schema: String = schema().iter().map(|statement| statement.clone() + ";\n").collect();
    let queries: String = queries(3_100).iter().map(|statement| statement.clone() + ";\n").collect();
    let project = Project::of(&schema, &queries);
    let run = |threads: &str| {
        let mut command = project.command(&["check", "--engine", "postgres", "--output", "json", "--plans"]);
        told(&command.env("RAYON_NUM_THREADS", threads).output().expect("it runs"))
    };
    let one = run("1");
    assert!(one.contains("missing-index") && one.ends_with("exit 1\n"), "{}", &one[one.len() - 500..]);
    assert!(one == run("2"), "one lane and two say different things");
}
