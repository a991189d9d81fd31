//! Errors on standard error: the message, the place in a configuration if it has one, and what to type.
//!
//! Names, paths and configurations are other people's: what a terminal would obey in them is shown instead.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;

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
            Some(NamedSource::new(neutral::line(text.name().unwrap_or_default()), stand_in(text.data())))
        };
        let source = error.source_code().and_then(whole);
        let mut found = Self {
            message: neutral::block(&error.to_string()),
            help: error.help().map(|help| neutral::block(&help.to_string())),
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
    fn stand_ins_are_as_long_as_what_they_stand_for() {
        let evil = "a\u{1b}[2J\u{9b}\u{202e}\r\n\té";
        let shown = stand_in(evil.as_bytes());
        assert_eq!(shown, "a?[2J¿\u{fffd} \n\té");
        assert_eq!(shown.len(), evil.len());
    }
}
