//! The tables of a query and how they are joined, decided as Django decides it.
//!
//! A relation is joined once and used again, but one that leads to several rows is joined anew by each `filter()`. A
//! join is outer where the relation may lead nowhere, until a condition needs its row ([`Votes`]).

use std::collections::{BTreeMap, BTreeSet};

use super::super::models::FieldKind;
use super::super::types;
use super::path::Step;
use crate::dialect::Dialect;
use crate::name::{Ident, QName};
use crate::orm::select::{Join, JoinType, Relation, Source, Writer};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// Tables of a query by number; the first is the model's own.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    list: Vec<Table>,
    /// What the names of a subquery's tables begin with.
    prefix: Option<char>,
}

/// A set of tables, by number.
pub(super) type Numbers = BTreeSet<usize>;

#[derive(Clone, Debug)]
struct Table {
    alias: Ident,
    name: QName,
    place: HostSpan,
    join: Option<Joined>,
}

#[derive(Clone, Debug)]
struct Joined {
    parent: usize,
    step: Step,
    is_outer: bool,
}

impl Tables {
    /// The table of a model; `depth` is how many queries stand around this one.
    pub(super) fn new(name: &QName, depth: usize, place: HostSpan) -> Self {
        let prefix = match depth {
            0 => None,
            depth => char::from_u32(u32::from('t') + u32::try_from(depth).unwrap_or(1).min(6)),
        };
        let mut tables = Self { list: Vec::new(), prefix };
        let alias = tables.next_alias(&name.name);
        tables.list.push(Table { alias, name: name.clone(), place, join: None });
        tables
    }

    fn next_alias(&self, table: &Ident) -> Ident {
        let number = self.list.len();
        match self.prefix {
            Some(prefix) => Ident::new(format!("{prefix}{number}")),
            None if self.list.iter().any(|known| known.alias == *table) => Ident::new(format!("T{}", number + 1)),
            None => table.clone(),
        }
    }

    /// What a table is called in the query.
    pub(super) fn alias(&self, table: usize) -> &Ident {
        &self.list[table].alias
    }

    /// Joins a relation; `reuse` names the tables that may stand for it where it leads to several rows.
    pub(super) fn join(&mut self, parent: usize, step: &Step, reuse: Option<&Numbers>, place: HostSpan) -> usize {
        let is_same = |number: &usize| {
            let joined = self.list[*number].join.as_ref();
            let may = !step.many || reuse.is_none_or(|reuse| reuse.contains(number));
            may && joined.is_some_and(|joined| joined.parent == parent && joined.step.is_same(step))
        };
        if let Some(known) = (0..self.list.len()).find(is_same) {
            return known;
        }
        let is_outer = step.nullable || self.is_outer(parent);
        let alias = self.next_alias(&step.table.name);
        let join = Some(Joined { parent, step: step.clone(), is_outer });
        self.list.push(Table { alias, name: step.table.clone(), place, join });
        self.list.len() - 1
    }

    /// Says whether the rows of a table may be missing.
    pub(super) fn is_outer(&self, table: usize) -> bool {
        self.list[table].join.as_ref().is_some_and(|joined| joined.is_outer)
    }

    /// The tables whose rows are always there.
    pub(super) fn inner(&self) -> Numbers {
        (1..self.list.len()).filter(|number| !self.is_outer(*number)).collect()
    }

    /// How many tables there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Says whether only the model's own table is read.
    pub(super) fn is_single(&self) -> bool {
        self.list.len() == 1
    }

    /// Makes joins outer where their rows may be missing, and those that hang on them.
    pub(super) fn promote(&mut self, tables: Vec<usize>) {
        let mut waiting = tables;
        while let Some(table) = waiting.pop() {
            let Some(joined) = &self.list[table].join else { continue };
            let may = joined.step.nullable || self.is_outer(joined.parent);
            if !may || joined.is_outer {
                continue;
            }
            if let Some(joined) = &mut self.list[table].join {
                joined.is_outer = true;
            }
            let below = |number: &usize| self.list[*number].join.as_ref().is_some_and(|joined| joined.parent == table);
            waiting.extend((0..self.list.len()).filter(below));
        }
    }

    /// Makes joins inner, and those that they hang on.
    pub(super) fn demote(&mut self, tables: &Numbers) {
        for table in tables {
            let mut at = Some(*table);
            while let Some(joined) = at.and_then(|table| self.list[table].join.as_mut()) {
                joined.is_outer = false;
                at = Some(joined.parent);
            }
        }
    }

    /// The model's own table.
    pub(super) fn base(&self) -> Source {
        self.source(0)
    }

    fn source(&self, table: usize) -> Source {
        let Table { alias, name, place, .. } = &self.list[table];
        Source { relation: Relation::Table(name.clone()), alias: alias.clone(), place: *place }
    }

    /// The joins, in order.
    pub(super) fn joins(&self, dialect: Dialect) -> Vec<Join> {
        let join = |number: usize| {
            let table = &self.list[number];
            let joined = table.join.as_ref()?;
            let writer = Writer { dialect, place: table.place };
            let theirs = writer.column(self.alias(joined.parent), &joined.step.from, table.place);
            let own = writer.column(&table.alias, &joined.step.own, table.place);
            let own = match joined.step.kinds.as_ref().and_then(|(from, own)| cast(from, own, dialect)) {
                Some(to) => own.within("(", &format!(")::{to}"), table.place),
                None => own,
            };
            let mut on = theirs.then(" = ").and(own);
            if let Some(kind) = &joined.step.content_type {
                let kind = writer.column(&table.alias, kind, table.place);
                on = on.then(" AND ").and(kind).then(" = ").and(Sql::param(table.place));
            }
            let kind = if joined.is_outer { JoinType::Left } else { JoinType::Inner };
            Some(Join { kind, source: self.source(number), on: Some(on) })
        };
        (1..self.list.len()).filter_map(join).collect()
    }
}

/// The type that the joined column is put into where PostgreSQL would not compare both, or compares them as another one.
fn cast(from: &FieldKind, own: &FieldKind, dialect: Dialect) -> Option<String> {
    let (from, own) = (types::of(from, dialect)?.sql, types::of(own, dialect)?.sql);
    (dialect == Dialect::Postgres && from != own).then_some(from)
}

/// What the conditions of one group say about joins (`JoinPromoter`).
pub(super) struct Votes {
    of: BTreeMap<usize, usize>,
    children: usize,
    is_any: bool,
}

impl Votes {
    /// The votes of a group; under a NOT, what holds for any holds for all and the other way round.
    pub(super) fn new(children: usize, is_any: bool) -> Self {
        Self { of: BTreeMap::new(), children, is_any }
    }

    /// A child needs rows of these tables.
    pub(super) fn add(&mut self, needed: &Numbers) {
        for table in needed {
            *self.of.entry(*table).or_default() += 1;
        }
    }

    /// Makes joins outer or inner; gives those whose rows the group needs.
    pub(super) fn apply(self, tables: &mut Tables) -> Numbers {
        let all = |votes: usize| votes == self.children;
        let outer = self.of.iter().filter(|(_, votes)| self.is_any && !all(**votes)).map(|(table, _)| *table);
        tables.promote(outer.collect());
        let inner = self.of.iter().filter(|(_, votes)| !self.is_any || all(**votes));
        let inner: Numbers = inner.map(|(table, _)| *table).collect();
        tables.demote(&inner);
        inner
    }
}
