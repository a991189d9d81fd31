//! One statement in the making: what it names, under which aliases, and what of it could not be told.

use std::rc::Rc;

use crate::host::value::{Kind, Node, Value};
use crate::host::ways::Ways;
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::orm::Context;
use crate::orm::select::{Relation, Source, Writer};
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::models::Model;
use crate::orm::sqlalchemy::names::called;
use crate::source::HostSpan;

/// How deep statements and expressions may be nested.
const MAX_DEPTH: u8 = 40;

/// Lowers the values of one site for one form of its query.
pub(super) struct Lower<'l, 'x, 'a> {
    pub cx: &'l mut Context<'x, 'a>,
    pub ways: &'l Ways,
    /// The call that sends the query.
    pub place: HostSpan,
    /// What could not be told, and what was seen.
    pub unknown: Vec<(&'static str, String)>,
    /// What makes the whole statement unknown.
    pub failed: bool,
    /// The statements around what is lowered, the outermost first.
    pub scopes: Vec<Scope>,
    /// Common table expressions of the outermost statement.
    pub with: Vec<(Ident, Sql)>,
    pub recursive: bool,
    aliases: Vec<(Option<HostSpan>, Ident)>,
    derived: Vec<(HostSpan, Source)>,
    /// Tables that conditions name by their class and mean under an alias.
    renamed: Vec<(Ident, Ident)>,
    /// The models whose own declarations are lowered, the outermost first.
    pub declaring: Vec<Entity<'x>>,
    /// How many queries are around what is lowered that it sees nothing of.
    apart: u8,
    depth: u8,
}

/// What a statement names.
#[derive(Default)]
pub(super) struct Scope {
    /// In conditions and joins.
    pub named: Vec<Source>,
    /// In what it selects.
    pub selected: Vec<Source>,
    /// What joins classes with the tables of their parents: the names of both, and the condition.
    pub parents: Vec<(Ident, Ident, Sql)>,
}

/// Something that has columns.
#[derive(Clone)]
pub(super) struct Entity<'x> {
    pub source: Source,
    /// What is known of its columns; nothing of a subquery's.
    pub model: Option<&'x Model>,
}

impl<'l, 'x, 'a> Lower<'l, 'x, 'a> {
    pub fn new(cx: &'l mut Context<'x, 'a>, ways: &'l Ways, place: HostSpan) -> Self {
        Self {
            cx,
            ways,
            place,
            unknown: Vec::new(),
            failed: false,
            scopes: Vec::new(),
            with: Vec::new(),
            recursive: false,
            aliases: Vec::new(),
            derived: Vec::new(),
            renamed: Vec::new(),
            declaring: Vec::new(),
            apart: 0,
            depth: 0,
        }
    }

    pub fn writer(&self) -> Writer {
        Writer { dialect: self.cx.dialect, place: self.place }
    }

    pub fn pick(&self, value: &Value) -> Value {
        Rc::clone(self.ways.pick(value))
    }

    /// Notes what could not be told.
    pub fn cannot(&mut self, reason: &'static str, seen: &str) {
        self.unknown.push((reason, seen.to_owned()));
    }

    /// The whole statement cannot be told.
    pub fn fail<T>(&mut self, reason: &'static str, seen: &str) -> Option<T> {
        self.failed = true;
        self.cannot(reason, seen);
        None
    }

    /// Does something one level deeper; nothing where that is too deep.
    pub fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    /// Notes that the innermost statement names a source.
    pub fn uses(&mut self, source: &Source) {
        if let Some(scope) = self.scopes.last_mut()
            && scope.named.iter().all(|known| known.alias != source.alias)
        {
            scope.named.push(source.clone());
        }
    }

    /// What a value has columns of: a mapped class, an alias of one, a `Table`, a subquery.
    pub fn entity(&mut self, value: &Value) -> Option<Entity<'x>> {
        let value = self.pick(value);
        let linked = self.cx.linked;
        match &value.kind {
            Kind::Class(id) => {
                let entity = of_model(linked.sqlalchemy.of_class(*id)?, value.place);
                Some(self.under_alias(entity))
            }
            Kind::External(path) => {
                let entity = of_model(self.misplaced(path)?, value.place);
                Some(self.under_alias(entity))
            }
            Kind::Attribute { of, name, .. } if &**name == "__table__" => self.entity(of),
            // `self.__class__`
            Kind::Attribute { of, name, .. } if &**name == "__class__" => self.own_class(of),
            Kind::Call(_) => self.deeper(|lower| lower.called_entity(&value)),
            _ => None,
        }
    }

    pub(super) fn under_alias(&self, mut entity: Entity<'x>) -> Entity<'x> {
        if let Some((_, alias)) = self.renamed.iter().rev().find(|(table, _)| *table == entity.source.alias) {
            entity.source.alias = alias.clone();
        }
        entity
    }

    /// Does something where a table's class means the table under an alias.
    pub fn renaming<T>(&mut self, table: &Ident, alias: &Ident, work: impl FnOnce(&mut Self) -> T) -> T {
        self.renamed.push((table.clone(), alias.clone()));
        let done = work(self);
        self.renamed.pop();
        done
    }

    /// A class that is imported from where it is not, in a package of the code base's own: the only one of its name.
    pub(super) fn misplaced(&self, path: &str) -> Option<&'x Model> {
        let (first, last) = (path.split('.').next()?, path.rsplit('.').next()?);
        let linked = self.cx.linked;
        // Models name each other before they are there.
        if let Some(class) = self.declaring.last().and_then(|entity| entity.model?.class) {
            return linked.sqlalchemy.named(path, class);
        }
        if first == last || !linked.code.is_own(first) {
            return None;
        }
        linked.sqlalchemy.only(last)
    }

    /// The class of the object that a method is called on.
    fn own_class(&self, value: &Value) -> Option<Entity<'x>> {
        let value = self.pick(value);
        let Kind::Receiver(id) = value.kind else { return None };
        Some(of_model(self.cx.linked.sqlalchemy.of_class(id)?, value.place))
    }

    /// What has an attribute, its name, and where that stands; a method that declares one is one, too.
    pub fn attribute_of(&self, value: &Value) -> Option<(Value, Name, HostSpan)> {
        match &self.pick(value).kind {
            Kind::Attribute { of, name, name_place } => Some((Rc::clone(of), name.clone(), *name_place)),
            Kind::Function(id, Some(of)) => {
                let name = self.cx.linked.code.function(*id).function.name.clone();
                Some((Rc::clone(of), name, value.place))
            }
            _ => None,
        }
    }

    fn called_entity(&mut self, value: &Value) -> Option<Entity<'x>> {
        if let Some((_, source)) = self.derived.iter().find(|(place, _)| *place == value.place) {
            return Some(Entity { source: source.clone(), model: None });
        }
        if let Some((name, _, of, call)) = value.method() {
            match &**name {
                "alias" | "tablesample" => {
                    let named = call.argument(0, "name").and_then(|name| name.text());
                    if let Some(entity) = self.entity(of) {
                        return Some(self.aliased(entity, value, named));
                    }
                    return self.subquery(of, value, named);
                }
                "subquery" => {
                    let named = call.argument(0, "name").and_then(|name| name.text());
                    return self.subquery(of, value, named);
                }
                "lateral" => {
                    let named = call.argument(0, "name").and_then(|name| name.text());
                    return self.lateral(of, value, named);
                }
                "cte" => return self.cte(of, value, call.argument(0, "name").and_then(|name| name.text())),
                "union" | "union_all" => return self.recursive_cte(of, value),
                _ => {}
            }
        }
        let (word, call) = called(value)?;
        match word {
            "aliased" | "with_polymorphic" | "alias" => {
                let entity = self.entity(call.positional.first()?)?;
                if word == "with_polymorphic" {
                    return Some(entity);
                }
                // A class whose rows are those of a subquery.
                if let Some(rows) = call.argument(1, "alias").filter(|rows| word == "aliased" && !rows.is_null()) {
                    let rows = self.entity(rows)?;
                    return Some(Entity { source: rows.source, ..entity });
                }
                let named = call.named("name").and_then(|name| name.text());
                Some(self.aliased(entity, value, named))
            }
            "type" => self.own_class(call.positional.first()?),
            "Table" => Some(of_model(self.cx.linked.sqlalchemy.of_table(value.place)?, value.place)),
            _ => None,
        }
    }

    fn aliased(&mut self, entity: Entity<'x>, value: &Node, named: Option<String>) -> Entity<'x> {
        let base = match &entity.source.relation {
            Relation::Table(table) => table.name.as_str().to_owned(),
            Relation::Query(_) | Relation::Lateral(_) => "anon".to_owned(),
        };
        let alias = self.alias(value.place, named, &base);
        Entity { source: Source { alias, place: value.place, ..entity.source }, ..entity }
    }

    /// The alias of what is written at a place: the same for the same place.
    pub fn alias(&mut self, place: HostSpan, named: Option<String>, base: &str) -> Ident {
        match self.aliases.iter().find(|(known, _)| *known == Some(place)) {
            Some((_, alias)) => alias.clone(),
            None => self.new_alias(Some(place), named, base),
        }
    }

    /// An alias that nothing else has.
    pub fn new_alias(&mut self, place: Option<HostSpan>, named: Option<String>, base: &str) -> Ident {
        let is_free =
            |alias: &Ident, known: &[(Option<HostSpan>, Ident)]| known.iter().all(|(_, other)| other != alias);
        let named = named.map(Ident::new).filter(|alias| is_free(alias, &self.aliases));
        let alias = named.unwrap_or_else(|| {
            let mut number = 1;
            loop {
                let alias = Ident::new(format!("{base}_{number}"));
                if is_free(&alias, &self.aliases) {
                    return alias;
                }
                number += 1;
            }
        });
        self.aliases.push((place, alias.clone()));
        alias
    }

    /// A query in FROM; it sees nothing of what is around it.
    fn subquery(&mut self, of: &Value, value: &Value, named: Option<String>) -> Option<Entity<'x>> {
        let query = self.apart(of)?;
        Some(self.derive(Relation::Query(Box::new(query)), value, named))
    }

    /// A query in FROM that sees what is before it.
    fn lateral(&mut self, of: &Value, value: &Value, named: Option<String>) -> Option<Entity<'x>> {
        let query = self.deeper(|lower| lower.query_sql(of))?;
        Some(self.derive(Relation::Lateral(Box::new(query)), value, named))
    }

    fn derive(&mut self, relation: Relation, value: &Value, named: Option<String>) -> Entity<'x> {
        let alias = self.alias(value.place, named, "anon");
        let source = Source { relation, alias, place: value.place };
        self.derived.push((value.place, source.clone()));
        Entity { source, model: None }
    }

    /// The SQL of a query that sees nothing of what is around it.
    pub fn apart(&mut self, query: &Value) -> Option<Sql> {
        let around = std::mem::take(&mut self.scopes);
        self.apart += 1;
        let sql = self.deeper(|lower| lower.query_sql(query));
        self.apart -= 1;
        self.scopes = around;
        sql
    }

    /// Whether no other statement is around the one that is lowered.
    pub fn is_outermost(&self) -> bool {
        self.scopes.is_empty() && self.apart == 0
    }

    fn cte(&mut self, of: &Value, value: &Value, named: Option<String>) -> Option<Entity<'x>> {
        let query = self.apart(of)?;
        let alias = self.alias(value.place, named, "anon");
        self.with.push((alias.clone(), query));
        let table = QName { schema: None, name: alias.clone() };
        let source = Source { relation: Relation::Table(table), alias, place: value.place };
        self.derived.push((value.place, source.clone()));
        Some(Entity { source, model: None })
    }

    /// `tree = tree.union_all(…)`: the second arm names the first.
    fn recursive_cte(&mut self, of: &Value, value: &Value) -> Option<Entity<'x>> {
        let first = self.pick(of);
        if first.method().is_none_or(|(name, ..)| &**name != "cte") {
            return None;
        }
        let entity = self.entity(&first)?;
        let (name, _, _, call) = value.method()?;
        let word = if &**name == "union_all" { " UNION ALL " } else { " UNION " };
        let second = self.apart(&Rc::clone(call.positional.first()?))?;
        let place = value.place;
        if let Some((_, query)) = self.with.iter_mut().find(|(known, _)| *known == entity.source.alias) {
            *query = Sql::join([query.clone(), second], word, place);
            self.recursive = true;
        }
        self.derived.push((place, entity.source.clone()));
        Some(entity)
    }
}

/// A mapped class under its table's own name.
pub(super) fn of_model(model: &Model, place: HostSpan) -> Entity<'_> {
    let alias = model.table.name.clone();
    Entity { source: Source { relation: Relation::Table(model.table.clone()), alias, place }, model: Some(model) }
}
