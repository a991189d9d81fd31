//! `Window(…)`: a function over the rows beside a row.

use super::Reader;
use super::expression::{Term, class_of_django};
use super::order::Key;
use super::set::Set;
use crate::host::value::{Call, Kind, Value};
use crate::orm::sql::Sql;
use crate::source::HostSpan;

impl Reader<'_, '_, '_> {
    /// `Window(RowNumber(), partition_by=[…], order_by=…)`; nothing for one over a part of the rows that is said.
    pub(super) fn window(&mut self, set: &mut Set, call: &Call, place: HostSpan) -> Option<Term> {
        if call.argument(3, "frame").is_some_and(|frame| !frame.is_null()) {
            return None;
        }
        let of = self.windowed(set, call.argument(0, "expression")?)?;
        let mut over = Sql::default();
        if let Some(parts) = call.argument(1, "partition_by").filter(|parts| !parts.is_null()) {
            let mut terms = Vec::new();
            for part in items(parts) {
                terms.push(self.argument(set, part)?.sql);
            }
            over = Sql::join(terms, ", ", place).within("PARTITION BY ", "", place);
        }
        if let Some(order) = call.argument(2, "order_by").filter(|order| !order.is_null()) {
            let keys = self.keys_of(set, order)?;
            let between = if over.place().is_some() { " " } else { "" };
            let keys = Sql::join(keys.iter().map(|key| key.written(self.cx.dialect)), ", ", place);
            over = over.and(keys.within(&format!("{between}ORDER BY "), "", place));
        }
        Some(Term { sql: of.sql.and(over.within(" OVER (", ")", place)), is_aggregate: false, kind: of.kind })
    }

    /// The function itself: one that is of windows alone, or an aggregate.
    fn windowed(&mut self, set: &mut Set, value: &Value) -> Option<Term> {
        let call = value.call()?;
        let name = match class_of_django(&call.callee)? {
            "RowNumber" => "ROW_NUMBER",
            "Rank" => "RANK",
            "DenseRank" => "DENSE_RANK",
            "PercentRank" => "PERCENT_RANK",
            "CumeDist" => "CUME_DIST",
            "Ntile" => "NTILE",
            "Lag" => "LAG",
            "Lead" => "LEAD",
            "FirstValue" => "FIRST_VALUE",
            "LastValue" => "LAST_VALUE",
            "NthValue" => "NTH_VALUE",
            _ => return self.expression(set, value),
        };
        if call.named.iter().any(|(name, _)| name.as_deref() != Some("expression")) {
            return None;
        }
        let mut kind = super::super::models::FieldKind::Unknown;
        let mut terms = Vec::new();
        for value in call.positional.iter().chain(call.named("expression")) {
            let term = self.argument(set, value)?;
            if terms.is_empty() {
                kind = term.kind;
            }
            terms.push(term.sql);
        }
        let place = value.place;
        let sql = match terms.is_empty() {
            true => Sql::text(format!("{name}()"), place),
            false => Sql::join(terms, ", ", place).within(&format!("{name}("), ")", place),
        };
        Some(Term { sql, is_aggregate: false, kind })
    }

    /// The keys of an order that does not sort the whole; nothing where one is not known.
    fn keys_of(&mut self, set: &mut Set, order: &Value) -> Option<Vec<Key>> {
        let known = set.unknown.len();
        let said = set.order.clone();
        let mut own = Vec::new();
        for item in items(order) {
            self.order_item(set, item, &mut own);
        }
        set.order = super::set::Order { said: Some(own), is_reversed: false };
        let keys = self.order(set);
        set.order = said;
        let is_known = set.unknown.len() == known && !keys.is_empty();
        set.unknown.truncate(known);
        is_known.then_some(keys)
    }
}

fn items(value: &Value) -> Vec<&Value> {
    match &value.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![value],
    }
}
