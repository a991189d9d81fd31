//! Which class of the host code declares which table, for advice in the framework's own words.

use std::collections::BTreeSet;

use super::Linked;
use super::django::models::Models as DjangoModels;
use crate::advice::host::{Framework, HostColumn, HostTable, OwnIndex};
use crate::name::QName;

impl Linked<'_> {
    /// The tables that classes declare, in the order of their files; several classes may share one.
    pub fn tables(&self) -> Vec<HostTable> {
        self.mapped().chain(self.of_django()).collect()
    }

    /// The tables that a framework or a package of it makes, so that no class here can say what indexes they have.
    pub fn generated(&self) -> BTreeSet<QName> {
        self.django.generated().map(|model| model.table.clone()).collect()
    }

    fn mapped(&self) -> impl Iterator<Item = HostTable> {
        self.sqlalchemy.iter().map(|model| {
            let column = |mapped: &super::sqlalchemy::models::Mapped| HostColumn {
                column: mapped.column.clone(),
                attribute: mapped.attribute.to_string(),
                place: mapped.place,
                own_index: OwnIndex::Untold,
            };
            HostTable {
                table: model.table.clone(),
                framework: Framework::Sqlalchemy,
                class: model.class.map(|class| self.code.class(class).class.name.to_string()),
                place: model.place,
                columns: model.columns.iter().map(column).collect(),
            }
        })
    }

    fn of_django(&self) -> impl Iterator<Item = HostTable> {
        let is_own = |model: &&super::django::models::Model| {
            !DjangoModels::is_external(model.class) && model.proxy_of.is_none() && !model.meta.is_unmanaged
        };
        self.django.iter().filter(is_own).map(|model| {
            let columns = model.fields.iter().map(|field| HostColumn {
                column: field.column.clone(),
                attribute: field.name.to_string(),
                place: field.place,
                own_index: match (field.index, &field.relation) {
                    (false, _) => OwnIndex::None,
                    (true, None) => OwnIndex::Asked,
                    (true, Some(_)) => OwnIndex::Implied,
                },
            });
            HostTable {
                table: model.table.clone(),
                framework: Framework::Django,
                class: Some(model.name.to_string()),
                place: model.place,
                columns: columns.collect(),
            }
        })
    }
}
