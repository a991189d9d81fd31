//! One finding as a miette frame on its host file.
//!
//! Only a few lines of the file are handed to miette: line numbers and columns are kept, long lines are cut around
//! what is pointed at, and control characters are shown as escapes without moving the marks.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents};
use miette::{SourceCode, SourceSpan, SpanContents};

use super::Text;
use crate::finding::Severity;
use crate::outcome::{FindingEntry, Location, RelatedEntry, RunReport};
use crate::report::{Colour, neutral};

/// Lines shown before and after what is pointed at.
const CONTEXT_LINES: usize = 1;

/// Line breaks between two places of one frame; with more of them miette would draw two.
const MAX_BREAKS: usize = 2 * CONTEXT_LINES;

/// Columns that miette's line numbers and rule take.
const GUTTER: usize = 8;

/// Bytes of a line that are looked at before and behind a place in it.
const LINE_BYTES: usize = 1 << 14;

/// Columns of a line shown at the least, however narrow the terminal.
const MIN_ROOM: usize = 32;

/// Columns that miette puts between a mark and its label (`╰── `).
const LEADER: usize = 4;

/// Columns that miette puts before a message, and leaves free behind it.
const MESSAGE_INDENT: usize = 6;

/// The same for help.
const HELP_INDENT: usize = 10;

/// Renders a finding's message, frame and help; returns the related places that the frame does not show as well.
pub(super) fn render<'a>(
    text: &Text,
    report: &RunReport,
    finding: &'a FindingEntry,
) -> (String, Vec<&'a RelatedEntry>) {
    let (frame, left_out) = Frame::new(text, report, finding);
    let theme = match text.colour {
        Colour::Always => GraphicalTheme::unicode(),
        Colour::Never => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(text.width)
        .with_context_lines(CONTEXT_LINES)
        .with_links(false)
        .without_syntax_highlighting()
        .without_cause_chain();
    let mut rendered = String::new();
    handler.render_report(&mut rendered, &frame).expect("every span of a frame lies in its excerpt");
    (rendered, left_out)
}

/// What miette asks for.
#[derive(Debug)]
struct Frame {
    message: String,
    severity: Severity,
    help: Option<String>,
    excerpt: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

impl Frame {
    fn new<'a>(text: &Text, report: &RunReport, finding: &'a FindingEntry) -> (Self, Vec<&'a RelatedEntry>) {
        let location = &finding.location;
        let mut message = format!("{}: {}", finding.rule, neutral::line(&finding.message));
        // Where advice mends it, the change itself is printed below.
        let help = finding.help.as_deref().filter(|_| finding.advice.is_empty());
        let (mut excerpt, mut labels, mut left_out) = (None, Vec::new(), finding.related.iter().collect());
        match report.sources.get(&location.path) {
            Some(source) => {
                let (places, others) = places_of(finding, source);
                left_out = others;
                let (made, ranges) = Excerpt::new(source, location, &places, text.width);
                for (range, (_, _, related)) in ranges.into_iter().zip(&places) {
                    labels.push(match related {
                        None => LabeledSpan::new_primary_with_span(None, range),
                        Some(related) => {
                            let label = neutral::line(&related.label);
                            if !made.has_room(&range, &label, text.width) {
                                left_out.push(related);
                                continue;
                            }
                            LabeledSpan::new_with_span(Some(label), range)
                        }
                    });
                }
                excerpt = Some(made);
            }
            None => message.push_str(&format!(" ({}:{})", neutral::line(&location.path), location.line)),
        }
        let frame = Self {
            message: neutral::wrap(&message, text.width.saturating_sub(MESSAGE_INDENT).max(MIN_ROOM)),
            severity: finding.severity,
            help: help
                .map(|help| neutral::wrap(&neutral::line(help), text.width.saturating_sub(HELP_INDENT).max(MIN_ROOM))),
            excerpt,
            labels,
        };
        (frame, left_out)
    }
}

/// A place in the file at hand, its column there, and what stands there.
type Labelled<'a> = (Range<usize>, u32, Option<&'a RelatedEntry>);

/// The finding's own place and the related ones that fit the same frame; then the related ones that do not.
fn places_of<'a>(finding: &'a FindingEntry, source: &str) -> (Vec<Labelled<'a>>, Vec<&'a RelatedEntry>) {
    let own = clamp(&finding.location.bytes, source);
    let (mut places, mut left_out) = (vec![(own, finding.location.column, None)], Vec::new());
    for related in &finding.related {
        let range = clamp(&related.location.bytes, source);
        let breaks = related.location.line.saturating_sub(finding.location.end_line)
            + finding.location.line.saturating_sub(related.location.end_line);
        let near = breaks as usize <= MAX_BREAKS;
        let overlaps = places.iter().any(|(taken, ..)| range.start < taken.end && taken.start < range.end);
        match related.location.path == finding.location.path && near {
            true if overlaps => {}
            true => places.push((range, related.location.column, Some(related))),
            false => left_out.push(related),
        }
    }
    (places, left_out)
}

/// Keeps a range inside the text and on character boundaries, so that a wrong one costs a mark and not the run.
fn clamp(range: &Range<usize>, source: &str) -> Range<usize> {
    let start = source.floor_char_boundary(range.start.min(source.len()));
    let end = source.floor_char_boundary(range.end.clamp(start, source.len()));
    start..end
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Frame {}

impl Diagnostic for Frame {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Info => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.excerpt.is_some().then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// The lines around a finding, safe to print, that still know where they stood.
#[derive(Debug)]
struct Excerpt {
    path: String,
    text: String,
    /// Number of the first line, from 0.
    first_line: usize,
    /// Where each place starts in the excerpt, and its column in the file, from 0, in characters.
    columns: Vec<(usize, usize)>,
}

impl Excerpt {
    /// Cuts the lines around `places` out of `source`, and says where the places are in the excerpt.
    fn new(source: &str, own: &Location, places: &[Labelled<'_>], width: usize) -> (Self, Vec<Range<usize>>) {
        let first = places.iter().map(|(range, ..)| range.start).min().unwrap_or_default();
        let last = places.iter().map(|(range, ..)| range.end).max().unwrap_or_default();
        let start = back_lines(source, first, CONTEXT_LINES);
        let end = on_lines(source, last, CONTEXT_LINES);
        let mut ranges: Vec<Range<usize>> = vec![0..0; places.len()];
        let mut text = String::new();
        let mut offset = start;
        for line in source[start..end].split_inclusive('\n') {
            write_line(&mut text, line, offset, places, &mut ranges, width);
            offset += line.len();
        }
        let above = source[start..places[0].0.start].matches('\n').count();
        let first_line = (own.line as usize).saturating_sub(1 + above);
        let column = |column: u32| column.saturating_sub(1) as usize;
        let columns = ranges.iter().zip(places).map(|(range, (_, at, _))| (range.start, column(*at))).collect();
        (Self { path: neutral::line(&own.path), text, first_line, columns }, ranges)
    }

    /// Says whether a range is in view and a label fits beside its mark.
    fn has_room(&self, range: &Range<usize>, label: &str, width: usize) -> bool {
        let line = self.text[..range.end].rfind('\n').map_or(0, |at| at + 1);
        let columns = |text: &str| text.chars().map(neutral::columns_of).sum::<usize>();
        let taken = GUTTER + columns(&self.text[line..range.end]) + LEADER + columns(label);
        !range.is_empty() && taken <= width.max(GUTTER + MIN_ROOM)
    }
}

/// Appends a line, escaped and cut, and moves the ends of places that stand in it.
fn write_line(
    text: &mut String,
    line: &str,
    offset: usize,
    places: &[Labelled<'_>],
    ranges: &mut [Range<usize>],
    width: usize,
) {
    let body = line.trim_end_matches(['\n', '\r']);
    let shown = cut(body, offset, places, width);
    if shown.start > 0 {
        text.push('…');
    }
    let begin = text.len();
    let at = |byte: usize| begin + neutral::block(&body[shown.start..byte.clamp(shown.start, shown.end)]).len();
    for ((place, ..), range) in places.iter().zip(ranges) {
        if (offset..offset + line.len().max(1)).contains(&place.start) {
            range.start = at(place.start - offset);
            range.end = range.start;
        }
        if place.start < offset + line.len() && place.end > offset {
            range.end = at((place.end - offset).min(body.len()));
        }
    }
    text.push_str(&neutral::block(&body[shown.clone()]));
    if shown.end < body.len() {
        text.push('…');
    }
    text.push('\n');
}

/// The part of a line to show: all of it where it fits, else what surrounds the first place in it.
fn cut(body: &str, offset: usize, places: &[Labelled<'_>], width: usize) -> Range<usize> {
    let room = width.saturating_sub(GUTTER).max(MIN_ROOM);
    // Looks at no more of a line than is shown: it may be the whole file.
    if fitted(body.char_indices(), room).is_none_or(|end| end == body.len()) {
        return 0..body.len();
    }
    let here = offset..offset + body.len();
    let wanted = places.iter().map(|(range, ..)| range.start).find(|start| here.contains(start)).unwrap_or(offset);
    // A third of the room goes to what stands before, two columns to the marks of what is cut off.
    let before = body[..wanted - offset].char_indices().rev();
    let start = fitting(before, room / 3).last().map_or(wanted - offset, |(at, _)| at);
    start..start + fitted(body[start..].char_indices(), room - 2).unwrap_or_default()
}

/// Where the first characters end that take no more than `room` columns.
fn fitted(letters: impl Iterator<Item = (usize, char)>, room: usize) -> Option<usize> {
    fitting(letters, room).last().map(|(at, letter)| at + letter.len_utf8())
}

fn fitting(letters: impl Iterator<Item = (usize, char)>, mut room: usize) -> impl Iterator<Item = (usize, char)> {
    letters.take_while(move |(_, letter)| {
        let columns = neutral::columns_of(*letter);
        let fits = columns <= room;
        room = room.saturating_sub(columns);
        fits
    })
}

/// The start of the line `lines` above the one that holds `byte`, or as far as anybody looks.
fn back_lines(source: &str, byte: usize, lines: usize) -> usize {
    let far = source.floor_char_boundary(byte.saturating_sub(LINE_BYTES));
    source[far..byte].rmatch_indices('\n').nth(lines).map_or(far, |(at, _)| far + at + 1)
}

/// The end of the line `lines` below the one that holds `byte`, or as far as anybody looks.
fn on_lines(source: &str, byte: usize, lines: usize) -> usize {
    let far = source.floor_char_boundary((byte + LINE_BYTES).min(source.len()));
    source[byte..far].match_indices('\n').nth(lines).map_or(far, |(at, _)| byte + at + 1)
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, before, after)?;
        // miette asks without context for the place it prints above the frame; only there the column is shown.
        let known = self.columns.iter().find(|(start, _)| before == 0 && *start == span.offset());
        let column = known.map_or(inner.column(), |(_, column)| *column);
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            inner.data(),
            *inner.span(),
            self.first_line + inner.line(),
            column,
            inner.line_count(),
        )))
    }
}
