//! The JSON Schema of `planlint.toml`: that of the types, with the names of the rules filled in.

use serde_json::{Map, Value, json};

use crate::config::{ALL, Config, DEFAULT};
use crate::rules::RULES;

/// Makes the schema, ready for an editor: what TOML cannot say (`null`) is left out.
pub(in crate::cli) fn schema() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Config)).expect("a schema is JSON");
    without_null(&mut schema);
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let selectors: Vec<&str> = rules.iter().copied().chain([ALL, DEFAULT]).collect();
    schema["$defs"]["RuleName"]["enum"] = json!(rules);
    schema["$defs"]["Selector"]["enum"] = json!(selectors);
    let root = schema.as_object_mut().expect("a schema is an object");
    root.insert("title".to_owned(), json!("planlint"));
    root.insert(
        "description".to_owned(),
        json!(
            "The configuration of planlint, a static SQL linter: planlint.toml, or [tool.planlint] in pyproject.toml."
        ),
    );
    schema
}

/// Leaves out what only says that a key may be absent.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            drop_null(keys);
            keys.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

fn drop_null(keys: &mut Map<String, Value>) {
    if keys.get("default").is_some_and(Value::is_null) {
        keys.remove("default");
    }
    if let Some(Value::Array(types)) = keys.get_mut("type") {
        types.retain(|ty| ty != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keys.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(any)) = keys.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [Value::Object(only)] = any.as_slice() {
            let only = only.clone();
            keys.remove("anyOf");
            keys.extend(only);
        }
    }
}
