//! What must not hold for any of several rows: a subquery of its own (`exclude(books__title="x")`).
//!
//! Django looks from the row to those that it has, and where it asks for what is missing, from the row itself.

use super::Reader;
use super::filter::join_all;
use super::lookup::{self, Compared};
use super::path::Path;
use super::set::Set;
use super::tables::{Numbers, Tables};
use crate::host::value::{Kind, Value};
use crate::orm::select::Select;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

impl Reader<'_, '_, '_> {
    /// Writes a condition below a NOT on what several rows have, and whether it is one of several ways.
    pub(super) fn apart(
        &mut self,
        set: &mut Set,
        read: &Path<'_>,
        value: &Value,
        place: HostSpan,
        reuse: &mut Numbers,
    ) -> Option<(Sql, bool)> {
        let Path { steps, target, rest, .. } = read;
        let first = steps.iter().position(|step| step.many)?;
        let asks_null = match rest.last() {
            Some(&"isnull") => !matches!(value.kind, Kind::Bool(false)),
            Some(&"exact") | None => value.is_null(),
            _ => false,
        };
        let outer = self.outer_column(set, read, first, place, reuse);
        let depth = self.outers.len() + 1;
        let (mut tables, rest_of_path) = match (asks_null, first.checked_sub(1)) {
            (true, Some(before)) => (Tables::new(&steps[before].table, depth, place), &steps[first..]),
            (true, None) => (Tables::new(&self.models.of_class(set.model)?.table, depth, place), &steps[first..]),
            (false, _) => (Tables::new(&steps[first].table, depth, place), &steps[first + 1..]),
        };
        let (last, all) = join_all(&mut tables, rest_of_path, None, place);
        if !asks_null {
            tables.demote(&all);
        }
        let operand = self.operand(set, value, &target.kind, place);
        let writer = self.writer(place);
        let sql = writer.column(tables.alias(last), &target.column, place);
        let compared = Compared { sql, kind: target.kind.clone(), place };
        let Some(condition) = lookup::condition(self.backend(), compared, rest, operand) else {
            set.lost("unknown-lookup", format!("`{}`", rest.join("__")));
            return None;
        };
        let own = if asks_null { &steps[first].from } else { &steps[first].own };
        let own = writer.column(tables.alias(0), own, place);
        let kind = steps[first].content_type.as_ref().filter(|_| !asks_null);
        let kind = kind.map(|kind| writer.column(tables.alias(0), kind, place).then(" = ").and(Sql::param(place)));
        let select = Select {
            columns: vec![Sql::text("1", place)],
            from: vec![tables.base()],
            joins: tables.joins(self.cx.dialect),
            conditions: std::iter::once(condition).chain(kind).chain([own.then(" = ").and(outer.clone())]).collect(),
            limit: Some(Sql::text("1", place)),
            ..Select::default()
        };
        let sql = writer.select(&select).within("EXISTS (", ")", place);
        let may_lead_nowhere = asks_null && steps[..first].iter().any(|step| step.nullable);
        Some(match may_lead_nowhere {
            true => (sql.then(" OR ").and(outer).then(" IS NULL"), true),
            false => (sql, false),
        })
    }

    /// The column of the query around that the subquery's rows belong to; a key that refers to it needs no join.
    fn outer_column(
        &mut self,
        set: &mut Set,
        read: &Path<'_>,
        first: usize,
        place: HostSpan,
        reuse: &mut Numbers,
    ) -> Sql {
        let steps = &read.steps;
        let known = first.checked_sub(1).filter(|before| steps[*before].own == steps[first].from);
        let (until, column) = match known {
            Some(before) => (before, &steps[before].from),
            None => (first, &steps[first].from),
        };
        let (table, used) = join_all(&mut set.tables, &steps[..until], Some(reuse), place);
        reuse.extend(&used);
        self.writer(place).column(set.tables.alias(table), column, place)
    }
}
