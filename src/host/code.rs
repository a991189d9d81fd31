//! The names of a code base: its modules, and what each binds at its top level.
//!
//! Resolves names to declarations over the whole tree; evaluates nothing. Knows paths as text, and no file system.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::facts::HostFacts;
use super::value::{ClassId, FunctionId};
use crate::ir::{BinaryOp, Class, Expr, ExprKind, Function, Import, Name, Stmt, StmtKind};
use crate::source::{FileId, HostSpan};

/// A code base with its names.
pub struct Code<'a> {
    /// Its files, in the order of their numbers.
    pub files: &'a [HostFacts],
    /// Files by their path without `.py` or `/__init__.py`.
    modules: HashMap<&'a str, usize>,
    folders: BTreeSet<&'a str>,
    /// The folders that hold a module or folder of a name, by that name.
    homes: HashMap<&'a str, Vec<&'a str>>,
    scopes: Vec<Scope<'a>>,
    /// Every class.
    pub classes: Vec<ClassEntry<'a>>,
    /// Every function and method.
    pub functions: Vec<FunctionEntry<'a>>,
    /// The functions of each file.
    of_files: Vec<Range<u32>>,
    by_address: HashMap<usize, u32>,
}

/// What a module or a class binds.
#[derive(Default)]
pub struct Scope<'a> {
    names: HashMap<&'a str, Vec<Bound<'a>>>,
    /// The imports that bind every name.
    pub stars: Vec<&'a Import>,
    /// The names in the order in which they are first bound.
    pub order: Vec<&'a str>,
}

/// How a name is bound.
#[derive(Clone, Copy)]
pub enum Bound<'a> {
    /// By a class.
    Class(ClassId),
    /// By a function.
    Function(FunctionId),
    /// By an import.
    Import(&'a Import),
    /// By an assignment.
    Value {
        /// The type that is written to it.
        annotation: Option<&'a Expr>,
        /// The value; nothing where the name is declared only.
        value: Option<&'a Expr>,
        /// Whether it is bound in some runs only.
        sometimes: bool,
        /// Where the name stands.
        place: HostSpan,
    },
    /// By `name op= value`.
    Augment(BinaryOp, &'a Expr),
}

/// A class of the code base.
pub struct ClassEntry<'a> {
    /// Its file, by position.
    pub file: usize,
    /// What it says.
    pub class: &'a Arc<Class>,
    /// What its body binds.
    pub scope: Scope<'a>,
}

/// A function of the code base.
pub struct FunctionEntry<'a> {
    /// Its file, by position.
    pub file: usize,
    /// What it says.
    pub function: &'a Arc<Function>,
    /// The class that it is a method of.
    pub class: Option<ClassId>,
    /// Whether it stands in another function, whose names it sees.
    pub is_inner: bool,
    /// Whether it returns anything.
    pub returns: bool,
}

/// What an import names.
#[derive(Clone, Debug, PartialEq)]
pub enum Named<'a> {
    /// A module of the code base.
    Module(usize),
    /// A folder of modules.
    Folder(&'a str),
    /// Something that is declared elsewhere.
    External(String),
}

impl<'a> Code<'a> {
    /// Takes up the names of all files.
    pub fn new(files: &'a [HostFacts]) -> Self {
        let mut code = Self {
            files,
            modules: HashMap::new(),
            folders: BTreeSet::new(),
            homes: HashMap::new(),
            scopes: Vec::new(),
            classes: Vec::new(),
            functions: Vec::new(),
            of_files: Vec::with_capacity(files.len()),
            by_address: HashMap::new(),
        };
        for (number, facts) in files.iter().enumerate() {
            code.take_path(number, facts.path.as_str());
        }
        for (number, facts) in files.iter().enumerate() {
            let mut scope = Scope::default();
            let first = code.next_function();
            Taker { code: &mut code, file: number, class: None, is_inner: false }.block(&facts.body, &mut scope, false);
            code.of_files.push(first..code.next_function());
            code.scopes.push(scope);
        }
        code
    }

    fn take_path(&mut self, number: usize, path: &'a str) {
        let module = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let module = module.strip_suffix("__init__").map_or(module, |folder| folder.trim_end_matches('/'));
        // A package hides a module of its name.
        let is_package = path.ends_with("/__init__.py") || path == "__init__.py";
        if is_package || !self.modules.contains_key(module) {
            self.modules.insert(module, number);
        }
        let mut below = module;
        loop {
            let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
            let homes = self.homes.entry(name).or_default();
            if !homes.contains(&folder) {
                homes.push(folder);
            }
            if folder.is_empty() || !self.folders.insert(folder) {
                return;
            }
            below = folder;
        }
    }

    /// What a module binds at its top level.
    pub fn scope(&self, file: usize) -> &Scope<'a> {
        &self.scopes[file]
    }

    /// The class that a statement declares.
    pub fn class_id(&self, class: &Arc<Class>) -> Option<ClassId> {
        self.by_address.get(&(Arc::as_ptr(class) as usize)).copied().map(ClassId)
    }

    /// The function that a statement declares.
    pub fn function_id(&self, function: &Arc<Function>) -> Option<FunctionId> {
        self.by_address.get(&(Arc::as_ptr(function) as usize)).copied().map(FunctionId)
    }

    /// A class by its number.
    pub fn class(&self, id: ClassId) -> &ClassEntry<'a> {
        &self.classes[id.0 as usize]
    }

    /// A function by its number.
    pub fn function(&self, id: FunctionId) -> &FunctionEntry<'a> {
        &self.functions[id.0 as usize]
    }

    /// The numbers of all functions.
    pub fn function_ids(&self) -> impl Iterator<Item = FunctionId> + use<> {
        (0..self.next_function()).map(FunctionId)
    }

    /// The numbers of the functions of a file.
    pub fn functions_of(&self, file: usize) -> impl Iterator<Item = FunctionId> + use<> {
        self.of_files[file].clone().map(FunctionId)
    }

    /// The position of a file.
    pub fn position(&self, file: FileId) -> Option<usize> {
        self.files.binary_search_by_key(&file, |facts| facts.file).ok()
    }

    /// The number that the next function gets.
    fn next_function(&self) -> u32 {
        u32::try_from(self.functions.len()).unwrap_or(u32::MAX)
    }

    /// The numbers of all classes.
    pub fn class_ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..u32::try_from(self.classes.len()).unwrap_or(u32::MAX)).map(ClassId)
    }

    /// A place in a file.
    pub fn place(&self, file: usize, span: crate::ir::Span) -> HostSpan {
        HostSpan::new(self.files[file].file, span.start..span.end)
    }

    /// What an import of a file names, without the item.
    pub fn import(&self, file: usize, import: &Import) -> Named<'a> {
        let path: &'a str = self.files[file].path.as_str();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(above) = import.above {
            let base = (1..above).fold(folder, |folder, _| folder.rsplit_once('/').map_or("", |(above, _)| above));
            let found = self.below(base, &import.module);
            return found.unwrap_or_else(|| Named::External(import.module.join(".")));
        }
        let Some(first) = import.module.first() else { return Named::External(String::new()) };
        let root = self.package_root(folder);
        let mut homes: Vec<&'a str> = self.homes.get(&**first).cloned().unwrap_or_default();
        let ancestors = std::iter::successors(Some(root), |folder| {
            (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
        });
        for home in ancestors {
            if homes.contains(&home)
                && let Some(found) = self.below(home, &import.module)
            {
                return found;
            }
        }
        // Another root of the code base (`src/`, a service of its own), or the file's own folder for a script.
        homes.retain(|home| *home == folder || !self.is_package(home));
        homes.sort_by_key(|home| (std::cmp::Reverse(shared(home, path)), home.len(), *home));
        let found = homes.iter().find_map(|home| self.below(home, &import.module));
        found.unwrap_or_else(|| Named::External(import.module.join(".")))
    }

    /// The nearest folder above that is no package itself: where absolute imports start.
    fn package_root(&self, folder: &'a str) -> &'a str {
        let mut root = folder;
        while self.is_package(root) {
            root = root.rsplit_once('/').map_or("", |(above, _)| above);
        }
        root
    }

    fn is_package(&self, folder: &str) -> bool {
        let init = |number: &usize| self.files[*number].path.file_name().starts_with("__init__.");
        !folder.is_empty() && self.modules.get(folder).is_some_and(init)
    }

    fn below(&self, folder: &str, module: &[Name]) -> Option<Named<'a>> {
        let mut path = folder.to_owned();
        for part in module {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(part);
        }
        self.at(&path)
    }

    /// The module or folder at a path.
    pub fn at(&self, path: &str) -> Option<Named<'a>> {
        let module = self.modules.get(path).map(|number| Named::Module(*number));
        module.or_else(|| self.folders.get(path).map(|folder| Named::Folder(folder)))
    }

    /// The file that a path within the code base ends with, the nearest to a file where there are several.
    pub fn ending(&self, file: usize, path: &str) -> Option<usize> {
        let path = path.trim_start_matches(['.', '/']);
        let own = self.files[file].path.as_str();
        let is_it = |known: &str| known.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let found = (0..self.files.len()).filter(|number| is_it(self.files[*number].path.as_str()));
        found.max_by_key(|number| {
            let known = self.files[*number].path.as_str();
            (shared(known, own), std::cmp::Reverse(known.len()), std::cmp::Reverse(*number))
        })
    }

    /// Says whether a name is one of the code base's own modules or folders, wherever it lies.
    pub fn is_own(&self, name: &str) -> bool {
        self.homes.contains_key(name)
    }

    /// The module or folder of a name below a module that is a package.
    pub fn submodule(&self, file: usize, name: &str) -> Option<Named<'a>> {
        let path = &self.files[file].path;
        let is_package = path.file_name().starts_with("__init__.");
        if !is_package {
            return None;
        }
        let folder = path.folder();
        self.at(&if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
    }
}

/// How many bytes of whole folders two paths share.
fn shared(folder: &str, path: &str) -> usize {
    folder.split('/').zip(path.split('/')).take_while(|(a, b)| a == b).map(|(part, _)| part.len() + 1).sum()
}

impl<'a> Scope<'a> {
    /// How a name is bound, in order.
    pub fn get(&self, name: &str) -> &[Bound<'a>] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// All names, in the order in which they are first bound.
    pub fn names(&self) -> impl Iterator<Item = (&'a str, &[Bound<'a>])> {
        self.order.iter().map(|name| (*name, self.get(name)))
    }

    fn bind(&mut self, name: &'a str, bound: Bound<'a>) {
        let known = self.names.entry(name).or_default();
        if known.is_empty() {
            self.order.push(name);
        }
        known.push(bound);
    }
}

/// Whether a block gives its function something to return.
fn returns(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(value) => value.is_some(),
        StmtKind::If { then, otherwise, .. } => returns(then) || returns(otherwise),
        StmtKind::Either(blocks) => blocks.iter().any(|block| returns(block)),
        StmtKind::Loop { body, .. } | StmtKind::With { body, .. } => returns(body),
        _ => false,
    })
}

/// Takes up the declarations of a block.
struct Taker<'c, 'a> {
    code: &'c mut Code<'a>,
    file: usize,
    class: Option<ClassId>,
    is_inner: bool,
}

impl<'a> Taker<'_, 'a> {
    fn block(&mut self, body: &'a [Stmt], scope: &mut Scope<'a>, sometimes: bool) {
        for stmt in body {
            self.statement(stmt, scope, sometimes);
        }
    }

    fn statement(&mut self, stmt: &'a Stmt, scope: &mut Scope<'a>, sometimes: bool) {
        match &stmt.kind {
            StmtKind::Function(function) => {
                let id = self.function(function);
                scope.bind(&function.name, Bound::Function(id));
            }
            StmtKind::Class(class) => {
                let id = self.declare_class(class);
                scope.bind(&class.name, Bound::Class(id));
            }
            StmtKind::Import(imports) => {
                for import in imports {
                    match &import.bound {
                        Some(bound) => scope.bind(bound, Bound::Import(import)),
                        None => scope.stars.push(import),
                    }
                }
            }
            StmtKind::Assign { target, annotation, value } => {
                if let ExprKind::Name(name) = &target.kind {
                    let place = self.code.place(self.file, target.span);
                    let (annotation, value) = (annotation.as_ref(), value.as_ref());
                    scope.bind(name, Bound::Value { annotation, value, sometimes, place });
                }
            }
            StmtKind::Augment { target, op, value } => {
                if let ExprKind::Name(name) = &target.kind {
                    scope.bind(name, Bound::Augment(*op, value));
                }
            }
            StmtKind::If { then, otherwise, .. } => {
                self.block(then, scope, true);
                self.block(otherwise, scope, true);
            }
            StmtKind::Either(blocks) => blocks.iter().for_each(|block| self.block(block, scope, true)),
            StmtKind::Loop { body, .. } => self.block(body, scope, true),
            StmtKind::With { body, .. } => self.block(body, scope, sometimes),
            StmtKind::Expr(_) | StmtKind::Return(_) | StmtKind::Leave(_) | StmtKind::Unknown => {}
        }
    }

    fn function(&mut self, function: &'a Arc<Function>) -> FunctionId {
        let id = FunctionId(self.code.next_function());
        let (file, class, is_inner) = (self.file, self.class, self.is_inner);
        let returns = returns(&function.body);
        self.code.functions.push(FunctionEntry { file, function, class, is_inner, returns });
        self.code.by_address.insert(Arc::as_ptr(function) as usize, id.0);
        let mut inner = Taker { code: &mut *self.code, file, class: None, is_inner: true };
        inner.block(&function.body, &mut Scope::default(), false);
        id
    }

    fn declare_class(&mut self, class: &'a Arc<Class>) -> ClassId {
        let id = ClassId(u32::try_from(self.code.classes.len()).unwrap_or(u32::MAX));
        let file = self.file;
        self.code.classes.push(ClassEntry { file, class, scope: Scope::default() });
        self.code.by_address.insert(Arc::as_ptr(class) as usize, id.0);
        let mut scope = Scope::default();
        let mut inner = Taker { code: &mut *self.code, file, class: Some(id), is_inner: self.is_inner };
        inner.block(&class.body, &mut scope, false);
        self.code.classes[id.0 as usize].scope = scope;
        id
    }
}
