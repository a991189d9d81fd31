//! A curve as a drawing: steps from the schema as it is to the whole set, with axes, labels and words for who cannot see it.

use super::markup::Markup;
use crate::report::changes::{Axis, Curve, Stop, percent};

/// The drawing and the part of it that the axes frame, in its own units.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = HEIGHT - 58.0;
/// Parts of an axis.
const PARTS: usize = 4;
/// Numbers that stand nearer to each other would be one blot.
const APART: f64 = 28.0;

/// Draws a curve; `name` tells it apart from the page's others.
pub(super) fn draw(curve: &Curve<'_>, name: &str, page: &mut Markup) {
    let frame = Frame { most: curve.stops.last().map_or(1.0, |stop| stop.at).max(f64::MIN_POSITIVE) };
    page.raw("<svg class=\"chart\" viewBox=\"0 0 ").number(WIDTH).raw(" ").number(HEIGHT);
    page.raw("\" role=\"img\" aria-labelledby=\"").text(name).raw("-title ").text(name).raw("-desc\">\n");
    page.raw("<title id=\"").text(name).raw("-title\">Cost of the planned queries as indexes are made</title>\n");
    page.raw("<desc id=\"").text(name).raw("-desc\">").text(&described(curve)).raw("</desc>\n");
    axes(curve.axis, &frame, page);
    line(&curve.stops, &frame, page);
    points(curve, &frame, page);
    page.raw("</svg>\n");
}

/// How far the axis across goes.
struct Frame {
    most: f64,
}

impl Frame {
    fn x(&self, at: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * at / self.most
    }

    fn y(&self, share: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }
}

fn described(curve: &Curve<'_>) -> String {
    let last = curve.stops.last().expect("a curve has stops");
    let half = curve.stops.iter().find(|stop| 1.0 - stop.share >= (1.0 - last.share) / 2.0).unwrap_or(last);
    format!(
        "Steps that fall from 100 % of today's cost to {} with {} new indexes; half of the gain is there with the first {}.",
        percent(last.share),
        last.indexes,
        half.indexes
    )
}

fn axes(axis: Axis, frame: &Frame, page: &mut Markup) {
    for part in 0..=PARTS {
        let share = part as f64 / PARTS as f64;
        let y = frame.y(share);
        page.raw("<line class=\"grid\" x1=\"").number(LEFT).raw("\" x2=\"").number(RIGHT);
        page.raw("\" y1=\"").number(y).raw("\" y2=\"").number(y).raw("\"/>");
        page.raw("<text class=\"end\" x=\"").number(LEFT - 8.0).raw("\" y=\"").number(y + 4.0).raw("\">");
        page.text(&format!("{:.0} %", share * 100.0)).raw("</text>\n");
    }
    let ticks: Vec<f64> = match axis {
        // There is no half of an index.
        Axis::Indexes => {
            let step = (frame.most / PARTS as f64).ceil().max(1.0);
            (0..=PARTS).map(|part| part as f64 * step).filter(|at| *at <= frame.most).collect()
        }
        Axis::Bytes | Axis::Parts => (0..=PARTS).map(|part| frame.most * part as f64 / PARTS as f64).collect(),
    };
    for at in ticks {
        page.raw("<line class=\"axis\" x1=\"").number(frame.x(at)).raw("\" x2=\"").number(frame.x(at));
        page.raw("\" y1=\"").number(BOTTOM).raw("\" y2=\"").number(BOTTOM + 5.0).raw("\"/>");
        page.raw("<text class=\"middle\" x=\"").number(frame.x(at)).raw("\" y=\"").number(BOTTOM + 20.0).raw("\">");
        // Parts of the axis are whole ones.
        let label = if axis == Axis::Parts { format!("{:.0} %", at * 100.0) } else { axis.shown(at) };
        page.text(&label).raw("</text>\n");
    }
    page.raw("<path class=\"axis\" d=\"M").number(LEFT).raw(" ").number(TOP).raw("V").number(BOTTOM);
    page.raw("H").number(RIGHT).raw("\"/>\n");
    page.raw("<text class=\"middle\" x=\"").number((LEFT + RIGHT) / 2.0).raw("\" y=\"").number(HEIGHT - 12.0);
    page.raw("\">").text(axis.title()).raw("</text>\n");
    page.raw("<text class=\"middle\" transform=\"translate(14 ").number((TOP + BOTTOM) / 2.0);
    page.raw(") rotate(-90)\">part of today&#39;s cost</text>\n");
}

/// The cost stays until the next index is whole, and falls then.
fn line(stops: &[Stop<'_>], frame: &Frame, page: &mut Markup) {
    let steps = |page: &mut Markup| {
        for (number, stop) in stops.iter().enumerate() {
            match number {
                0 => page.raw("M").number(frame.x(stop.at)).raw(" ").number(frame.y(stop.share)),
                _ => page.raw("H").number(frame.x(stop.at)).raw("V").number(frame.y(stop.share)),
            };
        }
    };
    page.raw("<path class=\"area\" d=\"");
    steps(page);
    page.raw("V").number(BOTTOM).raw("H").number(LEFT).raw("Z\"/>\n<path class=\"curve\" d=\"");
    steps(page);
    page.raw("\"/>\n");
}

fn points(curve: &Curve<'_>, frame: &Frame, page: &mut Markup) {
    let mut labelled: Vec<(f64, f64)> = Vec::new();
    // What takes nothing away is on the line.
    let tells = |stop: &&Stop<'_>| stop.gains || stop.indexes == 0;
    for stop in curve.stops.iter().filter(tells) {
        let (x, y) = (frame.x(stop.at), frame.y(stop.share));
        page.raw("<circle class=\"point\" cx=\"").number(x).raw("\" cy=\"").number(y).raw("\" r=\"3.5\"><title>");
        page.text(&told(curve.axis, stop)).raw("</title></circle>");
        let is_free = labelled.iter().all(|(a, b)| (a - x).hypot(b - y) >= APART);
        if stop.indexes > 0 && is_free {
            labelled.push((x, y));
            page.raw("<text class=\"label\" x=\"").number(x + 6.0).raw("\" y=\"").number(y - 6.0).raw("\">");
            page.text(&stop.indexes.to_string()).raw("</text>");
        }
        page.raw("\n");
    }
}

/// `3 indexes, 21 MB: 54.0 % of today's cost, with idx_orders_status`.
fn told(axis: Axis, stop: &Stop<'_>) -> String {
    let size = if axis == Axis::Indexes { String::new() } else { format!(", {}", axis.shown(stop.at)) };
    let with = stop.advice.map_or(String::new(), |advice| format!(", with {}", advice.name));
    format!("{}{size}: {} of today's cost{with}", super::indexes(stop.indexes), percent(stop.share))
}
