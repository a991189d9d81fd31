//! The settings in force: the configuration found or named, single keys laid over it, options over those.
//!
//! Precedence, lowest first: defaults, the file, `--config KEY=VALUE` in the order typed, options. Every key remembers
//! the text that set it, so that whoever finds it wrong later can show the place.

mod check;
mod find;
mod layer;
mod schema;
mod wrong;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Stop;
use super::options::{Judging, Overrides, Rules, SeverityName};
use crate::config::{self, ALL, Config, DEFAULT, MIGRATIONS, MODELS};
use crate::outcome::RunReport;
use crate::query::PathClass;
use crate::rules::{self, Choice, Selection};
use crate::run::RunError;
use crate::scratch::postgres::find::is_installed;

use layer::{KeyPath, Part};
use wrong::{SettingsError, Wrong, selector_help};

pub(super) use check::dotted;
pub(super) use find::is_configuration;
pub(super) use layer::Layer;
pub(super) use schema::schema;

/// The settings in force.
pub(super) struct Settings {
    /// Their values.
    pub config: Config,
    /// The folder that their paths are relative to, where a file says it.
    pub folder: Option<PathBuf>,
    /// The texts that set keys, the weakest first.
    layers: Vec<Layer>,
    /// The options that set keys, by key.
    options: BTreeMap<KeyPath, String>,
}

impl Settings {
    /// Reads the configuration for what is checked, and what the command line lays over it.
    pub fn open(overrides: &Overrides, start: &Path, here: &Path) -> Result<Self, Stop> {
        Ok(Self::read(overrides, start, here)?)
    }

    fn read(overrides: &Overrides, start: &Path, here: &Path) -> Result<Self, SettingsError> {
        let typed = Typed::of(&overrides.config, here)?;
        let found = match (typed.file, overrides.isolated) {
            (Some(file), true) => return Err(SettingsError::Isolated(file.display().to_string())),
            // Its folder is where somebody keeps configurations; its paths are meant from here, as on the command line.
            (Some(file), false) => Some((find::named(&here.join(file), here)?, here.to_path_buf())),
            (None, true) => None,
            (None, false) => find::find(start, here)?,
        };
        let (file, folder) = found.unzip();
        let layers: Vec<Layer> = file.into_iter().chain(typed.values).collect();
        let schema = schema();
        let mut merged = toml::Table::new();
        for layer in &layers {
            check::check(layer, &schema)?;
            lay_over(&mut merged, &layer.table);
        }
        let mut config = Config::deserialize(merged).map_err(|error| SettingsError::Shape(error.to_string()))?;
        let mut options = BTreeMap::new();
        if let Some(engine) = overrides.engine {
            config.engine = engine.into();
            options.insert(vec!["engine".to_owned()], "--engine".to_owned());
        }
        if let Some(folder) = &overrides.pg_bin {
            config.pg_bin = Some(folder.clone());
            options.insert(vec!["pg-bin".to_owned()], "--pg-bin".to_owned());
        }
        if let Some(dialect) = overrides.dialect {
            config.dialect = Some(dialect.into());
            options.insert(vec!["dialect".to_owned()], "--dialect".to_owned());
        }
        if let [word] = overrides.schema.as_slice()
            && [MODELS, MIGRATIONS].contains(&word.as_str())
        {
            config.schema = vec![word.clone()];
            options.insert(vec!["schema".to_owned()], "--schema".to_owned());
        }
        let settings = Self { config, folder, layers, options };
        match &settings.folder {
            Some(folder) => settings.check_links(folder)?,
            None => settings.check_links(start)?,
        }
        Ok(settings)
    }

    /// Lays the options that select rules and findings over the configuration.
    pub fn judge(&mut self, judging: &Judging) -> Result<(), Stop> {
        self.choose(&judging.rules)?;
        if let Some(least) = judging.min_confidence {
            // Asking for some is asking not for all.
            (self.config.min_confidence, self.config.audit) = (least.into(), false);
            self.note("min-confidence");
        }
        if judging.audit {
            self.config.audit = true;
            self.note("audit");
        }
        Ok(())
    }

    /// Lays the options that select rules over the configuration.
    pub fn choose(&mut self, rules: &Rules) -> Result<(), Stop> {
        let lists = [("select", &rules.select), ("extend-select", &rules.extend_select), ("ignore", &rules.ignore)];
        for (key, names) in lists {
            if let Some(name) = names.iter().find(|name| !is_selector(name)) {
                let (option, help) = (format!("--{key}"), selector_help(name));
                return Err(SettingsError::NoRule { option, name: name.clone(), help }.into());
            }
            if !names.is_empty() {
                self.note(key);
            }
        }
        let [select, extend_select, ignore] = lists.map(|(_, names)| names.clone());
        Choice { select, extend_select, ignore }.lay_over(&mut self.config);
        if Selection::of(&self.config).is_empty() {
            return Err(SettingsError::NothingSelected.into());
        }
        Ok(())
    }

    /// Lays `--fail-on` over the configuration.
    pub fn fail_on(&mut self, typed: Option<SeverityName>) {
        if let Some(least) = typed {
            self.config.fail_on = least.into();
            self.note("fail-on");
        }
    }

    /// Lays `--budget` over the configuration.
    pub fn spend(&mut self, typed: Option<&str>) -> Result<(), Stop> {
        let Some(budget) = typed else { return Ok(()) };
        if config::bytes(budget).is_none() {
            return Err(SettingsError::Bytes(budget.to_owned()).into());
        }
        self.config.selection.budget = Some(budget.to_owned());
        self.options.insert(vec!["selection".to_owned(), "budget".to_owned()], "--budget".to_owned());
        Ok(())
    }

    /// Keeps the findings and the advice that are sure enough, and those about the application.
    pub fn keep(&self, report: &mut RunReport) {
        if self.config.audit {
            return;
        }
        let least = self.config.min_confidence;
        report.findings.retain(|finding| finding.confidence >= least && finding.class == PathClass::App);
        report.advice.retain(|advice| advice.confidence >= least);
        report.settle_curves();
    }

    /// Notes that a key is set by the option of its name.
    fn note(&mut self, key: &str) {
        self.options.insert(vec![key.to_owned()], format!("--{key}"));
    }

    /// Shows what a run has to say about a key at the key's place.
    pub fn locate(&self, error: RunError) -> Stop {
        match error {
            RunError::Config { message, help, key } => match self.deciding(&key) {
                Some(layer) => SettingsError::from(layer.wrong(&key, part(&key), message, help)).into(),
                None => RunError::Config { message, help, key }.into(),
            },
            other => other.into(),
        }
    }

    /// Says where a key was set: `planlint.toml:3`, `--config 'audit = true'`, `--dialect`; none for a default.
    pub fn origin(&self, key: &[String]) -> Option<String> {
        if let Some(option) = self.options.get(key) {
            return Some(option.clone());
        }
        let layer = self.layer_of(key)?;
        match layer.origin.starts_with("--") {
            true => Some(layer.origin.clone()),
            false => Some(format!("{}:{}", layer.origin, layer.line_of(key)?)),
        }
    }

    /// Returns the texts that set keys, as a user knows them.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|layer| layer.origin.as_str())
    }

    /// Returns the files among them.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.origins().filter(|origin| !origin.starts_with("--"))
    }

    /// Returns the folder of PostgreSQL's programs, where one is named.
    ///
    /// The code base brings its own configuration, and may be larger than can be seen from here: such a file chooses
    /// among the installations that would be found without it, and names no other.
    pub fn pg_bin(&self, here: &Path, untrusted: &[PathBuf]) -> Result<Option<PathBuf>, Stop> {
        let (Some(named), key) = (&self.config.pg_bin, vec!["pg-bin".to_owned()]) else { return Ok(None) };
        let Some(layer) = self.deciding(&key).filter(|layer| !layer.origin.starts_with("--")) else {
            return Ok(Some(here.join(named)));
        };
        let folder = self.folder.as_deref().unwrap_or(here).join(named);
        let is_inside = |path: PathBuf| untrusted.iter().any(|root| path.starts_with(root));
        let parts = [folder.clone(), folder.join("postgres"), folder.join("initdb")];
        let message = match parts.iter().filter_map(|part| part.canonicalize().ok()).any(is_inside) {
            true => format!("`{named}` lies in the code base, whose programs are not run"),
            false if !is_installed(&folder, untrusted) => {
                format!("`{named}` is none of the folders where installed PostgreSQLs are looked for")
            }
            false => return Ok(Some(folder)),
        };
        let help = "leave it out and type `--pg-bin DIR` if you trust these programs".to_owned();
        Err(SettingsError::from(layer.wrong(&key, Part::Value, message, help)).into())
    }

    /// Returns the text that has the last word on a key, unless an option has it.
    fn deciding(&self, key: &[String]) -> Option<&Layer> {
        self.layer_of(key).filter(|_| !self.options.contains_key(key))
    }

    fn layer_of(&self, key: &[String]) -> Option<&Layer> {
        self.layers.iter().rev().find(|layer| layer.sets(key))
    }

    /// Refuses paths that are links out of the project.
    fn check_links(&self, base: &Path) -> Result<(), SettingsError> {
        let Ok(root) = base.canonicalize() else { return Ok(()) };
        for (key, path) in self.paths() {
            let leads_out = base.join(path).canonicalize().is_ok_and(|real| !real.starts_with(&root));
            if let Some(layer) = self.layer_of(&key).filter(|_| leads_out) {
                let message = format!("`{path}` is a link that leads out of the project");
                let help = "name a file or folder that lies in the project itself".to_owned();
                return Err(layer.wrong(&key, Part::Value, message, help).into());
            }
        }
        Ok(())
    }

    /// The paths that the configuration names, each with its key.
    fn paths(&self) -> Vec<(KeyPath, &str)> {
        fn keyed<'a>(parts: &[&str], paths: &'a [String]) -> Vec<(KeyPath, &'a str)> {
            let key = |at: usize| parts.iter().map(ToString::to_string).chain([at.to_string()]).collect();
            paths.iter().enumerate().map(|(at, path)| (key(at), path.as_str())).collect()
        }
        let Config { schema, include, databases, .. } = &self.config;
        let mut found = keyed(&["schema"], schema);
        found.extend(keyed(&["include"], include));
        for (number, database) in databases.iter().enumerate() {
            let number = number.to_string();
            found.extend(keyed(&["database", &number, "schema"], &database.schema));
            found.extend(keyed(&["database", &number, "paths"], &database.paths));
        }
        found
    }
}

/// What of a setting a run finds wrong: names of tables and columns are keys, everything else is a value.
fn part(key: &[String]) -> Part {
    match key {
        [tables, _] if tables == "tables" => Part::Key,
        [.., columns, _] if columns == "columns" => Part::Key,
        _ => Part::Value,
    }
}

/// What `--config` was given: at most one file, and values.
struct Typed {
    file: Option<PathBuf>,
    values: Vec<Layer>,
}

impl Typed {
    fn of(arguments: &[String], here: &Path) -> Result<Self, SettingsError> {
        let mut typed = Self { file: None, values: Vec::new() };
        for argument in arguments {
            if here.join(argument).is_file() || !argument.contains('=') {
                if argument.trim().is_empty() {
                    return Err(SettingsError::EmptyOption);
                }
                if !here.join(argument).is_file() {
                    return Err(no_such_file(argument));
                }
                if let Some(first) = &typed.file {
                    return Err(SettingsError::TwoFiles(first.display().to_string(), argument.clone()));
                }
                typed.file = Some(PathBuf::from(argument));
            } else {
                let read = Layer::read(format!("--config '{argument}'"), argument.clone());
                typed.values.push(read.map_err(|wrong| quoting(wrong, argument))?);
            }
        }
        Ok(typed)
    }
}

/// Complains about what is neither a file nor sets a key; of a key, says how it is set.
fn no_such_file(argument: &str) -> SettingsError {
    let defaults = toml::Value::try_from(Config::default()).ok();
    let value = argument.split('.').try_fold(defaults.as_ref(), |table, key| Some(table?.get(key)));
    let help = match value.flatten().filter(|value| !value.is_table()) {
        Some(value) => format!("set the key with a value, for example `--config '{argument} = {value}'`"),
        None => "name a TOML file, or set one key, for example `--config 'limits.min-rows = 1000'`".to_owned(),
    };
    SettingsError::NoSuchFile { name: argument.to_owned(), help }
}

/// Says where quotes are missing, if they alone are.
fn quoting(wrong: Box<Wrong>, argument: &str) -> Box<Wrong> {
    let Some((key, value)) = argument.split_once('=') else { return wrong };
    let quoted = format!("{} = \"{}\"", key.trim(), value.trim());
    match !value.contains('"') && !value.trim().is_empty() && quoted.parse::<toml::Table>().is_ok() {
        true => Box::new(Wrong { help: format!("text stands in quotes: `--config '{quoted}'`"), ..*wrong }),
        false => wrong,
    }
}

/// Lays a table over another one, key by key; lists are replaced as wholes.
fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

fn is_selector(name: &str) -> bool {
    rules::rule(name).is_some() || [ALL, DEFAULT].contains(&name)
}
