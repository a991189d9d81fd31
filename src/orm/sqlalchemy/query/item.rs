//! Parts of values: items of arrays, and paths into JSON documents.

use std::rc::Rc;

use super::lower::Lower;
use crate::host::value::{Kind, Value};
use crate::name::Ident;
use crate::orm::sql::Sql;
use crate::orm::sqlalchemy::types::quoted;
use crate::source::HostSpan;

impl Lower<'_, '_, '_> {
    /// `data["key"]`, and columns of a subquery by their name.
    pub(super) fn index(&mut self, of: &Value, at: &Value, place: HostSpan) -> Option<Sql> {
        let of = self.pick(of);
        if let Kind::Attribute { of: owner, name, .. } = &of.kind
            && matches!(&**name, "c" | "columns")
        {
            let entity = self.entity(owner)?;
            let column = at.text()?;
            self.uses(&entity.source);
            return Some(self.writer().column(&entity.source.alias, &Ident::new(column), place));
        }
        let own = self.expr(&of)?;
        if self.mapped(&of).is_some_and(|mapped| mapped.type_name.ends_with("[]")) {
            return Some(own.then("[").and(self.constant(at)).then("]"));
        }
        Some(self.step(own, at, ["->", "#>"], place))
    }

    /// `data["key"].astext`: the text that stands there.
    pub(super) fn item_as_text(&mut self, value: &Value) -> Option<Sql> {
        let value = self.pick(value);
        let Kind::Index { of, at } = &value.kind else { return None };
        let own = self.expr(of)?;
        Some(self.step(own, at, ["->>", "#>>"], value.place))
    }

    /// One step into a document, or several at once.
    fn step(&self, own: Sql, at: &Value, [one, several]: [&str; 2], place: HostSpan) -> Sql {
        let path = at.items().and_then(|items| {
            let step = |item: &&Value| item.text().or_else(|| item.integer().map(|number| number.to_string()));
            items.iter().map(step).collect::<Option<Vec<String>>>()
        });
        let (operator, key) = match (path, &at.kind) {
            (Some(path), _) => (several, Sql::text(quoted(&format!("{{{}}}", path.join(","))), at.place)),
            (None, Kind::List(_)) => (several, Sql::param(at.place)),
            (None, _) => (one, self.constant(at)),
        };
        Sql::join([own, key], &format!(" {operator} "), place).within("(", ")", place)
    }

    /// Whether a value is a part of a document, which is a document itself.
    pub(super) fn is_document(&mut self, value: &Value) -> bool {
        let value = self.pick(value);
        let Kind::Index { of, .. } = &value.kind else { return false };
        let mut column = Rc::clone(of);
        while let Kind::Index { of, .. } = &column.kind {
            column = Rc::clone(of);
        }
        self.mapped(&column).is_some_and(|mapped| mapped.type_name.to_ascii_uppercase().starts_with("JSON"))
    }
}
