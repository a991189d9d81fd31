//! Files to sources, sources to databases.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::migration::{self, Migration, MigrationTool, Role};
use super::path::Standing;
use super::{SourceKind, path};
use crate::dialect::Dialect;
use crate::query::PathClass;
use crate::source::TreePath;
use crate::sql::summary::FileSummary;

/// Names of files that hold the whole schema as it stands.
const DUMP_NAMES: &[&str] = &["schema", "structure", "dump", "latest", "schema_dump", "db_schema", "full_schema"];

/// A file that may belong to a schema.
#[derive(Clone)]
pub(super) struct Candidate {
    index: usize,
    path: TreePath,
    pub(super) creates: u32,
    has_ddl: bool,
    dump: bool,
    migration: Option<Migration>,
    /// How near it is to what the application runs on.
    pub(super) standing: Standing,
}

/// Files that form a schema together, in the order in which they apply.
pub(super) struct Source {
    pub(super) kind: SourceKind,
    pub(super) folder: String,
    pub(super) dialect: Option<Dialect>,
    pub(super) files: Vec<usize>,
    /// How many of `files` come first because they create tables; of loose files only.
    creating: usize,
    pub(super) creates: u32,
}

impl Candidate {
    /// A file that nobody named.
    pub(super) fn found(index: usize, path: &TreePath, summary: &FileSummary) -> Option<Self> {
        let never = matches!(summary.class, PathClass::Seed | PathClass::Vendored);
        // A file of named queries may make a table for one of them.
        let queries = summary.named > 0 && summary.creates == 0;
        if never || queries {
            return None;
        }
        let standing = path::standing(path, summary.class);
        Some(Self { standing, ..Self::named(index, path, summary)? })
    }

    /// A file that the configuration names, itself or by its folder.
    pub(super) fn named(index: usize, path: &TreePath, summary: &FileSummary) -> Option<Self> {
        let migration = migration::read(path, summary);
        let down = migration.as_ref().is_some_and(|migration| migration.role == Role::Down);
        // A migration may do all it does within a block.
        if down || !(summary.has_ddl() || migration.is_some()) {
            return None;
        }
        let name = path.file_name().to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or_default();
        let named = |word: &str| {
            stem == word || stem.strip_prefix(word).is_some_and(|rest| path::dialect(&TreePath::new(rest)).is_some())
        };
        let dump = summary.creates > 0
            && migration.is_none()
            && (summary.dump.is_some() || DUMP_NAMES.iter().any(|word| named(word)));
        Some(Self {
            index,
            path: path.clone(),
            creates: summary.creates,
            has_ddl: summary.has_ddl(),
            dump,
            migration,
            standing: Standing::Application,
        })
    }
}

/// Groups files: every dump by itself, migrations by their folder, the rest by theirs.
pub(super) fn sources(candidates: Vec<Candidate>) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut migrations: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    let mut files: BTreeMap<(String, Option<Dialect>), Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        match &candidate.migration {
            Some(migration) => migrations.entry(migration.folder.clone()).or_default().push(candidate),
            None if candidate.dump => {
                let folder = candidate.path.folder().to_owned();
                sources.push(source(SourceKind::Dump, folder, vec![candidate]));
            }
            None => {
                let key = (path::owner(candidate.path.folder()), path::dialect(&candidate.path));
                files.entry(key).or_default().push(candidate);
            }
        }
    }
    add_common(&mut migrations);
    for (folder, set) in migrations {
        // Numbered files without DDL are something else, most often queries.
        if !set.iter().any(|candidate| candidate.has_ddl) {
            continue;
        }
        for (dialect, mut set) in forms(set) {
            let tool = order(&mut set);
            let source = source(SourceKind::Migrations(tool), folder.clone(), set);
            sources.push(Source { dialect: dialect.or(source.dialect), ..source });
        }
    }
    for ((folder, _), mut set) in files {
        // Files that only alter come after those that create.
        set.sort_by(|a, b| ((a.creates == 0), &a.path).cmp(&((b.creates == 0), &b.path)));
        sources.push(source(SourceKind::Files, folder, set));
    }
    sources
}

/// The sets that one is for each dialect which files of it name behind their `.sql`; what names none is in all of them.
fn forms(set: Vec<Candidate>) -> Vec<(Option<Dialect>, Vec<Candidate>)> {
    let form = |candidate: &Candidate| Dialect::of_form(candidate.path.file_name());
    let named: BTreeSet<Dialect> = set.iter().filter_map(form).collect();
    if named.is_empty() {
        return vec![(None, set)];
    }
    let of = |dialect: Dialect| {
        let its = set.iter().filter(|candidate| form(candidate).is_none_or(|named| named == dialect));
        (Some(dialect), its.cloned().collect())
    };
    named.into_iter().map(of).collect()
}

fn source(kind: SourceKind, folder: String, set: Vec<Candidate>) -> Source {
    let dialect = path::common_dialect(set.iter().map(|candidate| &candidate.path));
    Source {
        kind,
        dialect: dialect.or_else(|| path::dialect(&TreePath::new(&folder))),
        folder,
        creates: set.iter().map(|candidate| candidate.creates).sum(),
        creating: set.iter().filter(|candidate| candidate.creates > 0).count(),
        files: set.into_iter().map(|candidate| candidate.index).collect(),
    }
}

/// Adds to the sets of single databases what they have in common, unless a version stands in both: then that is a set
/// of its own, for one database more.
fn add_common(migrations: &mut BTreeMap<String, Vec<Candidate>>) {
    let common = |set: &Vec<Candidate>| set.iter().find_map(|candidate| candidate.migration.as_ref()?.common.clone());
    let parts: Vec<(String, String)> =
        migrations.iter().filter_map(|(folder, set)| Some((folder.clone(), common(set)?))).collect();
    let version = |candidate: &Candidate| {
        let Migration { role, version, .. } = candidate.migration.as_ref()?;
        Some((*role, trimmed(version), (*role == Role::Repeatable).then(|| candidate.path.file_name().to_owned())))
    };
    let mut added = BTreeSet::new();
    for (folder, common) in parts {
        let Some(shared) = migrations.get(&common).cloned() else { continue };
        let versions: BTreeSet<_> = shared.iter().filter_map(version).collect();
        let set = migrations.entry(folder).or_default();
        if set.iter().filter_map(version).all(|version| !versions.contains(&version)) {
            set.extend(shared);
            added.insert(common);
        }
    }
    migrations.retain(|folder, _| !added.contains(folder));
}

/// Puts a set of migrations into its tool's order and tells the tool: the one that most specific file names speak for.
fn order(set: &mut Vec<Candidate>) -> MigrationTool {
    let tools = set.iter().filter_map(|candidate| candidate.migration.as_ref().map(|migration| migration.tool));
    let tool = tools.min().unwrap_or(MigrationTool::Numbered);
    let place = |candidate: &Candidate| {
        let migration = candidate.migration.as_ref().expect("a set of migrations holds nothing else");
        let (late, version) = match migration.role {
            Role::Repeatable => (true, Vec::new()),
            _ => (false, trimmed(&migration.version)),
        };
        (late, version, migration.role, candidate.path.clone())
    };
    set.sort_by_cached_key(place);
    // Flyway starts a new database at the newest baseline.
    let baseline = set.iter().filter_map(|candidate| candidate.migration.as_ref());
    let baseline = baseline.filter(|migration| migration.role == Role::Baseline).map(|m| trimmed(&m.version)).max();
    if let Some(baseline) = baseline {
        set.retain(|candidate| {
            candidate.migration.as_ref().is_some_and(|migration| match migration.role {
                Role::Baseline => trimmed(&migration.version) == baseline,
                Role::Repeatable => true,
                _ => trimmed(&migration.version) > baseline,
            })
        });
    }
    tool
}

/// `1.0` is `1`.
fn trimmed(version: &[u64]) -> Vec<u64> {
    let len = version.iter().rposition(|part| *part != 0).map_or(0, |last| last + 1);
    version[..len].to_vec()
}

/// Groups sources by the database they describe, under the folder that owns it.
///
/// Sources whose owners lie one below the other are of one application, unless the inner one stands among siblings that
/// are applications of their own (`services/a`). Loose files go to the nearest database above them; those without one
/// are one schema, wherever they lie.
pub(super) fn by_database(sources: Vec<Source>) -> Vec<(String, Vec<Source>)> {
    let mut databases: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    let (loose, firm): (Vec<_>, Vec<_>) = sources.into_iter().partition(|source| source.kind == SourceKind::Files);
    // Outer owners first, so that inner ones find them.
    let mut owned: Vec<(String, Source)> =
        firm.into_iter().map(|source| (path::owner(&source.folder), source)).collect();
    owned.sort_by(|a, b| (a.0.len(), &a.0).cmp(&(b.0.len(), &b.0)));
    for (owner, source) in owned {
        let home = home(&databases, &owner).unwrap_or(owner);
        databases.entry(home).or_default().push(source);
    }
    let mut homeless: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for source in loose {
        let owner = path::owner(&source.folder);
        match home(&databases, &owner) {
            Some(home) => databases.entry(home).or_default().push(source),
            None if path::is_boundary("", &owner) => homeless.entry(owner).or_default().push(source),
            None => homeless.entry(String::new()).or_default().push(source),
        }
    }
    for (owner, sources) in homeless {
        databases.entry(owner).or_default().extend(merge(sources));
    }
    databases.into_iter().collect()
}

/// Makes one source of loose files that name the same dialect or none.
fn merge(sources: Vec<Source>) -> Vec<Source> {
    let mut by_dialect: BTreeMap<Option<Dialect>, Source> = BTreeMap::new();
    for source in sources {
        match by_dialect.entry(source.dialect) {
            Entry::Vacant(entry) => {
                entry.insert(source);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                let (first, rest) = source.files.split_at(source.creating);
                let later = known.files.split_off(known.creating);
                known.files = [known.files.as_slice(), first, &later, rest].concat();
                known.creating += source.creating;
                known.creates += source.creates;
                known.folder.clear();
            }
        }
    }
    by_dialect.into_values().collect()
}

/// The innermost database above `owner` that is the same application's.
fn home(databases: &BTreeMap<String, Vec<Source>>, owner: &str) -> Option<String> {
    let above = databases.keys().filter(|known| TreePath::new(owner).is_below(known));
    above.filter(|known| !path::is_boundary(known, owner)).max_by_key(|known| known.len()).cloned()
}
