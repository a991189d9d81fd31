//! Reading a rule's page: its front matter, its summary and its fences.
//!
//! A page (`rules/NAME.md`) is what people read, what `planlint rule` prints and what the tests run. Knows no rule and
//! runs nothing: what a fence means as a case is the harness's business.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Confidence, Severity};

/// A rule's page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<'a> {
    /// The front matter.
    pub meta: Meta,
    /// The page without it: Markdown from the title on.
    pub body: &'a str,
    /// The title, which is the rule's name.
    pub title: &'a str,
    /// The first paragraph: what the rule reports, in a sentence or two.
    pub summary: String,
    /// The parts of the page, each from its heading to the next.
    pub sections: Vec<Section<'a>>,
}

/// The front matter of a page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// How bad its findings are where nothing lowers it.
    pub severity: Severity,
    /// How sure they are at the best; the evidence lowers it.
    pub confidence: Confidence,
    /// What it looks at.
    pub reads: Reads,
    /// The engines its cases are run on.
    pub engines: Vec<String>,
    /// The version that brought it.
    pub since: String,
    /// Whether only the target's own planner knows what it looks for, so that it is silent where another stands in.
    #[serde(default)]
    pub native: bool,
    /// Whether it runs unless something else is said.
    #[serde(default = "usually")]
    pub default: bool,
    /// Other rules that may speak in its cases.
    #[serde(default)]
    pub also: Vec<String>,
}

/// Most rules run by default.
fn usually() -> bool {
    true
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// A query and the schema.
    Query,
    /// A query's plan.
    Plan,
    /// The schema.
    Schema,
    /// What comments say to planlint, and every other finding.
    Comment,
}

impl Reads {
    /// Returns the word that pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Plan => "plan",
            Self::Schema => "schema",
            Self::Comment => "comment",
        }
    }
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'a> {
    /// Its heading without the hashes.
    pub heading: &'a str,
    /// Its fences, in order.
    pub fences: Vec<Fence<'a>>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq)]
pub struct Fence<'a> {
    /// The language it is highlighted in.
    pub language: &'a str,
    /// What it is to the tests; none for a block that is only shown.
    pub role: Option<Role>,
    /// `key=value` words behind the role.
    pub settings: BTreeMap<&'a str, &'a str>,
    /// Its text.
    pub text: &'a str,
    /// The line of the page it opens on, from 1.
    pub line: usize,
}

/// What a fence is to the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The schema of the cases below, up to the next heading.
    Schema,
    /// Their statistics.
    Stats,
    /// Their configuration.
    Config,
    /// A file that gives exactly one finding.
    Bad,
    /// A file that gives none.
    Good,
    /// What silences the case above it: DDL for the schema, or a diff of the file.
    Fix,
}

impl Role {
    const WORDS: [(&'static str, Self); 6] = [
        ("schema", Self::Schema),
        ("stats", Self::Stats),
        ("config", Self::Config),
        ("bad", Self::Bad),
        ("good", Self::Good),
        ("fix", Self::Fix),
    ];
}

/// Reads a page.
///
/// # Errors
/// Says what is wrong with the page, and on which line.
pub fn read(text: &str) -> Result<Page<'_>, String> {
    let rest = text.strip_prefix("+++\n").ok_or("line 1: a page starts with `+++`")?;
    let (front, body) = rest.split_once("\n+++\n").ok_or("the front matter is not closed by `+++`")?;
    let meta = toml::from_str(front).map_err(|error| format!("front matter: {}", error.message()))?;
    let title = body.lines().next().and_then(|line| line.strip_prefix("# "));
    let title = title.ok_or("the front matter is followed by `# NAME`")?;
    let first_line = text[..text.len() - body.len()].matches('\n').count() + 1;
    Ok(Page { meta, body, title, summary: summary(body), sections: sections(body, first_line)? })
}

/// The lines between the title and the first empty line, heading or fence after them.
fn summary(body: &str) -> String {
    let lines = body.lines().skip(1).skip_while(|line| line.is_empty());
    let ends = |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("```");
    lines.take_while(ends).collect::<Vec<_>>().join(" ")
}

fn sections(body: &str, first_line: usize) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut open: Option<(Fence<'_>, usize)> = None;
    let mut offset = 0;
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let (start, content) = (offset, line.trim_end());
        offset += line.len();
        if let Some((fence, begin)) = &mut open {
            if content == "```" {
                fence.text = &body[*begin..start];
                let (fence, _) = open.take().expect("the fence is open");
                sections.last_mut().ok_or("a fence stands above the title")?.fences.push(fence);
            }
        } else if let Some(info) = content.strip_prefix("```") {
            open = Some((fence(info, first_line + number)?, offset));
        } else if content.starts_with('#') {
            sections.push(Section { heading: content.trim_start_matches('#').trim(), fences: Vec::new() });
        }
    }
    match open {
        Some((fence, _)) => Err(format!("line {}: the fence is not closed", fence.line)),
        None => Ok(sections),
    }
}

/// Reads ` LANG ROLE key=value …`.
fn fence(info: &str, line: usize) -> Result<Fence<'_>, String> {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or("");
    let role = match words.next() {
        None => None,
        Some(word) => match Role::WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, role)) => Some(*role),
            None => return Err(format!("line {line}: `{word}` is no role")),
        },
    };
    let mut settings = BTreeMap::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("line {line}: `{word}` is not `key=value`"))?;
        if !["path", "engine", "min", "max"].contains(&key) {
            return Err(format!("line {line}: `{key}` is no setting of a fence"));
        }
        settings.insert(key, value);
    }
    Ok(Fence { language, role, settings, text: "", line })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "+++\nseverity = \"warning\"\nconfidence = \"high\"\nreads = \"plan\"\nengines = [\"sqlite\"]\nsince = \"0.1.0\"\n+++\n# a-rule\n\nReports this\nand that.\n\nMore.\n\n## Example\n\n```sql bad path=a.sql\nSELECT 1;\n```\n\n```text\nfree\n```\n";

    #[test]
    fn a_page_is_read_whole() {
        let page = read(PAGE).unwrap();
        assert_eq!((page.title, page.summary.as_str()), ("a-rule", "Reports this and that."));
        assert_eq!((page.meta.severity, page.meta.reads.as_str()), (Severity::Warning, "plan"));
        let headings: Vec<_> = page.sections.iter().map(|section| section.heading).collect();
        assert_eq!(headings, ["a-rule", "Example"]);
        let [bad, free] = page.sections[1].fences.as_slice() else { panic!("two fences") };
        assert_eq!((bad.language, bad.role, bad.text, bad.line), ("sql", Some(Role::Bad), "SELECT 1;\n", 17));
        assert_eq!(bad.settings["path"], "a.sql");
        assert_eq!((free.role, free.text), (None, "free\n"));
    }

    #[test]
    fn what_is_wrong_with_a_page_is_said() {
        for (from, to, expect) in [
            ("+++\nsev", "sev", "line 1: a page starts with `+++`"),
            ("# a-rule", "a-rule", "the front matter is followed by `# NAME`"),
            ("sql bad", "sql worse", "line 17: `worse` is no role"),
            ("path=", "file=", "line 17: `file` is no setting of a fence"),
            ("free\n```\n", "free\n", "line 21: the fence is not closed"),
        ] {
            assert_eq!(read(&PAGE.replacen(from, to, 1)).unwrap_err(), expect);
        }
        assert!(read(&PAGE.replacen("since", "sinse", 1)).unwrap_err().contains("sinse"));
    }
}
