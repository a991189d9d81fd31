//! Reads PostgreSQL's `EXPLAIN (FORMAT JSON)` into a [`Plan`].
//!
//! PostgreSQL prints a binary tree; this module lays left-deep nested loops flat, drops what only keeps rows at hand
//! (`Hash`, `Memoize`), folds bitmap scans into one access, and puts subplans beside the step that runs them.
//! Node types are those of `ExplainNode` in PostgreSQL 12 to 18; what it does not know becomes [`PlanOp::Other`].

mod condition;
mod json;

#[cfg(test)]
mod tests;

use crate::catalog::{IndexDef, IndexId};
use crate::engine::EngineQuery;
use crate::expr::Expr;
use crate::name::QName;
use crate::plan::{Access, Condition, ConditionKind, Converted, Plan, PlanNode, PlanOp, SortPurpose, SubqueryKind};
use crate::query::RefId;

use json::Node;

/// What the printed names stand for.
pub trait Names {
    /// The index of that name on a table; one of a partition is that of the table it belongs to.
    fn index(&self, table: &QName, name: &str) -> Option<(IndexId, &IndexDef)>;
}

/// The name of a candidate index on the scratch engine; the schema's own keep theirs.
pub fn candidate_name(id: IndexId) -> String {
    format!("{CANDIDATE}{}", id.0)
}

const CANDIDATE: &str = "planlint_candidate_";

/// Puts the names that people know into a plan in PostgreSQL's words.
pub fn named(raw: &str, name: &dyn Fn(IndexId) -> Option<String>) -> String {
    let mut pieces = raw.split(CANDIDATE);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        let known = number.parse().ok().and_then(|number| name(IndexId(number)));
        text.push_str(&known.unwrap_or_else(|| format!("{CANDIDATE}{number}")));
        text.push_str(rest);
    }
    text
}

/// Reads the plan of one statement.
///
/// # Errors
/// When the text is no plan in JSON; says so in words.
pub fn read(text: &str, query: &EngineQuery, names: &dyn Names) -> Result<Plan, String> {
    let plans = json::parse(text)?;
    let root = Node::root(&plans).ok_or("the server's answer holds no plan")?;
    let reader = Reader { query, names };
    let mut casts = Vec::new();
    reader.casts(root, &mut casts);
    Ok(Plan { root: reader.step(root, SortPurpose::OrderBy), casts, raw: text.to_owned() })
}

struct Reader<'a> {
    query: &'a EngineQuery,
    names: &'a dyn Names,
}

impl Reader<'_> {
    /// Reads a step and what is below it; `purpose` says what a sort here would be for.
    fn step(&self, node: Node<'_>, purpose: SortPurpose) -> PlanNode {
        let mut step = self.own(node, purpose);
        step.estimate = node.estimate().or(step.estimate);
        let subplans: Vec<PlanNode> = node.subplans().map(|subplan| self.subplan(node, subplan)).collect();
        if subplans.is_empty() {
            return step;
        }
        let estimate = step.estimate;
        let mut loops = loops_of(step);
        loops.extend(subplans);
        PlanNode { op: PlanOp::NestedLoop, estimate, children: loops }
    }

    /// Collects the columns that are converted before they are filtered by, here and below.
    fn casts(&self, node: Node<'_>, found: &mut Vec<Converted>) {
        if let (Some(reference), Some(filter)) = (self.reference(node), node.text("Filter")) {
            let new = condition::casts(filter).map(|(column, to)| Converted { reference, column, to });
            found.extend(new);
        }
        node.children().chain(node.subplans()).for_each(|below| self.casts(below, found));
    }

    /// A step without the subplans it runs.
    fn own(&self, node: Node<'_>, purpose: SortPurpose) -> PlanNode {
        match node.kind() {
            "Seq Scan" => self.scan(node, Access::FullTable),
            "Index Scan" | "Index Only Scan" => {
                let access = self.index_access(node, node, node.kind() == "Index Only Scan");
                self.scan(node, access.unwrap_or(Access::Other))
            }
            "Bitmap Heap Scan" => self.bitmap(node),
            "Tid Scan" | "Tid Range Scan" => {
                let key = Expr::column("ctid");
                let conditions = vec![Condition { key, kind: ConditionKind::Equal }];
                self.scan(node, Access::TableKey { conditions })
            }
            "Nested Loop" => self.nested_loop(node),
            "Hash Join" | "Merge Join" => self.join(node),
            "Hash" | "Memoize" => self.only_child(node, purpose),
            "Materialize" => self.subquery(node, SubqueryKind::Materialized, purpose),
            "Subquery Scan" => self.subquery(node, SubqueryKind::Coroutine, purpose),
            "Sort" => self.over(node, PlanOp::Sort { purpose, presorted: false }, purpose),
            "Incremental Sort" => self.over(node, PlanOp::Sort { purpose, presorted: true }, purpose),
            "Append" | "Merge Append" => self.compound(node, node.kind().to_ascii_lowercase(), purpose),
            "Recursive Union" => self.compound(node, "recursive".to_owned(), SortPurpose::Other),
            "SetOp" => {
                let method = node.text("Command").unwrap_or("set operation").to_ascii_lowercase();
                self.compound(node, method, SortPurpose::Distinct)
            }
            "Result" if node.children().next().is_some() => self.only_child(node, purpose),
            "Result" => {
                let name = if node.text("One-Time Filter") == Some("false") { "no row" } else { "constant row" };
                PlanNode::leaf(PlanOp::Other(name.to_owned()))
            }
            _ => self.other(node, purpose),
        }
    }

    fn other(&self, node: Node<'_>, purpose: SortPurpose) -> PlanNode {
        let kind = node.kind();
        let name = match kind {
            "Aggregate" => aggregate(node),
            "LockRows" => "lock rows".to_owned(),
            "WindowAgg" => "window aggregate".to_owned(),
            "ModifyTable" => node.text("Operation").unwrap_or(kind).to_ascii_lowercase(),
            // A table that is none of the heap's.
            "Sample Scan" | "Foreign Scan" | "Custom Scan" if self.reference(node).is_some() => {
                return self.scan(node, Access::Other);
            }
            _ if kind.ends_with("Scan") => {
                let name = ["CTE Name", "Function Name", "Alias"].iter().find_map(|key| node.text(key));
                format!("{} {}", kind.to_ascii_lowercase(), name.unwrap_or_default()).trim_end().to_owned()
            }
            _ => kind.to_ascii_lowercase(),
        };
        let below = match kind {
            "Aggregate" | "Group" if node.text("Strategy") == Some("Plain") => SortPurpose::Distinct,
            "Aggregate" | "Group" => SortPurpose::GroupBy,
            "Unique" => SortPurpose::Distinct,
            "WindowAgg" => SortPurpose::Other,
            _ => purpose,
        };
        self.over(node, PlanOp::Other(name), below)
    }

    fn over(&self, node: Node<'_>, op: PlanOp, purpose: SortPurpose) -> PlanNode {
        PlanNode::over(op, node.children().map(|child| self.step(child, purpose)).collect())
    }

    fn only_child(&self, node: Node<'_>, purpose: SortPurpose) -> PlanNode {
        let mut children: Vec<PlanNode> = node.children().map(|child| self.step(child, purpose)).collect();
        match children.len() {
            1 => children.remove(0),
            _ => PlanNode::over(PlanOp::Other(node.kind().to_ascii_lowercase()), children),
        }
    }

    fn subquery(&self, node: Node<'_>, kind: SubqueryKind, purpose: SortPurpose) -> PlanNode {
        self.over(node, PlanOp::Subquery { kind }, purpose)
    }

    fn compound(&self, node: Node<'_>, method: String, purpose: SortPurpose) -> PlanNode {
        self.over(node, PlanOp::Compound { method }, purpose)
    }

    /// Nested loops within the outer or inner side are loops of this one; what is kept at hand runs once.
    fn nested_loop(&self, node: Node<'_>) -> PlanNode {
        let loops = node.children().flat_map(|child| loops_of(self.step(child, SortPurpose::Other)));
        PlanNode::over(PlanOp::NestedLoop, loops.collect())
    }

    fn join(&self, node: Node<'_>) -> PlanNode {
        let kind = node.kind().to_ascii_lowercase();
        let method = match node.text("Join Type") {
            None | Some("Inner") => kind,
            Some(how) => kind.replacen(' ', &format!(" {} ", how.to_ascii_lowercase()), 1),
        };
        self.over(node, PlanOp::Join { method }, SortPurpose::Other)
    }

    fn subplan(&self, parent: Node<'_>, subplan: Node<'_>) -> PlanNode {
        let name = subplan.text("Subplan Name").unwrap_or_default();
        let kind = match subplan.text("Parent Relationship") {
            _ if name.starts_with("CTE ") => SubqueryKind::Materialized,
            Some("InitPlan") => SubqueryKind::Scalar,
            _ if parent.mentions(&format!("hashed {name}")) => SubqueryKind::Materialized,
            _ => SubqueryKind::Correlated,
        };
        let mut below = self.step(subplan, SortPurpose::OrderBy);
        // min() and max() read the first entry that is not NULL; any other reader of all of those reads a range.
        if let Some(scan) = subplan.children().next().filter(|_| (parent.kind(), subplan.kind()) == ("Result", "Limit"))
            && let Some(PlanOp::Scan { access, .. }) = below.children.first_mut().map(|scan| &mut scan.op)
        {
            match access {
                Access::Seek { conditions, .. } => {
                    let tests = scan.text("Index Cond").map(condition::not_null).unwrap_or_default();
                    conditions.retain(|one| one.kind != ConditionKind::Greater || !tests.contains(&one.key));
                }
                // From version 17 on, of a column that is never NULL nothing is asked.
                Access::FullIndex { index, covering } => {
                    *access = Access::Seek { index: *index, covering: *covering, conditions: Vec::new() };
                }
                _ => {}
            }
        }
        PlanNode { op: PlanOp::Subquery { kind }, estimate: below.estimate, children: vec![below] }
    }

    /// The reference that a node's alias names: `t2`, or `t2_1` for a partition of it.
    fn reference(&self, node: Node<'_>) -> Option<RefId> {
        let alias = node.text("Alias")?.strip_prefix('t')?;
        let number = alias.split_once('_').map_or(alias, |(number, _)| number);
        let number: u16 = number.parse().ok()?;
        (usize::from(number) < self.query.references.len()).then_some(RefId(number))
    }

    fn scan(&self, node: Node<'_>, access: Access) -> PlanNode {
        match self.reference(node) {
            Some(reference) => {
                let filtered = node.text("Filter").is_some();
                PlanNode::leaf(PlanOp::Scan { reference, access, filtered })
            }
            None => {
                let on = node.text("Relation Name").or(node.text("Alias")).map(|table| format!(" on {table}"));
                let name = node.kind().to_ascii_lowercase() + &on.unwrap_or_default();
                PlanNode::leaf(PlanOp::Other(name))
            }
        }
    }

    /// How the index that `node` names is used for the table that `heap` names.
    fn index_access(&self, node: Node<'_>, heap: Node<'_>, covering: bool) -> Option<Access> {
        let table = &self.query.references[usize::from(self.reference(heap)?.0)];
        let (index, def) = self.names.index(table, node.text("Index Name")?)?;
        let Some(printed) = node.text("Index Cond") else { return Some(Access::FullIndex { index, covering }) };
        Some(Access::Seek { index, covering, conditions: condition::read(printed, def) })
    }

    fn bitmap(&self, node: Node<'_>) -> PlanNode {
        let mut children = node.children();
        match (children.next(), children.next(), self.reference(node)) {
            (Some(only), None, Some(reference)) => {
                let mut step = self.bitmap_part(only, node, reference);
                if let PlanOp::Scan { filtered, .. } = &mut step.op {
                    *filtered = node.text("Filter").is_some();
                }
                step
            }
            _ => self.scan(node, Access::Other),
        }
    }

    fn bitmap_part(&self, part: Node<'_>, heap: Node<'_>, reference: RefId) -> PlanNode {
        let estimate = part.estimate();
        if matches!(part.kind(), "BitmapOr" | "BitmapAnd") {
            let parts = part.children().map(|part| self.bitmap_part(part, heap, reference)).collect();
            return PlanNode { op: PlanOp::MultiIndex { reference }, estimate, children: parts };
        }
        let access = self.index_access(part, heap, false).unwrap_or(Access::Other);
        let filtered = heap.text("Filter").is_some();
        PlanNode { op: PlanOp::Scan { reference, access, filtered }, estimate, children: Vec::new() }
    }
}

/// The loops of a step that is one of several loops itself.
fn loops_of(step: PlanNode) -> Vec<PlanNode> {
    match step.op {
        PlanOp::NestedLoop => step.children,
        _ => vec![step],
    }
}

/// `hash aggregate`, as PostgreSQL's text form names it.
fn aggregate(node: Node<'_>) -> String {
    let strategy = match node.text("Strategy") {
        Some("Sorted") => "group aggregate",
        Some("Hashed") => "hash aggregate",
        Some("Mixed") => "mixed aggregate",
        _ => "aggregate",
    };
    match node.text("Partial Mode") {
        Some(part @ ("Partial" | "Finalize")) => format!("{} {strategy}", part.to_ascii_lowercase()),
        _ => strategy.to_owned(),
    }
}
