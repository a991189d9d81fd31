//! Holds the module table of `docs/architecture.md`: who may import whom, read off the `crate::` paths of every file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by rank; a module imports lower ranks, itself, and, in the ranks marked so, its rank's others.
const RANKS: &[(u8, Siblings, &[&str])] = &[
    (
        0,
        Siblings::Free,
        &[
            "name", "dialect", "source", "tree", "expr", "ir", "query", "catalog", "stats", "plan", "engine",
            "finding", "advice", "workload", "outcome", "config",
        ],
    ),
    (1, Siblings::Free, &["sql", "suppress", "coverage", "cost", "assume", "explain", "snapshot", "host", "writes"]),
    (2, Siblings::Strangers, &["walk", "sqlfile", "orm", "schema", "shape", "scratch", "pull", "advise", "rules"]),
    (3, Siblings::Free, &["run", "report"]),
    (4, Siblings::Free, &["cli"]),
];

/// Crates that only some modules may name.
const GUARDED_CRATES: &[(&str, &[&str])] = &[
    ("sqlparser", &["sql", "shape", "schema"]),
    ("rusqlite", &["scratch"]),
    ("tokio", &["scratch"]),
    ("tokio_postgres", &["scratch"]),
    ("rustix", &["scratch"]),
    ("ignore", &["walk"]),
    ("walkdir", &["walk"]),
    ("clap", &["cli"]),
    ("ruff_python_ast", &["host"]),
    ("ruff_python_parser", &["host"]),
    ("ruff_text_size", &["host"]),
    ("aho_corasick", &["host"]),
];

/// Modules that may touch the file system.
const IO: &[&str] = &["walk", "scratch", "cli"];

#[derive(Clone, Copy, PartialEq)]
enum Siblings {
    Free,
    Strangers,
}

#[test]
fn modules_import_lower_ranks_only() {
    let ranks: BTreeMap<&str, (u8, Siblings)> =
        RANKS.iter().flat_map(|(rank, siblings, names)| names.iter().map(|name| (*name, (*rank, *siblings)))).collect();
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some((rank, siblings)) = ranks.get(module.as_str()) else {
            wrong.push(format!("`{module}` ({}) has no rank in tests/architecture.rs", path.display()));
            continue;
        };
        for imported in paths_of(&text, "crate::") {
            let Some((other, _)) = ranks.get(imported.as_str()) else { continue };
            let stranger = *other == *rank && *siblings == Siblings::Strangers && imported != module;
            if *other > *rank || stranger {
                wrong.push(format!(
                    "{}: `{module}` (rank {rank}) names `crate::{imported}` (rank {other})",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rank_names_a_module_that_exists() {
    let present: Vec<String> = sources().into_iter().map(|(module, ..)| module).collect();
    for (_, _, names) in RANKS {
        for name in *names {
            assert!(present.iter().any(|module| module == name), "`{name}` is in the table and not in src/");
        }
    }
}

#[test]
fn parsers_engines_and_files_stay_in_their_modules() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for (name, allowed) in GUARDED_CRATES {
            if text.contains(&format!("{name}::")) && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: `{module}` names the crate `{name}`", path.display()));
            }
        }
        if text.contains("std::fs") && !IO.contains(&module.as_str()) {
            wrong.push(format!("{}: `{module}` touches the file system", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_holds() {
    for (_, path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with a module header", path.display());
    }
}

/// Every library file with its top-level module, its test modules cut off.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(&root).expect("below src").to_path_buf();
            let first = relative.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
            let is_test = relative.file_name().is_some_and(|name| name == "tests.rs")
                || relative.iter().any(|part| part == "tests");
            if is_test || ["main", "lib"].contains(&first.as_str()) {
                return None;
            }
            let text = fs::read_to_string(&path).expect("a source file is readable");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            Some((first, relative, code))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("an entry of src").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The first path segment behind every `prefix` in code; comment lines do not count.
fn paths_of(text: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            let names = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or(list));
            let several = rest.starts_with('{');
            for part in names.split(',').take(if several { usize::MAX } else { 1 }) {
                let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() {
                    found.push(name);
                }
            }
        }
    }
    found
}
