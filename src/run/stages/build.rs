//! A database from the statements that make its schema: lowered, replayed and, on the engine that speaks the dialect,
//! read back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::declared::source_of;
use super::{Root, dialect};
use crate::catalog::{Case, Catalog, OtherSchema, SchemaOp, SchemaStep, replay};
use crate::config::EngineChoice;
use crate::dialect::Dialect;
use crate::engine::Tier;
use crate::orm::declared::{Declaration, DeclaredSchema};
use crate::query::Skip;
use crate::run::analysis::Database;
use crate::run::doubt;
use crate::schema::ddl;
use crate::scratch::NativeStatement;
use crate::scratch::sqlite::native::{self, Corrected};
use crate::source::{HostSpan, SpanMap};
use crate::sqlfile::{Part, SqlFileFacts, SqlStatement, StatementClass};
use crate::stats::StatsModel;
use crate::workload::Understood;

/// A statement of a schema.
struct Statement {
    text: Arc<str>,
    place: HostSpan,
    /// Where its parts stand, where that is not byte for byte.
    spans: Option<SpanMap>,
}

impl Statement {
    fn steps(&self, dialect: Dialect) -> (Vec<SchemaStep>, Vec<Skip>) {
        let Some(spans) = &self.spans else { return ddl::steps(&self.text, self.place, dialect) };
        let own = HostSpan { start: 0, end: self.text.len() as u32, ..self.place };
        let (mut steps, mut skips) = ddl::steps(&self.text, own, dialect);
        let to = |place: HostSpan| match place.start < place.end {
            true => spans.places(place.start..place.end, &self.place).primary,
            false => self.place,
        };
        steps.iter_mut().for_each(|step| step.move_places(&to));
        skips.iter_mut().for_each(|skip| skip.place = to(skip.place));
        (steps, skips)
    }
}

/// What SQLite itself makes of the statements; where it differs from the replay, it wins.
fn read_back(catalog: &Catalog, statements: &[Statement]) -> Corrected {
    let statements: Vec<NativeStatement<'_>> =
        statements.iter().map(|Statement { text, place, .. }| NativeStatement { sql: text, place: *place }).collect();
    native::correct(catalog, &statements, &|sql, place| ddl::steps(sql, place, Dialect::Sqlite).0)
}

fn statements(root: &mut Root, sql: &[SqlFileFacts]) -> Vec<Statement> {
    let of_files = root.files.iter().flat_map(|file| &sql[*file].statements);
    let schema = of_files.filter(|statement| statement.class == StatementClass::Schema && statement.part != Part::Down);
    let verbatim =
        |statement: &SqlStatement| Statement { text: Arc::clone(&statement.text), place: statement.place, spans: None };
    let of_code = root.declared.as_mut().map(|declared| std::mem::take(&mut declared.statements));
    schema.map(verbatim).chain(of_code.into_iter().flatten().map(declared)).collect()
}

fn declared(declaration: Declaration) -> Statement {
    Statement { text: declaration.text.sql, place: declaration.place, spans: Some(declaration.text.spans) }
}

/// What another source declares, in the same dialect: with another the two cannot be compared.
fn other(schema: DeclaredSchema, dialect: Dialect) -> Option<OtherSchema> {
    let source = source_of(&schema).to_string();
    if schema.dialect.0 != dialect {
        return None;
    }
    let statements: Vec<Statement> = schema.statements.into_iter().map(declared).collect();
    let steps: Vec<Vec<SchemaStep>> = statements.par_iter().map(|statement| statement.steps(dialect).0).collect();
    let steps = steps.concat();
    let (catalog, _) = replay(dialect, &steps);
    let mut doubtful = doubt::of_steps(&steps, &catalog);
    doubtful.extend(schema.partial);
    Some(OtherSchema { source, catalog, doubtful })
}

/// The step that says of which tables not everything is known.
fn partial(root: &Root) -> Option<SchemaStep> {
    let declared = root.declared.as_ref()?;
    let tables = declared.partial.clone();
    let place = HostSpan { file: *declared.files.first()?, start: 0, end: 0 };
    (!tables.is_empty()).then_some(SchemaStep { op: SchemaOp::NotUnderstood { tables }, guarded: true, place })
}

/// Builds a database of its schema's statements.
pub(super) fn build(mut root: Root, sql: &[SqlFileFacts], engine: EngineChoice) -> (Database, Vec<Skip>) {
    let statements = statements(&mut root, sql);
    let lower = |statement: &Statement| statement.steps(root.target.dialect);
    let mut steps: Vec<SchemaStep> = Vec::new();
    let mut skips = root.declared.as_mut().map(|declared| std::mem::take(&mut declared.skips)).unwrap_or_default();
    for (mut of_one, skipped) in statements.par_iter().map(lower).collect::<Vec<_>>() {
        steps.append(&mut of_one);
        skips.extend(skipped);
    }
    steps.extend(partial(&root));
    let (mut catalog, replayed) = replay(root.target.dialect, &steps);
    skips.extend(replayed);
    if root.target.dialect == Dialect::Sqlite && engine != EngineChoice::None {
        let applied = read_back(&catalog, &statements);
        catalog = applied.catalog;
        // What the replay has said of a statement need not be said again in SQLite's words.
        let said: Vec<HostSpan> = skips.iter().map(|skip| skip.place).collect();
        let within =
            |span: &HostSpan, of: &HostSpan| span.file == of.file && of.start <= span.start && span.end <= of.end;
        skips.extend(applied.skips.into_iter().filter(|skip| !said.iter().any(|span| within(span, &skip.place))));
    }
    if root.dialect_source == dialect::DEFAULT.1 {
        catalog.case = Case::Ignored;
    }
    let doubtful = doubt::of_steps(&steps, &catalog);
    let others = root.others.into_iter().filter_map(|schema| other(schema, root.target.dialect)).collect();
    let database = Database {
        name: root.name.into(),
        target: root.target,
        dialect_source: root.dialect_source.to_owned(),
        schema_source: root.source.map_or("none".to_owned(), |source| source.to_string()),
        schema_paths: root.paths,
        catalog,
        ddl: statements.into_iter().map(|statement| (statement.text, statement.place)).collect(),
        others,
        classes: BTreeMap::new(),
        doubtful,
        generated: BTreeSet::new(),
        stats: StatsModel::default(),
        engine: None,
        engine_reason: None,
        statistics_gap: None,
        tier: Tier::Structure,
        counted: BTreeMap::new(),
        workload: Vec::new(),
        ranges: Vec::new(),
        advised: Vec::new(),
        advice: Vec::new(),
        narrowed: Vec::new(),
        unneeded: Vec::new(),
        shortened: Vec::new(),
        understood: Understood::default(),
        unasked: BTreeSet::new(),
        curve: None,
        explained: BTreeMap::new(),
        findings: Vec::new(),
    };
    (database, skips)
}
