//! sqlx's offline data: `.sqlx/query-*.json`, and the `sqlx-data.json` of its earlier versions.
//!
//! Only the string behind a `"query"` key matters, with the place of each of its characters, so the file is scanned
//! rather than deserialised; that it is what sqlx writes is seen beforehand.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::dialect::Dialect;
use crate::query::{Skip, SkipStage};
use crate::source::{FileId, HostSpan, Origin, SpanMap, TreePath};

use super::SqlFileFacts;

/// Says whether a path names offline data of sqlx.
pub(super) fn is_offline_data(path: &TreePath) -> bool {
    offline_folder(path).is_some()
}

/// Returns the folder of the package whose queries a path of offline data holds; none if it names none.
pub fn offline_folder(path: &TreePath) -> Option<&str> {
    let (name, folder) = (path.file_name(), path.folder());
    let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    match name.starts_with("query-") && name.ends_with(".json") && last == ".sqlx" {
        true => Some(above),
        false => (name == OF_ALL).then_some(folder),
    }
}

/// The file in which earlier versions keep all queries; it may hold none.
const OF_ALL: &str = "sqlx-data.json";

/// Reads the queries of one file.
pub(super) fn facts(file: FileId, path: &TreePath, text: &str) -> SqlFileFacts {
    // What sqlx says of the database outweighs what its queries look like.
    const CERTAIN: u32 = 1_000;
    let mut facts = SqlFileFacts::empty(file);
    let fault = fault(file, text);
    let mut strings = Strings { text, at: 0, depth: 0, file };
    let (mut key, mut queries) = (None, 0);
    while let Some(Some(string)) = strings.next_string() {
        if strings.a_colon_follows() {
            key = (strings.depth <= 2).then_some(string.value);
            continue;
        }
        match key.take().as_deref() {
            Some("query") => {
                queries += 1;
                facts.read(&string.value, &string.spans, "sqlx");
            }
            Some("db_name" | "db") => {
                if let Some(dialect) = dialect(&string.value) {
                    facts.votes.add(dialect, CERTAIN);
                }
            }
            _ => {}
        }
    }
    let is_of_one = path.file_name() != OF_ALL;
    let silent = (is_of_one && queries == 0).then(|| {
        let whole = HostSpan::new(file, 0..text.len() as u32);
        malformed("it holds no text behind `query`".to_owned(), whole)
    });
    facts.skips.extend(fault.or(silent));
    facts
}

/// Says where a text stops being an object in JSON, if it does.
fn fault(file: FileId, text: &str) -> Option<Skip> {
    let error = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).err()?;
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let at = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    let start = text.floor_char_boundary(at.min(text.len().saturating_sub(1)));
    let end = start + text[start..].chars().next().map_or(0, char::len_utf8);
    // The place is said beside the words.
    let words = error.to_string();
    let detail = words.split(" at line ").next().unwrap_or(&words).to_owned();
    Some(malformed(detail, HostSpan::new(file, start as u32..end as u32)))
}

fn malformed(detail: String, place: HostSpan) -> Skip {
    Skip { stage: SkipStage::File, reason: "malformed-json", detail, place }
}

fn dialect(name: &str) -> Option<Dialect> {
    match name {
        "PostgreSQL" => Some(Dialect::Postgres),
        "SQLite" => Some(Dialect::Sqlite),
        "MySQL" => Some(Dialect::Mysql),
        _ => None,
    }
}

/// A JSON string, decoded.
struct JsonString {
    value: String,
    /// Where its characters stand.
    spans: SpanMap,
}

/// The strings of a JSON text, in order.
struct Strings<'a> {
    text: &'a str,
    at: usize,
    /// Objects and arrays that are open.
    depth: u32,
    file: FileId,
}

impl Strings<'_> {
    /// Returns the next string, `Some(None)` if it never ends, `None` at the end of the text.
    fn next_string(&mut self) -> Option<Option<JsonString>> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => return Some(self.string()),
                _ => {}
            }
        }
        None
    }

    fn a_colon_follows(&self) -> bool {
        self.text[self.at..].trim_start().starts_with(':')
    }

    /// Decodes the string whose opening quote has just been read.
    fn string(&mut self) -> Option<JsonString> {
        let mut string = JsonString { value: String::new(), spans: SpanMap::default() };
        loop {
            let rest = &self.text[self.at..];
            let length = rest.find(['"', '\\'])?;
            let span = HostSpan::new(self.file, self.at as u32..(self.at + length) as u32);
            string.value.push_str(&rest[..length]);
            string.spans.push(length as u32, span, Origin::Verbatim);
            self.at += length;
            if rest[length..].starts_with('"') {
                self.at += 1;
                return Some(string);
            }
            let (decoded, length) = escape(&self.text[self.at..])?;
            let span = HostSpan::new(self.file, self.at as u32..(self.at + length) as u32);
            string.value.push(decoded);
            string.spans.push(decoded.len_utf8() as u32, span, Origin::Placeholder);
            self.at += length;
        }
    }
}

/// Decodes the escape at the start of a text; says how many bytes it takes.
fn escape(text: &str) -> Option<(char, usize)> {
    let simple = |char| Some((char, 2));
    match text.as_bytes().get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'u' => {
            let unit = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
            let first = unit(2)?;
            let pair = (0xd800..0xdc00).contains(&first) && text.get(6..8) == Some("\\u");
            match pair.then(|| unit(8)).flatten() {
                Some(second) => {
                    let code = 0x10000 + ((first - 0xd800) << 10) + (second & 0x3ff);
                    Some((char::from_u32(code).unwrap_or('\u{fffd}'), 12))
                }
                None => Some((char::from_u32(first).unwrap_or('\u{fffd}'), 6)),
            }
        }
        byte if byte.is_ascii() => simple(char::from(*byte)),
        _ => None,
    }
}
