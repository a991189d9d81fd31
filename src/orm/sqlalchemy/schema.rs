//! The schema that mapped classes and `Table` objects declare: what `metadata.create_all` sends.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::dialect::Dialect;
use crate::host::code::{Bound, Code};
use crate::host::value::{ClassId, Kind, Value};
use crate::ir::{ExprKind, Name, Piece};
use crate::name::{Ident, QName};
use crate::orm::declared::{DeclaredBy, DeclaredSchema};
use crate::query::{PathClass, Skip, SkipStage};
use crate::source::FileId;

use super::column::{Column, Referred};
use super::ddl::{Script, Sheet};
use super::evidence;
use super::expression::Scope;
use super::models::Drafts;
use super::names::called;
use super::naming::Naming;

/// The schemas that the models of a code base declare, one for each set of models that lies apart.
pub(in crate::orm) fn schemas(code: &Code<'_>, dialect: Option<Dialect>) -> Vec<DeclaredSchema> {
    let drafts = Drafts::read(code);
    let groups = groups(&drafts);
    groups.into_iter().map(|(folder, models)| schema(&drafts, folder, &models, dialect)).collect()
}

/// Models by the folder that holds all of them.
fn groups(drafts: &Drafts<'_, '_>) -> Vec<(String, Vec<usize>)> {
    let is_own = |at: &usize| drafts.code.files[drafts.models[*at].file].class == PathClass::App;
    let mut of_bases: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut others: Vec<usize> = Vec::new();
    for at in (0..drafts.models.len()).filter(is_own) {
        match drafts.base_of(at) {
            Some(base) => of_bases.entry(base).or_default().push(at),
            None => others.push(at),
        }
    }
    let folder = |models: &[usize]| shared_folder(models.iter().map(|at| drafts.path(*at)));
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let with_folder = |models: Vec<usize>| (folder(&models), models);
    for (folder, models) in
        of_bases.into_values().map(with_folder).chain(others.into_iter().map(|at| with_folder(vec![at])))
    {
        merge(&mut groups, folder, models);
    }
    for (_, models) in &mut groups {
        models.sort_unstable();
    }
    groups
}

/// Adds models to those that lie in the same folder, above it or below it.
fn merge(groups: &mut Vec<(String, Vec<usize>)>, mut folder: String, mut models: Vec<usize>) {
    let is_near = |(other, _): &(String, Vec<usize>), folder: &str| is_below(other, folder) || is_below(folder, other);
    while let Some(at) = groups.iter().position(|group| is_near(group, &folder)) {
        let (other, more) = groups.swap_remove(at);
        models.extend(more);
        if other.len() < folder.len() {
            folder = other;
        }
    }
    groups.push((folder, models));
    groups.sort();
}

fn is_below(path: &str, folder: &str) -> bool {
    crate::source::TreePath::new(path).is_below(folder)
}

/// The folder that holds all of some files.
pub(in crate::orm) fn shared_folder<'p>(paths: impl Iterator<Item = &'p str>) -> String {
    let mut folders = paths.map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder));
    let first = folders.next().unwrap_or("").to_owned();
    folders.fold(first, |shared, folder| {
        let both = shared.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b);
        both.map(|(part, _)| part).collect::<Vec<_>>().join("/")
    })
}

fn schema(drafts: &Drafts<'_, '_>, folder: String, models: &[usize], dialect: Option<Dialect>) -> DeclaredSchema {
    let configured = dialect.map(|dialect| (dialect, "the configuration"));
    let dialect = configured.unwrap_or_else(|| evidence::near(drafts.code, &folder));
    let mut writer = Writer { drafts, script: Script::new(dialect.0) };
    let mut tables: HashMap<&QName, Vec<usize>> = HashMap::new();
    let mut order: Vec<&QName> = Vec::new();
    for at in models {
        let table = &drafts.models[*at].table;
        let known = tables.entry(table).or_default();
        if known.is_empty() {
            order.push(table);
        }
        known.push(*at);
    }
    for table in order {
        writer.table(&tables[table]);
    }
    writer.loose(models);
    let files: BTreeSet<FileId> = models.iter().map(|at| drafts.models[*at].place.file).collect();
    let Script { statements, partial, mut skips, .. } = writer.script;
    let of_group = |place: FileId| {
        files.contains(&place)
            || is_below(
                drafts.code.files.iter().find(|facts| facts.file == place).map_or("", |facts| facts.path.as_str()),
                &folder,
            )
    };
    for (place, reason, detail) in drafts.skipped.iter().filter(|(place, ..)| of_group(place.file)) {
        skips.push(Skip { stage: SkipStage::Schema, reason, detail: detail.clone(), place: *place });
    }
    let files = files.into_iter().collect();
    let project = String::new();
    DeclaredSchema { by: DeclaredBy::Models("sqlalchemy"), folder, project, dialect, statements, partial, files, skips }
}

struct Writer<'d, 'c, 'a> {
    drafts: &'d Drafts<'c, 'a>,
    script: Script,
}

impl Writer<'_, '_, '_> {
    /// Creates a table of the models that share it.
    fn table(&mut self, models: &[usize]) {
        let drafts = self.drafts;
        // A class that has a table of its own comes before those that put columns into it.
        let rank = |at: &usize| (drafts.models[*at].shares_table, drafts.models[*at].class.is_none(), *at);
        let Some(first) = models.iter().copied().min_by_key(rank) else { return };
        let mut members: Vec<usize> = models.to_vec();
        members.sort_by_key(rank);
        let mut columns: Vec<&Column> = Vec::new();
        let mut arguments: Vec<&Value> = Vec::new();
        let mut seen: BTreeSet<&Ident> = BTreeSet::new();
        for at in &members {
            let model = &drafts.models[*at];
            let is_second = *at != first && !model.shares_table;
            if is_second && self.is_told_twice(first, *at) {
                let detail = format!("`{}` is declared again; what it has more is taken to be there too", model.table);
                self.script.skip("duplicate-table", detail, model.place);
            }
            columns.extend(model.columns.iter().map(|(_, column)| column).filter(|column| seen.insert(&column.name)));
            if *at == first || model.shares_table {
                arguments.extend(&model.arguments);
            }
        }
        let name = &drafts.models[first].table;
        if members.iter().any(|at| !drafts.models[*at].complete) {
            self.script.partial.push(name.clone());
        }
        if columns.is_empty() {
            // A table without columns is one of which nothing could be told.
            self.script.skip_column(name, drafts.models[first].place);
        }
        self.with_sheet(first, &members, |script, sheet| script.create_table(sheet, &columns, &arguments));
    }

    /// Whether two models of a table are two declarations, and not a class over a `Table`.
    fn is_told_twice(&self, first: usize, second: usize) -> bool {
        let places =
            |at: usize| self.drafts.models[at].columns.iter().map(|(_, column)| column.place).collect::<BTreeSet<_>>();
        places(first).is_disjoint(&places(second))
    }

    /// Does something with a model's table.
    fn with_sheet(&mut self, at: usize, members: &[usize], work: impl FnOnce(&mut Script, &Sheet<'_>)) {
        let drafts = self.drafts;
        let model = &drafts.models[at];
        let naming = model.naming.as_ref().map(Naming::read).unwrap_or_default();
        let column =
            |value: &Value| members.iter().find_map(|at| drafts.own_column(*at, value)).or_else(|| plain_name(value));
        let member = |class: ClassId, name: &Name| member(drafts, members, class, name);
        let referred = |to: &Referred| drafts.referred(at, to);
        let scope = Scope { dialect: self.script.dialect, column: &column, member: &member };
        let sheet = Sheet { name: &model.table, place: model.place, scope, referred: &referred, naming: &naming };
        work(&mut self.script, &sheet);
    }

    /// What stands behind the classes: `Index("…", User.email)`.
    fn loose(&mut self, models: &[usize]) {
        let drafts = self.drafts;
        for value in &drafts.loose {
            let Some((_, call)) = called(value) else { continue };
            let mut owners = call.positional.iter().filter_map(|key| owner(drafts, key, 20));
            let Some(at) = owners.next().filter(|at| models.contains(at)) else { continue };
            self.with_sheet(at, &[at], |script, sheet| script.add_constraint(sheet, value));
        }
    }
}

/// A text that names no column that is known.
fn plain_name(value: &Value) -> Option<Ident> {
    value.text().map(Ident::from)
}

/// What a member of an enumeration is kept as: as the table's column of that type says, else its value.
fn member(drafts: &Drafts<'_, '_>, models: &[usize], class: ClassId, name: &Name) -> Option<String> {
    let code = drafts.code;
    let columns = models.iter().flat_map(|at| &drafts.models[*at].columns);
    let mut members = columns.filter_map(|(_, column)| column.kind.as_ref()?.members.as_ref());
    let of_column = members.find(|members| members.class == Some(class)).and_then(|members| {
        let (_, kept) = members.of_host.iter().find(|(known, _)| **known == **name)?;
        Some(kept.clone())
    });
    of_column.or_else(|| literal(code, class, name))
}

/// The text that a class binds a name to.
fn literal(code: &Code<'_>, class: ClassId, name: &str) -> Option<String> {
    let Some(Bound::Value { value: Some(value), .. }) = code.class(class).scope.get(name).last() else { return None };
    match &value.kind {
        ExprKind::Template(pieces) => match pieces.as_slice() {
            [Piece::Text { text, .. }] => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The model whose column is named within a value.
fn owner(drafts: &Drafts<'_, '_>, value: &Value, depth: u8) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let found = super::column::referred(value).filter(|to| !matches!(to, Referred::Named(_)));
    if let Some((at, _)) = found.and_then(|to| drafts.column_of(0, &to)) {
        return Some(at);
    }
    match &value.kind {
        Kind::Call(call) => {
            let arguments = call.positional.iter().find_map(|argument| owner(drafts, argument, depth));
            arguments.or_else(|| owner(drafts, &call.callee, depth))
        }
        Kind::Attribute { of, .. } | Kind::Index { of, .. } => owner(drafts, of, depth),
        _ => None,
    }
}
