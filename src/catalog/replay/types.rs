//! Enums and domains: created, changed, and looked up by the columns that are of them.

use super::{Replay, Under};
use crate::advice::quote_qualified;
use crate::catalog::{ColumnType, TypeClass, UserType, find};
use crate::name::{Ident, QName};

impl Replay {
    pub(super) fn create_type(&mut self, name: &QName, ty: &UserType, under: Under) {
        let name = self.home(name);
        if self.catalog.types.contains_key(&name) {
            self.missing("duplicate-type", format!("there is a type `{name}` already"), under);
            return;
        }
        self.catalog.types.insert(name, ty.clone());
    }

    pub(super) fn add_enum_value(&mut self, name: &QName, value: &str, under: Under) {
        if let Some(labels) = self.labels(name, under)
            && !labels.iter().any(|known| known == value)
        {
            labels.push(value.to_owned());
        }
    }

    pub(super) fn rename_enum_value(&mut self, name: &QName, from: &str, to: &str, under: Under) {
        if let Some(labels) = self.labels(name, under) {
            labels.iter_mut().filter(|label| *label == from).for_each(|label| *label = to.to_owned());
        }
    }

    pub(super) fn rename_type(&mut self, from: &QName, to: &QName, under: Under) {
        let Some(key) = self.known_type(from, under) else { return };
        let ty = self.catalog.types.remove(&key).expect("a key comes from the catalogue");
        let to = match (&from.schema, &to.schema) {
            (None, None) => QName { schema: key.schema.clone(), name: to.name.clone() },
            _ => to.clone(),
        };
        let spelled = quote_qualified(self.dialect(), &to);
        for column in self.catalog.tables.values_mut().flat_map(|table| &mut table.columns) {
            let declared = &mut column.ty.declared;
            let (base, array) = declared.strip_suffix("[]").map_or((declared.as_str(), ""), |base| (base, "[]"));
            if type_name(base) == key {
                *declared = format!("{spelled}{array}");
            }
        }
        self.catalog.types.insert(to, ty);
    }

    pub(super) fn drop_type(&mut self, name: &QName, under: Under) {
        if let Some(key) = self.known_type(name, under) {
            self.catalog.types.remove(&key);
        }
    }

    fn labels(&mut self, name: &QName, under: Under) -> Option<&mut Vec<String>> {
        let key = self.known_type(name, under)?;
        match self.catalog.types.get_mut(&key) {
            Some(UserType::Enum(labels)) => Some(labels),
            _ => None,
        }
    }

    fn known_type(&mut self, name: &QName, under: Under) -> Option<QName> {
        let homed = self.home(name);
        let key = [&homed, name].into_iter().find(|key| self.catalog.types.contains_key(key)).cloned();
        if key.is_none() {
            self.missing("unknown-type", format!("there is no type `{name}` here"), under);
        }
        key
    }

    /// Gives every column of an enum or domain the class of that type, as the types stand at the end.
    pub(super) fn resolve_types(&mut self) {
        let types = &self.catalog.types;
        for column in self.catalog.tables.values_mut().flat_map(|table| &mut table.columns) {
            if column.ty.class != TypeClass::Other {
                continue;
            }
            let mut seen = 0;
            let mut declared = column.ty.declared.clone();
            // A domain may stand over another domain; more than a few are a cycle.
            while let Some(ty) = find(types, &type_name(&declared)).filter(|_| seen < 8) {
                seen += 1;
                match ty {
                    UserType::Enum(labels) => {
                        column.ty = ColumnType { class: TypeClass::Enum, members: labels.clone(), ..column.ty.clone() };
                        break;
                    }
                    UserType::Domain { base, not_null } => {
                        column.not_null |= not_null;
                        column.ty.class = base.class;
                        declared.clone_from(&base.declared);
                    }
                }
            }
        }
    }
}

/// The name of a type as a column declares it: quotes dropped, default schema dropped.
fn type_name(declared: &str) -> QName {
    let unquoted = |part: &str| Ident::new(part.trim_matches('"'));
    match declared.split_once('.') {
        Some((schema, name)) => QName::qualified(unquoted(schema), unquoted(name)),
        None => QName::plain(unquoted(declared)),
    }
}
