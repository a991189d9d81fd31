//! The first half of the pipe: files to facts, facts to schema roots, roots to catalogues and query sites.
//!
//! Pure functions but for reading the tree. What cannot be read is a skip; nothing here ends the run but a tree that
//! cannot be listed and a configuration that names what is not there.

mod build;
mod declared;
mod dialect;
mod left_out;
mod unread;

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::analysis::{Analysis, Database, RunFile, RunSuppression};
use super::progress::Progress;
use super::{Focus, Goal, RunError};
use super::{classes, doubt};
use crate::advice::host::HostTable;
use crate::config::{Config, DatabaseSettings};
use crate::dialect::{Dialect, Target, Version};
use crate::host;
use crate::host::facts::HostFacts;
use crate::name::QName;
use crate::orm::declared::{DeclaredBy, DeclaredSchema};
use crate::orm::{self, Found};
use crate::query::{DatabaseId, PathClass, QuerySite, Resolution, Skip, SkipStage};
use crate::schema::layout::{self, MigrationTool, SchemaRoot, SourceKind};
use crate::schema::sqlc;
use crate::snapshot::{self, Snapshot};
use crate::source::{FileId, HostSpan, TreePath};
use crate::sql;
use crate::sql::summary::FileSummary;
use crate::sqlfile::{self, SqlFileFacts, StatementClass};
use crate::tree::{Content, FileKind, Tree, TreeError, TreeFile};
use crate::walk::{Classes, has_generated_header, is_run_by_hand};
use declared::{Planned, Wanted};
use dialect::Told;
pub(super) use unread::Unread;

/// What every file says.
#[derive(Default)]
pub(super) struct Facts {
    files: Vec<RunFile>,
    sql: Vec<SqlFileFacts>,
    /// What sqlc's configurations name.
    sqlc: Vec<DatabaseSettings>,
    /// Code that nobody reads.
    unread: Unread,
    /// A text that stands in no file: of the application, and of no schema whatever it says.
    typed: Option<(SqlFileFacts, Arc<str>)>,
    skips: Vec<Skip>,
}

/// What one file says.
enum Said {
    Sql(SqlFileFacts),
    Host(HostFacts),
    Sqlc(Vec<DatabaseSettings>),
    Nothing,
}

/// Says whether a path names a file that some front end looks for queries in.
pub fn reads(path: &TreePath) -> bool {
    sqlfile::reads(path) || host::facts::reads(path)
}

/// Reads every file that some front end knows, in parallel; the order of the results is that of the paths. What host code
/// says stands beside the rest: its names are borrowed until the queries are known.
pub(super) fn facts(
    tree: &dyn Tree,
    config: &Config,
    goal: Goal<'_>,
    progress: &dyn Progress,
) -> Result<(Facts, Vec<HostFacts>), RunError> {
    let classes = Classes::new(config)?;
    let words = orm::words_with(&config.wrappers);
    let names = |path: &TreePath| sqlc::reads(path) || reads(path) || host::facts::is_notebook(path);
    let matters = |file: &TreeFile| file.kind == FileKind::UnlistedFolder || names(&file.path);
    let listed = tree.list()?;
    let unread = Unread::of(&listed, &classes);
    let listed: Vec<TreeFile> = listed.into_iter().filter(matters).collect();
    progress.stage("files", Some(listed.len()));
    let read = |(number, file): (usize, &TreeFile)| {
        let id = FileId(u32::try_from(number).unwrap_or(u32::MAX));
        let mut class = classes.of(&file.path);
        let (text, mended) = text_of(tree.read(&file.path), id);
        let said = text.and_then(|text| {
            if class == PathClass::App && has_generated_header(&text) {
                class = PathClass::Generated;
            }
            if class == PathClass::App && is_run_by_hand(&file.path, &text) {
                class = PathClass::Script;
            }
            if host::facts::is_notebook(&file.path) {
                let matters = host::facts::may_matter(&file.path, &text, &words);
                return if matters { Err(notebook(id)) } else { Ok(Said::Nothing) };
            }
            if host::facts::reads(&file.path) {
                return Ok(Said::Host(host::facts::facts(id, &file.path, class, &text, &words)));
            }
            match sqlc::reads(&file.path) {
                true => sqlc::databases(&file.path, &text)
                    .map(Said::Sqlc)
                    .map_err(|words| file_skip("not-sqlc", words, HostSpan::new(id, 0..0))),
                false => Ok(Said::Sql(sqlfile::facts(id, &file.path, &text))),
            }
        });
        progress.step();
        (RunFile { path: file.path.clone(), class, builds_schema: false }, said, mended)
    };
    let mut found = Facts { unread, ..Facts::default() };
    let mut of_host = Vec::new();
    for (file, said, mended) in listed.par_iter().enumerate().map(read).collect::<Vec<_>>() {
        found.files.push(file);
        found.skips.extend(mended);
        match said {
            Ok(Said::Sql(mut facts)) => {
                found.skips.append(&mut facts.skips);
                found.sql.push(facts);
            }
            Ok(Said::Host(facts)) => {
                found.skips.extend(fault(&facts));
                of_host.push(facts);
            }
            Ok(Said::Sqlc(mut databases)) => found.sqlc.append(&mut databases),
            Ok(Said::Nothing) => {}
            Err(skip) => found.skips.push(skip),
        }
    }
    found.sqlc = sqlc::merge(found.sqlc);
    if let Goal::Explain(Focus::Text { sql, folder }) = goal {
        found.take_typed(sql, folder);
    }
    Ok((found, of_host))
}

/// Why parts of host code are not read.
const NOT_READ: &str = "not Python (a conflict's marks, Python 2, a template) or nested too deep";

/// What is to be said of host code that its language's grammar does not know; what stands around it is read.
fn fault(facts: &HostFacts) -> Option<Skip> {
    let first = facts.faults.first()?;
    let detail = match facts.faults.len() {
        1 => format!("a part of it is {NOT_READ}"),
        count => format!("{count} parts of it are {NOT_READ}"),
    };
    Some(file_skip("not-python", detail, HostSpan::new(facts.file, first.start..first.end)))
}

/// The text of a file, or why there is none; and what is to be said of a text that had to be mended.
fn text_of(read: Result<Content, TreeError>, file: FileId) -> (Result<Arc<str>, Skip>, Option<Skip>) {
    let whole = HostSpan::new(file, 0..0);
    match read {
        Ok(Content::Text(text)) => (Ok(text), None),
        Ok(Content::Mended { text, first, detail }) => {
            let place = HostSpan::new(file, first.start as u32..first.end as u32);
            (Ok(text), Some(file_skip("encoding", detail, place)))
        }
        Ok(Content::Unread { reason, detail }) => (Err(file_skip(reason, detail, whole)), None),
        Err(error) => (Err(file_skip("unreadable", error.to_string(), whole)), None),
    }
}

fn notebook(file: FileId) -> Skip {
    let detail = "a notebook whose code names a database: only `.py` files are read".to_owned();
    file_skip("notebook", detail, HostSpan::new(file, 0..0))
}

fn file_skip(reason: &'static str, detail: String, place: HostSpan) -> Skip {
    Skip { stage: SkipStage::File, reason, detail, place }
}

/// Which files make which schema, and which database each file's queries run on.
pub(super) struct Linked {
    roots: Vec<Root>,
    /// By file: the database of its queries.
    database_of: Vec<Result<DatabaseId, Nobodys>>,
    /// Positions among the facts of the files that are steps of migrations, applied or not.
    migrations: Vec<usize>,
    /// The schemas that are there and are not read.
    skips: Vec<Skip>,
}

/// Why a file's queries are of no database.
#[derive(Clone, Copy)]
enum Nobodys {
    /// Several databases are equally near.
    Ambiguous,
    /// Its path names another dialect than the nearest database's: one of several that the application supports.
    OtherDialect,
}

/// What host code declares of a database.
#[derive(Default)]
struct Declared {
    /// Its schema, where that is what it is built from.
    declared: Option<DeclaredSchema>,
    /// The same database's from other sources.
    others: Vec<DeclaredSchema>,
}

/// A database before its schema is built.
struct Root {
    name: String,
    target: Target,
    dialect_source: &'static str,
    source: Option<SourceKind>,
    paths: Vec<String>,
    /// Positions of its schema files among the facts, in order.
    files: Vec<usize>,
    /// What host code declares, where that is its schema.
    declared: Option<DeclaredSchema>,
    /// What else declares it.
    others: Vec<DeclaredSchema>,
}

/// Decides which files make which schema.
pub(super) fn link(facts: &Facts, code: &orm::Linked<'_>, config: &Config) -> Result<Linked, RunError> {
    let summary = |file: &SqlFileFacts| {
        let RunFile { path, class, .. } = &facts.files[file.file.0 as usize];
        (path.clone(), file.summary(*class))
    };
    let summaries: Vec<(TreePath, FileSummary)> = facts.sql.iter().map(summary).collect();
    let found = layout::plan(&summaries, config, &facts.sqlc);
    let declares = |dialect: Option<Dialect>| declared::doubt_faulty(code.schemas(dialect), code.code.files);
    let tables = |root: &SchemaRoot| facts.tables(&root.files);
    let merged = declared::merge(found, &declares, config, &tables).into_iter();
    let (planned, declared): (Vec<SchemaRoot>, Vec<Declared>) =
        merged.map(|Planned { root, declared, others }| (root, Declared { declared, others })).unzip();
    let path = |file: &usize| facts.path(*file);
    check_configured(&planned, config, &|file| path(&file).as_str())?;
    let nearest: Vec<Option<usize>> = match planned.len() {
        0 => vec![Some(0); facts.files.len()],
        _ => facts.files.iter().map(|file| layout::database_of(&planned, &file.path)).collect(),
    };
    let dialects = dialect::of_roots(&planned, &nearest, facts, config);
    let migrations = layout::migrations(&summaries, &planned);
    let skips = left_out::skips(&summaries, &planned, &dialects, facts, config);
    let planned = planned.into_iter().zip(dialects).zip(declared);
    let mut roots: Vec<Root> =
        planned.map(|((root, told), declared)| Root::of(root, told, declared, facts, config)).collect();
    if roots.is_empty() {
        roots.push(Root::without_schema(facts, config));
    }
    let database_of = |(file, nearest): (&RunFile, Option<usize>)| {
        let nearest = nearest.ok_or(Nobodys::Ambiguous)?;
        let named = layout::dialect_of(&file.path).filter(|_| config.databases.is_empty() && config.dialect.is_none());
        match named {
            Some(dialect) if dialect != roots[nearest].target.dialect => Err(Nobodys::OtherDialect),
            _ => Ok(DatabaseId(u16::try_from(nearest).unwrap_or(u16::MAX))),
        }
    };
    let database_of = facts.files.iter().zip(nearest).map(database_of).collect();
    Ok(Linked { roots, database_of, migrations, skips })
}

/// A schema that the configuration names and nothing answers to is an error, not an empty database.
fn check_configured<'a>(
    planned: &[SchemaRoot],
    config: &Config,
    path: &dyn Fn(usize) -> &'a str,
) -> Result<(), RunError> {
    let key = |path: &[&str], at: usize| path.iter().map(ToString::to_string).chain([at.to_string()]).collect();
    let own = config.schema.iter().enumerate().map(|(at, name)| (None, name, key(&["schema"], at)));
    let of_databases = config.databases.iter().enumerate().flat_map(|(number, database)| {
        let number = number.to_string();
        let names = database.schema.iter().enumerate();
        let keyed = |(at, name)| (Some(&database.name), name, key(&["database", &number, "schema"], at));
        names.map(keyed).collect::<Vec<_>>()
    });
    for (database, name, key) in own.chain(of_databases) {
        let plain = name.trim_start_matches("./").trim_end_matches('/');
        let wants_code = matches!(declared::wanted(std::slice::from_ref(name)), Wanted::Models | Wanted::Migrations);
        let answers = |root: &SchemaRoot| {
            let of_code = matches!(root.source, SourceKind::Models(_) | SourceKind::HostMigrations(_));
            let is_file = |file: &usize| TreePath::new(path(*file)).is_below(plain);
            let is_meant = database.is_none_or(|database| *database == root.name);
            (is_meant && wants_code && of_code) || root.files.iter().any(is_file)
        };
        if !planned.iter().any(answers) {
            return Err(RunError::Config {
                message: match wants_code {
                    true => format!("no {name} were found that declare a schema"),
                    false => format!("the schema `{name}` names no SQL file with a schema in it"),
                },
                help: "name a file or folder that is there, relative to `planlint.toml` (or, behind `--schema`, to here); \
                       `models` or `migrations` alone take what the code declares"
                    .to_owned(),
                key,
            });
        }
    }
    Ok(())
}

impl Facts {
    fn take_typed(&mut self, text: &str, folder: &TreePath) {
        let path = TreePath::new(format!("{folder}/-q").trim_start_matches('/'));
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let mut facts = sqlfile::facts(file, &path, text);
        self.skips.append(&mut facts.skips);
        self.files.push(RunFile { path, class: PathClass::App, builds_schema: false });
        self.typed = Some((facts, Arc::from(text)));
    }

    /// The tables that files at positions among the facts create.
    fn tables(&self, files: &[usize]) -> BTreeSet<QName> {
        let statements = files.iter().flat_map(|file| &self.sql[*file].statements);
        let schema = statements.filter(|statement| statement.class == StatementClass::Schema);
        schema.filter_map(|statement| declared::created(&statement.text, Dialect::Postgres)).collect()
    }

    /// The path of the file at a position among the facts.
    fn path(&self, position: usize) -> &TreePath {
        &self.files[self.sql[position].file.0 as usize].path
    }
}

impl Root {
    fn of(
        root: SchemaRoot,
        (dialect, dialect_source): Told,
        Declared { declared, others }: Declared,
        facts: &Facts,
        config: &Config,
    ) -> Self {
        // The statements were written in its dialect.
        let of_code = declared.as_ref().map(|declared| declared.dialect);
        let (dialect, dialect_source) = of_code.unwrap_or((dialect, dialect_source));
        let settings = dialect::settings(&root, facts, config);
        let version = settings.and_then(|settings| settings.version.as_ref()).or(config.target_version.as_ref());
        Self {
            name: root.name,
            target: Target { version: version.and_then(|version| Version::parse(version)), ..Target::any(dialect) },
            dialect_source,
            source: Some(root.source),
            paths: match &declared {
                Some(schema) => {
                    schema_paths(&root.source, schema.files.iter().map(|file| &facts.files[file.0 as usize].path))
                }
                None => schema_paths(&root.source, root.files.iter().map(|file| facts.path(*file))),
            },
            files: root.files,
            declared,
            others,
        }
    }

    fn without_schema(facts: &Facts, config: &Config) -> Self {
        let (dialect, dialect_source) = dialect::without_schema(facts, config);
        let version = config.target_version.as_ref().and_then(|version| Version::parse(version));
        Self {
            name: "main".to_owned(),
            target: Target { version, ..Target::any(dialect) },
            dialect_source,
            source: None,
            paths: Vec::new(),
            files: Vec::new(),
            declared: None,
            others: Vec::new(),
        }
    }
}

/// What a report names as the schema's source: the files, or the folders of migrations.
fn schema_paths<'a>(source: &SourceKind, files: impl Iterator<Item = &'a TreePath>) -> Vec<String> {
    let mut paths: Vec<String> = match source {
        SourceKind::Migrations(MigrationTool::Diesel | MigrationTool::Prisma) => {
            files.map(|path| path.folder().rsplit_once('/').map_or("", |(above, _)| above).to_owned()).collect()
        }
        SourceKind::Migrations(_) | SourceKind::HostMigrations(_) | SourceKind::Models(_) => {
            files.map(|path| path.folder().to_owned()).collect()
        }
        _ => files.map(ToString::to_string).collect(),
    };
    paths.sort();
    paths.dedup();
    for root in paths.iter_mut().filter(|path| path.is_empty()) {
        root.push('.');
    }
    paths
}

/// Builds each database's catalogue and the query sites of all of them.
pub(super) fn schema(
    facts: Facts,
    code: &orm::Linked<'_>,
    linked: Linked,
    config: &Config,
    goal: Goal<'_>,
) -> Analysis {
    let of_host = code.code.files.iter().filter(|facts| !facts.body.is_empty()).map(|facts| facts.file);
    let mut files_read: Vec<FileId> = facts.sql.iter().map(|facts| facts.file).chain(of_host).collect();
    files_read.sort();
    let mut analysis = Analysis { files_read, unread: facts.unread, ..Analysis::default() };
    let Facts { mut files, mut sql, typed, skips, .. } = facts;
    analysis.skips.extend(skips.into_iter().chain(linked.skips));
    let is_loose = |root: &Root| root.source == Some(SourceKind::Files);
    let loose: Vec<bool> = linked.roots.iter().map(is_loose).collect();
    for number in linked.migrations {
        be_migration(&mut files[sql[number].file.0 as usize]);
    }
    for root in linked.roots {
        for file in root.declared.iter().flat_map(|declared| &declared.files) {
            if let Some(SourceKind::HostMigrations(_)) = root.source {
                be_migration(&mut files[file.0 as usize]);
            }
        }
        for other in root.others.iter().filter(|other| matches!(other.by, DeclaredBy::Migrations(_))) {
            other.files.iter().for_each(|file| be_migration(&mut files[file.0 as usize]));
        }
        for number in &root.files {
            let file = &mut files[sql[*number].file.0 as usize];
            file.builds_schema = true;
            let is_replayed = !matches!(root.source, None | Some(SourceKind::Files));
            if is_replayed {
                be_migration(file);
            }
        }
        let (mut database, mut skips) = build::build(root, &sql, config.engine);
        if goal <= Goal::Queries {
            // No engine will run it.
            database.ddl = Vec::new();
        }
        analysis.databases.push(database);
        analysis.skips.append(&mut skips);
    }
    if let Some((facts, text)) = typed {
        analysis.typed = Some((facts.file, text));
        sql.push(facts);
    }
    analysis.files = files;
    if goal > Goal::Queries {
        let mut tables = code.tables();
        tables.retain(|class| analysis.class(class.place.file) == PathClass::App);
        let database_of = |class: &HostTable| {
            linked.database_of[class.place.file.0 as usize].ok().map(|database| usize::from(database.0))
        };
        classes::note(&mut analysis, &tables, &database_of);
        let generated = code.generated();
        analysis.databases.iter_mut().for_each(|database| database.generated.clone_from(&generated));
    }
    host_sites(&mut analysis, code, &linked.database_of);
    for facts in sql {
        let place = facts.file.0 as usize;
        if let (false, Ok(database)) = (analysis.files[place].builds_schema, linked.database_of[place]) {
            let database = usize::from(database.0);
            let is_loose = loose.get(database).copied().unwrap_or(false);
            doubt::add_elsewhere(&mut analysis, &facts, database, is_loose);
        }
        let database = linked.database_of[place].ok();
        let belong = |suppression| RunSuppression { suppression, database, holds: false };
        // To other databases the line of a `#` is no comment, and the statement below it is no statement.
        let is_mysql = |database: DatabaseId| {
            let database = analysis.databases.get(usize::from(database.0));
            database.is_some_and(|database| database.target.dialect == Dialect::Mysql)
        };
        let hashed = if database.is_some_and(is_mysql) { facts.hash_suppressions.as_slice() } else { &[] };
        analysis.suppressions.extend(facts.suppressions.iter().chain(hashed).cloned().map(belong));
        let (mut sites, mut skips) = match linked.database_of[place] {
            Ok(database) => sqlfile::sites(&facts, database, analysis.files[place].class),
            Err(why) => {
                let found = sqlfile::sites(&facts, DatabaseId(0), analysis.files[place].class);
                nobodys(found, why, &analysis.databases)
            }
        };
        analysis.sites.append(&mut sites);
        analysis.skips.append(&mut skips);
    }
    analysis.sites.sort_by_key(|site| site.place);
    analysis.suppressions.sort_by_key(RunSuppression::file);
    analysis
}

/// Adds what host code asks, a file at a time and in parallel.
fn host_sites(analysis: &mut Analysis, code: &orm::Linked<'_>, database_of: &[Result<DatabaseId, Nobodys>]) {
    let of_file = |(number, facts): (usize, &HostFacts)| {
        if facts.body.is_empty() {
            return Found::default();
        }
        let place = facts.file.0 as usize;
        let class = analysis.files[place].class;
        let database = database_of[place].unwrap_or(DatabaseId(0));
        let dialect = analysis.databases[usize::from(database.0)].target.dialect;
        let found = code.sites(number, database, dialect, class);
        match database_of[place] {
            Ok(_) => found,
            Err(why) => {
                let (sites, skips) = nobodys((found.sites, found.skips), why, &analysis.databases);
                Found { sites, skips, ..found }
            }
        }
    };
    let found: Vec<Found> = code.code.files.par_iter().enumerate().map(of_file).collect();
    for Found { mut sites, mut skips, mut checks } in found {
        analysis.sites.append(&mut sites);
        analysis.skips.append(&mut skips);
        analysis.checks.append(&mut checks);
    }
    for facts in code.code.files {
        let database = database_of[facts.file.0 as usize].ok();
        let belong = |suppression| RunSuppression { suppression, database, holds: false };
        analysis.suppressions.extend(facts.suppressions.iter().cloned().map(belong));
    }
}

/// Notes how production orders text, where that is known.
pub(super) fn order(analysis: &mut Analysis, figures: Option<&Snapshot>) {
    for database in &mut analysis.databases {
        let known = figures.filter(|figures| figures.is_of(database.target.dialect));
        let collation = known.and_then(|known| known.collation.as_deref());
        database.target.by_letters = collation.is_some_and(snapshot::is_by_letters);
    }
}

/// Notes with each schema what the application's framework adds to every query of a table.
pub(super) fn always(analysis: &mut Analysis, config: &Config) -> Result<(), RunError> {
    let conditions = config.tables.iter().filter_map(|(name, table)| Some((name, table.always.as_ref()?)));
    for (name, condition) in conditions {
        for Database { catalog, .. } in &mut analysis.databases {
            // A table that no schema has is told of once the queries are known.
            let Some(table) = catalog.table(&QName::read(name)) else { continue };
            let condition = sql::always::read(condition, table, catalog.dialect).map_err(|fault| RunError::Config {
                message: format!("the condition `{condition}` cannot always hold for `{name}`: {fault}"),
                help: "write a condition on the table's own columns, for example `always = \"deleted_at IS NULL\"`"
                    .to_owned(),
                key: ["tables", name, "always"].map(str::to_owned).to_vec(),
            })?;
            let table = table.name.clone();
            catalog.always.insert(table, condition);
        }
    }
    Ok(())
}

/// What a migration or a dump does to data is not what the application asks for.
fn be_migration(file: &mut RunFile) {
    if file.class == PathClass::App {
        file.class = PathClass::Migration;
    }
}

/// Sites of no database: counted, not judged. Of several that are equally near, the one that has all the tables that a
/// query names is its database.
fn nobodys(
    (mut sites, mut skips): (Vec<QuerySite>, Vec<Skip>),
    why: Nobodys,
    databases: &[Database],
) -> (Vec<QuerySite>, Vec<Skip>) {
    let (reason, detail) = match why {
        Nobodys::Ambiguous => {
            ("ambiguous-database", "several databases are equally near: give each a `[[database]]` with its `paths`")
        }
        Nobodys::OtherDialect => (
            "other-dialect",
            "the path names another dialect than the schema's: give it a `[[database]]` with its `schema` and `paths`",
        ),
    };
    for site in &mut sites {
        let told = if let Nobodys::Ambiguous = why { by_tables(site, databases) } else { None };
        if let Some(database) = told {
            site.database = database;
            continue;
        }
        site.resolution = Resolution::Skipped;
        site.variants.clear();
        // What else was said of it matters no more.
        skips.retain(|skip| skip.place != site.place);
        skips.push(Skip { stage: SkipStage::Query, reason, detail: detail.to_owned(), place: site.place });
    }
    (sites, skips)
}

/// The only database that has every table that a query names.
fn by_tables(site: &QuerySite, databases: &[Database]) -> Option<DatabaseId> {
    let variant = site.variants.first()?;
    let has_all = |database: &Database| {
        let catalog = &database.catalog;
        let named = sql::relations::named(&variant.sql, catalog.dialect);
        let is_there = |name: &QName| catalog.table(name).is_some() || catalog.view(name).is_some();
        !named.is_empty() && named.iter().all(is_there)
    };
    let mut fitting = (0..).zip(databases).filter(|(_, database)| has_all(database));
    let (number, _) = fitting.next()?;
    fitting.next().is_none().then_some(DatabaseId(number))
}
