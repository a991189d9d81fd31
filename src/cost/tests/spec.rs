//! Small queries, plans and statistics to price.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Direction, IndexDef, IndexId, IndexKey};
use crate::cost::{PriceContext, price};
use crate::dialect::Dialect;
use crate::expr::{Expr, Op};
use crate::name::{Ident, QName};
use crate::plan::{Access, Condition, ConditionKind, Plan, PlanNode, PlanOp};
use crate::query::{
    AccessPattern, Block, Bound, JoinKey, JoinKind, Limit, Predicate, PredicateOp, QueryShape, RefId, TableRef, Value,
};
use crate::stats::{ColumnRole, ColumnStats, StatsModel, StatsSource, TableStats};

/// A column's name, distinct values, width and correlation.
pub type ColumnSpec<'a> = (&'a str, f64, f64, f64);

/// What is priced: tables `t0`, `t1`, … of one query.
pub struct Case {
    pub dialect: Dialect,
    pub shape: QueryShape,
    pub stats: StatsModel,
    pub indexes: Vec<IndexDef>,
}

impl Case {
    pub fn new(dialect: Dialect) -> Self {
        let shape = QueryShape { blocks: vec![Block::default()], ..QueryShape::default() };
        Self { dialect, shape, stats: StatsModel::default(), indexes: Vec::new() }
    }

    /// Adds a table and a reference to it; times are the columns whose names end in `_at`.
    pub fn table(mut self, rows: f64, pages: f64, columns: &[ColumnSpec<'_>]) -> Self {
        let number = self.shape.references.len() as u16;
        let table = QName::plain(format!("t{number}"));
        let column = |(name, n_distinct, avg_width, correlation): &ColumnSpec<'_>| {
            let role = if name.ends_with("_at") { ColumnRole::Time } else { ColumnRole::Quantity };
            let stats = ColumnStats {
                null_fraction: 0.0,
                avg_width: *avg_width,
                n_distinct: *n_distinct,
                correlation: *correlation,
                role,
                source: StatsSource::Assumed,
                values: None,
            };
            (Ident::new(name), stats)
        };
        let columns: BTreeMap<Ident, ColumnStats> = columns.iter().map(column).collect();
        let reference = TableRef {
            id: RefId(number),
            table: table.clone(),
            label: table.name.clone(),
            sql: 0..0,
            via_view: None,
            block: 0,
            nullable_side: false,
            written: None,
            set: Vec::new(),
        };
        self.shape.patterns.push(pattern(&table, RefId(number), columns.keys().cloned()));
        self.shape.references.push(reference);
        self.stats.tables.insert(
            table,
            TableStats {
                rows,
                pages,
                source: StatsSource::Assumed,
                columns,
                visible: None,
                indexes: BTreeMap::new(),
                extended: BTreeMap::new(),
            },
        );
        self
    }

    /// Adds a predicate on a reference: `a =`, `a in`, `a >`, `a <`, `a <>`, `a ^` (prefix), `a ~` (anything else).
    pub fn filter(mut self, reference: usize, text: &str) -> Self {
        let (name, symbol) = text.split_once(' ').expect("a column and a symbol");
        let (op, sign) = match symbol {
            "=" => (PredicateOp::Eq, Op::Eq),
            "in" => (PredicateOp::In, Op::In),
            ">" => (PredicateOp::Range(Bound::Lower), Op::Gt),
            "<" => (PredicateOp::Range(Bound::Upper), Op::Lt),
            "<>" => (PredicateOp::Other, Op::NotEq),
            "^" => (PredicateOp::Prefix, Op::Like),
            _ => (PredicateOp::Other, Op::Other("~".to_owned())),
        };
        let key = Expr::column(name);
        let condition = Expr::op(sign, vec![key.clone(), Expr::Param]);
        self.shape.patterns[reference].predicates.push(Predicate {
            key,
            op,
            value: Value::Param,
            condition,
            sql: 0..0,
            optional: false,
        });
        self
    }

    /// Joins a column of a reference with one of another.
    pub fn join(mut self, (one, column): (u16, &str), (other, other_column): (u16, &str)) -> Self {
        let key = |key: &str, other: u16, other_key: &str| JoinKey {
            key: Expr::column(key),
            other: RefId(other),
            other_key: Expr::column(other_key),
            kind: JoinKind::Inner,
            sql: 0..0,
        };
        self.shape.patterns[usize::from(one)].joins.push(key(column, other, other_column));
        self.shape.patterns[usize::from(other)].joins.push(key(other_column, one, column));
        self
    }

    pub fn limit(mut self, rows: u64) -> Self {
        self.shape.blocks[0].limit = Some(Limit::Rows(rows));
        self
    }

    pub fn ordered(mut self) -> Self {
        self.shape.blocks[0].ordered = true;
        self
    }

    /// Adds an index on a reference's table; its number is the position.
    pub fn index(mut self, reference: usize, columns: &[&str]) -> Self {
        let keys = columns.iter().map(|name| IndexKey::new(self.dialect, Expr::column(*name), Direction::Ascending));
        let table = self.shape.references[reference].table.clone();
        let mut def = IndexDef::btree(self.dialect, table, ["x"]);
        def.keys = keys.collect();
        self.indexes.push(def);
        self
    }

    pub fn price(&self, root: PlanNode) -> f64 {
        let candidates = |id: IndexId| self.indexes.get(id.0 as usize);
        let catalog = Catalog::new(self.dialect);
        let cx = PriceContext {
            shape: &self.shape,
            catalog: &catalog,
            stats: &self.stats,
            candidates: &candidates,
            limit_rows: 50,
        };
        price(&Plan { root, casts: Vec::new(), raw: String::new() }, &cx)
    }
}

fn pattern(table: &QName, reference: RefId, columns: impl Iterator<Item = Ident>) -> AccessPattern {
    let columns = columns.collect();
    AccessPattern { order_complete: true, columns, ..AccessPattern::new(table.clone(), reference) }
}

fn scan_by(reference: u16, access: Access) -> PlanNode {
    PlanNode::leaf(PlanOp::Scan { reference: RefId(reference), access, filtered: false })
}

pub fn scan(reference: u16) -> PlanNode {
    scan_by(reference, Access::FullTable)
}

/// Conditions as `a =`, `a >`, `a <`.
fn conditions(texts: &[&str]) -> Vec<Condition> {
    let read = |text: &&str| {
        let (name, symbol) = text.split_once(' ').expect("a column and a symbol");
        let kind = match symbol {
            ">" => ConditionKind::Greater,
            "<" => ConditionKind::Less,
            _ => ConditionKind::Equal,
        };
        Condition { key: Expr::column(name), kind }
    };
    texts.iter().map(read).collect()
}

pub fn seek(reference: u16, index: u32, texts: &[&str]) -> PlanNode {
    scan_by(reference, Access::Seek { index: IndexId(index), covering: false, conditions: conditions(texts) })
}

pub fn seek_only(reference: u16, index: u32, texts: &[&str]) -> PlanNode {
    scan_by(reference, Access::Seek { index: IndexId(index), covering: true, conditions: conditions(texts) })
}

pub fn along(reference: u16, index: u32) -> PlanNode {
    scan_by(reference, Access::FullIndex { index: IndexId(index), covering: false })
}

pub fn along_only(reference: u16, index: u32) -> PlanNode {
    scan_by(reference, Access::FullIndex { index: IndexId(index), covering: true })
}

pub fn automatic(reference: u16, texts: &[&str]) -> PlanNode {
    scan_by(reference, Access::Automatic { conditions: conditions(texts) })
}

pub fn loops(steps: Vec<PlanNode>) -> PlanNode {
    PlanNode::over(PlanOp::NestedLoop, steps)
}

pub fn sorted(input: PlanNode) -> PlanNode {
    let purpose = crate::plan::SortPurpose::OrderBy;
    PlanNode::over(PlanOp::Sort { purpose, presorted: false }, vec![input])
}
