//! Writes the concrete report: queries, schema and advice as the JSON contract's entries.

mod advice;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::analysis::{Analysis, Database};
use super::concrete::Quotes;
use super::weights;
use super::{Ask, Goal, Plans, explain};
use crate::catalog::{Backing, Index, IndexId, IndexKey, Method, Table};
use crate::engine::{EngineKind, Fidelity};
use crate::explain::named;
use crate::expr::Expr;
use crate::outcome::{
    ColumnEntry, DdlEntry, IndexColumnEntry, IndexEntry, JoinEntry, KeyEntry, OrderEntry, PatternEntry, PredicateEntry,
    QueryEntry, TableEntry, VariantEntry,
};
use crate::plan;
use crate::query::{
    AccessPattern, Implied, Limit, Predicate, QueryShape, QuerySite, RefId, Resolution, SiteId, SiteOrigin, Variant,
    VariantKind,
};
use crate::sql::print::{self, Script};
use crate::tree::Tree;
use crate::workload::{PlanLabels, Sender, WorkloadQuery};

pub(super) use advice::{advice, advice_name, confidence, curve, proof_entry};

/// Which workload query each (site, variant) became.
pub(super) type Senders<'a> = BTreeMap<(SiteId, u16), (&'a Database, &'a WorkloadQuery)>;

/// Lays the workload out by sender.
pub(super) fn senders(analysis: &Analysis) -> Senders<'_> {
    let mut found = Senders::new();
    for database in &analysis.databases {
        for query in &database.workload {
            found.extend(query.senders.iter().map(|sender| ((sender.site, sender.variant), (database, query))));
        }
    }
    found
}

/// Names a site inside one report: its place, hashed, so that two reports of the same tree agree.
pub(super) fn site_name(analysis: &Analysis, site: &QuerySite) -> String {
    let key = format!("{}\0{}", analysis.path(site.place.file), site.place.start);
    format!("q:{:012x}", xxhash_rust::xxh3::xxh3_64(key.as_bytes()) >> 16)
}

/// What a form of a query asks, as the report says it.
pub(super) struct Asked {
    /// The tables it touches, as its references name them.
    pub tables: Vec<Arc<str>>,
    /// What it asks of each.
    pub patterns: Vec<PatternEntry>,
}

impl Asked {
    /// Says what a shape asks.
    pub(super) fn of(shape: &QueryShape) -> Self {
        Self {
            tables: shape.references.iter().map(|reference| Arc::from(&reference.table)).collect(),
            patterns: shape.patterns.iter().map(|pattern| pattern_entry(pattern, shape)).collect(),
        }
    }
}

/// Writes every query, or those that were to be explained.
pub(super) fn queries(tree: &dyn Tree, mut analysis: Analysis, ask: &Ask<'_>) -> Vec<QueryEntry> {
    let sites = std::mem::take(&mut analysis.sites);
    let mut kept = std::mem::take(&mut analysis.entries);
    let mut writer = QueryWriter {
        analysis: &analysis,
        quotes: &Quotes::new(tree, &analysis, ask.here),
        plans: ask.plans,
        senders: senders(&analysis),
    };
    let is_asked = |id: &SiteId| !matches!(ask.goal, Goal::Explain(_)) || analysis.chosen.contains(id);
    let numbered = (0..).map(SiteId).zip(sites).filter(|(id, _)| is_asked(id));
    numbered.map(|(id, site)| writer.query(id, site, &mut kept)).collect()
}

/// What the entries of queries are written from.
struct QueryWriter<'a> {
    analysis: &'a Analysis,
    quotes: &'a Quotes<'a>,
    plans: Plans,
    senders: Senders<'a>,
}

impl QueryWriter<'_> {
    fn query(&mut self, id: SiteId, mut site: QuerySite, kept: &mut VecDeque<(Sender, Asked)>) -> QueryEntry {
        let mut tables = BTreeSet::new();
        let variants = std::mem::take(&mut site.variants).into_iter().enumerate().map(|(number, variant)| {
            let sender = Sender { site: id, variant: u16::try_from(number).unwrap_or(u16::MAX) };
            let kept = kept.pop_front_if(|(kept, _)| *kept == sender).map(|(_, asked)| asked);
            self.variant(&site, sender, variant, kept, &mut tables)
        });
        let variants: Vec<VariantEntry> = variants.collect();
        let (origin, implied) = origin(&site.origin);
        let required = variants.iter().find(|variant| variant.kind == "required");
        let (plan, raw_plan) =
            required.map(|variant| (variant.plan.clone(), variant.raw_plan.clone())).unwrap_or_default();
        QueryEntry {
            id: site_name(self.analysis, &site),
            location: self.quotes.locate(site.place),
            symbol: site.symbol,
            database: Arc::clone(&self.analysis.databases[usize::from(site.database.0)].name),
            class: site.class,
            source: site.source,
            origin,
            implied,
            resolution: match site.resolution {
                Resolution::Resolved => "resolved",
                Resolution::Partial => "partial",
                Resolution::Skipped => "skipped",
            },
            related: Vec::new(),
            tables: tables.into_iter().collect(),
            plan,
            raw_plan,
            variants,
        }
    }

    fn variant(
        &self,
        site: &QuerySite,
        sender: Sender,
        variant: Variant,
        kept: Option<Asked>,
        tables: &mut BTreeSet<Arc<str>>,
    ) -> VariantEntry {
        let mut entry = VariantEntry {
            kind: match variant.kind {
                VariantKind::Required => "required",
                VariantKind::All => "all",
                VariantKind::Branch(_) => "branch",
            },
            sql: variant.sql,
            weight: weights::weight(&self.analysis.weights, sender),
            fidelity: None,
            fidelity_reasons: Vec::new(),
            patterns: Vec::new(),
            plan: None,
            raw_plan: None,
            explained: None,
        };
        let sent = self.senders.get(&(sender.site, sender.variant));
        if let Some(asked) = kept.or_else(|| sent.map(|(_, query)| Asked::of(&query.shape))) {
            tables.extend(asked.tables);
            entry.patterns = asked.patterns;
        }
        let Some((database, query)) = sent else { return entry };
        if self.analysis.chosen.contains(&sender.site) {
            entry.explained = Some(Box::new(explain::explained(database, site, variant.kind, query)));
        }
        if self.plans == Plans::Shown {
            (entry.plan, entry.raw_plan) = plan_of(database, query).unzip();
        }
        if database.engine.is_some() {
            (entry.fidelity, entry.fidelity_reasons) = fidelity(&query.engine.fidelity);
        }
        entry
    }
}

/// A query's plan with the schema as it is, as a short tree and in the engine's words.
fn plan_of(database: &Database, query: &WorkloadQuery) -> Option<(String, String)> {
    let plan = query.planned()?;
    let name = |id: IndexId| Some(database.catalog.index(id)?.name.as_ref()?.to_string());
    let labels = PlanLabels { query, catalog: &database.catalog, advised: &BTreeMap::new() };
    let kind = database.engine.as_ref().map_or(EngineKind::None, |engine| engine.kind);
    Some((plan::tree(plan, &labels), named(kind, &plan.raw, &name)))
}

fn origin(origin: &SiteOrigin) -> (&'static str, Option<&'static str>) {
    match origin {
        SiteOrigin::Text => ("text", None),
        SiteOrigin::Call { .. } => ("call", None),
        SiteOrigin::Implied { kind, .. } => {
            let kind = match kind {
                Implied::RelationLoad => "relation-load",
                Implied::Uniqueness => "uniqueness",
                Implied::Cascade => "cascade",
                Implied::PrefetchIn => "prefetch-in",
                Implied::Count => "count",
            };
            ("implied", Some(kind))
        }
    }
}

fn fidelity(fidelity: &Fidelity) -> (Option<&'static str>, Vec<String>) {
    match fidelity {
        Fidelity::Exact => (Some("exact"), Vec::new()),
        Fidelity::Approximate(reasons) => (Some("approximate"), reasons.clone()),
        Fidelity::None(reason) => (Some("none"), vec![reason.clone()]),
    }
}

fn pattern_entry(pattern: &AccessPattern, shape: &QueryShape) -> PatternEntry {
    let reference = |id: RefId| shape.references.get(usize::from(id.0));
    PatternEntry {
        table: Arc::from(&pattern.table),
        reference: reference(pattern.reference).map(|reference| Arc::from(&reference.label)).unwrap_or_default(),
        predicates: pattern.predicates.iter().map(predicate_entry).collect(),
        any_of: pattern
            .disjunctions
            .iter()
            .map(|any| any.branches.iter().map(|branch| branch.iter().map(predicate_entry).collect()).collect())
            .collect(),
        joins: pattern
            .joins
            .iter()
            .map(|join| JoinEntry {
                key: key_entry(&join.key),
                to_table: reference(join.other).map(|reference| Arc::from(&reference.table)).unwrap_or_default(),
                to_column: spelt(&join.other_key),
            })
            .collect(),
        order_by: pattern
            .order
            .iter()
            .map(|key| OrderEntry { key: key_entry(&key.key), order: order(key.desc), nulls: nulls(key.nulls_first) })
            .collect(),
        group_by: pattern.group.iter().map(key_entry).collect(),
        limit: match pattern.limit {
            Some(Limit::Rows(rows)) => Some(rows),
            _ => None,
        },
        limited: pattern.limit.is_some(),
        lock: pattern.lock,
    }
}

fn predicate_entry(predicate: &Predicate) -> PredicateEntry {
    PredicateEntry { key: key_entry(&predicate.key), op: predicate.op.name(), optional: predicate.optional }
}

fn key_entry(key: &Expr) -> KeyEntry {
    match key.as_column() {
        Some(column) => KeyEntry::Column(column.into()),
        None => KeyEntry::Expression(key.to_string().into()),
    }
}

fn spelt(key: &Expr) -> Arc<str> {
    match key_entry(key) {
        KeyEntry::Column(text) | KeyEntry::Expression(text) => text,
    }
}

fn order(desc: bool) -> &'static str {
    if desc { "desc" } else { "asc" }
}

fn nulls(first: bool) -> &'static str {
    if first { "first" } else { "last" }
}

/// Writes the schema: the tables, and what stands around those of each database.
pub(super) fn schema(analysis: &Analysis, quotes: &Quotes<'_>) -> (Vec<TableEntry>, Vec<DdlEntry>) {
    let (mut tables, mut around) = (Vec::new(), Vec::new());
    for database in &analysis.databases {
        let Script { before, tables: ordered, after } = print::script(&database.catalog);
        tables.extend(ordered.into_iter().map(|(table, ddl)| table_entry(database, table, ddl, quotes)));
        around.push(DdlEntry { database: database.name.to_string(), before, after });
    }
    (tables, around)
}

fn table_entry(database: &Database, table: &Table, ddl: String, quotes: &Quotes<'_>) -> TableEntry {
    let place = quotes.locate(table.place);
    TableEntry {
        name: table.name.to_string(),
        database: database.name.to_string(),
        complete: table.complete,
        columns: table
            .columns
            .iter()
            .map(|column| ColumnEntry {
                name: column.name.to_string(),
                ty: column.ty.declared.clone(),
                not_null: column.not_null,
            })
            .collect(),
        indexes: table.indexes.iter().map(|index| index_entry(index, quotes)).collect(),
        ddl,
        path: place.path,
        line: place.line,
    }
}

fn index_entry(index: &Index, quotes: &Quotes<'_>) -> IndexEntry {
    let place = quotes.locate(index.place);
    IndexEntry {
        name: index.name.as_ref().map(ToString::to_string),
        columns: index.def.keys.iter().map(index_column).collect(),
        include: index.def.include.iter().map(ToString::to_string).collect(),
        predicate: index.def.predicate.as_ref().map(ToString::to_string),
        unique: index.def.unique,
        method: method(&index.def.method).to_owned(),
        backs: index.backs.map(|backing| {
            match backing {
                Backing::PrimaryKey => "primary-key",
                Backing::Unique => "unique",
                Backing::ForeignKey => "foreign-key",
                Backing::Exclusion => "exclusion",
            }
            .to_owned()
        }),
        path: place.path,
        line: place.line,
    }
}

pub(super) fn index_column(key: &IndexKey) -> IndexColumnEntry {
    let name = key.expr.as_column().map(ToString::to_string);
    let expression = name.is_none().then(|| key.expr.to_string());
    IndexColumnEntry {
        name,
        expression,
        order: order(key.desc).to_owned(),
        nulls: nulls(key.nulls_first).to_owned(),
        opclass: key.opclass.clone(),
        collation: key.collation.clone(),
    }
}

pub(super) fn method(method: &Method) -> &str {
    match method {
        Method::Btree => "btree",
        Method::Hash => "hash",
        Method::Other(name) => name,
    }
}
