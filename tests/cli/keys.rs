//! Every key of the configuration: in the schema, in the documentation, and with an effect.

use serde_json::Value;

use super::{BAD, SCHEMA, planlint, project, text};

fn schema() -> Value {
    let folder = project(&[]);
    serde_json::from_slice(&planlint(folder.path(), &["config", "--output", "schema"]).stdout).expect("JSON")
}

/// A key and what the schema says of it.
struct Key {
    path: String,
    says: Value,
}

/// Lists the keys that hold values: `limits.min-rows`, `tables.NAME.rows`, `database[].name`.
fn keys(root: &Value, schema: &Value, path: &str, found: &mut Vec<Key>) {
    for (name, says) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let inner = resolved(root, says);
        let (below, path) = match () {
            () if inner["properties"].is_object() => (inner, path),
            () if resolved(root, &inner["items"])["properties"].is_object() => {
                (resolved(root, &inner["items"]), format!("{path}[]"))
            }
            () if resolved(root, &inner["additionalProperties"])["properties"].is_object() => {
                (resolved(root, &inner["additionalProperties"]), format!("{path}.NAME"))
            }
            () => {
                found.push(Key { path, says: says.clone() });
                continue;
            }
        };
        keys(root, below, &path, found);
    }
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => &root["$defs"][name.rsplit('/').next().unwrap_or(name)],
        None => schema,
    }
}

fn all_keys() -> Vec<Key> {
    let (root, mut found) = (schema(), Vec::new());
    keys(&root, &root, "", &mut found);
    found
}

/// Compares a file under `docs/` with what it should be; `PLANLINT_BLESS=1` writes it.
fn compare(file: &str, expect: &str) {
    let path = format!("{}/docs/{file}", env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != expect && std::env::var_os("PLANLINT_BLESS").is_some() {
        std::fs::write(path, expect).expect("docs can be written");
        return;
    }
    assert!(kept == expect, "docs/{file} is stale: run with PLANLINT_BLESS=1 and look at the difference");
}

#[test]
fn the_schema_is_that_of_the_types_and_a_schema() {
    let schema = schema();
    compare("planlint.schema.json", &format!("{schema:#}\n"));
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let valid = |toml: &str| {
        validator.is_valid(&serde_json::to_value(toml::from_str::<toml::Table>(toml).expect("TOML")).expect("JSON"))
    };
    assert!(valid("select = [\"missing-index\"]\n[tables.users]\nrows = 3\n"));
    assert!(!valid("select = [\"missing-indx\"]\n"));
    assert!(!valid("[tables.users]\nrows = -3\n"));
    assert!(!valid("[tables.users]\nrow = 3\n"));
}

const KEYS_START: &str = "<!-- keys: printed by tests/cli/keys.rs -->\n";
const KEYS_END: &str = "<!-- /keys -->";

#[test]
fn the_documentation_lists_every_key() {
    let mut table = "| key | default | example | what it says |\n|---|---|---|---|\n".to_owned();
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => format!("`{}`", value.to_string().replace("\":", "\" = ").replace('|', "\\|")),
    };
    for key in all_keys() {
        let what = key.says["description"].as_str().unwrap_or_default().replace('\n', " ");
        assert!(!what.is_empty(), "`{}` says nothing of itself", key.path);
        let default = key.says.get("default").cloned().or_else(|| default_of(&key.path));
        let (default, example) = (shown(default.as_ref()), shown(key.says["examples"].get(0)));
        assert!(!default.is_empty() || !example.is_empty(), "`{}` has neither a default nor an example", key.path);
        table.push_str(&format!("| `{}` | {default} | {example} | {what} |\n", key.path));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let text = std::fs::read_to_string(path).expect("the page is there");
    let (before, rest) = text.split_once(KEYS_START).expect("the page has a place for the keys");
    let (_, after) = rest.split_once(KEYS_END).expect("the place ends");
    compare("configuration.md", &format!("{before}{KEYS_START}{table}{KEYS_END}{after}"));
}

/// The default of a key below a table stands with the table.
fn default_of(path: &str) -> Option<Value> {
    let root = schema();
    let (table, key) = path.split_once('.')?;
    root["properties"][table]["default"].get(key).cloned()
}

/// A key, set, makes a command say what it does not say otherwise.
struct Effect {
    key: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// What the configuration says beside the key.
    base: &'static str,
    set: &'static str,
    args: &'static [&'static str],
    said: &'static str,
}

const PROJECT: &[(&str, &str)] = &[SCHEMA, BAD];
const COUNTED: &str = r#"{"planlint_stats": 1, "product": "postgres", "version": "15.1", "counted_since": "2026-01-01",
"counted_until": "2026-02-01", "tables": {"t": {"rows": 1e6, "pages": 1e4, "indexes": {"t_note": {"rows": 1e6, "pages": 1e3, "scans": 0}}}}}"#;
/// An index that no query needs and no server searches; of three queries one names a column that is not there.
const UNUSED: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE t (id int PRIMARY KEY, note text);\nCREATE INDEX t_note ON t (note);"),
    (
        "q.sql",
        "SELECT note FROM t WHERE id = $1;\nSELECT id FROM t WHERE id > $1 LIMIT 1;\nSELECT a FROM t WHERE id = $1;",
    ),
    ("planlint-stats.json", COUNTED),
];
const LENIENT: &str = "dialect = \"postgres\"\nengine = \"sqlite\"\nselect = [\"unused-index\"]\nlimits.min-understood = 0.5\nlimits.min-understood-of-table = 0.5\n";
/// Three indexes help, two of them on one table.
const LACKING: &[(&str, &str)] = &[
    (
        "schema.sql",
        "CREATE TABLE big (id integer PRIMARY KEY, kind_id integer, email text);\nCREATE TABLE small (id integer PRIMARY KEY, email text);",
    ),
    (
        "q.sql",
        "SELECT * FROM big WHERE kind_id = ?;\nSELECT * FROM big WHERE email = ?;\nSELECT * FROM small WHERE email = ?;",
    ),
];
/// One dear query that an index makes somewhat cheaper, and a cheap one that it makes much cheaper.
const UNEQUAL: &[(&str, &str)] =
    &[LACKING[0], ("q.sql", "SELECT * FROM big WHERE kind_id = ?;\nSELECT * FROM small WHERE email = ?;")];
const NO_MARKS: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE t (id int PRIMARY KEY, email text);"),
    ("q.sql", "SELECT id FROM t WHERE email = 'x';"),
];
const MYSQL: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE `t` (`id` int AUTO_INCREMENT PRIMARY KEY, `email` varchar(99)) ENGINE=InnoDB;"),
    ("q.sql", "SELECT id FROM t WHERE email = ?;"),
];
const TWO: &[(&str, &str)] = &[
    ("a/schema.sql", SCHEMA.1),
    ("a/q.sql", BAD.1),
    ("b/tables.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE);"),
];
const NEWEST: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TIMESTAMP);"),
    ("q.sql", "SELECT id FROM users ORDER BY created_at LIMIT ?;"),
];
const WIDE: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT, note TEXT);"),
    ("q.sql", "SELECT * FROM users WHERE email = ?;"),
];
const SINCE: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT, updated_at TIMESTAMP);"),
    ("q.sql", "SELECT * FROM users WHERE updated_at > ?;"),
];
const ALL_USERS: &[(&str, &str)] = &[SCHEMA, ("q.sql", "SELECT id FROM users;")];
const HIDDEN: &[(&str, &str)] = &[SCHEMA, (".gitignore", "local/\n"), ("local/q.sql", BAD.1)];
const LEGACY: &[(&str, &str)] = &[SCHEMA, ("legacy/q.sql", BAD.1)];
const UNREASONED: &[(&str, &str)] =
    &[SCHEMA, ("q.sql", "-- planlint: ignore[missing-index]\nSELECT id FROM users WHERE email = ?;")];

const WRAPPED: &[(&str, &str)] = &[
    SCHEMA,
    (
        "a.py",
        "def f(pool, e):\n    return pool.ask('SELECT id FROM users WHERE email = %s', e)\n\n\n\
         def g(pool, e):\n    return pool.tell('name', 'SELECT id FROM users WHERE email = %s', e)\n",
    ),
];

const NOTHING: &str = "no findings";
const DATABASES: &str = "[[database]]\nname = \"main\"\n";

#[rustfmt::skip]
const EFFECTS: &[Effect] = &[
    Effect { key: "dialect", files: NO_MARKS, base: "", set: "dialect = \"mysql\"", args: &["check"], said: "database: mysql (configured)" },
    Effect { key: "engine", files: PROJECT, base: "", set: "engine = \"none\"", args: &["check"], said: "engine none" },
    Effect { key: "pg-bin", files: PROJECT, base: "", set: "pg-bin = \".\"", args: &["check"], said: "`.` lies in the code base" },
    Effect { key: "target-version", files: PROJECT, base: "", set: "target-version = \"3.45\"", args: &["check", "--output", "json"], said: "\"target_version\": \"3.45\"" },
    Effect { key: "schema", files: TWO, base: "", set: "schema = [\"b\"]", args: &["check"], said: NOTHING },
    Effect { key: "exclude", files: PROJECT, base: "", set: "exclude = [\"q.sql\"]", args: &["check"], said: "0 queries" },
    Effect { key: "include", files: HIDDEN, base: "", set: "include = [\"local\"]", args: &["check"], said: "local/q.sql" },
    Effect { key: "select", files: PROJECT, base: "", set: "select = [\"unknown-table\"]", args: &["check"], said: NOTHING },
    Effect { key: "extend-select", files: PROJECT, base: "select = [\"unknown-table\"]", set: "extend-select = [\"missing-index\"]", args: &["check"], said: "missing-index" },
    Effect { key: "ignore", files: PROJECT, base: "", set: "ignore = [\"missing-index\"]", args: &["check"], said: NOTHING },
    Effect { key: "min-confidence", files: MYSQL, base: "", set: "min-confidence = \"medium\"", args: &["check"], said: "medium confidence" },
    Effect { key: "audit", files: MYSQL, base: "", set: "audit = true", args: &["check"], said: "medium confidence" },
    Effect { key: "fail-on", files: PROJECT, base: "", set: "fail-on = \"error\"", args: &["check"], said: "exit 0" },
    Effect { key: "require-reason", files: UNREASONED, base: "", set: "require-reason = true", args: &["check"], said: "exit 1" },
    Effect { key: "classes", files: PROJECT, base: "", set: "classes = { \"q.sql\" = \"test\" }", args: &["check"], said: NOTHING },
    Effect { key: "per-path-ignores", files: LEGACY, base: "", set: "per-path-ignores = { \"legacy/**\" = [\"missing-index\"] }", args: &["check"], said: NOTHING },
    Effect { key: "per-path-severity", files: LEGACY, base: "", set: "per-path-severity = { \"legacy/**\" = \"info\" }", args: &["check"], said: "exit 0" },
    Effect { key: "limits.min-rows", files: PROJECT, base: "", set: "limits.min-rows = 20_000", args: &["check"], said: NOTHING },
    Effect { key: "limits.min-gain", files: PROJECT, base: "", set: "limits.min-gain = 100", args: &["check"], said: "exit 0" },
    Effect { key: "limits.limit-rows", files: NEWEST, base: "", set: "limits.limit-rows = 5_000", args: &["check"], said: NOTHING },
    Effect { key: "limits.max-file-bytes", files: PROJECT, base: "", set: "limits.max-file-bytes = 50", args: &["check", "--allow-empty"], said: "too-large" },
    Effect { key: "tables.NAME.rows", files: PROJECT, base: "", set: "tables.users.rows = 500", args: &["check"], said: NOTHING },
    Effect { key: "tables.NAME.small", files: PROJECT, base: "", set: "tables.users.small = true", args: &["check"], said: NOTHING },
    Effect { key: "tables.NAME.always", files: ALL_USERS, base: "", set: "tables.users.always = \"email = ?\"", args: &["check"], said: "CREATE INDEX idx_users_email ON users (email);" },
    Effect { key: "tables.NAME.columns.NAME.distinct", files: PROJECT, base: "", set: "tables.users.columns.email.distinct = 2", args: &["check"], said: "exit 0" },
    Effect { key: "tables.NAME.columns.NAME.null-fraction", files: WIDE, base: "tables.users.columns.email.distinct = 60", set: "tables.users.columns.email.null-fraction = 0.9", args: &["advise"], said: "idx_users_email" },
    Effect { key: "tables.NAME.columns.NAME.correlation", files: SINCE, base: "tables.users.rows = 1_000_000", set: "tables.users.columns.updated_at.correlation = 1", args: &["advise"], said: "idx_users_updated_at" },
    Effect { key: "database[].name", files: PROJECT, base: "", set: "[[database]]\nname = \"billing\"", args: &["check", "--output", "json"], said: "\"name\": \"billing\"" },
    Effect { key: "database[].dialect", files: NO_MARKS, base: DATABASES, set: "dialect = \"sqlite\"", args: &["check"], said: "database: sqlite (configured)" },
    Effect { key: "database[].version", files: PROJECT, base: DATABASES, set: "version = \"3.45\"", args: &["check", "--output", "json"], said: "\"target_version\": \"3.45\"" },
    Effect { key: "database[].schema", files: TWO, base: DATABASES, set: "schema = [\"b\"]", args: &["check"], said: NOTHING },
    Effect { key: "database[].paths", files: TWO, base: "[[database]]\nname = \"other\"\nschema = [\"a\"]\npaths = [\"a\"]\n[[database]]\nname = \"main\"\nschema = [\"b\"]\n", set: "paths = [\"a/q.sql\"]", args: &["check"], said: NOTHING },
    Effect { key: "workload[].at", files: PROJECT, base: "", set: "[[workload]]\nat = \"q.sql:1\"\nweight = 7", args: &["queries", "--output", "json"], said: "\"weight\": 7.0" },
    Effect { key: "workload[].sql", files: PROJECT, base: "", set: "[[workload]]\nsql = \"SELECT u.id FROM users u WHERE u.email = 'x'\"\nweight = 7", args: &["queries", "--output", "json"], said: "\"weight\": 7.0" },
    Effect { key: "workload[].fingerprint", files: PROJECT, base: "", set: "[[workload]]\nfingerprint = \"abc\"\nweight = 7", args: &["queries"], said: "no query of the code has the fingerprint `abc`" },
    Effect { key: "workload[].weight", files: PROJECT, base: "[[workload]]\nat = \"q.sql:1\"", set: "weight = 0.25", args: &["queries", "--output", "json"], said: "\"weight\": 0.25" },
    Effect { key: "limits.min-understood", files: UNUSED, base: "dialect = \"postgres\"\nengine = \"sqlite\"\nselect = [\"unused-index\"]\nlimits.min-understood-of-table = 0.5\n", set: "limits.min-understood = 0.5", args: &["check"], said: "needs `t_note`" },
    Effect { key: "limits.min-understood-of-table", files: UNUSED, base: "dialect = \"postgres\"\nengine = \"sqlite\"\nselect = [\"unused-index\"]\nlimits.min-understood = 0.5\n", set: "limits.min-understood-of-table = 0.5", args: &["check"], said: "needs `t_note`" },
    Effect { key: "limits.min-counted-days", files: UNUSED, base: LENIENT, set: "limits.min-counted-days = 60", args: &["check"], said: NOTHING },
    Effect { key: "replica-stats", files: UNUSED, base: LENIENT, set: "replica-stats = [\"planlint-stats.json\"]", args: &["check"], said: "none of 2 servers" },
    Effect { key: "selection.budget", files: LACKING, base: "", set: "selection.budget = \"0MB\"", args: &["advise"], said: "nothing to change" },
    Effect { key: "selection.max-indexes", files: LACKING, base: "", set: "selection.max-indexes = 1", args: &["advise"], said: "1 index to create" },
    Effect { key: "selection.max-indexes-per-table", files: LACKING, base: "", set: "selection.max-indexes-per-table = 1", args: &["advise"], said: "2 indexes to create" },
    Effect { key: "selection.min-share", files: LACKING, base: "selection.max-indexes = 3\n", set: "selection.min-share = 1", args: &["advise"], said: "nothing to change" },
    Effect { key: "selection.minimise", files: UNEQUAL, base: "selection.max-indexes = 1\ntables.big.rows = 1_000_000\ntables.big.columns.kind_id.distinct = 1000\n", set: "selection.minimise = \"ratio\"", args: &["advise"], said: "ON small (email)" },
    Effect { key: "wrappers[].function", files: WRAPPED, base: "", set: "[[wrappers]]\nfunction = \"pool.ask\"", args: &["check"], said: "a.py:2:" },
    Effect { key: "wrappers[].argument", files: WRAPPED, base: "[[wrappers]]\nfunction = \"pool.tell\"\n", set: "argument = 1", args: &["check"], said: "a.py:6:" },
];

#[test]
fn every_key_has_an_effect() {
    let keys: Vec<String> = all_keys().into_iter().map(|key| key.path).collect();
    let mut tested: Vec<&str> = EFFECTS.iter().map(|effect| effect.key).collect();
    tested.sort_unstable();
    let mut known: Vec<&str> = keys.iter().map(String::as_str).collect();
    known.sort_unstable();
    assert_eq!(tested, known, "every key of the schema has a line in EFFECTS");
    let mut wrong = Vec::new();
    for effect in EFFECTS {
        let (before, after) = (told(effect, effect.base), told(effect, &format!("{}\n{}", effect.base, effect.set)));
        if before.contains(effect.said) || !after.contains(effect.said) {
            wrong.push(format!("`{}` should make `{}` appear in\n{before}\n=====\n{after}", effect.key, effect.said));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn told(effect: &Effect, toml: &str) -> String {
    let mut files = effect.files.to_vec();
    files.push(("planlint.toml", toml));
    let folder = project(&files);
    let output = planlint(folder.path(), effect.args);
    format!("{}{}exit {}\n", text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1))
}
