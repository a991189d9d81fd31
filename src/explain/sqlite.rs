//! Reads SQLite's EXPLAIN QUERY PLAN into a [`Plan`].
//!
//! SQLite prints a tree of one-line steps that is flatter than a plan: the loops of a join, the subqueries they run
//! and the sorter they feed all stand side by side. This module puts them in place: loops become one nested loop, a
//! subquery stands after the loop that runs it, a sorter is wrapped around what it sorts.
//! The wording is that of `sqlite3WhereAddExplainText`, `explainTempTable` and the other callers of
//! `ExplainQueryPlan` in SQLite 3.54; what it does not know becomes [`PlanOp::Other`].

mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::catalog::{IndexDef, IndexId};
use crate::engine::EngineQuery;
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::plan::{Access, Condition, ConditionKind, Plan, PlanNode, PlanOp, SortPurpose};
use crate::query::RefId;

use line::{Line, Using};

/// A row of EXPLAIN QUERY PLAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The step's number.
    pub id: i64,
    /// The step it belongs to; 0 at the top.
    pub parent: i64,
    /// What it does, in SQLite's words.
    pub detail: String,
}

/// What the printed names stand for.
pub trait Names {
    /// The definition behind the index that is called `ix_N`.
    fn index(&self, id: IndexId) -> Option<&IndexDef>;
    /// The columns of the table's own key: those of a WITHOUT ROWID table, the one that is the rowid, or none.
    fn table_key(&self, table: &QName) -> &[Ident];
}

/// The name of an index on the scratch engine.
pub fn index_name(id: IndexId) -> String {
    format!("ix_{}", id.0)
}

/// Says whether SQLite keeps a name for itself: those of indexes behind constraints cannot be given.
pub fn is_reserved(name: &str) -> bool {
    name.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("sqlite_"))
}

/// Puts the names that people know into a plan in SQLite's words.
pub fn named(raw: &str, name: &dyn Fn(IndexId) -> Option<String>) -> String {
    let own = |number: &str| name(IndexId(number.parse().ok()?)).filter(|name| !is_reserved(name));
    let mut pieces = raw.split("INDEX ix_");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        text.push_str(&format!("INDEX {}{rest}", own(number).unwrap_or_else(|| format!("ix_{number}"))));
    }
    text
}

/// Reads the rows of one statement.
pub fn read(rows: &[Row], query: &EngineQuery, names: &dyn Names) -> Plan {
    let mut children: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        children.entry(row.parent).or_default().push(row);
    }
    let reader = Reader { children, query, names };
    let mut raw = String::new();
    reader.write_raw(0, 0, &mut raw);
    Plan { root: reader.block(0), casts: Vec::new(), raw }
}

struct Reader<'a> {
    children: BTreeMap<i64, Vec<&'a Row>>,
    query: &'a EngineQuery,
    names: &'a dyn Names,
}

/// The steps that stand side by side below one line.
#[derive(Default)]
struct Siblings {
    /// What runs in nested loops, outermost first.
    loops: Vec<PlanNode>,
    /// Derived tables by name, until a scan names them.
    derived: BTreeMap<String, PlanNode>,
    /// Sorters, in the order in which rows pass through them.
    sorts: Vec<(SortPurpose, bool)>,
}

impl Siblings {
    /// The derived table that a scan names; by another name it can only be one that stands under an alias.
    fn take_derived(&mut self, name: &str) -> Option<PlanNode> {
        let only = || self.derived.keys().next().filter(|_| self.derived.len() == 1).cloned();
        let name = if self.derived.contains_key(name) { name.to_owned() } else { only()? };
        self.derived.remove(&name)
    }
}

impl<'a> Reader<'a> {
    fn below(&self, id: i64) -> &[&'a Row] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    fn write_raw(&self, parent: i64, depth: usize, text: &mut String) {
        for row in self.below(parent) {
            text.push_str(&"  ".repeat(depth));
            text.push_str(&row.detail);
            text.push('\n');
            // A malformed input could name itself as its parent.
            if row.id != parent && depth < 100 {
                self.write_raw(row.id, depth + 1, text);
            }
        }
    }

    /// Puts the lines below `parent` into one step.
    fn block(&self, parent: i64) -> PlanNode {
        if self.below(parent).first().is_some_and(|row| row.detail == "SETUP") {
            return self.recursive(parent);
        }
        let mut siblings = Siblings::default();
        for row in self.below(parent).iter().filter(|row| row.id != parent) {
            self.place(row, &mut siblings);
        }
        let Siblings { mut loops, derived, sorts } = siblings;
        // What no scan claimed runs all the same, before the loops.
        loops.splice(0..0, derived.into_values());
        let mut node = match loops.len() {
            0 => PlanNode::leaf(PlanOp::Other("constant row".to_owned())),
            1 => loops.remove(0),
            _ => PlanNode::over(PlanOp::NestedLoop, loops),
        };
        for (purpose, presorted) in sorts {
            node = PlanNode::over(PlanOp::Sort { purpose, presorted }, vec![node]);
        }
        node
    }

    fn place(&self, row: &Row, siblings: &mut Siblings) {
        match line::read(&row.detail) {
            Line::Loop { name, using, search } => {
                let step = match self.reference(name) {
                    Some(reference) => self.scan(reference, using, search),
                    None => siblings
                        .take_derived(name)
                        .unwrap_or_else(|| PlanNode::leaf(PlanOp::Other(format!("scan {name}")))),
                };
                siblings.loops.push(step);
            }
            Line::Derived { name, kind } => {
                let mut below = self.block(row.id);
                if name.starts_with("(subquery-") && self.query.sql.contains(" OVER ") {
                    sorted_for(&mut below, SortPurpose::Other);
                }
                let step = PlanNode::over(PlanOp::Subquery { kind }, vec![below]);
                if let Some(earlier) = siblings.derived.insert(name.to_owned(), step) {
                    siblings.loops.push(earlier);
                }
            }
            Line::Subquery(kind) => {
                siblings.loops.push(PlanNode::over(PlanOp::Subquery { kind }, vec![self.block(row.id)]));
            }
            Line::Sort { purpose, presorted } => siblings.sorts.push((purpose, presorted)),
            Line::MultiIndexOr => siblings.loops.push(self.multi_index(row)),
            Line::Compound => siblings.loops.push(self.compound(row)),
            Line::Merge(method) => {
                let mut sides: Vec<PlanNode> = self.below(row.id).iter().map(|side| self.block(side.id)).collect();
                // But for UNION ALL, sides are merged whether an order is asked for or not.
                if method != "union all" && !self.orders_compound() {
                    sides.iter_mut().for_each(|side| sorted_for(side, SortPurpose::Distinct));
                }
                siblings.loops.push(PlanNode::over(PlanOp::Compound { method }, sides));
            }
            Line::InOperator { index } => siblings.loops.push(self.in_operator(index)),
            Line::Note => {}
            Line::Other(name) => {
                let below = if self.below(row.id).is_empty() { Vec::new() } else { vec![self.block(row.id)] };
                siblings.loops.push(PlanNode::over(PlanOp::Other(name), below));
            }
        }
    }

    /// Says whether an ORDER BY stands behind the last side of a set operation.
    fn orders_compound(&self) -> bool {
        let sql = &self.query.sql;
        let last = ["UNION", "EXCEPT", "INTERSECT"].iter().filter_map(|operator| sql.rfind(operator)).max();
        sql[last.unwrap_or_default()..].contains(" ORDER BY ")
    }

    fn reference(&self, name: &str) -> Option<RefId> {
        let number: u16 = name.strip_prefix('t')?.parse().ok()?;
        (usize::from(number) < self.query.references.len()).then_some(RefId(number))
    }

    fn scan(&self, reference: RefId, using: Using<'_>, search: bool) -> PlanNode {
        let access = self.access(reference, using, search);
        let filtered = self.is_filtered(reference, std::slice::from_ref(&access));
        PlanNode::leaf(PlanOp::Scan { reference, access, filtered })
    }

    fn access(&self, reference: RefId, using: Using<'_>, search: bool) -> Access {
        let table = &self.query.references[usize::from(reference.0)];
        match using {
            Using::Nothing if search && self.asks_for_extreme_key(reference) => {
                Access::TableKey { conditions: Vec::new() }
            }
            Using::Nothing => Access::FullTable,
            Using::Index { id, covering, terms } => match self.names.index(id) {
                _ if !search => Access::FullIndex { index: id, covering },
                // Without terms it is the first or last entry, for min() or max().
                None => Access::Seek { index: id, covering, conditions: Vec::new() },
                Some(def) => {
                    let key = |at: usize, _: &str| def.keys.get(at).map(|key| key.expr.clone());
                    Access::Seek { index: id, covering, conditions: conditions(terms, &key) }
                }
            },
            Using::Rowid { terms } => {
                let column = self.names.table_key(table).first().cloned().unwrap_or_else(|| Ident::new("rowid"));
                let key = |_: usize, _: &str| Some(Expr::Column(column.clone()));
                Access::TableKey { conditions: conditions(terms, &key) }
            }
            Using::PrimaryKey { terms } => {
                let columns = self.names.table_key(table);
                let key = |at: usize, _: &str| columns.get(at).cloned().map(Expr::Column);
                Access::TableKey { conditions: conditions(terms, &key) }
            }
            Using::Automatic { terms } => {
                let key = |_: usize, name: &str| Some(Expr::column(name));
                Access::Automatic { conditions: conditions(terms, &key) }
            }
            Using::Virtual => Access::Other,
        }
    }

    /// SQLite says SEARCH of every min() and max(), also where it reads the whole table for it; only that of the rowid
    /// reads one row.
    fn asks_for_extreme_key(&self, reference: RefId) -> bool {
        let [key] = self.names.table_key(&self.query.references[usize::from(reference.0)]) else { return false };
        let plain: String = self.query.sql.chars().filter(|letter| !letter.is_whitespace() && *letter != '"').collect();
        let plain = plain.to_ascii_lowercase();
        let call = format!("(t{}.{})", reference.0, key.as_str().to_ascii_lowercase());
        ["min", "max"].iter().any(|function| plain.contains(&format!("{function}{call}")))
    }

    /// Says whether the accesses together leave a tested key of the reference unanswered.
    fn is_filtered(&self, reference: RefId, accesses: &[Access]) -> bool {
        let Some(tested) = self.query.filters.get(usize::from(reference.0)) else {
            return false;
        };
        tested.iter().any(|key| !accesses.iter().any(|access| self.answers(access, key)))
    }

    fn answers(&self, access: &Access, tested: &Expr) -> bool {
        let (conditions, index) = match access {
            Access::Seek { conditions, index, .. } => (conditions.as_slice(), Some(*index)),
            Access::FullIndex { index, .. } => (&[][..], Some(*index)),
            Access::TableKey { conditions } | Access::Automatic { conditions } => (conditions.as_slice(), None),
            Access::FullTable | Access::Other => return false,
        };
        let by_key =
            conditions.iter().any(|condition| condition.kind != ConditionKind::Skipped && condition.key == *tested);
        // A partial index holds only rows that meet its predicate.
        let by_predicate = || {
            let predicate = index.and_then(|id| self.names.index(id)).and_then(|def| def.predicate.as_ref())?;
            Some(predicate.conjuncts().iter().any(|conjunct| conjunct == tested || tests(conjunct, tested)))
        };
        by_key || by_predicate().unwrap_or(false)
    }

    fn multi_index(&self, row: &Row) -> PlanNode {
        let mut branches: Vec<PlanNode> = Vec::new();
        for branch in self.below(row.id) {
            branches.push(self.block(branch.id));
        }
        let mut reference = None;
        let mut accesses = Vec::new();
        for branch in &branches {
            branch.walk(&mut |step| {
                if let PlanOp::Scan { reference: found, access, .. } = &step.op {
                    reference.get_or_insert(*found);
                    accesses.push(access.clone());
                }
            });
        }
        let Some(reference) = reference else {
            return PlanNode::over(PlanOp::Other("multi-index or".to_owned()), branches);
        };
        // Every branch answers its own arm of the OR: what is left is what no branch answers.
        let left = self.is_filtered(reference, &accesses);
        branches.iter_mut().for_each(|branch| set_filtered(branch, reference, left));
        PlanNode::over(PlanOp::MultiIndex { reference }, branches)
    }

    fn compound(&self, row: &Row) -> PlanNode {
        let arms = self.below(row.id);
        let name = arms.iter().map(|arm| arm.detail.as_str()).find(|detail| *detail != "LEFT-MOST SUBQUERY");
        let method = name.unwrap_or("UNION ALL").to_ascii_lowercase().replace(" using temp b-tree", "");
        PlanNode::over(PlanOp::Compound { method }, arms.iter().map(|arm| self.block(arm.id)).collect())
    }

    /// A recursive CTE: its setup, then a step for each row found so far.
    fn recursive(&self, parent: i64) -> PlanNode {
        let parts = self.below(parent).iter().filter(|row| row.id != parent).map(|row| self.block(row.id)).collect();
        PlanNode::over(PlanOp::Compound { method: "recursive".to_owned() }, parts)
    }

    /// `x IN (SELECT c FROM t)` looked up in t's index directly: SQLite names the index, not the reference.
    fn in_operator(&self, index: Option<IndexId>) -> PlanNode {
        let unknown = || PlanNode::leaf(PlanOp::Other("look up in a list".to_owned()));
        let Some((id, def)) = index.and_then(|id| Some((id, self.names.index(id)?))) else {
            return unknown();
        };
        let mut same =
            self.query.references.iter().enumerate().filter(|(_, table)| **table == def.table).map(|(at, _)| at);
        let (Some(only), None) = (same.next(), same.next()) else {
            return unknown();
        };
        let conditions =
            def.keys.first().map(|key| Condition { key: key.expr.clone(), kind: ConditionKind::Equal }).into_iter();
        let access = Access::Seek { index: id, covering: true, conditions: conditions.collect() };
        let reference = RefId(u16::try_from(only).unwrap_or(u16::MAX));
        PlanNode::leaf(PlanOp::Scan { reference, access, filtered: false })
    }
}

/// Says whether a conjunct of an index predicate is about the tested key.
fn tests(conjunct: &Expr, tested: &Expr) -> bool {
    matches!(conjunct, Expr::Op { operands, .. } if operands.first() == Some(tested))
}

/// SQLite says of the sort below a merge or a window that it is for ORDER BY.
fn sorted_for(step: &mut PlanNode, wanted: SortPurpose) {
    if let PlanOp::Sort { purpose, .. } = &mut step.op {
        *purpose = wanted;
    }
}

fn set_filtered(step: &mut PlanNode, wanted: RefId, value: bool) {
    if let PlanOp::Scan { reference, filtered, .. } = &mut step.op
        && *reference == wanted
    {
        *filtered = value;
    }
    step.children.iter_mut().for_each(|child| set_filtered(child, wanted, value));
}

/// Reads `a=? AND ANY(b) AND c>?`; `key` gives the expression at a key position of the index, or by its printed name.
fn conditions(terms: &str, key: &dyn Fn(usize, &str) -> Option<Expr>) -> Vec<Condition> {
    let mut found = Vec::new();
    let mut at = 0;
    for term in terms.split(" AND ").filter(|term| !term.is_empty()) {
        let (name, kind) = line::term(term);
        if let Some(key) = key(at, name) {
            found.push(Condition { key, kind });
        }
        // Both sides of a range are about the key after the last equality.
        if matches!(kind, ConditionKind::Equal | ConditionKind::Skipped) {
            at += 1;
        }
    }
    found
}
