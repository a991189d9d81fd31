//! The order of migrations: by what each says it needs, over all apps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::host::code::Bound;
use crate::host::flow::Evaluator;
use crate::host::value::{ClassId, Kind, Value};
use crate::ir::Name;
use crate::orm::django::apps::Apps;
use crate::query::PathClass;

/// A migration.
#[derive(Clone, Debug)]
pub(super) struct Migration {
    pub app: Name,
    pub class: ClassId,
    pub file: usize,
}

/// The label of an app, and the name of a migration of it.
type Key = (String, String);

struct Node {
    migration: Migration,
    needs: Vec<Key>,
    before: Vec<Key>,
    replaces: Vec<Key>,
}

/// Every migration of a project that is run on an empty database, in an order in which each comes behind what it needs.
pub(super) fn plan(evaluator: &mut Evaluator<'_, '_>, apps: &Apps, project: &str) -> Vec<Migration> {
    let mut nodes = nodes(evaluator, apps, project);
    let stands_for = squash(&mut nodes);
    let needs = edges(&nodes, &stands_for);
    let mut order = Order { needs: &needs, done: BTreeSet::new(), plan: Vec::new() };
    nodes.keys().for_each(|key| order.visit(key));
    order.plan.into_iter().filter_map(|key| nodes.remove(&key)).map(|node| node.migration).collect()
}

fn nodes(evaluator: &mut Evaluator<'_, '_>, apps: &Apps, project: &str) -> BTreeMap<Key, Node> {
    let code = evaluator.code;
    let is_shared = |of: &str| of.is_empty() && !apps.projects().iter().any(|root| root.is_empty());
    let mut nodes = BTreeMap::new();
    for (file, facts) in code.files.iter().enumerate() {
        let folder = facts.path.folder();
        let is_home = folder == "migrations" || folder.ends_with("/migrations");
        let of = apps.project_of(folder);
        if !is_home || facts.class == PathClass::Test || of != project && !is_shared(of) {
            continue;
        }
        let Some(Bound::Class(class)) = code.scope(file).get("Migration").last().copied() else { continue };
        let Some(app) = apps.of_path(folder) else { continue };
        let name = facts.path.file_name().trim_end_matches(".py").to_owned();
        let mut keys = |attribute: &str| keys(evaluator, apps, class, attribute);
        let (needs, before, replaces) = (keys("dependencies"), keys("run_before"), keys("replaces"));
        let migration = Migration { app: app.label.clone(), class, file };
        nodes.insert((app.label.to_lowercase(), name), Node { migration, needs, before, replaces });
    }
    nodes
}

/// The migrations that an attribute names: `[("shop", "0001_initial"), migrations.swappable_dependency(…)]`.
fn keys(evaluator: &mut Evaluator<'_, '_>, apps: &Apps, class: ClassId, attribute: &str) -> Vec<Key> {
    let Some((_, value)) = evaluator.inherited(class, &Name::from(attribute)) else { return Vec::new() };
    let key = |item: &Value| match &item.kind {
        Kind::List(pair) => match pair.as_slice() {
            [app, name] => Some((app.text()?.to_lowercase(), name.text()?)),
            _ => None,
        },
        Kind::Call(_) => {
            let (app, _) = apps.settings.user.as_deref()?.split_once('.')?;
            Some((app.to_lowercase(), "__first__".to_owned()))
        }
        _ => None,
    };
    let items = value.items().unwrap_or_default();
    items.into_iter().filter_map(key).collect()
}

/// Drops the migrations that others replace; says which stands for which.
fn squash(nodes: &mut BTreeMap<Key, Node>) -> HashMap<Key, Key> {
    let mut stands_for = HashMap::new();
    for (key, node) in &*nodes {
        for replaced in &node.replaces {
            stands_for.entry(replaced.clone()).or_insert_with(|| key.clone());
        }
    }
    // One that replaces itself by way of another is kept.
    nodes.retain(|key, _| !stands_for.contains_key(key) || resolved(&stands_for, key) == *key);
    stands_for
}

/// The migration that stands for another, over squashes of squashes.
fn resolved(stands_for: &HashMap<Key, Key>, key: &Key) -> Key {
    let mut key = key;
    for _ in 0..20 {
        match stands_for.get(key) {
            Some(next) => key = next,
            None => break,
        }
    }
    key.clone()
}

/// What each migration needs, among those that are there.
fn edges(nodes: &BTreeMap<Key, Node>, stands_for: &HashMap<Key, Key>) -> BTreeMap<Key, Vec<Key>> {
    let find = |key: &Key| {
        let (app, name) = key;
        let mut of_app = nodes.keys().filter(|(known, _)| known == app);
        match name.as_str() {
            "__first__" => of_app.next().cloned(),
            "__latest__" => of_app.next_back().cloned(),
            _ => Some(resolved(stands_for, key)).filter(|key| nodes.contains_key(key)),
        }
    };
    let mut edges: BTreeMap<Key, Vec<Key>> = nodes.keys().map(|key| (key.clone(), Vec::new())).collect();
    for (key, node) in nodes {
        let needs = node.needs.iter().filter_map(find).filter(|need| need != key);
        edges.entry(key.clone()).or_default().extend(needs);
        for later in node.before.iter().filter_map(find).filter(|later| later != key) {
            edges.entry(later).or_default().push(key.clone());
        }
    }
    edges
}

struct Order<'n> {
    needs: &'n BTreeMap<Key, Vec<Key>>,
    done: BTreeSet<Key>,
    plan: Vec<Key>,
}

impl Order<'_> {
    /// Puts a migration behind what it needs, without recursion: an app may have a thousand of them in a row.
    fn visit(&mut self, key: &Key) {
        let mut open = vec![(key.clone(), false)];
        while let Some((key, is_ready)) = open.pop() {
            if is_ready {
                self.plan.push(key);
                continue;
            }
            if !self.done.insert(key.clone()) {
                continue;
            }
            open.push((key.clone(), true));
            let needs = self.needs.get(&key).map_or(&[][..], Vec::as_slice);
            open.extend(needs.iter().rev().filter(|need| !self.done.contains(*need)).map(|need| (need.clone(), false)));
        }
    }
}
