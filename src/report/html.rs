//! Format `html`: the plan of changes as one page that needs neither a network nor JavaScript.
//!
//! What the code base says is text on it and never markup ([`markup`]); a policy in the page's head forbids everything
//! but the page's own style. Colours repeat what words say.

mod chart;
mod markup;

use std::io::{self, Write};

use super::changes::{self, Axis, Change, Curve, percent};
use super::text::{count, headline};
use super::{View, sql};
use crate::advice::Action;
use crate::finding::Confidence;
use crate::outcome::{AdviceEntry, RunReport, ServedEntry};
use markup::Markup;

/// Writes the plan as a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

/// The style of the page, between the tags that the policy's digest is of.
const STYLE: &str = include_str!("html/page.css");

impl super::Reporter for Html {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Markup::default();
        head(report, &mut page);
        page.raw("<body>\n<header>\n<h1>Index plan</h1>\n<p class=\"lead\">").text(&lead(report)).raw("</p>\n");
        page.raw("</header>\n<main>\n");
        what_was_read(report, &mut page);
        for (number, curve) in (1..).zip(changes::curves(report)) {
            gains(report, &curve, number, &mut page);
        }
        if !report.advice.is_empty() {
            plan(report, &mut page);
        }
        page.raw("</main>\n<footer>Made by ").text(&report.tool.name).raw(" ").text(&report.tool.version);
        page.raw(". Costs are figures of a planner, not run times.</footer>\n</body>\n</html>\n");
        out.write_all(page.finish().as_bytes())
    }
}

fn head(report: &RunReport, page: &mut Markup) {
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw(concat!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
        "style-src 'sha256-g2D7FifwZif0TdqKJuhx/RiECwYefCvFp2adcRKuQtQ='; base-uri 'none'; form-action 'none'\">\n",
    ));
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Index plan: ").text(&lead(report));
    page.raw("</title>\n<style>").raw(STYLE).raw("</style>\n</head>\n");
}

/// `6 indexes to create, 1 index to drop`.
fn lead(report: &RunReport) -> String {
    let changes = changes::summed(report);
    if changes.is_empty() { "nothing to change".to_owned() } else { changes }
}

fn what_was_read(report: &RunReport, page: &mut Markup) {
    page.raw("<section aria-labelledby=\"read\">\n<h2 id=\"read\">What was read</h2>\n<ul class=\"read\">\n");
    let mut lines = headline::lines(View::Advise, report);
    if !report.run.complete {
        lines.push(headline::CUT.to_owned());
    }
    for line in lines {
        page.raw("<li>").text(&line).raw("</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

/// What one database's changes gain: a drawing, and the same in a table beside it.
fn gains(report: &RunReport, curve: &Curve<'_>, number: usize, page: &mut Markup) {
    let name = format!("curve-{number}");
    let of = match report.run.databases.len() {
        1 => String::new(),
        _ => format!(" in database {}", curve.database.name),
    };
    page.raw("<section aria-labelledby=\"").text(&name).raw("\">\n<h2 id=\"").text(&name);
    page.raw("\">What the changes gain").text(&of).raw("</h2>\n<p>");
    let last = curve.stops.last().map_or(1.0, |stop| stop.share);
    page.text(&format!(
        "{} cost {} of what they cost today when all are made, by {}'s own figures.",
        count(curve.entry.queries, "planned query would", "planned queries would"),
        percent(last),
        curve.database.engine.as_deref().unwrap_or("the engine"),
    ));
    page.raw("</p>\n<div class=\"side\">\n<figure>\n");
    chart::draw(curve, &name, page);
    page.raw("</figure>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"").text(&name);
    page.raw("-caption\">\n<table class=\"points\">\n<caption id=\"").text(&name);
    page.raw("-caption\">The same in figures, an index a line</caption>\n");
    points(curve, page);
    page.raw("</table>\n</div>\n</div>\n</section>\n");
}

fn points(curve: &Curve<'_>, page: &mut Markup) {
    page.raw("<thead><tr><th scope=\"col\" class=\"figure\">Indexes</th>");
    match curve.axis {
        Axis::Bytes => drop(page.raw("<th scope=\"col\" class=\"figure\">Size</th>")),
        Axis::Parts => drop(page.raw("<th scope=\"col\" class=\"figure\">Of their size</th>")),
        Axis::Indexes => {}
    }
    page.raw("<th scope=\"col\" class=\"figure\">Cost</th><th scope=\"col\" class=\"figure\">Of today&#39;s</th>");
    page.raw("<th scope=\"col\">The last of them</th></tr></thead>\n<tbody>\n");
    for stop in &curve.stops {
        page.raw("<tr><th scope=\"row\" class=\"figure\">").text(&stop.indexes.to_string()).raw("</th>");
        if curve.axis != Axis::Indexes {
            page.raw("<td class=\"figure\">").text(&curve.axis.shown(stop.at)).raw("</td>");
        }
        page.raw("<td class=\"figure\">").text(&format!("{:.0}", stop.cost)).raw("</td><td class=\"figure\">");
        page.text(&percent(stop.share)).raw("</td><td class=\"last\">");
        match stop.advice {
            Some(advice) => page.raw("<a href=\"#").text(&anchor(advice)).raw("\">").text(&advice.name).raw("</a>"),
            None => page.raw("none, as it is today"),
        };
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody>\n");
}

/// The changes in their order.
fn plan(report: &RunReport, page: &mut Markup) {
    page.raw("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes</h2>\n");
    page.raw("<p class=\"note\">In the order in which they are best made: what gains most for its size first.</p>\n");
    page.raw("<table class=\"changes\">\n<thead><tr><th scope=\"col\" class=\"figure\">No.</th>");
    page.raw("<th scope=\"col\">Change</th><th scope=\"col\" class=\"figure\">Takes away</th>");
    if has_sizes(report) {
        page.raw("<th scope=\"col\" class=\"figure\">Size</th>");
    }
    page.raw("<th scope=\"col\" class=\"figure\">Queries</th></tr></thead>\n<tbody>\n");
    changes::changes(report).iter().for_each(|change| row(report, change, page));
    page.raw("</tbody>\n</table>\n</section>\n");
}

fn row(report: &RunReport, change: &Change<'_>, page: &mut Markup) {
    let Change { number, advice, taken } = change;
    page.raw("<tr id=\"").text(&anchor(advice)).raw("\"><th scope=\"row\" class=\"figure\" data-label=\"No.\">");
    page.text(&number.to_string()).raw("</th><td class=\"what\">\n");
    what(report, advice, page);
    page.raw("</td><td class=\"figure\" data-label=\"Takes away\">");
    page.text(&taken.map_or(String::new(), percent)).raw("</td>");
    if has_sizes(report) {
        page.raw("<td class=\"figure\" data-label=\"Size\">");
        page.text(&changes::size(report, advice).unwrap_or_default()).raw("</td>");
    }
    page.raw("<td class=\"figure\" data-label=\"Queries\">");
    let queries = if advice.queries.is_empty() { String::new() } else { advice.queries.len().to_string() };
    page.text(&queries).raw("</td></tr>\n");
}

/// Says whether a size is told of any change.
fn has_sizes(report: &RunReport) -> bool {
    report.advice.iter().any(|advice| changes::size(report, advice).is_some())
}

fn what(report: &RunReport, advice: &AdviceEntry, page: &mut Markup) {
    let verb = match advice.action {
        Action::Create => "create ",
        Action::Replace => "replace by ",
        Action::Drop => "drop ",
    };
    page.raw("<p class=\"name\"><span class=\"verb\">").text(verb).raw("</span>").text(&advice.name);
    page.raw(" <span class=\"verb\">on ").text(&advice.table);
    if report.run.databases.len() > 1 {
        page.raw(", database ").text(&advice.database);
    }
    page.raw("</span></p>\n");
    if let Some(reason) = changes::reason(advice) {
        page.raw("<p class=\"plan\">").text(&reason).raw("</p>\n");
    }
    if let Some(upkeep) = changes::upkeep(advice) {
        page.raw("<p class=\"plan\">").text(&upkeep).raw("</p>\n");
    }
    if advice.confidence < Confidence::High {
        page.raw("<p class=\"plan\">not sure: medium confidence or less</p>\n");
    }
    page.raw("<pre><code>").text(&sql::statements(&advice.ddl)).raw("</code></pre>\n");
    for (place, code) in sql::host_steps(advice) {
        page.raw("<p class=\"plan\">").text(&place).raw("</p>\n<pre><code>").text(code).raw("</code></pre>\n");
    }
    page.raw("<details><summary>Way back</summary>\n<pre><code>").text(&sql::statements(&advice.down));
    page.raw("</code></pre></details>\n");
    served(report, advice, page);
}

fn served(report: &RunReport, advice: &AdviceEntry, page: &mut Markup) {
    if advice.queries.is_empty() {
        return;
    }
    let number = count(advice.queries.len(), "query", "queries");
    page.raw("<details><summary>").text(&number).raw(" it serves</summary>\n<ul>\n");
    for name in changes::named(report, &advice.queries) {
        page.raw("<li>").text(&name).raw("</li>\n");
    }
    page.raw("</ul></details>\n");
    if advice.proofs.is_empty() {
        return;
    }
    page.raw("<details><summary>Plans now and with the set</summary>\n");
    for proof in &advice.proofs {
        plans(report, proof, page);
    }
    page.raw("</details>\n");
}

fn plans(report: &RunReport, served: &ServedEntry, page: &mut Markup) {
    let names: Vec<String> = changes::named(report, &served.queries).collect();
    page.raw("<p class=\"plan\">").text(&names.join(", "));
    if let Some((before, after)) = served.proof.cost_before.zip(served.proof.cost_after) {
        page.text(&format!(": cost {before:.1} now, {after:.1} with the set"));
    }
    page.raw("</p>\n<div class=\"plans\">\n<div><p>now</p><pre>");
    page.text(served.proof.plan_before.as_deref().unwrap_or_default().trim_end());
    page.raw("</pre></div>\n<div><p>with the set</p><pre>");
    page.text(served.proof.plan_after.as_deref().unwrap_or_default().trim_end()).raw("</pre></div>\n</div>\n");
}

/// Names a change within the page.
fn anchor(advice: &AdviceEntry) -> String {
    advice.id.replace(':', "-")
}

/// `1 index`, `2 indexes`.
fn indexes(number: usize) -> String {
    count(number, "index", "indexes")
}
