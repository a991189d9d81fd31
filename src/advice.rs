//! Index advice: what to create, replace or drop, what it serves, and how that was proven.
//!
//! Data, and [`IndexAdvice::to_ddl`], the one way to become DDL. Knows no engine and no report format.

mod curve;
pub mod host;
mod unneeded;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::catalog::{IndexDef, IndexId, IndexKey, Method};
use crate::dialect::Dialect;
use crate::engine::Tier;
use crate::name::{Ident, QName};
use crate::query::{DatabaseId, RefId};
use crate::workload::QueryId;

pub use curve::{Curve, Point};
pub use unneeded::{Shortened, Unneeded, UnneededBy};
pub use verdict::{
    CONDITION, Costs, EXTEND, Gain, Guard, Outdone, Trial, Unfit, UnfitWhy, Verdict, figure, key, keys, using,
};

/// The number of a piece of advice within one run, by canonical definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AdviceId(pub u32);

/// One change to the schema's indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexAdvice {
    /// Its number.
    pub id: AdviceId,
    /// What to do.
    pub action: Action,
    /// The database.
    pub database: DatabaseId,
    /// The index's name: a free one of at most the dialect's length for `Create` and `Replace`, the existing one for `Drop`.
    pub name: Ident,
    /// What it indexes.
    pub def: IndexDef,
    /// Existing indexes that become redundant with it.
    pub replaces: Vec<QName>,
    /// The existing index that serves what this one served, for `Drop`.
    pub covered_by: Option<Ident>,
    /// Why, where the queries do not say it, or no plan proves what they say.
    pub reason: Option<String>,
    /// The queries it serves, sorted.
    pub serves: Vec<QueryId>,
    /// The evidence: of the query that gains most.
    pub proof: Option<Proof>,
    /// How large the index is taken to be, in bytes, where the engine tells.
    pub size: Option<u64>,
    /// What its upkeep costs because its table is written to ([`crate::cost::upkeep`]); of a drop, what is saved. None
    /// where nothing is known of the table's writes.
    pub write_cost: Option<f64>,
}

/// An existing index of which only a part is read: an index over that part would do as well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Narrowed {
    /// The index.
    pub index: IndexId,
    /// The index over the part.
    pub def: IndexDef,
    /// The application's queries that use it; all of them ask for the part.
    pub queries: Vec<QueryId>,
    /// How many queries of the table ask for the part, of how many.
    pub asking: (usize, usize),
    /// The fraction of the rows that the part leaves out, where it is known.
    pub left_out: Option<f64>,
    /// The evidence, of one of the queries.
    pub proof: Option<Proof>,
}

/// What to do with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Create it.
    Create,
    /// Create it and drop those it replaces.
    Replace,
    /// Drop it.
    Drop,
}

/// How a finding or a piece of advice was proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// By what.
    pub kind: ProofKind,
    /// The engine and its version (`sqlite 3.54.1`).
    pub engine: String,
    /// What the figures are worth.
    pub tier: Tier,
    /// The price before, in the engine's unit; none for a stand-in.
    pub cost_before: Option<f64>,
    /// The price after.
    pub cost_after: Option<f64>,
    /// The plan before, as a short tree.
    pub plan_before: Option<String>,
    /// The plan after.
    pub plan_after: Option<String>,
}

/// By what something was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofKind {
    /// The plan of the target's own engine changes and its cost falls.
    Cost,
    /// A stand-in's plan changes in the way the target's would.
    Plan,
    /// No existing index serves the pattern.
    Shape,
}

/// What the advisor found for one query.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QueryAdvice {
    /// Every index that was tried, in order.
    pub tried: Vec<Trial>,
    /// Conditions and orders that offer no key for an index.
    pub unfit: Vec<Unfit>,
    /// What is kept for this query before consolidation: the indexes of the best set.
    pub kept: Vec<IndexDef>,
    /// The evidence for the kept set.
    pub proof: Option<Proof>,
    /// The references that the kept set serves, with the index serving each.
    pub served: Vec<(RefId, IndexDef)>,
    /// After consolidation: the advice that serves each of those references.
    pub advice: Vec<(RefId, AdviceId)>,
}

impl IndexAdvice {
    /// Prints the change as DDL, a statement a line, ending in `;`.
    pub fn to_ddl(&self, dialect: Dialect) -> String {
        let drop = |name: &QName| drop_ddl(dialect, name, &self.def.table);
        match self.action {
            Action::Drop => drop(&self.index_name()),
            Action::Create | Action::Replace => {
                let mut lines = vec![create_ddl(dialect, &self.name, &self.def)];
                lines.extend(self.replaces.iter().map(drop));
                lines.join("\n")
            }
        }
    }

    /// Prints the way back: for `Create` and `Drop` the inverse statement. What a `Replace` drops is recreated by `originals`.
    pub fn to_down(&self, dialect: Dialect, originals: &[(Ident, IndexDef)]) -> String {
        if self.action == Action::Drop {
            return create_ddl(dialect, &self.name, &self.def);
        }
        let mut lines: Vec<String> = originals.iter().map(|(name, def)| create_ddl(dialect, name, def)).collect();
        lines.push(drop_ddl(dialect, &self.index_name(), &self.def.table));
        lines.join("\n")
    }

    fn index_name(&self) -> QName {
        QName { schema: self.def.table.schema.clone(), name: self.name.clone() }
    }
}

fn drop_ddl(dialect: Dialect, index: &QName, table: &QName) -> String {
    match dialect {
        Dialect::Mysql => format!("DROP INDEX {} ON {};", dialect.quote(&index.name), quote_qualified(dialect, table)),
        Dialect::Postgres | Dialect::Sqlite => format!("DROP INDEX {};", quote_qualified(dialect, index)),
    }
}

/// Prints `CREATE INDEX`, ending in `;`.
pub fn create_ddl(dialect: Dialect, name: &Ident, def: &IndexDef) -> String {
    let mut kind = if def.unique { "UNIQUE ".to_owned() } else { String::new() };
    let method = match &def.method {
        Method::Btree => String::new(),
        // MySQL's own kinds stand before INDEX.
        Method::Other(method) if dialect == Dialect::Mysql => {
            kind = format!("{} ", method.to_uppercase());
            String::new()
        }
        Method::Hash => " USING hash".to_owned(),
        Method::Other(method) => format!(" USING {method}"),
    };
    let keys = def.keys.iter().map(|key| key_ddl(dialect, key)).collect::<Vec<_>>().join(", ");
    let include = match def.include.as_slice() {
        [] => String::new(),
        columns => {
            format!(" INCLUDE ({})", columns.iter().map(|column| dialect.quote(column)).collect::<Vec<_>>().join(", "))
        }
    };
    let predicate =
        def.predicate.as_ref().map_or(String::new(), |predicate| format!(" WHERE {}", predicate.to_sql(dialect)));
    let (name, table) = (dialect.quote(name), quote_qualified(dialect, &def.table));
    format!("CREATE {kind}INDEX {name} ON {table}{method} ({keys}){include}{predicate};")
}

fn key_ddl(dialect: Dialect, key: &IndexKey) -> String {
    let mut text = match key.expr.as_column() {
        Some(column) => dialect.quote(column).into_owned(),
        // A function call needs no parentheses in PostgreSQL and SQLite; anything else does, and MySQL wants them always.
        None => format!("({})", key.expr.to_sql(dialect)),
    };
    if let Some(prefix) = key.prefix {
        text.push_str(&format!("({prefix})"));
    }
    if let Some(collation) = &key.collation {
        text.push_str(" COLLATE ");
        text.push_str(&dialect.quote(&Ident::new(collation)));
    }
    if let Some(opclass) = &key.opclass {
        text.push(' ');
        text.push_str(opclass);
    }
    if key.desc {
        text.push_str(" DESC");
    }
    // Only PostgreSQL stores the place of NULLs in an index.
    if dialect == Dialect::Postgres && key.nulls_first != dialect.nulls_first_by_default(key.desc) {
        text.push_str(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
    }
    text
}

/// Quotes a possibly qualified name.
pub fn quote_qualified(dialect: Dialect, name: &QName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", dialect.quote(schema), dialect.quote(&name.name)),
        None => dialect.quote(&name.name).into_owned(),
    }
}
