//! Errors on standard error: the message, the place in a configuration if it has one, and what to type.
//!
//! Names, paths and configurations are other people's: what a terminal would obey in them is shown instead.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Report, SourceCode};

use crate::cli::terminal::{self, colour, width};
use crate::report::{Colour, neutral};

/// Prints an error with its help to standard error.
pub(in crate::cli) fn complain(error: &Report) {
    let theme = match colour(&io::stderr()) {
        Colour::Always => GraphicalTheme::unicode(),
        Colour::Never => GraphicalTheme::unicode_nocolor(),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width());
    let neutral = Neutral::of(error.as_ref());
    if handler.render_report(&mut text, &neutral).is_err() {
        text = neutral.to_string();
    }
    terminal::say(&text);
}

/// An error of which a terminal obeys nothing.
#[derive(Debug)]
struct Neutral {
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Neutral {
    fn of(error: &dyn Diagnostic) -> Self {
        let whole = |source: &dyn SourceCode| {
            let text = source.read_span(&(0, 0).into(), 0, usize::MAX).ok()?;
            // It may be the option itself.
            let name = without_passwords(&neutral::line(text.name().unwrap_or_default()));
            Some(NamedSource::new(name, without_passwords(&stand_in(text.data()))))
        };
        let source = error.source_code().and_then(whole);
        let mut found = Self {
            message: shown(&error.to_string()),
            help: error.help().map(|help| shown(&help.to_string())),
            source,
            labels: error.labels().into_iter().flatten().collect(),
        };
        found.name_long_lines();
        found
    }

    /// Names the place instead of framing it, where a line of the frame would fill the terminal.
    fn name_long_lines(&mut self) {
        const MOST_BYTES: usize = 400;
        let (Some(source), Some(label)) = (&self.source, self.labels.first()) else { return };
        let text = source.inner();
        let before = &text[..text.floor_char_boundary(label.offset())];
        let line = before.matches('\n').count();
        let framed = text.lines().skip(line.saturating_sub(1)).take(if line == 0 { 2 } else { 3 });
        if framed.into_iter().all(|line| line.len() <= MOST_BYTES) {
            return;
        }
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        self.message.push_str(&format!(" (at {}:{}:{column})", source.name(), line + 1));
        (self.source, self.labels) = (None, Vec::new());
    }
}

impl Display for Neutral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

// Every message says its cause itself.
impl Error for Neutral {}

impl Diagnostic for Neutral {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Shows what somebody typed: nothing that a terminal obeys, and no password.
pub(in crate::cli) fn shown(text: &str) -> String {
    without_passwords(&neutral::block(text))
}

/// Puts `*` over every password of a connection string, byte for byte: one that stands where it does not belong is quoted
/// like any other text.
fn without_passwords(text: &str) -> String {
    let mut shown = text.to_owned();
    let ends = |from: usize, ends: &dyn Fn(char) -> bool| text[from..].find(ends).map_or(text.len(), |at| from + at);
    let quoted = |letter: char| letter.is_whitespace() || "\"'`".contains(letter);
    let mut hide = |range: Range<usize>| shown.replace_range(range.clone(), &"*".repeat(range.len()));
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let authority = &text[start..ends(start, &quoted)];
        let user = authority.rfind('@').and_then(|end| Some((authority[..end].find(':')? + 1, end)));
        user.into_iter().for_each(|(from, to)| hide(start + from..start + to));
    }
    for (at, mark) in text.match_indices("password=") {
        hide(at + mark.len()..ends(at + mark.len(), &|letter| quoted(letter) || letter == '&'));
    }
    shown
}

/// Puts a character of the same length for each one that a terminal obeys, so that labels stay where they point.
fn stand_in(data: &[u8]) -> String {
    let letters = |letter: char| match letter {
        '\n' | '\t' => letter,
        '\r' => ' ',
        letter if neutral::is_obeyed(letter) => match letter.len_utf8() {
            1 => '?',
            2 => '¿',
            _ => char::REPLACEMENT_CHARACTER,
        },
        letter => letter,
    };
    String::from_utf8_lossy(data).chars().map(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (text, expect) in [
            ("x = \"postgres://me:s3:c@t@host/db\"", "x = \"postgres://me:******@host/db\""),
            ("postgres://me@host/db, postgres://u:a/b@h", "postgres://me@host/db, postgres://u:***@h"),
            ("`host=h password=sëcret dbname=d`", "`host=h password=******* dbname=d`"),
            ("postgres://h/db?password=a&x=1 mysql://u:p@", "postgres://h/db?password=*&x=1 mysql://u:*@"),
            ("password = 1, a://b", "password = 1, a://b"),
        ] {
            assert_eq!(without_passwords(text), expect);
            assert_eq!(expect.len(), text.len());
        }
    }

    #[test]
    fn stand_ins_are_as_long_as_what_they_stand_for() {
        let evil = "a\u{1b}[2J\u{9b}\u{202e}\r\n\té";
        let shown = stand_in(evil.as_bytes());
        assert_eq!(shown, "a?[2J¿\u{fffd} \n\té");
        assert_eq!(shown.len(), evil.len());
    }
}
