//! The apps of a project: which folder is one, and what it is called.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::code::Code;
use crate::host::facts::HostFacts;
use crate::host::flow::Evaluator;
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::query::PathClass;
use crate::source::TreePath;

use super::models::IntegerSize;
use super::settings::{Settings, size_of};

/// The apps of a code base.
#[derive(Debug)]
pub(super) struct Apps {
    pub settings: Settings,
    /// By folder.
    apps: BTreeMap<String, App>,
    /// The folders of projects whose apps must be kept apart; none where the tree is one project.
    projects: Vec<String>,
}

/// An app.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct App {
    pub label: Name,
    /// The size of keys that no model declares.
    pub auto_field: IntegerSize,
}

impl Apps {
    pub(super) fn read(code: &Code<'_>, evaluator: &mut Evaluator<'_, '_>) -> Self {
        let settings = Settings::read(code, evaluator);
        let mut apps = BTreeMap::new();
        for folder in folders(code, &settings) {
            let label = Name::from(folder.rsplit('/').next().unwrap_or(&folder));
            apps.insert(folder, App { label, auto_field: settings.auto_field });
        }
        let mut apps = Self { settings, apps, projects: Vec::new() };
        for class in code.class_ids() {
            apps.take_config(evaluator, class);
        }
        apps.projects = apps.apart(code);
        apps
    }

    /// The folders with a `manage.py`, if apps of two of them have the same label.
    fn apart(&self, code: &Code<'_>) -> Vec<String> {
        let is_root = |facts: &&HostFacts| facts.path.file_name() == "manage.py" && facts.class != PathClass::Test;
        let roots: Vec<String> =
            code.files.iter().filter(is_root).map(|facts| facts.path.folder().to_owned()).collect();
        let mut homes: BTreeMap<&str, &str> = BTreeMap::new();
        for (folder, app) in &self.apps {
            let root = nearest(&roots, folder);
            if homes.insert(&app.label, root).is_some_and(|other| other != root) {
                return roots;
            }
        }
        Vec::new()
    }

    /// The folder of the project that a path belongs to; empty for what several share, and where the tree is one.
    pub(super) fn project_of(&self, path: &str) -> &str {
        nearest(&self.projects, path)
    }

    /// The folders of the projects; the one of the whole tree where there are not several.
    pub(super) fn projects(&self) -> Vec<Name> {
        match self.projects.is_empty() {
            true => vec![Name::from("")],
            false => self.projects.iter().map(|root| Name::from(root.as_str())).collect(),
        }
    }

    /// `class ShopConfig(AppConfig): name = "shop"; label = "store"`
    fn take_config(&mut self, evaluator: &mut Evaluator<'_, '_>, class: ClassId) {
        let entry = evaluator.code.class(class);
        let path = &evaluator.code.files[entry.file].path;
        let Some(app) = self.apps.get_mut(path.folder()).filter(|_| is_home_of_configs(path.file_name())) else {
            return;
        };
        let lineage = evaluator.lineage(class);
        let is_config = |class: &ClassId| {
            let is_it = |base: &crate::host::value::Value| base.external().is_some_and(|path| path.ends_with("Config"));
            evaluator.bases(*class).iter().any(is_it)
        };
        if !lineage.iter().any(is_config) {
            return;
        }
        let mut text = |name: &str| evaluator.inherited(class, &Name::from(name))?.1.text();
        if let Some(label) = text("label").or_else(|| Some(text("name")?.rsplit('.').next()?.to_owned())) {
            app.label = Name::from(label);
        }
        if let Some(size) = text("default_auto_field").and_then(|path| size_of(&path)) {
            app.auto_field = size;
        }
    }

    /// The app that a file belongs to: that of the nearest folder above it.
    pub(super) fn of_path(&self, path: &str) -> Option<&App> {
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if let Some(app) = self.apps.get(above) {
                return Some(app);
            }
            folder = above;
        }
        self.apps.get("")
    }

    /// Every app.
    pub(super) fn all(&self) -> impl Iterator<Item = &App> {
        self.apps.values()
    }

    /// The app of a label.
    pub(super) fn labelled(&self, label: &str) -> Option<&App> {
        self.apps.values().find(|app| *app.label == *label)
    }
}

/// The deepest of some folders that a path is in; the tree's own where it is in none.
fn nearest<'r>(roots: &'r [String], path: &str) -> &'r str {
    let path = TreePath::new(path);
    roots.iter().filter(|root| path.is_below(root)).max_by_key(|root| root.len()).map_or("", String::as_str)
}

fn is_home_of_configs(file: &str) -> bool {
    matches!(file, "apps.py" | "__init__.py")
}

/// The folders that are apps.
///
/// What has migrations or a configuration is one. A folder that only has models is one where no app stands above it,
/// or where the settings name it.
fn folders(code: &Code<'_>, settings: &Settings) -> BTreeSet<String> {
    let mut strong = BTreeSet::new();
    let mut weak = BTreeSet::new();
    for facts in code.files {
        let path = facts.path.as_str();
        let folder = facts.path.folder();
        match facts.path.file_name() {
            "apps.py" => drop(strong.insert(folder)),
            "models.py" => drop(weak.insert(folder)),
            _ => {}
        }
        if let Some((above, name)) = folder.rsplit_once('/').or(Some(("", folder))).filter(|_| !folder.is_empty()) {
            if name == "migrations" && path.ends_with(".py") {
                strong.insert(above);
            }
            if name == "models" {
                weak.insert(above);
            }
        }
    }
    let is_installed = |folder: &str| {
        settings.installed.iter().any(|(dotted, _)| {
            let named =
                |path: &str| folder == path || folder.strip_suffix(path).is_some_and(|rest| rest.ends_with('/'));
            let path = dotted.replace('.', "/");
            named(&path) || path.rsplit_once("/apps/").is_some_and(|(path, _)| named(path))
        })
    };
    let has_app_above = |folder: &str| {
        let above = std::iter::successors(folder.rsplit_once('/'), |(above, _)| above.rsplit_once('/'));
        above.into_iter().any(|(above, _)| strong.contains(above))
    };
    let weak = weak.iter().filter(|folder| is_installed(folder) || !has_app_above(folder));
    strong.iter().chain(weak).map(|folder| (*folder).to_owned()).collect()
}
