//! Format `github`: workflow commands, which GitHub Actions shows as annotations on the lines they name.
//!
//! A line a finding. The runner takes `%25`, `%0D`, `%0A` (and `%3A`, `%2C` in properties) for the characters that
//! would end a command, and refuses columns of a place that spans lines.

use std::io::{self, Write};

use super::{Root, View, neutral};
use crate::finding::Severity;
use crate::outcome::{FindingEntry, RunReport};

/// Writes findings as annotations.
#[derive(Clone, Debug)]
pub struct Github {
    /// Which command asks.
    pub view: View,
    /// Where paths start: GitHub knows files by their names in the repository.
    pub root: Root,
}

impl super::Reporter for Github {
    fn write(&self, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
        let open = super::findings(report, self.view).filter(|finding| finding.suppressed.is_none());
        for finding in open {
            writeln!(out, "{}", self.annotation(report, finding))?;
        }
        Ok(())
    }
}

impl Github {
    fn annotation(&self, report: &RunReport, finding: &FindingEntry) -> String {
        let at = &finding.location;
        let command = match finding.severity {
            Severity::Info => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let columns = match at.line == at.end_line {
            true => format!(",col={},endColumn={}", at.column, at.end_column),
            false => String::new(),
        };
        format!(
            "::{command} file={},line={},endLine={}{columns},title={}::{}",
            property(&self.root.path(&at.path)),
            at.line,
            at.end_line,
            property(&finding.rule),
            data(&super::full_message(report, finding)),
        )
    }
}

/// Escapes a command's message, which may span lines.
fn data(text: &str) -> String {
    neutral::block(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    neutral::line(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100%: a,b\n::error::x\t\u{1b}[0m"), r"100%25: a,b%0A::error::x".to_owned() + "\t\\u{1b}[0m");
        assert_eq!(property("a,b:c%0A\nd"), r"a%2Cb%3Ac%250A\nd");
    }
}
