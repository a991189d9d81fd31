//! One text that sets keys: a configuration file, or a value of `--config`; and where in it each key stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use miette::NamedSource;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::wrong::Wrong;

/// The way to a key: `["tables", "orders", "rows"]`; elements of arrays by number.
pub(in crate::cli) type KeyPath = Vec<String>;

/// One text that sets keys.
pub(in crate::cli) struct Layer {
    /// What a user knows it by: a path, or an option as typed.
    pub origin: String,
    pub text: Arc<NamedSource<String>>,
    /// What it sets.
    pub table: toml::Table,
    places: BTreeMap<KeyPath, Place>,
    /// The keys that hold values or lists of values, in the order of the text.
    leaves: Vec<KeyPath>,
}

/// Where a key stands.
struct Place {
    key: Range<usize>,
    value: Range<usize>,
}

/// No key of a configuration lies deeper than this.
const MAX_DEPTH: usize = 12;

/// Where a project's other tools are configured: `[tool.planlint]`.
pub(super) const PYPROJECT_TABLE: [&str; 2] = ["tool", "planlint"];

impl Layer {
    /// Reads a text whose top level holds the keys.
    pub fn read(origin: String, text: String) -> Result<Self, Box<Wrong>> {
        let layer = Self::below(origin, text, &[])?;
        Ok(layer.expect("the top level of a text is there"))
    }

    /// Reads the table that holds the keys; none if the text has no such table.
    pub fn below(origin: String, text: String, table: &[&str]) -> Result<Option<Self>, Box<Wrong>> {
        let source = Arc::new(NamedSource::new(&origin, text));
        let unreadable = |error: &toml::de::Error| {
            Box::new(Wrong {
                message: format!("`{origin}` is no TOML: {}", first_line(error.message())),
                help: "write it as in docs/configuration.md, or run with `--isolated`".to_owned(),
                text: source.clone(),
                at: error.span().map(Into::into),
            })
        };
        let mut root = DeTable::parse(source.inner()).map_err(|error| unreadable(&error))?;
        for (number, name) in table.iter().enumerate() {
            let Some((key, inner)) = root.get_ref().iter().find(|(key, _)| key.get_ref() == name) else {
                return Ok(None);
            };
            let DeValue::Table(found) = inner.get_ref() else {
                // What is no table of ours is another tool's business.
                return match number + 1 == table.len() {
                    true => Err(no_table(source.clone(), &table.join("."), key.span())),
                    false => Ok(None),
                };
            };
            root = Spanned::new(inner.span(), found.clone());
        }
        let mut notes = Notes::default();
        notes.table(root.get_ref(), &mut Vec::new());
        let Notes { places, leaves } = notes;
        let table = toml::Table::deserialize(toml::de::Deserializer::from(root)).map_err(|error| unreadable(&error))?;
        Ok(Some(Self { origin, text: source, table, places, leaves }))
    }

    /// Says whether the text sets a key, or something below it.
    pub fn sets(&self, key: &[String]) -> bool {
        self.places.contains_key(key)
    }

    /// Returns the line a key stands in, 1-based.
    pub fn line_of(&self, key: &[String]) -> Option<usize> {
        let start = self.places.get(key)?.key.start;
        Some(self.text.inner()[..start].matches('\n').count() + 1)
    }

    /// Returns the line a value ends in, 1-based.
    pub fn end_line_of(&self, key: &[String]) -> Option<usize> {
        let end = self.places.get(key)?.value.end;
        Some(self.text.inner()[..end].matches('\n').count() + 1)
    }

    /// Returns the keys that hold values or lists of values.
    pub fn leaves(&self) -> impl Iterator<Item = &KeyPath> {
        self.leaves.iter()
    }

    /// Returns the start of a key, to tell which of several comes first.
    pub fn start_of(&self, key: &[String]) -> usize {
        self.places.get(key).map_or(0, |place| place.key.start)
    }

    /// Complains about a key, or about its value.
    pub(super) fn wrong(&self, key: &[String], part: Part, message: String, help: String) -> Box<Wrong> {
        let place = self.places.get(key).map(|place| match part {
            Part::Key => place.key.clone(),
            Part::Value => place.value.clone(),
        });
        Box::new(Wrong { message, help, text: self.text.clone(), at: place.map(Into::into) })
    }
}

/// Complains about a table's name that something else has.
fn no_table(text: Arc<NamedSource<String>>, name: &str, at: Range<usize>) -> Box<Wrong> {
    let message = format!("`{name}` is no table");
    let help = format!("write `[{name}]` on a line of its own, and the keys below it");
    Box::new(Wrong { message, help, text, at: Some(at.into()) })
}

/// What of a setting is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// Where keys stand, as far as they have been walked over.
#[derive(Default)]
struct Notes {
    places: BTreeMap<KeyPath, Place>,
    leaves: Vec<KeyPath>,
}

impl Notes {
    fn table(&mut self, table: &DeTable<'_>, path: &mut KeyPath) {
        for (key, value) in table.iter() {
            path.push(key.get_ref().to_string());
            self.value(key.span(), value, path);
            path.pop();
        }
    }

    fn value(&mut self, key: Range<usize>, value: &Spanned<DeValue<'_>>, path: &mut KeyPath) {
        if path.len() > MAX_DEPTH {
            return;
        }
        self.places.insert(path.clone(), Place { key, value: value.span() });
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, path),
            DeValue::Array(items) => {
                if items.iter().all(|item| !item.get_ref().is_table()) {
                    self.leaves.push(path.clone());
                }
                for (number, item) in items.iter().enumerate() {
                    path.push(number.to_string());
                    let known = self.leaves.len();
                    self.value(item.span(), item, path);
                    if !item.get_ref().is_table() {
                        self.leaves.truncate(known);
                    }
                    path.pop();
                }
            }
            _ => self.leaves.push(path.clone()),
        }
    }
}

/// The parser's words without the frame that it draws itself.
fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message)
}
