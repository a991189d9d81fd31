//! What visitors may filter a list by: fields that a view names, and the classes of filters that it refers to.

use super::Reader;
use crate::host::code::Bound;
use crate::host::value::{Call, ClassId, Kind, Value};
use crate::ir::Name;
use crate::source::HostSpan;

/// A lookup that a visitor may ask for, and where it is said.
pub(super) type Asked = (String, HostSpan);

impl Reader<'_, '_, '_> {
    /// The filters of a view: `filterset_fields`, and those of its `filterset_class`.
    pub(super) fn filters_of_view(&mut self, class: ClassId) -> Vec<Asked> {
        let mut asked = Vec::new();
        for name in ["filterset_fields", "filter_fields"] {
            if let Some(fields) = self.said(class, name) {
                self.fields(&fields, &mut asked);
            }
        }
        for name in ["filterset_class", "filter_class", "filterset"] {
            if let Some(Kind::Class(filters)) = self.said(class, name).map(|value| value.kind.clone()) {
                self.filters_of_set(filters, &mut asked);
            }
        }
        asked
    }

    /// The filters of a `FilterSet`: those that it declares, and those that its `Meta` makes of fields.
    fn filters_of_set(&mut self, class: ClassId, asked: &mut Vec<Asked>) {
        let code = self.cx.evaluator.code;
        let mut seen: Vec<Name> = Vec::new();
        for owner in self.cx.evaluator.lineage(class) {
            let mut of_one = Vec::new();
            for (name, bounds) in code.class(owner).scope.names() {
                if let Some(Bound::Value { place, .. }) = bounds.last() {
                    of_one.push((Name::from(name), *place));
                }
            }
            for (name, place) in of_one {
                if seen.contains(&name) {
                    continue;
                }
                let value = self.cx.evaluator.class_value(owner, &name);
                asked.extend(value.and_then(|value| self.filter_of(&name, value.call()?, place)));
                seen.push(name);
            }
            let meta = code.class(owner).scope.get("Meta").iter().rev().find_map(|bound| match bound {
                Bound::Class(meta) => Some(*meta),
                _ => None,
            });
            if let Some((_, fields)) = meta.and_then(|meta| self.cx.evaluator.inherited(meta, &Name::from("fields"))) {
                let mut of_meta = Vec::new();
                self.fields(&fields, &mut of_meta);
                let is_new = |path: &str| !seen.iter().any(|name| path.split("__").next() == Some(name));
                of_meta.retain(|(path, _)| is_new(path));
                asked.append(&mut of_meta);
            }
        }
    }

    /// `NumberFilter(field_name="price", lookup_expr="gte")`; nothing for one that does what only the code says.
    fn filter_of(&mut self, name: &str, call: &Call, place: HostSpan) -> Option<Asked> {
        let class = self.filter_class(&call.callee)?;
        if ["method", "action", "exclude"].into_iter().any(|word| call.named(word).is_some()) {
            return None;
        }
        let said = |word: &str, old: &str| call.named(word).or_else(|| call.named(old)).map(|value| value.text());
        let (field, place) = match said("field_name", "name") {
            Some(field) => (field?, call.named("field_name").map_or(place, |value| value.place)),
            None => (name.to_owned(), place),
        };
        let own = match &*class {
            "RangeFilter" | "DateFromToRangeFilter" | "DateTimeFromToRangeFilter" | "NumericRangeFilter" => "range",
            "MultipleChoiceFilter" | "ModelMultipleChoiceFilter" | "TypedMultipleChoiceFilter" => "in",
            "OrderingFilter" | "LookupChoiceFilter" => return None,
            _ => "exact",
        };
        let lookup = match said("lookup_expr", "lookup_type") {
            Some(lookup) => lookup?,
            None => own.to_owned(),
        };
        Some((with_lookup(&field, &lookup), place))
    }

    /// The class of django-filter that a filter is of; nothing for one that filters in its own way.
    fn filter_class(&mut self, callee: &Value) -> Option<String> {
        let of_path = |path: &str| path.rsplit('.').next().filter(|name| name.ends_with("Filter")).map(str::to_owned);
        match &callee.kind {
            Kind::External(path) => of_path(path),
            Kind::Class(class) => {
                let lineage = self.cx.evaluator.lineage(*class);
                let filters = |class: &ClassId| !self.cx.evaluator.code.class(*class).scope.get("filter").is_empty();
                if lineage.iter().any(filters) {
                    return None;
                }
                let mut bases = lineage.into_iter().flat_map(|class| self.cx.evaluator.bases(class));
                bases.find_map(|base| of_path(base.external()?))
            }
            _ => None,
        }
    }

    /// `["status"]`, or `{"price": ["gte", "lte"]}`: the first lookup of each field.
    fn fields(&mut self, value: &Value, asked: &mut Vec<Asked>) {
        let Kind::Dict(pairs) = &value.kind else {
            asked.extend(self.names_of(value).into_iter().filter(|(name, _)| name != "__all__"));
            return;
        };
        for (key, lookups) in pairs {
            let Some((field, place)) = key.as_ref().and_then(|key| Some((key.text()?, key.place))) else { continue };
            let first = self.names_of(lookups).into_iter().next();
            asked.extend(first.map(|(lookup, _)| (with_lookup(&field, &lookup), place)));
        }
    }
}

fn with_lookup(field: &str, lookup: &str) -> String {
    if lookup == "exact" { field.to_owned() } else { format!("{field}__{lookup}") }
}
