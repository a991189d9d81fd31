//! How conditions become part of a query: joins, NULLs under a NOT, and subqueries for what must have no partner.

use std::rc::Rc;

use super::super::models::{Model, Models};
use super::Reader;
use super::condition::{Condition, Group};
use super::expression::{Term, class_of_django};
use super::lookup::{self, Compared};
use super::path::{Lost, Step, follow};
use super::set::Set;
use super::tables::{Numbers, Tables, Votes};
use super::value::Operand;
use crate::host::value::Value;
use crate::name::Ident;
use crate::orm::select::Writer;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

/// What stands around a condition.
#[derive(Clone, Copy)]
struct Around {
    /// An odd number of NOTs.
    is_negated: bool,
    /// Any NOT.
    is_below_not: bool,
}

/// A condition in SQL.
struct Clause {
    sql: Sql,
    is_aggregate: bool,
    /// How many conditions stand side by side in it.
    is_any: bool,
}

impl Reader<'_, '_, '_> {
    /// Adds a condition to a queryset, as one call of `filter()`.
    pub(super) fn filter(&mut self, set: &mut Set, condition: Condition) {
        let before = set.conditions.len();
        set.asked.0.push(condition.clone());
        self.narrow(set, condition);
        set.asked.1 += set.conditions.len() - before;
    }

    fn narrow(&mut self, set: &mut Set, condition: Condition) {
        let inner = set.tables.inner();
        let mut reuse = set.sticky.take().unwrap_or_default();
        let around = Around { is_negated: false, is_below_not: false };
        let Condition::Group(group) = condition else {
            let group = Group { children: vec![condition], ..Group::default() };
            return self.narrow(set, Condition::Group(group));
        };
        if group.is_negated || group.is_any {
            let before = set.unknown.len();
            let (clause, _) = self.group(set, &group, &mut reuse, around);
            place(set, clause, before);
        } else {
            let mut votes = Votes::new(group.children.len(), false);
            for child in &group.children {
                let before = set.unknown.len();
                let (clause, needed) = self.child(set, child, &mut reuse, around);
                votes.add(&needed);
                place(set, clause, before);
            }
            votes.apply(&mut set.tables);
        }
        set.tables.demote(&inner);
    }

    /// Writes a condition that is not one of the query's own, as that of an aggregate: it shares every join, and
    /// leaves no row out.
    pub(super) fn add(&mut self, set: &mut Set, condition: &Condition) -> Option<Sql> {
        let around = Around { is_negated: false, is_below_not: false };
        let mut reuse = (1..set.tables.len()).collect();
        let (clause, needed) = self.child(set, condition, &mut reuse, around);
        set.tables.promote(needed.into_iter().collect());
        clause.map(|clause| clause.sql)
    }

    fn group(
        &mut self,
        set: &mut Set,
        group: &Group,
        reuse: &mut Numbers,
        around: Around,
    ) -> (Option<Clause>, Numbers) {
        let inside = Around {
            is_negated: around.is_negated ^ group.is_negated,
            is_below_not: around.is_below_not || group.is_negated,
        };
        let mut votes = Votes::new(group.children.len(), group.is_any != inside.is_negated);
        let mut clauses = Vec::new();
        let mut is_lost = false;
        for child in &group.children {
            let (clause, needed) = self.child(set, child, reuse, inside);
            votes.add(&needed);
            is_lost |= clause.is_none();
            clauses.extend(clause);
        }
        let needed = votes.apply(&mut set.tables);
        // One of several that is not known may be what holds.
        if clauses.is_empty() || is_lost && (group.is_any || group.is_negated) {
            return (None, needed);
        }
        (Some(joined(clauses, group)), needed)
    }

    fn child(
        &mut self,
        set: &mut Set,
        child: &Condition,
        reuse: &mut Numbers,
        around: Around,
    ) -> (Option<Clause>, Numbers) {
        match child {
            Condition::Group(group) => self.group(set, group, reuse, around),
            Condition::Lookup { path, place, value } => {
                let value = Rc::clone(self.ways.pick(value));
                self.lookup(set, path, *place, &value, reuse, around)
            }
            Condition::Expression(value) => {
                let term = self.expression(set, value);
                if term.is_none() {
                    set.lost("dynamic-filter", "an expression that is not known");
                }
                let clause = term.map(|term| Clause { sql: term.sql, is_aggregate: term.is_aggregate, is_any: false });
                (clause, Numbers::new())
            }
            Condition::Unknown(what) => {
                set.lost("dynamic-filter", what.clone());
                (None, Numbers::new())
            }
        }
    }

    fn lookup(
        &mut self,
        set: &mut Set,
        path: &str,
        place: HostSpan,
        value: &Value,
        reuse: &mut Numbers,
        around: Around,
    ) -> (Option<Clause>, Numbers) {
        let parts: Vec<&str> = path.split("__").collect();
        if let Some(known) = set.annotation(parts[0]).cloned() {
            let clause = match (known.year_of, known.term) {
                (Some(moment), Some(_)) => {
                    let rest: Vec<&str> = std::iter::once("year").chain(parts[1..].iter().copied()).collect();
                    self.of_term(set, moment, &rest, value, place)
                }
                (_, Some(term)) if term.is_windowed() => None,
                (_, Some(term)) => self.of_term(set, term, &parts[1..], value, place),
                (_, None) => None,
            };
            if clause.is_none() {
                set.lost("dynamic-filter", format!("a lookup of `{}`", parts[0]));
            }
            return (clause, Numbers::new());
        }
        let read = match follow(self.models, set.model, &parts) {
            Ok(read) => read,
            Err(lost) => return (self.lost_field(set, &lost, place), Numbers::new()),
        };
        if around.is_below_not && read.steps.iter().any(|step| step.many) {
            let sql = self.apart(set, &read, value, place, reuse);
            let clause = sql.map(|(sql, is_any)| Clause { sql, is_aggregate: false, is_any });
            return (clause, Numbers::new());
        }
        let (table, mut used) = join_all(&mut set.tables, &read.steps, Some(reuse), place);
        reuse.extend(&used);
        let before = set.tables.len();
        let operand = self.operand(set, value, &read.target.kind, place);
        // What the other side joins is needed as much.
        used.extend(before..set.tables.len());
        let (mut needed, is_null) = (used, matches!(operand, Operand::Null));
        let lookup = read.rest.last().copied().unwrap_or("exact");
        let is_null_lookup = lookup == "isnull" || is_null;
        let asks_null = is_null || lookup == "isnull" && !matches!(operand, Operand::Bool(false));
        if asks_null && !around.is_negated || around.is_negated && !asks_null {
            needed = Numbers::new();
        }
        let column = self.writer(place).column(set.tables.alias(table), &read.target.column, place);
        let compared = Compared { sql: column.clone(), kind: read.target.kind.clone(), place };
        let Some(mut sql) = lookup::condition(self.backend(), compared, &read.rest, operand) else {
            set.lost("unknown-lookup", format!("`{path}`"));
            return (None, needed);
        };
        if around.is_negated && !is_null_lookup && (read.target.null || set.tables.is_outer(table)) {
            sql = sql.then(" AND ").and(column).then(" IS NOT NULL");
        }
        if let Some(other) = self.nullable_column(set, value).filter(|_| around.is_negated) {
            sql = sql.then(" AND ").and(other).then(" IS NOT NULL");
        }
        (Some(Clause { sql, is_aggregate: false, is_any: false }), needed)
    }

    fn of_term(&mut self, set: &mut Set, term: Term, rest: &[&str], value: &Value, place: HostSpan) -> Option<Clause> {
        let operand = self.operand(set, value, &term.kind, place);
        let compared = Compared { sql: term.sql, kind: term.kind, place };
        let sql = lookup::condition(self.backend(), compared, rest, operand)?;
        Some(Clause { sql, is_aggregate: term.is_aggregate, is_any: false })
    }

    /// A field that the model does not have: the column is named as it is, so that it is seen.
    fn lost_field(&mut self, set: &mut Set, lost: &Lost<'_>, place: HostSpan) -> Option<Clause> {
        let Lost::Field(steps, class, name) = lost else {
            set.lost("dynamic-filter", "a field of a model that is not known");
            return None;
        };
        let model = self.models.of_class(*class)?;
        if !self.is_sure(set, model, steps, name) {
            set.lost("unknown-column", format!("`{name}` of `{}`", model.name));
            return None;
        }
        let (table, _) = join_all(&mut set.tables, steps, None, place);
        let column = self.writer(place).column(set.tables.alias(table), &Ident::new(name), place);
        let sql = column.then(" = ").and(Sql::param(place));
        Some(Clause { sql, is_aggregate: false, is_any: false })
    }

    /// Whether a model that lacks a name settles that the query is wrong.
    fn is_sure(&self, set: &Set, model: &Model, steps: &[Step], name: &str) -> bool {
        let is_known = model.complete && set.unknown.is_empty() && !Models::is_external(model.class);
        is_known && !self.models.has_lookup(name) && !(steps.is_empty() && self.may_be_annotated(name))
    }

    /// The column that `F("…")` names, where it may be NULL.
    fn nullable_column(&mut self, set: &mut Set, value: &Value) -> Option<Sql> {
        let call = value.call().filter(|call| class_of_django(&call.callee) == Some("F"))?;
        let name = call.argument(0, "name")?.text()?;
        let parts: Vec<&str> = name.split("__").collect();
        if set.annotation(parts[0]).is_some() {
            return None;
        }
        follow(self.models, set.model, &parts).ok().filter(|read| read.target.null && read.rest.is_empty())?;
        Some(self.named(set, &name, value.place)?.sql)
    }

    /// The column that a path of names ends at, and how many of its parts are behind it.
    pub(super) fn column(
        &mut self,
        set: &mut Set,
        parts: &[&str],
        reuse: Option<&Numbers>,
        place: HostSpan,
    ) -> Option<(Term, usize)> {
        match follow(self.models, set.model, parts) {
            Ok(read) => {
                let (table, _) = join_all(&mut set.tables, &read.steps, reuse, place);
                let sql = self.writer(place).column(set.tables.alias(table), &read.target.column, place);
                Some((Term { sql, is_aggregate: false, kind: read.target.kind }, read.rest.len()))
            }
            Err(Lost::Field(steps, class, name)) => {
                let model = self.models.of_class(class)?;
                if !self.is_sure(set, model, &steps, name) {
                    set.lost("unknown-column", format!("`{name}` of `{}`", model.name));
                    return None;
                }
                let (table, _) = join_all(&mut set.tables, &steps, reuse, place);
                let sql = self.writer(place).column(set.tables.alias(table), &Ident::new(name), place);
                Some((Term { sql, is_aggregate: false, kind: super::super::models::FieldKind::Unknown }, 0))
            }
            Err(Lost::Somewhere) => None,
        }
    }

    /// Says what spells names in the dialect.
    pub(super) fn writer(&self, place: HostSpan) -> Writer {
        Writer { dialect: self.cx.dialect, place }
    }
}

/// Puts a condition where it belongs: what is asked of groups stands in HAVING.
///
/// `unknown` is how much could not be told before it: a condition that could not be is a hole.
fn place(set: &mut Set, clause: Option<Clause>, unknown: usize) {
    let Some(Clause { sql, is_aggregate, is_any }) = clause else {
        if set.unknown.len() > unknown {
            set.conditions.push(Sql::param(set.tables.base().place));
        }
        return;
    };
    let sql = if is_any { parenthesised(sql) } else { sql };
    match is_aggregate {
        true => set.having.push(sql),
        false => set.conditions.push(sql),
    }
}

fn joined(clauses: Vec<Clause>, group: &Group) -> Clause {
    let is_aggregate = clauses.iter().any(|clause| clause.is_aggregate);
    let several = clauses.len() > 1;
    let mut items = Vec::new();
    for clause in clauses {
        items.push(if clause.is_any && several { parenthesised(clause.sql) } else { clause.sql });
    }
    let (word, is_any) = if group.is_any { (" OR ", several) } else { (" AND ", false) };
    // A conjunction below an OR needs none, and gets one as Django writes it.
    let Some(first) = items.first().and_then(Sql::place) else {
        return Clause { sql: Sql::default(), is_aggregate, is_any: false };
    };
    let sql = Sql::join(items, word, first);
    match group.is_negated {
        true => Clause { sql: sql.within("NOT (", ")", first), is_aggregate, is_any: false },
        false => Clause { sql, is_aggregate, is_any },
    }
}

fn parenthesised(sql: Sql) -> Sql {
    match sql.place() {
        Some(place) => sql.within("(", ")", place),
        None => sql,
    }
}

/// Joins the relations of a path; gives the last table and all of them.
pub(super) fn join_all(
    tables: &mut Tables,
    steps: &[Step],
    reuse: Option<&Numbers>,
    place: HostSpan,
) -> (usize, Numbers) {
    let (mut at, mut used) = (0, Numbers::new());
    for step in steps {
        at = tables.join(at, step, reuse, place);
        used.insert(at);
    }
    (at, used)
}
