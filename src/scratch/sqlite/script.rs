//! A script for the `sqlite3` shell that shows a query's plan without and with some indexes, as we saw them.
//!
//! It makes what a scratch database holds, in the same order, and needs nothing else. A statement takes one line and
//! control characters are escaped, so that no name or text of the code base can begin a command of the shell.

use std::collections::BTreeSet;

use crate::catalog::IndexId;
use crate::engine::{EngineQuery, IndexSet};
use crate::explain::sqlite::{index_name, is_reserved};

use super::Key;
use super::print::{PrintedIndex, PrintedTable, literal, quote};
use super::schema::Schema;

/// The name that stands for a function SQLite does not know: it takes any number of arguments, and depends on nothing
/// else.
const STAND_IN: &str = "printf";

/// Writes the script; `key` names the tables, `name` what people call an index.
pub(super) fn write(
    schema: &Schema,
    key: &Key,
    query: &EngineQuery,
    indexes: &IndexSet,
    name: &dyn Fn(IndexId) -> Option<String>,
) -> String {
    let writer = Writer::new(schema, key, indexes, name);
    let mut lines = vec![
        "-- run it on an empty database: sqlite3 < this-script".to_owned(),
        "-- another version of sqlite may choose another plan, and an older one may lack a function".to_owned(),
        format!("SELECT 'planned by sqlite {}, this is sqlite ' || sqlite_version();", rusqlite::version()),
    ];
    let (sql, renamed) = known_functions(query);
    lines.extend(renamed.iter().map(|function| {
        format!("-- the function {} is not known to sqlite: {STAND_IN} stands in for it", line(function))
    }));
    writer.build(&mut lines);
    let explain = line(&format!("EXPLAIN QUERY PLAN {sql};"));
    lines.push("SELECT 'plan now';".to_owned());
    lines.push(explain.clone());
    if writer.changes() {
        writer.change(&mut lines);
        lines.push("SELECT 'plan with the advice';".to_owned());
        lines.push(explain);
    }
    lines.join("\n") + "\n"
}

struct Writer<'a> {
    tables: Vec<&'a PrintedTable>,
    /// Every index of the script with its name there, in the order of the scratch database.
    existing: Vec<(&'a PrintedTable, &'a PrintedIndex, String)>,
    shown: Vec<(&'a PrintedTable, &'a PrintedIndex, String)>,
    hidden: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema, key: &Key, indexes: &IndexSet, name: &dyn Fn(IndexId) -> Option<String>) -> Self {
        let tables: Vec<&PrintedTable> = key.tables.iter().filter_map(|table| schema.tables.get(table)).collect();
        let mut taken: BTreeSet<String> = key.tables.iter().map(|table| table.to_string().to_lowercase()).collect();
        let mut named = |table: &'a PrintedTable, id: IndexId| {
            let index = schema.indexes.get(&id)?;
            let known = name(id).filter(|name| !is_reserved(name));
            let own = known.filter(|name| taken.insert(name.to_lowercase()));
            Some((table, index, own.unwrap_or_else(|| index_name(id))))
        };
        let mut existing = Vec::new();
        for table in &tables {
            existing.extend(table.indexes.iter().filter_map(|id| named(table, *id)));
        }
        let table_of = |id: &IndexId| {
            let table = &schema.indexes.get(id)?.def.table;
            key.tables.binary_search(table).ok().map(|at| tables[at])
        };
        let shown = indexes.shown.iter().filter_map(|id| named(table_of(id)?, *id)).collect();
        let is_hidden = |index: &PrintedIndex| indexes.hidden.contains(&index.id);
        let hidden = existing.iter().filter(|(_, index, _)| is_hidden(index)).map(|(.., name)| name.clone()).collect();
        Self { tables, existing, shown, hidden }
    }

    fn changes(&self) -> bool {
        !self.shown.is_empty() || !self.hidden.is_empty()
    }

    fn build(&self, lines: &mut Vec<String>) {
        let mut stats = Vec::new();
        for table in &self.tables {
            lines.push(line(&table.ddl));
            stats.extend(table.rows.map(|rows| format!("({}, NULL, '{rows}')", table.literal)));
        }
        for (table, index, name) in &self.existing {
            lines.push(line(&ddl(index, name)));
            stats.extend(stat_row(table, index, name));
        }
        // ANALYZE makes the statistics table, and on `sqlite_schema` it only reads it again.
        lines.push("ANALYZE;".to_owned());
        lines.push("DELETE FROM sqlite_stat1;".to_owned());
        push_stats(&stats, lines);
    }

    fn change(&self, lines: &mut Vec<String>) {
        let mut stats = Vec::new();
        for name in &self.hidden {
            lines.push(line(&format!("DROP INDEX {};", quote(name))));
        }
        for (table, index, name) in &self.shown {
            lines.push(line(&ddl(index, name)));
            stats.extend(stat_row(table, index, name));
        }
        push_stats(&stats, lines);
    }
}

fn push_stats(stats: &[String], lines: &mut Vec<String>) {
    if !stats.is_empty() {
        lines.push(line(&format!("INSERT INTO sqlite_stat1 VALUES {};", stats.join(", "))));
    }
    lines.push("ANALYZE sqlite_schema;".to_owned());
}

/// `CREATE INDEX` under the name that people know.
fn ddl(index: &PrintedIndex, name: &str) -> String {
    let own = format!("INDEX {} ON ", index_name(index.id));
    index.ddl.replacen(&own, &format!("INDEX {} ON ", quote(name)), 1)
}

fn stat_row(table: &PrintedTable, index: &PrintedIndex, name: &str) -> Option<String> {
    Some(format!("({}, {}, {})", table.literal, literal(name), literal(index.stat.as_ref()?)))
}

/// The query with functions that the shell knows, and those that were renamed.
fn known_functions(query: &EngineQuery) -> (String, BTreeSet<String>) {
    let wanted = |name: &str| query.functions.iter().any(|(function, _)| function.eq_ignore_ascii_case(name));
    let mut text = String::with_capacity(query.sql.len());
    let mut renamed = BTreeSet::new();
    let mut rest = query.sql.as_str();
    while let Some(first) = rest.chars().next() {
        let (end, name) = word(rest, first);
        let (word, behind) = rest.split_at(end);
        match name.filter(|name| behind.starts_with('(') && wanted(name)) {
            Some(name) => {
                text.push_str(STAND_IN);
                renamed.insert(name.to_owned());
            }
            None => text.push_str(word),
        }
        rest = behind;
    }
    (text, renamed)
}

/// The end of what stands at the start of a text: a quoted piece, a name or a character; and the name it spells.
fn word(text: &str, first: char) -> (usize, Option<&str>) {
    if matches!(first, '\'' | '"') {
        // Doubled quotes are two pieces side by side, which changes nothing.
        let end = text[1..].find(first).map_or(text.len(), |end| end + 2);
        return (end, (first == '"').then(|| &text[1..end.max(2) - 1]));
    }
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text.find(|letter: char| !is_name(letter)).unwrap_or(text.len());
    if end == 0 { (first.len_utf8(), None) } else { (end, Some(&text[..end])) }
}

/// A statement as one line without control characters.
fn line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => clean.extend(letter.escape_default()),
            false => clean.push(letter),
        }
    }
    clean
}
