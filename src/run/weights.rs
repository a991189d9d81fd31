//! How often each form of a query is sent, beside the others of its database.
//!
//! Said by the configuration, counted by production, else told from the code: where it stands, what calls it, how many
//! loops it stands in. Only ever compared with the weight of another query; the rules stand in `docs/statistics.md`.

use std::collections::HashMap;

use super::analysis::Analysis;
use super::concrete::Quotes;
use super::load::{self, Senders};
use super::{Ask, Focus, RunError, explain};
use crate::config::{Config, WorkloadSettings};
use crate::outcome::LoadMatch;
use crate::query::{Caller, InLoop, PathClass, QuerySite, SiteId};
use crate::shape::shape;
use crate::source::{HostSpan, TreePath};
use crate::sql::likeness::likeness;
use crate::workload::Sender;

/// A query in a loop over another one's rows is sent for each of them.
const ROWS_OF_A_LOOP: f64 = 10.0;
/// Loops around loops beyond this many are read no deeper.
const DEPTH: u32 = 3;
/// What a person or a clock starts, beside what requests do.
const BY_HAND: f64 = 0.1;

/// What the configuration says of some forms of queries: which, and the weight of all of them together.
pub(super) type Said = Vec<(Vec<Sender>, f64)>;

/// Finds the queries that the configuration weighs.
///
/// # Errors
/// When it names one that is not there.
pub(super) fn said(analysis: &Analysis, config: &Config, ask: &Ask<'_>, quotes: &Quotes<'_>) -> Result<Said, RunError> {
    if config.workload.is_empty() {
        return Ok(Said::new());
    }
    let senders = Senders::of(analysis);
    let one = |(number, said): (usize, &WorkloadSettings)| {
        let key = |name: &str| vec!["workload".to_owned(), number.to_string(), name.to_owned()];
        let found = match (&said.at, &said.sql, &said.fingerprint) {
            (Some(at), ..) => at_place(analysis, at, quotes).map_err(|message| (message, key("at"))),
            (None, Some(sql), _) => {
                let found = by_text(analysis, &senders, sql);
                found.ok_or_else(|| ("no query of the code has the text of `workload.sql`".to_owned(), key("sql")))
            }
            (None, None, Some(hash)) => {
                let found = by_fingerprint(analysis, hash);
                found.ok_or_else(|| (format!("no query of the code has the fingerprint `{hash}`"), key("fingerprint")))
            }
            (None, None, None) => {
                Err(("a `[[workload]]` names no query".to_owned(), vec!["workload".to_owned(), number.to_string()]))
            }
        };
        found.map(|found| (found, said.weight)).map_err(|(message, key)| RunError::Config {
            message,
            help:
                "name a query of the code, as `at = \"app/orders.py:120\"`, by its `sql`, or by the `fingerprint` that \
                   `planlint queries --by-load` shows"
                    .to_owned(),
            key,
        })
    };
    // Where only a part is asked for, the rest may be weighed all the same.
    let is_missed = |found: &Result<_, RunError>| ask.scope.is_empty() || found.is_ok();
    config.workload.iter().enumerate().map(one).filter(is_missed).collect()
}

fn at_place(analysis: &Analysis, at: &str, quotes: &Quotes<'_>) -> Result<Vec<Sender>, String> {
    let place = at.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse::<u32>().ok()?)));
    let (path, line) = place.ok_or_else(|| format!("`{at}` is no path with a line behind it"))?;
    let path = TreePath::new(path);
    let focus = Focus::Place { path: &path, line, column: None };
    let found = explain::pick(analysis, &focus, quotes).map_err(|error| error.to_string())?;
    let forms = |site: SiteId| {
        let count = analysis.sites[site.0 as usize].variants.len();
        (0..count).map(move |variant| Sender { site, variant: u16::try_from(variant).unwrap_or(u16::MAX) })
    };
    Ok(found.into_iter().flat_map(forms).collect())
}

fn by_text(analysis: &Analysis, senders: &Senders, sql: &str) -> Option<Vec<Sender>> {
    analysis.databases.iter().enumerate().find_map(|(number, database)| {
        let shaped = shape(sql, &database.catalog).ok()?;
        let (how, found) = senders.find(analysis, number, &likeness(&shaped, &database.catalog))?;
        (how < LoadMatch::Asked).then_some(found)
    })
}

fn by_fingerprint(analysis: &Analysis, hash: &str) -> Option<Vec<Sender>> {
    let hash = u128::from_str_radix(hash, 16).ok()?;
    let same = analysis.load.likenesses.iter().filter(|(_, likeness)| likeness.whole == hash || likeness.rows == hash);
    let found: Vec<Sender> = same.map(|(sender, _)| *sender).collect();
    (!found.is_empty()).then_some(found)
}

/// Weighs every form of every query, and sums the weights up by query of the workload: what the configuration says comes
/// before what was counted, and that before what the code tells.
pub(super) fn weigh(analysis: &mut Analysis, said: &Said) {
    let loops: HashMap<HostSpan, &InLoop> =
        analysis.sites.iter().filter_map(|site| Some((site.place, site.in_loop.as_ref()?))).collect();
    let mut weights: Vec<Vec<f64>> = analysis.sites.iter().map(|site| by_code(site, &loops)).collect();
    let mut put = |sender: &Sender, weight: f64| {
        let form = weights.get_mut(sender.site.0 as usize).and_then(|of| of.get_mut(usize::from(sender.variant)));
        form.into_iter().for_each(|form| *form = weight);
    };
    for (sender, calls) in load::calls(&analysis.load) {
        put(&sender, calls);
    }
    for (senders, weight) in said {
        senders.iter().for_each(|sender| put(sender, weight / senders.len() as f64));
    }
    analysis.weights = weights;
    for query in analysis.databases.iter_mut().flat_map(|database| &mut database.workload) {
        let of = |sender: &Sender| weight(&analysis.weights, *sender);
        query.weight = query.senders.iter().map(of).sum();
    }
}

/// The weight of one form of a query.
pub(super) fn weight(weights: &[Vec<f64>], sender: Sender) -> f64 {
    weights.get(sender.site.0 as usize).and_then(|of| of.get(usize::from(sender.variant))).copied().unwrap_or(0.0)
}

/// The weights of a query's forms: which of them is sent when is not known, so each has an equal part.
fn by_code(site: &QuerySite, loops: &HashMap<HostSpan, &InLoop>) -> Vec<f64> {
    let by_class = match site.class {
        PathClass::App | PathClass::Generated => 1.0,
        PathClass::Script => BY_HAND,
        PathClass::Test | PathClass::Migration | PathClass::Seed | PathClass::Vendored => 0.0,
    };
    let by_caller = match site.caller {
        Caller::Any => 1.0,
        Caller::Command => BY_HAND,
    };
    // A command of a script is no rarer than the script.
    let rare: f64 = f64::min(by_class, by_caller);
    let whole = rare * ROWS_OF_A_LOOP.powi(depth(site.in_loop.as_ref(), loops, DEPTH) as i32);
    vec![whole / site.variants.len().max(1) as f64; site.variants.len()]
}

/// How many loops a query stands in: that over the rows of another one, and those which that one stands in.
fn depth(in_loop: Option<&InLoop>, loops: &HashMap<HostSpan, &InLoop>, left: u32) -> u32 {
    let Some(around) = in_loop.filter(|_| left > 0) else { return 0 };
    let outer = around.rows.iter().filter_map(|rows| loops.get(rows));
    // A query whose rows are asked for within the loop itself is not around it.
    let outer = outer.filter(|outer| outer.place != around.place);
    1 + outer.map(|outer| depth(Some(outer), loops, left - 1)).max().unwrap_or(0)
}
