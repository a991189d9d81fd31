//! What a model takes over from those it is made from: fields, managers and `Meta`.

use std::collections::HashMap;

use super::declared::Declared;
use super::meta::MetaSaid;
use super::{Manager, ManagerClass};
use crate::host::value::ClassId;
use crate::ir::Name;
use crate::orm::django::fields::Spec;

/// How deep bases are followed.
const MAX_DEPTH: u8 = 30;

/// The declared models, by class.
pub(super) struct Family<'d>(pub &'d HashMap<ClassId, Declared>);

/// What a model has after its bases.
#[derive(Default)]
pub(super) struct Inherited {
    /// Fields, those of bases first.
    pub fields: Vec<(Name, Spec)>,
    /// The models with tables of their own that it extends.
    pub parents: Vec<ClassId>,
    /// Its managers, its own first.
    pub managers: Vec<Manager>,
    /// Whether all of it could be read.
    pub complete: bool,
}

impl Family<'_> {
    pub(super) fn get(&self, class: ClassId) -> Option<&Declared> {
        self.0.get(&class)
    }

    /// Says whether a class has a table, or shares one.
    fn is_concrete(&self, class: ClassId) -> bool {
        self.get(class).is_some_and(|declared| !declared.is_abstract())
    }

    fn is_proxy(&self, class: ClassId) -> bool {
        self.get(class).and_then(|declared| declared.meta.as_ref()).is_some_and(|meta| meta.is_proxy)
    }

    /// The model whose table a model uses: itself, but for a proxy.
    pub(super) fn concrete(&self, class: ClassId) -> ClassId {
        let mut class = class;
        for _ in 0..MAX_DEPTH {
            if !self.is_proxy(class) {
                break;
            }
            let parents = self.inherited(class).parents;
            match parents.first() {
                Some(parent) if *parent != class => class = *parent,
                _ => break,
            }
        }
        class
    }

    /// The fields, parents and managers of a model.
    pub(super) fn inherited(&self, class: ClassId) -> Inherited {
        let mut inherited = self.below(class, 0);
        if inherited.managers.is_empty() && self.is_concrete(class) {
            let made_from = ManagerClass::External(Name::from("django.db.models.Manager"));
            inherited.managers.push(Manager { name: Name::from("objects"), made_from });
        }
        inherited
    }

    fn below(&self, class: ClassId, depth: u8) -> Inherited {
        let Some(declared) = self.get(class).filter(|_| depth < MAX_DEPTH) else { return Inherited::default() };
        let mut all = Inherited { complete: declared.complete, ..Inherited::default() };
        let mut hidden: Vec<&Name> = declared.own.iter().map(|(name, _)| name).collect();
        all.managers.clone_from(&declared.managers);
        let mut fields: Vec<(Name, Spec)> = Vec::new();
        for base in &declared.bases {
            let from = self.below(*base, depth + 1);
            all.complete &= from.complete;
            if self.is_concrete(*base) {
                let parent = if self.is_proxy(*base) { from.parents.first().copied() } else { Some(*base) };
                all.parents.extend(parent.filter(|parent| !all.parents.contains(parent)));
            } else {
                let is_new =
                    |(name, _): &(Name, Spec)| !hidden.contains(&name) && fields.iter().all(|(known, _)| known != name);
                let new: Vec<_> = from.fields.into_iter().filter(is_new).collect();
                fields.extend(new);
                let more = from.parents.into_iter().filter(|parent| !all.parents.contains(parent)).collect::<Vec<_>>();
                all.parents.extend(more);
            }
            for manager in from.managers {
                let is_known = all.managers.iter().any(|known| known.name == manager.name);
                if !is_known && !hidden.contains(&&manager.name) {
                    all.managers.push(manager);
                }
            }
        }
        hidden.clear();
        fields.extend(declared.own.iter().filter_map(|(name, spec)| Some((name.clone(), spec.clone()?))));
        all.fields = fields;
        all
    }

    /// What `Meta` says of a model: its own, or that of the nearest abstract base that has one.
    pub(super) fn meta(&self, class: ClassId) -> MetaSaid {
        let found = self.nearest_meta(class, 0);
        let mut meta = found.unwrap_or_default();
        meta.is_abstract = false;
        if !meta.says_ordering
            && let Some(parent) = self.inherited(class).parents.first().filter(|parent| **parent != class)
        {
            let of_parent = self.nearest_meta(*parent, 0).unwrap_or_default();
            meta.ordering = of_parent.ordering;
        }
        meta
    }

    fn nearest_meta(&self, class: ClassId, depth: u8) -> Option<MetaSaid> {
        let declared = self.get(class).filter(|_| depth < MAX_DEPTH)?;
        if declared.meta.is_some() && (depth == 0 || declared.is_abstract()) {
            return declared.meta.clone();
        }
        let found = self.abstract_meta(declared, depth)?;
        // A proxy is one by its own word alone.
        Some(MetaSaid { is_proxy: false, ..found })
    }

    /// The `Meta` of the nearest abstract model, which Python finds beyond those with tables too.
    fn abstract_meta(&self, declared: &Declared, depth: u8) -> Option<MetaSaid> {
        declared.bases.iter().find_map(|base| self.nearest_meta(*base, depth + 1))
    }
}
