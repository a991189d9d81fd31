//! The stand-in plans as PostgreSQL does: the same queries on both engines, with the same schema and statistics.
//!
//! The verdict on a table is what rules go by: found by these columns, or read whole; and of a query, whether its rows
//! are sorted for ORDER BY.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use planlint::assume::assume;
use planlint::catalog::Catalog;
use planlint::config::Config;
use planlint::dialect::{Dialect, Target};
use planlint::engine::{Deadline, EngineQuery, Fidelity, IndexSet, PlanRequest, Refusal, ScratchEngine};
use planlint::plan::{Access, Condition, ConditionKind, Plan, PlanNode, PlanOp, SortPurpose};
use planlint::query::RefId;
use planlint::scratch::postgres::PostgresEngine;
use planlint::scratch::sqlite::SqliteEngine;
use planlint::shape::shape;
use planlint::sql::lower::{lower, lower_native};
use planlint::sql::resolution::Shaped;
use planlint::stats::StatsModel;

const SCHEMA: &str = include_str!("../../testdata/standin/schema.sql");
const QUERIES: &str = include_str!("../../testdata/standin/queries.sql");
/// Large enough that reading a table whole is no choice where an index finds a part of it.
const LARGE: &[(&str, f64)] = &[
    ("orgs", 2e4),
    ("users", 1e6),
    ("categories", 2e3),
    ("products", 2e5),
    ("orders", 1e7),
    ("items", 3e7),
    ("events", 5e7),
    ("audit.log", 1e7),
];

/// How a table is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// By these columns.
    Sought(BTreeSet<String>),
    /// Every row, to be hashed or merged with what many rows of another table found.
    Joined,
    /// Every row.
    Whole,
}

/// What a plan says of its tables and its order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    ways: BTreeMap<u16, BTreeSet<Way>>,
    sorts: bool,
}

impl Verdict {
    fn of(plan: &Plan) -> Self {
        let mut verdict = Self::default();
        let mut joined = BTreeSet::new();
        plan.root.walk(&mut |step| match &step.op {
            PlanOp::Join { .. } => joined.extend(step.children.iter().filter_map(unfiltered)),
            PlanOp::Scan { reference: RefId(number), access, .. } => {
                let way = Some(way(access)).filter(|way| *way != Way::Whole || !joined.contains(number));
                verdict.ways.entry(*number).or_default().insert(way.unwrap_or(Way::Joined));
            }
            PlanOp::Sort { purpose: SortPurpose::OrderBy, .. } => verdict.sorts = true,
            _ => {}
        });
        verdict
    }

    /// Says whether rules would go by the same; a table that is read whole is, whatever for.
    fn is_as(&self, other: &Self) -> bool {
        let ways = |one: &Self, two: &Self| {
            one.ways
                .iter()
                .map(|(number, ways)| {
                    let whole = two.ways.get(number).is_some_and(|ways| ways.contains(&Way::Whole));
                    let way = |way: &Way| if whole && *way == Way::Joined { Way::Whole } else { way.clone() };
                    (*number, ways.iter().map(way).collect::<BTreeSet<Way>>())
                })
                .collect::<Vec<_>>()
        };
        ways(self, other) == ways(other, self) && self.sorts == other.sorts
    }

    /// Says whether a table is sought here that another plan reads whole for its own sake.
    fn seeks_what_is_whole(&self, other: &Self) -> bool {
        let whole = |ways: &BTreeSet<Way>| ways.contains(&Way::Whole);
        let mut sought = self.ways.iter().filter(|(_, ways)| !whole(ways));
        sought.any(|(number, _)| other.ways.get(number).is_some_and(whole))
    }
}

/// The table that a step reads without a condition on it.
fn unfiltered(step: &PlanNode) -> Option<u16> {
    match &step.op {
        PlanOp::Scan { reference: RefId(number), filtered: false, .. } => Some(*number),
        _ => None,
    }
}

/// An index whose first key is skipped over is read whole, or value by value.
fn way(access: &Access) -> Way {
    match access {
        Access::Seek { conditions, .. } | Access::TableKey { conditions }
            if conditions.first().is_none_or(|first| first.kind != ConditionKind::Skipped) =>
        {
            Way::Sought(narrowing(conditions))
        }
        _ => Way::Whole,
    }
}

/// The columns that narrow what is read of an index: PostgreSQL also tells those it checks behind a range.
fn narrowing(conditions: &[Condition]) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let mut range = None;
    for one in conditions {
        if one.kind == ConditionKind::Skipped || range.is_some_and(|range| range != &one.key) {
            break;
        }
        columns.insert(one.key.to_string());
        range = (one.kind != ConditionKind::Equal).then_some(&one.key);
    }
    columns
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, ways) in &self.ways {
            let way = |way: &Way| match way {
                Way::Sought(columns) => format!("by {}", columns.iter().cloned().collect::<Vec<_>>().join("+")),
                Way::Joined => "whole for a join".to_owned(),
                Way::Whole => "whole".to_owned(),
            };
            write!(f, "t{number} {}; ", ways.iter().map(way).collect::<Vec<_>>().join(" and "))?;
        }
        f.write_str(if self.sorts { "sorted" } else { "not sorted" })
    }
}

/// A query, and its plans.
struct Planned<'a> {
    sql: &'a str,
    fidelity: Fidelity,
    stand_in: Verdict,
    native: Verdict,
}

/// Plans the queries on both engines with the same statistics, those assumed of tables of so many rows.
fn planned<'a>(
    native: &mut PostgresEngine,
    catalog: &Catalog,
    rows: &[(&str, f64)],
    queries: &[&'a str],
) -> Vec<Planned<'a>> {
    let read = |sql: &&str| shape(sql, catalog).unwrap_or_else(|error| panic!("{sql}: {}", error.message));
    let shapes: Vec<Shaped> = queries.iter().map(read).collect();
    let mut config = Config::default();
    for (table, rows) in rows {
        config.tables.entry((*table).to_owned()).or_default().rows = Some(*rows);
    }
    let stats = assume(catalog, &config, &shapes.iter().map(|shaped| &shaped.shape).collect::<Vec<_>>());
    let target = Target::any(Dialect::Postgres);
    let mut stand_in = SqliteEngine::new(target);
    let lowered: Vec<EngineQuery> = shapes.iter().map(|shaped| lower(shaped, catalog, target)).collect();
    let own: Vec<EngineQuery> = shapes.iter().map(|shaped| lower_native(shaped, catalog, 50)).collect();
    let ours = verdicts(&mut stand_in, catalog, &stats, &lowered);
    let theirs = verdicts(native, catalog, &stats, &own);
    let both = ours.into_iter().zip(theirs).zip(queries.iter().zip(lowered));
    both.map(|((stand_in, native), (sql, lowered))| Planned { sql, fidelity: lowered.fidelity, stand_in, native })
        .collect()
}

fn verdicts(
    engine: &mut dyn ScratchEngine,
    catalog: &Catalog,
    stats: &StatsModel,
    queries: &[EngineQuery],
) -> Vec<Verdict> {
    assert_eq!(engine.load(catalog, stats).expect("statistics").refused, []);
    let indexes = &IndexSet::default();
    let requests: Vec<PlanRequest<'_>> = queries.iter().map(|query| PlanRequest { query, indexes }).collect();
    let answers = engine.plan(&requests, Deadline(None)).expect("an engine").into_iter().zip(queries);
    let verdict = |(answer, query): (Option<Result<Plan, Refusal>>, &EngineQuery)| match answer.expect("time") {
        Ok(plan) => Verdict::of(&plan),
        Err(refusal) => panic!("{}: {refusal}", query.sql),
    };
    answers.map(verdict).collect()
}

#[test]
fn the_stand_in_plans_as_postgres() {
    let Some(choice) = super::choice() else { return };
    let statements: Vec<&str> = SCHEMA.split_inclusive(';').collect();
    let catalog = super::catalog(&statements);
    let mut native = PostgresEngine::start(&choice, Target::any(Dialect::Postgres)).expect("a server");
    assert_eq!(native.apply(&super::native(&statements), &catalog).expect("a schema"), []);
    let queries: Vec<&str> = QUERIES.lines().filter(|line| !line.is_empty() && !line.starts_with("--")).collect();
    for (name, rows, least) in [("large tables", LARGE, 95), ("nothing known", &[], 93)] {
        let planned = planned(&mut native, &catalog, rows, &queries);
        let differs = |one: &&Planned<'_>| !one.stand_in.is_as(&one.native);
        for Planned { sql, fidelity, stand_in, native } in planned.iter().filter(differs) {
            let exact = if *fidelity == Fidelity::Exact { "" } else { " (approximate)" };
            println!("{sql}{exact}\n  stand-in: {stand_in}\n  postgres: {native}");
        }
        let same = planned.iter().filter(|one| !differs(one)).count();
        let lonely = planned.iter().filter(|one| one.stand_in.seeks_what_is_whole(&one.native));
        let lonely: Vec<&str> = lonely.map(|one| one.sql).collect();
        println!("{name}: {same} of {} queries alike, {} served by the stand-in alone", queries.len(), lonely.len());
        assert!(lonely.is_empty(), "{name}: served by the stand-in, read whole by postgres: {lonely:#?}");
        assert!(same * 100 >= queries.len() * least, "{name}: {same} of {}", queries.len());
    }
}
