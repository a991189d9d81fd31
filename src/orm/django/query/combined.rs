//! Querysets that are put together: `union`, `intersection` and `difference`.
//!
//! A part keeps its own order and slice, where the database takes them there; the order of the whole names columns of
//! its first part.

use super::Reader;
use super::order::Key;
use super::set::{Columns, OrderItem, Set, Shown, Unknown};
use crate::dialect::Dialect;
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::source::HostSpan;

impl Reader<'_, '_, '_> {
    /// SELECT of querysets that are put together; says also what came out as unknown on the way.
    pub(super) fn combined(&mut self, mut set: Set, place: HostSpan) -> (Sql, Vec<Unknown>) {
        let order = self.order_of_whole(&mut set);
        let mut unknown = std::mem::take(&mut set.unknown);
        let mut sql = Sql::default();
        for (word, mut part) in std::mem::take(&mut set.combined) {
            // What is selected of the whole is selected of each part that does not say it itself.
            if let (Columns::Values(_), Columns::All) = (&set.columns, &part.columns) {
                part.columns = self.same_columns(&set, &part);
            }
            let part = self.part(part, place, &mut unknown);
            sql = if word.is_empty() { part } else { sql.then(word).and(part) };
        }
        let order: Vec<Sql> = order.iter().map(|key| key.written(self.cx.dialect)).collect();
        for (word, items) in [
            (" ORDER BY ", order),
            (" LIMIT ", set.slice.1.into_iter().collect()),
            (" OFFSET ", set.slice.0.into_iter().collect()),
        ] {
            if !items.is_empty() {
                sql = sql.then(word).and(Sql::join(items, ", ", place));
            }
        }
        (sql, unknown)
    }

    fn part(&mut self, mut set: Set, place: HostSpan, unknown: &mut Vec<Unknown>) -> Sql {
        let is_sqlite = self.cx.dialect == Dialect::Sqlite;
        if is_sqlite && !set.is_sliced() {
            // Django refuses an order here.
            set.order.said = Some(Vec::new());
        }
        let (is_whole, is_cut) = (!set.combined.is_empty(), set.is_sliced() || self.is_ordered(&set));
        let (sql, more) = self.select_sql(set, place);
        unknown.extend(more);
        match (is_whole || is_cut, is_sqlite) {
            (false, _) => sql,
            (true, true) => sql.within("SELECT * FROM (", ")", place),
            (true, false) => sql.within("(", ")", place),
        }
    }

    /// The columns that a part selects because the whole does: its own of the same names, or its primary key.
    fn same_columns(&self, whole: &Set, part: &Set) -> Columns {
        match &whole.columns {
            columns if part.model == whole.model => columns.clone(),
            Columns::Values(columns) if columns.len() == 1 => {
                Columns::Values(self.key(part).map(Shown::plain).into_iter().collect())
            }
            _ => part.columns.clone(),
        }
    }

    /// The keys that the whole is sorted by: columns of the first part, by their names or their numbers.
    fn order_of_whole(&mut self, set: &mut Set) -> Vec<Key> {
        let mut keys = Vec::new();
        let (items, is_reversed) = (set.order.said.clone().unwrap_or_default(), set.order.is_reversed);
        for item in items {
            let OrderItem::Path(path, place) = item else {
                set.lost("dynamic-order", "an expression that a whole of several queries is sorted by");
                continue;
            };
            let (path, is_down) = path.strip_prefix('-').map_or((&*path, false), |path| (path, true));
            match self.column_of_whole(set, path, place) {
                Some(sql) => keys.push(Key::towards(sql, is_down != is_reversed)),
                None => set.lost("dynamic-order", format!("`{path}`")),
            }
        }
        keys
    }

    fn column_of_whole(&mut self, set: &mut Set, path: &str, place: HostSpan) -> Option<Sql> {
        let quote = |name: &str| self.cx.dialect.quote(&Ident::new(name)).into_owned();
        if set.annotation(path).is_some() {
            return Some(Sql::text(quote(path), place));
        }
        if let Columns::Values(columns) = &set.columns {
            let columns: Vec<String> = columns.iter().map(|shown| shown.sql.shown()).collect();
            let wanted = self.named(set, path, place)?.sql.shown();
            let number = columns.iter().position(|column| *column == wanted)? + 1;
            return Some(Sql::text(number.to_string(), place));
        }
        let stored = self.models.of_class(set.model)?;
        Some(Sql::text(quote(stored.field(path)?.column.as_str()), place))
    }
}
