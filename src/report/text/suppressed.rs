//! The findings that comments silence, one a line: only counted unless asked for.

use std::io::{self, Write};

use super::{Skips, Text, say};
use crate::outcome::{FindingEntry, RunReport, Suppressed};
use crate::report::neutral;

/// Lists them with the reason given and the line of the comment.
pub(super) fn write(text: &Text, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let listed = report.findings.iter().filter_map(|finding| Some((finding, finding.suppressed.as_ref()?)));
    let mut listed = listed.filter(|_| text.skips == Skips::Listed).peekable();
    if listed.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "suppressed")?;
    for (finding, by) in listed {
        say(text, "  ", &line(finding, by), out)?;
    }
    writeln!(out)
}

fn line(finding: &FindingEntry, by: &Suppressed) -> String {
    let at = &finding.location;
    let reason = by.reason.as_deref().unwrap_or("no reason given");
    let (path, reason, message) = (neutral::line(&at.path), neutral::line(reason), neutral::line(&finding.message));
    let comment = if by.path == at.path { format!("line {}", by.line) } else { format!("{}:{}", by.path, by.line) };
    format!("{path}:{}:{}: {}: {message} ({reason}, {})", at.line, at.column, finding.rule, neutral::line(&comment))
}
