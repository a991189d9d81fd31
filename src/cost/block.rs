//! How steps add up: loops within loops, sorts, subqueries, set operations, and the LIMIT that stops them.

use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::plan::{Access, PlanNode, PlanOp, SortPurpose, SubqueryKind};
use crate::query::{Block, JoinKind, Limit, RefId};

use super::selectivity::distinct;
use super::{CPU_OPERATOR, CPU_TUPLE, Fetch, Known, Pricer, RANDOM_PAGE, Run, SEQ_PAGE, Under};

/// Bytes that are sorted in memory (`work_mem`).
const SORT_BYTES: f64 = 4.0 * 1024.0 * 1024.0;
/// Bytes of a page.
const PAGE_BYTES: f64 = 8192.0;
/// Groups of a sort whose leading keys are in order, where nothing else is known (`DEFAULT_NUM_DISTINCT`).
const SORTED_GROUPS: f64 = 200.0;

impl Pricer<'_> {
    /// Prices the whole plan.
    pub(super) fn root(&self, node: &PlanNode) -> f64 {
        let outermost = self.cx.shape.outermost().map(|number| &self.cx.shape.blocks[usize::from(number)]);
        let block = outermost.filter(|block| !block.arm);
        let price = |fetch| self.block(node, block, 1.0, Known::default(), fetch).total();
        let in_order = price(Fetch::Index);
        // SQLite fetches row by row. Others may prefer pages, even under a LIMIT that asks for most of the rows.
        if self.cx.catalog.dialect == Dialect::Sqlite || self.relies_on_order(node, block) {
            return in_order;
        }
        in_order.min(price(Fetch::Pages))
    }

    /// Says whether an order or groups come from an index.
    fn relies_on_order(&self, node: &PlanNode, block: Option<&Block>) -> bool {
        block.is_some_and(|block| block.ordered || block.grouped) && !node.sorts()
    }

    /// Prices a SELECT block: its steps, then what its aggregates and its LIMIT make of them.
    fn block(&self, node: &PlanNode, block: Option<&Block>, loops: f64, known: Known, fetch: Fetch) -> Run {
        let limit = block.and_then(|block| block.limit).map(|limit| match limit {
            Limit::Rows(rows) => rows.max(1) as f64,
            Limit::Param => self.cx.limit_rows.max(1) as f64,
        });
        let run = self.step(node, &Under { loops, known, limit, fetch });
        let Some(block) = block else { return run };
        let mut run = run;
        if block.aggregated {
            if self.finds_extremum(node) {
                run = run.stopped_after(1.0);
            }
            run.startup += run.rows * CPU_OPERATOR;
            run = Run { rows: 1.0, ..run.blocked() };
        } else if block.grouped {
            run.rest += run.rows * CPU_OPERATOR;
            run.rows = run.rows.min(self.groups(node));
        }
        match limit {
            Some(rows) => run.stopped_after(rows),
            None => run,
        }
    }

    /// Says whether `min` or `max` reads only one end of an index.
    fn finds_extremum(&self, node: &PlanNode) -> bool {
        let PlanOp::Scan { reference: id, access, .. } = &node.op else { return false };
        let Some(reference) = self.reference(*id) else { return false };
        let Some(wanted) = &reference.pattern.extremum else { return false };
        match access {
            Access::Seek { index, .. } | Access::FullIndex { index, .. } => {
                self.index(reference, *index).is_some_and(|def| def.keys.iter().any(|key| key.expr == *wanted))
            }
            Access::TableKey { conditions } => conditions.is_empty(),
            _ => false,
        }
    }

    /// How many groups GROUP BY or DISTINCT leaves at most, as far as one reference's keys say it.
    fn groups(&self, node: &PlanNode) -> f64 {
        let mut groups = f64::INFINITY;
        for_each_reference(node, &mut |id| {
            let Some(reference) = self.reference(id) else { return };
            let pattern = reference.pattern;
            let keys = if pattern.group.is_empty() { &pattern.distinct } else { &pattern.group };
            if !keys.is_empty() {
                let values = |key: &Expr| distinct(key, reference.stats).0;
                groups = groups.min(keys.iter().map(values).product());
            }
        });
        groups
    }

    fn step(&self, node: &PlanNode, under: &Under) -> Run {
        match &node.op {
            PlanOp::Scan { reference, access, .. } => {
                let run = self.scan(*reference, access, under);
                self.with_children(run, node, under, *reference)
            }
            PlanOp::NestedLoop => self.nested(&node.children, under),
            PlanOp::Join { .. } => self.joined_once(&node.children, under),
            PlanOp::Sort { purpose, presorted } => self.sort(node, *purpose, *presorted, under),
            PlanOp::Compound { method } => self.compound(node, method, under),
            PlanOp::MultiIndex { reference } => {
                let branches: Vec<Run> = node.children.iter().map(|child| self.branch_step(child, under)).collect();
                self.multi_index(*reference, &branches, under.known)
            }
            PlanOp::Subquery { kind } => self.subquery(node, *kind, under),
            PlanOp::Other(_) if node.children.is_empty() => Run { rest: CPU_TUPLE, rows: 1.0, ..Run::default() },
            PlanOp::Other(_) => self.nested(&node.children, under),
        }
    }

    fn branch_step(&self, node: &PlanNode, under: &Under) -> Run {
        match &node.op {
            PlanOp::Scan { reference, access, .. } => self.branch(*reference, access, under),
            _ => self.step(node, under),
        }
    }

    /// Adds what hangs below a scan: subqueries that its rows are checked with.
    fn with_children(&self, run: Run, node: &PlanNode, under: &Under, id: RefId) -> Run {
        if node.children.is_empty() {
            return run;
        }
        let mut known = under.known;
        known.add(id);
        let rows = run.rows;
        let below = Under { loops: under.loops * rows.max(1.0), known, ..*under };
        node.children.iter().fold(run, |run, child| nest(run, self.step(child, &below)))
    }

    /// Runs each step for every row of those before it.
    fn nested(&self, steps: &[PlanNode], under: &Under) -> Run {
        let mut known = under.known;
        let mut run = Run { rows: 1.0, ..Run::default() };
        for step in steps {
            let loops = under.loops * run.rows.max(1.0);
            run = nest(run, self.step(step, &Under { loops, known, limit: None, ..*under }));
            for_each_reference(step, &mut |id| known.add(id));
        }
        run
    }

    /// A hash or merge join reads each side once.
    fn joined_once(&self, steps: &[PlanNode], under: &Under) -> Run {
        let mut run = self.nested(steps, under);
        let each: f64 =
            steps.iter().map(|step| self.step(step, &Under { loops: 1.0, limit: None, ..*under }).total()).sum();
        run.once = 0.0;
        run.startup = 0.0;
        run.rest = each + run.rows * CPU_TUPLE;
        run
    }

    fn sort(&self, node: &PlanNode, purpose: SortPurpose, presorted: bool, under: &Under) -> Run {
        let limit = under.limit.filter(|_| purpose == SortPurpose::OrderBy);
        let input = self.nested(&node.children, &Under { limit: None, ..*under });
        let rows = input.rows.max(1.0);
        let width = self.width(node);
        // DISTINCT keeps a tree of what was seen and lets rows pass meanwhile.
        if purpose == SortPurpose::Distinct {
            return Run { rest: input.rest + sorting(rows, width, None), ..input };
        }
        let work = if presorted {
            let groups = SORTED_GROUPS.min(rows);
            let first = input.rest / groups + sorting(rows / groups, width, limit);
            return Run { startup: input.startup + first, rest: first * (groups - 1.0), ..input };
        } else {
            sorting(rows, width, limit)
        };
        let mut run = input.blocked();
        run.startup += work;
        run.rest = rows * CPU_OPERATOR;
        run
    }

    /// Bytes of a row that is sorted: what the query reads of each reference below.
    fn width(&self, node: &PlanNode) -> f64 {
        let mut width = 8.0;
        for_each_reference(node, &mut |id| {
            let Some(reference) = self.reference(id) else { return };
            let read = reference.pattern.columns.iter().filter_map(|column| reference.stats?.columns.get(column));
            width += read.map(|column| column.avg_width).sum::<f64>();
        });
        width
    }

    fn compound(&self, node: &PlanNode, method: &str, under: &Under) -> Run {
        let mut sum = Run::default();
        for arm in &node.children {
            let run = self.inner_block(arm, under);
            sum.once += run.once;
            sum.startup += run.startup;
            sum.rest += run.rest;
            sum.rows += run.rows;
        }
        if method == "union all" {
            return sum;
        }
        sum.rest += sorting(sum.rows.max(1.0), self.width(node), None);
        sum.blocked()
    }

    /// Prices a subtree as the SELECT block that its outermost reference belongs to.
    fn inner_block(&self, node: &PlanNode, under: &Under) -> Run {
        let mut outermost: Option<u16> = None;
        for_each_reference(node, &mut |id| {
            if let Some(reference) = self.reference(id) {
                outermost = Some(outermost.map_or(reference.block, |block| block.min(reference.block)));
            }
        });
        let block = outermost.and_then(|block| self.cx.shape.blocks.get(usize::from(block)));
        let fetch = if self.relies_on_order(node, block) { Fetch::Index } else { under.fetch };
        self.block(node, block, under.loops, under.known, fetch)
    }

    fn subquery(&self, node: &PlanNode, kind: SubqueryKind, under: &Under) -> Run {
        let outside = Under { loops: 1.0, known: Known::default(), ..*under };
        let body = |under: &Under| match node.children.as_slice() {
            [only] => self.inner_block(only, under),
            several => self.nested(several, under),
        };
        match kind {
            SubqueryKind::Materialized => {
                let run = body(&outside);
                Run {
                    once: run.total() + run.rows * CPU_OPERATOR,
                    startup: 0.0,
                    rest: run.rows * CPU_OPERATOR,
                    rows: run.rows,
                }
            }
            SubqueryKind::Coroutine => body(&Under { loops: under.loops, ..outside }),
            SubqueryKind::Scalar => Run { once: body(&outside).total(), rows: 1.0, ..Run::default() },
            SubqueryKind::Correlated => {
                let run = body(under);
                // EXISTS and scalar subqueries ask for one row.
                let run = if self.is_list(node) { run } else { run.stopped_after(1.0) };
                Run { rows: 1.0, ..run }
            }
        }
    }

    /// Says whether a correlated subquery is read to its end, as a derived table is; EXISTS and a scalar one ask for a row.
    fn is_list(&self, node: &PlanNode) -> bool {
        let mut tested = false;
        let mut look = |id| {
            let joins = self.reference(id).map_or(&[][..], |reference| &reference.pattern.joins);
            tested |= joins.iter().any(|join| matches!(join.kind, JoinKind::Semi | JoinKind::Correlated));
        };
        node.children.iter().for_each(|child| for_each_reference(child, &mut look));
        !tested
    }
}

/// Runs `inner` for every row of `outer`.
fn nest(outer: Run, inner: Run) -> Run {
    let runs = outer.rows.max(1.0);
    let each = inner.startup + inner.rest;
    Run {
        once: outer.once + inner.once,
        startup: outer.startup + inner.startup,
        rest: outer.rest + (runs * each - inner.startup).max(0.0),
        rows: (outer.rows * inner.rows).max(f64::MIN_POSITIVE),
    }
}

/// The cost of putting rows in order (`cost_tuplesort`): comparisons, and two passes over what does not fit.
fn sorting(rows: f64, width: f64, limit: Option<f64>) -> f64 {
    let compare = 2.0 * CPU_OPERATOR * rows;
    let bytes = rows * width;
    match limit {
        // Only the first rows are kept, in a heap.
        Some(limit) if 2.0 * limit < rows => compare * (2.0 * limit).log2(),
        _ if bytes > SORT_BYTES => {
            let passes = ((bytes / SORT_BYTES).ln() / 6f64.ln()).ceil().max(1.0);
            let pages = 2.0 * (bytes / PAGE_BYTES).ceil() * passes;
            compare * rows.log2() + pages * (0.75 * SEQ_PAGE + 0.25 * RANDOM_PAGE)
        }
        _ => compare * rows.max(2.0).log2(),
    }
}

/// Visits the references a step reads itself, those of subqueries within it left out.
fn for_each_reference(node: &PlanNode, visit: &mut dyn FnMut(RefId)) {
    match &node.op {
        PlanOp::Scan { reference, .. } | PlanOp::MultiIndex { reference } => visit(*reference),
        PlanOp::Subquery { kind: SubqueryKind::Scalar | SubqueryKind::Correlated, .. } => return,
        _ => {}
    }
    if !matches!(node.op, PlanOp::MultiIndex { .. }) {
        node.children.iter().for_each(|child| for_each_reference(child, visit));
    }
}
