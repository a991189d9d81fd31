//! References to a row of any table: a number beside the kind of what it numbers (`object_id`, `content_type_id`).
//!
//! No foreign key says where they lead, so that fan-out along foreign keys sees the kinds alone, which are few.

use crate::catalog::{Catalog, Table, TypeClass};
use crate::name::{Ident, QName};

use super::words::Words;

/// The columns of such a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polymorphic<'a> {
    /// The column that numbers the row.
    pub id: &'a Ident,
    /// The column that says what kind of thing it is, and so its table.
    pub kind: &'a Ident,
}

/// Finds a table's first reference to a row of any table.
pub fn polymorphic<'a>(catalog: &Catalog, table: &'a Table) -> Option<Polymorphic<'a>> {
    let refers = |id: &Ident| table.foreign_keys.iter().any(|key| key.columns.contains(id));
    table.columns.iter().find_map(|column| {
        let words = Words::of(&column.name);
        let names = words.tables()?;
        let leads =
            refers(&column.name) || names.iter().any(|name| catalog.table(&QName::plain(name.as_str())).is_some());
        if leads || !matches!(column.ty.class, TypeClass::Integer | TypeClass::Uuid | TypeClass::Text) {
            return None;
        }
        let one = words.head()?;
        let generic = (one == "object").then_some("content_type");
        let kinds = [Some(format!("{one}_type")), generic.map(str::to_owned)];
        let is_kind = |other: &Ident| {
            let other = Words::of(other);
            let whole = other.joined();
            kinds.iter().flatten().any(|kind| whole == *kind || whole == format!("{kind}_id"))
        };
        let kind = table.columns.iter().map(|other| &other.name).find(|other| is_kind(other))?;
        Some(Polymorphic { id: &column.name, kind })
    })
}
