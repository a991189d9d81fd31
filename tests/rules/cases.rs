//! The cases of a page: each a small tree of files, what it must give, and what silences it.

use std::collections::BTreeMap;

use planlint::rules::page::{Fence, Page, Reads, Role, Section};

use super::engines::Engine;

/// The file of production's statistics; others whose names end in `-stats.json` are replicas'.
pub const STATS: &str = "planlint-stats.json";

/// A case.
pub struct Case {
    /// Where it stands: the page's line.
    pub line: usize,
    /// The configuration's text.
    pub config: String,
    /// The files by path.
    pub files: BTreeMap<String, String>,
    /// Whether it must give a finding.
    pub bad: bool,
    /// The path, line and column at which the finding must stand, and its width.
    pub marker: Option<(String, u32, u32, u32)>,
    /// The tree that must be silent.
    pub fixed: Option<BTreeMap<String, String>>,
}

/// Reads the cases for an engine off a page: a fence that names another, or other versions, is none of them.
pub fn cases(page: &Page<'_>, engine: &Engine) -> Vec<Case> {
    page.sections.iter().flat_map(|section| section_cases(page, section, engine)).collect()
}

fn section_cases(page: &Page<'_>, section: &Section<'_>, engine: &Engine) -> Vec<Case> {
    let here = |fence: &&Fence<'_>| engine.is_meant(&fence.settings);
    let of = |role: Role| section.fences.iter().filter(here).filter(move |fence| fence.role == Some(role));
    let files = |role: Role, default: &'static str| {
        of(role).map(move |fence| (fence.settings.get("path").unwrap_or(&default).to_string(), fence.text.to_owned()))
    };
    let base: BTreeMap<String, String> = files(Role::Schema, "schema.sql").chain(files(Role::Stats, STATS)).collect();
    let config: String = of(Role::Config).map(|fence| fence.text).collect();
    let default_path =
        if page.meta.reads == Reads::Schema && of(Role::Schema).next().is_none() { "schema.sql" } else { "query.sql" };
    let mut cases: Vec<Case> = Vec::new();
    for fence in section.fences.iter().filter(here) {
        let path = fence.settings.get("path").unwrap_or(&default_path).to_string();
        match fence.role {
            Some(role @ (Role::Bad | Role::Good)) => {
                let bad = role == Role::Bad;
                // Several files of one role, one after the other, are one tree.
                let joins = cases.last().is_some_and(|last| last.bad == bad && last.fixed.is_none())
                    && cases.last().is_some_and(|last| !last.files.contains_key(&path));
                if !joins {
                    let (line, config, files) = (fence.line, config.clone(), base.clone());
                    cases.push(Case { line, config, files, bad, marker: None, fixed: None });
                }
                let case = cases.last_mut().expect("one was just added");
                case.marker = case.marker.take().or_else(|| marker(&path, fence.text));
                case.files.insert(path, fence.text.to_owned());
            }
            Some(Role::Fix) => {
                let case = cases.last_mut().expect("a fix follows what it fixes");
                assert!(case.bad, "{}: line {}: a fix follows what it fixes", page.title, fence.line);
                case.fixed = Some(fixed(case, fence));
            }
            _ => {}
        }
    }
    cases
}

/// The place that a comment of carets points at: above it.
fn marker(path: &str, text: &str) -> Option<(String, u32, u32, u32)> {
    let (number, line) = text.lines().enumerate().find(|(_, line)| {
        let line = line.trim_start();
        let rest = line.strip_prefix("--").or_else(|| line.strip_prefix('#')).unwrap_or("").trim();
        !rest.is_empty() && rest.bytes().all(|byte| byte == b'^')
    })?;
    let column = line.find('^').expect("the line has carets") as u32 + 1;
    Some((path.to_owned(), number as u32, column, line.trim_end().len() as u32 + 1 - column))
}

fn fixed(case: &Case, fence: &Fence<'_>) -> BTreeMap<String, String> {
    let mut files = case.files.clone();
    if fence.language != "diff" {
        let schema = files.entry("schema.sql".to_owned()).or_default();
        schema.push_str(fence.text);
        return files;
    }
    let path = fence.text.lines().find_map(|line| line.strip_prefix("+++ b/")).expect("a diff names its file");
    let patched = patch(&files[path], fence.text);
    files.insert(path.to_owned(), patched);
    files
}

/// Applies a unified diff of one file, whose every context line must match.
fn patch(text: &str, diff: &str) -> String {
    let mut old = text.lines();
    let mut new = Vec::new();
    for line in diff.lines().skip_while(|line| !line.starts_with("@@")) {
        match (line.split_at_checked(1), line.starts_with("@@")) {
            (_, true) => {}
            (Some((" ", kept)), _) => {
                assert_eq!(old.next(), Some(kept), "the diff fits");
                new.push(kept);
            }
            (Some(("-", gone)), _) => assert_eq!(old.next(), Some(gone), "the diff fits"),
            (Some(("+", added)), _) => new.push(added),
            _ => panic!("`{line}` is no line of a diff"),
        }
    }
    new.extend(old);
    new.join("\n") + "\n"
}
