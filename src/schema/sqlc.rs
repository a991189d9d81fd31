//! What `sqlc.yaml` says: which queries run on which schema (docs.sqlc.dev, "Configuration", versions 1 and 2).
//!
//! sqlc keeps queries and schema as plain SQL, so its configuration is an exact answer to what the layout of the files
//! only suggests. Reads text; knows no file system.

use serde::Deserialize;

use crate::config::DatabaseSettings;
use crate::dialect::Dialect;
use crate::source::TreePath;

/// Says whether a file is sqlc's configuration.
pub fn reads(path: &TreePath) -> bool {
    matches!(path.file_name(), "sqlc.yaml" | "sqlc.yml" | "sqlc.json")
}

/// The databases that a configuration names, with paths from the tree's root.
///
/// # Errors
/// What the parser says of text that is no configuration of sqlc's.
pub fn databases(path: &TreePath, text: &str) -> Result<Vec<DatabaseSettings>, String> {
    // JSON is YAML.
    let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let blocks = file.sql.into_iter().chain(file.packages);
    Ok(blocks.filter_map(|block| block.database(path.folder())).collect())
}

/// Makes one database of those with the same schema, and tells those apart that have the same name.
pub fn merge(databases: Vec<DatabaseSettings>) -> Vec<DatabaseSettings> {
    let mut merged: Vec<DatabaseSettings> = Vec::new();
    for mut database in databases {
        let same = |known: &&mut DatabaseSettings| known.schema == database.schema && known.dialect == database.dialect;
        if let Some(known) = merged.iter_mut().find(same) {
            known.paths.append(&mut database.paths);
            continue;
        }
        let name = database.name.clone();
        let mut number = 1;
        while merged.iter().any(|known| known.name == database.name) {
            number += 1;
            database.name = format!("{name}-{number}");
        }
        merged.push(database);
    }
    merged
}

/// Both versions of the file: `sql` of version 2, `packages` of version 1.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    sql: Vec<Block>,
    #[serde(default)]
    packages: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    engine: Option<String>,
    schema: Paths,
    queries: Paths,
}

/// One path or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Many(Vec<String>),
}

impl Block {
    /// None where it runs on a database that we do not read or names a place outside of the tree.
    fn database(self, folder: &str) -> Option<DatabaseSettings> {
        let dialect = match self.engine.as_deref() {
            // Version 1 began with PostgreSQL alone.
            None | Some("postgresql") => Dialect::Postgres,
            Some("mysql") => Dialect::Mysql,
            Some("sqlite") => Dialect::Sqlite,
            Some(_) => return None,
        };
        let name = self.name.filter(|name| !name.is_empty());
        let last = folder.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("main");
        Some(DatabaseSettings {
            name: name.unwrap_or_else(|| last.to_owned()),
            dialect: Some(dialect),
            version: None,
            schema: self.schema.below(folder)?,
            paths: self.queries.below(folder)?,
        })
    }
}

impl Paths {
    fn below(self, folder: &str) -> Option<Vec<String>> {
        let paths = match self {
            Self::One(path) => vec![path],
            Self::Many(paths) => paths,
        };
        paths.iter().map(|path| join(folder, path)).collect()
    }
}

/// A path from the tree's root; of a pattern, the folders in front of its first star.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').take_while(|part| !part.contains(['*', '?', '['])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expect: &[&str]) {
        let databases = databases(&TreePath::new(path), text).expect("it is sqlc's");
        let told = databases.iter().map(|database| {
            let dialect = database.dialect.expect("sqlc always says");
            format!("{} {dialect}: {} <- {}", database.name, database.schema.join(" "), database.paths.join(" "))
        });
        assert_eq!(told.collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn both_versions_are_read() {
        let second = "version: \"2\"\nsql:\n  - engine: postgresql\n    queries: [a.sql, sub/b.sql]\n    schema:\n      \
             - ../db/schema.sql\n      - ./more.sql\n    gen: {go: {package: x}}\n  - engine: sqlite\n    name: cache\n    \
             queries: q/*.sql\n    schema: cache";
        check(
            "store/sqlc.yaml",
            second,
            &[
                "store postgres: db/schema.sql store/more.sql <- store/a.sql store/sub/b.sql",
                "cache sqlite: store/cache <- store/q",
            ],
        );
        let first =
            r#"{"version": "1", "packages": [{"path": "x", "queries": "./sql/query/", "schema": "./sql/schema/"}]}"#;
        check("sqlc.json", first, &["main postgres: sql/schema <- sql/query"]);
    }

    #[test]
    fn one_schema_is_one_database() {
        let text = "sql:\n- {engine: mysql, schema: s.sql, queries: a}\n- {engine: mysql, schema: s.sql, queries: b}\n\
            - {engine: mysql, schema: t.sql, queries: c}";
        let merged = merge(databases(&TreePath::new("sqlc.yaml"), text).expect("it is sqlc's"));
        let told: Vec<String> = merged.iter().map(|one| format!("{} {:?}", one.name, one.paths)).collect();
        assert_eq!(told, [r#"main ["a", "b"]"#, r#"main-2 ["c"]"#]);
    }

    #[test]
    fn what_leads_elsewhere_is_left_out() {
        check("sqlc.yaml", "sql: [{engine: postgresql, schema: ../x.sql, queries: q}]", &[]);
        check("sqlc.yaml", "sql: [{engine: duckdb, schema: x.sql, queries: q}]", &[]);
        check("sqlc.yaml", "version: 2", &[]);
        assert!(super::databases(&TreePath::new("sqlc.yaml"), "sql: [").is_err());
        assert!(super::databases(&TreePath::new("sqlc.yaml"), "sql: 3").is_err());
    }
}
