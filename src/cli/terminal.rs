//! What the terminal may be given: colours, a width, a line that is gone when the program ends.
//!
//! Conventions: no-color.org, bixense.com/clicolors, `TERM=dumb`. An option on the command line wins over all of them.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use crate::report::Colour;

/// When colours are used, as typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR or TERM=dumb say no
    #[default]
    Auto,
    /// Also into pipes
    Always,
    /// Nowhere
    Never,
}

/// What the command line said; the one setting that the whole process shares.
static CHOSEN: OnceLock<When> = OnceLock::new();

/// Notes what the command line says.
pub(super) fn choose(when: When) {
    // Said once, before anything is written.
    let _ = CHOSEN.set(when);
}

/// Says whether a stream gets colours.
pub(super) fn colour(stream: &impl IsTerminal) -> Colour {
    let when = CHOSEN.get().copied().unwrap_or_default();
    decide(when, &|name| std::env::var_os(name).filter(|value| !value.is_empty()), stream.is_terminal())
}

fn decide<V: AsRef<OsStr>>(when: When, env: &dyn Fn(&str) -> Option<V>, is_terminal: bool) -> Colour {
    let is = |name: &str, value: &str| env(name).is_some_and(|set| set.as_ref() == value);
    let yes = match when {
        When::Always => true,
        When::Never => false,
        When::Auto if env("NO_COLOR").is_some() => false,
        When::Auto if env("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") => true,
        When::Auto => is_terminal && !is("TERM", "dumb") && !is("CLICOLOR", "0"),
    };
    if yes { Colour::Always } else { Colour::Never }
}

/// Columns of text when the terminal does not say.
pub(super) const DEFAULT_WIDTH: usize = 100;

/// Returns the columns of the terminal.
pub(super) fn width() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).clamp(60, 200))
}

/// Writes to standard error, where nobody may be listening.
pub(super) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_conventions() {
        let check = |when: When, env: &[(&str, &str)], is_terminal: bool, expect: bool| {
            let read = |name: &str| env.iter().find(|(set, _)| *set == name).map(|(_, value)| *value);
            let read = |name: &str| read(name).filter(|value| !value.is_empty());
            let found = decide(when, &read, is_terminal) == Colour::Always;
            assert_eq!(found, expect, "{when:?} {env:?} {is_terminal}");
        };
        check(When::Auto, &[], true, true);
        check(When::Auto, &[], false, false);
        check(When::Auto, &[("NO_COLOR", "1")], true, false);
        check(When::Auto, &[("NO_COLOR", "")], true, true);
        check(When::Auto, &[("TERM", "dumb")], true, false);
        check(When::Auto, &[("CLICOLOR", "0")], true, false);
        check(When::Auto, &[("CLICOLOR_FORCE", "1")], false, true);
        check(When::Auto, &[("CLICOLOR_FORCE", "0")], false, false);
        check(When::Auto, &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], false, true);
        check(When::Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false);
        check(When::Always, &[("NO_COLOR", "1"), ("TERM", "dumb")], false, true);
        check(When::Never, &[("CLICOLOR_FORCE", "1")], true, false);
    }
}
