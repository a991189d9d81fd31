//! The parts of a schema statement that stand for themselves: the columns and constraints of `CREATE TABLE`, the
//! actions of `ALTER TABLE`. Found lexically, because a comment is about one of them rather than about the whole.

use std::ops::Range;

use crate::sql::scan::{self, Comments, Escapes};
use crate::sql::split::Keyword;

/// Finds the parts of a statement, none where it has none; the ranges are of its text.
pub(super) fn parts(keyword: Keyword, text: &str) -> Vec<Range<usize>> {
    let depth = match keyword {
        Keyword::Create if has_word(text, "TABLE") => 1,
        Keyword::Alter if has_word(text, "TABLE") => 0,
        _ => return Vec::new(),
    };
    let mut parts = at_depth(text, depth);
    if keyword == Keyword::Alter
        && let Some(first) = parts.first_mut()
        && let Some(action) = action(&text[first.clone()])
    {
        // The table's name is no part of the first action.
        first.start += action;
    }
    parts
}

/// Says whether a word stands among the first ones of a statement.
fn has_word(text: &str, word: &str) -> bool {
    text.split_whitespace().take(5).any(|one| one.eq_ignore_ascii_case(word))
}

/// Where the first action of an `ALTER TABLE` starts.
fn action(text: &str) -> Option<usize> {
    let words = ["ADD", "ALTER", "CHANGE", "DROP", "MODIFY", "RENAME"];
    let mut at = text.find(char::is_whitespace)?;
    while let Some(blank) = text[at..].find(|char: char| !char.is_whitespace()) {
        let start = at + blank;
        let end = scan::name(text.as_bytes(), start).max(start + 1);
        if words.iter().any(|word| text.get(start..end).is_some_and(|one| one.eq_ignore_ascii_case(word))) {
            return Some(start);
        }
        at = start + text[start..].find(char::is_whitespace)?;
    }
    None
}

/// Cuts a text at the commas that stand in `depth` parentheses; blanks and comments around a piece are no part of it.
fn at_depth(text: &str, depth: u32) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut open, mut found) = (0, 0_u32, Vec::new());
    let mut piece: Option<Range<usize>> = None;
    let mut comments = Comments::default();
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        let end = match bytes[at] {
            b'-' if next == Some(b'-') => {
                at = scan::line_comment(bytes, at);
                continue;
            }
            b'/' if next == Some(b'*') => {
                at = comments.end(bytes, at).unwrap_or(bytes.len());
                continue;
            }
            b'\'' => scan::quoted(bytes, at, scan::escapes_of_string(bytes, at)),
            b'"' | b'`' => scan::quoted(bytes, at, Escapes::Doubled),
            b'$' => scan::dollar_tag(bytes, at).and_then(|tag| scan::dollar_quoted(bytes, at, tag)),
            _ => None,
        };
        let end = end.unwrap_or(at + 1);
        let byte = bytes[at];
        let closes = byte == b')' && open == depth;
        if byte == b')' {
            open = open.saturating_sub(1);
        }
        if open == depth && byte == b',' || closes {
            found.extend(piece.take());
        } else if !byte.is_ascii_whitespace() && open >= depth && !(byte == b'(' && open + 1 == depth) {
            let start = piece.take().map_or(at, |piece| piece.start);
            piece = Some(start..end);
        }
        if byte == b'(' {
            open += 1;
        }
        if closes && depth > 0 {
            // What follows the list belongs to the statement as a whole.
            break;
        }
        at = end;
    }
    found.extend(piece);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_constraints_and_actions_stand_for_themselves() {
        let check = |keyword: Keyword, text: &str, expect: &[&str]| {
            let found: Vec<&str> = parts(keyword, text).into_iter().map(|part| &text[part]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check(
            Keyword::Create,
            "CREATE TABLE t ( -- all\n a int, -- (1\n b numeric(3, 2) DEFAULT 'x,y)' /* ) */,\n FOREIGN KEY (a, b) REFERENCES u (a, b)\n) WITH (fillfactor = 70, x = 1)",
            &["a int", "b numeric(3, 2) DEFAULT 'x,y)'", "FOREIGN KEY (a, b) REFERENCES u (a, b)"],
        );
        check(Keyword::Create, "create temp table if not exists t (a int)", &["a int"]);
        check(Keyword::Create, "CREATE INDEX i ON t (a, b)", &[]);
        check(Keyword::Create, "CREATE TABLE t AS SELECT a, b FROM u", &[]);
        check(
            Keyword::Alter,
            "ALTER TABLE ONLY t ADD COLUMN a int REFERENCES u (x, y), ADD b int",
            &["ADD COLUMN a int REFERENCES u (x, y)", "ADD b int"],
        );
        check(Keyword::Alter, "ALTER INDEX i RENAME TO j", &[]);
    }
}
