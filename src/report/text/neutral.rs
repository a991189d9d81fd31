//! Makes foreign text safe to print: what a terminal would obey is shown as an escape instead.
//!
//! Source text, names, plans and paths come from other people's repositories; a comment in one must not move the
//! cursor, recolour a verdict or turn the reading direction around.

/// Neutralises text that may span lines; `\n` and `\t` stay.
pub(super) fn block(text: &str) -> String {
    escape(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Neutralises text that must stay on one line.
pub(super) fn line(text: &str) -> String {
    escape(text, |_| false)
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
fn is_obeyed(letter: char) -> bool {
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
}
