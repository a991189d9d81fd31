//! Classes: which are mapped, to which table, and what they are made from.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::host::code::Bound;
use crate::host::value::{Call, ClassId, Kind, Piece, Value};
use crate::ir::{Expr, ExprKind, Name};

use super::super::names::{called, class_value, decorator, entry, first_way, word};
use super::super::types::Type;
use super::read::{DraftModel, Drafts, naming_of, option, qualified, schema_of};

/// What makes classes mapped ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A declarative base.
    Declarative,
    /// Flask-SQLAlchemy's `db.Model`, which names tables itself.
    Flask,
    /// SQLModel, whose tables say `table=True`.
    SqlModel,
}

/// What a class is made from.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Classes of the code base, itself first, as attributes are looked up.
    pub classes: Vec<ClassId>,
    /// What makes it a mapped one.
    pub style: Option<Style>,
    /// Whether a base stands in no file that was read.
    pub has_unknown: bool,
    /// Whether it is a base that says what mapped classes are.
    pub is_base: bool,
    /// The values of bases that are calls: `declarative_base(metadata=…)`.
    pub calls: Vec<Value>,
}

/// The SQL types that a base gives to host types.
#[derive(Debug, Default)]
pub(super) struct Map(pub Vec<(Value, Type)>);

/// How many classes are followed up.
const MAX_BASES: usize = 200;

impl Drafts<'_, '_> {
    /// What a class is made from.
    pub(super) fn line(&mut self, id: ClassId) -> Rc<Line> {
        if let Some(known) = self.lines.get(&id) {
            return Rc::clone(known);
        }
        // A class that is made from itself is made from nothing else.
        self.lines.insert(id, Rc::new(Line { classes: vec![id], ..Line::default() }));
        let line = Rc::new(self.follow(id));
        self.lines.insert(id, Rc::clone(&line));
        line
    }

    fn follow(&mut self, id: ClassId) -> Line {
        let mut line = Line { classes: vec![id], ..Line::default() };
        self.decorated(id, &mut line);
        for base in self.evaluator.bases(id) {
            self.base(first_way(&base), &mut line);
        }
        // Of a class that several bases share, the last place counts.
        let mut kept: Vec<ClassId> = Vec::new();
        for class in line.classes.iter().rev() {
            if !kept.contains(class) && kept.len() < MAX_BASES {
                kept.push(*class);
            }
        }
        kept.reverse();
        kept.retain(|class| *class != id);
        kept.insert(0, id);
        line.classes = kept;
        line
    }

    fn decorated(&mut self, id: ClassId, line: &mut Line) {
        for expr in &self.code.class(id).class.decorators {
            let Some(name) = decorator(expr) else { continue };
            let last = name.rsplit('.').next().unwrap_or_default();
            match last {
                "as_declarative" | "as_declarative_base" => {
                    (line.style, line.is_base) = (Some(Style::Declarative), true)
                }
                "mapped" | "mapped_as_dataclass" => line.style = Some(Style::Declarative),
                _ => {}
            }
        }
    }

    fn base(&mut self, base: &Value, line: &mut Line) {
        match &base.kind {
            Kind::Class(id) => self.join_line(*id, line),
            Kind::Call(call) => match word(&call.callee) {
                Some("declarative_base" | "automap_base" | "generate_base" | "make_declarative_base") => {
                    line.style = Some(Style::Declarative);
                    line.calls.push(base.clone());
                    self.base_of_call(call, "cls", line);
                }
                Some("with_metaclass" | "declarative_mixin") => {
                    for argument in call.positional.iter().skip(1) {
                        self.base(argument, line);
                    }
                }
                Some("namedtuple" | "make_repr") => {}
                _ => line.has_unknown = true,
            },
            // `db.Model`
            Kind::Attribute { of, name, .. } if **name == *"Model" => {
                line.style = Some(Style::Flask);
                if let Some(call) = of.call() {
                    line.calls.push(of.clone());
                    self.base_of_call(call, "model_class", line);
                }
            }
            Kind::External(path) => of_external(path, line),
            _ => line.has_unknown = true,
        }
    }

    /// The class that a call takes for what all classes share.
    fn base_of_call(&mut self, call: &Call, argument: &str, line: &mut Line) {
        let Some(value) = call.named(argument).cloned() else { return };
        match &value.kind {
            Kind::Class(id) => self.join_line(*id, line),
            // `Base = declarative_base(cls=Base)`
            Kind::External(name) => {
                let file = self.code.files.iter().position(|facts| facts.file == value.place.file);
                let bounds = file.map_or(&[][..], |file| self.code.scope(file).get(name));
                let class = bounds.iter().find_map(|bound| match bound {
                    Bound::Class(id) => Some(*id),
                    _ => None,
                });
                match class {
                    Some(id) => self.join_line(id, line),
                    None => line.has_unknown = true,
                }
            }
            _ => line.has_unknown = true,
        }
    }

    fn join_line(&mut self, id: ClassId, line: &mut Line) {
        let other = self.line(id);
        line.classes.extend(&other.classes);
        line.style = line.style.or(other.style);
        line.has_unknown |= other.has_unknown;
        line.calls.extend(other.calls.iter().cloned());
    }

    /// Takes up a class if it is mapped; the number of its model.
    pub(super) fn take_class(&mut self, id: ClassId) -> Option<usize> {
        if let Some(known) = self.by_class.get(&id) {
            return Some(*known);
        }
        if !self.open.insert(id) {
            return None;
        }
        let found = self.mapped(id);
        self.open.remove(&id);
        found.map(|model| self.insert(model))
    }

    fn mapped(&mut self, id: ClassId) -> Option<DraftModel> {
        let line = self.line(id);
        let is_abstract = self.own(id, "__abstract__").and_then(|value| value.bool()) == Some(true);
        if is_abstract || line.is_base || !self.may_be_mapped(id, &line) {
            return None;
        }
        // What is made from a model shares its table unless it names its own.
        let parent = line.classes[1..].iter().copied().find(|class| self.take_class(*class).is_some());
        let parent_line: Vec<ClassId> = parent.map(|parent| self.line(parent).classes.clone()).unwrap_or_default();
        let entry = self.code.class(id);
        let mut model = DraftModel {
            class: Some(id),
            file: entry.file,
            name: Some(entry.class.name.clone()),
            table: qualified(None, ""),
            place: self.code.place(entry.file, entry.class.name_span),
            columns: Vec::new(),
            relationships: Vec::new(),
            hybrids: BTreeMap::new(),
            properties: BTreeMap::new(),
            parent,
            shares_table: false,
            identity: None,
            discriminator: None,
            arguments: Vec::new(),
            naming: None,
            complete: !line.has_unknown,
        };
        self.take_arguments(id, &line, parent, &mut model);
        self.take_options(id, &line, &mut model);
        if let Some(value) = self.own(id, "__table__") {
            return self.of_core_table(id, &value, &line, model);
        }
        self.take_attributes(&line, &parent_line, &mut model);
        self.take_name(id, &line, model)
    }

    fn may_be_mapped(&mut self, id: ClassId, line: &Line) -> bool {
        let entry = self.code.class(id);
        let names_table = |class: ClassId| {
            let scope = &self.code.class(class).scope;
            !scope.get("__tablename__").is_empty() || !scope.get("__table__").is_empty()
        };
        match line.style {
            Some(Style::SqlModel) => entry
                .class
                .keywords
                .iter()
                .any(|(name, value)| **name == *"table" && value.kind == ExprKind::Bool(true)),
            Some(Style::Declarative) => line.classes.iter().any(|class| names_table(*class)),
            Some(Style::Flask) => true,
            None => names_table(id) && line.has_unknown && self.has_columns(id),
        }
    }

    fn has_columns(&self, id: ClassId) -> bool {
        let is_column = |bound: &Bound<'_>| match bound {
            Bound::Value { value: Some(Expr { kind: ExprKind::Call(call), .. }), .. } => match &call.callee.kind {
                ExprKind::Name(name) | ExprKind::Attribute { name, .. } => {
                    matches!(&**name, "Column" | "mapped_column" | "Table")
                }
                _ => false,
            },
            _ => false,
        };
        self.code.class(id).scope.names().any(|(_, bounds)| bounds.iter().any(is_column))
    }

    /// The value of a name in a class's own body.
    pub(super) fn own(&mut self, id: ClassId, name: &str) -> Option<Value> {
        if self.code.class(id).scope.get(name).is_empty() {
            return None;
        }
        self.said(id, id, name)
    }

    /// What a class says under a name for another one that is made from it; a method is asked.
    fn said(&mut self, owner: ClassId, id: ClassId, name: &str) -> Option<Value> {
        let bounds = self.code.class(owner).scope.get(name);
        match bounds.last()? {
            Bound::Function(function) => {
                let receiver = class_value(self.code, id);
                let callee = receiver.clone();
                let call = Call { callee, positional: Vec::new(), named: Vec::new(), name_places: Vec::new() };
                self.evaluator.followed(*function, &receiver, &call)
            }
            _ => self.evaluator.class_value(owner, &Name::from(name)),
        }
    }

    /// What is said of a class under a name by itself or what it shares, but by no other mapped class.
    fn shared(&mut self, id: ClassId, line: &Line, name: &str) -> Option<Value> {
        let classes = line.classes.iter().copied().filter(|class| *class == id || !self.by_class.contains_key(class));
        let classes: Vec<ClassId> = classes.collect();
        classes.into_iter().find_map(|class| self.said(class, id, name))
    }

    fn take_arguments(&mut self, id: ClassId, line: &Line, parent: Option<ClassId>, model: &mut DraftModel) {
        // A shared `__table_args__` of the parent's was taken there.
        let said = match parent {
            Some(_) => self.own(id, "__table_args__"),
            None => self.shared(id, line, "__table_args__"),
        };
        let Some(said) = said else { return };
        let said = first_way(&said);
        let mut options = None;
        match &said.kind {
            Kind::Dict(_) => options = Some(said.clone()),
            _ => {
                for item in said.items().unwrap_or_default() {
                    match &first_way(item).kind {
                        Kind::Dict(_) => options = Some(first_way(item).clone()),
                        Kind::Call(_) => model.arguments.push(first_way(item).clone()),
                        _ => {}
                    }
                }
            }
        }
        model.table.schema = option(options.as_ref(), "schema").and_then(|schema| schema.text()).map(Into::into);
    }

    fn take_options(&mut self, id: ClassId, line: &Line, model: &mut DraftModel) {
        if let Some(said) = self.shared(id, line, "__mapper_args__") {
            let said = first_way(&said);
            model.identity = entry(said, "polymorphic_identity").and_then(|value| self.identity_of(value));
            model.discriminator = entry(said, "polymorphic_on").cloned();
        }
        let metadata = self.shared(id, line, "metadata");
        let of_calls = |drafts: &dyn Fn(&Value) -> Option<Value>| line.calls.iter().find_map(drafts);
        model.naming = metadata.as_ref().and_then(naming_of).or_else(|| of_calls(&naming_of));
        let schema = metadata
            .as_ref()
            .and_then(schema_of)
            .or_else(|| line.calls.iter().find_map(|value| schema_of(called(value)?.1.named("metadata")?)));
        if model.table.schema.is_none() {
            model.table = qualified(schema.as_deref(), "");
        }
    }

    fn identity_of(&mut self, value: &Value) -> Option<String> {
        match &value.kind {
            Kind::Attribute { of, name, .. } => match of.kind {
                Kind::Class(id) => {
                    let kind = super::super::types::of_enumeration(&mut self.evaluator, id, None);
                    let members = kind.members?.of_host;
                    members.into_iter().find(|(known, _)| **known == **name).map(|(_, kept)| kept)
                }
                _ => None,
            },
            _ => value.text().or_else(|| value.integer().map(|number| number.to_string())),
        }
    }

    /// A class that is put over a `Table`.
    fn of_core_table(&mut self, id: ClassId, value: &Value, line: &Line, mut model: DraftModel) -> Option<DraftModel> {
        let file = self.code.class(id).file;
        let at = self.take_table(file, value)?;
        let table = &self.models[at];
        model.table = table.table.clone();
        model.columns = table.columns.clone();
        model.complete &= table.complete;
        model.shares_table = false;
        self.take_attributes(line, &[], &mut model);
        Some(model)
    }

    fn take_name(&mut self, id: ClassId, line: &Line, mut model: DraftModel) -> Option<DraftModel> {
        let parent = model.parent.and_then(|parent| self.by_class.get(&parent)).map(|at| &self.models[*at]);
        let of_parent = parent.map(|parent| parent.table.clone());
        let has_key = model.columns.iter().any(|(_, column)| column.is_primary);
        let said = self.shared(id, line, "__tablename__");
        let name = match said.as_ref().map(|said| (said, &first_way(said).kind)) {
            Some((said, _)) if model.parent.is_some() && leaves_open(said) => None,
            Some((said, _)) => match self.spelled(said, id) {
                Some(name) => Some(name),
                None if first_way(said).is_null() => None,
                None => {
                    let detail = "the table's name is computed".to_owned();
                    self.skipped.push((model.place, "computed-table-name", detail));
                    return None;
                }
            },
            None => match line.style {
                Some(Style::SqlModel) => Some(self.code.class(id).class.name.to_lowercase()),
                Some(Style::Flask) if has_key => Some(snake(&self.code.class(id).class.name)),
                _ => None,
            },
        };
        match (name, of_parent) {
            (Some(name), Some(parent)) if parent.name == *name.as_str() => {
                (model.table, model.shares_table) = (parent, true);
            }
            (Some(name), _) => {
                let schema = model.table.schema.take();
                model.table = qualified(schema.as_ref().map(|schema| schema.as_str()), &name);
            }
            (None, Some(parent)) => (model.table, model.shares_table) = (parent, true),
            (None, None) => return None,
        }
        Some(model)
    }

    /// The text that a value is for a class: parts of the class's name among it.
    fn spelled(&mut self, value: &Value, id: ClassId) -> Option<String> {
        let value = first_way(value);
        match &value.kind {
            Kind::Text(pieces) => {
                let mut whole = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text { text, .. } => whole.push_str(text),
                        Piece::Hole(value) => whole.push_str(&self.spelled(value, id)?),
                        Piece::Optional(_) => return None,
                    }
                }
                Some(whole)
            }
            Kind::Attribute { of, name, .. } => match (&of.kind, &**name) {
                (Kind::Class(_) | Kind::Receiver(_), "__name__" | "__qualname__") => {
                    Some(self.code.class(id).class.name.to_string())
                }
                (Kind::Class(_) | Kind::Receiver(_), name) => self.own(id, name)?.text(),
                _ => None,
            },
            // `"".join("_" + c.lower() if c.isupper() else c for c in cls.__name__)`
            Kind::Each { over, .. } => self.spelled(over, id).map(|name| snake(&name)),
            Kind::Call(call) => self.spelled_call(value, call, id),
            _ => None,
        }
    }

    fn spelled_call(&mut self, value: &Value, call: &Call, id: ClassId) -> Option<String> {
        if let Some((name, _, of, call)) = value.method()
            && let Some(text) = self.spelled(of, id)
        {
            let argument = |at: usize| call.positional.get(at).and_then(|value| value.text());
            return match &**name {
                "lower" | "casefold" => Some(text.to_lowercase()),
                "upper" => Some(text.to_uppercase()),
                "replace" => Some(text.replace(&argument(0)?, &argument(1)?)),
                "removesuffix" => Some(text.strip_suffix(&argument(0)?).unwrap_or(&text).to_owned()),
                "removeprefix" => Some(text.strip_prefix(&argument(0)?).unwrap_or(&text).to_owned()),
                "lstrip" | "rstrip" | "strip" => {
                    Some(text.trim_matches(|char: char| Some(char.to_string()) == argument(0)).to_owned())
                }
                _ => None,
            };
        }
        let only = |at: usize| call.positional.get(at);
        match word(&call.callee)? {
            // `re.sub("(?<!^)(?=[A-Z])", "_", cls.__name__)`
            "sub" => {
                let puts_line = call
                    .positional
                    .iter()
                    .rev()
                    .skip(1)
                    .any(|value| value.text().is_some_and(|text| text.contains('_')));
                let text = self.spelled(call.positional.last()?, id)?;
                puts_line.then(|| snake(&text))
            }
            "underscore"
            | "camel_to_snake"
            | "camel_to_snake_case"
            | "snake_case"
            | "snakecase"
            | "to_snake"
            | "to_snake_case"
            | "camel2snake"
            | "camelcase_to_snakecase" => self.spelled(only(0)?, id).map(|text| snake(&text)),
            "plural" | "pluralize" => self.spelled(only(0)?, id).map(|text| plural(&text)),
            "tableize" => self.spelled(only(0)?, id).map(|text| plural(&snake(&text))),
            "str" => self.spelled(only(0)?, id),
            _ => None,
        }
    }
}

/// Says whether a name is given on some ways only: `if has_inherited_table(cls): return None`.
fn leaves_open(value: &Value) -> bool {
    match &value.kind {
        Kind::Either(ways) => ways.iter().any(|way| way.is_null()),
        _ => value.is_null(),
    }
}

fn of_external(path: &str, line: &mut Line) {
    let last = path.rsplit('.').next().unwrap_or(path);
    match last {
        "DeclarativeBase" | "DeclarativeBaseNoMeta" | "DeclarativeMeta" => {
            (line.style, line.is_base) = (Some(Style::Declarative), true);
        }
        "SQLModel" => line.style = Some(Style::SqlModel),
        "Model" if path.contains("sqlalchemy") || path.ends_with("db.Model") => line.style = Some(Style::Flask),
        _ => {
            const PLAIN: &[&str] = &[
                "sqlalchemy",
                "typing",
                "typing_extensions",
                "abc",
                "enum",
                "collections",
                "dataclasses",
                "pydantic",
                "sqlmodel",
                "flask_login",
                "zope",
                "datetime",
                "marshmallow",
            ];
            let first = path.split('.').next().unwrap_or(path);
            let is_builtin = !path.contains('.') && matches!(last, "object" | "str" | "int" | "Exception" | "dict");
            line.has_unknown |= !PLAIN.contains(&first) && !is_builtin;
        }
    }
}

/// `UserProfile` as `user_profile`, `HTTPLog` as `http_log`.
pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let starts = char.is_uppercase()
            && before.is_some_and(|before| {
                let behind = chars.get(at + 1);
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && behind.is_some_and(|char| char.is_lowercase()))
            });
        if starts {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}

fn plural(name: &str) -> String {
    let vowel_before = |stem: &str| stem.ends_with(['a', 'e', 'i', 'o', 'u']);
    if let Some(stem) = name.strip_suffix('y').filter(|stem| !vowel_before(stem)) {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end));
    format!("{name}{}", if hisses { "es" } else { "s" })
}
