//! A script for `psql` that shows a query's plans without and with some indexes, as we saw them.
//!
//! It makes the tables of the query as they are on the scratch server, tells the statistics, and gives files the
//! lengths that they have there. So it needs a superuser, and an empty database of a server that nobody misses.
//! All of it was read by a server before, which ends strings and names where `psql` does: no text of the code base can
//! begin a command of the shell.

use std::collections::{BTreeMap, BTreeSet};

use super::relations::{Relation, RelationKind, Relations};
use super::session::{Row, Session, SqlError};
use crate::advice::{create_ddl, quote_qualified};
use crate::catalog::IndexDef;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};

const DIALECT: Dialect = Dialect::Postgres;

/// What a script is of.
pub(super) struct Subject<'a> {
    /// What the server holds.
    pub(super) relations: &'a Relations,
    /// The tables of the query and what is below them.
    pub(super) tables: &'a [u32],
    /// The indexes to show.
    pub(super) shown: Vec<Shown<'a>>,
    /// The indexes to hide, by the server's numbers.
    pub(super) hidden: Vec<u32>,
    /// The indexes that are neither the schema's nor to be shown, by the server's numbers.
    pub(super) others: BTreeSet<u32>,
    /// The server's version.
    pub(super) version: &'a str,
    /// What makes a session plan as production does.
    pub(super) settings: Vec<String>,
    /// The statements that ask for the plan.
    pub(super) question: String,
}

/// An index to show.
pub(super) struct Shown<'a> {
    /// The server's numbers: its own and those of its parts on partitions.
    pub(super) oids: &'a [u32],
    /// What people call it.
    pub(super) name: Ident,
    /// What it is.
    pub(super) def: &'a IndexDef,
}

/// Says what a relation is called in the script, quoted.
pub(super) type Named<'a> = &'a dyn Fn(&Relation) -> String;

/// Writes the script; `statistics` prints what is told of some relations under their names.
///
/// # Errors
/// When the session is lost.
pub(super) fn write(
    planner: &mut Session,
    subject: &Subject<'_>,
    statistics: &dyn Fn(&[u32], Named<'_>) -> Vec<String>,
) -> Result<String, SqlError> {
    let mut lines: Vec<String> = HEAD.iter().map(|line| format!("-- {line}")).collect();
    lines.push(format!(
        "SELECT 'planned by postgres {}, this is postgres ' || current_setting('server_version') AS \"who plans\";",
        subject.version
    ));
    lines.push("SET client_min_messages = warning;".to_owned());
    let mut statements = subject.schema(planner)?;
    statements.extend(subject.shown.iter().map(|new| create_ddl(DIALECT, &new.name, new.def)));
    lines.append(&mut statements);
    let indexes = subject
        .relations
        .indexes()
        .filter(|(one, facts)| subject.tables.contains(&facts.table) && !subject.others.contains(&one.oid));
    let told: Vec<u32> = subject.tables.iter().copied().chain(indexes.map(|(one, _)| one.oid)).collect();
    lines.extend(statistics(&told, &|relation| subject.name(relation)));
    let shown = subject.named(subject.shown.iter().flat_map(|new| new.oids));
    let hidden = subject.named(&subject.hidden);
    lines.extend(subject.settings.iter().map(|setting| format!("{setting};")));
    lines.push("SET plan_cache_mode = force_generic_plan; SET jit = off;".to_owned());
    lines.extend(valid(&shown, "false"));
    lines.push("\\echo plan now".to_owned());
    lines.push(subject.question.clone());
    if !shown.is_empty() || !hidden.is_empty() {
        lines.extend(valid(&shown, "true"));
        lines.extend(valid(&hidden, "false"));
        lines.push("\\echo plan with the advice".to_owned());
        lines.push(subject.question.clone());
    }
    Ok(lines.join("\n") + "\n")
}

const HEAD: [&str; 5] = [
    "run it as a superuser on an empty database of a server that nobody misses, and drop that database afterwards:",
    "createdb repro && psql -X -d repro -f this-script",
    "no row is stored: statistics are written into the server's own tables, and files are made as long as production's",
    "(sparse, by `dd` on the server's machine), so do not ANALYZE, VACUUM or read the tables",
    "each search of an index costs a little less than in the report, because here no index has its height",
];

/// Commits whether the planner may use some indexes.
fn valid(names: &[String], is: &str) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| format!("to_regclass({})", literal(name))).collect();
    let list = names.join(", ");
    (!names.is_empty()).then(|| format!("UPDATE pg_index SET indisvalid = {is} WHERE indexrelid IN ({list});"))
}

impl Subject<'_> {
    /// What a relation is called in the script, quoted.
    fn name(&self, relation: &Relation) -> String {
        let own = self.shown.iter().find(|new| new.oids.first() == Some(&relation.oid)).map(|new| new.name.clone());
        let schema = Some(relation.name.schema.clone().unwrap_or_else(|| Ident::new("public")));
        quote_qualified(DIALECT, &QName { schema, name: own.unwrap_or_else(|| relation.name.name.clone()) })
    }

    fn named<'o>(&self, oids: impl IntoIterator<Item = &'o u32>) -> Vec<String> {
        oids.into_iter().filter_map(|oid| Some(self.name(self.relations.by_oid.get(oid)?))).collect()
    }

    /// The statements that make the tables and their indexes, in the server's own words.
    fn schema(&self, planner: &mut Session) -> Result<Vec<String>, SqlError> {
        let list: Vec<String> = self.tables.iter().map(ToString::to_string).collect();
        let asked = [EXTENSIONS, TYPES, COLUMNS, TABLES, CONSTRAINTS, INDEXES]
            .map(|sql| sql.replace("$tables", &list.join(", ")));
        let mut answers = planner.pipeline(&asked).into_iter();
        let mut next = || answers.next().expect("an answer for every statement");
        let (extensions, types, columns, tables) = (next()?, next()?, next()?, next()?);
        let (constraints, indexes) = (next()?, next()?);
        let mut statements = self.schemas(&extensions, &types);
        statements.extend(
            extensions
                .iter()
                .map(|row| format!("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {};", text(row, 0), text(row, 1))),
        );
        statements.extend(types.iter().map(|row| format!("CREATE {};", text(row, 1))));
        let mut by_table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for row in &columns {
            by_table.entry(text(row, 0)).or_default().push(text(row, 1).to_owned());
        }
        statements.extend(tables.iter().map(|row| self.table(row, &by_table)));
        statements.extend(constraints.iter().map(|row| format!("{};", text(row, 0))));
        let new = |oid: u32| self.others.contains(&oid) || self.shown.iter().any(|new| new.oids.contains(&oid));
        let own = |row: &&Row| text(row, 0).parse().is_ok_and(|oid| !new(oid));
        statements.extend(indexes.iter().filter(own).map(|row| format!("{};", text(row, 1))));
        Ok(statements)
    }

    fn schemas(&self, extensions: &[Row], types: &[Row]) -> Vec<String> {
        let tables = self.tables.iter().filter_map(|oid| self.relations.by_oid.get(oid)?.name.schema.as_ref());
        let mut schemas: BTreeSet<String> = tables.map(|schema| DIALECT.quote(schema).into_owned()).collect();
        schemas.extend(extensions.iter().map(|row| text(row, 1).to_owned()));
        schemas.extend(types.iter().map(|row| text(row, 0).to_owned()));
        schemas
            .iter()
            .filter(|schema| *schema != "pg_catalog")
            .map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema};"))
            .collect()
    }

    /// A table: one of its own, a partition, or an heir.
    fn table(&self, row: &Row, columns: &BTreeMap<&str, Vec<String>>) -> String {
        let oid: u32 = text(row, 0).parse().unwrap_or(0);
        let Some(relation) = self.relations.by_oid.get(&oid) else { return String::new() };
        let parent = relation.parent.and_then(|parent| self.relations.by_oid.get(&parent));
        let by = if text(row, 1).is_empty() { String::new() } else { format!(" PARTITION BY {}", text(row, 1)) };
        let own = || columns.get(text(row, 0)).map_or(String::new(), |columns| columns.join(", "));
        let name = self.name(relation);
        match parent {
            Some(parent) if parent.kind == RelationKind::Partitioned => {
                format!("CREATE TABLE {name} PARTITION OF {} {}{by};", self.name(parent), text(row, 2))
            }
            Some(parent) => format!("CREATE TABLE {name} ({}) INHERITS ({});", own(), self.name(parent)),
            None => format!("CREATE TABLE {name} ({}){by};", own()),
        }
    }
}

const EXTENSIONS: &str = "
SELECT quote_ident(e.extname), quote_ident(n.nspname)
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY e.oid";

/// Enums and domains that columns are of, or are arrays of.
const TYPES: &str = "
SELECT quote_ident(n.nspname),
       CASE t.typtype WHEN 'e' THEN format('TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
           (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder)
            FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid))
       ELSE format('DOMAIN %I.%I AS %s', n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod)) END
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
  AND t.oid IN (SELECT unnest(ARRAY[a.atttypid, of.typelem])
                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type of ON of.oid = a.atttypid
                WHERE a.attrelid = ANY ('{$tables}'::oid[]))
ORDER BY t.oid";

const COLUMNS: &str = "
SELECT a.attrelid, concat(quote_ident(a.attname), ' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, c.collname) END,
       CASE WHEN a.attnotnull THEN ' NOT NULL' END)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = ANY ('{$tables}'::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

const TABLES: &str = "
SELECT c.oid, CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid)
FROM pg_catalog.pg_class c WHERE c.oid = ANY ('{$tables}'::oid[]) ORDER BY c.oid";

/// Keys before references to them; those of partitions come with the whole.
const CONSTRAINTS: &str = "
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', o.conrelid::pg_catalog.regclass, o.conname,
              pg_catalog.pg_get_constraintdef(o.oid))
FROM pg_catalog.pg_constraint o
WHERE o.conrelid = ANY ('{$tables}'::oid[]) AND o.conparentid = 0
  AND (o.contype IN ('p', 'u', 'x') OR (o.contype = 'f' AND o.confrelid = ANY ('{$tables}'::oid[])))
ORDER BY o.contype = 'f', o.oid";

const INDEXES: &str = "
SELECT i.indexrelid, pg_catalog.pg_get_indexdef(i.indexrelid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ('{$tables}'::oid[]) AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conindid = i.indexrelid)
ORDER BY i.indexrelid";

fn text(row: &Row, at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
