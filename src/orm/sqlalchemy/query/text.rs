//! Named parameters of SQL that is written out.

use std::sync::Arc;

use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// SQL of a text, each `:name` a parameter.
pub(super) fn parameters(text: &Arc<str>, place: HostSpan) -> Sql {
    let is_verbatim = (place.end - place.start) as usize == text.len();
    let part = |bytes: std::ops::Range<usize>| {
        let at = |byte: usize| place.start + u32::try_from(byte).unwrap_or(u32::MAX);
        match is_verbatim {
            true => HostSpan { start: at(bytes.start), end: at(bytes.end), ..place },
            false => place,
        }
    };
    let mut sql = Sql::default();
    let mut from = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    while at < bytes.len() {
        let is_mark = bytes[at] == b':' && bytes.get(at + 1).is_some_and(|next| is_word(*next));
        let is_cast = at > 0 && bytes[at - 1] == b':';
        if !is_mark || is_cast {
            at += 1;
            continue;
        }
        let end = at + 1 + bytes[at + 1..].iter().take_while(|byte| is_word(**byte)).count();
        sql = sql.and(Sql::verbatim(Arc::from(&text[from..at]), part(from..at)));
        sql = sql.and(Sql::param(part(at..end)));
        (from, at) = (end, end);
    }
    sql.and(Sql::verbatim(Arc::from(&text[from..]), part(from..text.len())))
}
