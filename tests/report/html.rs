//! The plan as a page: that it is whole by itself, that nothing foreign becomes markup, and what a browser shows of it.

use base64::Engine as _;
use planlint::advice::Action;
use planlint::engine::Tier;
use planlint::outcome::{CurveEntry, RunReport};
use planlint::report::Html;
use sha2::Digest as _;

use crate::browser::Browser;
use crate::{sample, written};

/// Colours of the curve and the page, in the light and in the dark.
const LIGHT: ([u8; 3], [u8; 3]) = ([0x0b, 0x57, 0xd0], [0xff, 0xff, 0xff]);
const DARK: ([u8; 3], [u8; 3]) = ([0x7c, 0xb7, 0xff], [0x0f, 0x14, 0x19]);

/// A plan of six indexes to make, the last of which gains nothing, and one to drop.
fn report() -> RunReport {
    let mut report = sample::report();
    let (create, drop) = (report.advice[0].clone(), report.advice[1].clone());
    report.advice = (1..=6)
        .map(|number| {
            let mut one = create.clone();
            one.id = format!("ix:{number}");
            one.name = format!("idx_orders_{number}");
            one.size_bytes = Some(number * 1_000_000);
            one
        })
        .collect();
    report.advice.push(planlint::outcome::AdviceEntry { id: "ix:7".into(), ..drop });
    let gains = [2000.0, 1200.0, 700.0, 300.0, 100.0, 0.0];
    let gains = report.advice.iter().zip(gains).map(|(one, gain)| (one.id.clone(), one.size_bytes, gain));
    report.curves = vec![CurveEntry::new("default".into(), 40, Some(5000.0), gains)];
    report
}

fn page(report: &RunReport) -> String {
    written(&Html, report)
}

#[test]
fn the_policy_admits_the_style_of_the_page_and_nothing_else() {
    let page = page(&report());
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    let policy =
        format!("content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\"");
    assert!(page.contains(&policy), "the policy in src/report/html.rs should have {policy}");
    for outside in ["<script", "src=", "http:", "https:", "url(", "@import", " style=", " on", "javascript:"] {
        let markup = page.split('<').skip(1).filter_map(|piece| Some(piece.split_once('>')?.0));
        let found: Vec<&str> = markup.filter(|tag| format!("<{tag}").contains(outside)).collect();
        assert!(found.is_empty(), "{outside}: {found:?}");
        assert!(!style.contains(outside) || outside == " on", "{outside}");
    }
}

#[test]
fn foreign_text_never_becomes_markup() {
    let evil = "\"'><img src=x onerror=alert(1)></style></title><script>alert(1)</script><!-- &amp; \u{1b}]0;\u{202e}";
    let mut report = report();
    let plain = tags(&page(&report));
    for one in &mut report.advice {
        for text in [&mut one.name, &mut one.table, &mut one.ddl, &mut one.down] {
            text.push_str(evil);
        }
        one.host.iter_mut().for_each(|step| {
            step.holder.push_str(evil);
            step.text.push_str(evil);
            step.location.path = evil.into();
        });
        one.proofs.iter_mut().for_each(|served| {
            served.proof.plan_before = Some(evil.to_owned());
            served.proof.plan_after = Some(evil.to_owned());
        });
        one.covered_by = one.covered_by.as_ref().map(|_| evil.to_owned());
    }
    for query in &mut report.queries {
        query.symbol = Some(evil.to_owned());
        query.location.path = evil.into();
    }
    let database = &mut report.run.databases[0];
    database.schema_paths = vec![evil.to_owned()];
    database.engine = Some(evil.to_owned());
    let hostile = page(&report);
    assert_eq!(tags(&hostile), plain);
    assert!(!hostile.contains(['\u{1b}', '\u{202e}']));
    if let Some(browser) = Browser::find() {
        let shown = browser.load(&hostile);
        assert_eq!(shown.console, [""; 0]);
        assert_eq!(tags(&shown.dom).iter().filter(|tag| *tag == "img" || *tag == "script").count(), 0);
    }
}

/// The names of all tags in their order.
fn tags(page: &str) -> Vec<String> {
    let names = page.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n', '/']).next().unwrap_or_default());
    names.map(str::to_owned).collect()
}

#[test]
fn a_browser_shows_every_change_and_the_curve() {
    let Some(browser) = Browser::find() else { return };
    let page = page(&report());
    let shown = browser.load(&page);
    assert_eq!(shown.console, [""; 0], "the browser objects to nothing");
    let count = |what: &str| shown.dom.matches(what).count();
    assert_eq!(count("<tr id=\"ix-"), 7, "a row a change");
    // The head, the start, and six indexes.
    assert_eq!(
        shown.dom.split("class=\"points\"").nth(1).expect("a table").split("</table>").next().map(rows),
        Some(8)
    );
    // What gains nothing is no point.
    assert_eq!(count("<circle class=\"point\""), 6);
    assert_eq!(count("<path class=\"curve\""), 1);
    assert_eq!(count("<title id=\"curve-1-title\">") + count("<desc id=\"curve-1-desc\">"), 2);
    assert_eq!(count("<details>"), 7 + 6 + 6);
    for link in shown.dom.split("href=\"").skip(1) {
        let target = link.split('"').next().and_then(|link| link.strip_prefix('#')).expect("a place of the page");
        assert!(shown.dom.contains(&format!("id=\"{target}\"")), "{target}");
    }
    for (colours, scheme) in [(LIGHT, "light"), (DARK, "dark")] {
        let (curve, back) = colours;
        for (width, height) in [(1200, 1000), (480, 1400)] {
            let flag = format!("--blink-settings=preferredColorScheme={}", u8::from(scheme == "light"));
            let picture = browser.picture(&page, (width, height), &flag);
            assert_eq!((picture.width, picture.height), (width, height));
            let (drawn, rest) = (picture.count(curve), picture.count(back));
            // The curve is some three hundred pixels long at the least, and three wide.
            assert!(drawn > 600, "{scheme} {width}: {drawn} pixels of the curve");
            assert!(rest > picture.pixels.len() / 3, "{scheme} {width}: {rest} pixels of the page");
        }
    }
    let unstyled = browser.load(&page.replace("<style>", "<style>/* changed */"));
    assert_eq!(unstyled.console.len(), 1, "the policy bites, and the browser says so: {:?}", unstyled.console);
}

fn rows(table: &str) -> usize {
    table.matches("<tr>").count()
}

#[test]
fn what_is_not_known_is_not_shown() {
    let assumed = page(&report());
    assert!(!assumed.contains(" MB<") && assumed.contains("Of their size"), "sizes that stand on assumed rows");
    assert!(!assumed.contains("data-label=\"Size\""));
    let mut counted = report();
    counted.run.databases[0].tier = Tier::Counts;
    assert!(page(&counted).contains("20 MB<"), "{}", page(&counted));
    let mut stand_in = report();
    let gains = stand_in.advice.iter().map(|one| (one.id.clone(), one.size_bytes, 1.0));
    stand_in.curves = vec![CurveEntry::new("default".into(), 40, None, gains)];
    assert!(!page(&stand_in).contains("<svg"));
    let mut sizeless = report();
    let gains = sizeless.advice.iter().map(|one| (one.id.clone(), None, 100.0));
    sizeless.curves = vec![CurveEntry::new("default".into(), 40, Some(5000.0), gains)];
    assert!(page(&sizeless).contains(">new indexes<") && !page(&sizeless).contains("Of their size"));
    let nothing = RunReport { advice: Vec::new(), curves: Vec::new(), ..report() };
    assert!(page(&nothing).contains("nothing to change") && !page(&nothing).contains("<table"));
}

#[test]
fn a_change_that_is_taken_out_takes_its_gain_with_it() {
    let mut report = report();
    report.advice.retain(|one| one.id != "ix:2" && one.action != Action::Drop);
    report.settle_curves();
    let curve = &report.curves[0];
    let costs: Vec<f64> = curve.points.iter().filter_map(|point| point.cost).collect();
    assert_eq!(costs, [3000.0, 2300.0, 2000.0, 1900.0, 1900.0]);
    let bytes: Vec<u64> = curve.points.iter().filter_map(|point| point.total_bytes).collect();
    assert_eq!(bytes, [1_000_000, 4_000_000, 8_000_000, 13_000_000, 19_000_000]);
    assert_eq!(curve.points[4].cost_share, Some(0.38));
}
