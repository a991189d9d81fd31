//! How often each form of a query is sent, beside the others of its database.
//!
//! Told from the code: where it stands, what calls it, how many loops it stands in. Only ever compared with the weight
//! of another query; what the rules are stands in `docs/statistics.md`.

use std::collections::HashMap;

use super::analysis::Analysis;
use crate::query::{Caller, InLoop, PathClass, QuerySite};
use crate::source::HostSpan;
use crate::workload::Sender;

/// A query in a loop over another one's rows is sent for each of them.
const ROWS_OF_A_LOOP: f64 = 10.0;
/// Loops around loops beyond this many are read no deeper.
const DEPTH: u32 = 3;
/// What a person or a clock starts, beside what requests do.
const BY_HAND: f64 = 0.1;

/// Weighs every form of every query, and sums the weights up by query of the workload.
pub(super) fn weigh(analysis: &mut Analysis) {
    let loops: HashMap<HostSpan, &InLoop> =
        analysis.sites.iter().filter_map(|site| Some((site.place, site.in_loop.as_ref()?))).collect();
    let weights = analysis.sites.iter().map(|site| by_code(site, &loops)).collect();
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
