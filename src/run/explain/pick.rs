//! Which query sites a place or a typed text means.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Focus;
use crate::query::{QuerySite, Resolution, SiteId, Skip, SkipStage};
use crate::run::RunError;
use crate::run::analysis::Analysis;
use crate::run::concrete::Quotes;
use crate::source::{FileId, HostSpan, TreePath};
use crate::sqlfile::{self, Part, SqlFileFacts, StatementClass};

/// Statements named when none stands at a place.
const NEAREST: usize = 3;

/// Finds the sites that are to be explained.
///
/// # Errors
/// When there is no query, with what stands there instead.
pub(in crate::run) fn pick(
    analysis: &Analysis,
    focus: &Focus<'_>,
    quotes: &Quotes<'_>,
) -> Result<BTreeSet<SiteId>, RunError> {
    let found = match focus {
        Focus::Text { .. } => typed(analysis, quotes),
        Focus::Place { path, line, column } => {
            let file = analysis.files.iter().position(|file| file.path == **path);
            let Some(file) = file.and_then(|file| u32::try_from(file).ok()).map(FileId) else {
                return Err(hidden(path.as_str()));
            };
            match analysis.skips.iter().find(|skip| skip.place == HostSpan::new(file, 0..0)) {
                Some(skip) if skip.stage == SkipStage::File => Err(unread(&quotes.shown(file), skip)),
                _ => at_place(analysis, file, *line, *column, quotes),
            }
        }
    }?;
    check_understood(analysis, &found, quotes)?;
    Ok(found)
}

/// Refuses statements of which not one can be read.
fn check_understood(analysis: &Analysis, found: &BTreeSet<SiteId>, quotes: &Quotes<'_>) -> Result<(), RunError> {
    let sites = || found.iter().map(|id| &analysis.sites[id.0 as usize]);
    if sites().any(|site| site.resolution != Resolution::Skipped) {
        return Ok(());
    }
    let of_site = |site: &QuerySite, skip: &Skip| {
        skip.stage == SkipStage::Query
            && site.place.file == skip.place.file
            && touches(&site.place, &(skip.place.start..skip.place.end))
    };
    let skip = |site| analysis.skips.iter().find(|skip| of_site(site, skip));
    sites().find_map(skip).map_or(Ok(()), |skip| Err(not_understood(&located(skip, quotes), skip)))
}

fn located(skip: &Skip, quotes: &Quotes<'_>) -> String {
    let at = quotes.locate(skip.place);
    format!("{}:{}:{}", quotes.shown(skip.place.file), at.line, at.column)
}

fn not_understood(place: &str, skip: &Skip) -> RunError {
    RunError::Nothing {
        message: format!("the statement at `{place}` is not understood: {}", skip.detail),
        help: "type it as its database takes it; `--dialect` says which database that is".to_owned(),
    }
}

fn unread(path: &str, skip: &Skip) -> RunError {
    RunError::Nothing {
        message: format!("`{path}` is not read: {}", skip.detail),
        help: "explain the text itself: `planlint explain -q 'SELECT …'`".to_owned(),
    }
}

fn typed(analysis: &Analysis, quotes: &Quotes<'_>) -> Result<BTreeSet<SiteId>, RunError> {
    let Some((file, _)) = &analysis.typed else { return Ok(BTreeSet::new()) };
    let found: BTreeSet<SiteId> = sites_of(analysis, *file).map(|(id, _)| id).collect();
    if found.is_empty() {
        let facts = read_again(analysis, *file, quotes);
        if let Some(skip) = facts.skips.first() {
            return Err(not_understood(&located(skip, quotes), skip));
        }
        let changes_schema = facts.statements.iter().any(|statement| statement.class == StatementClass::Schema);
        let seen = if changes_schema { "changes the schema and asks for nothing" } else { "holds no query" };
        return Err(RunError::Nothing {
            message: format!("the text behind `-q` {seen}"),
            help: "type a query, for example `planlint explain -q 'SELECT … WHERE …'`; `planlint schema` prints the schema"
                .to_owned(),
        });
    }
    Ok(found)
}

fn at_place(
    analysis: &Analysis,
    file: FileId,
    line: u32,
    column: Option<u32>,
    quotes: &Quotes<'_>,
) -> Result<BTreeSet<SiteId>, RunError> {
    let shown = quotes.shown(file);
    let bytes = quotes.bytes(file, line, column).ok_or_else(|| RunError::Nothing {
        message: format!("`{shown}` has no line {line}"),
        help: format!("type a line of the file: `planlint explain {shown}:LINE`"),
    })?;
    let here: Vec<(SiteId, &QuerySite)> =
        sites_of(analysis, file).filter(|(_, site)| touches(&site.place, &bytes)).collect();
    // Of statements within statements the innermost are meant.
    let holds =
        |outer: &HostSpan, inner: &HostSpan| outer != inner && outer.start <= inner.start && inner.end <= outer.end;
    let innermost = |site: &QuerySite| !here.iter().any(|(_, other)| holds(&site.place, &other.place));
    let found: BTreeSet<SiteId> = here.iter().filter(|(_, site)| innermost(site)).map(|(id, _)| *id).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    match commented(analysis, file, &bytes, quotes) {
        Some(site) => Ok(BTreeSet::from([site])),
        None => Err(nothing_at(analysis, file, (line, column), &bytes, quotes)),
    }
}

/// The query whose comment stands at a place: `-- name: …` is as good as the statement below it.
fn commented(analysis: &Analysis, file: FileId, bytes: &Range<u32>, quotes: &Quotes<'_>) -> Option<SiteId> {
    let facts = read_again(analysis, file, quotes);
    let below = facts.statements.iter().find(|statement| touches(&statement.lead, bytes))?.place;
    sites_of(analysis, file).find(|(_, site)| site.place == below).map(|(id, _)| id)
}

fn sites_of(analysis: &Analysis, file: FileId) -> impl Iterator<Item = (SiteId, &QuerySite)> {
    let numbered = (0..).map(SiteId).zip(&analysis.sites);
    numbered.filter(move |(_, site)| site.place.file == file)
}

fn touches(place: &HostSpan, bytes: &Range<u32>) -> bool {
    place.start < bytes.end && bytes.start < place.end
}

fn hidden(path: &str) -> RunError {
    let is_sql = crate::run::reads(&TreePath::new(path));
    let seen = if is_sql {
        "is not read: an ignore file or `exclude` hides it"
    } else {
        "is no file that planlint reads SQL in"
    };
    RunError::Nothing {
        message: format!("`{path}` {seen}"),
        help: "explain the text itself: `planlint explain -q 'SELECT …'`".to_owned(),
    }
}

/// What stands at a place where no query stands.
fn nothing_at(
    analysis: &Analysis,
    file: FileId,
    (line, column): (u32, Option<u32>),
    bytes: &Range<u32>,
    quotes: &Quotes<'_>,
) -> RunError {
    let shown = quotes.shown(file);
    let place = column.map_or(format!("{shown}:{line}"), |column| format!("{shown}:{line}:{column}"));
    let facts = read_again(analysis, file, quotes);
    let other = facts.statements.iter().find(|statement| touches(&statement.place, bytes));
    if let Some(skip) = facts.skips.iter().find(|skip| touches(&skip.place, bytes)) {
        return not_understood(&located(skip, quotes), skip);
    }
    let message = match other.map(|statement| (statement.class, statement.part)) {
        Some((StatementClass::Schema, _)) => {
            return RunError::Nothing {
                message: format!("the statement at `{place}` changes the schema and asks for nothing"),
                help: format!("`planlint schema {shown}` prints what the schema makes of it"),
            };
        }
        Some((_, Part::Down)) => format!("the statement at `{place}` is part of a migration's way back"),
        _ => format!("no query stands at `{place}`"),
    };
    RunError::Nothing { message, help: nearest(analysis, file, line, quotes) }
}

/// Names the statements nearest to a line.
fn nearest(analysis: &Analysis, file: FileId, line: u32, quotes: &Quotes<'_>) -> String {
    let shown = quotes.shown(file);
    let mut lines: Vec<(u32, u32)> = sites_of(analysis, file)
        .map(|(_, site)| quotes.locate(site.place))
        .map(|location| (location.line, location.end_line))
        .collect();
    lines.sort_by_key(|(first, last)| (first.saturating_sub(line).max(line.saturating_sub(*last)), *first));
    lines.dedup();
    lines.truncate(NEAREST);
    lines.sort_unstable();
    let named = |(first, last): &(u32, u32)| match first == last {
        true => format!("`{shown}:{first}`"),
        false => format!("`{shown}:{first}` (to line {last})"),
    };
    match lines.is_empty() {
        true => "no query stands in this file; `planlint queries` lists those there are".to_owned(),
        false => format!("the nearest: {}", lines.iter().map(named).collect::<Vec<_>>().join(", ")),
    }
}

/// What a file says beside its queries; a run keeps only those.
fn read_again(analysis: &Analysis, file: FileId, quotes: &Quotes<'_>) -> SqlFileFacts {
    let path = analysis.path(file);
    // Of host code all that matters is kept.
    let text = if crate::host::facts::reads(path) { "".into() } else { quotes.text(file) };
    sqlfile::facts(file, path, &text)
}
