//! What a rule is handed: one query, one plan or one table, with everything known around it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Deref;

use crate::advice::{Action, IndexAdvice, Proof, ProofKind, QueryAdvice, Trial};
use crate::catalog::{Catalog, IndexId, Table};
use crate::coverage::{self, Joins, Serving};
use crate::engine::Fidelity;
use crate::finding::{Confidence, Place};
use crate::name::{QName, is_slip, nearest};
use crate::plan::{self, Access, Plan, PlanNames};
use crate::query::{
    AccessPattern, Clause, PathClass, Predicate, PredicateOp, QueryShape, QuerySite, RefId, SiteOrigin, TableRef,
    UnknownKind, UnknownName,
};
use crate::source::{FileId, HostSpan, TreePath};
use crate::stats::{ColumnRole, StatsSource};
use crate::workload::{Sender, WorkloadQuery};

use super::RulesInput;
use super::asker::Asking;
use super::upkeep::{Upkeep, Uses};

/// One query, whoever sends it.
#[derive(Clone, Copy)]
pub(super) struct QueryContext<'a> {
    input: &'a RulesInput<'a>,
    /// The query.
    pub query: &'a WorkloadQuery,
    /// What the advisor found for it.
    advised: Option<&'a QueryAdvice>,
    /// Whether most tables that queries name are in the schema; else it is another application's, or a part of one.
    pub schema_fits: bool,
}

/// One place that sends a query.
pub(super) struct SenderContext<'a> {
    pub(super) site: &'a QuerySite,
    files: &'a [TreePath],
}

/// One query and its plan.
pub(super) struct PlanContext<'a> {
    /// The query.
    pub query: QueryContext<'a>,
    /// Its plan.
    pub plan: &'a Plan,
}

/// One table.
pub(super) struct SchemaContext<'a> {
    pub(super) input: &'a RulesInput<'a>,
    /// The table.
    pub table: &'a Table,
    advice: &'a [&'a IndexAdvice],
    uses: &'a Uses<'a>,
}

/// The changes of indexes that mend findings, by table.
pub(super) type AdviceOf<'a> = BTreeMap<&'a QName, Vec<&'a IndexAdvice>>;

/// Every table, with the changes of its indexes.
pub(super) fn tables<'a>(
    input: &'a RulesInput<'a>,
    uses: &'a Uses<'a>,
    advice: &'a AdviceOf<'a>,
) -> impl Iterator<Item = SchemaContext<'a>> {
    input.catalog.tables.values().map(move |table| {
        let advice = advice.get(&table.name).map_or(&[][..], Vec::as_slice);
        SchemaContext { input, table, advice, uses }
    })
}

/// The queries whose text rules may speak about: those of the application, and what only its tests and scripts send.
/// What migrations send builds the schema, and is not judged.
pub(super) fn texts<'a>(input: &'a RulesInput<'a>) -> impl Iterator<Item = QueryContext<'a>> {
    let schema_fits = schema_fits(input);
    let numbered = input.workload.iter().enumerate();
    let contexts =
        numbered.map(move |(at, query)| QueryContext { input, query, advised: input.advised.get(at), schema_fits });
    contexts.filter(|cx| {
        let is_judged = |sender: &Sender| {
            let site = &input.sites[sender.site.0 as usize];
            site.class.is_judged() && site.requires(sender.variant)
        };
        cx.query.advisable || cx.query.senders.iter().any(is_judged)
    })
}

/// The queries of the application, whose plans and indexes matter.
pub(super) fn queries<'a>(input: &'a RulesInput<'a>) -> impl Iterator<Item = QueryContext<'a>> {
    texts(input).filter(|cx| cx.query.advisable)
}

/// Finds the table or view of the same schema whose name is closest to one that it does not have.
pub(super) fn nearest_table<'c>(catalog: &'c Catalog, table: &QName) -> Option<&'c str> {
    let known = catalog.tables.keys().chain(catalog.views.keys()).filter(|name| name.schema == table.schema);
    nearest(table.name.as_str(), known.map(|name| name.name.as_str()))
}

/// A table whose name is all but one of the schema's is no sign of another schema.
fn schema_fits(input: &RulesInput<'_>) -> bool {
    let (mut known, mut unknown): (BTreeSet<&QName>, BTreeSet<&QName>) = Default::default();
    for query in input.workload {
        known.extend(query.shape.references.iter().map(|reference| &reference.table));
        unknown.extend(query.shape.unknown.iter().filter_map(|name| match &name.kind {
            UnknownKind::Table(table) => Some(table),
            UnknownKind::Column { .. } | UnknownKind::Output { .. } => None,
        }));
    }
    let meant = |table: &QName| nearest_table(input.catalog, table).filter(|name| is_slip(table.name.as_str(), name));
    unknown.retain(|table| meant(table).is_none());
    known.len() > unknown.len()
}

impl<'a> Deref for QueryContext<'a> {
    type Target = RulesInput<'a>;

    fn deref(&self) -> &RulesInput<'a> {
        self.input
    }
}

impl<'a> Deref for PlanContext<'a> {
    type Target = QueryContext<'a>;

    fn deref(&self) -> &QueryContext<'a> {
        &self.query
    }
}

impl<'a> Deref for SchemaContext<'a> {
    type Target = RulesInput<'a>;

    fn deref(&self) -> &RulesInput<'a> {
        self.input
    }
}

impl<'a> RulesInput<'a> {
    /// Returns how many rows a table has, known or assumed.
    pub(super) fn rows(&self, table: &QName) -> Option<f64> {
        self.stats.table(table).map(|stats| stats.rows)
    }

    /// Says whether a table is known or assumed to have fewer rows than a number.
    pub(super) fn is_fewer(&self, table: &QName, rows: f64) -> bool {
        self.rows(table).is_some_and(|known| known < rows)
    }

    /// Says whether somebody gave the number of rows of a table.
    pub(super) fn knows_rows(&self, table: &QName) -> bool {
        self.stats.table(table).is_some_and(|stats| stats.source > StatsSource::Assumed)
    }

    /// Says whether a table is known or assumed to be so small that no planner minds.
    pub(super) fn is_small(&self, table: &QName) -> bool {
        self.is_fewer(table, self.limits.min_rows)
    }
}

impl<'a> SchemaContext<'a> {
    /// What indexes are judged by whatever the queries are.
    pub(super) fn upkeep(&self) -> Upkeep<'a> {
        let RulesInput { catalog, stats, target, limits, generated, narrowed, .. } = self.input;
        let RulesInput { unneeded, shortened, understood, .. } = self.input;
        let uses = self.uses;
        Upkeep { catalog, stats, target, limits, generated, uses, narrowed, unneeded, shortened, understood }
    }

    /// The changes of the table's indexes that mend findings.
    pub(super) fn advice(&self) -> impl Iterator<Item = &'a IndexAdvice> {
        self.advice.iter().copied()
    }
}

impl<'a> QueryContext<'a> {
    /// Returns the names that the schema does not have, each where it stands first.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &'a UnknownName> {
        let mut told = HashSet::new();
        let written = self.query.shape.unknown.iter().filter(|unknown| !unknown.sql.is_empty());
        written.filter(move |unknown| told.insert(&unknown.kind))
    }

    /// Returns what is asked of every reference of the query.
    pub(super) fn patterns(&self) -> &'a [AccessPattern] {
        &self.query.shape.patterns
    }

    /// Returns what is asked of a reference.
    pub(super) fn pattern(&self, reference: RefId) -> Option<&'a AccessPattern> {
        self.query.shape.patterns.get(usize::from(reference.0))
    }

    /// Returns the table behind a pattern.
    pub(super) fn table_of(&self, pattern: &AccessPattern) -> Option<&'a Table> {
        self.input.catalog.table(&pattern.table)
    }

    /// Returns the place of a reference's name in the query.
    pub(super) fn place_of(&self, reference: RefId) -> Place {
        Place::Reference { query: self.query.id, reference }
    }

    /// Returns the place of a range of the query's text, or of the reference where the range is empty (it came out of a view).
    pub(super) fn place_in(&self, sql: &std::ops::Range<u32>, reference: RefId) -> Place {
        match sql.is_empty() {
            true => self.place_of(reference),
            false => Place::Sql { query: self.query.id, range: sql.clone() },
        }
    }

    /// Returns the places that send the query: those in application code, or where there are none, in tests and scripts.
    pub(super) fn senders(&self) -> impl Iterator<Item = SenderContext<'a>> {
        let RulesInput { sites, files, .. } = self.input;
        let sites = self.query.senders.iter().filter_map(|sender| sites.get(sender.site.0 as usize));
        let of_application = |site: &&QuerySite| site.class == PathClass::App;
        let has_application = sites.clone().any(|site| of_application(&site));
        let counts = move |site: &&QuerySite| match has_application {
            true => of_application(site),
            false => site.class.is_judged(),
        };
        sites.filter(counts).map(|site| SenderContext { site, files })
    }

    /// Returns what the queries of a file ask.
    pub(super) fn shapes_in(&self, file: FileId) -> impl Iterator<Item = &'a QueryShape> {
        let RulesInput { sites, workload, .. } = self.input;
        let here = move |query: &&WorkloadQuery| {
            query.senders.iter().any(|sender| sites[sender.site.0 as usize].place.file == file)
        };
        workload.iter().filter(here).map(|query| &query.shape)
    }

    /// Finds the call that sends a query among some places, the outermost one, and the query where it could be read.
    pub(super) fn sent_at(&self, places: &[HostSpan]) -> Option<(&'a QuerySite, Option<QueryContext<'a>>)> {
        let RulesInput { sites, workload, .. } = self.input;
        let is_written = |site: &QuerySite| !matches!(site.origin, SiteOrigin::Implied { .. });
        let at = |place: &HostSpan| {
            let first = sites.partition_point(|site| site.place < *place);
            let here = sites[first..].iter().take_while(|site| site.place == *place);
            here.zip(first..).find(|(site, _)| is_written(site))
        };
        let (site, number) = places.iter().filter_map(at).max_by_key(|(site, _)| site.place.end - site.place.start)?;
        let sends = |query: &&WorkloadQuery| query.senders.iter().any(|sender| sender.site.0 as usize == number);
        let query = workload.iter().find(sends);
        Some((site, query.map(|query| QueryContext { query, advised: None, ..*self })))
    }

    /// Says whether the query writes a bare name, the default schema lacks it, and only another schema has such a table:
    /// the query may as well mean one that is made elsewhere, for a while.
    pub(super) fn is_presumed(&self, table: &QName) -> bool {
        let RulesInput { sites, catalog, .. } = self.input;
        let has_default = catalog.tables.keys().any(|name| name.schema.is_none());
        let Some(sender) = self.query.senders.first() else { return false };
        let text = &sites[sender.site.0 as usize].variants[usize::from(sender.variant)].sql;
        let bare = |reference: &TableRef| {
            // The range is that of the last part of the name, quotes or not.
            let (start, end) = (reference.sql.start as usize, reference.sql.end as usize);
            let before = text.get(..start).map(|before| before.trim_end_matches(['"', '`', ' ']));
            reference.table == *table && start < end && before.is_some_and(|before| !before.ends_with('.'))
        };
        table.schema.is_some() && has_default && self.query.shape.references.iter().any(bare)
    }

    /// Returns the place of a clause.
    pub(super) fn place_of_clause(&self, clause: &Clause) -> Place {
        Place::Sql { query: self.query.id, range: clause.sql.clone() }
    }

    /// Returns the changes that serve references of the query, each with the references it serves.
    pub(super) fn advice(&self) -> Vec<(&'a IndexAdvice, Vec<RefId>)> {
        let mut found: Vec<(&IndexAdvice, Vec<RefId>)> = Vec::new();
        for (reference, id) in self.advised.iter().flat_map(|advised| &advised.advice) {
            let Ok(at) = self.input.advice.binary_search_by_key(id, |advice| advice.id) else { continue };
            let advice = &self.input.advice[at];
            match found.iter_mut().find(|(known, _)| known.id == *id) {
                Some((_, references)) => references.push(*reference),
                None => found.push((advice, vec![*reference])),
            }
        }
        found.retain(|(advice, _)| advice.action != Action::Drop);
        found
    }

    /// Returns the changes that a rule asks for, each with a reference that it serves.
    pub(super) fn advice_of(&self, rule: &str) -> Vec<(&'a IndexAdvice, &'a AccessPattern)> {
        let asking = self.asking();
        let first = |(advice, references): (&'a IndexAdvice, Vec<RefId>)| {
            let pattern = self.pattern(*references.first()?)?;
            (asking.rule(&advice.def, pattern) == rule).then_some((advice, pattern))
        };
        self.advice().into_iter().filter_map(first).collect()
    }

    /// What decides which rule asks for a change.
    pub(super) fn asking(&self) -> Asking<'a> {
        Asking { query: self.query, catalog: self.input.catalog, target: &self.input.target }
    }

    /// Returns the change that helps a reference, if one does.
    pub(super) fn index_for(&self, reference: RefId) -> Option<&'a IndexAdvice> {
        self.advice().into_iter().find(|(_, references)| references.contains(&reference)).map(|(advice, _)| advice)
    }

    /// Returns the candidates tried for a reference and what became of each.
    pub(super) fn tried(&self, reference: RefId) -> impl Iterator<Item = &'a Trial> {
        let tried = self.advised.into_iter().flat_map(|advised| &advised.tried);
        tried.filter(move |trial| trial.reference == reference)
    }

    /// Returns the evidence for the indexes proposed for the query.
    pub(super) fn proof(&self) -> Option<&'a Proof> {
        self.advised?.proof.as_ref()
    }

    /// Returns the existing index that serves a reference best, joins included.
    pub(super) fn serving(&self, pattern: &'a AccessPattern) -> Option<Serving<'a>> {
        coverage::serving(self.table_of(pattern)?, pattern, Joins::Bound, &self.input.target)
    }

    /// Says whether a unique key holds a reference down to one row.
    pub(super) fn is_one_row(&self, pattern: &AccessPattern) -> bool {
        let Some(table) = self.table_of(pattern) else { return false };
        let served = coverage::serving(table, pattern, Joins::Ignored, &self.input.target);
        served.is_some_and(|served| served.coverage.single_row)
    }

    /// Says whether a condition with a constant or a parameter leaves few rows of a reference, whatever the indexes.
    pub(super) fn is_narrowed(&self, pattern: &AccessPattern) -> bool {
        let Some(table) = self.table_of(pattern) else { return true };
        let few = |predicate: &Predicate| {
            let stats = predicate.key.as_column().and_then(|column| self.stats.column(&table.name, column));
            let many = [ColumnRole::Key, ColumnRole::Reference, ColumnRole::ManyValued];
            matches!(predicate.op, PredicateOp::Eq | PredicateOp::In)
                && stats.is_none_or(|stats| many.contains(&stats.role))
        };
        let served = coverage::serving(table, pattern, Joins::Ignored, &self.input.target);
        pattern.predicates.iter().any(|predicate| !predicate.optional && few(predicate))
            || served.is_some_and(|served| served.coverage.seeks() || served.coverage.special)
    }

    /// Says whether rows of a reference are looked up rather than read one by one: in the plan if there is one, else as far
    /// as the existing indexes tell.
    pub(super) fn is_sought(&self, pattern: &'a AccessPattern) -> bool {
        match self.query.planned() {
            Some(plan) => match plan.root.access_of(pattern.reference) {
                Some(Access::Seek { .. } | Access::Other) | None => true,
                Some(Access::TableKey { conditions }) => !conditions.is_empty(),
                Some(Access::FullTable | Access::FullIndex { .. } | Access::Automatic { .. }) => false,
            },
            None => self.serving(pattern).is_some_and(|serving| serving.coverage.seeks() || serving.coverage.special),
        }
    }

    /// Returns how sure a claim about the plan may be: of an approximate one, or of none, less.
    pub(super) fn plan_confidence(&self) -> Confidence {
        match (self.query.planned(), &self.query.engine.fidelity) {
            (Some(_), Fidelity::Exact) => Confidence::High,
            _ => Confidence::Medium,
        }
    }
}

impl SenderContext<'_> {
    /// Returns what the query is called there: by its own name, else by the file's.
    pub(super) fn name(&self) -> &str {
        let file = || self.files.get(self.site.place.file.0 as usize).map_or("", |path| path.file_name());
        self.site.symbol.as_deref().unwrap_or_else(file)
    }
}

impl PlanContext<'_> {
    /// The plan as evidence.
    pub(super) fn proof_of_plan(&self) -> Option<Proof> {
        Some(Proof {
            kind: ProofKind::Plan,
            engine: self.engine?.to_owned(),
            tier: self.tier,
            cost_before: None,
            cost_after: None,
            plan_before: Some(plan::tree(self.plan, self)),
            plan_after: None,
        })
    }
}

impl PlanNames for PlanContext<'_> {
    fn reference(&self, id: RefId) -> String {
        let Some(reference) = self.query.query.shape.references.get(usize::from(id.0)) else { return String::new() };
        match reference.label == reference.table.name {
            true => reference.table.to_string(),
            false => format!("{} {}", reference.table, reference.label),
        }
    }

    fn index(&self, id: IndexId) -> String {
        let name = self.catalog.index(id).and_then(|index| index.name.as_ref());
        name.map_or_else(|| "of the key".to_owned(), ToString::to_string)
    }
}
