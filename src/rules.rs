//! The rules: what planlint has to say about queries, plans and schemas.
//!
//! A rule is a page (`rules/NAME.md`), a plain function (`rules/NAME.rs` of this module) and one line in [`RULES`].
//! Rules read plain data and cannot fail; they know no engine, start no trial and compare no column lists: what an
//! index is worth to an access is asked of `coverage`, what helps a query was tried by `advise` before they run.

mod asker;
mod context;
mod findings;
mod keyset;
pub mod page;
mod selection;
mod served;
mod spelling;
mod suppression;
mod upkeep;
mod volume;
mod words;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::advice::{IndexAdvice, Narrowed, QueryAdvice, Shortened, Unneeded};
use crate::catalog::{Catalog, OtherSchema};
use crate::config::Limits;
use crate::dialect::Target;
use crate::engine::Tier;
use crate::finding::Finding;
use crate::name::QName;
use crate::query::{DatabaseId, PathClass, QuerySite, UniqueCheck};
use crate::source::TreePath;
use crate::stats::StatsModel;
use crate::workload::{Understood, WorkloadQuery};

pub use asker::Asking;
use context::{AdviceOf, PlanContext, QueryContext, SchemaContext};
use findings::Findings;
use page::{Meta, Page};
pub use selection::{Choice, Selection};
pub use suppression::{JudgedSuppression, Use};
pub use upkeep::{Checking, SchemaAdvice, UNKEPT, Unkept, Upkeep, Uses, schema_advice};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, as users write it.
    pub name: &'static str,
    /// Its page, front matter included.
    pub text: &'static str,
    /// Its page, read.
    page: LazyLock<Page<'static>>,
    check: Check,
}

/// What a rule is run on.
#[derive(Debug)]
enum Check {
    /// Every query, those of tests and scripts included: its text is wrong whatever the data, the indexes and the purpose.
    Text(fn(&QueryContext<'_>, &mut Findings)),
    /// Every query of the application.
    Query(fn(&QueryContext<'_>, &mut Findings)),
    /// Every query of the application that has a plan.
    Plan(fn(&PlanContext<'_>, &mut Findings)),
    /// Every table.
    Schema(fn(&SchemaContext<'_>, &mut Findings)),
    /// Every suppression, after all other rules.
    Suppression(fn(&JudgedSuppression<'_>, &mut Findings)),
}

/// Declares the rules: a module, its name for users, and what it is run on.
macro_rules! rules {
    ($($module:ident $name:literal $kind:ident;)*) => {
        $(mod $module;)*

        /// Every rule, by name.
        pub static RULES: [Rule; [$($name),*].len()] = [$(Rule {
            name: $name,
            text: include_str!(concat!("../rules/", $name, ".md")),
            page: LazyLock::new(|| read(include_str!(concat!("../rules/", $name, ".md")))),
            check: Check::$kind($module::check),
        },)*];
    };
}

rules! {
    cartesian_join "cartesian-join" Text;
    composite_leading_skipped "composite-leading-skipped" Query;
    duplicate_index "duplicate-index" Schema;
    excessive_composite "excessive-composite" Schema;
    full_table_scan "full-table-scan" Plan;
    implicit_cast "implicit-cast" Query;
    leading_wildcard_like "leading-wildcard-like" Query;
    like_needs_pattern_ops "like-needs-pattern-ops" Query;
    missing_index "missing-index" Query;
    missing_where "missing-where" Query;
    not_in_nullable_subquery "not-in-nullable-subquery" Text;
    null_comparison "null-comparison" Text;
    offset_pagination "offset-pagination" Query;
    or_across_columns "or-across-columns" Query;
    order_by_random "order-by-random" Query;
    query_in_loop "query-in-loop" Query;
    redundant_index "redundant-index" Schema;
    schema_drift "schema-drift" Schema;
    soft_delete_partial "soft-delete-partial" Schema;
    sort_not_indexed "sort-not-indexed" Query;
    unbounded_result "unbounded-result" Query;
    unindexable_predicate "unindexable-predicate" Query;
    unindexed_foreign_key "unindexed-foreign-key" Schema;
    unknown_column "unknown-column" Query;
    unknown_rule_in_suppression "unknown-rule-in-suppression" Suppression;
    unknown_table "unknown-table" Query;
    unused_index "unused-index" Schema;
    unused_suppression "unused-suppression" Suppression;
    validated_unique_without_index "validated-unique-without-index" Query;
}

/// Reads a page that the tests have read before.
fn read(text: &'static str) -> Page<'static> {
    page::read(text).expect("every page in the list is well formed")
}

/// What rules are told of one database: the outcome of every step before them.
#[derive(Clone, Copy, Debug)]
pub struct RulesInput<'a> {
    /// The database.
    pub database: DatabaseId,
    /// Its schema.
    pub catalog: &'a Catalog,
    /// What the schema was built from, as reports say it.
    pub source: &'a str,
    /// What other sources declare of it.
    pub others: &'a [OtherSchema],
    /// What is known or assumed of its data.
    pub stats: &'a StatsModel,
    /// What production runs.
    pub target: Target,
    /// The numbers that decide when to speak.
    pub limits: &'a Limits,
    /// The queries.
    pub workload: &'a [WorkloadQuery],
    /// The places that send them.
    pub sites: &'a [QuerySite],
    /// Those that look whether a row is there before one like it is added.
    pub checks: &'a [UniqueCheck],
    /// The files of the run, by [`crate::source::FileId`].
    pub files: &'a [TreePath],
    /// What the advisor found for each of them, in the same order; empty where it did not run.
    pub advised: &'a [QueryAdvice],
    /// The changes that mend the findings: the advisor's set and [`schema_advice`], in order of number.
    pub advice: &'a [IndexAdvice],
    /// Indexes of which only a part is read.
    pub narrowed: &'a [Narrowed],
    /// Indexes without which no query is worse off.
    pub unneeded: &'a [Unneeded],
    /// Indexes whose last keys no query needs.
    pub shortened: &'a [Shortened],
    /// How much of what is asked of the database could be read.
    pub understood: &'a Understood,
    /// The engine that made the plans, as reports name it.
    pub engine: Option<&'a str>,
    /// What the evidence is worth.
    pub tier: Tier,
    /// Tables that a schema statement names which was not understood.
    pub doubtful: &'a BTreeSet<QName>,
    /// Tables that a framework makes, whose indexes the code cannot take away.
    pub generated: &'a BTreeSet<QName>,
}

/// Finds a rule by name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Finds the rule that somebody may have meant by a name.
pub fn nearest(name: &str) -> Option<&'static str> {
    crate::name::nearest(name, RULES.iter().map(|rule| rule.name))
}

/// Runs the selected rules over a database.
pub fn run(input: &RulesInput<'_>, selection: &Selection) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in RULES.iter().filter(|rule| selection.runs(rule.name)) {
        let mut findings = Findings::new(rule.name, rule.meta(), input.database);
        rule.run(input, &mut findings);
        all.extend(findings.into_vec());
    }
    all
}

/// Runs the selected rules about suppressions, which speak after all others.
pub fn run_on_suppressions(judged: &[JudgedSuppression<'_>], selection: &Selection) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in RULES.iter().filter(|rule| selection.runs(rule.name)) {
        let Check::Suppression(check) = rule.check else { continue };
        for one in judged {
            let mut findings = Findings::new(rule.name, rule.meta(), one.database);
            check(one, &mut findings);
            all.extend(findings.into_vec());
        }
    }
    all
}

impl Rule {
    /// Returns the rule's page.
    pub fn page(&self) -> &Page<'static> {
        &self.page
    }

    /// Returns the front matter of the rule's page.
    pub fn meta(&self) -> &Meta {
        &self.page.meta
    }

    /// Says whether the rule speaks by itself of the queries in files of a class.
    pub fn speaks_of_queries(&self, class: PathClass) -> bool {
        match self.check {
            Check::Text(_) => class.is_judged(),
            Check::Query(_) | Check::Plan(_) => class == PathClass::App,
            Check::Schema(_) | Check::Suppression(_) => false,
        }
    }

    fn run(&self, input: &RulesInput<'_>, findings: &mut Findings) {
        match self.check {
            Check::Text(check) => context::texts(input).for_each(|cx| check(&cx, findings)),
            Check::Query(check) => context::queries(input).for_each(|cx| check(&cx, findings)),
            Check::Plan(check) => context::queries(input)
                .filter_map(|query| Some(PlanContext { plan: query.query.planned()?, query }))
                .for_each(|cx| check(&cx, findings)),
            Check::Schema(check) => {
                let uses = Uses::of(input.workload);
                let mut advice = AdviceOf::new();
                input.advice.iter().for_each(|one| advice.entry(&one.def.table).or_default().push(one));
                context::tables(input, &uses, &advice).for_each(|cx| check(&cx, findings));
            }
            Check::Suppression(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_modules_and_list_agree() {
        let mut pages: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        pages.sort();
        let listed: Vec<String> = RULES.iter().map(|rule| format!("{}.md", rule.name)).collect();
        assert_eq!(pages, listed, "a page is a rule and the list is sorted");
        for rule in &RULES {
            let page = page::read(rule.text).unwrap_or_else(|error| panic!("{}: {error}", rule.name));
            assert_eq!(page.title, rule.name);
            assert!(page.summary.starts_with("Reports "), "{}: {}", rule.name, page.summary);
            let reads = match rule.check {
                Check::Text(_) => ["query"].as_slice(),
                Check::Query(_) => &["query", "plan"],
                Check::Plan(_) => &["plan"],
                Check::Schema(_) => &["schema"],
                Check::Suppression(_) => &["comment"],
            };
            assert!(reads.contains(&page.meta.reads.as_str()), "{}", rule.name);
        }
    }
}
