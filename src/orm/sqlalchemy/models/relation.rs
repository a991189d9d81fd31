//! Relationships: what they lead to, and by which columns.

pub(super) mod join;

use crate::host::value::{ClassId, Kind, Value};
use crate::ir::Name;
use crate::name::{Ident, QName};
use crate::source::HostSpan;

use super::super::annotation;
use super::super::names::{called, each, first_way};
use super::read::{DraftRelationship, Drafts};
use super::{Loading, Relationship, Secondary, distance};

/// Columns of two tables that must be equal.
type Pairs = Vec<(Ident, Ident)>;

/// What a relationship says of itself, apart from what it leads to.
struct Said<'v> {
    value: Option<&'v Value>,
}

impl Said<'_> {
    fn named(&self, name: &str) -> Option<&Value> {
        let call = self.value?.call()?;
        let own = call.named(name);
        // SQLModel hands them on.
        own.or_else(|| super::super::names::entry(call.named("sa_relationship_kwargs")?, name)).map(first_way)
    }
}

/// A reference between tables: the columns that refer, and those that are referred to.
struct Link {
    from: QName,
    pairs: Pairs,
}

impl Drafts<'_, '_> {
    /// The relationships of every model, those among them that another one's `backref` makes.
    pub(super) fn relationships(&mut self) -> Vec<Vec<Relationship>> {
        let mut found: Vec<Vec<Relationship>> = Vec::with_capacity(self.models.len());
        let mut back: Vec<(usize, Relationship)> = Vec::new();
        for at in 0..self.models.len() {
            let mut own = Vec::new();
            let drafts = std::mem::take(&mut self.models[at].relationships);
            for draft in &drafts {
                match self.relationship(at, draft) {
                    Some((relationship, target)) => {
                        back.extend(self.backref(at, draft, &relationship).map(|back| (target, back)));
                        own.push(relationship);
                    }
                    // It is no column all the same.
                    None => drop(self.models[at].properties.insert(draft.attribute.clone(), super::Property::Plain)),
                }
            }
            self.models[at].relationships = drafts;
            found.push(own);
        }
        // Tables between that stand within functions are found only here.
        found.resize_with(self.models.len(), Vec::new);
        for (target, relationship) in back {
            if found[target].iter().all(|known| known.attribute != relationship.attribute) {
                found[target].push(relationship);
            }
        }
        self.inherit_relationships(&mut found);
        found
    }

    /// What a parent has that shares the table.
    fn inherit_relationships(&self, found: &mut [Vec<Relationship>]) {
        for at in 0..self.models.len() {
            let mut above = at;
            for _ in 0..8 {
                if !self.models[above].shares_table {
                    break;
                }
                let Some(parent) = self.models[above].parent.and_then(|parent| self.by_class.get(&parent)) else {
                    break;
                };
                above = *parent;
                let missing = |of: &Relationship| found[at].iter().all(|known| known.attribute != of.attribute);
                let more: Vec<Relationship> = found[above].iter().filter(|of| missing(of)).cloned().collect();
                found[at].extend(more);
            }
        }
    }

    fn relationship(&mut self, at: usize, draft: &DraftRelationship) -> Option<(Relationship, usize)> {
        let said = Said { value: draft.value.as_ref().map(first_way) };
        let written = draft.annotation.as_ref().map(annotation::read).unwrap_or_default();
        let argument = said.value.and_then(|value| value.call()?.argument(0, "argument").cloned());
        let is_collection = written.is_many;
        let of_type =
            written.inner.as_ref().map(|inner| if is_collection { annotation::element(inner) } else { inner.clone() });
        let (target, text) = match argument.or(of_type) {
            Some(value) => (self.class_meant(at, draft.file, &value)?, value.text().unwrap_or_default()),
            None => return None,
        };
        let target_class = self.models[target].class?;
        let secondary_value = said.named("secondary").or_else(|| said.value?.call()?.named("link_model")).cloned();
        let is_secondary = secondary_value.as_ref().is_some_and(|value| !value.is_null());
        let secondary = secondary_value.filter(|value| !value.is_null());
        let table = secondary.as_ref().and_then(|value| self.table_meant(at, draft.file, value));
        let secondary = match (&table, is_secondary) {
            (Some(table), _) => Some(self.secondary(at, target, *table, &said, draft.file)),
            // A table between that cannot be told: nothing is known of the join.
            (None, true) => None,
            (None, false) => None,
        };
        let (join, is_to_one) = match is_secondary {
            true => (None, false),
            false => self.join(at, target, &said, draft.file),
        };
        let says_more = self.says_more(&said, draft.file, join.as_ref(), secondary.as_ref());
        let uselist = said.named("uselist").and_then(|value| value.bool());
        let says_many = is_collection || text.contains("ist[") || text.contains("et[");
        let has_type = draft.annotation.is_some() && written.wrapper.is_some();
        let many = uselist.unwrap_or(if has_type { says_many } else { !is_to_one });
        let loading = loading(&said, written.wrapper.as_deref());
        let order_by = self.order(at, target, said.named("order_by"), draft.file);
        let attribute = draft.attribute.clone();
        let relationship = Relationship {
            attribute,
            place: draft.place,
            target: target_class,
            join,
            says_more,
            secondary,
            many,
            loading,
            order_by,
        };
        Some((relationship, target))
    }

    /// The relationship that a `backref` puts on the target.
    fn backref(&mut self, at: usize, draft: &DraftRelationship, of: &Relationship) -> Option<Relationship> {
        let value = draft.value.as_ref().map(first_way)?;
        let backref = first_way(value.call()?.named("backref")?);
        let (name, options) = match backref.text() {
            Some(name) => (name, None),
            None => match called(backref)? {
                ("backref", call) => (call.argument(0, "name")?.text()?, Some(backref)),
                _ => return None,
            },
        };
        let said = Said { value: options };
        let flip = |pairs: &Pairs| pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect::<Pairs>();
        let secondary = of.secondary.as_ref().map(|secondary| Secondary {
            table: secondary.table.clone(),
            local: flip(&secondary.remote),
            remote: flip(&secondary.local),
        });
        let uselist = said.named("uselist").and_then(|value| value.bool());
        let of_one = self.points_away(at, of);
        let target = self.by_class.get(&of.target).copied().unwrap_or(at);
        Some(Relationship {
            attribute: Name::from(name),
            place: backref.place,
            target: self.models[at].class?,
            join: of.join.as_ref().map(flip),
            says_more: of.says_more,
            secondary,
            many: uselist.unwrap_or(of_one || of.secondary.is_some()),
            loading: loading(&said, None),
            order_by: self.order(target, at, said.named("order_by"), draft.file),
        })
    }

    /// Whether a relationship follows a reference of the own table: the way back leads to many.
    fn points_away(&self, at: usize, of: &Relationship) -> bool {
        let Some(join) = &of.join else { return !of.many };
        let refers = |(local, _): &(Ident, Ident)| {
            self.models[at].column_named(local).is_some_and(|column| !column.references.is_empty())
        };
        let is_self = self.models[at].class == Some(of.target);
        if is_self { !of.many } else { join.iter().any(refers) }
    }

    /// The model that a relationship names: `"User"`, `User`, `lambda: User`, `"app.models.User"`.
    fn class_meant(&mut self, at: usize, file: usize, value: &Value) -> Option<usize> {
        let value = first_way(value);
        match &value.kind {
            Kind::Class(id) => self.by_class.get(id).copied(),
            Kind::Lambda(body) => self.class_meant(at, file, &body.clone()),
            Kind::External(path) => self.model_named(at, file, path),
            Kind::Text(_) => self.model_named(at, file, innermost(&value.text()?)),
            Kind::Index { .. } => {
                let inner = annotation::element(value);
                self.class_meant(at, file, &inner)
            }
            _ => None,
        }
    }

    /// The model of a name: what the file binds to it, else the nearest.
    fn model_named(&mut self, at: usize, file: usize, name: &str) -> Option<usize> {
        let (path, last) = name.rsplit_once('.').map_or(("", name), |(path, last)| (path, last));
        if path.is_empty()
            && let Some(value) = self.evaluator.global(file, &Name::from(name))
            && let Kind::Class(id) = value.kind
            && let Some(known) = self.by_class.get(&id)
        {
            return Some(*known);
        }
        let own = self.path(at);
        let path = path.replace('.', "/");
        let known = self.by_name.get(last)?.iter().copied();
        let fits = |at: &usize| {
            path.is_empty() || self.path(*at).trim_end_matches(".py").trim_end_matches("/__init__").ends_with(&path)
        };
        let named = known.clone().filter(fits).min_by_key(|at| distance(own, self.path(*at)));
        named.or_else(|| known.min_by_key(|at| distance(own, self.path(*at))))
    }

    /// The table between two: by its name, by what is bound to it, or by its class.
    fn table_meant(&mut self, at: usize, file: usize, value: &Value) -> Option<usize> {
        let value = first_way(value);
        match &value.kind {
            Kind::Class(id) => self.by_class.get(id).copied(),
            Kind::Lambda(body) => self.table_meant(at, file, &body.clone()),
            Kind::Attribute { of, name, .. } if **name == *"__table__" => self.table_meant(at, file, &of.clone()),
            Kind::Text(_) => {
                let text = value.text()?;
                if let Some(known) = self.table_named(at, &text) {
                    return Some(known);
                }
                let name = text.strip_suffix(".__table__").unwrap_or(&text);
                match self.evaluator.global(file, &Name::from(name)) {
                    Some(bound) if bound.text().is_none() => self.table_meant(at, file, &bound),
                    _ => self.model_named(at, file, name),
                }
            }
            _ => match self.by_place.get(&value.place) {
                Some(known) => Some(*known),
                None => self.take_table(file, value),
            },
        }
    }

    fn secondary(&mut self, at: usize, target: usize, table: usize, said: &Said<'_>, file: usize) -> Secondary {
        let name = self.models[table].table.clone();
        let of = |drafts: &mut Self, join: &str, other: usize| -> Pairs {
            let Some(value) = said.named(join) else {
                let links = drafts.links(table, other);
                return match links.as_slice() {
                    [only] => only.pairs.iter().map(|(own, far)| (far.clone(), own.clone())).collect(),
                    _ => Pairs::new(),
                };
            };
            let pairs = drafts.equalities(at, file, value, 8);
            let between = drafts.models[table].table.clone();
            let oriented =
                pairs.into_iter().filter_map(|(left, right)| match (left.table == between, right.table == between) {
                    (false, true) => Some((left.column, right.column)),
                    (true, false) => Some((right.column, left.column)),
                    _ => None,
                });
            oriented.collect()
        };
        let local = of(self, "primaryjoin", at);
        let remote = of(self, "secondaryjoin", target).into_iter().map(|(far, own)| (own, far)).collect();
        Secondary { table: name, local, remote }
    }

    /// The references of a model's table to another's.
    fn links(&self, from: usize, to: usize) -> Vec<Link> {
        let (own, far) = (&self.models[from], &self.models[to]);
        let mut links = Vec::new();
        for (_, column) in &own.columns {
            for reference in &column.references {
                if let Some((table, referred)) = self.referred(from, &reference.to)
                    && table == far.table
                {
                    let pairs = vec![(column.name.clone(), referred)];
                    links.push(Link { from: own.table.clone(), pairs });
                }
            }
        }
        for value in &own.arguments {
            if let Some((table, pairs)) = self.key_constraint(from, value)
                && table == far.table
            {
                links.push(Link { from: own.table.clone(), pairs });
            }
        }
        links
    }

    /// What a `ForeignKeyConstraint([…], […])` says.
    fn key_constraint(&self, at: usize, value: &Value) -> Option<(QName, Pairs)> {
        let ("ForeignKeyConstraint", call) = called(value)? else { return None };
        let (own, far) = (call.argument(0, "columns")?.items()?, call.argument(1, "refcolumns")?.items()?);
        let mut table = None;
        let mut pairs = Pairs::new();
        for (own, far) in own.iter().zip(far) {
            let (of, column) = self.referred(at, &super::super::column::referred(far)?)?;
            table = Some(of);
            pairs.push((self.own_column(at, own)?, column));
        }
        Some((table?, pairs))
    }

    /// The column of a model that a value of its own body names.
    pub(in crate::orm::sqlalchemy) fn own_column(&self, at: usize, value: &Value) -> Option<Ident> {
        let value = first_way(value);
        let model = &self.models[at];
        match &value.kind {
            Kind::Text(_) => {
                let name = value.text()?;
                let known = model.column(&name).or_else(|| model.column_named(&Ident::new(&name)));
                known.map(|column| column.name.clone())
            }
            Kind::Attribute { of, name, .. } => match &of.kind {
                Kind::Class(_) | Kind::Receiver(_) => {
                    // A mixin's attribute is the model's; another model's is not.
                    let is_other = |id: &ClassId| {
                        self.by_class.get(id).is_some_and(|other| self.models[*other].table != model.table)
                    };
                    let foreign = matches!(&of.kind, Kind::Class(id) | Kind::Receiver(id) if is_other(id));
                    let inherited = || {
                        self.column_of(at, &super::super::column::referred(value)?)
                            .map(|(_, column)| column.name.clone())
                    };
                    if foreign { None } else { model.column(name).map(|column| column.name.clone()).or_else(inherited) }
                }
                Kind::Attribute { name: columns, .. } if matches!(&**columns, "c" | "columns") => {
                    model.column(name).map(|column| column.name.clone())
                }
                _ => None,
            },
            // `cls.owner_id`, which a `declared_attr` of the class makes.
            Kind::Function(id, Some(_)) => {
                let name = &self.code.function(*id).function.name;
                model.column(name).map(|column| column.name.clone())
            }
            // The call itself, where a method of the class returns it.
            Kind::Call(_) => {
                let is_it = |place: HostSpan| {
                    place.file == value.place.file && value.place.start <= place.start && place.end <= value.place.end
                };
                model
                    .columns
                    .iter()
                    .map(|(_, column)| column)
                    .find(|column| is_it(column.place))
                    .map(|column| column.name.clone())
            }
            _ => None,
        }
    }

    fn order(&mut self, at: usize, target: usize, value: Option<&Value>, file: usize) -> Vec<(Ident, bool)> {
        let Some(value) = value.cloned() else { return Vec::new() };
        let parsed = match &value.kind {
            Kind::Text(_) => value.text().and_then(|text| self.parsed(file, &text)),
            Kind::Lambda(body) => Some(body.clone()),
            _ => None,
        };
        let value = parsed.unwrap_or(value);
        let mut order = Vec::new();
        for item in each(&value) {
            let (item, is_descending) = direction(item);
            let place = self.place(target, file, item).or_else(|| self.place(at, file, item));
            match place {
                Some(place) if place.table == self.models[target].table => order.push((place.column, is_descending)),
                // An order that is known in part is another order.
                _ => break,
            }
        }
        order
    }
}

/// A key of an order without its direction.
fn direction(value: &Value) -> (&Value, bool) {
    let value = first_way(value);
    if let Some((name, call)) = called(value)
        && matches!(name, "desc" | "asc" | "nulls_last" | "nullslast" | "nulls_first" | "nullsfirst")
    {
        // `desc(x)`, or `x.desc()`
        let of = call.positional.first().or_else(|| value.method().map(|(_, _, of, _)| of));
        if let Some(of) = of {
            let (inner, is_descending) = direction(of);
            return (inner, is_descending || name == "desc");
        }
    }
    match value.method() {
        Some((name, _, of, _)) if matches!(&**name, "desc" | "asc" | "nulls_last" | "nullslast") => {
            let (inner, is_descending) = direction(of);
            (inner, is_descending || **name == *"desc")
        }
        _ => (value, false),
    }
}

fn loading(said: &Said<'_>, wrapper: Option<&str>) -> Loading {
    match wrapper {
        Some("DynamicMapped") => return Loading::Dynamic,
        Some("WriteOnlyMapped") => return Loading::WriteOnly,
        _ => {}
    }
    let Some(lazy) = said.named("lazy") else {
        let is_dynamic = said.value.and_then(called).is_some_and(|(name, _)| name == "dynamic_loader");
        return if is_dynamic { Loading::Dynamic } else { Loading::Lazy };
    };
    match (lazy.text().as_deref(), lazy.bool()) {
        (Some("joined"), _) | (_, Some(false)) => Loading::Joined,
        (Some("selectin"), _) => Loading::Selectin,
        (Some("subquery"), _) => Loading::Subquery,
        (Some("dynamic"), _) => Loading::Dynamic,
        (Some("write_only"), _) => Loading::WriteOnly,
        (Some("raise" | "raise_on_sql"), _) => Loading::Raise,
        (Some("noload"), _) => Loading::No,
        _ if lazy.is_null() => Loading::No,
        _ => Loading::Lazy,
    }
}

/// The class that a type in a string names: `User` of `Optional[User]`, `User | None`, `List["User"]`.
fn innermost(text: &str) -> &str {
    let inner = text.rsplit('[').next().unwrap_or(text);
    let inner = inner.split(['|', ']', ',']).map(str::trim).find(|part| !part.is_empty() && *part != "None");
    inner.unwrap_or(text).trim_matches(['"', '\''])
}
