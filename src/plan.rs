//! A query plan in the one form that every engine's output is read into.
//!
//! Data and its printed form. `explain` makes plans, `cost` prices them, rules and the advisor read them; no field
//! holds an engine's own words except [`Plan::raw`], which is shown and never parsed again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::IndexId;
use crate::expr::Expr;
use crate::name::Ident;
use crate::query::RefId;

/// How an engine would run one query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The root step.
    pub root: PlanNode,
    /// Columns that the engine converts before it compares them, asked to or of its own accord.
    pub casts: Vec<Converted>,
    /// The engine's own words: SQLite's detail lines, PostgreSQL's EXPLAIN JSON.
    pub raw: String,
}

/// A column that is converted to another type for a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// Of which reference.
    pub reference: RefId,
    /// The column.
    pub column: Ident,
    /// The type, as the engine names it.
    pub to: String,
}

/// A step and what it reads from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanNode {
    /// What it does.
    pub op: PlanOp,
    /// The engine's estimate, where it gives one.
    pub estimate: Option<Estimate>,
    /// Its inputs; those of a nested loop from the outermost to the innermost.
    pub children: Vec<PlanNode>,
}

/// An engine's own estimate of a step; never compared across engines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Rows a run of the step returns.
    pub rows: f64,
    /// Total cost in the engine's unit.
    pub cost: f64,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlanOp {
    /// Reads one table reference.
    Scan {
        /// Which.
        reference: RefId,
        /// How.
        access: Access,
        /// Whether rows are checked against conditions that the access did not answer.
        filtered: bool,
    },
    /// Runs its inputs as nested loops, the first outermost. A scalar subquery among them stands after the loop that
    /// runs it: a correlated one runs for every row of the loops before it, any other once.
    NestedLoop,
    /// Any other join of two inputs (`hash join`, `merge join`).
    Join {
        /// The engine's name for it, lower case.
        method: String,
    },
    /// Sorts its input, or keeps it in a sorted transient tree.
    Sort {
        /// What for.
        purpose: SortPurpose,
        /// How many leading terms were already in order (SQLite's "LAST n TERMS", PostgreSQL's presorted key).
        presorted: bool,
    },
    /// Runs each input and puts the rows together (`union all`, `union`, `except`, …).
    Compound {
        /// The engine's name for it, lower case.
        method: String,
    },
    /// Reads one table reference by several index conditions whose row sets are united (OR) or intersected (AND).
    MultiIndex {
        /// Which reference.
        reference: RefId,
    },
    /// A subquery, derived table, CTE or view that is run on its own.
    Subquery {
        /// How the engine runs it.
        kind: SubqueryKind,
    },
    /// Anything else, by the engine's name, lower case (`aggregate`, `limit`, `constant row`).
    Other(String),
}

/// What a sort is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortPurpose {
    /// ORDER BY.
    OrderBy,
    /// GROUP BY.
    GroupBy,
    /// DISTINCT, also inside an aggregate, and UNION.
    Distinct,
    /// A merge join or anything else.
    Other,
}

/// How a subquery is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubqueryKind {
    /// Once, its rows kept.
    Materialized,
    /// As its consumer asks for rows.
    Coroutine,
    /// Once, for one value or a list.
    Scalar,
    /// Again for every outer row.
    Correlated,
}

/// How a table reference is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Access {
    /// Every row, in no useful order.
    FullTable,
    /// Every row, by way of an index: for its order or because it holds all columns.
    FullIndex {
        /// Which index.
        index: IndexId,
        /// No row of the table is touched.
        covering: bool,
    },
    /// Rows found by conditions on an index; without any, its first or last entry (`min(c)`, `max(c)`).
    Seek {
        /// Which index.
        index: IndexId,
        /// No row of the table is touched.
        covering: bool,
        /// The conditions the index answers, in key order.
        conditions: Vec<Condition>,
    },
    /// Rows found by the table's own key (SQLite's rowid, an `INTEGER PRIMARY KEY`); without conditions, the first or last row.
    TableKey {
        /// The conditions on the key.
        conditions: Vec<Condition>,
    },
    /// Rows found in an index the engine builds for this one run.
    Automatic {
        /// The conditions it answers.
        conditions: Vec<Condition>,
    },
    /// A virtual table, a function, VALUES.
    Other,
}

/// A condition that an index answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The key.
    pub key: Expr,
    /// How it is searched.
    pub kind: ConditionKind,
}

/// How an index key is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConditionKind {
    /// `=`, IN and IS NULL included.
    Equal,
    /// `>` or `>=`
    Greater,
    /// `<` or `<=`
    Less,
    /// By an operator that is no comparison, which the index's method answers (`@>`, `~~`).
    Operator,
    /// Skipped over: the key is unconstrained and every value of it is visited (SQLite's `ANY(c)`, a skip scan).
    Skipped,
}

impl PlanNode {
    /// A step without inputs.
    pub fn leaf(op: PlanOp) -> Self {
        Self { op, estimate: None, children: Vec::new() }
    }

    /// A step over inputs.
    pub fn over(op: PlanOp, children: Vec<Self>) -> Self {
        Self { op, estimate: None, children }
    }

    /// Visits this step and everything below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }

    /// Returns how a reference is read, at its first scan in plan order.
    pub fn access_of(&self, wanted: RefId) -> Option<&Access> {
        if let PlanOp::Scan { reference, access, .. } = &self.op
            && *reference == wanted
        {
            return Some(access);
        }
        self.children.iter().find_map(|child| child.access_of(wanted))
    }

    /// Says whether any step sorts.
    pub fn sorts(&self) -> bool {
        let mut found = false;
        self.walk(&mut |step| found |= matches!(step.op, PlanOp::Sort { .. }));
        found
    }

    /// Returns the indexes of every access, in plan order, repetitions included.
    pub fn indexes(&self) -> Vec<IndexId> {
        let mut found = Vec::new();
        self.walk(&mut |step| {
            if let PlanOp::Scan { access: Access::Seek { index, .. } | Access::FullIndex { index, .. }, .. } = &step.op
            {
                found.push(*index);
            }
        });
        found
    }
}

/// How the printed tree names references and indexes.
pub trait PlanNames {
    /// The reference as the query names it (`orders o`).
    fn reference(&self, id: RefId) -> String;
    /// The index's name.
    fn index(&self, id: IndexId) -> String;
}

/// Prints a plan as a short tree, a step a line, two spaces a level.
pub fn tree(plan: &Plan, names: &dyn PlanNames) -> String {
    let mut text = String::new();
    write_step(&mut text, &plan.root, 0, names);
    text
}

fn write_step(text: &mut String, step: &PlanNode, depth: usize, names: &dyn PlanNames) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(&describe(step, names));
    text.push('\n');
    step.children.iter().for_each(|child| write_step(text, child, depth + 1, names));
}

fn describe(step: &PlanNode, names: &dyn PlanNames) -> String {
    match &step.op {
        PlanOp::Scan { reference, access, filtered } => {
            let table = names.reference(*reference);
            let filter = if *filtered { ", then filter" } else { "" };
            let by =
                |conditions: &[Condition]| conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            let only = |covering: &bool| if *covering { " alone" } else { "" };
            match access {
                Access::FullTable => format!("scan every row of {table}{filter}"),
                Access::FullIndex { index, covering } => {
                    format!("scan {table} along index {}{}{filter}", names.index(*index), only(covering))
                }
                Access::Seek { index, conditions, .. } if conditions.is_empty() => {
                    format!("read the first or last {table} by index {}{filter}", names.index(*index))
                }
                Access::Seek { index, covering, conditions } => {
                    format!(
                        "seek {table} by index {}{} ({}){filter}",
                        names.index(*index),
                        only(covering),
                        by(conditions)
                    )
                }
                Access::TableKey { conditions } if conditions.is_empty() => {
                    format!("read the first or last {table} by its key{filter}")
                }
                Access::TableKey { conditions } => format!("seek {table} by its key ({}){filter}", by(conditions)),
                Access::Automatic { conditions } => {
                    format!("build a transient index on {table} ({}){filter}", by(conditions))
                }
                Access::Other => format!("read {table}{filter}"),
            }
        }
        PlanOp::NestedLoop => "for each row, in nested loops".to_owned(),
        PlanOp::Join { method } | PlanOp::Compound { method } => method.clone(),
        PlanOp::Sort { purpose, presorted } => {
            let part = if *presorted { " (part is in order already)" } else { "" };
            let purpose = match purpose {
                SortPurpose::OrderBy => "ORDER BY",
                SortPurpose::GroupBy => "GROUP BY",
                SortPurpose::Distinct => "DISTINCT",
                SortPurpose::Other => "merging",
            };
            format!("sort for {purpose}{part}")
        }
        PlanOp::MultiIndex { reference } => format!("combine index conditions on {}", names.reference(*reference)),
        PlanOp::Subquery { kind } => match kind {
            SubqueryKind::Materialized => "run a subquery once and keep its rows",
            SubqueryKind::Coroutine => "run a subquery as rows are asked for",
            SubqueryKind::Scalar => "run a subquery once",
            SubqueryKind::Correlated => "run a subquery for every outer row",
        }
        .to_owned(),
        PlanOp::Other(name) => name.clone(),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, kind } = self;
        match kind {
            ConditionKind::Equal => write!(f, "{key} = ?"),
            ConditionKind::Greater => write!(f, "{key} > ?"),
            ConditionKind::Less => write!(f, "{key} < ?"),
            ConditionKind::Operator => write!(f, "{key} matched"),
            ConditionKind::Skipped => write!(f, "any {key}"),
        }
    }
}
