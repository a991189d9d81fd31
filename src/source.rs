//! Where text came from: files, spans in them, and the map from a rendered SQL text back to its host files.
//!
//! Plain data; knows no file system and no language. All offsets are bytes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file of one run: its index in the run's sorted file list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A path inside a tree: relative, `/`-separated, without `.` or `..` parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreePath(Arc<str>);

impl TreePath {
    /// Wraps a path that is already relative and `/`-separated.
    pub fn new(path: impl AsRef<str>) -> Self {
        Self(Arc::from(path.as_ref()))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Returns the folder, empty for a file at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Says whether the path is `folder` or lies below it; the empty folder holds everything.
    pub fn is_below(&self, folder: &str) -> bool {
        folder.is_empty() || self.0.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A range of bytes in one host file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HostSpan {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl HostSpan {
    /// A span over `bytes` of `file`.
    pub fn new(file: FileId, bytes: Range<u32>) -> Self {
        Self { file, start: bytes.start, end: bytes.end }
    }
}

/// How a piece of SQL text came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Byte for byte the host's text.
    Verbatim,
    /// A placeholder of another spelling than the host's (`%s` became `$1`).
    Placeholder,
    /// Text that no host byte spells (what an ORM adds).
    Synthesised,
}

/// One piece of SQL and the host bytes it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Bytes of the SQL text.
    pub sql: Range<u32>,
    /// Bytes of the host file.
    pub host: HostSpan,
    /// How the one became the other.
    pub origin: Origin,
}

/// The map from a SQL text to its host files: segments sorted by `sql`, gap-free from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanMap(Vec<Segment>);

/// Where a range of SQL stands in the host files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The place to point at: in the site's own file if the range touches it.
    pub primary: HostSpan,
    /// The places in other files.
    pub related: Vec<HostSpan>,
}

impl SpanMap {
    /// Maps a whole SQL text onto one verbatim host range.
    pub fn verbatim(host: HostSpan) -> Self {
        Self(vec![Segment { sql: 0..host.end - host.start, host, origin: Origin::Verbatim }])
    }

    /// Appends a segment of `len` SQL bytes; joins it to the previous one where both are verbatim and adjacent.
    pub fn push(&mut self, len: u32, host: HostSpan, origin: Origin) {
        if len == 0 {
            return;
        }
        let start = self.sql_len();
        if let Some(last) = self.0.last_mut()
            && origin == Origin::Verbatim
            && last.origin == Origin::Verbatim
            && last.host.file == host.file
            && last.host.end == host.start
        {
            last.sql.end += len;
            last.host.end = host.end;
            return;
        }
        if self.0.is_empty() {
            // Most texts are one segment, and there are many of them.
            self.0.reserve_exact(1);
        }
        self.0.push(Segment { sql: start..start + len, host, origin });
    }

    /// Appends the part of another map that belongs to a range of its text.
    pub fn append(&mut self, base: &SpanMap, sql: Range<u32>) {
        for segment in base.touching(&sql) {
            let piece = segment.sql.start.max(sql.start)..segment.sql.end.min(sql.end);
            if piece.start < piece.end {
                self.push(piece.end - piece.start, clip(segment, &piece), segment.origin);
            }
        }
    }

    /// Returns the length of the SQL text in bytes.
    pub fn sql_len(&self) -> u32 {
        self.0.last().map_or(0, |segment| segment.sql.end)
    }

    /// Returns the segments, sorted and gap-free.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The segments that share a byte with `sql`.
    fn touching(&self, sql: &Range<u32>) -> &[Segment] {
        let first = self.0.partition_point(|segment| segment.sql.end <= sql.start);
        let length = self.0[first..].partition_point(|segment| segment.sql.start < sql.end);
        &self.0[first..first + length]
    }

    /// Finds where `sql` stands: the hull of its pieces in the site's file, pieces of other files as related.
    ///
    /// Falls back to `site` when the range touches no host byte of its file.
    pub fn places(&self, sql: Range<u32>, site: &HostSpan) -> Places {
        let mut hull: Option<HostSpan> = None;
        let mut related = Vec::new();
        for segment in self.touching(&(sql.start..sql.end.max(sql.start.saturating_add(1)))) {
            let host = clip(segment, &sql);
            if segment.origin == Origin::Synthesised && segment.host.file == site.file {
                // Text nobody wrote points at the call that caused it, only when nothing better is known.
                hull = hull.or(Some(host));
            } else if host.file == site.file {
                hull = Some(hull.map_or(host, |known| HostSpan {
                    start: known.start.min(host.start),
                    end: known.end.max(host.end),
                    ..host
                }));
            } else {
                related.push(host);
            }
        }
        Places { primary: hull.unwrap_or(*site), related }
    }

    /// Finds the one stretch of a host file that spells `sql` byte for byte, if there is one.
    pub fn stretch(&self, sql: &Range<u32>) -> Option<HostSpan> {
        let segment = self.0.iter().find(|segment| segment.sql.start <= sql.start && sql.end <= segment.sql.end)?;
        (segment.origin == Origin::Verbatim).then(|| clip(segment, sql))
    }
}

/// The host bytes of the part of `segment` inside `sql`; only verbatim text can be cut.
fn clip(segment: &Segment, sql: &Range<u32>) -> HostSpan {
    if segment.origin != Origin::Verbatim {
        return segment.host;
    }
    let skip = sql.start.saturating_sub(segment.sql.start);
    let cut = segment.sql.end.saturating_sub(sql.end);
    HostSpan {
        start: segment.host.start + skip,
        end: segment.host.end.saturating_sub(cut).max(segment.host.start + skip),
        ..segment.host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_behind_a_placeholder_maps_back() {
        let file = FileId(0);
        let mut map = SpanMap::default();
        // `a = %s and b` at host byte 100 became `a = $1 and b`, with `$10` one byte longer.
        map.push(4, HostSpan::new(file, 100..104), Origin::Verbatim);
        map.push(3, HostSpan::new(file, 104..106), Origin::Placeholder);
        map.push(6, HostSpan::new(file, 106..112), Origin::Verbatim);
        let site = HostSpan::new(file, 90..120);
        assert_eq!(map.places(12..13, &site).primary, HostSpan::new(file, 111..112));
        assert_eq!(map.places(5..6, &site).primary, HostSpan::new(file, 104..106));
        assert_eq!(map.places(0..13, &site).primary, HostSpan::new(file, 100..112));
        assert_eq!(map.stretch(&(8..12)), Some(HostSpan::new(file, 107..111)));
        assert_eq!(map.stretch(&(4..7)), None, "a placeholder is spelled differently");
        assert_eq!(map.stretch(&(2..8)), None, "no one stretch spells it");
    }
}
