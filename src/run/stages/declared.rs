//! Schemas that host code declares, beside those that SQL files make: which of them a database is built from.
//!
//! Migrations and models of one database are told by the tables that they share, not by where they lie. Knows what
//! tables a schema creates, and nothing of what its files say.

use std::collections::BTreeSet;

use crate::config::{Config, DatabaseSettings, MIGRATIONS, MODELS};
use crate::dialect::Dialect;
use crate::host::facts::HostFacts;
use crate::name::QName;
use crate::orm::declared::{DeclaredBy, DeclaredSchema};
use crate::schema::ddl;
use crate::schema::layout::{self, SchemaRoot, SourceKind};
use crate::source::FileId;

/// A schema with the tables that it creates.
struct Candidate {
    schema: DeclaredSchema,
    tables: BTreeSet<QName>,
}

/// A database, what it is built from, and what else declares it.
pub(super) struct Planned {
    /// The database.
    pub root: SchemaRoot,
    /// What host code declares, where that is what it is built from.
    pub declared: Option<DeclaredSchema>,
    /// What host code declares of it besides.
    pub others: Vec<DeclaredSchema>,
}

impl Planned {
    fn of_files(root: SchemaRoot) -> Self {
        Self { root, declared: None, others: Vec::new() }
    }
}

/// What the configuration's `schema` asks of the host code.
pub(super) enum Wanted {
    /// Nothing: the best of what is there.
    Best,
    /// The models.
    Models,
    /// The migrations.
    Migrations,
    /// Files.
    Files,
}

/// Reads what a configured `schema` asks for.
pub(super) fn wanted(schema: &[String]) -> Wanted {
    match schema {
        [] => Wanted::Best,
        [only] if only == MODELS => Wanted::Models,
        [only] if only == MIGRATIONS => Wanted::Migrations,
        _ => Wanted::Files,
    }
}

/// What the code declares in a dialect, or in the one that it says itself.
pub(super) type Declares<'a> = &'a dyn Fn(Option<Dialect>) -> Vec<DeclaredSchema>;

/// The tables that a root's files create.
pub(super) type Tables<'a> = &'a dyn Fn(&SchemaRoot) -> BTreeSet<QName>;

/// Puts the schemas that the code declares among those that SQL files make.
pub(super) fn merge(
    planned: Vec<SchemaRoot>,
    declares: Declares<'_>,
    config: &Config,
    tables: Tables<'_>,
) -> Vec<Planned> {
    if !config.databases.is_empty() {
        return configured(planned, declares, config, tables);
    }
    let wanted = wanted(&config.schema);
    let sql = |roots: Vec<SchemaRoot>| roots.into_iter().map(Planned::of_files).collect::<Vec<_>>();
    if matches!(wanted, Wanted::Files) {
        return sql(planned);
    }
    let mut groups = groups(declares(config.dialect));
    groups.retain(|group| best(group, &wanted).is_some());
    if groups.is_empty() {
        return sql(planned);
    }
    groups.sort_by_key(|group| folder_of(group));
    let mut taken: Vec<Planned> = Vec::new();
    let mut left = if matches!(wanted, Wanted::Best) { sql(planned) } else { Vec::new() };
    for mut group in groups {
        let Some(best) = best(&group, &wanted) else { continue };
        let own = &group[best].tables;
        if let Some(kept) = left.iter().position(|planned| wins(&planned.root, own, tables)) {
            left[kept].others.push(group.swap_remove(best).schema);
            continue;
        }
        // Files in no known order beside it are somebody's notes on the same database.
        let folder = folder_of(&group);
        left.retain(|Planned { root, .. }| {
            let is_near = near(&root.folder, &folder);
            let is_note = root.source == SourceKind::Files && is_near;
            !(is_note || Shared::of(root, own, tables).is_same)
        });
        taken.push(take(group, best, folder));
    }
    let is_alone = left.is_empty() && taken.len() == 1;
    let mut roots: Vec<Planned> = left.into_iter().chain(taken).collect();
    if is_alone {
        roots[0].root.paths = vec![String::new()];
    }
    roots.sort_by(|a, b| a.root.folder.cmp(&b.root.folder));
    name(&mut roots);
    roots
}

/// Gives the databases that the configuration names what the code declares of them, where files do not make them.
fn configured(
    mut planned: Vec<SchemaRoot>,
    declares: Declares<'_>,
    config: &Config,
    tables: Tables<'_>,
) -> Vec<Planned> {
    let of_one = |database: &DatabaseSettings| {
        let root = planned.iter().position(|root| root.name == database.name).map(|at| planned.remove(at));
        let wanted = match (wanted(&database.schema), wanted(&config.schema)) {
            (Wanted::Best, of_all @ (Wanted::Models | Wanted::Migrations)) => of_all,
            (own, _) => own,
        };
        if matches!(wanted, Wanted::Files) {
            return root.map(Planned::of_files);
        }
        let is_near = |group: &Vec<Candidate>| {
            database.paths.is_empty()
                || database.paths.iter().any(|path| near(path.trim_matches(['.', '/']), &folder_of(group)))
        };
        let mut groups = groups(declares(database.dialect.or(config.dialect)));
        groups.retain(is_near);
        let most = |group: &Vec<Candidate>| Some(group[best(group, &wanted)?].tables.len());
        let nearest = groups.into_iter().filter(|group| most(group).is_some()).max_by_key(most);
        let Some((group, best)) = nearest.and_then(|group| best(&group, &wanted).map(|best| (group, best))) else {
            return root.map(Planned::of_files);
        };
        match root {
            Some(root) if matches!(wanted, Wanted::Best) && wins(&root, &group[best].tables, tables) => {
                Some(Planned::of_files(root))
            }
            _ => {
                let folder = folder_of(&group);
                let mut planned = take(group, best, folder);
                planned.root.name.clone_from(&database.name);
                if !database.paths.is_empty() {
                    planned.root.paths =
                        database.paths.iter().map(|path| path.trim_matches(['.', '/']).to_owned()).collect();
                }
                Some(planned)
            }
        }
    };
    config.databases.iter().filter_map(of_one).collect()
}

/// What a root's files have of the tables that the code declares.
struct Shared {
    made: usize,
    shared: usize,
    is_same: bool,
}

impl Shared {
    fn of(root: &SchemaRoot, own: &BTreeSet<QName>, tables: Tables<'_>) -> Self {
        let made = tables(root);
        let shared = made.intersection(own).count();
        Self { made: made.len(), shared, is_same: shared * 2 >= made.len().min(own.len()).max(1) }
    }
}

/// A dump of the same tables, or migrations in SQL, come before what the code says of them.
fn wins(root: &SchemaRoot, own: &BTreeSet<QName>, tables: Tables<'_>) -> bool {
    let Shared { made, shared, is_same } = Shared::of(root, own, tables);
    let is_kept = matches!(root.source, SourceKind::Dump | SourceKind::Migrations(_) | SourceKind::Sqlc);
    is_same && is_kept && shared * 10 >= own.len() * 8 && made > 0
}

fn name(roots: &mut [Planned]) {
    let mut named: Vec<SchemaRoot> = roots.iter().map(|planned| planned.root.clone()).collect();
    layout::name_apart(&mut named);
    for (planned, named) in roots.iter_mut().zip(named) {
        planned.root.name = named.name;
    }
}

fn near(a: &str, b: &str) -> bool {
    let is_below = |path: &str, folder: &str| crate::source::TreePath::new(path).is_below(folder);
    is_below(a, b) || is_below(b, a)
}

/// Schemas of the same database: those that share most of their tables.
fn groups(declared: Vec<DeclaredSchema>) -> Vec<Vec<Candidate>> {
    let mut groups: Vec<Vec<Candidate>> = Vec::new();
    for schema in declared {
        let dialect = schema.dialect.0;
        let created = schema.statements.iter().filter_map(|statement| created(&statement.text.sql, dialect));
        let candidate = Candidate { tables: created.collect(), schema };
        if candidate.tables.is_empty() {
            continue;
        }
        let shares = |other: &Candidate| {
            let shared = other.tables.intersection(&candidate.tables).count();
            let is_other_kind = is_models(&other.schema) != is_models(&candidate.schema);
            is_other_kind
                && other.schema.project == candidate.schema.project
                && shared * 2 >= other.tables.len().min(candidate.tables.len())
        };
        match groups.iter_mut().find(|group| group.iter().any(shares)) {
            Some(group) => group.push(candidate),
            None => groups.push(vec![candidate]),
        }
    }
    groups
}

/// Tables that a file declares of which a part is not the language may have columns that nobody could read.
pub(super) fn doubt_faulty(mut declared: Vec<DeclaredSchema>, files: &[HostFacts]) -> Vec<DeclaredSchema> {
    let faulty = files.iter().filter(|facts| !facts.faults.is_empty()).map(|facts| facts.file);
    let faulty: BTreeSet<FileId> = faulty.collect();
    for schema in &mut declared {
        let dialect = schema.dialect.0;
        let of_faulty = schema.statements.iter().filter(|statement| faulty.contains(&statement.place.file));
        schema.partial.extend(of_faulty.filter_map(|statement| created(&statement.text.sql, dialect)));
    }
    declared
}

/// The table that a statement creates.
pub(super) fn created(sql: &str, dialect: Dialect) -> Option<QName> {
    let mut words = sql.split_ascii_whitespace();
    let first = words.next().is_some_and(|word| word.eq_ignore_ascii_case("create"));
    let creates = first && words.take(3).any(|word| word.eq_ignore_ascii_case("table"));
    if creates { ddl::named_table(sql, dialect) } else { None }
}

fn is_models(schema: &DeclaredSchema) -> bool {
    matches!(schema.by, DeclaredBy::Models(_))
}

/// Migrations come first, unless they make less than four fifths of the tables that the models declare: then they were
/// not begun from an empty database, or cannot be followed.
fn best(group: &[Candidate], wanted: &Wanted) -> Option<usize> {
    let most = |models: bool| {
        let of_kind = group.iter().enumerate().filter(|(_, candidate)| is_models(&candidate.schema) == models);
        of_kind.max_by_key(|(at, candidate)| (candidate.tables.len(), std::cmp::Reverse(*at))).map(|(at, _)| at)
    };
    let (models, migrations) = (most(true), most(false));
    match wanted {
        Wanted::Models => models,
        Wanted::Migrations => migrations,
        Wanted::Best | Wanted::Files => match (models, migrations) {
            (Some(models), Some(migrations)) => {
                let both = group[models].tables.intersection(&group[migrations].tables).count();
                Some(if both * 5 >= group[models].tables.len() * 4 { migrations } else { models })
            }
            (one, other) => one.or(other),
        },
    }
}

/// The folder that holds all of a database's schemas.
fn folder_of(group: &[Candidate]) -> String {
    let mut folders = group.iter().map(|candidate| candidate.schema.folder.as_str());
    let first = folders.next().unwrap_or("").to_owned();
    folders.fold(first, |shared, folder| {
        let parts = shared.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b);
        parts.map(|(part, _)| part).collect::<Vec<_>>().join("/")
    })
}

/// What a declared schema is called.
pub(super) fn source_of(schema: &DeclaredSchema) -> SourceKind {
    match schema.by {
        DeclaredBy::Migrations(tool) => SourceKind::HostMigrations(tool),
        DeclaredBy::Models(framework) => SourceKind::Models(framework),
    }
}

fn take(mut group: Vec<Candidate>, best: usize, folder: String) -> Planned {
    let schema = group.swap_remove(best).schema;
    let others = group.into_iter().filter(|other| is_models(&other.schema) != is_models(&schema));
    let other = others.max_by_key(|other| other.tables.len());
    let source = source_of(&schema);
    let root = SchemaRoot {
        name: String::new(),
        paths: vec![folder.clone()],
        folder,
        source,
        dialect: None,
        files: Vec::new(),
        others: Vec::new(),
    };
    Planned { root, declared: Some(schema), others: other.map(|other| other.schema).into_iter().collect() }
}
