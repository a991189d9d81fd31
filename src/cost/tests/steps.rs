//! How steps add up: what is paid once, what is paid for every row, and what a LIMIT stops.

use super::spec::{Case, along, automatic, loops, scan, seek, sorted};
use crate::catalog::IndexId;
use crate::dialect::Dialect;
use crate::expr::{Expr, Op};
use crate::plan::{Access, Condition, ConditionKind, PlanNode, PlanOp, SubqueryKind};
use crate::query::{Block, Bound, Disjunction, Predicate, PredicateOp, RefId, Value};

/// 100,000 rows and 1,000 rows; `t1.k` has 100 values, `t0.k` 10,000.
fn two() -> Case {
    Case::new(Dialect::Sqlite)
        .table(1e5, 1700.0, &[("k", 1e4, 8.0, 0.0), ("v", 1e5, 8.0, 0.0)])
        .table(1e3, 20.0, &[("k", 100.0, 8.0, 0.0), ("v", 1e3, 8.0, 0.0)])
        .index(0, &["k"])
        .index(1, &["k"])
}

fn subquery(kind: SubqueryKind, input: PlanNode) -> PlanNode {
    PlanNode::over(PlanOp::Subquery { kind }, vec![input])
}

fn compound(method: &str, arms: Vec<PlanNode>) -> PlanNode {
    PlanNode::over(PlanOp::Compound { method: method.to_owned() }, arms)
}

/// Says whether two prices are the same but for a thousandth.
fn assert_same(one: f64, other: f64) {
    assert!((one / other - 1.0).abs() < 0.001, "{one} and {other}");
}

#[test]
fn an_inner_scan_is_paid_for_every_outer_row() {
    let (outer, inner) = (two().price(scan(1)), two().price(scan(0)));
    assert_same(two().price(loops(vec![scan(1), scan(0)])), outer + 1e3 * inner);
}

#[test]
fn a_transient_index_is_built_once() {
    let joined = || two().join((0, "k"), (1, "k"));
    let once = joined().price(loops(vec![scan(1), automatic(0, &["k ="])]));
    let build = two().price(scan(0)) + 0.005 * 1e5 * 1e5f64.log2();
    assert!(once > build && once < build * 1.5, "{once} for {build} to build");
}

#[test]
fn a_scalar_subquery_is_run_once_and_a_correlated_one_for_every_row() {
    let price = |kind| two().price(loops(vec![scan(1), subquery(kind, scan(0))]));
    let (outer, inner) = (two().price(scan(1)), two().price(scan(0)));
    assert_same(price(SubqueryKind::Scalar), outer + inner);
    assert_same(price(SubqueryKind::Correlated), outer + 1e3 * inner);
}

#[test]
fn a_subquery_that_asks_whether_there_is_a_row_stops_at_the_first() {
    // As a semi-join: the inner block's key is joined to the outer reference.
    let mut case = two().join((0, "k"), (1, "k"));
    case.shape.patterns[0].joins[0].kind = crate::query::JoinKind::Semi;
    let plan = |kind| loops(vec![scan(1), subquery(kind, seek(0, 0, &["k ="]))]);
    let exists = case.price(plan(SubqueryKind::Correlated));
    let all = two().join((0, "k"), (1, "k")).price(loops(vec![scan(1), seek(0, 0, &["k ="])]));
    assert!(exists < all / 2.0, "{exists} for the first row and {all} for all ten");
}

#[test]
fn a_materialised_subquery_is_read_again_but_not_run_again() {
    let price = |kind| two().price(loops(vec![scan(1), subquery(kind, seek(0, 0, &["k ="]))]));
    let (kept, run) = (price(SubqueryKind::Materialized), price(SubqueryKind::Coroutine));
    assert!(kept < run / 10.0, "{kept} kept and {run} run");
}

#[test]
fn arms_of_a_union_are_added() {
    let (one, other) = (two().price(scan(0)), two().price(scan(1)));
    assert_same(two().price(compound("union all", vec![scan(0), scan(1)])), one + other);
    let distinct = two().price(compound("union", vec![scan(0), scan(1)]));
    assert!(distinct > one + other, "what is the same must be found");
}

#[test]
fn an_or_costs_what_its_branches_cost() {
    let key = |name: &str| Predicate {
        key: Expr::column(name),
        op: PredicateOp::Eq,
        value: Value::Param,
        condition: Expr::op(Op::Eq, vec![Expr::column(name), Expr::Param]),
        sql: 0..0,
        optional: false,
    };
    let branches = vec![vec![key("k")], vec![key("v")]];
    let condition = Expr::op(Op::Or, branches.iter().flatten().map(|one| one.condition.clone()).collect());
    let mut case = two().index(0, &["v"]);
    case.shape.patterns[0].disjunctions.push(Disjunction { branches, condition, sql: 0..0 });
    let multi =
        PlanNode::over(PlanOp::MultiIndex { reference: RefId(0) }, vec![seek(0, 0, &["k ="]), seek(0, 2, &["v ="])]);
    let one = two().filter(0, "k =").price(seek(0, 0, &["k ="]));
    let other = two().index(0, &["v"]).filter(0, "v =").price(seek(0, 2, &["v ="]));
    assert_same(case.price(multi), one + other);
    assert!(case.price(scan(0)) > 10.0 * (one + other));
}

#[test]
fn an_aggregate_reads_everything_whatever_the_limit() {
    let mut case = two().limit(1);
    case.shape.blocks = vec![Block { aggregated: true, ..case.shape.blocks[0].clone() }];
    assert!(case.price(scan(0)) >= two().price(scan(0)));
}

#[test]
fn the_least_value_is_one_entry_of_an_index() {
    let mut case = two();
    case.shape.blocks = vec![Block { aggregated: true, ..Block::default() }];
    case.shape.patterns[0].extremum = Some(Expr::column("k"));
    let first = PlanNode::leaf(PlanOp::Scan {
        reference: RefId(0),
        access: Access::Seek { index: IndexId(0), covering: true, conditions: Vec::new() },
        filtered: false,
    });
    assert!(case.price(first) < 10.0);
    assert!(case.price(along(0, 0)) < 10.0);
    assert!(case.price(scan(0)) > 1000.0);
}

#[test]
fn a_skipped_key_is_looked_up_for_each_of_its_values() {
    let case = || two().index(1, &["k", "v"]).filter(1, "v =");
    let skip = |kind| {
        let conditions = vec![
            Condition { key: Expr::column("k"), kind },
            Condition { key: Expr::column("v"), kind: ConditionKind::Equal },
        ];
        let access = Access::Seek { index: IndexId(2), covering: true, conditions };
        PlanNode::leaf(PlanOp::Scan { reference: RefId(1), access, filtered: false })
    };
    let (skipped, sought) =
        (case().price(skip(ConditionKind::Skipped)), case().filter(1, "k =").price(skip(ConditionKind::Equal)));
    assert!(skipped > 3.0 * sought, "{skipped} for a hundred places and {sought} for one");
}

#[test]
fn two_bounds_of_a_range_count_as_one_range() {
    let mut both = two().filter(0, "v >").filter(0, "v <");
    let apart = both.price(sorted(seek(0, 0, &[])));
    both.shape.patterns[0].predicates.truncate(1);
    both.shape.patterns[0].predicates[0].op = PredicateOp::Range(Bound::Both);
    let together = both.price(sorted(seek(0, 0, &[])));
    assert!((apart / together - 1.0).abs() < 0.1, "{apart} and {together}");
}
