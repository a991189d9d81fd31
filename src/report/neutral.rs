//! Makes foreign text safe to print: what a terminal would obey is shown as an escape instead.
//!
//! Source text, names, plans and paths come from other people's repositories; a comment in one must not move the
//! cursor, recolour a verdict or turn the reading direction around.

use unicode_width::UnicodeWidthChar;

/// Neutralises text that may span lines; `\n` and `\t` stay.
pub(crate) fn block(text: &str) -> String {
    escape(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Neutralises text that must stay on one line.
pub(crate) fn line(text: &str) -> String {
    escape(text, |_| false)
}

/// Columns of a tab in a frame.
const TAB: usize = 4;

/// The columns that a character takes once it is neutralised.
pub(crate) fn columns_of(letter: char) -> usize {
    match letter {
        '\t' => TAB,
        letter if is_obeyed(letter) => letter.escape_default().count(),
        letter => letter.width().unwrap_or(0),
    }
}

/// The columns that a line takes once it is neutralised.
pub(crate) fn columns(line: &str) -> usize {
    line.chars().map(columns_of).sum()
}

/// Breaks a line at spaces so that no line is wider than `width` columns, as far as its words allow; a name or a
/// piece of code between backticks stays whole where it fits.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut column = 0;
    for word in words(text, width) {
        let length = columns(word);
        if column > 0 && column + 1 + length > width {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

/// The words of a line, a piece of code counting as one where it is at most two thirds of a line long.
fn words(text: &str, width: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let space = rest.find(' ').unwrap_or(rest.len());
        // A word that opens a backtick and does not close it goes on to where it is closed.
        let end = match rest[..space].matches('`').count() % 2 {
            1 => rest[space..].find('`').map_or(space, |close| {
                let closed = space + close;
                closed + rest[closed..].find(' ').unwrap_or(rest.len() - closed)
            }),
            _ => space,
        };
        let end = if columns(&rest[..end]) <= width * 2 / 3 { end } else { space };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

fn escape(text: &str, keep: fn(char) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if !is_obeyed(letter) || keep(letter) {
            clean.push(letter);
        } else {
            clean.extend(letter.escape_default());
        }
    }
    clean
}

/// Says whether a terminal obeys the character rather than showing it: control characters, and the format characters
/// that hide text or change its direction (Unicode Technical Standard 39 and the "Trojan Source" paper).
pub(crate) fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(line("a\u{1b}[31mb\r\nc"), r"a\u{1b}[31mb\r\nc");
        assert_eq!(block("a\n\tb\u{9b}c"), "a\n\tb\\u{9b}c");
        assert_eq!(line("x\u{202e}y"), r"x\u{202e}y");
        assert_eq!(line("größe → ☃"), "größe → ☃");
    }

    #[test]
    fn code_stays_whole_where_it_fits() {
        for (text, width, expect) in [
            ("no index serves `a` here", 12, "no index\nserves `a`\nhere"),
            ("compare the bare column: `a >= ? AND a < ?`", 40, "compare the bare column:\n`a >= ? AND a < ?`"),
            ("see `a b c d e f g h i j k` so", 20, "see `a b c d e f g h\ni j k` so"),
            ("unclosed ` tick", 10, "unclosed `\ntick"),
            ("averyveryverylongword x", 8, "averyveryverylongword\nx"),
            ("名前 名前 x", 7, "名前\n名前 x"),
            ("", 8, ""),
        ] {
            assert_eq!(wrap(text, width), expect);
        }
    }
}
