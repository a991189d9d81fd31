//! Where quoted things and comments of SQL text end: what the splitter and the placeholder reader both step over.
//!
//! Works on bytes: every delimiter is ASCII, so cuts fall between characters. `None` means that the thing never ends.

/// Whether a backslash inside quotes protects the next character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// Only a doubled quote does (the SQL standard).
    Doubled,
    /// A backslash does, too (MySQL, PostgreSQL's `E'…'`).
    Backslash,
}

/// Returns the end of the quoted text whose opening quote stands at `at`.
pub(crate) fn quoted(bytes: &[u8], at: usize, escapes: Escapes) -> Option<usize> {
    let quote = bytes[at];
    let mut next = at + 1;
    loop {
        let found = bytes.get(next..)?.iter().position(|byte| *byte == quote || *byte == b'\\')?;
        let stop = next + found;
        next = match bytes[stop] {
            b'\\' if escapes == Escapes::Backslash => stop + 2,
            b'\\' => stop + 1,
            _ if bytes.get(stop + 1) == Some(&quote) => stop + 2,
            _ => return Some(stop + 1),
        };
    }
}

/// Returns how the string whose quote stands at `at` escapes, by what stands before it (`E'…'`).
pub(crate) fn escapes_of_string(bytes: &[u8], at: usize) -> Escapes {
    match before(bytes, at) {
        Some(b'e' | b'E') if !before(bytes, at - 1).is_some_and(is_name) => Escapes::Backslash,
        _ => Escapes::Doubled,
    }
}

/// Returns how many bytes stand before the first `byte`.
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    bytes.iter().position(|found| *found == byte)
}

/// Returns the end of the line that holds `at`: its line feed, or the end of the text.
pub(crate) fn line(bytes: &[u8], at: usize) -> usize {
    find(&bytes[at..], b'\n').map_or(bytes.len(), |length| at + length)
}

/// Returns the end of the `--` or `#` comment at `at`: the line break, which is not part of it.
///
/// A CR breaks the line too, as in PostgreSQL: what stands behind one is run, whatever an editor shows.
pub(crate) fn line_comment(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.map_or(bytes.len(), |length| at + length)
}

/// Where the block comments of one text end.
///
/// PostgreSQL nests comments, SQLite and MySQL do not: they are taken to nest until one does not come out even, and from
/// there on to end at the first `*/`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Comments {
    flat: bool,
}

impl Comments {
    /// Returns the end of the comment whose `/*` stands at `at`.
    pub(crate) fn end(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let nested = if self.flat { None } else { nested_comment(bytes, at) };
        self.flat |= nested.is_none();
        nested.or_else(|| Some(at + 4 + bytes.get(at + 2..)?.windows(2).position(|pair| pair == b"*/")?))
    }
}

fn nested_comment(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 1;
    let mut next = at + 2;
    while let Some(found) = bytes.get(next..)?.iter().position(|byte| matches!(byte, b'*' | b'/')) {
        let stop = next + found;
        next = match &bytes[stop..] {
            [b'*', b'/', ..] => {
                depth -= 1;
                if depth == 0 {
                    return Some(stop + 2);
                }
                stop + 2
            }
            [b'/', b'*', ..] => {
                depth += 1;
                stop + 2
            }
            _ => stop + 1,
        };
    }
    None
}

/// Returns the length of the `$tag$` at `at`, if one opens there.
pub(crate) fn dollar_tag(bytes: &[u8], at: usize) -> Option<usize> {
    if before(bytes, at).is_some_and(is_name) {
        return None;
    }
    let rest = &bytes[at + 1..];
    let length = rest.iter().position(|byte| !is_name(*byte) || *byte == b'$')?;
    (rest[length] == b'$' && !rest[0].is_ascii_digit()).then_some(length + 2)
}

/// Returns the end of the dollar-quoted text whose tag of `tag` bytes opens at `at`.
pub(crate) fn dollar_quoted(bytes: &[u8], at: usize, tag: usize) -> Option<usize> {
    let close = &bytes[at..at + tag];
    let mut next = at + tag;
    loop {
        let stop = next + find(bytes.get(next..)?, b'$')?;
        if bytes[stop..].starts_with(close) {
            return Some(stop + tag);
        }
        next = stop + 1;
    }
}

/// Returns the end of the name that starts at `at`.
pub(crate) fn name(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| !is_name(*byte)).map_or(bytes.len(), |length| at + length)
}

/// Writes a word in capitals to `buffer`; a word that is longer than any keyword comes back empty.
pub(crate) fn upper<'a>(word: &[u8], buffer: &'a mut [u8]) -> &'a [u8] {
    let Some(upper) = buffer.get_mut(..word.len()) else { return b"" };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    upper
}

/// Says whether a byte can stand in an unquoted name.
pub(crate) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Says whether a byte can start an unquoted name.
pub(crate) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Returns the byte before `at`.
pub(crate) fn before(bytes: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).map(|before| bytes[before])
}

/// Bytes of the longest name in brackets (SQL Server's are of 128 characters).
const LONGEST_NAME: usize = 1024;

/// Returns the end of the `[bracketed identifier]` at `at`; `None` where the bracket is a subscript or an array.
pub(crate) fn bracketed(bytes: &[u8], at: usize) -> Option<usize> {
    let subscript = before(bytes, at).is_some_and(|byte| is_name(byte) || matches!(byte, b']' | b')' | b'"' | b'['));
    if subscript || !bytes.get(at + 1).copied().is_some_and(is_name_start) {
        return None;
    }
    let length = bytes[at..].iter().take(LONGEST_NAME).position(|byte| matches!(byte, b']' | b'\n' | b','))?;
    (bytes[at + length] == b']').then_some(at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_end_where_the_database_ends_them() {
        let check = |text: &str, escapes: Escapes, end: Option<usize>| {
            assert_eq!(quoted(text.as_bytes(), 0, escapes), end, "{text}");
        };
        check("'a''b' c", Escapes::Doubled, Some(6));
        check(r"'a\' c", Escapes::Doubled, Some(4));
        check(r"'a\'b' c", Escapes::Backslash, Some(6));
        check(r"'a\", Escapes::Backslash, None);
        check("'a", Escapes::Doubled, None);
        check("`a``b`", Escapes::Doubled, Some(6));
    }

    #[test]
    fn a_carriage_return_ends_a_comment_and_no_line() {
        assert_eq!(line_comment(b"-- a\rb\nc", 0), 4);
        assert_eq!(line_comment(b"-- a\r\nb", 0), 4);
        assert_eq!(line_comment(b"-- a", 0), 4);
        assert_eq!(line(b"-- a\rb\nc", 0), 6);
    }

    #[test]
    fn comments_nest_if_that_comes_out_even() {
        let check =
            |text: &str, end: Option<usize>| assert_eq!(Comments::default().end(text.as_bytes(), 0), end, "{text}");
        check("/* a */ b */", Some(7));
        check("/* a /* b */ c */ d", Some(17));
        check("/* a /* b */ c", Some(12));
        check("/* a", None);
        check("/*/ a */", Some(8));
    }

    #[test]
    fn dollar_quotes_have_tags_and_parameters_do_not() {
        let tag = |text: &str, at: usize| dollar_tag(text.as_bytes(), at);
        assert_eq!(tag("$$ a $$", 0), Some(2));
        assert_eq!(tag("$body$ a", 0), Some(6));
        assert_eq!(tag("$1$", 0), None);
        assert_eq!(tag("a$b$", 1), None);
        assert_eq!(tag("$1", 0), None);
        assert_eq!(dollar_quoted(b"$a$ $b$ $$ $a$ x", 0, 3), Some(14));
        assert_eq!(dollar_quoted(b"$a$ $b$", 0, 3), None);
    }

    #[test]
    fn brackets_quote_names_and_do_not_hide_arrays() {
        let check = |text: &str, end: Option<usize>| assert_eq!(bracketed(text.as_bytes(), 2), end, "{text}");
        check("a [it's b]", Some(10));
        check("a,[b]", Some(5));
        check("ab[c]", None);
        check("= ['x]', 'y']", None);
    }
}
