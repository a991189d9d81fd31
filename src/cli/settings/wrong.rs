//! What can be wrong with a configuration, told with its place and what to type instead.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// Something that a configuration says and cannot mean, framed in its text.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
#[diagnostic(help("{help}"))]
pub(in crate::cli) struct Wrong {
    pub message: String,
    pub help: String,
    #[source_code]
    pub text: Arc<NamedSource<String>>,
    #[label("here")]
    pub at: Option<SourceSpan>,
}

/// Why no configuration could be had.
#[derive(Debug, Error, Diagnostic)]
pub(in crate::cli) enum SettingsError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Wrong(#[from] Box<Wrong>),
    #[error("cannot read `{path}`: {cause}")]
    #[diagnostic(help("make the file readable, or run with `--isolated` to do without it"))]
    Unreadable { path: String, cause: std::io::Error },
    #[error("`{0}` is no file")]
    #[diagnostic(help("give the folder another name, or run with `--isolated`"))]
    NoFile(String),
    #[error("`{path}` is larger than {most} bytes, which no configuration is")]
    #[diagnostic(help("run with `--isolated`, or name another file with `--config FILE`"))]
    TooLarge { path: String, most: u64 },
    #[error("`{path}` is not UTF-8 text from byte {byte} on")]
    #[diagnostic(help("save it as UTF-8, or run with `--isolated` to do without it"))]
    NotText { path: String, byte: usize },
    #[error("`{path}` is a link that leads out of the project, to `{to}`")]
    #[diagnostic(help("name the file yourself with `--config FILE` if you trust it, or run with `--isolated`"))]
    LinkOut { path: String, to: String },
    #[error("there is no file `{name}`")]
    #[diagnostic(help("{help}"))]
    NoSuchFile { name: String, help: String },
    #[error("`--config` names nothing")]
    #[diagnostic(help("name a TOML file, or set one key, for example `--config 'limits.min-rows = 1000'`"))]
    EmptyOption,
    #[error("`--config` names two files, `{0}` and `{1}`")]
    #[diagnostic(help("name one; single keys may be set beside it, for example `--config 'limits.min-rows = 1000'`"))]
    TwoFiles(String, String),
    #[error("`--isolated` and `--config {0}` contradict each other")]
    #[diagnostic(help("leave out `--isolated`: a file named by `--config` is the only one that is read"))]
    Isolated(String),
    #[error("`{option} {name}` names no rule")]
    #[diagnostic(help("{help}"))]
    NoRule { option: String, name: String, help: String },
    #[error("no rule is left to run")]
    #[diagnostic(help("select some, for example `--select DEFAULT` or `--select missing-index`"))]
    NothingSelected,
    #[error("`--budget {0}` is no number of bytes")]
    #[diagnostic(help("type a number and its unit, for example `--budget 500MB` or `--budget 2GiB`"))]
    Bytes(String),
    #[error("the configuration cannot be read: {0}")]
    #[diagnostic(help("see the keys in docs/configuration.md"))]
    Shape(String),
}

/// What to type for a rule that does not exist, where rules are named one by one.
pub(super) fn rule_help(name: &str) -> String {
    match GROUPS.contains(&name) {
        true => format!("name the rules one by one: `{name}` stands in `select`, `extend-select` and `ignore` only"),
        false => help(name, &[]),
    }
}

/// What to type for a rule that does not exist, where groups of rules may be named too.
pub(super) fn selector_help(name: &str) -> String {
    help(name, &GROUPS)
}

const GROUPS: [&str; 2] = [crate::config::ALL, crate::config::DEFAULT];

fn help(name: &str, groups: &[&'static str]) -> String {
    let rules = crate::rules::RULES.iter().map(|rule| rule.name);
    match crate::name::nearest(name, rules.chain(groups.iter().copied())) {
        Some(meant) => format!("type `{meant}`; `planlint rules` lists the rules"),
        None => "`planlint rules` lists the rules".to_owned(),
    }
}
