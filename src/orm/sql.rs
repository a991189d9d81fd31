//! SQL text in the making: pieces of text, parameters, and the host bytes that each stands for.
//!
//! Frameworks put these together; [`Sql::finish`] makes the text with its map. Knows no framework.

use std::sync::Arc;

use crate::query::Param;
use crate::source::{HostSpan, Origin, SpanMap};

/// SQL text with places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// Text that stands for host code.
    Text(String, HostSpan),
    /// Text that is the host's, byte for byte.
    Verbatim(Arc<str>, HostSpan),
    /// A value that is known at run time.
    Param(Option<String>, HostSpan),
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
        Self { pieces: vec![Piece::Param(None, place)] }
    }

    /// Appends text that stands for the same host code as what is before it.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        match self.pieces.last_mut() {
            Some(Piece::Text(known, _)) => known.push_str(text),
            Some(Piece::Verbatim(_, place) | Piece::Param(_, place)) => {
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
        let mut params: Vec<Param> = Vec::new();
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
                Piece::Param(name, place) => {
                    let number = u16::try_from(params.len() + 1).unwrap_or(u16::MAX);
                    sql.push('$');
                    sql.push_str(&number.to_string());
                    params.push(Param { number, name, sql: std::iter::once(start..sql.len() as u32).collect() });
                    (place, Origin::Placeholder)
                }
            };
            spans.push(sql.len() as u32 - start, place, origin);
        }
        Finished { sql: Arc::from(sql), spans, params }
    }
}
