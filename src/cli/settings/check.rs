//! What a text sets, held against the JSON Schema: unknown keys, wrong types, values that cannot be.
//!
//! The schema is made from the types, so that what an editor underlines and what planlint refuses is the same.

use serde_json::Value as Json;
use toml::Value;

use super::layer::{KeyPath, Layer, Part};
use super::wrong::{Wrong, rule_help, selector_help};
use crate::config::{self, ALL, BYTES, DEFAULT, FUNCTION, PATH, PATTERN, RULE, SELECTOR, VERSION};
use crate::dialect::Version;
use crate::name::nearest;
use crate::rules;
use crate::walk;

/// Checks a text; the mistake that stands first is told.
pub(super) fn check(layer: &Layer, schema: &Json) -> Result<(), Box<Wrong>> {
    let mut check = Check { layer, schema, path: KeyPath::new(), wrongs: Vec::new() };
    check.table(&layer.table, schema);
    check.sense();
    match check.wrongs.into_iter().min_by_key(|(start, _)| *start) {
        Some((_, wrong)) => Err(wrong),
        None => Ok(()),
    }
}

struct Check<'a> {
    layer: &'a Layer,
    schema: &'a Json,
    path: KeyPath,
    wrongs: Vec<(usize, Box<Wrong>)>,
}

impl<'a> Check<'a> {
    fn note(&mut self, part: Part, message: String, help: String) {
        let wrong = self.layer.wrong(&self.path, part, message, help);
        self.wrongs.push((self.layer.start_of(&self.path), wrong));
    }

    /// What a schema says once its references and its `null` alternative are left behind.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        if let Some(name) = schema["$ref"].as_str() {
            let definition = name.rsplit('/').next().unwrap_or(name);
            return self.resolve(&self.schema["$defs"][definition]);
        }
        match schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null")) {
            Some(one) => self.resolve(one),
            None => schema,
        }
    }

    fn table(&mut self, table: &toml::Table, schema: &'a Json) {
        for (key, value) in table {
            self.path.push(key.clone());
            if let Some(known) = schema["properties"].get(key) {
                self.value(value, known, Said::Key(known));
            } else if schema["additionalProperties"].is_object() {
                if let Some(format) = schema["propertyNames"]["format"].as_str() {
                    self.text(key, format, Part::Key);
                }
                self.value(value, &schema["additionalProperties"], Said::Entry(schema));
            } else {
                self.unknown_key(key, schema);
            }
            self.path.pop();
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !table.contains_key(name) {
                let message = format!("{} has no `{name}`", self.told());
                let path = [self.path.as_slice(), &[name.to_owned()]].concat();
                let shown = Said::Key(&schema["properties"][name]).shown();
                self.note(Part::Value, message, format!("type {}", example(&path, shown)));
            }
        }
    }

    /// Checks a value; `said` holds the example to show.
    fn value(&mut self, value: &Value, schema: &'a Json, said: Said<'a>) {
        let schema = self.resolve(schema);
        let types: Vec<&str> = match &schema["type"] {
            Json::String(one) => vec![one],
            Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
            // Without a type it is one of several words.
            _ => vec!["string"],
        };
        match value {
            Value::Table(table) if types.contains(&"object") => self.table(table, schema),
            Value::Array(items) if types.contains(&"array") => {
                for (number, item) in items.iter().enumerate() {
                    self.path.push(number.to_string());
                    self.value(item, &schema["items"], said);
                    self.path.pop();
                }
            }
            Value::String(text) if types.contains(&"string") => self.word(text, schema),
            Value::Boolean(_) if types.contains(&"boolean") => {}
            Value::Integer(number) if types.iter().any(|ty| ["number", "integer"].contains(ty)) => {
                self.range(*number as f64, schema, said);
            }
            Value::Float(number) if types.contains(&"number") => self.range(*number, schema, said),
            _ => {
                let wanted = if types.contains(&"integer") { "a whole number" } else { wanted(types[0]) };
                let message = format!("{} is {}, not {wanted}", self.told(), seen(value));
                let help = self.example(said);
                self.note(Part::Value, message, help);
            }
        }
    }

    fn range(&mut self, number: f64, schema: &'a Json, said: Said<'a>) {
        let least = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let most = schema["maximum"].as_f64().unwrap_or(f64::INFINITY);
        let message = match number {
            number if !number.is_finite() => format!("{} is {number}, which is no number of anything", self.told()),
            number if number < least => format!("{} is {number}, and cannot be below {least}", self.told()),
            number if number > most => format!("{} is {number}, and cannot be above {most}", self.told()),
            _ => return,
        };
        let help = self.example(said);
        self.note(Part::Value, message, help);
    }

    fn word(&mut self, text: &str, schema: &'a Json) {
        if let Some(format) = schema["format"].as_str() {
            return self.text(text, format, Part::Value);
        }
        let of_enum = schema["enum"].as_array().into_iter().flatten();
        let of_one = schema["oneOf"].as_array().into_iter().flatten();
        let words =
            of_enum.chain(of_one.flat_map(|one| one["enum"].as_array().into_iter().flatten().chain(one.get("const"))));
        let words: Vec<&str> = words.filter_map(Json::as_str).collect();
        if words.is_empty() || words.contains(&text) {
            return;
        }
        let help = match nearest(text, words.iter().copied()) {
            Some(meant) => format!("type `{meant}`"),
            None => format!("type {}", listed(&words, "or")),
        };
        let message = format!("{} cannot be `{text}`", self.told());
        self.note(Part::Value, message, help);
    }

    fn text(&mut self, text: &str, format: &str, part: Part) {
        let fault = match format {
            PATTERN => pattern_fault(text, part),
            PATH => path_fault(text),
            VERSION if Version::parse(text).is_none() => {
                let help = "type the version as the database tells it, for example `\"15\"` or `\"8.0.36\"`";
                Some((format!("`{text}` is no version"), help.to_owned()))
            }
            BYTES if config::bytes(text).is_none() => {
                let help = "type a number and its unit, for example `\"500MB\"` or `\"2GiB\"`";
                Some((format!("`{text}` is no number of bytes"), help.to_owned()))
            }
            FUNCTION if !text.split('.').all(is_name) => {
                let help = "type its name, or the end of its dotted name, for example `\"db.fetch_all\"`";
                Some((format!("`{text}` is no function's name"), help.to_owned()))
            }
            RULE if rules::rule(text).is_none() => Some((format!("there is no rule `{text}`"), rule_help(text))),
            SELECTOR if rules::rule(text).is_none() && ![ALL, DEFAULT].contains(&text) => {
                Some((format!("there is no rule `{text}`"), selector_help(text)))
            }
            _ => None,
        };
        if let Some((message, help)) = fault {
            self.note(part, message, help);
        }
    }

    fn unknown_key(&mut self, key: &str, schema: &'a Json) {
        let known: Vec<&str> =
            schema["properties"].as_object().into_iter().flat_map(|known| known.keys()).map(String::as_str).collect();
        let help = match nearest(key, known.iter().copied()) {
            Some(meant) => format!("type `{meant}`"),
            None => format!("the keys here are {}", listed(&known, "and")),
        };
        let message = match self.path.as_slice() {
            [.., _] if self.path.len() > 1 => {
                format!("`{}` has no key `{key}`", dotted(&self.path[..self.path.len() - 1]))
            }
            _ => format!("there is no key `{key}`"),
        };
        self.note(Part::Key, message, help);
    }

    /// What each value may be by itself, and together they cannot.
    fn sense(&mut self) {
        let tables = self.layer.table.get("tables").and_then(Value::as_table);
        for (name, table) in tables.into_iter().flatten() {
            let small = table.get("small").and_then(Value::as_bool) == Some(true);
            if small && table.get("rows").is_some() {
                self.path = ["tables", name, "small"].map(str::to_owned).to_vec();
                let message = format!("`tables.{name}` has both `rows` and `small`");
                self.note(Part::Key, message, "leave out `small`: the rows say how small it is".to_owned());
            }
        }
        let databases = self.layer.table.get("database").and_then(Value::as_array);
        let mut names: Vec<&str> = Vec::new();
        for (number, database) in databases.into_iter().flatten().enumerate() {
            let Some(name) = database.get("name").and_then(Value::as_str) else { continue };
            if names.contains(&name) {
                self.path = vec!["database".to_owned(), number.to_string(), "name".to_owned()];
                let message = format!("two databases are called `{name}`");
                self.note(Part::Value, message, "give each `[[database]]` a name of its own".to_owned());
            }
            names.push(name);
        }
    }

    /// The key as a user would write it.
    fn told(&self) -> String {
        match self.path.as_slice() {
            [list, _] if ["database", "wrappers", "workload"].contains(&list.as_str()) => format!("a `[[{list}]]`"),
            path => format!("`{}`", dotted(path)),
        }
    }

    fn example(&self, said: Said<'a>) -> String {
        let last = self.path.iter().rposition(|part| part.parse::<usize>().is_err());
        format!("type {}", example(&self.path[..last.map_or(0, |last| last + 1)], said.shown()))
    }
}

/// Where the example for a value stands.
#[derive(Clone, Copy)]
enum Said<'a> {
    /// In the schema of its key.
    Key(&'a Json),
    /// In the schema of the table whose keys are the user's own: its example is of the whole table.
    Entry(&'a Json),
}

impl<'a> Said<'a> {
    /// The schema's example or default; none for a table without one.
    fn shown(self) -> Option<&'a Json> {
        let of = |schema: &'a Json| {
            schema["examples"].get(0).or_else(|| schema.get("default").filter(|default| !default.is_object()))
        };
        match self {
            Self::Key(schema) => of(schema),
            Self::Entry(table) => of(table)?.as_object()?.values().next(),
        }
    }
}

/// `limits.min-rows`; numbers of elements are left out, and names that TOML wants quoted are quoted.
pub(in crate::cli) fn dotted(path: &[String]) -> String {
    let bare =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let parts = path.iter().filter(|part| part.parse::<usize>().is_err());
    let parts = parts.map(|part| if bare(part) { part.clone() } else { format!("\"{part}\"") });
    parts.collect::<Vec<_>>().join(".")
}

/// ``rows = 2500000`, for example`; for a table without anything to show, its head.
fn example(path: &[String], shown: Option<&Json>) -> String {
    let key = dotted(path.last().map_or(&[][..], std::slice::from_ref));
    match shown.map(Value::try_from) {
        Some(Ok(Value::Table(table))) => {
            let inner: Vec<String> = table.iter().map(|(key, value)| format!("\"{key}\" = {value}")).collect();
            format!("`{key} = {{ {} }}`, for example", inner.join(", "))
        }
        Some(Ok(value)) => format!("`{key} = {value}`, for example"),
        _ => format!("a table, `[{}]`", dotted(path)),
    }
}

fn seen(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text `{text}`"),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Boolean(truth) => format!("`{truth}`"),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

fn wanted(ty: &str) -> &'static str {
    match ty {
        "object" => "a table",
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "number" => "a number",
        _ => "a text",
    }
}

fn listed(words: &[&str], last: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}

fn is_name(part: &str) -> bool {
    let is_inside = |char: char| char.is_alphanumeric() || char == '_';
    part.chars().all(is_inside) && part.starts_with(|char: char| !char.is_numeric() && is_inside(char))
}

/// A pattern of a list may take back what an earlier one said; one that stands alone cannot.
fn pattern_fault(pattern: &str, part: Part) -> Option<(String, String)> {
    let help = "write it as in a `.gitignore` file, for example `scripts/**` or `*.report.sql`".to_owned();
    if let Some(cause) = walk::pattern_fault(pattern) {
        return Some((format!("`{pattern}` is no path pattern: {cause}"), help));
    }
    if pattern.trim().is_empty() || pattern.starts_with('#') || (part == Part::Key && pattern.starts_with('!')) {
        return Some((format!("the pattern `{pattern}` matches no path"), help));
    }
    let leaves = pattern.split('/').any(|part| part == "..");
    leaves.then(|| (format!("the pattern `{pattern}` leads out of the project and matches no path"), help))
}

fn path_fault(path: &str) -> Option<(String, String)> {
    let help = "name a file or folder below the folder of the configuration, for example `db/schema.sql`".to_owned();
    let absolute = path.starts_with(['/', '\\', '~']) || std::path::Path::new(path).is_absolute();
    if absolute || path.split(['/', '\\']).any(|part| part == "..") {
        return Some((format!("`{path}` leads out of the project"), help));
    }
    path.trim().is_empty().then(|| ("the path is empty".to_owned(), help))
}
