//! SQL text in the making: pieces of text, parameters, and the host bytes that each stands for.
//!
//! Frameworks put these together; [`Sql::finish`] makes the text with its map. Knows no framework.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::query::Param;
use crate::source::{FileId, HostSpan, Origin, SpanMap};
use crate::sql::placeholders::{self, Normalised};

/// SQL text with places.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// Text that stands for host code.
    Text(String, HostSpan),
    /// Text that is the host's, byte for byte.
    Verbatim(Arc<str>, HostSpan),
    /// A value that is known at run time, with its number and name where the text gives them.
    Param(Option<u16>, Option<String>, HostSpan),
}

/// SQL text that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The text, parameters as `$1`, `$2`, …
    pub sql: Arc<str>,
    /// Where each byte comes from.
    pub spans: SpanMap,
    /// Its parameters, by number.
    pub params: Vec<Param>,
}

/// Two are the same where they say the same, wherever that is written.
impl PartialEq for Sql {
    fn eq(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }
}

impl Sql {
    /// Text that stands for host code.
    pub fn text(text: impl Into<String>, place: HostSpan) -> Self {
        Self { pieces: vec![Piece::Text(text.into(), place)] }
    }

    /// Text that is spelled in the host, byte for byte if the place is as long.
    pub fn verbatim(text: Arc<str>, place: HostSpan) -> Self {
        let is_verbatim = text.len() == (place.end - place.start) as usize;
        Self {
            pieces: vec![if is_verbatim { Piece::Verbatim(text, place) } else { Piece::Text(text.to_string(), place) }],
        }
    }

    /// A value that is known at run time.
    pub fn param(place: HostSpan) -> Self {
        Self { pieces: vec![Piece::Param(None, None, place)] }
    }

    /// A part of SQL that is written in the host: each placeholder stands for itself.
    pub fn fragment(text: &str, place: HostSpan) -> Self {
        let mut base = SpanMap::default();
        let is_verbatim = text.len() == (place.end - place.start) as usize;
        base.push(text.len() as u32, place, if is_verbatim { Origin::Verbatim } else { Origin::Synthesised });
        let mut part = Self::written(&placeholders::normalise_mapped(text, &base));
        for piece in &mut part.pieces {
            if let Piece::Param(number, ..) = piece {
                *number = None;
            }
        }
        part
    }

    /// SQL that is written in the host as a whole, its placeholders numbered.
    pub fn written(text: &Normalised) -> Self {
        let mut pieces = Vec::new();
        let of_param = |param: &'_ Param| (param.number, param.name.clone());
        let uses = text.params.iter().flat_map(|param| param.sql.iter().map(move |range| (range, of_param(param))));
        let mut uses: Vec<_> = uses.collect();
        uses.sort_by_key(|(range, _)| range.start);
        let mut at = 0;
        for (range, (number, name)) in uses {
            pieces_of(text, at..range.start, &mut pieces);
            let spelled = text.sql.get(range.start as usize..range.end as usize).unwrap_or_default();
            let place = hull(text, range);
            let is_list = spelled.starts_with('(');
            pieces.extend(is_list.then(|| Piece::Text("(".to_owned(), place)));
            pieces.push(Piece::Param(Some(number), name, place));
            pieces.extend(is_list.then(|| Piece::Text(")".to_owned(), place)));
            at = range.end;
        }
        pieces_of(text, at..text.sql.len() as u32, &mut pieces);
        Self { pieces }
    }

    /// Appends text that stands for the same host code as what is before it.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        match self.pieces.last_mut() {
            Some(Piece::Text(known, _)) => known.push_str(text),
            Some(Piece::Verbatim(_, place) | Piece::Param(_, _, place)) => {
                let place = *place;
                self.pieces.push(Piece::Text(text.to_owned(), place));
            }
            None => {}
        }
        self
    }

    /// Appends other SQL.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Puts text around it, which stands for a place.
    #[must_use]
    pub fn within(self, before: &str, after: &str, place: HostSpan) -> Self {
        let mut whole = Self::text(before, place).and(self);
        if !after.is_empty() {
            whole.pieces.push(Piece::Text(after.to_owned(), place));
        }
        whole
    }

    /// The same, all of it standing for one place.
    #[must_use]
    pub fn placed(mut self, at: HostSpan) -> Self {
        for piece in &mut self.pieces {
            match piece {
                Piece::Text(_, place) | Piece::Param(_, _, place) => *place = at,
                Piece::Verbatim(text, _) => *piece = Piece::Text(text.to_string(), at),
            }
        }
        self
    }

    /// Several with text between them, which stands for a place.
    pub fn join(items: impl IntoIterator<Item = Self>, between: &str, place: HostSpan) -> Self {
        let mut joined = Self::default();
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                joined.pieces.push(Piece::Text(between.to_owned(), place));
            }
            joined.pieces.extend(item.pieces);
        }
        joined
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What its beginning stands for.
    pub fn place(&self) -> Option<HostSpan> {
        self.pieces.first().map(|piece| match piece {
            Piece::Text(_, place) | Piece::Verbatim(_, place) | Piece::Param(_, _, place) => *place,
        })
    }

    /// Whether it is a single value that is known at run time.
    pub fn is_param(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Param(..)])
    }

    /// The text, each parameter as `?`.
    pub fn shown(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text, _) => text.clone(),
            Piece::Verbatim(text, _) => text.to_string(),
            Piece::Param(..) => "?".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Makes the text and its map.
    pub fn finish(self) -> Finished {
        let mut sql = String::new();
        let mut spans = SpanMap::default();
        let mut params: BTreeMap<u16, Param> = BTreeMap::new();
        let given = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Param(number, ..) => *number,
            _ => None,
        });
        let mut last = given.max().unwrap_or(0);
        for piece in self.pieces {
            let start = sql.len() as u32;
            let (place, origin) = match piece {
                Piece::Text(text, place) => {
                    sql.push_str(&text);
                    (place, Origin::Synthesised)
                }
                Piece::Verbatim(text, place) => {
                    sql.push_str(&text);
                    (place, Origin::Verbatim)
                }
                Piece::Param(number, name, place) => {
                    let number = number.unwrap_or_else(|| {
                        last = last.saturating_add(1);
                        last
                    });
                    sql.push('$');
                    sql.push_str(&number.to_string());
                    let param = params.entry(number).or_insert_with(|| Param { number, name, sql: Vec::new() });
                    param.sql.push(start..sql.len() as u32);
                    (place, Origin::Placeholder)
                }
            };
            spans.push(sql.len() as u32 - start, place, origin);
        }
        Finished { sql: Arc::from(sql), spans, params: params.into_values().collect() }
    }
}

/// The pieces of a part of a text that holds no parameter.
fn pieces_of(text: &Normalised, bytes: Range<u32>, into: &mut Vec<Piece>) {
    let mut part = SpanMap::default();
    part.append(&text.spans, bytes.clone());
    for segment in part.segments() {
        let range = (bytes.start + segment.sql.start) as usize..(bytes.start + segment.sql.end) as usize;
        let Some(own) = text.sql.get(range) else { continue };
        into.push(match segment.origin {
            Origin::Verbatim => Piece::Verbatim(Arc::from(own), segment.host),
            Origin::Placeholder | Origin::Synthesised => Piece::Text(own.to_owned(), segment.host),
        });
    }
}

/// The host bytes of a part of a text.
fn hull(text: &Normalised, bytes: &Range<u32>) -> HostSpan {
    let mut part = SpanMap::default();
    part.append(&text.spans, bytes.clone());
    let first = part.segments().first().map(|segment| segment.host).unwrap_or(HostSpan::new(FileId(0), 0..0));
    let site = HostSpan { end: first.start, ..first };
    part.places(0..bytes.end - bytes.start, &site).primary
}
