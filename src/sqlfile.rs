//! Front end for SQL text: `.sql` files and sqlx's offline data to facts, facts to query sites.
//!
//! Facts are of one file alone and hold the text of its schema statements and queries; data is only counted. Nothing is
//! parsed here: a statement is classed by its first words, and who reads it later says what cannot be read.

mod header;
mod json;
mod parts;
mod sites;
mod suppressions;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

pub use crate::sql::kind::StatementClass;
pub use json::offline_folder;
pub use sites::sites;

use crate::dialect::Dialect;
use crate::query::{PathClass, Skip, SkipStage, Takes};
use crate::source::{FileId, HostSpan, SpanMap, TreePath};
use crate::sql::split::{self, AnnotationKind, Naming, RawStatement, Split, Votes};
use crate::sql::summary::{DumpTool, FileSummary, MarkerTool};
use crate::sql::{kind, placeholders};
use crate::suppress::Suppression;

/// What one file says.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlFileFacts {
    /// The file.
    pub file: FileId,
    /// Its schema statements and queries, in order.
    pub statements: Vec<SqlStatement>,
    /// Votes for the dialect it is written in.
    pub votes: Votes,
    /// The tool that wrote it as a dump of a database.
    pub dump: Option<DumpTool>,
    /// The tool whose comments divide it into an up and a down part.
    pub markers: Option<MarkerTool>,
    /// Statements that put data in: counted, not kept.
    pub data: u32,
    /// Statements that neither change the schema nor ask for data.
    pub noise: u32,
    /// What its comments ask to be silent about.
    pub suppressions: Vec<Suppression>,
    /// What its comments behind a `#` ask, which are comments to MySQL alone.
    pub hash_suppressions: Vec<Suppression>,
    /// What could not be read.
    pub skips: Vec<Skip>,
}

/// A statement worth keeping.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlStatement {
    /// What it does: [`StatementClass::Schema`] or [`StatementClass::Query`].
    pub class: StatementClass,
    /// Its text, without terminator; in a schema statement, a template's qualifier (`${schema}.`) is blank.
    pub text: Arc<str>,
    /// Where the bytes of its text stand.
    pub spans: SpanMap,
    /// Where it stands.
    pub place: HostSpan,
    /// The comments directly above it; empty without any.
    pub lead: HostSpan,
    /// The name a comment gives it.
    pub name: Option<String>,
    /// How many rows of its answer that comment says are taken.
    pub takes: Takes,
    /// The front end: `sql`, `sqlx`, or the tool whose habit the naming comment is.
    pub source: &'static str,
    /// The part of a migration it belongs to.
    pub part: Part,
    /// What is wrong with it: `unterminated-string`, …
    pub problem: Option<&'static str>,
}

/// The part of a migration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The file does not say (or has not said yet).
    Whole,
    /// It applies the migration.
    Up,
    /// It takes it back.
    Down,
}

/// Says whether a path names a file that [`facts`] reads.
pub fn reads(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let is_sql = [".sql", ".psql", ".pgsql", ".mysql"].iter().any(|ending| name.ends_with(ending));
    is_sql || Dialect::of_form(&name).is_some() || json::is_offline_data(path)
}

/// Reads one file.
pub fn facts(file: FileId, path: &TreePath, text: &str) -> SqlFileFacts {
    if json::is_offline_data(path) {
        return json::facts(file, path, text);
    }
    let whole = SpanMap::verbatim(HostSpan::new(file, 0..text.len() as u32));
    let mut facts = SqlFileFacts::empty(file);
    facts.dump = header::dump_tool(text);
    facts.read(text, &whole, "sql");
    facts.statements.shrink_to_fit();
    facts
}

impl SqlFileFacts {
    fn empty(file: FileId) -> Self {
        Self {
            file,
            statements: Vec::new(),
            votes: Votes::default(),
            dump: None,
            markers: None,
            data: 0,
            noise: 0,
            suppressions: Vec::new(),
            hash_suppressions: Vec::new(),
            skips: Vec::new(),
        }
    }

    /// Counts what the file holds, for the choice of schema files.
    pub fn summary(&self, class: PathClass) -> FileSummary {
        let mut summary = FileSummary::empty(class);
        summary.data = self.data;
        summary.dump = self.dump;
        summary.markers = self.markers;
        for statement in self.statements.iter().filter(|statement| statement.part != Part::Down) {
            match statement.class {
                StatementClass::Query => summary.queries += 1,
                _ if kind::creates_table(&statement.text) => summary.creates += 1,
                _ if kind::changes_schema(&statement.text) => summary.alters += 1,
                _ => {}
            }
            summary.named += u32::from(statement.name.is_some());
        }
        summary
    }

    /// Takes in the statements of a text whose bytes stand in the host as `base` says.
    fn read(&mut self, text: &str, base: &SpanMap, source: &'static str) {
        let split = split::split(text);
        suppressions::add(self, text, base, &split);
        let Split { statements, annotations, votes, .. } = split;
        self.votes += votes;
        let mut annotations = annotations.into_iter().peekable();
        let mut part = Part::Whole;
        let mut name = None;
        for raw in statements {
            while let Some(annotation) = annotations.next_if(|annotation| annotation.bytes.start < raw.bytes.start) {
                match annotation.kind {
                    AnnotationKind::Name(given) => name = Some(given),
                    AnnotationKind::Up(tool) => (part, name, self.markers) = (Part::Up, None, tool),
                    AnnotationKind::Down(tool) => (part, name, self.markers) = (Part::Down, None, tool),
                    AnnotationKind::End => {}
                }
            }
            self.take(text, base, &raw, source, name.as_ref(), part);
        }
    }

    fn take(
        &mut self,
        text: &str,
        base: &SpanMap,
        raw: &RawStatement,
        source: &'static str,
        name: Option<&Naming>,
        part: Part,
    ) {
        let whole = slice(text, &raw.bytes);
        let class = kind::classify(raw, whole, name.is_some());
        match class {
            StatementClass::Data => self.data += u32::from(part != Part::Down),
            StatementClass::Noise => self.noise += 1,
            StatementClass::Unknown => self.skip_unknown(whole, base, raw),
            StatementClass::Schema | StatementClass::Query => {
                let start = raw.bytes.start + kind::explain_prefix(raw, whole);
                let bytes = start..raw.bytes.end;
                let own = slice(text, &bytes);
                let plain = match class {
                    StatementClass::Schema if raw.parameters => placeholders::without_qualifiers(own),
                    _ => Cow::Borrowed(own),
                };
                self.statements.push(SqlStatement {
                    class,
                    text: Arc::from(plain),
                    place: place(self.file, base, &bytes),
                    lead: place(self.file, base, &raw.lead),
                    spans: cut(base, bytes),
                    name: name.map(|naming| naming.name.clone()),
                    takes: name.map_or(Takes::All, |naming| naming.takes),
                    source: name.map_or(source, |naming| naming.tool),
                    part,
                    problem: raw.problem,
                });
            }
        }
    }

    fn skip_unknown(&mut self, text: &str, base: &SpanMap, raw: &RawStatement) {
        let word: String = text.split_whitespace().next().unwrap_or(text).chars().take(40).collect();
        let (reason, detail) = match raw.problem {
            Some(problem) => (problem, format!("what `{word}` opens never ends")),
            None => ("unknown-statement", format!("no SQL statement starts with `{word}`")),
        };
        self.skips.push(Skip { stage: SkipStage::File, reason, detail, place: place(self.file, base, &raw.bytes) });
    }
}

fn slice<'a>(text: &'a str, bytes: &Range<u32>) -> &'a str {
    &text[bytes.start as usize..bytes.end as usize]
}

/// Where a range of a text stands in its host.
fn place(file: FileId, base: &SpanMap, bytes: &Range<u32>) -> HostSpan {
    if bytes.is_empty() {
        let at = base.places(bytes.clone(), &HostSpan::new(file, 0..0)).primary.start;
        return HostSpan::new(file, at..at);
    }
    base.places(bytes.clone(), &HostSpan::new(file, 0..0)).primary
}

/// The part of a map that belongs to a range of its text.
fn cut(base: &SpanMap, bytes: Range<u32>) -> SpanMap {
    let mut map = SpanMap::default();
    map.append(base, bytes);
    map
}

#[cfg(test)]
mod tests;
